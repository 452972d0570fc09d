"""Preamble, header, footer and further tables, each trap with its neighbour that is none."""

from __future__ import annotations

import pytest

from pipeline_perf.ingest.probe.dialect import Dialect, Row
from pipeline_perf.ingest.probe.structure import (
    Structure,
    _fits,
    _kind,
    are_types,
    find,
    is_header,
    is_title,
)

H = "Name,Number,Seconds"
R = ["1,2,3", "4,5,6", "7,8,9"]
THREE = ("Name", "Number", "Seconds")
UNNAMED = ("column_1", "column_2", "column_3")


def row(*cells: str) -> Row:
    return Row(0, 1, list(cells))


def structure(*lines: str, tail: tuple[str, ...] = (), delimiter: str | None = ",") -> Structure:
    return find(lines, tail, Dialect(delimiter))


# --------------------------------------------------------------------------- cells and rows


@pytest.mark.parametrize(
    ("cell", "kind", "title"),
    [
        ("12", "number", False),
        ("-1,234.5", "number", False),
        ("$ 5", "number", False),
        ("(3)", "number", False),
        ("50%", "number", False),
        ("1e-5", "number", False),
        (".5", "number", False),
        (" 7 ", "number", False),
        ("abc", "word", True),
        ("--", "word", False),
        ("2023-07-01", "date", False),
        ("10:05", "date", False),
        ("10:05 PM", "date", False),
        ("7/1/2023 10:05AM", "date", False),
        ("2023-07-01T10:00:00Z", "date", False),
        ("12-3a", "date", False),
        ("#12", "date", False),
        ("c1980", "code", False),
        ("12XX", "code", False),
        ("a1", "code", False),
        ("7-Jul", "code", True),
        ("1st", "code", True),
        ("ab1", "code", True),
    ],
)
def test_a_cell_is_of_one_kind_and_a_title_has_more_letters_than_digits(
    cell: str, kind: str, title: bool
) -> None:
    assert (_kind(cell), is_title(cell)) == (kind, title)


def test_a_title_is_no_sentence() -> None:
    assert is_title("x" * 60) and not is_title("x" * 61)


@pytest.mark.parametrize(
    ("cells", "titled"),
    [
        (["a"], False),
        (["a", "b"], True),
        (["a", "", " "], False),
        (["a", "b", "", "", ""], True),  # two fifths have names
        (["a", "b", "", "", "", ""], False),
        (["a", "1"], False),
        ([*(f"a{chr(97 + i)}" for i in range(19)), "1"], True),  # one of twenty is none
        ([*(f"a{chr(97 + i)}" for i in range(18)), "1"], False),
        (["a", "a"], True),
        (["a", "A ", "a"], False),  # the same one over and over
        (["a", "a", "b", "B"], True),
        (["x" * 61, "a", "b"], True),  # one sentence among shorter ones
        (["x" * 61, "a"], False),
        (["x" * 61, "a", "y" * 61, "b", "c"], True),
        (["x" * 61, "a", "y" * 61, "b"], False),
        (["1" * 61, "a", "b"], False),
        (["x" * 250 + "1" * 250, "a", "b"], True),
        (["x" * 125 + "1" * 125 + "x" * 9, "a", "b"], False),
    ],
)
def test_a_header_is_a_row_of_titles_nearly_all_and_not_one_over_and_over(
    cells: list[str], titled: bool
) -> None:
    assert is_header(row(*cells)) == titled


@pytest.mark.parametrize(
    ("cells", "types"),
    [
        (["int", "varchar(20)"], True),
        (["INT", "", " Decimal(10, 2) "], True),
        (["5s", "16n", "10d"], True),
        (["5s", "int"], False),
        (["int"], False),
        (["int", "", " "], False),
        (["int", "name"], False),
        (["", ""], False),
    ],
)
def test_a_line_of_types_has_nothing_else(cells: list[str], types: bool) -> None:
    assert are_types(cells) == types


@pytest.mark.parametrize(
    ("width", "usual", "fits"),
    [
        (2, 2, True),
        (1, 1, False),
        (1, 2, False),
        (3, 2, False),
        (3, 4, True),
        (5, 4, True),
        (6, 4, False),
        (8, 6, True),
        (6, 8, True),
        (5, 8, False),
        (9, 6, False),
    ],
)
def test_rows_of_a_table_differ_by_a_quarter_of_the_wider_at_most(
    width: int, usual: int, fits: bool
) -> None:
    assert _fits(width, usual) == fits


