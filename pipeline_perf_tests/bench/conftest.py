import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pipeline_perf.bench.measure.workload import Workload


@pytest.fixture
def lock(tmp_path: Path) -> Path:
    return tmp_path / "measurement.lock"


@pytest.fixture
def python() -> Callable[..., Workload]:
    """A workload that runs a piece of Python with `python -c`."""

    def workload(code: str, **fields: Any) -> Workload:
        return Workload(
            **{
                "name": "test.python",
                "command": (sys.executable, "-c", code),
                "timeout_s": 60,
                **fields,
            }
        )

    return workload
