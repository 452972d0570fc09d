"""`pipeline-perf events` and `pipeline-perf quarantine`: what the lake holds.

Files for others to open, or a table on the screen.
"""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from pipeline_perf.cli.options import checked_lake, lake_option

if TYPE_CHECKING:
    import polars as pl

    from pipeline_perf.lake.delta import Lake

_output_option = click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    help="File to write; default: standard output.",
)


@click.command()
@lake_option
@click.option("--distinct", is_flag=True, help="Leave out events that another event tells.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["parquet", "csv", "json"]),
    default="csv",
    show_default=True,
)
@_output_option
def events(lake_root: str, distinct: bool, form: str, output: Path | None) -> None:
    """Export the events, in the order of time.

    The export is the data: telephone numbers stand in it in full.
    """

    def scan(lake: Lake) -> pl.LazyFrame:
        in_order = ("started_at", "source_file_id", "record_no")
        return lake.scan_events(distinct=distinct).sort(in_order)

    _export(scan, lake_root, form, output)


@click.command()
@lake_option
@click.option(
    "--format",
    "form",
    type=click.Choice(["table", "json", "csv"]),
    default="table",
    show_default=True,
)
@_output_option
@click.option("--unmasked", is_flag=True, help="Show telephone numbers in full in the table, too.")
def quarantine(lake_root: str, form: str, output: Path | None, unmasked: bool) -> None:
    """Show every record that could not become an event, with its reason.

    The table shows the last four digits of telephone numbers. CSV and JSON are the data: the
    numbers stand in them in full.
    """
    if form == "table" and output:
        raise click.UsageError("a table is for the screen: with -o, choose --format csv or json")

    def scan(lake: Lake) -> pl.LazyFrame:
        return lake.scan_quarantine().sort("file", "record_no")

    _export(scan, lake_root, form, output, unmasked=unmasked)


def _export(
    scan: Callable[[Lake], pl.LazyFrame],
    lake_root: str,
    form: str,
    output: Path | None,
    *,
    unmasked: bool = False,
) -> None:
    from pipeline_perf.cli.display import quarantine_table
    from pipeline_perf.errors import ProjectError
    from pipeline_perf.lake.delta import Lake
    from pipeline_perf.lake.errors import lake_faults
    from pipeline_perf.lake.export import write

    if form == "parquet" and output is None and sys.stdout.isatty():
        raise click.UsageError("Parquet is binary: name a file with -o")
    lake = Lake(checked_lake(lake_root))
    if lake.local and not any((Path(lake_root) / made).is_dir() for made in ("files", "locks")):
        raise click.ClickException(
            f"{lake_root}: no lake here. Ingest a file first, or name the lake with --lake"
        )
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # `| head` ends it, as it ends other commands
    try:
        with lake_faults(lake_root):
            frame = scan(lake)
            if form == "table":
                table = frame.collect()
    except ProjectError as error:
        raise click.ClickException(str(error)) from error
    if form == "table":
        quarantine_table(table, unmasked=unmasked)
        return
    try:
        with lake_faults(f"{output or 'standard output'}, from the lake {lake_root}"):
            write(frame, form, output or sys.stdout.buffer)
    except ProjectError as error:
        raise click.ClickException(str(error)) from error
