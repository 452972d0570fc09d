"""The report as Markdown: short enough for a pull request's comment, complete when unfolded."""

from __future__ import annotations

from collections.abc import Sequence

from pipeline_perf.bench.judge.targets import Verdict
from pipeline_perf.report.comparisons import Compared
from pipeline_perf.report.content import Report
from pipeline_perf.report.figures import (
    CHANGES,
    COMPARED,
    TITLES,
    WORDS,
    actual,
    change,
    figure,
    limit,
    margin,
    metric,
    moment,
    pace,
    part,
    trend,
)

_HEAD = (
    "| Verdict | What must hold | Measured | Required | Ours | Margin | Trend"
    " |\n|---|---|---:|---:|---:|---:|---:|"
)


def markdown(report: Report) -> str:
    """The report as GitHub-flavoured Markdown; what is met or only recorded is folded away."""
    environment = report.run.environment
    revision = (environment.revision[:12] or "unknown") + (
        " with local changes" if environment.dirty else ""
    )
    parts = [
        f"## {TITLES[report.readiness.state]}: {_text(report.readiness.headline)}",
        _text(report.readiness.detail),
        (
            f"{moment(report.run.time)} · revision `{revision}` · {_text(environment.cpu)},"
            f" {environment.cores} cores"
        ),
        *(f"> {_text(note)}" for note in report.notes),
    ]
    if loud := report.with_status("fail", "warn", "unresolved"):
        parts.append(_table(loud, report))
    if report.failures:
        lines = [
            f"- {_text(workload)}, repetition {turn + 1}: {_text(reason)}"
            for workload, turn, reason in report.failures
        ]
        parts.append("\n".join(["**Failed repetitions**", "", *lines]))
    parts += [_compared(one) for one in report.comparisons]
    if report.followed.alerts:
        lines = [
            f"- `{one.metric.partition(' ')[0]}` {metric(one.metric.partition(' ')[2])}:"
            f" {CHANGES[one.kind]}{'' if one.kind == 'silence' else ' ' + change(one.ratio - 1)}"
            f" since {one.since}, {one.status}"
            for alert in report.followed.alerts
            for one in alert.findings
        ]
        parts.append("\n".join(["**Changes of level**", "", *lines]))
    if quiet := report.with_status("pass", "tracked"):
        parts.append(_folded(f"{len(quiet)} targets met or recorded", _table(quiet, report)))
    if report.workloads:
        lines = [
            f"| {_text(line.workload)} | {line.repetitions - line.failed} of {line.repetitions} |"
            f" {figure(line.seconds, 's')} | {figure(line.cpu_seconds, 's')} |"
            f" {figure(line.rate, line.rate_unit)} | {figure(line.peak_memory, 'B')} |"
            for line in report.workloads
        ]
        head = (
            "| Workload | Repetitions | Wall time | CPU time | Rate | Peak memory"
            " |\n|---|---:|---:|---:|---:|---:|"
        )
        parts.append(_folded(f"{len(lines)} workloads", "\n".join([head, *lines])))
    if report.bottlenecks:
        parts.append(_folded("What holds each workload up", _bottlenecks(report)))
    if report.error_rates:
        parts.append(_folded("How often the lab itself is wrong", _error_rates(report)))
    if silent := report.with_status("not_measured"):
        parts.append(
            _folded(
                f"{len(silent)} targets are not measured",
                ", ".join(f"`{verdict.target.id}`" for verdict in silent),
            )
        )
    return "\n\n".join(parts) + "\n"


def optimisation_markdown(compared: Sequence[Compared]) -> str:
    """What a run of comparisons found, before and after, as GitHub-flavoured Markdown."""
    return "\n\n".join(_compared(one, "##") for one in compared) + "\n"


