"""The corridor end to end: one file in, its report out.

Order, bookkeeping and resumption; no rule of any room.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import hashlib
import json
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from pipeline_perf.errors import ProjectError
from pipeline_perf.ingest.batch import Origin, Piece, Pieces
from pipeline_perf.ingest.bookkeeping import (
    DEFAULT_ZONE,
    Books,
    FileReport,
    Progress,
    Stopwatch,
    control_mismatches,
)
from pipeline_perf.ingest.container.lines import BLOCK, MAX_LINE, too_long
from pipeline_perf.ingest.container.source import EXPANDED_BYTES, Source, State, file_id, sources
from pipeline_perf.ingest.deduplicate import across_files, within_file
from pipeline_perf.ingest.errors import IngestError, NeedsMapping, UnreadableFile
from pipeline_perf.ingest.layout.load import available, built_in
from pipeline_perf.ingest.mapping.draft import draft
from pipeline_perf.ingest.normalise.normalise import Decisions, normalise
from pipeline_perf.ingest.normalise.phone_numbers import normalise as normalise_numbers
from pipeline_perf.ingest.probe.probe import STRUCTURED, is_endless
from pipeline_perf.ingest.read.pieces import check_unchanged, pieces, unchanged, utf8_size
from pipeline_perf.ingest.recognise.evidence import look
from pipeline_perf.ingest.recognise.signatures import carrier_of, recognise
from pipeline_perf.ingest.validate import validate
from pipeline_perf.ingest.workers import Ahead, Committer
from pipeline_perf.lake.attempt import Attempt
from pipeline_perf.lake.delta import Lake
from pipeline_perf.lake.errors import LakeError, lake_faults
from pipeline_perf.lake.schemas import SCHEMAS

#: Raised whenever the same bytes would give other events than before: an ingestion that was killed
#: under another version starts afresh instead of being resumed.
VERSION = 2


@dataclass(frozen=True)
class Options:
    """What the user knows of a file that the file does not say."""

    # IANA zone of local times; None takes DEFAULT_ZONE and flags the events
    zone: str | None = None
    subscriber: str | None = None  # E.164, where the file does not name its line
    tenant: str | None = None
    layouts: Path | None = None  # folder of the user's own layouts
    #: Bytes of text read, worked on and committed at a time. Memory follows it (some twenty times
    #: as much); smaller chunks cost a commit each, and an ingestion that was killed loses at most
    #: its last chunks.
    chunk_bytes: int = BLOCK
    # that a compressed file may expand to, however small it is
    expanded_bytes: int = EXPANDED_BYTES


def ingest_path(
    path: Path, lake: Lake, options: Options = Options(), progress: Progress | None = None
) -> Iterator[FileReport]:
    """Ingest a file, or every member of an archive; one report each.

    Bad input ends in a report, not in an exception.
    """
    try:
        found = sources(path, options.expanded_bytes)
    except IngestError as error:
        yield FileReport(_printable(str(path)), reason=_printable(str(error)))
        return
    for source in found:
        name = str(path) if source.member is None else f"{path}!{source.member}"
        yield _ingest(source, _printable(name), lake, options, progress)


def _printable(text: str) -> str:
    """Text fit for UTF-8: a file's name may hold bytes that are none."""
    return os.fsencode(text).decode(errors="replace") if not text.isascii() else text


def ingest_file(
    path: Path, lake: Lake, options: Options = Options(), progress: Progress | None = None
) -> FileReport:
    """Ingest a file that is no archive of several; see `ingest_path`."""
    return next(ingest_path(path, lake, options, progress))


def _ingest(
    source: Source, name: str, lake: Lake, options: Options, progress: Progress | None
) -> FileReport:
    watch = Stopwatch()
    report = FileReport(name)
    try:
        with watch.room("probe"):
            state = source.state
            with ThreadPoolExecutor(1, "layouts") as beside:
                # read while the file is hashed, which leaves the interpreter free
                beside.submit(built_in)
                if is_endless(source, MAX_LINE):
                    raise too_long(source.name)
                identity = file_id(source)
            report = dataclasses.replace(report, source_file_id=identity)
        with lake.lock(f"file-{identity}") as orphaned:
            with lake_faults(lake.root):
                earlier = lake.files().filter(pl.col("source_file_id") == identity)
            if earlier.height:
                return _already(report, earlier.row(0, named=True), options, watch)
            try:
                opened = _open(source, state, report, options, watch)
            except IngestError as error:
                # nothing is written yet: no reason to leave the lock behind
                report = _refused(report, error)
            else:
                report = dataclasses.replace(
                    report, carrier=opened.origin.carrier, layout=opened.origin.layout.id
                )
                with lake_faults(lake.root):
                    attempt = Attempt(lake, identity, opened.way, orphaned=orphaned)
                try:
                    report = _write(
                        opened.pieces,
                        opened.total,
                        report,
                        opened.origin,
                        lake,
                        attempt,
                        watch,
                        progress,
                    )
                except UnreadableFile as error:
                    report = _refused(report, error)
                    with lake_faults(lake.root):
                        attempt.abandon()
    except ProjectError as error:
        report = _refused(report, error)
    return dataclasses.replace(report, seconds=watch.total, stages=watch.stages)


