import os
import shutil
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline_perf.bench.explain.profile import (
    Frame,
    Profile,
    ProfileError,
    parse_raw,
    pooled,
    profile_memory,
    profile_time,
)
from pipeline_perf.bench.measure.workload import Workload

pytestmark = pytest.mark.slow

WORK = "pipeline_perf_tests.bench.work"
Python = Callable[..., Workload]

#: Half a second at work in `busy`, counted in CPU time.
BUSY = """
import time

def busy():
    while time.process_time() < 0.5: sum(n for n in range(500))

busy()
"""


def own(profile: Profile) -> Counter[str]:
    counts = Counter[str]()
    for stack, count in profile.stacks.items():
        counts[str(stack[-1])] += count
    return counts


def script(folder: Path, text: str) -> tuple[str, str]:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "script.py").write_text(text, encoding="utf-8")
    return "{python}", str(folder / "script.py")


# Reading py-spy's stacks


def test_processes_are_no_frames_whatever_their_command_lines_hold() -> None:
    raw = (
        'process 7:"python -c x = 1;\ny = 2";process 8:"sh";main (/x/run.py:3);Reader.rows'
        ' (/x/run.py:9) 12\nprocess 7:"python" 3\n'
    )
    assert parse_raw(raw) == {(Frame("run", "main"), Frame("run", "Reader.rows")): 12}


def test_comprehensions_and_lambdas_are_part_of_the_function_they_stand_in() -> None:
    raw = (
        "main (/x/run.py:3);rows (/x/run.py:9);rows.<locals>.<genexpr> (/x/run.py:11) 4\n"
        "main (/x/run.py:3);rows (/x/run.py:9);rows.<locals>.<lambda> (/x/run.py:12) 1\n"
        "main (/x/run.py:3);rows (/x/run.py:9) 2\n"
    )
    assert parse_raw(raw) == {(Frame("run", "main"), Frame("run", "rows")): 7}


def test_a_lambda_called_by_another_function_still_goes_by_its_own() -> None:
    raw = "each (/x/lib.py:1);rows.<locals>.<lambda> (/x/run.py:12) 1\n"
    assert parse_raw(raw) == {(Frame("lib", "each"), Frame("run", "rows")): 1}


def test_a_recursive_function_stays_as_deep_as_it_went() -> None:
    assert parse_raw("walk (/x/run.py:1);walk (/x/run.py:1);walk (/x/run.py:1) 5\n") == {
        (Frame("run", "walk"),) * 3: 5
    }


def test_modules_are_named_within_their_package_and_alike_in_any_directory(tmp_path: Path) -> None:
    stacks = []
    for side in ("before", "after"):
        package = tmp_path / side / "shop" / "orders"
        package.mkdir(parents=True)
        for folder in (package, package.parent):
            (folder / "__init__.py").touch()
        stacks.append(
            parse_raw(
                f"total ({package}/sums.py:{len(side)});start ({package}/__init__.py:1);load"
                " (<frozen runpy>:8) 1\n"
            )
        )
    assert stacks[0] == stacks[1]
    (stack,) = stacks[0]
    assert [str(frame) for frame in stack] == [
        "shop.orders.sums:total",
        "shop.orders:start",
        "runpy:load",
    ]
    assert stack[0].file == "shop/orders/sums.py"


# Real runs


def test_time_is_found_in_the_function_at_work(lock: Path, tmp_path: Path) -> None:
    profile = profile_time(Workload("test.busy", command=script(tmp_path, BUSY)), lock=lock)
    assert own(profile).most_common(1)[0][0] == "script:busy"
    assert profile.unit == "samples" and profile.total > 20 and profile.seconds > 0.4


POOL = """
import time
from concurrent.futures import ThreadPoolExecutor

def waits():
    time.sleep(0.6)

with ThreadPoolExecutor(2) as pool:
    list(pool.map(int, range(2)))
    waits()
"""


def test_by_the_wall_clock_waiting_counts_but_not_that_of_a_pool_for_work(
    lock: Path, tmp_path: Path
) -> None:
    workload = Workload("test.pool", command=script(tmp_path, POOL))
    found = own(profile_time(workload, lock=lock, clock="wall"))
    assert found["script:waits"] > 20 and not any(
        name.startswith("concurrent.futures.thread:_worker") for name in found
    )
    assert own(profile_time(workload, lock=lock))["script:waits"] < 20


def test_time_of_child_processes_is_found_too(lock: Path, tmp_path: Path) -> None:
    _, child = script(tmp_path / "child", BUSY)
    parent = f"import subprocess, sys\nsubprocess.run([sys.executable, {child!r}], check=True)"
    workload = Workload("test.parent", command=("{python}", "-c", parent))
    # On a machine that is very busy, py-spy gives up on a child that is not up in time: one of
    # three is seen.
    assert any(own(profile_time(workload, lock=lock))["script:busy"] > 20 for _ in range(3))


def test_a_target_function_is_profiled_in_the_process_it_is_measured_in(lock: Path) -> None:
    workload = Workload(
        "test.burn", target=f"{WORK}:burn", params={"cpu_s": 0.5}, check=f"{WORK}:burned"
    )
    assert own(profile_time(workload, lock=lock)).most_common(1)[0][0] == "bench.work:burn"


