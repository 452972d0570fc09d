"""Number formats of a workbook: what a spreadsheet stores → the text that a person sees in the
cell.

What a cell hides is the exception: a spreadsheet shows 2125550100 as 2.13E+09 in a narrow column,
8:15:07 as 8:15 where the format has no seconds, and 25:01:01 as 1:01:01 or 01:01; here all of it
stands. Where the cells stand is `workbook`'s work.
"""

from __future__ import annotations

import datetime as dt
import functools
import re
from collections.abc import Callable

#: Formats that a workbook names by number only (ECMA-376, part 1, 18.8.30), as the United States
#: write them.
BUILT_IN = {
    0: "General", 1: "0", 2: "0.00", 3: "#,##0", 4: "#,##0.00", 9: "0%", 10: "0.00%",
    11: "0.00E+00", 12: "# ?/?", 13: "# ??/??",
    14: "m/d/yyyy", 15: "d-mmm-yy", 16: "d-mmm", 17: "mmm-yy", 18: "h:mm AM/PM",
    19: "h:mm:ss AM/PM", 20: "h:mm", 21: "h:mm:ss",
    22: "m/d/yyyy h:mm", 37: "#,##0", 38: "#,##0", 39: "#,##0.00", 40: "#,##0.00", 45: "mm:ss",
    46: "[h]:mm:ss", 47: "mm:ss.0",
    48: "##0.0E+0", 49: "@",
}  # fmt: skip

#: Beyond these digits a spreadsheet has put zeros: such a number is shown as what it is, a rounded
#: one.
DIGITS = 15

#: Days below which a number without a date is a length of time; no record is from 1902.
LENGTHS = 1_000

#: Parts of a date format: text in quotes or behind a backslash, elapsed time, the parts of date and
#: time, anything else.
PART = re.compile(
    r'"([^"]*)"|\\(.)|\[(h+|m+|s+)\]|\[[^][]*\]|(AM/PM|A/P)|(y+|m+|d+|h+|s+(?:\.0+)?)|(_.|\*.)|(.)',
    re.IGNORECASE | re.DOTALL,
)

Shown = Callable[[str], str]


@functools.cache
def shown(code: str, epoch_1904: bool = False) -> Shown:
    """How a number, as it is stored, looks in this format."""
    first = code.split(";", maxsplit=1)[0]
    if first.casefold() in ("general", "@", ""):
        return general
    parts = _parts(first)
    if any(kind[-1] in "ymdhs" for kind, _ in parts if kind):
        return functools.partial(
            _moment,
            parts=parts,
            epoch=dt.datetime(1904, 1, 1) if epoch_1904 else dt.datetime(1899, 12, 30),
        )
    bare = re.sub(r'"[^"]*"|\\.|\[[^][]*\]|_.', "", first)
    # nothing is given back: a code of strangers may be a million signs long
    mask = re.fullmatch(r"[^0#?]*+([0#?,]++)(?:\.([0#?]++))?[^0#?]*+", bare)
    if mask and "E" not in bare.upper() and "%" not in bare and "/" not in bare:
        whole, fraction = mask[1], mask[2] or ""
        return functools.partial(
            _decimal, width=whole.count("0"), places=len(fraction), least=fraction.count("0")
        )
    return general


def general(stored: str) -> str:
    """A number without a format: whole ones in full."""
    if stored.isdigit() and len(stored) <= DIGITS:
        return stored
    try:
        value = float(stored)
    except ValueError:
        return stored
    if value.is_integer() and abs(value) < 10**DIGITS:
        return str(int(value))
    return f"{value:.{DIGITS}G}"


def _decimal(stored: str, width: int, places: int, least: int) -> str:
    """A number in digits, `width` of them at least before the point, `least` to `places` behind
    it; thousands are not set apart.
    """
    try:
        value = float(stored)
    except ValueError:
        return stored
    if abs(value) >= 10**DIGITS:
        return general(stored)
    text = f"{abs(value):.{places}f}"
    if places > least:
        whole, _, fraction = text.partition(".")
        fraction = fraction[:least] + fraction[least:].rstrip("0")
        text = f"{whole}.{fraction}" if fraction else whole
    digits = len(text.partition(".")[0])
    return "-" * (value < 0) + "0" * (width - digits) + text


