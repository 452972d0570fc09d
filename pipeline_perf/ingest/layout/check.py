"""What types cannot say of a layout: places left open, patterns that take for ever, texts that
are no value of their field, columns and tables out of reach.

Here belong these statements, each with the place in the layout that it is about. Reading the YAML,
and on which line a place stands, is the work of `yaml_facts`.
"""

from __future__ import annotations

import codecs
import dataclasses
import datetime as dt
import re
from collections.abc import Iterator, Mapping
from typing import Any

import polars as pl

from pipeline_perf import events
from pipeline_perf.ingest.layout.forms import YEAR, is_zone, zone_slip
from pipeline_perf.ingest.layout.model import (
    FIELDS,
    Field,
    Layout,
    Legs,
    Override,
    Pairs,
    Repeats,
    Table,
    title_key,
)
from pipeline_perf.ingest.layout.patterns import (
    OPEN,
    parts,
    pattern_slips,
    patterns_of,
)
from pipeline_perf.yaml_facts import Place, Slip

#: The texts that a field knows; `answered` in any case.
KNOWN = {
    "event_type": events.EVENT_TYPES,
    "direction": events.DIRECTIONS,
    "answered": ("true", "false"),
}
NUMERIC = frozenset({"duration_s", "bytes_total", "charge", "latitude", "longitude"})
MOMENTS = frozenset({"started_at", "ended_at"})


def slips(layout: Layout) -> Iterator[Slip]:
    """Everything that is wrong with a layout whose keys and types are right: the place, and what
    to write instead.
    """
    yield from _whole(layout)
    for i, table in enumerate(layout.tables):
        yield from ((("tables", i, *place), message) for place, message in _table(table, layout))
    yield from _unreachable(layout)
    for place, part in parts(layout, ()):
        for keys, pattern in patterns_of(part):
            yield from (
                ((*place, *keys), message) for message in pattern_slips(pattern, str(keys[0]))
            )
        if isinstance(part, Field):
            name = next(str(key) for key in reversed(place) if isinstance(key, str))
            yield from (((*place, *keys), message) for keys, message in _field(name, part, layout))
    for place in _left_open(layout, ()):
        key = next(step for step in reversed(place) if isinstance(step, str))
        where = f"{place[3]}: {key}" if place[2:3] == ("fields",) and place[3] != key else key
        yield (
            place,
            (
                f"{where} is still {OPEN!r}: write what the file has there, or leave the line out"
                " if it has none"
            ),
        )


def _left_open(part: Any, place: Place) -> Iterator[Place]:
    """Where a draft was not completed; not those of which `_field` names the values to choose
    from, nor the file's own texts.
    """
    if part == OPEN:
        yield place
    elif dataclasses.is_dataclass(part):
        known = isinstance(part, Field) and KNOWN.keys() & set(place)
        for attribute in dataclasses.fields(part):
            if attribute.name != "missing" and not (
                known and attribute.name in ("value", "default", "map", "match")
            ):
                yield from _left_open(getattr(part, attribute.name), (*place, attribute.name))
    elif isinstance(part, Mapping):
        for key, value in part.items():
            yield from _left_open(value, (*place, key))
    elif isinstance(part, tuple):
        for i, value in enumerate(part):
            yield from _left_open(value, (*place, i))


# --------------------------------------------------------------------------- fields


def _field(name: str, spec: Field, layout: Layout) -> Iterator[Slip]:
    if not (spec.column or spec.value is not None or spec.context or spec.derive):
        yield (), f"{name}: say where the value comes from: column, value, context or derive"
    if spec.context and spec.context not in {*layout.context, *layout.file_name}:
        yield (
            ("context",),
            (
                f"{name}: the layout has no context {spec.context!r}; say under context or"
                " file_name what it is picked up from"
            ),
        )
    given: list[tuple[Place, str | None]] = [(("value",), spec.value), (("default",), spec.default)]
    given += [(("map", text), value) for text, value in spec.map.items()]
    given += [(("match", pattern), value) for pattern, value in spec.match.items()]
    for place, value in given:
        if value is None:
            continue
        known = KNOWN.get(name)
        if known and (value.lower() if name == "answered" else value) not in known:
            yield (
                place,
                f"{name}: {value!r} is none of its values; choose one of {', '.join(known)}",
            )
        if name in NUMERIC and not re.search(r"\d", value):
            yield place, f"{name}: {value!r} is no number"
        if name == "zone" and (trouble := _zone(value, local=False)):
            yield place, trouble
    if name in MOMENTS:
        if (spec.column or spec.context) and not spec.formats:
            yield (
                (),
                (
                    f"{name}: say how the time is written: formats, such as ['%Y-%m-%d %H:%M:%S'],"
                    " or [epoch]"
                ),
            )
        yield from (
            (("formats", i), f"{name}: {trouble}")
            for i, form in enumerate(spec.formats)
            if (trouble := _form(form, spec))
        )
        if spec.year == "period" and "period" not in {*layout.context, *layout.file_name}:
            yield (
                ("year",),
                (
                    f"{name}: the layout has no period to take the year from; say under context or"
                    " file_name how it is told"
                ),
            )
        if (
            spec.year == "period"
            and spec.formats
            and all(YEAR.search(form) for form in spec.formats)
        ):
            yield ("year",), f"{name}: all of its formats say the year; leave out year: period"
    if spec.zone and (trouble := _zone(spec.zone)):
        yield ("zone",), f"{name}: {trouble}"


