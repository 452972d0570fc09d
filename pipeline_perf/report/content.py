"""What a report says, as data: readiness, verdicts, workloads, stages, bottlenecks, accuracy,
environment.

What earlier nights and comparisons say of the run comes from `nights`, `comparisons` and
`error_rates`. How it looks is the renderers' business (page, markdown, terminal); measuring and
judging are the lab's.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any, Literal

from pipeline_perf.bench.calibrate.calibrate import FAMILY as CALIBRATION
from pipeline_perf.bench.explain.bottleneck import NEEDED, Bottleneck, Limits, Machine, diagnose
from pipeline_perf.bench.judge.targets import Status, Target, Verdict, judge, met_in
from pipeline_perf.bench.measure.measurement import Measurement
from pipeline_perf.bench.measure.results import ResultStore, Run
from pipeline_perf.contract import SCENARIOS, scenarios
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

STATUSES: tuple[Status, ...] = ("fail", "warn", "unresolved", "pass", "tracked", "not_measured")


@dataclass(frozen=True)
class Readiness:
    """Go or no-go. *go*: no required target that was measured is missed, and none is open."""

    state: Literal["go", "no_go", "undecided"]
    headline: str
    detail: str
    counts: Mapping[Status, int]


@dataclass(frozen=True)
class WorkloadLine:
    """One workload of the run; figures are medians over its repetitions, None where nothing was
    measured.
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
    """Where the seconds of a workload go; the last stage is what no stage accounts for
    (start-up, mostly).
    """

    workload: str
    total: float
    stages: tuple[tuple[str, float], ...]


@dataclass(frozen=True)
class Scopes:
    """On how many scenarios a target was judged; `alike` where all have the same figure, and
    none is the worst.
    """

    count: int
    alike: bool


