"""The terminal that is spoken to: what its encoding can show, how the program was called there,
and what it may complete.

What is said there is the commands' business.
"""

from __future__ import annotations

import codecs
import functools
import io
import os
import re
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

PROGRAM = "pipeline-perf"

#: What stands for a sign that the terminal's encoding lacks; another one becomes a question mark.
_PLAIN = {
    "\u202f": " ", "\u2009": " ", "\xa0": " ", "·": "-", "–": "-", "—": "-", "−": "-",
    "…": "...", "×": "x", "±": "+-", "≤": "<=", "≥": ">=", "•": "*", "→": "->",
    "‘": "'", "’": "'", "“": '"', "”": '"', "█": "#", "▇": "#", "━": "-", "─": "-",
    "│": "|", "▲": "^", "▼": "v",
}  # fmt: skip


def _plainly(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    lacking = error.object[error.start : error.end]
    return "".join(_PLAIN.get(sign, "?") for sign in lacking), error.end


def prepare() -> None:
    """Let the terminal show what it can: a Latin-1 or ASCII one gets plain signs, no traceback."""
    codecs.register_error("plainly", _plainly)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="plainly")


def speaks_utf8() -> bool:
    """Whether standard output takes every character as it is."""
    return (sys.stdout.encoding or "").lower().replace("-", "") == "utf8"


@functools.cache
def called() -> str:
    """The words by which this program was started, fit to be typed again."""
    started = Path(sys.argv[0])
    if started.name == "__main__.py":
        return f"{_typed(Path(sys.executable))} -m {started.parent.name}"
    if started.name != PROGRAM or os.path.sep not in sys.argv[0]:
        return PROGRAM
    on_path = os.environ.get("PATH", "").split(os.pathsep)
    return PROGRAM if str(started.absolute().parent) in on_path else _typed(started)


def _typed(program: Path) -> str:
    """A program's path as it is typed here: below this folder, without the way to it."""
    here, path = Path.cwd(), program.absolute()
    return str(path.relative_to(here) if path.is_relative_to(here) else path)


def as_called(text: str) -> str:
    """A text in which this program's name before a command is what one types to start it."""
    return re.sub(rf"(?<![\w./-]){PROGRAM}(?= )", lambda _: called(), text)


def offered(text: str, known: Iterable[str]) -> list[CompletionItem]:
    """What of the known may be what somebody has begun to type, for the shell's completion."""
    from click.shell_completion import CompletionItem

    return [CompletionItem(name) for name in sorted(set(known)) if name.startswith(text)]
