"""The lab's own error rates, as the contract asks for them, last measured on this machine.

Measuring them is the lab's business (`bench calibrate`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from pipeline_perf.bench.calibrate.calibrate import FAMILY
from pipeline_perf.bench.judge.targets import Target, Verdict, judge
from pipeline_perf.bench.measure.measurement import Measurement

_TRIALS = f"{FAMILY}.trials"


@dataclass(frozen=True)
class ErrorRate:
    """The verdict on one rate, a share from 0 to 1, `low` to `high` its 95 % interval.

    `trials` is how many cases it was counted over, None where that is not told; `run` measured it,
    '' where none did.
    """

    verdict: Verdict
    low: float | None = None
    high: float | None = None
    trials: int | None = None
    run: str = ""


def metrics(targets: Sequence[Target]) -> set[str]:
    """What `error_rates` reads of earlier runs."""
    return {target.metric for target in _asked(targets)} | {_TRIALS}


def error_rates(
    targets: Sequence[Target], runs: Mapping[str, Sequence[Measurement]]
) -> tuple[ErrorRate, ...]:
    """The verdict on every target of the family `calibration`, by the newest figures of each scope.

    `runs` gives the figures of each run by its id, the oldest first; `metrics` says which it takes.
    Judged is the rate as it was counted: no number of trials that anybody can wait for brings the
    whole interval of a rate of 0.5 % below 1 %. The interval is shown beside it.
    """
    newest: dict[tuple[str, str], tuple[str, Measurement]] = {}
    for run, measurements in runs.items():
        newest |= {
            (rate.metric, rate.scope): (run, rate) for rate in measurements if rate.family == FAMILY
        }
    rates = [replace(rate, low=None, high=None) for _, rate in newest.values()]
    verdicts = judge(_asked(targets), rates)
    return tuple(_rate(verdict, newest) for verdict in verdicts)


def _asked(targets: Sequence[Target]) -> list[Target]:
    return [target for target in targets if target.metric.startswith(f"{FAMILY}.")]


def _rate(verdict: Verdict, newest: Mapping[tuple[str, str], tuple[str, Measurement]]) -> ErrorRate:
    run, rate = newest.get((verdict.target.metric, verdict.scope), ("", None))
    counted_in, trials = newest.get((_TRIALS, verdict.scope), ("", None))
    low, high = (rate.low, rate.high) if rate else (None, None)
    counted = int(trials.value) if trials and counted_in == run else None
    return ErrorRate(verdict, low, high, counted, run)
