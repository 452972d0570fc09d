"""Damage the golden files in every way that comes to mind, hand each to the command line's rooms in
this process, and account for what becomes of it.

    python -m pipeline_perf_tests.ingest.damaged_files --files 2000

prints each file with which something went wrong, and exits non-zero if there is one: an exception
that is no error of ours, a record without a fate, a lock or a temporary file left behind, more than
SECONDS or MIB. The same seed gives the same bytes.
"""

from __future__ import annotations

import argparse
import io
import logging
import random
import re
import signal
import sys
import tempfile
import time
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from click.testing import CliRunner

from pipeline_perf.cli import main as command_line
from pipeline_perf.ingest.bookkeeping import FileReport
from pipeline_perf.ingest.pipeline import Options, ingest_path
from pipeline_perf.lake.delta import Lake
from pipeline_perf.privacy import CONTROLS

GOLDEN = Path(__file__).parent / "golden"

#: What one file may take; those that are damaged are none of them larger than 100 KiB.
SECONDS, MIB = 20.0, 400.0

#: Bytes that mean something to some reader.
MEANINGFUL = (
    b"\0", b"\n", b"\r", b"\r\n", b'"', b"'", b",", b";", b"\t", b"|", b"\\", b"<", b">", b"&",
    b"{", b"}", b"[", b"]", b"\xff", b"\xfe", b"\x80", b"\xc3", b"\xa0", b"\x1a", b"\x1b", b"\x85",
    b"0", b"-", b"+", b".", b"%", b"(", b"=", b"/", b" ", b"nan", b"inf", b"null", b"1e999",
    b"99999999999999999999", b"-1", b"2147483648", b"18446744073709551616", b"\xef\xbb\xbf",
    b"\xe2\x80\xa8", b"\xe2\x80\x8f", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"<![CDATA[", b"-->",
    b"24:60:60", b"0000-00-00", b"9999-12-31", b"12/31/0001", b"0x10", b"1,5", b"\xd9\xa1",
    b"\xc2\x9b31m", b"\x1b[2J",
)  # fmt: skip


# --------------------------------------------------------------------------- kinds of damage


def flip(data: bytes, rng: random.Random) -> bytes:
    """Some bytes have other bits."""
    damaged = bytearray(data)
    for _ in range(rng.choice((1, 1, 3, 20, 200))):
        damaged[rng.randrange(len(damaged))] ^= 1 << rng.randrange(8)
    return bytes(damaged)


def cut(data: bytes, rng: random.Random) -> bytes:
    """The end is missing, or the beginning, or a stretch in between."""
    begin, end = _stretch(data, rng)
    return rng.choice((data[:begin], data[end:], data[:begin] + data[end:]))


def repeat(data: bytes, rng: random.Random) -> bytes:
    """A stretch comes again."""
    begin, end = _stretch(data, rng)
    times = rng.choice((2, 2, 10))
    return data[:begin] + data[begin:end] * times + data[end:]


def put(data: bytes, rng: random.Random) -> bytes:
    """Bytes are put in, or in the place of others."""
    for _ in range(rng.choice((1, 1, 4, 40))):
        at = rng.randrange(len(data) + 1)
        bit = rng.choice(MEANINGFUL) * rng.choice((1, 1, 1, 2, 1000))
        data = data[:at] + bit + data[at + rng.choice((0, len(bit))) :]
    return data


def noise(data: bytes, rng: random.Random) -> bytes:
    """A stretch is noise, or zeros, or of one byte beyond ASCII."""
    begin, end = _stretch(data, rng)
    length = min(end - begin, 2000)
    byte = bytes([rng.randrange(256)])
    kind = rng.choice((rng.randbytes(length), bytes(length), byte * length))
    return data[:begin] + kind + data[begin + length :]


def other_figure(data: bytes, rng: random.Random) -> bytes:
    """One of the figures is another one: a length, a place, a date, a number."""
    share = rng.choice((1, 1, 5)) / max(1, len(re.findall(rb"\d+", data)))
    return re.sub(
        rb"\d+",
        lambda found: rng.choice(MEANINGFUL) if rng.random() < share else found[0],
        data,
    )


def shuffled(data: bytes, rng: random.Random) -> bytes:
    """Lines or cells are in another order."""
    between = rng.choice((b"\n", b"\n", b",", b"\t", b">"))
    parts = data.split(between)
    begin, end = sorted(rng.randrange(len(parts) + 1) for _ in range(2))
    part = parts[begin:end]
    rng.shuffle(part)
    return between.join([*parts[:begin], *part, *parts[end:]])


