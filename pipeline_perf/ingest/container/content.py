"""A source's bytes, opened once and read once: looked at from the beginning, hashed while they
pass, and handed to the reader.

Here belongs remembering bytes that were read. Where they come from is the business of `source`,
what they are that of the probe.
"""

from __future__ import annotations

import bisect
import contextlib
import hashlib
import io
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pipeline_perf.ingest.container.lines import BLOCK
from pipeline_perf.ingest.container.source import (
    EXPANDED_BYTES,
    Source,
    explained,
    regular_size,
    sources,
)
from pipeline_perf.ingest.door import door
from pipeline_perf.ingest.errors import UnreadableFile

#: Bytes of a source that are kept in memory, so that they need not be read again: a little of what
#: an ingestion needs anyway. What is longer is identified in one pass and read in a second one.
HELD = 4 * BLOCK

#: Of a longer source, its beginning is kept for who looks at it again.
BEGINNING = 1 << 20

#: Bytes read and hashed at a time.
STEP = 1 << 20

#: Bytes taken at a time by who looks at a few.
LOOKED_AT = 1 << 14


class Content:
    """The bytes of a source, for all that ask for them; a context manager that closes the file.

    Up to `hold` bytes are kept. `stream` is the source where it has been opened already; otherwise
    it is opened when the first byte is asked for. Every method raises UnreadableFile where the
    bytes cannot be had.

    >>> import tempfile
    >>> with tempfile.NamedTemporaryFile() as file:
    ...     _ = file.write(b"Date,Number")
    ...     _ = file.seek(0)
    ...     content = Content(Source(Path(file.name)))
    ...     content.open().read(4), content.identify(), content.open().read()
    (b'Date', '0cd07630ace269c5', b'Date,Number')
    """

    def __init__(
        self, source: Source, stream: io.BufferedReader | None = None, *, hold: int = HELD
    ) -> None:
        self.source, self.name = source, source.name
        self._opened, self._hold = stream, hold
        self._held = _Held()
        self._digest = hashlib.sha256()
        self._passed = 0  # bytes that have been read and hashed, in their order
        self._ended = self._identified = False
        self._began: tuple[int, ...] | None = None

    def __enter__(self) -> Content:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file and of what is held."""
        if self._opened is not None:
            self._opened.close()
        self._held = _Held()

    # ------------------------------------------------------------------ what is known of it

    @property
    def packed(self) -> bool:
        """Whether the bytes are stored compressed, or inside an archive."""
        return not self._stream.seekable()

    @property
    def size(self) -> int | None:
        """Bytes as they are stored; None where that cannot be told."""
        state = self._state()
        return self.source.size if state is None else state[1]

    @property
    def complete(self) -> bool:
        """Whether all bytes are held: the file may do what it wants from then on."""
        return self._ended and self._passed == len(self._held)

    def identify(self) -> str:
        """The first 16 hex digits of the SHA-256 of the expanded bytes: the same file, packed or
        not, has the same id.

        Raises UnreadableFile if the file changed meanwhile, too.
        """
        size = self.size
        if self.packed or size is None or size <= self._hold:
            self._fill(self._hold)
        self._rewind()
        while not self._ended:
            self._take(STEP)
        if not self.complete:
            self._held.cut(BEGINNING)
        self.check_unchanged()
        self._identified = True
        return self._digest.hexdigest()[:16]

    def check_unchanged(self) -> None:
        """Raise UnreadableFile where the file was written to since it was opened, unless all that
        was identified is held.
        """
        if not (self._identified and self.complete) and self._state() != self._began:
            raise UnreadableFile(
                "the file changed while it was read",
                "ingest it again when it is complete",
                file=self.name,
            )

    def _state(self) -> tuple[int, ...] | None:
        """What changes when the open file is written to; None for what is no plain file."""
        try:
            status = os.fstat(self._stream.fileno())
        except (OSError, ValueError):
            return None
        return status.st_ino, status.st_size, status.st_mtime_ns

    # ------------------------------------------------------------------ its bytes

    def open(self) -> io.BufferedReader:
        """All bytes from the first one on, whoever looked at them before; buffered.

        What is compressed can be sought in where all of it is held.
        """
        if self.packed and self._ended and not self.complete:
            return self.source.open()  # expanded once more: it can neither be held nor gone back in
        return io.BufferedReader(_View(self), LOOKED_AT)

    @property
    def seekable(self) -> bool:
        """Whether any place of it can be gone to."""
        return self.complete or not self.packed

    def hold(self) -> bool:
        """Make it seekable, if it is not too long for that; whether it is."""
        if self.packed:
            self._fill(self._hold + 1)  # one more, to know whether that was all
        return self.seekable

    def end(self) -> int:
        """How many bytes there are; only of what is seekable."""
        return len(self._held) if self.complete else self._stream.seek(0, os.SEEK_END)

    def read_into(self, buffer: memoryview, at: int) -> int:
        """Fill a buffer with the bytes from place `at` on; returns how many there were."""
        if at <= len(self._held):
            self._fill(min(at + len(buffer), self._hold))
        if at < len(self._held):
            return self._held.copy_into(buffer, at)
        if self.complete:
            return 0
        if not self.packed:
            try:
                self._stream.seek(at)
            except (OSError, OverflowError):
                if at < self.end():
                    raise
                return 0  # no file system goes to every place that a damaged archive names
            return self._stream.readinto(buffer)
        if at != self._passed:
            raise UnreadableFile(
                "what is expanded in passing cannot be gone back in", file=self.name
            )
        data = self._take(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    @property
    def _stream(self) -> io.BufferedReader:
        if self._opened is None:
            self._opened = self.source.open()
        if self._began is None:
            self._began = ()
            self._began = self._state()
        return self._opened

    def _fill(self, upto: int) -> None:
        """Hold the first bytes, or all there are; nothing once others have passed unheld."""
        if self._passed != len(self._held):
            return
        self._rewind()
        while len(self._held) < upto and not self._ended:
            self._held.append(self._take(min(STEP, upto - len(self._held))))

    def _rewind(self) -> None:
        """Go where the next byte to be hashed stands: who looked at other places moved the file."""
        if not self.packed:
            self._stream.seek(self._passed)

    def _take(self, size: int) -> bytes:
        data = self._stream.read(size)
        self._digest.update(data)
        self._passed += len(data)
        self._ended = not data
        return data


class _Held:
    """Bytes from a source's first one on, in the parts in which they were read: putting them
    together would copy them once more.
    """

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._ends: list[int] = []  # where each part ends

    def __len__(self) -> int:
        return self._ends[-1] if self._ends else 0

    def append(self, data: bytes) -> None:
        if data:
            self._parts.append(data)
            self._ends.append(len(self) + len(data))

    def cut(self, length: int) -> None:
        """Let go of what lies behind the first `length` bytes."""
        data = b"".join(self._parts[: bisect.bisect_left(self._ends, length) + 1])[:length]
        self._parts, self._ends = [data], [len(data)]

    def copy_into(self, buffer: memoryview, at: int) -> int:
        """Fill a buffer with the bytes from place `at` on; returns how many there were."""
        filled, number = 0, bisect.bisect_right(self._ends, at)
        while filled < len(buffer) and number < len(self._parts):
            part = self._parts[number]
            begin = at + filled - (self._ends[number] - len(part))
            count = min(len(part) - begin, len(buffer) - filled)
            buffer[filled : filled + count] = memoryview(part)[begin : begin + count]
            filled, number = filled + count, number + 1
        return filled


class _View(io.RawIOBase):
    """A content's bytes from the first one on, with a place of its own in them."""

    def __init__(self, content: Content) -> None:
        self._content, self._at = content, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return self._content.seekable

    def readinto(self, buffer: Any) -> int:
        count = self._content.read_into(memoryview(buffer), self._at)
        self._at += count
        return count

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._at}.get(whence)
        self._at = max(0, offset + (self._content.end() if base is None else base))
        return self._at

    def tell(self) -> int:
        return self._at


def contents(
    path: Path, may_expand_to: int = EXPANDED_BYTES, *, hold: int = HELD
) -> Iterator[Content]:
    """What there is to read at a path, one after the other: see `sources`, whose errors it raises.

    The opening that shows that a file is no archive is the one that it is read by.
    """
    with contextlib.ExitStack() as undone, door(str(path)):
        with explained(str(path)):
            stored = regular_size(path)
            file = undone.enter_context(path.open("rb"))
        parts = sources(path, file, stored, may_expand_to)
        undone.pop_all()
    if parts != [Source(path)]:
        file.close()
        yield from (Content(part, hold=hold) for part in parts)
        return
    with door(str(path)):
        stream = parts[0].open(file)
    yield Content(parts[0], stream, hold=hold)
