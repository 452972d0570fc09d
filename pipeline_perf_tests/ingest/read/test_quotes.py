"""Quoted fields over line ends: which lines are one record, and which quotes were never closed."""

from __future__ import annotations

from dataclasses import replace

import polars as pl
import pytest

from pipeline_perf.ingest.layout.match import Match
from pipeline_perf.ingest.layout.model import Layout
from pipeline_perf.ingest.read.quotes import MAX_QUOTED_LINES, Quotes, resolved

MATCH = Match(Layout("plain", "att", "calls", "this test", "delimited", ()), ",", '"', widths=(3,))


def quotes_of(
    *lines: str, final: bool = True, match: Match = MATCH
) -> tuple[list[str], list[int], Quotes]:
    text = pl.Series(list(lines))
    counts = text.str.count_matches(match.delimiter, literal=True).to_numpy().copy()
    read, counts, quotes = resolved(text, counts, match, final=final)
    return read.to_list(), counts.tolist(), quotes


@pytest.mark.parametrize(
    ("lines", "spans", "broken"),
    [
        (['a,b,"c', 'd"'], {0: 1}, set()),
        (['a,b,"c', "x", 'd"'], {0: 2}, set()),
        (['a,"b', 'd",c'], {0: 1}, set()),
        (['a,b,"c', '""', 'd"'], {0: 2}, set()),  # a doubled quote ends nothing
        (['a,b,"c', 'd" e'], {}, {0}),  # text behind what should end it
        (['a,b,"c', "x"], {}, {0}),
        (['a,b,"c', 'd"', 'e,f,"g', 'h"'], {0: 1, 2: 3}, set()),
        (['a,"b', 'c","d', 'e"'], {0: 2}, set()),  # it ends, and the next field goes on
        # a whole record in the midst: two quotes that were never closed
        (['a,b,"c', "1,2,3", 'd"'], {}, {0}),
        (['a,b,"c', "1,2", 'd"'], {0: 2}, set()),
        # the first or the last of the lines is as wide as a record, and so is the whole
        (['a,b,"c', 'd"'], {0: 1}, set()),
        (['"a', '1,2",3', "x"], {}, {0}),
        (['"a', '1,2",3,4', "x"], {0: 1}, set()),
        (['"a', '",2,3', "x"], {0: 1}, set()),
        # as wide as no record, and more than the whole is
        (['a,"b', '2",3,4,5'], {0: 1}, set()),
        (['a,b,"c', '2",3'], {}, {0}),
    ],
)
def test_a_field_runs_over_line_ends_unless_that_swallows_a_record(
    lines: list[str], spans: dict[int, int], broken: set[int]
) -> None:
    read, _, quotes = quotes_of(*lines)
    assert (quotes.spans, quotes.broken) == (spans, broken)
    for first, last in spans.items():
        assert read[first] == "\n".join(lines[first : last + 1])
        assert quotes.lines(first) == last - first + 1
    assert quotes.lines(len(lines) + 1) == 1


def test_a_field_runs_over_fifty_line_ends_at_most() -> None:
    assert MAX_QUOTED_LINES == 50
    for between, spans in ((49, {1: 51}), (50, {})):
        assert quotes_of("1,2,3", 'a,b,"c', *["x"] * between, 'd"')[2].spans == spans


@pytest.mark.parametrize(
    ("more", "final", "kept"),
    [(0, False, 1), (48, False, 1), (49, False, 1), (50, False, 52), (49, True, 51)],
)
def test_a_field_that_is_open_at_the_end_of_a_block_is_left_to_the_next(
    more: int, final: bool, kept: int
) -> None:
    read, counts, quotes = quotes_of("1,2,3", 'a,b,"c', *["x"] * more, final=final)
    assert (len(read), len(counts), len(quotes.quoted), len(quotes.loose)) == (kept,) * 4
    assert quotes.broken == (frozenset() if kept == 1 else {1})


@pytest.mark.parametrize(
    ("line", "delimiters", "quoted", "loose"),
    [
        ("a,b,c", 2, False, False),
        ('a,"b,c",d', 2, True, False),
        ('"a,b","c,d",e', 2, True, False),
        ('"a ""b"", c",d', 1, True, False),
        ('a,5" b,c', 2, True, True),
        ('a,"b"c,d', 2, True, True),
        ('a, "b",c', 2, True, True),
    ],
)
def test_delimiters_within_quotes_divide_nothing(
    line: str, delimiters: int, quoted: bool, loose: bool
) -> None:
    _, counts, quotes = quotes_of("x,y", line)
    assert counts == [1, delimiters]
    assert quotes.quoted.tolist() == [False, quoted]
    assert quotes.loose.tolist() == [False, loose]


def test_an_escaped_quote_ends_nothing_and_is_not_left_to_polars() -> None:
    escaped = replace(MATCH, escape="\\")
    read, counts, quotes = quotes_of(r'a,"b \", c",d', "x,y", r"a\,b,c", match=escaped)
    assert counts == [2, 1, 1]
    assert quotes.loose.tolist() == [True, False, True]
    assert len(read) == 3 and not quotes.spans


def test_without_a_quote_nothing_is_quoted() -> None:
    unquoted = replace(MATCH, quote=None, escape="\\")
    _, counts, quotes = quotes_of('a,"b,c",d', r"a\,b", match=unquoted)
    assert counts == [3, 0]
    assert not quotes.spans and quotes.loose.tolist() == [False, True]


def test_a_dollar_divides_as_any_other_sign_does() -> None:
    _, counts, quotes = quotes_of('a$"b$c"$d', match=replace(MATCH, delimiter="$"))
    assert (counts, quotes.loose.tolist()) == ([2], [False])