def _refused(report: FileReport, error: ProjectError) -> FileReport:
    if isinstance(error, NeedsMapping):
        return dataclasses.replace(
            report, status="needs_mapping", reason=str(error), suggestion=error.suggestion
        )
    return dataclasses.replace(report, status="rejected", reason=str(error))


def _already(
    report: FileReport, row: dict[str, Any], options: Options, watch: Stopwatch
) -> FileReport:
    known = {
        name: row[name]
        for name in (
            "carrier",
            "layout",
            "records",
            "events",
            "quarantined",
            "duplicates",
            "furniture",
            "lines",
        )
    }
    reason = (
        f"the same bytes were ingested on {row['ingested_at']:%Y-%m-%d %H:%M} UTC as {row['file']}"
    )
    if (
        (options.zone or row["zone"]) != row["zone"]
        or options.subscriber
        or options.tenant != row["tenant"]
    ):
        reason += (
            f", its times taken as {row['zone']}; the options given now change nothing: to ingest"
            " it anew, name another --lake"
        )
    return dataclasses.replace(
        report,
        status="already_ingested",
        by_type=json.loads(row["by_type"]),
        seconds=watch.total,
        stages=watch.stages,
        reason=reason,
        **known,
    )


@dataclass(frozen=True)
class Opened:
    """A file of which it is known how it is read."""

    origin: Origin
    pieces: Pieces
    total: int  # the last piece's position; 0: not known
    way: str  # stands for all that its rows in the lake depend on beside its bytes


def _open(
    source: Source, state: State, report: FileReport, options: Options, watch: Stopwatch
) -> Opened:
    """Find out how a file is read; its pieces end in UnreadableFile if it is no longer in the
    state given.
    """
    known = available(options.layouts)
    with watch.room("probe"):
        try:
            found, head = look(source, known.values())
        finally:
            check_unchanged(source, state)
    with watch.room("recognise"):
        try:
            match = recognise(found, known.values(), head)
        except NeedsMapping as unknown:
            if head is None:  # of a PDF, nobody can begin a layout yet
                unknown.suggestion = draft(found)
            raise
    layout = match.layout
    zone, subscriber = options.zone or DEFAULT_ZONE, _number(options.subscriber)
    origin = Origin(
        report.source_file_id,
        layout,
        carrier_of(match, found),
        zone,
        options.zone is not None,
        subscriber,
        options.tenant,
    )
    parts = repr(
        (
            VERSION,
            options.chunk_bytes,
            layout,
            match.context,
            options.zone,
            subscriber,
            options.tenant,
            report.file,
        )
    )
    way = hashlib.sha256(parts.encode()).hexdigest()[:16]
    total = 0 if found.container in ("pdf", *STRUCTURED) else utf8_size(found.source, found)
    return Opened(
        origin, unchanged(pieces(found, match, options.chunk_bytes), source, state), total, way
    )


def _number(text: str | None) -> str | None:
    return normalise_numbers(pl.Series([text], dtype=pl.String), "US")[0] if text else None


def _write(
    pieces: Pieces,
    total: int,
    report: FileReport,
    origin: Origin,
    lake: Lake,
    attempt: Attempt,
    watch: Stopwatch,
    progress: Progress | None,
) -> FileReport:
    decisions, seen, books = Decisions(), within_file.SeenRows(), Books()

    def counted(frame: pl.DataFrame) -> pl.DataFrame:
        with watch.room("deduplicate"):
            return frame.with_columns(seen.add(frame)) if frame.height else frame

    with Ahead(pieces, watch) as ahead, Committer(attempt, counted, watch.room) as committer:
        while (piece := ahead.take()) is not None:
            position = piece.position
            frame, quarantine = work(piece, origin, decisions, books, watch)
            # a piece weighs as much as all that is made of it: not held while the next one comes
            del piece
            committer.submit(frame, _quarantine(quarantine, report, origin))
            del frame, quarantine
            if progress:
                progress(position, total, books.counts["events"] + books.counts["quarantined"])

    counts = books.counts
    reasons = control_mismatches(books)
    if not counts["events"] and not counts["quarantined"]:
        reasons.append("a header but no records")
    with lake_faults(lake.root), lake.lock("finish"):
        duplicates = _mark(lake, report.source_file_id, attempt, seen, books, watch)
        report = dataclasses.replace(
            report,
            status="ingested",
            records=counts["events"] + counts["quarantined"],
            events=counts["events"],
            by_type=dict(books.by_type),
            quarantined=counts["quarantined"],
            duplicates=duplicates,
            furniture=counts["furniture"],
            lines=counts["lines"],
            rules=dict(sorted(books.rules.items())),
            reason="; ".join(reasons),
            zone_assumed=books.zone_assumed,
            seconds=watch.total,
            stages=watch.stages,
        )
        with watch.room("commit"):
            attempt.finish("files", _file_row(report, origin, books.span))
    return report


