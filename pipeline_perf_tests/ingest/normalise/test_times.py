"""Times: forms, years and dates that are not printed, ends, and zones; what is written becomes a
moment in UTC.
"""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline_perf.ingest.errors import NeedsMapping, UnreadableFile
from pipeline_perf.ingest.layout.model import Field, Table
from pipeline_perf.ingest.normalise.decide import Decisions
from pipeline_perf_tests.ingest.normalise.typed_rows import ISO, moment, table, typed

property_test = settings(max_examples=80, deadline=None)


# --------------------------------------------------------------------------- times as written


@pytest.mark.parametrize(
    ("form", "text", "expected"),
    [
        ("%m/%d/%Y %I:%M%p", "03/06/2012 6:45AM", "2012-03-06 06:45"),
        ("%m/%d/%Y %I:%M%p", "03/06/2012 6:45pm", "2012-03-06 18:45"),
        ("%m/%d/%Y %I:%M%p", "03/06/2012 12:15AM", "2012-03-06 00:15"),
        ("%m/%d/%Y %I:%M%p", "03/06/2012 12:15PM", "2012-03-06 12:15"),
        ("%m/%d/%Y %I:%M%p", "03/06/2012 6:45p", "2012-03-06 18:45"),
        ("%m/%d/%Y %I:%M%p", "03/06/2012 6:45A", "2012-03-06 06:45"),
        ("%m/%d/%Y %I:%M %p", "03/06/2012 6:45 a.m.", "2012-03-06 06:45"),
        ("%m/%d/%Y %I:%M %p", "03/06/2012 6:45 P.M.", "2012-03-06 18:45"),
        ("%m/%d/%Y %I:%M %p", "03/06/2012 6:45\u202fPM", "2012-03-06 18:45"),
        ("%m/%d/%Y %I:%M%p", "03/06/2012 13:45PM", None),
        ("%m/%d/%Y %H:%M", "8/7/2011 5:25", "2011-08-07 05:25"),
        ("%m/%d/%y %H:%M:%S", "01/02/26 03:04:05", "2026-01-02 03:04:05"),
        ("%m/%d/%Y %H:%M", "02/30/2026 10:00", None),
        ("%m/%d/%Y %H:%M", "01/02/2026 25:00", None),
        ("%m/%d/%Y %H:%M", "01/02/2026 10:00 x", None),
        ("%Y%m%d %H%M%S", "20260102 030405", "2026-01-02 03:04:05"),
        ("%Y%m%d %H%M%S", "2026012 030405", None),
        ("%Y%m%d %H%M%S", "2026111 030405", None),
        ("%y%m%d %H%M%S", "26010 030405", None),
        ("epoch", "1767225600", "2026-01-01 00:00:00"),
        ("epoch", "1767225600.75", "2026-01-01 00:00:00"),
        ("epoch_ms", "1767225600250", "2026-01-01 00:00:00.250"),
        ("epoch", "99999999999999", None),
        ("epoch", "18446744073710", None),
        ("epoch", "nan", None),
        ("epoch", "soon", None),
    ],
)
def test_a_time_is_read_in_the_form_of_its_column_or_not_at_all(form, text, expected) -> None:
    readable = {"epoch": "1", "epoch_ms": "1"}.get(form, "")
    found = typed({"Time": [text, readable]}, table(started_at=Field(("Time",), formats=(form,))))
    assert found["started_at_local"][0] == (expected and moment(expected))
    assert found["unreadable.started_at"][0] is (expected is None)


