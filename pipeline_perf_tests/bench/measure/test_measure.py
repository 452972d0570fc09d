import os
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from pipeline_perf.bench.follow.series import REFERENCE
from pipeline_perf.bench.measure.measure import Sample, measure, measure_pair, run_once
from pipeline_perf.bench.measure.workload import Correctness, Output, Workload, WorkloadError

WORK = "pipeline_perf_tests.bench.work"
MIB = 1 << 20
Python = Callable[..., Workload]

#: Holds on until it has been seen for several sampling periods, counted in CPU time rather than
#: slept.
BURN = "import time\nwhile time.process_time() < {seconds}: pass\n"


def figures(sample: Sample) -> dict[str, float]:
    return {metric.name: metric.value for metric in sample.metrics()}


def test_a_command_is_measured_in_a_process_of_its_own(lock: Path, python: Python) -> None:
    sample = run_once(python(BURN.format(seconds=0.3), unit="rows", units=600), lock=lock)
    assert sample.ok and sample.exit_code == 0
    assert sample.cpu_s == pytest.approx(0.3, abs=0.1)  # the burn, and the interpreter's own start
    assert sample.wall_s >= 0.3
    assert figures(sample)["rows_per_s"] == pytest.approx(600 / sample.wall_s)


def test_cpu_time_counts_the_children_of_the_child(lock: Path, python: Python) -> None:
    burn = BURN.format(seconds=0.3)
    code = (
        "import subprocess, sys\nfor _ in range(2): subprocess.run([sys.executable, '-c',"
        f" {burn!r}], check=True)"
    )
    assert run_once(python(code), lock=lock).cpu_s >= 0.6