def _compared(found: Compared, level: str = "###") -> str:
    environment, outcome = found.run.environment, found.outcome
    speedup = f": {pace(outcome.speedup, outcome.low, outcome.high)}" if outcome else ""
    tree = "the working tree on" if environment.dirty else "revision"
    parts = [
        f"{level} {COMPARED[found.verdict][0]}: `{found.workload}`{speedup}",
        (
            f"{tree} `{environment.revision[:12] or 'unknown'}` against"
            f" `{found.against[:12] or 'unknown'}`, {moment(found.run.time)}"
        ),
        *(f"- {_text(reason)}" for reason in found.failures),
    ]
    if found.facts and found.facts.named:
        named = [
            f"`{one.name}`{f' (stage {one.stage})' if one.stage else ''} {change(one.growth)} of"
            " all the time before"
            for one in found.facts.named[:3]
        ]
        parts.append(f"Changed: {', '.join(named)}")
    elif found.facts and found.facts.why:
        parts.append(_text(found.facts.why))
    rows = [
        f"| {metric(name)}{' (judged)' if name == found.metric else ''} | {change(one.ratio - 1)} |"
        f" {change(one.low - 1)} to {change(one.high - 1)} | {one.pairs} |"
        f" {part(one.smallest_effect)} | {one.verdict} |"
        for name, one in found.comparisons.items()
    ]
    rows += [
        f"| {metric(one.name)} | {change(one.a / one.b - 1) if one.b else 'new'} | exact | – | 0.1"
        f" % | {'changed' if one.changed else 'unchanged'} |"
        for one in found.counters
    ]
    if rows:
        head = (
            "| Figure | Change | 99 % interval | Pairs | Could have seen | Verdict"
            " |\n|---|---:|---:|---:|---:|---|"
        )
        parts.append("\n".join([head, *rows]))
    if stages := [
        one for one in (outcome.changes if outcome else ()) if one.metric.startswith("stages.")
    ]:
        head = "| Stage | Before | After | Change |\n|---|---:|---:|---:|"
        lines = [
            f"| {_text(one.metric[7:])} | {figure(one.before, 's')} | {figure(one.after, 's')} "
            f"| {change(one.ratio - 1 if one.ratio else None)} |"
            for one in stages
        ]
        parts.append(_folded("Stage by stage", "\n".join([head, *lines])))
    return "\n\n".join(parts)


def _bottlenecks(report: Report) -> str:
    lines = []
    for found in report.bottlenecks:
        lines.append(f"- `{found.workload}`: {_text('; '.join(found.why))}")
        lines += [
            f"  - {_text(one.advice)} ({_text(one.evidence)}); half of it gone:"
            f" {figure(one.speedup_halved)} times as fast"
            for one in found.recommendations
        ]
    return "\n".join(lines)


def _error_rates(report: Report) -> str:
    rows = []
    for one in report.error_rates:
        verdict = one.verdict
        measured = "not measured" if verdict.actual is None else part(verdict.actual)
        interval = "–" if one.low is None else f"{part(one.low)} to {part(one.high)}"
        rows.append(
            f"| {_text(verdict.target.holds)} | {measured} | {interval} | {WORDS[verdict.status]} |"
        )
    return "\n".join(
        ["| What must hold | Measured | 95 % interval | Verdict |\n|---|---:|---:|---|", *rows]
    )


def _table(verdicts: Sequence[Verdict], report: Report) -> str:
    return "\n".join([_HEAD, *(_line(verdict, report) for verdict in verdicts)])


def _line(verdict: Verdict, report: Report) -> str:
    target, moved = verdict.target, report.trends.get(verdict.target.id)
    note = f" ({_text(verdict.note)})" if verdict.note else ""
    moves = trend(moved.change) if moved and moved.change is not None else "–"
    cells = (
        actual(verdict),
        limit(target.required, target.unit),
        limit(target.ours, target.unit),
        margin(verdict),
        moves,
    )
    status = WORDS[verdict.status]
    status = f"**{status}**" if verdict.status == "fail" else status
    return (
        f"| {status} | {_text(target.holds)}{note} `{target.id}` |"
        f" {' | '.join(_text(cell) for cell in cells)} |"
    )


def _folded(title: str, body: str) -> str:
    return f"<details><summary>{title}</summary>\n\n{body}\n\n</details>"


def _text(text: str) -> str:
    """Text that neither ends a table's cell nor becomes markup."""
    for sign in ("\\", "|", "*", "_", "`", "[", "]"):
        text = text.replace(sign, "\\" + sign)
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("\n", " ")
