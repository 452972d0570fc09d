"""What a file is, before anyone knows whose it is: container, encoding, line ends, dialect, and
where its table lies.

Here belong taking samples and putting the findings together. It never reads more than the samples,
and whatever the bytes are, it has an answer.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal

from pipeline_perf.ingest.container.containers import (
    CONTAINERS,
    OLE,
    Container,
    Holds,
    by_bytes,
    by_text,
    first_elements,
)
from pipeline_perf.ingest.container.content import Content
from pipeline_perf.ingest.container.element import Element
from pipeline_perf.ingest.container.source import ZIP, Source
from pipeline_perf.ingest.errors import UnreadableFile
from pipeline_perf.ingest.probe import dialect, encoding, structure

if TYPE_CHECKING:
    from pipeline_perf.ingest.container.pdf_pages import Pages

Newline = Literal["lf", "crlf", "cr", "mixed", "none"]

#: Enough for some hundred records behind any preamble that is known, and read in one go.
HEAD_BYTES = 64 * 1024
#: A head of fewer lines goes on, up to a MiB: one huge field must not hide what all other records
#: look like.
FEW_LINES = 5
LONGEST_HEAD_BYTES = 1 << 20
#: From the file's middle, for its encoding only: names with accents may be rare.
MIDDLE_BYTES = 16 * 1024
#: Enough for totals and footers.
TAIL_BYTES = 4 * 1024

#: What may stand in front of a text, byte by byte.
BOMS = b"\xef\xbb\xbf\xff\xfe"

#: A file of nothing but these is empty.
NOTHING = "\0 \t\r\n\f\v\x1a\u00a0\ufeff"


@dataclass(frozen=True)
class Probe:
    """The findings on one source. Of containers that hold no lines, those on lines mean nothing.

    The lines of a workbook are those that `content` then gives: its rows, by tabs.
    """

    content: Content
    container: str  #                         of CONTAINERS, or "binary", or "empty"
    encoding: str = "utf-8"  #                Python codec
    mixed: bool = False  #                    some lines are to be decoded as "windows-1252"
    newline: Newline = "none"
    # lines of the first 64 KiB, or MiB where they are long; none is longer than 64 KiB
    head: tuple[str, ...] = ()
    # whole lines of the last 4 KiB; empty if the source cannot be sought in
    tail: tuple[str, ...] = ()
    complete: bool = False  #                 head is the whole file
    # None: fixed width, prose, or a single column; " ": any run of blanks
    delimiter: str | None = None
    quote: str | None = None  #               None: no quoted cell seen
    escape: str | None = None  #              None: a quote within quotes is doubled
    # physical lines before the header, or before the first record
    preamble_lines: int = 0
    header_lines: int = 0  #                  titles, also on two lines, and a line of types
    footer_lines: int = 0
    # blocks of records with different titles, as far as the first 1000 lines show
    tables: int = 0
    # titles of a table of lines as written, stripped; column_1 … where there are none
    titles: tuple[str, ...] = ()
    confidence: float = 0.0
    trouble: str = ""  #                      why the rows of a workbook cannot be had
    pages: Pages | None = None  #             of a PDF, the first of them looked at by `head_of`
    _elements: dict[str, list[Element]] = field(default_factory=dict, repr=False, compare=False)

    @property
    def source(self) -> Source:
        return self.content.source

    @property
    def holds(self) -> Holds | None:
        """What readers take from the file; None where it holds nothing for them."""
        container = CONTAINERS.get(self.container)
        return container.holds if container else None

    @property
    def columns(self) -> tuple[str, ...]:
        """The titles of the table, or the names of the first element's values."""
        if self.holds != "elements":
            return self.titles
        return tuple(next((element.values for element in self.elements()), ()))

    def elements(self, records: str = "") -> list[Element]:
        """The first elements, those that stand where a layout says by `records`; parsed once.

        Raises UnreadableFile.
        """
        if records not in self._elements:
            try:
                first = first_elements("\n".join(self.head), self.container, records)
            except UnreadableFile as error:
                raise UnreadableFile(f"{self.content.name}{error}") from error
            self._elements[records] = first
        return self._elements[records]


@dataclass(frozen=True)
class Samples:
    head: bytes
    middle: bytes
    tail: bytes
    complete: bool  #                         head is the whole file


def probe(content: Content, priors: Sequence[str] = ()) -> Probe:
    """Look at a content's head, middle and tail.

    `priors` are encodings that the known layouts expect, tried before statistics. Raises
    UnreadableFile if the bytes cannot be had; no bytes that can be had make it raise.
    """
    samples = _samples(content)
    name = _by_bytes(samples)
    container = CONTAINERS.get(name)
    if container is None:
        return Probe(content, name)
    if container.holds == "pages":
        return Probe(content, name, pages=container.load().Pages(content))
    return _lines_of(container, content, priors) or _text(content, samples, priors)


def _lines_of(container: Container, content: Content, priors: Sequence[str]) -> Probe | None:
    """The findings on the lines that a container is made of; None for text, which is its own."""
    if not container.module:
        return None
    rows = container.load().lines_of(content)
    try:
        probe = _text(rows, _samples(rows), priors, dialect.Dialect("\t", confidence=1.0))
    except UnreadableFile as error:
        return Probe(content, container.name, trouble=str(error))
    return replace(probe, container=container.name) if probe.container == "text" else probe


