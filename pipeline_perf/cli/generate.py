"""`pipeline-perf generate`: carriers' files with the truth about them."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import click

from pipeline_perf.cli.console import called, offered
from pipeline_perf.cli.options import scenarios_option
from pipeline_perf.numbers import number
from pipeline_perf.spelling import meant

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    from pipeline_perf.synth.dataset import DatasetSpec


#: Below the directory that the command is started from.
DEFAULT_DATASETS = Path("data/datasets")


def _complete_carrier(
    _context: click.Context, _parameter: click.Parameter, text: str
) -> list[CompletionItem]:
    from pipeline_perf.synth.dataset import LAYOUTS

    return offered(text, [carrier for carrier, _ in LAYOUTS])


def _complete_format(
    context: click.Context, _parameter: click.Parameter, text: str
) -> list[CompletionItem]:
    from pipeline_perf.synth.dataset import LAYOUTS

    chosen = context.params.get("carrier")
    return offered(text, [form for carrier, form in LAYOUTS if chosen in (None, carrier)])


def _complete_scenario(
    _context: click.Context, _parameter: click.Parameter, text: str
) -> list[CompletionItem]:
    from pipeline_perf.contract import scenarios

    return offered(text, [scenario.name for scenario in scenarios.load()])


@click.command()
@click.argument("scenario", required=False, shell_complete=_complete_scenario)
@click.option(
    "--carrier",
    shell_complete=_complete_carrier,
    help="Carrier, switch or platform, such as att; an unknown one is answered with all there are.",
)
@click.option(
    "--format",
    "form",
    shell_complete=_complete_format,
    help="csv, fixed, pdf and others, by carrier.",
)
@click.option("--rows", type=click.IntRange(min=1), help="Records of the file.")
@click.option(
    "--seed", type=click.IntRange(min=0), help="Another seed gives other people and calls."
)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, file_okay=False),
    default=DEFAULT_DATASETS,
    show_default=True,
    help="Folder for the files; what is there already is not written again.",
)
@scenarios_option
def generate(
    scenario: str | None,
    carrier: str | None,
    form: str | None,
    rows: int | None,
    seed: int | None,
    output: Path,
    scenarios: Path | None,
) -> None:
    """Write carriers' files with the truth about them.

    Those of a SCENARIO, or one by --carrier, --format and --rows.
    """
    if scenario and (carrier or form or rows):
        raise click.UsageError("name a scenario, or give --carrier, --format and --rows; not both")
    import dataclasses

    from pipeline_perf.synth.dataset import DatasetSpec
    from pipeline_perf.synth.dataset import generate as write

    try:
        if scenario:
            specs = _scenario(scenario, scenarios)
        elif carrier and form and rows:  # whether there are such, the specification checks itself
            specs = (DatasetSpec(carrier, form, rows),)
        else:
            raise click.UsageError("name a scenario, or give --carrier, --format and --rows")
        if seed is not None:
            specs = tuple(dataclasses.replace(spec, seed=seed) for spec in specs)
    except ValueError as error:
        raise click.UsageError(str(error)) from error
    for spec in specs:
        try:
            dataset = write(spec, output)
        except OSError as error:
            raise click.ClickException(
                f"{output}: cannot be written ({error}); check the path and the space left"
            ) from error
        for path, facts in zip(dataset.files, dataset.facts["files"], strict=True):
            click.echo(f"{path}  {number(facts['records'])} records, layout {facts['layout']}")
        click.echo(f"  truth: {dataset.events.parent}")
        options = [
            f"--{option}={dataset.facts[option]}"
            for option in ("zone", "subscriber")
            if dataset.facts[option]
        ]
        command = ["ingest", *map(str, dataset.files), *options]
        click.echo(f"  ingest: {called()} {shlex.join(command)}")


def _scenario(name: str, path: Path | None) -> tuple[DatasetSpec, ...]:
    from pipeline_perf.contract import SCENARIOS, scenarios

    known = {scenario.name: scenario for scenario in scenarios.load(path or SCENARIOS)}
    if name not in known:
        raise click.UsageError(
            f"there is no scenario {name!r}{meant(name, known)}; choose one of: {', '.join(known)}"
        )
    return known[name].data
