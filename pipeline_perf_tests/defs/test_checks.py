import dagster as dg
import pytest

from pipeline_perf.bench.judge.targets import Target, Threshold, judge
from pipeline_perf.bench.measure.measurement import Measurement
from pipeline_perf.definitions import build
from pipeline_perf.defs import recording
from pipeline_perf.defs.checks import Producer, misses_required, result, target_checks
from pipeline_perf.defs.folders import Folders
from pipeline_perf_tests.defs.conftest import Project

FIGURE = dg.AssetKey(["benchmark", "tiny"])
FAST = Target(
    "ingest.fast",
    "Speed",
    "It is fast",
    "people wait",
    "ingest.seconds",
    required=Threshold("<", 2.0),
)
LEAN = Target(
    "ingest.lean",
    "Memory",
    "It is lean",
    "small machines",
    "ingest.bytes",
    ours=Threshold("<=", 100.0),
)
SILENT = Target(
    "ingest.silent",
    "Speed",
    "It is silent",
    "neighbours",
    "ingest.noise",
    required=Threshold("<", 1.0),
)
METRICS = frozenset({"ingest.seconds", "ingest.bytes", "ingest.noise"})


def run(
    project: Project, figures: dict[str, float], contract: list[Target], *, may_lack: bool = False
) -> dg.ExecuteInProcessResult:
    """A run of an asset that records these figures, of its checks, and of an asset downstream."""

    @dg.asset(key=FIGURE)
    def measured(context: dg.AssetExecutionContext, folders: Folders) -> dg.MaterializeResult:
        found = [Measurement(f"ingest.{name}", "tiny", value) for name, value in figures.items()]
        return dg.MaterializeResult(metadata=recording.record(context, folders.results, found))

    @dg.asset(deps=[FIGURE])
    def report() -> None:
        pass

    checks = target_checks("tiny", [Producer(FIGURE, "tiny", METRICS, may_lack)], contract)
    return dg.materialize(
        [measured, report, *checks], resources={"folders": project.folders}, raise_on_error=False
    )


def outcomes(of: dg.ExecuteInProcessResult) -> dict[str, tuple[bool, str]]:
    return {
        one.check_name: (one.passed, one.severity.value) for one in of.get_asset_check_evaluations()
    }


def test_a_target_that_is_met_passes_with_value_and_target_as_numbers(project: Project) -> None:
    done = run(project, {"seconds": 1.5, "bytes": 90.0}, [FAST, LEAN])
    assert done.success
    assert outcomes(done) == {"ingest_fast": (True, "WARN"), "ingest_lean": (True, "WARN")}
    fast = next(
        one for one in done.get_asset_check_evaluations() if one.check_name == "ingest_fast"
    )
    assert (fast.metadata["value"].value, fast.metadata["target"].value) == (1.5, 2.0)


def test_a_required_target_that_is_missed_fails_the_run_and_the_report_is_still_made(
    project: Project,
) -> None:
    done = run(project, {"seconds": 2.5, "bytes": 90.0}, [FAST, LEAN])
    assert not done.success
    assert outcomes(done)["ingest_fast"] == (False, "ERROR")
    assert done.asset_materializations_for_node("report")
    failure = done.failure_data_for_node("targets_tiny")
    assert failure is not None
    assert failure.user_failure_data is not None
    assert (
        failure.user_failure_data.description
        == "required targets missed: ingest.fast (tiny): 2.5, asked: <\u202f2"
    )


def test_our_own_target_warns_until_it_was_met_once_and_never_fails_the_run(
    project: Project,
) -> None:
    assert outcomes(run(project, {"seconds": 1.0, "bytes": 200.0}, [LEAN])) == {
        "ingest_lean": (False, "WARN")
    }
    assert outcomes(run(project, {"seconds": 1.0, "bytes": 80.0}, [LEAN]))["ingest_lean"][0]
    again = run(project, {"seconds": 1.0, "bytes": 200.0}, [LEAN])
    assert outcomes(again) == {"ingest_lean": (False, "ERROR")}
    assert again.success


def test_a_figure_that_its_asset_did_not_deliver_is_a_miss(project: Project) -> None:
    done = run(project, {"seconds": 1.0}, [FAST, SILENT])
    assert not done.success
    assert outcomes(done) == {"ingest_fast": (True, "WARN"), "ingest_silent": (False, "ERROR")}


