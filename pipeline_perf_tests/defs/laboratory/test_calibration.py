"""The asset calibration/rates by real runs, with few trials; real rates as the command line
stores them.
"""

from datetime import UTC, datetime

import dagster as dg
import pytest

from pipeline_perf.bench.calibrate.calibrate import Rate
from pipeline_perf.bench.measure.environment import record
from pipeline_perf.bench.measure.results import ResultStore, new_run
from pipeline_perf.definitions import build
from pipeline_perf_tests.defs.conftest import Project

TARGETS = """
Calibration:
  calibration.nights:
    holds: At most one null series in twenty alarms
    metric: calibration.false_alarm_rate
    scope: nightly_ratio
    required: "<= 1"
    why: people stop reading
  calibration.real:
    holds: Of real comparisons of the same code, at most one in a hundred is called changed
    metric: calibration.false_alarm_rate
    scope: real
    required: "<= 0.01"
    why: people stop reading
"""


def run(project: Project) -> dg.ExecuteInProcessResult:
    (project.root / "targets.yaml").write_text(TARGETS)
    job = build(project.settings).resolve_job_def("calibration")
    return job.execute_in_process(
        run_config={"ops": {"calibration__rates": {"config": {"trials": 1}}}}, raise_on_error=False
    )


def outcomes(of: dg.ExecuteInProcessResult) -> dict[str, bool]:
    return {one.check_name: one.passed for one in of.get_asset_check_evaluations()}


@pytest.mark.slow
def test_what_nobody_has_measured_is_told_as_such_and_is_no_pass(project: Project) -> None:
    done = run(project)
    assert done.success
    assert outcomes(done) == {"calibration_nights": True, "calibration_real": False}
    silent = next(
        one for one in done.get_asset_check_evaluations() if one.check_name == "calibration_real"
    )
    assert silent.severity is dg.AssetCheckSeverity.WARN and "not measured on this machine" in str(
        silent.description
    )
    shown = done.asset_materializations_for_node("calibration__rates")[0].metadata
    rows = {row.data["target"]: row.data["verdict"] for row in shown["targets"].records}
    assert rows == {"calibration.nights": "pass", "calibration.real": "not measured"}
    assert (shown["targets_met"].value, shown["targets_not_measured"].value) == (1, 1)
    assert 0 <= shown["nightly_ratio_false_alarm_share"].value <= 1


@pytest.mark.slow
@pytest.mark.parametrize(("alarms", "passed"), [(0, True), (1, False)])
def test_real_rates_that_the_command_line_stored_are_judged_as_they_were_counted(
    project: Project, alarms: int, passed: bool
) -> None:
    earlier = new_run(record(), datetime(2026, 3, 1, tzinfo=UTC))
    ResultStore(project.data / "results").write(
        earlier, [Rate(alarms, 30).measurement("false_alarm_rate", "real")]
    )
    done = run(project)
    assert outcomes(done) == {"calibration_nights": True, "calibration_real": passed}
    assert done.success is passed
