"""Text → string columns: every physical line becomes a record, part of one, or furniture; none
is dropped.

Nothing is interpreted here beyond which line is what: values are `normalise`'s business. The bulk
of a file is told apart by two numbers per line (its delimiters, its length) in NumPy; only lines
that are not plainly records are looked at one by one.
"""

from __future__ import annotations

from collections.abc import Iterator

from pipeline_perf.ingest.batch import Piece
from pipeline_perf.ingest.container.lines import BLOCK, blocks
from pipeline_perf.ingest.container.source import Source
from pipeline_perf.ingest.layout.match import Match
from pipeline_perf.ingest.layout.model import Table
from pipeline_perf.ingest.read.account import Binding, State
from pipeline_perf.ingest.read.delimited import read_delimited
from pipeline_perf.ingest.read.fixed_width import read_fixed_width

#: A file of more blocks than this begins with a quarter of one.
LARGE = 4


def read(
    source: Source, encoding: str, match: Match, block_bytes: int | None = None
) -> Iterator[Piece]:
    """Read a text file by its layout, a block of `block_bytes` (lines.BLOCK) at a time.

    Yields pieces whose lines add up to the file's physical lines.
    """
    layout = match.layout
    initial = {name: match.context.get(name) for name in (*layout.context, *layout.file_name)}
    headless = next((t for t in layout.tables if t.columns), None)
    state = State(_headless(headless, match) if headless else None, initial)
    with source.open() as stream:
        state.name = source.name
        used = 0
        held = b""
        size = block_bytes or BLOCK
        # What works on the blocks of a large file begins the sooner for a short one; a file of one
        # block is not cut.
        large = source.size is not None and source.size > LARGE * size
        for block in blocks(stream, encoding, source.name, size, size // 4 if large else None):
            used += len(block)
            if layout.container == "fixed":
                yield read_fixed_width(block, layout, state, used)
            else:
                piece, held = read_delimited(held + block, match, state, used, final=False)
                yield piece
        if held:
            yield read_delimited(held, match, state, used, final=True)[0]


def _headless(table: Table, match: Match) -> Binding:
    """Titles for as many fields as this file's records have: of the others the layout knows no
    name, or they are not there.
    """
    width = match.width or len(table.columns)
    return Binding(
        table.name, (*table.columns[:width], *[""] * (width - len(table.columns))), None, table
    )
