"""The named errors of the corridor. Each message says what, where, and what to do."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator


class IngestError(Exception):
    """Anything that stops one file; the others go on."""


class LayoutError(IngestError):
    """A layout file that cannot be used as it is written, for one reason or several."""

    def __init__(self, *slips: str) -> None:
        more = f"; and {len(slips) - 1} more: `pipeline-perf layouts check` tells them" if len(slips) > 1 else ""
        super().__init__(f"{slips[0]}{more}")
        self.slips = slips


class UnreadableFile(IngestError):
    """The bytes cannot be had, or are no text, table or document that the corridor reads."""


class NeedsMapping(IngestError):
    """The file is a table, but nobody has said yet what its columns mean."""

    def __init__(self, message: str, suggestion: str = "") -> None:
        super().__init__(message)
        self.suggestion = suggestion


class LakeError(IngestError):
    """The lake cannot be opened or written."""


@contextlib.contextmanager
def lake_faults(root: str) -> Iterator[None]:
    """Turn what Polars, Delta and the file system say of a damaged or foreign lake into one line of LakeError."""
    import polars as pl
    from deltalake.exceptions import DeltaError

    try:
        yield
    except (pl.exceptions.PolarsError, DeltaError, OSError) as error:
        raise LakeError(
            f"{root}: cannot be read or written ({first_line(error)}). "
            "Check its permissions and the space left; if its files were damaged, ingest into a new folder"
        ) from error


def first_line(error: BaseException) -> str:
    """What an error says, without the pages that some append."""
    return next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)
