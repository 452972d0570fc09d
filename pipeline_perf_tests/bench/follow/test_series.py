import math
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from pipeline_perf.bench.follow.series import (
    NIGHTLY,
    REFERENCE,
    Night,
    Series,
    middle,
    named,
    nightly,
    ratios,
    reference_metric,
    with_night,
)
from pipeline_perf.bench.measure.environment import Environment
from pipeline_perf.bench.measure.measure import Pairs, Sample
from pipeline_perf.bench.measure.measurement import Measurement
from pipeline_perf.bench.measure.results import ResultsError, ResultStore, new_run
from pipeline_perf.bench.measure.workload import Workload

NOW = datetime(2026, 3, 1, 2, 0, tzinfo=UTC)
MACHINE = Environment(
    machine="abc",
    cpu="A CPU",
    cores=2,
    memory_bytes=4 << 30,
    kernel="6.1",
    python="3.11.9",
    revision="f" * 40,
)


def stored(
    root: Path,
    days: float,
    seconds: float | None,
    reference: float | None,
    revision: str = "a" * 40,
    machine: str = "abc",
    job: str = NIGHTLY,
) -> None:
    """A run so many days on: a workload's time and the reference's, None where it failed or was
    not measured.
    """
    figures = [
        Measurement(
            "job.failed",
            "x",
            float(seconds is None),
            reason="" if seconds is not None else "out of memory",
        )
    ]
    if seconds is not None:
        figures += [
            Measurement("job.seconds", "x", seconds, "s"),
            Measurement("job.rows_per_s", "x", 10 / seconds, "rows/s"),
        ]
        figures += [Measurement("job.peak_memory", "x", 1000, "B")]
    if reference is not None:
        figures += [Measurement("reference.seconds", "frozen", reference, "s")]
    ResultStore(root).write(
        new_run(
            replace(MACHINE, revision=revision, machine=machine),
            NOW + timedelta(days=days),
            job=job,
        ),
        figures,
    )


def test_times_are_ratios_to_the_reference_and_rates_products(tmp_path: Path) -> None:
    stored(tmp_path, 0, 4.0, 2.0)
    stored(tmp_path, 1, 6.0, 3.0)  # the whole machine was slower
    store = ResultStore(tmp_path)
    assert [night.value for night in nightly(store, "job.x", "seconds", "abc").nights] == [2.0, 2.0]
    assert [
        night.value for night in nightly(store, "job.x", "rows_per_s", "abc").nights
    ] == pytest.approx([5.0, 5.0])
    memory = nightly(store, "job.x", "peak_memory", "abc")
    assert ([night.value for night in memory.nights], memory.unit, memory.name) == (
        [1000, 1000],
        "B",
        "job.x peak_memory",
    )


def test_every_night_without_a_value_stands_with_its_reason(tmp_path: Path) -> None:
    stored(tmp_path, 0, 4.0, 2.0)
    stored(tmp_path, 1, None, 2.0)
    stored(tmp_path, 2, 4.0, None)
    stored(tmp_path, 4, math.nan, 2.0)
    stored(tmp_path, 5, 4.0, math.nan)
    series = nightly(ResultStore(tmp_path), "job.x", "seconds", "abc")
    assert [night.value for night in series.nights] == [2.0, None, None, None, None, None]
    reasons = [
        "every repetition failed",
        "the run did not measure the reference",
        "no run on this date",
        "the figure is nan",
        "reference's",
    ]
    for night, reason in zip(series.gaps, reasons, strict=True):
        assert reason in night.reason
    assert (series.silent_for, len(series.usable)) == (5, 1)
    assert series.logs().tolist() == [math.log(2.0)]


def test_a_night_that_was_measured_again_counts_once(tmp_path: Path) -> None:
    stored(tmp_path, 0, 9.0, 2.0)
    stored(tmp_path, 0.1, 4.0, 2.0)
    series = nightly(ResultStore(tmp_path), "job.x", "seconds", "abc")
    assert [night.value for night in series.nights] == [2.0]


def test_what_is_measured_by_day_is_no_night(tmp_path: Path) -> None:
    stored(tmp_path, 0, 4.0, 2.0)
    stored(tmp_path, 0.4, 9.0, 2.0, job="ci")
    stored(tmp_path, 0.5, 9.0, 2.0, job="")
    stored(tmp_path, 1, 6.0, 2.0)
    series = nightly(ResultStore(tmp_path), "job.x", "seconds", "abc", last=2)
    assert [night.value for night in series.nights] == [2.0, 3.0]


