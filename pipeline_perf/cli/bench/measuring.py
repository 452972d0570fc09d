"""`bench list`, `bench run`, `bench profile`: one workload at a time."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from pipeline_perf.cli.bench.lab import FAILED, Lab, part_of, show, table

if TYPE_CHECKING:
    from pipeline_perf.bench.explain.profile import Frame, Profile
    from pipeline_perf.bench.judge.enough import Enough
    from pipeline_perf.bench.measure.measure import Pairs, Sample
    from pipeline_perf.bench.measure.measurement import Measurement
    from pipeline_perf.bench.measure.registry import Offer
    from pipeline_perf.bench.measure.results import Run
    from pipeline_perf.bench.measure.workload import Workload


@click.command("list")
@click.pass_obj
def list_(lab: Lab) -> None:
    """Every workload that can be measured; * marks those that `run` measures when none is named."""
    rows = table("", "Workload", "Offered by", "What it does")
    for offer in lab.registry().offers:
        rows.add_row("*" if offer.usual else "", offer.name, offer.origin, offer.says)
    show(rows)


@click.command()
@click.argument("scenario", nargs=-1)
@click.option(
    "--repetitions",
    type=click.IntRange(1),
    help="Exactly so many; default: as many as the spread demands.",
)
@click.option(
    "--budget",
    type=click.FloatRange(0, min_open=True),
    metavar="SECONDS",
    help="Longest measuring of one workload; default 120.",
)
@click.option(
    "--night",
    is_flag=True,
    help="Measure this date's value for `bench history`: 30 pairs with the pinned computation.",
)
@click.pass_obj
def run(
    lab: Lab, scenario: tuple[str, ...], repetitions: int | None, budget: float | None, night: bool
) -> None:
    """Measure workloads, each repetition in a fresh process, and store the figures.

    Each runs in turns with its reference, or with a pinned computation. Histories hold only what is
    measured with --night, as the job nightly does: a run of the afternoon is no night. Exit code 1:
    a repetition failed.
    """
    from pipeline_perf.bench.follow.series import NIGHTLY, REFERENCE
    from pipeline_perf.bench.measure.measure import measure
    from pipeline_perf.bench.measure.measurement import of_samples, units_per_mib
    from pipeline_perf.contract.workloads import IDLE, IDLE_REPETITIONS

    chosen = lab.registry().chosen(scenario)
    built = [
        (offer, offer.build(), offer.reference() if offer.reference and not night else REFERENCE)
        for offer in chosen
    ]
    kept, failed = lab.run(NIGHTLY if night else ""), False
    idle = measure(IDLE, IDLE_REPETITIONS, 0, lock=lab.lock)
    for offer, workload, reference in built:
        if night:
            pairs, ratios = _night(lab, kept, workload, repetitions)
            series = _judged(pairs.a)
        else:
            pairs, series = _measured(workload, reference, repetitions, budget, lab.lock)
            ratios = _ratio(offer, pairs)
        figures = [*of_samples(pairs.samples), *units_per_mib(pairs.a, idle), *ratios]
        if reference is not REFERENCE:
            figures += of_samples(measure(REFERENCE, len(pairs.a) or 1, 0, lock=lab.lock))
        lab.store.write(
            kept,
            figures,
            {workload.name: json.dumps(dict(workload.params), default=str)},
            part_of(workload.name),
        )
        _print_measured(workload, pairs.a, series)
        failed = failed or not all(sample.ok for sample in pairs.samples)
    click.echo(f"Run {kept.id} is stored in {lab.store.root}; pipeline-perf report judges it.")
    sys.exit(FAILED if failed else 0)


def _measured(
    workload: Workload,
    reference: Workload,
    repetitions: int | None,
    budget: float | None,
    lock: Path,
) -> tuple[Pairs, Enough | None]:
    """A workload in turns with its reference, those of warming up left out; None where nothing
    succeeded.
    """
    from pipeline_perf.bench.judge import enough
    from pipeline_perf.bench.measure.measure import Pairs, measure_pair

    more = enough.until_enough(budget_s=budget or enough.RUN_BUDGET_S)
    pairs = measure_pair(
        workload,
        reference,
        repetitions or 1,
        lock=lock,
        more=None if repetitions else lambda pairs: more(pairs.a),
    )
    series = _judged(pairs.a)
    return (
        (Pairs(pairs.a[series.warmup :], pairs.b[series.warmup :]), series)
        if series
        else (pairs, None)
    )


def _judged(samples: Sequence[Sample]) -> Enough | None:
    from pipeline_perf.bench.judge import enough

    values = enough.values_of(samples, enough.judged(samples))
    return enough.enough(values) if values else None


def _night(
    lab: Lab, kept: Run, workload: Workload, pairs: int | None
) -> tuple[Pairs, Sequence[Measurement]]:
    """Tonight's pairs and ratios; says so where they were measured twice."""
    from pipeline_perf.bench.follow import night
    from pipeline_perf.bench.follow.series import PAIRS_A_NIGHT

    nights = night.earlier(lab.store, workload.name, kept.environment.machine)
    found = night.measured(
        workload, nights, kept.time.date(), lock=lab.lock, pairs=pairs or PAIRS_A_NIGHT
    )
    if found.first:
        click.echo(f"{workload.name}: far from the nights before, and so measured again")
    return found.pairs, found.ratios


