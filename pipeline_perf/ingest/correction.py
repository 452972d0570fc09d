"""A lake that is put right: a file is forgotten, or what a new reading of it gave takes its place.

Marks of other files that were made for its sake are judged again, and all of it counts from one
commit on: killed before it, the lake is as it was; killed behind it, only rows are left that count
no more, which `sweep` removes.
"""

from __future__ import annotations

import polars as pl

from pipeline_perf.ingest.deduplicate.again import judged_again
from pipeline_perf.lake.attempt import CHUNKED, remove
from pipeline_perf.lake.delta import Lake
from pipeline_perf.lake.errors import lake_faults
from pipeline_perf.lake.schemas import SCHEMAS, stored_as


def forget(lake: Lake, source_file_id: str) -> bool:
    """Take a file's events, its records in quarantine and its marks out of the lake.

    Returns whether there was anything of it. Raises LakeError where the lake cannot be written.
    """
    with lake_faults(lake.root), lake.lock(f"file-{source_file_id}"):
        with lake.lock("finish", telling=False):
            lake.take_back()
            counted = source_file_id in lake.files()["source_file_id"]
            if counted:
                _correct(lake, source_file_id, pl.DataFrame(schema=SCHEMAS["files"]))
        return sweep(lake, source_file_id) or counted


def replace(lake: Lake, row: pl.DataFrame, own: pl.DataFrame) -> int:
    """Let the generation of a file that its new row in `files` names count instead of the one
    that counted.

    `own` are the marks within the file. The row states how many they are; returns how many of the
    file's events are marked in the end. To be done under the lock `finish`.
    """
    identity = row["source_file_id"][0]
    files = _correct(lake, identity, row, own)
    return int(files.filter(pl.col("source_file_id") == identity)["duplicates"][0])


def sweep(lake: Lake, source_file_id: str) -> bool:
    """Remove a file's rows that count no more, from the disk, too; to be done under the file's
    lock. Returns whether there were any.
    """
    with lake.lock("finish", telling=False):
        lake.take_back()  # what the disk is rid of is read no more
    counting = lake.finished()
    found = [
        (table, key)
        for table in CHUNKED
        for key in lake.generations(table, source_file_id)
        if key not in counting
    ]
    for table, key in found:
        remove(lake, table, key)
    lake.vacuum()
    return bool(found)


def _correct(
    lake: Lake, source_file_id: str, row: pl.DataFrame, own: pl.DataFrame | None = None
) -> pl.DataFrame:
    """Put a row, or none, in the place of a file's, and judge the marks; returns all files."""
    files, marks = lake.files(), lake.marks()
    [place] = files.select((pl.col("source_file_id") == source_file_id).arg_true()).to_series()
    after = pl.concat([files[:place], row.select(files.columns), files[place + 1 :]])
    changed = pl.concat([files[place], row.select(files.columns)]).select(stored_as())["key"]
    marks = marks.filter(pl.col("source_file_id") != source_file_id)
    if own is not None:
        whose = own.with_columns(pl.lit(source_file_id).alias("source_file_id"))
        marks = pl.concat([marks, whose.select(marks.columns)])
    marks, more = judged_again(
        lake.scan("events"),
        after.select("source_file_id", stored_as()),
        place,
        changed.to_list(),
        marks,
    )
    after = after.with_columns(
        pl.col("duplicates")
        + pl.col("source_file_id").replace_strict(more, default=0, return_dtype=pl.Int64)
    )
    lake.correct(after, marks)
    return after
