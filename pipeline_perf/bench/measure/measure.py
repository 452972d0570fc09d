"""Running workloads in fresh processes and taking their measure.

What is measured: wall time, CPU time of the whole tree, peak memory of the whole tree, bytes read
and written, faults, context switches. Storing, judging and comparing are other modules' work.
"""

from __future__ import annotations

import json
import logging
import os
import select
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType
from typing import Any, Literal

from pipeline_perf.bench.measure import child
from pipeline_perf.bench.measure.environment import CHILD_SETTINGS
from pipeline_perf.bench.measure.lock import DEFAULT_WAIT_S, measurement_lock
from pipeline_perf.bench.measure.processes import (
    PeakMemory,
    TreeSampler,
    high_water,
    input_output,
    kill_all,
    remaining,
    require_proc,
    stolen_s,
)
from pipeline_perf.bench.measure.workload import (
    Correctness,
    Output,
    Workload,
    filled_in,
    named_values,
    resolve,
)
from pipeline_perf.logs import logger

log = logger(__name__)

Side = Literal["", "a", "b"]

#: Helpers such as multiprocessing's resource tracker end just after the process that they served.
STRAGGLER_GRACE_S = 2.0

#: Characters of a child's standard error that a failure quotes.
QUOTED_CHARACTERS = 400


#: Where the lab lies, for its own workloads: whoever runs it may have found it by a path that is
#: gone (Dagster's is).
_LAB = str(Path(__file__).resolve().parents[3])


def quiet(_: Sample) -> None:
    """Tell nobody of a repetition."""


class _NotStarted(RuntimeError):
    """The command of a workload is not there, or may not be run."""


@dataclass(frozen=True)
class Metric:
    """One figure of one repetition.

    `low` and `high` bracket it where it is known to a bracket only.
    """

    name: str
    value: float
    unit: str
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Sample:
    """One repetition of a workload: either figures, or the reason why there are none.

    Times in seconds, memory and traffic in bytes. `peak_memory` is the largest sampled sum of
    proportional set sizes over the process tree, `peak_memory_bound` a figure it cannot have
    passed; both are None where the process ended before it was seen. `read_bytes`/`written_bytes`
    passed through system calls (deterministic), `disk_*` reached the device (they depend on the
    page cache). `queued_s` is how long its threads, all together, were ready and had no processor
    (None: the kernel does not tell), `stolen_s` how long the host kept processors of the whole
    machine.
    """

    workload: Workload
    repetition: int
    side: Side
    started: datetime
    reason: str = ""
    wall_s: float = 0.0
    cpu_user_s: float = 0.0
    cpu_system_s: float = 0.0
    peak_memory: int | None = None
    peak_memory_bound: int | None = None
    read_bytes: int = 0
    written_bytes: int = 0
    disk_read_bytes: int = 0
    disk_written_bytes: int = 0
    minor_faults: int = 0
    major_faults: int = 0
    switches_voluntary: int = 0
    switches_involuntary: int = 0
    exit_code: int | None = None
    timed_out: bool = False
    sampler_cpu_s: float = 0.0
    memory_samples: int = 0
    queued_s: float | None = None
    stolen_s: float = 0.0
    values: dict[str, float] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        """Whether it did its work: there is no `reason` against it."""
        return not self.reason

    @property
    def cpu_s(self) -> float:
        """CPU seconds of the whole process tree, those of the kernel included."""
        return self.cpu_user_s + self.cpu_system_s

    def metrics(self) -> list[Metric]:
        """The figures by name, named values included; none for a failed repetition."""
        if not self.ok:
            return []
        figures = [
            Metric("seconds", self.wall_s, "s"),
            Metric("cpu_seconds", self.cpu_s, "s"),
            Metric("cpu_user_seconds", self.cpu_user_s, "s"),
            Metric("cpu_system_seconds", self.cpu_system_s, "s"),
            Metric(
                f"{self.workload.unit}_per_s",
                self.workload.units / self.wall_s,
                f"{self.workload.unit}/s",
            ),
            Metric("read_bytes", self.read_bytes, "B"),
            Metric("written_bytes", self.written_bytes, "B"),
            Metric("disk_read_bytes", self.disk_read_bytes, "B"),
            Metric("disk_written_bytes", self.disk_written_bytes, "B"),
            Metric("minor_faults", self.minor_faults, ""),
            Metric("major_faults", self.major_faults, ""),
            Metric("switches_voluntary", self.switches_voluntary, ""),
            Metric("switches_involuntary", self.switches_involuntary, ""),
            Metric("stolen_seconds", self.stolen_s, "s"),
            Metric("sampler_share", self.sampler_cpu_s / self.wall_s, ""),
        ]
        if self.queued_s is not None:
            figures.append(Metric("queued_seconds", self.queued_s, "s"))
        if self.peak_memory is not None:
            figures.append(
                Metric(
                    "peak_memory", self.peak_memory, "B", self.peak_memory, self.peak_memory_bound
                )
            )
        return figures + [Metric(name, value, unit_of(name)) for name, value in self.values.items()]


