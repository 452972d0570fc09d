"""The probe on small files of its own, one per trap, and its promises: an answer for any bytes,
from samples only.
"""

from __future__ import annotations

import codecs
import gzip
import io
import random
import struct
import zipfile
import zlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline_perf.ingest.container.content import LOOKED_AT, Content, contents
from pipeline_perf.ingest.container.source import Source
from pipeline_perf.ingest.probe.probe import (
    HEAD_BYTES,
    MIDDLE_BYTES,
    TAIL_BYTES,
    Probe,
    is_endless,
    probe,
)


@dataclass(frozen=True)
class Bytes(Source):
    """A source held in memory, which counts what is read of it."""

    path: Path = Path("memory.csv")
    data: bytes = b""
    read: list[int] = field(default_factory=list)
    seekable: bool = True

    def open(self) -> BinaryIO:
        source = self

        class Counting(io.BytesIO):
            def read(self, size: int | None = -1, /) -> bytes:
                data = super().read(size)
                source.read.append(len(data))
                return data

            def seekable(self) -> bool:
                return source.seekable

            def seek(self, offset: int, whence: int = 0, /) -> int:
                assert source.seekable
                return super().seek(offset, whence)

        return Counting(self.data)


def look(data: bytes, *priors: str) -> Probe:
    return probe(Content(Bytes(data=data)), priors)


def facts(found: Probe) -> tuple[str | None, int, int, int, int]:
    return (
        found.delimiter,
        found.preamble_lines,
        found.header_lines,
        found.footer_lines,
        len(found.columns),
    )


HEADER = b"Date,Time,Number,Seconds,Call Type\n"
ROWS = b"".join(
    b"07/%02d/2023,%02d:10:05,2125550%03d,%d,Outgoing\n" % (i + 1, i, 100 + i, 7 * i)
    for i in range(12)
)

PREAMBLE = (
    b"Call detail report\n",
    b"\n",
    b"Account: 287001234567\n",
    b"Created on 07/31/2023 at 14:02:11, Eastern\n",
    b"\n",
    b"Requested by: A. Name, Legal Department, Atlanta, GA\n",
    b"Matter ID,1234567\n",
    b"Lines: 2125550100, 2125550101\n",
    b"LOCAL AIRTIME, LONG DISTANCE and INTERNATIONAL CHARGES\n",
    b"(times are local)\n",
    b"\n",
    b"Usage For: (212)555-0100\n",
)


@pytest.mark.parametrize("length", range(13))
@pytest.mark.parametrize("delimiter", [b",", b";", b"\t", b"|"])
def test_a_preamble_of_any_length_is_counted(length: int, delimiter: bytes) -> None:
    table = (HEADER + ROWS).replace(b",", delimiter)
    found = look(b"".join(PREAMBLE[:length]) + table)
    assert facts(found) == (delimiter.decode(), length, 1, 0, 5)
    assert found.columns == ("Date", "Time", "Number", "Seconds", "Call Type")


@pytest.mark.parametrize(
    ("footer", "lines"),
    [
        (b"", 0),
        (b"\n", 1),
        (b"Totals,,,462,\n", 1),
        (b"\n AT&T Proprietary\n   Page 1 of 2\n", 3),
        (
            (
                b'"Total minutes: 8"\nThe date and time corresponds to the local time, where the'
                b" mobile was located.\n"
            ),
            2,
        ),
        (b"Subtotal,,,462\n\nEnd of report", 3),
    ],
)
def test_a_footer_is_counted(footer: bytes, lines: int) -> None:
    assert facts(look(HEADER + ROWS + footer)) == (",", 0, 1, lines, 5)


def test_a_footer_is_found_behind_many_records_too() -> None:
    found = look(HEADER + ROWS * 500 + b"\nTotals,,,462,\nPage 9 of 9\n")
    assert facts(found) == (",", 0, 1, 3, 5)
    assert not found.complete
    assert found.tail[-1] == "Page 9 of 9"


@pytest.mark.parametrize("width", [3, 4])
def test_sentences_with_as_many_commas_as_the_table_are_no_header(width: int) -> None:
    prose = (
        b"Requested by A. Name, Legal, Atlanta\nThe records of this report are kept for some years,"
        b" as written, and provided, in UTC.\n"
    )
    rows = b"".join(
        b",".join([b"2125550%03d" % (100 + i), b"%d" % i, b"Outgoing", b"X"][:width]) + b"\n"
        for i in range(12)
    )
    titles = b",".join([b"Number", b"Seconds", b"Direction", b"Line"][:width]) + b"\n"
    assert facts(look(prose + titles + rows)) == (",", 2, 1, 0, width)
    assert facts(
        look(b"Number, Seconds, Direction\n2125550100, 5, Outgoing\n2125550101, 6, Outgoing\n")
    ) == (",", 0, 1, 0, 3)


