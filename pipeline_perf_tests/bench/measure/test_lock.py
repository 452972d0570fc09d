import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline_perf.bench.measure.lock import MeasurementBusy, measurement_lock
from pipeline_perf_tests.ground.test_logs import hearing

HOLD = """
import sys, pathlib
from pipeline_perf.bench.measure.lock import measurement_lock
with measurement_lock(pathlib.Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.readline()
"""


def holder(lock: Path) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(lock)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout and process.stdout.readline() == "held\n"
    return process


def test_a_second_holder_is_refused_and_told_who_holds_it(lock: Path) -> None:
    process = holder(lock)
    with (
        pytest.raises(MeasurementBusy, match=f"process {process.pid}"),
        measurement_lock(lock, wait_s=0),
    ):
        pass
    process.communicate("\n")
    with measurement_lock(lock, wait_s=0):
        pass


def test_a_second_holder_waits_its_turn(lock: Path) -> None:
    process = holder(lock)
    waiting = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(lock)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    process.communicate("\n")
    assert waiting.communicate("\n")[0] == "held\n"


def test_the_log_tells_who_is_waited_for(lock: Path) -> None:
    """The holder lets go when it hears so."""
    process, told = holder(lock), list[str]()

    def hear(text: str) -> None:
        told.append(text.partition(", waited")[0])
        if text.startswith("waiting for the machine"):
            process.communicate("\n")

    with hearing(hear), measurement_lock(lock, wait_s=60):
        pass
    assert told == [
        f"waiting for the machine: lock={lock}, holder=process {process.pid}",
        f"machine locked: lock={lock}",
    ]


def test_the_death_of_the_holder_frees_the_lock(lock: Path) -> None:
    process = holder(lock)
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    with measurement_lock(lock, wait_s=0):
        pass


def test_a_measured_process_keeps_the_lock_of_a_killed_holder(lock: Path, tmp_path: Path) -> None:
    code = """
import sys, pathlib
from pipeline_perf.bench.measure.measure import run_once
from pipeline_perf.bench import Workload
body = (
    "import os, signal; print(os.getpid(), file=open(sys.argv[1], 'w'));"
    "os.kill(os.getppid(), signal.SIGKILL); signal.pause()"
)
command = (sys.executable, '-c', 'import sys;' + body, sys.argv[2])
run_once(Workload('test.pause', command=command), lock=pathlib.Path(sys.argv[1]))
"""
    orphan = tmp_path / "orphan"
    subprocess.run([sys.executable, "-c", code, str(lock), str(orphan)], check=False)
    with pytest.raises(MeasurementBusy), measurement_lock(lock, wait_s=0):
        pass
    os.kill(int(orphan.read_text()), signal.SIGKILL)
    with measurement_lock(lock, wait_s=30):
        pass
