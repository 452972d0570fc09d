"""What a file is, before anyone knows whose it is: container, encoding, line ends, dialect, and
where its table lies.

Here belong taking samples and putting the findings together. It never reads more than the samples,
and whatever the bytes are, it has an answer.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from pipeline_perf.ingest.container.source import ZIP, Source
from pipeline_perf.ingest.errors import UnreadableFile
from pipeline_perf.ingest.probe import dialect, encoding, structure

Container = Literal["text", "json", "xml", "html", "pdf", "workbook", "binary", "empty"]
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

#: Old Office files (OLE 2); a workbook among them has a stream of this name.
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
OLE_WORKBOOK = "Workbook".encode("utf-16-le")

#: Containers that hold elements instead of lines.
STRUCTURED: tuple[Container, ...] = ("json", "xml", "html")

#: How JSON begins that holds objects, whole pages of HTML, and XML; a table of HTML alone is text.
JSON = re.compile(r'\s*(?:\{\s*["}]|\[\s*[\[{\]])')
HTML = re.compile(r"\s*(?:<!--[^>]*>\s*)?(?:<\?xml[^>]*>\s*)?(?i:<!DOCTYPE\s+html|<html)\b")
XML = re.compile(r"\s*<(?:\?xml\s|(?!(?i:html|body|table|pre|p|br|div)\b)[A-Za-z_][\w.:-]*[\s>/])")

#: What may stand in front of a text, byte by byte.
BOMS = b"\xef\xbb\xbf\xff\xfe"

#: A file of nothing but these is empty.
NOTHING = "\0 \t\r\n\f\v\x1a\u00a0\ufeff"


@dataclass(frozen=True)
class Probe:
    """The findings on one source; of containers that hold no lines only `source` and `container`
    mean anything.

    The lines of a workbook are those that `source` then gives: its rows, by tabs.
    """

    source: Source
    container: Container
    encoding: str = "utf-8"  #                Python codec
    # some lines are no UTF-8: decode with errors="windows-1252"
    mixed: bool = False
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
    # titles as written, stripped; column_1 … where there are none
    columns: tuple[str, ...] = ()
    confidence: float = 0.0
    trouble: str = ""  #                      why the rows of a workbook cannot be had


@dataclass(frozen=True)
class Samples:
    head: bytes
    middle: bytes
    tail: bytes
    complete: bool  #                         head is the whole file


def probe(source: Source, priors: Sequence[str] = ()) -> Probe:
    """Look at a source's head, middle and tail.

    `priors` are encodings that the known layouts expect, tried before statistics.
    Raises UnreadableFile if the bytes cannot be had; no bytes that can be had make it raise.
    """
    samples = _samples(source)
    container = _container(samples)
    if container == "workbook":
        return _workbook(source, priors)
    return _text(source, samples, priors) if container == "text" else Probe(source, container)


def _workbook(source: Source, priors: Sequence[str]) -> Probe:
    from pipeline_perf.ingest.container.workbook import Workbook

    rows = Workbook(source.path, source.member, source.may_expand_to)
    try:
        found = _text(rows, _samples(rows), priors, dialect.Dialect("\t", confidence=1.0))
    except UnreadableFile as error:
        return Probe(source, "workbook", trouble=str(error))
    return replace(found, container="workbook") if found.container == "text" else found


def _text(
    source: Source, samples: Samples, priors: Sequence[str], known: dialect.Dialect | None = None
) -> Probe:
    """The findings on lines of text, of which the dialect may be known."""
    found = encoding.detect(
        [s for s in (samples.head[:HEAD_BYTES], samples.middle, samples.tail) if s], priors
    )
    if found is None:
        return Probe(source, "binary")
    text = found.decode(samples.head)
    if samples.complete and not text.strip(NOTHING):
        return Probe(source, "empty", encoding=found.codec, newline=newline(text))
    if not samples.complete:
        text = text.removesuffix("\r")  # perhaps the first half of a CRLF
    head = _lines(text)
    if len(head) > 1 and (not samples.complete or not head[-1]):
        head.pop()  # a line that was cut, or what follows the last line end
    head = [line[:HEAD_BYTES] for line in head]
    tail = _lines(found.decode(samples.tail))[1:]
    if tail and not tail[-1]:
        tail.pop()
    if known is None and (form := _form(text)):
        return _structured(
            source, form, head, found.codec, complete=samples.complete, confidence=found.confidence
        )
    first = _first(head)
    shape = known or dialect.sniff(first)
    lying = structure.find(first, tail, shape)
    return Probe(
        source,
        "text",
        encoding=found.codec,
        mixed=found.mixed,
        newline=newline(text),
        head=tuple(head),
        tail=tuple(tail),
        complete=samples.complete,
        delimiter=shape.delimiter,
        quote=shape.quote,
        escape=shape.escape,
        preamble_lines=lying.preamble_lines,
        header_lines=lying.header_lines,
        footer_lines=lying.footer_lines,
        tables=lying.tables,
        columns=lying.columns,
        confidence=round(found.confidence * shape.confidence, 3),
    )


def _first(head: list[str]) -> list[str]:
    """The lines that dialect and tables are told by: further ones cost time and tell no more."""
    sizes = itertools.accumulate(len(line) + 1 for line in head)
    return head[: max(1, sum(size <= HEAD_BYTES for size in sizes))]


def _form(text: str) -> Literal["json", "xml", "html"] | None:
    """JSON, HTML or XML by its beginning."""
    start = text.removeprefix("\ufeff")
    return (
        "json"
        if JSON.match(start)
        else "html"
        if HTML.match(start)
        else "xml"
        if XML.match(start)
        else None
    )


def _structured(
    source: Source,
    form: Literal["json", "xml", "html"],
    head: Sequence[str],
    codec: str,
    *,
    complete: bool,
    confidence: float,
) -> Probe:
    """The findings on JSON, XML or HTML: the names of its first element's values are its
    columns.
    """
    from pipeline_perf.ingest.container.elements import first_elements

    found = Probe(
        source,
        form,
        encoding=codec,
        head=tuple(head),
        complete=complete,
        tables=1,
        confidence=round(confidence, 3),
    )
    try:
        elements = first_elements("\n".join(head), form, most=1)
    except UnreadableFile as error:
        return replace(found, trouble=f"{source.name}{error}")
    return replace(found, columns=tuple(elements[0].values) if elements else ())


def _samples(source: Source) -> Samples:
    with source.open() as stream:
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


def is_endless(source: Source, longest: int) -> bool:
    """Whether a text begins with a line of more than `longest` bytes, or with lines up to such a
    one within its first 64 KiB.

    Little is read to know it: of a file of gigabytes, that is what identifying it would take ten
    seconds for.
    """
    with source.open() as stream:
        head = stream.read(HEAD_BYTES)
        begun = len(head) - 1 - max(head.rfind(b"\n"), head.rfind(b"\r"))
        if begun < HEAD_BYTES // 2 or not head.strip(NOTHING.encode("ascii", "ignore")):
            return False
        text = head.lstrip(BOMS).replace(b"\0", b"").decode("latin-1")
        if _container(Samples(head, b"", b"", False)) != "text" or _form(text):
            # JSON and XML may well be one line
            return False
        rest = stream.read(longest)
        return len(rest) == longest and b"\n" not in rest and b"\r" not in rest


def _container(samples: Samples) -> Container:
    head = samples.head
    if samples.complete and not head.strip(NOTHING.encode("ascii", "ignore")):
        return "empty"
    if b"%PDF-" in head[:1024]:
        return "pdf"
    everything = head + samples.tail
    if head.startswith(ZIP):
        return (
            "workbook"
            if b"xl/" in everything or b"opendocument.spreadsheet" in head[:128]
            else "binary"
        )
    if head.startswith(OLE):
        return "workbook" if OLE_WORKBOOK in everything else "binary"
    return "text"


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
