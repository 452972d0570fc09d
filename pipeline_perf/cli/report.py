"""`pipeline-perf report`: the verdicts, and the pages that explain them."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from pipeline_perf.cli.options import FAILED, data_option, scenarios_option
from pipeline_perf.extras import require


@click.command()
@click.option(
    "--run",
    "run_id",
    metavar="ID",
    help="The run, or the comparison, to report on; default: the newest run.",
)
@click.option(
    "--comparison",
    is_flag=True,
    help="Report on the newest comparison, before and after, instead of a run.",
)
@click.option("--open", "open_page", is_flag=True, help="Open the page in the browser.")
@data_option
@click.option(
    "--targets",
    "contract",
    type=click.Path(path_type=Path),
    envvar="PIPELINE_PERF_TARGETS",
    help="Your own targets file.",
)
@scenarios_option
def report(
    run_id: str | None,
    comparison: bool,
    open_page: bool,
    data: Path,
    contract: Path | None,
    scenarios: Path | None,
) -> None:
    """Print the verdict on every target, and write the report.

    It is written as HTML, in full and as a summary, as JSON and as Markdown.

    Exit code 1: a target is missed, or a compared tree is slower.
    """
    require("lab", "jinja2")
    from rich.console import Console

    from pipeline_perf.bench.follow.levels import LevelError
    from pipeline_perf.bench.judge.targets import TargetError, load
    from pipeline_perf.bench.measure.results import ResultsError, ResultStore
    from pipeline_perf.contract import SCENARIOS, TARGETS
    from pipeline_perf.contract.scenarios import ScenarioError
    from pipeline_perf.report import comparisons, content, document, terminal

    store, reports = ResultStore(data / "results"), data / "reports"
    compared_runs = store.comparisons
    console = Console(highlight=False, emoji=False, width=None if sys.stdout.isatty() else 140)
    if comparison and not run_id:
        run_id = compared_runs.latest_run()
        if run_id is None:
            raise click.ClickException(
                f"{compared_runs.root}: nothing has been compared yet; `pipeline-perf bench compare"
                " REV` does"
            )
    if not store.run_ids() and not run_id:
        raise click.ClickException(
            f"{store.root}: nothing has been measured yet; run `make bench` first, or name your"
            " folder with --data"
        )
    try:
        if run_id and run_id in compared_runs.run_ids():
            workloads = comparisons.of_run(compared_runs, run_id, reports / "comparisons")
            written = document.write_optimisation(workloads, reports / run_id)
            console.print(terminal.compared(workloads))
            missed = any(workload.verdict in ("slower", "failed") for workload in workloads)
        else:
            assembled = content.assemble(
                store, load(contract or TARGETS), run_id, reports, scenarios or SCENARIOS
            )
            # An older run's report stands beside the newest one's, and not in its place.
            written = document.write(assembled, reports / run_id if run_id else reports)
            console.print(terminal.table(assembled))
            missed = assembled.readiness.state == "no_go"
    except (ResultsError, TargetError, ScenarioError, LevelError) as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"Report: {written.html}")
    if open_page:
        _open(written.html)
    sys.exit(FAILED if missed else 0)


def _open(page: Path) -> None:
    import webbrowser

    if not webbrowser.open(page.resolve().as_uri()):
        raise click.ClickException(f"no browser could be opened here; open {page} in one yourself")
