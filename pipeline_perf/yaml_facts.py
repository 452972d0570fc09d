"""YAML files of facts, read strictly into frozen dataclasses: the type hints say what may stand
where, and every slip of a file is told at once, with its line and its remedy.

Here belongs what holds for any such file: keys, types, what is missing, doubled or empty. What one
kind of file means, its short forms and what types cannot say of it, is told by who reads it.
"""

from __future__ import annotations

import dataclasses
import functools
import math
import re
import types
import typing
from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from pipeline_perf.errors import ProjectError
from pipeline_perf.numbers import count

#: Keys and positions that lead from the file's root to what is meant: ("tables", 0, "fields").
Place = tuple[str | int, ...]
#: What is wrong at a place, as "problem; remedy".
Slip = tuple[Place, str]

#: Types that may be written as one word in place of a mapping → what makes one of that word;
#: it raises ValueError, "problem; remedy", for a word that it does not take.
Short = Mapping[Any, Callable[[str], Any]]

Facts = TypeVar("Facts")
Node = Any  # of yaml, which is imported where it is used: many a start needs no file of facts

_NOTHING: Mapping[Any, Any] = types.MappingProxyType({})

#: How alike (difflib's ratio) a key must be to one that is taken for what was meant: `titel` and
#: `title` are by 0.8, `depth` and `width` by 0.6.
_ALIKE = 0.7

#: Characters of a value that a message repeats.
_SHOWN = 60

#: Bytes of a file and depth of its lists and mappings beyond which nobody wrote it. The
#: library takes minutes for tens of megabytes, and some ten thousand deep it ends the process.
_BYTES, _DEPTH = 1 << 20, 5_000


class FactsError(ProjectError):
    """A file of facts that cannot be used as it is written, for one reason or several.

    `slips` tells them all, a line of text each, in the order of their lines; the attributes are
    those of the first.
    """

    code = "facts"

    def __init__(
        self,
        problem: str,
        remedy: str = "",
        *,
        file: str = "",
        line: int | None = None,
        others: Iterable[str] = (),
    ) -> None:
        super().__init__(problem, remedy, file=file, line=line)
        self.slips: tuple[str, ...] = (str(self.args[0]), *others)

    def __str__(self) -> str:
        return "\n".join(self.slips)


def read(
    path: Path,
    kind: type[Facts],
    error: type[FactsError],
    *,
    short: Short = _NOTHING,
    check: Callable[[Facts], Iterable[Slip]] | None = None,
) -> Facts:
    """The facts of one file: a dataclass, or a tuple of one, as its root says.

    Keys are the dataclass's fields; a description of a field (Annotated) is shown where its value
    is refused. A single value may stand for a tuple of one. `check` says what types cannot say of
    facts whose form is right. Raises `error` for a file that cannot be read, is no YAML, or has
    slips; what a dataclass refuses itself (ValueError in `__post_init__`) is one on the line where
    its mapping begins.

    >>> import tempfile
    >>> @dataclasses.dataclass(frozen=True)
    ... class Shelf:
    ...     width: typing.Annotated[int, "in mm"]
    ...     books: tuple[str, ...] = ()
    >>> folder = tempfile.TemporaryDirectory()
    >>> path = Path(folder.name, "shelf.yaml")
    >>> path.write_text("width: 800\\nbooks: [Emma]\\n") and read(path, Shelf, FactsError)
    Shelf(width=800, books=('Emma',))
    >>> path.write_text("width: wide\\nbook: Emma\\n") and None
    >>> read(path, Shelf, FactsError)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    pipeline_perf.yaml_facts.FactsError: ...line 1: width is 'wide'; write a whole number (in mm)
    ...shelf.yaml, line 2: unknown key 'book'; write 'books'; known here: books, width
    >>> folder.cleanup()
    """

    hint: Any = kind

    def build(reading: _Reading, root: Node) -> Facts:
        return typing.cast(Facts, _reader(hint)(reading, root, None))

    entry, *_ = (*typing.get_args(hint), hint)
    wanted = f"write at least {', '.join(_form(entry).required)}"
    return _facts(path, error, short, check, build, wanted)


