"""Lines whose columns stand at fixed places: which are records, and where their columns lie.

Here belongs what the places of signs tell. What the columns mean is `mapping`'s proposal.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

#: Codes that records may begin with; with more of them they are names or places.
CODES = 8
#: Records looked at, and how many at least show that there are columns.
ROWS, FEW = 50, 3
#: Signs of date and time without marks between them, and how they look.
MOMENT = 14
IS_MOMENT = re.compile(
    r"(?:19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])(?:[01]\d|2[0-3])(?:[0-5]\d){2}"
)
#: Positions at which every record has a digit, as a date and a time of day have, and the share of
#: all positions at which records are alike.
DIGITS, LIKENESS = 10, 0.7
#: Signs at a line's beginning that tell what kind of record it is, how often each must come to be
#: one of a few, and how much the first and last line are at least like the others where they are
#: records, too.
CODE, SEEN, RECORD_LIKENESS = 3, 3, 0.8


def likely_records(lines: Sequence[str], tail: Sequence[str]) -> list[str]:
    """The lines that begin as those with most digits do; not those that begin as the first or
    last one, where that is of another form.
    """
    if not lines:
        return []
    digits = Counter[str]()
    for line in lines:
        digits[shape(line[:CODE])] += 1 + sum(map(str.isdigit, line))
    alike = [line for line in lines if shape(line[:CODE]) == digits.most_common(1)[0][0]]
    code = Counter(map(code_of, alike)).most_common(1)[0][0]
    form = next(shape(line) for line in alike if code_of(line) == code)
    edges = {
        code_of(line): line
        for line in (lines[0], next((line for line in reversed(tail) if line.strip()), lines[-1]))
    }
    others = {
        edge
        for edge, line in edges.items()
        if edge != code and _likeness(shape(line), form) < RECORD_LIKENESS
    }
    return [line for line in alike if code_of(line) not in others]


def code_of(line: str) -> str:
    """The letters that a line begins with, as far as they may be its record's code."""
    return re.match(r"[^\W\d_]*", line[:CODE])[0]  # type: ignore[index]  # it matches nothing, too


def _likeness(one: str, other: str) -> float:
    """The share of positions at which two lines have signs of the same kind."""
    return sum(a == b for a, b in zip(one, other, strict=False)) / max(len(one), len(other))


def shape(text: str) -> str:
    """A text with its letters and digits told as such: `CDR 2024` → `aaa 9999`."""
    return re.sub(r"[^\W\d_]", "a", re.sub(r"\d", "9", text))


@dataclass(frozen=True)
class Cut:
    """Records of fixed width, and the places of their columns: first and last position from 1."""

    records: tuple[str, ...]
    places: tuple[tuple[int, int], ...]


def cut(lines: Sequence[str], tail: Sequence[str]) -> Cut:
    """Columns between the positions where every record has a blank, behind the code that records
    begin with, and behind the first date with its time of day.
    """
    records = likely_records([line for line in lines if line.strip()], tail)[:ROWS]
    width = max(map(len, records), default=0)
    filled = [any(line[i : i + 1].strip() for line in records) for i in range(width)]
    starts = [i for i in range(width) if filled[i] and not (i and filled[i - 1])]
    slices = [(i, next((j for j in range(i, width) if not filled[j]), width)) for i in starts]
    codes = set(map(code_of, records))
    if (
        len(codes) <= CODES
        and len(lengths := set(map(len, codes))) == 1
        and slices
        and slices[0][0] < (end := max(lengths)) < slices[0][1]
    ):
        slices[:1] = [(0, end), (end, slices[0][1])]
    for at, (first, last) in enumerate(slices):
        if last - first > MOMENT and all(IS_MOMENT.match(line, first) for line in records):
            slices[at : at + 1] = [(first, first + MOMENT), (first + MOMENT, last)]
            break
    return Cut(tuple(records), tuple((first + 1, last) for first, last in slices))


def is_fixed(found: Cut) -> bool:
    """Whether these are records at all: alike from end to end, with digits where all others have
    them, as dates and numbers are and prose is not.
    """
    if len(found.records) < FEW:
        return False
    shapes = Counter(map(shape, found.records))
    usual = shapes.most_common(1)[0][0]
    alike = sum(_likeness(form, usual) * count for form, count in shapes.items())
    digits = sum(all(sign == "9" for sign in signs) for signs in zip(*shapes, strict=False))
    return digits >= DIGITS and alike >= LIKENESS * len(found.records)
