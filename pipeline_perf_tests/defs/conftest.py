import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from pipeline_perf.defs.folders import Folders, Settings
from pipeline_perf.synth.dataset import DatasetSpec, generate

ROOT = Path(__file__).parents[2]

SCENARIOS = """
ci:
  tiny:
    says: 400 records of an AT&T report
    data: [{carrier: att, format: csv, rows: 400}]
    measure: {repetitions: 1, warmup: 0, reference: copy}
"""

TARGETS = """
Ingestion:
  ingest.tiny:
    holds: 400 rows are in the lake within a minute
    metric: ingest.seconds
    scope: tiny
    unit: s
    required: "< 60"
    why: a test's patience
Accuracy:
  accuracy.duplicates:
    holds: Duplicates are found
    aggregate: min
    required: "> 0.99"
    why: a call told twice is a wrong bill
  accuracy.conservation:
    holds: Nothing is lost
    aggregate: min
    required: "== 1"
    why: nothing may be lost in silence
  queue.depth:
    holds: Few jobs wait
    required: "< 10"
    why: nothing here measures it
"""


@dataclass(frozen=True)
class Project:
    """A data directory of its own with a sample file, a scenarios file and a targets file."""

    root: Path

    @property
    def data(self) -> Path:
        return self.root / "data"

    @property
    def folders(self) -> Folders:
        return Folders(data=str(self.data))

    @property
    def settings(self) -> Settings:
        return Settings(str(self.data), self.root / "targets.yaml", self.root / "scenarios.yaml")

    @property
    def environment(self) -> Mapping[str, str]:
        """The same settings as a user gives them, with an instance of Dagster of its own."""
        return {
            **os.environ,
            "DAGSTER_HOME": str(self.root / "dagster"),
            "PIPELINE_PERF_DATA": str(self.data),
            "PIPELINE_PERF_TARGETS": str(self.root / "targets.yaml"),
            "PIPELINE_PERF_SCENARIOS": str(self.root / "scenarios.yaml"),
            "PYTHONPATH": str(ROOT),
        }

    def contract(self, old: str = "", new: str = "") -> None:
        """Write the targets, with one text of them replaced."""
        assert old in TARGETS
        (self.root / "targets.yaml").write_text(TARGETS.replace(old, new) if old else TARGETS)

    def dagster(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run Dagster's command line in this project."""
        command = [sys.executable, "-m", "dagster", *arguments]
        return subprocess.run(
            command,
            cwd=ROOT,
            env={**self.environment, **environment},
            capture_output=True,
            text=True,
            check=False,
        )


@pytest.fixture(scope="session")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A carrier's file."""
    return generate(DatasetSpec("tmobile", "csv", 250), tmp_path_factory.mktemp("datasets")).files[
        0
    ]


@pytest.fixture
def project(tmp_path: Path, sample: Path) -> Project:
    made = Project(tmp_path)
    (made.data / "samples").mkdir(parents=True)
    (tmp_path / "dagster").mkdir()
    (tmp_path / "dagster" / "dagster.yaml").write_text("telemetry: {enabled: false}\n")
    shutil.copy(sample, made.data / "samples")
    (tmp_path / "scenarios.yaml").write_text(SCENARIOS)
    made.contract()
    return made
