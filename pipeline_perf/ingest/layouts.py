"""Layouts: what a carrier's file looks like and what its columns mean, as frozen data read from YAML.

Here belong the form of a layout and its check on load, with file, line and remedy in every message.
Matching a file against layouts is the next room's work (`recognise`), converting values `normalise`'s.
"""

from __future__ import annotations

import codecs
import dataclasses
import datetime as dt
import functools
import re
import re._parser as re_parser  # type: ignore[import-not-found]  # private, but the only view of a pattern's structure
import types
import typing
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import polars as pl

from pipeline_perf import events
from pipeline_perf.ingest.errors import LayoutError

BUILT_IN = Path(__file__).parent.parent / "layouts"

DurationForm = Literal["seconds", "minutes", "clock", "hour_clock", "hhmmss", "tenths", "words"]

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

    column: tuple[str, ...] = ()
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
    derive: Literal["subscriber", "answered", "direction"] | None = None  # where the text says nothing: see `normalise`
    formats: tuple[str, ...] = ()  #                  strptime forms; the one that reads the whole column is taken
    year: Literal["period"] | None = None  #          forms without a year take it from the context value `period`
    carry_down: bool = False  #                       an empty date repeats the one above
    zone: str | None = None  #                        overrides the layout's zone
    form: DurationForm | None = None
    scale: float | None = None  #                     factor to seconds, bytes or units of currency
    resolution: int | None = None  #                  seconds


@dataclass(frozen=True)
class Override:
    """Rows whose columns match all of `when` (regexes) take `set` instead of what the fields say."""

    when: Mapping[str, str]
    set: Mapping[str, Field]


@dataclass(frozen=True)
class Legs:
    """Rows of one call: same values in `same`, starts at most `within_s` apart, one of them matching `when`."""

    same: tuple[str, ...]
    within_s: float
    when: Mapping[str, str]


@dataclass(frozen=True)
class Repeats:
    """Rows matching `when` tell a call again that another row of the file tells: marked as duplicates."""

    when: Mapping[str, str]
    within_s: float


@dataclass(frozen=True)
class Table:
    """One table of a file: how it is found, its columns, and what they mean."""

    name: str
    fields: Mapping[str, tuple[Field, ...]]
    header: tuple[str, ...] = ()  #                   titles that must all stand in the header line
    absent: tuple[str, ...] = ()  #                   titles that must not
    title: str | None = None  #                       regex of the section's title line
    record: str | None = None  #                      regex that every record's line matches; without slices its named groups are columns
    columns: tuple[str, ...] = ()  #                  titles, where the file has no header line
    slices: Mapping[str, tuple[int, int]] = field(default_factory=dict)  # fixed width: title → first, last position from 1
    overrides: tuple[Override, ...] = ()
    legs: Legs | None = None
    repeats: Repeats | None = None

    @property
    def titles(self) -> tuple[str, ...]:
        """The columns of a table without delimiters."""
        return tuple(self.slices) or tuple(re.compile(self.record or "").groupindex)


@dataclass(frozen=True)
class Control:
    """A figure that a header or trailer record states of the file, compared with what was read."""

    record: str  #                                    regex of the line
    slice: tuple[int, int]
    equals: Literal["records", "duration_s"]
    form: DurationForm = "seconds"


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

    id: str
    carrier: str
    title: str
    source: str  #                                    where the form is documented
    container: Literal["delimited", "fixed", "pdf", "json", "xml"]
    tables: tuple[Table, ...]
    evidence: Literal["documented", "constructed"] = "documented"
    encodings: tuple[str, ...] = ("utf-8", "windows-1252")
    records: str = ""  #                              JSON: the array that holds them, where it has a name; XML: their path
    delimiter: str = ","
    quote: str | None = '"'
    overflow: bool = False  #                         delimiters beyond the last column belong to it
    short_rows: bool = False  #                       empty cells at the end of a row may be left out
    zone: str = "local"  #                            UTC, an IANA name, or local: not known from the file
    region: str = "US"  #                             country in whose notation numbers are written; ZZ: not known
    currency: str | None = None
    signature: tuple[str, ...] = ()  #                regexes that must each be found in the file's head
    furniture: tuple[str, ...] = ()  #                regexes of lines that are no records
    context: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # name → regexes; the groups, joined, are the value
    file_name: Mapping[str, str] = field(default_factory=dict)  # the same from the file's name
    controls: tuple[Control, ...] = ()
    grid: Grid | None = None
    running_number: str | None = None  #              a column that counts rows: no part of a row's identity
    no_records: str | None = None  #                  files of this layout hold no events: what they hold, and what to ask for


