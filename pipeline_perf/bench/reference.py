"""Bare copies of a text file into Parquet: what an ingestion of the same file is compared with.

The least work that reads every value of the file and stores it. Nothing here knows what the values
mean. Run as a process of its own: `python -m pipeline_perf.bench.reference SOURCE COPY [COLUMNS]`.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pipeline_perf.bench.measure.workload import Correctness, Output


def copy_delimited(source: str, copy: str, columns: int, separator: str = ",") -> None:
    """Every value of the delimited file `source`, as text, into the Parquet file `copy`.

    `columns` is the width of the widest line: a preamble is narrower than the table below it, and
    lines of any width are kept, so that the copy is as complete as what it is compared with.
    `separator` is one character.
    """
    import polars as pl

    pl.scan_csv(
        source,
        separator=separator,
        has_header=False,
        schema=dict.fromkeys((f"column_{number}" for number in range(1, columns + 1)), pl.String()),
        missing_columns="insert",
        truncate_ragged_lines=True,  # without it a line narrower than the widest is an error
    ).sink_parquet(copy)


def copy_lines(source: str, copy: str) -> None:
    """Every line of the text file `source`, as one value, into the Parquet file `copy`."""
    import polars as pl

    pl.scan_lines(source).sink_parquet(copy)


def widest(source: Path, separator: str = ",") -> int:
    """Columns of the widest line of the delimited file `source`; `separator` is one character."""
    import polars as pl

    separators = (
        pl.scan_lines(source)
        .select(pl.col("line").str.count_matches(separator, literal=True).max())
        .collect()
        .item()
    )
    return int(separators or 0) + 1


def complete(output: Output) -> Correctness:
    """Whether the copy that an `output` names by the parameter `copy` is complete.

    It holds as many rows as its `source` has lines: a reader that drops lines in silence would be a
    reference that is fast for the wrong reason.
    """
    import polars as pl

    from pipeline_perf.bench.measure.workload import Correctness
    from pipeline_perf.numbers import count

    source, copy = output.params["source"], output.params["copy"]
    lines = pl.scan_lines(source).select(pl.len()).collect().item()
    rows = pl.scan_parquet(copy).select(pl.len()).collect().item()
    more = f"{count(abs(rows - lines))} rows {'more' if rows > lines else 'fewer'}"
    return Correctness(
        rows == lines,
        f"{copy} holds {more} than the {count(lines)} lines of {source}",
        {"rows_copied": float(rows)},
    )


if __name__ == "__main__":
    source, copy, *columns = sys.argv[1:]
    if columns:
        copy_delimited(source, copy, int(columns[0]))
    else:
        copy_lines(source, copy)
