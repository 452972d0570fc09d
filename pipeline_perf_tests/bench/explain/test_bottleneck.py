from dataclasses import replace
from datetime import UTC, datetime

import pytest

from pipeline_perf.bench.explain.bottleneck import (
    Limits,
    Machine,
    OptimisationReport,
    Recommendation,
    bottleneck,
    diagnose,
    optimisation,
)
from pipeline_perf.bench.measure.measure import Pairs, Sample
from pipeline_perf.bench.measure.workload import Workload

MIB = 1 << 20
MACHINE = Machine(cores=4, memory_bytes=8 << 30)

#: Ten seconds, in which next to nothing happens.
IDLE = Sample(
    Workload("test.load", target="m:f"), 0, "", datetime(2026, 3, 1, tzinfo=UTC), wall_s=10.0,
    cpu_user_s=1.0, peak_memory=100 * MIB,
    peak_memory_bound=110 * MIB, switches_voluntary=900,
)  # fmt: skip


def sample(stages: dict[str, float] | None = None, **fields: float) -> Sample:
    return replace(
        IDLE,
        values={f"stages.{name}": seconds for name, seconds in (stages or {}).items()},
        **fields,
    )  # type: ignore[arg-type]


def subjects(found: object) -> list[str]:
    return [one.subject for one in found.recommendations]  # type: ignore[attr-defined]


def test_one_busy_core_is_processor_bound_and_the_others_could_help() -> None:
    found = bottleneck([sample(cpu_user_s=9.5)], MACHINE)
    assert found.bound == ("cpu",) and found.why == (
        "0.9 of 4 cores are busy: the others could help",
    )
    (idle,) = found.recommendations
    assert idle.share == pytest.approx(1 - 0.95 / 4) and "0.9 of 4 cores" in idle.evidence
    assert idle.speedup_limit == pytest.approx(4 / 0.95)


def test_all_cores_busy_leave_nothing_to_spread() -> None:
    found = bottleneck([sample({"parse": 6.0, "write": 3.0}, cpu_user_s=38.0)], MACHINE)
    assert found.bound == ("cpu",) and subjects(found) == ["stage parse"]


def test_the_limit_is_the_callers() -> None:
    busy = [sample(cpu_user_s=7.9)]
    assert bottleneck(busy, MACHINE).bound == ("none",)
    assert bottleneck(busy, MACHINE, Limits(cpu=0.75)).bound == ("cpu",)


def test_waiting_for_the_disk_is_told_from_other_waiting_where_it_was_measured() -> None:
    waited = replace(IDLE, values={"disk_wait_seconds": 4.0}, disk_read_bytes=900 * MIB)
    found = bottleneck([waited], MACHINE)
    assert found.bound == ("disk",) and found.disk_wait == pytest.approx(0.4)
    assert (
        "900 MiB read from the device"
        in next(one for one in found.recommendations if one.subject == "disk").evidence
    )
    other = bottleneck([replace(waited, values={"disk_wait_seconds": 1.0})], MACHINE)
    assert (
        other.bound == ("waiting",)
        and "10% waiting for the disk, the rest for something else" in other.why[0]
    )


def test_waiting_is_not_called_the_disks_where_nothing_measured_that() -> None:
    found = bottleneck([sample(disk_written_bytes=300 * MIB)], MACHINE)
    assert found.bound == ("waiting",) and found.disk_wait is None
    assert "not measured, 300 MiB" in found.why[0]
    assert "the disk was not touched" in bottleneck([IDLE], MACHINE).why[0]


def test_the_stages_of_a_database_are_a_bottleneck_of_their_own() -> None:
    found = bottleneck([sample({"query": 4.0, "render": 1.0})], MACHINE, database_stages={"query"})
    assert found.bound == ("database",) and found.why == ("40% of the time is spent in query",)


def test_a_peak_near_the_machines_memory_comes_first() -> None:
    found = bottleneck([sample(cpu_user_s=9.0, peak_memory=7 << 30, major_faults=12_000)], MACHINE)
    assert found.bound == ("memory", "cpu") and found.memory_share == pytest.approx(7 / 8)
    assert (
        "12\u202f000 pages read back"
        in bottleneck([sample(peak_memory=7 << 30, major_faults=12_000)], MACHINE)
        .recommendations[0]
        .evidence
    )


def test_memory_that_is_taken_again_and_again_is_told_from_other_work_of_the_kernel() -> None:
    kernel = sample(cpu_user_s=5.0, cpu_system_s=4.0)
    assert "the kernel's work" in subjects(bottleneck([kernel], MACHINE))
    churning = replace(kernel, minor_faults=500_000)
    found = bottleneck([churning], MACHINE)
    assert "memory taken again and again" in subjects(
        found
    ) and "the kernel's work" not in subjects(found)
    assert next(
        one.share for one in found.recommendations if one.subject.startswith("memory taken")
    ) == pytest.approx(0.4)


def test_the_gain_of_a_stage_is_limited_by_its_share() -> None:
    found = bottleneck(
        [sample({"parse": 5.0, "write": 2.0, "check": 0.1}, cpu_user_s=10.0)],
        replace(MACHINE, cores=1),
    )
    (first,) = found.recommendations
    assert (
        first.subject == "stage parse"
        and first.evidence == "parse takes 50% of the time (write 20%, check 1%)"
    )
    assert first.speedup_halved == pytest.approx(1 / 0.75) and first.speedup_limit == pytest.approx(
        2
    )
    assert found.stages == (("parse", 0.5), ("write", 0.2), ("check", 0.01))


