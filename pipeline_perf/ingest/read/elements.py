"""JSON, XML and HTML → string columns: every element is a record, its values named by their path; none is dropped.

`read` gives the pieces that `pipeline` takes, as the readers of text and PDF do. What the values mean is `normalise`'s
business; a layout says by `records` where the elements stand. Numbers stay as they are written.
"""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Generator, Iterator, Mapping
from typing import Any, BinaryIO
from xml.parsers import expat

import polars as pl

from pipeline_perf.ingest.batch import Batch, Element, Piece, rejected
from pipeline_perf.ingest.container.html_elements import html_elements
from pipeline_perf.ingest.container.lines import BLOCK, MAX_COLUMNS, MAX_LINE
from pipeline_perf.ingest.container.safe_xml import MAX_DEPTH, parser, too_deep
from pipeline_perf.ingest.container.source import Source
from pipeline_perf.ingest.errors import UnreadableFile
from pipeline_perf.ingest.layout.model import Layout, Table, title_key
from pipeline_perf.ingest.recognise.signatures import Match, matching_table

#: Bytes read at a time.
STEP = 1 << 18

#: An element beyond this is no record of any format; without a bound, one could fill the memory.
MAX_ELEMENT = MAX_LINE

#: Where the next element may begin behind one that cannot be read.
NEXT_OBJECT = re.compile(r"(?:\}\s*,\s*|\n\s*,?\s*)(?=\{)")
BETWEEN = re.compile(r"[\s,]*")
#: What expat says of a document behind the end of the first.
FURTHER = tuple(
    expat.errors.codes[text] for text in (expat.errors.XML_ERROR_JUNK_AFTER_DOC_ELEMENT, expat.errors.XML_ERROR_MISPLACED_XML_PI)
)
#: What may stand between documents that were put together in one file.
DECLARATION = re.compile(r"(?:\s*<\?xml[^>]*\?>)*\s*")


def read(source: Source, container: str, encoding: str, match: Match, block_bytes: int = BLOCK) -> Iterator[Piece]:
    """Read a JSON, XML or HTML file by its layout, some elements at a time.

    Elements are numbered through the file and count as one line each; what stands around them counts as none.
    """
    layout = match.layout
    reading = _Reading(layout, {name: match.context.get(name) for name in layout.file_name})
    with source.open() as stream:
        elements = ELEMENTS[container](stream, source.name, encoding, layout.records)
        weight = 0
        for element in elements:
            reading.add(element)
            weight += len(element.raw)
            if weight >= block_bytes // 4:  # a frame of its values weighs several times as much
                yield reading.piece()
                weight = 0
        yield reading.piece()


class _Reading:
    """The elements of a piece, sorted by table."""

    def __init__(self, layout: Layout, context: Mapping[str, str | None]) -> None:
        self.layout, self.context = layout, context
        self.tables: dict[frozenset[str], Table | None] = {}
        self.used = {table.name: _used(table) for table in layout.tables}
        self.found: dict[str, tuple[Table, list[tuple[int, Element]]]] = {}
        self.rejects: list[tuple[int, None, str, str, str]] = []
        self.number = 0  # of the last element
        self.before = 0  # of the last element of the piece before

    def add(self, element: Element) -> None:
        self.number += 1
        table = None if element.trouble else self._table(frozenset(element.values))
        if table is None:
            what = "neither a record of the layout nor an element known to be none"
            self.rejects.append((self.number, None, *(element.trouble or ("unrecognised_element", what)), element.raw))
        else:
            self.found.setdefault(table.name, (table, []))[1].append((self.number, element))

    def _table(self, names: frozenset[str]) -> Table | None:
        if names not in self.tables:
            if len(self.tables) > 10_000:
                self.tables.clear()  # every element has names of its own
            self.tables[names] = matching_table(self.layout, {title_key(name) for name in names}, None)
        return self.tables[names]

    def piece(self) -> Piece:
        batches = tuple(self._batch(table, elements) for table, elements in self.found.values())
        piece = Piece(batches, rejected(self.rejects), self.number - self.before, 0, self.number)
        self.found, self.rejects, self.before = {}, [], self.number
        return piece

    def _batch(self, table: Table, elements: list[tuple[int, Element]]) -> Batch:
        """Only the columns that the layout speaks of: others stay in the raw text."""
        columns: dict[str, list[str | None]] = {}
        wanted, count = self.used[table.name], len(elements)
        for at, (_, element) in enumerate(elements):
            for path, value in element.values.items():
                if path not in columns:
                    if title_key(path) not in wanted:
                        continue
                    columns[path] = [None] * count
                columns[path][at] = value
        frame = pl.DataFrame(
            {
                **{f"c{i}": pl.Series(values, dtype=pl.String) for i, values in enumerate(columns.values())},
                "record_no": pl.Series([number for number, _ in elements], dtype=pl.Int64),
                "page": pl.Series([None] * count, dtype=pl.Int32),
                "raw": pl.Series([element.raw for _, element in elements], dtype=pl.String),
                **{f"context.{name}": pl.Series([value] * count, dtype=pl.String) for name, value in self.context.items()},
            }
        )
        return Batch(table, tuple(columns), frame)


