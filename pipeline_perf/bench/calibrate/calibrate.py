"""The lab's own error rates: how often it raises a false alarm, and how often it sees what is
there.

`simulated` replays series and samples whose truth is known, `real` measures the same code against
itself and against a planted slow-down, `attributed` counts how often a planted function was named.
All give figures of the family `calibration` that the results store keeps; rates stand with their 95
% interval. `python -m pipeline_perf.bench.calibrate.calibrate` prints the simulated ones.

The constants of `changepoint` and `watch` were chosen on seeds below 1 000 and one of 20 260; the
default seed was not used for that.

Sources: E. B. Wilson, JASA 22 (1927), for the interval of a rate; E. S. Page, Biometrika 41 (1954),
and G. V. Moustakides, Annals of Statistics 14 (1986), for CUSUM: the test that no other finds a
known step sooner than, used here as a bound.
"""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import NormalDist, median
from typing import TYPE_CHECKING

import numpy as np

from pipeline_perf.bench.calibrate import calibration_work, simulate
from pipeline_perf.bench.calibrate.simulate import Nightly
from pipeline_perf.bench.errors import LabError
from pipeline_perf.bench.follow import watch
from pipeline_perf.bench.judge import regression
from pipeline_perf.bench.judge.enough import MOST_PAIRS, PILOT_PAIRS
from pipeline_perf.bench.judge.targets import Target, Verdict, judge
from pipeline_perf.bench.measure.lock import DEFAULT_WAIT_S
from pipeline_perf.bench.measure.measurement import Measurement
from pipeline_perf.bench.measure.workload import Workload
from pipeline_perf.bench.statistics.changepoint import Values
from pipeline_perf.bench.statistics.compare import TOLERANCE, Comparison, compare, pairs_needed

if TYPE_CHECKING:
    from pipeline_perf.bench.calibrate.planted import Trial
    from pipeline_perf.bench.measure.results import ResultStore

FAMILY = "calibration"

SEED = 31_415

#: So many null series leave the 5 % limit and a rate of 3 % apart; so many steps, 90 % and 95 %.
NULL_SERIES, STEP_SERIES = 400, 200

#: A step must be found on one of the first so many nights that have it.
WITHIN_NIGHTS = 7

#: A step begins in one of these nights of 60: before them there is little to compare with, after
#: them too few nights are left.
STEP_NIGHTS = (30, 53)

#: Null comparisons: a rate of 0.4 % is then known to be below 1 %.
NULL_COMPARISONS, POWER_COMPARISONS = 1_000, 100

#: Pairs and noise of one side at which the power of the paired comparison is stated.
POWER_PAIRS, POWER_NOISE, EFFECTS = (20, 40, 80, 160), (0.02, 0.05), (0.05, 0.10)

#: Share of disturbed repetitions in every simulated comparison.
OUTLIERS = 0.05

#: Seconds of measuring within which a planted slow-down must be found, by the workload's scope.
BUDGETS_S = {"plus_5": 300.0, "plus_10": 120.0}

#: The numbers of trials that `simulated` takes.
NUMBERS = ("null_series", "step_series", "null_comparisons", "power_comparisons")

Progress = Callable[[str], None]


def _quiet(_: str) -> None:
    pass


class CalibrationError(LabError):
    """A trial could not be carried out, so that there is no rate."""

    code = "calibration"


@dataclass(frozen=True)
class Rate:
    """So many of so many."""

    hits: int
    trials: int

    def measurement(self, name: str, scope: str) -> Measurement:
        """The rate as a figure of the family, under a name and a scope, in its 95 % interval."""
        low, high = wilson(self.hits, self.trials)
        return Measurement(f"{FAMILY}.{name}", scope, self.hits / self.trials, "", low, high)


def wilson(hits: int, trials: int, confidence: float = 0.95) -> tuple[float, float]:
    """Wilson's interval of the rate `hits` of `trials`, which holds it with this `confidence`.

    Raises ValueError where nothing was tried.

    >>> low, high = wilson(0, 30)
    >>> round(low, 3), round(high, 3)  # none of 30: the rate may still be one in nine
    (0.0, 0.114)
    """
    if not 0 <= hits <= trials or trials == 0:
        raise ValueError(f"{hits} of {trials} is no rate: try at least once")
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    rate = hits / trials
    centre = (rate + z * z / (2 * trials)) / (1 + z * z / trials)
    half = (
        z
        * math.sqrt(rate * (1 - rate) / trials + z * z / (4 * trials * trials))
        / (1 + z * z / trials)
    )
    return max(0.0, centre - half), min(1.0, centre + half)


