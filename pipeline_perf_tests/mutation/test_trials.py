"""Mutants tried for real: what kills one is told, and a run that is stopped leaves nothing but what
it knows.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from pipeline_perf_tests.mutation.__main__ import TREE, summarised, tests_of, told

pytestmark = pytest.mark.slow


def start(trials: Path, only: str) -> subprocess.Popen[str]:
    command = ("-m", "pipeline_perf_tests.mutation", "--trials", str(trials), "--only", only)
    (trials.parent / "tmp").mkdir()
    return subprocess.Popen(
        [sys.executable, *command, "--json"],
        cwd=TREE,
        env={**os.environ, "TMPDIR": str(trials.parent / "tmp"), "PYTHONPATH": str(TREE)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def rows(trials: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in trials.read_text(encoding="utf-8").splitlines()]


def test_a_mutant_is_killed_by_a_test_of_its_room_and_nothing_is_left(tmp_path: Path) -> None:
    trials = tmp_path / "trials.jsonl"
    process = start(trials, "percentile.py")
    said, _ = process.communicate()
    assert process.returncode == 0
    summary = json.loads(said)
    assert summary["mutants"] == len(rows(trials)) >= 3
    for trial in rows(trials):
        assert trial["outcome"] == "killed"
        assert str(trial["killed_by"]).startswith("pipeline_perf_tests/bench/statistics/test_perc")
    assert list((tmp_path / "tmp").iterdir()) == []


def test_a_terminated_run_keeps_what_it_has_and_leaves_no_process_and_no_copy(
    tmp_path: Path,
) -> None:
    trials = tmp_path / "trials.jsonl"
    process = start(trials, "bench/statistics")
    assert process.stderr
    assert process.stderr.readline()  # the first trial has ended
    begun = psutil.Process(process.pid).children(recursive=True)
    assert begun and list((tmp_path / "tmp").iterdir())
    process.send_signal(signal.SIGTERM)
    process.communicate()
    assert process.returncode == 143
    assert rows(trials)
    assert not [one for one in begun if one.is_running()]
    assert list((tmp_path / "tmp").iterdir()) == []


def trial(outcome: str, room: str = "lake", equivalent: str = "") -> dict[str, object]:
    change = {"module": "a.py", "line": 1, "before": "x", "after": "y", "killed_by": "t"}
    return {**change, "outcome": outcome, "room": room, "equivalent": equivalent}


def test_the_score_counts_timeouts_as_kills_and_leaves_out_what_was_judged_equivalent() -> None:
    tried = [
        trial("killed"),
        trial("timeout"),
        trial("killed", room="ingest"),
        trial("survived", room="ingest"),
        trial("survived", equivalent="no change"),
    ]
    summary = summarised(tried)
    assert (summary["score"], summary["mutants"], summary["timeouts"]) == (0.75, 4, 1)
    assert {room: of["score"] for room, of in summary["rooms"].items()} == {
        "lake": 1,
        "ingest": 0.5,
    }
    assert summary["survivors"] == [tried[3]] and summary["equivalent"] == [tried[4]]
    assert "no change" in told(summary) and "All: 3 of 4 killed, 1 of them by the" in told(summary)


def test_the_tests_of_a_module_are_those_of_its_folder_and_those_of_its_room_that_import_it() -> (
    None
):
    assert tests_of("ingest", "pipeline_perf/ingest/container/xml_elements.py") == [
        "pipeline_perf_tests/ingest/container/test_html_elements.py",
        "pipeline_perf_tests/ingest/container/test_lines.py",
        "pipeline_perf_tests/ingest/container/test_source.py",
        "pipeline_perf_tests/ingest/container/test_workbook.py",
        "pipeline_perf_tests/ingest/read/test_elements.py",
    ]
    all_of_them = tests_of("ingest")
    assert len(all_of_them) > 20
    assert all(test.startswith("pipeline_perf_tests/ingest/") for test in all_of_them)
