"""What the documents tell their readers to type: each command of a page, in the page's order, and
what the page shows of its output. Pure: text in, steps out.

Commands stand in three places. In a block that is fenced as `console` they follow `$ `. In an
indented block they are the lines that begin with a program; other lines are its output. In the text
they stand between backticks: a program with arguments, or a command of pipeline-perf without its
program (`forget FILE`). A name alone (`bench compare`) is no command.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

import click

from pipeline_perf.cli import main

PROJECT = Path(__file__).parents[2]

#: Whose commands are run.
PAGES = sorted([PROJECT / "README.md", PROJECT / "CONTRIBUTING.md", *PROJECT.glob("docs/*.md")])

#: Not found by `which`, and typed all the same.
BUILT_IN = {"cd", "eval", "export", "source"}

#: Where programs are looked for: those of the environment, and the machine's.
PROGRAMS = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])

#: The page's own environment, and the environment variables before a program.
BEFORE_PROGRAM = re.compile(r"(?:[A-Z_]+=\S+ +)*(?:\.venv/bin/)?")

FENCED = re.compile(r"^( *)```(\w*)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)
INDENTED = re.compile(r"(?<=\n\n)(?: {4}.*\n|\n(?= {4}))+")
SPAN = re.compile(r"`([^`]+)`")
SECTION = re.compile(r"^## .*$", re.MULTILINE)
COMMENT = re.compile(r"\s+#\s.*$")


@dataclass(frozen=True)
class Step:
    """A command, where it stands, and the lines that the page shows as printed by it."""

    page: str
    line: int
    command: str
    shown: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.page}:{self.line}: {self.command}"


def steps(page: Path) -> list[Step]:
    """Each command of a page, in the page's order.

    One that stands in the text is left out where a block of the page has it, or it has come before.
    """
    text = page.read_text(encoding="utf-8")
    found: list[Step] = []
    places: list[tuple[str, bool]] = []
    borders = [0, *(section.start() for section in SECTION.finditer(text)), len(text)]
    for start, end in pairwise(borders):
        last = ""  # the command whose output a block of this section shows
        for told in sorted(_told(text[start:end])):
            if told.command:
                line = text.count("\n", 0, start + told.offset) + 1
                found.append(Step(page.name, line, told.command))
                places.append((told.command, told.in_block))
                last = told.command
            elif last:
                index = max(
                    (i for i, place in enumerate(places) if place == (last, True)),
                    default=len(places) - 1,
                )
                found[index] = replace(found[index], shown=(*found[index].shown, told.shown))
    in_blocks = {command for command, in_block in places if in_block}
    return [
        step
        for number, (step, (command, in_block)) in enumerate(zip(found, places, strict=True))
        if in_block or (command not in in_blocks and (command, False) not in places[:number])
    ]


def blocks(page: Path, language: str) -> list[str]:
    """The blocks of a page that are fenced as of a language, without their indentation."""
    text = page.read_text(encoding="utf-8")
    return [textwrap.dedent(m[3]) for m in FENCED.finditer(text) if m[2] == language]


def pipeline_perf_words(command: str) -> list[str]:
    """The words of a command of pipeline-perf behind the program's name; empty for any other."""
    words = BEFORE_PROGRAM.sub("", command, count=1).split()
    return words[1:] if words[:1] == ["pipeline-perf"] else []


def resolved(words: list[str]) -> tuple[click.Command, list[str]]:
    """The command of pipeline-perf that words name, and the words behind its name."""
    command: click.Command = main
    context = click.Context(main, info_name="pipeline-perf")
    while words and words[0] in {name for option in main.params for name in option.opts}:
        words = words[2:]  # an option of all commands, and its value
    while (
        isinstance(command, click.Group)
        and words
        and (deeper := command.get_command(context, words[0]))
    ):
        command, words = deeper, words[1:]
        context = click.Context(command, parent=context, info_name=command.name)
    return command, words


@dataclass(frozen=True, order=True)
class _Told:
    """A command, or else a line that is shown, and where it begins."""

    offset: int
    command: str = ""
    shown: str = ""
    in_block: bool = True


def _told(section: str) -> Iterator[_Told]:
    prose = section
    for block in FENCED.finditer(section):
        prose = _blanked(prose, block)
        if block[2] == "console":
            yield from _typed(block.start(3), block[3], len(block[1]))
    for block in INDENTED.finditer(prose):
        prose = _blanked(prose, block)
        yield from _indented(block.start(), block[0])
    for span in SPAN.finditer(prose):
        if command := _in_text(span[1]):
            yield _Told(span.start(), command, in_block=False)


def _blanked(text: str, block: re.Match[str]) -> str:
    """The text without a block, everything else in its place."""
    return text[: block.start()] + re.sub(r"[^\n]", ".", block[0]) + text[block.end() :]


def _typed(start: int, block: str, margin: int) -> Iterator[_Told]:
    offset = start
    for written in block.splitlines():
        line = written[margin:]
        if line.startswith("$ "):
            yield _Told(offset, COMMENT.sub("", line[2:]))
        else:
            yield _Told(offset, shown=line)
        offset += len(written) + 1


def _indented(start: int, block: str) -> Iterator[_Told]:
    offset = start
    for written in block.splitlines():
        line = written[4:]
        if _is_command(line):
            yield _Told(offset, COMMENT.sub("", line))
            comment = COMMENT.search(line)
            for span in SPAN.finditer(comment[0] if comment else ""):
                if command := _in_text(span[1]):
                    yield _Told(offset + 1 + span.start(), command, in_block=False)
        elif line and line != "...":
            yield _Told(offset, shown=line)
        offset += len(written) + 1


def _in_text(span: str) -> str:
    """The command that a span of code in the text is, in full; "" where it is none."""
    text = " ".join(span.split())
    program, _, arguments = BEFORE_PROGRAM.sub("", text, count=1).partition(" ")
    if program in main.list_commands(click.Context(main)):
        _, behind = resolved(text.split())
        return f"pipeline-perf {text}" if behind else ""
    return text if arguments and _is_command(text) else ""


def _is_command(text: str) -> bool:
    program = BEFORE_PROGRAM.sub("", text, count=1).partition(" ")[0]
    return program in BUILT_IN or shutil.which(program, path=PROGRAMS) is not None
