"""Jobs and schedules: a name, a sentence, a selection; and when.

What the assets do is their modules' business.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import dagster as dg

from pipeline_perf.contract.scenarios import Tier
from pipeline_perf.defs import readiness
from pipeline_perf.defs.ingestion import inbox, lake
from pipeline_perf.defs.laboratory import calibration, history, regression

if TYPE_CHECKING:  # what define_asset_job returns; Dagster exports it under no public name
    from dagster._core.definitions.unresolved_asset_job_definition import (
        UnresolvedAssetJobDefinition as AssetJob,
    )

#: The run queue (dagster.yaml) lets one run with this tag through at a time: a measured run shares
#: the machine with nobody.
WHOLE_MACHINE = {
    "pipeline_perf/machine": "whole",
    # Dagster gives it to what the UI starts; its timeline leaves out runs that lack it, as those of
    # `dagster job execute` would
    ".dagster/repository": "__repository__@pipeline_perf",
}

#: Only an ingestion whose process died is started again; it goes on after its last committed chunk.
RESUMED_AFTER_A_CRASH = {"dagster/max_retries": "3"}

#: Each tier's job also runs the tiers before it that belong to the same night.
TIERS: Mapping[str, tuple[Tier, ...]] = {
    "ci": ("ci",),
    "nightly": ("ci", "nightly"),
    "weekly_full_scale": ("weekly",),
}

SENTENCES = {
    "ci": (
        "Small data sets and the samples: generated, ingested, scored, measured and judged, in"
        " about three minutes; where the code differs from that of the default branch, it must not"
        " be slower."
    ),
    "nightly": (
        "Everything of ci, large files up to one million rows, every format, the production"
        " scenarios, and the history of nights."
    ),
    "weekly_full_scale": (
        "Ten million rows, printed bills of 100 000 records, and 150 small faults put into the"
        " code: how many of them the tests notice."
    ),
    "calibration": "The lab's own false alarms, and what it finds of what is there.",
    "paired_regression": (
        "The working tree against a revision of your choice: slower or not, by how much, and where."
    ),
}

#: Seconds for each comparison of the job ci: some thirty pairs of 100 000 records. Who wants to see
#: less asks `paired_regression`.
CI_BUDGET_S = 90.0


def scenario_jobs(
    assets: Mapping[Tier, Sequence[dg.AssetKey]],
    compared: Sequence[dg.AssetKey],
    followed: Sequence[dg.AssetKey],
) -> dict[str, AssetJob]:
    """The jobs over scenarios, by name.

    `assets` are those of each tier. `compared` are the comparisons with another revision, which ci
    makes, and `followed` the histories, which the nights continue.
    """
    further = {"ci": compared, "nightly": [*followed, history.ALERTS] if followed else []}
    settings = {"ci": regression.configured(budget_s=CI_BUDGET_S)} if compared else {}
    return {
        name: dg.define_asset_job(
            name,
            selection=dg.AssetSelection.assets(
                *(key for tier in tiers for key in assets.get(tier, ())),
                *further.get(name, ()),
                *([] if name == "weekly_full_scale" else [lake.SAMPLES]),
                readiness.KEY,
            ),
            description=SENTENCES[name],
            tags=WHOLE_MACHINE,
            config=settings.get(name),
        )
        for name, tiers in TIERS.items()
    }


def paired_regression(measured: Sequence[dg.AssetKey]) -> AssetJob:
    """The job that compares with a revision; its configuration says which, and for how long."""
    return dg.define_asset_job(
        "paired_regression",
        selection=dg.AssetSelection.assets(*measured),
        description=SENTENCES["paired_regression"],
        tags=WHOLE_MACHINE,
        config=regression.configured(revision="HEAD"),
    )


def calibration_job() -> AssetJob:
    """The job that publishes the lab's error rates."""
    return dg.define_asset_job(
        "calibration",
        selection=dg.AssetSelection.assets(calibration.KEY),
        description=SENTENCES["calibration"],
        tags=WHOLE_MACHINE,
    )


def inbox_job() -> AssetJob:
    """The job that reads one file of the inbox."""
    return dg.define_asset_job(
        inbox.JOB,
        selection=dg.AssetSelection.assets(lake.EVENTS, lake.QUARANTINE, lake.MARKS),
        description="One file of the inbox, read into the lake.",
        tags={**WHOLE_MACHINE, **RESUMED_AFTER_A_CRASH},
    )


def schedules(jobs: Mapping[str, AssetJob]) -> list[dg.ScheduleDefinition]:
    """Nights and weeks in UTC: 02:00 local time happens twice or never when the clocks change."""
    times = {"nightly": "0 2 * * *", "weekly_full_scale": "0 2 * * 1", "calibration": "0 2 * * 0"}
    return [
        dg.ScheduleDefinition(
            name=name,
            job=jobs[name],
            cron_schedule=cron,
            execution_timezone="UTC",
            default_status=dg.DefaultScheduleStatus.RUNNING,
            description=SENTENCES[name],
        )
        for name, cron in times.items()
    ]
