import math
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline_perf.bench.measure.measurement import of_comparison
from pipeline_perf.bench.statistics.compare import (
    FEWEST_PAIRS,
    compare,
    median_interval,
    pairs_needed,
    signed_rank_p,
)

PAIRS = 20


def noisy_pairs(
    seed: int, change: float = 0.0, noise: float = 0.05
) -> tuple[list[float], list[float]]:
    """Two sides of one to two seconds with their own noise, drifting together, some of them
    disturbed.
    """
    rng = np.random.default_rng(seed)
    drift = 1.5 + 0.3 * np.sin(np.arange(PAIRS) / 3)
    sides = drift * np.exp(rng.normal(0, noise / math.sqrt(2), (2, PAIRS)))
    sides *= np.where(rng.random((2, PAIRS)) < 0.05, 1.5, 1.0)
    return (sides[0] * (1 + change)).tolist(), sides[1].tolist()


def test_sides_that_do_not_differ_are_called_changed_in_two_of_a_hundred_cases_at_most() -> None:
    series = 300
    alarms = sum(compare(*noisy_pairs(seed)).verdict == "changed" for seed in range(series))
    assert alarms <= 0.02 * series


def test_a_planted_tenth_is_found_with_its_size_and_direction() -> None:
    found = [compare(*noisy_pairs(seed, change=0.10)) for seed in range(100)]
    assert sum(one.verdict == "changed" and one.direction == "more" for one in found) >= 95
    assert np.median([one.ratio for one in found]) == pytest.approx(1.10, abs=0.01)
    assert sum(one.low <= 1.10 <= one.high for one in found) >= 95


def test_a_gain_is_a_change_for_the_less() -> None:
    found = compare(*noisy_pairs(1, change=-0.3))
    assert (found.verdict, found.direction) == ("changed", "less")
    assert found.high < 1


def test_quiet_sides_are_unchanged() -> None:
    found = compare(*noisy_pairs(3, noise=0.004), tolerance=0.05)
    assert (found.verdict, found.more_pairs, found.direction) == ("unchanged", 0, "")


def test_a_difference_within_the_tolerance_is_none() -> None:
    a = [1.01 + 0.0001 * i for i in range(PAIRS)]
    assert compare(a, [1.0] * PAIRS, tolerance=0.02).verdict == "unchanged"
    assert compare(a, [1.0] * PAIRS, tolerance=0.005).verdict == "changed"


def test_noise_that_hides_the_tolerance_is_unresolved_and_says_how_many_pairs_it_would_take() -> (
    None
):
    found = compare(*noisy_pairs(5, noise=0.10), tolerance=0.02)
    assert found.verdict == "unresolved"
    assert found.smallest_effect > 0.02
    assert found.more_pairs == pytest.approx(
        PAIRS * (math.log1p(found.smallest_effect) / math.log1p(0.02)) ** 2 - PAIRS, abs=1
    )


def test_half_the_effect_takes_four_times_the_pairs_whatever_the_difference_is() -> None:
    a, b = noisy_pairs(3)
    needed = pairs_needed(a, b, 0.02)
    assert needed > PAIRS
    assert pairs_needed(a, b, math.expm1(2 * math.log1p(0.02))) == math.ceil(needed / 4)
    assert pairs_needed([value * 1.3 for value in a], b, 0.02) == needed


def test_a_difference_within_the_tolerance_is_no_change_however_significant() -> None:
    a, b = noisy_pairs(5, change=0.03, noise=0.005)
    change = compare(a, b, tolerance=0.02)
    assert change.verdict == "changed"
    found = compare(a, b, tolerance=(change.ratio - 1) * 1.01)
    assert found.verdict == "unresolved" and found.low > 1 and found.p < 0.005
    assert compare(a, b, tolerance=0.05).verdict == "unchanged"


def test_too_few_pairs_are_unresolved_however_large_the_difference() -> None:
    found = compare([2.0] * (FEWEST_PAIRS - 1), [1.0] * (FEWEST_PAIRS - 1))
    assert (found.verdict, found.more_pairs) == ("unresolved", 1)
    assert compare([2.0] * FEWEST_PAIRS, [1.0] * FEWEST_PAIRS).verdict == "changed"
    assert compare([2.0], [1.0]).verdict == "unresolved"


def test_eight_pairs_cannot_be_significant_and_nine_can() -> None:
    assert signed_rank_p(np.ones(8)) > 0.005 >= signed_rank_p(np.ones(9))
    assert compare([2.0] * 8, [1.0] * 8).verdict == "unresolved"
    assert compare([2.0] * 9, [1.0] * 9).verdict == "changed"
    assert compare([2.0], [1.0]).more_pairs == 8


def test_an_interval_that_leaves_out_one_is_no_change_where_the_signed_ranks_disagree() -> None:
    """Of nine pairs eight say twice as much; that the ninth does not happens by chance in 0.8 %."""
    found = compare([2.0 + 0.01 * i for i in range(8)] + [0.99], [1.0] * 9)
    assert found.low > 1 and found.p == 4 / 2**9
    assert found.verdict == "unresolved"