def _form(form: str, spec: Field) -> str:
    """Why no date can be read by a form; empty where one can."""
    if form in ("epoch", "epoch_ms"):
        return ""
    whole = form.removesuffix("%z").rstrip()
    whole = f"%Y {whole}" if spec.year == "period" and not YEAR.search(form) else whole
    moment = dt.datetime(2023, 11, 28, 14, 5, 9)
    try:
        text = pl.select(pl.lit(moment).dt.strftime(whole))
        read = text.select(pl.first().str.to_datetime(whole, strict=False)).item()
    except pl.exceptions.PolarsError as error:
        said = str(error).splitlines()[0]
        why = (
            said.partition(": ")[2]
            if "Invalid format string" in said
            else "a directive is unknown, or %z does not stand at the end"
        )
        return f"no time can be read by {form!r} ({why}); write for example %m/%d/%Y %I:%M:%S %p"
    lacking = [
        part
        for part in ("year", "month", "day")
        if read is None or getattr(read, part) != getattr(moment, part)
    ]
    if not lacking:
        return ""
    from_period = (
        " (year: period takes the year from the context value period)"
        if lacking == ["year"]
        else ""
    )
    return (
        f"the form {form!r} has no {', '.join(lacking)}; join the columns that have them: column:"
        f" [Date, Time]{from_period}"
    )


def _zone(zone: str, *, local: bool = True) -> str:
    """What is wrong with a zone; `local`: whether the layout may leave it to the user."""
    if local and zone in ("local", OPEN):
        return ""
    if is_zone(zone):
        return f"zone {trouble}" if (trouble := zone_slip(zone)) else ""
    allowed = "neither local, UTC nor" if local else "neither UTC nor"
    return f"zone {zone!r} is {allowed} an IANA name such as America/New_York"


# --------------------------------------------------------------------------- tables


def _table(table: Table, layout: Layout) -> Iterator[Slip]:
    for title, (first, last) in table.slices.items():
        if not 1 <= first <= last < 2**20:
            yield (
                ("slices", title),
                (
                    f"slices.{title} is {first} to {last}; give first and last position, counted"
                    " from 1"
                ),
            )
    if layout.container == "fixed" and not (table.slices or table.record):
        yield (), "each table of a fixed-width layout needs slices and record"
    elif layout.container == "pdf" and not (table.header and table.record):
        yield (), "each table of a pdf layout needs header and record"
    elif not (table.header or table.columns or table.slices or table.record):
        yield (), "give header (titles), columns (no header line) or slices (fixed width)"
    elif layout.container == "delimited" and not (table.header or table.record):
        yield (
            ("columns",),
            (
                "a table without header line needs record: a regular expression that every record's"
                " line matches"
            ),
        )
    sets: list[tuple[Place, str]] = [(("fields", name), name) for name in table.fields]
    sets += [
        (("overrides", i, "set", name), name)
        for i, override in enumerate(table.overrides)
        for name in override.set
    ]
    for place, name in sets:
        if name not in FIELDS:
            yield place, f"{name!r} is no event field; known: {', '.join(sorted(FIELDS))}"
    if table.legs and not set(table.legs.same) <= set(table.fields):
        yield (
            (
                "legs",
                "same",
            ),
            f"legs.same names {', '.join(table.legs.same)}; choose among the table's fields",
        )
    if "duration_s" not in table.fields and any(
        spec.tells == "end" for spec in table.fields.get("started_at", ())
    ):
        yield (
            (
                "fields",
                "started_at",
            ),
            "started_at tells the end, and fields lacks the duration_s to be taken off",
        )
    if table.fields and "started_at" not in table.fields:
        yield ("fields",), "fields lacks started_at: an event needs a time"
    if not table.fields and not layout.no_records:
        yield (
            (),
            (
                "fields is empty; describe at least started_at and a party, or say under no_records"
                " what the layout's files hold"
            ),
        )
    if table.pairs and layout.container not in ("delimited", "fixed"):
        yield ("pairs",), "pairs are found among lines of text only"
    if table.pairs and (
        len(table.pairs.either_way) not in (0, 2)
        or not set(table.pairs.either_way) <= set(table.pairs.same)
    ):
        yield ("pairs", "either_way"), "pairs.either_way names two columns of pairs.same, or none"
    if not table.header:
        yield from _unknown_columns(table)


