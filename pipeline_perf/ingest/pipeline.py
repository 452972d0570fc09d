"""The corridor end to end: one file in, its report out. Order, bookkeeping and resumption; no rule of any room."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime as dt
import hashlib
import json
import os
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl

from pipeline_perf import events
from pipeline_perf.ingest.batch import Piece, Pieces
from pipeline_perf.ingest.container.lines import BLOCK, MAX_LINE, too_long
from pipeline_perf.ingest.container.source import EXPANDED_BYTES, Source, State, file_id, sources
from pipeline_perf.ingest.deduplicate import across_files
from pipeline_perf.ingest.errors import IngestError, LakeError, NeedsMapping, UnreadableFile, lake_faults
from pipeline_perf.ingest.layout import model
from pipeline_perf.ingest.normalise.expressions import seconds
from pipeline_perf.ingest.normalise.normalise import Decisions, Origin, normalise
from pipeline_perf.ingest.normalise.phone_numbers import normalise as normalise_numbers
from pipeline_perf.ingest.probe.probe import STRUCTURED, is_endless
from pipeline_perf.ingest.read.pieces import carrier_of, check_unchanged, look, pieces, unchanged, utf8_size
from pipeline_perf.ingest.recognise import signatures
from pipeline_perf.ingest.validate import validate
from pipeline_perf.lake.attempt import Attempt, Committer
from pipeline_perf.lake.delta import SCHEMAS, Lake

#: Raised whenever the same bytes would give other events than before: an ingestion that was killed
#: under another version starts afresh instead of being resumed.
VERSION = 2

#: The zone taken for files that do not state theirs when nobody says otherwise.
DEFAULT_ZONE = "UTC"

#: Called with the bytes (pages of a PDF) used so far, those in all (0: not known), and the records read so far.
Progress = Callable[[int, int, int], None]


@dataclass(frozen=True)
class Options:
    """What the user knows of a file that the file does not say."""

    zone: str | None = None  # IANA zone of local times; None takes DEFAULT_ZONE and flags the events
    subscriber: str | None = None  # E.164, where the file does not name its line
    tenant: str | None = None
    layouts: Path | None = None  # folder of the user's own layouts
    #: Bytes of text read, worked on and committed at a time. Memory follows it (some twenty times as much);
    #: smaller chunks cost a commit each, and an ingestion that was killed loses at most its last chunks.
    chunk_bytes: int = BLOCK
    expanded_bytes: int = EXPANDED_BYTES  # that a compressed file may expand to, however small it is


@dataclass(frozen=True)
class FileReport:
    """What became of one file."""

    file: str
    source_file_id: str = ""
    status: str = "rejected"
    carrier: str | None = None
    layout: str | None = None
    records: int = 0
    events: int = 0
    by_type: dict[str, int] = field(default_factory=lambda: dict.fromkeys(events.EVENT_TYPES, 0))
    quarantined: int = 0
    duplicates: int = 0
    furniture: int = 0
    seconds: float = 0.0
    reason: str = ""
    stages: dict[str, float] = field(default_factory=dict)  # seconds per room
    rules: dict[str, int] = field(default_factory=dict)  # how often a rule was broken, or a correction made
    lines: int = 0
    suggestion: str = ""  # a layout to complete, for needs_mapping
    zone_assumed: bool = False  # neither the file nor the user states the zone of its times

    def to_json(self) -> dict[str, Any]:
        """The keys of the command line's contract."""
        public = [f.name for f in dataclasses.fields(self)][: -len(("stages", "rules", "lines", "suggestion", "zone_assumed"))]
        return {name: getattr(self, name) for name in public} | {"seconds": round(self.seconds, 3)}


class Stopwatch:
    """Seconds of work in each room; reading and committing go on beside the rest, so the sum may exceed the total."""

    def __init__(self) -> None:
        self.stages: dict[str, float] = {}
        self.started = time.perf_counter()

    @contextlib.contextmanager
    def room(self, name: str) -> Iterator[None]:
        started = time.perf_counter()
        try:
            yield
        finally:
            self.stages[name] = self.stages.get(name, 0.0) + time.perf_counter() - started

    @property
    def total(self) -> float:
        return time.perf_counter() - self.started


def ingest_path(path: Path, lake: Lake, options: Options = Options(), progress: Progress | None = None) -> Iterator[FileReport]:
    """Ingest a file, or every member of an archive; one report each. Bad input ends in a report, not in an exception."""
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


def ingest_file(path: Path, lake: Lake, options: Options = Options(), progress: Progress | None = None) -> FileReport:
    """Ingest a file that is no archive of several; see `ingest_path`."""
    return next(ingest_path(path, lake, options, progress))


