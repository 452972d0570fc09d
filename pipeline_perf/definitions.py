"""Dagster's entry point: assembles assets, checks, jobs, schedules and sensors, and nothing else.

`dagster job execute -m pipeline_perf.definitions -j ci`, `dagster dev` (workspace.yaml), `dg
launch`.
"""

from __future__ import annotations

import os
from collections import defaultdict

import dagster as dg

from pipeline_perf.bench.judge import targets
from pipeline_perf.contract import scenarios
from pipeline_perf.contract.scenarios import Tier
from pipeline_perf.defs import alerts, jobs, readiness
from pipeline_perf.defs.checks import Producer, target_checks
from pipeline_perf.defs.folders import Folders, Settings
from pipeline_perf.defs.ingestion import accuracy, datasets, inbox, lake, parsed
from pipeline_perf.defs.laboratory import benchmark, calibration, history, mutation, regression
from pipeline_perf.permissions import restrict

#: What people's files go through; everything else belongs to the lab.
INGESTION = ("inbox", lake.GROUP)


def _placed(spec: dg.AssetSpec) -> dg.AssetSpec:
    """An asset with its group and its owner: the ingestion's, or one of the lab's by kind."""
    kind = spec.key.path[0]
    ingests = kind in INGESTION
    return spec.replace_attributes(
        group_name="ingestion" if ingests else f"lab_{kind}",
        owners=["team:ingestion" if ingests else "team:lab"],
    )


def build(settings: Settings) -> dg.Definitions:
    """The definitions over one contract, one set of scenarios and one data directory."""
    contract, planned = targets.load(settings.targets), scenarios.load(settings.scenarios)
    assets: list[dg.AssetsDefinition] = [lake.inbox_file, lake.samples]
    judged = target_checks("samples", [Producer(lake.SAMPLES, "samples", lake.METRICS)], contract)
    tiers: dict[Tier, list[dg.AssetKey]] = defaultdict(list)
    reported = [lake.SAMPLES, mutation.KEY]
    for scenario in planned:
        mine = [datasets.asset_of(scenario), parsed.asset_of(scenario)]
        producers = [Producer(parsed.key(scenario.name), scenario.name, parsed.METRICS)]
        if scenario.score:
            mine.append(accuracy.asset_of(scenario))
            producers += [
                Producer(
                    accuracy.classification_key(scenario.name),
                    scenario.name,
                    accuracy.CLASSIFICATION_METRICS,
                    may_lack=True,
                ),
                Producer(
                    accuracy.duplicates_key(scenario.name),
                    scenario.name,
                    accuracy.DUPLICATES_METRICS,
                    may_lack=True,
                ),
            ]
        if scenario.measure:
            mine.append(benchmark.asset_of(scenario, scenario.measure, planned, contract))
            producers.append(
                Producer(benchmark.key(scenario.name), scenario.name, benchmark.metrics(scenario))
            )
        judged += target_checks(scenario.name, producers, contract)
        tiers[scenario.tier] += [key for asset in mine for key in asset.keys]
        assets += mine
        reported += [
            producer.asset
            for producer in producers
            if not (scenario.score and producer.asset == parsed.key(scenario.name))
        ]
    measured = [scenario for scenario in planned if scenario.measure]
    for scenario in measured:
        # Its scope in the contract is the workload's full name: that is what was compared.
        gate = Producer(
            regression.key(scenario.name), scenario.workload, regression.METRICS, may_lack=True
        )
        judged += target_checks(f"regression_{scenario.name}", [gate], contract)
    followed = [scenario for scenario in measured if scenario.measure and scenario.measure.followed]
    compared = [
        regression.key(one.name)
        for one in measured
        if one.measure and one.measure.compared and one.tier == "ci"
    ]
    assets += [
        *(history.asset_of(scenario) for scenario in followed),
        calibration.asset_of(contract),
    ]
    assets += [regression.assets_of(measured, settings.against)] if measured else []
    assets += [history.alerts_of(followed)] if followed else []
    judged += calibration.checks_of(contract)
    assets.append(mutation.mutation_score)
    judged += target_checks(
        "mutation", [Producer(mutation.KEY, mutation.SCOPE, mutation.METRICS)], contract
    )
    tiers["weekly"].append(mutation.KEY)
    reported += [*compared, *([history.ALERTS] if followed else [])]
    assets.append(readiness.asset_of(reported, contract, settings.scenarios))
    scenario_jobs = jobs.scenario_jobs(
        tiers, compared, [history.key(scenario.name) for scenario in followed]
    )
    scenario_jobs["calibration"] = jobs.calibration_job()
    others = [
        jobs.inbox_job(),
        *(
            [jobs.paired_regression([regression.key(one.name) for one in measured])]
            if measured
            else []
        ),
    ]
    return dg.Definitions(
        assets=[_placed(lake.INBOX), *(one.map_asset_specs(_placed) for one in assets)],
        asset_checks=judged,
        jobs=[*scenario_jobs.values(), *others],
        schedules=jobs.schedules(scenario_jobs),
        sensors=[inbox.inbox_sensor, *alerts.SENSORS],
        resources={"folders": Folders(data=settings.data), "alerts": alerts.Alerts()},
        executor=dg.in_process_executor,
    )


restrict(os.environ)  # every process of Dagster's that works on the data comes by here
defs = build(Settings.of(os.environ))
