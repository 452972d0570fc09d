"""Files made to do harm, each handed to `pipeline-perf ingest` in a process of its own.

    python -m pipeline_perf_tests.hostile_files

prints seconds, peak memory and reason of each, and exits non-zero if one is not rejected within
SECONDS and MIB.
"""

from __future__ import annotations

import argparse
import gzip
import itertools
import json
import math
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from pipeline_perf_tests.command import ENVIRONMENT
from pipeline_perf_tests.ingest.container.workbook_files import MAIN, sheet, workbook

SECONDS, MIB = 10.0, 300.0

#: A process that needs longer is stopped: it hangs.
DEADLINE_S = 120

HEADER = (
    b"Item,ConnDateTime(UTC),SeizureTime,ET,OriginatingNumber,TerminatingNumber,IMEI,IMSI,CT"
    b",Feature,DIALED\n"
)


@dataclass(frozen=True)
class Outcome:
    """What became of one file."""

    status: str
    reason: str
    seconds: float
    mib: float

    @property
    def good(self) -> bool:
        return (
            self.status == "rejected"
            and bool(self.reason)
            and self.seconds < SECONDS
            and self.mib < MIB
        )


def _zeros(mib: int) -> Iterator[bytes]:
    for _ in range(mib):
        yield bytes(2**20)


def gzip_bomb(path: Path) -> None:
    """Two gigabytes of nothing in two megabytes."""
    with gzip.open(path, "wb", compresslevel=1) as out:
        for block in _zeros(2048):
            out.write(block)


def zip_bomb(path: Path) -> None:
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive,
        archive.open("calls.csv", "w", force_zip64=True) as out,
    ):
        for block in _zeros(2048):
            out.write(block)


def lying_zip(path: Path) -> None:
    """A bomb whose directory states a small size."""
    zip_bomb(path)
    data = bytearray(path.read_bytes())
    at = data.rfind(b"PK\x01\x02")
    data[at + 24 : at + 28] = (100).to_bytes(4, "little")
    path.write_bytes(data)


def nested_gzip(path: Path) -> None:
    """Gzip in gzip, as deep as a file fits."""
    inner = b"".join(_zeros(64))
    for _ in range(4):
        inner = gzip.compress(inner)
    path.write_bytes(inner)