def test_the_smallest_effect_and_the_pairs_that_the_tolerance_takes_follow_from_the_spread() -> (
    None
):
    logs = np.array([0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 5.0])
    error = math.sqrt(math.pi / 2) * 1.4826 * 0.3 / math.sqrt(11)
    a, b = np.exp(logs).tolist(), [1.0] * 11
    found = compare(a, b)
    assert found.smallest_effect == pytest.approx(math.expm1((2.80703 + 1.64485) * error), rel=1e-4)
    assert pairs_needed(a, b, 0.5) == math.ceil(11 * (4.45188 * error / math.log(1.5)) ** 2)
    # A change that is significant must also be seen to lie beyond the tolerance.
    wide = compare(a, b, tolerance=2.0)
    assert wide.smallest_effect == pytest.approx(math.expm1(math.log(3) + 1.64485 * error))


def test_where_most_pairs_are_equal_the_spread_is_that_of_all() -> None:
    logs = np.array([0.0] * 9 + [0.1, -0.3])
    error = math.sqrt(math.pi / 2) * np.std(logs, ddof=1) / math.sqrt(11)
    found = compare(np.exp(logs).tolist(), [1.0] * 11)
    assert found.smallest_effect == pytest.approx(math.expm1(4.45188 * error), rel=1e-4)


def test_one_pair_shows_no_effect_however_large_and_two_show_one() -> None:
    assert compare([2.0], [1.0]).smallest_effect == math.inf
    assert 0 < compare([2.0, 2.1], [1.0, 1.0]).smallest_effect < math.inf


def test_the_interval_of_a_median_runs_between_the_ranks_that_a_binomial_gives() -> None:
    """Of 401 values: 200 ± 10.01 × 2.576 at 99 %, 200 ± 10.01 × 0.674 at 50 %."""
    values = np.arange(401.0)
    assert median_interval(values) == pytest.approx((174.2, 225.8), abs=2)
    assert median_interval(values, 0.5) == pytest.approx((193.2, 206.8), abs=1)


def test_the_smallest_effect_stated_is_found_as_often_as_stated() -> None:
    stated = math.exp((2.5758 + 1.6449) * math.sqrt(math.pi / 2) * 0.05 / math.sqrt(PAIRS))
    rng = np.random.default_rng(11)
    sides = [np.exp(rng.normal(math.log(stated), 0.05, PAIRS)) for _ in range(200)]
    found = [compare(side.tolist(), [1.0] * PAIRS) for side in sides]
    assert sum(one.verdict == "changed" for one in found) / len(found) == pytest.approx(
        0.95, abs=0.04
    )
    assert np.median([one.smallest_effect for one in found]) == pytest.approx(stated - 1, rel=0.15)


@given(st.lists(st.integers(-4, 4), min_size=1, max_size=9))
def test_the_signed_rank_p_is_that_of_trying_every_sign(values: list[int]) -> None:
    moved = np.array([value for value in values if value], dtype=float)
    sizes = np.abs(moved)
    middle = (len(moved) + 1) / 2
    ranks = [min(middle, (sizes < size).sum() + ((sizes == size).sum() + 1) / 2) for size in sizes]
    actual = sum(rank for rank, value in zip(ranks, moved, strict=True) if value > 0)
    sums = [
        sum(rank for rank, sign in zip(ranks, signs, strict=True) if sign)
        for signs in product((0, 1), repeat=len(moved))
    ]
    tails = sum(one <= actual for one in sums), sum(one >= actual for one in sums)
    assert signed_rank_p(np.array(values, dtype=float)) == pytest.approx(
        min(1.0, 2 * min(tails) / len(sums))
    )


def test_the_verdict_is_the_same_each_time() -> None:
    assert compare(*noisy_pairs(7)) == compare(*noisy_pairs(7))


def test_the_ratio_becomes_a_figure_with_its_interval() -> None:
    found = compare(*noisy_pairs(1))
    one = of_comparison("ingest.csv_1m", "ratio_to_copy", found)
    assert (one.metric, one.scope, one.value, one.low, one.high) == (
        "ingest.ratio_to_copy",
        "csv_1m",
        found.ratio,
        found.low,
        found.high,
    )


@pytest.mark.parametrize(
    ("a", "b", "problem"),
    [
        ([1.0], [1.0, 2.0], "as many of one side"),
        ([], [], "at least one pair"),
        ([1.0, math.nan], [1.0, 1.0], "not a positive number"),
        ([1.0, 0.0], [1.0, 1.0], "not a positive number"),
        ([1.0, 1.0], [1.0, math.inf], "not a positive number"),
    ],
)
def test_values_that_cannot_be_compared_are_refused(
    a: list[float], b: list[float], problem: str
) -> None:
    with pytest.raises(ValueError, match=problem):
        compare(a, b)


def test_a_tolerance_of_nothing_is_refused() -> None:
    for tolerance in (0.0, -0.1):
        with pytest.raises(ValueError, match="give a share above 0"):
            compare([1.0], [1.0], tolerance=tolerance)
