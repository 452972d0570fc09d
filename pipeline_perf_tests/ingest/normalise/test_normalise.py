"""Normalising: texts become the values that they denote, by decisions about columns and never
about cells.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from decimal import Decimal
from typing import Literal

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline_perf.ingest.errors import NeedsMapping
from pipeline_perf.ingest.layout.model import Field, Legs, Override, Table
from pipeline_perf.ingest.normalise.amounts import seconds
from pipeline_perf.ingest.normalise.normalise import event_ids
from pipeline_perf_tests.ingest.normalise.typed_rows import ISO, Cells, table, typed

property_test = settings(max_examples=80, deadline=None)


# --------------------------------------------------------------------------- durations


def test_a_duration_is_the_same_number_alone_and_among_others() -> None:
    for form, text in (("tenths", "5993"), ("minutes", "0.7"), ("seconds", "0.1")):
        alone, among = (
            pl.DataFrame({"t": [text] * n}).select(seconds(pl.col("t"), form))["t"] for n in (1, 3)
        )
        assert alone[0] == among[0] == among[2]


@pytest.mark.parametrize(
    ("form", "texts", "expected"),
    [
        # typed as M:S, taken for H:M, and shown with seconds from a day on
        ("clock", ["1:01", "75:02:00", "0:03"], [61, 4502, 3]),
        ("minute_clock", ["1:01", "75:02:00", "0:03"], [61, 4502, 3]),
        ("minute_clock", ["75:02:00"], [4502]),
        # or in all cells
        ("minute_clock", ["1:01:00", "0:03:00", "12:07:00"], [61, 3, 727]),
        ("minute_clock", ["1:01:00 AM", "12:03:00 AM", "12:07:00 PM"], [61, 3, 727]),
        # hours of their own
        ("minute_clock", ["1:01:00", "0:03:07"], [3660, 187]),
        ("minute_clock", ["12:01:01 AM", "12:03:00 AM"], [61, 180]),
        ("clock", ["1:01", "75:02:00", "1:00:07"], [61, 270120, 3607]),
        ("clock", ["1:01", "24:00:00"], [61, 86400]),
        ("clock", ["1:01:00", "0:03:00"], [3660, 180]),
        # nothing tells which
        ("minute_clock", ["1:01", "2:05:00"], [61, None]),
        ("clock", ["0:01:01", "0:02"], [61, None]),
    ],
)
def test_what_the_hours_of_a_clock_are_the_whole_column_tells(form, texts, expected) -> None:
    cells = {"Time": ["2026-01-01 10:00:00"] * len(texts), "Lasted": texts}
    found = typed(cells, table(duration_s=Field(("Lasted",), form=form)))
    assert found["duration_s"].to_list() == expected
    assert found["unreadable.duration_s"].to_list() == [value is None for value in expected]


@pytest.mark.parametrize(
    ("form", "text", "expected"),
    [
        ("seconds", "0", 0), ("seconds", "58", 58), ("seconds", "1,234", 1234),
        ("seconds", "1.5", 1.5), ("seconds", "1:07", None),
        ("seconds", "inf", None), ("seconds", "nan", None), ("seconds", "abc", None),
        ("iso", "PT24S", 24), ("iso", "PT1H0M2.5S", 3602.5), ("iso", "P1DT1M", 86460),
        ("iso", "PT", None), ("iso", "P1Y", None),
        ("iso", "24", None),
        ("minutes", "2", 120), ("minutes", "0.30", 18), ("minutes", "2:00", None),
        ("clock", "5", 5), ("clock", "0:05", 5), ("clock", "1:07", 67), ("clock", "101:07", 6067),
        ("clock", "1:02:03", 3723),
        ("clock", "0123:04:05", 443045), ("clock", "0:01.5", 1.5), ("clock", "1:60", None),
        ("clock", "1:60:00", None),
        ("clock", "-1", None), ("clock", "1:2:3:4", None), ("clock", ":05", None),
        ("clock", "5:", None), ("clock", " 1 : 02 ", 62),
        ("hour_clock", "0:05", 300), ("hour_clock", "101:07", 364020),
        ("hour_clock", "1:02:03", 3723), ("hour_clock", "5", None),
        ("clock", "12:01:01 AM", 61), ("clock", "1:00:05 p.m.", 46805),
        ("clock", "13:01:01 AM", None),
        ("clock", "12:01 AM", None), ("clock", "1899-12-30 00:01:01", 61),
        ("clock", "1900-01-00 00:01:01", 61), ("clock", "1900-01-03 03:02:00", None),
        ("clock", "3 days 03:02:00", 270120), ("clock", "0 days, 0:01:01", 61),
        ("hour_clock", "12:01:01 AM", 61),
        ("minute_clock", "1:01", 61), ("minute_clock", "75:02", 4502), ("minute_clock", "61", None),
        ("hhmmss", "000130", 90), ("hhmmss", "130", 90), ("hhmmss", "01010203", 363723),
        ("hhmmss", "000060", None),
        ("hhmmss", "00:01", None),
        ("tenths", "0000905", 90.5), ("tenths", "-5", None), ("tenths", "1.5", None),
        ("words", "1h 2m 3s", 3723), ("words", "1m 2s", 62), ("words", "0 m 28 s", 28),
        ("words", "2 hrs 5 mins", 7500),
        ("words", "90 sec", 90), ("words", "1 Minute 2 Seconds", 62), ("words", "1h2m3s", 3723),
        ("words", "45", None),
        ("words", "3s 1m", None),
    ],
)  # fmt: skip
def test_a_duration_is_read_in_the_form_that_its_column_has(form, text, expected) -> None:
    assert pl.select(seconds(pl.lit(text), form)).item() == expected


@given(st.integers(0, 200), st.integers(0, 59), st.integers(0, 59))
@property_test
def test_every_print_of_a_length_of_time_is_the_same_length(hours, minutes, rest) -> None:
    length = hours * 3600 + minutes * 60 + rest
    prints = {
        "clock": [
            f"{hours}:{minutes:02}:{rest:02}",
            f"{hours * 60 + minutes}:{rest:02}",
            f"{length}",
        ],
        "hour_clock": [f"{hours:04}:{minutes:02}:{rest:02}"],
        "hhmmss": [f"{hours:04}{minutes:02}{rest:02}"],
        "words": [f"{hours}h {minutes}m {rest}s", f"{hours} hours {minutes} min. {rest} sec."],
        "tenths": [f"{length * 10}"],
        "seconds": [f"{length}", f"{length:,}"],
    }
    for form, texts in prints.items():
        assert pl.DataFrame({"t": texts}).select(
            seconds(pl.col("t"), form)
        ).to_series().to_list() == [length] * len(texts)


def test_a_missing_duration_comes_from_the_end_of_the_call_and_is_counted_as_a_correction() -> None:
    end = Field(("End",), formats=ISO.formats)
    found = typed(
        {
            "Time": ["2026-01-01 10:00:00"] * 3,
            "End": ["2026-01-01 10:01:05", "junk", None],
            "Sec": [None, "7", None],
        },
        table(duration_s=Field(("Sec",), form="seconds"), ended_at=end),
    )
    assert found["duration_s"].to_list() == [65, 7, None]
    assert found["corrected.duration_from_end"].to_list() == [True, False, False]
    assert found["unreadable.ended_at"].to_list() == [False, True, False]


# --------------------------------------------------------------------------- parties

A, B = "+12125550101", "+12125550102"


def parties(of: Table, cells: Cells, **options: str) -> list[tuple[str | None, ...]]:
    count = len(next(iter(cells.values())))
    found = typed({"Time": ["2026-01-01 10:00:00"] * count, **cells}, of, **options)
    return found.select("direction", "subscriber_number", "from_number", "to_number").rows()


def test_the_direction_follows_from_which_party_the_subscriber_is() -> None:
    of = table(
        from_number=Field(("From",)),
        to_number=Field(("To",)),
        direction=Field(("Way",), map={"F": "forwarded"}, derive="subscriber"),
    )
    cells = {"From": ["2125550101", "2125550102", "2125550102", "2125550101", "2125550101"],
             "To": ["2125550102", "(212) 555-0101", "2125550103", "2125550101", "2125550102"],
             "Way": ["?", None, None, None, "f"]}  # fmt: skip
    assert [row[0] for row in parties(of, cells, subscriber=A)] == [
        "outbound",
        "inbound",
        "unknown",
        "unknown",
        "forwarded",
    ]
    assert [row[0] for row in parties(of, cells)] == ["unknown"] * 4 + ["forwarded"]


def test_the_subscriber_follows_from_the_direction() -> None:
    of = table(
        from_number=Field(("From",)),
        to_number=Field(("To",)),
        direction=Field(("Way",), map={"o": "outbound", "i": "inbound"}),
        subscriber_number=Field(derive="direction"),
    )
    cells = {"From": ["2125550101"] * 3, "To": ["2125550102"] * 3, "Way": ["O", "I", "?"]}
    assert parties(of, cells) == [
        ("outbound", A, A, B),
        ("inbound", B, A, B),
        ("unknown", None, A, B),
    ]


def test_the_counterpart_is_the_caller_of_what_comes_in_and_the_called_of_all_else() -> None:
    of = table(
        direction=Field(("Way",), map={"i": "inbound"}, default="outbound"),
        counterpart=Field(("Number",)),
    )
    cells = {"Way": ["O", "I", "O"], "Number": ["2125550102", "2125550102", "Restricted"]}
    assert parties(of, cells, subscriber=A) == [
        ("outbound", A, A, B),
        ("inbound", A, B, A),
        ("outbound", A, A, "Restricted"),
    ]


def test_who_called_is_left_open_where_the_direction_is() -> None:
    way = Field(("Way",), map={"i": "inbound", "x": "unknown"})
    of = table(direction=way, counterpart=Field(("Number",)))
    cells = {
        "Time": ["2026-01-01 10:00:00"] * 5,
        "Way": ["I", "X", "Q", None, "Q"],
        "Number": ["2125550102"] * 4 + [None],
    }
    found = typed(cells, of, subscriber=A)
    assert found["from_number"].to_list() == [B, None, None, None, None]
    assert found["subscriber_number"].to_list() == [A] * 5
    # which of the two called, no code tells: better asked about than guessed
    assert found["unreadable.direction"].to_list() == [False, False, True, True, False]
    assert found["unmapped.direction"].to_list() == [None, None, "Q", None, "Q"]
    of = table(counterpart=Field(("Number",)))
    assert parties(of, {"Number": ["2125550102"]}, subscriber=A) == [("unknown", A, None, B)]


def test_a_code_that_something_else_explains_is_not_called_unmapped() -> None:
    of = table(
        event_type=Field(("Kind",), map={"V": "call"}),
        direction=Field(("Way",), map={"I": "inbound"}, default="outbound"),
        answered=Field(("Kind",), match={"V": "true"}),
    )
    override = Override({"Kind": "^T"}, {"event_type": Field(value="sms")})
    of = dataclasses.replace(of, overrides=(override,))
    cells = {
        "Time": ["2026-01-01 10:00:00"] * 4,
        "Kind": ["v", "T1", "MMS", None],
        "Way": ["?"] * 4,
    }
    found = typed(cells, of)
    assert found["event_type"].to_list() == ["call", "sms", None, None]
    assert found["unmapped.event_type"].to_list() == [None, None, "MMS", None]
    assert [c for c in found.columns if c.startswith("unmapped.")] == ["unmapped.event_type"]


@pytest.mark.parametrize(
    "word", ["NULL", r"\N", "(null)", "None", "N/A", "-", "unknown", "k.A.", "Desconocido", "#N/A"]
)
def test_a_word_for_nothing_is_nothing_and_does_not_win_over_a_value(word) -> None:
    of = table(
        from_number=Field(("Shown", "Real"), combine="first"),
        to_number=Field(("To",)),
        subscriber_number=Field(("Line",)),
        duration_s=Field(("Seconds",)),
        ended_at=Field(("End",), formats=ISO.formats),
        event_type=Field(("Kind",), map={word: "other"}),
        imei=Field(("Device",), match={"(?i)^.": "known"}),
    )
    cells = {title: [word] for title in ("Shown", "To", "Line", "Seconds", "End", "Kind", "Device")}
    found = typed(
        {"Time": ["2026-01-01 10:00:00"], "Real": ["2125550102"], **cells}, of, subscriber=A
    )
    assert found.select("from_number", "to_number", "subscriber_number").row(0) == (B, None, A)
    assert found.select("duration_s", "event_type", "imei").row(0) == (None, "other", "known")
    assert not any(found.select(pl.col("^unreadable.*$")).row(0))


def test_whole_numbers_of_which_a_program_made_decimals_are_whole_numbers() -> None:
    of = table(
        started_at=Field(("Day", "Clock"), formats=("%Y%m%d %H%M%S",)),
        event_type=Field(("Kind",), map={"1": "call", "2": "sms"}),
        from_number=Field(("From",)),
        call_id=Field(("Id",)),
        imei=Field(("Device",)),
    )
    cells = {
        "Day": ["20260101.0"] * 2, "Clock": ["101500.0", "101501.0"], "Kind": ["1.0", "2.0"],
        "From": ["2125550101.0", "+1 212 555 0102"], "Id": ["17.0", "18.0"],
        "Device": ["350000000000001.0", None],
    }  # fmt: skip
    found = typed(cells, of)
    assert found["event_type"].to_list() == ["call", "sms"]
    assert found["from_number"].to_list() == [A, B]
    assert found["call_id"].to_list() == ["17", "18"]
    assert found["imei"].to_list() == ["350000000000001", None]
    assert found["started_at_local"].to_list() == [
        dt.datetime(2026, 1, 1, 10, 15), dt.datetime(2026, 1, 1, 10, 15, 1)
    ]  # fmt: skip


def test_a_point_and_zero_among_other_decimals_is_their_own() -> None:
    cells = {"Time": ["2026-01-01 10:00:00"] * 2, "Id": ["1767261600.0", "1767261600.1"]}
    ids = typed(cells, table(call_id=Field(("Id",))))["call_id"]
    assert ids.to_list() == cells["Id"]


def test_marks_that_nobody_sees_and_marks_of_a_text_are_no_part_of_it() -> None:
    cells = {
        "Time": ["'2026-01-01 10:00:00", "\u200e2026-01-01 10:00:01", '="2026-01-01 10:00:02"'],
        "From": ["\u202a+1 212-555-0101\u202c", "'2125550101", '="2125550101"'],
        "Way": ["'I", "\u2066I\u2069", '="I"'],
        "Seconds": ["'7", "7\ufeff", '="7"'],
    }
    of = table(
        from_number=Field(("From",)),
        direction=Field(("Way",), map={"I": "inbound"}),
        duration_s=Field(("Seconds",)),
    )
    found = typed(cells, of)
    assert found["from_number"].to_list() == [A] * 3
    assert found["direction"].to_list() == ["inbound"] * 3
    assert found["duration_s"].to_list() == [7.0] * 3
    assert found["started_at"].dt.second().to_list() == [0, 1, 2]
    assert not found["unreadable.started_at"].any()


def test_the_subscriber_comes_from_the_row_then_the_section_then_the_user() -> None:
    of = table(from_number=Field(("From",)), subscriber_number=Field(("Line",)))
    cells = {"Time": ["2026-01-01 10:00:00"] * 2, "From": [B, B], "Line": ["2125550103", None]}
    assert typed(cells, of, subscriber=A)["subscriber_number"].to_list() == ["+12125550103", A]
    found = typed(
        cells,
        table(from_number=Field(("From",))),
        context={"subscriber": ["2125550102", None]},
        subscriber=A,
    )
    assert found["subscriber_number"].to_list() == [B, A]


def test_an_override_replaces_fields_of_its_rows_only() -> None:
    of = Table(
        "calls",
        {
            "started_at": (ISO,),
            "event_type": (Field(value="call"),),
            "to_number": (Field(("To",)),),
        },
        header=("Time",),
        overrides=(
            Override(
                {"To": "^11"},
                {"event_type": Field(value="voicemail"), "to_number": Field(("To",), strip="^11")},
            ),
        ),
    )
    found = typed(
        {"Time": ["2026-01-01 10:00:00"] * 3, "To": ["112125550101", "2125550101", None]}, of
    )
    assert found.select("event_type", "to_number").rows() == [
        ("voicemail", A),
        ("call", A),
        ("call", None),
    ]


# --------------------------------------------------------------------------- legs

LEGS = Table(
    "calls",
    {"started_at": (ISO,), "from_number": (Field(("From",)),)},
    header=("Time",),
    legs=Legs(("from_number",), 5, {"Feature": "CF"}),
)


def test_rows_of_one_call_get_a_common_call_id_and_are_numbered_by_time() -> None:
    found = typed(
        {
            "Time": [f"2026-01-01 10:00:{s:02}" for s in (4, 0, 2, 30, 1)],
            "From": ["2125550101", "2125550101", "2125550101", "2125550101", "2125550102"],
            "Feature": ["CF", None, None, None, None],
        },
        LEGS,
    )
    assert found["leg_no"].to_list() == [3, 1, 2, None, None]
    ids = found["call_id"].to_list()
    assert ids[0] == ids[1] == ids[2] and len(ids[0]) == 16
    assert ids[3:] == [None, None]


def test_rows_of_which_none_was_sent_on_are_calls_of_their_own() -> None:
    found = typed(
        {"Time": ["2026-01-01 10:00:00"] * 2, "From": ["2125550101"] * 2, "Feature": [None, None]},
        LEGS,
    )
    assert found["call_id"].to_list() == [None, None]


def test_dates_of_which_most_are_none_but_with_day_and_month_exchanged_are_asked_about() -> None:
    us = Field(("Time",), formats=("%m/%d/%Y %H:%M",))
    saved_elsewhere = [f"{day:02}/03/2010 10:00" for day in range(1, 32)]
    with pytest.raises(
        NeedsMapping,
        match=r"column Time: 19 dates read only as %d/%m/%Y %H:%M, 12 as %m/%d/%Y %H:%M",
    ):
        typed({"Time": saved_elsewhere}, table(started_at=us))
    slips = [f"03/{day:02}/2010 10:00" for day in range(1, 32)] + [
        "18/03/2010 10:00",
        "13/45/2010 10:00",
    ]
    assert typed({"Time": slips}, table(started_at=us))["started_at"].null_count() == 2


# --------------------------------------------------------------------------- other values


def test_what_keeps_excel_from_taking_a_text_for_a_number_is_no_part_of_it() -> None:
    cells = {
        "Time": ['="2026-01-01 10:00:00"', "2026-01-01 10:00:01"],
        "From": ['="2125550101"', '="12125550102"'],
        "Seconds": ['="7"', None],
    }
    found = typed(cells, table(from_number=Field(("From",)), duration_s=Field(("Seconds",))))
    assert found["from_number"].to_list() == ["+12125550101", "+12125550102"]
    assert found["duration_s"].to_list() == [7.0, None]
    assert found["started_at"].null_count() == 0


def test_amounts_are_exact_and_their_decoration_falls_off() -> None:
    cells = {
        "Time": ["2026-01-01 10:00:00"] * 6,
        "Cost": ["$1,234.50", "(5.00)", "-0.10", "0.123456", None, "free"],
    }
    found = typed(cells, table(charge=Field(("Cost",))))
    amounts = ["1234.50", "-5.00", "-0.10", "0.123456", None, None]
    assert found["charge"].to_list() == [
        text and Decimal(text).quantize(Decimal("0.000001")) for text in amounts
    ]
    assert found["unreadable.charge"].to_list() == [False] * 5 + [True]


@pytest.mark.parametrize(
    ("decimal", "amounts"),
    [
        (
            ".",
            {
                "0.15": "0.15",
                "1,250.50": "1250.5",
                "1,00,000": "100000",
                "1 250.5": "1250.5",
                "0,15": None,
                "12,5": None,
            },
        ),
        (
            ",",
            {
                "0,15": "0.15",
                "1.250,50": "1250.5",
                "1 250": "1250",
                "1250": "1250",
                "1'250,5": "1250.5",
                "0.15": None,
                "1.25": None,
            },
        ),
    ],
)
def test_a_separator_that_stands_between_no_thousands_makes_no_number(
    decimal: Literal[".", ","], amounts: dict[str, str | None]
) -> None:
    """Neither a charge nor a duration nor a volume is a hundred times what was written."""
    fields = {
        "charge": Field(("A",), decimal=decimal, scale=0.01),
        "duration_s": Field(("A",), decimal=decimal),
        "bytes_total": Field(("A",), decimal=decimal, scale=1000.0),
    }
    found = typed(
        {"Time": ["2026-01-01 10:00:00"] * len(amounts), "A": list(amounts)}, table(**fields)
    )
    values = [text and Decimal(text) for text in amounts.values()]
    assert found["charge"].to_list() == [value and value / 100 for value in values]
    assert found["duration_s"].to_list() == [value and float(value) for value in values]
    assert found["bytes_total"].to_list() == [value and int(value * 1000) for value in values]
    for name in fields:
        assert found[f"unreadable.{name}"].to_list() == [value is None for value in values]


def test_volumes_add_up_and_half_a_volume_is_the_half_that_is_known() -> None:
    cells = {
        "Time": ["2026-01-01 10:00:00"] * 4,
        "Up": ["1,000", "7", None, "x"],
        "Down": ["24", None, None, "5"],
    }
    found = typed(cells, table(bytes_total=Field(("Up", "Down"), combine="add")))
    assert found["bytes_total"].to_list() == [1024, 7, None, None]
    assert found["unreadable.bytes_total"].to_list() == [False, False, False, True]


def test_positions_in_the_wrong_order_are_turned_round_only_where_that_is_certain() -> None:
    cells = {
        "Time": ["2026-01-01 10:00:00"] * 4,
        "Lat": ["-118.2", "40.7", "95", "-100"],
        "Lon": ["34.0", "-73.9", "100", None],
    }
    found = typed(cells, table(latitude=Field(("Lat",)), longitude=Field(("Lon",))))
    assert found.select("latitude", "longitude").rows() == [
        (34.0, -118.2),
        (40.7, -73.9),
        (95.0, 100.0),
        (-100.0, None),
    ]
    assert found["corrected.coordinates_swapped"].to_list() == [True, False, False, False]


@given(st.text("0123456789abcdef", min_size=16, max_size=16), st.integers(0, 2**40))
@property_test
def test_event_ids_are_one_to_one_within_a_file(file, start) -> None:
    assert event_ids(file, np.arange(start, start + 1000)).n_unique() == 1000


def test_event_ids_never_change_from_one_version_to_the_next() -> None:
    mask = 2**64 - 1
    wanted = []
    for record_no in (1, 2, 10**12):  # SplitMix64's finaliser, in whole numbers
        z = (record_no + 0xF123456789ABCDEF) & mask
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & mask
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & mask
        z ^= z >> 31
        wanted.append(z - 2**64 if z >= 2**63 else z)
    assert event_ids("f123456789abcdef", np.array([1, 2, 10**12])).to_list() == wanted


# --------------------------------------------------------------------------- distinct values

RICH = Table(
    "calls",
    {
        "started_at": (ISO,),
        "event_type": (Field(("Kind",), match={"(?i)sms": "sms"}, default="call"),),
        "duration_s": (Field(("Sec",), form="clock", missing=("-1",)),),
        "from_number": (Field(("From",), strip=r"\s*\([A-Z]\)$"),),
        "to_number": (Field(("To", "Dialled"), combine="first"),),
        "direction": (Field(("Kind",), match={"^MO": "outbound"}, derive="subscriber"),),
        "charge": (Field(("Cost",)),),
        "cell_first": (Field(("Cell",), pick=r"^\[([^:\]]+)"),),
        "answered": (Field(derive="answered"),),
    },
    header=("Time",),
    overrides=(Override({"From": r"\(F\)"}, {"direction": Field(value="forwarded")}),),
)  # fmt: skip
CELL = st.sampled_from([None, "", " ", "-1", "1:07", "junk", "5"])
ROW = st.tuples(
    st.sampled_from(["2026-01-01 10:00:00", "junk", None]),
    st.sampled_from(["MO SMS", "MT", None, ""]),
    CELL,
    st.sampled_from(["2125550101 (F)", "2125550101", "x", None]),
    CELL,
    st.sampled_from(["2125550102", None]),
    CELL,
    st.sampled_from(["[1:2]", "[]", None]),
)


@given(st.lists(ROW, min_size=1, max_size=5), st.integers(2, 4))
@settings(max_examples=20, deadline=None)
def test_values_worked_out_once_per_distinct_text_are_those_of_each_row_by_itself(
    rows, times
) -> None:
    titles = ("Time", "Kind", "Sec", "From", "To", "Dialled", "Cost", "Cell")
    found = typed(
        dict(zip(titles, zip(*(rows * times), strict=True), strict=True)), RICH, subscriber=A
    )
    for k, row in enumerate(rows):
        alone = typed(
            dict(zip(titles, ([cell] for cell in row), strict=True)),
            RICH,
            subscriber=A,
            first=k + 1,
        )
        # a column of no times has no form
        columns = [name for name in alone.columns if row[0] or name != "time_resolution_s"]
        assert alone.select(columns).equals(found[k].select(columns))
