"""Text made fit to be shown: telephone numbers masked, control characters as their pictures.

Exports are the data themselves and are not masked.
"""

from __future__ import annotations

import re

#: Digits that may be a telephone number, a device's or a subscriber's: seven in a row, or grouped
#: as numbers are written in North America or, after a plus, anywhere.
_GAP = r"[ .\-\u00a0\u2010-\u2015]"
NUMBER = re.compile(
    rf"\+?\d{{7,}}|\+\d(?:\d|{_GAP}|[()]){{5,}}\d|(?:\(\d{{3}}\)(?:\s|{_GAP})?"
    rf"|\b\d{{3}}{_GAP})\d{{3}}{_GAP}?\d{{4}}\b|\b\d{{3}}[.-]\d{{4}}\b"
)
#: Digits in a row that are a date, or date and time.
MOMENT = re.compile(
    r"(?:19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])(?:(?:[01]\d|2[0-3])[0-5]\d[0-5]\d)?"
)

#: What a terminal would obey instead of showing it → its picture.
CONTROLS = (
    {code: 0x2400 + code for code in range(0x20)}
    | {0x7F: 0x2421}
    | dict.fromkeys(range(128, 160), 65533)
)


def masked(text: str) -> str:
    """Text with all but the last four digits of each number in it replaced by dots; dates stay."""

    def mask(found: re.Match[str]) -> str:
        number = found.group()
        if MOMENT.fullmatch(number):
            return number
        return re.sub(r"\d(?=(?:\D*\d){4})", "•", number)

    return NUMBER.sub(mask, text)


def shown(text: str) -> str:
    """Text of a foreign file that is safe on a terminal: control characters as their pictures."""
    return text.translate(CONTROLS)
