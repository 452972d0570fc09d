"""The hours that clocks tell twice, when they are put back: when they are, and which of the two a
time means in a file in the order of time.

In such a file the clock goes back once within the hour, and there its second pass begins.
"""

from __future__ import annotations

import datetime as dt
import functools

import numpy as np
import polars as pl
from numpy.typing import NDArray

#: Between two changes of the clocks none is shorter, and all begin at a multiple of it.
_GRID = dt.timedelta(minutes=15)


@functools.lru_cache(maxsize=4_000)
def _of_year(zone: str, year: int) -> tuple[tuple[dt.datetime, dt.datetime], ...]:
    """The stretches of local time that a year had twice: first moment, and the first after it."""
    here = pl.select(
        pl.datetime_range(
            dt.datetime(year - 1, 12, 31), dt.datetime(year + 1, 1, 2), _GRID, time_zone="UTC"
        ).dt.convert_time_zone(zone)
    ).to_series()
    local = here.dt.replace_time_zone(None)
    back = _GRID - local.diff()
    at = (back > dt.timedelta(0)).fill_null(False).arg_true()
    stretches = zip(local.gather(at).to_list(), back.gather(at).to_list(), strict=True)
    return tuple((first, first + back) for first, back in stretches if first.year == year)


def repeated(local: pl.Series, zone: str) -> NDArray[np.int64]:
    """First moments of the stretches that clocks of the zone told twice while these times were,
    and the first moments after them, in microseconds: shape (2, n).
    """
    first, last = local.min(), local.max()
    stretches: list[tuple[dt.datetime, dt.datetime]] = []
    if zone != "UTC" and isinstance(first, dt.datetime) and isinstance(last, dt.datetime):
        for year in range(max(first.year, 1900), min(last.year, 2100) + 1):
            stretches += [(a, b) for a, b in _of_year(zone, year) if a <= last and first < b]
    columns = list(zip(*stretches, strict=True)) or [(), ()]
    return np.array(
        [pl.Series(c, dtype=pl.Datetime("us")).to_physical().to_numpy() for c in columns]
    )


def in_repeated(local: pl.Series, zone: str) -> pl.Series:
    """Which times came twice."""
    stretches = repeated(local, zone)
    if not stretches.size:
        return pl.repeat(False, len(local), eager=True)
    at = _stretch(local.to_physical().fill_null(-(2**62)).to_numpy(), stretches)
    return pl.Series(at >= 0)


def _stretch(moments: NDArray[np.int64], stretches: NDArray[np.int64]) -> NDArray[np.int64]:
    """The place of each moment's stretch, -1 for none."""
    at = np.searchsorted(stretches[0], moments, side="right") - 1
    return np.where((at >= 0) & (moments < stretches[1][at]), at, -1)


class Order:
    """The order of a table's times so far: whether it is that of time, and where it is within a
    repeated hour.
    """

    def __init__(self) -> None:
        self.kept = True
        self.last: int | None = None
        self.falling: bool | None = None  # the newest first
        self.begun = -(2**62)  # the stretch of which the second pass has begun
        self.told = 0  # times whose pass the order told

    def second_pass(self, local: pl.Series, zone: str) -> tuple[pl.Series, pl.Series] | None:
        """Which times of the next batch are of a second pass, and of which the order tells it.

        None where it tells nothing: no time came twice, or the file is in no order so far.
        """
        given = local.is_not_null()
        moments = local.drop_nulls().to_physical().to_numpy()
        if not self.kept or not len(moments):
            return None
        if self.falling is None and len(moments) > 1:
            steps = np.diff(moments)
            self.falling = bool((steps < 0).sum() > (steps > 0).sum())
        before = [] if self.last is None else [self.last]
        self.last = int(moments[-1])
        row = np.concatenate([np.array(before, dtype=np.int64), moments])
        if self.falling:
            row = row[::-1]
        stretches = repeated(local, zone)
        at = _stretch(row, stretches) if stretches.size else np.full(len(row), -1)
        back = np.concatenate([[False], np.diff(row) < 0])
        began = back & (at >= 0) & (at == np.roll(at, 1))
        firsts = at[began]
        starts = np.append(stretches[0], -(2**62)) if stretches.size else np.array([-(2**62)])
        again = bool(len(firsts) and self.begun in starts[firsts])
        if (back & ~began).any() or len(set(firsts.tolist())) < len(firsts) or again:
            self.kept = False
            return None
        place = np.full(len(starts), len(row))
        place[firsts] = np.flatnonzero(began)
        if not self.falling:  # of a falling order, what a block begins with is not known
            place[:-1][starts[:-1] == self.begun] = 0
        known = (at >= 0) & (place[at] < len(row))
        second = known & (np.arange(len(row)) >= place[at])
        if not self.falling and known.any():
            self.begun = int(starts[at[known][-1]])
        if self.falling:
            known, second = known[::-1], second[::-1]
        known, second = known[len(before) :], second[len(before) :]
        self.told += int(known.sum())
        if not known.any():
            return None
        none = pl.repeat(False, len(local), eager=True)
        rows = given.arg_true()
        return none.scatter(rows, second), none.clone().scatter(rows, known)
