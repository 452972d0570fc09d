"""What the nights before say of a run: histories, where their level changed, and how each
target's figure moved.

The statistics are the lab's (`series`, `watch`); drawing is the charts' business.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
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
    """A metric over the runs on one machine, with the limits that apply to it, and where its
    level changed.
    """

    workload: str
    metric: str
    unit: str
    points: tuple[Point, ...]
    limits: tuple[tuple[str, float], ...]
    changes: tuple[Finding, ...] = ()


@dataclass(frozen=True)
class Trend:
    """A target's figure against the median of the `runs` before it on this machine.

    `values` are all of them, this run's last.
    """

    change: float | None
    runs: int
    values: tuple[float, ...]


@dataclass(frozen=True)
class Followed:
    """Where levels changed, and in how many `series` that was looked for: those with a figure in
    two nights or more.
    """

    alerts: tuple[Alert, ...] = ()
    series: int = 0


def plotted(measurements: Iterable[Measurement]) -> list[tuple[str, str]]:
    """Workload and metric of every rate and every peak of memory, references left out."""
    names = [
        (one.workload, one.metric.partition(".")[2])
        for one in measurements
        if one.family not in REFERENCES
    ]
    return list(
        dict.fromkeys(
            (workload, name)
            for workload, name in names
            if name.endswith("_per_s") or name == "peak_memory"
        )
    )


def histories(
    store: ResultStore, run: Run, targets: Sequence[Target], charts: Iterable[tuple[str, str]]
) -> tuple[list[History], Followed]:
    """The history of every chart that has two runs at least, and the alerts over the nights up
    to this run.
    """
    chosen, machine = list(charts), run.environment.machine
    workloads = dict.fromkeys(workload for workload, _ in chosen)
    store = store.held({*night.FOLLOWED, "failed", *(metric for _, metric in chosen)}, machine)
    series = [
        nightly(store, workload, metric, machine, until=run.id)
        for workload in workloads
        for metric in night.FOLLOWED
    ]
    followed = [one for one in series if len(one.usable) > 1]
    alerts = watch(followed, Levels(store.root, machine).acknowledged()) if followed else []
    changes = [one for alert in alerts for one in alert.findings]
    found = [
        _history(store, run, targets, workload, metric, changes) for workload, metric in chosen
    ]
    return [one for one in found if len(one.points) > 1], Followed(tuple(alerts), len(followed))


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
    points = tuple(
        Point(
            row["run"],
            row["time"],
            row["revision"],
            row["dirty"],
            row["value"],
            row["least"],
            row["most"],
        )
        for row in frame.iter_rows(named=True)
    )
    family, _, scope = workload.partition(".")
    limits: dict[str, float] = {}
    for target in targets:
        if target.covers(Measurement(f"{family}.{metric}", scope, 0.0)):
            named = (("required", target.required), ("ours", target.ours))
            limits |= {name: threshold.limit for name, threshold in named if threshold}
    # A rate is followed by its times: as a ratio to the pinned computation, wall time first, for it
    # is what a rate is made of.
    names = ("peak_memory",) if metric == "peak_memory" else tuple(reversed(night.RATIOS))
    groups = ([one for one in changes if one.metric == f"{workload} {name}"] for name in names)
    mine = tuple(next((group for group in groups if group), ()))
    return History(
        workload, metric, frame["unit"][-1] if points else "", points, tuple(limits.items()), mine
    )


def trends(
    verdicts: Sequence[Verdict], earlier: Mapping[str, Sequence[Measurement]]
) -> dict[str, Trend]:
    """How the figure of each verdict moved, by the target's id: figures of earlier runs in the
    scope that decided, oldest first.
    """
    measured = {verdict.target.id: verdict for verdict in verdicts if verdict.actual is not None}
    values: dict[str, list[float]] = {name: [] for name in measured}
    wanted: dict[tuple[str, str], list[str]] = {}
    for name, verdict in measured.items():
        wanted.setdefault((verdict.target.metric, verdict.scope), []).append(name)
    for run in list(earlier.values())[-HISTORY_RUNS:]:
        groups: dict[tuple[str, str], list[Measurement]] = {}
        for one in run:
            if (one.metric, one.scope) in wanted:
                groups.setdefault((one.metric, one.scope), []).append(one)
        for key, group in groups.items():
            for verdict in judge([measured[name].target for name in wanted[key]], group):
                if verdict.actual is not None:
                    values[verdict.target.id].append(verdict.actual)
    return {name: _trend(values[name], measured[name].actual) for name in measured}


def _trend(before: Sequence[float], now: float | None) -> Trend:
    middle = median(before) if len(before) >= TREND_RUNS else 0.0
    change = now / middle - 1 if now is not None and middle else None
    return Trend(change, len(before), (*before, *([] if now is None else [now])))
