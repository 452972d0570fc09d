"""What holds a workload up (processor, memory, disk, waiting), what to do about it, and what
doing it brought.

Pure: samples in, findings out. The limits from which something is a bottleneck are the caller's.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Literal

from pipeline_perf.bench.measure.measure import Sample
from pipeline_perf.bench.statistics.compare import TOLERANCE, Comparison, compare
from pipeline_perf.numbers import count

Resource = Literal["cpu", "memory", "disk", "database", "waiting", "none"]

#: A page of memory, as the kernel counts faults.
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")

#: What every repetition is measured by, and a diagnosis needs. Peaks of memory and stages are
#: looked at where there are any.
NEEDED = frozenset({
    "seconds", "cpu_seconds", "cpu_system_seconds", "read_bytes", "written_bytes",
    "disk_read_bytes", "disk_written_bytes",
    "minor_faults", "major_faults", "switches_voluntary",
})  # fmt: skip

#: Below this share of the time, removing a stage altogether is not worth a change.
_WORTH = 0.05

#: From this share of CPU time on, the kernel's part is looked into; below it, calls and faults are
#: the price of any work.
_SYSTEM_SHARE = 0.25

#: Memory that is taken so many times over is given back in between.
_TAKEN_AGAIN = 4.0


@dataclass(frozen=True)
class Limits:
    """From which share on something is the bottleneck.

    `cpu`: of the time, one processor is busy. `disk_wait`: of the time, spent waiting for the disk.
    `memory`: of the memory that there is, at the peak. `database`: of the time, in the stages that
    are the database's. `waiting`: of the time, no processor works for it.
    """

    cpu: float = 0.80
    disk_wait: float = 0.30
    memory: float = 0.80
    database: float = 0.30
    waiting: float = 0.50


@dataclass(frozen=True)
class Machine:
    """What a workload has at its disposal.

    `load` is that of other work, as it was when measuring began.
    """

    cores: int
    memory_bytes: int
    load: float = 0.0

    @property
    def taken(self) -> bool:
        """Whether others want every processor: who waits then may wait for them."""
        return self.load >= self.cores


@dataclass(frozen=True)
class Recommendation:
    """Something to do.

    `share` is the part of the time that it is about, so that the gain has a limit.

    `evidence` are the figures behind it. By Amdahl's law the whole becomes `speedup_halved` times
    as fast if that part took half its time, and never more than `speedup_limit` times (inf: it is
    everything).
    """

    subject: str
    advice: str
    evidence: str
    share: float

    @property
    def speedup_halved(self) -> float:
        """How many times as fast the whole is if the part takes half its time."""
        return 1 / (1 - self.share / 2)

    @property
    def speedup_limit(self) -> float:
        """How many times as fast the whole is if the part takes no time; inf: it is everything."""
        return 1 / (1 - self.share) if self.share < 1 else float("inf")


@dataclass(frozen=True)
class Bottleneck:
    """What holds a workload up. Figures are medians over the repetitions, shares are of wall time.

    `bound` is what it is bound by, the gravest first; ("none",) where no limit is passed.
    `busy_cores` is CPU time over wall time: 1.0 is one core at work throughout. `queued` is the
    share of the time that it was ready and others had the processors; `waiting` is what is left:
    no processor was wanted. `disk_wait` is None
    where nothing measured it; what waiting there was is then all that is known. `stages` are shares
    of the time, the largest first.
    """

    workload: str
    bound: tuple[Resource, ...]
    why: tuple[str, ...]
    busy_cores: float
    cores: int
    waiting: float
    disk_wait: float | None
    memory_share: float | None
    stages: tuple[tuple[str, float], ...]
    queued: float = 0.0
    recommendations: tuple[Recommendation, ...] = field(default=())


def bottleneck(
    samples: Sequence[Sample],
    machine: Machine,
    limits: Limits = Limits(),
    database_stages: Collection[str] = (),
) -> Bottleneck:
    """What holds a workload up, by the `samples` of it: see `diagnose`.

    Raises ValueError where none succeeded.
    """
    done = [sample for sample in samples if sample.ok]
    if not done:
        raise ValueError("no repetition succeeded: there is nothing to look for a bottleneck in")
    values: dict[str, list[float]] = {}
    for sample in done:
        for metric in sample.metrics():
            values.setdefault(metric.name, []).append(metric.value)
    return diagnose(done[0].workload.name, values, machine, limits, database_stages)


def diagnose(
    workload: str,
    repetitions: Mapping[str, Sequence[float]],
    machine: Machine,
    limits: Limits = Limits(),
    database_stages: Collection[str] = (),
) -> Bottleneck:
    """What holds a workload up, by its figures on a `machine`, each against its `limits`.

    `repetitions` has of each figure, by its name, the values of those that succeeded: times in
    seconds, memory and traffic in bytes. Stages are the figures `stages.*`; `database_stages` are
    those in which it waits for a database. The time waited for the disk is the figure
    `disk_wait_seconds`, where there is one. Raises ValueError where one of NEEDED is missing.
    """
    if missing := NEEDED - repetitions.keys():
        raise ValueError(
            f"{workload}: no figure {', '.join(sorted(missing))}; a diagnosis needs"
            f" {', '.join(sorted(NEEDED))}"
        )
    figures = {name: median(values) for name, values in repetitions.items()}
    wall = figures["seconds"]
    busy = figures["cpu_seconds"] / wall
    idle = max(0.0, 1 - busy)
    # Threads wait side by side, so that their waits add up to more than the time that was lost.
    queued = min(idle, figures.get("queued_seconds", 0.0) / wall)
    waiting = idle - queued
    disk = figures["disk_wait_seconds"] / wall if "disk_wait_seconds" in figures else None
    memory = figures["peak_memory"] / machine.memory_bytes if "peak_memory" in figures else None
    stages = _stage_shares(figures, wall)
    database = sum(share for name, share in stages if name in database_stages)

    passed: list[tuple[Resource, str]] = []
    if memory is not None and memory >= limits.memory:
        passed.append(
            (
                "memory",
                (
                    f"{memory:.0%} of the machine's memory at the peak;"
                    f" {figures['major_faults']:.0f} pages were read back"
                ),
            )
        )
    if disk is not None and disk >= limits.disk_wait:
        passed.append(("disk", f"{disk:.0%} of the time is spent waiting for the disk"))
    if database >= limits.database:
        passed.append(
            (
                "database",
                (
                    f"{database:.0%} of the time is spent in"
                    f" {', '.join(name for name, _ in stages if name in database_stages)}"
                ),
            )
        )
    if busy + queued >= limits.cpu:
        cores = f"{busy:.1f} of {machine.cores} cores are busy"
        if busy < limits.cpu:
            reason = (
                f"it wants a processor for {busy + queued:.0%} of the time, and others had them for"
                f" {queued:.0%}{_stolen(figures, machine)}: measure again on a quiet machine"
            )
        elif busy < limits.cpu * machine.cores:
            reason = f"{cores}: the others could help"
        else:
            reason = cores
        passed.append(("cpu", reason))
    elif not passed and waiting >= limits.waiting:
        others = (
            f", while other work took them (load {machine.load:.1f} on {machine.cores} cores):"
            " measure again on a quiet machine"
        )
        # Where the kernel tells what was waited for processors, the load need not be guessed from.
        unknown = machine.taken and "queued_seconds" not in figures
        passed.append(
            (
                "waiting",
                (
                    f"no processor works for it for {waiting:.0%} of the"
                    f" time{others if unknown else _not_known(disk, figures)}"
                ),
            )
        )
    bound, why = zip(*passed, strict=True) if passed else (("none",), ("no limit is passed",))
    seen = _Seen(figures, wall, busy, waiting, queued, disk, machine, limits, stages)
    return Bottleneck(
        workload,
        bound,
        why,
        busy,
        machine.cores,
        waiting,
        disk,
        memory,
        stages,
        queued,
        tuple(_recommendations(bound, seen)),
    )


def _stolen(figures: Mapping[str, float], machine: Machine) -> str:
    share = figures.get("stolen_seconds", 0.0) / (figures["seconds"] * machine.cores)
    return f", {share:.0%} of them the host's own" if share >= _WORTH else ""


def _not_known(disk: float | None, figures: Mapping[str, float]) -> str:
    if disk is not None:
        return f"; {disk:.0%} waiting for the disk, the rest for something else"
    device = figures["disk_read_bytes"] + figures["disk_written_bytes"]
    return (
        f"; the disk's part of it is not measured, {_mib(device)} went to or came from it"
        if device
        else "; the disk was not touched"
    )


def _mib(size: float) -> str:
    return f"{count(round(size / 2**20))} MiB"


def _stage_shares(figures: Mapping[str, float], wall: float) -> tuple[tuple[str, float], ...]:
    """Stages by their share of the time, the largest first; of their sum where they overlap, and
    it is longer than the time.
    """
    seconds = {
        name.removeprefix("stages."): value
        for name, value in figures.items()
        if name.startswith("stages.")
    }
    whole = max(wall, sum(seconds.values()))
    return tuple(
        sorted(
            ((name, value / whole) for name, value in seconds.items()),
            key=lambda stage: (-stage[1], stage[0]),
        )
    )


# Recommendations ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Seen:
    figures: Mapping[str, float]
    wall: float
    busy: float
    waiting: float
    queued: float
    disk: float | None
    machine: Machine
    limits: Limits
    stages: tuple[tuple[str, float], ...]


def _recommendations(bound: Collection[Resource], seen: _Seen) -> list[Recommendation]:
    """Everything that the figures give reason to do, what can bring most first."""
    rules: tuple[Callable[[Collection[Resource], _Seen], Recommendation | None], ...] = (
        _largest_stage, _use_other_cores, _memory_taken_again, _system_calls, _page_back, _disk,
        _wait_less,
    )  # fmt: skip
    proposals = [proposal for rule in rules if (proposal := rule(bound, seen))]
    return sorted(
        (proposal for proposal in proposals if proposal.share >= _WORTH),
        key=lambda proposal: -proposal.share,
    )


def _largest_stage(_: Collection[Resource], seen: _Seen) -> Recommendation | None:
    if not seen.stages:
        return None
    name, share = seen.stages[0]
    rest = 1 - sum(part for _, part in seen.stages)
    if rest > share:
        return Recommendation(
            "start-up and rest",
            "Look at start-up first (`python -X importtime`), or measure a larger input: no stage"
            " takes as long as what lies outside of all",
            f"start-up and rest take {rest:.0%} of the time, the largest stage, {name},"
            f" {share:.0%}",
            rest,
        )
    others = ", ".join(f"{other} {part:.0%}" for other, part in seen.stages[1:3])
    return Recommendation(
        f"stage {name}",
        f"Profile the stage {name} first: no other can give more",
        f"{name} takes {share:.0%} of the time" + (f" ({others})" if others else ""),
        share,
    )


def _use_other_cores(bound: Collection[Resource], seen: _Seen) -> Recommendation | None:
    cores = seen.machine.cores
    # Where it had to queue for one processor, none was idle.
    taken = seen.queued >= _WORTH
    if "cpu" not in bound or taken or seen.busy >= seen.limits.cpu * cores or cores < 2:
        return None
    # What runs on one core could run on all: the idle cores' part of the time is the most that can
    # go.
    share = 1 - seen.busy / cores
    return Recommendation(
        "idle cores",
        "Spread the work over the cores: split the input, or let the stages overlap",
        f"{seen.busy:.1f} of {cores} cores are busy over {seen.wall:.2f} s",
        share,
    )


def _memory_taken_again(_: Collection[Resource], seen: _Seen) -> Recommendation | None:
    system, cpu = seen.figures["cpu_system_seconds"], seen.figures["cpu_seconds"]
    taken, peak = seen.figures["minor_faults"] * PAGE_BYTES, seen.figures.get("peak_memory", 0.0)
    if not peak or not cpu or system / cpu < _SYSTEM_SHARE or taken < _TAKEN_AGAIN * peak:
        return None
    return Recommendation(
        "memory taken again and again",
        "Reuse buffers or work in smaller pieces; a larger MALLOC_TRIM_THRESHOLD_ keeps freed"
        " memory in the process",
        f"{_mib(taken)} were touched anew for a peak of {_mib(peak)}; the kernel has"
        f" {system / cpu:.0%} of the CPU time",
        _share_of_system(seen),
    )


def _system_calls(_: Collection[Resource], seen: _Seen) -> Recommendation | None:
    system, cpu = seen.figures["cpu_system_seconds"], seen.figures["cpu_seconds"]
    traffic = seen.figures["read_bytes"] + seen.figures["written_bytes"]
    if not cpu or system / cpu < _SYSTEM_SHARE or _memory_taken_again((), seen):
        return None
    return Recommendation(
        "the kernel's work",
        "Read and write in larger blocks, and start fewer processes",
        f"the kernel has {system / cpu:.0%} of the CPU time; {_mib(traffic)} passed through it",
        _share_of_system(seen),
    )


def _share_of_system(seen: _Seen) -> float:
    """The kernel's CPU time as a share of the time, as if it ran on the cores that are busy."""
    return min(1.0, seen.figures["cpu_system_seconds"] / max(seen.busy, 1.0) / seen.wall)


