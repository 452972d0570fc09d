"""North American carriers' other files: wholesale records, consumer downloads, small carriers.

Columns, positions and codes as public importers read them and public samples show them; where those
are silent (a cycle's furniture, a cell's name), what stands here is made up.
"""

from __future__ import annotations

from datetime import date

import polars as pl

from pipeline_perf.synth.callmodel import Mix
from pipeline_perf.synth.carriers import att_bill
from pipeline_perf.synth.layout import Marks
from pipeline_perf.synth.plain import (
    BILLED_CALLS,
    CALLED,
    CALLER,
    CALLS,
    CALLS_PICKED_UP,
    CALLS_TIMED,
    E164,
    ELEVEN_DIGITS,
    NO_SUBSCRIBER,
    OTHER,
    OWN,
    PICKED_UP,
    RELEASED,
    TEN_DIGITS,
    TEXTS_TOO,
    charged,
    numbered,
    plain,
)
from pipeline_perf.synth.wording import (
    ANSWERED,
    BLANK,
    CELL_KNOWN,
    DIGITS,
    MONTH_DAY,
    OUT,
    SECONDS,
    SMS,
    YEAR_MONTH_DAY,
    dollars,
    either,
    minutes_seconds,
    positional,
    renumber,
    spelled,
    stamp,
)

AT_HOME = Mix(legs=False, codes=False, withheld=False, foreign=False)
CENTS = pl.col("event").cast(pl.Int64) % 90 + 10
AMOUNT = dollars(CENTS)
CHARGED = {"charge": CENTS.cast(pl.Decimal(18, 6)) / 100, "currency": pl.lit("USD")}
TRUE = pl.lit(True)

_DETAIL = {
    "Item": pl.col("item").cast(pl.String),
    "Day": stamp("%a").str.to_uppercase(),
    "Date": stamp("%m/%d/%Y"),
    "Time": stamp("%-I:%M%p"),
}
_NOTHING = pl.lit("0.00")
_UNCHARGED = charged("0", "USD")

ATT_ACCOUNT_CSV = plain(
    "att_bill_csv",
    "att",
    {
        **_DETAIL,
        "Number Called": OTHER,
        "Call To": either(OUT, "SAN LUS O CA", "INCOMING CL"),
        "Min": att_bill.MINUTES,
        "Rate Code": pl.lit("RM45"),
        "Rate Pd": pl.lit("DT"),
        "Feature": BLANK,
        "Airtime Charge": _NOTHING,
        "LD/Add'l Charge": _NOTHING,
        "Total Charge": _NOTHING,
    },
    head=("AT&T Usage Details", ""),
    per_line=lambda number: (
        f"Call Detail,{spelled(number, '{}-{}-{}')}",
        "User Name:,A NAME",
        "",
        ",".join(att_bill.COLUMNS),
    ),
    foot=("Total,,,,,,,,,,0.00,0.00,0.00",),
    file_name=lambda scene, nth: f"att_account_{nth}.csv",
    notation=renumber("${1}-${2}-${3}", ""),
    mix=BILLED_CALLS,
    resolution_s=(60, 60),
    marks=Marks(
        started=("Date", "Time"),
        impossible_date=MONTH_DAY,
        duration="Min",
        numbers=("Number Called",),
    ),
    truth={**_UNCHARGED, "answered": TRUE},
)

ATT_TEXTS_CSV = plain(
    "att_bill_csv",
    "att",
    {
        **_DETAIL,
        "Date": stamp("%m/%d"),
        "To/From": OTHER,
        "Type": pl.lit("Text"),
        "Msg/KB": pl.lit("1"),
        "Rate Code": pl.lit("MSG"),
        "Rate Pd": pl.lit("AT"),
        "Feature": BLANK,
        "In/Out": either(OUT, "Sent", "Rcvd"),
        "Total Charge ": _NOTHING,
    },
    # The year stands nowhere but in the name, which is that of the cycle's first day.
    file_name=lambda scene, nth: f"att_texts_{nth}_{scene.period.first:%Y%m%d}.csv",
    cycle=(date(2023, 12, 19), 31),
    notation=renumber("${1}-${2}-${3}", ""),
    mix=Mix(calls=0.0, sms=1.0, legs=False, codes=False, withheld=False),
    one_line=True,
    needs_subscriber=True,
    resolution_s=(60, 1),
    marks=Marks(started=("Date", "Time"), impossible_date=MONTH_DAY, numbers=("To/From",)),
    truth={**_UNCHARGED, "duration_s": pl.lit(None, pl.Float64)},
)


_ANI = {
    "call_date_time": (1, 14), "bill_to_number": (15, 29), "originating_number": (40, 49),
    "originating_city": (53, 82), "terminating_number": (89, 98), "terminating_city": (107, 136),
    "duration": (163, 170),
}  # fmt: skip

