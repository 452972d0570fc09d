"""The reports as JSON, and all their forms as files.

The JSON is for programs: its schema (schema.json, beside this module) carries a version, and fields
are added but never renamed or given another meaning under the same version.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any

from pipeline_perf.atomic_files import write_text
from pipeline_perf.bench.explain.bottleneck import Bottleneck, OptimisationReport
from pipeline_perf.bench.judge.targets import Verdict
from pipeline_perf.report.comparisons import Compared
from pipeline_perf.report.content import Report
from pipeline_perf.report.markdown import markdown, optimisation_markdown
from pipeline_perf.report.page import optimisation_page, page

#: What the JSON looks like, as a JSON schema.
SCHEMA_FILE = Path(__file__).with_name("schema.json")

#: What each JSON calls itself; the number is that of its version.
SCHEMA = "pipeline_perf.report/1"
OPTIMISATION_SCHEMA = "pipeline_perf.optimisation/1"


@dataclass(frozen=True)
class Files:
    """Where the forms of a report were written.

    `summary` is the short page; a report on comparisons has none.
    """

    html: Path
    json: Path
    markdown: Path
    summary: Path | None = None


def write(report: Report, directory: Path) -> Files:
    """Write the report as report.html, summary.html, report.json and report.md.

    `directory` is made where it is missing. Each file is replaced at once, never half. Raises
    OSError where one cannot be written.
    """
    html, json_, markdown_ = (directory / f"report.{form}" for form in ("html", "json", "md"))
    written = Files(html, json_, markdown_, directory / "summary.html")
    write_text(written.html, page(report))
    write_text(directory / "summary.html", page(report, detailed=False))
    write_text(written.json, to_json(report))
    write_text(written.markdown, markdown(report))
    return written


def write_optimisation(compared: Sequence[Compared], directory: Path) -> Files:
    """Write what a run of comparisons found as optimisation.html, .json and .md.

    Otherwise as `write`; raises ValueError where it found nothing.
    """
    written = Files(*(directory / f"optimisation.{form}" for form in ("html", "json", "md")))
    write_text(written.html, optimisation_page(compared))
    write_text(written.json, optimisation_json(compared))
    write_text(written.markdown, optimisation_markdown(compared))
    return written


def to_json(report: Report) -> str:
    """The report as JSON, as schema.json says.

    Times are ISO 8601 in UTC, seconds and bytes plain numbers; the unknown is null.
    """
    return _dumped(
        {
            "schema": SCHEMA,
            "run": asdict(report.run),
            "readiness": asdict(report.readiness),
            "verdicts": [_verdict(verdict, report) for verdict in report.verdicts],
            "workloads": [asdict(line) for line in report.workloads],
            "breakdowns": [
                {**asdict(bar), "stages": dict(bar.stages)} for bar in report.breakdowns
            ],
            "bottlenecks": [_bottleneck(bottleneck) for bottleneck in report.bottlenecks],
            "accuracy": report.accuracy,
            "comparisons": [_compared(compared) for compared in report.comparisons],
            "levels": asdict(report.followed),
            "histories": [
                {**asdict(history), "limits": dict(history.limits)} for history in report.histories
            ],
            "error_rates": [
                {
                    "id": rate.verdict.target.id,
                    "low": rate.low,
                    "high": rate.high,
                    "trials": rate.trials,
                    "run": rate.run or None,
                }
                for rate in report.error_rates
            ],
            "failures": [
                {"workload": workload, "repetition": turn, "reason": reason}
                for workload, turn, reason in report.failures
            ],
            "notes": report.notes,
        }
    )


def optimisation_json(compared: Sequence[Compared]) -> str:
    """The comparisons of one run, at least one, as JSON: `optimisation` in schema.json."""
    return _dumped(
        {
            "schema": OPTIMISATION_SCHEMA,
            "run": asdict(compared[0].run),
            "comparisons": [_compared(workload) for workload in compared],
        }
    )


def _dumped(document: dict[str, Any]) -> str:
    return json.dumps(_plain(document), ensure_ascii=False, indent=1, allow_nan=False) + "\n"


def _verdict(verdict: Verdict, report: Report) -> dict[str, Any]:
    fields = asdict(verdict)
    target = fields.pop("target")
    target.pop("scope")  # the patterns; the verdict's own scope is the one that decided
    trend = report.trends.get(verdict.target.id)
    return {
        **target,
        **fields,
        "severity": verdict.severity,
        "scopes": report.scopes[verdict.target.id].count,
        "trend": {"change": trend.change, "runs": trend.runs} if trend else None,
    }


def _bottleneck(bottleneck: Bottleneck) -> dict[str, Any]:
    recommendations = [
        asdict(advice)
        | {"speedup_halved": advice.speedup_halved, "speedup_limit": advice.speedup_limit}
        for advice in bottleneck.recommendations
    ]
    return {
        **asdict(bottleneck),
        "stages": dict(bottleneck.stages),
        "recommendations": recommendations,
    }


def _compared(compared: Compared) -> dict[str, Any]:
    environment = compared.run.environment
    return {
        "workload": compared.workload,
        "run": compared.run.id,
        "time": compared.run.time,
        "revision": environment.revision,
        "dirty": environment.dirty,
        "against": compared.against,
        "verdict": compared.verdict,
        "metric": compared.metric,
        "comparisons": {name: asdict(figure) for name, figure in compared.comparisons.items()},
        "counters": [
            asdict(counter) | {"changed": counter.changed} for counter in compared.counters
        ],
        "failures": compared.failures,
        "attribution": asdict(compared.facts) if compared.facts else None,
        "flame_graph": compared.page or None,
        **_outcome(compared.outcome),
    }


def _outcome(outcome: OptimisationReport | None) -> dict[str, Any]:
    if outcome is None:
        return {"speedup": None, "changes": [], "before": None, "after": None}
    return {
        "speedup": {"value": outcome.speedup, "low": outcome.low, "high": outcome.high},
        "changes": [asdict(change) | {"ratio": change.ratio} for change in outcome.changes],
        "before": _bottleneck(outcome.before),
        "after": _bottleneck(outcome.after),
    }


def _plain(value: Any) -> Any:
    """The value as JSON knows it: times as text, and null for a number that is none."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, date):  # and so a datetime
        return value.isoformat()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
