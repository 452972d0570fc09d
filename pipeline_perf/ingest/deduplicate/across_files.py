"""Which events tell a call that another event tells: marks, never deletions.

Within a file, identical rows are separate events (a bill prints quick redials as identical rows); only a
stretch of records that comes again in the same order, with time gone back, is a part sent twice. Across
files the events are compared as multisets, one to one: exact copies, and near ones as far apart as the
resolutions of both sources allow.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field

import numpy as np
import polars as pl

from pipeline_perf.lake.delta import SCHEMAS, Lake

#: What makes two rows of a file identical: every field but identity and running number.
IDENTITY = (
    "event_type", "direction", "answered", "started_at_local", "duration_s", "subscriber_number", "from_number",
    "to_number", "bytes_total", "cell_first", "cell_last", "imei", "charge",
)  # fmt: skip

#: A repeated stretch must span this many different start times: redials within a minute cannot.
RESENT_TIMES = 3

#: Seeds of one part are at most this many rows apart.
SEED_GAP = 64

#: Seconds by which the clocks and the counting of two switches differ (practice: 2 s; a hair more for rounding).
SKEW_S = 3.0

#: Rounds of mutual best matches, each a pass over all candidates; what is left after them are crowds of equals.
ROUNDS = 6

#: Own events compared at a time; more are split by a hash of the party pair.
BUCKET = 1_000_000

_BLOOM_BITS = 27


@dataclass
class SeenRows:
    """The rows of one file so far, as 64-bit hashes: 24 bytes a row."""

    hashes: list[np.ndarray] = field(default_factory=list)
    starts: list[np.ndarray] = field(default_factory=list)
    event_ids: list[np.ndarray] = field(default_factory=list)
    _sorted: list[np.ndarray] = field(default_factory=list)
    _bloom: np.ndarray = field(default_factory=lambda: np.zeros(0, dtype=np.uint8))
    _repeated: list[np.ndarray] = field(default_factory=list)  # hashes of rows that are not the first of their kind

    def add(self, frame: pl.DataFrame) -> pl.Series:
        """Take in a chunk of events, in any order; returns the how-manieth of its kind each row is in the file, from 1."""
        place = np.argsort(frame["record_no"].to_numpy(), kind="stable")  # a chunk has one table after the other
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
            occurrence[maybe] += (np.searchsorted(earlier, wanted, "right") - np.searchsorted(earlier, wanted, "left")).astype(np.int32)
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
        return (slot >> np.uint64(3)).astype(np.int64), (np.uint8(1) << (slot & np.uint64(7)).astype(np.uint8))

    def _maybe_seen(self, hashes: np.ndarray) -> np.ndarray:
        """Rows that may have stood in an earlier chunk; a bit field keeps the others from being looked up."""
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
        hashes, starts, ids = np.concatenate(self.hashes), np.concatenate(self.starts), np.concatenate(self.event_ids)
        again = pl.Series(hashes).is_in(pl.Series(np.concatenate(self._repeated)).implode()).to_numpy()
        copies = resent_runs(hashes, starts, again)
        if not copies:
            return empty
        later = np.concatenate([np.arange(first, last) for first, last, _ in copies])
        shift = np.concatenate([np.full(last - first, distance) for first, last, distance in copies])
        return pl.DataFrame({"event_id": ids[later], "duplicate_of": ids[later - shift]}).unique("event_id", keep="first")


def resent_runs(hashes: np.ndarray, starts: np.ndarray, again: np.ndarray) -> list[tuple[int, int, int]]:
    """Stretches [first, last) of rows equal, one by one, to those `distance` rows above: (first, last, distance).

    `again` says which rows are not the only ones of their kind: the others are not looked at.
    A stretch counts when it spans RESENT_TIMES different start times. Rows whose last equal row lies the
    same distance above, close to each other, are the seeds; identical redials inside a part that was sent
    twice point elsewhere, so pairs of rows are seeds, too, and a seed is then grown by comparing row by row.
    """
    rows = np.flatnonzero(again)
    later, earlier = (rows[at] for at in _last_equal(hashes[rows]))
    pairs = np.flatnonzero(again[:-1] & again[1:])
    later_pairs, earlier_pairs = _last_equal(hashes[pairs] * np.uint64(0x9E3779B97F4A7C15) + hashes[pairs + 1])
    later, earlier = np.concatenate((later, pairs[later_pairs])), np.concatenate((earlier, pairs[earlier_pairs]))
    distance = later - earlier
    by_place = np.lexsort((later, distance))
    later, distance = later[by_place], distance[by_place]
    apart = np.ones(len(later), dtype=bool)
    apart[1:] = (np.diff(later) > SEED_GAP) | (np.diff(distance) != 0)
    seed = np.cumsum(apart) - 1
    moments = np.unique(np.stack((seed, starts[later])), axis=1)[0]
    lively = np.flatnonzero(np.bincount(moments, minlength=seed[-1] + 1 if len(seed) else 0) >= RESENT_TIMES)
    runs = []
    taken = np.zeros(len(hashes), dtype=bool)
    bounds = np.flatnonzero(np.append(apart, True))
    for k in lively.tolist():
        shift = int(distance[bounds[k]])
        for first, last in _grown(hashes, int(later[bounds[k]]), int(later[bounds[k + 1] - 1]) + 1, shift):
            if last - first < RESENT_TIMES or len(np.unique(starts[first:last])) < RESENT_TIMES:
                continue
            runs += [(first + a, first + b, shift) for a, b in _stretches(~taken[first:last])]
            taken[first:last] = True
    return runs


def _stable_order(hashes: np.ndarray) -> np.ndarray:
    """What a stable argsort gives, in a fifth of its time where few are equal: NumPy sorts fastest when it need not be stable."""
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
        open_below, open_above = bool(equal[0]) and low > distance, bool(equal[-1]) and high < len(hashes)
        if not (open_below or open_above):
            return [(a + low, b + low) for a, b in _stretches(equal)]
        margin *= 4


def telling(frame: pl.DataFrame) -> pl.DataFrame:
    """What `repeats` needs of a chunk's rows, 25 bytes of each: the parties as a hash."""
    known = frame.select("repeat", "event_id", "from_number", "to_number", "started_at").drop_nulls()
    return known.select(
        "repeat", "event_id", "started_at", pl.concat_str("from_number", "to_number", separator="\x1f").hash().alias("parties")
    )


