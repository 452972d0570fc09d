"""Layouts: what a carrier's file looks like and what its columns mean, as frozen data read from
YAML.

Here belongs the form of a layout. Reading one is the work of `load`, what types cannot say of one
that of `check`; matching a file against layouts is `recognise`'s, converting values `normalise`'s.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Literal

from pipeline_perf import events

DurationForm = Literal[
    "seconds", "minutes", "clock", "hour_clock", "minute_clock", "hhmmss", "tenths", "words", "iso"
]

#: The counterpart column of bills: becomes from_number or to_number, as the direction says.
COUNTERPART = "counterpart"
FIELDS = (set(events.COLUMNS) | {COUNTERPART, "ended_at"}) - {
    "event_id", "source_file_id", "record_no", "page", "tenant", "layout", "started_at_local",
    "zone_assumed", "occurrence", "duplicate_of", "leg_no",
}  # fmt: skip


@dataclass(frozen=True)
class Field:
    """Where an event field comes from and how its text is read.

    `column` names one title, or several (see `combine`). A field with several
    alternatives takes the first one all of whose columns the file has.
    """

    column: Annotated[tuple[str, ...], "titles"] = ()
    combine: Annotated[
        Literal["join", "add", "first"],
        "several columns: joined by a blank, summed, or the first that is not empty",
    ] = "join"
    value: Annotated[str | None, "a constant"] = None
    context: Annotated[str | None, "a value picked up from lines in passing"] = None
    optional: Annotated[bool, "a short row may end before this column"] = False
    pick: Annotated[str | None, "regex: its first group is the value"] = None
    strip: Annotated[str | None, "regex: what it matches is removed"] = None
    missing: Annotated[tuple[str, ...], 'texts that mean "not passed"'] = ()
    map: Annotated[Mapping[str, str], "whole texts (any case) → value"] = field(
        default_factory=dict
    )
    match: Annotated[Mapping[str, str], "regexes, first that is found wins → value"] = field(
        default_factory=dict
    )
    default: Annotated[str | None, "for empty and unmapped texts"] = None
    derive: Annotated[
        Literal["subscriber", "answered", "direction"] | None,
        "where the text says nothing: see the event fields",
    ] = None
    formats: Annotated[
        tuple[str, ...], "strptime forms, %z at the end only; the one that reads most is taken"
    ] = ()
    tells: Annotated[
        Literal["start", "end"], "the moment that a time is; from an end the duration is taken off"
    ] = "start"
    year: Annotated[
        Literal["period"] | None,
        "forms without a year take it from the context value `period`, a day or month",
    ] = None
    carry_down: Annotated[bool, "an empty date repeats the one above"] = False
    zone: Annotated[str | None, "overrides the layout's zone"] = None
    form: Annotated[DurationForm | None, "how a duration is written; default: seconds"] = None
    scale: Annotated[float | None, "factor to seconds, bytes or units of currency"] = None
    decimal: Annotated[Literal[".", ","], "what stands before a number's decimals"] = "."
    resolution: Annotated[int | None, "seconds"] = None


@dataclass(frozen=True)
class Override:
    """Rows whose columns match all of `when` (regexes) take `set` instead of what the fields
    say.
    """

    when: Annotated[Mapping[str, str], "column → regex"]
    set: Annotated[Mapping[str, Field], "event field → where it comes from"]


@dataclass(frozen=True)
class Legs:
    """Rows of one call: same values in `same`, starts at most `within_s` apart, one of them
    matching `when`.
    """

    same: Annotated[tuple[str, ...], "event fields"]
    within_s: Annotated[float, "seconds"]
    when: Annotated[Mapping[str, str], "column → regex"]


@dataclass(frozen=True)
class Repeats:
    """Rows matching `when` tell a call again that another row of the file tells: marked as
    duplicates.
    """

    when: Annotated[Mapping[str, str], "column → regex"]
    within_s: Annotated[float, "seconds"]


@dataclass(frozen=True)
class Pairs:
    """Rows that tell a call's beginning, and rows that tell its end: both become the call, the
    second marked as a duplicate.

    A beginning without an end stays a call of unknown duration; an end without a beginning goes to
    quarantine.
    """

    same: Annotated[tuple[str, ...], "columns in which both are alike"]
    opens: Annotated[Mapping[str, str], "column → regex; rows that match neither all of these"]
    closes: Annotated[Mapping[str, str], "nor all of these are calls of one row"]
    takes: Annotated[
        tuple[str, ...], "columns of the closing row that the call has as `closing NAME`"
    ]
    either_way: Annotated[
        tuple[str, ...], "two of `same` that may change places: the called party may hang up"
    ] = ()

    @property
    def taken(self) -> tuple[str, ...]:
        return tuple(f"closing {title}" for title in self.takes)


@dataclass(frozen=True)
class Table:
    """One table of a file: how it is found, its columns, and what they mean."""

    name: Annotated[str, "of the table, for messages"]
    fields: Annotated[
        Mapping[str, tuple[Field, ...]],
        "event field → where it comes from; several alternatives as a list",
    ]
    header: Annotated[tuple[str, ...], "titles that must all stand in the header line"] = ()
    absent: Annotated[tuple[str, ...], "titles that must not"] = ()
    title: Annotated[str | None, "regex of the section's title line"] = None
    record: Annotated[
        str | None,
        "regex that every record's line matches; without slices its named groups are columns",
    ] = None
    columns: Annotated[tuple[str, ...], "titles, where the file has no header line"] = ()
    slices: Annotated[
        Mapping[str, tuple[int, int]], "fixed width: title → first, last position from 1"
    ] = field(default_factory=dict)
    overrides: Annotated[tuple[Override, ...], "rows that are read otherwise"] = ()
    legs: Annotated[Legs | None, "rows that are one call"] = None
    repeats: Annotated[Repeats | None, "rows that tell a call again"] = None
    pairs: Annotated[Pairs | None, "rows of a call's beginning and of its end"] = None

    @property
    def titles(self) -> tuple[str, ...]:
        """The columns of a table without delimiters."""
        return tuple(self.slices) or tuple(re.compile(self.record or "").groupindex)


@dataclass(frozen=True)
class Control:
    """A figure that a header or trailer record states of the file, compared with what was read."""

    record: Annotated[str, "regex of the line"]
    slice: Annotated[tuple[int, int], "first and last position of the figure, from 1"]
    equals: Annotated[Literal["records", "duration_s"], "what the figure is"]
    form: Annotated[DurationForm, "of a duration"] = "seconds"


@dataclass(frozen=True)
class Grid:
    """A table in a text PDF: words fall into columns by where the header's titles stand."""

    document: Annotated[str, "regex found in the first pages' text"]
    titles: Annotated[
        tuple[str, ...], "titles of several words that a header may have beside the tables' own"
    ] = ()
    right: Annotated[tuple[str, ...], "titles of columns set flush right"] = ()
    end: Annotated[tuple[str, ...], "regexes of lines that end a table, such as totals"] = ()