def _used(table: Table) -> set[str]:
    """Keys of all titles that the table speaks of."""
    fields = [field for alternatives in table.fields.values() for field in alternatives]
    fields += [field for override in table.overrides for field in override.set.values()]
    titles = [title for field in fields for title in field.column]
    for conditions in (*table.overrides, table.legs, table.repeats):
        titles += list(conditions.when) if conditions else []
    return {title_key(title) for title in titles}


def first_elements(text: str, container: str, records: str = "", most: int = 20) -> list[Element]:
    """Elements of a file's head, as `read` would give them; a last one that the head cuts off is left out."""
    import io
    import itertools

    stream = io.BytesIO(text.encode(errors="replace"))
    found = itertools.islice(ELEMENTS[container](stream, "", "utf-8", records), most)
    return [element for element in found if element.trouble is None]


def flat(value: Any, name: str, into: dict[str, str], path: str = "", depth: int = 0) -> dict[str, str]:
    """The values of nested objects and lists by path, such as `callflow.0.times.created_time`; null is an empty text."""
    if depth > MAX_DEPTH:
        raise too_deep(name)
    if isinstance(value, dict | list):
        items = value.items() if isinstance(value, dict) else enumerate(value)
        for key, inner in items:
            flat(inner, name, into, f"{path}.{key}" if path else str(key), depth + 1)
    else:
        if len(into) > MAX_COLUMNS:
            raise UnreadableFile(f"{name}: an element of more than {MAX_COLUMNS} values, as in no file of records; check what the file is")
        into[path] = value if isinstance(value, str) else "" if value is None else "true" if value else "false"
    return into


def _too_long(name: str) -> UnreadableFile:
    return UnreadableFile(f"{name}: an element longer than {MAX_ELEMENT // 2**20} MiB, as in no file of records; check what the file is")


# --------------------------------------------------------------------------- JSON


def json_elements(stream: BinaryIO, name: str, encoding: str, records: str = "") -> Iterator[Element]:
    """The objects of a JSON file: one behind the other (JSON lines), in an array, or in the array called `records`.

    Numbers are kept as texts: no library's float could hold them all. Behind an object that cannot be read, the next is sought.
    """
    decoder = json.JSONDecoder(parse_int=str, parse_float=str, parse_constant=str)
    text = _Text(stream, encoding)
    inside = _enter(text, records)
    while True:
        text.at = _skip(text)
        if text.at == len(text.held):
            return
        if inside and text.held[text.at] == "]":
            rest, inside = _next_array(text, records)
            if rest:
                yield Element(rest, {}, ("unrecognised_element", "text behind the end of the records"))
            if not inside:
                return
            continue
        try:
            value, end = decoder.raw_decode(text.held, text.at)
        except RecursionError:
            raise too_deep(name) from None
        except json.JSONDecodeError as error:
            if _incomplete(error, text) and text.more(name):
                continue
            yield _broken_object(error, text, name)
            continue
        raw = text.held[text.at : end]
        text.at = end
        if isinstance(value, dict):
            yield Element(raw, flat(value, name, {}))
        else:
            yield Element(raw, {}, ("unrecognised_element", "a value where a record should be: a record is an object in braces"))


class _Text:
    """The decoded text from the element at hand on."""

    def __init__(self, stream: BinaryIO, encoding: str) -> None:
        self._stream = stream
        self._decoder = codecs.getincrementaldecoder(encoding)(errors="replace")
        self.held = ""
        self.at = 0
        self.ended = False

    def more(self, name: str) -> bool:
        """Read on, letting go of what lies behind; false at the file's end."""
        if self.ended:
            return False
        if len(self.held) - self.at > MAX_ELEMENT:
            raise _too_long(name)
        data = self._stream.read(max(STEP, len(self.held) - self.at))  # doubled: what is looked at again stays in proportion
        self.ended = not data
        self.held = self.held[self.at :] + self._decoder.decode(data, final=self.ended)
        self.at = 0
        return not self.ended


