"""Workbooks: cells as a person sees them, rows as another library counts them, damage as one
clear line.
"""

from __future__ import annotations

import zipfile
from pathlib import Path

import fastexcel
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline_perf.ingest.container import number_formats
from pipeline_perf.ingest.container.content import Content
from pipeline_perf.ingest.container.source import Source
from pipeline_perf.ingest.container.workbook import column_of, lines_of
from pipeline_perf.ingest.errors import UnreadableFile
from pipeline_perf.ingest.probe.probe import probe
from pipeline_perf_tests.ingest.container.workbook_files import (
    Cell,
    letters,
    sheet,
    workbook,
    written,
)


def lines(path: Path, member: str | None = None) -> list[str]:
    with Content(Source(path, member)) as content, lines_of(content).open() as stream:
        return stream.read().decode().splitlines()


@pytest.mark.parametrize(
    ("form", "stored", "seen"),
    [
        ("General", "4882550199", "4882550199"),
        ("General", "4.8825501990000001E9", "4882550199"),
        ("General", "0.30000000000000004", "0.3"),
        # Excel keeps 15 digits: the others are lost
        ("General", "3.5209900176148201E15", "3.52099001761482E+15"),
        ("@", "00123", "00123"),
        ("0", "2125550100", "2125550100"),
        ("000000000000000", "35123400123456", "035123400123456"),
        ("#,##0", "4882550199", "4882550199"),
        ("(###) ###\\-####", "2125550100", "2125550100"),
        ("0.00", "1.5", "1.50"),
        ("0.0#", "1.5", "1.5"),
        ("$#,##0.00;[Red]-$#,##0.00", "-1234.5", "-1234.50"),
        ("m/d/yyyy h:mm", "40772.642361111109", "8/17/2011 15:25"),
        ("[$-409]m/d/yy h:mm AM/PM;@", "40772.642361111109", "8/17/11 3:25 PM"),
        ('yyyy-mm-dd"T"hh:mm:ss', "40772.642361111109", "2011-08-17T15:25:00"),
        ("d-mmm-yy", "40772", "17-Aug-11"),
        ("mm/dd/yyyy", "40772", "08/17/2011"),
        ("hh:mm:ss", "0.99999999999", "00:00:00"),
        ("hh:mm:ss.000", "0.50001", "12:00:00.864"),
        ("mm:ss", "7.523148148148148E-4", "01:05"),
        ("mm:ss.0", "7.5300925925925926E-4", "01:05.1"),
        ("[h]:mm:ss", "1.5", "36:00:00"),
        ("[mm]:ss", "4.5138888888888888E-2", "65:00"),
        ("m/d/yyyy", "no number", "no number"),
        # what the format hides
        ("m/d/yyyy h:mm", "40772.642442129632", "8/17/2011 15:25:07"),
        ("m/d/yyyy h:mm AM/PM", "40772.642442129632", "8/17/2011 3:25:07 PM"),
        ("h:mm", "7.0601851851851847E-4", "0:01:01"),
        ("h:mm", "4.2361111111111113E-2", "1:01"),
        ("[h]:mm", "3.1263888888888891", "75:02"),
        ("h:mm:ss", "3.1263888888888891", "75:02:00"),
        ("mm:ss", "4.2372685185185187E-2", "1:01:01"),
        ("h:mm:ss AM/PM", "7.0601851851851847E-4", "12:01:01 AM"),
        ("h:mm:ss", "40772.642442129632", "15:25:07"),
    ],
)
def test_a_cell_is_shown_as_a_person_sees_it_but_for_long_numbers(
    form: str, stored: str, seen: str
) -> None:
    assert number_formats.shown(form)(stored) == seen


@pytest.mark.parametrize(
    ("number", "stored", "seen"),
    [
        (0, "2125550100", "2125550100"),
        (1, "1.5", "2"),
        (2, "1.5", "1.50"),
        (3, "1234.6", "1235"),
        (4, "1234.5", "1234.50"),
        (14, "40772.642361111109", "8/17/2011"),
        (15, "40772.642361111109", "17-Aug-11"),
        (16, "40772.642361111109", "17-Aug"),
        (17, "40772.642361111109", "Aug-11"),
        (18, "40772.642361111109", "3:25 PM"),
        (19, "40772.642361111109", "3:25:00 PM"),
        (20, "40772.642361111109", "15:25"),
        (21, "40772.642361111109", "15:25:00"),
        (22, "40772.642361111109", "8/17/2011 15:25"),
        (45, "7.523148148148148E-4", "01:05"),
        (46, "1.5", "36:00:00"),
        (47, "7.523148148148148E-4", "01:05.0"),
        (49, "00123", "00123"),
    ],
)
def test_formats_that_a_workbook_names_by_number_only_are_those_of_its_standard(
    number: int, stored: str, seen: str
) -> None:
    """ECMA-376, part 1, 18.8.30."""
    assert number_formats.shown(number_formats.BUILT_IN[number])(stored) == seen


def test_days_may_be_counted_from_1904() -> None:
    assert number_formats.shown("yyyy-mm-dd", True)("0") == "1904-01-01"


@given(st.integers(0, 16383))
def test_columns_have_letters_for_names(column: int) -> None:
    assert column_of(letters(column)) == column


CELLS = st.one_of(
    st.none(),
    st.text(st.characters(codec="ascii", min_codepoint=32), max_size=8),
    st.integers(-(10**14), 10**14),
)


