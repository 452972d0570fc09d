"""Where repeated runs are placed, as properties over any sections."""

from __future__ import annotations

from itertools import accumulate, pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline_perf.synth.resending import SHORTEST_RUN, order_with_repeats


@given(
    sizes=st.lists(st.integers(1, 1_500), min_size=1, max_size=6),
    share=st.floats(0.01, 0.15),
    seed=st.integers(0, 1_000),
)
def test_runs_are_repeated_whole_later_and_in_their_own_section(
    sizes: list[int], share: float, seed: int
) -> None:
    edges = [0, *accumulate(sizes)]
    sizes_that_hold_runs = [size for size in sizes if size >= 2 * SHORTEST_RUN]
    copies = round(sum(sizes_that_hold_runs) * share)
    if copies < SHORTEST_RUN:
        copies = 0
    order, repeat = order_with_repeats(list(pairwise(edges)), copies, np.random.default_rng(seed))
    assert int(repeat.sum()) == copies
    assert order[~repeat].tolist() == list(range(edges[-1]))
    assert len(set(order[repeat].tolist())) == copies
    section = np.searchsorted(np.array(edges[1:]), order, side="right")
    assert (np.diff(section) >= 0).all()
    first_place = {record: place for place, record in enumerate(order) if not repeat[place]}
    assert all(first_place[order[place]] < place for place in np.flatnonzero(repeat))
    # Runs of repeats that follow each other are cut where the records do not.
    places = np.flatnonzero(repeat)
    if copies:
        starts = np.flatnonzero(
            (np.diff(places, prepend=-2) != 1) | (np.diff(order[places], prepend=-2) != 1)
        )
        assert min(np.diff([*starts, copies])) >= SHORTEST_RUN


def test_more_repeats_than_the_sections_hold_is_an_error_that_says_so() -> None:
    with pytest.raises(ValueError, match="lower duplicate_rate"):
        order_with_repeats([(0, 30)], 25, np.random.default_rng(1))
