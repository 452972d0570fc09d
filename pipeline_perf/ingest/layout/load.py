"""Layouts from YAML files: those shipped, and a user's own.

How YAML is read strictly is the work of `yaml_facts`; what types cannot say of a layout, that of
`check`.
"""

from __future__ import annotations

import functools
import types
from collections.abc import Iterable, Mapping
from pathlib import Path

from pipeline_perf.ingest.errors import LayoutError
from pipeline_perf.ingest.layout.model import Field, Layout
from pipeline_perf.yaml_facts import Slip, read

BUILT_IN = Path(__file__).parents[2] / "layouts"


def load(path: Path) -> Layout:
    """Read one layout.

    Raises LayoutError naming the file, each line and what to write there instead.
    """
    # those shipped are checked by a test: at each start it would take as long as all else
    check = None if path.parent == BUILT_IN else _slips
    return read(path, Layout, LayoutError, short={Field: _column}, check=check)


def _column(title: str) -> Field:
    """`to_number: Called Number` is short for a column."""
    return Field(column=(title,))


def _slips(layout: Layout) -> Iterable[Slip]:
    from pipeline_perf.ingest.layout.check import slips

    return slips(layout)


def load_folder(folder: Path) -> dict[str, Layout]:
    """All layouts of a folder by id; a folder that does not exist holds none."""
    layouts: dict[str, Layout] = {}
    for path in sorted(p for p in (*folder.glob("*.yaml"), *folder.glob("*.yml")) if p.is_file()):
        layout = load(path)
        if layout.id in layouts:
            raise LayoutError(
                f"the id {layout.id!r} is already taken by another file of this folder",
                "choose another",
                file=str(path),
            )
        layouts[layout.id] = layout
    return layouts


@functools.cache
def built_in() -> Mapping[str, Layout]:
    return types.MappingProxyType(load_folder(BUILT_IN))


def available(own: Path | None = None) -> dict[str, Layout]:
    """The built-in layouts and a user's own, which win over built-in ones of the same id and are
    tried first.
    """
    mine = load_folder(own) if own else {}
    return {**mine, **{key: layout for key, layout in built_in().items() if key not in mine}}
