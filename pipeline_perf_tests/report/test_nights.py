from datetime import timedelta

import pytest

from pipeline_perf.bench.follow.levels import Levels
from pipeline_perf.bench.judge.targets import load
from pipeline_perf.bench.measure.measurement import Measurement
from pipeline_perf.bench.measure.results import ResultStore, new_run
from pipeline_perf.contract import TARGETS
from pipeline_perf.report import charts
from pipeline_perf.report.content import assemble
from pipeline_perf.report.markdown import markdown
from pipeline_perf.report.page import page
from pipeline_perf_tests.report.conftest import ENVIRONMENT, NIGHT, NIGHTS, STEP


def test_a_new_level_is_told_once_and_drawn_into_the_charts_that_it_shows_in(
    stepped: ResultStore,
) -> None:
    report = assemble(stepped, load(TARGETS))
    (alert,) = report.followed.alerts
    assert {one.metric for one in alert.findings} == {
        "ingest.csv_1m ratio_to_reference",
        "ingest.csv_1m cpu_ratio_to_reference",
    }
    assert {one.kind for one in alert.findings} == {"shift"} and alert.open
    rate, memory = report.histories
    assert (rate.metric, memory.metric) == ("rows_per_s", "peak_memory") and memory.changes == ()
    (line,) = charts.plot(rate).changes
    assert line.finding.since == (NIGHT + timedelta(days=STEP)).date()
    assert line.x == charts.plot(rate).marks[STEP].x
    assert line.finding.ratio == pytest.approx(1.1, abs=0.01)
    assert (
        ">time +10." in page(report) and "new level +" in markdown(report).partition("<details>")[0]
    )


def test_a_level_that_somebody_took_is_told_as_such(stepped: ResultStore) -> None:
    levels = Levels(stepped.root, ENVIRONMENT.machine)
    (alert,) = assemble(stepped, load(TARGETS)).followed.alerts
    for one in alert.findings:
        levels.acknowledge(one.metric, one.since, "Ada", "a wider format, agreed on")
    try:
        (alert,) = assemble(stepped, load(TARGETS)).followed.alerts
        assert not alert.open and {one.status for one in alert.findings} == {"acknowledged"}
    finally:
        levels.path.unlink()


def test_before_the_change_nothing_is_told(stepped: ResultStore) -> None:
    report = assemble(stepped, load(TARGETS), stepped.run_ids()[STEP - 1])
    assert report.followed.alerts == () and report.followed.series == 3
    assert "None in 3 series" in page(report)


def test_runs_that_are_no_nights_are_followed_by_nobody(nights: ResultStore) -> None:
    report = assemble(nights, load(TARGETS))
    assert report.followed.series == 0 and "Not measured: levels are followed" in page(report)


def test_a_trend_is_the_figure_against_the_median_of_the_runs_before(nights: ResultStore) -> None:
    slow = [
        Measurement("ingest.failed", "csv_1m", 0.0),
        Measurement("ingest.seconds", "csv_1m", 7.4, "s"),
    ]
    nights.write(new_run(ENVIRONMENT, NIGHT + timedelta(days=NIGHTS)), slow)
    trend = assemble(nights, load(TARGETS)).trends["ingest.csv_1m"]
    assert trend.runs == NIGHTS and trend.values[-1] == 7.4
    assert trend.change is not None and abs(trend.change - 1.0) < 0.02
    first = assemble(nights, load(TARGETS), nights.run_ids()[1]).trends["ingest.csv_1m"]
    assert (first.runs, first.change) == (1, None)
