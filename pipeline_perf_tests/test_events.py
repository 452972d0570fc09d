"""The event table: each rule breaks for its violators only, and both ways of applying the rules
agree.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

import pandera.errors
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline_perf import events
from pipeline_perf_tests.event_rows import CLEAN, event_frame

UTC = dt.UTC

#: For each rule, rows that break it and nothing else.
VIOLATORS: dict[str, list[dict[str, Any]]] = {
    "started_at_missing": [{"started_at": None}],
    "started_at_range": [
        {"started_at": dt.datetime(1969, 12, 31, tzinfo=UTC)},
        {"started_at": dt.datetime(2100, 1, 2, tzinfo=UTC)},
        {"started_at": dt.datetime(12, 3, 6, tzinfo=UTC)},
    ],
    "duration_range": [{"duration_s": -1.0}, {"duration_s": -0.001, "event_type": "sms"}],
    "bytes_range": [{"bytes_total": -1}],
    "parties_missing": [{"from_number": None, "to_number": None, "subscriber_number": None}],
    "event_type_missing": [{"event_type": None}],
    "event_type_domain": [{"event_type": "Call"}, {"event_type": ""}],
    "direction_domain": [{"direction": "in"}],
    "latitude_range": [{"latitude": 90.5, "longitude": 0.0}, {"latitude": -91.0, "longitude": 0.0}],
    "longitude_range": [
        {"longitude": 180.5, "latitude": 0.0},
        {"longitude": -181.0, "latitude": 0.0},
    ],
    "duration_long": [{"duration_s": 86_401.0}, {"duration_s": 31 * 86_400.0}],
    "same_party": [{"to_number": CLEAN["from_number"]}],
    "unanswered_with_duration": [{"answered": False}],
    "imei_format": [
        {"imei": "3520990017614"},
        {"imei": "35209900176148012"},
        {"imei": "35-209900-17614"},
        {"imei": "abcdefghijklmn"},
    ],
    "imsi_format": [
        {"imsi": "3104101234567"},
        {"imsi": "3104101234567890"},
        {"imsi": "310410-23456789"},
    ],
    "coordinates_pair": [{"latitude": 1.0}, {"longitude": 1.0}],
}

#: Rows at the edge of what the rules allow.
HARMLESS: list[dict[str, Any]] = [
    {},
    {"started_at": dt.datetime(1970, 1, 2, tzinfo=UTC)},
    {"started_at": dt.datetime(2100, 1, 1, tzinfo=UTC)},
    {"duration_s": 0.0, "answered": False},
    {"duration_s": 86_400.0},
    {"duration_s": None, "answered": False},
    {"answered": None},
    {"event_type": "sms", "answered": False},
    {"bytes_total": 0},
    {"from_number": None},
    {"from_number": None, "to_number": None},
    {"to_number": None, "subscriber_number": None},
    {"latitude": -90.0, "longitude": 180.0},
    {"imei": "35209900176148", "imsi": "31041012345678"},
    {"imei": "3520990017614801", "imsi": "310410123456789"},
]


def broken(frame: pl.DataFrame) -> list[set[str]]:
    """The rules that each row breaks."""
    rows = frame.select(events.violations()).rows(named=True)
    return [{name for name, violated in row.items() if violated} for row in rows]


def test_every_rule_has_its_violators_here() -> None:
    assert set(VIOLATORS) == {rule.name for rule in events.RULES}


@pytest.mark.parametrize("name", VIOLATORS)
def test_a_rule_is_broken_by_its_violators_and_by_nothing_else(name) -> None:
    assert broken(event_frame(*VIOLATORS[name])) == [{name}] * len(VIOLATORS[name])


def test_a_duration_beyond_a_billing_period_is_both_too_long_and_out_of_range() -> None:
    assert broken(event_frame({"duration_s": 31 * 86_400.0 + 1}))[0] == {
        "duration_range",
        "duration_long",
    }


def test_clean_rows_break_no_rule() -> None:
    assert broken(event_frame(*HARMLESS)) == [set()] * len(HARMLESS)


def accepted(frame: pl.DataFrame) -> bool:
    try:
        events.schema().validate(frame, lazy=True)
    except pandera.errors.SchemaErrors:
        return False
    return True


@pytest.mark.parametrize("name", VIOLATORS)
def test_the_pandera_schema_refuses_what_is_to_be_rejected_and_nothing_that_is_only_flagged(
    name,
) -> None:
    rejects = {rule.name for rule in events.RULES if rule.action == "reject"}
    for row in VIOLATORS[name]:
        assert accepted(event_frame({}, row)) is (name not in rejects)


def test_the_pandera_schema_accepts_clean_rows_and_no_column_too_many_or_of_another_type() -> None:
    clean = event_frame(*HARMLESS)
    assert accepted(clean)
    assert not accepted(clean.with_columns(pl.lit(1).alias("more")))
    assert not accepted(clean.drop("charge"))
    assert not accepted(clean.with_columns(pl.col("duration_s").cast(pl.Float32)))


ROWS = st.lists(
    st.sampled_from([*HARMLESS, *(row for rows in VIOLATORS.values() for row in rows)]),
    min_size=2,
    max_size=2,
)


@settings(max_examples=60, deadline=None)
@given(st.lists(ROWS.map(lambda pair: {**pair[0], **pair[1]}), min_size=1, max_size=4))
def test_the_pandera_schema_and_the_fused_rules_agree_about_any_table(rows) -> None:
    frame = event_frame(*rows)
    rejects = {rule.name for rule in events.RULES if rule.action == "reject"}
    assert accepted(frame) is not any(names & rejects for names in broken(frame))
