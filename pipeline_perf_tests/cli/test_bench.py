"""The lab's commands on a package outside the project: the documented example, installed into a
folder of its own.
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from pipeline_perf.bench.follow.series import NIGHTLY
from pipeline_perf.bench.measure.environment import record
from pipeline_perf.bench.measure.measurement import Measurement
from pipeline_perf.bench.measure.results import ResultStore, job_of, new_run
from pipeline_perf.cli.bench.following import sparkline
from pipeline_perf_tests.bench.repositories import Repository, repository

pytestmark = pytest.mark.slow

PROJECT = Path(__file__).parents[2]
EXAMPLE = PROJECT / "examples" / "wordcount"

Command = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that the example is installed into, as a user's package is: its modules and its
    entry point. Its long text is a short one.
    """
    target, source = (
        tmp_path_factory.mktemp("target"),
        tmp_path_factory.mktemp("source") / "wordcount",
    )
    shutil.copytree(EXAMPLE, source)
    workloads = source / "wordcount_workloads.py"
    text = workloads.read_text(encoding="utf-8")
    workloads.write_text(text.replace("500_000", "20_000"), encoding="utf-8")
    command = [sys.executable, "setup.py", "--quiet", "install_lib", "--install-dir", str(target)]
    command += ["install_egg_info", "--install-dir", str(target)]
    subprocess.run(command, cwd=source, check=True, capture_output=True)
    return target


@pytest.fixture
def words(tmp_path: Path) -> Repository:
    """A repository of the example, a short text instead of its long one."""
    files = {
        path.name: path.read_text(encoding="utf-8").replace("500_000", "20_000")
        for path in EXAMPLE.glob("*.py")
    }
    return repository(tmp_path / "words", files | {".gitignore": "__pycache__/\n"})


@pytest.fixture
def pipeline_perf(installed: Path, words: Repository, tmp_path: Path) -> Command:
    """Runs the command line in the example's repository, as its user does; results go below
    tmp_path.
    """

    def run(*arguments: str) -> "subprocess.CompletedProcess[str]":
        surroundings = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join([str(PROJECT), str(installed)]),
            "PIPELINE_PERF_DATA": str(tmp_path / "data"),
            "PIPELINE_PERF_CACHE": str(tmp_path / "cache"),
        }
        command = [sys.executable, "-m", "pipeline_perf", *arguments]
        return subprocess.run(
            command, cwd=words.root, env=surroundings, capture_output=True, text=True, check=False
        )

    return run


def slow_down(words: Repository) -> None:
    """Every word is found twice: a real change of code, that nothing but time shows."""
    source = (words.root / "wordcount.py").read_text(encoding="utf-8")
    slower = source.replace(
        "    return Counter(", "    _WORD.findall(text.lower())\n    return Counter("
    )
    assert slower != source
    words.write({"wordcount.py": slower})


def test_the_example_is_listed_beside_the_projects_own(pipeline_perf: Command) -> None:
    done = pipeline_perf("bench", "list")
    assert done.returncode == 0 and done.stderr == ""
    assert re.search(r"\* +wordcount\.long_text +wordcount ", done.stdout)
    assert re.search(r"\* +ingest\.csv_1k +pipeline_perf ", done.stdout)


def test_the_example_is_measured_stored_and_reported_on(
    pipeline_perf: Command, tmp_path: Path
) -> None:
    done = pipeline_perf("bench", "run", "wordcount.*", "--repetitions", "3")
    assert done.returncode == 0, done.stderr
    assert "3 repetitions" in done.stdout and "more runs needed: 5" in done.stdout
    store = ResultStore(tmp_path / "data" / "results")
    figures = store.measurements(store.run_ids()[0])
    found = {one.metric for one in figures if one.scope == "long_text"}
    assert {
        "wordcount.seconds",
        "wordcount.words_per_s",
        "wordcount.distinct",
        "wordcount.peak_memory",
    } <= found
    assert any(one.workload == "reference.frozen" for one in figures), (
        "nightly histories are followed against it"
    )
    assert pipeline_perf("bench", "history", "wordcount.seconds").returncode == 1, (
        "a run of the afternoon is no night"
    )
    reported = pipeline_perf("report")
    assert "Nothing has been measured that a target judges" in reported.stdout
    assert "wordcount.long_text" in (tmp_path / "data" / "reports" / "report.html").read_text(
        encoding="utf-8"
    )


