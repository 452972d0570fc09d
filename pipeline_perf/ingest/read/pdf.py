"""Text PDF → string columns: words fall under the titles of the header line above them.

Which line is a record, and which column a word belongs to, is decided here; where words stand on a
page is told by `pdf_pages`, which layout the file follows by `recognise`, what the cells mean by
`normalise`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import groupby
from typing import NamedTuple

import polars as pl

from pipeline_perf.ingest.batch import Batch, Piece, Pieces
from pipeline_perf.ingest.container.pdf_pages import Line, Sheet
from pipeline_perf.ingest.errors import LayoutError
from pipeline_perf.ingest.layout.match import Match
from pipeline_perf.ingest.layout.model import Grid, Layout, Table, title_key
from pipeline_perf.ingest.read.account import Account, Context, announces, is_furniture

#: Points by which a cell may begin left of its column's title, or reach under the title of the
#: next.
COLUMN_TOLERANCE = 1.5

#: The time of day at the end of a cell, after a date or alone.
CLOCK = re.compile(r"\s*\b\d{1,2}:\d{2}(?::\d{2})?\s*(?:[AaPp]\.?[Mm]?\.?)?$")


def read(pages: Iterable[Sheet], match: Match) -> Pieces:
    """Read a text PDF by its layout, one piece per page.

    Records are numbered through the document, rejected lines among them. A page that cannot be read
    (damaged, or a picture) is a rejected record of its own and counts as one line. Raises
    UnreadableFile when the file as a whole cannot be read, LayoutError when the layout describes no
    PDF.
    """
    layout = match.layout
    if layout.grid is None:
        raise LayoutError(f"{layout.id}: a layout without a grid describes no PDF; add grid")
    reading = _Reading(layout, layout.grid, Context(match))
    for sheet in pages:
        yield reading.page(sheet)


# --------------------------------------------------------------------------- columns


@dataclass(frozen=True)
class Columns:
    """A table's columns where a header line has put them."""

    table: Table
    titles: tuple[str, ...]
    starts: tuple[float, ...]  # where each title begins
    right: tuple[bool, ...]
    repeating: tuple[int, ...]  # columns whose date is written once and holds for the rows below

    def cells(self, line: Line) -> list[str | None]:
        """The line's words by title; None where a column is empty.

        A column set flush left is entered by where a word begins, one set flush right by where it
        ends: either holds for cells wider than their title.
        """
        cells: list[list[str]] = [[] for _ in self.titles]
        for word in line.words:
            at = 0
            for i, (start, right) in enumerate(zip(self.starts, self.right, strict=True)):
                if (
                    (word.x1 > start + COLUMN_TOLERANCE)
                    if right
                    else (word.x0 >= start - COLUMN_TOLERANCE)
                ):
                    at = i
            cells[at].append(word.text)
        return [" ".join(cell) or None for cell in cells]


def _columns(line: Line, table: Table, grid: Grid) -> Columns | None:
    """The columns of a table, if this line is its header.

    Titles may have several words. A word that belongs to no known title is a column of its own, so
    that its cells stay out of the neighbouring ones.
    """
    everything = title_key(line.text)
    if not all(title_key(title) in everything for title in table.header):
        return None
    named = [
        *table.header,
        *grid.titles,
        *(c for alternatives in table.fields.values() for f in alternatives for c in f.column),
    ]
    known = {title_key(title) for title in named}
    longest = max(len(title.split()) for title in named)
    titles: list[str] = []
    starts: list[float] = []
    at = 0
    while at < len(line.words):
        for length in range(min(longest, len(line.words) - at), 0, -1):
            title = " ".join(word.text for word in line.words[at : at + length])
            if length == 1 or title_key(title) in known:
                titles.append(title)
                starts.append(line.words[at].x0)
                at += length
                break
    keys = [title_key(title) for title in titles]
    if not all(title_key(t) in keys for t in table.header) or any(
        title_key(t) in keys for t in table.absent
    ):
        return None
    right = {title_key(title) for title in grid.right}
    dated = {
        title_key(f.column[0])
        for alternatives in table.fields.values()
        for f in alternatives
        if f.carry_down
    }
    repeating = tuple(i for i, key in enumerate(keys) if key in dated)
    return Columns(
        table, tuple(titles), tuple(starts), tuple(key in right for key in keys), repeating
    )


# --------------------------------------------------------------------------- lines → records


class _Record(NamedTuple):
    """A record as it stands in the table."""

    number: int
    raw: str
    columns: Columns
    cells: list[str | None]
    context: dict[str, str | None]


