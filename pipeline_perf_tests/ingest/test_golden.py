"""Golden files: every field of every event against what a person read from the bytes, and every
line accounted for.
"""

from __future__ import annotations

import csv
import datetime as dt
import hashlib
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from pipeline_perf import events
from pipeline_perf.ingest.bookkeeping import FileReport
from pipeline_perf.ingest.container.content import Content
from pipeline_perf.ingest.pipeline import Options, ingest_file
from pipeline_perf.lake.delta import Lake

GOLDEN = Path(__file__).parent / "golden"
EXPECTED = {
    e["file"]: e
    for e in (json.loads(p.read_text()) for p in sorted(GOLDEN.glob("*.expected.json")))
}

#: What follows from the file and the record number, and is checked by rules instead.
DERIVED = ("event_id", "source_file_id")


def ingested(path: Path, lake: Lake, **options: Any) -> FileReport:
    report = ingest_file(path, lake, Options(**options))
    assert report.status == "ingested", report.reason
    return report


def stored(lake: Lake) -> list[dict[str, Any]]:
    return lake.scan_events().sort("record_no").collect().to_dicts()


def written_out(expected: dict[str, Any], ids: dict[int, int]) -> list[dict[str, Any]]:
    """The expected events with every column, in the types of the event table.

    `{"of_record": 7}` stands for the event of that record: its id, in call_id in hexadecimal.
    """
    return [
        _typed({**dict.fromkeys(events.COLUMNS), **expected["each"], **event}, ids)
        for event in expected["events"]
    ]


def _typed(event: dict[str, Any], ids: dict[int, int]) -> dict[str, Any]:
    for name, dtype in events.COLUMNS.items():
        value = event[name]
        if isinstance(value, dict):
            event_id = ids[value["of_record"]]
            event[name] = f"{event_id & (2**64 - 1):016x}" if name == "call_id" else event_id
        elif value is not None and dtype.is_temporal():
            event[name] = dt.datetime.fromisoformat(value)
        elif value is not None and dtype.is_decimal():
            event[name] = Decimal(value)
    return event


@pytest.mark.parametrize("name", EXPECTED)
def test_every_field_of_every_event_is_as_a_person_reads_it(name: str, tmp_path: Path) -> None:
    expected = EXPECTED[name]
    lake = Lake(tmp_path / "lake")
    report = ingested(GOLDEN / name, lake, **expected["options"])
    found = stored(lake)

    ids = {event["record_no"]: event["event_id"] for event in found}
    assert len(set(ids.values())) == len(found)
    assert {event["source_file_id"] for event in found} == {
        hashlib.sha256((GOLDEN / name).read_bytes()).hexdigest()[:16]
    }
    wanted = written_out(expected, ids)
    for event, want in zip(found, wanted, strict=False):
        # one by one: a difference is read more easily
        assert {k: v for k, v in event.items() if k not in DERIVED} == {
            k: v for k, v in want.items() if k not in DERIVED
        }
    assert len(found) == len(wanted)

    quarantine = lake.scan_quarantine().sort("record_no").collect()
    assert quarantine.select("record_no", "rule").to_dicts() == expected["quarantine"]
    assert quarantine.filter(pl.col("raw").str.strip_chars() == "").height == 0
    assert quarantine.filter(pl.col("reason").str.len_chars() < 10).height == 0

    for key, value in expected["report"].items():
        assert getattr(report, key) == (
            dict.fromkeys(events.EVENT_TYPES, 0) | value if key == "by_type" else value
        ), key


@pytest.mark.parametrize("name", EXPECTED)
def test_every_line_is_a_record_or_furniture(name: str, tmp_path: Path) -> None:
    report = ingested(GOLDEN / name, Lake(tmp_path / "lake"), **EXPECTED[name]["options"])
    text = (GOLDEN / name).read_bytes().replace(b"\r\n", b"\n").replace(b"\r", b"\n")

    assert report.records == report.events + report.quarantined
    # no record of these files has more than one line
    assert report.lines == report.furniture + report.records
    assert report.lines == text.count(b"\n") + (not text.endswith(b"\n"))


def test_each_text_layout_has_a_golden_file() -> None:
    from pipeline_perf.ingest.layout.load import built_in

    shipped = {
        layout.id
        for layout in built_in().values()
        if layout.container != "pdf" and not layout.no_records
    }
    contained = [
        json.loads(path.read_text()) for path in (GOLDEN / "containers").glob("*.expected.json")
    ]
    assert {
        expected["report"]["layout"] for expected in (*EXPECTED.values(), *contained)
    } == shipped


@pytest.mark.parametrize("name", ["cisco_cmr.csv", "cisco_cmr_untitled.csv"])
def test_a_file_that_is_known_to_hold_no_events_is_refused_with_what_it_holds(
    name: str, tmp_path: Path
) -> None:
    report = ingest_file(GOLDEN / name, Lake(tmp_path / "lake"), Options())
    assert report.status == "rejected"
    assert (
        report.reason
        == f"{name}: Cisco call management records (CMR): they tell the quality of calls and are no"
        " calls; ingest the call detail (cdr_…) of the same switch"
    )


