"""What a column means by its title and values alone: times, durations, charges, codes, numbers."""

from __future__ import annotations

import pytest

from pipeline_perf.ingest.mapping.amounts import charge_of, duration_of
from pipeline_perf.ingest.mapping.codes import coded_column
from pipeline_perf.ingest.mapping.moments import is_american, start_of
from pipeline_perf.ingest.mapping.parties import parties_of, region_of
from pipeline_perf.ingest.mapping.words import TYPE, TYPES, WAYS

DAY, CLOCK = ["2024-02-13", "2024-02-14"], ["10:15:00", "11:20:00"]
OPEN_TIME = "{column: '???', formats: ['%Y-%m-%d %H:%M:%S']}"


def time_of(*values: str, title: str = "a") -> str:
    return start_of({title: list(values)})[0]


def one_form(form: str) -> str:
    return f"{{column: 'a', formats: ['{form}']}}"


# --------------------------------------------------------------------------- times


@pytest.mark.parametrize(
    ("value", "form"),
    [
        ("1990-01-01 00:00", "%Y-%m-%d %H:%M"),
        ("1989-12-31 00:00", ""),
        ("2060-12-31 00:00", "%Y-%m-%d %H:%M"),
        ("2061-01-01 00:00", ""),
        ("1706955300", "epoch"),
        ("170695530", ""),  # a digit less
        ("17069553000", ""),
        ("2706955300", ""),  # beyond 2033 it is a telephone number rather
        ("1706955300123", "epoch_ms"),
        ("17069553001234", ""),
        ("20240213101500", "%Y%m%d%H%M%S"),
        ("202402131015", "%Y%m%d%H%M"),
        ("2024021310150", ""),  # no part lacks a digit
        ("13.02.2024 10h15", "%d.%m.%Y %Hh%M"),
        ("2024-02-13T101500", "%Y-%m-%dT%H%M%S"),
        ("2024-02-13T10.15.00", "%Y-%m-%dT%H.%M.%S"),
    ],
)
def test_a_moment_is_known_by_its_form_and_lies_in_the_time_of_telephones(
    value: str, form: str
) -> None:
    assert time_of(value) == (one_form(form) if form else OPEN_TIME)


def test_an_epoch_is_one_in_every_row() -> None:
    assert time_of("1706955300", "1706955301") == one_form("epoch")
    assert time_of("1706955300", "2125550101") == OPEN_TIME


@pytest.mark.parametrize("damaged", ["?", "2024-02-30 10:15", "2024-02-13 25:00"])
def test_a_fifth_of_the_times_may_be_damaged(damaged: str) -> None:
    good = "2024-02-13 10:15"
    assert time_of(*[good] * 4, damaged) == one_form("%Y-%m-%d %H:%M")
    assert time_of(*[good] * 7, damaged, damaged) == OPEN_TIME


def test_date_and_clock_stand_in_two_columns_or_it_is_no_time() -> None:
    told = "{column: ['d', 'c'], formats: ['%Y-%m-%d %H:%M:%S']}"
    assert start_of({"c": CLOCK, "d": DAY}) == (told, {"d", "c"})
    for alone in ({"d": DAY}, {"c": CLOCK}, {}, {"d": DAY, "Duration": CLOCK}):
        assert start_of(alone) == (OPEN_TIME, set())


WHOLE = [f"{day} {clock}" for day, clock in zip(DAY, CLOCK, strict=True)]


@pytest.mark.parametrize(
    ("titles", "chosen"),
    [
        (("End", "Start"), "Start"),
        (("End", "Answered"), "Answered"),
        (("Answered", "x"), "x"),
        (("x", "Date"), "Date"),
        (("Date", "Start"), "Start"),
        (("Start", "Start (UTC)"), "Start (UTC)"),
        (("x", "y"), "x"),
    ],
)
def test_of_several_times_the_one_that_begins_the_call_is_taken(
    titles: tuple[str, ...], chosen: str
) -> None:
    assert start_of(dict.fromkeys(titles, WHOLE))[1] == {chosen}


def test_two_columns_that_begin_the_call_are_before_one_that_ends_it() -> None:
    begun = {"Start date": DAY, "Start time": CLOCK}
    assert start_of({"End": WHOLE, **begun})[1] == {*begun}
    assert start_of({"End": WHOLE, "Start date": DAY})[1] == {"End"}
    assert start_of({"Start": WHOLE, **begun})[1] == {"Start"}
    later = {"End": WHOLE, **begun, "Billing date": DAY, "End time": CLOCK}
    assert start_of(later)[1] == {*begun}
    assert start_of({"End": WHOLE})[0].endswith("'], tells: end}")
    assert start_of({"Answered": WHOLE})[0].endswith("']}")


