from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from pipeline_perf.bench.judge import regression
from pipeline_perf.bench.judge.regression import Plan, explained, judged
from pipeline_perf.bench.measure.measure import Pairs, Sample, Side
from pipeline_perf.bench.measure.workload import Workload

WORKLOAD = Workload("test.work", command=("true",))

BURN = """
import time

def burn(seconds):
    while time.process_time() < seconds:
        sum(range(1000))

burn({seconds})
"""


def side(
    name: Side, factor: float, seed: int, wall: float = 1.0, read: int = 1_000_000, count: int = 16
) -> tuple[Sample, ...]:
    noise: Sequence[float] = np.exp(np.random.default_rng(seed).normal(0, 0.003, count)).tolist()
    start = datetime(2026, 3, 1, tzinfo=UTC)
    return tuple(
        Sample(
            WORKLOAD,
            number,
            name,
            start,
            wall_s=wall * one,
            cpu_user_s=factor * one,
            peak_memory=10**8,
            read_bytes=read,
        )
        for number, one in enumerate(noise)
    )


@pytest.mark.parametrize(
    ("factor", "verdict"), [(1.05, "slower"), (0.95, "faster"), (1.0, "unchanged")]
)  # fmt: skip
def test_the_verdict_is_that_of_cpu_time(factor: float, verdict: str) -> None:
    found = judged(Pairs(side("a", factor, 1), side("b", 1.0, 2)), Plan())
    assert (found.verdict, found.metric) == (verdict, "cpu_seconds")
    assert found.measurements()[0].value == (verdict == "slower")


def test_wall_time_is_compared_but_decides_only_when_asked_to() -> None:
    pairs = Pairs(side("a", 1.0, 1, wall=1.2), side("b", 1.0, 2))
    assert judged(pairs, Plan()).verdict == "unchanged"
    assert judged(pairs, Plan()).comparisons["seconds"].verdict == "changed"
    assert judged(pairs, Plan(metric="seconds")).verdict == "slower"


def test_a_deterministic_counter_that_grew_is_a_slow_down_and_one_that_shrank_is_not() -> None:
    assert (
        judged(Pairs(side("a", 1.0, 1, read=1_002_000), side("b", 1.0, 2)), Plan()).verdict
        == "slower"
    )
    assert (
        judged(Pairs(side("a", 1.0, 1, read=990_000), side("b", 1.0, 2)), Plan()).verdict
        == "unchanged"
    )


def test_a_side_that_failed_is_no_comparison() -> None:
    b = side("b", 1.0, 2)
    found = judged(
        Pairs(side("a", 1.0, 1), (*b[:-1], replace(b[-1], reason="exit status 1"))), Plan()
    )
    assert found.verdict == "failed" and found.judged is None
    assert found.failures == ("base, repetition 16: exit status 1",)
    assert found.measurements()[0].value == 1


def test_a_figure_that_the_workload_does_not_have_is_named() -> None:
    found = judged(Pairs(side("a", 1.0, 1), side("b", 1.0, 2)), Plan(metric="rows"))
    assert (
        found.verdict == "failed"
        and "has no figure 'rows'" in found.failures[0]
        and "cpu_seconds" in found.failures[0]
    )


def test_where_profiles_do_not_fit_into_the_time_none_is_begun(lock: Path) -> None:
    found = judged(Pairs(side("a", 1.05, 1), side("b", 1.0, 2)), Plan())
    missing = Workload("test.missing", command=("/nowhere",))
    said = explained(found, missing, missing, lock=lock, within_s=4)
    assert said.attribution.verdict == "not_measured" and not said.page
    assert "that takes 5 s or more, and 4 s are left" in said.attribution.why


def test_what_changed_is_profiled_on_both_sides_and_drawn(
    lock: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(regression, "UNDER_A_PROFILER", 0)
    sides = []
    for name, seconds in (("subject", 0.5), ("base", 0.3)):
        path = tmp_path / name / "work.py"
        path.parent.mkdir()
        path.write_text(BURN.format(seconds=seconds), encoding="utf-8")
        sides.append(
            Workload("test.burn", command=("{python}", str(path)), stages={"work:burn": "burning"})
        )
    found = regression.measured(*sides, Plan(pairs=1), lock=lock)
    said = explained(found, *sides, lock=lock, within_s=0.1)
    assert said.attribution.verdict in ("too_few", "named", "none"), said.attribution.why
    assert "work:burn" in said.page and "<html" in said.page


def test_a_workload_that_cannot_be_profiled_says_why(lock: Path) -> None:
    within_s = 60  # nothing is begun where it does not fit
    found = judged(Pairs(side("a", 1.05, 1), side("b", 1.0, 2)), Plan())
    failing = Workload(
        "test.fail", command=("{python}", "-c", "raise SystemExit('the disk is full of holes')")
    )
    said = explained(found, failing, failing, lock=lock, within_s=within_s)
    assert (
        said.attribution.verdict == "not_measured"
        and "the disk is full of holes" in said.attribution.why
    )
    assert said.page == "" and said.stage == ""
