"""Rows of one file that tell a call again: parts that were sent twice, rows that repeat or close
another.

Rows that are merely equal are events of their own: minute-resolution bills list quick redials so.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field

import numpy as np
import polars as pl

#: What makes two rows of a file identical: every field but identity and running number.
IDENTITY = (
    "event_type", "direction", "answered", "started_at_local", "duration_s", "subscriber_number",
    "from_number",
    "to_number", "bytes_total", "cell_first", "cell_last", "imei", "charge",
)  # fmt: skip

#: A repeated stretch must span this many different start times: redials within a minute cannot.
RESENT_TIMES = 3

#: Seeds of one part are at most this many rows apart.
SEED_GAP = 64

_BLOOM_BITS = 27


@dataclass
class SeenRows:
    """The rows of one file so far, as 64-bit hashes: 24 bytes a row."""

    hashes: list[np.ndarray] = field(default_factory=list)
    starts: list[np.ndarray] = field(default_factory=list)
    event_ids: list[np.ndarray] = field(default_factory=list)
    _sorted: list[np.ndarray] = field(default_factory=list)
    _bloom: np.ndarray = field(default_factory=lambda: np.zeros(0, dtype=np.uint8))
    # hashes of rows that are not the first of their kind
    _repeated: list[np.ndarray] = field(default_factory=list)

    def add(self, frame: pl.DataFrame) -> pl.Series:
        """Take in a chunk of events, in any order; returns the how-manieth of its kind each row
        is in the file, from 1.
        """
        # a chunk has one table after the other
        place = np.argsort(frame["record_no"].to_numpy(), kind="stable")
        hashes = frame.select(IDENTITY).hash_rows(seed=0).to_numpy()[place]
        order = _stable_order(hashes)
        ordered = hashes[order]
        first = np.ones(len(ordered), dtype=bool)
        first[1:] = ordered[1:] != ordered[:-1]
        at = np.arange(len(ordered))
        rank = at - np.maximum.accumulate(np.where(first, at, 0))
        occurrence = np.empty(len(ordered), dtype=np.int32)
        occurrence[order] = rank + 1
        maybe = self._maybe_seen(hashes)
        for earlier in self._sorted if len(maybe) else ():
            wanted = hashes[maybe]
            occurrence[maybe] += (
                np.searchsorted(earlier, wanted, "right") - np.searchsorted(earlier, wanted, "left")
            ).astype(np.int32)
        self._repeated.append(hashes[occurrence > 1])
        self._note(hashes)
        self._sorted.append(ordered)
        self.hashes.append(hashes)
        self.starts.append(frame["started_at"].dt.epoch("s").cast(pl.UInt32).to_numpy()[place])
        self.event_ids.append(frame["event_id"].to_numpy()[place])
        told = np.empty_like(occurrence)
        told[place] = occurrence
        return pl.Series("occurrence", told)

    def _slots(self, hashes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        mask = np.uint64(2**_BLOOM_BITS - 1)
        slot = hashes & mask
        return (slot >> np.uint64(3)).astype(np.int64), (
            np.uint8(1) << (slot & np.uint64(7)).astype(np.uint8)
        )

    def _maybe_seen(self, hashes: np.ndarray) -> np.ndarray:
        """Rows that may have stood in an earlier chunk; a bit field keeps the others from being
        looked up.
        """
        if not self._sorted:
            return np.zeros(0, dtype=np.int64)
        byte, bit = self._slots(hashes)
        return np.flatnonzero(self._bloom[byte] & bit)

    def _note(self, hashes: np.ndarray) -> None:
        if not len(self._bloom):
            self._bloom = np.zeros(2 ** (_BLOOM_BITS - 3), dtype=np.uint8)
        byte, bit = self._slots(hashes)
        np.bitwise_or.at(self._bloom, byte, bit)

    def contains(self, event_ids: pl.Series) -> pl.Series:
        """Which of some event_ids are of this file."""
        return event_ids.is_in(pl.Series(np.concatenate(self.event_ids)).implode())

    def resent(self) -> pl.DataFrame:
        """Pairs of events (later, earlier) of parts of the file that were sent twice."""
        empty = pl.DataFrame(schema={"event_id": pl.Int64, "duplicate_of": pl.Int64})
        if not any(map(len, self._repeated)):
            return empty
        hashes, starts, ids = (
            np.concatenate(self.hashes),
            np.concatenate(self.starts),
            np.concatenate(self.event_ids),
        )
        again = (
            pl.Series(hashes).is_in(pl.Series(np.concatenate(self._repeated)).implode()).to_numpy()
        )
        copies = resent_runs(hashes, starts, again)
        if not copies:
            return empty
        later = np.concatenate([np.arange(first, last) for first, last, _ in copies])
        shift = np.concatenate(
            [np.full(last - first, distance) for first, last, distance in copies]
        )
        return pl.DataFrame({"event_id": ids[later], "duplicate_of": ids[later - shift]}).unique(
            "event_id", keep="first"
        )


def resent_runs(
    hashes: np.ndarray, starts: np.ndarray, again: np.ndarray
) -> list[tuple[int, int, int]]:
    """Stretches [first, last) of rows equal, one by one, to those `distance` rows above: (first,
    last, distance).

    `again` says which rows are not the only ones of their kind: the others are not looked at. A
    stretch counts when it spans RESENT_TIMES different start times. Rows whose last equal row lies
    the same distance above, close to each other, are the seeds; identical redials inside a part
    that was sent twice point elsewhere, so pairs of rows are seeds, too, and a seed is then grown
    by comparing row by row.
    """
    rows = np.flatnonzero(again)
    later, earlier = (rows[at] for at in _last_equal(hashes[rows]))
    pairs = np.flatnonzero(again[:-1] & again[1:])
    later_pairs, earlier_pairs = _last_equal(
        hashes[pairs] * np.uint64(0x9E3779B97F4A7C15) + hashes[pairs + 1]
    )
    later, earlier = (
        np.concatenate((later, pairs[later_pairs])),
        np.concatenate((earlier, pairs[earlier_pairs])),
    )
    distance = later - earlier
    by_place = np.lexsort((later, distance))
    later, distance = later[by_place], distance[by_place]
    apart = np.ones(len(later), dtype=bool)
    apart[1:] = (np.diff(later) > SEED_GAP) | (np.diff(distance) != 0)
    seed = np.cumsum(apart) - 1
    moments = np.unique(np.stack((seed, starts[later])), axis=1)[0]
    lively = np.flatnonzero(
        np.bincount(moments, minlength=seed[-1] + 1 if len(seed) else 0) >= RESENT_TIMES
    )
    runs = []
    taken = np.zeros(len(hashes), dtype=bool)
    bounds = np.flatnonzero(np.append(apart, True))
    for k in lively.tolist():
        shift = int(distance[bounds[k]])
        for first, last in _grown(
            hashes, int(later[bounds[k]]), int(later[bounds[k + 1] - 1]) + 1, shift
        ):
            if last - first < RESENT_TIMES or len(np.unique(starts[first:last])) < RESENT_TIMES:
                continue
            runs += [(first + a, first + b, shift) for a, b in _stretches(~taken[first:last])]
            taken[first:last] = True
    return runs


def _stable_order(hashes: np.ndarray) -> np.ndarray:
    """What a stable argsort gives, in a fifth of its time where few are equal: NumPy sorts
    fastest when it need not be stable.
    """
    order = np.argsort(hashes)
    ordered = hashes[order]
    same = ordered[1:] == ordered[:-1]
    if same.any():
        equal = np.flatnonzero(np.append(same, False) | np.append(False, same))
        among = order[equal]
        order[equal] = among[np.lexsort((among, ordered[equal]))]
    return order


def _last_equal(hashes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Places whose value stood before, and the last places where it did."""
    order = _stable_order(hashes)
    same = hashes[order][1:] == hashes[order][:-1]
    return order[1:][same], order[:-1][same]


