import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from pipeline_perf.bench.measure.environment import Environment, record
from pipeline_perf.bench.measure.measure import Sample
from pipeline_perf.bench.measure.measurement import (
    Measurement,
    of_samples,
    of_workload,
    units_per_mib,
)
from pipeline_perf.bench.measure.results import ResultsError, ResultStore, new_run
from pipeline_perf.bench.measure.workload import Workload

NOW = datetime(2026, 3, 1, 2, 0, tzinfo=UTC)
MACHINE = Environment(
    machine="abc",
    cpu="A CPU",
    cores=2,
    memory_bytes=4 << 30,
    kernel="6.1",
    python="3.11.9",
    revision="f00",
    dirty=True,
)


def test_what_was_written_is_read_back(tmp_path: Path) -> None:
    store, run = ResultStore(tmp_path), new_run(MACHINE, NOW)
    written = [
        Measurement("ingest.seconds", "csv_1m", 4.5, "s", repetition=0),
        Measurement("ingest.peak_memory", "csv_1m", 100, "B", low=100, high=120, repetition=1),
        Measurement("ingest.stages.read", "csv_1m", 0.5, "s"),
        Measurement("resize.failed", "", 1, reason="timed out"),
    ]
    store.write(run, written, {"ingest.csv_1m": '{"rows": 1000000}'})
    assert store.measurements(run.id) == written
    assert store.run(run.id) == run
    rows = store.rows(run.id)
    assert rows["workload"].to_list() == ["ingest.csv_1m"] * 3 + ["resize"]
    assert rows["params"][0] == '{"rows": 1000000}'
    assert rows["revision"].unique().to_list() == ["f00"] and rows["dirty"].all()


def test_a_run_is_never_rewritten(tmp_path: Path) -> None:
    store, run = ResultStore(tmp_path), new_run(MACHINE)
    path = store.write(run, [of_workload("ingest.csv_1m", "seconds", 1.0, "s")])
    before = path.read_bytes()
    with pytest.raises(ResultsError, match="never rewritten"):
        store.write(run, [of_workload("ingest.csv_1m", "seconds", 2.0, "s")])
    assert path.read_bytes() == before
    assert [entry.name for entry in tmp_path.iterdir()] == [path.name]


def test_the_steps_of_a_run_store_their_own_parts(tmp_path: Path) -> None:
    store = ResultStore(tmp_path)
    parts = {part: new_run(MACHINE, NOW, name="nightly") for part in ("csv_1m", "pdf")}
    for part, run in parts.items():
        store.write(run, [of_workload(f"ingest.{part}", "seconds", 1.0, "s")], part=part)
    assert store.run_ids() == ["20260301T020000000000Z-nightly"]
    assert {one.scope for one in store.measurements(store.run_ids()[0])} == {"csv_1m", "pdf"}
    assert store.rows(store.run_ids()[0]).height == 2
    with pytest.raises(ResultsError, match="never rewritten"):
        store.write(parts["pdf"], [of_workload("ingest.pdf", "seconds", 2.0, "s")], part="pdf")
    with pytest.raises(ResultsError, match="letters, digits"):
        store.write(parts["pdf"], [of_workload("ingest.pdf", "seconds", 2.0, "s")], part="../pdf")


def test_a_run_without_a_figure_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ResultsError, match="no figure"):
        ResultStore(tmp_path).write(new_run(MACHINE), [])


def test_history_has_one_row_per_run_oldest_first(tmp_path: Path) -> None:
    store = ResultStore(tmp_path)
    for night in (2, 0, 1):
        run = new_run(MACHINE, NOW + timedelta(days=night))
        store.write(
            run,
            [
                Measurement("ingest.seconds", "csv_1m", night + value, "s", repetition=i)
                for i, value in enumerate((5, 1, 2))
            ],
        )
    history = store.history("seconds", "ingest.csv_1m")
    assert history["value"].to_list() == [2, 3, 4]
    assert history["least"].to_list() == [1, 2, 3] and history["most"].to_list() == [5, 6, 7]
    assert history["repetitions"].to_list() == [3, 3, 3]
    assert history["time"].to_list() == [NOW + timedelta(days=night) for night in range(3)]
    assert store.latest_run() == history["run"][2]
    assert store.history("seconds", "ingest.csv_1m", machine="another").is_empty()
    assert store.history("seconds", "ingest.csv_1m", until=history["run"][1])[
        "value"
    ].to_list() == [2, 3]
    assert store.history("seconds", "ingest.csv_1m", until=history["run"][1], last=1)[
        "value"
    ].to_list() == [3]
    assert list(store.all_measurements(before=history["run"][2])) == history["run"].to_list()[:2]
    assert (
        store.all_measurements(machine="another")
        == store.all_measurements(metrics={"ingest.peak_memory"})
        == {}
    )
    assert store.all_measurements(metrics={"ingest.seconds"}) == store.all_measurements(
        machine="abc"
    )