def test_a_further_night_takes_the_place_of_one_of_its_date_and_leaves_gaps_open() -> None:
    nights = (Night(date(2026, 3, 1), value=1.0), Night(date(2026, 3, 2), value=2.0))
    assert [
        night.value
        for night in with_night(Series("x", nights), Night(date(2026, 3, 2), value=3.0)).nights
    ] == [1.0, 3.0]
    assert [
        night.value
        for night in with_night(Series("x", nights), Night(date(2026, 3, 4), value=4.0)).nights
    ] == [1.0, 2.0, None, 4.0]


def test_histories_of_two_machines_are_kept_apart(tmp_path: Path) -> None:
    stored(tmp_path, 0, 4.0, 2.0)
    stored(tmp_path, 1, 40.0, 2.0, machine="other")
    assert len(nightly(ResultStore(tmp_path), "job.x", "seconds", "abc").nights) == 1


def test_a_metric_that_nobody_measured_is_an_empty_series(tmp_path: Path) -> None:
    stored(tmp_path, 0, 4.0, 2.0)
    series = nightly(ResultStore(tmp_path), "nothing.x", "seconds", "abc")
    assert (series.nights, series.silent_for, len(series.logs())) == ((), 0, 0)


def test_a_metrics_name_means_every_series_that_has_it_with_its_family_or_without(
    tmp_path: Path,
) -> None:
    stored(tmp_path, 0, 2.0, 1.0)
    store = ResultStore(tmp_path)
    both = [("job.x", "seconds"), ("reference.frozen", "seconds")]
    assert named(store, "abc", "seconds") == both
    assert named(store, "abc", "job.seconds") == both[:1]
    assert named(store, "abc", "seconds", ["x"]) == both[:1]
    assert named(store, "abc", "seconds", ["reference.*"]) == both[1:]
    with pytest.raises(ResultsError, match=r"no figure 'hours' of x; there are .*seconds"):
        named(store, "abc", "hours", ["x"])
    with pytest.raises(ResultsError, match=r"no figure 'secnds' \(did you mean .*seconds.*\?\);"):
        named(store, "abc", "secnds")


def test_a_series_refuses_what_is_no_history() -> None:
    night = Night(date(2026, 3, 1), value=1.0)
    with pytest.raises(ValueError, match="each date once"):
        Series("x", (night, night))
    with pytest.raises(ValueError, match="no positive number"):
        Series("x", (replace(night, value=math.nan),))


@pytest.mark.parametrize(
    ("metric", "unit", "against"),
    [
        ("seconds", "s", "seconds"),
        ("cpu_seconds", "s", "cpu_seconds"),
        ("rows_per_s", "rows/s", "seconds"),
        ("peak_memory", "B", ""),
    ],
)
def test_time_is_followed_against_the_same_kind_of_time(
    metric: str, unit: str, against: str
) -> None:
    assert reference_metric(metric, unit) == against


def test_the_ratio_of_interleaved_pairs_is_a_figure_of_the_workload() -> None:
    job = Workload("job.x", command=("true",))

    def sample(workload: Workload, turn: int, wall: float) -> Sample:
        return Sample(workload, turn, "", NOW, wall_s=wall, cpu_user_s=wall / 2)

    slow = tuple(sample(job, turn, 2.0 * (1 + turn)) for turn in range(9))
    base = tuple(sample(REFERENCE, turn, 1.0 * (1 + turn)) for turn in range(9))
    found = ratios(Pairs(slow, base))
    assert [(one.metric, one.scope, one.value) for one in found] == [
        ("job.ratio_to_reference", "x", pytest.approx(2.0)),
        ("job.cpu_ratio_to_reference", "x", pytest.approx(2.0)),
    ]


def test_the_middle_is_moved_little_by_a_fifth_of_the_values() -> None:
    values = np.random.default_rng(1).normal(0, 1, (50, 30))
    disturbed = values.copy()
    disturbed[:, :6] += 100
    assert np.abs(middle(values)).max() < 1
    assert np.abs(middle(disturbed)).max() < 2