def test_the_labs_own_workloads_are_found_when_the_path_that_led_to_the_lab_is_gone(
    lock: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = str(Path(__file__).parents[3])
    monkeypatch.setattr(
        sys, "path", [entry for entry in sys.path if Path(entry).resolve() != Path(here)]
    )
    assert run_once(REFERENCE, lock=lock).reason == ""


def test_a_target_runs_in_a_fresh_python_each_time(lock: Path) -> None:
    seen = []

    def remember(output: Output) -> Correctness:
        seen.append(output.returned)
        return Correctness(True)

    measure(Workload("test.pid", target=f"{WORK}:process_number", check=remember), 3, 0, lock=lock)
    assert len(set(seen)) == 3 and os.getpid() not in seen


def test_the_numbers_a_target_returns_become_named_values(lock: Path) -> None:
    workload = Workload(
        "test.add",
        target=f"{WORK}:add",
        params={"left": 2, "right": 3},
        check=f"{WORK}:sum_is_five",
    )
    sample = run_once(workload, lock=lock)
    assert sample.ok
    found = {metric.name: (metric.value, metric.unit) for metric in sample.metrics()}
    assert found["sum"] == (5, "")
    assert found["stages.read"] == (0.25, "s")
    assert found["checked"] == (1, "")
    assert found["call_seconds"][1] == "s"
    assert "flag" not in found and "label" not in found


def test_wrong_work_is_a_failed_sample_without_figures(lock: Path) -> None:
    workload = Workload(
        "test.add",
        target=f"{WORK}:add",
        params={"left": 2, "right": 2},
        check=f"{WORK}:sum_is_five",
    )
    sample = run_once(workload, lock=lock)
    assert sample.reason == "wrong result: sum is 4, expected 5"
    assert sample.metrics() == []


def test_the_check_of_a_command_sees_what_it_printed(lock: Path, python: Python) -> None:
    assert run_once(python("print('hello')", check=f"{WORK}:says_hello"), lock=lock).values == {
        "letters": 5
    }
    assert (
        run_once(python("print('bye')", check=f"{WORK}:says_hello"), lock=lock).reason
        == "wrong result: printed 'bye\\n'"
    )


def test_each_repetition_has_an_empty_directory_that_is_gone_afterwards(lock: Path) -> None:
    seen = []

    def remember(output: Output) -> Correctness:
        seen.append((output.scratch, output.returned, Path(output.params["path"]).exists()))
        return Correctness(True)

    workload = Workload(
        "test.write", target=f"{WORK}:write", params={"path": "{scratch}/out.txt"}, check=remember
    )
    measure(workload, 2, 0, lock=lock)
    assert [(entries, written) for _, entries, written in seen] == [([], True), ([], True)]
    assert seen[0][0] != seen[1][0]
    assert not any(scratch.exists() for scratch, _, _ in seen)


def test_prepare_fills_the_directory_before_the_measurement(lock: Path) -> None:
    command = (
        sys.executable,
        "-c",
        "import sys; print(open(sys.argv[1]).read())",
        "{scratch}/input.txt",
    )
    sample = run_once(
        Workload("test.cat", command=command, params={"seed": 7}, prepare=f"{WORK}:place"),
        lock=lock,
    )
    assert sample.ok, sample.reason


def test_read_and_written_bytes_of_the_whole_tree_are_counted(lock: Path, python: Python) -> None:
    inner = (
        "import sys; open(sys.argv[1], 'wb').write(bytes(3_000_000)); open(sys.argv[1],"
        " 'rb').read()"
    )
    code = (
        f"import subprocess, sys; subprocess.run([sys.executable, '-c', {inner!r}, sys.argv[1]],"
        " check=True)"
    )
    command = (sys.executable, "-c", code, "{scratch}/file")
    sample = run_once(python("", command=command), lock=lock)
    assert 3_000_000 <= sample.written_bytes < 3_010_000
    assert sample.read_bytes >= 3_000_000


def test_peak_memory_of_one_process_is_its_allocation(lock: Path, python: Python) -> None:
    idle = run_once(python(BURN.format(seconds=0.3)), lock=lock)
    loaded = run_once(
        python(f"block = bytearray(b'x') * (200 * {MIB})\n" + BURN.format(seconds=0.6)), lock=lock
    )
    assert idle.peak_memory and loaded.peak_memory and loaded.peak_memory_bound
    assert loaded.peak_memory - idle.peak_memory == pytest.approx(200 * MIB, rel=0.03)
    assert loaded.peak_memory <= loaded.peak_memory_bound <= loaded.peak_memory * 1.1


def test_memory_shared_with_forked_children_is_counted_once(lock: Path, python: Python) -> None:
    code = f"""
import os
block = bytearray(b'x') * (200 * {MIB})
ready = os.pipe()
for _ in range(2):
    if os.fork() == 0:
        own = bytearray(b'y') * (50 * {MIB})
        os.write(ready[1], b'.')
        import time
        while time.process_time() < 0.8: pass
        os._exit(0)
for _ in range(2): os.wait()
"""
    idle = run_once(python(BURN.format(seconds=0.3)), lock=lock)
    sample = run_once(python(code), lock=lock)
    assert sample.ok and sample.peak_memory and sample.peak_memory_bound and idle.peak_memory
    assert sample.peak_memory - idle.peak_memory == pytest.approx(300 * MIB, rel=0.03)
    # each process's own peak counts the shared block again
    assert sample.peak_memory_bound > 600 * MIB


def test_memory_of_spawned_children_is_added(lock: Path, python: Python) -> None:
    def spawning(parent: int, child: int) -> float:
        inner = f"block = bytearray(b'y') * ({child} * {MIB})\n" + BURN.format(seconds=0.8)
        code = f"""
import subprocess, sys
children = [subprocess.Popen([sys.executable, "-c", {inner!r}]) for _ in range(2)]
block = bytearray(b'x') * ({parent} * {MIB})
sys.exit(any([child.wait() for child in children]))
"""
        sample = run_once(python(code), lock=lock)
        assert sample.ok and sample.peak_memory
        return sample.peak_memory

    assert spawning(100, 150) - spawning(0, 0) == pytest.approx(400 * MIB, rel=0.03)


def test_the_sampler_says_what_it_cost(lock: Path, python: Python) -> None:
    sample = run_once(python(BURN.format(seconds=0.3)), lock=lock)
    assert sample.memory_samples >= 3
    assert 0 < sample.sampler_cpu_s < sample.wall_s


def test_the_log_tells_a_measurement_s_beginning_and_end(
    lock: Path, python: Python, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", logger="pipeline_perf.bench.measure.measure")
    good, bad = python("pass"), python("raise SystemExit('the call from 020 7555 0143')")
    measure(good, 2, 1, lock=lock)
    measure_pair(good, bad, 1, 0, lock=lock)
    told = [text.partition(", seconds=")[0] for text in caplog.messages]
    name, both = good.name, f"{good.name} and {bad.name}"
    why = "exit status 1: the call from •••••••0143"
    assert told == [
        f"measurement begun: workload={name}",
        f"measurement ended: workload={name}, repetitions=2, failed=0, reason=None",
        f"measurement begun: workload={both}",
        f"measurement ended: workload={both}, repetitions=1, failed=1, reason={why}",
    ]
    assert [record.levelname for record in caplog.records][-1] == "WARNING"


def test_a_killed_child_is_a_failed_sample(lock: Path, python: Python) -> None:
    sample = run_once(python("import os, signal; os.kill(os.getpid(), signal.SIGKILL)"), lock=lock)
    assert sample.reason.startswith("killed by SIGKILL")
    assert sample.exit_code == -9 and sample.metrics() == []


def test_a_failing_child_is_quoted(lock: Path) -> None:
    sample = run_once(Workload("test.fail", target=f"{WORK}:fail"), lock=lock)
    assert (
        sample.reason.startswith("exit status 1: ")
        and "RuntimeError: the disk is full of holes" in sample.reason
    )


def test_a_result_that_json_cannot_hold_is_a_failure_that_says_so(lock: Path) -> None:
    sample = run_once(Workload("test.object", target=f"{WORK}:unserialisable"), lock=lock)
    assert f"{WORK}:unserialisable returned what JSON cannot hold" in sample.reason


def test_a_value_that_is_not_a_number_is_a_failure(lock: Path) -> None:
    assert (
        "speed" in run_once(Workload("test.nan", target=f"{WORK}:not_a_number"), lock=lock).reason
    )


def test_a_missing_command_is_a_failed_sample(lock: Path) -> None:
    sample = run_once(Workload("test.missing", command=("/nonexistent/program",)), lock=lock)
    assert sample.reason == "could not start /nonexistent/program: No such file or directory"


def test_a_child_that_takes_too_long_is_killed_with_its_children(
    lock: Path, python: Python, tmp_path: Path
) -> None:
    grandchild = tmp_path / "grandchild"
    code = f"""
import subprocess, sys, pathlib
pause = [sys.executable, '-c', 'import signal; signal.pause()']
p = subprocess.Popen(pause, start_new_session=True)
pathlib.Path({str(grandchild)!r}).write_text(str(p.pid))
p.wait()
"""
    samples = measure(python(code, timeout_s=3), 3, 0, lock=lock)
    assert [sample.reason for sample in samples] == ["timed out: killed after 3 s"]
    assert samples[0].timed_out
    stat = Path(f"/proc/{grandchild.read_text()}/stat")
    assert not stat.exists() or stat.read_text().rpartition(")")[2].split()[0] in "ZX"


def test_a_process_left_running_fails_the_sample_and_is_ended(lock: Path, python: Python) -> None:
    code = (
        "import subprocess, sys; print(subprocess.Popen([sys.executable, '-c', 'import signal;"
        " signal.pause()']).pid)"
    )
    sample = run_once(python(code), lock=lock)
    assert sample.reason.startswith("left processes running") and "signal.pause()" in sample.reason


def test_a_failed_warmup_ends_the_series(lock: Path, python: Python) -> None:
    samples = measure(python("raise SystemExit(4)"), 5, 1, lock=lock)
    assert [sample.reason for sample in samples] == ["exit status 4: it printed nothing"]


def test_pairs_are_interleaved(lock: Path, python: Python, tmp_path: Path) -> None:
    log = tmp_path / "order"
    a, b = (
        python(f"open({str(log)!r}, 'a').write('{name}')", name=f"test.{name}") for name in "ab"
    )
    pairs = measure_pair(a, b, 3, 0, lock=lock)
    assert log.read_text() == "abbaab"
    assert [sample.side for sample in pairs.samples] == ["a", "a", "a", "b", "b", "b"]
    left, right = pairs.values("seconds")
    assert len(left) == len(right) == 3


def test_a_pair_with_a_failed_side_is_left_out_of_the_values(
    lock: Path, python: Python, tmp_path: Path
) -> None:
    flag = tmp_path / "flag"
    once = (
        f"import pathlib\np = pathlib.Path({str(flag)!r})\nif not p.exists():\n    p.touch()\n   "
        " raise SystemExit(1)"
    )
    pairs = measure_pair(python(once), python("pass"), 3, 0, lock=lock)
    assert len(pairs.a) == 3
    assert [len(side) for side in pairs.values("cpu_seconds")] == [2, 2]


def test_an_interrupt_leaves_no_process_behind(lock: Path, tmp_path: Path) -> None:
    child = tmp_path / "child"
    code = f"""
import sys, pathlib
from pipeline_perf.bench.measure.measure import run_once
from pipeline_perf.bench import Workload
body = "import os, signal, pathlib; pathlib.Path({str(child)!r}).write_text(str(os.getpid()))"
body += "; os.kill(os.getppid(), signal.SIGINT); signal.pause()"
pause = Workload('test.pause', command=(sys.executable, '-c', body))
run_once(pause, lock=pathlib.Path({str(lock)!r}))
"""
    outcome = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )
    assert "KeyboardInterrupt" in outcome.stderr
    assert not Path(f"/proc/{child.read_text()}").exists()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_while_a_process_is_started_leaves_none_behind(
    number: int, lock: Path, tmp_path: Path
) -> None:
    started = tmp_path / "started"
    code = f"""
import os, pathlib, signal, subprocess, sys
from pipeline_perf.bench.measure.measure import run_once
from pipeline_perf.bench import Workload
def leave(number, frame): raise KeyboardInterrupt(number)
class Interrupted(subprocess.Popen):
    def _execute_child(self, *arguments):
        super()._execute_child(*arguments)
        pathlib.Path({str(started)!r}).write_text(str(self.pid))
        os.kill(os.getpid(), {int(number)})
signal.signal({int(number)}, leave)
subprocess.Popen = Interrupted
pause = (sys.executable, '-c', 'import signal; signal.pause()')
run_once(Workload('test.pause', command=pause), lock=pathlib.Path({str(lock)!r}))
"""
    outcome = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )
    assert "KeyboardInterrupt" in outcome.stderr
    assert not Path(f"/proc/{started.read_text()}").exists()


