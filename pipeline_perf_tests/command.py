"""The command line in a process of its own, as users and other tools run it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

COMMAND = [sys.executable, "-m", "pipeline_perf"]
ENVIRONMENT = {
    key: value for key, value in os.environ.items() if not key.startswith("PIPELINE_PERF_")
} | {
    "PYTHONPATH": str(Path(__file__).parents[1]),
    "NO_COLOR": "1",
    "RUST_BACKTRACE": "0",
}

#: What no message to a user may hold.
CRASHES = ("Traceback", "panicked", "RuntimeWarning", "Exception ignored")

#: A number of those that these tests use, however it is written.
NUMBER = re.compile(r"555\W{0,3}01\W?\d\W?\d")


def run(*arguments: object, **options: Any) -> subprocess.CompletedProcess[str]:
    """Run a command to its end; whatever it says, it must not crash."""
    settings = {"capture_output": True, "text": True, "timeout": 120, "env": ENVIRONMENT} | options
    done = subprocess.run([*COMMAND, *map(str, arguments)], check=False, **settings)
    assert not [word for word in CRASHES if word in f"{done.stderr}{done.stdout}"], done.stderr
    return done


def ingest(*arguments: object, exit_code: int = 0, **options: Any) -> list[dict[str, Any]]:
    """Ingest with --json; the reports."""
    done = run("ingest", *arguments, "--json", **options)
    assert done.returncode == exit_code, done.stderr or done.stdout
    return [json.loads(line) for line in done.stdout.splitlines()]


def start(*arguments: object, **options: Any) -> subprocess.Popen[str]:
    settings = {
        "stdout": subprocess.PIPE,
        "stderr": subprocess.PIPE,
        "text": True,
        "env": ENVIRONMENT,
    } | options
    return subprocess.Popen([*COMMAND, *map(str, arguments)], **settings)
