"""The command line: the library's functions without Dagster. Arguments in, text out; no rule of the domain."""

from __future__ import annotations

import json
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

if TYPE_CHECKING:
    import polars as pl

    from pipeline_perf.ingest.pipeline import FileReport, Progress

DEFAULT_LAKE = "data/lake"
OWN_LAYOUTS = Path("data/layouts")

#: Exit codes of the contract; 2, for usage, is click's own.
FAILED, NEEDS_MAPPING = 1, 3

lake_option = click.option(
    "--lake",
    "lake_root",
    default=DEFAULT_LAKE,
    show_default=True,
    envvar="PIPELINE_PERF_LAKE",
    help="Folder or object-store URL of the lake.",
)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="pipeline_perf")
def main() -> None:
    """Telephone records of any carrier into one clean table of events."""
    signal.signal(signal.SIGTERM, _terminated)


def _terminated(_signal: int, _frame: object) -> NoReturn:
    # What is committed stays; `ingest` goes on from there next time.
    sys.exit(143)


# --------------------------------------------------------------------------- ingest


def _check_zone(_context: click.Context, _option: click.Parameter, zone: str | None) -> str | None:
    import zoneinfo

    if zone is None:
        return None
    try:
        zoneinfo.ZoneInfo(zone)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
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
@click.option(
    "--layouts", "own", type=click.Path(path_type=Path, file_okay=False), default=OWN_LAYOUTS, show_default=True, help="Your own layouts."
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object per file and line.")
def ingest(
    files: tuple[Path, ...], lake_root: str, zone: str | None, subscriber: str | None, tenant: str | None, own: Path, as_json: bool
) -> None:
    """Turn carriers' files into events.

    Exit code 0: every file is in the lake; 3: some need a layout; 1: some could not be read.
    """
    from pipeline_perf.ingest.errors import IngestError
    from pipeline_perf.ingest.lake import Lake
    from pipeline_perf.ingest.pipeline import Options, ingest_path

    options = Options(zone, subscriber, tenant, own if own.is_dir() else None)
    lake = Lake(lake_root)
    reports: list[FileReport] = []
    try:
        for path in files:
            with _progress(path, as_json) as progress:
                for report in ingest_path(path, lake, options, progress):
                    reports.append(report)
                    if as_json:
                        click.echo(json.dumps(report.to_json(), ensure_ascii=False))
                    else:
                        _summarise(report)
    except KeyboardInterrupt:
        click.echo("interrupted: what was committed stays; run the same command again to go on", err=True)
        sys.exit(130)
    except IngestError as error:
        raise click.ClickException(str(error)) from error
    statuses = {report.status for report in reports}
    sys.exit(FAILED if "rejected" in statuses else NEEDS_MAPPING if "needs_mapping" in statuses else 0)


class _progress:
    """A bar with rows per second on a terminal, nothing elsewhere."""

    def __init__(self, path: Path, as_json: bool) -> None:
        self.path, self.quiet = path, as_json or not sys.stderr.isatty()

    def __enter__(self) -> Progress | None:
        if self.quiet:
            return None
        from rich.console import Console
        from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

        self.bar = Progress(
            TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn(),
            console=Console(stderr=True), transient=True,
        )  # fmt: skip
        self.bar.start()
        task = self.bar.add_task(self.path.name, total=None)
        return lambda used, total: self.bar.update(task, completed=used, total=total or None)

    def __exit__(self, *_: object) -> None:
        if not self.quiet:
            self.bar.stop()


def _summarise(report: FileReport) -> None:
    from rich.console import Console
    from rich.markup import escape

    console = Console(highlight=False, soft_wrap=True)
    colour = {"ingested": "green", "already_ingested": "blue", "needs_mapping": "yellow", "rejected": "red"}[report.status]
    console.print(f"[bold]{escape(report.file)}[/]  [{colour}]{report.status}[/]", end="")
    if report.layout and report.status in ("ingested", "already_ingested"):
        types = ", ".join(f"{n:,} {name}" for name, n in report.by_type.items() if n)
        rate = (
            f"  ({report.seconds:.1f} s, {report.records / max(report.seconds, 1e-9):,.0f} rows/s)" if report.status == "ingested" else ""
        )
        console.print(f"  {report.carrier} · {report.layout}{rate}")
        console.print(f"  {report.events:,} events ({types or 'none'}), {report.duplicates:,} of them duplicates")
        if report.quarantined:
            console.print(f"  {report.quarantined:,} records in quarantine: see pipeline-perf quarantine")
    else:
        console.print()
    if report.reason:
        console.print(f"  {escape(report.reason)}")
    if report.suggestion:
        console.print("  A layout to complete:\n", style="dim")
        console.print(escape(report.suggestion))


# --------------------------------------------------------------------------- what the lake holds


@main.command()
@lake_option
@click.option("--distinct", is_flag=True, help="Leave out events that another event tells.")
@click.option("--format", "form", type=click.Choice(["parquet", "csv", "json"]), default="csv", show_default=True)
@click.option("-o", "--output", type=click.Path(path_type=Path, dir_okay=False), help="File to write; default: standard output.")
def events(lake_root: str, distinct: bool, form: str, output: Path | None) -> None:
    """Export the events, in the order of time."""
    _export(lambda lake: lake.scan_events(distinct=distinct).sort("started_at", "source_file_id", "record_no"), lake_root, form, output)


@main.command()
@lake_option
@click.option("--format", "form", type=click.Choice(["table", "json", "csv"]), default="table", show_default=True)
@click.option("-o", "--output", type=click.Path(path_type=Path, dir_okay=False), help="File to write; default: standard output.")
def quarantine(lake_root: str, form: str, output: Path | None) -> None:
    """Show every record that could not become an event, with its reason."""
    _export(lambda lake: lake.scan_quarantine().sort("file", "record_no"), lake_root, form, output)


def _export(scan: Any, lake_root: str, form: str, output: Path | None) -> None:
    from pipeline_perf.ingest.errors import IngestError
    from pipeline_perf.ingest.export import write
    from pipeline_perf.ingest.lake import Lake

    if form == "parquet" and output is None and sys.stdout.isatty():
        raise click.UsageError("Parquet is binary: name a file with -o")
    lake = Lake(lake_root)
    if lake.local and not Path(lake_root).is_dir():
        raise click.ClickException(f"{lake_root}: no lake here. Ingest a file first, or name the lake with --lake")
    try:
        frame: pl.LazyFrame = scan(lake)
        if form == "table":
            _print_table(frame.collect())
        else:
            write(frame, form, output or sys.stdout.buffer)
    except BrokenPipeError:
        sys.stderr.close()  # the reader has seen enough
    except (IngestError, OSError) as error:
        raise click.ClickException(str(error)) from error


def _print_table(frame: pl.DataFrame) -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    if not frame.height:
        click.echo("nothing in quarantine")
        return
    table = Table(box=None, pad_edge=False)
    for name in ("file", "line", "rule", "reason", "record"):
        table.add_column(name, overflow="fold", justify="right" if name == "line" else "left")
    for row in frame.iter_rows(named=True):
        place = str(row["record_no"]) if row["page"] is None else f"{row['record_no']} (page {row['page']})"
        table.add_row(*map(escape, (Path(row["file"]).name, place, row["rule"], row["reason"], row["raw"])))
    Console(width=None if sys.stdout.isatty() else 200).print(table)


# --------------------------------------------------------------------------- layouts


@main.group("layouts", invoke_without_command=True)
@click.option(
    "--layouts", "own", type=click.Path(path_type=Path, file_okay=False), default=OWN_LAYOUTS, show_default=True, help="Your own layouts."
)
@click.pass_context
def layouts_group(context: click.Context, own: Path) -> None:
    """The layouts that files are recognised by."""
    context.obj = own
    if context.invoked_subcommand is None:
        context.invoke(layouts_list)


def _layouts(own: Path) -> dict[str, Any]:
    from pipeline_perf.ingest.errors import LayoutError
    from pipeline_perf.ingest.layouts import available

    try:
        return available(own)
    except LayoutError as error:
        raise click.ClickException(str(error)) from error


@layouts_group.command("list")
@click.pass_obj
def layouts_list(own: Path) -> None:
    """One line per layout."""
    known = _layouts(own)
    width = max(map(len, known))
    for layout in sorted(known.values(), key=lambda lay: lay.id):
        click.echo(f"{layout.id:{width}}  {layout.container:9}  {layout.evidence:11}  {layout.title}")


@layouts_group.command("show")
@click.argument("layout_id")
@click.pass_obj
def layouts_show(own: Path, layout_id: str) -> None:
    """Print a layout's YAML."""
    from pipeline_perf.ingest.layouts import BUILT_IN

    if layout_id not in _layouts(own):
        raise click.ClickException(f"no layout {layout_id!r}; see pipeline-perf layouts list")
    for folder in (own, BUILT_IN):
        for path in sorted(folder.glob("*.y*ml")):
            from pipeline_perf.ingest.layouts import load

            if load(path).id == layout_id:
                click.echo(path.read_text(encoding="utf-8"), nl=False)
                return


@layouts_group.command("check")
@click.argument("file", type=click.Path(path_type=Path))
def layouts_check(file: Path) -> None:
    """Say what is wrong with a layout's YAML, by line, or which layout a record file is written in."""
    from pipeline_perf.ingest.errors import LayoutError
    from pipeline_perf.ingest.layouts import load

    try:
        layout = load(file)
    except LayoutError as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"{file}: {layout.id} is a sound layout of {len(layout.tables)} table(s)")


