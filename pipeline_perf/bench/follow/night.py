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
    """The nights of a workload on a machine in the store, by metric (of `metrics`)."""
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
    """Measure a workload in so many `pairs` with the reference.

    A second time where a ratio is outlying among the `nights` before, to which that of `today` is
    added: the second measurement counts. `lock`, `wait_s` and `progress` as in `measure_pair`,
    whose MeasurementBusy it raises.
    """

    def taken() -> Pairs:
        return measure_pair(workload, REFERENCE, pairs, lock=lock, wait_s=wait_s, progress=progress)

    first = taken()
    figures = tuple(ratios(first))
    if not outlying(figures, nights, today):
        return Measured(first, figures)
    second = taken()
    return Measured(second, tuple(ratios(second)), figures)


def outlying(
    figures: tuple[Measurement, ...], nights: Mapping[str, Series], today: date
) -> list[str]:
    """The names of the series in `nights` in which the `figures` of `today` lie far off."""
    tonight = {
        figure.metric.partition(".")[2]: Night(today, value=figure.value) for figure in figures
    }
    return to_measure_again(
        with_night(series, tonight[metric])
        for metric, series in nights.items()
        if metric in tonight
    )
