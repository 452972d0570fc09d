"""python -m pipeline_perf_tests.mutation: how many of small faults in the code the tests see.

Each mutant is tried in a copy of the tree, by those tests of its room that are nearest. How many of
which room, and what was judged to be no fault, stands in rooms.yaml.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Generator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path
from typing import Any

import click
import psutil
import yaml
from cosmic_ray.mutating import mutate_and_test
from cosmic_ray.work_item import MutationSpec, WorkerOutcome

from pipeline_perf_tests.mutation.sample import Mutant, sample

TREE = Path(__file__).parents[2]
ROOMS = Path(__file__).with_name("rooms.yaml")

Trial = dict[str, Any]

#: Seconds for one test; the slowest without the marker `slow` takes five of them alone. On a
#: machine so busy that others reach it, a mutant would be killed by the neighbours.
TEST_S = 120

#: Seconds for all tests of a mutant: only what hangs where no test's limit reaches gets so far.
ROOM_S = 1200

#: The first failure decides, chance has no part, nothing slow. A limit ends the process: native
#: code that hangs does not notice signals. Filters of warnings would load Dagster for each mutant.
PYTEST = (
    *("-m", "pytest", "-x", "-m", "not slow", "--tb=line", "-p", "no:cacheprovider"),
    *("-p", "pipeline_perf_tests.mutation.plugin", "-o", "filterwarnings="),
    *("--timeout-method=thread", f"--timeout={TEST_S}"),
)


@click.command()
@click.option("--seed", default=0, show_default=True, help="Another seed draws other mutants.")
@click.option("--only", default="", help="Of them, those whose module:line has this pattern.")
@click.option("--workers", default=min(2, os.cpu_count() or 1), show_default=True)
@click.option("--trials", "target", default="data/reports/mutation.jsonl", show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Print the summary as JSON.")
def main(seed: int, only: str, workers: int, target: str, as_json: bool) -> None:
    """Try a sample of mutants, write each trial to the file of trials, and list who survived."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # ends what was begun, see `tried`
    mutants = [mutant for mutant in drawn(seed) if re.search(only, mutant.place)]
    if not mutants:
        raise click.UsageError(f"no mutant of the sample stands at {only!r}")
    trials = []
    Path(target).parent.mkdir(parents=True, exist_ok=True)
    with (
        Path(target).open("w", encoding="utf-8", buffering=1) as file,
        contextlib.closing(tried(mutants, workers)) as run,  # also where the end comes out here
    ):
        for trial in run:
            trials.append(trial)
            file.write(json.dumps(trial) + "\n")
            click.echo("{outcome:9}{seconds:6.0f} s  {module}:{line}".format(**trial), err=True)
    summary = summarised(trials)
    click.echo(json.dumps(summary) if as_json else told(summary))


def drawn(seed: int) -> list[Mutant]:
    """The sample of all rooms."""
    settings = yaml.safe_load(ROOMS.read_text(encoding="utf-8"))
    equivalent = {
        (one["module"], one["before"], one["after"]): one["why"] for one in settings["equivalent"]
    }
    mutants = []
    for room, number in settings["mutants"].items():
        modules = sorted((TREE / "pipeline_perf" / room).rglob("*.py"))
        texts = {str(path.relative_to(TREE)): path.read_text(encoding="utf-8") for path in modules}
        mutants += sample(room, texts, number, seed, equivalent)
    return mutants


def nearby(room: str, module: str = "") -> list[str]:
    """The tests of a room; for a module, those in the folder that mirrors its own, and of the
    others those that import it. All of them where there are none.
    """
    path = Path(module)
    own = Path("pipeline_perf_tests", *path.parts[1:-1])
    named = re.compile(rf"\b{path.parent.name}(\.| import .*\b){path.stem}\b")
    paths = sorted((TREE / "pipeline_perf_tests" / room).rglob("test_*.py"))
    tests = [path.relative_to(TREE) for path in paths]
    near = [test for test in tests if test.parent == own]
    near += [test for test in tests if test not in near and named.search((TREE / test).read_text())]
    return [str(test) for test in (near if module else tests) or tests]


def tried(mutants: Sequence[Mutant], workers: int) -> Generator[Trial, None, None]:
    """Each trial as it ends. However this ends, no process and no copy of the tree is left.

    Raises click.ClickException where the tests of a room fail without a mutant: they tell nothing.
    """
    with (
        tempfile.TemporaryDirectory(prefix="mutants-") as folder,
        ProcessPoolExecutor(workers, initializer=_settle, initargs=(folder,)) as pool,
    ):
        try:
            rooms = {mutant.room for mutant in mutants}
            whole = {pool.submit(_try, None, nearby(room)): None for room in rooms}
            runs = {pool.submit(_try, one, nearby(one.room, one.module)): one for one in mutants}
            for run in as_completed(whole | runs):
                trial = run.result()
                output = trial.pop("output")
                if run in runs:
                    yield dataclasses.asdict(runs[run]) | trial
                elif trial["outcome"] != "survived":
                    raise click.ClickException(f"fails without a mutant, too:\n{output}")
        finally:
            _end_what_was_begun()


