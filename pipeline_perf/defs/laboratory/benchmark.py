"""The assets benchmark/<scenario>: a scenario's ingestion measured in fresh processes, beside
its reference.

How a process is measured is the lab's business. What is measured is the command line, from the
path of a file to its committed events: start-up, imports and all.
"""

from collections.abc import Sequence
from typing import Any

import dagster as dg

from pipeline_perf.bench import sessions
from pipeline_perf.bench.judge.targets import Target
from pipeline_perf.bench.measure.measurement import Measurement
from pipeline_perf.bench.measure.workload import Workload
from pipeline_perf.bench.sessions import Measured
from pipeline_perf.contract.scenarios import Measure, Scenario
from pipeline_perf.contract.workloads import bare_copy, ingestion
from pipeline_perf.defs import metadata, recording
from pipeline_perf.defs.folders import Folders
from pipeline_perf.defs.ingestion import accuracy, datasets, parsed
from pipeline_perf.privacy import masked

GROUP = "benchmark"


def key(scenario: str) -> dg.AssetKey:
    return dg.AssetKey([GROUP, scenario])


def metrics(scenario: Scenario) -> frozenset[str]:
    """The metrics that a scenario's measurement gives targets to judge."""
    if not scenario.measure:
        return frozenset()
    names = {"seconds", "cpu_seconds", "rows_per_s", "rows_per_mib", "peak_memory", "failed"} | (
        {scenario.measure.ratio} - {""}
    )
    return frozenset(f"{scenario.family}.{name}" for name in names)


def asset_of(
    scenario: Scenario, plan: Measure, scenarios: Sequence[Scenario], contract: Sequence[Target]
) -> dg.AssetsDefinition:
    """The asset that measures a scenario."""
    other = next((candidate for candidate in scenarios if candidate.name == plan.reference), None)
    judged_first = [
        accuracy.classification_key(scenario.name),
        accuracy.duplicates_key(scenario.name),
    ]
    against = {
        "": "",
        "copy": " against a bare copy into Parquet",
        "lines": " against a bare copy of its lines into Parquet",
    }

    @dg.asset(
        key=key(scenario.name),
        deps=[
            datasets.key(scenario.name),
            *([datasets.key(other.name)] if other else []),
            *(judged_first if scenario.family == "scenario" else []),
        ],
        kinds={"python", "parquet"},
        description=(
            "Ingestion from file to lake, measured in fresh"
            f" processes{against.get(plan.reference, f' against {plan.reference}')}."
            f" {scenario.says}."
        ),
    )
    def benchmark(
        context: dg.AssetExecutionContext, folders: Folders
    ) -> dg.MaterializeResult[None]:
        subject = ingestion(scenario, datasets.load(scenario, folders))
        missed = (
            inaccuracies(context, folders, scenario, contract)
            if scenario.family == "scenario"
            else []
        )
        session = recording.session(context, folders)
        measured = session.measure(
            subject,
            _reference(scenario, plan, other, folders),
            ratio=plan.ratio,
            repetitions=plan.repetitions,
            warmup=plan.warmup,
            pinned=False,
            beside=missed,
            part=recording.part(context),
        )
        return dg.MaterializeResult(
            metadata={**plotted(scenario, measured), **recording.named(session.run)}
        )

    return benchmark


def _reference(
    scenario: Scenario, plan: Measure, other: Scenario | None, folders: Folders
) -> Workload | None:
    if other:
        return ingestion(other, datasets.load(other, folders))
    return bare_copy(scenario, datasets.load(scenario, folders)[0]) if plan.reference else None


# The figures ----------------------------------------------------------------------------


def inaccuracies(
    context: dg.AssetExecutionContext,
    folders: Folders,
    scenario: Scenario,
    contract: Sequence[Target],
) -> list[Measurement]:
    """A failure for each required target of accuracy that this run's ingestion of the scenario
    misses.
    """
    run = recording.run_of(context.instance, accuracy.classification_key(scenario.name))
    asked = [
        target
        for target in contract
        if target.required and target.metric in accuracy.METRICS | parsed.METRICS
    ]
    verdicts = sessions.verdicts(
        folders.results, asked, run, recording.figures(folders.results, run), scenario.name
    )
    return [
        Measurement(
            "scenario.failed",
            scenario.name,
            1.0,
            reason=f"{verdict.target.id} is {verdict.actual:g}, not {verdict.threshold}",
        )
        for verdict in verdicts
        if verdict.meets_required is False and verdict.actual is not None
    ]


def plotted(scenario: Scenario, measured: Measured) -> dict[str, Any]:
    """Medians as numbers that plot, and every repetition as a row."""
    rows = [
        {
            "repetition": sample.repetition + 1,
            "seconds": round(sample.wall_s, 3),
            "cpu_seconds": round(sample.cpu_s, 3),
            "peak_memory_mib": round((sample.peak_memory or 0) / 2**20, 1),
            "failure": masked(sample.reason),
        }
        for sample in measured.samples
    ]
    mine = [
        figure
        for figure in measured.figures
        if figure.scope == scenario.name and figure.metric in metrics(scenario)
    ]
    copies = metadata.figures(figure for figure in measured.figures if figure.family == "copy")
    return {
        **metadata.figures(mine),
        **({"reference_seconds": copies["seconds"]} if "seconds" in copies else {}),
        "records": scenario.records,
        "repetitions": metadata.table(rows),
    }