@pytest.mark.parametrize(
    ("form", "text", "clock"),
    [
        ("%d/%m/%Y %I:%M:%S %p", "29/09/2022 12:18:10 p. m.", "2022-09-29 12:18:10"),
        ("%d/%m/%Y %I:%M:%S %p", "29/09/2022 12:05:00\u00a0a.\u00a0m.", "2022-09-29 00:05:00"),
        ("%d/%m/%Y %I:%M%p", "29/09/2022 1:05\u202fPM", "2022-09-29 13:05:00"),
        ("%d/%m/%Y %I:%M:%S %p", "29/9/2022 1:05:59 μ.μ.", "2022-09-29 13:05:59"),
        ("%d/%m/%Y %I:%M:%S %p", "29/9/2022 1:05:59 πμ", "2022-09-29 01:05:59"),
        ("%Y/%m/%d %p %I:%M:%S", "2022/9/29 下午 1:05:59", "2022-09-29 13:05:59"),
        ("%d. %b %Y %H:%M", "05. Mär 2024 12:18", "2024-03-05 12:18:00"),
        ("%d. %B %Y %H:%M", "05. März 2024 12:18", "2024-03-05 12:18:00"),
        ("%d. %b. %Y %H:%M", "29. Okt. 2023 00:05", "2023-10-29 00:05:00"),
        ("%d. %b. %Y %H:%M", "29. Mai 2023 00:05", "2023-05-29 00:05:00"),
        ("%d-%b-%Y %H:%M", "30-DEZ-2023 13:05", "2023-12-30 13:05:00"),
        ("%d de %B de %Y %H:%M", "5 de septiembre de 2024 12:18", "2024-09-05 12:18:00"),
        ("%d %b %Y %H:%M", "5 sept. 2024 12:18", "2024-09-05 12:18:00"),
        ("%d %b %Y %H:%M", "5 août 2024 12:18", "2024-08-05 12:18:00"),
        ("%d %b %Y %H:%M", "5 fev. 2024 12:18", "2024-02-05 12:18:00"),
        ("%d %b %Y %H:%M", "5 mag 2024 12:18", "2024-05-05 12:18:00"),
        ("%d %b %Y %H:%M", "5 mrt. 2024 12:18", "2024-03-05 12:18:00"),
        ("%d %B %Y %H:%M", "5 Ιανουαρίου 2024 12:18", "2024-01-05 12:18:00"),
        ("%d %b %Y %H:%M", "5 October 2024 12:18", "2024-10-05 12:18:00"),
        ("%m/%d/%Y %H:%M", "01/15/2024 08:15:07", "2024-01-15 08:15:07"),
        ("%m/%d/%Y %I:%M:%S %p", "01/15/2024 08:15 PM", "2024-01-15 20:15:00"),
    ],
)
def test_a_time_is_read_also_as_people_of_other_languages_and_spreadsheets_write_it(
    form, text, clock
) -> None:
    of = table(started_at=Field(("Time",), formats=(form,)))
    # by itself, and where the column's form was decided by others
    alone = typed({"Time": [text]}, of)
    among = typed({"Time": [moment(clock).strftime(form)] * 3 + [text]}, of)
    assert alone["started_at_local"].to_list() == [moment(clock)]
    assert among["started_at_local"][3] == moment(clock)


@pytest.mark.parametrize("text", ["29 noviembre 2022 10:00", "29 nov 2022 10:00:00"])
def test_the_forms_of_a_column_are_weighed_also_where_none_reads_it_as_it_stands(text) -> None:
    of = table(started_at=Field(("Time",), formats=("%Y-%m-%d %H:%M", "%d %b %Y %H:%M")))
    assert typed({"Time": [text]}, of)["started_at_local"].to_list() == [moment("2022-11-29 10:00")]


@pytest.mark.parametrize(
    "text", ["29 listopad 2022 10:00", "29 foo 2022 10:00", "29 m. 2022 10:00"]
)
def test_a_month_of_two_languages_or_of_none_is_not_guessed_at(text) -> None:
    found = typed({"Time": [text]}, table(started_at=Field(("Time",), formats=("%d %b %Y %H:%M",))))
    assert found["unreadable.started_at"].to_list() == [True]


def test_where_only_whole_minutes_are_shown_without_seconds_the_column_has_seconds() -> None:
    form = "%m/%d/%Y %H:%M"
    texts = ["01/15/2024 08:15", "01/15/2024 08:16:07"]
    found = typed({"Time": texts}, table(started_at=Field(("Time",), formats=(form,))))
    assert found["started_at"].dt.second().to_list() == [0, 7]
    assert found["time_resolution_s"].to_list() == [1, 1]


