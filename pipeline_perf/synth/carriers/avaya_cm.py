"""Avaya Communication Manager's expanded call-detail print: columns by position, blanks where
nothing is known.

Positions follow public synthetic samples and vendor manuals; condition codes 7 (outgoing), 9
(incoming) and 0 (between stations) are the manuals'. The site's numbering plan is not in the file,
so numbers read as they are written.
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
    from_and_to,
    hours_minutes_seconds,
    parties,
    positional,
    renumber,
)

LENGTH = 101
FIELDS = {
    "date": (1, 8), "time": (10, 14), "duration": (16, 23), "condition": (25, 25),
    "access_dialled": (27, 30), "access_used": (32, 35),
    "dialled": (37, 51), "calling": (52, 66), "extension": (67, 70), "trunk_in": (72, 75),
    "trunk_out": (77, 80), "ucid": (82, 101),
}  # fmt: skip
FIRST_EXTENSION = 1200
INTERNAL_EVERY = 9  # calls between two extensions are about a tenth

_write = renumber("1${1}${2}${3}", "011", {"Restricted": "", "Unavailable": ""})


def _numbers(
    frame: pl.DataFrame, scene: Scene
) -> tuple[pl.Series, pl.Series, pl.Series, pl.Series]:
    """Calling, dialled, extension, and whether the call stayed inside."""
    lines = len(scene.who.lines)
    _, other, target = parties(frame, scene, scene.written)
    inside = (frame["event"] % INTERNAL_EVERY == 0) & (lines > 1)
    extension = (frame["line"] + FIRST_EXTENSION).cast(pl.String)
    colleague = (
        (frame["line"] + 1 + frame["event"].cast(pl.Int32) % max(lines - 1, 1)) % lines
        + FIRST_EXTENSION
    ).cast(pl.String)
    calling, dialled = from_and_to(frame, extension, colleague.zip_with(inside, other), target)
    return calling, dialled, extension, inside


def _texts(frame: pl.DataFrame, scene: Scene) -> pl.DataFrame:
    calling, dialled, extension, inside = _numbers(frame, scene)
    out = pl.col("direction_code") == callmodel.OUT
    outgoing, incoming, blank = out & ~pl.lit(inside), ~out & ~pl.lit(inside), pl.lit("")
    access = pl.when(outgoing).then(pl.lit("0009")).otherwise(blank)
    trunk = pl.format("T{}", (pl.col("event") % 12 + 1).cast(pl.String).str.zfill(3))
    return frame.select(
        pl.col("written").dt.strftime("%m/%d/%y").alias("date"),
        pl.col("written").dt.strftime("%H:%M").alias("time"),
        hours_minutes_seconds(pl.col("duration_s"), hour_digits=2).alias("duration"),
        pl.when(outgoing)
        .then(pl.lit("7"))
        .when(incoming)
        .then(pl.lit("9"))
        .otherwise(pl.lit("0"))
        .alias("condition"),
        access.alias("access_dialled"),
        access.alias("access_used"),
        dialled.alias("dialled"),
        calling.alias("calling"),
        extension.alias("extension"),
        pl.when(incoming).then(trunk).otherwise(blank).alias("trunk_in"),
        pl.when(outgoing).then(trunk).otherwise(blank).alias("trunk_out"),
        _ucid().alias("ucid"),
    )


def _ucid() -> pl.Expr:
    return pl.concat_str(pl.lit("00001"), pl.col("event").cast(pl.String).str.zfill(15))


def _sections(frame: pl.DataFrame, scene: Scene) -> list[Section]:
    return [Section((), 0, frame.height)]


def _truth(frame: pl.DataFrame, scene: Scene) -> dict[str, pl.Series | pl.Expr]:
    """Which side is the subscriber is the site's knowledge: no subscriber, no direction."""
    calling, dialled, _, _ = _numbers(frame, scene)
    return {
        "from_number": calling.replace({"": None}),
        "to_number": dialled.replace({"": None}),
        "subscriber_number": pl.lit(None, pl.String),
        "direction": pl.lit(None, pl.String),
        "call_id": _ucid(),
    }


_join, _cut = positional(FIELDS, LENGTH, cut_at=4)

AVAYA_CM = Layout(
    id="avaya_cm",
    carrier="avaya",
    file_name=lambda scene, nth: f"avaya_cm_{nth}.txt",
    newline="\n",
    mix=Mix(legs=False, codes=False),
    forms=(
        Form("record", _texts, _join, _cut, Marks(
            started=("date", "time"), impossible_date=(r"^\d\d/\d\d", "13/45"), duration="duration",
            shape="positional",
        )),
    ),
    form_of=(0, 0, 0),
    notation=_write,
    sections=_sections,
    truth=_truth,
    time_resolution_s=60,
    by_line=False,
    rows_per_line=1_000,
)  # fmt: skip
