"""Looking values up by distinct text gives what working every row out would give, chunk after
chunk.
"""

from __future__ import annotations

import gc

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline_perf.ingest.normalise import distinct
from pipeline_perf.ingest.normalise.distinct import Vocabulary

CHUNKS = st.lists(
    st.lists(
        st.one_of(st.none(), st.sampled_from(["", " ", "0", "a", "ß", "12"]), st.text(max_size=3))
    ),
    max_size=5,
)


def lengths(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.select(
        pl.col("c").str.len_chars().fill_null(99).alias("length"),
        pl.col("c").str.to_uppercase().alias("upper"),
    )


@given(chunks=CHUNKS)
@settings(max_examples=60)
def test_looked_up_is_worked_out(chunks: list[list[str | None]]) -> None:
    known = Vocabulary("c", lengths)
    for chunk in chunks:
        texts = pl.Series("c", chunk, dtype=pl.String)
        found = known.look_up(texts)
        assert found.equals(lengths(texts.to_frame()))
        del found, texts
        gc.collect(1)  # all that a chunk left; a whole collection takes a tenth of a second


def test_each_text_is_worked_out_once() -> None:
    worked: list[str | None] = []

    def work(frame: pl.DataFrame) -> pl.DataFrame:
        worked.extend(frame["c"].to_list())
        return lengths(frame)

    known = Vocabulary("c", work)
    for _ in range(3):
        known.look_up(pl.Series("c", ["a", "b", "a", None]))
        gc.collect()
    assert sorted(worked, key=str) == [None, "a", "b"] or sorted(worked, key=str) == [
        "a",
        "b",
        None,
    ]


def test_a_column_that_hardly_repeats_is_not_kept() -> None:
    known = Vocabulary("c", lengths)
    texts = pl.Series("c", [str(i) for i in range(distinct.LARGE + 1)])
    assert known.look_up(texts).equals(lengths(texts.to_frame()))
    assert known.values.is_empty()
    assert known.look_up(texts).equals(lengths(texts.to_frame()))
