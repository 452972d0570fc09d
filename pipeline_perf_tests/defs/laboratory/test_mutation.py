"""The asset quality/mutation_score by a real run over a few mutants."""

import json
from pathlib import Path

import dagster as dg
import pytest

from pipeline_perf.definitions import build
from pipeline_perf.defs.laboratory import mutation
from pipeline_perf_tests.defs.conftest import Project
from pipeline_perf_tests.defs.units import without_unit

TARGETS = """
Tests:
  quality.mutation_score:
    holds: Of small faults put into the code, the tests notice 85 % or more
    scope: all_rooms
    ours: ">= 0.85"
    why: a test that no fault can fail guards nothing
"""


def weekly(project: Project) -> dg.ExecuteInProcessResult:
    (project.root / "targets.yaml").write_text(TARGETS)
    job = build(project.settings).resolve_job_def("weekly_full_scale")
    config = {"ops": {"quality__mutation_score": {"config": {"only": "percentile.py"}}}}
    return job.execute_in_process(
        run_config=config, asset_selection=[mutation.KEY], raise_on_error=False
    )


def check_of(run: dg.ExecuteInProcessResult) -> tuple[bool, str | None]:
    (check,) = run.get_asset_check_evaluations()
    assert check.check_name == "quality_mutation_score"
    return check.passed, check.description


@pytest.mark.slow
def test_the_weekly_job_scores_the_tests_and_judges_the_score(project: Project) -> None:
    run = weekly(project)
    assert run.success
    shown = run.asset_materializations_for_node("quality__mutation_score")[0].metadata
    rooms = ("killed_share_all_rooms", "killed_share_bench/statistics")
    assert [shown[name].value for name in rooms] == [1, 1]
    assert shown["killed_mutants"].value == shown["mutants"].value >= 3
    assert shown["survivors"].value == "none"
    assert without_unit(shown) == []
    assert check_of(run)[0]
    trials = [
        json.loads(line)
        for line in (project.data / "reports" / "mutation.jsonl").read_text().splitlines()
    ]
    assert len(trials) == shown["mutants"].value
    for trial in trials:
        test = trial["killed_by"].partition("::")[0].rpartition("/")[2]
        assert test in ("test_percentile.py", "test_exact_values.py")


def test_where_the_tests_are_not_installed_nothing_is_measured_and_nothing_passes(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mutation, "CHECKOUT", tmp_path)
    run = weekly(project)
    assert run.success
    passed, description = check_of(run)
    assert not passed and "not measured" in str(description)
