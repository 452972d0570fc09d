"""Trials of the attribution: a known function is made slower or faster, or its work moved to
another, and it must be named first; any other name is a wrong one.

The change is a real one, a loop written into the source of a copy of a program; the copies live in
a temporary folder. Programs are workloads whose package lies here as source, and PyYAML, which has
a few hundred functions of pure Python. `plant` changes any other source alike.
"""

from __future__ import annotations

import ast
import random
import shutil
import sys
import tempfile
import time
import timeit
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from typing import Literal

from pipeline_perf.bench.errors import LabError
from pipeline_perf.bench.explain.attribution import (
    SAMPLES,
    WITHIN_S,
    Attribution,
    attribute_workloads,
)
from pipeline_perf.bench.explain.profile import Frame, profile_time
from pipeline_perf.bench.judge.revision import Tree
from pipeline_perf.bench.measure.measure import measure_pair, run_once
from pipeline_perf.bench.measure.workload import PYTHON, Workload

Kind = Literal["slower", "faster", "moved"]

KINDS: tuple[Kind, ...] = ("slower", "faster", "moved")

#: What is planted, as a share of all CPU time: drawn between these, of one trial in two. The others
#: are as large as a change of the whole algorithm: such a function holds most of the time of one
#: side, and the others' shares move the more.
SHARES, LARGE_SHARES = (0.05, 0.10), (0.4, 0.8)

#: Documents of YAML that one run reads, which takes two to three seconds: start-up is then a small
#: part of it.
_DOCUMENTS = 36

#: Pairs of unprofiled runs that show by how much the planted loop slows a run down.
_PAIRS = 5

#: The least of so many turns is what a piece of work takes when nothing else is in the way.
_TURNS = 4

#: Turns of a loop that are timed.
_TIMED = 100_000

_SCRIPT = '''
import sys
import yaml

ITEM = """- name: 'item {0}'
  size: {0}
  share: 0.{0}
  tags: [red, green, {{deep: true}}]
  text: "quoted \\t text {0}"
  note: |
    line one of {0}
    line two
  day: 2026-03-{1:02}
"""
text = "".join(ITEM.format(number, number % 28 + 1) for number in range(150))
for _ in range(int(sys.argv[1])):
    assert len(yaml.load(text, yaml.SafeLoader)) == 150
'''


class PlantError(LabError):
    """Nothing can be planted where it was asked for."""

    code = "plant"


@dataclass(frozen=True)
class Program:
    """What plants are made in: a workload, and its package's folder (or its module's file)."""

    workload: Workload
    source: Path


@dataclass(frozen=True)
class Trial:
    """One trial: what was planted, and what the attribution said.

    `kind` says whether `function` was made slower, faster, or had its work *moved* to the function
    `to`. `planted` is the planned growth in units of the CPU time before, `measured` that of
    unprofiled runs side by side, and `growth` the one that was found for what is named first.
    `right` says whether a function that changed was named first, `wrong` whether another one was:
    naming none is neither.
    """

    program: str
    kind: Kind
    function: str
    to: str
    planted: float
    measured: float
    verdict: str
    first: str
    stage: str
    right: bool
    wrong: bool
    right_stage: bool
    growth: float
    z: float
    named: int
    subject_samples: int
    base_samples: int
    spread: float

    @property
    def says(self) -> str:
        """A line about it."""
        outcome = "right" if self.right else "WRONG" if self.wrong else "not named"
        where = f"{self.function} to {self.to}" if self.to else self.function
        named = f"{self.first} {self.growth:+.1%}" if self.first else "nothing"
        return (
            f"{outcome}: {self.program}, {self.kind} {where} {self.planted:.1%}, CPU time"
            f" {self.measured:+.1%}; named {named}"
        )


def program_of(workload: Workload) -> Program:
    """A workload as a program to plant in. Raises PlantError where its source is not found."""
    spec = find_spec(workload.module) if workload.module else None
    if spec is None or not spec.origin:
        raise PlantError(
            f"the source of {workload.name} is not found",
            "name a workload that runs `{python} -m module` or a target of an installed package",
        )
    return Program(workload, _source(spec.origin))


def yaml_program() -> Program:
    """PyYAML reading documents. Raises PlantError where it is not installed."""
    spec = find_spec("yaml")
    if spec is None or not spec.origin:
        raise PlantError("PyYAML is not installed", "pip install PyYAML")
    modules = ("reader", "scanner", "parser", "composer", "resolver", "constructor")
    workload = Workload(
        "planted.yaml",
        command=(PYTHON, "-c", _SCRIPT, str(_DOCUMENTS)),
        stages={f"yaml.{module}": module for module in modules},
    )
    return Program(workload, _source(spec.origin))


def _source(origin: str) -> Path:
    path = Path(origin)
    return path.parent if path.name == "__init__.py" else path


def plant(root: Path, function: str, statement: str) -> None:
    """Write a statement into the source below `root`, as the first that a function executes.

    `function` is "package.module:Class.function". Raises PlantError where there is no such
    function.
    """
    path, source, first = _place(root, function)
    lines = source.splitlines(keepends=True)
    lines.insert(first.lineno - 1, f"{' ' * first.col_offset}{statement}\n")
    path.write_text("".join(lines), encoding="utf-8")


