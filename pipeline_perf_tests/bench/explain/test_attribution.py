import math
import random
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline_perf.bench.explain import attribution
from pipeline_perf.bench.explain.attribution import (
    Attribution,
    attribute,
    attribute_workloads,
    memory_changes,
    not_measured,
    z_of_shares,
)
from pipeline_perf.bench.explain.profile import Frame, Profile, profile_pair
from pipeline_perf.bench.measure.workload import Workload

#: Functions of a program with the seconds that each takes, as uneven as in real ones.
SECONDS = {
    "parse": 4.0,
    "scan": 3.0,
    "forward": 2.0,
    "peek": 1.0,
    "check": 0.8,
    "build": 0.6,
    "resolve": 0.4,
    "close": 0.2,
    "open": 0.1,
}


def frame(name: str) -> Frame:
    module, _, function = name.rpartition(".")
    return Frame(module or "package.module", function)


def profiled(seconds: Mapping[str, float], samples: int, seed: int) -> Profile:
    """A profile as drawn from a program that spends its time so: every sample falls on a
    function by chance.
    """
    drawn = random.Random(seed).choices(list(seconds), list(seconds.values()), k=samples)
    return Profile(
        {(frame("main"), frame(name)): drawn.count(name) for name in seconds if name in drawn},
        "samples",
        samples / 200,
        worth_s=sum(seconds.values()),
    )


def exact(counts: Mapping[str, int]) -> Profile:
    return Profile(
        {(frame("main"), frame(name)): count for name, count in counts.items()},
        "samples",
        sum(counts.values()) / 200,
    )


def names(found: Attribution) -> list[str]:
    return [finding.frame.function for finding in found.named]


@pytest.mark.parametrize("slower", ["parse", "scan", "peek", "resolve", "open"])
def test_the_function_that_grew_is_named_and_no_other(slower: str) -> None:
    after = SECONDS | {slower: SECONDS[slower] + 0.10 * sum(SECONDS.values())}
    within = 0
    for seed in range(10):
        found = attribute([profiled(after, 6_000, seed)], [profiled(SECONDS, 6_000, seed + 100)])
        assert names(found) == [slower]
        first = found.named[0]
        assert first.growth == pytest.approx(0.10, abs=0.06) and first.z > 0 and first.p < 0.01
        within += first.low < 0.10 < first.high
    assert within >= 9


def test_what_shrank_in_share_only_because_another_grew_has_not_changed() -> None:
    found = attribute(
        [exact({"culprit": 3_000, "large": 6_000, "small": 1_000})],
        [exact({"culprit": 500, "large": 6_000, "small": 1_000})],
    )
    assert names(found) == ["culprit"]
    growth = {finding.frame.function: finding.growth for finding in found.functions}
    assert growth["large"] == growth["small"] == 0
    assert growth["culprit"] == pytest.approx(2_500 / 7_500)


def test_a_function_that_shrank_is_named_with_its_sign() -> None:
    found = attribute(
        [exact({"fixed": 200, "large": 6_000, "small": 1_000})],
        [exact({"fixed": 1_500, "large": 6_000, "small": 1_000})],
    )
    assert names(found) == ["fixed"] and found.named[0].growth == pytest.approx(-1_300 / 8_500)


def test_two_changes_are_both_named_the_clearer_one_first() -> None:
    base = {"one": 500, "two": 500, "large": 6_000, "small": 1_000}
    found = attribute([exact(base | {"one": 800, "two": 1_600})], [exact(base)])
    assert names(found) == ["two", "one"]


def test_what_makes_the_whole_slower_is_named_before_what_became_faster_meanwhile() -> None:
    base = {"slower": 1_000, "faster": 400, "large": 6_000, "small": 1_000}
    sides = [exact(base | {"slower": 1_600, "faster": 0})], [exact(base)]
    assert names(attribute(*sides)) == names(attribute(*sides, change=0.02)) == ["slower", "faster"]
    assert names(attribute(*sides, change=-0.02)) == ["faster", "slower"]


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("change", [-0.38, None])
def test_a_function_that_held_most_of_the_time_is_not_taken_for_the_constant(
    seed: int, change: float | None
) -> None:
    """From the shares alone, the other one might as well have grown."""
    before, after = {"count": 0.7, "update": 0.3}, {"count": 0.32, "update": 0.3}
    sides = [
        [profiled(seconds, int(1_400 * sum(seconds.values())), 10 * seed + run) for run in range(4)]
        for seconds in (after, before)
    ]
    found = attribute(*sides, change=change)
    assert names(found) == ["count"] and found.named[0].growth == pytest.approx(-0.38, abs=0.06)
    # The same shares, but it took longer: now the other one has grown.
    slower = [replace(run, worth_s=0.7 / 0.32 * 0.62) for run in sides[0]]
    assert names(attribute(slower, sides[1])) == ["update"]