def simulated(
    seed: int = SEED,
    null_series: int = NULL_SERIES,
    step_series: int = STEP_SERIES,
    null_comparisons: int = NULL_COMPARISONS,
    power_comparisons: int = POWER_COMPARISONS,
    progress: Progress = _quiet,
) -> list[Measurement]:
    """The error rates on simulated data; the same `seed` gives the same figures.

    So many nightly series without a change (`null_series`) and with one (`step_series`), so many
    comparisons of equal sides (`null_comparisons`) and of different ones (`power_comparisons`).
    `progress` is told a line for each scope that is done. About three minutes on a quiet core.
    """
    streams = np.random.default_rng(seed).spawn(2)
    figures: list[Measurement] = []
    for part in (
        _nightly(streams[0], null_series, step_series),
        _paired(streams[1], null_comparisons, power_comparisons),
    ):
        for measurements in part:
            progress(line_of(measurements))
            figures += measurements
    return figures


def line_of(measurements: Sequence[Measurement]) -> str:
    """A line for people on `measurements`, the figures of one scope.

    >>> line_of([Rate(1, 20).measurement("false_alarm_rate", "real")])
    'real: false_alarm_rate 0.05 (0.009 to 0.236)'
    """
    parts = []
    for figure in measurements:
        bounds = f" ({figure.low:.3f} to {figure.high:.3f})" if figure.low is not None else ""
        parts.append(f"{figure.metric.partition('.')[2]} {figure.value:.4g}{bounds}")
    return f"{measurements[0].scope}: {', '.join(parts)}"


# Nightly series -------------------------------------------------------------------------


@dataclass(frozen=True)
class _Case:
    """A kind of series: `ratio` followed as ratio to the reference, outlying nights measured
    again; else raw times, as they came.
    """

    scope: str
    model: Nightly
    ratio: bool = True


_NIGHTLY = (
    _Case("nightly_ratio", Nightly()),
    # What each safeguard is worth: without the reference, without enough pairs, with a reference
    # that drifts differently.
    _Case("nightly_raw", Nightly(), ratio=False),
    _Case("nightly_ratio_10_pairs", Nightly(repetitions=10)),
    _Case("nightly_ratio_drifting_apart", Nightly(elasticity=0.9)),
)


def _nightly(rng: np.random.Generator, nulls: int, steps: int) -> Iterator[list[Measurement]]:
    for case in _NIGHTLY:
        yield [*_null_series(case, nulls, rng), *_step_series(case, 0.05, steps, rng)]
    yield _step_series(replace(_NIGHTLY[0], scope="nightly_ratio_plus_10"), 0.10, steps, rng)
    yield _ramps(steps, rng)
    yield _spreads(steps, rng)
    yield _one_value(nulls, steps, rng)


def _followed(case: _Case, model: Nightly, rng: np.random.Generator) -> list[watch.Change]:
    series = simulate.nightly(model, rng)
    if case.ratio:
        return watch.follow([series.ratio], lambda _, night: float(series.again[night]))
    return watch.follow([series.raw])


def _null_series(case: _Case, trials: int, rng: np.random.Generator) -> list[Measurement]:
    changes = [_followed(case, case.model, rng) for _ in range(trials)]
    return [
        Rate(sum(map(bool, changes)), trials).measurement("false_alarm_rate", case.scope),
        _trials(trials, case.scope),
    ]


def _step_series(
    case: _Case, effect: float, trials: int, rng: np.random.Generator
) -> list[Measurement]:
    """How often a step is found in time, after how many nights, and how often the true night is
    within the nights named.

    Only what is raised after the step, and in its direction, counts; a false alarm before it does
    not.
    """
    delays, named = [], 0
    for _ in range(trials):
        at = int(rng.integers(*STEP_NIGHTS))
        model = replace(case.model, nights=at + WITHIN_NIGHTS, step=effect, step_at=at)
        hits = [
            change
            for change in _followed(case, model, rng)
            if change.kind != "spread" and change.raised >= at and change.ratio > 1
        ]
        if hits:
            delays.append(hits[0].raised - at + 1)
            named += hits[0].first <= at <= hits[0].last
    figures = [Rate(len(delays), trials).measurement("detection_rate", case.scope)]
    if delays:
        figures.append(Measurement(f"{FAMILY}.delay", case.scope, float(median(delays)), "nights"))
        figures.append(Rate(named, len(delays)).measurement("right_range_rate", case.scope))
    return figures


