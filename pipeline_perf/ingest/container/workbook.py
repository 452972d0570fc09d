"""Excel workbook (.xlsx) → the lines of its sheets, cells set apart by tabs, streaming: `read`
reads them as it reads any text.

Line numbers are row numbers, running on from sheet to sheet; rows behind a sheet's last text are
none. What a cell looks like is said in `number_formats`, which line is a record in `read`. Not a
library's work, because those at hand hold a whole sheet (and, for two cells far apart, all the
empty ones between them), and do not tell how a cell is shown.
"""

from __future__ import annotations

import functools
import io
import posixpath
import zipfile
from array import array
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from typing import IO, Any, BinaryIO
from xml.parsers import expat

from pipeline_perf.ingest.container import number_formats
from pipeline_perf.ingest.container.content import HELD, Content
from pipeline_perf.ingest.container.element import MAX_DEPTH, too_deep
from pipeline_perf.ingest.container.safe_xml import feed, parser, too_long
from pipeline_perf.ingest.container.source import BUFFER, DAMAGED, METHODS, Source, expansion_limit
from pipeline_perf.ingest.errors import UnreadableFile
from pipeline_perf.numbers import count

#: What a workbook has at most (ECMA-376; Excel's own limits): anything beyond is made to do harm.
ROWS, COLUMNS = 1_048_576, 16_384

#: Bytes of shared texts: they are held in memory. A full sheet of telephone numbers has 20 million.
SHARED_BYTES = 96 * 2**20

#: How many times the bytes of its XML a sheet's lines may fill, beyond the first: empty cells
#: before a far one cost nothing to write.
FILLING, FIRST_BYTES = 4, 64 * 2**20

#: Bytes of its lines that are kept for who looks at them again: more than the probe ever takes.
KEPT = 2 * 2**20

#: Parts in which the parser hands on a text (of a cell: 32 767 characters at most), each of 8 KiB
#: or up to a character that was escaped.
MOST_PARTS = 70_000

SPACES = str.maketrans("\t\r\n\v\f", "     ")


@dataclass(frozen=True)
class Workbook(Source):
    """A workbook as a source of lines: tab-separated UTF-8."""

    content: Content | None = None

    def open(self, file: io.BufferedReader | None = None) -> io.BufferedReader:
        """The lines of all sheets in the workbook's order, hidden ones too.

        Raises UnreadableFile, here or on reading.
        """
        content = self.content or Content(Source(self.path, self.member), file)
        if not content.hold():
            raise UnreadableFile(
                f"a packed workbook of more than {HELD // 2**20} MiB",
                "unpack it and hand in the file",
                file=self.name,
            )
        return io.BufferedReader(_Lines(content.open(), self), BUFFER)


def lines_of(content: Content) -> Content:
    """The rows of a workbook as lines, rendered once, whoever looks at the first of them."""
    source = content.source
    book = Workbook(source.path, source.member, source.may_expand_to, content=content)
    return Content(book, hold=KEPT)


class _Lines(io.RawIOBase):
    """The rendered lines as a stream."""

    def __init__(self, packed: BinaryIO, source: Workbook) -> None:
        self._packed = packed
        self._lines = _rendered(packed, source)
        self._ready = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._ready:
            line = next(self._lines, None)
            if line is None:
                return 0
            self._ready = line
        taken = self._ready[: len(buffer)]
        self._ready = self._ready[len(taken) :]
        buffer[: len(taken)] = taken
        return len(taken)

    def close(self) -> None:
        if not self.closed:
            self._lines.close()
            self._packed.close()
        super().close()


def _rendered(packed: BinaryIO, source: Workbook) -> Generator[bytes, None, None]:
    name = source.name
    try:
        with zipfile.ZipFile(packed) as archive:
            stored = packed.seek(0, 2)
            limit = expansion_limit(stored, source.may_expand_to)
            if sum(member.file_size for member in archive.infolist()) > limit:
                raise UnreadableFile(
                    f"expands to more than {count(limit // 2**20)} MiB, as workbooks made to do"
                    " harm do",
                    "if it is genuine, allow more with --expanded-mib, or save its sheets as CSV",
                    file=name,
                )
            if any(member.compress_type not in METHODS for member in archive.infolist()):
                raise UnreadableFile(
                    "a workbook packed by a method that no spreadsheet uses",
                    "save it anew",
                    file=name,
                )
            book = _book(archive, name)
            for sheet in book.sheets:
                with archive.open(sheet) as stream:
                    yield from _sheet(stream, book, name)
    except (*DAMAGED, KeyError, OSError, RuntimeError, ValueError) as error:
        raise UnreadableFile(
            f"no workbook that can be read ({error})",
            "save it anew as .xlsx, or its sheet as CSV",
            file=name,
        ) from error
    except expat.ExpatError as error:
        raise UnreadableFile(
            f"damaged workbook ({error})",
            "ask for the file again, or save its sheet as CSV",
            file=name,
        ) from error


