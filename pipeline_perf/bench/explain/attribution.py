"""Which function made it slower: the change of each function's share between two profiles of
time, ranked.

Profiles in, findings out: all is pure but `attribute_workloads`, which has them taken. Drawing them
is `flamegraph`'s work.

Shares sum to one: where one function grew, every other share shrank, and from shares alone nobody
can tell which of the two has changed. So a run's samples are worth the CPU seconds that it took, as
the kernel counted them. These differ from run to run by some per cent; where the *unchanged work*
agrees with them, its samples say the same more exactly. It is found by leaving out, one after
another, the function that departs most, until none departs any more (cf. M. Robinson, A. Oshlack, A
scaling normalization method for differential expression analysis of RNA-seq data, Genome Biology 11
(2010), which has no seconds to hold on to). A function is named only where its own seconds have
moved, too.

A sample belongs to the innermost frame that the caller's stages know: a library works on behalf of
who called it. Without stages it belongs to the frame at work.

Samples are not independent where a process is kept waiting for a processor: the function that it
waits in is seen again and again. How much more the runs of a side differ than independent samples
would is measured, and every error is widened by it: up to 7 times the variance was seen with five
times as many busy processes as cores.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from pathlib import Path
from statistics import NormalDist
from typing import Literal

from pipeline_perf.bench.explain.profile import (
    Frame,
    Profile,
    ProfileError,
    Stack,
    pooled,
    profile_pair,
)
from pipeline_perf.bench.measure.lock import DEFAULT_WAIT_S
from pipeline_perf.bench.measure.workload import Workload

#: Below this many samples a side, a function that grew by a twentieth is lost in the noise of
#: sampling.
FEWEST_SAMPLES = 1_000

#: A function is named wrongly in at most one of a hundred attributions between equal sides, over
#: all functions tested.
ALPHA = 0.01

#: The chance of seeing the growth that is stated as the smallest that could be seen.
POWER = 0.95

#: With fewer samples on both sides together, no outcome is significant over some dozen functions.
FEWEST_OF_A_FRAME = 12

#: Runs of the same code differ by so much of their CPU time on a shared machine; it counts for
#: `_PRIOR_FREEDOM` runs against what these runs show.
_RUNS_DIFFER = 0.05

#: Leaving out a function can make another one look changed that is not; so often the choice is
#: looked over.
_ROUNDS = 5

#: Independent samples a side that are worth having: twenty seconds, in which a tenth of the time
#: shows a growth by a twentieth.
SAMPLES = 4_000

#: Seconds of profiled running on both sides together after which it is enough, whatever the
#: samples.
WITHIN_S = 300.0

#: From this spread on it is said that the machine was busy.
_BUSY = 2.0

#: Runs that the spread of all frames counts for against a frame's own, and the usual spread of CPU
#: time against that of a few runs.
_PRIOR_FREEDOM = 4

#: Where there is no stage for it: start-up, imports, threads of libraries.
NO_STAGE = ""


@dataclass(frozen=True)
class Finding:
    """How the time of one function changed. Shares are of all samples of a side, as profiled.

    `growth` is in units of the base's whole time, the machine's drift taken out: 0.06 says that the
    subject takes 6 % longer for this function alone; `low` and `high` are its 99 % interval. `p` is
    adjusted for the number of functions (Benjamini, Hochberg 1995). `path` is the call path on
    which it changed most.
    """

    frame: Frame
    stage: str
    subject_share: float
    base_share: float
    growth: float
    low: float
    high: float
    z: float
    p: float
    path: Stack = ()


@dataclass(frozen=True)
class StageChange:
    """How the time of one stage changed, in the terms of a Finding; NO_STAGE is all that belongs
    to none.
    """

    stage: str
    subject_share: float
    base_share: float
    growth: float
    z: float


@dataclass(frozen=True)
class Attribution:
    """Which functions changed. Side a is the subject, side b what it is compared with.

    *named*: `named` has them: those that changed as the whole did (more, or less) before the
    others, the clearest change first; none of the others is named alone. *none*: no function stands
    out; one that holds a tenth of the time would have been named had it grown by `smallest_growth`
    (of the whole time). *too_few*:
    there are too few samples to say, and `more_seconds` of profiling on each side are missing.
    *not_measured*: there is no profile; `why` says the reason.

    `functions` are all tested ones by their own time, `callers` by their time with everything they
    call, the clearest change first. `level` is how many samples the subject has for one of the base
    in unchanged work. `spread` is by how much the runs of a side differ more than sampling explains
    (1: not at all).
    """

    verdict: Literal["named", "none", "too_few", "not_measured"]
    why: str
    named: tuple[Finding, ...] = ()
    functions: tuple[Finding, ...] = ()
    callers: tuple[Finding, ...] = ()
    stages: tuple[StageChange, ...] = ()
    subject_samples: int = 0
    base_samples: int = 0
    level: float = 1.0
    spread: float = 1.0
    smallest_growth: float = math.inf
    more_seconds: float = 0.0

    @property
    def stage(self) -> str:
        """The stage of the function named first, NO_STAGE where none is."""
        return self.named[0].stage if self.named else NO_STAGE


def not_measured(why: str) -> Attribution:
    """The attribution where profiling was not possible, with the reason `why`."""
    return Attribution("not_measured", why)


def attribute(
    subject: Sequence[Profile],
    base: Sequence[Profile],
    stages: Mapping[str, str] | None = None,
    change: float | None = None,
) -> Attribution:
    """Rank the functions by the change of their time between two sides.

    `subject` and `base` are the profiles of either side, one a run. `stages` maps patterns to
    stages, the first that matches counts: "package.reading.*" for modules,
    "package.pipeline:Reader.*" for functions of one. `change` is what a comparison found (0.05: 5 %
    more), if known; its sign says what is named first, and where no function stands out,
    `more_seconds` is what it takes to see a growth of that size.

    Raises ValueError where a side has no profile, or one that is not of samples.
    """
    sides = pooled(subject), pooled(base)
    if any(side.unit != "samples" for side in sides):
        raise ValueError(
            "attribution weighs samples by chance, and bytes have none: rank profiles of memory"
            " with `memory_changes`"
        )
    totals = sides[0].total, sides[1].total
    missing = max(_missing_seconds(side, FEWEST_SAMPLES) for side in sides)
    if missing:
        why = (
            f"{totals[0]} and {totals[1]} samples: {FEWEST_SAMPLES} a side are the fewest, about"
            f" {missing:.0f} s more of each"
        )
        return Attribution(
            "too_few", why, subject_samples=totals[0], base_samples=totals[1], more_seconds=missing
        )

    owner = Owner(stages or {})
    weighed = _weigh(subject, base, owner)
    a, b, frames, spread = weighed.a, weighed.b, weighed.frames, weighed.spread
    level = math.exp(weighed.level.log)
    scale = _Scale(totals, weighed.level, spread)
    functions = _ranked(
        [scale.finding(frame, owner.stage(frame), a[frame], b[frame], weighed) for frame in frames]
    )
    paths = _paths(sides, owner, level)
    functions = [replace(finding, path=paths.get(finding.frame, ())) for finding in functions]
    # What makes the subject slower stands before what has become faster meanwhile, however clear
    # that is.
    direction = change or totals[0] / level - totals[1]
    named = tuple(
        sorted(
            (finding for finding in functions if finding.frame in weighed.changed),
            key=lambda finding: finding.growth * direction < 0,
        )
    )
    if change and named and named[0].growth * change < 0:
        named = ()  # what has become faster explains no slow-down
    smallest = scale.smallest_growth(0.1, len(frames))
    more = 0.0
    if not named:
        wanted = max(
            FEWEST_SAMPLES / weighed.independent, (smallest / abs(change)) ** 2 if change else 0.0
        )
        more = max(side.seconds for side in sides) * max(0.0, wanted - 1)
    verdict: Literal["named", "none", "too_few"] = (
        "named" if named else "none" if weighed.independent >= FEWEST_SAMPLES else "too_few"
    )
    return Attribution(
        verdict,
        _why(named, smallest, more, spread),
        named,
        tuple(functions),
        tuple(_callers(sides, scale, owner)),
        tuple(_stages(a, b, scale, owner)),
        *totals,
        level,
        spread,
        smallest,
        more,
    )


def attribute_workloads(
    subject: Workload,
    base: Workload,
    stages: Mapping[str, str] | None = None,
    change: float | None = None,
    *,
    samples: int = SAMPLES,
    within_s: float = WITHIN_S,
    lock: Path,
    wait_s: float = DEFAULT_WAIT_S,
    clock: Literal["cpu", "wall"] = "cpu",
    progress: Callable[[float, float], None] | None = None,
) -> tuple[Attribution, tuple[list[Profile], list[Profile]]]:
    """Profile two workloads in turns, and attribute; returns the profiles too, for a flame graph.

    `subject`, `base`, `stages` and `change` as in `attribute`, `clock` as in `profile_time`,
    `progress` as in `profile_pair`, `lock` and `wait_s` as in `measure`, whose MeasurementBusy it
    raises. Goes on until each side has so many independent `samples`, or `within_s` seconds of
    running are over: never until something is named, which would name something by chance in the
    end. Where profiling is not possible, the attribution is *not_measured* and says why.
    """
    owner = Owner(stages or {})

    def worth(a: Sequence[Profile], b: Sequence[Profile]) -> float:
        return _weigh(a, b, owner).independent

    try:
        sides = profile_pair(
            subject,
            base,
            samples=samples,
            within_s=within_s,
            lock=lock,
            wait_s=wait_s,
            clock=clock,
            worth=worth,
            progress=progress,
        )
    except ProfileError as error:
        return not_measured(str(error)), ([], [])
    return attribute(*sides, stages, change), sides


def _missing_seconds(side: Profile, samples: int) -> float:
    """How much longer this side would have to be profiled for so many samples."""
    if side.total >= samples:
        return 0.0
    return math.ceil((samples - side.total) * max(side.seconds, 1.0) / max(side.total, 1))


def _why(named: Sequence[Finding], smallest: float, more: float, spread: float) -> str:
    if named:
        first = named[0]
        where = f" (stage {first.stage})" if first.stage else ""
        others = f"; {len(named) - 1} more changed" if len(named) > 1 else ""
        return (
            f"{first.frame}{where} takes {first.growth:+.1%} of the time before (z ="
            f" {first.z:+.1f}, p = {first.p:.1g}){others}"
        )
    further = f"; about {more:.0f} s more of each side are wanted" if more else ""
    if spread > _BUSY:
        further += (
            f"; the runs differ {spread:.1f} times as much as samples do: the machine was busy"
        )
    return (
        "no function stands out: one with a tenth of the time would have, had it changed by"
        f" {smallest:.1%} of the whole{further}"
    )


# Whose a sample is --------------------------------------------------------------------------------


class Owner:
    """Stages of frames by the caller's patterns, each frame looked up once."""

    def __init__(self, stages: Mapping[str, str]) -> None:
        self._stages = stages
        self._known: dict[Frame, str | None] = {}

    def _lookup(self, frame: Frame) -> str | None:
        if frame not in self._known:
            names = (frame.module, str(frame))
            matching = (
                stage
                for pattern, stage in self._stages.items()
                if any(fnmatchcase(name, pattern) for name in names)
            )
            self._known[frame] = next(matching, None)
        return self._known[frame]

    def stage(self, frame: Frame) -> str:
        """The stage that a frame belongs to, NO_STAGE where it belongs to none."""
        return self._lookup(frame) or NO_STAGE

    def path(self, stack: Stack) -> Stack:
        """The stack down to the frame that its samples belong to."""
        for depth in range(len(stack), 0, -1):
            if self._lookup(stack[depth - 1]) is not None:
                return stack[:depth]
        return stack


