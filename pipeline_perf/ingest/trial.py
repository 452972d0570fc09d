"""A layout tried on a file: what its lines become, and how full each field of its events is.

Nothing is kept.

The file goes through the rooms of an ingestion up to `validate`; the lake is not touched.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pipeline_perf.events import COLUMNS
from pipeline_perf.ingest.batch import Origin
from pipeline_perf.ingest.bookkeeping import (
    DEFAULT_ZONE,
    Ledger,
    Stopwatch,
    clock_changes,
    control_mismatches,
)
from pipeline_perf.ingest.container.content import Content
from pipeline_perf.ingest.container.lines import BLOCK
from pipeline_perf.ingest.corridor import plans, work
from pipeline_perf.ingest.errors import NeedsMapping
from pipeline_perf.ingest.layout.model import FIELDS, Layout
from pipeline_perf.ingest.normalise.decide import Decisions
from pipeline_perf.ingest.read.pieces import pieces
from pipeline_perf.ingest.recognise.evidence import look
from pipeline_perf.ingest.recognise.signatures import carrier_of, fits, recognise

#: Quarantined records told in full.
TOLD = 5
#: Fields whose few values are counted instead of giving one for all.
CODED = ("event_type", "direction", "answered")
#: Fields that have the same value in every event, unless the layout says otherwise.
CONSTANT = ("carrier", "zone", "time_resolution_s", "duration_resolution_s", "currency")


@dataclass(frozen=True)
class Filled:
    """How many of the events have a field, and an example, or how often each value comes."""

    field: str
    events: int
    example: str


@dataclass(frozen=True)
class Trial:
    """What became of a file's lines; `rejected` are the first records without an event: line,
    rule, reason, text.
    """

    name: str
    lines: int
    furniture: int
    events: int
    quarantined: int
    rejected: tuple[tuple[int, str, str, str], ...]
    filled: tuple[Filled, ...]
    remarks: tuple[str, ...]
    unmapped: Mapping[str, Mapping[str, int]]  # codes that the layout does not map, by field


def attempt(content: Content, layout: Layout) -> Trial:
    """Read a file by this layout alone.

    Raises NeedsMapping, which says why, where the file is not of the layout, or its dates can be
    read in two ways.
    """
    evidence = look(content, [layout])
    [fit] = fits(evidence, [layout])
    if fit.lacking:
        raise NeedsMapping(f"the layout {layout.id} does not fit: {fit.lacking}", file=content.name)
    match = recognise(evidence, [layout])
    carrier = carrier_of(match, evidence)
    origin = Origin("0" * 16, layout, carrier, DEFAULT_ZONE, zone_stated=False)
    decisions, ledger, watch = Decisions(), Ledger(), Stopwatch()
    rejected: list[tuple[int, str, str, str]] = []
    counts, examples = dict[str, int](), dict[str, str]()
    values = {name: dict[str, int]() for name in CODED}
    for piece in pieces(evidence, match, BLOCK):
        worked = work(piece, plans(piece, origin, decisions), origin, watch.room)
        ledger += worked.ledger
        rejected += (
            worked.quarantine.select("record_no", "rule", "reason", "raw")
            .sort("record_no")
            .head(TOLD - len(rejected))
            .rows()
        )
        events = worked.events
        for name in FIELDS & set(events.columns):
            given = events[name].drop_nulls()
            counts[name] = counts.get(name, 0) + len(given)
            if len(given):
                examples.setdefault(name, str(given[0]))
        for name in CODED if events.height else ():
            for value, number in events[name].value_counts().iter_rows():
                values[name][str(value)] = values[name].get(str(value), 0) + number
    remarks = control_mismatches(ledger) + clock_changes(ledger, decisions.told_by_no_order)
    if ledger.zone_assumed:
        remarks.append(
            "the file states no zone: its times were taken as UTC; --zone tells it at the ingestion"
        )
    told = {
        name: ", ".join(f"{n} {value}" for value, n in sorted(values[name].items(), key=_most))
        for name in CODED
    }
    filled = tuple(
        Filled(name, counts[name], told.get(name) or examples.get(name, ""))
        for name in _order(layout, counts)
    )
    return Trial(
        content.name,
        ledger.lines,
        ledger.furniture,
        ledger.events,
        ledger.quarantined,
        tuple(rejected),
        filled,
        tuple(remarks),
        ledger.unmapped,
    )


def _most(item: tuple[str, int]) -> tuple[int, str]:
    return -item[1], item[0]


def _order(layout: Layout, counts: dict[str, int]) -> Sequence[str]:
    """The fields that the layout describes or some event has, in the order of the event table."""
    named = {name for table in layout.tables for name in table.fields}
    return [
        name
        for name in COLUMNS
        if name in counts and (name in named or (counts[name] and name not in CONSTANT))
    ]
