"""Trials of the attribution: a known function is made slower, and must be named first.

The change is a real one, a loop written into the source of a copy of PyYAML (a few hundred
functions of pure Python); the copies live in a temporary folder. `plant` changes any other source
alike. `python -m pipeline_perf.bench.calibrate.planted --runs 10` runs the trials and prints what
was named.
"""

from __future__ import annotations

import argparse
import ast
import json
import math
import pstats
import random
import shutil
import subprocess
import sys
import tempfile
import time
import timeit
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from statistics import median

from pipeline_perf.bench.errors import LabError
from pipeline_perf.bench.explain.attribution import (
    SAMPLES,
    WITHIN_S,
    Attribution,
    attribute_workloads,
)
from pipeline_perf.bench.measure.measure import measure_pair, run_once
from pipeline_perf.bench.measure.workload import Workload

PACKAGE = "yaml"

#: The parts of the package as stages: a trial also asks whether the right one is named.
STAGES = {
    f"{PACKAGE}.{module}": module
    for module in ("reader", "scanner", "parser", "composer", "resolver", "constructor")
}

#: The slow-down that is planted, as a share of all CPU time: drawn between these.
SHARES = (0.05, 0.10)

#: A function called a million times in a few seconds cannot be slowed by a loop: starting the loop
#: costs more than is to be planted.
_FEWEST_CALLS, _MOST_CALLS = 300, 1_000_000

#: Documents that one run reads, which takes two to three seconds: start-up is then a small part of
#: it.
_DOCUMENTS = 36

#: Pairs of unprofiled runs that show by how much the planted loop slows a run down.
_PAIRS = 5

#: The least of so many turns is what a piece of work takes when nothing else is in the way.
_TURNS = 4

_SCRIPT = '''
import sys
sys.path.insert(0, sys.argv[1])
import yaml

assert yaml.__file__.startswith(sys.argv[1]), yaml.__file__

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
for _ in range(int(sys.argv[2])):
    assert len(yaml.load(text, yaml.SafeLoader)) == 150
'''


class PlantError(LabError):
    """A slow-down cannot be planted where it was asked for."""

    code = "plant"


@dataclass(frozen=True)
class Trial:
    """One trial: what was planted (nothing: `function` is ''), and what the attribution said.

    `planted` is the planned growth in units of the CPU time before, `measured` that of unprofiled
    runs side by side, and `growth` the one that was found for what is named first. `right` says
    whether the planted function was named first, or nothing where nothing was planted.
    """

    function: str
    planted: float
    measured: float
    verdict: str
    first: str
    stage: str
    right: bool
    right_stage: bool
    growth: float
    z: float
    named: int
    subject_samples: int
    base_samples: int
    spread: float


def plant(root: Path, function: str, statement: str) -> None:
    """Write a statement into the source below `root`, as the first that a function executes.

    `function` is "package.module:Class.function". Raises PlantError where there is no such
    function.
    """
    module, _, name = function.partition(":")
    path = root.joinpath(*module.split(".")).with_suffix(".py")
    source = path.read_text(encoding="utf-8")
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
    lines = source.splitlines(keepends=True)
    if lines[first.lineno - 1][: first.col_offset].strip():
        raise PlantError(
            f"{name} has its body on the line of its head",
            "choose another function",
            file=str(path),
            line=first.lineno,
        )
    lines.insert(first.lineno - 1, f"{' ' * first.col_offset}{statement}\n")
    path.write_text("".join(lines), encoding="utf-8")


def trials(
    runs: int,
    seed: int = 0,
    *,
    lock: Path,
    planted: bool = True,
    samples: int = SAMPLES,
    within_s: float = WITHIN_S,
) -> Iterator[Trial]:
    """So many trials (`runs`) one by one, each with another function and slow-down.

    They are drawn from `seed`; with `planted` false, of two equal copies. `samples`, `within_s` and
    `lock` as in `attribute_workloads`. Raises PlantError where PyYAML has fewer functions to choose
    from than there are to be trials.
    """
    chance = random.Random(seed)
    with tempfile.TemporaryDirectory(prefix="planted-") as directory:
        base, script = Path(directory, "base"), Path(directory, "script.py")
        _copy(base)
        script.write_text(_SCRIPT, encoding="utf-8")
        clean = Workload(
            "planted.base", command=(sys.executable, str(script), str(base), str(_DOCUMENTS))
        )
        calls = _calls(script, base)
        if planted and runs > len(calls):
            raise PlantError(
                f"{len(calls)} functions of {PACKAGE} can be slowed down, one a trial",
                "ask for no more trials than that",
            )
        chosen = chance.sample(sorted(calls), runs) if planted else [""] * runs
        costs = _costs(clean, lock)
        for number, function in enumerate(chosen):
            share = chance.uniform(*SHARES) if planted else 0.0
            copy = Path(directory, f"subject-{number}")
            _copy(copy)
            if function:
                plant(
                    copy, function, f"for _ in range({costs.turns(share, calls[function])}): pass"
                )
            slower = replace(
                clean,
                name="planted.subject",
                command=(sys.executable, str(script), str(copy), str(_DOCUMENTS)),
            )
            seconds = measure_pair(slower, clean, _PAIRS, lock=lock).values("cpu_seconds")
            measured = median(after / before for after, before in zip(*seconds, strict=True)) - 1
            attribution, _ = attribute_workloads(
                slower, clean, STAGES, samples=samples, within_s=within_s, lock=lock
            )
            yield _trial(function, share, measured, attribution)


