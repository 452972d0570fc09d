"""The lake: four Delta tables, and how they are read together.

`events` and `quarantine` grow by a commit per chunk, `duplicates` and `files` by one per file. Each
commit carries an application transaction, so that an ingestion that was killed goes on after its
last chunk and never doubles one. A file's rows count only once the file stands in `files`: readers
see whole files. Marks for duplicates are rows of their own, because a later file may hold the
better telling of a call.

A file that is ingested anew is a further generation of it, whose rows count once `files` names it.
Until then the marks are read as they were (`correct`): `files` is the one table whose commit turns
the lake from what it was into what it is. What is in the lake is rewritten by nothing else.
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
from typing import IO, Any, Literal
from urllib.parse import unquote

import polars as pl

from pipeline_perf import events
from pipeline_perf.lake.errors import LakeError, first_line
from pipeline_perf.lake.schemas import (
    GENERATION,
    LATER,
    ORDER,
    ROW_GROUP,
    SCHEMAS,
    STATISTICS,
    stored_as,
)
from pipeline_perf.logs import logger

log = logger(__name__)

#: How often a commit is tried that another process thwarts. An append fails when leftovers of
#: another file are removed at that moment, although neither depends on the other; that is rare, and
#: seldom happens twice.
COMMITS = 10

#: `files` and `duplicates` are read wholly by each ingestion: so many Parquet files of a few rows
#: are made one. Without it, ingesting the 200th small file takes twice as long as the first.
FOLDED = 32

#: The transaction in `files` that says as of which version of `duplicates` (from 1) the marks are
#: read; 0 and none: the newest.
PIN = "marks"

#: In a folder with one of these in its path, delta-rs writes and reads a table, but panics where
#: rows are removed: it takes the path for the name of a host.
UNDELETABLE = frozenset("[]^|")


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
        from deltalake.exceptions import CommitFailedError

        with self._written(table):
            # Brought up to date: it does not know its own last commit, which would thwart this one.
            target = self._target(table)
            if self._has(target, app, version):
                return
            added = self._added(table, frame)
            for attempt in range(COMMITS):
                try:
                    self._commit(target, added, "append", (app, version))
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

    def correct(self, files: pl.DataFrame, marks: pl.DataFrame) -> None:
        """Put other rows in place of all that `files` and `duplicates` hold, both at once.

        To be done under the lock `finish`: whoever holds it next takes back what one that was
        killed has left.
        """
        with self._written("duplicates"):
            held = self._target("duplicates")
            self._pin(held.version() + 1)
            self._commit(held, self._added("duplicates", marks), "overwrite")
        with self._written("files"):
            told = self._target("files")
            self._commit(told, self._added("files", files), "overwrite", (PIN, 0))

    def fold(self, table: str) -> None:
        """Make one of a table's many small files; to be done under the lock `finish`."""
        target = self._open(table)
        if self.local and target is not None and len(target.file_uris()) >= FOLDED:
            with self._written(table):
                rows = self._added(table, self.scan(table).collect())
                self._commit(self._target(table), rows, "overwrite")

    def take_back(self) -> None:
        """Make the marks what they are read as, where a correction was killed; to be done under
        the lock `finish`.
        """
        if (pin := self.committed("files", PIN)) <= 0:
            return
        with self._written("duplicates"):
            if (held := self._open("duplicates")).version() >= pin:
                held.restore(pin - 1)
        self._pin(0)
        fields = {"lake": self.root}
        log.info("a correction that was killed was taken back", extra={"fields": fields})

    def _pin(self, version: int) -> None:
        with self._written("files"):
            told = self._target("files")
            self._commit(told, self._added("files", pl.DataFrame()), "append", (PIN, version))

    def _target(self, table: str) -> Any:
        """A table to write to, with the columns of this version."""
        from deltalake.schema import Schema

        target = self._open(table) or self._create(table)
        known = {field.name for field in target.schema().fields}
        whole = Schema.from_arrow(pl.Schema(SCHEMAS[table]))
        if lacking := [field for field in whole.fields if field.name not in known]:
            target.alter.add_columns(lacking)
        return target

    @contextlib.contextmanager
    def _written(self, table: str) -> Iterator[None]:
        from deltalake.exceptions import DeltaError

        try:
            yield
        except (DeltaError, OSError) as error:
            raise LakeError(
                f"cannot be written: {first_line(error)}",
                "check the path, its permissions and the space left",
                file=self.uri(table),
            ) from error

    def _added(self, table: str, frame: pl.DataFrame) -> Any:
        """What a commit adds: rows in their order, or the file that already holds them."""
        if not frame.height:
            frame = pl.DataFrame(schema=SCHEMAS[table])
        data = frame.select(pl.col(name).cast(dtype) for name, dtype in SCHEMAS[table].items())
        if table in ORDER:
            data = data.sort(ORDER[table])
        if not self.local:
            return data
        return [self._stored(table, data)] if data.height else []

    def _commit(
        self,
        target: Any,
        added: Any,
        mode: Literal["append", "overwrite"],
        transaction: tuple[str, int] | None = None,
    ) -> None:
        """Commit rows; `transaction` is the application's name of its commits, and which it is."""
        from deltalake import CommitProperties, Transaction, write_deltalake

        told = [Transaction(*transaction)] if transaction else []
        properties = CommitProperties(app_transactions=told)
        if self.local:
            target.create_write_transaction(
                added, mode, target.schema(), commit_properties=properties
            )
        else:
            write_deltalake(target, added, mode=mode, commit_properties=properties)

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

    def generations(self, table: str, source_file_id: str) -> list[str]:
        """What the rows of a file are stored under, whether they count or not."""
        stored = pl.col("source_file_id")
        # a range, by which the statistics in the log tell the files to open
        own = stored.is_between(pl.lit(source_file_id), pl.lit(source_file_id + 2 * GENERATION))
        keys = self.scan(table).filter(own).select(stored.unique()).collect()["source_file_id"]
        return keys.sort().to_list()

    def vacuum(self) -> None:
        """Remove from the disk what no table holds any more. Whoever reads an earlier state of
        the lake at this moment cannot go on.
        """
        for table in SCHEMAS:
            with self._written(table):
                if delta := self._open(table):
                    delta.vacuum(0, dry_run=False, enforce_retention_duration=False)

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
        lacking = [name for name in SCHEMAS[table] if name not in columns]
        if columns + lacking != list(SCHEMAS[table]) or not set(lacking) <= LATER[table]:
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

        odd = UNDELETABLE & set(str(Path(self.root).absolute())) if self.local else ()
        if odd:
            raise LakeError(
                f"a folder with {' '.join(sorted(odd))} in its path cannot hold a lake",
                "choose another folder with --lake",
                file=self.root,
            )
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
    def lock(self, name: str, *, telling: bool = True) -> Iterator[bool]:
        """Keep other processes on this machine out; the kernel frees it when the holder dies.

        Yields whether a holder before may have died or failed: its lock file is still there. Where
        that is not `telling`, only a killed holder leaves one. On an object store there is no lock:
        there the transactions alone keep writers apart.
        """
        if not self.local:
            yield True
            return
        path = Path(self.root) / "locks" / name
        handle, orphaned = self._acquire(path)
        with handle:
            try:
                yield orphaned
            except BaseException:
                if not telling:
                    path.unlink(missing_ok=True)
                raise  # otherwise it stays, and tells the next holder
            path.unlink(missing_ok=True)

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
        return self._scanned(table, delta)

    def _scanned(self, table: str, delta: Any) -> pl.LazyFrame:
        columns = SCHEMAS[table]
        if not (self.local and "%" in delta.table_uri):
            frame = pl.scan_delta(delta)
        # Polars looks for the files of a folder such as "My files" under its name as a URI has it,
        # My%20files.
        elif paths := [unquote(uri) for uri in delta.file_uris()]:
            frame = pl.scan_parquet(paths, glob=False, schema=columns, missing_columns="insert")
        else:
            frame = pl.LazyFrame(schema=columns)
        stored = {field.name for field in delta.schema().fields}
        return frame.select(
            pl.col(name) if name in stored else pl.lit(None, dtype=dtype).alias(name)
            for name, dtype in columns.items()
        )

    def files(self) -> pl.DataFrame:
        """One row per ingested file, in the order in which they came."""
        return (
            self.scan("files")
            .with_columns(pl.col("generation").fill_null(0))
            .sort("ingested_at", maintain_order=True)
            .collect()
        )

    def finished(self) -> list[str]:
        """What the rows of the ingested files are stored under in `events` and `quarantine`."""
        return self.files().select(stored_as())["key"].to_list()

    def scan_events(self, *, distinct: bool = False) -> pl.LazyFrame:
        """Every event of every ingested file, `duplicate_of` filled; with `distinct`, each event
        told once.
        """
        stored = self._counting("events")
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
        return self._counting("quarantine")

    def _counting(self, table: str) -> pl.LazyFrame:
        """The rows of ingested files, each under its file's id."""
        keys = self.finished()
        rows = self.scan(table).filter(pl.col("source_file_id").is_in(keys))
        if any(GENERATION in key for key in keys):
            return rows.with_columns(pl.col("source_file_id").str.split(GENERATION).list.first())
        return rows

    def marks(self) -> pl.DataFrame:
        """The marks of ingested files, as they were found."""
        pin, held = self.committed("files", PIN), self._open("duplicates")
        if held is not None and 0 < pin <= held.version():
            from deltalake import DeltaTable

            held = DeltaTable(self.uri("duplicates"), version=pin - 1)
        if held is None:
            return pl.DataFrame(schema=SCHEMAS["duplicates"])
        ids = self.files()["source_file_id"].to_list()
        found = self._scanned("duplicates", held).filter(pl.col("source_file_id").is_in(ids))
        return found.collect()

    def duplicates(self) -> pl.DataFrame:
        """Marked pairs, each event once, `duplicate_of` an event that is not itself a duplicate."""
        marks = (
            self.marks()
            .sort("event_id", "duplicate_of")
            .unique("event_id", keep="first", maintain_order=True)
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
