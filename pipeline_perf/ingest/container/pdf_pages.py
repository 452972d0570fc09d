"""PDF file → sheets of text lines, each line its words and where they stand; the only place that
knows a PDF library.

What the words mean, and which line is a record, is the reader's business.
"""

from __future__ import annotations

import logging
import struct
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

from pipeline_perf.extras import require
from pipeline_perf.ingest.container.containers import MARGIN
from pipeline_perf.ingest.container.content import HELD, Content
from pipeline_perf.ingest.errors import UnreadableFile

if TYPE_CHECKING:
    from pdfplumber.page import Page
    from pdfplumber.pdf import PDF


#: Points by which baselines of one line may differ. Bills with 100 rows on a landscape page have a
#: pitch of 5.4 points; this is far enough below half of it.
LINE_TOLERANCE = 1.5

#: A gap of this share of the font size ends a word. A blank is 0.28 of it in Helvetica, kerning at
#: most 0.1; a fixed number of points would join neighbouring cells of small print.
WORD_GAP = 0.15

#: Pages without any text (covers, scanned letters) that are passed over in search of text.
TEXTLESS_PAGES = 10

#: What the library lets through, beside its own errors, when values of a damaged file are not what
#: they should be.
BROKEN = (
    TypeError,
    ValueError,
    LookupError,
    AttributeError,
    AssertionError,
    RecursionError,
    struct.error,
    zlib.error,
)


class Word(NamedTuple):
    """A word on a page, in points from the left and from the top."""

    text: str
    x0: float
    x1: float
    baseline: float


class Line(NamedTuple):
    """Words on one baseline, left to right."""

    words: tuple[Word, ...]
    text: str


class Sheet(NamedTuple):
    """A page, counted from 1: its lines, and what is wrong with it (rule and reason), if
    anything is.
    """

    number: int
    lines: list[Line]
    trouble: tuple[str, str] | None


class Pages:
    """The pages of a PDF, opened once: the first ones may be looked at before all are gone through.

    Raises UnreadableFile when the file as a whole cannot be read: no PDF, cut off, encrypted,
    damaged. A page that cannot be read is a sheet with its trouble.
    """

    def __init__(self, content: Content) -> None:
        self._name = content.name
        self._coming = _sheets(content)
        self._first: list[Sheet] = []

    def __iter__(self) -> Iterator[Sheet]:
        """Every page once, released before the next is read."""
        while self._first:
            yield self._first.pop(0)
        yield from self._coming

    def first(self, pages: int = 2) -> tuple[str, ...]:
        """The lines of the first `pages` that have any.

        Raises UnreadableFile when there are none to be had: cut off, encrypted, damaged, scanned.
        """
        with_text = textless = 0
        for sheet in self._coming:
            self._first.append(sheet)
            with_text += bool(sheet.lines)
            textless += not sheet.lines
            if with_text == pages or textless == TEXTLESS_PAGES:
                break
        lines = tuple(line.text for sheet in self._first for line in sheet.lines)
        if not lines:
            raise UnreadableFile(self._silence(), file=self._name)
        text = "\n".join(lines)
        if 2 * text.count("(cid:") > len(text.split()):
            raise UnreadableFile(
                "the PDF's fonts do not say which letters they draw",
                "print it anew as a PDF, or run OCR over it",
                file=self._name,
            )
        return lines

    def _silence(self) -> str:
        """Why the first pages have no text."""
        troubles = (sheet.trouble for sheet in self._first if sheet.trouble)
        damage = next((reason for rule, reason in troubles if rule == "damaged_page"), None)
        count = len(self._first)
        looked_at = f"first {count} pages hold" if count > 1 else "only page holds"
        return damage or (
            f"the PDF's {looked_at} no text, only pictures or nothing; run OCR over it first"
        )


def _sheets(content: Content) -> Iterator[Sheet]:
    with _opened(content) as pdf:
        for page in pdf.pages:
            yield _sheet(page)
            page.close()
            # close() keeps it, and with it the page's decoded content
            page.page_obj = None  # type: ignore[assignment]
            pdf.doc._cached_objs.clear()