def test_an_earlier_figure_never_stands_in_for_a_missing_one(project: Project) -> None:
    assert run(project, {"seconds": 1.0, "noise": 0.5}, [SILENT]).success
    assert not run(project, {"seconds": 1.0}, [SILENT]).success


def test_what_there_is_nothing_to_measure_from_gives_no_result(project: Project) -> None:
    done = run(project, {"seconds": 1.0}, [FAST, SILENT], may_lack=True)
    assert done.success
    assert set(outcomes(done)) == {"ingest_fast"}


def test_targets_of_other_metrics_scopes_and_without_limit_get_no_check() -> None:
    others = [
        Target(
            "queue.depth", "Queue", "Few wait", "outage", "queue.depth", required=Threshold("<", 1)
        ),
        Target(
            "ingest.elsewhere",
            "Speed",
            "It is fast",
            "…",
            "ingest.seconds",
            scope=("csv_1m",),
            required=Threshold("<", 1),
        ),
        Target("ingest.tracked", "Speed", "It is recorded", "…", "ingest.seconds"),
    ]
    assert target_checks("tiny", [Producer(FIGURE, "tiny", METRICS)], others) == []


@pytest.mark.parametrize(("value", "missed"), [(1.9, False), (2.0, True)])
def test_missing_is_what_the_verdict_says(value: float, missed: bool) -> None:
    verdict = judge([FAST], [Measurement("ingest.seconds", "tiny", value)])[0]
    assert misses_required(verdict) is missed
    assert result(FIGURE, verdict).passed is not missed


def test_an_open_verdict_is_a_warning_and_no_miss() -> None:
    verdict = judge([FAST], [Measurement("ingest.seconds", "tiny", 2.1, low=1.5, high=2.5)])[0]
    assert not misses_required(verdict)
    shown = result(FIGURE, verdict)
    assert (shown.passed, shown.severity) == (False, dg.AssetCheckSeverity.WARN)
    assert shown.metadata["low"] == dg.FloatMetadataValue(1.5)


def test_the_job_measures_judges_and_reports(project: Project) -> None:
    done = build(project.settings).resolve_job_def("ci").execute_in_process(raise_on_error=False)
    assert done.success
    assert {name: passed for name, (passed, _) in outcomes(done).items()} == dict.fromkeys(
        (
            "nothing_is_lost",
            "every_file_is_read",
            "events_keep_the_rules",
            "ingest_tiny",
            "accuracy_duplicates",
            "accuracy_conservation",
        ),
        True,
    )
    shown = {
        name: value.value
        for name, value in done.asset_materializations_for_node("benchmark__tiny")[
            0
        ].metadata.items()
    }
    assert shown["failed_repetitions"] == 0
    assert shown["ratio_to_copy"] > 0
    assert (project.data / "reports" / "report.html").exists()
    counts = {
        name: value.value
        for name, value in done.asset_materializations_for_node("report__readiness")[
            0
        ].metadata.items()
    }
    told = ("targets_met", "targets_not_measured", "targets_planned", "verdict")
    assert [counts[name] for name in told] == [3, 0, 1, "Go"]


def test_nothing_that_dagster_keeps_tells_a_telephone_number(project: Project) -> None:
    done = build(project.settings).resolve_job_def("ci").execute_in_process(raise_on_error=False)
    kept = [
        *(
            str(one.metadata) + str(one.description)
            for event in done.get_asset_materialization_events()
            for one in [event.materialization]
        ),
        *(str(one.metadata) + str(one.description) for one in done.get_asset_check_evaluations()),
    ]
    assert any("•••••••" in text for text in kept)
    assert [text for text in kept if "55501" in text] == []


@pytest.mark.slow
@pytest.mark.parametrize(("planted", "status"), [("", 0), ("< 0.001", 1)])
def test_the_command_exits_non_zero_exactly_when_a_required_target_is_missed(
    project: Project, planted: str, status: int
) -> None:
    project.contract("< 60", planted or "< 60")
    done = project.dagster("job", "execute", "-m", "pipeline_perf.definitions", "-j", "ci")
    assert done.returncode == status, done.stderr[-3000:]
    assert ("required targets missed: ingest.tiny" in done.stderr) == bool(status)
