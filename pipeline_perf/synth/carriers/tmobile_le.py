"""T-Mobile's call-detail report for law enforcement as tab-separated text: 38 columns, times in
UTC.

Titles and codes follow the carrier's key sheet "Interpreting Call Detail Records" (v. 170711) and
public importers. An incoming call that goes to voicemail has a second row, a `callForwarding` leg
to the carrier's own 805-637-7249; 805-637-7243 is the retrieval of messages.
"""

from __future__ import annotations

import polars as pl

from pipeline_perf.synth import callmodel
from pipeline_perf.synth import population as people
from pipeline_perf.synth.callmodel import Mix
from pipeline_perf.synth.layout import (
    Form,
    Layout,
    Marks,
    Scene,
    Section,
    delimited,
    from_and_to,
    parties,
    renumber,
)

_TOWER = (
    "LAC",
    "Cell ID",
    "Tower Azimuth",
    "Tower LAT",
    "Tower LONG",
    "Tower Address",
    "Tower City",
    "Tower State",
    "Tower Zip",
)
COLUMNS = (
    "Date", "Time", "Duration", "Call Type", "Direction", "Calling Number", "Dialed Number",
    "Called Number", "Destination Number",
    "IMSI", "IMEI", "Completion Code", "Answered?", "Service Code", "Disconnecting Party",
    "Service Indicator", "SMS Deliv Status",
    "Switch Name", "1st LTE Site ID", *(f"1st {c}" for c in _TOWER),
    "Last LTE Site ID", "Last LAC ID", *(f"Last {c}" for c in _TOWER[1:]),
)  # fmt: skip
VOICEMAIL_DEPOSIT = "+18056377249"
VOICEMAIL_RETRIEVAL = "8056377243"


def _known(frame: pl.DataFrame, column: str) -> pl.Series:
    return frame.select(pl.when(pl.col(column) >= 0).then(pl.col(column)))[:, 0]


def _tower(
    frame: pl.DataFrame, scene: Scene, column: str, columns: tuple[str, ...]
) -> list[pl.Expr]:
    """The nine tower columns, empty where the cell is not known."""
    metros = pl.DataFrame(
        people.METROS, schema=["x", "y", "city", "state", "zip"], orient="row"
    ).select("city", "state", "zip")
    cells = pl.concat(
        [scene.who.cells, metros[scene.who.cells["metro"].to_list()]], how="horizontal"
    )
    tower = cells.select(
        pl.col("lac", "cid", "azimuth", "latitude", "longitude").cast(pl.String),
        address=pl.format("{} MAIN ST", "street_no"),
        city="city",
        state="state",
        zip="zip",
    )
    place = _known(frame, column)
    return [
        pl.lit(tower[name].gather(place)).fill_null("").alias(title)
        for name, title in zip(tower.columns, columns, strict=True)
    ]


def _texts(frame: pl.DataFrame, scene: Scene) -> pl.DataFrame:
    own, other, target = parties(frame, scene, scene.written)
    caller, called = from_and_to(frame, own, other, target)
    out = pl.col("direction_code") == callmodel.OUT
    forwarded = pl.col("direction_code") == callmodel.FORWARDED
    to_voicemail = pl.col("leg") == callmodel.VOICEMAIL_LEG
    sms, call = pl.col("kind") == callmodel.SMS, pl.col("kind") == callmodel.CALL
    turn = pl.col("event") % 7
    call_type = (
        pl.when(forwarded).then(pl.lit("callForwarding"))
        .when(sms & out).then(pl.lit("mSOriginatingSMSinMSC"))
        .when(sms & (turn == 0)).then(pl.lit("SMSc"))
        .when(sms).then(pl.lit("mSTerminatingSMSinMSC"))
        .when(out & (turn == 0)).then(pl.lit("moc"))
        .when(out).then(pl.lit("mSOriginating"))
        .when(turn == 0).then(pl.lit("mtc"))
        .otherwise(pl.lit("mSTerminating"))
    )  # fmt: skip
    # What was dialled stands without the country code, or with the prefix for abroad.
    as_dialled = called.str.replace(r"^1(\d{10})$", "${1}").str.replace(r"^44", "01144")
    destination = pl.when(to_voicemail).then(pl.lit(VOICEMAIL_DEPOSIT[1:])).otherwise(called)
    service = (
        pl.when(to_voicemail)
        .then(pl.lit("2A"))
        .when(forwarded)
        .then(pl.lit("21"))
        .otherwise(pl.lit(""))
    )
    blank = pl.lit("")
    return frame.select(
        pl.col("written").dt.strftime("%m/%d/%Y").alias("Date"),
        pl.col("written").dt.strftime("%H:%M:%S").alias("Time"),
        pl.when(sms).then(blank).otherwise(pl.col("duration_s").cast(pl.String)).alias("Duration"),
        call_type.alias("Call Type"),
        pl.when(out | forwarded)
        .then(pl.lit("Outgoing"))
        .otherwise(pl.lit("Incoming"))
        .alias("Direction"),
        caller.alias("Calling Number"),
        pl.when(out & call).then(as_dialled).otherwise(blank).alias("Dialed Number"),
        pl.when(forwarded).then(own).otherwise(called).alias("Called Number"),
        destination.alias("Destination Number"),
        scene.who.imsi.gather(frame["line"]).alias("IMSI"),
        pl.when(pl.col("cell_at_start") >= 0)
        .then(scene.who.imei.gather(frame["line"]))
        .otherwise(blank)
        .alias("IMEI"),
        pl.when(~call)
        .then(blank)
        .when(call & ~pl.col("answered") & (turn == 1))
        .then(pl.lit("Abnormal Completion"))
        .otherwise(pl.lit("Completed successfully"))
        .alias("Completion Code"),
        pl.when(~call)
        .then(blank)
        .when("answered")
        .then(pl.lit("YES"))
        .otherwise(pl.lit("NO"))
        .alias("Answered?"),
        service.alias("Service Code"),
        pl.when(call & pl.col("answered"))
        .then(pl.lit("calling"))
        .otherwise(blank)
        .alias("Disconnecting Party"),
        blank.alias("Service Indicator"),
        pl.when(sms).then(pl.lit("Delivered")).otherwise(blank).alias("SMS Deliv Status"),
        pl.lit("NYSW01").alias("Switch Name"),
        blank.alias("1st LTE Site ID"),
        *_tower(frame, scene, "cell_at_start", COLUMNS[19:28]),
        blank.alias("Last LTE Site ID"),
        *_tower(frame, scene, "cell_at_end", COLUMNS[29:38]),
    )


