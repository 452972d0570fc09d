"""FreeSWITCH's records: its templates of CSV and SQL, and its own XML and JSON.

Columns and elements as the project's modules mod_cdr_csv, mod_xml_cdr and mod_json_cdr write them.
"""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from pipeline_perf.synth.carriers.switches import BUSY, NO_EPOCH
from pipeline_perf.synth.layout import Layout, Marks
from pipeline_perf.synth.plain import (
    CALLED,
    CALLER,
    CONNECTED,
    NO_SUBSCRIBER,
    PICKED_UP,
    RELEASED,
    epoch,
    numbered,
    plain,
    quoted,
    templated,
)
from pipeline_perf.synth.wording import (
    ANSWERED,
    BLANK,
    OUT,
    SECONDS,
    STARTED,
    YEAR_MONTH_DAY,
    either,
    stamp,
)

UUID = numbered("00000000-0000-4000-8000-000000{}")

BY_UUID = {**NO_SUBSCRIBER, **PICKED_UP, "call_id": UUID}

_SECOND = "%Y-%m-%d %H:%M:%S"
_STAMPS = {
    "start_stamp": stamp(_SECOND),
    "answer_stamp": either(ANSWERED, stamp(_SECOND, CONNECTED), BLANK),
    "end_stamp": stamp(_SECOND, RELEASED),
    "duration": BUSY,
    "billsec": SECONDS,
    "hangup_cause": either(ANSWERED, "NORMAL_CLEARING", "NO_ANSWER"),
}

_EXAMPLE = {
    "caller_id_name": pl.lit("A Name"),
    "caller_id_number": CALLER,
    "destination_number": CALLED,
    "context": pl.lit("default"),
    **_STAMPS,
    "uuid": UUID,
    "bleg_uuid": BLANK,
    "accountcode": BLANK,
    "read_codec": pl.lit("PCMU"),
    "write_codec": pl.lit("PCMU"),
}

_ASTERISK = {
    "accountcode": BLANK,
    "caller_id_number": CALLER,
    "destination_number": CALLED,
    "context": pl.lit("default"),
    "caller_id": pl.format('""Ann, A"" <{}>', CALLER),
    "channel_name": pl.lit("sofia/internal/1"),
    "bridge_channel": pl.lit("sofia/internal/2"),
    "last_app": pl.lit("bridge"),
    "last_arg": pl.lit("user/1002"),
    **_STAMPS,
    "amaflags": pl.lit("DOCUMENTATION"),
    "uuid": UUID,
    "userfield": BLANK,
}

_OPENCDRRATE = {
    "uuid": UUID,
    "signal_bond": BLANK,
    "direction": either(OUT, "outbound", "inbound"),
    "ani": CALLER,
    "destination_number": CALLED,
    # There is no start: the time is that of the answer, of an unanswered call that of its end.
    "answer_stamp": either(ANSWERED, stamp(_SECOND), BLANK),
    "end_stamp": stamp(_SECOND, STARTED + pl.duration(seconds="duration_s")),
    "billsec": SECONDS,
    **dict.fromkeys(("accountcode", "userfield"), BLANK),
    "network_addr": pl.lit("192.0.2.10"),
    "original_caller_id_name": pl.lit("A"),
    "sip_gateway_name": pl.lit("gw"),
}


def _stamped(started: str) -> Marks:
    return Marks(
        started=(started,), impossible_date=YEAR_MONTH_DAY, ended="end_stamp", duration="billsec"
    )


def _csv(
    id: str, columns: Mapping[str, pl.Expr], started: str = "start_stamp", cut_in: str = ""
) -> Layout:
    """A template of CSV with every cell in quotes, cut in the column of its time or another."""
    return plain(
        id,
        "freeswitch",
        columns,
        head=(),
        setting=quoted(",", tuple(columns), cut_in=cut_in or started),
        marks=_stamped(started),
        truth=BY_UUID,
    )


CSV = _csv("freeswitch", _EXAMPLE)
ASTERISK = _csv("freeswitch_asterisk", _ASTERISK)
OPENCDRRATE = _csv("freeswitch_opencdrrate", _OPENCDRRATE, "answer_stamp", cut_in="ani")

SQL = plain(
    "freeswitch_sql",
    "freeswitch",
    _EXAMPLE,
    head=(),
    suffix="sql",
    setting=templated(
        'INSERT INTO cdr VALUES ("$caller_id_name","$caller_id_number","$destination_number",'
        '"$context","$start_stamp","$answer_stamp","$end_stamp","$duration","$billsec",'
        '"$hangup_cause","$uuid","$bleg_uuid", "$accountcode");',
        cut_at=40,
    ),
    marks=_stamped("start_stamp"),
    truth=BY_UUID,
)

_LEG = {
    "direction": either(OUT, "outbound", "inbound"),
    "uuid": UUID,
    "start": epoch(),
    "answer": either(ANSWERED, epoch(CONNECTED), "0"),
    "end": epoch(RELEASED),
    "duration": BUSY,
    "billsec": SECONDS,
    "caller": CALLER,
    "called": CALLED,
}


def _elements(suffix: str, template: str) -> Layout:
    """A leg as an element, its times in seconds since 1970."""
    return plain(
        f"freeswitch_{suffix}",
        "freeswitch",
        _LEG,
        head=(),
        suffix=suffix,
        setting=templated(template),
        zone="UTC",
        elements=True,
        marks=Marks(
            started=("start",), impossible_date=NO_EPOCH, duration="billsec", shape="element"
        ),
        truth=BY_UUID,
    )


XML = _elements(
    "xml",
    '<?xml version="1.0"?>'
    '<cdr core-uuid="8c64e881-0000-4000-8000-000000000000" switchname="pbx">'
    "<channel_data><direction>$direction</direction></channel_data>"
    "<variables><direction>$direction</direction><uuid>$uuid</uuid>"
    "<start_epoch>$start</start_epoch><answer_epoch>$answer</answer_epoch>"
    "<duration>$duration</duration><billsec>$billsec</billsec></variables>"
    '<callflow dialplan="XML" profile_index="1"><caller_profile>'
    "<caller_id_name>A &amp; B</caller_id_name><caller_id_number>$caller</caller_id_number>"
    "<destination_number>$called</destination_number></caller_profile>"
    "<times><created_time>${start}000000</created_time></times></callflow></cdr>",
)

JSON = _elements(
    "json",
    '{"core-uuid":"5f0c7b6e-0000-4000-8000-000000000000","switchname":"pbx",'
    '"variables":{"direction":"$direction","uuid":"$uuid",'
    '"start_epoch":"$start","answer_epoch":"$answer","end_epoch":"$end",'
    '"duration":"$duration","billsec":"$billsec","hangup_cause":"NORMAL_CLEARING"},'
    '"callflow":[{"dialplan":"XML",'
    '"caller_profile":{"caller_id_name":"A \\u00c9 {Name}",'
    '"caller_id_number":"$caller","destination_number":"$called"},'
    '"times":{"created_time":"${start}000000"}}]}',
)
