"""Validating: each record is an event or in quarantine for one reason, and the counts say what
happened.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline_perf import events
from pipeline_perf.ingest.batch import REJECTED
from pipeline_perf.ingest.validate import validate
from pipeline_perf_tests.event_rows import event_frame
from pipeline_perf_tests.test_events import HARMLESS, VIOLATORS

REJECTS = [rule.name for rule in events.RULES if rule.action == "reject"]
FLAGS = [rule.name for rule in events.RULES if rule.action == "flag"]


def normalised(
    *rows: dict[str, Any], unreadable: tuple[str, ...] = (), corrected: tuple[str, ...] = ()
) -> pl.DataFrame:
    """Rows as `normalise` hands them on; `unreadable` and `corrected` name the flags that rows
    may carry as keys.
    """
    flags = [
        *(f"unreadable.{name}" for name in unreadable),
        *(f"corrected.{name}" for name in corrected),
    ]
    frame = event_frame(
        *({name: value for name, value in row.items() if name not in flags} for row in rows)
    )
    return frame.with_columns(
        pl.format("line {}", "record_no").alias("raw"),
        *(pl.Series(flag, [row.get(flag) for row in rows], dtype=pl.Boolean) for flag in flags),
    )


@pytest.mark.parametrize("name", REJECTS)
def test_a_record_that_breaks_a_reject_rule_goes_to_quarantine_with_rule_reason_and_raw_text(
    name,
) -> None:
    row = VIOLATORS[name][0]
    verdict = validate(normalised({}, row, {}))
    assert verdict.events["record_no"].to_list() == [1, 3]
    why = next(rule.why for rule in events.RULES if rule.name == name)
    assert verdict.quarantine.to_dicts() == [
        {"record_no": 2, "page": None, "rule": name, "reason": why, "raw": "line 2"}
    ]
    assert verdict.counts == {name: 1}


@pytest.mark.parametrize("name", FLAGS)
def test_a_record_that_breaks_a_flag_rule_stays_and_is_counted(name) -> None:
    rows = VIOLATORS[name]
    verdict = validate(normalised({}, *rows))
    assert verdict.events.height == 1 + len(rows)
    assert verdict.quarantine.height == 0
    assert verdict.counts == {name: len(rows)}


def test_clean_records_raise_nothing() -> None:
    verdict = validate(normalised(*HARMLESS))
    assert verdict.events["record_no"].to_list() == list(range(1, len(HARMLESS) + 1))
    assert verdict.counts == {}
    assert verdict.quarantine.schema == pl.Schema(REJECTED)


def test_text_that_is_no_value_is_the_first_reason_of_all() -> None:
    row = {"started_at": None, "unreadable.started_at": True, "duration_s": -1.0}
    verdict = validate(normalised(row, {"unreadable.started_at": None}, unreadable=("started_at",)))
    assert verdict.quarantine.select("record_no", "rule", "reason").rows() == [
        (1, "started_at_unreadable", "the text given for started_at cannot be read as one")
    ]
    assert verdict.counts == {"started_at_unreadable": 1}


def test_corrections_and_flags_of_rejected_records_are_not_counted() -> None:
    rows = [
        {"corrected.skipped_hour": True},
        {"corrected.skipped_hour": True, "duration_s": -1.0, "imei": "1"},
        {},
    ]
    verdict = validate(normalised(*rows, corrected=("skipped_hour",)))
    assert verdict.counts == {"skipped_hour": 1, "duration_range": 1}
    assert not [name for name in verdict.events.columns if "." in name]


ROWS = st.sampled_from([*HARMLESS, *(row for rows in VIOLATORS.values() for row in rows)])
FLAGGED = st.fixed_dictionaries(
    {},
    optional={"unreadable.charge": st.booleans(), "corrected.coordinates_swapped": st.booleans()},
)


@settings(max_examples=80, deadline=None)
@given(
    st.lists(
        st.tuples(ROWS, ROWS, FLAGGED).map(lambda parts: {**parts[0], **parts[1], **parts[2]}),
        max_size=8,
    )
)
def test_every_record_is_an_event_or_in_quarantine_and_the_counts_add_up(rows) -> None:
    frame = normalised(*rows, unreadable=("charge",), corrected=("coordinates_swapped",))
    verdict = validate(frame)
    assert (
        sorted([*verdict.events["record_no"], *verdict.quarantine["record_no"]])
        == frame["record_no"].to_list()
    )
    broken = frame.select(events.violations()).rows(named=True)
    expected: Counter[str] = Counter()
    kept = []
    for row, rules in zip(rows, broken, strict=True):
        reasons = ["charge_unreadable"] * bool(row.get("unreadable.charge")) + [
            name for name in REJECTS if rules[name]
        ]
        if reasons:
            expected[reasons[0]] += 1
        else:
            kept.append(row)
            expected.update(name for name in FLAGS if rules[name])
            expected["coordinates_swapped"] += bool(row.get("corrected.coordinates_swapped"))
    assert verdict.counts == {name: count for name, count in expected.items() if count}
    assert verdict.events.height == len(kept)
