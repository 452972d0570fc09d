"""How right the marked duplicates are: pairs, genuine calls lost, calls still counted twice.

Pairs that nobody can tell apart form a group (two quick redials on a bill, each told by a report as
well): which of them is matched with which does not matter, only that no more and no fewer are
marked.
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

#: What names a record; and the record that it repeats, in the truth's table of pairs.
RECORD = ["source_file_id", "record_no"]
_REPEATED = (
    pl.col("of_file_id").alias("source_file_id"),
    pl.col("of_record_no").alias("record_no"),
)
PER_MILLION = 1_000_000


@dataclass(frozen=True)
class DuplicateScore:
    """How many pairs there are, how many records were marked, and how right that was.

    A pair is a record and the one that it repeats. Precision, recall and their harmonic mean `f1`
    are shares from 0 to 1, None where there is nothing to divide by.
    `lost_per_million`: records marked although they tell something new, per million records.
    `doubled_per_million`: repeats that were not marked, per million records.
    """

    pairs: int
    marked: int
    precision: float | None
    recall: float | None
    f1: float | None
    lost_per_million: float
    doubled_per_million: float


def score_duplicates(
    events: pl.DataFrame, truth: pl.DataFrame, id_of: dict[str, str], records: int
) -> DuplicateScore:
    """Compare marks with true pairs.

    `events` needs source_file_id, record_no, event_id, duplicate_of; `truth` is the dataset's table
    of pairs, `id_of` gives the id of a file by its name, and `records` counts those of all files.
    Raises polars.exceptions.InvalidOperationError for a file that `id_of` does not name.

    Pairs of kind `leg` may be marked or not, and what repeats one of them may be marked as
    repeating the other: it is one call.
    """
    truth = truth.with_columns(
        source_file_id=pl.col("file").replace_strict(id_of, return_dtype=pl.String),
        of_file_id=pl.col("of_file").replace_strict(id_of, return_dtype=pl.String),
    )
    sure, either = truth.filter(pl.col("kind") != "leg"), truth.filter(pl.col("kind") == "leg")
    copies = sure.select(*RECORD, "group")
    originals = sure.select(*_REPEATED, "group")
    members = pl.concat([copies, originals]).unique(RECORD, keep="first", maintain_order=True)
    legs = pl.concat([either.select(RECORD), either.select(_REPEATED)])

    marked = events.filter(pl.col("duplicate_of").is_not_null()).select(*RECORD, "duplicate_of")
    marked = marked.join(legs.unique().join(copies, on=RECORD, how="anti"), on=RECORD, how="anti")
    by_id = events.select(pl.col("event_id").alias("duplicate_of"), *RECORD).unique(
        "duplicate_of", keep="first", maintain_order=True
    )
    of_leg = either.join(members, on=RECORD, suffix="_of_leg").select(
        *_REPEATED, pl.col("group_of_leg").alias("group")
    )
    partners = by_id.join(pl.concat([members, of_leg]), on=RECORD).select(
        "duplicate_of", pl.col("group").alias("partner_group")
    )
    marks = marked.join(members, on=RECORD, how="left")

    tally = _tally(copies, marks, partners)
    pairs = int(tally["pairs"].sum())
    hits = int(tally.select(pl.min_horizontal("pairs", "matched").sum()).item())
    outside = marks["group"].null_count()
    over = int((tally["struck"] - tally["pairs"]).clip(0).sum())
    under = int((tally["pairs"] - tally["struck"]).clip(0).sum())
    return DuplicateScore(
        pairs=pairs,
        marked=marks.height,
        precision=hits / marks.height if marks.height else None,
        recall=hits / pairs if pairs else None,
        f1=2 * hits / (marks.height + pairs) if marks.height + pairs else None,
        lost_per_million=(outside + over) / records * PER_MILLION if records else 0.0,
        doubled_per_million=under / records * PER_MILLION if records else 0.0,
    )


def _tally(copies: pl.DataFrame, marks: pl.DataFrame, partners: pl.DataFrame) -> pl.DataFrame:
    """Per group its `pairs`, and the records that are `struck`; `matched`: by one of the group."""
    groups = copies.unique(RECORD).group_by("group").agg(pl.len().alias("pairs"))
    matched = (
        marks.join(partners, on="duplicate_of")
        .filter(pl.col("group") == pl.col("partner_group"))
        .unique(RECORD)
        .group_by("group")
        .agg(pl.len().alias("matched"))
    )
    struck = marks.drop_nulls("group").group_by("group").agg(pl.len().alias("struck"))
    tally = groups.join(matched, on="group", how="left").join(struck, on="group", how="left")
    return tally.fill_null(0).with_columns(pl.exclude("group").cast(pl.Int64))
