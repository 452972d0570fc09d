"""Fixed columns: what records begin with, what the rest is."""

from __future__ import annotations

import re

import pytest

from pipeline_perf.ingest.mapping.fixed_width import beginning_of, furniture_of


@pytest.mark.parametrize(
    ("records", "pattern"),
    [
        (["A 12"], r"A \d{2}"),
        (["A1 2"] * 3 + ["B1 2"] * 3, r"[AB]\d \d"),
        (["B1 2"] * 3 + ["A1 2"] * 2, r"[A-Za-z]\d \d"),  # too seldom for a code
        ([f"{code}1 2" for code in "ABCDEFGH" * 3], r"[ABCDEFGH]\d \d"),
        ([f"{code}1 2" for code in "ABCDEFGHI" * 3], r"[A-Za-z]\d \d"),  # too many for codes
        ([f"{code}1 2" for code in "AÄ" * 3], r"[AÄ]\d \d"),
        (["1AX 2"] * 3 + ["1BY 2"] * 3, r"\d[AB][XY] \d"),
        (["123A 2"] * 3 + ["123B 2"] * 3, r"\d{3}[A-Za-z] \d"),  # no code stands so far back
        (["1A 2"] * 3 + ["12 2"] * 3, r"\d"),  # a letter here, a digit there: it ends before
        (["1 2 3 4", "1 2 3 5"], r"\d \d "),  # up to the second blank
        (["+1 2", "+3 4"], r"\+\d \d"),
        (["AB", "ABC"], "AB"),
        (["7777", "7777"], r"\d{4}"),  # the same digits are no code
        (["abcd", "efgh"], r"[A-Za-z]{4}"),
        (["1-2", "1/2"], r"\d"),
    ],
)
def test_what_all_records_begin_with(records: list[str], pattern: str) -> None:
    assert beginning_of(records) == pattern
    assert all(re.match(pattern, record) for record in records)


def test_what_is_no_record_is_known_by_its_first_word() -> None:
    lines = ["** page **", "Total 5", "HDR1 5", "1 5", "  Seite 1", "Total 6", "12", "#9", " 7"]
    assert furniture_of(lines, r"^\d") == [
        r"^\s*\*",
        r"^\s*Total\b",
        r"^\s*HDR",
        r"^\s*Seite\b",
        r"^\s*\#",
    ]


def test_no_record_begins_as_furniture_does() -> None:
    assert furniture_of(["A9", "A  x", "B", "-1", "- -"], r"^[A-]\d") == [r"^\s*A\b", r"^\s*B\b"]
