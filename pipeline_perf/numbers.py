"""How a number is written for people, in every text: thousands apart by a space that does not
break.

Units, limits and shares are `report.figures`'.
"""

from __future__ import annotations

#: A narrow space at which no line breaks: between thousands, and before a unit.
THIN = "\u202f"


def number(value: float, digits: int = 3, pad: bool = False) -> str:
    r"""The value to `digits` significant digits (below 1, one more), thousands apart.

    `pad` keeps trailing zeros, so that the figures of a column line up.

    >>> number(4.2), number(4.2, pad=True), number(0.99873), number(251_340)
    ('4.2', '4.20', '0.9987', '251\u202f340')
    """
    size = abs(value)
    if size != 0 and size < 0.001:
        return f"{value:.2g}"
    whole = 4 if size >= 1000 else 3 if size >= 100 else 2 if size >= 10 else 1 if size >= 1 else -1
    text = f"{value:_.{max(0, digits - whole)}f}".replace("_", THIN)
    return (
        text if "." not in text or (pad and value != round(value)) else text.rstrip("0").rstrip(".")
    )


def count(value: int) -> str:
    r"""A count for a text that is masked before it is shown, as every message of an error is.

    From a million on it is rounded: seven digits would be taken for a telephone number.

    >>> count(12_340), count(1_048_576)
    ('12\u202f340', '1.05\u202fmillion')
    """
    return number(value) if abs(value) < 10**6 else f"{number(value / 10**6)}{THIN}million"
