"""The command line: the library's functions without Dagster. Arguments in, text out; no rule of the domain."""

from __future__ import annotations

import errno
import gc
import json
import math
import os
import shlex
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import click

from pipeline_perf.cli.layouts import NEEDS_MAPPING, layouts, layouts_option, own_layouts

if TYPE_CHECKING:
    import polars as pl

    from pipeline_perf.lake.delta import Lake
    from pipeline_perf.synth.dataset import DatasetSpec

DEFAULT_LAKE = "data/lake"
DEFAULT_DATASETS = Path("data/datasets")

#: Exit codes of the contract; 2, for usage, is click's own.
FAILED = 1

lake_option = click.option(
    "--lake",
    "lake_root",
    default=DEFAULT_LAKE,
    show_default=True,
    envvar="PIPELINE_PERF_LAKE",
    help="Folder or object-store URL of the lake.",
)


class _WithLab(click.Group):
    """The commands of this module, and two that are imported when they are asked for: the start of an ingestion is measured."""

    def list_commands(self, context: click.Context) -> list[str]:
        return sorted([*super().list_commands(context), "bench", "probe"])

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        if name == "bench":
            from pipeline_perf.cli.bench import bench

            return bench
        if name == "probe":
            from pipeline_perf.cli.probe import probe

            return probe
        return super().get_command(context, name)


