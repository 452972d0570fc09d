from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest

from pipeline_perf.bench.follow import night
from pipeline_perf.bench.follow.series import Night, Series
from pipeline_perf.bench.measure.measurement import Measurement
from pipeline_perf.bench.measure.workload import Workload

TODAY = date(2026, 3, 1)
METRIC = "cpu_ratio_to_reference"


def before(level: float, count: int = 20) -> dict[str, Series]:
    """Quiet nights around a level, the last of them yesterday's."""
    values = level * np.exp(np.random.default_rng(1).normal(0, 0.01, count))
    nights = [
        Night(TODAY - timedelta(days=count - number), value=float(value))
        for number, value in enumerate(values)
    ]
    return {METRIC: Series(f"job.x {METRIC}", tuple(nights))}


@pytest.mark.parametrize(("value", "outlying"), [(1.0, False), (1.5, True), (0.6, True)])
def test_a_night_that_lies_far_off_is_outlying(value: float, outlying: bool) -> None:
    found = (
        Measurement(f"job.{METRIC}", "x", value),
        Measurement("job.ratio_to_reference", "x", 9.0),
    )
    assert night.outlying(found, before(1.0), TODAY) == ([f"job.x {METRIC}"] if outlying else [])


def test_among_few_nights_none_is_outlying() -> None:
    assert night.outlying((Measurement(f"job.{METRIC}", "x", 9.0),), before(1.0, 3), TODAY) == []


@pytest.mark.parametrize(("level", "again"), [(1_000_000.0, True), (None, False)])
def test_an_outlying_night_is_measured_again_and_the_second_measurement_counts(
    level: float | None, again: bool, lock: Path
) -> None:
    work = Workload("job.x", command=("{python}", "-c", "sum(range(1_000_000))"))
    nights = before(level) if level else {}
    found = night.measured(work, nights, TODAY, lock=lock, pairs=2)
    assert {one.metric for one in found.ratios} == {f"job.{METRIC}", "job.ratio_to_reference"}
    assert len(found.pairs.a) == 2
    assert bool(found.first) is again
    assert found.first != found.ratios
