"""Bad input through the command line: never a traceback, a hang or silence, but one line that
says what, where and what to do.
"""

from __future__ import annotations

import gzip
import os
import shutil
import subprocess
import zipfile
from pathlib import Path
from typing import Any

import pytest

from pipeline_perf.lake.delta import Lake
from pipeline_perf.synth.dataset import DatasetSpec, generate
from pipeline_perf_tests.command import COMMAND, ENVIRONMENT, ingest, run

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def report_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return generate(
        DatasetSpec("att", "csv", 400, defect_rate=0.0), tmp_path_factory.mktemp("data")
    ).files[0]


@pytest.fixture(scope="module")
def bill(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return generate(
        DatasetSpec("att", "pdf", 20, defect_rate=0.0), tmp_path_factory.mktemp("data")
    ).files[0]


def zipped(path: Path, **members: bytes) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name.replace("__", "/").replace("_DOT_", "."), data)
    return path


def test_what_cannot_be_read_is_rejected_in_one_line_and_the_rest_is_done(
    report_file: Path, bill: Path, tmp_path: Path
) -> None:
    good = report_file.read_bytes()

    def put(name: str, data: bytes) -> Path:
        (tmp_path / name).write_bytes(data)
        return tmp_path / name

    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "loop").symlink_to("loop")
    expected = {
        tmp_path / "missing.csv": "not found; check the path",
        tmp_path / "fifo": "a pipe or device; copy what it gives into a file",
        Path("/dev/zero"): "a pipe or device; copy what it gives into a file",
        Path("/proc/self/mem"): "cannot be read",  # opens, and fails on reading
        tmp_path / "loop": "cannot be read",
        report_file / "inside.csv": "check the path",
        put("empty.csv", b""): "the file is empty",
        put("blank.csv", b" \r\n\r\n \x00\x00\n"): "the file is empty",
        put("rubbish.csv", bytes(range(256)) * 400): "binary data, neither text nor PDF",
        put(
            "picture.pdf", b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 40
        ): "binary data, neither text nor PDF",
        put(
            "prose.txt", b"Dear customer,\nplease find enclosed what you asked for.\nYours\n"
        ): "Is it a record file?",
        put("half.pdf", bill.read_bytes()[:900]): "PDF",
        put("cut.gz", gzip.compress(good)[:-200]): "damaged compressed data",
        put(
            "cut.zip", zipped(tmp_path / "whole.zip", a=good).read_bytes()[:-200]
        ): "damaged compressed data",
        zipped(tmp_path / "nothing.zip"): "an archive without files",
        zipped(
            tmp_path / "book.xlsx", xl__workbook_DOT_xml=b"", mimetype=b""
        ): "no workbook that can be read",
        put("long.txt", good + b"x" * (9 * 2**20)): "a line is longer than",
    }
    reports = ingest(*expected, report_file, "--lake", tmp_path / "lake", exit_code=1)
    assert [Path(report["file"]) for report in reports] == [*expected, report_file]
    for report, (path, words) in zip(reports, expected.items(), strict=False):
        assert report["status"] == "rejected", report
        assert words in report["reason"], report
        assert path.name in report["reason"]
        assert "\n" not in report["reason"]
        assert report["records"] == report["events"] == 0
    assert reports[-1]["status"] == "ingested"
    summary = run("ingest", *expected, "--lake", tmp_path / "lake").stdout.splitlines()
    assert summary[-2] == f"{len(expected)} files: {len(expected)} rejected"
    assert len(summary) == 2 * len(expected) + 2


@pytest.mark.skipif(os.geteuid() == 0, reason="permissions do not bind root")
def test_a_file_that_may_not_be_read_is_rejected(report_file: Path, tmp_path: Path) -> None:
    path = shutil.copy(report_file, tmp_path / "secret.txt")
    path.chmod(0)
    [report] = ingest(path, "--lake", tmp_path / "lake", exit_code=1)
    assert "permission denied; allow this user to read it" in report["reason"]


