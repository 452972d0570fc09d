import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import jsonschema
import pytest

from pipeline_perf.bench.explain.flamegraph import page_of
from pipeline_perf.bench.measure.results import ResultsError, ResultStore, new_run
from pipeline_perf.report.comparisons import of_run, of_tree
from pipeline_perf.report.document import (
    OPTIMISATION_SCHEMA,
    SCHEMA_FILE,
    optimisation_json,
    write_optimisation,
)
from pipeline_perf.report.markdown import optimisation_markdown
from pipeline_perf.report.page import optimisation_page
from pipeline_perf_tests.report.conftest import BASE, ENVIRONMENT, MIB, NIGHT, keep, sides

THIN = "\u202f"


@pytest.fixture
def results(tmp_path: Path) -> Path:
    return tmp_path / "results"


def pages(results: Path) -> Path:
    return results.parent / "reports" / "comparisons"


@pytest.mark.parametrize("tolerance", [0.02, 0.15])
def test_what_was_found_is_read_back_as_it_was(results: Path, tolerance: float) -> None:
    run = new_run(ENVIRONMENT, NIGHT)
    found = keep(results, run, sides(1.2), tolerance)
    (read,) = of_run(ResultStore(results / "comparisons"), run.id, pages(results))
    assert (read.workload, read.verdict, read.metric, read.against) == (
        "ingest.csv_1m",
        "slower",
        found.metric,
        BASE,
    )
    assert read.comparisons == found.comparisons
    assert list(read.counters) == list(found.counters) and {one.name for one in read.counters} == {
        "read_bytes",
        "written_bytes",
    }
    assert read.facts and [(one.name, one.stage) for one in read.facts.named] == [
        ("pipeline_perf.ingest.read.text:rows<b>", "read")
    ]
    assert read.page == page_of(pages(results), run.id, "ingest.csv_1m").name


def test_the_outcome_tells_stages_and_the_gain(results: Path) -> None:
    run = new_run(ENVIRONMENT, NIGHT)
    keep(results, run, sides(0.8))
    (read,) = of_run(ResultStore(results / "comparisons"), run.id, pages(results))
    assert read.verdict == "faster" and read.outcome is not None
    assert (
        read.outcome.low <= read.outcome.speedup <= read.outcome.high
        and read.outcome.speedup == pytest.approx(1.25, rel=0.01)
    )
    reading = next(one for one in read.outcome.changes if one.metric == "stages.read")
    assert (reading.before, reading.after, reading.ratio) == pytest.approx((4.0, 2.0, 0.5))
    assert read.outcome.expected and read.outcome.expected.subject == "stage read"
    assert read.outcome.of_limit == pytest.approx(0.5, abs=0.01)


def test_a_comparison_in_which_a_side_failed_says_why(results: Path) -> None:
    pairs, run = sides(1.0), new_run(ENVIRONMENT, NIGHT)
    broken = replace(pairs, a=(*pairs.a[:-1], replace(pairs.a[-1], reason="lost 020 7555 0143")))
    keep(results, run, broken)
    (read,) = of_run(ResultStore(results / "comparisons"), run.id, pages(results))
    assert read.verdict == "failed" and read.failures == (
        "subject, repetition 12: lost •••••••0143",
    )
    assert "lost •••••••0143" in optimisation_page([read])
    assert "lost •••••••0143" in optimisation_markdown([read])


def test_a_comparison_belongs_to_the_run_of_the_same_tree_and_machine(results: Path) -> None:
    store, night = ResultStore(results / "comparisons"), new_run(ENVIRONMENT, NIGHT)
    keep(results, new_run(ENVIRONMENT, NIGHT + timedelta(hours=1)), sides(1.2))
    newer = new_run(ENVIRONMENT, NIGHT + timedelta(hours=2))
    keep(results, newer, sides(1.0))
    for other in (
        replace(ENVIRONMENT, machine="another"),
        replace(ENVIRONMENT, dirty=True),
        replace(ENVIRONMENT, revision="c" * 40),
    ):
        keep(results, new_run(other, NIGHT + timedelta(hours=3)), sides(1.2))
    (found,) = of_tree(store, night, pages(results))
    assert (found.run.id, found.verdict) == (newer.id, "unchanged")
    assert of_tree(store, new_run(replace(ENVIRONMENT, revision=""), NIGHT), pages(results)) == []
    with pytest.raises(ResultsError, match="no run"):
        of_run(store, "20000101T000000Z-none", pages(results))


def test_the_optimisation_report_has_three_forms_that_agree(results: Path, tmp_path: Path) -> None:
    run = new_run(ENVIRONMENT, NIGHT)
    keep(results, run, sides(0.8))
    compared = of_run(ResultStore(results / "comparisons"), run.id, pages(results))
    written = write_optimisation(compared, tmp_path / "out")
    document = json.loads(written.json.read_text(encoding="utf-8"))
    assert document["schema"] == OPTIMISATION_SCHEMA and document == json.loads(
        optimisation_json(compared)
    )
    jsonschema.validate(document, json.loads(SCHEMA_FILE.read_text(encoding="utf-8")))
    (one,) = document["comparisons"]
    assert (
        one["verdict"] == "faster"
        and one["attribution"]["named"][0]["stage"] == "read"
        and one["before"]["bound"] == ["cpu"]
    )
    text = written.markdown.read_text(encoding="utf-8")
    assert (
        text.startswith("## Faster: `ingest.csv_1m`: 1.25 times as fast")
        and f"−20.0{THIN}%" in text
        and "rows<b>" in text
    )
    html = written.html.read_text(encoding="utf-8")
    assert "1.25 times as fast" in html and "rows&lt;b&gt;" in html and "<b>'" not in html
    assert "<script" not in html.replace("&lt;script", "")
    with pytest.raises(ValueError, match="no comparison"):
        optimisation_page([])


def test_memory_is_told_in_bytes(results: Path) -> None:
    run = new_run(ENVIRONMENT, NIGHT)
    keep(results, run, sides(1.0))
    (read,) = of_run(ResultStore(results / "comparisons"), run.id, pages(results))
    assert read.outcome is not None
    assert (
        next(one.before for one in read.outcome.changes if one.metric == "peak_memory") == 581 * MIB
    )
    assert f"581{THIN}MiB" in optimisation_page([read])