@click.group(cls=_WithLab, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="pipeline_perf")
def main() -> None:
    """Telephone records of any carrier into one clean table of events."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _leave)


def _leave(number: int, _frame: object) -> NoReturn:
    click.echo("stopped", err=True)
    sys.exit(128 + number)


def _stop_ingesting(number: int, _frame: object) -> NoReturn:
    """Leave at once: what is committed stays as it is, and no thread that still commits has to be waited for."""
    cursor = "\r\x1b[2K\x1b[?25h" if sys.stderr.isatty() else ""  # the progress bar had hidden it
    os.write(2, f"{cursor}stopped: what is committed stays; run the same command again to go on\n".encode())
    os._exit(128 + number)


main.add_command(layouts)


# --------------------------------------------------------------------------- ingest


def _check_zone(_context: click.Context, _option: click.Parameter, zone: str | None) -> str | None:
    if zone is None:
        return None
    import polars as pl  # its own list of zones is what the file's times will meet

    try:
        pl.select(pl.datetime(2000, 1, 1, time_zone=zone or "none"))
    except pl.exceptions.PolarsError:
        raise click.BadParameter(f"{zone!r} is no IANA zone; write for example America/New_York or UTC") from None
    return zone


def _check_number(_context: click.Context, _option: click.Parameter, number: str | None) -> str | None:
    import re

    if number is not None and not re.fullmatch(r"\+[1-9]\d{6,14}", number):
        raise click.BadParameter(f"{number!r} is no E.164 number; write for example +12125550101")
    return number


@main.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@lake_option
@click.option("--zone", callback=_check_zone, help="IANA zone of the file's local times, where it does not state one.")
@click.option("--subscriber", callback=_check_number, help="E.164 number of the line, where the file does not name it.")
@click.option("--tenant", help="Label kept with every event.")
@layouts_option
@click.option(
    "--chunk-mib",
    type=click.FloatRange(1 / 64, 1024),
    help="MiB of text worked on and committed at a time [default: 24]. Memory is some twenty times as much.",
)
@click.option(
    "--expanded-mib",
    type=click.IntRange(min=1),
    help="MiB that a compressed file may expand to, however small it is [default: 1024].",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object per file and line.")
@click.pass_context
def ingest(
    context: click.Context,
    files: tuple[Path, ...],
    lake_root: str,
    zone: str | None,
    subscriber: str | None,
    tenant: str | None,
    own: Path,
    chunk_mib: float | None,
    expanded_mib: int | None,
    as_json: bool,
) -> None:
    """Turn carriers' files into events.

    Stopping it, by Ctrl-C or in any other way, leaves the lake readable; the same command goes on where it was.

    Exit code 0: every file is in the lake; 3: some need a layout; 1: some could not be read, the others are done;
    2: the command is not understood.
    """
    signal.signal(signal.SIGTERM, _stop_ingesting)
    signal.signal(signal.SIGINT, _stop_ingesting)
    # Reading and committing have threads of their own: with a pool as large as the machine they would wait for one another.
    os.environ.setdefault("POLARS_MAX_THREADS", str(max(1, len(os.sched_getaffinity(0)) - 1)))
    gc.set_threshold(100_000)  # imports alone make the collector look through all objects time and again: a quarter of a second
    from pipeline_perf.cli.display import Bar, summarise
    from pipeline_perf.ingest.container.lines import BLOCK
    from pipeline_perf.ingest.container.source import EXPANDED_BYTES
    from pipeline_perf.ingest.pipeline import Options, ingest_path
    from pipeline_perf.lake.delta import Lake

    if chunk_mib is not None and not math.isfinite(chunk_mib):
        raise click.UsageError("--chunk-mib is no number; write for example 16")
    chunk_bytes = BLOCK if chunk_mib is None else int(chunk_mib * 2**20)
    expanded_bytes = EXPANDED_BYTES if expanded_mib is None else expanded_mib * 2**20
    options = Options(zone, subscriber, tenant, own_layouts(context, own), chunk_bytes, expanded_bytes)
    lake = Lake(_lake_root(lake_root))
    statuses = set()
    for path in files:
        with Bar(path.name, quiet=as_json or not sys.stderr.isatty()) as progress:
            for report in ingest_path(path, lake, options, progress):
                statuses.add(report.status)
                try:
                    if as_json:
                        click.echo(json.dumps(report.to_json(), ensure_ascii=False))
                    else:
                        summarise(report)
                except OSError as error:
                    _cannot_tell(error)
    sys.exit(FAILED if "rejected" in statuses else NEEDS_MAPPING if "needs_mapping" in statuses else 0)


def _cannot_tell(error: OSError) -> NoReturn:
    if error.errno == errno.EPIPE:
        raise error  # the reader has gone: click ends quietly
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # what is still held back must not fail once more
    raise click.ClickException(f"standard output: {error.strerror}")


def _lake_root(root: str) -> str:
    if not root:
        raise click.UsageError("--lake is empty; name a folder or an object-store URL")
    if "://" not in root and (odd := sorted(set(root) & set("*?[]{}%\n"))):  # the Delta library takes them for patterns and escapes
        raise click.UsageError(f"--lake cannot hold {' '.join(map(repr, odd))}; name another folder")
    return root


# --------------------------------------------------------------------------- what the lake holds


@main.command()
@lake_option
@click.option("--distinct", is_flag=True, help="Leave out events that another event tells.")
@click.option("--format", "form", type=click.Choice(["parquet", "csv", "json"]), default="csv", show_default=True)
@click.option("-o", "--output", type=click.Path(path_type=Path, dir_okay=False), help="File to write; default: standard output.")
def events(lake_root: str, distinct: bool, form: str, output: Path | None) -> None:
    """Export the events, in the order of time.

    The export is the data: telephone numbers stand in it in full.
    """
    _export(lambda lake: lake.scan_events(distinct=distinct).sort("started_at", "source_file_id", "record_no"), lake_root, form, output)


@main.command()
@lake_option
@click.option("--format", "form", type=click.Choice(["table", "json", "csv"]), default="table", show_default=True)
@click.option("-o", "--output", type=click.Path(path_type=Path, dir_okay=False), help="File to write; default: standard output.")
@click.option("--unmasked", is_flag=True, help="Show telephone numbers in full in the table, too.")
def quarantine(lake_root: str, form: str, output: Path | None, unmasked: bool) -> None:
    """Show every record that could not become an event, with its reason.

    The table shows the last four digits of telephone numbers. CSV and JSON are the data: the numbers stand in them in full.
    """
    if form == "table" and output:
        raise click.UsageError("a table is for the screen: with -o, choose --format csv or json")
    _export(lambda lake: lake.scan_quarantine().sort("file", "record_no"), lake_root, form, output, unmasked=unmasked)


def _export(scan: Callable[[Lake], pl.LazyFrame], lake_root: str, form: str, output: Path | None, *, unmasked: bool = False) -> None:
    from pipeline_perf.cli.display import quarantine_table
    from pipeline_perf.ingest.errors import IngestError, lake_faults
    from pipeline_perf.lake.delta import Lake
    from pipeline_perf.lake.export import write

    if form == "parquet" and output is None and sys.stdout.isatty():
        raise click.UsageError("Parquet is binary: name a file with -o")
    lake = Lake(_lake_root(lake_root))
    if lake.local and not any((Path(lake_root) / made).is_dir() for made in ("files", "locks")):
        raise click.ClickException(f"{lake_root}: no lake here. Ingest a file first, or name the lake with --lake")
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # `| head` ends it, as it ends other commands
    try:
        with lake_faults(lake_root):
            frame = scan(lake)
            if form == "table":
                table = frame.collect()
    except IngestError as error:
        raise click.ClickException(str(error)) from error
    if form == "table":
        quarantine_table(table, unmasked=unmasked)
        return
    try:
        with lake_faults(f"{output or 'standard output'}, from the lake {lake_root}"):
            write(frame, form, output or sys.stdout.buffer)
    except IngestError as error:
        raise click.ClickException(str(error)) from error


# --------------------------------------------------------------------------- generated files


@main.command()
@click.argument("scenario", required=False)
@click.option("--carrier", help="Carrier, switch or platform, such as att; an unknown one is answered with all there are.")
@click.option("--format", "form", help="csv, fixed, pdf and others, by carrier.")
@click.option("--rows", type=click.IntRange(min=1), help="Records of the file.")
@click.option("--seed", type=click.IntRange(min=0), help="Another seed gives other people and calls.")
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, file_okay=False),
    default=DEFAULT_DATASETS,
    show_default=True,
    help="Folder for the files; what is there already is not written again.",
)
@click.option(
    "--scenarios", "scenario_file", type=click.Path(path_type=Path), envvar="PIPELINE_PERF_SCENARIOS", help="Your own scenarios file."
)
def generate(
    scenario: str | None,
    carrier: str | None,
    form: str | None,
    rows: int | None,
    seed: int | None,
    output: Path,
    scenario_file: Path | None,
) -> None:
    """Write carriers' files with the truth about them: those of a SCENARIO, or one by --carrier, --format and --rows."""
    if scenario and (carrier or form or rows):
        raise click.UsageError("name a scenario, or give --carrier, --format and --rows; not both")
    if not scenario and not (carrier and form and rows):
        raise click.UsageError("name a scenario, or give --carrier, --format and --rows")
    import dataclasses

    from pipeline_perf.synth.dataset import DatasetSpec
    from pipeline_perf.synth.dataset import generate as write

    try:
        # The specification checks carrier and format itself.
        specs = _scenario(scenario, scenario_file) if scenario else (DatasetSpec(carrier, form, rows),)  # type: ignore[arg-type]
        if seed is not None:
            specs = tuple(dataclasses.replace(spec, seed=seed) for spec in specs)
    except ValueError as error:
        raise click.UsageError(str(error)) from error
    for spec in specs:
        try:
            dataset = write(spec, output)
        except OSError as error:
            raise click.ClickException(f"{output}: cannot be written ({error}); check the path and the space left") from error
        for path, facts in zip(dataset.files, dataset.facts["files"], strict=True):
            click.echo(f"{path}  {facts['records']:,} records, layout {facts['layout']}")
        click.echo(f"  truth: {dataset.events.parent}")
        told = [f"--{option}={dataset.facts[option]}" for option in ("zone", "subscriber") if dataset.facts[option]]
        command = ["pipeline-perf", "ingest", *map(str, dataset.files), *told]
        click.echo(f"  ingest: {shlex.join(command)}")


