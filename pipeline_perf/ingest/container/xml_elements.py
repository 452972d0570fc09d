"""XML → the elements that are records, with their values by path, also beside broken ones."""

from __future__ import annotations

import codecs
import re
from collections.abc import Generator, Iterator
from typing import BinaryIO
from xml.parsers import expat

from pipeline_perf.ingest.container.element import (
    MAX_DEPTH,
    MAX_ELEMENT,
    STEP,
    Element,
    element_too_long,
    too_deep,
)
from pipeline_perf.ingest.container.safe_xml import parser
from pipeline_perf.ingest.errors import UnreadableFile

#: What expat says of a document behind the end of the first.
FURTHER = tuple(
    expat.errors.codes[text]
    for text in (
        expat.errors.XML_ERROR_JUNK_AFTER_DOC_ELEMENT,
        expat.errors.XML_ERROR_MISPLACED_XML_PI,
    )
)
#: What may stand between documents that were put together in one file.
DECLARATION = re.compile(r"(?:\s*<\?xml[^>]*\?>)*\s*")
#: A record that is one tag, its values attributes.
EMPTY = re.compile(rb"""<(?:[^"'>]|"[^"]*"|'[^']*')*/>""")


# --------------------------------------------------------------------------- XML


def elements(
    stream: BinaryIO, name: str, encoding: str, records: str = "", step: int = STEP
) -> Iterator[Element]:
    """The elements at the path `records` (`broadWorksCDR/cdrData`), or the children of the
    outermost element.

    Values have the path below their record: `basicModule.callingNumber`, attributes too. Behind an
    element that cannot be read, the next is sought.
    """
    # ends and beginnings of tags are sought in the bytes
    wide = encoding.startswith(("utf-16", "utf-32"))
    decoder = codecs.getincrementaldecoder(encoding)(errors="replace")
    reading = _Markup(name, "utf-8" if wide else encoding, records, decoded=wide)
    while data := stream.read(step):
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
        # where, within which elements, and how it is no XML
        self.broken: tuple[int, tuple[str, ...], str] | None = None
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
            raise element_too_long(self.name)

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
            ancestors = (
                tuple(self.path[: self.depth - 1]) if self.begun is not None else tuple(self.path)
            )
            self.broken = (start, ancestors, expat.ErrorString(error.code))
        except (LookupError, ValueError) as error:
            raise UnreadableFile(
                f"the XML states an encoding that cannot be read ({error})",
                "ask for it in UTF-8",
                file=self.name,
            ) from error
        yield from self._given()
        kept = self.broken[0] if self.broken else self.begun
        if kept is None:
            kept = self.parser.CurrentByteIndex + self.offset
        del self.held[: max(0, kept - self.base)]
        self.base = max(self.base, kept)

    def _before(self, error: expat.ExpatError) -> int:
        """Where what cannot be read outside of records begins: at a further document, or with
        the tag in which the fault is.
        """
        at = self.parser.ErrorByteIndex + self.offset
        if error.code in FURTHER:
            return at
        return self.base + max(self.held.rfind(b"<", 0, at - self.base), 0)

    def _given(self) -> Iterator[Element]:
        yield from self.done
        self.done.clear()

    def _recovered(self, *, final: bool) -> Generator[Element, None, bytes]:
        """Tell what cannot be read as a record, up to where the next one begins; returns what is
        to be read from there on.
        """
        start, ancestors, what = self.broken or (self.base, (), "")
        tag = (self.last or "".join(self.wanted[-1:])).encode(self.encoding)
        resumption = (
            re.compile(rb"<" + re.escape(tag) + rb"[\s/>]").search(
                self.held, max(0, start - self.base) + (start == self.resumed)
            )
            if tag
            else None
        )
        if resumption is None and not final:
            return b""
        end = self.base + (resumption.start() if resumption else len(self.held))
        raw = self._raw(start, end).strip()
        if not DECLARATION.fullmatch(raw):
            yield Element(
                raw,
                {},
                (
                    "malformed_xml",
                    f"no XML ({what}): ask for the file again, or set this record right by hand",
                ),
            )
        rest = bytes(self.held[end - self.base :])
        self.base, self.held, self.broken, self.resumed = end, bytearray(), None, end
        self._restart(ancestors)
        self.held += rest
        return rest

    def _raw(self, start: int, end: int) -> str:
        return bytes(self.held[max(0, start - self.base) : end - self.base]).decode(
            self.encoding, errors="replace"
        )

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        self.path.append(tag)
        if len(self.path) > MAX_DEPTH:
            raise too_deep(self.name)
        if self.begun is None and (
            tuple(self.path) == self.wanted if self.wanted else len(self.path) == 2
        ):
            self.begun, self.depth, self.last = (
                self.parser.CurrentByteIndex + self.offset,
                len(self.path),
                tag,
            )
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
                # of an element that is one tag, expat tells the place behind it
                if not EMPTY.fullmatch(self.held, max(0, self.begun - self.base), at - self.base):
                    at = self.base + self.held.find(b">", at - self.base) + 1
                self.done.append(Element(self._raw(self.begun, at), self.values))
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
