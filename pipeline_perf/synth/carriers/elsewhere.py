"""Other countries' files, and those of research: India, Germany, Australia, bandicoot and Cider.

Columns and codes as public readers of these files use them.
"""

from __future__ import annotations

import polars as pl

from pipeline_perf.synth.layout import Marks
from pipeline_perf.synth.plain import (
    BILLED_CALLS,
    CALLED,
    CALLER,
    CALLS,
    CALLS_PICKED_UP,
    CALLS_TIMED,
    ELEVEN_DIGITS,
    NO_SUBSCRIBER,
    OTHER,
    OWN,
    PICKED_UP,
    TEXTS_TOO,
    charged,
    numbered,
    plain,
)
from pipeline_perf.synth.wording import (
    ANSWERED,
    BLANK,
    CELL_KNOWN,
    DASHED,
    DAY_MONTH,
    DIGITS,
    OUT,
    SECONDS,
    SMS,
    YEAR_MONTH_DAY,
    either,
    minutes_seconds,
    positional,
    renumber,
    stamp,
)

CELL = pl.when(CELL_KNOWN).then(pl.format("404-10-1-{}", "cell_at_start"))
LAST_CELL = pl.when(pl.col("cell_at_end") >= 0).then(pl.format("404-10-1-{}", "cell_at_end"))

_IMEI, _IMSI = pl.lit("351234001234561"), pl.lit("404100123456789")

AIRTEL_LE = plain(
    "airtel_le",
    "airtel",
    {
        "Target No": OWN,
        "Call Type": either(SMS, either(OUT, "SMO", "SMT"), either(OUT, "OUT", "IN")),
        "B Party No": OTHER,
        "Date": stamp("%d/%m/%Y"),
        "Time": stamp("%H:%M:%S"),
        "Dur(s)": SECONDS,
        "First CGI": CELL.fill_null(""),
        "Last CGI": LAST_CELL.fill_null(""),
        "IMEI": _IMEI,
        "IMSI": _IMSI,
    },
    zone="Asia/Kolkata",
    notation=ELEVEN_DIGITS,
    mix=TEXTS_TOO,
    marks=Marks(started=("Date", "Time"), impossible_date=DAY_MONTH, duration="Dur(s)"),
    truth={
        **CALLS_PICKED_UP,
        "cell_first": CELL,
        "cell_last": LAST_CELL,
        "imei": _IMEI,
        "imsi": _IMSI,
    },
)

_MINUTES = pl.col("duration_s") // 60

_FRITZBOX = {
    "Typ": either(OUT, "4", either(ANSWERED, "1", "2")),
    "Datum": stamp("%d.%m.%y %H:%M"),
    "Name": pl.lit("Jörg"),
    "Rufnummer": OTHER,
    "Landes-/Ortsnetzbereich": BLANK,
    "Nebenstelle": pl.lit("Telefon 1"),
    "Eigene Rufnummer": pl.format("Internet: {}", OWN),
    "Dauer": minutes_seconds(_MINUTES),  # H:MM: minutes are to hours as seconds to minutes
}

FRITZBOX = plain(
    "fritzbox",
    "fritzbox",
    _FRITZBOX,
    separator=";",
    head=("sep=;", ";".join(_FRITZBOX)),
    notation=renumber("001${1}${2}${3}", "00"),
    mix=CALLS,
    one_line=True,
    resolution_s=(60, 1),
    marks=Marks(started=("Datum",), impossible_date=(r"^\d\d\.\d\d", "45.13"), duration="Dauer"),
    truth={
        "duration_s": _MINUTES * 60,
        "duration_resolution_s": pl.lit(60),
        "answered": pl.when(OUT).then(_MINUTES > 0).otherwise(pl.col("picked_up")),
    },
)

BANDICOOT = plain(
    "bandicoot",
    "bandicoot",
    {
        "interaction": either(SMS, "text", "call"),
        "direction": either(OUT, "out", "in"),
        "correspondent_id": OTHER,
        "datetime": stamp("%Y-%m-%d %H:%M:%S"),
        "call_duration": either(SMS, BLANK, SECONDS),
        "antenna_id": CELL.fill_null(""),
    },
    file_name=lambda scene, nth: f"{scene.number_of_line(0)}.{nth}.csv",
    mix=TEXTS_TOO,
    one_line=True,
    marks=Marks(started=("datetime",), impossible_date=YEAR_MONTH_DAY, duration="call_duration"),
    truth={**CALLS_PICKED_UP, **CALLS_TIMED, "cell_first": CELL},
)