def unit_of(name: str) -> str:
    """The unit of a named value, told by its name: `stages.*` and `*seconds` are seconds,
    `*bytes` bytes, others numbers.
    """
    if name.startswith("stages.") or name.endswith("seconds"):
        return "s"
    return "B" if name.endswith("bytes") else ""


@dataclass(frozen=True)
class Pairs:
    """Two workloads measured side by side; repetition i of `a` belongs to repetition i of `b`."""

    a: tuple[Sample, ...]
    b: tuple[Sample, ...]

    def values(self, metric: str) -> tuple[list[float], list[float]]:
        """The metric of both sides, over the pairs in which neither side failed."""
        sides: tuple[list[float], list[float]] = ([], [])
        for pair in zip(self.a, self.b, strict=True):
            figures = [
                next((m.value for m in sample.metrics() if m.name == metric), None)
                for sample in pair
            ]
            if figures[0] is not None and figures[1] is not None:
                sides[0].append(figures[0])
                sides[1].append(figures[1])
        return sides

    @property
    def samples(self) -> list[Sample]:
        """Every repetition, those of side a first."""
        return [*self.a, *self.b]


def measure(
    workload: Workload,
    repetitions: int,
    warmup: int = 1,
    *,
    lock: Path,
    wait_s: float = DEFAULT_WAIT_S,
    more: Callable[[Sequence[Sample]], int] | None = None,
    progress: Callable[[Sample], None] = quiet,
) -> list[Sample]:
    """Run a workload `warmup` times unrecorded, then `repetitions` times, each in a fresh process.

    When these are done, `more` says how many others there shall be, until it says 0. A failed
    warm-up, or a repetition that ran out of time, is returned and ends the series: what follows
    would fail as well, and take as long. `progress` is told each repetition that is returned, when
    it has ended. Raises MeasurementBusy when another measurement holds `lock` for longer than
    `wait_s` seconds.
    """
    require_proc()
    samples: list[Sample] = []
    with measurement_lock(lock, wait_s) as held, _logged(workload.name, samples):
        turn = -warmup
        while turn < repetitions:
            sample = _run(workload, max(turn, 0), "", held)
            if turn >= 0 or not sample.ok:
                samples.append(sample)
                progress(sample)
            if sample.timed_out or (turn < 0 and not sample.ok):
                break
            turn += 1
            if more and turn == repetitions:
                repetitions += more(samples)
    return samples


def measure_pair(
    a: Workload,
    b: Workload,
    pairs: int,
    warmup: int = 1,
    *,
    lock: Path,
    wait_s: float = DEFAULT_WAIT_S,
    more: Callable[[Pairs], int] | None = None,
    progress: Callable[[Sample], None] = quiet,
) -> Pairs:
    """Run two workloads interleaved A B B A …, so that the machine's drift meets both sides alike.

    Side `a` is the subject, side `b` what it is compared with: `warmup` pairs unrecorded, then
    `pairs` of them, and as many as `more` asks for. Goes on, ends early, waits for `lock` and
    raises like `measure`; both sides always have the same number of repetitions. `progress` is told
    a pair's repetitions when both have ended.
    """
    require_proc()
    sides: dict[Side, list[Sample]] = {"a": [], "b": []}
    names = f"{a.name} and {b.name}"
    with measurement_lock(lock, wait_s) as held, _logged(names, sides["a"], sides["b"]):
        turn = -warmup
        while turn < pairs:
            order: tuple[tuple[Side, Workload], ...] = (
                (("a", a), ("b", b)) if turn % 2 == 0 else (("b", b), ("a", a))
            )
            pair = {side: _run(workload, max(turn, 0), side, held) for side, workload in order}
            failed = any(not sample.ok for sample in pair.values())
            if turn >= 0 or failed:
                for side, sample in pair.items():
                    sides[side].append(sample)
                    progress(sample)
            if any(sample.timed_out for sample in pair.values()) or (turn < 0 and failed):
                break
            turn += 1
            if more and turn == pairs:
                pairs += more(Pairs(tuple(sides["a"]), tuple(sides["b"])))
    return Pairs(tuple(sides["a"]), tuple(sides["b"]))


def run_once(workload: Workload, *, lock: Path, wait_s: float = DEFAULT_WAIT_S) -> Sample:
    """Run a workload once, in a fresh process, with no warm-up.

    `lock` and `wait_s` as in `measure`, whose MeasurementBusy it raises.
    """
    return measure(workload, 1, 0, lock=lock, wait_s=wait_s)[0]


