"""The four carriers' bills as text PDF: a section of pages per line, unruled rows, subtotals,
footers.

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

from pipeline_perf.synth import callmodel
from pipeline_perf.synth.callmodel import Mix
from pipeline_perf.synth.carriers import att_bill
from pipeline_perf.synth.layout import (
    Column,
    Form,
    Layout,
    Marks,
    Print,
    Scene,
    Section,
    boundaries,
    delimited,
    parties,
    renumber,
    whole_minutes,
)

# Stands between the texts of one row on their way to the page; no bill contains it.
BETWEEN = "\x1f"
MARGIN = 30.0
BILLED = Mix(legs=False, unanswered=False, codes=False, withheld=False)


# ---------------------------------------------------------------- pages


@dataclass(frozen=True)
class _Words:
    """What a carrier prints around the rows."""

    # scene, "(212) 555-0143", whether the section goes on from the page before
    head: Callable[[Scene, str, bool], tuple[str, ...]]
    total: Callable[[int, int], str]  # minutes, cents → the row under a section
    notes: tuple[str, ...] = ()


def _pages(words: _Words, print_: Print) -> Callable[[pl.DataFrame, Scene], list[Section]]:
    """A section is one page here: its head and foot lines are the furniture, the row of titles
    included.
    """

    def sections(frame: pl.DataFrame, scene: Scene) -> list[Section]:
        pages = boundaries(frame, ("line",), print_.rows)
        cents = frame.select(
            att_bill.cents(frame).alias("cents"),
            whole_minutes(pl.col("duration_s")).alias("minutes"),
        )
        first_of_line = 0
        made = []
        for nth, (start, stop) in enumerate(pages, start=1):
            line = frame["line"][start]
            if start == 0 or frame["line"][start - 1] != line:
                first_of_line = start
            digits = scene.number_of_line(line)[2:]
            head = words.head(
                scene, f"({digits[:3]}) {digits[3:6]}-{digits[6:]}", start != first_of_line
            )
            foot: tuple[str, ...] = ()
            if stop == frame.height or frame["line"][stop] != line:
                whole = cents[first_of_line:stop]
                foot = (
                    words.total(int(whole["minutes"].sum()), int(whole["cents"].sum())),
                    *words.notes,
                )
            titles = "   ".join(column.title for column in print_.columns)
            made.append(
                Section((*head, titles), start, stop, (*foot, f"Page {nth} of {len(pages)}"))
            )
        return made

    return sections


def draw(out: BinaryIO, pages: list[Section], rows: list[str], layout: Layout) -> None:
    """Print `rows` (texts joined by BETWEEN) on `pages`; the same rows give the same bytes."""
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


def _dollars(cents: int) -> str:
    return f"{cents // 100}.{cents % 100:02d}"


def _total_row(
    columns: int, label: str, minutes_at: int, charge_at: tuple[int, ...], sign: str = ""
) -> Callable[[int, int], str]:
    def row(minutes: int, cents: int) -> str:
        texts = [""] * columns
        texts[0] = label
        texts[minutes_at] = str(minutes)
        for at in charge_at:
            texts[at] = sign + _dollars(cents)
        return BETWEEN.join(texts)

    return row


_join, _cut = delimited(BETWEEN, "Date", 0)


def _layout(
    carrier: str,
    form: Form,
    print_: Print,
    words: _Words,
    cycle: tuple[date, int],
    notation: Callable[[pl.Series], pl.Series],
) -> Layout:
    return Layout(
        id=f"{carrier}_bill_pdf",
        carrier=carrier,
        file_name=lambda scene, nth: f"{carrier}_bill_{nth}.pdf",
        newline="",
        mix=BILLED,
        forms=(form,),
        form_of=(0, 0, 0),
        notation=notation,
        sections=_pages(words, print_),
        truth=att_bill.truth,
        time_resolution_s=60,
        duration_resolution_s=60,
        rows_per_line=500,
        cycle=cycle,
        print=print_,
    )


def _marks(duration: str, number: str, date_pattern: str, width: int) -> Marks:
    return Marks(
        started=("Date",),
        impossible_date=(date_pattern, "13/45"),
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
_ATT_WORDS = _Words(
    head=lambda scene, number, again: (
        "AT&T", f"Billing period {scene.period.first:%m/%d/%Y} - {scene.period.last:%m/%d/%Y}",
        "Call Detail" + (" - Continued" if again else ""), number,
    ),
    total=_total_row(13, "Subtotal", 6, (11, 12)),
)  # fmt: skip
# One line for every 2 500 calls: a bill of 2 500 calls is one line's 25 full pages.
ATT_BILL_PDF = replace(
    _layout(
        "att",
        Form(
            "call", att_bill.texts, _join, _cut, _marks("Min", "Number Called", r"^\d\d/\d\d", 14)
        ),
        _ATT_PRINT,
        _ATT_WORDS,
        (date(2023, 1, 2), 30),
        renumber("${1}-${2}-${3}", "", att_bill.BLOCKED),
    ),
    mix=att_bill.BILLED,
    rows_per_line=2_500,
    reads=lambda parties: parties.replace(att_bill.BLOCKED),
)

# ---------------------------------------------------------------- Verizon


def _verizon(frame: pl.DataFrame, scene: Scene) -> pl.DataFrame:
    """Dashes for some lines, dots for others: layout versions differ by bill."""
    _, other, _ = parties(frame, scene, scene.written)
    incoming = pl.col("direction_code") == callmodel.IN
    number = (
        pl.when(pl.col("line") % 2 == 1)
        .then(other.str.replace_all("-", ".", literal=True))
        .otherwise(other)
    )
    charge = att_bill.dollars(att_bill.cents(frame))
    peak = pl.col("local").dt.hour().is_between(6, 20)
    return frame.select(
        pl.col("local").dt.strftime("%m/%d").alias("Date"),
        pl.col("local").dt.strftime("%-I:%M%p").alias("Time"),
        number.alias("Number"),
        pl.when(peak).then(pl.lit("Peak")).otherwise(pl.lit("Off-Peak")).alias("Rate"),
        pl.lit("PlanAllow").alias("Usage type"),
        pl.lit("New York NY").alias("Origination"),
        pl.when(incoming).then(pl.lit("Incoming CL")).when("abroad").then(pl.lit("United Kingdom"))
        .otherwise(att_bill.city(frame)).alias("Destination"),
        whole_minutes(pl.col("duration_s")).cast(pl.String).alias("Min."),
        pl.lit("--").alias("Airtime charges"),
        charge.alias("LD/Other charges"),
        charge.alias("Total"),
    )  # fmt: skip


_VERIZON_PRINT = Print(
    columns=(
        Column("Date", 30), Column("Time", 60), Column("Number", 100), Column("Rate", 180),
        Column("Usage type", 215),
        Column("Origination", 260), Column("Destination", 315), Column("Min.", 405, True),
        Column("Airtime charges", 470, True),
        Column("LD/Other charges", 540, True), Column("Total", 582, True),
    ),
    landscape=False,
    font_size=6.5,
    leading=9.0,
    rows=70,
)  # fmt: skip
VERIZON_BILL_PDF = _layout(
    "verizon",
    Form("call", _verizon, _join, _cut, _marks("Min.", "Number", r"^\d\d/\d\d", 15)),
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
    out = pl.col("direction_code") == callmodel.OUT
    day = pl.col("local").dt.date()
    starts = [start for start, _ in boundaries(frame, ("line",), TMOBILE_PRINT.rows)]
    first_on_page = pl.int_range(pl.len()).is_in(starts)
    return frame.select(
        pl.when((day != day.shift(1)).fill_null(True) | first_on_page)
        .then(pl.col("local").dt.strftime("%b %d"))
        .otherwise(pl.lit(""))
        .alias("When"),
        pl.col("local").dt.strftime("%-I:%M %p").alias("Time"),
        pl.concat_str(pl.when(out).then(pl.lit("OUT ")).otherwise(pl.lit("IN ")), other).alias(
            "Who"
        ),
        pl.when(out & pl.col("abroad"))
        .then(pl.lit("to UK"))
        .when(out)
        .then(pl.concat_str(pl.lit("to "), att_bill.city(frame)))
        .otherwise(pl.lit("Incoming"))
        .alias("Description"),
        pl.when(pl.col("partner") % 4 == 0).then(pl.lit("W")).otherwise(pl.lit("")).alias("Type"),
        whole_minutes(pl.col("duration_s")).cast(pl.String).alias("Min"),
        pl.concat_str(pl.lit("$"), att_bill.dollars(att_bill.cents(frame))).alias("Cost"),
    )


TMOBILE_PRINT = Print(
    columns=(
        Column("When", 30), Column("", 118, True), Column("Who", 130), Column("Description", 250),
        Column("Type", 470),
        Column("Min", 520, True), Column("Cost", 575, True),
    ),
    landscape=False,
    font_size=7.0,
    leading=10.0,
    rows=60,
)  # fmt: skip
TMOBILE_BILL_PDF = _layout(
    "tmobile",
    Form("call", _tmobile, _join, _cut, replace(_marks("Min", "Who", "", 0), numbers=())),
    TMOBILE_PRINT,
    _Words(
        head=lambda scene, number, again: (
            "T-Mobile",
            f"Bill issue date {scene.period.last + timedelta(days=3):%b %d, %Y}",
            "USAGE CHARGE DETAILS" + ("...CONTINUED" if again else ""),
            (
                f"{number}                                   {scene.period.first:%b %d} -"
                f" {scene.period.last:%b %d}"
            ),
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
    charge = att_bill.dollars(att_bill.cents(frame))
    return frame.select(
        pl.col("local").dt.strftime("%m/%d/%y").alias("Date"),
        pl.col("local").dt.strftime("%-I:%M %p").alias("Time"),
        other.alias("Phone number"),
        pl.when(pl.col("direction_code") == callmodel.IN)
        .then(pl.lit("Incoming"))
        .when("abroad")
        .then(pl.lit("United Kingdom"))
        .otherwise(att_bill.city(frame))
        .alias("Call destination"),
        pl.lit("PU").alias("Rate/Type"),
        whole_minutes(pl.col("duration_s")).cast(pl.String).alias("Minutes used"),
        pl.lit("0.00").alias("Airtime charges"),
        charge.alias("LD charges"),
        charge.alias("Total charges"),
    )


_SPRINT_PRINT = Print(
    columns=(
        Column("Date", 30), Column("Time", 75), Column("Phone number", 125),
        Column("Call destination", 210), Column("Rate/Type", 310),
        Column("Minutes used", 405, True), Column("Airtime charges", 465, True),
        Column("LD charges", 520, True),
        Column("Total charges", 580, True),
    ),
    landscape=False,
    font_size=7.0,
    leading=10.0,
    rows=60,
)  # fmt: skip
SPRINT_BILL_PDF = _layout(
    "sprint",
    Form("call", _sprint, _join, _cut, _marks("Minutes used", "Phone number", r"^\d\d/\d\d", 15)),
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
