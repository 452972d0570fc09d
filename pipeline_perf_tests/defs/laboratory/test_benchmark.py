from dataclasses import replace
from pathlib import Path

import pytest

from pipeline_perf.bench import reference
from pipeline_perf.bench.measure import environment
from pipeline_perf.contract.scenarios import Measure, Scenario
from pipeline_perf.contract.workloads import bare_copy, ingestion
from pipeline_perf.definitions import build
from pipeline_perf.defs.ingestion import lake
from pipeline_perf.synth.dataset import DatasetSpec, generate
from pipeline_perf_tests.defs.conftest import SCENARIOS, Project

pytestmark = pytest.mark.slow


def test_what_a_file_does_not_say_is_told_to_the_command(tmp_path: Path) -> None:
    spec = DatasetSpec("sprint", "csv", 50)
    command = ingestion(Scenario("one", "ci", "…", (spec,)), [generate(spec, tmp_path)]).command
    assert "--zone=America/New_York" in command
    assert any(word.startswith("--subscriber=+1") for word in command)


@pytest.mark.parametrize(("kind", "words"), [("copy", 1), ("lines", 0)])
def test_the_reference_is_a_copy_of_the_same_file(tmp_path: Path, kind: str, words: int) -> None:
    spec = DatasetSpec("att", "csv", 50)
    dataset = generate(spec, tmp_path)
    copy = bare_copy(
        Scenario("one", "ci", "…", (spec,), measure=Measure(1, reference=kind)), dataset
    )
    assert copy.name == "copy.one"
    assert copy.command[2:4] == (reference.__name__, str(dataset.files[0]))
    assert len(copy.command) == 5 + words


@pytest.mark.parametrize(
    ("load", "told"),
    [(0.1, None), (64.0, "yes: load 64.0 on 2 cores when the run began, so times may be too long")],
)
def test_a_machine_that_was_busy_is_told(
    project: Project, monkeypatch: pytest.MonkeyPatch, load: float, told: str | None
) -> None:
    here = replace(environment.record(), load_1m=load, cores=2)
    monkeypatch.setattr(environment, "record", lambda *_: here)
    done = (
        build(project.settings)
        .resolve_job_def("ci")
        .execute_in_process(asset_selection=[lake.SAMPLES])
    )
    shown = done.asset_materializations_for_node("lake__samples")[0].metadata
    assert (shown["machine_busy"].value if "machine_busy" in shown else None) == told


@pytest.mark.parametrize(("old", "new", "failed"), [("", "", 0), ("> 0.99", "> 1.5", 1)])
def test_a_production_scenario_fails_when_a_required_accuracy_is_missed(
    project: Project, old: str, new: str, failed: int
) -> None:
    text = SCENARIOS.replace("tiny:", "bill:").replace(
        "measure: {repetitions: 1, warmup: 0, reference: copy}", "family: scenario"
    )
    (project.root / "scenarios.yaml").write_text(
        text + "    measure: {repetitions: 1, warmup: 0}\n"
    )
    project.contract(old, new)
    done = build(project.settings).resolve_job_def("ci").execute_in_process(raise_on_error=False)
    shown = done.asset_materializations_for_node("benchmark__bill")[0].metadata
    assert shown["failed_repetitions"].value == failed
    assert done.success is not bool(failed)