# --------------------------------------------------------------------------- the report


@main.command()
@click.option("--run", "run_id", metavar="ID", help="The run to report on; default: the newest.")
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
def report(run_id: str | None, open_page: bool, data: Path, contract: Path | None) -> None:
    """Print the verdict on every target, and write the report as HTML, JSON and Markdown.

    Exit code 1: a target is missed.
    """
    import webbrowser

    from rich.console import Console

    from pipeline_perf.bench.results import ResultsError, ResultStore
    from pipeline_perf.bench.targets import DEFAULT_PATH, TargetError, load
    from pipeline_perf.report.content import assemble
    from pipeline_perf.report.document import write
    from pipeline_perf.report.terminal import table

    store = ResultStore(data / "results")
    if not store.run_ids():
        raise click.ClickException(f"{store.root}: nothing has been measured yet; run `make bench` first, or name your folder with --data")
    try:
        found = assemble(store, load(contract or DEFAULT_PATH), run_id)
    except (ResultsError, TargetError) as error:
        raise click.ClickException(str(error)) from error
    # An older run's report stands beside the newest one's, and not in its place.
    written = write(found, data / "reports" / run_id if run_id else data / "reports")
    Console(highlight=False, width=None if sys.stdout.isatty() else 140).print(table(found))
    click.echo(f"Report: {written.html}")
    if open_page and not webbrowser.open(written.html.resolve().as_uri()):
        raise click.ClickException(f"no browser could be opened here; open {written.html} in one yourself")
    sys.exit(FAILED if found.readiness.state == "no_go" else 0)
