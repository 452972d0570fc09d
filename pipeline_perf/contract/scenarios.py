"""Scenarios: what is generated and measured, how often, against what; read from scenarios.yaml.

The head of that file documents its form. Nothing here generates, measures or schedules.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from pipeline_perf.contract import SCENARIOS
from pipeline_perf.spelling import meant
from pipeline_perf.synth.dataset import DatasetSpec
from pipeline_perf.yaml_facts import FactsError, Slip, read_sections

Tier = Literal["ci", "nightly", "weekly"]
Family = Literal["ingest", "scenario"]

TIERS: tuple[Tier, ...] = get_args(Tier)


#: References that are bare copies; any other is the name of a scenario.
COPIES = ("copy", "lines")


class ScenarioError(FactsError):
    """A scenario is not written as the head of the scenarios file says."""

    code = "scenario"


@dataclass(frozen=True)
class Measure:
    """How a scenario is measured: `repetitions` recorded runs after `warmup` others, interleaved
    with `reference` ('' for none).

    `compared`: at every change, with the code that it departs from. `followed`: over the nights,
    against the pinned computation.
    """

    repetitions: int
    warmup: int = 1
    reference: str = ""
    compared: bool = False
    followed: bool = False

    def __post_init__(self) -> None:
        if self.repetitions < 1 or self.warmup < 0:
            raise ValueError("repetitions must be at least 1, and warmup at least 0")

    @property
    def ratio(self) -> str:
        """The name of the ratio to the reference: ratio_to_copy, ratio_to_1m; '' without one."""
        if not self.reference:
            return ""
        return (
            "ratio_to_copy"
            if self.reference in COPIES
            else f"ratio_to_{self.reference.partition('_')[2] or self.reference}"
        )


@dataclass(frozen=True)
class Scenario:
    """One entry of the scenarios file.

    `score`: whether its events are compared with the truth, all of them in memory.
    """

    name: str
    tier: Tier
    says: str
    data: tuple[DatasetSpec, ...]
    family: Family = "ingest"
    measure: Measure | None = None
    score: bool = True

    @property
    def workload(self) -> str:
        """The name that its measurements carry."""
        return f"{self.family}.{self.name}"

    @property
    def records(self) -> int:
        """Records of the first file of each data set: the size that the scenario is named for."""
        return sum(spec.rows for spec in self.data)


def load(path: Path = SCENARIOS) -> list[Scenario]:
    """The scenarios of a YAML file, in its order.

    Raises ScenarioError naming file, line and remedy for everything that is not as the file's head
    says.
    """
    return read_sections(path, Scenario, ScenarioError, ("tier", "name"), check=_slips)


def _slips(scenarios: list[Scenario]) -> Iterable[Slip]:
    """What is wrong with scenarios whose keys and types are right."""
    names = {scenario.name for scenario in scenarios}
    for scenario in scenarios:
        name, data, place = scenario.name, scenario.data, (scenario.tier, scenario.name)
        if not name.isidentifier():
            remedy = "use letters, digits and _ only, and begin with a letter"
            yield place, f"{name!r} is no name; {remedy}"
        if not data:
            remedy = "write a list such as [{carrier: att, format: csv, rows: 1000}]"
            yield (*place, "data"), f"{name}: there is no data set; {remedy}"
        for nth, spec in enumerate(data):
            if spec in data[:nth]:
                problem = f"{name}: the same data set stands here twice"
                yield (*place, "data", nth), f"{problem}; give one of them another seed"
        reference = scenario.measure.reference if scenario.measure else ""
        at = (*place, "measure", "reference")
        if reference in COPIES and len(data) > 1:
            remedy = "leave the reference out, or use one data set"
            yield at, f"{name}: a copy is made of one file; {remedy}"
        if reference and reference not in {*COPIES, *names} - {name}:
            remedy = f"use {', '.join(COPIES)} or the name of another scenario in this file"
            like = meant(reference, {*COPIES, *names} - {name})
            yield at, f"{name}: there is no reference {reference!r}{like}; {remedy}"
