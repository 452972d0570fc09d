"""Splitting takes every line; the sniffer finds delimiters, quotes and escapes, and knows when
it does not know.
"""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline_perf.ingest.probe import dialect
from pipeline_perf.ingest.probe.dialect import Dialect, sniff, split, split_line

lines = st.lists(
    st.text(alphabet=st.sampled_from("ab12,;\t|:~ \"'\\\0é"), max_size=40), max_size=20
)
dialects = st.builds(
    Dialect,
    delimiter=st.sampled_from([None, *dialect.DELIMITERS]),
    quote=st.sampled_from([None, '"', "'"]),
    escape=st.sampled_from([None, "\\"]),
)

#: Two readings that are equally good.
UNCERTAIN = ["Alice;Bob,Carol", "Dave;Erin,Frank"] * 4


@given(lines, dialects)
def test_every_line_is_part_of_exactly_one_row(given_lines: list[str], chosen: Dialect) -> None:
    rows = list(split(given_lines, chosen))
    assert [row.line for row in rows] == [
        sum(row.lines for row in rows[:i]) for i in range(len(rows))
    ]
    assert sum(row.lines for row in rows) == len(given_lines)


@settings(max_examples=60, deadline=None)
@given(lines)
def test_any_lines_have_a_dialect(given_lines: list[str]) -> None:
    found = sniff(given_lines)
    assert 0 <= found.confidence <= 1
    assert found.delimiter is None or any(found.delimiter in line for line in given_lines)


def test_a_blank_delimiter_is_a_run_of_blanks_and_not_of_tabs() -> None:
    assert next(split(["  a   b\tc  "], Dialect(" "))).cells == ["a", "b\tc"]


@pytest.mark.parametrize(
    ("text", "delimiter"),
    [
        ("20230701;1,5;2125550100\n20230702;2,5;2125550101\n", ";"),
        ("07/01/2023 10:05:00|2125550100|65\n07/02/2023 10:06:00|2125550101|66\n", "|"),
        ("2023-07-01 10:05:00 2125550100 65\n2023-07-02 10:06:00 2125550101 7\n", " "),
        ("2125550100~A Name~65~NEW YORK\n2125550101~B Name~5~BOSTON\n", "~"),
        ("10:05:00\n10:06:30\n23:59:59\n", None),
        ("2023-07-01 10:05:00\n2023-07-02 10:06:00\n", None),
        ("(212) 555-0100\n(212) 555-0101\n", None),
        ("Alice Smith\nBob Miller\n", None),
        ("Alice\nBob\n", None),
    ],
)
def test_delimiters_are_told_from_the_same_signs_within_values(
    text: str, delimiter: str | None
) -> None:
    assert sniff(text.splitlines()).delimiter == delimiter


def test_a_clear_case_is_surer_than_a_tie() -> None:
    assert sniff(["2125550100,65,MO", "2125550101,66,MT"]).confidence > 0.9
    assert sniff(UNCERTAIN).confidence < 0.6


def test_a_line_that_csv_refuses_is_split_at_its_delimiters() -> None:
    """A carriage return that ends no line, beside a quote."""
    assert split_line('a,5" b\rc,d', ",", '"') == ["a", '5" b\rc', "d"]
    assert split_line('a,"b\rc",d', ",", '"') == ["a", "b\rc", "d"]
