"""Text PDFs: golden bills in every cell, broken documents as clear errors, and no line
unaccounted for.
"""

from __future__ import annotations

import dataclasses
import gc
import json
import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pdfminer.pdftypes import PDFStream
from PIL import Image
from reportlab.lib.pdfencrypt import StandardEncryption
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas

from pipeline_perf.ingest.batch import Origin, Piece
from pipeline_perf.ingest.container.content import Content
from pipeline_perf.ingest.container.pdf_pages import Pages
from pipeline_perf.ingest.container.source import Source
from pipeline_perf.ingest.errors import LayoutError, UnreadableFile
from pipeline_perf.ingest.layout.load import built_in
from pipeline_perf.ingest.layout.match import Match
from pipeline_perf.ingest.layout.model import Layout
from pipeline_perf.ingest.normalise.decide import Decisions
from pipeline_perf.ingest.normalise.normalise import normalise
from pipeline_perf.ingest.read import pdf
from pipeline_perf_tests.ingest.golden.pdf_bills import Bill, Column


def read(path: Path, layout: Layout, context: Mapping[str, str] | None = None) -> Iterator[Piece]:
    return pdf.read(Pages(Content(Source(path))), Match(layout, context=context or {}))


def head_text(path: Path, pages: int = 2) -> str:
    return "\n".join(Pages(Content(Source(path))).first(pages))


GOLDEN = Path(__file__).parents[1] / "golden"
BILLS = ("att_bill", "tmobile_bill", "verizon_bill", "verizon_talk_bill", "sprint_bill")
PDF_LAYOUTS = [layout for layout in built_in().values() if layout.container == "pdf"]

SPRINT_COLUMNS: list[Column] = [
    *((x, False) for x in (40, 90, 130, 200, 290)),
    *((x, True) for x in (400, 470, 540)),
]
SPRINT_TITLES = [
    "Date",
    "Time",
    "Phone number",
    "Call destination",
    "Rate/Type",
    "Minutes used",
    "LD charges",
    "Total charges",
]
CALL = ["10/06/2013", "09:15 AM", "816-555-0120", "KANSAS CITY MO", "AT", "4", "0.00", "0.00"]


def sprint() -> Layout:
    return built_in()["sprint_bill_pdf"]


def account(pieces: list[Piece]) -> list[tuple[int, int]]:
    """Lines and furniture by page, once they are known to add up."""
    for piece in pieces:
        assert piece.lines == piece.furniture + piece.records
    return [(piece.lines, piece.furniture) for piece in pieces]


def rejected(pieces: list[Piece]) -> list[tuple[Any, ...]]:
    return pl.concat([piece.rejected for piece in pieces]).rows()


def cells(piece: Piece) -> list[list[str | None]]:
    """The cells of a page's records."""
    return [
        list(row)
        for batch in piece.batches
        for row in batch.frame.select(f"c{i}" for i in range(len(batch.titles))).rows()
    ]


def flipped(data: bytes, at: int) -> bytes:
    return data[:at] + bytes([data[at] ^ 0x15]) + data[at + 1 :]


# --------------------------------------------------------------------------- golden bills


@pytest.mark.parametrize("name", BILLS)
def test_every_cell_of_a_golden_bill_is_read(name: str) -> None:
    expected = json.loads((GOLDEN / f"{name}.json").read_text())
    layout = built_in()[expected["layout"]]
    pieces = list(read(GOLDEN / f"{name}.pdf", layout))

    assert account(pieces) == [(page["lines"], page["furniture"]) for page in expected["pages"]]
    assert [piece.position for piece in pieces] == list(range(1, len(pieces) + 1))
    found = []
    for batch in (batch for piece in pieces for batch in piece.batches):
        columns = [
            "record_no",
            *(f"c{i}" for i in range(len(batch.titles))),
            *(f"context.{c}" for c in expected["context"]),
        ]
        assert set(batch.frame.columns) == {*columns, "page", "raw"}
        assert batch.frame["page"].n_unique() == 1
        rows = [list(row) for row in batch.frame.select(columns).rows()]
        found.append(
            {
                "table": batch.table.name,
                "page": batch.frame["page"][0],
                "titles": list(batch.titles),
                "rows": rows,
            }
        )
    assert found == expected["batches"]
    assert [[no, page, rule, raw] for no, page, rule, _, raw in rejected(pieces)] == expected[
        "rejected"
    ]


