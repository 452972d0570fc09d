"""Verizon's call-detail export for law enforcement: eleven fields, bare CR line ends, no seconds.

Titles, line ends and the direction codes follow public importers (RAMADDA's cell-phone type
handler). Direction 0 and 6 inbound, 1 and 3 outbound, 2 mobile to mobile, F voicemail; the file
states no zone.
"""

from __future__ import annotations

import polars as pl

from pipeline_perf.synth import callmodel
from pipeline_perf.synth.callmodel import Mix
from pipeline_perf.synth.layout import Form, Layout, Marks, Scene
from pipeline_perf.synth.wording import (
    MONTH_DAY,
    OUT,
    SECONDS,
    delimited,
    either,
    known_rows,
    parties,
    renumber,
    sections_by_line,
    stamp,
)

HEADER = (
    "Network Element Name,Mobile Directory Number,Dialed Digit Number,Call Direction,"
    "Seizure Dt Tm,Seizure Duration,First Serving Cell Site,First Serving Cell Face,"
    "Last Serving Cell Site,Last Serving Cell Face,Calling Party Number"
)
ELEMENTS = ("Pleasanton_2", "Sacramento_1", "Fremont_3", "Stockton_1")
_VOICEMAIL = pl.col("leg") == callmodel.VOICEMAIL_LEG


def _cell(frame: pl.DataFrame, scene: Scene, column: str) -> tuple[pl.Expr, pl.Expr]:
    """Site and face; 0 and 0 where the switch did not know."""
    cells, rows = scene.who.cells, known_rows(frame, column)
    codes = (cells["cid"] % 997 + 1, cells["azimuth"] // 120 + 1)
    site, face = (pl.lit(code.cast(pl.String).gather(rows)).fill_null("0") for code in codes)
    return site, face


def _texts(frame: pl.DataFrame, scene: Scene) -> pl.DataFrame:
    own, other, _ = parties(frame, scene, scene.written)
    # 1 and 3 both mean outbound, 0 and 6 inbound; what tells them apart is not public.
    turn = pl.col("event") % 4
    outbound = either(turn == 0, "1", either(turn == 1, "2", "3"))
    code = either(_VOICEMAIL, "F", either(OUT, outbound, either(turn == 0, "6", "0")))
    element = pl.lit(pl.Series(ELEMENTS).gather(frame["line"] % len(ELEMENTS)))
    dialled = pl.format("{}{}", either(other.str.len_bytes() == 10, "1", ""), other)
    first_site, first_face = _cell(frame, scene, "cell_at_start")
    last_site, last_face = _cell(frame, scene, "cell_at_end")
    return frame.select(
        **{
            "Network Element Name": element,
            "Mobile Directory Number": own,
            "Dialed Digit Number": either(OUT, dialled, own),
            "Call Direction": code,
            "Seizure Dt Tm": stamp("%-m/%-d/%Y %-H:%M"),
            "Seizure Duration": SECONDS,
            "First Serving Cell Site": first_site,
            "First Serving Cell Face": first_face,
            "Last Serving Cell Site": last_site,
            "Last Serving Cell Face": last_face,
            "Calling Party Number": either(OUT, own, other),
        }
    )


def _truth(frame: pl.DataFrame, scene: Scene) -> dict[str, pl.Series | pl.Expr]:
    """A voicemail leg goes from the caller to the line itself: the box has no number here."""
    first, last = (_cell(frame, scene, column)[0] for column in ("cell_at_start", "cell_at_end"))
    return {
        "event_type": either(_VOICEMAIL, "voicemail", "call"),
        "to_number": either(_VOICEMAIL, pl.col("subscriber_number"), pl.col("to_number")),
        "cell_first": pl.when(pl.col("cell_at_start") >= 0).then(first),
        "cell_last": pl.when(pl.col("cell_at_end") >= 0).then(last),
    }


VERIZON_LE = Layout(
    id="verizon_le",
    carrier="verizon",
    file_name=lambda scene, nth: f"verizon_cdr_{nth}.csv",
    newline="\r",
    mix=Mix(legs_alike=True, diverts_to_numbers=False),
    forms=(
        Form("call", _texts, *delimited(",", "Seizure Dt Tm"), Marks(
            started=("Seizure Dt Tm",), impossible_date=MONTH_DAY, duration="Seizure Duration",
            numbers=("Dialed Digit Number", "Calling Party Number"),
        )),
    ),
    notation=renumber("${1}${2}${3}", "011"),
    sections=sections_by_line(HEADER, ""),
    truth=_truth,
    time_resolution_s=60,
)  # fmt: skip
