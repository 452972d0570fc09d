import math
from collections import Counter
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline_perf.bench.statistics import changepoint

Values = changepoint.Values


def quiet(seed: int, nights: int = 60, noise: float = 0.02) -> Values:
    return np.random.default_rng(seed).normal(0, noise, nights)


def stepped(seed: int, at: int, step: float = 0.05, nights: int = 60) -> Values:
    return quiet(seed, nights) + step * (np.arange(nights) >= at)


def scores_of(values: Values) -> Values:
    """Distances from the middle in standard deviations, cut at two, as the text books have them."""
    middle = np.median(values)
    scores = np.clip((values - middle) / (1.4826 * np.median(np.abs(values - middle))), -2, 2)
    return np.asarray(scores - scores.mean())


def test_p_of_a_series_without_a_shift_is_no_smaller_than_chance_makes_it() -> None:
    ps = np.array([found.p for seed in range(300) if (found := changepoint.shift(quiet(seed, 40)))])
    assert len(ps) == 300
    for level in (0.05, 0.2, 0.5):
        # Three standard errors above the level.
        assert (ps <= level).mean() <= level + 3 * math.sqrt(level * (1 - level) / 300)


def test_a_shift_is_found_where_it_is_and_with_its_size() -> None:
    found = [changepoint.shift(stepped(seed, at=53)) for seed in range(60)]
    shifts = [one for one in found if one and one.p <= 0.002]
    assert len(shifts) >= 54
    assert sum(one.first <= 53 <= one.last for one in shifts) >= 0.9 * len(shifts)
    assert np.median([one.after - one.before for one in shifts]) == pytest.approx(0.05, abs=0.01)
    assert sum(one.steady for one in shifts) >= 0.95 * len(shifts)


def test_a_single_value_far_off_is_no_shift_but_worth_measuring_again() -> None:
    values = quiet(1)
    assert not changepoint.outlying(values)
    values[-1] += 0.5
    found = changepoint.shift(values)
    assert found and found.p > 0.002
    assert changepoint.outlying(values)


def test_too_few_nights_say_nothing() -> None:
    few = quiet(2, changepoint.FEWEST_NIGHTS - 1)
    assert changepoint.shift(few) is None
    assert changepoint.creep(quiet(2, changepoint.CREEP_NIGHTS - 1)) is None
    assert changepoint.spread_change(quiet(2, 2 * changepoint.SPREAD_NIGHTS - 1)) is None
    assert not changepoint.outlying(np.array([0.0, 9.0]))


def test_so_many_nights_are_the_fewest() -> None:
    assert changepoint.shift(quiet(2, 14)) is None and changepoint.shift(quiet(2, 15))
    assert changepoint.creep(quiet(2, 29)) is None and changepoint.creep(quiet(2, 30))
    assert changepoint.spread_change(quiet(2, 39)) is None
    assert changepoint.spread_change(quiet(2, 40))
    odd = np.append(quiet(2, 14), 9.0)
    assert not changepoint.outlying(odd)
    assert changepoint.outlying(np.append(quiet(2, 15), 9.0))


def test_the_place_of_a_shift_is_where_the_standardised_difference_of_scores_is_largest() -> None:
    for seed in range(30):
        values = stepped(seed, at=52, step=0.03)
        values[seed] += 0.3  # a night far off, whose score is cut
        scores, sizes = scores_of(values), {}
        for at in range(50, 58):
            before, after = scores[:at], scores[at:]
            error = scores.std(ddof=1) * math.sqrt(1 / len(before) + 1 / len(after))
            sizes[at] = abs(after.mean() - before.mean()) / error
        best = max(sizes.values())
        as_good = [at for at, size in sizes.items() if size**2 >= best**2 - 3.84]
        shift = changepoint.shift(values)
        assert shift
        assert sizes[shift.at] == best
        assert (shift.first, shift.last) == (min(as_good), max(as_good))
        assert shift.before == np.median(values[: shift.at])
        assert shift.after == np.median(values[shift.at :])


def test_a_shift_is_looked_for_among_the_last_ten_nights_only_and_not_among_the_last_two() -> None:
    for at in (45, 49, 50, 57, 58):
        shift = changepoint.shift(stepped(3, at, step=0.5))
        assert shift and shift.at == min(max(at, 50), 57)


