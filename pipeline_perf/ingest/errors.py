"""The named errors of the corridor. Each message says what, where, and what to do."""

from __future__ import annotations

from pipeline_perf.errors import ProjectError
from pipeline_perf.yaml_facts import FactsError


class IngestError(ProjectError):
    """Anything that stops one file; the others go on."""

    code = "ingest"


class LayoutError(FactsError, IngestError):
    """A layout file that cannot be used as it is written, for one reason or several."""

    code = "layout"

    def __str__(self) -> str:
        """One line: it becomes the reason why a file was not read."""
        others = len(self.slips) - 1
        more = f"; and {others} more: `pipeline-perf layouts check` tells them" if others else ""
        return f"{self.slips[0]}{more}"


class UnreadableFile(IngestError):
    """The bytes cannot be had, or are no text, table or document that the corridor reads."""

    code = "unreadable_file"


class NeedsMapping(IngestError):
    """The file is a table, but nobody has said yet what its columns mean."""

    code = "needs_mapping"

    suggestion = ""  # a layout to complete, where one can be begun


class Unforeseen(IngestError):
    """What the program did not foresee of a file: a fault of the program, and so logged."""

    code = "unforeseen"
