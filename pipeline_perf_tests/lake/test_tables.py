"""The tables as they lie on the disk: generations of a file, what is folded and what is removed,
locks, and lakes of other versions.
"""

from __future__ import annotations

import datetime as dt
import threading
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import polars as pl
import pyarrow.parquet as pq
import pytest
from deltalake import DeltaTable, write_deltalake

from pipeline_perf.lake import delta
from pipeline_perf.lake.attempt import Attempt
from pipeline_perf.lake.delta import Lake
from pipeline_perf.lake.errors import LakeError
from pipeline_perf.lake.schemas import SCHEMAS, key_of, stored_as
from pipeline_perf_tests.event_rows import event_frame
from pipeline_perf_tests.ground.test_logs import hearing

FILE = "0123456789abcdef"


def rows(key: str, *ids: int) -> pl.DataFrame:
    return event_frame(*({"source_file_id": key, "event_id": number} for number in ids))


def refused(key: str) -> pl.DataFrame:
    row = dict.fromkeys(SCHEMAS["quarantine"]) | {"source_file_id": key, "record_no": 1}
    return pl.DataFrame([row], schema=SCHEMAS["quarantine"])


def file_rows(*told: dict[str, Any]) -> pl.DataFrame:
    every = [dict.fromkeys(SCHEMAS["files"]) | row for row in told]
    return pl.DataFrame(every, schema=SCHEMAS["files"])


def finish(lake: Lake, identity: str, generation: int | None = None) -> None:
    row = {"source_file_id": identity, "generation": generation}
    lake.append("files", file_rows(row), identity, generation or 0)


def parquet(root: Path, table: str) -> set[str]:
    return {path.name for path in (root / table).glob("*.parquet")}


# --------------------------------------------------------------------------- generations


