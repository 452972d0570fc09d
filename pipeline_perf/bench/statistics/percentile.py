"""Percentiles of a sample, exact, each with its interval; none from too few values.

Pure. The percentile is a value that was measured (nearest rank), never one between two. Its
interval runs from one order statistic to another and holds for any continuous distribution: the
number of values below the true percentile is binomial, whatever they measure.

Source: H. A. David, H. N. Nagaraja, Order Statistics, 3rd edition (2003), section 7.1.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

CONFIDENCE = 0.99

#: Of the rarest values, so many must lie beyond a percentile of the far tail before it says more
#: than the luck of the draw: p99 from 5 000 values on. The interval alone would exist from 528 on,
#: and reach to the very largest value.
FEWEST_BEYOND = 50

#: Where the far tail begins.
FAR_TAIL = 0.99


@dataclass(frozen=True)
class Percentile:
    """The value that `share` of all values do not pass, in the interval `low` to `high`."""

    share: float
    value: float
    low: float
    high: float
    samples: int


def fewest(share: float, confidence: float = CONFIDENCE) -> int:
    """How many values the percentile `share` takes, at a `confidence` of its interval.

    So many that the interval has two ends, and in the far tail `FEWEST_BEYOND` beyond it.

    >>> fewest(0.5), fewest(0.95), fewest(0.99)
    (8, 104, 5000)
    """
    rare = min(share, 1 - share)
    existing = math.ceil(math.log((1 - confidence) / 2) / math.log(1 - rare))
    # Rounded, because 50 / (1 - 0.99) is a hair more than 5 000.
    return (
        existing
        if rare > 1 - FAR_TAIL + 1e-9
        else max(existing, math.ceil(round(FEWEST_BEYOND / rare, 6)))
    )


def percentile(
    values: Sequence[float], share: float, confidence: float = CONFIDENCE
) -> Percentile | None:
    """The percentile `share` (0.95: p95) of the values, in any order and unit, with its interval.

    The true one lies in the interval with a probability of `confidence` at least. None where the
    values are fewer than `fewest`. Raises ValueError when `share` is not between 0 and 1, or a
    value is not a finite number.

    >>> median = percentile(range(1, 101), 0.5)
    >>> median.value, median.low, median.high
    (50.0, 37.0, 64.0)
    >>> percentile([1.0, 2.0, 3.0], 0.5) is None
    True
    """
    if not 0 < share < 1:
        raise ValueError(f"share {share:g}: a percentile is a share between 0 and 1, such as 0.95")
    ordered = np.sort(np.asarray(values, dtype=float))
    if not np.isfinite(ordered).all():
        raise ValueError("a value is not a finite number: leave out what was not measured")
    if len(ordered) < fewest(share, confidence):
        return None
    low, high = _ranks(len(ordered), share, (1 - confidence) / 2)
    rank = math.ceil(round(len(ordered) * share, 9))
    return Percentile(
        share,
        float(ordered[rank - 1]),
        float(ordered[low - 1]),
        float(ordered[high - 1]),
        len(ordered),
    )


def _ranks(n: int, share: float, tail: float) -> tuple[int, int]:
    """Ranks (from 1) between which the percentile lies, missed on either side with at most the
    probability `tail`.
    """
    k = np.arange(n + 1)
    factorials = np.concatenate(([0.0], np.cumsum(np.log(k[1:]))))
    below = np.cumsum(
        np.exp(
            factorials[n]
            - factorials
            - factorials[::-1]
            + k * math.log(share)
            + (n - k) * math.log1p(-share)
        )
    )
    # `below[j]`: at most j of the n values lie below the percentile.
    low = int(np.searchsorted(below, tail, side="right"))
    high = int(np.searchsorted(below, 1 - tail, side="left")) + 1
    return max(low, 1), min(high, n)
