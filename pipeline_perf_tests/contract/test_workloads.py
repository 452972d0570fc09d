import pkgutil
from fnmatch import fnmatchcase
from pathlib import Path

import pytest

import pipeline_perf.ingest
from pipeline_perf.bench.measure.measure import run_once
from pipeline_perf.contract import scenarios
from pipeline_perf.contract.scenarios import Measure, Scenario
from pipeline_perf.contract.workloads import ROOMS, bare_copy, ingestion, offers
from pipeline_perf.synth.dataset import DatasetSpec, generate

SMALL = DatasetSpec("att", "csv", 200)
OTHER = DatasetSpec("sprint", "fixed", 150)


@pytest.fixture(scope="module")
def datasets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("datasets")


def scenario(*data: DatasetSpec, reference: str = "") -> Scenario:
    return Scenario("small", "ci", "a few records", data, measure=Measure(1, reference=reference))


def test_an_ingestion_is_right_when_it_reports_every_record_and_tells_the_seconds_of_every_room(
    datasets: Path, tmp_path: Path
) -> None:
    sample = run_once(
        ingestion(scenario(SMALL), [generate(SMALL, datasets)]), lock=tmp_path / "lock"
    )
    assert sample.reason == ""
    assert sample.values["records"] == 200
    rooms = {name.removeprefix("stages.") for name in sample.values if name.startswith("stages.")}
    assert rooms == set(ROOMS.values())


def test_a_delivery_of_several_data_sets_is_one_workload(datasets: Path, tmp_path: Path) -> None:
    found = [generate(SMALL, datasets), generate(OTHER, datasets)]
    sample = run_once(ingestion(scenario(SMALL, OTHER), found), lock=tmp_path / "lock")
    assert sample.reason == ""
    assert sample.values["records"] == sum(one.facts["records"] for one in found)


def test_records_that_went_missing_fail_the_repetition(datasets: Path, tmp_path: Path) -> None:
    workload = ingestion(scenario(SMALL), [generate(SMALL, datasets)])
    short = type(workload)(**{**vars(workload), "params": {"records": 201}})
    assert run_once(short, lock=tmp_path / "lock").reason == "wrong result: 200 records of 201"


@pytest.mark.parametrize("reference", ["copy", "lines"])
def test_the_bare_copy_holds_every_line(datasets: Path, tmp_path: Path, reference: str) -> None:
    sample = run_once(
        bare_copy(scenario(SMALL, reference=reference), generate(SMALL, datasets)),
        lock=tmp_path / "lock",
    )
    assert sample.reason == ""
    assert sample.values["rows_copied"] > 200  # the preamble's lines as well


def test_every_scenario_that_is_measured_is_on_offer_and_none_is_generated_before_it_is_wanted(
    tmp_path: Path,
) -> None:
    known = scenarios.load()
    found = offers(known, tmp_path)
    assert [one.name for one in found] == [one.workload for one in known if one.measure]
    assert {one.scope for one in found if one.usual} == {
        one.name for one in known if one.measure and one.tier == "ci"
    }
    assert {one.ratio for one in found if one.reference} == {"ratio_to_copy", "ratio_to_1m"}
    assert list(tmp_path.iterdir()) == []


def test_every_module_of_the_corridor_belongs_to_a_room() -> None:
    """A module that is added without a room would show in no stage of an attribution; these
    belong to none on purpose.
    """
    package = Path(pipeline_perf.ingest.__file__).parent
    modules = {
        ".".join(path.relative_to(package.parents[1]).with_suffix("").parts)
        for path in package.rglob("*.py")
        if path.name != "__init__.py"
    }
    without = {
        f"pipeline_perf.ingest.{name}"
        for name in (
            "batch",
            "bookkeeping",
            "correction",
            "corridor",
            "door",
            "errors",
            "pipeline",
            "trial",
            "workers",
        )
    }
    homeless = {
        name for name in modules if not any(fnmatchcase(name, pattern) for pattern in ROOMS)
    }
    assert homeless == without


def test_every_room_has_modules() -> None:
    names = [
        module.name for module in pkgutil.walk_packages(pipeline_perf.__path__, "pipeline_perf.")
    ]
    assert all(any(fnmatchcase(name, pattern) for name in names) for pattern in ROOMS)
