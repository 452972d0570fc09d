"""Quotes in delimited text: which fields they enclose, over which lines they run, and where they
only stand for inches.

The rules are those of the csv module: a quote opens a field only at its start, and a doubled one
inside, or an escaped one, stands for itself. Splitting records into cells is `split`'s work.
"""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass, field

import numpy as np
import polars as pl

from pipeline_perf.ingest.layout.match import Match

#: A quoted field may run over line ends; further than this it is a quote that was never closed.
MAX_QUOTED_LINES = 50


@dataclass(frozen=True)
class Quotes:
    """What the quotes of a block's lines do."""

    quoted: np.ndarray  # lines with a quote or an escape
    loose: np.ndarray  # lines with quotes that do not just enclose fields, such as inch marks
    # first line of a record of several lines → its last
    spans: dict[int, int] = field(default_factory=dict)
    broken: frozenset[int] = frozenset()  # lines whose quoted field never ends

    def lines(self, first: int) -> int:
        """How many physical lines a record has."""
        return self.spans.get(first, first) - first + 1


@dataclass(frozen=True)
class Syntax:
    """Regular expressions of a dialect.

    `open` and `loose` are for lines in which quoted fields and escaped characters have been
    replaced by a NUL (see `_bare`).
    """

    delimiter: str
    marks: str  # what makes a line be looked at: a quote, or an escape
    field: str  # a quoted field, with the delimiter before it
    escaped: str | None
    open: str
    loose: str
    closing: re.Pattern[str]  # from inside a quoted field to behind its closing quote


@functools.cache
def syntax_of(delimiter: str, quote: str | None, escape: str | None = None) -> Syntax:
    """What to look for; without a quote, nothing is a quoted field."""
    d, never = re.escape(delimiter), r"[^\s\S]"
    q = re.escape(quote) if quote else never
    e = re.escape(escape) if escape else ""
    inside = f"[^{q}{e}]" if quote else never
    pair = f"{q}{q}|{e}(?s:.)" if escape else f"{q}{q}"
    return Syntax(
        delimiter=delimiter,
        marks=f"[{q if quote else ''}{e}]",
        field=f"{d}{q}{inside}*(?:(?:{pair}){inside}*)*{q}",
        escaped=f"{e}(?s:.)" if escape else None,
        open=f"{d}{q}|\\x00{q}",  # what looks closed by a doubled quote is open, too
        loose=f"{q}|\\x00[^{d}]",
        closing=re.compile(f"(?:{inside}|{pair})*+{q}(?!{q})"),
    )


def resolved(
    lines: pl.Series, counts: np.ndarray, match: Match, *, final: bool
) -> tuple[pl.Series, np.ndarray, Quotes]:
    """Take the quotes and escapes of a block into account.

    `counts` are the delimiters of each line. Returns the lines with those that begin a record of
    several lines replaced by the whole record, the delimiters outside of quoted fields, and what
    the quotes do. When a quoted field is still open at the end of a block that is not the `final`
    one, the lines end before it.
    """
    syntax = syntax_of(match.delimiter, match.quote, match.escape)
    quoted = lines.str.contains(syntax.marks).to_numpy().copy()
    at = np.flatnonzero(quoted)
    bare = _bare(lines.gather(at), syntax)
    # as wide as a header, if their quotes mean nothing
    alone = np.isin(counts + 1, match.widths)
    opening = at[bare.str.contains(syntax.open).to_numpy()]
    spans, opened, broken = _spans(lines, at, opening, syntax, match.widths, alone, final=final)
    if opened is not None:
        lines, counts, quoted = lines[:opened], counts[:opened], quoted[:opened]
        at = np.flatnonzero(quoted)
        bare = bare[: len(at)]
    if spans:
        lines = lines.scatter(
            list(spans),
            ["\n".join(lines[first : last + 1].to_list()) for first, last in spans.items()],
        )
        bare = _bare(lines.gather(at), syntax)
    counts = counts.copy()
    counts[at] = bare.str.count_matches(match.delimiter, literal=True).to_numpy() - 1
    loose = np.zeros(len(lines), dtype=bool)
    loose[at] = bare.str.contains(syntax.loose).to_numpy()
    if match.escape is not None:  # Polars knows no escapes
        loose |= lines.str.contains(match.escape, literal=True).to_numpy()
    return lines, counts, Quotes(quoted, loose, spans, frozenset(broken))


def _bare(lines: pl.Series, syntax: Syntax) -> pl.Series:
    """The lines with a delimiter in front, their quoted fields emptied, and nothing escaped."""
    emptied = (pl.Series([syntax.delimiter]) + lines).str.replace_all(
        syntax.field, syntax.delimiter.replace("$", "$$") + "\0"
    )
    return emptied.str.replace_all(syntax.escaped, "\0") if syntax.escaped else emptied


def _spans(
    lines: pl.Series,
    at: np.ndarray,
    opening: np.ndarray,
    syntax: Syntax,
    widths: tuple[int, ...],
    alone: np.ndarray,
    *,
    final: bool,
) -> tuple[dict[int, int], int | None, list[int]]:
    """Find quoted fields that run over line ends; `at` are the lines with quotes, `opening`
    those that end inside one.

    A quote that is never closed may meet another such quote lines below, and would swallow the
    records between: where that makes no record as wide as a header (`widths`), though one of the
    lines `alone` is, it is no span; nor is it where whole such lines stand inside the field.

    Returns the spans (first → last line), the first line of a field still open at the block's end
    (None when there is none), and lines whose quote never closes: text follows what should close
    it.
    """
    spans: dict[int, int] = {}
    broken: list[int] = []
    done = -1
    for i in opening.tolist():
        if i <= done:
            continue
        limit = i + MAX_QUOTED_LINES
        following = at[np.searchsorted(at, i, "right") : np.searchsorted(at, limit, "right")]
        closing, malformed = _closing(lines, following, syntax)
        if closing is not None and alone[i : closing + 1].any():
            whole = _bare(pl.Series(["\n".join(lines[i : closing + 1].to_list())]), syntax)[0]
            if alone[i + 1 : closing].any() or whole.count(syntax.delimiter) not in widths:
                closing, malformed = None, True
        if closing is not None:
            spans[i] = done = closing
        elif not malformed and limit > len(lines) - 1 and not final:
            return spans, i, broken
        else:
            broken.append(i)
    return spans, None, broken


def _closing(lines: pl.Series, following: np.ndarray, syntax: Syntax) -> tuple[int | None, bool]:
    """The line in which an open quoted field ends for good, and whether a quote was met that can
    be no end.
    """
    for j in following.tolist():
        text = lines[j]
        closing = syntax.closing.match(text)
        if closing is None:
            continue  # only doubled quotes
        rest = text[closing.end() :]
        if rest and not rest.startswith(syntax.delimiter):
            return None, True
        if not re.search(syntax.open, re.sub(syntax.field, "\0", rest)):
            return j, False
    return None, False
