"""Where bytes come from: a file, or a member of an archive, as one bounded stream of expanded
bytes.

Here belong opening, expanding and naming. Identifying is the work of `content`, what the bytes are
that of the probe.
Nothing is ever unpacked to disk, so a member's path is a name and no place.
"""

from __future__ import annotations

import contextlib
import gzip
import io
import re
import stat
import struct
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from pipeline_perf.ingest.errors import UnreadableFile
from pipeline_perf.numbers import count

GZIP = b"\x1f\x8b\x08"
ZIP = (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")

#: Bytes that any compressed file may expand to, however small it is, unless the user allows more.
#: Reading this much takes seconds and no memory.
EXPANDED_BYTES = 1 << 30
#: Beyond that, how many times its stored size. Records shrink 5 to 20 times, the dullest ones 50
#: times; deflate ends at 1032 times, where only bombs live.
EXPANDED_RATIO = 100

#: LZMA is left out: the archive dictates how much memory its decoder takes, up to 4 GiB.
METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2)

#: What decompressors say of data that are not what they should be.
DAMAGED = (
    zipfile.BadZipFile,
    gzip.BadGzipFile,
    zlib.error,
    struct.error,
    EOFError,
    NotImplementedError,
)

BUFFER = 1 << 16

#: How the comment begins that announces a page by its name.
PAGE = "page: "


@dataclass(frozen=True)
class Source:
    """A file, or one member of a zip archive; gzip, in either place, is seen through."""

    path: Path
    member: str | None = None
    # bytes, however small it is packed
    may_expand_to: int = field(default=EXPANDED_BYTES, compare=False)
    # members that are read one behind the other, as `member` says: pages of HTML
    pages: tuple[str, ...] = ()
    # the archive, open, where its directory has been read already: one of thousands of members
    # would be read thousands of times
    archive: zipfile.ZipFile | None = field(default=None, compare=False, repr=False)

    @property
    def name(self) -> str:
        """The name for messages: `a.csv`, `a.zip!b.csv`."""
        return self.path.name if self.member is None else f"{self.path.name}!{self.member}"

    @property
    def size(self) -> int | None:
        """Bytes as they are stored (compressed ones where the source is compressed), None if
        that cannot be told.
        """
        try:
            if self.member is None:
                return self.path.stat().st_size
            with self._opened() as archive:
                return sum(
                    archive.getinfo(name).compress_size for name in self.pages or (self.member,)
                )
        except (OSError, zipfile.BadZipFile, KeyError):
            return None

    @contextlib.contextmanager
    def _opened(self) -> Iterator[zipfile.ZipFile]:
        if self.archive is not None:
            yield self.archive
            return
        with zipfile.ZipFile(self.path) as archive:
            yield archive

    def open(self, file: io.BufferedReader | None = None) -> io.BufferedReader:
        """The expanded bytes, buffered; only a source that is not compressed can be sought in.

        `file` is its file where that has been opened already, and is still at its beginning.

        Raises UnreadableFile, here or on reading: the file is gone or may not be read, the
        compressed data are damaged, or they expand past the limit.
        """
        with explained(self.name), contextlib.ExitStack() as opened:
            limit = expansion_limit(regular_size(self.path), self.may_expand_to)
            expanded: _Expanded | None = None
            stream: io.BufferedReader
            if self.member is None:
                stream = opened.enter_context(file or self.path.open("rb"))
            else:
                archive = opened.enter_context(self._opened())
                packed = (
                    _Pages(archive, self.pages)
                    if self.pages
                    else opened.enter_context(archive.open(self.member))
                )
                expanded = _Expanded(packed, self.name, limit)
                stream = io.BufferedReader(expanded, BUFFER)
            if stream.peek(len(GZIP)).startswith(GZIP):
                expanded = _Expanded(
                    opened.enter_context(gzip.GzipFile(fileobj=stream)), self.name, limit
                )
                stream = io.BufferedReader(expanded, BUFFER)
            held = opened.pop_all()
            if expanded is not None:
                expanded.held = held
            return stream


class _Expanded(io.RawIOBase):
    """A decompressing stream that knows its limit, whose faults carry the source's name, and
    which closes what it reads.
    """

    def __init__(self, stream: IO[bytes] | gzip.GzipFile | _Pages, name: str, limit: int) -> None:
        self._stream, self._name, self._limit = stream, name, limit
        self._expanded = 0
        self.held: contextlib.ExitStack | None = None

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        with explained(self._name):
            data = self._stream.read(len(buffer))
        self._expanded += len(data)
        if self._expanded > self._limit:
            raise UnreadableFile(_too_large(self._name, self._limit))
        buffer[: len(data)] = data
        return len(data)

    def close(self) -> None:
        if not self.closed and self.held is not None:
            self.held.close()
        super().close()


class _Pages:
    """Members of an archive one behind the other, each announced by its name in a comment
    (PAGE).
    """

    def __init__(self, archive: zipfile.ZipFile, names: tuple[str, ...]) -> None:
        self._streams = self._opened(archive, names)
        self._current: IO[bytes] | None = next(self._streams, None)

    @staticmethod
    def _opened(archive: zipfile.ZipFile, names: tuple[str, ...]) -> Iterator[IO[bytes]]:
        for name in names:
            yield io.BytesIO(f"\n<!--{PAGE}{' '.join(name.split())}-->\n".encode(errors="replace"))
            with archive.open(name) as page:
                yield page

    def read(self, size: int) -> bytes:
        while self._current is not None:
            if data := self._current.read(size):
                return data
            self._current = next(self._streams, None)
        return b""


