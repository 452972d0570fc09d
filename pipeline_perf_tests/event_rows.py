"""Rows of the event table as tests need them: a clean call, with what a test wants different
about it.
"""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import polars as pl

from pipeline_perf import events

CLEAN: dict[str, Any] = {
    "event_id": 1,
    "source_file_id": "0123456789abcdef",
    "record_no": 1,
    "carrier": "att",
    "layout": "att_le_mobility",
    "event_type": "call",
    "direction": "outbound",
    "answered": True,
    "started_at": dt.datetime(2026, 1, 1, 12, tzinfo=dt.UTC),
    "started_at_local": dt.datetime(2026, 1, 1, 12),
    "zone": "UTC",
    "zone_assumed": False,
    "time_resolution_s": 1,
    "duration_s": 60.0,
    "duration_resolution_s": 1,
    "subscriber_number": "+12125550101",
    "from_number": "+12125550101",
    "to_number": "+12125550102",
    "charge": Decimal("0.10"),
    "currency": "USD",
    "occurrence": 1,
}


def event_frame(*rows: dict[str, Any]) -> pl.DataFrame:
    """Events that differ from CLEAN as the rows say, numbered from 1."""
    full = [{**CLEAN, "event_id": i, "record_no": i, **row} for i, row in enumerate(rows, 1)]
    return pl.DataFrame(
        {name: [row.get(name) for row in full] for name in events.COLUMNS}, schema=events.COLUMNS
    )
