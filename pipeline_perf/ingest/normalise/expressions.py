"""A field of a layout → Polars expressions: the text that the file has for it, and the value that the text denotes.

Nothing is evaluated here; whether a value is plausible is `validate`'s question.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

import polars as pl

from pipeline_perf.ingest.batch import UNREADABLE, Batch
from pipeline_perf.ingest.layout.model import DurationForm, Field, title_key

#: Fields whose text must become a value of another type: text that does not is a defect of the record.
TYPED = ("duration_s", "bytes_total", "charge", "latitude", "longitude")


#: Rows in which cells such as ="2125550101" are looked for, as they are written to keep Excel from taking a text for a number.
FIRST_ROWS = 1_000


class Columns:
    """The file's columns by title."""

    def __init__(self, batch: Batch) -> None:
        self.at: dict[str, str] = {}
        for i, title in enumerate(batch.titles):
            self.at.setdefault(title_key(title), f"c{i}")
        texts = batch.frame.head(FIRST_ROWS).select(f"c{i}" for i in range(len(batch.titles)))
        self.formulas = any(texts.select(pl.all().str.starts_with('="').any()).row(0)) if texts.width else False
        self.contexts = {c.removeprefix("context.") for c in batch.frame.columns if c.startswith("context.")}

    def has(self, titles: tuple[str, ...]) -> bool:
        return all(title_key(t) in self.at for t in titles)

    def offer(self, spec: Field) -> bool:
        """Whether the file has the columns of a field: all of them, or one where the first that is not empty counts."""
        if spec.combine == "first" and spec.column:
            return any(title_key(t) in self.at for t in spec.column)
        return self.has(spec.column)

    def expr(self, title: str) -> pl.Expr:
        text = pl.col(self.at[title_key(title)])
        return text.str.replace(r'^\s*="(.*)"\s*$', "$1") if self.formulas else text


@dataclass
class Steps:
    """Expressions in the order in which they build on each other's columns.

    Polars evaluates an expression as often as it is written, so what several others need is a column first.
    """

    first: list[pl.Expr] = field(default_factory=list)  # of the file's columns
    second: list[pl.Expr] = field(default_factory=list)
    third: list[pl.Expr] = field(default_factory=list)

    def extend(self, other: Steps) -> None:
        self.first += other.first
        self.second += other.second
        self.third += other.third

    def of(self, frame: pl.DataFrame) -> pl.DataFrame:
        found = frame.select(self.first)
        if self.second:
            found = found.with_columns(self.second)
        if self.third:
            found = found.with_columns(self.third)
        return found.select(pl.exclude(r"^(?:text|cell)\..*$")) if self.second else found


def steps(name: str, spec: Field, columns: Columns) -> Steps:
    """Text, then value, then whether the text was none."""
    text = text_of(spec, columns)
    if name not in TYPED and name != "answered":
        return Steps([text.alias(name)])
    cells = _cells(spec, columns) if spec.combine == "add" else []
    parts = [pl.col(f"cell.{name}.{i}") for i in range(len(cells))]
    value = _typed(name, spec, pl.col(f"text.{name}"), parts).alias(name)
    unreadable = (pl.col(f"text.{name}").is_not_null() & pl.col(name).is_null()).alias(UNREADABLE + name)
    return Steps(
        [text.alias(f"text.{name}"), *(cell.alias(f"cell.{name}.{i}") for i, cell in enumerate(cells))],
        [value],
        [unreadable] if name in TYPED else [],
    )


