"""The corridor end to end: one file in, its report out. The order of the rooms, and resumption; no
rule of any room.
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

from pipeline_perf import events
from pipeline_perf.errors import ProjectError
from pipeline_perf.ingest import correction
from pipeline_perf.ingest.batch import Origin, Pieces
from pipeline_perf.ingest.bookkeeping import (
    DEFAULT_ZONE,
    FileReport,
    Ledger,
    Progress,
    Stopwatch,
    clock_changes,
    control_mismatches,
)
from pipeline_perf.ingest.container.content import Content, contents
from pipeline_perf.ingest.container.lines import BLOCK, MAX_LINE, too_long
from pipeline_perf.ingest.container.source import EXPANDED_BYTES
from pipeline_perf.ingest.corridor import plans, work
from pipeline_perf.ingest.deduplicate import across_files, within_file
from pipeline_perf.ingest.door import door
from pipeline_perf.ingest.errors import IngestError, NeedsMapping
from pipeline_perf.ingest.layout.load import available, built_in
from pipeline_perf.ingest.layout.model import Layout
from pipeline_perf.ingest.normalise.decide import Decisions
from pipeline_perf.ingest.normalise.phone_numbers import normalise as normalise_numbers
from pipeline_perf.ingest.probe.probe import is_endless
from pipeline_perf.ingest.read.pieces import expected, pieces, unchanged
from pipeline_perf.ingest.recognise.evidence import look
from pipeline_perf.ingest.recognise.signatures import carrier_of, recognise
from pipeline_perf.ingest.workers import Ahead, Committer
from pipeline_perf.lake.attempt import Attempt
from pipeline_perf.lake.delta import Lake
from pipeline_perf.lake.errors import lake_faults
from pipeline_perf.lake.schemas import SCHEMAS, key_of
from pipeline_perf.logs import logger
from pipeline_perf.numbers import count

log = logger(__name__)

#: Raised whenever the same bytes would give other events than before: an ingestion that was killed
#: under another version starts afresh instead of being resumed.
VERSION = 3

#: Bytes of records in quarantine that wait for a first event. Without one the layout is not the
#: file's, and nothing of it is kept: what is not written needs not be taken back.
HELD = 32 * 2**20


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
    path: Path,
    lake: Lake,
    options: Options = Options(),
    progress: Progress | None = None,
    *,
    again: bool = False,
) -> Iterator[FileReport]:
    """Ingest a file, or every member of an archive; one report each.

    Bad input ends in a report, not in an exception. `progress` is called after each chunk. With
    `again`, what the lake holds of the file is replaced once all of it is read anew.
    """
    try:
        for content in contents(path, options.expanded_bytes):
            member = content.source.member
            name = str(path) if member is None else f"{path}!{member}"
            with content:
                yield _ingest(content, _printable(name), lake, options, progress, again=again)
    except IngestError as error:
        yield FileReport(_printable(str(path)), reason=_printable(str(error)))


def ingest_file(
    path: Path, lake: Lake, options: Options = Options(), progress: Progress | None = None
) -> FileReport:
    """Ingest a file that is no archive of several; see `ingest_path`."""
    return next(ingest_path(path, lake, options, progress))


def _printable(text: str) -> str:
    """Text fit for UTF-8: a file's name may hold bytes that are none."""
    return os.fsencode(text).decode(errors="replace") if not text.isascii() else text


def _ingest(
    content: Content,
    name: str,
    lake: Lake,
    options: Options,
    progress: Progress | None,
    *,
    again: bool,
) -> FileReport:
    watch = Stopwatch()
    report = FileReport(name)
    try:
        with door(name):
            with watch.room("probe"):
                identity = _identified(content)
                report = dataclasses.replace(report, source_file_id=identity)
            with lake.lock(f"file-{identity}") as orphaned:
                with lake_faults(lake.root):
                    files = lake.files().filter(pl.col("source_file_id") == identity)
                    earlier = files.row(0, named=True) if files.height else None
                    if earlier and orphaned:
                        correction.sweep(lake, identity)
                if earlier and not again:
                    return _already(report, earlier, options, watch)
                report = _entered(
                    content, lake, report, options, watch, progress, earlier, orphaned=orphaned
                )
                if earlier and report.status != "ingested":
                    kept = f"{report.reason}; what the lake holds of it stays as it was"
                    report = dataclasses.replace(report, reason=kept)
    except ProjectError as error:
        report = _refused(report, error)
    report = dataclasses.replace(report, seconds=watch.total, stages=watch.stages)
    told = ("file", "source_file_id", "status", "layout", "records", "quarantined", "reason")
    fields = {name: getattr(report, name) for name in told} | {"seconds": round(watch.total, 3)}
    log.info("file done", extra={"fields": fields})
    return report


