"""Sessions: what is done from "this workload, these options" to stored results and a verdict.

The recipe of a measurement, a comparison, a night, a profile and a calibration stands here once,
for whoever asks for one: the command line, Dagster, a service. How a process is measured, two sides
are compared and a change is explained is the business of the rooms below; which workloads there
are, and how what was found is shown, the caller's.
"""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Literal

from pipeline_perf.bench.calibrate import calibrate, planted
from pipeline_perf.bench.explain.attribution import WITHIN_S
from pipeline_perf.bench.explain.bottleneck import Bottleneck, Machine, bottleneck
from pipeline_perf.bench.explain.flamegraph import page_of, plain_flame_graph
from pipeline_perf.bench.explain.profile import Profile, profile_memory, profile_time
from pipeline_perf.bench.follow import night as nights
from pipeline_perf.bench.follow.levels import Levels
from pipeline_perf.bench.follow.series import PAIRS_A_NIGHT, REFERENCE, Series, named, nightly
from pipeline_perf.bench.follow.watch import Alert, Finding, watch
from pipeline_perf.bench.judge import enough, regression, targets
from pipeline_perf.bench.judge.enough import RUN_BUDGET_S, Enough
from pipeline_perf.bench.judge.regression import Explanation, Plan, Regression
from pipeline_perf.bench.judge.revision import Tree
from pipeline_perf.bench.judge.targets import Target, Verdict
from pipeline_perf.bench.measure import environment
from pipeline_perf.bench.measure.measure import Pairs, Sample, measure, measure_pair
from pipeline_perf.bench.measure.measurement import (
    Measurement,
    of_comparison,
    of_samples,
    units_per_mib,
)
from pipeline_perf.bench.measure.registry import Offer
from pipeline_perf.bench.measure.results import ResultStore, Run, part_of
from pipeline_perf.bench.measure.workload import PYTHON, Workload, WorkloadError
from pipeline_perf.bench.statistics.compare import compare

#: A process that does nothing: the floor of memory under every measured one.
IDLE = Workload("idle", command=(PYTHON, "-c", "pass"))

IDLE_REPETITIONS = 3

#: Enough to tell what a workload is bound by, which is a matter of large shares.
PROFILED_REPETITIONS = 3

#: Real comparisons of the same code, and of each planted slow-down with it.
NULLS, DETECTIONS = 30, 20

#: As many planted functions as the contract speaks of, and the share of them that must be named
#: first.
PLANTS, NAMED_FIRST = 20, 0.9


# Progress ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Progress:
    """A step of a session that is done, told while the session goes on; `says` is a line about it.

    *repetition*: a process has ended (`result`: its Sample; none of a run under the profiler), and
    so much is left to do. *again*: a night lay far off and was
    measured a second time. *judged*: what was measured is judged, and its explanation is yet to
    come (`result`: a Regression, or the Bottleneck of what is profiled). *trial*: a part of a
    calibration is done.
    """

    workload: str
    step: Literal["repetition", "again", "judged", "trial"]
    says: str
    result: Sample | Regression | Bottleneck | None = None


def untold(_: Progress) -> None:
    """Tell nobody."""


def paced(tell: Callable[[Progress], None], every_s: float = 10.0) -> Callable[[Progress], None]:
    """Tell of repetitions no more often than `every_s` seconds, and of every other step."""
    last = -every_s

    def told(step: Progress) -> None:
        nonlocal last
        if step.step == "repetition":
            failed = isinstance(step.result, Sample) and not step.result.ok
            if time.monotonic() - last < every_s and not failed:
                return
            last = time.monotonic()
        tell(step)

    return told


# What a session gives ---------------------------------------------------------------------------


