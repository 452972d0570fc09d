"""The four carriers' bills as text PDF: pages per line, unruled rows, subtotals, footers.

AT&T's columns are those of its consumer CSV, T-Mobile's talk section follows a public sample bill
(dates without a year, carried down), Verizon's titles are those that public bill parsers look for.
Sprint's page, and where the print stands on all four, are constructions of this project.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any, BinaryIO

import polars as pl

from pipeline_perf.synth.callmodel import Mix
from pipeline_perf.synth.carriers import att_bill
from pipeline_perf.synth.layout import Column, Form, Layout, Marks, Notation, Print, Scene, Section
from pipeline_perf.synth.wording import (
    MONTH_DAY,
    OUT,
    STARTED,
    boundaries,
    delimited,
    dollars,
    either,
    parties,
    renumber,
    spelled,
    stamp,
    whole_minutes,
)

#: Stands between the texts of one row on their way to the page; no bill contains it.
BETWEEN = "\x1f"
#: Of a page, in points.
MARGIN = 30.0
BILLED = Mix(legs=False, unanswered=False, codes=False, withheld=False)


# ---------------------------------------------------------------- pages


@dataclass(frozen=True)
class _Words:
    """What a carrier prints around the rows.

    `head`: the lines above, given the number as "(212) 555-0143" and whether the section goes on
    from the page before. `total`: the row under a section, of its minutes and cents. `notes`: the
    lines below that.
    """

    head: Callable[[Scene, str, bool], tuple[str, ...]]
    total: Callable[[int, int], str]
    notes: tuple[str, ...] = ()


def _pages(words: _Words, print_: Print) -> Callable[[pl.DataFrame, Scene], list[Section]]:
    """A page is a section: its head, with the row of titles, and its foot are the furniture."""
    titles = "   ".join(column.title for column in print_.columns)

    def sections(frame: pl.DataFrame, scene: Scene) -> list[Section]:
        pages = boundaries(frame, ("line",), print_.rows)
        billed = frame.select(cents=att_bill.CENTS, minutes=whole_minutes(pl.col("duration_s")))
        lines = frame["line"]
        first_of_line = 0
        made = []
        for nth, (start, stop) in enumerate(pages, start=1):
            line = lines[start]
            if start == 0 or lines[start - 1] != line:
                first_of_line = start
            number = spelled(scene.number_of_line(line), "({}) {}-{}")
            head = words.head(scene, number, start != first_of_line)
            foot: tuple[str, ...] = ()
            if stop == frame.height or lines[stop] != line:
                sums = billed[first_of_line:stop].sum()
                total = words.total(int(sums["minutes"][0]), int(sums["cents"][0]))
                foot = (total, *words.notes)
            footer = f"Page {nth} of {len(pages)}"
            made.append(Section((*head, titles), start, stop, (*foot, footer)))
        return made

    return sections


def draw(out: BinaryIO, pages: list[Section], rows: list[str], layout: Layout) -> None:
    """Print `rows` (texts joined by BETWEEN) on `pages`; the same rows give the same bytes.

    Raises ValueError for a layout without a printed page.
    """
    from reportlab.lib.pagesizes import landscape, letter
    from reportlab.pdfgen.canvas import Canvas

    page = layout.print
    if page is None:
        raise ValueError(f"layout {layout.id} has no printed page; give Layout.print")
    size = landscape(letter) if page.landscape else letter
    canvas = Canvas(out, pagesize=size, invariant=1, pageCompression=1)
    canvas.setTitle(layout.id)
    for section in pages:
        y = size[1] - MARGIN
        canvas.setFont("Helvetica-Bold", page.font_size + 1)
        for line in section.head[:-1]:
            canvas.drawString(MARGIN, y, line)
            y -= page.leading + 1.5
        _row(canvas, [column.title for column in page.columns], page, y, "Helvetica-Bold")
        for row in rows[section.start : section.stop]:
            y -= page.leading
            _row(canvas, row.split(BETWEEN), page, y, "Helvetica")
        for line in section.foot[:-1]:
            y -= page.leading
            if BETWEEN in line:
                _row(canvas, line.split(BETWEEN), page, y, "Helvetica-Bold")
            else:
                canvas.setFont("Helvetica", page.font_size)
                canvas.drawString(MARGIN, y, line)
        canvas.setFont("Helvetica", page.font_size)
        canvas.drawRightString(size[0] - MARGIN, MARGIN / 2, section.foot[-1])
        canvas.showPage()
    canvas.save()


def _row(canvas: Any, texts: list[str], page: Print, y: float, font: str) -> None:
    canvas.setFont(font, page.font_size)
    for column, text in zip(page.columns, texts, strict=True):
        if text:
            draw_text = canvas.drawRightString if column.right else canvas.drawString
            draw_text(column.x, y, text)


def _total_row(
    columns: int, label: str, minutes_at: int, charge_at: tuple[int, ...], sign: str = ""
) -> Callable[[int, int], str]:
    """The row under a section: its label in the first column, the sums in theirs."""

    def row(minutes: int, cents: int) -> str:
        texts = [""] * columns
        texts[0] = label
        texts[minutes_at] = str(minutes)
        for at in charge_at:
            texts[at] = f"{sign}{cents // 100}.{cents % 100:02d}"
        return BETWEEN.join(texts)

    return row


# A page has no lines that a broken transfer could cut: the cut is never asked for.
_SETTING = delimited(BETWEEN, "Date")


def _layout(
    carrier: str,
    form: Form,
    print_: Print,
    words: _Words,
    cycle: tuple[date, int],
    notation: Notation,
) -> Layout:
    return Layout(
        id=f"{carrier}_bill_pdf",
        carrier=carrier,
        file_name=lambda scene, nth: f"{carrier}_bill_{nth}.pdf",
        newline="",
        mix=BILLED,
        forms=(form,),
        notation=notation,
        sections=_pages(words, print_),
        truth=att_bill.truth,
        time_resolution_s=60,
        duration_resolution_s=60,
        rows_per_line=500,
        cycle=cycle,
        print=print_,
    )


def _marks(duration: str, number: str, width: int) -> Marks:
    return Marks(
        started=("Date",),
        impossible_date=MONTH_DAY,
        duration=duration,
        numbers=(number,),
        number_width=width,
        shape="printed",
    )


# ---------------------------------------------------------------- AT&T

_ATT_PRINT = Print(
    columns=tuple(
        Column(title, x, right)
        for title, x, right in zip(
            att_bill.COLUMNS,
            (45, 60, 90, 145, 190, 270, 375, 400, 450, 490, 590, 670, 760),
            (True,) + (False,) * 5 + (True,) + (False,) * 3 + (True,) * 3,
            strict=True,
        )
    ),
    landscape=True,
    font_size=4.6,
    leading=5.1,
    rows=100,
)
ATT_BILL_PDF = replace(
    _layout(
        "att",
        Form("call", att_bill.texts, *_SETTING, _marks("Min", "Number Called", 14)),
        _ATT_PRINT,
        _Words(
            head=lambda scene, number, again: (
                "AT&T",
                f"Billing period {scene.period.first:%m/%d/%Y} - {scene.period.last:%m/%d/%Y}",
                "Call Detail" + (" - Continued" if again else ""),
                number,
            ),
            total=_total_row(13, "Subtotal", 6, (11, 12)),
        ),
        (date(2023, 1, 2), 30),
        renumber("${1}-${2}-${3}", "", att_bill.BLOCKED),
    ),
    mix=att_bill.BILLED,
    rows_per_line=2_500,  # a bill of so many calls is one line's 25 full pages
    reads=lambda parties: parties.replace(att_bill.BLOCKED),
)

# ---------------------------------------------------------------- Verizon


def _verizon(frame: pl.DataFrame, scene: Scene) -> pl.DataFrame:
    """Dashes for some lines, dots for others: layout versions differ by bill."""
    _, other, _ = parties(frame, scene, scene.written)
    dotted = other.str.replace_all("-", ".", literal=True)
    return frame.select(
        **{
            "Date": stamp("%m/%d"),
            "Time": stamp("%-I:%M%p"),
            "Number": either(pl.col("line") % 2 == 1, dotted, other),
            "Rate": either(STARTED.dt.hour().is_between(6, 20), "Peak", "Off-Peak"),
            "Usage type": pl.lit("PlanAllow"),
            "Origination": pl.lit("New York NY"),
            "Destination": att_bill.call_to(frame, "Incoming CL", "United Kingdom"),
            "Min.": att_bill.MINUTES,
            "Airtime charges": pl.lit("--"),
            "LD/Other charges": dollars(att_bill.CENTS),
            "Total": dollars(att_bill.CENTS),
        }
    )


_VERIZON_PRINT = Print(
    columns=(
        Column("Date", 30), Column("Time", 60), Column("Number", 100), Column("Rate", 180),
        Column("Usage type", 215), Column("Origination", 260), Column("Destination", 315),
        Column("Min.", 405, True), Column("Airtime charges", 470, True),
        Column("LD/Other charges", 540, True), Column("Total", 582, True),
    ),
    landscape=False,
    font_size=6.5,
    leading=9.0,
    rows=70,
)  # fmt: skip
VERIZON_BILL_PDF = _layout(
    "verizon",
    Form("call", _verizon, *_SETTING, _marks("Min.", "Number", 15)),
    _VERIZON_PRINT,
    _Words(
        head=lambda scene, number, again: (
            "Verizon Wireless",
            f"Bill cycle date {scene.period.last:%B %d, %Y}",
            "Call detail" + (", continued" if again else ""),
            number,
        ),
        total=_total_row(11, "Total", 7, (9, 10)),
    ),
    (date(2022, 12, 16), 31),
    renumber("${1}-${2}-${3}", "011"),
)

# ---------------------------------------------------------------- T-Mobile


def _tmobile(frame: pl.DataFrame, scene: Scene) -> pl.DataFrame:
    """The date stands on the first row of a day and of a page only."""
    _, other, _ = parties(frame, scene, scene.written)
    day = STARTED.dt.date()
    starts = [start for start, _ in boundaries(frame, ("line",), TMOBILE_PRINT.rows)]
    first_of_day = (day != day.shift(1)).fill_null(True)
    first_on_page = pl.int_range(pl.len()).is_in(starts)
    place = either(pl.col("abroad"), "UK", att_bill.city(frame))
    return frame.select(
        When=either(first_of_day | first_on_page, stamp("%b %d"), ""),
        Time=stamp("%-I:%M %p"),
        Who=pl.concat_str(either(OUT, "OUT ", "IN "), other),
        Description=either(OUT, pl.format("to {}", place), "Incoming"),
        Type=either(pl.col("partner") % 4 == 0, "W", ""),
        Min=att_bill.MINUTES,
        Cost=pl.format("${}", dollars(att_bill.CENTS)),
    )


TMOBILE_PRINT = Print(
    columns=(
        Column("When", 30), Column("", 118, True), Column("Who", 130), Column("Description", 250),
        Column("Type", 470), Column("Min", 520, True), Column("Cost", 575, True),
    ),
    landscape=False,
    font_size=7.0,
    leading=10.0,
    rows=60,
)  # fmt: skip
# Neither the date, which most rows do without, nor the number behind OUT or IN can be damaged.
_TMOBILE_MARKS = Marks(
    started=("Date",), impossible_date=("", "13/45"), duration="Min", shape="printed"
)
TMOBILE_BILL_PDF = _layout(
    "tmobile",
    Form("call", _tmobile, *_SETTING, _TMOBILE_MARKS),
    TMOBILE_PRINT,
    _Words(
        head=lambda scene, number, again: (
            "T-Mobile",
            f"Bill issue date {scene.period.last + timedelta(days=3):%b %d, %Y}",
            "USAGE CHARGE DETAILS" + ("...CONTINUED" if again else ""),
            f"{number}{' ' * 35}{scene.period.first:%b %d} - {scene.period.last:%b %d}",
            "TALK" + ("...CONTINUED" if again else ""),
        ),
        total=_total_row(7, "Totals", 5, (6,), "$"),
        notes=(
            " The date and time corresponds to the local time where the mobile was located.",
            " WHO: OUT Outgoing IN Incoming        TYPE: W Wi-Fi Call",
        ),
    ),
    (date(2022, 12, 20), 31),
    renumber("(${1}) ${2}-${3}", ""),
)

# ---------------------------------------------------------------- Sprint


def _sprint(frame: pl.DataFrame, scene: Scene) -> pl.DataFrame:
    _, other, _ = parties(frame, scene, scene.written)
    return frame.select(
        **{
            "Date": stamp("%m/%d/%y"),
            "Time": stamp("%-I:%M %p"),
            "Phone number": other,
            "Call destination": att_bill.call_to(frame, "Incoming", "United Kingdom"),
            "Rate/Type": pl.lit("PU"),
            "Minutes used": att_bill.MINUTES,
            "Airtime charges": pl.lit("0.00"),
            "LD charges": dollars(att_bill.CENTS),
            "Total charges": dollars(att_bill.CENTS),
        }
    )


_SPRINT_PRINT = Print(
    columns=(
        Column("Date", 30), Column("Time", 75), Column("Phone number", 125),
        Column("Call destination", 210), Column("Rate/Type", 310),
        Column("Minutes used", 405, True), Column("Airtime charges", 465, True),
        Column("LD charges", 520, True), Column("Total charges", 580, True),
    ),
    landscape=False,
    font_size=7.0,
    leading=10.0,
    rows=60,
)  # fmt: skip
SPRINT_BILL_PDF = _layout(
    "sprint",
    Form("call", _sprint, *_SETTING, _marks("Minutes used", "Phone number", 15)),
    _SPRINT_PRINT,
    _Words(
        head=lambda scene, number, again: (
            "Sprint",
            f"Bill period {scene.period.first:%m/%d/%y} - {scene.period.last:%m/%d/%y}",
            "Call details" + (" (continued)" if again else ""),
            number,
        ),
        total=_total_row(9, "Total", 5, (7, 8)),
    ),
    (date(2023, 1, 5), 30),
    renumber("(${1}) ${2}-${3}", "011"),
)
