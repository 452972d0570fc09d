"""Figures and tables as Dagster stores and plots them: plain numbers, masked telephone numbers.

Nothing here computes a figure.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from statistics import median
from typing import Any

import dagster as dg
import polars as pl

from pipeline_perf import events
from pipeline_perf.bench.measure.measurement import Measurement
from pipeline_perf.ingest.bookkeeping import FileReport
from pipeline_perf.privacy import masked, masked_column

PREVIEW_ROWS = 8

#: What a person looks at first, but the subscriber's own number: it names whose records these are.
PREVIEW_COLUMNS = (
    "started_at",
    "event_type",
    "direction",
    "from_number",
    "to_number",
    "duration_s",
    "duplicate_of",
)

_NUMBERS = ("from_number", "to_number")


def figures(measurements: Iterable[Measurement]) -> dict[str, float]:
    """One number per metric, without its family: the median, of `failed` how many did."""
    repetitions: dict[str, list[float]] = {}
    for measurement in measurements:
        name = measurement.metric.partition(".")[2]
        repetitions.setdefault(name, []).append(float(measurement.value))
    return {
        name: sum(values) if name == "failed" else legible(median(values))
        for name, values in repetitions.items()
    }


def legible(value: float) -> float:
    """The value to six significant digits: more than any measurement here tells."""
    return float(f"{value:.6g}")


def ingestion(reports: Sequence[FileReport], held: int | None = None) -> dict[str, Any]:
    """What became of the files of one ingestion, as sums that plot and a row per file.

    What is to be said of them comes first. `held` is the number of events in the whole lake; left
    out where these files are all that it holds.
    """
    rooms: Counter[str] = Counter()
    rules: Counter[str] = Counter()
    for report in reports:
        rooms.update(report.stages)
        rules.update(report.rules)
    sums = {
        name: sum(int(getattr(report, name)) for report in reports)
        for name in ("records", "events", "quarantined", "duplicates", "furniture", "lines")
    }
    statuses = Counter(report.status.replace("_", " ") for report in reports)
    said = [masked(report.reason) for report in reports if report.reason]
    assumed = sum(report.zone_assumed for report in reports)
    return {
        "became": ", ".join(f"{n} {status}" for status, n in statuses.items()),
        **(
            {"reason": said[0] if len(said) == 1 else f"{len(said)} files: see per_file"}
            if said
            else {}
        ),
        "zone_assumed_files": assumed,
        "files": len(reports),
        **sums,
        "dagster/row_count": sums["events"] if held is None else held,
        **({} if held is None else {"dagster/partition_row_count": sums["events"]}),
        "seconds": legible(sum(report.seconds for report in reports)),
        **{f"seconds_{room}": legible(seconds) for room, seconds in rooms.items()},
        "rules": dg.MetadataValue.json(dict(sorted(rules.items()))),
        "per_file": table([_file(report) for report in reports]),
    }


def _file(report: FileReport) -> dict[str, Any]:
    shown = (
        "file",
        "status",
        "reason",
        "zone_assumed",
        "carrier",
        "layout",
        "records",
        "events",
        "quarantined",
        "duplicates",
        "furniture",
        "seconds",
    )
    row = {name: getattr(report, name) for name in shown}
    return row | {
        "file": masked(report.file.rpartition("/")[2]),
        "status": report.status.replace("_", " "),
        "reason": masked(report.reason),
        "seconds": round(report.seconds, 3),
    }


def preview(frame: pl.LazyFrame) -> dg.MetadataValue:
    """The first events, their telephone numbers masked."""
    head = (
        frame.select(PREVIEW_COLUMNS)
        .head(PREVIEW_ROWS)
        .with_columns(masked_column(name) for name in _NUMBERS)
    )
    return table(
        head.with_columns(pl.col("started_at").dt.strftime("%Y-%m-%d %H:%M:%S"))
        .collect()
        .to_dicts()
    )


def column_schema(
    columns: Mapping[str, pl.DataType] = events.COLUMNS,
    meanings: Mapping[str, str] = events.MEANINGS,
) -> dg.TableSchema:
    """A table's columns, types and meanings, for Dagster's page of an asset."""
    return dg.TableSchema(
        columns=[
            dg.TableColumn(name, plain(dtype), description=meanings.get(name))
            for name, dtype in columns.items()
        ]
    )


def plain(dtype: pl.DataType) -> str:
    """A type in words: "time in UTC", "whole number", "decimal(18, 6)"."""
    match dtype:
        case pl.Datetime(time_zone=None):
            return "local time"
        case pl.Datetime():
            return f"time in {dtype.time_zone}"
        case pl.Decimal():
            return f"decimal({dtype.precision}, {dtype.scale})"
        case pl.String():
            return "text"
        case pl.Boolean():
            return "true or false"
        case _ if dtype.is_integer():
            return "whole number"
        case _ if dtype.is_float():
            return "number"
    return str(dtype).lower()


def table(rows: Sequence[Mapping[str, Any]]) -> dg.MetadataValue:
    """Rows of plain values as a table; the word "none" where it would have no columns."""
    if not rows:
        return dg.MetadataValue.text("none")
    return dg.MetadataValue.table(
        [
            dg.TableRecord({name: "" if value is None else value for name, value in row.items()})
            for row in rows
        ]
    )