def work(
    piece: Piece, origin: Origin, decisions: Decisions, books: Books, watch: Stopwatch
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Take a piece through the rooms and into the books; returns its events and its quarantine."""
    good, bad = [], [piece.rejected]
    for batch in piece.batches:
        with watch.room("normalise"):
            frame = normalise(batch, origin, decisions)
        with watch.room("validate"):
            verdict = validate(frame)
        books.rules.update(verdict.counts)
        bad.append(verdict.quarantine)
        good.append(verdict.events.select(c for c in SCHEMAS["events"] if c != "occurrence"))
        if batch.table.repeats:
            key = batch.table.name, batch.table.repeats.within_s
            books.tellings.setdefault(key, []).append(within_file.telling(verdict.events))
        if batch.table.pairs:
            books.closings.append(
                within_file.closings(verdict.events).with_columns(pl.lit("closing").alias("kind"))
            )
    quarantine = pl.concat(bad)
    books.rules.update(dict(piece.rejected["rule"].value_counts().iter_rows()))
    books.stated.extend(piece.stated)
    frame = pl.concat(good) if good else pl.DataFrame()
    books.counts.update(
        lines=piece.lines,
        furniture=piece.furniture,
        quarantined=quarantine.height,
        events=frame.height,
    )
    if frame.height:
        books.duration_s += float(frame["duration_s"].sum())
        books.by_type.update(dict(frame["event_type"].value_counts().iter_rows()))
        books.zone_assumed |= bool(frame["zone_assumed"].any())
        books.starts += [_moment(frame["started_at"].min()), _moment(frame["started_at"].max())]
    return frame, quarantine


def _moment(value: Any) -> dt.datetime:
    if not isinstance(value, dt.datetime):
        raise LakeError("internal: an event without a time reached the lake")
    return value


def _quarantine(frame: pl.DataFrame, report: FileReport, origin: Origin) -> pl.DataFrame:
    return frame.with_columns(
        pl.lit(report.source_file_id).alias("source_file_id"),
        pl.lit(report.file).alias("file"),
        pl.lit(origin.layout.id).alias("layout"),
    )


def _mark(
    lake: Lake,
    identity: str,
    attempt: Attempt,
    seen: within_file.SeenRows,
    books: Books,
    watch: Stopwatch,
) -> int:
    """Find and commit the duplicates of a file; returns how many of its events are marked."""
    if books.span is None:
        return 0
    with watch.room("deduplicate"):
        resent = seen.resent().with_columns(pl.lit("resent").alias("kind"))
        again = [
            within_file.repeats(pl.concat(rows), within_s)
            for (_, within_s), rows in books.tellings.items()
        ]
        repeats = (pairs.with_columns(pl.lit("repeat").alias("kind")) for pairs in again)
        own = pl.concat([*books.closings, resent, *repeats]).unique("event_id", keep="first")
        mine = pl.concat([own, across_files.across_files(lake, identity, *books.span, own)])
        mine = mine.with_columns(pl.lit(identity).alias("source_file_id"))
    with watch.room("commit"):
        attempt.finish("duplicates", mine)
    own_ids = seen.contains(mine["event_id"])
    return int(own_ids.sum())


def _file_row(
    report: FileReport, origin: Origin, span: tuple[dt.datetime, dt.datetime] | None
) -> pl.DataFrame:
    row = dataclasses.asdict(report) | {
        "by_type": json.dumps(report.by_type),
        "rules": json.dumps(report.rules),
        "stages": json.dumps(report.stages),
        "first_start": span[0] if span else None,
        "last_start": span[1] if span else None,
        "tenant": origin.tenant,
        "zone": origin.zone,
        "ingested_at": dt.datetime.now(dt.UTC),
    }
    return pl.DataFrame({name: [row[name]] for name in SCHEMAS["files"]}, schema=SCHEMAS["files"])