def repeats(rows: pl.DataFrame, within_s: float) -> pl.DataFrame:
    """Pairs for the rows of a file marked `repeat`: the row of the same parties, nearest in time, that is no repeat itself."""
    told = rows.filter(~pl.col("repeat")).select("parties", "started_at", pl.col("event_id").alias("duplicate_of"))
    again = rows.filter("repeat").drop("repeat")
    told = told.filter(pl.col("parties").is_in(again["parties"].unique().implode()))  # mostly none, as in a bill of one line
    again = again.filter(pl.col("parties").is_in(told["parties"].unique().implode()))
    found = again.sort("started_at").join_asof(
        told.sort("started_at"),
        on="started_at",
        by="parties",
        strategy="nearest",
        tolerance=dt.timedelta(seconds=within_s),
        check_sortedness=False,
    )
    return found.filter(pl.col("duplicate_of").is_not_null()).select("event_id", "duplicate_of")


def closings(frame: pl.DataFrame) -> pl.DataFrame:
    """Pairs for rows that tell the end of a call: the row that tells its beginning."""
    return frame.filter(pl.col("opening").is_not_null()).select("event_id", pl.col("opening").alias("duplicate_of"))


# --------------------------------------------------------------------------- across files

_COMPARED = [
    "event_id", "source_file_id", "event_type", "started_at", "time_resolution_s", "duration_s", "duration_resolution_s",
    "from_number", "to_number", "subscriber_number", "bytes_total",
]  # fmt: skip


