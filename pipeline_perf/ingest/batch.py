"""What the readers hand on: string columns of one table with record numbers, and the account of every line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import polars as pl

from pipeline_perf.ingest.layout.model import Control, Table

#: Columns of a batch's frame beside the file's own.
RECORD_NO, PAGE, RAW = "record_no", "page", "raw"

#: Prefixes of the Boolean columns by which `normalise` tells `validate` of text that is no value, and of slips set right.
UNREADABLE, CORRECTED = "unreadable.", "corrected."

#: What rows of a table with `pairs` have beside: the record of the call's beginning where they tell its end; whether their end is missing.
PAIR, UNENDED = "pair", "unended"

#: Records that no column could be read from, as they go to quarantine.
REJECTED = {"record_no": pl.Int64(), "page": pl.Int32(), "rule": pl.String(), "reason": pl.String(), "raw": pl.String()}


def rejected(rows: Sequence[tuple[int, int | None, str, str, str]]) -> pl.DataFrame:
    """Rows of (record_no, page, rule, reason, raw) as a frame."""
    return pl.DataFrame(rows, schema=REJECTED, orient="row")


@dataclass(frozen=True)
class Batch:
    """A stretch of records of one table.

    `titles[i]` is the file's own title of the String column `c{i}` of `frame`; the frame also has
    `record_no` (Int64), `page` (Int32, null outside PDF), `raw` (the record as it stands in the
    file) and a String column `context.NAME` for each context value of the layout. Null or empty
    text means that the file has nothing there.
    """

    table: Table
    titles: tuple[str, ...]
    frame: pl.DataFrame


@dataclass(frozen=True)
class Piece:
    """What a reader yields: the next stretch of the file, completely accounted for.

    `lines` physical lines = furniture + lines of the records in `batches` and `rejected`.
    `position` is the number of bytes (pages for a PDF) of the file used so far; `stated` are the
    header and trailer records met that state a figure of the whole file.
    """

    batches: tuple[Batch, ...]
    rejected: pl.DataFrame = field(default_factory=lambda: rejected([]))
    lines: int = 0
    furniture: int = 0
    position: int = 0
    stated: tuple[tuple[Control, str], ...] = ()

    @property
    def records(self) -> int:
        return sum(batch.frame.height for batch in self.batches) + self.rejected.height


@dataclass(frozen=True)
class Element:
    """One record of a file of elements: its values by path, or why they cannot be had (rule and reason)."""

    raw: str
    values: Mapping[str, str]
    trouble: tuple[str, str] | None = None


Pieces = Iterator[Piece]