def _own(profile: Profile, owner: Owner) -> Counter[Frame]:
    """Samples by the frame that they belong to."""
    counts = Counter[Frame]()
    for stack, count in profile.stacks.items():
        counts[owner.path(stack)[-1]] += count
    return counts


def _paths(sides: Sequence[Profile], owner: Owner, level: float) -> dict[Frame, Stack]:
    """For each frame the path to it on which its time changed most."""
    weights: dict[Stack, float] = {}
    for side, factor in zip(sides, (1 / level, -1.0), strict=True):
        for stack, count in side.stacks.items():
            path = owner.path(stack)
            weights[path] = weights.get(path, 0.0) + factor * count
    best: dict[Frame, Stack] = {}
    for path, weight in weights.items():
        if path[-1] not in best or abs(weight) > abs(weights[best[path[-1]]]):
            best[path[-1]] = path
    return best


# What has changed ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Level:
    """How many samples the subject has for one of the base in work that takes the same time: the
    logarithm, and the variance of that.
    """

    log: float
    variance: float


@dataclass(frozen=True)
class _Weighed:
    """Samples of both sides by the frame that they belong to, the frames with enough of them,
    which of these changed, the spread, and the level: as measured, and with what the unchanged work
    says of it.
    """

    a: Counter[Frame]
    b: Counter[Frame]
    frames: tuple[Frame, ...]
    changed: frozenset[Frame]
    spread: float
    spreads: Mapping[Frame, float]
    measured: _Level
    level: _Level

    @property
    def independent(self) -> float:
        """How many independent samples the smaller side is worth."""
        return min(self.a.total(), self.b.total()) / self.spread


