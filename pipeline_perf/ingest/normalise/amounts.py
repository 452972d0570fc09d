"""Numbers and durations as they are written → Polars expressions of their values."""

from __future__ import annotations

import functools
from typing import Literal

import polars as pl

from pipeline_perf.ingest.layout.model import DurationForm

#: What the hours of a column of clocks are: `shown` where there are any, `always` shown, minutes
#: that a spreadsheet `shifted` there.
Hours = Literal["shown", "always", "shifted"]
#: So many different times without seconds are no chance.
SURE = 3

_BLANKS = r"'\s\x{a0}\x{202f}"
#: Numbers with separators between thousands (in India also between hundreds of them), by what
#: stands before their decimals.
_GROUPED = {
    ".": rf"^[-+]?[0-9]{{1,3}}(?:[,{_BLANKS}][0-9]{{2,3}})*[,{_BLANKS}][0-9]{{3}}(?:\.[0-9]*)?$",
    ",": rf"^[-+]?(?:[0-9]+|[0-9]{{1,3}}(?:[.{_BLANKS}][0-9]{{3}})+)?(?:,[0-9]*)?$",
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


def hours_of(values: pl.Series, form: DurationForm) -> Hours | None:
    """What the hours of a column of clocks are, by all of its values.

    A spreadsheet takes the M:S that is typed into it for H:M, and shows it as H:M:00 from a day
    on, or wherever the cell says so.
    """
    if form not in ("clock", "minute_clock"):
        return "shown"
    shapes = _elapsed(values).unique()
    shapes = shapes.filter(shapes.str.contains(r"^\s*[0-9]+\s*:\s*[0-9]+\s*:\s*[0-9]+"))
    if not len(shapes):
        return None
    whole = shapes.str.contains(r":\s*0+\s*$")
    if not whole.all():
        return "always" if shapes.str.contains(r"^\s*0+\s*:").any() else "shown"
    hours = shapes.str.extract(r"^\s*([0-9]+)", 1).cast(pl.Int64, strict=False)
    days, minutes = hours >= 24, ~shapes.str.contains(r"^\s*[0-9]+\s*:\s*0+\s*:")
    if form == "minute_clock":
        return "shifted" if days.any() or len(shapes) >= SURE else None
    return "shifted" if days.all() and minutes.any() and _have_two_parts(values) else "shown"


def _have_two_parts(values: pl.Series) -> bool:
    return bool(values.str.contains(r"^\s*[0-9]+\s*:\s*[0-9]+\s*$").any())


def _elapsed(texts: pl.Series) -> pl.Series:
    """Lengths of time that a spreadsheet shows as a time of the day, or on its day zero, as H:M:S;
    all others as they are.
    """
    rows = texts.str.contains("[A-Za-z/-]").arg_true()
    if not len(rows):  # as in most columns
        return texts
    zero = r"^(?:1899-12-30|1900-01-00|0?0/0?1/1900|0?1/0?0/1900|30/12/1899|12/30/1899)[T ]+"
    shown = texts.gather(rows).str.replace(zero, "")
    clock = r"^\s*([0-9]{1,2})(:[0-9]{2}:[0-9]{2})\s*([AaPp])\.?\s?[Mm]\.?\s*$"
    days = r"^\s*([0-9]+) days?,? +([0-9]{1,2})(:[0-9]{2}:[0-9]{2}(?:\.[0-9]+)?)\s*$"
    text = pl.col(shown.name)
    hour = text.str.extract(clock, 1).cast(pl.Int64)
    after_noon = text.str.extract(clock, 3).str.to_lowercase() == "p"
    of_day = hour % 12 + pl.when(after_noon).then(12).otherwise(0)
    of_days = text.str.extract(days, 1).cast(pl.Int64) * 24 + text.str.extract(days, 2).cast(
        pl.Int64
    )
    lengths = pl.coalesce(
        pl.when(hour <= 12).then(pl.format("{}{}", of_day, text.str.extract(clock, 2))),
        pl.format("{}{}", of_days, text.str.extract(days, 3)),
        text,
    )
    told = shown.to_frame().select(lengths.alias("t"))["t"]
    return texts.clone().scatter(rows, told)  # which works in place


def seconds(
    text: pl.Expr, form: DurationForm, decimal: str = ".", hours: Hours | None = "shown"
) -> pl.Expr:
    """Seconds from the ways in which durations are written; null for what is none of the form.

    `clock` ends in seconds (S, M:S, H:M:S, H:M'S; minutes may exceed 59), `hour_clock` begins with
    hours (H:M, H:M:S), `minute_clock` with minutes (M:S), but for H:M:S that does not end in 00;
    what `hours` of these two are, `hours_of` tells. `hhmmss` has no colons, `tenths` counts tenths
    of a second, `words` is `1h 2m 3s`, `iso` `PT1H2M3S` (ISO 8601, without years and months).
    """
    if form == "seconds":
        return to_float(text, decimal)
    if form == "minutes":
        return to_float(text, decimal) * 60.0
    if form == "tenths":
        tenths = to_float(pl.when(text.str.contains(r"^[0-9]+$")).then(text))
        # rounded, because Polars divides a single value otherwise than several
        return (tenths / 10.0).round(1)
    if form == "hhmmss":
        digits = pl.when(text.str.contains(r"^[0-9]{1,8}$")).then(text.str.zfill(8))
        part = [
            digits.str.slice(*at).cast(pl.Float64, strict=False) for at in ((0, 4), (4, 2), (6, 2))
        ]
        return pl.when((part[1] < 60) & (part[2] < 60)).then(
            part[0] * 3600 + part[1] * 60 + part[2]
        )
    if form == "iso":
        written = text.str.to_uppercase()
        shape = written.str.contains(
            r"^P(?:[0-9]+D)?(?:T(?:[0-9]+H)?(?:[0-9]+M)?(?:[0-9]+(?:\.[0-9]+)?S)?)?$"
        ) & written.str.contains(r"[0-9]")
        units = {"D": 86_400, "H": 3600, "M": 60, "S": 1}
        parts = [
            written.str.extract(rf"([0-9]+(?:\.[0-9]+)?){unit}", 1).cast(pl.Float64).fill_null(0.0)
            * size
            for unit, size in units.items()
        ]
        return pl.when(shape).then(pl.sum_horizontal(parts))
    if form == "words":
        written = text.str.to_lowercase()
        shape = written.str.contains(
            r"^\s*(?:[0-9]+\s*h\w*\.?\s*)?(?:[0-9]+\s*m\w*\.?\s*)?(?:[0-9]+\s*s\w*\.?\s*)?$"
        )
        part = [
            written.str.extract(rf"([0-9]+)\s*{unit}", 1).cast(pl.Float64).fill_null(0.0)
            for unit in "hms"
        ]
        return pl.when(shape).then(part[0] * 3600 + part[1] * 60 + part[2])
    # of the column at hand: an expression would take each clock apart as often as it is written
    clocks = functools.partial(_clocks, form=form, hours=hours)
    return text.map_batches(clocks, return_dtype=pl.Float64)


def _clocks(texts: pl.Series, form: DurationForm, hours: Hours | None) -> pl.Series:
    """Seconds of clocks, of which there are the forms that `seconds` knows."""
    texts = _elapsed(texts.str.replace("'", ":", literal=True))
    shape = texts.str.contains(r"^\s*[0-9]+(?:\s*:\s*[0-9]+){0,2}(?:\.[0-9]+)?\s*$")
    frame = texts.set(~shape, None).str.splitn(":", 3).struct.unnest()
    frame.columns = ["x", "y", "z"]
    frame = frame.select(pl.all().str.strip_chars().cast(pl.Float64, strict=False))
    x, y, z = pl.col("x"), pl.col("y"), pl.col("z")
    sexagesimal = (y.is_null() | (y < 60)) & (z.is_null() | (z < 60))
    three, two, one = x * 3600 + y * 60 + z, x * 60 + y, x
    if form == "hour_clock":
        two, one = x * 3600 + y * 60, pl.lit(None)
    else:
        shifted = pl.when(z == 0).then(two)
        if form == "minute_clock":
            one = pl.lit(None)
        if hours == "always":  # without them, it is not known which two are left
            two = pl.lit(None)
        elif hours == "shifted":
            three = shifted
        elif hours is None and form == "minute_clock":
            three = pl.when(z > 0).then(three).when(x >= 24).then(shifted)
        elif hours is None:
            three = pl.when((z > 0) | (x < 24) | (y == 0)).then(three)
    value = pl.when(z.is_not_null()).then(three).when(y.is_not_null()).then(two).otherwise(one)
    known = pl.when(sexagesimal.fill_null(False)).then(value)
    return frame.select(known.cast(pl.Float64).alias(texts.name))[texts.name]
