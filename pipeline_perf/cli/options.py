"""What several commands share: their options, how their values are checked, and the exit codes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from pipeline_perf.lake.delta import Lake

#: Exit codes: 0, all is well; 1, something failed; 2, for usage, is click's own; 3, a file that no
#: layout knows.
FAILED = 1
NEEDS_MAPPING = 3


class Commands(click.Group):
    """Commands of which the help says the whole first sentence; click would cut it."""

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        rows = [
            (name, command.get_short_help_str(limit=1000))
            for name in self.list_commands(ctx)
            if (command := self.get_command(ctx, name)) and not command.hidden
        ]
        with formatter.section("Commands"):
            formatter.write_dl(rows)


DEFAULT_LAKE = "data/lake"

lake_option = click.option(
    "--lake",
    "lake_root",
    default=DEFAULT_LAKE,
    show_default=True,
    envvar="PIPELINE_PERF_LAKE",
    help="Folder or object-store URL of the lake.",
)


def checked_lake(root: str) -> str:
    if not root:
        raise click.UsageError("--lake is empty; name a folder or an object-store URL")
    if "://" not in root and (odd := sorted(set(root) & set("*?[]{}%\n"))):
        # the Delta library takes them for patterns and escapes
        raise click.UsageError(
            f"--lake cannot hold {' '.join(map(repr, odd))}; name another folder"
        )
    return root


def opened_lake(root: str) -> Lake:
    """A lake that is there."""
    from pipeline_perf.lake.delta import Lake

    lake = Lake(root)
    if lake.local and not any((Path(root) / made).is_dir() for made in ("files", "locks")):
        raise click.ClickException(
            f"{root}: no lake here. Ingest a file first, or name the lake with --lake"
        )
    return lake


OWN_LAYOUTS = Path("data/layouts")

layouts_option = click.option(
    "--layouts",
    "own",
    type=click.Path(path_type=Path, file_okay=False),
    default=OWN_LAYOUTS,
    show_default=True,
    help="Folder of your own layouts; they win over built-in ones of the same id.",
)


def own_layouts(context: click.Context, own: Path) -> Path | None:
    """The folder of the user's layouts; only the default one may be missing."""
    if own.is_dir():
        return own
    if context.get_parameter_source("own") is not click.core.ParameterSource.DEFAULT:
        raise click.UsageError(
            f"there is no folder {own}; name the folder of your layouts with --layouts"
        )
    return None


data_option = click.option(
    "--data",
    type=click.Path(path_type=Path, file_okay=False),
    default="data",
    show_default=True,
    envvar="PIPELINE_PERF_DATA",
    help="Folder that holds results/, reports/ and datasets/.",
)

scenarios_option = click.option(
    "--scenarios",
    type=click.Path(path_type=Path),
    envvar="PIPELINE_PERF_SCENARIOS",
    help="Your own scenarios file.",
)