@pytest.mark.parametrize(
    ("title", "value", "zone"),
    [
        ("Start (UTC)", WHOLE[0], ", zone: 'UTC'"),
        ("Start (UTC)", "2024-02-13T10:15:00Z", ""),
        ("Start (UTC)", "1706955300", ""),
        ("Start (GMT-5)", WHOLE[0], ", zone: 'Etc/GMT+5'"),
        ("Start (GMT+0)", WHOLE[0], ", zone: 'UTC'"),
        ("Start (GMT+05:30)", WHOLE[0], ", zone: '???'"),
        ("Start (Europe/Paris)", WHOLE[0], ", zone: 'Europe/Paris'"),
        ("Start (Europe/Paris, UTC)", WHOLE[0], ", zone: '???'"),
        ("Start (Zulu/Nowhere)", WHOLE[0], ", zone: 'UTC'"),
        ("Start", WHOLE[0], ""),
    ],
)
def test_a_title_tells_the_zone_of_times_that_have_none(title: str, value: str, zone: str) -> None:
    assert start_of({title: [value]})[0].partition("']")[2] == f"{zone}}}"


def test_dates_are_american_where_the_month_can_only_be_first() -> None:
    assert is_american("%m/%d/%Y") and not is_american("%Y-%m-%d")
    assert not is_american("%m/%d/%Y, %d/%m/%Y")


# --------------------------------------------------------------------------- durations, charges


@pytest.mark.parametrize(
    ("title", "values", "form"),
    [
        ("Duration", ["5", "21601", "7"], "seconds"),
        ("Duration", ["5", "21601", "21600"], "seconds"),
        ("Duration", ["5", "21601"], "seconds"),  # not most of them
        ("Duration", ["5", "21601", "21601"], "'???'"),  # too long for calls
        ("Duration", ["21600"], "seconds"),
        ("Duration", ["1000", "2000", "0"], "'???'"),  # milliseconds rather
        ("Duration", ["1000", "1000"], "seconds"),
        ("Duration", ["1000", "2001"], "seconds"),
        ("Duration", ["1.5", "120"], "'???'"),  # small, and with fractions: minutes?
        ("Duration", ["1.5", "120.5"], "seconds"),
        ("Duration", ["1.0", "2.00"], "seconds"),
        ("Duration", ["000105", "010000"], "'???'"),  # hhmmss?
        ("Duration", ["000165", "010000"], "seconds"),
        ("Duration", ["000105", "10000"], "seconds"),
        ("Duration hhmmss", ["000105"], "hhmmss"),
        ("Duration hhmmss", ["000105.5"], "'???'"),
        ("Duration hhmmss", ["000105.0"], "hhmmss"),
        ("Duration (min)", ["1", "2"], "minutes, resolution: 60"),
        ("Duration (min)", ["1.5", "2"], "minutes"),
        ("Duration (min)", ["1.75", "2.05"], "minutes"),
        ("Duration (min)", ["1.59", "2.05"], "'???'"),  # a minute and 59 seconds?
        ("Duration (sec)", ["1.5"], "seconds"),
        ("Duration (sec)", ["1,5"], "seconds, decimal: ','"),
        ("Duration (min sec)", ["5"], "'???'"),
        ("Duration (ms)", ["5000"], "seconds, scale: 0.001"),
        ("Duration (h)", ["5"], "seconds, scale: 3600"),
        ("Duration", ["1:05", "1:00:05"], "clock"),
        ("Duration (m:ss)", ["1:05"], "minute_clock"),
        ("Duration (h:mm:ss)", ["1:05"], "clock"),
        ("Duration (hh:mm)", ["1:05"], "hour_clock"),
        ("x", ["1:05"], "clock"),
        ("Duration", ["1h 2m", "5s"], "words"),
        ("Duration", ["PT1M5S"], "iso"),
        ("Duration", ["PT"], ""),
        ("Duration", ["soon"], ""),
        ("x", ["1h 2m"], ""),
        ("x", ["5"], ""),
        ("Ring duration", ["5"], ""),
        ("Ring to talk time", ["5"], "seconds"),
    ],
)
def test_the_unit_of_a_duration_is_told_or_left_open(
    title: str, values: list[str], form: str
) -> None:
    told = f"{{column: '{title}', form: {form}}}" if form else ""
    assert duration_of({title: values}) == told