def _ramps(trials: int, rng: np.random.Generator) -> list[Measurement]:
    """A growth of 10 % over 60 nights: how often it is found, and how often called what it is."""
    case, hits, creeps = _NIGHTLY[0], 0, 0
    for _ in range(trials):
        rises = [
            change
            for change in _followed(case, replace(case.model, ramp=0.10), rng)
            if change.kind != "spread" and change.ratio > 1
        ]
        hits += bool(rises)
        creeps += bool(rises) and rises[0].kind == "creep"
    scope = "nightly_ramp_plus_10"
    return [
        Rate(hits, trials).measurement("detection_rate", scope),
        Rate(creeps, trials).measurement("called_creep_rate", scope),
    ]


def _spreads(trials: int, rng: np.random.Generator) -> list[Measurement]:
    """A spread four times as large from night 35 on, the level as before: found within 60
    nights.
    """
    model = Nightly(own_noise=0.02, spread=4.0, step_at=35)
    hits = sum(
        any(change.kind == "spread" for change in _followed(_NIGHTLY[0], model, rng))
        for _ in range(trials)
    )
    return [Rate(hits, trials).measurement("detection_rate", "nightly_spread_times_4")]


def _one_value(nulls: int, steps: int, rng: np.random.Generator) -> list[Measurement]:
    """One value a night with 5 % noise of its own, which nothing cancels: the detector, and the
    best that any could do.

    The bound is CUSUM told the level, the noise and the size of the step, at 5 % of null series
    alarming, no outliers. A single night's noise as large as the step cannot be seen through in a
    week.
    """
    scope, noise, nights, step = "nightly_one_value", 0.05, Nightly().nights, math.log1p(0.05)
    alarms = sum(
        bool(watch.follow([simulate.plain(nights, noise, OUTLIERS, rng)])) for _ in range(nulls)
    )
    hits = best_hits = 0
    null = np.array(
        [_cusum(simulate.plain(nights, noise, 0.0, rng), step, noise) for _ in range(10 * nulls)]
    )
    limit = float(np.quantile(null, 0.95))
    for _ in range(steps):
        at = int(rng.integers(*STEP_NIGHTS))
        changes = watch.follow([simulate.plain(at + WITHIN_NIGHTS, noise, OUTLIERS, rng, 0.05, at)])
        hits += any(change.raised >= at and change.ratio > 1 for change in changes)
    for _ in range(10 * steps):
        at = int(rng.integers(*STEP_NIGHTS))
        best_hits += (
            _cusum(simulate.plain(at + WITHIN_NIGHTS, noise, 0.0, rng, 0.05, at), step, noise)
            > limit
        )
    return [
        Rate(alarms, nulls).measurement("false_alarm_rate", scope),
        Rate(hits, steps).measurement("detection_rate", scope),
        Rate(best_hits, 10 * steps).measurement("best_detection_rate", scope),
    ]


def _cusum(values: Values, step: float, noise: float) -> float:
    """The largest CUSUM over a series, for a known step up in known noise around 0."""
    sums = np.concatenate(([0.0], np.cumsum((values - step / 2) * step / noise**2)))
    return float((sums - np.minimum.accumulate(sums)).max())


def _trials(trials: int, scope: str) -> Measurement:
    return Measurement(f"{FAMILY}.trials", scope, float(trials))


# Paired comparisons ---------------------------------------------------------------------


def _paired(rng: np.random.Generator, nulls: int, trials: int) -> Iterator[list[Measurement]]:
    for number in (PILOT_PAIRS, 20, 40):
        scope = f"paired_{number}_pairs"
        alarms = sum(_compared(number, 0.05, 0.0, rng).verdict == "changed" for _ in range(nulls))
        yield [Rate(alarms, nulls).measurement("false_alarm_rate", scope), _trials(nulls, scope)]
    for noise in POWER_NOISE:
        for effect in EFFECTS:
            for number in POWER_PAIRS:
                scope = f"paired_{number}_pairs_noise_{noise * 100:.0f}_plus_{effect * 100:.0f}"
                hits = sum(_saw(_compared(number, noise, effect, rng)) for _ in range(trials))
                yield [Rate(hits, trials).measurement("detection_rate", scope)]
    yield _planned(0.0, nulls, rng)
    for effect in EFFECTS:
        yield _planned(effect, trials, rng)


