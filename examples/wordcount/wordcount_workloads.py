"""What the lab measures of wordcount.

Only the lab imports this module, so that wordcount itself needs no lab.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pipeline_perf.bench import Correctness, Output, Workload

SENTENCE = "The lab's clock does not stop, and the words do not end. "
WORDS = 12


def workloads() -> list[Workload]:
    """Named by the entry point in setup.py."""
    sentences = 500_000
    return [
        Workload(
            "wordcount.long_text",
            command=("{python}", "-m", "wordcount", "{scratch}/text.txt"),
            params={"sentences": sentences},
            unit="words",
            units=sentences * WORDS,
            prepare=write_text,
            check=every_word_counted,
        )
    ]


def write_text(scratch: Path, params: Mapping[str, Any]) -> None:
    """Before each repetition, and not measured."""
    (scratch / "text.txt").write_text(SENTENCE * params["sentences"], encoding="utf-8")


def every_word_counted(output: Output) -> Correctness:
    """After each repetition: a fast count that is wrong is no result.

    Its values stand beside the speed.
    """
    counts = {
        word: int(number) for number, word in (line.split() for line in output.stdout.splitlines())
    }
    expected = output.params["sentences"] * WORDS
    return Correctness(
        sum(counts.values()) == expected,
        f"{sum(counts.values())} words of {expected}",
        {"distinct": len(counts)},
    )
