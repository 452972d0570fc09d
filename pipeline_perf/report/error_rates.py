"""The lab's own error rates: what the contract asks of them, judged on what was last measured of
each on this machine.

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
    """The verdict on one rate, `low` to `high` its 95 % interval.

    `trials` is how many cases it was counted over, None where that is not told; `run` measured it.
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
    """The verdict on every target of the family `calibration`, by the newest figures of each
    scope; `runs` with the oldest first.

    Judged is the rate as it was counted: no number of trials that anybody can wait for brings the
    whole interval of a rate of 0.5 % below 1 %. The interval is shown beside it.
    """
    newest: dict[tuple[str, str], tuple[str, Measurement]] = {}
    for run, measurements in runs.items():
        newest |= {
            (one.metric, one.scope): (run, one) for one in measurements if one.family == FAMILY
        }
    verdicts = judge(
        _asked(targets), [replace(one, low=None, high=None) for _, one in newest.values()]
    )
    return tuple(_rate(verdict, newest) for verdict in verdicts)


def _asked(targets: Sequence[Target]) -> list[Target]:
    return [target for target in targets if target.metric.startswith(f"{FAMILY}.")]


def _rate(verdict: Verdict, newest: Mapping[tuple[str, str], tuple[str, Measurement]]) -> ErrorRate:
    run, rate = newest.get((verdict.target.metric, verdict.scope), ("", None))
    told, trials = newest.get((_TRIALS, verdict.scope), ("", None))
    low, high = (rate.low, rate.high) if rate else (None, None)
    return ErrorRate(verdict, low, high, int(trials.value) if trials and told == run else None, run)
