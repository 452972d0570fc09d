"""Telephone numbers as written → E.164 where the notation leaves no doubt; everything else stays
as written.
"""

from __future__ import annotations

import functools

import polars as pl

#: North American Numbering Plan: area code and exchange do not begin with 0 or 1. Dialled digits
#: may have a star in front, or *67 and *82, which hide and show the caller's own number.
NANP = r"^(?:\*(?:67|82)?)?1?([2-9]\d{2}[2-9]\d{6})$"
#: A number as a spreadsheet writes it that took it for an amount: its last digits are lost.
ROUNDED = r"^\+?\d(?:[.,]\d+)?[eE]\+?\d{1,2}$"
NANP_REGIONS = frozenset({"US", "CA"})


def normalise(column: pl.Series, region: str) -> pl.Series:
    """E.164 for every number that can be resolved in the notation of `region`, else the text as
    written.

    `region` is an ISO 3166 code, ZZ where it is not known: then only numbers with a leading + are
    resolved.
    """
    old, bare = pl.col("old"), pl.col("bare")
    frame = column.to_frame("old").with_columns(
        old.str.replace(r"(?i)^(?:sips?|tel):", "")
        # an extension is another party than its switchboard
        .str.replace(r"(?i);ext=.*$", " extension $0")
        .str.replace(r"[@;].*$", "")
        .str.replace(r"^(\+\d{1,3})\s*\(0\)", "$1")  # the 0 is dialled at home only
        .str.replace_all(r"[\s().\-/\x{a0}\x{2010}-\x{2015}]", "")
        .alias("bare")
    )
    ways = [pl.when(bare.str.contains(r"^\+\d{7,15}$")).then(bare)]
    if region in NANP_REGIONS:
        ways.append(pl.when(bare.str.contains(NANP)).then(pl.lit("+1") + bare.str.slice(-10)))
        ways.append(
            pl.when(bare.str.contains(r"^011[1-9]\d{6,14}$")).then(pl.lit("+") + bare.str.slice(3))
        )
    new = pl.coalesce(ways)
    open_ = pl.when(new.is_null() & bare.str.contains(r"^\d{8,17}$")).then(bare)
    parts = frame.select(
        pl.coalesce(new, old).alias("new"),
        (open_ if region != "ZZ" else pl.lit(None)).alias("open"),
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


@functools.lru_cache(maxsize=200_000)
def _parsed(digits: str, region: str) -> str | None:
    """What phonenumbers makes of digits that no simple rule decides: national, or international
    without its prefix.

    Bills print international numbers without a prefix, some with an extra 1, 0 or 00 in front.
    """
    import phonenumbers

    candidates: list[tuple[str, str | None]] = (
        [(digits, region)] if region not in NANP_REGIONS else []
    )
    candidates += [
        (f"+{rest}", None)
        for rest in dict.fromkeys((digits, digits.lstrip("0"), digits.removeprefix("1")))
    ]
    for text, where in candidates:
        try:
            number = phonenumbers.parse(text, where)
        except phonenumbers.NumberParseException:
            continue
        if phonenumbers.is_valid_number(number):
            return str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))
    return None