def test_a_time_in_two_columns_is_read_as_one() -> None:
    found = typed(
        {"Date": ["01/02/26", "01/02/26", None], "Clock": ["03:04:05", None, None]},
        Table(
            "calls",
            {"started_at": (Field(("Date", "Clock"), formats=("%m/%d/%y %H:%M:%S",)),)},
            header=("Date",),
        ),
    )
    assert found["started_at_local"].to_list() == [moment("2026-01-02 03:04:05"), None, None]
    assert found["unreadable.started_at"].to_list() == [False, True, False]


def test_the_form_that_reads_most_of_the_column_is_taken_for_all_of_it() -> None:
    either = Field(("Time",), formats=("%m/%d/%Y %H:%M", "%d/%m/%Y %H:%M"))
    found = typed(
        {"Time": ["05/01/2026 10:00", "25/01/2026 10:00", "06/01/2026 10:00"]},
        table(started_at=either),
    )
    assert [t.date().isoformat() for t in found["started_at_local"]] == [
        "2026-01-05",
        "2026-01-25",
        "2026-01-06",
    ]


def test_the_form_taken_for_the_first_batch_holds_for_the_next() -> None:
    either = table(started_at=Field(("Time",), formats=("%m/%d/%Y %H:%M", "%d/%m/%Y %H:%M")))
    decisions = Decisions()
    typed({"Time": ["25/01/2026 10:00"]}, either, decisions=decisions)
    assert typed({"Time": ["05/01/2026 10:00"]}, either, decisions=decisions)["started_at_local"][
        0
    ] == moment("2026-01-05 10:00")


def test_a_column_whose_days_could_all_be_months_is_asked_about() -> None:
    either = Field(("Time",), formats=("%m/%d/%Y %H:%M", "%d/%m/%Y %H:%M"))
    with pytest.raises(
        NeedsMapping,
        match=(
            r"column Time: every date reads both as .*; leave only one of the two in its formats:"
            r" .* if it is your"
        ),
    ):
        typed({"Time": ["05/01/2026 10:00", "06/07/2026 10:00"]}, table(started_at=either))


def test_a_column_whose_days_are_their_months_is_no_question() -> None:
    either = Field(("Time",), formats=("%m/%d/%Y %H:%M", "%d/%m/%Y %H:%M"))
    assert typed({"Time": ["05/05/2026 10:00"]}, table(started_at=either))["started_at_local"][
        0
    ] == moment("2026-05-05 10:00")


def test_a_file_without_the_column_of_the_time_is_refused_by_name() -> None:
    with pytest.raises(UnreadableFile, match="the column Time is missing"):
        typed({"Other": ["x"]}, table())


@pytest.mark.parametrize(
    ("form", "resolution"), [("%Y-%m-%d %H:%M:%S", 1), ("%Y-%m-%d %H:%M", 60), ("epoch", 1)]
)
def test_the_resolution_of_a_time_is_what_its_form_prints(form, resolution) -> None:
    assert typed({"Time": [None]}, table(started_at=Field(("Time",), formats=(form,))))[
        "time_resolution_s"
    ][0] in (resolution, 60)
    text = {"epoch": "5"}.get(form, dt.datetime(2026, 1, 1).strftime(form))
    assert (
        typed({"Time": [text]}, table(started_at=Field(("Time",), formats=(form,))))[
            "time_resolution_s"
        ][0]
        == resolution
    )


# ------------------------- years and dates that are not printed

WHEN = Field(("When",), formats=("%b %d %I:%M %p",), year="period", carry_down=True)
BILL = Table("talk", {"started_at": (WHEN,)}, header=("When",))


@given(
    st.dates(dt.date(1999, 1, 1), dt.date(2060, 1, 1)),
    st.lists(st.integers(0, 300), min_size=1, max_size=5),
)
@property_test
def test_a_date_without_year_lies_in_the_twelve_months_before_the_end_of_the_period(
    end, ages
) -> None:
    days = [end - dt.timedelta(days=age) for age in ages]
    texts = [f"{day:%b} {day.day:02} 9:12 AM" for day in days]
    found = typed({"When": texts}, BILL, context={"period": [f"{end:%m/%d/%Y}"] * len(days)})
    assert [t.date() for t in found["started_at_local"]] == days