@contextmanager
def _opened(content: Content) -> Iterator[PDF]:
    require("pdf", "pdfplumber")
    import pdfplumber
    from pdfminer.pdfdocument import PDFEncryptionError
    from pdfminer.pdftypes import resolve1
    from pdfplumber.utils.exceptions import MalformedPDFException, PdfminerException

    # They warn of every oddity that they get over, in the file's own words; what matters of them is
    # said here, as a sheet's trouble.
    for library in ("pdfminer", "pdfplumber"):
        logging.getLogger(library).setLevel(logging.CRITICAL)
    if not content.hold():
        raise UnreadableFile(
            f"a packed PDF of more than {HELD // 2**20} MiB",
            "unpack it and hand in the file",
            file=content.name,
        )
    stream = content.open()
    with stream:
        if b"%PDF-" not in stream.read(MARGIN):
            raise UnreadableFile(
                "no PDF: it lacks the mark %PDF- that every PDF begins with",
                "check what the file is",
                file=content.name,
            )
        size = stream.seek(0, 2)
        stream.seek(max(0, size - 64 * MARGIN))
        if b"%%EOF" not in stream.read().rstrip(b"\0\r\n\t ")[-MARGIN:]:
            raise UnreadableFile(
                f"the PDF is cut off: its end mark %%EOF is missing after {size} bytes",
                "get the file again",
                file=content.name,
            )
        stream.seek(0)
        encrypted, damage = False, ""
        try:
            pdf = pdfplumber.open(stream)
            reached, stated = len(pdf.pages), resolve1(resolve1(pdf.doc.catalog["Pages"])["Count"])
            if reached == 0 or reached < stated:
                # what a broken page tree leads to is passed over in silence
                damage = f"{reached} of {stated} pages found"
        except (PdfminerException, MalformedPDFException, *BROKEN) as error:
            encrypted, damage = (
                bool(error.args) and isinstance(error.args[0], PDFEncryptionError),
                _cause(error),
            )
        if encrypted:
            raise UnreadableFile(
                "the PDF is encrypted and needs a password",
                "save a copy without one, e.g. with qpdf --decrypt",
                file=content.name,
            )
        if damage:
            raise UnreadableFile(
                f"the PDF's structure is damaged ({damage})",
                "get the file again, or repair it, e.g. with qpdf",
                file=content.name,
            )
        yield pdf


def _cause(error: Exception) -> str:
    """One short line about what pdfminer ran into; pdfplumber wraps it."""
    inner = error.args[0] if error.args and isinstance(error.args[0], Exception) else error
    return " ".join(f"{type(inner).__name__}: {inner}".split())[:80]


def _sheet(page: Page) -> Sheet:
    from pdfplumber.utils.exceptions import PdfminerException

    number = page.page_number
    damage = _damage(page)
    try:
        lines = _lines(_words(page))
        pictures = not lines and bool(page.images)
    except (PdfminerException, *BROKEN) as error:
        lines, pictures, damage = [], False, _cause(error)
    trouble = None
    if damage:
        trouble = (
            "damaged_page",
            f"page {number} is damaged ({damage}): records may be missing; get the file again",
        )
    elif pictures:
        trouble = (
            "page_without_text",
            f"page {number} is a picture: its records cannot be read; run OCR over the file first",
        )
    return Sheet(number, lines, trouble)


def _damage(page: Page) -> str:
    """What is wrong with the page's content streams; empty when nothing is.

    pdfminer reads a broken stream as far as it goes and says nothing: half a page of records would
    be missing in silence. Asked strictly, it tells.
    """
    from pdfminer import settings
    from pdfminer.pdftypes import PDFStream, resolve1
    from pdfminer.psexceptions import PSException

    for content in page.page_obj.contents:
        stream = resolve1(content)
        if not isinstance(stream, PDFStream):
            return "a part of its content is missing"
        before, settings.STRICT = settings.STRICT, True
        try:
            stream.get_data()
        except (PSException, *BROKEN) as error:
            return _cause(error)
        finally:
            settings.STRICT = before
    return ""


def _words(page: Page) -> list[Word]:
    """The upright words of a page."""
    extracted = page.extract_words(
        x_tolerance_ratio=WORD_GAP, y_tolerance=LINE_TOLERANCE, return_chars=True
    )
    return [
        Word(w["text"], w["x0"], w["x1"], page.height - w["chars"][0]["matrix"][5])
        for w in extracted
        if w["upright"]
    ]


def _lines(words: Sequence[Word]) -> list[Line]:
    """Group words by baseline, top to bottom."""
    grouped: list[list[Word]] = []
    for word in sorted(words, key=lambda w: w.baseline):
        if not grouped or word.baseline - grouped[-1][0].baseline > LINE_TOLERANCE:
            grouped.append([])
        grouped[-1].append(word)
    ordered = (tuple(sorted(group, key=lambda w: w.x0)) for group in grouped)
    return [Line(group, " ".join(w.text for w in group)) for group in ordered]
