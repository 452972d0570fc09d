"""The examples in the package's docstrings give what they say.

Modules that import Dagster are slow to load, and so have no examples.
"""

from __future__ import annotations

import doctest
import importlib
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "pipeline_perf"


def with_examples(folder: Path) -> list[str]:
    """The modules below a folder of the package whose text holds an example."""
    return [
        ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts)
        for path in sorted(folder.rglob("*.py"))
        if "\n    >>> " in path.read_text(encoding="utf-8")
    ]


IN_DAGSTERS_ROOM = with_examples(PACKAGE / "defs")


@pytest.mark.parametrize("name", [m for m in with_examples(PACKAGE) if m not in IN_DAGSTERS_ROOM])
def test_the_examples_of_a_module_give_what_they_say(name: str) -> None:
    failed, tried = doctest.testmod(importlib.import_module(name))
    assert (failed, tried > 0) == (0, True)


def test_no_example_stands_where_none_is_run() -> None:
    assert IN_DAGSTERS_ROOM == []
