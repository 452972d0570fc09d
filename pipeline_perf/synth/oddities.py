"""What is odd about whole files: lines that are no records, damage, encodings, line ends.

Where `defects` damages values in files that are otherwise sound, this damages the file around them.
From generated files to bytes and the fate of every line; nothing is read back here.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import polars as pl

from pipeline_perf.synth.dataset import LAYOUTS, Dataset, DatasetSpec, generate

#: What must become of a line: an event; a record (an event or in quarantine); no event (quarantine
#: or furniture); furniture.
Fate = Literal["event", "record", "no event", "furniture"]

#: The dates of a few days can be read in two ways, which is asked about.
AMBIGUOUS = {"panasonic"}
#: Delimiters other than the comma.
DELIMITERS = {
    ("fritzbox", "csv"): ";",
    ("tmobile", "csv"): "\t",
    ("verizon", "volte"): "\t",
    ("windstream", "tsv"): "\t",
}
#: The files that are made odd: all whose records are lines of their own, by carrier, format and
#: delimiter, which is None where columns have fixed widths.
BASES = tuple(
    (carrier, form, None if form == "fixed" else DELIMITERS.get((carrier, form), ","))
    for (carrier, form), layout in sorted(LAYOUTS.items())
    if not (layout.print or layout.elements or layout.ends or layout.id in AMBIGUOUS)
)

#: Their columns are not moved: they are known by their places, there are several tables, or a
#: quoted value holds the delimiter.
FIXED_ORDER = {("earthlink", "csv"), ("att", "csv"), ("att", "account_csv"), ("twilio", "csv")}
DAY_FIRST = {("airtel", "csv")}

ENCODINGS = ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252")
NEWLINES = ("\n", "\r\n", "\r")
DATE = re.compile(r"\b\d{1,2}/\d{1,2}/\d{4}\b")
CLOCK = re.compile(r"\b\d{1,2}:\d\d(?=:\d\d\b)")
NUMBER = re.compile(r"(?<![\d.])\d{10,11}(?![\d.])")


@dataclass(frozen=True)
class Line:
    """A physical line, without its end."""

    text: str
    fate: Fate


#: From the lines, the delimiter (None: fixed widths) and chance to the lines as they become odd;
#: and the same from the text of one record.
Edit = Callable[[list[Line], str | None, random.Random], list[Line]]
Rewrite = Callable[[str, str | None, random.Random], str]


@dataclass(frozen=True)
class OddFile:
    """A file's bytes, what is odd about it, and the fate of each of its physical lines.

    `zone` and `subscriber`: what a reader has to be told, None where the file says it.
    """

    name: str
    data: bytes
    kinds: tuple[str, ...]
    fates: tuple[Fate, ...]
    zone: str | None
    subscriber: str | None


@dataclass(frozen=True)
class Oddity:
    """A change of a file's lines, and what they must have for it.

    `delimited`: delimiters; `headed`: titles above the records; `alone`: one table below one
    header; `dated`: dates with the month first.
    """

    kind: str
    change: Edit
    delimited: bool = False
    headed: bool = False
    alone: bool = False
    dated: bool = False


def _records(lines: Sequence[Line]) -> list[int]:
    return [i for i, line in enumerate(lines) if line.fate == "event"]


def _header(lines: Sequence[Line]) -> int:
    """The line above the first record: the titles, where there are any."""
    return max(0, _records(lines)[0] - 1)


def _shape(line: Line) -> str:
    """A line's delimiters: as many as another's in lines of one table."""
    return re.sub(r"[^,;\t]", "", line.text)


def _inserted(text: Callable[[random.Random], str], fate: Fate) -> Edit:
    """A line among the records."""

    def change(lines: list[Line], delimiter: str | None, rng: random.Random) -> list[Line]:
        at = rng.choice(_records(lines))
        return [*lines[:at], Line(text(rng), fate), *lines[at:]]

    return change


def _record_again(lines: list[Line], delimiter: str | None, rng: random.Random) -> list[Line]:
    at = rng.choice(_records(lines))
    return [*lines[:at], lines[at], *lines[at:]]


def _header_again(lines: list[Line], delimiter: str | None, rng: random.Random) -> list[Line]:
    """The titles of the table at hand once more, as at the top of a page.

    What stands in their columns below them, such as types, comes again with them.
    """
    at = rng.choice(_records(lines))
    furniture = [i for i in range(at) if lines[i].fate == "furniture"]
    last = next(i for i in reversed(furniture) if lines[i].text.count(delimiter or "") > 3)
    first = last
    while first - 1 in furniture and _shape(lines[first - 1]) == _shape(lines[last]):
        first -= 1
    return [*lines[:at], *lines[first : last + 1], *lines[at:]]


def _rewritten(rewrite: Rewrite, fate: Fate) -> Edit:
    """Some records in other words."""

    def change(lines: list[Line], delimiter: str | None, rng: random.Random) -> list[Line]:
        for at in rng.sample(_records(lines), min(3, len(_records(lines)))):
            text = rewrite(lines[at].text, delimiter, rng)
            if text != lines[at].text:
                lines[at] = Line(text, fate)
        return lines

    return change


def _without_last_cells(text: str, delimiter: str | None, rng: random.Random) -> str:
    cells = text.split(delimiter)
    left = (delimiter or "").join(cells[: rng.randint(1, len(cells) - 1)])
    return left if re.search(r"\w", left) else text


def _with_more_cells(text: str, delimiter: str | None, rng: random.Random) -> str:
    return text + (delimiter or "") * rng.randint(1, 9) + "surplus"


def _with_letters(text: str, delimiter: str | None, rng: random.Random) -> str:
    """The letters O and l for digits, as scanned paper is read."""
    digits = [i for i, sign in enumerate(text) if sign in "01"]
    at = rng.choice(digits) if digits else 0
    return text[:at] + {"0": "O", "1": "l"}.get(text[at], text[at]) + text[at + 1 :]


def _rounded(text: str, delimiter: str | None, rng: random.Random) -> str:
    """As a spreadsheet saves a number that it took for an amount."""
    return NUMBER.sub(lambda number: f"{float(number[0]):.2E}", text, count=1)


def _with_nul(text: str, delimiter: str | None, rng: random.Random) -> str:
    at = rng.randrange(len(text))
    return text[:at] + "\0" + text[at + 1 :]


def _huge(text: str, delimiter: str | None, rng: random.Random) -> str:
    cells = text.split(delimiter)
    cells[rng.randrange(len(cells))] = "x" * rng.choice((5_000, 200_000))
    return (delimiter or "").join(cells)


def _with_open_quote(text: str, delimiter: str | None, rng: random.Random) -> str:
    cells = text.split(delimiter)
    at = rng.randrange(len(cells))
    cells[at] = '"' + cells[at]
    return (delimiter or "").join(cells)


def _in_another_encoding(text: str, delimiter: str | None, rng: random.Random) -> str:
    """A letter as a single byte, whatever the rest of the file is written in."""
    at = rng.randrange(len(text))
    return text[:at] + "\udcf6" + text[at + 1 :]


def _dated(day: str, clock: str) -> Rewrite:
    return lambda text, delimiter, rng: CLOCK.sub(clock, DATE.sub(day, text, count=1), count=1)


def _cut_off(lines: list[Line], delimiter: str | None, rng: random.Random) -> list[Line]:
    """The file ends inside its last record, as a broken transfer leaves it."""
    last = _records(lines)[-1]
    text = lines[last].text
    least = len(text) - len(text.lstrip()) + 1  # blanks alone would be nothing
    return [*lines[:last], Line(text[: rng.randint(least, max(least, len(text) - 1))], "record")]


def _above_the_header(lines: list[Line], delimiter: str | None, rng: random.Random) -> list[Line]:
    at, header = rng.choice(_records(lines)), _header(lines)
    moved = Line(lines[at].text, "record")
    rest = lines[:at] + lines[at + 1 :]
    return [*rest[:header], moved, *rest[header:]]


def _permuted(lines: list[Line], delimiter: str | None, rng: random.Random) -> list[Line]:
    order = list(range(len(lines[_header(lines)].text.split(delimiter))))
    rng.shuffle(order)
    return _columns(lines, delimiter, lambda cells: [cells[i] for i in order])


def _columns(
    lines: list[Line], delimiter: str | None, change: Callable[[list[str]], list[str]]
) -> list[Line]:
    """Header and records with other columns; short records are filled up first."""
    titles = len(lines[_header(lines)].text.split(delimiter))
    changed = []
    for i, line in enumerate(lines):
        cells = line.text.split(delimiter)
        full = [*cells, *[""] * (titles - len(cells))]
        wanted = i == _header(lines) or (line.fate == "event" and len(full) == titles)
        changed.append(Line((delimiter or "").join(change(full)), line.fate) if wanted else line)
    return changed


def _with_a_strange_column(
    lines: list[Line], delimiter: str | None, rng: random.Random
) -> list[Line]:
    at, titles = rng.randint(1, 3), lines[_header(lines)].text.split(delimiter)

    def widened(cells: list[str]) -> list[str]:
        return [*cells[:at], "Remark" if cells == titles else "-", *cells[at:]]

    return _columns(lines, delimiter, widened)


def _blank(rng: random.Random) -> str:
    return rng.choice(("", "   ", "\t"))


def _subtotal(rng: random.Random) -> str:
    return rng.choice(("Subtotal", "Total calls: 12", "TOTAL,,,,3"))


def _garbage(rng: random.Random) -> str:
    return "".join(rng.choices("#~?!<>^@%", k=30))


_IN_SPRING = _rewritten(_dated("03/12/2023", "02:30"), "event")
_IN_AUTUMN = _rewritten(_dated("11/05/2023", "01:30"), "event")
_ON_NEW_YEARS_EVE = _rewritten(_dated("12/31/2023", "11:59"), "event")

#: Everything that can be odd about a file but its encoding and its line ends.
ODDITIES: tuple[Oddity, ...] = (
    Oddity("blank lines", _inserted(_blank, "furniture")),
    Oddity("repeated header", _header_again, delimited=True, headed=True),
    Oddity("subtotal", _inserted(_subtotal, "no event")),
    Oddity("garbage", _inserted(_garbage, "no event")),
    Oddity("record twice", _record_again),
    Oddity("missing fields", _rewritten(_without_last_cells, "record"), delimited=True),
    Oddity("surplus fields", _rewritten(_with_more_cells, "record"), delimited=True),
    Oddity("letters in numbers", _rewritten(_with_letters, "record")),
    Oddity("rounded numbers", _rewritten(_rounded, "record"), delimited=True),
    Oddity("nul bytes", _rewritten(_with_nul, "record")),
    Oddity("huge fields", _rewritten(_huge, "record"), delimited=True),
    Oddity("mixed encodings", _rewritten(_in_another_encoding, "record")),
    Oddity("open quote", _rewritten(_with_open_quote, "record"), delimited=True),
    Oddity("clocks put forward", _IN_SPRING, delimited=True, dated=True),
    Oddity("clocks put back", _IN_AUTUMN, delimited=True, dated=True),
    Oddity("year's end", _ON_NEW_YEARS_EVE, delimited=True, dated=True),
    Oddity("cut off", _cut_off),
    Oddity("record above the header", _above_the_header, delimited=True, alone=True),
    Oddity("columns permuted", _permuted, delimited=True, alone=True),
    Oddity("strange column", _with_a_strange_column, delimited=True, alone=True),
)


def odd_file(seed: int, folder: Path, rows: int = 40) -> OddFile:
    """One odd file of about `rows` records, the same for the same seed.

    What it is made from is generated into `folder`; OSError where that cannot be written.
    """
    rng = random.Random(f"odd {seed}")
    carrier, form, delimiter = BASES[seed % len(BASES)]
    dataset = generate(
        DatasetSpec(carrier, form, rows, seed=1 + rng.randrange(3), defect_rate=0.0), folder
    )
    lines = _lines(dataset)
    able = _possible((carrier, form), delimiter, lines)
    chosen = sorted(rng.sample(able, rng.randint(1, 4)), key=ODDITIES.index)
    kinds = [oddity.kind for oddity in chosen]
    # Columns first: what is damaged no longer has as many as the header. The end last.
    for oddity in sorted(chosen, key=lambda o: (not o.alone, o.kind == "cut off")):
        lines = oddity.change(lines, delimiter, rng)
    newline, mixed = rng.choice(NEWLINES), rng.random() < 0.2
    ends = [rng.choice(NEWLINES[:2]) if mixed else newline for _ in lines]
    if lines[-1].fate == "record" and "cut off" in kinds:
        ends[-1] = ""
    bytewise = [name for name in ENCODINGS if not name.startswith("utf-16")]
    encoding = rng.choice(bytewise if "mixed encodings" in kinds else ENCODINGS)
    text = "".join(line.text + end for line, end in zip(lines, ends, strict=True))
    facts = dataset.facts["files"][0]
    return OddFile(
        dataset.files[0].name,
        data=text.encode(encoding, "surrogateescape"),
        kinds=(*kinds, encoding, "mixed line ends" if mixed else repr(newline)),
        fates=tuple(line.fate for line in lines),
        zone=facts["zone"],
        subscriber=facts["subscriber"],
    )


def _possible(base: tuple[str, str], delimiter: str | None, lines: list[Line]) -> list[Oddity]:
    """The oddities that a file can have."""
    header = lines[_header(lines)]
    headed = delimiter is not None and header.fate == "furniture"
    like_header = [
        line for line in lines if line.fate == "furniture" and _shape(line) == _shape(header)
    ]
    alone = headed and base not in FIXED_ORDER and len(like_header) == 1
    return [
        oddity
        for oddity in ODDITIES
        if (delimiter or not oddity.delimited)
        and (headed or not oddity.headed)
        and (alone or not oddity.alone)
        and not (base in DAY_FIRST and oddity.dated)
    ]


def _lines(dataset: Dataset) -> list[Line]:
    """The physical lines of a generated file; records by their numbers in the truth."""
    texts = re.split(r"\r\n|\n|\r", dataset.files[0].read_bytes().decode())
    if not texts[-1]:
        texts.pop()
    numbers = set(pl.read_parquet(dataset.events)["record_no"].to_list())
    return [Line(text, "event" if i in numbers else "furniture") for i, text in enumerate(texts, 1)]
