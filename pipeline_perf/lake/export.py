"""Events and quarantine as files for others to open, and text made fit to be shown.

Exports are the data themselves, numbers and all. What is shown on a screen or kept in a log is
masked.
"""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO

import polars as pl

#: A spreadsheet runs a cell that begins with one of these, or with its full-width twin, as a
#: formula (OWASP, CSV injection).
FORMULA = r"^[=+\-@\t\r\n\uFF1D\uFF0B\uFF0D\uFF20]"
#: A signed number, such as +12125550101 or -73.98, is no formula.
SIGNED_NUMBER = r"^[+-][0-9]+(?:\.[0-9]+)?$"


def write(frame: pl.LazyFrame, form: str, target: Path | BinaryIO) -> None:
    """Write Parquet, CSV, or JSON (one object per line).

    In CSV, text that a spreadsheet would run as a formula gets an apostrophe in front. In JSON, ids
    of events are text: JavaScript keeps 53 bits of a number. Raises OSError where the target cannot
    be written.
    """
    if form != "parquet":
        frame = frame.with_columns(pl.col(name).cast(pl.String) for name in _ids(frame))
    if form == "parquet":
        frame.sink_parquet(target)
    elif form == "json":
        frame.sink_ndjson(target)
    else:
        schema = frame.collect_schema()
        texts = [name for name, dtype in schema.items() if dtype == pl.String]
        frame.with_columns(escaped(name) for name in texts).sink_csv(target)


def _ids(frame: pl.LazyFrame) -> list[str]:
    return [name for name in ("event_id", "duplicate_of") if name in frame.collect_schema()]


def escaped(name: str) -> pl.Expr:
    """The column, harmless to a spreadsheet."""
    text = pl.col(name)
    harmful = text.str.contains(FORMULA) & ~text.str.contains(SIGNED_NUMBER)
    return pl.when(harmful).then(pl.lit("'") + text).otherwise(text).alias(name)
