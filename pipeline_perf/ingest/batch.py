"""What the readers hand on: string columns of one table with record numbers, and the account of
every line.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import polars as pl

from pipeline_perf.ingest.layout.model import Control, Field, Layout, Table, title_key

#: Columns of a batch's frame beside the file's own.
RECORD_NO, PAGE, RAW = "record_no", "page", "raw"

#: Prefixes of the Boolean columns by which `normalise` tells `validate` of text that is no value,
#: and of slips set right.
UNREADABLE, CORRECTED = "unreadable.", "corrected."

#: Prefix of the String columns with the codes that the layout's `map` and `match` do not know.
UNMAPPED = "unmapped."

#: What rows of a table with `pairs` have beside: the record of the call's beginning where they tell
#: its end; whether their end is missing.
PAIR, UNENDED = "pair", "unended"

#: Records that no column could be read from, as they go to quarantine.
REJECTED = {
    "record_no": pl.Int64(),
    "page": pl.Int32(),
    "rule": pl.String(),
    "reason": pl.String(),
    "raw": pl.String(),
}


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


Pieces = Iterator[Piece]


#: Rows that tell whether a column's whole numbers were made decimals of.
FIRST_ROWS = 1_000

#: Characters that nobody sees: marks of direction and joining, which a copy from a screen brings
#: along, soft hyphens, marks of byte order.
INVISIBLE = r"[\x{ad}\x{61c}\x{200b}-\x{200f}\x{202a}-\x{202e}\x{2060}-\x{2069}\x{feff}]"


#: Columns that hold what stands in the file.
_OF_THE_FILE = re.compile(r"c\d+$|context\.")

#: Where there may be something to take off: at either end of a cell, or in it.
_MARKED = r"^[ '=]| $|[^\x20-\x7e]"


def plain(texts: pl.Series) -> pl.Series:
    """Cells' texts without blanks or NULs around them, and without what keeps a spreadsheet from
    taking them for numbers: an apostrophe in front, or ="2125550101".
    """
    if texts.null_count() == len(texts) or not (marked := texts.str.contains(_MARKED)).any():
        return texts  # as in most columns
    rows = marked.arg_true()
    bare = texts.gather(rows).str.strip_chars().str.replace_all(INVISIBLE, "")
    bare = bare.str.strip_chars("\0").str.strip_chars().str.strip_chars_start("'’")
    # on a copy: it works in place
    return texts.clone().scatter(rows, bare.str.replace('^="(.*)"$', "$1"))


def cleaned(frame: pl.DataFrame, names: Iterable[str]) -> pl.DataFrame:
    """A frame with those of its columns that are the file's or its context's made plain.

    Of a column at hand, and not as an expression: that one would be worked out as often as it is
    written, and all marks be looked for in all cells.
    """
    wanted = (name for name in dict.fromkeys(names) if _OF_THE_FILE.match(name))
    return frame.with_columns(plain(frame[name]) for name in wanted)


def _are_decimals(texts: pl.Series) -> bool:
    """Whether a program made decimals of whole numbers: each ends in .0, and so none in a digit
    of its own.
    """
    given = texts.filter(texts.str.strip_chars() != "")
    return len(given) > 1 and bool(given.str.contains(r"^\s*-?\d+\.0\s*$").all())


class Columns:
    """The file's columns by title."""

    def __init__(self, batch: Batch) -> None:
        self.at: dict[str, str] = {}
        for i, title in enumerate(batch.titles):
            self.at.setdefault(title_key(title), f"c{i}")
        first = batch.frame.head(FIRST_ROWS).select(self.at.values())
        dotted = first.select(pl.all().str.contains(r"\.0\s*$").any())
        self.decimals = {
            name for name in dotted.columns if dotted[name].item() and _are_decimals(first[name])
        }
        self.contexts = {
            c.removeprefix("context.") for c in batch.frame.columns if c.startswith("context.")
        }

    def has(self, titles: tuple[str, ...]) -> bool:
        return all(title_key(t) in self.at for t in titles)

    def offer(self, spec: Field) -> bool:
        """Whether the file has the columns of a field: all of them, or one where the first that
        is not empty counts.
        """
        if spec.combine == "first" and spec.column:
            return any(title_key(t) in self.at for t in spec.column)
        return self.has(spec.column)

    def expr(self, title: str) -> pl.Expr:
        name = self.at[title_key(title)]
        text = pl.col(name)
        return text.str.replace(r"\.0\s*$", "") if name in self.decimals else text


def matches(conditions: Mapping[str, str], columns: Columns) -> pl.Expr:
    """Which rows of a frame that is `cleaned` meet all conditions, patterns by title."""
    met = [
        columns.expr(title).str.contains(pattern).fill_null(False)
        for title, pattern in conditions.items()
    ]
    return pl.all_horizontal(met)


@dataclass(frozen=True)
class Origin:
    """What is true of every record of a file."""

    source_file_id: str
    layout: Layout
    carrier: str
    zone: str  # the zone taken where the file states none
    zone_stated: bool  # by the user, for this file
    subscriber: str | None = None
    tenant: str | None = None
