"""How lines divide into cells: delimiter, quote, escape, found by which choice makes the rows
agree.

Here belong splitting and the choice. Which of the rows are preamble, header or footer is
`structure`'s work.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

#: In the order that decides ties. A blank stands for any run of blanks.
DELIMITERS = ",;\t|:~ "

#: Separators of ASCII, of databases, of older exports, and Hive's ^A: tried where at least this
#: share of the lines has them, from the first line on that does.
UNUSUAL = "\x01\x02\x1c\x1d\x1e\x1f\x07\x0b^¦§¬¶¤·@#*&!%\\`"
UNUSUAL_SHARE = 0.6

#: Colons stand in times, tildes and blanks in texts; as delimiters they need better evidence. So do
#: most of the unusual.
TRUST = {":": 0.7, "~": 0.9, " ": 0.7} | dict.fromkeys("@#*&!%\\`·", 0.85)

#: What lines before the first and behind the last row of the table weigh: they may be many, and are
#: none of it.
OUTSIDE = 0.3

#: Lines looked at; more would not change the answer, only the time.
SAMPLE_LINES = 200
TYPED_ROWS = 40

#: A score below this is no delimiter but prose, fixed columns, or a single column.
LEAST_SCORE = 0.15
#: A score above this is as good as any: quoted texts look less like values than numbers do.
SURE_SCORE = 0.3

#: Fixed columns show in this many characters; one endless line must not cost a second.
WIDEST = 1000

GAP = re.compile("  +")

#: A quoted cell over more lines than this is a quote that was never closed.
LONGEST_CELL = 20


class Row(NamedTuple):
    line: int  #              index of its first line
    lines: int  #             physical lines that it takes
    cells: list[str]

    @property
    def filled(self) -> list[str]:
        return [cell for cell in self.cells if cell and not cell.isspace()]

    @property
    def blank(self) -> bool:
        return not any(cell and not cell.isspace() for cell in self.cells)


# By a quote that is never closed a whole head is one cell, which is more than the csv module allows
# by itself.
csv.field_size_limit(1 << 24)


@dataclass(frozen=True)
class Dialect:
    """`escape` is None where a quote inside quotes is doubled. No delimiter: one cell a line."""

    delimiter: str | None = None
    quote: str | None = None
    escape: str | None = None
    score: float = 0.0
    confidence: float = 0.0


def split(lines: Sequence[str], dialect: Dialect) -> Iterator[Row]:
    """Divide lines into rows of cells; never raises, and takes every line."""
    if dialect.delimiter is None:
        yield from (Row(i, 1, [line]) for i, line in enumerate(lines))
        return
    if dialect.delimiter == " ":
        lines = [re.sub(" +", " ", line.strip(" ")) for line in lines]
    delimiter, quote = dialect.delimiter, dialect.quote
    blank = (
        quote is not None
        and delimiter != " "
        and any(f"{delimiter} {quote}" in line for line in lines)
    )
    done, usual = 0, 0
    while done < len(lines):
        begun = done
        reader = _reader(lines[begun:], dialect, blank)
        for cells in reader:
            taken = begun + reader.line_num - done
            if taken > 1:
                # Was the quote closed where it should be? What follows one that was not is the next
                # record's.
                plain = next(_reader([lines[done]], replace(dialect, quote=None), blank))
                if len(cells) != usual and (taken > LONGEST_CELL or len(plain) == usual):
                    yield Row(done, 1, plain)
                    done += 1
                    break
            yield Row(done, taken, cells)
            done, usual = done + taken, len(cells)


def _reader(lines: Sequence[str], dialect: Dialect, blank: bool) -> Any:
    """The csv module's reader; `blank`: a blank may stand between a delimiter and a quote."""
    return csv.reader(
        lines,
        delimiter=dialect.delimiter or ",",
        quotechar=dialect.quote,
        escapechar=dialect.escape,
        quoting=csv.QUOTE_MINIMAL if dialect.quote else csv.QUOTE_NONE,
        skipinitialspace=blank,
    )