def _trial(function: str, share: float, measured: float, attribution: Attribution) -> Trial:
    first = attribution.named[0] if attribution.named else None
    name = str(first.frame) if first else ""
    module = function.partition(":")[0]
    return Trial(
        function,
        share,
        measured,
        attribution.verdict,
        name,
        attribution.stage,
        name == function and attribution.verdict in ("named", "none"),
        attribution.stage == STAGES.get(module, ""),
        first.growth if first else 0.0,
        first.z if first else 0.0,
        len(attribution.named),
        attribution.subject_samples,
        attribution.base_samples,
        attribution.spread,
    )


def _copy(target: Path) -> None:
    spec = find_spec(PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise PlantError(
            f"{PACKAGE} is not installed, and the trials change a copy of it", "pip install PyYAML"
        )
    source = Path(next(iter(spec.submodule_search_locations)))
    shutil.copytree(source, target / PACKAGE, ignore=shutil.ignore_patterns("__pycache__", "*.so"))


def _calls(script: Path, copy: Path) -> dict[str, int]:
    """How often each function is called in a run, of those that a slow-down can be planted in."""
    figures = copy.parent / "calls"
    subprocess.run(
        [sys.executable, "-m", "cProfile", "-o", str(figures), str(script), str(copy), "1"],
        check=True,
    )
    counts: dict[str, int] = {}
    stats = pstats.Stats(str(figures)).stats  # type: ignore[attr-defined]
    for (file, line, _), (_, calls, *_) in stats.items():
        # public, and not in the stubs
        if file.startswith(str(copy)) and _FEWEST_CALLS <= calls * _DOCUMENTS <= _MOST_CALLS:
            module = f"{PACKAGE}.{Path(file).stem}"
            if module in STAGES and (name := _qualified(Path(file), line)):
                counts[f"{module}:{name}"] = calls * _DOCUMENTS
    return counts


def _qualified(path: Path, line: int) -> str:
    """The method that begins at a line, "Class.method"; '' where none does."""
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.ClassDef):
            for method in node.body:
                if isinstance(method, ast.FunctionDef) and method.lineno == line:
                    return f"{node.name}.{method.name}"
    return ""


@dataclass(frozen=True)
class _Costs:
    """CPU seconds of an undisturbed run, of entering a loop of ten turns, and of each further
    turn.
    """

    run_s: float
    loop_s: float
    turn_s: float

    def turns(self, share: float, calls: int) -> int:
        """Turns of an empty loop that take, over so many calls, the share of a run's time."""
        return max(1, round((share * self.run_s / calls - self.loop_s) / self.turn_s + 10))


def _costs(clean: Workload, lock: Path) -> _Costs:
    """Run and loop are timed in turns, so that a busy machine slows down both alike."""
    run_s, few_s, many_s = math.inf, math.inf, math.inf
    for _ in range(_TURNS):
        run_s = min(run_s, run_once(clean, lock=lock).cpu_s)
        few_s, many_s = (
            min(
                least,
                *timeit.repeat(
                    f"for _ in range({turns}): pass", number=200, repeat=50, timer=time.process_time
                ),
            )
            for turns, least in ((10, few_s), (1_010, many_s))
        )
    return _Costs(run_s, few_s / 200, (many_s - few_s) / 200_000)


def main() -> None:
    """Run trials as the command line says, and print what was named.

    Exit code 1: fewer than nine in ten were right.
    """
    arguments = argparse.ArgumentParser(
        prog="python -m pipeline_perf.bench.calibrate.planted",
        description=__doc__.partition("\n")[0] if __doc__ else "",
    )
    arguments.add_argument("--runs", type=int, default=10)
    arguments.add_argument("--seed", type=int, default=0)
    arguments.add_argument(
        "--samples", type=int, default=SAMPLES, help="independent samples a side"
    )
    arguments.add_argument(
        "--seconds", type=float, default=WITHIN_S, help="of profiling for a trial at most"
    )
    arguments.add_argument(
        "--equal", action="store_true", help="plant nothing: nothing may be named"
    )
    arguments.add_argument("--json", action="store_true", help="one JSON object a trial")
    given = arguments.parse_args()
    lock = Path(tempfile.gettempdir()) / "pipeline_perf-planted.lock"
    right = 0
    for trial in trials(
        given.runs,
        given.seed,
        lock=lock,
        planted=not given.equal,
        samples=given.samples,
        within_s=given.seconds,
    ):
        right += trial.right
        if given.json:
            print(json.dumps(asdict(trial)), flush=True)
            continue
        what = f"{trial.function} {trial.measured:+.1%}" if trial.function else "nothing"
        named = (
            f"{trial.first} {trial.growth:+.1%} (z {trial.z:+.1f})" if trial.first else "nothing"
        )
        print(
            f"{'right' if trial.right else 'WRONG'}  planted {what}: named {named}, of"
            f" {trial.subject_samples} samples",
            flush=True,
        )
    if not given.json:
        print(f"{right} of {given.runs} right")
    sys.exit(0 if right * 10 >= given.runs * 9 else 1)


if __name__ == "__main__":
    main()
