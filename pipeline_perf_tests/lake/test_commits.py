"""A commit as Delta's log has it, and what happens to it when other processes get in between."""

from __future__ import annotations

import datetime as dt
import json
import threading
import time
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from deltalake import DeltaTable, Schema
from deltalake.exceptions import CommitFailedError

from pipeline_perf.lake.attempt import Attempt
from pipeline_perf.lake.delta import Lake
from pipeline_perf.lake.errors import LakeError
from pipeline_perf.lake.schemas import SCHEMAS
from pipeline_perf_tests.event_rows import event_frame


def rows(*ids: int, file: str = "aa", **more: Any) -> pl.DataFrame:
    return event_frame(
        *({"source_file_id": file, "event_id": i, "record_no": i, **more} for i in ids)
    )


def actions(root: Path, table: str, version: int) -> dict[str, dict[str, Any]]:
    """The actions of a commit, by kind."""
    log = root / table / "_delta_log" / f"{version:020}.json"
    merged: dict[str, dict[str, Any]] = {}
    for line in log.read_text().splitlines():
        merged |= json.loads(line)
    return merged


def test_the_log_holds_a_chunk_as_others_that_read_delta_expect_it(tmp_path: Path) -> None:
    early = dt.datetime(2026, 1, 2, 3, 4, 5, 60, tzinfo=dt.UTC)
    late = dt.datetime(2026, 12, 31, 23, 59, 59, 999_999, tzinfo=dt.UTC)
    chunk = pl.concat(
        [rows(7, started_at=late), rows(3, started_at=early), rows(9, started_at=None)]
    )
    before = int(time.time() * 1000)
    Lake(tmp_path).append("events", chunk, "aa-utc-0", 4)
    after = int(time.time() * 1000)
    commit = actions(tmp_path, "events", 1)
    (file,) = (tmp_path / "events").glob("*.parquet")
    assert commit["txn"]["appId"] == "aa-utc-0" and commit["txn"]["version"] == 4
    added = commit["add"]
    assert json.loads(added.pop("stats")) == {
        "numRecords": 3,
        "minValues": {
            "started_at": "2026-01-02T03:04:05.000060Z",
            "source_file_id": "aa",
            "record_no": 3,
        },
        "maxValues": {
            "started_at": "2026-12-31T23:59:59.999999Z",
            "source_file_id": "aa",
            "record_no": 9,
        },
        "nullCount": {"started_at": 1, "source_file_id": 0, "record_no": 0},
    }
    assert before <= added.pop("modificationTime") <= after
    assert {name: value for name, value in added.items() if value is not None} == {
        "path": file.name,
        "partitionValues": {},
        "size": file.stat().st_size,
        "dataChange": True,  # else those who follow the table's changes do not hear of it
    }