def _saw(comparison: Comparison) -> bool:
    return comparison.verdict == "changed" and comparison.direction == "more"


def _compared(number: int, noise: float, effect: float, rng: np.random.Generator) -> Comparison:
    a, b = simulate.pairs(number, noise, OUTLIERS, rng, effect)
    return compare(a.tolist(), b.tolist())


def _planned(effect: float, trials: int, rng: np.random.Generator) -> list[Measurement]:
    """Comparisons whose number of pairs the spread of a pilot decides, as `enough.UntilVisible`
    does, without a limit of time.

    The difference is looked at once, at the end, so that no look has to be paid for; that the
    pilot's spread goes into the choice is what this measures.
    """
    noise, outcomes, taken = 0.03, [], []
    for _ in range(trials):
        a, b = simulate.pairs(MOST_PAIRS, noise, OUTLIERS, rng, effect)
        pilot = a[:PILOT_PAIRS].tolist(), b[:PILOT_PAIRS].tolist()
        number = max(PILOT_PAIRS, min(MOST_PAIRS, pairs_needed(*pilot)))
        outcomes.append(compare(a[:number].tolist(), b[:number].tolist()))
        taken.append(number)
    scope = f"paired_planned{f'_plus_{effect * 100:.0f}' if effect else ''}"
    hits = (
        sum(_saw(outcome) for outcome in outcomes)
        if effect
        else sum(outcome.verdict == "changed" for outcome in outcomes)
    )
    name = "detection_rate" if effect else "false_alarm_rate"
    pairs = Measurement(f"{FAMILY}.pairs", scope, float(median(taken)))
    return [Rate(hits, trials).measurement(name, scope), _trials(trials, scope), pairs]


# Real comparisons -----------------------------------------------------------------------


def workloads(folder: Path) -> tuple[Workload, list[Workload]]:
    """The work of `calibration_work`, and copies in `folder` that take 5 and 10 % more."""
    folder.mkdir(parents=True, exist_ok=True)

    def copy(scope: str, percent: int) -> Workload:
        path = calibration_work.planted(folder / f"{scope}.py", percent)
        return Workload(
            f"planted.{scope}",
            target=f"{calibration_work.__name__}:run",
            params={"path": str(path)},
            timeout_s=60,
        )

    return copy("plain", 0), [copy("plus_5", 5), copy("plus_10", 10)]


