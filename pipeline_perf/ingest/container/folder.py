"""A folder's files, those of its folders among them, and what of it is no file to be read.

What is in the files is nobody's business here.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

#: How transfer programs name a file until it is whole.
UNFINISHED = (".part", ".partial", ".filepart", ".tmp", ".crdownload")


@dataclass(frozen=True)
class Found:
    """Something in a folder; `skipped` says why it is not read, '' of a file that is."""

    path: Path
    skipped: str = ""


def look_through(folder: Path) -> Iterator[Found]:
    """All that is in a folder, in the order of names; a link to a folder is not followed."""
    for at, folders, names in os.walk(folder):
        place, inside = Path(at), sorted(folders)
        folders.clear()
        for name in inside:
            path = place / name
            if name.startswith("."):
                yield Found(path, "hidden")
            elif path.is_symlink():
                yield Found(path, "a link to a folder")
            elif (path / "_delta_log").is_dir():
                yield Found(path, "a table of a lake")
            else:
                folders.append(name)
        for name in sorted(names):
            path = place / name
            if name.startswith("."):
                yield Found(path, "hidden")
            elif name.lower().endswith(UNFINISHED):
                yield Found(path, "not wholly transferred yet")
            elif path.is_file():
                yield Found(path)
            elif not path.exists():  # taken away since it was listed, or a link to nothing
                yield Found(path, "not there any more")
            else:
                yield Found(path, "no regular file")
