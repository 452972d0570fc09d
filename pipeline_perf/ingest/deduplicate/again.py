"""Which marks hold once a file of the lake has become another, or is there no more.

What is judged is what would have been judged if the lake had been so all along: the files in the
order in which they came. How two sets of events are compared is the business of `across_files`.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter

import polars as pl

from pipeline_perf.ingest.deduplicate.across_files import MARGIN, buckets, matched
from pipeline_perf.lake.schemas import SCHEMAS

#: How far from the calls of a changed file marks may change for their sake: calls of one pair of
#: parties would have to follow one another within a minute for so long.
REACH = dt.timedelta(days=1)


def judged_again(
    stored: pl.LazyFrame, files: pl.DataFrame, place: int, changed: list[str], marks: pl.DataFrame
) -> tuple[pl.DataFrame, Counter[str]]:
    """Judge again what files tell of the calls of one that was changed.

    Parameters
    ----------
    stored
        The lake's events.
    files
        Those that count, in the order in which they came: `source_file_id`, and the `key` that
        their rows are stored under.
    place
        Of the changed file in that order. Only it and those behind it are judged: what was found
        before it came holds.
    changed
        The keys of its rows that count no more, and of those that do now.
    marks
        All marks but those that were found across files for the changed one itself.

    Returns
    -------
    All marks that hold, and by how many the marked events of each file have become more.
    """
    starts, key = pl.col("started_at"), pl.col("source_file_id")
    theirs = stored.filter(key.is_in(changed))
    first, last = theirs.select(starts.min().alias("lo"), starts.max().alias("hi")).collect().row(0)
    more = Counter[str]()
    if first is None:
        return marks, more
    parties = ["from_number", "to_number"]
    counting = files["key"].to_list()
    touched = stored.filter(
        key.is_in([*counting, *changed]) & starts.is_between(first - REACH, last + REACH)
    ).join(theirs.select(parties).unique(), on=parties, how="semi", nulls_equal=True)
    judged = files[place:].select("source_file_id", "key").rows()
    across = pl.col("kind").is_in(["exact", "near"]) & key.is_in([name for name, _ in judged])
    for part in buckets(touched, touched.select(pl.len()).collect().item()):
        events = part.collect()
        known = [pl.col(end).is_in(events["event_id"].implode()) for end in _ENDS]
        lapsed = across & known[0] & known[1]
        more.subtract(_marked(marks.filter(lapsed), events, judged))
        marks = marks.filter(~lapsed)
        settled = pl.col("event_id").is_in(marks["event_id"].implode())
        events = events.filter(key.is_in(counting) & ~settled)
        found = _in_turn(events, counting[:place], judged)
        more.update(_marked(found, events, judged))
        marks = pl.concat([marks, found.select(marks.columns)])
    return marks, more


_ENDS = ("event_id", "duplicate_of")


def _in_turn(
    events: pl.DataFrame, before: list[str], judged: list[tuple[str, str]]
) -> pl.DataFrame:
    """The pairs that each of the files finds among those before it, one file after the other."""
    starts, key = pl.col("started_at"), pl.col("source_file_id")
    found = [pl.DataFrame(schema=SCHEMAS["duplicates"])]
    for name, stored in judged:
        own = events.filter(key == stored)
        if own.height:
            first, last = own.select(starts.min().alias("lo"), starts.max().alias("hi")).row(0)
            within = starts.is_between(first - MARGIN, last + MARGIN)
            pairs = matched(own, events.filter(key.is_in(before) & within))
            events = events.filter(~pl.col("event_id").is_in(pairs["event_id"].implode()))
            found.append(pairs.with_columns(pl.lit(name).alias("source_file_id")))
        before = [*before, stored]
    return pl.concat(found)


def _marked(
    marks: pl.DataFrame, events: pl.DataFrame, judged: list[tuple[str, str]]
) -> dict[str, int]:
    """How many of its own events each file's ingestion has marked."""
    names = {"source_file_id": pl.String, "key": pl.String}
    whose = pl.DataFrame(judged, schema=names, orient="row")
    told = marks.join(whose, on="source_file_id").join(
        events.select("event_id", pl.col("source_file_id").alias("key")), on=["event_id", "key"]
    )
    return dict(told["source_file_id"].value_counts().iter_rows())
