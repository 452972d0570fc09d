"""String columns → typed event columns, as Polars expressions built from the layout.

Decisions about a column (which date form, which year) are taken once per file from a sample of it and
kept in `Decisions`, never cell by cell. Whether a value is plausible is `validate`'s question.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import polars as pl

from pipeline_perf import events
from pipeline_perf.ingest import numbers
from pipeline_perf.ingest.batch import Batch
from pipeline_perf.ingest.errors import NeedsMapping, UnreadableFile
from pipeline_perf.ingest.layouts import COUNTERPART, DurationForm, Field, Layout, Legs, Override, title_key

NUMBER_FIELDS = ("from_number", "to_number", "subscriber_number", COUNTERPART)
#: Fields whose text must become a value of another type: text that does not is a defect of the record.
TYPED = ("started_at", "duration_s", "bytes_total", "charge", "latitude", "longitude", "ended_at")
UNREADABLE = "unreadable."
CORRECTED = "corrected."

#: Values looked at to decide the form of a date column.
SAMPLE = 20_000


@dataclass(frozen=True)
class Origin:
    """What is true of every record of a file."""

    source_file_id: str
    layout: Layout
    carrier: str
    zone: str  # the zone taken where the file states none
    zone_stated: bool  # by the user, for this file
    subscriber: str | None = None
    tenant: str | None = None


@dataclass
class Decisions:
    """Per file and column: the date form that was chosen; and what later batches carry on from earlier ones."""

    formats: dict[tuple[str, str], str] = field(default_factory=dict)
    last_date: dict[str, str] = field(default_factory=dict)


class Columns:
    """The file's columns by title."""

    def __init__(self, batch: Batch) -> None:
        self.at: dict[str, str] = {}
        for i, title in enumerate(batch.titles):
            self.at.setdefault(title_key(title), f"c{i}")
        self.contexts = {c.removeprefix("context.") for c in batch.frame.columns if c.startswith("context.")}

    def has(self, titles: tuple[str, ...]) -> bool:
        return all(title_key(t) in self.at for t in titles)

    def offer(self, spec: Field) -> bool:
        """Whether the file has the columns of a field: all of them, or one where the first that is not empty counts."""
        if spec.combine == "first" and spec.column:
            return any(title_key(t) in self.at for t in spec.column)
        return self.has(spec.column)

    def expr(self, title: str) -> pl.Expr:
        return pl.col(self.at[title_key(title)])


def normalise(batch: Batch, origin: Origin, decisions: Decisions) -> pl.DataFrame:
    """Type a batch.

    Returns the event columns (without occurrence and duplicate_of), `raw`, and Boolean columns
    `unreadable.FIELD` where text was given that is no value of the field, `corrected.RULE` where an
    unambiguous slip was set right, and `repeat` for rows that tell another row's call again.
    Raises NeedsMapping where a date column can be read in two ways, UnreadableFile where the time
    column is missing.
    """
    columns = Columns(batch)
    table, layout = batch.table, origin.layout
    chosen = {name: _choose(alternatives, columns) for name, alternatives in table.fields.items()}
    _require_time(chosen, batch, layout)

    moments: list[pl.Expr] = []
    steps: list[Steps] = []
    for name, spec in chosen.items():
        if spec is None or not (spec.column or spec.value is not None or spec.context):
            continue
        if name in ("started_at", "ended_at"):
            text, moment = _time(name, spec, _text(spec, columns), batch, decisions)
            moments += [text.alias(f"written.{name}"), moment.alias(name)]
        else:
            steps.append(_steps(name, spec, columns))
    overrides = _applicable(table.overrides, columns)
    flags = [_when(o.when, columns).alias(f"when.{i}") for i, o in enumerate(overrides)]
    if chosen.get("subscriber_number") is None and "subscriber" in columns.contexts:
        flags.append(pl.col("context.subscriber").alias("subscriber_number"))
    for flag, condition in (("leg", table.legs), ("repeat", table.repeats)):
        applies = condition is not None and columns.has(tuple(condition.when))
        flags.append((_when(condition.when, columns) if condition and applies else pl.lit(False)).alias(flag))
    frame = _evaluate(batch.frame, [*steps, *(Steps([flag]) for flag in flags)], moments)
    for i, override in enumerate(overrides):
        frame = _overridden(frame, batch, columns, override, pl.col(f"when.{i}"))
    frame = frame.select(pl.exclude("^when\\..*$"))

    frame = _times(frame, chosen, origin, decisions, table.name)
    frame = _parties(frame, origin, chosen)
    frame = _facts(frame, chosen, origin, decisions, table.name)
    return _legs(frame, table.legs) if table.legs else frame.drop("leg")