def _ingest(source: Source, name: str, lake: Lake, options: Options, progress: Progress | None) -> FileReport:
    watch = Stopwatch()
    report = FileReport(name)
    try:
        with watch.room("probe"):
            state = source.state
            with ThreadPoolExecutor(1, "layouts") as beside:
                beside.submit(model.built_in)  # read while the file is hashed, which leaves the interpreter free
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
            except IngestError as error:  # nothing is written yet: no reason to leave the lock behind
                report = _refused(report, error)
            else:
                report = dataclasses.replace(report, carrier=opened.origin.carrier, layout=opened.origin.layout.id)
                with lake_faults(lake.root):
                    attempt = Attempt(lake, identity, opened.way, orphaned=orphaned)
                try:
                    report = _write(opened.pieces, opened.total, report, opened.origin, lake, attempt, watch, progress)
                except UnreadableFile as error:
                    report = _refused(report, error)
                    with lake_faults(lake.root):
                        attempt.abandon()
    except IngestError as error:
        report = _refused(report, error)
    return dataclasses.replace(report, seconds=watch.total, stages=watch.stages)


def _refused(report: FileReport, error: IngestError) -> FileReport:
    if isinstance(error, NeedsMapping):
        return dataclasses.replace(report, status="needs_mapping", reason=str(error), suggestion=error.suggestion)
    return dataclasses.replace(report, status="rejected", reason=str(error))


def _already(report: FileReport, row: dict[str, Any], options: Options, watch: Stopwatch) -> FileReport:
    known = {name: row[name] for name in ("carrier", "layout", "records", "events", "quarantined", "duplicates", "furniture", "lines")}
    reason = f"the same bytes were ingested on {row['ingested_at']:%Y-%m-%d %H:%M} UTC as {row['file']}"
    if (options.zone or row["zone"]) != row["zone"] or options.subscriber or options.tenant != row["tenant"]:
        reason += f", its times taken as {row['zone']}; the options given now change nothing: to ingest it anew, name another --lake"
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


def _open(source: Source, state: State, report: FileReport, options: Options, watch: Stopwatch) -> Opened:
    """Find out how a file is read; its pieces end in UnreadableFile if it is no longer in the state given."""
    known = model.available(options.layouts)
    with watch.room("probe"):
        try:
            found, head = look(source, known.values())
        finally:
            check_unchanged(source, state)
    with watch.room("recognise"):
        match = signatures.recognise(found, known.values(), head)
    layout = match.layout
    zone, subscriber = options.zone or DEFAULT_ZONE, _number(options.subscriber)
    origin = Origin(report.source_file_id, layout, carrier_of(match, found), zone, options.zone is not None, subscriber, options.tenant)
    parts = repr((VERSION, options.chunk_bytes, layout, match.context, options.zone, subscriber, options.tenant, report.file))
    way = hashlib.sha256(parts.encode()).hexdigest()[:16]
    total = 0 if found.container in ("pdf", *STRUCTURED) else utf8_size(found.source, found)
    return Opened(origin, unchanged(pieces(found, match, options.chunk_bytes), source, state), total, way)


def _number(text: str | None) -> str | None:
    return normalise_numbers(pl.Series([text], dtype=pl.String), "US")[0] if text else None


@dataclass
class Books:
    """What is counted of a file while it goes through the corridor."""

    counts: Counter[str] = field(default_factory=Counter)  # lines, furniture, events, quarantined
    rules: Counter[str] = field(default_factory=Counter)
    by_type: Counter[str] = field(default_factory=lambda: Counter(dict.fromkeys(events.EVENT_TYPES, 0)))
    stated: list[tuple[model.Control, str]] = field(default_factory=list)
    tellings: dict[tuple[str, float], list[pl.DataFrame]] = field(default_factory=dict)  # by table and how far apart in time
    closings: list[pl.DataFrame] = field(default_factory=list)
    starts: list[dt.datetime] = field(default_factory=list)  # first and last of each chunk
    duration_s: float = 0.0
    zone_assumed: bool = False

    @property
    def span(self) -> tuple[dt.datetime, dt.datetime] | None:
        return (min(self.starts), max(self.starts)) if self.starts else None


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
    decisions, seen, books = Decisions(), across_files.SeenRows(), Books()

    def counted(frame: pl.DataFrame) -> pl.DataFrame:
        with watch.room("deduplicate"):
            return frame.with_columns(seen.add(frame)) if frame.height else frame

    with Ahead(pieces, watch) as ahead, Committer(attempt, counted, watch.room) as committer:
        while (piece := ahead.take()) is not None:
            position = piece.position
            frame, quarantine = work(piece, origin, decisions, books, watch)
            del piece  # a piece weighs as much as all that is made of it: not held while the next one comes
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


