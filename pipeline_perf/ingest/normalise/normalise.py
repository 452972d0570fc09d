"""String columns → typed event columns: which field comes from which column, who called whom,
and the row's identity.

How a text becomes a value is said in `expressions`, how a time does in `times`. Whether a value is
plausible is `validate`'s question.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import polars as pl

from pipeline_perf import events
from pipeline_perf.ingest.batch import CORRECTED, PAIR, UNENDED, UNMAPPED, Batch, Columns, Origin
from pipeline_perf.ingest.layout.model import Field, Override
from pipeline_perf.ingest.normalise import zones
from pipeline_perf.ingest.normalise.decide import Plan
from pipeline_perf.ingest.normalise.evaluate import worked
from pipeline_perf.ingest.normalise.expressions import Steps, steps
from pipeline_perf.ingest.normalise.parties import link_legs, resolve_parties


def normalise(batch: Batch, origin: Origin, plan: Plan) -> pl.DataFrame:
    """Type a batch by what has been decided for it.

    Returns the event columns (without occurrence and duplicate_of), `raw`, and Boolean columns
    `unreadable.FIELD` where text was given that is no value of the field, String columns
    `unmapped.FIELD` with codes that the layout does not map, `corrected.RULE` where an
    unambiguous slip was set right, `repeat` for rows that tell another row's call again, and
    `opening`, the event of a call's beginning for rows that tell its end.
    """
    reading, region = plan.reading, origin.layout.region
    frame = _evaluate(batch, plan, region)
    for i, override in enumerate(reading.overrides):
        applies = pl.col(f"when.{i}")
        frame = _overridden(frame, batch, reading.columns, override, applies, region)
    frame = frame.drop(f"when.{i}" for i in range(len(reading.overrides)))
    started = reading.chosen["started_at"] or Field()
    assumed = not origin.zone_stated and (started.zone or origin.layout.zone) == "local"
    frame = zones.in_zone(frame, started, plan.zone, plan.passes, plan.forms["started_at"][0])
    frame = frame.with_columns(pl.col("zone_assumed") & assumed)
    if started.tells == "end":
        frame = zones.from_end(frame)
    frame = resolve_parties(frame, origin, reading.chosen)
    frame = _left_open(frame)
    frame = _facts(frame, reading.chosen, origin)
    if batch.table.pairs:
        opening = event_ids(origin.source_file_id, frame[PAIR].fill_null(0).to_numpy())
        frame = frame.with_columns(
            pl.when(pl.col(PAIR).is_not_null()).then(opening).alias("opening")
        )
    return link_legs(frame, batch.table.legs) if batch.table.legs else frame.drop("leg")


def _evaluate(batch: Batch, plan: Plan, region: str) -> pl.DataFrame:
    direct = Steps([pl.col("record_no", "page", "raw")])
    if batch.table.pairs:
        direct.first += [pl.col(PAIR), pl.col(UNENDED).alias(CORRECTED + "start_without_end")]
    direct.extend(plan.reading.direct)
    parts = [
        worked(direct, region, batch.frame),
        plan.times,
        *(known.look_up(batch.frame[known.name]) for known in plan.reading.vocabularies),
    ]
    return pl.concat(parts, how="horizontal")


def _overridden(
    frame: pl.DataFrame,
    batch: Batch,
    columns: Columns,
    override: Override,
    applies: pl.Expr,
    region: str,
) -> pl.DataFrame:
    """Replace fields of the rows that an override is for; they are few."""
    rows = frame.select(applies.arg_true()).to_series()
    if not len(rows):
        return frame
    instead = Steps()
    for name, spec in override.set.items():
        instead.extend(steps(name, spec, columns))
    values = worked(instead, region, batch.frame[rows])
    for name in values.columns:
        if name not in frame.columns:
            frame = frame.with_columns(pl.lit(None, dtype=values.schema[name]).alias(name))
        value = (
            values[name]
            if len(values) == len(rows)
            else values[name].extend_constant(values[name][0], len(rows) - len(values))
        )
        frame = frame.with_columns(frame[name].scatter(rows, value.cast(frame.schema[name])))
    return frame


def _left_open(frame: pl.DataFrame) -> pl.DataFrame:
    """Of the codes that the layout does not map, those for which nothing else gave the value."""
    names = [c.removeprefix(UNMAPPED) for c in frame.columns if c.startswith(UNMAPPED)]
    return frame.with_columns(
        pl.when(pl.col(name).is_null() | (pl.col(name).cast(pl.String) == "unknown"))
        .then(pl.col(UNMAPPED + name))
        .alias(UNMAPPED + name)
        for name in names
        if name in frame.columns
    )


# --------------------------------------------------------------------------- the rest of the row


def _facts(frame: pl.DataFrame, chosen: Mapping[str, Field | None], origin: Origin) -> pl.DataFrame:
    """Identity, constants, derived values and the types of the event table."""
    have = set(frame.columns)
    if "latitude" in have and "longitude" in have:
        lat, lon = pl.col("latitude"), pl.col("longitude")
        swapped = ((lat.abs() > 90) & (lat.abs() <= 180) & (lon.abs() <= 90)).fill_null(False)
        frame = frame.with_columns(
            pl.when(swapped).then(lon).otherwise(lat).alias("latitude"),
            pl.when(swapped).then(lat).otherwise(lon).alias("longitude"),
            swapped.alias(CORRECTED + "coordinates_swapped"),
        )
    answered = chosen.get("answered")
    if answered is not None and answered.derive == "answered" and "duration_s" in have:
        given = pl.col("answered") if "answered" in have else pl.lit(None, dtype=pl.Boolean)
        derived = pl.when(pl.col("event_type") == "call").then(pl.col("duration_s") > 0)
        frame = frame.with_columns(pl.coalesce(given, derived).alias("answered"))
    duration = chosen.get("duration_s")
    duration_resolution = (duration.resolution if duration else None) or 1
    constants: dict[str, object] = {
        "source_file_id": origin.source_file_id,
        "tenant": origin.tenant,
        "carrier": origin.carrier,
        "layout": origin.layout.id,
        "duration_resolution_s": duration_resolution,
        "currency": origin.layout.currency,
    }
    have = set(frame.columns)
    return frame.with_columns(
        event_ids(origin.source_file_id, frame["record_no"].to_numpy()),
        *(
            pl.lit(value, dtype=events.COLUMNS[name]).alias(name)
            for name, value in constants.items()
            if name not in have
        ),
        *(
            pl.lit(None, dtype=dtype).alias(name)
            for name, dtype in events.COLUMNS.items()
            if name not in have
            and name not in constants
            and name not in ("event_id", "occurrence", "duplicate_of")
        ),
    )


def event_ids(source_file_id: str, record_no: np.ndarray) -> pl.Series:
    """A stable 64-bit hash of file and record: SplitMix64 (Steele, Lea, Flood 2014), one-to-one
    within a file.
    """
    z = record_no.astype(np.uint64) + np.uint64(int(source_file_id, 16))
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return pl.Series("event_id", (z ^ (z >> np.uint64(31))).view(np.int64))
