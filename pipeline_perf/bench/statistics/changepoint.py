"""The statistics of a nightly series: has its level shifted, is it creeping, has its spread
changed, is last night an outlier?

Pure, on arrays of logarithms, oldest first, gaps left out. What becomes an alert, and for how many
metrics at once, is `watch`'s business; how often each test is wrong, `calibrate` measures.

Every p comes from permutations and not from a distribution that somebody assumed: in the null, the
order of the nights means nothing. That holds for ratios to the reference; raw times drift.

Sources: E. J. G. Pitman, Significance Tests Which May Be Applied to Samples from Any Populations
(JRSS Supplement 4, 1937); D. M. Hawkins, Q. Deng, A Nonparametric Change-Point Control Chart
(Journal of Quality Technology 42, 2010), for scanning again every night; P. J. Huber, Robust
Statistics (1981), for the scores; H. Theil (1950) and P. K. Sen (JASA 63, 1968), for the slope; H.
B. Mann (Econometrica 13, 1945) and M. G. Kendall, Rank Correlation Methods (1975), for the trend;
Y. Benjamini, Y. Hochberg (JRSS B 57, 1995); B. Iglewicz, D. Hoaglin, How to Detect and Handle
Outliers (1993).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]

#: Two months: longer, and last quarter's code decides what is normal; shorter, and the level is
#: known too badly.
WINDOW = 60

#: A shift is looked for among so many last nights: an older one has been seen, or was too small to
#: be. With 14, what chance may do grows with the number of splits, and 85 % instead of 89 % of the
#: tuning series' steps were found in a week.
RECENT = 10

#: Two nights in a row are disturbed once in 400 (1 in 20 each); three, once in 8 000.
FEWEST_AFTER = 3

#: With fewer nights no order of them is rare enough to alarm on and still leave a choice of splits.
FEWEST_NIGHTS = 15

#: Scores end at so many standard deviations. With one night in 20 far off, ranks found 84 % of
#: steps of 2.5 standard deviations within a week; scores cut at 2 found 91 %, cut at 3, 75 %, all
#: at the same rate of false alarms: a rank of a new level ends at the top whatever its distance,
#: and without a cut the nights far off drown it.
CLIP = 2.0

#: Fine enough to tell one in ten thousand, which a hundred metrics watched together ask for.
PERMUTATIONS = 19_999

#: As many are tried first; the others only where these leave p below `WORTH_A_CLOSER_LOOK`.
FIRST_PERMUTATIONS = 999
WORTH_A_CLOSER_LOOK = 0.02

#: Half of Siegmund's 95 % likelihood set for a change point (Biometrika 75, 1988): splits whose
#: squared statistic is this close to the best one's are as good as it.
PLAUSIBLE = 3.84

#: A line needs this many nights before it tells a slow creep from noise.
CREEP_NIGHTS = 30

#: Nights whose spread is compared with that of the nights before, at least as many.
SPREAD_NIGHTS = 20

#: Standard deviations from the middle at which a single night is measured again: 3 in 1 000 quiet
#: nights.
OUTLYING = 3.0

#: Median absolute deviation to standard deviation, for normal noise.
_MAD_FACTOR = 1.4826


@dataclass(frozen=True)
class Shift:
    """A level shift.

    `at` is the place of the first value on the new level, `first` to `last` the places it may as
    well be.

    `before` and `after` are the levels (medians, as logarithms); `steady`: two levels describe the
    values better than a line.
    """

    at: int
    first: int
    last: int
    before: float
    after: float
    p: float
    steady: bool


@dataclass(frozen=True)
class Trend:
    """A slope per night (log scale), and how likely so steady a trend is in values without one."""

    slope: float
    p: float


@dataclass(frozen=True)
class SpreadChange:
    """The spread before and of the last nights (standard deviations, log scale)."""

    before: float
    after: float
    p: float

    @property
    def ratio(self) -> float:
        """After as a multiple of before; 1 where both are 0."""
        if self.before == 0:
            return math.inf if self.after else 1.0
        return self.after / self.before


def shift(logs: Values) -> Shift | None:
    """The best place for a level shift among the last `RECENT` nights, with its p.

    `logs` are the values, one a night, the oldest first; no more than the last `WINDOW` count. The
    statistic is the largest standardised difference of mean scores over all splits. Returns places
    in `logs`; None for fewer than `FEWEST_NIGHTS` values, or where most of them are the same.

    >>> nights = np.log([1.00, 1.01, 0.99] * 8 + [1.10, 1.11, 1.09] * 2)
    >>> step = shift(nights)
    >>> step.at, round(math.exp(step.after - step.before), 2), step.p < 0.001
    (24, 1.1, True)
    """
    if len(logs) < FEWEST_NIGHTS:
        return None
    values = logs[-WINDOW:]
    offset, number = len(logs) - len(values), len(values)
    scores = _scores(values)
    if not scores.any():
        return None
    after = np.arange(FEWEST_AFTER, min(RECENT, number - FEWEST_AFTER) + 1)
    scale = math.sqrt(float((scores**2).sum()) / (number - 1)) * np.sqrt(
        after * (number - after) / number
    )
    sizes = np.abs(np.cumsum(scores[::-1])[after - 1] / scale)
    best = int(sizes.argmax())

    def largest(orders: NDArray[np.intp]) -> Values:
        maxima: Values = np.abs(np.cumsum(scores[orders], axis=1)[:, after - 1] / scale).max(axis=1)
        return maxima

    reached = int((largest(_orders(number, 0, FIRST_PERMUTATIONS)) >= sizes[best] - 1e-9).sum())
    p = (1 + reached) / (1 + FIRST_PERMUTATIONS)
    if p <= WORTH_A_CLOSER_LOOK:
        reached += int(
            (largest(_orders(number, FIRST_PERMUTATIONS, PERMUTATIONS)) >= sizes[best] - 1e-9).sum()
        )
        p = (1 + reached) / (1 + PERMUTATIONS)
    as_good = after[sizes**2 >= sizes[best] ** 2 - PLAUSIBLE]
    at = number - int(after[best])
    levels = float(np.median(values[:at])), float(np.median(values[at:]))
    stepped = np.abs(values - np.repeat(levels, (at, number - at))).sum()
    # Where a line fits better than two levels, no night is the one on which it happened.
    steady = p > WORTH_A_CLOSER_LOOK or bool(stepped <= np.abs(_detrended(values)).sum())
    return Shift(
        offset + at,
        offset + number - int(as_good[-1]),
        offset + number - int(as_good[0]),
        *levels,
        p,
        steady,
    )


def creep(logs: Values) -> Trend | None:
    """Theil and Sen's slope over the last `WINDOW` nights, with Mann and Kendall's p.

    `logs` as in `shift`. None for fewer than `CREEP_NIGHTS` values.

    >>> trend = creep(np.linspace(0.0, 0.039, 40))
    >>> round(trend.slope, 6), trend.p < 0.001
    (0.001, True)
    """
    if len(logs) < CREEP_NIGHTS:
        return None
    values = logs[-WINDOW:]
    number = len(values)
    earlier, later = np.triu_indices(number, 1)
    agreement = float(np.sign(values[later] - values[earlier]).sum())
    ties = np.unique(values, return_counts=True)[1]
    variance = (
        number * (number - 1) * (2 * number + 5) - float((ties * (ties - 1) * (2 * ties + 5)).sum())
    ) / 18
    if variance == 0:
        return Trend(0.0, 1.0)
    z = max(0.0, abs(agreement) - 1) / math.sqrt(variance)
    return Trend(_slope(values), 2 * NormalDist().cdf(-z))


def spread_change(logs: Values) -> SpreadChange | None:
    """Whether values lie further from their middle, or nearer, in the last nights than before.

    `logs` as in `shift`. Kolmogorov and Smirnov's test on the distances of the last `SPREAD_NIGHTS`
    and of those before, each from their own median. None for fewer than twice as many values.

    >>> wider = spread_change(np.array([0.01, -0.01] * 15 + [0.05, -0.05] * 10))
    >>> round(wider.ratio, 6), wider.p < 0.001
    (5.0, True)
    """
    values = logs[-WINDOW:]
    number = len(values)
    if number < 2 * SPREAD_NIGHTS:
        return None
    parts = values[:-SPREAD_NIGHTS], values[-SPREAD_NIGHTS:]
    distances = [np.abs(part - np.median(part)) for part in parts]
    before, after = (_MAD_FACTOR * float(np.median(part)) for part in distances)
    recent = np.argsort(np.argsort(np.concatenate(distances)))[-SPREAD_NIGHTS:]
    null = _spread_null(number)
    reached = int((null >= _largest_gap(recent[None, :], number)[0] - 1e-9).sum())
    return SpreadChange(before, after, (1 + reached) / (1 + len(null)))


def outlying(logs: Values) -> bool:
    """Whether the last value lies so far off that it is measured again before anybody believes it.

    `logs` as in `shift`: more than `OUTLYING` standard deviations from the middle of those before,
    which must be `FEWEST_NIGHTS` at least.

    >>> quiet = [0.00, 0.01, -0.01] * 6
    >>> outlying(np.array([*quiet, 0.02])), outlying(np.array([*quiet, 0.20]))
    (False, True)
    """
    before = logs[-WINDOW:-1]
    if len(before) < FEWEST_NIGHTS:
        return False
    middle = float(np.median(before))
    spread = _MAD_FACTOR * float(np.median(np.abs(before - middle)))
    return abs(float(logs[-1]) - middle) > OUTLYING * spread


def discoveries(ps: Sequence[float], level: float) -> list[bool]:
    """Which of several `ps` are discoveries at a false-discovery rate of `level`, in their order.

    Benjamini and Hochberg's step-up procedure.

    >>> discoveries([0.001, 0.04, 0.03, 0.5], 0.05)
    [True, False, False, False]
    >>> discoveries([0.01, 0.02, 0.03, 0.5], 0.05)
    [True, True, True, False]
    """
    order = sorted(range(len(ps)), key=ps.__getitem__)
    most = max(
        (place for place, index in enumerate(order, 1) if ps[index] <= level * place / len(ps)),
        default=0,
    )
    chosen = set(order[:most])
    return [index in chosen for index in range(len(ps))]


def _scores(values: Values) -> Values:
    """Distances from the middle in standard deviations, cut at `CLIP`, their mean taken off; all
    0 where most values are the same.
    """
    centred = values - np.median(values)
    spread = _MAD_FACTOR * float(np.median(np.abs(centred)))
    if spread == 0:  # a counter: judged by `counters`, not by its noise
        return np.zeros_like(values)
    scores = np.clip(centred / spread, -CLIP, CLIP)
    return np.asarray(scores - scores.mean())


def _slope(values: Values) -> float:
    earlier, later = np.triu_indices(len(values), 1)
    return float(np.median((values[later] - values[earlier]) / (later - earlier)))


def _detrended(values: Values) -> Values:
    rest = values - _slope(values) * np.arange(len(values))
    return np.asarray(rest - np.median(rest))


@cache
def _orders(number: int, begin: int, end: int) -> NDArray[np.intp]:
    """Which of so many values come last, latest first, in random orders `begin` to `end`.

    Seeded: a series is judged the same each time.
    """
    return _shuffled(number, begin, end)[:, :RECENT]


@cache
def _spread_null(number: int) -> Values:
    return _largest_gap(_shuffled(number, 0, PERMUTATIONS)[:, :SPREAD_NIGHTS], number)


def _shuffled(number: int, begin: int, end: int) -> NDArray[np.intp]:
    keys = np.random.default_rng((number, begin)).random((end - begin, number), dtype=np.float32)
    return np.argsort(keys, axis=1)


def _largest_gap(ranks: NDArray[np.intp], number: int) -> Values:
    """Largest distance between the distribution functions of the values with these ranks (a row
    each) and of the others.
    """
    ordered = np.sort(ranks, axis=1)
    mine = np.arange(1, SPREAD_NIGHTS + 1) / SPREAD_NIGHTS
    others = (ordered + 1 - np.arange(1, SPREAD_NIGHTS + 1)) / (number - SPREAD_NIGHTS)
    # The gap is largest at a member of the group, or just before one.
    return np.asarray(
        np.maximum(np.abs(mine - others), np.abs(mine - 1 / SPREAD_NIGHTS - others)).max(axis=1)
    )