@dataclass
class Steps:
    """A field's expressions in the order in which they build on each other's columns.

    Polars evaluates an expression as often as it is written, so what several others need is a column first.
    """

    first: list[pl.Expr] = field(default_factory=list)  # of the file's columns
    second: list[pl.Expr] = field(default_factory=list)
    third: list[pl.Expr] = field(default_factory=list)

    def extend(self, other: Steps) -> None:
        self.first += other.first
        self.second += other.second
        self.third += other.third

    def of(self, frame: pl.DataFrame) -> pl.DataFrame:
        return frame.select(self.first).with_columns(self.second).with_columns(self.third).select(pl.exclude(r"^(?:text|cell)\..*$"))


def _steps(name: str, spec: Field, columns: Columns) -> Steps:
    """Text, then value, then whether the text was none."""
    text = _text(spec, columns)
    if name not in TYPED and name != "answered":
        return Steps([text.alias(name)])
    cells = _cells(spec, columns) if spec.combine == "add" else []
    parts = [pl.col(f"cell.{name}.{i}") for i in range(len(cells))]
    value = _typed(name, spec, pl.col(f"text.{name}"), parts).alias(name)
    unreadable = (pl.col(f"text.{name}").is_not_null() & pl.col(name).is_null()).alias(UNREADABLE + name)
    return Steps(
        [text.alias(f"text.{name}"), *(cell.alias(f"cell.{name}.{i}") for i, cell in enumerate(cells))],
        [value],
        [unreadable] if name in TYPED else [],
    )


def _evaluate(frame: pl.DataFrame, fields: list[Steps], moments: list[pl.Expr]) -> pl.DataFrame:
    """Evaluate fields over a batch, those of a single column on its distinct values.

    Columns of records repeat themselves: numbers, devices, cells and codes come from a few thousand
    values. Taking the distinct ones and joining the results back costs a tenth of the regular
    expressions. Times are left out: they hardly repeat, and may look at the row above.
    """
    by_column: dict[str, Steps] = {}
    direct = Steps([pl.col("record_no", "page", "raw"), *moments])
    for steps in fields:
        roots = {root for expr in steps.first for root in expr.meta.root_names()}
        (by_column.setdefault(roots.pop(), Steps()) if len(roots) == 1 else direct).extend(steps)
    counts = frame.select(pl.col(name).approx_n_unique() for name in by_column).row(0, named=True) if by_column else {}
    parts = []
    for name, group in by_column.items():
        if counts[name] > frame.height / 2:
            direct.extend(group)
            continue
        distinct = frame.select(pl.col(name).unique())
        values = group.of(distinct).with_columns(distinct[name].alias("key"))
        found = frame.select(pl.col(name).alias("key")).join(values, on="key", how="left", nulls_equal=True, maintain_order="left")
        parts.append(found.drop("key"))
    return pl.concat([direct.of(frame), *parts], how="horizontal")


def _overridden(frame: pl.DataFrame, batch: Batch, columns: Columns, override: Override, applies: pl.Expr) -> pl.DataFrame:
    """Replace fields of the rows that an override is for; they are few."""
    rows = frame.select(applies.arg_true()).to_series()
    if not len(rows):
        return frame
    values = batch.frame[rows].select(
        _typed(name, spec, _text(spec, columns), _cells(spec, columns)).alias(name) for name, spec in override.set.items()
    )
    for name in override.set:
        if name not in frame.columns:
            frame = frame.with_columns(pl.lit(None, dtype=values.schema[name]).alias(name))
        value = values[name] if len(values) == len(rows) else values[name].extend_constant(values[name][0], len(rows) - len(values))
        frame = frame.with_columns(frame[name].scatter(rows, value.cast(frame.schema[name])))
    return frame


