"""T-Mobile's call-detail report for law enforcement: 38 columns between tabs, times in UTC.

Titles and codes follow the carrier's key sheet "Interpreting Call Detail Records" (v. 170711) and
public importers. An incoming call that goes to voicemail has a second row, a `callForwarding` leg
to the carrier's own 805-637-7249; 805-637-7243 is the retrieval of messages.
"""

from __future__ import annotations

import polars as pl

from pipeline_perf.synth import callmodel
from pipeline_perf.synth import population as people
from pipeline_perf.synth.callmodel import Mix
from pipeline_perf.synth.layout import Form, Layout, Marks, Scene
from pipeline_perf.synth.wording import (
    ANSWERED,
    BLANK,
    CALL,
    CELL_KNOWN,
    FORWARDED,
    MONTH_DAY,
    OUT,
    SECONDS,
    SMS,
    delimited,
    either,
    from_and_to,
    known_rows,
    one_section,
    parties,
    renumber,
    stamp,
)

_TOWER = (
    "Cell ID", "Tower Azimuth", "Tower LAT", "Tower LONG", "Tower Address", "Tower City",
    "Tower State", "Tower Zip",
)  # fmt: skip
FIRST_TOWER = ("1st LAC", *(f"1st {title}" for title in _TOWER))
LAST_TOWER = ("Last LAC ID", *(f"Last {title}" for title in _TOWER))
COLUMNS = (
    "Date", "Time", "Duration", "Call Type", "Direction", "Calling Number", "Dialed Number",
    "Called Number", "Destination Number", "IMSI", "IMEI", "Completion Code", "Answered?",
    "Service Code", "Disconnecting Party", "Service Indicator", "SMS Deliv Status", "Switch Name",
    "1st LTE Site ID", *FIRST_TOWER, "Last LTE Site ID", *LAST_TOWER,
)  # fmt: skip
VOICEMAIL_DEPOSIT = "+18056377249"
VOICEMAIL_RETRIEVAL = "8056377243"
_VOICEMAIL = pl.col("leg") == callmodel.VOICEMAIL_LEG


def _tower(
    frame: pl.DataFrame, scene: Scene, column: str, titles: tuple[str, ...]
) -> dict[str, pl.Expr]:
    """The nine tower columns, empty where the cell is not known."""
    cells = scene.who.cells
    metros = people.metros()[cells["metro"].to_list()]
    towers = cells.select(
        pl.col("lac", "cid", "azimuth", "latitude", "longitude").cast(pl.String),
        pl.format("{} MAIN ST", "street_no").alias("address"),
        *(metros[name] for name in ("city", "state", "zip")),
    )
    rows = known_rows(frame, column)
    return {
        title: pl.lit(values.gather(rows)).fill_null("")
        for title, values in zip(titles, towers, strict=True)
    }


def _call_type() -> pl.Expr:
    """The key sheet's codes; every seventh event has the short one, which means the same."""
    short = pl.col("event") % 7 == 0
    text = either(OUT, "mSOriginatingSMSinMSC", either(short, "SMSc", "mSTerminatingSMSinMSC"))
    outgoing = either(short, "moc", "mSOriginating")
    incoming = either(short, "mtc", "mSTerminating")
    return either(FORWARDED, "callForwarding", either(SMS, text, either(OUT, outgoing, incoming)))


