"""Opening a file: what it is by its form, what holds no records, and that it stays the same
while it is read.
"""

from __future__ import annotations

import itertools

import polars as pl

from pipeline_perf.ingest.batch import Piece, Pieces
from pipeline_perf.ingest.container.source import Source, State
from pipeline_perf.ingest.errors import UnreadableFile
from pipeline_perf.ingest.layout.match import Match
from pipeline_perf.ingest.probe.probe import STRUCTURED, Probe
from pipeline_perf.ingest.read.text import read

#: Pages of a PDF committed at a time: some seconds of reading.
PAGES = 20


def utf8_size(source: Source, found: Probe) -> int:
    """About how many bytes of UTF-8 the reader will count; 0 where that is not known: compressed
    data.
    """
    if source.packed or source.size is None:
        return 0
    return source.size // {"utf-16": 2, "utf-32": 4}.get(found.encoding[:6], 1)


def pieces(found: Probe, match: Match, chunk_bytes: int) -> Pieces:
    """The file's records by its layout, some `chunk_bytes` of text at a time."""
    source, layout = found.source, match.layout
    if found.container == "pdf":
        from pipeline_perf.ingest.read import pdf

        return _gathered(pdf.read(source.path, layout, match.context))
    if found.container in STRUCTURED:
        from pipeline_perf.ingest.read import elements

        return elements.read(source, found.container, found.encoding, match, chunk_bytes)
    records = read(source, found.encoding, match, chunk_bytes)
    if not any(table.pairs for table in layout.tables):
        return records
    from pipeline_perf.ingest.read.pairs import paired

    return paired(records)


def _gathered(pages: Pieces) -> Pieces:
    """Make one piece of some pages: a commit per page would cost more than reading it."""
    while taken := list(itertools.islice(pages, PAGES)):
        yield Piece(
            batches=tuple(batch for page in taken for batch in page.batches),
            rejected=pl.concat([page.rejected for page in taken]),
            lines=sum(page.lines for page in taken),
            furniture=sum(page.furniture for page in taken),
            position=taken[-1].position,
            stated=tuple(figure for page in taken for figure in page.stated),
        )
        taken.clear()


def check_unchanged(source: Source, state: State) -> None:
    if source.state != state:
        raise UnreadableFile(
            f"{source.name}: the file changed while it was read; ingest it again when it is"
            " complete"
        )


def unchanged(pieces: Pieces, source: Source, state: State) -> Pieces:
    """Hand on pieces as long as their file is the one whose bytes were identified: seen after
    reading, and before anything is committed.
    """
    try:
        while True:
            piece = next(pieces, None)
            check_unchanged(source, state)
            if piece is None:
                return
            yield piece
            del piece  # not held while the next is read
    except OSError as error:
        raise UnreadableFile(
            f"{source.name}: cannot be read to its end ({error}); check the disk, or ask for the"
            " file again"
        ) from error