def _identified(content: Content) -> str:
    """The file's identity; a line beyond all bounds is told before all of it is read."""
    with ThreadPoolExecutor(1, "layouts") as beside:
        # read while the file is hashed, which leaves the interpreter free
        beside.submit(built_in)
        if is_endless(content, MAX_LINE):
            raise too_long(content.name)
        return content.identify()


def _entered(
    content: Content,
    lake: Lake,
    report: FileReport,
    options: Options,
    watch: Stopwatch,
    progress: Progress | None,
    earlier: dict[str, Any] | None,
    *,
    orphaned: bool,
) -> FileReport:
    """Read a file into the lake. What cannot be read to its end leaves nothing behind, and so the
    lock goes; with a fault of the lake it stays.
    """
    try:
        with door(report.file):
            opened = _open(content, report, options, watch)
    except ProjectError as error:
        return _refused(report, error)
    ingestion = _Ingestion(opened, lake, report, watch, earlier, orphaned=orphaned)
    return ingestion.run(progress)


def _refused(report: FileReport, error: ProjectError) -> FileReport:
    if isinstance(error, NeedsMapping):
        return dataclasses.replace(
            report, status="needs_mapping", reason=str(error), suggestion=error.suggestion
        )
    return dataclasses.replace(report, status="rejected", reason=str(error))


def _already(
    report: FileReport, row: dict[str, Any], options: Options, watch: Stopwatch
) -> FileReport:
    told = ("carrier", "layout", "records", "events", "quarantined", "duplicates", "furniture")
    reason = (
        f"the same bytes were ingested on {row['ingested_at']:%Y-%m-%d %H:%M} UTC as {row['file']}"
    )
    other_zone = options.zone not in (None, row["zone"])
    if other_zone or options.subscriber or options.tenant != row["tenant"]:
        reason += (
            f", its times taken as {row['zone']}; the options given now change nothing:"
            " `ingest --again` reads it anew with them"
        )
    elif changed := _changed(row, options):
        reason += f"; since then {changed}: `ingest --again` reads it anew"
    return dataclasses.replace(
        report,
        status="already_ingested",
        by_type=json.loads(row["by_type"]),
        seconds=watch.total,
        stages=watch.stages,
        reason=reason,
        **{name: row[name] for name in (*told, "lines")},
    )


def _changed(row: dict[str, Any], options: Options) -> str:
    """What has changed since a file was ingested by which it might be read otherwise now."""
    layout = available(options.layouts).get(row["layout"])
    if layout is None:
        return f"the layout {row['layout']} has gone"
    if row["layout_hash"] not in (None, _layout_hash(layout)):
        return f"the layout {row['layout']} was changed"
    return "" if row["version"] == VERSION else "a newer version reads files otherwise"


def _layout_hash(layout: Layout) -> str:
    return hashlib.sha256(repr(layout).encode()).hexdigest()[:16]


@dataclass(frozen=True)
class Opened:
    """A file of which it is known how it is read."""

    origin: Origin
    pieces: Pieces
    total: int  # the last piece's position; 0: not known
    way: str  # stands for all that its rows in the lake depend on beside its bytes
    layout_hash: str


