"""The work that real calibrations measure: bound by the CPU, a fifth of a second, with a marked
place to plant a slow-down.

`planted` writes a copy of this file whose work takes a known share more: a change of the code, not
of a parameter. The file is self-contained, because its copies are run by path.
"""

import importlib.util
from pathlib import Path

TURNS = 1_000
LINES = 400


def work(turns: int = TURNS) -> dict[str, int]:
    """Take lines apart and add their numbers up, `turns` times; the sum is the same whatever is
    planted.
    """
    lines = [
        f"{number},{number * 7919 % 10_007},{number % 61}:{number % 59:02d}"
        for number in range(LINES)
    ]
    total = 0
    for _ in range(turns):
        total += _turn(lines)
    # plant here
    return {"sum": total}


def _turn(lines: list[str]) -> int:
    total = 0
    for line in lines:
        _, amount, clock = line.split(",")
        minutes, seconds = clock.split(":")
        total += int(amount) + 60 * int(minutes) + int(seconds)
    return total


def planted(path: Path, percent: int) -> Path:
    """Write a copy of this file to `path` whose work takes `percent` % more; 0 gives the same
    work, for the other side.

    Raises ValueError for less than nothing, and when this file has no place to plant.
    """
    source = Path(__file__).read_text(encoding="utf-8")
    before, marked, after = source.partition("    # plant here\n")
    if not marked or percent < 0:
        raise ValueError(
            f"{path}: {percent} % cannot be planted; give a whole number from 0 on, and keep the"
            f" mark in {__file__}"
        )
    loop = (
        f"    for _ in range(turns * {percent} // 100):\n        _turn(lines)\n" if percent else ""
    )
    path.write_text(before + loop + after, encoding="utf-8")
    return path


def run(path: str) -> dict[str, int]:
    """Run the work of the copy at `path`: the target of both sides of a calibration.

    Raises ImportError where it is no Python file.
    """
    spec = importlib.util.spec_from_file_location("planted_copy", path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} is no Python file: write it with `planted`")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    result: dict[str, int] = module.work()
    return result