def across_files(lake: Lake, file_id: str, first: dt.datetime, last: dt.datetime, own_marks: pl.DataFrame) -> pl.DataFrame:
    """Pairs between the events of a file that has just been written and those of the files before it.

    Of a pair, the event of the coarser source is marked; between equals, the later file's.
    """
    margin = dt.timedelta(seconds=60 + SKEW_S)
    others = lake.files().filter(
        (pl.col("source_file_id") != file_id) & (pl.col("first_start") <= last + margin) & (pl.col("last_start") >= first - margin)
    )["source_file_id"]
    pairs = pl.DataFrame(schema=SCHEMAS["duplicates"]).drop("source_file_id")
    if not len(others):
        return pairs
    marked = pl.concat([lake.duplicates()["event_id"], own_marks["event_id"]])
    stored = lake.scan("events")
    starts = pl.col("started_at")
    months = (
        stored.filter(pl.col("source_file_id") == file_id)
        .group_by(starts.dt.truncate("1mo").alias("month"))
        .agg(pl.len(), starts.min().alias("lo"), starts.max().alias("hi"))
        .sort("month")
        .collect()
    )
    for _, rows, lo, hi in months.iter_rows():
        buckets = max(1, -(-rows // BUCKET))
        nearby = stored.filter(
            pl.col("source_file_id").is_in([file_id, *others.to_list()]) & starts.is_between(lo - margin, hi + margin)
        ).select(_COMPARED)
        for bucket in range(buckets):
            part = nearby.filter(pl.struct("from_number", "to_number").hash(seed=0) % buckets == bucket) if buckets > 1 else nearby
            events = part.collect().filter(~pl.col("event_id").is_in(marked.implode()))
            own = events.filter((pl.col("source_file_id") == file_id) & pl.col("started_at").is_between(lo, hi))
            found = matched(own, events.filter(pl.col("source_file_id") != file_id))
            pairs = pl.concat([pairs, found])
            marked = pl.concat([marked, found["event_id"], found["duplicate_of"]])
    return pairs


def matched(own: pl.DataFrame, others: pl.DataFrame) -> pl.DataFrame:
    """Match two sets of events one to one: event_id, duplicate_of, kind (exact or near)."""
    own, others = _comparable(own), _comparable(others)
    chosen = [_exact(own, others)]
    own = own.join(chosen[0], on="event_id", how="anti")
    others = others.join(chosen[0], left_on="event_id", right_on="other_id", how="anti")
    # The best pair first, then the best of what is left, ties broken by identity: pairs that are the best for
    # both of their events can be taken all at once.
    ranked = _candidates(own, others).sort("cost", "event_id", "other_id")
    for _ in range(ROUNDS):
        best = ranked.unique("event_id", keep="first", maintain_order=True).join(
            ranked.unique("other_id", keep="first", maintain_order=True).select("event_id", "other_id"),
            on=["event_id", "other_id"],
            how="semi",
        )
        chosen.append(best)
        ranked = ranked.join(best, on="event_id", how="anti", maintain_order="left").join(
            best, on="other_id", how="anti", maintain_order="left"
        )
        if not ranked.height:
            break
    chosen.append(_one_by_one(ranked))
    time, other_time = pl.col("time_resolution_s"), pl.col("time_resolution_s_other")
    finer = (time < other_time) | ((time == other_time) & (pl.col("duration_resolution_s") < pl.col("duration_resolution_s_other")))
    return pl.concat(chosen).select(
        pl.when(finer).then("other_id").otherwise("event_id").alias("event_id"),
        pl.when(finer).then("event_id").otherwise("other_id").alias("duplicate_of"),
        pl.when(pl.col("cost") == 0).then(pl.lit("exact")).otherwise(pl.lit("near")).alias("kind"),
    )


def _paired(both: pl.DataFrame) -> pl.DataFrame:
    """What is needed to choose among pairs, and to say which of a pair is the duplicate."""
    resolutions = [f"{what}_resolution_s{whose}" for what in ("time", "duration") for whose in ("", "_other")]
    return both.select("event_id", pl.col("event_id_other").alias("other_id"), "cost", *resolutions)


def _one_by_one(ranked: pl.DataFrame) -> pl.DataFrame:
    """Take the best pair, and the best of what is left, until nothing is."""
    own: set[int] = set()
    others: set[int] = set()
    rows = []
    for row, (event_id, other_id) in enumerate(ranked.select("event_id", "other_id").iter_rows()):
        if event_id not in own and other_id not in others:
            own.add(event_id)
            others.add(other_id)
            rows.append(row)
    return ranked[rows]


def _comparable(frame: pl.DataFrame) -> pl.DataFrame:
    """What of two events is compared; where a party is not told (a data session has one only), the same subscriber must be."""
    return frame.select(
        "event_id",
        "time_resolution_s",
        "duration_resolution_s",
        "started_at",
        *(pl.coalesce(side, pl.lit("of ") + pl.col("subscriber_number")).alias(side) for side in ("from_number", "to_number")),
        pl.when(pl.col("event_type") == "voicemail").then(pl.lit("call")).otherwise("event_type").alias("kind"),
        pl.col("duration_s").fill_null(0.0),
        pl.col("bytes_total").fill_null(0),
        (pl.col("time_resolution_s") < 60).alias("fine"),
    )


def _exact(own: pl.DataFrame, others: pl.DataFrame) -> pl.DataFrame:
    """Pairs that are equal in all that is compared: the first of own with the first of the others, the second with the second."""
    keys = ["from_number", "to_number", "kind", "started_at", "fine", "duration_s", "bytes_total"]
    shared = own.join(others, on=keys, how="semi")
    nth = pl.int_range(pl.len()).over(keys).alias("nth")
    both = shared.with_columns(nth).join(others.join(shared, on=keys, how="semi").with_columns(nth), on=[*keys, "nth"], suffix="_other")
    return _paired(both.with_columns(pl.lit(0.0).alias("cost")))


def _candidates(own: pl.DataFrame, others: pl.DataFrame) -> pl.DataFrame:
    """Pairs that could be one call, with the cost of taking them for one (seconds they differ by)."""
    width = 128  # seconds, twice the widest tolerance: neighbours in time share a slot or lie in adjoining ones
    slot = pl.col("started_at").dt.epoch("s") // width
    left = own.with_columns(pl.concat_list([slot - 1, slot, slot + 1]).alias("slot")).explode("slot")
    right = others.with_columns(slot.alias("slot"))
    both = left.join(right, on=["from_number", "to_number", "kind", "bytes_total", "slot"], how="inner", suffix="_other")
    gap = (pl.col("started_at") - pl.col("started_at_other")).dt.total_milliseconds() / 1000.0
    fine, fine_other = pl.col("fine"), pl.col("fine_other")
    # Against a bill the precise start lies within the printed minute; some print the nearest minute instead.
    after_minute = pl.when(fine).then(gap).otherwise(-gap)
    start_cost = (
        pl.when(fine & fine_other)
        .then(pl.when(gap.abs() <= SKEW_S).then(gap.abs()))
        .when(fine | fine_other)
        .then(
            pl.when(after_minute.is_between(-30.0 - SKEW_S, 60.0 + SKEW_S)).then(
                pl.max_horizontal(-after_minute, after_minute - 60.0, pl.lit(0.0)) + 0.5
            )
        )
        .when(gap == 0.0)
        .then(0.0)
    )
    a, b = pl.col("duration_s"), pl.col("duration_s_other")
    fine, fine_other = pl.col("duration_resolution_s") < 60, pl.col("duration_resolution_s_other") < 60
    precise, rounded = pl.when(fine).then(a).otherwise(b), pl.when(fine).then(b).otherwise(a)
    duration_cost = (
        pl.when(a == b)
        .then(0.0)
        .when(fine & fine_other)
        .then(pl.when((a - b).abs() <= SKEW_S).then((a - b).abs()))
        .when(fine | fine_other)  # rounded up to whole minutes; a call that was not answered is not billed
        .then(pl.when((precise > 0.0) & (precise > rounded - 60.0 - SKEW_S) & (precise <= rounded + SKEW_S)).then(0.5))
    )
    return _paired(both.with_columns((start_cost + duration_cost).alias("cost")).filter(pl.col("cost").is_not_null()))
