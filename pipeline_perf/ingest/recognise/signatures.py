"""Which layout a probed file is written in: signatures and header titles, no model.

A file that matches nothing is asked about (NeedsMapping), never guessed.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from pipeline_perf.ingest.errors import NeedsMapping, UnreadableFile
from pipeline_perf.ingest.layout.load import built_in
from pipeline_perf.ingest.layout.match import Header, Match, matching_table, picked, value_of
from pipeline_perf.ingest.layout.model import Layout, Table, title_key
from pipeline_perf.ingest.probe.dialect import split_line
from pipeline_perf.ingest.probe.fixed_width import cut, is_fixed
from pipeline_perf.ingest.probe.probe import Probe
from pipeline_perf.ingest.probe.structure import are_types

#: Share of a head's lines that must look like records of a layout without header line.
RECORD_SHARE = 0.8

#: The same where no layout has that share: records of several releases of one switch stand in one
#: file. Those that the layout does not know go to quarantine.
MIXED_SHARE = 0.5

#: A file without records has this many lines at most: in a longer one, what looks like headers and
#: trailers is something else.
NO_RECORDS = 8

#: Share of a table's titles from which a file is said to be nearly of that layout.
NEARLY = 0.65


@dataclass(frozen=True)
class Fit:
    """How near a file comes to a layout."""

    layout: Layout
    lacking: str  # why it does not fit; empty where it does
    nearness: float  # share of what the layout asks for that is there


def recognise(probe: Probe, layouts: Iterable[Layout]) -> Match:
    """Match the evidence on a file against the layouts.

    Raises NeedsMapping, which names the columns of a file that no layout knows, or UnreadableFile
    when there is no table in the file at all.
    """
    layouts = list(layouts)
    name = probe.content.name
    if matches := _matches(probe, layouts) or _matches(probe, layouts, MIXED_SHARE):
        shipped = built_in()
        # A user's own layout that fits wins, though a shipped one may know more of the columns.
        best = max(matches, key=lambda m: (m.layout is not shipped.get(m.layout.id), m.score))
        if best.layout.no_records:
            raise UnreadableFile(f"{best.layout.title}: {best.layout.no_records}", file=name)
        return replace(best, context=_from_name(best.layout, probe))
    if probe.holds == "pages":
        first = next((line.strip() for line in probe.head if line.strip()), "")
        raise NeedsMapping(
            f"no layout knows this PDF (it begins {first[:60]!r})",
            "describe it in a layout with a grid",
            file=name,
        )
    if probe.holds == "elements" and not probe.columns:
        raise UnreadableFile(
            f"{probe.container.upper()}, but no whole record stands in its first 64 KiB",
            "check whether it is a record file",
            file=name,
        )
    if len(probe.columns) < 2:
        columns = cut(probe.head, probe.tail)
        if is_fixed(columns):
            places = ", ".join(f"{first}-{last}" for first, last in columns.places[:12])
            raise NeedsMapping(
                f"no layout knows these records of fixed width; their columns seem to stand at"
                f" {places}{', …' if len(columns.places) > 12 else ''}",
                "complete the suggested layout (`pipeline-perf layouts draft` adds a ruler) and put"
                " it into your layouts folder",
                file=name,
            )
        raise UnreadableFile(
            "no table found: no delimiter splits its lines alike and no fixed-width layout fits. Is"
            " it a record file?",
            "if its columns stand at fixed positions, `pipeline-perf layouts draft` begins a layout"
            " for it",
            file=name,
        )
    shown = ", ".join(probe.columns[:12]) + (", …" if len(probe.columns) > 12 else "")
    nearest, hint = fits(probe, layouts)[0], ""
    if nearest.nearness >= NEARLY:
        hint = f"; they are nearly those of layout {nearest.layout.id}, but {nearest.lacking}"
    raise NeedsMapping(
        f"no layout knows these {len(probe.columns)} columns: {shown}{hint}",
        "complete the suggested layout (`pipeline-perf layouts draft` adds examples) and put it"
        " into your layouts folder",
        file=name,
    )


def carrier_of(match: Match, probe: Probe) -> str:
    """The layout's carrier; `@name` takes it from the context value of that name in the file's
    head.
    """
    carrier = match.layout.carrier
    if not carrier.startswith("@"):
        return carrier
    for pattern in match.layout.context.get(carrier[1:], ()):
        for line in probe.head:
            if (stated := picked(pattern, line)) is not None:
                return stated.lower()
    return "unknown"


def fits(probe: Probe, layouts: Iterable[Layout]) -> list[Fit]:
    """For each layout whether the file fits it and, if not, what is lacking; the nearest first."""
    layouts = list(layouts)
    least = RECORD_SHARE if _matches(probe, layouts) else MIXED_SHARE
    judged = [
        Fit(layout, "", 1.0)
        if _matches(probe, [layout], least)
        else Fit(layout, *_lacking(probe, layout))
        for layout in layouts
    ]
    return sorted(judged, key=lambda fit: (bool(fit.lacking), -fit.nearness, fit.layout.id))


def _matches(probe: Probe, layouts: Iterable[Layout], least: float = RECORD_SHARE) -> list[Match]:
    """The layouts that a file is written in; `least` is the share of its lines that must look
    like records, where no header line tells it.
    """
    text = "\n".join(probe.head)
    signed = [layout for layout in layouts if _signed(layout, text)]
    if probe.holds == "pages":
        return [Match(lay) for lay in signed if lay.grid and re.search(lay.grid.document, text)]
    if probe.holds == "elements":
        own = [layout for layout in signed if layout.container == probe.container]
        return [match for layout in own for match in _of_elements(probe, layout)]
    keys = [title_key(line) for line in probe.head]
    matches: list[Match] = []
    for layout in signed:
        if layout.container == "delimited":
            matches += _delimited(probe, layout, keys, least)
        elif layout.container == "fixed" and _share(probe, layout, least) >= least:
            matches.append(Match(layout))
    return matches


def _of_elements(probe: Probe, layout: Layout) -> Iterator[Match]:
    for element in probe.elements(layout.records):
        keys = {title_key(path) for path in element.values}
        table = matching_table(layout, keys, None)
        if table is not None:
            yield Match(layout, score=_score(table, keys))
            return


# ------------------------- what is lacking


def _lacking(probe: Probe, layout: Layout) -> tuple[str, float]:
    """What of a layout that does not fit is missing, and the share of it that is there."""
    if (layout.container == "pdf") != (probe.holds == "pages"):
        return ("the file is a PDF" if probe.holds == "pages" else "the file is no PDF"), 0.0
    lines = layout.container in ("delimited", "fixed")
    if probe.holds == "lines" and not lines:
        return "the file is lines of text", 0.0
    if probe.holds == "elements" and layout.container != probe.container:
        return f"the file is {probe.container.upper()}", 0.0
    text = "\n".join(probe.head)
    if layout.grid and not re.search(layout.grid.document, text):
        return f"its mark {layout.grid.document} is not on the first pages", 0.0
    unsigned = [
        pattern for pattern in layout.signature if not re.search(pattern, text, re.MULTILINE)
    ]
    if unsigned:
        return f"its signature {unsigned[0]} is not in the file's head", 0.0
    candidates = [("no line looks like one of its headers", 0.0)]
    if layout.container == "delimited":
        candidates += [_lacking_titles(probe, layout, t) for t in layout.tables if t.header]
    if layout.container == "fixed" or any(t.columns for t in layout.tables):
        share = _share(probe, layout)
        candidates.append((f"only {share:.0%} of the first lines look like its records", share))
    return max(candidates, key=lambda candidate: candidate[1])


def _lacking_titles(probe: Probe, layout: Layout, table: Table) -> tuple[str, float]:
    """Titles of a table that the line nearest to its header lacks, and the share of them that it
    has.
    """
    headers = [probe.titles]
    for delimiter in dict.fromkeys((layout.delimiter, probe.delimiter or layout.delimiter)):
        headers += [tuple(split_line(line, delimiter, layout.quote)) for line in probe.head]
    best: tuple[str, float] = ("no line has a title of its header", 0.0)
    for header in headers:
        keys = {title_key(title) for title in header}
        missing = [title for title in table.header if title_key(title) not in keys]
        nearness = 1 - len(missing) / len(table.header)
        if nearness > best[1]:
            surplus = [title for title in table.absent if title_key(title) in keys]
            verb, titles = ("lacks", missing) if missing else ("also has", surplus)
            best = (f"the header {verb} {', '.join(map(repr, titles))}", nearness)
    return best


# ------------------------- signatures, headers, records


def _signed(layout: Layout, text: str) -> bool:
    return all(re.search(pattern, text, re.MULTILINE) for pattern in layout.signature)


def _delimited(probe: Probe, layout: Layout, keys: Sequence[str], least: float) -> Iterator[Match]:
    """The ways in which a file's cells can be those of the layout.

    `keys` are the head's lines as title keys: few lines hold all of a header's titles, and only
    those are split.
    """
    wanted = [
        [title_key(title) for title in table.header] for table in layout.tables if table.header
    ]
    lines = [
        line
        for line, key in zip(probe.head, keys, strict=True)
        if any(all(title in key for title in titles) for titles in wanted)
    ]
    headless = next((t for t in layout.tables if t.columns), None)
    if headless is not None and _share(probe, layout, least) < least:
        headless = None
    for delimiter in dict.fromkeys((layout.delimiter, probe.delimiter or layout.delimiter)):
        match = _as_probed(probe, layout, delimiter)
        headers = [_cells(line, match) for line in lines if delimiter in line]
        matched = [(header, _header_score(layout, header)) for header in headers]
        scores = [score for _, score in matched if score]
        widths = {len(header) for header, score in matched if score}
        width = _width(probe, headless, match) if headless else None
        if width:
            widths.add(width)
        if widths:
            yield replace(
                match,
                score=max(scores, default=1.0),
                width=width,
                widths=tuple(sorted(widths)),
            )
        elif delimiter == probe.delimiter and (score := _header_score(layout, probe.titles)):
            # Titles on two lines, or with line ends in them, are seen by the probe alone.
            header = Header(probe.preamble_lines, probe.header_lines, probe.titles)
            yield replace(match, score=score, header=header, widths=(len(probe.titles),))


def _as_probed(probe: Probe, layout: Layout, delimiter: str) -> Match:
    """The layout with quote and escape as the probe found them.

    A layout that knows no quotes is believed; where the probe saw none, the layout's may still
    come.
    """
    if delimiter != probe.delimiter:
        return Match(layout, delimiter, layout.quote)
    quote = layout.quote and (probe.quote or layout.quote)
    return Match(layout, delimiter, quote, probe.escape if quote or not probe.quote else None)


def _cells(line: str, match: Match) -> list[str]:
    return split_line(line, match.delimiter, match.quote, match.escape)


def _header_score(layout: Layout, titles: Sequence[str]) -> float:
    """How well titles are explained by the table that they announce; 0 if they announce none."""
    keys = {title_key(title) for title in titles}
    table = matching_table(layout, keys, None)
    return _score(table, keys) if table is not None else 0.0


def _width(probe: Probe, headless: Table, match: Match) -> int | None:
    """How many fields most records have: releases of one switch differ in how many they append."""
    records = [line for line in probe.head if re.search(headless.record or "", line)]
    widths = Counter(len(_cells(line, match)) for line in records)
    return max(widths, key=lambda width: (widths[width], width), default=None)


def _score(table: Table, keys: set[str]) -> float:
    """How much of the file's header the table explains: the more of its titles are known, the
    better.
    """
    known = {title_key(h) for h in table.header}
    for alternatives in table.fields.values():
        known.update(title_key(c) for f in alternatives for c in f.column)
    return len(known & keys) + len(known & keys) / max(1, len(keys))


def _share(probe: Probe, layout: Layout, least: float = 0.0) -> float:
    """Share of the head's lines that are records, among those that are not known to be anything
    else; 0 if it is under `least`.
    """
    patterns = [t.record for t in layout.tables if t.record]
    known = [
        *layout.furniture,
        *(c.record for c in layout.controls),
        *(p for group in layout.context.values() for p in group),
    ]
    hits = misses = 0
    head = probe.head
    if head and are_types(split_line(head[0], probe.delimiter or layout.delimiter, layout.quote)):
        head = head[1:]
    for line in head:
        if any(re.search(p, line) for p in patterns) and not any(re.search(p, line) for p in known):
            hits += 1
        elif line.strip(" \t\x00\x1a\x0c") and not any(re.search(p, line) for p in known):
            misses += 1
            if len(head) - misses < least * len(head):
                return 0.0
    if not hits and not misses:
        # a file that holds nothing but header and trailer records is one of the layout, too
        return 1.0 if layout.signature and 0 < len(head) <= NO_RECORDS else 0.0
    return hits / (hits + misses)


def _from_name(layout: Layout, probe: Probe) -> dict[str, str]:
    """The context values that the file's name tells.

    One that it tells twice, and differently, is not known.
    """
    stem = probe.source.member or probe.source.path.name
    values = {}
    for name, pattern in layout.file_name.items():
        told = list(dict.fromkeys(_told(pattern, stem)))
        if len(told) == 1:
            values[name] = told[0]
        elif told and name == "period":  # no date: who needs it is told both
            values[name] = " or ".join(told)
    return values


def _told(pattern: str, stem: str) -> Iterable[str]:
    """All that a pattern finds in a name; the character between two finds may belong to both."""
    at, sought = 0, re.compile(pattern)
    while at <= len(stem) and (match := sought.search(stem, at)):
        yield value_of(match)
        at = max(match.end() - 1, at + 1)
