"""What is counted of a file while it goes through the corridor, and what is said of it in the end.

Nothing here reads, decides or writes; the order of the rooms is the business of `pipeline`.
"""

from __future__ import annotations

import contextlib
import dataclasses
import datetime as dt
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from pipeline_perf import events
from pipeline_perf.ingest.layout.model import Control
from pipeline_perf.ingest.normalise.amounts import seconds
from pipeline_perf.numbers import count

#: The zone taken for files that do not state theirs when nobody says otherwise.
DEFAULT_ZONE = "UTC"

#: Called with the bytes (pages of a PDF) used so far, those in all (0: not known), and the records
#: read so far.
Progress = Callable[[int, int, int], None]


@dataclass(frozen=True)
class FileReport:
    """What became of one file."""

    file: str
    source_file_id: str = ""
    status: str = "rejected"
    carrier: str | None = None
    layout: str | None = None
    records: int = 0
    events: int = 0
    by_type: dict[str, int] = field(default_factory=lambda: dict.fromkeys(events.EVENT_TYPES, 0))
    quarantined: int = 0
    duplicates: int = 0
    furniture: int = 0
    seconds: float = 0.0
    reason: str = ""
    # codes that the layout does not map, by field, with how often each comes
    unmapped: dict[str, dict[str, int]] = field(default_factory=dict)
    stages: dict[str, float] = field(default_factory=dict)  # seconds per room
    # how often a rule was broken, or a correction made
    rules: dict[str, int] = field(default_factory=dict)
    lines: int = 0
    suggestion: str = ""  # a layout to complete, for needs_mapping
    zone_assumed: bool = False  # neither the file nor the user states the zone of its times

    def to_json(self) -> dict[str, Any]:
        """The keys of the command line's contract."""
        public = [f.name for f in dataclasses.fields(self)][
            : -len(("stages", "rules", "lines", "suggestion", "zone_assumed"))
        ]
        return {name: getattr(self, name) for name in public} | {
            "seconds": round(self.seconds, 3),
            # of a file that is in the lake already, each of its events tells
            "zone_assumed": None if self.status == "already_ingested" else self.zone_assumed,
        }


class Stopwatch:
    """Seconds of work in each room; reading and committing go on beside the rest, so the sum may
    exceed the total.
    """

    def __init__(self) -> None:
        self.stages: dict[str, float] = {}
        self.started = time.perf_counter()

    @contextlib.contextmanager
    def room(self, name: str) -> Iterator[None]:
        started = time.perf_counter()
        try:
            yield
        finally:
            self.stages[name] = self.stages.get(name, 0.0) + time.perf_counter() - started

    @property
    def total(self) -> float:
        return time.perf_counter() - self.started


@dataclass(frozen=True)
class Ledger:
    """What is counted of a stretch of a file on its way through the rooms.

    Ledgers add up, in the order of the file, to that of the whole.

    >>> (Ledger(lines=3, events=2) + Ledger(lines=1, furniture=1)).lines
    4
    """

    lines: int = 0
    furniture: int = 0
    events: int = 0
    quarantined: int = 0
    rules: Counter[str] = field(default_factory=Counter)  # broken, or corrections made
    by_type: Counter[str] = field(default_factory=Counter)
    # by field and code: those that the layout does not map
    codes: Counter[tuple[str, str]] = field(default_factory=Counter)
    stated: tuple[tuple[Control, str], ...] = ()  # figures of the whole file, as it states them
    # rows of tables that tell calls again, by table and how many seconds apart
    tellings: Mapping[tuple[str, float], tuple[pl.DataFrame, ...]] = field(default_factory=dict)
    closings: tuple[pl.DataFrame, ...] = ()  # rows that tell a call's end
    span: tuple[dt.datetime, dt.datetime] | None = None  # first and last start
    duration_s: float = 0.0
    zone_assumed: bool = False

    @property
    def unmapped(self) -> dict[str, dict[str, int]]:
        """The codes that the layout does not map, by field, the most frequent first."""
        told: dict[str, dict[str, int]] = {}
        for (name, code), number in self.codes.most_common():
            told.setdefault(name, {})[code] = number
        return told

    @property
    def records(self) -> int:
        return self.events + self.quarantined

    def __add__(self, other: Ledger) -> Ledger:
        spans = [span for span in (self.span, other.span) if span]
        keys = dict.fromkeys((*self.tellings, *other.tellings))
        return Ledger(
            self.lines + other.lines,
            self.furniture + other.furniture,
            self.events + other.events,
            self.quarantined + other.quarantined,
            self.rules + other.rules,
            self.by_type + other.by_type,
            self.codes + other.codes,
            self.stated + other.stated,
            {key: self.tellings.get(key, ()) + other.tellings.get(key, ()) for key in keys},
            self.closings + other.closings,
            (min(s[0] for s in spans), max(s[1] for s in spans)) if spans else None,
            self.duration_s + other.duration_s,
            self.zone_assumed or other.zone_assumed,
        )


def clock_changes(ledger: Ledger, by_broken_order: int) -> list[str]:
    """What is open about times that the clocks told twice, or never.

    `by_broken_order`: times of such hours taken by the order of a file that has none after all.
    """
    told = [
        (
            ledger.rules["ambiguous_hour"],
            "in an hour that the clocks told twice, and taken for the first time",
        ),
        (
            by_broken_order,
            "in an hour that the clocks told twice, and taken as the order of the records tells;"
            " but further down the file is not in the order of time",
        ),
        (
            ledger.rules["skipped_hour"],
            "in an hour that the clocks skipped, and taken as of a clock not yet put forward",
        ),
    ]
    return [f"{count(n)} {'time is' if n == 1 else 'times are'} {what}" for n, what in told if n]


def control_mismatches(ledger: Ledger) -> list[str]:
    """What header and trailer records say of the file, where it is not what was read."""
    mismatches = []
    for control, text in ledger.stated:
        bare = text.strip()
        if not bare:
            continue
        if control.equals == "records":
            value = float(bare) if bare.isdigit() else None
            read = float(ledger.records)
        else:
            value = pl.select(seconds(pl.lit(bare), control.form)).item()
            read = ledger.duration_s
        what = control.equals.removesuffix("_s")
        if value is None:
            mismatches.append(f"the control figure for {what} is unreadable: {bare!r}")
        elif abs(value - read) > 0.5:
            aside = (
                f" (without the {ledger.quarantined} in quarantine)"
                if ledger.quarantined and what == "duration"
                else ""
            )
            mismatches.append(
                f"the file states {what} {value:.0f}, but {read:.0f} were read{aside}"
            )
    return mismatches
