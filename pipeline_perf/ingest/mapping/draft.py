"""A layout to complete: what a file's titles and values show of its columns' meaning, written as YAML with comments.

A proposal for a person, never used to read a file. What the file is, the probe has found; what a layout may say, `layouts` knows.
"""

from __future__ import annotations

import datetime as dt
import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from pipeline_perf.ingest.layout.check import OPEN
from pipeline_perf.ingest.mapping.preamble import subscriber, zone_line
from pipeline_perf.ingest.mapping.words import CHARGE, CLOCK, DATE, DIRECTION, DURATION, PARTIES, TYPES, WAYS, folded, says
from pipeline_perf.ingest.probe.dialect import Dialect, split
from pipeline_perf.ingest.probe.probe import STRUCTURED, Probe
from pipeline_perf.ingest.probe.structure import TOTAL, are_types, is_header
from pipeline_perf.lake.export import masked, shown

#: Rows looked at, and values of a column shown.
ROWS, SHOWN = 50, 3
#: Codes that a column may have; with more of them they are names or places.
CODES = 8
#: Signs at a line's beginning that tell what kind of record it is, how often each must come to be one of a few, and
#: how much the first and last line are at least like the others where they are records, too.
CODE, SEEN, RECORD_LIKENESS = 3, 3, 0.8
#: Lines between a section's title and its header.
TITLE_REACH = 2

DATES = (
    "%Y-%m-%d", "%m/%d/%Y", "%d/%m/%Y", "%m/%d/%y", "%d/%m/%y", "%d.%m.%Y", "%d.%m.%y", "%Y/%m/%d", "%d-%m-%Y", "%m-%d-%Y", "%Y%m%d",
    "%y%m%d", "%b %d, %Y", "%b %d %Y", "%d %b %Y", "%d-%b-%Y", "%d-%b-%y",
)  # fmt: skip
MOMENTS = ("%Y%m%d%H%M%S", "%Y%m%d%H%M", "%Y-%m-%dT%H:%M:%S%z", "%Y-%m-%d %H:%M:%S%z", "%Y-%m-%d %H:%M:%S %z")
CLOCKS = ("%H:%M:%S", "%H:%M", "%I:%M:%S %p", "%I:%M %p", "%I:%M:%S%p", "%I:%M%p", "%H%M%S", "%Hh%M", "%Hh%Mm%Ss", "%H.%M.%S")
DATE_AND_CLOCK = re.compile(r"(.+?)([ T])(\d{1,2}[:h]\d\d.*|\d{1,2}\.\d\d\.\d\d|\d{6})")

#: Share of a column's values that its form reads; the others are damaged.
READABLE = 0.8
#: Years of records, and what Python reads where there is none.
EARLIEST, LATEST, NO_YEAR = 1990, 2060, 1900

FORMS = "seconds, minutes, clock (M:S, H:M:S), hour_clock (H:M), hhmmss, tenths, words (1h 2m 3s), iso (PT1H2M3S)"


@dataclass(frozen=True)
class Section:
    """A header and the rows below it; `title` is the line that stands alone above."""

    titles: tuple[str, ...]
    rows: tuple[Sequence[str], ...]
    title: str = ""

    @property
    def columns(self) -> dict[str, list[str]]:
        return {title: values for i, title in enumerate(self.titles) if (values := self.values(i))}

    def values(self, column: int) -> list[str]:
        return [text for row in self.rows if column < len(row) and (text := row[column].strip())]


