"""Lines of delimited cells told apart: headers, records, furniture, and what is none of them.

The bulk is told by two numbers per line (its delimiters, its length) in NumPy; only lines that are
not plainly records are looked at one by one.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import polars as pl

from pipeline_perf.ingest.batch import Piece
from pipeline_perf.ingest.container.lines import MAX_COLUMNS
from pipeline_perf.ingest.errors import UnreadableFile
from pipeline_perf.ingest.layout.forms import shape
from pipeline_perf.ingest.layout.match import Match, matching_table
from pipeline_perf.ingest.layout.model import Field, title_key
from pipeline_perf.ingest.probe.dialect import split_line
from pipeline_perf.ingest.probe.structure import are_types
from pipeline_perf.ingest.read.account import (
    FIRST_WINDOW,
    NOTHING,
    TITLE_REACH,
    UNRECOGNISED,
    Account,
    Binding,
    State,
    batch_of,
    is_furniture,
)
from pipeline_perf.ingest.read.quotes import Quotes, resolved
from pipeline_perf.ingest.read.split import split
from pipeline_perf.numbers import count

#: Lines told apart at a time; a new header among them makes the rest be looked at again, so that
#: short sections are met with short windows.
WINDOW = 1 << 16


@dataclass
class Look:
    """A block's lines and what is known of each at a glance; a pattern is looked for once in all
    of them.
    """

    lines: pl.Series
    counts: np.ndarray  # delimiters
    quotes: Quotes
    taken: np.ndarray  # part of a record above
    cut_off: int | None  # the line with which the file ends, without a line end
    lengths: np.ndarray = field(init=False)
    _masks: dict[str, np.ndarray] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.lengths = self.lines.str.len_bytes().to_numpy()

    def matching(self, pattern: str) -> np.ndarray:
        if pattern not in self._masks:
            self._masks[pattern] = self.lines.str.contains(pattern).to_numpy()
        return self._masks[pattern]

    def beginning(self, text: str) -> np.ndarray:
        return self.matching("^" + re.escape(text))

    def bare(self, blanks: str) -> np.ndarray:
        """Lines with nothing but these characters."""
        return self.matching(rf"^[{re.escape(blanks)}]*$")


def read_delimited(
    block: bytes, match: Match, state: State, used: int, *, final: bool
) -> tuple[Piece, bytes]:
    """Account for one block; returns what of its end belongs to the next (a quoted field that is
    still open).
    """
    lines = pl.read_lines(block)["line"]
    account = Account()
    counts = lines.str.count_matches(match.delimiter, literal=True).fill_null(0).to_numpy().copy()
    quotes, held = Quotes(np.zeros(len(lines), dtype=bool), np.zeros(len(lines), dtype=bool)), b""
    if any(mark and mark.encode() in block for mark in (match.quote, match.escape)):
        physical = len(lines)
        lines, counts, quotes = resolved(lines, counts, match, final=final)
        if len(lines) < physical:
            held = block[_line_start(block, physical - len(lines)) :]
            if not len(lines):
                return Piece((), position=used), held
    total = len(lines)
    taken = np.zeros(total, dtype=bool)
    for first, last in quotes.spans.items():
        taken[first + 1 : last + 1] = True
    cut_off = total - 1 if not block.endswith(b"\n") and not held else None
    look = Look(lines, counts, quotes, taken, cut_off)
    position = 0
    while position < total:
        position = _segment(look, position, match, state, account)
    contexts = state.context.columns(total)
    batches = []
    for binding, parts in account.records.items():
        at = np.concatenate(parts)
        if len(at):
            raw = lines if len(at) == total else lines.gather(at)
            cells = split(raw, at, counts, quotes, binding.width, match)
            batches.append(batch_of(binding, cells, raw, at, state, contexts))
    state.line += total
    return account.piece(batches, total, used), held


def _line_start(block: bytes, last: int) -> int:
    """Where the last so many lines of a block begin."""
    at = len(block) - 1 if block.endswith(b"\n") else len(block)
    for _ in range(last):
        at = block.rfind(b"\n", 0, at)
    return at + 1


def _segment(look: Look, start: int, match: Match, state: State, account: Account) -> int:
    """Tell the lines from `start` apart up to the next header that binds another table; returns
    where that is.
    """
    if start + state.line <= state.headed:  # what is left of a header on several lines
        account.furniture += 1
        return start + 1
    if state.binding is None:
        return _above_header(look, start, match, state, account)
    state.window = min(WINDOW, state.window)
    total = min(len(look.lines), start + state.window)
    state.window *= 2
    binding = state.binding
    odd = _odd(look, slice(start, total), match, state)
    taken = look.taken[start:total]
    plain = ~odd & ~taken
    end = total
    todo = np.flatnonzero(odd & ~taken).tolist()[::-1]
    while todo:
        offset = todo.pop()
        i = start + offset
        text, span = look.lines[i], look.quotes.lines(i)
        if not text.strip(_blanks(match) + NOTHING):
            account.furniture += span
            continue
        header = _header(text, match, state, i)
        if header is not None:
            account.furniture += span
            state.headed = state.line + i + header.lines - 1
            if header != binding:
                state.binding = header
                state.window = FIRST_WINDOW
                end = i + span
                plain[offset:] = False
                break
            rest = range(offset + span, min(offset + header.lines, total - start))
            account.furniture += len(rest)
            plain[list(rest)] = False
            todo = [o for o in todo if o not in rest]
            below = offset + header.lines
            if below < total - start and plain[below]:
                # the types of the columns, perhaps
                plain[below] = False
                todo.append(below)
            continue
        # a spreadsheet fills up such a line to a record's width; in a record, the words of a
        # pattern may stand, too
        free = look.counts[i] < binding.width - 1 or not _is_dated(text, binding, match)
        context = free and state.context.take(text, i)
        titled = free and state.note_title(match.layout, text, i)
        if titled:  # a header follows, perhaps one that would pass for a record
            reach = range(offset + 1, min(offset + TITLE_REACH + 1, total - start))
            near = [o for o in reach if plain[o]]
            plain[near] = False
            todo = sorted({*todo, *near}, reverse=True)
        if context or titled or _passed_over(text, i, binding, match, state):
            account.furniture += span
            continue
        if i in look.quotes.broken:
            reason: tuple[str, str] | None = ("unclosed_quote", "a quoted field that never ends")
        else:
            cut, short = i == look.cut_off, state.short > 0
            reason = _unfit(text, int(look.counts[i]), binding, match, cut=cut, short=short)
        if reason is None:
            state.short += look.counts[i] < binding.width - 1
            plain[offset] = True
        else:
            account.reject(state.line + i + 1, *reason, text)
    account.records.setdefault(binding, []).append(np.flatnonzero(plain) + start)
    return end


def _above_header(look: Look, start: int, match: Match, state: State, account: Account) -> int:
    """Account for a line above the first header, or for that header; returns what comes next."""
    text, span = look.lines[start], look.quotes.lines(start)
    header = _header(text, match, state, start)
    if header is not None:
        state.binding, state.headed = header, state.line + start + header.lines - 1
    else:
        known = state.context.take(text, start)
        known = state.note_title(match.layout, text, start) or known
        if not known and not is_furniture(match.layout, text) and _RECORD_LIKE.search(text):
            reason = "a record, by its look, above the first header"
            account.reject(state.line + start + 1, "before_header", reason, text)
            return start + span
    account.furniture += span
    return start + span


def _odd(look: Look, here: slice, match: Match, state: State) -> np.ndarray:
    """Which lines are to be looked at one by one: not plainly records of the table at hand."""
    layout, binding, start = match.layout, state.binding, here.start
    if binding is None:
        return np.ones(here.stop - start, dtype=bool)
    width, counts = binding.width, look.counts[here]
    odd: np.ndarray = (counts < width - 1) if layout.overflow else (counts != width - 1)
    if (look.lengths[here] < 4 * width).any():  # perhaps empty but for delimiters
        odd |= look.bare(_blanks(match))[here]
    if binding.header is not None:
        # again after a page break, or that of another table which begins alike
        odd |= look.beginning(binding.header.split(match.delimiter)[0] + match.delimiter)[here]
    if binding.table.record is not None:
        odd |= ~look.matching(binding.table.record)[here]
    # such as totals that a spreadsheet filled up to a record's cells; furniture that may begin
    # anywhere is too dear to look for in every line
    in_passing = [pattern for patterns in layout.context.values() for pattern in patterns]
    for pattern in filter(None, (_anchored(layout.furniture), *in_passing)):
        odd |= look.matching(pattern)[here]
    odd |= look.matching(r"^\D*$")[here]  # a title, perhaps, or another header: no record is so
    odd[[i - start for i in look.quotes.broken if start <= i < here.stop]] = True
    below = state.headed + 1 - state.line - start
    if 0 <= below < len(odd):
        odd[below] = True
    titled = state.titled + 1 - state.line - start
    odd[max(0, titled) : max(0, titled + TITLE_REACH)] = True
    return odd


def _passed_over(text: str, i: int, binding: Binding, match: Match, state: State) -> bool:
    """Whether a line is none of the table's records: the types of its columns, or furniture."""
    if state.line + i == state.headed + 1 and are_types(_cells(text, match)):
        return True
    unlike = binding.table.record is not None and not re.search(binding.table.record, text)
    return is_furniture(match.layout, text) and (unlike or not _has_time(text, binding, match))