def read_sections(
    path: Path,
    kind: type[Facts],
    error: type[FactsError],
    keys: tuple[str, str],
    *,
    short: Short = _NOTHING,
    check: Callable[[list[Facts]], Iterable[Slip]] | None = None,
) -> list[Facts]:
    """The facts of a file of sections, each a mapping whose keys name its entries, in their order.

    `keys` are the fields of `kind` that take the section's key and the entry's, such as ("tier",
    "name"); no two entries of the file have the same. All else is as for `read`.
    """
    outer, inner = keys
    cls: Any = kind
    form = _form(cls)
    needed = [name for name in form.required if name not in keys]
    entries_wanted = f"{inner}s, each with at least {', '.join(needed)}"
    wanted = f"write {outer}s, each with {entries_wanted}"

    def build(reading: _Reading, root: Node) -> list[Facts]:
        entries: list[Facts] = []
        lines: dict[str, int] = {}  # of all entries: their names are the file's
        for title, section in reading.pairs(root, None, wanted, {}):
            given = form.keys[outer].read(reading, title, _Where(outer))
            where = _Where(title.value)
            for name, entry in reading.pairs(section, where, f"write {entries_wanted}", lines):
                taken = {outer: given, inner: name.value}
                entries.append(_record(cls, reading, entry, _Where(name.value), taken))
        return entries

    return _facts(path, error, short, check, build, wanted)


def line(node: Node, place: Place) -> int:
    """The line, counted from 1, of a place below a YAML node, or of the last part on the way to it
    that is written out.
    """
    at = node.start_mark.line
    for step in place:
        if node.id == "sequence" and isinstance(step, int):
            node = node.value[step]
            at = node.start_mark.line
        elif node.id == "mapping" and isinstance(step, str):
            pair = next(((key, child) for key, child in node.value if key.value == step), None)
            if pair is None:
                break
            at, node = pair[0].start_mark.line, pair[1]
        # else: one value that stands without its list
    return int(at) + 1


def _facts(
    path: Path,
    error: type[FactsError],
    short: Short,
    check: Callable[[Facts], Iterable[Slip]] | None,
    build: Callable[[_Reading, Node], Facts],
    wanted: str,
) -> Facts:
    root = _composed(path, error)
    if root is None:
        raise error("the file is empty", wanted, file=str(path))
    reading = _Reading(short)
    facts = build(reading, root)
    slips = reading.slips
    if check and not slips:
        slips = [(line(root, place), message) for place, message in check(facts)]
    if slips:
        (at, message), *others = sorted(slips, key=lambda slip: slip[0])
        problem, _, remedy = message.partition("; ")
        more = [f"{path}, line {number}: {said}" for number, said in others]
        raise error(problem, remedy, file=str(path), line=at, others=more)
    return facts


def _composed(path: Path, error: type[FactsError]) -> Node | None:
    """The nodes of a file with their lines; None where nothing is written in it."""
    import yaml

    loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # ten times as fast, where it is
    text = ""
    try:
        with path.open("rb") as file:
            data = file.read(_BYTES + 1)
        if len(data) > _BYTES:
            raise error(
                f"longer than {_BYTES // 2**20} MiB, as no file of facts is",
                "check what the file is",
                file=str(path),
            )
        text = data.decode("utf-8")
        if sum(map(text.count, "[{-?")) > _DEPTH and _is_deep(yaml.parse(text, Loader=loader)):
            raise error(
                f"nested more than {count(_DEPTH)} deep",
                "check its brackets and dashes",
                file=str(path),
            )
        return yaml.compose(text, Loader=loader)
    except OSError as fault:
        problem = f"cannot be read ({fault.strerror})"
        raise error(problem, "give the path of a YAML file", file=str(path)) from fault
    except yaml.MarkedYAMLError as fault:
        # where the text ends too early, a mark is a line behind it
        last = len(text.splitlines()) - 1
        begun, noticed = (
            None if mark is None else min(mark.line, last) + 1
            for mark in (fault.context_mark, fault.problem_mark)
        )
        context = f"{fault.context} of line {begun}, " if begun else ""
        raise error(
            f"not readable as YAML ({context}{fault.problem})",
            "check indentation, brackets and quotes there",
            file=str(path),
            line=noticed,
        ) from fault
    except (yaml.YAMLError, UnicodeDecodeError) as fault:
        problem = f"not readable as YAML ({' '.join(str(fault).split())})"
        raise error(problem, "save it as text in UTF-8", file=str(path)) from fault


def _is_deep(events: Iterable[Any]) -> bool:
    import yaml

    depth = 0
    for event in events:
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        if depth > _DEPTH:
            return True
    return False


# --------------------------------------------------------------------------- what forms there are


