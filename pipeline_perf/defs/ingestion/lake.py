"""The assets of lakes without generated files: the inbox, lake/events, lake/quarantine, lake/marks
and lake/samples.

The inbox fills the three after it. Nothing here is compared with a truth: there is none.
"""

import shutil
from collections.abc import Iterator, Sequence
from typing import Any

import dagster as dg
import polars as pl
from pydantic import Field

from pipeline_perf.bench.measure.lock import measurement_lock
from pipeline_perf.bench.measure.measurement import Measurement
from pipeline_perf.defs import metadata, recording
from pipeline_perf.defs.folders import Folders
from pipeline_perf.defs.ingestion import accounting, inbox
from pipeline_perf.ingest.bookkeeping import FileReport
from pipeline_perf.ingest.pipeline import Options, ingest_path
from pipeline_perf.lake.delta import Lake
from pipeline_perf.lake.schemas import SCHEMAS
from pipeline_perf.privacy import masked

GROUP = "lake"

EVENTS, QUARANTINE, MARKS, SAMPLES = (
    dg.AssetKey([GROUP, name]) for name in ("events", "quarantine", "marks", "samples")
)

#: Where the pipeline begins. Nobody makes it: carriers' files are put there.
INBOX = dg.AssetSpec(
    ["inbox", "files"],
    kinds={"file"},
    description="Carriers' files as they arrive in data/inbox; each is a partition of its own.",
    partitions_def=inbox.PARTITIONS,
)

CHECKS = (accounting.LEGIBILITY, accounting.CONSERVATION, accounting.CONFORMITY)

#: The metrics that lake/samples records, in the scope `samples`.
METRICS = frozenset({"accuracy.conservation", "quality.error_rate"})


class FileOptions(dg.Config):
    """What a person knows of a carrier's file that the file does not say."""

    zone: str | None = Field(
        default=None,
        description=(
            "IANA zone of local times, such as America/New_York; the events are flagged where it is"
            " missing"
        ),
    )
    subscriber: str | None = Field(
        default=None, description="E.164 number of the line, where the file does not name it"
    )
    tenant: str | None = Field(
        default=None, description="Whose file it is, in an installation that serves several"
    )


def _columns(table: str) -> dg.TableSchema:
    """The schema of a table of the lake; its columns that events have, too, mean the same."""
    return metadata.column_schema(SCHEMAS[table])


@dg.multi_asset(
    name="inbox_file",
    specs=[
        dg.AssetSpec(
            EVENTS,
            deps=[INBOX],
            kinds={"polars", "deltalake"},
            description=(
                "The event table: every record of every file that came through the inbox,"
                " duplicates marked."
            ),
            metadata={"dagster/column_schema": metadata.column_schema()},
        ),
        dg.AssetSpec(
            QUARANTINE,
            deps=[INBOX],
            kinds={"polars", "deltalake"},
            description=(
                "Records of the inbox's files that could not become events, each with its rule and"
                " reason."
            ),
            metadata={"dagster/column_schema": _columns("quarantine")},
        ),
        dg.AssetSpec(
            MARKS,
            deps=[EVENTS],
            kinds={"polars", "deltalake"},
            description=(
                "Which events tell what another one tells: sent again, told by two carriers, or the"
                " same call in other words."
            ),
            metadata={"dagster/column_schema": _columns("duplicates")},
        ),
    ],
    check_specs=[
        *(accounting.spec(name, EVENTS, blocking=True) for name in CHECKS),
        accounting.spec(accounting.ZONES, EVENTS),
    ],
    partitions_def=inbox.PARTITIONS,
)
def inbox_file(
    context: dg.AssetExecutionContext, config: FileOptions, folders: Folders
) -> Iterator[dg.MaterializeResult[None]]:
    """One file of the inbox, read into the lake."""
    path = inbox.path_of(folders.inbox, context.partition_key)
    if path is None:
        raise dg.Failure(
            f"{context.partition_key} is not in {folders.inbox} any more: put it back, or delete"
            " the partition",
            allow_retries=False,
        )
    lake = Lake(folders.lake)
    options = Options(config.zone, config.subscriber, config.tenant, folders.own_layouts)
    with measurement_lock(folders.machine_lock):
        reports = list(ingest_path(path, lake, options))
    if not any(report.status in accounting.READ for report in reports):
        suggestions = masked(
            "\n\n".join(report.suggestion for report in reports if report.suggestion)
        )
        raise dg.Failure(
            masked("; ".join(f"{report.status}: {report.reason}" for report in reports)),
            metadata=(
                {"layout_to_complete": dg.MetadataValue.md(f"```yaml\n{suggestions}\n```")}
                if suggestions
                else None
            ),
            allow_retries=False,  # the same bytes will be read no better the next time
        )
    for report in reports:
        if report.status == "already_ingested":
            context.log.warning(masked(f"{report.file} changes nothing: {report.reason}"))
    of_file = pl.col("source_file_id").is_in([report.source_file_id for report in reports])
    yield dg.MaterializeResult(
        asset_key=EVENTS,
        metadata={
            **metadata.ingestion(reports, _height(lake.scan_events())),
            "preview": metadata.preview(lake.scan_events().filter(of_file)),
        },
        check_results=[*judged(EVENTS, lake, reports), accounting.zones(EVENTS, reports)],
    )
    yield dg.MaterializeResult(
        asset_key=QUARANTINE,
        metadata=quarantine(
            lake.scan_quarantine().filter(of_file), _height(lake.scan_quarantine())
        ),
    )
    marked = lake.scan_events().filter(pl.col("duplicate_of").is_not_null())
    yield dg.MaterializeResult(
        asset_key=MARKS,
        metadata={
            "marked_events": _height(marked.filter(of_file)),
            "dagster/row_count": _height(marked),
        },
    )


