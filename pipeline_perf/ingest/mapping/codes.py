"""Which column of an unknown file tells by a few codes which way an event went, or what it was.

Whole words decide: `Inland` begins like an inbound call and is none.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence

from pipeline_perf.ingest.layout.patterns import OPEN
from pipeline_perf.ingest.mapping.words import LETTERS, TYPE, folded, quoted, says
from pipeline_perf.ingest.probe.fixed_width import CODES


def coded_column(
    columns: Mapping[str, Sequence[str]], meanings: Mapping[str, str], words: str
) -> dict[str, dict[str, str]]:
    """The column of which the codes say what is meant, and each code's meaning; those that say
    nothing are left open.

    A column whose title has one of the `words` is asked about though none of its codes is known;
    any other needs two codes of several meanings, or a title of types and few codes that are not
    known.
    """
    titled = {title for title in columns if says(words, title)}
    best: dict[str, dict[str, str]] = {}
    for title, values in sorted(columns.items(), key=lambda item: item[0] not in titled):
        codes = list(Counter(values))
        if not codes or len(codes) > CODES or any(re.search(r"\d\d", code) for code in codes):
            continue
        told = {code: _meaning(code, meanings) for code in codes}
        if title not in titled:
            told = told if set(map(folded, codes)) in LETTERS else _without_letters(told)
        known = [value for value in told.values() if value != OPEN]
        typed = says(TYPE, title) and 4 * len(known) >= 3 * len(codes)
        if known and (title in titled or typed or len(set(known)) > 1):
            return {title: told}
        if title in titled and not best:
            best = {title: told}
    return best


def _meaning(code: str, meanings: Mapping[str, str]) -> str:
    """What a code says; open where it says nothing, or several things."""
    told = {name for name, pattern in meanings.items() if re.search(pattern, folded(code))}
    return told.pop() if len(told) == 1 else OPEN


def _without_letters(told: Mapping[str, str]) -> dict[str, str]:
    """A single letter says something below a title only, or beside its opposite alone."""
    return {code: OPEN if len(folded(code)) < 2 else value for code, value in told.items()}


def mapped(column: Mapping[str, Mapping[str, str]]) -> str:
    """A column and its codes as a layout has them."""
    ((title, told),) = column.items()
    listed = ", ".join(
        f"{quoted(code)}: {quoted(value) if value == OPEN else value}"
        for code, value in told.items()
    )
    return f"{{column: {quoted(title)}, map: {{{listed}}}}}"
