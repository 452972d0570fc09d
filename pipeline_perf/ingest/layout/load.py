"""Layouts from YAML files, read strictly: file, line and remedy in every message.

What types cannot say of a layout is the work of `check`.
"""

from __future__ import annotations

import dataclasses
import functools
import types
import typing
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, Literal

from pipeline_perf.ingest.errors import LayoutError
from pipeline_perf.ingest.layout.model import Field, Layout

BUILT_IN = Path(__file__).parents[2] / "layouts"


# --------------------------------------------------------------------------- reading YAML


class _Slips(Exception):
    """What is wrong with a part of a layout: line and message of each."""

    def __init__(self, *found: tuple[int, str]) -> None:
        super().__init__(*found)
        self.found = found


def load(path: Path) -> Layout:
    """Read one layout.

    Raises LayoutError naming the file, each line and what to write there instead.
    """
    import yaml

    loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        node = yaml.compose(path.read_text(encoding="utf-8"), Loader=loader)
    except (yaml.YAMLError, UnicodeDecodeError, OSError) as error:
        raise LayoutError(
            f"{path}: not readable as YAML: {' '.join(str(error).split())}"
        ) from error
    if node is None:
        raise LayoutError(f"{path}: empty; a layout needs at least: {', '.join(_required(Layout))}")
    try:
        layout = typing.cast(Layout, _build(Layout, node, ""))
    except _Slips as error:
        raise _unusable(path, error.found) from None
    if path.parent != BUILT_IN:
        # those are checked by a test: at each start it would take as long as all else
        from pipeline_perf.ingest.layout.check import slips

        if found := sorted((_line(node, place), message) for place, message in slips(layout)):
            raise _unusable(path, found)
    return layout


def _unusable(path: Path, found: Iterable[tuple[int, str]]) -> LayoutError:
    return LayoutError(*(f"{path}, line {line}: {message}" for line, message in found))


def load_folder(folder: Path) -> dict[str, Layout]:
    """All layouts of a folder by id; a folder that does not exist holds none."""
    found: dict[str, Layout] = {}
    for path in sorted(p for p in (*folder.glob("*.yaml"), *folder.glob("*.yml")) if p.is_file()):
        layout = load(path)
        if layout.id in found:
            raise LayoutError(
                f"{path}: the id {layout.id!r} is already taken by another file of this folder;"
                " choose another"
            )
        found[layout.id] = layout
    return found


@functools.cache
def built_in() -> Mapping[str, Layout]:
    return types.MappingProxyType(load_folder(BUILT_IN))


def available(own: Path | None = None) -> dict[str, Layout]:
    """The built-in layouts and a user's own, which win over built-in ones of the same id and are
    tried first.
    """
    mine = load_folder(own) if own else {}
    return {**mine, **{key: layout for key, layout in built_in().items() if key not in mine}}


@functools.cache
def _hints(cls: type) -> dict[str, Any]:
    return typing.get_type_hints(cls)


@functools.cache
def _required(cls: type) -> list[str]:
    return [
        f.name
        for f in dataclasses.fields(cls)
        if f.default is dataclasses.MISSING and f.default_factory is dataclasses.MISSING
    ]


def _slip(node: Any, message: str) -> _Slips:
    return _Slips((node.start_mark.line + 1, message))


def _line(node: Any, place: tuple[str | int, ...]) -> int:
    """The line of a place in the layout, or of the last part on the way to it that is written
    out.
    """
    line = node.start_mark.line
    for step in place:
        if node.id == "sequence" and isinstance(step, int):
            node = node.value[step]
            line = node.start_mark.line
        elif node.id == "mapping" and isinstance(step, str):  # one value may stand without its list
            found = next(((key, child) for key, child in node.value if key.value == step), None)
            if found is None:
                break
            line, node = found[0].start_mark.line, found[1]
    return int(line) + 1