ANI_NETWORKS = plain(
    "ani_networks",
    "ani_networks",
    {
        "call_date_time": stamp("%Y%m%d%H%M%S"),
        "bill_to_number": OWN,
        "originating_number": CALLER,
        "originating_city": pl.lit("DENVER"),
        "terminating_number": CALLED,
        "terminating_city": pl.lit("BOULDER"),
        "duration": SECONDS.str.zfill(8),
    },
    head=(),
    suffix="txt",
    setting=positional(_ANI, 211, cut_at=9),
    notation=TEN_DIGITS,
    mix=AT_HOME,
    marks=Marks(
        started=("call_date_time",),
        impossible_date=DIGITS,
        duration="duration",
        number_width=10,
        shape="positional",
    ),
    truth=PICKED_UP,
)

_QWEST = {
    "discn_dt": (7, 14), "origtime": (25, 30), "discn_time": (31, 36), "ani": (38, 52),
    "calldur": (55, 65), "compcode": (76, 81), "dialedno": (82, 96), "calledno": (97, 111),
    "orig_dt": (124, 131),
}  # fmt: skip
#: 0, 1, 5, 6, 12: answered; 2, 7, 8: not.
_COMPLETION = either(ANSWERED, either(pl.col("event") % 2 == 0, "000000", "000012"), "000002")

QWEST_DAILY = plain(
    "qwest_daily",
    "qwest",
    {
        "discn_dt": stamp("%Y%m%d", RELEASED),
        "origtime": stamp("%H%M%S"),
        "discn_time": stamp("%H%M%S", RELEASED),
        "ani": CALLER,
        "calldur": SECONDS.str.zfill(11),
        "compcode": _COMPLETION,
        "dialedno": either(pl.col("event") % 3 == 0, BLANK, CALLED),
        "calledno": CALLED,
        "orig_dt": stamp("%Y%m%d"),
    },
    head=(),
    suffix="txt",
    setting=positional(_QWEST, 353, cut_at=20),
    notation=TEN_DIGITS,
    mix=AT_HOME,
    marks=Marks(
        started=("orig_dt", "origtime"),
        impossible_date=DIGITS,
        ended="discn_dt",
        duration="calldur",
        shape="positional",
    ),
    truth=NO_SUBSCRIBER | PICKED_UP,
)

WINDSTREAM = plain(
    "windstream",
    "windstream",
    {
        "account": pl.lit("1234567"),
        "reference": numbered("R{}"),
        "call_type": either(pl.col("event") % 7 == 0, "TF", "LD"),
        "answer_date": stamp("%m/%d/%Y %H:%M:%S"),
        "account_code": BLANK,
        "cpn_did": CALLER,
        "from_number": CALLER,
        "from_location": pl.lit("ATLANTA GA"),
        "from_country": pl.lit("USA"),
        "to_number": CALLED,
        "to_location": pl.lit("WASHINGTON DC"),
        "to_country": pl.lit("1"),
        "units": SECONDS,
        "amount": AMOUNT,
        "service_type": pl.lit("Interstate Calling"),
        "payphone": pl.lit("N"),
        "toll_free_number": BLANK,
    },
    separator="\t",
    head=(),
    suffix="txt",
    notation=TEN_DIGITS,
    mix=BILLED_CALLS,
    marks=Marks(
        started=("answer_date",),
        impossible_date=MONTH_DAY,
        numbers=("from_number", "to_number"),
    ),
    truth={
        **NO_SUBSCRIBER,
        **CHARGED,
        "answered": TRUE,
        "call_id": numbered("R{}"),
        "duration_s": pl.lit(None, pl.Float64),
    },
)

#: Tenths of a minute, begun ones counted.
TENTHS = (pl.col("duration_s") + 5) // 6

