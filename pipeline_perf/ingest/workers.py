"""The threads of an ingestion: one reads ahead, one commits behind. What they work on is the
business of `pipeline`.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager

import polars as pl

from pipeline_perf.ingest.batch import Piece, Pieces
from pipeline_perf.ingest.bookkeeping import Stopwatch
from pipeline_perf.lake.attempt import Attempt


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


Room = Callable[[str], AbstractContextManager[None]]


class Committer:
    """Commits chunks in their order, one at a time, in a thread of its own while the next is
    being prepared.

    `finished` is what is still to be done with the events of each.
    """

    def __init__(
        self, attempt: Attempt, finished: Callable[[pl.DataFrame], pl.DataFrame], room: Room
    ) -> None:
        self._attempt, self._finished, self._room = attempt, finished, room
        self._thread = ThreadPoolExecutor(1, "commit")
        self._running: Future[None] | None = None
        self._chunk = -1

    def __enter__(self) -> Committer:
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        self._thread.shutdown(wait=True)
        if kind is None and self._running is not None:
            self._running.result()

    def submit(self, frame: pl.DataFrame, quarantine: pl.DataFrame) -> None:
        """Begin to commit a chunk; waits for the one before, so that memory stays bounded, and
        raises its fault.
        """
        self._chunk += 1
        if self._running is not None:
            self._running.result()
        self._running = self._thread.submit(self._commit, frame, quarantine, self._chunk)

    def _commit(self, frame: pl.DataFrame, quarantine: pl.DataFrame, chunk: int) -> None:
        frame = self._finished(frame)
        with self._room("commit"):
            for table, rows in (("quarantine", quarantine), ("events", frame)):
                self._attempt.commit(table, rows, chunk)