def sniff(lines: Sequence[str]) -> Dialect:
    """The dialect in which the rows agree best in their number of cells, and the cells look like
    values.
    """
    sample = _without_comments([line for line in lines[:SAMPLE_LINES] if line.strip()])
    if sample and sample[0].lstrip().startswith(("{", "[{", "<?xml")):
        return Dialect(confidence=0.9)  # JSON and XML, in which commas and colons abound
    declared = next(
        (declaration.group(1) for line in sample[:1] if (declaration := SEPARATOR.fullmatch(line))),
        None,
    )
    if declared is not None:
        sample = sample[1:]
    text = "\n".join(sample)
    best: dict[str, Dialect] = {}
    kinds: dict[str, float] = {}
    aligned = _columns_align(sample)
    # Lines that are one value each (a time, a number with blanks, words) are a single column.
    single = sum(_is_single(line.strip()) for line in sample) >= 0.8 * len(sample)
    for delimiter in declared or (*DELIMITERS, *_unusual(sample, text, 2 if single else 1)):
        if delimiter not in text or ((aligned or single) and delimiter in ":~ " and not declared):
            continue
        for quote, escape in _quotings(text, delimiter):
            tried = Dialect(delimiter, quote, escape)
            score = _score(list(split(sample, tried)), delimiter, kinds) * (
                1.0 if declared else TRUST.get(delimiter, 1.0)
            )
            if delimiter not in best or score > best[delimiter].score * 1.0001:
                best[delimiter] = replace(tried, score=score)
    if declared is not None:
        return replace(best.get(declared, Dialect(declared)), confidence=1.0)
    ranked = sorted(best.values(), key=lambda declaration: -declaration.score)
    if not ranked or ranked[0].score < LEAST_SCORE:
        # Fixed columns and single columns are certain; of prose nobody can say more than that it is
        # no table.
        return Dialect(confidence=0.9 if aligned or not ranked else 0.4)
    first, second = ranked[0], ranked[1].score if len(ranked) > 1 else 0.0
    return replace(
        first,
        quote=first.quote or _late_quote(lines, first),
        confidence=min(1.0, first.score / SURE_SCORE) * first.score / (first.score + second),
    )


#: Excel's declaration in the first line, which is no part of the table.
SEPARATOR = re.compile(r'\s*"?sep=(.)"?[\s,;]*', re.IGNORECASE)


def _without_comments(sample: list[str]) -> list[str]:
    """The lines below a block of comments, which may be longer than the table and has delimiters
    of its own.
    """
    marked = next((i for i, line in enumerate(sample) if not line.startswith("#")), 0)
    return sample[marked:]


def _unusual(sample: Sequence[str], text: str, least: int) -> Iterator[str]:
    """The unusual delimiters that most lines have, each at least so many times: an address has
    one @.
    """
    for sign in UNUSUAL:
        if sign in text:
            having = [line.count(sign) >= least for line in sample]
            if True in having and sum(having) >= max(
                2, UNUSUAL_SHARE * (len(having) - having.index(True))
            ):
                yield sign


def _late_quote(lines: Sequence[str], dialect: Dialect) -> str | None:
    """The quote of a file whose first quoted cell lies behind the sample."""
    d = re.escape(dialect.delimiter or ",")
    cell = re.compile(rf'(?:^|{d})"[^"]*"(?:{d}|$)')
    return '"' if any('"' in line and cell.search(line) for line in lines[SAMPLE_LINES:]) else None


def _quotings(text: str, delimiter: str) -> list[tuple[str | None, str | None]]:
    """The quotes and escapes that the text gives reason to try; the first one wins ties."""
    d, lines = re.escape(delimiter), f"\n{text}\n"
    quotings: list[tuple[str | None, str | None]] = []
    escapes = ["\\", None] if "\\" in text and re.search(rf'\\[{d}"\'\\]', text) else [None]
    for quote in "\"'":
        if quote not in text:
            continue
        opening = sum(
            map(
                lines.count,
                (f"{delimiter}{quote}", f"{delimiter} {quote}", f"\n{quote}", f"\n {quote}"),
            )
        )
        closing = sum(
            map(
                lines.count,
                (f"{quote}{delimiter}", f"{quote} {delimiter}", f"{quote}\n", f"{quote} \n"),
            )
        )
        # An apostrophe begins cells by itself, as Excel's mark of text; only pairs are quotes.
        if (
            opening
            and closing
            and (quote == '"' or min(opening, closing) > 0.6 * max(opening, closing))
        ):
            quotings += [(quote, escape) for escape in escapes]
    return [*quotings, *((None, escape) for escape in escapes)]


