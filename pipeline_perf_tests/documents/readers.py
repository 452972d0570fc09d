"""What the reader of each page has and does beside typing its commands, and which commands are run
otherwise than they stand there.

A command that is not named here is run as it stands; a page that is not named here fails the test.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

import numpy as np

from pipeline_perf.bench.follow.series import NIGHTLY
from pipeline_perf.bench.measure.environment import record
from pipeline_perf.bench.measure.measurement import Measurement
from pipeline_perf.bench.measure.results import ResultStore, new_run
from pipeline_perf_tests.bench.repositories import Repository
from pipeline_perf_tests.documents.pages import PROJECT, blocks
from pipeline_perf_tests.documents.places import Place, clone, empty, example
from pipeline_perf_tests.mutation.__main__ import drawn, nearby
from pipeline_perf_tests.mutation.sample import Mutant


@dataclass(frozen=True)
class Reader:
    """Of one page: where they sit, what stands for its words in capitals, and what they do before
    they type a command.
    """

    place: Callable[[Path], Place]
    words: Mapping[str, str | Callable[[], str]] = field(default_factory=dict)
    before: Mapping[str, Callable[[Place], None]] = field(default_factory=dict)


@dataclass(frozen=True)
class Otherwise:
    """What is run instead of a command, with all of its options, and why."""

    instead: str
    why: str


#: `pipeline-perf bench compare` with the fewest pairs that can be significant. As many as the
#: spread demands take one to five minutes.
FEWEST = "--pairs 9 --no-attribute"

#: A scenario of a thousand rows in the place of the one of a hundred thousand.
SMALL = "PIPELINE_PERF_SCENARIOS=small.yaml"

OTHERWISE = {
    "apt-get install python3 python3-venv make": Otherwise(
        "apt-get --simulate install python3 python3-venv make",
        "wants to be root, and changes the machine",
    ),
    "pip install '.[pdf]'": Otherwise(
        "python3 -m venv of_my_own && of_my_own/bin/pip install --quiet '.[pdf]'"
        " && of_my_own/bin/pipeline-perf --help",
        "belongs into an environment of the reader's own, as the page says",
    ),
    "make bench": Otherwise(
        f"{SMALL} make bench",
        "two minutes; a thousand rows of one scenario instead of all",
    ),
    ".venv/bin/dagster job execute -m pipeline_perf.definitions -j ci": Otherwise(
        f"{SMALL} .venv/bin/dagster job execute -m pipeline_perf.definitions -j ci",
        "two minutes, as `make bench`",
    ),
    "make test": Otherwise(
        "make --dry-run test", "these tests would run themselves, and for half an hour"
    ),
    '.venv/bin/python -m pytest -m "not slow" pipeline_perf_tests/ingest': Otherwise(
        '.venv/bin/python -m pytest -m "not slow" pipeline_perf_tests/ingest/layout',
        "minutes; one room of it",
    ),
    "pipeline-perf bench compare HEAD --scenario csv_100k": Otherwise(
        f"{SMALL} pipeline-perf bench compare HEAD --scenario csv_100k {FEWEST}",
        "minutes; a thousand rows and the fewest pairs",
    ),
    ".venv/bin/pipeline-perf bench compare HEAD --scenario csv_100k": Otherwise(
        f"{SMALL} .venv/bin/pipeline-perf bench compare HEAD --scenario csv_100k {FEWEST}",
        "minutes; a thousand rows and the fewest pairs",
    ),
    "pipeline-perf bench compare REV --scenario NAME": Otherwise(
        f"pipeline-perf bench compare REV --scenario NAME {FEWEST}", "minutes; the fewest pairs"
    ),
    "pipeline-perf bench compare GOOD": Otherwise(
        f"pipeline-perf bench compare GOOD --scenario csv_1k {FEWEST}",
        "minutes for each of the usual workloads; one of them, and the fewest pairs",
    ),
    "pipeline-perf bench compare HEAD~1": Otherwise(
        f"pipeline-perf bench compare HEAD~1 {FEWEST}", "minutes; the fewest pairs"
    ),
    "pipeline-perf bench compare HEAD --scenario long_text --pairs 12": Otherwise(
        "pipeline-perf bench compare HEAD --scenario long_text --pairs 12 --budget 60",
        "two minutes, most of them for profiles",
    ),
    "pipeline-perf bench run long_text --night": Otherwise(
        "pipeline-perf bench run long_text --night --repetitions 3",
        "thirty pairs take two minutes",
    ),
    "pipeline-perf bench calibrate": Otherwise(
        "pipeline-perf bench calibrate --trials 1", "minutes; one trial of each kind"
    ),
    "pipeline-perf bench calibrate --attribution": Otherwise(
        "pipeline-perf bench calibrate --attribution --help",
        "an hour, and minutes for a single trial",
    ),
    "pipeline-perf bench calibrate --attribution --scenario long_text": Otherwise(
        "pipeline-perf bench calibrate --attribution --scenario long_text --help",
        "an hour, and minutes for a single trial",
    ),
    "pipeline-perf bench calibrate --real": Otherwise(
        "pipeline-perf bench calibrate --real --help", "two hours, and minutes for a single trial"
    ),
    "python -m pipeline_perf_tests.hostile_files": Otherwise(
        "python -m pipeline_perf_tests.hostile_files bomb.zip endless_line.csv deep.json",
        "two minutes; three of the files",
    ),
    "python -m pipeline_perf_tests.odd_files --files 1000": Otherwise(
        "python -m pipeline_perf_tests.odd_files --files 30", "minutes; fewer files"
    ),
    "python -m pipeline_perf_tests.ingest.damaged_files --files 2000": Otherwise(
        "python -m pipeline_perf_tests.ingest.damaged_files --files 30", "minutes; fewer files"
    ),
    "python -m pipeline_perf_tests.kill_correction": Otherwise(
        "python -m pipeline_perf_tests.kill_correction --rows 20000 --kills 1",
        "minutes; a smaller file, killed once",
    ),
}

#: Started, visited, and stopped.
SERVES = {"make ui"}

#: Commands that may or must end with another exit code than 0, and why.
ENDS_WITH: dict[str, tuple[set[int], str]] = {
    "pipeline-perf layouts check usage.csv": ({3}, "no layout knows the file"),
    "pipeline-perf layouts check house.yaml": ({1}, "the draft has an open place"),
}

#: Lines (a pattern) that a page shows and a command does not print every time, and why.
VARIES = {
    "make bench": (r"csv_100k\.ratio|^Go: ", "a thousand rows have another ratio, met or not"),
    "pipeline-perf bench profile long_text": (
        "bound by|Spread the work",
        "on a busy machine something else may hold it up",
    ),
    "pipeline-perf bench compare HEAD --scenario long_text --pairs 12": (
        "wordcount:count takes|flame graph",
        "what a minute leaves for profiles may be too little to name a function",
    ),
    "pipeline-perf report --comparison": ("wordcount:count", "as in the comparison before it"),
}

#: Comparisons of the same code, where nothing is proved with so few pairs.
UNRESOLVED = {0, 3}


def _project(root: Path) -> Place:
    """The clone, with a small scenario for the commands that are run with it."""
    place = clone(root)
    (place.folder / "small.yaml").write_text(
        "ci:\n"
        "  csv_100k:\n"
        "    says: 1 000 records of an AT&T report\n"
        "    data: [{carrier: att, format: csv, rows: 1_000}]\n"
        "    measure: {repetitions: 5, reference: copy}\n",
        encoding="utf-8",
    )
    return place


def _to_be_set_up(root: Path) -> Place:
    place = _project(root)
    (place.folder / ".venv").rename(root / "not_yet")
    return place


def _with_a_lake(root: Path) -> Place:
    """The clone with the samples in its lake, and an export of Google Takeout."""
    place = _project(root)
    place.prepare("pipeline-perf ingest data/samples --zone America/New_York")
    pages = PROJECT / "pipeline_perf_tests/ingest/golden/containers"
    with zipfile.ZipFile(place.folder / "takeout.zip", "w") as export:
        for page in [*pages.glob("+1*.html"), pages / "google_voice_calls.html"]:
            export.write(page, f"Takeout/Voice/Calls/{page.name}")
    return place


def _on_call(root: Path) -> Place:
    """The clone after forty nights, of which the last ten were slower, and a run of today."""
    place = _project(root)
    place.prepare("pipeline-perf ingest data/samples --zone America/New_York")
    store, here = ResultStore(place.folder / "data/results"), record()
    noise = np.random.default_rng(3)
    for night in range(40):
        level = (1.2 if night >= 30 else 1.0) * float(np.exp(noise.normal(0, 0.02)))
        figures = [
            Measurement("ingest.cpu_ratio_to_reference", "csv_1m", level),
            Measurement("ingest.failed", "csv_1m", 0.0),
        ]
        time = datetime(2026, 1, 1, 2, tzinfo=UTC) + timedelta(days=night)
        store.write(new_run(here, time, job=NIGHTLY), figures)
    place.prepare("pipeline-perf bench run csv_1k --repetitions 1")
    return place


def _with_samples(root: Path) -> Place:
    """An empty folder with the two files that the page shows."""
    place = empty(root)
    page = PROJECT / "docs/adding-a-layout.md"
    for name, sample in zip(("usage.csv", "report.csv"), blocks(page, "csv"), strict=True):
        (place.folder / name).write_text(sample, encoding="utf-8")
    return place


def _with_the_example(root: Path) -> Place:
    place = example(root)
    place.prepare(".venv/bin/pip install -e .")
    return place


def _with_targets(root: Path) -> Place:
    """The example, and the targets that the page shows."""
    place = _with_the_example(root)
    [targets] = blocks(PROJECT / "docs/writing-targets.md", "yaml")
    (place.folder / "targets.yaml").write_text(targets, encoding="utf-8")
    return place


def _look_in_each_different_piece(place: Place) -> None:
    """The change that the page tells of."""
    path = place.folder / "wordcount.py"
    before = "    return Counter(_WORD.findall(text.lower()))\n"
    after = """\
    counts: Counter[str] = Counter()
    for piece, times in Counter(text.lower().split(" ")).items():
        for word in _WORD.findall(piece):
            counts[word] += times
    return counts
