import io
import json
import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import jsonschema
import pytest
from rich.console import Console

from pipeline_perf.bench.judge.targets import Target, Threshold, judge, load
from pipeline_perf.bench.measure.measurement import Measurement
from pipeline_perf.bench.measure.results import ResultsError, ResultStore, new_run
from pipeline_perf.contract import TARGETS
from pipeline_perf.report import charts, figures
from pipeline_perf.report.content import Report, assemble, build, readiness
from pipeline_perf.report.document import SCHEMA, SCHEMA_FILE, to_json, write
from pipeline_perf.report.markdown import markdown
from pipeline_perf.report.page import page, sentence
from pipeline_perf.report.terminal import table
from pipeline_perf_tests.command import NUMBER
from pipeline_perf_tests.report.conftest import ENVIRONMENT, NIGHT, NIGHTS, STAGES, keep, sides

THIN = "\u202f"


@pytest.fixture
def report(nights: ResultStore) -> Report:
    return assemble(nights, load(TARGETS))


def target(name: str = "a.b", **limits: Threshold) -> Target:
    return Target(name, "Section", "it holds", "because", "a.b", **limits)  # type: ignore[arg-type]


def one_target(value: float, **limits: Threshold) -> str:
    return readiness(judge([target(**limits)], [Measurement("a.b", "", value)])).state


def test_readiness_is_a_go_only_where_no_required_target_is_missed_or_open() -> None:
    assert one_target(1, required=Threshold("<", 2)) == "go"
    assert one_target(3, required=Threshold("<", 2)) == "no_go"
    assert one_target(3, required=Threshold("<", 4), ours=Threshold("<", 2)) == "go"
    bracket = Measurement("a.b", "", 1.9, low=1.9, high=2.1)
    assert readiness(judge([target(required=Threshold("<", 2))], [bracket])).state == "undecided"


def test_nothing_measured_is_not_a_go() -> None:
    found = readiness(judge(load(TARGETS), []))
    assert found.state == "undecided"
    assert found.counts["not_measured"] == len(load(TARGETS))
    assert found.counts["pass"] == 0


def test_the_report_of_the_newest_run_tells_what_was_missed_and_what_nobody_measured(
    report: Report,
) -> None:
    assert report.readiness.state == "no_go"
    assert report.readiness.headline == "1 target missed: ingest.pdf_200_pages"
    assert report.failures == (("ingest.pdf_200_pages", 0, "timed out: killed after 600 s"),)
    statuses = {verdict.target.id: verdict.status for verdict in report.verdicts}
    assert statuses["ingest.csv_1m"] == "pass"
    assert statuses["ingest.csv_100k.ratio"] == "warn"
    assert statuses["ingest.rows_per_mib.1m"] == "unresolved"
    assert statuses["ingest.csv_10k"] == "tracked"
    assert statuses["api.p95"] == "planned" and statuses["ingest.csv_500k"] == "not_measured"
    detail = report.readiness.detail
    of_run = len(report.with_status("fail", "warn", "unresolved", "pass", "tracked"))
    assert detail.startswith(f"{of_run} of {of_run} targets that this run measures: ")
    assert f"{len(report.with_status('planned'))} are planned: nothing here measures" in detail
    assert len(report.verdicts) == len(load(TARGETS))


def test_in_a_repository_of_ones_own_the_projects_targets_are_none_of_theirs(
    tmp_path: Path,
) -> None:
    store = ResultStore(tmp_path)
    store.write(new_run(ENVIRONMENT, NIGHT), [Measurement("wordcount.seconds", "text", 1.0, "s")])
    found = assemble(store, load(TARGETS))
    assert found.verdicts == () and "No target speaks of what this run" in found.readiness.detail
    theirs = [replace(target(required=Threshold("<", 2)), metric="wordcount.seconds"), target()]
    found = assemble(store, theirs)
    assert [verdict.status for verdict in found.verdicts] == ["pass", "planned"]


def test_a_target_of_ours_met_on_an_earlier_night_fails_when_missed_tonight(
    nights: ResultStore,
) -> None:
    run = new_run(ENVIRONMENT, NIGHT + timedelta(days=NIGHTS))
    nights.write(run, [Measurement("ingest.ratio_to_copy", "csv_1m", 2.6, "", 2.5, 2.7)])
    found = assemble(nights, load(TARGETS))
    assert found.readiness.headline == "1 target missed: ingest.csv_1m.ratio"
    another = replace(ENVIRONMENT, machine="another")
    nights.write(
        new_run(another, NIGHT + timedelta(days=NIGHTS + 1)),
        [Measurement("ingest.ratio_to_copy", "csv_1m", 2.6, "", 2.5, 2.7)],
    )
    # a machine that never met it is warned only
    assert assemble(nights, load(TARGETS)).readiness.state == "go"