def _page_back(bound: Collection[Resource], seen: _Seen) -> Recommendation | None:
    if "memory" not in bound:
        return None
    peak = seen.figures["peak_memory"]
    return Recommendation(
        "memory",
        "Hold less at once: work in pieces, let go of what has been written, use narrower types",
        f"{_mib(peak)} of {_mib(seen.machine.memory_bytes)} at the peak,"
        f" {count(round(seen.figures['major_faults']))} pages read back",
        seen.waiting,
    )


def _disk(bound: Collection[Resource], seen: _Seen) -> Recommendation | None:
    if "disk" not in bound or seen.disk is None:
        return None
    read, written = seen.figures["disk_read_bytes"], seen.figures["disk_written_bytes"]
    return Recommendation(
        "disk",
        "Read less (needed columns only, compressed files) and "
        + ("write less often, in larger files" if written > read else "read ahead"),
        f"{seen.disk:.0%} of the time waiting; {_mib(read)} read from the device, {_mib(written)}"
        " written",
        seen.disk,
    )


def _wait_less(bound: Collection[Resource], seen: _Seen) -> Recommendation | None:
    unknown = seen.machine.taken and "queued_seconds" not in seen.figures
    if ("waiting" not in bound and "database" not in bound) or unknown:
        return None
    return Recommendation(
        "waiting",
        "Profile with the wall clock to see what is waited for; ask for more at once, or do other"
        " work meanwhile",
        f"no processor works for it for {seen.waiting:.0%} of {seen.wall:.2f} s;"
        f" {count(round(seen.figures['switches_voluntary']))} waits",
        seen.waiting,
    )


