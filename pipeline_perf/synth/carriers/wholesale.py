"""North American carriers' other files: wholesale records, consumer downloads, reports of the
smaller carriers.

Columns, positions and codes as public importers read them and public samples show them; where those
are silent (a cycle's furniture, a cell's name), what stands here is made up.
"""

from __future__ import annotations

from datetime import date

import polars as pl

from pipeline_perf.synth.callmodel import Mix
from pipeline_perf.synth.carriers import att_bill
from pipeline_perf.synth.layout import Marks, minutes_seconds, positional, renumber, whole_minutes
from pipeline_perf.synth.plain import (
    ANSWERED,
    BILLED_CALLS,
    BLANK,
    CALLED,
    CALLER,
    CALLS,
    E164,
    ELEVEN_DIGITS,
    NO_SUBSCRIBER,
    OTHER,
    OUT,
    OWN,
    PICKED_UP,
    RELEASED,
    SECONDS,
    SMS,
    TEN_DIGITS,
    TEXTS_TOO,
    either,
    numbered,
    plain,
    stamp,
)

AT_HOME = Mix(legs=False, codes=False, withheld=False, foreign=False)
CENTS = pl.col("event").cast(pl.Int64) % 90 + 10
AMOUNT = pl.concat_str(pl.lit("0."), CENTS.cast(pl.String))
CHARGED = {"charge": CENTS.cast(pl.Decimal(18, 6)) / 100, "currency": pl.lit("USD")}
TRUE = pl.lit(True)

_DETAIL = {
    "Item": pl.col("item").cast(pl.String),
    "Day": stamp("%a").str.to_uppercase(),
    "Date": stamp("%m/%d/%Y"),
    "Time": stamp("%-I:%M%p"),
}
_UNCHARGED = {"charge": pl.lit(0).cast(pl.Decimal(18, 6)), "currency": pl.lit("USD")}
_MONTH_AND_DAY = (r"^\d\d/\d\d", "13/45")

ATT_ACCOUNT_CSV = plain(
    "att_bill_csv",
    "att",
    {
        **_DETAIL,
        "Number Called": OTHER,
        "Call To": either(OUT, "SAN LUS O CA", "INCOMING CL"),
        "Min": whole_minutes(pl.col("duration_s")).cast(pl.String),
        **{
            title: pl.lit(text)
            for title, text in (("Rate Code", "RM45"), ("Rate Pd", "DT"), ("Feature", ""))
        },
        **{
            title: pl.lit("0.00") for title in ("Airtime Charge", "LD/Add'l Charge", "Total Charge")
        },
    },
    head=("AT&T Usage Details", ""),
    per_line=lambda number: (
        f"Call Detail,{_dashed(number)}",
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
        impossible_date=_MONTH_AND_DAY,
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
        **{
            title: pl.lit(text)
            for title, text in (
                ("Msg/KB", "1"),
                ("Rate Code", "MSG"),
                ("Rate Pd", "AT"),
                ("Feature", ""),
            )
        },
        "In/Out": either(OUT, "Sent", "Rcvd"),
        "Total Charge ": pl.lit("0.00"),
    },
    # The year stands nowhere but in the name, which is that of the cycle's first day.
    file_name=lambda scene, nth: f"att_texts_{nth}_{scene.period.first:%Y%m%d}.csv",
    cycle=(date(2023, 12, 19), 31),
    notation=renumber("${1}-${2}-${3}", ""),
    mix=Mix(calls=0.0, sms=1.0, legs=False, codes=False, withheld=False),
    one_line=True,
    needs_subscriber=True,
    resolution_s=(60, 1),
    marks=Marks(started=("Date", "Time"), impossible_date=_MONTH_AND_DAY, numbers=("To/From",)),
    truth={**_UNCHARGED, "duration_s": pl.lit(None, pl.Float64)},
)


def _dashed(number: str) -> str:
    return f"{number[2:5]}-{number[5:8]}-{number[8:]}"


_ANI = {
    "call_date_time": (1, 14), "bill_to_number": (15, 29), "originating_number": (40, 49),
    "originating_city": (53, 82),
    "terminating_number": (89, 98), "terminating_city": (107, 136), "duration": (163, 170),
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
        impossible_date=(r"^(\d{4})\d{4}", "${1}1345"),
        duration="duration",
        number_width=10,
        shape="positional",
    ),
    truth=PICKED_UP,
)

_QWEST = {
    "discn_dt": (7, 14), "origtime": (25, 30), "discn_time": (31, 36), "ani": (38, 52),
    "calldur": (55, 65), "compcode": (76, 81),
    "dialedno": (82, 96), "calledno": (97, 111), "orig_dt": (124, 131),
}  # fmt: skip

