"""Intervals and probabilities against those that a formula, and not a simulation, gives."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

from pipeline_perf.bench.statistics.changepoint import (
    PERMUTATIONS,
    Trend,
    creep,
    outlying,
    spread_change,
)
from pipeline_perf.bench.statistics.compare import FEWEST_PAIRS, compare
from pipeline_perf.bench.statistics.percentile import Percentile, fewest, percentile


def at_most(n: int, share: float) -> list[float]:
    """The probabilities that of n values at most 0, 1, … lie below the percentile `share`."""
    each = (math.comb(n, k) * share**k * (1 - share) ** (n - k) for k in range(n + 1))
    return list(itertools.accumulate(each))


@pytest.mark.parametrize("confidence", [0.9, 0.95, 0.99])
@pytest.mark.parametrize("share", [0.05, 0.25, 0.5, 0.75, 0.9, 0.95])
@pytest.mark.parametrize("n", [8, 9, 20, 59, 104, 105, 500])
def test_the_interval_is_the_narrowest_that_is_missed_seldom_enough_on_either_side(
    n: int, share: float, confidence: float
) -> None:
    found = percentile(range(n, 0, -1), share, confidence)
    if n < fewest(share, confidence):
        assert found is None
        return
    tail = (1 - confidence) / 2
    below = at_most(n, share)
    low = max(rank for rank in range(1, n + 1) if below[rank - 1] <= tail)
    high = min(rank for rank in range(1, n + 1) if below[rank - 1] >= 1 - tail)
    value = math.ceil(round(n * share, 9))
    assert found == Percentile(share, float(value), float(low), float(high), n)


@pytest.mark.parametrize(
    ("share", "confidence", "count"),
    [
        (0.5, 0.95, 6),
        (0.5, 0.9, 5),
        (0.95, 0.95, 72),
        (0.05, 0.95, 72),
        (0.9899, 0.99, 522),  # the last before the far tail
        (0.99, 0.5, 5000),
        (0.01, 0.99, 5000),
        (0.9902, 0.99, 5103),
    ],
)
def test_so_many_values_are_the_fewest(share: float, confidence: float, count: int) -> None:
    assert fewest(share, confidence) == count


@pytest.mark.parametrize("share", [0.0, 1.0, -0.1, 1.1])
def test_the_ends_are_no_percentiles(share: float) -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        percentile([1.0] * 20, share)


def smirnov(steps: int, n: int) -> float:
    """The probability of a gap of `steps` of n or more between two samples of n each
    (B. V. Gnedenko, V. S. Korolyuk, 1951).
    """
    terms = range(1, n // steps + 1)
    return (
        2
        * sum((-1) ** (k - 1) * math.comb(2 * n, n - k * steps) for k in terms)
        / math.comb(2 * n, n)
    )


@pytest.mark.parametrize("steps", [4, 6, 8, 10, 12])
@pytest.mark.parametrize("wider", [True, False])
def test_the_p_of_a_spread_is_that_of_kolmogorov_and_smirnov(steps: int, wider: bool) -> None:
    """Of 20 distances before and 20 in the last nights, so many lie beyond all the others."""
    inner = [2.0 * k for k in range(1, 11)]
    outer = [2.0 * k + 1 for k in range(1, 11 - steps // 2)] + [50.0 + k for k in range(steps // 2)]
    near, far = ([sign * size for size in sizes for sign in (1, -1)] for sizes in (inner, outer))
    change = spread_change(np.array([*near, *far] if wider else [*far, *near]))
    assert change is not None
    p = min(1.0, smirnov(_gap(inner, outer), 20))
    assert change.p == pytest.approx(p, abs=4 * math.sqrt(p * (1 - p) / PERMUTATIONS) + 1e-4)
    medians = 1.4826 * float(np.median(inner)), 1.4826 * float(np.median(outer))
    assert (change.before, change.after) == pytest.approx(medians if wider else medians[::-1])


def _gap(one: list[float], other: list[float]) -> int:
    """The largest distance of the two distribution functions, in twentieths."""
    return 2 * max(
        abs(sum(a <= at for a in one) - sum(b <= at for b in other)) for at in (*one, *other)
    )


def test_a_spread_takes_twice_twenty_nights_and_looks_at_sixty() -> None:
    logs = np.random.default_rng(3).normal(size=70)
    assert spread_change(logs[:39]) is None
    assert spread_change(logs[:40]) is not None
    assert spread_change(logs) == spread_change(logs[-60:]) != spread_change(logs[-59:])


def test_the_trend_is_that_of_theil_and_sen_and_of_mann_and_kendall() -> None:
    """Figures by hand: 40 nights, the first two in the wrong order, so that of 780 pairs 779
    agree and one does not.
    """
    logs = np.arange(40.0)
    logs[[0, 1]] = 1.0, 0.0
    found = creep(logs)
    assert found is not None
    z = (778 - 1) / math.sqrt(40 * 39 * 85 / 18)
    assert found.slope == 1.0
    assert found.p == pytest.approx(math.erfc(z / math.sqrt(2)), rel=1e-6)
    tied = np.repeat(np.arange(15.0), 2)
    found = creep(tied)
    assert found is not None
    variance = (30 * 29 * 65 - 15 * 2 * 1 * 9) / 18
    z = (15 * 14 / 2 * 4 - 1) / math.sqrt(variance)
    assert found.p == pytest.approx(math.erfc(z / math.sqrt(2)), rel=1e-6)


@pytest.mark.parametrize("number", [29, 30, 60, 61])
def test_a_trend_takes_thirty_nights_and_looks_at_sixty(number: int) -> None:
    level = np.zeros(number)
    assert creep(level) == (None if number < 30 else Trend(0.0, 1.0))
    level[0] = 9.0
    found = creep(level)
    # a night before the last sixty says nothing
    assert (found is None) == (number < 30)
    assert found is None or (found.p == 1.0) == (number > 60)


@pytest.mark.parametrize("side", [1, -1])
@pytest.mark.parametrize(
    ("last", "far"), [(2.9, False), (2.999, False), (3.001, True), (3.1, True)]
)
def test_a_night_is_outlying_from_three_standard_deviations_on(
    last: float, far: bool, side: int
) -> None:
    before = [5.0, 5.5, 4.5] * 6
    deviation = 1.4826 * 0.5
    assert outlying(np.array([*before, 5.0 + side * last * deviation])) == far


@pytest.mark.parametrize("nights", [14, 15])
def test_an_outlier_takes_fifteen_nights_before_it(nights: int) -> None:
    before = [0.01 if night % 2 else -0.01 for night in range(nights)]
    assert outlying(np.array([*before, 9.0])) == (nights >= 15)


def test_an_interval_that_ends_at_no_change_does_not_leave_it_out() -> None:
    """Nine pairs of fourteen differ, all one way: significant, but the interval reaches to 1."""
    moved, level = [1.1] * 9 + [1.0] * 5, [1.0] * 14
    more, less = compare(moved, level), compare(level, moved)
    assert more.p == less.p == 2 / 2**9
    assert (more.low, less.high) == (1.0, 1.0)
    assert (more.verdict, less.verdict) == ("unresolved", "unresolved")
    more = compare([1.1] * FEWEST_PAIRS, [1.0] * FEWEST_PAIRS)
    assert (more.verdict, more.direction, more.more_pairs) == ("changed", "more", 0)
    fewer = compare([1.1] * (FEWEST_PAIRS - 1), [1.0] * (FEWEST_PAIRS - 1))
    assert (fewer.verdict, fewer.direction, fewer.more_pairs) == ("unresolved", "", 1)


@pytest.mark.parametrize(
    ("factor", "verdict"), [(1.019, "unchanged"), (1.021, "changed"), (0.981, "unchanged")]
)
def test_a_change_is_one_beyond_the_tolerance(factor: float, verdict: str) -> None:
    assert compare([factor] * 20, [1.0] * 20).verdict == verdict
    assert compare([1.0] * 20, [factor] * 20).verdict == verdict
