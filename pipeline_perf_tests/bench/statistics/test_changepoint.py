import math

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


@given(st.lists(st.floats(0, 1), max_size=30), st.floats(0.001, 0.2))
def test_discoveries_are_those_that_benjamini_and_hochberg_name(
    ps: list[float], level: float
) -> None:
    found = changepoint.discoveries(ps, level)
    limits = [p for p in ps if p <= level * sum(other <= p for other in ps) / len(ps)]
    assert found == [bool(limits) and p <= max(limits) for p in ps]
