"""Datasets that several tests look at, generated once a session."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline_perf.synth.dataset import Dataset, DatasetSpec, generate


@pytest.fixture(scope="session")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Dataset]:
    """Generate (or find again) a dataset: `dataset("att", "csv", 2_000, seed=3)`."""
    root: Path = tmp_path_factory.mktemp("datasets")

    def make(carrier: str, format: str, rows: int, **options: object) -> Dataset:
        return generate(DatasetSpec(carrier, format, rows, **options), root)

    return make
