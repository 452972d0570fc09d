"""AT&T's mobility report for law enforcement: voice, SMS and data sections per target, times in
UTC.

Column titles and the meaning of Item, ET and CellLocation follow the carrier's published "AT&T
Records Key"; the order of columns and the preamble follow public importers of such reports.
Nobody outside has seen the header of the data section or the form of the time evidenced: both are a
guess that is kept in this one place.
"""

from __future__ import annotations

import polars as pl

from pipeline_perf.synth import callmodel
from pipeline_perf.synth.callmodel import Mix
from pipeline_perf.synth.layout import (
    Form,
    Layout,
    Marks,
    Scene,
    Section,
    boundaries,
    delimited,
    from_and_to,
    hours_minutes_seconds,
    minutes_seconds,
    parties,
    renumber,
)

VOICE_HEADER = (
    "Item,ConnDateTime(UTC),SeizureTime,ET,OriginatingNumber,TerminatingNumber,IMEI,IMSI,CT,"
    "Feature,"
    "DIALED,FORWARDED,TRANSLATED,ORIG_ORIG,MAKE,MODEL,CellLocation"
)
SMS_HEADER = (
    "Item,ConnDateTime(UTC),OriginatingNumber,TerminatingNumber,IMEI,IMSI,Desc,MAKE,MODEL"
    ",CellLocation"
)
DATA_HEADER = (
    "Item,ConnDateTime(UTC),OriginatingNumber,ET,BytesUp,BytesDn,IMEI,IMSI,AccessPt,CT,MAKE,MODEL"
    ",CellLocation"
)
HEADERS = (VOICE_HEADER, SMS_HEADER, DATA_HEADER)
TITLES = ("Voice", "SMS", "Data")

# A page of print holds some forty rows. A report of a million rows with a footer after every forty
# would be an eighth furniture; these two figures keep repeated headers in every file at a few per
# cent.
PAGE_ROWS = 200
PAGE_ROWS_OF_LARGE_FILES = 10_000
LARGE_FILE_ROWS = 20_000

NOT_PASSED = "-1"


def _when(frame: pl.DataFrame) -> pl.Series:
    return frame["written"].dt.strftime("%m/%d/%y %H:%M:%S")


def _device(frame: pl.DataFrame, scene: Scene) -> dict[str, pl.Series]:
    known = frame["cell_at_start"] >= 0
    imei = scene.who.imei.gather(frame["line"])
    return {
        "IMEI": imei.zip_with(known, pl.Series([NOT_PASSED])),
        "IMSI": scene.who.imsi.gather(frame["line"]),
    }


def _make(frame: pl.DataFrame) -> dict[str, pl.Expr]:
    known = pl.col("cell_at_start") >= 0
    return {
        "MAKE": pl.when(known).then(pl.lit("APPLE")).otherwise(pl.lit("")),
        "MODEL": pl.when(known).then(pl.lit("IPHONE13")).otherwise(pl.lit("")),
    }


def _cell_location(frame: pl.DataFrame, scene: Scene) -> pl.Series:
    """[LAC/CID:longitude:latitude:azimuth:beam,...], first and last cell; the comma stands
    unquoted.
    """
    of_cell = scene.who.cells.select(
        text=pl.format(
            "{}/{}:{}:{}:{}:{}",
            "lac",
            "cid",
            "longitude",
            "latitude",
            "azimuth",
            pl.when(pl.col("azimuth") > 0).then(pl.lit("-1.0")).otherwise(pl.lit("0.0")),
        )
    )["text"]
    first = of_cell.gather(
        frame.select(pl.when(pl.col("cell_at_start") >= 0).then(pl.col("cell_at_start")))[:, 0]
    )
    last = of_cell.gather(
        frame.select(pl.when(pl.col("cell_at_end") >= 0).then(pl.col("cell_at_end")))[:, 0]
    )
    one = (frame["cell_at_start"] == frame["cell_at_end"]).alias("one")
    pair = pl.DataFrame({"first": first, "last": last, "one": one})
    return pair.select(
        text=pl.concat_str(
            pl.lit("["),
            pl.col("first").fill_null(""),
            pl.when("one")
            .then(pl.lit(""))
            .otherwise(pl.concat_str(pl.lit(","), pl.col("last").fill_null(""))),
            pl.lit("]"),
        )
    )["text"]


