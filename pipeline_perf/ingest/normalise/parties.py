"""Who called whom, whose line it is, and which rows are legs of one call."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from pipeline_perf.ingest.batch import UNREADABLE, Origin
from pipeline_perf.ingest.layout.model import COUNTERPART, Field, Legs

# --------------------------------------------------------------------------- parties


def resolve_parties(
    frame: pl.DataFrame, origin: Origin, chosen: Mapping[str, Field | None]
) -> pl.DataFrame:
    """The subscriber, and who called whom.

    `derive: subscriber` takes the direction from which party the subscriber is, `derive: direction`
    the subscriber from the direction: the caller of an outbound event, the called of an inbound
    one. A direction that is unknown to the layout, too, names no caller; where its code is not
    mapped, the row is `unreadable.direction`: which of the two called would be a guess.
    """
    direction, line = chosen.get("direction"), chosen.get("subscriber_number")
    subscriber = (
        pl.col("subscriber_number")
        if "subscriber_number" in frame.columns
        else pl.lit(None, dtype=pl.String)
    )
    frame = frame.with_columns(
        subscriber.fill_null(pl.lit(origin.subscriber, dtype=pl.String)).alias("subscriber_number")
    )
    subscriber = pl.col("subscriber_number")
    caller, called = (
        pl.col(c) if c in frame.columns else pl.lit(None, dtype=pl.String)
        for c in ("from_number", "to_number")
    )
    stated = pl.col("direction") if "direction" in frame.columns else pl.lit(None, dtype=pl.String)
    if direction is not None and direction.derive == "subscriber":
        same_from, same_to = (
            (caller == subscriber).fill_null(False),
            (called == subscriber).fill_null(False),
        )
        derived = (
            pl.when(same_from & ~same_to)
            .then(pl.lit("outbound"))
            .when(same_to & ~same_from)
            .then(pl.lit("inbound"))
        )
        stated = pl.coalesce(stated, derived.otherwise(None))
    undecided = pl.col("direction").is_null() if direction is not None else pl.lit(False)
    frame = frame.with_columns(stated.alias("direction")).with_columns(
        undecided.alias(UNREADABLE + "direction"), pl.col("direction").fill_null("unknown")
    )
    if line is not None and line.derive == "direction":
        party = (
            pl.when(pl.col("direction") == "outbound")
            .then(caller)
            .when(pl.col("direction") == "inbound")
            .then(called)
        )
        frame = frame.with_columns(pl.coalesce(subscriber, party).alias("subscriber_number"))
    if COUNTERPART in frame.columns:
        other, way = pl.col(COUNTERPART), pl.col("direction")
        incoming, known = way == "inbound", way != "unknown"
        frame = frame.with_columns(
            pl.col(UNREADABLE + "direction")
            & (other.is_not_null() & caller.is_null() & called.is_null()),
            pl.coalesce(caller, pl.when(incoming).then(other).when(known).then(subscriber)).alias(
                "from_number"
            ),
            pl.coalesce(called, pl.when(incoming).then(subscriber).otherwise(other)).alias(
                "to_number"
            ),
        ).drop(COUNTERPART)
    else:
        frame = frame.drop(UNREADABLE + "direction")
    return frame


def link_legs(frame: pl.DataFrame, legs: Legs) -> pl.DataFrame:
    """Give the rows of one call a common call_id: the hexadecimal event_id of its first row,
    legs numbered by time.
    """
    keys = list(legs.same)
    marked = frame.filter(pl.col("leg")).select(keys).drop_nulls().unique()
    if not marked.height:
        return frame.drop("leg")
    near = (
        frame.select("event_id", "record_no", "started_at", "leg", *keys)
        .join(marked, on=keys, how="semi")
        .sort(*keys, "started_at", "record_no")
        .with_columns(
            (
                pl.col("started_at")
                .diff()
                .dt.total_seconds()
                .over(keys)
                .fill_null(legs.within_s + 1)
                > legs.within_s
            ).alias("new")
        )
        .with_columns(pl.col("new").cum_sum().alias("group"))
        .with_columns(
            pl.len().over("group").alias("size"), pl.col("leg").any().over("group").alias("any")
        )
        .filter((pl.col("size") > 1) & pl.col("any"))
        .with_columns(
            pl.col("event_id").sort_by("record_no").first().over("group").alias("first"),
            pl.int_range(1, pl.len() + 1, dtype=pl.Int32).over("group").alias("leg_no"),
        )
    )
    first = near["first"].to_list()
    linked = near.select(
        "event_id",
        "leg_no",
        pl.Series("call_id", [f"{value & (2**64 - 1):016x}" for value in first], dtype=pl.String),
    )
    return (
        frame.join(linked, on="event_id", how="left", maintain_order="left")
        .with_columns(
            pl.coalesce("call_id", "call_id_right"), pl.coalesce("leg_no", "leg_no_right")
        )
        .drop("leg", "call_id_right", "leg_no_right")
    )
