"""A correction that was killed: the marks are read as they were before it, and are made so by the
next who holds the lock; one that was not killed counts whole.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pytest
from deltalake import DeltaTable

from pipeline_perf.lake.delta import Lake
from pipeline_perf.lake.schemas import SCHEMAS

Pair = tuple[int, int]


class Killed(BaseException):
    """Stands for the end of the process."""


class Dying(Lake):
    """A lake whose process is killed before one of its commits, counted from 0."""

    def __init__(self, root: Path, before: int) -> None:
        super().__init__(root)
        self.left = before

    def _commit(self, *arguments: Any) -> None:  # type: ignore[override]
        if not self.left:
            raise Killed
        self.left -= 1
        super()._commit(*arguments)


def files(*ids: str, **more: object) -> pl.DataFrame:
    rows = [dict.fromkeys(SCHEMAS["files"]) | {"source_file_id": i} | more for i in ids]
    return pl.DataFrame(rows, schema=SCHEMAS["files"])


def marks(*pairs: Pair, file: str = "aa") -> pl.DataFrame:
    rows = [(event, of, "exact", file) for event, of in pairs]
    return pl.DataFrame(rows, schema=SCHEMAS["duplicates"], orient="row")


def read(lake: Lake) -> list[Pair]:
    return sorted(lake.marks().select("event_id", "duplicate_of").rows())


def version(root: Path, table: str) -> int:
    return DeltaTable(str(root / table)).version()


def lake_with_marks(root: Path, *pairs: Pair) -> Lake:
    """Each mark has a commit of its own."""
    lake = Lake(root)
    lake.append("files", files("aa", "bb"), "aa", 0)
    for nth, pair in enumerate(pairs):
        lake.append("duplicates", marks(pair), "aa", nth)
    return lake


def killed(root: Path, before: int) -> None:
    """A correction that is killed before its pin (0), its marks (1) or its files (2)."""
    with pytest.raises(Killed):
        Dying(root, before).correct(files("aa", status="put right"), marks((7, 8)))


BEFORE = [(), ((1, 2),), ((1, 2), (3, 4)), ((1, 2), (3, 4), (5, 6))]


@pytest.mark.parametrize("pairs", BEFORE, ids=len)
def test_a_correction_puts_files_and_marks_in_the_place_of_all_that_were(
    pairs: tuple[Pair, ...], tmp_path: Path
) -> None:
    lake = lake_with_marks(tmp_path, *pairs)
    lake.correct(files("aa", status="put right"), marks((7, 8), (9, 8)))
    for reader in (lake, Lake(tmp_path)):
        assert read(reader) == [(7, 8), (9, 8)]
        assert reader.files().select("source_file_id", "status").rows() == [("aa", "put right")]
    # once more, and to nothing
    lake.correct(files(), marks())
    assert read(lake) == [] and lake.files().is_empty()


def test_after_a_correction_the_newest_marks_are_read_and_nothing_is_taken_back(
    tmp_path: Path,
) -> None:
    lake = lake_with_marks(tmp_path, (1, 2), (3, 4))
    lake.correct(files("aa"), marks((7, 8)))
    assert lake.committed("files", "marks") == 0
    versions = [version(tmp_path, table) for table in ("files", "duplicates")]
    lake.take_back()
    assert [version(tmp_path, table) for table in ("files", "duplicates")] == versions
    lake.append("duplicates", marks((9, 8)), "bb", 0)
    assert read(lake) == [(7, 8), (9, 8)]


@pytest.mark.parametrize("pairs", BEFORE, ids=len)
@pytest.mark.parametrize("before", [0, 1, 2])
def test_a_lake_whose_correction_was_killed_is_read_as_before_it_and_made_so(
    before: int, pairs: tuple[Pair, ...], tmp_path: Path
) -> None:
    lake = lake_with_marks(tmp_path, *pairs)
    ids = lake.files()["source_file_id"].to_list()
    killed(tmp_path, before)
    for reader in (lake, Lake(tmp_path)):
        assert read(reader) == list(pairs)
        assert reader.files()["source_file_id"].to_list() == ids
    Lake(tmp_path).take_back()
    assert lake.committed("files", "marks") == (0 if before else -1)
    stored = lake.scan("duplicates").select("event_id", "duplicate_of").collect()
    assert sorted(stored.rows()) == list(pairs)
    # and what comes behind it counts
    lake.append("duplicates", marks((9, 10), file="bb"), "bb", 0)
    assert read(lake) == [*pairs, (9, 10)]
    lake.correct(files("aa"), marks((7, 8)))
    assert read(lake) == [(7, 8)]


def test_where_a_correction_had_not_come_to_the_marks_they_stay_untouched(tmp_path: Path) -> None:
    lake_with_marks(tmp_path, (1, 2))
    killed(tmp_path, 1)
    before = version(tmp_path, "duplicates")
    Lake(tmp_path).take_back()
    assert version(tmp_path, "duplicates") == before


def test_what_another_did_to_the_marks_behind_a_killed_correction_goes_with_it(
    tmp_path: Path,
) -> None:
    """A refused file's leftovers are removed under that file's own lock: while none is held for
    the end of a file, and so behind a correction that nobody has taken back yet.
    """
    lake = lake_with_marks(tmp_path, (1, 2))
    killed(tmp_path, 2)
    for nth in range(2):
        lake.append("duplicates", marks((11 + nth, 12), file="cc"), "cc", nth)
        assert read(lake) == [(1, 2)]
    lake.delete("duplicates", "cc")
    assert read(lake) == [(1, 2)]
    lake.take_back()
    assert read(lake) == [(1, 2)]
    assert lake.scan("duplicates").collect().height == 1


def test_that_a_correction_was_taken_back_is_told_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    lake = lake_with_marks(tmp_path, (1, 2))
    killed(tmp_path, 2)
    caplog.set_level("INFO", logger="pipeline_perf.lake")
    for _ in range(2):
        lake.take_back()
    [record] = caplog.records
    assert vars(record)["event"] == "a correction that was killed was taken back"
    assert vars(record)["fields"] == {"lake": str(tmp_path)}


@pytest.mark.parametrize("written", [False, True])
def test_in_a_lake_that_no_correction_met_nothing_is_taken_back(
    written: bool, tmp_path: Path
) -> None:
    root = tmp_path / "lake"
    lake = lake_with_marks(root, (1, 2)) if written else Lake(root)
    lake.take_back()
    assert read(lake) == ([(1, 2)] if written else [])
    assert root.exists() == written


def test_a_correction_at_a_url_is_taken_back_as_well(tmp_path: Path) -> None:
    lake_with_marks(tmp_path / "lake", (1, 2))
    at_url = Dying(tmp_path, 2)
    at_url.root, at_url.local = f"file://{tmp_path}/lake", False
    with pytest.raises(Killed):
        at_url.correct(files("aa"), marks((7, 8)))
    lake = Lake(f"file://{tmp_path}/lake")
    assert read(lake) == [(1, 2)]
    lake.take_back()
    assert lake.committed("files", "marks") == 0
    assert read(lake) == [(1, 2)]
    lake.correct(files("aa"), marks((7, 8)))
    assert read(lake) == [(7, 8)]