def test_a_wide_line_of_words_over_a_narrow_table_has_an_answer() -> None:
    words = ",".join(f"{chr(97 + i % 26)}{chr(97 + i // 26)}word" for i in range(100)).encode()
    found = look(b"sep=,\n" + words + b"\n2125550100,5\n2125550101,6\n2125550102,7\n")
    assert (found.delimiter, found.tables) == (",", 1)


def test_a_record_that_was_cut_off_is_no_footer() -> None:
    assert facts(look(HEADER + ROWS + b"07/13/2023,12:1")) == (",", 0, 1, 0, 5)


def test_titles_that_are_also_names_of_types_are_titles() -> None:
    found = look(b"Date,Time,Number\n07/01/2023,10:05,2125550100\n")
    assert (facts(found), found.columns) == ((",", 0, 1, 0, 3), ("Date", "Time", "Number"))


def test_a_preamble_that_a_spreadsheet_padded_to_full_width_is_none_of_the_table() -> None:
    found = look(b"Call report,,,,\nAccount,287001234567,,,\n,,,,\n" + HEADER + ROWS)
    assert facts(found) == (",", 3, 1, 0, 5)


def test_a_padded_line_of_a_few_words_is_no_header() -> None:
    found = look(b"Call report,March,,,\n" + HEADER + ROWS)
    assert facts(found) == (",", 1, 1, 0, 5)
    assert facts(look(b"Call report,March,,,,,\n" + ROWS)) == (",", 1, 0, 0, 5)
    second = b"\nVoice,Calls,,,,,,\n" + b"1,2,3,4,5,6,7,8\n" * 5
    assert look(HEADER + ROWS + second).tables == 1


@pytest.mark.parametrize("blank", [b",,,,\n", b" , , , , \n", b"\t,\t,\t,\t,\n", b"  \n"])
def test_lines_of_nothing_but_blanks_are_no_rows(blank: bytes) -> None:
    found = look(b"Call report\n" + blank * 3 + HEADER + blank + ROWS)
    assert facts(found) == (",", 4, 1, 0, 5)
    assert found.columns == ("Date", "Time", "Number", "Seconds", "Call Type")


def test_blank_rows_of_another_width_do_not_part_the_header_from_its_records() -> None:
    found = look(HEADER + b" , , \n" * 4 + ROWS)
    assert facts(found) == (",", 0, 1, 0, 5)


def test_columns_that_hold_words_and_numbers_make_no_header_of_the_first_rows() -> None:
    found = look(b"Ann,x,12,a\nBob,12,high,c\n12,z,17,d\nDee,w,low,5\n")
    assert facts(found) == (",", 0, 0, 0, 4)


def test_blanks_above_a_single_column_are_not_its_title() -> None:
    found = look(b"  \nNumber\n" + b"".join(b"2125550%03d\n" % i for i in range(100, 120)))
    assert (facts(found), found.columns) == ((None, 1, 1, 0, 1), ("Number",))


def test_a_footer_of_three_kilobytes_is_found_behind_many_records_too() -> None:
    notice = b"".join(b"This report is confidential, see paragraph %d.\n" % i for i in range(65))
    assert facts(look(HEADER + ROWS * 400 + notice)) == (",", 0, 1, 65, 5)


def test_pairs_before_the_table_are_preamble() -> None:
    pairs = b"".join(b"Key %d,value %d\n" % (i, i) for i in range(8))
    assert facts(look(pairs + HEADER + ROWS)) == (",", 8, 1, 0, 5)


@pytest.mark.parametrize("line", [b"sep=;\n", b"sep=;\r\n", b'"sep=;"\n', b"SEP=;\n"])
def test_a_declared_separator_is_believed_and_is_preamble(line: bytes) -> None:
    table = (
        b"Typ;Datum;Name;Rufnummer;Nebenstelle;Eigene Rufnummer;Dauer\n1;21.07.23 10:05;A,"
        b" Name;2125550100;Telefon;5550101;0:04\n"
    )
    found = look(line + table)
    assert facts(found) == (";", 1, 1, 0, 7)
    assert found.columns[0] == "Typ"


