"""The columns of the lake's tables, and in which order and with which statistics rows are
stored.
"""

from __future__ import annotations

import polars as pl

from pipeline_perf import events

SCHEMAS: dict[str, dict[str, pl.DataType]] = {
    "events": {name: dtype for name, dtype in events.COLUMNS.items() if name != "duplicate_of"},
    "quarantine": {
        "source_file_id": pl.String(),
        "file": pl.String(),
        "record_no": pl.Int64(),
        "page": pl.Int32(),
        "layout": pl.String(),
        "rule": pl.String(),
        "reason": pl.String(),
        "raw": pl.String(),
    },
    "duplicates": {
        "event_id": pl.Int64(),
        "duplicate_of": pl.Int64(),
        "kind": pl.String(),  # resent, exact, near, repeat, closing
        "source_file_id": pl.String(),  # of the file whose ingestion found the pair
    },
    "files": {
        "source_file_id": pl.String(),
        "file": pl.String(),
        "status": pl.String(),
        "carrier": pl.String(),
        "layout": pl.String(),
        "records": pl.Int64(),
        "events": pl.Int64(),
        "by_type": pl.String(),  # JSON
        "quarantined": pl.Int64(),
        "duplicates": pl.Int64(),
        "furniture": pl.Int64(),
        "lines": pl.Int64(),
        "rules": pl.String(),  # JSON
        "first_start": events.UTC,
        "last_start": events.UTC,
        "seconds": pl.Float64(),
        "stages": pl.String(),  # JSON: seconds of work per room of the corridor
        "reason": pl.String(),
        "tenant": pl.String(),
        "zone": pl.String(),
        "ingested_at": events.UTC,  # at first: files mark one another's events in this order
        "generation": pl.Int64(),  # how often it was ingested anew; null stands for 0
        "version": pl.Int64(),  # of the reading: raised when the same bytes give other events
        "layout_hash": pl.String(),  # of all that the layout said
    },
}
#: Columns that a table of an earlier version may lack.
LATER: dict[str, set[str]] = {table: set() for table in SCHEMAS} | {
    "files": {"generation", "version", "layout_hash"}
}
#: Stands between a file's id and the number of its generation, in what the rows of one that was
#: ingested anew are stored under.
GENERATION = "~"


def key_of(source_file_id: str, generation: int) -> str:
    """What the rows of a file's generation are stored under.

    >>> key_of("0123456789abcdef", 0), key_of("0123456789abcdef", 2)
    ('0123456789abcdef', '0123456789abcdef~2')
    """
    return f"{source_file_id}{GENERATION}{generation}" if generation else source_file_id


def stored_as() -> pl.Expr:
    """`key_of` the rows of `files`, as the column `key`."""
    generation = pl.col("generation").fill_null(0)
    return (
        pl.when(generation == 0)
        .then("source_file_id")
        .otherwise(pl.concat_str("source_file_id", pl.lit(GENERATION), generation))
        .alias("key")
    )


#: Rows of these tables are stored in the order of this column. Readers of a span of time skip the
#: row groups, and by the statistics in the log the files, outside it. Partitions by month would do
#: it too, but cut each chunk into a dozen small files: 120 of 0.3 MB for a million events.
ORDER = {"events": "started_at"}
ROW_GROUP = 32_768
#: Columns whose least and greatest value the log keeps per file: those that files are told apart
#: by.
STATISTICS = ("started_at", "source_file_id", "record_no")
