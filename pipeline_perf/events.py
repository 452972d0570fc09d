"""The event table: columns, types, units and rules; the one contract between all rooms.

Nothing here reads files, knows carriers or touches storage. A rule is written once, as a Polars
expression; `violations` evaluates all of them fused in one pass, and `schema` offers the same rules
as a pandera schema for whoever validates a table of events from outside.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import polars as pl

from pipeline_perf.extras import require

if TYPE_CHECKING:
    import pandera.polars as pa

#: `other` is what a source records beside these: a location fix, an attestation, a record that
#: tells of no whole call.
EVENT_TYPES = ("call", "sms", "mms", "data", "voicemail", "other")
DIRECTIONS = ("outbound", "inbound", "forwarded", "internal", "unknown")

MICROSECONDS = pl.Datetime("us")
UTC = pl.Datetime("us", "UTC")

#: Columns that every event has; `schema` and the rules named `*_missing` hold them to it.
REQUIRED = frozenset({"event_id", "source_file_id", "record_no", "event_type", "started_at"})

#: Column name → Polars type, in the order of the table.
COLUMNS: dict[str, pl.DataType] = {
    "event_id": pl.Int64(),
    "source_file_id": pl.String(),
    "record_no": pl.Int64(),
    "page": pl.Int32(),
    "tenant": pl.String(),
    "carrier": pl.String(),
    "layout": pl.String(),
    "event_type": pl.String(),
    "direction": pl.String(),
    "answered": pl.Boolean(),
    "started_at": UTC,
    "started_at_local": MICROSECONDS,
    "zone": pl.String(),
    "zone_assumed": pl.Boolean(),
    "time_resolution_s": pl.Int16(),
    "duration_s": pl.Float64(),
    "duration_resolution_s": pl.Int16(),
    "subscriber_number": pl.String(),
    "from_number": pl.String(),
    "to_number": pl.String(),
    "bytes_total": pl.Int64(),
    "call_id": pl.String(),
    "leg_no": pl.Int32(),
    "cell_first": pl.String(),
    "cell_last": pl.String(),
    "latitude": pl.Float64(),
    "longitude": pl.Float64(),
    "imei": pl.String(),
    "imsi": pl.String(),
    "charge": pl.Decimal(18, 6),
    "currency": pl.String(),
    "occurrence": pl.Int32(),
    "duplicate_of": pl.Int64(),
}

#: Column name → what stands in it, for people.
MEANINGS: dict[str, str] = {
    # Delta has no unsigned integers
    "event_id": "The event's identity: a 64-bit hash, read as a signed number",
    "source_file_id": "SHA-256 of the file's bytes, its first 16 hex digits",
    "record_no": (
        "Physical line on which the record begins, or row of a workbook, from 1; a running number"
        " in PDF, JSON, XML and HTML"
    ),
    "page": "Page, from 1; empty outside PDF",
    "tenant": "Whose file it is, in an installation that serves several",
    "carrier": "Carrier, switch or platform that wrote the record",
    "layout": "Layout by which the record was read",
    "event_type": f"One of {', '.join(EVENT_TYPES)}",
    "direction": f"As seen from the subscriber: one of {', '.join(DIRECTIONS)}",
    "answered": "Whether the call was answered; empty where the source does not say",
    "started_at": "Start, in UTC",
    "started_at_local": "Start, as written in the source",
    "zone": "IANA name, or the offset that the time itself states, such as -05:00",
    "zone_assumed": "Whether neither the file nor the user states the zone",
    "time_resolution_s": "Seconds that the start is exact to: 1, or 60 where seconds are not given",
    "duration_s": "Duration in seconds",
    "duration_resolution_s": "Seconds that the duration is exact to",
    "subscriber_number": "Number of the line whose records these are, as the numbers below",
    "from_number": "Caller or sender; E.164 where it can be resolved, else as written",
    "to_number": "Called or receiver; E.164 where it can be resolved, else as written",
    "bytes_total": "Volume in bytes, both ways together",
    "call_id": "Identity of the call, shared by its legs",
    "leg_no": "Leg of the call, from 1",
    "cell_first": "Cell in which the event began",
    "cell_last": "Cell in which the event ended",
    "latitude": "Degrees north of the cell or the handset",
    "longitude": "Degrees east of the cell or the handset",
    "imei": "Identity of the handset, 14 to 16 digits",
    "imsi": "Identity of the SIM card, 14 or 15 digits",
    "charge": "Amount charged, in `currency`",
    "currency": "ISO 4217 code of the charge",
    "occurrence": "The how-manieth of identical rows in this file, from 1",
    "duplicate_of": "event_id of the event that tells the same; empty where none does",
}

Action = Literal["reject", "flag"]


@dataclass(frozen=True)
class Rule:
    """One statement about a record that holds when all is well.

    `holds` is an expression over event columns; null counts as holding, because absence is the
    business of the rules named `*_missing`. A `reject` rule sends the record to quarantine, a
    `flag` rule only counts.
    """

    name: str
    action: Action
    kind: Literal["presence", "range", "domain", "format", "consistency"]
    columns: tuple[str, ...]
    holds: Callable[[], pl.Expr]
    why: str


_col = pl.col
DAY_S = 86_400.0

RULES: tuple[Rule, ...] = (
    Rule(
        "started_at_missing",
        "reject",
        "presence",
        ("started_at",),
        lambda: _col("started_at").is_not_null(),
        "an event without a time can be neither ordered nor compared",
    ),
    Rule(
        "started_at_range",
        "reject",
        "range",
        ("started_at", "started_at_local"),
        lambda: _col("started_at").is_between(
            pl.datetime(1970, 1, 2, time_zone="UTC"), pl.datetime(2100, 1, 1, time_zone="UTC")
        ),
        "earlier than any electronic record, or a misread year",
    ),
    Rule(
        "duration_range",
        "reject",
        "range",
        ("duration_s",),
        lambda: _col("duration_s").is_between(0.0, 31 * DAY_S),
        "negative, or longer than a billing period",
    ),
    Rule(
        "bytes_range",
        "reject",
        "range",
        ("bytes_total",),
        lambda: _col("bytes_total") >= 0,
        "a volume cannot be negative",
    ),
    Rule(
        "parties_missing",
        "reject",
        "presence",
        ("from_number", "to_number", "subscriber_number"),
        lambda: (
            _col("from_number").is_not_null()
            | _col("to_number").is_not_null()
            | _col("subscriber_number").is_not_null()
        ),
        "an event that names nobody belongs to nobody",
    ),
    Rule(
        "event_type_missing",
        "reject",
        "presence",
        ("event_type",),
        lambda: _col("event_type").is_not_null(),
        "of what kind the event is, nothing tells",
    ),
    Rule(
        "event_type_domain",
        "reject",
        "domain",
        ("event_type",),
        lambda: _col("event_type").is_in(EVENT_TYPES),
        "one of the six types",
    ),
    Rule(
        "direction_domain",
        "reject",
        "domain",
        ("direction",),
        lambda: _col("direction").is_in(DIRECTIONS),
        "one of the five directions",
    ),
    Rule(
        "latitude_range",
        "reject",
        "range",
        ("latitude",),
        lambda: _col("latitude").is_between(-90.0, 90.0),
        "degrees north",
    ),
    Rule(
        "longitude_range",
        "reject",
        "range",
        ("longitude",),
        lambda: _col("longitude").is_between(-180.0, 180.0),
        "degrees east",
    ),
    Rule(
        "duration_long",
        "flag",
        "range",
        ("duration_s",),
        lambda: _col("duration_s") <= DAY_S,
        "longer than a day: often a hung call",
    ),
    Rule(
        "same_party",
        "flag",
        "consistency",
        ("from_number", "to_number"),
        lambda: _col("from_number") != _col("to_number"),
        "caller and called are the same: voicemail, or a damaged record",
    ),
    Rule(
        "unanswered_with_duration",
        "flag",
        "consistency",
        ("event_type", "answered", "duration_s"),
        lambda: (_col("event_type") != "call") | _col("answered") | (_col("duration_s") == 0.0),
        "a call that was not answered cannot have lasted",
    ),
    Rule(
        "imei_format",
        "flag",
        "format",
        ("imei",),
        lambda: _col("imei").str.contains(r"^[0-9]{14,16}$"),
        "14 digits, a check digit or a software version (3GPP TS 23.003)",
    ),
    Rule(
        "imsi_format",
        "flag",
        "format",
        ("imsi",),
        lambda: _col("imsi").str.contains(r"^[0-9]{14,15}$"),
        "14 or 15 digits (ITU-T E.212)",
    ),
    Rule(
        "coordinates_pair",
        "flag",
        "consistency",
        ("latitude", "longitude"),
        lambda: _col("latitude").is_null() == _col("longitude").is_null(),
        "half a position is none",
    ),
)


def violations(rules: tuple[Rule, ...] = RULES) -> list[pl.Expr]:
    """One Boolean expression per rule, named after it, true where the rule is broken.

    They are over the columns of a frame of events, and never null.
    """
    return [rule.holds().not_().fill_null(False).alias(rule.name) for rule in rules]


def schema() -> pa.DataFrameSchema:
    """The table as a pandera schema for Polars: types, and every reject rule as a check.

    Pass its `validate` an eager `pl.DataFrame`: on a LazyFrame pandera looks at the types only and
    lets dirty data pass in silence. It raises pandera.errors.SchemaError, and `schema` itself
    MissingExtra where pandera is not installed.
    """
    require("dagster", "pandera")
    import pandera.polars as pa

    def check(rule: Rule) -> pa.Check:
        return pa.Check(
            lambda data: data.lazyframe.select(rule.holds().fill_null(True)),
            name=rule.name,
            error=rule.why,
        )

    return pa.DataFrameSchema(
        {name: pa.Column(dtype, nullable=name not in REQUIRED) for name, dtype in COLUMNS.items()},
        checks=[check(rule) for rule in RULES if rule.action == "reject"],
        strict=True,
        name="events",
    )
