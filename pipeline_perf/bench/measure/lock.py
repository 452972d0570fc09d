"""The measurement lock: one measurement at a time on a machine, whoever starts it.

An advisory lock of the kernel (flock) on a file, so that the death of its holder frees it: no
stale lock, nothing to clean up.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pipeline_perf.bench.errors import LabError
from pipeline_perf.logs import logger

log = logger(__name__)

#: A full-scale measurement takes minutes; a caller who waited an hour is better told than kept.
DEFAULT_WAIT_S = 3600.0

RETRY_S = 0.2


class MeasurementBusy(LabError):
    """Another measurement holds the lock, and the wait for it is over."""

    code = "measurement_busy"


@contextmanager
def measurement_lock(path: Path, wait_s: float = DEFAULT_WAIT_S) -> Iterator[int]:
    """Hold the lock at `path` for the block; yields its file descriptor.

    The descriptor is inherited by measured processes, so that the lock outlives a killed holder for
    as long as the workload it started still runs. Waits up to `wait_s` seconds (0: refuses at
    once), then raises MeasurementBusy.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
    try:
        _acquire(descriptor, path, wait_s)
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"process {os.getpid()}".encode(), 0)
        yield descriptor
    finally:
        os.close(descriptor)


def _acquire(descriptor: int, path: Path, wait_s: float) -> None:
    began, holder = time.monotonic(), ""
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            known, holder = holder, _holder(descriptor)
            if time.monotonic() >= began + wait_s:
                raise MeasurementBusy(
                    f"another measurement is running ({holder}) and did not end within"
                    f" {wait_s:g} s",
                    "wait for it, or end it",
                    file=str(path),
                ) from None
            if holder != known:
                fields = {"lock": path, "holder": holder}
                log.info("waiting for the machine", extra={"fields": fields})
            time.sleep(RETRY_S)
        else:
            waited_s = round(time.monotonic() - began, 3)
            log.info("machine locked", extra={"fields": {"lock": path, "waited_s": waited_s}})
            return


def _holder(descriptor: int) -> str:
    written = os.pread(descriptor, 200, 0).decode(errors="replace").strip()
    return written or "an unknown process"
