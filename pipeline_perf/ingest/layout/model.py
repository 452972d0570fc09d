"""Layouts: what a carrier's file looks like and what its columns mean, as frozen data read from YAML.

Here belong the form of a layout and reading it strictly, with file, line and remedy in every message. What types cannot
say is `layout_check`'s work, matching a file against layouts `recognise`'s, converting values `normalise`'s.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from pipeline_perf import events

DurationForm = Literal["seconds", "minutes", "clock", "hour_clock", "hhmmss", "tenths", "words", "iso"]

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

    column: tuple[str, ...] = ()  #                   titles
    combine: Literal["join", "add", "first"] = "join"  # several columns: joined by a blank, summed, or the first that is not empty
    value: str | None = None  #                       a constant
    context: str | None = None  #                     a value picked up from lines in passing
    optional: bool = False  #                         a short row may end before this column
    pick: str | None = None  #                        regex: its first group is the value
    strip: str | None = None  #                       regex: what it matches is removed
    missing: tuple[str, ...] = ()  #                  texts that mean "not passed"
    map: Mapping[str, str] = field(default_factory=dict)  # whole texts (any case) → value
    match: Mapping[str, str] = field(default_factory=dict)  # regexes, first that is found wins → value
    default: str | None = None  #                     for empty and unmapped texts
    derive: Literal["subscriber", "answered", "direction"] | None = None  # where the text says nothing: see the event fields
    formats: tuple[str, ...] = ()  #                  strptime forms, %z at the end only; the one that reads most is taken
    tells: Literal["start", "end"] = "start"  #       the moment that a time is; from an end the duration is taken off
    year: Literal["period"] | None = None  #          forms without a year take it from the context value `period`, a day or month
    carry_down: bool = False  #                       an empty date repeats the one above
    zone: str | None = None  #                        overrides the layout's zone
    form: DurationForm | None = None  #               how a duration is written; default: seconds
    scale: float | None = None  #                     factor to seconds, bytes or units of currency
    decimal: Literal[".", ","] = "."  #               what stands before a number's decimals
    resolution: int | None = None  #                  seconds


@dataclass(frozen=True)
class Override:
    """Rows whose columns match all of `when` (regexes) take `set` instead of what the fields say."""

    when: Mapping[str, str]  #                        column → regex
    set: Mapping[str, Field]  #                       event field → where it comes from


@dataclass(frozen=True)
class Legs:
    """Rows of one call: same values in `same`, starts at most `within_s` apart, one of them matching `when`."""

    same: tuple[str, ...]  #                          event fields
    within_s: float  #                                seconds
    when: Mapping[str, str]  #                        column → regex


@dataclass(frozen=True)
class Repeats:
    """Rows matching `when` tell a call again that another row of the file tells: marked as duplicates."""

    when: Mapping[str, str]  #                        column → regex
    within_s: float  #                                seconds


@dataclass(frozen=True)
class Pairs:
    """Rows that tell a call's beginning, and rows that tell its end: both become the call, the second marked as a duplicate.

    A beginning without an end stays a call of unknown duration; an end without a beginning goes to quarantine.
    """

    same: tuple[str, ...]  #                          columns in which both are alike
    opens: Mapping[str, str]  #                       column → regex; rows that match neither all of these
    closes: Mapping[str, str]  #                      nor all of these are calls of one row
    takes: tuple[str, ...]  #                         columns of the closing row that the call has as `closing NAME`
    either_way: tuple[str, ...] = ()  #               two of `same` that may change places: the called party may hang up

    @property
    def taken(self) -> tuple[str, ...]:
        return tuple(f"closing {title}" for title in self.takes)


@dataclass(frozen=True)
class Table:
    """One table of a file: how it is found, its columns, and what they mean."""

    name: str  #                                      of the table, for messages
    fields: Mapping[str, tuple[Field, ...]]  #        event field → where it comes from; several alternatives as a list
    header: tuple[str, ...] = ()  #                   titles that must all stand in the header line
    absent: tuple[str, ...] = ()  #                   titles that must not
    title: str | None = None  #                       regex of the section's title line
    record: str | None = None  #                      regex that every record's line matches; without slices its named groups are columns
    columns: tuple[str, ...] = ()  #                  titles, where the file has no header line
    slices: Mapping[str, tuple[int, int]] = field(default_factory=dict)  # fixed width: title → first, last position from 1
    overrides: tuple[Override, ...] = ()  #           rows that are read otherwise
    legs: Legs | None = None  #                       rows that are one call
    repeats: Repeats | None = None  #                 rows that tell a call again
    pairs: Pairs | None = None  #                     rows of a call's beginning and of its end

    @property
    def titles(self) -> tuple[str, ...]:
        """The columns of a table without delimiters."""
        return tuple(self.slices) or tuple(re.compile(self.record or "").groupindex)


@dataclass(frozen=True)
class Control:
    """A figure that a header or trailer record states of the file, compared with what was read."""

    record: str  #                                    regex of the line
    slice: tuple[int, int]  #                         first and last position of the figure, from 1
    equals: Literal["records", "duration_s"]  #       what the figure is
    form: DurationForm = "seconds"  #                 of a duration


@dataclass(frozen=True)
class Grid:
    """A table in a text PDF: words fall into columns by where the header's titles stand."""

    document: str  #                                  regex found in the first pages' text
    titles: tuple[str, ...] = ()  #                   titles of several words that a header may have beside the tables' own
    right: tuple[str, ...] = ()  #                    titles of columns set flush right
    end: tuple[str, ...] = ()  #                      regexes of lines that end a table, such as totals


