import shutil
from pathlib import Path

import dagster as dg
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline_perf.definitions import build
from pipeline_perf.defs.ingestion.inbox import (
    Cursor,
    Entry,
    entries,
    inbox_sensor,
    look,
    partition_of,
    path_of,
)
from pipeline_perf.lake.delta import Lake
from pipeline_perf_tests.command import NUMBER
from pipeline_perf_tests.defs.conftest import ROOT, Project


def entry(name: str, size: int = 10, modified: int = 1, changed: int = 1) -> Entry:
    return Entry(name, size, modified, changed)


def test_a_file_is_whole_when_two_looks_find_it_unchanged() -> None:
    whole, cursor = look([entry("a.csv")], Cursor())
    assert whole == []
    whole, cursor = look([entry("a.csv")], cursor)
    assert [one.name for one in whole] == ["a.csv"]
    assert look([entry("a.csv")], cursor) == ([], cursor)


def test_a_growing_file_waits_without_holding_up_others() -> None:
    _, cursor = look([entry("slow.csv", 10, 1, 1), entry("done.csv", 5, 1, 1)], Cursor())
    whole, cursor = look([entry("slow.csv", 20, 2, 2), entry("done.csv", 5, 1, 1)], cursor)
    assert [one.name for one in whole] == ["done.csv"]
    assert cursor.growing == {"slow.csv": (20, 2)}
    whole, _ = look([entry("slow.csv", 20, 2, 2), entry("done.csv", 5, 1, 1)], cursor)
    assert [one.name for one in whole] == ["slow.csv"]


def test_a_file_that_was_moved_in_with_old_times_is_seen() -> None:
    _, cursor = look([entry("new.csv", modified=100, changed=100)], Cursor())
    _, cursor = look([entry("new.csv", modified=100, changed=100)], cursor)
    _, cursor = look(
        [entry("new.csv", modified=100, changed=100), entry("old.csv", modified=1, changed=101)],
        cursor,
    )
    assert set(cursor.growing) == {"old.csv"}


def test_two_files_of_the_same_instant_are_both_seen() -> None:
    _, cursor = look([entry("a.csv", changed=7)], Cursor())
    _, cursor = look([entry("a.csv", changed=7), entry("b.csv", changed=7)], cursor)
    assert set(cursor.growing) == {"b.csv"}


def test_a_file_delivered_anew_is_whole_again() -> None:
    cursor = Cursor(newest=5, at_newest=("a.csv",))
    _, cursor = look([entry("a.csv", 99, 6, 6)], cursor)
    whole, _ = look([entry("a.csv", 99, 6, 6)], cursor)
    assert [one.size for one in whole] == [99]


def test_a_file_that_was_taken_away_is_forgotten() -> None:
    _, cursor = look([entry("a.csv", changed=9)], Cursor())
    whole, cursor = look([], cursor)
    assert (whole, cursor.growing, cursor.newest) == ([], {}, 9)


@given(
    st.lists(
        st.lists(
            st.tuples(st.sampled_from("abcd"), st.integers(1, 3)), unique_by=lambda one: one[0]
        ),
        min_size=1,
        max_size=8,
    )
)
def test_no_file_is_lost_or_taken_twice(looks: list[list[tuple[str, int]]]) -> None:
    """Whatever comes and grows in whatever order: once all is quiet, each file's last state has
    been taken exactly once.
    """
    cursor, taken = Cursor(), list[tuple[str, int]]()
    states: dict[str, tuple[int, int]] = {}
    for clock, seen in enumerate(looks, start=1):
        for name, size in seen:
            if states.get(name, (0, 0))[0] != size:
                states[name] = (size, clock)
        whole, cursor = look(
            [entry(name, size, at, at) for name, (size, at) in states.items()],
            Cursor.of(cursor.to_json()),
        )
        taken += [(one.name, one.modified) for one in whole]
    for _ in range(2):
        whole, cursor = look(
            [entry(name, size, at, at) for name, (size, at) in states.items()],
            Cursor.of(cursor.to_json()),
        )
        taken += [(one.name, one.modified) for one in whole]
    assert len(taken) == len(set(taken))
    assert {(name, at) for name, (_, at) in states.items()} <= set(taken)