def test_a_leap_day_belongs_to_the_leap_year_on_either_side_of_new_year() -> None:
    found = typed(
        {"When": ["Feb 29 9:12 AM"] * 2}, BILL, context={"period": ["03/15/2024", "01/15/2025"]}
    )
    assert [t.date() for t in found["started_at_local"]] == [dt.date(2024, 2, 29)] * 2


@pytest.mark.parametrize(
    ("period", "dates", "years"),
    [
        ("January 2024", ["Dec 20", "Jan 31"], [2023, 2024]),
        # a period may be named after the month in which it begins
        ("Jan 2024", ["Feb 14"], [2024]),
        ("01/2024", ["Mar 01"], [2023]),
        ("2024-01", ["Jan 01", "Feb 29"], [2024, 2024]),
        ("202411", ["Dec 31", "Jan 02"], [2024, 2024]),
        ("202412", ["Jan 31", "Feb 01"], [2025, 2024]),
        ("20240119", ["Jan 19", "Jan 20"], [2024, 2023]),
        ("01.19.2024", ["Jan 19", "Jan 20"], [2024, 2023]),
    ],
)
def test_a_period_may_be_a_day_or_a_month(period, dates, years) -> None:
    found = typed(
        {"When": [f"{day} 9:12 AM" for day in dates]},
        BILL,
        context={"period": [period] * len(dates)},
    )
    assert [t.year for t in found["started_at_local"]] == years


@pytest.mark.parametrize(
    ("context", "says"),
    [
        ({"period": ["soon"]}, "the period reads 'soon', which is no date and no month"),
        ({"period": ["December 9999"]}, "the period reads 'December 9999', which is no"),
        ({"period": [None]}, "no line and no file name tells the period"),
        ({}, "no line and no file name tells the period"),
    ],
)
def test_dates_without_year_and_period_are_asked_about(context, says) -> None:
    with pytest.raises(NeedsMapping, match=f"column When: its dates have no year, and {says}"):
        typed({"When": ["Jan 02 9:12 AM"]}, BILL, context=context)


def test_a_row_above_the_line_that_tells_the_period_is_set_apart_and_the_others_are_read() -> None:
    found = typed({"When": ["Jan 02 9:12 AM"] * 2}, BILL, context={"period": [None, "01/19/2024"]})
    assert found["started_at_local"].to_list() == [None, moment("2024-01-02 09:12")]
    assert found["unreadable.started_at"].to_list() == [True, False]


MIXED = table(
    started_at=Field(
        ("Time",),
        formats=("%m/%d/%Y %H:%M", "%d/%m/%Y %H:%M", "%m/%d %H:%M", "%d/%m %H:%M:%S"),
        year="period",
    )
)


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0)])
def test_dates_with_and_without_a_year_may_stand_in_one_column(order) -> None:
    texts = ["12/25/2023 10:00", "12/25 10:00", "02/30 10:00"]
    found = typed(
        {"Time": [texts[i] for i in order]}, MIXED, context={"period": ["01/19/2025"] * 3}
    )
    wanted = [moment("2023-12-25 10:00"), moment("2024-12-25 10:00"), None]
    assert found["started_at_local"].to_list() == [wanted[i] for i in order]
    assert found["unreadable.started_at"].to_list() == [wanted[i] is None for i in order]


def test_dates_that_all_have_their_year_need_no_period_though_others_of_the_column_might() -> None:
    assert typed({"Time": ["12/25/2023 10:00"]}, MIXED)["started_at_local"][0] == moment(
        "2023-12-25 10:00"
    )


def test_what_is_no_date_anyhow_needs_no_period() -> None:
    assert typed({"Time": ["unknown"]}, MIXED)["unreadable.started_at"].to_list() == [True]


def test_either_kind_may_come_in_the_second_batch_only() -> None:
    decisions, context = Decisions(), {"period": ["01/19/2025"]}
    for text, wanted in (
        ("12/25/2023 10:00", "2023-12-25 10:00"),
        ("12/26 10:00", "2024-12-26 10:00"),
    ):
        assert typed({"Time": [text]}, MIXED, context=context, decisions=decisions)[
            "started_at_local"
        ][0] == moment(wanted)


