"""Acknowledgements: somebody has seen that a metric stands at a new level, and takes it.

One small YAML file a machine, beside the results, to be read, reviewed and corrected by hand. Which
alert an acknowledgement settles is `watch`'s business; runs kept under a name are `baseline`'s.
"""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path

from pipeline_perf.atomic_files import write_text
from pipeline_perf.bench.errors import LabError
from pipeline_perf.yaml_facts import FactsError, read

_MACHINE = re.compile(r"[\w-]+")


class LevelError(FactsError, LabError):
    """An acknowledgement says too little, or the file of them is damaged."""

    code = "level"


@dataclass(frozen=True)
class Acknowledgement:
    """`metric` ("ingest.csv_1m seconds") stands at a new level `since` a night; `by` takes it,
    and `note` says why.
    """

    metric: str
    since: date
    by: str
    note: str


class Levels:
    """The levels acknowledged on one machine, kept in `levels/<fingerprint>.yaml` below the
    results.
    """

    def __init__(self, results: Path, machine: str) -> None:
        if not _MACHINE.fullmatch(machine):
            raise LevelError(
                f"{machine!r} names no machine", "give the fingerprint of a run's environment"
            )
        self.path = results / "levels" / f"{machine}.yaml"

    def acknowledge(self, metric: str, since: date, by: str, note: str) -> Acknowledgement:
        """Take the level that a metric has had since a night: `by` whom, and with a `note` why.

        Raises LevelError without a name and a reason.
        """
        if not by.strip() or not note.strip():
            raise LevelError(
                f"{metric}: the new level has no name or no reason",
                "say who takes it, and why: whoever reads this in a year will ask",
            )
        entry = Acknowledgement(metric, since, by.strip(), note.strip())
        self._write([*self.acknowledged(), entry])
        return entry

    def acknowledged(self) -> list[Acknowledgement]:
        """Every acknowledgement, oldest first. Raises LevelError when the file is damaged."""
        if not self.path.exists():
            return []
        return list(read(self.path, tuple[Acknowledgement, ...], LevelError))

    def _write(self, entries: list[Acknowledgement]) -> None:
        import yaml

        fields = [asdict(entry) for entry in entries]
        write_text(self.path, yaml.safe_dump(fields, sort_keys=False, allow_unicode=True))
