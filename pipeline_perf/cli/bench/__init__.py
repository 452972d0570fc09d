"""`pipeline-perf bench …`: the lab from the command line.

Arguments in, text out; what is measured and judged, the lab says.

The lab's modules are imported where they are used: none of them is needed for the others' start.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from pipeline_perf.cli.bench.comparing import compare
from pipeline_perf.cli.bench.following import ack, baseline, history
from pipeline_perf.cli.bench.lab import Lab
from pipeline_perf.cli.bench.measuring import list_, profile, run
from pipeline_perf.cli.bench.trusting import calibrate
from pipeline_perf.cli.options import Commands, data_option, scenarios_option
from pipeline_perf.errors import ProjectError
from pipeline_perf.extras import require


class _Commands(Commands):
    """Commands whose named errors end in one line."""

    def invoke(self, context: click.Context) -> Any:
        try:
            return super().invoke(context)
        except ProjectError as error:
            raise click.ClickException(str(error)) from error


@click.group(cls=_Commands)
@data_option
@scenarios_option
@click.pass_context
def bench(context: click.Context, data: Path, scenarios: Path | None) -> None:
    """Measure workloads, compare revisions, follow histories."""
    require("lab", "duckdb", "memray")
    context.obj = Lab(data, scenarios)


for command in (list_, run, compare, baseline, history, ack, profile, calibrate):
    bench.add_command(command)
