"""The reference of a layout's keys in docs/adding-a-layout.md, from the dataclasses and what is
said beside their fields.

    python -m pipeline_perf_tests.ingest.layout.layout_reference

writes it anew; a test fails where it is stale.
"""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from pipeline_perf.ingest.layout.model import (
    FIELDS,
    Control,
    Field,
    Grid,
    Layout,
    Legs,
    Override,
    Pairs,
    Repeats,
    Table,
)

PAGE = Path(__file__).parents[3] / "docs" / "adding-a-layout.md"
BEGIN, END = (
    "<!-- keys: written by pipeline_perf_tests.ingest.layout.layout_reference -->\n",
    "<!-- end of keys -->\n",
)

#: Part of a layout → where it stands.
PARTS = {
    Layout: "The layout",
    Table: "`tables`",
    Field: "`fields`",
    Override: "`overrides`",
    Legs: "`legs`",
    Repeats: "`repeats`",
    Pairs: "`pairs`",
    Control: "`controls`",
    Grid: "`grid`",
}

OF_FIELDS = """\
`counterpart` is the other party: the called one of an outbound event, the caller of an inbound
one. `ended_at` gives the duration where none is stated. With `derive`, `direction: {derive:
subscriber}` tells the direction by which party the subscriber is, `subscriber_number: {derive:
direction}` the subscriber by the direction, and `answered: {derive: answered}` takes calls that
lasted as answered. Durations: `clock` is S, M:S or H:M:S, `hour_clock` H:M or H:M:S,
`minute_clock` M:S, also where a spreadsheet took it for H:M and shows 75:02:00; `hhmmss` without
colons, `tenths` of seconds, `words` such as 1h 2m 3s, `iso` such as PT1H2M3S.

Names of months and of the day's halves are understood in the languages of Europe and more
(`%b` reads Okt, sept. and Ιαν, `%p` p. m. and μ.μ.). A cell that says that it has no value (NULL,
N/A, -, unbekannt) is empty, unless `map` or `match` says what the word means. Texts that `map`
and `match` do not know are told with their counts, if there is no `default`: an event without a
type goes to quarantine, and so does one whose direction alone would tell which of subscriber and
`counterpart` called.

`zone: {context: clock, map: {Eastern: America/New_York}}` takes a record's zone from the line
above it that the layout picks up under `context` as `clock`; a time with its offset (`%z`) and an
epoch need none. `year: period` takes the year from the context value `period`, of a line or of
the file's name: a last day or a month (01/19/2024, January 2024, 202401), which may also be the
one in which the period begins. A date without a year lies in the twelve months before its end.
"""


def kind(hint: Any) -> str:
    """What may be written for a key."""
    origin, args = typing.get_origin(hint), typing.get_args(hint)
    if origin in (typing.Union, types.UnionType):
        return kind(next(a for a in args if a is not type(None)))
    if origin is Literal:
        return ", ".join(f"`{value}`" for value in args)
    if origin is tuple:
        return "list" if args[-1] is Ellipsis else f"{len(args)} numbers"
    if origin is not None and issubclass(origin, Mapping):
        return "mapping"
    if dataclasses.is_dataclass(hint):
        return "mapping"
    return {str: "text", bool: "`true`, `false`", int: "number", float: "number"}[hint]


def rows(part: type) -> list[str]:
    hints, described = typing.get_type_hints(part), typing.get_type_hints(part, include_extras=True)
    found = []
    for key in dataclasses.fields(part):
        says = described[key.name].__metadata__[0]
        default = (
            ""
            if key.default in (dataclasses.MISSING, None, "", (), False)
            else f" (default: `{shown(key.default)}`)"
        )
        needed = key.default is dataclasses.MISSING and key.default_factory is dataclasses.MISSING
        name = f"**`{key.name}`**" if needed else f"`{key.name}`"
        found.append(
            f"| {name} | {kind(hints[key.name])} | {says.replace('|', chr(92) + '|')}{default} |"
        )
    return found


def shown(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)


def reference() -> str:
    text = []
    for part, place in PARTS.items():
        says = " ".join((part.__doc__ or "").partition("\n\n")[0].split())
        text.append(
            f"\n### {place}\n\n{says}\n\n| key | value | meaning |\n| --- | --- | --- |\n"
            + "\n".join(rows(part))
            + "\n"
        )
        if part is Field:
            text.append(
                "\nThe event fields:"
                f" {', '.join(f'`{name}`' for name in sorted(FIELDS))}.\n{OF_FIELDS}"
            )
    return "".join(text)


def with_reference(page: str) -> str:
    before, _, rest = page.partition(BEGIN)
    return before + BEGIN + reference() + "\n" + END + rest.partition(END)[2]


if __name__ == "__main__":
    PAGE.write_text(with_reference(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
