"""Times: the form of a date column, the year that it leaves out, its zone; what is written → a
moment in UTC.

The form is decided once per file and column, from a sample; never cell by cell. Where that is
remembered is the business of `decide`.
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from typing import Literal

import polars as pl

from pipeline_perf import events
from pipeline_perf.ingest.batch import Batch, plain
from pipeline_perf.ingest.errors import NeedsMapping
from pipeline_perf.ingest.layout.forms import OFFSET, YEAR
from pipeline_perf.ingest.layout.model import Field
from pipeline_perf.ingest.normalise.expressions import are_nothing
from pipeline_perf.ingest.normalise.names import for_english, in_english

#: Values looked at to decide the form of a date column.
SAMPLE = 20_000
#: Of these, those by which a form is told that cannot be the column's.
FEW = 200


_CLOCK = r"\s*\d{1,2}:\d{2}(?::\d{2})?\s*(?:[AaPp]\.?[Mm]?\.?)?$"


@dataclass(frozen=True)
class Written:
    """A time column as it will be parsed: its text, and the groups of forms that may read it.

    There are two groups only where dates with and without a year stand in one column.
    """

    text: pl.Expr
    groups: tuple[tuple[str, ...], ...]
    carried: pl.Expr  # the text before a year is added to it: what the next batch may carry on

    @property
    def unread(self) -> tuple[str, ...]:
        """The form taken for a column in which nothing stands."""
        return self.groups[0][:1] or ("%Y-%m-%d %H:%M:%S",)


def written(spec: Field, text: pl.Expr, batch: Batch, carried: str) -> Written:
    """The text of a time column; `carried` is the last date above the batch, which a row without
    one repeats where the layout says so.
    """
    if (spec.carry_down or spec.year) and batch.frame.select(
        text.str.contains(r"[^\x00-\x7f]|(?i)[ap]\.").any()
    ).item():
        text = text.map_batches(in_english, return_dtype=pl.String)
    if spec.carry_down:
        dates = text.str.replace(_CLOCK, "")
        filled = pl.when(dates != "").then(dates).forward_fill().fill_null(carried)
        clock = text.str.extract(f"({_CLOCK})", 1).str.strip_chars()
        text = (filled + " " + clock).str.strip_chars()
    groups: tuple[tuple[str, ...], ...] = (spec.formats,)
    carrying = text
    if spec.year == "period":
        yearless = tuple(form for form in spec.formats if not YEAR.search(form))
        dated = tuple(form for form in spec.formats if YEAR.search(form))
        with_year = tuple(f"%Y {form}" for form in yearless)
        groups = tuple(group for group in (with_year, dated) if group)
        if yearless:
            text = _with_year(text, with_year, batch, " + ".join(spec.column), mixed=bool(dated))
    return Written(text, groups, carrying)


def last_date(column: Written, batch: Batch) -> str:
    """The date of a batch's last row that has one; empty where none has."""
    last = column.carried.drop_nulls().last()
    dates = batch.frame.select(last.str.replace(_CLOCK, "").alias("t"))
    return (dates["t"][0] or "") if dates.height else ""


def decided(column: Written, batch: Batch, title: str) -> tuple[str, ...]:
    """The forms that read the column, that of most values first; empty where it has no values.

    A form without seconds has another before it where some values do have them: a spreadsheet
    shows those of whole minutes without.

    Raises NeedsMapping where day and month can be taken either way.
    """
    values = batch.frame.select(column.text.alias("t"))["t"].drop_nulls()
    if not len(values):
        return ()
    chosen = sorted(
        (_decide(values, group, title) for group in column.groups), key=lambda choice: -choice[0]
    )
    sample = _sample(values)
    forms = []
    for _, form in chosen:
        finer = _other_seconds(form)
        if "%S" in finer:
            unread = sample.filter(parsed(sample, form).is_null())
            if parsed(unread, finer).is_not_null().any():
                forms.append(finer)
        forms.append(form)
    return tuple(forms)


#: Seconds from 1970 to some day near the year 5000.
_YEAR_5000 = 95_617_584_000


