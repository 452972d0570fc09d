"""What can be measured: a command or a function, with parameters and a unit of work.

Nothing here starts a process or takes a time; `measure` does. Whatever the workload means
(records, pages, requests) is the business of whoever defines it.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pipeline_perf.bench.errors import LabError

#: Half an hour: the longest that any target allows one workload to take.
DEFAULT_TIMEOUT_S = 1800.0

#: Stand in argv and string parameters for the repetition's own directory, and for the Python that
#: the workload runs with.
SCRATCH, PYTHON = "{scratch}", "{python}"


class WorkloadError(LabError):
    """A workload is described in a way that cannot be measured."""

    code = "workload"


@dataclass(frozen=True)
class Output:
    """What one finished repetition left behind, handed to the workload's `check`.

    `returned` is the JSON-able value that a target function returned (None for a command);
    `scratch` still exists while the check runs.
    """

    stdout: str
    stderr: str
    returned: Any
    scratch: Path
    params: Mapping[str, Any]


@dataclass(frozen=True)
class Correctness:
    """Whether the work was done right, with the named values that stand beside its speed."""

    right: bool
    why: str = ""
    values: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Workload:
    """One thing to measure, repeatable in a fresh process.

    `name` is `family.scope` ("ingest.csv_1m"): the metrics of a run are called `family.metric`
    and selected by scope. A name without a dot is a family with an empty scope.

    Exactly one of `command` (argv) and `target` ("module:function", called with `params` as keyword
    arguments in a fresh Python) is given. Every repetition has its own empty directory, which
    stands in for `{scratch}` in argv and in string parameters, and is removed afterwards;
    `{python}` stands for the Python that runs the workload, so that it can be another one. `unit`
    and `units` say how much work one repetition does ("rows", 1_000_000).

    `python` and `directory` are for measuring another tree of the code: the interpreter, which then
    finds modules by its own path ('': the lab's, with the lab's path), and the working directory
    ('': the lab's).

    `stages` maps patterns of modules ("package.reading.*") and functions
    ("package.reading:Reader.*") to the stages of the work, the first that matches counts; a profile
    then names the stage that changed.

    `prepare(scratch, params)` runs before each repetition, outside the measurement. `check(output)`
    runs after it; a repetition whose check says wrong is a failed one. Both may be given as
    "module:function". The numbers in what a target returns, nested ones joined by dots
    (`stages.read`), become named values of the repetition.
    """

    name: str
    command: tuple[str, ...] = ()
    target: str = ""
    params: Mapping[str, Any] = field(default_factory=dict)
    unit: str = "runs"
    units: float = 1
    timeout_s: float = DEFAULT_TIMEOUT_S
    prepare: Callable[[Path, Mapping[str, Any]], None] | str | None = None
    check: Callable[[Output], Correctness] | str | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    python: str = ""
    directory: str = ""
    stages: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if bool(self.command) == bool(self.target):
            raise WorkloadError(
                f"workload {self.name!r} has both `command` and `target`, or neither",
                "give either `command` or `target`",
            )
        if self.target and ":" not in self.target:
            raise WorkloadError(
                f"workload {self.name!r}: target {self.target!r} names no function",
                "write 'module:function'",
            )
        if self.units <= 0 or self.timeout_s <= 0:
            raise WorkloadError(
                f"workload {self.name!r}: {self.units:g} `units` in {self.timeout_s:g} `timeout_s`",
                "give numbers above 0",
            )
        if not self.name or self.name.startswith("."):
            raise WorkloadError(
                f"{self.name!r} is no name of a workload", "write 'family.scope' or 'family'"
            )

    @property
    def module(self) -> str:
        """The top-level module that it runs, '' where its command does not tell."""
        name = self.target.partition(":")[0]
        if self.command[:2] == (PYTHON, "-m") and len(self.command) > 2:
            name = self.command[2]
        return name.partition(".")[0]


def filled_in(value: Any, scratch: Path, python: str) -> Any:
    """The value with `{scratch}` and `{python}` replaced in every string of it, at any depth.

    >>> filled_in(["{python}", "-m", "job", "{scratch}/out"], Path("/tmp/x"), "python3")
    ['python3', '-m', 'job', '/tmp/x/out']
    """
    if isinstance(value, str):
        return value.replace(SCRATCH, str(scratch)).replace(PYTHON, python)
    if isinstance(value, Mapping):
        return {key: filled_in(item, scratch, python) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [filled_in(item, scratch, python) for item in value]
    return value


def resolve(reference: str) -> Callable[..., Any]:
    """The function that "module:function" names.

    Raises WorkloadError when the reference has no colon, or names no callable.
    """
    module, _, name = reference.partition(":")
    function = getattr(importlib.import_module(module), name, None) if name else None
    if not callable(function):
        raise WorkloadError(
            f"{reference!r} names no function",
            "write 'module:function' with a function of that module",
        )
    # checked to be callable; its signature is the workload's business
    return function  # type: ignore[no-any-return]


def named_values(returned: Any, prefix: str = "") -> dict[str, float]:
    """The numbers in a returned value, nested mappings flattened with dots after a `prefix`.

    Anything else is left out.

    >>> named_values({"rows": 3, "stages": {"read": 0.5}, "label": "x"})
    {'rows': 3.0, 'stages.read': 0.5}
    """
    if not isinstance(returned, Mapping):
        return {}
    values: dict[str, float] = {}
    for key, item in returned.items():
        name = f"{prefix}{key}"
        if isinstance(item, Mapping):
            values |= named_values(item, f"{name}.")
        elif isinstance(item, int | float) and not isinstance(item, bool):
            values[name] = float(item)
    return values
