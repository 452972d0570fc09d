"""Messy delimited files with what is true of them, seeded: `python -m
pipeline_perf_tests.ingest.probe.messy_files FOLDER COUNT`.

The files and their annotations.csv are as `score_probe` reads them. Each kind of mess is drawn on
its own, so that files have none, one, or many of them.
"""

from __future__ import annotations

import csv
import random
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

#: Usual ones more often; "  " stands for several blanks, not always as many.
DELIMITERS = (*",;\t|" * 4, *":~^#@*&%!§¦¬\x01\x1f", " ", "  ")
TOWNS = (
    "NEW YORK",
    "ST. LOUIS",
    "Boston, MA",
    "San José",
    "O'Fallon",
    "Zürich",
    "WASHINGTON D.C.",
    "Köln",
    "L.A.",
)
NAMES = ("Alice Smith", "Bob", "J. Doe", "María López", "Chen Wei", "D'Arcy", "Acme Corp.", "N. N.")
KINDS = ("Outgoing", "Incoming", "SMS", "Data", "Voice Mail")
TITLES = (
    ("number", ("Number", "Called Number", "From", "MSISDN", "Phone No.", "telephone_number")),
    ("date", ("Date", "Call Date", "Start Date", "created", "Day")),
    ("time", ("Time", "Start Time", "clock", "Uhrzeit")),
    ("count", ("Seconds", "Duration (s)", "Units", "Bytes 2", "n_calls")),
    ("amount", ("Amount", "Cost $", "Price", "net_total", "Charge")),
    ("town", ("City", "Place", "Origin", "Ort")),
    ("name", ("Name", "Customer", "Account Owner", "Kunde")),
    ("kind", ("Type", "Call Type", "Direction", "Service")),
    ("code", ("Cell ID", "Site", "Route Code", "LAC")),
)
PROSE = (
    "Call detail report", "Created on 07/31/2023 at 14:02:11, Eastern", "Account: 287001234567",
    "Usage For: (212)555-0100",
    "The records of this report are kept for some years, as written.",
    "Run Date: 08/15/23        Run Time: 10:00", "CONFIDENTIAL",
    "Requested by: A. Name, Legal Department, Atlanta, GA", "(times are local)", "Page 1 of 3",
    "Source: billing system; extract no. 17",
)  # fmt: skip


@dataclass(frozen=True)
class Messy:
    text: str
    encoding: str
    delimiter: str
    quote: str | None
    preamble_lines: int
    header_lines: int
    footer_lines: int
    tables: int
    mess: frozenset[str]

    @property
    def data(self) -> bytes:
        return self.text.encode(self.encoding)


