"""Attempts: a killed one is gone on with by its own way, and what another way left is removed."""

from __future__ import annotations

import shutil
from pathlib import Path

import polars as pl
import pytest
from deltalake import DeltaTable

from pipeline_perf.lake import attempt as committing
from pipeline_perf.lake.attempt import Attempt
from pipeline_perf.lake.delta import Lake
from pipeline_perf.lake.errors import LakeError
from pipeline_perf.lake.schemas import SCHEMAS
from pipeline_perf_tests.event_rows import event_frame


def rows(*ids: int) -> pl.DataFrame:
    return event_frame(*({"source_file_id": "aa", "event_id": number} for number in ids))


def marks(*ids: int) -> pl.DataFrame:
    told = [(number, 0, "exact", "aa") for number in ids]
    return pl.DataFrame(told, schema=SCHEMAS["duplicates"], orient="row")


def attempt(lake: Lake, way: str = "utc", *, orphaned: bool = True) -> Attempt:
    return Attempt(lake, "aa", way, orphaned=orphaned)


def stored(lake: Lake, table: str = "events") -> list[int]:
    return sorted(lake.scan(table).collect()["event_id"])


def files_of(lake: Lake) -> set[str]:
    return set(DeltaTable(lake.uri("events")).file_uris())


@pytest.mark.parametrize("chunks", [1, 2])
def test_what_a_killed_attempt_committed_stays_and_is_not_committed_again(
    chunks: int, tmp_path: Path
) -> None:
    lake = Lake(tmp_path)
    killed = attempt(lake, orphaned=False)
    for chunk in range(chunks):
        killed.commit("events", rows(10 * chunk, 10 * chunk + 1), chunk)
    before = files_of(lake)
    next_one = attempt(lake)
    for chunk in range(3):
        next_one.commit("events", rows(10 * chunk, 10 * chunk + 1), chunk)
    assert stored(lake) == [0, 1, 10, 11, 20, 21]
    assert before < files_of(lake)


def test_what_an_attempt_of_another_way_left_is_removed_before_the_first_chunk(
    tmp_path: Path,
) -> None:
    lake = Lake(tmp_path)
    attempt(lake, "utc").commit("events", rows(1), 0)
    others = event_frame({"source_file_id": "bb", "event_id": 7})
    lake.append("events", others, "bb", 0)
    attempt(lake, "denver").commit("events", rows(2), 0)
    assert stored(lake) == [2, 7]


def test_a_way_that_is_taken_up_again_does_not_take_removed_chunks_for_committed(
    tmp_path: Path,
) -> None:
    lake = Lake(tmp_path)
    for number, way in enumerate(("utc", "denver", "utc", "denver", "utc")):
        one = attempt(lake, way)
        one.commit("events", rows(number), 0)
        one.commit("events", rows(10 + number), 1)
        assert stored(lake) == [number, 10 + number]


def test_chunks_count_for_each_table_by_itself(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    attempt(lake).commit("events", rows(1), 0)
    refused = pl.DataFrame(
        {name: ["aa" if name == "source_file_id" else None] for name in SCHEMAS["quarantine"]},
        schema=SCHEMAS["quarantine"],
    )
    attempt(lake).commit("quarantine", refused, 0)
    attempt(lake).commit("events", rows(1), 0)
    assert stored(lake) == [1]
    assert lake.scan("quarantine").collect().height == 1


def test_a_chunk_without_rows_makes_no_table(tmp_path: Path) -> None:
    one = attempt(Lake(tmp_path))
    one.commit("events", rows(), 0)
    one.finish("duplicates", marks())
    assert list(tmp_path.iterdir()) == []


def test_an_abandoned_attempt_leaves_no_row_and_can_be_begun_again(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    one = attempt(lake)
    one.commit("events", rows(1), 0)
    one.abandon()
    assert stored(lake) == []
    attempt(lake).commit("events", rows(1), 0)
    assert stored(lake) == [1]


def test_to_abandon_what_was_never_begun_makes_no_table(tmp_path: Path) -> None:
    attempt(Lake(tmp_path)).abandon()
    assert list(tmp_path.iterdir()) == []


def test_what_is_written_at_the_end_takes_the_place_of_what_a_killed_attempt_wrote_there(
    tmp_path: Path,
) -> None:
    lake = Lake(tmp_path)
    attempt(lake, orphaned=False).finish("duplicates", marks(1, 2))
    attempt(lake).finish("duplicates", marks(2, 3))
    attempt(lake, "denver").finish("duplicates", marks(3, 4))
    attempt(lake, "denver").finish("duplicates", marks(4))
    assert stored(lake, "duplicates") == [4]
    attempt(lake).finish("duplicates", marks())
    assert stored(lake, "duplicates") == []


@pytest.mark.parametrize("root", ["there", "not/yet/there", "url"])
def test_a_chunk_is_refused_where_less_is_free_than_it_takes(
    root: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake = Lake(f"file://{tmp_path}/url" if root == "url" else tmp_path / root)
    (tmp_path / "there").mkdir()
    usage, needed = shutil.disk_usage(tmp_path), rows(1).estimated_size()
    one = attempt(lake)
    full = usage._replace(free=needed - 1)
    monkeypatch.setattr(committing.shutil, "disk_usage", lambda _: full)
    if root == "there":
        with pytest.raises(LakeError, match=r"no space left .* \(0 MiB free, 1 MiB wanted\)"):
            one.commit("events", rows(1), 0)
        with pytest.raises(LakeError, match="no space left"):
            one.finish("duplicates", marks(*range(100)))
        full = usage._replace(free=needed)
    one.commit("events", rows(1), 0)
    assert stored(lake) == [1]


def test_an_abandoned_attempt_leaves_neither_rows_nor_marks(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    abandoned = attempt(lake, orphaned=False)
    abandoned.commit("events", rows(1), 0)
    abandoned.finish("duplicates", marks(1))
    abandoned.abandon()
    assert stored(lake) == stored(lake, "duplicates") == []
    again = attempt(lake, orphaned=False)
    again.commit("events", rows(1), 0)
    again.finish("duplicates", marks(1))
    assert stored(lake) == stored(lake, "duplicates") == [1]
