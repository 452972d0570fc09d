from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from pipeline_perf.bench.judge.enough import (
    PILOT_PAIRS,
    UntilEnough,
    UntilVisible,
    enough,
    judged,
    settled,
)
from pipeline_perf.bench.measure.measure import Pairs, Sample, Side
from pipeline_perf.bench.measure.workload import Workload
from pipeline_perf.bench.statistics.compare import compare

WORKLOAD = Workload("test.work", command=("true",))
START = datetime(2026, 3, 1, tzinfo=UTC)


def samples(
    values: Sequence[float], side: Side = "", cpu_share: float = 1.0, apart_s: float = 0.0
) -> list[Sample]:
    """Repetitions that took these wall times, each begun when the one before and a pause had
    ended.
    """
    found, begin = [], START
    for number, value in enumerate(values):
        found.append(
            Sample(WORKLOAD, number, side, begin, wall_s=value, cpu_user_s=value * cpu_share)
        )
        begin += timedelta(seconds=value + apart_s)
    return found


def noisy(spread: float, count: int, seed: int = 1) -> list[float]:
    return np.exp(np.random.default_rng(seed).normal(0, spread, count)).tolist()


def test_a_quiet_series_is_enough_at_the_fewest_that_have_an_interval() -> None:
    assert enough(noisy(0.001, 7)).more == 1
    found = enough(noisy(0.001, 8))
    assert found.more == 0 and found.spread is not None and found.spread < 0.05


def test_a_noisy_series_says_how_many_more_it_takes_and_then_is_enough() -> None:
    first = enough(noisy(0.15, 12))
    assert first.more > 5
    assert enough(noisy(0.15, 12 + 4 * first.more)).more == 0


def test_the_first_repetitions_are_left_out_where_they_are_too_slow_to_belong_to_the_rest() -> None:
    quiet = noisy(0.01, 14)
    assert settled(quiet) == 0
    assert settled([3.0, 2.0, *quiet]) == 2
    found = enough([3.0, 2.0, *quiet])
    assert found.warmup == 2 and found.median == pytest.approx(1, abs=0.02)


def test_no_more_than_a_quarter_is_called_warming_up() -> None:
    assert settled([9.0, 8.0, 7.0, 6.0, 5.0, 1.0, 1.0, 1.0]) <= 2


def test_a_slow_repetition_in_the_middle_is_no_warming_up() -> None:
    assert settled([1.0, 1.01, 0.99, 1.0, 5.0, 1.0, 1.01, 1.0]) == 0


def test_what_computes_is_judged_on_cpu_time_and_what_waits_on_wall_time() -> None:
    assert judged(samples([1.0] * 3)) == "cpu_seconds"
    assert judged(samples([1.0] * 3, cpu_share=0.05)) == "seconds"


def test_who_queued_for_a_processor_all_the_time_is_judged_on_cpu_time() -> None:
    starved = Sample(WORKLOAD, 0, "", datetime.now(UTC), wall_s=10, cpu_user_s=1, queued_s=8.5)
    assert judged([starved]) == "cpu_seconds"
    assert judged([replace(starved, queued_s=2.0)]) == "seconds"


def test_a_series_goes_on_until_it_is_enough_the_most_are_done_or_the_time_is_up() -> None:
    assert UntilEnough()(samples(noisy(0.001, 8))) == 0
    assert UntilEnough()(samples(noisy(0.3, 8))) == 4
    assert UntilEnough(most=9)(samples(noisy(0.3, 8))) == 1
    assert UntilEnough(budget_s=9)(samples([1.0, 2.0] * 3)) == 0


def test_a_failure_ends_a_series_and_a_comparison() -> None:
    failed = Sample(WORKLOAD, 1, "", START, reason="exit status 1")
    assert UntilEnough()([*samples([1.0]), failed]) == 0
    assert UntilVisible()(Pairs((*samples([1.0]), failed), (*samples([1.0]), failed))) == 0


def measured(a: Sequence[float], b: Sequence[float], **plan: float) -> Pairs:
    """As measuring would: one pair, and then as many as are asked for."""
    more, count = UntilVisible(**plan), 1  # type: ignore[arg-type]
    while count < len(a) and (
        asked := more(Pairs(tuple(samples(a[:count], "a")), tuple(samples(b[:count], "b"))))
    ):
        count += asked
    return Pairs(tuple(samples(a[:count], "a")), tuple(samples(b[:count], "b")))


def test_a_quiet_comparison_ends_with_its_pilot_and_a_noisy_one_goes_on() -> None:
    assert len(measured(noisy(0.001, 100, 1), noisy(0.001, 100, 2)).a) == PILOT_PAIRS
    assert len(measured(noisy(0.05, 100, 1), noisy(0.05, 100, 2)).a) > 2 * PILOT_PAIRS


def test_how_many_pairs_are_measured_does_not_depend_on_the_difference() -> None:
    """Else the comparison would stop when the difference happens to be large, and raise false
    alarms.
    """
    a, b = noisy(0.02, 200, 1), noisy(0.02, 200, 2)
    assert len(measured(a, b).a) == len(measured([value * 1.2 for value in a], b).a)


def test_a_comparison_keeps_to_its_time() -> None:
    pairs = measured(noisy(0.05, 100, 1), noisy(0.05, 100, 2), budget_s=10.0)
    assert 5 <= len(pairs.a) <= 11


def test_planning_by_the_pilots_spread_keeps_false_alarms_rare_and_finds_the_tolerance() -> None:
    changed = found = 0
    for seed in range(100):
        a, b = noisy(0.01, 80, 2 * seed), noisy(0.01, 80, 2 * seed + 1)
        number = len(measured(a, b).a)
        changed += compare(a[:number], b[:number]).verdict == "changed"
        found += compare([value * 1.03 for value in a[:number]], b[:number]).verdict == "changed"
    assert changed <= 4  # of 100 at 1 %, more than 4 happen in 3 of 1 000 cases
    assert found >= 95
