"""Which records tell the same event: every true pair, within a file and between two.

Who repeats what was decided when the records were composed; here it is only looked up and named.
"""

from __future__ import annotations

import polars as pl

from pipeline_perf.synth import assembly, callmodel
from pipeline_perf.synth.assembly import Records
from pipeline_perf.synth.carriers.sprint_le import SPRINT_LE

#: What two tellings of one event have in common; its moment and length come on top, in the
#: resolution of the coarser telling.
_SAME = ("line", "kind", "direction_code", "leg", "partner", "target")


def pairs(stories: list[Records], names: list[str]) -> pl.DataFrame:
    """The second tellings of an event with the first.

    `stories` are the records of each file and `names` the files' names. Columns: file, record_no,
    of_file and of_record_no (the first telling), kind (resent, exact, near or leg) and group.
    Pairs of one group are told apart by nobody: any of their partners is right.

    A record that must be rejected has no telling left and makes no pair. A routed leg of Sprint's
    is of kind `leg`: the same call seen by another switch, which may be marked or not.
    """
    tables = [_readable(records, name) for records, name in zip(stories, names, strict=True)]
    in_minutes = any(records.layout.time_resolution_s == 60 for records in stories)
    lasting_minutes = any(records.layout.duration_resolution_s == 60 for records in stories)
    paired = []
    for nth, table in enumerate(tables):
        firsts = table.filter(~pl.col("repeat"))
        paired.append(_beside(table.filter("repeat"), firsts, "event", "resent"))
        if nth:
            kind = "near" if stories[nth].layout.id != stories[0].layout.id else "exact"
            earlier = tables[0].filter(~pl.col("repeat"))
            paired.append(_beside(firsts, earlier, "event", kind))
        if stories[nth].layout is SPRINT_LE:
            paired.append(_routed_legs(table))
    moment = pl.col("local").dt.truncate("1m") if in_minutes else pl.col("local")
    length = (pl.col("duration_s") + 59) // 60 if lasting_minutes else pl.col("duration_s")
    keyed = pl.concat(paired, how="diagonal").with_columns(moment=moment, length=length)
    key = [*_SAME, "moment", "length"]
    groups = keyed.select(key).unique(maintain_order=True).with_row_index("group")
    return keyed.join(groups, on=key, maintain_order="left").select(
        file=pl.col("file"),
        record_no=pl.col("record_no"),
        of_file=pl.col("file_first"),
        of_record_no=pl.col("record_no_first"),
        kind=pl.col("kind_of"),
        group=pl.col("group").cast(pl.Int64),
    )


def _readable(records: Records, name: str) -> pl.DataFrame:
    """The readable records of one file by event."""
    keep = assembly.fates(records.defect) == "event"
    table = records.frame.select("event", "act", "local", "duration_s", *_SAME).with_columns(
        file=pl.lit(name),
        record_no=pl.Series(records.record_no),
        repeat=pl.Series(records.original >= 0),
    )
    return table.filter(pl.Series(keep))


def _beside(second: pl.DataFrame, first: pl.DataFrame, on: str, kind: str) -> pl.DataFrame:
    """Second tellings, each with its first in the columns `*_first`."""
    paired = second.join(first, on=on, suffix="_first", maintain_order="left")
    return paired.with_columns(kind_of=pl.lit(kind))


def _routed_legs(table: pl.DataFrame) -> pl.DataFrame:
    routed = table.filter(pl.col("direction_code") == callmodel.FORWARDED)
    goes_on = pl.col("leg").is_in([callmodel.TO_VOICEMAIL, callmodel.TO_NUMBER])
    return _beside(routed, table.filter(goes_on & ~pl.col("repeat")), "act", "leg")
