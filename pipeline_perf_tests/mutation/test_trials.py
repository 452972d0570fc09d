"""Mutants tried for real: what kills one is told, and a run that is stopped leaves nothing but what
it knows.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from pipeline_perf_tests.mutation.__main__ import TREE, nearby, summarised, told


@pytest.mark.slow
def test_a_terminated_run_keeps_what_it_has_and_leaves_no_process_and_no_copy(
    tmp_path: Path,
) -> None:
    trials, copies = tmp_path / "trials.jsonl", tmp_path / "copies"
    copies.mkdir()
    options = ("--trials", str(trials), "--only", "bench/statistics")
    process = subprocess.Popen(
        [sys.executable, "-m", "pipeline_perf_tests.mutation", *options],
        cwd=TREE,
        env={**os.environ, "TMPDIR": str(copies), "PYTHONPATH": str(TREE)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr
    assert process.stderr.readline()  # the first trial has ended
    begun = psutil.Process(process.pid).children(recursive=True)
    assert begun and list(copies.iterdir())
    process.terminate()
    process.communicate()
    assert process.returncode == 143
    first = json.loads(trials.read_text(encoding="utf-8").splitlines()[0])
    assert first["outcome"] in ("killed", "survived")
    assert not [one for one in begun if one.is_running()]
    assert list(copies.iterdir()) == []


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
    assert "0 of 0 killed" in told(summarised([tried[4]]))
    assert "no change" in told(summary) and "All: 3 of 4 killed, 1 of them by the" in told(summary)


def test_the_tests_of_a_module_are_those_of_its_folder_and_those_of_its_room_that_import_it() -> (
    None
):
    tests = nearby("ingest", "pipeline_perf/ingest/container/xml_elements.py")
    folder = TREE / "pipeline_perf_tests/ingest/container"
    own = sorted(str(path.relative_to(TREE)) for path in folder.glob("test_*.py"))
    assert tests == [*own, "pipeline_perf_tests/ingest/read/test_elements.py"]
    all_of_them = nearby("ingest")
    assert len(all_of_them) > 20
    assert all(test.startswith("pipeline_perf_tests/ingest/") for test in all_of_them)
