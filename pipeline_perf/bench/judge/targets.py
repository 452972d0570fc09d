"""Targets, and the verdict on each: what must hold, what was measured, by how much it holds.

Nothing here measures or stores. The targets themselves are facts in a YAML file, whose head
documents its form.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterable, Sequence, Set
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from pathlib import Path
from statistics import fmean, median
from typing import Any, Literal

from pipeline_perf.bench.errors import LabError
from pipeline_perf.bench.measure.measurement import Measurement
from pipeline_perf.yaml_facts import FactsError, Slip, read_sections

Status = Literal["pass", "warn", "fail", "unresolved", "tracked", "not_measured", "planned"]
Aggregate = Literal["median", "mean", "max", "min"]
Comparator = Literal["<", "<=", ">", ">=", "=="]


_HOLDS: dict[str, Callable[[float, float], bool]] = {
    "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge, "==": operator.eq,
}  # fmt: skip
_AGGREGATES: dict[str, Callable[[Sequence[float]], float]] = {
    "median": median,
    "mean": fmean,
    "max": max,
    "min": min,
}
_BYTES = {"kB": 10**3, "MB": 10**6, "GB": 10**9, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30}
_LIMIT = re.compile(r"(<=|>=|==|<|>)\s*([-+]?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?)\s*([A-Za-z]*)")

#: From best to worst: where a target covers several scopes, the worst one is its verdict.
_RANK: dict[Status, int] = {
    "planned": 0,
    "not_measured": 0,
    "tracked": 1,
    "pass": 2,
    "unresolved": 3,
    "warn": 4,
    "fail": 5,
}


#: Metric → scope → its figures, one per repetition.
_Groups = dict[str, dict[str, list[Measurement]]]


class TargetError(FactsError, LabError):
    """A target is not written as the head of the targets file says."""

    code = "target"


@dataclass(frozen=True)
class Threshold:
    """A limit with its comparator, stated as what holds: `actual comparator limit`."""

    comparator: Comparator
    limit: float

    def holds(self, value: float) -> bool:
        """Whether a value, in the unit of the limit, is on the right side of it."""
        return _HOLDS[self.comparator](value, self.limit)

    def holds_within(self, low: float, high: float) -> bool | None:
        """Whether it holds all over a bracket (True), nowhere (False), or in a part only (None).

        `low` and `high` are the ends of the bracket, in the unit of the limit.

        >>> limit = Threshold("<", 300.0)
        >>> limit.holds_within(280.0, 290.0), limit.holds_within(290.0, 310.0)
        (True, None)
        """
        if self.comparator == "==":
            return (self.holds(low) and self.holds(high)) or (
                None if low <= self.limit <= high else False
            )
        ends = self.holds(low), self.holds(high)
        return ends[0] if ends[0] == ends[1] else None

    def margin(self, value: float) -> float | None:
        """Room between a value and the limit as a share of it, negative beyond it.

        None where the limit is 0 or exact.

        >>> Threshold("<", 300.0).margin(3.0), Threshold(">", 0.5).margin(0.25)
        (0.99, -0.5)
        """
        if self.limit == 0 or self.comparator == "==":
            return None
        room = self.limit - value if self.comparator in ("<", "<=") else value - self.limit
        return room / abs(self.limit)

    def __str__(self) -> str:
        return f"{self.comparator} {self.limit:g}"


@dataclass(frozen=True)
class Target:
    """One line of the contract.

    The fields are those of the targets file, plus the section it stands in.
    """

    id: str
    section: str
    holds: str
    why: str
    metric: str = ""  # left out: the id
    scope: tuple[str, ...] = ("*",)
    unit: str = ""
    aggregate: Aggregate = "median"
    required: Threshold | None = None
    ours: Threshold | None = None
    warn: Threshold | None = None
    critical: Threshold | None = None

    def __post_init__(self) -> None:
        if not self.metric:
            object.__setattr__(self, "metric", self.id)

    @property
    def severity(self) -> Literal["ERROR", "WARN"]:
        """What missing it is, before it has ever been met."""
        return "ERROR" if self.required else "WARN"

    @property
    def limits(self) -> tuple[Threshold, ...]:
        """Those of its four limits that it has."""
        return tuple(
            limit for limit in (self.required, self.ours, self.warn, self.critical) if limit
        )

    def covers(self, measurement: Measurement) -> bool:
        """Whether a measurement is one of its metric, in one of its scopes."""
        return measurement.metric == self.metric and any(
            fnmatchcase(measurement.scope, pattern) for pattern in self.scope
        )


@dataclass(frozen=True)
class Verdict:
    """What became of a target. `margin` is the room up to `threshold`, the limit that decided.

    `scope` is the scenario that decided, the worst of those measured. `alert` says which alert
    level the figure is beyond; `note` why the verdict is not simply what the figures say.
    """

    target: Target
    status: Status
    actual: float | None = None
    low: float | None = None
    high: float | None = None
    scope: str = ""
    repetitions: int = 0
    threshold: Threshold | None = None
    margin: float | None = None
    meets_required: bool | None = None
    meets_ours: bool | None = None
    alert: Literal["", "warn", "critical"] = ""
    note: str = ""

    @property
    def severity(self) -> Literal["ERROR", "WARN"] | None:
        """How loud it is: ERROR ends a job with a non-zero status; None where nothing is amiss."""
        if self.status == "fail":
            return "ERROR"
        return "WARN" if self.status in ("warn", "unresolved") else None


def judge(
    targets: Iterable[Target],
    measurements: Iterable[Measurement],
    met_before: Set[str] = frozenset(),
) -> list[Verdict]:
    """The verdict on every target, in their order, by the `measurements` of a run.

    `met_before` are the ids of targets whose own limit (`ours`) has been met once: missing it is
    then a failure and no longer a warning. A scope with a failed repetition fails, whatever the
    others took.
    """
    groups: _Groups = {}
    for measurement in measurements:
        groups.setdefault(measurement.metric, {}).setdefault(measurement.scope, []).append(
            measurement
        )
    verdicts = []
    for target in targets:
        judged = [
            _judge_scope(target, scope, groups, target.id in met_before)
            for scope in _scopes(target, groups)
        ]
        verdicts.append(max(judged, key=_badness, default=Verdict(target, "not_measured")))
    return verdicts


def planned(verdicts: Iterable[Verdict], workloads: Iterable[str]) -> list[Verdict]:
    """The verdicts, those that nothing here can measure as *planned*.

    `workloads` are the names (family.scope) of whatever is or was measured here; a family alone
    stands for all of its scopes.
    """
    known: dict[str, set[str]] = {}
    for name in workloads:
        family, _, scope = name.partition(".")
        known.setdefault(family, set()).add(scope)

    def measurable(target: Target) -> bool:
        scopes = known.get(target.metric.partition(".")[0], set())
        return "" in scopes or any(
            fnmatchcase(scope, pattern) for scope in scopes for pattern in target.scope
        )

    return [
        replace(verdict, status="planned")
        if verdict.status == "not_measured" and not measurable(verdict.target)
        else verdict
        for verdict in verdicts
    ]


def met(verdicts: Iterable[Verdict]) -> set[str]:
    """The ids of the targets whose own limit is met by `verdicts`."""
    return {verdict.target.id for verdict in verdicts if verdict.meets_ours}


def met_in(targets: Sequence[Target], runs: Iterable[Iterable[Measurement]]) -> set[str]:
    """The ids of the targets whose own limit was met in any of the runs."""
    own = [target for target in targets if target.ours]
    return set[str]().union(*(met(judge(own, measurements)) for measurements in runs))


def _badness(verdict: Verdict) -> tuple[int, float]:
    return _RANK[verdict.status], -(verdict.margin if verdict.margin is not None else float("inf"))


def _failures(target: Target, scope: str, groups: _Groups) -> tuple[list[Measurement], int]:
    """The failed repetitions of the workload behind a target's figures, and how many repetitions
    there were.
    """
    turns = groups.get(f"{target.metric.partition('.')[0]}.failed", {}).get(scope, [])
    return [turn for turn in turns if turn.value], len(turns)


def _scopes(target: Target, groups: _Groups) -> list[str]:
    """The scopes with something to judge: the target's metric, or a failure in its place.

    A pattern does not claim the failure of a workload that may not carry the metric at all; a scope
    named in full does.
    """
    measured = {
        scope
        for scope in groups.get(target.metric, {})
        if any(fnmatchcase(scope, pattern) for pattern in target.scope)
    }
    return sorted(
        measured | {scope for scope in target.scope if _failures(target, scope, groups)[0]}
    )


def _judge_scope(target: Target, scope: str, groups: _Groups, met_before: bool) -> Verdict:
    group = groups.get(target.metric, {}).get(scope, [])
    failures, tried = _failures(target, scope, groups)
    aggregate = _AGGREGATES[target.aggregate]
    actual = low = high = None
    if group:
        actual = aggregate([figure.value for figure in group])
        low = aggregate([figure.value if figure.low is None else figure.low for figure in group])
        high = aggregate([figure.value if figure.high is None else figure.high for figure in group])
    common: dict[str, Any] = {
        "actual": actual,
        "low": low,
        "high": high,
        "scope": scope,
        "repetitions": len(group),
    }
    if failures:
        reason = (
            f"{len(failures)} of {tried} repetitions failed:"
            f" {failures[0].reason or 'no reason given'}"
        )
        status: Status = "fail" if target.required or met_before else "warn"
        limit = target.required or target.ours
        return Verdict(
            target,
            status,
            **common,
            threshold=limit,
            note=reason,
            meets_required=False if target.required else None,
        )
    # a scope without failure was chosen for its figures
    assert actual is not None and low is not None and high is not None
    required = target.required.holds_within(low, high) if target.required else None
    ours = target.ours.holds_within(low, high) if target.ours else None
    alert: Literal["", "warn", "critical"] = ""
    if target.critical and not target.critical.holds(actual):
        alert = "critical"
    elif target.warn and not target.warn.holds(actual):
        alert = "warn"
    status, threshold, note = _status(target, required, ours, alert, met_before)
    return Verdict(
        target,
        status,
        **common,
        threshold=threshold,
        margin=threshold.margin(actual) if threshold else None,
        meets_required=required,
        meets_ours=ours,
        alert=alert,
        note=note,
    )


def _status(
    target: Target,
    required: bool | None,
    ours: bool | None,
    alert: Literal["", "warn", "critical"],
    met_before: bool,
) -> tuple[Status, Threshold | None, str]:
    """Status, the limit that decided, and what there is to say about it; the gravest finding
    first.
    """
    if not target.limits:
        return "tracked", None, ""
    if target.required and required is False:
        return "fail", target.required, ""
    if target.ours and ours is False and met_before:
        return "fail", target.ours, "met before: this is a step back"
    if target.required and required is None:
        return (
            "unresolved",
            target.required,
            "the limit lies within what the measurement leaves open",
        )
    if target.ours and ours is False:
        return "warn", target.ours, ""
    if alert:
        return (
            "warn",
            target.critical if alert == "critical" else target.warn,
            f"beyond the alert level {alert}",
        )
    if target.ours and ours is None:
        return "unresolved", target.ours, "the limit lies within what the measurement leaves open"
    return "pass", target.required or target.ours or target.warn or target.critical, ""


# Reading the file ---------------------------------------------------------------------------------


class _Bytes(float):
    """A limit that was written as bytes are, such as 2 GiB; its target's unit must be B."""


