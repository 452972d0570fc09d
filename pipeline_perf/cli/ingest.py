"""`pipeline-perf ingest`: carriers' files into the lake."""

from __future__ import annotations

import errno
import gc
import json
import math
import os
import signal
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NoReturn

import click

from pipeline_perf.cli.console import speaks_utf8
from pipeline_perf.cli.options import (
    FAILED,
    NEEDS_MAPPING,
    checked_lake,
    lake_option,
    layouts_option,
    own_layouts,
)
from pipeline_perf.privacy import masked, shown


def _stop_ingesting(number: int, _frame: object) -> NoReturn:
    """Leave at once: what is committed stays, and no thread that commits is waited for."""
    cursor = "\r\x1b[2K\x1b[?25h" if sys.stderr.isatty() else ""  # the progress bar had hidden it
    message = f"{cursor}stopped: what is committed stays; run the same command again to go on\n"
    os.write(2, message.encode())
    os._exit(128 + number)


def _check_zone(_context: click.Context, _option: click.Parameter, zone: str | None) -> str | None:
    if zone is None:
        return None
    from pipeline_perf.ingest.layout.forms import zone_note, zone_slip

    if trouble := zone_slip(zone):
        raise click.BadParameter(trouble)
    if note := zone_note(zone):
        click.echo(f"Note: {note}", err=True)
    return zone


def _check_number(
    _context: click.Context, _option: click.Parameter, number: str | None
) -> str | None:
    import re

    if number is not None and not re.fullmatch(r"\+[1-9]\d{6,14}", number):
        raise click.BadParameter(f"{number!r} is no E.164 number; write for example +12125550101")
    return number


@click.command()
@click.argument(
    "files", nargs=-1, required=True, metavar="FILE|FOLDER...", type=click.Path(path_type=Path)
)
@lake_option
@click.option(
    "--zone",
    callback=_check_zone,
    help="IANA zone of the file's local times, where it does not state one.",
)
@click.option(
    "--subscriber",
    callback=_check_number,
    help="E.164 number of the line, where the file does not name it.",
)
@click.option("--tenant", help="Label kept with every event.")
@click.option(
    "--again",
    is_flag=True,
    help=(
        "Read files anew that the lake holds already, with the options and layouts of now, and"
        " replace what it holds of them."
    ),
)
@layouts_option
@click.option(
    "--chunk-mib",
    type=click.FloatRange(1 / 64, 1024),
    help=(
        "MiB of text worked on and committed at a time [default: 24]. Memory is some twenty times"
        " as much."
    ),
)
@click.option(
    "--expanded-mib",
    type=click.IntRange(min=1),
    help="MiB that a compressed file may expand to, however small it is [default: 1024].",
)
@click.option(
    "--json", "as_json", is_flag=True, help="One JSON object per file and line, unmasked."
)
@click.pass_context
def ingest(
    context: click.Context,
    files: tuple[Path, ...],
    lake_root: str,
    zone: str | None,
    subscriber: str | None,
    tenant: str | None,
    again: bool,
    own: Path,
    chunk_mib: float | None,
    expanded_mib: int | None,
    as_json: bool,
) -> None:
    """Turn carriers' files into events.

    Of a folder, all its files are taken, those in its folders, too; what is skipped is said.

    Stopping it, by Ctrl-C or in any other way, leaves the lake readable; the same command goes on
    where it was.

    Exit code 0: every file is in the lake; 3: some need a layout; 1: some could not be read, the
    others are done; 2: the command is not understood.
    """
    signal.signal(signal.SIGTERM, _stop_ingesting)
    signal.signal(signal.SIGINT, _stop_ingesting)
    # Reading and committing have threads of their own: with a pool as large as the machine they
    # would wait for one another.
    os.environ.setdefault("POLARS_MAX_THREADS", str(max(1, len(os.sched_getaffinity(0)) - 1)))
    # Imports alone make the collector look through all objects time and again: for 0.25 s.
    gc.set_threshold(100_000)
    from pipeline_perf.cli.display import Bar, Totals, summarise
    from pipeline_perf.ingest.container.lines import BLOCK
    from pipeline_perf.ingest.container.source import EXPANDED_BYTES
    from pipeline_perf.ingest.pipeline import Options, ingest_path
    from pipeline_perf.lake.delta import Lake

    if chunk_mib is not None and not math.isfinite(chunk_mib):
        raise click.UsageError("--chunk-mib is no number; write for example 16")
    chunk_bytes = BLOCK if chunk_mib is None else int(chunk_mib * 2**20)
    expanded_bytes = EXPANDED_BYTES if expanded_mib is None else expanded_mib * 2**20
    options = Options(
        zone, subscriber, tenant, own_layouts(context, own), chunk_bytes, expanded_bytes
    )
    lake = Lake(checked_lake(lake_root))
    # a bar and a log would write over one another
    logged = context.find_root().params.get("log") is not None
    quiet = as_json or logged or not sys.stderr.isatty()
    totals = Totals()
    for path in _all_files(files):
        with Bar(path.name, quiet=quiet) as progress:
            for report in ingest_path(path, lake, options, progress, again=again):
                totals.add(report)
                try:
                    if as_json:
                        plain = not speaks_utf8()  # JSON writes any character in ASCII, too
                        click.echo(json.dumps(report.to_json(), ensure_ascii=plain))
                    else:
                        summarise(report)
                except OSError as error:
                    _cannot_tell(error)
    if not as_json:
        try:
            totals.show()
        except OSError as error:
            _cannot_tell(error)
    if totals.statuses["rejected"]:
        sys.exit(FAILED)
    sys.exit(NEEDS_MAPPING if totals.statuses["needs_mapping"] else 0)


def _all_files(named: Sequence[Path]) -> Iterator[Path]:
    """The files that were named, and those of folders; what of a folder is skipped is said."""
    from pipeline_perf.ingest.container.folder import look_through

    for path in named:
        if not path.is_dir():
            yield path
            continue
        found = list(look_through(path))
        for one in found:
            if one.skipped:
                click.echo(f"{masked(shown(str(one.path)))}  skipped: {one.skipped}", err=True)
        files = [one.path for one in found if not one.skipped]
        if not files:
            click.echo(f"{masked(shown(str(path)))}  holds no files to read", err=True)
        yield from files


def _cannot_tell(error: OSError) -> NoReturn:
    if error.errno == errno.EPIPE:
        raise error  # the reader has gone: click ends quietly
    # What is still held back must not fail once more.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    raise click.ClickException(f"standard output: {error.strerror}")
