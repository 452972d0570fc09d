import os
import subprocess
import sys
from pathlib import Path

import dagster as dg
import polars as pl
import pytest
import yaml

from pipeline_perf import events
from pipeline_perf.bench.judge import targets
from pipeline_perf.contract import TARGETS, scenarios
from pipeline_perf.definitions import build
from pipeline_perf.defs.checks import check_name
from pipeline_perf.defs.folders import Settings
from pipeline_perf.defs.laboratory import mutation
from pipeline_perf.defs.metadata import plain
from pipeline_perf_tests.defs.conftest import ROOT, Project

LIBRARY = ("bench", "cli", "contract", "events", "ingest", "lake", "quality", "report", "synth")


@pytest.fixture(scope="module")
def shipped() -> dg.Definitions:
    return build(Settings())


def python(code: str, cwd: Path = ROOT) -> str:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run(
        [sys.executable, "-c", code],
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    ).stdout


@pytest.mark.slow
def test_the_definitions_load_in_a_fresh_interpreter_without_work(tmp_path: Path) -> None:
    code = (
        "import pipeline_perf.definitions as d; print(sorted(job.name for job in"
        " d.defs.resolve_all_job_defs()))"
    )
    assert (
        "['__ASSET_JOB', 'calibration', 'ci', 'inbox', 'nightly', 'paired_regression',"
        " 'weekly_full_scale']" in python(code, tmp_path)
    )
    assert list(tmp_path.iterdir()) == [], "importing the definitions wrote files"


def test_the_library_does_not_import_dagster() -> None:
    modules = [
        ".".join(path.relative_to(ROOT).with_suffix("").parts)
        for name in LIBRARY
        for path in (
            [ROOT / f"pipeline_perf/{name}.py"]
            if (ROOT / f"pipeline_perf/{name}.py").exists()
            else (ROOT / f"pipeline_perf/{name}").rglob("*.py")
        )
        if path.stem != "__init__"
    ]
    assert len(modules) > 20
    code = (
        f"import importlib, sys\nfor name in {modules!r}:"
        " importlib.import_module(name)\nprint('dagster' in sys.modules)"
    )
    assert python(code).strip() == "False"


def test_assets_have_two_levels_a_group_an_owner_and_a_description(
    shipped: dg.Definitions,
) -> None:
    graph = shipped.resolve_asset_graph()
    for key in graph.get_all_asset_keys():
        node = graph.get(key)
        assert len(key.path) == 2
        ingests = key.path[0] in ("inbox", "lake")
        assert node.group_name == ("ingestion" if ingests else f"lab_{key.path[0]}")
        assert node.owners == ["team:ingestion" if ingests else "team:lab"]
        assert node.description, key
        assert node.kinds, key


def test_every_scenario_has_its_assets(shipped: dg.Definitions) -> None:
    keys = {tuple(key.path) for key in shipped.resolve_asset_graph().get_all_asset_keys()}
    for scenario in scenarios.load():
        groups = ["datasets", "parsed"] + ["classification", "duplicates"] * scenario.score
        groups += ["benchmark", "regression"] * bool(scenario.measure)
        groups += ["history"] * bool(scenario.measure and scenario.measure.followed)
        assert {(group, scenario.name) for group in groups} <= keys
    assert {
        ("lake", "events"),
        ("lake", "quarantine"),
        ("lake", "samples"),
        ("report", "readiness"),
        ("report", "alerts"),
        ("calibration", "rates"),
        ("quality", "mutation_score"),
    } <= keys


def test_every_scope_that_a_target_names_and_a_scenario_measures_has_its_check(
    shipped: dg.Definitions,
) -> None:
    checks = {
        (key.asset_key.path[1], key.name) for key in shipped.resolve_asset_graph().asset_check_keys
    }
    named = {one.name: one for one in scenarios.load()}
    judged = [
        target for target in targets.load(TARGETS) if target.limits and target.scope[0] in named
    ]
    assert len(judged) > 10
    for target in judged:
        for scope in target.scope:
            assert (scope, check_name(target)) in checks


def test_only_the_inbox_is_partitioned(shipped: dg.Definitions) -> None:
    graph = shipped.resolve_asset_graph()
    partitioned = {
        key.to_user_string() for key in graph.get_all_asset_keys() if graph.get(key).partitions_def
    }
    assert partitioned == {"inbox/files", "lake/events", "lake/quarantine", "lake/marks"}


def test_the_pipeline_is_seen_from_its_source_to_the_marks(shipped: dg.Definitions) -> None:
    graph = shipped.resolve_asset_graph()
    inbox, events, quarantine, marks = (
        dg.AssetKey(path)
        for path in (
            ["inbox", "files"], ["lake", "events"], ["lake", "quarantine"], ["lake", "marks"],
        )
    )  # fmt: skip
    assert not graph.get(inbox).is_executable
    assert graph.get(inbox).child_keys == {events, quarantine}
    assert graph.get(events).child_keys == {marks}