@contextmanager
def _logged(workload: str, *sides: list[Sample]) -> Iterator[None]:
    """A measurement's beginning and end; `sides` are filled while it goes on."""
    log.info("measurement begun", extra={"fields": {"workload": workload}})
    began = time.perf_counter()
    yield
    reasons = [sample.reason for samples in sides for sample in samples if not sample.ok]
    fields = {
        "workload": workload,
        "repetitions": len(sides[0]),
        "failed": len(reasons),
        "reason": next(iter(reasons), None),
        "seconds": round(time.perf_counter() - began, 3),
    }
    level = logging.WARNING if reasons else logging.INFO
    log.log(level, "measurement ended", extra={"fields": fields})


def _run(workload: Workload, repetition: int, side: Side, lock: int) -> Sample:
    with tempfile.TemporaryDirectory(prefix="bench-", ignore_cleanup_errors=True) as directory:
        scratch, control = Path(directory, "scratch"), Path(directory, "control")
        scratch.mkdir()
        control.mkdir()
        params = filled_in(workload.params, scratch, _python(workload))
        if workload.prepare:
            prepare = (
                resolve(workload.prepare) if isinstance(workload.prepare, str) else workload.prepare
            )
            prepare(scratch, params)
        sample = Sample(workload, repetition, side, datetime.now(UTC))
        try:
            sample = _observe(sample, _argv(workload, params, scratch, control), control, lock)
        except _NotStarted as error:
            return replace(sample, reason=str(error))
        return _checked(sample, params, scratch, control)


def _python(workload: Workload) -> str:
    return workload.python or sys.executable


def _argv(workload: Workload, params: dict[str, Any], scratch: Path, control: Path) -> list[str]:
    if workload.command:
        return [str(word) for word in filled_in(workload.command, scratch, _python(workload))]
    # A Python of the workload's own has a path of its own: the lab's would lead it to the lab's
    # tree.
    request = {
        "path": [] if workload.python else [*sys.path, _LAB],
        "target": workload.target,
        "params": params,
        "reply": str(control / "reply.json"),
    }
    (control / "request.json").write_text(json.dumps(request), encoding="utf-8")
    # -P keeps the lab's own modules, neighbours of child.py, out of the child's import path.
    return [
        _python(workload),
        "-P",
        str(Path(child.__file__).resolve()),
        str(control / "request.json"),
    ]


class _Interrupts:
    """Interrupts that wait for `release`: none comes between the start of a process and its
    being known here.

    They are noted by a handler and not masked, because a process inherits its parent's mask.
    """

    def __init__(self) -> None:
        self._handlers: dict[int, Callable[[int, FrameType | None], Any]] = {}
        self._waiting: list[int] = []

    def __enter__(self) -> _Interrupts:
        if threading.current_thread() is threading.main_thread():  # no other is ever interrupted
            for number in (signal.SIGINT, signal.SIGTERM):
                handler = signal.getsignal(number)
                if callable(handler):
                    # what is ignored, or ends this process at once, stays as it is: processes
                    # inherit it
                    self._handlers[number] = handler
                    signal.signal(number, self._note)
        return self

    def _note(self, number: int, _frame: FrameType | None) -> None:
        self._waiting.append(number)

    def release(self) -> None:
        for number, handler in self._handlers.items():
            signal.signal(number, handler)
        while self._waiting:
            number = self._waiting.pop(0)
            self._handlers[number](number, None)

    def __exit__(self, *_: object) -> None:
        self.release()


@contextmanager
def _started(
    argv: Sequence[str], workload: Workload, control: Path, lock: int
) -> Iterator[tuple[int, TreeSampler]]:
    """A process in a session of its own, followed by a sampler; whatever happens, no process of
    it survives the block.
    """
    environment = {**os.environ, **CHILD_SETTINGS, **workload.environment}
    with (
        _Interrupts() as interrupts,
        (control / "stdout").open("wb") as stdout,
        (control / "stderr").open("wb") as stderr,
    ):
        try:
            process = subprocess.Popen(
                argv,
                stdin=subprocess.DEVNULL,
                stdout=stdout,
                stderr=stderr,
                cwd=workload.directory or None,
                env=environment,
                start_new_session=True,
                pass_fds=(lock,),
            )
        except OSError as error:
            raise _NotStarted(f"could not start {argv[0]}: {error.strerror}") from error
        sampler = TreeSampler(process.pid)
        sampler.start()
        try:
            interrupts.release()
            yield process.pid, sampler
        finally:
            kill_all(remaining(process.pid, sampler))
            sampler.stop()
            if process.returncode is None:
                # also where wait4 has reaped it: subprocess then records that there is nothing left
                process.wait()


