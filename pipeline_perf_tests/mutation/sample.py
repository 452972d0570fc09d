"""Which mutants are tried: small faults, drawn by the text of their lines so that the sample stays.

Pure: source text in, mutants out. The changes are Cosmic Ray's. Trying them is `trials`' business.
"""

from __future__ import annotations

import ast
import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from cosmic_ray import plugins
from cosmic_ray.ast import ast_nodes, get_ast
from cosmic_ray.mutating import mutate_code
from cosmic_ray.operators.operator import Operator

Position = tuple[int, int]

#: Of Cosmic Ray's operators, those whose mutants are faults that somebody could write. Left out:
#: what only a TypeError can follow (bits of floats), what fills the memory (powers, shifts),
#: `is` for `==` (the same for small values), and the removal of decorators (a cache is for speed).
USED = re.compile(
    r"""core/(
        AddNot | NumberReplacer | ExceptionReplacer | ZeroIterationForLoop
        | Replace(AndWithOr|OrWithAnd|TrueWithFalse|FalseWithTrue|(Break|Continue)With\w+)
        | ReplaceUnaryOperator_Delete_\w+
        | ReplaceComparisonOperator_(Is_IsNot|IsNot_Is|(Eq|NotEq|[LG]tE?)_(Eq|NotEq|[LG]tE?))
        | ReplaceBinaryOperator_((Add|Sub|Mul|Div|FloorDiv|Mod)_(Add|Sub|Mul|Div))
        | ReplaceBinaryOperator_(BitAnd_BitOr|BitOr_BitAnd)
    )""",
    re.VERBOSE,
)


@dataclass(frozen=True)
class Mutant:
    """One change of one line: number `occurrence` of what `operator` can change in `module`.

    `equivalent` is why it was judged to be no change at all, and empty where it was not.
    """

    room: str
    module: str
    line: int
    before: str
    after: str
    operator: str
    occurrence: int
    equivalent: str = ""

    @property
    def place(self) -> str:
        return f"{self.module}:{self.line}"


def sample(
    room: str,
    sources: Mapping[str, str],
    number: int,
    seed: int = 0,
    equivalent: Mapping[tuple[str, str, str], str] | None = None,
) -> list[Mutant]:
    """`number` mutants of a room's modules (path → text), one of each place at most, and those met
    on the way that were judged `equivalent` (module, line before, line after → why).

    Places are drawn by a hash of the line's text, not by where it stands: an edit, or a move of the
    file, changes the sample only where it changes lines, and scores of different weeks compare.
    """
    places = sorted(
        (_rank(seed, text, column), module, position, text, changes)
        for module, source in sources.items()
        for position, column, text, changes in _places(source)
    )
    drawn: list[Mutant] = []
    wanted = number
    for _, module, _, text, changes in places:
        for operator, occurrence in sorted(changes, key=lambda change: _rank(seed, text, *change)):
            change = _changed_line(sources[module], operator, occurrence) if wanted else None
            if change:
                line, before, after = change
                why = (equivalent or {}).get((module, before, after), "")
                drawn.append(Mutant(room, module, line, before, after, operator, occurrence, why))
                wanted -= not why
                break
    return drawn


def _places(source: str) -> Iterator[tuple[Position, int, str, list[tuple[str, int]]]]:
    """Each piece of source that can be changed: where it stands, its column without indentation,
    the text of its line, and the changes: operators, with the number of their occurrence.
    """
    lines, silent = source.splitlines(), list(_silent(ast.parse(source)))
    nodes = list(ast_nodes(get_ast(source)))
    changes: dict[Position, list[tuple[str, int]]] = {}
    for name, operator in _operators().items():
        starts = (start for node in nodes for start, _ in operator.mutation_positions(node))
        for occurrence, start in enumerate(starts):
            changes.setdefault(start, []).append((name, occurrence))
    for start, possible in changes.items():
        line, column = lines[start[0] - 1], start[1]
        # a star that stands alone, before keyword-only parameters, passes for a product
        alone = line[column:].startswith("*,")
        if not alone and not any(first <= start < last for first, last in silent):
            yield start, column - len(line) + len(line.lstrip()), line.strip(), possible


@cache
def _operators() -> Mapping[str, Operator]:
    names = (name for name in plugins.operator_names() if USED.fullmatch(name))
    return {name: plugins.get_operator(name)() for name in names}


def _changed_line(source: str, operator: str, occurrence: int) -> tuple[int, str, str] | None:
    """Number of the line that a change changes, before and after; None where the outcome is no
    program, or the same.
    """
    try:
        mutated = mutate_code(source, _operators()[operator], occurrence)
    except AttributeError:  # Cosmic Ray takes no dotted name among several exceptions
        return None
    try:
        if mutated is None or ast.dump(ast.parse(source)) == ast.dump(ast.parse(mutated)):
            return None
    except SyntaxError:
        return None
    pairs = zip(source.splitlines(), mutated.splitlines(), strict=False)
    number, before, after = next(
        (n, *pair) for n, pair in enumerate(pairs, 1) if pair[0] != pair[1]
    )
    return number, before.strip(), after.strip()


def _silent(tree: ast.Module) -> Iterator[tuple[Position, Position]]:
    """Where a change changes nothing that the program does: types, decorators, `strict=True`; and
    what an error says.
    """
    for node in ast.walk(tree):
        for decorator in getattr(node, "decorator_list", ()):
            yield _span(decorator)
        match node:
            case (
                ast.Raise()
                | ast.If(test=ast.Name(id="TYPE_CHECKING"))
                | ast.keyword(arg="strict")
                | ast.arg(annotation=ast.expr())
            ):
                yield _span(node)
            case ast.AnnAssign(annotation=type_) | ast.FunctionDef(returns=ast.expr() as type_):
                yield _span(type_)


def _span(node: Any) -> tuple[Position, Position]:
    return (node.lineno, node.col_offset), (node.end_lineno, node.end_col_offset)


def _rank(seed: int, *parts: object) -> str:
    return hashlib.sha256(repr((seed, *parts)).encode()).hexdigest()
