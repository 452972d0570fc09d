"""Avaya Communication Manager's expanded call-detail print: columns by position.

Positions follow public synthetic samples and vendor manuals; condition codes 7 (outgoing), 9
(incoming) and 0 (between stations) are the manuals'. Where nothing is known there are blanks. The
site's numbering plan is not in the file, so numbers read as they are written.
"""

from __future__ import annotations

import polars as pl

from pipeline_perf.synth.callmodel import Mix
from pipeline_perf.synth.layout import Form, Layout, Marks, Scene
from pipeline_perf.synth.wording import (
    MONTH_DAY,
    OUT,
    either,
    from_and_to,
    hours_minutes_seconds,
    one_section,
    parties,
    positional,
    renumber,
    stamp,
)

LENGTH = 101
FIELDS = {
    "date": (1, 8), "time": (10, 14), "duration": (16, 23), "condition": (25, 25),
    "access_dialled": (27, 30), "access_used": (32, 35), "dialled": (37, 51), "calling": (52, 66),
    "extension": (67, 70), "trunk_in": (72, 75), "trunk_out": (77, 80), "ucid": (82, 101),
}  # fmt: skip
FIRST_EXTENSION = 1200
#: Calls between two extensions are about a tenth.
INTERNAL_EVERY = 9
#: The identifier of a call: node and running number.
UCID = pl.concat_str(pl.lit("00001"), pl.col("event").cast(pl.String).str.zfill(15))


def _numbers(frame: pl.DataFrame, scene: Scene) -> tuple[pl.Expr, pl.Expr, pl.Expr, pl.Expr]:
    """Calling, dialled, extension, and whether the call stayed inside."""
    lines = len(scene.who.lines)
    _, other, target = parties(frame, scene, scene.written)
    inside = (pl.col("event") % INTERNAL_EVERY == 0) & pl.lit(lines > 1)
    extension = (pl.col("line") + FIRST_EXTENSION).cast(pl.String)
    steps = pl.col("event").cast(pl.Int32) % max(lines - 1, 1) + 1
    colleague = ((pl.col("line") + steps) % lines + FIRST_EXTENSION).cast(pl.String)
    calling, dialled = from_and_to(extension, either(inside, colleague, other), target)
    return calling, dialled, extension, inside


def _texts(frame: pl.DataFrame, scene: Scene) -> pl.DataFrame:
    calling, dialled, extension, inside = _numbers(frame, scene)
    outgoing, incoming = OUT & ~inside, ~OUT & ~inside
    access = either(outgoing, "0009", "")
    trunk = pl.format("T{}", (pl.col("event") % 12 + 1).cast(pl.String).str.zfill(3))
    return frame.select(
        date=stamp("%m/%d/%y"),
        time=stamp("%H:%M"),
        duration=hours_minutes_seconds(pl.col("duration_s"), hour_digits=2),
        condition=either(outgoing, "7", either(incoming, "9", "0")),
        access_dialled=access,
        access_used=access,
        dialled=dialled,
        calling=calling,
        extension=extension,
        trunk_in=either(incoming, trunk, ""),
        trunk_out=either(outgoing, trunk, ""),
        ucid=UCID,
    )


def _truth(frame: pl.DataFrame, scene: Scene) -> dict[str, pl.Series | pl.Expr]:
    """Which side is the subscriber is the site's knowledge: no subscriber, no direction."""
    calling, dialled, _, _ = _numbers(frame, scene)
    return {
        "from_number": calling.replace({"": None}),
        "to_number": dialled.replace({"": None}),
        "subscriber_number": pl.lit(None, pl.String),
        "direction": pl.lit(None, pl.String),
        "call_id": UCID,
    }


AVAYA_CM = Layout(
    id="avaya_cm",
    carrier="avaya",
    file_name=lambda scene, nth: f"avaya_cm_{nth}.txt",
    mix=Mix(legs=False, codes=False),
    forms=(
        Form("record", _texts, *positional(FIELDS, LENGTH, cut_at=4), Marks(
            started=("date", "time"), impossible_date=MONTH_DAY, duration="duration",
            shape="positional",
        )),
    ),
    notation=renumber("1${1}${2}${3}", "011", {"Restricted": "", "Unavailable": ""}),
    sections=one_section(),
    truth=_truth,
    time_resolution_s=60,
    by_line=False,
    rows_per_line=1_000,
)  # fmt: skip
