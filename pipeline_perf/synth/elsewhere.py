"""Other countries' files, and those of research: Airtel's reports, FRITZ!Box call lists, bandicoot and Cider.

Columns and codes as public readers of these files use them.
"""

from __future__ import annotations

import polars as pl

from pipeline_perf.synth.callmodel import Mix
from pipeline_perf.synth.layout import Marks, renumber
from pipeline_perf.synth.plain import (
    ANSWERED,
    BLANK,
    CALLED,
    CALLER,
    CALLS,
    ELEVEN_DIGITS,
    NO_SUBSCRIBER,
    OTHER,
    OUT,
    OWN,
    SECONDS,
    SMS,
    TEXTS_TOO,
    either,
    plain,
    stamp,
)

CELL = pl.when(pl.col("cell_at_start") >= 0).then(pl.format("404-10-1-{}", "cell_at_start"))
LAST_CELL = pl.when(pl.col("cell_at_end") >= 0).then(pl.format("404-10-1-{}", "cell_at_end"))
CALLED_UP = pl.when(~SMS).then(pl.col("picked_up"))
DASHED = r"^(\d{4})-\d\d-\d\d"

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
        "IMEI": pl.lit("351234001234561"),
        "IMSI": pl.lit("404100123456789"),
    },
    zone="Asia/Kolkata",
    notation=ELEVEN_DIGITS,
    mix=TEXTS_TOO,
    marks=Marks(started=("Date", "Time"), impossible_date=(r"^\d\d/\d\d", "45/13"), duration="Dur(s)"),
    truth={
        "answered": CALLED_UP,
        "cell_first": CELL,
        "cell_last": LAST_CELL,
        "imei": pl.lit("351234001234561"),
        "imsi": pl.lit("404100123456789"),
    },
)

_MINUTES = pl.col("duration_s") // 60

FRITZBOX = plain(
    "fritzbox",
    "fritzbox",
    {
        "Typ": either(OUT, "4", either(ANSWERED, "1", "2")),
        "Datum": stamp("%d.%m.%y %H:%M"),
        "Name": pl.lit("Jörg"),
        "Rufnummer": OTHER,
        "Landes-/Ortsnetzbereich": BLANK,
        "Nebenstelle": pl.lit("Telefon 1"),
        "Eigene Rufnummer": pl.format("Internet: {}", OWN),
        "Dauer": pl.concat_str((_MINUTES // 60).cast(pl.String), pl.lit(":"), (_MINUTES % 60).cast(pl.String).str.zfill(2)),
    },
    separator=";",
    head=("sep=;", "Typ;Datum;Name;Rufnummer;Landes-/Ortsnetzbereich;Nebenstelle;Eigene Rufnummer;Dauer"),
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
    mix=Mix(calls=0.6, sms=0.4, legs=False, codes=False, withheld=False),
    one_line=True,
    marks=Marks(started=("datetime",), impossible_date=(DASHED, "${1}-13/45"), duration="call_duration"),
    truth={"answered": CALLED_UP, "duration_s": pl.when(~SMS).then(pl.col("duration_s")), "cell_first": CELL},
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
    marks=Marks(started=("timestamp",), impossible_date=(DASHED, "${1}-13/45"), duration="duration"),
    truth={**NO_SUBSCRIBER, "answered": CALLED_UP, "duration_s": pl.when(~SMS).then(pl.col("duration_s")), "cell_first": CELL},
)
