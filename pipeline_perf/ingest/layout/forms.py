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


#: What the directives of a form stand for in a text; those not named are numbers of two digits.
_DIRECTIVES = {
    "%Y": r"\d{4}", "%f": r"\d+", "%j": r"\d{3}", "%z": OFFSET.removesuffix("$"),
    **dict.fromkeys(("%a", "%A", "%b", "%B", "%h", "%p", "%P", "%Z"), r"[^\W\d_][\w.]*"),
}  # fmt: skip


@functools.lru_cache(maxsize=1000)
def shape(form: str) -> re.Pattern[str]:
    """What a time of a form looks like within a text, whether or not there is such a day.

    >>> bool(shape("%m/%d/%Y %I:%M %p").search("02/30/2024 9:15 PM"))
    True
    >>> bool(shape("%Y%m%d").search("2125550101"))
    False
    """
    if form.startswith("epoch"):
        return re.compile(rf"(?<!\d)\d{{{13 if form == 'epoch_ms' else 10}}}(?!\d)")
    form = form.replace("%T", "%H:%M:%S").replace("%R", "%H:%M").replace("%F", "%Y-%m-%d")
    # without marks between them, none lacks a digit
    two = r"\d{2}" if re.search(r"%[a-zA-Z]%", form) else r"\d{1,2}"
    parts = (
        _DIRECTIVES.get(part, two)
        if part.startswith("%")
        else r"\s*"
        if part.isspace()
        else re.escape(part)
        for part in re.findall(r"%[A-Za-z]|\s+|[^%\s]", form)
    )
    return re.compile(rf"(?<!\d){''.join(parts)}(?!\d)")


def resolution(form: str) -> int:
    """1 where the form of a time has seconds, 60 where it ends at minutes."""
    return 1 if re.search(r"%S|%T|%X|%s|epoch", form) else 60