def _each(builders: Iterable[Callable[[], Any]]) -> list[Any]:
    """What each makes; all the slips of all of them, if there are any."""
    made: list[Any] = []
    found: list[tuple[int, str]] = []
    for build in builders:
        try:
            made.append(build())
        except _Slips as error:
            found += error.found
    if found:
        raise _Slips(*found)
    return made


def _build(cls: type, node: Any, where: str) -> Any:
    """Build a dataclass from a YAML node, strictly: unknown, missing and ill-typed keys are
    slips with their line.
    """
    hints = _hints(cls)
    if cls is Field and node.id == "scalar":  # `to_number: Called Number` is short for a column
        return Field(column=(node.value,))
    if node.id != "mapping":
        raise _slip(
            node, f"{where or 'the layout'} must be a mapping with keys such as {', '.join(hints)}"
        )
    values: dict[str, Any] = {}

    def take(key: Any, child: Any) -> None:
        name = _key(key, where)
        if name not in hints:
            raise _slip(key, f"{where}unknown key {name!r}; known here: {', '.join(sorted(hints))}")
        if name in values:
            raise _slip(key, f"{where}{name} is given twice; keep one")
        values[name] = None  # it is there, whatever is wrong with it
        values[name] = _value(hints[name], child, f"{where}{name}")

    def complete() -> None:
        absent = [name for name in _required(cls) if name not in values]
        if absent:
            raise _slip(node, f"{where or 'the layout'} lacks {', '.join(absent)}")

    _each([*(functools.partial(take, key, child) for key, child in node.value), complete])
    return cls(**values)


def _key(node: Any, where: str) -> str:
    if node.id != "scalar":
        raise _slip(node, f"{where}a key must be a word, not a list or mapping")
    return typing.cast(str, node.value)


def _value(hint: Any, node: Any, where: str) -> Any:
    origin, args = typing.get_origin(hint), typing.get_args(hint)
    if origin in (typing.Union, types.UnionType):
        if node.id == "scalar" and node.tag.endswith(":null"):
            return None
        return _value(next(a for a in args if a is not type(None)), node, where)
    if origin is Literal:
        if node.value not in args:
            raise _slip(
                node, f"{where} is {node.value!r}; choose one of {', '.join(map(str, args))}"
            )
        return node.value
    if origin is tuple:
        if args[-1] is Ellipsis:
            nodes = node.value if node.id == "sequence" else [node]
            return tuple(_each(functools.partial(_value, args[0], child, where) for child in nodes))
        if node.id != "sequence" or len(node.value) != len(args):
            raise _slip(node, f"{where} must be a list of {len(args)} values")
        return tuple(
            _each(
                functools.partial(_value, a, child, where)
                for a, child in zip(args, node.value, strict=True)
            )
        )
    if origin is not None and issubclass(origin, Mapping):
        if node.id != "mapping":
            raise _slip(node, f"{where} must be a mapping")
        found: dict[str, Any] = {}

        def take(key: Any, child: Any) -> None:
            name = _key(key, f"{where}: ")
            if name in found:
                raise _slip(key, f"{where}: {name!r} is given twice; keep one")
            found[name] = _value(args[1], child, f"{where}.{name}")

        _each(functools.partial(take, key, child) for key, child in node.value)
        return found
    if dataclasses.is_dataclass(hint):
        return _build(typing.cast(type, hint), node, f"{where}: ")
    if node.id != "scalar":
        raise _slip(node, f"{where} must be a single value")
    if hint is bool:
        if node.value not in ("true", "false"):
            raise _slip(node, f"{where} must be true or false")
        return node.value == "true"
    if hint is str and not node.value and not node.style:
        raise _slip(node, f"{where} is empty; write '' where that is meant")
    if hint in (int, float):
        try:
            return hint(node.value)
        except ValueError:
            raise _slip(node, f"{where} must be a number, not {node.value!r}") from None
    return node.value
