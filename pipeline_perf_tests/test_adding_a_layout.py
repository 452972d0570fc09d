"""The way from an unknown file to its events, as docs/adding-a-layout.md tells it, and its
reference of keys.
"""

from __future__ import annotations

import re
import subprocess
import textwrap
from pathlib import Path

import pytest

from pipeline_perf_tests.command import COMMAND, CRASHES, ENVIRONMENT
from pipeline_perf_tests.ingest.layout.layout_reference import PAGE, with_reference

pytestmark = pytest.mark.slow


def test_every_command_of_the_page_does_what_the_page_shows(tmp_path: Path) -> None:
    page = PAGE.read_text(encoding="utf-8")
    samples = re.findall(r"^```csv\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    for name, sample in zip(("usage.csv", "report.csv"), samples, strict=True):
        (tmp_path / name).write_text(sample, encoding="utf-8")
    blocks = re.findall(r"^( *)```console\n(.*?)^\1```$", page, re.MULTILINE | re.DOTALL)
    steps = [step for _, block in blocks for step in textwrap.dedent(block).split("\n$ ")]
    assert len(steps) == 15
    for step in steps:
        command, *shown = step.removeprefix("$ ").splitlines()
        typed = (
            command.replace("pipeline-perf", " ".join(COMMAND), 1)
            if command.startswith("pipeline-perf")
            else command
        )
        done = subprocess.run(
            typed,
            shell=True,
            cwd=tmp_path,
            env=ENVIRONMENT,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        printed = done.stdout + done.stderr.removeprefix("Error: ")
        assert not [word for word in CRASHES if word in printed], printed
        printed_lines = printed.splitlines()
        for line in shown:
            assert any(other.startswith(line) for other in printed_lines), (
                f"{command} does not print {line!r} but:\n{printed}"
            )


def test_the_reference_tells_every_key_of_a_layout() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert page == with_reference(page), (
        "write it anew with: python -m pipeline_perf_tests.ingest.layout.layout_reference"
    )
