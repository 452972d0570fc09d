"""What a layout module states about its carrier's file, and the wording that several of them share.

A layout is data: forms (kinds of record), sections (lines that are no records), resolutions, and
the functions that turn events into text columns and into truth. No layout's own facts stand here,
and no writing to disk.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

import polars as pl

from pipeline_perf.synth import callmodel
from pipeline_perf.synth.callmodel import Mix, Period
from pipeline_perf.synth.population import Population

#: What any of the layouts calls the four legs, kinds and directions in the event table.
EVENT_TYPE = {callmodel.CALL: "call", callmodel.SMS: "sms", callmodel.DATA: "data"}
DIRECTION = {callmodel.OUT: "outbound", callmodel.IN: "inbound", callmodel.FORWARDED: "forwarded"}


@dataclass(frozen=True)
class Scene:
    """Everything about one file that its records refer to.

    `written` and `meant`: for each party, as the layout writes it and as it reads (null: not told).
    """

    who: Population
    period: Period
    written: pl.Series
    meant: pl.Series

    def number_of_line(self, line: int) -> str:
        """The E.164 number of a subscriber line."""
        return str(self.who.parties[int(self.who.lines[line])])


@dataclass(frozen=True)
class Section:
    """Consecutive records `start` to `stop` (exclusive) with the furniture lines around them."""

    head: tuple[str, ...]
    start: int
    stop: int
    foot: tuple[str, ...] = ()


@dataclass(frozen=True)
class Marks:
    """Where damage can hit a form: its columns by the part they play; None or empty where it has
    none.

    `impossible_date`: a pattern in the date's text and the 13th month's 45th day in its place.
    `ended`: suffers with the start and the duration, which could be worked out from it. `shape`:
    blanks around a value are damage only where a delimiter bounds it, a minus sign takes a digit's
    place where the width is fixed, and neither print nor elements have lines that could be cut.
    """

    started: tuple[str, ...]
    impossible_date: tuple[str, str]
    ended: str | None = None
    duration: str | None = None
    numbers: tuple[str, ...] = ()
    number_width: int | None = None
    shape: Literal["delimited", "positional", "printed", "element"] = "delimited"
    imei: str | None = None
    imsi: str | None = None
    swap_coordinates: Callable[[pl.DataFrame], pl.DataFrame] | None = None

    @property
    def parts(self) -> frozenset[str]:
        """What there is to damage, in the words of the table of defects."""
        present = {
            "started": bool(self.started),
            "date": bool(self.impossible_date[0]),
            "duration": self.duration is not None,
            "numbers": bool(self.numbers),
            "delimiters": self.shape == "delimited",
            "lines": self.shape in ("delimited", "positional"),
            "coordinates": self.swap_coordinates is not None,
            "imei": self.imei is not None,
            "imsi": self.imsi is not None,
        }
        return frozenset(part for part, there in present.items() if there)


@dataclass(frozen=True)
class Form:
    """One kind of record: events → text columns → lines.

    `cut` gives the line as far as a broken transfer got.
    """

    name: str
    texts: Callable[[pl.DataFrame, Scene], pl.DataFrame]
    join: Callable[[pl.DataFrame], pl.Series]
    cut: Callable[[pl.DataFrame], pl.Series]
    marks: Marks


@dataclass(frozen=True)
class Column:
    """A printed column: its title, where its text begins (`right`: ends), in points from the
    left edge.
    """

    title: str
    x: float
    right: bool = False


@dataclass(frozen=True)
class Print:
    """A page of a text PDF, letter size; `columns` in the order of the form's text columns."""

    columns: tuple[Column, ...]
    landscape: bool
    font_size: float
    leading: float
    rows: int


@dataclass(frozen=True)
class Layout:
    """A carrier's file format as the generator knows it.

    `form_of` maps a record's kind to the position in `forms`. `zone`: the zone that the format
    itself fixes, None where it is silent. `needs_subscriber`: the file nowhere says whose it is.
    `network`: country and network code of the home network, the first six digits of an IMSI.
    `elements`: records are elements of JSON or XML, counted in their order, with `between` before
    each but the first. `ends`: the end of an answered call is a record of its own. `rows_per_line`:
    records for which the file is about one more line. `cycle`: first day and days of the billing
    period, where the format is a bill. `print`: the page, for a PDF. `notation` writes the parties,
    `reads` gives what they read as, where that is not the E.164 number or the word that stands in
    its place.
    """

    id: str
    carrier: str
    file_name: Callable[[Scene, int], str]
    newline: str
    mix: Mix
    forms: tuple[Form, ...]
    form_of: tuple[int, int, int]
    notation: Callable[[pl.Series], pl.Series]
    sections: Callable[[pl.DataFrame, Scene], list[Section]]
    truth: Callable[[pl.DataFrame, Scene], dict[str, pl.Series | pl.Expr]]
    zone: str | None = None
    time_resolution_s: int = 1
    duration_resolution_s: int = 1
    one_line: bool = False
    by_line: bool = True
    needs_subscriber: bool = False
    network: str = "310410"
    rows_per_line: int = 25_000
    cycle: tuple[date, int] | None = None
    print: Print | None = None
    reads: Callable[[pl.Series], pl.Series] = lambda parties: parties
    elements: bool = False
    between: str = ""
    ends: bool = False


