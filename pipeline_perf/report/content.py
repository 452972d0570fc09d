"""What a report says, as data: readiness, verdicts, workloads, stages, bottlenecks, accuracy.

What earlier nights and comparisons say of the run comes from `nights`, `comparisons` and
`error_rates`. How it looks is the renderers' business (page, markdown, terminal); measuring and
judging are the lab's.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from statistics import median
from typing import Any, Literal

from pipeline_perf.bench.calibrate.calibrate import FAMILY as CALIBRATION
from pipeline_perf.bench.explain.bottleneck import NEEDED, Bottleneck, Limits, Machine, diagnose
from pipeline_perf.bench.judge.targets import (
    Status,
    Target,
    Verdict,
    judge,
    load,
    met_in,
    planned,
)
from pipeline_perf.bench.measure.measurement import Measurement
from pipeline_perf.bench.measure.results import ResultStore, Run
from pipeline_perf.contract import SCENARIOS, TARGETS, scenarios
from pipeline_perf.privacy import masked
from pipeline_perf.report import comparisons, error_rates, nights
from pipeline_perf.report.comparisons import Compared
from pipeline_perf.report.error_rates import ErrorRate
from pipeline_perf.report.nights import REFERENCES, Followed, History, Trend

#: The rooms of the corridor in their order; other stages follow as they come.
CORRIDOR = ("probe", "recognise", "read", "normalise", "validate", "deduplicate", "commit")

#: Figures of accuracy that count what went wrong; the others are shares of what went right.
LESS_IS_BETTER = frozenset(
    {"duplicates.lost", "duplicates.doubled", "validation_coverage.false_alarms"}
)

#: The loudest first.
STATUSES: tuple[Status, ...] = (
    "fail",
    "warn",
    "unresolved",
    "pass",
    "tracked",
    "not_measured",
    "planned",
)

#: Families that the lab measures of itself and of any tree, in runs of their own.
OF_THE_LAB = frozenset({CALIBRATION, "regression"})


@dataclass(frozen=True)
class Readiness:
    """Go or no-go. *go*: no required target that was measured is missed, and none is open."""

    state: Literal["go", "no_go", "undecided"]
    headline: str
    detail: str
    counts: Mapping[Status, int]


@dataclass(frozen=True)
class WorkloadLine:
    """One workload of the run, its figures the medians over the repetitions that did not fail.

    Times in seconds, memory in bytes, `rate` in `rate_unit`; None where nothing was measured.
    """

    workload: str
    repetitions: int
    failed: int
    seconds: float | None
    cpu_seconds: float | None
    rate: float | None
    rate_unit: str
    peak_memory: float | None


@dataclass(frozen=True)
class Breakdown:
    """Where the seconds of a workload go, stage by stage.

    The last stage is what no stage accounts for: start-up, mostly.
    """

    workload: str
    total: float
    stages: tuple[tuple[str, float], ...]


@dataclass(frozen=True)
class Scopes:
    """On how many scenarios a target was judged; `alike`: all have the same figure."""

    count: int
    alike: bool


@dataclass(frozen=True)
class Report:
    """Everything that a report says about one run.

    `accuracy` is scope → figure → the worst of its values, `failures` workload, repetition (from 0)
    and reason. `scopes` tells for each target's id on what it was judged, `trends` how its figure
    moved, `says` what a workload or scenario is, in words.
    """

    run: Run
    readiness: Readiness
    verdicts: tuple[Verdict, ...]
    workloads: tuple[WorkloadLine, ...]
    breakdowns: tuple[Breakdown, ...]
    bottlenecks: tuple[Bottleneck, ...]
    accuracy: Mapping[str, Mapping[str, float]]
    failures: tuple[tuple[str, int, str], ...]
    notes: tuple[str, ...]
    scopes: Mapping[str, Scopes]
    histories: tuple[History, ...] = ()
    followed: Followed = field(default=Followed())
    trends: Mapping[str, Trend] = field(default_factory=dict)
    comparisons: tuple[Compared, ...] = ()
    error_rates: tuple[ErrorRate, ...] = ()
    says: Mapping[str, str] = field(default_factory=dict)

    def with_status(self, *statuses: Status) -> list[Verdict]:
        """The verdicts of these statuses, in the order of the contract."""
        return [verdict for verdict in self.verdicts if verdict.status in statuses]


def assemble(
    store: ResultStore,
    targets: Sequence[Target],
    run: str | None = None,
    pages: Path | None = None,
    scenarios_file: Path = SCENARIOS,
) -> Report:
    """The report on the stored run with the id `run`, or on the newest one.

    The newest is the last that measured a workload or an accuracy. Targets of our own that an
    earlier run on the same machine met count as met before. The lab's own error rates are those
    last measured on the machine, by whatever run. `pages` is the folder of the reports, beside that
    of the results where it is left out; `scenarios_file` gives workloads their words. Raises
    ResultsError when the run is not there, and ScenarioError or LevelError for a damaged file of
    scenarios or acknowledged levels.
    """
    reported = store.run(run or _newest(store) or "")
    measurements = store.measurements(reported.id)
    machine = reported.environment.machine
    judged = {target.metric for target in targets if target.limits}
    judged |= {f"{metric.partition('.')[0]}.failed" for metric in judged}
    earlier = store.all_measurements(before=reported.id, machine=machine, metrics=judged)
    rates = error_rates.error_rates(
        targets, store.all_measurements(machine=machine, metrics=error_rates.metrics(targets))
    )
    latest = {rate.verdict.target.id: rate.verdict for rate in rates}
    verdicts = [
        latest.get(verdict.target.id, verdict)
        for verdict in judge(targets, measurements, met_in(targets, earlier.values()))
    ]
    offered = scenarios.load(scenarios_file)
    seen = {figure.workload for figures in (measurements, *earlier.values()) for figure in figures}
    verdicts = planned(verdicts, seen | {one.workload for one in offered} | OF_THE_LAB)
    if _of_others(measurements, verdicts, targets):
        verdicts = [one for one in verdicts if one.status not in ("not_measured", "planned")]
    charts = sorted(
        nights.plotted(measurements),
        key=lambda chart: (by_size(chart[0]), chart[1] == "peak_memory"),
    )
    histories, followed = nights.histories(store, reported, targets, charts)
    compared = comparisons.of_tree(
        store.comparisons,
        reported,
        (pages or store.root.parent / "reports") / "comparisons",
    )
    return build(
        reported,
        measurements,
        verdicts,
        histories=tuple(histories),
        followed=followed,
        trends=nights.trends(verdicts, earlier),
        comparisons=tuple(compared),
        error_rates=rates,
        says={
            name: scenario.says
            for scenario in offered
            for name in (scenario.workload, scenario.name)
        },
    )


def _of_others(
    measurements: Iterable[Measurement], verdicts: Iterable[Verdict], targets: Sequence[Target]
) -> bool:
    """Whether the run measured somebody else's work by this project's own contract: what that has
    to say of the ingestion is then none of theirs.
    """
    families = {target.metric.partition(".")[0] for target in targets} - OF_THE_LAB
    own = families & {figure.family for figure in measurements}
    return not own and list(targets) == load(TARGETS)


def build(
    run: Run, measurements: Sequence[Measurement], verdicts: Sequence[Verdict], **more: Any
) -> Report:
    """The report on measurements and verdicts at hand; `more`: further fields of the report.

    Telephone numbers are masked in what failed work says of itself.
    """
    workloads = sorted(_workloads(measurements), key=lambda line: by_size(line.workload))
    breakdowns = sorted(_breakdowns(measurements), key=lambda bar: by_size(bar.workload))
    limits = _limits(verdict.target for verdict in verdicts)
    verdicts = [replace(verdict, note=masked(verdict.note)) for verdict in verdicts]
    return Report(
        run=run,
        readiness=readiness(verdicts),
        verdicts=tuple(verdicts),
        workloads=tuple(workloads),
        breakdowns=tuple(breakdowns),
        bottlenecks=tuple(_bottlenecks(run, measurements, limits)),
        accuracy=_accuracy(measurements),
        failures=tuple(
            (failure.workload, failure.repetition, masked(failure.reason))
            for failure in measurements
            if failure.metric.endswith(".failed") and failure.value
        ),
        notes=tuple(_notes(run)),
        scopes={verdict.target.id: _scopes(verdict.target, measurements) for verdict in verdicts},
        **more,
    )


def _scopes(target: Target, measurements: Iterable[Measurement]) -> Scopes:
    covered = [measurement for measurement in measurements if target.covers(measurement)]
    values = {measurement.value for measurement in covered}
    return Scopes(len({measurement.scope for measurement in covered}), len(values) == 1)


def _newest(store: ResultStore) -> str | None:
    """The newest run that is no calibration of the lab itself."""
    for run in reversed(store.run_ids()):
        if any(measurement.family != CALIBRATION for measurement in store.measurements(run)):
            return run
    return None


_SIZES = {"k": 10**3, "m": 10**6}


def by_size(name: str) -> tuple[tuple[int, int, str], ...]:
    """A key that sorts names as people do: by their words, and by the sizes in them.

    >>> sorted(["csv_1m", "pdf_2_pages", "csv_10k", "csv_1k"], key=by_size)
    ['csv_1k', 'csv_10k', 'csv_1m', 'pdf_2_pages']
    """
    key = []
    for word in re.findall(r"\d+[km]?(?![a-z0-9])|\d+|\D+", name):
        if number := re.match(r"\d+", word):
            key.append((1, int(number[0]) * _SIZES.get(word[number.end() :], 1), ""))
        else:
            key.append((0, 0, word))
    return tuple(key)


def readiness(verdicts: Sequence[Verdict]) -> Readiness:
    """Whether what was measured allows to go ahead.

    A missed target is a no-go; a required one that is open, or nothing judged, leaves it undecided.
    What was not measured is counted, and neither helps nor hinders.
    """
    counts = {status: sum(verdict.status == status for verdict in verdicts) for status in STATUSES}
    failed = [verdict.target.id for verdict in verdicts if verdict.status == "fail"]
    open_required = [
        verdict.target.id
        for verdict in verdicts
        if verdict.target.required and verdict.status == "unresolved"
    ]
    tracked, silent, to_come = (counts[name] for name in ("tracked", "not_measured", "planned"))
    judged = len(verdicts) - silent - to_come - tracked
    scope = (
        f"{judged + tracked} of {judged + tracked} targets that this run measures: {judged} judged,"
        f" {tracked} recorded."
        if judged + tracked
        else "No target speaks of what this run measured: docs/writing-targets.md says how to write"
        " some."
    )
    if silent:
        scope += f" {silent} are left to other runs."
    if to_come:
        scope += f" {to_come} are planned: nothing here measures them yet."
    if failed:
        headline = f"{_targets(failed)} missed: {', '.join(failed)}"
        return Readiness("no_go", headline, scope, counts)
    if open_required:
        headline = f"{_targets(open_required, 'required ')} open: {', '.join(open_required)}"
        return Readiness("undecided", headline, scope, counts)
    if not judged:
        headline = "Nothing has been measured that a target judges"
        return Readiness("undecided", headline, scope, counts)
    warned = f", {counts['warn']} with a warning" if counts["warn"] else ""
    return Readiness("go", f"Every required target that was measured is met{warned}", scope, counts)


def _targets(ids: Sequence[str], kind: str = "") -> str:
    return f"{len(ids)} {kind}target{'' if len(ids) == 1 else 's'}"


def _by_workload(measurements: Iterable[Measurement]) -> dict[str, list[Measurement]]:
    groups: dict[str, list[Measurement]] = {}
    for measurement in measurements:
        groups.setdefault(measurement.workload, []).append(measurement)
    return groups


def _median(group: Iterable[Measurement], name: str) -> float | None:
    values = [
        measurement.value
        for measurement in group
        if measurement.metric == f"{measurement.family}.{name}"
    ]
    return median(values) if values else None


def _workloads(measurements: Iterable[Measurement]) -> Iterable[WorkloadLine]:
    for workload, group in _by_workload(measurements).items():
        failed = f"{group[0].family}.failed"
        turns = [turn for turn in group if turn.metric == failed]
        if not turns:
            continue  # figures of another kind, such as accuracies
        rates = [rate for rate in group if rate.metric.endswith("_per_s")]
        yield WorkloadLine(
            workload,
            repetitions=len(turns),
            failed=sum(bool(turn.value) for turn in turns),
            seconds=_median(group, "seconds"),
            cpu_seconds=_median(group, "cpu_seconds"),
            rate=median(rate.value for rate in rates) if rates else None,
            rate_unit=rates[0].unit if rates else "",
            peak_memory=_median(group, "peak_memory"),
        )


def _breakdowns(measurements: Iterable[Measurement]) -> Iterable[Breakdown]:
    for workload, group in _by_workload(measurements).items():
        prefix = f"{group[0].family}.stages."
        metrics = dict.fromkeys(measurement.metric for measurement in group)
        names = [name.removeprefix(prefix) for name in metrics if name.startswith(prefix)]
        names.sort(key=lambda name: CORRIDOR.index(name) if name in CORRIDOR else len(CORRIDOR))
        stages = [(name, _median(group, f"stages.{name}") or 0.0) for name in names]
        if stages:
            known = sum(seconds for _, seconds in stages)
            total = max(_median(group, "seconds") or known, known)
            yield Breakdown(workload, total, (*stages, ("start-up and rest", total - known)))


def _limits(targets: Iterable[Target]) -> Limits:
    """From which share on something is a bottleneck: the contract's word, else the lab's."""
    stated = {
        target.id: threshold.limit
        for target in targets
        if (threshold := target.warn or target.required)
    }
    fields = {
        "cpu": "alert.cpu",
        "disk_wait": "alert.disk_wait",
        "database": "db.share_of_processing",
    }
    return Limits(**{name: stated[target] for name, target in fields.items() if target in stated})


def _bottlenecks(
    run: Run, measurements: Iterable[Measurement], limits: Limits
) -> Iterable[Bottleneck]:
    """What holds up each workload that has all that a diagnosis needs; no references."""
    machine = Machine(run.environment.cores, run.environment.memory_bytes, run.environment.load_1m)
    for workload, group in sorted(
        _by_workload(measurements).items(), key=lambda item: by_size(item[0])
    ):
        if group[0].family in REFERENCES:
            continue
        values: dict[str, list[float]] = {}
        for measurement in group:
            name = measurement.metric.partition(".")[2]
            values.setdefault(name, []).append(measurement.value)
        if values.keys() >= NEEDED:
            yield diagnose(workload, values, machine, limits)


def _accuracy(measurements: Iterable[Measurement]) -> dict[str, dict[str, float]]:
    """Scope → figure → the worst of its values, over the family `accuracy`."""
    worst: dict[str, dict[str, float]] = {}
    for measurement in measurements:
        family, _, name = measurement.metric.partition(".")
        if family == "accuracy" and not measurement.metric.endswith(".failed"):
            figures, value = worst.setdefault(measurement.scope or "all", {}), measurement.value
            worse = max if name in LESS_IS_BETTER else min
            figures[name] = worse(figures.get(name, value), value)
    return {scope: worst[scope] for scope in sorted(worst, key=by_size)}


def _notes(run: Run) -> Iterable[str]:
    environment = run.environment
    if environment.busy:
        yield (
            f"The machine was busy when measuring began (load {environment.load_1m:.2f} on"
            f" {environment.cores} cores): times may be too long. Ratios, measured interleaved,"
            " suffer less."
        )
    if environment.dirty:
        yield (
            f"The working tree differs from revision {environment.revision[:12]}: these figures"
            " belong to no commit."
        )