def test_a_column_of_waiting_does_not_hide_the_one_behind_it() -> None:
    assert duration_of({"Ring time": ["1:05"], "x": ["1:06"]}) == "{column: 'x', form: clock}"


def test_of_several_durations_the_one_of_the_talk_is_taken() -> None:
    several = {"x": ["1:05"], "Duration": ["5"], "Talk time": ["4"]}
    assert duration_of(several).startswith("{column: 'Talk time'")
    del several["Talk time"]
    assert duration_of(several).startswith("{column: 'Duration'")


@pytest.mark.parametrize(
    ("values", "told"),
    [
        (["$1.50", "(2)"], "{column: 'Cost'}"),
        (["1,50 €"], "{column: 'Cost', decimal: ','}"),
        (["1,5"], "{column: 'Cost', decimal: ','}"),
        (["1,500"], "{column: 'Cost'}"),  # a thousand and a half
        (["0,500"], "{column: 'Cost', decimal: ','}"),
        (["1,5000"], "{column: 'Cost', decimal: ','}"),
        (["free"], ""),
        (["1", "free"], ""),
        ([], ""),
    ],
)
def test_a_charge_is_an_amount_below_its_title(values: list[str], told: str) -> None:
    assert charge_of({"x": ["1"], "Cost": values}) == told


# --------------------------------------------------------------------------- codes


@pytest.mark.parametrize(
    ("title", "codes", "known"),
    [
        ("Kind", ["SMS", "Voice", "MMS", "x"], ["sms", "call", "mms", "???"]),  # three of four
        ("Kind", ["SMS", "x"], None),
        ("a", ["SMS", "Voice", "x", "y"], ["sms", "call", "???", "???"]),
        ("a", ["SMS", "x"], None),
        ("a", ["SMS", "SMS"], None),
        ("a", ["SMS", "Voice", "a12"], None),  # a number, no code
        ("a", ["SMS", "Voice", "a1"], ["sms", "call", "???"]),
        ("a", ["SMS", "Voice", *"abcdef"], ["sms", "call", *["???"] * 6]),
        ("a", ["SMS", "Voice", *"abcdefg"], None),  # too many for codes
        ("a", [], None),
    ],
)
def test_types_are_told_by_a_few_codes(
    title: str, codes: list[str], known: list[str] | None
) -> None:
    told = {title: dict(zip(codes, known, strict=True))} if known else {}
    assert coded_column({title: codes}, TYPES, TYPE if title == "a" else "nothing") == told


@pytest.mark.parametrize(
    ("codes", "told"),
    [
        (["I", "O"], {"I": "inbound", "O": "outbound"}),
        (["I", "O", "x"], {}),
        (["MO", "MT", "I"], {"MO": "outbound", "MT": "inbound", "I": "???"}),
    ],
)
def test_a_letter_is_a_direction_only_beside_its_opposite(
    codes: list[str], told: dict[str, str]
) -> None:
    assert coded_column({"a": codes}, WAYS, "direction") == ({"a": told} if told else {})


def test_a_column_that_is_called_so_is_asked_about_where_no_other_tells() -> None:
    titled = {"Direction 1": ["x"], "Direction 2": ["y"]}
    assert coded_column(titled, WAYS, "direction") == {"Direction 1": {"x": "???"}}
    other = {"a": ["MO", "MT"]}
    told = {"a": {"MO": "outbound", "MT": "inbound"}}
    assert coded_column(titled | other, WAYS, "direction") == told
    titled["Direction 2"] = ["MO"]
    assert coded_column(titled | other, WAYS, "direction") == {"Direction 2": {"MO": "outbound"}}


# --------------------------------------------------------------------------- numbers

ONE, OTHER = ["2125550101", "2125550101", "2125550101"], ["2125550102", "2125550103", "2125550104"]


