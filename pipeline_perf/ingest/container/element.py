"""What the readers of JSON, XML and HTML give, and the bounds that they share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pipeline_perf.ingest.container.lines import MAX_COLUMNS, MAX_LINE
from pipeline_perf.ingest.errors import UnreadableFile


@dataclass(frozen=True)
class Element:
    """One record of a file of elements: its values by path, or why they cannot be had (rule and
    reason).
    """

    raw: str
    values: Mapping[str, str]
    trouble: tuple[str, str] | None = None


#: Records are some levels deep; a million levels are made to exhaust whoever follows them down.
MAX_DEPTH = 100

#: Bytes read at a time. What a step cuts is looked at again, so that many small steps would take
#: long.
STEP = 1 << 18

#: An element beyond this is no record of any format; without a bound, one could fill the memory.
MAX_ELEMENT = MAX_LINE


def flat(
    value: Any, name: str, into: dict[str, str], path: str = "", depth: int = 0
) -> dict[str, str]:
    """The values of nested objects and lists by path, such as `callflow.0.times.created_time`;
    null is an empty text.
    """
    if depth > MAX_DEPTH:
        raise too_deep(name)
    if isinstance(value, dict | list):
        items = value.items() if isinstance(value, dict) else enumerate(value)
        for key, inner in items:
            flat(inner, name, into, f"{path}.{key}" if path else str(key), depth + 1)
    else:
        if len(into) > MAX_COLUMNS:
            raise UnreadableFile(
                f"an element of more than {MAX_COLUMNS} values, as in no file of records",
                "check what the file is",
                file=name,
            )
        into[path] = (
            value
            if isinstance(value, str)
            else ""
            if value is None
            else "true"
            if value
            else "false"
        )
    return into


def element_too_long(name: str) -> UnreadableFile:
    return UnreadableFile(
        f"an element longer than {MAX_ELEMENT // 2**20} MiB, as in no file of records",
        "check what the file is",
        file=name,
    )


def too_deep(name: str) -> UnreadableFile:
    return UnreadableFile(
        f"nested more than {MAX_DEPTH} levels deep, as no file of records is",
        "check what the file is",
        file=name,
    )
