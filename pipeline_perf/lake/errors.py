"""What can go wrong with the lake, and how what libraries say of it becomes one line."""

from __future__ import annotations

import contextlib
import errno
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

from pipeline_perf.errors import ProjectError


class LakeError(ProjectError):
    """The lake cannot be opened or written."""

    code = "lake"


@contextlib.contextmanager
def lake_faults(root: str, place: str | None = None) -> Iterator[None]:
    """Turn what Polars, Delta and the file system say of a damaged or foreign lake into one line
    of LakeError, about `place` where it is not only the lake's root.
    """
    import polars as pl
    from deltalake.exceptions import DeltaError

    try:
        yield
    # a truncated file makes Polars panic, which is no Exception
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, DeltaError, OSError) as error:
        if name := _cut_off(root):
            trouble = f"its file {name} is shorter than when it was written"
            remedy = "put that back from a copy, or ingest into a new folder"
        elif isinstance(error, OSError) and error.errno == errno.ENOSPC:
            trouble, remedy = "no space left", "make space and run the same command again"
        else:
            trouble = f"cannot be read or written ({first_line(error)})"
            remedy = (
                "check its permissions and the space left; if its files were damaged, ingest into a"
                " new folder"
            )
        raise LakeError(trouble, remedy, file=place or root) from error


def _cut_off(root: str) -> str | None:
    """The first file of a lake in a local folder that has not the size that its log tells."""
    import polars as pl
    from deltalake import DeltaTable
    from deltalake.exceptions import DeltaError

    with contextlib.suppress(DeltaError, OSError):
        for log in sorted(Path(root).glob("*/_delta_log")):
            files = pl.DataFrame(DeltaTable(log.parent).get_add_actions(flatten=True))
            for name, size in files.select("path", "size_bytes").iter_rows():
                if (log.parent / unquote(name)).stat().st_size < size:
                    return f"{log.parent.name}/{name}"
    return None


def first_line(error: BaseException) -> str:
    """What an error says, without the pages that some append."""
    return next(
        (line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__
    )