@pytest.mark.parametrize(
    ("values", "number"),
    [
        (["5550102", "5550199"], True),  # seven digits
        (["555010", "555019"], False),
        (["212555010212345", "312555010312345"], True),  # fifteen
        (["2125550102123456", "3125550103123456"], False),
        (["(212) 555-0102", "x", "+1 312.555/0103"], True),  # most of them
        (["2125550102", "x"], False),
        (["2125550102", "2125551102", "2125551103"], False),  # they count
        (["2125550102", "2125551103", "2125551104"], True),
        (["2125550102", "2125550102", "2125550103"], True),
        (["2125550102", "2125550103"], True),  # two do not show it
        (["1706955300", "1706959999"], False),  # seconds
        (["1706955300123", "1706959999123"], False),
        (["1706955300", "2125550103"], True),
    ],
)
def test_a_number_has_seven_to_fifteen_digits_and_does_not_count(
    values: list[str], number: bool
) -> None:
    assert parties_of({"a": values}, (), {}) == ({"counterpart": "a"} if number else {}, [])


@pytest.mark.parametrize(
    ("titles", "parties", "unsure"),
    [
        (("From", "x"), {"from_number": "From", "to_number": "x"}, []),
        (("To", "x"), {"to_number": "To", "from_number": "x"}, []),
        (("Other", "x"), {"counterpart": "Other", "subscriber_number": "x"}, []),
        (("Mobile", "x"), {"subscriber_number": "Mobile", "counterpart": "x"}, []),
        (("From", "To", "x"), {"to_number": "To", "from_number": "From"}, []),
        (("From", "Other"), {"from_number": "From", "to_number": "Other"}, []),
        (("From", "x", "y"), {"from_number": "From"}, []),
        (("x", "y"), {}, ["x", "y"]),
        (("x", "y", "z"), {}, ["x", "y", "z"]),
        (("x", "Transferred"), {"counterpart": "x"}, []),
        (("Forwarded to", "To"), {"to_number": "To"}, []),
        (("x", "Account"), {"counterpart": "x"}, []),
        (("x", "Caller ID"), {"from_number": "Caller ID", "to_number": "x"}, []),
        (("x", "Amount"), {"counterpart": "x"}, []),
    ],
)
def test_titles_tell_whose_a_number_is(
    titles: tuple[str, ...], parties: dict[str, str], unsure: list[str]
) -> None:
    assert parties_of(dict.fromkeys(titles, OTHER[::-1]), (), {}) == (parties, unsure)


def rows_of(*ways: str) -> list[dict[str, str]]:
    """Rows of the line 0101: it stands in `x` where the row is outbound."""
    pairs = zip(ONE, OTHER, ways, strict=False)
    return [
        {"x": own, "y": far, "w": way} if way == "O" else {"x": far, "y": own, "w": way}
        for own, far, way in pairs
    ]


WAY = {"w": {"O": "outbound", "I": "inbound", "?": "???"}}
CALLS = {"from_number": "x", "to_number": "y"}


@pytest.mark.parametrize(
    ("rows", "parties"),
    [
        (rows_of("O", "I", "O"), CALLS),
        (rows_of("O", "I"), {}),  # too few rows to show it
        (rows_of("O", "O", "O"), {"subscriber_number": "x", "counterpart": "y"}),
        (rows_of("I", "I", "I"), {"subscriber_number": "y", "counterpart": "x"}),
        ([*rows_of("O", "I", "O"), {"x": "9", "y": "8", "w": "?"}], CALLS),
        ([*rows_of("O", "I", "O"), {"x": "9", "y": "8", "w": "O"}], {}),
    ],
)
def test_the_line_that_has_a_part_in_every_row_tells_who_calls(
    rows: list[dict[str, str]], parties: dict[str, str]
) -> None:
    columns = {"x": OTHER[::-1], "y": OTHER[::-1]}
    assert parties_of(columns, rows, WAY) == (parties, [] if parties else ["x", "y"])
    assert parties_of(columns, rows, {}) == ({}, ["x", "y"])


@pytest.mark.parametrize(
    ("numbers", "regions"),
    [
        (["(212) 555-0101"], "US US"),
        (["212-555-0101", "2125550102"], "US US"),
        (["12125550101"], "US US"),
        (["2125550101"], "ZZ US"),
        (["212-555-0101", "+44 20 7946 0000"], "US US"),
        (["212-555-0101", "030 5550101"], "ZZ ZZ"),
        (["+12125550101"], "ZZ ZZ"),
        ([], "ZZ ZZ"),
    ],
)
def test_the_notation_is_that_of_the_united_states_where_all_numbers_fit_it(
    numbers: list[str], regions: str
) -> None:
    told = [region_of(numbers, american=american) for american in (False, True)]
    assert " ".join(told) == regions
