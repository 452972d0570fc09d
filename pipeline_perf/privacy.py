"""Text made fit to be shown: telephone numbers masked, control characters as their pictures.

Here is the one rule of what may be a number, for texts, names, messages and columns. What is shown
where, the callers know. Exports and JSON are the data themselves and are not masked.

The rule, in doubt for privacy: seven digits and more are a number, whatever letters stand around
them, in a row or with up to four signs between two digits as people write them (blanks of every
kind, dashes, dots, slashes, brackets, `_`). So a device's and a subscriber's identity (IMEI, IMSI,
ICCID), an epoch, and coordinates of five decimals are masked, too: they tell of a person as much.

What stays: fewer digits (12345, a short code), dates (2024-01-15, 15.01.2024, 01/15/24, 20240115),
times of day and durations with colons, both together, also in a row (20240115101112), amounts of
two decimals (12.50), numbers with commas (1,234,567), and hashes. A date that is a number's only
other reading is taken for the date: 20121212 may be somebody's in Denmark.

>>> masked("call of +1 212-555-0143 at 2024-01-15 10:11:12, 65 s")
'call of +1•••••••0143 at 2024-01-15 10:11:12, 65 s'
>>> masked("bill_2125550143_20240115.csv: IMEI 490154203237518")
'bill_•••••••0143_20240115.csv: IMEI •••••••7518'
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import polars as pl

#: Stands for all digits but the last four, however many, and for what people write between them.
DOTS = "•••••••"

#: What a text has at least in which a number may be; most names have less.
_SEVEN = re.compile(r"(?:\D*+\d){7}")

#: What people write between two digits of a number.
_BLANK = "\x00\u2400 _\u00a0\u2000-\u200b\u202f\u2060\u3000"
_MARK = (
    r"\-./()\[\]~\u00ad\u00b7\u2010-\u2015\u2022\u2053\u2212\u223c\u30fc\uff08\uff09\uff0d-\uff0f"
    r"\uff3b\uff3d\uff5e"
)
#: Four: as far apart as libphonenumber takes two digits for one number's.
_GAP = rf"[{_BLANK}{_MARK}]{{1,4}}"

# ------------------------------------------------------------------------- what stays as it is

_YEAR, _DAY = r"(?:19[7-9]|20[0-4])\d", r"(?:[12]\d|3[01]|0?[1-9])"
#: Not the end of a longer row: 06-12-10-20.
_APART = r"(?<!\d[-./])"
_OFFSET = r"(?:Z|[+-]\d\d:?\d\d(?!\d))"
_CLOCK = rf"{_APART}\d{{1,3}}:[0-5]\d(?::[0-5]\d(?:\.\d{{1,9}})?)?(?!/?\d){_OFFSET}?"
#: 10.15.30 and 18_13_16 are times of day right behind a date only: 01.23.45.67 is a number.
_TIME = rf"(?:[T_-]\d\d[.:_-]\d\d[.:_-]\d\d(?:\.\d{{1,9}})?(?![-._]?\d){_OFFSET}?)?"
_MONTH_DAY = rf"(?:-{_DAY}-{_DAY}|/{_DAY}/{_DAY}|\.{_DAY}\.{_DAY}|_{_DAY}_{_DAY})"
_DAY_MONTH = rf"{_APART}{_DAY}(?:-{_DAY}-|/{_DAY}/|\.{_DAY}\.)"
_COMPACT = r"(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])"
_COMPACT_TIME = r"(?:[01]\d|2[0-3])[0-5]\d[0-5]\d"

#: What no number has in it, and so ends one.
_CERTAIN = (
    rf"(?:{_YEAR}(?:{_MONTH_DAY}(?!\d){_TIME}"
    rf"|{_COMPACT}(?:T?{_COMPACT_TIME}(?:\.\d{{1,6}})?(?!\d){_OFFSET}?"
    # 074104-10123 behind a date is no time of day, but a number
    rf"|[ _-]{_COMPACT_TIME}(?:{_OFFSET}|(?!(?:{_GAP})?\d))))"
    rf"|{_DAY_MONTH}{_YEAR}(?!\d)|{_APART}{_DAY}/{_DAY}/\d\d[ ,T]{{1,2}}{_CLOCK}|{_CLOCK}"
    rf"|{_APART}(?<![()])(?:0|[1-9]\d{{0,5}})\.\d\d(?![-./:]?\d))"
)
#: What stays where it stands alone, but may be a part of a number: (4852) 12-10-20, 020 20121212.
_ALONE = rf"(?:{_DAY_MONTH}\d\d(?![-./]?\d)|{_YEAR}{_COMPACT}(?!\d))"

#: Sixteen hexadecimal digits and more with letters in three places at least, which no number glued
#: to a word has; or a UUID.
_HASH = (
    r"(?<![0-9A-Za-z])(?:(?=(?:\d*+[a-f]++){3})[0-9a-f]{16,64}"
    r"|(?=[\d-]{0,36}[a-f])[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})(?![0-9A-Za-z])"
)
_MASK = rf"(?:\+\d)?{DOTS}\d{{4}}(?!\d)"

# --------------------------------------------------------------------------- what is a number

_NARROW = rf"[{_BLANK}{_MARK}]{{0,2}}"
#: A country or area code in brackets, which begins a number.
_OPEN = r"(?:\((?=\+?\d{1,5}\)))?"

#: Numbers that are whole and end at a blank, so that columns beside them are no part of them: those
#: in the form of North America, and ten digits and more in a row, without a short extension.
_AMERICAN = (
    rf"(?:\([2-9]\d\d\)|[2-9]\d\d){_NARROW}[2-9]\d\d{_NARROW}\d{{4}}"
    rf"(?!\d|[{_MARK}]\d|{_GAP}\d{{4}}(?!\d))"
)
_LONG = r"\d{10,}+(?![-/\u2010-\u2015]\d{1,5}(?!\d))"
_WHOLE = rf"(?:{_LONG}|(?:1{_NARROW})?{_AMERICAN})"
#: The digits behind a number's first. After seven, a date in a row is none of them any more.
_MORE = rf"(?:\d|{_GAP}(?!{_CERTAIN})\d){{6}}(?:\d|{_GAP}(?!{_CERTAIN}|{_YEAR}{_COMPACT}(?!\d))\d)*"

_NUMBER = (
    rf"(?:[+＋]|(?<!\d))(?:{_LONG}|1{_NARROW}{_AMERICAN})|(?<!\d){_AMERICAN}"
    # what stands in a column of its own before one is none: 65 2125550143
    rf"|(?:\(?[+＋]{_NARROW}(?!{_YEAR}{_MONTH_DAY}(?!\d))"
    rf"|(?<!\d)(?![1-9]\d{{0,5}}[{_BLANK}]{{1,4}}{_WHOLE}){_OPEN})\d{_MORE}"
)


@cache
def _tokens() -> re.Pattern[str]:
    """All that stays, and each number as a group. Made when first asked for: it takes longer than
    the rest of a start-up may.
    """
    return re.compile(
        rf"(?=\d)(?<!\d)(?:{_CERTAIN}|{_ALONE}|{_HASH})|(?=[a-f]){_HASH}|(?=[+•]){_MASK}"
        rf"|(?=[\d(+＋])(?P<number>{_NUMBER})"
    )


# ----------------------------------------------------------------------------------- masking


def masked(text: str) -> str:
    """Text with every number in it as `+1•••••••0143`: a leading plus with one digit and the last
    four digits stay. What is masked already stays as it is.

    >>> masked("id2125550143x, 020 7946 0143 or 44-20-7946-0143")
    'id•••••••0143x, •••••••0143 or •••••••0143'
    """
    return _tokens().sub(_masked, text) if _SEVEN.match(text) else text


def _masked(token: re.Match[str]) -> str:
    number = token["number"]
    if number is None:
        return token[0]
    digits = re.sub(r"\D", "", number)
    plus = f"+{digits[0]}" if number.lstrip("(")[0] in "+＋" else ""
    return f"{plus}{DOTS}{digits[-4:]}"


def masked_in_place(text: str) -> str:
    """Text with a dot for each digit that `masked` hides, so that columns keep their places.

    >>> masked_in_place("212-555-0143  65")
    '•••-•••-0143  65'
    """
    return _tokens().sub(
        lambda token: re.sub(r"\d(?=(?:\D*\d){4})", "•", token[0]) if token["number"] else token[0],
        text,
    )


def numbers(text: str) -> Iterator[tuple[int, int]]:
    """Where the numbers of a text stand: the positions of each one's first sign and behind its
    last.
    """
    return (token.span() for token in _tokens().finditer(text) if token["number"])


def masked_column(column: str | pl.Expr) -> pl.Expr:
    """A column of texts, each as `masked` gives it; null stays null. Each distinct text is worked
    on once.
    """
    import polars as pl

    expression = pl.col(column) if isinstance(column, str) else column
    return expression.map_batches(_masked_series, return_dtype=pl.String)


def _masked_series(texts: pl.Series) -> pl.Series:
    distinct = texts.drop_nulls().unique().to_list()
    return texts.replace_strict(
        distinct, [masked(text) for text in distinct], default=None, return_dtype=texts.dtype
    )


# -------------------------------------------------------------------------- control characters

#: What a terminal would obey instead of showing it → its picture.
CONTROLS = (
    {code: 0x2400 + code for code in range(0x20)}
    | {0x7F: 0x2421}
    | dict.fromkeys(range(128, 160), 65533)
)


def shown(text: str) -> str:
    """Text of a foreign file that is safe on a terminal: control characters as their pictures."""
    return text.translate(CONTROLS)