@dataclass(frozen=True)
class Report:
    """Everything that a report says about one run.

    `scopes` tells for each target's id on what it was judged, `says` what a workload or scenario
    is, in words.
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
        return [verdict for verdict in self.verdicts if verdict.status in statuses]


def assemble(
    store: ResultStore,
    targets: Sequence[Target],
    run: str | None = None,
    pages: Path | None = None,
    scenarios_file: Path = SCENARIOS,
) -> Report:
    """The report on one stored run, the newest that measured a workload or an accuracy where
    none is named.

    Targets of our own that an earlier run on the same machine met count as met before. The lab's
    own error rates are those last measured on the machine, by whatever run. `pages` is the folder
    of the reports, beside that of the results where it is left out. Raises ResultsError when the
    run is not there, and ScenarioError or LevelError for a damaged file of scenarios or
    acknowledged levels.
    """
    found = store.run(run or _newest(store) or "")
    measurements = store.measurements(found.id)
    machine = found.environment.machine
    judged = {target.metric for target in targets if target.limits}
    judged |= {f"{metric.partition('.')[0]}.failed" for metric in judged}
    earlier = store.all_measurements(before=found.id, machine=machine, metrics=judged)
    rates = error_rates.error_rates(
        targets, store.all_measurements(machine=machine, metrics=error_rates.metrics(targets))
    )
    latest = {one.verdict.target.id: one.verdict for one in rates}
    verdicts = [
        latest.get(one.target.id, one)
        for one in judge(targets, measurements, met_in(targets, earlier.values()))
    ]
    charts = sorted(
        nights.plotted(measurements), key=lambda one: (by_size(one[0]), one[1] == "peak_memory")
    )
    drawn, followed = nights.histories(store, found, targets, charts)
    drawings = (pages or store.root.parent / "reports") / "comparisons"
    return build(
        found,
        measurements,
        verdicts,
        histories=tuple(drawn),
        followed=followed,
        trends=nights.trends(verdicts, earlier),
        comparisons=tuple(comparisons.of_tree(store.comparisons, found, drawings)),
        error_rates=rates,
        says={
            name: one.says
            for one in scenarios.load(scenarios_file)
            for name in (one.workload, one.name)
        },
    )


def build(
    run: Run, measurements: Sequence[Measurement], verdicts: Sequence[Verdict], **more: Any
) -> Report:
    """The report on measurements and verdicts already at hand; `more` are further fields of the
    report.
    """
    return Report(
        run=run,
        readiness=readiness(verdicts),
        verdicts=tuple(verdicts),
        workloads=tuple(sorted(_workloads(measurements), key=lambda line: by_size(line.workload))),
        breakdowns=tuple(sorted(_breakdowns(measurements), key=lambda one: by_size(one.workload))),
        bottlenecks=tuple(
            _bottlenecks(run, measurements, _limits([verdict.target for verdict in verdicts]))
        ),
        accuracy=_accuracy(measurements),
        failures=tuple(
            (one.workload, one.repetition, one.reason)
            for one in measurements
            if one.metric.endswith(".failed") and one.value
        ),
        notes=tuple(_notes(run)),
        scopes={verdict.target.id: _scopes(verdict.target, measurements) for verdict in verdicts},
        **more,
    )


def _scopes(target: Target, measurements: Iterable[Measurement]) -> Scopes:
    found = [one for one in measurements if target.covers(one)]
    return Scopes(len({one.scope for one in found}), len({one.value for one in found}) == 1)


def _newest(store: ResultStore) -> str | None:
    """The newest run that is no calibration of the lab itself."""
    for run in reversed(store.run_ids()):
        if any(one.family != CALIBRATION for one in store.measurements(run)):
            return run
    return None


_SIZES = {"k": 10**3, "m": 10**6}


def by_size(name: str) -> tuple[tuple[int, int, str], ...]:
    """What sorts names as people do: by their words, and by the sizes in them (csv_1k, csv_10k,
    csv_1m).
    """
    found = []
    for part in re.findall(r"\d+[km]?(?![a-z0-9])|\d+|\D+", name):
        number = re.match(r"\d+", part)
        found.append(
            (1, int(number[0]) * _SIZES.get(part[number.end() :], 1), "")
            if number
            else (0, 0, part)
        )
    return tuple(found)


def readiness(verdicts: Sequence[Verdict]) -> Readiness:
    """Whether what was measured allows to go ahead.

    What was not measured is counted, and neither helps nor hinders.
    """
    counts = {status: sum(verdict.status == status for verdict in verdicts) for status in STATUSES}
    failed = [verdict.target.id for verdict in verdicts if verdict.status == "fail"]
    open_required = [
        verdict.target.id
        for verdict in verdicts
        if verdict.target.required and verdict.status == "unresolved"
    ]
    judged = len(verdicts) - counts["not_measured"] - counts["tracked"]
    silent = counts["not_measured"]
    scope = (
        f"{judged} of {len(verdicts)} targets were judged, {counts['tracked']} without a limit"
        f" recorded; {silent} are not measured, and nothing is said about them."
    )
    if failed:
        return Readiness(
            "no_go",
            f"{len(failed)} {_plural('target', failed)} missed: {', '.join(failed)}",
            scope,
            counts,
        )
    if open_required:
        headline = (
            f"{len(open_required)} required {_plural('target', open_required)} open:"
            f" {', '.join(open_required)}"
        )
        return Readiness("undecided", headline, scope, counts)
    if not judged:
        return Readiness(
            "undecided", "Nothing has been measured that a target judges", scope, counts
        )
    warned = f", {counts['warn']} with a warning" if counts["warn"] else ""
    return Readiness("go", f"Every required target that was measured is met{warned}", scope, counts)


def _plural(word: str, items: Sequence[object]) -> str:
    return word if len(items) == 1 else f"{word}s"


def _by_workload(measurements: Iterable[Measurement]) -> dict[str, list[Measurement]]:
    groups: dict[str, list[Measurement]] = {}
    for one in measurements:
        groups.setdefault(one.workload, []).append(one)
    return groups


def _median(group: Iterable[Measurement], name: str) -> float | None:
    values = [one.value for one in group if one.metric == f"{one.family}.{name}"]
    return median(values) if values else None


def _workloads(measurements: Iterable[Measurement]) -> Iterable[WorkloadLine]:
    for workload, group in _by_workload(measurements).items():
        turns = [one for one in group if one.metric == f"{one.family}.failed"]
        if not turns:
            continue  # figures of another kind, such as accuracies
        rates = [one for one in group if one.metric.endswith("_per_s")]
        yield WorkloadLine(
            workload,
            len(turns),
            sum(bool(one.value) for one in turns),
            _median(group, "seconds"),
            _median(group, "cpu_seconds"),
            median(one.value for one in rates) if rates else None,
            rates[0].unit if rates else "",
            _median(group, "peak_memory"),
        )


def _breakdowns(measurements: Iterable[Measurement]) -> Iterable[Breakdown]:
    for workload, group in _by_workload(measurements).items():
        prefix = f"{group[0].family}.stages."
        names = list(
            dict.fromkeys(
                one.metric.removeprefix(prefix) for one in group if one.metric.startswith(prefix)
            )
        )
        names.sort(key=lambda name: CORRIDOR.index(name) if name in CORRIDOR else len(CORRIDOR))
        stages = [(name, _median(group, f"stages.{name}") or 0.0) for name in names]
        if stages:
            known = sum(seconds for _, seconds in stages)
            total = max(_median(group, "seconds") or known, known)
            yield Breakdown(workload, total, (*stages, ("start-up and rest", total - known)))


def _limits(targets: Iterable[Target]) -> Limits:
    """From which share on something is a bottleneck, by the contract; what it leaves out is the
    lab's.
    """
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
    """What holds up each workload that was measured with all that a diagnosis needs; references
    are not looked at.
    """
    machine = Machine(run.environment.cores, run.environment.memory_bytes, run.environment.load_1m)
    for workload, group in sorted(
        _by_workload(measurements).items(), key=lambda item: by_size(item[0])
    ):
        if group[0].family in REFERENCES:
            continue
        values: dict[str, list[float]] = {}
        for one in group:
            values.setdefault(one.metric.partition(".")[2], []).append(one.value)
        if values.keys() >= NEEDED:
            yield diagnose(workload, values, machine, limits)


def _accuracy(measurements: Iterable[Measurement]) -> dict[str, dict[str, float]]:
    """Scope → figure → the worst of its values, over the family `accuracy`, scopes in the order
    of people.
    """
    found: dict[str, dict[str, float]] = {}
    for one in measurements:
        if one.family == "accuracy" and not one.metric.endswith(".failed"):
            figures, name = found.setdefault(one.scope or "all", {}), one.metric.partition(".")[2]
            worse = max if name in LESS_IS_BETTER else min
            figures[name] = worse(figures.get(name, one.value), one.value)
    return {scope: found[scope] for scope in sorted(found, key=by_size)}


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
