"""The calls of a lake as a picture: a page of bars, with the looks of the other reports.

Telephone numbers are masked. What is counted is the business of `lake.selection`.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from pathlib import Path

from pipeline_perf.lake.selection import Summary
from pipeline_perf.numbers import number as written
from pipeline_perf.privacy import masked, shown

#: View box of a chart: columns this wide, bars this high at most, and the room for their labels.
COLUMN, HEIGHT, LABEL = 36, 120, 34

BAR = 'fill="var(--accent)"'


def calls_page(summary: Summary, title: str, of: str) -> str:
    """The whole page. `of` says which events are counted."""
    style = Path(__file__).with_name("page.css").read_text(encoding="utf-8")
    charts = (
        ("By month", _columns(summary.months)),
        ("By hour", _columns(summary.hours)),
        ("By weekday", _columns(summary.weekdays)),
        ("Counterparts", _rows(summary.counterparts)),
    )
    body = "".join(f"<section><h2>{name}</h2>\n{chart}</section>\n" for name, chart in charts)
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>\n{style}</style>\n</head>\n<body>\n<main>\n"
        f'<header><h1>{escape(title)}</h1>\n<p class="soft">{escape(of)}</p></header>\n'
        f"{body}</main>\n</body>\n</html>\n"
    )


def _columns(counts: Sequence[tuple[str, int]]) -> str:
    """A bar for each count, side by side, its number above and its name below."""
    if not counts:
        return '<p class="soft">none</p>\n'
    most = max(number for _, number in counts) or 1
    width, height = max(len(counts), 12) * COLUMN, HEIGHT + LABEL
    bars = []
    for place, (name, number) in enumerate(counts):
        high = round(HEIGHT * number / most, 1)
        x, middle, top = place * COLUMN + 3, place * COLUMN + COLUMN / 2, 16 + HEIGHT - high
        label = name[2:] if len(name) > 5 else name  # 2024-05 is 24-05
        bars.append(
            f'<rect x="{x}" y="{top}" width="{COLUMN - 6}" height="{high}" {BAR}>'
            f"<title>{escape(name)}: {written(number)}</title></rect>"
            + (_text(middle, top - 4, written(number)) if number else "")
            + _text(middle, HEIGHT + LABEL - 4, label)
        )
    return (
        f'<svg viewBox="0 0 {width} {height}" width="100%" style="max-width: {width}px"'
        f' role="img">{"".join(bars)}</svg>\n'
    )


def _text(x: float, y: float, text: str) -> str:
    return (
        f'<text x="{x}" y="{round(y, 1)}" text-anchor="middle" font-size="11"'
        f' fill="var(--soft)">{escape(text)}</text>'
    )


def _rows(counts: Sequence[tuple[str, int]]) -> str:
    """A row for each counterpart, masked, with a bar as long as its count."""
    if not counts:
        return '<p class="soft">none</p>\n'
    most = max(number for _, number in counts)
    rows = "".join(
        f"<tr><td>{escape(masked(shown(name)))}</td>"
        f'<td style="text-align: right">{written(number)}</td>'
        f'<td style="width: 60%"><svg viewBox="0 0 100 10" width="100%" height="10"'
        f' preserveAspectRatio="none"><rect width="{round(100 * number / most, 1)}" height="10"'
        f" {BAR}/></svg></td></tr>\n"
        for name, number in counts
    )
    return f"<table>\n<tbody>\n{rows}</tbody>\n</table>\n"
