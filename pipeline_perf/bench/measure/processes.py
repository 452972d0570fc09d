"""A process tree seen from outside, through Linux's /proc: memory over time, members, the end of
it.

Nothing here starts a process or judges one. Sampling is a thread of the measuring process, so that
the workload carries none of its cost but the time the kernel needs to walk its page tables.
"""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from pipeline_perf.bench.errors import LabError

#: Seconds between two samples of memory: 20 Hz, dense enough for peaks that last a tenth of a
#: second.
SAMPLE_PERIOD_S = 0.05

#: The first samples come sooner, so that a process that lives a few milliseconds is seen at all.
FIRST_PERIODS_S = (0.002, 0.005, 0.01, 0.02)

#: Share of one core that sampling may take before it slows down. Reading the page tables of 1 GiB
#: takes 3 ms.
SAMPLE_BUDGET = 0.02


class ProcError(LabError):
    """This kernel does not offer what measuring needs."""

    code = "proc"


def require_proc() -> None:
    """Raise ProcError where the kernel lacks a file that the lab reads."""
    for path in (
        "/proc/self/smaps_rollup",
        f"/proc/self/task/{os.getpid()}/children",
        "/proc/self/io",
    ):
        if not Path(path).exists():
            raise ProcError(
                "this file of the kernel's is missing",
                "measure on Linux 4.14 or later, with /proc mounted: the lab does so nowhere else",
                file=path,
            )


def _text(path: str) -> str:
    """The file's text, or '' when the process has gone or belongs to somebody else."""
    try:
        with open(path, encoding="utf-8", errors="replace") as file:  # noqa: PTH123
            # 20 times a second per process
            return file.read()
    except OSError:
        return ""


def _field_bytes(text: str, name: str) -> int:
    start = text.find(f"\n{name}:")
    return int(text[start:].split(None, 2)[1]) * 1024 if start >= 0 else 0


def started_ticks(pid: int) -> int:
    """Start time of the process `pid` in clock ticks after boot, 0 when it is gone.

    With the number, it names a process for good.
    """
    stat = _text(f"/proc/{pid}/stat")
    return int(stat.rpartition(")")[2].split()[19]) if stat else 0


def high_water(pid: int) -> int:
    """Peak resident bytes of the process `pid` since its program started (VmHWM)."""
    return _field_bytes(_text(f"/proc/{pid}/status"), "VmHWM")


def proportional_size(pid: int) -> int:
    """Resident bytes of the process `pid`, each shared page divided by its sharers (PSS)."""
    return _field_bytes(_text(f"/proc/{pid}/smaps_rollup"), "Pss")


def children(pid: int) -> list[int]:
    """The direct children of the process `pid`, whichever of its threads started them."""
    pids: list[int] = []
    with contextlib.suppress(OSError):
        for thread in os.listdir(f"/proc/{pid}/task"):  # noqa: PTH208
            # 20 times a second per process
            pids += [int(child) for child in _text(f"/proc/{pid}/task/{thread}/children").split()]
    return pids


def session_members(session: int) -> dict[int, str]:
    """Live processes of a session, zombies left out: number → command line."""
    members = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            state = _text(f"{entry}/stat").rpartition(")")[2].split()
            if len(state) > 3 and int(state[3]) == session and state[0] not in "ZX":
                members[int(entry.name)] = _text(f"{entry}/cmdline").replace("\0", " ").strip()
    return members


def input_output(pid: int) -> dict[str, int]:
    """What the process `pid` and its reaped descendants read and wrote, by the kernel's names.

    Still readable of a process that has ended and is not reaped; empty where it is gone.
    """
    return {
        name: int(value)
        for name, _, value in (
            line.partition(":") for line in _text(f"/proc/{pid}/io").splitlines()
        )
    }


def queued_ns(pid: int) -> dict[int, int]:
    """Nanoseconds that each thread of the process `pid` was ready to run and had no processor.

    Still readable of a process that has ended and is not reaped; empty where the kernel does not
    count them.
    """
    waits = {}
    with contextlib.suppress(OSError):
        for thread in os.listdir(f"/proc/{pid}/task"):  # noqa: PTH208
            fields = _text(f"/proc/{pid}/task/{thread}/schedstat").split()
            if len(fields) == 3:
                waits[int(thread)] = int(fields[1])
    return waits