def _stretches(holds: np.ndarray) -> list[tuple[int, int]]:
    """The stretches [first, last) in which a condition holds."""
    edges = np.flatnonzero(np.diff(np.concatenate(([0], holds.astype(np.int8), [0]))))
    return list(zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True))


def _grown(hashes: np.ndarray, first: int, last: int, distance: int) -> list[tuple[int, int]]:
    """The stretches around rows [first, last) in which each row equals the one `distance` above."""
    margin = SEED_GAP
    while True:
        low, high = max(distance, first - margin), min(len(hashes), last + margin)
        equal = hashes[low:high] == hashes[low - distance : high - distance]
        open_below, open_above = (
            bool(equal[0]) and low > distance,
            bool(equal[-1]) and high < len(hashes),
        )
        if not (open_below or open_above):
            return [(a + low, b + low) for a, b in _stretches(equal)]
        margin *= 4


def telling(frame: pl.DataFrame) -> pl.DataFrame:
    """What `repeats` needs of a chunk's rows, 25 bytes of each: the parties as a hash."""
    known = frame.select(
        "repeat", "event_id", "from_number", "to_number", "started_at"
    ).drop_nulls()
    return known.select(
        "repeat",
        "event_id",
        "started_at",
        pl.concat_str("from_number", "to_number", separator="\x1f").hash().alias("parties"),
    )


def repeats(rows: pl.DataFrame, within_s: float) -> pl.DataFrame:
    """Pairs for the rows of a file marked `repeat`: the row of the same parties, nearest in
    time, that is no repeat itself.
    """
    told = rows.filter(~pl.col("repeat")).select(
        "parties", "started_at", pl.col("event_id").alias("duplicate_of")
    )
    again = rows.filter("repeat").drop("repeat")
    # mostly none, as in a bill of one line
    told = told.filter(pl.col("parties").is_in(again["parties"].unique().implode()))
    again = again.filter(pl.col("parties").is_in(told["parties"].unique().implode()))
    nearest = again.sort("started_at").join_asof(
        told.sort("started_at"),
        on="started_at",
        by="parties",
        strategy="nearest",
        tolerance=dt.timedelta(seconds=within_s),
        check_sortedness=False,
    )
    return nearest.filter(pl.col("duplicate_of").is_not_null()).select("event_id", "duplicate_of")


def closings(frame: pl.DataFrame) -> pl.DataFrame:
    """Pairs for rows that tell the end of a call: the row that tells its beginning."""
    return frame.filter(pl.col("opening").is_not_null()).select(
        "event_id", pl.col("opening").alias("duplicate_of")
    )
