"""What can be wrong with a record, what a reader should do about it, and the damage itself.

Only damage that a reader can decide on: a digit changed into another digit leaves a valid wrong
value that nobody can see, so no such kind exists here. Where in a record a kind can strike is
stated by each layout's `Marks`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal
from zlib import crc32

import numpy as np
import polars as pl
from numpy.typing import NDArray

from pipeline_perf.synth import callmodel
from pipeline_perf.synth.layout import Form, Scene
from pipeline_perf.synth.population import is_nanp

#: What a reader must do: put the record into quarantine, set it right, or keep it and count it.
Fate = Literal["reject", "correct", "flag"]

#: A number of the North American plan, however a layout writes it, and other ways of writing it.
NATIONAL = r"^\+?1?[-. (]*(\d{3})[-. )]*(\d{3})[-. ]*(\d{4})$"
NOTATIONS = (
    "(${1}) ${2}-${3}",
    "${1}.${2}.${3}",
    "+1-${1}-${2}-${3}",
    "sip:+1${1}${2}${3}@ims.example.net",
)
LONGEST_NOTATION = 34
#: Digits left of a cut IMEI and IMSI: fewer than any may have.
SHORT_IMEI, SHORT_IMSI = 11, 10


@dataclass(frozen=True)
class Defect:
    """A kind of damage: the event column it hits, and what must become of the record.

    `rule` names the entry of the event table's rules that must say so, or nothing where the
    reader's own words are as good. `needs`: parts that the form must have (`Marks.parts`);
    `eligible`: which records can suffer it; `damage`: their text columns → their damaged lines.
    """

    kind: str
    fate: Fate
    field: str
    rule: str | None
    needs: tuple[str, ...]
    eligible: Callable[[pl.DataFrame, Scene], NDArray[np.bool_]]
    damage: Callable[[pl.DataFrame, Form], pl.Series]


def _everywhere(frame: pl.DataFrame, scene: Scene) -> NDArray[np.bool_]:
    return np.ones(frame.height, bool)


def _timed_calls(frame: pl.DataFrame, scene: Scene) -> NDArray[np.bool_]:
    return np.asarray(
        ((frame["kind"] == callmodel.CALL) & (frame["duration_s"] >= 2)).to_numpy(), bool
    )


def _plain_numbers(frame: pl.DataFrame, scene: Scene) -> NDArray[np.bool_]:
    plain = (frame["kind"] != callmodel.DATA) & (frame["direction_code"] != callmodel.FORWARDED)
    return np.asarray(is_nanp(frame["partner"].to_numpy()) & plain.to_numpy(), bool)


def _west_of_90(frame: pl.DataFrame, scene: Scene) -> NDArray[np.bool_]:
    cell = frame["cell_at_start"].to_numpy()
    longitude = scene.who.cells["longitude"].to_numpy()
    return np.asarray((cell >= 0) & (np.abs(longitude[np.maximum(cell, 0)]) > 90.0), bool)


def _with_device(frame: pl.DataFrame, scene: Scene) -> NDArray[np.bool_]:
    return np.asarray((frame["cell_at_start"] >= 0).to_numpy(), bool)


def _garbage(texts: pl.DataFrame, form: Form) -> pl.Series:
    """Noise, another on every line, without a delimiter or digits that could pass for a value."""
    marks = ["?#", "~~%", "<!>", "^@^"]
    noise = [
        f"{marks[i % 4]}{crc32(line.encode()) % 0xFFFFF:05x}{marks[(i + 1) % 4]}"
        for i, line in enumerate(form.join(texts))
    ]
    return pl.Series("text", noise, dtype=pl.String)


def _started_blank(texts: pl.DataFrame, form: Form) -> pl.Series:
    times = (*form.marks.started, *_ended(form))
    return form.join(texts.with_columns(pl.lit("").alias(title) for title in times))


def _started_impossible(texts: pl.DataFrame, form: Form) -> pl.Series:
    pattern, impossible = form.marks.impossible_date
    dates = (form.marks.started[0], *_ended(form))
    return form.join(texts.with_columns(pl.col(dates).str.replace(pattern, impossible)))


def _ended(form: Form) -> tuple[str, ...]:
    return (form.marks.ended,) if form.marks.ended else ()


def _duration(
    change: Callable[[pl.Expr, Form], pl.Expr],
) -> Callable[[pl.DataFrame, Form], pl.Series]:
    def damage(texts: pl.DataFrame, form: Form) -> pl.Series:
        column = str(form.marks.duration)
        without_end = texts.with_columns(pl.lit("").alias(title) for title in _ended(form))
        return form.join(without_end.with_columns(change(pl.col(column), form).alias(column)))

    return damage


def _negative(text: pl.Expr, form: Form) -> pl.Expr:
    digits = text.str.slice(1) if form.marks.shape == "positional" else text
    return pl.concat_str(pl.lit("-"), digits)


def _no_number(text: pl.Expr, form: Form) -> pl.Expr:
    return pl.lit("#ERR")


def _cut(texts: pl.DataFrame, form: Form) -> pl.Series:
    return form.cut(texts)


def _number_notation(texts: pl.DataFrame, form: Form) -> pl.Series:
    width = form.marks.number_width or LONGEST_NOTATION
    fitting = [notation for notation in NOTATIONS if _length(notation) <= width]
    turn = pl.int_range(pl.len()) % len(fitting)

    def rewritten(column: str) -> pl.Expr:
        text = pl.col(column)
        other = text
        for nth, notation in enumerate(fitting):
            other = pl.when(turn == nth).then(text.str.replace(NATIONAL, notation)).otherwise(other)
        return other.alias(column)

    return form.join(texts.with_columns(rewritten(title) for title in form.marks.numbers))


def _length(notation: str) -> int:
    return len(re.sub(r"\$\{3\}", "LINE", re.sub(r"\$\{[12]\}", "NPA", notation)))


def _padded(texts: pl.DataFrame, form: Form, columns: tuple[str, ...]) -> pl.Series:
    padded = (pl.format("  {} ", pl.col(title)).alias(title) for title in columns)
    return form.join(texts.with_columns(padded))


def _padded_number(texts: pl.DataFrame, form: Form) -> pl.Series:
    return _padded(texts, form, form.marks.numbers)


def _padded_time(texts: pl.DataFrame, form: Form) -> pl.Series:
    return _padded(texts, form, form.marks.started)


def _padded_duration(texts: pl.DataFrame, form: Form) -> pl.Series:
    return _padded(texts, form, (str(form.marks.duration),))


def _swapped(texts: pl.DataFrame, form: Form) -> pl.Series:
    swap = form.marks.swap_coordinates
    return form.join(swap(texts) if swap else texts)


def _short_imei(texts: pl.DataFrame, form: Form) -> pl.Series:
    return form.join(texts.with_columns(pl.col(str(form.marks.imei)).str.slice(0, SHORT_IMEI)))


def _short_imsi(texts: pl.DataFrame, form: Form) -> pl.Series:
    return form.join(texts.with_columns(pl.col(str(form.marks.imsi)).str.slice(0, SHORT_IMSI)))


#: Every kind of damage that the generator knows.
DEFECTS: tuple[Defect, ...] = (
    Defect("started_blank", "reject", "started_at", "started_at_missing", ("started", "lines"),
           _everywhere, _started_blank),
    Defect("started_impossible", "reject", "started_at", "started_at_missing", ("date",),
           _everywhere, _started_impossible),
    Defect("duration_negative", "reject", "duration_s", "duration_range", ("duration",),
           _timed_calls, _duration(_negative)),
    Defect("duration_no_number", "reject", "duration_s", None, ("duration",),
           _timed_calls, _duration(_no_number)),
    Defect("line_cut", "reject", "started_at", None, ("lines",), _everywhere, _cut),
    Defect("line_garbage", "reject", "record", None, ("lines",), _everywhere, _garbage),
    Defect("number_notation", "correct", "number", None, ("numbers",),
           _plain_numbers, _number_notation),
    Defect("padded_number", "correct", "number", None, ("delimiters", "numbers"),
           _plain_numbers, _padded_number),
    Defect("padded_time", "correct", "started_at", None, ("delimiters", "started"),
           _everywhere, _padded_time),
    Defect("padded_duration", "correct", "duration_s", None, ("delimiters", "duration"),
           _timed_calls, _padded_duration),
    Defect("coordinates_swapped", "correct", "latitude", None, ("coordinates",),
           _west_of_90, _swapped),
    Defect("imei_length", "flag", "imei", "imei_format", ("imei",), _with_device, _short_imei),
    Defect("imsi_length", "flag", "imsi", "imsi_format", ("imsi",), _with_device, _short_imsi),
)  # fmt: skip
KINDS = tuple(defect.kind for defect in DEFECTS)


def choose(
    frame: pl.DataFrame,
    forms: tuple[Form, ...],
    scene: Scene,
    *,
    rate: float,
    allowed: NDArray[np.bool_],
    rng: np.random.Generator,
) -> NDArray[np.int8]:
    """For each record the position of its defect in DEFECTS, or -1.

    The share `rate` of all records is damaged, as far as so many are `allowed`: each of them in one
    of the kinds that its form and its event can suffer.
    """
    chosen = np.full(frame.height, -1, np.int8)
    places = np.flatnonzero(allowed)
    count = min(round(rate * frame.height), len(places))
    if count == 0:
        return chosen
    places = np.sort(rng.choice(places, count, replace=False))
    rows = frame[places]
    form = rows["form"].to_numpy()
    can = np.zeros((count, len(DEFECTS)), bool)
    for k, defect in enumerate(DEFECTS):
        in_form = np.array([f.marks.parts.issuperset(defect.needs) for f in forms])[form]
        if in_form.any():
            can[:, k] = in_form & defect.eligible(rows, scene)
    kinds = np.flatnonzero(can.any(axis=0))
    if len(kinds) == 0:
        return chosen
    # Each record draws an order of the kinds of its own and takes the first one that it can suffer.
    order = rng.random((count, len(kinds))).argsort(axis=1)
    possible = np.take_along_axis(can[:, kinds], order, axis=1)
    first = kinds[order[np.arange(count), possible.argmax(axis=1)]]
    chosen[places] = np.where(possible.any(axis=1), first, -1)
    return chosen


def damaged_lines(
    lines: pl.Series, texts: pl.DataFrame, form: Form, defect: NDArray[np.int8]
) -> pl.Series:
    """`lines` with the damaged ones in their places.

    `texts` are the same records' undamaged columns, `defect` their positions in DEFECTS or -1.
    """
    for k in np.unique(defect[defect >= 0]):
        places = np.flatnonzero(defect == k)
        lines = lines.scatter(places, DEFECTS[k].damage(texts[places], form))
    return lines
