"""Private exchanges and soft switches, whose files tell calls of extensions and dialled digits.

Columns as the makers' manuals and public samples name them. Sites dial by plans of their own, so
numbers that are meant to be told apart are written in full, with a +.
"""

from __future__ import annotations

import polars as pl

from pipeline_perf.synth.layout import Marks
from pipeline_perf.synth.plain import (
    CALLED,
    CALLER,
    CONNECTED,
    NO_SUBSCRIBER,
    OTHER,
    PICKED_UP,
    RELEASED,
    RING,
    TEN_DIGITS,
    charged,
    epoch,
    numbered,
    plain,
    quoted,
)
from pipeline_perf.synth.wording import (
    ANSWERED,
    BLANK,
    DAY_MONTH,
    MONTH_DAY,
    OUT,
    SECONDS,
    YEAR_MONTH_DAY,
    either,
    hours_minutes_seconds,
    positional,
    stamp,
)

#: Beyond the year 5000.
NO_EPOCH = (r"^\d+$", "99999999999999")

SLASHED = (r"^(\d{4})/\d\d/\d\d", "${1}/13/45")

#: Seconds that a line was busy, ringing included.
BUSY = (pl.col("duration_s") + RING).cast(pl.String)

CLOCK = hours_minutes_seconds(pl.col("duration_s"), hour_digits=2)

THREE_CX = plain(
    "3cx",
    "3cx",
    {
        "historyid": numbered("Call {}"),
        "callid": numbered("0000014F9A2B_{}"),
        "duration": either(ANSWERED, CLOCK, BLANK),
        "time_start": stamp("%Y/%m/%d %H:%M:%S"),
        "time_answered": either(ANSWERED, stamp("%Y/%m/%d %H:%M:%S", CONNECTED), BLANK),
        "time_end": stamp("%Y/%m/%d %H:%M:%S", RELEASED),
        "reason_terminated": pl.lit("TerminatedBySrc"),
        "from_no": either(OUT, "Ext.101", CALLER),
        "to_no": either(OUT, CALLED, "Ext.101"),
        "from_dn": either(OUT, "Ext.101", "10000"),
        "to_dn": either(OUT, "10000", "Ext.101"),
        "dial_no": either(OUT, CALLED, "101"),
        "reason_changed": BLANK,
        "final_number": either(OUT, CALLED, "101"),
        "final_dn": either(OUT, "10000", "Ext.101"),
        **dict.fromkeys(("bill_code", "bill_rate", "bill_cost", "bill_name"), BLANK),
        "chain": pl.format("Chain: Ext.101;{}", OTHER),
        "from_type": either(OUT, "Extension", "External line"),
        "to_type": either(OUT, "External line", "Extension"),
        "final_type": either(OUT, "External line", "Extension"),
        **dict.fromkeys(
            ("from_dispname", "to_dispname", "final_dispname", "missed_queue_calls"), BLANK
        ),
    },
    head=(),
    zone="UTC",
    marks=Marks(
        started=("time_start",),
        impossible_date=SLASHED,
        ended="time_end",
        duration="duration",
    ),
    truth={
        **PICKED_UP,
        "duration_s": pl.when("picked_up").then(pl.col("duration_s")),
        "subscriber_number": pl.lit(None, pl.String),
        "from_number": either(OUT, "101", pl.col("from_number")),
        "to_number": either(OUT, pl.col("to_number"), "101"),
        "call_id": numbered("Call {}"),
    },
)

_ASTERISK = {
    "accountcode": BLANK,
    "src": CALLER,
    "dst": CALLED,
    "dcontext": pl.lit("default"),
    "clid": pl.format('""A Name"" <{}>', CALLER),
    "channel": numbered("SIP/200-{}"),
    "dstchannel": numbered("SIP/trunk-{}"),
    "lastapp": pl.lit("Dial"),
    "lastdata": pl.format("SIP/{}@trunk,30", CALLED),
    "start": stamp("%Y-%m-%d %H:%M:%S"),
    "answer": either(ANSWERED, stamp("%Y-%m-%d %H:%M:%S", CONNECTED), BLANK),
    "end": stamp("%Y-%m-%d %H:%M:%S", RELEASED),
    "duration": BUSY,
    "billsec": SECONDS,
    "disposition": either(ANSWERED, "ANSWERED", "NO ANSWER"),
    "amaflags": pl.lit("DOCUMENTATION"),
    "uniqueid": numbered("1335866400.{}"),
    "userfield": BLANK,
}

