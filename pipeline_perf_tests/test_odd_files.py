"""Odd files: no line of any is lost, and each becomes what it must. A thousand of them: `python -m pipeline_perf_tests.odd_files`."""

from pathlib import Path

import pytest

from pipeline_perf.synth.oddities import BASES, ODDITIES, odd_file
from pipeline_perf_tests.odd_files import outcome, physical_lines

SEEDS = range(64)


@pytest.mark.parametrize("first", SEEDS[::8])
def test_every_line_of_an_odd_file_has_the_fate_that_it_must_have(first: int, tmp_path: Path) -> None:
    for seed in range(first, first + 8):
        (tmp_path / str(seed)).mkdir()
        odd = odd_file(seed, tmp_path)
        assert physical_lines(odd) == len(odd.fates)
        found = outcome(odd, tmp_path / str(seed))
        assert not found.faults, (seed, odd.kinds)


def test_the_seeds_of_this_test_show_every_oddity_and_the_same_seed_gives_the_same_bytes(tmp_path: Path) -> None:
    files = [odd_file(seed, tmp_path) for seed in SEEDS]
    assert {kind for odd in files for kind in odd.kinds} >= {oddity.kind for oddity in ODDITIES}
    assert len({odd.name.split("_")[0] for odd in files}) >= len({carrier for carrier, _, _ in BASES})
    assert odd_file(7, tmp_path) == files[7]


def test_a_quote_that_is_never_closed_does_not_swallow_records_up_to_the_next(tmp_path: Path) -> None:
    odd = odd_file(3, tmp_path)
    assert "open quote" in odd.kinds
    report = outcome(odd, tmp_path).report
    assert report.rules["unclosed_quote"] == 3
