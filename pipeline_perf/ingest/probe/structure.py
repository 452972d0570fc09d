"""Where in the rows the tables lie: preamble, header (also on several lines), footer, further
tables.

The first table begins where a long stretch of rows agrees in width; its header is the row there
whose cells are titles while the rows below hold something else. Which columns these are is the
layouts' business, not this room's.
"""

from __future__ import annotations

import functools
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

from pipeline_perf.ingest.probe.dialect import SEPARATOR, Dialect, Row, split

#: Lines looked at; a head of very short lines has ten times as many, and they would say the same.
LOOKED_AT = 1000
#: Rows within which a stretch shows its header; preambles that a spreadsheet padded to full width
#: are shorter.
HEADER_WITHIN = 20
#: Lines of a header at most: titles on two, units, types.
HEADER_LINES = 4
#: Rows below a header that tell what its columns hold.
SHOWN_ROWS = 30
#: A title is no sentence.
LONGEST_TITLE = 60
#: Some are, among shorter ones: "Number of officials accompanying the minister, where …".
LONG_TITLES = 0.45
LONGEST_SENTENCE = 250
#: A header names at least this share of its columns.
NAMED = 0.4
#: A stretch without a header is the table only beside the largest one, by cells.
LARGE = 0.3
#: A header with one or two records is the table's own description where the table is so many times
#: larger.
DWARFED = 8