@pytest.mark.parametrize("seed", range(6))
def test_work_that_moved_is_named_on_both_sides_and_nothing_else(seed: int) -> None:
    after = SECONDS | {"scan": 1.0, "build": 2.6}
    sides = [
        [profiled(seconds, 2_000, 100 * seed + run) for run in range(4)]
        for seconds in (after, SECONDS)
    ]
    assert set(names(attribute(*sides))) == {"scan", "build"}


def test_what_contradicts_the_verdict_is_not_named() -> None:
    base = {"faster": 1_600, "large": 6_000, "small": 1_000}
    sides = [exact(base | {"faster": 600})], [exact(base)]
    assert names(attribute(*sides, change=-0.1)) == ["faster"]
    assert attribute(*sides, change=0.1).verdict == "none"


def test_where_runs_differ_as_much_as_the_change_nobody_is_named_for_it() -> None:
    """One function is nearly everything: whether it changed, only the seconds can tell."""
    base = {"all": 2.0, "rest": 0.02}
    runs = [
        [
            replace(profiled(base, 2_000, seed + run), worth_s=2.02 * factor)
            for run, factor in enumerate(factors)
        ]
        for seed, factors in ((0, (1.3, 0.9, 1.25, 0.95)), (50, (1.0, 1.2, 0.85, 1.1)))
    ]
    assert not attribute(*runs).named
    steady = [
        [replace(run, worth_s=worth) for run in side]
        for side, worth in zip(runs, (2.8, 2.02), strict=True)
    ]
    assert names(attribute(*steady)) == ["all"]


def test_longer_profiling_of_one_side_is_no_change() -> None:
    found = attribute([exact({"one": 1_000, "two": 3_000})], [exact({"one": 4_000, "two": 12_000})])
    assert found.verdict == "none" and found.level == pytest.approx(0.25)


def test_equal_sides_are_named_in_no_more_than_one_of_a_hundred() -> None:
    wrong = sum(
        bool(
            attribute(
                [profiled(SECONDS, 1_500, seed)], [profiled(SECONDS, 1_500, seed + 1_000)]
            ).named
        )
        for seed in range(400)
    )
    assert wrong <= 8  # 4 expected at the most; 9 or more happen in 2 % of cases at that rate


@given(st.lists(st.integers(20, 5_000), min_size=3, max_size=12), st.integers(1, 50))
@settings(max_examples=60, deadline=None)
def test_equal_shares_never_name_anything(counts: list[int], factor: int) -> None:
    base = exact({f"f{number}": 50 * count for number, count in enumerate(counts)})
    subject = exact({f"f{number}": factor * 50 * count for number, count in enumerate(counts)})
    found = attribute([subject], [base])
    assert not found.named and found.level == pytest.approx(factor)


def test_runs_that_differ_among_themselves_make_a_difference_between_the_sides_count_less() -> None:
    steady = [exact({"one": 1_000, "two": 3_000, "three": 1_000})] * 4
    other = [exact({"one": 1_150, "two": 3_000, "three": 1_000})] * 4
    assert names(attribute(other, steady)) == ["one"]
    unsteady, also = (
        [exact({"one": one, "two": 3_000, "three": 2_000 - one}) for one in ones]
        for ones in ((400, 1_600, 500, 1_500), (600, 1_700, 550, 1_750))
    )
    found = attribute(also, unsteady)
    assert found.verdict in ("none", "too_few") and found.spread > 50
    assert "the machine was busy" in found.why


def test_too_few_samples_say_how_much_longer_to_profile() -> None:
    found = attribute([exact({"one": 300, "two": 100})], [exact({"one": 2_000})])
    assert found.verdict == "too_few" and not found.named
    assert found.more_seconds == 3  # 600 more, where 400 took two seconds
    assert "400 and 2000 samples" in found.why


def test_no_sample_at_all_is_too_few() -> None:
    found = attribute([Profile({}, "samples", 0.2)], [exact({"one": 2_000})])
    assert found.verdict == "too_few" and found.more_seconds > 0


def test_where_nothing_stands_out_the_time_to_see_a_known_change_is_said() -> None:
    sides = [profiled(SECONDS, 2_000, 1)], [profiled(SECONDS, 2_000, 2)]
    found = attribute(*sides, change=0.03)
    assert found.verdict == "none" and found.smallest_growth > 0.03
    assert found.more_seconds == pytest.approx(10 * ((found.smallest_growth / 0.03) ** 2 - 1))
    assert attribute(*sides, change=0.5).more_seconds == attribute(*sides).more_seconds == 0