@dataclass
class _Reading:
    """What is known on the way down the pages."""

    layout: Layout
    grid: Grid
    context: Context
    columns: Columns | None = None
    title: str | None = None  # the last section title
    within: bool = False  # surely inside the table: what is no record there is a broken one
    number: int = 0  # of the last record, rejected ones among them
    page_number: int = 0
    # by column: the date that a cell without one repeats
    dates: dict[int, str] = field(default_factory=dict)
    records: list[_Record] = field(default_factory=list)  # on this page
    # no records: above the table, or broken ones in it
    undecided: list[Line] = field(default_factory=list)
    account: Account = field(default_factory=Account)  # of this page

    def page(self, sheet: Sheet) -> Piece:
        self.records, self.undecided, self.account = [], [], Account()
        self.within, self.page_number = False, sheet.number
        if sheet.trouble:
            self._reject("", *sheet.trouble)
        for line in sheet.lines:
            self._line(line)
        self.account.furniture += len(self.undecided)
        lines = len(sheet.lines) + bool(sheet.trouble)
        return self.account.piece(_batches(self.records, sheet.number), lines, sheet.number)

    def _line(self, line: Line) -> None:
        columns = self._header(line)
        if columns is not None:
            if self.columns is None or columns.table is not self.columns.table:
                self.dates.clear()
            self.columns, self.within = columns, True
            self.account.furniture += 1 + len(self.undecided)
            self.undecided.clear()
        elif self.columns is not None and re.search(self.columns.table.record or "", line.text):
            for broken in self.undecided:  # the table went on above them, over a page's end
                self._no_record(broken, self.columns)
            self.undecided.clear()
            self.within = True
            self._record(line, self.columns)
        elif self._noted(line.text) or self.columns is None or is_furniture(self.layout, line.text):
            self.account.furniture += 1
        elif self.within:
            self._no_record(line, self.columns)
        else:
            self.undecided.append(line)

    def _header(self, line: Line) -> Columns | None:
        """The columns that this line announces; of several tables with these titles, the
        section's own.
        """
        fitting = [
            columns for table in self.layout.tables if (columns := _columns(line, table, self.grid))
        ]
        named = [
            c
            for c in fitting
            if c.table.title and self.title and re.search(c.table.title, self.title)
        ]
        return max(named or fitting, key=lambda c: len(c.table.header), default=None)

    def _noted(self, text: str) -> bool:
        """Take note of the context, section title or end of table that a line tells; whether it
        told any.
        """
        before = dict(self.context.values)
        told = self.context.take(text)
        if self.context.values != before:
            self.within = False
            self.dates.clear()
        if announces(self.layout, text):
            self.title, self.within, told = text, False, True
        if any(re.search(pattern, text) for pattern in self.grid.end):
            self.within, told = False, True
        return told

    def _record(self, line: Line, columns: Columns) -> None:
        cells = columns.cells(line)
        for at in columns.repeating:
            cells[at] = self._dated(cells[at], at)
        self.number += 1
        context = dict(self.context.values)
        self.records.append(_Record(self.number, line.text, columns, cells, context))

    def _dated(self, cell: str | None, at: int) -> str | None:
        """A cell with the date that it repeats put in front; None when that date may have been
        lost.
        """
        clock = CLOCK.search(cell or "")
        date = (cell or "")[: clock.start()] if clock else cell
        if date:
            self.dates[at] = date
            return cell
        return f"{self.dates[at]} {cell or ''}".strip() if at in self.dates else None

    def _no_record(self, line: Line, columns: Columns) -> None:
        if sum(cell is not None for cell in columns.cells(line)) < 2:
            self.account.furniture += 1
        else:
            reason = (
                f"stands in the columns of the table {columns.table.name!r}, but is not formed like"
                " its records"
            )
            self._reject(line.text, "unrecognised_line", reason)

    def _reject(self, raw: str, rule: str, reason: str) -> None:
        self.number += 1
        self.account.reject(self.number, rule, reason, raw, page=self.page_number)
        self.dates.clear()  # the lost record may have had the date that those below it repeat


def _batches(records: Iterable[_Record], page: int) -> list[Batch]:
    """A page's records, each stretch of one table as a batch."""
    batches = []
    for (table, titles), group in groupby(
        records, key=lambda r: (r.columns.table, r.columns.titles)
    ):
        rows = list(group)
        cells = zip(*(record.cells for record in rows), strict=True)
        contexts = zip(*(record.context.values() for record in rows), strict=True)
        columns = {
            "record_no": pl.Series([record.number for record in rows], dtype=pl.Int64),
            "page": pl.Series([page] * len(rows), dtype=pl.Int32),
            "raw": pl.Series([record.raw for record in rows], dtype=pl.String),
        }
        columns |= {f"c{i}": pl.Series(values, dtype=pl.String) for i, values in enumerate(cells)}
        columns |= {
            f"context.{name}": pl.Series(values, dtype=pl.String)
            for name, values in zip(rows[0].context, contexts, strict=True)
        }
        batches.append(Batch(table, titles, pl.DataFrame(columns)))
    return batches