def _numbers(frame: pl.DataFrame, scene: Scene) -> tuple[pl.Series, pl.Series, pl.Series]:
    own, other, target = parties(frame, scene, scene.written)
    caller, called = from_and_to(frame, own, other, target)
    return own, caller, called


def _call_type(frame: pl.DataFrame) -> pl.Expr:
    return (
        pl.when(pl.col("direction_code") == callmodel.OUT)
        .then(pl.lit("MO"))
        .otherwise(pl.lit("MT"))
    )


def _voice(frame: pl.DataFrame, scene: Scene) -> pl.DataFrame:
    own, caller, called = _numbers(frame, scene)
    forwarded = pl.col("direction_code") == callmodel.FORWARDED
    feature = (
        pl.when(pl.col("leg") == callmodel.VOICEMAIL_LEG).then(pl.lit("[CFB]"))
        .when(pl.col("leg") == callmodel.FORWARDED_LEG).then(pl.lit("[CFU]"))
        .when(pl.col("direction_code") == callmodel.OUT).then(pl.lit("[NIOP]"))
        .otherwise(pl.lit("[]"))
    )  # fmt: skip
    dialled_abroad = (pl.col("direction_code") == callmodel.OUT) & called.str.starts_with("011")
    device = _device(frame, scene)
    return frame.select(
        Item=pl.col("item").cast(pl.String),
        **{"ConnDateTime(UTC)": _when(frame)},
        SeizureTime=minutes_seconds(pl.when(forwarded).then(0).otherwise(pl.col("event") % 23 + 2)),
        ET=minutes_seconds(pl.col("duration_s")),
        OriginatingNumber=pl.concat_str(
            caller, pl.when(forwarded).then(pl.lit("(F)")).otherwise(pl.lit(""))
        ),
        TerminatingNumber=called,
        IMEI=device["IMEI"],
        IMSI=device["IMSI"],
        CT=_call_type(frame),
        Feature=feature,
        DIALED=pl.when(forwarded).then(own).when(dialled_abroad).then(called).otherwise(pl.lit("")),
        FORWARDED=pl.when(forwarded).then(own).otherwise(pl.lit("")),
        TRANSLATED=pl.lit(""),
        ORIG_ORIG=pl.lit(""),
        **_make(frame),
        CellLocation=_cell_location(frame, scene),
    )


def _sms(frame: pl.DataFrame, scene: Scene) -> pl.DataFrame:
    _, caller, called = _numbers(frame, scene)
    device = _device(frame, scene)
    return frame.select(
        Item=pl.col("item").cast(pl.String),
        **{"ConnDateTime(UTC)": _when(frame)},
        OriginatingNumber=caller,
        TerminatingNumber=called,
        IMEI=device["IMEI"],
        IMSI=device["IMSI"],
        Desc=_call_type(frame),
        **_make(frame),
        CellLocation=_cell_location(frame, scene),
    )


def _data(frame: pl.DataFrame, scene: Scene) -> pl.DataFrame:
    own, _, _ = _numbers(frame, scene)
    device = _device(frame, scene)
    return frame.select(
        Item=pl.col("item").cast(pl.String),
        **{"ConnDateTime(UTC)": _when(frame)},
        OriginatingNumber=own,
        ET=hours_minutes_seconds(pl.col("duration_s")),
        BytesUp=pl.col("bytes_up").cast(pl.String),
        BytesDn=pl.col("bytes_down").cast(pl.String),
        IMEI=device["IMEI"],
        IMSI=device["IMSI"],
        AccessPt=pl.lit("nxtgenphone"),
        CT=pl.lit("MO"),
        **_make(frame),
        CellLocation=_cell_location(frame, scene),
    )


def _swap(texts: pl.DataFrame) -> pl.DataFrame:
    """Latitude before longitude in every cell of the list."""
    return texts.with_columns(
        pl.col("CellLocation").str.replace_all(r":(-?\d+\.\d+):(-?\d+\.\d+):", ":${2}:${1}:")
    )


def _marks(duration: str | None, numbers: tuple[str, ...]) -> Marks:
    return Marks(
        started=("ConnDateTime(UTC)",), impossible_date=(r"^\d\d/\d\d", "13/45"), duration=duration,
        numbers=numbers,
        imei="IMEI", imsi="IMSI", swap_coordinates=_swap,
    )  # fmt: skip