"""
    text = path.read_text(encoding="utf-8")
    assert before in text
    path.write_text(text.replace(before, after), encoding="utf-8")


def _commit_the_layout(place: Place) -> None:
    """One layout more in data/layouts is a change of the tree: a comparison tells the bytes that
    reading it takes, and calls it slower.
    """
    Repository(place.folder).commit({})


@cache
def _a_mutant() -> Mutant:
    """One of those that are tried each week, of the room with the fewest tests: all of them are run
    without it, too.
    """
    return min(drawn(0), key=lambda mutant: len(nearby(mutant.room)))


SAMPLE = "data/samples/att_bill_1.csv"

READERS = {
    "README.md": Reader(
        _project,
        {"FILE": SAMPLE},
        before={
            ".venv/bin/pipeline-perf bench compare HEAD --scenario csv_100k": _commit_the_layout
        },
    ),
    "CONTRIBUTING.md": Reader(_to_be_set_up),
    "adding-a-layout.md": Reader(_with_samples),
    "adding-a-workload.md": Reader(example, {"YOUR_FOLDER": "."}),
    "how-it-works.md": Reader(_with_a_lake, {"FILE": SAMPLE}),
    "runbook.md": Reader(
        _on_call,
        {
            "FILE": SAMPLE,
            "GOOD": "HEAD~1",
            "BAD": "HEAD",
            "REV": "HEAD",
            "NAME": "csv_1k",
            "ID": "$(ls data/results | grep parquet | tail -n 1 | cut -d. -f1)",
            "MODULE": lambda: _a_mutant().module,
            "LINE": lambda: str(_a_mutant().line),
        },
    ),
    "tuning.md": Reader(
        _with_the_example,
        before={
            "pipeline-perf bench compare HEAD --scenario long_text --pairs 12": (
                _look_in_each_different_piece
            )
        },
    ),
    "writing-targets.md": Reader(_with_targets),
}

WORD = re.compile(r"\b[A-Z][A-Z_]+\b")


def typed(command: str, words: Mapping[str, str | Callable[[], str]]) -> str:
    """A command with what stands for its words in capitals."""

    def instead(word: re.Match[str]) -> str:
        value = words.get(word[0], word[0])
        return value if isinstance(value, str) else value()

    return WORD.sub(instead, command)
