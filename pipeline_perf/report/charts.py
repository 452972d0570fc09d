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

WIDTH, HEIGHT = 520, 200
LEFT, RIGHT, TOP, BOTTOM = 76, 14, 14, 26

#: A limit this many times beyond the largest value would flatten the line to nothing: it is named,
#: not drawn.
FAR = 3.0


@dataclass(frozen=True)
class Mark:
    x: float
    y: float
    y_least: float
    y_most: float
    point: Point


@dataclass(frozen=True)
class LimitLine:
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
    """A history as a line from zero, with ticks, the limits near enough to draw, and those that
    are not.
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
    stage: str
    seconds: float
    share: float
    start: float


def plot(history: History) -> Plot:
    """The chart of a history of at least two points."""
    largest = max(point.most for point in history.points) or 1.0
    near = [(name, value) for name, value in history.limits if value <= FAR * largest]
    far = tuple((name, value) for name, value in history.limits if value > FAR * largest)
    step = _step(max([largest, *(value for _, value in near)]), history.unit)
    top = step * math.ceil(max([largest, *(value for _, value in near)]) / step + 0.05)
    inner = HEIGHT - TOP - BOTTOM

    def y(value: float) -> float:
        return round(TOP + inner * (1 - value / top), 1)

    spacing = (WIDTH - LEFT - RIGHT) / (len(history.points) - 1)
    marks = tuple(
        Mark(round(LEFT + i * spacing, 1), y(point.value), y(point.least), y(point.most), point)
        for i, point in enumerate(history.points)
    )
    ticks = tuple((step * i, y(step * i)) for i in range(round(top / step) + 1))
    ends = (marks[0], marks[-1])
    return Plot(
        history,
        marks,
        " ".join(f"{mark.x},{mark.y}" for mark in marks),
        ticks,
        tuple((mark.x, f"{mark.point.time:%Y-%m-%d}") for mark in ends),
        tuple(LimitLine(name, value, y(value), _label(y(value), marks)) for name, value in near),
        far,
        tuple(_change(one, marks) for one in history.changes),
    )


def _change(finding: Finding, marks: tuple[Mark, ...]) -> ChangeLine:
    """A line at the first run of the new state; what fell silent has none, and stands at the
    end.
    """
    x = next((mark.x for mark in marks if mark.point.time.date() >= finding.since), marks[-1].x)
    right = x < (LEFT + WIDTH - RIGHT) / 2
    what = {
        "peak_memory": "memory",
        "ratio_to_reference": "time",
        "cpu_ratio_to_reference": "CPU time",
    }
    name = finding.metric.rpartition(" ")[2]
    return ChangeLine(
        finding, what.get(name, name), x, x + 5 if right else x - 5, "start" if right else "end"
    )


def _label(y: float, marks: tuple[Mark, ...]) -> float:
    """Where a limit's name stands, at the left end of its line: above it, or below where the
    trace runs close above.
    """
    near = [mark for mark in marks if mark.x < LEFT + 150]
    crowded = any(y - 22 < mark.y <= y for mark in near)
    return y + 14 if crowded and y + 14 < HEIGHT - BOTTOM else y - 5


def segments(breakdown: Breakdown) -> list[Segment]:
    """The stages as shares of the whole, each with where it starts, in per cent."""
    found, start = [], 0.0
    for stage, seconds in breakdown.stages:
        share = 100 * seconds / breakdown.total if breakdown.total else 0.0
        found.append(Segment(stage, seconds, share, start))
        start += share
    return found


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
    """The points of a line through values between the least and the most of them; level where
    all are the same.
    """
    least, span = min(values), max(values) - min(values)
    step = (SPARK_WIDTH - 2 * SPARK_EDGE) / max(1, len(values) - 1)
    inner = SPARK_HEIGHT - 2 * SPARK_EDGE
    heights = ((value - least) / span if span else 0.5 for value in values)
    return " ".join(
        f"{SPARK_EDGE + i * step:.1f},{SPARK_EDGE + inner * (1 - height):.1f}"
        for i, height in enumerate(heights)
    )
