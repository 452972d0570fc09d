"""Simulated measurements whose truth is known: nightly series and paired samples, from a seed.

What the detectors and comparisons make of them is `calibrate`'s business. All noise is on the
logarithm: 0.05 is 5 % of the value.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline_perf.bench.follow.series import PAIRS_A_NIGHT, middle

#: A disturbed measurement takes up to this much longer (log scale): another job's share of two
#: cores.
DISTURBANCE = 0.5


@dataclass(frozen=True)
class Nightly:
    """How a metric behaves over the nights.

    Every night the workload and the pinned reference are repeated `repetitions` times each; a
    repetition has noise `noise`, and one in 1/`outliers` is disturbed. The machine's speed drifts
    as an AR(1) process with standard deviation `drift` and correlation `persistence` from night to
    night; the reference sees it all, the workload to the power of `elasticity`. `own_noise` is what
    lasts a whole night and the reference does not see; one *night* in 1/`outliers` is disturbed for
    the workload alone.

    The truth: from night `step_at` on (counted from 0) the workload takes `step` more (0.05: 5 %);
    `ramp` is a slow growth, in all over the nights; from `step_at` on the own noise is `spread`
    times as large.
    """

    nights: int = 60
    repetitions: int = PAIRS_A_NIGHT
    noise: float = 0.05
    own_noise: float = 0.01
    outliers: float = 0.05
    drift: float = 0.05
    persistence: float = 0.9
    elasticity: float = 1.0
    step: float = 0.0
    step_at: int = 0
    ramp: float = 0.0
    spread: float = 1.0


@dataclass(frozen=True)
class Simulated:
    """Logarithms, one a night: of the time alone, of its ratio to the reference, and of that
    ratio measured again the same night.
    """

    raw: NDArray[np.float64]
    ratio: NDArray[np.float64]
    again: NDArray[np.float64]


def nightly(model: Nightly, rng: np.random.Generator) -> Simulated:
    """One simulated series, behaving like the `model`, drawn from `rng`."""
    nights = np.arange(model.nights)
    after = nights >= model.step_at
    truth = np.log1p(model.step) * after + np.log1p(model.ramp) * nights / max(1, model.nights - 1)
    speed = drift(model.nights, model.drift, model.persistence, rng)
    own = model.own_noise * np.where(after, model.spread, 1.0)

    def measured() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        sides = repetitions((2, model.nights, model.repetitions), model.noise, model.outliers, rng)
        disturbed = (
            DISTURBANCE * rng.random(model.nights) * (rng.random(model.nights) < model.outliers)
        )
        level = truth + model.elasticity * speed + rng.normal(0, 1, model.nights) * own + disturbed
        return level + middle(sides[0]), level - speed + middle(sides[0] - sides[1])

    raw, ratio = measured()
    return Simulated(raw, ratio, measured()[1])


def plain(
    nights: int,
    noise: float,
    outliers: float,
    rng: np.random.Generator,
    step: float = 0.0,
    step_at: int = 0,
) -> NDArray[np.float64]:
    """Logarithms of one value a night, all of whose noise is its own: nothing has made it smaller.

    So many `nights` drawn from `rng`, with the `noise` (log scale) and share of `outliers` of
    `repetitions`; from night `step_at` on, `step` more (0.05: 5 %).
    """
    return np.asarray(
        repetitions((nights,), noise, outliers, rng)
        + np.log1p(step) * (np.arange(nights) >= step_at)
    )


def drift(
    nights: int, spread: float, persistence: float, rng: np.random.Generator
) -> NDArray[np.float64]:
    """A stationary AR(1) process over so many `nights`, with standard deviation `spread`.

    `persistence` is the correlation from one night to the next. Drawn from `rng`.
    """
    innovations = rng.normal(0, spread * np.sqrt(1 - persistence**2), nights)
    values = np.empty(nights)
    level = rng.normal(0, spread)
    for night in range(nights):
        level = persistence * level + innovations[night]
        values[night] = level
    return values


def repetitions(
    shape: tuple[int, ...], noise: float, outliers: float, rng: np.random.Generator
) -> NDArray[np.float64]:
    """Logarithms of single repetitions drawn from `rng`, in an array of this `shape`.

    Normal noise of standard deviation `noise`, and a share of `outliers` disturbed, which only ever
    takes longer.
    """
    return rng.normal(0, noise, shape) + DISTURBANCE * rng.random(shape) * (
        rng.random(shape) < outliers
    )


def pairs(
    number: int,
    noise: float,
    outliers: float,
    rng: np.random.Generator,
    effect: float = 0.0,
    drifting: float = 0.05,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """So many pairs measured interleaved, as the values of side a and of side b.

    Drawn from `rng`. Side a takes `effect` more (0.05: 5 %). The machine's drift over the pairs, of
    standard deviation `drifting`, meets both sides alike. `noise` and `outliers` are those of one
    repetition on one side (see `repetitions`); of a pair's ratio the noise is √2 times as large.
    """
    speed = drift(number, drifting, 0.9, rng)
    sides: NDArray[np.float64] = np.exp(repetitions((2, number), noise, outliers, rng) + speed)
    a, b = sides
    return a * (1 + effect), b
