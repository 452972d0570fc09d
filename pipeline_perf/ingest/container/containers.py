"""The containers that are read: how a file of each begins, and what it holds.

A container is added by an entry here and a module beside it; by a reader in `read` as well, where
it holds something that no reader knows yet. The module is imported when there is such a file: most
files are text. What it must have follows from what the container holds:

- elements: `elements(stream, name, encoding, records, step)` yields them (see `json_elements`);
- pages: `Pages(content)` gives them one after the other (see `pdf_pages`);
- lines that are no text yet: `lines_of(content)` is the content that they make (see `workbook`).
"""

from __future__ import annotations

import importlib
import io
import itertools
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from pipeline_perf.ingest.container.element import Element
from pipeline_perf.ingest.container.source import ZIP

#: What readers take: lines of text, elements of values by path, pages of words with their places.
Holds = Literal["lines", "elements", "pages"]

#: How many elements of a file's head are looked at.
FIRST = 60

#: Bytes within which a PDF's mark must stand, as its readers have it.
MARGIN = 1024

#: Old Office files (OLE 2); a workbook among them has a stream of this name.
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
OLE_WORKBOOK = "Workbook".encode("utf-16-le")

#: How JSON begins that holds objects, whole pages of HTML, and XML; a table of HTML alone is text.
JSON = re.compile(r'\s*(?:\{\s*["}]|\[\s*[\[{\]])')
HTML = re.compile(r"\s*(?:<!--[^>]*>\s*)?(?:<\?xml[^>]*>\s*)?(?i:<!DOCTYPE\s+html|<html)\b")
XML = re.compile(r"\s*<(?:\?xml\s|(?!(?i:html|body|table|pre|p|br|div)\b)[A-Za-z_][\w.:-]*[\s>/])")


def _is_pdf(head: bytes, _tail: bytes) -> bool:
    return b"%PDF-" in head[:MARGIN]


def _is_workbook(head: bytes, tail: bytes) -> bool:
    ends = head + tail
    if head.startswith(ZIP):
        return b"xl/" in ends or b"opendocument.spreadsheet" in head[:128]
    return head.startswith(OLE) and OLE_WORKBOOK in ends


@dataclass(frozen=True)
class Container:
    """A kind of file. `begins` tells it by its first and last bytes, `opens` by its first
    characters; text is what nothing else is.
    """

    name: str
    holds: Holds
    module: str = ""
    begins: Callable[[bytes, bytes], bool] | None = None
    opens: re.Pattern[str] | None = None

    def load(self) -> Any:
        """The container's module."""
        return importlib.import_module(f"pipeline_perf.ingest.container.{self.module}")


CONTAINERS = {
    container.name: container
    for container in (
        Container("pdf", "pages", "pdf_pages", begins=_is_pdf),
        Container("workbook", "lines", "workbook", begins=_is_workbook),
        Container("json", "elements", "json_elements", opens=JSON),
        Container("html", "elements", "html_elements", opens=HTML),
        Container("xml", "elements", "xml_elements", opens=XML),
        Container("text", "lines"),
    )
}


def by_bytes(head: bytes, tail: bytes) -> Container | None:
    """The container that a file's first and last bytes show."""
    return next((c for c in CONTAINERS.values() if c.begins and c.begins(head, tail)), None)


def by_text(text: str) -> Container:
    """The container that a text's beginning shows."""
    start = text.removeprefix("\ufeff")
    fitting = (c for c in CONTAINERS.values() if c.opens and c.opens.match(start))
    return next(fitting, CONTAINERS["text"])


def first_elements(text: str, container: str, records: str = "") -> list[Element]:
    """Elements of a file's head, as a reader will meet them; a last one that the head cuts off is
    left out.

    `records` says where they stand, as a layout does. Raises UnreadableFile.
    """
    stream = io.BytesIO(text.encode(errors="replace"))
    elements = CONTAINERS[container].load().elements(stream, "", "utf-8", records)
    first = itertools.islice(elements, FIRST)
    return [element for element in first if element.trouble is None]
