from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from pipeline_perf.bench.measure.measurement import Measurement
from pipeline_perf.bench.measure.results import ResultStore, new_run
from pipeline_perf.cli import main
from pipeline_perf_tests.report.conftest import ENVIRONMENT, NIGHT, keep, sides

Report = Callable[..., Result]

CONTRACT = """\
Ingestion:
  ingest.seconds:
    holds: Ingestion takes less than ten seconds
    scope: csv_1m
    unit: s
    required: "< {limit}"
    why: people wait for it
"""


@pytest.fixture
def report(tmp_path: Path) -> Report:
    """Runs the command on the results below tmp_path, with a contract that asks for less than
    `limit` seconds.
    """

    def run(*arguments: str, limit: float = 10) -> Result:
        contract = tmp_path / "targets.yaml"
        contract.write_text(CONTRACT.format(limit=limit), encoding="utf-8")
        return CliRunner().invoke(
            main,
            ["report", *arguments],
            env={"PIPELINE_PERF_DATA": str(tmp_path), "PIPELINE_PERF_TARGETS": str(contract)},
        )

    return run


def test_the_newest_run_is_reported_on_and_its_page_named(
    report: Report, nights: ResultStore, tmp_path: Path
) -> None:
    result = report()
    assert result.exit_code == 0, result.output
    assert "ingest.seconds" in result.output and "Go: " in result.output
    assert result.output.splitlines()[-1] == f"Report: {tmp_path / 'reports' / 'report.html'}"
    assert nights.latest_run() in (tmp_path / "reports" / "report.json").read_text(encoding="utf-8")


def test_a_missed_target_is_exit_code_1(report: Report, nights: ResultStore) -> None:
    result = report(limit=1)
    assert result.exit_code == 1
    assert "No-go: " in result.output


def test_the_report_on_an_older_run_leaves_the_newest_ones_alone(
    report: Report, nights: ResultStore, tmp_path: Path
) -> None:
    report()
    newest = (tmp_path / "reports" / "report.html").read_bytes()
    oldest = nights.run_ids()[0]
    assert str(tmp_path / "reports" / oldest / "report.html") in report("--run", oldest).output
    assert (tmp_path / "reports" / "report.html").read_bytes() == newest


def test_a_run_that_is_not_there_is_named_in_one_line(report: Report, nights: ResultStore) -> None:
    result = report("--run", "20200101T000000Z-none")
    assert result.exit_code == 1
    assert (
        result.output.startswith("Error: ")
        and "there is no run 20200101T000000Z-none" in result.output
    )


def test_without_results_it_says_how_to_get_some(report: Report) -> None:
    assert "make bench" in report().output


def test_an_open_target_is_no_failure(report: Report, tmp_path: Path) -> None:
    figure = Measurement("ingest.seconds", "csv_1m", 9.5, "s", 9.0, 10.5)
    ResultStore(tmp_path / "results").write(new_run(ENVIRONMENT, NIGHT), [figure])
    result = report()
    assert result.exit_code == 0
    assert "Open" in result.output


def test_a_comparison_is_reported_on_before_and_after(report: Report, tmp_path: Path) -> None:
    run = new_run(ENVIRONMENT, NIGHT)
    keep(tmp_path / "results", run, sides(0.8))
    result = report("--comparison")
    assert result.exit_code == 0, result.output
    assert (
        result.output.startswith("Faster ingest.csv_1m: 1.25 times as fast")
        and "ingest.read.text:rows<b>" in result.output
    )
    assert (
        result.output.splitlines()[-1]
        == f"Report: {tmp_path / 'reports' / run.id / 'optimisation.html'}"
    )
    assert report("--run", run.id).output == result.output


def test_a_slower_tree_is_exit_code_1(report: Report, tmp_path: Path) -> None:
    keep(tmp_path / "results", new_run(ENVIRONMENT, NIGHT), sides(1.2))
    result = report("--comparison")
    assert (
        result.exit_code == 1 and "Slower ingest.csv_1m: takes 1.20 times as long" in result.output
    )


def test_without_a_comparison_it_says_how_to_make_one(report: Report, nights: ResultStore) -> None:
    result = report("--comparison")
    assert result.exit_code == 1 and "bench compare REV" in result.output