@dataclass(frozen=True)
class Layout:
    """One carrier's way of writing one kind of file."""

    id: str  #                                        of the layout; a built-in one of the same id is replaced
    carrier: str  #                                   of the events; `@name` takes the context value `name`
    title: str  #                                     one line about the files
    source: str  #                                    where the form is documented
    container: Literal["delimited", "fixed", "pdf", "json", "xml", "html"]  # workbooks are delimited by tabs
    tables: tuple[Table, ...]  #                      the tables that the files have
    evidence: Literal["documented", "constructed"] = "documented"  # constructed: parts of the form are this project's own
    encodings: tuple[str, ...] = ("utf-8", "windows-1252")  # tried before statistics decide
    records: str = ""  #                              JSON: their array, where it has a name; XML: their path; HTML: their classes, `a|b`
    delimiter: str = ","  #                           between the columns; another one that the probe finds is taken, too
    quote: str | None = '"'  #                        around a cell; null: none
    overflow: bool = False  #                         delimiters beyond the last column belong to it
    short_rows: bool = False  #                       empty cells at the end of a row may be left out
    zone: str = "local"  #                            UTC, an IANA name, or local: not known, but where a field `zone` tells it
    region: str = "US"  #                             country in whose notation numbers are written; ZZ: not known
    currency: str | None = None  #                    of `charge`, such as USD
    signature: tuple[str, ...] = ()  #                regexes that must each be found in the file's head
    furniture: tuple[str, ...] = ()  #                regexes of lines that are no records
    context: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # name → regexes; the groups, joined, are the value
    file_name: Mapping[str, str] = field(default_factory=dict)  # the same from the file's name
    controls: tuple[Control, ...] = ()  #             figures that the file states of itself
    grid: Grid | None = None  #                       PDF: how its tables are found
    running_number: str | None = None  #              a column that counts rows: no part of a row's identity
    no_records: str | None = None  #                  files of this layout hold no events: what they hold, and what to ask for


@functools.lru_cache(maxsize=100_000)
def title_key(title: str) -> str:
    """A column title without case, blanks and punctuation: `Conn. Time (UTC)` → `conntimeutc`."""
    return re.sub(r"[\W_]+", "", title).casefold() or title.strip()
