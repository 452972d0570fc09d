"""Rows that tell the two ends of a call, an INVITE and its BYE: what the closing row tells is
put beside the opening one's columns.

Here belong finding what belongs together, also across the blocks of a file, and the fate of what
stays alone. What the columns mean is `normalise`'s business, as ever.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import polars as pl

from pipeline_perf.ingest.batch import (
    PAIR,
    REJECTED,
    UNENDED,
    Batch,
    Columns,
    Piece,
    Pieces,
    cleaned,
    matches,
)
from pipeline_perf.ingest.errors import UnreadableFile
from pipeline_perf.ingest.layout.model import Pairs, title_key

#: Rows that wait for their other end; of more, the oldest are given up. A busy switch has some ten
#: thousand calls at a time.
WAITING = 250_000

ALONE = (
    "the end of a call whose beginning is not in this file: put the switch's files together and"
    " ingest them as one"
)

_KEY, _CLOSES, _NTH, _END = "pair.key", "pair.closes", "pair.nth", ".end"


def paired(pieces: Pieces) -> Pieces:
    """Pair the rows of a file, the first opening row of a call with its first closing row, the
    second with the second.

    Both stay records: the closing one takes the opening one's cells, so that it tells the same
    call, and has the number of its record as `pair`. A row that waits for its other end is handed
    on with the block where that stands, or at the file's end. An opening row that stays alone is
    marked `unended`; a closing one is rejected.
    """
    waiting: dict[tuple[str, tuple[str, ...]], _Waiting] = {}
    position = 0
    while (piece := next(pieces, None)) is not None:
        position = piece.position
        batches, rejects = [], [piece.rejected]
        for batch in piece.batches:
            if batch.table.pairs is None:
                batches.append(batch)
            else:
                rows = waiting.setdefault(
                    (batch.table.name, batch.titles), _Waiting(batch, batch.table.pairs)
                )
                made, alone = rows.add(batch)
                batches.append(made)
                rejects.append(alone)
        made_of = dataclasses.replace(
            piece, batches=tuple(b for b in batches if b.frame.height), rejected=pl.concat(rejects)
        )
        # as much as what is made of it: not held while the next one comes
        del piece, batches, rejects
        yield made_of
        del made_of
    left = [rows.given_up(0) for rows in waiting.values()]
    yield Piece(
        tuple(batch for batch, _ in left if batch.frame.height),
        pl.concat([pl.DataFrame(schema=REJECTED), *(alone for _, alone in left)]),
        position=position,
    )


@dataclass
class _Waiting:
    """The rows of a table whose other end has not been seen; `like` is a batch of that table."""

    like: Batch
    pairs: Pairs
    rows: pl.DataFrame | None = None

    def __post_init__(self) -> None:
        titles, columns = self.like.titles, Columns(self.like)
        needed = (*self.pairs.same, *self.pairs.opens, *self.pairs.closes, *self.pairs.takes)
        if missing := [title for title in needed if not columns.has((title,))]:
            raise UnreadableFile(
                f"the column {missing[0]} is missing: the {self.like.table.name} rows of one call"
                " are found by it"
            )
        #: Each column made of the closing row's → the column that it is there.
        self.taken = {
            f"c{len(titles) + i}": columns.at[title_key(title)]
            for i, title in enumerate(self.pairs.takes)
        }
        self.like = Batch(self.like.table, (*titles, *self.pairs.taken), self.like.frame.clear())

    def add(self, batch: Batch) -> tuple[Batch, pl.DataFrame]:
        """Take in a batch; returns what is complete or neither end of a call, and the closing
        rows that are given up.
        """
        rows = self._marked(batch)
        neither = rows.filter(pl.col(_CLOSES).is_null())
        rows = rows.filter(pl.col(_CLOSES).is_not_null())
        rows = rows if self.rows is None else pl.concat([self.rows, rows])
        rows = rows.with_columns(pl.int_range(pl.len()).over(_KEY, _CLOSES).alias(_NTH))
        ends = rows.filter(~pl.col(_CLOSES)).join(
            rows.filter(pl.col(_CLOSES)), on=[_KEY, _NTH], suffix=_END
        )
        opening = {
            name: pl.col(self.taken[name] + _END if name in self.taken else name)
            for name in rows.columns
        }
        closing = (
            opening
            | {name: pl.col(name + _END) for name in ("record_no", "page", "raw")}
            | {PAIR: pl.col("record_no")}
        )
        whole = [ends.select(**opening), ends.select(**closing)]
        self.rows = rows.join(ends, on=[_KEY, _NTH], how="anti", maintain_order="left").drop(_NTH)
        unended, alone = self.given_up(WAITING)
        columns = unended.frame.columns
        frame = pl.concat(
            [neither.select(columns), *(rows.select(columns) for rows in whole), unended.frame]
        )
        return self._batch(frame), alone

    def given_up(self, keep: int) -> tuple[Batch, pl.DataFrame]:
        """Let the oldest rows go but for the youngest so many; returns the opening and the
        closing ones of them.
        """
        rows = self._marked(self.like) if self.rows is None else self.rows
        gone, self.rows = rows.head(max(0, rows.height - keep)), rows.tail(keep)
        closes = gone[_CLOSES].fill_null(False)
        alone = gone.filter(closes).select(
            "record_no", "page", rule=pl.lit("end_without_start"), reason=pl.lit(ALONE), raw="raw"
        )
        return (
            self._batch(
                gone.filter(~closes).with_columns(pl.lit(True).alias(UNENDED)).drop(_KEY, _CLOSES)
            ),
            alone,
        )

    def _batch(self, frame: pl.DataFrame) -> Batch:
        return Batch(self.like.table, self.like.titles, frame.sort("record_no"))

    def _marked(self, batch: Batch) -> pl.DataFrame:
        """A batch's rows with the key of their call and whether they close it, null where they
        neither open nor close one.
        """
        columns = Columns(batch)
        texts = {title: columns.expr(title).fill_null("") for title in self.pairs.same}
        if self.pairs.either_way:
            one, other = (texts[title] for title in self.pairs.either_way)
            in_order = pl.when(one <= other)
            texts |= dict(
                zip(
                    self.pairs.either_way,
                    (in_order.then(one).otherwise(other), in_order.then(other).otherwise(one)),
                    strict=True,
                )
            )
        opens, closes = matches(self.pairs.opens, columns), matches(self.pairs.closes, columns)
        key = pl.concat_str(list(texts.values()), separator="\x1f").alias(_KEY)
        end = pl.when(opens).then(False).when(closes).then(True).alias(_CLOSES)
        roots = (*key.meta.root_names(), *end.meta.root_names())
        return batch.frame.with_columns(
            *(pl.lit(None, pl.String).alias(name) for name in self.taken),
            pl.lit(None, pl.Int64).alias(PAIR),
            pl.lit(False).alias(UNENDED),
            *cleaned(batch.frame, roots).select(key, end),
        )
