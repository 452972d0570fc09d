"""What every command of the lab needs: where things lie, tables, and names."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from pipeline_perf.cli.console import offered
from pipeline_perf.privacy import masked

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem
    from rich.table import Table

    from pipeline_perf.bench.judge.baseline import Baselines
    from pipeline_perf.bench.measure.registry import Registry
    from pipeline_perf.bench.measure.results import ResultStore, Run
    from pipeline_perf.bench.sessions import Progress, Session


#: To the line's begin, and nothing on it.
_CLEARED = "\r\033[K"

#: Exit codes; 2, for usage, is click's own.
FAILED, UNRESOLVED = 1, 3


@dataclass(frozen=True)
class Lab:
    """Where everything lies."""

    data: Path
    scenarios: Path | None

    @property
    def machine(self) -> str:
        """The fingerprint that histories are kept apart by."""
        from pipeline_perf.bench.measure.environment import record

        return record().machine

    @property
    def baselines(self) -> Baselines:
        from pipeline_perf.bench.judge.baseline import Baselines

        return Baselines(self.store)

    @property
    def store(self) -> ResultStore:
        from pipeline_perf.bench.measure.results import ResultStore

        return ResultStore(self.data / "results")

    @property
    def reports(self) -> Path:
        """Where pages of flame graphs are written below."""
        return self.data / "reports"

    def registry(self) -> Registry:
        """Every workload on offer; what is wrong with a plug-in is said at once."""
        from pipeline_perf.bench.measure.registry import collect
        from pipeline_perf.contract import SCENARIOS, scenarios, workloads

        registry = collect(
            workloads.offers(scenarios.load(self.scenarios or SCENARIOS), self.data / "datasets")
        )
        for problem in registry.problems:
            click.echo(f"Warning: {problem}", err=True)
        return registry

    def run(self, job: str = "") -> Run:
        """A new run, now and here."""
        from pipeline_perf.bench.measure.environment import record
        from pipeline_perf.bench.measure.results import new_run
        from pipeline_perf.contract.workloads import PACKAGES

        run = new_run(record(PACKAGES, Path.cwd()), job=job)
        if run.environment.busy:
            click.echo(
                f"Warning: the machine is busy (load {run.environment.load_1m:.1f}): times will"
                " be too long",
                err=True,
            )
        return run

    def session(self, tell: Callable[[Progress], None], job: str = "") -> Session:
        """A session of a new run, whose steps `tell` shows, and the terminal how far it is."""
        from pipeline_perf.bench.sessions import Session

        return Session(self.run(job), self.store, self.reports, showing(tell))


def showing(tell: Callable[[Progress], None]) -> Callable[[Progress], None]:
    """Show how far a session is: in a terminal a line that changes, else one every ten seconds.

    What is measured is written to the log, too. `tell` shows every other step.
    """
    from pipeline_perf.bench.sessions import paced
    from pipeline_perf.logs import logger  # which --help does without

    log = logger(__name__)
    terminal = sys.stderr.isatty()

    def told(step: Progress) -> None:
        if step.step != "repetition":
            if terminal:
                click.echo(_CLEARED, err=True, nl=False)
            tell(step)
            return
        line = f"{step.workload}: {masked(step.says)}"
        if terminal:
            width = shutil.get_terminal_size().columns - 1
            click.echo(f"{_CLEARED}{line[:width]}", err=True, nl=False)
        else:
            click.echo(line, err=True)
        log.info("measuring", extra={"fields": {"workload": step.workload, "says": step.says}})

    return paced(told, 0.5 if terminal else 10.0)


def complete_workload(
    context: click.Context, _parameter: click.Parameter, text: str
) -> list[CompletionItem]:
    """The workloads and scenarios whose names begin so, for the shell's completion."""
    given = context.parent.params if context.parent else {}
    registry = Lab(given.get("data") or Path("data"), given.get("scenarios")).registry()
    return offered(text, [name for offer in registry.offers for name in (offer.name, offer.scope)])


def newest_run(lab: Lab) -> str:
    from pipeline_perf.bench.measure.results import ResultsError

    newest = lab.store.latest_run()
    if newest is None:
        raise ResultsError(
            "nothing has been measured yet",
            "pipeline-perf bench run measures",
            file=str(lab.store.root),
        )
    return newest


def table(*columns: str) -> Table:
    from rich.table import Table

    rows = Table(box=None, pad_edge=False, header_style="dim")
    for column in columns:
        rows.add_column(column, overflow="fold")
    return rows


def show(rows: Table) -> None:
    from rich.console import Console

    Console(
        highlight=False, emoji=False, markup=False, width=None if sys.stdout.isatty() else 140
    ).print(rows)
