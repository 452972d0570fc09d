"""Whether what went into an ingestion came out again: for scenarios, samples and the inbox.

No truth is needed here: reports are compared with themselves and with what the lake holds.
"""

from __future__ import annotations

from collections.abc import Sequence

import dagster as dg
import polars as pl

from pipeline_perf import events
from pipeline_perf.defs import metadata
from pipeline_perf.ingest.bookkeeping import FileReport
from pipeline_perf.lake.delta import Lake
from pipeline_perf.privacy import masked

#: Statuses of a file whose events are in the lake.
READ = ("ingested", "already_ingested")

CONSERVATION = "nothing_is_lost"
CONFORMITY = "events_keep_the_rules"
LEGIBILITY = "every_file_is_read"
ZONES = "every_time_has_its_zone"

#: Rows that pandera sees at once: it needs the table in memory, about 0.5 kB a row.
CONFORMITY_ROWS = 200_000


def spec(name: str, asset: dg.AssetKey, *, blocking: bool = False) -> dg.AssetCheckSpec:
    """One of the checks of this module, on an asset."""
    says = {
        CONSERVATION: (
            "Every record is an event or in quarantine, every line is a record or furniture, and"
            " the lake holds them all"
        ),
        CONFORMITY: "Every event has the columns, types and ranges of the event table",
        LEGIBILITY: (
            "Every file was read: none rejected, none in a layout that nobody has described yet"
        ),
        ZONES: "Every file states the zone of its times, or somebody who knows it has: none is UTC"
        " for want of a better one",
    }
    return dg.AssetCheckSpec(name, asset=asset, description=says[name], blocking=blocking)


def losses(lake: Lake, reports: Sequence[FileReport]) -> list[str]:
    """What does not add up, one sentence per file and reason.

    `reports` are those of an ingestion into `lake`. Files that were not read are passed over: what
    they lose is told by `legibility`.
    """
    lost = []
    for report in reports:
        if report.status not in READ:
            continue
        if report.records != report.events + report.quarantined:
            lost.append(
                f"{report.file}: {report.records} records, but {report.events} events and"
                f" {report.quarantined} in quarantine"
            )
        # A record may take several lines, a line no two records.
        if report.records + report.furniture > report.lines:
            lost.append(
                f"{report.file}: {report.lines} lines, but {report.records} records and"
                f" {report.furniture} lines of furniture"
            )
        for name, frame, stated in (
            ("events", lake.scan_events(), report.events),
            ("records in quarantine", lake.scan_quarantine(), report.quarantined),
        ):
            of_file = frame.filter(pl.col("source_file_id") == report.source_file_id)
            held = of_file.select(pl.len()).collect().item()
            if held != stated:
                lost.append(f"{report.file}: {stated} {name} reported, but the lake holds {held}")
    return lost


def conservation(
    asset: dg.AssetKey, lake: Lake, reports: Sequence[FileReport]
) -> dg.AssetCheckResult:
    """The check that nothing is lost between file and lake."""
    lost = losses(lake, reports)
    counts = ("records", "events", "quarantined", "furniture", "lines")
    figures = metadata.counted(map(vars, reports), *counts)
    return dg.AssetCheckResult(
        asset_key=asset,
        check_name=CONSERVATION,
        passed=not lost,
        metadata={**figures, "lost": _listed(lost)},
        description=masked("; ".join(lost[:3])),
    )


def legibility(asset: dg.AssetKey, reports: Sequence[FileReport]) -> dg.AssetCheckResult:
    """The check that every file was read."""
    unread = [
        f"{report.file}: {report.status}: {report.reason}"
        for report in reports
        if report.status not in READ
    ]
    return dg.AssetCheckResult(
        asset_key=asset,
        check_name=LEGIBILITY,
        passed=not unread,
        metadata={"unread": _listed(unread)},
        description=masked("; ".join(unread[:3])),
    )


def zones(asset: dg.AssetKey, reports: Sequence[FileReport]) -> dg.AssetCheckResult:
    """The check, a warning, that no zone was assumed."""
    assumed = [report.file for report in reports if report.zone_assumed]
    return dg.AssetCheckResult(
        asset_key=asset,
        check_name=ZONES,
        passed=not assumed,
        severity=dg.AssetCheckSeverity.WARN,
        metadata={"assumed": _listed(assumed)},
        description=(
            f"times taken as UTC: {masked('; '.join(assumed[:3]))}; state the zone in the run's"
            " configuration, or in a layout of your own"
            if assumed
            else ""
        ),
    )


def conformity(
    asset: dg.AssetKey, lake: Lake, reports: Sequence[FileReport]
) -> dg.AssetCheckResult:
    """The check of the event table's schema, on the events of these files."""
    files = [report.source_file_id for report in reports if report.status in READ]
    events_of_files = lake.scan_events().filter(pl.col("source_file_id").is_in(files))
    checked, broken = 0, dict[str, int]()
    for batch in events_of_files.collect_batches(chunk_size=CONFORMITY_ROWS):
        checked += batch.height
        for rule in violated(batch):
            broken[rule] = broken.get(rule, 0) + 1
    return dg.AssetCheckResult(
        asset_key=asset,
        check_name=CONFORMITY,
        passed=not broken,
        metadata={"events": checked, "broken": _listed(list(broken))},
        description=f"broken: {', '.join(broken)}" if broken else "",
    )


def violated(frame: pl.DataFrame) -> list[str]:
    """The rules of the event table's schema that a table of events breaks.

    Names of rules only: values are personal.
    """
    import pandera.errors

    try:
        events.schema().validate(frame, lazy=True)
    except pandera.errors.SchemaErrors as error:
        return list(dict.fromkeys(str(case) for case in error.failure_cases["check"].to_list()))
    return []


def _listed(sentences: Sequence[str]) -> dg.MetadataValue:
    return metadata.table([{"what": masked(sentence)} for sentence in sentences])
