import math
from datetime import date, timedelta

import numpy as np
import pytest

from pipeline_perf.bench.follow import watch
from pipeline_perf.bench.follow.levels import Acknowledgement
from pipeline_perf.bench.follow.series import Night, Series
from pipeline_perf.bench.statistics.changepoint import Values

FIRST = date(2026, 1, 1)


def noise(seed: int, nights: int = 60) -> Values:
    return np.random.default_rng(seed).normal(0, 0.01, nights)


def series(
    logs: Values, name: str = "job.x seconds", missing: frozenset[int] = frozenset()
) -> Series:
    """A series whose revisions are c000, c001, … by night."""
    nights = (
        Night(
            FIRST + timedelta(day),
            f"run{day}",
            f"c{day:03}",
            value=None if day in missing else math.exp(value),
        )
        for day, value in enumerate(logs)
    )
    return Series(name, tuple(nights))


def stepped(seed: int, *steps: tuple[int, float], nights: int = 60) -> Values:
    return noise(seed, nights) + sum(
        (size * (np.arange(nights) >= at) for at, size in steps), np.zeros(nights)
    )


def test_a_level_shift_is_one_alert_and_not_a_month_of_them() -> None:
    alerts = watch.watch([series(stepped(1, (30, 0.06)))])
    assert len(alerts) == 1
    (found,) = alerts[0].findings
    assert (found.kind, found.status, found.worse, alerts[0].open) == ("shift", "open", True, True)
    assert found.ratio == pytest.approx(math.exp(0.06), abs=0.01)
    assert timedelta(2) <= found.raised - (FIRST + timedelta(30)) <= timedelta(6)


def test_the_commits_of_an_alert_hold_the_one_that_did_it() -> None:
    right = 0
    for seed in range(40):
        (alert,) = watch.watch([series(stepped(seed, (30, 0.06), nights=40))])[:1]
        found = alert.findings[0]
        right += found.good < "c030" <= found.bad
    assert right >= 36


def test_missing_nights_leave_the_shift_visible_and_widen_its_commits() -> None:
    missing = frozenset({28, 29, 31, 35})
    (alert,) = watch.watch([series(stepped(1, (30, 0.06)), missing=missing)])
    found = alert.findings[0]
    assert (found.good, found.kind) == ("c027", "shift")
    assert found.bad >= "c030"


def test_a_new_level_that_somebody_took_is_no_open_alert() -> None:
    history = series(stepped(1, (30, 0.06)))
    (alert,) = watch.watch([history])
    taken = Acknowledgement(
        "job.x seconds", alert.findings[0].since, "A. Nother", "a deliberate trade"
    )
    (settled,) = watch.watch([history], [taken])
    assert (settled.findings[0].status, settled.open) == ("acknowledged", False)
    other = Acknowledgement("job.y seconds", alert.findings[0].since, "A. Nother", "another metric")
    early = Acknowledgement("job.x seconds", FIRST, "A. Nother", "another time")
    assert watch.watch([history], [other, early])[0].open


def test_a_shift_that_has_gone_again_has_recovered() -> None:
    alerts = watch.watch([series(stepped(2, (25, 0.08), (45, -0.08)))])
    assert [(alert.findings[0].status, alert.findings[0].worse) for alert in alerts] == [
        ("recovered", True),
        ("open", False),
    ]
    assert not any(alert.open for alert in alerts)


def test_half_a_recovery_is_none() -> None:
    alerts = watch.watch([series(stepped(2, (25, 0.16), (45, -0.08)))])
    assert [alert.findings[0].status for alert in alerts] == ["open", "open"]


def test_a_gain_is_told_and_asks_nobody_to_look() -> None:
    (faster,) = watch.watch([series(stepped(3, (30, -0.06)))])
    assert not faster.findings[0].worse and not faster.open
    (rate,) = watch.watch([series(stepped(3, (30, -0.06)), "job.x rows_per_s")])
    assert rate.findings[0].worse and rate.open


def test_metrics_that_move_together_are_one_alert() -> None:
    together = [series(stepped(seed, (30, 0.06)), f"job.{seed} seconds") for seed in range(4)]
    quiet = [series(noise(100 + seed), f"quiet.{seed} seconds") for seed in range(4)]
    later = series(stepped(9, (48, 0.06)), "late.x seconds")
    alerts = watch.watch([*together, *quiet, later])
    assert [{one.metric for one in alert.findings} for alert in alerts] == [
        {one.name for one in together},
        {later.name},
    ]


def test_forty_quiet_metrics_together_raise_nothing() -> None:
    assert (
        watch.watch([series(noise(1000 + number), f"job.{number} seconds") for number in range(40)])
        == []
    )


def test_a_slow_creep_is_called_one() -> None:
    alerts = watch.watch([series(noise(4) + 0.0008 * np.arange(60))])
    assert alerts and alerts[0].findings[0].kind == "creep"
    assert alerts[0].findings[0].ratio > 1.02


def test_a_wider_spread_is_called_one() -> None:
    logs = noise(5, 70)
    logs[45:] *= 6
    kinds = [alert.findings[0].kind for alert in watch.watch([series(logs)])]
    assert "spread" in kinds


def test_one_night_far_off_raises_nothing_and_asks_to_be_measured_again() -> None:
    logs = noise(6)
    logs[-1] += 0.3
    assert watch.watch([series(logs)]) == []
    assert watch.to_measure_again([series(logs), series(noise(7), "quiet seconds")]) == [
        "job.x seconds"
    ]


def test_what_was_measured_again_takes_the_place_of_what_was_far_off() -> None:
    logs = noise(6)
    logs[20] += 0.3
    asked: list[tuple[int, int]] = []

    def again(number: int, night: int) -> float:
        asked.append((number, night))
        return 0.0

    assert watch.follow([logs], again) == []
    assert (0, 20) in asked


def test_a_metric_that_falls_silent_is_told_after_three_nights() -> None:
    two, three = (
        series(noise(10, 30), missing=frozenset(range(30 - silent, 30))) for silent in (2, 3)
    )
    assert watch.watch([two]) == []
    (alert,) = watch.watch([three])
    assert (alert.findings[0].kind, alert.open, alert.raised) == (
        "silence",
        True,
        FIRST + timedelta(29),
    )
    assert (alert.findings[0].good, alert.findings[0].bad) == ("c026", "c027")


def test_a_change_too_small_to_matter_is_not_told() -> None:
    tiny = np.random.default_rng(1).normal(0, 0.0005, 60) + 0.005 * (np.arange(60) >= 30)
    assert watch.watch([series(tiny)]) == []


def test_nothing_to_follow_is_nothing_to_tell() -> None:
    assert watch.watch([]) == []
    assert watch.watch([Series("empty", ())]) == []
