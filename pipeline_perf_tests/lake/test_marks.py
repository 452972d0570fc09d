"""Marks for duplicates: whatever two files say of one another, each duplicate points at one event
that is none, and always at the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline_perf.lake.delta import Lake, _without_circles
from pipeline_perf.lake.schemas import SCHEMAS

Pairs = Sequence[tuple[int, int]]


def frame(pairs: Pairs) -> pl.DataFrame:
    rows = [(event, of, "exact", "aa") for event, of in pairs]
    return pl.DataFrame(rows, schema=SCHEMAS["duplicates"], orient="row")


def resolved(root: Path, pairs: Pairs) -> list[tuple[int, int]]:
    """What a lake that holds these marks reads: event, event that it tells again."""
    lake = Lake(root)
    lake.append("duplicates", frame(pairs), "aa", 0)
    row = {name: ["aa" if name == "source_file_id" else None] for name in SCHEMAS["files"]}
    lake.append("files", pl.DataFrame(row, schema=SCHEMAS["files"]), "aa", 0)
    return lake.duplicates().select("event_id", "duplicate_of").rows()


@pytest.mark.parametrize(
    ("pairs", "told"),
    [
        ([(1, 2)], [(1, 2)]),
        ([(1, 2), (2, 1)], [(1, 2)]),
        ([(1, 2), (2, 3), (3, 1)], [(1, 3), (2, 3)]),
        ([(5, 4), (4, 6), (6, 5)], [(4, 6), (5, 6)]),
        # what leads into a circle ends where the circle does
        ([(1, 2), (2, 1), (3, 1), (4, 3)], [(1, 2), (3, 2), (4, 2)]),
        # two circles, and a chain beside them
        (
            [(1, 2), (2, 1), (11, 12), (12, 11), (21, 22), (22, 23), (23, 24)],
            [(1, 2), (11, 12), (21, 24), (22, 24), (23, 24)],
        ),
    ],
)
def test_of_marks_in_a_circle_the_one_that_closes_it_does_not_count(
    pairs: Pairs, told: Pairs, tmp_path: Path
) -> None:
    assert resolved(tmp_path, pairs) == told


@pytest.mark.parametrize("length", [1, 2, 3, 4, 7, 8, 9, 100])
def test_a_chain_of_any_length_is_followed_to_its_end(length: int, tmp_path: Path) -> None:
    upwards = [(event, event + 1) for event in range(length)]
    assert resolved(tmp_path / "up", upwards) == [(event, length) for event in range(length)]
    downwards = [(event + 1, event) for event in range(length)]
    assert resolved(tmp_path / "down", downwards) == [(e + 1, 0) for e in range(length)]


def test_marks_come_in_the_order_of_events_and_keep_what_they_say(tmp_path: Path) -> None:
    """So many that an order by chance would show."""
    number = 2_000
    lake = Lake(tmp_path)
    pairs = [(event * 7919 % number, number) for event in range(number)]
    kinds = [("exact", "near", "repeat")[event % 3] for event, _ in pairs]
    stored = frame(pairs).with_columns(kind=pl.Series(kinds))
    lake.append("duplicates", stored, "aa", 0)
    row = {name: ["aa" if name == "source_file_id" else None] for name in SCHEMAS["files"]}
    lake.append("files", pl.DataFrame(row, schema=SCHEMAS["files"]), "aa", 0)
    assert lake.duplicates().equals(stored.sort("event_id"))


@given(st.dictionaries(st.integers(0, 9), st.integers(0, 9), max_size=10))
def test_without_circles_every_other_mark_says_what_it_said(marked: dict[int, int]) -> None:
    pairs = sorted(marked.items())
    told = dict(_without_circles(frame(pairs)).select("event_id", "duplicate_of").rows())

    def end(event: int) -> int:
        """Where the marks lead from an event; -1 for round and round."""
        for _ in range(len(marked) + 1):
            if event not in marked:
                return event
            event = marked[event]
        return -1

    for event in marked:
        if end(event) >= 0:
            assert told[event] == end(event)
    # of each circle one mark is left out, and all others of it point at the event it was of
    circles = {
        frozenset(_round(event, marked)) for event in marked if event in _round(event, marked)
    }
    for circle in circles:
        (best,) = circle - set(told)
        assert {told[event] for event in circle - {best}} <= {best}
    assert len(told) == len(marked) - len(circles)


def _round(event: int, marked: dict[int, int]) -> list[int]:
    """The events met from one on, itself only where the marks come back to it."""
    met: list[int] = []
    while event in marked and marked[event] not in met:
        event = marked[event]
        met.append(event)
    return met
