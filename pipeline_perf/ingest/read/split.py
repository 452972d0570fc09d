"""Record lines → string columns: by position, by delimiter, by quotes.

Which lines are records has been decided in `delimited` and `fixed_width`.
"""

from __future__ import annotations

import io
from collections.abc import Sequence

import numpy as np
import polars as pl

from pipeline_perf.ingest.layout.match import Match
from pipeline_perf.ingest.layout.model import Table
from pipeline_perf.ingest.probe.dialect import split_line
from pipeline_perf.ingest.read.quotes import Quotes


def sliced(raw: pl.Series, table: Table) -> pl.DataFrame:
    """Cells by their positions, or by the named groups of the record's pattern."""
    if not table.slices:
        cells = raw.str.extract_groups(table.record or "").struct.unnest()
        return cells.rename({name: f"c{i}" for i, name in enumerate(cells.columns)})
    slices = enumerate(table.slices.values())
    return pl.DataFrame(
        [raw.str.slice(first - 1, last - first + 1).alias(f"c{i}") for i, (first, last) in slices]
    )


def split(
    raw: pl.Series, at: np.ndarray, counts: np.ndarray, quotes: Quotes, width: int, match: Match
) -> pl.DataFrame:
    """Cells of lines, the lines `at` of a block; `counts` are the delimiters of the block's
    lines.
    """
    names = [f"c{i}" for i in range(width)]
    if not quotes.quoted[at].any():
        # surplus fields are known to be empty
        limit = width if match.layout.overflow else width + 1
        cells = raw.str.splitn(match.delimiter, limit).struct.unnest()
        cells = cells[:, :width] if cells.width > width else cells
        return cells.rename(dict(zip(cells.columns, names, strict=True)))
    # Polars and csv agree on quotes that enclose whole fields; of others, and of surplus fields,
    # csv is the judge.
    odd = quotes.loose[at] | (counts[at] >= width)
    plain, rest = np.flatnonzero(~odd), np.flatnonzero(odd)
    rows = [
        split_line(text, match.delimiter, match.quote, match.escape)
        for text in raw.gather(rest).to_list()
    ]
    padded = [
        [*row, *[None] * (width - len(row))] if len(row) < width else _folded(row, width, match)
        for row in rows
    ]
    cells = pl.concat(
        [
            _parse_quoted(raw.gather(plain), names, match),
            pl.DataFrame(padded, schema=dict.fromkeys(names, pl.String()), orient="row"),
        ]
    )
    return cells[np.argsort(np.concatenate([plain, rest]))] if len(rest) else cells


def _folded(row: list[str], width: int, match: Match) -> list[str]:
    return (
        [*row[: width - 1], match.delimiter.join(row[width - 1 :])]
        if match.layout.overflow
        else row[:width]
    )


def _parse_quoted(raw: pl.Series, names: Sequence[str], match: Match) -> pl.DataFrame:
    schema = dict.fromkeys(names, pl.String())
    if not len(raw):
        return pl.DataFrame(schema=schema)
    return pl.read_csv(
        io.BytesIO("\n".join(raw.to_list()).encode()),
        has_header=False,
        separator=match.delimiter,
        quote_char=match.quote,
        schema=schema,
        missing_columns="insert",
        empty_string_is_null=False,
    )
