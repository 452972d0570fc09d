"""How lines of fixed width begin, those that are records and those that are none, as patterns."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from pipeline_perf.ingest.probe.fixed_width import CODE, CODES, SEEN, shape


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


def beginning_of(records: Sequence[str]) -> str:
    """A regular expression of what all records begin with, up to the second blank; letters that
    come again and again are a code's.
    """
    pattern = ""
    for at, signs in enumerate(zip(*records, strict=False)):
        shapes = set(map(shape, signs))
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
