"""The extras: each is told by name, and brings what it is asked for."""

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline_perf.errors import ProjectError
from pipeline_perf.extras import MissingExtra, require

PROJECT = Path(__file__).parents[2]


def required() -> Iterator[tuple[str, str]]:
    """Every extra that the package asks for, with a module that it is asked to bring."""
    for path in (PROJECT / "pipeline_perf").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "require":
                extra, *modules = map(ast.literal_eval, node.args)
                yield from ((extra, module) for module in modules)


def test_a_package_that_is_not_installed_is_told_with_the_extra_that_brings_it() -> None:
    with pytest.raises(MissingExtra) as raised:
        require("pdf", "json", "no_such_package", "another")
    assert str(raised.value) == (
        "no_such_package is not installed; pip install 'pipeline_perf[pdf]'"
    )
    assert isinstance(raised.value, ProjectError)
    assert raised.value.code == "missing_extra"


def test_every_package_that_is_required_belongs_to_the_extra_that_is_told() -> None:
    text = (PROJECT / "pyproject.toml").read_text(encoding="utf-8")
    extras = {
        extra: {re.split(r"[^\w-]", requirement)[0] for requirement in requirements}
        for extra, requirements in tomllib.loads(text)["project"]["optional-dependencies"].items()
    }
    asked = set(required())
    assert {extra for extra, _ in asked} == {"dagster", "lab", "pdf", "synth"}
    assert [(extra, module) for extra, module in asked if module not in extras[extra]] == []