def other_letters(data: bytes, rng: random.Random) -> bytes:
    """Letters, or what stands beside them, are bytes beyond ASCII."""
    what = rng.choice((rb"[a-z]", rb"[A-Z]", rb"[,;/ .]", rb"\d", rb"\W"))
    share, first = rng.choice((0.003, 0.05, 0.9)), rng.choice((0x80, 0xA0, 0xC0, 0xE0))
    return re.sub(
        what,
        lambda found: bytes([rng.randrange(first, 256)]) if rng.random() < share else found[0],
        data,
    )


def encoded(data: bytes, rng: random.Random) -> bytes:
    """The text is in another encoding than before, or in two."""
    text = data.decode("cp1252", errors="replace")
    codec = rng.choice(("utf-16", "utf-16-le", "utf-32", "utf-8-sig", "cp037", "utf-7", "cp932"))
    whole = text.encode(codec, errors="replace")
    return rng.choice((whole, whole, whole[1:], data[: len(data) // 2] + whole))


def spliced(data: bytes, rng: random.Random) -> bytes:
    """It goes on as another file does."""
    other = rng.choice(golden()).read_bytes()
    return data[: rng.randrange(len(data) + 1)] + other[rng.randrange(len(other)) :]


def in_archive(data: bytes, rng: random.Random) -> bytes:
    """Packed with another file, and the archive is damaged."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(zipfile.ZipInfo("calls.csv"), data)
        archive.writestr(zipfile.ZipInfo("más.txt"), data[len(data) // 2 :])
    return rng.choice((flip, flip, cut, put, noise))(packed.getvalue(), rng)


def member(data: bytes, rng: random.Random) -> bytes:
    """The XML of a workbook's part is damaged, or the part is missing; the archive is sound."""
    if not zipfile.is_zipfile(io.BytesIO(data)):
        return put(data, rng)
    packed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as was, zipfile.ZipFile(packed, "w") as archive:
        damaged = rng.choice(was.namelist())
        for name in was.namelist():
            part = was.read(name)
            if name != damaged:
                archive.writestr(zipfile.ZipInfo(name), part)
            elif rng.random() < 0.95:
                archive.writestr(zipfile.ZipInfo(name), rng.choice(SMALL)(part, rng))
    return packed.getvalue()


def stream(data: bytes, rng: random.Random) -> bytes:
    """What a PDF has packed is damaged and packed again, its stated length right."""
    streams = list(re.finditer(rb"/Length (\d+)[^\0]{0,200}?stream\r?\n", data))
    if not streams:
        return other_figure(data, rng)
    found = rng.choice(streams)
    length = int(found[1])
    packed = data[found.end() : found.end() + length]
    with suppress(zlib.error):
        packed = zlib.compress(rng.choice(SMALL)(zlib.decompress(packed), rng))
    told = b"%d" % len(packed)
    return (
        data[: found.start(1)]
        + told
        + data[found.end(1) : found.end()]
        + packed
        + data[found.end() + length :]
    )


SMALL: tuple[Callable[[bytes, random.Random], bytes], ...] = (
    flip, cut, repeat, put, noise, other_figure, shuffled, other_letters,
)  # fmt: skip
DAMAGE = (*SMALL, encoded, spliced, in_archive, member, stream)


def _stretch(data: bytes, rng: random.Random) -> tuple[int, int]:
    begin = rng.randrange(len(data) + 1)
    return begin, min(len(data), begin + rng.choice((1, 10, 200, len(data))))


# --------------------------------------------------------------------------- damaged files


@dataclass(frozen=True)
class Damaged:
    """A golden file as a seed has damaged it."""

    seed: int
    name: str
    kinds: tuple[str, ...]
    data: bytes


def golden() -> list[Path]:
    """The files that are damaged."""
    return [
        path
        for path in sorted(GOLDEN.rglob("*"))
        if path.is_file() and path.suffix not in (".py", ".pyc") and not _is_expectation(path)
    ]


def _is_expectation(path: Path) -> bool:
    of_a_bill = path.suffix == ".json" and path.with_suffix(".pdf").exists()
    return of_a_bill or path.name.endswith(".expected.json")


def damaged_file(seed: int) -> Damaged:
    """The golden files come one after the other, the kinds of damage at random; one in four files
    suffers two.
    """
    rng, files = random.Random(seed), golden()
    path = files[seed % len(files)]
    special = {".xlsx": member, ".pdf": stream}.get(path.suffix)
    kinds = [special if special and rng.random() < 0.5 else rng.choice(DAMAGE)]
    if rng.random() < 0.25:
        kinds.append(rng.choice(SMALL))
    data = path.read_bytes()
    for kind in kinds:
        data = kind(data or b"0", rng)
    return Damaged(seed, path.name, tuple(kind.__name__ for kind in kinds), data)


# --------------------------------------------------------------------------- what becomes of one


class Hangs(BaseException):
    """What nobody catches on its way out."""


@contextmanager
def within(seconds: float) -> Iterator[None]:
    def stop(*_: object) -> NoReturn:
        raise Hangs

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


class _Unforeseen(logging.Handler):
    """Keeps what the file's door logs."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.told: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.told.append(f"{record.getMessage()}\n{record.exc_text}")


@dataclass(frozen=True)
class Outcome:
    """What became of a file; `faults` is what may not be."""

    statuses: tuple[str, ...]
    faults: tuple[str, ...]


def outcome(damaged: Damaged, folder: Path) -> Outcome:
    """Ingest a file into a lake of its own, probe it, draft a layout for it."""
    path, lake, scratch = folder / damaged.name, Lake(folder / "lake"), folder / "scratch"
    path.write_bytes(damaged.data)
    scratch.mkdir()
    unforeseen, reports, faults = _Unforeseen(), list[FileReport](), list[str]()
    log = logging.getLogger("pipeline_perf")
    log.addHandler(unforeseen)
    tempfile.tempdir = str(scratch)
    try:
        with within(SECONDS):
            reports += ingest_path(path, lake, Options())
            for command in ("probe",), ("layouts", "draft"), ("layouts", "check"):
                done = CliRunner().invoke(command_line, [*command, str(path)])
                if done.exception and not isinstance(done.exception, SystemExit):
                    faults.append(f"{' '.join(command)}: {done.exception!r}")
                if set(done.output) & {chr(code) for code in CONTROLS} - set("\t\n"):
                    faults.append(f"{' '.join(command)}: a control character is shown")
    except Hangs:
        faults.append(f"not done after {SECONDS:.0f} s")
    except Exception as error:  # noqa: BLE001, whatever it is: it is what is looked for
        faults.append(repr(error))
    finally:
        tempfile.tempdir = None
        log.removeHandler(unforeseen)
    faults += unforeseen.told
    faults += [f"left behind: {left}" for left in _left(folder)]
    faults += _unaccounted(reports, lake) if not faults else ()
    return Outcome(tuple(report.status for report in reports), tuple(faults))


def _left(folder: Path) -> list[str]:
    """Locks and temporary files, and data of a file that was not ingested."""
    lake = folder / "lake"
    left = [*(folder / "scratch").rglob("*"), *(lake / "locks").glob("*"), *folder.rglob("*.tmp")]
    if not (lake / "files").exists():
        left += lake.rglob("*.parquet")
    return [str(path.relative_to(folder)) for path in left]


def _unaccounted(reports: list[FileReport], lake: Lake) -> Iterator[str]:
    if not reports:
        yield "no word about the file"
    for report in reports:
        if report.status != "ingested":
            if not report.reason or report.records:
                yield f"{report.status}: {report.records} records, reason {report.reason!r}"
        elif report.records != report.events + report.quarantined:
            yield f"{report.records} records, {report.events} events, {report.quarantined} others"
        elif report.lines < report.records + report.furniture and not report.layout.endswith("pdf"):
            yield f"{report.lines} lines for {report.records} records, {report.furniture} furniture"
    ingested = [report for report in reports if report.status == "ingested"]
    told = sum(report.events for report in ingested), sum(r.quarantined for r in ingested)
    stored = lake.scan_events().collect().height, lake.scan_quarantine().collect().height
    if told != stored:
        yield f"{told} events and others told, {stored} stored"


def _peak_mib() -> float:
    status = Path("/proc/self/status").read_text()
    [peak] = re.findall(r"VmHWM:\s+(\d+)", status)
    return int(peak) / 1024


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--files", type=int, default=2000)
    parser.add_argument("--first", type=int, default=0, help="seed of the first file")
    options = parser.parse_args()
    statuses, faulty = Counter[str](), 0
    slowest, most = (0.0, 0), (0.0, 0)
    for seed in range(options.first, options.first + options.files):
        damaged = damaged_file(seed)
        Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew
        before, began = _peak_mib(), time.monotonic()
        with tempfile.TemporaryDirectory(prefix="damaged-") as folder:
            done = outcome(damaged, Path(folder))
        seconds, mib = time.monotonic() - began, _peak_mib() - before
        faults = [*done.faults, *([f"{mib:.0f} MiB"] if mib > MIB else ())]
        slowest, most = max(slowest, (seconds, seed)), max(most, (mib, seed))
        statuses.update(done.statuses)
        faulty += bool(faults)
        if faults:
            kinds = ", ".join(damaged.kinds)
            print(f"seed {seed}, {damaged.name}, {kinds}: {'; '.join(faults)}", flush=True)
    print(f"{options.files} files: {', '.join(f'{n:,} {s}' for s, n in statuses.most_common())}")
    print(
        f"longest {slowest[0]:.1f} s (seed {slowest[1]}), most {most[0]:.0f} MiB (seed {most[1]})"
    )
    print(f"{faulty} of {options.files} with a fault")
    return 1 if faulty else 0


if __name__ == "__main__":
    sys.exit(main())
