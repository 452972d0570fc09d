"""The job ci and the job paired_regression, on a repository of their own that holds this
package, in a throw-away worktree.
"""

import json
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from pipeline_perf.bench.calibrate.planted import plant
from pipeline_perf.bench.measure.results import ResultStore
from pipeline_perf.definitions import build
from pipeline_perf_tests.bench.repositories import Repository, repository
from pipeline_perf_tests.defs.conftest import ROOT, SCENARIOS, Project
from pipeline_perf_tests.defs.units import without_unit

pytestmark = pytest.mark.slow

#: A slow-down that nobody can miss, so that few pairs tell.
SLOW = "sum(range(40_000_000))"

FUNCTION = "pipeline_perf.ingest.pipeline:ingest_path"


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Repository:
    """A repository whose main branch holds this package."""
    made = repository(tmp_path_factory.mktemp("repository"), {".gitignore": "__pycache__/\n"})
    shutil.copytree(
        ROOT / "pipeline_perf",
        made.root / "pipeline_perf",
        ignore=shutil.ignore_patterns("__pycache__"),
    )
    for name in ("setup.py", "constraints.txt", "pyproject.toml"):
        shutil.copy(ROOT / name, made.root)
    made.git("add", "--all")
    made.git("commit", "--quiet", "--message", "the package")
    return made


@pytest.fixture
def worktree(package: Repository, tmp_path: Path) -> Repository:
    """A throw-away worktree, on the commit of main."""
    package.git("worktree", "add", "--quiet", "--detach", str(tmp_path / "throwaway"))
    return Repository(tmp_path / "throwaway")


@pytest.fixture
def compared(project: Project) -> Project:
    """A project whose one scenario is compared at every change."""
    (project.root / "scenarios.yaml").write_text(
        SCENARIOS.replace("reference: copy}", "reference: copy, compared: true}")
    )
    project.contract(
        "  queue.depth:",
        "  regression.gate:\n    holds: Nothing is slower\n    metric: regression.slowdowns\n   "
        ' aggregate: max\n    required: "== 0"\n    why: it becomes the baseline\n  queue.depth:',
    )
    return project


def job(
    project: Project, tree: Repository, name: str, **config: Any
) -> subprocess.CompletedProcess[str]:
    """`dagster job execute` in a worktree, as its user does."""
    settings = {
        **project.environment,
        "PYTHONPATH": str(tree.root),
        "PIPELINE_PERF_CACHE": str(project.root / "cache"),
    }
    command = [
        sys.executable,
        "-m",
        "dagster",
        "job",
        "execute",
        "-m",
        "pipeline_perf.definitions",
        "-j",
        name,
    ]
    if config:
        chosen = project.root / "run.yaml"
        chosen.write_text(json.dumps({"ops": {"comparison": {"config": config}}}))  # JSON is YAML
        command += ["-c", str(chosen)]
    return subprocess.run(
        command, cwd=tree.root, env=settings, capture_output=True, text=True, check=False
    )


def metadata(project: Project) -> dict[str, Any]:
    """What the newest materialisation of regression/tiny tells; its numbers say their units."""
    with dg.DagsterInstance.from_config(str(project.root / "dagster")) as instance:
        event = instance.get_latest_materialization_event(dg.AssetKey(["regression", "tiny"]))
    assert event is not None and event.asset_materialization is not None
    assert without_unit(event.asset_materialization.metadata) == []
    return {name: entry.value for name, entry in event.asset_materialization.metadata.items()}


@pytest.mark.timeout(600)  # Dagster starts and measures in it: a minute alone
def test_the_job_ci_fails_on_a_planted_slow_down_that_is_committed_and_names_it(
    compared: Project, worktree: Repository
) -> None:
    plant(worktree.root, FUNCTION, SLOW)
    worktree.git("commit", "--quiet", "--all", "--message", "slower")
    done = job(compared, worktree, "ci", pairs=12, budget_s=40)
    assert done.returncode == 1, done.stderr[-3000:]
    assert "required targets missed: regression.gate (ingest.tiny): 1" in done.stderr
    shown = metadata(compared)
    assert shown["verdict"].startswith("slower: cpu_seconds +")
    assert shown["pairs"] == 12 and 1 < shown["ratio_low"] < shown["ratio"] < shown["ratio_high"]
    assert shown["against"] == worktree.git("rev-parse", "HEAD~1")[:12]
    page = Path(shown["flame_graph"])
    assert (
        "ingest_path" in page.read_text(encoding="utf-8")
        and shown["flame_graph_page"] == page.as_uri()
    )
    kept = ResultStore(compared.data / "results" / "comparisons")
    assert {
        one.side
        for one in kept.measurements(kept.run_ids()[0])
        if one.metric == "ingest.cpu_seconds"
    } == {"a"}
    assert (compared.data / "reports" / "report.html").exists(), (
        "the report is made just when something is wrong"
    )


def test_the_job_ci_passes_on_a_clean_tree_at_once_and_measures_nothing(
    compared: Project, worktree: Repository
) -> None:
    worktree.write({"notes.md": "what does not run is no change of the code\n"})
    done = job(compared, worktree, "ci")
    assert done.returncode == 0, done.stderr[-3000:]
    assert (
        metadata(compared)["verdict"]
        == f"not compared: the code is that of {worktree.git('rev-parse', 'HEAD')[:12]}, file by"
        " file"
    )
    assert not (compared.data / "results" / "comparisons").exists()


def test_too_few_pairs_are_a_warning_with_the_number_that_it_would_take(
    compared: Project, worktree: Repository
) -> None:
    plant(worktree.root, FUNCTION, "pass")
    done = job(
        compared, worktree, "paired_regression", revision="HEAD", scenarios=["tiny"], pairs=2
    )
    assert done.returncode == 0, done.stderr[-3000:]
    with dg.DagsterInstance.from_config(str(compared.root / "dagster")) as instance:
        (run,) = instance.get_runs()
        checked, gate = sorted(
            (
                entry.get_dagster_event().asset_check_evaluation_data
                for entry in instance.all_logs(
                    run.run_id, of_type=dg.DagsterEventType.ASSET_CHECK_EVALUATION
                )
            ),
            key=lambda one: one.check_name,
            reverse=True,
        )
    assert (checked.check_name, checked.passed, checked.severity) == (
        "the_code_is_not_slower",
        False,
        dg.AssetCheckSeverity.WARN,
    )
    assert (
        "more pairs would tell" in str(checked.description)
        and checked.metadata["more_pairs"].value >= 6
    )
    assert (gate.check_name, gate.passed) == ("regression_gate", True)
    assert without_unit(checked.metadata) == []


@pytest.mark.parametrize(
    ("against", "config", "said"),
    [
        ("", {"revision": "no-such-revision"}, "there is no revision 'no-such-revision'"),
        ("no-such-branch", {}, "there is no revision 'no-such-branch'"),
        ("", {"revision": "HEAD", "scenarios": ["tinny"]}, "tinny (did you mean tiny?): no such"),
    ],
)
def test_what_cannot_be_compared_fails_and_says_why(
    compared: Project, against: str, config: dict[str, Any], said: str
) -> None:
    chosen = {"ops": {"comparison": {"config": config}}}
    paired = build(replace(compared.settings, against=against)).resolve_job_def("paired_regression")
    done = paired.execute_in_process(run_config=chosen, raise_on_error=False)
    failure = done.failure_data_for_node("comparison")
    assert failure is not None and failure.user_failure_data is not None
    assert said in str(failure.user_failure_data.description)
