"""Which columns of an unknown file tell when an event began, in which forms, and by which clock.

Here belong times and zones as titles and values show them; durations are `amounts`' work.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping, Sequence

from pipeline_perf.ingest.layout.forms import is_zone
from pipeline_perf.ingest.layout.patterns import OPEN
from pipeline_perf.ingest.mapping.words import (
    CLOCK,
    DATE,
    DURATION,
    END,
    LATER,
    START,
    quoted,
    says,
)

DATES = (
    "%Y-%m-%d", "%m/%d/%Y", "%d/%m/%Y", "%m/%d/%y", "%d/%m/%y", "%d.%m.%Y", "%d.%m.%y", "%Y/%m/%d",
    "%d-%m-%Y", "%m-%d-%Y", "%Y%m%d",
    "%y%m%d", "%b %d, %Y", "%b %d %Y", "%d %b %Y", "%d-%b-%Y", "%d-%b-%y",
)  # fmt: skip
MOMENTS = (
    "%Y%m%d%H%M%S",
    "%Y%m%d%H%M",
    "%Y-%m-%dT%H:%M:%S%z",
    "%Y-%m-%d %H:%M:%S%z",
    "%Y-%m-%d %H:%M:%S %z",
)
CLOCKS = (
    "%H:%M:%S",
    "%H:%M",
    "%I:%M:%S %p",
    "%I:%M %p",
    "%I:%M:%S%p",
    "%I:%M%p",
    "%H%M%S",
    "%Hh%M",
    "%Hh%Mm%Ss",
    "%H.%M.%S",
)
DATE_AND_CLOCK = re.compile(r"(.+?)([ T])(\d{1,2}[:h]\d\d.*|\d{1,2}\.\d\d\.\d\d|\d{6})")

#: Share of a column's values that its form reads; the others are damaged.
READABLE = 0.8
#: Years of records, and what Python reads where there is none.
EARLIEST, LATEST, NO_YEAR = 1990, 2060, 1900

#: Zones in titles and preambles: UTC, how far a clock is from it, names, and what is called
#: otherwise in several countries.
UTC = r"\b(?:UTC|GMT|Zulu)\b|\(Z\)"
AHEAD = r"\b(?:UTC|GMT) *([+-]) *(\d{1,2})(?::?(\d\d))?"
NAMED = r"\b[A-Z][A-Za-z]+/[A-Z][A-Za-z_]+\b"
ELSEWHERE = (
    r"\b(?:[ECMP][SD]?T|CES?T|MES?Z|WES?T|EES?T|[BIJK]ST|A[CEW][SD]?T|NZ[SD]?T|MSK)\b"
    r"|(?i:\b(?:eastern|central|mountain|pacific|atlantic)\b)"
)


#: The rank of a title that says when an event ended; behind those of its beginning, of any time,
#: of none, and of one in between.
_ENDS = 4


def start_of(columns: Mapping[str, Sequence[str]]) -> tuple[str, set[str]]:
    """The column, or the two, of the time, its forms and its zone: of several times the one
    that begins by its title.
    """
    whole: list[tuple[tuple[int, bool], str, list[str]]] = []
    dates: list[tuple[tuple[int, bool], str, list[str]]] = []
    clocks: list[tuple[tuple[int, bool], str, list[str]]] = []
    for title, values in columns.items():
        rank = _rank(title)
        if forms := _moments(values):
            whole.append((rank, title, forms))
        elif forms := _reading(DATES, values):
            dates.append((rank, title, forms))
        elif (forms := _reading(CLOCKS, values)) and not says(DURATION, title):
            clocks.append((rank, title, forms))
    for candidates in (whole, dates, clocks):
        candidates.sort(key=lambda candidate: candidate[0])
    if whole and not (dates and clocks and dates[0][0] < whole[0][0]):
        rank, title, forms = whole[0]
        column, used = quoted(title), {title}
    elif dates and clocks:
        rank, date, forms = dates[0]
        _, clock, (form, *_) = clocks[0]
        forms = [f"{one} {form}" for one in forms]
        column, used = f"[{quoted(date)}, {quoted(clock)}]", {date, clock}
    else:
        return f"{{column: '{OPEN}', formats: ['%Y-%m-%d %H:%M:%S']}}", set()
    keys = [f"column: {column}", f"formats: [{', '.join(map(quoted, forms))}]"]
    if rank[0] == _ENDS:
        keys.append("tells: end")
    zone = next(filter(None, map(zone_of, sorted(used))), "")
    if zone and not forms[0].endswith("%z") and not forms[0].startswith("epoch"):
        keys.append(f"zone: {quoted(zone)}")
    return f"{{{', '.join(keys)}}}", used


def _rank(title: str) -> tuple[int, bool]:
    """The smaller, the rather it is the time of the beginning, and in UTC."""
    if says(END, title):
        rank = _ENDS
    elif says(START, title):
        rank = 0
    elif says(LATER, title):
        rank = _ENDS - 1
    else:
        rank = 1 if says(DATE, title) or says(CLOCK, title) else 2
    return rank, zone_of(title) != "UTC"


def zone_of(text: str) -> str:
    """The zone that a title or a line names: UTC or an IANA name, `???` where it is called by
    what is none, empty where it speaks of no zone.

    >>> zone_of("Start (UTC)"), zone_of("Start (GMT+2)"), zone_of("Start (EST)")
    ('UTC', 'Etc/GMT-2', '???')
    """
    told = {name for name in re.findall(NAMED, text) if is_zone(name)}
    rest = re.sub(NAMED, lambda name: "" if name[0] in told else name[0], text)
    rest = re.sub(r"(?<=[a-z])(?=[A-Z])|_", " ", rest)
    for sign, hours, minutes in re.findall(AHEAD, rest, re.IGNORECASE):
        turned = "-" if sign == "+" else "+"  # POSIX counts towards the west
        whole = int(minutes or 0) == 0
        told.add(OPEN if not whole else f"Etc/GMT{turned}{int(hours)}" if int(hours) else "UTC")
    rest = re.sub(AHEAD, "", rest, flags=re.IGNORECASE)
    if re.search(UTC, rest, re.IGNORECASE):
        told.add("UTC")
    if re.search(ELSEWHERE, rest):
        told.add(OPEN)
    return told.pop() if len(told) == 1 else OPEN if told else ""


def are_times(values: Sequence[str]) -> bool:
    """Whether most are dates or times: without what stands between their digits, 15/01/2024
    could be a number, too.
    """
    return any(_reading(forms, values) for forms in (DATES, CLOCKS, MOMENTS))


def is_american(forms: str) -> bool:
    """Whether dates are written as in the United States only: the month first."""
    return "%m/%d" in forms and "%d/%m" not in forms


def _moments(values: Sequence[str]) -> list[str]:
    """Forms of date and time in one column."""
    if whole := _reading(MOMENTS, values):
        return whole[:1]
    for form, digits in (("epoch", 10), ("epoch_ms", 13)):
        if all(re.fullmatch(rf"1\d{{{digits - 1}}}", text) for text in values):
            return [form]
    parts = [match.groups() for text in values if (match := DATE_AND_CLOCK.fullmatch(text))]
    if len(parts) < READABLE * len(values):
        return []
    mark = parts[0][1]
    clocks = _reading(CLOCKS, [clock for _, _, clock in parts])
    return [
        f"{date}{mark}{clocks[0]}"
        for date in _reading(DATES, [date for date, _, _ in parts])
        if clocks
    ]


def _reading(forms: Sequence[str], values: Sequence[str]) -> list[str]:
    """The forms that read most of the values; several where day and month can be either."""
    counts = {form: sum(_reads(form, text) for text in values) for form in forms}
    most = max(counts.values())
    return [
        form for form, count in counts.items() if count == most and most >= READABLE * len(values)
    ]


def _reads(form: str, text: str) -> bool:
    try:
        moment = dt.datetime.strptime(text, form)
    except ValueError:
        return False
    # Without separators Python would take a digit less for some parts.
    compact = re.fullmatch("(?:%[A-Za-z])+", form) and text != moment.strftime(form)
    return not compact and (moment.year == NO_YEAR or EARLIEST <= moment.year <= LATEST)
