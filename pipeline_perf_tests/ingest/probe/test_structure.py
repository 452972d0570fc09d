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
    ("words", "tables"),
    [
        ("Ann,Oslo,None,,", 1),
        ("Who,Where,Digits,Long,", 2),
        ("Who,Where,Digits,Long,Price", 2),
    ],
)
def test_a_row_of_words_that_leaves_most_columns_of_values_open_heads_no_table(
    words: str, tables: int
) -> None:
    rows = ["bob,rome,1,2,3", "eve,bonn,4,5,6"]
    assert structure("Name,City,Number,Seconds,Cost", *rows, words, *rows).tables == tables


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


# --------------------------------------------------------------------------- borders


def numbers(rows: int, width: int = 3) -> list[str]:
    return [",".join(str(10 * i + j) for j in range(width)) for i in range(rows)]


@pytest.mark.parametrize(
    "header", ["Name, Number, Seconds", "Name, Number,Seconds", "Name,Number,Seconds"]
)
def test_blanks_after_delimiters_make_no_difference_to_single_words(header: str) -> None:
    assert structure(header, *R) == Structure(0, 1, 0, 1, THREE)


@pytest.mark.parametrize(
    ("sentence", "begin"),
    [
        ("Calls of July, of the line, as billed", 1),  # blanks follow the commas
        ("Calls of July, of the line,as billed", 1),  # half of them
        ("Calls of July, of the line,as billed,since May", 0),
        ("Calls,of July,as billed", 0),
    ],
)
def test_a_sentence_is_no_header(sentence: str, begin: int) -> None:
    width = sentence.count(",") + 1
    assert structure(sentence, *numbers(5, width)).preamble_lines == 0
    assert structure(sentence, *numbers(5, width)).header_lines == 1 - begin


def test_a_table_whose_every_delimiter_is_followed_by_a_blank_has_a_header_all_the_same() -> None:
    rows = [line.replace(",", ", ") for line in numbers(5)]
    assert structure("Full name, Number, Seconds", *rows).columns == (
        "Full name",
        "Number",
        "Seconds",
    )


@pytest.mark.parametrize("padded", [18, 19, 20])
def test_a_header_stands_within_the_first_twenty_rows(padded: int) -> None:
    lines = ["x1,,,,"] * padded
    table = ["Name,Number,Seconds,Cost,Tax", *numbers(40, 5)]
    header = structure(*lines, *table).header_lines
    assert header == (1 if padded < 20 else 0)


@pytest.mark.parametrize(("lines", "header"), [(3, 4), (2, 3), (4, 4)])
def test_a_header_has_four_lines_at_most(lines: int, header: int) -> None:
    found = structure(H, *["text,count,s"] * lines, *numbers(30))
    assert found.header_lines == header
    assert structure(H, *["int,int,int"] * lines, *numbers(30)).header_lines == header


def test_only_the_first_thousand_lines_are_looked_at() -> None:
    further = ["City,State,Code", "1,2,3"]
    for first, tables in ((995, 2), (997, 2), (998, 1), (999, 1)):
        assert structure(H, *numbers(first), *further).tables == tables


@pytest.mark.parametrize(
    ("units", "header"),
    [
        ("text,count,s", 2),
        (",count,s", 2),
        (",,s", 1),  # one word is no line of units
        ("text,count,", 1),  # half of the columns of numbers
        ("text,count,-", 1),
        ("text,count,7", 1),
    ],
)
def test_a_line_of_units_has_words_over_the_columns_of_numbers(units: str, header: int) -> None:
    rows = ["ab,2,3", "cd,5,6", "ef,8,9"]
    assert structure(H, units, *rows).header_lines == header


@pytest.mark.parametrize(
    ("first", "header"),
    [
        ("c1980,c1981,c1982", 1),
        ("c1980,c1981,7", 0),  # as many are of the kind below as it allows
        ("c1980,c1981,c1982,c1983,7", 1),
        ("c1980,c1981,c1982,7,8", 0),
        ("c1980,c1980,c1982", 0),  # titles differ
        ("c1980,,", 0),
        ("c1980,c1981,,", 1),
        ("c1980,,,", 0),
    ],
)
def test_codes_over_numbers_are_titles(first: str, header: int) -> None:
    assert structure(first, *numbers(9, first.count(",") + 1)).header_lines == header


@pytest.mark.parametrize(
    ("values", "header"),
    [("11112", 1), ("1111x", 1), ("111xx", 0)],
)
def test_a_column_is_of_a_kind_where_four_fifths_of_its_values_are(
    values: str, header: int
) -> None:
    rows = [f"{value},{value}" for value in values]
    assert structure("a1,b2", *rows, *rows).header_lines == header