@dataclass(frozen=True)
class Measured:
    """A workload's repetitions and its reference's, and the figures that were stored.

    `enough` says how well they tell the time it takes, None where no repetition succeeded.
    `ratios` are those to the reference. `first` are the ratios of a night's first measurement that
    lay so far off that all was measured again.
    """

    samples: tuple[Sample, ...]
    reference: tuple[Sample, ...]
    enough: Enough | None
    ratios: tuple[Measurement, ...]
    figures: tuple[Measurement, ...]
    first: tuple[Measurement, ...] = ()

    @property
    def failures(self) -> list[Sample]:
        """The repetitions of either side that failed."""
        return [sample for sample in (*self.samples, *self.reference) if not sample.ok]


@dataclass(frozen=True)
class Compared:
    """The verdict on two trees; where something changed, its explanation and the page of its flame
    graph.
    """

    regression: Regression
    explanation: Explanation | None = None
    page: Path | None = None


@dataclass(frozen=True)
class Profiled:
    """Where a workload's time or memory goes, and the page of its flame graph; only the repetitions
    where one of them failed.
    """

    samples: tuple[Sample, ...]
    bottleneck: Bottleneck | None = None
    profile: Profile | None = None
    page: Path | None = None


# A session --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Session:
    """A run of the lab that goes on: what is measured in it is stored under `run`.

    Comparisons are stored apart from other results, for an experiment of the afternoon is no
    night's value. Below `reports` lie the pages of flame graphs; `tell` hears each step. Whatever
    is measured raises MeasurementBusy where another measurement does not end, and ResultsError
    where this run has stored the same already.
    """

    run: Run
    store: ResultStore
    reports: Path
    tell: Callable[[Progress], None] = untold

    @cached_property
    def floor(self) -> list[Sample]:
        """An idle process, measured once a session: what any process takes of memory."""
        return measure(IDLE, IDLE_REPETITIONS, 0, lock=self.store.lock)

    def measure(
        self,
        workload: Workload,
        reference: Workload | None = None,
        *,
        ratio: str = "",
        repetitions: int | None = None,
        warmup: int | None = None,
        budget_s: float = RUN_BUDGET_S,
        pinned: bool = True,
        beside: Sequence[Measurement] = (),
        part: str = "",
    ) -> Measured:
        """Measure a workload, in turns with its reference where it has one, and store the figures.

        `ratio` names the figure that compares their times ("ratio_to_copy"; '': none). There are so
        many `repetitions`, or (None) as many as the spread demands within `budget_s` seconds, after
        `warmup` others; None: after one, and without the first of them that are too slow to belong
        to the rest. `pinned`: the run shall hold the pinned computation too, in turns with a
        workload that has no other reference. `beside` are figures of the same work that others
        found, stored with these as the `part` of the run ('': named after the workload).
        """
        floor, against = self.floor, reference or (REFERENCE if pinned else None)
        pairs = self._repeated(workload, against, repetitions, warmup, budget_s)
        series = _enough(pairs.a)
        if series and warmup is None:
            pairs = Pairs(pairs.a[series.warmup :], pairs.b[series.warmup :])
        ratios = _ratio(workload, ratio, pairs) if ratio else ()
        figures = [*of_samples(pairs.samples), *units_per_mib(pairs.a, floor), *ratios, *beside]
        if pinned and reference:
            figures += of_samples(measure(REFERENCE, len(pairs.a) or 1, 0, lock=self.store.lock))
        self._store(workload, figures, part)
        return Measured(pairs.a, pairs.b, series, ratios, tuple(figures))

    def night(
        self,
        workload: Workload,
        pairs: int | None = None,
        *,
        alone: bool = True,
        part: str = "",
    ) -> Measured:
        """Measure a workload's value of this date, in so many `pairs` with the pinned computation.

        A value far from the nights before is measured again, and the second one counts. `alone`:
        nothing else in this run measures the workload, so that its own figures are stored, too.
        `part` as in `measure`.
        """
        floor = self.floor if alone else []
        tonight = nights.measured(
            workload,
            nights.earlier(self.store, workload.name, self.run.environment.machine),
            self.run.time.date(),
            lock=self.store.lock,
            pairs=pairs or PAIRS_A_NIGHT,
            progress=self._counting("pair", lambda: pairs or PAIRS_A_NIGHT),
        )
        if tonight.first:
            says = "far from the nights before, and so measured again"
            self.tell(Progress(workload.name, "again", says))
        own = of_samples(tonight.pairs.a)
        if alone:
            kept = [*own, *of_samples(tonight.pairs.b), *units_per_mib(tonight.pairs.a, floor)]
        else:
            failed = [figure for figure in own if figure.metric.endswith(".failed")]
            kept = [figure for figure in failed if figure.value] + of_samples(tonight.pairs.b)
        figures = (*kept, *tonight.ratios)
        self._store(workload, figures, part)
        a, b = tonight.pairs.a, tonight.pairs.b
        return Measured(a, b, _enough(a), tonight.ratios, figures, tonight.first)

    def compare(
        self,
        workload: Workload,
        sides: tuple[Tree, Tree],
        plan: Plan,
        *,
        explain_s: float = WITHIN_S,
        judged_by_targets: bool = False,
    ) -> Compared:
        """Measure a workload on two trees in turns, judge them, and store both sides in full.

        How it is measured, the `plan` says. Where something changed, both are profiled for at most
        `explain_s` seconds (0: not at all), and a page is drawn. `judged_by_targets`: what was
        found (not the repetitions, one side of which is of another revision) goes into the run's
        results as well, where targets find it. Raises RevisionError where a tree does not hold what
        the workload runs.
        """
        a, b = (tree.placed(workload) for tree in sides)
        foreseen = plan.pairs or enough.PILOT_PAIRS
        count = self._counting("pair", lambda: foreseen)

        def progress(sample: Sample, pairs: int) -> None:
            nonlocal foreseen
            foreseen = pairs
            count(sample)

        outcome = regression.measured(a, b, plan, lock=self.store.lock, progress=progress)
        self.tell(Progress(workload.name, "judged", outcome.sentence, outcome))
        findings, part = outcome.measurements(), part_of(workload.name)
        if judged_by_targets:
            self.store.write(self.run, findings, part=f"comparison_{part}")
        self.store.comparisons.write(
            self.run,
            [*findings, *of_samples(outcome.pairs.samples)],
            {workload.name: json.dumps({"against": sides[1].commit})},
            part,
        )
        if not explain_s or outcome.verdict not in ("slower", "faster"):
            return Compared(outcome)

        def profiling(part: float, left_s: float) -> None:
            says = f"profiling both sides, {part:.0%} of the samples, at most {left_s:.0f} s left"
            self.tell(Progress(workload.name, "repetition", says))

        explanation = regression.explained(
            outcome, a, b, lock=self.store.lock, within_s=explain_s, progress=profiling
        )
        if not explanation.page:
            return Compared(outcome, explanation)
        page = page_of(self.reports / "comparisons", self.run.id, workload.name)
        return Compared(outcome, explanation, _written(page, explanation.page))

    def calibrate(
        self,
        kind: Literal["simulated", "real", "attribution"] = "simulated",
        trials: int | None = None,
        *,
        planted_in: Sequence[Workload] = (),
        part: str = "",
    ) -> list[Measurement]:
        """The lab's own error rates of a `kind`, stored like any figures.

        Over series and pairs of known truth (*simulated*), over *real* comparisons (hours), or over
        planted functions that must be named first (*attribution*), in the packages of the workloads
        `planted_in` (none: PyYAML); `trials` are so many of each instead of the usual number.
        Returns the figures, which are stored as a `part` of the run; of real ones each scope is a
        part of its own when it is done, should the rest be stopped. Raises CalibrationError where a
        real comparison failed, PlantError where nothing can be planted in a workload.
        """

        def progress(line: str) -> None:
            self.tell(Progress(calibrate.FAMILY, "trial", line))

        figures: list[Measurement] = []
        if kind == "simulated":
            numbers: dict[str, int] = dict.fromkeys(calibrate.NUMBERS, trials) if trials else {}
            figures = calibrate.simulated(**numbers, progress=progress)
        elif kind == "real":
            with tempfile.TemporaryDirectory(prefix="calibrate-") as folder:
                plain, slower = calibrate.workloads(Path(folder))
                counts = trials or NULLS, trials or DETECTIONS
                for scope in calibrate.real(
                    plain, slower, *counts, lock=self.store.lock, progress=progress
                ):
                    progress(calibrate.line_of(scope))
                    self.store.write(self.run, scope, part=scope[0].scope)
                    figures += scope
            return figures
        else:
            done = []
            programs = [planted.program_of(workload) for workload in planted_in]
            for trial in planted.trials(
                programs or [planted.yaml_program()], trials or PLANTS, lock=self.store.lock
            ):
                done.append(trial)
                progress(trial.says)
            figures = calibrate.attributed(done)
            progress(calibrate.line_of(figures))
        self.store.write(self.run, figures, part=part)
        return figures

    def _counting(self, unit: str, foreseen: Callable[[], int]) -> Callable[[Sample], None]:
        """Whom to tell of each repetition: which of how many `foreseen`, and the seconds left.

        Where pairs are measured, that is said of the second of both.
        """

        begun: datetime | None = None

        def tell(sample: Sample) -> None:
            nonlocal begun
            begun = begun or sample.started
            done = sample.repetition + 1
            says = f"{unit} {done} of {max(done, foreseen())}"
            if sample.ok:
                each = (datetime.now(UTC) - begun).total_seconds() / done
                left = each * max(0, foreseen() - done)
                says += f" took {sample.wall_s:.3g} s, about {left:.0f} s left"
            else:
                says += f" failed: {sample.reason}"
            self.tell(Progress(sample.workload.name, "repetition", says, sample))

        return tell

    def _repeated(
        self,
        workload: Workload,
        against: Workload | None,
        repetitions: int | None,
        warmup: int | None,
        budget_s: float,
    ) -> Pairs:
        """A workload in turns with another, or alone: then there is no side b."""
        more = None if repetitions else enough.UntilEnough(budget_s=budget_s)
        warmup, lock = 1 if warmup is None else warmup, self.store.lock
        progress = self._counting(
            "repetition", lambda: repetitions or (more.foreseen if more else 1)
        )
        if against is None:
            samples = measure(
                workload, repetitions or 1, warmup, lock=lock, more=more, progress=progress
            )
            return Pairs(tuple(samples), ())
        return measure_pair(
            workload,
            against,
            repetitions or 1,
            warmup,
            lock=lock,
            more=None if more is None else lambda pairs: more(pairs.a),
            progress=progress,
        )

    def _store(self, workload: Workload, figures: Iterable[Measurement], part: str) -> None:
        params = {workload.name: json.dumps(dict(workload.params), default=str)}
        self.store.write(self.run, figures, params, part or part_of(workload.name))