def _place(root: Path, function: str) -> tuple[Path, str, ast.stmt]:
    """The file that a function stands in, its text, and the first statement that it executes."""
    module, _, name = function.partition(":")
    path = root.joinpath(*module.split(".")).with_suffix(".py")
    if not path.is_file():
        path = root.joinpath(*module.split("."), "__init__.py")
    source = path.read_text(encoding="utf-8") if path.is_file() else ""
    body: Sequence[ast.stmt] = ast.parse(source).body
    for part in name.split("."):
        node = next(
            (
                node
                for node in body
                if isinstance(node, ast.ClassDef | ast.FunctionDef) and node.name == part
            ),
            None,
        )
        if node is None:
            raise PlantError(
                f"there is no {name}",
                "give module:Class.function as it stands in the source",
                file=str(path),
            )
        body = node.body
    first = (
        body[1]
        if len(body) > 1
        and isinstance(body[0], ast.Expr)
        and isinstance(body[0].value, ast.Constant)
        else body[0]
    )
    if source.splitlines()[first.lineno - 1][: first.col_offset].strip():
        raise PlantError(
            f"{name} has its body on the line of its head",
            "choose another function",
            file=str(path),
            line=first.lineno,
        )
    return path, source, first


def trials(
    programs: Sequence[Program],
    runs: int,
    seed: int = 0,
    *,
    lock: Path,
    samples: int = SAMPLES,
    within_s: float = WITHIN_S,
) -> Iterator[Trial]:
    """So many trials (`runs`) one by one, of the programs and the kinds in turns.

    Functions and sizes are drawn from `seed`. `samples`, `within_s` and `lock` as in
    `attribute_workloads`. Raises PlantError for a program in which no function can be changed.
    """
    chance = random.Random(seed)
    known: dict[int, tuple[list[str], float]] = {}
    with tempfile.TemporaryDirectory(prefix="planted-") as directory:
        clean = Path(directory, "clean")
        for number in range(runs):
            place = number % len(programs)
            program = programs[place]
            if place not in known:
                workload = _placed(program, clean / str(place))
                known[place] = (
                    _functions(workload, clean / str(place), lock),
                    min(run_once(workload, lock=lock).cpu_s for _ in range(_TURNS)),
                )
            functions, run_s = known[place]
            kind = KINDS[number // len(programs) % len(KINDS)]
            if kind == "moved" and len(functions) < 2:
                kind = "slower"
            share = chance.uniform(*(LARGE_SHARES if number % 2 else SHARES))
            function, to = (*chance.sample(functions, 2 if kind == "moved" else 1), "")[:2]
            loop = _loop(max(1, round(share * run_s / _turn_s())))
            sides = []
            for side, planted in zip(
                ("subject", "base"),
                {"slower": (function, ""), "faster": ("", function), "moved": (to, function)}[kind],
                strict=True,
            ):
                copy = Path(directory, str(number), side)
                sides.append(_placed(program, copy))
                if planted:
                    plant(copy, planted, loop)
            subject, base = sides
            seconds = measure_pair(subject, base, _PAIRS, lock=lock).values("cpu_seconds")
            if not seconds[0]:
                raise PlantError(f"{program.workload.name} fails with {function} changed")
            measured = median(after / before for after, before in zip(*seconds, strict=True)) - 1
            found, _ = attribute_workloads(
                subject,
                base,
                program.workload.stages,
                samples=samples,
                within_s=within_s,
                lock=lock,
            )
            planned = {"slower": share, "faster": -share / (1 + share), "moved": share}[kind]
            yield _trial(program, kind, (function, to), planned, measured, found)


def _trial(
    program: Program,
    kind: Kind,
    changed: tuple[str, str],
    planned: float,
    measured: float,
    found: Attribution,
) -> Trial:
    first = found.named[0] if found.named else None
    name = str(first.frame) if first else ""
    stages = {finding.stage for finding in found.functions if str(finding.frame) in changed}
    return Trial(
        program.workload.name,
        kind,
        *changed,
        planned,
        measured,
        found.verdict,
        name,
        found.stage,
        name in changed and bool(first),
        name not in changed,
        found.stage in stages,
        first.growth if first else 0.0,
        first.z if first else 0.0,
        len(found.named),
        found.subject_samples,
        found.base_samples,
        found.spread,
    )


def _placed(program: Program, root: Path) -> Workload:
    """The program's workload on a new copy of its source below `root`."""
    target = root / program.source.name
    if program.source.is_dir():
        ignored = shutil.ignore_patterns("__pycache__", "*.so")
        shutil.copytree(program.source, target, ignore=ignored)
    else:
        root.mkdir(parents=True)
        shutil.copy(program.source, target)
    tree = Tree("copy", "", root, root, Path(), Path(sys.executable), "")
    # Started there, for `python -m` looks into the current folder first.
    return replace(tree.placed(program.workload), directory=str(root))


def _functions(workload: Workload, root: Path, lock: Path) -> list[str]:
    """The functions of the copy that are at work in a run, and that can be changed."""
    frames: set[Frame] = {
        frame for stack in profile_time(workload, lock=lock).stacks for frame in stack
    }
    functions = []
    for name in sorted(str(frame) for frame in frames if _ours(frame, workload)):
        try:
            _place(root, name)
        except PlantError:
            continue  # of a library, or without a body of its own
        functions.append(name)
    if not functions:
        raise PlantError(
            f"{workload.name}: no function of {root} was seen at work", "plant in one that lasts"
        )
    return functions


def _ours(frame: Frame, workload: Workload) -> bool:
    """Whether the attribution would name this function, not the one that it works on behalf of."""
    stages = workload.stages
    return not stages or any(
        fnmatchcase(name, pattern) for pattern in stages for name in (frame.module, str(frame))
    )


def _loop(turns: int) -> str:
    """A loop that runs in the first call of a function only, however often that is called."""
    return f'for _ in globals().setdefault("_planted_", iter(range({turns}))): pass'


def _turn_s() -> float:
    """CPU seconds that a turn of such a loop takes."""
    seconds = timeit.repeat(
        f"for _ in iter(range({_TIMED})): pass", number=1, repeat=20, timer=time.process_time
    )
    return min(seconds) / _TIMED