ASTERISK = plain(
    "asterisk",
    "asterisk",
    _ASTERISK,
    head=(),
    setting=quoted(
        ",", [title for title in _ASTERISK if title not in ("duration", "billsec")], cut_in="start"
    ),
    marks=Marks(
        started=("start",), impossible_date=YEAR_MONTH_DAY, ended="end", duration="billsec"
    ),
    truth={**NO_SUBSCRIBER, **PICKED_UP, "call_id": numbered("1335866400.{}")},
)

AVAYA_IPO = plain(
    "avaya_ipo",
    "avaya",
    {
        "Call Start": stamp("%Y/%m/%d %H:%M:%S"),
        "Connected Time": CLOCK,
        "Ring Time": RING.cast(pl.String),
        "Caller": either(OUT, "1205", CALLER),
        "Direction": either(OUT, "O", "I"),
        "Called Number": either(OUT, CALLED, "1205"),
        "Dialled Number": either(OUT, pl.format("9{}", CALLED), "1205"),
        "Account": BLANK,
        "Is Internal": pl.lit("0"),
        "Call ID": numbered("1{}", first=0),
        "Continuation": pl.lit("0"),
        "Party1Device": pl.lit("E1205"),
        "Party1Name": pl.lit("Ann"),
        "Party2Device": pl.lit("T9001"),
        "Party2Name": pl.lit("Line 1.1"),
        "Hold Time": pl.lit("0"),
        "Park Time": pl.lit("0"),
        **dict.fromkeys(("AuthValid", "AuthCode"), BLANK),
        "User Charged": pl.lit("Ann"),
        "Call Charge": either(OUT, "0.35", BLANK),
        "Currency": either(OUT, "USD", BLANK),
        "Amount at Last User Change": BLANK,
        "Call Units": pl.lit("0"),
        "Units at Last User Change": BLANK,
        "Cost per Unit": pl.lit("100"),
        "Mark Up": pl.lit("0"),
        **dict.fromkeys(
            ("External Targeting Cause", "External Targeter Id", "External Targeted Number"), BLANK
        ),
    },
    head=(),
    marks=Marks(started=("Call Start",), impossible_date=SLASHED, duration="Connected Time"),
    truth={
        **PICKED_UP,
        "subscriber_number": pl.lit(None, pl.String),
        "from_number": either(OUT, "1205", pl.col("from_number")),
        "to_number": either(OUT, pl.col("to_number"), "1205"),
        "call_id": numbered("1{}", first=0),
        **{name: pl.when(OUT).then(value) for name, value in charged("0.35", "USD").items()},
    },
)

#: By the switch's own names; the columns that tell nothing here are empty or constant.
_CUCM = {
    "cdrRecordType": pl.lit("1"),
    "globalCallID_callManagerId": pl.lit("2"),
    "globalCallID_callId": (pl.col("event").cast(pl.Int64) + 1001).cast(pl.String),
    "origLegCallIdentifier": pl.lit("20001"),
    "dateTimeOrigination": epoch(),
    "origNodeId": pl.lit("2"),
    "origSpan": pl.lit("0"),
    "origIpAddr": pl.lit("-1139627840"),
    "callingPartyNumber": CALLER,
    "callingPartyUnicodeLoginUserID": BLANK,
    "originalCalledPartyNumber": CALLED,
    "finalCalledPartyNumber": either(pl.col("event") % 5 == 0, BLANK, CALLED),
    "finalCalledPartyUnicodeLoginUserID": BLANK,
    "destCause_value": pl.lit("16"),
    "dateTimeConnect": either(ANSWERED, epoch(CONNECTED), "0"),
    "dateTimeDisconnect": epoch(RELEASED),
    "lastRedirectDn": BLANK,
    "pkid": numbered("c1a2-{}"),
    "duration": SECONDS,
    "origDeviceName": pl.lit("SEP001122334455"),
    "destDeviceName": BLANK,
}

_TYPED = {
    "callingPartyNumber": "VARCHAR(50)",
    "originalCalledPartyNumber": "VARCHAR(50)",
    "finalCalledPartyNumber": "VARCHAR(50)",
}

