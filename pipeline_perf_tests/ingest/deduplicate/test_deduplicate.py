"""Duplicates: what is told twice is marked once, and what merely looks alike is left alone."""

from __future__ import annotations

import datetime as dt
import hashlib
import itertools
import math
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from pipeline_perf.ingest.deduplicate import across_files as room
from pipeline_perf.ingest.deduplicate.across_files import across_files, matched
from pipeline_perf.ingest.deduplicate.within_file import SeenRows, repeats, resent_runs, telling
from pipeline_perf.ingest.normalise.normalise import event_ids
from pipeline_perf.lake.delta import Lake
from pipeline_perf.lake.schemas import SCHEMAS
from pipeline_perf_tests.event_rows import event_frame

property_test = settings(max_examples=80, deadline=None)

NOON = dt.datetime(2026, 1, 15, 12, tzinfo=dt.UTC)
Row = dict[str, Any]


def at(seconds: float, **more: Any) -> Row:
    """A call so many seconds after noon."""
    start = NOON + dt.timedelta(seconds=seconds)
    return {"started_at": start, "started_at_local": start.replace(tzinfo=None), **more}


def on_bill(seconds: float, length: float, **more: Any) -> Row:
    """The same call as a bill prints it: the minute in which it began, and whole minutes."""
    return at(
        seconds // 60 * 60,
        duration_s=math.ceil(length / 60) * 60.0,
        time_resolution_s=60,
        duration_resolution_s=60,
        **more,
    )


# ------------------------- the how-manieth of its kind


@given(st.lists(st.lists(st.integers(0, 4), min_size=1, max_size=8), max_size=5))
@property_test
def test_identical_rows_are_counted_through_the_whole_file_wherever_its_chunks_are_cut(
    chunks,
) -> None:
    seen, counted = SeenRows(), Counter()
    for chunk in chunks:
        wanted = []
        for minute in chunk:
            counted[minute] += 1
            wanted.append(counted[minute])
        # In whatever order a chunk's rows come, they count in the order of the file.
        shuffled = event_frame(*(at(60 * minute) for minute in chunk)).sample(
            fraction=1, shuffle=True, seed=len(chunk)
        )
        found = shuffled.with_columns(seen.add(shuffled)).sort("record_no")
        assert found["occurrence"].to_list() == wanted


@pytest.mark.parametrize(
    "difference",
    [
        {"charge": None},
        {"to_number": None},
        {"duration_s": 61.0},
        {"cell_last": "7"},
        {"answered": None},
    ],
)
def test_rows_that_differ_in_any_field_are_not_identical(difference) -> None:
    assert SeenRows().add(event_frame({}, difference)).to_list() == [1, 1]


def test_events_far_in_the_future_are_taken_in_too() -> None:
    assert SeenRows().add(
        event_frame({"started_at": dt.datetime(2099, 1, 1, tzinfo=dt.UTC)})
    ).to_list() == [1]


# --------------------------------------------------------------------------- parts sent twice


@st.composite
def minutes_of_redials(draw: st.DrawFn) -> list[tuple[int, int]]:
    """Rows (minute, kind) in order of time; within a minute they may repeat each other in any
    way.
    """
    rows = []
    for minute in range(draw(st.integers(5, 25))):
        rows += [
            (minute, kind) for kind in draw(st.lists(st.integers(0, 1), min_size=1, max_size=4))
        ]
    return rows


def runs_of(hashes: np.ndarray, starts: np.ndarray) -> list[tuple[int, int, int]]:
    return resent_runs(hashes, starts, pl.Series(hashes).is_duplicated().to_numpy())


