"""Numbers for people are written in one way, and no message shows one as a telephone number."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline_perf.numbers import THIN, count, number
from pipeline_perf.privacy import masked

PACKAGE = Path(__file__).parents[2] / "pipeline_perf"

#: Its bytes never change.
FROZEN = PACKAGE / "bench/frozen.py"


#: A format that sets thousands apart by commas, and a field of str.format with one.
FORMAT = r"[<>=^+\- #\d]*,[.\d]*[a-z%]?"
FIELD = re.compile(rf"\{{\w*:{FORMAT}\}}")


def grouped(tree: ast.AST) -> Iterator[int]:
    """Lines with a format that sets thousands apart by commas: f"{rows:,}", "{:,}".format."""
    for node in ast.walk(tree):
        match node:
            case ast.FormattedValue(format_spec=ast.JoinedStr(values=parts)):
                fixed = (part.value for part in parts if isinstance(part, ast.Constant))
                found = re.fullmatch(FORMAT, "".join(map(str, fixed)))
            case ast.Call(func=ast.Name(id="format"), args=[_, ast.Constant(value=str() as text)]):
                found = re.fullmatch(FORMAT, text)
            case ast.Constant(value=str() as text):
                found = FIELD.search(text)
            case _:
                found = None
        if found:
            yield getattr(node, "lineno", 0)


def test_no_text_of_the_package_sets_thousands_apart_by_commas() -> None:
    python = [
        f"{path.relative_to(PACKAGE)}:{line}"
        for path in sorted(PACKAGE.rglob("*.py"))
        if path != FROZEN
        for line in grouped(ast.parse(path.read_text(encoding="utf-8")))
    ]
    pages = [
        str(path.relative_to(PACKAGE))
        for path in sorted(PACKAGE.rglob("*.j2"))
        if FIELD.search(path.read_text(encoding="utf-8"))
    ]
    assert python + pages == []


@pytest.mark.parametrize(
    "source", ['f"{rows:,}"', 'f"{rows:>12,.1f}"', '"{:,}".format(rows)', 'format(rows, ",d")']
)
def test_a_comma_between_thousands_is_found(source: str) -> None:
    assert list(grouped(ast.parse(source)))


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (7, "7"),
        (999, "999"),
        (1000, f"1{THIN}000"),
        (1_048_576, f"1{THIN}048{THIN}576"),
        (-25_000, f"-25{THIN}000"),
    ],
)
def test_a_whole_number_keeps_its_digits(value: int, text: str) -> None:
    assert number(value) == text


@pytest.mark.parametrize("value", [0, 999, 1000, 250_000, 999_999, 1_048_576, 10**7, 10**10])
def test_a_count_is_no_telephone_number(value: int) -> None:
    text = f"none of its {count(value)} records could be read"
    assert masked(text) == text


def test_a_number_of_a_million_would_be_one() -> None:
    assert "•" in masked(f"{number(1_234_567)} records")
