"""The reports as self-contained HTML pages: no request, nothing to install.

There is no script but that of a flame graph, in a frame of its own. What is said comes from
`content` and `comparisons`, where things are drawn from `charts`; the look is in page.css.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from itertools import groupby
from operator import attrgetter
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from markupsafe import Markup, escape

from pipeline_perf.bench.explain.bottleneck import Change
from pipeline_perf.bench.judge.targets import Threshold
from pipeline_perf.report import charts, figures
from pipeline_perf.report.comparisons import Compared
from pipeline_perf.report.content import LESS_IS_BETTER, STATUSES, Report

_BOUNDS = {
    "cpu": "Processor bound",
    "memory": "Memory bound",
    "disk": "Disk bound",
    "database": "Database bound",
    "waiting": "Waiting",
    "none": "No bottleneck",
}
_AGGREGATES = {"median": "median of", "mean": "mean of", "max": "largest of", "min": "smallest of"}


def page(report: Report, detailed: bool = True) -> str:
    """The report as HTML, detailed or as a summary that links to it. Every text is escaped."""
    return _render(
        "page.html.j2",
        report=report,
        detailed=detailed,
        words=figures.WORDS,
        titles=figures.TITLES,
        counted=STATUSES,
        accuracy_names=_accuracy_names(report),
        less_is_better=LESS_IS_BETTER,
        aggregates=_AGGREGATES,
        width=charts.WIDTH,
        height=charts.HEIGHT,
        left=charts.LEFT,
        right=charts.RIGHT,
        top=charts.TOP,
        bottom=charts.BOTTOM,
    )


def optimisation_page(compared: Sequence[Compared]) -> str:
    """What one run of comparisons found, before and after, as HTML.

    Raises ValueError where there is none.
    """
    if not compared:
        raise ValueError("no comparison: there is no before and after to report on")
    return _render("optimisation.html.j2", compared_workloads=compared, run=compared[0].run)


def _render(template: str, **values: Any) -> str:
    environment = Environment(
        loader=PackageLoader("pipeline_perf.report", "."),
        autoescape=select_autoescape(("html.j2",)),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "figure": figures.figure,
        "bracket": figures.bracket,
        "limit": figures.limit,
        "share_limit": _share_limit,
        "margin": figures.margin,
        "metric": figures.metric,
        "moment": figures.moment,
        "change": figures.change,
        "trend": figures.trend,
        "pace": figures.pace,
        "part": figures.part,
        "prose": figures.prose,
        "sentence": sentence,
        "plot": charts.plot,
        "segments": charts.segments,
        "sparkline": charts.sparkline,
        "sides": sides,
        "stage_changes": stage_changes,
        "groupby_in_order": _groupby_in_order,
        "perfect_apart": perfect_apart,
    }
    css = Markup(files("pipeline_perf.report").joinpath("page.css").read_text(encoding="utf-8"))
    return environment.get_template(template).render(
        css=css, compared=figures.COMPARED, changes=figures.CHANGES, bounds=_BOUNDS, **values
    )


def sentence(text: str) -> Markup:
    """What the lab says, as a sentence begins; commands between backticks as code."""
    words = str(escape(figures.prose(text[:1].upper() + text[1:])))
    return Markup(re.sub("`([^`]+)`", r"<code>\1</code>", words))


def _accuracy_names(report: Report) -> list[str]:
    """The figures of accuracy in the order of the contract, what it does not ask for last."""
    asked = [
        verdict.target.metric.partition(".")[2]
        for verdict in report.verdicts
        if verdict.target.metric.startswith("accuracy.")
    ]
    measured = {name for row in report.accuracy.values() for name in row}

    def place(name: str) -> tuple[int, str]:
        return asked.index(name) if name in asked else len(asked), name

    return sorted(measured, key=place)


Scored = list[tuple[str, Mapping[str, float]]]


def perfect_apart(report: Report) -> tuple[Scored, Scored]:
    """The scenarios that fall short in some figure of accuracy, and those that do not."""
    short: Scored = []
    perfect: Scored = []
    for scope, scores in report.accuracy.items():
        flawless = all(
            value == (0 if name in LESS_IS_BETTER else 1) for name, value in scores.items()
        )
        (perfect if flawless else short).append((scope, scores))
    return short, perfect


@dataclass(frozen=True)
class Both:
    """A figure before and after, None where it was not kept."""

    before: float | None
    after: float | None
    unit: str


def sides(compared: Compared, metric: str) -> Both:
    """A figure's medians on both sides of a comparison."""
    for change in compared.outcome.changes if compared.outcome else ():
        if change.metric == metric:
            return Both(change.before, change.after, change.unit)
    return Both(None, None, "")


def stage_changes(compared: Compared) -> list[Change]:
    """The stages of a comparison, the largest difference in seconds first."""
    changes = compared.outcome.changes if compared.outcome else ()
    return sorted(
        (change for change in changes if change.metric.startswith("stages.")),
        key=lambda change: -abs(change.after - change.before),
    )


def _share_limit(threshold: Threshold | None) -> str:
    if threshold is None:
        return figures.limit(None)
    return figures.limit(Threshold(threshold.comparator, threshold.limit * 100), "%")


def _groupby_in_order(items: Iterable[Any], attribute: str) -> list[tuple[Any, Sequence[Any]]]:
    """Neighbours with the same attribute; Jinja's own groupby would sort the sections by name."""
    return [(key, list(group)) for key, group in groupby(items, attrgetter(attribute))]