@pytest.mark.parametrize(
    ("values", "header"),
    [
        (("1", "1", "name"), 1),  # most are values
        (("1", "name", "name"), 0),
        (("1", "name"), 0),
        (("1", "other"), 1),
    ],
)
def test_a_title_that_comes_again_among_texts_is_a_value(
    values: tuple[str, ...], header: int
) -> None:
    rows = [f"{value},a{i:x}x" for i, value in enumerate(values, 10)]
    assert structure("name,code", *rows).header_lines == header


@pytest.mark.parametrize(
    ("odd", "tables"),
    [
        (["1,2,3,4,5,6"], 1),  # a damaged record
        (["1,2,3,4,5,6", "2,3,4,5,6,7"], 1),
        (["City,State,Code,Long,Lat,Zip", "1,2,3,4,5,6", "2,3,4,5,6,7"], 2),
    ],
)
def test_an_odd_row_in_the_midst_ends_no_table(odd: list[str], tables: int) -> None:
    found = structure(H, *numbers(5), *odd, *numbers(5))
    assert (found.preamble_lines, found.columns, found.tables) == (0, THREE, tables)


@pytest.mark.parametrize(("records", "begin"), [(7, 0), (8, 2)])
def test_titles_over_one_line_of_values_describe_a_table_that_is_eight_times_as_large(
    records: int, begin: int
) -> None:
    lines = ["Account,Line,Month,Plan", "17,18,19,20", *numbers(records, 6)]
    assert structure(*lines).preamble_lines == begin
    three = [*lines[:2], *["17,18,19,20"] * 2, *lines[2:]]  # three records are a table
    assert structure(*three, *numbers(records, 6)).preamble_lines == 0


@pytest.mark.parametrize(
    ("header", "columns"),
    [
        ("Name,Number", "Name Number"),  # narrower than its rows by one cell
        ("Name,Number,Seconds,Cost,Tax,More", "Name Number Seconds Cost Tax More"),
        ("Name", "column_1 column_2 column_3 column_4"),
    ],
)
def test_a_header_may_be_narrower_or_wider_than_its_rows(header: str, columns: str) -> None:
    width = 4 if header != "Name,Number" else 3
    assert structure(header, *numbers(6, width)).columns == tuple(columns.split())


@pytest.mark.parametrize(("filled", "begin"), [(2, 0), (1, 1)])
def test_records_without_titles_begin_where_half_of_the_cells_are_filled(
    filled: int, begin: int
) -> None:
    first = ",".join([*map(str, range(1, filled + 1)), *[""] * (4 - filled)])
    found = structure(first, *numbers(9, 4))
    assert (found.preamble_lines, found.header_lines) == (begin, 0)


@pytest.mark.parametrize(
    ("first", "header"),
    [
        ("17,,,,", 1),
        ("17,18,,,", 1),
        ("17,18,19,,", 0),  # more than half of what the header has
    ],
)
def test_a_line_of_values_padded_to_the_width_of_the_table_may_stand_above_its_header(
    first: str, header: int
) -> None:
    found = structure(first, "Name,Number,Seconds,Cost,Tax", *numbers(9, 5))
    assert found.header_lines == header


@pytest.mark.parametrize(
    ("above", "titles", "header"),
    [
        (["17,18"], 9, 1),
        (["17,18,19"], 9, 1),
        (["17,18,19,20"], 9, 1),  # the header has more than twice as many
        (["17,18,19,20"], 8, 0),
        (["17,18"] * 3, 9, 1),
        (["17,18"] * 4, 9, 0),  # no more than three lines
    ],
)
def test_lines_of_values_may_stand_above_a_header_of_more_than_twice_as_many_titles(
    above: list[str], titles: int, header: int
) -> None:
    names = ["Name", "Number", "Seconds", "Cost", "Tax", "More", "City", "State", "Code"][:titles]
    lines = [*above, ",".join(names), *numbers(29, 4)]
    padded = [line + "," * (8 - line.count(",")) for line in lines]
    found = structure(*padded)
    assert (found.preamble_lines, found.header_lines) == (len(above) * header, header)


@pytest.mark.parametrize(
    ("end", "footer"),
    [
        ("thanks,all", 1),  # half of the width
        ("thanks,to,all", 0),
        (",,thanks,", 0),  # as wide as a record, without its first values
        ("thanks,,,", 1),
        ("thanks,5", 0),
        ("thanks a1b,5a", 0),
        ("--", 1),
    ],
)
def test_a_short_line_of_texts_is_a_footer(end: str, footer: int) -> None:
    assert structure("Name,Number,Seconds,Cost", *numbers(5, 4), end).footer_lines == footer