def test_a_declared_separator_without_a_table() -> None:
    assert facts(look(b"sep=;\n")) == (";", 1, 0, 0, 0)


@pytest.mark.parametrize(
    ("data", "newline"),
    [
        (b"a,b\n1,2\n", "lf"),
        (b"a,b\r\n1,2\r\n", "crlf"),
        (b"a,b\r1,2\r", "cr"),
        (b"a,b\r\n1,2\n3,4\n", "mixed"),
        (b"a,b\r1,2\n", "mixed"),
        (b"a,b", "none"),
    ],
)
def test_line_ends(data: bytes, newline: str) -> None:
    found = look(data)
    assert found.newline == newline
    assert found.head[0] == "a,b"
    assert found.head[-1] != ""


@pytest.mark.parametrize("shift", range(4))
def test_a_line_end_that_the_sample_cuts_in_two_is_one(shift: int) -> None:
    data = b"x" * shift + (b"1,2" + b"\r\n") * 30_000
    found = look(data)
    assert found.newline == "crlf"
    assert {len(line) for line in found.head[1:]} == {3}


def test_bare_cr_records_lie_in_columns() -> None:
    found = look((HEADER + ROWS).replace(b"\n", b"\r"))
    assert facts(found) == (",", 0, 1, 0, 5)


def test_tab_separated_with_crlf_after_the_header_only() -> None:
    header, *rows = (HEADER + ROWS).replace(b",", b"\t").splitlines()
    found = look(header + b"\r\n" + b"\n".join(rows))
    assert (found.newline, facts(found)) == ("mixed", ("\t", 0, 1, 0, 5))


def test_colons_delimit_where_nothing_else_does() -> None:
    rows = b"".join(b"1:2125550%03d:2125550100:20230701:%d:0\n" % (100 + i, i) for i in range(9))
    assert look(rows).delimiter == ":"


def test_backslashes_escape() -> None:
    rows = b"".join(
        b'2125550%03d,Smith\\, A. \\"Al\\",%d,20230701101500\n' % (100 + i, i) for i in range(9)
    )
    found = look(b"number,name,seconds,start\n" + rows)
    assert (found.escape, found.quote, facts(found)) == ("\\", None, (",", 0, 1, 0, 4))
    quoted = b"".join(b'"2125550%03d","A \\"nick\\", Name","%d"\n' % (100 + i, i) for i in range(9))
    found = look(b'"number","name","seconds"\n' + quoted)
    assert (found.escape, found.quote, facts(found)) == ("\\", '"', (",", 0, 1, 0, 3))


def test_quotes_hold_delimiters_quotes_and_line_ends() -> None:
    rows = b"".join(
        b'"Smith, ""Al"" %d","first\nsecond",2125550%03d\n' % (i, 100 + i) for i in range(9)
    )
    found = look(b"name,note,number\n" + rows)
    assert (found.quote, found.escape, facts(found)) == ('"', None, (",", 0, 1, 0, 3))


def test_apostrophes_quote_in_pairs_only() -> None:
    pairs = b"".join(b"'2125550%03d','a, b',%d\n" % (100 + i, i) for i in range(9))
    assert look(pairs).quote == "'"
    marks = b"".join(b"'2125550%03d,%d,O'Neil\n" % (100 + i, i) for i in range(9))
    found = look(marks)
    assert (found.quote, facts(found)) == (None, (",", 0, 0, 0, 3))


def test_a_quote_that_is_never_closed_does_not_swallow_the_table() -> None:
    found = look(HEADER + b'07/01/2023,10:00:00,"2125550100,5,Outgoing\n' + ROWS * 5)
    assert facts(found) == (",", 0, 1, 0, 5)


def test_unquoted_delimiters_in_the_last_column_do_not_move_the_header() -> None:
    cells = [
        b"[35034/21504:-73.98:40.71:330:-1.0%s]" % (b",35034/12615:-73.99:40.71:85:0.0" * (i % 5))
        for i in range(9)
    ]
    rows = b"".join(
        b"%d,07/04/23 03:59:41,0:07,2125550100,2125550101,MO,[NIOP],,,%s\n" % (i, cell)
        for i, cell in enumerate(cells)
    )
    found = look(
        b"Voice Usage For: (212)555-0100\n\n"
        b"Item,ConnDateTime(UTC),ET,Orig,Term,CT,Feature,MAKE,MODEL,CellLocation\n" + rows
    )
    assert facts(found) == (",", 2, 1, 0, 10)


