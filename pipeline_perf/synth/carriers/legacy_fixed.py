"""A switch's old fixed-width export for any of the four carriers: HDR, CDR and TRL lines.

The shape (header, detail, trailer with count and total) is that of public fixed-width samples; the
positions are a construction of this project. Times are local to a zone that is not stated.
"""

from __future__ import annotations

from collections.abc import Callable

import polars as pl

from pipeline_perf.synth import callmodel
from pipeline_perf.synth.callmodel import Mix
from pipeline_perf.synth.carriers.att_bill import CENTS_A_MINUTE_ABROAD
from pipeline_perf.synth.layout import Form, Layout, Marks, Scene, Section
from pipeline_perf.synth.wording import (
    CALL,
    DATA,
    DIGITS,
    dollars,
    either,
    from_and_to,
    hours_minutes_seconds,
    known_rows,
    parties,
    positional,
    renumber,
    stamp,
    whole_minutes,
)

LENGTH = 120
FIELDS = {
    "record": (1, 3), "date": (5, 12), "time": (14, 19), "direction": (21, 21), "type": (23, 25),
    "from": (27, 41), "to": (43, 57), "duration": (59, 64), "bytes": (66, 75),
    "cell_first": (77, 84), "cell_last": (86, 93), "charge": (95, 104),
}  # fmt: skip
#: The trailer's four digits of hours start again at zero, as a counter does.
MAX_HOURS = 10_000
DIRECTIONS = {callmodel.OUT: "O", callmodel.IN: "I", callmodel.FORWARDED: "F"}
TYPES = {callmodel.CALL: "VOC", callmodel.SMS: "SMS", callmodel.DATA: "DAT"}

_BYTES = pl.when(DATA).then(pl.col("bytes_up") + pl.col("bytes_down"))
_ABROAD = CALL & pl.col("abroad") & (pl.col("duration_s") > 0)
#: Only calls abroad have a charge.
_CENTS = pl.when(_ABROAD).then(whole_minutes(pl.col("duration_s")) * CENTS_A_MINUTE_ABROAD)


def _code(column: str, codes: dict[int, str]) -> pl.Expr:
    return pl.col(column).replace_strict(codes, return_dtype=pl.String)


def _cell(frame: pl.DataFrame, scene: Scene, column: str) -> pl.Expr:
    cells = scene.who.cells.select(pl.format("{}-{}", pl.col("lac") % 100, "cid"))[:, 0]
    return pl.lit(cells.gather(known_rows(frame, column)))


def _texts(frame: pl.DataFrame, scene: Scene) -> pl.DataFrame:
    caller, called = from_and_to(*parties(frame, scene, scene.written))
    return frame.select(
        **{
            "record": pl.lit("CDR"),
            "date": stamp("%Y%m%d"),
            "time": stamp("%H%M%S"),
            "direction": _code("direction_code", DIRECTIONS),
            "type": _code("kind", TYPES),
            "from": caller,
            "to": either(DATA, "", called),
            "duration": hours_minutes_seconds(pl.col("duration_s"), hour_digits=2, between=""),
            "bytes": _BYTES.cast(pl.String).fill_null(""),
            "cell_first": _cell(frame, scene, "cell_at_start").fill_null(""),
            "cell_last": _cell(frame, scene, "cell_at_end").fill_null(""),
            "charge": dollars(_CENTS).fill_null(""),
        }
    )


def _sections_for(carrier: str) -> Callable[[pl.DataFrame, Scene], list[Section]]:
    def sections(frame: pl.DataFrame, scene: Scene) -> list[Section]:
        number = scene.number_of_line(0)[2:]
        head = f"HDR {carrier.upper():<10} {number:<10} {scene.period.last:%Y%m%d}"
        seconds = int(frame["duration_s"].sum())
        total = f"{seconds // 3600 % MAX_HOURS:04d}{seconds // 60 % 60:02d}{seconds % 60:02d}"
        foot = f"TRL {frame.height:08d} {total}"
        return [Section((head.ljust(LENGTH),), 0, frame.height, (foot.ljust(LENGTH),))]

    return sections


def _truth(frame: pl.DataFrame, scene: Scene) -> dict[str, pl.Series | pl.Expr]:
    return {
        "to_number": pl.when(~DATA).then(pl.col("to_number")),
        "bytes_total": _BYTES,
        "cell_first": _cell(frame, scene, "cell_at_start"),
        "cell_last": _cell(frame, scene, "cell_at_end"),
        "charge": (_CENTS / 100).cast(pl.Decimal(18, 6)),
    }


_SETTING = positional(FIELDS, LENGTH, cut_at=9, right_aligned=("bytes", "charge"))


def legacy_fixed(carrier: str) -> Layout:
    """The layout as the given carrier's switch fills it in (att, verizon, tmobile or sprint)."""
    return Layout(
        id="legacy_fixed",
        carrier=carrier,
        file_name=lambda scene, nth: f"{carrier}_switch_{nth}.dat",
        mix=Mix(calls=0.6, sms=0.25, data=0.15),
        forms=(
            Form("cdr", _texts, *_SETTING, Marks(
                started=("date", "time"), impossible_date=DIGITS, duration="duration",
                numbers=("from", "to"), number_width=15, shape="positional",
            )),
        ),
        notation=renumber("${1}${2}${3}", "011"),
        sections=_sections_for(carrier),
        truth=_truth,
        one_line=True,
    )  # fmt: skip
