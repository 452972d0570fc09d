"""A field of a layout → Polars expressions: the text that the file has for it, and the value
that the text denotes.

Nothing is evaluated here; whether a value is plausible is `validate`'s question.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal

import polars as pl

from pipeline_perf.ingest.batch import UNREADABLE, Columns
from pipeline_perf.ingest.layout.model import Field
from pipeline_perf.ingest.normalise.amounts import plain_number, seconds, to_float, total

#: Fields whose text must become a value of another type: text that does not is a defect of the
#: record.
TYPED = ("duration_s", "bytes_total", "charge", "latitude", "longitude")


@dataclass
class Steps:
    """Expressions in the order in which they build on each other's columns.

    Polars evaluates an expression as often as it is written, so what several others need is a
    column first.
    """

    first: list[pl.Expr] = field(default_factory=list)  # of the file's columns
    second: list[pl.Expr] = field(default_factory=list)
    third: list[pl.Expr] = field(default_factory=list)

    def extend(self, other: Steps) -> None:
        self.first += other.first
        self.second += other.second
        self.third += other.third

    def of(self, frame: pl.DataFrame) -> pl.DataFrame:
        columns = frame.select(self.first)
        if self.second:
            columns = columns.with_columns(self.second)
        if self.third:
            columns = columns.with_columns(self.third)
        return columns.select(pl.exclude(r"^(?:text|cell)\..*$")) if self.second else columns


def steps(name: str, spec: Field, columns: Columns) -> Steps:
    """Text, then value, then whether the text was none."""
    text = text_of(spec, columns)
    if name not in TYPED and name != "answered":
        return Steps([text.alias(name)])
    cells = _cells(spec, columns) if spec.combine == "add" else []
    parts = [pl.col(f"cell.{name}.{i}") for i in range(len(cells))]
    value = _typed(name, spec, pl.col(f"text.{name}"), parts).alias(name)
    unreadable = (pl.col(f"text.{name}").is_not_null() & pl.col(name).is_null()).alias(
        UNREADABLE + name
    )
    return Steps(
        [
            text.alias(f"text.{name}"),
            *(cell.alias(f"cell.{name}.{i}") for i, cell in enumerate(cells)),
        ],
        [value],
        [unreadable] if name in TYPED else [],
    )


def text_of(spec: Field, columns: Columns) -> pl.Expr:
    """The text of a field: joined, trimmed, picked, mapped; null where the file has nothing."""
    if spec.value is not None:
        return pl.lit(spec.value)
    cleaned = _cells(spec, columns)
    if spec.combine == "join":
        text = (
            cleaned[0]
            if len(cleaned) == 1
            else _absent_if_empty(pl.concat_str(cleaned, separator=" ", ignore_nulls=True))
        )
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
            mapped = text.str.to_lowercase().replace_strict(
                table, default=None, return_dtype=pl.String
            )
        for pattern, value in spec.match.items():
            mapped = (
                pl.when(mapped.is_null() & text.str.contains(pattern))
                .then(pl.lit(value))
                .otherwise(mapped)
            )
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
    return [
        pl.when(~text.is_in(["", *spec.missing]) if spec.missing else text != "").then(text)
        for text in trimmed
    ]


def _typed(name: str, spec: Field, text: pl.Expr, cells: list[pl.Expr]) -> pl.Expr:
    if name == "duration_s":
        value = seconds(text, spec.form or "seconds", spec.decimal)
        # no factor is finer than a microsecond
        return (value * spec.scale).round(6) if spec.scale else value
    if name == "bytes_total":
        amount = (
            total(cells, spec.decimal) if spec.combine == "add" else to_float(text, spec.decimal)
        )
        return (amount * (spec.scale or 1.0)).round().cast(pl.Int64, strict=False)
    if name == "charge":
        bare = (
            text.str.replace_all(r"[$€£]", "").str.strip_chars().str.replace(r"^\((.+)\)$", "-$1")
        )
        amount = plain_number(bare, spec.decimal).cast(pl.Decimal(18, 6), strict=False)
        return (
            (amount * Decimal(str(spec.scale))).cast(pl.Decimal(18, 6), strict=False)
            if spec.scale
            else amount
        )
    if name in ("latitude", "longitude"):
        return to_float(text, spec.decimal)
    if name == "answered":
        return text.str.to_lowercase().replace_strict(
            {"true": True, "false": False}, default=None, return_dtype=pl.Boolean
        )
    return text