# Before and after ---------------------------------------------------------------------------------

#: Figure → its values, one for each pair in which both sides succeeded.
Side = Mapping[str, Sequence[float]]


@dataclass(frozen=True)
class Change:
    """A figure before and after, medians; `comparison` is None where a figure is 0 or the same
    throughout, and cannot be weighed.
    """

    metric: str
    unit: str
    before: float
    after: float
    comparison: Comparison | None

    @property
    def ratio(self) -> float | None:
        """After over before; None where there was nothing before."""
        return self.after / self.before if self.before else None


@dataclass(frozen=True)
class OptimisationReport:
    """What an optimisation brought: every figure of both sides, stages as `stages.*`, and what
    each side is bound by.

    `speedup` is wall time before over after, with its 99 % interval. `expected` is the
    recommendation that was followed, if one was; `of_limit` says which part of its largest possible
    gain was reached.
    """

    workload: str
    verdict: Literal["faster", "slower", "unchanged", "unresolved"]
    speedup: float
    low: float
    high: float
    changes: tuple[Change, ...]
    before: Bottleneck
    after: Bottleneck
    expected: Recommendation | None = None

    @property
    def of_limit(self) -> float | None:
        """Time saved as a part of the time that the recommendation was about; None without one."""
        if self.expected is None or not self.expected.share:
            return None
        return (1 - 1 / self.speedup) / self.expected.share


