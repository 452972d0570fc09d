"""Kill -9 an ingestion at random moments, ingest again, and compare with an undisturbed run,
value by value.

    python -m pipeline_perf_tests.kill_ingestion --rows 1000000 --kills 20

prints a line per kill and exits non-zero if any lake differs. Every third ingestion is killed
twice.
"""

from __future__ import annotations

import argparse
import contextlib
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from pipeline_perf.lake.delta import Lake
from pipeline_perf.synth.dataset import DatasetSpec, generate
from pipeline_perf_tests.command import ingest, start

#: What may differ between two ingestions of one file: when it happened and how long it took.
CLOCKS = ["seconds", "stages", "ingested_at"]

DEADLINE_S = 600.0


def contents(root: Path) -> dict[str, pl.DataFrame]:
    """All that a lake holds, as it is stored and as it is read, in an order of its own."""
    lake = Lake(root)
    return {
        "events": lake.scan_events().collect().sort("event_id"),
        "stored events": lake.scan("events").collect().sort("event_id"),
        "quarantine": lake.scan("quarantine").collect().sort("record_no", "rule"),
        "duplicates": lake.scan("duplicates").collect().sort("event_id", "duplicate_of", "kind"),
        "files": lake.files().drop(CLOCKS),
    }


def differences(one: dict[str, pl.DataFrame], other: dict[str, pl.DataFrame]) -> list[str]:
    return [name for name in one if not one[name].equals(other[name])]


def written(root: Path) -> int:
    """How far an ingestion has come: the files that it has written, data and log."""
    return sum(1 for path in root.rglob("*") if path.is_file())


def watch(process: subprocess.Popen[str], root: Path, files: int) -> bool:
    """Wait until an ingestion has written so many files; false if it ends before."""
    deadline = time.monotonic() + DEADLINE_S
    while process.poll() is None and written(root) < files:
        if time.monotonic() > deadline:
            process.kill()
            raise TimeoutError(f"{root}: fewer than {files} files after {DEADLINE_S} s")
    return process.poll() is None


def killed(arguments: list[object], root: Path, files: int, later_s: float = 0.0) -> bool:
    """Start an ingestion and kill it `later_s` after it has written so many files; false if it
    ends before.
    """
    with start("ingest", *arguments, "--lake", root) as process:
        if watch(process, root, files) and later_s:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(later_s)
        process.kill()
        process.communicate()
        return process.returncode == -signal.SIGKILL


@dataclass(frozen=True)
class Trial:
    """One lake whose ingestion was killed; `at` are the numbers of files written when it was."""

    at: list[int]
    seconds: float  # of the ingestion that went on
    differing: list[str]


def trials(path: Path, scratch: Path, kills: int, seed: int, chunk_mib: float) -> Iterator[Trial]:
    """Kill and go on, so many times; yields Trials."""
    rng = random.Random(seed)
    arguments: list[object] = [path, "--chunk-mib", chunk_mib]
    began = time.monotonic()
    ingest(*arguments, "--lake", scratch / "undisturbed")
    usual_s = time.monotonic() - began
    expected, total = contents(scratch / "undisturbed"), written(scratch / "undisturbed")
    for nth in range(kills):
        root = scratch / f"killed-{nth}"
        # One moment in each stretch of the run; within it at random, between two writes as well as
        # during one.
        wanted = int(total * (nth + rng.random()) / kills)
        while not killed(arguments, root, wanted, rng.random() * usual_s / total):
            shutil.rmtree(root, ignore_errors=True)  # it was done before: once more, and earlier
            wanted = wanted * 9 // 10
        at = [written(root)]
        if nth % 3 == 2 and killed(
            arguments,
            root,
            at[0] + rng.randint(1, max(2, total // 4)),
            rng.random() * usual_s / total,
        ):
            at.append(written(root))
        began = time.monotonic()
        [report] = ingest(*arguments, "--lake", root)
        assert report["status"] in ("ingested", "already_ingested"), report
        yield Trial(at, time.monotonic() - began, differences(expected, contents(root)))
        shutil.rmtree(root)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--chunk-mib", type=float, default=16.0)
    options = parser.parse_args()
    failed = 0
    with tempfile.TemporaryDirectory() as name:
        scratch = Path(name)
        dataset = generate(DatasetSpec("att", "csv", options.rows), scratch / "data")
        print("kill  files written when killed  seconds to finish  result", flush=True)
        for nth, trial in enumerate(
            trials(dataset.files[0], scratch, options.kills, options.seed, options.chunk_mib), 1
        ):
            failed += bool(trial.differing)
            result = "differs: " + ", ".join(trial.differing) if trial.differing else "the same"
            print(
                f"{nth:4}  {', then '.join(map(str, trial.at)):>25}  {trial.seconds:17.1f} "
                f" {result}",
                flush=True,
            )
    print(f"{options.kills - failed} of {options.kills} as if undisturbed ({options.rows:,} rows)")
    sys.exit(failed > 0)


if __name__ == "__main__":
    main()