def test_a_baseline_is_kept_shown_and_compared_with(
    pipeline_perf: Command, words: Repository
) -> None:
    assert pipeline_perf("bench", "run", "long_text", "--repetitions", "1").returncode == 0
    saved = pipeline_perf("bench", "baseline", "save", "release-1")
    assert (
        saved.stdout.startswith("release-1: run ")
        and words.git("rev-parse", "HEAD")[:12] in saved.stdout
    )
    assert "release-1" in pipeline_perf("bench", "baseline", "list").stdout
    shown = pipeline_perf("bench", "baseline", "show", "release-1").stdout
    assert "wordcount.long_text" in shown and "+0.0%" in shown and "prove nothing" in shown
    compared = pipeline_perf("bench", "compare", "release-1", "--budget", "0.1")
    assert compared.returncode == 3, compared.stdout + compared.stderr
    # as many as the machine does in a tenth of a second, fewer than it takes
    few = r"wordcount\.long_text: UNRESOLVED: [1-8] pairs cannot be significant at 0\.5%: 9 are"
    assert re.search(few, compared.stdout) and "more pairs would tell" in compared.stdout
    assert words.git("rev-parse", "HEAD")[:12] in compared.stdout
    missing = pipeline_perf("bench", "baseline", "show", "release-2")
    assert missing.returncode == 1
    like = " (did you mean release-1?)"
    assert missing.stderr == f"Error: there is no baseline 'release-2'{like}; saved are release-1\n"


def test_a_planted_slow_down_is_found_on_cpu_time(
    pipeline_perf: Command, words: Repository, tmp_path: Path
) -> None:
    slow_down(words)
    done = pipeline_perf("bench", "compare", "HEAD", "--pairs", "10", "--no-attribute")
    assert done.returncode == 1, done.stdout + done.stderr
    assert "wordcount.long_text: SLOWER: CPU time +" in done.stdout
    assert "ingest." not in done.stdout, (
        "what this repository does not hold is not compared by default"
    )
    store = ResultStore(tmp_path / "data" / "results" / "comparisons")
    figures = {one.metric: one for one in store.measurements(store.run_ids()[0])}
    assert figures["regression.slowdowns"].value == 1
    ratio = figures["regression.cpu_seconds_ratio"]
    assert ratio.low is not None and 1 < ratio.low < ratio.value
    assert ResultStore(tmp_path / "data" / "results").run_ids() == [], "an experiment is no night"
    assert len(words.git("worktree", "list").splitlines()) == 1


def test_pairs_that_cannot_tell_anything_are_refused_before_they_are_measured(
    pipeline_perf: Command,
) -> None:
    done = pipeline_perf("bench", "compare", "HEAD", "--pairs", "8")
    assert (done.returncode, done.stdout) == (2, "")
    assert (
        "--pairs 8: so few cannot be significant at 0.5%; 9 are the fewest, or leave it out"
        in done.stderr
    )


def test_equal_code_is_not_found_changed(pipeline_perf: Command, words: Repository) -> None:
    words.write({"notes.txt": "a file that changes nothing"})
    wide = pipeline_perf("bench", "compare", "HEAD", "--pairs", "10", "--tolerance", "0.9")
    assert wide.returncode == 0, wide.stdout + wide.stderr
    assert "wordcount.long_text: UNCHANGED: within ± 90.0%" in wide.stdout


def test_a_side_that_does_its_work_wrongly_is_no_comparison(
    pipeline_perf: Command, words: Repository
) -> None:
    source = (words.root / "wordcount.py").read_text(encoding="utf-8")
    words.write(
        {
            "wordcount.py": source.replace(
                "_WORD.findall(text.lower())", "_WORD.findall(text.lower())[1:]"
            )
        }
    )
    done = pipeline_perf("bench", "compare", "HEAD", "--pairs", "9")
    assert done.returncode == 1
    assert "wordcount.long_text: FAILED" in done.stdout
    assert "subject, repetition 1: wrong result: 239999 words of 240000" in done.stderr


