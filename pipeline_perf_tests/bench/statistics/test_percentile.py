import math

import numpy as np
import pytest

from pipeline_perf.bench.statistics.percentile import FEWEST_BEYOND, fewest, percentile


def test_a_percentile_is_a_measured_value_at_the_nearest_rank() -> None:
    found = percentile([float(number) for number in range(1, 1001)], 0.95)
    assert found is not None
    assert found.value == 950.0 and found.samples == 1000


@pytest.mark.parametrize(
    ("share", "count"), [(0.5, 8), (0.95, 104), (0.05, 104), (0.99, 5000), (0.999, 50_000)]
)
def test_a_percentile_takes_so_many_values(share: float, count: int) -> None:
    assert fewest(share) == count
    assert percentile([1.0] * (count - 1), share) is None
    assert percentile([1.0] * count, share) is not None


def test_from_as_many_values_as_are_asked_for_both_ends_of_the_interval_exist() -> None:
    """One value fewer, and the probability of missing on one side would pass half a per cent."""
    for share in (0.5, 0.75, 0.9, 0.95):
        count = fewest(share)
        assert share**count <= 0.005 < share ** (count - 1)


def test_p99_has_fifty_values_beyond_it() -> None:
    assert fewest(0.99) * 0.01 == pytest.approx(FEWEST_BEYOND)


@pytest.mark.parametrize("share", [0.5, 0.9, 0.95])
def test_the_interval_holds_the_true_percentile_in_99_of_100_samples(share: float) -> None:
    """Of an exponential distribution, whose percentiles are known; 600 samples of 200."""
    generator = np.random.default_rng(7)
    truth, missed = -math.log(1 - share), 0
    for _ in range(600):
        found = percentile(generator.exponential(size=200).tolist(), share)
        assert found is not None
        missed += not found.low <= truth <= found.high
    assert missed <= 14  # of 600 at 1 %, more than 14 happen once in a thousand times


def test_what_is_no_number_is_refused() -> None:
    with pytest.raises(ValueError, match="not a finite number"):
        percentile([1.0] * 20 + [math.nan], 0.5)
    with pytest.raises(ValueError, match="between 0 and 1"):
        percentile([1.0] * 20, 95)