def draft(found: Probe, *, examples: bool = False) -> str:
    """A layout for the user to complete: the columns are there, their meaning is guessed at or left open.

    `examples`: with some of the file's own values, numbers masked; not for logs, as they may be names.
    """
    structured = found.container in STRUCTURED
    fixed = not structured and len(found.columns) < 2
    sections = [_of_elements(found)] if structured else [] if fixed else list(_sections(found))
    container = "fixed" if fixed else found.container if structured else "delimited"
    lines = [
        "id: my_layout          # a name of your own; the file is named after it",
        "carrier: my_carrier",
        "title: One line about the file",
        "source: Where its columns are described",
        f"container: {container}",
    ]
    if container == "delimited" and found.delimiter != ",":
        lines.append(f"delimiter: {json.dumps(found.delimiter)}")
    if container == "html":
        lines.append("records: '???'         # the classes of the elements that are records, `a|b`; their values are named by classes, too")
    lines.append("zone: local            # UTC, local (--zone tells it), or an IANA name")
    above = _above(found, fixed=fixed)
    if (at := zone_line(above)) is not None:
        told = f": {masked(shown(above[at].strip(f' {found.delimiter}')))}" if examples else ""
        lines.append(f"# line {at + 1} of the file speaks of a time zone{told}; write it as UTC or a name such as America/New_York")
    lines.append("region: US             # in whose notation numbers are written; ZZ: not known")
    totals = [line for line in (*found.head, *found.tail) if TOTAL.match(line)]
    if totals and container == "delimited":
        lines.append(r"furniture: ['(?i)^\W*(?:(?:sub|grand)[- ]?)?total']   # lines that are no records")
    owner = subscriber(above, found.delimiter or "\t", names=examples)
    if owner:
        lines += ["context:               # what lines above the table tell", f"  subscriber: [{_quoted(owner)}]   # whose line it is"]
    lines.append("tables:")
    if fixed:
        lines[-1:] = _fixed(found, owned=bool(owner), examples=examples)
    for i, section in enumerate(sections):
        mark = found.delimiter or ","
        lines += _table(section, i, several=len(sections) > 1, owned=bool(owner), delimiter=mark, examples=examples)
    return "\n".join(lines) + "\n"


def _above(found: Probe, *, fixed: bool) -> Sequence[str]:
    """The lines above the first record or header."""
    if not fixed:
        return found.head[: found.preamble_lines]
    records = _likely_records([line for line in found.head if line.strip()], found.tail)
    return found.head[: found.head.index(records[0])] if records else ()


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'" if text.isprintable() else json.dumps(text)


def _example(values: Sequence[str]) -> str:
    """Some values as they may be shown: numbers masked, on one line."""
    return masked(shown(", ".join(text[:40] for text in list(dict.fromkeys(values))[:SHOWN])))


# --------------------------------------------------------------------------- tables with titles


def _sections(found: Probe) -> Iterator[Section]:
    """The tables of a file, each with another header."""
    dialect = Dialect(found.delimiter, found.quote, found.escape)
    body = found.preamble_lines + found.header_lines
    titles, rows, alone, title = found.columns, list[Sequence[str]](), "", _alone(found.head[: found.preamble_lines], dialect)
    known = {tuple(map(str.casefold, titles))}
    below = list(split(found.head[body:], dialect))
    for i, row in enumerate(below):
        key = tuple(cell.strip().casefold() for cell in row.cells)
        if found.tables > 1 and key not in known and is_header(row) and i + 1 < len(below) and not is_header(below[i + 1]):
            yield Section(titles, tuple(rows[:ROWS]), title)
            known.add(key)
            titles, rows, title, alone = tuple(cell.strip() for cell in row.cells), [], alone, ""
        elif len(row.filled) == 1 and not TOTAL.match(row.filled[0]):
            alone = row.filled[0]
        elif len(row.cells) == len(titles) and not are_types(row.cells) and not (row.filled and TOTAL.match(row.filled[0])):
            rows.append(row.cells)
    yield Section(titles, tuple(rows[:ROWS]), title)


def _alone(lines: Sequence[str], dialect: Dialect) -> str:
    """The line of one cell right above a header."""
    rows = list(split(lines, dialect))[-TITLE_REACH:]
    return next((row.filled[0] for row in reversed(rows) if len(row.filled) == 1), "")


def _of_elements(found: Probe) -> Section:
    from pipeline_perf.ingest.read.elements import first_elements

    elements = first_elements("\n".join(found.head), found.container, most=ROWS)
    titles = found.columns or ("???",)  # of HTML, no class is known to be a record's
    return Section(titles, tuple([element.values.get(path, "") for path in titles] for element in elements))


def _table(section: Section, number: int, *, several: bool, owned: bool, delimiter: str, examples: bool) -> list[str]:
    named = [title for title in section.titles if not re.fullmatch(r"column_\d+", title)]
    key = "header" if named else "columns"
    lines = [f"  - name: {'calls' if not number else f'table_{number + 1}'}"]
    lines.append(f"    {key}: [{', '.join(map(_quoted, (named if several else named[:8]) or section.titles))}]")
    if not named:
        lines.append(f"    record: {_quoted(_record(section, delimiter))}   # what every record's line matches, and no other line")
    if several and section.title and not re.search(r"\d", section.title):
        lines.append(f"    title: {_quoted('^' + re.escape(section.title).replace(chr(92) + ' ', ' '))}   # the line above the header")
    lines += ["    fields:", "      # the file's columns:"]
    for i, title in enumerate(section.titles):
        lines.append(f"      #   {_quoted(title)}{f': {_example(section.values(i))}' if examples else ''}")
    return lines + [f"      {line}" for line in _fields(section, owned=owned)]