@given(
    st.lists(st.tuples(st.integers(1, 28), st.booleans()), min_size=1, max_size=12),
    st.integers(1, 11),
)
@property_test
def test_a_date_is_carried_down_to_the_rows_below_also_into_the_next_batch(rows, cut) -> None:
    texts, days, day = [], [], None
    for number, printed in rows:
        day = number if printed or day is None else day
        texts.append(f"Jan {day:02} 9:12 AM" if printed or not days else "9:12 AM")
        days.append(day)
    decisions, found = Decisions(), []
    for part in (texts[:cut], texts[cut:]):
        if part:
            batch = typed(
                {"When": part},
                BILL,
                context={"period": ["02/01/2026"] * len(part)},
                decisions=decisions,
            )
            found += batch["started_at_local"].to_list()
    assert found == [dt.datetime(2026, 1, day, 9, 12) for day in days]


def test_a_carried_date_with_its_year_is_carried_whole() -> None:
    when = Field(("When",), formats=("%Y %b %d %H:%M",), carry_down=True)
    bill = Table("talk", {"started_at": (when,)}, header=("When",))
    decisions = Decisions()
    typed({"When": ["2026 Jan 05 9:12"]}, bill, decisions=decisions)
    assert typed({"When": ["9:40"]}, bill, decisions=decisions)["started_at_local"][0] == moment(
        "2026-01-05 09:40"
    )


def test_a_clock_time_with_no_date_above_it_is_unreadable() -> None:
    assert typed({"When": ["9:12 AM"]}, BILL, context={"period": ["02/01/2026"]})[
        "unreadable.started_at"
    ].to_list() == [True]


# --------------------------------------------------------------------------- texts


def test_of_the_patterns_that_a_text_matches_the_first_counts_and_whole_texts_before_them() -> None:
    kind = Field(
        ("Kind",), match={"^MO SMS": "sms", "^MO": "call"}, map={"MO X": "data"}, default="other"
    )
    found = typed(
        {"Time": ["2026-01-05 10:00:00"] * 4, "Kind": ["MO SMS", "MO", "mo x", "?"]},
        table(event_type=kind),
    )
    assert found["event_type"].to_list() == ["sms", "call", "data", "other"]


# --------------------------------------------------------------------------- ends


def test_of_a_call_whose_end_is_told_the_duration_is_taken_off_also_where_clocks_were_changed() -> (
    None
):
    ended = Field(("Time",), formats=("%Y-%m-%d %H:%M:%S",), tells="end")
    found = typed(
        {
            "Time": ["2026-03-08 03:30:00", "2026-03-01 00:00:05", "2026-03-01 09:00:00"],
            "Seconds": ["3600", "10", None],
        },
        table(started_at=ended, duration_s=Field(("Seconds",))),
        zone="America/New_York",
    )
    assert found["started_at"].dt.replace_time_zone(None).to_list() == [
        moment("2026-03-08 06:30:00"), moment("2026-03-01 04:59:55"), moment("2026-03-01 14:00:00"),
    ]  # fmt: skip
    assert found["started_at_local"].to_list() == [
        moment("2026-03-08 01:30:00"), moment("2026-02-28 23:59:55"), moment("2026-03-01 09:00:00"),
    ]  # fmt: skip
    assert found["corrected.start_from_end"].to_list() == [True, True, None]


# --------------------------------------------------------------------------- zones


@given(
    st.lists(
        st.datetimes(dt.datetime(1990, 1, 1), dt.datetime(2037, 1, 1)).map(
            lambda t: t.replace(microsecond=0, fold=0)
        ),
        min_size=1,
        max_size=6,
    ),
    st.sampled_from(
        [
            "America/New_York",
            "America/Los_Angeles",
            "Europe/London",
            "Asia/Kolkata",
            "Australia/Lord_Howe",
            "Pacific/Apia",
            "UTC",
        ]
    ),
    st.sampled_from(
        [
            None,
            "2026-03-08 02:30",
            "2026-11-01 01:30",
            "2025-10-05 02:15",
            "2011-12-30 12:00",
            "2026-03-29 01:15",
        ]
    ),
)
@property_test
def test_local_times_become_utc_as_the_zone_had_it_also_where_clocks_were_changed(
    moments, zone, special
) -> None:
    moments = [*moments, *([moment(special)] if special else [])]
    found = typed({"Time": [f"{t}" for t in moments]}, table(), zone=zone)
    # The reference takes the earlier of two meanings, and reads a time that was skipped by the
    # clock before the change.
    assert found["started_at"].to_list() == [
        t.replace(tzinfo=ZoneInfo(zone)).astimezone(dt.UTC) for t in moments
    ]
    assert found["started_at_local"].to_list() == moments
    skipped = [
        t.replace(tzinfo=ZoneInfo(zone))
        .astimezone(dt.UTC)
        .astimezone(ZoneInfo(zone))
        .replace(tzinfo=None)
        != t
        for t in moments
    ]
    if zone != "UTC":
        assert found["corrected.skipped_hour"].to_list() == skipped


