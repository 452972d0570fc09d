"""The command `probe`, as users and other tools run it: every file gets an answer, and a
terminal a picture.
"""

from __future__ import annotations

import contextlib
import gzip
import json
import os
import pty
import subprocess
import zipfile
from pathlib import Path

import pytest

from pipeline_perf.cli.probe import picture, told
from pipeline_perf.ingest.container.content import Content
from pipeline_perf.ingest.container.source import Source
from pipeline_perf.ingest.probe.probe import probe
from pipeline_perf_tests.command import COMMAND, ENVIRONMENT, run

pytestmark = pytest.mark.slow

REPORT = (
    "Call detail report\nUsage For: (212)555-0100\n\nDate;Number;Seconds;Place\n"
    + "".join(f"2023-07-{i + 1:02d};212555{100 + i:04d};{7 * i};Zürich\n" for i in range(20))
    + "Totals;;1330;\n"
)

KEYS = [
    "file", "container", "encoding", "delimiter", "quote", "escape", "newline", "preamble_lines",
    "header_lines", "footer_lines",
    "tables", "columns", "confidence", "mixed_encodings",
]  # fmt: skip


@pytest.fixture
def report(tmp_path: Path) -> Path:
    path = tmp_path / "report.csv"
    path.write_bytes(REPORT.encode("cp1252"))
    return path


def test_programs_get_one_object_with_all_findings(report: Path) -> None:
    done = run("probe", report, "--json")
    found = json.loads(done.stdout)
    assert done.returncode == 0
    assert list(found) == KEYS
    assert found["confidence"] > 0.5
    del found["confidence"]
    assert found == {
        "file": "report.csv", "container": "text", "encoding": "cp1252", "delimiter": ";",
        "quote": None, "escape": None, "newline": "lf",
        "preamble_lines": 3, "header_lines": 1, "footer_lines": 1, "tables": 1,
        "columns": ["Date", "Number", "Seconds", "Place"],
        "mixed_encodings": False,
    }  # fmt: skip


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\0\0\0",
        bytes(range(256)),
        b"%PDF-1.7",
        b"PK\x03\x04",
        b"a",
        b'"' * 4000,
        b"\xff\xfe\x00",
        b"[1]\n",
    ],
)
def test_any_file_has_the_same_keys(data: bytes, tmp_path: Path) -> None:
    (tmp_path / "any").write_bytes(data)
    assert list(told(probe(Content(Source(tmp_path / "any"))))) == KEYS


def test_people_get_the_findings_with_numbers_masked(report: Path) -> None:
    report.write_text("2125550100,5\n2125550101,6\n2125550102,7\n")
    done = run("probe", report)
    assert done.returncode == 0
    assert "delimiter" in done.stdout
    assert "2125550100" not in done.stdout


def test_a_terminal_gets_a_picture(report: Path) -> None:
    leader, follower = pty.openpty()
    with subprocess.Popen(
        [*COMMAND, "probe", str(report)],
        stdout=follower,
        env=ENVIRONMENT | {"TERM": "dumb", "COLUMNS": "100"},
    ) as command:
        os.close(follower)
        seen = b""
        with contextlib.suppress(OSError):  # raised when the other end is closed
            while True:
                seen += os.read(leader, 4096)
    os.close(leader)
    lines = seen.decode().splitlines()
    assert command.returncode == 0
    assert "   2 preamble │ Usage For: •••••••0100" in lines
    assert "   4 header   │ Date │ Number │ Seconds │ Place" in lines
    assert "   5 record   │ 2023-07-01 │ •••••••0100 │ 0 │ Zürich" in lines
    assert "  25 footer   │ Totals;;1330;" in lines


def test_the_footer_of_a_long_file_is_drawn_without_line_numbers(tmp_path: Path) -> None:
    path = tmp_path / "long.csv"
    path.write_text(
        "Number,Seconds,Place\n" + "2125550100,65,NEW YORK\n" * 5000 + "End of report\n"
    )
    assert [line.plain for line in picture(probe(Content(Source(path))))][-2:] == [
        "              …",
        "     footer   │ End of report",
    ]


def test_every_file_of_an_archive_is_told(report: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "calls.zip", "w") as archive:
        archive.write(report, "a.csv")
        archive.writestr("b.csv", "x|y\n1|2\n")
    (tmp_path / "calls.gz").write_bytes(gzip.compress(report.read_bytes()))
    found = [
        json.loads(line)
        for line in run("probe", tmp_path / "calls.zip", "--json").stdout.splitlines()
    ]
    assert [(one["file"], one["delimiter"]) for one in found] == [
        ("calls.zip!a.csv", ";"),
        ("calls.zip!b.csv", "|"),
    ]
    assert json.loads(run("probe", tmp_path / "calls.gz", "--json").stdout)["encoding"] == "cp1252"


def test_what_cannot_be_read_is_said_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "broken.gz").write_bytes(gzip.compress(b"a,b\n" * 9000)[:40])
    for path in (tmp_path, tmp_path / "none.csv", tmp_path / "broken.gz"):
        done = run("probe", path)
        assert done.returncode == 1
        assert done.stderr.startswith(f"Error: {path}") or done.stderr.startswith(
            "Error: broken.gz"
        )
        assert done.stderr.count("\n") == 1
