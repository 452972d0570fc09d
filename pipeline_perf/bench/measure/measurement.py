"""One measured figure under the name that targets, results and reports all use.

Nothing here measures, stores or judges.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from pipeline_perf.bench.measure.measure import Sample
    from pipeline_perf.bench.statistics.compare import Comparison

MIB = 2**20


@dataclass(frozen=True)
class Measurement:
    """A figure: `metric` is "family.name" ("ingest.seconds"), `scope` the scenario ("csv_1m") or
    "".

    `low` and `high` bracket the true value where it is known to a bracket only (peak memory, a
    ratio with its interval). The metric `family.failed` is 1 for a repetition that failed, with the
    reason.
    """

    metric: str
    scope: str
    value: float
    unit: str = ""
    low: float | None = None
    high: float | None = None
    repetition: int = 0
    side: Literal["", "a", "b"] = ""
    reason: str = ""

    @property
    def family(self) -> str:
        """What stands before the first dot of the metric."""
        return self.metric.partition(".")[0]

    @property
    def workload(self) -> str:
        """The workload's name: `family.scope`, or the family alone."""
        return f"{self.family}.{self.scope}" if self.scope else self.family


def of_workload(workload: str, name: str, value: float, unit: str = "") -> Measurement:
    """The figure `name` of a workload, with its value and unit.

    >>> figure = of_workload("ingest.csv_1m", "seconds", 1.5, "s")
    >>> figure.metric, figure.scope
    ('ingest.seconds', 'csv_1m')
    """
    family, _, scope = workload.partition(".")
    return Measurement(f"{family}.{name}", scope, value, unit)


def of_samples(samples: Iterable[Sample]) -> list[Measurement]:
    """Every figure of every repetition in `samples`, and for each whether it failed."""
    figures = []
    for sample in samples:
        family, _, scope = sample.workload.name.partition(".")
        figures.append(
            Measurement(
                f"{family}.failed",
                scope,
                float(not sample.ok),
                repetition=sample.repetition,
                side=sample.side,
                reason=sample.reason,
            )
        )
        figures += [
            Measurement(
                f"{family}.{m.name}",
                scope,
                m.value,
                m.unit,
                m.low,
                m.high,
                sample.repetition,
                sample.side,
            )
            for m in sample.metrics()
        ]
    return figures


def of_comparison(workload: str, name: str, comparison: Comparison) -> Measurement:
    """The ratio that a comparison found, with its interval, as the figure `name` of a workload
    ("ratio_to_copy").
    """
    family, _, scope = workload.partition(".")
    return Measurement(
        f"{family}.{name}", scope, comparison.ratio, "", comparison.low, comparison.high
    )


def units_per_mib(samples: Sequence[Sample], idle: Sequence[Sample]) -> list[Measurement]:
    """Units of work per MiB of peak memory above that of an idle process, bracketed as both
    peaks are.

    `idle` are samples of a process that does nothing (`python -c pass`). Repetitions that failed,
    or whose peak is not above the idle one, give no figure.
    """
    floor = [sample.peak_memory for sample in idle if sample.ok and sample.peak_memory is not None]
    if not floor:
        return []
    base = median(floor)
    figures = []
    for sample in samples:
        if (
            not (sample.ok and sample.peak_memory and sample.peak_memory_bound)
            or sample.peak_memory <= base
        ):
            continue
        family, _, scope = sample.workload.name.partition(".")
        most, least = (
            sample.workload.units / ((peak - base) / MIB)
            for peak in (sample.peak_memory, sample.peak_memory_bound)
        )
        unit = sample.workload.unit
        figures.append(
            Measurement(
                f"{family}.{unit}_per_mib",
                scope,
                most,
                f"{unit}/MiB",
                least,
                most,
                sample.repetition,
                sample.side,
            )
        )
    return figures
