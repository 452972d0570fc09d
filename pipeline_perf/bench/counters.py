"""Deterministic counters of a paired comparison: figures that are the same in every repetition, so that a difference is no chance.

Pure. A counter that varies within one side is no deterministic one here, and nothing is said about it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pipeline_perf.bench.measure import Pairs

#: What passed through system calls. Faults and switches depend on the machine's state, bytes that reached the disk on the cache.
COUNTERS = ("read_bytes", "written_bytes")

#: A counter that moves by less is another path's length or another date's width.
TOLERANCE = 0.001


@dataclass(frozen=True)
class Counter:
    """A figure that did not vary: its value on side a and on side b."""

    name: str
    a: float
    b: float

    @property
    def changed(self) -> bool:
        return abs(self.a - self.b) > TOLERANCE * self.b


def counters(pairs: Pairs, names: Sequence[str] = COUNTERS) -> list[Counter]:
    """The counters among `names` that have one value in every repetition of a side."""
    found = []
    for name in names:
        a, b = map(set, pairs.values(name))
        if len(a) == len(b) == 1:
            found.append(Counter(name, a.pop(), b.pop()))
    return found