def _observe(sample: Sample, argv: Sequence[str], control: Path, lock: int) -> Sample:
    workload = sample.workload
    own_peak, stolen = high_water(os.getpid()), stolen_s()
    begin = time.perf_counter()
    with _started(argv, workload, control, lock) as (pid, sampler):
        descriptor = os.pidfd_open(pid)
        try:
            poll = select.poll()
            poll.register(descriptor, select.POLLIN)
            timed_out = not poll.poll(
                max(0.0, workload.timeout_s - (time.perf_counter() - begin)) * 1000
            )
            if timed_out:
                kill_all(remaining(pid, sampler))
                poll.poll()
        finally:
            os.close(descriptor)
        wall_s = time.perf_counter() - begin
        # of the ended, not yet reaped process: its reaped descendants are counted in
        traffic = input_output(pid)
        sampler.look(pid)
        _, status, usage = os.wait4(pid, 0)
        left = _stragglers(pid, sampler)
        memory = sampler.stop()
    exit_code = os.waitstatus_to_exitcode(status)
    return replace(
        sample,
        reason=_failure(workload, exit_code, timed_out, left, control),
        wall_s=wall_s,
        cpu_user_s=usage.ru_utime,
        cpu_system_s=usage.ru_stime,
        peak_memory=memory.sampled or None,
        peak_memory_bound=_bound(memory, usage.ru_maxrss * 1024, own_peak),
        read_bytes=traffic.get("rchar", 0),
        written_bytes=traffic.get("wchar", 0),
        disk_read_bytes=traffic.get("read_bytes", 0),
        disk_written_bytes=traffic.get("write_bytes", 0),
        minor_faults=usage.ru_minflt,
        major_faults=usage.ru_majflt,
        switches_voluntary=usage.ru_nvcsw,
        switches_involuntary=usage.ru_nivcsw,
        exit_code=exit_code,
        timed_out=timed_out,
        sampler_cpu_s=memory.sampler_cpu_s,
        memory_samples=memory.samples,
        queued_s=memory.queued_s,
        stolen_s=max(0.0, stolen_s() - stolen),
    )


def _bound(memory: PeakMemory, max_rss: int, own_peak: int) -> int | None:
    """What peak memory cannot have passed.

    The kernel's own maximum (ru_maxrss) sees what happened after the last sample, but a child
    inherits it from its parent over fork and exec: it tells of the child only where it is above our
    own peak.
    """
    if not memory.sampled:
        return None
    return max(memory.bound, max_rss) if max_rss > own_peak else memory.bound


def _stragglers(pid: int, sampler: TreeSampler) -> dict[int, str]:
    deadline = time.monotonic() + STRAGGLER_GRACE_S
    while (left := remaining(pid, sampler)) and time.monotonic() < deadline:
        time.sleep(0.01)
    return left


def _failure(
    workload: Workload, exit_code: int, timed_out: bool, left: dict[int, str], control: Path
) -> str:
    """Why this repetition does not count, or ''."""
    if timed_out:
        return f"timed out: killed after {workload.timeout_s:g} s"
    if exit_code < 0:
        name = signal.Signals(-exit_code).name
        hint = (
            "; the machine may have run out of memory: see the kernel's log"
            if name == "SIGKILL"
            else ""
        )
        return f"killed by {name}{hint}"
    if exit_code:
        words = _tail(control / "stderr") or _tail(control / "stdout") or "it printed nothing"
        return f"exit status {exit_code}: {words}"
    if left:
        commands = ", ".join(f"{command or '?'} (process {pid})" for pid, command in left.items())
        return f"left processes running, whose cost is in no figure: {commands}"
    return ""


def _tail(path: Path) -> str:
    """The last lines of a file, on one line."""
    text = path.read_text(encoding="utf-8", errors="replace").strip()
    return " | ".join(text[-QUOTED_CHARACTERS:].splitlines()[-3:]).strip()


def _checked(sample: Sample, params: dict[str, Any], scratch: Path, control: Path) -> Sample:
    """The sample with its named values, failed where the work was wrong."""
    if not sample.ok:
        return sample
    workload, returned, values = sample.workload, None, {}
    if workload.target:
        reply = json.loads((control / "reply.json").read_text(encoding="utf-8"))
        returned = reply["returned"]
        values = reply["call"] | named_values(returned)
    if workload.check:
        check = resolve(workload.check) if isinstance(workload.check, str) else workload.check
        stdout, stderr = (
            (control / name).read_text(encoding="utf-8", errors="replace")
            for name in ("stdout", "stderr")
        )
        finding: Correctness = check(Output(stdout, stderr, returned, scratch, params))
        values |= finding.values
        if not finding.right:
            return replace(
                sample,
                values=values,
                reason=f"wrong result: {finding.why or 'the check gave no reason'}",
            )
    unusable = [name for name, value in values.items() if not abs(value) < float("inf")]
    if unusable:
        return replace(
            sample, reason=f"named values that are not finite numbers: {', '.join(unusable)}"
        )
    return replace(sample, values=values)