def _skip(text: _Text) -> int:
    """Where the next thing stands that is neither blank nor a comma."""
    while True:
        found = BETWEEN.match(text.held, text.at)
        text.at = found.end() if found else text.at
        if text.at < len(text.held) or not text.more(""):
            return text.at


def _enter(text: _Text, records: str) -> bool:
    """Go to the first element; whether it stands in an array."""
    text.more("")
    text.held = text.held.removeprefix("\ufeff")
    if records:
        opening = _opening(records)
        while not (found := opening.search(text.held)) and len(text.held) < MAX_ELEMENT and text.more(""):
            pass
        text.at = found.end() if found else len(text.held)
        return found is not None
    at = _skip(text)
    if text.held[at : at + 1] == "[":
        text.at = at + 1
        return True
    return False


def _incomplete(error: json.JSONDecodeError, text: _Text) -> bool:
    """Whether the text so far may just be the beginning of an object."""
    return error.msg.startswith("Unterminated") or error.pos >= len(text.held) - 8


def _broken_object(error: json.JSONDecodeError, text: _Text, name: str) -> Element:
    """What lies before the next object, and what is wrong with it."""
    while not (found := NEXT_OBJECT.search(text.held, text.at + 1)) and text.more(name):
        pass
    end = found.start() + (text.held[found.start()] == "}") if found else len(text.held)
    raw = text.held[text.at : end].strip()
    text.at = found.end() if found else end
    if found is None and _incomplete(error, text):
        return Element(raw, {}, ("cut_off", "the file ends inside this record"))
    return Element(raw, {}, ("malformed_json", f"no JSON ({error.msg}): ask for the file again, or set this record right by hand"))


def _opening(records: str) -> re.Pattern[str]:
    return re.compile(rf'"{re.escape(records)}"\s*:\s*\[')


def _next_array(text: _Text, records: str) -> tuple[str, bool]:
    """Behind an array go into that of the next document, if there is one (pages of an API that were put together).

    Returns what of the text before it is more than the end and the beginning of the objects around the arrays.
    """
    text.at += 1
    seek = _opening(records).search if records else re.compile(r"[\s,\ufeff]*\[").match
    while not (found := seek(text.held, text.at)) and len(text.held) - text.at <= MAX_ELEMENT and text.more(""):
        pass
    rest = text.held[text.at : found.start() if found else len(text.held)].strip()
    text.at = found.end() if found else len(text.held)
    around = rest.count("{") <= (found is not None) if records else not rest
    return ("" if around else rest), found is not None


# --------------------------------------------------------------------------- XML


def xml_elements(stream: BinaryIO, name: str, encoding: str, records: str = "") -> Iterator[Element]:
    """The elements at the path `records` (`BWCDR/cdrData`), or the children of the outermost element.

    Values have the path below their record: `basicModule.callingNumber`, attributes too. Behind an element that cannot be
    read, the next is sought.
    """
    wide = encoding.startswith(("utf-16", "utf-32"))  # ends and beginnings of tags are sought in the bytes
    decoder = codecs.getincrementaldecoder(encoding)(errors="replace")
    reading = _Markup(name, "utf-8" if wide else encoding, records, decoded=wide)
    while data := stream.read(STEP):
        yield from reading.feed(decoder.decode(data).encode() if wide else data)
    yield from reading.end()