def _open(content: Content, report: FileReport, options: Options, watch: Stopwatch) -> Opened:
    """Find out how a file is read; its pieces end in UnreadableFile if it changes meanwhile."""
    layouts = available(options.layouts)
    with watch.room("probe"):
        try:
            evidence = look(content, layouts.values())
        finally:
            content.check_unchanged()
    with watch.room("recognise"):
        try:
            match = recognise(evidence, layouts.values())
        except NeedsMapping as unknown:
            if evidence.pages is None:  # of a PDF, nobody can begin a layout yet
                from pipeline_perf.ingest.mapping.draft import draft

                unknown.suggestion = draft(evidence)
            raise
    layout = match.layout
    zone, subscriber = options.zone or DEFAULT_ZONE, _number(options.subscriber)
    origin = Origin(
        report.source_file_id,
        layout,
        carrier_of(match, evidence),
        zone,
        options.zone is not None,
        subscriber,
        options.tenant,
    )
    decisive = (
        VERSION,
        options.chunk_bytes,
        layout,
        match.context,
        options.zone,
        subscriber,
        options.tenant,
        report.file,
    )
    way = hashlib.sha256(repr(decisive).encode()).hexdigest()[:16]
    records = unchanged(pieces(evidence, match, options.chunk_bytes), content)
    hashed = _layout_hash(layouts[layout.id])
    return Opened(origin, records, expected(evidence), way, hashed)


def _number(text: str | None) -> str | None:
    return normalise_numbers(pl.Series([text], dtype=pl.String), "US")[0] if text else None