def _record(section: Section, delimiter: str) -> str:
    """A regular expression of records without a header line: where their time begins, and how."""
    used = _started(section.columns)[1]
    if not used:
        return OPEN
    at = min(map(section.titles.index, used))
    mark = re.escape(delimiter)
    return "^" + (f"(?:[^{mark}]*{mark}){{{at}}}" if at else "") + '"?' + _beginning(section.values(at))


def _fields(section: Section, *, owned: bool) -> list[str]:
    columns = section.columns
    kind = next((name for name, pattern in TYPES.items() if says(pattern, section.title)), "call")
    types = _coded(columns, TYPES, "")
    by_hand = f"{{value: {kind}}}   # or by a column: {{column: Kind, map: {{VOICE: call, SMS: sms}}}}"
    started, used = _started(columns)
    lines = [f"event_type: {types or by_hand}", f"started_at: {started}"]
    parties = _parties({title: values for title, values in columns.items() if title not in used})
    used |= set(parties.values())
    duration = _duration({title: values for title, values in columns.items() if title not in used})
    charge = _charge({title: values for title, values in columns.items() if title not in used})
    if duration or kind == "call":
        unknown = f"{{column: '{OPEN}', form: seconds}}"
        lines.append(f"{'' if duration else '# '}duration_s: {duration or unknown}   # {FORMS}")
    ways = _coded({title: values for title, values in columns.items() if title not in used}, WAYS, DIRECTION)
    lines.append(f"direction: {ways}" if ways else f"# direction: {{column: '{OPEN}', map: {{IN: inbound, OUT: outbound}}}}")
    lines += [f"{field}: {_quoted(title)}" for field, title in parties.items()]
    if not parties:
        lines += [f"from_number: '{OPEN}'", f"to_number: '{OPEN}'"]
    elif "counterpart" in parties:
        lines.append("# counterpart is the called party of an outbound event, the caller of an inbound one; --subscriber tells the line")
    if owned and "subscriber_number" not in parties:
        lines.append("subscriber_number: {context: subscriber}")
    if charge:
        lines.append(f"charge: {charge}")
    return lines


def _started(columns: Mapping[str, Sequence[str]]) -> tuple[str, set[str]]:
    """The column, or the two, of the time, and its forms."""
    dates: list[tuple[str, list[str]]] = []
    clocks: list[tuple[str, str]] = []
    for title, values in _first(columns, DATE):
        if forms := _moments(values):
            return f"{{column: {_quoted(title)}, formats: [{', '.join(map(_quoted, forms))}]}}", {title}
        if forms := _reading(DATES, values):
            dates.append((title, forms))
        elif (forms := _reading(CLOCKS, values)) and not says(DURATION, title):
            clocks.append((title, forms[0]))
    clocks.sort(key=lambda found: not says(CLOCK, found[0]))
    if not dates or not clocks:
        return f"{{column: '{OPEN}', formats: ['%Y-%m-%d %H:%M:%S']}}", set()
    (date, forms), (clock, form) = dates[0], clocks[0]
    joined = ", ".join(_quoted(f"{one} {form}") for one in forms)
    return f"{{column: [{_quoted(date)}, {_quoted(clock)}], formats: [{joined}]}}", {date, clock}


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
    parts = [found.groups() for text in values if (found := DATE_AND_CLOCK.fullmatch(text))]
    if len(parts) < READABLE * len(values):
        return []
    mark = parts[0][1]
    clocks = _reading(CLOCKS, [clock for _, _, clock in parts])
    return [f"{date}{mark}{clocks[0]}" for date in _reading(DATES, [date for date, _, _ in parts]) if clocks]


def _reading(forms: Sequence[str], values: Sequence[str]) -> list[str]:
    """The forms that read most of the values; several where day and month can be either."""
    counts = {form: sum(_reads(form, text) for text in values) for form in forms}
    most = max(counts.values())
    return [form for form, count in counts.items() if count == most and most >= READABLE * len(values)]


