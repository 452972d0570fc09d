"""The extras: packages that only those install who use them, and how a missing one is told.

Which package belongs to which extra is said in pyproject.toml, and where it is needed.
"""

from __future__ import annotations

from importlib.util import find_spec

from pipeline_perf.errors import ProjectError


class MissingExtra(ProjectError):
    """A package is not installed that a part of the program needs."""

    code = "missing_extra"


def require(extra: str, *modules: str) -> None:
    """Make sure that modules of an extra can be imported; stands before their import.

    Raises MissingExtra, which names the first one that cannot and what to install.

    >>> require("pdf", "json")
    >>> require("pdf", "no_pdf")
    Traceback (most recent call last):
    pipeline_perf.extras.MissingExtra: no_pdf is not installed; pip install 'pipeline_perf[pdf]'
    """
    for module in modules:
        if find_spec(module) is None:
            raise MissingExtra(
                f"{module} is not installed", f"pip install 'pipeline_perf[{extra}]'"
            )
