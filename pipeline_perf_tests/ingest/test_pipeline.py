"""The corridor as a whole: files that change or fail while they are read, attempts that end
early, many at once.
"""

from __future__ import annotations

import dataclasses
import errno
import functools
import gzip
import io
import logging
import os
import zipfile
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from pipeline_perf.ingest import bookkeeping, pipeline
from pipeline_perf.ingest.bookkeeping import FileReport
from pipeline_perf.ingest.container.content import Content
from pipeline_perf.ingest.container.content import contents as bytes_of
from pipeline_perf.ingest.pipeline import Options, ingest_file, ingest_path
from pipeline_perf.ingest.read import pieces, text
from pipeline_perf.lake.delta import Lake
from pipeline_perf.lake.schemas import SCHEMAS
from pipeline_perf.synth.dataset import DatasetSpec, generate
from pipeline_perf_tests.command import NUMBER, ingest, start
from pipeline_perf_tests.kill_ingestion import contents, differences

SMALL = Options(zone="America/New_York", chunk_bytes=4096)


class Killed(BaseException):
    """Ends an ingestion as a kill would: nothing in its way handles it."""


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Some ten chunks, with records that go to quarantine."""
    return generate(
        DatasetSpec("verizon", "csv", 500, defect_rate=0.05), tmp_path_factory.mktemp("data")
    ).files[0]


@pytest.fixture
def carrier_file(original: Path, tmp_path: Path) -> Path:
    path = tmp_path / "calls.csv"
    path.write_bytes(original.read_bytes())
    return path


def after(chunks: int, act: Callable[[], object]) -> bookkeeping.Progress:
    """A progress callback that acts once, when so many chunks are done."""
    calls = 0

    def progress(_used: int, _total: int, _rows: int) -> None:
        nonlocal calls
        calls += 1
        if calls == chunks:
            act()

    return progress


def kill() -> None:
    raise Killed


def undisturbed(path: Path, tmp_path: Path, options: Options = SMALL) -> dict[str, pl.DataFrame]:
    assert ingest_file(path, Lake(tmp_path / "undisturbed"), options).status == "ingested"
    return contents(tmp_path / "undisturbed")


def stored(root: Path) -> dict[str, int]:
    """Rows of each table, also those of files that were never finished."""
    return {table: Lake(root).scan(table).collect().height for table in SCHEMAS}


NOTHING = dict.fromkeys(SCHEMAS, 0)


# --------------------------------------------------------------------------- progress


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_progress_tells_position_total_and_rows_up_to_the_end(
    encoding: str, carrier_file: Path, tmp_path: Path
) -> None:
    carrier_file.write_bytes(carrier_file.read_bytes().decode().encode(encoding))
    seen: list[tuple[int, int, int]] = []
    report = ingest_file(
        carrier_file, Lake(tmp_path / "lake"), SMALL, lambda *told: seen.append(told)
    )
    assert len(seen) > 5
    assert seen == sorted(seen)
    used, total, rows = seen[-1]
    assert rows == report.records == 500
    assert total * 0.99 <= used <= total * 1.01


def test_of_a_compressed_file_the_total_is_not_known(carrier_file: Path, tmp_path: Path) -> None:
    packed = tmp_path / "calls.gz"
    packed.write_bytes(gzip.compress(carrier_file.read_bytes()))
    totals: set[int] = set()
    ingest_file(
        packed, Lake(tmp_path / "lake"), SMALL, lambda _used, total, _rows: totals.add(total)
    )
    assert totals == {0}


# ------------------------- attempts that end early


@pytest.mark.parametrize("chunks", [1, 4, 9])
def test_an_attempt_that_was_killed_is_gone_on_with(
    chunks: int, carrier_file: Path, tmp_path: Path
) -> None:
    with pytest.raises(Killed):
        ingest_file(carrier_file, Lake(tmp_path / "lake"), SMALL, after(chunks, kill))
    assert Lake(tmp_path / "lake").files().height == 0
    assert stored(tmp_path / "lake")["events"] > 0
    assert ingest_file(carrier_file, Lake(tmp_path / "lake"), SMALL).status == "ingested"
    assert differences(undisturbed(carrier_file, tmp_path), contents(tmp_path / "lake")) == []


OTHER_WAYS = {
    "zone": dataclasses.replace(SMALL, zone="America/Chicago"),
    "subscriber": dataclasses.replace(SMALL, subscriber="+12125550199"),
    "tenant": dataclasses.replace(SMALL, tenant="somebody"),
    "chunks": dataclasses.replace(SMALL, chunk_bytes=3000),
}


@pytest.mark.parametrize("what", OTHER_WAYS)
def test_what_an_attempt_of_another_way_left_is_removed(
    what: str, carrier_file: Path, tmp_path: Path
) -> None:
    with pytest.raises(Killed):
        ingest_file(carrier_file, Lake(tmp_path / "lake"), OTHER_WAYS[what], after(4, kill))
    assert ingest_file(carrier_file, Lake(tmp_path / "lake"), SMALL).status == "ingested"
    assert differences(undisturbed(carrier_file, tmp_path), contents(tmp_path / "lake")) == []


def test_a_way_that_is_taken_up_again_does_not_go_on_with_chunks_that_were_removed(
    carrier_file: Path, tmp_path: Path
) -> None:
    for options in (SMALL, OTHER_WAYS["zone"], SMALL, OTHER_WAYS["tenant"]):
        with pytest.raises(Killed):
            ingest_file(carrier_file, Lake(tmp_path / "lake"), options, after(5, kill))
    assert ingest_file(carrier_file, Lake(tmp_path / "lake"), SMALL).status == "ingested"
    assert differences(undisturbed(carrier_file, tmp_path), contents(tmp_path / "lake")) == []


def test_a_file_that_came_in_since_is_compared_with_when_an_attempt_is_finished(
    carrier_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed_before_the_last_commit(*_: object) -> pl.DataFrame:
        raise Killed

    lake = Lake(tmp_path / "lake")
    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(pipeline._Ingestion, "_row", killed_before_the_last_commit)
        ingest_file(carrier_file, lake, SMALL)
    assert stored(tmp_path / "lake")["duplicates"] > 0
    again = tmp_path / "again.csv"
    again.write_bytes(carrier_file.read_bytes() + b"\r")
    first = ingest_file(again, lake, SMALL)
    second = ingest_file(carrier_file, lake, SMALL)
    assert (first.status, second.status) == ("ingested", "ingested")
    assert second.duplicates == second.events
    assert lake.scan_events(distinct=True).collect().height == first.events - first.duplicates
    assert lake.scan("duplicates").filter(pl.col("event_id").is_duplicated()).collect().height == 0


def test_a_failed_commit_is_reported_and_gone_on_from(
    carrier_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import pipeline_perf.lake.attempt as committing

    usage = committing.shutil.disk_usage
    calls = 0

    def full_after_some(path: str) -> object:
        nonlocal calls
        calls += 1
        return usage(path)._replace(free=0) if calls > 6 else usage(path)

    with monkeypatch.context() as patch:
        patch.setattr(committing.shutil, "disk_usage", full_after_some)
        report = ingest_file(carrier_file, Lake(tmp_path / "lake"), SMALL)
    assert report.status == "rejected"
    assert "no space left to commit safely" in report.reason
    assert stored(tmp_path / "lake")["events"] > 0
    assert ingest_file(carrier_file, Lake(tmp_path / "lake"), SMALL).status == "ingested"
    assert differences(undisturbed(carrier_file, tmp_path), contents(tmp_path / "lake")) == []


def test_a_file_that_is_no_file_of_records_leaves_nothing_in_the_lake(tmp_path: Path) -> None:
    (tmp_path / "unknown.csv").write_text("a,b,c\n" + "1,2,3\n" * 20)
    (tmp_path / "empty.csv").write_text("")
    for name, status in (("unknown.csv", "needs_mapping"), ("empty.csv", "rejected")):
        assert ingest_file(tmp_path / name, Lake(tmp_path / "lake"), SMALL).status == status
    assert [path for path in (tmp_path / "lake").rglob("*") if path.is_file()] == []


LAYOUT = """
id: house
carrier: house
title: a house's own table of calls
source: worked out from the file
container: delimited
zone: America/New_York
tables:
  - name: calls
    header: [Begin, Caller, Called, Seconds]
    fields:
      event_type: {value: call}
      started_at: {column: Begin, formats: ['FORM']}
      duration_s: {column: Seconds, form: seconds}
      from_number: Caller
      to_number: Called
