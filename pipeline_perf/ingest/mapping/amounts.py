"""Which columns of an unknown file hold durations and charges, and in which unit.

The unit is told by the title; where neither it nor the values leave no doubt, it is left open.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from pipeline_perf.ingest.layout.patterns import OPEN
from pipeline_perf.ingest.mapping.words import (
    CHARGE,
    DURATION,
    MINUTES,
    SECONDS,
    TALK,
    UNITS,
    WAITING,
    folded,
    quoted,
    says,
)

NUMBER = r"\d+(?:[.,]\d+)?"
#: Durations in words and as ISO 8601 has them.
WORDS = r"(?i)(?=\d)(?:\d+\s*h\w*\.?\s*)?(?:\d+\s*m\w*\.?\s*)?(?:\d+\s*s\w*\.?\s*)?"
ISO = r"PT?(?=\d)[\dDTHMS.]+"

#: Seconds of a call that is too long to be usual: where most of the values without a unit are
#: larger, they are no seconds; where they are small and have fractions, they may be minutes.
LONG, SHORT = 6 * 3600, 120
#: Values that are all multiples of a thousand are milliseconds rather; so many show it.
SHOWN = 2


def duration_of(columns: Mapping[str, Sequence[str]]) -> str:
    """The duration's column and form; `???` stands for a unit that nothing tells."""
    ranked = sorted(columns.items(), key=lambda item: _rank(item[0]))
    for title, values in ranked:
        if says(WAITING, title) and not says(TALK, title):
            continue
        named = says(DURATION, title)
        form = (_numeric(title, values) if named else "") or _written(title, values, named=named)
        if form:
            return f"{{column: {quoted(title)}, form: {form}}}"
    return ""


def _rank(title: str) -> int:
    return 0 if says(TALK, title) else 1 if says(DURATION, title) else 2


def _written(title: str, values: Sequence[str], *, named: bool) -> str:
    """The form of durations that are more than a number."""
    if _all(r"\d+:\d\d(?::\d\d)?", values):
        if re.search(r"\bh+ m+\b(?! s)|\bh\w* min\w*$", folded(title)):
            return "hour_clock"
        hours = re.search(r"\bh\b|\bhh?\b|\bhours?\b|\bstd\b|\bstunden\b", folded(title))
        minutes = says(MINUTES, title) and says(SECONDS, title) and not hours
        return "minute_clock" if minutes else "clock"
    if not named:
        return ""
    if _all(WORDS, values) and any(re.search("[a-zA-Z]", text) for text in values):
        return "words"
    return "iso" if _all(ISO, values) else ""


def _numeric(title: str, values: Sequence[str]) -> str:
    """The form, scale and decimal mark of durations that are plain numbers."""
    if not _all(NUMBER, values):
        return ""
    whole = _all(r"\d+(?:[.,]0+)?", values)
    if re.search(r"\bh+ ?m+ ?s+\b", folded(title)):
        return "hhmmss" if whole else quoted(OPEN)
    for unit, form in UNITS.items():
        if says(unit, title):
            return f"{form}{_decimal(values)}"
    minutes, seconds = says(MINUTES, title), says(SECONDS, title)
    if minutes and not seconds and not _may_be_sexagesimal(values):
        return f"minutes{', resolution: 60' if whole else ''}{_decimal(values)}"
    if seconds and not minutes:
        return f"seconds{_decimal(values)}"
    return (
        f"{quoted(OPEN) if minutes or _is_doubtful(values, whole) else 'seconds'}{_decimal(values)}"
    )


def _may_be_sexagesimal(values: Sequence[str]) -> bool:
    """Whether 1.05 may be a minute and five seconds: two decimals everywhere, none of 60 or
    more.
    """
    return _all(r"\d+[.,][0-5]\d", values)


def _is_doubtful(values: Sequence[str], whole: bool) -> bool:
    """Whether numbers without a unit may be none of seconds."""
    numbers = [float(text.replace(",", ".")) for text in values]
    given = [number for number in numbers if number]
    thousands = len(set(given)) >= SHOWN and all(number % 1000 == 0 for number in given)
    long = sum(number > LONG for number in given) > len(given) / 2
    padded = len({len(text) for text in values}) == 1 and all(
        re.fullmatch(r"0\d(?:[0-5]\d){2}", text) for text in values
    )
    return thousands or long or padded or not (whole or max(numbers, default=0) > SHORT)


def charge_of(columns: Mapping[str, Sequence[str]]) -> str:
    """The charge's column, and how its decimals are written."""
    for title, values in columns.items():
        if says(CHARGE, title) and _all(r"[-($€£ ]*\d[\d.,]*[)$€£ ]*", values):
            return f"{{column: {quoted(title)}{_decimal(values)}}}"
    return ""


def _all(pattern: str, values: Sequence[str]) -> bool:
    return bool(values) and all(re.fullmatch(pattern, text) for text in values)


def _decimal(values: Sequence[str]) -> str:
    """What a layout says of numbers with a decimal comma: one that does not stand before three
    digits, as between thousands.
    """
    return (
        ", decimal: ','"
        if any(re.search(r",(?:\d{1,2}|\d{4,})\D*$|^\D*0,", text) for text in values)
        else ""
    )
