"""A file's door: whatever a stranger's file makes of the program ends with that file, told by its
reason, and the other files go on.

Which errors of ours there are is the business of `errors`. Nobody else catches what is none of
them.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import polars as pl

from pipeline_perf.errors import ProjectError
from pipeline_perf.ingest.errors import Unforeseen
from pipeline_perf.logs import logger

log = logger(__name__)

#: Characters of an exception that are told: a library's may go on for pages.
TOLD = 200


@contextmanager
def door(name: str) -> Iterator[None]:
    """Turn an exception that is no error of ours into Unforeseen, and log it with its traceback;
    `name` is the file's.

    What the machine or a person wants (no memory left, a stop) goes through.
    """
    try:
        yield
    except (ProjectError, MemoryError):
        raise
    # a panic of Polars is no Exception
    except (Exception, pl.exceptions.PanicException) as error:
        log.exception("unforeseen fault", extra={"fields": {"file": name}})
        told = " ".join(f"{type(error).__name__}: {error}".split())
        raise Unforeseen(
            f"a fault of this program that the file brought out ({told[:TOLD]})",
            "its place in the program is told by --log error; please report it",
            file=name,
        ) from error
