"""Text → string columns: every physical line becomes a record, part of one, or furniture; none is
dropped.

Here belongs going through the blocks. Which line of one is what is told by `delimited` and
`fixed_width`.
"""

from __future__ import annotations

from pipeline_perf.ingest.batch import Pieces
from pipeline_perf.ingest.container.content import Content
from pipeline_perf.ingest.container.lines import BLOCK, blocks
from pipeline_perf.ingest.layout.match import Match
from pipeline_perf.ingest.layout.model import Table
from pipeline_perf.ingest.read.account import Binding, Context, State
from pipeline_perf.ingest.read.delimited import read_delimited
from pipeline_perf.ingest.read.fixed_width import read_fixed_width

#: A file of more blocks than this begins with a quarter of one.
LARGE = 4


def read(content: Content, encoding: str, match: Match, block_bytes: int = BLOCK) -> Pieces:
    """Read a text file by its layout, a block of `block_bytes` at a time.

    Yields pieces whose lines add up to the file's physical lines.
    """
    pieces = _read(content, encoding, match, block_bytes)
    if not any(table.pairs for table in match.layout.tables):
        return pieces
    from pipeline_perf.ingest.read.pairs import paired

    return paired(pieces)


def _read(content: Content, encoding: str, match: Match, block_bytes: int) -> Pieces:
    layout = match.layout
    headless = next((t for t in layout.tables if t.columns), None)
    binding = _headless(headless, match) if headless else None
    state = State(binding, Context(match), name=content.name)
    used, held = 0, b""
    # What works on the blocks of a large file begins the sooner for a short one; a file of one
    # block is not cut.
    large = content.size is not None and content.size > LARGE * block_bytes
    first = block_bytes // 4 if large else None
    with content.open() as stream:
        for block in blocks(stream, encoding, content.name, block_bytes, first):
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