def _weigh(subject: Sequence[Profile], base: Sequence[Profile], owner: Owner) -> _Weighed:
    runs = [[_own(profile, owner) for profile in side] for side in (subject, base)]
    a, b = (sum(side, Counter[Frame]()) for side in runs)
    frames = tuple(
        sorted(frame for frame in a.keys() | b.keys() if a[frame] + b[frame] >= FEWEST_OF_A_FRAME)
    )
    spread, spreads = _spread(runs, frames)
    measured = _measured(subject, base)
    changed = _changed(frames, a, b, spreads, measured)
    unchanged = _rest(a, b, changed)
    return _Weighed(
        a,
        b,
        frames,
        frozenset(changed),
        spread,
        spreads,
        measured,
        _level(unchanged, measured, spread) if changed else _level_of(a.total(), b.total(), spread),
    )


def _measured(subject: Sequence[Profile], base: Sequence[Profile]) -> _Level:
    """The level by what each run took; a run of the subject and one of the base that were taken in
    turns are compared with each other.
    """
    told = all(run.worth_s for run in (*subject, *base))
    ratios = [
        math.log(a.worth_s / b.worth_s if told else max(a.total, 1) / max(b.total, 1))
        for a, b in zip(subject, base, strict=False)
    ]
    ratio = sum(ratios) / len(ratios)
    squares = sum((other - ratio) ** 2 for other in ratios)
    freedom = _PRIOR_FREEDOM + len(ratios) - 1
    # Over freedom - 2: as Student's t varies, for the spread is estimated from few runs.
    variance = (_PRIOR_FREEDOM * _RUNS_DIFFER**2 + squares) / (freedom - 2)
    totals = [sum(run.total for run in side) / len(side) for side in (subject, base)]
    samples = math.log(max(totals[0], 1) / max(totals[1], 1))
    return _Level(samples - ratio, variance / len(ratios))


