"""Telephone numbers as written → E.164 where the notation leaves no doubt; everything else stays
as written.
"""

from __future__ import annotations

import functools
import re

import polars as pl

#: North American Numbering Plan: area code and exchange do not begin with 0 or 1. Dialled digits
#: may have a star in front, or *67 and *82, which hide and show the caller's own number.
NANP = r"^(?:\*(?:67|82)?)?1?([2-9][0-9]{2}[2-9][0-9]{6})$"
#: A number as a program writes it that took it for an amount: its last digits may be lost.
SCIENTIFIC = r"^\+?([0-9])(?:[.,]([0-9]+))?[eE](\+?)([0-9]{1,2})$"
#: Decimals from which on an amount without a sign behind its E was hardly rounded by anybody.
JAVA_DIGITS = 6
NANP_REGIONS = frozenset({"US", "CA"})
#: The region of layouts that do not know in whose notation numbers are written (ISO 3166).
UNKNOWN = "ZZ"


def as_text(column: pl.Series) -> tuple[pl.Series, pl.Series]:
    """Digits of which a program had made an amount, as text again, and which of the texts have
    lost some of theirs.

    2125550101.0 ends in no digit of its own, and all of them stand in 1.2125550101E10. With a sign
    behind the E it is a spreadsheet's, which rounds; without one Java's, which leaves out no digit
    but zeros at the end.
    """
    rounded = pl.Series([False]).new_from_index(0, len(column))
    if column.null_count() == len(column):
        return column, rounded
    amounts = column.str.contains("[.,]0{1,2}$|[eE]")
    if not amounts.any():  # as of most columns
        return column, rounded
    rows = amounts.arg_true()
    written, lost = list[str](), list[bool]()
    for text in column.gather(rows).to_list():
        whole = re.sub(r"^(\+?[0-9]+)[.,]0{1,2}$", r"\1", text)
        digits = _digits(match) if (match := re.match(SCIENTIFIC, whole)) else whole
        written.append(digits or whole)
        lost.append(digits is None)
    return column.clone().scatter(rows, written), rounded.scatter(rows, lost)


def _digits(match: re.Match[str]) -> str | None:
    """All digits of an amount that is SCIENTIFIC; None where some are lost."""
    first, rest, sign, places = match[1], match[2] or "", match[3], int(match[4])
    exact = len(rest) >= places or (not sign and len(rest) >= JAVA_DIGITS)
    if not exact or rest[places:].strip("0"):
        return None
    return first + rest[:places].ljust(places, "0")


def normalise(column: pl.Series, region: str) -> pl.Series:
    """E.164 for every number that can be resolved in the notation of `region`, else the text as
    written.

    `region` is an ISO 3166 code, ZZ where it is not known: then only numbers are resolved that
    begin with + or, if they are numbers of a country, with 00.
    """
    if column.null_count() == len(column):
        return column
    old, bare = pl.col("old"), pl.col("bare")
    frame = column.to_frame("old").with_columns(_bare(column).alias("bare"))
    ways = [pl.when(bare.str.contains(r"^\+[0-9]{7,15}$")).then(bare)]
    if region in NANP_REGIONS:
        ways.append(pl.when(bare.str.contains(NANP)).then(pl.lit("+1") + bare.str.slice(-10)))
        ways.append(
            pl.when(bare.str.contains(r"^011[1-9][0-9]{6,14}$")).then(
                pl.lit("+") + bare.str.slice(3)
            )
        )
    new = pl.coalesce(ways)
    unresolved = bare.str.contains(r"^[0-9]{8,17}$")
    if region == UNKNOWN:  # 00, written in full or as (0), leads abroad in most countries
        unresolved &= bare.str.contains(r"^00[1-9]") | old.str.contains(r"^\s*\(0\)")
    parts = frame.select(
        pl.coalesce(new, old).alias("new"),
        pl.when(new.is_null() & unresolved).then(bare).alias("open"),
    )
    numbers = parts["new"]
    rows = parts["open"].is_not_null().arg_true()
    if len(rows):
        parsed = (_parsed(text, region) for text in parts["open"].gather(rows).to_list())
        numbers = numbers.scatter(
            rows,
            [new or old for new, old in zip(parsed, numbers.gather(rows).to_list(), strict=True)],
        )
    return numbers.alias(column.name)


def _bare(column: pl.Series) -> pl.Series:
    """Numbers as they are dialled, without schemes, blanks and marks."""
    rows = column.str.contains(r"[^+*0-9]|^\+0").arg_true()
    if not len(rows):
        return column
    marked = column.gather(rows)
    dialled = (
        marked.str.replace(r"(?i)^(?:sips?|tel):", "")
        # an extension is another party than its switchboard
        .str.replace(r"(?i);ext=.*$", " extension $0")
        .str.replace(r"[@;].*$", "")
        # the 0 is dialled at home only
        .str.replace(r"^\(?((?:\+|00|011)\s*[0-9]{1,3})\)?[\s.\-]*\(0\)", "$1")
        .str.replace(r"^(?:\+\s*00|\(00\))", "00")
        .str.replace_all(r"[\s().\-/\x{a0}\x{2010}-\x{2015}]", "")
    )
    return column.clone().scatter(rows, dialled)  # which works in place


@functools.lru_cache(maxsize=200_000)
def _parsed(digits: str, region: str) -> str | None:
    """What phonenumbers makes of digits that no simple rule decides: national, or international
    without its prefix.

    Bills print international numbers without a prefix, some with an extra 1, 0 or 00 in front.
    """
    import phonenumbers

    abroad = digits.lstrip("0")
    candidates: list[tuple[str, str | None]] = [(f"+{abroad}", None)]
    if region != UNKNOWN:
        own = [(digits, region)] if region not in NANP_REGIONS else []
        rests = dict.fromkeys((digits, abroad, digits.removeprefix("1")))
        candidates = [*own, *((f"+{rest}", None) for rest in rests)]
    for text, where in candidates:
        try:
            number = phonenumbers.parse(text, where)
        except phonenumbers.NumberParseException:
            continue
        if phonenumbers.is_valid_number(number):
            return str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))
    return None