@pytest.mark.parametrize("thwarted", [0, 1, 9, 10])
def test_a_commit_is_tried_ten_times(
    thwarted: int, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Each time another process removes leftovers just before it."""
    left = [thwarted]

    class Thwarted(Lake):
        def _has(self, target: Any, app: str, version: int) -> bool:  # type: ignore[override]
            had = Lake._has(target, app, version)
            if left[0]:
                Lake(self.root).delete("events", f"leftover-{left[0]}")
                left[0] -= 1
            return had

    lake = Thwarted(tmp_path)
    Lake(tmp_path).append("events", rows(1), "aa", 0)
    for number in range(1, thwarted + 1):
        name = f"leftover-{number}"
        Lake(tmp_path).append("events", rows(9, file=name), name, 0)
    caplog.set_level("WARNING", logger="pipeline_perf.lake")
    if thwarted < 10:
        lake.append("events", rows(2), "aa", 1)
    else:
        with pytest.raises(LakeError, match="events: cannot be written"):
            lake.append("events", rows(2), "aa", 1)
    told = [record.fields for record in caplog.records]  # type: ignore[attr-defined]
    assert told == [{"table": "events", "tried": n} for n in range(1, min(thwarted, 9) + 1)]
    stored = sorted(Lake(tmp_path).scan("events").collect()["event_id"])
    assert stored == ([1, 2] if thwarted < 10 else [1])


def test_a_chunk_that_another_committed_meanwhile_is_not_committed_again(tmp_path: Path) -> None:
    """The same chunk of the same way, by a process that nothing kept out."""

    class Late(Lake):
        def _stored(self, table: str, data: pl.DataFrame) -> Any:
            Lake(self.root).append(table, rows(2), "aa", 1)
            return super()._stored(table, data)

    Lake(tmp_path).append("events", rows(1), "aa", 0)
    Late(tmp_path).append("events", rows(2), "aa", 1)
    assert sorted(Lake(tmp_path).scan("events").collect()["event_id"]) == [1, 2]


@pytest.mark.parametrize("made", [True, False])
def test_a_table_that_another_made_meanwhile_is_taken_and_no_other_failure_hidden(
    made: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    create = DeltaTable.create

    def beaten(*arguments: Any, **options: Any) -> None:
        if made:
            create(*arguments, **options)
        raise CommitFailedError("another was quicker")

    lake = Lake(tmp_path)
    monkeypatch.setattr(DeltaTable, "create", beaten)
    if made:
        lake.append("events", rows(1), "aa", 0)
        assert Lake(tmp_path).scan("events").collect()["event_id"].to_list() == [1]
    else:
        with pytest.raises(LakeError, match="events: cannot be written: another was quicker"):
            lake.append("events", rows(1), "aa", 0)


def test_a_lake_at_a_url_makes_no_folder_of_that_name_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    Lake(f"file://{tmp_path}/lake").append("events", rows(1), "aa", 0)
    assert list(here.iterdir()) == []
    assert Lake(tmp_path / "lake").scan("events").collect()["event_id"].to_list() == [1]


def test_an_open_table_shows_what_others_commit(tmp_path: Path) -> None:
    one, other = Lake(tmp_path), Lake(tmp_path)
    for number in range(3):
        one.append("events", rows(number), "aa", number)
        assert other.committed("events", "aa") == number
        assert sorted(other.scan("events").collect()["event_id"]) == list(range(number + 1))


def test_columns_in_another_order_are_another_version_of_the_lake(tmp_path: Path) -> None:
    turned = dict(reversed(SCHEMAS["files"].items()))

    DeltaTable.create(str(tmp_path / "files"), schema=Schema.from_arrow(pl.Schema(turned)))
    with pytest.raises(
        LakeError, match=rf"none of this version's lake \(files with {', '.join(turned)}\)"
    ):
        Lake(tmp_path).files()


def test_how_long_a_lock_was_waited_for_is_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", logger="pipeline_perf.lake")
    held, asked = threading.Event(), threading.Event()

    def hold() -> None:
        with Lake(tmp_path).lock("finish"):
            held.set()
            asked.wait(60)

    holder = threading.Thread(target=hold)
    holder.start()
    held.wait(60)
    began = time.monotonic()
    threading.Timer(0.05, asked.set).start()
    with Lake(tmp_path).lock("finish"):
        took = time.monotonic() - began
    holder.join()
    waited = caplog.records[-1].fields["waited_s"]  # type: ignore[attr-defined]
    assert 0 <= waited <= took + 0.001 and waited == round(waited, 3)


# --------------------------------------------------------------------------- attempts


def test_going_on_is_told_with_the_last_chunk_and_a_beginning_is_not(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", logger="pipeline_perf.lake")
    lake = Lake(tmp_path)
    first = Attempt(lake, "aa", "utc", orphaned=True)
    assert caplog.messages == []
    for last in (0, 1, 2):
        first.commit("events", rows(last), last)
        caplog.clear()
        Attempt(lake, "aa", "utc", orphaned=True)
        fields = {"table": "events", "source_file_id": "aa", "last_chunk": last}
        [record] = caplog.records
        assert vars(record)["event"] == "ingestion gone on with"
        assert vars(record)["fields"] == fields


def test_what_an_earlier_release_began_is_gone_on_with(tmp_path: Path) -> None:
    """Names of transactions are kept in lakes: with others, the rows would come twice."""
    lake = Lake(tmp_path)
    lake.append("events", rows(1), "aa-utc-0", 0)
    one = Attempt(lake, "aa", "utc", orphaned=False)
    one.commit("events", rows(1), 0)
    one.commit("events", rows(2), 1)
    assert lake.committed("events", "aa-utc-0") == 1
    other = Attempt(lake, "aa", "denver", orphaned=True)
    assert lake.committed("events", "aa") == 0
    other.commit("events", rows(3), 0)
    assert lake.committed("events", "aa-denver-1") == 0
    Attempt(lake, "aa", "utc", orphaned=True).commit("events", rows(4), 0)
    assert lake.committed("events", "aa") == 1
    assert lake.committed("events", "aa-utc-2") == 0
    assert lake.scan("events").collect()["event_id"].to_list() == [4]


def test_an_attempt_that_nobody_died_before_removes_nothing(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    lake.append("events", rows(1), "aa-utc-0", 0)
    Attempt(lake, "aa", "denver", orphaned=False).commit("events", rows(2), 0)
    assert sorted(lake.scan("events").collect()["event_id"]) == [1, 2]


def test_each_end_is_a_transaction_of_its_own(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    pair = pl.DataFrame([(1, 2, "exact", "aa")], schema=SCHEMAS["duplicates"], orient="row")
    for ended in range(3):
        Attempt(lake, "aa", "utc", orphaned=True).finish("duplicates", pair)
        assert lake.committed("duplicates", "aa-utc-0") == ended
        assert lake.scan("duplicates").collect().rows() == [(1, 2, "exact", "aa")]
