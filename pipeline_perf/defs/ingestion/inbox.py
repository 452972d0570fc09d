"""The inbox: a carrier's file that has stopped growing in data/inbox becomes a run of its own.

What a file becomes is the business of the assets in `lake`. The sensor lists the folder and parses
nothing.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Self

import dagster as dg

from pipeline_perf.defs.folders import Folders
from pipeline_perf.ingest.container.folder import look_through
from pipeline_perf.privacy import masked

#: The job that reads one file.
JOB = "inbox"

PARTITIONS = dg.DynamicPartitionsDefinition(name="inbox")

#: Between two looks. The second look that finds a file unchanged takes it: within a minute.
SECONDS_BETWEEN_LOOKS = 30


@dataclass(frozen=True)
class Entry:
    """A file of the inbox as one look saw it.

    Times in nanoseconds; `changed` is the inode's change time.
    """

    name: str
    size: int
    modified: int
    changed: int

    @property
    def partition(self) -> str:
        return partition_of(self.name)


@dataclass(frozen=True)
class Cursor:
    """What earlier looks saw: the newest change and who had it, and the files that were still
    growing, by their partitions: Dagster keeps the cursor and shows it.

    The change time, not the time of modification: a file that is moved in or copied with its old
    times would hide behind the newest modification, while nobody can set a change time back.
    """

    newest: int = 0
    at_newest: tuple[str, ...] = ()
    growing: Mapping[str, tuple[int, int]] = field(default_factory=dict)

    def to_json(self) -> str:
        """The cursor as Dagster keeps it between two looks."""
        return json.dumps(asdict(self))

    @classmethod
    def of(cls, text: str | None) -> Self:
        """The cursor that `to_json` wrote, a new one for None."""
        if not text:
            return cls()
        stored = json.loads(text)
        growing = {name: (size, modified) for name, (size, modified) in stored["growing"].items()}
        return cls(stored["newest"], tuple(stored["at_newest"]), growing)


def look(entries: Sequence[Entry], cursor: Cursor) -> tuple[list[Entry], Cursor]:
    """The files that have stopped growing since the last look, and what to remember for the next.

    A file counts as whole when two looks in a row found the same size and time of modification.
    """
    fresh = [
        entry
        for entry in entries
        if entry.partition in cursor.growing
        or entry.changed > cursor.newest
        or (entry.changed == cursor.newest and entry.partition not in cursor.at_newest)
    ]
    whole = [
        entry
        for entry in fresh
        if cursor.growing.get(entry.partition) == (entry.size, entry.modified)
    ]
    growing = {
        entry.partition: (entry.size, entry.modified) for entry in fresh if entry not in whole
    }
    newest = max((entry.changed for entry in entries), default=cursor.newest)
    if newest < cursor.newest:  # the newest file has been taken away
        return whole, Cursor(cursor.newest, cursor.at_newest, growing)
    return whole, Cursor(
        newest,
        tuple(sorted(entry.partition for entry in entries if entry.changed == newest)),
        growing,
    )


def entries(inbox: Path) -> list[Entry]:
    """The files of the inbox and its folders, hidden and unfinished ones left out."""
    seen = []
    for found in look_through(inbox):
        if found.skipped:
            continue
        try:
            status = found.path.stat()
        except FileNotFoundError:  # taken away since it was listed
            continue
        seen.append(
            Entry(
                name=str(found.path.relative_to(inbox)),
                size=status.st_size,
                modified=status.st_mtime_ns,
                changed=status.st_ctime_ns,
            )
        )
    return sorted(seen, key=lambda entry: entry.name)


def partition_of(name: str) -> str:
    """The partition of a file: its name, telephone numbers masked (carriers put the subscriber's
    there) and told apart by a hash.
    """
    shown = masked(
        "".join(character if character.isprintable() else "?" for character in name)
    ).replace("...", "…")
    return (
        shown
        if shown == name
        else f"{shown} {hashlib.sha256(name.encode(errors='surrogateescape')).hexdigest()[:8]}"
    )


def path_of(inbox: Path, partition: str) -> Path | None:
    """The file of a partition, None where it is not in the inbox any more."""
    return next(
        (inbox / entry.name for entry in entries(inbox) if entry.partition == partition),
        None,
    )


@dg.sensor(
    job_name=JOB,
    minimum_interval_seconds=SECONDS_BETWEEN_LOOKS,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Starts a run for every file that has stopped growing in the inbox.",
)
def inbox_sensor(context: dg.SensorEvaluationContext, folders: Folders) -> dg.SensorResult:
    """A run for every file that two looks in a row found unchanged."""
    if not folders.inbox.is_dir():
        return dg.SensorResult(
            skip_reason=(
                f"{folders.inbox} is not there yet: create it and put carriers' files into it"
            )
        )
    whole, cursor = look(entries(folders.inbox), Cursor.of(context.cursor))
    if not whole:
        waiting = ", ".join(sorted(cursor.growing))
        reason = (
            f"waiting until they stop growing: {waiting}"
            if waiting
            else f"nothing new in {folders.inbox}"
        )
        return dg.SensorResult(skip_reason=reason, cursor=cursor.to_json())
    return dg.SensorResult(
        # A run key is remembered for ever: with time and size in it, a file that is delivered anew
        # is a new run.
        run_requests=[
            dg.RunRequest(
                run_key=f"{entry.partition} {entry.modified} {entry.size}",
                partition_key=entry.partition,
            )
            for entry in whole
        ],
        dynamic_partitions_requests=[
            PARTITIONS.build_add_request(sorted({entry.partition for entry in whole}))
        ],
        cursor=cursor.to_json(),
    )
