"""The asset quality/mutation_score: of small faults put into the code, how many the tests notice.

The tests are no part of the package: the trials are a command in the checkout, run as anybody runs
it. Which faults, and what counts as noticed, is its business.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import dagster as dg
from pydantic import Field

from pipeline_perf.bench.measure.measurement import Measurement
from pipeline_perf.defs import metadata, recording
from pipeline_perf.defs.folders import Folders

GROUP = "quality"

KEY = dg.AssetKey([GROUP, "mutation_score"])

#: The scope of the score of all rooms; those of single rooms are recorded beside it.
SCOPE = "all_rooms"

METRIC = "quality.mutation_score"
METRICS = frozenset({METRIC})

CHECKOUT = Path(__file__).parents[3]


class Sample(dg.Config):
    """Which mutants are tried."""

    seed: int = Field(0, description="The same seed draws the same mutants; another, others.")
    only: str = Field("", description="Of them only those whose module:line has this pattern.")


@dg.asset(key=KEY, kinds={"pytest"})
def mutation_score(
    context: dg.AssetExecutionContext, config: Sample, folders: Folders
) -> dg.MaterializeResult[None]:
    """Mutants that the tests of their room notice, as a share; the survivors with their lines."""
    if not (CHECKOUT / "pipeline_perf_tests").is_dir():
        return dg.MaterializeResult(metadata={"not_measured": "the tests are not installed here"})
    recording.lab_run(context)  # the machine as it is before the trials, which keep it busy
    tried = _tried(config, folders.reports / "mutation.jsonl")
    scores = {SCOPE: tried["score"]} | {room: of["score"] for room, of in tried["rooms"].items()}
    figures = [Measurement(METRIC, scope, score) for scope, score in scores.items()]
    return dg.MaterializeResult(
        metadata={
            **{f"killed_share_{one.scope}": metadata.legible(one.value) for one in figures},
            "mutants": tried["mutants"],
            "killed_mutants": tried["killed"],
            "timed_out_mutants": tried["timeouts"],
            "survivors": _table(tried["survivors"]),
            "judged_to_be_no_fault": _table(tried["equivalent"], "outcome", "equivalent"),
            **recording.record(context, folders.results, figures),
        }
    )


def _tried(config: Sample, trials: Path) -> dict[str, Any]:
    """The summary of all trials; each stands in the file of trials as soon as it has ended."""
    options = ("--seed", str(config.seed), "--only", config.only, "--trials", str(trials.resolve()))
    command = [sys.executable, "-m", "pipeline_perf_tests.mutation", *options, "--json"]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=CHECKOUT, stdout=pipe, stderr=pipe, text=True) as process:
        try:
            said, complaint = process.communicate()
        finally:
            process.terminate()  # a run that is ended ends its trials, which clear up
    if process.returncode:
        raise dg.Failure(
            f"mutants cannot be tried; it takes the test extra, pip install -e '.[test]':\n"
            f"{complaint[-2000:]}"
        )
    summary: dict[str, Any] = json.loads(said)
    return summary


def _table(trials: list[dict[str, Any]], *further: str) -> dg.MetadataValue:
    shown = ("module", "line", "before", "after", *further)
    return metadata.table([{name: trial[name] for name in shown} for trial in trials])
