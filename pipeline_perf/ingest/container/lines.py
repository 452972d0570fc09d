"""Bytes → blocks of whole UTF-8 lines that end in LF: decoding and line ends, streaming, and
nothing else.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from typing import BinaryIO

from pipeline_perf.ingest.errors import UnreadableFile

#: Bytes read at a time. A chunk of the lake is a block, and memory is some twenty times a block: 24
#: MiB are some 150 000 records, large enough that what each chunk costs beside its rows (80 ms)
#: hardly counts.
BLOCK = 24 * 2**20

#: A longer line is no record of any format; without a bound, one line could fill the memory.
MAX_LINE = 8 * 2**20

#: Nor is a wider table: the widest known format has 313 columns, and a million of them would fill
#: the memory.
MAX_COLUMNS = 4096


def _windows_1252(error: UnicodeError) -> tuple[str, int]:
    """Files glued together from several sources mix encodings: what is no UTF-8 is read as
    Windows-1252, byte by byte.
    """
    if not isinstance(error, UnicodeDecodeError):
        raise error
    bad = error.object[error.start : error.end]
    return bad.decode("windows-1252", errors="replace"), error.end


codecs.register_error("windows-1252", _windows_1252)


def blocks(
    stream: BinaryIO,
    encoding: str,
    name: str,
    size: int | None = None,
    first_size: int | None = None,
) -> Iterator[bytes]:
    """Yield the stream as blocks of whole lines, UTF-8, each line ended by LF or CRLF except
    perhaps the file's last.

    `size` bytes (BLOCK) are read at a time, `first_size` at first. CRLF, bare CR and LF all end a
    line, also mixed: a bare CR is made an LF. Raises UnreadableFile for a line beyond MAX_LINE.
    """
    decoder = (
        None
        if encoding in ("utf-8", "utf-8-sig", "ascii")
        else codecs.getincrementaldecoder(encoding)(errors="replace")
    )
    size = size or BLOCK
    rest = b""
    first = True
    while True:
        data = stream.read(max(first_size or size, len(codecs.BOM_UTF8)) if first else size)
        final = not data
        if decoder is None:
            # a block that ends with its line need not be cut, which would copy it
            data += stream.readline(size // 16)
            if data.endswith(b"\r"):  # the first half of a CRLF, or the last line's end
                more = stream.read(1)
                data, final = data + more, not more
        else:
            data = decoder.decode(data, final=final).encode()
        if first:
            data = data.removeprefix(codecs.BOM_UTF8)
            first = False
        data = rest + data
        if final and not data:
            return
        # perhaps the first half of a CRLF
        held = b"\r" if data.endswith(b"\r") and not final else b""
        data = data[: len(data) - len(held)]
        bare = re.search(rb"\r(?!\n)", data)
        if bare:
            data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        if _has_long_line(data):
            raise too_long(name)
        cut = len(data) if final else data.rfind(b"\n") + 1
        rest = data[cut:] + held
        if cut:
            block = _unmarked(data[:cut])
            yield _utf8(block) if decoder is None else block
        if final:
            return


def too_long(name: str) -> UnreadableFile:
    return UnreadableFile(
        f"a line is longer than {MAX_LINE // 2**20} MiB, as in no file of records",
        "check what the file is",
        file=name,
    )


def _has_long_line(data: bytes) -> bool:
    """Whether a line exceeds MAX_LINE, found in a few leaps from line end to line end."""
    at = 0
    while len(data) - at > MAX_LINE:
        end = data.rfind(b"\n", at, at + MAX_LINE + 1)
        if end < 0:
            return True
        at = end + 1
    return False


def _unmarked(block: bytes) -> bytes:
    """Without the byte order marks of files that were put together: one in front of a header's
    first title would hide it.
    """
    if block.isascii() or codecs.BOM_UTF8 not in block:  # the first is ten times as fast
        return block
    return block.removeprefix(codecs.BOM_UTF8).replace(b"\n" + codecs.BOM_UTF8, b"\n")


def _utf8(block: bytes) -> bytes:
    if block.isascii():
        return block
    try:
        block.decode()
    except UnicodeDecodeError:
        return block.decode(errors="windows-1252").encode()
    return block
