"""Layouts stated as data: records of one form, an expression per column, and the truth.

Here belong the columns that only such expressions may use, and ways of setting a record. Which
columns a carrier's file has is said in the modules of `carriers`; formats with several kinds of
record need no more than `layout` and `wording`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date

import polars as pl

from pipeline_perf.synth.callmodel import Mix
from pipeline_perf.synth.layout import Form, Layout, Marks, Notation, Scene, Section
from pipeline_perf.synth.wording import (
    SMS,
    STARTED,
    Setting,
    boundaries,
    delimited,
    from_and_to,
    parties,
    renumber,
)

#: Numbers as the layout writes them: columns that `plain` adds to the events' own.
OWN, OTHER, CALLER, CALLED = (pl.col(name) for name in ("own", "other", "caller", "called"))
#: Seconds that a call rang: formats that tell of them have them beside the duration.
RING = pl.col("event").cast(pl.Int64) % 20 + 1
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
#: Where texts stand among the calls: nobody answers them, and they have no length.
CALLS_PICKED_UP: dict[str, pl.Expr] = {"answered": pl.when(~SMS).then(pl.col("picked_up"))}
CALLS_TIMED: dict[str, pl.Expr] = {"duration_s": pl.when(~SMS).then(pl.col("duration_s"))}


def charged(amount: str, currency: str) -> dict[str, pl.Expr]:
    """The truth where every call costs the same: an amount such as "0.03" of a currency."""
    return {"charge": pl.lit(amount).cast(pl.Decimal(18, 6)), "currency": pl.lit(currency)}


def epoch(moment: pl.Expr = STARTED) -> pl.Expr:
    """Seconds since 1970 of a moment written in UTC."""
    return moment.dt.epoch("s").cast(pl.String)


def numbered(form: str, first: int = 1) -> pl.Expr:
    """An identifier of the event, `form` with {} for its number; sent again it has the same."""
    return pl.format(form, (pl.col("event").cast(pl.Int64) + first).cast(pl.String).str.zfill(6))


def quoted(separator: str, titles: Sequence[str], cut_in: str, keep: int = 4) -> Setting:
    """A delimited form in which the cells of `titles` stand in double quotes; else `delimited`."""
    join, cut = delimited(separator, cut_in, keep)
    inside = [pl.format('"{}"', pl.col(title)).alias(title) for title in titles]
    return lambda texts: join(texts.with_columns(inside)), cut


def templated(template: str, cut_at: int = 0) -> Setting:
    """A form with $title or ${title} in place of each column.

    Where its records are lines, a broken transfer got to `cut_at` characters.

    >>> join, _ = templated('{"to": "$to", "ms": ${seconds}000}')
    >>> join(pl.DataFrame({"to": ["+12125550143"], "seconds": ["42"]})).to_list()
    ['{"to": "+12125550143", "ms": 42000}']
    """
    pieces = re.split(r"\$\{?(\w+)\}?", template)
    texts_between = [pl.col(piece) if i % 2 else pl.lit(piece) for i, piece in enumerate(pieces)]

    def join(texts: pl.DataFrame) -> pl.Series:
        return texts.select(pl.concat_str(texts_between).alias("text"))["text"]

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
    notation: Notation = E164,
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
    """A layout of one form; what is not said here is as in `Layout`.

    `columns`: title → text, over the events' columns and the names above. `setting`: how the texts
    become lines, joined by `separator` if it is left out. `head` and `foot`: the lines above the
    first record, the titles if it is left out, and below the last. `suffix`: of the file's name,
    where `file_name` does not make it. `truth`: what a perfect reading differs in, over the events'
    columns. `as_written`: numbers read as they are written. `resolution_s`: of times and of
    durations. `per_line`: the lines above the records of each line, given its number. `ends`: where
    `closing`, a record tells the end of a call.
    """
    fixed_head = (separator.join(columns),) if head is None else head

    def texts(frame: pl.DataFrame, scene: Scene) -> pl.DataFrame:
        own, other, target = parties(frame, scene, scene.written)
        caller, called = from_and_to(own, other, target)
        named = frame.with_columns(own=own, other=other, caller=caller, called=called)
        return named.select(**columns)

    def sections(frame: pl.DataFrame, scene: Scene) -> list[Section]:
        above = tuple(fixed_head(scene) if callable(fixed_head) else fixed_head)
        if per_line is None:
            return [Section(above, 0, frame.height, tuple(foot))]
        made = []
        for start, stop in boundaries(frame, ("line",)):
            of_line = tuple(per_line(scene.number_of_line(int(frame["line"][start]))))
            below = tuple(foot) if stop == frame.height else ()
            made.append(Section(of_line if start else above + of_line, start, stop, below))
        return made

    join, cut = setting or delimited(separator, marks.started[0])
    return Layout(
        id=id,
        carrier=carrier,
        file_name=file_name or (lambda scene, nth: f"{id}_{nth}.{suffix}"),
        newline=newline,
        mix=mix,
        forms=(Form("record", texts, join, cut, marks),),
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