def test_an_empty_store_has_no_run_and_no_history(tmp_path: Path) -> None:
    store = ResultStore(tmp_path / "absent")
    assert store.latest_run() is None
    assert store.history("seconds", "ingest.csv_1m").is_empty()
    assert store.all_measurements() == {}
    with pytest.raises(ResultsError, match="there is no run 2026"):
        store.run("2026")


def test_the_other_revision_of_a_workload_is_no_part_of_its_history(tmp_path: Path) -> None:
    store, run = ResultStore(tmp_path), new_run(MACHINE)
    mine, other = (
        Measurement("ingest.seconds", "csv", 1, side="a"),
        Measurement("ingest.seconds", "csv", 9, side="b"),
    )
    reference = Measurement("copy.seconds", "csv", 3, side="b")
    store.write(run, [mine, other, reference])
    assert store.measurements(run.id) == [mine, reference]
    assert store.history("seconds", "ingest.csv")["value"].to_list() == [1]
    assert store.history("seconds", "copy.csv")["value"].to_list() == [3]
    assert store.rows(run.id).height == 3


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    store = ResultStore(tmp_path)
    store.write(new_run(MACHINE), [of_workload("ingest.csv", "seconds", 1.0)])
    (tmp_path / "20260101T000000Z-bad.parquet").write_bytes(b"not parquet at all")
    with pytest.raises(ResultsError, match="20260101T000000Z-bad"):
        store.history("seconds", "ingest.csv")


def sample(**fields: object) -> Sample:
    workload = Workload("ingest.csv_1m", command=("true",), unit="rows", units=1000)
    return Sample(**{"workload": workload, "repetition": 0, "side": "", "started": NOW, **fields})


def test_a_failed_repetition_becomes_its_reason_and_no_figure() -> None:
    found = of_samples(
        [sample(wall_s=2.0), sample(repetition=1, wall_s=9.0, reason="killed by SIGKILL")]
    )
    assert [(one.value, one.reason) for one in found if one.metric == "ingest.failed"] == [
        (0, ""),
        (1, "killed by SIGKILL"),
    ]
    assert [one.value for one in found if one.metric == "ingest.seconds"] == [2.0]
    assert [one.value for one in found if one.metric == "ingest.rows_per_s"] == [500.0]


def test_rows_per_mib_counts_above_an_idle_process() -> None:
    idle = [sample(wall_s=1, peak_memory=10 << 20, peak_memory_bound=11 << 20)]
    found = units_per_mib(
        [sample(wall_s=1, peak_memory=20 << 20, peak_memory_bound=30 << 20)], idle
    )
    assert [(one.metric, one.value, one.low, one.high, one.unit) for one in found] == [
        ("ingest.rows_per_mib", 100, 50, 100, "rows/MiB")
    ]
    assert (
        units_per_mib([sample(wall_s=1, peak_memory=9 << 20, peak_memory_bound=9 << 20)], idle)
        == []
    )


def test_the_environment_record_knows_this_machine_and_this_repository(tmp_path: Path) -> None:
    git = ["git", "-C", str(tmp_path), "-c", "user.name=t", "-c", "user.email=t@example.com"]
    subprocess.run([*git, "init", "-q"], check=True)
    subprocess.run([*git, "commit", "-q", "--allow-empty", "-m", "first"], check=True)
    clean = record(packages=("pytest", "no-such-distribution"), repository=tmp_path)
    assert len(clean.revision) == 40 and not clean.dirty
    assert clean.packages == {"pytest": pytest.__version__, "no-such-distribution": "absent"}
    (tmp_path / "new.txt").write_text("x", encoding="utf-8")
    assert not record(repository=tmp_path).dirty  # what a run itself writes makes no other revision
    subprocess.run([*git, "add", "new.txt"], check=True)
    assert record(repository=tmp_path).dirty
    assert clean.cores >= 1 and clean.memory_bytes > 1 << 28 and clean.cpu
    assert Environment.from_json(clean.to_json()) == clean
    assert record().machine == clean.machine


def test_rows_held_in_memory_answer_as_the_files_do(tmp_path: Path) -> None:
    store = ResultStore(tmp_path)
    runs = [new_run(MACHINE, NOW + timedelta(days=day), job="nightly") for day in range(3)]
    for run in runs:
        store.write(
            run,
            [
                Measurement("ingest.seconds", "csv_1m", 4.5, "s"),
                Measurement("ingest.rows_per_s", "csv_1m", 9.0, "rows/s"),
            ],
        )
    held = store.held({"seconds"}, "abc")
    for asked in (
        {},
        {"until": runs[1].id},
        {"last": 1},
        {"job": "nightly"},
        {"job": "ci"},
        {"machine": "abc"},
    ):
        assert held.history("seconds", "ingest.csv_1m", **asked).equals(
            store.history("seconds", "ingest.csv_1m", **asked)
        )
    assert held.history("rows_per_s", "ingest.csv_1m").is_empty()
    assert store.held({"seconds"}, "another").history("seconds", "ingest.csv_1m").is_empty()
    assert (
        ResultStore(tmp_path / "none")
        .held({"seconds"}, "abc")
        .history("seconds", "ingest.csv_1m")
        .is_empty()
    )
