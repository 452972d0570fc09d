"""Ledgers add up to that of the whole file; what a file states of itself is held against them."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections import Counter

import polars as pl
import pytest

from pipeline_perf.ingest.batch import Piece, rejected
from pipeline_perf.ingest.bookkeeping import FileReport, Ledger, Stopwatch, control_mismatches
from pipeline_perf.ingest.layout.model import Control

RECORDS = Control("^T", (1, 5), "records")
DURATION = Control("^T", (6, 9), "duration_s")
MINUTES = Control("^T", (6, 9), "duration_s", "minutes")

ASIDE = " (without the 2 in quarantine)"


def day(number: int) -> dt.datetime:
    return dt.datetime(2026, 7, number, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("control", "text", "said"),
    [
        (RECORDS, "7", []),
        (RECORDS, " 00007 ", []),
        (RECORDS, "  ", []),
        (RECORDS, "8", ["the file states records 8, but 7 were read"]),
        (RECORDS, "6", ["the file states records 6, but 7 were read"]),
        (RECORDS, "seven", ["the control figure for records is unreadable: 'seven'"]),
        (RECORDS, "7.0", ["the control figure for records is unreadable: '7.0'"]),
        (DURATION, "600", []),
        (DURATION, "600.5", []),
        (DURATION, "599.5", []),
        (DURATION, "599.4", ["the file states duration 599, but 600 were read" + ASIDE]),
        (DURATION, "601", ["the file states duration 601, but 600 were read" + ASIDE]),
        (DURATION, " x ", ["the control figure for duration is unreadable: 'x'"]),
        (MINUTES, "10", []),
        (MINUTES, "11", ["the file states duration 660, but 600 were read" + ASIDE]),
    ],
)  # fmt: skip
def test_a_figure_that_the_file_states_is_that_of_what_was_read(
    control: Control, text: str, said: list[str]
) -> None:
    ledger = Ledger(events=5, quarantined=2, duration_s=600.0, stated=((control, text),))
    assert control_mismatches(ledger) == said


def test_each_figure_is_looked_at_and_quarantine_named_only_where_there_is_some() -> None:
    stated = ((DURATION, "1"), (RECORDS, ""), (RECORDS, "2"), (RECORDS, "3"))
    assert control_mismatches(Ledger(events=3, stated=stated)) == [
        "the file states duration 1, but 0 were read",
        "the file states records 2, but 3 were read",
    ]


def test_ledgers_add_up_in_every_figure() -> None:
    one, other = pl.DataFrame({"a": [1]}), pl.DataFrame({"a": [2]})
    first = Ledger(
        lines=1, furniture=2, events=3, quarantined=4, rules=Counter(x=1, y=1),
        by_type=Counter(call=3), codes=Counter({("direction", "X"): 2}), stated=((RECORDS, "1"),),
        tellings={("t", 5.0): (one,), ("u", 1.0): (one,)}, closings=(one,),
        span=(day(3), day(5)), duration_s=1.5,
    )  # fmt: skip
    second = Ledger(
        lines=10, furniture=20, events=30, quarantined=40, rules=Counter(x=10),
        by_type=Counter(sms=7, call=1),
        codes=Counter({("direction", "X"): 1, ("event_type", "Y"): 9}),
        stated=((DURATION, "2"),),
        tellings={("t", 5.0): (other,), ("v", 1.0): (other,)}, closings=(other,),
        span=(day(2), day(4)), duration_s=0.25, zone_assumed=True,
    )  # fmt: skip
    assert first + second == Ledger(
        lines=11, furniture=22, events=33, quarantined=44, rules=Counter(x=11, y=1),
        by_type=Counter(call=4, sms=7),
        codes=Counter({("direction", "X"): 3, ("event_type", "Y"): 9}),
        stated=((RECORDS, "1"), (DURATION, "2")),
        tellings={("t", 5.0): (one, other), ("u", 1.0): (one,), ("v", 1.0): (other,)},
        closings=(one, other), span=(day(2), day(5)), duration_s=1.75, zone_assumed=True,
    )  # fmt: skip
    assert (first + second).records == 77
    assert (first + second).unmapped == {"event_type": {"Y": 9}, "direction": {"X": 3}}
    assert first + Ledger() == Ledger() + first == first
    assert Ledger() + Ledger() == Ledger()


def test_nothing_counted_is_nought_everywhere() -> None:
    assert dataclasses.astuple(Ledger()) == (
        0, 0, 0, 0, Counter(), Counter(), Counter(), (), {}, (), None, 0.0, False
    )  # fmt: skip
    piece = Piece(())
    assert (piece.lines, piece.furniture, piece.position, piece.stated) == (0, 0, 0, ())
    assert piece.records == 0 and piece.rejected.equals(rejected([]))


def test_records_of_a_piece_are_those_that_were_rejected_too() -> None:
    assert Piece((), rejected([(1, None, "r", "why", "x"), (2, 3, "r", "why", "y")])).records == 2


def test_a_report_shows_the_keys_of_its_contract_and_no_others() -> None:
    report = FileReport("a.csv", seconds=1.23456, lines=7, rules={"x": 1}, zone_assumed=True)
    by_type = FileReport("").by_type
    assert set(by_type.values()) == {0}
    assert report.to_json() == {
        "file": "a.csv", "source_file_id": "", "status": "rejected", "carrier": None,
        "layout": None, "records": 0, "events": 0, "by_type": by_type, "quarantined": 0,
        "duplicates": 0, "furniture": 0, "seconds": 1.235, "reason": "", "unmapped": {},
        "zone_assumed": True,
    }  # fmt: skip


def test_a_room_is_timed_each_time_also_where_it_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    now = iter([100.0, 101.0, 103.0, 110.0, 114.0, 120.0])
    monkeypatch.setattr("pipeline_perf.ingest.bookkeeping.time.perf_counter", lambda: next(now))
    watch = Stopwatch()
    with watch.room("read"):
        pass
    with pytest.raises(ValueError, match="x"), watch.room("read"):
        raise ValueError("x")
    assert watch.stages == {"read": 6.0}
    assert watch.total == 20.0
