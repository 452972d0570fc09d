"""Which events tell a call that another event tells: marks, never deletions.

Within a file, identical rows are separate events (a bill prints quick redials as identical rows);
only a stretch of records that comes again in the same order, with time gone back, is a part sent
twice. Across files the events are compared as multisets, one to one: exact copies, and near ones as
far apart as the resolutions of both sources allow.

Clocks differ between sources only. Files of one layout that tell calls of the same line from the
same side are one source's, whose redials and texts may lie a second apart on either side of a
file's end: there a copy is exact, or it is none. Where both rows have an id of the source's own,
the ids decide.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import polars as pl

from pipeline_perf.lake.delta import Lake
from pipeline_perf.lake.schemas import SCHEMAS, stored_as

#: Seconds by which the clocks and the counting of two switches differ (practice: 2 s; a hair more
#: for rounding).
SKEW_S = 3.0

#: Rounds of mutual best matches, each a pass over all candidates; what is left after them are
#: crowds of equals.
ROUNDS = 6

#: Own events compared at a time; more are split by a hash of the party pair.
BUCKET = 1_000_000


#: Two tellings of one call begin no further apart: a printed minute, and the clocks.
MARGIN = dt.timedelta(seconds=60 + SKEW_S)

_COMPARED = [
    "event_id", "source_file_id", "event_type", "started_at", "time_resolution_s", "duration_s",
    "duration_resolution_s",
    "from_number", "to_number", "subscriber_number", "bytes_total",
    "layout", "direction", "call_id", "leg_no",
]  # fmt: skip

#: A call_id that `normalise` made for the legs of one call: no other file has it.
_MADE_HERE = r"^[0-9a-f]{16}$"


def across_files(
    lake: Lake, file_id: str, first: dt.datetime, last: dt.datetime, own_marks: pl.DataFrame
) -> pl.DataFrame:
    """Pairs between the events of a file that has just been written and those of the files
    before it.

    Of a pair, the event of the coarser source is marked; between equals, the later file's.
    """
    others = lake.files().filter(
        (pl.col("source_file_id") != file_id)
        & (pl.col("first_start") <= last + MARGIN)
        & (pl.col("last_start") >= first - MARGIN)
    )
    pairs = pl.DataFrame(schema=SCHEMAS["duplicates"]).drop("source_file_id")
    if not others.height:
        return pairs
    keys = others.select(stored_as())["key"].to_list()
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
        nearby = stored.filter(
            pl.col("source_file_id").is_in([file_id, *keys])
            & starts.is_between(lo - MARGIN, hi + MARGIN)
        )
        for part in buckets(nearby, rows):
            events = part.collect().filter(~pl.col("event_id").is_in(marked.implode()))
            own = events.filter(
                (pl.col("source_file_id") == file_id) & pl.col("started_at").is_between(lo, hi)
            )
            matches = matched(own, events.filter(pl.col("source_file_id") != file_id))
            pairs = pl.concat([pairs, matches])
            marked = pl.concat([marked, matches["event_id"], matches["duplicate_of"]])
    return pairs


def buckets(events: pl.LazyFrame, rows: int) -> Iterator[pl.LazyFrame]:
    """What is compared of events, some BUCKET of so many at a time, all of a party pair at once."""
    compared, number = events.select(_COMPARED), max(1, -(-rows // BUCKET))
    for bucket in range(number):
        parties = pl.struct("from_number", "to_number").hash(seed=0)
        yield compared.filter(parties % number == bucket) if number > 1 else compared


def matched(own: pl.DataFrame, others: pl.DataFrame) -> pl.DataFrame:
    """Match the events of one file with those of others, one to one: event_id, duplicate_of,
    kind (exact or near).
    """
    own, others = _comparable(own), _comparable(others)
    chosen = []
    same_source = pl.col("layout").is_in(own["layout"].unique().implode())
    named = pl.col("id").is_not_null()
    for mine, theirs, keys in (
        (named, same_source & named, [*_EQUAL, "id"]),
        (named, same_source & ~named, _EQUAL),
        (~named, same_source, _EQUAL),
        (pl.lit(True), ~same_source, _EQUAL),
    ):
        exact = _exact(own.filter(mine), others.filter(theirs), keys)
        own = own.join(exact, on="event_id", how="anti")
        others = others.join(exact, left_on="event_id", right_on="other_id", how="anti")
        chosen.append(exact)
    # The best pair first, then the best of what is left, ties broken by identity: pairs that are
    # the best for both of their events can be taken all at once.
    ranked = _candidates(own, others).sort("cost", "event_id", "other_id")
    for _ in range(ROUNDS):
        best = ranked.unique("event_id", keep="first", maintain_order=True).join(
            ranked.unique("other_id", keep="first", maintain_order=True).select(
                "event_id", "other_id"
            ),
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
    finer = (time < other_time) | (
        (time == other_time)
        & (pl.col("duration_resolution_s") < pl.col("duration_resolution_s_other"))
    )
    return pl.concat(chosen).select(
        pl.when(finer).then("other_id").otherwise("event_id").alias("event_id"),
        pl.when(finer).then("event_id").otherwise("other_id").alias("duplicate_of"),
        pl.when(pl.col("cost") == 0).then(pl.lit("exact")).otherwise(pl.lit("near")).alias("kind"),
    )


def _paired(both: pl.DataFrame) -> pl.DataFrame:
    """What is needed to choose among pairs, and to say which of a pair is the duplicate."""
    resolutions = [
        f"{what}_resolution_s{whose}" for what in ("time", "duration") for whose in ("", "_other")
    ]
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


#: What exact copies have in common.
_EQUAL = ["from_number", "to_number", "kind", "started_at", "fine", "duration_s", "bytes_total"]


def _comparable(frame: pl.DataFrame) -> pl.DataFrame:
    """What of two events is compared; in place of a party that is not told (a data session has
    one only) its subscriber, if there is one.
    """
    return frame.select(
        "event_id",
        "time_resolution_s",
        "duration_resolution_s",
        "started_at",
        *(
            pl.coalesce(side, pl.lit("of ") + pl.col("subscriber_number")).alias(side)
            for side in ("from_number", "to_number")
        ),
        pl.when(pl.col("event_type") == "voicemail")
        .then(pl.lit("call"))
        .otherwise("event_type")
        .alias("kind"),
        pl.col("duration_s").fill_null(0.0),
        pl.col("bytes_total").fill_null(0),
        (pl.col("time_resolution_s") < 60).alias("fine"),
        "layout",
        pl.struct("direction", "subscriber_number").hash(seed=0).alias("view"),
        pl.when(pl.col("leg_no").is_null() | ~pl.col("call_id").str.contains(_MADE_HERE))
        .then("call_id")
        .alias("id"),
    )


def _exact(own: pl.DataFrame, others: pl.DataFrame, keys: list[str]) -> pl.DataFrame:
    """Pairs that are equal in all that is compared: the first of own with the first of the
    others, the second with the second, in an order that does not depend on how they are stored.

    A party that neither of them tells is equal, too: the other one is told, and to the second.
    """
    shared = own.join(others, on=keys, how="semi", nulls_equal=True).sort("event_id")
    nth = pl.int_range(pl.len()).over(keys).alias("nth")
    both = shared.with_columns(nth).join(
        others.join(shared, on=keys, how="semi", nulls_equal=True)
        .sort("event_id")
        .with_columns(nth),
        on=[*keys, "nth"],
        suffix="_other",
        nulls_equal=True,
    )
    return _paired(both.with_columns(pl.lit(0.0).alias("cost")))


def _candidates(own: pl.DataFrame, others: pl.DataFrame) -> pl.DataFrame:
    """Pairs that could be one call, with the cost of taking them for one (seconds they differ
    by).
    """
    # seconds, twice the widest tolerance: neighbours in time share a slot or lie in adjoining ones
    width = 128
    slot = pl.col("started_at").dt.epoch("s") // width
    left = own.with_columns(pl.concat_list([slot - 1, slot, slot + 1]).alias("slot")).explode(
        "slot"
    )
    right = others.with_columns(slot.alias("slot"))
    both = left.join(
        right,
        on=["from_number", "to_number", "kind", "bytes_total", "slot"],
        how="inner",
        suffix="_other",
    ).filter(
        (pl.col("layout") != pl.col("layout_other"))
        | (
            (pl.col("view") != pl.col("view_other"))
            & (pl.col("id") == pl.col("id_other")).fill_null(True)
        )
    )
    gap = (pl.col("started_at") - pl.col("started_at_other")).dt.total_milliseconds() / 1000.0
    fine, fine_other = pl.col("fine"), pl.col("fine_other")
    # Against a bill the precise start lies within the printed minute; some print the nearest minute
    # instead.
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
    fine, fine_other = (
        pl.col("duration_resolution_s") < 60,
        pl.col("duration_resolution_s_other") < 60,
    )
    precise, rounded = pl.when(fine).then(a).otherwise(b), pl.when(fine).then(b).otherwise(a)
    duration_cost = (
        pl.when(a == b)
        .then(0.0)
        .when(fine & fine_other)
        .then(pl.when((a - b).abs() <= SKEW_S).then((a - b).abs()))
        # rounded up to whole minutes; a call that was not answered is not billed
        .when(fine | fine_other)
        .then(
            pl.when(
                (precise > 0.0)
                & (precise > rounded - 60.0 - SKEW_S)
                & (precise <= rounded + SKEW_S)
            ).then(0.5)
        )
    )
    return _paired(
        both.with_columns((start_cost + duration_cost).alias("cost")).filter(
            pl.col("cost").is_not_null()
        )
    )
