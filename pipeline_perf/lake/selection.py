"""Which events of a lake are asked for, and what is counted of them.

How they are written or shown is the business of others.
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass

import polars as pl

from pipeline_perf.lake.delta import Lake
from pipeline_perf.lake.errors import LakeError

#: Digits by whose equality at the end two ways of writing a number are taken for one.
ENDING = 7

#: Counterparts told of in a summary.
FIRST = 10

WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


@dataclass(frozen=True)
class Selection:
    """What events must be to be among those asked for; what is empty leaves all in."""

    since: dt.datetime | None = None  # in UTC, the first moment
    until: dt.datetime | None = None  # in UTC, the first moment that is out again
    number: str | None = None  # of any party, or its end of ENDING digits or more
    types: tuple[str, ...] = ()
    carriers: tuple[str, ...] = ()
    files: tuple[str, ...] = ()  # ids

    def of(self, events: pl.LazyFrame) -> pl.LazyFrame:
        """The events asked for."""
        start = pl.col("started_at")
        if self.since:
            events = events.filter(start >= self.since)
        if self.until:
            events = events.filter(start < self.until)
        for name, wanted in (
            ("event_type", self.types),
            ("carrier", self.carriers),
            ("source_file_id", self.files),
        ):
            if wanted:
                events = events.filter(pl.col(name).is_in(wanted))
        if self.number:
            ends = (is_number(end, self.number) for end in ("from_number", "to_number"))
            events = events.filter(
                pl.any_horizontal(*ends, is_number("subscriber_number", self.number))
            )
        return events


def is_number(column: str, text: str) -> pl.Expr:
    """Whether a party is the number of the text: as it is written, or by its last digits.

    Zeros in front are none of them where that leaves enough: within a country 020 7946 0143 begins
    with one, and 001 212 555 0143 with those that lead abroad.
    """
    digits, party = re.sub(r"[^0-9]", "", text), pl.col(column).fill_null("")
    if len(digits) < ENDING:
        return party == text
    return (party == text) | party.str.ends_with(digits.lstrip("0").zfill(ENDING))


def files_named(lake: Lake, text: str) -> tuple[str, ...]:
    """The ids of the files that a text names: an id or its beginning, a path, or its last part.

    Raises LakeError where there is none.
    """
    files = lake.files().select("source_file_id", "file")
    path, identity = "/" + pl.col("file"), pl.col("source_file_id")
    # behind an archive's name stand those of its members
    named = path.str.ends_with("/" + text) | path.str.contains(f"/{text}!", literal=True)
    if re.fullmatch(r"[0-9a-f]{4,16}", text):
        named |= identity.str.starts_with(text)
    found = files.filter(named)["source_file_id"].to_list()
    if not found:
        raise LakeError(
            f"holds no file {text!r}", "`pipeline-perf files` lists those it holds", file=lake.root
        )
    return tuple(found)


def with_names(events: pl.LazyFrame, lake: Lake) -> pl.LazyFrame:
    """Events with the name of their file behind its id."""
    names = lake.files().select("source_file_id", "file").lazy()
    columns = list(events.collect_schema())
    place = columns.index("source_file_id") + 1
    joined = events.join(names, on="source_file_id", how="left", maintain_order="left")
    return joined.select(*columns[:place], "file", *columns[place:])


@dataclass(frozen=True)
class Summary:
    """How many of some events began when, on the clock of their files, and with whom."""

    events: int
    months: tuple[tuple[str, int], ...]
    hours: tuple[tuple[str, int], ...]
    weekdays: tuple[tuple[str, int], ...]
    counterparts: tuple[tuple[str, int], ...]  # the first ten, unmasked


def summary(events: pl.LazyFrame, number: str | None = None) -> Summary:
    """Count events by month, hour, weekday and counterpart: the party that is not the line, or
    not `number` where that is given.
    """
    local = pl.coalesce("started_at_local", pl.col("started_at").dt.replace_time_zone(None))
    caller, called, line = map(pl.col, ("from_number", "to_number", "subscriber_number"))
    if number:
        by, to = is_number("from_number", number), is_number("to_number", number)
    else:
        by, to = caller == line, called == line
    other = pl.when(by).then(called).when(to).then(caller).otherwise(pl.coalesce(called, caller))
    told = events.select(
        local.dt.strftime("%Y-%m").alias("month"),
        local.dt.hour().alias("hour"),
        local.dt.weekday().alias("weekday"),
        other.alias("other"),
    ).collect()

    def count(column: str) -> dict[str | int, int]:
        return dict(told[column].drop_nulls().value_counts().iter_rows())

    hours, weekdays = count("hour"), count("weekday")
    with_whom = sorted(count("other").items(), key=lambda item: (-item[1], str(item[0])))
    return Summary(
        told.height,
        tuple(sorted((str(month), number) for month, number in count("month").items())),
        tuple((f"{hour:02}", hours.get(hour, 0)) for hour in range(24)),
        tuple((name, weekdays.get(day, 0)) for day, name in enumerate(WEEKDAYS, 1)),
        tuple((str(name), number) for name, number in with_whom[:FIRST]),
    )
