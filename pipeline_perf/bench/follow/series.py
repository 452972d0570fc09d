"""A nightly series of a metric: one value a night, as a ratio to the pinned reference of the
same run.

A night without a value stays in the series with the reason why: nothing is filled in, and no NaN
goes further. What has changed is `changepoint`'s business, how it was measured `measure`'s.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from fnmatch import fnmatchcase
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from pipeline_perf.bench.measure.measurement import Measurement, of_comparison
from pipeline_perf.bench.measure.results import ResultsError
from pipeline_perf.bench.measure.workload import Correctness, Output, Workload
from pipeline_perf.bench.statistics.compare import compare
from pipeline_perf.spelling import meant

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from pipeline_perf.bench.measure.measure import Pairs
    from pipeline_perf.bench.measure.results import ResultStore

#: What `frozen.compute` returns, on every machine. A test pins it, and the file's text.
CHECKSUM = "e4c0a3b690b5811f7ac67fb68500e7c37205f81ae50b2399ba86b06c9f9bc779"

#: The job whose runs are nights. What else is measured on a day (a change tried out, a build) is no
#: value of its night.
NIGHTLY = "nightly"

#: With 5 % noise on each side, so many pairs leave 1.6 % in the night's ratio: a step of 5 % is
#: then found within a week (`calibrate.simulated` publishes how often). Twenty pairs find it in 83
#: to 89 of 100 cases, ten in about half.
PAIRS_A_NIGHT = 30


def _right(output: Output) -> Correctness:
    checksum = output.returned["checksum"]
    return Correctness(
        checksum == CHECKSUM,
        f"checksum {checksum}, not {CHECKSUM}: this is not the pinned computation",
    )


#: Measured in every run, interleaved with what it measures: `measure_pair(workload, REFERENCE,
#: PAIRS_A_NIGHT, …)`.
REFERENCE = Workload(
    "reference.frozen",
    target="pipeline_perf.bench.frozen:compute",
    unit="rounds",
    units=6,
    check=_right,
)


@dataclass(frozen=True)
class Night:
    """One date of a series. `value` is None where there is none, and `reason` then says why."""

    date: date
    run: str = ""
    revision: str = ""
    dirty: bool = False
    value: float | None = None
    reason: str = ""

    @property
    def commit(self) -> str:
        """The revision as people read it: its first 12 digits, + for a tree that differed from
        it.
        """
        return f"{self.revision[:12]}{'+' if self.dirty else ''}"


@dataclass(frozen=True)
class Series:
    """A metric ("ingest.csv_1m seconds") over the nights, oldest first, each date once, gaps
    included.
    """

    name: str
    nights: tuple[Night, ...]
    unit: str = ""

    def __post_init__(self) -> None:
        dates = [night.date for night in self.nights]
        if any(later <= earlier for earlier, later in pairwise(dates)):
            raise ValueError(
                f"series {self.name!r}: give its nights by date, oldest first, each date once"
            )
        broken = [
            night
            for night in self.nights
            if night.value is not None and not (math.isfinite(night.value) and night.value > 0)
        ]
        if broken:
            raise ValueError(
                f"series {self.name!r}: {broken[0].value} of {broken[0].date} is no positive"
                " number; leave its value out, with a reason"
            )

    @property
    def usable(self) -> tuple[Night, ...]:
        """The nights that have a value."""
        return tuple(night for night in self.nights if night.value is not None)

    @property
    def gaps(self) -> tuple[Night, ...]:
        """The nights that have none."""
        return tuple(night for night in self.nights if night.value is None)

    @property
    def silent_for(self) -> int:
        """How many nights at the end have no value."""
        return len(self.nights) - max(
            (place + 1 for place, night in enumerate(self.nights) if night.value is not None),
            default=0,
        )

    def logs(self) -> NDArray[np.float64]:
        """Logarithms of the usable values: equal shares are equal steps."""
        return np.array([math.log(night.value) for night in self.nights if night.value is not None])


def ratios(pairs: Pairs) -> list[Measurement]:
    """Wall and CPU time of a workload as ratios to the reference that it was paired with.

    With their 99 % intervals; none where none of the `pairs` is whole. Better than the ratio of two
    medians of one run, between whose parts the machine drifts: where a workload is measured this
    way, follow these two ("ratio_to_reference", "cpu_ratio_to_reference").
    """
    figures = []
    for metric, name in (
        ("seconds", "ratio_to_reference"),
        ("cpu_seconds", "cpu_ratio_to_reference"),
    ):
        a, b = pairs.values(metric)
        if a:
            measured = of_comparison(pairs.a[0].workload.name, name, compare(a, b))
            figures.append(replace(measured, value=float(np.exp(middle(np.log(a) - np.log(b))))))
    return figures


def middle(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """The median of the means of all pairs of values, along the last axis.

    Hodges and Lehmann, Annals of Mathematical Statistics 34, 1963. As robust as a series of
    repetitions needs (up to 29 % of them disturbed), and worth half as many again: its variance is
    1.05 times that of a mean of quiet values, a median's 1.57 times.

    >>> round(float(middle(np.array([1.0, 1.1, 0.9, 5.0]))), 3)
    1.075
    """
    first, second = np.triu_indices(values.shape[-1])
    return np.asarray(np.median((values[..., first] + values[..., second]) / 2, axis=-1))


def reference_metric(metric: str, unit: str) -> str:
    """The reference's figure that a metric in a `unit` is followed against.

    '' where a busy machine does not change it (bytes, counters).

    >>> reference_metric("cpu_seconds", "s"), reference_metric("rows_per_s", "rows/s")
    ('cpu_seconds', 'seconds')
    >>> reference_metric("peak_memory", "B")
    ''
    """
    if unit != "s" and not unit.endswith("/s"):
        return ""
    return "cpu_seconds" if "cpu" in metric else "seconds"


def named(
    store: ResultStore, machine: str, metric: str, patterns: Sequence[str] = ()
) -> list[tuple[str, str]]:
    """Workload and metric of every series in the store that a metric's name means.

    The name stands with its family ("ingest.seconds") or without ("seconds"), and means the
    workloads on the machine whose name or scope matches one of the patterns (of none: all). Raises
    ResultsError where no night has such a figure.
    """
    measured: dict[str, set[str]] = {}
    for figures in store.all_measurements(machine=machine, job=NIGHTLY).values():
        for figure in figures:
            measured.setdefault(figure.metric, set()).add(figure.workload)
    named_so = {full for full in measured if metric in (full, full.partition(".")[2])}
    workloads = sorted(
        {
            workload
            for full in named_so
            for workload in measured[full]
            if not patterns
            or any(
                fnmatchcase(name, pattern)
                for pattern in patterns
                for name in (workload, workload.partition(".")[2])
            )
        }
    )
    bare = {full.partition(".")[2] for full in measured}
    if not workloads:
        nothing = (
            "none: no night was measured on this machine (the job nightly, or `bench run --night`)"
        )
        raise ResultsError(
            f"no figure {metric!r}{' of ' + ', '.join(patterns) if patterns else ''}"
            + ("" if named_so else meant(metric, {*bare, *measured})),
            f"there are {', '.join(sorted(bare)) or nothing}",
            file=str(store.root),
        )
    name = metric if metric in bare else metric.partition(".")[2]
    return [(workload, name) for workload in workloads]


def nightly(
    store: ResultStore,
    workload: str,
    metric: str,
    machine: str,
    until: str | None = None,
    last: int | None = None,
) -> Series:
    """The series of a workload's metric on one machine, from the results store.

    Up to and with the run `until`, and of the `last` so many nights, where these are given. Times
    are divided by the reference's of the same run, rates multiplied; other units stand as they are.
    Only runs of the job `nightly` are nights, the last of a date is its night. A night whose run
    has no reference, no figure, or only failed repetitions is a gap, and so is a date without a
    run.
    """
    own = _rows(store, workload, metric, machine, until, last)
    failures = _rows(store, workload, "failed", machine, until, last)
    unit = next((str(row["unit"]) for row in own.values()), "")
    against = reference_metric(metric, unit)
    references = _rows(store, REFERENCE.name, against, machine, until, last) if against else {}
    nights = []
    for run in sorted(own.keys() | failures.keys()):
        row = own.get(run) or failures[run]
        value, reason = _value(own.get(run), references.get(run), unit, bool(against))
        nights.append(
            Night(row["time"].date(), run, row["revision"] or "", bool(row["dirty"]), value, reason)
        )
    return Series(f"{workload} {metric}", tuple(with_gaps(nights)), "" if against else unit)


def _rows(
    store: ResultStore,
    workload: str,
    metric: str,
    machine: str,
    until: str | None,
    last: int | None,
) -> dict[str, dict[str, Any]]:
    return {
        row["run"]: row
        for row in store.history(metric, workload, machine, until, last, NIGHTLY).iter_rows(
            named=True
        )
    }


def _value(
    own: Mapping[str, Any] | None, reference: Mapping[str, Any] | None, unit: str, against: bool
) -> tuple[float | None, str]:
    """The night's value, or None and the reason."""
    if own is None:
        return None, "every repetition failed"
    value = own["value"]
    if value is None or not math.isfinite(value):
        return None, f"the figure is {value}, which is no number"
    if value <= 0:
        return None, f"the figure is {value:g}: only figures above 0 can be followed as ratios"
    if not against:
        return float(value), ""
    if reference is None:
        return None, "the run did not measure the reference"
    if not (reference["value"] and math.isfinite(reference["value"]) and reference["value"] > 0):
        return None, f"the reference's figure is {reference['value']}, which is no time"
    return float(value / reference["value"] if unit == "s" else value * reference["value"]), ""


def with_night(series: Series, night: Night) -> Series:
    """The series with one more night, which takes the place of one of the same date."""
    return replace(series, nights=tuple(with_gaps([*series.nights, night])))


def with_gaps(nights: Iterable[Night]) -> list[Night]:
    """The `nights`, one a date (the last one given), and a gap for every date between without."""
    by_date = {night.date: night for night in nights}
    if not by_date:
        return []
    first, final = min(by_date), max(by_date)
    dates = (first + timedelta(days=day) for day in range((final - first).days + 1))
    return [by_date.get(day) or Night(day, reason="no run on this date") for day in dates]
