from collections.abc import Sequence
from datetime import UTC, datetime

from pipeline_perf.bench.judge.counters import counters
from pipeline_perf.bench.measure.measure import Pairs, Sample, Side
from pipeline_perf.bench.measure.workload import Workload

WORKLOAD = Workload("test.work", command=("true",))


def reading(side: Side, values: Sequence[int]) -> tuple[Sample, ...]:
    start = datetime(2026, 3, 1, tzinfo=UTC)
    return tuple(
        Sample(WORKLOAD, number, side, start, wall_s=1.0, read_bytes=value)
        for number, value in enumerate(values)
    )


def test_a_counter_that_never_varies_has_changed_when_it_moved_by_more_than_a_thousandth() -> None:
    pairs = Pairs(reading("a", [1_002_000] * 3), reading("b", [1_000_000] * 3))
    assert [(one.name, one.changed) for one in counters(pairs, ("read_bytes",))] == [
        ("read_bytes", True)
    ]


def test_a_path_longer_by_a_few_bytes_is_no_change() -> None:
    pairs = Pairs(reading("a", [1_000_900] * 3), reading("b", [1_000_000] * 3))
    assert not counters(pairs, ("read_bytes",))[0].changed


def test_of_a_counter_that_varies_nothing_is_said() -> None:
    pairs = Pairs(reading("a", [1_000_000, 1_100_000]), reading("b", [1_000_000, 1_000_000]))
    assert counters(pairs, ("read_bytes",)) == []


def test_one_pair_shows_no_spread_and_so_no_counter() -> None:
    assert counters(Pairs(reading("a", [2]), reading("b", [1])), ("read_bytes",)) == []
