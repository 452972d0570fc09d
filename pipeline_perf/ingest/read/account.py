"""The account of a file's lines while they are told apart: records, furniture, rejects, and the
context that lines in passing give to the records below them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

import numpy as np
import polars as pl

from pipeline_perf.ingest.batch import Batch
from pipeline_perf.ingest.layout.model import Control, Layout, Table

FIRST_WINDOW = 1 << 12

#: A section's title announces its header within so many lines.
TITLE_REACH = 3

Reject = tuple[int, None, str, str, str]


@dataclass(frozen=True)
class Binding:
    """A table of the layout, bound to the header line that announced it in this file."""

    name: str
    titles: tuple[str, ...]
    header: str | None
    table: Table = field(compare=False)

    @property
    def width(self) -> int:
        return len(self.titles)


@dataclass
class State:
    """What a reader carries from line to line and block to block."""

    binding: Binding | None
    context: dict[str, str | None]
    line: int = 0  # physical lines behind us
    title: str | None = None  # the last section title seen
    titled: int = -TITLE_REACH  # the line of it, counted from 0
    headed: int = -1  # the line of the last header
    window: int = FIRST_WINDOW
    short: int = 0  # records with fewer fields than the header
    shortest: int | None = None  # characters of the shortest fixed-width record
    name: str = ""  # of the source, for messages


@dataclass
class Account:
    """One block's lines while they are told apart."""

    records: dict[Binding, list[np.ndarray]] = field(default_factory=dict)
    rejects: list[Reject] = field(default_factory=list)
    furniture: int = 0
    changes: dict[str, list[tuple[int, str | None]]] = field(default_factory=dict)
    stated: list[tuple[Control, str]] = field(default_factory=list)


# ------------------------- lines that are no plain records


def picked(pattern: str, text: str) -> str | None:
    found = re.search(pattern, text)
    if found is None:
        return None
    groups = [g for g in found.groups() if g is not None]
    return "".join(groups) if groups else found.group()


def update_context(layout: Layout, text: str, index: int, state: State, account: Account) -> bool:
    seen = False
    for name, patterns in layout.context.items():
        for pattern in patterns:
            value = picked(pattern, text)
            if value is not None:
                account.changes.setdefault(name, []).append((index, value))
                state.context[name] = value
                seen = True
                break
    return seen


def is_furniture(layout: Layout, text: str) -> bool:
    return any(re.search(pattern, text) for pattern in layout.furniture)


def context_columns(
    layout: Layout, before: dict[str, str | None], account: Account, total: int
) -> pl.DataFrame:
    """One String column per context value, as it stood at each line of the block."""
    columns = {}
    for name, value in before.items():
        changes = [(0, value), *account.changes.get(name, ())]
        starts = np.array([index for index, _ in changes] + [total])
        values = pl.Series([value for _, value in changes], dtype=pl.String)
        columns[f"context.{name}"] = values.gather(
            np.repeat(np.arange(len(changes)), np.diff(starts))
        )
    return pl.DataFrame(columns)


def unrecognised(record_no: int, text: str) -> Reject:
    return (
        record_no,
        None,
        "unrecognised_line",
        "neither a record of the layout nor a line known to be none",
        text,
    )


def batch_of(
    binding: Binding,
    cells: pl.DataFrame,
    raw: pl.Series,
    at: np.ndarray,
    state: State,
    contexts: pl.DataFrame,
) -> Batch:
    frame = cells.with_columns(
        pl.Series("record_no", at + (state.line + 1), dtype=pl.Int64),
        pl.lit(None, dtype=pl.Int32).alias("page"),
        raw.alias("raw"),
    )
    if contexts.width:
        frame = frame.hstack(contexts[at].get_columns())
    return Batch(binding.table, binding.titles, frame)


def note_title(layout: Layout, text: str, index: int, state: State) -> bool:
    if any(t.title and re.search(t.title, text) for t in layout.tables):
        state.title, state.titled = text, state.line + index
        return True
    return False
