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
    help="Planted slow functions that must be named first; half an hour.",
)
@click.option(
    "--trials",
    type=click.IntRange(1),
    help="So many comparisons or plants instead of the usual number.",
)
@click.pass_obj
def calibrate(
    lab: Lab, kind: Literal["simulated", "real", "attribution"], trials: int | None
) -> None:
    """The lab's own error rates: false alarms, and what it finds of what is there.

    They are stored like any figures.

    With --attribution, exit code 1: fewer than nine in ten planted functions were named first.
    """
    from pipeline_perf.bench.sessions import NAMED_FIRST

    session = lab.session(lambda step: click.echo(step.says))
    figures = session.calibrate(kind, trials)
    click.echo(f"Run {session.run.id} is stored in {lab.store.root}.")
    if kind == "attribution" and figures[0].value < NAMED_FIRST:
        sys.exit(FAILED)