def test_errors_are_one_line_that_says_what_to_do(pipeline_perf: Command) -> None:
    for arguments, says in (
        (("bench", "compare", "v9"), "there is no revision 'v9'"),
        (("bench", "run", "wordcount.long_txt"), "did you mean wordcount.long_text"),
        (
            ("bench", "compare", "HEAD", "--scenario", "csv_1k"),
            "runs the module pipeline_perf, which",
        ),
        (("bench", "history", "seconds"), "no night was measured on this machine"),
        (("bench", "baseline", "save", "x"), "nothing has been measured yet"),
    ):
        done = pipeline_perf(*arguments)
        assert done.returncode == 1, arguments
        assert says in done.stderr and "Traceback" not in done.stderr, done.stderr


# Histories ------------------------------------------------------------------------------


@pytest.fixture
def nights(tmp_path: Path) -> ResultStore:
    """Forty nights on this machine, beside the reference; from the thirty-first on it takes a
    fifth more, one night nothing ran.
    """
    store, here = ResultStore(tmp_path / "data" / "results"), record()
    generator = np.random.default_rng(3)
    for number in range(40):
        if number == 12:
            continue
        time = datetime(2026, 1, 1, 2, tzinfo=UTC) + timedelta(days=number)
        level = 1.2 if number >= 30 else 1.0
        figures = [
            Measurement(
                "ingest.seconds", "csv", level * float(np.exp(generator.normal(0, 0.02))), "s"
            )
        ]
        figures += [
            Measurement("reference.seconds", "frozen", 1.0, "s"),
            Measurement("ingest.failed", "csv", 0.0),
        ]
        store.write(new_run(here, time, job=NIGHTLY), figures)
    return store


def test_a_history_shows_its_level_shift_until_somebody_takes_it(
    pipeline_perf: Command, nights: ResultStore
) -> None:
    shown = pipeline_perf("bench", "history", "ingest.seconds")
    assert shown.returncode == 0, shown.stderr
    assert "ingest.csv seconds (ratio to the pinned computation)" in shown.stdout
    assert "2026-01-31  ingest.csv seconds  shift +" in shown.stdout and "open" in shown.stdout
    assert "1 nights without a value: no run on this date" in shown.stdout
    taken = pipeline_perf(
        "bench",
        "ack",
        "seconds",
        "--scenario",
        "csv",
        "--by",
        "somebody",
        "--note",
        "a check was added",
    )
    assert taken.returncode == 0, taken.stderr
    assert "is taken by somebody" in taken.stdout
    assert (
        "acknowledged" in pipeline_perf("bench", "history", "seconds", "--scenario", "csv").stdout
    )
    again = pipeline_perf("bench", "ack", "seconds", "--by", "somebody", "--note", "once more")
    assert again.returncode == 1 and "no alert on seconds is open" in again.stderr


def test_a_night_is_measured_against_the_pinned_computation_and_begins_a_history(
    pipeline_perf: Command, tmp_path: Path
) -> None:
    done = pipeline_perf("bench", "run", "long_text", "--night", "--repetitions", "2")
    assert done.returncode == 0, done.stderr
    store = ResultStore(tmp_path / "data" / "results")
    (run,) = store.run_ids()
    assert job_of(run) == NIGHTLY
    assert {"wordcount.cpu_ratio_to_reference", "wordcount.seconds", "reference.cpu_seconds"} <= {
        one.metric for one in store.measurements(run)
    }
    assert (
        "wordcount.long_text cpu_ratio_to_reference"
        in pipeline_perf("bench", "history", "cpu_ratio_to_reference").stdout
    )


def test_a_sparkline_reaches_from_the_least_to_the_most_and_shows_gaps() -> None:
    assert sparkline([1.0, None, 2.0, 1.5]) == "▁·█▅"
    assert sparkline([3.0, 3.0]) == "▅▅"
    assert sparkline([None]) == "·"


# Start-up -------------------------------------------------------------------------------


def test_ingesting_does_not_import_the_lab() -> None:
    code = (
        "import sys; from pipeline_perf.cli import main; sys.exit(any('bench' in name for name in"
        " sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=PROJECT, check=False).returncode == 0
