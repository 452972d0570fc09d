"""Which events are asked for, by each of the ways to ask; and what a summary counts of them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from pipeline_perf.lake.delta import Lake
from pipeline_perf.lake.errors import LakeError
from pipeline_perf.lake.schemas import SCHEMAS
from pipeline_perf.lake.selection import Selection, Summary, files_named, summary, with_names
from pipeline_perf_tests.event_rows import event_frame

NOON = dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)
MOMENT = dt.timedelta(microseconds=1)

LINE = "+12125550101"


def asked(selection: Selection, *rows: dict[str, Any]) -> list[int]:
    """The numbers, from 1, of the events that are asked for."""
    return selection.of(event_frame(*rows).lazy()).collect()["event_id"].to_list()


def held(root: Path, *files: tuple[str, str]) -> Lake:
    """A lake that holds files: id, name."""
    lake = Lake(root)
    row = dict.fromkeys(SCHEMAS["files"])
    rows = [row | {"source_file_id": identity, "file": name} for identity, name in files]
    lake.append("files", pl.DataFrame(rows, schema=SCHEMAS["files"]), "files", 0)
    return lake


# --------------------------------------------------------------------------- which events


def test_who_asks_for_nothing_gets_every_event() -> None:
    odd = {"started_at": None, "carrier": None, "from_number": None, "to_number": None}
    assert asked(Selection(), {}, odd) == [1, 2]
    assert asked(Selection(number=""), {}, odd) == [1, 2]


@pytest.mark.parametrize(
    ("span", "inside"),
    [
        ({"since": NOON}, [2, 3]),
        ({"since": NOON + MOMENT}, [3]),
        ({"until": NOON}, [1]),
        ({"until": NOON + MOMENT}, [1, 2]),
        ({"since": NOON, "until": NOON + MOMENT}, [2]),
        ({"since": NOON, "until": NOON}, []),
    ],
)
def test_a_span_has_its_first_moment_in_it_and_its_last_no_more(
    span: dict[str, dt.datetime], inside: list[int]
) -> None:
    moments = [NOON - MOMENT, NOON, NOON + MOMENT, None]
    assert asked(Selection(**span), *({"started_at": moment} for moment in moments)) == inside


@pytest.mark.parametrize(
    ("column", "wish"),
    [("event_type", "types"), ("carrier", "carriers"), ("source_file_id", "files")],
)
def test_an_event_is_of_one_of_the_types_carriers_or_files_asked_for(
    column: str, wish: str
) -> None:
    rows: list[dict[str, Any]] = [{column: value} for value in ("one", "two", "three", None)]
    assert asked(Selection(**{wish: ("two",)}), *rows) == [2]
    assert asked(Selection(**{wish: ("three", "one")}), *rows) == [1, 3]
    assert asked(Selection(**{wish: ("on",)}), *rows) == []


def test_of_several_wishes_each_holds() -> None:
    wanted = {"started_at": NOON, "event_type": "sms", "carrier": "att", "source_file_id": "aa"}
    others = {"started_at": NOON - MOMENT, "event_type": "call", "carrier": "x"} | {
        "source_file_id": "bb",
        "from_number": "+12125550199",
        "subscriber_number": None,
    }
    rows = [wanted, *(wanted | {name: other} for name, other in others.items())]
    selection = Selection(NOON, NOON + MOMENT, LINE, ("sms",), ("att",), ("aa",))
    # the line stands twice in an event: as the caller, and as the line whose records these are
    assert asked(selection, *rows) == [1, 6, 7]


@pytest.mark.parametrize("column", ["from_number", "to_number", "subscriber_number"])
def test_a_number_is_found_as_any_party(column: str) -> None:
    nobody: dict[str, Any] = dict.fromkeys(("from_number", "to_number", "subscriber_number"))
    rows: list[dict[str, Any]] = [nobody, nobody | {column: "+13035550123"}]
    assert asked(Selection(number="+13035550123"), *rows) == [2]
    assert asked(Selection(number="+13035550124"), *rows) == []


@pytest.mark.parametrize(
    ("text", "parties"),
    [
        # as it is written
        ("+12125550101", ["+12125550101"]),
        ("911", ["911"]),
        ("*86", ["*86"]),
        ("VMAIL CL", ["VMAIL CL"]),
        # by its last digits, whatever stands between them
        ("5550101", ["+12125550101", "+13035550101", "5550101"]),
        ("555-0101", ["+12125550101", "+13035550101", "5550101"]),
        ("(212) 555-0101", ["+12125550101"]),
        ("1-212-555-0101", ["+12125550101"]),
        # six do not suffice, but for a number of six
        ("550101", ["550101"]),
        ("55-0101", []),
        # zeros in front of it that are no part of it
        ("0303 5550101", ["+13035550101"]),
        ("001 303 555 0101", ["+13035550101"]),
        # zeros that are, so that never fewer than seven digits decide
        ("0100143", ["+61270100143"]),
        ("00100143", ["+61270100143"]),
        ("02 7010 0143", ["+61270100143"]),
        ("0000101", []),
        ("0000000", []),
        # a text with digits enough and no number's end, found as it is written
        ("id5550143x", ["id5550143x"]),
    ],
)
def test_a_number_is_found_as_it_is_written_or_by_seven_of_its_last_digits(
    text: str, parties: list[str]
) -> None:
    written = [
        *("+12125550101", "+13035550101", "5550101", "550101", "+61270100143", "100143"),
        *("911", "0911", "*86", "86", "VMAIL CL", "id5550143x", "5550101x", ""),
    ]
    nobody = {"from_number": None, "subscriber_number": None}
    found = asked(Selection(number=text), *(nobody | {"to_number": party} for party in written))
    assert [written[number - 1] for number in found] == parties


# --------------------------------------------------------------------------- which files

FILES = [
    ("0123456789abcdef", "calls.csv"),
    ("0123ffffffffffff", "data/calls.csv"),
    ("aaaa567890123456", "data/recalls.csv"),
    ("bbbb567890123456", "data/calls.zip!may/bill.csv"),
    ("cccc567890123456", "data/calls.zip!june.csv"),
    ("dddd567890123456", "data/calls.zipped"),
    ("eeee567890123456", "feed"),
    ("ffff567890123456", "0123.txt"),
]


@pytest.mark.parametrize(
    ("text", "places"),
    [
        ("calls.csv", [0, 1]),
        ("data/calls.csv", [1]),
        ("recalls.csv", [2]),
        # an archive is all its members, a member one of them
        ("data/calls.zip", [3, 4]),
        ("calls.zip", [3, 4]),
        ("data/calls.zip!june.csv", [4]),
        ("bill.csv", [3]),
        # by id: whole, or four digits of it and more, from the first
        ("0123456789abcdef", [0]),
        ("01234", [0]),
        ("0123", [0, 1]),
        ("aaaa", [2]),
        # a name that could be an id's beginning
        ("feed", [6]),
    ],
)
def test_a_file_is_named_by_its_path_the_end_of_it_its_archive_or_its_id(
    text: str, places: list[int], tmp_path: Path
) -> None:
    assert files_named(held(tmp_path, *FILES), text) == tuple(FILES[n][0] for n in places)


@pytest.mark.parametrize(
    "text",
    [
        "alls.csv",
        "calls",
        "data",
        "data/calls.zi",
        "data/calls.zip!",
        "012",
        "89abcdef",
        "0123456789abcdef0",
        "AAAA",
        "",
    ],
)
def test_a_text_that_names_no_file_is_refused_with_the_place(text: str, tmp_path: Path) -> None:
    lake = held(tmp_path, *FILES)
    with pytest.raises(LakeError, match=r"holds no file .*`pipeline-perf files` lists") as told:
        files_named(lake, text)
    assert told.value.file == str(tmp_path)


def test_the_name_of_its_file_stands_behind_an_event_s_file_id(tmp_path: Path) -> None:
    lake = held(tmp_path, ("aa", "a.csv"), ("bb", "b.csv"))
    frame = event_frame(*({"source_file_id": file} for file in ("bb", "aa", "cc", "bb", "aa")))
    named = with_names(frame.lazy(), lake).collect()
    place = frame.columns.index("source_file_id")
    assert named.columns == [*frame.columns[: place + 1], "file", *frame.columns[place + 1 :]]
    assert named["file"].to_list() == ["b.csv", "a.csv", None, "b.csv", "a.csv"]
    assert named.drop("file").equals(frame)


# --------------------------------------------------------------------------- summaries


def counted(*rows: dict[str, Any], number: str | None = None) -> Summary:
    return summary(event_frame(*rows).lazy(), number)


def began(*moments: dt.datetime) -> Sequence[dict[str, Any]]:
    return [{"started_at_local": moment} for moment in moments]


def test_of_no_events_each_hour_and_weekday_counts_none() -> None:
    none = counted()
    assert (none.events, none.months, none.counterparts) == (0, (), ())
    assert none.hours == tuple((f"{hour:02}", 0) for hour in range(24))
    weekdays = "Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"
    assert none.weekdays == tuple((name, 0) for name in weekdays)


def test_events_are_counted_by_month_in_the_order_of_time() -> None:
    days = [(2026, 2, 1), (2025, 12, 31), (2026, 1, 31), (2026, 2, 28), (2025, 2, 1)]
    told = counted(*began(*(dt.datetime(*day) for day in days)))
    assert told.events == 5
    assert told.months == (("2025-02", 1), ("2025-12", 1), ("2026-01", 1), ("2026-02", 2))


def test_events_are_counted_by_hour_and_weekday() -> None:
    # the first of June 2026 is a Monday
    midnight, late = dt.datetime(2026, 6, 1), dt.datetime(2026, 6, 7, 23, 59, 59)
    told = counted(*began(midnight, late, late, dt.datetime(2026, 6, 2, 9)))
    assert {hour: number for hour, number in told.hours if number} == {"00": 1, "09": 1, "23": 2}
    assert [hour for hour, _ in told.hours] == [f"{hour:02}" for hour in range(24)]
    assert told.weekdays == (
        *(("Mon", 1), ("Tue", 1), ("Wed", 0), ("Thu", 0)),
        *(("Fri", 0), ("Sat", 0), ("Sun", 2)),
    )


def test_the_clock_is_the_file_s_and_utc_where_it_tells_none() -> None:
    utc = dt.datetime(2026, 6, 1, 3, tzinfo=dt.UTC)
    evening = dt.datetime(2026, 5, 31, 23)
    told = counted(
        {"started_at": utc, "started_at_local": evening},
        {"started_at": utc, "started_at_local": None},
        {"started_at": None, "started_at_local": None},
    )
    assert told.events == 3
    assert told.months == (("2026-05", 1), ("2026-06", 1))
    assert [hour for hour, number in told.hours if number] == ["03", "23"]
    assert [day for day, number in told.weekdays if number] == ["Mon", "Sun"]


A, B, C = "+12125550111", "+12125550112", "+12125550113"


@pytest.mark.parametrize(
    ("caller", "called", "line", "counterpart"),
    [
        (LINE, A, LINE, A),
        (A, LINE, LINE, A),
        (LINE, LINE, LINE, LINE),  # its own voicemail
        (LINE, None, LINE, None),
        (None, LINE, LINE, None),
        (None, A, LINE, A),
        (A, None, LINE, A),
        # whose line it is, is not told, or it is neither's: who was called
        (A, B, None, B),
        (A, B, LINE, B),
        (A, None, None, A),
        (None, None, LINE, None),
    ],
)
def test_the_counterpart_is_the_party_that_is_not_the_line(
    caller: str | None, called: str | None, line: str | None, counterpart: str | None
) -> None:
    row = {"from_number": caller, "to_number": called, "subscriber_number": line}
    told = counted(row)
    assert told.events == 1
    assert told.counterparts == (((counterpart, 1),) if counterpart else ())


@pytest.mark.parametrize(
    ("caller", "called", "counterpart"),
    [(A, B, B), (B, A, B), (A, None, None), (None, A, None), (C, B, B), (C, None, C)],
)
@pytest.mark.parametrize("number", [A, "212-555-0111"])
def test_with_a_number_the_counterpart_is_the_party_that_is_not_the_number(
    number: str, caller: str | None, called: str | None, counterpart: str | None
) -> None:
    """Whosever line it is: both stand in the records of a third."""
    for line in (B, C, None):
        row = {"from_number": caller, "to_number": called, "subscriber_number": line}
        expected = ((counterpart, 1),) if counterpart else ()
        assert counted(row, number=number).counterparts == expected


def test_the_ten_commonest_counterparts_are_told_of_unmasked_and_equals_by_number() -> None:
    parties = [f"+121255501{nth:02}" for nth in range(20, 33)]
    rows = [{"to_number": party} for party in reversed(parties)]
    rows += [{"to_number": parties[12]}] * 2 + [{"to_number": parties[5]}]
    told = counted(*rows)
    assert told.events == 16
    assert told.counterparts == (
        (parties[12], 3),
        (parties[5], 2),
        *((party, 1) for party in [*parties[:5], *parties[6:9]]),
    )
