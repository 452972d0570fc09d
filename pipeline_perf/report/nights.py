"""What the nights before say of a run: histories, changes of level, and how each target moved.

The statistics are the lab's (`series`, `watch`); drawing is the charts' business.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from statistics import median

from pipeline_perf.bench.follow import night
from pipeline_perf.bench.follow.levels import Levels
from pipeline_perf.bench.follow.series import nightly
from pipeline_perf.bench.follow.watch import Alert, Finding, watch
from pipeline_perf.bench.judge.targets import Target, Verdict, judge
from pipeline_perf.bench.measure.measurement import Measurement
from pipeline_perf.bench.measure.results import ResultStore, Run

#: A longer history than three months is a table's business, not a chart's.
HISTORY_RUNS = 90

#: With fewer earlier runs, a median says nothing about a trend.
TREND_RUNS = 3

#: What workloads are compared with; their own figures say something of the machine, not of the
#: code.
REFERENCES = frozenset({"copy", "reference"})


@dataclass(frozen=True)
class Point:
    """One run in a history: the median of its repetitions, the least and the most of them."""

    run: str
    time: datetime
    revision: str
    dirty: bool
    value: float
    least: float
    most: float


@dataclass(frozen=True)
class History:
    """A metric over the runs on one machine, with its limits, and where its level changed."""

    workload: str
    metric: str
    unit: str
    points: tuple[Point, ...]
    limits: tuple[tuple[str, float], ...]
    changes: tuple[Finding, ...] = ()


@dataclass(frozen=True)
class Trend:
    """A target's figure against the median of the `runs` before it on this machine.

    `change` is a share, 0.05 where the figure is 5 % more; None where there are too few runs.
    `values` are all of them, this run's last.
    """

    change: float | None
    runs: int
    values: tuple[float, ...]


@dataclass(frozen=True)
class Followed:
    """Where levels changed, and in how many `series` that was looked for.

    A series is looked at from its second night with a figure on.
    """

    alerts: tuple[Alert, ...] = ()
    series: int = 0


def plotted(measurements: Iterable[Measurement]) -> list[tuple[str, str]]:
    """Workload and metric of every rate and every peak of memory, references left out."""
    names = dict.fromkeys(
        (measurement.workload, measurement.metric.partition(".")[2])
        for measurement in measurements
        if measurement.family not in REFERENCES
    )
    return [
        (workload, name)
        for workload, name in names
        if name.endswith("_per_s") or name == "peak_memory"
    ]


def histories(
    store: ResultStore, run: Run, targets: Sequence[Target], charts: Iterable[tuple[str, str]]
) -> tuple[list[History], Followed]:
    """The history of every chart that has two runs at least, and the alerts over the nights.

    `charts` are workloads and metrics as `plotted` gives them. Runs later than `run` are left out.
    Raises LevelError for a damaged file of acknowledged levels.
    """
    chosen, machine = list(charts), run.environment.machine
    workloads = dict.fromkeys(workload for workload, _ in chosen)
    store = store.held({*night.FOLLOWED, "failed", *(metric for _, metric in chosen)}, machine)
    series = [
        nightly(store, workload, metric, machine, until=run.id)
        for workload in workloads
        for metric in night.FOLLOWED
    ]
    followed = [nights for nights in series if len(nights.usable) > 1]
    alerts = watch(followed, Levels(store.root, machine).acknowledged()) if followed else []
    changes = [finding for alert in alerts for finding in alert.findings]
    drawn = [
        _history(store, run, targets, workload, metric, changes) for workload, metric in chosen
    ]
    long_enough = [history for history in drawn if len(history.points) > 1]
    return long_enough, Followed(tuple(alerts), len(followed))


def _history(
    store: ResultStore,
    run: Run,
    targets: Iterable[Target],
    workload: str,
    metric: str,
    changes: Iterable[Finding],
) -> History:
    frame = store.history(
        metric, workload, run.environment.machine, until=run.id, last=HISTORY_RUNS
    )
    columns = [field.name for field in fields(Point)]
    points = tuple(Point(*row) for row in frame.select(columns).iter_rows())
    family, _, scope = workload.partition(".")
    limits: dict[str, float] = {}
    for target in targets:
        if target.covers(Measurement(f"{family}.{metric}", scope, 0.0)):
            named = (("required", target.required), ("ours", target.ours))
            limits |= {name: threshold.limit for name, threshold in named if threshold}
    # A rate is followed by its times, as ratios to the pinned computation. Wall time comes first:
    # it is what a rate is made of.
    names = ("peak_memory",) if metric == "peak_memory" else tuple(reversed(night.RATIOS))
    groups = (
        [finding for finding in changes if finding.metric == f"{workload} {name}"] for name in names
    )
    shown = tuple(next((group for group in groups if group), ()))
    unit = frame["unit"][-1] if points else ""
    return History(workload, metric, unit, points, tuple(limits.items()), shown)


def trends(
    verdicts: Sequence[Verdict], earlier: Mapping[str, Sequence[Measurement]]
) -> dict[str, Trend]:
    """How the figure of each verdict moved, by the target's id.

    `earlier` gives the figures of each earlier run by its id, the oldest first; those in the scope
    that decided the verdict are taken.
    """
    measured = {verdict.target.id: verdict for verdict in verdicts if verdict.actual is not None}
    values: dict[str, list[float]] = {name: [] for name in measured}
    wanted: dict[tuple[str, str], list[str]] = {}
    for name, verdict in measured.items():
        wanted.setdefault((verdict.target.metric, verdict.scope), []).append(name)
    for run in list(earlier.values())[-HISTORY_RUNS:]:
        groups: dict[tuple[str, str], list[Measurement]] = {}
        for measurement in run:
            key = (measurement.metric, measurement.scope)
            if key in wanted:
                groups.setdefault(key, []).append(measurement)
        for key, group in groups.items():
            for verdict in judge([measured[name].target for name in wanted[key]], group):
                if verdict.actual is not None:
                    values[verdict.target.id].append(verdict.actual)
    return {name: _trend(values[name], measured[name].actual) for name in measured}


def _trend(before: Sequence[float], now: float | None) -> Trend:
    middle = median(before) if len(before) >= TREND_RUNS else 0.0
    change = now / middle - 1 if now is not None and middle else None
    return Trend(change, len(before), (*before, *([] if now is None else [now])))