@functools.lru_cache(maxsize=100_000)
def title_key(title: str) -> str:
    """A column title without case, blanks and punctuation: `Conn. Time (UTC)` → `conntimeutc`."""
    return re.sub(r"[\W_]+", "", title).casefold() or title.strip()


# --------------------------------------------------------------------------- reading YAML


def load(path: Path) -> Layout:
    """Read one layout.

    Raises LayoutError naming the file, the line and what to write instead.
    """
    import yaml

    loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        node = yaml.compose(path.read_text(encoding="utf-8"), Loader=loader)
    except (yaml.YAMLError, UnicodeDecodeError, OSError) as error:
        raise LayoutError(f"{path}: not readable as YAML: {' '.join(str(error).split())}") from error
    if node is None:
        raise LayoutError(f"{path}: empty; a layout needs at least: {', '.join(_required(Layout))}")
    return typing.cast(Layout, _build(Layout, node, path, ""))


def load_folder(folder: Path) -> dict[str, Layout]:
    """All layouts of a folder by id; a folder that does not exist holds none."""
    found: dict[str, Layout] = {}
    for path in sorted(p for p in (*folder.glob("*.yaml"), *folder.glob("*.yml")) if p.is_file()):
        layout = load(path)
        if layout.id in found:
            raise LayoutError(f"{path}: the id {layout.id!r} is already taken by another file of this folder; choose another")
        found[layout.id] = layout
    return found


@functools.cache
def built_in() -> Mapping[str, Layout]:
    return types.MappingProxyType(load_folder(BUILT_IN))


def available(own: Path | None = None) -> dict[str, Layout]:
    """The built-in layouts and a user's own, which win over built-in ones of the same id and are tried first."""
    mine = load_folder(own) if own else {}
    return {**mine, **{key: layout for key, layout in built_in().items() if key not in mine}}


@functools.cache
def _hints(cls: type) -> dict[str, Any]:
    return typing.get_type_hints(cls)


@functools.cache
def _required(cls: type) -> list[str]:
    return [f.name for f in dataclasses.fields(cls) if f.default is dataclasses.MISSING and f.default_factory is dataclasses.MISSING]


def _fail(path: Path, node: Any, message: str) -> LayoutError:
    return LayoutError(f"{path}, line {node.start_mark.line + 1}: {message}")


def _build(cls: type, node: Any, path: Path, where: str) -> Any:
    """Build a dataclass from a YAML node, strictly: unknown, missing and ill-typed keys are errors with their line."""
    hints = _hints(cls)
    if cls is Field and node.id == "scalar":  # `to_number: Called Number` is short for a column
        return Field(column=(node.value,))
    if node.id != "mapping":
        raise _fail(path, node, f"{where or 'the layout'} must be a mapping with keys such as {', '.join(hints)}")
    values: dict[str, Any] = {}
    for key, child in node.value:
        name = _key(key, path, where)
        if name not in hints:
            raise _fail(path, key, f"{where}unknown key {name!r}; known here: {', '.join(sorted(hints))}")
        if name in values:
            raise _fail(path, key, f"{where}{name} is given twice; keep one")
        values[name] = _value(hints[name], child, path, f"{where}{name}")
    absent = [name for name in _required(cls) if name not in values]
    if absent:
        raise _fail(path, node, f"{where or 'the layout'} lacks {', '.join(absent)}")
    built = cls(**values)
    _check(built, node, path, where)
    return built