def _level_of(a: float, b: float, spread: float) -> _Level:
    return _Level(math.log(a / b), spread * (1 / a + 1 / b)) if a and b else _Level(0.0, math.inf)


def _level(unchanged: tuple[int, int], measured: _Level, spread: float) -> _Level:
    """The level by the unchanged work together with the measured one; that alone where both do not
    agree, or where little is left.
    """
    if min(unchanged) < FEWEST_OF_A_FRAME:
        return measured
    theirs = _level_of(*unchanged, spread)
    apart = (theirs.log - measured.log) / math.sqrt(theirs.variance + measured.variance)
    if _two_sided(apart) < ALPHA:
        return measured
    weights = 1 / theirs.variance, 1 / measured.variance
    log = (theirs.log * weights[0] + measured.log * weights[1]) / sum(weights)
    return _Level(log, 1 / sum(weights))


def _rest(a: Counter[Frame], b: Counter[Frame], out: set[Frame]) -> tuple[int, int]:
    return a.total() - sum(a[frame] for frame in out), b.total() - sum(b[frame] for frame in out)


def z_of_shares(a: float, of_a: float, b: float, of_b: float, spread: float = 1.0) -> float:
    """Two-proportion z of a in of_a against b in of_b (pooled variance).

    0 where the shares are both none or all. `spread` is the factor by which the variance is larger
    than that of independent samples.

    >>> round(z_of_shares(120, 1_000, 90, 1_000), 2)
    2.19
    """
    share = (a + b) / (of_a + of_b) if of_a and of_b else 0.0
    if not 0 < share < 1:
        return 0.0
    return (a / of_a - b / of_b) / math.sqrt(spread * share * (1 - share) * (1 / of_a + 1 / of_b))


def _two_sided(z: float) -> float:
    return math.erfc(abs(z) / math.sqrt(2))


def _z(a: int, b: int, level: _Level, spread: float) -> float:
    """z of a samples of the subject against b of the base, `level` of them for one expected."""
    expected = math.exp(level.log)
    each = (a + b) / (1 + expected)
    error = math.sqrt(spread * each * (1 / expected + 1) + each * each * level.variance)
    return (a / expected - b) / error if error else 0.0


def _z_against(
    frame: Frame,
    a: Counter[Frame],
    b: Counter[Frame],
    rest: tuple[int, int],
    inside: bool,
    measured: _Level,
    spread: float,
) -> float:
    """z of a frame against the unchanged work, itself left out."""
    others = (rest[0] - a[frame], rest[1] - b[frame]) if inside else rest
    return _z(a[frame], b[frame], _level(others, measured, spread), spread)