def test_a_history_covers_the_runs_up_to_the_reported_one(nights: ResultStore) -> None:
    fifth = nights.run_ids()[4]
    found = assemble(nights, load(TARGETS), fifth)
    assert found.run.id == fifth
    rate = next(
        history
        for history in found.histories
        if history.metric == "rows_per_s" and history.workload == "ingest.csv_1m"
    )
    assert [point.run for point in rate.points] == nights.run_ids()[:5]
    assert dict(rate.limits) == {"required": 200, "ours": 250_000}
    assert assemble(nights, load(TARGETS), nights.run_ids()[0]).histories == ()


def test_a_run_that_is_not_there_is_refused(nights: ResultStore) -> None:
    with pytest.raises(ResultsError, match="no run 19990101"):
        assemble(nights, load(TARGETS), "19990101")


def test_the_stages_and_what_they_leave_add_up_to_the_whole(report: Report) -> None:
    million = next(one for one in report.breakdowns if one.workload == "ingest.csv_1m")
    assert [name for name, _ in million.stages] == [*STAGES, "start-up and rest"]
    assert sum(seconds for _, seconds in million.stages) == pytest.approx(million.total)
    shares = charts.segments(million)
    assert shares[-1].start + shares[-1].share == pytest.approx(100)


def test_a_chart_begins_at_zero_and_holds_every_point_and_limit(report: Report) -> None:
    for history in report.histories:
        plot = charts.plot(history)
        assert plot.ticks[0][0] == 0
        assert plot.ticks[-1][0] >= max(point.most for point in history.points)
        assert all(
            charts.TOP <= mark.y_most <= mark.y <= mark.y_least <= charts.HEIGHT - charts.BOTTOM
            for mark in plot.marks
        )
        assert all(charts.TOP <= line.y <= charts.HEIGHT - charts.BOTTOM for line in plot.limits)
        assert {line.name for line in plot.limits} | {name for name, _ in plot.far} == dict(
            history.limits
        ).keys()


def test_the_page_names_nothing_outside_itself(report: Report) -> None:
    html = page(report)
    assert "http:" not in html and "https:" not in html and "<script" not in html
    assert "@import" not in html and "url(" not in html


def test_every_text_on_the_page_is_escaped(report: Report) -> None:
    evil = "<script>alert('x')</script>"
    failures = ((evil, 0, evil),)
    verdicts = tuple(replace(verdict, note=evil) for verdict in report.verdicts)
    spoiled = replace(
        report, failures=failures, notes=(evil,), verdicts=verdicts, accuracy={evil: {evil: 1.0}}
    )
    assert "<script" not in page(spoiled)
    assert "<script" not in markdown(spoiled)


def test_the_json_is_complete_versioned_and_strict(report: Report) -> None:
    document = json.loads(to_json(report))
    assert document["schema"] == SCHEMA == "pipeline_perf.report/1"
    assert document["readiness"]["state"] == "no_go"
    assert document["run"]["time"] == "2026-03-12T02:00:00+00:00"
    assert [one["id"] for one in document["verdicts"]] == [one.id for one in load(TARGETS)]
    missed = next(one for one in document["verdicts"] if one["id"] == "ingest.pdf_200_pages")
    assert (missed["status"], missed["severity"], missed["actual"]) == ("fail", "ERROR", None)
    assert missed["required"] == {"comparator": "<", "limit": 600}
    assert document["breakdowns"][0]["stages"].keys() == {*STAGES, "start-up and rest"}
    assert len(document["histories"][0]["points"]) == NIGHTS


@pytest.mark.parametrize("kind", ["nights", "stepped", "compared"])
def test_the_json_is_as_its_schema_says_and_nothing_else(
    kind: str, request: pytest.FixtureRequest, nights: ResultStore
) -> None:
    store = nights
    if kind == "compared":
        keep(nights.root, nights.run(nights.run_ids()[-1]), sides(1.2))
    else:
        store = request.getfixturevalue(kind)
    document, schema = (
        json.loads(to_json(assemble(store, load(TARGETS)))),
        json.loads(SCHEMA_FILE.read_text(encoding="utf-8")),
    )
    jsonschema.validate(document, schema)
    assert document.keys() == schema["$defs"]["report"]["properties"].keys()
    assert document["verdicts"][0].keys() == schema["$defs"]["verdict"]["properties"].keys()
    if kind == "compared":
        assert (
            document["comparisons"][0].keys() == schema["$defs"]["comparison"]["properties"].keys()
        )
    del document["verdicts"][0]["status"]
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(document, schema)


def test_the_markdown_puts_what_needs_attention_first_and_folds_the_rest(report: Report) -> None:
    text = markdown(report)
    shown, folded = text.split("<details>", 1)
    assert (
        "No-go" in shown
        and "`ingest.pdf_200_pages`" in shown
        and "`ingest.csv_100k.ratio`" in shown
    )
    assert "`ingest.csv_1m`" not in shown and "`ingest.csv_1m`" in folded
    silent, to_come = (len(report.with_status(name)) for name in ("not_measured", "planned"))
    assert f"{silent} targets are left to other runs" in folded
    assert f"{to_come} targets are planned" in folded
    assert all(
        line.count(" | ") == 6
        for line in text.splitlines()
        if line.startswith(("| Met", "| Warning", "| **Missed"))
    )