# --------------------------------------------------------------------------- text


def _choose(alternatives: tuple[Field, ...], columns: Columns) -> Field | None:
    """The first alternative that the file has; without its column a field still has its default and what it is derived from."""
    for spec in alternatives:
        if columns.offer(spec) and (spec.context is None or spec.context in columns.contexts):
            return spec
    last = alternatives[-1]
    return None if last.default is None and last.derive is None else Field(value=last.default, derive=last.derive)


def _applicable(overrides: tuple[Override, ...], columns: Columns) -> list[Override]:
    """The overrides whose conditions the file can meet, with the fields that it has."""
    able = [
        Override(o.when, {n: spec for n, spec in o.set.items() if columns.offer(spec)}) for o in overrides if columns.has(tuple(o.when))
    ]
    return [o for o in able if o.set]


def _require_time(chosen: Mapping[str, Field | None], batch: Batch, layout: Layout) -> None:
    if chosen["started_at"] is None:
        wanted = " or ".join(" + ".join(f.column) for f in batch.table.fields["started_at"])
        raise UnreadableFile(f"the column {wanted} is missing: layout {layout.id} takes the time of its {batch.table.name} records from it")


def _text(spec: Field, columns: Columns) -> pl.Expr:
    """The text of a field: joined, trimmed, picked, mapped; null where the file has nothing."""
    if spec.value is not None:
        return pl.lit(spec.value)
    cleaned = _cells(spec, columns)
    if spec.combine == "join":
        text = cleaned[0] if len(cleaned) == 1 else _absent_if_empty(pl.concat_str(cleaned, separator=" ", ignore_nulls=True))
    else:
        text = pl.coalesce(cleaned)
    if spec.pick:
        text = text.str.extract(spec.pick, 1)
    if spec.strip:
        text = text.str.replace_all(spec.strip, "").str.strip_chars()
    if spec.map or spec.match:
        mapped: pl.Expr = pl.lit(None, dtype=pl.String)
        if spec.map:
            table = {key.casefold(): value for key, value in spec.map.items()}
            mapped = text.str.to_lowercase().replace_strict(table, default=None, return_dtype=pl.String)
        for pattern, value in reversed(list(spec.match.items())):
            mapped = pl.when(mapped.is_null() & text.str.contains(pattern)).then(pl.lit(value)).otherwise(mapped)
        text = mapped
    if spec.default is not None:
        text = text.fill_null(spec.default)
    return text


def _absent_if_empty(text: pl.Expr) -> pl.Expr:
    return pl.when(text != "").then(text)


def _cells(spec: Field, columns: Columns) -> list[pl.Expr]:
    if spec.context is not None:
        parts = [pl.col(f"context.{spec.context}")]
    else:
        parts = [columns.expr(title) for title in spec.column if columns.has((title,))]
    trimmed = [part.str.strip_chars() for part in parts]
    return [pl.when(~text.is_in(["", *spec.missing]) if spec.missing else text != "").then(text) for text in trimmed]


def _when(conditions: Mapping[str, str], columns: Columns) -> pl.Expr:
    found = [columns.expr(title).str.strip_chars().str.contains(pattern).fill_null(False) for title, pattern in conditions.items()]
    return pl.all_horizontal(found)


# --------------------------------------------------------------------------- values


def _typed(name: str, spec: Field, text: pl.Expr, cells: list[pl.Expr]) -> pl.Expr:
    if name == "duration_s":
        return seconds(text, spec.form or "seconds") * (spec.scale or 1.0)
    if name == "bytes_total":
        amount = _sum(cells) if spec.combine == "add" else _float(text)
        return (amount * (spec.scale or 1.0)).round().cast(pl.Int64, strict=False)
    if name == "charge":
        amount = text.str.replace_all(r"[$€£,\s]", "").str.replace(r"^\((.+)\)$", "-$1")
        return amount.cast(pl.Decimal(18, 6), strict=False)
    if name in ("latitude", "longitude"):
        return _float(text)
    if name == "answered":
        return text.str.to_lowercase().replace_strict({"true": True, "false": False}, default=None, return_dtype=pl.Boolean)
    return text


