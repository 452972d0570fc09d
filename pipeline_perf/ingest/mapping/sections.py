"""The tables of an unknown file: titles, some rows, and the line that announces each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pipeline_perf.ingest.probe.dialect import Dialect, split
from pipeline_perf.ingest.probe.probe import Probe
from pipeline_perf.ingest.probe.structure import TOTAL, are_types, is_header

#: Rows looked at, and values of a column shown.
ROWS, SHOWN = 50, 3
#: Share of what full rows fill that a record has at least: a line that tells whose records follow
#: has less, also where a spreadsheet filled it up to their width.
FILLED = 0.5
#: Lines between a section's title and its header.
TITLE_REACH = 2


@dataclass(frozen=True)
class Section:
    """A header and the rows below it; `title` is the line that stands alone above."""

    titles: tuple[str, ...]
    rows: tuple[Sequence[str], ...]
    title: str = ""

    @property
    def records(self) -> list[dict[str, str]]:
        return [
            dict(zip(self.titles, (cell.strip() for cell in row), strict=False))
            for row in self.rows
        ]

    @property
    def columns(self) -> dict[str, list[str]]:
        return {title: values for i, title in enumerate(self.titles) if (values := self.values(i))}

    def values(self, column: int) -> list[str]:
        return [text for row in self.rows if column < len(row) and (text := row[column].strip())]


# --------------------------------------------------------------------------- tables with titles


def sections_of(probe: Probe) -> Iterator[Section]:
    """The tables of a file, each with another header."""
    dialect = Dialect(probe.delimiter, probe.quote, probe.escape)
    body = probe.preamble_lines + probe.header_lines
    titles, rows, alone, title = (
        probe.columns,
        list[Sequence[str]](),
        "",
        _alone(probe.head[: probe.preamble_lines], dialect),
    )
    known = {tuple(map(str.casefold, titles))}
    below = list(split(probe.head[body:], dialect))
    for i, row in enumerate(below):
        key = tuple(cell.strip().casefold() for cell in row.cells)
        if (
            probe.tables > 1
            and key not in known
            and is_header(row)
            and i + 1 < len(below)
            and not is_header(below[i + 1])
        ):
            yield Section(titles, _full(rows), title)
            known.add(key)
            titles, rows, title, alone = tuple(cell.strip() for cell in row.cells), [], alone, ""
        elif len(row.filled) == 1 and not TOTAL.match(row.filled[0]):
            alone = row.filled[0]
        elif (
            len(row.cells) == len(titles)
            and key not in known
            and not are_types(row.cells)
            and not (row.filled and TOTAL.match(row.filled[0]))
        ):
            rows.append(row.cells)
    yield Section(titles, _full(rows), title)


def _full(rows: Sequence[Sequence[str]]) -> tuple[Sequence[str], ...]:
    """The first rows that are filled as records are."""
    filled = [sum(1 for cell in row if cell.strip()) for row in rows]
    usual = sorted(filled)[-1 - len(filled) // 8] if filled else 0
    full = [row for row, count in zip(rows, filled, strict=True) if count > FILLED * usual]
    return tuple(full[:ROWS])


def _alone(lines: Sequence[str], dialect: Dialect) -> str:
    """The line of one cell right above a header."""
    rows = list(split(lines, dialect))[-TITLE_REACH:]
    return next((row.filled[0] for row in reversed(rows) if len(row.filled) == 1), "")


def of_elements(probe: Probe) -> Section:
    """The first elements of a file as a section: paths as titles."""
    elements = probe.elements()[:ROWS]
    titles = probe.columns or ("???",)  # of HTML, no class is known to be a record's
    return Section(
        titles, tuple([element.values.get(path, "") for path in titles] for element in elements)
    )
