from pathlib import Path

import pytest

from pipeline_perf.bench.judge.targets import (
    Target,
    TargetError,
    Threshold,
    Verdict,
    judge,
    load,
    met,
    met_in,
)
from pipeline_perf.bench.measure.measurement import Measurement
from pipeline_perf.contract import TARGETS

#: Every row of the contract. Adding a row to the contract adds a line here; none is ever taken out.
CONTRACT = [
    "ingest.csv_1k", "ingest.csv_10k", "ingest.csv_100k", "ingest.csv_500k", "ingest.csv_1m",
    "ingest.csv_10m", "ingest.rows_per_s",
    "ingest.fixed_width_1m", "ingest.pdf_50_pages", "ingest.pdf_200_pages", "ingest.peak_memory",
    "ingest.rows_per_mib",
    "ingest.concurrent_files", "accuracy.classification", "accuracy.field_mapping",
    "accuracy.template_match", "accuracy.duplicates",
    "accuracy.validation_coverage", "accuracy.rule_coverage", "accuracy.correction",
    "accuracy.conservation", "quality.error_rate",
    "scenario.att_monthly_bill", "scenario.verizon_usage_export",
    "scenario.tmobile_detailed_billing", "scenario.sprint_legacy",
    "scenario.mixed_format_batch", "scenario.edge_cases", "throughput.single",
    "throughput.workers_4", "throughput.batch",
    "throughput.async", "throughput.scaling_efficiency", "throughput.memory_10k_items",
    "throughput.burst", "throughput.sustained",
    "queue.ops", "queue.jobs_per_minute", "queue.processing_p95", "queue.wait_p95",
    "queue.success_rate", "queue.depth",
    "queue.recovery", "api.p95", "api.p99", "api.max", "api.error_rate", "api.status_p95",
    "api.status_p99", "api.content_p95",
    "api.content_p99", "api.validate_p95", "api.validate_p99", "api.upload_100k_p95.cached",
    "api.upload_100k_p95.new", "api.nlq_p95",
    "api.concurrent", "load.baseline", "load.peak", "load.stress", "load.spike", "load.endurance",
    "stability.availability",
    "stability.leak", "db.point_select.p95", "db.point_select.p99", "db.indexed_where.p95",
    "db.indexed_where.p99", "db.join.p95",
    "db.join.p99", "db.aggregate.p95", "db.aggregate.p99", "db.page.p95", "db.page.p99",
    "db.search.p95", "db.search.p99",
    "db.bulk_insert.p95", "db.bulk_insert.p99", "db.query.p50", "db.query.p95", "db.query.p99",
    "db.pool_utilisation",
    "db.rls_overhead", "db.share_of_processing", "cache.hit_rate", "cache.get_hit.p95",
    "cache.get_hit.p99", "cache.get_miss.p95",
    "cache.get_miss.p99", "cache.set.p95", "cache.set.p99", "cache.delete.p95", "cache.delete.p99",
    "cache.get_or_fetch_hit.p95",
    "cache.get_or_fetch_hit.p99", "cache.get_or_fetch_miss.p95", "cache.get_or_fetch_miss.p99",
    "cache.improvement",
    "cache.concurrency", "embeddings.freshness", "alert.processing_time", "alert.cpu",
    "alert.disk_wait", "regression.gate",
    "readiness.recovery_time",
]  # fmt: skip

MIB, GIB = 2**20, 2**30


def target(**fields: object) -> Target:
    return Target(
        **{
            "id": "t",
            "section": "s",
            "holds": "it holds",
            "why": "because",
            "metric": "ingest.seconds",
            **fields,
        }
    )  # type: ignore[arg-type]


def verdict(
    one: Target, *measurements: Measurement, met_before: frozenset[str] = frozenset()
) -> Verdict:
    (found,) = judge([one], measurements, met_before)
    return found


def seconds(
    value: float, scope: str = "csv", low: float | None = None, high: float | None = None
) -> Measurement:
    return Measurement("ingest.seconds", scope, value, "s", low, high)