def parse(text: pl.Expr, *forms: str) -> pl.Expr:
    """The local time that a text tells in the first of the forms that reads it: strptime's, and
    `epoch` and `epoch_ms`.
    """
    moments = [_parsed(text, form) for form in forms]
    return moments[0] if len(moments) == 1 else pl.coalesce(moments)


def parsed(texts: pl.Series, *forms: str) -> pl.Series:
    """As `parse`, of a column that is at hand."""
    return texts.to_frame("t").select(parse(pl.col("t"), *forms))["t"]


def read(text: pl.Series, name: str, forms: tuple[str, ...]) -> list[pl.Series]:
    """A time column's text and its local times."""
    moments = parsed(text, *forms).alias(name)
    rows = (text.is_not_null() & moments.is_null()).arg_true()
    if not len(rows):
        return [text, moments]
    unread = text.gather(rows)
    moments = moments.scatter(rows, read_again(unread, forms))
    if name != "started_at":  # which every event must have
        text = text.scatter(rows, unread.set(are_nothing(unread), None))
    return [text, moments]


def read_again(texts: pl.Series, forms: tuple[str, ...], ways: int = 2) -> pl.Series:
    """The local times of texts that are none as they stand: with marks taken off, and names in
    English; then also without the seconds that the form has, or with those that it lacks.
    """
    texts = in_english(plain(texts))
    english = [for_english(form) for form in forms]
    tried = english + [_other_seconds(form) for form in english] * (ways > 1)
    return parsed(texts, *tried)


def _other_seconds(form: str) -> str:
    """A form's other one, with seconds where it has none."""
    if "%S" in form:
        return form.replace(":%S", "", 1)
    return re.sub(r"(%[HI]:%M)", r"\1:%S", form, count=1)


def _parsed(text: pl.Expr, form: str) -> pl.Expr:
    if form in ("epoch", "epoch_ms"):
        number = text.cast(pl.Float64, strict=False)
        unit: Literal["ms", "s"] = "ms" if form == "epoch_ms" else "s"
        # far beyond, microseconds wrap round into plausible years
        known = number.abs() < _YEAR_5000 * (1000 if unit == "ms" else 1)
        return pl.from_epoch(pl.when(known).then(number).cast(pl.Int64), unit).cast(
            events.MICROSECONDS
        )
    if form.endswith("%z"):
        text = pl.when(text.str.contains(OFFSET)).then(text.str.replace(OFFSET, ""))
        form = form.removesuffix("%z").rstrip()
    if re.fullmatch(r"(?:%[YmdyHMS]| )+", form):
        # without separators a digit less would shift the others
        text = pl.when(text.str.len_bytes() == len(form.replace("%Y", "yyyy"))).then(text)
    if "%p" in form:
        text = text.str.replace(r"(?i)([ap])\.?(m?)\.?$", "${1}M")
    return text.str.to_datetime(form, time_unit="us", strict=False, exact=True)


