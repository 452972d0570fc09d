"""Numbers and durations as they are written → Polars expressions of their values."""

from __future__ import annotations

import polars as pl

from pipeline_perf.ingest.layout.model import DurationForm

_BLANKS = r"'\s\x{a0}\x{202f}"
#: Numbers with separators between thousands (in India also between hundreds of them), by what
#: stands before their decimals.
_GROUPED = {
    ".": rf"^[-+]?\d{{1,3}}(?:[,{_BLANKS}]\d{{2,3}})*[,{_BLANKS}]\d{{3}}(?:\.\d*)?$",
    ",": rf"^[-+]?(?:\d+|\d{{1,3}}(?:[.{_BLANKS}]\d{{3}})+)?(?:,\d*)?$",
}


def plain_number(text: pl.Expr, decimal: str) -> pl.Expr:
    """A number's text as everybody reads it; null where a separator does not stand between
    thousands.

    Taken away wherever it stands, a comma would make 15 of 0,15.
    """
    grouped = text.str.contains(_GROUPED[decimal])
    if decimal == ",":
        return pl.when(grouped).then(
            text.str.replace_all(rf"[.{_BLANKS}]", "").str.replace(",", ".", literal=True)
        )
    separated = text.str.contains(rf"[,{_BLANKS}]")
    return (
        pl.when(~separated)
        .then(text)
        .when(grouped)
        .then(text.str.replace_all(rf"[,{_BLANKS}]", ""))
    )


def to_float(text: pl.Expr, decimal: str = ".") -> pl.Expr:
    value = plain_number(text, decimal).cast(pl.Float64, strict=False)
    return pl.when(value.is_finite()).then(value)


def total(cells: list[pl.Expr], decimal: str) -> pl.Expr:
    """The sum of what is given; null where nothing is, or one of the texts is no number."""
    values = [to_float(cell, decimal) for cell in cells]
    broken = pl.any_horizontal(
        [cell.is_not_null() & value.is_null() for cell, value in zip(cells, values, strict=True)]
    )
    given = pl.any_horizontal([cell.is_not_null() for cell in cells])
    return pl.when(given & ~broken).then(pl.sum_horizontal(values))


def seconds(text: pl.Expr, form: DurationForm, decimal: str = ".") -> pl.Expr:
    """Seconds from the ways in which durations are written; null for what is none of the form.

    `clock` ends in seconds (S, M:S, H:M:S, H:M'S; minutes may exceed 59), `hour_clock` begins with
    hours (H:M, H:M:S), `hhmmss` has no colons, `tenths` counts tenths of a second, `words` is `1h
    2m 3s`, `iso` `PT1H2M3S` (ISO 8601, without years and months).
    """
    if form == "seconds":
        return to_float(text, decimal)
    if form == "minutes":
        return to_float(text, decimal) * 60.0
    if form == "tenths":
        tenths = to_float(pl.when(text.str.contains(r"^\d+$")).then(text))
        # rounded, because Polars divides a single value otherwise than several
        return (tenths / 10.0).round(1)
    if form == "hhmmss":
        digits = pl.when(text.str.contains(r"^\d{1,8}$")).then(text.str.zfill(8))
        part = [
            digits.str.slice(*at).cast(pl.Float64, strict=False) for at in ((0, 4), (4, 2), (6, 2))
        ]
        return pl.when((part[1] < 60) & (part[2] < 60)).then(
            part[0] * 3600 + part[1] * 60 + part[2]
        )
    if form == "iso":
        written = text.str.to_uppercase()
        shape = written.str.contains(
            r"^P(?:\d+D)?(?:T(?:\d+H)?(?:\d+M)?(?:\d+(?:\.\d+)?S)?)?$"
        ) & written.str.contains(r"\d")
        units = {"D": 86_400, "H": 3600, "M": 60, "S": 1}
        parts = [
            written.str.extract(rf"(\d+(?:\.\d+)?){unit}", 1).cast(pl.Float64).fill_null(0.0) * size
            for unit, size in units.items()
        ]
        return pl.when(shape).then(pl.sum_horizontal(parts))
    if form == "words":
        written = text.str.to_lowercase()
        shape = written.str.contains(
            r"^\s*(?:\d+\s*h\w*\.?\s*)?(?:\d+\s*m\w*\.?\s*)?(?:\d+\s*s\w*\.?\s*)?$"
        )
        part = [
            written.str.extract(rf"(\d+)\s*{unit}", 1).cast(pl.Float64).fill_null(0.0)
            for unit in "hms"
        ]
        return pl.when(shape).then(part[0] * 3600 + part[1] * 60 + part[2])
    text = text.str.replace("'", ":", literal=True)
    clean = pl.when(text.str.contains(r"^\s*\d+(?:\s*:\s*\d+){0,2}(?:\.\d+)?\s*$")).then(text)
    pieces = clean.str.splitn(":", 3).struct
    x, y, z = (
        pieces.field(f"field_{i}").str.strip_chars().cast(pl.Float64, strict=False)
        for i in range(3)
    )
    sexagesimal = (y.is_null() | (y < 60)) & (z.is_null() | (z < 60))
    if form == "hour_clock":
        value = (
            pl.when(z.is_not_null())
            .then(x * 3600 + y * 60 + z)
            .when(y.is_not_null())
            .then(x * 3600 + y * 60)
            .otherwise(None)
        )
    else:
        value = (
            pl.when(z.is_not_null())
            .then(x * 3600 + y * 60 + z)
            .when(y.is_not_null())
            .then(x * 60 + y)
            .otherwise(x)
        )
    return pl.when(sexagesimal.fill_null(False)).then(value)
