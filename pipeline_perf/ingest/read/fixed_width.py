"""Lines of fixed-width records told apart by the layout's patterns, and cut."""

from __future__ import annotations

import re

import numpy as np
import polars as pl

from pipeline_perf.ingest.batch import Piece
from pipeline_perf.ingest.layout.model import Layout
from pipeline_perf.ingest.read.account import (
    NOTHING,
    UNRECOGNISED,
    Account,
    Binding,
    State,
    batch_of,
    is_furniture,
)
from pipeline_perf.ingest.read.split import sliced


def read_fixed_width(block: bytes, layout: Layout, state: State, used: int) -> Piece:
    """Account for one block of whole lines; `used` are the bytes of the file up to its end."""
    lines = pl.read_lines(block)["line"]
    total = len(lines)
    account = Account()
    known = [*layout.furniture, *(control.record for control in layout.controls)]
    free = np.ones(total, dtype=bool)
    special = lines.str.contains("|".join(f"(?:{p})" for p in known)).to_numpy() if known else ~free
    for table in layout.tables:
        mine = lines.str.contains(table.record or "").to_numpy() & free & ~special
        free &= ~mine
        account.records[Binding(table.name, table.titles, None, table)] = [
            _whole(lines, mine, block, state, account)
        ]
    for i in np.flatnonzero(free).tolist():
        _told_apart(lines[i], i, layout, state, account)
    contexts = state.context.columns(total)
    batches = []
    for binding, (at,) in account.records.items():
        raw = lines.gather(at)
        batches.append(batch_of(binding, sliced(raw, binding.table), raw, at, state, contexts))
    state.line += total
    return account.piece(batches, total, used)


def _told_apart(text: str, index: int, layout: Layout, state: State, account: Account) -> None:
    """A line that is no record: what it tells, or why it is rejected."""
    context = state.context.take(text, index)
    stated = [
        (control, text[control.slice[0] - 1 : control.slice[1]])
        for control in layout.controls
        if re.search(control.record, text)
    ]
    account.stated.extend(stated)
    if context or stated or not text.strip(NOTHING) or is_furniture(layout, text):
        account.furniture += 1
    else:
        account.reject(state.line + index + 1, *UNRECOGNISED, text)


def _whole(
    lines: pl.Series, mine: np.ndarray, block: bytes, state: State, account: Account
) -> np.ndarray:
    """Which lines are records, without a last one that the file's end cut off: it has no line
    end and is shorter than all others.
    """
    at = np.flatnonzero(mine)
    lengths = lines.gather(at).str.len_chars().to_numpy()
    known = [] if state.shortest is None else [state.shortest]
    last = len(at) and at[-1] == len(lines) - 1 and not block.endswith(b"\n")
    if last and min([*lengths[:-1], *known], default=0) > lengths[-1]:
        reason = f"the file ends inside this record: {lengths[-1]} characters"
        account.reject(state.line + len(lines), "cut_off", reason, lines[-1])
        return at[:-1]
    if len(at):
        state.shortest = min([int(lengths.min()), *known])
    return at
