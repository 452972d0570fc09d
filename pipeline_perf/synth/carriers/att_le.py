"""AT&T's mobility report for law enforcement: sections of voice, SMS and data per target, in UTC.

Column titles and the meaning of Item, ET and CellLocation follow the carrier's published "AT&T
Records Key"; the order of columns and the preamble follow public importers of such reports.
Nobody outside has seen the header of the data section or the form of the time evidenced: both are a
guess that is kept in this one place.
"""

from __future__ import annotations

import polars as pl

from pipeline_perf.synth.callmodel import FORWARDED_LEG, VOICEMAIL_LEG, Mix
from pipeline_perf.synth.layout import Form, Layout, Marks, Scene, Section
from pipeline_perf.synth.wording import (
    BLANK,
    CELL_KNOWN,
    DATA,
    FORWARDED,
    MONTH_DAY,
    OUT,
    SMS,
    boundaries,
    delimited,
    either,
    from_and_to,
    hours_minutes_seconds,
    known_rows,
    minutes_seconds,
    parties,
    renumber,
    spelled,
    stamp,
)

VOICE_HEADER = (
    "Item,ConnDateTime(UTC),SeizureTime,ET,OriginatingNumber,TerminatingNumber,IMEI,IMSI,CT,"
    "Feature,DIALED,FORWARDED,TRANSLATED,ORIG_ORIG,MAKE,MODEL,CellLocation"
)
SMS_HEADER = (
    "Item,ConnDateTime(UTC),OriginatingNumber,TerminatingNumber,IMEI,IMSI,Desc,MAKE,MODEL,"
    "CellLocation"
)
DATA_HEADER = (
    "Item,ConnDateTime(UTC),OriginatingNumber,ET,BytesUp,BytesDn,IMEI,IMSI,AccessPt,CT,MAKE,MODEL,"
    "CellLocation"
)
HEADERS = (VOICE_HEADER, SMS_HEADER, DATA_HEADER)
TITLES = ("Voice", "SMS", "Data")

#: A page of print holds some forty rows. A report of a million rows with a footer after every forty
#: would be an eighth furniture; these figures keep repeated headers at a few per cent of any file.
PAGE_ROWS = 200
PAGE_ROWS_OF_LARGE_FILES = 10_000
LARGE_FILE_ROWS = 20_000

NOT_PASSED = "-1"
ORIGINATING_OR_TERMINATING = either(OUT, "MO", "MT")

#: What every section tells of a record, at its beginning and at its end.
_FIRST = {"Item": pl.col("item").cast(pl.String), "ConnDateTime(UTC)": stamp("%m/%d/%y %H:%M:%S")}


def _device(frame: pl.DataFrame, scene: Scene) -> dict[str, pl.Expr]:
    return {
        "IMEI": either(CELL_KNOWN, pl.lit(scene.who.imei.gather(frame["line"])), NOT_PASSED),
        "IMSI": pl.lit(scene.who.imsi.gather(frame["line"])),
    }


def _last(frame: pl.DataFrame, scene: Scene) -> dict[str, pl.Expr]:
    return {
        "MAKE": either(CELL_KNOWN, "APPLE", ""),
        "MODEL": either(CELL_KNOWN, "IPHONE13", ""),
        "CellLocation": _cell_location(frame, scene),
    }


def _cell_location(frame: pl.DataFrame, scene: Scene) -> pl.Expr:
    """[LAC/CID:longitude:latitude:azimuth:beam,...], first and last cell, the comma unquoted."""
    beam = either(pl.col("azimuth") > 0, "-1.0", "0.0")
    cells = scene.who.cells.select(
        pl.format("{}/{}:{}:{}:{}:{}", "lac", "cid", "longitude", "latitude", "azimuth", beam)
    )[:, 0]
    first, last = (
        pl.lit(cells.gather(known_rows(frame, column))).fill_null("")
        for column in ("cell_at_start", "cell_at_end")
    )
    stayed = pl.col("cell_at_start") == pl.col("cell_at_end")
    return pl.format("[{}{}]", first, either(stayed, "", pl.format(",{}", last)))


def _numbers(frame: pl.DataFrame, scene: Scene) -> tuple[pl.Expr, pl.Expr, pl.Expr]:
    own, other, target = parties(frame, scene, scene.written)
    return own, *from_and_to(own, other, target)


def _voice(frame: pl.DataFrame, scene: Scene) -> pl.DataFrame:
    own, caller, called = _numbers(frame, scene)
    leg = pl.col("leg")
    seizure = pl.when(FORWARDED).then(0).otherwise(pl.col("event") % 23 + 2)
    feature = either(
        leg == VOICEMAIL_LEG,
        "[CFB]",
        either(leg == FORWARDED_LEG, "[CFU]", either(OUT, "[NIOP]", "[]")),
    )
    dialled = either(FORWARDED, own, either(OUT & called.str.starts_with("011"), called, ""))
    return frame.select(
        **_FIRST,
        SeizureTime=minutes_seconds(seizure),
        ET=minutes_seconds(pl.col("duration_s")),
        OriginatingNumber=pl.concat_str(caller, either(FORWARDED, "(F)", "")),
        TerminatingNumber=called,
        **_device(frame, scene),
        CT=ORIGINATING_OR_TERMINATING,
        Feature=feature,
        DIALED=dialled,
        FORWARDED=either(FORWARDED, own, ""),
        TRANSLATED=BLANK,
        ORIG_ORIG=BLANK,
        **_last(frame, scene),
    )