"""


@pytest.mark.parametrize("rows", [1, 400])
def test_a_layout_by_which_no_record_can_be_read_is_not_the_files(
    rows: int, tmp_path: Path
) -> None:
    calls = tmp_path / "calls.csv"
    row = "19.06.2024 10:15:00,+12125550101,+12125550102,61\n"
    calls.write_text("Begin,Caller,Called,Seconds\n" + row * rows)
    layout = tmp_path / "layouts" / "house.yaml"
    layout.parent.mkdir()
    options = Options(layouts=layout.parent, chunk_bytes=4096)
    lake = Lake(tmp_path / "lake")
    layout.write_text(LAYOUT.replace("FORM", "%Y-%m-%d %H:%M:%S"))
    report = ingest_file(calls, lake, options)
    assert (report.status, report.records) == ("needs_mapping", 0)
    assert f"none of its {rows} records could be read by it (record 2: " in report.reason
    assert stored(tmp_path / "lake") == NOTHING
    assert list((tmp_path / "lake" / "locks").iterdir()) == []

    layout.write_text(LAYOUT.replace("FORM", "%d.%m.%Y %H:%M:%S"))
    report = ingest_file(calls, lake, options)
    assert (report.status, report.events, report.quarantined) == ("ingested", rows, 0)


def test_a_file_whose_dates_have_to_be_asked_about_leaves_no_lock(tmp_path: Path) -> None:
    bill = tmp_path / "bill.csv"
    rows = "".join(f"03/0{day}/2024 10:00:00,2125550101,2125550102,60\n" for day in range(1, 10))
    bill.write_text("Begin,Caller,Called,Seconds\n" + rows)
    layout = tmp_path / "layouts" / "house.yaml"
    layout.parent.mkdir()
    both = "%d/%m/%Y %H:%M:%S', '%m/%d/%Y %H:%M:%S"
    layout.write_text(LAYOUT.replace("FORM", both))
    report = ingest_file(bill, Lake(tmp_path / "lake"), Options(layouts=layout.parent))
    assert report.status == "needs_mapping"
    assert list((tmp_path / "lake" / "locks").iterdir()) == []


# ------------------------- files that change or fail while they are read


Changing = Callable[[Path, Callable[[Path], object], Path], FileReport]


def grow(path: Path) -> None:
    with path.open("ab") as file:
        file.write(b"more\r" * 100)


def shrink(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def replace(path: Path) -> None:
    other = path.with_name("other")
    other.write_bytes(path.read_bytes()[::-1])
    other.replace(path)


@pytest.fixture
def nothing_held(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every file is read as one that is too large to be held: in a second pass."""
    monkeypatch.setattr(pipeline, "contents", functools.partial(bytes_of, hold=1))


