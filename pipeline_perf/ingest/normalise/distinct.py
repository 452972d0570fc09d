"""Columns that repeat themselves, worked out once per distinct text.

Numbers, devices, cells and codes come from some thousands of values, in a file of a million
records.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import polars as pl

#: A column is no longer kept when it has more texts than the first, and more than one for every two
#: rows; or more than the second.
LARGE, LARGEST = 20_000, 500_000


@dataclass
class Vocabulary:
    """The distinct texts of a file's column so far, and the row of values that `work` makes of
    each.

    `work` takes a frame with nothing but the String column `name`, and returns as many rows. Row 0
    of `values` belongs to the absent text, row 1 + code to the text with this code.
    """

    name: str
    work: Callable[[pl.DataFrame], pl.DataFrame]
    rows: int = 0
    #: Polars forgets which code is whose text when the last column of these categories goes: an
    #: empty one stays.
    codes: pl.Series | None = field(
        default_factory=lambda: pl.Series(dtype=pl.Categorical(pl.Categories.random()))
    )
    values: pl.DataFrame = field(init=False)

    def __post_init__(self) -> None:
        self.values = self.work(pl.DataFrame(schema={self.name: pl.String()}).clear(1))

    def look_up(self, texts: pl.Series) -> pl.DataFrame:
        """The values of every row of the column."""
        if self.codes is None:
            return self.work(texts.to_frame())
        codes = texts.cast(self.codes.dtype).to_physical().cast(pl.UInt32)
        last = codes.max()
        if isinstance(last, int) and last + 1 >= self.values.height:
            self._learn(texts, codes, last)
        values = (
            self.values[(codes + 1).fill_null(0)] if codes.null_count() else self.values[1:][codes]
        )
        self.rows += len(texts)
        if self.values.height > min(LARGEST, max(LARGE, self.rows / 2)):
            self.codes, self.values = None, self.values.clear()
        return values

    def _learn(self, texts: pl.Series, codes: pl.Series, last: int) -> None:
        first = self.values.height - 1
        rows = (codes >= first).arg_true()
        new, at = np.unique(codes.gather(rows).to_numpy(), return_index=True)
        new_texts = texts.gather(rows.gather(at))
        if len(new) < last + 1 - first:  # codes come without gaps, though nothing promises it
            new_texts = pl.repeat(None, last + 1 - first, dtype=pl.String(), eager=True).scatter(
                new - first, new_texts
            )
        self.values = self.values.vstack(self.work(new_texts.to_frame(self.name)))
