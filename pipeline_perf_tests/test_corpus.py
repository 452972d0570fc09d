"""The sample corpus that others keep, read where it lies: its own scorer on the command line,
and refusals instead of junk.

PIPELINE_PERF_CORPUS names its folder; without it these tests are skipped, for the files are not
part of this project.
"""

from __future__ import annotations

import fnmatch
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import polars as pl
import pytest

VARIABLE = "PIPELINE_PERF_CORPUS"
FOLDER = Path(os.environ.get(VARIABLE) or ".")
READ = ("constructed-*", "avaya-cm-*", "avaya-ipo-smdr*", "bandicoot-*", "cdrstats-*", "notional-*")
PROJECT = Path(__file__).parents[1]

pytestmark = pytest.mark.skipif(
    not (os.environ.get(VARIABLE) and (FOLDER / "score.py").is_file()),
    reason=(
        f"{VARIABLE} does not name the folder of the sample corpus (the one that holds score.py and"
        " expected.json)"
    ),
)


def environment() -> dict[str, str]:
    """The scorer changes the directory: the package must be found from anywhere, installed or
    not.
    """
    return os.environ | {
        "PYTHONPATH": os.pathsep.join(
            filter(None, [str(PROJECT), os.environ.get("PYTHONPATH", "")])
        )
    }


def entries() -> dict[str, Any]:
    path = FOLDER / "expected.json"
    files: dict[str, Any] = json.loads(path.read_text())["files"] if path.is_file() else {}
    return files


def command_line(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "pipeline_perf", *map(str, arguments)],
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("pattern", READ)
def test_the_corpus_scorer_finds_no_fault(pattern: str) -> None:
    scorer = [sys.executable, FOLDER / "score.py", f"{sys.executable} -m pipeline_perf", FOLDER]
    run = subprocess.run(
        [
            *map(str, scorer),
            "--oracle",
            str(FOLDER / "expected.json"),
            "--only",
            pattern,
            "--strict",
        ],
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    assert "crashes 0, hangs 0, silent loss 0 files, conservation broken 0 files" in run.stdout


def test_a_bill_beside_the_call_detail_of_its_line_tells_the_same_calls(tmp_path: Path) -> None:
    pair = [FOLDER / "constructed-overlap-cdr.txt", FOLDER / "constructed-overlap-bill.csv"]
    lake, out = tmp_path / "lake", tmp_path / "distinct.parquet"
    told = ("--zone", "America/New_York", "--subscriber", "+16465550150")
    assert command_line("ingest", *pair, "--lake", lake, *told, "--json").returncode == 0
    assert (
        command_line(
            "events", "--lake", lake, "--distinct", "--format", "parquet", "-o", out
        ).returncode
        == 0
    )
    assert pl.read_parquet(out).height == 6


@pytest.mark.parametrize(
    "name", [n for n in entries() if not any(fnmatch.fnmatch(n, pattern) for pattern in READ)]
)
def test_a_file_of_no_known_layout_is_refused_with_a_reason_and_leaves_no_event(
    name: str, tmp_path: Path
) -> None:
    lake, out = tmp_path / "lake", tmp_path / "events.json"
    run = command_line("ingest", FOLDER / name, "--lake", lake, "--json")
    (report,) = map(json.loads, run.stdout.splitlines())
    assert report["status"] in ("needs_mapping", "rejected")
    assert run.returncode == {"needs_mapping": 3, "rejected": 1}[report["status"]]
    assert len(report["reason"]) > 20
    assert "Traceback" not in run.stderr
    assert report["events"] == 0
    assert command_line("events", "--lake", lake, "--format", "json", "-o", out).returncode == 0
    assert out.read_text() == ""