@pytest.mark.parametrize(("step", "low", "high"), [(0.005, 0.05, 0.5), (0.016, 0.002, 0.02)])
def test_p_counts_the_orders_of_the_nights_that_show_as_much(
    step: float, low: float, high: float
) -> None:
    values = stepped(11, at=53, step=step)
    shift, scores = changepoint.shift(values), scores_of(values)
    assert shift

    def largest(scores: Values) -> float:
        sums = np.cumsum(scores[::-1])
        return max(abs(sums[after - 1]) / math.sqrt(after * (60 - after)) for after in range(3, 11))

    rng = np.random.default_rng(1)
    reached = [largest(rng.permutation(scores)) >= largest(scores) for _ in range(4_000)]
    assert low < np.mean(reached) < high
    assert shift.p == pytest.approx(np.mean(reached), rel=0.3)
    steps = 1_000 if shift.p > 0.02 else 20_000
    assert shift.p * steps == pytest.approx(round(shift.p * steps))


def test_the_smallest_p_is_that_of_an_order_that_no_other_reaches_and_the_largest_is_one() -> None:
    clear = changepoint.shift(stepped(3, at=53, step=0.5))
    assert clear and clear.p == 1 / 20_000
    none = changepoint.shift(np.concatenate((quiet_pairs(25), np.zeros(10))))
    assert none and none.p == 1
    wide = quiet(3)
    wide[-20:] = np.where(np.arange(20) % 2, 1.0, -1.0) + quiet(4, 20)
    wider = changepoint.spread_change(wide)
    assert wider and wider.p == 1 / 20_000


def quiet_pairs(number: int) -> Values:
    """Values whose mean and median are 0: each comes with its opposite."""
    values = quiet(3, number)
    return np.concatenate((values, -values))


@pytest.mark.parametrize("level", [-4.0, 7.0])
def test_the_level_of_a_series_decides_nothing(level: float) -> None:
    """A series is logarithms of ratios or of seconds: it may lie anywhere."""
    for values in (
        quiet(1),
        stepped(2, at=53),
        quiet(5) + 0.002 * np.arange(60),
        np.append(quiet(6), 0.5),
    ):
        shift, moved = changepoint.shift(values), changepoint.shift(values + level)
        assert shift and moved
        assert (moved.at, moved.first, moved.last) == (shift.at, shift.first, shift.last)
        assert (moved.p, moved.steady) == (pytest.approx(shift.p), shift.steady)
        assert moved.before - shift.before == pytest.approx(level)
        assert moved.after - shift.after == pytest.approx(level)
        creep, crept = changepoint.creep(values), changepoint.creep(values + level)
        assert creep and crept
        assert (crept.slope, crept.p) == (pytest.approx(creep.slope), pytest.approx(creep.p))
        spread, wide = changepoint.spread_change(values), changepoint.spread_change(values + level)
        assert spread and wide
        assert (wide.before, wide.after) == (
            pytest.approx(spread.before),
            pytest.approx(spread.after),
        )
        assert changepoint.outlying(values + level) == changepoint.outlying(values)


def test_only_the_last_two_months_count() -> None:
    ancient = np.concatenate((quiet(3, 40) + 1.0, quiet(4, 60)))
    recent, alone = changepoint.shift(ancient), changepoint.shift(ancient[40:])
    assert recent and alone
    assert (recent.p, recent.at - 40) == (alone.p, alone.at)


def test_a_figure_that_hardly_ever_moves_is_not_followed_as_noise() -> None:
    values = np.zeros(40)
    values[-1] = 3.0
    assert changepoint.shift(values) is None
    assert changepoint.creep(np.zeros(40)) == changepoint.Trend(0.0, 1.0)


def test_a_slow_creep_has_its_slope_and_is_no_step() -> None:
    values = quiet(5) + 0.002 * np.arange(60)
    trend, shift = changepoint.creep(values), changepoint.shift(values)
    assert trend and trend.p < 1e-6
    assert trend.slope == pytest.approx(0.002, abs=0.0006)
    assert shift and shift.p <= 0.02 and not shift.steady


