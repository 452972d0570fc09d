"""Exports: other programs read back what stands in the lake, and a spreadsheet runs none of it."""

from __future__ import annotations

import csv
import io
import json
import re
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline_perf.lake import export
from pipeline_perf.lake.schemas import SCHEMAS
from pipeline_perf_tests.event_rows import event_frame

property_test = settings(max_examples=80, deadline=None)

HOSTILE = [
    "=1+1", "=HYPERLINK(\"http://x\",\"y\")", "+1+cmd|' /C calc'!A0", "-2+3", "@SUM(1)", "\t=1",
    "\r=1", "\n=1", "+", "-",
    "+12125550101;ext=1",     "+1\n=cmd", "-1\r=cmd", "＝1+1", "＋1+1", "－1+1", "＠x",
]  # fmt: skip
HARMLESS = [
    "+12125550101",
    "-73.9888519",
    "+1.5",
    "-1",
    "2125550101",
    "*86",
    "Restricted",
    "VMAIL CL",
    "#31#",
    "",
    "'",
    "a=1",
    "NY-4",
]


def cells(texts: list[str | None]) -> list[str]:
    """The texts as another program reads them from the CSV."""
    out = io.BytesIO()
    export.write(
        pl.LazyFrame({"n": range(len(texts)), "text": pl.Series(texts, dtype=pl.String)}),
        "csv",
        out,
    )
    return [row[1] for row in csv.reader(io.StringIO(out.getvalue().decode(), newline=""))][1:]


@pytest.mark.parametrize("text", HOSTILE)
def test_text_that_a_spreadsheet_would_run_gets_an_apostrophe_in_front(text) -> None:
    assert cells([text]) == ["'" + text]


@pytest.mark.parametrize("text", HARMLESS)
def test_numbers_and_names_stay_as_they_are(text) -> None:
    assert cells([text]) == [text]


@property_test
@given(
    st.lists(st.none() | st.text(st.sampled_from("=+-@\t\r\n ,\"'1a.＝"), max_size=6), max_size=6)
)
def test_no_cell_can_be_run_and_none_loses_its_text(texts) -> None:
    for text, cell in zip(texts, cells(texts), strict=True):
        assert cell in (text or "", "'" + (text or ""))
        assert re.match(r"[=@\t\r\n＝＋－＠]|[+-](?!\d+(\.\d+)?\Z)", cell) is None


def test_a_hostile_record_in_quarantine_is_harmless_in_every_column(tmp_path: Path) -> None:
    row = {
        "source_file_id": "aa",
        "file": "=cmd.csv",
        "record_no": 5,
        "layout": "@x",
        "rule": "r",
        "reason": "-x",
        "raw": '=1+1,"a"\n@b',
    }
    export.write(
        pl.LazyFrame([row], schema=SCHEMAS["quarantine"]),
        "csv",
        tmp_path / "quarantine.csv",
    )
    with (tmp_path / "quarantine.csv").open(newline="") as file:
        (read,) = csv.DictReader(file)
    assert read == {
        **row,
        "file": "'=cmd.csv",
        "record_no": "5",
        "page": "",
        "layout": "'@x",
        "reason": "'-x",
        "raw": '\'=1+1,"a"\n@b',
    }


EVENTS = event_frame(
    {},
    {"to_number": "=1", "charge": Decimal("-0.5"), "event_id": -(2**63), "latitude": -73.5},
    {"charge": None},
)


def test_parquet_gives_back_every_value_and_type(tmp_path: Path) -> None:
    export.write(EVENTS.lazy(), "parquet", tmp_path / "events.parquet")
    assert pl.read_parquet(tmp_path / "events.parquet").equals(EVENTS)


def test_json_has_an_object_per_line_with_every_column_as_it_is(tmp_path: Path) -> None:
    export.write(EVENTS.lazy(), "json", tmp_path / "events.json")
    rows = [json.loads(line) for line in (tmp_path / "events.json").read_text().splitlines()]
    assert [list(row) for row in rows] == [EVENTS.columns] * 3
    assert [row["event_id"] for row in rows] == EVENTS["event_id"].cast(pl.String).to_list()
    for name in ("to_number", "duration_s", "answered", "latitude", "page"):
        assert [row[name] for row in rows] == EVENTS[name].to_list()
    assert [row["charge"] and Decimal(str(row["charge"])) for row in rows] == EVENTS[
        "charge"
    ].to_list()
    assert (
        pl.Series([row["started_at"] for row in rows]).str.to_datetime(time_zone="UTC").to_list()
        == EVENTS["started_at"].to_list()
    )


def test_numbers_dates_and_amounts_in_csv_are_plain(tmp_path: Path) -> None:
    export.write(EVENTS.lazy(), "csv", tmp_path / "events.csv")
    with (tmp_path / "events.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["charge"] for row in rows] == ["0.100000", "-0.500000", ""]
    assert [row["from_number"] for row in rows] == ["+12125550101"] * 3
    assert [row["to_number"] for row in rows] == ["+12125550102", "'=1", "+12125550102"]
    assert rows[1]["latitude"] == "-73.5"


@pytest.mark.parametrize("form", ["parquet", "csv", "json"])
def test_an_empty_table_is_written_too(form: str, tmp_path: Path) -> None:
    export.write(EVENTS.clear().lazy(), form, tmp_path / "events")
    assert (
        (tmp_path / "events")
        .read_bytes()
        .startswith({"parquet": b"PAR1", "csv": b"event_id,", "json": b""}[form])
    )


def test_ids_keep_their_digits_where_numbers_lose_them() -> None:
    odd = event_frame({"event_id": 2**53 + 1, "duplicate_of": -(2**63)}).lazy()
    for form in ("json", "csv"):
        out = io.BytesIO()
        export.write(odd, form, out)
        text = out.getvalue().decode()
        row = json.loads(text) if form == "json" else next(csv.DictReader(io.StringIO(text)))
        assert (row["event_id"], row["duplicate_of"]) == (str(2**53 + 1), str(-(2**63)))
