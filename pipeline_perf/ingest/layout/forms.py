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

#: Abbreviations that people write for the zone of a place. Each is one half of the year of it, and
#: the few that are names of zones, too, keep that half's clock in the other: beside each the place
#: that may be meant, and its fixed offset.
ABBREVIATIONS = {
    "EST": ("America/New_York", "Etc/GMT+5"), "EDT": ("America/New_York", "Etc/GMT+4"),
    "CST": ("America/Chicago", "Etc/GMT+6"), "CDT": ("America/Chicago", "Etc/GMT+5"),
    "MST": ("America/Denver or America/Phoenix", "Etc/GMT+7"),
    "MDT": ("America/Denver", "Etc/GMT+6"),
    "PST": ("America/Los_Angeles", "Etc/GMT+8"), "PDT": ("America/Los_Angeles", "Etc/GMT+7"),
    "AST": ("America/Halifax or America/Puerto_Rico", "Etc/GMT+4"),
    "AKST": ("America/Anchorage", "Etc/GMT+9"), "AKDT": ("America/Anchorage", "Etc/GMT+8"),
    "HST": ("Pacific/Honolulu or America/Adak", "Etc/GMT+10"),
    "GMT": ("Europe/London", "UTC"), "GREENWICH": ("Europe/London", "UTC"),
    "BST": ("Europe/London", "Etc/GMT-1"),
    "CEST": ("Europe/Paris", "Etc/GMT-2"), "EEST": ("Europe/Helsinki", "Etc/GMT-3"),
    "WEST": ("Europe/Lisbon", "Etc/GMT-1"), "MSK": ("Europe/Moscow", "Etc/GMT-3"),
    "JST": ("Asia/Tokyo", "Etc/GMT-9"), "IST": ("Asia/Kolkata or Europe/Dublin", ""),
    "AEST": ("Australia/Sydney or Australia/Brisbane", "Etc/GMT-10"),
    "AEDT": ("Australia/Sydney", "Etc/GMT-11"),
}  # fmt: skip


def zone_slip(name: str) -> str:
    """What is to be asked about a zone that a person states, '' where it is clear.

    >>> zone_slip("America/New_York")
    ''
    >>> zone_slip("EST")[:43]
    "'EST' has one clock for winter and summer, "
    """
    bare = name.strip().upper().removeprefix("ETC/").rstrip("+-0")
    if place := ABBREVIATIONS.get(bare):
        where, fixed = place
        return (
            f"{name!r} has one clock for winter and summer, and places change theirs: write the"
            f" place, {where}" + (f", or {fixed} where the clock is never changed" if fixed else "")
        )
    return "" if is_zone(name) else f"{name!r} is no IANA zone; write for example America/New_York"


def zone_note(name: str) -> str:
    """What is said of a zone that is a fixed offset by its very name, '' of another.

    >>> zone_note("Etc/GMT+5")
    'Etc/GMT+5 is 5 h behind UTC all the year; where clocks are changed, name the place instead'
    """
    offset = re.fullmatch(r"Etc/GMT([+-])(\d+)", name)
    if not offset or offset[2].strip("0") == "":
        return ""
    side = "behind" if offset[1] == "+" else "ahead of"  # POSIX counts westwards
    return (
        f"{name} is {offset[2]} h {side} UTC all the year; where clocks are changed, name the place"
        " instead"
    )


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
    # numbers without marks between them lack no digit
    two = r"\d{2}" if re.search(r"(?:%[^aAbBhpPzZ]){2}", form) else r"\d{1,2}"
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