def _float(text: pl.Expr) -> pl.Expr:
    value = text.str.replace_all(",", "", literal=True).cast(pl.Float64, strict=False)
    return pl.when(value.is_finite()).then(value)


def _sum(cells: list[pl.Expr]) -> pl.Expr:
    """The sum of what is given; null where nothing is, or one of the texts is no number."""
    values = [_float(cell) for cell in cells]
    broken = pl.any_horizontal([cell.is_not_null() & value.is_null() for cell, value in zip(cells, values, strict=True)])
    given = pl.any_horizontal([cell.is_not_null() for cell in cells])
    return pl.when(given & ~broken).then(pl.sum_horizontal(values))


def seconds(text: pl.Expr, form: DurationForm) -> pl.Expr:
    """Seconds from the ways in which durations are written; null for what is none of the form.

    `clock` ends in seconds (S, M:S, H:M:S; minutes may exceed 59), `hour_clock` begins with hours
    (H:M, H:M:S), `hhmmss` has no colons, `tenths` counts tenths of a second, `words` is `1h 2m 3s`.
    """
    if form == "seconds":
        return _float(text)
    if form == "minutes":
        return _float(text) * 60.0
    if form == "tenths":
        return _float(pl.when(text.str.contains(r"^\d+$")).then(text)) / 10.0
    if form == "hhmmss":
        digits = pl.when(text.str.contains(r"^\d{1,8}$")).then(text.str.zfill(8))
        part = [digits.str.slice(*at).cast(pl.Float64, strict=False) for at in ((0, 4), (4, 2), (6, 2))]
        return pl.when((part[1] < 60) & (part[2] < 60)).then(part[0] * 3600 + part[1] * 60 + part[2])
    if form == "words":
        found = text.str.to_lowercase()
        shape = found.str.contains(r"^\s*(?:\d+\s*h\w*\.?\s*)?(?:\d+\s*m\w*\.?\s*)?(?:\d+\s*s\w*\.?\s*)?$")
        part = [found.str.extract(rf"(\d+)\s*{unit}", 1).cast(pl.Float64).fill_null(0.0) for unit in "hms"]
        return pl.when(shape).then(part[0] * 3600 + part[1] * 60 + part[2])
    clean = pl.when(text.str.contains(r"^\s*\d+(?:\s*:\s*\d+){0,2}(?:\.\d+)?\s*$")).then(text)
    pieces = clean.str.splitn(":", 3).struct
    x, y, z = (pieces.field(f"field_{i}").str.strip_chars().cast(pl.Float64, strict=False) for i in range(3))
    sexagesimal = (y.is_null() | (y < 60)) & (z.is_null() | (z < 60))
    if form == "hour_clock":
        value = pl.when(z.is_not_null()).then(x * 3600 + y * 60 + z).when(y.is_not_null()).then(x * 3600 + y * 60).otherwise(None)
    else:
        value = pl.when(z.is_not_null()).then(x * 3600 + y * 60 + z).when(y.is_not_null()).then(x * 60 + y).otherwise(x)
    return pl.when(sexagesimal.fill_null(False)).then(value)


# --------------------------------------------------------------------------- time

_CLOCK = r"\s*\d{1,2}:\d{2}(?::\d{2})?\s*(?:[AaPp]\.?[Mm]?\.?)?$"
_PERIOD_FORMS = ("%m/%d/%Y", "%m/%d/%y", "%b %d, %Y", "%B %d, %Y", "%b %d %Y", "%B %d %Y", "%d %b %Y", "%Y-%m-%d", "%Y%m%d")


