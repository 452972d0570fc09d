"""A command's beginning and end in the log, for those who ask for one: `pipeline-perf --log info`.

What a command does meanwhile, the rooms log. A module of its own: `logging` takes longer to load
than the rest of a start-up, and few ask for it.
"""

from __future__ import annotations

import sys
import time

import click

from pipeline_perf import logs

log = logs.logger(__name__)


def begin(context: click.Context, level: str) -> None:
    """Log to standard error from a level on; with its context, the command ends."""
    logs.configure(level, sys.stderr)
    command, began = context.invoked_subcommand, time.monotonic()
    log.info("command begun", extra={"fields": {"command": command}})
    context.call_on_close(lambda: _end(command, began))


def _end(command: str | None, began: float) -> None:
    error = sys.exc_info()[1]  # which is what closes the context
    fields = {"command": command, "seconds": round(time.monotonic() - began, 3)}
    if isinstance(error, SystemExit):
        log.info("command ended", extra={"fields": fields | {"exit_code": error.code}})
    elif error is None or isinstance(error, click.exceptions.Exit):
        log.info("command ended", extra={"fields": fields | {"exit_code": 0}})
    else:
        log.error("command failed", extra={"fields": fields | {"reason": error}})
