"""A lake that was put right is as one in which all was right at once."""

from __future__ import annotations

import itertools
import random
from collections.abc import Sequence
from pathlib import Path

import polars as pl
import pytest

from pipeline_perf.ingest import pipeline
from pipeline_perf.ingest.correction import forget, sweep
from pipeline_perf.ingest.pipeline import Options, ingest_path
from pipeline_perf.lake.delta import Lake
from pipeline_perf.lake.schemas import SCHEMAS
from pipeline_perf_tests.kill_ingestion import CLOCKS, differences

LAYOUT = """
id: {name}
carrier: house
title: a table of calls
source: worked out from the file
container: delimited
tables:
  - name: calls
    header: [Begin, Caller, Called, {title}]
    fields:
      event_type: {{value: call}}
      started_at: {{column: Begin, formats: ['%Y-%m-%d %H:%M:%S']}}
      duration_s: {{column: {title}, form: seconds}}
      from_number: Caller
      to_number: Called
"""
TITLES = ("Seconds", "Length", "Duration")

RIGHT = Options(zone="America/New_York", chunk_bytes=4096)
WRONG = Options(zone="America/Chicago", chunk_bytes=4096)


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of layouts, one for each of three sources, which all tell the same calls."""
    folder = tmp_path_factory.mktemp("layouts")
    for title in TITLES:
        text = LAYOUT.format(name=title.lower(), title=title)
        (folder / f"{title.lower()}.yaml").write_text(text)
    return folder


def calls(path: Path, title: str, seed: int, rows: int = 150) -> Path:
    """Calls of a few parties an hour apart, told by a clock that is wrong by some seconds, others
    among them, some twice.
    """
    drawn, others = random.Random(1), random.Random(seed)
    told = []
    for row in range(rows):
        caller, called = drawn.sample(range(4), 2)
        hour, second = row % 24, drawn.randrange(3000)
        length = drawn.randrange(4)
        if others.random() < 0.7:
            shift = second + others.randrange(3)
            begin = f"2024-06-{1 + row // 24:02} {hour:02}:{shift // 60:02}:{shift % 60:02}"
            line = f"{begin},+1212555010{caller},+1212555010{called},{length}"
            told += [line] * (1 + (others.random() < 0.1))
    told.append("2024-06-31 10:00:00,+12125550101,+12125550102,1")  # there is no such day
    path.write_text("\n".join([f"Begin,Caller,Called,{title}", *told, ""]))
    return path


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    """Three sources' files, and one that holds most of the first again."""
    made = [calls(tmp_path / f"{n}.csv", title, n) for n, title in enumerate(TITLES)]
    lines = made[0].read_text().splitlines(keepends=True)
    (tmp_path / "3.csv").write_text("".join(lines[:100]) + "\n")
    return [*made, tmp_path / "3.csv"]


def read(root: Path) -> dict[str, pl.DataFrame]:
    """All that a lake holds, as it is read."""
    lake = Lake(root)
    return {
        "events": lake.scan_events().collect().sort("event_id"),
        "quarantine": lake.scan_quarantine().collect().sort("source_file_id", "record_no"),
        "marks": lake.marks().sort("event_id", "duplicate_of"),
        "files": lake.files().drop(*CLOCKS, "generation"),
    }


def ingested(
    root: Path, files: Sequence[Path], house: Path, options: Options = RIGHT, **how: bool
) -> list[pipeline.FileReport]:
    given = pipeline.dataclasses.replace(options, layouts=house)
    return [next(ingest_path(path, Lake(root), given, **how)) for path in files]


def zones(root: Path, files: Sequence[Path], house: Path, wrong: Path) -> None:
    for path in files:
        ingested(root, [path], house, WRONG if path == wrong else RIGHT)


@pytest.mark.parametrize("nth", range(4))
def test_a_file_read_with_the_wrong_zone_and_then_with_the_right_one_was_right_at_once(
    nth: int, files: list[Path], house: Path, tmp_path: Path
) -> None:
    zones(tmp_path / "lake", files, house, files[nth])
    ingested(tmp_path / "right", files, house)
    assert "marks" in differences(read(tmp_path / "right"), read(tmp_path / "lake"))
    [report] = ingested(tmp_path / "lake", [files[nth]], house, again=True)
    assert report.status == "ingested", report.reason
    assert differences(read(tmp_path / "right"), read(tmp_path / "lake")) == []
    [told] = Lake(tmp_path / "lake").files().filter(source(report)).rows(named=True)
    assert told["duplicates"] == report.duplicates


def source(report: pipeline.FileReport) -> pl.Expr:
    return pl.col("source_file_id") == report.source_file_id


@pytest.mark.parametrize("nth", range(4))
def test_a_file_that_is_forgotten_was_never_there(
    nth: int, files: list[Path], house: Path, tmp_path: Path
) -> None:
    reports = ingested(tmp_path / "lake", files, house)
    lake = Lake(tmp_path / "lake")
    assert forget(lake, reports[nth].source_file_id)
    ingested(tmp_path / "right", [path for path in files if path != files[nth]], house)
    assert differences(read(tmp_path / "right"), read(tmp_path / "lake")) == []
    assert not forget(lake, reports[nth].source_file_id)
    [report] = ingested(tmp_path / "lake", [files[nth]], house)
    assert (report.status, report.events) == ("ingested", reports[nth].events)


