from dataclasses import replace
from datetime import timedelta

import pytest

from pipeline_perf.bench.calibrate import calibrate
from pipeline_perf.bench.judge.targets import load
from pipeline_perf.bench.measure.measurement import Measurement
from pipeline_perf.bench.measure.results import ResultStore, new_run
from pipeline_perf.contract import TARGETS
from pipeline_perf.report.content import assemble
from pipeline_perf.report.error_rates import error_rates
from pipeline_perf.report.page import page
from pipeline_perf_tests.report.conftest import ENVIRONMENT, NIGHT, NIGHTS


def rate(hits: int, trials: int, name: str, scope: str) -> list[Measurement]:
    return [
        calibrate.Rate(hits, trials).measurement(name, scope),
        Measurement("calibration.trials", scope, trials),
    ]


def test_every_rate_asked_for_is_told_measured_or_not() -> None:
    found = error_rates(load(TARGETS), {"run-1": rate(0, 30, "false_alarm_rate", "real")})
    states = {one.verdict.target.id: one.verdict.status for one in found}
    assert states["calibration.false_alarms.real"] != "not_measured"
    assert states["calibration.attribution"] == "not_measured"
    known = next(one for one in found if one.verdict.target.id == "calibration.false_alarms.real")
    assert (known.trials, known.run, known.verdict.actual, known.verdict.status) == (
        30,
        "run-1",
        0.0,
        "pass",
    )
    # thirty cases show no more than that
    assert known.low == 0.0 and known.high == pytest.approx(0.114, abs=0.001)


def test_the_newest_figures_count_and_stand_beside_the_run_of_any_kind(nights: ResultStore) -> None:
    nights.write(new_run(ENVIRONMENT, NIGHT), rate(5, 10, "named_first_rate", "attribution"))
    nights.write(
        new_run(ENVIRONMENT, NIGHT + timedelta(days=NIGHTS)),
        rate(10, 10, "named_first_rate", "attribution"),
    )
    report = assemble(nights, load(TARGETS))
    assert report.run.time < NIGHT + timedelta(days=NIGHTS)  # a calibration is no run to report on
    found = next(
        one for one in report.error_rates if one.verdict.target.id == "calibration.attribution"
    )
    assert (found.verdict.actual, found.trials) == (1.0, 10)
    assert (
        next(one for one in report.verdicts if one.target.id == "calibration.attribution")
        == found.verdict
    )
    assert "measured 2026-03-13" in page(report)


def test_another_machines_error_rates_say_nothing(nights: ResultStore) -> None:
    nights.write(
        new_run(replace(ENVIRONMENT, machine="another"), NIGHT),
        rate(10, 10, "named_first_rate", "attribution"),
    )
    report = assemble(nights, load(TARGETS), nights.run_ids()[-1])
    assert {one.verdict.status for one in report.error_rates} == {"not_measured"}
