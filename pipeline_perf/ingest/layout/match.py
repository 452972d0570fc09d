"""A layout as one file follows it, the table that a header line announces, and the values that
the layout's patterns pick up from lines and names.
"""

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


def picked(pattern: str, text: str) -> str | None:
    r"""The value that a layout's pattern picks up from a text; None where it is not found.

    >>> picked(r"^Line: \((\d+)\) (\d+)-(\d+)", "Line: (212) 555-0101")
    '2125550101'
    >>> picked(r"\d{4}", "bill_2024")
    '2024'
    """
    match = re.search(pattern, text)
    return None if match is None else value_of(match)


def value_of(match: re.Match[str]) -> str:
    """What a pattern has picked up: its groups, joined, or all that it matches where none has a
    part in it.
    """
    groups = [group for group in match.groups() if group is not None]
    return "".join(groups) if groups else match.group()
