"""Jobs and schedules: a name, a sentence, a selection; and when.

What the assets do is their modules' business.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import dagster as dg

from pipeline_perf.defs import inbox, lake, readiness
from pipeline_perf.scenarios import Tier

if TYPE_CHECKING:  # what define_asset_job returns; Dagster exports it under no public name
    from dagster._core.definitions.unresolved_asset_job_definition import UnresolvedAssetJobDefinition as AssetJob

#: The run queue (dagster.yaml) lets one run with this tag through at a time: a measured run shares the machine with nobody.
WHOLE_MACHINE = {"pipeline_perf/machine": "whole"}

#: Only an ingestion whose process died is started again; it goes on after its last committed chunk.
RESUMED_AFTER_A_CRASH = {"dagster/max_retries": "3"}

#: Each tier's job also runs the tiers before it that belong to the same night.
TIERS: Mapping[str, tuple[Tier, ...]] = {"ci": ("ci",), "nightly": ("ci", "nightly"), "weekly_full_scale": ("weekly",)}

SENTENCES = {
    "ci": "Small data sets and the samples: generated, ingested, scored, measured and judged, in under three minutes.",
    "nightly": "Everything of ci, large files up to one million rows, and the production scenarios.",
    "weekly_full_scale": "Ten million rows.",
}


def scenario_jobs(assets: Mapping[Tier, Sequence[dg.AssetKey]]) -> dict[str, AssetJob]:
    """The jobs over scenarios; `assets` are those of each tier."""
    return {
        name: dg.define_asset_job(
            name,
            selection=dg.AssetSelection.assets(
                *(key for tier in tiers for key in assets.get(tier, ())),
                *([] if name == "weekly_full_scale" else [lake.SAMPLES]),
                readiness.KEY,
            ),
            description=SENTENCES[name],
            tags=WHOLE_MACHINE,
        )
        for name, tiers in TIERS.items()
    }


def inbox_job() -> AssetJob:
    """The job that reads one file of the inbox."""
    return dg.define_asset_job(
        inbox.JOB,
        selection=dg.AssetSelection.assets(lake.EVENTS, lake.QUARANTINE),
        description="One file of the inbox, read into the lake.",
        tags={**WHOLE_MACHINE, **RESUMED_AFTER_A_CRASH},
    )


def schedules(jobs: Mapping[str, AssetJob]) -> list[dg.ScheduleDefinition]:
    """Nights and weeks in UTC: 02:00 local time happens twice or never when the clocks change."""
    times = {"nightly": "0 2 * * *", "weekly_full_scale": "0 2 * * 1"}
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
