"""What a measurement ran on: machine, software, load, revision.

Nothing here measures; the record stands beside the figures so that they can be read years later.
"""

from __future__ import annotations

import gc
import hashlib
import importlib.metadata
import json
import os
import platform
import subprocess
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path

#: What every measured process is given. Hashing is seeded so that deterministic counters (bytes,
#: faults) stay the same from run to run. The allocator is left as users have it: with
#: MALLOC_ARENA_MAX at 1 or 2, neither the peak of an ingestion of 100 000 rows nor its spread over
#: 8 pairs differed beyond chance.
CHILD_SETTINGS = {"PYTHONHASHSEED": "0"}

#: Recorded also where they are not set: what is left to itself is a setting, too.
ALWAYS_RECORDED = ("MALLOC_ARENA_MAX", "PYTHONMALLOC", "POLARS_MAX_THREADS")

#: Settings that change how fast or how large a process is: allocators, thread counts, hashing.
SETTINGS = (
    "MALLOC_",
    "LD_PRELOAD",
    "OMP_NUM_THREADS",
    "POLARS_",
    "RAYON_NUM_THREADS",
    "PYTHONHASHSEED",
    "PYTHONMALLOC",
    "PYTHONOPTIMIZE",
)

#: Above this load per core at the start, somebody else's work is in the figures.
BUSY_LOAD_PER_CORE = 0.5


@dataclass(frozen=True)
class Environment:
    """One machine in one state. `machine` is the fingerprint that histories are kept apart by.

    `cached_bytes` is what the kernel held of files when measuring began: the state of the page
    cache.
    """

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
    cached_bytes: int = 0

    @property
    def busy(self) -> bool:
        """Whether the machine had other work to do when measuring began."""
        return self.load_1m > BUSY_LOAD_PER_CORE * self.cores

    def to_json(self) -> str:
        """The record as one line of JSON, as a results file's metadata keeps it."""
        return json.dumps(asdict(self), sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> Environment:
        """The record that `to_json` wrote as `text`."""
        return cls(**json.loads(text))


def record(packages: Iterable[str] = (), repository: Path | None = None) -> Environment:
    """The environment now: `packages` by distribution name, the git revision of `repository`
    where given.
    """
    cpu, memory = _cpu(), os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    cores = len(os.sched_getaffinity(0))
    # Hardware only: a new kernel or Python shall show as a change in the machine's history, not
    # begin a new one. Memory in whole GiB, because the kernel's own share of it differs between
    # boots.
    fingerprint = hashlib.sha256(
        f"{platform.machine()}|{cpu}|{cores}|{round(memory / 2**30)}".encode()
    ).hexdigest()[:12]
    revision, dirty = _revision(repository) if repository else ("", False)
    return Environment(
        machine=fingerprint,
        cpu=cpu,
        cores=cores,
        memory_bytes=memory,
        kernel=platform.release(),
        python=platform.python_version(),
        packages={name: _version(name) for name in packages},
        settings=_settings(),
        load_1m=os.getloadavg()[0],
        revision=revision,
        dirty=dirty,
        cached_bytes=_cached(),
    )


def _settings() -> dict[str, str]:
    """What measured processes run with: variables, garbage collection, the C library and so its
    allocator.
    """
    given = {name: value for name, value in os.environ.items() if name.startswith(SETTINGS)}
    left = dict.fromkeys(ALWAYS_RECORDED, "unset")
    own = {
        "gc": (
            f"thresholds {', '.join(map(str, gc.get_threshold()))}"
            if gc.isenabled()
            else "disabled"
        ),
        "libc": " ".join(platform.libc_ver()).strip() or "unknown",
    }
    return dict(sorted((left | given | CHILD_SETTINGS | own).items()))


def _cached() -> int:
    lines = Path("/proc/meminfo").read_text(encoding="utf-8").splitlines()
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("Cached:")), 0)


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
    """Commit and whether the tree differs from it; ("", False) outside a repository or without
    git.
    """

    def git(*arguments: str) -> str:
        return subprocess.run(
            ["git", "-C", str(repository), *arguments], capture_output=True, text=True, check=True
        ).stdout.strip()

    try:
        return git("rev-parse", "HEAD"), bool(git("status", "--porcelain", "--untracked-files=no"))
    except (OSError, subprocess.CalledProcessError):
        return "", False