# ---------------------------------------------------------------- wording shared by layouts


def renumber(
    nanp: str, foreign: str, words: dict[str, str] | None = None
) -> Callable[[pl.Series], pl.Series]:
    """A notation: `nanp` uses ${1} ${2} ${3} for area code, exchange and line; `foreign`
    replaces the +.
    """

    def write(parties: pl.Series) -> pl.Series:
        text = parties.str.replace(r"^\+1(\d{3})(\d{3})(\d{4})$", nanp).str.replace(r"^\+", foreign)
        return text.replace(words) if words else text

    return write


def parties(
    frame: pl.DataFrame, scene: Scene, names: pl.Series
) -> tuple[pl.Series, pl.Series, pl.Series]:
    """The line's own number, its partner, and where a forwarded leg went (null on other legs)."""
    own = names.gather(pl.Series(scene.who.lines).gather(frame["line"]))
    other = names.gather(frame["partner"])
    target = names.gather(
        frame.select(pl.when(pl.col("target") >= 0).then(pl.col("target")))["target"]
    )
    return own, other, target


def from_and_to(
    frame: pl.DataFrame, own: pl.Series, other: pl.Series, target: pl.Series
) -> tuple[pl.Series, pl.Series]:
    """Caller and called, from who did what."""
    out = frame["direction_code"] == callmodel.OUT
    forwarded = frame["direction_code"] == callmodel.FORWARDED
    caller = own.zip_with(out, other)
    return caller, target.zip_with(forwarded, other.zip_with(out, own))


def minutes_seconds(seconds: pl.Expr) -> pl.Expr:
    """M:SS, minutes running past 59."""
    return pl.concat_str(
        (seconds // 60).cast(pl.String), pl.lit(":"), (seconds % 60).cast(pl.String).str.zfill(2)
    )


def hours_minutes_seconds(seconds: pl.Expr, hour_digits: int = 1, between: str = ":") -> pl.Expr:
    """H:MM:SS with at least `hour_digits` digits of hours."""
    parts = [(seconds // 3600).cast(pl.String).str.zfill(hour_digits)]
    parts += [
        (seconds // 60 % 60).cast(pl.String).str.zfill(2),
        (seconds % 60).cast(pl.String).str.zfill(2),
    ]
    return pl.concat_str(parts, separator=between)


def whole_minutes(seconds: pl.Expr) -> pl.Expr:
    """Minutes as billed: begun minutes count, and no call is free of charge for being short."""
    return pl.max_horizontal((seconds + 59) // 60, pl.lit(1))


def delimited(
    separator: str, cut_in: str, keep: int
) -> tuple[Callable[[pl.DataFrame], pl.Series], Callable[[pl.DataFrame], pl.Series]]:
    """`join` and `cut` of a delimited form; the cut keeps `keep` characters of the column
    `cut_in`.
    """

    def join(texts: pl.DataFrame) -> pl.Series:
        return texts.select(pl.concat_str(pl.all(), separator=separator).alias("text"))["text"]

    def cut(texts: pl.DataFrame) -> pl.Series:
        reached = texts.columns[: texts.columns.index(cut_in) + 1]
        return join(texts.select(reached).with_columns(pl.col(cut_in).str.slice(0, keep)))

    return join, cut


def positional(
    fields: dict[str, tuple[int, int]], length: int, cut_at: int, right_aligned: Sequence[str] = ()
) -> tuple[Callable[[pl.DataFrame], pl.Series], Callable[[pl.DataFrame], pl.Series]]:
    """`join` and `cut` of a fixed-width form; `fields` gives 1-based inclusive positions in
    ascending order.
    """

    def join(texts: pl.DataFrame) -> pl.Series:
        parts: list[pl.Expr] = []
        at = 1
        for name, (first, last) in fields.items():
            if first > at:
                parts.append(pl.lit(" " * (first - at)))
            width = last - first + 1
            text = pl.col(name)
            parts.append(
                (
                    text.str.pad_start(width) if name in right_aligned else text.str.pad_end(width)
                ).str.slice(0, width)
            )
            at = last + 1
        if at <= length:
            parts.append(pl.lit(" " * (length - at + 1)))
        return texts.select(pl.concat_str(parts).alias("text"))["text"]

    return join, lambda texts: join(texts).str.slice(0, cut_at)


def boundaries(
    frame: pl.DataFrame, columns: Sequence[str], page_rows: int | None = None
) -> list[tuple[int, int]]:
    """Where consecutive records agree in `columns`, in pieces of at most `page_rows`."""
    if frame.height == 0:
        return []
    starts = [0]
    if columns:
        changed = pl.any_horizontal(pl.col(c) != pl.col(c).shift(1) for c in columns).fill_null(
            True
        )
        starts = frame.select(pl.arg_where(changed))[:, 0].to_list()
    pieces = []
    for start, stop in zip(starts, [*starts[1:], frame.height], strict=True):
        step = page_rows or stop - start
        pieces += [(at, min(at + step, stop)) for at in range(start, stop, step)]
    return pieces
