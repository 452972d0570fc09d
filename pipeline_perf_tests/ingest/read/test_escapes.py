"""Escaped cells: what the probe finds of them reaches the reader, and csv's cells are read."""

from __future__ import annotations

import csv
import io
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline_perf.ingest.container.content import Content
from pipeline_perf.ingest.container.source import Source
from pipeline_perf.ingest.layout.match import Match
from pipeline_perf.ingest.layout.model import Field, Layout, Table
from pipeline_perf.ingest.pipeline import Options, ingest_file
from pipeline_perf.ingest.read.text import read
from pipeline_perf.ingest.recognise.evidence import look
from pipeline_perf.ingest.recognise.signatures import recognise
from pipeline_perf.lake.delta import Lake

TITLES = ("Time", "From", "Note", "Kind")
CALLS = Table(
    "calls",
    {"started_at": (Field(("Time",)),), "from_number": (Field(("From",)),)},
    header=TITLES,
)
LAYOUT = Layout("plain", "att", "calls", "this test", "delimited", (CALLS,))

OWN = """\
id: house
carrier: house
title: Calls with remarks
source: this test
container: delimited
zone: UTC
tables:
  - name: calls
    header: [Time, From, To, Note, Seconds]
    fields:
      event_type: {value: call}
      started_at: {column: Time, formats: ['%Y-%m-%d %H:%M:%S']}
      duration_s: {column: Seconds, form: seconds}
      from_number: From
      to_number: To
"""

CELLS = st.text(st.sampled_from('ab1 ,"\\;é'), max_size=6)


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.tuples(CELLS, CELLS, CELLS), max_size=20),
    st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONE]),
    st.integers(30, 300),
)
def test_cells_that_csv_writes_with_an_escape_are_read_as_csv_reads_them(
    tmp_path_factory, rows, quoting, block
) -> None:
    text = io.StringIO()
    dialect = {"quoting": quoting, "escapechar": "\\", "doublequote": False}
    writer = csv.writer(text, lineterminator="\n", **dialect)
    writer.writerows([TITLES, *(("10:00", *row) for row in rows)])
    path = tmp_path_factory.mktemp("escaped") / "calls.csv"
    path.write_text(text.getvalue(), encoding="utf-8")
    quote = None if quoting == csv.QUOTE_NONE else '"'
    with Content(Source(path)) as content:
        pieces = list(read(content, "utf-8", Match(LAYOUT, ",", quote, "\\"), block))
    frames = [batch.frame for piece in pieces for batch in piece.batches]
    cells = [row for frame in frames for row in frame.select("c0", "c1", "c2", "c3").rows()]
    expected = list(csv.reader(io.StringIO(text.getvalue()), **dialect))[1:]
    assert [[cell or "" for cell in row] for row in cells] == expected
    assert not any(piece.rejected.height for piece in pieces)


def test_a_file_with_escapes_is_read_by_a_layout_that_says_nothing_of_them(tmp_path: Path) -> None:
    folder, path = tmp_path / "layouts", tmp_path / "calls.csv"
    folder.mkdir()
    (folder / "house.yaml").write_text(OWN)
    remarks = [r"said \"later\", then rang off", "plain, but with a comma", r"kept under C:\\calls"]
    rows = [
        f'2026-01-0{day} 10:00:00,+12125550100,+12125550101,"{remark}",6{day}'
        for day, remark in enumerate(remarks * 3, 1)
    ]
    path.write_text("\n".join(["Time,From,To,Note,Seconds", *rows]) + "\n")
    lake = Lake(tmp_path / "lake")
    report = ingest_file(path, lake, Options(layouts=folder))
    assert (report.status, report.events, report.quarantined) == ("ingested", 9, 0)
    seconds = lake.scan_events().sort("record_no").collect()["duration_s"].to_list()
    assert seconds == [61.0, 62.0, 63.0, 64.0, 65.0, 66.0, 67.0, 68.0, 69.0]


def test_titles_on_two_lines_are_a_header_and_so_are_those_on_the_next_page(tmp_path: Path) -> None:
    table = Table(
        "calls",
        {"started_at": (Field(("Call Time",)),)},
        header=("Call Time", "Called Number", "Talk Seconds"),
    )
    layout = Layout("two_lines", "house", "calls", "this test", "delimited", (table,))
    head = "Call,Called,Talk\nTime,Number,Seconds\n"
    rows = "".join(f"2026-01-0{day} 10:00,2125550100,6{day}\n" for day in range(1, 6))
    path = tmp_path / "calls.csv"
    path.write_text("Report of calls\n\n" + head + rows + head + rows)
    for block in (1 << 20, 40):
        with Content(Source(path)) as content:
            evidence = look(content, [layout])
            match = recognise(evidence, [layout])
            pieces = list(read(content, evidence.encoding, match, block))
        batches = [batch for piece in pieces for batch in piece.batches]
        assert {batch.titles for batch in batches} == {table.header}
        numbers = [number for batch in batches for number in batch.frame["record_no"]]
        assert numbers == [*range(5, 10), *range(12, 17)]
        assert sum(piece.furniture for piece in pieces) == 6
        assert sum(piece.lines for piece in pieces) == 16
