"""A layout to complete: what a file's titles and values show of its columns' meaning, written as
YAML with comments.

A proposal for a person, never used to read a file. What the file is, the probe has found; what a
layout may say, `layout.model` knows.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

from pipeline_perf.ingest.layout.patterns import OPEN
from pipeline_perf.ingest.mapping.amounts import charge_of, duration_of
from pipeline_perf.ingest.mapping.codes import coded_column, mapped
from pipeline_perf.ingest.mapping.fixed_width import beginning_of, furniture_of
from pipeline_perf.ingest.mapping.moments import is_american, start_of
from pipeline_perf.ingest.mapping.parties import parties_of, region_of
from pipeline_perf.ingest.mapping.preamble import subscriber, zone_told
from pipeline_perf.ingest.mapping.sections import SHOWN, Section, of_elements, sections_of
from pipeline_perf.ingest.mapping.words import DIRECTION, TYPE, TYPES, WAYS, quoted, says
from pipeline_perf.ingest.probe.fixed_width import Cut, cut, likely_records
from pipeline_perf.ingest.probe.probe import Probe
from pipeline_perf.ingest.probe.structure import TOTAL
from pipeline_perf.privacy import masked, masked_in_place, numbers, shown

FORMS = (
    "seconds, minutes, clock (M:S, H:M:S), minute_clock (M:S), hour_clock (H:M), hhmmss, tenths,"
    " words (1h 2m 3s), iso (PT1H2M3S)"
)


def draft(probe: Probe, *, examples: bool = False) -> str:
    """A layout for the user to complete: the columns are there, their meaning is guessed at or
    left open.

    `examples`: with some of the file's own values, numbers masked; not for logs, as they may be
    names.
    """
    structured = probe.holds == "elements"
    fixed = not structured and len(probe.columns) < 2
    columns = cut(probe.head, probe.tail) if fixed else None
    if columns:
        sections = [_section(columns)]
    else:
        sections = [of_elements(probe)] if structured else list(sections_of(probe))
    container = "fixed" if fixed else probe.container if structured else "delimited"
    lines = [
        "id: my_layout          # a name of your own; the file is named after it",
        "carrier: my_carrier",
        "title: One line about the file",
        "source: Where its columns are described",
        f"container: {container}",
    ]
    if container == "delimited" and probe.delimiter != ",":
        lines.append(f"delimiter: {json.dumps(probe.delimiter)}")
    if container == "html":
        lines.append(
            "records: '???'         # the classes of the elements that are records, `a|b`; their"
            " values are named by classes, too"
        )
    above = _above(probe, fixed=fixed)
    at, zone = zone_told(above)
    written = quoted(zone) if zone == OPEN else zone or "local"
    lines.append(f"zone: {written:16} # UTC, local (--zone tells it), or an IANA name")
    if at is not None and zone in ("", OPEN):
        told = f": {masked(shown(above[at].strip(f' {probe.delimiter}')))}" if examples else ""
        lines.append(
            f"# line {at + 1} of the file speaks of a time zone{told}; write it as UTC or a name"
            " such as America/New_York"
        )
    region = _region(sections, above)
    lines.append(
        f"region: {region}             # in whose notation numbers are written; ZZ: not known,"
        " those without a + stay as they are"
    )
    totals = [line for line in (*probe.head, *probe.tail) if TOTAL.match(line)]
    if totals and container == "delimited":
        lines.append(
            r"furniture: ['(?i)^\W*(?:(?:sub|grand)[- ]?)?total']   # lines that are no records"
        )
    owner = subscriber(above, probe.delimiter or "\t", names=examples)
    if owner:
        lines += [
            "context:               # what lines above the table tell",
            f"  subscriber: [{quoted(owner)}]   # whose line it is",
        ]
    lines.append("tables:")
    if columns:
        lines[-1:] = _fixed(probe, columns, owned=bool(owner), examples=examples)
    for i, section in enumerate(() if columns else sections):
        mark = probe.delimiter or ","
        lines += _table(
            section,
            i,
            several=len(sections) > 1,
            owned=bool(owner),
            delimiter=mark,
            examples=examples,
        )
    return "\n".join(lines) + "\n"


def _region(sections: Sequence[Section], above: Sequence[str]) -> str:
    """The notation of all numbers that the tables and the lines above them show."""
    written = [line[first:last] for line in above for first, last in numbers(line)]
    american = True
    for section in sections:
        started, used = start_of(section.columns)
        american = american and is_american(started)
        columns = {title: values for title, values in section.columns.items() if title not in used}
        parties, unsure = parties_of(columns, (), {})
        for title in {*parties.values(), *unsure}:
            written += columns[title]
    return region_of(written, american=american)


def _above(probe: Probe, *, fixed: bool) -> Sequence[str]:
    """The lines above the first record or header."""
    if not fixed:
        return probe.head[: probe.preamble_lines]
    records = likely_records([line for line in probe.head if line.strip()], probe.tail)
    return probe.head[: probe.head.index(records[0])] if records else ()


def _example(values: Sequence[str]) -> str:
    """Some values as they may be shown: numbers masked, on one line."""
    distinct = list(dict.fromkeys(values))[:SHOWN]
    return ", ".join(masked(shown(text))[:40] for text in distinct)


def _table(
    section: Section, number: int, *, several: bool, owned: bool, delimiter: str, examples: bool
) -> list[str]:
    named = [title for title in section.titles if not re.fullmatch(r"column_\d+", title)]
    key = "header" if named else "columns"
    lines = [f"  - name: {'calls' if not number else f'table_{number + 1}'}"]
    lines.append(
        f"    {key}:"
        f" [{', '.join(map(quoted, (named if several else named[:8]) or section.titles))}]"
    )
    if not named:
        lines.append(
            f"    record: {quoted(_record(section, delimiter))}   # what every record's line"
            " matches, and no other line"
        )
    if several and section.title and not re.search(r"\d", section.title):
        lines.append(
            f"    title: {quoted('^' + re.escape(section.title).replace(chr(92) + ' ', ' '))}   #"
            " the line above the header"
        )
    lines += ["    fields:", "      # the file's columns:"]
    for i, title in enumerate(section.titles):
        lines.append(
            f"      #   {quoted(title)}{f': {_example(section.values(i))}' if examples else ''}"
        )
    return lines + [f"      {line}" for line in _fields(section, owned=owned)]


def _record(section: Section, delimiter: str) -> str:
    """A regular expression of records without a header line: where their time begins, and how."""
    used = start_of(section.columns)[1]
    if not used:
        return OPEN
    at = min(map(section.titles.index, used))
    mark = re.escape(delimiter)
    return (
        "^"
        + (f"(?:[^{mark}]*{mark}){{{at}}}" if at else "")
        + '"?'
        + beginning_of(section.values(at))
    )


def _fields(section: Section, *, owned: bool) -> list[str]:
    columns = section.columns
    started, used = start_of(columns)
    free = {title: values for title, values in columns.items() if title not in used}
    ways = coded_column(free, WAYS, DIRECTION)
    types = coded_column(free, TYPES, TYPE)
    parties, unsure = parties_of(free, section.records, ways)
    used |= {*parties.values(), *unsure}
    free = {title: values for title, values in columns.items() if title not in used}
    duration, charge = duration_of(free), charge_of(free)
    kind = next((name for name, pattern in TYPES.items() if says(pattern, section.title)), "call")
    if not types or (OPEN in next(iter(types.values())).values() and types.keys() <= ways.keys()):
        types_line = f"{{value: {kind}}}   # or by a column: {{column: Kind, map: {{VOICE: call}}}}"
    else:
        types_line = mapped(types)
    lines = [f"event_type: {types_line}", f"started_at: {started}"]
    if duration or kind == "call":
        unknown = f"{{column: '{OPEN}', form: seconds}}"
        lines.append(f"{'' if duration else '# '}duration_s: {duration or unknown}   # {FORMS}")
    if ways:
        lines.append(f"direction: {mapped(ways)}")
    elif "counterpart" in parties:
        lines.append(
            f"direction: {{value: '{OPEN}'}}   # nothing tells which way calls went; outbound where"
            " the file lists calls made only, or {column: Way, map: {IN: inbound, OUT: outbound}}"
        )
    else:
        lines.append(f"# direction: {{column: '{OPEN}', map: {{IN: inbound, OUT: outbound}}}}")
    lines += [f"{field}: {quoted(title)}" for field, title in parties.items()]
    if not parties:
        among = f"   # one of {', '.join(map(quoted, unsure))}" if unsure else ""
        lines += [f"{field}: '{OPEN}'{among}" for field in ("from_number", "to_number")]
    elif "counterpart" in parties:
        lines.append(
            "# counterpart is the called party of an outbound event, the caller of an inbound one;"
            " --subscriber tells the line"
        )
    if owned and "subscriber_number" not in parties:
        lines.append("subscriber_number: {context: subscriber}")
    if charge:
        lines.append(f"charge: {charge}")
    return lines


# --------------------------------------------------------------------------- fixed positions


def _section(columns: Cut) -> Section:
    cells = tuple(
        [line[first - 1 : last] for first, last in columns.places] for line in columns.records
    )
    return Section(tuple(f"column_{n}" for n in range(1, len(columns.places) + 1)), cells)


def _fixed(probe: Probe, columns: Cut, *, owned: bool, examples: bool) -> list[str]:
    """The columns below a ruler to correct them by."""
    width = max(map(len, columns.records), default=0)
    ruler = (
        "".join(f"{i // 10:10}" for i in range(10, width + 1, 10)),
        ("1234567890" * (width // 10 + 1))[:width],
    )
    drawn = (
        [
            *(f"    # {line}" for line in ruler),
            *(f"    # {masked_in_place(shown(line))}" for line in columns.records[:SHOWN]),
        ]
        if examples
        else []
    )
    record = "^" + beginning_of(columns.records)
    lines = [line for line in probe.head if line.strip()]
    furniture = [f"  - {quoted(pattern)}" for pattern in furniture_of(lines, record)]
    return [
        *(["furniture:   # how lines begin that are no records", *furniture] if furniture else []),
        "tables:",
        "  - name: calls",
        f"    record: {quoted(record)}   # what every record's line begins with, and no other line",
        "    # first and last position of each column; name them, and cut where two touch:",
        *drawn,
        "    slices:",
        *(
            f"      column_{n}: [{first}, {last}]"
            for n, (first, last) in enumerate(columns.places, 1)
        ),
        "    fields:",
        *(f"      {line}" for line in _fields(_section(columns), owned=owned)),
    ]
