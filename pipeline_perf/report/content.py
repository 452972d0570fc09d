"""What a report says, as data: readiness, verdicts, workloads, stages, histories, environment.

How it looks is the renderers' business (page, markdown, terminal); measuring and judging are the lab's.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from statistics import median
from typing import Literal

from pipeline_perf.bench.measurement import Measurement
from pipeline_perf.bench.results import ResultStore, Run
from pipeline_perf.bench.targets import Status, Target, Verdict, judge, met_in

#: The rooms of the corridor in their order; other stages follow as they come.
CORRIDOR = ("probe", "recognise", "read", "normalise", "validate", "deduplicate", "commit")

STATUSES: tuple[Status, ...] = ("fail", "warn", "unresolved", "pass", "tracked", "not_measured")

#: A longer history than three months is a table's business, not a chart's.
HISTORY_RUNS = 90


@dataclass(frozen=True)
class Readiness:
    """Go or no-go. *go*: no required target that was measured is missed, and none is open."""

    state: Literal["go", "no_go", "undecided"]
    headline: str
    detail: str
    counts: Mapping[Status, int]


@dataclass(frozen=True)
class WorkloadLine:
    """One workload of the run; figures are medians over its repetitions, None where nothing was measured."""

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
    """Where the seconds of a workload go; the last stage is what no stage accounts for (start-up, mostly)."""

    workload: str
    total: float
    stages: tuple[tuple[str, float], ...]


@dataclass(frozen=True)
class Point:
    """One run in a history."""

    run: str
    time: datetime
    revision: str
    dirty: bool
    value: float
    least: float
    most: float


@dataclass(frozen=True)
class History:
    """A metric over the runs on one machine, with the limits that apply to it."""

    workload: str
    metric: str
    unit: str
    points: tuple[Point, ...]
    limits: tuple[tuple[str, float], ...]


@dataclass(frozen=True)
class Report:
    """Everything that a report says about one run."""

    run: Run
    readiness: Readiness
    verdicts: tuple[Verdict, ...]
    workloads: tuple[WorkloadLine, ...]
    breakdowns: tuple[Breakdown, ...]
    accuracy: Mapping[str, Mapping[str, float]]
    histories: tuple[History, ...]
    failures: tuple[tuple[str, int, str], ...]
    notes: tuple[str, ...] = field(default=())

    def with_status(self, *statuses: Status) -> list[Verdict]:
        return [verdict for verdict in self.verdicts if verdict.status in statuses]


def assemble(store: ResultStore, targets: Sequence[Target], run: str | None = None) -> Report:
    """The report on one stored run, the newest where none is named.

    Targets of our own that an earlier run on the same machine met count as met before. Raises
    ResultsError when the run is not there.
    """
    found = store.run(run or store.latest_run() or "")
    measurements = store.measurements(found.id)
    own = {target.metric for target in targets if target.ours}
    judged = own | {f"{metric.partition('.')[0]}.failed" for metric in own}
    earlier = store.all_measurements(before=found.id, machine=found.environment.machine, metrics=judged)
    verdicts = judge(targets, measurements, met_in(targets, earlier.values()))
    histories = []
    for workload, metric in _plotted(measurements):
        history = _history(store, found, targets, workload, metric)
        if len(history.points) >= 2:
            histories.append(history)
    return build(found, measurements, verdicts, histories)


def build(run: Run, measurements: Sequence[Measurement], verdicts: Sequence[Verdict], histories: Iterable[History] = ()) -> Report:
    """The report on measurements and verdicts already at hand."""
    return Report(
        run,
        readiness(verdicts),
        tuple(verdicts),
        tuple(_workloads(measurements)),
        tuple(_breakdowns(measurements)),
        _accuracy(measurements),
        tuple(histories),
        tuple((one.workload, one.repetition, one.reason) for one in measurements if one.metric.endswith(".failed") and one.value),
        tuple(_notes(run)),
    )


def readiness(verdicts: Sequence[Verdict]) -> Readiness:
    """Whether what was measured allows to go ahead. What was not measured is counted, and neither helps nor hinders."""
    counts = {status: sum(verdict.status == status for verdict in verdicts) for status in STATUSES}
    failed = [verdict.target.id for verdict in verdicts if verdict.status == "fail"]
    open_required = [verdict.target.id for verdict in verdicts if verdict.target.required and verdict.status == "unresolved"]
    judged = len(verdicts) - counts["not_measured"] - counts["tracked"]
    silent = counts["not_measured"]
    scope = (
        f"{judged} of {len(verdicts)} targets were judged, {counts['tracked']} without a limit recorded; "
        f"{silent} are not measured, and nothing is said about them."
    )
    if failed:
        return Readiness("no_go", f"{len(failed)} {_plural('target', failed)} missed: {', '.join(failed)}", scope, counts)
    if open_required:
        headline = f"{len(open_required)} required {_plural('target', open_required)} open: {', '.join(open_required)}"
        return Readiness("undecided", headline, scope, counts)
    if not judged:
        return Readiness("undecided", "Nothing has been measured that a target judges", scope, counts)
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
        names = list(dict.fromkeys(one.metric.removeprefix(prefix) for one in group if one.metric.startswith(prefix)))
        names.sort(key=lambda name: CORRIDOR.index(name) if name in CORRIDOR else len(CORRIDOR))
        stages = [(name, _median(group, f"stages.{name}") or 0.0) for name in names]
        if stages:
            known = sum(seconds for _, seconds in stages)
            total = max(_median(group, "seconds") or known, known)
            yield Breakdown(workload, total, (*stages, ("start-up and rest", total - known)))


def _accuracy(measurements: Iterable[Measurement]) -> dict[str, dict[str, float]]:
    """Scope → figure → value, over the family `accuracy`."""
    found: dict[str, dict[str, float]] = {}
    for one in measurements:
        if one.family == "accuracy" and not one.metric.endswith(".failed"):
            found.setdefault(one.scope or "all", {})[one.metric.partition(".")[2]] = one.value
    return found


def _plotted(measurements: Iterable[Measurement]) -> list[tuple[str, str]]:
    """Workload and metric of every rate and every peak of memory, in their order."""
    names = [(one.workload, one.metric.partition(".")[2]) for one in measurements]
    return list(dict.fromkeys((workload, name) for workload, name in names if name.endswith("_per_s") or name == "peak_memory"))


def _history(store: ResultStore, run: Run, targets: Iterable[Target], workload: str, metric: str) -> History:
    frame = store.history(metric, workload, run.environment.machine, until=run.id, last=HISTORY_RUNS)
    points = tuple(
        Point(row["run"], row["time"], row["revision"], row["dirty"], row["value"], row["least"], row["most"])
        for row in frame.iter_rows(named=True)
    )
    family, _, scope = workload.partition(".")
    limits: dict[str, float] = {}
    for target in targets:
        if target.covers(Measurement(f"{family}.{metric}", scope, 0.0)):
            named = (("required", target.required), ("ours", target.ours))
            limits |= {name: threshold.limit for name, threshold in named if threshold}
    return History(workload, metric, frame["unit"][-1] if points else "", points, tuple(limits.items()))


def _notes(run: Run) -> Iterable[str]:
    environment = run.environment
    if environment.busy:
        yield (
            f"The machine was busy when measuring began (load {environment.load_1m:.2f} on {environment.cores} cores): "
            "times may be too long. Ratios, measured interleaved, suffer less."
        )
    if environment.dirty:
        yield f"The working tree differs from revision {environment.revision[:12]}: these figures belong to no commit."
