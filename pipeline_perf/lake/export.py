"""Events and quarantine as files for others to open, and text made fit to be shown.

Exports are the data themselves, numbers and all. What is shown on a screen or kept in a log is masked.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import BinaryIO

import polars as pl

#: A spreadsheet runs a cell that begins with one of these, or with its full-width twin, as a formula (OWASP, CSV injection).
FORMULA = r"^[=+\-@\t\r\n\uFF1D\uFF0B\uFF0D\uFF20]"
#: A signed number, such as +12125550101 or -73.98, is no formula.
SIGNED_NUMBER = r"^[+-][0-9]+(?:\.[0-9]+)?$"

#: Digits that may be a telephone number, a device's or a subscriber's: seven in a row, or grouped as numbers
#: are written in North America or, after a plus, anywhere.
_GAP = r"[ .\-\u00a0\u2010-\u2015]"
NUMBER = re.compile(
    rf"\+?\d{{7,}}|\+\d(?:\d|{_GAP}|[()]){{5,}}\d|(?:\(\d{{3}}\)(?:\s|{_GAP})?|\b\d{{3}}{_GAP})\d{{3}}{_GAP}?\d{{4}}\b|\b\d{{3}}[.-]\d{{4}}\b"
)
#: Digits in a row that are a date, or date and time.
MOMENT = re.compile(r"(?:19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])(?:(?:[01]\d|2[0-3])[0-5]\d[0-5]\d)?")

#: What a terminal would obey instead of showing it → its picture.
CONTROLS = {code: 0x2400 + code for code in range(0x20)} | {0x7F: 0x2421} | dict.fromkeys(range(128, 160), 65533)


def write(frame: pl.LazyFrame, form: str, target: Path | BinaryIO) -> None:
    """Write Parquet, CSV, or JSON (one object per line).

    In CSV, text that a spreadsheet would run as a formula gets an apostrophe in front.
    """
    if isinstance(target, Path):
        target.parent.mkdir(parents=True, exist_ok=True)
    if form == "parquet":
        frame.sink_parquet(target)
    elif form == "json":
        frame.sink_ndjson(target)
    else:
        schema = frame.collect_schema()
        texts = [name for name, dtype in schema.items() if dtype == pl.String]
        frame.with_columns(escaped(name) for name in texts).sink_csv(target)


def escaped(name: str) -> pl.Expr:
    """The column, harmless to a spreadsheet."""
    text = pl.col(name)
    harmful = text.str.contains(FORMULA) & ~text.str.contains(SIGNED_NUMBER)
    return pl.when(harmful).then(pl.lit("'") + text).otherwise(text).alias(name)


def masked(text: str) -> str:
    """Text with all but the last four digits of each number in it replaced by dots; dates stay."""

    def mask(found: re.Match[str]) -> str:
        number = found.group()
        if MOMENT.fullmatch(number):
            return number
        return re.sub(r"\d(?=(?:\D*\d){4})", "•", number)

    return NUMBER.sub(mask, text)


def shown(text: str) -> str:
    """Text of a foreign file that is safe on a terminal: control characters as their pictures."""
    return text.translate(CONTROLS)