def _text(
    content: Content,
    samples: Samples,
    priors: Sequence[str],
    known: dialect.Dialect | None = None,
) -> Probe:
    """The findings on lines of text, of which the dialect may be known."""
    # a workbook's rows may be none: then the head is empty
    parts = [samples.head[:HEAD_BYTES], *(s for s in (samples.middle, samples.tail) if s)]
    charset = encoding.detect(parts, priors)
    if charset is None:
        return Probe(content, "binary")
    text = charset.decode(samples.head)
    if samples.complete and not text.strip(NOTHING):
        return Probe(content, "empty", encoding=charset.codec, newline=newline(text))
    if not samples.complete:
        text = text.removesuffix("\r")  # perhaps the first half of a CRLF
    head = _lines(text)
    if len(head) > 1 and (not samples.complete or not head[-1]):
        head.pop()  # a line that was cut, or what follows the last line end
    head = [line[:HEAD_BYTES] for line in head]
    container = CONTAINERS["text"] if known else by_text(text)
    if container.holds == "elements":
        return Probe(
            content,
            container.name,
            encoding=charset.codec,
            head=tuple(head),
            complete=samples.complete,
            tables=1,
            confidence=round(charset.confidence, 3),
        )
    tail = _lines(charset.decode(samples.tail))[1:]
    if tail and not tail[-1]:
        tail.pop()
    first = _first(head)
    shape = known or dialect.sniff(first)
    table = structure.find(first, tail, shape)
    return Probe(
        content,
        container.name,
        encoding=charset.codec,
        mixed=charset.mixed,
        newline=newline(text),
        head=tuple(head),
        tail=tuple(tail),
        complete=samples.complete,
        delimiter=shape.delimiter,
        quote=shape.quote,
        escape=shape.escape,
        preamble_lines=table.preamble_lines,
        header_lines=table.header_lines,
        footer_lines=table.footer_lines,
        tables=table.tables,
        titles=table.columns,
        confidence=round(charset.confidence * shape.confidence, 3),
    )


def _first(head: list[str]) -> list[str]:
    """The lines that dialect and tables are told by: further ones cost time and tell no more."""
    sizes = itertools.accumulate(len(line) + 1 for line in head)
    return head[: max(1, sum(size <= HEAD_BYTES for size in sizes))]


def _samples(content: Content) -> Samples:
    with content.open() as stream:
        most = HEAD_BYTES
        head = stream.read(most + 1)
        while (
            most < min(len(head), LONGEST_HEAD_BYTES)
            and head.count(b"\n") + head.count(b"\r") < FEW_LINES
        ):
            most += HEAD_BYTES
            head += stream.read(HEAD_BYTES)
        if len(head) <= most:
            return Samples(head, b"", b"", True)
        head = head[:most]
        if not stream.seekable():
            return Samples(head, b"", b"", False)
        size = stream.seek(0, 2)
        # Multiples of four keep the halves of wide characters together.
        middle = tail = b""
        if size > most + MIDDLE_BYTES + TAIL_BYTES:
            stream.seek(size // 2 // 4 * 4)
            middle = stream.read(MIDDLE_BYTES)
        stream.seek(max(most, size - TAIL_BYTES) // 4 * 4)
        tail = stream.read(TAIL_BYTES + 4)
        return Samples(head, middle, tail, False)


def is_endless(content: Content, longest: int) -> bool:
    """Whether a text begins with a line of more than `longest` bytes, or with lines up to such a
    one within its first 64 KiB.

    Little is read to know it: of a file of gigabytes, that is what identifying it would take ten
    seconds for.
    """
    with content.open() as stream:
        head = stream.read(HEAD_BYTES)
        begun = len(head) - 1 - max(head.rfind(b"\n"), head.rfind(b"\r"))
        if begun < HEAD_BYTES // 2 or not head.strip(NOTHING.encode("ascii", "ignore")):
            return False
        text = head.lstrip(BOMS).replace(b"\0", b"").decode("latin-1")
        # JSON and XML may well be one line
        if _by_bytes(Samples(head, b"", b"", False)) != "text" or by_text(text).holds != "lines":
            return False
        rest = stream.read(longest)
        return len(rest) == longest and b"\n" not in rest and b"\r" not in rest


def _by_bytes(samples: Samples) -> str:
    """The container by its bytes alone; "text" for whatever shows nothing else."""
    head = samples.head
    if samples.complete and not head.strip(NOTHING.encode("ascii", "ignore")):
        return "empty"
    container = by_bytes(head, samples.tail)
    if container is None:
        return "binary" if head.startswith((*ZIP, OLE)) else "text"
    return container.name


def newline(text: str) -> Newline:
    """The kind of line end in a text, `mixed` for several kinds."""
    crlf = text.count("\r\n")
    counts: dict[Newline, int] = {
        "lf": text.count("\n") - crlf,
        "crlf": crlf,
        "cr": text.count("\r") - crlf,
    }
    present = [kind for kind, count in counts.items() if count]
    return "none" if not present else present[0] if len(present) == 1 else "mixed"


def _lines(text: str) -> list[str]:
    return re.split(r"\r\n|\n|\r", text)
