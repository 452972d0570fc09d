"""Lines of fixed-width records told apart by the layout's patterns, and cut."""

from __future__ import annotations

import re

import numpy as np
import polars as pl

from pipeline_perf.ingest.batch import Piece, rejected
from pipeline_perf.ingest.layout.model import Layout
from pipeline_perf.ingest.read.account import (
    Account,
    Binding,
    State,
    batch_of,
    context_columns,
    is_furniture,
    unrecognised,
    update_context,
)
from pipeline_perf.ingest.read.split import sliced

# --------------------------------------------------------------------------- fixed width


def read_fixed_width(block: bytes, layout: Layout, state: State, used: int) -> Piece:
    lines = pl.read_lines(block)["line"]
    total = len(lines)
    before = dict(state.context)
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
        text = lines[i]
        context = update_context(layout, text, i, state, account)
        stated = [
            (c, text[c.slice[0] - 1 : c.slice[1]])
            for c in layout.controls
            if re.search(c.record, text)
        ]
        account.stated.extend(stated)
        if context or stated or not text.strip(" \t\x00\x1a\x0c") or is_furniture(layout, text):
            account.furniture += 1
        else:
            account.rejects.append(unrecognised(state.line + i + 1, text))
    contexts = context_columns(layout, before, account, total)
    batches = []
    for binding, parts in account.records.items():
        at = parts[0]
        if len(at):
            raw = lines.gather(at)
            batches.append(batch_of(binding, sliced(raw, binding.table), raw, at, state, contexts))
    state.line += total
    return Piece(
        tuple(batches),
        rejected(account.rejects),
        total,
        account.furniture,
        used,
        tuple(account.stated),
    )


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
        account.rejects.append((state.line + len(lines), None, "cut_off", reason, lines[-1]))
        return at[:-1]
    if len(at):
        state.shortest = min([int(lengths.min()), *known])
    return at
