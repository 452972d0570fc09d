"""A table's fields worked out: expressions applied to rows, telephone numbers in E.164.

Which expressions a field needs is said in `expressions`, which fields a table has in `decide`.
"""

from __future__ import annotations

import polars as pl

from pipeline_perf.ingest.batch import UNREADABLE
from pipeline_perf.ingest.layout.model import COUNTERPART
from pipeline_perf.ingest.normalise import phone_numbers
from pipeline_perf.ingest.normalise.expressions import Steps

NUMBER_FIELDS = ("from_number", "to_number", "subscriber_number", COUNTERPART)


def worked(group: Steps, region: str, frame: pl.DataFrame) -> pl.DataFrame:
    """Fields worked out, numbers in E.164; those that a spreadsheet rounded are none."""
    fields = group.of(frame)
    parties = [fields[name].cast(pl.String) for name in NUMBER_FIELDS if name in fields.columns]
    return fields.with_columns(
        *(phone_numbers.normalise(party, region).alias(party.name) for party in parties),
        *(
            party.str.contains(phone_numbers.ROUNDED).alias(UNREADABLE + party.name)
            for party in parties
        ),
    )