def _key(node: Any, path: Path, where: str) -> str:
    if node.id != "scalar":
        raise _fail(path, node, f"{where}a key must be a word, not a list or mapping")
    return typing.cast(str, node.value)


def _value(hint: Any, node: Any, path: Path, where: str) -> Any:
    origin, args = typing.get_origin(hint), typing.get_args(hint)
    if origin in (typing.Union, types.UnionType):
        if node.id == "scalar" and node.tag.endswith(":null"):
            return None
        return _value(next(a for a in args if a is not type(None)), node, path, where)
    if origin is Literal:
        if node.value not in args:
            raise _fail(path, node, f"{where} is {node.value!r}; choose one of {', '.join(map(str, args))}")
        return node.value
    if origin is tuple:
        if args[-1] is Ellipsis:
            nodes = node.value if node.id == "sequence" else [node]
            return tuple(_value(args[0], child, path, where) for child in nodes)
        if node.id != "sequence" or len(node.value) != len(args):
            raise _fail(path, node, f"{where} must be a list of {len(args)} values")
        return tuple(_value(a, child, path, where) for a, child in zip(args, node.value, strict=True))
    if origin is not None and issubclass(origin, Mapping):
        if node.id != "mapping":
            raise _fail(path, node, f"{where} must be a mapping")
        found: dict[str, Any] = {}
        for key, child in node.value:
            name = _key(key, path, f"{where}: ")
            if name in found:
                raise _fail(path, key, f"{where}: {name!r} is given twice; keep one")
            found[name] = _value(args[1], child, path, f"{where}.{name}: ".removesuffix(": "))
        return found
    if dataclasses.is_dataclass(hint):
        return _build(typing.cast(type, hint), node, path, f"{where}: ")
    if node.id != "scalar":
        raise _fail(path, node, f"{where} must be a single value")
    if hint is bool:
        if node.value not in ("true", "false"):
            raise _fail(path, node, f"{where} must be true or false")
        return node.value == "true"
    if hint is str and not node.value and not node.style:
        raise _fail(path, node, f"{where} is empty; write '' where that is meant")
    if hint in (int, float):
        try:
            return hint(node.value)
        except ValueError:
            raise _fail(path, node, f"{where} must be a number, not {node.value!r}") from None
    return node.value


def _patterns(built: Any) -> Iterable[tuple[str, str]]:
    """Every regular expression of a part of a layout, with its key."""
    if isinstance(built, Field):
        yield from (("pick", built.pick or ""), ("strip", built.strip or ""), *(("match", key) for key in built.match))
    elif isinstance(built, Override | Legs | Repeats):
        yield from (("when", value) for value in built.when.values())
    elif isinstance(built, Table):
        yield from (("title", built.title or ""), ("record", built.record or ""))
    elif isinstance(built, Control):
        yield "record", built.record
    elif isinstance(built, Grid):
        yield from (("document", built.document), *(("end", p) for p in built.end))
    elif isinstance(built, Layout):
        yield from (("signature", p) for p in built.signature)
        yield from (("furniture", p) for p in built.furniture)
        yield from (("context", p) for group in built.context.values() for p in group)
        yield from (("file_name", p) for p in built.file_name.values())


def _explodes(parsed: Any, *, repeated: bool = False) -> bool:
    """Whether a pattern repeats something that itself is repeated without bound, such as (a+)+: exponential in time on a near miss."""
    for operation, value in parsed:
        name = str(operation)
        if name in ("MAX_REPEAT", "MIN_REPEAT"):
            unbounded = value[1] is re_parser.MAXREPEAT
            if (unbounded and repeated) or _explodes(value[2], repeated=repeated or unbounded):
                return True
        elif name == "SUBPATTERN":
            if _explodes(value[3], repeated=repeated):
                return True
        elif name == "BRANCH" and any(_explodes(branch, repeated=repeated) for branch in value[1]):
            return True
    return False