def _height(frame: pl.LazyFrame) -> int:
    return int(frame.select(pl.len()).collect().item())


@dg.asset(
    key=SAMPLES,
    kinds={"polars", "deltalake"},
    check_specs=[accounting.spec(name, SAMPLES) for name in CHECKS],
    metadata={"dagster/column_schema": metadata.column_schema()},
)
# With checks beside the asset, Dagster knows the bare class only, not MaterializeResult[None].
def samples(context: dg.AssetExecutionContext, folders: Folders) -> dg.MaterializeResult:
    """The events of the sample files in data/samples, read into a lake of their own."""
    files = [
        path
        for path in sorted(folders.samples.rglob("*"))
        if path.is_file() and path.suffix != ".md"
    ]
    if not files:
        raise dg.Failure(
            f"{folders.samples}: no sample files; put at least one carrier's file there",
            allow_retries=False,
        )
    root = folders.lake_of("samples")
    with measurement_lock(folders.machine_lock):
        shutil.rmtree(root, ignore_errors=True)
        lake = Lake(root)
        reports = [
            report
            for path in files
            for report in ingest_path(path, lake, Options(layouts=folders.own_layouts))
        ]
    checks = judged(SAMPLES, lake, reports)
    lossless = all(check.passed for check in checks if check.check_name == accounting.CONSERVATION)
    run = recording.record(context, folders.results, measured(reports, lossless=lossless))
    return dg.MaterializeResult(
        metadata={
            **metadata.ingestion(reports),
            **run,
            "preview": metadata.preview(lake.scan_events()),
        },
        check_results=checks,
    )


def judged(
    asset: dg.AssetKey, lake: Lake, reports: Sequence[FileReport]
) -> list[dg.AssetCheckResult]:
    """The results of all of CHECKS on an asset, for the files that these reports are of."""
    return [
        accounting.legibility(asset, reports),
        accounting.conservation(asset, lake, reports),
        accounting.conformity(asset, lake, reports),
    ]


def measured(reports: Sequence[FileReport], *, lossless: bool) -> list[Measurement]:
    """Conservation, and the share of files that failed, of at least one."""
    failed = sum(report.status not in accounting.READ for report in reports)
    return [
        Measurement("accuracy.conservation", "samples", float(lossless)),
        Measurement("quality.error_rate", "samples", failed / len(reports)),
    ]


def quarantine(frame: pl.LazyFrame, held: int) -> dict[str, Any]:
    """Why records are in quarantine, how many of these files, and how many in the whole lake.

    Their text is not shown: it is personal, and in the lake.
    """
    rules = frame.group_by("rule").len("records").sort("records", descending=True).collect()
    return {
        "rules": metadata.table(rules.to_dicts()),
        "records": int(rules["records"].sum()),
        "dagster/row_count": held,
        "dagster/partition_row_count": int(rules["records"].sum()),
    }