@pytest.mark.parametrize("codec", ["utf-16-le", "utf-16-be"])
@pytest.mark.parametrize(
    "text",
    [(HEADER + ROWS * 400).decode(), "Имя;Номер;Секунды\n" + "Иван Петров;2125550100;65\n" * 50],
)
def test_utf_16_without_and_with_a_mark(codec: str, text: str) -> None:
    found = look(text.encode(codec))
    assert (found.encoding, found.head[0]) == (codec, text.splitlines()[0])
    marked = {"utf-16-le": codecs.BOM_UTF16_LE, "utf-16-be": codecs.BOM_UTF16_BE}[
        codec
    ] + text.encode(codec)
    found = look(marked)
    assert (found.encoding, found.head[0]) == ("utf-16", text.splitlines()[0])
    assert marked.decode(found.encoding) == text
    if found.tail:
        assert text.endswith("\n".join(found.tail) + "\n")


def test_utf_8_with_a_mark() -> None:
    found = look(codecs.BOM_UTF8 + HEADER + ROWS)
    assert (found.encoding, found.columns[0]) == ("utf-8-sig", "Date")


def test_zero_bytes_among_text_are_text() -> None:
    found = look(HEADER + ROWS + b"07/13/2023,12:10:05,21255\x00\x00\x0001,9,Outgoing\n" + ROWS)
    assert (found.container, found.encoding, facts(found)) == ("text", "utf-8", (",", 0, 1, 0, 5))


def test_a_single_column() -> None:
    assert facts(look(b"Number\n2125550100\n2125550101\n2125550102\n")) == (None, 0, 1, 0, 1)
    assert facts(look(b"2125550100\n2125550101\n2125550102\n")) == (None, 0, 0, 0, 1)


def test_a_header_only() -> None:
    found = look(b"Date,Time,Number,Seconds\n")
    assert (facts(found), found.tables) == ((",", 0, 1, 0, 4), 1)
    assert facts(look(b"Report of calls\n\nDate;Time;Number;Seconds")) == (";", 2, 1, 0, 4)


def test_records_without_a_header() -> None:
    found = look(ROWS)
    assert (facts(found), found.columns) == (
        (",", 0, 0, 0, 5),
        ("column_1", "column_2", "column_3", "column_4", "column_5"),
    )


def test_types_below_the_titles_belong_to_the_header() -> None:
    titles, types = (
        b'"cdrRecordType","callingPartyNumber","duration","dateTime"\n',
        b"INTEGER,VARCHAR(50),INTEGER,BIGINT\n",
    )
    rows = b"".join(b'1,"2125550%03d",%d,16%08d\n' % (100 + i, i, i) for i in range(9))
    found = look(titles + types + rows)
    assert (facts(found), found.columns[1]) == ((",", 0, 2, 0, 4), "callingPartyNumber")


def test_titles_on_two_lines_are_joined() -> None:
    rows = b"".join(b"A Name,2125550%03d,B Name,2125550101,%d\n" % (100 + i, i) for i in range(9))
    found = look(b"Calling,Calling ,Called,Called ,\nName,Number,Name ,Number ,Seconds\n" + rows)
    assert (facts(found), found.columns[:2]) == (
        (",", 0, 2, 0, 5),
        ("Calling Name", "Calling Number"),
    )


def test_sections_with_titles_of_their_own_are_counted_once_each() -> None:
    voice = b"Voice Usage\n\nItem,Start,ET,From,To\n" + b"".join(
        b"%d,07/04/23 03:59,0:42,2125550100,2125550101\n" % i for i in range(5)
    )
    text = b"SMS Usage\n\nItem,Start,From,To,Desc,Make\n" + b"".join(
        b"%d,07/04/23 03:59,2125550100,2125550101,MO,X\n" % i for i in range(5)
    )
    found = look(voice + b"\nPage 1 of 2\n\n" + voice + b"\n" + text)
    assert (found.tables, facts(found)) == (2, (",", 2, 1, 0, 5))


