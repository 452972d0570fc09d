"""Where everything lies: the settings that choose files, and the folders below the data directory.

Nothing here reads or writes; the lake, the results store and the generator do.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import dagster as dg
from pydantic import Field

from pipeline_perf.bench.measure.results import ResultStore
from pipeline_perf.contract import SCENARIOS, TARGETS


@dataclass(frozen=True)
class Settings:
    """What a user may choose by environment variable, so that the definitions serve any contract.

    PIPELINE_PERF_DATA: the data directory (`data`, in the directory that Dagster is started from).
    PIPELINE_PERF_TARGETS, PIPELINE_PERF_SCENARIOS: files that take the place of the built-in ones.
    PIPELINE_PERF_AGAINST: the revision that the job ci compares the working tree with (left out:
    where it left the default branch).
    """

    data: str = "data"
    targets: Path = TARGETS
    scenarios: Path = SCENARIOS
    against: str = ""

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> Settings:
        """The settings in an environment such as os.environ; an empty value counts as none."""
        return cls(
            data=environment.get("PIPELINE_PERF_DATA") or cls.data,
            targets=Path(environment.get("PIPELINE_PERF_TARGETS") or cls.targets),
            scenarios=Path(environment.get("PIPELINE_PERF_SCENARIOS") or cls.scenarios),
            against=environment.get("PIPELINE_PERF_AGAINST") or cls.against,
        )


class Folders(dg.ConfigurableResource):
    """The folders below the data directory; they need not be there."""

    data: str = Field(
        default="data",
        description=(
            "The data directory; may be relative to the directory that Dagster is started from"
        ),
    )

    @property
    def root(self) -> Path:
        """The data directory itself."""
        return Path(self.data)

    @property
    def samples(self) -> Path:
        """Files that anybody may see, kept with the project."""
        return self.root / "samples"

    @property
    def inbox(self) -> Path:
        """Where carriers' files are put to be read."""
        return self.root / "inbox"

    @property
    def datasets(self) -> Path:
        """Generated files with their truth."""
        return self.root / "datasets"

    @property
    def lake(self) -> Path:
        """The lake that people use; scenarios and samples have lakes of their own."""
        return self.root / "lake"

    def lake_of(self, name: str) -> Path:
        """The lake of a scenario, or of the samples."""
        return self.root / "lakes" / name

    @property
    def own_layouts(self) -> Path | None:
        """The user's own layouts, None where there are none."""
        folder = self.root / "layouts"
        return folder if folder.is_dir() else None

    @property
    def reports(self) -> Path:
        """The newest report in all its forms, and the pages of comparisons."""
        return self.root / "reports"

    @property
    def results(self) -> ResultStore:
        """Everything that was ever measured here."""
        return ResultStore(self.root / "results")

    @property
    def machine_lock(self) -> Path:
        """What keeps a measurement and an ingestion waiting for each other."""
        return self.results.lock