def test_the_trend_is_mann_and_kendalls() -> None:
    values = quiet(6, 40)
    stats = pytest.importorskip("scipy.stats")
    tau = stats.kendalltau(np.arange(40), values, method="asymptotic")
    trend = changepoint.creep(values)
    # SciPy does not correct for continuity: its p is a little smaller.
    assert trend and trend.p == pytest.approx(tau.pvalue, abs=0.02)
    assert trend.slope == pytest.approx(stats.theilslopes(values).slope)


def test_a_trend_is_counted_by_pairs_of_nights_ties_and_all() -> None:
    values = np.round(quiet(6, 40) * 50 + np.arange(40) / 40)
    ties = Counter(values.tolist())
    assert max(ties.values()) > 5
    agreement = sum(np.sign(later - earlier) for earlier, later in combinations(values, 2))
    variance = (40 * 39 * 85 - sum(n * (n - 1) * (2 * n + 5) for n in ties.values())) / 18
    trend = changepoint.creep(values)
    assert trend
    p = math.erfc((abs(agreement) - 1) / math.sqrt(variance) / math.sqrt(2))
    assert trend.p == pytest.approx(p) and 0.001 < p < 0.9
    down = changepoint.creep(-values)
    assert down and down.p == trend.p and down.slope == -trend.slope


def test_a_trend_that_is_as_often_up_as_down_is_none() -> None:
    trend = changepoint.creep(np.tile([0.0, 1.0, 1.0, 0.0], 10))
    assert trend == changepoint.Trend(0.0, 1.0)


def test_the_spreads_are_those_of_the_last_twenty_nights_and_of_those_before() -> None:
    values = quiet(7)
    values[-20:] *= 5
    spread = changepoint.spread_change(values)
    assert spread
    for part, told in ((values[:40], spread.before), (values[40:], spread.after)):
        assert told == pytest.approx(1.4826 * np.median(np.abs(part - np.median(part))))
    assert spread.ratio == spread.after / spread.before


def test_a_spread_that_comes_from_nothing_is_infinitely_wider() -> None:
    assert changepoint.SpreadChange(0.0, 0.1, 0.5).ratio == math.inf
    assert changepoint.SpreadChange(0.0, 0.0, 0.5).ratio == 1


def test_a_night_is_worth_measuring_again_from_three_standard_deviations_on() -> None:
    values = np.concatenate((np.tile([1.0, 1.1, 0.9], 19), [1.0, 1.0]))
    for far, told in ((2.9, False), (3.1, True), (-2.9, False), (-3.1, True)):
        values[-1] = 1.0 + far * 1.4826 * 0.1
        assert changepoint.outlying(values) is told


def test_a_wider_spread_is_seen_and_a_shifted_level_is_none() -> None:
    values = quiet(7)
    values[-changepoint.SPREAD_NIGHTS :] *= 5
    wider = changepoint.spread_change(values)
    assert wider and wider.p < 0.001 and wider.ratio > 2
    moved = changepoint.spread_change(stepped(8, at=40, step=0.5))
    assert moved and moved.p > 0.01


def test_the_largest_gap_is_kolmogorov_and_smirnovs() -> None:
    stats = pytest.importorskip("scipy.stats")
    values = quiet(9)
    last, first = values[-changepoint.SPREAD_NIGHTS :], values[: -changepoint.SPREAD_NIGHTS]
    ranks = np.argsort(np.argsort(values))[None, -changepoint.SPREAD_NIGHTS :]
    assert changepoint._largest_gap(ranks, 60)[0] == pytest.approx(
        stats.ks_2samp(last, first).statistic
    )


def test_a_p_at_its_limit_is_a_discovery() -> None:
    assert changepoint.discoveries([0.25, 0.5], 0.5) == [True, True]
    assert changepoint.discoveries([0.5, 0.375], 0.5) == [True, True]
    assert changepoint.discoveries([0.51, 0.375], 0.5) == [False, False]


@given(st.lists(st.floats(0, 1), max_size=30), st.floats(0.001, 0.2))
def test_discoveries_are_those_that_benjamini_and_hochberg_name(
    ps: list[float], level: float
) -> None:
    found = changepoint.discoveries(ps, level)
    limits = [p for p in ps if p <= level * sum(other <= p for other in ps) / len(ps)]
    assert found == [bool(limits) and p <= max(limits) for p in ps]
