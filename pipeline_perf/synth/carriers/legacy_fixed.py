"""A switch's old fixed-width export for any of the four carriers: HDR, CDR and TRL lines of 120
characters.

The shape (header, detail, trailer with count and total) is that of public fixed-width samples; the
positions are a construction of this project. Times are local to a zone that is not stated.
"""

from __future__ import annotations

from collections.abc import Callable

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

LENGTH = 120
FIELDS = {
    "record": (1, 3), "date": (5, 12), "time": (14, 19), "direction": (21, 21), "type": (23, 25),
    "from": (27, 41), "to": (43, 57),
    "duration": (59, 64), "bytes": (66, 75), "cell_first": (77, 84), "cell_last": (86, 93),
    "charge": (95, 104),
}  # fmt: skip
MAX_HOURS = 10_000  # the trailer's four digits of hours start again at zero, as a counter does


def _bytes(frame: pl.DataFrame) -> pl.Expr:
    return pl.when(pl.col("kind") == callmodel.DATA).then(pl.col("bytes_up") + pl.col("bytes_down"))


def _cents(frame: pl.DataFrame) -> pl.Expr:
    """Calls abroad cost a quarter of a dollar a begun minute, all others nothing extra."""
    abroad = (pl.col("kind") == callmodel.CALL) & pl.col("abroad") & (pl.col("duration_s") > 0)
    return pl.when(abroad).then((pl.col("duration_s") + 59) // 60 * 25)


def _cell(frame: pl.DataFrame, scene: Scene, column: str) -> pl.Expr:
    text = scene.who.cells.select(text=pl.format("{}-{}", pl.col("lac") % 100, "cid"))["text"]
    return pl.lit(
        text.gather(frame.select(pl.when(pl.col(column) >= 0).then(pl.col(column)))[:, 0])
    )


def _texts(frame: pl.DataFrame, scene: Scene) -> pl.DataFrame:
    caller, called = from_and_to(frame, *parties(frame, scene, scene.written))
    cents = _cents(frame)
    return frame.select(
        pl.lit("CDR").alias("record"),
        pl.col("written").dt.strftime("%Y%m%d").alias("date"),
        pl.col("written").dt.strftime("%H%M%S").alias("time"),
        pl.col("direction_code")
        .replace_strict(
            {callmodel.OUT: "O", callmodel.IN: "I", callmodel.FORWARDED: "F"},
            return_dtype=pl.String,
        )
        .alias("direction"),
        pl.col("kind")
        .replace_strict(
            {callmodel.CALL: "VOC", callmodel.SMS: "SMS", callmodel.DATA: "DAT"},
            return_dtype=pl.String,
        )
        .alias("type"),
        caller.alias("from"),
        pl.when(pl.col("kind") == callmodel.DATA).then(pl.lit("")).otherwise(called).alias("to"),
        hours_minutes_seconds(pl.col("duration_s"), hour_digits=2, between="").alias("duration"),
        _bytes(frame).cast(pl.String).fill_null("").alias("bytes"),
        _cell(frame, scene, "cell_at_start").fill_null("").alias("cell_first"),
        _cell(frame, scene, "cell_at_end").fill_null("").alias("cell_last"),
        pl.concat_str(
            (cents // 100).cast(pl.String), pl.lit("."), (cents % 100).cast(pl.String).str.zfill(2)
        )
        .fill_null("")
        .alias("charge"),
    )


def _sections_for(carrier: str) -> Callable[[pl.DataFrame, Scene], list[Section]]:
    def sections(frame: pl.DataFrame, scene: Scene) -> list[Section]:
        head = (
            f"HDR {carrier.upper():<10} {scene.number_of_line(0)[2:]:<10}"
            f" {scene.period.last:%Y%m%d}"
        )
        seconds = int(frame["duration_s"].sum())
        total = f"{seconds // 3600 % MAX_HOURS:04d}{seconds // 60 % 60:02d}{seconds % 60:02d}"
        return [
            Section(
                (head.ljust(LENGTH),),
                0,
                frame.height,
                (f"TRL {frame.height:08d} {total}".ljust(LENGTH),),
            )
        ]

    return sections


def _truth(frame: pl.DataFrame, scene: Scene) -> dict[str, pl.Series | pl.Expr]:
    return {
        "to_number": pl.when(pl.col("kind") != callmodel.DATA).then(pl.col("to_number")),
        "bytes_total": _bytes(frame),
        "cell_first": _cell(frame, scene, "cell_at_start"),
        "cell_last": _cell(frame, scene, "cell_at_end"),
        "charge": (_cents(frame) / 100).cast(pl.Decimal(18, 6)),
    }


_join, _cut = positional(FIELDS, LENGTH, cut_at=9, right_aligned=("bytes", "charge"))


def legacy_fixed(carrier: str) -> Layout:
    """The layout as the given carrier's switch fills it in (att, verizon, tmobile or sprint)."""
    return Layout(
        id="legacy_fixed",
        carrier=carrier,
        file_name=lambda scene, nth: f"{carrier}_switch_{nth}.dat",
        newline="\n",
        mix=Mix(calls=0.6, sms=0.25, data=0.15),
        forms=(
            Form("cdr", _texts, _join, _cut, Marks(
                started=("date", "time"), impossible_date=(r"^(\d{4})\d{4}", "${1}1345"),
                duration="duration", numbers=("from", "to"),
                number_width=15, shape="positional",
            )),
        ),
        form_of=(0, 0, 0),
        notation=renumber("${1}${2}${3}", "011"),
        sections=_sections_for(carrier),
        truth=_truth,
        one_line=True,
    )  # fmt: skip
