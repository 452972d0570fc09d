import subprocess
import sys
from pathlib import Path

import pytest

from pipeline_perf.bench.calibrate import planted
from pipeline_perf.bench.calibrate.planted import PlantError, plant, program_of, trials
from pipeline_perf.bench.measure.workload import Workload

pytestmark = pytest.mark.slow

SOURCE = '''class Reader:
    """Rows, one by one."""

    def rows(self, text):
        """Every row.

        Blank lines are none."""
        # what is left
        return [line for line in text.splitlines() if line]

    def one(self): return 1

def count(text):
    return len(Reader().rows(text))
'''


PROGRAM = """
def one():
    return sum(number * number for number in range(2_000))

def two():
    return sorted(str(number) for number in range(900))

for _ in range(3_000):
    one()
    two()
"""


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    path = tmp_path / "shop" / "reading.py"
    path.parent.mkdir()
    path.write_text(SOURCE, encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize("function", ["shop.reading:Reader.rows", "shop.reading:count"])
def test_a_planted_statement_runs_first_in_the_function_and_changes_nothing_else(
    tree: Path, function: str
) -> None:
    plant(tree, function, "print('planted')")
    assert (tree / "shop" / "reading.py").read_text(encoding="utf-8").replace(
        "print('planted')\n", ""
    ).split() == SOURCE.split()
    code = "from shop.reading import count; print(count('a\\n\\nb'))"
    printed = subprocess.run(
        [sys.executable, "-c", code], cwd=tree, capture_output=True, text=True, check=True
    ).stdout
    assert printed == "planted\n2\n"


def test_a_trial_runs_a_copy_and_names_what_was_planted(
    tmp_path: Path, lock: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "shop"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "__main__.py").write_text(PROGRAM, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    workload = Workload("shop.all", command=("{python}", "-m", "shop"))
    monkeypatch.syspath_prepend(str(tmp_path))
    program = program_of(workload)
    assert program.source == package
    for name, value in (("SHARES", (1.5, 1.5)), ("_PAIRS", 1), ("_TURNS", 1)):
        monkeypatch.setattr(planted, name, value)
    (trial,) = trials([program], 1, lock=lock, samples=1_000, within_s=10)
    assert trial.kind == "slower" and trial.function in ("shop.__main__:one", "shop.__main__:two")
    assert not trial.wrong and trial.measured > 0
    assert trial.right == (trial.first == trial.function)
    assert (package / "__main__.py").read_text(encoding="utf-8") == PROGRAM


def test_a_program_whose_source_is_not_found_is_told() -> None:
    with pytest.raises(PlantError, match="name a workload that runs"):
        program_of(Workload("test.shell", command=("/bin/true",)))


@pytest.mark.parametrize(
    "function",
    ["shop.reading:Reader.columns", "shop.reading:Reader.rows.deep", "shop.reading:Reader.one"],
)
def test_where_nothing_can_be_planted_the_error_says_so_and_the_source_stays(
    tree: Path, function: str
) -> None:
    with pytest.raises(
        PlantError, match=r"reading\.py.*(give module:Class\.function|choose another function)"
    ):
        plant(tree, function, "pass")
    assert (tree / "shop" / "reading.py").read_text(encoding="utf-8") == SOURCE
