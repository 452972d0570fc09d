"""`pipeline-perf events` and `pipeline-perf quarantine`: what the lake holds.

Files for others to open, or tables on the screen. Which events are meant is the business of
`lake.selection`.
"""

from __future__ import annotations

import datetime as dt
import signal
import sys
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import click

from pipeline_perf.cli.options import checked_lake, lake_option, opened_lake
from pipeline_perf.numbers import number as number_of
from pipeline_perf.privacy import masked, shown
from pipeline_perf.spelling import meant

if TYPE_CHECKING:
    import polars as pl

    from pipeline_perf.lake.delta import Lake
    from pipeline_perf.lake.selection import Selection

#: What a file's ending says of its form.
ENDINGS = {
    ".csv": "csv",
    ".json": "json",
    ".jsonl": "json",
    ".ndjson": "json",
    ".parquet": "parquet",
    ".html": "html",
    ".htm": "html",
}

_output_option = click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    help="File to write; its ending says the form. Default: standard output.",
)


class _Moment(click.ParamType[dt.datetime]):
    """A day, or a moment, in UTC; a day that ends a span belongs to it."""

    name = "date"

    def __init__(self, *, ends: bool = False) -> None:
        self.ends = ends

    def convert(
        self, value: str | dt.datetime, param: click.Parameter | None, ctx: click.Context | None
    ) -> dt.datetime:
        if isinstance(value, dt.datetime):
            return value
        try:
            moment = dt.datetime.fromisoformat(value)
        except ValueError:
            self.fail(f"{value!r} is no day; write for example 2024-01-31 or 2024-01-31T18:00")
        if self.ends and len(value) == len("2024-01-31"):
            moment += dt.timedelta(days=1)
        return moment.astimezone(dt.UTC) if moment.tzinfo else moment.replace(tzinfo=dt.UTC)


@click.command()
@lake_option
@click.option("--distinct", is_flag=True, help="Leave out events that another event tells.")
@click.option("--from", "since", type=_Moment(), help="First day or moment, in UTC.")
@click.option("--to", "until", type=_Moment(ends=True), help="Last day, or moment, in UTC.")
@click.option("--number", help="Only with this party: a number, or its last seven digits or more.")
@click.option("--type", "types", multiple=True, help="Only of this type: call, sms, mms, data, ...")
@click.option("--carrier", "carriers", multiple=True, help="Only of this carrier.")
@click.option("--file", "files", multiple=True, help="Only of this file: its name or id.")
@click.option(
    "--summary",
    "summarised",
    is_flag=True,
    help="Count calls by month, hour, weekday and counterpart; with -o FILE.html, as a picture.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["parquet", "csv", "json"]),
    help="Form of the export [default: by the ending of -o, else csv].",
)
@_output_option
def events(
    lake_root: str,
    distinct: bool,
    since: dt.datetime | None,
    until: dt.datetime | None,
    number: str | None,
    types: tuple[str, ...],
    carriers: tuple[str, ...],
    files: tuple[str, ...],
    summarised: bool,
    form: str | None,
    output: Path | None,
) -> None:
    """Export the events, in the order of time.

    The export is the data: telephone numbers stand in it in full. The ids of events have more
    digits than spreadsheets and JavaScript keep of a number: in JSON they are text, and a
    spreadsheet is to be told to take them for text.

    With --summary, nothing is exported: calls are counted, each once, on the clock of their files,
    and numbers masked.
    """
    import polars as pl

    from pipeline_perf.events import EVENT_TYPES
    from pipeline_perf.lake.selection import Selection, files_named, with_names

    if odd := sorted(set(types) - set(EVENT_TYPES)):
        raise click.UsageError(
            f"--type {odd[0]}{meant(odd[0], EVENT_TYPES)}: none of {', '.join(EVENT_TYPES)}"
        )
    form = _form(form, output, ("html",) if summarised else ("csv", "json", "parquet"))
    if summarised and form not in ("html", ""):
        raise click.UsageError("--summary is a table for the screen; with -o, name a file .html")
    if form == "parquet" and output is None and sys.stdout.isatty():
        raise click.UsageError("Parquet is binary: name a file with -o")
    lake = opened_lake(checked_lake(lake_root))
    with _told(lake_root, output):
        named = tuple(identity for text in files for identity in files_named(lake, text))
        if carriers:
            _tell_unheld(lake, carriers)
        if summarised and not types:
            types = ("call",)
        selection = Selection(since, until, number, types, carriers, named)
        if summarised:
            _summarise(selection, selection.of(lake.scan_events(distinct=True)), output)
            return
        chosen = selection.of(lake.scan_events(distinct=distinct))
        told = chosen.select(pl.len(), pl.col("duplicate_of").count().alias("again")).collect()
        in_order = ("started_at", "source_file_id", "record_no")
        _write(with_names(chosen.sort(in_order), lake), form or "csv", output)
    rows, again = told.row(0)
    if output:
        _wrote(rows, "event", output)
    if again:
        click.echo(
            f"{number_of(again)} of {number_of(rows)} rows tell a call that another row tells:"
            " --distinct leaves them out",
            err=True,
        )


