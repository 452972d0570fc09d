"""The records of a file by its layout, piece by piece, whatever its container holds."""

from __future__ import annotations

import itertools

import polars as pl

from pipeline_perf.ingest.batch import Piece, Pieces
from pipeline_perf.ingest.container.content import Content
from pipeline_perf.ingest.errors import UnreadableFile
from pipeline_perf.ingest.layout.match import Match
from pipeline_perf.ingest.probe.probe import Probe
from pipeline_perf.ingest.read import text

#: Pages of a PDF committed at a time: some seconds of reading.
PAGES = 20


def pieces(probe: Probe, match: Match, chunk_bytes: int) -> Pieces:
    """The file's records by its layout, some `chunk_bytes` of text at a time.

    Raises UnreadableFile where its bytes cannot be had to the end.
    """
    # most files are text: the other readers are imported for files of their own
    if probe.pages is not None:
        from pipeline_perf.ingest.read import pdf

        return _gathered(pdf.read(probe.pages, match))
    if probe.holds == "elements":
        from pipeline_perf.ingest.read import elements

        return elements.read(probe.content, probe.container, probe.encoding, match, chunk_bytes)
    return text.read(probe.content, probe.encoding, match, chunk_bytes)


def expected(probe: Probe) -> int:
    """About the last piece's position: bytes of UTF-8; 0 where that is not known, as of
    compressed data.
    """
    content = probe.content
    if probe.holds != "lines" or content.packed or content.size is None:
        return 0
    return content.size // {"utf-16": 2, "utf-32": 4}.get(probe.encoding[:6], 1)


def unchanged(pieces: Pieces, content: Content) -> Pieces:
    """Hand on pieces as long as their bytes are those that were identified: seen after reading,
    and before anything is committed.
    """
    try:
        while True:
            piece = next(pieces, None)
            if not content.complete:
                content.check_unchanged()
            if piece is None:
                return
            yield piece
            del piece  # not held while the next is read
    except OSError as error:
        raise UnreadableFile(
            f"cannot be read to its end ({error})",
            "check the disk, or ask for the file again",
            file=content.name,
        ) from error


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