def test_the_contract_is_in_the_file_row_by_row() -> None:
    assert set(CONTRACT) <= {one.id for one in load(TARGETS)}


def test_the_thresholds_of_the_contract_are_read() -> None:
    targets = {one.id: one for one in load(TARGETS)}
    memory = targets["ingest.peak_memory"]
    assert (memory.required, memory.warn, memory.critical) == (
        Threshold("<", 2 * GIB),
        Threshold("<", 1.5e9),
        Threshold("<", 1.8e9),
    )
    assert memory.aggregate == "max" and memory.severity == "ERROR"
    assert (
        targets["ingest.csv_1m.ratio"].ours == Threshold("<=", 2.0)
        and targets["ingest.csv_1m.ratio"].severity == "WARN"
    )
    assert targets["accuracy.duplicates"].required == Threshold(">", 0.99)
    assert targets["ingest.csv_1k"].limits == ()
    assert len(targets) >= 130


def test_a_target_met_passes_with_its_margin() -> None:
    found = verdict(target(required=Threshold("<", 100), ours=Threshold("<=", 50)), seconds(40))
    assert (found.status, found.actual, found.margin, found.severity) == ("pass", 40, 0.6, None)
    assert found.meets_required and found.meets_ours and met([found]) == {"t"}


def test_a_required_limit_missed_is_an_error() -> None:
    found = verdict(target(required=Threshold("<", 100)), seconds(150))
    assert (found.status, found.severity, found.margin) == ("fail", "ERROR", -0.5)


def test_our_own_limit_missed_warns_until_it_has_been_met_once() -> None:
    one = target(required=Threshold("<", 100), ours=Threshold("<=", 50))
    found = verdict(one, seconds(60))
    assert (found.status, found.severity, found.threshold) == ("warn", "WARN", one.ours)
    again = verdict(one, seconds(60), met_before=frozenset({"t"}))
    assert (again.status, again.severity) == ("fail", "ERROR") and "step back" in again.note
    assert met_in([one], [[seconds(60)], [seconds(45)]]) == {"t"}
    assert met_in([one], [[seconds(60)]]) == set()


def test_a_bracket_across_the_limit_is_unresolved() -> None:
    one = target(required=Threshold("<", 100))
    assert verdict(one, seconds(95, low=95, high=105)).status == "unresolved"
    assert verdict(one, seconds(95, low=95, high=99)).status == "pass"
    assert verdict(one, seconds(101, low=101, high=120)).status == "fail"
    floor = target(required=Threshold(">=", 100))
    assert verdict(floor, seconds(110, low=90, high=110)).status == "unresolved"


def test_an_exact_target_is_met_by_the_exact_value_only() -> None:
    one = target(required=Threshold("==", 1))
    assert verdict(one, seconds(1)).status == "pass"
    assert verdict(one, seconds(0.999999)).status == "fail"
    assert verdict(one, seconds(0.9, low=0.8, high=1.0)).status == "unresolved"


def test_alert_levels_warn_while_the_required_limit_holds() -> None:
    one = target(required=Threshold("<", 100), warn=Threshold("<", 50), critical=Threshold("<", 80))
    assert [
        (found.status, found.alert)
        for found in (verdict(one, seconds(value)) for value in (40, 60, 90, 110))
    ] == [
        ("pass", ""),
        ("warn", "warn"),
        ("warn", "critical"),
        ("fail", "critical"),
    ]


def test_what_nothing_measures_is_not_measured() -> None:
    found = verdict(
        target(required=Threshold("<", 100)), Measurement("ingest.peak_memory", "csv", 1)
    )
    assert (found.status, found.actual, found.severity) == ("not_measured", None, None)


def test_a_target_without_a_limit_is_tracked() -> None:
    assert verdict(target(), seconds(3)).status == "tracked"