def work(piece: Piece, origin: Origin, decisions: Decisions, books: Books, watch: Stopwatch) -> tuple[pl.DataFrame, pl.DataFrame]:
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
            books.tellings.setdefault(key, []).append(across_files.telling(verdict.events))
        if batch.table.pairs:
            books.closings.append(across_files.closings(verdict.events).with_columns(pl.lit("closing").alias("kind")))
    quarantine = pl.concat(bad)
    books.rules.update(dict(piece.rejected["rule"].value_counts().iter_rows()))
    books.stated.extend(piece.stated)
    frame = pl.concat(good) if good else pl.DataFrame()
    books.counts.update(lines=piece.lines, furniture=piece.furniture, quarantined=quarantine.height, events=frame.height)
    if frame.height:
        books.duration_s += float(frame["duration_s"].sum())
        books.by_type.update(dict(frame["event_type"].value_counts().iter_rows()))
        books.zone_assumed |= bool(frame["zone_assumed"].any())
        books.starts += [_moment(frame["started_at"].min()), _moment(frame["started_at"].max())]
    return frame, quarantine


class Ahead:
    """Reads the next piece while the one before is worked on."""

    def __init__(self, pieces: Pieces, watch: Stopwatch) -> None:
        self._pieces, self._watch = pieces, watch
        self._thread = ThreadPoolExecutor(1, "read")
        self._coming = self._thread.submit(self._read)

    def __enter__(self) -> Ahead:
        return self

    def __exit__(self, *_: object) -> None:
        self._thread.shutdown(wait=True, cancel_futures=True)

    def _read(self) -> Piece | None:
        with self._watch.room("read"):
            return next(self._pieces, None)

    def take(self) -> Piece | None:
        """The next piece, None after the last."""
        piece = self._coming.result()
        if piece is not None:
            self._coming = self._thread.submit(self._read)
        return piece


def _moment(value: Any) -> dt.datetime:
    if not isinstance(value, dt.datetime):
        raise LakeError("internal: an event without a time reached the lake")
    return value


def _quarantine(frame: pl.DataFrame, report: FileReport, origin: Origin) -> pl.DataFrame:
    return frame.with_columns(
        pl.lit(report.source_file_id).alias("source_file_id"), pl.lit(report.file).alias("file"), pl.lit(origin.layout.id).alias("layout")
    )


def control_mismatches(books: Books) -> list[str]:
    """What header and trailer records say of the file, where it is not what was read."""
    counts = books.counts
    found = []
    for control, text in books.stated:
        bare = text.strip()
        if not bare:
            continue
        if control.equals == "records":
            value = float(bare) if bare.isdigit() else None
            read = float(counts["events"] + counts["quarantined"])
        else:
            value = pl.select(seconds(pl.lit(bare), control.form)).item()
            read = books.duration_s
        what = control.equals.removesuffix("_s")
        if value is None:
            found.append(f"the control figure for {what} is unreadable: {bare!r}")
        elif abs(value - read) > 0.5:
            aside = f" (without the {counts['quarantined']} in quarantine)" if counts["quarantined"] and what == "duration" else ""
            found.append(f"the file states {what} {value:.0f}, but {read:.0f} were read{aside}")
    return found


def _mark(lake: Lake, identity: str, attempt: Attempt, seen: across_files.SeenRows, books: Books, watch: Stopwatch) -> int:
    """Find and commit the duplicates of a file; returns how many of its events are marked."""
    if books.span is None:
        return 0
    with watch.room("deduplicate"):
        resent = seen.resent().with_columns(pl.lit("resent").alias("kind"))
        again = [across_files.repeats(pl.concat(rows), within_s) for (_, within_s), rows in books.tellings.items()]
        repeats = (pairs.with_columns(pl.lit("repeat").alias("kind")) for pairs in again)
        own = pl.concat([*books.closings, resent, *repeats]).unique("event_id", keep="first")
        mine = pl.concat([own, across_files.across_files(lake, identity, *books.span, own)])
        mine = mine.with_columns(pl.lit(identity).alias("source_file_id"))
    with watch.room("commit"):
        attempt.finish("duplicates", mine)
    own_ids = seen.contains(mine["event_id"])
    return int(own_ids.sum())


def _file_row(report: FileReport, origin: Origin, span: tuple[dt.datetime, dt.datetime] | None) -> pl.DataFrame:
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