def _swap(texts: pl.DataFrame) -> pl.DataFrame:
    pairs = [("1st Tower LAT", "1st Tower LONG"), ("Last Tower LAT", "Last Tower LONG")]
    return texts.with_columns(pl.col(b).alias(a) for pair in pairs for a, b in (pair, pair[::-1]))


def _sections(frame: pl.DataFrame, scene: Scene) -> list[Section]:
    return [Section(("\t".join(COLUMNS),), 0, frame.height, ("",))]


def _truth(frame: pl.DataFrame, scene: Scene) -> dict[str, pl.Series | pl.Expr]:
    """A forwarded leg goes to where it was sent; to the voicemail's number it is a voicemail."""
    cells = scene.who.cells.with_columns(text=pl.col("cid").cast(pl.String))
    first, last = _known(frame, "cell_at_start"), _known(frame, "cell_at_end")
    to_voicemail = pl.col("leg") == callmodel.VOICEMAIL_LEG
    call = pl.col("kind") == callmodel.CALL
    return {
        "event_type": (
            pl.when(to_voicemail).then(pl.lit("voicemail")).otherwise(pl.col("event_type"))
        ),
        "to_number": (
            pl.when(to_voicemail).then(pl.lit(VOICEMAIL_DEPOSIT)).otherwise(pl.col("to_number"))
        ),
        "answered": pl.when(call).then(frame["answered"]),
        "duration_s": pl.when(call).then(pl.col("duration_s")),
        "duration_resolution_s": pl.when(call).then(1),
        "cell_first": cells["text"].gather(first),
        "cell_last": cells["text"].gather(last),
        "latitude": cells["latitude"].gather(first),
        "longitude": cells["longitude"].gather(first),
        "imei": pl.when(pl.col("cell_at_start") >= 0).then(scene.who.imei.gather(frame["line"])),
        "imsi": scene.who.imsi.gather(frame["line"]),
    }


_join, _cut = delimited("\t", "Time", 4)

TMOBILE_LE = Layout(
    id="tmobile_le",
    carrier="tmobile",
    file_name=lambda scene, nth: f"tmobile_cdr_{nth}.txt",
    newline="\n",
    mix=Mix(calls=0.6, sms=0.4),
    forms=(
        Form("record", _texts, _join, _cut, Marks(
            started=("Date", "Time"), impossible_date=(r"^\d\d/\d\d", "13/45"), duration="Duration",
            numbers=("Calling Number", "Called Number"), imei="IMEI", imsi="IMSI",
            swap_coordinates=_swap,
        )),
    ),
    form_of=(0, 0, 0),
    notation=renumber("1${1}${2}${3}", "", {people.VOICEMAIL_RETRIEVAL: "1" + VOICEMAIL_RETRIEVAL}),
    reads=lambda parties: parties.replace({people.VOICEMAIL_RETRIEVAL: "+1" + VOICEMAIL_RETRIEVAL}),
    sections=_sections,
    truth=_truth,
    zone="UTC",
    network="310260",
)  # fmt: skip