def _enough(samples: Sequence[Sample]) -> Enough | None:
    values = enough.values_of(samples, enough.judged(samples))
    return enough.enough(values) if values else None


def _ratio(workload: Workload, name: str, pairs: Pairs) -> tuple[Measurement, ...]:
    """Time as a multiple of the reference's; nothing where no pair is whole."""
    a, b = pairs.values("seconds")
    return (of_comparison(workload.name, name, compare(a, b)),) if a else ()


def _written(page: Path, text: str) -> Path:
    page.parent.mkdir(parents=True, exist_ok=True)
    page.write_text(text, encoding="utf-8")
    return page


# Where time and memory go -----------------------------------------------------------------------


def profile(
    workload: Workload,
    *,
    lock: Path,
    reports: Path,
    memory: bool = False,
    clock: Literal["cpu", "wall"] = "cpu",
    tell: Callable[[Progress], None] = untold,
) -> Profiled:
    """What holds a workload up, and where its time goes, or who holds its `memory` at the peak.

    `clock` as in `profile_time`, `lock` as in `measure`; `tell` hears the bottleneck before the
    profile is taken. No figure is stored: a profiled run is never a measured one. The page is
    written below `reports`, in the place of the workload's last. Raises ProfileError where it
    cannot be profiled, MeasurementBusy like `measure`.
    """
    samples = measure(workload, PROFILED_REPETITIONS, lock=lock)
    if not all(sample.ok for sample in samples):
        return Profiled(tuple(samples))
    here = environment.record()
    bound = bottleneck(samples, Machine(here.cores, here.memory_bytes))
    says = f"bound by {', '.join(bound.bound)}: {'; '.join(bound.why)}"
    tell(Progress(workload.name, "judged", says, bound))
    taken = (
        profile_memory(workload, lock=lock)
        if memory
        else profile_time(workload, lock=lock, clock=clock)
    )
    page = reports / "profiles" / f"{part_of(workload.name)}.html"
    drawn = plain_flame_graph(taken, workload.name, workload.stages)
    return Profiled(tuple(samples), bound, taken, _written(page, drawn))


