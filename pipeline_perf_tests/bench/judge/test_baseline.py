from dataclasses import replace
from pathlib import Path

import pytest

from pipeline_perf.bench.judge.baseline import BaselineError, Baselines
from pipeline_perf.bench.measure.environment import Environment
from pipeline_perf.bench.measure.measurement import Measurement
from pipeline_perf.bench.measure.results import ResultsError, ResultStore, new_run

ENVIRONMENT = Environment(
    "4be1d0c9a7f2", "Example CPU", 2, 8 << 30, "6.1", "3.11.9", revision="0a1b2c3d", dirty=True
)


@pytest.fixture
def store(tmp_path: Path) -> ResultStore:
    made = ResultStore(tmp_path / "results")
    made.write(new_run(ENVIRONMENT), [Measurement("ingest.seconds", "csv", 1.0, "s")])
    return made


def test_a_baseline_points_to_its_run_and_what_it_was_measured_on(store: ResultStore) -> None:
    saved = Baselines(store).save("release-1.2", store.run_ids()[0])
    assert (saved.run, saved.machine, saved.revision, saved.dirty) == (
        store.run_ids()[0],
        "4be1d0c9a7f2",
        "0a1b2c3d",
        True,
    )
    assert Baselines(store).get("release-1.2") == saved
    assert Baselines(store).all() == [saved]
    assert len(store.run_ids()) == 1, "a baseline is no run"


def test_a_name_moves_to_the_run_that_is_saved_last(store: ResultStore) -> None:
    Baselines(store).save("good", store.run_ids()[0])
    store.write(new_run(ENVIRONMENT), [Measurement("ingest.seconds", "csv", 2.0, "s")])
    Baselines(store).save("good", store.run_ids()[1])
    assert Baselines(store).get("good").run == store.run_ids()[1]


@pytest.mark.parametrize("name", ["", "../outside", "a/b", ".hidden", "dot."])
def test_a_name_that_no_file_can_have_is_refused(store: ResultStore, name: str) -> None:
    with pytest.raises(BaselineError, match="is no name for a baseline"):
        Baselines(store).save(name, store.run_ids()[0])


def test_a_run_that_is_not_there_cannot_be_a_baseline(store: ResultStore) -> None:
    with pytest.raises(ResultsError, match="there is no run nothing"):
        Baselines(store).save("good", "nothing")


def test_a_baseline_stands_for_its_revision_and_any_other_name_for_itself(
    store: ResultStore,
) -> None:
    store.write(
        new_run(replace(ENVIRONMENT, dirty=False)), [Measurement("ingest.seconds", "csv", 1.0, "s")]
    )
    baselines = Baselines(store)
    baselines.save("good", store.run_ids()[1])
    baselines.save("tried-out", store.run_ids()[0])
    assert baselines.revision("good") == "0a1b2c3d"
    assert baselines.revision("v1.2") == "v1.2"
    with pytest.raises(BaselineError, match="on a tree that no commit holds; compare with a"):
        baselines.revision("tried-out")


def test_a_damaged_file_is_named(store: ResultStore) -> None:
    Baselines(store).save("good", store.run_ids()[0])
    path = store.root / "baselines" / "good.json"
    path.write_text("{", encoding="utf-8")
    with pytest.raises(BaselineError, match=r"good\.json: this baseline is damaged"):
        Baselines(store).get("good")