def test_what_was_forgotten_is_on_the_disk_no_more(
    files: list[Path], house: Path, tmp_path: Path
) -> None:
    [report] = ingested(tmp_path / "lake", files[:1], house)
    forget(Lake(tmp_path / "lake"), report.source_file_id)
    assert list((tmp_path / "lake").rglob("*.parquet")) == []


def test_a_file_can_be_ingested_anew_time_and_again_and_be_forgotten_then(
    files: list[Path], house: Path, tmp_path: Path
) -> None:
    root = tmp_path / "lake"
    ingested(root, files, house)
    before = read(root)
    for options in (WRONG, RIGHT, WRONG, RIGHT):
        [report] = ingested(root, files[1:2], house, options, again=True)
    assert differences(before, read(root)) == []
    forget(Lake(root), report.source_file_id)
    ingested(root, files[1:2], house, WRONG)
    ingested(root, files[1:2], house, again=True)
    ingested(tmp_path / "right", [files[0], *files[2:], files[1]], house)
    assert differences(read(tmp_path / "right"), read(root)) == []


def test_ingesting_a_new_file_again_is_ingesting_it(
    files: list[Path], house: Path, tmp_path: Path
) -> None:
    ingested(tmp_path / "lake", files, house, again=True)
    ingested(tmp_path / "right", files, house)
    assert differences(read(tmp_path / "right"), read(tmp_path / "lake")) == []


def test_a_file_that_cannot_be_read_anew_stays_as_it_was(
    files: list[Path], house: Path, tmp_path: Path
) -> None:
    ingested(tmp_path / "lake", files, house)
    before = read(tmp_path / "lake")
    without = tmp_path / "no layouts"
    without.mkdir()
    [report] = ingested(tmp_path / "lake", files[:1], without, again=True)
    assert report.status == "needs_mapping"
    assert report.reason.endswith("what the lake holds of it stays as it was")
    assert differences(before, read(tmp_path / "lake")) == []


def test_a_file_with_nothing_in_common_with_others_can_be_forgotten(
    files: list[Path], house: Path, tmp_path: Path
) -> None:
    empty = tmp_path / "empty.csv"
    empty.write_text("Begin,Caller,Called,Seconds\n")
    reports = ingested(tmp_path / "lake", [*files[:1], empty], house)
    assert reports[1].status == "ingested"
    assert forget(Lake(tmp_path / "lake"), reports[1].source_file_id)
    ingested(tmp_path / "right", files[:1], house)
    assert differences(read(tmp_path / "right"), read(tmp_path / "lake")) == []


class Killed(BaseException):
    """Ends a correction as a kill would: nothing in its way handles it."""


def killed_before(nth: int, monkeypatch: pytest.MonkeyPatch, act: object) -> bool:
    """Act, and be killed before the nth commit to the lake; whether it came so far."""
    commits, commit, delete = itertools.count(1), Lake._commit, Lake.delete

    def counted(does: object) -> object:
        def one(*arguments: object, **more: object) -> object:
            if next(commits) == nth:
                raise Killed
            return does(*arguments, **more)  # type: ignore[operator]

        return one

    with monkeypatch.context() as patch:
        patch.setattr(Lake, "_commit", counted(commit))
        patch.setattr(Lake, "delete", counted(delete))
        try:
            act()  # type: ignore[operator]
        except Killed:
            return True
    return False


@pytest.mark.slow
@pytest.mark.parametrize("what", ["again", "forget"])
def test_killed_at_any_commit_the_lake_is_as_it_was_or_as_it_was_to_be(
    what: str, files: list[Path], house: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def act(root: Path) -> None:
        if what == "again":
            ingested(root, files[1:2], house, again=True)
        else:
            forget(Lake(root), identity)

    zones(tmp_path / "before", files, house, files[1])
    before = read(tmp_path / "before")
    [identity] = before["files"].filter(pl.col("file") == str(files[1]))["source_file_id"]
    rest = files if what == "again" else [files[0], *files[2:]]
    ingested(tmp_path / "right", rest, house)
    right = read(tmp_path / "right")
    seen = []
    for nth in itertools.count(1):
        root = tmp_path / str(nth)
        zones(root, files, house, files[1])
        if not killed_before(nth, monkeypatch, lambda root=root: act(root)):
            break
        now = read(root)
        seen.append((differences(before, now) == [], differences(right, now) == []))
        assert any(seen[-1]), f"commit {nth}"
        if nth % 2:  # another file comes in between
            [report] = ingested(root, [calls(tmp_path / "more.csv", "Length", 9)], house)
            forget(Lake(root), report.source_file_id)
            now = read(root)
            assert differences(before, now) == [] or differences(right, now) == []
        act(root)
        assert differences(right, read(root)) == []
        sweep(Lake(root), identity)
        stored = {table: Lake(root).scan(table).collect().height for table in SCHEMAS}
        assert stored["events"] == right["events"].height
        assert stored["quarantine"] == right["quarantine"].height
    assert len(seen) >= 5
    assert {(True, False), (False, True)} <= set(seen)
    assert seen == sorted(seen, reverse=True)