CIDER = plain(
    "cider",
    "cider",
    {
        "txn_type": either(SMS, "text", "call"),
        "caller_id": CALLER,
        "recipient_id": CALLED,
        "timestamp": stamp("%Y-%m-%d %H:%M:%S"),
        "duration": either(SMS, BLANK, SECONDS),
        "caller_antenna": CELL.fill_null(""),
        "recipient_antenna": BLANK,
        "international": pl.lit("domestic"),
    },
    mix=TEXTS_TOO,
    marks=Marks(started=("timestamp",), impossible_date=YEAR_MONTH_DAY, duration="duration"),
    truth={**NO_SUBSCRIBER, **CALLS_PICKED_UP, **CALLS_TIMED, "cell_first": CELL},
)

AUSTRALIAN = {"currency": pl.lit("AUD")}

VOCUS = plain(
    "vocus",
    "vocus",
    {
        "reserved": BLANK,
        "id": numbered("V{}"),
        "date": stamp("%Y-%m-%d"),
        "time": stamp("%H:%M:%S"),
        "vocus": BLANK,
        "seconds": SECONDS,
        "calling": CALLER,
        "called": CALLED,
        "rated_at": pl.lit("2023-12-31 01:00:00"),
        "calling_zone": pl.lit("SYDNEY"),
        "called_zone": BLANK,
        "tariff": pl.lit("International"),
        "cost": pl.lit("0.0800"),
    },
    head=(),
    zone="UTC",
    notation=ELEVEN_DIGITS,
    marks=Marks(started=("date", "time"), impossible_date=DASHED, duration="seconds"),
    truth={
        **NO_SUBSCRIBER,
        **PICKED_UP,
        **charged("0.08", "AUD"),
        "call_id": numbered("V{}"),
    },
)

_LINX = {
    "record": (1, 3), "event": (7, 30), "line": (67, 78), "origin": (96, 120),
    "destination": (121, 145), "date": (146, 153), "time": (154, 163), "unit": (176, 180),
    "quantity": (181, 193),
}  # fmt: skip

TELSTRA_LINX = plain(
    "telstra_linx",
    "telstra",
    {
        "record": pl.lit("UIR"),
        "event": numbered("EV{}"),
        "line": OWN,
        # O: the length of the country's code and the number with it.
        "origin": either(OUT, CALLER, pl.format("O1{}", CALLER)),
        "destination": either(OUT, pl.format("O1{}", CALLED), CALLED),
        "date": stamp("%Y%m%d"),
        "time": stamp("%H:%M:%S"),
        "unit": pl.lit("SEC"),
        "quantity": pl.format("{}00000", SECONDS).str.zfill(13),
    },
    head=("SERABC",),
    suffix="txt",
    setting=positional(_LINX, 514, cut_at=60, right_aligned=("time",)),
    notation=ELEVEN_DIGITS,
    mix=BILLED_CALLS,
    marks=Marks(
        started=("date", "time"),
        impossible_date=DIGITS,
        duration="quantity",
        shape="positional",
    ),
    truth={**AUSTRALIAN, "answered": pl.lit(True), "call_id": numbered("EV{}")},
)

_CTOP = {
    "record_type": (1, 6), "id_type": (39, 44), "line": (45, 92), "time": (93, 106),
    "target": (121, 144), "origin": (145, 168), "currency": (251, 256), "record": (270, 291),
    "units": (292, 301), "unit": (302, 307),
}  # fmt: skip

#: Units are seconds (100) or tenths of them (101).
_IN_SECONDS = pl.col("event") % 2 == 0

AAPT = plain(
    "aapt",
    "aapt",
    {
        "record_type": pl.lit("PWTDET"),
        "id_type": pl.lit("1"),
        "line": OWN,
        "time": stamp("%Y%m%d%H%M%S"),
        "target": CALLED,
        "origin": CALLER,
        "currency": pl.lit("1"),
        "record": numbered("R{}"),
        "units": either(_IN_SECONDS, SECONDS, pl.format("{}0", SECONDS)).str.zfill(10),
        "unit": either(_IN_SECONDS, "100", "101"),
    },
    head=("PWTHDR",),
    suffix="txt",
    setting=positional(_CTOP, 1000, cut_at=60),
    mix=BILLED_CALLS,
    marks=Marks(
        started=("time",),
        impossible_date=DIGITS,
        duration="units",
        shape="positional",
    ),
    truth={**AUSTRALIAN, "call_id": numbered("R{}")},
)
