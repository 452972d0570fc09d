from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from pipeline_perf.bench.environment import Environment
from pipeline_perf.bench.measurement import Measurement
from pipeline_perf.bench.results import ResultStore, new_run

NIGHT = datetime(2026, 3, 1, 2, 0, tzinfo=UTC)
NIGHTS = 12
MIB = 2**20

ENVIRONMENT = Environment(
    machine="4be1d0c9a7f2",
    cpu="Example CPU @ 2.50GHz",
    cores=2,
    memory_bytes=8 << 30,
    kernel="6.1.0-28-amd64",
    python="3.11.9",
    packages={"polars": "2.1.0", "duckdb": "2.0.0", "deltalake": "1.6.6"},
    settings={"PYTHONHASHSEED": "0"},
    load_1m=0.21,
    revision="0a1b2c3d4e5f60718293a4b5c6d7e8f901234567",
)

STAGES = {"probe": 0.02, "recognise": 0.01, "read": 0.31, "normalise": 0.42, "validate": 0.18, "deduplicate": 0.36, "commit": 0.44}


def night(number: int) -> list[Measurement]:
    """One night of measurements; their wobble is made of the night's number, not drawn."""
    wobble = 1 + 0.04 * ((number * 7) % 5 - 2) / 2
    found = []
    for scope, rows in (("csv_10k", 10_000), ("csv_100k", 100_000), ("csv_1m", 1_000_000)):
        for repetition in range(3):
            spread = wobble * (1 + 0.015 * (repetition - 1))
            seconds = (1.1 + rows * 2.6e-6) * spread
            memory = (210 + rows * 3.4e-4) * MIB * (1 + 0.01 * repetition)
            common = {"repetition": repetition}
            found += [
                Measurement("ingest.failed", scope, 0.0, **common),
                Measurement("ingest.seconds", scope, seconds, "s", **common),
                Measurement("ingest.cpu_seconds", scope, seconds * 1.4, "s", **common),
                Measurement("ingest.rows_per_s", scope, rows / seconds, "rows/s", **common),
                Measurement("ingest.peak_memory", scope, memory, "B", memory, memory * 1.06, **common),
            ]
            scale = rows * 2.6e-6 / sum(STAGES.values())
            found += [Measurement(f"ingest.stages.{name}", scope, share * scale * spread, "s", **common) for name, share in STAGES.items()]
    found += [
        Measurement("ingest.ratio_to_copy", "csv_1m", 1.83, "", 1.76, 1.94),
        Measurement("ingest.ratio_to_copy", "csv_100k", 3.4, "", 3.3, 3.5),
        Measurement("ingest.rows_per_mib", "csv_1m", 2900.0, "rows/MiB", 2750.0, 3100.0),
    ]
    for scope in ("att_csv_10k", "verizon_csv_10k", "att_pdf_1k"):
        found += [
            Measurement("accuracy.classification", scope, 1.0),
            Measurement("accuracy.duplicates", scope, 0.9991),
            Measurement("accuracy.validation_coverage", scope, 0.9964),
            Measurement("accuracy.conservation", scope, 1.0),
        ]
    return found


@pytest.fixture
def nights(tmp_path: Path) -> ResultStore:
    """Twelve nights on one machine; in the last, a bill of 200 pages ran out of time."""
    store = ResultStore(tmp_path / "results")
    for number in range(NIGHTS):
        measurements = night(number)
        if number == NIGHTS - 1:
            measurements.append(Measurement("ingest.failed", "pdf_200_pages", 1.0, reason="timed out: killed after 600 s"))
        store.write(new_run(ENVIRONMENT, NIGHT + timedelta(days=number)), measurements)
    return store
