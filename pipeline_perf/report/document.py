"""The report as JSON, and all its forms as files.

The JSON is for programs: its schema carries a version, and fields are added but never renamed or
given another meaning under the same version.
"""

from __future__ import annotations

import json
import math
import os
import tempfile
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from pipeline_perf.bench.targets import Verdict
from pipeline_perf.report.content import Report
from pipeline_perf.report.markdown import markdown
from pipeline_perf.report.page import page

SCHEMA = "pipeline_perf.report/1"


@dataclass(frozen=True)
class Files:
    """Where the forms of a report were written."""

    html: Path
    json: Path
    markdown: Path


def write(report: Report, directory: Path) -> Files:
    """Write the report as report.html, report.json and report.md; each is replaced at once, never half."""
    directory.mkdir(parents=True, exist_ok=True)
    written = Files(*(directory / f"report.{form}" for form in ("html", "json", "md")))
    _replace(written.html, page(report))
    _replace(written.json, to_json(report))
    _replace(written.markdown, markdown(report))
    return written


def to_json(report: Report) -> str:
    """The report as JSON (schema `pipeline_perf.report/1`).

    `schema`; `run` {id, time, environment}; `readiness` {state: go | no_go | undecided, headline, detail,
    counts by status}; `verdicts`, one per target {id, section, holds, why, metric, unit, aggregate, scope,
    status: pass | warn | fail | unresolved | tracked | not_measured, severity: ERROR | WARN | null, actual,
    low, high, repetitions, required, ours, warn, critical ({comparator, limit} or null), threshold (the one
    that decided), margin (share of the threshold), meets_required, meets_ours, alert, note}; `workloads`,
    `breakdowns`, `accuracy`, `histories`, `failures`, `notes` as in `content`. Times are ISO 8601 in UTC;
    seconds and bytes are plain numbers; what is not known is null.
    """
    document = {
        "schema": SCHEMA,
        "run": asdict(report.run),
        "readiness": asdict(report.readiness),
        "verdicts": [_verdict(verdict) for verdict in report.verdicts],
        "workloads": [asdict(line) for line in report.workloads],
        "breakdowns": [{**asdict(one), "stages": dict(one.stages)} for one in report.breakdowns],
        "accuracy": report.accuracy,
        "histories": [{**asdict(one), "limits": dict(one.limits)} for one in report.histories],
        "failures": [{"workload": workload, "repetition": turn, "reason": reason} for workload, turn, reason in report.failures],
        "notes": report.notes,
    }
    return json.dumps(_plain(document), ensure_ascii=False, indent=1, allow_nan=False) + "\n"


def _verdict(verdict: Verdict) -> dict[str, Any]:
    fields = asdict(verdict)
    target = fields.pop("target")
    target.pop("scope")  # the patterns; the verdict's own scope is the one that decided
    return {**target, **fields, "severity": verdict.severity}


def _plain(value: Any) -> Any:
    """The value as JSON knows it: times as text, and null for a number that is none."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def _replace(path: Path, text: str) -> None:
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
        Path(temporary).chmod(0o644)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink()
        raise
