"""The lab's errors: one base, a code each, and the parts of a message as attributes."""

import importlib
import pkgutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline_perf import bench
from pipeline_perf.bench.errors import LabError
from pipeline_perf.bench.judge.baseline import BaselineError, Baselines
from pipeline_perf.bench.measure.results import ResultsError, ResultStore
from pipeline_perf.bench.measure.workload import Workload, WorkloadError
from pipeline_perf.errors import ProjectError


def errors(base: type[ProjectError]) -> Iterator[type[ProjectError]]:
    """Every class below a base."""
    for kind in base.__subclasses__():
        yield kind
        yield from errors(kind)


def test_every_error_of_the_lab_has_the_one_base_and_a_code_of_its_own() -> None:
    raised = set()
    for place in pkgutil.walk_packages(bench.__path__, f"{bench.__name__}."):
        module = importlib.import_module(place.name)
        raised |= {
            kind
            for kind in vars(module).values()
            if isinstance(kind, type) and issubclass(kind, Exception) and kind.__name__[0] != "_"
        }
    named = {kind for kind in raised if kind.__module__.startswith(bench.__name__)}
    below = set(errors(LabError))
    assert named == {*below, LabError} and len(below) >= 11
    codes = [vars(kind).get("code") for kind in named]
    assert None not in codes and len(set(codes)) == len(codes)


def test_what_is_wrong_where_and_what_to_do_can_be_told_apart(tmp_path: Path) -> None:
    store = ResultStore(tmp_path)
    with pytest.raises(ResultsError) as absent:
        store.run("r1")
    error = absent.value
    assert (error.code, error.problem, error.file) == (
        "results",
        "there is no run r1",
        str(tmp_path),
    )
    assert str(error) == f"{tmp_path}: there is no run r1; the newest is none at all"
    with pytest.raises(BaselineError) as unnamed:
        Baselines(store).get("good")
    assert (unnamed.value.problem, unnamed.value.remedy) == (
        "there is no baseline 'good'",
        "saved are none at all",
    )
    with pytest.raises(WorkloadError) as neither:
        Workload("job.x")
    assert neither.value.remedy == "give either `command` or `target`"
