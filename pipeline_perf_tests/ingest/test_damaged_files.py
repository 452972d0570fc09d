"""Damaged files: each is read, refused with its reason, or needs a layout; nothing else.

Thousands of them: `python -m pipeline_perf_tests.ingest.damaged_files`.
"""

from pathlib import Path

import pytest

from pipeline_perf_tests.ingest.damaged_files import DAMAGE, damaged_file, golden, outcome

#: Each golden file twice at least.
SEEDS = range(160)


@pytest.mark.slow
@pytest.mark.parametrize("first", SEEDS[::20])
def test_a_damaged_file_is_accounted_for_and_leaves_nothing_behind(
    first: int, tmp_path: Path
) -> None:
    for seed in range(first, first + 20):
        (tmp_path / str(seed)).mkdir()
        damaged = damaged_file(seed)
        assert outcome(damaged, tmp_path / str(seed)).faults == (), (seed, damaged.kinds)


def test_the_seeds_show_every_damage_to_every_file_and_the_same_seed_gives_the_same_bytes() -> None:
    files = [damaged_file(seed) for seed in SEEDS]
    assert {kind for damaged in files for kind in damaged.kinds} == {k.__name__ for k in DAMAGE}
    assert {damaged.name for damaged in files} == {path.name for path in golden()}
    assert damaged_file(7) == files[7]
