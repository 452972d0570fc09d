"""Which columns of an unknown file hold telephone numbers, whose they are, and in which country's
notation they are written.

The values decide what may be a number at all, then the titles; of whom it is, is never guessed.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Mapping, Sequence

from pipeline_perf.ingest.mapping.moments import are_times
from pipeline_perf.ingest.mapping.words import (
    CHARGE,
    CLOCK,
    DATE,
    DETOUR,
    DURATION,
    IDS,
    NO_IDS,
    PARTIES,
    says,
)

#: Rows that show whose line it is, by a number that comes in each of them.
SHOWN = 3
#: By how much a counter of records goes on from one to the next at most.
STEP = 1000

#: A number as the United States and Canada group its digits, or with their country code in front.
GROUPED = r"(?:\+?1[-. ]?)?(?:\([2-9]\d\d\) ?|[2-9]\d\d[-.])[2-9]\d\d[-.]\d{4}|1[2-9]\d\d[2-9]\d{6}"
BARE = r"[2-9]\d\d ?[2-9]\d\d ?\d{4}"
INTERNATIONAL = r"(?:\+|00|011)\d.*"


def parties_of(
    columns: Mapping[str, Sequence[str]],
    rows: Sequence[Mapping[str, str]],
    ways: Mapping[str, Mapping[str, str]],
) -> tuple[dict[str, str], list[str]]:
    """Which column holds whose number, and the columns of numbers of which nothing tells it.

    `rows` are the values by title; `ways` is the column of the direction, and what its codes mean.
    """
    free = [title for title, values in columns.items() if _holds_numbers(title, values)]
    free.sort(key=lambda title: says(DETOUR, title))
    parties: dict[str, str] = {}
    for field, pattern in PARTIES.items():
        if field == "counterpart" and {"from_number", "to_number"} & set(parties):
            continue
        title = next((title for title in free if says(pattern, title)), None)
        if title is not None:
            parties[field] = title
            free.remove(title)
    free = [title for title in free if not says(DETOUR, title)]
    if len(free) == 1:  # the other one of two
        for known, other in (
            ("from_number", "to_number"),
            ("to_number", "from_number"),
            ("counterpart", "subscriber_number"),
            ("subscriber_number", "counterpart"),
        ):
            if known in parties and other not in parties and len(parties) == 1:
                return {**parties, other: free[0]}, []
        if not parties:
            return {"counterpart": free[0]}, []
    if not parties and len(free) == 2:
        parties = _by_direction(free, rows, ways)
    return parties, [] if parties else free


def _holds_numbers(title: str, values: Sequence[str]) -> bool:
    if sum(map(_is_number, values)) <= 0.5 * len(values) or are_times(values):
        return False
    if says(IDS, title) and not says(NO_IDS, title):
        return False
    if any(says(pattern, title) for pattern in PARTIES.values()):
        return True
    return not (
        any(says(words, title) for words in (DATE, CLOCK, DURATION, CHARGE)) or _is_counter(values)
    )


def _is_number(text: str) -> bool:
    digits = re.sub(r"[\s().+\-/']", "", text)
    return digits.isdigit() and 7 <= len(digits) <= 15


def _is_counter(values: Sequence[str]) -> bool:
    """Whether numbers count records or seconds: each a little more than the one before."""
    if len(values) < SHOWN or not all(re.fullmatch(r"\d+", text) for text in values):
        return all(re.fullmatch(r"1\d{9}|1\d{12}", text) for text in values)  # an epoch
    steps = [int(after) - int(before) for before, after in itertools.pairwise(values)]
    return all(0 < step <= STEP for step in steps)


def _by_direction(
    free: Sequence[str], rows: Sequence[Mapping[str, str]], ways: Mapping[str, Mapping[str, str]]
) -> dict[str, str]:
    """Whose the numbers of two columns are, told by the one line that has a part in every row:
    it calls where the row is outbound, and is called where it is inbound.
    """
    if not ways or len(rows) < SHOWN:
        return {}
    ((column, told),) = ways.items()
    found: list[dict[str, str]] = []
    for one, other in (free, free[::-1]):
        own = {
            row.get(one if told.get(row.get(column, "")) == "outbound" else other)
            for row in rows
            if told.get(row.get(column, "")) in ("outbound", "inbound")
        }
        if len(own) == 1 and len({told.get(row.get(column, "")) for row in rows}) > 1:
            found.append({"from_number": one, "to_number": other})
        if len({row.get(one) for row in rows}) == 1 < len({row.get(other) for row in rows}):
            found.append({"subscriber_number": one, "counterpart": other})
    return found[0] if len(found) == 1 else {}


def region_of(numbers: Iterable[str], *, american: bool) -> str:
    """The country in whose notation numbers are written, as far as they show it: `US` or `ZZ`.

    `american`: the file writes its dates as is done there; then ten digits are enough.
    """
    written = [
        text for text in numbers if _is_number(text) and not re.fullmatch(INTERNATIONAL, text)
    ]
    grouped = [text for text in written if re.fullmatch(GROUPED, text)]
    bare = [text for text in written if re.fullmatch(BARE, text)]
    known = len(grouped) + len(bare) == len(written)
    return "US" if known and (grouped or (bare and american)) else "ZZ"
