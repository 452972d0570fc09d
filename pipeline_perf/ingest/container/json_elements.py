"""JSON → its objects, one behind the other, in arrays, or in several documents of one file."""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterator
from typing import BinaryIO

from pipeline_perf.ingest.container.element import (
    MAX_ELEMENT,
    STEP,
    Element,
    element_too_long,
    flat,
    too_deep,
)

#: Where the next element may begin behind one that cannot be read. A stretch of blanks is looked at
#: from its beginning only, and once: thousands of empty lines would take hours otherwise.
NEXT_OBJECT = re.compile(r"(?:\}\s*+,\s*+|(?<!\s)[^\S\n]*+\n\s*+(?:,\s*+)?+)(?=\{)")
BETWEEN = re.compile(r"[\s,]*")


# --------------------------------------------------------------------------- JSON


def elements(
    stream: BinaryIO, name: str, encoding: str, records: str = "", step: int = STEP
) -> Iterator[Element]:
    """The objects of a JSON file: one behind the other (JSON lines), in an array, or in the
    array called `records`.

    Numbers are kept as texts: no library's float could hold them all. Behind an object that cannot
    be read, the next is sought.
    """
    decoder = json.JSONDecoder(parse_int=str, parse_float=str, parse_constant=str)
    text = _Text(stream, encoding, step)
    inside = _enter(text, records)
    while True:
        text.at = _skip(text)
        if text.at == len(text.held):
            return
        if inside and text.held[text.at] == "]":
            rest, inside = _next_array(text, records)
            if rest:
                yield Element(
                    rest, {}, ("unrecognised_element", "text behind the end of the records")
                )
            if not inside:
                return
            continue
        try:
            value, end = decoder.raw_decode(text.held, text.at)
        except RecursionError:
            raise too_deep(name) from None
        except json.JSONDecodeError as error:
            if _incomplete(error, text) and text.more(name):
                continue
            yield _broken_object(error, text, name)
            continue
        raw = text.held[text.at : end]
        text.at = end
        if isinstance(value, dict):
            yield Element(raw, flat(value, name, {}))
        else:
            yield Element(
                raw,
                {},
                (
                    "unrecognised_element",
                    "a value where a record should be: a record is an object in braces",
                ),
            )


class _Text:
    """The decoded text from the element at hand on."""

    def __init__(self, stream: BinaryIO, encoding: str, step: int) -> None:
        self._stream, self._step = stream, step
        self._decoder = codecs.getincrementaldecoder(encoding)(errors="replace")
        self.held = ""
        self.at = 0
        self.ended = False

    def more(self, name: str) -> bool:
        """Read on, letting go of what lies behind; false at the file's end."""
        if self.ended:
            return False
        if len(self.held) - self.at > MAX_ELEMENT:
            raise element_too_long(name)
        # doubled: what is looked at again stays in proportion
        data = self._stream.read(max(self._step, len(self.held) - self.at))
        self.ended = not data
        self.held = self.held[self.at :] + self._decoder.decode(data, final=self.ended)
        self.at = 0
        return not self.ended


def _skip(text: _Text) -> int:
    """Where the next thing stands that is neither blank nor a comma."""
    while True:
        gap = BETWEEN.match(text.held, text.at)
        text.at = gap.end() if gap else text.at
        if text.at < len(text.held) or not text.more(""):
            return text.at


def _enter(text: _Text, records: str) -> bool:
    """Go to the first element; whether it stands in an array."""
    text.more("")
    text.held = text.held.removeprefix("\ufeff")
    if records:
        opening = _opening(records)
        while (
            not (start := opening.search(text.held))
            and len(text.held) < MAX_ELEMENT
            and text.more("")
        ):
            pass
        text.at = start.end() if start else len(text.held)
        return start is not None
    at = _skip(text)
    if text.held[at : at + 1] == "[":
        text.at = at + 1
        return True
    return False


def _incomplete(error: json.JSONDecodeError, text: _Text) -> bool:
    """Whether the text so far may just be the beginning of an object."""
    return error.msg.startswith("Unterminated") or error.pos >= len(text.held) - 8


def _broken_object(error: json.JSONDecodeError, text: _Text, name: str) -> Element:
    """What lies before the next object, and what is wrong with it."""
    while not (following := NEXT_OBJECT.search(text.held, text.at + 1)) and text.more(name):
        pass
    end = following.start() + (text.held[following.start()] == "}") if following else len(text.held)
    raw = text.held[text.at : end].strip()
    text.at = following.end() if following else end
    if following is None and _incomplete(error, text):
        return Element(raw, {}, ("cut_off", "the file ends inside this record"))
    return Element(
        raw,
        {},
        (
            "malformed_json",
            f"no JSON ({error.msg}): ask for the file again, or set this record right by hand",
        ),
    )


def _opening(records: str) -> re.Pattern[str]:
    return re.compile(rf'"{re.escape(records)}"\s*:\s*\[')


def _next_array(text: _Text, records: str) -> tuple[str, bool]:
    """Behind an array go into that of the next document, if there is one (pages of an API that
    were put together).

    Returns what of the text before it is more than the end and the beginning of the objects around
    the arrays.
    """
    text.at += 1
    seek = _opening(records).search if records else re.compile(r"[\s,\ufeff]*\[").match
    while (
        not (start := seek(text.held, text.at))
        and len(text.held) - text.at <= MAX_ELEMENT
        and text.more("")
    ):
        pass
    rest = text.held[text.at : start.start() if start else len(text.held)].strip()
    text.at = start.end() if start else len(text.held)
    around = rest.count("{") <= (start is not None) if records else not rest
    return ("" if around else rest), start is not None