# --------------------------------------------------------------------------- whole files


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        ([], Structure()),
        ([H, *R], Structure(0, 1, 0, 1, THREE)),
        (R, Structure(0, 0, 0, 1, UNNAMED)),
        (["Report of July", "", H, *R], Structure(2, 1, 0, 1, THREE)),
        (["sep=,", H, *R], Structure(1, 1, 0, 1, THREE)),
        (["sep=,", *R], Structure(1, 0, 0, 1, UNNAMED)),
        # a line of types is a part of the header and not of the titles, a line of units is both
        ([H, "int,int,int", *R], Structure(0, 2, 0, 1, THREE)),
        (
            [H, "text,count,s", *R],
            Structure(0, 2, 0, 1, ("Name text", "Number count", "Seconds s")),
        ),
        (
            [H, "text,count,s", "int,int,int", *R, *R],
            Structure(0, 3, 0, 1, ("Name text", "Number count", "Seconds s")),
        ),
        ([H, "int,int,int"], Structure(0, 2, 0, 1, THREE)),
        (["Name,,Seconds", *R], Structure(0, 1, 0, 1, ("Name", "column_2", "Seconds"))),
        # texts below titles: a title that comes again is a value
        (["a,b,c", "d,e,f", "g,h,i"], Structure(0, 1, 0, 1, ("a", "b", "c"))),
        (["a,b,c", "A ,e,f", "g,h,i"], Structure(0, 0, 0, 1, UNNAMED)),
        # codes over numbers
        (
            ["c1980,c1981,c1982", "1,2,3", "4,5,6"],
            Structure(0, 1, 0, 1, ("c1980", "c1981", "c1982")),
        ),
        # pairs of a preamble before a wider table
        (
            ["A,B", "1,2", "C,D,E,F", "1,2,3,4", "2,3,4,5"],
            Structure(2, 1, 0, 1, ("C", "D", "E", "F")),
        ),
    ],
)
def test_a_table_begins_with_its_header(lines: list[str], told: Structure) -> None:
    assert structure(*lines) == told


@pytest.mark.parametrize(
    ("end", "footer"),
    [
        ([], 0),
        (["7,8"], 0),  # a record that was cut off
        (["7"], 0),
        ([""], 1),
        (["", "", ""], 3),
        (["end of file", "thank you"], 2),
        (["thank you", "7,8,9"], 0),
        ([",,"], 1),
        ([",5,6"], 0),  # a record without its first value
        (["Total,,"], 1),
        (["Total,3,15"], 0),  # a full row may be a record of that name
        (["Total,,15"], 0),
        (["Totals", "printed on paper"], 2),
        (["Grand total", ""], 2),
        (["no. 5,3"], 0),
        (["one,two"], 0),
    ],
)
def test_a_footer_is_blank_or_texts_or_totals(end: list[str], footer: int) -> None:
    assert structure(H, *R, *end) == Structure(0, 1, footer, 1, THREE)
    assert structure(H, *R, tail=(*R, *end)) == Structure(0, 1, footer, 1, THREE)


@pytest.mark.parametrize(
    ("end", "footer"),
    [
        ("Total,3,4,,", 1),
        ("Total,3,4,5,", 0),
        ("sum,,,,9", 1),
        ("Other,3,4,,", 0),
        ("3,Total,,,", 0),
    ],
)
def test_a_total_fills_three_fifths_of_the_columns_at_most(end: str, footer: int) -> None:
    found = structure("Name,Number,Seconds,Cost,Tax", "1,2,3,4,5", "2,3,4,5,6", end)
    assert found.footer_lines == footer


@pytest.mark.parametrize(
    ("more", "tables"),
    [
        ([H, *R], 1),  # repeated on the next page
        ([H.upper(), *R], 1),
        (["City,State,Code", "1,2,3"], 2),
        (["City,State,Code", *R, "City,State,Code", *R], 2),
        (["City,State,Code", *R, "Cell,Tower,Lat", *R], 3),
        (["City,State,Code", *R, H, *R], 2),
        (["City,State", "1,2", "3,4"], 2),
        (["City,State,Code"], 1),  # nothing below
        (["City,State,Code", "Cell,Tower,Lat"], 1),
        (["City,State,Code,More,Others", "1,2,3,4,5"], 2),
        (["City,State,Code,More,Others", "1,2,3"], 1),
        (["City,,", *R], 1),
    ],
)
def test_further_tables_are_told_by_titles_of_their_own(more: list[str], tables: int) -> None:
    assert structure(H, *R, *more).tables == tables


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        ([], Structure()),
        (["Number", "1", "2"], Structure(0, 1, 0, 1, ("Number",))),
        (["", "Number", "1", "2"], Structure(1, 1, 0, 1, ("Number",))),
        (["1", "2"], Structure(0, 0, 0, 1, ("column_1",))),
        (["Number", "1", "2", "3", "4", "5", "x"], Structure(0, 1, 0, 1, ("Number",))),
        (["Number", "1", "2", "3", "4", "x"], Structure(0, 0, 0, 1, ("column_1",))),
        (["Number", "1 2", "3 4"], Structure(0, 0, 0, 1, ("column_1",))),
        (["Two  words", "1", "2"], Structure(0, 0, 0, 1, ("column_1",))),
        (["NAME", "bob", "ann"], Structure(0, 1, 0, 1, ("NAME",))),
        (["NAME", "Bob", "ANN"], Structure(0, 0, 0, 1, ("column_1",))),
        (["Name", "bob", "ann"], Structure(0, 0, 0, 1, ("column_1",))),
        (["NAME"], Structure(0, 0, 0, 1, ("column_1",))),
        (["sep=,", "Number", "1"], Structure(1, 1, 0, 1, ("Number",))),
        (["sep=,"], Structure(1, 0, 0, 0, ())),
    ],
)
def test_a_single_column_has_a_title_over_values_of_one_kind(
    lines: list[str], told: Structure
) -> None:
    assert structure(*lines, delimiter=None) == told
