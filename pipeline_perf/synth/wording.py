"""How layouts word what they write: moments, amounts, parties, cells; and how lines are set.

Only what several layouts share. A carrier's own columns and codes stand in its module.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import polars as pl

from pipeline_perf.synth import callmodel
from pipeline_perf.synth.layout import Join, Notation, Scene, Section

OUT = pl.col("direction_code") == callmodel.OUT
IN = pl.col("direction_code") == callmodel.IN
FORWARDED = pl.col("direction_code") == callmodel.FORWARDED
CALL = pl.col("kind") == callmodel.CALL
SMS = pl.col("kind") == callmodel.SMS
DATA = pl.col("kind") == callmodel.DATA
ANSWERED = pl.col("answered")
#: Where a report knows the cell it names the handset, too.
CELL_KNOWN = pl.col("cell_at_start") >= 0
SECONDS = pl.col("duration_s").cast(pl.String)
STARTED = pl.col("written")
BLANK = pl.lit("")

#: `join` and `cut` of a form: the whole lines, and how far a broken transfer got with each.
Setting = tuple[Join, Join]

#: Impossible dates: a pattern in a date's text, and what puts the 45th day of the 13th month there.
MONTH_DAY = (r"^\d+/\d+", "13/45")
DAY_MONTH = (r"^\d+/\d+", "45/13")
YEAR_MONTH_DAY = (r"^(\d{4})-\d\d-\d\d", "${1}-13/45")
DASHED = (r"^(\d{4})-\d\d-\d\d", "${1}-13-45")
DIGITS = (r"^(\d{4})\d{4}", "${1}1345")


# ---------------------------------------------------------------- texts


def either(condition: pl.Expr, yes: pl.Expr | str, no: pl.Expr | str) -> pl.Expr:
    """One text or the other; strings are themselves, not names of columns.

    >>> pl.select(either(pl.lit(1) > 2, "more", "less")).item()
    'less'
    """
    first, second = (pl.lit(text) if isinstance(text, str) else text for text in (yes, no))
    return pl.when(condition).then(first).otherwise(second)


def stamp(form: str, moment: pl.Expr = STARTED) -> pl.Expr:
    """A moment in a strftime form."""
    return moment.dt.strftime(form)


def minutes_seconds(seconds: pl.Expr) -> pl.Expr:
    """M:SS, minutes running past 59.

    >>> pl.select(minutes_seconds(pl.lit(3725))).item()
    '62:05'
    """
    return pl.concat_str(
        (seconds // 60).cast(pl.String), pl.lit(":"), (seconds % 60).cast(pl.String).str.zfill(2)
    )


def hours_minutes_seconds(seconds: pl.Expr, hour_digits: int = 1, between: str = ":") -> pl.Expr:
    """H:MM:SS with at least `hour_digits` digits of hours.

    >>> pl.select(hours_minutes_seconds(pl.lit(3725), hour_digits=2)).item()
    '01:02:05'
    """
    hours, minutes, rest = seconds // 3600, seconds // 60 % 60, seconds % 60
    digits = ((hours, hour_digits), (minutes, 2), (rest, 2))
    return pl.concat_str(
        [number.cast(pl.String).str.zfill(width) for number, width in digits], separator=between
    )


def whole_minutes(seconds: pl.Expr) -> pl.Expr:
    """Minutes as billed: begun minutes count, and no call is free of charge for being short."""
    return pl.max_horizontal((seconds + 59) // 60, pl.lit(1))


def dollars(cents: pl.Expr) -> pl.Expr:
    """Whole cents as D.CC."""
    return pl.concat_str(
        (cents // 100).cast(pl.String), pl.lit("."), (cents % 100).cast(pl.String).str.zfill(2)
    )


# ---------------------------------------------------------------- parties and cells


def renumber(nanp: str, foreign: str, words: dict[str, str] | None = None) -> Notation:
    """A notation of E.164 numbers and of the words that stand in their place.

    In `nanp`, ${1} ${2} ${3} are area code, exchange and line; `foreign` replaces the + of all
    other numbers; `words` replaces whole texts.

    >>> notation = renumber("(${1}) ${2}-${3}", "011", {"Restricted": "BLOCKED"})
    >>> notation(pl.Series(["+12125550143", "+442075550101", "Restricted"])).to_list()
    ['(212) 555-0143', '011442075550101', 'BLOCKED']
    """

    def write(parties: pl.Series) -> pl.Series:
        text = parties.str.replace(r"^\+1(\d{3})(\d{3})(\d{4})$", nanp).str.replace(r"^\+", foreign)
        return text.replace(words) if words else text

    return write


def spelled(number: str, form: str) -> str:
    """A number of the North American plan in a form with {} for area code, exchange and line.

    >>> spelled("+12125550143", "({}) {}-{}")
    '(212) 555-0143'
    """
    return form.format(number[2:5], number[5:8], number[8:])


def parties(
    frame: pl.DataFrame, scene: Scene, names: pl.Series
) -> tuple[pl.Expr, pl.Expr, pl.Expr]:
    """The line's own number, its partner, and where a forwarded leg went (null on other legs).

    `names` are the parties as they are to stand: `scene.written` or `scene.meant`. The expressions
    are for `frame` alone, or for one with as many rows.
    """
    own = pl.Series(scene.who.lines).gather(frame["line"])
    rows = (own, frame["partner"], known_rows(frame, "target"))
    line, partner, target = (pl.lit(names.gather(places)) for places in rows)
    return line, partner, target


def from_and_to(own: pl.Expr, other: pl.Expr, target: pl.Expr) -> tuple[pl.Expr, pl.Expr]:
    """Caller and called, from who did what: the three as `parties` gives them."""
    return either(OUT, own, other), either(FORWARDED, target, either(OUT, other, own))


def known_rows(frame: pl.DataFrame, column: str) -> pl.Series:
    """The rows that a column of indices names, such as `cell_at_start`; null in place of -1."""
    return frame.select(pl.when(pl.col(column) >= 0).then(pl.col(column)))[:, 0]


# ---------------------------------------------------------------- lines


def delimited(separator: str, cut_in: str, keep: int = 4) -> Setting:
    """A delimited form; a broken transfer got to `keep` characters of the column `cut_in`.

    >>> join, cut = delimited(";", "time", keep=2)
    >>> texts = pl.DataFrame({"date": ["01/31"], "time": ["14:02"], "seconds": ["42"]})
    >>> join(texts).to_list(), cut(texts).to_list()
    (['01/31;14:02;42'], ['01/31;14'])
    """

    def join(texts: pl.DataFrame) -> pl.Series:
        return texts.select(pl.concat_str(pl.all(), separator=separator).alias("text"))["text"]

    def cut(texts: pl.DataFrame) -> pl.Series:
        reached = texts.columns[: texts.columns.index(cut_in) + 1]
        return join(texts.select(reached).with_columns(pl.col(cut_in).str.slice(0, keep)))

    return join, cut


def positional(
    fields: dict[str, tuple[int, int]], length: int, cut_at: int, right_aligned: Sequence[str] = ()
) -> Setting:
    """A fixed-width form of `length` characters; a broken transfer got to `cut_at` of them.

    `fields` gives 1-based inclusive positions in ascending order.

    >>> join, cut = positional({"date": (1, 6), "line": (9, 12)}, 13, cut_at=4)
    >>> texts = pl.DataFrame({"date": ["240131"], "line": ["42"]})
    >>> join(texts).to_list(), cut(texts).to_list()
    (['240131  42   '], ['2401'])
    """
    pieces: list[pl.Expr] = []
    at = 1
    for name, (first, last) in fields.items():
        if first > at:
            pieces.append(pl.lit(" " * (first - at)))
        text, width = pl.col(name), last - first + 1
        padded = text.str.pad_start(width) if name in right_aligned else text.str.pad_end(width)
        pieces.append(padded.str.slice(0, width))
        at = last + 1
    if at <= length:
        pieces.append(pl.lit(" " * (length - at + 1)))

    def join(texts: pl.DataFrame) -> pl.Series:
        return texts.select(pl.concat_str(pieces).alias("text"))["text"]

    return join, lambda texts: join(texts).str.slice(0, cut_at)


def boundaries(
    frame: pl.DataFrame, columns: Sequence[str], page_rows: int | None = None
) -> list[tuple[int, int]]:
    """Where consecutive records agree in `columns`: start and stop of each piece.

    Pieces of more than `page_rows` are cut.

    >>> boundaries(pl.DataFrame({"line": [0, 0, 0, 1]}), ["line"], page_rows=2)
    [(0, 2), (2, 3), (3, 4)]
    """
    if frame.height == 0:
        return []
    starts = [0]
    if columns:
        changed = pl.any_horizontal(pl.col(name) != pl.col(name).shift(1) for name in columns)
        starts = frame.select(pl.arg_where(changed.fill_null(True)))[:, 0].to_list()
    pieces = []
    for start, stop in zip(starts, [*starts[1:], frame.height], strict=True):
        step = page_rows or stop - start
        pieces += [(at, min(at + step, stop)) for at in range(start, stop, step)]
    return pieces


def one_section(
    head: Sequence[str] = (), foot: Sequence[str] = ()
) -> Callable[[pl.DataFrame, Scene], list[Section]]:
    """All records together, between the same lines in every file."""
    return lambda frame, scene: [Section(tuple(head), 0, frame.height, tuple(foot))]


def sections_by_line(
    header: str, foot: str, page_rows: int | None = None
) -> Callable[[pl.DataFrame, Scene], list[Section]]:
    """The header once; the foot after each subscriber line, and after every `page_rows` records."""

    def sections(frame: pl.DataFrame, scene: Scene) -> list[Section]:
        return [
            Section((header,) if start == 0 else (), start, stop, (foot,))
            for start, stop in boundaries(frame, ("line",), page_rows)
        ]

    return sections