def expansion_limit(stored: int, allowed: int = EXPANDED_BYTES) -> int:
    """How many bytes `stored` compressed bytes may expand to, where `allowed` are in any case."""
    return max(allowed, EXPANDED_RATIO * stored)


def sources(
    path: Path, file: io.BufferedReader, stored: int, may_expand_to: int = EXPANDED_BYTES
) -> list[Source]:
    """What there is to read at a path: the file itself, or each file of a zip archive; pages of
    HTML in one folder are one.

    `file` is the open file, which stays at its beginning, and `stored` its size; `may_expand_to`
    are the bytes that compressed data may expand to, however small they are.

    Office documents are zip archives too and stay whole. Folders, `__MACOSX` and dotfiles of an
    archive are left out.

    Raises UnreadableFile: the file cannot be read, or the archive is damaged, empty, encrypted,
    packed by an unusual method, too large when expanded, or has members that climb out of it or
    share a name.
    """
    with explained(str(path)):
        if not file.peek(4).startswith(ZIP):
            return [Source(path, may_expand_to=may_expand_to)]
        archive = zipfile.ZipFile(path)  # closed with the last of its sources
        members = archive.infolist()
    names = {member.filename for member in members}
    if names & {"[Content_Types].xml", "mimetype"}:
        return [Source(path, may_expand_to=may_expand_to)]
    wanted = [
        member
        for member in members
        if not member.filename.endswith("/") and not _is_clutter(member.filename)
    ]
    if not wanted:
        raise UnreadableFile(
            "an archive without files", "put the records in and hand it in again", file=str(path)
        )
    for member in wanted:
        where = f"{path}!{member.filename}"
        if member.flag_bits & 1:
            raise UnreadableFile(
                "encrypted", "unpack it with its password and hand in the file", file=where
            )
        if member.compress_type not in METHODS:
            raise UnreadableFile(
                f"packed by method {member.compress_type}",
                "pack it again with the common one (deflate)",
                file=where,
            )
        if _climbs_out(member.filename):
            raise UnreadableFile(
                "the member's path leaves the archive",
                "such archives are made to do harm, ask who sent it",
                file=where,
            )
    if len({member.filename for member in wanted}) < len(wanted):
        raise UnreadableFile(
            "holds several files of one name, of which only the last could be read",
            "pack them under names of their own",
            file=str(path),
        )
    # The sizes that the directory states may be trusted: zipfile never expands a member past its
    # own.
    limit = expansion_limit(stored, may_expand_to)
    if sum(member.file_size for member in wanted) > limit:
        raise UnreadableFile(_too_large(str(path), limit))
    return _told_apart(path, archive, wanted, may_expand_to)


def _told_apart(
    path: Path, archive: zipfile.ZipFile, members: list[zipfile.ZipInfo], may_expand_to: int
) -> list[Source]:
    """The sources of an archive.

    An export has a page of HTML for each call: thousands of sources would take hours.

    Copies of a page (merged exports hold them) are left to a further source, and so are found to be
    duplicates.
    """
    seen: Counter[tuple[str, int, int]] = Counter()
    groups: dict[str, list[str]] = {}
    for member in members:
        folder, slash, name = member.filename.rpartition("/")
        label = member.filename
        if name.lower().endswith((".html", ".htm")):
            content = (folder, member.CRC, member.file_size)
            label = f"{folder}{slash}*.html" + (
                f" (copies, {seen[content]})" if seen[content] else ""
            )
            seen[content] += 1
        groups.setdefault(label, []).append(member.filename)
    return [
        Source(
            path,
            label if len(names) > 1 else names[0],
            may_expand_to,
            tuple(names) if len(names) > 1 else (),
            archive,
        )
        for label, names in groups.items()
    ]


def _is_clutter(member: str) -> bool:
    parts = _parts(member)
    return parts[0] == "__MACOSX" or any(part.startswith(".") and part != ".." for part in parts)


def _climbs_out(member: str) -> bool:
    parts = _parts(member)
    return ".." in parts or parts[0] == "" or parts[0].endswith(":")


def _parts(member: str) -> list[str]:
    return re.split(r"[/\\]", member)


def _too_large(name: str, limit: int) -> str:
    return (
        f"{name}: expands to more than {count(limit // 2**20)} MiB, as archives made to do harm"
        " do; if it is genuine, allow more with --expanded-mib, or hand it in expanded"
    )


def regular_size(path: Path) -> int:
    """The size of a regular file; opening anything else might block for ever."""
    status = path.stat()
    if stat.S_ISDIR(status.st_mode):
        raise UnreadableFile("a folder", "name the files in it", file=str(path))
    if not stat.S_ISREG(status.st_mode):
        raise UnreadableFile("a pipe or device", "copy what it gives into a file", file=str(path))
    return status.st_size


@contextlib.contextmanager
def explained(name: str) -> Iterator[None]:
    """Turn the faults of file system and decompressors into UnreadableFile."""
    try:
        yield
    except FileNotFoundError as error:
        raise UnreadableFile("not found", "check the path", file=name) from error
    except PermissionError as error:
        raise UnreadableFile(
            "permission denied", "allow this user to read it", file=name
        ) from error
    except KeyError as error:
        raise UnreadableFile("no such member in the archive", "list it again", file=name) from error
    except DAMAGED as error:
        raise UnreadableFile(
            f"damaged compressed data ({error})", "ask for the file again", file=name
        ) from error
    except (OSError, ValueError) as error:
        raise UnreadableFile(
            f"cannot be read ({error})", "check the path and the disk", file=name
        ) from error