def _preamble(scene: Scene) -> tuple[str, ...]:
    first, last = scene.period.first, scene.period.last
    return (
        "      MOBILITY WITH CELL LOCATION",
        "",
        (
            f"      AT&T has queried for records from {first:%m/%d/%Y} 12:00:00am to"
            f" {last:%m/%d/%Y} 11:59:59pm"
        ),
        (
            "      AT&T has queried for records using Eastern Time Zone. AT&T's records are stored"
            " and provided in UTC."
        ),
        "                            (AT&T)",
        "      Matter ID:      1234567",
        f"      Creation Date:  {last:%m/%d/%Y}",
        f"      Run Date:       {last:%m/%d/%y}        Run Time:       14:02:11",
        "",
    )


def _sections(frame: pl.DataFrame, scene: Scene) -> list[Section]:
    page_rows = PAGE_ROWS_OF_LARGE_FILES if frame.height > LARGE_FILE_ROWS else PAGE_ROWS
    pages = boundaries(frame, ("line", "form"), page_rows)
    sections = []
    for nth, (start, stop) in enumerate(pages):
        digits = scene.number_of_line(frame["line"][start])[2:]
        form = frame["form"][start]
        usage = f"      {TITLES[form]} Usage For: ({digits[:3]}){digits[3:6]}-{digits[6:]}"
        foot = (
            "",
            " " * 51 + "AT&T Proprietary",
            (
                " The information contained here is for use by authorized persons only and is not"
                " for general distribution."
            ),
            " " * 100 + f"Page {nth + 1} of {len(pages)}",
            "",
        )
        head = (usage, "", HEADERS[form])
        sections.append(
            Section(
                _preamble(scene) + head if nth == 0 else head,
                start,
                stop,
                foot if nth + 1 < len(pages) else foot[:-1],
            )
        )
    return sections


def _truth(frame: pl.DataFrame, scene: Scene) -> dict[str, pl.Series | pl.Expr]:
    """A position is that of the first cell; no handset is reported where no cell is."""
    cells = scene.who.cells.with_columns(text=pl.format("{}/{}", "lac", "cid"))
    known = frame["cell_at_start"] >= 0
    first = frame.select(pl.when(pl.col("cell_at_start") >= 0).then(pl.col("cell_at_start")))[:, 0]
    last = frame.select(pl.when(pl.col("cell_at_end") >= 0).then(pl.col("cell_at_end")))[:, 0]
    timed = pl.col("kind") != callmodel.SMS
    return {
        "duration_s": pl.when(timed).then(pl.col("duration_s")),
        "duration_resolution_s": pl.when(timed).then(1),
        "to_number": pl.when(pl.col("kind") != callmodel.DATA).then(pl.col("to_number")),
        "bytes_total": (
            pl.when(pl.col("kind") == callmodel.DATA).then(
                pl.col("bytes_up") + pl.col("bytes_down")
            )
        ),
        "cell_first": cells["text"].gather(first),
        "cell_last": cells["text"].gather(last),
        "latitude": cells["latitude"].gather(first),
        "longitude": cells["longitude"].gather(first),
        "imei": (
            scene.who.imei.gather(frame["line"]).zip_with(known, pl.Series([None], dtype=pl.String))
        ),
        "imsi": scene.who.imsi.gather(frame["line"]),
    }


_join, _cut = delimited(",", "ConnDateTime(UTC)", 4)

ATT_LE = Layout(
    id="att_le_mobility",
    carrier="att",
    file_name=lambda scene, nth: f"att_mobility_{nth}.txt",
    newline="\r\n",
    mix=Mix(calls=0.5, sms=0.34, data=0.16),
    forms=(
        Form(
            "voice", _voice, _join, _cut, _marks("ET", ("OriginatingNumber", "TerminatingNumber"))
        ),
        Form("sms", _sms, _join, _cut, _marks(None, ("OriginatingNumber", "TerminatingNumber"))),
        Form("data", _data, _join, _cut, _marks("ET", ("OriginatingNumber",))),
    ),
    form_of=(0, 1, 2),
    notation=renumber("1${1}${2}${3}", "011", {"Unavailable": NOT_PASSED}),
    reads=lambda parties: parties.replace({"Unavailable": None}),
    sections=_sections,
    truth=_truth,
    zone="UTC",
)
