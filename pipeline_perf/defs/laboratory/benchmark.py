"""The assets benchmark/<scenario>: a scenario's ingestion measured in fresh processes, beside
its reference.

How a process is measured is the lab's business. What is measured is the command line, from the
path of a file to its committed events: start-up, imports and all.
"""

import json
from collections.abc import Sequence
from typing import Any

import dagster as dg

from pipeline_perf.bench.judge.targets import Target
from pipeline_perf.bench.measure.measure import Pairs, Sample, measure, measure_pair
from pipeline_perf.bench.measure.measurement import Measurement, of_samples, units_per_mib
from pipeline_perf.bench.statistics.compare import compare
from pipeline_perf.contract.scenarios import Measure, Scenario
from pipeline_perf.contract.workloads import IDLE, IDLE_REPETITIONS, bare_copy, ingestion
from pipeline_perf.defs import metadata, recording
from pipeline_perf.defs.folders import Folders
from pipeline_perf.defs.ingestion import accuracy, datasets, parsed

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
    other = next((one for one in scenarios if one.name == plan.reference), None)
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
        group_name=GROUP,
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
        lock = folders.machine_lock
        idle = measure(IDLE, IDLE_REPETITIONS, 0, lock=lock)
        if plan.reference:
            compared = (
                ingestion(other, datasets.load(other, folders))
                if other
                else bare_copy(scenario, datasets.load(scenario, folders)[0])
            )
            pairs = measure_pair(subject, compared, plan.repetitions, plan.warmup, lock=lock)
            samples, figures = (
                list(pairs.a),
                [
                    *of_samples(pairs.samples),
                    *ratio(scenario, plan, pairs),
                ],
            )
        else:
            samples = measure(subject, plan.repetitions, plan.warmup, lock=lock)
            figures = of_samples(samples)
        figures += units_per_mib(samples, idle)
        if scenario.family == "scenario":
            figures += inaccuracies(context, folders, scenario, contract)
        run = recording.record(
            context,
            folders.results,
            figures,
            {subject.name: json.dumps({"records": scenario.records})},
        )
        return dg.MaterializeResult(metadata={**plotted(scenario, samples, figures), **run})

    return benchmark


# The figures ----------------------------------------------------------------------------


def ratio(scenario: Scenario, plan: Measure, pairs: Pairs) -> list[Measurement]:
    """Time of the scenario as a multiple of its reference's, with the interval; nothing where no
    pair is whole.
    """
    a, b = pairs.values("seconds")
    if not a:
        return []
    found = compare(a, b)
    return [
        Measurement(
            f"{scenario.family}.{plan.ratio}",
            scenario.name,
            found.ratio,
            low=found.low,
            high=found.high,
        )
    ]


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
    found = recording.verdicts(
        folders.results, asked, run, recording.figures(folders.results, run), scenario.name
    )
    return [
        Measurement(
            "scenario.failed",
            scenario.name,
            1.0,
            reason=f"{verdict.target.id} is {verdict.actual:g}, not {verdict.threshold}",
        )
        for verdict in found
        if verdict.meets_required is False and verdict.actual is not None
    ]


def plotted(
    scenario: Scenario, samples: Sequence[Sample], figures: Sequence[Measurement]
) -> dict[str, Any]:
    """Medians as numbers that plot, and every repetition as a row."""
    rows = [
        {
            "repetition": sample.repetition + 1,
            "seconds": round(sample.wall_s, 3),
            "cpu_seconds": round(sample.cpu_s, 3),
            "peak_memory_mib": round((sample.peak_memory or 0) / 2**20, 1),
            "failure": metadata.masked_text(sample.reason),
        }
        for sample in samples
    ]
    mine = metadata.figures(
        one for one in figures if one.family == scenario.family and one.scope == scenario.name
    )
    copies = metadata.figures(one for one in figures if one.family == "copy")
    compared = scenario.measure.ratio if scenario.measure else ""
    shown = ("seconds", "cpu_seconds", "rows_per_s", "rows_per_mib", "failed", compared)
    return {
        **{name: mine[name] for name in shown if name in mine},
        **(
            {"peak_memory_mib": metadata.legible(mine["peak_memory"] / 2**20)}
            if "peak_memory" in mine
            else {}
        ),
        **({"reference_seconds": copies["seconds"]} if "seconds" in copies else {}),
        "records": scenario.records,
        "repetitions": metadata.table(rows),
    }
