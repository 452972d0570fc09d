"""What layout and times both know of the ways in which times and zones are written."""

from __future__ import annotations

import datetime as dt
import functools
import re

import polars as pl

#: A form of a date that says the year.
YEAR = re.compile(r"%[YyDF]|epoch")

#: How far a clock is from UTC, at the end of a time: Z, +0530, -05:00, +02.
OFFSET = r"\s*(Z|[+-](?:0\d|1[0-4])(?::?[0-5]\d)?)$"


# --------------------------------------------------------------------------- zones


@functools.lru_cache(maxsize=1000)
def is_zone(name: str) -> bool:
    """Whether this is a zone's name; Polars, which works with it, knows fewer than others do."""
    try:
        pl.select(pl.lit(dt.datetime(2024, 1, 1)).dt.replace_time_zone(name))
    except pl.exceptions.ComputeError:
        return False
    return bool(name)


def resolution(form: str) -> int:
    """1 where the form of a time has seconds, 60 where it ends at minutes."""
    return 1 if re.search(r"%S|%T|%X|%s|epoch", form) else 60