def load(path: Path) -> list[Target]:
    """The targets of a YAML file, in its order.

    Raises TargetError naming file, line and remedy for everything that is not as the file's head
    says.
    """
    short = {Threshold: _threshold}
    return read_sections(path, Target, TargetError, ("section", "id"), short=short, check=_slips)


def _threshold(text: str) -> Threshold:
    """`< 2 GiB` is short for a comparator and a limit."""
    match = _LIMIT.fullmatch(text.strip())
    if not match or (match[3] and match[3] not in _BYTES):
        raise ValueError(
            f'{text!r} is no limit; write a comparator and a number, as in "< 300", or with'
            f" {', '.join(_BYTES)} where the unit is B"
        )
    comparator: Any = match[1]
    limit = float(match[2])
    return Threshold(comparator, _Bytes(limit * _BYTES[match[3]]) if match[3] else limit)


def _slips(targets: list[Target]) -> Iterable[Slip]:
    """What is wrong with targets whose keys and types are right."""
    for target in targets:
        place = (target.section, target.id)
        for key in ("holds", "why"):
            if not getattr(target, key):
                yield (*place, key), f"{target.id}.{key} is empty; write a sentence"
        if "." not in target.metric:
            problem = f"{target.id}: metric {target.metric!r} has no family"
            yield (*place, "metric"), f"{problem}; write family.metric"
        for key in ("required", "ours", "warn", "critical"):
            limit: Threshold | None = getattr(target, key)
            if limit and isinstance(limit.limit, _Bytes) and target.unit != "B":
                problem = f"{target.id}.{key} is in bytes, and the unit is {target.unit!r}"
                yield (*place, key), f"{problem}; write `unit: B`, or a number alone"
