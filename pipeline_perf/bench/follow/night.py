"""One night of one workload: enough pairs with the pinned reference, and once more where the
night lies far off.

Measures only. What a night is worth among the others is `watch`'s business, what it is a ratio to
`series`'.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from pipeline_perf.bench.follow.series import (
    PAIRS_A_NIGHT,
    REFERENCE,
    Night,
    Series,
    nightly,
    ratios,
    with_night,
)
from pipeline_perf.bench.follow.watch import to_measure_again
from pipeline_perf.bench.measure.lock import DEFAULT_WAIT_S
from pipeline_perf.bench.measure.measure import Pairs, Sample, measure_pair, quiet
from pipeline_perf.bench.measure.measurement import Measurement
from pipeline_perf.bench.measure.results import ResultStore
from pipeline_perf.bench.measure.workload import Workload

#: What is followed over the nights: the ratios of both times, and memory, which no reference makes
#: any quieter.
RATIOS, FOLLOWED = (
    ("cpu_ratio_to_reference", "ratio_to_reference"),
    (
        "cpu_ratio_to_reference",
        "ratio_to_reference",
        "peak_memory",
    ),
)


@dataclass(frozen=True)
class Measured:
    """What counts for the night: the pairs, and the ratios with their intervals (none where no
    pair is whole).

    `first` are the ratios of a first measurement that lay so far off that all was measured again.
    """

    pairs: Pairs
    ratios: tuple[Measurement, ...]
    first: tuple[Measurement, ...] = ()


def earlier(
    store: ResultStore, workload: str, machine: str, metrics: tuple[str, ...] = RATIOS
) -> dict[str, Series]:
    """The nights of a workload on a machine, by metric."""
    return {metric: nightly(store, workload, metric, machine) for metric in metrics}


def measured(
    workload: Workload,
    nights: Mapping[str, Series],
    today: date,
    *,
    lock: Path,
    pairs: int = PAIRS_A_NIGHT,
    wait_s: float = DEFAULT_WAIT_S,
    progress: Callable[[Sample], None] = quiet,
) -> Measured:
    """Measure a workload in turns with the reference; a second time where a ratio is outlying
    among the `nights` before.

    Raises MeasurementBusy like `measure_pair`.
    """

    def taken() -> Pairs:
        return measure_pair(workload, REFERENCE, pairs, lock=lock, wait_s=wait_s, progress=progress)

    first = taken()
    found = tuple(ratios(first))
    if not outlying(found, nights, today):
        return Measured(first, found)
    second = taken()
    return Measured(second, tuple(ratios(second)), found)


def outlying(
    found: tuple[Measurement, ...], nights: Mapping[str, Series], today: date
) -> list[str]:
    """The series in which tonight's figures lie far off."""
    tonight = {one.metric.partition(".")[2]: Night(today, value=one.value) for one in found}
    return to_measure_again(
        with_night(series, tonight[metric])
        for metric, series in nights.items()
        if metric in tonight
    )
