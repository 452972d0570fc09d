"""`pipeline-perf layouts`: layouts are listed, shown, checked, tried on samples, and drafted.

Arguments in, text out. What a layout is and what is wrong with one is the business of `ingest`.
"""

from __future__ import annotations

import sys
from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING

import click

from pipeline_perf.cli.console import offered
from pipeline_perf.cli.options import NEEDS_MAPPING, Commands, layouts_option, own_layouts
from pipeline_perf.privacy import masked, shown
from pipeline_perf.spelling import meant

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    from pipeline_perf.ingest.container.content import Content
    from pipeline_perf.ingest.layout.model import Layout


@click.group(cls=Commands, invoke_without_command=True)
@layouts_option
@click.pass_context
def layouts(context: click.Context, own: Path) -> None:
    """The layouts that files are recognised by."""
    context.obj = own_layouts(context, own)
    if context.invoked_subcommand is None:
        context.invoke(_list)


def _known(own: Path | None) -> dict[str, Layout]:
    from pipeline_perf.ingest.errors import LayoutError
    from pipeline_perf.ingest.layout.load import available

    try:
        return available(own)
    except LayoutError as error:
        raise click.ClickException(str(error)) from error


@layouts.command("list")
@click.pass_obj
def _list(own: Path | None) -> None:
    """One line per layout."""
    known = _known(own)
    width = max(map(len, known))
    for layout in sorted(known.values(), key=lambda lay: lay.id):
        click.echo(
            f"{layout.id:{width}}  {layout.container:9}  {layout.evidence:11}  {layout.title}"
        )


def _complete_layout(
    _context: click.Context, _parameter: click.Parameter, text: str
) -> list[CompletionItem]:
    from pipeline_perf.ingest.layout.load import BUILT_IN

    return offered(text, [path.stem for path in BUILT_IN.glob("*.yaml")])


@layouts.command("show")
@click.argument("layout_id", metavar="ID", shell_complete=_complete_layout)
@click.pass_obj
def _show(own: Path | None, layout_id: str) -> None:
    """Print a layout's YAML."""
    from pipeline_perf.ingest.errors import LayoutError
    from pipeline_perf.ingest.layout.load import BUILT_IN, load

    paths = [path for path in BUILT_IN.glob("*.yaml") if path.stem == layout_id]
    for path in sorted(own.glob("*.y*ml")) if own else ():
        try:
            if load(path).id == layout_id:
                paths.insert(0, path)
        except LayoutError as error:  # it stops an ingestion, but not a look at another one
            click.echo(f"Warning: {error}", err=True)
    if not paths:
        known = [path.stem for path in BUILT_IN.glob("*.yaml")]
        raise click.ClickException(
            f"there is no layout {layout_id!r}{meant(layout_id, known)}; see pipeline-perf layouts"
            " list"
        )
    click.echo(paths[0].read_bytes(), nl=False)  # UTF-8, as YAML is, wherever it goes


@layouts.command("check")
@click.argument("file", type=click.Path(path_type=Path))
@click.argument("samples", nargs=-1, metavar="[SAMPLE]...", type=click.Path(path_type=Path))
@click.pass_obj
def _check(own: Path | None, file: Path, samples: tuple[Path, ...]) -> None:
    """Say what is wrong with a layout (a .yaml file), by line.

    With SAMPLEs, say what their lines become by it. Nothing is kept.

    Of a file of records, say which layout it fits; if none, why not the nearest.

    Exit code 0: sound, and every sample fits; 3: a file fits no layout, or a sample not this one;
    1: the file is unsound or cannot be read.
    """
    from pipeline_perf.cli.display import tell
    from pipeline_perf.ingest.container.content import contents
    from pipeline_perf.ingest.door import door
    from pipeline_perf.ingest.errors import IngestError, LayoutError, NeedsMapping
    from pipeline_perf.ingest.layout.load import load

    is_layout = file.suffix.lower() in (".yaml", ".yml")
    if samples and not is_layout:
        raise click.UsageError(f"{file}: name the layout first, a .yaml file, and then the samples")
    try:
        if not is_layout:
            fitting = [_check_records(content, _known(own).values()) for content in contents(file)]
            sys.exit(0 if all(fitting) else NEEDS_MAPPING)
        layout = load(file)
        click.echo(f"{file}: {layout.id} is a sound layout of {len(layout.tables)} table(s)")
        if samples:
            from pipeline_perf.ingest.trial import attempt

            for content in (content for sample in samples for content in contents(sample)):
                with content, door(content.name):
                    trial = attempt(content, layout)
                tell(trial)
    except LayoutError as error:
        raise click.ClickException("\n".join(error.slips)) from error
    except NeedsMapping as error:
        click.echo(f"Error: {masked(shown(str(error)))}", err=True)
        sys.exit(NEEDS_MAPPING)
    except IngestError as error:
        raise click.ClickException(str(error)) from error


@layouts.command("draft")
@click.argument("file", type=click.Path(path_type=Path))
def _draft(file: Path) -> None:
    """Print a layout to complete for a file that no layout knows.

    It names the file's columns and what they seem to be; its comments show some of the values,
    telephone numbers masked.
    """
    from pipeline_perf.ingest.container.content import contents
    from pipeline_perf.ingest.door import door
    from pipeline_perf.ingest.errors import IngestError
    from pipeline_perf.ingest.mapping.draft import draft
    from pipeline_perf.ingest.recognise.evidence import look

    try:
        content = next(contents(file))  # an archive holds files of one kind
        with door(content.name):
            evidence = look(content, [])
            drafted = None if evidence.pages is not None else draft(evidence, examples=True)
    except IngestError as error:
        raise click.ClickException(str(error)) from error
    if drafted is None:
        raise click.ClickException(
            f"{file}: a PDF's columns have to be looked at; begin with `pipeline-perf layouts show"
            " att_bill_pdf`"
        )
    click.echo(drafted.encode(), nl=False)  # UTF-8, as YAML is


def _check_records(content: Content, known: Collection[Layout]) -> bool:
    """Tell which layouts a file of records fits; returns whether it fits one."""
    from pipeline_perf.cli.display import explain
    from pipeline_perf.ingest.door import door
    from pipeline_perf.ingest.recognise.evidence import look
    from pipeline_perf.ingest.recognise.signatures import fits

    with content, door(content.name):
        judged = fits(look(content, known), known)
    explain(content.name, judged)
    return not judged[0].lacking
