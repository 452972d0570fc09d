"""Mutants tried for real: what kills one is told, and a run that is stopped leaves nothing but what
it knows.
"""

from __future__ import annotations

import fcntl
import json
import os
import subprocess
import sys
import time
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
    reader, writer = os.pipe()
    os.write(writer, b"." * fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, 4096))
    options = ("--trials", str(trials), "--only", "bench/statistics")
    process = subprocess.Popen(
        [sys.executable, "-m", "pipeline_perf_tests.mutation", *options],
        cwd=TREE,
        env={**os.environ, "TMPDIR": str(copies), "PYTHONPATH": str(TREE)},
        stderr=writer,
    )
    # Nobody reads the full pipe: when the first trial is known the run waits to tell of it, and so
    # the end reaches it between two trials.
    while not (trials.exists() and trials.read_text(encoding="utf-8")):
        assert process.poll() is None, os.read(reader, 8192).decode().lstrip(".")
        time.sleep(0.05)
    begun = psutil.Process(process.pid).children(recursive=True)
    assert begun and list(copies.iterdir())
    process.terminate()
    process.terminate()
    os.close(writer)
    while os.read(reader, 8192):
        pass
    os.close(reader)
    assert process.wait() == 143
    first = json.loads(trials.read_text(encoding="utf-8").splitlines()[0])
    assert first["outcome"] in ("killed", "survived")
    assert not [process for process in begun if process.is_running()]
    assert list(copies.iterdir()) == []


def test_the_end_of_a_worker_is_left_for_its_pool_to_hear_of() -> None:
    code = (
        "import multiprocessing, os, subprocess\n"
        "from pipeline_perf_tests.mutation.__main__ import _end_what_was_begun\n"
        "reader, writer = os.pipe()\n"
        "begin = lambda: subprocess.run(['sh', '-c', f'echo >&{writer}; sleep 99'],"
        " pass_fds=[writer])\n"
        "worker = multiprocessing.get_context('fork').Process(target=begin)\n"
        "worker.start()\n"
        "os.read(reader, 1)\n"
        "_end_what_was_begun()\n"
        "worker.join(20)\n"
        "print(worker.exitcode)"
    )
    environment = {**os.environ, "PYTHONPATH": str(TREE)}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, check=True, capture_output=True, text=True
    )
    assert done.stdout == "-9\n"


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
