"""What speaks for a delimiter and what against: each with the neighbour that tips it."""

from __future__ import annotations

import pytest

from pipeline_perf.ingest.probe.dialect import (
    Dialect,
    Row,
    _columns_align,
    _is_single,
    _likeness,
    _quotings,
    sniff,
    split,
    split_line,
)


@pytest.mark.parametrize(
    ("lines", "delimiter"),
    [
        (["a@b.example", "c@d.example"], None),  # of an address one is no delimiter,
        (["a@1@x", "b@2@y"], "@"),  # two are
        (["a^1", "b^2"], "^"),
        (["x\x01y"] * 3, "\x01"),
        (["x§y"] * 3 + ["no"] * 2, "§"),  # three lines of five have it
        (["x§y"] * 3 + ["no"] * 3, None),
        (["text", "more"] * 3 + ["x§y"] * 3, "§"),  # counted from the first that does
        (["x§y", "text"], None),
        (["a  b", "c  d"], None),
        (["# a;b;c", "#", "1,2", "3,4"], ","),  # comments divide nothing
        (["# 1,2", "# 3,4"], ","),
        (['{"a": 1, "b": 2}'] * 3, None),
        (["<?xml version='1.0'?>,", "a,b"], None),
        ([], None),
        (["", " "], None),
    ],
)
def test_a_delimiter_stands_in_most_lines_and_in_no_value(
    lines: list[str], delimiter: str | None
) -> None:
    assert sniff(lines).delimiter == delimiter


@pytest.mark.parametrize("delimiter", [",", ";", "|", ":", " ", "-"])
def test_a_declared_delimiter_is_taken_as_it_is(delimiter: str) -> None:
    for lines in ([], ["1,2;3|4:5 6-7"] * 2):
        found = sniff([f"sep={delimiter}", *lines])
        assert (found.delimiter, found.confidence) == (delimiter, 1.0)


@pytest.mark.parametrize(
    ("text", "delimiter", "quotings"),
    [
        ("a,b", ",", [(None, None)]),
        ('a,"b",c', ",", [('"', None), (None, None)]),
        ('a,"b', ",", [(None, None)]),  # never closed
        ('b",a', ",", [(None, None)]),  # never opened
        ('a, "b" ,c', ",", [('"', None), (None, None)]),
        ('"b"', ",", [('"', None), (None, None)]),
        ("'a','b'", ",", [("'", None), (None, None)]),
        ("'a,b\n'c,d'", ",", [(None, None)]),  # an apostrophe marks texts: two open, one closes
        ("'a,b'\n'c,d'\n'e,f", ",", [("'", None), (None, None)]),
        ('"a\\"b",c', ",", [('"', "\\"), ('"', None), (None, "\\"), (None, None)]),
        ("a\\,b", ",", [(None, "\\"), (None, None)]),
        ("a\\,b", ";", [(None, None)]),
        ("c:\\dir", ",", [(None, None)]),
        ("\"a\";'b'", ";", [('"', None), ("'", None), (None, None)]),
    ],
)
def test_quotes_and_escapes_are_tried_where_the_text_gives_reason(
    text: str, delimiter: str, quotings: list[tuple[str | None, str | None]]
) -> None:
    assert _quotings(text, delimiter) == quotings


@pytest.mark.parametrize(
    ("cell", "likeness"),
    [
        ("", 0.6), (" ", 0.6), ("1", 1.0), (" -1,234.5 ", 1.0), ("a b", 1.0), ("12:05", 1.0),
        ("2023-07-01 10:00", 1.0), ("-", 1.0), ("héllo", 1.0), ("a  b", 0.4), ("(x", 0.4),
        ("a,b", 0.1), ("a;b", 0.1), ("a\tb", 0.1), ("a|b", 0.1), ("a~b", 0.1),
        ('"x', 0.0), ('x"', 0.0), ('x"y z', 0.4),
    ],
)  # fmt: skip
def test_a_cell_is_the_likelier_the_more_it_is_a_value(cell: str, likeness: float) -> None:
    assert _likeness(cell) == likeness


