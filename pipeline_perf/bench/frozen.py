"""The pinned reference workload: a computation that is never changed, so that nights can be told apart from code.

Text, parameters and result are pinned by a test: whoever changes this file ends every history that
is followed as a ratio to it. Integers only, so that the result is the same bit for bit on every
processor and with every version of NumPy; no linear algebra, whose libraries start threads.
Imports nothing of the lab: what is imported here is measured.
"""

import hashlib

import numpy as np

RECORDS = 40_000
ROUNDS = 6
VALUES = 400_000


def compute(records: int = RECORDS, rounds: int = ROUNDS, values: int = VALUES) -> dict[str, str]:
    """The checksum of a fixed mixture: text, dictionaries and sorting in Python, sorting and gathering in NumPy.

    Half of the time is the interpreter's, half is NumPy's and the memory's: what slows an ingestion
    down on a busy machine (caches, clock, a neighbour on the core) slows this down as well.
    """
    digest = hashlib.sha256()
    for turn in range(rounds):
        digest.update(_text(records, turn).encode())
        digest.update(_numbers(values, turn).tobytes())
    return {"checksum": digest.hexdigest()}


def _text(records: int, turn: int) -> str:
    """Build delimited lines, take them apart, count and sort by key: the work of a reader of text."""
    state, lines = 12_345 + turn, []
    for number in range(records):
        state = (state * 1_103_515_245 + 12_345) & 0x7FFFFFFF
        lines.append(f"{number},{state % 9_973},{state >> 8 & 0xFFFF},{state % 61}:{state % 59:02d}")
    totals: dict[str, int] = {}
    for line in lines:
        _, key, amount, clock = line.split(",")
        minutes, seconds = clock.split(":")
        totals[key] = (totals.get(key, 0) + int(amount) * 60 + int(minutes) * 60 + int(seconds)) & 0xFFFFFFFF
    return ";".join(f"{key}={totals[key]}" for key in sorted(totals))


def _numbers(values: int, turn: int) -> "np.ndarray[tuple[int], np.dtype[np.int64]]":
    """Mix, sort, gather and count integers: the work of a column store."""
    column = np.arange(values, dtype=np.uint64) + np.uint64(turn + 1)
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):  # the finaliser of splitmix64
        column = (column ^ (column >> np.uint64(shift))) * np.uint64(factor)
    keys = (column >> np.uint64(40)).astype(np.int64)
    gathered = keys[np.argsort(column, kind="stable")]
    counts = np.bincount(gathered & 0xFFFF, minlength=0x10000)
    return np.concatenate((np.cumsum(counts), np.sort(gathered)[:: max(1, values // 1000)])).astype("<i8")