def _check_patterns(built: Any, node: Any, path: Path, where: str) -> None:
    for key, pattern in _patterns(built):
        try:
            re.compile(pattern)
            pl.select(pl.lit("").str.contains(pattern))  # Rust's dialect: no look-around
        except (re.error, OverflowError, pl.exceptions.ComputeError) as error:
            raise _fail(path, node, f"{where}{key}: {pattern!r} is no regular expression: {' '.join(str(error).split())}") from None
        if _explodes(re_parser.parse(pattern)):
            raise _fail(path, node, f"{where}{key}: {pattern!r} repeats a repetition, which can take for ever; write it with one")


def _check(built: Any, node: Any, path: Path, where: str) -> None:
    """What types cannot say of a part of a layout."""
    if path.parent != BUILT_IN:  # the patterns of those are checked by a test: at each start they would take as long as all else
        _check_patterns(built, node, path, where)
    if isinstance(built, Field) and built.pick and not re.compile(built.pick).groups:
        raise _fail(path, node, f"{where}pick: {built.pick!r} has no group: put brackets around what is wanted")
    if isinstance(built, Table):
        for title, (first, last) in built.slices.items():
            if not 1 <= first <= last < 2**20:
                raise _fail(path, node, f"{where}slices.{title} is {first} to {last}; give first and last position, counted from 1")
        if not (built.header or built.columns or built.titles):
            raise _fail(path, node, f"{where}give header (titles), columns (no header line) or slices (fixed width)")
        for name in (*built.fields, *(name for o in built.overrides for name in o.set)):
            if name not in FIELDS:
                raise _fail(path, node, f"{where}{name!r} is no event field; known: {', '.join(sorted(FIELDS))}")
        if built.legs and not set(built.legs.same) <= set(built.fields):
            raise _fail(path, node, f"{where}legs.same names {', '.join(built.legs.same)}; choose among the table's fields")
        if built.fields and "started_at" not in built.fields:
            raise _fail(path, node, f"{where}fields lacks started_at: an event needs a time")
    if isinstance(built, Field) and not (built.column or built.value is not None or built.context or built.derive):
        raise _fail(path, node, f"{where}say where the value comes from: column, value, context or derive")
    if isinstance(built, Layout):
        if not built.tables:
            raise _fail(path, node, "tables is empty; describe at least one")
        if not built.no_records and not all(t.fields for t in built.tables):
            raise _fail(
                path, node, "a table has no fields; describe at least started_at and a party, or say under no_records what its files hold"
            )
        if built.container == "pdf" and (built.grid is None or not all(t.header and t.record for t in built.tables)):
            raise _fail(path, node, "a pdf layout needs grid with document, and each of its tables header and record")
        if built.container == "fixed" and not all(t.titles and t.record for t in built.tables):
            raise _fail(path, node, "each table of a fixed-width layout needs slices and record")
        if built.quote is not None and len(built.quote) != 1:
            raise _fail(path, node, f"quote must be one character or null, not {built.quote!r}")
        if len(built.delimiter) != 1:
            raise _fail(path, node, f"delimiter must be one character, not {built.delimiter!r}")
        for encoding in built.encodings:
            try:
                codecs.lookup(encoding)
            except LookupError:
                raise _fail(path, node, f"encodings: {encoding!r} is no encoding; write for example windows-1252") from None
        _check_zones(built, node, path)


def _check_zones(layout: Layout, node: Any, path: Path) -> None:
    import zoneinfo

    named = [layout.zone, *(f.zone for t in layout.tables for alternatives in t.fields.values() for f in alternatives if f.zone)]
    for zone in named:
        if zone not in ("local", "UTC"):
            try:
                zoneinfo.ZoneInfo(zone)
                pl.select(pl.lit(dt.datetime(2024, 1, 1)).dt.replace_time_zone(zone))  # Polars knows fewer names
            except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError, pl.exceptions.ComputeError):  # a region such as Europe is a folder
                raise _fail(path, node, f"zone {zone!r} is neither local, UTC nor an IANA name such as America/New_York") from None
