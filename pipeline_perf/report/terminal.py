"""The verdicts as a table for the terminal."""

from __future__ import annotations

from rich.console import Group
from rich.table import Table
from rich.text import Text

from pipeline_perf.report.content import Report
from pipeline_perf.report.figures import TITLES, WORDS, actual, limit, margin

_STYLES = {"fail": "bold red", "warn": "yellow", "unresolved": "magenta", "pass": "green", "tracked": "dim", "not_measured": "dim"}
_STATES = {"go": "bold green", "no_go": "bold red", "undecided": "bold magenta"}


def table(report: Report) -> Group:
    """Something that a rich console prints: the verdicts, the failed repetitions, and the readiness line last."""
    rows = Table(box=None, pad_edge=False, header_style="dim")
    rows.add_column("Verdict", no_wrap=True)
    rows.add_column("Target", overflow="fold")
    for name in ("Measured", "Required", "Ours", "Margin"):
        rows.add_column(name, justify="right", no_wrap=name != "Measured")
    for verdict in report.with_status("fail", "warn", "unresolved", "pass", "tracked"):
        target = verdict.target
        cells = (actual(verdict), limit(target.required, target.unit), limit(target.ours, target.unit), margin(verdict))
        rows.add_row(Text(WORDS[verdict.status], _STYLES[verdict.status]), Text(target.id), *(Text(cell) for cell in cells))
        if verdict.note:
            rows.add_row("", Text(verdict.note, "dim"))
    failures = [Text(f"{workload}, repetition {turn + 1}: {reason}", "red") for workload, turn, reason in report.failures]
    notes = [Text(note, "yellow") for note in report.notes]
    readiness = report.readiness
    verdict_line = Text.assemble((TITLES[readiness.state], _STATES[readiness.state]), f": {readiness.headline}")
    return Group(rows, Text(), *failures, *notes, verdict_line, Text(readiness.detail, "dim"))