def _time(name: str, spec: Field, text: pl.Expr, batch: Batch, decisions: Decisions) -> tuple[pl.Expr, pl.Expr]:
    """The text of a time column as it will be parsed, and the naive moment it denotes."""
    key = (batch.table.name, name)
    if spec.carry_down:
        dates = text.str.replace(_CLOCK, "")
        filled = pl.when(dates != "").then(dates).forward_fill().fill_null(decisions.last_date.get(batch.table.name, ""))
        text = (filled + " " + text.str.extract(f"({_CLOCK})", 1).str.strip_chars()).str.strip_chars()
    forms = spec.formats
    if spec.year == "period":
        text, forms = _with_year(text, spec, batch)
    if key not in decisions.formats:
        values = batch.frame.select(text.alias("t"))["t"].drop_nulls()
        if len(values):
            decisions.formats[key] = _decide(values, forms, " + ".join(spec.column))
    if spec.carry_down:
        year = r"^\d{4} " if spec.year == "period" else ""  # what was put in front is put there again
        last = batch.frame.select(text.drop_nulls().last().str.replace(_CLOCK, "").str.replace(year, "").alias("t"))["t"]
        if len(last) and last[0]:
            decisions.last_date[batch.table.name] = last[0]
    form = decisions.formats.get(key, forms[0] if forms else "%Y-%m-%d %H:%M:%S")
    return text, _parse(text, form)


#: Seconds from 1970 to some day near the year 5000.
_YEAR_5000 = 95_617_584_000


def _parse(text: pl.Expr, form: str) -> pl.Expr:
    """strptime, and the epoch forms `epoch` and `epoch_ms`."""
    if form in ("epoch", "epoch_ms"):
        number = text.cast(pl.Float64, strict=False)
        unit: Literal["ms", "s"] = "ms" if form == "epoch_ms" else "s"
        known = number.abs() < _YEAR_5000 * (1000 if unit == "ms" else 1)  # far beyond, microseconds wrap round into plausible years
        return pl.from_epoch(pl.when(known).then(number).cast(pl.Int64), unit).cast(events.MICROSECONDS)
    if re.fullmatch(r"(?:%[YmdyHMS]| )+", form):  # without separators a digit less would shift the others
        text = pl.when(text.str.len_bytes() == len(form.replace("%Y", "yyyy"))).then(text)
    if "%p" in form:
        text = text.str.replace(r"(?i)([ap])\.?(m?)\.?$", "${1}M")
    return text.str.to_datetime(form, time_unit="us", strict=False, exact=True)


