"""What a layout's patterns pick up from lines and names."""

from __future__ import annotations

import pytest

from pipeline_perf.ingest.layout.match import picked


@pytest.mark.parametrize(
    ("pattern", "value"),
    [
        (r"^Line: \((\d+)\) (\d+)-(\d+)", "2125550101"),
        (r"\d{3}-\d{4}", "555-0101"),
        (r"(?:\((\d+)\)|area (\d+))", "212"),  # the way that was not taken has no part in it
        (r"(x)?\d{4}$", "0101"),
        (r"Line: (x?)", ""),  # nothing stands there: that is the value
        (r"^\d", None),
    ],
)
def test_the_groups_joined_are_the_value_or_all_that_matches(
    pattern: str, value: str | None
) -> None:
    assert picked(pattern, "Line: (212) 555-0101") == value
