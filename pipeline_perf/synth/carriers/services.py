"""Servers and services that carry others' calls: SIP proxies, rating systems, numbers in the cloud.

Columns and elements as their documentation and public readers name them.
"""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from pipeline_perf.synth.carriers.freeswitch import BY_UUID, UUID
from pipeline_perf.synth.carriers.switches import BUSY, NO_EPOCH
from pipeline_perf.synth.layout import Layout, Marks
from pipeline_perf.synth.plain import (
    CALLED,
    CALLER,
    CALLS_PICKED_UP,
    CONNECTED,
    ELEVEN_DIGITS,
    NO_SUBSCRIBER,
    OTHER,
    OWN,
    PICKED_UP,
    RELEASED,
    RING,
    TEXTS_TOO,
    charged,
    epoch,
    numbered,
    plain,
    quoted,
    templated,
)
from pipeline_perf.synth.wording import (
    ANSWERED,
    BLANK,
    DASHED,
    OUT,
    SECONDS,
    SMS,
    STARTED,
    YEAR_MONTH_DAY,
    either,
    stamp,
)

_BROADWORKS_TIME = "%Y%m%d%H%M%S.000"

#: Where a call is answered it begins with the answer; the attempt has a time of its own.
_ATTEMPT = either(ANSWERED, STARTED - pl.duration(seconds=RING), STARTED)

#: After the duration, where a form does not tell of ringing.
_HUNG_UP = STARTED + pl.duration(seconds="duration_s")

BROADWORKS_XML = plain(
    "broadworks_xml",
    "broadworks",
    {
        "counter": numbered("{}"),
        "written": stamp(_BROADWORKS_TIME, RELEASED),
        "user": OWN,
        "direction": either(OUT, "Originating", "Terminating"),
        "calling": CALLER,
        "called": CALLED,
        "start": stamp(_BROADWORKS_TIME, _ATTEMPT),
        "call": numbered("{}:0"),
        "answered": either(ANSWERED, "Yes", "No"),
        "answer": either(
            ANSWERED, pl.format("<answerTime>{}</answerTime>", stamp(_BROADWORKS_TIME)), BLANK
        ),
        "release": stamp(_BROADWORKS_TIME, _HUNG_UP),
    },
    head=('<?xml version="1.0" encoding="UTF-8"?>', '<broadWorksCDR version="19.0">'),
    foot=("</broadWorksCDR>",),
    suffix="xml",
    setting=templated(
        "<cdrData><headerModule><recordId><eventCounter>$counter</eventCounter>"
        "<systemId>as1</systemId><date>$written</date>"
        "<systemTimeZone>1-040000</systemTimeZone></recordId>"
        "<serviceProvider>SP</serviceProvider><type>Normal</type></headerModule>"
        "<basicModule><userNumber>$user</userNumber><groupNumber/>"
        "<direction>$direction</direction><callingNumber>$calling</callingNumber>"
        "<calledNumber>$called</calledNumber><startTime>$start</startTime>"
        "<userTimeZone>1-040000</userTimeZone><localCallId>$call</localCallId>"
        "<answerIndicator>$answered</answerIndicator>$answer"
        "<releaseTime>$release</releaseTime></basicModule></cdrData>"
    ),
    zone="UTC",
    elements=True,
    marks=Marks(
        started=("start",),
        impossible_date=(r"(\d{4})\d{4}(\d{6})", "${1}1345${2}"),
        ended="answer",
        shape="element",
    ),
    truth={**PICKED_UP, "call_id": numbered("{}:0")},
)

CDRSTATS = plain(
    "cdrstats",
    "cdrstats",
    {
        "switch": pl.lit("127.0.0.1"),
        "cdr_source_type": pl.lit("1"),
        "callid": UUID,
        "caller_id_number": CALLER,
        "caller_id_name": pl.lit("Ann"),
        "destination_number": CALLED,
        "dialcode": pl.lit("1"),
        "state": BLANK,
        "channel": BLANK,
        "starting_date": stamp("%Y-%m-%d %H:%M:%S"),
        "duration": BUSY,
        "billsec": SECONDS,
        **dict.fromkeys(("progresssec", "answersec", "waitsec"), BLANK),
        "hangup_cause_id": pl.lit("16"),
        "hangup_cause": BLANK,
        "direction": pl.lit("1"),
        "country_code": BLANK,
        "accountcode": pl.lit("1000"),
        **dict.fromkeys(("buy_rate", "buy_cost", "sell_rate", "sell_cost"), BLANK),
        "extradata": pl.lit("{}"),
    },
    marks=Marks(started=("starting_date",), impossible_date=YEAR_MONTH_DAY, duration="billsec"),
    truth=BY_UUID,
)

