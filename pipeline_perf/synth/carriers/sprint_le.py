"""Sprint's call-detail report for law enforcement: eleven fields, and routed legs.

Titles and meanings follow the carrier's published key: "11" in front of a called number means that
the call rolled to voicemail unanswered; a `Routed_Call` row is the same call seen by another
switch; END_DATE may be empty, and rows of nothing but commas occur. The target stands in the
file's name, the zone nowhere. The spelling of the roles is not evidenced.
"""

from __future__ import annotations

import polars as pl

from pipeline_perf.synth import callmodel
from pipeline_perf.synth.callmodel import Mix
from pipeline_perf.synth.layout import Form, Layout, Marks, Scene
from pipeline_perf.synth.wording import (
    FORWARDED,
    MONTH_DAY,
    OUT,
    SECONDS,
    SMS,
    STARTED,
    delimited,
    either,
    known_rows,
    parties,
    renumber,
    sections_by_line,
    stamp,
)

HEADER = (
    "CALLING_NBR,CALLED_NBR,DIALED_DIGITS,MOBILE ROLE,START_DATE,END_DATE,DURATION (SEC),"
    "Call Type,NEID,1ST CELL,LAST CELL"
)
ROWS_BETWEEN_EMPTY = 2_000
_WHEN = "%m/%d/%Y %H:%M:%S"
_TO_VOICEMAIL = pl.col("leg") == callmodel.TO_VOICEMAIL


def _cell(frame: pl.DataFrame, scene: Scene, column: str) -> pl.Expr:
    """Sector in the first digit, cell in the three or four that follow; 0 where not known."""
    sector, cell = pl.col("azimuth") // 120 + 1, (pl.col("cid") % 9000).cast(pl.String).str.zfill(3)
    cells = scene.who.cells.select(pl.format("{}{}", sector, cell))[:, 0]
    return pl.lit(cells.gather(known_rows(frame, column)))


def _texts(frame: pl.DataFrame, scene: Scene) -> pl.DataFrame:
    own, other, _ = parties(frame, scene, scene.written)
    ended = STARTED + pl.duration(seconds="duration_s")
    return frame.select(
        **{
            "CALLING_NBR": either(OUT, own, other),
            "CALLED_NBR": either(OUT, other, either(_TO_VOICEMAIL, pl.format("11{}", own), own)),
            "DIALED_DIGITS": either(OUT, other, either(FORWARDED, "", own)),
            "MOBILE ROLE": either(FORWARDED, "Routed_Call", either(OUT, "Outbound", "Inbound")),
            "START_DATE": stamp(_WHEN),
            "END_DATE": either(SMS, "", stamp(_WHEN, ended)),
            "DURATION (SEC)": SECONDS,
            "Call Type": either(SMS, "Text Detail", "Voice"),
            "NEID": either(FORWARDED, "240", "124"),
            "1ST CELL": _cell(frame, scene, "cell_at_start").fill_null("0"),
            "LAST CELL": _cell(frame, scene, "cell_at_end").fill_null("0"),
        }
    )


def _truth(frame: pl.DataFrame, scene: Scene) -> dict[str, pl.Series | pl.Expr]:
    """The role "routed" is none of the event table's directions: the truth leaves it open."""
    return {
        "direction": pl.when(~FORWARDED).then(pl.col("direction")),
        "event_type": either(_TO_VOICEMAIL, "voicemail", pl.col("event_type")),
        "answered": pl.when(_TO_VOICEMAIL).then(pl.lit(False)),
        "to_number": either(FORWARDED, pl.col("subscriber_number"), pl.col("to_number")),
        "cell_first": _cell(frame, scene, "cell_at_start"),
        "cell_last": _cell(frame, scene, "cell_at_end"),
    }


SPRINT_LE = Layout(
    id="sprint_le",
    carrier="sprint",
    file_name=lambda scene, nth: f"sprint_{scene.number_of_line(0)[2:]}_{nth}.csv",
    mix=Mix(calls=0.7, sms=0.3, legs_alike=True),
    forms=(
        Form("record", _texts, *delimited(",", "START_DATE"), Marks(
            started=("START_DATE",), ended="END_DATE", impossible_date=MONTH_DAY,
            duration="DURATION (SEC)", numbers=("CALLING_NBR", "CALLED_NBR"),
        )),
    ),
    notation=renumber("${1}${2}${3}", "011"),
    sections=sections_by_line(HEADER, "," * HEADER.count(","), ROWS_BETWEEN_EMPTY),
    truth=_truth,
    one_line=True,
    needs_subscriber=True,
)  # fmt: skip
