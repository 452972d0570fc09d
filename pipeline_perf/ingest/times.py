"""Times: the form of a date column, the year that it leaves out, its zone; what is written → a moment in UTC.

The form is decided once per file and column, from a sample, and kept in `Forms`; never cell by cell.
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass, field
from typing import Literal

import polars as pl

from pipeline_perf import events
from pipeline_perf.ingest.batch import CORRECTED, UNREADABLE, Batch
from pipeline_perf.ingest.errors import NeedsMapping
from pipeline_perf.ingest.layouts import Field

#: Values looked at to decide the form of a date column.
SAMPLE = 20_000


@dataclass
class Forms:
    """The date form chosen for each (table, field), and each table's last date, which its next batch may carry on."""

    chosen: dict[tuple[str, str], str] = field(default_factory=dict)
    last_date: dict[str, str] = field(default_factory=dict)


_CLOCK = r"\s*\d{1,2}:\d{2}(?::\d{2})?\s*(?:[AaPp]\.?[Mm]?\.?)?$"
_PERIOD_FORMS = ("%m/%d/%Y", "%m/%d/%y", "%b %d, %Y", "%B %d, %Y", "%b %d %Y", "%B %d %Y", "%d %b %Y", "%Y-%m-%d", "%Y%m%d")


def written(name: str, spec: Field, text: pl.Expr, batch: Batch, forms: Forms) -> tuple[pl.Expr, str]:
    """The text of a time column as it will be parsed, and its form."""
    key = (batch.table.name, name)
    if spec.carry_down:
        dates = text.str.replace(_CLOCK, "")
        filled = pl.when(dates != "").then(dates).forward_fill().fill_null(forms.last_date.get(batch.table.name, ""))
        text = (filled + " " + text.str.extract(f"({_CLOCK})", 1).str.strip_chars()).str.strip_chars()
    candidates = spec.formats
    if spec.year == "period":
        text, candidates = _with_year(text, spec, batch)
    if key not in forms.chosen:
        values = batch.frame.select(text.alias("t"))["t"].drop_nulls()
        if len(values):
            forms.chosen[key] = _decide(values, candidates, " + ".join(spec.column))
    if spec.carry_down:
        year = r"^\d{4} " if spec.year == "period" else ""  # what was put in front is put there again
        last = batch.frame.select(text.drop_nulls().last().str.replace(_CLOCK, "").str.replace(year, "").alias("t"))["t"]
        if len(last) and last[0]:
            forms.last_date[batch.table.name] = last[0]
    return text, forms.chosen.get(key, candidates[0] if candidates else "%Y-%m-%d %H:%M:%S")


#: Seconds from 1970 to some day near the year 5000.
_YEAR_5000 = 95_617_584_000


def parse(text: pl.Expr, form: str) -> pl.Expr:
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
        moments = sample.to_frame("t").select(parse(pl.col("t"), form))["t"]
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
    moment = pl.coalesce([parse(this, form) for form in forms])
    # A leap day does not parse in the wrong year: it, too, belongs to the year before.
    earlier = moment.is_null() | (moment.dt.date() > end)
    return pl.when(earlier).then(pl.format("{} {}", year - 1, text)).otherwise(this), forms


def in_zone(frame: pl.DataFrame, started: Field, layout_zone: str, default_zone: str, *, zone_stated: bool, form: str) -> pl.DataFrame:
    """started_at in UTC, as written, and its zone; a duration from the end where none is given.

    `default_zone` counts where neither column nor layout state one; the user has stated it, or not. `form` is that of the starts.
    """
    zone = started.zone or layout_zone
    unknown = zone == "local"
    if form.startswith("epoch"):
        zone, unknown = "UTC", False
    zone = default_zone if unknown else zone
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
        pl.lit(unknown and not zone_stated).alias("zone_assumed"),
        pl.lit(started.resolution or resolution(form), dtype=pl.Int16).alias("time_resolution_s"),
    )


def from_end(frame: pl.DataFrame) -> pl.DataFrame:
    """The start of events of which the source tells the end: the duration is taken off."""
    span = pl.duration(milliseconds=(pl.col("duration_s").fill_null(0.0) * 1000).cast(pl.Int64))
    zone = str(frame["zone"].first() or "UTC")
    started = pl.col("started_at") - span
    return frame.with_columns(
        started,
        started.dt.convert_time_zone(zone).dt.replace_time_zone(None).alias("started_at_local"),
        (pl.col("duration_s") > 0).alias(CORRECTED + "start_from_end"),
    )


def _by_the_day_before(local: pl.Series, zone: str) -> pl.Series:
    """UTC of times that the clocks skipped: they were written by a clock that had not been put forward yet."""
    earlier = (local - dt.timedelta(hours=25)).dt.replace_time_zone(zone, ambiguous="earliest", non_existent="null")
    return (local - earlier.dt.base_utc_offset() - earlier.dt.dst_offset()).dt.replace_time_zone("UTC")


def resolution(form: str) -> int:
    """1 where the form of a time has seconds, 60 where it ends at minutes."""
    return 1 if re.search(r"%S|%T|%X|%s|epoch", form) else 60