def messy(seed: int) -> Messy:
    """One file."""
    rng = random.Random(f"messy {seed}")
    delimiter, mess = rng.choice(DELIMITERS), set[str]()
    spaced = delimiter in (" ", "  ")
    chosen = rng.sample(TITLES, rng.randint(3, 8))
    titles = [rng.choice(words) for _, words in chosen]
    makers = [_maker(kind, rng) for kind, _ in chosen]

    def some(share: float, name: str) -> bool:
        drawn = rng.random() < share
        if drawn:
            mess.add(name)
        return drawn

    quote = None if spaced or rng.random() < 0.35 else "'" if rng.random() < 0.15 else '"'
    escape = "\\" if quote and some(0.15, "backslashes") else None
    all_quoted = quote is not None and rng.random() < 0.35
    style = (delimiter, quote, escape, all_quoted)

    def line(cells: list[str]) -> str:
        if spaced:
            cells = [cell.replace(" ", "_") or "-" for cell in cells]
        if delimiter == "  ":
            return (" " * rng.randint(2, 4)).join(cells)
        return delimiter.join(_written(cell, style) for cell in cells)

    head: list[str] = []
    if some(0.45, "preamble"):
        kind = rng.choice(("prose", "pairs", "padded", "comments", "blank"))
        for _ in range(rng.randint(1, 14)):
            head.append(_preamble_line(kind, delimiter, len(titles), rng))
    header = []
    if not some(0.15, "no header"):
        header.append(line(titles))
        if not spaced and some(0.1, "types"):
            header.append(
                line(
                    [
                        {"number": "VARCHAR(20)", "count": "INTEGER", "amount": "DECIMAL(9,2)"}.get(
                            k, "TEXT"
                        )
                        for k, _ in chosen
                    ]
                )
            )
        elif (
            not spaced
            and sum(kind in ("count", "amount", "date", "time") for kind, _ in chosen) > 1
            and some(0.1, "units")
        ):
            header.append(
                line(
                    [
                        {"count": "s", "amount": "USD", "date": "M/D/Y", "time": "local"}.get(
                            kind, "-x-"
                        )
                        for kind, _ in chosen
                    ]
                )
            )
    rows = [[make() for make in makers] for _ in range(rng.choice((3, 8, 30, 120, 400)))]
    if quote and not escape and some(0.2, "line ends in cells"):
        for row in rng.sample(rows, max(1, len(rows) // 10)):
            row[rng.randrange(len(row))] = "first\nsecond, third"
    if len(rows) > 8 and not spaced:
        if some(0.15, "ragged"):
            for row in rng.sample(rows, len(rows) // 8):
                row[rng.randint(2, len(row)) :] = [] if rng.random() < 0.6 else ["x", "y"]
        elif some(0.1, "width changes"):
            for row in rows[len(rows) // 2 :]:
                row.append("1")
    body = [line(row) for row in rows]
    quoted = quote is not None and quote in "".join(header + body)
    if quote and not all_quoted and len(rows) > 8 and some(0.1, "open quote"):
        body.insert(
            len(body) // 2,
            delimiter.join([quote + "damaged", *(f"{i}" for i in range(len(titles) - 1))]),
        )
    tables = 1
    if (
        header
        and len(header) == 1
        and not spaced
        and len(rows) > 8
        and some(0.12, "several tables")
    ):
        others = ["Plan", "Allowance MB", "Fee", "Tax code"][: rng.randint(3, 4)]
        body += [
            "",
            line(others),
            *(line([f"Plan {i}", str(100 * i), f"{i}.99", "T1"][: len(others)]) for i in range(6)),
        ]
        tables = 2
    foot: list[str] = []
    if tables == 1 and some(0.25, "footer"):
        foot = rng.choice(
            (
                ["", "End of report"],
                ["Totals" + delimiter * (len(titles) - 1)],
                ["", "All times are local.", "Page 3 of 3"],
            )
        )
        if spaced:
            foot = ["", "End-of-report"]
    newline = rng.choice(("\n", "\n", "\r\n", "\r"))
    text = "\n".join([*head, *header, *body, *foot, ""])
    return Messy(
        text.replace("\n", newline),
        # A delimiter beyond ASCII is in every line, and so would be most of what tells single-byte
        # encodings apart.
        rng.choice(("utf-8", "utf-8-sig", "utf-16", "cp1252" if delimiter.isascii() else "utf-8")),
        " " if spaced else delimiter,
        quote if quoted else None,
        len(head),
        len(header),
        len(foot),
        tables,
        frozenset(mess),
    )


def _written(cell: str, style: tuple[str, str | None, str | None, bool]) -> str:
    delimiter, quote, escape, all_quoted = style
    if quote is None:
        return cell.replace(delimiter, "")
    if not (all_quoted or delimiter in cell or quote in cell or "\n" in cell):
        return cell
    return quote + cell.replace(quote, (escape or quote) + quote) + quote


def _maker(kind: str, rng: random.Random) -> Callable[[], str]:
    form = rng.choice(("%02d/%02d/2023", "2023-%02d-%02d"))
    return {
        "number": lambda: f"2125550{rng.randint(100, 199)}",
        "date": lambda: form % (rng.randint(1, 12), rng.randint(1, 28)),
        "time": lambda: (
            f"{rng.randint(0, 23):02d}:{rng.randint(0, 59):02d}:{rng.randint(0, 59):02d}"
        ),
        "count": lambda: str(rng.randint(0, 9000)) if rng.random() < 0.95 else "",
        "amount": lambda: f"{rng.uniform(0, 90):.2f}",
        "town": lambda: rng.choice(TOWNS),
        "name": lambda: rng.choice(NAMES),
        "kind": lambda: rng.choice(KINDS),
        "code": lambda: f"{rng.randint(100, 999)}/{rng.randint(1, 99)}-{rng.choice('ABC')}",
    }[kind]


def _preamble_line(kind: str, delimiter: str, width: int, rng: random.Random) -> str:
    if kind == "blank" and rng.random() < 0.6:
        return ""
    if kind == "pairs" and delimiter.strip():
        title = rng.choice(("Account", "Period", "Customer", "Line", "Export"))
        return f"{title}{delimiter}{rng.choice(('287001234567', 'July', 'A. Name'))}"
    text = rng.choice(PROSE)
    if kind == "padded" and delimiter.strip():
        return text.replace(delimiter, " ") + delimiter * (width - 1)
    return f"# {text}" if kind == "comments" else text


def main(folder: Path, count: int) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "annotations.csv").open("w", encoding="utf-8", newline="") as table:
        writer = csv.writer(table)
        writer.writerow(
            (
                "file",
                "delimiter",
                "quote",
                "preamble_lines",
                "header_lines",
                "footer_lines",
                "tables",
                "mess",
            )
        )
        for seed in range(count):
            made = messy(seed)
            name = f"messy_{seed:05d}.csv"
            (folder / name).write_bytes(made.data)
            delimiter = {"\t": "tab", " ": "space"}.get(made.delimiter, made.delimiter)
            counts = (made.preamble_lines, made.header_lines, made.footer_lines, made.tables)
            writer.writerow(
                (name, delimiter, made.quote or "none", *counts, " + ".join(sorted(made.mess)))
            )


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