def stolen_s() -> float:
    """Seconds that this machine's processors, all together, were kept by the host they run on."""
    fields = _text("/proc/stat").partition("\n")[0].split()
    return int(fields[8]) / os.sysconf("SC_CLK_TCK") if len(fields) > 8 else 0.0


@dataclass(frozen=True)
class PeakMemory:
    """Peak memory of a tree in bytes: the largest sampled sum of PSS, and a bound that it cannot
    have passed.

    The bound is the largest sum of the members' own high-water marks, over members that one pair of
    neighbouring samples saw. Growth in a child's last period before its end is in neither.
    `queued_s` are the seconds that the tree's threads, all together, waited for a processor; a
    child's last period is not in it. None where the kernel does not count them.
    """

    sampled: int
    bound: int
    samples: int
    sampler_cpu_s: float
    queued_s: float | None = None


class TreeSampler:
    """Follows a process and its descendants until stopped, in a thread of its own."""

    def __init__(self, root: int) -> None:
        self._known: dict[int, int] = {root: started_ticks(root)}
        self._high_water: dict[int, int] = {}
        self._queued_ns: dict[tuple[int, int], int] = {}
        self._before: set[int] = set()
        self._peak = self._bound = self._samples = 0
        self._cpu_s = 0.0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"sampler of {root}", daemon=True)

    def start(self) -> None:
        """Begin to take samples."""
        self._thread.start()

    def stop(self) -> PeakMemory:
        """End, and return what was seen; a second time returns the same."""
        self._stop.set()
        self._thread.join()
        queued_s = sum(self._queued_ns.values()) / 1e9 if self._queued_ns else None
        return PeakMemory(self._peak, self._bound, self._samples, self._cpu_s, queued_s)

    def look(self, pid: int) -> None:
        """Note how long a process's threads have waited so far: the root's, before it is reaped."""
        self._queued_ns |= {(pid, thread): wait for thread, wait in queued_ns(pid).items()}

    def live(self) -> list[int]:
        """Every process seen in the tree that still runs, also one that left its group."""
        return [pid for pid, ticks in self._known.items() if ticks and started_ticks(pid) == ticks]

    def _run(self) -> None:
        while True:
            begin = time.thread_time()
            self._sample()
            cost = time.thread_time() - begin
            self._cpu_s += cost
            early = self._samples <= len(FIRST_PERIODS_S)
            period = (
                FIRST_PERIODS_S[self._samples - 1]
                if early
                else max(SAMPLE_PERIOD_S, cost / SAMPLE_BUDGET)
            )
            if self._stop.wait(period):
                return

    def _sample(self) -> None:
        queue, seen = self.live(), set[int]()
        while queue:
            pid = queue.pop()
            if pid not in seen:
                seen.add(pid)
                if pid not in self._known:
                    self._known[pid] = started_ticks(pid)
                queue += children(pid)
        total = 0
        for pid in seen:
            total += proportional_size(pid)
            self.look(pid)
            # Read after the size, so that the bound is never below what was sampled of this
            # process.
            self._high_water[pid] = max(self._high_water.get(pid, 0), high_water(pid))
        self._peak = max(self._peak, total)
        self._bound = max(self._bound, sum(self._high_water[pid] for pid in seen | self._before))
        self._before = seen
        self._samples += 1


def remaining(session: int, sampler: TreeSampler) -> dict[int, str]:
    """Processes of the tree that still run: number → command line.

    Those of the `session`, and those that the `sampler` has seen and that have left it.
    """
    members = session_members(session)
    for pid in sampler.live():
        if pid not in members and (command := _text(f"/proc/{pid}/cmdline")):
            # a zombie has no command line
            members[pid] = command.replace("\0", " ").strip()
    return members


def kill_all(pids: Iterable[int]) -> None:
    """Send SIGKILL to each of the processes `pids` that is still there."""
    for pid in pids:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(pid, signal.SIGKILL)