def _tell_unheld(lake: Lake, carriers: Iterable[str]) -> None:
    """Say which carriers the lake holds nothing of: that may be so, or a slip."""
    held = lake.files()["carrier"].drop_nulls().to_list()
    for carrier in sorted(set(carriers) - set(held)):
        told = masked(shown(carrier))
        click.echo(f"the lake holds no file of carrier {told}{meant(carrier, held)}", err=True)


def _summarise(selection: Selection, chosen: pl.LazyFrame, output: Path | None) -> None:
    from pipeline_perf.cli.display import summary_table
    from pipeline_perf.lake.selection import summary

    counted = summary(chosen, selection.number)
    of = f"{number_of(counted.events)} events ({', '.join(selection.types)}), each told once"
    if output is None:
        summary_table(counted, of)
        return
    from pipeline_perf.report.calls import calls_page

    with _opened(output) as file:
        file.write(calls_page(counted, "Calls", of).encode())
    _wrote(counted.events, "counted event", output)


@click.command()
@lake_option
@click.option(
    "--format",
    "form",
    type=click.Choice(["table", "json", "csv", "parquet"]),
    help="Form of the output [default: by the ending of -o, else table].",
)
@_output_option
@click.option("--unmasked", is_flag=True, help="Show telephone numbers in full in the table, too.")
def quarantine(lake_root: str, form: str | None, output: Path | None, unmasked: bool) -> None:
    """Show every record that could not become an event, with its reason.

    The table shows the last four digits of telephone numbers. The other forms are the data: the
    numbers stand in them in full.
    """
    import polars as pl

    from pipeline_perf.cli.display import quarantine_table

    form = _form(form, output, ("csv", "json", "parquet"))
    if form == "table" and output:
        raise click.UsageError("a table is for the screen: with -o, choose --format csv or json")
    lake = opened_lake(checked_lake(lake_root))
    with _told(lake_root, output):
        frame = lake.scan_quarantine().sort("file", "record_no")
        if form not in ("", "table"):
            _write(frame, form, output)
            if output:
                _wrote(frame.select(pl.len()).collect().item(), "record", output)
            return
        table = frame.collect()
    quarantine_table(table, unmasked=unmasked)


def _form(form: str | None, output: Path | None, known: tuple[str, ...]) -> str:
    """The form asked for, or that of the file's ending; empty for none."""
    if form or output is None:
        return form or ""
    if (ending := ENDINGS.get(output.suffix.lower())) not in known:
        endings = ", ".join(f".{name}" for name in known)
        raise click.UsageError(
            f"{output}: its ending says no form that can be written; name it {endings}"
            + (", or choose --format" if "csv" in known else "")
        )
    return ending or ""


@contextmanager
def _told(lake_root: str, output: Path | None) -> Iterator[None]:
    """What cannot be read or written, told in one line."""
    from pipeline_perf.lake.errors import lake_faults

    signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # `| head` ends it, as it ends other commands
    place = f"{output or 'standard output'}, from the lake {lake_root}"
    with lake_faults(lake_root, place):
        yield


def _write(frame: pl.LazyFrame, form: str, output: Path | None) -> None:
    from pipeline_perf.lake.export import write

    if output is None:
        write(frame, form, sys.stdout.buffer)
        return
    with _opened(output) as file:
        write(frame, form, file)


@contextmanager
def _opened(output: Path) -> Iterator[BinaryIO]:
    """The file to write: whole or not at all, as new and so its owner's alone, whatever was there.

    Its folder is made, and said to be. A pipe or a device is written as it is.
    """
    from pipeline_perf.atomic_files import whole_file

    with ExitStack() as opened:
        try:
            if not output.parent.exists():
                output.parent.mkdir(parents=True)
                click.echo(f"made the folder {masked(shown(str(output.parent)))}", err=True)
            special = output.exists() and not output.is_file()
            file = opened.enter_context(
                output.open("wb") if special else whole_file(output.resolve())
            )
        except OSError as error:
            blocked = isinstance(error, FileExistsError | NotADirectoryError)
            why = "a file stands where its folder would be" if blocked else error.strerror
            raise click.ClickException(
                f"{output}: cannot be written ({why}); name a file in a folder that you may write"
                " to"
            ) from error
        yield file


def _wrote(rows: int, what: str, output: Path) -> None:
    counted = f"{number_of(rows)} {what if rows == 1 else what + 's'}"
    click.echo(f"wrote {counted} to {masked(shown(str(output)))}", err=True)