def _parts(code: str) -> tuple[tuple[str, str], ...]:
    """(kind, text) of a date format: y, m, d, h, n (minutes), s, e (elapsed), p (AM/PM), or
    empty for plain text.
    """
    parts: list[tuple[str, str]] = []
    for quoted, escaped, elapsed, half, part, _, other in PART.findall(code):
        if elapsed:
            parts.append(("e" + elapsed[0].lower(), elapsed))
        elif half:
            parts.append(("p", half))
        elif part:
            parts.append((part[0].lower(), part.lower()))
        else:
            parts.append(("", quoted or escaped or other))
    kinds = [kind for kind, _ in parts if kind and kind != "p"]
    for i, (kind, text) in enumerate(parts):
        if kind == "m":  # minutes behind hours or before seconds
            at = sum(1 for k, _ in parts[:i] if k and k != "p")
            before, after = (
                kinds[at - 1] if at else "",
                (kinds[at + 1] if at + 1 < len(kinds) else ""),
            )
            if len(text) <= 2 and (before in ("h", "eh") or after == "s"):
                parts[i] = ("n", text)
    return tuple(parts)


def _moment(stored: str, parts: tuple[tuple[str, str], ...], epoch: dt.datetime) -> str:
    """A day number, time in its fraction, as date, time or elapsed time."""
    try:
        days = float(stored)
        fraction = next(
            (
                len(text) - text.index(".") - 1
                for kind, text in parts
                if kind == "s" and "." in text
            ),
            0,
        )
        seconds = round(days * 86_400, min(fraction, 3))
        moment = epoch + dt.timedelta(seconds=seconds)
    except (ValueError, OverflowError):
        return stored
    kinds = {kind for kind, _ in parts}
    twelve, dated = "p" in kinds, bool(kinds & set("ymd"))
    length = not dated and not twelve and 0 <= days < LENGTHS  # of time, or a time of the day
    whole = int(seconds)
    elapsed = {"eh": 3600, "em": 60, "en": 60, "es": 1}
    shown_parts = []
    if length and whole >= 3600 and "n" in kinds and not kinds & {"h", "eh"}:
        shown_parts.append(f"{whole // 3600}:")
    for kind, text in parts:
        if kind in elapsed:
            shown_parts.append(f"{whole // elapsed[kind]:0{len(text)}d}")
        elif kind == "h" and length and days >= 1:
            shown_parts.append(f"{whole // 3600:0{len(text)}d}")
        else:
            shown_parts.append(_part(kind, text, moment, twelve=twelve))
        if kind == "n" and kinds & {"h", "eh"} and not kinds & {"s", "es"} and whole % 60:
            shown_parts.append(f":{whole % 60:02d}")
    return "".join(shown_parts)


def _part(kind: str, text: str, moment: dt.datetime, *, twelve: bool) -> str:
    long = len(text)
    if kind == "y":
        return f"{moment.year:04d}" if long > 2 else f"{moment.year % 100:02d}"
    if kind == "m":
        return (
            moment.strftime("%B")
            if long == 4
            else moment.strftime("%b")
            if long > 2
            else f"{moment.month:0{long}d}"
        )
    if kind == "d":
        return (
            moment.strftime("%A")
            if long > 3
            else moment.strftime("%a")
            if long == 3
            else f"{moment.day:0{long}d}"
        )
    if kind == "h":
        return f"{(moment.hour - 1) % 12 + 1 if twelve else moment.hour:0{min(long, 2)}d}"
    if kind == "n":
        return f"{moment.minute:0{long}d}"
    if kind == "s":
        whole, _, digits = text.partition(".")
        fraction = f".{moment.microsecond:06d}"[: len(digits) + 1] if digits else ""
        return f"{moment.second:0{len(whole)}d}{fraction}"
    if kind == "p":
        half = "AM" if moment.hour < 12 else "PM"
        return half if long > 3 else half[0]
    return text