def test_the_smallest_growth_stated_is_really_seen() -> None:
    tenth = {"watched": 1.0, **{f"f{number}": 1.0 for number in range(9)}}
    smallest = attribute([profiled(tenth, 3_000, 1)], [profiled(tenth, 3_000, 2)]).smallest_growth
    after = tenth | {"watched": 1.0 + 10 * smallest}
    seen = sum(
        names(attribute([profiled(after, 3_000, seed)], [profiled(tenth, 3_000, seed + 500)]))[:1]
        == ["watched"]
        for seed in range(60)
    )
    assert seen >= 54


def test_time_in_a_library_belongs_to_the_function_of_ours_that_called_it() -> None:
    def side(slow: int) -> Profile:
        ours, other, json = (
            frame("shop.orders.total"),
            frame("shop.stock.count"),
            frame("json.decoder.scan"),
        )
        return Profile(
            {(ours, json): 1_000 + slow, (other, json): 1_000, (other,): 1_000}, "samples", 15
        )

    found = attribute(
        [side(600)], [side(0)], {"shop.orders*": "ordering", "shop.stock:count": "counting"}
    )
    assert [(str(one.frame), one.stage) for one in found.named] == [
        ("shop.orders:total", "ordering")
    ]
    assert (
        found.stage == "ordering"
        and found.stages[0].stage == "ordering"
        and found.stages[0].growth == pytest.approx(0.2)
    )
    assert names(attribute([side(600)], [side(0)])) == ["scan"]


def test_the_path_is_the_one_on_which_the_function_grew() -> None:
    here, there, shared = frame("here"), frame("there"), frame("shared")
    after, before = (
        {(here, shared): 1_000, (there, shared): count, (here,): 3_000} for count in (2_000, 1_000)
    )
    found = attribute([Profile(after, "samples", 30)], [Profile(before, "samples", 25)])
    assert found.named[0].path == (there, shared)


def test_callers_grow_with_what_they_call() -> None:
    found = attribute(
        [exact({"culprit": 3_000, "large": 6_000})], [exact({"culprit": 500, "large": 6_000})]
    )
    growth = {finding.frame.function: finding.growth for finding in found.callers}
    assert growth["main"] == growth["culprit"] == pytest.approx(2_500 / 6_500)


def test_z_of_two_proportions_is_that_of_the_textbook() -> None:
    # Two samples of 200 with 60 and 40: pooled share 0.25, standard error 0.0433.
    assert z_of_shares(60, 200, 40, 200) == pytest.approx(0.1 / math.sqrt(0.25 * 0.75 * 2 / 200))
    assert z_of_shares(0, 100, 0, 100) == z_of_shares(5, 5, 9, 9) == 0


def test_what_could_not_be_profiled_is_not_measured(lock: Path) -> None:
    found, profiles = attribute_workloads(
        *(Workload("test.true", command=("/bin/true",)),) * 2, lock=lock, within_s=1
    )
    assert (
        found.verdict == "not_measured"
        and "no Python at work" in found.why
        and profiles == ([], [])
    )
    assert found == not_measured(found.why)


def test_bytes_are_ranked_by_their_change_without_a_test() -> None:
    sides: list[Profile] = []
    for held in (900, 400):
        sides.append(
            Profile(
                {
                    (frame("shop.a.keep"),): held,
                    (frame("shop.b.keep"),): 700,
                    (frame("x.lib"),): 1_000 - held,
                },
                "bytes",
                1,
            )
        )
    changes = memory_changes(*sides, {"shop.a": "loading"})
    assert [(str(one.frame), one.stage, one.growth) for one in changes] == [
        ("shop.a:keep", "loading", 500),
        ("x:lib", "", -500),
    ]
    with pytest.raises(ValueError, match="memory_changes"):
        attribute(sides[:1], sides[1:])
    with pytest.raises(ValueError, match="profiles of memory"):
        memory_changes(exact({"one": 1}), exact({"one": 1}))


PROGRAM = """
import time

def steady():
    return sum(n * n for n in range(2000))

def other():
    return sorted(str(n) for n in range(300))

def culprit():
    for _ in range({turns}): pass

for _ in range(4000):
    steady(); other(); culprit()
"""


def test_a_planted_change_is_found_in_real_profiles(lock: Path, tmp_path: Path) -> None:
    workloads = []
    for side, turns in (("subject", 8_000), ("base", 1_000)):
        path = tmp_path / side / "program.py"
        path.parent.mkdir()
        path.write_text(PROGRAM.format(turns=turns), encoding="utf-8")
        workloads.append(Workload(f"test.{side}", command=("{python}", str(path))))
    # Sampled more often than is usual, so that the test is short; the change is large, so that this
    # is enough on a busy machine.
    sides: Sequence[list[Profile]] = profile_pair(
        *workloads, samples=attribution.FEWEST_SAMPLES, within_s=30, rate=1_000, lock=lock
    )
    found = attribute(*sides, {"program:culprit": "planted", "program": "rest"})
    assert names(found)[0] == "culprit" and found.stage == "planted"
    assert found.named[0].growth > 0