def test_a_workload_is_a_command_or_a_target() -> None:
    with pytest.raises(WorkloadError, match="either `command` or `target`"):
        Workload("test.none")
    with pytest.raises(WorkloadError, match="module:function"):
        Workload("test.name", target="os.getpid")


def test_importing_the_lab_stays_cheap() -> None:
    code = (
        "import sys, pipeline_perf.bench.measure.measure, pipeline_perf.bench.judge.targets,"
        " pipeline_perf.bench.measure.results\nprint(sorted(sys.modules))"
    )
    modules = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout
    assert not any(
        f"'{name}'" in modules for name in ("polars", "duckdb", "numpy", "dagster", "jinja2")
    )


def test_another_python_finds_modules_by_its_own_path_and_runs_in_the_directory_named(
    lock: Path, tmp_path: Path
) -> None:
    tree = tmp_path / "tree"
    tree.mkdir()
    (tree / "only_here.py").write_text(
        "import os, sys\ndef where(python): return [os.getcwd(), python, sys.executable]\n",
        encoding="utf-8",
    )
    seen = []

    def remember(output: Output) -> Correctness:
        seen.append(output.returned)
        return Correctness(True)

    workload = Workload(
        "test.tree",
        target="only_here:where",
        params={"python": "{python}"},
        check=remember,
        python=sys.executable,
        directory=str(tree),
        environment={"PYTHONPATH": str(tree)},
    )
    assert run_once(workload, lock=lock).reason == ""
    assert seen == [[str(tree), sys.executable, sys.executable]]