@pytest.mark.parametrize("name", BILLS)
def test_a_golden_bill_becomes_the_events_it_tells_of(name: str) -> None:
    expected = json.loads((GOLDEN / f"{name}.json").read_text())
    layout = built_in()[expected["layout"]]
    origin = Origin(
        "0123456789abcdef", layout, layout.carrier, zone="America/New_York", zone_stated=False
    )
    decisions = Decisions()
    events = []
    for batch in (
        batch for piece in read(GOLDEN / f"{name}.pdf", layout) for batch in piece.batches
    ):
        table = normalise(batch, origin, decisions.plan(batch, layout, origin.zone))
        assert (table["subscriber_number"] == "+1" + batch.frame["context.subscriber"]).all()
        columns = [
            "record_no",
            "event_type",
            "direction",
            "started_at_local",
            "duration_s",
            "from_number",
            "to_number",
            "charge",
        ]
        events += (
            table.select(columns)
            .with_columns(pl.col("started_at_local").dt.strftime("%Y-%m-%dT%H:%M:%S"))
            .rows()
        )
    wanted = [
        (*event[:-1], None if event[-1] is None else Decimal(event[-1]))
        for event in expected["events"]
    ]
    assert events == wanted


@pytest.mark.parametrize("name", BILLS)
def test_a_golden_bill_is_recognised_by_its_own_layout_only(name: str) -> None:
    text = head_text(GOLDEN / f"{name}.pdf")
    layout = json.loads((GOLDEN / f"{name}.json").read_text())["layout"]
    assert [lay.id for lay in PDF_LAYOUTS if lay.grid and re.search(lay.grid.document, text)] == [
        layout
    ]


def test_the_head_text_ends_after_the_pages_asked_for() -> None:
    assert "Page 1 of 2" in head_text(GOLDEN / "att_bill.pdf", pages=1)
    assert "Page 2 of 2" not in head_text(GOLDEN / "att_bill.pdf", pages=1)
    assert "Page 2 of 2" in head_text(GOLDEN / "att_bill.pdf", pages=2)


def test_the_raw_text_of_a_record_is_its_line() -> None:
    piece = next(read(GOLDEN / "att_bill.pdf", built_in()["att_bill_pdf"]))
    assert (
        piece.batches[0].frame["raw"][2]
        == "3 MON 03/12/2012 9:02PM BLOCKED 1 RM45 NW 0.00 0.00 0.00"
    )


# --------------------------------------------------------------------------- cells


#: Per column what it may hold, wide and narrow; a record begins with its date and always has one.
TEXTS = [
    st.just("10/06/2013"),
    st.sampled_from(["09:15 AM", "", "1:05 PM"]),
    st.sampled_from(["816-555-0120", "", "*86", "011442075550100"]),
    st.sampled_from(["KANSAS CITY MO", "", "Incoming", "X", "ST LOUIS  MO"]),
    st.sampled_from(["AT", "", "NW/M2M"]),
    st.sampled_from(["4", "", "1,042"]),
    st.sampled_from(["0.00", "", "-12.50", "1,234.50"]),
    st.sampled_from(["0.00", "", "$1,234.50", "--"]),
]


@settings(max_examples=15, deadline=None)
@given(rows=st.lists(st.tuples(*TEXTS), min_size=1, max_size=30))
def test_empty_cells_stay_empty_and_none_shifts(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, ...]]
) -> None:
    path = tmp_path_factory.mktemp("pdf") / "bill.pdf"
    bill = Bill(path)
    bill.row(SPRINT_COLUMNS, SPRINT_TITLES, bold=True)
    for row in rows:
        bill.row(SPRINT_COLUMNS, list(row))
    bill.save("Page 1 of 1")
    written = [[" ".join(cell.split()) or None for cell in row] for row in rows]
    # a date alone is no record
    kept = [row for row in written if sum(cell is not None for cell in row) > 1]

    pieces = list(read(path, sprint()))
    account(pieces)
    assert [row for piece in pieces for row in cells(piece)] == kept


def test_cells_of_a_column_that_the_layout_does_not_know_stay_out_of_its_neighbours(
    tmp_path: Path,
) -> None:
    bill = Bill(tmp_path / "bill.pdf")
    columns = [*SPRINT_COLUMNS[:5], (335.0, False), *SPRINT_COLUMNS[5:]]
    bill.row(columns, [*SPRINT_TITLES[:5], "Z", *SPRINT_TITLES[5:]], bold=True)
    bill.row(columns, [*CALL[:5], "7", *CALL[5:]])
    bill.save("Page 1 of 1")
    piece = next(read(tmp_path / "bill.pdf", sprint()))
    assert dict(zip(piece.batches[0].titles, cells(piece)[0], strict=True))["Z"] == "7"
    assert cells(piece)[0][6] == "4"


