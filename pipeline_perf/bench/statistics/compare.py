"""The statistics of a paired comparison: is side a slower than side b, by how much, and could we
have seen it?

Pure: numbers in, numbers out; the seed is an argument. Nothing here runs or stores anything.

Measured on simulated null pairs (normal, heavy-tailed, with outliers; 8 to 40 pairs): the bootstrap
interval alone is wrong in 1.2 to 3.2 % of cases at a nominal 1 %, because the median of few values
takes few values. *Changed* therefore also asks for an exact signed-rank test, which keeps its level
for any distribution that is symmetric under the null; interleaving A B B A makes it so. Its ranks
are capped at the middle one: with every twentieth repetition disturbed, 20 pairs then show a change
of 10 % in 97 % of cases; with Wilcoxon's full ranks, in 82 %, because a few disturbed pairs
outweigh the rest.

Sources: B. Efron, R. Tibshirani, An Introduction to the Bootstrap (1993), ch. 13 (percentile
interval); F. Wilcoxon, Individual Comparisons by Ranking Methods, Biometrics Bulletin 1 (1945), and
J. Hájek, Z. Šidák, Theory of Rank Tests (1967), for signed ranks with other scores; T. Kalibera, R.
Jones, Rigorous Benchmarking in Reasonable Time (ISMM 2013), for ratios with intervals instead of
bare tests.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Literal

import numpy as np
from numpy.typing import NDArray

#: One wrong alarm in a hundred comparisons is what a team bears before it stops reading them.
CONFIDENCE = 0.99

#: The chance of seeing the effect that is stated as the smallest that could be seen.
POWER = 0.95

#: Differences within this share are none: the same code, linked in another order, moves by as much.
TOLERANCE = 0.02

#: Enough that the ends of a 99 % interval (50 resamples beyond each) do not depend on the seed.
RESAMPLES = 9_999

#: The signed-rank test's share of the chance of a wrong alarm. At the whole of it, 1 %, every
#: number of pairs would be right at the limit, and simulated numbers of pairs were wrong in up to
#: 1.4 %.
LEVEL = (1 - CONFIDENCE) / 2

#: With fewer, no outcome whatever is significant at 0.5 %: all of 8 pairs on one side happen by
#: chance in 0.8 %.
FEWEST_PAIRS = 9

#: Standard errors from 0 of what is significant, and beyond a limit of what is past it with
#: probability POWER.
_SIGNIFICANT, _SEEN = NormalDist().inv_cdf(1 - LEVEL / 2), NormalDist().inv_cdf(POWER)

#: Standard error of a median as a multiple of that of a mean, for normal noise.
_MEDIAN_FACTOR = math.sqrt(math.pi / 2)

#: Median absolute deviation to standard deviation, for normal noise.
_MAD_FACTOR = 1.4826


@dataclass(frozen=True)
class Comparison:
    """Side a against side b.

    `ratio` is a/b (1.05: a took 5 % more), in the interval `low` to `high`.

    `smallest_effect` is the change (0.03: 3 %) that this many pairs would have shown with 95 %
    probability. `more_pairs` is how many more it would take to see one of the size of the
    tolerance; 0 where the verdict is reached.
    """

    verdict: Literal["changed", "unchanged", "unresolved"]
    ratio: float
    low: float
    high: float
    pairs: int
    p: float
    smallest_effect: float
    tolerance: float
    more_pairs: int
    why: str

    @property
    def direction(self) -> Literal["more", "less", ""]:
        """Whether side a takes more or less than side b; '' where nothing has changed."""
        if self.verdict != "changed":
            return ""
        return "more" if self.ratio > 1 else "less"


def compare(
    a: Sequence[float],
    b: Sequence[float],
    tolerance: float = TOLERANCE,
    confidence: float = CONFIDENCE,
    seed: int = 0,
) -> Comparison:
    """Compare two sides measured in pairs, value i of `a` with value i of `b`.

    `a` and `b` are as long as each other, above 0, in any one unit (seconds, bytes). `tolerance` is
    the share within which a difference is none (0.02: 2 %), `confidence` that of the interval, and
    `seed` draws its resamples.

    *unchanged*: the whole interval of the ratio lies within 1 ± tolerance. *changed*: the interval
    leaves out 1, the signed-rank test agrees, and the ratio itself lies beyond the tolerance: real
    processes of the same code differ by a per cent for reasons that hold for a whole series.
    *unresolved*: neither, or too few pairs.

    Raises ValueError when `tolerance` is not above 0, and when the sides differ in length, are
    empty, or hold a value that is not above 0 (a missing measurement must be left out as a pair, on
    purpose, and not slip in as a NaN).

    >>> before = [1.00, 1.01, 0.99, 1.02, 1.00, 0.98, 1.01, 1.00, 0.99]
    >>> after = [1.05, 1.07, 1.04, 1.06, 1.06, 1.03, 1.05, 1.06, 1.04]
    >>> slower = compare(after, before)
    >>> f"{slower.verdict}: {slower.ratio:.3f} ({slower.low:.3f} to {slower.high:.3f})"
    'changed: 1.051 (1.040 to 1.060)'
    >>> few = compare(after[:3], before[:3])
    >>> few.verdict, few.more_pairs
    ('unresolved', 6)
    """
    if len(a) != len(b) or len(a) == 0:
        raise ValueError(
            f"sides of {len(a)} and {len(b)} values: give as many of one side as of the other, and"
            " at least one pair"
        )
    if tolerance <= 0:
        raise ValueError(
            f"tolerance {tolerance:g}: no two measurements are equal; give a share above 0, such as"
            f" {TOLERANCE}"
        )
    values = np.asarray([a, b], dtype=float)
    if not (np.isfinite(values).all() and (values > 0).all()):
        raise ValueError(
            "a value is not a positive number: leave out the pairs in which a side failed"
        )
    logs = np.log(values[0]) - np.log(values[1])
    pairs, centre = len(logs), float(np.median(logs))
    low, high = median_interval(logs, confidence, seed)
    p = signed_rank_p(logs)
    limit = math.log1p(tolerance)
    effect = _smallest_effect(logs, limit)
    needed = pairs_needed(a, b, tolerance) if pairs > 1 else FEWEST_PAIRS
    more = max(1, max(needed, FEWEST_PAIRS) - pairs)

    verdict: Literal["changed", "unchanged", "unresolved"] = "unresolved"
    if pairs < FEWEST_PAIRS:
        why = f"{pairs} pairs cannot be significant at {LEVEL:.1%}: {FEWEST_PAIRS} are the fewest"
    elif -limit <= low and high <= limit:
        verdict, more, why = "unchanged", 0, f"the whole interval lies within ± {tolerance:.1%}"
    elif (low > 0 or high < 0) and p <= LEVEL and abs(centre) > limit:
        verdict, more, why = "changed", 0, f"the interval leaves out 1 (p = {p:.2g})"
    else:
        why = f"{pairs} pairs show effects from {effect:.1%} on; the tolerance is {tolerance:.1%}"
    ratio, lower, upper = (math.exp(value) for value in (centre, low, high))
    return Comparison(verdict, ratio, lower, upper, pairs, p, effect, tolerance, more, why)


def pairs_needed(a: Sequence[float], b: Sequence[float], tolerance: float = TOLERANCE) -> int:
    """After how many pairs in all a change of the size of the tolerance would be significant.

    `a` and `b` are pairs measured so far, as in `compare`; two are the fewest. Looks at their
    spread only, so that it may be asked before their difference is looked at.

    >>> quiet, noisy = [1.00, 1.01, 0.99, 1.00], [1.0, 1.2, 0.9, 1.1]
    >>> pairs_needed(quiet, [1.0] * 4), pairs_needed(noisy, [1.0] * 4)
    (5, 1451)
    """
    # The error shrinks with the root of the number of pairs.
    error = _error(np.log(a) - np.log(b))
    return math.ceil(len(a) * ((_SIGNIFICANT + _SEEN) * error / math.log1p(tolerance)) ** 2)


def median_interval(
    values: NDArray[np.float64], confidence: float = CONFIDENCE, seed: int = 0
) -> tuple[float, float]:
    """The interval of the median of `values` (one-dimensional), as low and high end.

    A percentile bootstrap: the medians of RESAMPLES resamples, drawn from `seed`, of which the
    share `confidence` lies between the ends. Efron and Tibshirani, chapter 13.
    """
    drawn = np.random.default_rng(seed).choice(values, (RESAMPLES, len(values)))
    tail = (1 - confidence) / 2
    low, high = np.quantile(np.median(drawn, axis=1), [tail, 1 - tail])
    return float(low), float(high)


def signed_rank_p(values: NDArray[np.float64]) -> float:
    """The two-sided p of the signed-rank test on `values` (one-dimensional, any unit).

    Ranks are capped at the middle one. Exact, also with ties; 1 where every value is 0.

    >>> signed_rank_p(np.array([0.1] * 9))  # all of nine on one side: 2 of 2⁹ cases
    0.00390625
    >>> signed_rank_p(np.array([1.0, -1.0, 2.0, -2.0]))
    1.0
    """
    moved = values[values != 0]
    if not len(moved):
        return 1.0
    sizes = np.abs(moved)
    # Twice the mid-rank is an integer, ties or not; twice the middle rank is the number of values
    # and one.
    ranks = np.array(
        [
            min(len(moved) + 1, 2 * int((sizes < size).sum()) + int((sizes == size).sum()) + 1)
            for size in sizes
        ]
    )
    sums = np.zeros(int(ranks.sum()) + 1)
    sums[0] = 1.0
    for rank in ranks:  # the distribution of the sum of positive ranks when each sign is a coin's
        shifted = np.zeros_like(sums)
        shifted[rank:] = sums[:-rank]
        sums = (sums + shifted) / 2
    positive = int(ranks[moved > 0].sum())
    return float(min(1.0, 2 * min(sums[: positive + 1].sum(), sums[positive:].sum())))


def _smallest_effect(logs: NDArray[np.float64], limit: float) -> float:
    """The relative change that a series of this spread and length shows with probability POWER:
    significant, and beyond the limit.
    """
    if len(logs) < 2:
        return math.inf
    error = _error(logs)
    return math.expm1(max(_SIGNIFICANT * error, limit) + _SEEN * error)


def _error(logs: NDArray[np.float64]) -> float:
    """The standard error of the median of a series, from its middle half: outliers hardly count."""
    spread = _MAD_FACTOR * float(np.median(np.abs(logs - np.median(logs)))) or float(
        np.std(logs, ddof=1)
    )
    return _MEDIAN_FACTOR * spread / math.sqrt(len(logs))
