import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from pipeline_perf.bench.explain.attribution import attribute
from pipeline_perf.bench.explain.flamegraph import flame_graph
from pipeline_perf.bench.explain.profile import Frame, Profile
from pipeline_perf.bench.follow.series import NIGHTLY
from pipeline_perf.bench.judge.regression import Plan, Regression, judged
from pipeline_perf.bench.measure.environment import Environment
from pipeline_perf.bench.measure.measure import Pairs, Sample
from pipeline_perf.bench.measure.measurement import Measurement, of_samples
from pipeline_perf.bench.measure.results import ResultStore, Run, new_run
from pipeline_perf.bench.measure.workload import Workload
from pipeline_perf.bench.statistics.compare import TOLERANCE

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

STAGES = {
    "probe": 0.02,
    "recognise": 0.01,
    "read": 0.31,
    "normalise": 0.42,
    "validate": 0.18,
    "deduplicate": 0.36,
    "commit": 0.44,
}


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
                Measurement(
                    "ingest.peak_memory", scope, memory, "B", memory, memory * 1.06, **common
                ),
            ]
            found += [
                Measurement(f"ingest.{name}", scope, value, unit, **common)
                for name, value, unit in (
                    ("cpu_system_seconds", seconds * 0.1, "s"),
                    ("read_bytes", rows * 90.0, "B"),
                    ("written_bytes", rows * 40.0, "B"),
                    ("disk_read_bytes", 0.0, "B"),
                    ("disk_written_bytes", rows * 40.0, "B"),
                    ("minor_faults", rows * 0.1, ""),
                    ("major_faults", 0.0, ""),
                    ("switches_voluntary", 900.0, ""),
                )
            ]
            scale = rows * 2.6e-6 / sum(STAGES.values())
            found += [
                Measurement(f"ingest.stages.{name}", scope, share * scale * spread, "s", **common)
                for name, share in STAGES.items()
            ]
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
            measurements.append(
                Measurement(
                    "ingest.failed", "pdf_200_pages", 1.0, reason="timed out: killed after 600 s"
                )
            )
        store.write(new_run(ENVIRONMENT, NIGHT + timedelta(days=number)), measurements)
    return store


#: Nights of the store `stepped`, and the one from which on ingestion takes a tenth more.
STEPPED, STEP = 34, 24


@pytest.fixture(scope="session")
def stepped(tmp_path_factory: pytest.TempPathFactory) -> ResultStore:
    """Nights of the job nightly with the pinned computation; from one of them on, a million rows
    take a tenth more.
    """
    store = ResultStore(tmp_path_factory.mktemp("stepped") / "results")
    for number in range(STEPPED):
        wobble = 1 + 0.006 * ((number * 7) % 5 - 2)
        ratio = 4.2 * wobble * (1.1 if number >= STEP else 1)
        environment = replace(ENVIRONMENT, revision=f"{number:012x}" + ENVIRONMENT.revision[12:])
        figures = [
            Measurement("ingest.failed", "csv_1m", 0.0),
            Measurement("ingest.seconds", "csv_1m", ratio, "s"),
            Measurement("ingest.rows_per_s", "csv_1m", 1_000_000 / ratio, "rows/s"),
            Measurement("ingest.peak_memory", "csv_1m", 550 * MIB * wobble, "B"),
            Measurement("ingest.ratio_to_reference", "csv_1m", ratio),
            Measurement("ingest.cpu_ratio_to_reference", "csv_1m", ratio * 1.4),
        ]
        store.write(new_run(environment, NIGHT + timedelta(days=number), job=NIGHTLY), figures)
    return store


BASE = "b" * 40


def sides(factor: float) -> Pairs:
    """Twelve pairs of an ingestion; after the change, it takes `factor` of the time before, all
    of the change in reading.
    """
    noise = (0.0, 0.05, -0.04, 0.02, -0.01, 0.03, -0.02, 0.01, 0.04, -0.03, 0.0, 0.02)
    workload = Workload("ingest.csv_1m", target="m:f", unit="rows", units=1_000_000)

    def sample(repetition: int, side: str, read: float, wobble: float) -> Sample:
        return Sample(
            workload, repetition, side, NIGHT, wall_s=6 + read + wobble,
            cpu_user_s=5.5 + read + wobble, cpu_system_s=0.5,  # type: ignore[arg-type]
            peak_memory=(580 + repetition % 3) * MIB, peak_memory_bound=600 * MIB,
            read_bytes=90_000_000, written_bytes=41_000_000,
            values={"stages.read": read, "stages.commit": 2.0 + wobble},
        )  # fmt: skip

    before = tuple(sample(number, "b", 4.0, wobble) for number, wobble in enumerate(noise))
    after = tuple(
        sample(number, "a", 10 * factor - 6, wobble)
        for number, wobble in enumerate(reversed(noise))
    )
    return Pairs(after, before)


def _reading(side: tuple[Sample, ...]) -> int:
    """Samples that a profile of this side has in reading."""
    return round(1_000 * side[0].values["stages.read"])


def keep(results: Path, run: Run, pairs: Pairs, tolerance: float = TOLERANCE) -> Regression:
    """Judge a comparison and store it as the command line and the jobs do, with the flame graph
    of its change.
    """
    found = judged(pairs, Plan(tolerance=tolerance))
    figures = [*found.measurements(), *of_samples(pairs.samples)]
    ResultStore(results / "comparisons").write(
        run, figures, {found.workload: json.dumps({"against": BASE})}, "ingest_csv_1m"
    )
    main, read = (
        Frame("cli", "main", "cli.py"),
        Frame("pipeline_perf.ingest.read.text", "rows<b>", "text.py"),
    )
    rest = {
        (main, Frame("pipeline_perf.lake.attempt", f"part_{number}", "attempt.py")): 1_500
        for number in range(4)
    }
    profiles = [
        Profile({**rest, (main, read): reading}, "samples", 30)
        for reading in (_reading(pairs.a), _reading(pairs.b))
    ]
    change = found.judged.ratio - 1 if found.judged else None
    said = attribute(profiles[:1], profiles[1:], {"pipeline_perf.ingest.read.*": "read"}, change)
    page = results.parent / "reports" / "comparisons" / f"{run.id}-ingest_csv_1m.html"
    page.parent.mkdir(parents=True, exist_ok=True)
    page.write_text(
        flame_graph(profiles[:1], profiles[1:], said, "ingest.csv_1m"), encoding="utf-8"
    )
    return found