# --------------------------------------------------------------------------- the workbook's parts


@dataclass(frozen=True)
class Book:
    """What all sheets need."""

    sheets: tuple[str, ...]  # names of the archive's members, in the workbook's order
    shared: SharedTexts
    formats: tuple[number_formats.Shown, ...]  # by a cell's style


class SharedTexts:
    """Texts that cells point to, in one piece of memory: a Python string for each would take
    five times as much.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._bytes = bytearray()
        self._ends = array("I", [0])

    def append(self, text: str) -> None:
        self._bytes += text.encode(errors="replace")
        if len(self._bytes) + self._ends.itemsize * len(self._ends) > SHARED_BYTES:
            raise UnreadableFile(
                f"more than {SHARED_BYTES // 2**20} MiB of shared texts",
                "save its sheets as CSV and ingest those",
                file=self._name,
            )
        self._ends.append(len(self._bytes))

    def __getitem__(self, at: int) -> str:
        if not 0 <= at < len(self._ends) - 1:
            raise UnreadableFile(
                "damaged workbook (a cell points to a text that is not there)",
                "save its sheet as CSV",
                file=self._name,
            )
        return self._bytes[self._ends[at] : self._ends[at + 1]].decode()


def _book(archive: zipfile.ZipFile, name: str) -> Book:
    members = set(archive.namelist())
    if "xl/workbook.xml" not in members:
        raise UnreadableFile(
            "a workbook of another kind than .xlsx",
            "save it as .xlsx, or its sheet as CSV, and ingest that",
            file=name,
        )
    relations = {
        e["Id"]: e
        for tag, e in _elements(archive, "xl/_rels/workbook.xml.rels", name)
        if tag == "Relationship"
    }
    paths = {
        key: posixpath.normpath(posixpath.join("/xl", e.get("Target", ""))).lstrip("/")
        for key, e in relations.items()
    }
    sheets, epoch_1904 = [], False
    for tag, attributes in _elements(archive, "xl/workbook.xml", name):
        if tag == "sheet":
            key = next(
                (
                    value
                    for attribute, value in attributes.items()
                    if attribute.rpartition(":")[2] == "id"
                ),
                "",
            )
            if (
                "worksheet" in relations.get(key, {}).get("Type", "worksheet")
                and paths.get(key) in members
            ):
                # a chart sheet has no cells
                sheets.append(paths[key])
        elif tag == "workbookPr":
            epoch_1904 = attributes.get("date1904") in ("1", "true")
    by_kind = {e.get("Type", "").rpartition("/")[2]: paths[key] for key, e in relations.items()}
    shared = SharedTexts(name)
    if by_kind.get("sharedStrings") in members:
        with archive.open(by_kind["sharedStrings"]) as stream:
            _read_shared(stream, shared, name)
    formats = (
        _formats(archive, by_kind["styles"], name, epoch_1904=epoch_1904)
        if by_kind.get("styles") in members
        else ()
    )
    return Book(tuple(sheets), shared, formats)


def _elements(archive: zipfile.ZipFile, member: str, name: str) -> list[tuple[str, dict[str, str]]]:
    """Local names and attributes of all elements of a small part."""
    started: list[tuple[str, dict[str, str]]] = []
    reading = parser(name)

    def start(tag: str, attributes: dict[str, str]) -> None:
        if len(started) > 1_000_000:
            raise UnreadableFile(
                "more styles and sheets than a workbook has", "save its sheet as CSV", file=name
            )
        started.append((tag.rpartition(":")[2], attributes))

    reading.StartElementHandler = start
    with archive.open(member) as stream:
        for _ in feed(reading, stream, name):
            pass
    return started


def _formats(
    archive: zipfile.ZipFile, member: str, name: str, *, epoch_1904: bool
) -> tuple[number_formats.Shown, ...]:
    codes, styles, inside = dict(number_formats.BUILT_IN), [], False
    for tag, attributes in _elements(archive, member, name):
        if tag == "numFmt":
            codes[int(attributes.get("numFmtId", "0"))] = attributes.get("formatCode", "General")
        elif tag in ("cellXfs", "cellStyles", "dxfs"):
            inside = tag == "cellXfs"
        elif tag == "xf" and inside:
            styles.append(int(attributes.get("numFmtId", "0")))
    return tuple(number_formats.shown(codes.get(style, "General"), epoch_1904) for style in styles)


def _read_shared(stream: IO[bytes], shared: SharedTexts, name: str) -> None:
    reading = parser(name)
    texts: list[str] = []
    aside = 0  # within a reading aid: how the text is pronounced

    def start(tag: str, _: dict[str, str]) -> None:
        nonlocal aside
        if tag.endswith("rPh"):
            aside += 1
        elif tag.endswith("t"):
            reading.CharacterDataHandler = None if aside else texts.append

    def end(tag: str) -> None:
        nonlocal aside
        reading.CharacterDataHandler = None
        if tag.endswith("rPh"):
            aside -= 1
        elif tag.endswith("si"):
            shared.append("".join(texts))
            texts.clear()

    reading.StartElementHandler, reading.EndElementHandler = start, end
    for _ in feed(reading, stream, name):
        if len(texts) > MOST_PARTS:
            raise too_long(name)


# --------------------------------------------------------------------------- a sheet


@functools.lru_cache(maxsize=COLUMNS)
def column_of(letters: str) -> int:
    """A column's place, from 0: A → 0, AB → 27; COLUMNS for more letters than any has."""
    if len(letters) > 3:
        return COLUMNS
    at = 0
    for letter in letters:
        at = at * 26 + ord(letter) - 64
    return at - 1


