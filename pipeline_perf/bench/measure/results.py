"""The results store: Parquet files, each written once by one run, read all together by DuckDB.

Nothing here measures or judges. The environment of a run stands in its files' metadata.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline_perf.atomic_files import whole_file
from pipeline_perf.bench.errors import LabError
from pipeline_perf.bench.measure.environment import Environment
from pipeline_perf.bench.measure.measurement import Measurement
from pipeline_perf.extras import require

if TYPE_CHECKING:
    import polars as pl

#: Raised when a column changes its meaning; new columns need no new number (files are read by
#: column name).
SCHEMA_VERSION = 1

_NAME = re.compile(r"[\w-]+")

_FILES = "read_parquet($files, union_by_name = true)"

# Side b of a workload paired with itself is another revision of it, and no part of its history.
_ROWS = f"""
    SELECT * FROM {_FILES}
    QUALIFY NOT (side = 'b' AND bool_or(side = 'a') OVER (PARTITION BY run, workload, metric))
"""


class ResultsError(LabError):
    """A run cannot be stored, or is not there."""

    code = "results"


@dataclass(frozen=True)
class Run:
    """One measuring session: its id sorts by time and names the job, its environment says what
    it ran on.
    """

    id: str
    time: datetime
    environment: Environment


def new_run(
    environment: Environment, time: datetime | None = None, name: str = "", job: str = ""
) -> Run:
    """A run of a `job` ("nightly"; none: '') in an `environment`, begun now (UTC) or at `time`.

    Ids sort by time, to the microsecond. Steps of one run in several processes get the same id by
    giving the same time, job and name; a name has no hyphen.

    >>> here = Environment("4be1d0c9a7f2", "Example CPU", 2, 8 << 30, "6.1", "3.11.9")
    >>> new_run(here, datetime(2026, 3, 1, 2, tzinfo=UTC), "a1b2c3", "nightly").id
    '20260301T020000000000Z-nightly-a1b2c3'
    """
    moment = (time or datetime.now(UTC)).astimezone(UTC)
    parts = (f"{moment:%Y%m%dT%H%M%S%fZ}", job, name or secrets.token_hex(3))
    return Run("-".join(part for part in parts if part), moment, environment)


def job_of(run: str) -> str:
    """The job that a run belongs to, by its id; '' where it belongs to none.

    >>> job_of("20260301T020000000000Z-nightly-a1b2c3")
    'nightly'
    """
    return run.partition("-")[2].rpartition("-")[0]


def part_of(workload: str) -> str:
    """The name of a workload as the name of a part of a run.

    >>> part_of("ingest.csv_1m")
    'ingest_csv_1m'
    """
    return re.sub(r"[^\w-]", "_", workload)


class ResultStore:
    """The runs in one directory."""

    def __init__(self, root: Path) -> None:
        require("lab", "duckdb", "pyarrow")
        self.root = root
        self._held: pl.DataFrame | None = None

    @property
    def lock(self) -> Path:
        """Held while the machine is used in earnest: a measurement and an ingestion keep each
        other waiting.
        """
        return self.root / "machine.lock"

    @property
    def comparisons(self) -> ResultStore:
        """The repetitions of paired comparisons, apart from the nights: one of their sides is
        another revision.
        """
        return ResultStore(self.root / "comparisons")

    def write(
        self,
        run: Run,
        measurements: Iterable[Measurement],
        params: Mapping[str, str] | None = None,
        part: str = "",
    ) -> Path:
        """Store a run's figures, the `measurements`, atomically; returns the file.

        `params` maps a workload's name to its parameters as JSON. A run of several steps stores
        each step's figures as a `part` of its own ("csv_1m"). Raises ResultsError when there is no
        figure, or the part is stored already: nothing is ever rewritten.
        """
        import polars as pl

        if not _NAME.fullmatch(run.id) or (part and not _NAME.fullmatch(part)):
            raise ResultsError(
                f"run {run.id!r}, part {part!r}: no names that a file can have",
                "make them of letters, digits, _ and -",
            )

        rows = [_row(run, measurement, params or {}) for measurement in measurements]
        if not rows:
            raise ResultsError(f"run {run.id} has no figure", "measure something before storing it")
        path = self.root / f"{run.id}{'.' if part else ''}{part}.parquet"
        try:
            with whole_file(path, new=True) as file:
                pl.DataFrame(rows, schema=_schema()).write_parquet(
                    file,
                    metadata={
                        "schema": str(SCHEMA_VERSION),
                        "environment": run.environment.to_json(),
                    },
                )
        except FileExistsError:
            raise ResultsError(
                "these results are stored already, and are never rewritten", file=str(path)
            ) from None
        return path

    def held(self, metrics: Collection[str], machine: str) -> ResultStore:
        """This store as it is now, with the rows of these metrics on one machine in memory.

        For who asks many questions: reading thousands of small files takes seconds, each time.
        """
        store = ResultStore(self.root)
        # the query reads both sides: what is left out depends on all of them
        store._held = self._query(
            f"SELECT * FROM {_FILES} WHERE list_contains($metrics, metric) AND machine = $machine",
            metrics=sorted(metrics),
            machine=machine,
        )
        return store

    def run_ids(self) -> list[str]:
        """The ids of all runs, oldest first."""
        return sorted({path.name.partition(".")[0] for path in self._files()})

    def latest_run(self) -> str | None:
        """The id of the newest run, None where nothing is stored."""
        return next(reversed(self.run_ids()), None)

    def run(self, run: str) -> Run:
        """When and on what a run was measured. Raises ResultsError when it is not there."""
        import polars as pl

        path = next(iter(self._files({run})), None)
        if path is None:
            raise ResultsError(
                f"there is no run {run}",
                f"the newest is {self.latest_run() or 'none at all'}",
                file=str(self.root),
            )
        environment = Environment.from_json(pl.read_parquet_metadata(path)["environment"])
        return Run(
            run, pl.read_parquet(path, columns=["time"], n_rows=1)["time"].item(), environment
        )

    def rows(self, run: str) -> pl.DataFrame:
        """Every stored row of one run, both sides."""
        import polars as pl

        self.run(run)
        return pl.concat(pl.read_parquet(path) for path in self._files({run}))

    def measurements(self, run: str) -> list[Measurement]:
        """The figures of one run as they are judged; side b of a workload paired with itself is
        left out.
        """
        self.run(run)
        frame = self._query(
            "SELECT metric, workload, unit, value, low, high, repetition, side, reason FROM"
            f" ({_ROWS})",
            {run},
        )
        return [_measurement(row) for row in frame.iter_rows(named=True)]

    def all_measurements(
        self,
        before: str | None = None,
        machine: str | None = None,
        metrics: Collection[str] | None = None,
        job: str | None = None,
    ) -> dict[str, list[Measurement]]:
        """The figures of every run; only of those older than the run `before`, of one machine,
        of the metrics ("ingest.seconds") named, of one job, where these are given.
        """
        frame = self._query(
            f"""SELECT run, metric, workload, unit, value, low, high, repetition, side, reason
                FROM ({_ROWS})
                WHERE coalesce(machine = $machine, true) AND coalesce(run < $before, true)
                  AND coalesce(
                    list_contains($metrics, split_part(workload, '.', 1) || '.' || metric), true)
                ORDER BY run""",
            self._chosen(job=job),
            machine=machine,
            before=before,
            metrics=None if metrics is None else sorted(metrics),
        )
        by_run: dict[str, list[Measurement]] = {}
        for row in frame.iter_rows(named=True):
            by_run.setdefault(row.pop("run"), []).append(_measurement(row))
        return by_run

    def history(
        self,
        metric: str,
        workload: str,
        machine: str | None = None,
        until: str | None = None,
        last: int | None = None,
        job: str | None = None,
    ) -> pl.DataFrame:
        """One row per run, oldest first, of a workload's metric ("seconds", "ingest.csv_1m").

        Only of one machine, of one job, up to and with the run `until`, and of the `last` so many
        runs, where these are given.

        Columns: run, time, revision, dirty, machine, unit, value (median of the repetitions), low
        and high (medians of the brackets), least, most, repetitions.
        """
        return self._query(
            f"""SELECT run, any_value(time) AS time, any_value(revision) AS revision,
                       any_value(dirty) AS dirty, any_value(machine) AS machine,
                       any_value(unit) AS unit,
                       median(value) AS value, median(low) AS low, median(high) AS high,
                       min(value) AS least, max(value) AS most, count(*) AS repetitions
                FROM ({_ROWS})
                WHERE metric = $metric AND workload = $workload
                  AND coalesce(machine = $machine, true)
                GROUP BY run ORDER BY run""",
            self._chosen(until, last, job),
            metric=metric,
            workload=workload,
            machine=machine,
        )

    def _chosen(
        self, until: str | None = None, last: int | None = None, job: str | None = None
    ) -> list[str]:
        runs = [
            run
            for run in self.run_ids()
            if (until is None or run <= until) and (job is None or job_of(run) == job)
        ]
        return runs if last is None else runs[-last:]

    def _files(self, runs: Collection[str] | None = None) -> list[Path]:
        """The files of some runs or of all, hidden ones (being written) left out."""
        paths = self.root.glob("[!.]*.parquet")
        return sorted(path for path in paths if runs is None or path.name.partition(".")[0] in runs)

    def _query(
        self, sql: str, runs: Collection[str] | None = None, **parameters: Any
    ) -> pl.DataFrame:
        import duckdb
        import polars as pl

        files = [] if self._held is not None else [str(path) for path in self._files(runs)]
        with duckdb.connect() as connection:
            if self._held is not None:
                connection.register(
                    "held",
                    (
                        self._held
                        if runs is None
                        else self._held.filter(pl.col("run").is_in(list(runs)))
                    ),
                )
                sql = sql.replace(_FILES, "held")
            elif files:
                parameters["files"] = files
            else:
                connection.register("nothing", pl.DataFrame(schema=_schema()))
                sql = sql.replace(_FILES, "nothing")
            connection.execute("SET TimeZone = 'UTC'")
            try:
                frame: pl.DataFrame = connection.sql(sql, params=parameters).pl()
            except duckdb.Error as error:
                raise ResultsError(
                    f"the results cannot be read ({error})",
                    "move the damaged file away",
                    file=str(self.root),
                ) from error
        return frame


def _schema() -> dict[str, Any]:
    import polars as pl

    return {
        "run": pl.String,
        "time": pl.Datetime("us", "UTC"),
        "revision": pl.String,
        "dirty": pl.Boolean,
        "machine": pl.String,
        "workload": pl.String,
        "params": pl.String,
        "metric": pl.String,
        "unit": pl.String,
        "value": pl.Float64,
        "low": pl.Float64,
        "high": pl.Float64,
        "repetition": pl.Int32,
        "side": pl.String,
        "reason": pl.String,
    }


def _row(run: Run, measurement: Measurement, params: Mapping[str, str]) -> dict[str, Any]:
    workload = measurement.workload
    return {
        "run": run.id,
        "time": run.time,
        "revision": run.environment.revision,
        "dirty": run.environment.dirty,
        "machine": run.environment.machine,
        "workload": workload,
        "params": params.get(workload, "{}"),
        "metric": measurement.metric.partition(".")[2],
        "unit": measurement.unit,
        "value": measurement.value,
        "low": measurement.low,
        "high": measurement.high,
        "repetition": measurement.repetition,
        "side": measurement.side,
        "reason": measurement.reason,
    }


def _measurement(row: dict[str, Any]) -> Measurement:
    family, _, scope = row.pop("workload").partition(".")
    return Measurement(metric=f"{family}.{row.pop('metric')}", scope=scope, **row)
