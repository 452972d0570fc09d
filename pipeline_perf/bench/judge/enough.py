"""How many repetitions are enough: warm-up, repetitions and pairs chosen from the spread of what
was measured.

Pure: samples in, numbers out; `measure` asks. Two designs, because two questions are asked.

A single workload is repeated until the 99 % interval of its median is narrow. A pair is measured a
first time (the pilot); its spread alone, not its difference, tells how many pairs would show a
change of the tolerance, and the difference is looked at once, at the end. Looking after every pair
and stopping at the first significant one would raise false alarms with every look.

Sources: V. Stinner, pyperf (calibration of warm-ups and "more runs needed"); J. W. Tukey,
Exploratory Data Analysis (1977), for the fences; J. Wittes, E. Brittain, The role of internal pilot
studies in increasing the efficiency of clinical trials, Statistics in Medicine 9 (1990).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from statistics import median
from typing import TYPE_CHECKING

import numpy as np

from pipeline_perf.bench.statistics.compare import FEWEST_PAIRS, TOLERANCE, pairs_needed
from pipeline_perf.bench.statistics.percentile import fewest, percentile

if TYPE_CHECKING:
    from pipeline_perf.bench.measure.measure import Pairs, Sample

#: Half the interval of a median, as a share of it. Wall times of the same code differ by more
#: between two days.
PRECISION = 0.05

#: Repetitions beyond this belong to the next night: the machine itself changes meanwhile.
MOST_REPETITIONS = 40

#: Pairs of the pilot: twice what can show a change at all. A spread of fewer is so uncertain that a
#: third of the changes of just the tolerance go unseen; simulated nulls alarm in 0.4 % of cases
#: with this design.
PILOT_PAIRS = 2 * FEWEST_PAIRS

MOST_PAIRS = 400

#: Seconds of measuring that one workload, and one comparison, may take.
RUN_BUDGET_S = 120.0
COMPARE_BUDGET_S = 300.0

#: A process that computes for less than this share of its wall time mostly waits, and is judged on
#: wall time. Low, because on a machine with other work a process that never waits is given a fifth
#: of the time, too: judged on wall time at a load of 12 on 2 cores, equal code was found to differ
#: by a quarter.
COMPUTES = 0.2


@dataclass(frozen=True)
class Enough:
    """Whether a series says how long the work takes.

    `warmup` of its first values were left out, too slow to belong to the rest.

    `low` and `high` are the 99 % interval of the median, None from too few values. `more`
    repetitions are needed for half of it to be within the precision; 0 where it is.
    """

    warmup: int
    median: float
    low: float | None
    high: float | None
    more: int

    @property
    def spread(self) -> float | None:
        """Half the interval, as a share of the median."""
        return (
            None
            if self.low is None or self.high is None
            else (self.high - self.low) / 2 / self.median
        )


def enough(values: Sequence[float], precision: float = PRECISION) -> Enough:
    """Judge the values of a series, in the order in which they were measured, in any one unit.

    Half the interval of the median shall be within `precision`, a share of it. Raises ValueError
    where there is no value.

    >>> series = enough([3.0, 1.0, 1.1, 1.0, 1.1, 1.0, 1.1, 1.0, 1.1])
    >>> series.warmup, series.median, round(series.spread, 3), series.more
    (1, 1.05, 0.048, 0)
    """
    if not values:
        raise ValueError("no value: measure at least one repetition that does not fail")
    warmup = settled(values)
    kept = values[warmup:]
    middle = percentile(kept, 0.5)
    if middle is None:
        return Enough(warmup, median(kept), None, None, fewest(0.5) - len(kept))
    half = (middle.high - middle.low) / 2 / median(kept)
    # The interval narrows with the root of the number of values.
    needed = math.ceil(len(kept) * (half / precision) ** 2)
    return Enough(
        warmup,
        median(kept),
        middle.low,
        middle.high,
        max(0, needed - len(kept)) if half > precision else 0,
    )


def settled(values: Sequence[float]) -> int:
    """How many of the first values belong to warming up.

    Those above the upper fence of what follows, at most a quarter of all.

    >>> settled([3.0, 1.0, 1.1, 1.0, 1.1, 1.0, 1.1, 1.0])
    1
    """
    left_out = 0
    while left_out < len(values) // 4:
        first, rest = values[left_out], values[left_out + 1 :]
        lower, upper = np.quantile(rest, [0.25, 0.75])
        if first <= upper + 1.5 * (upper - lower):
            break
        left_out += 1
    return left_out


def judged(samples: Sequence[Sample]) -> str:
    """The metric that a slow-down of the workload of these `samples` shows in.

    "cpu_seconds", which other work hardly disturbs; "seconds", wall time, where it mostly waits.
    Queueing for a processor that others have is no waiting of its own.
    """
    shares = [
        sample.cpu_s / max(sample.wall_s - (sample.queued_s or 0.0), sample.cpu_s, 1e-9)
        for sample in samples
        if sample.ok and sample.wall_s
    ]
    return "cpu_seconds" if shares and median(shares) >= COMPUTES else "seconds"


def values_of(samples: Sequence[Sample], metric: str) -> list[float]:
    """A metric of every repetition in `samples` that did not fail."""
    return [
        figure.value for sample in samples for figure in sample.metrics() if figure.name == metric
    ]


@dataclass
class UntilEnough:
    """How many more repetitions a series takes, as `measure` asks it.

    So many that its median is known to `precision` (see `enough`); none after a failure, beyond
    `most`, or when `budget_s` seconds of measuring are used up. `foreseen` is how many there will
    be in all, as far as is known.
    """

    precision: float = PRECISION
    most: int = MOST_REPETITIONS
    budget_s: float = RUN_BUDGET_S
    foreseen: int = fewest(0.5)

    def __call__(self, samples: Sequence[Sample]) -> int:
        """How many more than these `samples`."""
        if not all(sample.ok for sample in samples):
            return 0
        done = len(samples)
        wanted = max(0, enough(values_of(samples, judged(samples)), self.precision).more)
        affordable = _affordable(samples, done, self.budget_s)
        wanted = min(wanted, self.most - done, affordable)
        self.foreseen = done + wanted
        # In steps of half the series: the first few values tell little about the spread.
        return min(wanted, max(1, done // 2))


@dataclass
class UntilVisible:
    """How many more pairs a comparison takes, as `measure_pair` asks it.

    The pilot first, then once what its spread demands, so that a change of `tolerance` would show;
    `metric` '' is the one that `judged` names. No more than `most` in all, none after a failure,
    and only what `budget_s` seconds of measuring allow. `foreseen` as in `UntilEnough`.
    """

    metric: str = ""
    tolerance: float = TOLERANCE
    most: int = MOST_PAIRS
    budget_s: float = COMPARE_BUDGET_S
    foreseen: int = PILOT_PAIRS
    _planned: int = 0

    def __call__(self, pairs: Pairs) -> int:
        """How many more than these `pairs`: one at a time, for how long a pair takes is known
        better after each.
        """
        done = len(pairs.a)
        if not all(sample.ok for sample in pairs.samples):
            return 0
        if done >= PILOT_PAIRS and not self._planned:
            # of the pilot's outcome only the spread is looked at
            values = pairs.values(self.metric or judged(pairs.a))
            self._planned = min(self.most, pairs_needed(*values, self.tolerance))
        wanted = max(0, (self._planned or PILOT_PAIRS) - done)
        wanted = min(wanted, _affordable(pairs.samples, done, self.budget_s))
        self.foreseen = done + wanted
        return min(1, wanted)


def _affordable(samples: Sequence[Sample], done: int, budget_s: float) -> int:
    """How many more repetitions fit into the time, if they take as long as those before.

    The one for warming up is reckoned in.
    """
    begun = min(sample.started for sample in samples)
    ended = max(sample.started + timedelta(seconds=sample.wall_s) for sample in samples)
    each = (ended - begun).total_seconds() / done
    return max(0, int(budget_s / each) - done - 1) if each else 1
