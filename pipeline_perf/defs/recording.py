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

from pipeline_perf.bench.measure import environment
from pipeline_perf.bench.measure.measurement import Measurement
from pipeline_perf.bench.measure.results import ResultStore, Run, new_run
from pipeline_perf.bench.sessions import Progress, Session, paced
from pipeline_perf.contract.workloads import PACKAGES
from pipeline_perf.defs.folders import Folders
from pipeline_perf.privacy import masked

#: The metadata entry that names the run.
RUN = "results_run"


def lab_run(context: dg.AssetExecutionContext) -> Run:
    """The run of the lab that belongs to this run of Dagster: the same in every step and process
    of it.
    """
    stored = context.instance.get_run_record_by_id(context.run.run_id)
    begun = stored.create_timestamp if stored else None
    return _run(context.run.run_id, context.run.job_name.strip("_"), begun)


@lru_cache(maxsize=1)
def _run(dagster_run: str, job: str, begun: datetime | None) -> Run:
    """With the environment of the run's first step: later, the machine is busy with the run."""
    return new_run(environment.record(PACKAGES, Path(__file__).parent), begun, dagster_run[:8], job)


def session(context: dg.AssetExecutionContext, folders: Folders) -> Session:
    """The lab's session that measures in this step, and tells the run's log what it does."""

    def tell(step: Progress) -> None:
        if step.step == "trial":
            context.log.info(step.says)
        else:
            context.log.info(f"{step.workload}: {masked(step.says)}")

    return Session(lab_run(context), folders.results, folders.reports.resolve(), paced(tell))


def part(context: dg.AssetExecutionContext) -> str:
    """The name under which this step's figures are a part of the run."""
    return context.op_execution_context.op.name


def record(
    context: dg.AssetExecutionContext,
    store: ResultStore,
    measurements: Sequence[Measurement],
) -> dict[str, str]:
    """Store the figures of this step; returns metadata: the run's name, and a busy machine."""
    run = lab_run(context)
    if measurements:
        store.write(run, measurements, part=part(context))
    return named(run)


def named(run: Run) -> dict[str, str]:
    """The metadata that names a run, and a machine that was busy when it began."""
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
