"""Odd files: no line of any is lost, and each becomes what it must.

A thousand of them: `python -m pipeline_perf_tests.odd_files`.
"""

from pathlib import Path

import pytest

from pipeline_perf.ingest.bookkeeping import FileReport
from pipeline_perf.ingest.pipeline import Options, ingest_file
from pipeline_perf.lake.delta import Lake
from pipeline_perf.synth.oddities import BASES, ODDITIES, odd_file
from pipeline_perf_tests.odd_files import outcome, physical_lines

SEEDS = range(88)
GOLDEN = Path(__file__).parent / "ingest" / "golden"


@pytest.mark.parametrize("first", SEEDS[::11])
def test_every_line_of_an_odd_file_has_the_fate_that_it_must_have(
    first: int, tmp_path: Path
) -> None:
    for seed in range(first, first + 11):
        (tmp_path / str(seed)).mkdir()
        odd = odd_file(seed, tmp_path)
        assert physical_lines(odd) == len(odd.fates)
        found = outcome(odd, tmp_path / str(seed))
        assert not found.faults, (seed, odd.kinds)


def test_the_seeds_of_this_test_show_every_oddity_and_the_same_seed_gives_the_same_bytes(
    tmp_path: Path,
) -> None:
    files = [odd_file(seed, tmp_path) for seed in SEEDS]
    assert {kind for odd in files for kind in odd.kinds} >= {oddity.kind for oddity in ODDITIES}
    assert len({odd.name.split("_")[0] for odd in files}) >= len(
        {carrier for carrier, _, _ in BASES}
    )
    assert odd_file(7, tmp_path) == files[7]


#: A switch's records, which have no header line.
CALL = (
    '"","2025550110","200","default","x","SIP/1","SIP/2","Dial","SIP/201",'
    '"2012-05-01 10:{:02}:00","","2012-05-01 10:59:00",{},0,"BUSY","D","17.{}",""\n'
)
CALLS = [CALL.format(i, i, i) for i in range(40)]


def read(text: str, tmp_path: Path) -> FileReport:
    (tmp_path / "calls.csv").write_text(text)
    report = ingest_file(tmp_path / "calls.csv", Lake(tmp_path / "lake"), Options(zone="UTC"))
    assert report.status == "ingested", report.reason
    assert report.lines == report.records + report.furniture
    return report


def test_a_quote_that_is_never_closed_does_not_swallow_records_up_to_the_next(
    tmp_path: Path,
) -> None:
    broken = {i: CALLS[i].replace('""\n', '"\n') for i in (3, 20)}
    report = read("".join(broken.get(i, call) for i, call in enumerate(CALLS)), tmp_path)
    assert (report.events, report.rules) == (38, {"unclosed_quote": 2})


def test_a_huge_field_above_all_others_does_not_hide_what_records_look_like(tmp_path: Path) -> None:
    report = read("".join([CALLS[0].replace('"x"', f'"{"x" * 300_000}"'), *CALLS[1:]]), tmp_path)
    assert report.events == 40


def test_what_old_programs_put_behind_the_last_record_is_nothing(tmp_path: Path) -> None:
    report = read("".join(CALLS[:2]) + "\x1a\n\0\0\0\0\n", tmp_path)
    assert (report.events, report.furniture) == (2, 2)


def test_the_types_below_a_repeated_header_are_no_record(tmp_path: Path) -> None:
    """Two files of one switch, one behind the other."""
    twice = (GOLDEN / "cisco_cucm.csv").read_text() * 2
    report = read(twice, tmp_path)
    assert (report.quarantined, report.furniture) == (0, 4)
