"""The form of every error that is this project's own: what, where, what to do, and a code for
programs.

Each room has its base below `ProjectError`; which errors there are is the rooms' business. An
exception that is none of these is a fault of the program.
"""

from __future__ import annotations

from typing import ClassVar


class ProjectError(Exception):
    """What stops a piece of work, told so that a person can act on it and a program can tell it
    from others.

    `problem` says what is wrong and `remedy` what to do about it; `file` and `line` (counted from
    1) say where, if it is in a file. `code` names the kind of error and never changes.

    >>> str(ProjectError("the file is empty", "ask for it again", file="a.csv"))
    'a.csv: the file is empty; ask for it again'
    >>> str(ProjectError("unknown key 'zon'", file="my.yaml", line=3))
    "my.yaml, line 3: unknown key 'zon'"
    """

    code: ClassVar[str] = "error"

    def __init__(
        self, problem: str, remedy: str = "", *, file: str = "", line: int | None = None
    ) -> None:
        place = f"{file}, line {line}" if line is not None else file
        said = f"{problem}; {remedy}" if remedy else problem
        super().__init__(f"{place}: {said}" if place else said)
        self.problem, self.remedy, self.file, self.line = problem, remedy, file, line