# What a comparison is with ----------------------------------------------------------------------


def held(offers: Iterable[Offer], sides: tuple[Tree, Tree]) -> list[Offer]:
    """Those of the `offers` whose code both trees (`sides`) hold.

    Raises WorkloadError where there is none.
    """
    both = [
        offer
        for offer in offers
        if offer.module and all(tree.holds(offer.module) for tree in sides)
    ]
    if not both:
        raise WorkloadError(
            f"no workload runs code of {sides[0].repository}",
            "name one with --scenario, `bench list` shows every one",
        )
    return both


# What the nights say, and what targets say ------------------------------------------------------


def followed(
    store: ResultStore,
    machine: str,
    names: Iterable[tuple[str, str]],
    *,
    until: str | None = None,
    last: int | None = None,
) -> tuple[list[Series], list[Alert]]:
    """The series of workloads and metrics (`names`) in a `store`, and every alert on them together.

    Nights are those of one machine, up to and with the run `until`, and the `last` so many where
    these are given. Raises LevelError for a damaged file of acknowledged levels.
    """
    series = [nightly(store, workload, metric, machine, until, last) for workload, metric in names]
    return series, watch(series, Levels(store.root, machine).acknowledged())


def acknowledged(
    store: ResultStore, machine: str, metric: str, patterns: Sequence[str], by: str, note: str
) -> list[Finding]:
    """Take the new level of a metric on a machine: its open findings are settled, and returned.

    `metric` and `patterns` as in `series.named`, `by` and `note` as in `Levels.acknowledge`. Raises
    ResultsError where nothing in the `store` has such a metric, LevelError without a name and a
    reason.
    """
    _, alerts = followed(store, machine, named(store, machine, metric, patterns))
    levels = Levels(store.root, machine)
    open_ = [finding for alert in alerts for finding in alert.findings if finding.status == "open"]
    for finding in open_:
        levels.acknowledge(finding.metric, finding.since, by, note)
    return open_


def verdicts(
    store: ResultStore,
    contract: Sequence[Target],
    run: str | None,
    measurements: Sequence[Measurement],
    scope: str,
) -> list[Verdict]:
    """The verdicts of the `contract` on one scope of a run's `measurements`.

    A limit of our own that an earlier run in the `store` has met on the machine counts as met
    before.
    """
    mine = [figure for figure in measurements if figure.scope == scope]
    earlier = _earlier(store.root, run) if run and mine else ()
    return targets.judge(contract, mine, targets.met_in(contract, earlier))


@lru_cache(maxsize=1)
def _earlier(root: Path, run: str) -> tuple[tuple[Measurement, ...], ...]:
    """The figures of every earlier run on this machine.

    A job has dozens of checks and a year thousands of files: read once.
    """
    store = ResultStore(root)
    earlier = store.all_measurements(before=run, machine=store.run(run).environment.machine)
    return tuple(tuple(measurements) for measurements in earlier.values())