@pytest.fixture(params=["identified", "read"])
def changed(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Changing:
    """Ingest a file that changes once it is identified, or after its second chunk."""

    def ingest_changing(path: Path, change: Callable[[Path], object], lake: Path) -> FileReport:
        def identify_then_change(content: Content) -> str:
            identity = identified(content)
            change(path)
            return identity

        identified, progress = pipeline._identified, None
        with monkeypatch.context() as patch:
            if request.param == "identified":
                patch.setattr(pipeline, "_identified", identify_then_change)
            else:
                progress = after(2, lambda: change(path))
            return ingest_file(path, Lake(lake), SMALL, progress)

    return ingest_changing


@pytest.mark.parametrize("change", [grow, shrink])
@pytest.mark.usefixtures("nothing_held")
def test_a_file_that_is_written_to_while_it_is_read_is_rejected_and_leaves_nothing(
    change: Callable[[Path], object], changed: Changing, carrier_file: Path, tmp_path: Path
) -> None:
    whole = carrier_file.read_bytes()
    report = changed(carrier_file, change, tmp_path / "lake")
    said = "calls.csv: the file changed while it was read; ingest it again when it is complete"
    assert (report.status, report.reason, report.records) == ("rejected", said, 0)
    assert stored(tmp_path / "lake") == NOTHING

    carrier_file.write_bytes(whole)
    assert ingest_file(carrier_file, Lake(tmp_path / "lake"), SMALL).status == "ingested"
    assert differences(undisturbed(carrier_file, tmp_path), contents(tmp_path / "lake")) == []


@pytest.mark.parametrize("change", [replace, Path.unlink])
@pytest.mark.usefixtures("nothing_held")
def test_a_file_that_another_takes_the_place_of_is_read_to_its_end(
    change: Callable[[Path], object], changed: Changing, carrier_file: Path, tmp_path: Path
) -> None:
    whole = carrier_file.read_bytes()
    assert changed(carrier_file, change, tmp_path / "lake").status == "ingested"
    carrier_file.write_bytes(whole)
    assert differences(undisturbed(carrier_file, tmp_path), contents(tmp_path / "lake")) == []


@pytest.mark.parametrize("change", [grow, shrink, replace, Path.unlink])
def test_what_becomes_of_a_file_that_is_held_does_not_matter(
    change: Callable[[Path], object], changed: Changing, carrier_file: Path, tmp_path: Path
) -> None:
    whole = carrier_file.read_bytes()
    assert changed(carrier_file, change, tmp_path / "lake").status == "ingested"
    carrier_file.write_bytes(whole)
    assert differences(undisturbed(carrier_file, tmp_path), contents(tmp_path / "lake")) == []


def test_a_disk_that_fails_while_a_file_is_read_rejects_it(
    carrier_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = text.read

    def failing(*arguments: object) -> pipeline.Pieces:
        pieces = real(*arguments)  # type: ignore[arg-type]
        yield next(pieces)
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    with monkeypatch.context() as patch:
        patch.setattr(text, "read", failing)
        report = ingest_file(carrier_file, Lake(tmp_path / "lake"), SMALL)
    assert report.status == "rejected"
    assert "calls.csv: cannot be read to its end ([Errno 5] Input/output error)" in report.reason
    assert stored(tmp_path / "lake") == NOTHING


# --------------------------------------------------------------------------- many at once


def ingested_at_once(files: list[Path], root: Path) -> list[FileReport]:
    processes = [start("ingest", path, "--lake", root, "--json") for path in files]
    said = [process.communicate(timeout=150) for process in processes]
    assert [process.returncode for process in processes] == [0] * len(files), said
    assert [complaint for _, complaint in said] == [""] * len(files)
    import json

    return [json.loads(report) for report, _ in said]


@pytest.mark.parametrize("name", ["att_bill_account.csv", "sprint_le_9135550101.csv"])
def test_rows_that_tell_a_call_again_are_found_wherever_the_file_is_cut(
    name: str, tmp_path: Path
) -> None:
    marks = []
    for chunk_bytes in (300, 1 << 20):
        lake = Lake(tmp_path / str(chunk_bytes))
        report = ingest_file(
            Path(__file__).parent / "golden" / name,
            lake,
            Options(zone="UTC", chunk_bytes=chunk_bytes),
        )
        assert report.duplicates > 0
        marks.append(
            lake.scan_events()
            .sort("record_no")
            .select("record_no", "duplicate_of")
            .collect()
            .rows()
        )
    assert marks[0] == marks[1]


@pytest.mark.slow
def test_ten_files_at_once_make_one_lake_that_was_not_there_before(tmp_path: Path) -> None:
    files = [
        generate(DatasetSpec("att", "csv", 200, seed=seed), tmp_path / "data").files[0]
        for seed in range(10)
    ]
    reports = ingested_at_once(files, tmp_path / "lake")
    assert [report["status"] for report in reports] == ["ingested"] * 10
    lake = Lake(tmp_path / "lake")
    assert lake.files()["file"].sort().to_list() == sorted(map(str, files))
    assert lake.scan_events().collect().height == sum(report["events"] for report in reports)
    assert lake.scan_quarantine().collect().height == sum(
        report["quarantined"] for report in reports
    )
    [one] = ingest(files[3], "--lake", tmp_path / "alone")
    alone = Lake(tmp_path / "alone").scan_events().drop("duplicate_of").collect().sort("event_id")
    together = (
        lake.scan_events()
        .filter(pl.col("source_file_id") == one["source_file_id"])
        .drop("duplicate_of")
        .collect()
        .sort("event_id")
    )
    assert alone.equals(together)


@pytest.mark.slow
def test_one_file_by_three_at_once_is_ingested_once(carrier_file: Path, tmp_path: Path) -> None:
    reports = ingested_at_once([carrier_file] * 3, tmp_path / "lake")
    assert sorted(report["status"] for report in reports) == [
        "already_ingested",
        "already_ingested",
        "ingested",
    ]
    assert {report["events"] for report in reports} == {
        Lake(tmp_path / "lake").scan_events().collect().height
    }


# --------------------------------------------------------------------------- archives and PDF


def test_pages_of_a_pdf_are_committed_together(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bill = generate(DatasetSpec("verizon", "pdf", 150), tmp_path / "data").files[0]
    options = Options(zone="America/New_York")
    expected = undisturbed(bill, tmp_path, options)
    commits = len(list((tmp_path / "undisturbed" / "events" / "_delta_log").glob("*.json")))
    assert commits == 2  # the table and its rows
    monkeypatch.setattr(pieces, "PAGES", 1)
    [report] = ingest_path(bill, Lake(tmp_path / "lake"), options)
    assert report.status == "ingested"
    assert len(list((tmp_path / "lake" / "events" / "_delta_log").glob("*.json"))) > 2
    assert differences(expected, contents(tmp_path / "lake")) == []


def test_an_unforeseen_fault_ends_its_file_only_and_is_logged_masked(
    carrier_file: Path, tmp_path: Path
) -> None:
    def fail() -> None:
        raise IndexError("no such place in the call of 212-555-0143")

    with zipfile.ZipFile(tmp_path / "calls.zip", "w") as archive:
        archive.write(carrier_file, "first.csv")
        archive.writestr("second.csv", carrier_file.read_bytes() + b"\n")
    lake, heard = Lake(tmp_path / "lake"), io.StringIO()
    (handler := logging.StreamHandler(heard)).setLevel("ERROR")
    logging.getLogger("pipeline_perf").addHandler(handler)
    try:
        first, second = ingest_path(tmp_path / "calls.zip", lake, SMALL, after(3, fail))
    finally:
        logging.getLogger("pipeline_perf").removeHandler(handler)
    assert (first.status, second.status) == ("rejected", "ingested")
    assert "a fault of this program" in first.reason
    assert "IndexError: no such place" in first.reason
    assert "\n" not in first.reason
    assert "Traceback" in heard.getvalue()
    assert "•••••••0143" in heard.getvalue()
    assert not NUMBER.search(heard.getvalue())
    # nothing of it is left, and it is read as if it had never failed
    assert not list((tmp_path / "lake" / "locks").iterdir())
    assert set(lake.scan("events").collect()["source_file_id"]) == {second.source_file_id}
    [again, known] = ingest_path(tmp_path / "calls.zip", lake, SMALL)
    assert (again.status, known.status) == ("ingested", "already_ingested")


@pytest.mark.parametrize("wanted", [MemoryError, KeyboardInterrupt, SystemExit])
def test_what_the_machine_or_a_person_wants_is_obeyed(
    wanted: type[BaseException], carrier_file: Path, tmp_path: Path
) -> None:
    def stop() -> None:
        raise wanted

    with pytest.raises(wanted):
        ingest_file(carrier_file, Lake(tmp_path / "lake"), SMALL, after(2, stop))


def test_a_file_that_needs_a_layout_after_all_leaves_nothing_behind(tmp_path: Path) -> None:
    golden = Path(__file__).parent / "golden" / "att_bill_texts_20091219.csv"
    path = tmp_path / "texts.csv"  # its dates have no year, and now its name has none either
    path.write_bytes(golden.read_bytes())
    report = ingest_file(path, Lake(tmp_path / "lake"), Options())
    assert report.status == "needs_mapping"
    assert not [file for file in (tmp_path / "lake").rglob("*") if file.is_file()]
