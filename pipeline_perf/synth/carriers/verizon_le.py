"""Verizon's call-detail export for law enforcement: eleven fields, bare CR line ends, no seconds.

Titles, line ends and the direction codes follow public importers (RAMADDA's cell-phone type
handler). Direction 0 and 6 inbound, 1 and 3 outbound, 2 mobile to mobile, F voicemail; the file
states no zone.
"""

from __future__ import annotations

import polars as pl

from pipeline_perf.synth import callmodel
from pipeline_perf.synth.callmodel import Mix
from pipeline_perf.synth.layout import (
    Form,
    Layout,
    Marks,
    Scene,
    Section,
    boundaries,
    delimited,
    parties,
    renumber,
)

HEADER = (
    "Network Element Name,Mobile Directory Number,Dialed Digit Number,Call Direction,Seizure Dt"
    " Tm,Seizure Duration,First Serving Cell Site,First Serving Cell Face,Last Serving Cell"
    " Site,Last Serving Cell Face,Calling Party Number"
)
ELEMENTS = ("Pleasanton_2", "Sacramento_1", "Fremont_3", "Stockton_1")


def _cell(frame: pl.DataFrame, scene: Scene, column: str) -> tuple[pl.Expr, pl.Expr]:
    """Site and face; 0 and 0 where the switch did not know."""
    cells = scene.who.cells.select(
        site=(pl.col("cid") % 997 + 1).cast(pl.String),
        face=(pl.col("azimuth") // 120 + 1).cast(pl.String),
    )
    place = frame.select(pl.when(pl.col(column) >= 0).then(pl.col(column)))[:, 0]
    return pl.lit(cells["site"].gather(place)).fill_null("0"), pl.lit(
        cells["face"].gather(place)
    ).fill_null("0")


def _texts(frame: pl.DataFrame, scene: Scene) -> pl.DataFrame:
    own, other, _ = parties(frame, scene, scene.written)
    out = pl.col("direction_code") == callmodel.OUT
    # 1 and 3 both mean outbound, 0 and 6 inbound; what tells them apart is not public.
    turn = pl.col("event") % 4
    code = (
        pl.when(pl.col("leg") == callmodel.VOICEMAIL_LEG).then(pl.lit("F"))
        .when(out & (turn == 0)).then(pl.lit("1"))
        .when(out & (turn == 1)).then(pl.lit("2"))
        .when(out).then(pl.lit("3"))
        .when(turn == 0).then(pl.lit("6"))
        .otherwise(pl.lit("0"))
    )  # fmt: skip
    first_site, first_face = _cell(frame, scene, "cell_at_start")
    last_site, last_face = _cell(frame, scene, "cell_at_end")
    ten_digits = other.str.len_bytes() == 10
    return frame.select(
        pl.Series(ELEMENTS).gather(frame["line"] % len(ELEMENTS)).alias("Network Element Name"),
        own.alias("Mobile Directory Number"),
        pl.when(out)
        .then(pl.concat_str(pl.when(ten_digits).then(pl.lit("1")).otherwise(pl.lit("")), other))
        .otherwise(own)
        .alias("Dialed Digit Number"),
        code.alias("Call Direction"),
        pl.col("written").dt.strftime("%-m/%-d/%Y %-H:%M").alias("Seizure Dt Tm"),
        pl.col("duration_s").cast(pl.String).alias("Seizure Duration"),
        first_site.alias("First Serving Cell Site"),
        first_face.alias("First Serving Cell Face"),
        last_site.alias("Last Serving Cell Site"),
        last_face.alias("Last Serving Cell Face"),
        pl.when(out).then(own).otherwise(other).alias("Calling Party Number"),
    )


def _sections(frame: pl.DataFrame, scene: Scene) -> list[Section]:
    """The header once; a blank row after each line's records."""
    return [
        Section((HEADER,) if start == 0 else (), start, stop, ("",))
        for start, stop in boundaries(frame, ("line",))
    ]


def _truth(frame: pl.DataFrame, scene: Scene) -> dict[str, pl.Series | pl.Expr]:
    """A voicemail leg goes from the caller to the line itself: the box has no number in this
    file.
    """
    voicemail = pl.col("leg") == callmodel.VOICEMAIL_LEG
    cells = {}
    for name, column in (("cell_first", "cell_at_start"), ("cell_last", "cell_at_end")):
        site, _ = _cell(frame, scene, column)
        cells[name] = pl.when(pl.col(column) >= 0).then(site)
    return {
        "event_type": pl.when(voicemail).then(pl.lit("voicemail")).otherwise(pl.lit("call")),
        "to_number": (
            pl.when(voicemail).then(pl.col("subscriber_number")).otherwise(pl.col("to_number"))
        ),
        **cells,
    }


_join, _cut = delimited(",", "Seizure Dt Tm", 4)

VERIZON_LE = Layout(
    id="verizon_le",
    carrier="verizon",
    file_name=lambda scene, nth: f"verizon_cdr_{nth}.csv",
    newline="\r",
    mix=Mix(legs_alike=True, diverts_to_numbers=False),
    forms=(
        Form("call", _texts, _join, _cut, Marks(
            started=("Seizure Dt Tm",), impossible_date=(r"^\d+/\d+", "13/45"),
            duration="Seizure Duration",
            numbers=("Dialed Digit Number", "Calling Party Number"),
        )),
    ),
    form_of=(0, 0, 0),
    notation=renumber("${1}${2}${3}", "011"),
    sections=_sections,
    truth=_truth,
    time_resolution_s=60,
)  # fmt: skip
