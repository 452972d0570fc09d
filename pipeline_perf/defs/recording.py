"""From an asset to the results store and back.

A run of Dagster is a run of the lab, and every measuring asset of it writes a part. The asset's
metadata names the run: whoever judges the asset reads exactly that one, and never an older figure
in the place of one that is missing.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from pathlib import Path

import dagster as dg

from pipeline_perf.bench.judge import targets
from pipeline_perf.bench.judge.targets import Target, Verdict
from pipeline_perf.bench.measure import environment
from pipeline_perf.bench.measure.measurement import Measurement
from pipeline_perf.bench.measure.results import ResultStore, Run, new_run
from pipeline_perf.contract.workloads import PACKAGES

#: The metadata entry that names the run.
RUN = "results_run"


def lab_run(context: dg.AssetExecutionContext) -> Run:
    """The run of the lab that belongs to this run of Dagster: the same in every step and process
    of it.
    """
    found = context.instance.get_run_record_by_id(context.run.run_id)
    begun = found.create_timestamp if found else None
    return _run(context.run.run_id, context.run.job_name.strip("_"), begun)


@lru_cache(maxsize=1)
def _run(dagster_run: str, job: str, begun: datetime | None) -> Run:
    """The environment is that of the run's first step: later, the machine is busy with the run
    itself.
    """
    return new_run(environment.record(PACKAGES, Path(__file__).parent), begun, dagster_run[:8], job)


def record(
    context: dg.AssetExecutionContext,
    store: ResultStore,
    measurements: Sequence[Measurement],
    params: dict[str, str] | None = None,
    part: str = "",
) -> dict[str, str]:
    """Store the figures of this step, or of a `part` of it; returns the metadata that names the
    run, and a busy machine.
    """
    run = lab_run(context)
    if measurements:
        store.write(run, measurements, params, part=part or context.op_execution_context.op.name)
    busy = (
        f"yes: load {run.environment.load_1m:.1f} on {run.environment.cores} cores when the run"
        " began, so times may be too long"
    )
    return {RUN: run.id, **({"machine_busy": busy} if run.environment.busy else {})}


def run_of(instance: dg.DagsterInstance, asset: dg.AssetKey) -> str | None:
    """The run that the asset's latest materialisation wrote to; None where it has none."""
    event = instance.get_latest_materialization_event(asset)
    entry = (
        event.asset_materialization.metadata.get(RUN)
        if event and event.asset_materialization
        else None
    )
    return str(entry.value) if entry else None


def figures(store: ResultStore, run: str | None) -> list[Measurement]:
    """Every figure of a run; none where there is no run, or it recorded nothing."""
    return store.measurements(run) if run is not None and run in store.run_ids() else []


def verdicts(
    store: ResultStore,
    contract: Sequence[Target],
    run: str | None,
    measurements: Sequence[Measurement],
    scope: str,
) -> list[Verdict]:
    """The verdicts of `contract` on one scope of a run's figures."""
    mine = [one for one in measurements if one.scope == scope]
    earlier = _history(store.root, run) if run and mine else ()
    return targets.judge(contract, mine, targets.met_in(contract, earlier))


@lru_cache(maxsize=1)
def _history(root: Path, run: str) -> tuple[tuple[Measurement, ...], ...]:
    """The figures of every earlier run on this machine.

    A job has dozens of checks and a year thousands of files: read once.
    """
    store = ResultStore(root)
    earlier = store.all_measurements(before=run, machine=store.run(run).environment.machine)
    return tuple(tuple(measurements) for measurements in earlier.values())
