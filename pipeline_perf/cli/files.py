"""`pipeline-perf files` and `pipeline-perf forget`: the files that a lake holds."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from pipeline_perf.cli.options import checked_lake, lake_option, opened_lake
from pipeline_perf.privacy import masked, shown

if TYPE_CHECKING:
    from pipeline_perf.lake.delta import Lake


@click.command()
@lake_option
@click.option(
    "--json", "as_json", is_flag=True, help="One JSON object per file and line, unmasked."
)
def files(lake_root: str, as_json: bool) -> None:
    """List the files that the lake holds, in the order in which they came."""
    from pipeline_perf.cli.display import files_table
    from pipeline_perf.lake.errors import lake_faults

    lake = opened_lake(checked_lake(lake_root))
    with lake_faults(lake_root):
        held = lake.files()
    if not as_json:
        files_table(held)
        return
    for row in held.iter_rows(named=True):
        row |= {name: json.loads(row[name] or "{}") for name in ("by_type", "rules", "stages")}
        click.echo(json.dumps(row, ensure_ascii=False, default=lambda value: value.isoformat()))


@click.command()
@click.argument("wanted", metavar="FILE|ID...", nargs=-1, required=True)
@lake_option
def forget(wanted: tuple[str, ...], lake_root: str) -> None:
    """Take files out of the lake: their events, their records in quarantine, their marks.

    A FILE is found by its bytes, or by the name that `pipeline-perf files` lists; of an archive,
    each file in it. What had been marked as a duplicate for a file's sake is judged again. Killed
    at any moment, the lake holds the file as before, or no more.
    """
    from pipeline_perf.ingest.correction import forget as forget_file

    lake = opened_lake(checked_lake(lake_root))
    for text in wanted:
        for identity in _identities(lake, text):
            held = lake.files()
            name = dict(held.select("source_file_id", "file").iter_rows()).get(identity, text)
            forget_file(lake, identity)
            click.echo(f"{masked(shown(name))}  forgotten  ({identity})")


def _identities(lake: Lake, text: str) -> tuple[str, ...]:
    from pipeline_perf.ingest.container.content import contents
    from pipeline_perf.ingest.errors import IngestError
    from pipeline_perf.lake.attempt import CHUNKED
    from pipeline_perf.lake.selection import files_named

    if (path := Path(text)).is_file():
        found = []
        try:
            for content in contents(path):
                with content:
                    found.append(content.identify())
        except IngestError as error:
            raise click.ClickException(str(error)) from error
        held = set(lake.files()["source_file_id"])
        # what a killed command left of it is forgotten, too
        if here := [
            identity
            for identity in found
            if identity in held or any(lake.generations(table, identity) for table in CHUNKED)
        ]:
            return tuple(here)
    found_by_name = files_named(lake, text)
    if len(found_by_name) > 1 and "!" not in text and not _of_archive(lake, text):
        raise click.ClickException(
            f"{text}: {len(found_by_name)} files are named so; name one of them by its id:"
            f" {', '.join(found_by_name)}"
        )
    return found_by_name


def _of_archive(lake: Lake, text: str) -> bool:
    """Whether a text names an archive: every file that it names is a member."""
    return any(name.startswith(f"{text}!") for name in lake.files()["file"])
