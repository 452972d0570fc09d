"""Printed bills: what stands on the pages is what the truth says, seen through an independent
PDF reader.
"""

from __future__ import annotations

import re
from collections.abc import Callable

import pdfplumber
import polars as pl
import pytest

from pipeline_perf.synth.dataset import Dataset

ROW = {
    "att": r"^(\d+) [A-Z]{3} (\d\d/\d\d/\d{4}) (\d+:\d\d[AP]M) .* (\d+) RM45 ",
    "verizon": r"^()(\d\d/\d\d) (\d+:\d\d[AP]M) .* PlanAllow .* (\d+) -- ",
    "tmobile": r"^()((?:[A-Z][a-z]{2} \d\d)?) ?(\d+:\d\d [AP]M) (?:OUT|IN) .* (\d+) \$",
    "sprint": r"^()(\d\d/\d\d/\d\d) (\d+:\d\d [AP]M) .* PU (\d+) ",
}


@pytest.mark.parametrize("carrier", sorted(ROW))
def test_rows_on_paper_are_the_records_of_the_truth_in_order_and_on_their_pages(
    dataset: Callable[..., Dataset], carrier: str
) -> None:
    made = dataset(carrier, "pdf", 260, defect_rate=0.0, duplicate_rate=0.1)
    truth = pl.read_parquet(made.events)
    seen = []
    with pdfplumber.open(made.files[0]) as pdf:
        for number, page in enumerate(pdf.pages, start=1):
            text = page.extract_text()
            assert f"Page {number} of {len(pdf.pages)}" in text
            subscriber = re.search(r"^\((\d{3})\) (555)-(01\d\d)", text, re.M)
            assert subscriber is not None
            for line in text.split("\n"):
                if found := re.match(ROW[carrier], line):
                    seen.append(
                        (
                            number,
                            "+1" + "".join(subscriber.groups()),
                            found[3].replace(" ", ""),
                            float(found[4]) * 60,
                        )
                    )
    meant = truth.select(
        "page",
        "subscriber_number",
        pl.col("started_at_local").dt.strftime("%-I:%M%p"),
        "duration_s",
    ).rows()
    assert seen == meant
    assert truth["record_no"].to_list() == list(range(1, 261))


def test_a_bill_of_2500_calls_fills_25_pages(dataset: Callable[..., Dataset]) -> None:
    made = dataset("att", "pdf", 2_500)
    assert pl.read_parquet(made.events)["page"].max() == 25
    with pdfplumber.open(made.files[0]) as pdf:
        assert len(pdf.pages) == 25


def test_the_subtotal_is_the_sum_of_the_minutes_above_it(dataset: Callable[..., Dataset]) -> None:
    made = dataset("tmobile", "pdf", 260, defect_rate=0.0, duplicate_rate=0.1)
    with pdfplumber.open(made.files[0]) as pdf:
        text = "\n".join(page.extract_text() for page in pdf.pages)
    total = re.search(r"^Totals (\d+) \$", text, re.M)
    assert total is not None
    assert int(total[1]) * 60 == pl.read_parquet(made.events)["duration_s"].sum()