EARTHLINK = plain(
    "earthlink",
    "earthlink",
    {
        "Account Number": pl.lit("1234567"),
        "Service Location": pl.lit("ATLANTA"),
        "Bill Number": OWN,
        "Date": stamp("%-m/%-d/%Y"),
        "Time": stamp("%-I:%M:%S %p"),
        "TF Number": BLANK,
        "Orig Number": CALLER,
        "Orig City": pl.lit("ATLANTA"),
        "Orig State": pl.lit("GA"),
        "Term Number": CALLED,
        "Term City": pl.lit("WASHINGTON"),
        "Term State": pl.lit("DC"),
        "Minutes": pl.format("{}.{}", TENTHS // 10, TENTHS % 10),
        "Amount": AMOUNT,
        "Call Type": pl.lit("LD"),
        "Sequence": (pl.col("event") + 1).cast(pl.String),
        "Account Code": BLANK,
    },
    notation=renumber("${1}-${2}-${3}", "011"),
    mix=BILLED_CALLS,
    marks=Marks(
        started=("Date", "Time"),
        impossible_date=MONTH_DAY,
        duration="Minutes",
        numbers=("Orig Number", "Term Number"),
    ),
    truth={**CHARGED, "answered": TRUE, "duration_s": TENTHS * 6},
)

_TOWER = pl.format("T{}", "cell_at_start")
_METROPCS = {
    "Date": stamp("%m/%d/%Y"),
    "Time": stamp("%H:%M:%S"),
    "Duration": minutes_seconds(pl.col("duration_s")),
    "DIR": either(OUT, "Outgoing Call", "Incoming Call"),
    "Dialed Number": either(OUT, OTHER, BLANK),
    "Dest Number": either(OUT & (pl.col("event") % 4 == 0), BLANK, CALLED),
    "Status": either(ANSWERED, "Answered", "Not Answered"),
    "Special Features": pl.lit("None (2b)"),
    "CallerID": either(OUT, BLANK, OTHER),
    "Switch": pl.lit("64662280550"),
    "Sector": either(CELL_KNOWN, "2", BLANK),
    "LAC": either(CELL_KNOWN, "33061", BLANK),
    "Tower": either(CELL_KNOWN, _TOWER, BLANK),
}

METROPCS_LE = plain(
    "metropcs_le",
    "metropcs",
    _METROPCS,
    head=lambda scene: (f"Search Number: {scene.number_of_line(0)[2:]}", "", ",".join(_METROPCS)),
    notation=TEN_DIGITS,
    mix=CALLS,
    one_line=True,
    marks=Marks(
        started=("Date", "Time"),
        impossible_date=MONTH_DAY,
        duration="Duration",
        numbers=("Dest Number", "CallerID", "Dialed Number"),
    ),
    truth={**PICKED_UP, "cell_first": pl.when(CELL_KNOWN).then(_TOWER)},
)

_TMOBILE = {
    "Date": stamp("%m/%d/%Y"),
    "Time": stamp("%I:%M %p"),
    "Destination": either(OUT, "SEATTLE WA", "Incoming"),
    "Number": OTHER,
    "Minutes": att_bill.MINUTES,
    "Call Type": pl.lit("(A)"),
}

TMOBILE_CSV = plain(
    "tmobile_csv",
    "tmobile",
    _TMOBILE,
    head=lambda scene: (
        "My T-Mobile",
        "Usage details",
        "Account holder,A NAME",
        "Statement",
        f"Number {spelled(scene.number_of_line(0), '({}) {}-{}')}",
        "",
        "",
        "",
        "LOCAL AIRTIME, LONG DISTANCE AND INTERNATIONAL CHARGES",
        ",".join(_TMOBILE),
    ),
    foot=("Total,,,,,", "End of usage"),
    notation=renumber("(${1}) ${2}-${3}", "011"),
    mix=BILLED_CALLS,
    one_line=True,
    resolution_s=(60, 60),
    marks=Marks(
        started=("Date", "Time"),
        impossible_date=MONTH_DAY,
        duration="Minutes",
        numbers=("Number",),
    ),
    truth={"answered": TRUE},
)


_SIP_CALLER, _TEL_CALLER = (
    pl.format(uri, CALLER) for uri in ("sip:+{}@ims.example.net", "tel:+{}")
)

VERIZON_VOLTE = plain(
    "verizon_volte",
    "verizon",
    {
        "MSISDN": OWN,
        "Record Open Date/Time(Local)": stamp("%m/%d/%Y %H:%M:%S"),
        "CallDirection": either(OUT, "0", "1"),
        "Calling Party No": either(pl.col("event") % 2 == 0, _SIP_CALLER, _TEL_CALLER),
        "Called Prty Addr": pl.format("tel:+{}", CALLED),
        "TIMEUsage": SECONDS,
        "Mkt Enodeb Id": either(CELL_KNOWN, "64", BLANK),
        "ANI Cell Id": either(CELL_KNOWN, pl.col("cell_at_start").cast(pl.String), BLANK),
    },
    separator="\t",
    suffix="txt",
    notation=ELEVEN_DIGITS,
    mix=CALLS,
    marks=Marks(
        started=("Record Open Date/Time(Local)",),
        impossible_date=MONTH_DAY,
        duration="TIMEUsage",
        numbers=("Called Prty Addr",),
    ),
    truth={
        **PICKED_UP,
        "cell_first": pl.when(CELL_KNOWN).then(pl.format("64 {}", "cell_at_start")),
    },
)

NOTIONAL_LE = plain(
    "notional_le",
    "notional",
    {
        "RecordID": numbered("N{}"),
        "SubscriberID": pl.lit("DRIVER002"),
        "SubscriberRole": pl.lit("US_DRIVER"),
        "EventTimestamp": stamp("%Y-%m-%d %H:%M:%S"),
        "Direction": either(OUT, "MO", "MT"),
        "EventType": either(SMS, "SMS", "VOICE"),
        "CallingNumber": CALLER,
        "CalledNumber": CALLED,
        "DurationSec": either(SMS, BLANK, SECONDS),
        "SMSLength": either(SMS, "72", BLANK),
        "Country": pl.lit("US"),
    },
    notation=E164,
    mix=TEXTS_TOO,
    marks=Marks(
        started=("EventTimestamp",),
        impossible_date=YEAR_MONTH_DAY,
        duration="DurationSec",
        numbers=("CallingNumber", "CalledNumber"),
    ),
    truth={**CALLS_PICKED_UP, **CALLS_TIMED},
)
