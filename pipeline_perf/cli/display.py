"""What the command line shows: a progress bar, summaries, tables.

What is shown masks telephone numbers; nothing is decided here.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from pipeline_perf.cli.console import as_called
from pipeline_perf.numbers import number
from pipeline_perf.privacy import masked, shown

if TYPE_CHECKING:
    import polars as pl

    from pipeline_perf.ingest.bookkeeping import FileReport, Progress
    from pipeline_perf.ingest.recognise.signatures import Fit
    from pipeline_perf.ingest.trial import Trial
    from pipeline_perf.lake.selection import Summary


#: Characters of the longest bar.
LONGEST = 40

#: Layouts told of a file that fits none.
NEAREST = 3
#: Codes told of a field that the layout does not map them for; --json has all.
CODES = 10

#: The rate of fewer records is that of the start-up.
RECORDS_THAT_TELL_A_RATE = 20_000


class Bar:
    """A progress bar with rows per second on standard error; nothing when quiet."""

    def __init__(self, name: str, *, quiet: bool) -> None:
        self.name, self.quiet = name, quiet

    def __enter__(self) -> Progress | None:
        if self.quiet:
            return None
        from rich.console import Console
        from rich.progress import (
            BarColumn,
            Progress,
            TaskProgressColumn,
            TextColumn,
            TimeRemainingColumn,
        )

        self.bar = Progress(
            TextColumn("{task.description}", markup=False), BarColumn(), TaskProgressColumn(),
            TextColumn("{task.fields[rows]} rows  {task.fields[rate]} rows/s"),
            TimeRemainingColumn(),
            console=Console(stderr=True, emoji=False), transient=True,
        )  # fmt: skip
        self.bar.start()
        self.task = self.bar.add_task(masked(shown(self.name)), total=None, rows=0, rate=0)
        self.started = time.monotonic()
        return self.update

    def update(self, used: int, total: int, rows: int) -> None:
        rate = rows / max(time.monotonic() - self.started, 1e-9)
        self.bar.update(
            self.task,
            completed=min(used, total or used),
            total=total or None,
            rows=number(rows),
            rate=number(round(rate)),
        )

    def __exit__(self, *_: object) -> None:
        if not self.quiet:
            self.bar.stop()


def summarise(report: FileReport) -> None:
    """What became of a file."""
    from rich.console import Console
    from rich.markup import escape

    console = Console(highlight=False, emoji=False, soft_wrap=True)
    colour = {
        "ingested": "green",
        "already_ingested": "blue",
        "needs_mapping": "yellow",
        "rejected": "red",
    }[report.status]
    console.print(
        f"[bold]{escape(masked(shown(report.file)))}[/]  [{colour}]{report.status}[/]", end=""
    )
    if report.layout and report.status in ("ingested", "already_ingested"):
        pace = f"  ({_pace(report)})" if report.status == "ingested" else ""
        console.print(f"  {report.carrier} · {report.layout}{pace}")
        console.print(f"  {_events(report.events, report.by_type, report.duplicates)}")
        if report.quarantined:
            console.print(f"  {_quarantined(report.quarantined)}")
        for name, codes in report.unmapped.items():
            console.print(f"  {escape(unmapped(name, codes))}")
        if report.zone_assumed:
            console.print("  times taken as UTC: the file states no zone; --zone tells it")
    else:
        console.print()
    if report.reason:
        console.print(f"  {escape(as_called(masked(shown(report.reason))))}")
    if report.suggestion:
        console.print("  A layout to complete:\n", style="dim")
        console.print(escape(masked(report.suggestion)))


def unmapped(name: str, codes: Mapping[str, int]) -> str:
    """The codes of a field that the layout does not map, the most frequent first."""
    first = [f"{masked(shown(code))[:40]} ({number(n)})" for code, n in list(codes.items())[:CODES]]
    more = f" and {len(codes) - CODES} others" if len(codes) > CODES else ""
    return f"{name}: the layout does not map {', '.join(first)}{more}"


def _pace(report: FileReport) -> str:
    """How long a file took; how fast it was only where reading it outlasted the start by far."""
    took = f"{report.seconds:.1f} s"
    if report.records < RECORDS_THAT_TELL_A_RATE:
        return took
    return f"{took}, {number(round(report.records / max(report.seconds, 1e-9)))} rows/s"


def _events(events: int, by_type: Mapping[str, int], duplicates: int) -> str:
    types = ", ".join(f"{number(n)} {name}" for name, n in by_type.items() if n)
    return f"{number(events)} events ({types or 'none'}), {number(duplicates)} of them duplicates"


def _quarantined(records: int) -> str:
    what = "record" if records == 1 else "records"
    return as_called(f"{number(records)} {what} in quarantine: see pipeline-perf quarantine")


class Totals:
    """What became of several files, added up."""

    def __init__(self) -> None:
        self.statuses: Counter[str] = Counter()
        self.by_type: Counter[str] = Counter()
        self.events = self.duplicates = self.quarantined = 0

    def add(self, report: FileReport) -> None:
        self.statuses[report.status] += 1
        self.by_type.update(report.by_type)
        self.events += report.events
        self.duplicates += report.duplicates
        self.quarantined += report.quarantined

    def show(self) -> None:
        """Nothing of a single file: all of it has been said."""
        if self.statuses.total() < 2:
            return
        became = ", ".join(f"{number(n)} {status}" for status, n in self.statuses.items())
        click.echo(f"{number(self.statuses.total())} files: {became}")
        click.echo(f"  {_events(self.events, self.by_type, self.duplicates)}")
        if self.quarantined:
            click.echo(f"  {_quarantined(self.quarantined)}")


def quarantine_table(frame: pl.DataFrame, *, unmasked: bool) -> None:
    """Quarantined records, one a row."""
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    if not frame.height:
        click.echo("nothing in quarantine")
        return
    table = Table(box=None, pad_edge=False)
    for name in ("file", "line", "rule", "reason", "record"):
        table.add_column(name, overflow="fold", justify="right" if name == "line" else "left")
    for row in frame.iter_rows(named=True):
        place = (
            str(row["record_no"])
            if row["page"] is None
            else f"{row['record_no']} (page {row['page']})"
        )
        told = [shown(text) for text in (Path(row["file"]).name, row["reason"], row["raw"])]
        file, reason, raw = map(escape, told if unmasked else map(masked, told))
        table.add_row(file, place, row["rule"], reason, raw)
    Console(width=None if Console().is_terminal else 200, emoji=False).print(table)


def files_table(frame: pl.DataFrame) -> None:
    """The files of a lake, one a row."""
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    if not frame.height:
        click.echo("no files")
        return
    table = Table(box=None, pad_edge=False)
    for name in ("id", "file", "layout", "events", "duplicates", "quarantine", "zone", "ingested"):
        counts = name in ("events", "duplicates", "quarantine")
        table.add_column(name, overflow="fold", justify="right" if counts else "left")
    for row in frame.iter_rows(named=True):
        told = (number(row[name] or 0) for name in ("events", "duplicates", "quarantined"))
        file = escape(masked(shown(row["file"] or "")))
        when = f"{row['ingested_at']:%Y-%m-%d %H:%M}" if row["ingested_at"] else ""
        table.add_row(row["source_file_id"], file, row["layout"], *told, row["zone"], when)
    Console(width=None if Console().is_terminal else 200, emoji=False).print(table)


def summary_table(summary: Summary, of: str) -> None:
    """How many events there were when, and with whom; numbers masked."""
    click.echo(of)
    for title, counts in (
        ("month", summary.months),
        ("hour", summary.hours),
        ("weekday", summary.weekdays),
        ("counterpart", summary.counterparts),
    ):
        most = max((events for _, events in counts), default=0)
        names = [masked(shown(name)) for name, _ in counts]
        wide = max(map(len, [title, *names]))
        click.echo(f"\n{title:{wide}}  {'events':>9}")
        for name, (_, events) in zip(names, counts, strict=True):
            bar = "█" * round(LONGEST * events / most) if most else ""
            click.echo(f"{name:{wide}}  {number(events):>9}  {bar}".rstrip())


def explain(name: str, fits: Sequence[Fit]) -> None:
    """Which layouts a file fits; where it fits none, what it lacks for the nearest of those that
    it has something of.
    """
    if fitting := [fit.layout.id for fit in fits if not fit.lacking]:
        click.echo(f"{masked(shown(name))}: fits {', '.join(fitting)}")
        return
    click.echo(f"{masked(shown(name))}: fits no layout")
    nearest = [fit for fit in fits if fit.nearness][:NEAREST]
    for fit in nearest:
        click.echo(f"  not {fit.layout.id}: {masked(shown(fit.lacking))}")
    others = (
        f"nor {len(fits) - len(nearest)} others"
        if nearest
        else f"it has nothing of any of {len(fits)} layouts"
    )
    why = "why it is not of a certain one: pipeline-perf layouts check LAYOUT.yaml FILE"
    click.echo(as_called(f"  {others}; {why}"))
    click.echo(as_called("`pipeline-perf layouts draft` begins a layout for it"))


def tell(trial: Trial) -> None:
    """What a layout makes of a file; numbers masked."""
    became = (
        f"{number(trial.furniture)} furniture, {number(trial.events)} events,"
        f" {number(trial.quarantined)} in quarantine"
    )
    click.echo(f"\n{masked(shown(trial.name))}: {number(trial.lines)} lines: {became}")
    for line, rule, reason, text in trial.rejected:
        click.echo(
            f"  line {line}: {rule}: {masked(shown(reason))}\n    {masked(shown(text))[:200]}"
        )
    if trial.quarantined > len(trial.rejected):
        click.echo(f"  and {number(trial.quarantined - len(trial.rejected))} more in quarantine")
    for filled in trial.filled:
        share = filled.events / max(1, trial.events)
        click.echo(
            f"  {filled.field:21} {share:6.1%}  {masked(shown(filled.example))[:100]}".rstrip()
        )
    for name, codes in trial.unmapped.items():
        click.echo(f"  {unmapped(name, codes)}")
    for remark in trial.remarks:
        click.echo(f"  {masked(shown(remark))}")
