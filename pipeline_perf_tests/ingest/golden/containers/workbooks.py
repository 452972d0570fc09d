"""Writes the golden workbooks: `python -m
pipeline_perf_tests.ingest.golden.containers.workbooks` puts them beside this file.

Written by hand from the documented columns, independently of layouts and generator. What must be
read from them is in the JSON files of the same names, written by hand, too.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from pipeline_perf_tests.ingest.container.workbook_files import Cell, written

HERE = Path(__file__).parent


def day(text: str, form: str = "m/d/yyyy h:mm:ss") -> tuple[float, str]:
    """A moment as a spreadsheet stores it: days since 30 December 1899."""
    since = datetime.fromisoformat(text) - datetime(1899, 12, 30)
    return since.days + since.seconds / 86_400, form


def clock(hours: int, minutes: int, seconds: int, form: str = "hh:mm:ss") -> tuple[float, str]:
    return (hours * 3600 + minutes * 60 + seconds) / 86_400, form


def tmobile_le() -> dict[str, list[list[Cell]]]:
    """Titles in row 12; dates, times, numbers and identities as a spreadsheet keeps them: as
    numbers.
    """
    titles: list[Cell] = [
        "Date", "Time", "Duration", "Call Type", "Direction", "Calling Number", "Dialed Number",
        "Called Number", "Destination Number",
        "IMSI", "IMEI", "Completion Code", "Answered?", "1st Cell ID", "1st Tower LAT",
        "1st Tower LONG",
    ]  # fmt: skip
    us = "mm/dd/yyyy"
    voice: list[list[Cell]] = [
        ["T-Mobile Call Detail Records"],
        [],
        ["Target Number", 12065550121],
        ["Time zone", "UTC"],
        ["From", day("2017-10-31", us)],
        ["To", day("2017-11-05", us)],
        [],
        [],
        [],
        ["Interpreting Call Detail Records v.170711"],
        [],
        titles,
        [
            day("2017-10-31", us),
            clock(23, 50, 1),
            75,
            "moc",
            "Outgoing",
            12065550121,
            4255550188,
            14255550188,
            14255550188,
            310260123450001,
            35123400123456,
            "Completed successfully",
            "YES",
            10451,
            47.6062,
            -122.3321,
        ],
        [
            day("2017-10-31", us),
            clock(23, 59, 59),
            0,
            "mtc",
            "Incoming",
            14255550188,
            None,
            12065550121,
            12065550121,
            310260123450001,
            None,
            "Abnormal Completion",
            "NO",
            "10451",
            47.6062,
            -122.3321,
        ],
        [],
        [
            day("2017-11-05", us),
            clock(0, 0, 0),
            12,
            "moc",
            "Outgoing",
            "12065550121",
            "805MESSAGE",
            "18056377243",
            "18056377243",
            "310260123450001",
        ],
    ]
    messages: list[list[Cell]] = [
        titles,
        [
            "11/05/2017",
            "09:00:00",
            None,
            "mSTerminatingSMSinMSC",
            "Incoming",
            32665,
            None,
            "12065550121",
            "12065550121",
        ],
        [
            "11/05/2017",
            "09:00:03",
            None,
            "mSOriginatingSMSinMSC",
            "Outgoing",
            12065550121,
            None,
            "4.88E+09",
            "4.88E+09",
        ],
    ]
    return {"Voice": voice, "Messages": messages}


def verizon_volte() -> dict[str, list[list[Cell]]]:
    titles: list[Cell] = [
        "MSISDN", "Record Open Date/Time(Local)", "CallDirection", "Calling Party No",
        "Called Prty Addr", "TIMEUsage",
        "Mkt Enodeb Id", "ANI Cell Id",
    ]  # fmt: skip
    return {
        "VCE": [
            titles,
            [
                17075550144,
                day("2016-03-13T01:59:30"),
                1,
                "sip:+14155550152@vzims.com;user=phone",
                "tel:+17075550144",
                58,
                "331012",
                "17",
            ],
            [
                17075550144,
                day("2016-03-13T03:05:00"),
                0,
                "sip:+17075550144@vzims.com",
                "tel:+14155550152",
                0,
                "331012",
                "18",
            ],
            [
                "17075550144",
                day("2016-12-31T23:59:59"),
                0,
                "tel:+17075550144",
                "sip:911@vzims.com",
                125.0,
                331013,
                2,
            ],
            [],
            ["331012", "Site: Vallejo North", None, "38.1041", "-122.2566"],
        ]
    }


if __name__ == "__main__":
    for build in (tmobile_le, verizon_volte):
        written(HERE / f"{build.__name__}.xlsx", build())
