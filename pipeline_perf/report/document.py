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
from pipeline_perf.bench.explain.bottleneck import Bottleneck
from pipeline_perf.bench.judge.targets import Verdict
from pipeline_perf.report.comparisons import Compared
from pipeline_perf.report.content import Report
from pipeline_perf.report.markdown import markdown, optimisation_markdown
from pipeline_perf.report.page import optimisation_page, page

#: What the JSON looks like, as a JSON schema.
SCHEMA_FILE = Path(__file__).with_name("schema.json")

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
    """Write the report as report.html, summary.html, report.json and report.md; each is replaced
    at once, never half.
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

    Raises ValueError where it found nothing.
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
                {**asdict(one), "stages": dict(one.stages)} for one in report.breakdowns
            ],
            "bottlenecks": [_bottleneck(one) for one in report.bottlenecks],
            "accuracy": report.accuracy,
            "comparisons": [_compared(one) for one in report.comparisons],
            "levels": asdict(report.followed),
            "histories": [{**asdict(one), "limits": dict(one.limits)} for one in report.histories],
            "error_rates": [
                {
                    "id": one.verdict.target.id,
                    "low": one.low,
                    "high": one.high,
                    "trials": one.trials,
                    "run": one.run or None,
                }
                for one in report.error_rates
            ],
            "failures": [
                {"workload": workload, "repetition": turn, "reason": reason}
                for workload, turn, reason in report.failures
            ],
            "notes": report.notes,
        }
    )


def optimisation_json(compared: Sequence[Compared]) -> str:
    """Every comparison of a run as JSON, as schema.json says under `optimisation`."""
    return _dumped(
        {
            "schema": OPTIMISATION_SCHEMA,
            "run": asdict(compared[0].run),
            "comparisons": [_compared(one) for one in compared],
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


def _bottleneck(found: Bottleneck) -> dict[str, Any]:
    told = [
        asdict(one) | {"speedup_halved": one.speedup_halved, "speedup_limit": one.speedup_limit}
        for one in found.recommendations
    ]
    return {**asdict(found), "stages": dict(found.stages), "recommendations": told}


def _compared(found: Compared) -> dict[str, Any]:
    outcome = found.outcome
    return {
        "workload": found.workload,
        "run": found.run.id,
        "time": found.run.time,
        "revision": found.run.environment.revision,
        "dirty": found.run.environment.dirty,
        "against": found.against,
        "verdict": found.verdict,
        "metric": found.metric,
        "comparisons": {name: asdict(one) for name, one in found.comparisons.items()},
        "counters": [asdict(one) | {"changed": one.changed} for one in found.counters],
        "failures": found.failures,
        "attribution": asdict(found.facts) if found.facts else None,
        "flame_graph": found.page or None,
        "speedup": (
            {"value": outcome.speedup, "low": outcome.low, "high": outcome.high}
            if outcome
            else None
        ),
        "changes": (
            [asdict(one) | {"ratio": one.ratio} for one in outcome.changes] if outcome else []
        ),
        "before": _bottleneck(outcome.before) if outcome else None,
        "after": _bottleneck(outcome.after) if outcome else None,
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
