"""The report as Markdown: short enough for a pull request's comment, complete when unfolded."""

from __future__ import annotations

from collections.abc import Sequence

from pipeline_perf.bench.targets import Verdict
from pipeline_perf.report.content import Report
from pipeline_perf.report.figures import TITLES, WORDS, actual, figure, limit, margin, moment

_HEAD = "| Verdict | What must hold | Measured | Required | Ours | Margin |\n|---|---|---:|---:|---:|---:|"


def markdown(report: Report) -> str:
    """The report as GitHub-flavoured Markdown; what is met or only recorded is folded away."""
    environment = report.run.environment
    revision = (environment.revision[:12] or "unknown") + (" with local changes" if environment.dirty else "")
    parts = [
        f"## {TITLES[report.readiness.state]}: {_text(report.readiness.headline)}",
        _text(report.readiness.detail),
        f"{moment(report.run.time)} · revision `{revision}` · {_text(environment.cpu)}, {environment.cores} cores",
        *(f"> {_text(note)}" for note in report.notes),
    ]
    if loud := report.with_status("fail", "warn", "unresolved"):
        parts.append(_table(loud))
    if report.failures:
        lines = [f"- {_text(workload)}, repetition {turn + 1}: {_text(reason)}" for workload, turn, reason in report.failures]
        parts.append("\n".join(["**Failed repetitions**", "", *lines]))
    if quiet := report.with_status("pass", "tracked"):
        parts.append(_folded(f"{len(quiet)} targets met or recorded", _table(quiet)))
    if report.workloads:
        lines = [
            f"| {_text(line.workload)} | {line.repetitions - line.failed} of {line.repetitions} | {figure(line.seconds, 's')} "
            f"| {figure(line.cpu_seconds, 's')} | {figure(line.rate, line.rate_unit)} | {figure(line.peak_memory, 'B')} |"
            for line in report.workloads
        ]
        head = "| Workload | Repetitions | Wall time | CPU time | Rate | Peak memory |\n|---|---:|---:|---:|---:|---:|"
        parts.append(_folded(f"{len(lines)} workloads", "\n".join([head, *lines])))
    if silent := report.with_status("not_measured"):
        parts.append(_folded(f"{len(silent)} targets are not measured", ", ".join(f"`{verdict.target.id}`" for verdict in silent)))
    return "\n\n".join(parts) + "\n"


def _table(verdicts: Sequence[Verdict]) -> str:
    return "\n".join([_HEAD, *(_line(verdict) for verdict in verdicts)])


def _line(verdict: Verdict) -> str:
    target = verdict.target
    note = f" ({_text(verdict.note)})" if verdict.note else ""
    cells = (actual(verdict), limit(target.required, target.unit), limit(target.ours, target.unit), margin(verdict))
    status = WORDS[verdict.status]
    status = f"**{status}**" if verdict.status == "fail" else status
    return f"| {status} | {_text(target.holds)}{note} `{target.id}` | {' | '.join(_text(cell) for cell in cells)} |"


def _folded(title: str, body: str) -> str:
    return f"<details><summary>{title}</summary>\n\n{body}\n\n</details>"


def _text(text: str) -> str:
    """Text that neither ends a table's cell nor becomes markup."""
    for sign in ("\\", "|", "*", "_", "`", "[", "]"):
        text = text.replace(sign, "\\" + sign)
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("\n", " ")
