"""What is decided for a file's tables before their rows are typed: how each is read, the forms of
its dates, the date that a batch carries on.

Decisions are taken in the order of the file, each once; a plan holds those that one batch needs,
so that batches can be typed apart from one another.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from pipeline_perf.ingest.batch import Batch, Columns, cleaned, matches
from pipeline_perf.ingest.errors import UnreadableFile
from pipeline_perf.ingest.layout.model import Field, Layout, Override
from pipeline_perf.ingest.normalise import times, zones
from pipeline_perf.ingest.normalise.amounts import Hours, hours_of
from pipeline_perf.ingest.normalise.distinct import Vocabulary
from pipeline_perf.ingest.normalise.evaluate import worked
from pipeline_perf.ingest.normalise.expressions import Steps, is_cleaned, steps, text_of
from pipeline_perf.ingest.normalise.repeated_hours import Order

MOMENTS = ("started_at", "ended_at")


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

    def moments(self) -> dict[str, Field]:
        """The times that the table has, by their event fields."""
        specs = {name: self.chosen.get(name) for name in MOMENTS}
        return {name: spec for name, spec in specs.items() if spec is not None and is_given(spec)}


@dataclass(frozen=True)
class Plan:
    """How the rows of one batch are typed."""

    reading: Reading
    forms: Mapping[str, tuple[str, ...]]  # of each time that the table has
    times: pl.DataFrame  # local times NAME and their texts `written.NAME`
    zone: str  # of the times of records that do not say another
    #: Which starts are of the second pass of an hour that came twice, and of which the order of
    #: the file tells it; None where it tells nothing.
    passes: tuple[pl.Series, pl.Series] | None


class Decisions:
    """The decisions on a file so far."""

    def __init__(self) -> None:
        self._readings: dict[tuple[str, tuple[str, ...]], Reading] = {}
        self._forms: dict[tuple[str, str], tuple[str, ...]] = {}  # by table and event field
        self._last_dates: dict[str, str] = {}  # by table
        self._orders: dict[str, Order] = {}  # by table

    @property
    def told_by_no_order(self) -> int:
        """Times taken for one pass of a repeated hour by the order of a file that, further down,
        is in none.
        """
        return sum(order.told for order in self._orders.values() if not order.kept)

    def plan(self, batch: Batch, layout: Layout, zone: str) -> Plan:
        """How a batch is typed, given those before it; `zone` is that of times for which the
        layout knows none.

        Raises UnreadableFile where the time column is missing, NeedsMapping where a date column can
        be read in two ways.
        """
        table, key = batch.table.name, (batch.table.name, batch.titles)
        if key not in self._readings:
            self._readings[key] = _reading(batch, layout)
        reading, carried = self._readings[key], self._last_dates.get(table, "")
        columns = list[pl.Series]()
        forms: dict[str, tuple[str, ...]] = dict.fromkeys(MOMENTS, ("",))
        for name, spec in reading.moments().items():
            told = text_of(spec, reading.columns)
            if is_cleaned(spec):
                plain = cleaned(batch.frame, told.meta.root_names())
                batch = dataclasses.replace(batch, frame=plain)
            column = times.written(spec, told, batch, carried)
            if not self._forms.get((table, name)):
                title = " + ".join(spec.column)
                self._forms[table, name] = times.decided(column, batch, title)
            if spec.carry_down:
                self._last_dates[table] = times.last_date(column, batch) or carried
            forms[name] = self._forms[table, name] or column.unread
            text = batch.frame.select(column.text.alias(f"written.{name}")).to_series()
            if len(text) < batch.frame.height:  # a constant
                text = pl.repeat(text[0], batch.frame.height, dtype=pl.String(), eager=True)
            columns += times.read(text.alias(f"written.{name}"), name, forms[name])
        started = reading.chosen["started_at"] or Field()
        zone = zones.of_times(forms["started_at"][0], started, layout.zone, zone)
        frame, passes = pl.DataFrame(columns), None
        if zone != "UTC" and not reading.chosen.get("zone"):
            order = self._orders.setdefault(table, Order())
            passes = order.second_pass(frame["started_at"], zone)
        return Plan(reading, forms, frame, zone, passes)


def _reading(batch: Batch, layout: Layout) -> Reading:
    columns, table = Columns(batch), batch.table
    chosen = {name: _choose(alternatives, columns) for name, alternatives in table.fields.items()}
    _require_time(chosen, batch, layout)
    overrides = _applicable(table.overrides, columns)
    fields = [
        steps(name, spec, columns, _hours(spec, columns, batch))
        for name, spec in chosen.items()
        if name not in MOMENTS and spec is not None and is_given(spec)
    ]
    flags = [matches(o.when, columns).alias(f"when.{i}") for i, o in enumerate(overrides)]
    if chosen.get("subscriber_number") is None and "subscriber" in columns.contexts:
        line = text_of(Field(context="subscriber"), columns)
        flags.append(line.alias("subscriber_number"))
    for flag, condition in (("leg", table.legs), ("repeat", table.repeats)):
        applies = condition is not None and columns.has(tuple(condition.when))
        flags.append(
            (matches(condition.when, columns) if condition and applies else pl.lit(False)).alias(
                flag
            )
        )
    by_column: dict[str, Steps] = {}
    direct = Steps()
    for group in (*fields, *(Steps([flag]) for flag in flags)):
        roots = {root for expr in group.first for root in expr.meta.root_names()}
        (by_column.setdefault(roots.pop(), Steps()) if len(roots) == 1 else direct).extend(group)
    vocabularies = (
        Vocabulary(name, functools.partial(worked, group, layout.region))
        for name, group in by_column.items()
    )
    return Reading(columns, chosen, overrides, tuple(vocabularies), direct)


def _hours(spec: Field, columns: Columns, batch: Batch) -> Hours | None:
    if spec.form not in ("clock", "minute_clock"):
        return None
    text = text_of(spec, columns)
    roots = set(text.meta.root_names())
    cells = cleaned(batch.frame.select(roots).unique(), roots)
    return hours_of(cells.select(text.alias("t"))["t"].unique(), spec.form)


def is_given(spec: Field) -> bool:
    """Whether a field takes anything from the file, and is not only derived."""
    return bool(spec.column or spec.value is not None or spec.context)


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