class _Where(NamedTuple):
    """The key that is read, for messages."""

    name: str
    meaning: str = ""
    above: _Where | None = None

    def __str__(self) -> str:
        return f"{self.above}.{self.name}" if self.above else self.name


class _Reading:
    """One file while it is read: its short forms, and what was wrong so far."""

    def __init__(self, short: Short) -> None:
        self.short = short
        self.slips: list[tuple[int, str]] = []

    def slip(self, node: Node, where: object, message: str) -> None:
        at = node.start_mark.line + 1
        self.slips.append((at, f"{where}: {message}" if where else message))

    def wrong(self, node: Node, where: _Where | str, wanted: str) -> None:
        """A value that is none of what may stand there."""
        meaning = _brackets(where.meaning) if isinstance(where, _Where) else ""
        self.slip(node, "", f"{where} {_as_written(node)}; {wanted}{meaning}")

    def pairs(
        self, node: Node, where: _Where | None, wanted: str, lines: dict[str, int]
    ) -> Iterable[tuple[Node, Node]]:
        """Keys and values of a mapping, each key once; `lines` gets the keys' lines, and has
        those of keys that may not come again.
        """
        if node.id != "mapping":
            self.wrong(node, where or "the file", wanted)
            return
        for key, child in node.value:
            if key.id != "scalar":
                self.slip(key, where, "a key must be a word; write no list or mapping there")
            elif key.value in lines:
                first = f"first on line {lines[key.value]}"
                self.slip(key, where, f"{key.value!r} is given twice, {first}; keep one")
            else:
                lines[key.value] = key.start_mark.line + 1
                yield key, child


_Read = Callable[[_Reading, Node, "_Where | None"], Any]


class _Key(NamedTuple):
    read: _Read
    meaning: str


class _Form(NamedTuple):
    """The keys of a dataclass, and those that it cannot do without."""

    keys: Mapping[str, _Key]
    required: tuple[str, ...]


@functools.cache
def _form(cls: type) -> _Form:
    hints = typing.get_type_hints(cls, include_extras=True)
    keys, required = {}, []
    for field in dataclasses.fields(cls):
        hint = hints[field.name]
        notes = getattr(hint, "__metadata__", ())
        meaning = next((note for note in notes if isinstance(note, str)), "")
        keys[field.name] = _Key(_reader(hint), meaning)
        if field.default is field.default_factory is dataclasses.MISSING:
            required.append(field.name)
    return _Form(keys, tuple(required))


