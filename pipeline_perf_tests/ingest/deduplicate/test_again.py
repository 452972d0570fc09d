"""Once a file has become another, the marks are those of a lake that had been so all along."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Sequence
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline_perf.ingest.deduplicate.across_files import MARGIN, matched
from pipeline_perf.ingest.deduplicate.again import REACH, judged_again
from pipeline_perf.lake.schemas import SCHEMAS
from pipeline_perf_tests.event_rows import event_frame

NOON = dt.datetime(2026, 1, 15, 12, tzinfo=dt.UTC)
Row = dict[str, Any]


def call(seconds: float, length: float = 60.0, **more: Any) -> Row:
    return {"started_at": NOON + dt.timedelta(seconds=seconds), "duration_s": length, **more}


def bill(seconds: float, length: float = 60.0, **more: Any) -> Row:
    """As a bill prints a call: the minute of its start, and whole minutes."""
    coarse = {"time_resolution_s": 60, "duration_resolution_s": 60}
    return call(seconds // 60 * 60, -(-length // 60) * 60.0, **coarse, **more)


def stored(key: str, rows: Sequence[Row], first_id: int) -> pl.DataFrame:
    """A file's events as they lie in the lake; each file is of a source of its own."""
    told = ({"layout": key[0], "source_file_id": key, **row} for row in rows)
    return event_frame(*told).with_columns(pl.col("event_id") + first_id)


def judged(files: Sequence[tuple[str, pl.DataFrame]]) -> pl.DataFrame:
    """The marks of files that come one after the other."""
    marks = pl.DataFrame(schema=SCHEMAS["duplicates"])
    before = pl.DataFrame(schema=files[0][1].schema)
    for name, own in files:
        found = matched(own, before.join(marks, on="event_id", how="anti"))
        whose = found.with_columns(pl.lit(name).alias("source_file_id"))
        marks, before = pl.concat([marks, whose.select(marks.columns)]), pl.concat([before, own])
    return marks


def changed(
    files: Sequence[Sequence[Row]], place: int, instead: Sequence[Row]
) -> tuple[pl.DataFrame, Counter[str], pl.DataFrame, pl.DataFrame]:
    """The marks and counts once the rows of one file are others; those before; those of a lake
    that had held these all along.
    """
    names = [f"{chr(ord('a') + i)}" for i in range(len(files))]
    old = [
        (name, stored(name, rows, 100 * i))
        for i, (name, rows) in enumerate(zip(names, files, strict=True))
    ]
    new = list(old)
    new[place] = (names[place], stored(names[place] + "-1", instead, 1_000))
    before, after = judged(old), judged(new)
    lake = pl.concat([*(events for _, events in old), new[place][1]])
    keys = [name + "-1" if i == place else name for i, name in enumerate(names)]
    marks, more = judged_again(
        lake.lazy(),
        pl.DataFrame({"source_file_id": names, "key": keys}),
        place,
        [names[place], keys[place]],
        before.filter(pl.col("source_file_id") != names[place]),
    )
    return marks, more, before, after


def rows(marks: pl.DataFrame) -> list[tuple[Any, ...]]:
    return sorted(marks.rows())


DAY = int(REACH.total_seconds())
FAR = int(MARGIN.total_seconds())


@pytest.mark.parametrize("gap", [-3, -1, 0, 1, 3])
@pytest.mark.parametrize("place", [0, 1, 2])
def test_calls_at_the_very_ends_of_a_changed_file_meet_those_of_others(
    gap: int, place: int
) -> None:
    ends = [0, 7200]
    files = [[call(at + gap * i) for at in ends] for i in (0, 1, 0)]
    marks, _, before, after = changed(files, place, [*files[place], call(3600)])
    assert len(after) == len(before) == 4
    assert rows(marks) == rows(after)


@pytest.mark.parametrize("place", [0, 1])
@pytest.mark.parametrize("seconds", [0, 59, -1, -3, 62])
def test_a_bill_finds_calls_up_to_a_minute_beyond_its_own_first_and_last(
    place: int, seconds: int
) -> None:
    files = [[call(seconds, 30.0)], [bill(0, 30.0)]]
    marks, _, _, after = changed(files, place, [*files[place], call(-FAR), call(2 * FAR)])
    assert rows(marks) == rows(after)


def test_a_file_that_lost_its_calls_leaves_no_marks_and_those_behind_count_less() -> None:
    same = [call(0), call(600)]
    marks, more, before, after = changed([same, same, same], 0, [call(90_000)])
    assert len(before) == 4 and len(after) == 2
    assert rows(marks) == rows(after)
    assert more == Counter({"b": -2})


def test_a_file_that_gained_calls_is_told_again_by_those_behind_it_alone() -> None:
    marks, more, before, after = changed([[call(0)], [call(600)], [call(0), call(600)]], 1, [])
    assert len(before) == 2 and rows(marks) == rows(after)
    assert more == Counter({"c": -1})


def test_a_file_without_calls_before_and_after_changes_no_mark() -> None:
    marks, more, before, _ = changed([[call(0)], [], [call(0)]], 1, [])
    assert rows(marks) == rows(before) != []
    assert more == Counter()


@pytest.mark.parametrize("seconds", [-DAY // 2, DAY // 2])
def test_calls_near_in_time_are_judged_anew_though_none_of_the_changed_file_is_there(
    seconds: int,
) -> None:
    """A call that finds another partner sets its own free, and so from call to call."""
    chain = [call(seconds + 2 * i) for i in range(3)]
    files = [[call(0), chain[0]], [call(0), chain[1]], [call(0), chain[2]]]
    marks, _, _, after = changed(files, 0, [call(0)])
    assert rows(marks) == rows(after)


OTHER = {"to_number": "+12125550103"}
moments = st.sampled_from([0, 1, 3, 4, 7, 58, 60, 61, 118, 120, 3600, 3603])
telling = st.tuples(moments, st.sampled_from([call, bill]), st.sampled_from([{}, OTHER]))
files_of_calls = st.lists(telling, max_size=5).map(
    lambda told: [kind(at, **party) for at, kind, party in told]
)


@given(st.lists(files_of_calls, min_size=2, max_size=4), st.data())
@settings(max_examples=60, deadline=None)
def test_whatever_a_file_becomes_the_marks_are_as_if_it_had_been_so_all_along(files, data) -> None:
    place = data.draw(st.integers(0, len(files) - 1))
    marks, more, before, after = changed(files, place, data.draw(files_of_calls))
    assert rows(marks) == rows(after)
    for name in "abcd"[place + 1 : len(files)]:
        first = 100 * "abcd".index(name)
        own = (pl.col("source_file_id") == name) & pl.col("event_id").is_between(first, first + 99)
        assert more[name] == after.filter(own).height - before.filter(own).height