def _sms(frame: pl.DataFrame, scene: Scene) -> pl.DataFrame:
    _, caller, called = _numbers(frame, scene)
    return frame.select(
        **_FIRST,
        OriginatingNumber=caller,
        TerminatingNumber=called,
        **_device(frame, scene),
        Desc=ORIGINATING_OR_TERMINATING,
        **_last(frame, scene),
    )


def _data(frame: pl.DataFrame, scene: Scene) -> pl.DataFrame:
    own, _, _ = _numbers(frame, scene)
    return frame.select(
        **_FIRST,
        OriginatingNumber=own,
        ET=hours_minutes_seconds(pl.col("duration_s")),
        BytesUp=pl.col("bytes_up").cast(pl.String),
        BytesDn=pl.col("bytes_down").cast(pl.String),
        **_device(frame, scene),
        AccessPt=pl.lit("nxtgenphone"),
        CT=pl.lit("MO"),
        **_last(frame, scene),
    )


def _swap(texts: pl.DataFrame) -> pl.DataFrame:
    """Latitude before longitude in every cell of the list."""
    return texts.with_columns(
        pl.col("CellLocation").str.replace_all(r":(-?\d+\.\d+):(-?\d+\.\d+):", ":${2}:${1}:")
    )


def _marks(duration: str | None, numbers: tuple[str, ...]) -> Marks:
    return Marks(
        started=("ConnDateTime(UTC)",), impossible_date=MONTH_DAY, duration=duration,
        numbers=numbers, imei="IMEI", imsi="IMSI", swap_coordinates=_swap,
    )  # fmt: skip


_QUERIED = "AT&T has queried for records"
_CONFIDENTIAL = (
    "The information contained here is for use by authorized persons only and is not for general"
    " distribution."
)


def _preamble(scene: Scene) -> tuple[str, ...]:
    first, last = scene.period.first, scene.period.last
    return (
        "      MOBILITY WITH CELL LOCATION",
        "",
        f"      {_QUERIED} from {first:%m/%d/%Y} 12:00:00am to {last:%m/%d/%Y} 11:59:59pm",
        f"      {_QUERIED} using Eastern Time Zone. AT&T's records are stored and provided in UTC.",
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
    for nth, (start, stop) in enumerate(pages, start=1):
        number, form = scene.number_of_line(frame["line"][start]), frame["form"][start]
        usage = f"      {TITLES[form]} Usage For: {spelled(number, '({}){}-{}')}"
        head = (*(_preamble(scene) if nth == 1 else ()), usage, "", HEADERS[form])
        foot = (
            "",
            " " * 51 + "AT&T Proprietary",
            f" {_CONFIDENTIAL}",
            " " * 100 + f"Page {nth} of {len(pages)}",
            *([""] if nth < len(pages) else []),
        )
        sections.append(Section(head, start, stop, foot))
    return sections


def _truth(frame: pl.DataFrame, scene: Scene) -> dict[str, pl.Series | pl.Expr]:
    """A position is that of the first cell; no handset is reported where no cell is."""
    cells = scene.who.cells.with_columns(text=pl.format("{}/{}", "lac", "cid"))
    first, last = known_rows(frame, "cell_at_start"), known_rows(frame, "cell_at_end")
    return {
        "duration_s": pl.when(~SMS).then(pl.col("duration_s")),
        "duration_resolution_s": pl.when(~SMS).then(1),
        "to_number": pl.when(~DATA).then(pl.col("to_number")),
        "bytes_total": pl.when(DATA).then(pl.col("bytes_up") + pl.col("bytes_down")),
        "cell_first": cells["text"].gather(first),
        "cell_last": cells["text"].gather(last),
        "latitude": cells["latitude"].gather(first),
        "longitude": cells["longitude"].gather(first),
        "imei": pl.when(CELL_KNOWN).then(scene.who.imei.gather(frame["line"])),
        "imsi": scene.who.imsi.gather(frame["line"]),
    }


_SETTING = delimited(",", "ConnDateTime(UTC)")
_BOTH_NUMBERS = ("OriginatingNumber", "TerminatingNumber")

ATT_LE = Layout(
    id="att_le_mobility",
    carrier="att",
    file_name=lambda scene, nth: f"att_mobility_{nth}.txt",
    newline="\r\n",
    mix=Mix(calls=0.5, sms=0.34, data=0.16),
    forms=(
        Form("voice", _voice, *_SETTING, _marks("ET", _BOTH_NUMBERS)),
        Form("sms", _sms, *_SETTING, _marks(None, _BOTH_NUMBERS)),
        Form("data", _data, *_SETTING, _marks("ET", ("OriginatingNumber",))),
    ),
    form_of=(0, 1, 2),
    notation=renumber("1${1}${2}${3}", "011", {"Unavailable": NOT_PASSED}),
    reads=lambda parties: parties.replace({"Unavailable": None}),
    sections=_sections,
    truth=_truth,
    zone="UTC",
)