def _changed(
    frames: Sequence[Frame],
    a: Counter[Frame],
    b: Counter[Frame],
    spreads: Mapping[Frame, float],
    measured: _Level,
) -> set[Frame]:
    """The frames that changed: those that depart from the rest, the clearest first, until none
    does; then looked over.

    Where several changed and all alike, none did: the machine or the interpreter has.
    """
    rest = a.total(), b.total()
    left, out = set(frames), set[Frame]()
    while left:
        scores = {
            frame: _z_against(frame, a, b, rest, True, measured, spreads[frame]) for frame in left
        }
        # Of two functions, the one grew by what the other shrank: the one that grew is taken.
        first = max(sorted(left), key=lambda frame: (round(abs(scores[frame]), 9), scores[frame]))
        if _two_sided(scores[first]) * len(left) >= ALPHA:
            break
        left.discard(first)
        out.add(first)
        rest = rest[0] - a[first], rest[1] - b[first]
    for _ in range(_ROUNDS):
        rest = _rest(a, b, out)
        kept = set()
        for frame in out:
            z = _z_against(frame, a, b, rest, False, measured, spreads[frame])
            own = _z(a[frame], b[frame], measured, spreads[frame])
            if _two_sided(z) * len(frames) < ALPHA and _two_sided(own) < ALPHA and z * own > 0:
                kept.add(frame)
        if kept == out:
            break
        out = kept
    alike = all(
        _two_sided(z_of_shares(a[frame], a.total(), b[frame], b.total(), spreads[frame]))
        * len(frames)
        >= ALPHA
        for frame in frames
    )
    return set() if alike and len(out) > 1 else out


def _spread(
    runs: Sequence[Sequence[Counter[Frame]]], frames: Sequence[Frame]
) -> tuple[float, dict[Frame, float]]:
    """By how much the shares of frames differ more between the runs of a side than those of
    independent samples: of all, and of each.

    Pearson's chi-square over its degrees of freedom. That of one frame, from a few runs, is little
    worth by itself and is drawn towards that of all (G. Smyth, Linear models and empirical Bayes
    methods, 2004); none is below 1.
    """
    squares, freedom = dict.fromkeys(frames, 0.0), dict.fromkeys(frames, 0)
    for side in runs:
        totals = [run.total() for run in side]
        for frame in frames:
            share = sum(run[frame] for run in side) / max(sum(totals), 1)
            # Expected counts below 5 make the square of a single sample large.
            used = [
                (run[frame], total)
                for run, total in zip(side, totals, strict=True)
                if total * share * (1 - share) >= 5
            ]
            if len(used) > 1:
                squares[frame] += sum(
                    (count - total * share) ** 2 / (total * share * (1 - share))
                    for count, total in used
                )
                freedom[frame] += len(used) - 1
    overall = max(1.0, sum(squares.values()) / max(sum(freedom.values()), 1))
    return overall, {
        frame: max(
            1.0, (_PRIOR_FREEDOM * overall + squares[frame]) / (_PRIOR_FREEDOM + freedom[frame])
        )
        for frame in frames
    }


@dataclass(frozen=True)
class _Scale:
    """What counts are weighed by: all samples of both sides, and how they compare."""

    totals: tuple[int, int]
    level: _Level
    spread: float

    def growth(self, a: int, b: int) -> float:
        return (a / math.exp(self.level.log) - b) / self.totals[1]

    def error(self, a: int, b: int, spread: float | None = None) -> float:
        """Standard error of the growth: that of both counts, and that of the level."""
        worth = a / math.exp(self.level.log)
        counts = (spread or self.spread) * (worth / math.exp(self.level.log) + b)
        return math.sqrt(counts + worth * worth * self.level.variance) / self.totals[1]

    def finding(self, frame: Frame, stage: str, a: int, b: int, weighed: _Weighed) -> Finding:
        spread, out = weighed.spreads[frame], set(weighed.changed)
        z = _z_against(
            frame,
            weighed.a,
            weighed.b,
            _rest(weighed.a, weighed.b, out),
            frame not in out,
            weighed.measured,
            spread,
        )
        growth = self.growth(a, b)
        reach = NormalDist().inv_cdf(1 - ALPHA / 2) * self.error(a, b, spread)
        return Finding(
            frame,
            stage,
            a / self.totals[0],
            b / self.totals[1],
            growth,
            growth - reach,
            growth + reach,
            z,
            _two_sided(z),
        )

    def smallest_growth(self, share: float, tests: int) -> float:
        """The growth that a function with this share of the time must have had to be named, with
        probability POWER.
        """
        normal = NormalDist()
        quantiles = normal.inv_cdf(1 - ALPHA / 2 / max(tests, 1)) + normal.inv_cdf(POWER)
        rise = 0.0
        for _ in range(_ROUNDS):
            # the share that is half-way between both sides has the error, and depends on the rise
            middle = min(0.5, share + rise / 2)
            rise = quantiles * math.sqrt(
                self.spread * middle * (1 - middle) * (1 / self.totals[0] + 1 / self.totals[1])
            )
        # A function that grows makes the whole grow: its share rises by less than its time.
        return rise / (1 - share - rise) if share + rise < 1 else math.inf


