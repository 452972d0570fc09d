from datetime import date
from pathlib import Path

import pytest

from pipeline_perf.bench.follow.levels import Acknowledgement, LevelError, Levels

SINCE = date(2026, 3, 1)


def test_what_was_acknowledged_is_read_back_in_order(tmp_path: Path) -> None:
    levels = Levels(tmp_path, "abc")
    assert levels.acknowledged() == []
    first = levels.acknowledge("job.x seconds", SINCE, " A. Nother ", "exact sums: 4 % – worth it")
    second = levels.acknowledge("job.y seconds", SINCE, "A. Nother", "the same")
    assert first == Acknowledgement(
        "job.x seconds", SINCE, "A. Nother", "exact sums: 4 % – worth it"
    )
    assert Levels(tmp_path, "abc").acknowledged() == [first, second]


def test_the_file_can_be_read_and_written_by_hand(tmp_path: Path) -> None:
    levels = Levels(tmp_path, "abc")
    levels.acknowledge("job.x seconds", SINCE, "A. Nother", "worth it")
    assert (
        levels.path.read_text(encoding="utf-8")
        == "- metric: job.x seconds\n  since: 2026-03-01\n  by: A. Nother\n  note: worth it\n"
    )
    levels.path.write_text(
        "- {metric: job.y seconds, since: 2026-04-01, by: B, note: by hand}\n", encoding="utf-8"
    )
    assert levels.acknowledged() == [
        Acknowledgement("job.y seconds", date(2026, 4, 1), "B", "by hand")
    ]
    assert [path.name for path in levels.path.parent.iterdir()] == ["abc.yaml"]


def test_machines_are_kept_apart(tmp_path: Path) -> None:
    Levels(tmp_path, "abc").acknowledge("job.x seconds", SINCE, "A", "b")
    assert Levels(tmp_path, "def").acknowledged() == []


@pytest.mark.parametrize(("by", "note"), [("", "why"), ("who", " ")])
def test_nobody_or_no_reason_acknowledges_nothing(tmp_path: Path, by: str, note: str) -> None:
    with pytest.raises(LevelError, match="say who"):
        Levels(tmp_path, "abc").acknowledge("job.x seconds", SINCE, by, note)
    assert not (tmp_path / "levels").exists()


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "empty; write at least metric, since, by, note"),
        ("[", "not readable as YAML"),
        ("a: b", "unknown key 'a'; known here: by, metric, note, since"),
        ("- {metric: m, since: 2026-01-01, by: x}", "line 1: .* lacks note; add `note:`"),
        ("- {metric: m, since: yesterday, by: x, note: y}", "is 'yesterday'; write a date such as"),
        ("- 5", "write a mapping with keys such as metric, since, by, note"),
    ],
)
def test_a_damaged_file_is_named_with_what_is_wrong(
    tmp_path: Path, text: str, problem: str
) -> None:
    levels = Levels(tmp_path, "abc")
    levels.path.parent.mkdir()
    levels.path.write_text(text, encoding="utf-8")
    with pytest.raises(LevelError, match=problem) as found:
        levels.acknowledged()
    assert str(levels.path) in str(found.value)


def test_a_machine_without_a_fingerprint_is_refused(tmp_path: Path) -> None:
    with pytest.raises(LevelError, match="fingerprint"):
        Levels(tmp_path, "../elsewhere")
