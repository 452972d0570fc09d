"""The assets parsed/<scenario>: a scenario's files ingested into a fresh lake of its own.

Whether the events are right is judged against the truth, in accuracy; here, only whether everything
is accounted for.
"""

import shutil
from collections import Counter
from collections.abc import Sequence

import dagster as dg

from pipeline_perf.bench.measure.lock import measurement_lock
from pipeline_perf.bench.measure.measurement import Measurement
from pipeline_perf.contract.scenarios import Scenario
from pipeline_perf.defs import metadata, recording
from pipeline_perf.defs.folders import Folders
from pipeline_perf.defs.ingestion import accounting, datasets
from pipeline_perf.ingest.bookkeeping import FileReport
from pipeline_perf.ingest.pipeline import Options, ingest_file
from pipeline_perf.lake.delta import Lake

GROUP = "parsed"

#: The metrics that the asset records.
METRICS = frozenset({"accuracy.conservation", "quality.error_rate"})


def key(scenario: str) -> dg.AssetKey:
    """The asset of the events of a scenario's files."""
    return dg.AssetKey([GROUP, scenario])


def asset_of(scenario: Scenario) -> dg.AssetsDefinition:
    """The asset that ingests a scenario's files."""
    asset = key(scenario.name)

    @dg.asset(
        key=asset,
        deps=[datasets.key(scenario.name)],
        kinds={"polars", "deltalake"},
        check_specs=[accounting.spec(accounting.CONSERVATION, asset)],
        metadata={"dagster/column_schema": metadata.column_schema()},
        description=f"The event table that the generated files were read into. {scenario.says}.",
    )
    # With checks beside the asset, Dagster knows the bare class only, not MaterializeResult[None].
    def parsed(context: dg.AssetExecutionContext, folders: Folders) -> dg.MaterializeResult:
        root = folders.lake_of(scenario.name)
        with measurement_lock(folders.machine_lock):
            shutil.rmtree(root, ignore_errors=True)
            lake = Lake(root)
            reports, expected = [], 0
            for dataset in datasets.load(scenario, folders):
                for path, facts in zip(dataset.files, dataset.facts["files"], strict=True):
                    options = Options(zone=facts["zone"], subscriber=facts["subscriber"])
                    reports.append(ingest_file(path, lake, options))
                    expected += facts["records"]
        check = accounting.conservation(asset, lake, reports)
        figures = measured(scenario.name, reports, expected, lossless=check.passed)
        run = recording.record(context, folders.results, figures)
        return dg.MaterializeResult(
            metadata={
                **metadata.ingestion(reports),
                **run,
                "lake": dg.MetadataValue.path(str(root)),
                "preview": metadata.preview(lake.scan_events()),
            },
            check_results=[check],
        )

    return parsed


def measured(
    scenario: str, reports: Sequence[FileReport], expected: int, *, lossless: bool
) -> list[Measurement]:
    """Conservation, the share of files that failed, and seconds, in all and per room.

    Conserved is what is `lossless` and has as many records as `expected`: those that the truth
    knows. `reports` are of at least one file.
    """
    failed = sum(report.status not in accounting.READ for report in reports)
    rooms = Counter[str]()
    for report in reports:
        rooms.update(report.stages)
    complete = lossless and sum(report.records for report in reports) == expected
    return [
        Measurement("accuracy.conservation", scenario, float(complete)),
        Measurement("quality.error_rate", scenario, failed / len(reports)),
        Measurement("parsed.seconds", scenario, sum(report.seconds for report in reports), "s"),
        *(
            Measurement(f"parsed.stages.{room}", scenario, seconds, "s")
            for room, seconds in rooms.items()
        ),
    ]