def _noun(cls: type) -> str:
    """A dataclass's name as a word of a message: DatasetSpec → dataset spec."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", cls.__name__).lower()


def _brackets(meaning: str) -> str:
    return f" ({meaning})" if meaning else ""


def _as_written(node: Node) -> str:
    if node.id != "scalar":
        return {"sequence": "is a list", "mapping": "is a mapping"}[node.id]
    if not node.value and not node.style:
        return "is empty"
    text = node.value if len(node.value) <= _SHOWN else f"{node.value[:_SHOWN]}…"
    return f"is {text!r}"


@functools.cache
def _reader(hint: Any) -> _Read:
    """What reads a value of a type; where it cannot, it notes a slip and what it returns is
    nothing.
    """
    origin, args = typing.get_origin(hint), typing.get_args(hint)
    if origin is typing.Annotated:
        return _reader(args[0])
    if origin in (typing.Union, types.UnionType):
        (value,) = (arg for arg in args if arg is not types.NoneType)
        return functools.partial(_optional, _reader(value))
    if origin is typing.Literal:
        return functools.partial(_choice, args)
    if origin is tuple and args[-1] is Ellipsis:
        return functools.partial(_list, _reader(args[0]))
    if origin is tuple:
        return functools.partial(_row, tuple(map(_reader, args)))
    if origin is not None and issubclass(origin, Mapping):
        return functools.partial(_mapping, _reader(args[1]))
    if dataclasses.is_dataclass(hint):
        return functools.partial(_record, typing.cast(type, hint))
    return _SCALARS[hint]


# --------------------------------------------------------------------------- mappings and lists


def _record(
    cls: type,
    reading: _Reading,
    node: Node,
    where: _Where | None,
    given: Mapping[str, Any] = _NOTHING,
) -> Any:
    """An instance of a dataclass; `given` are the fields that stand elsewhere."""
    if node.id == "scalar" and cls in reading.short and _as_written(node) != "is empty":
        return _made(functools.partial(reading.short[cls], node.value), reading, node, where)
    form, before = _form(cls), len(reading.slips)
    if node.id != "mapping":
        keys = ", ".join(name for name in form.required or form.keys if name not in given)
        wanted = f"write a mapping with keys such as {keys}"
        reading.wrong(node, where or f"the {_noun(cls)}", wanted)
        return None
    values, lines, near = dict(given), dict[str, int](), set[str]()
    for key, child in reading.pairs(node, where, "", lines):
        name = key.value
        if name in form.keys and name not in given:
            value, meaning = form.keys[name]
            values[name] = value(reading, child, _Where(name, meaning, where))
        else:
            near |= _unknown(reading, key, where, form, form.keys.keys() - given.keys())
    there = {*lines, *given, *near}  # whatever is wrong with it
    if absent := [name for name in form.required if name not in there]:
        to_add = " and ".join(f"`{name}:`{_brackets(form.keys[name].meaning)}" for name in absent)
        reading.slip(node, where, f"the {_noun(cls)} lacks {', '.join(absent)}; add {to_add}")
    if len(reading.slips) > before:
        return None
    return _made(functools.partial(cls, **values), reading, node, where)


def _made(make: Callable[[], Any], reading: _Reading, node: Node, where: _Where | None) -> Any:
    try:
        return make()
    except ValueError as error:
        reading.slip(node, where, str(error))
        return None


def _unknown(
    reading: _Reading, key: Node, where: _Where | None, form: _Form, known: Collection[str]
) -> set[str]:
    """Tell of a key that is none of those known; the one that may be meant, if there is one."""
    import difflib

    near = difflib.get_close_matches(key.value, known, n=1, cutoff=_ALIKE)
    meant = "".join(f"write {name!r}{_brackets(form.keys[name].meaning)}; " for name in near)
    others = ", ".join(sorted(known))
    reading.slip(key, where, f"unknown key {key.value!r}; {meant}known here: {others}")
    return set(near)


def _mapping(value: _Read, reading: _Reading, node: Node, where: _Where) -> Any:
    return {
        key.value: value(reading, child, _Where(key.value, where.meaning, where))
        for key, child in reading.pairs(node, where, "write a mapping", {})
    }


def _list(value: _Read, reading: _Reading, node: Node, where: _Where | None) -> Any:
    nodes = node.value if node.id == "sequence" else [node]
    return tuple([value(reading, child, where) for child in nodes])


def _row(values: tuple[_Read, ...], reading: _Reading, node: Node, where: _Where) -> Any:
    if node.id != "sequence" or len(node.value) != len(values):
        reading.wrong(node, where, f"write a list of {len(values)} values")
        return None
    pairs = zip(values, node.value, strict=True)
    return tuple([value(reading, child, where) for value, child in pairs])


# --------------------------------------------------------------------------- single values


def _optional(value: _Read, reading: _Reading, node: Node, where: _Where) -> Any:
    if node.id == "scalar" and node.tag.endswith(":null"):
        if not node.value:
            wanted = "write null where nothing is meant, or leave the line out"
            reading.wrong(node, where, wanted)
        return None
    return value(reading, node, where)


def _choice(options: tuple[str, ...], reading: _Reading, node: Node, where: _Where) -> Any:
    if node.id == "scalar" and node.value in options:
        return node.value
    reading.wrong(node, where, f"choose one of {', '.join(options)}")
    return None


def _text(reading: _Reading, node: Node, where: _Where) -> Any:
    if node.id != "scalar":
        reading.wrong(node, where, "write a single value")
        return None
    if not node.value and not node.style:
        reading.wrong(node, where, "write '' where that is meant")
        return None
    return node.value


def _scalar(parse: Callable[[str], Any], wanted: str) -> _Read:
    """What reads a value that `parse` makes of its text, or refuses by ValueError."""

    def read(reading: _Reading, node: Node, where: _Where) -> Any:
        try:
            return parse(node.value if node.id == "scalar" else "")
        except ValueError:
            reading.wrong(node, where, f"write {wanted}")
            return None

    return typing.cast(_Read, read)


def _finite(text: str) -> float:
    if not math.isfinite(number := float(text)):
        raise ValueError
    return number


def _truth(text: str) -> bool:
    if text not in ("true", "false"):
        raise ValueError
    return text == "true"


_SCALARS: dict[Any, _Read] = {
    str: typing.cast(_Read, _text),
    bool: _scalar(_truth, "true or false"),
    int: _scalar(int, "a whole number"),
    float: _scalar(_finite, "a number"),
    date: _scalar(date.fromisoformat, "a date such as 2026-03-01"),
}
