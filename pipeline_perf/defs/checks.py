"""The contract as asset checks: one factory makes checks of targets.yaml, on what measures.

Judging is the lab's business. A target that nothing here measures has no check, and so can never
pass in silence: it stands in the readiness report as not measured.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache, partial

import dagster as dg

from pipeline_perf.bench import sessions
from pipeline_perf.bench.judge.targets import Target, Verdict
from pipeline_perf.defs import metadata, recording
from pipeline_perf.defs.folders import Folders
from pipeline_perf.privacy import masked
from pipeline_perf.report.figures import WORDS, figure, limit

#: The verdict in the metadata of a check that judged nothing.
NOT_MEASURED = WORDS["not_measured"]


@dataclass(frozen=True)
class Producer:
    """An asset, the scope of its figures, and their metrics.

    `may_lack`: the asset leaves out what it has nothing to measure from (duplicates, where none
    were generated).
    """

    asset: dg.AssetKey
    scope: str
    metrics: frozenset[str]
    may_lack: bool = False

    def gives(self, target: Target) -> bool:
        """Whether the figures that a target asks for are among this producer's."""
        return target.metric in self.metrics and any(
            fnmatchcase(self.scope, pattern) for pattern in target.scope
        )


def check_name(target: Target) -> str:
    """The target's id in the letters that Dagster allows."""
    return re.sub(r"\W", "_", target.id)


def target_checks(
    name: str, producers: Sequence[Producer], contract: Sequence[Target]
) -> list[dg.AssetChecksDefinition]:
    """The checks of one scenario, as the step targets_`name`; none where no target asks for one.

    `producers` are the assets whose figures they judge, `contract` all targets. A missed `required`
    ends the step, and so the job, as failed. The checks do not block: what lies downstream is the
    report, and a report that is missing just when a target is missed would help nobody.
    """
    asked = {
        producer: [target for target in contract if target.limits and producer.gives(target)]
        for producer in producers
    }
    specs = [
        dg.AssetCheckSpec(check_name(target), asset=producer.asset, description=told(target))
        for producer, targets in asked.items()
        for target in targets
    ]
    if not specs:
        return []

    @dg.multi_asset_check(name=f"targets_{name}", specs=specs, can_subset=True)
    def checks(
        context: dg.AssetCheckExecutionContext, folders: Folders
    ) -> Iterator[dg.AssetCheckResult]:
        read = cache(partial(recording.figures, folders.results))  # assets of a scenario share runs
        missed, selected = [], context.selected_asset_check_keys
        for producer, targets in asked.items():
            wanted = [
                target
                for target in targets
                if dg.AssetCheckKey(producer.asset, check_name(target)) in selected
            ]
            run = recording.run_of(context.instance, producer.asset)
            for verdict in sessions.verdicts(
                folders.results, wanted, run, read(run), producer.scope
            ):
                if verdict.status == "not_measured" and producer.may_lack:
                    continue
                yield result(producer.asset, verdict)
                if misses_required(verdict):
                    missed.append(f"{verdict.target.id} ({producer.scope}): {_figure(verdict)}")
        if missed:
            raise dg.Failure(f"required targets missed: {'; '.join(missed)}", allow_retries=False)

    return [checks]


def misses_required(verdict: Verdict) -> bool:
    """Whether a job must fail.

    A figure that its asset did not deliver counts as missed, one that is open does not.
    """
    return verdict.target.required is not None and (
        verdict.meets_required is False or verdict.status == "not_measured"
    )


def result(asset: dg.AssetKey, verdict: Verdict) -> dg.AssetCheckResult:
    """A verdict as the result of a check on `asset`, its figures as numbers that Dagster plots."""
    threshold = verdict.threshold or verdict.target.required or verdict.target.ours
    figures = {
        "value": verdict.actual,
        "target": threshold.limit if threshold else None,
        "margin_percent": verdict.margin * 100 if verdict.margin is not None else None,
        **({"low": verdict.low, "high": verdict.high} if verdict.low != verdict.high else {}),
        "repetitions": verdict.repetitions,
    }
    silent = verdict.status == "not_measured"
    grave = verdict.severity == "ERROR" or (silent and verdict.target.required is not None)
    return dg.AssetCheckResult(
        asset_key=asset,
        check_name=check_name(verdict.target),
        passed=verdict.severity is None and not silent,
        severity=dg.AssetCheckSeverity.ERROR if grave else dg.AssetCheckSeverity.WARN,
        description=_figure(verdict),
        metadata={
            "verdict": WORDS[verdict.status],
            **{
                name: metadata.legible(value)
                for name, value in figures.items()
                if value is not None
            },
            "unit": verdict.target.unit or "none: a share or a ratio",
            **({"alert": verdict.alert} if verdict.alert else {}),
        },
    )


def counted(status: str) -> str:
    """The metadata entry that counts the targets with a verdict, in the report's words:
    targets_missed.
    """
    return f"targets_{WORDS[status].lower().replace(' ', '_')}"


def _figure(verdict: Verdict) -> str:
    if verdict.actual is None:
        return masked(verdict.note) or "not measured: the asset delivered no figure for it"
    unit = verdict.target.unit
    asked = f", asked: {limit(verdict.threshold, unit)}" if verdict.threshold else ""
    note = f" ({masked(verdict.note)})" if verdict.note else ""
    return figure(verdict.actual, unit, pad=False) + asked + note


def told(target: Target) -> str:
    """A target with its limits and its reason, as a check's description."""
    asked = (
        (target.required, "required"),
        (target.ours, "ours"),
        (target.warn, "warning unless"),
        (target.critical, "critical unless"),
    )
    limits = ", ".join(
        f"{name} {limit(threshold, target.unit)}" for threshold, name in asked if threshold
    )
    return f"{target.holds} ({limits}): {target.why}."