def test_words_on_a_slightly_uneven_baseline_are_one_line(tmp_path: Path) -> None:
    bill = Bill(tmp_path / "bill.pdf")
    bill.row(SPRINT_COLUMNS, SPRINT_TITLES)
    for i, (column, cell) in enumerate(zip(SPRINT_COLUMNS, CALL, strict=True)):
        bill.y += 0.7 if i % 2 else -0.7
        bill.row([column], [cell])
        bill.y += bill.pitch
    bill.save("Page 1 of 1")
    assert cells(next(read(tmp_path / "bill.pdf", sprint()))) == [CALL]


# --------------------------------------------------------------------------- pages


def test_a_table_that_runs_on_without_a_header_keeps_its_columns_and_its_broken_lines(
    tmp_path: Path,
) -> None:
    bill = Bill(tmp_path / "bill.pdf")
    bill.row(SPRINT_COLUMNS, SPRINT_TITLES)
    bill.row(SPRINT_COLUMNS, CALL)
    bill.next_page("Page 1 of 2")
    bill.row(SPRINT_COLUMNS, ["1?/06/2013", *CALL[1:]])
    bill.row(SPRINT_COLUMNS, [*CALL[:3], "", *CALL[4:]])
    bill.save("Page 2 of 2")
    pieces = list(read(tmp_path / "bill.pdf", sprint()))
    assert account(pieces) == [(3, 2), (3, 1)]
    assert [(no, page) for no, page, *_ in rejected(pieces)] == [(2, 2)]
    assert cells(pieces[1]) == [[*CALL[:3], None, *CALL[4:]]]
    assert pieces[1].batches[0].frame["record_no"].to_list() == [3]


def test_text_above_the_header_and_below_the_totals_is_furniture_and_records_below_them_are_read(
    tmp_path: Path,
) -> None:
    prose = (
        "Notices about charges that stand under each and every one of the columns of the table"
        " above or below, and say nothing."
    )
    bill = Bill(tmp_path / "bill.pdf")
    for number in (1, 2):
        bill.text(prose)
        bill.row(SPRINT_COLUMNS, SPRINT_TITLES)
        bill.row(SPRINT_COLUMNS, CALL)
        bill.row(SPRINT_COLUMNS, ["Subtotal", "", "", "", "", "4", "0.00", "0.00"])
        bill.row(SPRINT_COLUMNS, CALL)
        bill.row(SPRINT_COLUMNS, ["Total", "", "", "", "", "8", "0.00", "0.00"])
        bill.text(prose)
        bill.next_page(f"Page {number} of 3")
    bill.text(prose)
    bill.save("Page 3 of 3")
    pieces = list(read(tmp_path / "bill.pdf", sprint()))
    assert account(pieces) == [(8, 6), (8, 6), (2, 2)]
    assert rejected(pieces) == []


def test_lines_in_a_table_that_are_no_records_are_rejected_with_a_reason(tmp_path: Path) -> None:
    bill = Bill(tmp_path / "bill.pdf")
    bill.row(SPRINT_COLUMNS, SPRINT_TITLES)
    bill.row(SPRINT_COLUMNS, CALL)
    bill.row(SPRINT_COLUMNS, ["", *CALL[1:]])
    bill.row(SPRINT_COLUMNS, ["", "", "", "wrapped", "", "", "", ""])
    bill.save("Page 1 of 1")
    pieces = list(read(tmp_path / "bill.pdf", sprint()))
    assert account(pieces) == [(5, 3)]
    reason = "stands in the columns of the table 'calls', but is not formed like its records"
    assert rejected(pieces) == [(2, 1, "unrecognised_line", reason, " ".join(CALL[1:]))]


