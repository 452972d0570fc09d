"""From events and a layout to the records of one file, in order, with their truth.

Repeats and defects are put among them here, and their lines are counted. Pure but for the random
generator that is handed in. Writing to disk is `dataset`'s; how one record looks is the layout's.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from pipeline_perf.events import COLUMNS
from pipeline_perf.synth import population as people
from pipeline_perf.synth.defects import (
    DEFECTS,
    KINDS,
    SHORT_IMEI,
    SHORT_IMSI,
    choose,
    damaged_lines,
)
from pipeline_perf.synth.layout import DIRECTION, EVENT_TYPE, Layout, Scene, Section
from pipeline_perf.synth.resending import order_with_repeats
from pipeline_perf.synth.wording import boundaries, from_and_to, parties, whole_minutes

#: Records are worded and written in pieces of this size: it bounds the memory of a file of any
#: length, and is far above the size where Polars' overhead per call would show.
CHUNK_ROWS = 100_000

#: The columns of a dataset's truth: those of the event table, and what must become of the record.
TRUTH_SCHEMA: dict[str, pl.DataType] = {"file": pl.String(), **COLUMNS, "fate": pl.String()}


@dataclass(frozen=True)
class Records:
    """The records of one file in file order.

    `frame`: the events, with `form`, `item` (number within line and form), `written` (the time as
    it will stand in the file), `abroad` and `event` (which event of the dataset it tells).
    `original`: for a repeat the row that it repeats, else -1. `defect`: position in DEFECTS, or -1.
    `record_no`: 1-based physical line, on paper and of elements the running number. `page`:
    1-based, on paper only.
    """

    layout: Layout
    scene: Scene
    frame: pl.DataFrame
    original: NDArray[np.int64]
    defect: NDArray[np.int8]
    sections: list[Section]
    record_no: NDArray[np.int64]
    page: NDArray[np.int64] | None
    furniture: int


def arrange(events: pl.DataFrame, layout: Layout, zone: str) -> pl.DataFrame:
    """The events in the layout's order, with the columns that its wording needs.

    Adds `form`, `item`, `written` and `abroad` as in `Records`. `events` are as `callmodel.events`
    gives them; `zone` is that of their clocks.
    """
    order = ["line", "form"] if layout.by_line else []
    written = pl.col("local")
    if layout.zone == "UTC":
        written = (
            written.dt.replace_time_zone(zone)
            .dt.convert_time_zone("UTC")
            .dt.replace_time_zone(None)
        )
    if layout.time_resolution_s == 60:
        written = written.dt.truncate("1m")
    form = pl.col("kind").replace_strict(dict(enumerate(layout.form_of)), return_dtype=pl.Int8)
    abroad = (pl.col("partner") >= people.FIRST_UK) & (pl.col("partner") < people.FIRST_SHORT_CODE)
    arranged = events.with_columns(form=form, written=written, abroad=abroad)
    if order:
        arranged = arranged.sort(*order, maintain_order=True)
    groups = boundaries(arranged, order)
    item = (
        np.concatenate([np.arange(1, stop - start + 1) for start, stop in groups])
        if groups
        else np.zeros(0, int)
    )
    return arranged.with_columns(item=pl.Series(item, dtype=pl.Int32))


def compose(
    arranged: pl.DataFrame,
    layout: Layout,
    scene: Scene,
    *,
    repeats: int,
    defect_rate: float,
    rng: np.random.Generator,
    spared: pl.Series | None = None,
) -> Records:
    """Insert repeated runs, choose defects, lay out sections and count lines.

    `arranged` is as `arrange` gives it. `repeats` records of it are repeated, and of all the share
    `defect_rate` is damaged. Raises ValueError where so many repeats do not fit in.

    `spared`: rows of `arranged` that stay whole because another file tells them too. Repeated runs
    and what they repeat stay whole as well: damage there would make the pair undecidable.
    """
    groups = boundaries(arranged, ["line", "form"] if layout.by_line else [])
    order, repeat = order_with_repeats(groups, repeats, rng)
    frame = arranged[order]
    place_of_first = np.zeros(arranged.height, np.int64)
    place_of_first[order[~repeat]] = np.flatnonzero(~repeat)
    original = np.where(repeat, place_of_first[order], -1)
    if layout.ends:
        original = np.where(frame["closing"].to_numpy(), _opening(frame), -1)
        repeat = original >= 0
    whole = repeat.copy()
    whole[original[repeat]] = True
    if spared is not None:
        whole |= spared.to_numpy()[order]
    defect = choose(frame, layout.forms, scene, rate=defect_rate, allowed=~whole, rng=rng)
    sections = layout.sections(frame, scene)
    record_no, furniture = _line_numbers(sections, frame.height)
    page = None
    if layout.print is not None or layout.elements:
        record_no = np.arange(1, frame.height + 1)
    if layout.elements:
        furniture = 0  # what stands around an element is none
    if layout.print is not None:
        page = np.repeat(np.arange(1, len(sections) + 1), [s.stop - s.start for s in sections])
    return Records(layout, scene, frame, original, defect, sections, record_no, page, furniture)


def _opening(frame: pl.DataFrame) -> NDArray[np.int64]:
    """The row with which each row's call begins."""
    return (
        frame.with_row_index("row")
        .select(pl.col("row").cast(pl.Int64).first().over("event"))[:, 0]
        .to_numpy()
    )


