"""How figures are written for people: units, limits, margins.

Nothing here decides what is shown. The spaces in numbers (`numbers`) and before units do not break.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import TYPE_CHECKING

from pipeline_perf.numbers import THIN, number

if TYPE_CHECKING:  # the command line writes its figures by this module, too, and starts fast
    from pipeline_perf.bench.judge.targets import Threshold, Verdict

#: Statuses as people read them.
WORDS = {
    "fail": "Missed",
    "warn": "Warning",
    "unresolved": "Open",
    "pass": "Met",
    "tracked": "Recorded",
    "not_measured": "Not measured",
    "planned": "Planned",
}
TITLES = {"go": "Go", "no_go": "No-go", "undecided": "Undecided"}

#: Verdicts of a paired comparison as people read them, and the status whose colour they wear.
COMPARED = {
    "failed": ("Failed", "fail"),
    "slower": ("Slower", "fail"),
    "unresolved": ("Open", "unresolved"),
    "faster": ("Faster", "pass"),
    "unchanged": ("Unchanged", "pass"),
}

#: Kinds of change that nightly series show, and their states.
CHANGES = {
    "shift": "new level",
    "creep": "creeping",
    "spread": "spread",
    "silence": "no figure any more",
}

_METRICS = {
    "seconds": "wall time",
    "cpu_seconds": "CPU time",
    "cpu_user_seconds": "CPU time of the program",
    "cpu_system_seconds": "CPU time of the kernel",
    "peak_memory": "peak memory",
    "read_bytes": "bytes read",
    "written_bytes": "bytes written",
    "disk_read_bytes": "bytes read from the disk",
    "disk_written_bytes": "bytes written to the disk",
    "minor_faults": "pages touched anew",
    "major_faults": "pages read back",
    "switches_voluntary": "waits",
    "switches_involuntary": "interruptions",
    "ratio_to_reference": "wall time against the pinned computation",
    "cpu_ratio_to_reference": "CPU time against the pinned computation",
    "sampler_share": "overhead of measuring",
    "duplicates": "duplicates (F1)",
    "duplicates.lost": "calls lost",
    "duplicates.doubled": "calls doubled",
    "validation_coverage": "defects caught",
    "validation_coverage.false_alarms": "false alarms",
}

_DASH = "–"
_SIGNS = {"<": "<", "<=": "≤", ">": ">", ">=": "≥", "==": "="}
_TOGETHER = re.compile(r"(?<=\d) (?=\d|%|GiB|MiB|[kMG]B|ms\b)|(?<=\d)(?=%)")
_BINARY = (("GiB", 2**30), ("MiB", 2**20), ("KiB", 2**10))


def figure(value: float | None, unit: str = "", pad: bool = True) -> str:
    r"""A value with its unit, in the size that reads best; a dash where there is none.

    `unit` is the one that the value is in, as results state it: bytes are "B", seconds "s".

    >>> figure(3.5 * 2**20, "B"), figure(0.0123, "s"), figure(185, "s"), figure(None, "s")
    ('3.50\u202fMiB', '12\u202fms', '3\u202fmin 5\u202fs', '–')
    """
    if value is None:
        return _DASH
    if unit == "B":
        for name, size in _BINARY:
            if abs(value) >= size:
                return f"{number(value / size, 3, pad)}{THIN}{name}"
    if unit == "s" and abs(value) >= 120:
        minutes, seconds = divmod(round(value), 60)
        return f"{minutes}{THIN}min" + (f" {seconds}{THIN}s" if seconds else "")
    if unit == "s" and 0 < abs(value) < 1:
        return f"{number(value * 1000, 2)}{THIN}ms"
    return number(value, 3, pad) + (f"{THIN}{unit}" if unit else "")


def limit(threshold: Threshold | None, unit: str = "") -> str:
    """A limit with its comparator: "< 5 min", "≥ 250 000 rows/s"; a dash where there is none."""
    return (
        f"{_SIGNS[threshold.comparator]}{THIN}{figure(threshold.limit, unit, pad=False)}"
        if threshold
        else _DASH
    )


def bracket(verdict: Verdict) -> str:
    """The measurement's bracket, "561 to 595 MiB"; '' where it is too narrow to be seen."""
    low, high = figure(verdict.low, verdict.target.unit), figure(verdict.high, verdict.target.unit)
    if low == high:
        return ""
    same_unit = low.rpartition(THIN)[2] == high.rpartition(THIN)[2] and bool(verdict.target.unit)
    return f"{low.rpartition(THIN)[0] if same_unit else low} to {high}"


def actual(verdict: Verdict) -> str:
    """What was measured, with its bracket: "577 MiB (561 to 595 MiB)"."""
    text = figure(verdict.actual, verdict.target.unit)
    return f"{text} ({bracket(verdict)})" if bracket(verdict) else text


def margin(verdict: Verdict) -> str:
    """The room up to the limit that decided, in per cent of it: "+32 %"; a dash without a size.

    From ten times the limit on, so many times it: "× 12".
    """
    if verdict.margin is None:
        return _DASH
    if verdict.margin >= 9:
        return f"×{THIN}{number(round(verdict.margin + 1))}"
    share = verdict.margin * 100
    digits = 1 if abs(share) < 10 or 99 < share < 100 else 0  # 99.6 % of room is not all of it
    return f"{share:+.{digits}f}{THIN}%".replace("-", "−")


def metric(name: str) -> str:
    """The name of a metric, without its family, as people read it.

    >>> metric("cpu_seconds"), metric("rows_per_s"), metric("stages.read")
    ('CPU time', 'rows per second', 'stage read')
    """
    if name.startswith("stages."):
        return f"stage {name.removeprefix('stages.')}"
    words = name.rpartition(".")[2].replace("_per_s", " per second").replace("_", " ")
    return _METRICS.get(name, words)


def change(share: float | None) -> str:
    """A change with its sign, 0.05 as "+5.0 %"; a dash where there is none to state."""
    return _DASH if share is None else f"{share * 100:+.1f}{THIN}%".replace("-", "−")


def trend(share: float) -> str:
    """A change in whole per cent, 0.043 as "+4 %"; "level" below half of one."""
    whole = round(share * 100)
    return f"{whole:+d}{THIN}%".replace("-", "−") if whole else "level"


def part(share: float | None) -> str:
    """A share in per cent, 0.125 as "12.5 %"; a dash where there is none."""
    return _DASH if share is None else f"{number(round(share * 100, 1))}{THIN}%"


def pace(speedup: float, low: float, high: float) -> str:
    """A speedup in words, with its interval; of what became slower, the inverse.

    `speedup` is time before over time after, `low` to `high` its interval.

    >>> pace(1.6, 1.59, 1.63)
    '1.60 times as fast (1.59 to 1.63)'
    >>> pace(0.62, 0.6, 0.65)
    'takes 1.61 times as long (1.54 to 1.67)'
    """
    if speedup < 1:
        factor, least, most = (number(1 / value, pad=True) for value in (speedup, high, low))
        return f"takes {factor} times as long ({least} to {most})"
    factor, least, most = (number(value, pad=True) for value in (speedup, low, high))
    return f"{factor} times as fast ({least} to {most})"


def prose(text: str) -> str:
    """The text with its numbers and units held together at line ends."""
    return _TOGETHER.sub(THIN, text)


def moment(time: datetime) -> str:
    """A time in UTC to the minute."""
    return f"{time:%Y-%m-%d %H:%M} UTC"