def _sheet(stream: IO[bytes], book: Book, name: str) -> Iterator[bytes]:
    """The sheet's lines, some at a time."""
    rows = _Rows(book, name)
    rows.parser.StartElementHandler, rows.parser.EndElementHandler = rows.start, rows.end
    written = 0
    for used in feed(rows.parser, stream, name):
        if rows.lines:
            ready = ("\n".join(rows.lines) + "\n").encode(errors="replace")
            rows.lines.clear()
            written += len(ready)
            yield ready
        if written + rows.blank > FIRST_BYTES + FILLING * used:
            raise UnreadableFile(
                "hardly anything but empty cells, as in workbooks made to do harm",
                "save its sheet as CSV",
                file=name,
            )
        if len(rows.texts) > MOST_PARTS:
            raise too_long(name)


class _Rows:
    """The rows of a sheet while expat goes through it."""

    def __init__(self, book: Book, name: str) -> None:
        self.book, self.name = book, name
        self.parser = parser(name)
        self.lines: list[str] = []
        # rows without text since the last one with any: written when another one has some
        self.blank = 0
        self.row = 0
        self.column = -1
        self.depth = 0
        self.cells: list[str] = []
        self.texts: list[str] = []
        self.kind = self.style = ""

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise too_deep(self.name)
        local = tag.rpartition(":")[2] if ":" in tag else tag
        if local == "c":
            place = attributes.get("r")
            self.column = column_of(place.rstrip("0123456789")) if place else self.column + 1
            if not len(self.cells) <= self.column < COLUMNS:
                raise self.damaged(
                    f"a cell in column {self.column + 1} behind one in column {len(self.cells)}"
                )
            self.kind, self.style = attributes.get("t", "n"), attributes.get("s", "")
        elif local in ("v", "t"):
            self.parser.CharacterDataHandler = self.texts.append
        elif local == "row":
            number = int(attributes.get("r", self.row + 1))
            if not self.row < number <= ROWS:
                raise self.damaged(
                    f"row {count(number)} behind row {count(self.row)}; a sheet has"
                    f" {count(ROWS)} at most"
                )
            self.blank += number - self.row - 1
            self.row, self.column = number, -1

    def end(self, tag: str) -> None:
        self.depth -= 1
        local = tag.rpartition(":")[2] if ":" in tag else tag
        if local in ("v", "t"):
            self.parser.CharacterDataHandler = None
        elif local == "c":
            if self.texts:
                text = self.shown("".join(self.texts))
                self.texts.clear()
                if text:
                    self.cells += [""] * (self.column - len(self.cells))
                    self.cells.append(text)
        elif local == "row":
            if self.cells:
                self.lines += [""] * self.blank
                self.blank = 0
                self.lines.append("\t".join(self.cells))
                self.cells.clear()
            else:
                self.blank += 1

    def shown(self, stored: str) -> str:
        kind = self.kind
        if kind == "n":
            style = int(self.style) if self.style.isdigit() else 0
            return (
                self.book.formats[style](stored)
                if style < len(self.book.formats)
                else number_formats.general(stored)
            )
        if kind == "s":
            stored = self.book.shared[int(stored)] if stored.strip().isdigit() else stored
        elif kind == "b":
            return "TRUE" if stored == "1" else "FALSE"
        return stored.translate(SPACES)

    def damaged(self, what: str) -> UnreadableFile:
        return UnreadableFile(
            f"damaged workbook ({what})", "save its sheet as CSV and ingest that", file=self.name
        )