def test_values_known_before_the_first_line_fill_the_context_until_a_line_tells_another(
    tmp_path: Path,
) -> None:
    bill = Bill(tmp_path / "bill.pdf")
    bill.row(SPRINT_COLUMNS, SPRINT_TITLES)
    bill.row(SPRINT_COLUMNS, CALL)
    bill.text("(913) 555-0102")
    bill.row(SPRINT_COLUMNS, CALL)
    bill.save("Page 1 of 1")
    (piece,) = read(tmp_path / "bill.pdf", sprint(), {"subscriber": "9135550101"})
    assert piece.batches[0].frame["context.subscriber"].to_list() == ["9135550101", "9135550102"]
    (piece,) = read(tmp_path / "bill.pdf", sprint())
    assert piece.batches[0].frame["context.subscriber"].to_list() == [None, "9135550102"]


def test_a_page_that_is_a_picture_is_a_rejected_record(tmp_path: Path) -> None:
    bill = Bill(tmp_path / "bill.pdf")
    bill.row(SPRINT_COLUMNS, SPRINT_TITLES)
    bill.row(SPRINT_COLUMNS, CALL)
    bill.next_page("Page 1 of 3")
    bill.canvas.drawImage(ImageReader(Image.new("L", (20, 20), 128)), 0, 0, 600, 700)
    bill.canvas.showPage()
    bill.row(SPRINT_COLUMNS, CALL)
    bill.save("Page 3 of 3")
    pieces = list(read(tmp_path / "bill.pdf", sprint()))
    assert account(pieces) == [(3, 2), (1, 0), (2, 1)]
    assert [row[:3] for row in rejected(pieces)] == [(2, 2, "page_without_text")]
    assert pieces[2].batches[0].frame["record_no"].to_list() == [3]


def test_a_page_whose_content_is_damaged_is_told_and_the_others_are_read(tmp_path: Path) -> None:
    data = (GOLDEN / "att_bill.pdf").read_bytes()
    first = data.index(b"stream\n") + 200
    (tmp_path / "bill.pdf").write_bytes(flipped(data, first))
    pieces = list(read(tmp_path / "bill.pdf", built_in()["att_bill_pdf"]))
    account(pieces)
    assert [
        (page, rule) for _, page, rule, *_ in rejected(pieces) if rule != "unrecognised_line"
    ] == [(1, "damaged_page")]
    assert len(cells(pieces[1])) == 4


def test_no_page_outlives_its_turn(tmp_path: Path) -> None:
    bill = Bill(tmp_path / "bill.pdf")
    for number in range(12):
        bill.row(SPRINT_COLUMNS, CALL)
        bill.next_page(f"Page {number + 1} of 13")
    bill.save("Page 13 of 13")
    alive = []
    for _ in Pages(Content(Source(tmp_path / "bill.pdf"))):
        gc.collect()
        alive.append(sum(isinstance(thing, PDFStream) for thing in gc.get_objects()))
    assert len(alive) == 13
    assert max(alive) <= alive[0]


# --------------------------------------------------------------------------- what cannot be read


def encrypted(path: Path, password: str) -> None:
    canvas = Canvas(
        str(path), encrypt=StandardEncryption(password, ownerPassword="owner", canPrint=0)
    )
    canvas.drawString(40, 700, "Sprint")
    canvas.save()


def test_an_encrypted_pdf_says_so(tmp_path: Path) -> None:
    encrypted(tmp_path / "bill.pdf", "secret")
    with pytest.raises(
        UnreadableFile,
        match=r"bill\.pdf: the PDF is encrypted and needs a password; save a copy without one",
    ):
        head_text(tmp_path / "bill.pdf")
    with pytest.raises(UnreadableFile, match="encrypted"):
        list(read(tmp_path / "bill.pdf", sprint()))


def test_a_pdf_that_anyone_may_open_but_not_change_is_read(tmp_path: Path) -> None:
    encrypted(tmp_path / "bill.pdf", "")
    assert head_text(tmp_path / "bill.pdf") == "Sprint"


def test_a_scanned_pdf_says_so(tmp_path: Path) -> None:
    canvas = Canvas(str(tmp_path / "scan.pdf"))
    for _ in range(2):
        canvas.drawImage(ImageReader(Image.new("L", (20, 20), 128)), 0, 0, 600, 700)
        canvas.showPage()
    canvas.save()
    with pytest.raises(
        UnreadableFile, match=r"scan\.pdf: the PDF's first 2 pages hold no text.* run OCR"
    ):
        head_text(tmp_path / "scan.pdf")


def test_a_scanned_cover_is_passed_over(tmp_path: Path) -> None:
    canvas = Canvas(str(tmp_path / "bill.pdf"))
    for text in ("", "", "Sprint"):
        canvas.drawString(40, 700, text)
        canvas.showPage()
    canvas.save()
    assert head_text(tmp_path / "bill.pdf", pages=1) == "Sprint"


