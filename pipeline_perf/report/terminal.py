"""The verdicts, and what comparisons found, for the terminal."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.measure import Measurement
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from pipeline_perf.bench.judge.targets import Verdict
from pipeline_perf.numbers import THIN
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
_DASH = "–"  # what figures write for none
_STATES = {"go": "bold green", "no_go": "bold red", "undecided": "bold magenta"}


class _Verdicts:
    """Verdicts, one a row; one a paragraph on a console that has no room for their rows."""

    def __init__(self, verdicts: Sequence[Verdict]) -> None:
        self.verdicts = verdicts

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        unbounded = options.update(max_width=1000)
        asked = Measurement.get(console, unbounded, self._rows(notes=False)).maximum
        yield self._rows() if asked <= options.max_width else self._paragraphs()

    def _rows(self, *, notes: bool = True) -> Table:
        rows = Table(box=None, pad_edge=False, header_style="dim")
        for name in ("Verdict", "Target"):
            rows.add_column(name, overflow="fold")
        for name in _FIGURES:
            rows.add_column(name, justify="right", no_wrap=True)
        for verdict in self.verdicts:
            rows.add_row(_word(verdict), Text(verdict.target.id), *map(Text, _figures(verdict)))
            if notes and verdict.note:
                rows.add_row("", Text(verdict.note, "dim"))
        return rows

    def _paragraphs(self) -> Group:
        lines: list[RenderableType] = []
        for verdict in self.verdicts:
            lines.append(Text.assemble(_word(verdict), "  ", verdict.target.id))
            told = [
                f"{name.lower()} {figure}".replace(THIN, "\xa0").replace(" ", "\xa0")
                for name, figure in zip(_FIGURES, _figures(verdict), strict=True)
                if figure != _DASH
            ]
            lines.append(Padding(Text(", ".join(told)), (0, 0, 0, 2)))
            if verdict.note:
                lines.append(Padding(Text(verdict.note, "dim"), (0, 0, 0, 2)))
        return Group(*lines)


_FIGURES = ("Measured", "Required", "Ours", "Margin")


def _word(verdict: Verdict) -> Text:
    return Text(WORDS[verdict.status], _STYLES[verdict.status])


def _figures(verdict: Verdict) -> tuple[str, ...]:
    """A cell for each of _FIGURES."""
    target = verdict.target
    limits = (limit(target.required, target.unit), limit(target.ours, target.unit))
    return (actual(verdict), *limits, margin(verdict))


def table(report: Report) -> Group:
    """The verdicts, the failed repetitions and, last, the readiness, for a rich console."""
    rows = _Verdicts(report.with_status("fail", "warn", "unresolved", "pass", "tracked"))
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
