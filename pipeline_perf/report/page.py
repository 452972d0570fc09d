"""The report as one self-contained HTML page: no script, no request, nothing to install.

What is said comes from `content`, where things are drawn from `charts`; the look is in page.css.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from importlib.resources import files
from itertools import groupby
from operator import attrgetter
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

from pipeline_perf.report import charts, figures
from pipeline_perf.report.content import STATUSES, Report

METRIC_WORDS = {"peak_memory": "peak memory"}


def page(report: Report) -> str:
    """The report as HTML. Every text in it is escaped."""
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
        "margin": figures.margin,
        "moment": figures.moment,
        "prose": figures.prose,
        "plot": charts.plot,
        "segments": charts.segments,
        "groupby_in_order": _groupby_in_order,
    }
    return environment.get_template("page.html.j2").render(
        report=report,
        css=Markup(files("pipeline_perf.report").joinpath("page.css").read_text(encoding="utf-8")),
        words=figures.WORDS,
        titles=figures.TITLES,
        metric_words=METRIC_WORDS,
        counted=STATUSES,
        accuracy_names=list(dict.fromkeys(name for row in report.accuracy.values() for name in row)),
        width=charts.WIDTH,
        height=charts.HEIGHT,
        left=charts.LEFT,
        right=charts.RIGHT,
    )


def _groupby_in_order(items: Iterable[Any], attribute: str) -> list[tuple[Any, Sequence[Any]]]:
    """Neighbours with the same attribute; Jinja's own groupby would sort the sections by name."""
    return [(key, list(group)) for key, group in groupby(items, attrgetter(attribute))]