QWEST_DAILY = plain(
    "qwest_daily",
    "qwest",
    {
        "discn_dt": stamp("%Y%m%d", RELEASED),
        "origtime": stamp("%H%M%S"),
        "discn_time": stamp("%H%M%S", RELEASED),
        "ani": CALLER,
        "calldur": SECONDS.str.zfill(11),
        # 0, 1, 5, 6, 12: answered; 2, 7, 8: not
        "compcode": either(
            ANSWERED, either(pl.col("event") % 2 == 0, "000000", "000012"), "000002"
        ),
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
        impossible_date=(r"^(\d{4})\d{4}", "${1}1345"),
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
        impossible_date=(r"^\d\d/\d\d", "13/45"),
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

_ACCOUNT = (
    "Account Number", "Service Location", "Bill Number", "Date", "Time", "TF Number", "Orig Number",
    "Orig City", "Orig State",
    "Term Number", "Term City", "Term State", "Minutes", "Amount", "Call Type", "Sequence",
    "Account Code",
)  # fmt: skip
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
        "Minutes": pl.concat_str(
            (TENTHS // 10).cast(pl.String), pl.lit("."), (TENTHS % 10).cast(pl.String)
        ),
        "Amount": AMOUNT,
        "Call Type": pl.lit("LD"),
        "Sequence": (pl.col("event") + 1).cast(pl.String),
        "Account Code": BLANK,
    },
    head=(",".join(_ACCOUNT),),
    notation=renumber("${1}-${2}-${3}", "011"),
    mix=BILLED_CALLS,
    marks=Marks(
        started=("Date", "Time"),
        impossible_date=(r"^\d+/\d+", "13/45"),
        duration="Minutes",
        numbers=("Orig Number", "Term Number"),
    ),
    truth={**CHARGED, "answered": TRUE, "duration_s": TENTHS * 6},
)

_METROPCS = (
    "Date,Time,Duration,DIR,Dialed Number,Dest Number,Status,Special"
    " Features,CallerID,Switch,Sector,LAC,Tower"
)

METROPCS_LE = plain(
    "metropcs_le",
    "metropcs",
    {
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
        "Sector": either(pl.col("cell_at_start") >= 0, "2", BLANK),
        "LAC": either(pl.col("cell_at_start") >= 0, "33061", BLANK),
        "Tower": either(pl.col("cell_at_start") >= 0, pl.format("T{}", "cell_at_start"), BLANK),
    },
    head=lambda scene: (f"Search Number: {scene.number_of_line(0)[2:]}", "", _METROPCS),
    notation=TEN_DIGITS,
    mix=CALLS,
    one_line=True,
    marks=Marks(
        started=("Date", "Time"),
        impossible_date=(r"^\d\d/\d\d", "13/45"),
        duration="Duration",
        numbers=("Dest Number", "CallerID", "Dialed Number"),
    ),
    truth={
        **PICKED_UP,
        "cell_first": pl.when(pl.col("cell_at_start") >= 0).then(pl.format("T{}", "cell_at_start")),
    },
)

TMOBILE_CSV = plain(
    "tmobile_csv",
    "tmobile",
    {
        "Date": stamp("%m/%d/%Y"),
        "Time": stamp("%I:%M %p"),
        "Destination": either(OUT, "SEATTLE WA", "Incoming"),
        "Number": OTHER,
        "Minutes": whole_minutes(pl.col("duration_s")).cast(pl.String),
        "Call Type": pl.lit("(A)"),
    },
    head=lambda scene: (
        "My T-Mobile",
        "Usage details",
        "Account holder,A NAME",
        "Statement",
        f"Number {_bracketed(scene.number_of_line(0))}",
        "",
        "",
        "",
        "LOCAL AIRTIME, LONG DISTANCE AND INTERNATIONAL CHARGES",
        "Date,Time,Destination,Number,Minutes,Call Type",
    ),
    foot=("Total,,,,,", "End of usage"),
    notation=renumber("(${1}) ${2}-${3}", "011"),
    mix=BILLED_CALLS,
    one_line=True,
    resolution_s=(60, 60),
    marks=Marks(
        started=("Date", "Time"),
        impossible_date=(r"^\d\d/\d\d", "13/45"),
        duration="Minutes",
        numbers=("Number",),
    ),
    truth={"answered": TRUE},
)


def _bracketed(number: str) -> str:
    return f"({number[2:5]}) {number[5:8]}-{number[8:]}"


VERIZON_VOLTE = plain(
    "verizon_volte",
    "verizon",
    {
        "MSISDN": OWN,
        "Record Open Date/Time(Local)": stamp("%m/%d/%Y %H:%M:%S"),
        "CallDirection": either(OUT, "0", "1"),
        "Calling Party No": either(
            pl.col("event") % 2 == 0,
            pl.format("sip:+{}@ims.example.net", CALLER),
            pl.format("tel:+{}", CALLER),
        ),
        "Called Prty Addr": pl.format("tel:+{}", CALLED),
        "TIMEUsage": SECONDS,
        "Mkt Enodeb Id": either(pl.col("cell_at_start") >= 0, "64", BLANK),
        "ANI Cell Id": either(
            pl.col("cell_at_start") >= 0, pl.col("cell_at_start").cast(pl.String), BLANK
        ),
    },
    separator="\t",
    suffix="txt",
    notation=ELEVEN_DIGITS,
    mix=CALLS,
    marks=Marks(
        started=("Record Open Date/Time(Local)",),
        impossible_date=(r"^\d\d/\d\d", "13/45"),
        duration="TIMEUsage",
        numbers=("Called Prty Addr",),
    ),
    truth={
        **PICKED_UP,
        "cell_first": pl.when(pl.col("cell_at_start") >= 0).then(
            pl.format("64 {}", "cell_at_start")
        ),
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
        impossible_date=(r"^(\d{4})-\d\d-\d\d", "${1}-13/45"),
        duration="DurationSec",
        numbers=("CallingNumber", "CalledNumber"),
    ),
    truth={
        **PICKED_UP,
        "duration_s": pl.when(~SMS).then(pl.col("duration_s")),
        "answered": pl.when(~SMS).then(pl.col("picked_up")),
    },
)
