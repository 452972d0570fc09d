"""Where a workload's time and memory go: one run under a profiler, parsed into stacks.

A profiled run is never a measured one: py-spy costs a tenth of the CPU time, memray doubles it.
What two profiles say about each other is attribution's work.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

from pipeline_perf.bench.errors import LabError
from pipeline_perf.bench.measure import child
from pipeline_perf.bench.measure.lock import DEFAULT_WAIT_S
from pipeline_perf.bench.measure.measure import run_once
from pipeline_perf.bench.measure.workload import PYTHON, Correctness, Output, Workload, resolve

#: Samples a second. py-spy stops the process for each; at 200 it costs a tenth of the CPU time, and
#: keeps up on a busy machine.
RATE_HZ = 200

#: A profiled run may take this many times as long as a measured one.
SLOWER = 4

#: py-spy gives up on a Python that is not up within a second, which happens on a busy machine.
_ATTEMPTS = 3

#: What Python calls code that has no name of its own; its time is that of the function that it
#: stands in.
_ANONYMOUS = re.compile(r"(?:\.<locals>)?\.?<(?:lambda|listcomp|dictcomp|setcomp|genexpr)>")

_FRAME = re.compile(r"(?P<function>[^()]+?) \((?P<file>.+):(?P<line>\d+)\)")

_ERRORS = re.compile(r"Samples: \d+ Errors: (\d+)")

#: py-spy prints this for a process it may not read as well as for one that is no Python.
_NONE_FOUND = "No python processes found"

#: Interpreter options that take a value of their own.
_WITH_VALUE = {"-X", "-W", "--check-hash-based-pycs"}

#: Where a thread of a pool waits to be given work: nobody waits for it.
_WAITING = {"concurrent.futures.thread", "threading", "queue"}

#: memray's own code and the runner of scripts stand at the root of every stack, and are no part of
#: the workload.
_RUNNERS = {"memray", "runpy"}


class ProfileError(LabError):
    """A workload could not be profiled: nothing is known, which is not the same as nothing
    found.
    """

    code = "profile"


@dataclass(frozen=True, order=True)
class Frame:
    """A function, the same one on both sides of a comparison whatever directory and line it
    stands at.

    `module` is dotted ("package.module"), `function` qualified ("Reader.rows"); `file` is for
    people.
    """

    module: str
    function: str
    file: str = field(default="", compare=False)

    def __str__(self) -> str:
        return f"{self.module}:{self.function}"


#: From the outermost caller to the function at work.
Stack = tuple[Frame, ...]


@dataclass(frozen=True)
class Profile:
    """Stacks with their weight: samples (of CPU or wall time), or bytes held when memory was at
    its peak.

    `seconds` is how long the profiled runs took, `worth_s` the seconds of work that the samples
    stand for (0: not told), `lost` how many samples the profiler failed to take. `allocations` is
    how often memory was asked for, a deterministic count; 0 in a profile of time.
    """

    stacks: Mapping[Stack, int]
    unit: Literal["samples", "bytes"]
    seconds: float
    lost: int = 0
    allocations: int = 0
    worth_s: float = 0.0

    @property
    def total(self) -> int:
        """The weight of all stacks together, in the profile's unit."""
        return sum(self.stacks.values())


def pooled(profiles: Iterable[Profile]) -> Profile:
    """Several profiles of the same workload as one.

    Raises ValueError where there are none, or their units differ.
    """
    runs = list(profiles)
    units = {profile.unit for profile in runs}
    if len(units) != 1:
        raise ValueError(
            f"profiles of {', '.join(sorted(units)) or 'nothing'} cannot be pooled: give at least"
            " one, and one unit"
        )
    stacks = Counter[Stack]()
    for profile in runs:
        stacks.update(profile.stacks)
    sums = (
        sum(getattr(profile, name) for profile in runs)
        for name in ("seconds", "lost", "allocations", "worth_s")
    )
    return Profile(stacks, runs[0].unit, *sums)


# Time ---------------------------------------------------------------------------------------------


