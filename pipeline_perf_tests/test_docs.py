"""The documentation says what is so: its commands exist, its links lead somewhere, and every
check is in the runbook.
"""

import re
import shlex
import textwrap
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from pipeline_perf.bench.judge.targets import judge, load
from pipeline_perf.bench.measure.measurement import Measurement
from pipeline_perf.cli import main

PROJECT = Path(__file__).parents[1]
PAGES = sorted([*PROJECT.glob("*.md"), *(PROJECT / "docs").glob("*.md")])

#: A command in a block or in a line of text, up to its end or to a comment.
COMMAND = re.compile(r"(?:^ *\$ |^    |`)(?:\.venv/bin/)?pipeline-perf ([^`\n#]+)", re.MULTILINE)


def commands() -> Iterator[tuple[str, str]]:
    for page in PAGES:
        # a line that ends within a command
        text = re.sub(r"(`[^`\n]*)\n([^`\n]*`)", r"\1 \2", page.read_text(encoding="utf-8"))
        for found in COMMAND.findall(text):
            yield page.name, found.strip()


@pytest.mark.parametrize(("page", "command"), list(commands()))
def test_every_command_exists_with_its_options(page: str, command: str) -> None:
    words = shlex.split(command.partition(" (")[0].partition(";")[0])
    group: click.Command = main
    context = click.Context(main, info_name="pipeline-perf")
    while words[0] in {option for parameter in main.params for option in parameter.opts}:
        words = words[2:]  # an option of all commands, and its value
    while (
        isinstance(group, click.Group) and words and (found := group.get_command(context, words[0]))
    ):
        group, words = found, words[1:]
        context = click.Context(group, parent=context, info_name=group.name)
    assert not isinstance(group, click.Group) or not words, (
        f"{page}: there is no command {words[0]!r} in `pipeline-perf {command}`"
    )
    known = {
        option
        for parameter in group.params
        for option in (*parameter.opts, *parameter.secondary_opts)
    }
    used = [word.partition("=")[0] for word in words if word.startswith("-")]
    assert set(used) <= known | {"--help"}, (
        f"{page}: `pipeline-perf {command}` has no {set(used) - known}"
    )


def test_there_are_commands_to_look_at() -> None:
    assert {page for page, _ in commands()} >= {
        "README.md",
        "tuning.md",
        "runbook.md",
        "adding-a-workload.md",
    }


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_everything_that_make_is_asked_for_is_in_the_makefile(page: Path) -> None:
    asked = set(re.findall(r"(?:^    |`)make ([a-z]+)", page.read_text("utf-8"), re.MULTILINE))
    rules = re.findall(r"^([a-z]+):", (PROJECT / "Makefile").read_text("utf-8"), re.MULTILINE)
    assert asked <= set(rules)


def test_the_targets_written_in_the_documents_are_judged_as_they_say(tmp_path: Path) -> None:
    page = (PROJECT / "docs" / "writing-targets.md").read_text(encoding="utf-8")
    block = re.search(r"```yaml\n(.*?)```", page, re.DOTALL)
    assert block is not None
    path = tmp_path / "targets.yaml"
    path.write_text(textwrap.dedent(block[1]), encoding="utf-8")
    figures = [
        Measurement("wordcount.seconds", "long_text", 7.0, "s"),
        Measurement("wordcount.peak_memory", "long_text", float(2**30), "B"),
    ]
    assert [verdict.status for verdict in judge(load(path), figures)] == ["warn", "fail"]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_to_a_file(page: Path) -> None:
    links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))
    assert [link for link in links if not (page.parent / link).exists()] == []


def test_every_asset_check_and_sensor_is_in_the_runbook() -> None:
    from pipeline_perf.definitions import defs

    runbook = (PROJECT / "docs" / "runbook.md").read_text(encoding="utf-8")
    told = set(re.findall(r"`([a-z_0-9]+)…?`", runbook))
    begun = tuple(re.findall(r"`([a-z_0-9]+)…`", runbook))
    repository = defs.get_repository_def()
    names = {key.name for key in repository.asset_graph.asset_check_keys} | {
        sensor.name for sensor in repository.sensor_defs if "alert" in sensor.name
    }
    assert sorted(name for name in names if name not in told and not name.startswith(begun)) == []
