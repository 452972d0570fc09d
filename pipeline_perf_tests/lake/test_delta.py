"""The lake: what is committed is there whole and once, what is not finished is not to be seen."""

from __future__ import annotations

import datetime as dt
import errno
import os
import subprocess
import sys
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow.parquet as pq
import pytest
from deltalake import DeltaTable, write_deltalake
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline_perf import events
from pipeline_perf.ingest.pipeline import Options, ingest_file
from pipeline_perf.lake import delta
from pipeline_perf.lake.delta import Lake
from pipeline_perf.lake.errors import LakeError
from pipeline_perf.lake.schemas import ROW_GROUP, SCHEMAS
from pipeline_perf_tests.event_rows import event_frame
from pipeline_perf_tests.ground.test_logs import hearing


def some_events(file: str, ids: Sequence[int], **more: object) -> pl.DataFrame:
    return event_frame(
        *({"source_file_id": file, "event_id": i, "record_no": i, **more} for i in ids)
    )


def finish(lake: Lake, file: str) -> None:
    """Let a file stand among the ingested ones."""
    row = {name: [file if name == "source_file_id" else None] for name in SCHEMAS["files"]}
    lake.append("files", pl.DataFrame(row, schema=SCHEMAS["files"]), file, 0)


def marks(*pairs: tuple[int, int], file: str) -> pl.DataFrame:
    return pl.DataFrame(
        [(a, b, "exact", file) for a, b in pairs], schema=SCHEMAS["duplicates"], orient="row"
    )


@pytest.mark.parametrize("root", ["", "not/yet/there"])
def test_a_lake_in_which_nothing_is_written_yet_reads_as_empty_tables(
    tmp_path: Path, root: str
) -> None:
    lake = Lake(tmp_path / root)
    assert lake.files().is_empty()
    assert lake.files().schema == pl.Schema(SCHEMAS["files"])
    for distinct in (False, True):
        found = lake.scan_events(distinct=distinct).collect()
        assert found.is_empty() and found.schema == pl.Schema(events.COLUMNS)
    assert lake.scan_quarantine().collect().schema == pl.Schema(SCHEMAS["quarantine"])
    assert lake.duplicates().is_empty()
    assert lake.committed("events", "app") == -1
    assert not (tmp_path / "not").exists()


