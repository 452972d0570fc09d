"""The account of a file's lines while they are told apart: records, furniture, rejects, and the
context that lines in passing give to the records below them.

Which line is what, the readers decide; what the values mean is `normalise`'s business.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import polars as pl

from pipeline_perf.ingest.batch import Batch, Piece, rejected
from pipeline_perf.ingest.layout.match import Match, picked
from pipeline_perf.ingest.layout.model import Control, Layout, Table

FIRST_WINDOW = 1 << 12

#: A section's title announces its header within so many lines.
TITLE_REACH = 3

#: What no line of a record is made of alone.
NOTHING = " \t\x00\x1a\x0c"

#: Why a line that is neither a record nor known to be none is rejected.
UNRECOGNISED = (
    "unrecognised_line",
    "neither a record of the layout nor a line known to be none",
)


@dataclass(frozen=True)
class Binding:
    """A table of the layout, bound to the header line that announced it in this file."""

    name: str
    titles: tuple[str, ...]
    header: str | None
    table: Table = field(compare=False)
    lines: int = field(default=1, compare=False)  # of the header

    @property
    def width(self) -> int:
        return len(self.titles)


class Context:
    """The values that lines in passing give to the records below them, and the file's name to all.

    `values` are those that hold now; None is what has not been told.
    """

    def __init__(self, match: Match) -> None:
        layout = match.layout
        names = (*layout.context, *layout.file_name)
        self._patterns = layout.context
        self.values: dict[str, str | None] = {name: match.context.get(name) for name in names}
        self._before = dict(self.values)
        self._changes: dict[str, list[tuple[int, str | None]]] = {}
        self._above: tuple[int | None, str] = (None, "")

    def take(self, text: str, index: int | None = None) -> bool:
        """Take over what a line tells, the line `index` of its block; whether it told anything.

        A pattern with a line end looks at the line above, too: a title may stand over its value.
        """
        told = False
        at, above = self._above
        both = f"{above}\n{text}" if index is None or at == index - 1 else text
        self._above = (index, text)
        for name, patterns in self._patterns.items():
            picks = (picked(p, both if r"\n" in p or "\n" in p else text) for p in patterns)
            value = next((pick for pick in picks if pick is not None), None)
            if value is not None:
                self._changes.setdefault(name, []).append((index or 0, value))
                self.values[name] = value
                told = True
        return told

    def columns(self, total: int) -> pl.DataFrame:
        """A String column `context.NAME` per value, as it stood at each of a block's lines.

        The next block begins with what holds now.
        """
        columns = {}
        for name, value in self._before.items():
            changes = [(0, value), *self._changes.get(name, ())]
            starts = np.array([index for index, _ in changes] + [total])
            values = pl.Series([value for _, value in changes], dtype=pl.String)
            columns[f"context.{name}"] = values.gather(
                np.repeat(np.arange(len(changes)), np.diff(starts))
            )
        self._before, self._changes = dict(self.values), {}
        return pl.DataFrame(columns)


@dataclass
class State:
    """What a reader carries from line to line and block to block."""

    binding: Binding | None
    context: Context
    line: int = 0  # physical lines behind us
    title: str | None = None  # the last section title seen
    titled: int = -TITLE_REACH  # the line of it, counted from 0
    headed: int = -1  # the last line of the last header
    window: int = FIRST_WINDOW
    short: int = 0  # records with fewer fields than the header
    shortest: int | None = None  # characters of the shortest fixed-width record
    name: str = ""  # of the source, for messages

    def note_title(self, layout: Layout, text: str, index: int) -> bool:
        """Whether a line of the block is a section's title, which is then remembered."""
        if not announces(layout, text):
            return False
        self.title, self.titled = text, self.line + index
        return True


class Account:
    """A stretch of lines (of pages, of elements) while they are told apart.

    Every one of them becomes a record, part of one, a reject, or furniture; `piece` closes it.
    """

    def __init__(self) -> None:
        self.records: dict[Binding, list[np.ndarray]] = {}
        self.furniture = 0
        self.stated: list[tuple[Control, str]] = []
        self._rejects: list[tuple[int, int | None, str, str, str]] = []

    def reject(
        self, number: int, rule: str, reason: str, raw: str, *, page: int | None = None
    ) -> None:
        """Put a record into quarantine: by its number, with what it is and why it is no event."""
        self._rejects.append((number, page, rule, reason, raw))

    def piece(self, batches: Sequence[Batch], lines: int, position: int) -> Piece:
        """The stretch, completely accounted for: `lines` physical ones up to `position`."""
        return Piece(
            tuple(batch for batch in batches if batch.frame.height),
            rejected(sorted(self._rejects, key=lambda reject: reject[0])),
            lines,
            self.furniture,
            position,
            tuple(self.stated),
        )


def is_furniture(layout: Layout, text: str) -> bool:
    """Whether the layout knows a line to be no record."""
    return any(re.search(pattern, text) for pattern in layout.furniture)


def announces(layout: Layout, text: str) -> bool:
    """Whether a line is the title of one of the layout's sections."""
    return any(t.title and re.search(t.title, text) for t in layout.tables)


def batch_of(
    binding: Binding,
    cells: pl.DataFrame,
    raw: pl.Series,
    at: np.ndarray,
    state: State,
    contexts: pl.DataFrame,
) -> Batch:
    """The records in the lines `at` of a block as a batch; `contexts` has a row per line."""
    frame = cells.with_columns(
        pl.Series("record_no", at + (state.line + 1), dtype=pl.Int64),
        pl.lit(None, dtype=pl.Int32).alias("page"),
        raw.alias("raw"),
    )
    if contexts.width:
        frame = frame.hstack(contexts[at].get_columns())
    return Batch(binding.table, binding.titles, frame)


def values_of(context: Mapping[str, str | None], count: int) -> dict[str, pl.Series]:
    """Columns `context.NAME` of `count` records for which the same values hold."""
    return {
        f"context.{name}": pl.Series([value] * count, dtype=pl.String)
        for name, value in context.items()
    }
