"""Killed or stopped at any moment, an ingestion leaves a readable lake, and the next one makes
it as if nothing had happened.

`python -m pipeline_perf_tests.kill_ingestion` does the same at full scale.
"""

from __future__ import annotations

import signal
from pathlib import Path

import polars as pl
import pytest

from pipeline_perf.lake.delta import Lake
from pipeline_perf.synth.dataset import DatasetSpec, generate
from pipeline_perf_tests import kill_correction
from pipeline_perf_tests.command import ingest, start
from pipeline_perf_tests.kill_ingestion import contents, differences, trials, watch, written

pytestmark = pytest.mark.slow

#: A dozen chunks.
ROWS, CHUNK_MIB = 8_000, 0.1


@pytest.fixture(scope="module")
def report_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return generate(DatasetSpec("att", "csv", ROWS), tmp_path_factory.mktemp("data")).files[0]


def test_after_a_kill_at_any_moment_the_lake_becomes_that_of_an_undisturbed_run(
    report_file: Path, tmp_path: Path
) -> None:
    done = list(trials(report_file, tmp_path, kills=6, seed=20240101, chunk_mib=CHUNK_MIB))
    assert [trial.differing for trial in done] == [[]] * 6
    total = written(tmp_path / "undisturbed")
    assert min(trial.at[0] for trial in done) < total / 4
    assert max(trial.at[0] for trial in done) > total / 2


def test_after_a_kill_at_any_moment_a_corrected_lake_is_as_before_or_right(tmp_path: Path) -> None:
    [path] = generate(DatasetSpec("verizon", "csv", 2000), tmp_path / "data").files
    copy = tmp_path / "copy.csv"
    copy.write_bytes(path.read_bytes() + b"\r\n")
    done = list(kill_correction.trials([path, copy], tmp_path, kills=6, seed=1))
    assert {trial.found for trial in done} <= {"before", "right"}
    assert [trial.differing for trial in done] == [[]] * 6


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_stopped_ingestion_says_so_and_goes_on_when_run_again(
    number: signal.Signals, code: int, report_file: Path, tmp_path: Path
) -> None:
    options: list[object] = [report_file, "--chunk-mib", CHUNK_MIB, "--lake"]
    undisturbed, stopped = tmp_path / "undisturbed", tmp_path / "stopped"
    ingest(*options, undisturbed)
    process = start("ingest", *options, stopped)
    assert watch(process, stopped, files=15)
    process.send_signal(number)
    said, complained = process.communicate(timeout=60)
    assert process.returncode == code
    assert said == ""
    assert complained == "stopped: what is committed stays; run the same command again to go on\n"

    lake = Lake(stopped)
    assert (
        lake.files().height
        == lake.scan_events().collect().height
        == lake.scan_quarantine().collect().height
        == 0
    )
    before = lake.scan("events").collect()
    assert before.height > 0
    ingest(*options, stopped)
    after = contents(stopped)
    assert differences(contents(undisturbed), after) == []
    # It went on: what was committed before was not written once more.
    kept = {action["add"]["path"] for action in actions(stopped) if action.get("add")}
    assert before.select(pl.len()).item() <= after["stored events"].height
    assert not [action for action in actions(stopped) if action.get("remove")]
    assert len(kept) == len(
        {action["add"]["path"] for action in actions(undisturbed) if action.get("add")}
    )


def actions(root: Path) -> list[dict[str, dict[str, str]]]:
    """All that the log of the events table says."""
    import json

    logs = sorted((root / "events" / "_delta_log").glob("*.json"))
    return [json.loads(line) for log in logs for line in log.read_text().splitlines()]