def test_a_pdf_whose_fonts_have_no_letters_says_so(tmp_path: Path) -> None:
    font = b"<</Type/Font/Subtype/Type0/BaseFont/X/Encoding/Identity-H/DescendantFonts[6 0 R]>>"
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        (
            b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 600 700]/Contents 4 0 R/Resources<</Font<</F 5"
            b" 0 R>>>>>>"
        ),
        (
            b"<</Length 58>>stream\nBT /F 8 Tf 40 600 Td <00410042> Tj 0 -20 Td <00430044> Tj"
            b" ET\nendstream"
        ),
        font,
        (
            b"<</Type/Font/Subtype/CIDFontType2/BaseFont/X/CIDSystemInfo<"
            b"</Registry(Adobe)/Ordering(Identity)/Supplement"
            b" 0>>>>"
        ),
    ]
    body = b"".join(b"%d 0 obj\n%s\nendobj\n" % (i, text) for i, text in enumerate(objects, 1))
    (tmp_path / "bill.pdf").write_bytes(
        b"%PDF-1.4\n" + body + b"trailer<</Root 1 0 R>>\nstartxref\n0\n%%EOF\n"
    )
    with pytest.raises(UnreadableFile, match="fonts do not say which letters"):
        head_text(tmp_path / "bill.pdf")


@pytest.mark.parametrize("share", [0.02, 0.3, 0.6, 0.9, 0.99])
def test_a_truncated_pdf_says_so(tmp_path: Path, share: float) -> None:
    data = (GOLDEN / "att_bill.pdf").read_bytes()
    (tmp_path / "cut.pdf").write_bytes(data[: int(share * len(data))])
    with pytest.raises(
        UnreadableFile, match=r"cut\.pdf: the PDF is cut off: .*; get the file again"
    ):
        head_text(tmp_path / "cut.pdf")


def test_a_pdf_that_lost_a_page_in_the_middle_says_so(tmp_path: Path) -> None:
    data = (GOLDEN / "att_bill.pdf").read_bytes()
    page = data.index(b"/Contents", data.index(b"/Contents") + 1)
    start, end = data.rindex(b" obj", 0, page), data.index(b"endobj", page)
    (tmp_path / "lost.pdf").write_bytes(data[: start - 3] + data[end + 6 :])
    with pytest.raises(UnreadableFile, match="1 of 2 pages found"):
        list(read(tmp_path / "lost.pdf", built_in()["att_bill_pdf"]))


def test_an_empty_file_is_no_pdf(tmp_path: Path) -> None:
    (tmp_path / "empty.pdf").touch()
    with pytest.raises(UnreadableFile, match=r"empty\.pdf: no PDF: it lacks the mark %PDF-"):
        head_text(tmp_path / "empty.pdf")


@pytest.mark.parametrize("kind", ["missing", "folder"])
def test_a_path_that_is_no_file_says_so(tmp_path: Path, kind: str) -> None:
    path = tmp_path if kind == "folder" else tmp_path / "bill.pdf"
    said = "a folder; name the files in it" if kind == "folder" else "not found; check the path"
    with pytest.raises(UnreadableFile, match=said):
        list(read(path, sprint()))


@settings(max_examples=60, deadline=None)
@given(
    at=st.integers(0, (GOLDEN / "verizon_bill.pdf").stat().st_size - 1), length=st.integers(1, 40)
)
def test_bytes_lost_anywhere_end_in_an_error_or_a_complete_account(
    tmp_path_factory: pytest.TempPathFactory, at: int, length: int
) -> None:
    data = (GOLDEN / "verizon_bill.pdf").read_bytes()
    path = tmp_path_factory.mktemp("pdf") / "bill.pdf"
    path.write_bytes(data[:at] + data[at + length :])
    layout = built_in()["verizon_bill_pdf"]
    try:
        pieces = list(read(path, layout))
    except UnreadableFile as error:
        assert str(error).startswith(f"{path.name}: ")
    else:
        account(pieces)


def test_a_layout_without_a_grid_describes_no_pdf() -> None:
    layout = dataclasses.replace(sprint(), grid=None)
    with pytest.raises(LayoutError, match="add grid"):
        list(read(GOLDEN / "sprint_bill.pdf", layout))
