"""Typed rows → events and quarantine, by the rules of the event table.

A record is rejected for the first reason that holds, in a fixed order: text that is no value, then
the rules of `events.RULES`. Flags and corrections are only counted.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from pipeline_perf import events
from pipeline_perf.ingest.batch import CORRECTED, REJECTED, UNREADABLE
from pipeline_perf.ingest.layout.model import COUNTERPART

REJECTING = tuple(rule for rule in events.RULES if rule.action == "reject")
REASONS = {rule.name: rule.why for rule in events.RULES}


@dataclass(frozen=True)
class Verdict:
    """A batch told apart; `counts` has the flags raised, corrections made and rejections by
    rule.
    """

    events: pl.DataFrame
    quarantine: pl.DataFrame
    counts: dict[str, int]


def validate(frame: pl.DataFrame) -> Verdict:
    """Apply the rules to a normalised batch."""
    unreadable = [c for c in frame.columns if c.startswith(UNREADABLE)]
    corrected = [c for c in frame.columns if c.startswith(CORRECTED)]
    broken = frame.select(
        *(
            pl.col(c).fill_null(False).alias(c.removeprefix(UNREADABLE) + "_unreadable")
            for c in unreadable
        ),
        *events.violations(),
        *(pl.col(c).fill_null(False).alias(c.removeprefix(CORRECTED)) for c in corrected),
    )
    counts = _counted(broken)
    rejecting = [c for c in broken.columns if c.endswith("_unreadable")] + [
        rule.name for rule in REJECTING
    ]
    kept = frame.drop(unreadable + corrected)
    if not any(name in counts for name in rejecting):
        return Verdict(kept, pl.DataFrame(schema=REJECTED), counts)
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
    return Verdict(kept.filter(~out), quarantine, counts)


def _counted(broken: pl.DataFrame) -> dict[str, int]:
    return {name: int(n) for name, n in broken.sum().row(0, named=True).items() if n}


def _reason(rule: str) -> str:
    if rule in REASONS:
        return REASONS[rule]
    field = rule.removesuffix("_unreadable")
    if field.endswith("_number") or field == COUNTERPART:
        return (
            f"a spreadsheet rounded the {field.replace('_', ' ')}, and its last digits are lost:"
            " ask for the file as it was exported"
        )
    return f"the text given for {field} cannot be read as one"
