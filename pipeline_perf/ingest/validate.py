"""Typed rows → events and quarantine, by the rules of the event table.

A record is rejected for the first reason that holds, in a fixed order: text that is no value, then
the rules of `events.RULES`. Flags and corrections are only counted.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np
import polars as pl

from pipeline_perf import events
from pipeline_perf.ingest.batch import CORRECTED, REJECTED, UNMAPPED, UNREADABLE
from pipeline_perf.ingest.layout.model import COUNTERPART

REJECTING = tuple(rule for rule in events.RULES if rule.action == "reject")
REASONS = {rule.name: rule.why for rule in events.RULES} | {
    "event_type_unmapped": (
        "the layout does not map the code for event_type: say in a layout of your own what it means"
    ),
    "direction_unreadable": (
        "which of the two parties called is not told: a layout of your own may map the direction's"
        " code, or give a default"
    ),
}
#: Codes of a field told of a chunk: beyond, the column holds no codes.
CODES = 100


@dataclass(frozen=True)
class Verdict:
    """A batch told apart; `counts` has the flags raised, corrections made and rejections by
    rule.
    """

    events: pl.DataFrame
    quarantine: pl.DataFrame
    counts: dict[str, int]
    codes: Counter[tuple[str, str]]  # by field and code: those that the layout does not map


def validate(frame: pl.DataFrame) -> Verdict:
    """Apply the rules to a normalised batch."""
    unreadable = [c for c in frame.columns if c.startswith(UNREADABLE)]
    corrected = [c for c in frame.columns if c.startswith(CORRECTED)]
    unmapped = [c for c in frame.columns if c.startswith(UNMAPPED)]
    broken = frame.select(
        *(pl.col(c).is_not_null().alias(c.removeprefix(UNMAPPED) + "_unmapped") for c in unmapped),
        *(
            pl.col(c).fill_null(False).alias(c.removeprefix(UNREADABLE) + "_unreadable")
            for c in unreadable
        ),
        *events.violations(),
        *(pl.col(c).fill_null(False).alias(c.removeprefix(CORRECTED)) for c in corrected),
    )
    counts = _counted(broken)
    rejecting = [
        c for c in broken.columns if c.endswith("_unreadable") or c == "event_type_unmapped"
    ] + [rule.name for rule in REJECTING]
    codes = Counter[tuple[str, str]]()
    for column in unmapped:
        name = column.removeprefix(UNMAPPED)
        if f"{name}_unmapped" in counts:
            most = frame[column].drop_nulls().value_counts(sort=True).head(CODES)
            codes.update({(name, code): number for code, number in most.iter_rows()})
    kept = frame.drop(unreadable + corrected + unmapped)
    if not any(name in counts for name in rejecting):
        return Verdict(kept, pl.DataFrame(schema=REJECTED), counts, codes)
    out = broken.select(pl.any_horizontal(rejecting)).to_series()
    rejected = broken.filter(out)
    first = rejected.select(rejecting).to_numpy().argmax(axis=1)
    rules = pl.Series("rule", rejecting).gather(first)
    reasons = pl.Series("reason", [_reason(name) for name in rejecting]).gather(first)
    quarantine = (
        kept.select("record_no", "page", "raw")
        .filter(out)
        .with_columns(rules, reasons)
        .select(list(REJECTED))
    )
    # The flags of events; a record that is rejected counts for one rule only.
    in_rejected = _counted(rejected)
    counts = {
        name: left
        for name, n in counts.items()
        if name not in rejecting and (left := n - in_rejected.get(name, 0))
    }
    counts |= {rejecting[i]: int(n) for i, n in enumerate(np.bincount(first)) if n}
    return Verdict(kept.filter(~out), quarantine, counts, codes)


def _counted(broken: pl.DataFrame) -> dict[str, int]:
    return {name: int(n) for name, n in broken.sum().row(0, named=True).items() if n}


def _reason(rule: str) -> str:
    if rule in REASONS:
        return REASONS[rule]
    field = rule.removesuffix("_unreadable")
    if field.endswith("_number") or field == COUNTERPART:
        return (
            f"a program rounded the {field.replace('_', ' ')}, and its last digits are lost:"
            " ask for the file as it was exported"
        )
    return f"the text given for {field} cannot be read as one"