def reports_of(path: Path, tmp_path: Path, exit_code: int = 0) -> dict[str, Any]:
    [report] = ingest(path, "--lake", tmp_path / "lake", exit_code=exit_code)
    assert report["records"] == report["events"] + report["quarantined"]
    return report


@pytest.mark.parametrize("name", ["report.pdf", "report.xlsx", "report.jpg", "report"])
def test_a_wrong_extension_misleads_nobody(name: str, report_file: Path, tmp_path: Path) -> None:
    shutil.copy(report_file, tmp_path / name)
    assert reports_of(tmp_path / name, tmp_path)["events"] == 400


def test_a_pdf_named_csv_is_read_as_a_pdf(bill: Path, tmp_path: Path) -> None:
    shutil.copy(bill, tmp_path / "bill.csv")
    report = reports_of(tmp_path / "bill.csv", tmp_path)
    assert (report["layout"], report["records"]) == ("att_bill_pdf", 20)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-8-sig", "utf-32"])
def test_wide_encodings_and_byte_order_marks_are_read(
    encoding: str, report_file: Path, tmp_path: Path
) -> None:
    (tmp_path / "wide.txt").write_text(report_file.read_text(), encoding=encoding, newline="")
    assert reports_of(tmp_path / "wide.txt", tmp_path)["events"] == 400


def test_a_header_alone_is_said_to_be_one(report_file: Path, tmp_path: Path) -> None:
    lines = report_file.read_text().splitlines(keepends=True)
    first = next(i for i, line in enumerate(lines) if line.startswith("Item,"))
    (tmp_path / "header.txt").write_text("".join(lines[: first + 1]))
    report = reports_of(tmp_path / "header.txt", tmp_path)
    assert (report["status"], report["records"], report["furniture"]) == ("ingested", 0, first + 1)
    assert report["reason"] == "a header but no records"
    assert (
        "a header but no records"
        in run("ingest", tmp_path / "header.txt", "--lake", tmp_path / "new").stdout
    )