def climbing_zip(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("../../etc/calls.csv", HEADER)


def endless_line(path: Path) -> None:
    """A header, and a line of two gigabytes: a hole in the file, so that it takes no space."""
    with path.open("wb") as out:
        out.write(HEADER)
        out.truncate(2 * 2**30)


def endless_text(path: Path) -> None:
    """A line of half a gigabyte of digits and commas."""
    with path.open("wb") as out:
        out.write(HEADER)
        for _ in range(512):
            out.write(b"2125550100,12," * (2**20 // 14))


def million_columns(path: Path) -> None:
    names = b",".join(b"c%d" % i for i in range(1_000_000))
    path.write_bytes(names + b"\n" + b",".join([b"1"] * 1_000_000) + b"\n")


def million_known_columns(path: Path) -> None:
    """A header of a known layout, and below it one that goes on for ever."""
    path.write_bytes(
        HEADER
        + HEADER.rstrip()
        + b",x" * 1_000_000
        + b"\n"
        + (b"1" + b",1" * 1_000_010 + b"\n") * 4
    )


def entity_expansion(path: Path) -> None:
    """A billion laughs: ten entities, each ten times the one before."""
    entities = "".join(
        f'<!ENTITY e{i} "{f"&e{i - 1};" * 10 if i else "2125550100"}">' for i in range(10)
    )
    path.write_text(
        '<?xml version="1.0"?><!DOCTYPE r'
        f" [{entities}]><BWCDR><cdrData><a>&e9;</a></cdrData></BWCDR>"
    )


def quadratic_entity(path: Path) -> None:
    """One long entity, told again and again."""
    entity = f'<!DOCTYPE r [<!ENTITY e "{"2125550100" * 10_000}">]>'
    path.write_text(
        f"<?xml version='1.0'?>{entity}<BWCDR>{'<cdrData><a>&e;</a></cdrData>' * 20_000}</BWCDR>"
    )


def external_entity(path: Path) -> None:
    path.write_text(
        '<?xml version="1.0"?><!DOCTYPE r [<!ENTITY e SYSTEM'
        ' "file:///etc/hostname">]><BWCDR><cdrData><a>&e;</a></cdrData></BWCDR>'
    )


def deep_xml(path: Path) -> None:
    path.write_text('<?xml version="1.0"?><BWCDR>' + "<a>" * 3_000_000)


def deep_json(path: Path) -> None:
    path.write_text("[" * 20_000_000)


def deep_json_line(path: Path) -> None:
    path.write_text('{"a":' * 1_000_000 + "1" + "}" * 1_000_000 + "\n")


def endless_json(path: Path) -> None:
    """One object with one text of half a gigabyte."""
    with path.open("w") as out:
        out.write('[{"calls": "')
        for _ in range(512):
            out.write("x" * 2**20)


def wide_json(path: Path) -> None:
    """A record of a known layout, and one of a million values."""
    known = (
        '{"sid": "1", "account_sid": "2", "direction": "inbound", "from": "", "to": "",'
        ' "start_time": null'
    )
    names = ",".join(f'"n{i}":1' for i in range(500_000))
    path.write_text(f'{{"calls": [{known}}}, {known}, {names}}}]}}')


def _workbook(
    path: Path,
    *rows: bytes,
    times: int = 1,
    each: bytes = b"",
    before: bytes = b"",
    shared: Iterable[bytes] = (b"<sst/>",),
) -> None:
    """A workbook with these rows, and more of one kind."""
    workbook(
        path,
        {
            "Calls": itertools.chain(
                [before], sheet(itertools.chain(rows, itertools.repeat(each, times)))
            )
        },
        shared,
    )


def cell(reference: str, text: str) -> bytes:
    return f'<c r="{reference}" t="inlineStr"><is><t>{text}</t></is></c>'.encode()


def billion_empty_rows(path: Path) -> None:
    """A billion row elements: seven gigabytes of XML, packed into some megabytes."""
    _workbook(path, times=1000, each=b"<row/>" * 1_000_000)


def row_at_a_billion(path: Path) -> None:
    """Two rows, one of them said to be the billionth."""
    _workbook(
        path,
        b'<row r="1">' + cell("A1", "Date") + b"</row>",
        b'<row r="1000000000"><c r="A1000000000"><v>1</v></c></row>',
    )


def farthest_cell(path: Path) -> None:
    """Two cells, in the first and the last corner that Excel has: 17 billion cells for whoever
    fills up the rest.
    """
    rows = (
        b'<row r="1">' + cell("A1", "Date") + b"</row>",
        b'<row r="1048576">' + cell("XFD1048576", "x") + b"</row>",
    )
    _workbook(path, *rows)


def wide_rows(path: Path) -> None:
    """A cell in the last column of every row: a million times sixteen thousand empty ones before
    it.
    """
    _workbook(path, times=1000, each=b'<row><c r="XFD1"><v>1</v></c></row>' * 1000)


def workbook_of_entities(path: Path) -> None:
    laughs = "".join(
        f'<!ENTITY e{i} "{f"&e{i - 1};" * 10 if i else "x"}">' for i in range(10)
    ).encode()
    rows = b'<row r="1"><c r="A1" t="inlineStr"><is><t>&e9;</t></is></c></row>'
    _workbook(path, rows, before=b"<!DOCTYPE r [" + laughs + b"]>")


def shared_texts(path: Path) -> None:
    """Hundreds of megabytes of shared texts, as a rule held in memory."""
    rows = b'<row r="1"><c r="A1" t="s"><v>0</v></c></row>'
    texts = (b"<si><t>" + b"x" * 1000 + b"</t></si>") * 1000
    _workbook(path, rows, shared=[f'<sst xmlns="{MAIN}">'.encode(), *[texts] * 700, b"</sst>"])


HOSTILE: dict[str, Callable[[Path], None]] = {
    "bomb.csv.gz": gzip_bomb,
    "bomb.zip": zip_bomb,
    "lying.zip": lying_zip,
    "nested.gz": nested_gzip,
    "climbing.zip": climbing_zip,
    "endless_line.csv": endless_line,
    "endless_text.csv": endless_text,
    "million_columns.csv": million_columns,
    "million_known_columns.csv": million_known_columns,
    "entity_expansion.xml": entity_expansion,
    "quadratic_entity.xml": quadratic_entity,
    "external_entity.xml": external_entity,
    "deep.xml": deep_xml,
    "deep.json": deep_json,
    "deep_line.json": deep_json_line,
    "endless.json": endless_json,
    "wide.json": wide_json,
    "billion_empty_rows.xlsx": billion_empty_rows,
    "row_at_a_billion.xlsx": row_at_a_billion,
    "farthest_cell.xlsx": farthest_cell,
    "wide_rows.xlsx": wide_rows,
    "entities.xlsx": workbook_of_entities,
    "shared_texts.xlsx": shared_texts,
}


#: The command line in a process that ends by printing its own peak, KiB. What the kernel tells a
#: parent of its child begins with the parent's size.
OWN_PEAK = """
import pathlib, re
from pipeline_perf.cli import main
try:
    main()
finally:
    status = pathlib.Path("/proc/self/status").read_text()
    print(re.search(r"VmHWM:\\s+(\\d+)", status)[1], flush=True)
"""


def ingested(path: Path, lake: Path) -> Outcome:
    """Ingest a file in a process of its own; its time includes the start, its memory is the peak
    of the whole process.
    """
    with tempfile.TemporaryFile("w+") as said:
        started = time.perf_counter()
        command = [
            sys.executable,
            "-c",
            OWN_PEAK,
            "ingest",
            str(path),
            "--lake",
            str(lake),
            "--json",
        ]
        try:
            done = subprocess.run(
                command,
                check=False,
                stdout=said,
                stderr=subprocess.DEVNULL,
                env=ENVIRONMENT,
                timeout=DEADLINE_S,
            )
            code = str(done.returncode)
        except subprocess.TimeoutExpired:
            code = "none in time"
        seconds = time.perf_counter() - started
        said.seek(0)
        lines = said.read().splitlines()
    report = (
        json.loads(lines[0]) if len(lines) > 1 else {"status": f"exit code {code}", "reason": ""}
    )
    return Outcome(
        report["status"], report["reason"], seconds, int(lines[-1]) / 1024 if lines else math.inf
    )


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("files", nargs="*", choices=[*HOSTILE, []], help="some of them only")
    wanted = parser.parse_args().files or HOSTILE
    bad = 0
    print(f"{'file':26} {'seconds':>7} {'MiB':>5}  what became of it")
    for name in wanted:
        with tempfile.TemporaryDirectory(prefix="hostile-") as folder:
            path = Path(folder) / name
            HOSTILE[name](path)
            outcome = ingested(path, Path(folder) / "lake")
        bad += not outcome.good
        mark = " " if outcome.good else "!"
        reason = outcome.reason.replace(str(path), name)
        print(
            f"{name:26} {outcome.seconds:7.2f} {outcome.mib:5.0f} {mark}{outcome.status}:"
            f" {reason[:150]}",
            flush=True,
        )
    print(f"{len(wanted) - bad} of {len(wanted)} rejected within {SECONDS:.0f} s and {MIB:.0f} MiB")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
