"""What recognising a file needs to know of it, and what holds no records by its very form."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from pipeline_perf.ingest.container.content import Content
from pipeline_perf.ingest.container.lines import MAX_COLUMNS
from pipeline_perf.ingest.errors import UnreadableFile
from pipeline_perf.ingest.layout.model import Layout
from pipeline_perf.ingest.probe.probe import Probe, probe


def look(content: Content, layouts: Collection[Layout]) -> Probe:
    """The evidence on a file: its probe and, of a PDF, the lines of the first pages as its head.

    `layouts` are those that it may follow: the encodings that they expect are tried first. Raises
    UnreadableFile for what holds no table by its very form.
    """
    priors = tuple(dict.fromkeys(codec for layout in layouts for codec in layout.encodings))
    evidence = probe(content, priors)
    _refuse(evidence)
    if evidence.pages is None:
        return evidence
    return replace(evidence, head=evidence.pages.first())


def _refuse(evidence: Probe) -> None:
    """Raise UnreadableFile for what holds no lines of records by its very form."""
    name = evidence.content.name
    if evidence.trouble:
        raise UnreadableFile(evidence.trouble)
    if evidence.container == "empty":
        raise UnreadableFile("the file is empty", file=name)
    if evidence.container == "binary":
        raise UnreadableFile(
            "binary data, neither text nor PDF", "export the records as CSV, text or PDF", file=name
        )
    if len(evidence.titles) > MAX_COLUMNS:
        raise UnreadableFile(
            f"more than {MAX_COLUMNS} columns, as no file of records has",
            "check what the file is",
            file=name,
        )