def test_events_come_back_as_they_were_written(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    written = some_events("aa", [1, 2, -(2**63), 2**63 - 1])
    lake.append("events", written, "aa", 0)
    finish(lake, "aa")
    found = Lake(tmp_path).scan_events().sort("record_no").collect()
    assert found.equals(written.sort("record_no").select(list(events.COLUMNS)))


def test_a_chunk_that_was_committed_is_not_committed_again(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    for version in (0, 1, 1, 0):
        lake.append(
            "events", some_events("aa", [10 * version + 1, 10 * version + 2]), "aa", version
        )
    finish(lake, "aa")
    assert lake.committed("events", "aa") == 1
    assert sorted(lake.scan_events().collect()["event_id"]) == [1, 2, 11, 12]


def test_each_way_of_ingesting_a_file_has_chunks_of_its_own(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    lake.append("events", some_events("aa", [1]), "aa-first", 5)
    assert lake.committed("events", "aa-first") == 5
    assert lake.committed("events", "aa-second") == -1
    assert Lake(tmp_path).committed("events", "aa-first") == 5


def test_the_rows_of_a_file_that_is_not_finished_are_not_to_be_seen(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    for file, ids in (("aa", [1, 2]), ("bb", [3, 4])):
        lake.append("events", some_events(file, ids), file, 0)
        refused = {
            "source_file_id": file,
            "file": file,
            "record_no": 1,
            "rule": "r",
            "reason": "w",
            "raw": "x",
        }
        lake.append("quarantine", pl.DataFrame([refused], schema=SCHEMAS["quarantine"]), file, 0)
    lake.append("duplicates", marks((1, 3), file="bb"), "bb", 0)
    finish(lake, "aa")
    for distinct in (False, True):
        assert sorted(lake.scan_events(distinct=distinct).collect()["event_id"]) == [1, 2]
    assert lake.scan_events().collect()["duplicate_of"].to_list() == [None, None]
    assert lake.scan_quarantine().collect()["source_file_id"].to_list() == ["aa"]
    finish(lake, "bb")
    assert sorted(lake.scan_events().collect()["event_id"]) == [1, 2, 3, 4]
    assert sorted(lake.scan_events(distinct=True).collect()["event_id"]) == [2, 3, 4]


def test_removing_a_file_that_was_begun_another_way_leaves_all_others(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    for file, ids in (("aa", [1, 2]), ("bb", [3])):
        lake.append("events", some_events(file, ids), file, 0)
        finish(lake, file)
    assert lake.begun("events", "aa")
    lake.delete("events", "aa")
    assert not lake.begun("events", "aa")
    assert lake.scan_events().collect()["event_id"].to_list() == [3]
    lake.append("events", some_events("aa", [7]), "aa-other", 0)
    assert sorted(lake.scan_events().collect()["event_id"]) == [3, 7]


def test_a_chunk_that_cannot_be_written_leaves_nothing_behind(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    lake.append("events", some_events("aa", [1]), "aa", 0)
    finish(lake, "aa")
    with pytest.raises(pl.exceptions.PolarsError):
        lake.append(
            "events", some_events("aa", [2]).with_columns(duration_s=pl.lit("long")), "aa", 1
        )
    assert lake.committed("events", "aa") == 0
    assert lake.scan_events().collect()["event_id"].to_list() == [1]


def test_a_commit_of_no_rows_counts_and_adds_no_file(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    lake.append("events", some_events("aa", []), "aa", 3)
    assert lake.committed("events", "aa") == 3
    assert not lake.begun("events", "aa")
    assert list((tmp_path / "events").glob("*.parquet")) == []


def test_the_first_commit_makes_the_folders_above_the_lake(tmp_path: Path) -> None:
    lake = Lake(tmp_path / "not" / "yet" / "there")
    lake.append("events", some_events("aa", [1]), "aa", 0)
    finish(lake, "aa")
    assert lake.scan_events().collect()["event_id"].to_list() == [1]


def test_the_log_tells_when_a_file_was_written_and_how_large_it_is(tmp_path: Path) -> None:
    Lake(tmp_path).append("events", some_events("aa", [1, 2]), "aa", 0)
    (written,) = (tmp_path / "events").glob("*.parquet")
    told = pl.DataFrame(DeltaTable(str(tmp_path / "events")).get_add_actions(flatten=True))
    moment = told["modification_time"].cast(pl.Int64).item() / 1000
    assert moment == pytest.approx(written.stat().st_mtime, abs=60)
    assert told["size_bytes"].item() == written.stat().st_size


@pytest.mark.parametrize("begun", [False, True])
def test_a_full_disk_is_named_and_nothing_of_the_chunk_stays(
    begun: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(path: Path, data: object) -> int:
        if begun:
            path.touch()  # else the disk has not even room for the name
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    lake = Lake(tmp_path)
    lake.append("events", some_events("aa", [1]), "aa", 0)
    with monkeypatch.context() as patch:
        patch.setattr(Path, "write_bytes", full)
        with pytest.raises(LakeError, match=r"events: cannot be written: .*No space left"):
            lake.append("events", some_events("aa", [2]), "aa", 1)
    assert len(list((tmp_path / "events").glob("*.parquet"))) == 1
    lake.append("events", some_events("aa", [2]), "aa", 1)
    assert Lake(tmp_path).scan("events").collect().height == 2


def test_a_lake_that_breaks_while_it_is_open_is_refused_with_its_name(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    lake.append("events", some_events("aa", [1]), "aa", 0)
    log = tmp_path / "events" / "_delta_log"
    log.rename(tmp_path / "moved")
    log.write_text("no folder")
    with pytest.raises(LakeError, match="events: cannot be read as a Delta table"):
        lake.scan("events")


def test_a_place_that_is_no_lake_is_refused_with_its_name(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(LakeError, match="file/events: cannot be written"):
        Lake(tmp_path / "file").append("events", some_events("aa", [1]), "aa", 0)
    with (
        pytest.raises(LakeError, match="file: cannot hold a lake"),
        Lake(tmp_path / "file").lock("x"),
    ):
        pass
    log = tmp_path / "broken" / "events" / "_delta_log"
    log.mkdir(parents=True)
    (log / f"{0:020}.json").write_text("no json")
    with pytest.raises(LakeError, match="cannot be read as a Delta table"):
        Lake(tmp_path / "broken").scan_events()


def test_readers_of_a_span_of_time_can_skip_the_rest(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    days = [dt.datetime(2026, month, day, tzinfo=dt.UTC) for month in (1, 2) for day in (3, 2)]
    for i in (0, 2):
        rows = pl.concat(
            [
                some_events("aa", [i], started_at=days[i]),
                some_events("aa", [i + 1], started_at=days[i + 1]),
            ]
        )
        lake.append("events", rows, "aa", i)
    stated = [pl.DataFrame(DeltaTable(lake.uri("events")).get_add_actions(flatten=True))]
    spans = (
        stated[0]
        .select("num_records", "min.started_at", "max.started_at", "min.record_no", "max.record_no")
        .sort("min.started_at")
    )
    assert spans.rows() == [(2, days[1], days[0], 0, 1), (2, days[3], days[2], 2, 3)]
    # Within a file, too: rows in the order of time, row groups that tell theirs.
    many = some_events("bb", range(ROW_GROUP + 1)).with_columns(
        started_at=pl.lit(days[0]) - pl.duration(seconds=pl.int_range(ROW_GROUP + 1)),
        started_at_local=None,
    )
    Lake(tmp_path / "many").append("events", many, "bb", 0)
    (file,) = (tmp_path / "many" / "events").glob("*.parquet")
    assert pl.scan_parquet(file).select(pl.col("started_at").is_sorted()).collect().item()
    assert pq.ParquetFile(file).num_row_groups == 2


def test_a_lake_at_a_url_is_written_through_its_store(tmp_path: Path) -> None:
    lake = Lake(f"file://{tmp_path}/lake")
    lake.append("events", some_events("aa", [1, 2]), "aa", 0)
    finish(lake, "aa")
    assert Lake(tmp_path / "lake").scan_events().collect()["event_id"].sort().to_list() == [1, 2]


@pytest.mark.parametrize("columns", [["event_id"], [*SCHEMAS["events"], "zone_of_theirs"]])
def test_a_lake_with_other_columns_is_not_touched(columns: list[str], tmp_path: Path) -> None:
    write_deltalake(str(tmp_path / "events"), pl.DataFrame({name: [1] for name in columns}))
    with pytest.raises(LakeError, match="none of this version's lake"):
        Lake(tmp_path).append("events", some_events("aa", [1]), "aa", 0)


# --------------------------------------------------------------------------- marks


def resolved(tmp_path: Path, pairs: Sequence[tuple[int, int]]) -> dict[int, int]:
    lake = Lake(tmp_path)
    for k, pair in enumerate(pairs):
        lake.append("duplicates", marks(pair, file="aa"), "aa", k)
    finish(lake, "aa")
    return dict(lake.duplicates().select("event_id", "duplicate_of").rows())


def test_a_chain_of_ever_better_tellings_points_at_the_last(tmp_path: Path) -> None:
    assert resolved(tmp_path, [(1, 2), (3, 2), (2, 4), (5, 4), (4, 6)]) == dict.fromkeys(
        [1, 2, 3, 4, 5], 6
    )


def test_an_event_that_was_marked_twice_counts_once_and_always_the_same_way(tmp_path: Path) -> None:
    assert (
        resolved(tmp_path / "a", [(1, 3), (1, 2)])
        == resolved(tmp_path / "b", [(1, 2), (1, 3)])
        == {1: 2}
    )


@given(
    st.lists(
        st.tuples(st.integers(0, 6), st.integers(0, 6)).filter(lambda pair: pair[0] != pair[1]),
        max_size=8,
    )
)
@settings(max_examples=12, deadline=None)
def test_whatever_is_marked_each_duplicate_points_at_an_event_that_is_none(
    tmp_path_factory, pairs
) -> None:
    """Where there is no lock, two writers can mark one another's events crosswise."""
    found = resolved(tmp_path_factory.mktemp("lake"), pairs)
    assert not set(found) & set(found.values())
    assert not pairs or found
    events_told = {event for pair in pairs for event in pair}
    assert set(found) | set(found.values()) <= events_told


# --------------------------------------------------------------------------- several processes

WRITER = """
import sys
from pipeline_perf.lake.delta import Lake
from pipeline_perf_tests.lake.test_delta import finish, some_events
root, file, first = sys.argv[1], sys.argv[2], int(sys.argv[3])
sys.stdin.readline()  # all begin together
lake = Lake(root)
for chunk in range(4):
    lake.append("events", some_events(file, [first + chunk]), file, chunk)
finish(lake, file)
"""


def child(code: str, *arguments: object) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", code, *map(str, arguments)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_many_that_create_a_table_at_once_all_write_to_it(tmp_path: Path) -> None:
    """Each finds no table; of the tables that they then make, one stays."""
    for attempt in range(12):
        together = threading.Barrier(8)

        def write(root: Path, number: int, together: threading.Barrier = together) -> None:
            lake = Lake(root)
            together.wait()
            lake.append("duplicates", marks((number, 100), file="aa"), f"writer-{number}", 0)

        root = tmp_path / str(attempt)
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(write, [root] * 8, range(8)))
        stored = Lake(root).scan("duplicates").collect()
        assert sorted(stored["event_id"]) == list(range(8))


def test_a_commit_that_is_thwarted_is_tried_again_and_told_where_that_never_helps(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Leftovers are removed by another between an append's look at the table and its commit."""

    class Thwarted(Lake):
        def _stored(self, table: str, data: pl.DataFrame) -> Any:
            Lake(self.root).delete(table, "aa")
            return super()._stored(table, data)

    def thwarted_once(number: int) -> None:
        Lake(tmp_path).append("events", some_events("aa", [number]), f"aa-{number}", 0)
        Thwarted(tmp_path).append("events", some_events("bb", [10 + number]), "bb", number)

    caplog.set_level("INFO", logger="pipeline_perf.lake")
    thwarted_once(0)
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    monkeypatch.setattr(delta, "COMMITS", 1)
    with pytest.raises(LakeError, match=r"events: cannot be written: .*[Cc]oncurrent"):
        thwarted_once(1)
    assert Lake(tmp_path).scan("events").collect()["event_id"].to_list() == [10]


def test_a_commit_is_not_thwarted_by_those_before_it(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    lake = Lake(tmp_path)
    for chunk in range(3):
        lake.append("events", some_events("aa", [chunk]), "aa", chunk)
    assert caplog.messages == []
    assert sorted(lake.scan("events").collect()["event_id"]) == [0, 1, 2]


def test_files_are_committed_while_leftovers_of_others_are_removed(tmp_path: Path) -> None:
    def rows(identity: str) -> pl.DataFrame:
        row = dict.fromkeys(SCHEMAS["events"]) | {"source_file_id": identity}
        return pl.DataFrame([row] * 10, schema=SCHEMAS["events"])

    def commit(identity: str) -> None:
        lake = Lake(tmp_path / "lake")
        for chunk in range(15):
            lake.append("events", rows(identity), identity, chunk)

    Lake(tmp_path / "lake").append("events", rows("leftover"), "leftover", 0)
    others = [threading.Thread(target=commit, args=(name,)) for name in ("one", "two")]
    for other in others:
        other.start()
    lake = Lake(tmp_path / "lake")
    chunk = 0
    while any(other.is_alive() for other in others):
        lake.delete("events", "leftover")
        chunk += 1
        lake.append("events", rows("leftover"), "leftover", chunk)
    for other in others:
        other.join()
    found = lake.scan("events").group_by("source_file_id").len().collect()
    assert dict(found.iter_rows()) == {"one": 150, "two": 150, "leftover": 10}


def test_the_log_tells_that_a_lock_is_waited_for(tmp_path: Path) -> None:
    """The holder lets go when it hears so."""
    held, heard, told = threading.Event(), threading.Event(), list[str]()

    def hear(text: str) -> None:
        told.append(text.partition(", waited")[0])
        heard.set()

    def hold() -> None:
        with Lake(tmp_path).lock("finish"):
            held.set()
            assert heard.wait(60)

    holder = threading.Thread(target=hold)
    holder.start()
    assert held.wait(60)
    with hearing(hear), Lake(tmp_path).lock("finish"):
        pass
    holder.join()
    lock = tmp_path / "locks" / "finish"
    assert told == [f"waiting for a lock: lock={lock}", f"lock taken: lock={lock}"]


@pytest.mark.slow
def test_processes_that_create_a_lake_and_write_to_it_at_once_lose_nothing(tmp_path: Path) -> None:
    writers = [
        child(WRITER, tmp_path / "lake", file, first)
        for file, first in (("aa", 10), ("bb", 20), ("cc", 30))
    ]
    for writer in writers:
        assert writer.stdin
        writer.stdin.write("go\n")
        writer.stdin.flush()
    for writer in writers:
        _, errors = writer.communicate()
        assert writer.returncode == 0, errors
    lake = Lake(tmp_path / "lake")
    assert sorted(lake.scan_events().collect()["event_id"]) == [
        *range(10, 14),
        *range(20, 24),
        *range(30, 34),
    ]
    assert sorted(lake.finished()) == ["aa", "bb", "cc"]


def test_one_lock_is_held_by_one_at_a_time(tmp_path: Path) -> None:
    inside: list[str] = []
    overlaps: list[str] = []

    def enter(name: str) -> None:
        lake = Lake(tmp_path / "lake")
        for _ in range(200):
            with lake.lock("door"):
                inside.append(name)
                if len(inside) > 1:
                    overlaps.append(name)
                inside.remove(name)

    threads = [threading.Thread(target=enter, args=(str(n),)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert overlaps == []


HOLDER = """
import os, sys
from pipeline_perf.lake.delta import Lake
with Lake(sys.argv[1]).lock("file-aa") as orphaned:
    print(orphaned, flush=True)
    if sys.stdin.readline() == "die\\n":
        os._exit(9)
"""


def test_a_lock_keeps_others_out_until_its_holder_is_done_and_tells_of_one_that_died(
    tmp_path: Path,
) -> None:
    first = child(HOLDER, tmp_path)
    assert first.stdin and first.stdout
    assert first.stdout.readline() == "False\n"
    second = child(HOLDER, tmp_path)
    assert second.stdout
    first.communicate("die\n")
    assert first.returncode == 9
    assert second.stdout.readline() == "True\n"
    second.communicate("done\n")
    assert second.returncode == 0
    with Lake(tmp_path).lock("file-aa") as orphaned:
        assert not orphaned
    assert list((tmp_path / "locks").iterdir()) == []


def test_a_lock_whose_holder_failed_tells_the_next(tmp_path: Path) -> None:
    with pytest.raises(LakeError, match="failed"), Lake(tmp_path).lock("file-aa"):
        raise LakeError("failed")
    with Lake(tmp_path).lock("file-aa") as orphaned:
        assert orphaned
    with Lake(tmp_path).lock("file-aa") as orphaned:
        assert not orphaned
    with pytest.raises(LakeError), Lake(tmp_path).lock("finish", telling=False):
        raise LakeError("failed")
    assert list((tmp_path / "locks").iterdir()) == []


def test_at_a_url_there_is_no_lock_and_any_holder_before_may_have_died(tmp_path: Path) -> None:
    lake = Lake(f"file://{tmp_path}/lake")
    with lake.lock("file-aa") as orphaned, lake.lock("file-aa") as also:
        assert orphaned and also
    assert list(tmp_path.iterdir()) == []


def test_locks_of_other_files_are_free(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    with lake.lock("file-aa"), lake.lock("file-bb") as orphaned:
        assert not orphaned


@pytest.mark.parametrize("name", ["My files", "Übung #1 & 2", "a+b=c;d"])
def test_a_folder_may_have_any_name(name: str, tmp_path: Path) -> None:
    lake = Lake(tmp_path / name / "lake")
    sample = Path(__file__).parents[2] / "data" / "samples" / "att_mobility_1.txt"
    report = ingest_file(sample, lake, Options())
    assert report.status == "ingested"
    again = Lake(tmp_path / name / "lake")
    assert again.scan_events().collect().height == report.events
    assert again.scan_quarantine().collect().height == report.quarantined
    assert ingest_file(sample, again, Options()).status == "already_ingested"


def test_many_small_files_of_a_table_are_made_one_of_the_same_rows(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    names = [f"{number:04}" for number in range(delta.FOLDED)]
    for name in names[:-1]:
        finish(lake, name)
    lake.fold("files")
    assert len(DeltaTable(lake.uri("files")).file_uris()) == delta.FOLDED - 1
    finish(lake, names[-1])
    before = lake.files().sort("source_file_id")
    lake.fold("files")
    assert len(DeltaTable(lake.uri("files")).file_uris()) == 1
    assert lake.files().sort("source_file_id").equals(before)
    assert sorted(lake.finished()) == names
    finish(lake, names[0])  # its transaction is known still
    assert lake.files().height == len(names)


def test_a_lake_of_an_earlier_version_is_read_and_written(tmp_path: Path) -> None:
    old = {name: dtype for name, dtype in SCHEMAS["files"].items() if name != "generation"}
    old = {name: old[name] for name in old if name not in ("version", "layout_hash")}
    row = pl.DataFrame({name: ["aa" if name == "source_file_id" else None] for name in old}, old)
    for root in (tmp_path / "lake", tmp_path / "my lake"):
        write_deltalake(str(root / "files"), row)
        assert Lake(root).finished() == ["aa"]
        finish(Lake(root), "bb")
        files = Lake(root).files().sort("source_file_id")
        assert files.select("source_file_id", "generation", "version").rows() == [
            ("aa", 0, None),
            ("bb", 0, None),
        ]
