"""The verdicts, and what comparisons found, for the terminal."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Group
from rich.table import Table
from rich.text import Text

from pipeline_perf.report.comparisons import Compared
from pipeline_perf.report.content import Report
from pipeline_perf.report.figures import (
    COMPARED,
    TITLES,
    WORDS,
    actual,
    change,
    limit,
    margin,
    metric,
    pace,
)

_STYLES = {
    "fail": "bold red",
    "warn": "yellow",
    "unresolved": "magenta",
    "pass": "green",
    "tracked": "dim",
    "not_measured": "dim",
    "planned": "dim",
}
_STATES = {"go": "bold green", "no_go": "bold red", "undecided": "bold magenta"}


def table(report: Report) -> Group:
    """The verdicts, the failed repetitions and, last, the readiness, for a rich console."""
    rows = Table(box=None, pad_edge=False, header_style="dim")
    rows.add_column("Verdict", no_wrap=True)
    rows.add_column("Target", overflow="fold")
    for name in ("Measured", "Required", "Ours", "Margin"):
        rows.add_column(name, justify="right", no_wrap=name != "Measured")
    for verdict in report.with_status("fail", "warn", "unresolved", "pass", "tracked"):
        target = verdict.target
        cells = (
            actual(verdict),
            limit(target.required, target.unit),
            limit(target.ours, target.unit),
            margin(verdict),
        )
        rows.add_row(
            Text(WORDS[verdict.status], _STYLES[verdict.status]),
            Text(target.id),
            *(Text(cell) for cell in cells),
        )
        if verdict.note:
            rows.add_row("", Text(verdict.note, "dim"))
    failures = [
        Text(f"{workload}, repetition {turn + 1}: {reason}", "red")
        for workload, turn, reason in report.failures
    ]
    notes = [Text(note, "yellow") for note in report.notes]
    readiness = report.readiness
    verdict_line = Text.assemble(
        (TITLES[readiness.state], _STATES[readiness.state]), f": {readiness.headline}"
    )
    return Group(rows, Text(), *failures, *notes, verdict_line, Text(readiness.detail, "dim"))


def compared(workloads: Sequence[Compared]) -> Group:
    """What comparisons found: a line for each workload, and one for each function named."""
    lines = []
    for workload in workloads:
        word, status = COMPARED[workload.verdict]
        sentence = f" {workload.workload}"
        if (outcome := workload.outcome) and (judged := workload.judged):
            sentence += (
                f": {pace(outcome.speedup, outcome.low, outcome.high)}, {metric(workload.metric)}"
                f" {change(judged.ratio - 1)} over {judged.pairs} pairs"
            )
        lines.append(Text.assemble((word, _STYLES[status]), sentence))
        lines += [Text(f"  {reason}", "red") for reason in workload.failures]
        lines += [
            Text(f"  {function.name} {change(function.growth)} of all the time before")
            for function in (workload.facts.named[:3] if workload.facts else ())
        ]
    return Group(*lines)