@dataclass(frozen=True)
class Layout:
    """One carrier's way of writing one kind of file."""

    id: Annotated[str, "of the layout; a built-in one of the same id is replaced"]
    carrier: Annotated[str, "of the events; `@name` takes the context value `name`"]
    title: Annotated[str, "one line about the files"]
    source: Annotated[str, "where the form is documented"]
    container: Annotated[
        Literal["delimited", "fixed", "pdf", "json", "xml", "html"],
        "workbooks are delimited by tabs",
    ]
    tables: Annotated[tuple[Table, ...], "the tables that the files have"]
    evidence: Annotated[
        Literal["documented", "constructed"],
        "constructed: parts of the form are this project's own",
    ] = "documented"
    encodings: Annotated[tuple[str, ...], "tried before statistics decide"] = (
        "utf-8",
        "windows-1252",
    )
    records: Annotated[
        str, "JSON: their array, where it has a name; XML: their path; HTML: their classes, `a|b`"
    ] = ""
    delimiter: Annotated[
        str, "between the columns; another one that the probe finds is taken, too"
    ] = ","
    quote: Annotated[str | None, "around a cell; null: none"] = '"'
    overflow: Annotated[bool, "delimiters beyond the last column belong to it"] = False
    short_rows: Annotated[bool, "empty cells at the end of a row may be left out"] = False
    zone: Annotated[
        str, "UTC, an IANA name, or local: not known, but where a field `zone` tells it"
    ] = "local"
    region: Annotated[str, "country in whose notation numbers are written; ZZ: not known"] = "ZZ"
    currency: Annotated[str | None, "of `charge`, such as USD"] = None
    signature: Annotated[tuple[str, ...], "regexes that must each be found in the file's head"] = ()
    furniture: Annotated[tuple[str, ...], "regexes of lines that are no records"] = ()
    context: Annotated[
        Mapping[str, tuple[str, ...]],
        r"name → regexes; the groups, joined, are the value; \n reaches into the line below",
    ] = field(default_factory=dict)
    file_name: Annotated[Mapping[str, str], "the same from the file's name"] = field(
        default_factory=dict
    )
    controls: Annotated[tuple[Control, ...], "figures that the file states of itself"] = ()
    grid: Annotated[Grid | None, "PDF: how its tables are found"] = None
    running_number: Annotated[
        str | None, "a column that counts rows: no part of a row's identity"
    ] = None
    no_records: Annotated[
        str | None, "files of this layout hold no events: what they hold, and what to ask for"
    ] = None


@functools.lru_cache(maxsize=100_000)
def title_key(title: str) -> str:
    """A column title without case, blanks and punctuation: `Conn. Time (UTC)` → `conntimeutc`."""
    return re.sub(r"[\W_]+", "", title).casefold() or title.strip()
