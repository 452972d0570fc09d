"""Splitting takes every line; the sniffer knows when it does not know, and DuckDB's opinion is weighed then."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline_perf.ingest import dialect
from pipeline_perf.ingest.dialect import Dialect, second_opinion, sniff, split
from pipeline_perf.ingest.probe import probe
from pipeline_perf.ingest.source import Source

lines = st.lists(st.text(alphabet=st.sampled_from("ab12,;\t|:~ \"'\\\0é"), max_size=40), max_size=20)
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
    assert [row.line for row in rows] == [sum(row.lines for row in rows[:i]) for i in range(len(rows))]
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
def test_delimiters_are_told_from_the_same_signs_within_values(text: str, delimiter: str | None) -> None:
    assert sniff(text.splitlines()).delimiter == delimiter


def test_a_clear_case_is_sure_and_a_tie_is_not() -> None:
    assert sniff(["2125550100,65,MO", "2125550101,66,MT"]).sure
    assert not sniff(UNCERTAIN).sure


def test_the_second_opinion_is_asked_in_doubt_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def opinion(sample: list[str], own: Dialect) -> Dialect:
        asked.append(sample[0])
        return second_opinion(sample, own)

    monkeypatch.setattr(dialect, "second_opinion", opinion)
    for name, text in (("clear", "a,b\n2125550100,65\n2125550101,66\n"), ("tie", "\n".join(UNCERTAIN))):
        path = tmp_path / name
        path.write_text(text)
        probe(Source(path))
    assert asked == [UNCERTAIN[0]]


def test_the_second_opinion_overrules_a_guess_but_not_the_evidence() -> None:
    sample = ["a;b;c", *["1;2;3"] * 20]
    assert second_opinion(sample, Dialect(",", score=0.2)).delimiter == ";"
    ragged = ["x|y", *sample[:3], *(f"{'a|' * (i % 7)}1;2;3" for i in range(20))]
    own = Dialect(",", score=2.0)  # better than any other can be
    assert second_opinion(ragged, own) == own


def test_where_duckdb_knows_nothing_the_own_opinion_stands() -> None:
    own = Dialect(":", score=0.3)
    assert second_opinion(["prose", "and more prose"], own) == own
    assert second_opinion([], own) == own
