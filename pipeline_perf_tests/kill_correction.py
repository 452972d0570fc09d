"""Kill -9 `ingest --again` at random moments: the lake must be as it was before, or as if the file
had been read rightly at once, and so it must be after the command was given again.

    python -m pipeline_perf_tests.kill_correction --rows 200000 --kills 20

prints a line per kill and exits non-zero if any lake is neither.
"""

from __future__ import annotations

import argparse
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
from pipeline_perf_tests.kill_ingestion import CLOCKS, differences

WRONG, RIGHT = "America/Chicago", "America/New_York"


def contents(root: Path) -> dict[str, pl.DataFrame]:
    """All that a lake holds, as it is read; how often a file was ingested is no part of it."""
    lake = Lake(root)
    return {
        "events": lake.scan_events().collect().sort("event_id"),
        "quarantine": lake.scan_quarantine().collect().sort("source_file_id", "record_no", "rule"),
        "marks": lake.marks().sort("event_id", "duplicate_of", "kind"),
        "files": lake.files().drop(*CLOCKS, "generation"),
    }


@dataclass(frozen=True)
class Trial:
    """One correction that was killed so many seconds after its start."""

    after_s: float
    found: str  # before, right, or what is neither
    differing: list[str]  # from what is right, once the command was given again


def trials(files: list[Path], scratch: Path, kills: int, seed: int) -> Iterator[Trial]:
    """Read the first of the files, which tell some of the same calls, with a wrong zone, and kill
    the command that puts it right, so many times.
    """
    rng = random.Random(seed)
    how: list[object] = ["--chunk-mib", 1]
    for root, zone in ((scratch / "before", WRONG), (scratch / "right", RIGHT)):
        ingest(files[0], "--lake", root, "--zone", zone, *how)
        ingest(*files[1:], "--lake", root, "--zone", RIGHT, *how)
    before, right = contents(scratch / "before"), contents(scratch / "right")
    assert "marks" in differences(before, right), "the zone makes no difference to other files"
    again: list[object] = [files[0], "--zone", RIGHT, "--again", *how]
    shutil.copytree(scratch / "before", scratch / "timed")
    began = time.monotonic()
    ingest(*again, "--lake", scratch / "timed")
    usual_s = time.monotonic() - began
    for nth in range(kills):
        root = scratch / f"killed-{nth}"
        after_s = usual_s * (nth + rng.random()) / kills
        while True:
            shutil.copytree(scratch / "before", root)
            if killed(["ingest", *again, "--lake", root], after_s):
                break
            shutil.rmtree(root)  # it was done before: once more, and earlier
            after_s *= 0.9
        now = contents(root)
        apart = differences(before, now), differences(right, now)
        found = "before" if not apart[0] else "right" if not apart[1] else f"neither: {apart}"
        ingest(*again, "--lake", root)
        yield Trial(after_s, found, differences(right, contents(root)))
        shutil.rmtree(root)


def killed(arguments: list[object], after_s: float) -> bool:
    """Start a command and kill it so many seconds later; false if it ends before."""
    with start(*arguments) as process:
        try:
            process.wait(after_s)
        except subprocess.TimeoutExpired:
            process.kill()
        process.communicate()
        return process.returncode == -signal.SIGKILL


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    failed = 0
    with tempfile.TemporaryDirectory() as name:
        scratch = Path(name)
        [path] = generate(DatasetSpec("verizon", "csv", options.rows), scratch / "data").files
        lines = path.read_bytes().splitlines(keepends=True)
        half = scratch / "half.csv"  # the second half of the calls, by the same source
        half.write_bytes(b"".join(lines[:1] + lines[len(lines) // 2 :]))
        print("kill  killed after  found   once given again", flush=True)
        told = trials([path, half], scratch, options.kills, options.seed)
        for nth, trial in enumerate(told, 1):
            failed += bool(trial.differing) or trial.found.startswith("neither")
            result = "differs: " + ", ".join(trial.differing) if trial.differing else "right"
            print(f"{nth:4}  {trial.after_s:10.2f} s  {trial.found:6}  {result}", flush=True)
    print(f"{options.kills - failed} of {options.kills} as before or right ({options.rows:,} rows)")
    sys.exit(failed > 0)


if __name__ == "__main__":
    main()
