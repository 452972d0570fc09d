"""Deterministic counters of a paired comparison: figures that hardly vary between repetitions,
so that a difference is no chance.

Pure. A counter that varies within one side is no deterministic one here, and nothing is said about
it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Protocol

#: What passed through system calls. Faults and switches depend on the machine's state, bytes that
#: reached the disk on the cache.
COUNTERS = ("read_bytes", "written_bytes")

#: A counter that moves by less has read another path's length, or written another time's digits:
#: ingesting the same file again writes 0.03 % more or less.
TOLERANCE = 0.001

#: Within one side, the values of a deterministic counter lie within this share of each other: two
#: sides of the same code then cannot differ by the tolerance.
STEADY = TOLERANCE / 2


class Paired(Protocol):
    """The figures of two sides by pair, just measured (`measure.Pairs`) or read back."""

    def values(self, metric: str) -> tuple[list[float], list[float]]:
        """The metric of both sides, over the pairs in which neither side failed."""
        ...


@dataclass(frozen=True)
class Counter:
    """A figure that did not vary: its median on side a and on side b."""

    name: str
    a: float
    b: float

    @property
    def changed(self) -> bool:
        """Whether the sides differ by more than the tolerance."""
        return abs(self.a - self.b) > TOLERANCE * self.b


def counters(pairs: Paired, names: Sequence[str] = COUNTERS) -> list[Counter]:
    """The counters among `names` that are steady on either side.

    None of fewer than two `pairs`, which show no spread.
    """
    steady = []
    for name in names:
        sides = pairs.values(name)
        if len(sides[0]) > 1 and all(max(side) - min(side) <= STEADY * min(side) for side in sides):
            steady.append(Counter(name, *map(median, sides)))
    return steady
