"""Local times → UTC: the zone of each row, hours that came twice or never, starts told by their
ends.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence

import polars as pl

from pipeline_perf.ingest.batch import CORRECTED, UNREADABLE
from pipeline_perf.ingest.layout.forms import OFFSET, is_zone, resolution
from pipeline_perf.ingest.layout.model import Field
from pipeline_perf.ingest.normalise.repeated_hours import in_repeated


def of_times(form: str, started: Field, layout_zone: str, default: str) -> str:
    """The zone of times in a form, where neither they nor their records say another: the field's,
    the layout's, or where neither knows it, the default.
    """
    zone = "UTC" if form.startswith("epoch") else started.zone or layout_zone
    return default if zone == "local" else zone


def in_zone(
    frame: pl.DataFrame,
    started: Field,
    zone: str,
    passes: tuple[pl.Series, pl.Series] | None,
    form: str,
) -> pl.DataFrame:
    """started_at in UTC, as written, and its zone; a duration from the end where none is given.

    `form` is that of the starts. An offset or epoch that they state counts; then the zone of the
    record (its field `zone`), and `zone` where it names none, for which `zone_assumed` is set.
    `passes`: which starts are of the second pass of a repeated hour, and of which that is known.
    """
    local, written = pl.col("started_at"), pl.col("written.started_at")
    frame = frame.with_columns(
        (written.is_not_null() & local.is_null()).alias(UNREADABLE + "started_at")
    )
    resolved = pl.lit(started.resolution or resolution(form), dtype=pl.Int16).alias(
        "time_resolution_s"
    )
    if form.endswith("%z"):
        if "ended_at" in frame.columns:
            frame = _duration_from_end(frame, _span_by_offsets())
        ahead, named = _offset(written)
        utc = [
            (local - ahead).dt.replace_time_zone("UTC"),
            named.alias("zone"),
            pl.lit(False).alias("zone_assumed"),
        ]
        return frame.with_columns(local.alias("started_at_local"), *utc, resolved).drop(
            "written.started_at"
        )
    unstated = pl.lit(not form.startswith("epoch"))
    if "zone" not in frame.columns or form.startswith("epoch"):
        here, names = pl.repeat(zone, frame.height, eager=True), [zone]
    else:
        texts = frame["zone"]
        names = [name for name in texts.drop_nulls().unique(maintain_order=True) if is_zone(name)]
        frame = frame.with_columns((~texts.is_in(names)).alias(UNREADABLE + "zone"))
        unstated = unstated & pl.col("zone").is_null()
        here = texts.set(~texts.is_in(names).fill_null(False), zone).fill_null(zone)
        names = list(dict.fromkeys([zone, *names]))
    second, told = passes or (None, None)
    times = frame["started_at"]
    moments, skipped = _in_utc(times, here, names, second)
    corrected = []
    if names != ["UTC"]:
        twice = _by_zone(times, here, names, in_repeated)
        twice = twice if told is None else twice & ~told
        corrected = [
            skipped.alias(CORRECTED + "skipped_hour"),
            twice.alias(CORRECTED + "ambiguous_hour"),
        ]
    if "ended_at" in frame.columns:
        ends, _ = _in_utc(frame["ended_at"], here, names, None)
        if names != ["UTC"] and (ends < moments).any():
            # before the start only the first pass of an hour that came twice
            late, _ = _in_utc(
                frame["ended_at"], here, names, pl.repeat(True, frame.height, eager=True)
            )
            ends = ends.zip_with((ends >= moments).fill_null(True), late)
        frame = _duration_from_end(frame, pl.lit(ends - moments))
    return frame.with_columns(
        local.alias("started_at_local"),
        moments.alias("started_at"),
        *corrected,
        here.alias("zone"),
        unstated.alias("zone_assumed"),
        resolved,
    ).drop("written.started_at")


def _span_by_offsets() -> pl.Expr:
    """From start to end, by what the clock was put forward between the two."""
    ahead, _ = _offset(pl.col("written.started_at"))
    forward = _offset(pl.col("written.ended_at"))[0].fill_null(ahead) - ahead
    return pl.col("ended_at") - pl.col("started_at") - forward


def _duration_from_end(frame: pl.DataFrame, span: pl.Expr) -> pl.DataFrame:
    seconds = span.dt.total_seconds().cast(pl.Float64)
    given = (
        pl.col("duration_s") if "duration_s" in frame.columns else pl.lit(None, dtype=pl.Float64)
    )
    return frame.with_columns(
        (pl.col("written.ended_at").is_not_null() & pl.col("ended_at").is_null()).alias(
            UNREADABLE + "ended_at"
        ),
        pl.coalesce(given, seconds).alias("duration_s"),
        (given.is_null() & seconds.is_not_null()).alias(CORRECTED + "duration_from_end"),
    ).drop("ended_at", "written.ended_at")


def _offset(text: pl.Expr) -> tuple[pl.Expr, pl.Expr]:
    """By what the clock of a time is ahead of UTC, as the time's text says it, and that zone's
    name: UTC or for example -05:00.
    """
    part = text.str.extract(OFFSET, 1)
    digits = part.str.replace_all(r"\D", "").str.pad_end(4, "0")
    hours, minutes = digits.str.slice(0, 2), digits.str.slice(2, 2)
    sign = pl.when(part.str.starts_with("-")).then(-1).otherwise(1)
    ahead = sign * (hours.cast(pl.Int64) * 60 + minutes.cast(pl.Int64))
    name = (
        pl.when(ahead == 0)
        .then(pl.lit("UTC"))
        .otherwise(pl.format("{}{}:{}", part.str.slice(0, 1), hours, minutes))
    )
    return pl.duration(minutes=ahead), name


def _by_zone(
    local: pl.Series,
    zones: pl.Series,
    names: Sequence[str],
    work: Callable[[pl.Series, str], pl.Series],
) -> pl.Series:
    """What `work` makes of the times of each zone."""
    worked = work(local, names[0])
    for name in names[1:]:
        worked = work(local, name).zip_with(zones == name, worked)
    return worked


def _in_utc(
    local: pl.Series, zones: pl.Series, names: Sequence[str], second: pl.Series | None
) -> tuple[pl.Series, pl.Series]:
    """Times of their zones in UTC, and which of them the clocks skipped.

    A time that came twice is taken for the first, or for the second where `second` says so.
    """

    def exact(local: pl.Series, zone: str) -> pl.Series:
        first = local.dt.replace_time_zone(zone, ambiguous="earliest", non_existent="null")
        if second is not None and second.any():
            last = local.dt.replace_time_zone(zone, ambiguous="latest", non_existent="null")
            first = last.zip_with(second, first)
        return first.dt.convert_time_zone("UTC")

    if list(names) == ["UTC"]:
        return local.dt.replace_time_zone("UTC"), pl.repeat(False, len(local), eager=True)
    moments = _by_zone(local, zones, names, exact)
    skipped = moments.is_null() & local.is_not_null()
    if skipped.any():
        before = _by_zone(local, zones, names, _by_the_day_before)
        moments = moments.zip_with(~skipped, before)
    return moments, skipped


def from_end(frame: pl.DataFrame) -> pl.DataFrame:
    """The start of events of which the source tells the end: the duration is taken off."""
    span = pl.duration(milliseconds=(pl.col("duration_s").fill_null(0.0) * 1000).cast(pl.Int64))
    started, local = pl.col("started_at") - span, pl.col("started_at_local") - span
    for zone in frame["zone"].drop_nulls().unique():
        if is_zone(zone):  # no mere offset: its clock may have been changed during the event
            there = started.dt.convert_time_zone(zone).dt.replace_time_zone(None)
            local = pl.when(pl.col("zone") == zone).then(there).otherwise(local)
    return frame.with_columns(
        started,
        local.alias("started_at_local"),
        (pl.col("duration_s") > 0).alias(CORRECTED + "start_from_end"),
    )


def _by_the_day_before(local: pl.Series, zone: str) -> pl.Series:
    """UTC of times that the clocks skipped: they were written by a clock that had not been put
    forward yet.
    """
    earlier = (local - dt.timedelta(hours=25)).dt.replace_time_zone(
        zone, ambiguous="earliest", non_existent="null"
    )
    ahead = (earlier.dt.base_utc_offset() + earlier.dt.dst_offset()).dt.cast_time_unit(
        "us"
    )  # Polars has them in ms, and so would be the times
    return (local - ahead).dt.replace_time_zone("UTC")