def test_fixed_columns_have_no_delimiter() -> None:
    rows = [
        "08/21/26 14:30 00:01:23 9 0009 2125550100    2125550101    1205 T007",
        "08/21/26 14:31 00:00:00 7 0009 1205          2125550102         T007",
        "08/21/26 14:32 00:00:45 8 0009 2125550103    1206          1206 T001",
    ]
    found = look("\n".join(rows).encode())
    assert facts(found) == (None, 0, 0, 0, 1)
    assert found.confidence > 0.5
    digits = "".join(f"202301230701{i:03d}2125550100{'':4}2125550101{'':20}\n" for i in range(9))
    assert look(digits.encode()).delimiter is None


def test_prose_is_no_table() -> None:
    text = (
        "These are the terms, as agreed. Nobody reads them; everybody signs.\nThere is, in short,"
        " no table here.\nNone at all: nothing.\n"
    )
    found = look(text.encode() * 3)
    assert found.container == "text"
    assert found.confidence < 0.7


# --------------------------------------------------------------------------- containers


def png() -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    pixels = zlib.compress(random.Random(1).randbytes(900))
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", struct.pack(">IIBBBBB", 16, 16, 8, 2, 0, 0, 0))
        + chunk(b"IDAT", pixels)
        + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize(
    ("data", "container"),
    [
        (b"", "empty"),
        (b"\n\r\n  \n", "empty"),
        (codecs.BOM_UTF8, "empty"),
        (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj", "pdf"),
        (b"junk from a mail gateway\r\n%PDF-1.4\n", "pdf"),
        (png(), "binary"),
        (random.Random(2).randbytes(5000), "binary"),
        (bytes(5000), "empty"),
        (bytes(range(256)) * 300, "binary"),
        (b"\x7fELF\x02\x01\x01" + bytes(64), "binary"),
        (
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504) + "Workbook".encode("utf-16-le"),
            "workbook",
        ),
        (
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504) + "WordDocument".encode("utf-16-le"),
            "binary",
        ),
        (b"a", "text"),
    ],
)
def test_containers_are_told_by_their_bytes(data: bytes, container: str) -> None:
    assert look(data).container == container


def test_workbooks_are_told_from_other_packages(tmp_path: Path) -> None:
    for part, container in (("xl/workbook.xml", "workbook"), ("word/document.xml", "binary")):
        path = tmp_path / "calls.csv"
        with zipfile.ZipFile(path, "w") as package:
            package.writestr("[Content_Types].xml", "<Types/>")
            package.writestr("docProps/thumbnail.jpeg", random.Random(3).randbytes(100_000))
            package.writestr(part, "<x/>")
        [content] = contents(path)
        assert probe(content).container == container


