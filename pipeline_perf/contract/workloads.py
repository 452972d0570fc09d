"""The project's own workloads: a scenario's ingestion as a fresh process, and the bare copy it
is compared with.

What is measured is the command line, from the path of a file to its committed events: start-up,
imports and all. How it is measured is the lab's business; what is generated, the generator's.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path

from pipeline_perf.bench import reference
from pipeline_perf.bench.measure.registry import Offer
from pipeline_perf.bench.measure.workload import PYTHON, Correctness, Output, Workload
from pipeline_perf.contract.scenarios import COPIES, Scenario
from pipeline_perf.synth.dataset import Dataset, generate

#: Whose version can change a figure without any change of ours.
PACKAGES = (
    "polars",
    "deltalake",
    "pyarrow",
    "duckdb",
    "pdfplumber",
    "pandera",
    "phonenumberslite",
    "dagster",
)

#: The corridor's rooms by their modules, the first that matches counts; what is called by one works
#: on its behalf.
ROOMS = {
    "pipeline_perf.ingest.container.source": "probe",
    "pipeline_perf.ingest.probe.*": "probe",
    "pipeline_perf.ingest.layout.*": "recognise",
    "pipeline_perf.ingest.mapping.*": "recognise",
    "pipeline_perf.ingest.recognise.*": "recognise",
    "pipeline_perf.ingest.container.*": "read",
    "pipeline_perf.ingest.read.*": "read",
    "pipeline_perf.ingest.normalise.*": "normalise",
    "pipeline_perf.ingest.validate": "validate",
    "pipeline_perf.ingest.deduplicate.*": "deduplicate",
    "pipeline_perf.lake.*": "commit",
}


def offers(scenarios: Sequence[Scenario], datasets: Path) -> list[Offer]:
    """A workload for every scenario that is measured; its files are generated below `datasets`
    when it is built.
    """
    by_name = {scenario.name: scenario for scenario in scenarios}
    return [_offer(scenario, by_name, datasets) for scenario in scenarios if scenario.measure]


def _offer(scenario: Scenario, by_name: Mapping[str, Scenario], datasets: Path) -> Offer:
    # a workload may run in another directory
    files_of = partial(_generated, datasets=datasets.resolve())
    measure = scenario.measure
    compared: Callable[[], Workload] | None = None
    if measure and measure.reference in COPIES:
        # beside its twin below
        compared = lambda: bare_copy(scenario, files_of(scenario)[0])  # noqa: E731
    elif measure and measure.reference:
        other = by_name[measure.reference]
        compared = lambda: ingestion(other, files_of(other))  # noqa: E731
    return Offer(
        scenario.workload,
        "pipeline_perf",
        scenario.says,
        lambda: ingestion(scenario, files_of(scenario)),
        compared,
        measure.ratio if measure else "",
        __name__.partition(".")[0],
        usual=scenario.tier == "ci",
    )


def _generated(scenario: Scenario, datasets: Path) -> list[Dataset]:
    return [generate(spec, datasets) for spec in scenario.data]


def ingestion(scenario: Scenario, generated: Iterable[Dataset]) -> Workload:
    """The command line's ingestion of a scenario's files, each repetition into a lake of its
    own.
    """
    datasets = list(generated)
    commands = [_command(dataset) for dataset in datasets]
    expected = sum(dataset.facts["records"] for dataset in datasets)
    return Workload(
        scenario.workload,
        command=(
            commands[0]
            if len(commands) == 1
            else (PYTHON, "-c", _IN_TURN, *(json.dumps(command) for command in commands))
        ),
        params={"records": expected},
        unit="rows",
        units=expected,
        check=complete,
        stages=ROOMS,
    )


#: Several data sets need several commands, for what a file does not say (zone, subscriber) is told
#: per command.
_IN_TURN = (
    "import json, subprocess, sys\nfor command in sys.argv[1:]: subprocess.run(json.loads(command),"
    " check=True)"
)


def _command(dataset: Dataset) -> tuple[str, ...]:
    told = [
        f"--{name}={dataset.facts[name]}" for name in ("zone", "subscriber") if dataset.facts[name]
    ]
    files = [str(path) for path in dataset.files]
    return (
        PYTHON,
        "-m",
        "pipeline_perf",
        "ingest",
        *files,
        "--lake",
        "{scratch}/lake",
        "--json",
        *told,
    )


def complete(output: Output) -> Correctness:
    """Whether the ingestion reported every record of every file; its figures stand beside the
    speed.
    """
    reports = [json.loads(line) for line in output.stdout.splitlines()]
    unread = [
        f"{Path(report['file']).name}: {report['status']} {report['reason']}"
        for report in reports
        if report["status"] != "ingested"
    ]
    records = sum(report["records"] for report in reports)
    values = {
        name: float(sum(report[name] for report in reports))
        for name in ("records", "events", "quarantined", "duplicates")
    }
    if unread:
        return Correctness(False, "; ".join(unread), values)
    return Correctness(
        records == output.params["records"],
        f"{records} records of {output.params['records']}",
        values | _rooms(output.scratch / "lake"),
    )


def _rooms(lake: Path) -> dict[str, float]:
    """Seconds of work per room of the corridor, as the lake keeps them; none in the lake of a
    revision that kept none.
    """
    import polars as pl

    files = pl.scan_delta(lake / "files")
    if "stages" not in files.collect_schema():
        return {}
    seconds = Counter[str]()
    for text in files.select("stages").collect()["stages"]:
        seconds.update(json.loads(text))
    return {f"stages.{room}": value for room, value in seconds.items()}


def bare_copy(scenario: Scenario, dataset: Dataset) -> Workload:
    """The reference: the same file copied into Parquet with no work on its values."""
    source = dataset.files[0]
    columns = (
        [str(reference.widest(source))]
        if scenario.measure and scenario.measure.reference == "copy"
        else []
    )
    return Workload(
        f"copy.{scenario.name}",
        command=(PYTHON, "-m", reference.__name__, str(source), _COPY, *columns),
        params={"source": str(source), "copy": _COPY},
        unit="rows",
        units=dataset.facts["records"],
        check=reference.complete,
    )


_COPY = "{scratch}/copy.parquet"
