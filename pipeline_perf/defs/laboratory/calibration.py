"""The asset calibration/rates: how often the lab itself is wrong, with a check for each of its
targets.

What is simulated is simulated here; real comparisons take hours, are measured by `pipeline-perf
bench calibrate`, and are read from the results. What nobody has measured on this machine is told as
not measured, and is no pass.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import dagster as dg
from pydantic import Field

from pipeline_perf.bench.calibrate import calibrate
from pipeline_perf.bench.calibrate.calibrate import Known
from pipeline_perf.bench.judge.targets import Target, Verdict
from pipeline_perf.defs import metadata, recording
from pipeline_perf.defs.checks import NOT_MEASURED, check_name, counted, result, told
from pipeline_perf.defs.folders import Folders

GROUP = "calibration"

KEY = dg.AssetKey([GROUP, "rates"])


class Trials(dg.Config):
    """How much is simulated."""

    trials: int | None = Field(
        None,
        ge=1,
        description=(
            "Series and comparisons of each kind; left out: hundreds, which take about three"
            " minutes."
        ),
    )


def asset_of(contract: Sequence[Target]) -> dg.AssetsDefinition:
    """The asset that simulates the error rates and gathers the measured ones."""

    @dg.asset(key=KEY, kinds={"numpy"})
    def rates(
        context: dg.AssetExecutionContext, config: Trials, folders: Folders
    ) -> dg.MaterializeResult[None]:
        """The lab's false alarms and what it finds of what is there: on simulated data, and on
        this machine where that was measured.
        """
        session = recording.session(context, folders)
        figures = session.calibrate("simulated", config.trials, part=recording.part(context))
        known = calibrate.newest(folders.results, session.run.environment.machine)
        verdicts = calibrate.verdicts(contract, known)
        plotted = {
            f"{figure.scope}_{metadata.named(name, figure.unit)}": figure.value
            for figure in figures
            if (name := figure.metric.partition(".")[2]).endswith("_rate")
        }
        return dg.MaterializeResult(
            metadata={
                **{
                    counted(status): sum(verdict.status == status for verdict in verdicts)
                    for status in ("pass", "fail", "not_measured")
                },
                "targets": metadata.table([_judged_row(verdict, known) for verdict in verdicts]),
                "rates": metadata.table([_row(scope, newest) for scope, newest in known.items()]),
                **{name: metadata.legible(value) for name, value in plotted.items()},
                **recording.named(session.run),
            }
        )

    return rates


def checks_of(contract: Sequence[Target]) -> list[dg.AssetChecksDefinition]:
    """A check for each target of the error rates; a missed required one ends the step as failed."""
    asked = calibrate.targets_of(contract)
    if not asked:
        return []

    @dg.multi_asset_check(
        name="targets_calibration",
        specs=[
            dg.AssetCheckSpec(check_name(target), asset=KEY, description=told(target))
            for target in asked
        ],
        can_subset=True,
    )
    def checks(
        context: dg.AssetCheckExecutionContext, folders: Folders
    ) -> Iterator[dg.AssetCheckResult]:
        wanted = [
            target
            for target in asked
            if dg.AssetCheckKey(KEY, check_name(target)) in context.selected_asset_check_keys
        ]
        latest = recording.run_of(context.instance, KEY)
        machine = folders.results.run(latest).environment.machine if latest else ""
        known = calibrate.newest(folders.results, machine)
        verdicts = calibrate.verdicts(wanted, known)
        yield from (
            result(KEY, verdict)
            if verdict.status != "not_measured"
            else not_measured(verdict.target)
            for verdict in verdicts
        )
        if missed := [
            f"{verdict.target.id} ({verdict.scope}): {verdict.actual:g}"
            for verdict in verdicts
            if verdict.status == "fail"
        ]:
            raise dg.Failure(f"required targets missed: {'; '.join(missed)}", allow_retries=False)

    return [checks]


def not_measured(target: Target) -> dg.AssetCheckResult:
    """A rate that nobody has measured here: no pass, and no miss.

    A check without a result would show as failed where another one fails.
    """
    return dg.AssetCheckResult(
        asset_key=KEY,
        check_name=check_name(target),
        passed=False,
        severity=dg.AssetCheckSeverity.WARN,
        description=(
            "not measured on this machine: pipeline-perf bench calibrate --real, or --attribution,"
            " measures it in hours"
        ),
        metadata={"verdict": NOT_MEASURED},
    )


def _judged_row(verdict: Verdict, known: dict[str, Known]) -> dict[str, Any]:
    target, newest = verdict.target, known.get(verdict.scope)
    return {
        "target": target.id,
        "share": "" if verdict.actual is None else f"{verdict.actual:.3g}",
        "limit": str(target.required or target.ours),
        "verdict": verdict.status.replace("_", " "),
        "worst_of": verdict.scope,
        "trials": newest.trials if newest else 0,
    }


def _row(scope: str, known: Known) -> dict[str, Any]:
    return {
        "of": scope,
        "figures": calibrate.line_of(known.figures).partition(": ")[2],
        "run": known.run,
    }
