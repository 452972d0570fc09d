"""A table's fields worked out: expressions applied to rows, telephone numbers in E.164.

Which expressions a field needs is said in `expressions`, which fields a table has in `decide`.
"""

from __future__ import annotations

import polars as pl

from pipeline_perf.ingest.batch import UNREADABLE, cleaned
from pipeline_perf.ingest.layout.model import COUNTERPART
from pipeline_perf.ingest.normalise import phone_numbers
from pipeline_perf.ingest.normalise.expressions import Steps

NUMBER_FIELDS = ("from_number", "to_number", "subscriber_number", COUNTERPART)
DEVICE_FIELDS = ("imei", "imsi")


def worked(group: Steps, region: str, frame: pl.DataFrame) -> pl.DataFrame:
    """Fields worked out, numbers in E.164; those that a program rounded are none."""
    roots = (root for expr in group.first for root in expr.meta.root_names())
    fields = group.of(cleaned(frame, roots))
    told = list[pl.Series]()
    for name in (*NUMBER_FIELDS, *DEVICE_FIELDS):
        if name not in fields.columns:
            continue
        digits, rounded = phone_numbers.as_text(fields[name].cast(pl.String))
        if name in NUMBER_FIELDS:
            digits = phone_numbers.normalise(digits, region)
            told.append(rounded.alias(UNREADABLE + name))
        told.append(digits.alias(name))
    return fields.with_columns(told) if told else fields
