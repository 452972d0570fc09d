"""`pipeline-perf`: the library's functions without Dagster.

Arguments in, text out; no rule of the domain.

A file per command, imported when it is called: the start of an ingestion is measured.
"""

from __future__ import annotations

import importlib
import os
import signal
import sys
from typing import Any, NoReturn

import click

from pipeline_perf.cli.console import as_called, prepare
from pipeline_perf.cli.options import Commands
from pipeline_perf.errors import ProjectError
from pipeline_perf.permissions import restrict
from pipeline_perf.privacy import masked, shown

#: Where each command is defined.
COMMANDS = {
    "bench": "pipeline_perf.cli.bench:bench",
    "events": "pipeline_perf.cli.lake:events",
    "files": "pipeline_perf.cli.files:files",
    "forget": "pipeline_perf.cli.files:forget",
    "generate": "pipeline_perf.cli.generate:generate",
    "ingest": "pipeline_perf.cli.ingest:ingest",
    "layouts": "pipeline_perf.cli.layouts:layouts",
    "probe": "pipeline_perf.cli.probe:probe",
    "quarantine": "pipeline_perf.cli.lake:quarantine",
    "report": "pipeline_perf.cli.report:report",
}


class _Commands(Commands):
    """The commands of COMMANDS; what stops one ends in one line, telephone numbers masked."""

    def list_commands(self, context: click.Context) -> list[str]:
        return sorted(COMMANDS)

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        if name not in COMMANDS:
            return None
        module, _, attribute = COMMANDS[name].partition(":")
        command: click.Command = getattr(importlib.import_module(module), attribute)
        return command

    def invoke(self, context: click.Context) -> Any:
        try:
            return super().invoke(context)
        except click.UsageError:  # told as it was typed
            raise
        except (ProjectError, click.ClickException) as error:
            lines = str(error).splitlines()
            told = "\n".join(as_called(masked(shown(line))) for line in lines)
            raise click.ClickException(told) from error


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="pipeline_perf")
@click.option(
    "--log",
    type=click.Choice(["debug", "info", "warning", "error"]),
    envvar="PIPELINE_PERF_LOG",
    help="Tell what is done as lines of JSON on standard error, from this level on.",
)
@click.pass_context
def main(context: click.Context, log: str | None) -> None:
    """Telephone records of any carrier into one clean table of events."""
    prepare()
    restrict(os.environ)
    if log:
        from pipeline_perf.cli import logged

        logged.begin(context, log)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _leave)


def _leave(number: int, _frame: object) -> NoReturn:
    click.echo("stopped", err=True)
    sys.exit(128 + number)