def _scenario(name: str, path: Path | None) -> tuple[DatasetSpec, ...]:
    from pipeline_perf.contract import SCENARIOS, scenarios

    known = {scenario.name: scenario for scenario in scenarios.load(path or SCENARIOS)}
    if name not in known:
        raise click.UsageError(f"there is no scenario {name!r}; choose one of: {', '.join(known)}")
    return known[name].data


# --------------------------------------------------------------------------- the report


@main.command()
@click.option("--run", "run_id", metavar="ID", help="The run, or the comparison, to report on; default: the newest run.")
@click.option("--comparison", is_flag=True, help="Report on the newest comparison, before and after, instead of a run.")
@click.option("--open", "open_page", is_flag=True, help="Open the page in the browser.")
@click.option(
    "--data",
    type=click.Path(path_type=Path, file_okay=False),
    default="data",
    show_default=True,
    envvar="PIPELINE_PERF_DATA",
    help="Folder that holds results/ and reports/.",
)
@click.option("--targets", "contract", type=click.Path(path_type=Path), envvar="PIPELINE_PERF_TARGETS", help="Your own targets file.")
@click.option("--scenarios", type=click.Path(path_type=Path), envvar="PIPELINE_PERF_SCENARIOS", help="Your own scenarios file.")
def report(run_id: str | None, comparison: bool, open_page: bool, data: Path, contract: Path | None, scenarios: Path | None) -> None:
    """Print the verdict on every target, and write the report as HTML (in full and as a summary), JSON and Markdown.

    Exit code 1: a target is missed, or a compared tree is slower.
    """
    from rich.console import Console

    from pipeline_perf.bench.follow.levels import LevelError
    from pipeline_perf.bench.judge.targets import TargetError, load
    from pipeline_perf.bench.measure.results import ResultsError, ResultStore
    from pipeline_perf.contract import SCENARIOS, TARGETS
    from pipeline_perf.contract.scenarios import ScenarioError
    from pipeline_perf.report import comparisons, content, document, terminal

    store, reports = ResultStore(data / "results"), data / "reports"
    compared_runs = ResultStore(store.root / "comparisons")
    console = Console(highlight=False, emoji=False, width=None if sys.stdout.isatty() else 140)
    if comparison and not run_id:
        run_id = compared_runs.latest_run()
        if run_id is None:
            raise click.ClickException(f"{compared_runs.root}: nothing has been compared yet; `pipeline-perf bench compare REV` does")
    if not store.run_ids() and not run_id:
        raise click.ClickException(f"{store.root}: nothing has been measured yet; run `make bench` first, or name your folder with --data")
    try:
        if run_id and run_id in compared_runs.run_ids():
            compared = comparisons.of_run(compared_runs, run_id, reports / "comparisons")
            written = document.write_optimisation(compared, reports / run_id)
            console.print(terminal.compared(compared))
            missed = any(one.verdict in ("slower", "failed") for one in compared)
        else:
            found = content.assemble(store, load(contract or TARGETS), run_id, reports, scenarios or SCENARIOS)
            # An older run's report stands beside the newest one's, and not in its place.
            written = document.write(found, reports / run_id if run_id else reports)
            console.print(terminal.table(found))
            missed = found.readiness.state == "no_go"
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
