"""Ingest odd files and account for every line of them, counted independently of the reader.

    python -m pipeline_perf_tests.odd_files --files 1000

prints how many files were read, and each file that lost a line; exits non-zero if one did, or if
one was refused.
"""

from __future__ import annotations

import argparse
import re
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from pipeline_perf.ingest.bookkeeping import FileReport
from pipeline_perf.ingest.pipeline import Options, ingest_file
from pipeline_perf.lake.delta import Lake
from pipeline_perf.synth.oddities import OddFile, odd_file


@dataclass(frozen=True)
class Outcome:
    """What became of a file; `faults` says which lines went astray."""

    report: FileReport
    faults: tuple[str, ...]


def physical_lines(odd: OddFile) -> int:
    """The lines of a file, from its bytes alone."""
    encoding = next(kind for kind in odd.kinds if kind.startswith(("utf", "cp")))
    text = odd.data.decode(encoding, "replace")
    return len(re.findall(r"\r\n|\n|\r", text)) + (not text.endswith(("\n", "\r")))


def outcome(odd: OddFile, folder: Path) -> Outcome:
    """Ingest a file into a lake of its own and compare the fate of every line."""
    path, lake = folder / odd.name, Lake(folder / "lake")
    path.write_bytes(odd.data)
    report = ingest_file(path, lake, Options(zone=odd.zone, subscriber=odd.subscriber))
    if report.status != "ingested":
        return Outcome(report, (f"{report.status}: {report.reason}",))
    faults = []
    lines = physical_lines(odd)
    if not report.records + report.furniture == report.lines == lines:
        faults.append(
            f"{report.records} records + {report.furniture} furniture, {report.lines} lines read,"
            f" {lines} physical lines"
        )
    events = set(lake.scan_events().collect()["record_no"].to_list())
    quarantined = set(lake.scan_quarantine().collect()["record_no"].to_list())
    if len(events) + len(quarantined) != report.records or events & quarantined:
        faults.append("a record is told twice, or not at all")
    for number, fate in enumerate(odd.fates, 1):
        wrong = {
            "event": number not in events,
            "record": number not in events | quarantined,
            "no event": number in events,
            "furniture": number in events | quarantined,
        }[fate]
        if wrong:
            found = (
                "event"
                if number in events
                else "quarantined"
                if number in quarantined
                else "furniture"
            )
            faults.append(f"line {number}: {found}, expected {fate}")
    return Outcome(report, tuple(faults))


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--files", type=int, default=1000)
    parser.add_argument("--first", type=int, default=0, help="seed of the first file")
    options = parser.parse_args()
    total: Counter[str] = Counter()
    with tempfile.TemporaryDirectory(prefix="odd-") as data:
        for seed in range(options.first, options.first + options.files):
            odd = odd_file(seed, Path(data))
            with tempfile.TemporaryDirectory(prefix="odd-") as folder:
                found = outcome(odd, Path(folder))
            total.update(odd.kinds)
            total.update(
                {
                    "lines": physical_lines(odd), "records": found.report.records,
                    "furniture": found.report.furniture,
                    "events": found.report.events, "quarantined": found.report.quarantined,
                    "faulty": bool(found.faults),
                    "refused": found.report.status != "ingested",
                }
            )  # fmt: skip
            if found.faults:
                print(
                    f"seed {seed}, {odd.name}, {', '.join(odd.kinds)}:"
                    f" {'; '.join(found.faults[:4])}",
                    flush=True,
                )
    print(
        f"{options.files} files: "
        + ", ".join(
            f"{total[name]:,} {name}"
            for name in ("lines", "records", "furniture", "events", "quarantined")
        )
    )
    print(f"{total['faulty']} files with a line astray, {total['refused']} of them refused")
    return 1 if total["faulty"] else 0


if __name__ == "__main__":
    sys.exit(main())
