"""How often the probe is right, over folders of files with annotations: `python -m
pipeline_perf_tests.ingest.probe.score_probe FOLDER …`.

A folder has its annotations in `annotations.csv` beside the files (or beside a folder `csv` that
holds them), one file a row, in the columns file, delimiter, quote, preamble_lines, header_lines.
`tab`, `space` and `none` stand for themselves, an empty cell is not scored. Two public forms are
read too: `parameters/*_parameters.json` beside `csv/` (Pollock), and `Dialect_annotations.txt` with
columns divided by | (CSVsniffer's copies of the suites).
"""

from __future__ import annotations

import csv
import json
import statistics
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from pipeline_perf.ingest.container.content import Content
from pipeline_perf.ingest.container.source import Source
from pipeline_perf.ingest.probe.probe import Probe, probe

WORDS = {
    "tab": "\t", "space": " ", "none": None, "comma": ",", "semicolon": ";", "vslash": "|",
    "nsign": "#", "colon": ":",
    "doublequote": '"', "singlequote": "'", "\\t": "\t",
}  # fmt: skip


@dataclass(frozen=True)
class Truth:
    """What an annotation says of a file; only the names in `told` are scored."""

    file: Path
    told: frozenset[str]
    delimiter: str | None = None
    quote: str | None = None
    preamble_lines: int = 0
    header_lines: int = 0


@dataclass
class Score:
    right: dict[str, int] = field(default_factory=dict)
    asked: dict[str, int] = field(default_factory=dict)
    seconds: list[float] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    def add(self, name: str, right: bool) -> None:
        self.asked[name] = self.asked.get(name, 0) + 1
        self.right[name] = self.right.get(name, 0) + right


FIELDS = ("delimiter", "quote", "preamble_lines", "header_lines")


def annotations(folder: Path) -> Iterator[Truth]:
    """The annotated files of a folder, in any of the three forms; those that are not there are
    in it too.
    """
    files = folder / "csv" if (folder / "csv").is_dir() else folder
    if (folder / "annotations.csv").is_file():
        with (folder / "annotations.csv").open(encoding="utf-8", newline="") as table:
            for row in csv.DictReader(table):
                yield _truth(files / row["file"], {name: row.get(name) or "" for name in FIELDS})
    for path in sorted((folder / "parameters").glob("*_parameters.json")):
        told = json.loads(path.read_text(encoding="utf-8"))
        cells = {
            name: str(told.get(key, ""))
            for name, key in zip(FIELDS, ("delimiter", "quotechar", *FIELDS[2:]), strict=True)
        }
        yield _truth(
            files / path.name.removesuffix("_parameters.json"),
            cells | {"quote": cells["quote"] or "none"},
        )
    for path in sorted(folder.glob("*Dialect_?nnotation*.txt")):
        lines = path.read_text(encoding="utf-8").splitlines()
        for row in csv.DictReader(
            (line for line in lines if not line.startswith("#")), delimiter="|"
        ):
            yield _truth(
                files / row["file_name"],
                {"delimiter": row["fields_delimiter"], "quote": row["quotechar"]},
            )


def _truth(file: Path, cells: dict[str, str]) -> Truth:
    told = {name: cell for name, cell in cells.items() if cell}
    values: dict[str, str | int | None] = {
        name: int(cell) if name.endswith("lines") else WORDS.get(cell, cell)
        for name, cell in told.items()
    }
    # each field's own type, by its name
    return Truth(file, frozenset(told), **values)  # type: ignore[arg-type]


def judge(truth: Truth, found: Probe) -> dict[str, bool]:
    """Which of the told findings are right.

    A quote that the file does not have is as good as none.
    """
    text = "".join(found.head)
    quotes = {quote if quote and quote in text else None for quote in (truth.quote, found.quote)}
    right = {
        "delimiter": truth.delimiter == found.delimiter,
        "quote": len(quotes) == 1,
        "preamble_lines": truth.preamble_lines == found.preamble_lines,
        "header_lines": truth.header_lines == found.header_lines,
    }
    return {name: right[name] for name in FIELDS if name in truth.told}


def score(truths: Iterator[Truth]) -> tuple[Score, int]:
    """The score of the files that are there, and how many are not."""
    total, missing = Score(), 0
    for truth in truths:
        if not truth.file.is_file():
            missing += 1
            continue
        began = time.perf_counter()
        found = probe(Content(Source(truth.file)))
        total.seconds.append(time.perf_counter() - began)
        right = judge(truth, found)
        total.add("delimiter and quote", all(right[name] for name in FIELDS[:2] if name in right))
        for name in FIELDS[2:]:
            if name in right:
                total.add(name, right[name])
        if set(right) == set(FIELDS):
            total.add("all four", all(right.values()))
        wrong = [
            f"{name} {getattr(found, name)!r} for {getattr(truth, name)!r}"
            for name in right
            if not right[name]
        ]
        if wrong:
            total.wrong.append(f"{truth.file.parent.name}/{truth.file.name}: {', '.join(wrong)}")
    return total, missing


def told(name: str, found: Score, missing: int) -> str:
    """One line of the report."""
    if not found.seconds:
        return (
            f"{name}: not measured, its files are absent"
            if missing
            else f"{name}: not measured, there are no annotations in it"
        )
    shares = ", ".join(
        f"{what} {found.right[what]}/{n} ({found.right[what] / n:.1%})"
        for what, n in found.asked.items()
    )
    absent = f", {missing} annotated files are absent" if missing else ""
    milliseconds = sorted(1000 * s for s in found.seconds)
    return (
        f"{name}: {shares}; median {statistics.median(milliseconds):.1f} ms, longest"
        f" {milliseconds[-1]:.1f} ms{absent}"
    )


def main(folders: list[str]) -> int:
    if not folders:
        print(__doc__, file=sys.stderr)
        return 2
    whole = Score()
    for name in folders:
        found, missing = score(annotations(Path(name)))
        print(told(name, found, missing))
        for line in found.wrong:
            print(f"    {line}")
        for what, n in found.asked.items():
            whole.asked[what] = whole.asked.get(what, 0) + n
            whole.right[what] = whole.right.get(what, 0) + found.right[what]
        whole.seconds += found.seconds
    print(told("together", whole, 0))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