def test_the_terminal_table_ends_with_the_readiness(report: Report) -> None:
    console = Console(file=io.StringIO(), width=140)
    console.print(table(report))
    lines = console.file.getvalue().splitlines()  # type: ignore[attr-defined]
    assert any("Missed" in line and "ingest.pdf_200_pages" in line for line in lines)
    assert not any("api.p95" in line for line in lines)
    assert lines[-2].startswith("No-go: 1 target missed")


def test_the_files_are_replaced_and_nothing_else_is_left(report: Report, tmp_path: Path) -> None:
    directory = tmp_path / "report"
    first = write(report, directory)
    assert write(report, directory) == first
    assert sorted(path.name for path in directory.iterdir()) == [
        "report.html",
        "report.json",
        "report.md",
        "summary.html",
    ]
    assert first.html.read_text(encoding="utf-8") == page(report)


def test_what_failed_work_says_of_itself_is_told_without_numbers() -> None:
    failed = Measurement("a.failed", "b", 1.0, reason="bill_2125550143.pdf: of 020 7555 0143")
    figures = [failed, Measurement("a.b", "b", 2.0)]
    missed = judge([target(required=Threshold("<", 1.0))], figures)
    report = build(new_run(ENVIRONMENT, NIGHT), figures, missed)
    console = Console(file=io.StringIO(), width=140)
    console.print(table(report))
    printed = console.file.getvalue()
    forms = (page(report), to_json(report), markdown(report), printed)
    assert [form for form in forms if NUMBER.search(form)] == []
    assert all("•••••••0143.pdf: of •••••••0143" in form.replace("\\_", "_") for form in forms)
    assert report.verdicts[0].note.endswith("of •••••••0143")


@pytest.mark.parametrize("width", [140, 80, 60])
def test_a_terminal_of_any_width_shows_every_target_and_figure_whole(width: int) -> None:
    names = ["accuracy.validation_coverage.false_alarms", "ingest.peak_memory.of_everything"]
    contract = [
        replace(target(name, required=Threshold("<", 4.0 * 2**30)), metric=f"a.{name}", unit="B")
        for name in names
    ]
    low, value, high = (size * 2.0**20 for size in (264, 300, 344))
    figures = [Measurement(f"a.{name}", "b", value, "B", low=low, high=high) for name in names]
    report = build(new_run(ENVIRONMENT, NIGHT), figures, judge(contract, figures))
    console = Console(file=io.StringIO(), width=width)
    console.print(table(report))
    printed = console.file.getvalue()
    assert all(len(line) <= width for line in printed.splitlines())
    for whole in (*names, "Met ", "(264 to 344 MiB)", "< 4 GiB"):
        assert whole in re.sub("[\xa0\u202f]", " ", printed)


def test_a_busy_machine_and_local_changes_are_mentioned() -> None:
    run = new_run(replace(ENVIRONMENT, load_1m=3.5, dirty=True), NIGHT)
    notes = " ".join(build(run, [], []).notes)
    assert "busy" in notes and "load 3.50 on 2 cores" in notes
    assert "0a1b2c3d4e5f" in notes


@pytest.mark.parametrize(
    ("value", "unit", "written"),
    [
        (None, "s", "–"),
        (0, "s", "0 s"),
        (0.0042, "s", "4.2 ms"),
        (0.46317, "s", "463 ms"),
        (3.7, "s", "3.70 s"),
        (301.4, "s", "5 min 1 s"),
        (2 * 2**30, "B", "2 GiB"),
        (594.74 * 2**20, "B", "595 MiB"),
        (12, "B", "12 B"),
        (251_340.2, "rows/s", "251 340 rows/s"),
        (0.99871, "", "0.9987"),
        (1.0, "", "1"),
        (1e-6, "", "1e-06"),
    ],
)
def test_figures_are_written_in_the_size_that_reads_best(
    value: float | None, unit: str, written: str
) -> None:
    assert figures.figure(value, unit).replace(THIN, " ") == written


@pytest.mark.parametrize(
    ("value", "limit", "written"),
    [
        (40, Threshold("<", 100), "+60 %"),
        (104, Threshold("<", 100), "−4.0 %"),
        (0.4, Threshold("<", 100), "+99.6 %"),
        (2000, Threshold(">=", 10), "× 200"),
        (0, Threshold("==", 0), "–"),
    ],
)
def test_margins_are_written_with_their_sign(value: float, limit: Threshold, written: str) -> None:
    (verdict,) = judge([target(required=limit)], [Measurement("a.b", "", value)])
    assert figures.margin(verdict).replace(THIN, " ") == written


def test_what_the_lab_says_is_a_sentence_with_its_commands_as_code() -> None:
    said = sentence("look at start-up first (`python -X importtime`): it takes 62% of <all>")
    assert said == (
        "Look at start-up first (<code>python -X importtime</code>):"
        f" it takes 62{THIN}% of &lt;all&gt;"
    )