@pytest.mark.parametrize(
    ("layout_zone", "stated", "zone", "assumed"),
    [
        ("UTC", None, "UTC", False),
        ("Europe/London", None, "Europe/London", False),
        ("Europe/London", "America/Chicago", "Europe/London", False),
        ("local", None, "America/New_York", True),
        ("local", "America/Chicago", "America/Chicago", False),
    ],
)
def test_the_zone_is_the_layouts_or_the_users_and_else_an_assumption(
    layout_zone, stated, zone, assumed
) -> None:
    found = typed({"Time": ["2026-07-01 12:00:00"]}, table(), zone=layout_zone, origin_zone=stated)
    assert found.select("zone", "zone_assumed").row(0) == (zone, assumed)
    assert found["started_at"][0] == dt.datetime(2026, 7, 1, 12, tzinfo=ZoneInfo(zone))


def test_seconds_since_1970_are_utc_whatever_the_zone_of_the_layout() -> None:
    found = typed(
        {"Time": ["1767225600"]},
        table(started_at=Field(("Time",), formats=("epoch",))),
        zone="local",
    )
    assert found.select("zone", "zone_assumed").row(0) == ("UTC", False)


def test_a_fields_own_zone_wins_over_the_layouts() -> None:
    field = Field(("Time",), formats=ISO.formats, zone="America/Los_Angeles")
    assert (
        typed({"Time": ["2026-07-01 12:00:00"]}, table(started_at=field))["started_at"][0].hour
        == 19
    )


# ------------------------- zones that a row or a line of the file states

OFFSETS = table(
    started_at=Field(("Time",), formats=("%Y-%m-%dT%H:%M:%S%z",)),
    from_number=Field(value="+12125550101"),
)


@pytest.mark.parametrize(
    ("text", "utc", "zone"),
    [
        ("2026-07-01T12:00:00-0400", "2026-07-01T16:00:00+00:00", "-04:00"),
        ("2026-07-01T12:00:00-04:00", "2026-07-01T16:00:00+00:00", "-04:00"),
        ("2026-07-01T12:00:00 -04", "2026-07-01T16:00:00+00:00", "-04:00"),
        ("2026-07-01T12:00:00+05:45", "2026-07-01T06:15:00+00:00", "+05:45"),
        ("2026-07-01T12:00:00-03:30", "2026-07-01T15:30:00+00:00", "-03:30"),
        ("2026-07-01T12:00:00Z", "2026-07-01T12:00:00+00:00", "UTC"),
        ("2026-07-01T12:00:00+0000", "2026-07-01T12:00:00+00:00", "UTC"),
        ("2026-07-01T12:00:00", None, None),
        ("2026-07-01T12:00:00-24:00", None, None),
        ("2026-07-01T12:00:00+01:75", None, None),
    ],
)
@pytest.mark.parametrize("layout_zone", ["local", "Europe/London"])
def test_an_offset_that_a_time_states_is_its_own(text, utc, zone, layout_zone) -> None:
    found = typed({"Time": [text, "2026-07-01T12:00:00-07:00"]}, OFFSETS, zone=layout_zone)
    assert found["started_at"].to_list() == [
        utc and moment(utc),
        moment("2026-07-01T19:00:00+00:00"),
    ]
    assert found["started_at_local"].to_list() == [
        utc and moment("2026-07-01 12:00"),
        moment("2026-07-01 12:00"),
    ]
    assert found["zone"].to_list() == [zone, "-07:00"]
    assert found["zone_assumed"].to_list() == [False, False]
    assert found["unreadable.started_at"].to_list() == [utc is None, False]