def _blanks(match: Match) -> str:
    return f"{match.delimiter}{match.quote or ''} \t"


def _cells(text: str, match: Match) -> list[str]:
    return split_line(text, match.delimiter, match.quote, match.escape)


def _header(text: str, match: Match, state: State, i: int) -> Binding | None:
    """The table that a line announces: by its own titles, or as the probe saw it."""
    bound = state.binding
    if match.header is not None and (
        state.line + i == match.header.line
        or (bound is not None and bound.lines > 1 and text == bound.header)
    ):
        titles, lines = match.header.titles, match.header.lines
    else:
        titles, lines = tuple(title.strip() for title in _cells(text, match)), 1
    table = matching_table(match.layout, {title_key(t) for t in titles}, state.title)
    if table and len(titles) > MAX_COLUMNS:
        raise UnreadableFile(
            f"a header of {count(len(titles))} columns, where no file of records has more than"
            f" {MAX_COLUMNS}",
            "check what the file is",
            file=state.name,
        )
    return Binding(table.name, titles, text, table, lines) if table else None


@functools.cache
def _anchored(patterns: tuple[str, ...]) -> str:
    """Those of the patterns that only look at a line's beginning, as one; empty where there are
    none.
    """
    return "|".join(
        f"(?:{p})"
        for p in patterns
        if re.match(r"(?:\(\?\w+\))?\^", p) and "|" not in re.sub(r"\([^()]*\)", "", p)
    )


