"""The containers of elements by their names, and a file's first elements."""

from __future__ import annotations

from pipeline_perf.ingest.container.element import Element
from pipeline_perf.ingest.container.html_elements import html_elements
from pipeline_perf.ingest.container.json_elements import json_elements
from pipeline_perf.ingest.container.xml_elements import xml_elements


def first_elements(text: str, container: str, records: str = "", most: int = 20) -> list[Element]:
    """Elements of a file's head, as `read` would give them; a last one that the head cuts off is
    left out.
    """
    import io
    import itertools

    stream = io.BytesIO(text.encode(errors="replace"))
    found = itertools.islice(ELEMENTS[container](stream, "", "utf-8", records), most)
    return [element for element in found if element.trouble is None]


ELEMENTS = {"json": json_elements, "xml": xml_elements, "html": html_elements}
