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
from pipeline_perf.ingest.normalise.repeated_hours import in_repeated, repeated
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


@pytest.mark.parametrize(
    ("zone", "first", "after"),
    [
        (NEW_YORK, "2024-11-03 01:00:00", "2024-11-03 02:00:00"),
        (NEW_YORK, "2023-11-05 01:00:00", "2023-11-05 02:00:00"),
        ("Australia/Lord_Howe", "2024-04-07 01:30:00", "2024-04-07 02:00:00"),
        ("America/Caracas", "2007-12-09 02:30:00", "2007-12-09 03:00:00"),
        ("Africa/Monrovia", "1919-03-01 00:00:00", ""),
    ],
)
def test_a_repeated_stretch_has_its_first_moment_and_not_the_one_after_it(
    zone: str, first: str, after: str
) -> None:
    begin = moment(first)
    end = moment(after) if after else begin
    tick = dt.timedelta(microseconds=1)
    times = [begin - tick, begin, end - tick, end]
    far = [begin - dt.timedelta(days=400), begin + dt.timedelta(days=400)]
    twice = [False, begin != end, begin != end, False]
    assert in_repeated(pl.Series(times), zone).to_list() == twice
    assert in_repeated(pl.Series([*times, None, *far]), zone).to_list()[:5] == [*twice, False]


def test_in_utc_and_where_no_time_is_nothing_came_twice() -> None:
    local = pl.Series([moment("2024-11-03 01:30:00"), None])
    assert in_repeated(local, "UTC").to_list() == [False, False]
    none = pl.Series([None], dtype=pl.Datetime("us"))
    assert in_repeated(none, NEW_YORK).to_list() == [False]
    assert in_repeated(local, NEW_YORK).to_list() == [True, False]


def test_every_repeated_stretch_of_the_years_that_a_file_spans_is_known() -> None:
    local = pl.Series([moment("2022-11-06 01:00:00"), moment("2024-11-03 01:59:59")])
    firsts, afters = repeated(local, NEW_YORK)
    days = ["2022-11-06", "2023-11-05", "2024-11-03"]
    as_time = [pl.Series(m).cast(pl.Datetime("us")).to_list() for m in (firsts, afters)]
    assert as_time == [[moment(f"{day} 0{hour}:00:00") for day in days] for hour in (1, 2)]
    ends = pl.Series([moment("2022-11-06 02:00:00"), moment("2024-11-03 00:59:59")])
    assert repeated(ends, NEW_YORK).shape == (2, 1)
    around = pl.Series([moment("1850-01-01 00:00:00"), moment("2200-01-01 00:00:00")])
    assert 0 < repeated(around, NEW_YORK).shape[1] < 201


@pytest.mark.parametrize(
    ("clocks", "in_utc", "told"),
    [
        # the second pass may begin with the moment itself, and last up to the end
        (["01:00:00", "01:59:59", "01:00:00", "02:00:00"], ["05", "05", "06", "07"], 3),
        (["01:30:00", "01:30:00"], ["05", "05"], 0),
        (["01:30:00"], ["05"], 0),
        (["01:59:00", "01:00:00", "01:00:00"], ["05", "06", "06"], 3),
        (["02:00:00", "01:30:00"], ["07", "05"], 0),
        (["01:30:00", "00:59:59"], ["05", "04"], 0),
        (["01:30:00", "01:20:00", "01:10:00", "02:00:00"], ["05", "05", "05", "07"], 0),
    ],
)
def test_the_order_tells_of_how_many_times_which_pass_they_are_of(
    clocks: list[str], in_utc: list[str], told: int
) -> None:
    found = read(["00:00:00", "00:01:00", *clocks])
    assert [clock[:2] for clock in clocks_of(found)[2:]] == in_utc
    flags = found["corrected.ambiguous_hour"].to_list()
    within = sum(clock.startswith("01") for clock in clocks)
    assert sum(flags) == within - told