def _decide(values: pl.Series, forms: tuple[str, ...], column: str) -> str:
    """The form that reads most of the column; NeedsMapping when day and month can be taken either way."""
    if not forms:
        raise NeedsMapping(f"the layout gives no date formats for column {column}")
    step = max(1, len(values) // SAMPLE)
    sample = values.gather_every(step)
    reads = []
    for form in forms:
        moments = sample.to_frame("t").select(_parse(pl.col("t"), form))["t"]
        reads.append((int((moments.is_not_null() & (moments.dt.year() >= 1970)).sum()), moments))
    best = max(count for count, _ in reads)
    winners = [i for i, (count, _) in enumerate(reads) if count == best]
    first = reads[winners[0]][1]
    for i in winners[1:] if best else ():
        if _day_first(forms[i]) != _day_first(forms[winners[0]]) and not reads[i][1].equals(first):
            raise NeedsMapping(
                f"column {column}: every date reads both as {forms[winners[0]]} and as {forms[i]}; say which one in a layout of your own"
            )
    return forms[winners[0]]


def _day_first(form: str) -> bool:
    return 0 <= form.find("%d") < form.find("%m")


def _with_year(text: pl.Expr, spec: Field, batch: Batch) -> tuple[pl.Expr, tuple[str, ...]]:
    """Put the year of the statement period in front of dates that have none.

    The context value `period` is the period's last day: a date that would lie after it belongs to the year before.
    """
    ends: dict[str, dt.date] = {}
    for value in batch.frame["context.period"].drop_nulls().unique().to_list():
        for form in _PERIOD_FORMS:
            try:
                ends[value] = dt.datetime.strptime(" ".join(value.split()), form).date()
                break
            except ValueError:
                continue
    end = pl.col("context.period").replace_strict(ends, default=None, return_dtype=pl.Date)
    year = end.dt.year()
    forms = tuple(f"%Y {form}" for form in spec.formats)
    this = pl.format("{} {}", year, text)
    moment = pl.coalesce([_parse(this, form) for form in forms])
    # A leap day does not parse in the wrong year: it, too, belongs to the year before.
    earlier = moment.is_null() | (moment.dt.date() > end)
    return pl.when(earlier).then(pl.format("{} {}", year - 1, text)).otherwise(this), forms


def _times(frame: pl.DataFrame, chosen: Mapping[str, Field | None], origin: Origin, decisions: Decisions, table: str) -> pl.DataFrame:
    """started_at in UTC, as written, and its zone; a duration from the end where none is given."""
    spec = chosen["started_at"]
    zone = (spec.zone if spec else None) or origin.layout.zone
    form = decisions.formats.get((table, "started_at"), "")
    unknown = zone == "local"
    if form.startswith("epoch"):
        zone, unknown = "UTC", False
    zone = origin.zone if unknown else zone
    local = pl.col("started_at")
    frame = frame.with_columns((pl.col("written.started_at").is_not_null() & local.is_null()).alias(UNREADABLE + "started_at"))
    frame = frame.drop("written.started_at")
    if "ended_at" in frame.columns:
        span = (pl.col("ended_at") - local).dt.total_seconds().cast(pl.Float64)
        given = pl.col("duration_s") if "duration_s" in frame.columns else pl.lit(None, dtype=pl.Float64)
        frame = frame.with_columns(
            (pl.col("written.ended_at").is_not_null() & pl.col("ended_at").is_null()).alias(UNREADABLE + "ended_at"),
            pl.coalesce(given, span).alias("duration_s"),
            (given.is_null() & span.is_not_null()).alias(CORRECTED + "duration_from_end"),
        ).drop("ended_at", "written.ended_at")
    if zone == "UTC":
        utc = [frame["started_at"].dt.replace_time_zone("UTC")]
    else:
        exact = frame["started_at"].dt.replace_time_zone(zone, ambiguous="earliest", non_existent="null")
        skipped = exact.is_null() & frame["started_at"].is_not_null()
        moments = exact.dt.convert_time_zone("UTC")
        if skipped.any():
            moments = moments.zip_with(~skipped, _by_the_day_before(frame["started_at"], zone))
        utc = [moments, skipped.alias(CORRECTED + "skipped_hour")]
    return frame.with_columns(
        local.alias("started_at_local"),
        *utc,
        pl.lit(zone).alias("zone"),
        pl.lit(unknown and not origin.zone_stated).alias("zone_assumed"),
        pl.lit((spec.resolution if spec else None) or resolution(form), dtype=pl.Int16).alias("time_resolution_s"),
    )


def _by_the_day_before(local: pl.Series, zone: str) -> pl.Series:
    """UTC of times that the clocks skipped: they were written by a clock that had not been put forward yet."""
    earlier = (local - dt.timedelta(hours=25)).dt.replace_time_zone(zone, ambiguous="earliest", non_existent="null")
    return (local - earlier.dt.base_utc_offset() - earlier.dt.dst_offset()).dt.replace_time_zone("UTC")


def resolution(form: str) -> int:
    """1 where the form of a time has seconds, 60 where it ends at minutes."""
    return 1 if re.search(r"%S|%T|%X|%s|epoch", form) else 60


# --------------------------------------------------------------------------- parties


def _parties(frame: pl.DataFrame, origin: Origin, chosen: Mapping[str, Field | None]) -> pl.DataFrame:
    """Numbers in E.164, the subscriber, and who called whom.

    `derive: subscriber` takes the direction from which party the subscriber is, `derive: direction`
    the subscriber from the direction: the caller of an outbound event, the called of an inbound one.
    """
    direction, line = chosen.get("direction"), chosen.get("subscriber_number")
    for name in NUMBER_FIELDS:
        if name in frame.columns:
            frame = frame.with_columns(numbers.normalise(frame[name].cast(pl.String), origin.layout.region).alias(name))
    subscriber = pl.col("subscriber_number") if "subscriber_number" in frame.columns else pl.lit(None, dtype=pl.String)
    frame = frame.with_columns(subscriber.fill_null(pl.lit(origin.subscriber, dtype=pl.String)).alias("subscriber_number"))
    subscriber = pl.col("subscriber_number")
    caller, called = (pl.col(c) if c in frame.columns else pl.lit(None, dtype=pl.String) for c in ("from_number", "to_number"))
    stated = pl.col("direction") if "direction" in frame.columns else pl.lit(None, dtype=pl.String)
    if direction is not None and direction.derive == "subscriber":
        same_from, same_to = (caller == subscriber).fill_null(False), (called == subscriber).fill_null(False)
        derived = pl.when(same_from & ~same_to).then(pl.lit("outbound")).when(same_to & ~same_from).then(pl.lit("inbound"))
        stated = pl.coalesce(stated, derived.otherwise(None))
    frame = frame.with_columns(stated.fill_null("unknown").alias("direction"))
    if line is not None and line.derive == "direction":
        party = pl.when(pl.col("direction") == "outbound").then(caller).when(pl.col("direction") == "inbound").then(called)
        frame = frame.with_columns(pl.coalesce(subscriber, party).alias("subscriber_number"))
    if COUNTERPART in frame.columns:
        other, incoming = pl.col(COUNTERPART), pl.col("direction") == "inbound"
        frame = frame.with_columns(
            pl.coalesce(caller, pl.when(incoming).then(other).otherwise(subscriber)).alias("from_number"),
            pl.coalesce(called, pl.when(incoming).then(subscriber).otherwise(other)).alias("to_number"),
        ).drop(COUNTERPART)
    return frame


# --------------------------------------------------------------------------- the rest of the row


def _facts(frame: pl.DataFrame, chosen: Mapping[str, Field | None], origin: Origin, decisions: Decisions, table: str) -> pl.DataFrame:
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
        *(pl.lit(value, dtype=events.COLUMNS[name]).alias(name) for name, value in constants.items() if name not in have),
        *(
            pl.lit(None, dtype=dtype).alias(name)
            for name, dtype in events.COLUMNS.items()
            if name not in have and name not in constants and name not in ("event_id", "occurrence", "duplicate_of")
        ),
    )