def profile_time(
    workload: Workload,
    *,
    lock: Path,
    wait_s: float = DEFAULT_WAIT_S,
    rate: int = RATE_HZ,
    clock: Literal["cpu", "wall"] = "cpu",
    py_spy: Path | None = None,
) -> Profile:
    """Run a workload once under py-spy, its child processes included.

    It takes `rate` samples a second. `clock` says which moments count: "cpu", when a thread of
    Python is at work; "wall", also when it waits, be it for the disk or for threads that are not
    Python's (Polars, DuckDB), but not when it waits to be given work. `py_spy` is the program, by
    default the one installed beside this Python.

    Raises ProfileError with the reason when the run fails, was wrong, or may not be looked into,
    and MeasurementBusy by `lock` and `wait_s` like `measure`.
    """
    tool = str(py_spy) if py_spy else _py_spy()
    options = [
        "record",
        "--rate",
        str(rate),
        "--function",
        "--subprocesses",
        "--full-filenames",
        "--format",
        "raw",
    ]
    if clock == "wall":
        options.append("--idle")
    for attempt in range(_ATTEMPTS):
        with tempfile.TemporaryDirectory(prefix="profile-") as directory:
            control, raw = Path(directory), Path(directory, "stacks.raw")
            ran = _run(
                workload,
                (tool, *options, "--output", str(raw), "--"),
                _argv(workload, control),
                control,
                lock,
                wait_s,
            )
            if raw.exists() and not ran.reason and not ran.exit_code:
                text = raw.read_text(encoding="utf-8", errors="replace")
                cpu_s = _cpu_seconds(_read(control / "times"))
                break
        if _NONE_FOUND not in ran.log or attempt == _ATTEMPTS - 1:
            raise _nothing_seen(workload, tool, ran)
    stacks, failed = parse_raw(text), _ERRORS.search(ran.log)
    if clock == "wall":
        stacks = {stack: count for stack, count in stacks.items() if not _unemployed(stack)}
    # A thread that waits for a processor that others have is seen at work, so that samples add up
    # to more than the CPU time; threads that are not Python's work unseen: they add up to less.
    sampled_s = sum(stacks.values()) / rate
    profile = Profile(
        stacks,
        "samples",
        ran.seconds,
        int(failed[1]) if failed else 0,
        worth_s=sampled_s if clock == "wall" or not cpu_s else min(cpu_s, sampled_s),
    )
    if profile.lost > profile.total:
        raise ProfileError(
            f"{workload.name}: {profile.lost} samples failed, {profile.total} did not:"
            f" {ran.log.strip().splitlines()[-1]}",
            "profile again while the machine has less to do",
        )
    return profile


def profile_pair(
    a: Workload,
    b: Workload,
    *,
    samples: int,
    within_s: float,
    lock: Path,
    wait_s: float = DEFAULT_WAIT_S,
    rate: int = RATE_HZ,
    clock: Literal["cpu", "wall"] = "cpu",
    worth: Callable[[Sequence[Profile], Sequence[Profile]], float] | None = None,
    progress: Callable[[float, float], None] | None = None,
) -> tuple[list[Profile], list[Profile]]:
    """Profile two workloads in turns A B B A …: the profiles of `a`, and those of `b`.

    Until both have so many `samples`, or no more runs fit into `within_s` seconds. At least two
    runs of each, so that their spread shows. `worth` says how many samples the profiles of both
    sides are worth, where that is not as many as there are; `progress` is told after each run of
    both which part of the samples there is, and how many seconds of the time are left. `lock`,
    `wait_s`, `rate` and `clock` as in `profile_time`, whose errors it raises.
    """
    worth = worth or _fewest
    sides: tuple[list[Profile], list[Profile]] = ([], [])
    begun, part = time.monotonic(), 0.0
    while (runs := len(sides[0])) < 2 or (
        part < 1 and (time.monotonic() - begun) * (runs + 1) / runs <= within_s
    ):
        order = ((0, a), (1, b)) if len(sides[0]) % 2 == 0 else ((1, b), (0, a))
        for side, workload in order:
            sides[side].append(
                profile_time(workload, lock=lock, wait_s=wait_s, rate=rate, clock=clock)
            )
        part = worth(*sides) / samples
        if progress:
            progress(min(1.0, part), max(0.0, within_s - (time.monotonic() - begun)))
    return sides


def _fewest(a: Sequence[Profile], b: Sequence[Profile]) -> float:
    return min(sum(profile.total for profile in side) for side in (a, b))


def parse_raw(text: str) -> dict[Stack, int]:
    """The stacks of py-spy's raw format, with their counts.

    `text` has `frame;frame;… count` a line, the caller first. Frames of processes are left out:
    numbers and paths differ from run to run. Command lines in them may hold anything, line ends
    included, so that only what reads like a frame is one.

    >>> for stack, count in parse_raw("main (job.py:3);read (job.py:9) 7").items():
    ...     print(*stack, count)
    job:main job:read 7
    """
    stacks = Counter[Stack]()
    for line in text.splitlines():
        words, _, count = line.rpartition(" ")
        if count.isdigit():
            parsed = [match for match in map(_FRAME.fullmatch, words.split(";")) if match]
            if stack := _stack((match["function"], match["file"]) for match in parsed):
                stacks[stack] += int(count)
    return dict(stacks)


def _cpu_seconds(times: str) -> float:
    """CPU seconds of the children of a shell, by what its `times` printed: two lines of user and
    system time, its own and theirs; 0 where it printed nothing.
    """
    last = times.strip().splitlines()[-1:]
    return sum(
        60 * float(minutes) + float(seconds)
        for minutes, seconds in re.findall(r"(\d+)m([\d.]+)s", "".join(last))
    )