def _ranked(findings: Sequence[Finding]) -> list[Finding]:
    """The clearest change first, the p of each adjusted for all."""
    ranked = sorted(
        findings, key=lambda finding: (-round(abs(finding.z), 9), -finding.z, finding.frame)
    )
    adjusted, least = list[Finding](), 1.0
    for rank in range(len(ranked), 0, -1):
        least = min(least, ranked[rank - 1].p * len(ranked) / rank)
        adjusted.append(replace(ranked[rank - 1], p=least))
    return adjusted[::-1]


def _callers(sides: Sequence[Profile], scale: _Scale, owner: Owner) -> list[Finding]:
    """Frames by their time with all that they call.

    Their z leaves out what the frame and the unchanged work have in common, and is thus rather too
    small for a frame under which much of the work is done.
    """
    a, b = (_with_callees(side) for side in sides)
    findings = []
    for frame in a.keys() | b.keys():
        if a[frame] + b[frame] >= FEWEST_OF_A_FRAME:
            growth, error = scale.growth(a[frame], b[frame]), scale.error(a[frame], b[frame])
            reach = NormalDist().inv_cdf(1 - ALPHA / 2) * error
            z = growth / error
            shares = a[frame] / scale.totals[0], b[frame] / scale.totals[1]
            findings.append(
                Finding(
                    frame,
                    owner.stage(frame),
                    *shares,
                    growth,
                    growth - reach,
                    growth + reach,
                    z,
                    _two_sided(z),
                )
            )
    return _ranked(findings)


def _with_callees(profile: Profile) -> Counter[Frame]:
    counts = Counter[Frame]()
    for stack, count in profile.stacks.items():
        for frame in set(stack):  # a recursive function is in its stack more than once
            counts[frame] += count
    return counts


def _stages(a: Counter[Frame], b: Counter[Frame], scale: _Scale, owner: Owner) -> list[StageChange]:
    """The stages, the one with the largest change first."""
    sums: dict[str, list[int]] = {}
    for side, counts in enumerate((a, b)):
        for frame, count in counts.items():
            sums.setdefault(owner.stage(frame), [0, 0])[side] += count
    changes = []
    for stage, (of_a, of_b) in sums.items():
        growth = scale.growth(of_a, of_b)
        changes.append(
            StageChange(
                stage,
                of_a / scale.totals[0],
                of_b / scale.totals[1],
                growth,
                growth / scale.error(of_a, of_b),
            )
        )
    return sorted(changes, key=lambda change: (-abs(change.growth), change.stage))


# Memory -------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class MemoryChange:
    """Bytes that a function held when memory was at its peak, on both sides, and how much more
    on the subject's.
    """

    frame: Frame
    stage: str
    subject_bytes: int
    base_bytes: int

    @property
    def growth(self) -> int:
        """Bytes that the subject held more than the base."""
        return self.subject_bytes - self.base_bytes


def memory_changes(
    subject: Profile, base: Profile, stages: Mapping[str, str] | None = None
) -> list[MemoryChange]:
    """The functions by the change of what they held at the peak, the largest first.

    `subject` and `base` are a profile of memory each, `stages` as in `attribute`; functions that
    held the same are left out. No test: the same program holds the same bytes. Raises ValueError
    where a profile is not of bytes.
    """
    if {subject.unit, base.unit} != {"bytes"}:
        raise ValueError("give two profiles of memory, as `profile_memory` takes them")
    owner = Owner(stages or {})
    a, b = _own(subject, owner), _own(base, owner)
    changes = [
        MemoryChange(frame, owner.stage(frame), a[frame], b[frame])
        for frame in a.keys() | b.keys()
        if a[frame] != b[frame]
    ]
    return sorted(changes, key=lambda change: (-abs(change.growth), change.frame))
