"""Columns given by title, normalised as those of a file: for tests of values, of times and of
parties.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence

import polars as pl

from pipeline_perf.ingest.batch import Batch, Origin
from pipeline_perf.ingest.layout.model import Field, Layout, Table
from pipeline_perf.ingest.normalise.decide import Decisions
from pipeline_perf.ingest.normalise.normalise import normalise

ISO = Field(("Time",), formats=("%Y-%m-%d %H:%M:%S",))
Cells = Mapping[str, Sequence[str | None]]


def table(**fields: Field | tuple[Field, ...]) -> Table:
    listed = {
        name: field if isinstance(field, tuple) else (field,) for name, field in fields.items()
    }
    return Table("calls", {"started_at": (ISO,), **listed}, header=("Time",))


def typed(
    cells: Cells,
    of: Table,
    *,
    context: Cells | None = None,
    zone: str = "UTC",
    decisions: Decisions | None = None,
    origin_zone: str | None = None,
    subscriber: str | None = None,
    first: int = 1,
) -> pl.DataFrame:
    """Normalise columns given by title; `zone` is the layout's, `origin_zone` what the user
    said.
    """
    columns = {
        f"c{i}": pl.Series(values, dtype=pl.String) for i, values in enumerate(cells.values())
    }
    columns |= {
        f"context.{name}": pl.Series(values, dtype=pl.String)
        for name, values in (context or {}).items()
    }
    frame = pl.DataFrame(columns).with_columns(
        pl.int_range(first, pl.len() + first, dtype=pl.Int64).alias("record_no"),
        pl.lit(None, dtype=pl.Int32).alias("page"),
        pl.lit("raw").alias("raw"),
    )
    layout = Layout(
        "some",
        "att",
        "calls",
        "this test",
        "delimited",
        (of,),
        zone=zone,
        region="US",
        currency="USD",
    )
    origin = Origin(
        "00000000000000ab",
        layout,
        "att",
        origin_zone or "America/New_York",
        origin_zone is not None,
        subscriber,
        None,
    )
    batch = Batch(of, tuple(cells), frame)
    return normalise(batch, origin, (decisions or Decisions()).plan(batch, layout, origin.zone))


def moment(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text)
