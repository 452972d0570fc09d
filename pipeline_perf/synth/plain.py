"""Layouts that are stated as data: records of one form, an expression per column, and what a
perfect reading differs in.

Here belong the columns that the expressions may use and the ways of setting a record. Which columns
a carrier's file has is said in `wholesale`, `switches` and `elsewhere`; formats with several kinds
of record have modules of their own.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date

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
    from_and_to,
    parties,
    renumber,
)

#: What the expressions of a layout may use besides the events' own columns: numbers as the layout
#: writes them.
OWN, OTHER, CALLER, CALLED = (pl.col(name) for name in ("own", "other", "caller", "called"))
OUT = pl.col("direction_code") == callmodel.OUT
SMS = pl.col("kind") == callmodel.SMS
ANSWERED = pl.col("answered")
SECONDS = pl.col("duration_s").cast(pl.String)
BLANK = pl.lit("")
#: Seconds that a call rang: formats that tell of them have them beside the duration.
RING = pl.col("event").cast(pl.Int64) % 20 + 1
STARTED = pl.col("written")
CONNECTED = STARTED + pl.duration(seconds=RING)
RELEASED = CONNECTED + pl.duration(seconds="duration_s")

#: Calls alone, each one record, between numbers.
CALLS = Mix(legs=False, codes=False, withheld=False)
BILLED_CALLS = Mix(legs=False, codes=False, withheld=False, unanswered=False)
TEXTS_TOO = Mix(calls=0.6, sms=0.4, legs=False, codes=False, withheld=False)

E164 = renumber("+1${1}${2}${3}", "+")
ELEVEN_DIGITS = renumber("1${1}${2}${3}", "")
TEN_DIGITS = renumber("${1}${2}${3}", "011")

#: Nobody's records in particular.
NO_SUBSCRIBER: dict[str, pl.Expr] = {
    "subscriber_number": pl.lit(None, pl.String),
    "direction": pl.lit(None, pl.String),
}
PICKED_UP: dict[str, pl.Expr] = {"answered": pl.col("picked_up")}

Setting = tuple[Callable[[pl.DataFrame], pl.Series], Callable[[pl.DataFrame], pl.Series]]


def stamp(form: str, moment: pl.Expr = STARTED) -> pl.Expr:
    """A moment in a strftime form."""
    return moment.dt.strftime(form)


def epoch(moment: pl.Expr = STARTED) -> pl.Expr:
    """Seconds since 1970 of a moment written in UTC."""
    return moment.dt.epoch("s").cast(pl.String)


def either(condition: pl.Expr, yes: pl.Expr | str, no: pl.Expr | str) -> pl.Expr:
    """Texts are themselves, not names of columns."""
    first, second = (pl.lit(text) if isinstance(text, str) else text for text in (yes, no))
    return pl.when(condition).then(first).otherwise(second)


def numbered(form: str, first: int = 1) -> pl.Expr:
    """An identifier of the event: `form` with `{}` for its number, so that a record that is sent
    again has it, too.
    """
    return pl.format(form, (pl.col("event").cast(pl.Int64) + first).cast(pl.String).str.zfill(6))


def quoted(separator: str, titles: Sequence[str], cut_in: str, keep: int = 4) -> Setting:
    """A delimited form in which the cells of `titles` stand in double quotes."""
    join, cut = delimited(separator, cut_in, keep)
    inside = [pl.format('"{}"', pl.col(title)).alias(title) for title in titles]
    return lambda texts: join(texts.with_columns(inside)), cut


def templated(template: str, cut_at: int = 0) -> Setting:
    """A form with `$title` in place of each column; where its records are lines, a broken
    transfer got to `cut_at`.
    """
    pieces = re.split(r"\$\{?(\w+)\}?", template)
    parts = [pl.col(piece) if i % 2 else pl.lit(piece) for i, piece in enumerate(pieces)]

    def join(texts: pl.DataFrame) -> pl.Series:
        return texts.select(pl.concat_str(parts).alias("text"))["text"]

    return join, lambda texts: join(texts).str.slice(0, cut_at)


def plain(
    id: str,
    carrier: str,
    columns: Mapping[str, pl.Expr],
    *,
    marks: Marks,
    truth: Mapping[str, pl.Expr],
    setting: Setting | None = None,
    separator: str = ",",
    head: Sequence[str] | Callable[[Scene], Sequence[str]] | None = None,
    foot: Sequence[str] = (),
    suffix: str = "csv",
    file_name: Callable[[Scene, int], str] | None = None,
    notation: Callable[[pl.Series], pl.Series] = E164,
    as_written: bool = False,
    mix: Mix = CALLS,
    newline: str = "\n",
    zone: str | None = None,
    resolution_s: tuple[int, int] = (1, 1),
    one_line: bool = False,
    needs_subscriber: bool = False,
    per_line: Callable[[str], Sequence[str]] | None = None,
    elements: bool = False,
    between: str = "",
    ends: bool = False,
    cycle: tuple[date, int] | None = None,
) -> Layout:
    """A layout of one form.

    `columns`: title → text, over the names above. `head`: the lines above the first record, the
    titles if it is left out. `as_written`: numbers read as they are written. `resolution_s`: of
    times and of durations. `per_line`: the lines above the records of each line, given its number.
    `elements`: records are counted as elements of JSON or XML; `between` separates them. `ends`:
    where `closing`, a record tells the end of a call.
    """

    def texts(frame: pl.DataFrame, scene: Scene) -> pl.DataFrame:
        own, other, target = parties(frame, scene, scene.written)
        caller, called = from_and_to(frame, own, other, target)
        named = frame.with_columns(
            own.alias("own"), other.alias("other"), caller.alias("caller"), called.alias("called")
        )
        return named.select(text.alias(title) for title, text in columns.items())

    def sections(frame: pl.DataFrame, scene: Scene) -> list[Section]:
        above = (
            (separator.join(columns),)
            if head is None
            else tuple(head(scene) if callable(head) else head)
        )
        if per_line is None:
            return [Section(above, 0, frame.height, tuple(foot))]
        found = boundaries(frame, ("line",))
        lines = (scene.number_of_line(int(frame["line"][start])) for start, _ in found)
        return [
            Section(
                (*(above if start == 0 else ()), *per_line(number)),
                start,
                stop,
                tuple(foot) if stop == frame.height else (),
            )
            for (start, stop), number in zip(found, lines, strict=True)
        ]

    join, cut = setting or delimited(separator, marks.started[0], 4)
    return Layout(
        id=id,
        carrier=carrier,
        file_name=file_name or (lambda scene, nth: f"{id}_{nth}.{suffix}"),
        newline=newline,
        mix=mix,
        forms=(Form("record", texts, join, cut, marks),),
        form_of=(0, 0, 0),
        notation=notation,
        sections=sections,
        truth=lambda frame, scene: dict(truth),
        zone=zone,
        time_resolution_s=resolution_s[0],
        duration_resolution_s=resolution_s[1],
        one_line=one_line,
        by_line=one_line or per_line is not None,
        needs_subscriber=needs_subscriber,
        rows_per_line=1_000,
        reads=notation if as_written else lambda parties: parties,
        elements=elements,
        between=between,
        ends=ends,
        cycle=cycle,
    )