def test_unfinished_and_hidden_files_are_left_out(tmp_path: Path) -> None:
    for name in ("a.csv", "sub/b.csv", ".c.csv", "d.csv.part", "e.csv.FILEPART", ".hidden/f.csv"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("x")
    (tmp_path / "gone.csv").symlink_to(tmp_path / "nowhere")
    assert [one.name for one in entries(tmp_path)] == ["a.csv", "sub/b.csv"]


def test_a_partition_masks_numbers_and_leads_back_to_its_file(tmp_path: Path) -> None:
    names = ["sprint_2125550143_1.csv", "sprint_3125550143_1.csv", "plain.csv", "odd...\nname.csv"]
    for name in names:
        (tmp_path / name).write_text("x")
    partitions = [partition_of(name) for name in names]
    assert "2125550143" not in partitions[0]
    assert partitions[2] == "plain.csv"
    assert len(set(partitions)) == 4
    assert [path_of(tmp_path, one) for one in partitions] == [tmp_path / name for name in names]
    assert path_of(tmp_path, "no such file") is None


def tick(project: Project, cursor: str | None = None) -> dg.SensorResult:
    context = dg.build_sensor_context(
        instance=dg.DagsterInstance.ephemeral(),
        cursor=cursor,
        resources={"folders": project.folders},
    )
    found = inbox_sensor(context)
    assert isinstance(found, dg.SensorResult)
    return found


def test_the_sensor_says_why_it_does_nothing(project: Project) -> None:
    assert "create it" in str(tick(project).skip_reason)
    (project.data / "inbox").mkdir()
    assert "nothing new" in str(tick(project).skip_reason)
    (project.data / "inbox" / "a.csv").write_text("x")
    assert "until they stop growing: a.csv" in str(tick(project).skip_reason)


def test_what_the_sensor_leaves_in_dagster_tells_no_number(project: Project) -> None:
    inbox = project.data / "inbox"
    inbox.mkdir()
    for name in ("020 7555 0143.csv", "id2125550143x.csv"):
        (inbox / name).write_text("x")
    first = tick(project)
    second = tick(project, first.cursor)
    left = [first.cursor, first.skip_reason, second.cursor, second.run_requests]
    left.append(second.dynamic_partitions_requests)
    assert [text for text in map(str, left) if NUMBER.search(text)] == []
    assert len(second.run_requests or ()) == 2


@pytest.mark.parametrize("data", [b"", b"when,who,whom\n" + b"2024-01-01,2125550143,x\n" * 9])
def test_what_is_said_of_a_file_that_was_not_read_tells_no_number(
    project: Project, data: bytes
) -> None:
    name = "of 44-20-7555-0143.csv"
    (project.data / "inbox").mkdir()
    (project.data / "inbox" / name).write_bytes(data)
    failure = ingest(project, partition_of(name)).failure_data_for_node("inbox_file")
    assert failure is not None
    assert "of •••••••0143.csv" in str(failure)
    assert not NUMBER.search(str(failure))


def test_the_sensor_asks_for_a_run_per_whole_file(project: Project, sample: Path) -> None:
    (project.data / "inbox").mkdir()
    shutil.copy(sample, project.data / "inbox")
    found = tick(project, tick(project).cursor)
    assert found.run_requests is not None
    (request,) = found.run_requests
    status = sample.stat()
    assert request.partition_key == sample.name
    assert request.run_key is not None
    assert request.run_key.endswith(f" {status.st_size}")
    assert request.run_key.startswith(sample.name)
    assert [list(one.partition_keys) for one in found.dynamic_partitions_requests or []] == [
        [sample.name]
    ]
    assert "nothing new" in str(tick(project, found.cursor).skip_reason)


def ingest(project: Project, partition: str) -> dg.ExecuteInProcessResult:
    instance = dg.DagsterInstance.ephemeral()
    instance.add_dynamic_partitions("inbox", [partition])
    job = build(project.settings).resolve_job_def("inbox")
    return job.execute_in_process(instance=instance, partition_key=partition, raise_on_error=False)


def test_a_file_of_the_inbox_becomes_events_in_the_lake(project: Project, sample: Path) -> None:
    (project.data / "inbox").mkdir()
    shutil.copy(sample, project.data / "inbox")
    done = ingest(project, sample.name)
    assert done.success
    assert {one.check_name for one in done.get_asset_check_evaluations() if one.passed} == {
        "nothing_is_lost",
        "every_file_is_read",
        "events_keep_the_rules",
        "every_time_has_its_zone",
    }
    lake = Lake(project.data / "lake")
    assert lake.scan_events().collect().height + lake.scan_quarantine().collect().height == 250
    again = ingest(project, sample.name)
    assert again.success
    told = materialised(again, "events")
    assert told["became"] == "1 already ingested"
    assert str(told["reason"]).startswith("the same bytes were ingested on ")
    assert Lake(project.data / "lake").files().height == 1


def materialised(done: dg.ExecuteInProcessResult, name: str) -> dict[str, object]:
    """What stands at an asset of the lake."""
    (event,) = done.asset_materializations_for_node("inbox_file")[
        ("events", "quarantine", "marks").index(name) :
    ][:1]
    assert event.asset_key == dg.AssetKey(["lake", name])
    return {key: entry.value for key, entry in event.metadata.items()}


def test_the_rows_that_the_lake_holds_are_those_of_all_its_files(
    project: Project, sample: Path
) -> None:
    (project.data / "inbox").mkdir()
    bill = ROOT / "data/samples/tmobile_bill_1.pdf"
    for path in (sample, bill):
        shutil.copy(path, project.data / "inbox")
        done = ingest(project, path.name)
    lake = Lake(project.data / "lake")
    held = {
        "events": lake.scan_events().collect(),
        "quarantine": lake.scan_quarantine().collect(),
        "marks": lake.scan_events().filter(pl.col("duplicate_of").is_not_null()).collect(),
    }
    for name, frame in held.items():
        assert materialised(done, name)["dagster/row_count"] == frame.height
    assert materialised(done, "events")["dagster/partition_row_count"] == 58
    assert materialised(done, "events")["zone_assumed_files"] == 1
    (warning,) = [one for one in done.get_asset_check_evaluations() if not one.passed]
    assert (warning.check_name, warning.severity) == (
        "every_time_has_its_zone",
        dg.AssetCheckSeverity.WARN,
    )
    assert "tmobile_bill_1.pdf" in str(warning.description)


@pytest.mark.parametrize(
    ("name", "data", "why"),
    [("junk.csv", bytes(range(256)) * 40, "rejected"), ("empty.csv", b"", "empty")],
)
def test_a_file_that_cannot_be_read_fails_its_run_and_says_why(
    project: Project, name: str, data: bytes, why: str
) -> None:
    (project.data / "inbox").mkdir()
    (project.data / "inbox" / name).write_bytes(data)
    done = ingest(project, name)
    assert not done.success
    failure = done.failure_data_for_node("inbox_file")
    assert failure is not None
    assert failure.user_failure_data is not None
    assert why in str(failure.user_failure_data.description)
    assert done.get_asset_materialization_events() == []


def test_a_file_that_has_gone_fails_its_run_and_says_what_to_do(project: Project) -> None:
    failure = ingest(project, "gone.csv").failure_data_for_node("inbox_file")
    assert failure is not None
    assert failure.user_failure_data is not None
    assert "put it back" in str(failure.user_failure_data.description)