def _ratio(offer: Offer, pairs: Pairs) -> list[Measurement]:
    from pipeline_perf.bench.measure.measurement import of_comparison
    from pipeline_perf.bench.statistics.compare import compare

    values = pairs.values("seconds")
    return (
        [of_comparison(offer.name, offer.ratio, compare(*values))]
        if offer.ratio and values[0]
        else []
    )


def _print_measured(workload: Workload, samples: Sequence[Sample], series: Enough | None) -> None:
    from statistics import median

    from pipeline_perf.bench.judge.enough import judged, values_of
    from pipeline_perf.report.figures import figure

    _say_failures(workload, samples)
    if series is None:
        return
    shown = [
        ("wall", "seconds", "s"),
        ("CPU", "cpu_seconds", "s"),
        ("peak memory", "peak_memory", "B"),
    ]
    shown.append(("", f"{workload.unit}_per_s", f"{workload.unit}/s"))
    parts = [
        f"{label} {figure(median(values), unit)}".strip()
        for label, name, unit in shown
        if (values := values_of(samples, name))
    ]
    spread = f" ± {series.spread:.1%}" if series.spread is not None else ""
    warm = f", {series.warmup} more for warming up" if series.warmup else ""
    enough = f"more runs needed: {series.more}" if series.more else "enough"
    what = "CPU time" if judged(samples) == "cpu_seconds" else "time"
    click.echo(f"{workload.name}: {', '.join(parts)}")
    click.echo(f"  {len(samples)} repetitions{warm}; median {what}{spread}: {enough}")


@click.command()
@click.argument("scenario")
@click.option(
    "--memory",
    is_flag=True,
    help="Who holds the memory at its peak, instead of where the time goes.",
)
@click.option("--wall", is_flag=True, help="Count waiting, too, and not only work.")
@click.pass_obj
def profile(lab: Lab, scenario: str, memory: bool, wall: bool) -> None:
    """Where the time or the memory of a SCENARIO goes: functions, stages, a flame graph, and
    what holds it up.
    """
    from pipeline_perf.bench.explain.bottleneck import Machine, bottleneck
    from pipeline_perf.bench.explain.flamegraph import flame_graph
    from pipeline_perf.bench.explain.profile import profile_memory, profile_time
    from pipeline_perf.bench.measure.environment import record
    from pipeline_perf.bench.measure.measure import measure

    for offer in lab.registry().chosen((scenario,)):
        workload, here = offer.build(), record()
        samples = measure(workload, PROFILED_REPETITIONS, lock=lab.lock)
        _say_failures(workload, samples)
        if not all(sample.ok for sample in samples):
            sys.exit(FAILED)
        found = bottleneck(samples, Machine(here.cores, here.memory_bytes))
        click.echo(f"{workload.name}: bound by {', '.join(found.bound)}: {'; '.join(found.why)}")
        for one in found.recommendations:
            limit = f"{one.speedup_limit:.1f}" if one.share < 1 else "any number of"
            click.echo(
                f"  {one.advice} ({one.evidence}; half of it gone: {one.speedup_halved:.2f} times"
                f" as fast, all of it: {limit} times)"
            )
        taken = (
            profile_memory(workload, lock=lab.lock)
            if memory
            else profile_time(workload, lock=lab.lock, clock="wall" if wall else "cpu")
        )
        _print_functions(taken)
        page = lab.data / "reports" / "profiles" / f"{part_of(workload.name)}.html"
        page.parent.mkdir(parents=True, exist_ok=True)
        page.write_text(flame_graph([taken], [taken], None, workload.name), encoding="utf-8")
        click.echo(f"flame graph: {page}")


#: Enough to tell what a workload is bound by, which is a matter of large shares.
PROFILED_REPETITIONS = 3

#: Rows that a screen holds.
LISTED = 15


def _say_failures(workload: Workload, samples: Sequence[Sample]) -> None:
    for sample in samples:
        if not sample.ok:
            click.echo(
                f"{workload.name}: repetition {sample.repetition + 1} failed: {sample.reason}",
                err=True,
            )


def _print_functions(taken: Profile) -> None:
    """The functions at work in most samples, or holding most bytes."""
    own: Counter[Frame] = Counter()
    for stack, count in taken.stacks.items():
        own[stack[-1]] += count
    rows = table("Share", "Function")
    for frame, count in own.most_common(LISTED):
        rows.add_row(f"{count / taken.total:.1%}", str(frame))
    show(rows)
