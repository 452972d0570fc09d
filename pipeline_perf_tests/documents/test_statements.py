"""The documentation says what is so: its links lead somewhere, its targets are judged as it says,
and every check is in the runbook. Its commands are run by `test_commands`.
"""

import re
import textwrap
from pathlib import Path

import pytest

from pipeline_perf.bench.judge.targets import judge, load
from pipeline_perf.bench.measure.measurement import Measurement

PROJECT = Path(__file__).parents[2]
PAGES = sorted([*PROJECT.glob("*.md"), *(PROJECT / "docs").glob("*.md")])


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
