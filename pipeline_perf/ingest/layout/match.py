"""A layout as one file follows it, and the table that a header line announces."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from pipeline_perf.ingest.layout.model import Layout, Table, title_key


@dataclass(frozen=True)
class Header:
    """A header that no single line shows: its first line, counted from 0, its lines, its titles."""

    line: int
    lines: int
    titles: tuple[str, ...]


@dataclass(frozen=True)
class Match:
    """A layout, with what of it this file does its own way."""

    layout: Layout
    delimiter: str = ","
    quote: str | None = None
    escape: str | None = None  # None: a quote within quotes is doubled
    score: float = 1.0
    # known before the first line: from the file's name
    context: Mapping[str, str] = field(default_factory=dict)
    # fields of a record, where the file has no header line
    width: int | None = None
    # fields of a whole record: as many as any header of the file's head has titles, or `width`
    widths: tuple[int, ...] = ()
    header: Header | None = None


def matching_table(layout: Layout, keys: set[str], title: str | None) -> Table | None:
    """The table of the layout whose header these column keys are.

    Where the sections of a file announce themselves by a title line, the title above decides
    between tables that the header alone cannot tell apart.
    """
    fitting = [
        t
        for t in layout.tables
        if t.header
        and all(title_key(h) in keys for h in t.header)
        and not any(title_key(a) in keys for a in t.absent)
    ]
    named = [t for t in fitting if title and t.title and re.search(t.title, title)]
    return max(named or fitting, key=lambda t: len(t.header), default=None)