def test_every_column_of_the_event_table_is_told_in_words(shipped: dg.Definitions) -> None:
    node = shipped.resolve_asset_graph().get(dg.AssetKey(["lake", "events"]))
    columns = node.metadata["dagster/column_schema"].columns
    assert [column.name for column in columns] == list(events.COLUMNS) == list(events.MEANINGS)
    assert all(column.description for column in columns)
    assert not [column.type for column in columns if "=" in column.type or "Int" in column.type]


def test_a_run_of_the_command_line_stands_in_the_timeline(shipped: dg.Definitions) -> None:
    (location,) = yaml.safe_load((ROOT / "workspace.yaml").read_text())["load_from"]
    name = shipped.get_repository_def().name
    label = f"{name}@{location['python_module']['location_name']}"
    for job in shipped.resolve_all_job_defs():
        if job.name != "__ASSET_JOB":
            assert job.tags[".dagster/repository"] == label


def test_jobs_hold_their_tiers(shipped: dg.Definitions) -> None:
    of_tier = {
        tier: {one.name for one in scenarios.load() if one.tier == tier} for tier in scenarios.TIERS
    }

    def parsed(job: str) -> set[str]:
        return {
            key.path[1]
            for key in shipped.resolve_job_def(job).asset_layer.executable_asset_keys
            if key.path[0] == "parsed"
        }

    assert parsed("ci") == of_tier["ci"]
    assert parsed("nightly") == of_tier["ci"] | of_tier["nightly"]
    assert parsed("weekly_full_scale") == of_tier["weekly"]
    assert parsed("inbox") == set()


def test_ci_compares_and_only_the_night_follows(shipped: dg.Definitions) -> None:
    def names(job: str, group: str) -> set[str]:
        return {
            key.path[1]
            for key in shipped.resolve_job_def(job).asset_layer.executable_asset_keys
            if key.path[0] == group
        }

    measured = {one.name for one in scenarios.load() if one.measure}
    followed = {one.name for one in scenarios.load() if one.measure and one.measure.followed}
    assert names("ci", "regression") == {"csv_100k"} and names("nightly", "regression") == set()
    assert names("paired_regression", "regression") == measured
    assert names("nightly", "history") == followed and names("ci", "history") == set()
    assert names("nightly", "report") == {"alerts", "readiness"} and names("ci", "report") == {
        "readiness"
    }


def test_only_the_weekly_job_tries_mutants(shipped: dg.Definitions) -> None:
    trying = {
        job.name
        for job in shipped.resolve_all_job_defs()
        if mutation.KEY in job.asset_layer.executable_asset_keys
    }
    assert trying - {"__ASSET_JOB"} == {"weekly_full_scale"}


def test_no_two_runs_share_the_machine(shipped: dg.Definitions) -> None:
    for name in ("ci", "nightly", "weekly_full_scale", "inbox", "paired_regression", "calibration"):
        assert shipped.resolve_job_def(name).tags["pipeline_perf/machine"] == "whole"


def test_only_the_inbox_is_started_again_after_a_crash(shipped: dg.Definitions) -> None:
    again = {
        job.name for job in shipped.resolve_all_job_defs() if "dagster/max_retries" in job.tags
    }
    assert again == {"inbox"}


def test_schedules_are_in_utc(shipped: dg.Definitions) -> None:
    found = {
        name: shipped.resolve_schedule_def(name)
        for name in ("nightly", "weekly_full_scale", "calibration")
    }
    assert {name: schedule.cron_schedule for name, schedule in found.items()} == {
        "nightly": "0 2 * * *",
        "weekly_full_scale": "0 2 * * 1",
        "calibration": "0 2 * * 0",
    }
    assert {schedule.execution_timezone for schedule in found.values()} == {"UTC"}
    assert {name: schedule.job_name for name, schedule in found.items()} == {
        name: name for name in found
    }


def test_settings_come_from_the_environment_and_an_empty_one_counts_as_none(
    project: Project,
) -> None:
    assert Settings.of(project.environment) == project.settings
    assert (
        Settings.of(
            {"PIPELINE_PERF_DATA": "", "PIPELINE_PERF_TARGETS": "", "PIPELINE_PERF_AGAINST": ""}
        )
        == Settings()
    )
    assert Settings.of({"PIPELINE_PERF_AGAINST": "origin/main"}).against == "origin/main"


@pytest.mark.parametrize(
    ("dtype", "words"),
    [
        (pl.Datetime("us", "UTC"), "time in UTC"),
        (pl.Datetime("us"), "local time"),
        (pl.Int16(), "whole number"),
        (pl.Decimal(18, 6), "decimal(18, 6)"),
    ],
)
def test_a_type_is_told_in_words(dtype: pl.DataType, words: str) -> None:
    assert plain(dtype) == words