def test_a_command_names_its_python_by_a_placeholder(lock: Path) -> None:
    workload = Workload(
        "test.python", command=("{python}", "-c", "print('hello')"), check=f"{WORK}:says_hello"
    )
    assert run_once(workload, lock=lock).ok


def test_measuring_goes_on_for_as_many_repetitions_as_are_asked_for(
    lock: Path, python: Python
) -> None:
    asked: list[int] = []

    def until_five(samples: Sequence[Sample]) -> int:
        asked.append(len(samples))
        return 5 - len(samples)

    assert [
        sample.repetition for sample in measure(python("pass"), 2, 1, lock=lock, more=until_five)
    ] == [0, 1, 2, 3, 4]
    assert asked == [2, 5]


def test_pairs_go_on_for_as_many_as_are_asked_for_still_alternating(
    lock: Path, python: Python
) -> None:
    pairs = measure_pair(
        python("pass"), python("pass"), 1, 0, lock=lock, more=lambda pairs: 3 - len(pairs.a)
    )
    assert len(pairs.a) == len(pairs.b) == 3
    order = [side for _, side in sorted((sample.started, sample.side) for sample in pairs.samples)]
    assert order == ["a", "b", "b", "a", "a", "b"]


def test_time_in_the_queue_for_a_processor_is_counted(lock: Path, python: Python) -> None:
    code = """
import os, subprocess, sys
busy = [sys.executable, "-c", "for _ in range(5_000_000): pass"]
crowd = [subprocess.Popen(busy) for _ in range(2 * os.cpu_count() + 2)]
[one.wait() for one in crowd]
"""
    crowd = run_once(python(code), lock=lock)
    assert crowd.ok and crowd.queued_s is not None and crowd.queued_s > 0
    assert {"queued_seconds", "stolen_seconds"} <= {figure.name for figure in crowd.metrics()}
