"""Lines whose columns stand at fixed places: which are records, how their beginning looks, what of
the rest is furniture.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from pipeline_perf.ingest.mapping.codes import CODES

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
        digits[_shape(line[:CODE])] += 1 + sum(map(str.isdigit, line))
    alike = [line for line in lines if _shape(line[:CODE]) == digits.most_common(1)[0][0]]
    code = Counter(map(code_of, alike)).most_common(1)[0][0]
    form = next(_shape(line) for line in alike if code_of(line) == code)
    edges = {
        code_of(line): line
        for line in (lines[0], next((line for line in reversed(tail) if line.strip()), lines[-1]))
    }
    others = {
        edge
        for edge, line in edges.items()
        if edge != code and _likeness(_shape(line), form) < RECORD_LIKENESS
    }
    return [line for line in alike if code_of(line) not in others]


def code_of(line: str) -> str:
    """The letters that a line begins with, as far as they may be its record's code."""
    return re.match(r"[^\W\d_]*", line[:CODE])[0]  # type: ignore[index]  # it matches nothing, too


def _likeness(one: str, other: str) -> float:
    """The share of positions at which two lines have signs of the same kind."""
    return sum(a == b for a, b in zip(one, other, strict=False)) / max(len(one), len(other))


def furniture_of(lines: Sequence[str], record: str) -> list[str]:
    """The first words of the lines that are no records, those that no record begins with."""
    records = [line for line in lines if re.search(record, line)]
    patterns: dict[str, None] = {}
    for line in lines:
        if line not in records and (word := re.match(r"\s*([^\W\d]+|[^\w\s])", line)):
            ends = word[1][0].isalpha() and not re.match(r"\w", line[word.end() :])
            patterns[rf"^\s*{re.escape(word[1])}" + (r"\b" if ends else "")] = None
    return [
        pattern for pattern in patterns if not any(re.search(pattern, line) for line in records)
    ]


def _shape(text: str) -> str:
    return re.sub(r"[^\W\d_]", "a", re.sub(r"\d", "9", text))


def beginning_of(records: Sequence[str]) -> str:
    """A regular expression of what all records begin with, up to the second blank; letters that
    come again and again are a code's.
    """
    pattern = ""
    for at, signs in enumerate(zip(*records, strict=False)):
        shapes = set(map(_shape, signs))
        if len(shapes) > 1 or pattern.count(" ") > 1:
            break
        same = len(set(signs)) == 1 and not signs[0].isdigit()
        letters = Counter(signs)
        coded = (
            at < CODE
            and shapes == {"a"}
            and len(letters) <= CODES
            and min(letters.values()) >= SEEN
        )
        any_letter = f"[{''.join(sorted(letters))}]" if coded else "[A-Za-z]"
        pattern += (
            re.escape(signs[0]).replace("\\ ", " ")
            if same
            else r"\d"
            if shapes == {"9"}
            else any_letter
        )
    return re.sub(
        r"(\\d|\[A-Za-z\])\1+", lambda run: f"{run[1]}{{{len(run[0]) // len(run[1])}}}", pattern
    )
