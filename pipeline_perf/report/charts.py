"""The geometry of the charts: values in, coordinates out. The page's template draws them.

Units are those of the drawing's view box.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from pipeline_perf.bench.follow.watch import Finding
from pipeline_perf.report.content import Breakdown
from pipeline_perf.report.nights import History, Point

#: View box of a chart, and the margins around its plot.
WIDTH, HEIGHT = 520, 200
LEFT, RIGHT, TOP, BOTTOM = 76, 14, 14, 26

#: From so many times the largest value on, a limit is named and not drawn: it would flatten the
#: line to nothing.
FAR = 3.0


@dataclass(frozen=True)
class Mark:
    """A point of a history where it is drawn, and the ends of its spread."""

    x: float
    y: float
    y_least: float
    y_most: float
    point: Point


@dataclass(frozen=True)
class LimitLine:
    """A limit at its height; its name stands at `y_label`."""

    name: str
    value: float
    y: float
    y_label: float


@dataclass(frozen=True)
class ChangeLine:
    """Where a level changed: the first run at the new one; `what` changed.

    `anchor` is the end of the label that stands at the line.
    """

    finding: Finding
    what: str
    x: float
    x_label: float
    anchor: str


@dataclass(frozen=True)
class Plot:
    """A history as a line from zero, with all that stands around it.

    `line` holds the points of the line as SVG writes them, `ticks` values with their y, `dates` x
    with the day of the first run and the last. `limits` are near enough to draw, `far` are not:
    their names and values.
    """

    history: History
    marks: tuple[Mark, ...]
    line: str
    ticks: tuple[tuple[float, float], ...]
    dates: tuple[tuple[float, str], ...]
    limits: tuple[LimitLine, ...]
    far: tuple[tuple[str, float], ...]
    changes: tuple[ChangeLine, ...] = ()


@dataclass(frozen=True)
class Segment:
    """A stage in the bar of its workload: its share and where it starts, in per cent."""

    stage: str
    seconds: float
    share: float
    start: float


def plot(history: History) -> Plot:
    """The chart of a history of at least two points."""
    largest = max(point.most for point in history.points) or 1.0
    near = [(name, value) for name, value in history.limits if value <= FAR * largest]
    far = tuple((name, value) for name, value in history.limits if value > FAR * largest)
    highest = max([largest, *(value for _, value in near)])
    step = _step(highest, history.unit)
    top = step * math.ceil(highest / step + 0.05)
    inner = HEIGHT - TOP - BOTTOM

    def y(value: float) -> float:
        return round(TOP + inner * (1 - value / top), 1)

    spacing = (WIDTH - LEFT - RIGHT) / (len(history.points) - 1)
    marks = tuple(
        Mark(round(LEFT + i * spacing, 1), y(point.value), y(point.least), y(point.most), point)
        for i, point in enumerate(history.points)
    )
    ticks = tuple((step * i, y(step * i)) for i in range(round(top / step) + 1))
    line = " ".join(f"{mark.x},{mark.y}" for mark in marks)
    dates = tuple((mark.x, f"{mark.point.time:%Y-%m-%d}") for mark in (marks[0], marks[-1]))
    limits = tuple(
        LimitLine(name, value, y(value), _label(y(value), marks)) for name, value in near
    )
    changes = tuple(_change(finding, marks) for finding in history.changes)
    return Plot(history, marks, line, ticks, dates, limits, far, changes)


def _change(finding: Finding, marks: tuple[Mark, ...]) -> ChangeLine:
    """A line at the first run of the new state; what fell silent has none: at the end."""
    x = next((mark.x for mark in marks if mark.point.time.date() >= finding.since), marks[-1].x)
    right = x < (LEFT + WIDTH - RIGHT) / 2
    metric = finding.metric.rpartition(" ")[2]
    what = {
        "peak_memory": "memory",
        "ratio_to_reference": "time",
        "cpu_ratio_to_reference": "CPU time",
    }.get(metric, metric)
    x_label, anchor = (x + 5, "start") if right else (x - 5, "end")
    return ChangeLine(finding, what, x, x_label, anchor)


def _label(y: float, marks: tuple[Mark, ...]) -> float:
    """Where a limit's name stands: above its line, or below where the trace runs close above."""
    near = [mark for mark in marks if mark.x < LEFT + 150]
    crowded = any(y - 22 < mark.y <= y for mark in near)
    return y + 14 if crowded and y + 14 < HEIGHT - BOTTOM else y - 5


def segments(breakdown: Breakdown) -> list[Segment]:
    """The stages of a workload in their order, each where the one before it ends."""
    bar, start = [], 0.0
    for stage, seconds in breakdown.stages:
        share = 100 * seconds / breakdown.total if breakdown.total else 0.0
        bar.append(Segment(stage, seconds, share, start))
        start += share
    return bar


def _step(largest: float, unit: str) -> float:
    """A round distance between about four ticks; bytes are round in powers of two."""
    rough = largest / 4
    if unit == "B":
        return float(2 ** math.ceil(math.log2(rough)))
    power = 10 ** math.floor(math.log10(rough))
    return float(next(power * factor for factor in (1, 2, 2.5, 5, 10) if power * factor >= rough))


#: View box of a trend's small line, and the room at its edges.
SPARK_WIDTH, SPARK_HEIGHT, SPARK_EDGE = 60, 16, 2


def sparkline(values: Sequence[float]) -> str:
    """A line through at least one value, from their least to their most, as SVG writes points.

    >>> sparkline([1, 3, 2])
    '2.0,14.0 30.0,2.0 58.0,8.0'
    >>> sparkline([7, 7])
    '2.0,8.0 58.0,8.0'
    """
    least, span = min(values), max(values) - min(values)
    step = (SPARK_WIDTH - 2 * SPARK_EDGE) / max(1, len(values) - 1)
    inner = SPARK_HEIGHT - 2 * SPARK_EDGE
    heights = ((value - least) / span if span else 0.5 for value in values)
    return " ".join(
        f"{SPARK_EDGE + i * step:.1f},{SPARK_EDGE + inner * (1 - height):.1f}"
        for i, height in enumerate(heights)
    )