def test_a_file_whose_dates_have_no_year_is_asked_about_until_its_name_tells_the_month(
    tmp_path: Path,
) -> None:
    lake, texts = Lake(tmp_path / "lake"), (GOLDEN / "att_bill_texts_20091219.csv").read_bytes()
    for name in ("texts.csv", "5085550129.csv", "20091319.csv"):
        (tmp_path / name).write_bytes(texts)
        report = ingest_file(tmp_path / name, lake, Options())
        assert report.status == "needs_mapping"
        assert report.reason.startswith(
            "column Date + Time: its dates have no year, and no line and no file name tells the"
            " period. Name the"
        )
    assert not stored(lake)
    (tmp_path / "texts 2009-12.csv").write_bytes(texts)
    assert ingested(tmp_path / "texts 2009-12.csv", lake, subscriber="+15085550129").events == 4
    assert [event["started_at_local"].year for event in stored(lake)] == [2009, 2009, 2010, 2010]


@pytest.mark.parametrize("name", EXPECTED)
def test_no_other_layout_takes_the_file_for_its_own(name: str) -> None:
    from pipeline_perf.ingest.container.source import Source
    from pipeline_perf.ingest.layout.load import built_in
    from pipeline_perf.ingest.recognise.evidence import look
    from pipeline_perf.ingest.recognise.signatures import fits

    known = built_in().values()
    found = look(Content(Source(GOLDEN / name)), known)
    assert [fit.layout.id for fit in fits(found, known) if not fit.lacking] == [
        EXPECTED[name]["report"]["layout"]
    ]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_the_lines_of_an_account_are_told_apart_also_where_excel_has_filled_its_rows_up(
    delimiter: str, tmp_path: Path
) -> None:
    rows = list(csv.reader((GOLDEN / "att_bill_account.csv").read_text().splitlines()))
    with (tmp_path / "padded.csv").open("w", newline="") as stream:
        csv.writer(stream, delimiter=delimiter).writerows(
            [*row, *[""] * (13 - len(row))] for row in rows
        )
    lake, plain = Lake(tmp_path / "lake"), Lake(tmp_path / "plain")
    report = ingested(tmp_path / "padded.csv", lake)
    assert (report.events, report.quarantined) == (14, 1)
    ingested(GOLDEN / "att_bill_account.csv", plain)
    names = (
        "record_no",
        "event_type",
        "subscriber_number",
        "from_number",
        "to_number",
        "started_at",
    )
    assert [[e[n] for n in names] for e in stored(lake)] == [
        [e[n] for n in names] for e in stored(plain)
    ]


@pytest.mark.parametrize(
    ("name", "first"),
    [
        ("smdr_20260214.txt", "2026-02-04"),
        ("smdr_2026-02-14_201512.txt", "2026-02-04"),  # a clock behind the day
        ("smdr_20250131.txt", "2024-02-04"),
        ("smdr_4152020126.txt", None),  # a telephone number
        ("smdr_212-555-0120_2012014.txt", None),
        ("smdr_20261399.txt", None),
        ("smdr_20251231_20260131.txt", None),  # which of the two the dates belong to, nobody says
    ],
)
def test_the_year_is_taken_from_a_name_that_tells_one_day_or_month(
    name: str, first: str | None, tmp_path: Path
) -> None:
    (tmp_path / name).write_bytes((GOLDEN / "mitel_20260214.txt").read_bytes())
    lake = Lake(tmp_path / "lake")
    report = ingest_file(tmp_path / name, lake, Options())
    assert report.status == ("ingested" if first else "needs_mapping")
    assert [str(event["started_at"].date()) for event in stored(lake)[:1]] == (
        [first] if first else []
    )


def test_flatstore_lines_with_a_column_more_are_not_taken_for_another_switch_s(
    tmp_path: Path,
) -> None:
    text = (GOLDEN / "opensips_flatstore.log").read_text()
    (tmp_path / "acc.log").write_text(text.replace("\n", "|\n"))
    assert (
        ingest_file(tmp_path / "acc.log", Lake(tmp_path / "lake"), Options()).status
        == "needs_mapping"
    )


def test_a_time_that_the_clocks_skipped_stands_beside_those_of_another_table(
    tmp_path: Path,
) -> None:
    text = (GOLDEN / "att_bill_account.csv").read_text()
    (tmp_path / "account.csv").write_text(text.replace("03/18/2010,8:45AM", "03/14/2010,2:30AM"))
    lake = Lake(tmp_path / "lake")
    report = ingested(tmp_path / "account.csv", lake, zone="America/New_York")
    assert report.events == 14
    assert stored(lake)[0]["started_at"] == dt.datetime(2010, 3, 14, 7, 30, tzinfo=dt.UTC)
