"""Which event field a column is, by its values and its title, each as the value of a layout's
key.
"""

from __future__ import annotations

import datetime as dt
import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence

from pipeline_perf.ingest.layout.patterns import OPEN
from pipeline_perf.ingest.mapping.words import CHARGE, CLOCK, DATE, DURATION, PARTIES, folded, says

#: Codes that a column may have; with more of them they are names or places.
CODES = 8

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


def quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'" if text.isprintable() else json.dumps(text)


def start_of(columns: Mapping[str, Sequence[str]]) -> tuple[str, set[str]]:
    """The column, or the two, of the time, and its forms."""
    dates: list[tuple[str, list[str]]] = []
    clocks: list[tuple[str, str]] = []
    for title, values in _first(columns, DATE):
        if forms := _moments(values):
            return f"{{column: {quoted(title)}, formats: [{', '.join(map(quoted, forms))}]}}", {
                title
            }
        if forms := _reading(DATES, values):
            dates.append((title, forms))
        elif (forms := _reading(CLOCKS, values)) and not says(DURATION, title):
            clocks.append((title, forms[0]))
    clocks.sort(key=lambda candidate: not says(CLOCK, candidate[0]))
    if not dates or not clocks:
        return f"{{column: '{OPEN}', formats: ['%Y-%m-%d %H:%M:%S']}}", set()
    (date, forms), (clock, form) = dates[0], clocks[0]
    joined = ", ".join(quoted(f"{one} {form}") for one in forms)
    return f"{{column: [{quoted(date)}, {quoted(clock)}], formats: [{joined}]}}", {date, clock}


def _first(columns: Mapping[str, Sequence[str]], pattern: str) -> list[tuple[str, Sequence[str]]]:
    """The columns, those first whose titles have one of the words."""
    return sorted(columns.items(), key=lambda item: not says(pattern, item[0]))


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


def parties_of(columns: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """Which columns hold telephone numbers, and of whom; the values decide, then the titles."""
    free = [
        title
        for title, values in columns.items()
        if sum(map(_is_number, values)) > 0.5 * len(values) and not _are_times(values)
    ]
    parties: dict[str, str] = {}
    for field, pattern in PARTIES.items():
        if field == "counterpart" and {"from_number", "to_number"} & set(parties):
            continue
        title = next((title for title in free if says(pattern, title)), None)
        if title is not None:
            parties[field] = title
            free.remove(title)
    if not parties and len(free) == 1:
        return {"counterpart": free[0]}
    for field in ("from_number", "to_number"):
        if field not in parties and "counterpart" not in parties and free:
            parties[field] = free.pop(0)
    return parties


def _is_number(text: str) -> bool:
    digits = re.sub(r"[\s().+\-/]", "", text)
    return digits.isdigit() and 7 <= len(digits) <= 15


def _are_times(values: Sequence[str]) -> bool:
    """Whether most are dates or times: without what stands between their digits, 15/01/2024
    could be a number, too.
    """
    return any(_reading(forms, values) for forms in (DATES, CLOCKS, MOMENTS))


def duration_of(columns: Mapping[str, Sequence[str]]) -> str:
    for title, values in _first(columns, DURATION):
        if all(re.fullmatch(r"\d+:\d\d(?::\d\d)?", text) for text in values):
            return f"{{column: {quoted(title)}, form: clock}}"
        if says(DURATION, title) and all(re.fullmatch(r"\d+(?:[.,]\d+)?", text) for text in values):
            form = "minutes, resolution: 60" if says("min", title) else "seconds"
            return f"{{column: {quoted(title)}, form: {form}{_decimal(values)}}}"
    return ""


def charge_of(columns: Mapping[str, Sequence[str]]) -> str:
    for title, values in columns.items():
        if says(CHARGE, title) and all(
            re.fullmatch(r"[-($€£ ]*\d[\d.,]*[)$€£ ]*", text) for text in values
        ):
            return f"{{column: {quoted(title)}{_decimal(values)}}}"
    return ""


def _decimal(values: Sequence[str]) -> str:
    """What a layout says of numbers with a decimal comma: one that does not stand before three
    digits, as between thousands.
    """
    return (
        ", decimal: ','"
        if any(re.search(r",(?:\d{1,2}|\d{4,})\D*$|^\D*0,", text) for text in values)
        else ""
    )


def coded_column(
    columns: Mapping[str, Sequence[str]], meanings: Mapping[str, str], words: str
) -> str:
    """The column of a few codes of which at least half say what is meant, sought first where the
    title has one of the words.

    The other codes are left open.
    """
    for title, values in _first(columns, words):
        codes = list(Counter(values))
        if len(codes) > CODES or any(re.search(r"\d\d", code) for code in codes):
            continue
        told = {
            code: next((name for name, p in meanings.items() if re.match(p, folded(code))), OPEN)
            for code in codes
        }
        if sum(value != OPEN for value in told.values()) >= max(1, len(codes) / 2):
            listed = ", ".join(
                f"{quoted(code)}: {quoted(value) if value == OPEN else value}"
                for code, value in told.items()
            )
            return f"{{column: {quoted(title)}, map: {{{listed}}}}}"
    return ""
