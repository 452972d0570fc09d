"""One piece of a file through the rooms that look at nothing but the piece: normalise, validate.

What a piece needs of the rest of the file has been decided in its plans; what it tells of itself
is in its ledger. So pieces can be worked on in any order, and anywhere.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

import polars as pl

from pipeline_perf.ingest.batch import Origin, Piece
from pipeline_perf.ingest.bookkeeping import Ledger
from pipeline_perf.ingest.deduplicate import within_file
from pipeline_perf.ingest.normalise.decide import Decisions, Plan
from pipeline_perf.ingest.normalise.normalise import normalise
from pipeline_perf.ingest.validate import validate
from pipeline_perf.lake.errors import LakeError
from pipeline_perf.lake.schemas import SCHEMAS


@dataclass(frozen=True)
class Worked:
    """What a piece became: events (without `occurrence`), quarantine, and the account of both."""

    events: pl.DataFrame
    quarantine: pl.DataFrame
    ledger: Ledger


def plans(piece: Piece, origin: Origin, decisions: Decisions) -> list[Plan]:
    """What the batches of a piece need of the file, given the pieces before it.

    Raises NeedsMapping and UnreadableFile as `Decisions.plan` does.
    """
    return [decisions.plan(batch, origin.layout, origin.zone) for batch in piece.batches]


def work(
    piece: Piece,
    plans: Sequence[Plan],
    origin: Origin,
    room: Callable[[str], AbstractContextManager[None]],
) -> Worked:
    """Take a piece through the rooms; `room` is entered for the time that each takes."""
    good, bad = [], [piece.rejected]
    ledger = Ledger(lines=piece.lines, furniture=piece.furniture, stated=piece.stated)
    for batch, plan in zip(piece.batches, plans, strict=True):
        with room("normalise"):
            frame = normalise(batch, origin, plan)
        with room("validate"):
            verdict = validate(frame)
        bad.append(verdict.quarantine)
        good.append(verdict.events.select(c for c in SCHEMAS["events"] if c != "occurrence"))
        ledger += Ledger(rules=Counter(verdict.counts), codes=verdict.codes)
        if batch.table.repeats:
            key = batch.table.name, batch.table.repeats.within_s
            ledger += Ledger(tellings={key: (within_file.telling(verdict.events),)})
        if batch.table.pairs:
            closings = within_file.closings(verdict.events)
            ledger += Ledger(closings=(closings.with_columns(pl.lit("closing").alias("kind")),))
    quarantine = pl.concat(bad)
    ledger += Ledger(
        quarantined=quarantine.height,
        rules=Counter(dict(piece.rejected["rule"].value_counts().iter_rows())),
    )
    events = pl.concat(good) if good else pl.DataFrame()
    return Worked(events, quarantine, ledger + _of_events(events))


def _of_events(events: pl.DataFrame) -> Ledger:
    if not events.height:
        return Ledger()
    started = events["started_at"]
    return Ledger(
        events=events.height,
        by_type=Counter(dict(events["event_type"].value_counts().iter_rows())),
        span=(_moment(started.min()), _moment(started.max())),
        duration_s=float(events["duration_s"].sum()),
        zone_assumed=bool(events["zone_assumed"].any()),
    )


def _moment(value: Any) -> dt.datetime:
    if not isinstance(value, dt.datetime):
        raise LakeError("internal: an event without a time reached the lake")
    return value