def optimisation(
    workload: str,
    after: Side,
    before: Side,
    units: Mapping[str, str],
    machine: Machine,
    limits: Limits = Limits(),
    expected: Recommendation | None = None,
    tolerance: float = TOLERANCE,
) -> OptimisationReport:
    """The report on an optimisation of a `workload` that was measured in pairs.

    Value i of a figure `after` it belongs to value i `before` it; `units` are those of the figures,
    in the order of the report. `machine` and `limits` as in `diagnose`, `tolerance` as in
    `compare`; `expected` is the recommendation that was followed, if one was. Raises ValueError
    where no pair succeeded on both sides, or a figure is missing that `diagnose` needs.
    """
    if not after.get("seconds") or not before.get("seconds"):
        raise ValueError("no pair succeeded on both sides: there is nothing to report")
    wall = compare(after["seconds"], before["seconds"], tolerance)
    faster: Literal["faster", "slower"] = "faster" if wall.ratio < 1 else "slower"
    return OptimisationReport(
        workload,
        faster if wall.verdict == "changed" else wall.verdict,
        1 / wall.ratio,
        1 / wall.high,
        1 / wall.low,
        tuple(
            _change(name, unit, after[name], before[name], tolerance)
            for name, unit in units.items()
            if name in after and name in before
        ),
        diagnose(workload, before, machine, limits),
        diagnose(workload, after, machine, limits),
        expected,
    )


def _change(
    name: str, unit: str, after: Sequence[float], before: Sequence[float], tolerance: float
) -> Change:
    usable = len(after) == len(before) and min(*after, *before) > 0 and list(after) != list(before)
    return Change(
        name,
        unit,
        median(before),
        median(after),
        compare(after, before, tolerance) if usable else None,
    )
