"""`bench calibrate`: how often the lab itself is wrong."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import click

from pipeline_perf.cli.bench.lab import FAILED, Lab


@click.command()
@click.option(
    "--simulated",
    "kinds",
    flag_value="simulated",
    default="simulated",
    help="Series and pairs of known truth; minutes. The default.",
)
@click.option(
    "--real",
    "kinds",
    flag_value="real",
    help="The same code against itself, and a planted slow-down; about two hours.",
)
@click.option(
    "--attribution",
    "kinds",
    flag_value="attribution",
    help="Planted slow functions that must be named first; half an hour.",
)
@click.option(
    "--trials",
    type=click.IntRange(1),
    help="So many comparisons or plants instead of the usual number.",
)
@click.pass_obj
def calibrate(lab: Lab, kinds: str, trials: int | None) -> None:
    """The lab's own error rates: false alarms, and what it finds of what is there.

    They are stored like any figures.

    With --attribution, exit code 1: fewer than nine in ten planted functions were named first.
    """
    from pipeline_perf.bench.calibrate import calibrate as calibration
    from pipeline_perf.bench.calibrate.planted import trials as plant

    kept = lab.run()
    if kinds == "simulated":
        numbers = dict.fromkeys(calibration.NUMBERS, trials) if trials else {}
        figures = calibration.simulated(**numbers, progress=click.echo)
    elif kinds == "real":
        with tempfile.TemporaryDirectory(prefix="calibrate-") as folder:
            plain, planted = calibration.workloads(Path(folder))
            for figures in calibration.real(
                plain,
                planted,
                trials or NULLS,
                trials or DETECTIONS,
                lock=lab.lock,
                progress=click.echo,
            ):
                click.echo(calibration.told(figures))
                # what is measured stays, should the rest be stopped
                lab.store.write(kept, figures, part=figures[0].scope)
    else:
        made = []
        for one in plant(trials or PLANTS, lock=lab.lock):
            made.append(one)
            click.echo(
                f"{'right' if one.right else 'WRONG'}: planted {one.function} {one.measured:+.1%},"
                f" named {one.first or 'nothing'}"
            )
        figures = calibration.attributed(made)
        click.echo(calibration.told(figures))
    if kinds != "real":
        lab.store.write(kept, figures)
    click.echo(f"Run {kept.id} is stored in {lab.store.root}.")
    if kinds == "attribution" and figures[0].value < NAMED_FIRST:
        sys.exit(FAILED)


#: Real comparisons of the same code, and of each planted slow-down with it.
NULLS, DETECTIONS = 30, 20

#: As many as the contract speaks of, and the share of them that must be named first.
PLANTS, NAMED_FIRST = 10, 0.9
