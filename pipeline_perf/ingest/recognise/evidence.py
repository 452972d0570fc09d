"""What recognising a file needs to know of it, and what holds no records by its very form."""

from __future__ import annotations

from collections.abc import Collection

from pipeline_perf.ingest.container.lines import MAX_COLUMNS
from pipeline_perf.ingest.container.source import Source
from pipeline_perf.ingest.errors import UnreadableFile
from pipeline_perf.ingest.layout.model import Layout
from pipeline_perf.ingest.probe.probe import Probe, probe


def look(source: Source, known: Collection[Layout]) -> tuple[Probe, str | None]:
    """What recognising a source by the known layouts needs: its probe and, of a PDF, the text of
    the first pages.

    Raises UnreadableFile for what holds no table by its very form.
    """
    found = probe(
        source, priors=tuple(dict.fromkeys(e for layout in known for e in layout.encodings))
    )
    _refuse(found)
    if found.container != "pdf":
        return found, None
    from pipeline_perf.ingest.container import pdf_pages

    return found, pdf_pages.head_text(source.path)


def _refuse(found: Probe) -> None:
    """What holds no lines of records by its very form."""
    name = found.source.name
    if found.trouble:
        raise UnreadableFile(found.trouble)
    if found.container == "empty":
        raise UnreadableFile(f"{name}: the file is empty")
    if found.container == "binary":
        raise UnreadableFile(
            f"{name}: binary data, neither text nor PDF; export the records as CSV, text or PDF"
        )
    if found.container == "pdf" and found.source.packed:
        raise UnreadableFile(
            f"{name}: a PDF inside a compressed file; unpack it and ingest the PDF itself"
        )
    if len(found.columns) > MAX_COLUMNS:
        raise UnreadableFile(
            f"{name}: more than {MAX_COLUMNS} columns, as no file of records has; check what the"
            " file is"
        )
