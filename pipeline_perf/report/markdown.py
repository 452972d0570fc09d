"""The report as Markdown: short enough for a pull request's comment, complete when unfolded."""

from __future__ import annotations

from collections.abc import Sequence

from pipeline_perf.bench.follow.watch import Finding
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
    blocks = [
        f"## {TITLES[report.readiness.state]}: {_text(report.readiness.headline)}",
        _text(report.readiness.detail),
        (
            f"{moment(report.run.time)} · revision `{revision}` · {_text(environment.cpu)},"
            f" {environment.cores} cores"
        ),
        *(f"> {_text(note)}" for note in report.notes),
    ]
    if loud := report.with_status("fail", "warn", "unresolved"):
        blocks.append(_table(loud, report))
    if report.failures:
        lines = [
            f"- {_text(workload)}, repetition {turn + 1}: {_text(reason)}"
            for workload, turn, reason in report.failures
        ]
        blocks.append("\n".join(["**Failed repetitions**", "", *lines]))
    blocks += [_compared(compared) for compared in report.comparisons]
    if report.followed.alerts:
        lines = [
            _finding(finding) for alert in report.followed.alerts for finding in alert.findings
        ]
        blocks.append("\n".join(["**Changes of level**", "", *lines]))
    if quiet := report.with_status("pass", "tracked"):
        blocks.append(_folded(f"{len(quiet)} targets met or recorded", _table(quiet, report)))
    if report.workloads:
        blocks.append(_folded(f"{len(report.workloads)} workloads", _workloads(report)))
    if report.bottlenecks:
        blocks.append(_folded("What holds each workload up", _bottlenecks(report)))
    if report.error_rates:
        blocks.append(_folded("How often the lab itself is wrong", _error_rates(report)))
    for silent, words in (
        (report.with_status("not_measured"), "left to other runs"),
        (report.with_status("planned"), "planned"),
    ):
        if silent:
            ids = ", ".join(f"`{verdict.target.id}`" for verdict in silent)
            blocks.append(_folded(f"{len(silent)} targets are {words}", ids))
    return "\n\n".join(blocks) + "\n"


def optimisation_markdown(compared: Sequence[Compared]) -> str:
    """What a run of comparisons found, before and after, as GitHub-flavoured Markdown."""
    return "\n\n".join(_compared(workload, "##") for workload in compared) + "\n"


def _finding(finding: Finding) -> str:
    workload, _, name = finding.metric.partition(" ")
    size = "" if finding.kind == "silence" else f" {change(finding.ratio - 1)}"
    return (
        f"- `{workload}` {metric(name)}: {CHANGES[finding.kind]}{size} since {finding.since},"
        f" {finding.status}"
    )


def _workloads(report: Report) -> str:
    head = (
        "| Workload | Repetitions | Wall time | CPU time | Rate | Peak memory"
        " |\n|---|---:|---:|---:|---:|---:|"
    )
    lines = [
        f"| {_text(line.workload)} | {line.repetitions - line.failed} of {line.repetitions} |"
        f" {figure(line.seconds, 's')} | {figure(line.cpu_seconds, 's')} |"
        f" {figure(line.rate, line.rate_unit)} | {figure(line.peak_memory, 'B')} |"
        for line in report.workloads
    ]
    return "\n".join([head, *lines])


def _compared(compared: Compared, level: str = "###") -> str:
    environment, outcome = compared.run.environment, compared.outcome
    speedup = f": {pace(outcome.speedup, outcome.low, outcome.high)}" if outcome else ""
    tree = "the working tree on" if environment.dirty else "revision"
    blocks = [
        f"{level} {COMPARED[compared.verdict][0]}: `{compared.workload}`{speedup}",
        (
            f"{tree} `{environment.revision[:12] or 'unknown'}` against"
            f" `{compared.against[:12] or 'unknown'}`, {moment(compared.run.time)}"
        ),
        *(f"- {_text(reason)}" for reason in compared.failures),
    ]
    if compared.facts and compared.facts.named:
        named = [
            f"`{function.name}`{f' (stage {function.stage})' if function.stage else ''}"
            f" {change(function.growth)} of all the time before"
            for function in compared.facts.named[:3]
        ]
        blocks.append(f"Changed: {', '.join(named)}")
    elif compared.facts and compared.facts.why:
        blocks.append(_text(compared.facts.why))
    if compared.comparisons or compared.counters:
        blocks.append(_figures(compared))
    changes = outcome.changes if outcome else ()
    if stages := [stage for stage in changes if stage.metric.startswith("stages.")]:
        head = "| Stage | Before | After | Change |\n|---|---:|---:|---:|"
        lines = [
            f"| {_text(stage.metric[7:])} | {figure(stage.before, 's')} |"
            f" {figure(stage.after, 's')} | {change(stage.ratio - 1 if stage.ratio else None)} |"
            for stage in stages
        ]
        blocks.append(_folded("Stage by stage", "\n".join([head, *lines])))
    return "\n\n".join(blocks)


def _figures(compared: Compared) -> str:
    head = (
        "| Figure | Change | 99 % interval | Pairs | Could have seen | Verdict"
        " |\n|---|---:|---:|---:|---:|---|"
    )
    lines = [
        f"| {metric(name)}{' (judged)' if name == compared.metric else ''} |"
        f" {change(ratio.ratio - 1)} | {change(ratio.low - 1)} to {change(ratio.high - 1)} |"
        f" {ratio.pairs} | {part(ratio.smallest_effect)} | {ratio.verdict} |"
        for name, ratio in compared.comparisons.items()
    ]
    lines += [
        f"| {metric(counter.name)} | {change(counter.a / counter.b - 1) if counter.b else 'new'} |"
        f" exact | – | 0.1 % | {'changed' if counter.changed else 'unchanged'} |"
        for counter in compared.counters
    ]
    return "\n".join([head, *lines])


def _bottlenecks(report: Report) -> str:
    lines = []
    for bottleneck in report.bottlenecks:
        lines.append(f"- `{bottleneck.workload}`: {_text('; '.join(bottleneck.why))}")
        lines += [
            f"  - {_text(advice.advice)} ({_text(advice.evidence)}); half of it gone:"
            f" {figure(advice.speedup_halved)} times as fast"
            for advice in bottleneck.recommendations
        ]
    return "\n".join(lines)


def _error_rates(report: Report) -> str:
    lines = ["| What must hold | Measured | 95 % interval | Verdict |\n|---|---:|---:|---|"]
    for rate in report.error_rates:
        verdict = rate.verdict
        measured = "not measured" if verdict.actual is None else part(verdict.actual)
        interval = "–" if rate.low is None else f"{part(rate.low)} to {part(rate.high)}"
        lines.append(
            f"| {_text(verdict.target.holds)} | {measured} | {interval} | {WORDS[verdict.status]} |"
        )
    return "\n".join(lines)


def _table(verdicts: Sequence[Verdict], report: Report) -> str:
    return "\n".join([_HEAD, *(_line(verdict, report) for verdict in verdicts)])


def _line(verdict: Verdict, report: Report) -> str:
    target, moved = verdict.target, report.trends.get(verdict.target.id)
    note = f" ({_text(verdict.note)})" if verdict.note else ""
    cells = (
        actual(verdict),
        limit(target.required, target.unit),
        limit(target.ours, target.unit),
        margin(verdict),
        trend(moved.change) if moved and moved.change is not None else "–",
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