def _score(rows: Sequence[Row], delimiter: str, kinds: dict[str, float]) -> float:
    """0 to 1: agreement of neighbouring rows in width × width itself × how many cells look like
    values.

    Rows weigh by their length, so that a preamble of short lines does not hide a short table.
    """
    widths = [len(row.cells) for row in rows]
    weights = [sum(map(len, row.cells)) + width for row, width in zip(rows, widths, strict=True)]
    usual = max((width for width in widths if width > 1), key=widths.count, default=0)
    fit = spread = 0.0
    first, last = len(rows), 0
    fitting = []
    for i, (row, width) in enumerate(zip(rows, widths, strict=True)):
        if width < 2:
            continue
        near = min(
            (abs(width - widths[j]) for j in (i - 1, i + 1) if 0 <= j < len(rows)), default=0
        )
        agreement = 1.0 if near == 0 else 0.5 if near <= 0.25 * width or width == usual else 0.0
        if not agreement and i + 1 == len(rows) and width > 3:
            agreement = 0.5  # a header that no records follow
        if agreement:
            fit += weights[i] * agreement
            spread += weights[i] * agreement * (width - 1) / width
            first, last = min(first, i), i
            fitting.append(row)
    if not fit:
        return 0.0
    step = max(1, len(fitting) // TYPED_ROWS)
    shares = []
    for row in fitting[::step][:TYPED_ROWS]:
        # A delimiter within a cell was quoted or escaped, and is right there.
        cells = [
            " ".join(cell.replace(delimiter, " ").split()) if delimiter in cell else cell
            for cell in row.cells
        ]
        for cell in cells:
            if cell not in kinds:
                kinds[cell] = _likeness(cell)
        shares.append(sum(kinds[cell] for cell in cells) / len(cells))
    mass = sum(weights[first : last + 1]) + OUTSIDE * (
        sum(weights[:first]) + sum(weights[last + 1 :])
    )
    # Blanks and colons divide any prose and code; only in a table are most lines divided alike.
    regular = (
        widths[first : last + 1].count(usual) / (last + 1 - first) if delimiter in TRUST else 1.0
    )
    return (fit / mass) * (spread / fit) * (sum(shares) / len(shares)) * regular


#: Values, each whole: numbers, amounts and telephone numbers; dates and times; words and titles;
#: codes and addresses.
VALUE = re.compile(
    r"""[-+(]?[$€£]?\ ?[-+]?(?:\d{1,3}(?:[,.]\d{3})+|\d+)(?:[.,]\d+)?\ ?[%$€£]?[)]?
      | [-+]?\.\d+
      | \+?[\d(][\d\ ()./-]{0,20}\d
      | \d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}
        (?:[T ]\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?\ ?(?:[AaPp]\.?[Mm]\.?)?(?:Z|[-+]\d{2}:?\d{2})?)?
      | \d{1,4}:\d{2}(?::\d{2}(?:[.,]\d+)?)?\ ?(?:[AaPp]\.?[Mm]\.?)?
      | [^\W\d_](?:[\w./()&'#*+@%?!-]|\ (?!\ ))*
      | [*#+<\[]?[\w.@/+*#-]+[>\]]?
      | -+
    """,
    re.VERBOSE,
)


def _is_single(line: str) -> bool:
    """Whether a line is one value as a whole; words beside several numbers are several values."""
    if not VALUE.fullmatch(line):
        return False
    parts = line.split(" ")
    several = sum(any(map(str.isdigit, part)) for part in parts) > 1
    return not (several and any(len(part) > 2 and part.isalpha() for part in parts))


def _likeness(cell: str) -> float:
    """1 for a value of a known kind, less for the empty cell and for what holds other delimiters
    or stray quotes.
    """
    text = cell.strip()
    if not text:
        return 0.6
    if VALUE.fullmatch(text):
        return 1.0
    if '"' in text[0] + text[-1]:
        return 0.0
    return 0.4 if not any(c in text for c in ",;\t|~") else 0.1


def _columns_align(lines: Sequence[str]) -> bool:
    """Whether the same positions are blank in all lines, and runs of blanks between words fill
    columns: fixed width.
    """
    body = sorted(lines, key=len)[len(lines) // 4 :][:100]
    runs = sum("  " in line.strip() for line in body)
    if len(body) < 2 or runs < 0.6 * len(body):
        return False
    body = [line[:WIDEST] for line in body]
    width = max(map(len, body))
    columns = list(zip(*(line.ljust(width) for line in body), strict=True))
    blank = [column.count(" ") >= 0.95 * len(body) for column in columns]
    aligned = sum(a and not b for a, b in zip(blank, [*blank[1:], True], strict=True))
    # One column of even length, such as a date's, aligns what follows it; in a table of fixed
    # columns all are aligned.
    gaps = sorted(len(GAP.findall(line.strip())) for line in body)[len(body) // 2]
    return aligned >= max(1, 0.5 * gaps)


def split_line(
    text: str, delimiter: str, quote: str | None, escape: str | None = None
) -> list[str]:
    r"""The cells of one line, as the csv module reads them.

    >>> split_line(r'1,"said \"so\"",2', ",", '"', "\\")
    ['1', 'said "so"', '2']
    """
    if (quote is None or quote not in text) and (escape is None or escape not in text):
        return text.split(delimiter)
    try:
        return next(
            csv.reader(
                [text],
                delimiter=delimiter,
                quotechar=quote,
                escapechar=escape,
                quoting=csv.QUOTE_NONE if quote is None else csv.QUOTE_MINIMAL,
            ),
            [""],
        )
    except csv.Error:
        return text.split(delimiter)
