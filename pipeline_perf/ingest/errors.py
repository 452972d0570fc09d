"""The named errors of the corridor. Each message says what, where, and what to do."""

from __future__ import annotations


class IngestError(Exception):
    """Anything that stops one file; the others go on."""


class LayoutError(IngestError):
    """A layout file that cannot be used as it is written."""


class UnreadableFile(IngestError):
    """The bytes cannot be had, or are no text, table or document that the corridor reads."""


class NeedsMapping(IngestError):
    """The file is a table, but nobody has said yet what its columns mean."""

    def __init__(self, message: str, suggestion: str = "") -> None:
        super().__init__(message)
        self.suggestion = suggestion


class LakeError(IngestError):
    """The lake cannot be opened or written."""
