"""`bench list`, `bench run`, `bench profile`: one workload at a time."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from pipeline_perf.cli.bench.lab import FAILED, Lab, complete_workload, show, table
from pipeline_perf.cli.console import as_called
from pipeline_perf.privacy import masked

if TYPE_CHECKING:
    from pipeline_perf.bench.explain.bottleneck import Bottleneck
    from pipeline_perf.bench.explain.profile import Frame, Profile
    from pipeline_perf.bench.measure.measure import Sample
    from pipeline_perf.bench.measure.workload import Workload
    from pipeline_perf.bench.sessions import Measured, Progress


@click.command("list")
@click.pass_obj
def list_(lab: Lab) -> None:
    """Every workload that can be measured; * marks those that `run` measures when none is named."""
    rows = table("", "Workload", "Offered by", "What it does")
    for offer in lab.registry().offers:
        rows.add_row("*" if offer.usual else "", offer.name, offer.origin, offer.says)
    show(rows)


@click.command()
@click.argument("scenario", nargs=-1, shell_complete=complete_workload)
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
    from pipeline_perf.bench.follow.series import NIGHTLY
    from pipeline_perf.bench.judge.enough import RUN_BUDGET_S

    chosen = [
        (offer, offer.build(), offer.reference() if offer.reference and not night else None)
        for offer in lab.registry().chosen(scenario)
    ]
    session, failed = lab.session(_tell, NIGHTLY if night else ""), False
    for offer, workload, reference in chosen:
        measured = (
            session.night(workload, repetitions)
            if night
            else session.measure(
                workload,
                reference,
                ratio=offer.ratio,
                repetitions=repetitions,
                budget_s=budget or RUN_BUDGET_S,
            )
        )
        _print_measured(workload, measured)
        failed = failed or bool(measured.failures)
    judges = as_called("pipeline-perf report judges it.")
    click.echo(f"Run {session.run.id} is stored in {lab.store.root}; {judges}")
    sys.exit(FAILED if failed else 0)


def _tell(step: Progress) -> None:
    if step.step == "again":
        click.echo(f"{step.workload}: {masked(step.says)}")


def _print_measured(workload: Workload, measured: Measured) -> None:
    from statistics import median

    from pipeline_perf.bench.judge.enough import judged, values_of
    from pipeline_perf.report.figures import figure

    samples, series = measured.samples, measured.enough
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
@click.argument("scenario", shell_complete=complete_workload)
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
    from pipeline_perf.bench.explain.bottleneck import Bottleneck
    from pipeline_perf.bench.sessions import profile as profiled

    def tell(step: Progress) -> None:
        if isinstance(step.result, Bottleneck):
            _print_bottleneck(step.result)

    for offer in lab.registry().chosen((scenario,)):
        workload = offer.build()
        profile = profiled(
            workload,
            lock=lab.store.lock,
            reports=lab.reports,
            memory=memory,
            clock="wall" if wall else "cpu",
            tell=tell,
        )
        _say_failures(workload, profile.samples)
        if profile.profile is None:
            sys.exit(FAILED)
        _print_functions(profile.profile)
        click.echo(f"flame graph: {profile.page}")


def _print_bottleneck(bottleneck: Bottleneck) -> None:
    bound, why = ", ".join(bottleneck.bound), "; ".join(bottleneck.why)
    click.echo(f"{bottleneck.workload}: bound by {bound}: {why}")
    for proposal in bottleneck.recommendations:
        limit = f"{proposal.speedup_limit:.1f}" if proposal.share < 1 else "any number of"
        click.echo(
            f"  {proposal.advice} ({proposal.evidence}; half of it gone:"
            f" {proposal.speedup_halved:.2f} times as fast, all of it: {limit} times)"
        )


#: Rows that a screen holds.
LISTED = 15


def _say_failures(workload: Workload, samples: Sequence[Sample]) -> None:
    for sample in samples:
        if not sample.ok:
            click.echo(
                f"{workload.name}: repetition {sample.repetition + 1} failed:"
                f" {masked(sample.reason)}",
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
