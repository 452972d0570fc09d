"""Rows that tell the two ends of a call: paired wherever the blocks are cut, none lost, and what
stays alone has its fate.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline_perf.ingest.batch import Batch, Piece
from pipeline_perf.ingest.errors import UnreadableFile
from pipeline_perf.ingest.layout.model import Field, Pairs, Table
from pipeline_perf.ingest.pipeline import Options, ingest_file
from pipeline_perf.ingest.read import pairs
from pipeline_perf.lake.delta import Lake

TITLES = ("what", "call", "one", "other", "at")
TABLE = Table(
    "calls",
    {"started_at": (Field(("at",), formats=("epoch",)),)},
    columns=TITLES,
    pairs=Pairs(
        ("call", "one", "other"), {"what": "^begin$"}, {"what": "^end$"}, ("at",), ("one", "other")
    ),
)
Row = tuple[str, str, str, str]


def pieces(rows: Sequence[Row], sizes: Sequence[int]) -> Iterator[Piece]:
    """The rows in blocks of the sizes given, over and over; each row's time is its number."""
    at = 0
    for nth in range(len(rows) + 1):
        size = sizes[nth % len(sizes)]
        block = [(*row, str(at + i + 1)) for i, row in enumerate(rows[at : at + size])]
        if not block:
            return
        cells = {
            f"c{i}": pl.Series(values, dtype=pl.String)
            for i, values in enumerate(zip(*block, strict=True))
        }
        frame = pl.DataFrame(cells).with_columns(
            pl.int_range(at + 1, at + len(block) + 1, dtype=pl.Int64).alias("record_no"),
            pl.lit(None, pl.Int32).alias("page"),
            pl.concat_str(cells.keys(), separator="|").alias("raw"),
        )
        at += len(block)
        yield Piece((Batch(TABLE, TITLES, frame),), lines=len(block), position=at)


def told(rows: Sequence[Row], sizes: Sequence[int]) -> tuple[list[dict[str, object]], list[int]]:
    """What becomes of the rows: those handed on by number, and the numbers of those rejected."""
    found = list(pairs.paired(pieces(rows, sizes)))
    frames = [batch.frame for piece in found for batch in piece.batches]
    assert {batch.titles for piece in found for batch in piece.batches} <= {(*TITLES, "closing at")}
    assert sum(piece.lines for piece in found) == len(rows)
    rejected = pl.concat([piece.rejected for piece in found])
    assert set(rejected["rule"]) <= {"end_without_start"}
    handed = pl.concat(frames).sort("record_no").to_dicts() if frames else []
    return handed, sorted(rejected["record_no"])


ROWS = st.lists(
    st.tuples(
        st.sampled_from(["begin", "end", "ring"]),
        st.sampled_from("ab"),
        st.sampled_from("xy"),
        st.sampled_from("xy"),
    )
)


@settings(deadline=None, max_examples=80)
@given(ROWS, st.lists(st.integers(1, 5), min_size=1, max_size=3))
def test_wherever_a_file_is_cut_the_same_rows_are_paired_and_none_is_lost(
    rows: list[Row], sizes: list[int]
) -> None:
    handed, rejected = told(rows, sizes)
    assert sorted([*(row["record_no"] for row in handed), *rejected]) == list(
        range(1, len(rows) + 1)
    )
    assert (handed, rejected) == told(rows, [len(rows) + 1])

    # the first that begins with the first that ends, told anew by plain loops
    calls: dict[object, list[list[int]]] = {}
    for number, (what, call, one, other) in enumerate(rows, 1):
        if what != "ring":
            calls.setdefault((call, *sorted((one, other))), [[], []])[what == "end"].append(number)
    ends = {
        begin: end
        for begins, ends in calls.values()
        for begin, end in zip(begins, ends, strict=False)
    }
    begins = {end: begin for begin, end in ends.items()}
    for row in handed:
        number = row["record_no"]
        whole = begins.get(number, number)
        assert row["c5"] == (str(ends[whole]) if whole in ends else None)
        assert row["c4"] == str(whole)
        assert row["pair"] == begins.get(number)
        assert row["unended"] == (row["c0"] == "begin" and whole not in ends)
        assert row["raw"] == "|".join((*rows[number - 1], str(number)))
    assert rejected == [n for n, row in enumerate(rows, 1) if row[0] == "end" and n not in begins]


def test_of_too_many_rows_that_wait_the_oldest_are_given_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(pairs, "WAITING", 2)
    rows = [("begin", str(i), "x", "y") for i in range(4)] + [
        ("end", call, "x", "y") for call in "2301"
    ]
    handed, rejected = told(rows, [1])
    assert [row["record_no"] for row in handed if row["unended"]] == [1, 2]
    assert [(row["record_no"], row["pair"]) for row in handed if row["pair"]] == [(5, 3), (6, 4)]
    assert rejected == [7, 8]


def test_a_column_that_the_pairing_needs_and_the_file_lacks_is_named() -> None:
    (piece,) = pieces([("begin", "a", "x", "y")], [1])
    short = Batch(TABLE, ("what", "call", "one", "two", "at"), piece.batches[0].frame)
    with pytest.raises(
        UnreadableFile,
        match="the column other is missing: the calls rows of one call are found by it",
    ):
        list(pairs.paired(iter([Piece((short,))])))


def test_ends_many_chunks_away_are_found_and_each_call_is_told_once_without_duplicates(
    tmp_path: Path,
) -> None:
    count = 400
    begins = [
        f"INVITE|f{i}|t{i}|c{i}|200|OK|{1772600400 + i}|*prepaid|12125550101|12125550102||d"
        for i in range(count)
    ]
    ends = [f"BYE|t{i}|f{i}|c{i}|200|OK|{1772600400 + 2 * i + 7}|||||d" for i in range(count)]
    (tmp_path / "acc.log").write_text("\n".join([*begins, *ends]) + "\n")
    lake = Lake(tmp_path / "lake")
    report = ingest_file(tmp_path / "acc.log", lake, Options(chunk_bytes=4096))
    assert (report.status, report.events, report.duplicates, report.quarantined) == (
        "ingested",
        2 * count,
        count,
        0,
    )
    events = lake.scan_events().sort("record_no").collect()
    assert events["duration_s"].to_list() == [i + 7.0 for i in range(count)] * 2
    assert events["duplicate_of"].to_list() == [None] * count + events["event_id"][:count].to_list()
    assert lake.scan("duplicates").collect()["kind"].unique().to_list() == ["closing"]
