"""Figures and tables as Dagster stores and plots them: plain numbers, masked telephone numbers.

A number's name says its unit: `seconds`, `peak_memory_mib`, `furniture_lines`, `fields_share`.
Where the unit depends on what is judged, an entry `unit` stands beside it. Nothing here computes a
figure.
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


#: What is counted of a file, and under which name it is shown.
_COUNTS = {
    "records": "records",
    "events": "events",
    "quarantined": "quarantined_records",
    "duplicates": "duplicate_events",
    "furniture": "furniture_lines",
    "lines": "lines",
}

#: Metrics whose names and units alone would not say what their number is.
_NAMES = {"failed": "failed_repetitions", "duplicates": "duplicates_f1_share"}


def figures(measurements: Iterable[Measurement]) -> dict[str, float]:
    """One number per metric, named after it and its unit: the median, of `failed` how many did.

    Bytes are told in MiB.
    """
    repetitions: dict[tuple[str, str], list[float]] = {}
    for measurement in measurements:
        of = (measurement.metric.partition(".")[2], measurement.unit)
        repetitions.setdefault(of, []).append(float(measurement.value))
    return {
        named(name, unit): sum(values)
        if name == "failed"
        else legible(median(values) / (2**20 if unit == "B" else 1))
        for (name, unit), values in repetitions.items()
    }


def named(name: str, unit: str) -> str:
    """The name, with its unit, under which a metric's number is shown.

    `name` is the metric's without its family, `unit` that of the measurement, "" for a share or a
    ratio.
    """
    if name in _NAMES:
        return _NAMES[name]
    plain_name = name.replace(".", "_")
    if unit == "B":
        return f"{plain_name}_mib"
    if unit.endswith("/s"):
        return f"{plain_name.removesuffix('_per_s')}_per_second"
    if unit.startswith("per "):
        return f"{plain_name}_{unit.replace(' ', '_')}"
    if unit or "ratio" in plain_name.split("_"):
        return plain_name
    return f"{plain_name.removesuffix('_rate')}_share"


def counted(source: Iterable[Mapping[str, int]], *counts: str) -> dict[str, int]:
    """The sums of these counts of files (records, events, quarantined, …), each named after what
    it counts.
    """
    files = list(source)
    return {_COUNTS[count]: sum(int(file[count]) for file in files) for count in counts}


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
    sums = counted(map(vars, reports), *_COUNTS)
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
        **{f"{room}_seconds": legible(seconds) for room, seconds in rooms.items()},
        "records_by_rule": dg.MetadataValue.json(dict(sorted(rules.items()))),
        "per_file": table([_file(report) for report in reports]),
    }


def _file(report: FileReport) -> dict[str, Any]:
    return {
        "file": masked(report.file.rpartition("/")[2]),
        "status": report.status.replace("_", " "),
        "reason": masked(report.reason),
        "zone_assumed": report.zone_assumed,
        "carrier": report.carrier,
        "layout": report.layout,
        **counted([vars(report)], "records", "events", "quarantined", "duplicates", "furniture"),
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
