"""A field of a layout → Polars expressions: the text that the file has for it, and the value
that the text denotes.

Nothing is evaluated here; whether a value is plausible is `validate`'s question.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal

import polars as pl

from pipeline_perf.ingest.batch import UNMAPPED, UNREADABLE, Columns, plain
from pipeline_perf.ingest.layout.model import Field
from pipeline_perf.ingest.normalise.amounts import Hours, plain_number, seconds, to_float, total

#: Fields of which every text should be one that the layout knows.
DECISIVE = ("event_type", "direction")
#: Fields whose text must become a value of another type: text that does not is a defect of the
#: record.
TYPED = ("duration_s", "bytes_total", "charge", "latitude", "longitude")

_WORDS = r"""
    null (null) <null> [null] \n nil none <none> (none) n/a #n/a n.a. na <na> nan nat
    undefined #null! #ref! #value! #name? #div/0! #nv #n/d - -- --- – — ? ?? ???
    unknown (unknown) <unknown> missing empty (empty) (blank)
    unbekannt k.a. leer inconnu inconnue néant vide n/d n.d. s/d s.d.
    desconocido desconocida ninguno ninguna nulo nula vacío vacio
    desconhecido desconhecida nenhum nenhuma vazio
    sconosciuto sconosciuta nessuno nullo vuoto onbekend geen leeg n.v.t. nvt
    okänd saknas ukjent ukendt tuntematon brak nieznany nieznane neznámý neznámé
    neznano ismeretlen nincs necunoscut bilinmiyor άγνωστο άγνωστος κανένα
    неизвестно неизвестный нет невідомо немає 未知 不明 なし 无 無 없음
"""
#: Texts that say in a cell that it has no value, in lower case: of databases, programs and
#: spreadsheets, then of people. None of those that tell that a number was withheld.
NOTHING = frozenset(
    {"not available", "not applicable", "no data", "keine angabe", "nicht verfügbar"}
    | {"sin datos", "no disponible", "non disponible", "non disponibile", "não disponível"}
    | set(_WORDS.split())
)


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


def steps(name: str, spec: Field, columns: Columns, hours: Hours | None = None) -> Steps:
    """Text, then value, then whether the text was none; `hours` are those of a duration's clock."""
    text = text_of(spec, columns)
    unmapped = _unmapped(name, spec, columns)
    if name not in TYPED and name != "answered":
        return Steps([text.alias(name), *unmapped])
    cells = _cells(spec, columns) if spec.combine == "add" else []
    parts = [pl.col(f"cell.{name}.{i}") for i in range(len(cells))]
    value = _typed(name, spec, pl.col(f"text.{name}"), parts, hours).alias(name)
    unreadable = (pl.col(f"text.{name}").is_not_null() & pl.col(name).is_null()).alias(
        UNREADABLE + name
    )
    return Steps(
        [
            text.alias(f"text.{name}"),
            *unmapped,
            *(cell.alias(f"cell.{name}.{i}") for i, cell in enumerate(cells)),
        ],
        [value],
        [unreadable] if name in TYPED else [],
    )


def is_cleaned(spec: Field) -> bool:
    """Whether a field's text is that of a frame that is `cleaned`. Times hardly repeat, and are
    taken as they stand: `times` looks once more at those that are none.
    """
    return not spec.formats or spec.combine == "first"


def text_of(spec: Field, columns: Columns) -> pl.Expr:
    """The text of a field: joined, trimmed, picked, mapped; null where the file has nothing."""
    if spec.value is not None:
        return pl.lit(spec.value)
    text = _mapped(spec, _picked(spec, columns))
    return text if spec.default is None else text.fill_null(spec.default)


def _unmapped(name: str, spec: Field, columns: Columns) -> list[pl.Expr]:
    """The texts that are none of those that a field maps, where it says nothing else for them."""
    known_otherwise = spec.value is not None or spec.default is not None or spec.derive
    patterns = spec.match if name in DECISIVE else None  # others may look for one word only
    if known_otherwise or not (spec.map or patterns):
        return []
    text = _picked(spec, columns)
    return [pl.when(_mapped(spec, text).is_null()).then(text).alias(UNMAPPED + name)]


def _picked(spec: Field, columns: Columns) -> pl.Expr:
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
    return text


def _mapped(spec: Field, text: pl.Expr) -> pl.Expr:
    if not (spec.map or spec.match):
        return text
    mapped: pl.Expr = pl.lit(None, dtype=pl.String)
    if spec.map:
        table = {key.casefold(): value for key, value in spec.map.items()}
        mapped = text.str.to_lowercase().replace_strict(table, default=None, return_dtype=pl.String)
    for pattern, value in spec.match.items():
        mapped = (
            pl.when(mapped.is_null() & text.str.contains(pattern))
            .then(pl.lit(value))
            .otherwise(mapped)
        )
    return mapped


def are_nothing(texts: pl.Series) -> pl.Series:
    """Whether texts say that there is no value."""
    return plain(texts).str.to_lowercase().is_in(NOTHING)


def _absent_if_empty(text: pl.Expr) -> pl.Expr:
    return pl.when(text != "").then(text)


def _cells(spec: Field, columns: Columns) -> list[pl.Expr]:
    if spec.context is not None:
        texts = [pl.col(f"context.{spec.context}")]
    else:
        texts = [columns.expr(title) for title in spec.column if columns.has((title,))]
    cells = [text if is_cleaned(spec) else text.str.strip_chars() for text in texts]
    absent = [text.is_in(["", *spec.missing]) if spec.missing else text == "" for text in cells]
    if is_cleaned(spec) and not spec.match:  # what a layout says of such a word goes before
        words = NOTHING - {key.lower() for key in spec.map}
        absent = [
            none | text.str.to_lowercase().is_in(words)
            for none, text in zip(absent, cells, strict=True)
        ]
    return [pl.when(~none).then(text) for none, text in zip(absent, cells, strict=True)]


def _typed(
    name: str, spec: Field, text: pl.Expr, cells: list[pl.Expr], hours: Hours | None
) -> pl.Expr:
    if name == "duration_s":
        value = seconds(text, spec.form or "seconds", spec.decimal, hours)
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