def test_a_call_over_a_change_of_the_clocks_is_as_long_as_its_offsets_say() -> None:
    ended = Field(("End",), formats=("%Y-%m-%dT%H:%M:%S%z",))
    cells = {
        "Time": ["2026-03-08T01:59:00-05:00"] * 2,
        "End": ["2026-03-08T03:01:00-04:00", "2026-03-08T02:01:00-05:00"],
    }
    assert typed(cells, table(**OFFSETS.fields, ended_at=ended))["duration_s"].to_list() == [
        120,
        120,
    ]


def test_a_start_from_the_end_goes_by_the_clock_of_its_own_zone() -> None:
    cells = {"Time": ["2026-03-08T03:01:00-04:00"], "Sec": ["120"]}
    ended = Field(("Time",), formats=OFFSETS.fields["started_at"][0].formats, tells="end")
    found = typed(cells, table(started_at=ended, duration_s=Field(("Sec",))))
    assert found.select("started_at", "started_at_local").row(0) == (
        moment("2026-03-08T06:59:00+00:00"),
        moment("2026-03-08 02:59"),
    )
    cells = {
        "Time": ["2026-03-08 03:01:00"] * 2,
        "Sec": ["120"] * 2,
        "Zone": ["America/New_York", "UTC"],
    }
    ended = Field(("Time",), formats=ISO.formats, tells="end")
    found = typed(cells, table(started_at=ended, duration_s=Field(("Sec",)), zone=Field(("Zone",))))
    assert found["started_at_local"].to_list() == [
        moment("2026-03-08 01:59"),
        moment("2026-03-08 02:59"),
    ]


def test_a_line_of_the_file_tells_the_zone_of_the_records_below_it() -> None:
    zones = {"Eastern": "America/New_York", "pst": "America/Los_Angeles"}
    of = table(zone=Field(context="clock", map=zones))
    context = {"clock": [None, "Eastern", "EASTERN", "PST", "Martian"]}
    found = typed({"Time": ["2026-03-08 02:30:00"] * 5}, of, context=context, zone="local")
    # 02:30 was skipped in both zones, and is read by the clock before the change.
    assert [t.hour for t in found["started_at"]] == [7, 7, 7, 10, 7]
    assert found["zone"].to_list() == ["America/New_York"] * 3 + [
        "America/Los_Angeles",
        "America/New_York",
    ]
    assert found["zone_assumed"].to_list() == [True, False, False, False, True]
    assert found["corrected.skipped_hour"].to_list() == [True] * 5
    stated = typed(
        {"Time": ["2026-07-01 12:00:00"] * 2},
        of,
        context={"clock": [None, "PST"]},
        zone="local",
        origin_zone="UTC",
    )
    assert stated.select("zone", "zone_assumed").rows() == [
        ("UTC", False),
        ("America/Los_Angeles", False),
    ]


def test_each_record_may_name_its_own_zone_and_what_is_no_zone_is_not_read() -> None:
    of = table(zone=Field(("Zone",), missing=("-",)))
    cells = {
        "Time": ["2026-07-01 12:00:00"] * 4,
        "Zone": ["Asia/Kolkata", "UTC", "-", "Mars/Olympus"],
    }
    found = typed(cells, of, zone="Europe/London")
    assert [f"{t:%H:%M}" for t in found["started_at"]][:3] == ["06:30", "12:00", "11:00"]
    assert found["zone"].to_list()[:3] == ["Asia/Kolkata", "UTC", "Europe/London"]
    assert found["unreadable.zone"].fill_null(False).to_list() == [False, False, False, True]
    assert not found["zone_assumed"].any()


def test_seconds_since_1970_are_utc_whatever_zone_the_record_names() -> None:
    of = table(started_at=Field(("Time",), formats=("epoch",)), zone=Field(("Zone",)))
    found = typed({"Time": ["1767225600"], "Zone": ["Asia/Kolkata"]}, of)
    assert found.select("zone", "started_at").row(0) == ("UTC", moment("2026-01-01T00:00:00+00:00"))
