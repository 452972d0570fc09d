"""`bench calibrate`: how often the lab itself is wrong."""

from __future__ import annotations

import sys
from typing import Literal

import click

from pipeline_perf.cli.bench.lab import FAILED, Lab


@click.command()
@click.option(
    "--simulated",
    "kind",
    flag_value="simulated",
    default="simulated",
    help="Series and pairs of known truth; minutes. The default.",
)
@click.option(
    "--real",
    "kind",
    flag_value="real",
    help="The same code against itself, and a planted slow-down; about two hours.",
)
@click.option(
    "--attribution",
    "kind",
    flag_value="attribution",
    help="Functions made slower or faster, or their work moved; one must be named first. An hour.",
)
@click.option(
    "--scenario",
    multiple=True,
    help="Plant in this workload's package; may be given again. Default: PyYAML.",
)
@click.option(
    "--trials",
    type=click.IntRange(1),
    help="So many comparisons or plants instead of the usual number.",
)
@click.pass_obj
def calibrate(
    lab: Lab,
    kind: Literal["simulated", "real", "attribution"],
    scenario: tuple[str, ...],
    trials: int | None,
) -> None:
    """The lab's own error rates: false alarms, and what it finds of what is there.

    They are stored like any figures.

    With --attribution, exit code 1: fewer than nine in ten planted functions were named first, or
    another one was.
    """
    from pipeline_perf.bench.sessions import NAMED_FIRST

    if scenario and kind != "attribution":
        raise click.UsageError("--scenario belongs to --attribution")
    workloads = [offer.build() for offer in lab.registry().chosen(scenario)] if scenario else []

    session = lab.session(lambda step: click.echo(step.says))
    figures = session.calibrate(kind, trials, planted_in=workloads)
    click.echo(f"Run {session.run.id} is stored in {lab.store.root}.")
    if kind == "attribution" and (figures[0].value < NAMED_FIRST or figures[1].value):
        sys.exit(FAILED)
