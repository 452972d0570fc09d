"""The regular expressions in a layout: whether each can be used, and whether it can take for
ever.
"""

from __future__ import annotations

import dataclasses
import itertools
import re
from collections.abc import Iterator, Mapping
from typing import Any

import polars as pl

from pipeline_perf.ingest.layout.model import (
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
from pipeline_perf.yaml_facts import Place

#: What a draft leaves for its user to fill in.
OPEN = "???"

#: Repetitions of something that can match in several ways multiply these ways; up to so many they
#: stay few.
FEW = 9

#: What matters of a pattern: groups, alternatives, repetitions. Escapes and sets are one sign each.
SIGN = re.compile(
    r"\\.|\[\^?\]?(?:\\."
    r"|[^\]\\])*\]|\((?:\?(?:P?<\w+>|[aiLmsux]*(?:-[imsx]+)?:?))?|\)|\||[*+?]|\{\d*,?\d*\}|[^\\\[]",
    re.DOTALL,
)
REPETITION = re.compile(r"[*+?]|\{(\d*)(,?)(\d*)\}")


def parts(part: Any, place: Place) -> Iterator[tuple[Place, Any]]:
    """A part of a layout and those within it."""
    if dataclasses.is_dataclass(part):
        yield place, part
        for attribute in dataclasses.fields(part):
            yield from parts(getattr(part, attribute.name), (*place, attribute.name))
    elif isinstance(part, Mapping):
        for key, value in part.items():
            yield from parts(value, (*place, key))
    elif isinstance(part, tuple):
        for i, value in enumerate(part):
            yield from parts(value, (*place, i))


# --------------------------------------------------------------------------- patterns


def patterns_of(part: Any) -> Iterator[tuple[Place, str]]:
    """Every regular expression of a part of a layout, with its keys."""
    if isinstance(part, Field):
        yield from (
            ((key,), pattern)
            for key, pattern in (("pick", part.pick), ("strip", part.strip))
            if pattern is not None
        )
        yield from ((("match", pattern), pattern) for pattern in part.match)
    elif isinstance(part, Override | Legs | Repeats):
        yield from ((("when", title), pattern) for title, pattern in part.when.items())
    elif isinstance(part, Pairs):
        yield from (
            ((key, title), pattern)
            for key in ("opens", "closes")
            for title, pattern in getattr(part, key).items()
        )
    elif isinstance(part, Table):
        yield from (
            ((key,), pattern)
            for key, pattern in (("title", part.title), ("record", part.record))
            if pattern is not None
        )
    elif isinstance(part, Control):
        yield ("record",), part.record
    elif isinstance(part, Grid):
        yield ("document",), part.document
        yield from ((("end", i), pattern) for i, pattern in enumerate(part.end))
    elif isinstance(part, Layout):
        for key in ("signature", "furniture"):
            yield from (((key, i), pattern) for i, pattern in enumerate(getattr(part, key)))
        yield from (
            (("context", name, i), pattern)
            for name, group in part.context.items()
            for i, pattern in enumerate(group)
        )
        yield from ((("file_name", name), pattern) for name, pattern in part.file_name.items())


def pattern_slips(pattern: str, key: str) -> Iterator[str]:
    if pattern == OPEN:
        return  # said of every place that is open
    try:
        groups = re.compile(pattern).groups
        pl.select(pl.lit("").str.contains(pattern))  # Rust's dialect: no look-around
    except (re.error, OverflowError, pl.exceptions.ComputeError) as error:
        said = str(error).splitlines()  # Rust draws a picture first
        why = next(
            (line.removeprefix("error: ") for line in said if line.startswith("error: ")), said[0]
        )
        yield f"{key}: {pattern!r} is no regular expression: {why}"
        return
    if key == "pick" and not groups:
        yield f"pick: {pattern!r} has no group: put brackets around what is wanted"
    if explodes(pattern):
        yield (
            f"{key}: {pattern!r} repeats without bound what can match in several ways, which can"
            " take for ever; repeat a set such as [ab] or a group of fixed length, or give the"
            f" repetition a bound up to {FEW}"
        )


def explodes(pattern: str) -> bool:
    """Whether a pattern repeats what itself repeats or has alternatives: (a+)+, (a|ab)*;
    exponential in time on a near miss.

    Polars' own patterns are linear in time, but single lines are looked at with Python's.
    """
    signs = [*SIGN.findall(pattern), ""]
    groups = [False]  # of those that are open: whether what they match can vary
    for sign, following in itertools.pairwise(signs):
        repeated = REPETITION.fullmatch(sign)
        if sign.startswith("("):
            groups.append(False)
        elif sign == "|" or (repeated and not (repeated[1] and not repeated[2])):
            groups[-1] = True
        elif sign == ")":
            varies = groups.pop()
            if varies and _often(following):
                return True
            groups[-1] |= varies
    return False


def _often(sign: str) -> bool:
    """Whether a repetition has no bound, or a loose one of more than a few; as many as are said
    always fit in one way only.
    """
    repeated = REPETITION.fullmatch(sign)
    if sign in ("*", "+"):
        return True
    return bool(repeated and repeated[2] and (not repeated[3] or int(repeated[3]) > FEW))