def test_the_check_sees_what_the_command_printed_and_not_the_profiler(
    lock: Path, tmp_path: Path
) -> None:
    workload = Workload(
        "test.hello", command=script(tmp_path, BUSY + "print('hello')"), check=f"{WORK}:says_hello"
    )
    assert profile_time(workload, lock=lock).total


def test_wrong_work_is_no_profile(lock: Path, tmp_path: Path) -> None:
    workload = Workload(
        "test.bye", command=script(tmp_path, BUSY + "print('bye')"), check=f"{WORK}:says_hello"
    )
    with pytest.raises(ProfileError, match="wrong result: printed 'bye"):
        profile_time(workload, lock=lock)


def test_failed_work_is_no_profile_and_says_why(lock: Path, tmp_path: Path) -> None:
    workload = Workload(
        "test.fail",
        command=script(tmp_path, BUSY + "raise SystemExit('the disk is full of holes')"),
    )
    with pytest.raises(ProfileError, match="exit status 1: the disk is full of holes"):
        profile_time(workload, lock=lock)


def test_what_is_no_python_is_named_as_such(lock: Path) -> None:
    with pytest.raises(ProfileError, match="no Python at work"):
        profile_time(Workload("test.true", command=("/bin/true",)), lock=lock)


def test_a_profile_with_more_gaps_than_samples_is_none(lock: Path, tmp_path: Path) -> None:
    unlucky = tmp_path / "py-spy"
    lines = (
        "#!/bin/sh",
        'while [ "$1" != -- ]; do [ "$1" = --output ] && out=$2; shift; done; shift; "$@"',
        'echo "main (/x/run.py:3) 12" > "$out"; echo "Samples: 40 Errors: 28"',
    )
    unlucky.write_text("\n".join(lines), encoding="utf-8")
    unlucky.chmod(0o755)
    with pytest.raises(ProfileError, match="28 samples failed, 12 did not"):
        profile_time(Workload("test.true", command=("/bin/true",)), lock=lock, py_spy=unlucky)


@pytest.mark.skipif(
    os.geteuid() != 0 or not shutil.which("setpriv"),
    reason="rights can be taken away by root with setpriv only",
)
def test_without_the_right_to_look_into_processes_the_error_has_the_remedy(
    lock: Path, tmp_path: Path
) -> None:
    beside = shutil.which(
        "py-spy", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    )
    # Without capabilities, a process may not look into one that has them, such as any other of
    # root's.
    powerless = tmp_path / "py-spy"
    powerless.write_text(
        f'#!/bin/sh\nexec setpriv --bounding-set=-all --inh-caps=-all {beside} "$@"\n',
        encoding="utf-8",
    )
    powerless.chmod(0o755)
    with pytest.raises(
        ProfileError, match=r"may not look into other processes.*ptrace_scope.*SYS_PTRACE"
    ):
        profile_time(Workload("test.unseen", command=("/bin/true",)), lock=lock, py_spy=powerless)


HOLD = "def hold():\n    return [bytearray(1 << 20) for _ in range(20)]\n\nkept = hold()\n"


def test_memory_is_found_with_the_function_that_holds_it_at_the_peak(
    lock: Path, tmp_path: Path
) -> None:
    profiles = [
        profile_memory(Workload("test.hold", command=script(tmp_path / side, HOLD)), lock=lock)
        for side in ("a", "b")
    ]
    held, size = own(profiles[0]).most_common(1)[0]
    assert held == "script:hold" and size == pytest.approx(20 << 20, rel=0.001)
    assert profiles[0].unit == "bytes" and profiles[0].allocations >= 20
    assert (
        profiles[0].stacks == profiles[1].stacks
        and profiles[0].allocations == profiles[1].allocations
    )


def test_memory_of_a_target_function_is_profiled(lock: Path) -> None:
    profile = profile_memory(
        Workload("test.hold", target=f"{WORK}:hold", params={"mib": 30}), lock=lock
    )
    assert own(profile)["bench.work:hold"] == pytest.approx(30 << 20, rel=0.001)


def test_memory_of_what_is_no_python_cannot_be_profiled(lock: Path) -> None:
    with pytest.raises(ProfileError, match="begins with /bin/true"):
        profile_memory(Workload("test.true", command=("/bin/true",)), lock=lock)


# Pooling


def test_pooled_profiles_add_up() -> None:
    stack, other = (Frame("m", "f"),), (Frame("m", "g"),)
    whole = pooled(
        [Profile({stack: 3}, "samples", 1.5, lost=1), Profile({stack: 2, other: 1}, "samples", 2.0)]
    )
    assert whole == Profile({stack: 5, other: 1}, "samples", 3.5, lost=1)


def test_profiles_of_time_and_of_memory_are_not_pooled() -> None:
    with pytest.raises(ValueError, match="bytes, samples"):
        pooled([Profile({}, "samples", 1), Profile({}, "bytes", 1)])
    with pytest.raises(ValueError, match="at least one"):
        pooled([])
