"""Sprint's call-detail report for law enforcement: eleven fields, routed legs, the target in the
file's name.

Titles and meanings follow the carrier's published key: "11" in front of a called number means that
the call rolled to voicemail unanswered; a `Routed_Call` row is the same call seen by another
switch; END_DATE may be empty, and rows of nothing but commas occur. The zone is not stated. The
spelling of the roles is not evidenced.
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
    "CALLING_NBR,CALLED_NBR,DIALED_DIGITS,MOBILE ROLE,START_DATE,END_DATE,DURATION (SEC),Call"
    " Type,NEID,1ST CELL,LAST CELL"
)
ROWS_BETWEEN_EMPTY = 2_000
_WHEN = "%m/%d/%Y %H:%M:%S"


def _cell(frame: pl.DataFrame, scene: Scene, column: str) -> pl.Expr:
    """Sector in the first digit, cell in the three or four that follow; 0 where not known."""
    text = scene.who.cells.select(
        text=pl.concat_str(
            (pl.col("azimuth") // 120 + 1).cast(pl.String),
            (pl.col("cid") % 9000).cast(pl.String).str.zfill(3),
        )
    )["text"]
    return pl.lit(
        text.gather(frame.select(pl.when(pl.col(column) >= 0).then(pl.col(column)))[:, 0])
    )


def _texts(frame: pl.DataFrame, scene: Scene) -> pl.DataFrame:
    own, other, _ = parties(frame, scene, scene.written)
    out = pl.col("direction_code") == callmodel.OUT
    routed = pl.col("direction_code") == callmodel.FORWARDED
    to_voicemail = pl.col("leg") == callmodel.TO_VOICEMAIL
    sms = pl.col("kind") == callmodel.SMS
    return frame.select(
        pl.when(out).then(own).otherwise(other).alias("CALLING_NBR"),
        pl.when(out)
        .then(other)
        .when(to_voicemail)
        .then(pl.concat_str(pl.lit("11"), own))
        .otherwise(own)
        .alias("CALLED_NBR"),
        pl.when(out)
        .then(other)
        .when(routed)
        .then(pl.lit(""))
        .otherwise(own)
        .alias("DIALED_DIGITS"),
        pl.when(routed)
        .then(pl.lit("Routed_Call"))
        .when(out)
        .then(pl.lit("Outbound"))
        .otherwise(pl.lit("Inbound"))
        .alias("MOBILE ROLE"),
        pl.col("written").dt.strftime(_WHEN).alias("START_DATE"),
        pl.when(sms)
        .then(pl.lit(""))
        .otherwise((pl.col("written") + pl.duration(seconds="duration_s")).dt.strftime(_WHEN))
        .alias("END_DATE"),
        pl.col("duration_s").cast(pl.String).alias("DURATION (SEC)"),
        pl.when(sms).then(pl.lit("Text Detail")).otherwise(pl.lit("Voice")).alias("Call Type"),
        pl.when(routed).then(pl.lit("240")).otherwise(pl.lit("124")).alias("NEID"),
        _cell(frame, scene, "cell_at_start").fill_null("0").alias("1ST CELL"),
        _cell(frame, scene, "cell_at_end").fill_null("0").alias("LAST CELL"),
    )


def _sections(frame: pl.DataFrame, scene: Scene) -> list[Section]:
    empty = "," * HEADER.count(",")
    return [
        Section((HEADER,) if start == 0 else (), start, stop, (empty,))
        for start, stop in boundaries(frame, ("line",), ROWS_BETWEEN_EMPTY)
    ]


def _truth(frame: pl.DataFrame, scene: Scene) -> dict[str, pl.Series | pl.Expr]:
    """The role "routed" is none of the event table's directions: the truth leaves it open."""
    to_voicemail = pl.col("leg") == callmodel.TO_VOICEMAIL
    routed = pl.col("direction_code") == callmodel.FORWARDED
    return {
        "direction": pl.when(~routed).then(pl.col("direction")),
        "event_type": (
            pl.when(to_voicemail).then(pl.lit("voicemail")).otherwise(pl.col("event_type"))
        ),
        "answered": pl.when(to_voicemail).then(pl.lit(False)),
        "to_number": (
            pl.when(routed).then(pl.col("subscriber_number")).otherwise(pl.col("to_number"))
        ),
        "cell_first": _cell(frame, scene, "cell_at_start"),
        "cell_last": _cell(frame, scene, "cell_at_end"),
    }


_join, _cut = delimited(",", "START_DATE", 4)

SPRINT_LE = Layout(
    id="sprint_le",
    carrier="sprint",
    file_name=lambda scene, nth: f"sprint_{scene.number_of_line(0)[2:]}_{nth}.csv",
    newline="\n",
    mix=Mix(calls=0.7, sms=0.3, legs_alike=True),
    forms=(
        Form("record", _texts, _join, _cut, Marks(
            started=("START_DATE",),
                ended="END_DATE", impossible_date=(r"^\d\d/\d\d", "13/45"),
                duration="DURATION (SEC)",
            numbers=("CALLING_NBR", "CALLED_NBR"),
        )),
    ),
    form_of=(0, 0, 0),
    notation=renumber("${1}${2}${3}", "011"),
    sections=_sections,
    truth=_truth,
    one_line=True,
    needs_subscriber=True,
)  # fmt: skip
