"""A parser for XML from strangers: expat, streaming, without document types' entities and with a
bounded depth.

What the elements mean is the business of `workbook` and `xml_elements`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO, NoReturn
from xml.parsers import expat

from pipeline_perf.ingest.errors import UnreadableFile

#: A longer tag, or a longer text where one is kept whole, is part of no record; expat keeps an
#: unfinished tag in memory.
MAX_TOKEN = 2**20

BLOCK = 1 << 16


def parser(name: str, encoding: str | None = None) -> expat.XMLParserType:
    """An expat parser that refuses entities of the document's own; `name` is the source's, for
    messages.

    Without them no text can be longer than the file that holds it, and nothing outside the file is
    asked for.
    """
    made = expat.ParserCreate(encoding)
    made.buffer_text = True

    def refuse(*_: object) -> NoReturn:
        raise UnreadableFile(
            "the XML defines entities of its own, as files made to do harm do",
            "ask for it without a DOCTYPE",
            file=name,
        )

    made.EntityDeclHandler = refuse
    made.ExternalEntityRefHandler = refuse
    return made


def feed(reading: expat.XMLParserType, stream: IO[bytes], name: str) -> Iterator[int]:
    """Give the stream to the parser block by block; yields the bytes given so far."""
    used = 0
    while data := stream.read(BLOCK):
        reading.Parse(data, False)
        used += len(data)
        if used - reading.CurrentByteIndex > MAX_TOKEN:
            raise too_long(name)
        yield used
    reading.Parse(b"", True)
    yield used


def too_long(name: str) -> UnreadableFile:
    return UnreadableFile(
        f"a tag or text longer than {MAX_TOKEN // 2**20} MiB, as in no file of records",
        "check what the file is",
        file=name,
    )