def marked(rows: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Pairs (row, earlier row) that are taken for sent twice."""
    hashes = np.array(
        [minute * 1_000_003 + kind * 7919 + 5 for minute, kind in rows], dtype=np.uint64
    )
    runs = runs_of(hashes, np.array([minute for minute, _ in rows]))
    return sorted((i, i - distance) for first, last, distance in runs for i in range(first, last))


@given(minutes_of_redials())
@property_test
def test_redials_and_bursts_inside_a_minute_are_never_taken_for_sent_twice(rows) -> None:
    assert marked(rows) == []


@given(minutes_of_redials(), st.data())
@property_test
def test_a_part_that_is_sent_again_is_marked_row_by_row_and_nothing_else_is(rows, data) -> None:
    first = data.draw(st.integers(0, len(rows) - 5), label="first")
    last = data.draw(st.integers(first + 5, len(rows)), label="last")
    where = data.draw(st.integers(last, len(rows)), label="where")
    assume(len({minute for minute, _ in rows[first:last]}) >= 5)
    # Where the rows around the copy happen to go on like those around the original, nobody can tell
    # its bounds.
    assume(where == len(rows) or last == len(rows) or rows[where] != rows[last])
    assume(first == 0 or rows[first - 1] != rows[where - 1])
    found = marked([*rows[:where], *rows[first:last], *rows[where:]])
    assert [later for later, _ in found] == list(range(where, where + last - first))
    copy = [*rows[:where], *rows[first:last]]
    assert all(copy[later] == copy[earlier] for later, earlier in found)


def test_a_part_that_was_sent_again_before_is_marked_also_inside_a_longer_part() -> None:
    rows = [(minute, 0) for minute in range(12)]
    again = [*rows, *rows[4:8], *rows]
    assert [later for later, _ in marked(again)] == list(range(12, 28))


def test_a_part_that_was_sent_three_times_is_marked_twice() -> None:
    rows = [(minute, 0) for minute in range(8)]
    assert [later for later, _ in marked(rows * 3)] == list(range(8, 24))


@pytest.mark.parametrize("kinds", [1, 2, 5])
def test_a_file_of_nothing_but_equal_rows_is_looked_through_without_marking(kinds) -> None:
    rows = np.random.default_rng(1).integers(0, kinds, 200_000).astype(np.uint64)
    assert runs_of(rows, np.zeros(len(rows), dtype=np.int64)) == []


def test_a_few_rows_in_random_order_do_not_keep_the_search_busy() -> None:
    rows = np.random.default_rng(1).integers(0, 30, 200_000).astype(np.uint64)
    for first, last, distance in runs_of(rows, rows.astype(np.int64)):
        assert (rows[first:last] == rows[first - distance : last - distance]).all()


def test_parts_sent_again_are_found_across_the_chunks_of_a_file() -> None:
    chunks = [
        event_frame(*(at(60 * minute) for minute in part))
        for part in ([0, 1, 2], [3, 4, 5], [1, 2], [3, 4, 9])
    ]
    seen = SeenRows()
    for k, chunk in enumerate(chunks):
        seen.add(chunk.with_columns(pl.col("event_id") + 10 * k))
    assert sorted(seen.resent().rows()) == [(21, 2), (22, 3), (31, 11), (32, 12)]


def test_a_row_that_tells_another_again_is_the_nearest_ones_of_the_same_parties() -> None:
    rows = [at(0), at(100), at(98, to_number="+12125550103"), at(99), at(103), at(200)]
    frame = event_frame(*rows).with_columns(
        pl.Series("repeat", [False, False, False, True, True, True])
    )
    assert sorted(repeats(telling(frame), 3).rows()) == [(4, 2), (5, 2)]


# --------------------------------------------------------------------------- pairs of two files


def pairs(
    own: Sequence[Row], others: Sequence[Row], *, source: str = "another"
) -> list[tuple[int, int, str]]:
    """Own events count from 1, the others, of another source, from 101: (duplicate, of, kind)."""
    rest = event_frame(*({"layout": source, **row} for row in others))
    return sorted(matched(event_frame(*own), rest.with_columns(pl.col("event_id") + 100)).rows())


@pytest.mark.parametrize("nobody", [{"from_number": None}, {"to_number": None}])
def test_the_same_row_is_the_same_call_also_where_one_party_is_not_told(nobody: Row) -> None:
    untold = nobody | {"subscriber_number": None}
    assert pairs([at(0, **untold)], [at(0, **untold)]) == [(1, 101, "exact")]
    assert pairs([at(0, **untold)], [at(0)]) == []
    assert pairs([at(0, **untold)], [at(1, **untold, layout="another")]) == []


def test_the_same_row_in_two_files_is_an_exact_duplicate() -> None:
    assert pairs([at(0)], [at(0)]) == [(1, 101, "exact")]


@pytest.mark.parametrize(("own", "other"), [(2, 2), (2, 1), (1, 3), (3, 5), (1000, 900)])
def test_identical_rows_are_compared_as_multisets(own, other) -> None:
    found = pairs([at(0)] * own, [at(0)] * other)
    assert (
        len(found)
        == min(own, other)
        == len({a for a, _, _ in found})
        == len({b for _, b, _ in found})
    )
    assert {kind for _, _, kind in found} <= {"exact"}


def test_many_rows_a_second_apart_from_as_many_others_find_one_another() -> None:
    found = pairs([at(0)] * 300, [at(1)] * 299)
    assert len(found) == 299 == len({a for a, _, _ in found}) == len({b for _, b, _ in found})


@pytest.mark.parametrize("gap", [-3, -2, -1, 1, 2, 3])
def test_clocks_of_two_switches_may_differ_by_seconds(gap) -> None:
    assert pairs([at(0)], [at(gap, duration_s=58.0)]) == [(1, 101, "near")]


@pytest.mark.parametrize("gap", [-63, -4, 4, 63])
def test_further_apart_they_are_two_calls(gap) -> None:
    assert pairs([at(0)], [at(gap)]) == []


@pytest.mark.parametrize("length", [30.0, 56.0, 64.0])
def test_calls_of_another_length_are_others(length) -> None:
    assert pairs([at(0, duration_s=60.0)], [at(0, duration_s=length)]) == []


@given(st.integers(0, 3600), st.floats(0.5, 600), st.sampled_from([-2, 0, 2]))
@property_test
def test_a_bills_row_is_the_call_that_began_in_its_minute_and_lasted_up_to_its_minutes(
    second, length, skew
) -> None:
    detail, bill = at(second + skew, duration_s=length), on_bill(second, length)
    assert pairs([detail], [bill]) == [(101, 1, "near")]
    assert pairs([bill], [detail]) == [(1, 101, "near")]


@pytest.mark.parametrize(
    ("second", "same"), [(-34, False), (-33, True), (0, True), (60, True), (63, True), (64, False)]
)
def test_a_bill_prints_the_minute_of_a_start_or_the_nearest_and_clocks_differ_by_three_seconds(
    second: int, same: bool
) -> None:
    detail, bill = at(second, duration_s=30.0), on_bill(0, 30.0)
    assert pairs([detail], [bill]) == [(101, 1, "near")] * same
    assert pairs([bill], [detail]) == [(1, 101, "near")] * same


@pytest.mark.parametrize(
    ("length", "same"),
    [(0.0, False), (57.0, False), (58.0, True), (120.0, True), (123.0, True), (124.0, False)],
)
def test_a_bill_prints_the_minutes_that_were_begun(length: float, same: bool) -> None:
    detail, bill = at(10, duration_s=length), on_bill(0, 120.0)
    assert pairs([detail], [bill]) == [(101, 1, "near")] * same
    assert pairs([bill], [detail]) == [(1, 101, "near")] * same


def test_two_bills_tell_one_call_only_where_they_print_the_same_minute_and_minutes() -> None:
    assert pairs([on_bill(0, 30.0)], [on_bill(0, 30.0)]) == [(1, 101, "exact")]
    assert pairs([on_bill(0, 30.0)], [on_bill(60, 30.0)]) == []
    assert pairs([on_bill(0, 30.0)], [on_bill(0, 90.0)]) == []


def test_of_two_rows_of_a_bill_the_call_is_that_whose_minute_holds_its_start() -> None:
    bill = [on_bill(-60, 30.0), on_bill(0, 30.0), on_bill(60, 30.0)]
    for second in (1, 30, 59):
        assert pairs([at(second, duration_s=30.0)], bill) == [(102, 1, "near")]
    assert pairs([at(-1, duration_s=30.0)], bill[1:]) == [(101, 1, "near")]
    assert pairs([at(2, duration_s=30.0)], [bill[0], bill[2]]) == [(101, 1, "near")]


@pytest.mark.parametrize(
    "bill",
    [on_bill(120, 30.0), on_bill(-60, 30.0), on_bill(0, 90.0)],
    ids=["two minutes later", "the minute before", "a minute longer"],
)
def test_a_bills_row_of_another_minute_or_length_is_another_call(bill) -> None:
    assert pairs([at(30, duration_s=30.0)], [bill]) == []


def test_a_call_that_was_not_answered_is_not_the_one_on_the_bill() -> None:
    assert pairs([at(10, duration_s=0.0, answered=False)], [on_bill(10, 30.0)]) == []
    assert pairs([at(10, duration_s=0.0)], [at(11, duration_s=0.0)]) == [(1, 101, "near")]


def test_redials_within_a_minute_meet_the_rows_of_the_bill_one_to_one() -> None:
    found = pairs(
        [at(5, duration_s=10.0), at(25, duration_s=8.0), at(45, duration_s=3.0)],
        [on_bill(0, 10.0)] * 2,
    )
    assert len(found) == 2 == len({a for a, _, _ in found}) == len({b for _, b, _ in found})


def test_the_nearest_telling_is_taken_first() -> None:
    assert pairs([at(0), at(2)], [at(2)]) == [(2, 101, "exact")]
    assert pairs([at(0), at(2)], [at(1.5), at(3)]) == [(1, 102, "near"), (2, 101, "near")]


@pytest.mark.parametrize(
    ("own", "other", "same"),
    [
        ({"event_type": "voicemail"}, {"event_type": "call"}, True),
        ({"event_type": "sms"}, {"event_type": "call"}, False),
        ({"event_type": "sms"}, {"event_type": "mms"}, False),
        ({"to_number": "+12125550103"}, {}, False),
        ({"from_number": "+12125550102", "to_number": "+12125550101"}, {}, False),
        ({"to_number": None}, {"to_number": None}, True),
        ({"to_number": None}, {}, False),
        ({"to_number": None}, {"to_number": None, "subscriber_number": "+12125550109"}, False),
        ({"event_type": "data", "bytes_total": 5}, {"event_type": "data", "bytes_total": 5}, True),
        ({"event_type": "data", "bytes_total": 5}, {"event_type": "data", "bytes_total": 6}, False),
        ({"duration_s": None}, {"duration_s": None}, True),
        (
            {"event_type": "sms", "duration_s": None},
            {"event_type": "sms", "duration_s": None, "duration_resolution_s": 60},
            True,
        ),
        ({"event_type": "sms", "duration_s": 0.0}, {"event_type": "sms", "duration_s": None}, True),
    ],
)
def test_only_the_same_kind_of_event_between_the_same_parties_can_be_the_same(
    own, other, same
) -> None:
    assert bool(pairs([at(0, **own)], [at(0, **other)])) is same


@pytest.mark.parametrize(
    ("own", "other", "loser"),
    [
        (at(30, duration_s=30.0), on_bill(30, 30.0), 101),
        (on_bill(30, 30.0), at(30, duration_s=30.0), 1),
        (at(0), at(1), 1),
        (at(0, time_resolution_s=60, duration_s=30.0), on_bill(0, 30.0), 101),
        (on_bill(0, 30.0), at(0, time_resolution_s=60, duration_s=30.0), 1),
    ],
)
def test_the_coarser_telling_is_marked_and_between_equals_the_later_files(
    own, other, loser
) -> None:
    assert [duplicate for duplicate, _, _ in pairs([own], [other])] == [loser]


# ------------------------- files of one source

OWN = event_frame({})["layout"][0]
INBOUND = {"direction": "inbound", "subscriber_number": "+12125550102"}


@pytest.mark.parametrize("gap", [-3, -1, 1, 3])
@pytest.mark.parametrize("kind", ["call", "sms"])
def test_redials_and_texts_on_either_side_of_a_files_end_are_events_of_their_own(
    gap: int, kind: str
) -> None:
    rows = ([at(0, event_type=kind)], [at(gap, event_type=kind)])
    assert pairs(*rows, source=OWN) == []
    assert pairs(*rows) == [(1, 101, "near")]


@pytest.mark.parametrize(
    ("own", "other", "same"),
    [("a", "a", True), ("a", "b", False), (None, "b", True), ("a", None, True), (None, None, True)],
)
def test_equal_rows_of_one_source_are_one_event_unless_their_ids_differ(
    own: str | None, other: str | None, same: bool
) -> None:
    rows = ([at(0, call_id=own)], [at(0, call_id=other)])
    assert pairs(*rows, source=OWN) == [(1, 101, "exact")] * same
    assert pairs(*rows) == [(1, 101, "exact")]  # another source counts in another way


def test_copies_find_the_row_with_their_id_among_equal_ones() -> None:
    own, others = ([at(0, call_id=name) for name in names] for names in ("abc", "xca"))
    assert pairs(own, others, source=OWN) == [(1, 103, "exact"), (3, 102, "exact")]


def test_an_id_that_was_made_for_the_legs_of_a_call_is_no_id_of_the_sources() -> None:
    own, other = (at(0, call_id=16 * digit, leg_no=1) for digit in "ab")
    assert pairs([own], [other], source=OWN) == [(1, 101, "exact")]


@pytest.mark.parametrize(
    ("ids", "same"), [((None, None), True), (("a", "a"), True), (("a", "b"), False)]
)
def test_the_two_ends_of_a_call_may_differ_by_seconds_within_one_source_too(
    ids: tuple[str | None, str | None], same: bool
) -> None:
    own, other = at(0, call_id=ids[0]), at(2, call_id=ids[1], **INBOUND)
    assert pairs([own], [other], source=OWN) == [(1, 101, "near")] * same


# --------------------------------------------------------------------------- files in a lake


def identity_of(number: int) -> str:
    return hashlib.sha256(bytes([number])).hexdigest()[:16]


def deliver(lake: Lake, number: int, rows: Sequence[Row]) -> None:
    """Put a file of a source of its own into the lake, as the corridor does."""
    identity = identity_of(number)
    frame = event_frame(*({"layout": f"source_{number}", **row} for row in rows)).with_columns(
        pl.lit(identity).alias("source_file_id")
    )
    frame = frame.with_columns(event_ids(identity, frame["record_no"].to_numpy()))
    seen = SeenRows()
    frame = frame.with_columns(seen.add(frame))
    lake.append("events", frame, identity, 0)
    first, last = min(row["started_at"] for row in rows), max(row["started_at"] for row in rows)
    own = seen.resent().with_columns(pl.lit("resent").alias("kind"))
    marks = pl.concat([own, across_files(lake, identity, first, last, own)]).with_columns(
        pl.lit(identity).alias("source_file_id")
    )
    if marks.height:
        lake.append("duplicates", marks, identity, 0)
    stored = {"source_file_id": identity, "first_start": first, "last_start": last}
    lake.append(
        "files",
        pl.DataFrame(
            {name: [stored.get(name)] for name in SCHEMAS["files"]}, schema=SCHEMAS["files"]
        ),
        identity,
        0,
    )


def distinct(lake: Lake) -> pl.DataFrame:
    return lake.scan_events(distinct=True).sort("started_at", "to_number").collect()


def check_marks(lake: Lake) -> None:
    """Each event is marked at most once, and points at one that is not marked itself."""
    marks = lake.duplicates()
    everything = lake.scan_events().collect()
    assert marks["event_id"].is_unique().all()
    assert set(marks["event_id"]) | set(marks["duplicate_of"]) <= set(everything["event_id"])
    assert not set(marks["event_id"]) & set(marks["duplicate_of"])
    assert distinct(lake).height == everything.height - marks.height


def test_a_file_that_grew_adds_only_what_is_new(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    rows = [at(600 * i) for i in range(6)]
    deliver(lake, 1, rows[:4])
    deliver(lake, 2, rows)
    assert distinct(lake)["started_at"].to_list() == [row["started_at"] for row in rows]
    check_marks(lake)


def test_a_finer_file_that_comes_later_tells_the_call_for_all_that_came_before(
    tmp_path: Path,
) -> None:
    lake = Lake(tmp_path)
    deliver(lake, 1, [on_bill(37, 50.0)])
    deliver(lake, 2, [on_bill(37, 50.0)])
    deliver(lake, 3, [at(37, duration_s=50.0)])
    told = distinct(lake)
    assert told.select("source_file_id", "duration_s").rows() == [(identity_of(3), 50.0)]
    assert set(lake.scan_events().collect()["duplicate_of"]) == {None, told["event_id"][0]}
    check_marks(lake)


def test_calls_on_either_side_of_a_months_end_meet(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    midnight = (dt.datetime(2026, 2, 1, tzinfo=dt.UTC) - NOON).total_seconds()
    deliver(lake, 1, [at(midnight - 1), at(midnight + 30, to_number="+12125550103")])
    deliver(
        lake,
        2,
        [at(midnight + 1), at(midnight + 30, to_number="+12125550103"), at(midnight - 3600)],
    )
    assert distinct(lake).height == 3
    check_marks(lake)


def test_files_of_consecutive_months_add_up(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    deliver(lake, 1, [at(0)])
    deliver(lake, 2, [at(40 * 86_400)])
    assert distinct(lake).height == 2
    assert lake.duplicates().height == 0


def test_the_number_of_buckets_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = []
    first = [at(60 * i, to_number=f"+121255501{i % 7:02}") for i in range(40)]
    second = [at(60 * i + i % 5, to_number=f"+121255501{i % 7:02}") for i in range(40)]
    for bucket in (1_000_000, 7):
        monkeypatch.setattr(room, "BUCKET", bucket)
        lake = Lake(tmp_path / str(bucket))
        deliver(lake, 1, first)
        deliver(lake, 2, second)
        check_marks(lake)
        found.append(sorted(lake.duplicates().select("event_id", "duplicate_of", "kind").rows()))
    assert found[0] == found[1]
    assert len(found[0]) == sum(i % 5 <= 3 for i in range(40))


@st.composite
def sources(draw: st.DrawFn) -> list[list[Row]]:
    """Three files that tell some of the same calls, some of them several times, each in its own
    way.
    """
    calls = [
        (600 * k + draw(st.integers(0, 59)), float(draw(st.integers(1, 200))))
        for k in range(draw(st.integers(1, 3)))
    ]
    files = []
    for skew in (0, 1, 2):
        bill = draw(st.booleans())
        rows = []
        for second, length in calls:
            row = on_bill(second, length) if bill else at(second + skew, duration_s=length)
            rows += [row] * draw(st.integers(0, 3))
        files.append(rows)
    return files


@pytest.mark.slow
@given(sources())
@settings(max_examples=4, deadline=None)
def test_the_order_in_which_files_come_does_not_change_how_many_calls_there_are(
    tmp_path_factory, files
) -> None:
    files = [rows for rows in files if rows]
    assume(len(files) > 1)
    told = Counter()
    for rows in files:
        told |= Counter(int((row["started_at"] - NOON).total_seconds()) // 600 for row in rows)
    for order in itertools.permutations(range(len(files))):
        lake = Lake(tmp_path_factory.mktemp("lake"))
        for number in order:
            deliver(lake, number + 1, files[number])
        check_marks(lake)
        starts = [
            int((start - NOON).total_seconds()) // 600 for start in distinct(lake)["started_at"]
        ]
        assert Counter(starts) == told