def _needed(binding: Binding) -> int:
    """How many fields a row must have so that its time, duration and parties can be there."""
    wanted: set[str] = set()
    for name in ("started_at", "duration_s", "from_number", "to_number", "counterpart"):
        for alternative in binding.table.fields.get(name, ()):
            if not alternative.optional:
                wanted.update(title_key(c) for c in alternative.column)
    return max(
        (i + 1 for i, title in enumerate(binding.titles) if title_key(title) in wanted), default=1
    )


#: Two digits, perhaps with a mark between them: the least that a time or a date shows.
_DIGITS = re.compile(r"\d[/:.\-]?\d")
#: What a record shows that stands above the header which would explain it: four cells or more, and
#: a clock or a number of seven digits; or date and time at its beginning, as in columns of fixed
#: width.
_RECORD_LIKE = re.compile(
    r"^(?:(?=(?:[^,\t;|]*[,\t;|]){3}).*(?:\d:\d\d|\d{7})|\W?\d{1,4}[-/.]\d{1,2}(?:[-/.]\d{2,4})?["
    r" T]+\d{1,2}:\d\d)",
    re.DOTALL,
)


def _has_time(text: str, binding: Binding, match: Match) -> bool:
    """Whether a line has digits where the table's time stands, as no total and no page head has."""
    return any(_DIGITS.search(cell) for _, cells in _times(text, binding, match) for cell in cells)


def _is_dated(text: str, binding: Binding, match: Match) -> bool:
    """Whether a line has a time where the table has it, by the form that it looks like; where
    more than half of its cells are filled, digits there are enough.
    """
    cells = _cells(text, match)
    full = 2 * sum(1 for cell in cells if cell.strip()) > len(cells)
    return any(
        any(shape(form).search(" ".join(there)) for form in spec.formats)
        or (full and len(there) > 0 and all(map(_DIGITS.search, there)))
        for spec, there in _times(text, binding, match)
    )


def _times(text: str, binding: Binding, match: Match) -> Iterator[tuple[Field, list[str]]]:
    """The ways in which the table tells its time, each with what a line has in its columns."""
    cells = dict(zip(map(title_key, binding.titles), _cells(text, match), strict=False))
    for spec in binding.table.fields["started_at"]:
        yield spec, [cells[key] for key in map(title_key, spec.column) if cells.get(key)]


def _unfit(
    text: str, delimiters: int, binding: Binding, match: Match, *, cut: bool, short: bool
) -> tuple[str, str] | None:
    """Why a ragged line cannot be a record of the table (rule and reason), or None when it can.

    `cut`: the file ends with this line, and without a line end; `short`: records above have fewer
    fields than the header.
    """
    fields = delimiters + 1
    if fields > binding.width and not match.layout.overflow:
        surplus = _cells(text, match)[binding.width :]
        if any(cell.strip() for cell in surplus):
            reason = f"{fields} fields where the header has {binding.width}"
            return "too_many_fields", f"{reason}: a delimiter inside a value?"
        return None
    if delimiters == 0 and binding.width > 1:
        return UNRECOGNISED
    if cut and (fields <= _needed(binding) if short else fields < binding.width):
        return "cut_off", f"the file ends inside this record: {fields} of {binding.width} fields"
    if binding.table.record is not None and not re.search(binding.table.record, text):
        return UNRECOGNISED
    if not match.layout.short_rows and fields < _needed(binding):
        return (
            "cut_off",
            f"only {fields} of {binding.width} fields: time, duration or parties are missing",
        )
    return None
