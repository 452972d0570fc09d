"""What can go wrong with the lake, and how what libraries say of it becomes one line."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from pipeline_perf.errors import ProjectError


class LakeError(ProjectError):
    """The lake cannot be opened or written."""

    code = "lake"


@contextlib.contextmanager
def lake_faults(root: str) -> Iterator[None]:
    """Turn what Polars, Delta and the file system say of a damaged or foreign lake into one line
    of LakeError.
    """
    import polars as pl
    from deltalake.exceptions import DeltaError

    try:
        yield
    except (pl.exceptions.PolarsError, DeltaError, OSError) as error:
        raise LakeError(
            f"cannot be read or written ({first_line(error)})",
            "check its permissions and the space left; if its files were damaged, ingest into a new"
            " folder",
            file=root,
        ) from error


def first_line(error: BaseException) -> str:
    """What an error says, without the pages that some append."""
    return next(
        (line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__
    )