def event_ids(source_file_id: str, record_no: np.ndarray) -> pl.Series:
    """A stable 64-bit hash of file and record: SplitMix64 (Steele, Lea, Flood 2014), one-to-one within a file."""
    z = record_no.astype(np.uint64) + np.uint64(int(source_file_id, 16))
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return pl.Series("event_id", (z ^ (z >> np.uint64(31))).view(np.int64))


def _legs(frame: pl.DataFrame, legs: Legs) -> pl.DataFrame:
    """Give the rows of one call a common call_id: the hexadecimal event_id of its first row, legs numbered by time."""
    keys = list(legs.same)
    marked = frame.filter(pl.col("leg")).select(keys).drop_nulls().unique()
    if not marked.height:
        return frame.drop("leg")
    near = (
        frame.select("event_id", "record_no", "started_at", "leg", *keys)
        .join(marked, on=keys, how="semi")
        .sort(*keys, "started_at", "record_no")
        .with_columns((pl.col("started_at").diff().dt.total_seconds().over(keys).fill_null(legs.within_s + 1) > legs.within_s).alias("new"))
        .with_columns(pl.col("new").cum_sum().alias("group"))
        .with_columns(pl.len().over("group").alias("size"), pl.col("leg").any().over("group").alias("any"))
        .filter((pl.col("size") > 1) & pl.col("any"))
        .with_columns(
            pl.col("event_id").sort_by("record_no").first().over("group").alias("first"),
            pl.int_range(1, pl.len() + 1, dtype=pl.Int32).over("group").alias("leg_no"),
        )
    )
    first = near["first"].to_list()
    found = near.select("event_id", "leg_no", pl.Series("call_id", [f"{value & (2**64 - 1):016x}" for value in first], dtype=pl.String))
    return (
        frame.join(found, on="event_id", how="left", maintain_order="left")
        .with_columns(pl.coalesce("call_id", "call_id_right"), pl.coalesce("leg_no", "leg_no_right"))
        .drop("leg", "call_id_right", "leg_no_right")
    )
