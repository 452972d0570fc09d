"""`pipeline-perf probe`: what a file is, before anyone knows whose it is; for people a picture,
for programs JSON.

Here belongs showing the findings. What they are is `ingest.probe`'s work; no layout is asked, and
nothing is kept.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pipeline_perf.privacy import masked, shown

if TYPE_CHECKING:
    from rich.text import Text

    from pipeline_perf.ingest.probe.probe import Probe


#: The findings on a text, in the order in which they are told; files of another container have none
#: of them.
FINDINGS = (
    "encoding", "delimiter", "quote", "escape", "newline", "preamble_lines", "header_lines",
    "footer_lines", "tables", "columns",
    "confidence",
)  # fmt: skip
NAMES = {"\t": "tab", " ": "blanks", "\x01": "\\x01", "\x1f": "\\x1f", None: "none"}

#: Lines of each part in the picture: the preamble's last ones, the first records, the footer's
#: first ones.
PREAMBLE, RECORDS, FOOTER = 6, 5, 4
STYLES = {"preamble": "dim", "header": "bold cyan", "record": "", "footer": "magenta"}


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--json",
    "as_json",
    is_flag=True,
    help="One JSON object per file and line; titles are not masked in it.",
)
def probe(file: Path, as_json: bool) -> None:
    """Say what a file is: its encoding, its dialect, and where its table lies.

    It needs no layout and looks at the file's beginning, middle and end only. Of an archive, every
    file is told. Exit code 1: the bytes cannot be had.
    """
    from pipeline_perf.ingest.container.content import contents
    from pipeline_perf.ingest.door import door
    from pipeline_perf.ingest.errors import IngestError
    from pipeline_perf.ingest.probe.probe import probe as look

    failed = False
    for content in contents(file):
        try:
            with content, door(content.name):
                findings = look(content)
        except IngestError as error:
            click.echo(f"Error: {masked(shown(str(error)))}", err=True)
            failed = True
            continue
        if as_json:
            click.echo(json.dumps(told(findings), ensure_ascii=False))
        else:
            show(findings)
    sys.exit(1 if failed else 0)


def told(probe: Probe) -> dict[str, Any]:
    """The findings as they are given to programs."""
    text = probe.container in ("text", "workbook") and not probe.trouble
    return {
        "file": probe.content.name,
        "container": probe.container,
        **{name: getattr(probe, name) if text else None for name in FINDINGS},
        "mixed_encodings": probe.mixed,
    }


def show(probe: Probe) -> None:
    """The findings for a person; telephone numbers are masked."""
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    console = Console(highlight=False, emoji=False, soft_wrap=not sys.stdout.isatty())
    console.print(f"[bold]{escape(masked(shown(probe.content.name)))}[/]  {probe.container}")
    if probe.trouble:
        console.print(escape(masked(shown(probe.trouble))))
    if probe.container not in ("text", "workbook") or probe.trouble:
        return
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 2))
    for name in FINDINGS:
        value = getattr(probe, name)
        if name == "columns":
            value = (
                f"{len(value)}: {', '.join(value[:12])}{', …' if len(value) > 12 else ''}"
                if value
                else "none"
            )
        elif name == "encoding" and probe.mixed:
            value = f"{value}, some lines windows-1252"
        else:
            value = NAMES.get(value, value)
        table.add_row(name, escape(masked(shown(str(value)))))
    console.print(table)
    if sys.stdout.isatty():
        console.print()
        for line in picture(probe):
            console.print(line, no_wrap=True, overflow="ellipsis")


def picture(probe: Probe) -> Iterator[Text]:
    """Lines of the file, each with its number and what it is taken for, and bars between its
    cells.
    """
    from rich.text import Text

    begin, body = probe.preamble_lines, probe.preamble_lines + probe.header_lines
    end = len(probe.head) - (probe.footer_lines if probe.complete else 0)
    yield from _lines(probe, "preamble", range(max(0, begin - PREAMBLE), begin), probe.head, 1)
    yield from _lines(probe, "header", range(begin, body), probe.head, 1)
    yield from _lines(probe, "record", range(body, min(end, body + RECORDS)), probe.head, 1)
    if end > body + RECORDS or not probe.complete:
        yield Text("              …", style="dim")
    if probe.footer_lines:
        last = probe.head if probe.complete else probe.tail
        first = max(0, len(last) - probe.footer_lines)
        yield from _lines(
            probe,
            "footer",
            range(first, min(len(last), first + FOOTER)),
            last,
            1 if probe.complete else None,
        )


def _lines(
    probe: Probe, kind: str, lines: range, text: tuple[str, ...], numbered: int | None
) -> Iterator[Text]:
    from rich.text import Text

    from pipeline_perf.ingest.probe.dialect import Dialect, split

    dialect = (
        Dialect(probe.delimiter, probe.quote, probe.escape)
        if kind in ("header", "record")
        else Dialect()
    )
    for row in split(text[lines.start : lines.stop], dialect):
        number = str(lines.start + row.line + numbered) if numbered is not None else ""
        drawn = Text()
        drawn.append(f"{number:>4} {kind:<8} ", style="dim")
        for i, cell in enumerate(row.cells):
            drawn.append(" │ " if i else "│ ", style="dim")
            drawn.append(masked(shown(cell))[:200], style=STYLES[kind])
        yield drawn
