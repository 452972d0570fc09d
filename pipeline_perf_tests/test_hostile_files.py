"""Files made to do harm are rejected with their reason, in bounded memory; `hostile_files` also
measures how fast.
"""

from pathlib import Path

import pytest

from pipeline_perf_tests.command import ingest
from pipeline_perf_tests.hostile_files import HOSTILE, MIB, ingested

pytestmark = pytest.mark.slow

#: Half a gigabyte to write: the command does that.
LARGE = {"endless_text.csv"}


@pytest.mark.parametrize("name", [name for name in HOSTILE if name not in LARGE])
def test_a_hostile_file_is_rejected_with_its_reason_in_bounded_memory(
    name: str, tmp_path: Path
) -> None:
    HOSTILE[name](tmp_path / name)
    outcome = ingested(tmp_path / name, tmp_path / "lake")
    assert outcome.status == "rejected", outcome
    assert name in outcome.reason
    assert outcome.mib < MIB


def test_a_user_may_allow_less_and_more_to_be_expanded(tmp_path: Path) -> None:
    HOSTILE["bomb.zip"](tmp_path / "bomb.zip")
    [report] = ingest(
        tmp_path / "bomb.zip", "--expanded-mib", 1, "--lake", tmp_path / "lake", exit_code=1
    )
    assert "--expanded-mib" in report["reason"]
    assert "MiB" in report["reason"]
    [report] = ingest(
        tmp_path / "bomb.zip", "--expanded-mib", 4096, "--lake", tmp_path / "lake", exit_code=1
    )
    assert "binary data" in report["reason"]