@settings(max_examples=60, deadline=None)
@given(rows=st.lists(st.lists(CELLS, max_size=6), max_size=12))
def test_rows_and_texts_are_those_that_another_library_reads(
    rows: list[list[Cell]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    path, given = tmp_path_factory.mktemp("books") / "book.xlsx", len(rows)
    written(path, {"one": rows})
    found = [line.split("\t") if line else [] for line in lines(path)]
    while rows and not any(value not in (None, "") for value in rows[-1]):
        rows = rows[:-1]
    wanted = [["" if value is None else str(value) for value in row] for row in rows]
    for cell_texts in wanted:
        while cell_texts and not cell_texts[-1]:
            cell_texts.pop()
    assert found == wanted
    if any(found):
        counted = fastexcel.read_excel(path).load_sheet(0, header_row=None, skip_rows=0)
        # rows of empty texts at the end count there, and here do not
        assert len(found) <= counted.height <= given


def test_line_ends_and_tabs_in_a_cell_do_not_break_its_line(tmp_path: Path) -> None:
    written(tmp_path / "a.xlsx", {"one": [["first\nsecond\tthird", "x"]]})
    assert lines(tmp_path / "a.xlsx") == ["first second third\tx"]


def test_how_a_text_is_pronounced_is_no_part_of_it_and_its_parts_are_joined(tmp_path: Path) -> None:
    shared = [
        b'<sst xmlns:x="y"><si><r><t>212</t></r><r><rPr/><t>5550100</t></r><rPh sb="0"'
        b' eb="1"><t>two</t></rPh></si></sst>'
    ]
    rows = sheet(
        [
            b'<row><c t="s"><v>0</v></c><c t="b"><v>1</v></c><c t="e"><v>#N/A</v></c><c'
            b' t="str"><f>A1</f><v>x</v></c></row>'
        ]
    )
    workbook(tmp_path / "a.xlsx", {"one": rows}, shared)
    assert lines(tmp_path / "a.xlsx") == ["2125550100\tTRUE\t#N/A\tx"]


def test_a_workbook_in_an_archive_is_read_too(tmp_path: Path) -> None:
    written(tmp_path / "a.xlsx", {"one": [["x", 1]]})
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.write(tmp_path / "a.xlsx", "in/a.xlsx")
    assert lines(tmp_path / "a.zip", "in/a.xlsx") == ["x\t1"]


@pytest.mark.parametrize(
    ("row", "words"),
    [
        (b'<row><c t="s"><v>7</v></c></row>', "points to a text that is not there"),
        (
            b'<row><c r="B1"/><c r="B1"><v>1</v></c><c r="A1"><v>1</v></c></row>',
            "a cell in column 1 behind",
        ),
        (b'<row r="2"/><row r="1"/>', "row 1 behind row 2"),
        (b'<row r="x"/>', "no workbook that can be read"),
        (b"<row><c>", "damaged workbook"),
        (b"<a>" * 200, "100 levels"),
    ],
)
def test_damage_is_said_in_one_line(row: bytes, words: str, tmp_path: Path) -> None:
    workbook(tmp_path / "a.xlsx", {"one": sheet([row])})
    with pytest.raises(UnreadableFile, match=words) as told:
        lines(tmp_path / "a.xlsx")
    assert "a.xlsx" in str(told.value)


@settings(max_examples=100, deadline=None)
@given(cut=st.integers(1, 2000), flip=st.integers(0, 2000))
def test_no_damage_raises_anything_but_the_named_error(
    cut: int, flip: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("books") / "a.xlsx"
    written(path, {"one": [["x", 1, (40772.5, "m/d/yyyy")]]})
    data = bytearray(path.read_bytes())
    data[flip % len(data)] ^= 0x55
    path.write_bytes(data[: len(data) - cut] if cut % 2 else data)
    try:
        lines(path)
    except UnreadableFile as error:
        assert "a.xlsx" in str(error)


def test_a_workbook_without_a_row_is_empty(tmp_path: Path) -> None:
    workbook(tmp_path / "book.xlsx", {"Calls": sheet([])})
    with Content(Source(tmp_path / "book.xlsx")) as content:
        assert probe(content).container == "empty"


def test_a_column_of_more_letters_than_any_has_is_damage(tmp_path: Path) -> None:
    row = b'<row><c r="' + b"A" * 900_000 + b'1"><v>1</v></c></row>'
    workbook(tmp_path / "book.xlsx", {"Calls": sheet([row])})
    with pytest.raises(UnreadableFile, match="damaged workbook"):
        lines(tmp_path / "book.xlsx")


def test_a_packing_whose_memory_the_file_dictates_is_refused(tmp_path: Path) -> None:
    workbook(tmp_path / "book.xlsx", {"Calls": sheet([])})
    with (
        zipfile.ZipFile(tmp_path / "book.xlsx") as was,
        zipfile.ZipFile(tmp_path / "lzma.xlsx", "w", zipfile.ZIP_LZMA) as archive,
    ):
        for name in was.namelist():
            archive.writestr(name, was.read(name))
    with pytest.raises(UnreadableFile, match="packed by a method that no spreadsheet uses"):
        lines(tmp_path / "lzma.xlsx")


@pytest.mark.parametrize(
    "code", ["[" * 300_000, "," * 100_000 + "0a0", '"' * 99_999, "h[" * 99_999]
)
def test_a_format_made_to_take_for_ever_is_looked_at_once(code: str) -> None:
    assert number_formats.shown(code)("1")