def _reads(form: str, text: str) -> bool:
    try:
        moment = dt.datetime.strptime(text, form)
    except ValueError:
        return False
    # Without separators Python would take a digit less for some parts.
    compact = re.fullmatch("(?:%[A-Za-z])+", form) and text != moment.strftime(form)
    return not compact and (moment.year == NO_YEAR or EARLIEST <= moment.year <= LATEST)


def _parties(columns: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """Which columns hold telephone numbers, and of whom; the values decide, then the titles."""
    free = [title for title, values in columns.items() if sum(map(_is_number, values)) > 0.5 * len(values) and not _are_times(values)]
    found: dict[str, str] = {}
    for field, pattern in PARTIES.items():
        if field == "counterpart" and {"from_number", "to_number"} & set(found):
            continue
        title = next((title for title in free if says(pattern, title)), None)
        if title is not None:
            found[field] = title
            free.remove(title)
    if not found and len(free) == 1:
        return {"counterpart": free[0]}
    for field in ("from_number", "to_number"):
        if field not in found and "counterpart" not in found and free:
            found[field] = free.pop(0)
    return found


def _is_number(text: str) -> bool:
    digits = re.sub(r"[\s().+\-/]", "", text)
    return digits.isdigit() and 7 <= len(digits) <= 15


def _are_times(values: Sequence[str]) -> bool:
    """Whether most are dates or times: without what stands between their digits, 15/01/2024 could be a number, too."""
    return any(_reading(forms, values) for forms in (DATES, CLOCKS, MOMENTS))


def _duration(columns: Mapping[str, Sequence[str]]) -> str:
    for title, values in _first(columns, DURATION):
        if all(re.fullmatch(r"\d+:\d\d(?::\d\d)?", text) for text in values):
            return f"{{column: {_quoted(title)}, form: clock}}"
        if says(DURATION, title) and all(re.fullmatch(r"\d+(?:[.,]\d+)?", text) for text in values):
            form = "minutes, resolution: 60" if says("min", title) else "seconds"
            return f"{{column: {_quoted(title)}, form: {form}{_decimal(values)}}}"
    return ""


def _charge(columns: Mapping[str, Sequence[str]]) -> str:
    for title, values in columns.items():
        if says(CHARGE, title) and all(re.fullmatch(r"[-($€£ ]*\d[\d.,]*[)$€£ ]*", text) for text in values):
            return f"{{column: {_quoted(title)}{_decimal(values)}}}"
    return ""


def _decimal(values: Sequence[str]) -> str:
    """What a layout says of numbers with a decimal comma: one that does not stand before three digits, as between thousands."""
    return ", decimal: ','" if any(re.search(r",(?:\d{1,2}|\d{4,})\D*$|^\D*0,", text) for text in values) else ""


def _coded(columns: Mapping[str, Sequence[str]], meanings: Mapping[str, str], words: str) -> str:
    """The column of a few codes of which at least half say what is meant, sought first where the title has one of the words.

    The other codes are left open.
    """
    for title, values in _first(columns, words):
        codes = list(Counter(values))
        if len(codes) > CODES or any(re.search(r"\d\d", code) for code in codes):
            continue
        told = {code: next((name for name, p in meanings.items() if re.match(p, folded(code))), OPEN) for code in codes}
        if sum(value != OPEN for value in told.values()) >= max(1, len(codes) / 2):
            listed = ", ".join(f"{_quoted(code)}: {_quoted(value) if value == OPEN else value}" for code, value in told.items())
            return f"{{column: {_quoted(title)}, map: {{{listed}}}}}"
    return ""


# --------------------------------------------------------------------------- fixed positions


def _fixed(found: Probe, *, owned: bool, examples: bool) -> list[str]:
    """Columns between the positions where every record has a blank, below a ruler to correct them by."""
    lines = [line for line in found.head if line.strip()]
    records = _likely_records(lines, found.tail)[:ROWS]
    width = max(map(len, records), default=0)
    filled = [any(line[i : i + 1].strip() for line in records) for i in range(width)]
    starts = [i for i in range(width) if filled[i] and not (i and filled[i - 1])]
    slices = [(i, next((j for j in range(i, width) if not filled[j]), width)) for i in starts]
    codes = set(map(_code, records))
    if len(codes) <= CODES and len(lengths := set(map(len, codes))) == 1 and slices and slices[0][0] < (end := max(lengths)) < slices[0][1]:
        slices[:1] = [(0, end), (end, slices[0][1])]
    ruler = "".join(f"{i // 10:10}" for i in range(10, width + 1, 10)), ("1234567890" * (width // 10 + 1))[:width]
    named = [(f"column_{n}", first + 1, last) for n, (first, last) in enumerate(slices, 1)]
    drawn = [*(f"    # {line}" for line in ruler), *(f"    # {masked(shown(line))}" for line in records[:SHOWN])] if examples else []
    cells = tuple([line[first - 1 : last] for _, first, last in named] for line in records)
    section = Section(tuple(name for name, _, _ in named), cells)
    record = "^" + _beginning(records)
    furniture = [f"  - {_quoted(pattern)}" for pattern in _furniture(lines, record)]
    return [
        *(["furniture:   # how lines begin that are no records", *furniture] if furniture else []),
        "tables:",
        "  - name: calls",
        f"    record: {_quoted(record)}   # what every record's line begins with, and no other line",
        "    # first and last position of each column; name them, and cut where two touch:",
        *drawn,
        "    slices:",
        *(f"      {name}: [{first}, {last}]" for name, first, last in named),
        "    fields:",
        *(f"      {line}" for line in _fields(section, owned=owned)),
    ]


def _likely_records(lines: Sequence[str], tail: Sequence[str]) -> list[str]:
    """The lines that begin as those with most digits do; not those that begin as the first or last one, where that is of another form."""
    if not lines:
        return []
    digits = Counter[str]()
    for line in lines:
        digits[_shape(line[:CODE])] += 1 + sum(map(str.isdigit, line))
    alike = [line for line in lines if _shape(line[:CODE]) == digits.most_common(1)[0][0]]
    code = Counter(map(_code, alike)).most_common(1)[0][0]
    form = next(_shape(line) for line in alike if _code(line) == code)
    edges = {_code(line): line for line in (lines[0], next((line for line in reversed(tail) if line.strip()), lines[-1]))}
    others = {found for found, line in edges.items() if found != code and _likeness(_shape(line), form) < RECORD_LIKENESS}
    return [line for line in alike if _code(line) not in others]


def _code(line: str) -> str:
    """The letters that a line begins with, as far as they may be its record's code."""
    return re.match(r"[^\W\d_]*", line[:CODE])[0]  # type: ignore[index]  # it matches nothing, too


def _likeness(one: str, other: str) -> float:
    """The share of positions at which two lines have signs of the same kind."""
    return sum(a == b for a, b in zip(one, other, strict=False)) / max(len(one), len(other))


def _furniture(lines: Sequence[str], record: str) -> list[str]:
    """The first words of the lines that are no records, those that no record begins with."""
    records = [line for line in lines if re.search(record, line)]
    found: dict[str, None] = {}
    for line in lines:
        if line not in records and (word := re.match(r"\s*([^\W\d]+|[^\w\s])", line)):
            ends = word[1][0].isalpha() and not re.match(r"\w", line[word.end() :])
            found[rf"^\s*{re.escape(word[1])}" + (r"\b" if ends else "")] = None
    return [pattern for pattern in found if not any(re.search(pattern, line) for line in records)]


def _shape(text: str) -> str:
    return re.sub(r"[^\W\d_]", "a", re.sub(r"\d", "9", text))


def _beginning(records: Sequence[str]) -> str:
    """A regular expression of what all records begin with, up to the second blank; letters that come again and again are a code's."""
    found = ""
    for at, signs in enumerate(zip(*records, strict=False)):
        shapes = set(map(_shape, signs))
        if len(shapes) > 1 or found.count(" ") > 1:
            break
        same = len(set(signs)) == 1 and not signs[0].isdigit()
        letters = Counter(signs)
        coded = at < CODE and shapes == {"a"} and len(letters) <= CODES and min(letters.values()) >= SEEN
        any_letter = f"[{''.join(sorted(letters))}]" if coded else "[A-Za-z]"
        found += re.escape(signs[0]).replace("\\ ", " ") if same else r"\d" if shapes == {"9"} else any_letter
    return re.sub(r"(\\d|\[A-Za-z\])\1+", lambda run: f"{run[1]}{{{len(run[0]) // len(run[1])}}}", found)