def test_the_worst_scope_decides() -> None:
    one = target(scope=("csv_*",), required=Threshold("<", 100))
    found = verdict(one, seconds(10, "csv_1k"), seconds(90, "csv_1m"), seconds(500, "pdf"))
    assert (found.scope, found.actual) == ("csv_1m", 90)


def test_repetitions_become_one_figure_by_the_aggregate() -> None:
    times = [seconds(value) for value in (1, 2, 9)]
    actual = {
        how: verdict(target(aggregate=how), *times).actual
        for how in ("median", "mean", "max", "min")
    }
    assert actual == {"median": 2, "mean": 4, "max": 9, "min": 1}


def test_a_failed_repetition_is_never_outvoted_by_good_ones() -> None:
    failed = [
        Measurement("ingest.failed", "csv", value, reason=reason)
        for value, reason in ((0.0, ""), (1.0, "killed by SIGKILL"))
    ]
    found = verdict(target(required=Threshold("<", 100)), seconds(1), *failed)
    assert found.status == "fail" and found.note == "1 of 2 repetitions failed: killed by SIGKILL"
    assert verdict(target(scope=("csv",), required=Threshold("<", 100)), *failed).status == "fail"
    assert verdict(target(scope=("csv",), ours=Threshold("<", 100)), *failed).status == "warn"


GOOD = """\
Speed:
  a.b:
    holds: it holds
    why: because
    required: "< 3"
"""


@pytest.mark.parametrize(
    ("text", "line", "problem"),
    [
        ("Speed:\n  a.b: [", 2, "not readable as YAML"),
        ("Speed:\n", 1, "Speed is empty; write ids, each with at least holds, why"),
        ("Speed:\n  a.b: 3\n", 2, "a.b is '3'; write a mapping with keys such as holds, why"),
        (GOOD.replace("why: because", "wy: because"), 4, "unknown key 'wy'; write 'why'"),
        (GOOD.replace("    why: because\n", ""), 3, "lacks why; add `why:`"),
        (GOOD.replace("why: because", "why: ''"), 4, "why is empty; write a sentence"),
        (GOOD.replace('"< 3"', '"under 3"'), 5, "'under 3' is no limit; write a comparator"),
        (GOOD.replace('"< 3"', '"< 3 parsec"'), 5, "'< 3 parsec' is no limit"),
        (GOOD.replace('"< 3"', '"< 3 GiB"'), 5, "required is in bytes, and the unit is ''; write"),
        (GOOD + "    aggregate: mode\n", 6, "is 'mode'; choose one of median, mean, max, min"),
        (GOOD + "    metric: seconds\n", 6, "has no family; write family.metric"),
        (GOOD.replace("a.b", "seconds"), 2, "has no family; write family.metric"),
        (GOOD + "    why: twice\n", 6, "'why' is given twice, first on line 4; keep one"),
        (GOOD + GOOD.replace("Speed:", "Memory:"), 7, "'a.b' is given twice, first on line 2"),
        (GOOD + "    unit: [a]\n", 6, "unit is a list; write a single value"),
    ],
)
def test_a_faulty_file_is_refused_by_line_and_with_a_remedy(
    tmp_path: Path, text: str, line: int, problem: str
) -> None:
    path = tmp_path / "targets.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(TargetError) as error:
        load(path)
    message = str(error.value)
    assert message.startswith(f"{path}, line {line}: ") and problem in message
    assert error.value.remedy and "\n" not in message


def test_an_empty_file_is_told_what_belongs_there(tmp_path: Path) -> None:
    path = tmp_path / "targets.yaml"
    path.touch()
    with pytest.raises(TargetError, match="write sections, each with ids, each with at least"):
        load(path)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TargetError, match="cannot be read"):
        load(tmp_path / "absent.yaml")


def test_a_good_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "targets.yaml"
    path.write_text(GOOD, encoding="utf-8")
    (one,) = load(path)
    assert one == Target("a.b", "Speed", "it holds", "because", "a.b", required=Threshold("<", 3))