def real(
    workload: Workload,
    planted: Sequence[Workload],
    comparisons: int = 30,
    detections: int = 20,
    *,
    lock: Path,
    metric: str = "call_cpu_seconds",
    tolerance: float = TOLERANCE,
    budgets_s: Mapping[str, float] = BUDGETS_S,
    wait_s: float = DEFAULT_WAIT_S,
    progress: Progress = _quiet,
) -> Iterator[list[Measurement]]:
    """The error rates of the gate on this machine.

    `comparisons` of the `workload` with itself, `detections` of each of the `planted` ones with it.
    Judged like every comparison of two trees (`regression.measured`), on the `metric` (CPU time of
    the call) and at the `tolerance`, within the seconds that `budgets_s` gives for the scope of the
    planted workload (300 where it names none, and for the workload itself). `progress` is told a
    line for each comparison.

    Yields the figures of each scope when it is done: together they take hours. Raises ValueError
    for less than one of each, CalibrationError for a comparison that failed (an error rate without
    it would be made up), and MeasurementBusy by `lock` and `wait_s` like `measure`.
    """
    if comparisons < 1 or detections < 1:
        raise ValueError(
            f"{comparisons} comparisons and {detections} detections: a rate takes at least one of"
            " each"
        )
    for subject, trials in ((workload, comparisons), *((slower, detections) for slower in planted)):
        null = subject is workload
        scope = "real" if null else f"real_{subject.name.partition('.')[2] or subject.name}"
        plan = regression.Plan(
            budget_s=budgets_s.get(subject.name.partition(".")[2], 300.0),
            tolerance=tolerance,
            metric=metric,
        )
        judged, seconds = [], []
        for trial in range(trials):
            begun = time.monotonic()
            outcome = regression.measured(subject, workload, plan, lock=lock, wait_s=wait_s)
            seconds.append(time.monotonic() - begun)
            comparison = outcome.judged
            if comparison is None:
                raise CalibrationError(
                    f"{subject.name} against {workload.name}: {'; '.join(outcome.failures)}",
                    "run the workload by hand, and calibrate again",
                )
            judged.append(comparison)
            progress(
                f"{scope} {trial + 1} of {trials}: {comparison.verdict}, ratio"
                f" {comparison.ratio:.4f} ({comparison.low:.4f} to {comparison.high:.4f}),"
                f" {comparison.pairs} pairs, {seconds[-1]:.1f} s"
            )
        hits = sum(
            comparison.verdict == "changed" if null else _saw(comparison) for comparison in judged
        )
        pairs = [comparison.pairs for comparison in judged]
        ratios = [comparison.ratio for comparison in judged]
        yield [
            Rate(hits, trials).measurement("false_alarm_rate" if null else "detection_rate", scope),
            _trials(trials, scope),
            Measurement(
                f"{FAMILY}.unresolved_rate",
                scope,
                sum(comparison.verdict == "unresolved" for comparison in judged) / trials,
            ),
            Measurement(
                f"{FAMILY}.ratio", scope, float(median(ratios)), "", min(ratios), max(ratios)
            ),
            Measurement(
                f"{FAMILY}.pairs",
                scope,
                float(median(pairs)),
                "",
                float(min(pairs)),
                float(max(pairs)),
            ),
            Measurement(
                f"{FAMILY}.seconds", scope, float(median(seconds)), "s", min(seconds), max(seconds)
            ),
        ]


# Attribution ----------------------------------------------------------------------------


def attributed(trials: Sequence[Trial]) -> list[Measurement]:
    """How often the attribution named a planted function first, another one, and the right stage,
    over trials of `planted`.
    """
    scope, number = "attribution", len(trials)
    return [
        Rate(sum(trial.right for trial in trials), number).measurement("named_first_rate", scope),
        Rate(sum(trial.wrong for trial in trials), number).measurement("wrong_name_rate", scope),
        Rate(sum(trial.right_stage for trial in trials), number).measurement(
            "right_stage_rate", scope
        ),
        _trials(number, scope),
    ]


# What is known on a machine -------------------------------------------------------------


@dataclass(frozen=True)
class Known:
    """The newest figures of one scope, and the run that measured them."""

    run: str
    figures: tuple[Measurement, ...]

    @property
    def trials(self) -> int:
        """How many trials the rates are counted over, 0 where that is not told."""
        counts = (figure.value for figure in self.figures if figure.metric == f"{FAMILY}.trials")
        return int(next(counts, 0))


def newest(store: ResultStore, machine: str) -> dict[str, Known]:
    """What was last found of each scope on a machine, simulated or real, in a `store`.

    A scope that nobody measured is not there.
    """
    known: dict[str, Known] = {}
    for run, figures in store.all_measurements(machine=machine).items():
        scopes: dict[str, list[Measurement]] = {}
        for figure in figures:
            if figure.family == FAMILY:
                scopes.setdefault(figure.scope, []).append(figure)
        known |= {scope: Known(run, tuple(mine)) for scope, mine in scopes.items()}
    return known


def targets_of(contract: Iterable[Target]) -> list[Target]:
    """The targets of the `contract` that the lab's own error rates must meet."""
    return [
        target for target in contract if target.metric.startswith(f"{FAMILY}.") and target.limits
    ]


def verdicts(contract: Iterable[Target], known: Mapping[str, Known]) -> list[Verdict]:
    """The verdicts of the targets of error rates, on the `known` ones as they were counted.

    They are those of `targets_of` the `contract`. The interval of a rate is left aside: the limits
    are on what so many trials showed, and no number of trials that anybody can wait for brings the
    whole interval of a rate of 0.5 % below 1 %. It is to be shown beside each rate.
    """
    figures = [
        replace(figure, low=None, high=None) for rates in known.values() for figure in rates.figures
    ]
    return judge(targets_of(contract), figures)


if __name__ == "__main__":
    simulated(
        int(sys.argv[1]) if len(sys.argv) > 1 else SEED,
        progress=lambda line: print(line, flush=True),
    )