def test_compressed_sources_are_probed_as_what_they_hold(tmp_path: Path) -> None:
    packed = tmp_path / "calls.gz"
    packed.write_bytes(gzip.compress(HEADER + ROWS * 500))
    with zipfile.ZipFile(tmp_path / "calls.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("calls.csv", HEADER + ROWS * 500)
    for path in (packed, tmp_path / "calls.zip"):
        [content] = contents(path)
        found = probe(content)
        assert (found.container, facts(found), found.tail) == ("text", (",", 0, 1, 0, 5), ())


# --------------------------------------------------------------------------- promises


@pytest.mark.parametrize("seekable", [True, False])
def test_only_the_samples_are_read(seekable: bool) -> None:
    source = Bytes(data=HEADER + ROWS * 5000, seekable=seekable)
    found = probe(Content(source))
    assert sum(source.read) <= HEAD_BYTES + MIDDLE_BYTES + TAIL_BYTES + 3 * LOOKED_AT
    assert bool(found.tail) == seekable
    assert {*found.head, *found.tail} <= set(source.data.decode().splitlines())


def test_a_sparse_file_of_a_terabyte_is_no_burden(tmp_path: Path) -> None:
    path = tmp_path / "calls.csv"
    with path.open("wb") as file:
        file.write(HEADER + ROWS * 200)
        file.truncate(1 << 40)
    assert facts(probe(Content(Source(path))))[:3] == (",", 0, 1)


def test_one_endless_line_is_the_head_as_far_as_it_was_read() -> None:
    found = look(b"1,2," * 100_000)
    assert [len(line) for line in found.head] == [HEAD_BYTES]


def test_a_million_columns() -> None:
    assert look(b",".join(b"%d" % i for i in range(1_000_000))).container == "text"


text_like = st.text(alphabet=st.sampled_from("ab1290,;\t|:~ \"'\\\n\r\0é€.-=/"), max_size=300)


@settings(max_examples=150, deadline=None)
@given(
    st.one_of(
        st.binary(max_size=2000),
        text_like.map(str.encode),
        text_like.map(lambda t: t.encode("utf-16-le")),
    )
)
def test_any_bytes_have_an_answer_that_adds_up(data: bytes) -> None:
    found = look(data)
    if found.container == "text":
        assert found.preamble_lines + found.header_lines + found.footer_lines <= len(found.head)
        assert (
            data.decode(found.encoding, errors="windows-1252" if found.mixed else "replace") != ""
        )
        assert 0 <= found.confidence <= 1
        assert found.columns or not found.tables
    elif found.container not in ("json", "xml"):
        assert found.head == ()


titles = st.lists(
    st.from_regex(r"[A-Z][a-z]{2,8}( [A-Z][a-z]{2,6}| ID)?", fullmatch=True),
    min_size=3,
    max_size=9,
    unique_by=lambda t: t.casefold(),
)


@st.composite
def table(draw: st.DrawFn) -> tuple[bytes, str, int, tuple[str, ...]]:
    """A file made of a preamble, a header and records of the kinds that records have."""
    columns = draw(titles)
    delimiter = draw(st.sampled_from(",;\t|"))
    preamble = draw(
        st.lists(
            st.sampled_from(
                [
                    "",
                    "Report of calls",
                    "Account: 287001234567",
                    "Usage For: (212)555-0100",
                    "Run Date: 08/15/23",
                ]
            ),
            max_size=12,
        )
    )
    rng = draw(st.randoms(use_true_random=False))
    kinds = [
        lambda: (
            f"{rng.randint(1, 12):02d}/{rng.randint(1, 28):02d}/2023"
            f" {rng.randint(0, 23):02d}:{rng.randint(0, 59):02d}:00"
        ),
        lambda: f"2125550{rng.randint(100, 199)}",
        lambda: str(rng.randint(0, 5000)),
        lambda: rng.choice(["Outgoing", "Incoming", "", "NEW YORK NY"]),
        lambda: f'"Smith{delimiter} A."' if rng.random() < 0.5 else '"A ""B"" C"',
        lambda: f"{rng.random() * 10:.2f}",
    ]
    chosen = [kinds[1], *(rng.choice(kinds) for _ in columns[1:])]
    rows = [delimiter.join(kind() for kind in chosen) for _ in range(rng.randint(4, 60))]
    newline = draw(st.sampled_from(["\n", "\r\n", "\r"]))
    return (
        newline.join([*preamble, delimiter.join(columns), *rows, ""]).encode(),
        delimiter,
        len(preamble),
        tuple(columns),
    )


@settings(max_examples=150, deadline=None)
@given(table())
def test_random_tables_are_found_again(made: tuple[bytes, str, int, tuple[str, ...]]) -> None:
    data, delimiter, preamble, columns = made
    found = look(data)
    assert (found.delimiter, found.preamble_lines, found.header_lines, found.columns) == (
        delimiter,
        preamble,
        1,
        columns,
    )


@pytest.mark.parametrize(
    ("data", "endless"),
    [
        (HEADER + b"1," * 60_000, True),
        (HEADER + b"1," * 40_000 + b"\n" + b"1," * 40_000, False),
        (HEADER + b"x" * 80_000 + b"\r" + b"x" * 80_000, False),
        (HEADER + bytes(120_000), True),
        (bytes(120_000), False),  # nothing at all is said to be empty
        (b"x" * 120_000, True),
        (HEADER.decode().encode("utf-16") + ("1," * 60_000).encode("utf-16-le"), True),
        (b'\xef\xbb\xbf[{"a": "' + b"1," * 60_000, False),
        (('{"a": "' + "1," * 60_000).encode("utf-16"), False),
        (b"<?xml version='1.0'?>" + b"<a/>" * 30_000, False),
        (b"%PDF-1.7\n" + b"x" * 120_000, False),
        (HEADER + ROWS, False),
    ],
    ids=[
        "line",
        "ended",
        "ended by a return",
        "of nothing",
        "nothing",
        "at once",
        "wide",
        "JSON",
        "wide JSON",
        "XML",
        "PDF",
        "records",
    ],
)
def test_a_text_whose_line_never_ends_is_known_by_its_beginning(data: bytes, endless: bool) -> None:
    source = Bytes(data=data)
    assert is_endless(Content(source), 50_000) == endless
    assert sum(source.read) <= HEAD_BYTES + 50_000 + LOOKED_AT
