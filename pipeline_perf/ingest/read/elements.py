"""JSON, XML and HTML → string columns: every element is a record, its values named by their
path; none is dropped.

`read` gives the pieces that `pipeline` takes, as the readers of text and PDF do. What the values
mean is `normalise`'s business; a layout says by `records` where the elements stand. Numbers stay as
they are written.
"""

from __future__ import annotations

import polars as pl

from pipeline_perf.ingest.batch import Batch, Piece, Pieces
from pipeline_perf.ingest.container.containers import CONTAINERS
from pipeline_perf.ingest.container.content import Content
from pipeline_perf.ingest.container.element import Element
from pipeline_perf.ingest.container.lines import BLOCK
from pipeline_perf.ingest.layout.match import Match, matching_table
from pipeline_perf.ingest.layout.model import Table, title_key
from pipeline_perf.ingest.read.account import Account, Context, values_of

#: Why an element that is neither a record nor known to be none is rejected.
UNRECOGNISED = (
    "unrecognised_element",
    "neither a record of the layout nor an element known to be none",
)


def read(
    content: Content, container: str, encoding: str, match: Match, block_bytes: int = BLOCK
) -> Pieces:
    """Read a file of elements by its layout, some elements at a time.

    Elements are numbered through the file and count as one line each; what stands around them
    counts as none.
    """
    elements, reading = CONTAINERS[container].load().elements, _Reading(match)
    with content.open() as stream:
        weight = 0
        for element in elements(stream, content.name, encoding, match.layout.records):
            reading.add(element)
            weight += len(element.raw)
            if weight >= block_bytes // 4:  # a frame of its values weighs several times as much
                yield reading.piece()
                weight = 0
        yield reading.piece()


class _Reading:
    """The elements of a piece, sorted by table."""

    def __init__(self, match: Match) -> None:
        self.layout, self.context = match.layout, Context(match)
        self.tables: dict[frozenset[str], Table | None] = {}
        self.used = {table.name: _used(table) for table in self.layout.tables}
        self.elements: dict[str, tuple[Table, list[tuple[int, Element]]]] = {}
        self.account = Account()
        self.number = 0  # of the last element
        self.before = 0  # of the last element of the piece before

    def add(self, element: Element) -> None:
        self.number += 1
        table = None if element.trouble else self._table(frozenset(element.values))
        if table is None:
            self.account.reject(self.number, *(element.trouble or UNRECOGNISED), element.raw)
        else:
            self.elements.setdefault(table.name, (table, []))[1].append((self.number, element))

    def _table(self, names: frozenset[str]) -> Table | None:
        if names not in self.tables:
            if len(self.tables) > 10_000:
                self.tables.clear()  # every element has names of its own
            self.tables[names] = matching_table(
                self.layout, {title_key(name) for name in names}, None
            )
        return self.tables[names]

    def piece(self) -> Piece:
        batches = [self._batch(table, elements) for table, elements in self.elements.values()]
        piece = self.account.piece(batches, self.number - self.before, self.number)
        self.elements, self.account, self.before = {}, Account(), self.number
        return piece

    def _batch(self, table: Table, elements: list[tuple[int, Element]]) -> Batch:
        """Only the columns that the layout speaks of: others stay in the raw text."""
        columns: dict[str, list[str | None]] = {}
        wanted, count = self.used[table.name], len(elements)
        for at, (_, element) in enumerate(elements):
            for path, value in element.values.items():
                if path not in columns:
                    if title_key(path) not in wanted:
                        continue
                    columns[path] = [None] * count
                columns[path][at] = value
        frame = pl.DataFrame(
            {
                **{
                    f"c{i}": pl.Series(values, dtype=pl.String)
                    for i, values in enumerate(columns.values())
                },
                "record_no": pl.Series([number for number, _ in elements], dtype=pl.Int64),
                "page": pl.Series([None] * count, dtype=pl.Int32),
                "raw": pl.Series([element.raw for _, element in elements], dtype=pl.String),
                **values_of(self.context.values, count),
            }
        )
        return Batch(table, tuple(columns), frame)


def _used(table: Table) -> set[str]:
    """Keys of all titles that the table speaks of."""
    fields = [field for alternatives in table.fields.values() for field in alternatives]
    fields += [field for override in table.overrides for field in override.set.values()]
    titles = [title for field in fields for title in field.column]
    for conditions in (*table.overrides, table.legs, table.repeats):
        titles += list(conditions.when) if conditions else []
    return {title_key(title) for title in titles}
