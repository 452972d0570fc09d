"""Fixed columns: which lines are records."""

from __future__ import annotations

import pytest

from pipeline_perf.ingest.probe.fixed_width import code_of, likely_records


@pytest.mark.parametrize(
    ("lines", "tail", "records"),
    [
        ([], [], []),
        (["A20230701", "B20230702"], [], ["A20230701", "B20230702"]),
        (["Report", "A20230701", "A20230702"], [], ["A20230701", "A20230702"]),
        # a header and a trailer of the same beginning, but of another form
        (["H20230701 ALL", "A202307010", "A202307020"], [], ["A202307010", "A202307020"]),
        (["A202307010", "A202307020", "T2"], [], ["A202307010", "A202307020"]),
        (
            ["A202307010", "A202307020", "T99"],
            ["A202307030", "T9", "  "],
            ["A202307010", "A202307020"],
        ),
        # the last one is a record of another kind, where it looks like the others
        (
            ["A202307010", "A202307020", "B202307020"],
            [],
            ["A202307010", "A202307020", "B202307020"],
        ),
        # four fifths alike are alike enough
        (
            ["A123456789", "A123456789", "B1234567  "],
            [],
            ["A123456789", "A123456789", "B1234567  "],
        ),
        (["A123456789", "A123456789", "B123456   "], [], ["A123456789", "A123456789"]),
        (["1234 x", "5678 y", "abc"], [], ["1234 x", "5678 y"]),
    ],
)
def test_records_are_alike_and_not_those_at_the_edges_that_differ(
    lines: list[str], tail: list[str], records: list[str]
) -> None:
    assert likely_records(lines, tail) == records


def test_a_code_is_the_letters_of_the_first_three_signs() -> None:
    assert [code_of(line) for line in ("ABCD1", "AB1C", "A_B", "1AB", "", "ÄÖ1")] == [
        "ABC", "AB", "A", "", "", "ÄÖ"
    ]  # fmt: skip