DIDWW = plain(
    "didww",
    "didww",
    {
        "Date/Time Start (UTC)": stamp("%Y-%m-%d %H:%M:%S"),
        "Date/Time Connect (UTC)": either(ANSWERED, stamp("%Y-%m-%d %H:%M:%S", CONNECTED), BLANK),
        "Date/Time End (UTC)": stamp("%Y-%m-%d %H:%M:%S", RELEASED),
        "Source": OTHER,
        "DID": OWN,
        "Destination": pl.lit("sip:101@pbx.example.com"),
        "Duration (secs)": SECONDS,
        "Rate": pl.lit("0.01"),
    },
    zone="UTC",
    notation=ELEVEN_DIGITS,
    marks=Marks(
        started=("Date/Time Start (UTC)",), impossible_date=YEAR_MONTH_DAY,
        ended="Date/Time End (UTC)",
        duration="Duration (secs)", numbers=("Source",),
    ),
    truth={
        **PICKED_UP,
        "direction": pl.lit("inbound"),
        "from_number": either(OUT, pl.col("to_number"), pl.col("from_number")),
        "to_number": pl.col("subscriber_number"),
    },
)  # fmt: skip

_RFC_2822 = "%a, %d %b %Y %H:%M:%S +0000"
_RFC_2822_IMPOSSIBLE = (r", \d\d [A-Z][a-z]{2} ", ", 45 Foo ")

#: A call as both of the service's forms tell it.
_CALL = {
    "sid": numbered("CA{}"),
    "date_created": stamp(_RFC_2822, STARTED - pl.duration(seconds=1)),
    "date_updated": stamp(_RFC_2822, RELEASED),
    "parent_call_sid": BLANK,
    "account_sid": pl.lit("AC01"),
    "to": CALLED,
    "from": CALLER,
    "phone_number_sid": pl.lit("PN01"),
    "status": either(ANSWERED, "completed", "no-answer"),
    "start_time": stamp(_RFC_2822),
    "end_time": stamp(_RFC_2822, _HUNG_UP),
    "duration": SECONDS,
    "price": pl.lit("-0.01500"),
    "price_unit": pl.lit("USD"),
    "direction": either(OUT, "outbound-api", "inbound"),
    **dict.fromkeys(("answered_by", "forwarded_from", "caller_name"), BLANK),
}

#: In JSON, identifiers have their full length.
_SID = numbered("CA00000000000000000000000000{}")

TWILIO_JSON = plain(
    "twilio_json",
    "twilio",
    {**_CALL, "sid": _SID},
    head=('{"page": 0, "page_size": 1000, "calls": [',),
    foot=("]}",),
    between=",",
    suffix="json",
    setting=templated(
        '{"sid": "$sid", "date_created": "$date_created", "parent_call_sid": null,'
        ' "account_sid": "AC00000000000000000000000000000001", "to": "$to", "from": "$from",'
        ' "phone_number_sid": "PN00000000000000000000000000000001", "status": "$status",'
        ' "start_time": "$start_time", "end_time": "$end_time", "duration": "$duration",'
        ' "price": "-0.03000", "price_unit": "USD", "direction": "$direction",'
        ' "answered_by": null, "caller_name": "O\'NEIL, \\"BOB\\""}'
    ),
    zone="UTC",
    elements=True,
    marks=Marks(
        started=("start_time", "date_created"),
        impossible_date=_RFC_2822_IMPOSSIBLE,
        duration="duration",
        shape="element",
    ),
    truth={**PICKED_UP, **charged("0.03", "USD"), "call_id": _SID},
)

_QUOTED = ("date_created", "date_updated", "start_time", "end_time")

TWILIO_CSV = plain(
    "twilio_csv",
    "twilio",
    _CALL,
    setting=quoted(",", _QUOTED, cut_in="date_created"),
    zone="UTC",
    marks=Marks(
        started=("start_time", "date_created"),
        impossible_date=_RFC_2822_IMPOSSIBLE,
        duration="duration",
    ),
    truth={**PICKED_UP, **charged("0.015", "USD"), "call_id": numbered("CA{}")},
)

