"""Every command of README.md, CONTRIBUTING.md and docs/ is run, page by page, as a reader types
it, and prints what the page shows.
"""

from __future__ import annotations

import re
from pathlib import Path

import click
import pytest

from pipeline_perf.cli import main
from pipeline_perf_tests.command import CRASHES
from pipeline_perf_tests.documents.pages import (
    BEFORE_PROGRAM,
    PAGES,
    PROJECT,
    SPAN,
    Step,
    pipeline_perf_words,
    resolved,
    steps,
)
from pipeline_perf_tests.documents.places import Ended
from pipeline_perf_tests.documents.readers import (
    ENDS_WITH,
    OTHERWISE,
    READERS,
    SERVES,
    UNRESOLVED,
    VARIES,
    typed,
)

STEPS = [step for page in PAGES for step in steps(page)]

#: The changelog's are not run: they stand beside what they were before.
NAMED = [*STEPS, *steps(PROJECT / "CHANGELOG.md")]

#: What the lab prints holds figures of the machine; of a line that the page shows, what stands
#: before the first of them is compared.
MEASURED = re.compile(r"\b(bench|report)\b")
FIGURE = re.compile(r"(?<!\w)[+−-]?\d")

#: How long a file took is another time every time.
SECONDS = re.compile(r"\(\d+\.\d s\)")


@pytest.mark.slow
@pytest.mark.timeout(1800)  # a page measures for minutes, on a busy machine for many
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_command_of_a_page_does_what_the_page_shows(page: Path, tmp_path: Path) -> None:
    reader = READERS[page.name]
    place = reader.place(tmp_path)
    for step in steps(page):
        reader.before.get(step.command, lambda _: None)(place)
        otherwise = OTHERWISE.get(step.command)
        command = typed(otherwise.instead if otherwise else step.command, reader.words)
        ended = place.serve(command) if step.command in SERVES else place.run(command)
        assert ended.code in _exit_codes(step), f"{step}: {ended}"
        assert not [word for word in CRASHES if word in str(ended)], f"{step}: {ended}"
        _assert_prints(step, ended)


def _exit_codes(step: Step) -> set[int]:
    if step.command in ENDS_WITH:
        return ENDS_WITH[step.command][0]
    return UNRESOLVED if " bench compare " in step.command else {0}


def _assert_prints(step: Step, ended: Ended) -> None:
    """Each line that is shown begins one that is printed, in the same order."""
    varies, _ = VARIES.get(step.command, ("(?!)", ""))
    measured = MEASURED.search(step.command) is not None
    printed = iter([_comparable(line, measured) for line in ended.printed])
    for line in step.shown:
        begins = _comparable(line, measured)
        if measured:
            begins = FIGURE.split(begins)[0]
        assert re.search(varies, line) or any(other.startswith(begins) for other in printed), (
            f"{step} does not print {line!r}, or not in this order, but:\n{ended}"
        )


def _comparable(line: str, measured: bool) -> str:
    """What of a line is the same every time; how wide the columns of figures are is not."""
    line = SECONDS.sub("(…)", line.removeprefix("Error: "))
    return " ".join(line.split()) if measured else line


def test_every_page_has_a_reader() -> None:
    assert sorted(READERS) == sorted(page.name for page in PAGES)


@pytest.mark.parametrize("page", [page.name for page in PAGES])
def test_there_are_commands_on_every_page(page: str) -> None:
    assert len([step for step in STEPS if step.page == page]) >= 3


def test_what_is_run_otherwise_stands_on_a_page() -> None:
    commands = {step.command for step in STEPS}
    assert {*OTHERWISE, *SERVES, *ENDS_WITH, *VARIES} - commands == set()


@pytest.mark.parametrize("command", OTHERWISE)
def test_what_is_run_instead_is_the_same_program_with_all_options(command: str) -> None:
    otherwise = OTHERWISE[command]
    program = BEFORE_PROGRAM.sub("", command, count=1).split()[0]
    assert program in otherwise.instead
    options = set(re.findall(r"(?<=\s)--?[a-z-]+", command))
    assert options <= set(re.findall(r"(?<=\s)--?[a-z-]+", otherwise.instead))
    assert otherwise.why


@pytest.mark.parametrize("step", NAMED, ids=str)
def test_every_command_exists_with_its_options(step: Step) -> None:
    words = pipeline_perf_words(step.command)
    command, behind = resolved(words)
    assert not isinstance(command, click.Group) or not behind, f"{step}: there is no {behind[0]}"
    known = {name for option in command.params for name in (*option.opts, *option.secondary_opts)}
    used = {word.partition("=")[0] for word in behind if word.startswith("-")}
    assert used <= known | {"--help"}, f"{step}: there is no {used - known}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_option_that_is_named_alone_belongs_to_a_command(page: Path) -> None:
    spans = SPAN.findall(page.read_text(encoding="utf-8"))
    named = {span.split()[0] for span in spans if re.match(r"--[a-z]", span)}
    assert named <= _options(main, click.Context(main)) | {"--help"}


def _options(command: click.Command, context: click.Context) -> set[str]:
    names = {name for option in command.params for name in (*option.opts, *option.secondary_opts)}
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            deeper = command.get_command(context, name)
            assert deeper is not None
            names |= _options(deeper, click.Context(deeper, parent=context))
    return names
