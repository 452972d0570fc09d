"""Files that appear whole or not at all: written beside their name, on the disk before they get it.

Whoever reads the name meanwhile sees what was there before. What is written is the callers'
business; folders that appear whole are made by `synth.dataset`, tables by the lake.
"""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO


@contextlib.contextmanager
def whole_file(path: Path, *, new: bool = False) -> Iterator[BinaryIO]:
    """A file for bytes that is `path`, in place of what was there, once the block has ended well.

    If the block fails, `path` is as it was and nothing is left behind. A process that is killed in
    the block leaves a hidden file beside `path`, whose name has another ending. The folder is made
    where it is missing; who may read both is the process's to say (`permissions`). With `new`,
    nothing is ever replaced: raises FileExistsError where `path` is there already.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.name}-{secrets.token_hex(8)}")
    try:
        with unfinished.open("xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        if new:
            path.hardlink_to(unfinished)  # unlike a rename, fails where the name is taken
        else:
            unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Write text in UTF-8 as a `whole_file`."""
    with whole_file(path) as file:
        file.write(text.encode())
