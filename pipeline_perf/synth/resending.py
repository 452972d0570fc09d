"""Parts of a file sent twice: which runs of records are repeated, and where.

Only the places; what the records say does not matter here. A run is long enough, and spans enough
different moments, that chance cannot have made it: quick redials and bursts never look like that.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

#: Records of a run.
SHORTEST_RUN = 20
LONGEST_RUN = 120
#: Runs are taken from separate stretches of so many records: no record is repeated twice, and no
#: repeat falls into another run. With LONGEST_RUN this bounds the rate at about a quarter.
STRETCH = 400
#: Share of a file's records that may be repeats.
HIGHEST_RATE = 0.15
#: Of a file with repeats.
FEWEST_RECORDS = 200


def copies_wanted(rows: int, rate: float) -> int:
    """How many of `rows` records should be repeats: none in a tiny file, else a run at least.

    >>> copies_wanted(100, 0.01), copies_wanted(1_000, 0.01), copies_wanted(10_000, 0.01)
    (0, 20, 100)
    """
    if rate <= 0 or rows < FEWEST_RECORDS:
        return 0
    return max(SHORTEST_RUN, round(rows * rate))


def order_with_repeats(
    groups: list[tuple[int, int]], copies: int, rng: np.random.Generator
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """The order of records with runs repeated, and which of them are repeats.

    `groups`: start and stop of records that belong together (a section), from 0 on without a gap; a
    run and its repeat stay in one. `copies` records are repeated in all, so the two arrays are
    longer by as many. Raises ValueError where the groups are too short for so many repeats.
    """
    total = groups[-1][1] if groups else 0
    inserted = _repeats(groups, copies, rng)
    pieces: list[NDArray[np.int64]] = []
    repeat: list[NDArray[np.bool_]] = []
    at = 0
    for where, start, stop in sorted(inserted):
        pieces += [np.arange(at, where), np.arange(start, stop)]
        repeat += [np.zeros(where - at, bool), np.ones(stop - start, bool)]
        at = where
    pieces.append(np.arange(at, total))
    repeat.append(np.zeros(total - at, bool))
    return np.concatenate(pieces), np.concatenate(repeat)


def _repeats(
    groups: list[tuple[int, int]], copies: int, rng: np.random.Generator
) -> list[tuple[int, int, int]]:
    """(where inserted, start, stop) for runs of `copies` records in all."""
    stretches: list[tuple[int, int, list[int]]] = []
    for start, stop in groups:
        long = stop - start > STRETCH
        cuts = [*range(start, stop - STRETCH // 2, STRETCH), stop] if long else [start, stop]
        stretches += [
            (begin, end, cuts[nth:])
            for nth, (begin, end) in enumerate(pairwise(cuts), start=1)
            if end - begin >= 2 * SHORTEST_RUN
        ]
    chosen = [stretches[nth] for nth in rng.permutation(len(stretches))]
    room = sum(end - begin for begin, end, _ in chosen)
    inserted: list[tuple[int, int, int]] = []
    left = copies
    for begin, end, later in chosen:
        if left == 0:
            break
        longest = end - begin
        room -= longest
        shortest = max(SHORTEST_RUN, left - room)
        most = max(shortest, min(LONGEST_RUN, longest // 2))
        length = min(int(rng.integers(shortest, most + 1)), longest, left)
        if 0 < left - length < SHORTEST_RUN:
            # What is left is too little for a run of its own: take it too, or leave enough.
            length = left if left <= longest else left - SHORTEST_RUN
        start = begin + int(rng.integers(0, longest - length + 1))
        where = end if rng.random() < 0.5 else later[int(rng.integers(0, len(later)))]
        inserted.append((where, start, start + length))
        left -= length
    if left > 0:
        raise ValueError(
            f"{copies} repeated records do not fit into sections of"
            f" {[b - a for a, b in groups][:5]}… records: lower duplicate_rate"
        )
    return inserted
