"""The rule that a number says its unit, for whatever Dagster is given as metadata."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

import dagster as dg

#: A number's name holds one of them: what it counts, or what it is measured in. The event table's
#: own columns write seconds as `s`.
UNITS = frozenset(
    (
        *("alerts", "events", "files", "lines", "metrics", "mutants", "nights", "pairs"),
        *("records", "repetitions", "rows", "targets", "trials"),
        *("bytes", "mib", "s", "seconds"),
        *("percent", "per", "ratio", "share"),
    )
)

#: Names that mean the same in every table: the number of a line, of a repetition; a probability.
PLAIN = frozenset({"line", "repetition", "p_value"})

#: What is judged, in the unit that the entry `unit` beside it names.
JUDGED = frozenset({"value", "target", "low", "high"})


def without_unit(metadata: Mapping[str, dg.MetadataValue]) -> list[str]:
    """The numbers that do not say their unit, by their names; a table's by its column."""
    told = JUDGED if "unit" in metadata else frozenset()
    return [
        name
        for name, value in metadata.items()
        if not name.startswith("dagster/")  # Dagster's own names
        for name in _numbers(name, value)
        if name not in told and not _says_unit(name)
    ]


def _says_unit(name: str) -> bool:
    return name in PLAIN or not UNITS.isdisjoint(re.split(r"[_\W]+", name))


def _numbers(name: str, value: dg.MetadataValue) -> Iterator[str]:
    """The names of the numbers in an entry."""
    if isinstance(value, dg.TableMetadataValue):
        columns = {column for row in value.records for column in row.data}
        yield from sorted(
            column
            for column in columns
            if any(_is_number(row.data.get(column)) for row in value.records)
        )
    elif isinstance(value, dg.JsonMetadataValue):
        yield from _of_json(name, value.data)
    elif _is_number(value.value):
        yield name


def _of_json(name: str, data: object) -> Iterator[str]:
    """The numbers of an object may take their unit from the entry: {"bad_time": 3} in records."""
    if isinstance(data, Mapping):
        for key, value in data.items():
            yield from _of_json(name if _says_unit(name) else str(key), value)
    elif isinstance(data, list):
        for value in data:
            yield from _of_json(name, value)
    elif _is_number(data):
        yield name


def _is_number(value: object) -> bool:
    if isinstance(value, str):
        return bool(re.fullmatch(r"[-+]?[\d., \u202f]*\d(e[-+]?\d+)?", value))
    return isinstance(value, int | float) and not isinstance(value, bool)
