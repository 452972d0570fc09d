"""What a measurement ran on: machine, software, load, revision.

Nothing here measures; the record stands beside the figures so that they can be read years later.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import os
import platform
import subprocess
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path

#: Settings that change how fast or how large a process is: allocators, thread counts, hashing.
SETTINGS = ("MALLOC_", "LD_PRELOAD", "OMP_NUM_THREADS", "POLARS_", "RAYON_NUM_THREADS", "PYTHONHASHSEED", "PYTHONMALLOC", "PYTHONOPTIMIZE")

#: Above this load per core at the start, somebody else's work is in the figures.
BUSY_LOAD_PER_CORE = 0.5


@dataclass(frozen=True)
class Environment:
    """One machine in one state. `machine` is the fingerprint that histories are kept apart by."""

    machine: str
    cpu: str
    cores: int
    memory_bytes: int
    kernel: str
    python: str
    packages: dict[str, str] = field(default_factory=dict)
    settings: dict[str, str] = field(default_factory=dict)
    load_1m: float = 0.0
    revision: str = ""
    dirty: bool = False

    @property
    def busy(self) -> bool:
        """Whether the machine had other work to do when measuring began."""
        return self.load_1m > BUSY_LOAD_PER_CORE * self.cores

    def to_json(self) -> str:
        return json.dumps(asdict(self), sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> Environment:
        return cls(**json.loads(text))


def record(packages: Iterable[str] = (), repository: Path | None = None) -> Environment:
    """The environment now: `packages` by distribution name, the git revision of `repository` where given."""
    cpu, memory = _cpu(), os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    cores = len(os.sched_getaffinity(0))
    # Hardware only: a new kernel or Python shall show as a change in the machine's history, not begin a new one.
    # Memory in whole GiB, because the kernel's own share of it differs between boots.
    fingerprint = hashlib.sha256(f"{platform.machine()}|{cpu}|{cores}|{round(memory / 2**30)}".encode()).hexdigest()[:12]
    revision, dirty = _revision(repository) if repository else ("", False)
    return Environment(
        machine=fingerprint,
        cpu=cpu,
        cores=cores,
        memory_bytes=memory,
        kernel=platform.release(),
        python=platform.python_version(),
        packages={name: _version(name) for name in packages},
        settings={name: value for name, value in sorted(os.environ.items()) if name.startswith(SETTINGS)},
        load_1m=os.getloadavg()[0],
        revision=revision,
        dirty=dirty,
    )


def _cpu() -> str:
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()  # ARM kernels name no model


def _version(distribution: str) -> str:
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return "absent"


def _revision(repository: Path) -> tuple[str, bool]:
    """Commit and whether the tree differs from it; ("", False) outside a repository or without git."""

    def git(*arguments: str) -> str:
        return subprocess.run(["git", "-C", str(repository), *arguments], capture_output=True, text=True, check=True).stdout.strip()

    try:
        return git("rev-parse", "HEAD"), bool(git("status", "--porcelain"))
    except (OSError, subprocess.CalledProcessError):
        return "", False