@pytest.mark.parametrize(
    ("line", "single"),
    [
        ("10:05:00", True),
        ("2023-07-01 10:05:00", True),
        ("(212) 555-0100", True),
        ("Alice Smith", True),
        ("5 of", False),
        ("a 5", True),
        ("Main 5 Street 7", False),  # words beside several numbers
        ("Main 5 Street", True),
        ("x 5 y 7", True),
        ("ab 5 y 7", True),
        ("abc 5 y 7", False),
    ],
)
def test_a_line_is_one_value_or_several(line: str, single: bool) -> None:
    assert _is_single(line) == single


@pytest.mark.parametrize(
    ("lines", "aligned"),
    [
        (["a  b", "c  d"], True),
        (["a  b"], False),
        (["abc   12  x", "de    3   y", "f     456 z"], True),
        (["a  b", "cdefg  d", "ef  ghijk"], False),
        (["a b", "c d"], False),  # a single blank is one of words
        (["a  b", "c  d", "e  f", "ghi"], True),
        # one column of even length before others of any: a half of the gaps must be aligned
        (["07/01  a  bcd  ef", "07/02  abc  de  f", "07/03  abcde  f  g"], False),
        (["07/01  a  bcdefg", "07/02  abc  d", "07/03  abcde  f"], True),
        (["abc", "def"], False),
        ([" " * 1001 + "x  y"] * 2, False),
    ],
)
def test_fixed_columns_leave_the_same_places_blank(lines: list[str], aligned: bool) -> None:
    assert _columns_align(lines) == aligned


@pytest.mark.parametrize(
    ("lines", "rows"),
    [
        (["a,b", "", "c"], [Row(0, 1, ["a", "b"]), Row(1, 1, []), Row(2, 1, ["c"])]),
        (['1,"a', 'b",2', "3,c,4"], [Row(0, 2, ["1", "a\nb", "2"]), Row(2, 1, ["3", "c", "4"])]),
        (['1, "a,b",2'], [Row(0, 1, ["1", "a,b", "2"])]),
        # a quote that is closed in the next record, which is as wide as the others without it
        (
            ["1,a,2", '3,"b,4', '5",c,6', "7,d,8"],
            [
                Row(0, 1, ["1", "a", "2"]),
                Row(1, 1, ["3", '"b', "4"]),
                Row(2, 1, ['5"', "c", "6"]),
                Row(3, 1, ["7", "d", "8"]),
            ],
        ),
        # 20 lines may be a cell, 21 are a quote that was never closed
        (
            ['"a', *["x"] * 18, 'b",2'],
            [Row(0, 20, ["\n".join(["a", *["x"] * 18, "b"]), "2"])],
        ),
        (
            ['"a', *["x"] * 19, 'b",2'],
            [
                Row(0, 1, ['"a']),
                *(Row(i, 1, ["x"]) for i in range(1, 20)),
                Row(20, 1, ['b"', "2"]),
            ],
        ),
    ],
)
def test_a_quoted_cell_may_have_lines_as_long_as_its_quote_was_meant(
    lines: list[str], rows: list[Row]
) -> None:
    found = list(split([line + "\n" for line in lines], Dialect(",", '"')))
    assert [Row(r.line, r.lines, [cell.rstrip("\n") for cell in r.cells]) for r in found] == rows


def test_cells_that_hold_something() -> None:
    row = Row(0, 1, ["a", "", " ", "\t", "b "])
    assert row.filled == ["a", "b "] and not row.blank
    assert Row(0, 1, ["", " "]).blank and Row(0, 1, []).blank


def test_a_quote_behind_the_sample_is_seen_where_it_is_a_cell() -> None:
    lines = ["1,2"] * 200
    assert sniff([*lines, '"a,b",2']).quote == '"'
    assert sniff([*lines, '5" pipe,2']).quote is None
    assert sniff(lines).quote is None


@pytest.mark.parametrize(
    ("text", "quote", "escape", "cells"),
    [
        ("a,b", None, None, ["a", "b"]),
        ('"a,b"', None, None, ['"a', 'b"']),
        ('"a,b"', '"', None, ["a,b"]),
        ("a\\,b", None, "\\", ["a,b"]),
        ("a\\,b", '"', None, ["a\\", "b"]),
        ("", '"', None, [""]),
        ("'a,b'", "'", "\\", ["a,b"]),
    ],
)
def test_a_line_is_split_by_its_dialect(
    text: str, quote: str | None, escape: str | None, cells: list[str]
) -> None:
    assert split_line(text, ",", quote, escape) == cells