def _texts(frame: pl.DataFrame, scene: Scene) -> pl.DataFrame:
    own, other, target = parties(frame, scene, scene.written)
    caller, called = from_and_to(own, other, target)
    imsi, imei = (pl.lit(codes.gather(frame["line"])) for codes in (scene.who.imsi, scene.who.imei))
    abnormal = ~ANSWERED & (pl.col("event") % 7 == 1)
    # What was dialled stands without the country code, or with the prefix for abroad.
    as_dialled = called.str.replace(r"^1(\d{10})$", "${1}").str.replace(r"^44", "01144")
    completion = either(abnormal, "Abnormal Completion", "Completed successfully")
    return frame.select(
        **{
            "Date": stamp("%m/%d/%Y"),
            "Time": stamp("%H:%M:%S"),
            "Duration": either(SMS, "", SECONDS),
            "Call Type": _call_type(),
            "Direction": either(OUT | FORWARDED, "Outgoing", "Incoming"),
            "Calling Number": caller,
            "Dialed Number": either(OUT & CALL, as_dialled, ""),
            "Called Number": either(FORWARDED, own, called),
            "Destination Number": either(_VOICEMAIL, VOICEMAIL_DEPOSIT[1:], called),
            "IMSI": imsi,
            "IMEI": either(CELL_KNOWN, imei, ""),
            "Completion Code": either(CALL, completion, ""),
            "Answered?": either(CALL, either(ANSWERED, "YES", "NO"), ""),
            "Service Code": either(_VOICEMAIL, "2A", either(FORWARDED, "21", "")),
            "Disconnecting Party": either(CALL & ANSWERED, "calling", ""),
            "Service Indicator": BLANK,
            "SMS Deliv Status": either(SMS, "Delivered", ""),
            "Switch Name": pl.lit("NYSW01"),
            "1st LTE Site ID": BLANK,
            **_tower(frame, scene, "cell_at_start", FIRST_TOWER),
            "Last LTE Site ID": BLANK,
            **_tower(frame, scene, "cell_at_end", LAST_TOWER),
        }
    )


def _swap(texts: pl.DataFrame) -> pl.DataFrame:
    pairs = [("1st Tower LAT", "1st Tower LONG"), ("Last Tower LAT", "Last Tower LONG")]
    return texts.with_columns(pl.col(b).alias(a) for pair in pairs for a, b in (pair, pair[::-1]))


def _truth(frame: pl.DataFrame, scene: Scene) -> dict[str, pl.Series | pl.Expr]:
    """A forwarded leg goes to where it was sent; to the voicemail's number it is a voicemail."""
    cells = scene.who.cells.with_columns(text=pl.col("cid").cast(pl.String))
    first, last = known_rows(frame, "cell_at_start"), known_rows(frame, "cell_at_end")
    return {
        "event_type": either(_VOICEMAIL, "voicemail", pl.col("event_type")),
        "to_number": either(_VOICEMAIL, VOICEMAIL_DEPOSIT, pl.col("to_number")),
        "answered": pl.when(CALL).then(frame["answered"]),
        "duration_s": pl.when(CALL).then(pl.col("duration_s")),
        "duration_resolution_s": pl.when(CALL).then(1),
        "cell_first": cells["text"].gather(first),
        "cell_last": cells["text"].gather(last),
        "latitude": cells["latitude"].gather(first),
        "longitude": cells["longitude"].gather(first),
        "imei": pl.when(CELL_KNOWN).then(scene.who.imei.gather(frame["line"])),
        "imsi": scene.who.imsi.gather(frame["line"]),
    }


TMOBILE_LE = Layout(
    id="tmobile_le",
    carrier="tmobile",
    file_name=lambda scene, nth: f"tmobile_cdr_{nth}.txt",
    mix=Mix(calls=0.6, sms=0.4),
    forms=(
        Form("record", _texts, *delimited("\t", "Time"), Marks(
            started=("Date", "Time"), impossible_date=MONTH_DAY, duration="Duration",
            numbers=("Calling Number", "Called Number"), imei="IMEI", imsi="IMSI",
            swap_coordinates=_swap,
        )),
    ),
    notation=renumber("1${1}${2}${3}", "", {people.VOICEMAIL_RETRIEVAL: "1" + VOICEMAIL_RETRIEVAL}),
    reads=lambda parties: parties.replace({people.VOICEMAIL_RETRIEVAL: "+1" + VOICEMAIL_RETRIEVAL}),
    sections=one_section(("\t".join(COLUMNS),), ("",)),
    truth=_truth,
    zone="UTC",
    network="310260",
)  # fmt: skip