def text_of(spec: Field, columns: Columns) -> pl.Expr:
    """The text of a field: joined, trimmed, picked, mapped; null where the file has nothing."""
    if spec.value is not None:
        return pl.lit(spec.value)
    cleaned = _cells(spec, columns)
    if spec.combine == "join":
        text = cleaned[0] if len(cleaned) == 1 else _absent_if_empty(pl.concat_str(cleaned, separator=" ", ignore_nulls=True))
    else:
        text = pl.coalesce(cleaned)
    if spec.pick:
        text = text.str.extract(spec.pick, 1)
    if spec.strip:
        text = _absent_if_empty(text.str.replace_all(spec.strip, "").str.strip_chars())
    if spec.map or spec.match:
        mapped: pl.Expr = pl.lit(None, dtype=pl.String)
        if spec.map:
            table = {key.casefold(): value for key, value in spec.map.items()}
            mapped = text.str.to_lowercase().replace_strict(table, default=None, return_dtype=pl.String)
        for pattern, value in spec.match.items():
            mapped = pl.when(mapped.is_null() & text.str.contains(pattern)).then(pl.lit(value)).otherwise(mapped)
        text = mapped
    if spec.default is not None:
        text = text.fill_null(spec.default)
    return text


def _absent_if_empty(text: pl.Expr) -> pl.Expr:
    return pl.when(text != "").then(text)


def _cells(spec: Field, columns: Columns) -> list[pl.Expr]:
    if spec.context is not None:
        parts = [pl.col(f"context.{spec.context}")]
    else:
        parts = [columns.expr(title) for title in spec.column if columns.has((title,))]
    trimmed = [part.str.strip_chars() for part in parts]
    return [pl.when(~text.is_in(["", *spec.missing]) if spec.missing else text != "").then(text) for text in trimmed]


def matches(conditions: Mapping[str, str], columns: Columns) -> pl.Expr:
    found = [columns.expr(title).str.strip_chars().str.contains(pattern).fill_null(False) for title, pattern in conditions.items()]
    return pl.all_horizontal(found)


def _typed(name: str, spec: Field, text: pl.Expr, cells: list[pl.Expr]) -> pl.Expr:
    if name == "duration_s":
        value = seconds(text, spec.form or "seconds", spec.decimal)
        return (value * spec.scale).round(6) if spec.scale else value  # no factor is finer than a microsecond
    if name == "bytes_total":
        amount = _sum(cells, spec.decimal) if spec.combine == "add" else _float(text, spec.decimal)
        return (amount * (spec.scale or 1.0)).round().cast(pl.Int64, strict=False)
    if name == "charge":
        bare = text.str.replace_all(r"[$€£]", "").str.strip_chars().str.replace(r"^\((.+)\)$", "-$1")
        amount = _number(bare, spec.decimal).cast(pl.Decimal(18, 6), strict=False)
        return (amount * Decimal(str(spec.scale))).cast(pl.Decimal(18, 6), strict=False) if spec.scale else amount
    if name in ("latitude", "longitude"):
        return _float(text, spec.decimal)
    if name == "answered":
        return text.str.to_lowercase().replace_strict({"true": True, "false": False}, default=None, return_dtype=pl.Boolean)
    return text


_BLANKS = r"'\s\x{a0}\x{202f}"
#: Numbers with separators between thousands (in India also between hundreds of them), by what stands before their decimals.
_GROUPED = {
    ".": rf"^[-+]?\d{{1,3}}(?:[,{_BLANKS}]\d{{2,3}})*[,{_BLANKS}]\d{{3}}(?:\.\d*)?$",
    ",": rf"^[-+]?(?:\d+|\d{{1,3}}(?:[.{_BLANKS}]\d{{3}})+)?(?:,\d*)?$",
}


def _number(text: pl.Expr, decimal: str) -> pl.Expr:
    """A number's text as everybody reads it; null where a separator does not stand between thousands.

    Taken away wherever it stands, a comma would make 15 of 0,15.
    """
    grouped = text.str.contains(_GROUPED[decimal])
    if decimal == ",":
        return pl.when(grouped).then(text.str.replace_all(rf"[.{_BLANKS}]", "").str.replace(",", ".", literal=True))
    separated = text.str.contains(rf"[,{_BLANKS}]")
    return pl.when(~separated).then(text).when(grouped).then(text.str.replace_all(rf"[,{_BLANKS}]", ""))


