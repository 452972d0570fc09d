"""What a layout module states about its carrier's file.

A layout is data: forms (kinds of record), sections (lines that are no records), resolutions, and
the functions that turn events into text columns and into truth. No layout's own facts stand here;
what several of them say in the same words is in `wording`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Literal

import polars as pl

from pipeline_perf.synth import callmodel
from pipeline_perf.synth.callmodel import Mix, Period
from pipeline_perf.synth.population import Population

#: What the event table calls kinds and directions.
EVENT_TYPE = {callmodel.CALL: "call", callmodel.SMS: "sms", callmodel.DATA: "data"}
DIRECTION = {callmodel.OUT: "outbound", callmodel.IN: "inbound", callmodel.FORWARDED: "forwarded"}

#: Text columns of some records → their lines.
Join = Callable[[pl.DataFrame], pl.Series]

#: Parties as E.164 numbers or words → as a layout writes them, or as what it writes reads.
Notation = Callable[[pl.Series], pl.Series]


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
        """The E.164 number of the subscriber line `line`, counted from 0."""
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
    """Where damage can hit a form: titles of its columns, None or empty where it has none.

    `impossible_date`: a pattern in the first `started` and what makes an impossible date of it.
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
    join: Join
    cut: Join
    marks: Marks


@dataclass(frozen=True)
class Column:
    """A printed column: its text begins, or with `right` ends, `x` points from the left edge."""

    title: str
    x: float
    right: bool = False


@dataclass(frozen=True)
class Print:
    """A page of a text PDF, letter size, with at most `rows` records.

    `columns` stand in the order of the form's text columns. `font_size` and `leading` (from one
    line to the next) are in points.
    """

    columns: tuple[Column, ...]
    landscape: bool
    font_size: float
    leading: float
    rows: int


@dataclass(frozen=True)
class Layout:
    """A carrier's file format as the generator knows it.

    `file_name` names the file by its number, from 1. `truth` gives what a perfect reading of the
    records differs in from the events, by column. `form_of` maps a record's kind to the position in
    `forms`. `zone`: the zone that the format itself fixes, None where it is silent. `one_line`: the
    file is about a single subscriber line; `by_line`: records stand line by line, else in the order
    of time. `needs_subscriber`: the file nowhere says whose it is. `network`: country and network
    code of the home network, the first six digits of an IMSI. `elements`: records are elements of
    JSON or XML, counted in their order, with `between` before each but the first. `ends`: the end
    of an answered call is a record of its own. `rows_per_line`: records for which the file is about
    one more line. `cycle`: first day and days of the billing period, where the format is a bill.
    `print`: the page, for a PDF. `notation` writes the parties, `reads` gives what they read as,
    where that is not the E.164 number or the word that stands in its place.
    """

    id: str
    carrier: str
    file_name: Callable[[Scene, int], str]
    mix: Mix
    forms: tuple[Form, ...]
    notation: Notation
    sections: Callable[[pl.DataFrame, Scene], list[Section]]
    truth: Callable[[pl.DataFrame, Scene], dict[str, pl.Series | pl.Expr]]
    newline: str = "\n"
    form_of: tuple[int, int, int] = (0, 0, 0)
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
    reads: Notation = lambda parties: parties
    elements: bool = False
    between: str = ""
    ends: bool = False
