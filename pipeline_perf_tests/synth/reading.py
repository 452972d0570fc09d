"""A second opinion on what a generated line says, in plain Python, sharing no code with the
generator.

One small function per layout: line → (local start, seconds or None, caller's and called's last four
digits, "" where there is no number). It reads undamaged lines only.
"""

from __future__ import annotations

import csv
import re
from datetime import datetime
from pathlib import Path

Said = tuple[datetime, float | None, str, str]

FURNITURE = {
    "att_le_mobility": r"^$|^\s+\S|^Item,|^ The information",
    "att_bill_csv": r"^Item,",
    "verizon_le": r"^$|^Network Element Name,",
    "tmobile_le": r"^$|^Date\t",
    "sprint_le": r"^,{10}$|^CALLING_NBR,",
    "legacy_fixed": r"^HDR |^TRL ",
    "emi": r"^20240[12]",
    "avaya_cm": r"(?!)",
}


def physical_lines(path: Path) -> list[str]:
    """The lines of a file whose line end is CRLF, LF or a bare CR, whichever its bytes show."""
    data = path.read_bytes()
    newline = b"\r\n" if b"\r\n" in data else b"\n" if b"\n" in data else b"\r"
    assert data.endswith(newline)
    return data.decode("ascii").split(newline.decode())[:-1]


def last4(text: str) -> str:
    digits = re.sub(r"\D", "", text)
    return digits[-4:] if len(digits) >= 3 else ""


def clock(text: str) -> float:
    seconds = 0
    for part in text.split(":"):
        seconds = seconds * 60 + int(part)
    return float(seconds)


def att_le_mobility(line: str, subscriber: str) -> Said:
    cells = line.split(",")
    start = datetime.strptime(cells[1], "%m/%d/%y %H:%M:%S")
    if re.search(r",(MO|MT),(APPLE)?,(IPHONE13)?,\[", line) and "nxtgenphone" not in line:
        # a message
        return start, None, last4(cells[2].replace("-1", "")), last4(cells[3].replace("-1", ""))
    if "nxtgenphone" in line:
        return start, clock(cells[3]), last4(cells[2]), ""
    return start, clock(cells[3]), last4(cells[4]) if cells[4] != "-1" else "", last4(cells[5])


def att_bill_csv(line: str, subscriber: str) -> Said:
    cells = line.split(",")
    start = datetime.strptime(f"{cells[2]} {cells[3]}", "%m/%d/%Y %I:%M%p")
    parties = (cells[4], subscriber) if cells[5] == "INCOMING CL" else (subscriber, cells[4])
    return start, 60.0 * int(cells[6]), last4(parties[0]), last4(parties[1])


def verizon_le(line: str, subscriber: str) -> Said:
    cells = next(csv.reader([line]))
    return (
        datetime.strptime(cells[4], "%m/%d/%Y %H:%M"),
        float(cells[5]),
        last4(cells[10]),
        last4(cells[2]) if cells[2] != "*86" else "",
    )


def tmobile_le(line: str, subscriber: str) -> Said:
    cells = line.split("\t")
    assert len(cells) == 38
    start = datetime.strptime(f"{cells[0]} {cells[1]}", "%m/%d/%Y %H:%M:%S")
    return start, float(cells[2]) if cells[2] else None, last4(cells[5]), last4(cells[8])


def sprint_le(line: str, subscriber: str) -> Said:
    cells = line.split(",")
    assert len(cells) == 11
    called = cells[1] if cells[1] != "*86" else ""
    return (
        datetime.strptime(cells[4], "%m/%d/%Y %H:%M:%S"),
        float(cells[6]),
        last4(cells[0]),
        last4(called),
    )


def legacy_fixed(line: str, subscriber: str) -> Said:
    assert len(line) == 120
    time, lasted = line[4:12] + line[13:19], line[58:64]
    called = line[42:57].strip()
    seconds = int(lasted[:2]) * 3600 + int(lasted[2:4]) * 60 + int(lasted[4:])
    return (
        datetime.strptime(time, "%Y%m%d%H%M%S"),
        float(seconds),
        last4(line[26:41]),
        last4(called) if called != "*86" else "",
    )


def emi(line: str, subscriber: str) -> Said:
    assert len(line) == 262
    start = datetime.strptime(line[6:12] + line[54:60], "%y%m%d%H%M%S")
    return start, int(line[60:67]) / 10, last4(line[14:24]), last4(line[29:39])


def avaya_cm(line: str, subscriber: str) -> Said:
    return (
        datetime.strptime(line[:14], "%m/%d/%y %H:%M"),
        clock(line[15:23]),
        last4(line[51:66]),
        last4(line[36:51]),
    )


READ = {
    f.__name__: f
    for f in (
        att_le_mobility,
        att_bill_csv,
        verizon_le,
        tmobile_le,
        sprint_le,
        legacy_fixed,
        emi,
        avaya_cm,
    )
}
