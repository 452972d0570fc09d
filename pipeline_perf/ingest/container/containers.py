"""The containers that are read: how a file of each begins, and what it holds.

A container is added by an entry here and a file beside it; by a reader in `read` as well, where it
holds something that no reader knows yet.
"""

from __future__ import annotations

import io
import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

from pipeline_perf.ingest.container import (
    html_elements,
    json_elements,
    pdf_pages,
    workbook,
    xml_elements,
)
from pipeline_perf.ingest.container.content import Content
from pipeline_perf.ingest.container.element import Element

#: What readers take: lines of text, elements of values by path, pages of words with their places.
Holds = Literal["lines", "elements", "pages"]

#: How many elements of a file's head are looked at.
FIRST = 60


@dataclass(frozen=True)
class Container:
    """A kind of file. One of `begins` and `opens` tells it; text is what nothing else is."""

    name: str
    holds: Holds
    begins: Callable[[bytes, bytes], bool] | None = None  # by the file's first and last bytes
    opens: Callable[[str], bool] | None = None  # by its first characters
    lines: Callable[[Content], Content] | None = None  # the text that its lines are
    elements: Callable[..., Iterator[Element]] | None = None  # see `json_elements`


CONTAINERS = {
    container.name: container
    for container in (
        Container("pdf", "pages", begins=pdf_pages.begins),
        Container("workbook", "lines", begins=workbook.begins, lines=workbook.lines_of),
        Container(
            "json", "elements", opens=json_elements.opens, elements=json_elements.json_elements
        ),
        Container(
            "html", "elements", opens=html_elements.opens, elements=html_elements.html_elements
        ),
        Container("xml", "elements", opens=xml_elements.opens, elements=xml_elements.xml_elements),
        Container("text", "lines"),
    )
}


def by_bytes(head: bytes, tail: bytes) -> Container | None:
    """The container that a file's first and last bytes show."""
    return next((c for c in CONTAINERS.values() if c.begins and c.begins(head, tail)), None)


def by_text(text: str) -> Container:
    """The container that a text's beginning shows."""
    start = text.removeprefix("\ufeff")
    return next((c for c in CONTAINERS.values() if c.opens and c.opens(start)), CONTAINERS["text"])


def first_elements(text: str, container: str, records: str = "") -> list[Element]:
    """Elements of a file's head, as a reader will meet them; a last one that the head cuts off is
    left out.

    `records` says where they stand, as a layout does. Raises UnreadableFile.
    """
    elements = CONTAINERS[container].elements
    if elements is None:
        return []
    stream = io.BytesIO(text.encode(errors="replace"))
    first = itertools.islice(elements(stream, "", "utf-8", records), FIRST)
    return [element for element in first if element.trouble is None]