def test_of_a_file_s_generations_the_one_counts_that_its_row_names(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    for identity, generations in ((FILE, 3), ("f" * 16, 2)):
        for generation in range(generations):
            key = key_of(identity, generation)
            lake.append("events", rows(key, 10 * generations + generation), key, 0)
            lake.append("quarantine", refused(key), key, 0)
    finish(lake, FILE, 1)
    finish(lake, "f" * 16)
    assert sorted(lake.finished()) == [f"{FILE}~1", "f" * 16]
    for told in (lake.scan_events(), lake.scan_events(distinct=True)):
        found = told.select("source_file_id", "event_id").sort("event_id").collect()
        assert found.rows() == [("f" * 16, 20), (FILE, 31)]
    told = lake.scan_quarantine().collect()["source_file_id"].sort()
    assert told.to_list() == [FILE, "f" * 16]


def test_a_generation_that_is_not_told_is_the_first() -> None:
    told = file_rows(*({"source_file_id": FILE, "generation": n} for n in (None, 0, 1, 12)))
    assert told.select(stored_as())["key"].to_list() == [FILE, FILE, f"{FILE}~1", f"{FILE}~12"]
    assert [key_of(FILE, n) for n in (0, 1, 12)] == [FILE, f"{FILE}~1", f"{FILE}~12"]


def test_a_file_s_generations_are_found_whether_they_count_or_not(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    before, behind = "0123456789abcdee", "0123456789abcdf0"
    own = [FILE, *(f"{FILE}~{number}" for number in (1, 10, 2))]
    for nth, key in enumerate([f"{before}~1", *reversed(own), before, behind, f"{behind}~1"]):
        lake.append("events", rows(key, nth, 100 + nth), key, 0)
    assert lake.generations("events", FILE) == own
    assert lake.generations("events", behind) == [behind, f"{behind}~1"]
    assert lake.generations("events", "f" * 16) == []
    assert lake.generations("quarantine", FILE) == []
    lake.delete("events", FILE)
    assert lake.generations("events", FILE) == own[1:]


def test_an_end_that_nobody_died_before_leaves_the_marks_of_earlier_generations(
    tmp_path: Path,
) -> None:
    lake = Lake(tmp_path)
    for event in (1, 2):
        pair = pl.DataFrame([(event, 9, "exact", FILE)], SCHEMAS["duplicates"], orient="row")
        Attempt(lake, FILE, "utc", orphaned=False).finish("duplicates", pair)
    assert lake.scan("duplicates").collect()["event_id"].sort().to_list() == [1, 2]


def test_files_come_in_the_order_in_which_they_were_ingested_at_first(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    days = [dt.datetime(2026, 1, day, tzinfo=dt.UTC) for day in (3, 1, 2)]
    for nth, day in enumerate(days):
        told = ({"source_file_id": f"{nth}{k}", "ingested_at": day} for k in range(2))
        lake.append("files", file_rows(*told), str(nth), 0)
    assert lake.files()["source_file_id"].to_list() == ["10", "11", "20", "21", "00", "01"]
    assert lake.files()["generation"].to_list() == [0] * 6


# --------------------------------------------------------------------------- on the disk


def test_what_no_table_holds_any_more_leaves_the_disk_at_once_and_nothing_else(
    tmp_path: Path,
) -> None:
    """Neither what is held, nor what another has written and is about to commit."""
    lake = Lake(tmp_path)
    for key in ("aa", "bb"):
        lake.append("events", rows(key, 1), key, 0)
        lake.append("quarantine", refused(key), key, 0)
    held = {table: parquet(tmp_path, table) for table in ("events", "quarantine")}
    lake.vacuum()
    assert {table: parquet(tmp_path, table) for table in held} == held
    lake._stored("events", rows("cc", 2).select(list(SCHEMAS["events"])))
    [coming] = parquet(tmp_path, "events") - held["events"]
    for table, before in held.items():
        lake.delete(table, "aa")
        assert before <= parquet(tmp_path, table)
    lake.vacuum()
    for table in held:
        named = {Path(uri).name for uri in DeltaTable(lake.uri(table)).file_uris()}
        assert parquet(tmp_path, table) - {coming} == named
        assert lake.scan(table).collect()["source_file_id"].to_list() == ["bb"]
    assert coming in parquet(tmp_path, "events")


def test_where_nothing_was_written_nothing_is_removed_or_folded(tmp_path: Path) -> None:
    lake = Lake(tmp_path / "lake")
    lake.vacuum()
    lake.fold("files")
    assert not (tmp_path / "lake").exists()


@pytest.mark.parametrize(("number", "left"), [(31, 31), (32, 1)])
def test_of_thirty_two_small_files_one_is_made(number: int, left: int, tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    for nth in range(number):
        finish(lake, f"{nth:02}")
    lake.fold("files")
    assert len(DeltaTable(lake.uri("files")).file_uris()) == left
    assert lake.files()["source_file_id"].sort().to_list() == [f"{n:02}" for n in range(number)]


def test_at_a_url_nothing_is_folded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delta, "FOLDED", 2)
    for nth in range(2):
        finish(Lake(tmp_path), f"{nth}")
    Lake(f"file://{tmp_path}").fold("files")
    assert len(DeltaTable(str(tmp_path / "files")).file_uris()) == 2
    Lake(tmp_path).fold("files")
    assert len(DeltaTable(str(tmp_path / "files")).file_uris()) == 1


def test_row_groups_have_32768_rows(tmp_path: Path) -> None:
    many = rows("aa", 1).select(pl.all().repeat_by(32_769).explode())
    Lake(tmp_path).append("events", many, "aa", 0)
    [file] = (tmp_path / "events").glob("*.parquet")
    told = pq.ParquetFile(file).metadata
    assert [told.row_group(n).num_rows for n in range(told.num_row_groups)] == [32_768, 1]


def test_each_tenth_commit_spares_readers_those_before_it(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    for nth in range(10):
        finish(lake, f"{nth}")
    log = tmp_path / "files" / "_delta_log"
    assert [path.name for path in log.glob("*.checkpoint.parquet")] == [
        f"{9:020}.checkpoint.parquet"
    ]


# --------------------------------------------------------------------------- places and versions


@pytest.mark.parametrize("name", ["plain", "My files", "50% sure", "a**b ?", "Übung #1"])
def test_rows_are_removed_from_a_lake_in_a_folder_of_any_name(name: str, tmp_path: Path) -> None:
    root = tmp_path / name
    lake = Lake(f"{root}/")
    for key in ("aa", "bb"):
        lake.append("events", rows(key, 1), key, 0)
    for key, left in (("aa", 1), ("bb", 0)):
        lake.delete("events", key)
        lake.vacuum()
        assert Lake(root).scan("events").collect().height == left


@pytest.mark.parametrize("mark", list("[]^|"))
def test_a_folder_whose_name_keeps_rows_from_being_removed_is_refused_at_once(
    mark: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / f"a{mark}b").mkdir()
    monkeypatch.chdir(tmp_path / f"a{mark}b")
    for root in ("lake", tmp_path / f"a{mark}b" / "lake"):
        with pytest.raises(
            LakeError, match="in its path cannot hold a lake; choose another"
        ) as told:
            Lake(root).append("events", rows("aa", 1), "aa", 0)
        assert f"with {mark} in" in str(told.value) and told.value.file == str(root)
    assert list(Path().iterdir()) == []


@pytest.mark.parametrize("lacking", [0, 1, 2, 3])
def test_a_lake_may_lack_the_columns_that_later_versions_brought(
    lacking: int, tmp_path: Path
) -> None:
    known = dict(list(SCHEMAS["files"].items())[: len(SCHEMAS["files"]) - lacking])
    row = pl.DataFrame([dict.fromkeys(known) | {"source_file_id": "aa"}], schema=known)
    write_deltalake(str(tmp_path / "files"), row)
    assert Lake(tmp_path).files().schema == pl.Schema(SCHEMAS["files"])
    assert Lake(tmp_path).finished() == ["aa"]
    finish(Lake(tmp_path), "bb", 1)
    assert sorted(Lake(tmp_path).finished()) == ["aa", "bb~1"]
    columns = [field.name for field in DeltaTable(str(tmp_path / "files")).schema().fields]
    assert columns == list(SCHEMAS["files"])


@pytest.mark.parametrize(("table", "lacking"), [("files", 4), ("events", 1), ("duplicates", 1)])
def test_a_lake_may_lack_no_others(table: str, lacking: int, tmp_path: Path) -> None:
    known = dict(list(SCHEMAS[table].items())[:-lacking])
    write_deltalake(str(tmp_path / table), pl.DataFrame([dict.fromkeys(known)], schema=known))
    with pytest.raises(LakeError, match=rf"none of this version's lake \({table} with"):
        Lake(tmp_path).scan(table)


# --------------------------------------------------------------------------- locks


def test_the_log_tells_in_milliseconds_how_long_a_lock_was_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """By a clock that shows two times only."""
    times = iter([10.5, 12.73456])
    monkeypatch.setattr(delta, "time", SimpleNamespace(monotonic=lambda: next(times)))
    caplog.set_level("INFO", logger="pipeline_perf.lake")
    held, waited_for = threading.Event(), threading.Event()

    def hold() -> None:
        with Lake(tmp_path).lock("finish"):
            held.set()
            assert waited_for.wait(60)

    holder = threading.Thread(target=hold)
    holder.start()
    assert held.wait(60)
    with hearing(lambda _: waited_for.set()), Lake(tmp_path).lock("finish") as orphaned:
        assert not orphaned
    holder.join()
    fields = [vars(record)["fields"] for record in caplog.records]
    lock = str(tmp_path / "locks" / "finish")
    assert [{**told, "lock": str(told["lock"])} for told in fields] == [
        {"lock": lock},
        {"lock": lock, "waited_s": 2.235},
    ]


@pytest.mark.parametrize("telling", [True, False])
def test_whoever_holds_a_lock_may_lose_its_file(telling: bool, tmp_path: Path) -> None:
    """As where somebody tidies up the folder."""
    path = tmp_path / "not" / "yet" / "there" / "locks" / "finish"
    lake = Lake(tmp_path / "not" / "yet" / "there")
    with lake.lock("finish", telling=telling):
        path.unlink()
    with pytest.raises(ValueError, match="mine"), lake.lock("finish", telling=telling):
        path.unlink()
        raise ValueError("mine")


def test_a_holder_that_failed_is_told_of_where_nothing_else_is_said(tmp_path: Path) -> None:
    for telling, left in ((True, True), (False, False)):
        with pytest.raises(ValueError, match="x"), Lake(tmp_path).lock("file", telling=telling):
            raise ValueError("x")
        with Lake(tmp_path).lock("file") as orphaned:
            assert orphaned == left
