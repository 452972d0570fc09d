"""Writes workbooks from their own XML, so that tests decide on every byte: what is stored, and
in which format it is shown.

Not a library's work: none at hand writes what is damaged or made to do harm.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from xml.sax.saxutils import escape

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"

#: A text, a number as it is stored, or a number with the format in which it is shown; None for no
#: cell at all.
Cell = str | int | float | tuple[float, str] | None


def workbook(
    path: Path,
    sheets: Mapping[str, Iterable[bytes]],
    shared: Iterable[bytes] = (b"<sst/>",),
    styles: bytes = b"",
) -> None:
    """A workbook from the XML of its sheets, shared texts and styles.

    The same parts give the same bytes.
    """
    types = (
        {"styles": "styles.xml", "sharedStrings": "sharedStrings.xml"}
        if styles
        else {"sharedStrings": "sharedStrings.xml"}
    )
    targets = [("worksheet", f"worksheets/sheet{i}.xml") for i in range(1, len(sheets) + 1)] + list(
        types.items()
    )
    listed = "".join(
        f'<sheet name="{escape(name)}" sheetId="{i}" r:id="rId{i}"/>'
        for i, name in enumerate(sheets, 1)
    )
    relations = "".join(
        f'<Relationship Id="rId{i}" Type="{RELATIONS}/{k}" Target="{t}"/>'
        for i, (k, t) in enumerate(targets, 1)
    )
    root = f'<Relationship Id="rId1" Type="{RELATIONS}/officeDocument" Target="xl/workbook.xml"/>'
    parts: dict[str, Iterable[bytes]] = {
        "[Content_Types].xml": [f'<Types xmlns="{PACKAGE}/content-types"/>'.encode()],
        "_rels/.rels": [
            f'<Relationships xmlns="{PACKAGE}/relationships">{root}</Relationships>'.encode()
        ],
        "xl/workbook.xml": [
            f'<workbook xmlns="{MAIN}" xmlns:r="{RELATIONS}">'
            f"<sheets>{listed}</sheets></workbook>".encode()
        ],
        "xl/_rels/workbook.xml.rels": [
            f'<Relationships xmlns="{PACKAGE}/relationships">{relations}</Relationships>'.encode()
        ],
        **{f"xl/worksheets/sheet{i}.xml": sheet for i, sheet in enumerate(sheets.values(), 1)},
        "xl/sharedStrings.xml": shared,
    }
    if styles:
        parts["xl/styles.xml"] = [styles]
    with zipfile.ZipFile(path, "w") as archive:
        for name, blocks in parts.items():
            member = zipfile.ZipInfo(name)  # of 1980: the same workbook has the same bytes
            member.compress_type = zipfile.ZIP_DEFLATED
            with archive.open(member, "w", force_zip64=True) as out:
                for block in blocks:
                    out.write(block)


def sheet(rows: Iterable[bytes]) -> Iterator[bytes]:
    """A sheet's XML around its rows."""
    yield f'<worksheet xmlns="{MAIN}"><sheetData>'.encode()
    yield from rows
    yield b"</sheetData></worksheet>"


def written(path: Path, sheets: Mapping[str, Sequence[Sequence[Cell]]]) -> None:
    """A workbook of cells as a spreadsheet stores them: texts shared, dates as numbers with a
    format. An empty row is left out.
    """
    texts: dict[str, int] = {}
    formats: dict[str, int] = {}

    def cell(reference: str, value: Cell) -> str:
        if value is None:
            return ""
        if isinstance(value, str):
            return f'<c r="{reference}" t="s"><v>{texts.setdefault(value, len(texts))}</v></c>'
        number, form = value if isinstance(value, tuple) else (value, "General")
        return (
            f'<c r="{reference}" s="{formats.setdefault(form, len(formats))}"><v>{number!r}</v></c>'
        )

    def row(number: int, values: Sequence[Cell]) -> bytes:
        cells = "".join(cell(f"{letters(i)}{number}", value) for i, value in enumerate(values))
        return f'<row r="{number}">{cells}</row>'.encode()

    made = {
        name: list(sheet(row(i, values) for i, values in enumerate(rows, 1) if values))
        for name, rows in sheets.items()
    }
    shared = (
        f'<sst xmlns="{MAIN}">'
        + "".join(f'<si><t xml:space="preserve">{escape(text)}</t></si>' for text in texts)
        + "</sst>"
    )
    known = "".join(
        f'<numFmt numFmtId="{164 + i}" formatCode="{escape(code, {chr(34): "&quot;"})}"/>'
        for code, i in formats.items()
    )
    used = "".join(f'<xf numFmtId="{164 + i}" applyNumberFormat="1"/>' for i in formats.values())
    styles = (
        "<styleSheet"
        f' xmlns="{MAIN}"><numFmts>{known}</numFmts><cellXfs>{used}</cellXfs></styleSheet>'
    )
    workbook(path, made, [shared.encode()], styles.encode())


def letters(column: int) -> str:
    """The name of a column, counted from 0: 27 → AB."""
    name = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        name = chr(65 + rest) + name
    return name