CLOSING = pl.col("closing")

#: Where the called party hangs up, the tags change places.
_HANGS_UP = CLOSING & (pl.col("event") % 2 == 0)

_MOMENT = STARTED + pl.duration(seconds=pl.when(CLOSING).then("duration_s").otherwise(0))

_TRANSACTION = {
    "method": either(CLOSING, "BYE", either(SMS, "MESSAGE", "INVITE")),
    "from_tag": either(_HANGS_UP, numbered("t{}"), numbered("f{}")),
    "to_tag": either(_HANGS_UP, numbered("f{}"), numbered("t{}")),
    "callid": numbered("c{}@192.0.2.1"),
    "sip_code": either(ANSWERED | SMS, "200", "486"),
    "sip_reason": either(ANSWERED | SMS, "OK", "Busy here"),
    "time": epoch(_MOMENT),
}


def _flatstore(carrier: str, columns: Mapping[str, pl.Expr], form: str = "flatstore") -> Layout:
    """A SIP proxy's own text form: transactions, and what its configuration adds to them."""
    ended = pl.col("ended") | ~pl.col("picked_up")
    return plain(
        f"{carrier}_{form}",
        carrier,
        {**_TRANSACTION, **columns},
        separator="|",
        head=(),
        suffix="log",
        zone="UTC",
        mix=TEXTS_TOO,
        ends=True,
        marks=Marks(started=("time",), impossible_date=NO_EPOCH),
        truth={
            **NO_SUBSCRIBER,
            **CALLS_PICKED_UP,
            "duration_s": pl.when(ended).then(pl.col("duration_s")),
            "call_id": _TRANSACTION["callid"],
        },
    )


OPENSIPS = _flatstore(
    "opensips",
    {
        "request_type": either(CLOSING | SMS, BLANK, "*prepaid"),
        "account": either(CLOSING, BLANK, CALLER),
        "destination": either(CLOSING, BLANK, CALLED),
        "supplier": BLANK,
        "dialog": numbered("d{}"),
    },
)

_PARTIES = {
    "src_user": either(CLOSING, CALLED, CALLER),
    "src_domain": pl.lit("example.org"),
    "src_ip": pl.lit("192.0.2.10"),
    "dst_ouser": either(CLOSING, CALLER, CALLED),
    "dst_user": either(CLOSING, CALLER, "101"),
    "dst_domain": pl.lit("example.org"),
}

KAMAILIO = _flatstore("kamailio", _PARTIES)

#: The configuration of version 3.1 does not add the address.
KAMAILIO_3_1 = _flatstore(
    "kamailio",
    {name: column for name, column in _PARTIES.items() if name != "src_ip"},
    "flatstore_3_1",
)

#: A missed call has no duration.
_LENGTH = pl.format(
    '<abbr class="duration" title="PT{}M{}S">()</abbr>',
    pl.col("duration_s") // 60,
    pl.col("duration_s") % 60,
)

GOOGLE_VOICE = plain(
    "google_voice_takeout",
    "google_voice",
    {
        "label": either(OUT, "placed", either(ANSWERED, "received", "missed")),
        "number": OTHER,
        "published": stamp("%Y-%m-%dT%H:%M:%S.000Z"),
        "duration": either(OUT | ANSWERED, _LENGTH, BLANK),
    },
    head=(),
    suffix="html",
    setting=templated(
        '<?xml version="1.0" ?>'
        '<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Strict//EN"'
        ' "http://www.w3.org/TR/xhtml1/DTD/xhtml1-strict.dtd">'
        '<html xmlns="http://www.w3.org/1999/xhtml"><head><title>$label</title></head>'
        '<body><div class="haudio"><span class="album">Call Log for</span>'
        '<span class="fn">$label</span><div class="contributor vcard">'
        '<a class="tel" href="tel:$number"><span class="fn">Bob</span></a></div>'
        '<abbr class="published" title="$published"></abbr><br />$duration'
        '<div class="tags">Labels:<a rel="tag" href="http://www.google.com/voice#$label">$label'
        "</a></div></div></body></html>"
    ),
    zone="UTC",
    one_line=True,
    needs_subscriber=True,
    elements=True,
    marks=Marks(started=("published",), impossible_date=DASHED, shape="element"),
    truth={
        **PICKED_UP,
        "duration_s": pl.when(OUT | pl.col("picked_up")).then(pl.col("duration_s")),
    },
)