def test_stages_that_overlap_are_shares_of_their_sum() -> None:
    assert bottleneck([sample({"read": 10.0, "parse": 10.0})], MACHINE).stages == (
        ("parse", 0.5),
        ("read", 0.5),
    )


def test_figures_are_medians_and_failed_repetitions_are_left_out() -> None:
    repetitions = [
        sample(cpu_user_s=9.0),
        sample(cpu_user_s=9.2),
        sample(cpu_user_s=1.0),
        sample(cpu_user_s=0.0, reason="timed out"),
    ]
    assert bottleneck(repetitions, MACHINE).busy_cores == pytest.approx(0.9)
    with pytest.raises(ValueError, match="no repetition succeeded"):
        bottleneck(repetitions[-1:], MACHINE)


def measured(walls: list[float], parse_share: float) -> tuple[Sample, ...]:
    return tuple(
        sample(
            {"parse": wall * parse_share, "write": wall * (1 - parse_share)},
            wall_s=wall,
            cpu_user_s=0.95 * wall,
        )
        for wall in walls
    )


def reported(pairs: Pairs, expected: Recommendation | None = None) -> OptimisationReport:
    units = {metric.name: metric.unit for sample in pairs.samples for metric in sample.metrics()}
    after, before = ({name: pairs.values(name)[side] for name in units} for side in (0, 1))
    return optimisation("test.load", after, before, units, MACHINE, expected=expected)


def test_an_optimisation_is_reported_with_what_it_was_expected_to_bring() -> None:
    noise = (0.0, 0.05, -0.04, 0.02, -0.01, 0.03, -0.02, 0.01, 0.04, -0.03, 0.0, 0.02)
    before = measured([10 + wobble for wobble in noise], 0.5)
    after = measured([7.5 + wobble for wobble in reversed(noise)], 1 / 3)
    expected = bottleneck(before, replace(MACHINE, cores=1)).recommendations[0]
    report = reported(Pairs(after, before), expected)
    assert report.verdict == "faster" and report.low <= report.speedup <= report.high
    assert report.speedup == pytest.approx(10 / 7.5, rel=0.01)
    assert report.of_limit == pytest.approx(0.5, abs=0.02)  # half of parse is gone
    parse = next(change for change in report.changes if change.metric == "stages.parse")
    assert (
        parse.ratio == pytest.approx(0.5, abs=0.01)
        and parse.comparison
        and parse.comparison.verdict == "changed"
    )
    faults = next(change for change in report.changes if change.metric == "major_faults")
    assert faults.comparison is None and faults.ratio is None
    assert (
        report.before.stages[0] == ("parse", pytest.approx(0.5))
        and report.after.stages[0][0] == "write"
    )


def test_an_optimisation_that_brought_nothing_says_so() -> None:
    walls = [10.0, 10.1, 9.9, 10.0, 10.05, 9.95, 10.0, 10.02, 9.98, 10.0]
    report = reported(Pairs(measured(walls, 0.5), measured(walls[::-1], 0.5)))
    assert report.verdict == "unchanged" and report.expected is None and report.of_limit is None
    failed = tuple(replace(one, reason="timed out") for one in measured(walls, 0.5))
    with pytest.raises(ValueError, match="no pair succeeded"):
        reported(Pairs(failed, failed))


def test_a_diagnosis_says_which_figure_it_lacks() -> None:
    with pytest.raises(ValueError, match="no figure cpu_seconds, cpu_system_seconds"):
        diagnose("test.load", {"seconds": [1.0]}, MACHINE)


def test_who_waits_for_a_processor_that_others_took_is_not_told_to_wait_less() -> None:
    found = bottleneck([IDLE], replace(MACHINE, load=9.5))
    assert found.why == (
        "no processor works for it for 90% of the time, "
        "while other work took them (load 9.5 on 4 cores): "
                         "measure again on a quiet machine",)  # fmt: skip
    assert "waiting" not in subjects(found) and "waiting" in subjects(bottleneck([IDLE], MACHINE))


def test_who_only_queued_for_a_processor_that_others_had_did_not_wait() -> None:
    found = bottleneck([sample(cpu_user_s=4.0, queued_s=5.0, stolen_s=8.0)], MACHINE)
    assert found.bound == ("cpu",) and found.queued == pytest.approx(0.5)
    assert found.why == (
        "it wants a processor for 90% of the time, and others had them for 50%, 20% of them the"
        " host's own: measure again on a quiet machine",
    )
    assert found.waiting == pytest.approx(0.1) and not subjects(found)
    busy = replace(MACHINE, load=9.0)
    really = bottleneck([sample(cpu_user_s=1.0, queued_s=0.5)], busy)
    assert really.bound == ("waiting",) and "85% of the time; the disk" in really.why[0]


def test_start_up_is_named_first_where_it_takes_longer_than_any_stage() -> None:
    found = bottleneck([sample({"parse": 1.8, "write": 1.0}, cpu_user_s=9.9)], MACHINE)
    start, *_ = (one for one in found.recommendations if one.subject != "idle cores")
    assert start.subject == "start-up and rest" and start.share == pytest.approx(0.72)
    assert not any("no other can give more" in one.advice for one in found.recommendations)
