"""Committing a file chunk by chunk: what of it stands in the lake already, and who may go on
from there.

An attempt is one way of ingesting one file. An attempt that was killed is gone on with by the next
of the same way; what one of another way left is removed. What is in a chunk is the pipeline's
business.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import polars as pl

from pipeline_perf.lake.delta import Lake
from pipeline_perf.lake.errors import LakeError
from pipeline_perf.lake.schemas import SCHEMAS
from pipeline_perf.logs import logger

log = logger(__name__)

#: Tables that grow by chunks while a file is read.
CHUNKED = ("events", "quarantine")


class Attempt:
    """The transactions of one way of ingesting one file.

    `orphaned` says that an earlier attempt may have left chunks; only then they are looked for.
    """

    def __init__(self, lake: Lake, source_file_id: str, way: str, *, orphaned: bool) -> None:
        self._lake, self._identity, self._way, self._orphaned = lake, source_file_id, way, orphaned
        self._begun = {table: self._begin(table) for table in CHUNKED}

    def _begin(self, table: str) -> tuple[str, int]:
        """The name of this attempt's transactions in a table, and its last committed chunk, -1
        for none.
        """
        generation = self._lake.committed(table, self._identity)
        name = self._name(generation)
        done = self._lake.committed(table, name)
        if done < 0 and self._orphaned and self._lake.begun(table, self._identity):
            name = self._name(remove(self._lake, table, self._identity))
        if done >= 0:
            fields = {"table": table, "source_file_id": self._identity, "last_chunk": done}
            log.info("ingestion gone on with", extra={"fields": fields})
        return name, done

    def abandon(self) -> None:
        """Remove all that was committed of a file that cannot be read to its end."""
        for table in CHUNKED:
            if self._lake.begun(table, self._identity):
                remove(self._lake, table, self._identity)
        if self._lake.begun("duplicates", self._identity):  # written once, and in one generation
            self._lake.delete("duplicates", self._identity)

    def _name(self, generation: int) -> str:
        return f"{self._identity}-{self._way}-{generation + 1}"

    def commit(self, table: str, frame: pl.DataFrame, chunk: int) -> None:
        """Commit a chunk, unless it is empty or was committed before."""
        name, done = self._begun[table]
        if frame.height and chunk > done:
            _check_space(self._lake, frame)
            self._lake.append(table, frame, name, chunk)
            fields = {"table": table, "chunk": chunk, "rows": frame.height}
            log.debug("chunk committed", extra={"fields": fields})

    def finish(self, table: str, frame: pl.DataFrame) -> None:
        """Commit what is written once per file, in place of what an attempt that was killed
        wrote there.

        Nothing that was found at the end is taken over: other files may have come in since.
        """
        if self._orphaned and self._lake.begun(table, self._identity):
            self._lake.delete(table, self._identity)
        if frame.height:
            _check_space(self._lake, frame)
            name = self._name(-1)
            self._lake.append(table, frame, name, self._lake.committed(table, name) + 1)


def remove(lake: Lake, table: str, key: str) -> int:
    """Remove what is stored under a file's id, or a generation's, from a table that grows by
    chunks; returns the new generation of its transactions.

    The transactions of the removed chunks stay in the table: a new generation, begun before
    anything is removed, keeps their own way from taking them for chunks that are still there.
    """
    generation = lake.committed(table, key) + 1
    lake.append(table, pl.DataFrame(schema=SCHEMAS[table]), key, generation)
    lake.delete(table, key)
    log.info("rows removed", extra={"fields": {"table": table, "source_file_id": key}})
    return generation


def _check_space(lake: Lake, frame: pl.DataFrame) -> None:
    """Refuse what may not fit: a disk that fills up during a commit makes its native threads
    print pages of panic.

    In memory a chunk takes several times the space that it will take in Parquet: this errs on the
    safe side.
    """
    if lake.local and Path(lake.root).is_dir():
        free, needed = shutil.disk_usage(lake.root).free, frame.estimated_size()
        if free < needed:
            raise LakeError(
                f"no space left to commit safely ({free // 2**20} MiB free,"
                f" {-(-needed // 2**20)} MiB wanted)",
                "make space and run the same command again: it goes on from here",
                file=lake.root,
            )