def test_a_record_that_the_end_of_the_file_cuts_goes_to_quarantine(
    report_file: Path, tmp_path: Path
) -> None:
    lines = report_file.read_bytes().split(b"\n")
    del lines[max(i for i, line in enumerate(lines) if line[:1].isdigit()) + 1 :]  # the footer
    (tmp_path / "cut.txt").write_bytes(b"\n".join([*lines[:-1], lines[-1][: len(lines[-1]) // 3]]))
    report = reports_of(tmp_path / "cut.txt", tmp_path)
    assert (report["records"], report["quarantined"]) == (400, 1)
    [quarantined] = Lake(tmp_path / "lake").scan_quarantine().collect().rows(named=True)
    assert quarantined["rule"] == "cut_off"
    assert quarantined["record_no"] == len(lines)
    assert quarantined["raw"].encode() == lines[-1][: len(lines[-1]) // 3]


def test_bytes_of_nothing_within_the_text_lose_no_record(report_file: Path, tmp_path: Path) -> None:
    lines = report_file.read_bytes().splitlines(keepends=True)
    lines[20] = lines[20].replace(b",", b"\x00,", 3)
    lines.insert(25, b"\x00" * 5000 + b"\n")
    (tmp_path / "nul.txt").write_bytes(b"".join(lines))
    report = reports_of(tmp_path / "nul.txt", tmp_path)
    assert report["records"] == 400


@pytest.mark.parametrize("end", [b"", b"\n"])
def test_a_block_of_nothing_that_a_lost_write_left_is_no_record_and_no_binary_data(
    end: bytes, report_file: Path, tmp_path: Path
) -> None:
    lines = report_file.read_bytes().splitlines(keepends=True)
    path = tmp_path / "blank.csv"
    path.write_bytes(b"".join(lines[:60]) + b"\0" * 6_000 + end + b"".join(lines[60:]))
    report, whole = ingest(path, report_file, "--lake", tmp_path / "lake")
    assert (report["events"], report["quarantined"]) == (whole["events"], whole["quarantined"])


def test_a_missing_column_is_named(report_file: Path, tmp_path: Path) -> None:
    (tmp_path / "lacking.txt").write_text(report_file.read_text().replace("OriginatingNumber,", ""))
    [report] = ingest(tmp_path / "lacking.txt", "--lake", tmp_path / "lake", exit_code=3)
    assert report["status"] == "needs_mapping"
    assert (
        "nearly those of layout att_le_mobility, but the header lacks 'Originating Number'"
        in report["reason"]
    )


def test_a_broken_layout_of_the_user_is_named_by_line(report_file: Path, tmp_path: Path) -> None:
    own = tmp_path / "layouts"
    own.mkdir()
    (own / "mine.yaml").write_text("id: mine\ncolour: green\n")
    [report] = ingest(report_file, "--layouts", own, "--lake", tmp_path / "lake", exit_code=1)
    assert f"{own / 'mine.yaml'}, line 1: the layout lacks carrier, " in report["reason"]


# --------------------------------------------------------------------------- archives and names


def test_every_member_of_an_archive_is_a_file(report_file: Path, tmp_path: Path) -> None:
    other = generate(DatasetSpec("verizon", "csv", 30, defect_rate=0.0), tmp_path / "data").files[0]
    archive = zipped(
        tmp_path / "two.zip",
        a_DOT_txt=report_file.read_bytes(),
        **{"in__b_DOT_csv": other.read_bytes()},
        empty=b"",
    )
    reports = ingest(archive, "--lake", tmp_path / "lake", exit_code=1)
    assert [(report["file"], report["status"]) for report in reports] == [
        (f"{archive}!a.txt", "ingested"),
        (f"{archive}!in/b.csv", "ingested"),
        (f"{archive}!empty", "rejected"),
    ]
    assert [report["records"] for report in reports] == [400, 30, 0]


def test_the_same_bytes_are_the_same_file_by_any_name_and_packed_in_any_way(
    report_file: Path, tmp_path: Path
) -> None:
    [first] = ingest(report_file, "--lake", tmp_path / "lake")
    renamed = shutil.copy(report_file, tmp_path / "renamed.csv")
    (tmp_path / "packed.gz").write_bytes(gzip.compress(report_file.read_bytes()))
    archive = zipped(
        tmp_path / "packed.zip",
        a=report_file.read_bytes(),
        b=gzip.compress(report_file.read_bytes()),
    )
    again = ingest(renamed, tmp_path / "packed.gz", archive, "--lake", tmp_path / "lake")
    assert [report["status"] for report in again] == ["already_ingested"] * 4
    assert {report["source_file_id"] for report in again} == {first["source_file_id"]}
    assert all(f"as {report_file}" in report["reason"] for report in again)
    assert Lake(tmp_path / "lake").scan_events().collect().height == first["events"]


def test_a_file_that_grew_adds_its_new_rows_only(tmp_path: Path) -> None:
    data = (
        generate(
            DatasetSpec("verizon", "csv", 300, defect_rate=0.0, duplicate_rate=0.0),
            tmp_path / "data",
        )
        .files[0]
        .read_bytes()
    )
    lines = data.splitlines(keepends=True)
    (tmp_path / "before.csv").write_bytes(b"".join(lines[:201]))
    (tmp_path / "after.csv").write_bytes(data)
    before, after = ingest(
        tmp_path / "before.csv", tmp_path / "after.csv", "--lake", tmp_path / "lake"
    )
    assert (before["status"], after["status"]) == ("ingested", "ingested")
    assert (after["events"], after["duplicates"]) == (300, before["events"])
    lake = Lake(tmp_path / "lake")
    assert lake.scan_events().collect().height == 300 + before["events"]
    distinct = lake.scan_events(distinct=True).collect()
    assert distinct.height == 300
    assert (distinct["source_file_id"] == after["source_file_id"]).sum() == 300 - before["events"]


# ------------------------- places that hold no lake


def test_a_place_that_cannot_hold_a_lake_is_named(report_file: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for place in (
        tmp_path / "file",
        tmp_path / "file" / "lake",
        Path("/proc/lake"),
        "nowhere://bucket/lake",
    ):
        [report] = ingest(report_file, "--lake", place, exit_code=1)
        assert report["status"] == "rejected"
        assert str(place) in report["reason"]
        assert "\n" not in report["reason"]
    assert (tmp_path / "file").read_text() == ""


@pytest.mark.parametrize("table", ["events", "quarantine", "duplicates", "files"])
def test_a_table_that_is_something_else_is_named_and_left_alone(
    table: str, report_file: Path, tmp_path: Path
) -> None:
    (tmp_path / "lake").mkdir()
    (tmp_path / "lake" / table).write_text("something else")
    [report] = ingest(report_file, "--lake", tmp_path / "lake", exit_code=1)
    assert str(tmp_path / "lake") in report["reason"]
    assert (tmp_path / "lake" / table).read_text() == "something else"


def test_tables_of_another_kind_are_no_lake(report_file: Path, tmp_path: Path) -> None:
    import polars as pl

    pl.DataFrame({"a": [1]}).write_delta(str(tmp_path / "lake" / "files"))
    [report] = ingest(report_file, "--lake", tmp_path / "lake", exit_code=1)
    assert f"{tmp_path / 'lake'}: tables that are none of this version's lake" in report["reason"]
    for command in ("events", "quarantine"):
        done = run(command, "--lake", tmp_path / "lake")
        assert done.returncode == 1
        assert "none of this version's lake" in done.stderr
        assert done.stderr.count("\n") == 1


def test_a_lake_that_lost_files_is_said_so(report_file: Path, tmp_path: Path) -> None:
    ingest(report_file, "--lake", tmp_path / "lake")
    for lost in (tmp_path / "lake" / "files").glob("*.parquet"):
        lost.unlink()
    [report] = ingest(report_file, "--lake", tmp_path / "lake", exit_code=1)
    assert f"{tmp_path / 'lake'}: cannot be read or written" in report["reason"]
    done = run("events", "--lake", tmp_path / "lake")
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1


def test_a_full_disk_loses_nothing_and_the_ingestion_goes_on_when_there_is_space(
    report_file: Path, tmp_path: Path
) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = shutil.which("mount") and subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", str(disk)],
        check=False,
        capture_output=True,
    )
    if not mounted or mounted.returncode:
        pytest.skip("a small disk can be mounted by root only")
    try:
        filler = disk / "filler"
        options: list[object] = ["--lake", disk / "lake", "--chunk-mib", "0.016"]
        disk_free = shutil.disk_usage(disk).free
        filler.write_bytes(b"\0" * (disk_free - 48 * 2**10))
        [report] = ingest(report_file, *options, exit_code=1)
        assert report["status"] == "rejected"
        assert "no space left" in report["reason"]
        assert Lake(disk / "lake").scan_events().collect().height == 0
        filler.unlink()
        [report] = ingest(report_file, *options)
        assert (report["status"], report["events"]) == ("ingested", 400)
        assert Lake(disk / "lake").scan("events").collect().height == 400
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def test_results_that_cannot_be_told_end_it_with_an_error(
    report_file: Path, tmp_path: Path
) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [*COMMAND, "ingest", report_file, "--lake", tmp_path / "lake", "--json"],
            stdout=full, stderr=subprocess.PIPE, text=True, env=ENVIRONMENT, timeout=60,
            check=False,
        )  # fmt: skip
    assert done.returncode == 1
    assert done.stderr == "Error: standard output: No space left on device\n"