SQL_TYPE = re.compile(
    r"(?:N?VARCHAR2?|CHAR|TEXT|STRING|U?INT\d*|INTEGER|BIGINT|SMALLINT|TINYINT|FLOAT|DOUBLE|REAL"
    r"|DECIMAL|NUMERIC|NUMBER"
    r"|BOOL(?:EAN)?|BIT|DATE|TIME|DATETIME|(?:TIME|TIMESTAMP)(?: WITH(?:OUT)? TIME ZONE)?"
    r"|TIMESTAMPTZ|DOUBLE PRECISION|CHARACTER(?: VARYING)?|LONG|SHORT|BYTE|CLOB|INET"
    r"|UNIQUEIDENTIFIER|UUID)(?:\s*\(\s*\d+\s*(?:,\s*\d+\s*)?\))?",
    re.IGNORECASE,
)
#: Column formats of relational database tables of the geological survey: 5s, 16n, 10d.
WIDTH_TYPE = re.compile(r"\d+[sndSND]")
NUMBER = re.compile(r"[-+(]?[$€£]?\s?[-+]?\d[\d.,' ]*(?:[eE][-+]?\d+)?\s?[%$€£)]?|[-+]?\.\d+")
#: What stands in a column of values where there is none.
MISSING = frozenset({"", "-", "--", "na", "n/a", "nan", "null", "none", "nil", "unknown", "?"})
TOTAL = re.compile(
    r"\W*(?:(?:sub|grand)?[- ]?totals?|sum(?:me)?|page \d|end of|records?\b.*\d|count)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Structure:
    preamble_lines: int = 0
    header_lines: int = 0
    footer_lines: int = 0
    tables: int = 0
    columns: tuple[str, ...] = ()


def find(head: Sequence[str], tail: Sequence[str], dialect: Dialect) -> Structure:
    """The structure of a file by its first lines, and by its last ones for the footer.

    `tail` is empty where the head is the whole file or the end is out of reach.
    """
    rows = [row for row in split(head[:LOOKED_AT], dialect) if not row.blank]
    declared = 1 if head and SEPARATOR.fullmatch(head[0]) else 0
    rows = [row for row in rows if row.line >= declared]
    if dialect.delimiter is None:
        return _one_column(rows, declared)
    stretches = _stretches(rows)
    if not stretches:
        return Structure(preamble_lines=declared)
    header, body = _first_table(stretches)
    titles = _titles(header) or tuple(f"column_{i + 1}" for i in range(_usual_width(body)))
    begin = header[0].line if header else body[0].line
    end = header[-1].line + header[-1].lines if header else begin
    rest = [row for row in rows if row.line >= end]
    return Structure(
        preamble_lines=begin,
        header_lines=end - begin,
        footer_lines=_footer(tail or head[end:], len(titles), dialect),
        tables=1 + len(_further_headers(rest, header, body)),
        columns=titles,
    )


# --------------------------------------------------------------------------- rows and titles


def is_title(cell: str) -> bool:
    """More letters than digits, and short: `1st Cell ID` is a title, `12XX`, `6:45AM` and a date
    are none.
    """
    return len(cell) <= LONGEST_TITLE and _is_short_and_wordy(cell)


@functools.lru_cache(maxsize=4096)  # the same words come in most rows
def _is_short_and_wordy(cell: str) -> bool:
    return _is_wordy(cell)


def _is_wordy(cell: str) -> bool:
    return sum(map(str.isalpha, cell)) > sum(map(str.isdigit, cell))


def is_header(row: Row) -> bool:
    """Whether all cells of a row look like titles, not the same one over and over (`Name` may
    stand for both parties).
    """
    filled = row.filled
    if len(filled) < 2 or len(filled) < NAMED * len(row.cells):
        return False
    wrong = long = 0
    for cell in filled:
        if not is_title(cell):
            if len(cell) > LONGEST_TITLE and _is_wordy(cell[:LONGEST_SENTENCE]):
                long += 1
            else:
                wrong += 1
            if wrong > 0.05 * len(filled) or long > LONG_TITLES * len(filled):
                return False
    return len({cell.strip().casefold() for cell in filled}) >= 0.5 * len(filled)


def _is_spaced(row: Row) -> bool:
    """Whether blanks follow the delimiters."""
    rest = row.cells[1:]
    return sum(cell.startswith(" ") and not cell.isspace() for cell in rest) >= 0.5 * len(rest) > 0


def _is_sentence(row: Row) -> bool:
    """Whether blanks follow the delimiters as they follow commas in a sentence; single words are
    none.
    """
    return _is_spaced(row) and any(" " in cell.strip() for cell in row.cells)


def are_types(cells: Sequence[str]) -> bool:
    """Whether a line below the titles says what types the columns have."""
    filled = [cell for cell in cells if cell and not cell.isspace()]
    return len(filled) > 1 and any(
        all(pattern.fullmatch(cell.strip()) for cell in filled)
        for pattern in (SQL_TYPE, WIDTH_TYPE)
    )


def _fits(width: int, usual: int) -> bool:
    """Rows of one table: cells may be missing at the end, or delimiters stand in the last one."""
    return width > 1 and abs(width - usual) <= max(width, usual) // 4


def _usual_width(rows: Sequence[Row]) -> int:
    widths = [len(row.cells) for row in rows]
    return max(widths, key=widths.count, default=0)


# --------------------------------------------------------------------------- the first table


def _stretches(rows: Sequence[Row]) -> list[list[Row]]:
    """Rows in groups of one width; single odd rows in the midst, and lines of one cell, do not
    end a group.
    """
    wide = [row for row in rows if len(row.cells) > 1]
    stretches: list[list[Row]] = []
    for i, row in enumerate(wide):
        if stretches:
            usual = len(stretches[-1][0].cells)
            # A single odd row in the midst is a damaged record; a header is the beginning of
            # something else.
            if _fits(len(row.cells), usual) or (
                (len(stretches[-1]) > 1 or usual > 2)
                and i + 1 < len(wide)
                and _fits(len(wide[i + 1].cells), usual)
                and not is_header(row)
            ):
                stretches[-1].append(row)
                continue
        stretches.append([row])
    return stretches


def _first_table(stretches: Sequence[list[Row]]) -> tuple[list[Row], list[Row]]:
    """Header rows (perhaps none) and the rows below them."""
    sizes, widths = (
        [_cells(stretch) for stretch in stretches],
        [_usual_width(stretch) for stretch in stretches],
    )
    most = max(range(len(stretches)), key=sizes.__getitem__)
    largest = sizes[most]
    headless = not _header(stretches[most])
    widest = max(
        (size for size, width in zip(sizes, widths, strict=True) if width > 3), default=0.0
    )
    for i, stretch in enumerate(stretches[: most + 1]):
        if widths[i] == 2 and widest >= sizes[i]:
            continue  # pairs of a preamble
        if len(stretch) == 1 and i < most and is_header(stretch[0]):
            # A header whose rows are wider or narrower by some cells than it is.
            below = stretches[i + 1]
            near = abs(len(below[0].cells) - len(stretch[0].cells)) <= max(
                1, len(stretch[0].cells) // 2
            )
            near = near and (_is_spaced(below[0]) or not _is_sentence(stretch[0]))
            if (
                near
                and sizes[i + 1] >= LARGE * largest
                and not is_header(below[0])
                and _differs(stretch[0], below)
            ):
                return [stretch[0]], below
            continue
        header, below = _parted(stretch)
        if header and len(below) <= 2 and largest >= DWARFED * sizes[i]:
            continue  # a line of titles and one of values that describe the table after them
        # Records before some damaged ones: what follows goes on with them.
        goes_on = headless and not header and len(stretch) > 2 and widths[i] == widths[most] > 2
        if (
            goes_on
            or sizes[i] >= LARGE * largest
            or (header and len(header[0].cells) > 2 and any(_value_columns(below[:SHOWN_ROWS])))
        ):
            return header, below
    return _parted(stretches[most])


def _parted(stretch: Sequence[Row]) -> tuple[list[Row], list[Row]]:
    header = _header(stretch)
    if header:
        return header, [row for row in stretch if row.line > header[-1].line]
    begin = next(
        (
            i
            for i, row in enumerate(stretch[:HEADER_WITHIN])
            if len(row.filled) >= 0.5 * _named(stretch)
        ),
        0,
    )
    return [], list(stretch[begin:])


def _cells(stretch: Sequence[Row]) -> float:
    """The size of a stretch.

    Width counts for more than length: a preamble of pairs may be longer than its table.
    """
    return sum(math.pow(len(row.cells) - 1, 1.5) for row in stretch)


def _named(stretch: Sequence[Row]) -> int:
    """How many cells full rows fill; a preamble that was padded to full width may be most of the
    first ones.
    """
    counts = sorted(len(row.filled) for row in stretch[: 3 * SHOWN_ROWS])
    return counts[-1 - len(counts) // 8]


def _header(stretch: Sequence[Row]) -> list[Row]:
    """The header rows near the beginning of a stretch: titles before the first record, none if
    it has no titles.
    """
    shown = stretch[:SHOWN_ROWS]
    usual = _usual_width(shown)
    named = _named(stretch)
    spaced = sum(map(_is_spaced, shown)) > 0.5 * len(shown)
    leading: list[int] = []
    record = None
    for i, row in enumerate(shown[:HEADER_WITHIN]):
        if len(row.filled) < 0.5 * named or not _fits(len(row.cells), usual):
            continue  # preamble: padded by a spreadsheet, or with a few delimiters of its own
        if is_header(row) and (spaced or not _is_sentence(row)):
            leading.append(i)
        elif not all(map(_is_wordy, row.filled)):
            record = i
            break
    # A line of values, perhaps with titles of its own, may lead a file, padded to the width of the
    # table that it describes.
    for i, row in enumerate(
        shown[record + 1 : record + 4] if record is not None else (), (record or 0) + 1
    ):
        before = len(shown[leading[0] if leading else record or 0].filled)
        if (
            len(row.filled) >= named
            and (len(row.filled) != before if leading else len(row.filled) > 2 * before)
            and is_header(row)
        ):
            leading = [i]
            break
    if not leading:
        if record is None or not _contrasts(
            shown[record], stretch[record + 1 : record + 1 + SHOWN_ROWS]
        ):
            return []
        leading = [record]
    first = next((i for i in leading if len(stretch[i].cells) == usual), leading[-1])
    row, below = stretch[first], stretch[first + 1 : first + 1 + SHOWN_ROWS]
    if not _differs(row, below):
        return []
    header = [row]
    while (
        len(header) < HEADER_LINES
        and len(below) > 1
        and (are_types(below[0].cells) or _continues(below[0], below[1:]))
    ):
        header.append(below[0])
        below = below[1:]
    if below and len(header) < HEADER_LINES and are_types(below[0].cells):
        header.append(below[0])
    return header


def _kind(cell: str) -> str:
    """`number`, `date` (or time), `word`, or `code` for what has letters and digits."""
    text = cell.strip()
    if NUMBER.fullmatch(text):
        return "number"
    letters = any(map(str.isalpha, text))
    if not any(map(str.isdigit, text)):
        return "word"
    return "code" if letters and not re.match(r"\d+[-/.:]\d+[-/.:]?", text) else "date"


def _kinds(rows: Sequence[Row], width: int) -> list[str | None]:
    """The kind of value that each column holds, None where it holds several or nothing."""
    kinds_of_columns: list[str | None] = []
    for i in range(width):
        kinds = [
            _kind(row.cells[i])
            for row in rows
            if i < len(row.cells) and row.cells[i].strip().casefold() not in MISSING
        ]
        top = max(kinds, key=kinds.count) if kinds else None
        kinds_of_columns.append(top if top and kinds.count(top) >= 0.8 * len(kinds) else None)
    return kinds_of_columns


def _contrasts(row: Row, below: Sequence[Row]) -> bool:
    """Whether a row is of other kinds than the columns below it: `c1980` over numbers, `id` over
    codes.
    """
    if not below:
        return False
    keys = _key(row)
    if len(row.filled) < 0.5 * len(keys) or len({*filter(None, keys)}) < 0.9 * len(row.filled):
        return False
    unlike = alike = 0
    for cell, kind in zip(keys, _kinds(below, len(keys)), strict=True):
        if cell in MISSING or kind is None:
            continue
        if _kind(cell) != kind:
            unlike += 1
        elif kind != "word":
            alike += 1
    return unlike > 2 * alike


def _continues(row: Row, below: Sequence[Row]) -> bool:
    """Whether a row goes on with the header: over the columns of numbers and dates it has words,
    as units are.
    """
    if len(row.filled) < 2 or not _fits(len(row.cells), _usual_width(below)):
        return False
    over = [
        cell
        for cell, kind in zip(_key(row), _kinds(below, len(row.cells)), strict=True)
        if kind in ("number", "date")
    ]
    named = [cell for cell in over if cell]
    if len(over) < 2 or len(named) <= 0.5 * len(over):
        return False
    return not any(cell in MISSING or _kind(cell) in ("number", "date") for cell in named)


def _differs(row: Row, below: Sequence[Row]) -> bool:
    """Whether the rows below hold something else than titles, or, in a table of texts, never the
    title itself.
    """
    if not below or any(_value_columns(below)):
        return True
    return not any(
        a.strip().casefold() == b.strip().casefold() != ""
        for other in below
        for a, b in zip(row.cells, other.cells, strict=False)
    )


def _value_columns(rows: Sequence[Row]) -> list[bool]:
    """Which columns hold no titles but numbers, dates and the like."""
    flags = []
    for i in range(_usual_width(rows)):
        cells = [cell for row in rows if i < len(row.cells) and (cell := row.cells[i].strip())]
        flags.append(bool(cells) and sum(not is_title(cell) for cell in cells) > 0.5 * len(cells))
    return flags


def _titles(header: Sequence[Row]) -> tuple[str, ...]:
    if not header:
        return ()
    lines = [row.cells for i, row in enumerate(header) if i == 0 or not are_types(row.cells)]
    width = max(map(len, lines))
    joined = [
        " ".join(cells[i].strip() for cells in lines if i < len(cells) and cells[i].strip())
        for i in range(width)
    ]
    return tuple(title or f"column_{i + 1}" for i, title in enumerate(joined))


# --------------------------------------------------------------------------- the rest


def _further_headers(
    rest: Sequence[Row], header: Sequence[Row], body: Sequence[Row]
) -> set[tuple[str, ...]]:
    """The titles of further tables: a header repeated on the next page is none."""
    known = _key(header[0]) if header else ()
    headers: set[tuple[str, ...]] = set()
    width, values = (_usual_width(body), _value_columns(body[:SHOWN_ROWS])) if body else (0, [])
    for i, row in enumerate(rest):
        if len(row.cells) < 2 or not is_header(row):
            continue
        below = rest[i + 1 : i + 6]
        if not below or is_header(below[0]) or not _fits(len(below[0].cells), len(row.cells)):
            continue
        if _fits(len(row.cells), width):
            cells = zip(row.cells, values, strict=False)
            over = [bool(cell.strip()) for cell, value in cells if value]
            if len(over) < 2 or sum(over) <= 0.5 * len(over):
                continue
        if _key(row) != known:
            headers.add(_key(row))
        width, values = (
            len(row.cells),
            _value_columns([r for r in below if _fits(len(r.cells), len(row.cells))]),
        )
    return headers


def _key(row: Row) -> tuple[str, ...]:
    return tuple(cell.strip().casefold() for cell in row.cells)


def _footer(lines: Sequence[str], width: int, dialect: Dialect) -> int:
    """How many of the last lines are no records: blank, a few texts, or totals.

    A short line with values in it is rather a record that was cut off.
    """
    count = 0
    for line in reversed(lines):
        row = next(split([line], dialect))
        filled = row.filled
        short = len(row.cells) <= 0.5 * width or (len(filled) <= 1 and width > 2)
        texts = short and all(_is_wordy(cell) or not any(map(str.isdigit, cell)) for cell in filled)
        total = len(filled) <= 0.6 * width and any(TOTAL.match(cell) for cell in filled[:1])
        # a record without its first values
        sparse = len(row.cells) == width > 2 and not row.cells[0].strip()
        if not ((texts and not sparse) or total or not filled):
            break
        count += 1
    return count


def _one_column(rows: Sequence[Row], declared: int) -> Structure:
    """Without a delimiter there is at most a title over values of one kind; prose and fixed
    columns have none.
    """
    if not rows:
        return Structure(preamble_lines=declared)
    first, *below = (row.cells[0].strip() for row in rows)
    values = sum(not is_title(cell) and " " not in cell for cell in below)
    capital = (
        first.isupper()
        and bool(below)
        and not any(map(str.isupper, below))
        and all(map(is_title, below))
    )
    if is_title(first) and "  " not in first and (values > 0.8 * len(below) or capital):
        return Structure(preamble_lines=rows[0].line, header_lines=1, tables=1, columns=(first,))
    return Structure(preamble_lines=declared, tables=1, columns=("column_1",))
