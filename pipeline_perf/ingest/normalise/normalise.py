"""String columns → typed event columns: which field comes from which column, who called whom,
and the row's identity.

How a text becomes a value is said in `expressions`, how a time does in `times`. Whether a value is
plausible is `validate`'s question.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import polars as pl

from pipeline_perf import events
from pipeline_perf.ingest.batch import (
    CORRECTED,
    PAIR,
    UNENDED,
    UNREADABLE,
    Batch,
    Columns,
    Origin,
    matches,
)
from pipeline_perf.ingest.errors import UnreadableFile
from pipeline_perf.ingest.layout.model import COUNTERPART, Field, Layout, Override
from pipeline_perf.ingest.normalise import phone_numbers, times, zones
from pipeline_perf.ingest.normalise.distinct import Vocabulary
from pipeline_perf.ingest.normalise.expressions import Steps, steps, text_of
from pipeline_perf.ingest.normalise.parties import link_legs, resolve_parties

NUMBER_FIELDS = ("from_number", "to_number", "subscriber_number", COUNTERPART)
MOMENTS = ("started_at", "ended_at")


@dataclass
class Decisions:
    """What is found out once per file: the forms of its dates, and how its tables are read."""

    forms: times.Forms = field(default_factory=times.Forms)
    readings: dict[tuple[str, tuple[str, ...]], Reading] = field(default_factory=dict)

    def reading(self, batch: Batch, layout: Layout) -> Reading:
        """How the batch's table is read, given its titles; raises UnreadableFile where the time
        column is missing.
        """
        key = (batch.table.name, batch.titles)
        if key not in self.readings:
            self.readings[key] = _reading(batch, layout)
        return self.readings[key]


@dataclass(frozen=True)
class Reading:
    """What fields a table has in a file, and how they are worked out.

    Times are left out of the vocabularies: they hardly repeat, and may look at the row above.
    """

    columns: Columns
    chosen: Mapping[str, Field | None]
    overrides: tuple[Override, ...]
    vocabularies: tuple[Vocabulary, ...]  # one for each column that some fields need and no other
    direct: Steps  # of several columns


def normalise(batch: Batch, origin: Origin, decisions: Decisions) -> pl.DataFrame:
    """Type a batch.

    Returns the event columns (without occurrence and duplicate_of), `raw`, and Boolean columns
    `unreadable.FIELD` where text was given that is no value of the field, `corrected.RULE` where an
    unambiguous slip was set right, `repeat` for rows that tell another row's call again, and
    `opening`, the event of a call's beginning for rows that tell its end. Raises NeedsMapping where
    a date column can be read in two ways, UnreadableFile where the time column is missing.
    """
    reading = decisions.reading(batch, origin.layout)
    frame = _evaluate(batch, reading, decisions.forms, origin.layout.region)
    for i, override in enumerate(reading.overrides):
        frame = _overridden(
            frame, batch, reading.columns, override, pl.col(f"when.{i}"), origin.layout.region
        )
    frame = frame.drop(f"when.{i}" for i in range(len(reading.overrides)))
    started = reading.chosen["started_at"] or Field()
    form = decisions.forms.chosen.get((batch.table.name, "started_at"), ("",))[0]
    frame = zones.in_zone(
        frame, started, origin.layout.zone, origin.zone, zone_stated=origin.zone_stated, form=form
    )
    if started.tells == "end":
        frame = zones.from_end(frame)
    frame = resolve_parties(frame, origin, reading.chosen)
    frame = _facts(frame, reading.chosen, origin)
    if batch.table.pairs:
        opening = event_ids(origin.source_file_id, frame[PAIR].fill_null(0).to_numpy())
        frame = frame.with_columns(
            pl.when(pl.col(PAIR).is_not_null()).then(opening).alias("opening")
        )
    return link_legs(frame, batch.table.legs) if batch.table.legs else frame.drop("leg")


def _reading(batch: Batch, layout: Layout) -> Reading:
    columns, table = Columns(batch), batch.table
    chosen = {name: _choose(alternatives, columns) for name, alternatives in table.fields.items()}
    _require_time(chosen, batch, layout)
    overrides = _applicable(table.overrides, columns)
    worked = [
        steps(name, spec, columns)
        for name, spec in chosen.items()
        if name not in MOMENTS and spec is not None and _is_given(spec)
    ]
    flags = [matches(o.when, columns).alias(f"when.{i}") for i, o in enumerate(overrides)]
    if chosen.get("subscriber_number") is None and "subscriber" in columns.contexts:
        flags.append(pl.col("context.subscriber").alias("subscriber_number"))
    for flag, condition in (("leg", table.legs), ("repeat", table.repeats)):
        applies = condition is not None and columns.has(tuple(condition.when))
        flags.append(
            (matches(condition.when, columns) if condition and applies else pl.lit(False)).alias(
                flag
            )
        )
    by_column: dict[str, Steps] = {}
    direct = Steps()
    for one in (*worked, *(Steps([flag]) for flag in flags)):
        roots = {root for expr in one.first for root in expr.meta.root_names()}
        (by_column.setdefault(roots.pop(), Steps()) if len(roots) == 1 else direct).extend(one)
    vocabularies = (
        Vocabulary(name, functools.partial(_worked, group, layout.region))
        for name, group in by_column.items()
    )
    return Reading(columns, chosen, overrides, tuple(vocabularies), direct)


def _is_given(spec: Field) -> bool:
    return bool(spec.column or spec.value is not None or spec.context)


def _worked(group: Steps, region: str, frame: pl.DataFrame) -> pl.DataFrame:
    """Fields worked out, numbers in E.164; those that a spreadsheet rounded are none."""
    found = group.of(frame)
    parties = [found[name].cast(pl.String) for name in NUMBER_FIELDS if name in found.columns]
    return found.with_columns(
        *(phone_numbers.normalise(party, region).alias(party.name) for party in parties),
        *(
            party.str.contains(phone_numbers.ROUNDED).alias(UNREADABLE + party.name)
            for party in parties
        ),
    )


def _evaluate(batch: Batch, reading: Reading, forms: times.Forms, region: str) -> pl.DataFrame:
    direct = Steps([pl.col("record_no", "page", "raw")])
    if batch.table.pairs:
        direct.first += [pl.col(PAIR), pl.col(UNENDED).alias(CORRECTED + "start_without_end")]
    for name in MOMENTS:
        spec = reading.chosen.get(name)
        if spec is not None and _is_given(spec):
            text, readable = times.written(name, spec, text_of(spec, reading.columns), batch, forms)
            moment = times.parse(pl.col(f"written.{name}"), *readable)
            direct.extend(Steps([text.alias(f"written.{name}")], [moment.alias(name)]))
    direct.extend(reading.direct)
    parts = [
        _worked(direct, region, batch.frame),
        *(known.look_up(batch.frame[known.name]) for known in reading.vocabularies),
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
    values = _worked(instead, region, batch.frame[rows])
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


def _choose(alternatives: tuple[Field, ...], columns: Columns) -> Field | None:
    """The first alternative that the file has; without its column a field still has its default
    and what it is derived from.
    """
    for spec in alternatives:
        if columns.offer(spec) and (spec.context is None or spec.context in columns.contexts):
            return spec
    last = alternatives[-1]
    return (
        None
        if last.default is None and last.derive is None
        else Field(value=last.default, derive=last.derive)
    )


def _applicable(overrides: tuple[Override, ...], columns: Columns) -> tuple[Override, ...]:
    """The overrides whose conditions the file can meet, with the fields that it has."""
    able = [
        Override(o.when, {n: spec for n, spec in o.set.items() if columns.offer(spec)})
        for o in overrides
        if columns.has(tuple(o.when))
    ]
    return tuple(o for o in able if o.set)


def _require_time(chosen: Mapping[str, Field | None], batch: Batch, layout: Layout) -> None:
    if chosen["started_at"] is None:
        wanted = " or ".join(" + ".join(f.column) for f in batch.table.fields["started_at"])
        raise UnreadableFile(
            f"the column {wanted} is missing: layout {layout.id} takes the time of its"
            f" {batch.table.name} records from it"
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
