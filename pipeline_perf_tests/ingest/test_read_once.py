"""A file is opened once and its bytes are read once: counted at the operating system's calls; pages
and elements are parsed once, counted where they are.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline_perf.ingest.container import containers, pdf_pages
from pipeline_perf.ingest.container.content import HELD
from pipeline_perf.ingest.pipeline import ingest_file
from pipeline_perf.lake.delta import Lake
from pipeline_perf.synth.dataset import DatasetSpec, generate
from pipeline_perf_tests.command import COMMAND, ENVIRONMENT

GOLDEN = Path(__file__).parent / "golden"

needs_strace = pytest.mark.skipif(
    sys.platform != "linux" or shutil.which("strace") is None,
    reason="strace counts the operating system's calls: apt-get install strace",
)


def calls(path: Path, *command: str) -> tuple[int, int]:
    """How often a command opens a file, and how many bytes it reads of it."""
    trace = path.with_suffix(".trace")
    kinds = "open,openat,openat2,read,pread64,readv,preadv,preadv2,mmap,sendfile,copy_file_range"
    traced = ["strace", "-f", "-qq", "-o", trace, "-e", f"trace={kinds}", "-P", path]
    done = subprocess.run(
        [*map(str, traced), *command], env=ENVIRONMENT, capture_output=True, text=True, check=False
    )
    if "ptrace" in done.stderr:
        pytest.skip(f"processes may not be traced here: {done.stderr.strip()}")
    assert done.returncode == 0, done.stderr
    lines = trace.read_text().splitlines()
    opened = sum(bool(re.search(r"\bopen(?:at2?)?\(.* = \d+", line)) for line in lines)
    taken = [re.search(r"(?:\b(?:p?readv?2?|pread64|mmap)\(|resumed>).* = (\d+)", x) for x in lines]
    mapped = [line for line in lines if "mmap(" in line]
    assert not mapped
    return opened, sum(int(match[1]) for match in taken if match and "open" not in match.string)


@pytest.fixture(scope="module")
def carrier_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    [path] = generate(DatasetSpec("att", "csv", 20_000), tmp_path_factory.mktemp("data")).files
    return path


@needs_strace
@pytest.mark.parametrize("again", [False, True], ids=["new", "ingested before"])
def test_a_plain_file_is_opened_once_and_its_bytes_are_read_once(
    again: bool, carrier_file: Path, tmp_path: Path
) -> None:
    size = carrier_file.stat().st_size
    assert size < HELD
    if again:
        ingest_file(carrier_file, Lake(tmp_path / "lake"))
    command = [*COMMAND, "ingest", str(carrier_file), "--lake", str(tmp_path / "lake")]
    assert calls(carrier_file, *command) == (1, size)


@needs_strace
def test_a_file_that_is_not_held_is_opened_once_and_read_twice(
    carrier_file: Path, tmp_path: Path
) -> None:
    program = (
        "import functools, sys; from pathlib import Path\n"
        "from pipeline_perf.ingest import pipeline\n"
        "from pipeline_perf.lake.delta import Lake\n"
        "pipeline.contents = functools.partial(pipeline.contents, hold=1)\n"
        "report = pipeline.ingest_file(Path(sys.argv[1]), Lake(sys.argv[2]))\n"
        "assert report.status == 'ingested', report.reason\n"
    )
    size = carrier_file.stat().st_size
    lake = str(tmp_path / "lake")
    opened, taken = calls(carrier_file, sys.executable, "-c", program, str(carrier_file), lake)
    assert opened == 1
    assert 2 * size <= taken <= 2 * size + (1 << 20)  # and the samples


def test_the_pages_of_a_pdf_are_each_taken_apart_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, numbers = pdf_pages._sheet, []

    def counting(page: object) -> pdf_pages.Sheet:
        sheet = real(page)  # type: ignore[arg-type]
        numbers.append(sheet.number)
        return sheet

    monkeypatch.setattr(pdf_pages, "_sheet", counting)
    report = ingest_file(GOLDEN / "att_bill.pdf", Lake(tmp_path / "lake"))
    assert report.status == "ingested"
    assert numbers == [1, 2]


@pytest.mark.parametrize("name", ["twilio_json.json", "broadworks_xml.xml"])
def test_the_head_of_a_file_of_elements_is_parsed_once_for_each_place_of_records(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = containers.CONTAINERS[Path(name).suffix[1:]].load()
    real, begun = module.elements, []

    def counting(*arguments: object) -> object:
        begun.append((arguments[1], arguments[3]))
        return real(*arguments)

    monkeypatch.setattr(module, "elements", counting)
    report = ingest_file(GOLDEN / "containers" / name, Lake(tmp_path / "lake"))
    assert report.status == "ingested"
    assert len(begun) == len(set(begun))
    # the head has no name, and only layouts whose signature it bears look into it
    assert [place for place, _ in begun].count(name) == 1 and len(begun) <= 3