class _Markup:
    """Records while expat goes through the file, with the bytes of the one at hand.

    `decoded`: whatever encoding the file states, its bytes are in `encoding` by now.
    """

    def __init__(self, name: str, encoding: str, records: str, *, decoded: bool) -> None:
        self.name, self.encoding = name, encoding
        self.told = encoding if decoded or not encoding.startswith("utf") else None  # to the parser
        self.wanted = tuple(records.split("/")) if records else ()
        self.held = bytearray()  # from the record at hand on
        self.base = 0  # the place in the file of the first byte held
        self.offset = 0  # what the parser's places are behind those in the file
        self.path: list[str] = []
        self.begun: int | None = None  # where the record at hand begins
        self.depth = 0  # of that record
        self.values: dict[str, str] = {}
        self.texts: list[str] = []
        self.done: list[Element] = []
        self.last = ""  # the name of the last record
        self.broken: tuple[int, tuple[str, ...], str] | None = None  # where, within which elements, and how it is no XML
        self.resumed = 0  # where the parser last began anew
        self._restart()

    def _restart(self, ancestors: tuple[str, ...] = ()) -> None:
        self.parser = parser(self.name, self.told)
        self.parser.StartElementHandler, self.parser.EndElementHandler = self._start, self._end
        self.parser.CharacterDataHandler = self.texts.append
        self.path, self.begun = [], None
        self.texts.clear()
        opening = "".join(f"<{tag}>" for tag in ancestors).encode()
        self.offset = self.base - len(opening)
        if opening:
            self.parser.Parse(opening, False)

    def feed(self, data: bytes) -> Iterator[Element]:
        self.held += data
        unread = (yield from self._recovered(final=False)) if self.broken else data
        while unread:
            yield from self._parsed(unread)
            unread = (yield from self._recovered(final=False)) if self.broken else b""
        if len(self.held) > MAX_ELEMENT + STEP:
            raise _too_long(self.name)

    def end(self) -> Iterator[Element]:
        while self.broken:
            unread = yield from self._recovered(final=True)
            yield from self._parsed(unread)
        if self.begun is not None:
            raw = self._raw(self.begun, self.base + len(self.held))
            yield Element(raw, {}, ("cut_off", "the file ends inside this record"))

    def _parsed(self, data: bytes) -> Iterator[Element]:
        try:
            self.parser.Parse(data, False)
        except expat.ExpatError as error:
            start = self.begun if self.begun is not None else self._before(error)
            ancestors = tuple(self.path[: self.depth - 1]) if self.begun is not None else tuple(self.path)
            self.broken = (start, ancestors, expat.ErrorString(error.code))
        except (LookupError, ValueError) as error:
            raise UnreadableFile(f"{self.name}: the XML states an encoding that cannot be read ({error}); ask for it in UTF-8") from error
        yield from self._given()
        kept = self.broken[0] if self.broken else self.begun
        if kept is None:
            kept = self.parser.CurrentByteIndex + self.offset
        del self.held[: max(0, kept - self.base)]
        self.base = max(self.base, kept)

    def _before(self, error: expat.ExpatError) -> int:
        """Where what cannot be read outside of records begins: at a further document, or with the tag in which the fault is."""
        at = self.parser.ErrorByteIndex + self.offset
        if error.code in FURTHER:
            return at
        return self.base + max(self.held.rfind(b"<", 0, at - self.base), 0)

    def _given(self) -> Iterator[Element]:
        yield from self.done
        self.done.clear()

    def _recovered(self, *, final: bool) -> Generator[Element, None, bytes]:
        """Tell what cannot be read as a record, up to where the next one begins; returns what is to be read from there on."""
        start, ancestors, what = self.broken or (self.base, (), "")
        tag = (self.last or "".join(self.wanted[-1:])).encode(self.encoding)
        found = (
            re.compile(rb"<" + re.escape(tag) + rb"[\s/>]").search(self.held, max(0, start - self.base) + (start == self.resumed))
            if tag
            else None
        )
        if found is None and not final:
            return b""
        end = self.base + (found.start() if found else len(self.held))
        raw = self._raw(start, end).strip()
        if not DECLARATION.fullmatch(raw):
            yield Element(raw, {}, ("malformed_xml", f"no XML ({what}): ask for the file again, or set this record right by hand"))
        rest = bytes(self.held[end - self.base :])
        self.base, self.held, self.broken, self.resumed = end, bytearray(), None, end
        self._restart(ancestors)
        self.held += rest
        return rest

    def _raw(self, start: int, end: int) -> str:
        return bytes(self.held[max(0, start - self.base) : end - self.base]).decode(self.encoding, errors="replace")

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        self.path.append(tag)
        if len(self.path) > MAX_DEPTH:
            raise too_deep(self.name)
        if self.begun is None and (tuple(self.path) == self.wanted if self.wanted else len(self.path) == 2):
            self.begun, self.depth, self.last = self.parser.CurrentByteIndex + self.offset, len(self.path), tag
            self.values = {}
        self.texts.clear()
        if self.begun is not None:
            for key, value in attributes.items():
                self._value([*self.path[self.depth :], key], value)

    def _end(self, tag: str) -> None:
        if self.begun is not None:
            text = "".join(self.texts).strip()
            if text:
                self._value(self.path[self.depth :], text)
            if len(self.path) == self.depth:
                at = self.parser.CurrentByteIndex + self.offset
                close = self.held.find(b">", at - self.base)
                self.done.append(Element(self._raw(self.begun, self.base + close + 1), self.values))
                self.begun = None
        self.texts.clear()
        self.path.pop()

    def _value(self, path: list[str], text: str) -> None:
        """A value by its path; a second of that path has a number behind it."""
        name, number = ".".join(path), 1
        key = name
        while key in self.values and number < MAX_DEPTH:
            key, number = f"{name}.{number}", number + 1
        self.values[key] = text


ELEMENTS = {"json": json_elements, "xml": xml_elements, "html": html_elements}
