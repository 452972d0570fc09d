"""The assets history/<scenario>, a night's value each, and report/alerts: what the nights
together say.

How a night is measured and when a level has changed is the lab's business.
"""

from collections.abc import Sequence
from typing import Any

import dagster as dg

from pipeline_perf.bench.follow.night import FOLLOWED
from pipeline_perf.bench.follow.watch import Alert, Finding
from pipeline_perf.bench.sessions import Measured, followed
from pipeline_perf.contract.scenarios import Scenario
from pipeline_perf.contract.workloads import ingestion
from pipeline_perf.defs import metadata, recording
from pipeline_perf.defs.folders import Folders
from pipeline_perf.defs.ingestion import datasets
from pipeline_perf.privacy import masked

GROUP = "history"

ALERTS = dg.AssetKey(["report", "alerts"])

#: What the check says when it is green.
NO_LOSS = "no_level_has_become_worse_tonight"


#: Its failure is no failure of the job: the report is to be made, and what failed of the scenario
#: its benchmark tells.
HAS_VALUE = "the_night_has_a_value"


def key(scenario: str) -> dg.AssetKey:
    return dg.AssetKey([GROUP, scenario])


def asset_of(scenario: Scenario) -> dg.AssetsDefinition:
    """The asset that measures a scenario's night."""

    @dg.asset(
        key=key(scenario.name),
        deps=[datasets.key(scenario.name)],
        kinds={"python", "parquet"},
        description=(
            "Ingestion as a multiple of a pinned computation that never changes, from pairs"
            f" measured in turns. {scenario.says}."
        ),
        check_specs=[
            dg.AssetCheckSpec(
                HAS_VALUE,
                asset=key(scenario.name),
                description="Both sides of every pair did their work.",
            )
        ],
    )
    def history(context: dg.AssetExecutionContext, folders: Folders) -> dg.MaterializeResult:
        # Dagster knows the bare class only
        workload = ingestion(scenario, datasets.load(scenario, folders))
        session = recording.session(context, folders)
        # The workload's own times are those of its benchmark in the same run.
        measured = session.night(workload, alone=False, part=recording.part(context))
        return dg.MaterializeResult(
            metadata={**shown(measured), **recording.named(session.run)},
            check_results=[whole(scenario.name, measured)],
        )

    return history


def shown(measured: Measured) -> dict[str, Any]:
    """The night's ratios as numbers that plot, with their intervals, and what else there is to
    know of them.
    """
    first = {f"first_{name}": value for name, value in metadata.figures(measured.first).items()}
    intervals = {
        f"{ratio.metric.partition('.')[2]}_interval": f"{ratio.low:.4g} to {ratio.high:.4g}"
        for ratio in measured.ratios
    }
    return {
        **metadata.figures(measured.ratios),
        **intervals,
        "pairs": len(measured.samples),
        "failed_repetitions": sum(not sample.ok for sample in measured.samples),
        "measured_again": bool(measured.first),
        **first,
    }


def whole(scenario: str, measured: Measured) -> dg.AssetCheckResult:
    """Whether every repetition of both sides did its work."""
    broken = [f"{sample.workload.name}: {sample.reason}" for sample in measured.failures]
    return dg.AssetCheckResult(
        asset_key=key(scenario),
        check_name=HAS_VALUE,
        passed=not broken,
        severity=dg.AssetCheckSeverity.ERROR,
        description=masked(broken[0]) if broken else f"{len(measured.samples)} pairs",
        metadata={"value": len(broken), "target": 0, "unit": "failed repetitions"},
    )


def alerts_of(scenarios: Sequence[Scenario]) -> dg.AssetsDefinition:
    """The asset that watches every followed scenario's nights, all together."""

    @dg.asset(
        key=ALERTS,
        deps=[key(scenario.name) for scenario in scenarios],
        kinds={"python"},
        check_specs=[
            dg.AssetCheckSpec(
                NO_LOSS,
                asset=ALERTS,
                description=(
                    "Tonight no metric has moved to a worse level, creeps or falls silent. Each is"
                    " told once, on that night."
                ),
            )
        ],
    )
    def alerts(context: dg.AssetExecutionContext, folders: Folders) -> dg.MaterializeResult:
        # Dagster knows the bare class only
        """Every change of level that the nights show: one alert a change, the commits it lies
        between, and who has taken it.
        """
        run = recording.lab_run(context)
        names = [(scenario.workload, metric) for scenario in scenarios for metric in FOLLOWED]
        histories, raised = followed(folders.results, run.environment.machine, names, until=run.id)
        return dg.MaterializeResult(
            metadata={
                "nights": max((len(series.nights) for series in histories), default=0),
                "metrics": sum(bool(series.nights) for series in histories),
                "alerts": len(raised),
                "open_alerts": sum(alert.open for alert in raised),
                "changes": metadata.table(
                    [row(finding) for alert in reversed(raised) for finding in alert.findings]
                ),
                recording.RUN: run.id,
            },
            check_results=[check(raised, run.time.date().isoformat())],
        )

    return alerts


def check(alerts: Sequence[Alert], tonight: str) -> dg.AssetCheckResult:
    """Tonight's losses, whose alerts nobody has taken; older ones were told on their nights."""
    news = [
        finding
        for alert in alerts
        if alert.raised.isoformat() == tonight
        for finding in alert.findings
        if finding.status == "open" and finding.worse
    ]
    older = sum(alert.open for alert in alerts if alert.raised.isoformat() != tonight)
    wait = (
        f"{older} older {'alert waits' if older == 1 else 'alerts wait'} to be mended, or taken"
        " with pipeline-perf bench ack"
    )
    waiting = f"; {wait}" if older else ""
    return dg.AssetCheckResult(
        asset_key=ALERTS,
        check_name=NO_LOSS,
        passed=not news,
        severity=dg.AssetCheckSeverity.ERROR,
        description=(
            "; ".join(sentence(finding) for finding in news) + waiting
            if news
            else f"nothing has become worse tonight{waiting}"
        ),
        metadata={
            "value": len(news),
            "target": 0,
            "unit": "findings",
            "older_alerts": older,
            "findings": dg.MetadataValue.json([row(finding) for finding in news]),
        },
    )


def sentence(finding: Finding) -> str:
    """A finding as a person is told it."""
    between = f"after {finding.good or 'the first night'}, by {finding.bad or 'now'}"
    if finding.kind == "silence":
        return f"{finding.metric} has no figure since {finding.since} ({between})"
    words = {"shift": "stands at a new level", "creep": "creeps", "spread": "spreads more widely"}
    return (
        f"{finding.metric} {words[finding.kind]} since {finding.since}:"
        f" {finding.ratio - 1:+.1%} ({between})"
    )


def row(finding: Finding) -> dict[str, Any]:
    """A finding as a row of a table."""
    return {
        "since": finding.since.isoformat(),
        "metric": finding.metric,
        "kind": finding.kind,
        "change": f"{finding.ratio - 1:+.1%}" if finding.kind != "silence" else "",
        "status": finding.status if finding.worse else "gain",
        "raised": finding.raised.isoformat(),
        "after": finding.good,
        "by": finding.bad,
        "p_value": metadata.legible(finding.p),
    }
