from collections.abc import Callable
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from pipeline_perf.bench.measure.registry import GROUP, Offer, Registry, collect
from pipeline_perf.bench.measure.workload import Workload, WorkloadError

Plugin = Callable[[str], EntryPoint]

GOOD = """
from pipeline_perf.bench import Workload
def workloads():
    return [Workload("words.short", command=("{python}", "-m", "words"), unit="words", units=12)]
"""


@pytest.fixture
def plugin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Plugin:
    """A module with this source, as an entry point; each its own module."""
    monkeypatch.syspath_prepend(str(tmp_path))
    made: list[str] = []

    def make(source: str) -> EntryPoint:
        made.append(source)
        name = f"plugin_{tmp_path.name.replace('-', '_')}_{len(made)}"
        (tmp_path / f"{name}.py").write_text(source, encoding="utf-8")
        return EntryPoint(name=f"number{len(made)}", value=f"{name}:workloads", group=GROUP)

    return make


def offer(name: str, usual: bool = True) -> Offer:
    return Offer(name, "here", "says", lambda: Workload(name, command=("true",)), usual=usual)


def test_what_a_plugin_returns_stands_beside_the_programs_own(plugin: Plugin) -> None:
    found = collect([offer("ingest.small")], [plugin(GOOD)])
    assert [one.name for one in found.offers] == ["ingest.small", "words.short"]
    assert found.problems == ()
    assert found.offers[1].module == "words"
    assert found.offers[1].build().units == 12


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ("import no_such_module_anywhere", "needs a module that is not there"),
        ("workload = None", "names nothing that can be imported"),
        ("raise RuntimeError('the disk is full of holes')", "the disk is full of holes"),
        ("import sys\nsys.exit(3)", "SystemExit: 3"),
        ("def workloads(needed): return []", "callable without arguments"),
        ("def workloads(): return ['words.short']", "returns str where Workload belongs"),
        ("workloads = 3", "callable"),
    ],
)
def test_a_broken_plugin_is_one_sentence_and_stops_no_other(
    plugin: Plugin, source: str, says: str
) -> None:
    broken = plugin(source)
    found = collect([], [broken, plugin(GOOD)])
    assert [one.name for one in found.offers] == ["words.short"]
    assert len(found.problems) == 1 and "\n" not in found.problems[0]
    assert says in found.problems[0] and broken.value in found.problems[0]


def test_a_name_that_is_taken_is_a_problem_of_the_second(plugin: Plugin) -> None:
    found = collect([offer("words.short")], [plugin(GOOD)])
    assert [one.origin for one in found.offers] == ["here"]
    assert "is taken by here" in found.problems[0]


def test_workloads_are_chosen_by_name_scope_or_pattern() -> None:
    registry = Registry(
        (offer("ingest.small"), offer("ingest.large", usual=False), offer("words.small"))
    )

    def names(*wanted: str) -> list[str]:
        return [one.name for one in registry.chosen(wanted)]

    assert names() == ["ingest.small", "words.small"]
    assert names("ingest.large") == ["ingest.large"]
    assert names("small") == ["ingest.small", "words.small"]
    assert names("ingest.*", "ingest.small") == ["ingest.small", "ingest.large"]


def test_a_name_that_nothing_has_is_told_with_what_comes_near() -> None:
    with pytest.raises(
        WorkloadError, match=r"no workload 'ingest.smal' \(did you mean ingest.small\?\)"
    ):
        Registry((offer("ingest.small"),)).chosen(["ingest.smal"])
