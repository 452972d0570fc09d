"""What libraries say of a broken lake becomes one line; what is no fault of the lake goes on as it
is.
"""

from __future__ import annotations

import errno
import os
from pathlib import Path

import polars as pl
import pytest
from deltalake.exceptions import CommitFailedError, DeltaError, TableNotFoundError

from pipeline_perf.lake.delta import Lake
from pipeline_perf.lake.errors import LakeError, first_line, lake_faults
from pipeline_perf.lake.schemas import SCHEMAS


@pytest.mark.parametrize(
    "fault",
    [
        pl.exceptions.ComputeError("a page is cut off\n\nand what a library appends"),
        pl.exceptions.ColumnNotFoundError("a page is cut off"),
        DeltaError("a page is cut off\nat native.rs:7"),
        CommitFailedError("a page is cut off"),
        TableNotFoundError("\n  a page is cut off  \nsomewhere"),
        OSError("a page is cut off"),
        PermissionError("a page is cut off"),
    ],
    ids=lambda fault: type(fault).__name__,
)
def test_each_fault_of_a_lake_is_told_in_one_line_with_the_place(fault: Exception) -> None:
    with pytest.raises(LakeError) as told, lake_faults("some/lake"):
        raise fault
    assert (
        str(told.value)
        .splitlines()[0]
        .startswith("some/lake: cannot be read or written (a page is cut off)")
    )
    assert told.value.file == "some/lake"
    assert told.value.__cause__ is fault


def test_a_file_of_the_lake_that_was_cut_off_is_named(tmp_path: Path) -> None:
    lake = Lake(tmp_path / "lake")
    lake.append("events", pl.DataFrame(schema=SCHEMAS["events"]).clear(3), "f", 1)
    (file,) = Path(lake.uri("events")).glob("*.parquet")
    os.truncate(file, file.stat().st_size - 1)
    with pytest.raises(LakeError) as told, lake_faults(lake.root, "calls.csv, from the lake"):
        lake.scan("events").collect()
    assert str(told.value).startswith(
        f"calls.csv, from the lake: its file events/{file.name} is shorter than when it was written"
    )


def test_a_full_disk_is_no_damage() -> None:
    with pytest.raises(LakeError) as told, lake_faults("some/lake"):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    assert str(told.value).startswith("some/lake: no space left; make space")


@pytest.mark.parametrize("fault", [ValueError("x"), KeyError("x"), LakeError("x"), MemoryError()])
def test_what_is_no_fault_of_a_lake_is_not_called_one(fault: BaseException) -> None:
    with pytest.raises(type(fault)) as told, lake_faults("some/lake"):
        raise fault
    assert told.value is fault


@pytest.mark.parametrize(
    ("says", "line"),
    [("one", "one"), ("\n \n  two \nthree", "two"), ("", "ValueError"), (" \n", "ValueError")],
)
def test_the_first_line_that_says_something_counts_else_the_kind_of_error(
    says: str, line: str
) -> None:
    assert first_line(ValueError(says)) == line