def _line_numbers(sections: list[Section], records: int) -> tuple[NDArray[np.int64], int]:
    """The physical line of each record, and how many lines are none."""
    before = np.zeros(records, np.int64)
    furniture = 0
    for section in sections:
        furniture += len(section.head)
        before[section.start : section.stop] = furniture
        furniture += len(section.foot)
    return np.arange(1, records + 1) + before, furniture


def chunks(records: Records) -> Iterator[tuple[int, int]]:
    """Start and stop of each piece in which the records are worded."""
    for start in range(0, records.frame.height, CHUNK_ROWS):
        yield start, min(start + CHUNK_ROWS, records.frame.height)


def lines(records: Records, start: int, stop: int) -> pl.Series:
    """The text lines of records `start` to `stop`, damage included.

    Of elements, each line but the file's first begins with what stands between them.
    """
    frame = records.frame[start:stop]
    defect = records.defect[start:stop]
    form = frame["form"].to_numpy()
    worded: list[pl.Series] = []
    places: list[NDArray[np.int64]] = []
    for nth, shape in enumerate(records.layout.forms):
        here = np.flatnonzero(form == nth)
        if len(here) == 0:
            continue
        texts = shape.texts(frame if len(here) == len(form) else frame[here], records.scene)
        worded.append(damaged_lines(shape.join(texts), texts, shape, defect[here]))
        places.append(here)
    text = pl.concat(worded)
    if len(worded) > 1:
        text = text.gather(np.argsort(np.concatenate(places)))
    if records.layout.between:
        first = 0 if start else 1  # nothing stands before the file's first record
        text = pl.concat([text[:first], records.layout.between + text[first:]])
    return text


def truth(records: Records, start: int, stop: int, file: str) -> pl.DataFrame:
    """What a perfect reading gives for records `start` to `stop`, with columns of TRUTH_SCHEMA.

    `file` is the file's name; the id of its bytes is null, for they are not written yet. A
    quarantined record carries what it said before it was damaged.
    """
    layout, scene = records.layout, records.scene
    frame, defect = records.frame[start:stop], records.defect[start:stop]
    own, other, target = parties(frame, scene, scene.meant)
    caller, called = from_and_to(own, other, target)
    zone = layout.zone or scene.period.zone
    seconds = pl.col("duration_s")
    page = pl.lit(None) if records.page is None else pl.Series(records.page[start:stop])
    read = frame.with_columns(
        file=pl.lit(file),
        record_no=pl.Series(records.record_no[start:stop]),
        page=page,
        carrier=pl.lit(layout.carrier),
        layout=pl.lit(layout.id),
        event_type=pl.col("kind").replace_strict(EVENT_TYPE, return_dtype=pl.String),
        direction=pl.col("direction_code").replace_strict(DIRECTION, return_dtype=pl.String),
        started_at=pl.col("written").dt.replace_time_zone(zone).dt.convert_time_zone("UTC"),
        started_at_local=pl.col("written"),
        zone=pl.lit(zone),
        # Whether a zone that the user names counts as assumed is the reader's business.
        zone_assumed=pl.lit(False if layout.zone else None, pl.Boolean),
        time_resolution_s=pl.lit(layout.time_resolution_s),
        duration_s=whole_minutes(seconds) * 60 if layout.duration_resolution_s == 60 else seconds,
        duration_resolution_s=pl.lit(layout.duration_resolution_s),
        subscriber_number=own,
        from_number=caller,
        to_number=called,
        fate=pl.Series(fates(defect), dtype=pl.String),
    ).rename({"answered": "picked_up"})
    read = read.with_columns(**layout.truth(frame, scene))
    for column, digits in (("imei", SHORT_IMEI), ("imsi", SHORT_IMSI)):
        if column in read.columns:
            cut = pl.lit(pl.Series(defect == KINDS.index(f"{column}_length")))
            whole = pl.col(column)
            read = read.with_columns(
                pl.when(cut).then(whole.str.slice(0, digits)).otherwise(whole).alias(column)
            )
    untold = (
        pl.lit(None, dtype).alias(name)
        for name, dtype in TRUTH_SCHEMA.items()
        if name not in read.columns
    )
    return read.with_columns(untold).select(
        pl.col(name).cast(dtype) for name, dtype in TRUTH_SCHEMA.items()
    )


def fates(defect: NDArray[np.int8]) -> NDArray[np.object_]:
    """'quarantined' for each record that must be rejected, else 'event'.

    `defect` gives positions in DEFECTS, -1 for a whole record.
    """
    reject = np.array([d.fate == "reject" for d in DEFECTS] + [False])
    return np.where(reject[defect], "quarantined", "event").astype(object)
