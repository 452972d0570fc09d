"""What Dagster shows of real runs: every number says its unit."""

import shutil
from pathlib import Path

import dagster as dg
import pytest

from pipeline_perf.bench import sessions
from pipeline_perf.bench.measure.measurement import Measurement
from pipeline_perf.definitions import build
from pipeline_perf.defs.laboratory import calibration, history
from pipeline_perf.defs.metadata import figures, named
from pipeline_perf_tests.defs.conftest import SCENARIOS, Project
from pipeline_perf_tests.defs.units import without_unit


def silent(done: dg.ExecuteInProcessResult) -> dict[str, list[str]]:
    """The numbers of a run that do not say their unit, by asset and check."""
    assert done.get_asset_materialization_events()
    told = {
        event.materialization.asset_key.to_user_string(): event.materialization.metadata
        for event in done.get_asset_materialization_events()
    } | {one.check_name: one.metadata for one in done.get_asset_check_evaluations()}
    return {of: names for of, metadata in told.items() if (names := without_unit(metadata))}


def test_every_number_of_the_job_ci_says_its_unit(project: Project) -> None:
    done = build(project.settings).resolve_job_def("ci").execute_in_process()
    assert silent(done) == {}


def test_every_number_of_the_inbox_says_its_unit(project: Project, sample: Path) -> None:
    (project.data / "inbox").mkdir()
    shutil.copy(sample, project.data / "inbox")
    instance = dg.DagsterInstance.ephemeral()
    instance.add_dynamic_partitions("inbox", [sample.name])
    job = build(project.settings).resolve_job_def("inbox")
    assert silent(job.execute_in_process(instance=instance, partition_key=sample.name)) == {}


@pytest.mark.slow
def test_every_number_of_a_night_says_its_unit(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sessions, "PAIRS_A_NIGHT", 2)
    followed = SCENARIOS.replace("reference: copy}", "reference: copy, followed: true}")
    (project.root / "scenarios.yaml").write_text(followed)
    night = [dg.AssetKey(["datasets", "tiny"]), history.key("tiny"), history.ALERTS]
    job = build(project.settings).resolve_job_def("nightly")
    assert silent(job.execute_in_process(asset_selection=night)) == {}


@pytest.mark.slow
def test_every_number_of_the_calibration_says_its_unit(project: Project) -> None:
    config = {"ops": {"calibration__rates": {"config": {"trials": 1}}}}
    job = build(project.settings).resolve_job_def("calibration")
    done = job.execute_in_process(run_config=config, asset_selection=[calibration.KEY])
    assert silent(done) == {}


@pytest.mark.parametrize(
    ("metadata", "found"),
    [
        ({"seconds": 1.5, "reason": "3 files: see per_file", "measured_again": False}, []),
        ({"value": 1.5, "target": 2.0}, ["value", "target"]),
        ({"value": 1.5, "target": 2.0, "unit": "s"}, []),
        ({"older": 2, "unit": "findings"}, ["older"]),
        ({"score": "0.93"}, ["score"]),
        ({"rules": dg.MetadataValue.json({"bad_time": 3})}, ["bad_time"]),
        ({"records_by_rule": dg.MetadataValue.json({"bad_time": 3})}, []),
        ({"findings": dg.MetadataValue.json([{"kind": "shift", "p": 0.01}])}, ["p"]),
        (
            {"fields": dg.MetadataValue.table([dg.TableRecord({"field": "a", "right": 0.9})])},
            ["right"],
        ),
    ],
)
def test_a_number_without_a_unit_is_found(metadata: dict[str, object], found: list[str]) -> None:
    materialised = dg.AssetMaterialization("asset", metadata=metadata)
    assert without_unit(materialised.metadata) == found


@pytest.mark.parametrize(
    ("name", "unit", "shown"),
    [
        ("seconds", "s", "seconds"),
        ("rows_per_s", "rows/s", "rows_per_second"),
        ("rows_per_mib", "rows/MiB", "rows_per_mib"),
        ("peak_memory", "B", "peak_memory_mib"),
        ("duplicates", "", "duplicates_f1_share"),
        ("duplicates.lost", "per million", "duplicates_lost_per_million"),
        ("false_alarm_rate", "", "false_alarm_share"),
        ("cpu_ratio_to_reference", "", "cpu_ratio_to_reference"),
    ],
)
def test_a_metric_is_named_with_its_unit(name: str, unit: str, shown: str) -> None:
    assert named(name, unit) == shown


def test_of_repetitions_the_median_is_shown_and_how_many_failed() -> None:
    repetitions = [
        *(Measurement("ingest.peak_memory", "tiny", n * 2**20, "B") for n in (3, 5, 4)),
        *(Measurement("ingest.failed", "tiny", float(n)) for n in (1, 0, 1)),
    ]
    assert figures(repetitions) == {"peak_memory_mib": 4, "failed_repetitions": 2}
