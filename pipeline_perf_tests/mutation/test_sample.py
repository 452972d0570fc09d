"""What is mutated, what is left alone, and that the sample stays put."""

from __future__ import annotations

import pytest
import yaml

from pipeline_perf_tests.mutation.__main__ import ROOMS, TREE, drawn
from pipeline_perf_tests.mutation.sample import Mutant, sample

SOURCE = '''
"""Says 1 and 2."""
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import far

LIMIT: "int | None" = 7

@cached(maxsize=3)
def grown(size: "int | None" = None, *, by: int | None = None) -> int | None:
    if size is None and not by:
        raise ValueError(f"{1 + 1} sizes" + str(3 > 2))
    return size + LIMIT
'''


def of(source: str, number: int = 99, seed: int = 0, module: str = "a/grown.py") -> list[Mutant]:
    return sample("room", {module: source}, number, seed)


def changes(mutants: list[Mutant]) -> set[tuple[str, str]]:
    return {(mutant.before, mutant.after) for mutant in mutants}


def test_types_decorators_and_what_an_error_says_are_left_alone() -> None:
    assert {mutant.before for mutant in of(SOURCE)} == {
        'LIMIT: "int | None" = 7',
        "if size is None and not by:",
        "return size + LIMIT",
    }


def test_every_mutant_changes_the_line_that_it_names_and_no_two_are_the_same() -> None:
    mutants = of(SOURCE)
    assert len(mutants) == len(changes(mutants)) > 4
    for mutant in mutants:
        assert SOURCE.splitlines()[mutant.line - 1].strip() == mutant.before != mutant.after


def test_a_moved_and_edited_module_gives_the_same_mutants_and_another_seed_gives_others() -> None:
    edited = "import os\n" + SOURCE.replace("    return", "    with by:\n        return")
    three = changes(of(SOURCE, 3))
    assert three == changes(of(edited, 3, module="b/grow.py"))
    assert any(changes(of(SOURCE, 3, seed)) != three for seed in range(1, 9))


def test_what_was_judged_equivalent_says_why_and_takes_no_other_mutants_place() -> None:
    first, *others = of(SOURCE, 3)
    judged = {(first.module, first.before, first.after): "because"}
    drawn_again = sample("room", {"a/grown.py": SOURCE}, 3, 0, judged)
    assert [mutant.equivalent for mutant in drawn_again] == ["because", "", "", ""]
    assert drawn_again[1:3] == others


@pytest.mark.slow
def test_the_sample_has_150_mutants_beside_those_that_were_judged_equivalent() -> None:
    assert sum(not mutant.equivalent for mutant in drawn(seed=0)) >= 150


def test_what_was_judged_equivalent_still_stands_in_the_code_and_says_why() -> None:
    for judged in yaml.safe_load(ROOMS.read_text(encoding="utf-8"))["equivalent"]:
        assert len(judged["why"]) > 20
        lines = (TREE / judged["module"]).read_text(encoding="utf-8").splitlines()
        assert judged["before"] in map(str.strip, lines)


def test_exceptions_with_dotted_names_are_passed_by() -> None:
    source = "try:\n    f()\nexcept (a.B, a.C):\n    if x:\n        pass\n"
    assert {mutant.before for mutant in of(source)} == {"if x:"}