class _Ingestion:
    """One file on its way into the lake: what is known of it so far, and where it goes."""

    def __init__(
        self,
        opened: Opened,
        lake: Lake,
        report: FileReport,
        watch: Stopwatch,
        earlier: dict[str, Any] | None,
        *,
        orphaned: bool,
    ) -> None:
        self.opened, self.lake, self.watch, self.earlier = opened, lake, watch, earlier
        origin = opened.origin
        self.generation = earlier["generation"] + 1 if earlier else 0
        self.key = key_of(origin.source_file_id, self.generation)
        self.report = dataclasses.replace(report, carrier=origin.carrier, layout=origin.layout.id)
        self.ledger, self.decisions = Ledger(), Decisions()
        self.unread: tuple[int, str] | None = None  # the first record in quarantine, and why
        self.seen = within_file.SeenRows()
        with lake_faults(lake.root):
            self.attempt = Attempt(
                lake, self.key, opened.way, orphaned=orphaned or earlier is not None
            )

    def run(self, progress: Progress | None) -> FileReport:
        """Write the file's chunks, then what only the whole of it tells; what cannot be read to
        its end leaves nothing behind.
        """
        try:
            with door(self.report.file):
                self._write(progress)
                return self._finish()
        except IngestError as error:
            with lake_faults(self.lake.root):
                self.attempt.abandon()
            return _refused(self.report, error)

    def _write(self, progress: Progress | None) -> None:
        origin, room = self.opened.origin, self.watch.room
        with (
            Ahead(self.opened.pieces, self.watch) as ahead,
            Committer(self.attempt, self._counted, room) as committer,
        ):
            waiting = list[tuple[pl.DataFrame, pl.DataFrame]]()
            while (piece := ahead.take()) is not None:
                position = piece.position
                with room("normalise"):
                    decided = plans(piece, origin, self.decisions)
                worked = work(piece, decided, origin, room)
                # a piece weighs as much as all that is made of it: not held while the next comes
                del piece
                self.ledger += worked.ledger
                if self.unread is None and worked.quarantine.height:
                    first = worked.quarantine.sort("record_no").row(0, named=True)
                    self.unread = first["record_no"], first["reason"]
                waiting.append((worked.events, self._named(worked.quarantine)))
                del worked
                # until there is an event, the layout may not be the file's
                if self.ledger.events or sum(rows.estimated_size() for _, rows in waiting) > HELD:
                    while waiting:
                        committer.submit(*waiting.pop(0))
                if progress:
                    progress(position, self.opened.total, self.ledger.records)

    def _counted(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Events with their `occurrence`: chunks come in the order of the file."""
        with self.watch.room("deduplicate"):
            if not frame.height:
                return frame
            key = pl.lit(self.key).alias("source_file_id")
            return frame.with_columns(self.seen.add(frame), key)

    def _named(self, quarantine: pl.DataFrame) -> pl.DataFrame:
        return quarantine.with_columns(
            pl.lit(self.key).alias("source_file_id"),
            pl.lit(self.report.file).alias("file"),
            pl.lit(self.opened.origin.layout.id).alias("layout"),
        )

    def _finish(self) -> FileReport:
        """Mark duplicates, and make the file count: from then on readers see its rows."""
        ledger, lake = self.ledger, self.lake
        if self.unread and not ledger.events:
            raise _nothing_fits(self.report, ledger, *self.unread)
        reasons = control_mismatches(ledger)
        reasons += clock_changes(ledger, self.decisions.told_by_no_order)
        if not ledger.records:
            reasons.append("a header but no records")
        report = dataclasses.replace(
            self.report,
            status="ingested",
            records=ledger.records,
            events=ledger.events,
            by_type={kind: ledger.by_type[kind] for kind in events.EVENT_TYPES},
            quarantined=ledger.quarantined,
            furniture=ledger.furniture,
            lines=ledger.lines,
            rules=dict(sorted(ledger.rules.items())),
            reason="; ".join(reasons),
            unmapped=ledger.unmapped,
            zone_assumed=ledger.zone_assumed,
        )
        with lake_faults(lake.root), lake.lock("finish", telling=False):
            lake.take_back()
            with self.watch.room("deduplicate"):
                own = self._own_marks()
            if self.earlier:
                duplicates = correction.replace(lake, self._row(report, own.height), own)
            else:
                duplicates = self._mark(own)
                with self.watch.room("commit"):
                    self.attempt.finish("files", self._row(report, duplicates))
                    lake.fold("duplicates")
                    lake.fold("files")
        if self.earlier:
            with lake_faults(lake.root):
                correction.sweep(lake, report.source_file_id)
        return dataclasses.replace(
            report, duplicates=duplicates, seconds=self.watch.total, stages=self.watch.stages
        )

    def _own_marks(self) -> pl.DataFrame:
        """Marks of rows that tell a call again within the file."""
        ledger = self.ledger
        resent = self.seen.resent().with_columns(pl.lit("resent").alias("kind"))
        repeats = (
            within_file.repeats(pl.concat(rows), within_s)
            for (_, within_s), rows in ledger.tellings.items()
        )
        again = (pairs.with_columns(pl.lit("repeat").alias("kind")) for pairs in repeats)
        return pl.concat([*ledger.closings, resent, *again]).unique("event_id", keep="first")

    def _mark(self, own: pl.DataFrame) -> int:
        """Find and commit the duplicates of the file; returns how many of its events are marked."""
        span, identity = self.ledger.span, self.report.source_file_id
        if span is None:
            return 0
        with self.watch.room("deduplicate"):
            others = across_files.across_files(self.lake, identity, *span, own)
            marks = pl.concat([own, others]).with_columns(pl.lit(identity).alias("source_file_id"))
        with self.watch.room("commit"):
            self.attempt.finish("duplicates", marks)
        return int(self.seen.contains(marks["event_id"]).sum())

    def _row(self, report: FileReport, duplicates: int) -> pl.DataFrame:
        """The file as it stands in `files`; one that is ingested anew keeps its place."""
        first, last = self.ledger.span or (None, None)
        row = dataclasses.asdict(report) | {
            "by_type": json.dumps(report.by_type),
            "rules": json.dumps(report.rules),
            "duplicates": duplicates,
            "seconds": self.watch.total,
            "stages": json.dumps(self.watch.stages),
            "first_start": first,
            "last_start": last,
            "tenant": self.opened.origin.tenant,
            "zone": self.opened.origin.zone,
            "ingested_at": self.earlier["ingested_at"] if self.earlier else dt.datetime.now(dt.UTC),
            "generation": self.generation,
            "version": VERSION,
            "layout_hash": self.opened.layout_hash,
        }
        return pl.DataFrame(
            {name: [row[name]] for name in SCHEMAS["files"]}, schema=SCHEMAS["files"]
        )


def _nothing_fits(report: FileReport, ledger: Ledger, record_no: int, reason: str) -> NeedsMapping:
    """A layout by which no record at all can be read is not the file's."""
    return NeedsMapping(
        f"the layout {report.layout} has the file's columns, but none of its"
        f" {count(ledger.quarantined)} records could be read by it (record {record_no}: {reason})",
        f"mend the layout (`pipeline-perf layouts show {report.layout}`), try it with"
        " `pipeline-perf layouts check LAYOUT.yaml FILE`, and ingest the file again",
        file=report.file,
    )
