"""Scenarios: what is generated and measured, how often, against what; read from scenarios.yaml.

The head of that file documents its form. Nothing here generates, measures or schedules.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import MISSING, dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args

from pipeline_perf.contract import SCENARIOS
from pipeline_perf.errors import ProjectError
from pipeline_perf.synth.dataset import DatasetSpec

if TYPE_CHECKING:
    import yaml

Tier = Literal["ci", "nightly", "weekly"]
Family = Literal["ingest", "scenario"]

TIERS: tuple[Tier, ...] = get_args(Tier)


#: References that are bare copies; any other is the name of a scenario.
COPIES = ("copy", "lines")


class ScenarioError(ProjectError):
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

    Raises ScenarioError naming file, line and remedy for anything that is not as the file's head
    says.
    """
    import yaml

    try:
        root = yaml.compose(path.read_text(encoding="utf-8"), yaml.SafeLoader)
    except OSError as error:
        raise ScenarioError(
            f"{path}: cannot be read ({error.strerror}); give the path of a scenarios file"
        ) from error
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise ScenarioError(
            f"{path}:{line}: this is not YAML ({error.problem}); check indentation and quotes here"
        ) from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ScenarioError(
            f"{path}: not readable as text in UTF-8 ({error}); save it in UTF-8"
        ) from error
    return _Reader(path).scenarios(root)


@dataclass(frozen=True)
class _Reader:
    path: Path

    def error(self, node: yaml.Node | None, problem: str, remedy: str) -> ScenarioError:
        return ScenarioError(
            f"{self.path}:{node.start_mark.line + 1 if node else 1}: {problem}; {remedy}"
        )

    def scenarios(self, root: yaml.Node | None) -> list[Scenario]:
        found: dict[str, tuple[yaml.Node, Scenario]] = {}
        for tier, section in self.pairs(root, "tiers, each with its scenarios"):
            if tier.value not in TIERS:
                raise self.error(
                    tier, f"there is no tier {tier.value!r}", f"use one of {', '.join(TIERS)}"
                )
            for name, node in self.pairs(section, "scenarios, each a name and its fields"):
                if name.value in found:
                    raise self.error(
                        name,
                        f"the name {name.value!r} is used twice",
                        "give every scenario a name of its own",
                    )
                if not name.value.isidentifier():
                    raise self.error(
                        name,
                        f"{name.value!r} is no name",
                        "use letters, digits and _ only, and begin with a letter",
                    )
                found[name.value] = name, self.scenario(name, tier.value, node)
        for node, scenario in found.values():
            reference = scenario.measure.reference if scenario.measure else ""
            if (
                reference
                and reference not in COPIES
                and (reference == scenario.name or reference not in found)
            ):
                remedy = f"use {', '.join(COPIES)} or the name of another scenario in this file"
                raise self.error(
                    node, f"{scenario.name}: there is no reference {reference!r}", remedy
                )
        return [scenario for _, scenario in found.values()]

    def scenario(self, name: yaml.ScalarNode, tier: Any, node: yaml.Node) -> Scenario:
        entry = self.fields(
            name, node, {"says", "data", "family", "measure", "score"}, {"says", "data"}
        )
        family = self.text(entry["family"]) if "family" in entry else "ingest"
        if family not in get_args(Family):
            raise self.error(
                entry["family"],
                f"there is no family {family!r}",
                f"use one of {', '.join(get_args(Family))}",
            )
        data = tuple(self.build(DatasetSpec, name, spec) for spec in self.items(entry["data"]))
        if len(set(data)) < len(data):
            raise self.error(
                entry["data"],
                f"{name.value}: the same data set stands here twice",
                "give one of them another seed",
            )
        measure = self.build(Measure, name, entry["measure"]) if "measure" in entry else None
        if measure and measure.reference in COPIES and len(data) > 1:
            raise self.error(
                entry["measure"],
                f"{name.value}: a copy is made of one file",
                "leave the reference out, or use one data set",
            )
        try:
            score = _truth(self.text(entry["score"])) if "score" in entry else True
        except ValueError:
            raise self.error(
                entry["score"],
                f"{name.value}: score is {self.text(entry['score'])!r}",
                "write true or false",
            ) from None
        # checked above
        says = self.text(entry["says"])
        kind: Any = family
        return Scenario(name.value, tier, says, data, kind, measure, score)

    def build(self, kind: type[Any], name: yaml.ScalarNode, node: yaml.Node) -> Any:
        """A dataclass of numbers and texts from a mapping; what its own checks refuse is told
        with the line.
        """
        known: dict[str, Callable[[str], Any]] = {"int": int, "float": float, "bool": _truth}
        kinds = {field.name: known.get(str(field.type), str) for field in fields(kind)}
        needed = {field.name for field in fields(kind) if field.default is MISSING}
        values: dict[str, Any] = {}
        for key, value in self.fields(name, node, set(kinds), needed).items():
            try:
                values[key] = kinds[key](self.text(value))
            except ValueError:
                # types as keys
                expected = {int: "a whole number", float: "a number"}.get(
                    kinds[key], "true or false"
                )  # type: ignore[call-overload]
                raise self.error(
                    value, f"{name.value}: {key} is {self.text(value)!r}", f"write {expected}"
                ) from None
        try:
            return kind(**values)
        except ValueError as error:
            raise self.error(node, f"{name.value}: {error}", "correct the entry") from None

    def fields(
        self, name: yaml.ScalarNode, node: yaml.Node, known: set[str], needed: set[str]
    ) -> dict[str, yaml.Node]:
        pairs = self.pairs(node, f"fields such as {', '.join(sorted(needed))}")
        for key, _ in pairs:
            if key.value not in known:
                raise self.error(
                    key,
                    f"{name.value}: there is no field {key.value!r}",
                    f"use one of {', '.join(sorted(known))}",
                )
        found = {key.value: value for key, value in pairs}
        for missing in sorted(needed - found.keys()):
            raise self.error(
                node, f"{name.value}: the field {missing!r} is missing", f"add `{missing}:`"
            )
        return found

    def pairs(
        self, node: yaml.Node | None, expected: str
    ) -> list[tuple[yaml.ScalarNode, yaml.Node]]:
        """Key and value nodes of a mapping, no key twice."""
        import yaml

        if not isinstance(node, yaml.MappingNode) or not node.value:
            raise self.error(node, "nothing usable here", f"write {expected}")
        pairs: list[tuple[yaml.ScalarNode, yaml.Node]] = []
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise self.error(key, "a key must be plain text", f"write {expected}")
            if any(key.value == other.value for other, _ in pairs):
                raise self.error(key, f"{key.value!r} stands here twice", "leave one of them out")
            pairs.append((key, value))
        return pairs

    def items(self, node: yaml.Node) -> list[yaml.Node]:
        import yaml

        if not isinstance(node, yaml.SequenceNode) or not node.value:
            raise self.error(
                node,
                "a list of data sets belongs here",
                "write [{carrier: att, format: csv, rows: 1000}]",
            )
        return list(node.value)

    def text(self, node: yaml.Node) -> str:
        import yaml

        if not isinstance(node, yaml.ScalarNode):
            raise self.error(node, "a list or mapping stands where text belongs", "write one value")
        return str(node.value)


def _truth(text: str) -> bool:
    if text not in ("true", "false"):
        raise ValueError
    return text == "true"
