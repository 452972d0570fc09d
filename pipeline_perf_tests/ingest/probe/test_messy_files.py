"""The probe over seeded messy files whose truth is known, and over damaged ones, for which any
answer will do.
"""

from __future__ import annotations

import random
import tracemalloc
from pathlib import Path

import pytest

from pipeline_perf.ingest.container.content import Content
from pipeline_perf.ingest.container.source import Source
from pipeline_perf.ingest.probe.probe import HEAD_BYTES, Probe, probe
from pipeline_perf_tests.ingest.probe.encoded_files import ENCODINGS, encoded_file
from pipeline_perf_tests.ingest.probe.messy_files import Messy, main, messy
from pipeline_perf_tests.ingest.probe.score_probe import annotations, score, told

#: Seeds that nothing was tuned on.
SEEDS = range(50_000, 50_300)


def look(data: bytes, path: Path) -> Probe:
    path.write_bytes(data)
    return probe(Content(Source(path)))


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[Messy, Probe]]:
    path = tmp_path_factory.mktemp("messy") / "messy.csv"
    made = [messy(seed) for seed in SEEDS]
    return [(one, look(one.data, path)) for one in made]


def share(answers: list[bool]) -> float:
    return sum(answers) / len(answers)


def test_delimiters_and_quotes_are_found(found: list[tuple[Messy, Probe]]) -> None:
    assert (
        share([(made.delimiter, made.quote) == (one.delimiter, one.quote) for made, one in found])
        >= 0.95
    )


def test_preamble_and_header_are_found_too(found: list[tuple[Messy, Probe]]) -> None:
    facts = [
        (made.delimiter, made.quote, made.preamble_lines, made.header_lines)
        == (one.delimiter, one.quote, one.preamble_lines, one.header_lines)
        for made, one in found
    ]
    assert share(facts) >= 0.92


def test_footers_and_further_tables_are_counted(found: list[tuple[Messy, Probe]]) -> None:
    known = [(made, one) for made, one in found if made.delimiter == one.delimiter]
    assert share([made.footer_lines == one.footer_lines for made, one in known]) >= 0.95
    assert share([made.tables == one.tables for made, one in known]) >= 0.95


@pytest.mark.parametrize(
    "kind",
    [
        "preamble",
        "footer",
        "several tables",
        "ragged",
        "width changes",
        "open quote",
        "types",
        "units",
        "backslashes",
    ],
)
def test_no_kind_of_mess_is_the_weak_one(kind: str, found: list[tuple[Messy, Probe]]) -> None:
    having = [(made, one) for made, one in found if kind in made.mess]
    assert len(having) > 3
    assert (
        share([(made.delimiter, made.quote) == (one.delimiter, one.quote) for made, one in having])
        >= 0.85
    )


def test_files_and_annotations_are_scored(tmp_path: Path) -> None:
    main(tmp_path, 30)
    total, missing = score(annotations(tmp_path))
    assert (missing, total.asked) == (
        0,
        {"delimiter and quote": 30, "preamble_lines": 30, "header_lines": 30, "all four": 30},
    )
    assert total.right["all four"] >= 24
    (tmp_path / "messy_00003.csv").unlink()
    assert "1 annotated files are absent" in told("suite", *score(annotations(tmp_path)))
    assert "not measured" in told("suite", *score(annotations(tmp_path / "absent")))


PUT_IN = (
    b'"',
    b"'",
    b"\\",
    b"\0",
    b"\r",
    b"\n",
    b"\xff",
    b"\xef\xbb\xbf",
    b",",
    b"\x1b[2J",
    b" " * 90,
)


def damaged(data: bytes, rng: random.Random) -> bytes:
    """The data with bytes flipped, cut out, repeated, or put in."""
    for _ in range(rng.randint(1, 6)):
        a = rng.randrange(len(data) + 1)
        b = min(len(data), a + rng.choice((1, 1, 2, 3, 40, 3000)))
        data = rng.choice((
            data[:a] + rng.randbytes(b - a) + data[b:],
            data[:a] + data[b:],
            data[:b] + data[a:b] * rng.randint(1, 3) + data[b:],
            data[:a] + rng.choice(PUT_IN) + data[a:],
        )) or b"\n"  # fmt: skip
    return data


@pytest.mark.slow
def test_damaged_files_have_an_answer_each(tmp_path: Path) -> None:
    rng = random.Random("damaged")
    sound = [messy(seed).data for seed in range(60)] + [
        encoded_file(codec, words, rng).data for codec, words in ENCODINGS
    ]
    for number in range(1500):
        data = damaged(sound[number % len(sound)], rng)
        one = look(data, tmp_path / "damaged")
        if one.container == "text":
            assert one.preamble_lines + one.header_lines <= len(one.head)
            assert one.footer_lines <= max(len(one.head), len(one.tail))
            assert 0 <= one.confidence <= 1
            assert one.columns or not one.tables


@pytest.mark.parametrize(
    "data",
    [
        b'"' * 200_000, b"'," * 100_000, b"a,b\n1;2\n" * 20_000, b"\n" * 200_000, b"\\,\\" * 70_000,
        b"a|b,c;d\te~f:g h@i#j\n" * 10_000,
        b'1,"\n' * 50_000, b"1,2\n1,2,3,4,5\n" * 15_000, bytes(range(128, 256)) * 1000,
        b"\xb0\xa1" * 100_000, b" " * 200_000 + b"x",
        b"#" * 200_000, b"\xe9," + b" " * 200_000, b"a\xe9,b\n" * 40_000,
        "ě;š\n".encode("cp1250") * 50_000,
    ],
    ids=range(15),
)  # fmt: skip
def test_tedious_files_take_no_more_memory_than_samples_do(data: bytes, tmp_path: Path) -> None:
    (tmp_path / "large").write_bytes(data)
    probe(Content(Source(tmp_path / "large")))
    tracemalloc.start()
    probe(Content(Source(tmp_path / "large")))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 400 * HEAD_BYTES
