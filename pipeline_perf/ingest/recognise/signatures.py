"""Which layout a probed file is written in: signatures and header titles, no model.

A file that matches nothing is asked about (NeedsMapping), never guessed.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from pipeline_perf.ingest.errors import NeedsMapping, UnreadableFile
from pipeline_perf.ingest.layout.load import built_in
from pipeline_perf.ingest.layout.match import Match, matching_table
from pipeline_perf.ingest.layout.model import Layout, Table, title_key
from pipeline_perf.ingest.probe.dialect import split_line
from pipeline_perf.ingest.probe.probe import STRUCTURED, Probe


def carrier_of(match: Match, found: Probe) -> str:
    """The layout's carrier; `@name` takes it from the context value of that name in the file's
    head.
    """
    carrier = match.layout.carrier
    if not carrier.startswith("@"):
        return carrier
    for pattern in match.layout.context.get(carrier[1:], ()):
        for line in found.head:
            if stated := re.search(pattern, line):
                return "".join(g for g in stated.groups() if g).lower()
    return "unknown"


#: Share of a head's lines that must look like records of a layout without header line.
RECORD_SHARE = 0.8

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


def recognise(probe: Probe, layouts: Iterable[Layout], head_text: str | None = None) -> Match:
    """Match a file against the layouts.

    `head_text` is the text of a PDF's first pages. Raises NeedsMapping, which names the columns of
    a file that no layout knows, or UnreadableFile when there is no table in the file at all.
    """
    layouts = list(layouts)
    name = probe.source.name
    found = _matches(probe, layouts, head_text)
    if found:
        shipped = built_in()
        # A user's own layout that fits wins, though a shipped one may know more of the columns.
        best = max(found, key=lambda m: (m.layout is not shipped.get(m.layout.id), m.score))
        if best.layout.no_records:
            raise UnreadableFile(f"{name}: {best.layout.title}: {best.layout.no_records}")
        return replace(best, context=_from_name(best.layout, probe))
    if head_text is not None:
        first = next((line.strip() for line in head_text.splitlines() if line.strip()), "")
        raise NeedsMapping(
            f"{name}: no layout knows this PDF (it begins {first[:60]!r}); describe it in a layout"
            " with a grid"
        )
    if probe.container in STRUCTURED and not probe.columns:
        raise UnreadableFile(
            f"{name}: {probe.container.upper()}, but no whole record stands in its first 64 KiB. Is"
            " it a record file?"
        )
    if len(probe.columns) < 2:
        raise UnreadableFile(
            f"{name}: no table found: no delimiter splits its lines alike and no fixed-width layout"
            " fits. Is it a record file? If its columns stand at fixed positions, `pipeline-perf"
            " layouts draft` begins a layout for it"
        )
    shown = ", ".join(probe.columns[:12]) + (", …" if len(probe.columns) > 12 else "")
    nearest = fits(probe, layouts)[0]
    hint = (
        f"They are nearly those of layout {nearest.layout.id}, but {nearest.lacking}. "
        if nearest.nearness >= NEARLY
        else ""
    )
    raise NeedsMapping(
        f"{name}: no layout knows these {len(probe.columns)} columns: {shown}. {hint}Complete the"
        " suggested layout (`pipeline-perf layouts draft` adds examples) and put it into your"
        " layouts folder",
    )


def _matches(probe: Probe, layouts: Iterable[Layout], head_text: str | None) -> list[Match]:
    if head_text is not None:
        return [
            Match(lay)
            for lay in layouts
            if lay.grid and re.search(lay.grid.document, head_text) and _signed(lay, head_text)
        ]
    found: list[Match] = []
    text = "\n".join(probe.head)
    keys = [title_key(line) for line in probe.head]
    if probe.container in STRUCTURED:
        return [
            match
            for layout in layouts
            if layout.container == probe.container
            for match in _structured(probe, layout, text)
        ]
    for layout in layouts:
        if layout.container == "delimited":
            found += _delimited(probe, layout, text, keys)
        elif (
            layout.container == "fixed"
            and _signed(layout, text)
            and _share(probe, layout, RECORD_SHARE) >= RECORD_SHARE
        ):
            found.append(Match(layout))
    return found


def _structured(probe: Probe, layout: Layout, text: str) -> Iterable[Match]:
    from pipeline_perf.ingest.container.elements import first_elements

    if not _signed(layout, text):
        return
    for element in first_elements(text, probe.container, layout.records):
        keys = {title_key(path) for path in element.values}
        table = matching_table(layout, keys, None)
        if table is not None:
            yield Match(layout, score=_score(table, keys))
            return


def fits(probe: Probe, layouts: Iterable[Layout], head_text: str | None = None) -> list[Fit]:
    """For each layout whether the file fits it and, if not, what is lacking; the nearest first.

    `head_text` is the text of a PDF's first pages.
    """
    found = []
    for layout in layouts:
        if _matches(probe, [layout], head_text):
            found.append(Fit(layout, "", 1.0))
        else:
            found.append(Fit(layout, *_lacking(probe, layout, head_text)))
    return sorted(found, key=lambda fit: (bool(fit.lacking), -fit.nearness, fit.layout.id))


def _lacking(probe: Probe, layout: Layout, head_text: str | None) -> tuple[str, float]:
    """What of a layout that does not fit is missing, and the share of it that is there."""
    if (layout.container == "pdf") != (head_text is not None):
        return ("the file is a PDF" if head_text is not None else "the file is no PDF"), 0.0
    kind = probe.container if probe.container in STRUCTURED else "lines of text"
    if (
        head_text is None
        and (layout.container if layout.container in STRUCTURED else "lines of text") != kind
    ):
        return f"the file is {kind.upper() if kind in STRUCTURED else kind}", 0.0
    text = "\n".join(probe.head) if head_text is None else head_text
    if layout.grid and not re.search(layout.grid.document, text):
        return f"its mark {layout.grid.document} is not on the first pages", 0.0
    unsigned = [
        pattern for pattern in layout.signature if not re.search(pattern, text, re.MULTILINE)
    ]
    if unsigned:
        return f"its signature {unsigned[0]} is not in the file's head", 0.0
    nearest = ("no line looks like one of its headers", 0.0)
    for table in layout.tables:
        if table.header and layout.container == "delimited":
            nearest = max(
                nearest, _lacking_titles(probe, layout, table), key=lambda found: found[1]
            )
    if layout.container == "fixed" or any(t.columns for t in layout.tables):
        share = _share(probe, layout)
        nearest = max(
            nearest,
            (f"only {share:.0%} of the first lines look like its records", share),
            key=lambda found: found[1],
        )
    return nearest


def _lacking_titles(probe: Probe, layout: Layout, table: Table) -> tuple[str, float]:
    """Titles of a table that the line nearest to its header lacks, and the share of them that it
    has.
    """
    best: tuple[str, float] = ("no line has a title of its header", 0.0)
    for delimiter in dict.fromkeys((layout.delimiter, probe.delimiter or layout.delimiter)):
        for line in probe.head:
            keys = {title_key(t) for t in split_line(line, delimiter, layout.quote)}
            missing = [title for title in table.header if title_key(title) not in keys]
            nearness = 1 - len(missing) / len(table.header)
            if nearness > best[1]:
                surplus = [title for title in table.absent if title_key(title) in keys]
                verb, titles = ("lacks", missing) if missing else ("also has", surplus)
                best = (f"the header {verb} {', '.join(map(repr, titles))}", nearness)
    return best


def _signed(layout: Layout, text: str) -> bool:
    return all(re.search(pattern, text, re.MULTILINE) for pattern in layout.signature)


def _delimited(probe: Probe, layout: Layout, text: str, keys: Sequence[str]) -> Iterable[Match]:
    """`keys` are the head's lines as title keys: few lines hold all of a header's titles, and
    only those are split.
    """
    if not _signed(layout, text):
        return
    wanted = [
        [title_key(title) for title in table.header] for table in layout.tables if table.header
    ]
    lines = [
        i
        for i, key in enumerate(keys)
        if any(all(title in key for title in titles) for titles in wanted)
    ]
    headless = next((t for t in layout.tables if t.columns), None)
    if not lines and headless is None:
        return
    fitting = headless is not None and _share(probe, layout, RECORD_SHARE) >= RECORD_SHARE
    for delimiter in dict.fromkeys((layout.delimiter, probe.delimiter or layout.delimiter)):
        best, widths = 0.0, set()
        for i in lines:
            if delimiter not in probe.head[i]:
                continue
            titles = split_line(probe.head[i], delimiter, layout.quote)
            found = {title_key(t) for t in titles}
            table = matching_table(layout, found, None)
            if table is not None:
                widths.add(len(titles))
                best = max(best, _score(table, found))
        width = _width(probe, headless, delimiter, layout.quote) if headless and fitting else None
        if width:
            widths.add(width)
        if widths:
            yield Match(
                layout,
                delimiter,
                layout.quote,
                best or 1.0,
                width=width,
                widths=tuple(sorted(widths)),
            )


def _width(probe: Probe, headless: Table, delimiter: str, quote: str | None) -> int | None:
    """How many fields most records have: releases of one switch differ in how many they append."""
    records = [line for line in probe.head if re.search(headless.record or "", line)]
    widths = Counter(len(split_line(line, delimiter, quote)) for line in records)
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
    for line in probe.head:
        if any(re.search(p, line) for p in patterns) and not any(re.search(p, line) for p in known):
            hits += 1
        elif line.strip(" \t\x00\x1a\x0c") and not any(re.search(p, line) for p in known):
            misses += 1
            if len(probe.head) - misses < least * len(probe.head):
                return 0.0
    if not hits and not misses:
        # a file that holds nothing but header and trailer records is one of the layout, too
        return 1.0 if layout.signature and 0 < len(probe.head) <= NO_RECORDS else 0.0
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
    while found := sought.search(stem, at):
        yield "".join(g for g in found.groups() if g) or found.group()
        at = max(found.end() - 1, at + 1)
