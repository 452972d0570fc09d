"""`bench baseline`, `bench history`, `bench ack`: what was measured before."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from pipeline_perf.cli.bench.lab import Lab, newest_run, show, table

if TYPE_CHECKING:
    from pipeline_perf.bench.follow.series import Series
    from pipeline_perf.bench.measure.measurement import Measurement
    from pipeline_perf.bench.measure.results import ResultStore


@click.group()
def baseline() -> None:
    """Runs under a name of their own, to come back to."""


@baseline.command("save")
@click.argument("name")
@click.option("--run", "run_id", metavar="ID", help="The run to keep; default: the newest.")
@click.pass_obj
def baseline_save(lab: Lab, name: str, run_id: str | None) -> None:
    """Give a run a name; one that has it already loses it."""
    saved = lab.baselines.save(name, run_id or newest_run(lab))
    click.echo(
        f"{saved.name}: run {saved.run}, revision"
        f" {saved.revision[:12] or 'unknown'}{'+' if saved.dirty else ''}"
    )


@baseline.command("list")
@click.pass_obj
def baseline_list(lab: Lab) -> None:
    """Every baseline."""
    rows = table("Baseline", "Run", "Revision", "Machine", "Saved")
    for saved in lab.baselines.all():
        rows.add_row(
            saved.name,
            saved.run,
            f"{saved.revision[:12]}{'+' if saved.dirty else ''}",
            saved.machine,
            saved.saved,
        )
    show(rows)


@baseline.command("show")
@click.argument("name")
@click.pass_obj
def baseline_show(lab: Lab, name: str) -> None:
    """The figures of a baseline beside those of the newest run.

    No verdict: `bench compare NAME` gives one.
    """
    from pipeline_perf.report.figures import figure

    saved, newest = lab.baselines.get(name), newest_run(lab)
    then, now = (_medians(lab.store, run_id) for run_id in (saved.run, newest))
    rows = table("Workload", "Figure", name, "Now", "Change")
    for (workload, metric), (value, unit) in then.items():
        present = now.get((workload, metric), (None, unit))[0]
        change = f"{present / value - 1:+.1%}" if present is not None and value else ""
        rows.add_row(workload, metric, figure(value, unit), figure(present, unit), change)
    show(rows)
    click.echo(
        f"{name} is run {saved.run}, now is {newest}. Measured at different times, they prove"
        f" nothing: bench compare {name}"
    )
    if lab.store.run(newest).environment.machine != saved.machine:
        click.echo(
            "They were measured on different machines: the change says nothing about the code."
        )


def _medians(store: ResultStore, run_id: str) -> dict[tuple[str, str], tuple[float, str]]:
    """Workload and figure → median over the repetitions, and unit."""
    from statistics import median

    groups: dict[tuple[str, str], list[Measurement]] = {}
    for figure in store.measurements(run_id):
        groups.setdefault((figure.workload, figure.metric.partition(".")[2]), []).append(figure)
    return {
        key: (median(figure.value for figure in group), group[0].unit)
        for key, group in groups.items()
    }


@click.command()
@click.argument("metric")
@click.option("--scenario", multiple=True, help="Only of this one; may be given again.")
@click.option(
    "--nights", type=click.IntRange(2), default=60, show_default=True, help="How far back."
)
@click.pass_obj
def history(lab: Lab, metric: str, scenario: tuple[str, ...], nights: int) -> None:
    """A METRIC ("seconds", "ingest.cpu_seconds") over the nights, and where its level changed.

    Nights are the runs of the job nightly, and those of `bench run --night`;
    "cpu_ratio_to_reference" is the quietest. Times and rates are followed as ratios to the pinned
    computation of the same run: what slows the whole machine down is in both.
    """
    from pipeline_perf.bench.follow.series import named
    from pipeline_perf.bench.sessions import followed

    machine = lab.machine
    names = named(lab.store, machine, metric, scenario)
    histories, alerts = followed(lab.store, machine, names, last=nights)
    for series in histories:
        _print_series(series)
    for alert in alerts:
        for finding in alert.findings:
            words = (
                f"{finding.since}  {finding.metric}  {finding.kind} {finding.ratio - 1:+.1%} "
                f" {finding.status}"
            )
            click.echo(
                f"{words}  after {finding.good or 'the beginning'}, by {finding.bad or 'now'}"
            )


#: Eight heights of a character, from low to high; a gap is a dot.
_BARS = "▁▂▃▄▅▆▇█"


def sparkline(values: Sequence[float | None]) -> str:
    """The values as heights between the least and the most of them; a dot where there is none."""
    known = [value for value in values if value is not None]
    if not known:
        return "·" * len(values)
    least, span = min(known), max(known) - min(known)
    return "".join(
        (
            "·"
            if value is None
            else _BARS[
                round((value - least) / span * (len(_BARS) - 1)) if span else len(_BARS) // 2
            ]
        )
        for value in values
    )


def _print_series(series: Series) -> None:
    from statistics import median

    from pipeline_perf.report.figures import figure

    known = [night.value for night in series.nights if night.value is not None]
    dates = (
        f"{series.nights[0].date} … {series.nights[-1].date}" if series.nights else "never measured"
    )
    unit = f" {series.unit}" if series.unit else " (ratio to the pinned computation)"
    click.echo(f"{series.name}{'' if series.unit else unit}")
    click.echo(f"  {sparkline([night.value for night in series.nights])}  {dates}")
    if known:
        figures = ", ".join(f"{label} {figure(value, series.unit)}" for label, value in zip(
            ("median", "least", "most", "last"), (median(known), min(known), max(known), known[-1]),
            strict=True))  # fmt: skip
        click.echo(f"  {figures}")
    for reason in dict.fromkeys(night.reason for night in series.gaps):
        click.echo(
            f"  · {sum(night.reason == reason for night in series.gaps)} nights without a value:"
            f" {reason}"
        )


@click.command()
@click.argument("metric")
@click.option("--scenario", multiple=True, help="Only of this one; may be given again.")
@click.option("--by", required=True, help="Who takes the new level.")
@click.option("--note", required=True, help="Why.")
@click.pass_obj
def ack(lab: Lab, metric: str, scenario: tuple[str, ...], by: str, note: str) -> None:
    """Take the new level of a METRIC: its open alert is settled. Exit code 1: no alert is open."""
    from pipeline_perf.bench.sessions import acknowledged

    findings = acknowledged(lab.store, lab.machine, metric, scenario, by, note)
    if not findings:
        raise click.ClickException(
            f"no alert on {metric} is open; pipeline-perf bench history {metric} shows its levels"
        )
    for finding in findings:
        click.echo(
            f"{finding.metric}: {finding.ratio - 1:+.1%} since {finding.since} is taken by {by}"
        )