def _sample(values: pl.Series) -> pl.Series:
    return values.gather_every(max(1, len(values) // SAMPLE))


def _decide(values: pl.Series, forms: tuple[str, ...], column: str) -> tuple[int, str]:
    """The form that reads most of the column, and how many it reads; NeedsMapping when day and
    month can be taken either way.
    """
    if not forms:
        raise NeedsMapping(f"the layout gives no date formats for column {column}")
    sample = _sample(values)
    for ways in range(3):  # as it stands; with names in English; with or without seconds, too
        reads, best = dict[int, tuple[int, pl.Series]](), 0
        for i, form in enumerate(forms):
            if _by(sample.head(FEW), form, ways).null_count() > len(sample) - best:
                continue  # another reads more than this one can
            moments = _by(sample, form, ways)
            reads[i] = int((moments.is_not_null() & (moments.dt.year() >= 1970)).sum()), moments
            best = max(best, reads[i][0])
        if best:
            break
    winners = [i for i, (count, _) in reads.items() if count == best]
    first = reads[winners[0]][1]
    for i in winners[1:] if best else ():
        if _day_first(forms[i]) != _day_first(forms[winners[0]]) and not reads[i][1].equals(first):
            raise NeedsMapping(
                f"column {column}: every date reads both as {forms[winners[0]]} and as {forms[i]}",
                "leave only one of the two in its formats: in the layout, if it is your own,"
                " otherwise in a copy of it in your layouts folder",
            )
    _check_order(sample, first, best, forms[winners[0]], column)
    return best, forms[winners[0]]


def _by(texts: pl.Series, form: str, ways: int) -> pl.Series:
    return read_again(texts, (form,), ways) if ways else parsed(texts, form)


def _check_order(sample: pl.Series, moments: pl.Series, count: int, form: str, column: str) -> None:
    """Raise NeedsMapping where many dates are none in the form, but with day and month
    exchanged: the others would be misread.
    """
    other = form.replace("%d", "%\0").replace("%m", "%d").replace("%\0", "%m")
    if other == form or "%d" not in form:
        return
    unread = parsed(sample.filter(moments.is_null()), other)
    exchanged = len(unread) - unread.null_count()
    if exchanged > count / 2:
        raise NeedsMapping(
            f"column {column}: {exchanged} dates read only as {other}, {count} as {form}: day and"
            " month stand in another order than the layout has",
            "give the right form in a layout of your own",
        )


def _day_first(form: str) -> bool:
    return 0 <= form.find("%d") < form.find("%m")


# ------------------------- years that are not printed

_PERIOD_DAYS = (
    "%m/%d/%Y", "%m/%d/%y", "%b %d, %Y", "%B %d, %Y", "%b %d %Y", "%B %d %Y", "%d %b %Y",
    "%Y-%m-%d", "%Y%m%d", "%m.%d.%Y",
)  # fmt: skip
_PERIOD_MONTHS = ("%B %Y", "%b %Y", "%m/%Y", "%Y-%m", "%Y%m")


def _period_end(text: str) -> dt.date | None:
    """The last day that a statement's period can have: a date is that day, a month may be the
    one in which it begins.
    """
    text = " ".join(text.split())
    for form in (*_PERIOD_MONTHS, *_PERIOD_DAYS):
        # months first: 202411 is none but in part a date of January
        try:
            day = dt.datetime.strptime(text, form).date()
            return (
                day
                if form in _PERIOD_DAYS
                else (day + dt.timedelta(days=62)).replace(day=1) - dt.timedelta(days=1)
            )
        except (ValueError, OverflowError):
            continue
    return None


def _with_year(
    text: pl.Expr, forms: tuple[str, ...], batch: Batch, column: str, *, mixed: bool
) -> pl.Expr:
    """Put the year of the statement period in front of dates that have none, as the forms expect
    it.

    A date that would lie after the end of the period (the context value `period`) belongs to the
    year before. `mixed`: other dates of the column have their year. Raises NeedsMapping where there
    is no period for any date.
    """
    known = (
        batch.frame["context.period"].drop_nulls().unique().to_list()
        if "context.period" in batch.frame.columns
        else []
    )
    ends = {value: end for value in known if (end := _period_end(value))}
    yearless = parse(pl.format("2024 {}", text), *forms).is_not_null()  # a leap year
    if not batch.frame.select(yearless.any()).item():
        return text
    if not ends:
        raise NeedsMapping(_no_period(column, known))
    last = pl.col("context.period").replace_strict(ends, default=None, return_dtype=pl.Date)
    this, before = (pl.format("{} {}", last.dt.year() - ago, text) for ago in (0, 1))
    moment = parse(this, *forms)
    # A leap day does not parse in the wrong year: it, too, belongs to the year before.
    dated = pl.coalesce(
        pl.when(moment.is_null() | (moment.dt.date() > last)).then(before).otherwise(this), text
    )
    return pl.when(yearless).then(dated).otherwise(text) if mixed else dated


def _no_period(column: str, known: list[str]) -> str:
    trouble = (
        f"the period reads {known[0]!r}, which is no date and no month"
        if known
        else "no line and no file name tells the period"
    )
    return (
        f"column {column}: its dates have no year, and {trouble}. Name the file after its month,"
        " such as bill_2024-01, where the layout has file_name: period; or say in a layout of your"
        " own, by context: period, which line tells the month or last day of the period"
    )