def _unknown_columns(table: Table) -> Iterator[Slip]:
    """Columns that a table without header line cannot have: it states all of its own."""
    titles = table.columns or _titles(table)
    known = (
        {title_key(title) for title in (*titles, *(table.pairs.taken if table.pairs else ()))}
        if titles
        else set()
    )
    for place, part in parts(table, ()):
        used: tuple[str, ...] = part.column if isinstance(part, Field) else ()
        if isinstance(part, Override | Legs | Repeats):
            used = tuple(part.when)
        elif isinstance(part, Pairs):
            used = (*part.same, *part.either_way, *part.opens, *part.closes, *part.takes)
        for title in used:
            if known and title != OPEN and title_key(title) not in known:
                yield (
                    place,
                    f"the table has no column {title!r}; its columns are {', '.join(titles)}",
                )


def _titles(table: Table) -> tuple[str, ...]:
    try:
        return table.titles
    except re.error:
        return ()  # said of the pattern


def _unreachable(layout: Layout) -> Iterator[Slip]:
    """Tables that are never chosen: of those whose titles a line has, the one with most titles
    is, and of equals the first.
    """
    for i, table in enumerate(layout.tables):
        here, titles = ("tables", i), _keys(table.header)
        if both := [title for title in table.absent if title_key(title) in titles]:
            yield (
                (
                    *here,
                    "absent",
                ),
                f"absent names {both[0]!r}, as header does: no line can have it and lack it",
            )
        for earlier in layout.tables[:i]:
            same = (
                titles
                and titles == _keys(earlier.header)
                and _keys(earlier.absent) <= _keys(table.absent)
            )
            same = same and table.title in (None, earlier.title) and layout.container != "fixed"
            headless = bool(table.columns and earlier.columns and not table.header)
            if same or headless or (layout.container == "fixed" and table.record == earlier.record):
                remedy = (
                    "tell them apart by absent or title"
                    if same
                    else "tell them apart by header"
                    if headless
                    else "give it its own record"
                )
                yield (
                    here,
                    (
                        f"the table {table.name} is never reached: {earlier.name} above takes all"
                        f" of its lines; {remedy}"
                    ),
                )
                break


def _keys(titles: tuple[str, ...]) -> set[str]:
    return {title_key(title) for title in titles}


# --------------------------------------------------------------------------- the layout as a whole


def _whole(layout: Layout) -> Iterator[Slip]:
    if not layout.tables:
        yield ("tables",), "tables is empty; describe at least one"
    if layout.container == "pdf" and layout.grid is None:
        yield ("container",), "a pdf layout needs grid with document"
    if layout.quote is not None and len(layout.quote) != 1:
        yield ("quote",), f"quote must be one character or null, not {layout.quote!r}"
    if len(layout.delimiter) != 1:
        yield ("delimiter",), f"delimiter must be one character, not {layout.delimiter!r}"
    if layout.carrier.startswith("@") and layout.carrier[1:] not in layout.context:
        yield (
            ("carrier",),
            (
                f"carrier is the context value {layout.carrier[1:]!r}, which the layout does not"
                " pick up; say how under context"
            ),
        )
    for i, encoding in enumerate(layout.encodings):
        try:
            codecs.lookup(encoding)
        except LookupError:
            yield (
                (
                    "encodings",
                    i,
                ),
                f"encodings: {encoding!r} is no encoding; write for example windows-1252",
            )
    if trouble := _zone(layout.zone):
        yield ("zone",), trouble