def _unemployed(stack: Stack) -> bool:
    """Whether a thread other than the first waits in the machinery of threads."""
    return stack[0] == Frame("threading", "Thread._bootstrap") and stack[-1].module in _WAITING


def _stack(calls: Iterable[tuple[str, str]]) -> Stack:
    """Functions and files, the caller first, as frames; comprehensions and lambdas become the
    function that they stand in.
    """
    frames: list[Frame] = []
    for function, file in calls:
        module, short = _module(file)
        named = _ANONYMOUS.sub("", function)
        if not named:
            # memray's names, and those at the top of a module, do not say what the code stands in:
            # its caller does
            named = frames[-1].function if frames and frames[-1].module == module else "<module>"
        frame = Frame(module, named, short)
        if named == function or not frames or frames[-1] != frame:
            frames.append(frame)
    return tuple(frames)


@lru_cache(maxsize=65536)
def _module(file: str) -> tuple[str, str]:
    """Dotted module and path within its package: what a file is called in any directory.

    A name begins below the innermost folder that has no `__init__.py`; code without a file
    (`<frozen runpy>`) by the name in the brackets.
    """
    if file.startswith("<"):
        return file.strip("<>").removeprefix("frozen "), file
    path = Path(file)
    parts = [path.stem]
    folder = path.parent
    while folder.name and (folder / "__init__.py").exists():
        parts.insert(0, folder.name)
        folder = folder.parent
    short = "/".join([*parts[:-1], path.name])
    return ".".join(parts[:-1] if path.stem == "__init__" and len(parts) > 1 else parts), short


def _py_spy() -> str:
    beside = Path(sys.executable).parent
    program = shutil.which("py-spy", path=f"{beside}{os.pathsep}{os.environ.get('PATH', '')}")
    if not program:
        raise ProfileError(f"py-spy is not installed for {sys.executable}", "pip install py-spy")
    return program