def _float(text: pl.Expr, decimal: str = ".") -> pl.Expr:
    value = _number(text, decimal).cast(pl.Float64, strict=False)
    return pl.when(value.is_finite()).then(value)


def _sum(cells: list[pl.Expr], decimal: str) -> pl.Expr:
    """The sum of what is given; null where nothing is, or one of the texts is no number."""
    values = [_float(cell, decimal) for cell in cells]
    broken = pl.any_horizontal([cell.is_not_null() & value.is_null() for cell, value in zip(cells, values, strict=True)])
    given = pl.any_horizontal([cell.is_not_null() for cell in cells])
    return pl.when(given & ~broken).then(pl.sum_horizontal(values))


def seconds(text: pl.Expr, form: DurationForm, decimal: str = ".") -> pl.Expr:
    """Seconds from the ways in which durations are written; null for what is none of the form.

    `clock` ends in seconds (S, M:S, H:M:S, H:M'S; minutes may exceed 59), `hour_clock` begins with hours
    (H:M, H:M:S), `hhmmss` has no colons, `tenths` counts tenths of a second, `words` is `1h 2m 3s`, `iso`
    `PT1H2M3S` (ISO 8601, without years and months).
    """
    if form == "seconds":
        return _float(text, decimal)
    if form == "minutes":
        return _float(text, decimal) * 60.0
    if form == "tenths":
        tenths = _float(pl.when(text.str.contains(r"^\d+$")).then(text))
        return (tenths / 10.0).round(1)  # rounded, because Polars divides a single value otherwise than several
    if form == "hhmmss":
        digits = pl.when(text.str.contains(r"^\d{1,8}$")).then(text.str.zfill(8))
        part = [digits.str.slice(*at).cast(pl.Float64, strict=False) for at in ((0, 4), (4, 2), (6, 2))]
        return pl.when((part[1] < 60) & (part[2] < 60)).then(part[0] * 3600 + part[1] * 60 + part[2])
    if form == "iso":
        found = text.str.to_uppercase()
        shape = found.str.contains(r"^P(?:\d+D)?(?:T(?:\d+H)?(?:\d+M)?(?:\d+(?:\.\d+)?S)?)?$") & found.str.contains(r"\d")
        units = {"D": 86_400, "H": 3600, "M": 60, "S": 1}
        parts = [found.str.extract(rf"(\d+(?:\.\d+)?){unit}", 1).cast(pl.Float64).fill_null(0.0) * size for unit, size in units.items()]
        return pl.when(shape).then(pl.sum_horizontal(parts))
    if form == "words":
        found = text.str.to_lowercase()
        shape = found.str.contains(r"^\s*(?:\d+\s*h\w*\.?\s*)?(?:\d+\s*m\w*\.?\s*)?(?:\d+\s*s\w*\.?\s*)?$")
        part = [found.str.extract(rf"(\d+)\s*{unit}", 1).cast(pl.Float64).fill_null(0.0) for unit in "hms"]
        return pl.when(shape).then(part[0] * 3600 + part[1] * 60 + part[2])
    text = text.str.replace("'", ":", literal=True)
    clean = pl.when(text.str.contains(r"^\s*\d+(?:\s*:\s*\d+){0,2}(?:\.\d+)?\s*$")).then(text)
    pieces = clean.str.splitn(":", 3).struct
    x, y, z = (pieces.field(f"field_{i}").str.strip_chars().cast(pl.Float64, strict=False) for i in range(3))
    sexagesimal = (y.is_null() | (y < 60)) & (z.is_null() | (z < 60))
    if form == "hour_clock":
        value = pl.when(z.is_not_null()).then(x * 3600 + y * 60 + z).when(y.is_not_null()).then(x * 3600 + y * 60).otherwise(None)
    else:
        value = pl.when(z.is_not_null()).then(x * 3600 + y * 60 + z).when(y.is_not_null()).then(x * 60 + y).otherwise(x)
    return pl.when(sexagesimal.fill_null(False)).then(value)
