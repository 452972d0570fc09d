"""The lake: four append-only Delta tables, and how they are read together.

`events` and `quarantine` grow by a commit per chunk, `duplicates` and `files` by one per file. Each
commit carries an application transaction, so that an ingestion that was killed goes on after its
last chunk and never doubles one. A file's rows count only once the file stands in `files`: readers
see whole files. Marks for duplicates are rows of their own, because a later file may hold the
better telling of a call, and because what is written is never rewritten.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import fcntl
import io
import json
import os
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any
from urllib.parse import unquote

import polars as pl

from pipeline_perf import events
from pipeline_perf.lake.errors import LakeError, first_line
from pipeline_perf.lake.schemas import ORDER, ROW_GROUP, SCHEMAS, STATISTICS
from pipeline_perf.logs import logger

log = logger(__name__)

#: How often a commit is tried that another process thwarts. An append fails when leftovers of
#: another file are removed at that moment, although neither depends on the other; that is rare, and
#: seldom happens twice.
COMMITS = 10


class Lake:
    """A lake in a folder, or below an object-store URL such as s3://bucket/lake.

    Raises LakeError where the place cannot be read or written.
    """

    def __init__(self, root: str | Path) -> None:
        self.root = str(root).rstrip("/")
        self.local = "://" not in self.root
        self._tables: dict[str, Any] = {}

    def uri(self, table: str) -> str:
        return f"{self.root}/{table}"

    # ------------------------------------------------------------------ writing

    def committed(self, table: str, app: str) -> int:
        """The number of the last chunk that `app` committed to the table, -1 for none."""
        delta = self._open(table)
        if delta is None:
            return -1
        version = delta.transaction_version(app)
        return -1 if version is None else int(version)

    def append(self, table: str, frame: pl.DataFrame, app: str, version: int) -> None:
        """Commit rows as chunk `version` of `app`: all of them, or none; nothing happens when
        that chunk or a later one is there.
        """
        from deltalake import CommitProperties, Transaction, write_deltalake
        from deltalake.exceptions import CommitFailedError, DeltaError

        data = frame.select(pl.col(name).cast(dtype) for name, dtype in SCHEMAS[table].items())
        try:
            # Brought up to date: it does not know its own last commit, which would thwart this one.
            target = self._open(table) or self._create(table)
            if self._has(target, app, version):
                return
            if table in ORDER:
                data = data.sort(ORDER[table])
            added = [self._stored(table, data)] if data.height and self.local else []
            properties = CommitProperties(app_transactions=[Transaction(app, version)])
            for attempt in range(COMMITS):
                try:
                    if self.local:
                        target.create_write_transaction(
                            added, "append", target.schema(), commit_properties=properties
                        )
                    else:
                        write_deltalake(target, data, mode="append", commit_properties=properties)
                except CommitFailedError:
                    if attempt + 1 == COMMITS:
                        raise
                    fields = {"table": table, "tried": attempt + 1}
                    log.warning("commit thwarted by another", extra={"fields": fields})
                else:
                    return
                target.update_incremental()
                if self._has(target, app, version):
                    return
        except (DeltaError, OSError) as error:
            raise LakeError(
                f"cannot be written: {first_line(error)}",
                "check the path, its permissions and the space left",
                file=self.uri(table),
            ) from error

    @staticmethod
    def _has(target: Any, app: str, version: int) -> bool:
        last = target.transaction_version(app)
        return last is not None and last >= version

    def _stored(self, table: str, data: pl.DataFrame) -> Any:
        """Write rows to a file of a local table; it is no part of the table until the action
        that is returned is committed.

        Polars writes it in half the time that delta-rs takes.
        """
        from deltalake.transaction import AddAction

        name = f"part-{uuid.uuid4()}.parquet"
        encoded = io.BytesIO()
        data.write_parquet(encoded, compression="snappy", row_group_size=ROW_GROUP)
        path = Path(self.uri(table), name)
        try:
            size = path.write_bytes(encoded.getbuffer())
        except OSError:
            path.unlink(missing_ok=True)  # what a full disk cut off would only take more of it
            raise
        known = [c for c in STATISTICS if c in data.columns]
        statistics = {
            "numRecords": data.height,
            "minValues": {c: _plain(data[c].min()) for c in known},
            "maxValues": {c: _plain(data[c].max()) for c in known},
            "nullCount": {c: data[c].null_count() for c in known},
        }
        return AddAction(name, size, {}, int(time.time() * 1000), True, json.dumps(statistics))

    def begun(self, table: str, source_file_id: str) -> bool:
        """Whether the table holds rows of a file."""
        return (
            self.scan(table)
            .filter(pl.col("source_file_id") == source_file_id)
            .head(1)
            .collect()
            .height
            > 0
        )

    def delete(self, table: str, source_file_id: str) -> None:
        """Remove the rows of a file whose ingestion never finished."""
        self._open(table).delete(f"source_file_id = '{source_file_id}'")

    def _open(self, table: str) -> Any:
        from deltalake import DeltaTable
        from deltalake.exceptions import DeltaError

        delta = self._tables.get(table)
        try:
            if delta is not None:
                delta.update_incremental()
            elif DeltaTable.is_deltatable(self.uri(table)):
                delta = self._tables[table] = self._known(DeltaTable(self.uri(table)), table)
        except (DeltaError, OSError) as error:
            raise LakeError(
                f"cannot be read as a Delta table: {first_line(error)}",
                "restore it, or choose another folder with --lake",
                file=self.uri(table),
            ) from error
        return delta

    def _known(self, delta: Any, table: str) -> Any:
        """The table, if its columns are those of this version."""
        columns = [field.name for field in delta.schema().fields]
        if columns != list(SCHEMAS[table]):
            named = f"{table} with {', '.join(columns)}"
            raise LakeError(
                f"tables that are none of this version's lake ({named})",
                "choose another folder with --lake",
                file=self.root,
            )
        return delta

    def _create(self, table: str) -> Any:
        from deltalake import DeltaTable, Schema
        from deltalake.exceptions import CommitFailedError

        if self.local:
            Path(self.root).mkdir(parents=True, exist_ok=True)
        try:
            DeltaTable.create(
                self.uri(table),
                schema=Schema.from_arrow(pl.Schema(SCHEMAS[table])),
                mode="ignore",  # another process may have been quicker
                # without them, the hundredth commit takes ten times as long as the first
                configuration={"delta.checkpointInterval": "10"},
            )
        except CommitFailedError:  # another was quicker between the look and the commit
            if self._open(table) is None:
                raise
        return self._open(table)

    @contextlib.contextmanager
    def lock(self, name: str) -> Iterator[bool]:
        """Keep other processes on this machine out; the kernel frees it when the holder dies.

        Yields whether a holder before may have died or failed: its lock file is still there. On an
        object store there is no lock: there the transactions alone keep writers apart.
        """
        if not self.local:
            yield True
            return
        path = Path(self.root) / "locks" / name
        handle, orphaned = self._acquire(path)
        with handle:
            yield orphaned
            path.unlink(missing_ok=True)  # after a failure it stays, and tells the next holder

    def _acquire(self, path: Path) -> tuple[IO[str], bool]:
        while True:
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
                orphaned = path.exists()
                handle = path.open("w")
            except OSError as error:
                raise LakeError(
                    f"cannot hold a lake: {error.strerror}",
                    "choose another folder with --lake",
                    file=self.root,
                ) from error
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                log.info("waiting for a lock", extra={"fields": {"lock": path}})
                began = time.monotonic()
                fcntl.flock(handle, fcntl.LOCK_EX)
                fields = {"lock": path, "waited_s": round(time.monotonic() - began, 3)}
                log.info("lock taken", extra={"fields": fields})
            # The holder before may have removed the file that was waited for: then it locks nobody
            # out.
            with contextlib.suppress(FileNotFoundError):
                if os.path.samestat(path.stat(), os.fstat(handle.fileno())):
                    return handle, orphaned
            handle.close()

    # ------------------------------------------------------------------ reading

    def scan(self, table: str) -> pl.LazyFrame:
        """One table as it is stored; empty where nothing has been written yet."""
        delta = self._open(table)
        if delta is None:
            return pl.LazyFrame(schema=SCHEMAS[table])
        columns = list(SCHEMAS[table])
        if not (self.local and "%" in delta.table_uri):
            return pl.scan_delta(delta).select(columns)
        # Polars looks for the files of a folder such as "My files" under its name as a URI has it,
        # My%20files.
        paths = [unquote(uri) for uri in delta.file_uris()]
        return (
            pl.scan_parquet(paths, glob=False).select(columns)
            if paths
            else pl.LazyFrame(schema=SCHEMAS[table])
        )

    def files(self) -> pl.DataFrame:
        """One row per ingested file."""
        return self.scan("files").collect()

    def finished(self) -> list[str]:
        return self.scan("files").select("source_file_id").collect()["source_file_id"].to_list()

    def scan_events(self, *, distinct: bool = False) -> pl.LazyFrame:
        """Every event of every ingested file, `duplicate_of` filled; with `distinct`, each event
        told once.
        """
        stored = self.scan("events").filter(pl.col("source_file_id").is_in(self.finished()))
        marks = self.duplicates().select("event_id", "duplicate_of").lazy()
        if distinct:
            return (
                stored.join(marks, on="event_id", how="anti")
                .with_columns(pl.lit(None, dtype=pl.Int64).alias("duplicate_of"))
                .select(list(events.COLUMNS))
            )
        return stored.join(marks, on="event_id", how="left").select(list(events.COLUMNS))

    def scan_quarantine(self) -> pl.LazyFrame:
        """Every record that could not become an event, of ingested files."""
        return self.scan("quarantine").filter(pl.col("source_file_id").is_in(self.finished()))

    def duplicates(self) -> pl.DataFrame:
        """Marked pairs, each event once, `duplicate_of` an event that is not itself a duplicate."""
        marks = (
            self.scan("duplicates")
            .filter(pl.col("source_file_id").is_in(self.finished()))
            .collect()
        )
        marks = marks.sort("event_id", "duplicate_of").unique(
            "event_id", keep="first", maintain_order=True
        )
        told = marks
        for _ in range(marks.height.bit_length() + 1):
            # each round doubles the part of a chain that has been followed
            onward = told.select(
                pl.col("event_id").alias("duplicate_of"), pl.col("duplicate_of").alias("further")
            )
            joined = told.join(onward, on="duplicate_of", how="left", maintain_order="left")
            if not joined["further"].is_not_null().any():
                return told
            told = joined.with_columns(
                pl.coalesce("further", "duplicate_of").alias("duplicate_of")
            ).drop("further")
        return _without_circles(marks)


def _plain(value: Any) -> Any:
    """A value as the statistics of Delta's log write it."""
    return f"{value:%Y-%m-%dT%H:%M:%S.%fZ}" if isinstance(value, dt.datetime) else value


def _without_circles(marks: pl.DataFrame) -> pl.DataFrame:
    """Marks without those that close a circle: on an object store, where no lock holds, two
    files can mark one another's events.
    """
    better: dict[int, int] = {}

    def best(event: int) -> int:
        while event in better:
            event = better[event]
        return event

    for event, of in marks.select("event_id", "duplicate_of").iter_rows():
        if best(of) != event:
            better[event] = of
    kept = marks.filter(pl.col("event_id").is_in(list(better)))
    return kept.with_columns(
        pl.Series("duplicate_of", [best(event) for event in kept["event_id"]], dtype=pl.Int64)
    )
