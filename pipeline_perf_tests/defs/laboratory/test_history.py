"""The nights' assets by real runs: a night as it is measured, and what is said of nights whose
truth is known.
"""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import dagster as dg
import numpy as np
import pytest

from pipeline_perf.bench import sessions
from pipeline_perf.bench.follow import night
from pipeline_perf.bench.follow.levels import Levels
from pipeline_perf.bench.follow.series import NIGHTLY
from pipeline_perf.bench.measure.environment import record
from pipeline_perf.bench.measure.measurement import Measurement
from pipeline_perf.bench.measure.results import ResultStore, job_of, new_run
from pipeline_perf.definitions import build
from pipeline_perf.defs.laboratory import history
from pipeline_perf_tests.defs.conftest import SCENARIOS, Project

pytestmark = pytest.mark.slow


@pytest.fixture
def followed(project: Project) -> Project:
    """A project whose one scenario is followed over the nights."""
    (project.root / "scenarios.yaml").write_text(
        SCENARIOS.replace("reference: copy}", "reference: copy, followed: true}")
    )
    return project


def nights(project: Project, count: int, step_at: int, step: float = 1.15) -> ResultStore:
    """So many nights on this machine, the last of them today's; from number `step_at` on the
    scenario takes more.
    """
    store, here, noise = project.folders.results, record(), np.random.default_rng(5)
    for number in range(count):
        level = float(np.exp(noise.normal(0, 0.01))) * (step if number >= step_at else 1.0)
        time = datetime.now(UTC) - timedelta(days=count - 1 - number)
        store.write(
            new_run(here, time, job=NIGHTLY),
            [Measurement("ingest.cpu_ratio_to_reference", "tiny", level)],
        )
    return store


def alerts(project: Project) -> tuple[dg.AssetCheckEvaluation, dict[str, Any]]:
    """The check's outcome and the asset's metadata, by a run of report/alerts alone."""
    job = build(project.settings).resolve_job_def("nightly")
    done = job.execute_in_process(asset_selection=[history.ALERTS])
    assert done.success
    (checked,) = done.get_asset_check_evaluations()
    return checked, dict(done.asset_materializations_for_node("report__alerts")[0].metadata)


def test_a_night_is_measured_in_pairs_and_kept_as_one(
    followed: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sessions, "PAIRS_A_NIGHT", 2)
    job = build(followed.settings).resolve_job_def("nightly")
    done = job.execute_in_process(
        asset_selection=[dg.AssetKey(["datasets", "tiny"]), history.key("tiny")]
    )
    shown = done.asset_materializations_for_node("history__tiny")[0].metadata
    assert shown["pairs"].value == 2 and shown["measured_again"].value is False
    (checked,) = done.get_asset_check_evaluations()
    assert checked.passed and checked.description == "2 pairs"
    store = followed.folders.results
    (run,) = store.run_ids()
    assert job_of(run) == NIGHTLY
    kept = {one.metric: one.value for one in store.measurements(run)}
    assert kept["ingest.cpu_ratio_to_reference"] == pytest.approx(
        shown["cpu_ratio_to_reference"].value, rel=1e-5
    )
    assert "ingest.seconds" not in kept, "the times of a scenario are its benchmark's"


def test_a_night_without_a_value_says_so_and_the_rest_of_the_job_goes_on(
    followed: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    pinned = replace(night.REFERENCE, target="pipeline_perf.bench.frozen:thawed")
    monkeypatch.setattr(night, "REFERENCE", pinned)
    job = build(followed.settings).resolve_job_def("nightly")
    done = job.execute_in_process(
        asset_selection=[dg.AssetKey(["datasets", "tiny"]), history.key("tiny"), history.ALERTS]
    )
    checked = {one.check_name: one for one in done.get_asset_check_evaluations()}
    assert done.success and checked["no_level_has_become_worse_tonight"].passed
    failed = checked["the_night_has_a_value"]
    assert not failed.passed and "reference.frozen: exit status 1" in str(failed.description)


def test_a_new_level_is_told_on_the_night_that_shows_it(followed: Project) -> None:
    nights(followed, 43, step_at=40)
    checked, shown = alerts(followed)
    assert not checked.passed and checked.severity is dg.AssetCheckSeverity.ERROR
    assert "ingest.tiny cpu_ratio_to_reference stands at a new level since " in str(
        checked.description
    )
    assert (shown["nights"].value, shown["open_alerts"].value) == (43, 1)


def test_a_level_that_was_told_before_is_kept_in_sight_until_somebody_takes_it(
    followed: Project,
) -> None:
    store = nights(followed, 60, step_at=40)
    checked, shown = alerts(followed)
    assert checked.passed and "1 older alert waits" in str(checked.description)
    (row,) = shown["changes"].records
    assert (row.data["kind"], row.data["status"]) == ("shift", "open")
    since = datetime.fromisoformat(str(row.data["since"])).date()
    Levels(store.root, record().machine).acknowledge(
        "ingest.tiny cpu_ratio_to_reference", since, "somebody", "a check was added"
    )
    checked, shown = alerts(followed)
    assert checked.description == "nothing has become worse tonight"
    assert shown["open_alerts"].value == 0


def test_what_is_measured_by_day_moves_no_level(followed: Project) -> None:
    store = nights(followed, 43, step_at=43)
    for number in range(6):
        time = datetime.now(UTC) - timedelta(days=number, seconds=-1)
        store.write(
            new_run(record(), time, job="ci"),
            [Measurement("ingest.cpu_ratio_to_reference", "tiny", 3.0)],
        )
    checked, shown = alerts(followed)
    assert checked.passed and shown["alerts"].value == 0
