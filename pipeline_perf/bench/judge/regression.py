"""Has the code become slower? One workload measured on two trees in turns, the verdict, and
where the change comes from.

Brings measuring, comparing, profiling and attribution together; each has its own module.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Literal

from pipeline_perf.bench.explain import attribution
from pipeline_perf.bench.explain.attribution import (
    WITHIN_S,
    Attribution,
    MemoryChange,
    attribute_workloads,
    memory_changes,
)
from pipeline_perf.bench.explain.flamegraph import flame_graph
from pipeline_perf.bench.explain.profile import ProfileError, profile_memory
from pipeline_perf.bench.judge import enough
from pipeline_perf.bench.judge.counters import Counter, counters
from pipeline_perf.bench.measure.lock import DEFAULT_WAIT_S
from pipeline_perf.bench.measure.measure import Pairs, Sample, measure_pair
from pipeline_perf.bench.measure.measurement import Measurement
from pipeline_perf.bench.measure.workload import Workload
from pipeline_perf.bench.statistics.compare import TOLERANCE, Comparison, compare
from pipeline_perf.spelling import meant

#: A profiled run takes so many times as long as a measured one, start and end included.
UNDER_A_PROFILER = 1.3

#: Compared beside the one that is judged. More is worse in every one of them.
METRICS = ("cpu_seconds", "seconds", "peak_memory")


@dataclass(frozen=True)
class Plan:
    """How a comparison is measured: so many `pairs`, or (None) as many as the spread demands
    within `budget_s` seconds.

    `metric` is the one that is judged; '' for CPU time or wall time, whichever the workload spends.
    It is one, and chosen before anything is seen: each further metric judged would add its own
    false alarms.
    """

    pairs: int | None = None
    budget_s: float = enough.COMPARE_BUDGET_S
    tolerance: float = TOLERANCE
    metric: str = ""


@dataclass(frozen=True)
class Regression:
    """Side a, the subject, against side b.

    *slower*, *faster*: the judged metric has changed, or a deterministic counter; *unchanged*,
    *unresolved* as the comparison says; *failed*: a side did not do its work, `failures` says why.
    `comparisons` holds the judged metric and those beside it.
    """

    workload: str
    verdict: Literal["slower", "faster", "unchanged", "unresolved", "failed"]
    metric: str
    comparisons: Mapping[str, Comparison]
    counters: Sequence[Counter]
    pairs: Pairs
    failures: tuple[str, ...] = ()

    @property
    def judged(self) -> Comparison | None:
        """The comparison of the judged metric, None where there is none."""
        return self.comparisons.get(self.metric)

    @property
    def moved(self) -> list[Counter]:
        """The counters that changed."""
        return [counter for counter in self.counters if counter.changed]

    @property
    def sentence(self) -> str:
        """The verdict with its figures."""
        comparison = self.judged
        if self.verdict == "failed" or comparison is None:
            return f"failed: {'; '.join(self.failures[:3])}"
        figures = (
            f"{self.metric} {comparison.ratio - 1:+.1%} ({comparison.low - 1:+.1%} to"
            f" {comparison.high - 1:+.1%}), {comparison.pairs} pairs"
        )
        if self.verdict == "unresolved":
            return (
                f"unresolved: {figures} show changes from {comparison.smallest_effect:.1%} on;"
                f" about {comparison.more_pairs} more pairs would tell"
            )
        if self.verdict == "slower" and comparison.verdict != "changed":
            grown = ", ".join(
                f"{counter.name} {counter.a / counter.b - 1:+.2%}"
                for counter in self.moved
                if counter.b
            )
            return f"slower: {grown or 'a counter grew'}, in every repetition alike; {figures}"
        return f"{self.verdict}: {figures}, changes within {comparison.tolerance:.1%} are none"

    def measurements(self) -> list[Measurement]:
        """The figures of the finding: how many slow-downs, every ratio with its interval, and
        the tolerance they were judged by.
        """
        figures = [
            Measurement(
                "regression.slowdowns",
                self.workload,
                float(self.verdict in ("slower", "failed")),
                "metrics",
            )
        ]
        for name, comparison in self.comparisons.items():
            figures.append(
                Measurement(
                    f"regression.{name}_ratio",
                    self.workload,
                    comparison.ratio,
                    "",
                    comparison.low,
                    comparison.high,
                )
            )
        if self.judged:
            figures.append(
                Measurement("regression.tolerance", self.workload, self.judged.tolerance)
            )
        return figures


def _quiet(_: Sample, __: int) -> None:
    """Tell nobody."""


def measured(
    a: Workload,
    b: Workload,
    plan: Plan,
    *,
    lock: Path,
    wait_s: float = DEFAULT_WAIT_S,
    progress: Callable[[Sample, int], None] = _quiet,
) -> Regression:
    """Measure side `a`, the subject, and side `b` in turns as the `plan` says, and judge them.

    `lock`, `wait_s` and `progress` as in `measure_pair`, whose MeasurementBusy it raises;
    `progress` is also told how many pairs there will be, as far as is known.
    """
    more = (
        None
        if plan.pairs
        else enough.UntilVisible(plan.metric, plan.tolerance, budget_s=plan.budget_s)
    )
    pairs = measure_pair(
        a,
        b,
        plan.pairs or 1,
        lock=lock,
        wait_s=wait_s,
        more=more,
        progress=lambda sample: progress(sample, more.foreseen if more else plan.pairs or 1),
    )
    return judged(pairs, plan)


def judged(pairs: Pairs, plan: Plan) -> Regression:
    """The verdict on `pairs` that have been measured, by the tolerance and metric of the `plan`."""
    name = pairs.a[0].workload.name
    failures = tuple(
        f"{'subject' if sample.side == 'a' else 'base'}, repetition {sample.repetition + 1}:"
        f" {sample.reason}"
        for sample in pairs.samples
        if not sample.ok
    )
    metric = plan.metric or enough.judged(pairs.b)
    if failures:
        return Regression(name, "failed", metric, {}, (), pairs, failures)
    comparisons = {
        figure: compare(*pairs.values(figure), plan.tolerance)
        for figure in dict.fromkeys((metric, *METRICS))
        if pairs.values(figure)[0]
    }
    if metric not in comparisons:
        known = [figure.name for figure in pairs.a[0].metrics()]
        why = f"{name} has no figure {metric!r}{meant(metric, known)}; it has {', '.join(known)}"
        return Regression(name, "failed", metric, comparisons, (), pairs, (why,))
    exact = counters(pairs)
    return Regression(
        name,
        _verdict(comparisons[metric], [counter for counter in exact if counter.changed]),
        metric,
        comparisons,
        exact,
        pairs,
    )


def _verdict(
    comparison: Comparison, moved: Sequence[Counter]
) -> Literal["slower", "faster", "unchanged", "unresolved"]:
    if comparison.verdict == "changed":
        return "slower" if comparison.direction == "more" else "faster"
    if any(counter.a > counter.b for counter in moved):
        return "slower"
    return comparison.verdict


# Where a change comes from --------------------------------------------------------------


@dataclass(frozen=True)
class Explanation:
    """What profiling both sides says: the functions and stages that changed, and a page that
    draws it ('' where nothing could be profiled).

    `memory` ranks what functions held at the peak of memory, where memory is what was judged.
    """

    attribution: Attribution
    page: str = ""
    memory: tuple[MemoryChange, ...] = ()

    @property
    def stage(self) -> str:
        """The stage that changed most, '' where none is known."""
        if self.memory:
            return self.memory[0].stage
        return self.attribution.stage


def explained(
    regression: Regression,
    a: Workload,
    b: Workload,
    *,
    lock: Path,
    within_s: float = WITHIN_S,
    wait_s: float = DEFAULT_WAIT_S,
    progress: Callable[[float, float], None] | None = None,
) -> Explanation:
    """Profile both sides of a change, and say which functions it comes from.

    At most `within_s` seconds are spent on it; `progress` as in `profile_pair`. `regression` is
    what was found of side `a`, the subject, and side `b`. Where profiling is not possible, the
    attribution says why. `lock` and `wait_s` as in `measure`, whose MeasurementBusy it raises.
    """
    title = f"{regression.workload}: the subject against its base"
    least = (
        2
        * UNDER_A_PROFILER
        * sum(
            median(sample.wall_s for sample in side)
            for side in (regression.pairs.a, regression.pairs.b)
        )
    )
    if least > within_s:
        return Explanation(
            attribution.not_measured(
                f"not profiled: that takes {least:.0f} s or more, and {within_s:.0f} s are left; a"
                " larger budget names the function"
            )
        )
    if regression.metric == "peak_memory":
        try:
            sides = (
                profile_memory(a, lock=lock, wait_s=wait_s),
                profile_memory(b, lock=lock, wait_s=wait_s),
            )
        except ProfileError as error:
            return Explanation(attribution.not_measured(str(error)))
        cause = attribution.not_measured(
            "what changed is memory: its functions are ranked by what they held"
        )
        return Explanation(
            cause,
            flame_graph([sides[0]], [sides[1]], None, title),
            tuple(memory_changes(*sides, a.stages)),
        )
    change = regression.judged.ratio - 1 if regression.judged else None
    clock: Literal["cpu", "wall"] = "cpu" if "cpu" in regression.metric else "wall"
    cause, profiles = attribute_workloads(
        a,
        b,
        a.stages,
        change,
        within_s=within_s,
        lock=lock,
        wait_s=wait_s,
        clock=clock,
        progress=progress,
    )
    drawn = all(sum(profile.total for profile in side) for side in profiles)
    return Explanation(cause, flame_graph(*profiles, cause, title) if drawn else "")
