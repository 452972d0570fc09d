"""From nightly series to alerts: every night is judged once, over all metrics together, and each
change is told once.

The statistics are `changepoint`'s, the series `series`'. Nothing is remembered between nights but
the results themselves: the whole history is replayed, so that the same results give the same
alerts.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Literal

import numpy as np

from pipeline_perf.bench.follow.levels import Acknowledgement
from pipeline_perf.bench.follow.series import Night, Series
from pipeline_perf.bench.statistics import changepoint
from pipeline_perf.bench.statistics.changepoint import Values
from pipeline_perf.bench.statistics.compare import TOLERANCE

Kind = Literal["shift", "creep", "spread", "silence"]

#: False-discovery rate of one night. Asked 45 times in 60 nights, neighbouring nights being much
#: alike, it adds up. On tuning series 0.002 / 0.0015 / 0.001 gave false alarms (of all kinds) in
#: 3.4 / 3.0 / 2.3 % of 700 null series and found 95 / 94 / 92 % of 300 steps of 5 % within a week;
#: `calibrate.simulated` measures it on others.
SHIFT_LEVEL = 0.0015

#: Slower findings, whose nights overlap almost wholly: at this level they are a third of the few
#: false alarms.
CREEP_LEVEL = SPREAD_LEVEL = 0.0005

#: A spread that changes by less changes no verdict.
SPREAD_FACTOR = 1.5

#: Nights without a figure after which their absence is news. One is a machine that was off.
SILENT_NIGHTS = 3


@dataclass(frozen=True)
class Change:
    """What was found in series number `series`, in the night `raised`.

    All nights are places in the common calendar.

    `at` is the first night of the new state, `first` to `last` the nights that it may as well be.
    `ratio` is new over old level (shift), growth over the nights looked at (creep), or new over old
    spread.
    """

    series: int
    kind: Kind
    raised: int
    at: int
    first: int
    last: int
    ratio: float
    p: float
    steady: bool = True


def follow(
    columns: Sequence[Values], again: Callable[[int, int], float] | None = None
) -> list[Change]:
    """Replay the nights of several series, and return every change in the order of its night.

    Each of `columns` holds the logarithms of one series, a value a night, NaN where there is none.
    After a change, its series begins anew at the new level: that is what makes it one alert.
    `again(series, night)` gives the value measured again where the night's is outlying; without it
    the first measurement stands.

    >>> rng = np.random.default_rng(1)
    >>> step = np.log(1.1) * (np.arange(60) >= 50)
    >>> (change,) = follow([rng.normal(0, 0.02, 60) + step, rng.normal(0, 0.02, 60)])
    >>> change.series, change.kind, change.first <= 50 <= change.last, change.raised
    (0, 'shift', True, 53)
    """
    nights = max((len(column) for column in columns), default=0)
    seen: list[list[tuple[int, float]]] = [[] for _ in columns]
    changes: list[Change] = []
    for night in range(nights):
        asked: list[Change] = []
        for number, column in enumerate(columns):
            value = float(column[night]) if night < len(column) else math.nan
            if math.isnan(value):
                continue
            mine = seen[number]
            mine.append((night, value))
            if again and changepoint.outlying(_values(mine)):
                mine[-1] = (night, again(number, night))
            asked += _questions(number, mine)
        tonight: dict[int, Change] = {}
        for kind, level in (
            ("shift", SHIFT_LEVEL),
            ("creep", CREEP_LEVEL),
            ("spread", SPREAD_LEVEL),
        ):
            family = [change for change in asked if change.kind == kind]
            for change, discovered in zip(
                family, changepoint.discoveries([change.p for change in family], level), strict=True
            ):
                if discovered and _matters(change):
                    tonight.setdefault(
                        change.series,
                        _reclassified(change, seen[change.series][-changepoint.WINDOW :][0][0]),
                    )
        for change in tonight.values():
            fresh = change.at if change.kind == "shift" else change.raised
            seen[change.series] = [entry for entry in seen[change.series] if entry[0] >= fresh]
        changes += tonight.values()
    return changes


def _values(entries: Iterable[tuple[int, float]]) -> Values:
    return np.array([value for _, value in entries])


def _questions(number: int, entries: Sequence[tuple[int, float]]) -> list[Change]:
    """The tests of one series in one night, whatever their outcome: a family to control is one
    of all questions asked.
    """
    logs, nights = _values(entries), [night for night, _ in entries]
    tonight, oldest = nights[-1], nights[max(0, len(nights) - changepoint.WINDOW)]
    asked = []
    if shift := changepoint.shift(logs):
        at, first, last = (nights[place] for place in (shift.at, shift.first, shift.last))
        ratio = math.exp(shift.after - shift.before)
        asked.append(
            Change(number, "shift", tonight, at, first, last, ratio, shift.p, shift.steady)
        )
    if trend := changepoint.creep(logs):
        growth = trend.slope * (min(len(logs), changepoint.WINDOW) - 1)
        asked.append(
            Change(number, "creep", tonight, oldest, oldest, tonight, math.exp(growth), trend.p)
        )
    if spread := changepoint.spread_change(logs):
        at = nights[-changepoint.SPREAD_NIGHTS]
        # Spreads below the tolerance are all alike; a shift that was too small to tell widens one
        # by no more.
        ratio = spread.ratio if max(spread.before, spread.after) > TOLERANCE else 1.0
        asked.append(Change(number, "spread", tonight, at, oldest, tonight, ratio, spread.p))
    return asked


def _reclassified(change: Change, oldest: int) -> Change:
    """A level that moved like a line is a creep, whichever test saw it first: no night of it is
    the one on which it happened.
    """
    if change.kind == "shift" and not change.steady:
        return replace(change, kind="creep", at=oldest, first=oldest, last=change.raised)
    return change


def _matters(change: Change) -> bool:
    """Whether a change is large enough to tell anybody: significant and tiny is for nobody's
    night.
    """
    least = SPREAD_FACTOR if change.kind == "spread" else 1 + TOLERANCE
    return change.ratio >= least or change.ratio <= 1 / least


# Alerts ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class Finding:
    """One change of one metric, in dates and commits.

    `since` is the first night of the new state; the change came after the commit `good` and not
    after the commit `bad`, '' where it is not known. `ratio` as in `Change`; of a silence, 1.
    """

    metric: str
    kind: Kind
    raised: date
    since: date
    earliest: date
    latest: date
    good: str
    bad: str
    ratio: float
    p: float
    status: Literal["open", "acknowledged", "recovered"] = "open"

    @property
    def worse(self) -> bool:
        """Whether it is a loss: more of anything, but less of a rate ("rows_per_s",
        "rows_per_mib").
        """
        return (
            self.ratio < 1
            if "_per_" in self.metric.rpartition(" ")[2] and self.kind != "spread"
            else self.ratio >= 1
        )


@dataclass(frozen=True)
class Alert:
    """Changes that came at the same time, told as one; the clearest first.

    `raised` is the night on which the first was found.
    """

    raised: date
    findings: tuple[Finding, ...]

    @property
    def open(self) -> bool:
        """Whether somebody has yet to look: a loss that is neither acknowledged nor gone."""
        return any(finding.status == "open" and finding.worse for finding in self.findings)


def watch(series: Sequence[Series], acknowledged: Collection[Acknowledgement] = ()) -> list[Alert]:
    """Every alert on the nights of the `series`, watched all together, oldest first.

    Tonight's news are those `raised` on the last date. Findings that `acknowledged` ones settle
    have that status.
    """
    calendar = sorted({night.date for history in series for night in history.nights})
    nights = [{night.date: night for night in history.nights} for history in series]
    columns = [np.array([_log(mine.get(day)) for day in calendar]) for mine in nights]
    findings = [
        _finding(change, series[change.series].name, nights[change.series], calendar)
        for change in follow(columns)
    ]
    findings += [_silence(history) for history in series if history.silent_for >= SILENT_NIGHTS]
    return grouped(
        [replace(finding, status=_status(finding, findings, acknowledged)) for finding in findings]
    )


def to_measure_again(series: Iterable[Series]) -> list[str]:
    """The names of the `series` whose last night lies far off.

    It is measured again before anything is said about it.
    """
    return [
        history.name
        for history in series
        if not history.silent_for and changepoint.outlying(history.logs())
    ]


def grouped(findings: Iterable[Finding]) -> list[Alert]:
    """The `findings` whose possible nights overlap, as one alert.

    One commit moves many metrics, and is one piece of news.
    """
    groups: list[list[Finding]] = []
    for finding in sorted(findings, key=lambda finding: (finding.raised, finding.p)):
        kin = (group for group in groups if all(_together(finding, other) for other in group))
        group = next(kin, None)
        if group is None:
            groups.append([finding])
        else:
            group.append(finding)
    return [
        Alert(
            min(finding.raised for finding in group),
            tuple(sorted(group, key=lambda finding: finding.p)),
        )
        for group in groups
    ]


def _together(finding: Finding, other: Finding) -> bool:
    return (
        finding.kind == other.kind
        and finding.metric != other.metric
        and finding.earliest <= other.latest
        and other.earliest <= finding.latest
    )


def _log(night: Night | None) -> float:
    return math.log(night.value) if night and night.value is not None else math.nan


def _finding(
    change: Change, metric: str, nights: dict[date, Night], calendar: Sequence[date]
) -> Finding:
    before = [
        day for day in calendar[: change.first] if day in nights and nights[day].value is not None
    ]
    return Finding(
        metric,
        change.kind,
        calendar[change.raised],
        calendar[change.at],
        calendar[change.first],
        calendar[change.last],
        nights[before[-1]].commit if before else "",
        nights[calendar[change.last]].commit,
        change.ratio,
        change.p,
    )


def _silence(series: Series) -> Finding:
    """A finding on a series that has fallen silent, raised on the night that made it one."""
    silent = series.nights[-series.silent_for :]
    heard = series.usable[-1].commit if series.usable else ""
    raised = silent[SILENT_NIGHTS - 1].date
    return Finding(
        series.name,
        "silence",
        raised,
        silent[0].date,
        silent[0].date,
        raised,
        heard,
        silent[0].commit,
        1.0,
        0.0,
    )


def _status(
    finding: Finding, findings: Iterable[Finding], acknowledged: Iterable[Acknowledgement]
) -> Literal["open", "acknowledged", "recovered"]:
    if any(
        entry.metric == finding.metric and finding.earliest <= entry.since <= finding.raised
        for entry in acknowledged
    ):
        return "acknowledged"
    if finding.kind == "shift":
        level = finding.ratio
        for later in sorted(
            (
                other
                for other in findings
                if other.metric == finding.metric and other.kind == "shift"
            ),
            key=lambda o: o.raised,
        ):
            if later.raised > finding.raised:
                level *= later.ratio
                if (1 / (1 + TOLERANCE) <= level <= 1 + TOLERANCE) or (level < 1) != (
                    finding.ratio < 1
                ):
                    return "recovered"
    return "open"
