"""HTML → records: each element of certain classes is one, its values named by the classes of
what is within it.

Tags need not be closed nor nested rightly, as in the pages that a browser forgives. What the values
mean is `normalise`'s business.
"""

from __future__ import annotations

import codecs
import html
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import BinaryIO

from pipeline_perf.ingest.container.element import MAX_DEPTH, STEP, Element, too_deep
from pipeline_perf.ingest.container.lines import MAX_COLUMNS, MAX_LINE
from pipeline_perf.ingest.container.safe_xml import MAX_TOKEN, too_long
from pipeline_perf.ingest.container.source import PAGE
from pipeline_perf.ingest.errors import UnreadableFile

#: The name of a value that every record has: the file's, or of pages in an archive the page's.
FILE = "file name"

#: A page of several in a source begins behind such a line.
ANNOUNCEMENT = f"\n<!--{PAGE}"
ANNOUNCED = re.compile(rf"{ANNOUNCEMENT}([^\n]*)-->")

#: Elements that have no end.
VOID = frozenset(
    (
        "area",
        "base",
        "br",
        "col",
        "embed",
        "hr",
        "img",
        "input",
        "link",
        "meta",
        "param",
        "source",
        "track",
        "wbr",
    ),
)

#: Attributes that say how something looks, or are told by the name of the value.
SILENT = frozenset({"class", "style", "id"})


def elements(
    stream: BinaryIO, name: str, encoding: str, records: str = "", step: int = STEP
) -> Iterator[Element]:
    """The elements of the classes `records` (`haudio|message`).

    Every record has the value `file name`. The others are named by their path below the record,
    each element by its first class or, without one, its tag, attributes behind it:
    `published.title`. Several values of one name are joined by a blank.
    """
    wanted = frozenset(records.split("|"))
    page = _Page(name, wanted)
    decoder = codecs.getincrementaldecoder(encoding)(errors="replace")
    held = ""
    while data := stream.read(step):
        parts = ANNOUNCED.split(held + decoder.decode(data))
        line = parts[-1].rfind("\n")
        held = parts[-1][line:] if line >= 0 and _may_announce(parts[-1][line:]) else ""
        parts[-1] = parts[-1].removesuffix(held)
        for i, part in enumerate(parts):
            if i % 2:
                yield from page.ended(name)
                page = _Page(part, wanted)
            else:
                yield from page.read(part, name)
    yield from page.read(held, name)
    yield from page.ended(name)


def _may_announce(line: str) -> bool:
    """Whether the beginning of a line may be that of a page's announcement."""
    return len(line) < MAX_LINE and (line.startswith(ANNOUNCEMENT) or ANNOUNCEMENT.startswith(line))


class _Page(HTMLParser):
    """The record at hand, while the parser goes through a page."""

    def __init__(self, name: str, wanted: frozenset[str]) -> None:
        super().__init__(convert_charrefs=False)
        self.name, self.wanted = name, wanted
        self.of: frozenset[str] = frozenset()  # classes of the record at hand
        # what is open: tag, name of the value, texts
        self.inside: list[tuple[str, str, list[str]]] = []
        self.values: dict[str, list[str]] = {}
        self.count = 0  # of values
        self.raw: list[str] = []
        self.size = 0
        self.done: list[Element] = []

    def read(self, text: str, source: str, *, last: bool = False) -> Iterator[Element]:
        """Go on with the page; `source` is the file's name, for messages."""
        try:
            self.feed(text)
            if last:
                self.close()
        except AssertionError as error:
            # how the parser tells of declarations that it does not know
            raise UnreadableFile(
                f"HTML with a declaration that cannot be read ({error})",
                "save the page anew",
                file=source,
            ) from error
        if len(self.rawdata) > MAX_TOKEN:
            raise too_long(source)
        yield from self.done
        self.done.clear()

    def ended(self, source: str) -> Iterator[Element]:
        """The page's last records."""
        yield from self.read("", source, last=True)
        if self.inside:
            yield Element("".join(self.raw), {}, ("cut_off", "the file ends inside this record"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = dict(attrs)
        classes = (attributes.get("class") or "").split()
        of = self.wanted.intersection(classes)
        begins = bool(of) and tag not in VOID and (not self.inside or of == self.of)
        if begins:  # within another of its kind: that one's end is missing
            self._close(0)
            self.of = of
        elif not self.inside:
            return
        path = "" if begins else _joined(self.inside[-1][1], classes[0] if classes else tag)
        if tag not in VOID:
            self.inside.append((tag, path, []))
            if len(self.inside) > MAX_DEPTH:
                raise too_deep(self.name)
        self._note(self.get_starttag_text() or "")
        for key, value in attributes.items():
            if value and key not in SILENT:
                self._value(_joined(path, key), value)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID and self.inside:
            self._close(len(self.inside) - 1)

    def handle_endtag(self, tag: str) -> None:
        self._note(f"</{tag}>")
        depth = next(
            (i for i in range(len(self.inside) - 1, -1, -1) if self.inside[i][0] == tag), None
        )
        if depth is not None:
            self._close(depth)

    def handle_data(self, data: str) -> None:
        if self.inside:
            self._note(data)
            self.inside[-1][2].append(data)

    def handle_entityref(self, name: str) -> None:
        self.handle_data(f"&{name};")

    def handle_charref(self, name: str) -> None:
        self.handle_data(f"&#{name};")

    def _close(self, depth: int) -> None:
        """Close what is open from this depth on; with the outermost the record is whole."""
        while len(self.inside) > depth:
            _, path, texts = self.inside.pop()
            text = " ".join(html.unescape("".join(texts)).split())
            if text:
                self._value(path or "text", text)
            if not self.inside:
                values = {path: " ".join(several) for path, several in self.values.items()}
                self.done.append(Element("".join(self.raw), {FILE: self.name, **values}))
                self.values, self.raw, self.size, self.count = {}, [], 0, 0

    def _note(self, text: str) -> None:
        if self.inside:
            self.raw.append(text)
            self.size += len(text)
            if self.size > MAX_LINE:
                raise UnreadableFile(
                    f"a record longer than {MAX_LINE // 2**20} MiB, as in no such file",
                    "check what the file is",
                    file=self.name,
                )

    def _value(self, path: str, text: str) -> None:
        self.values.setdefault(path, []).append(text)
        self.count += 1
        if self.count > MAX_COLUMNS:
            raise UnreadableFile(
                f"a record of more than {MAX_COLUMNS} values, as in no such file",
                "check what the file is",
                file=self.name,
            )


def _joined(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name
