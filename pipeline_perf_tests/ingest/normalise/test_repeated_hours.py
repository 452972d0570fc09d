"""The hour that clocks tell twice: the order of a file tells which of the two is meant, and what
it does not tell is flagged.
"""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Sequence
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline_perf.ingest.layout.model import Field
from pipeline_perf.ingest.normalise.decide import Decisions
from pipeline_perf.ingest.pipeline import Options, ingest_file
from pipeline_perf.lake.delta import Lake
from pipeline_perf_tests.ingest.normalise.typed_rows import ISO, moment, table, typed

NIGHT = ["00:58:00", "01:30:00", "01:59:30", "01:05:00", "01:30:00", "02:10:00"]
IN_UTC = ["04:58:00", "05:30:00", "05:59:30", "06:05:00", "06:30:00", "07:10:00"]
NEW_YORK = "America/New_York"


def read(
    clocks: Sequence[str], cuts: Sequence[int] = (), day: str = "2024-11-03", zone: str = NEW_YORK
) -> pl.DataFrame:
    """Times of a file that is read in blocks, in UTC, and which were flagged."""
    decisions, blocks, of = Decisions(), [], table()
    for first, last in zip([0, *cuts], [*cuts, len(clocks)], strict=True):
        texts = [f"{day} {clock}" for clock in clocks[first:last]]
        if texts:
            blocks.append(typed({"Time": texts}, of, zone=zone, decisions=decisions))
    return pl.concat(blocks).select("started_at", pl.col("^corrected.ambiguous_hour$"))


def clocks_of(frame: pl.DataFrame) -> list[str]:
    return frame["started_at"].dt.strftime("%H:%M:%S").to_list()


@pytest.mark.parametrize("cut", range(7))
def test_where_the_clock_steps_back_within_the_hour_its_second_pass_begins(cut) -> None:
    assert clocks_of(read(NIGHT, [cut])) == IN_UTC
    assert clocks_of(read(NIGHT, range(1, 6))) == IN_UTC


def test_of_a_list_that_begins_with_the_newest_it_is_the_other_way_round() -> None:
    found = read(NIGHT[::-1])
    assert clocks_of(found) == IN_UTC[::-1]
    assert not found["corrected.ambiguous_hour"].any()


def test_what_no_step_tells_is_taken_for_the_first_pass_and_flagged() -> None:
    found = read(["00:58:00", "01:30:00", "02:10:00"])
    assert clocks_of(found) == ["04:58:00", "05:30:00", "07:10:00"]
    assert found["corrected.ambiguous_hour"].to_list() == [False, True, False]


@pytest.mark.parametrize(
    "clocks",
    [
        ["12:00:00", "09:00:00", *NIGHT],
        [*NIGHT, "00:10:00"],
        ["01:30:00", "01:05:00", "01:40:00", "01:20:00", "01:50:00", "01:10:00"],
    ],
)
def test_a_file_in_another_order_than_that_of_time_tells_nothing(clocks) -> None:
    found = read(clocks)
    twice = [clock.startswith("01:") for clock in clocks]
    assert found["corrected.ambiguous_hour"].to_list() == twice
    assert not {"06:05:00", "06:20:00", "06:30:00", "06:10:00"} & set(clocks_of(found))


def test_an_order_that_breaks_further_down_is_told(tmp_path: Path) -> None:
    layouts = tmp_path / "layouts"
    layouts.mkdir()
    (layouts / "house.yaml").write_text(
        "id: house\ncarrier: house\ntitle: Calls\nsource: this test\ncontainer: delimited\n"
        "zone: America/New_York\ntables:\n  - name: calls\n    header: [At, From, To]\n"
        "    fields:\n      event_type: {value: call}\n      from_number: From\n"
        "      to_number: To\n      started_at: {column: At, formats: ['%Y-%m-%d %H:%M:%S']}\n"
    )
    days = [f"2024-11-{3 + i // 24:02} {i % 24:02}:30:00" for i in range(30, 600)]
    for end, says in (("2024-12-24 00:00:00", ""), ("2024-11-04 00:00:00", "not in the order")):
        times = [*(f"2024-11-03 {clock}" for clock in NIGHT), *days, end]
        path = tmp_path / f"{end[5:10]}.csv"
        path.write_text("At,From,To\n" + "".join(f"{t},+12125550101,+12125550102\n" for t in times))
        options = Options(layouts=layouts, chunk_bytes=2**14)
        report = ingest_file(path, Lake(tmp_path / path.stem), options)
        assert report.events == len(times)
        assert says in report.reason and bool(says) == bool(report.reason)


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(
        [
            (NEW_YORK, "2024-11-03T04:00:00"),
            ("Europe/London", "2024-10-27T00:00:00"),
            ("Australia/Lord_Howe", "2024-04-06T14:00:00"),
            ("Australia/Sydney", "2024-04-06T14:00:00"),
        ]
    ),
    st.lists(st.integers(0, 4 * 3600), max_size=30, unique=True),
    st.lists(st.integers(0, 30), max_size=3),
)
def test_in_every_zone_and_cut_the_order_gives_back_what_it_was_written_from(
    where, offsets, cuts
) -> None:
    zone, begin = where
    every_minute = {*range(0, 4 * 3600, 60), *offsets}
    began = dt.datetime.fromisoformat(begin)
    utc = pl.Series([began + dt.timedelta(seconds=s) for s in sorted(every_minute)])
    local = utc.dt.replace_time_zone("UTC").dt.convert_time_zone(zone).dt.replace_time_zone(None)
    decisions, found = Decisions(), []
    bounds = sorted({0, *(cut * 8 for cut in cuts), len(local)})
    for first, last in itertools.pairwise(bounds):
        texts = local[first:last].dt.strftime("%Y-%m-%d %H:%M:%S").to_list()
        block = typed({"Time": texts}, table(), zone=zone, decisions=decisions)
        found += block["started_at"].dt.replace_time_zone(None).to_list()
    assert found == utc.to_list()


@pytest.mark.parametrize(
    ("start", "end", "seconds"),
    [
        ("2024-11-03 00:59:00", "2024-11-03 01:01:00", 120.0),
        ("2024-11-03 01:55:00", "2024-11-03 01:05:00", 600.0),
        ("2024-11-03 01:55:00", "2024-11-03 02:05:00", 4200.0),
        ("2025-03-09 01:58:00", "2025-03-09 03:02:00", 240.0),
        ("2025-03-09 23:59:30", "2025-03-10 00:00:30", 60.0),
        ("2025-03-10 10:00:00", "2025-03-10 09:59:00", -60.0),
    ],
)
def test_from_start_to_end_it_is_as_long_as_between_the_two_moments(start, end, seconds) -> None:
    of = table(ended_at=Field(("End",), formats=ISO.formats))
    found = typed({"Time": [start], "End": [end]}, of, zone=NEW_YORK)
    assert found["duration_s"].to_list() == [seconds]
    assert found["started_at_local"].to_list() == [moment(start)]