def _end_what_was_begun() -> None:
    """Kill every process below this one; all of them are halted first, so that none begins another
    that nobody knows.
    """
    for number in signal.SIGTERM, signal.SIGINT:
        signal.signal(number, signal.SIG_IGN)  # a second call to end must not halt the end half-way
    workers = set(psutil.Process().children())
    begun: set[psutil.Process] = set()
    while new := set(psutil.Process().children(recursive=True)) - begun:
        begun |= new
        for process in new:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.suspend()
    for process in begun:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    # For the workers waits their pool, which would wait for ever had another heard of their end.
    psutil.wait_procs(list(begun - workers))


def _settle(folder: str) -> None:
    """Let this worker work in a copy of its own: the tree as it lies there, without what git
    ignores; compiled by hash, as a mutant of the same second and size would pass for its original.
    """
    os.setsid()  # Ctrl-C is the parent's to handle
    copy = Path(tempfile.mkdtemp(dir=folder))
    listing = ("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard")
    names = subprocess.run(listing, cwd=TREE, check=True, capture_output=True, text=True).stdout
    for name in names.split("\0"):
        if (TREE / name).is_file():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(TREE / name, copy / name)
    (copy / "tmp").mkdir()
    os.chdir(copy)
    compiling = ("compileall", "-qq", "--invalidation-mode", "checked-hash", ".")
    subprocess.run([sys.executable, "-m", *compiling], check=True)
    # Before the installed package, also for what the tests start.
    os.environ |= {"PYTHONPATH": str(copy), "TMPDIR": str(copy / "tmp")}


def _try(mutant: Mutant | None, tests: Sequence[str]) -> dict[str, Any]:
    """Run tests in this worker's copy of the tree, with a mutant in its place or without one."""
    began = time.monotonic()
    specs = []
    if mutant:  # where it stands, Cosmic Ray finds by the number of its occurrence
        place = (mutant.line, 0), (mutant.line, 1)
        specs.append(MutationSpec(mutant.module, mutant.operator, mutant.occurrence, *place))
    result = mutate_and_test(specs, shlex.join([sys.executable, *PYTEST, *tests]), ROOM_S)
    output = result.output or ""
    if result.worker_outcome != WorkerOutcome.NORMAL or result.test_outcome is None:
        raise RuntimeError(f"{mutant} cannot be tried: {output}")
    failed = re.search(r"^(?:FAILED|ERROR) (\S+)", output, re.MULTILINE)
    late = output == "timeout" or "+ Timeout +" in output
    return {
        "outcome": "timeout" if late else result.test_outcome.value,
        "killed_by": failed[1] if failed else "",
        "seconds": round(time.monotonic() - began, 1),
        "output": output,
    }


def summarised(trials: Sequence[Trial]) -> dict[str, Any]:
    """Score and counts, of all and of each room; survivors; what was judged to be no fault."""
    counted = [trial for trial in trials if not trial["equivalent"]]
    rooms = dict.fromkeys(trial["room"] for trial in counted)
    return {
        **_counts(counted),
        "rooms": {room: _counts([one for one in counted if one["room"] == room]) for room in rooms},
        "survivors": [trial for trial in counted if trial["outcome"] == "survived"],
        "equivalent": [trial for trial in trials if trial["equivalent"]],
    }


def _counts(trials: Sequence[Trial]) -> dict[str, Any]:
    """A timeout is a kill, told apart: many of them say that the limit, not a test, decides."""
    of = Counter(trial["outcome"] for trial in trials)
    killed = of["killed"] + of["timeout"]
    score = killed / (killed + of["survived"] or 1)  # where all were judged to be no fault: 0 of 0
    return {"score": score, "mutants": len(trials), "killed": killed, "timeouts": of["timeout"]}


def told(summary: dict[str, Any]) -> str:
    """The summary for people."""
    change = "{module}:{line}\n  - {before}\n  + {after}".format_map
    counts = "{}: {killed} of {mutants} killed, {timeouts} of them by the time limit".format
    return "\n".join(
        [
            *("Survived", *map(change, summary["survivors"]), "", "Judged to be no fault"),
            *(
                f"{change(one)}\n  {one['outcome']}; {one['equivalent']}"
                for one in summary["equivalent"]
            ),
            *("", *(counts(room, **of) for room, of in summary["rooms"].items())),
            counts("All", **summary) + f": {summary['score']:.3f}",
        ]
    )


if __name__ == "__main__":
    main()