CISCO_CUCM = plain(
    "cisco_cucm",
    "cisco",
    _CUCM,
    head=(
        ",".join(f'"{title}"' for title in _CUCM),
        ",".join(_TYPED.get(title, "INTEGER") for title in _CUCM),
    ),
    setting=quoted(",", (*_TYPED, "pkid", "origDeviceName"), cut_in="dateTimeOrigination"),
    suffix="txt",
    zone="UTC",
    marks=Marks(started=("dateTimeOrigination",), impossible_date=NO_EPOCH, duration="duration"),
    truth={
        **NO_SUBSCRIBER,
        **PICKED_UP,
        "call_id": pl.format("2 {}", pl.col("event").cast(pl.Int64) + 1001),
    },
)

_MITEL = {
    "long": (1, 1), "date": (2, 6), "time": (8, 15), "duration": (18, 27), "caller": (29, 35),
    "answered_after": (37, 40), "digits": (42, 67), "status": (68, 68), "called": (70, 76),
}  # fmt: skip
#: A sign for calls of five, ten and thirty minutes and more.
_LONG = either(
    pl.col("duration_s") >= 1800,
    "+",
    either(pl.col("duration_s") >= 600, "%", either(pl.col("duration_s") >= 300, "-", " ")),
)

MITEL = plain(
    "mitel",
    "mitel",
    {
        "long": _LONG,
        "date": stamp("%m/%d"),
        "time": stamp("%H:%M:%S"),
        "duration": hours_minutes_seconds(pl.col("duration_s"), hour_digits=4),
        "caller": either(OUT, "7411", "T3"),
        "answered_after": either(ANSWERED, RING.cast(pl.String).str.zfill(4), "****"),
        "digits": either(OUT, OTHER, "7411"),
        "status": either(OUT, either(ANSWERED, "A", "B"), BLANK),
        "called": either(OUT, "T12", "7411"),
    },
    head=(),
    setting=positional(_MITEL, 79, cut_at=5),
    file_name=lambda scene, nth: f"mitel_{nth}_{scene.period.last:%Y%m%d}.txt",
    notation=TEN_DIGITS,
    as_written=True,
    marks=Marks(
        started=("date", "time"),
        impossible_date=MONTH_DAY,
        duration="duration",
        shape="positional",
    ),
    truth={
        **PICKED_UP,
        "subscriber_number": pl.lit(None, pl.String),
        "from_number": either(OUT, "7411", "T3"),
        "to_number": either(OUT, pl.col("to_number"), "7411"),
    },
)

_PANASONIC = {
    "date": (1, 8), "time": (10, 16), "extension": (19, 23), "trunk": (24, 27), "number": (29, 78),
    "ring": (79, 83), "duration": (85, 92),
}  # fmt: skip
_PANASONIC_HEAD = "  Date     Time    Ext   CO              Dial Number".ljust(83) + "Ring Duration"

PANASONIC = plain(
    "panasonic",
    "panasonic",
    {
        "date": stamp("%d/%m/%y"),
        "time": stamp("%I:%M%p"),
        "extension": pl.lit("1200"),
        "trunk": pl.lit("0001"),
        "number": either(OUT, OTHER, pl.format("<I>{}", OTHER)),
        "ring": either(OUT, BLANK, pl.format("0'{}", RING.cast(pl.String).str.zfill(2))),
        "duration": CLOCK.str.replace(r":(\d\d)$", "'$1"),
    },
    head=(_PANASONIC_HEAD, "-" * 92),
    suffix="txt",
    setting=positional(_PANASONIC, 92, cut_at=5, right_aligned=("ring",)),
    notation=TEN_DIGITS,
    as_written=True,
    resolution_s=(60, 1),
    marks=Marks(
        started=("date", "time"),
        impossible_date=DAY_MONTH,
        duration="duration",
        shape="positional",
    ),
    truth={
        **PICKED_UP,
        # The time is that of the call's end.
        "started_at": pl.col("started_at") - pl.duration(seconds="duration_s"),
        "started_at_local": pl.col("started_at_local") - pl.duration(seconds="duration_s"),
        "subscriber_number": pl.lit("1200"),
        "from_number": either(OUT, "1200", pl.col("from_number")),
        "to_number": either(OUT, pl.col("to_number"), "1200"),
    },
)
