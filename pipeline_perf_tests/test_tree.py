"""The tree itself: rooms that can be taken in at a glance, each saying what belongs in it.

That imports run downwards and in no circle is checked by `lint-imports`.
"""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[1]
MODULES = sorted(
    path
    for folder in ("pipeline_perf", "pipeline_perf_tests", "examples")
    for path in (PROJECT / folder).rglob("*.py")
)
FOLDERS = sorted({path.parent for path in MODULES})

#: Its bytes are what every night is compared with: they never change.
FROZEN = PROJECT / "pipeline_perf/bench/frozen.py"


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda path: str(path.relative_to(PROJECT)))
def test_no_folder_holds_more_than_fifteen_modules(folder: Path) -> None:
    modules = [path.name for path in folder.glob("*.py") if path.name != "__init__.py"]
    assert len(modules) <= 15


def test_no_line_is_longer_than_a_hundred_characters() -> None:
    long = [
        f"{path.relative_to(PROJECT)}:{number}"
        for path in MODULES
        if path != FROZEN
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if len(line) > 100
    ]
    assert long == []


def test_every_module_of_the_package_says_what_belongs_in_it() -> None:
    silent = [
        str(path.relative_to(PROJECT))
        for path in MODULES
        if path.is_relative_to(PROJECT / "pipeline_perf")
        and not ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
    ]
    assert silent == ["pipeline_perf/__init__.py"]  # empty: the library costs nothing to import
