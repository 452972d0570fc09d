"""What the lines above a file's table seem to tell of it, for drafts: whose line it is, and the
zone of its times.

Pure functions on lines. Which lines these are, `draft` knows; reading them by a finished layout is
`read`'s work.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from pipeline_perf.ingest.mapping.moments import zone_of
from pipeline_perf.ingest.mapping.words import PARTIES, folded, says
from pipeline_perf.privacy import numbers

#: Words that name a line's number, beside those of a subscriber's column.
LINE = rf"{PARTIES['subscriber_number']}|target|\bphone|\btel|number|numero|rufnummer|usage for"
ZONE = (
    r"time zone|timezone|all times|local"
    r" time|\b(?:utc|gmt|[ecmp][sd]t|cest|cet|mez|mesz)\b|\b(?:eastern|central|mountain|pacific)"
    r" time"
    r"|zeitzone|ortszeit|fuseau|heure locale|zona horaria|hora local|zona oraria|ora locale|fuso"
)
#: A telephone number of a preamble, in a pattern: not beyond its cell.
WRITTEN = r"(\+?[\d(][\d ().-]*\d)"


def subscriber(lines: Sequence[str], delimiter: str, *, names: bool) -> str:
    """A pattern that picks the one telephone number up from the line that has no other; empty
    where there is no such line, or several.

    `names`: also where the text before the number has no word for a number, and may be its owner's
    name.
    """
    patterns: dict[str, bool] = {}
    for line in lines:
        places = list(numbers(line))
        if len(places) != 1:
            continue
        [(start, _)] = places
        before = re.split(rf"\d|{re.escape(delimiter)}(?=.*\w)| {{3,}}", line[:start])[-1]
        if label := re.search(r"[^\W\d](?:.*\w)?", before):
            # as Rust knows them, too
            pattern = re.escape(label.group()).replace("\\ ", " ").replace("\\\t", "\\t")
            patterns[rf"{pattern}[^\w+(]*{WRITTEN}"] = says(LINE, label.group())
    sure = [pattern for pattern, known in patterns.items() if known]
    chosen = sure or (list(patterns) if names else [])
    return chosen[0] if len(chosen) == 1 else ""


def zone_told(lines: Sequence[str]) -> tuple[int | None, str]:
    """The position of the line that speaks of a time zone, and the zone that it names.

    A line with a time of its own speaks of that one.
    """
    speaking = [i for i, line in enumerate(lines) if re.search(ZONE, folded(line))]
    of_all = [i for i in speaking if not re.search(r"(?<![+-])\b\d{1,2}:\d\d", lines[i])]
    if of_all:
        return of_all[0], zone_of(lines[of_all[0]])
    return (speaking[0] if speaking else None), ""
