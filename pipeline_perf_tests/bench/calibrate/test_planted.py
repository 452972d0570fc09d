import subprocess
import sys
from pathlib import Path

import pytest

from pipeline_perf.bench.calibrate.planted import PlantError, plant

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