def _nothing_seen(workload: Workload, tool: str, ran: _Ran) -> ProfileError:
    """Why there are no stacks, with the remedy; whether py-spy may look into processes at all is
    tried out, because it does not say.
    """
    if _NONE_FOUND in ran.log or "ermission" in ran.log:
        idle = subprocess.Popen(
            [sys.executable, "-c", "print(flush=True); input()"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        with idle:
            assert idle.stdout is not None
            idle.stdout.readline()
            looked = subprocess.run(
                [tool, "dump", "--pid", str(idle.pid)], capture_output=True, text=True, check=False
            )
            idle.kill()
        if looked.returncode and "ermission" in looked.stderr:
            return ProfileError(
                "py-spy may not look into other processes here, so that nothing is known of where"
                " the time goes",
                "give it the right: run as root, or `sysctl kernel.yama.ptrace_scope=1`, or in a"
                " container `--cap-add SYS_PTRACE`",
            )
    if ran.exit_code:
        return ProfileError(
            f"{workload.name} failed under the profiler: exit status {ran.exit_code}:"
            f" {ran.complaint or 'it printed nothing'}"
        )
    if _NONE_FOUND in ran.log:
        return ProfileError(
            f"{workload.name}: py-spy saw no Python at work",
            "only Python that runs for a second or longer is sure to be seen",
        )
    return ProfileError(
        f"{workload.name} was not profiled: {ran.reason or 'py-spy wrote no stacks'}"
    )


# Memory -------------------------------------------------------------------------------------------


def profile_memory(workload: Workload, *, lock: Path, wait_s: float = DEFAULT_WAIT_S) -> Profile:
    """Run a workload once under memray: who held the bytes when memory was at its peak.

    And how often memory was asked for. The first process only, which must be Python, and have
    memray installed. `lock` and `wait_s` as in `profile_time`, whose errors it raises; ProfileError
    also where no function of Python's held any.
    """
    with tempfile.TemporaryDirectory(prefix="profile-") as directory:
        held = Path(directory, "held.bin")
        words = ("-m", "memray", "run", "--aggregate", "--quiet", "--force", "--output", str(held))
        argv = _inserted(workload, _argv(workload, Path(directory)), words)
        ran = _run(workload, (), argv, Path(directory), lock, wait_s)
        if ran.exit_code or ran.reason:
            reason = (
                f"exit status {ran.exit_code}: {ran.complaint}" if ran.exit_code else ran.reason
            )
            raise ProfileError(f"{workload.name} failed under memray: {reason}")
        profile = _read_memory(held, ran.seconds)
    if not profile.total:
        raise ProfileError(
            f"{workload.name}: memray saw no function of Python's hold memory at the peak",
            "profile its time, or a workload that holds more",
        )
    return profile


def _inserted(workload: Workload, argv: Sequence[str], words: Sequence[str]) -> list[str]:
    """The words put between a Python, with its options, and what it runs."""
    if argv[0] != PYTHON and not Path(argv[0]).name.startswith("python"):
        raise ProfileError(
            f"{workload.name}: memray starts Python only, and the command begins with {argv[0]}",
            "begin it with {python}",
        )
    place = 1
    while place < len(argv) and argv[place].startswith("-") and argv[place] not in ("-m", "-c"):
        place += 2 if argv[place] in _WITH_VALUE else 1
    return [*argv[:place], *words, *argv[place:]]


def _read_memory(path: Path, seconds: float) -> Profile:
    from memray import FileReader

    stacks = Counter[Stack]()
    reader = FileReader(str(path))
    for record in reader.get_high_watermark_allocation_records(merge_threads=True):
        calls = [(function, file) for function, file, _ in reversed(record.stack_trace())]
        stack = _stack(calls)
        first = next(
            (
                place
                for place, frame in enumerate(stack)
                if frame.module.partition(".")[0] not in _RUNNERS
            ),
            len(stack),
        )
        if stack[first:]:
            stacks[stack[first:]] += record.size
    return Profile(dict(stacks), "bytes", seconds, allocations=reader.metadata.total_allocations)


# Running ------------------------------------------------------------------------------------------

#: py-spy prints to the output of what it runs, and ends well however that ended: both are kept
#: apart by a shell on either side. The inner one has a subshell write the status: py-spy kills its
#: child as soon as it sees no Python any more. `times` tells the CPU time without py-spy's.
_OUTER = 'log=$1; shift; exec "$@" >"$log" 2>&1'
_INNER = (
    'folder=$1; shift; ("$@" >"$folder/stdout" 2>"$folder/stderr"; code=$?;'
    ' times >"$folder/times"; echo $code >"$folder/status"); :'
)

#: Characters of a command's complaint that an error quotes.
_QUOTED_CHARACTERS = 400


@dataclass(frozen=True)
class _Ran:
    """What became of a run: the profiler's words, the command's exit status and last words, why
    the run does not count ('': it does).
    """

    log: str
    exit_code: int | None
    complaint: str
    reason: str
    seconds: float


def _argv(workload: Workload, control: Path) -> list[str]:
    """The command of a workload; a target function is called by the same child process that
    measuring uses.
    """
    if workload.command:
        return [str(word) for word in workload.command]
    return [
        workload.python or sys.executable,
        "-P",
        str(Path(child.__file__).resolve()),
        str(control / "request.json"),
    ]


def _run(
    workload: Workload,
    before: Sequence[str],
    argv: Sequence[str],
    control: Path,
    lock: Path,
    wait_s: float,
) -> _Ran:
    """Run a workload once with the words of a profiler before its command.

    Directory, time limit, lock and check are those of every workload; only the command is another.
    """

    def prepare(scratch: Path, params: Mapping[str, Any]) -> None:
        if workload.prepare:
            _function(workload.prepare)(scratch, params)
        if workload.target:
            path = [] if workload.python else sys.path
            request = {
                "path": path,
                "target": workload.target,
                "params": params,
                "reply": str(control / "reply.json"),
            }
            (control / "request.json").write_text(json.dumps(request), encoding="utf-8")

    def check(output: Output) -> Correctness:
        if not workload.check or _read(control / "status").strip() != "0":
            return Correctness(True)
        returned = (
            json.loads(_read(control / "reply.json"))["returned"] if workload.target else None
        )
        finding: Correctness = _function(workload.check)(
            replace(
                output,
                stdout=_read(control / "stdout"),
                stderr=_read(control / "stderr"),
                returned=returned,
            )
        )
        return finding

    log = control / "profiler.log"
    command = (
        "/bin/sh",
        "-c",
        _OUTER,
        "sh",
        str(log),
        *before,
        "/bin/sh",
        "-c",
        _INNER,
        "sh",
        str(control),
        *argv,
    )
    profiled = replace(
        workload,
        command=command,
        target="",
        prepare=prepare,
        check=check,
        timeout_s=SLOWER * workload.timeout_s,
    )
    sample = run_once(profiled, lock=lock, wait_s=wait_s)
    code = _read(control / "status").strip()
    complaint = " | ".join(
        (_read(control / "stderr") or _read(control / "stdout"))
        .strip()[-_QUOTED_CHARACTERS:]
        .splitlines()[-3:]
    )
    reason = sample.reason or ("" if code else "the profiler ended before the command did")
    return _Ran(_read(log), int(code) if code else None, complaint, reason, sample.wall_s)


def _function(given: Any) -> Any:
    return resolve(given) if isinstance(given, str) else given


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""
