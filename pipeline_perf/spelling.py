"""What somebody who misspelt a name may have meant.

Which names there are, and what else is said where one is refused, is the callers' business.
"""

from __future__ import annotations

from collections.abc import Iterable


def meant(name: str, known: Iterable[str]) -> str:
    """The question after a name that nobody knows, '' where nothing known is like it.

    >>> meant("att_moblity", ["att_mobility", "verizon_le"])
    ' (did you mean att_mobility?)'
    """
    import difflib

    alike = difflib.get_close_matches(name.lower(), sorted(set(known)), n=3)
    return f" (did you mean {' or '.join(alike)}?)" if alike else ""
