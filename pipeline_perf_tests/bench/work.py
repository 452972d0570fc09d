"""Target functions and checks that the tests of the lab name as "module:function"."""

import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pipeline_perf.bench.measure.workload import Correctness, Output


def add(left: int, right: int) -> dict[str, Any]:
    return {
        "sum": left + right,
        "stages": {"read": 0.25, "write": 0.5},
        "label": "not a number",
        "flag": True,
    }


def process_number() -> int:
    return os.getpid()


def fail() -> None:
    raise RuntimeError("the disk is full of holes")


def unserialisable() -> object:
    return object()


def not_a_number() -> dict[str, float]:
    return {"speed": float("nan")}


def write(path: str) -> list[str]:
    directory = Path(path).parent
    before = sorted(entry.name for entry in directory.iterdir())
    Path(path).write_text("x", encoding="utf-8")
    return before


def place(scratch: Path, params: Mapping[str, Any]) -> None:
    (scratch / "input.txt").write_text(str(params), encoding="utf-8")


def sum_is_five(output: Output) -> Correctness:
    return Correctness(
        output.returned["sum"] == 5, f"sum is {output.returned['sum']}, expected 5", {"checked": 1}
    )


def says_hello(output: Output) -> Correctness:
    return Correctness(
        output.stdout.strip() == "hello",
        f"printed {output.stdout!r}",
        {"letters": len(output.stdout.strip())},
    )


def burn(cpu_s: float) -> dict[str, float]:
    while time.process_time() < cpu_s:
        pass
    return {"burned": time.process_time()}


def burned(output: Output) -> Correctness:
    return Correctness(
        output.returned["burned"] >= output.params["cpu_s"], f"burned {output.returned}"
    )


def hold(mib: int) -> int:
    block = bytearray(b"x") * (mib << 20)
    return len(block)
