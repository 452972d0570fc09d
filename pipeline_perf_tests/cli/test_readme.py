"""The README's first screen: each of its commands is run as it stands there, and prints what
stands below it.
"""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline_perf_tests.command import CRASHES, ENVIRONMENT

pytestmark = pytest.mark.slow

PROJECT = Path(__file__).parents[2]
PROMPT = ".venv/bin/pipeline-perf "

#: How long a file took is another time every time.
SECONDS = re.compile(r"\(\d+\.\d s\)")


def test_the_first_screen_is_as_it_is_printed(tmp_path: Path) -> None:
    readme = (PROJECT / "README.md").read_text(encoding="utf-8")
    section = readme.partition("## Turn a file into events")[2].partition("\n## ")[0]
    lines = [line[4:] for line in section.splitlines() if line.startswith("    ")]
    commands = [line for line in lines if line.startswith(PROMPT)]
    shown = [line for line in lines if line not in commands and line != "..."]
    assert len(commands) >= 5 and len(shown) >= 10

    (tmp_path / ".venv").mkdir()
    (tmp_path / ".venv/bin").symlink_to(Path(sys.executable).parent)
    (tmp_path / "data").mkdir()
    (tmp_path / "data/samples").symlink_to(PROJECT / "data/samples")
    printed = ""
    for command in commands:
        words = shlex.split(command, comments=True)
        done = subprocess.run(
            words, cwd=tmp_path, env=ENVIRONMENT, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"{command}: {done.stderr}"
        assert not [word for word in CRASHES if word in done.stdout + done.stderr]
        printed += done.stdout
    begun = iter(SECONDS.sub("(…)", printed).splitlines())
    for line in shown:
        assert SECONDS.sub("(…)", line) in begun, f"not printed, or not in this order: {line!r}"
    assert (tmp_path / "data/events.csv").exists()
