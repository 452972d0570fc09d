"""`bench compare`: the working tree against a revision."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from pipeline_perf.cli.bench.lab import FAILED, UNRESOLVED, Lab, complete_workload, show, table
from pipeline_perf.cli.console import as_called
from pipeline_perf.privacy import masked

#: The part of the time that is kept for profiles.
PROFILED = 1 / 3

if TYPE_CHECKING:
    from pipeline_perf.bench.judge.regression import Explanation, Regression
    from pipeline_perf.bench.judge.revision import Tree
    from pipeline_perf.bench.sessions import Progress


@click.command()
@click.argument("revision", metavar="REV")
@click.option(
    "--scenario",
    multiple=True,
    shell_complete=complete_workload,
    help=(
        "Workload to compare; may be given again. Default: the usual ones that this repository"
        " holds."
    ),
)
@click.option(
    "--pairs",
    type=click.IntRange(1),
    help="Exactly so many; default: as many as the spread demands within the budget.",
)
@click.option(
    "--budget",
    type=click.FloatRange(0, min_open=True),
    metavar="SECONDS",
    help="Longest time for one workload, environments and profiles included; default 300.",
)
@click.option(
    "--tolerance",
    type=click.FloatRange(0, 1, min_open=True),
    help="Changes within this share are none; default 0.02.",
)
@click.option(
    "--metric",
    default="",
    help="The one metric that is judged; default: CPU time, or wall time of what mostly waits.",
)
@click.option(
    "--attribute/--no-attribute",
    default=True,
    show_default=True,
    help="Profile both sides where something has changed.",
)
@click.pass_obj
def compare(
    lab: Lab,
    revision: str,
    scenario: tuple[str, ...],
    pairs: int | None,
    budget: float | None,
    tolerance: float | None,
    metric: str,
    attribute: bool,
) -> None:
    """Compare the working tree, uncommitted changes included, with a revision or a saved baseline.

    Each side runs in its own environment, in turns A B B A, so that the machine's moods meet both
    alike. Exit code 0: unchanged or faster; 1: slower, or a side failed; 3: unresolved.
    """
    from pipeline_perf.bench.judge import regression
    from pipeline_perf.bench.judge.enough import COMPARE_BUDGET_S
    from pipeline_perf.bench.judge.revision import trees
    from pipeline_perf.bench.sessions import held
    from pipeline_perf.bench.statistics.compare import FEWEST_PAIRS, LEVEL, TOLERANCE

    if pairs is not None and pairs < FEWEST_PAIRS:
        raise click.UsageError(
            f"--pairs {pairs}: so few cannot be significant at {LEVEL:.1%}; {FEWEST_PAIRS} are the"
            " fewest, or leave it out and let the spread decide"
        )
    chosen = lab.registry().chosen(scenario)
    budget, session, verdicts = budget or COMPARE_BUDGET_S, lab.session(_tell), set[str]()
    click.echo(_takes(budget, pairs, attribute), err=True)
    begun = time.monotonic()
    with trees(lab.baselines.revision(revision)) as sides:
        _print_sides(*sides)
        offers = chosen if scenario else held(chosen, sides)
        end = begun + budget * len(offers)
        for number, offer in enumerate(offers):
            workload = offer.build()
            # What checking out and building took is taken from all alike.
            each = max(1.0, (end - time.monotonic()) / (len(offers) - number))
            profiled = each * PROFILED if attribute else 0.0
            plan = regression.Plan(pairs, each - profiled, tolerance or TOLERANCE, metric)
            compared = session.compare(workload, sides, plan, explain_s=profiled)
            verdicts.add(compared.regression.verdict)
            if compared.explanation:
                _print_explanation(compared.explanation, compared.page)
    sys.exit(
        FAILED if verdicts & {"slower", "failed"} else UNRESOLVED if "unresolved" in verdicts else 0
    )


def _takes(budget: float, pairs: int | None, attribute: bool) -> str:
    """What a comparison will take, said before it begins."""
    profiles = f", and up to {budget * PROFILED:.0f} s of profiles where something changed"
    if pairs:
        return (
            f"Each workload takes {pairs} pairs and one to warm up{profiles if attribute else ''};"
            " how long is told with the first"
        )
    within = " and, where something changed, profiles" if attribute else ""
    return (
        f"Each workload takes at most {budget:.0f} s, environments{within} included; --budget sets"
        " it"
    )


def _print_sides(subject: Tree, base: Tree) -> None:
    click.echo(
        f"{subject.label} (on {subject.commit[:12]}) against {base.label} ({base.commit[:12]})"
    )
    click.echo(
        f"environment: {subject.installed}"
        if subject.python == base.python
        else f"environments: {subject.python}, {base.python}"
    )


def _tell(step: Progress) -> None:
    from pipeline_perf.bench.judge.regression import Regression

    if isinstance(step.result, Regression):
        _print_comparison(step.result)


_NAMES = {"cpu_seconds": "CPU time", "seconds": "wall time", "peak_memory": "peak memory"}


def _print_comparison(regression: Regression) -> None:
    click.echo()
    for failure in regression.failures:
        click.echo(f"{regression.workload}: {masked(failure)}", err=True)
    rows = table("", "Metric", "Change", "99 % interval", "Pairs", "Could have seen", "Verdict")
    for name, comparison in regression.comparisons.items():
        more = (
            f"; {comparison.more_pairs} more pairs"
            if comparison.verdict == "unresolved" and name == regression.metric
            else ""
        )
        rows.add_row(
            "*" if name == regression.metric else "",
            _NAMES.get(name, name),
            f"{comparison.ratio - 1:+.1%}",
            f"{comparison.low - 1:+.1%} to {comparison.high - 1:+.1%}",
            str(comparison.pairs),
            f"{comparison.smallest_effect:.1%}",
            comparison.verdict + more,
        )
    for counter in regression.counters:
        change = f"{counter.a / counter.b - 1:+.2%}" if counter.b else "new"
        rows.add_row(
            "",
            counter.name,
            change,
            "exact",
            str(len(regression.pairs.a)),
            "0.1%",
            "changed" if counter.changed else "unchanged",
        )
    if regression.comparisons:
        show(rows)
    click.echo(f"{regression.workload}: {regression.verdict.upper()}{_because(regression)}")
    for name, comparison in regression.comparisons.items():
        if name != regression.metric and comparison.direction == "more":
            click.echo(
                f"  {_NAMES.get(name, name)} rose as well, and is not judged here: --metric {name}"
                " judges it"
            )


def _because(regression: Regression) -> str:
    """Why the verdict is what it is, in half a sentence."""
    judged = regression.judged
    if judged is None or regression.verdict == "failed":
        return ""
    if judged.verdict == "changed":
        return (
            f": {_NAMES.get(regression.metric, regression.metric)} {judged.ratio - 1:+.1%}"
            f" ({judged.low - 1:+.1%} to {judged.high - 1:+.1%})"
        )
    if regression.verdict == "slower":
        return (
            f": {', '.join(counter.name for counter in regression.moved)} grew, in every repetition"
            " alike"
        )
    if regression.verdict == "unresolved":
        return (
            f": {judged.why}; about {judged.more_pairs} more pairs would tell (--pairs"
            f" {judged.pairs + judged.more_pairs})"
        )
    return f": within ± {judged.tolerance:.1%}"


def _print_explanation(explanation: Explanation, page: Path | None) -> None:
    from pipeline_perf.report.figures import figure

    for change in explanation.memory[:5]:
        click.echo(
            f"  {figure(change.growth, 'B')} {'more' if change.growth > 0 else ''} held by"
            f" {change.frame}"
        )
    if not explanation.memory:
        click.echo(f"  {explanation.attribution.why}")
    if explanation.stage:
        click.echo(f"  stage: {explanation.stage}")
    if page:
        click.echo(f"  flame graph of the difference: {page}")
    click.echo(as_called("  before and after as a page: pipeline-perf report --comparison"))
