"""Reading: every physical line is a record, part of one, rejected or furniture, whatever the
file and the size of its stretches.
"""

from __future__ import annotations

import csv
import io
import tempfile
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline_perf.ingest.container.content import Content
from pipeline_perf.ingest.container.source import Source
from pipeline_perf.ingest.layout.match import Match
from pipeline_perf.ingest.layout.model import Control, Field, Layout, Table
from pipeline_perf.ingest.read import delimited, quotes
from pipeline_perf.ingest.read import text as reader

property_test = settings(max_examples=120, deadline=None)

TITLES = ("Time", "From", "To", "Note")
HEADER = ",".join(TITLES)
CALLS = Table(
    "calls",
    {"started_at": (Field(("Time",)),), "from_number": (Field(("From",)),)},
    header=("Time", "From"),
)
LAYOUT = Layout("plain", "att", "calls", "this test", "delimited", (CALLS,), furniture=("^## ",))
SUMMED = Table("calls", {"started_at": (Field(("Time",)),)}, header=("Item", "Time"))


@dataclass(frozen=True)
class Reading:
    """All that was read of a file, put together."""

    # record number → cells, those missing at the end as empty text
    records: dict[int, tuple[str, ...]]
    raw: dict[int, str]
    rejected: dict[int, tuple[str, str]]  # record number → rule, raw
    lines: int
    furniture: int
    context: dict[int, dict[str, str | None]]
    tables: dict[int, str]
    stated: tuple[tuple[Control, str], ...]
    pieces: int = field(compare=False)

    @property
    def record_lines(self) -> int:
        """Physical lines of the records, read or rejected."""
        return sum(
            text.count("\n") + 1
            for text in [*self.raw.values(), *(raw for _, raw in self.rejected.values())]
        )


def reading(
    content: str,
    layout: Layout = LAYOUT,
    block: int = 1 << 20,
    window: int = 1 << 14,
    delimiter: str = "",
) -> Reading:
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(delimited, "WINDOW", window)
        path = Path(folder) / "records.csv"
        path.write_text(content, encoding="utf-8", newline="")
        match = Match(layout, delimiter or layout.delimiter, layout.quote)
        with Content(Source(path)) as bytes_of_it:
            pieces = list(reader.read(bytes_of_it, "utf-8", match, block))
    records, raw, context, tables = {}, {}, {}, {}
    for batch in (batch for piece in pieces for batch in piece.batches):
        for row in batch.frame.iter_rows(named=True):
            number = row["record_no"]
            assert number not in records
            records[number] = tuple(row[f"c{i}"] or "" for i in range(len(batch.titles)))
            raw[number] = row["raw"]
            context[number] = {
                name.removeprefix("context."): value
                for name, value in row.items()
                if name.startswith("context.")
            }
            tables[number] = batch.table.name
    rejected = {
        row["record_no"]: (row["rule"], row["raw"])
        for piece in pieces
        for row in piece.rejected.iter_rows(named=True)
    }
    assert len(rejected) == sum(piece.rejected.height for piece in pieces)
    assert sum(piece.records for piece in pieces) == len(records) + len(rejected)
    assert not set(records) & set(rejected)
    return Reading(
        dict(sorted(records.items())),
        raw,
        rejected,
        sum(piece.lines for piece in pieces),
        sum(piece.furniture for piece in pieces),
        context,
        tables,
        tuple(stated for piece in pieces for stated in piece.stated),
        len(pieces),
    )


def physical_lines(content: str) -> list[str]:
    return content.removesuffix("\n").split("\n") if content else []


# --------------------------------------------------------------------------- well-formed files

CELL = st.text(st.sampled_from('ab1 ,"\n;é'), max_size=6)


def written(cells: tuple[str, ...], quote_all: bool) -> str:
    return ",".join(
        '"' + cell.replace('"', '""') + '"' if quote_all or set(cell) & set(',"\n') else cell
        for cell in cells
    )


@st.composite
def elements(draw: st.DrawFn) -> tuple[str, str, tuple[str, ...]]:
    """A stretch of a file: what it is, its text, and its cells."""
    kind = draw(
        st.sampled_from(
            ["record"] * 6 + ["blank", "header", "furniture", "short", "surplus", "many", "few"]
        )
    )
    cells = ("t", *draw(st.tuples(CELL, CELL, CELL)))
    quoted = draw(st.booleans())
    if kind == "record":
        return "record", written(cells, quoted), cells
    if kind == "short":  # time and party are there
        return "record", written(cells[:3], quoted), (*cells[:3], "")
    if kind == "surplus":
        return "record", written(cells, quoted) + ",,", cells
    if kind == "many":
        return "too_many_fields", written((*cells, "x"), quoted), cells
    if kind == "few":
        return "unrecognised_line", draw(st.sampled_from(["t", "some text"])), cells
    return (
        "furniture",
        {
            "blank": draw(st.sampled_from(["", "  ", ",,,", '"","",""'])),
            "header": HEADER,
            "furniture": "## page 2",
        }[kind],
        (),
    )


@property_test
@given(
    st.lists(elements(), max_size=25),
    st.integers(8, 200),
    st.integers(1, 9),
    st.booleans(),
    st.sampled_from(["\n", "\r\n", "\r"]),
)
def test_well_formed_files_give_the_cells_that_csv_gives_under_the_numbers_of_their_lines(
    parts, block, window, ended, end
) -> None:
    at, records, rejects, furniture = 3, {}, {}, 2
    for kind, text, cells in parts:
        if kind == "record":
            records[at] = cells
        elif kind == "furniture":
            furniture += 1
        else:
            rejects[at] = (kind, text)
        at += text.count("\n") + 1
    texts = ["## preamble", HEADER, *(text for _, text, _ in parts)]
    content = "\n".join(texts) + "\n" * (ended or texts[-1] in ("", "t"))
    cut = (
        not ended
        and parts
        and parts[-1][0] == "record"
        and len(next(csv.reader(io.StringIO(parts[-1][1])))) < 4
    )
    found = reading(content.replace("\n", end), block=block, window=window)
    if cut:  # the last line may have been cut off: whether it was depends on the rows above
        last = max(records)
        assert found.record_lines + found.furniture == found.lines == len(physical_lines(content))
        assert {n: c for n, c in found.records.items() if n != last} == {
            n: c for n, c in records.items() if n != last
        }
        return
    assert found.records == records
    assert found.rejected == rejects
    assert found.furniture == furniture
    assert found.lines == found.record_lines + found.furniture == len(physical_lines(content))


# --------------------------------------------------------------------------- any file

SOUP = st.lists(
    st.text(st.sampled_from('ab, "'), max_size=10)
    | st.sampled_from([HEADER, "## x", '"', 'a,b,5" x 6" y,c', 'a,"b']),
    max_size=25,
)


@property_test
@given(SOUP, st.integers(8, 120), st.integers(1, 9), st.booleans())
def test_nothing_is_lost_of_any_text_and_the_size_of_the_stretches_decides_nothing(
    texts, block, window, ended
) -> None:
    content = "\n".join([HEADER, *texts]) + "\n" * ended
    whole = reading(content)
    told = physical_lines(content)
    assert whole.lines == len(told) == whole.record_lines + whole.furniture
    for number, raw in [*whole.raw.items(), *((n, raw) for n, (_, raw) in whole.rejected.items())]:
        assert raw.split("\n") == told[number - 1 : number + raw.count("\n")]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(quotes, "MAX_QUOTED_LINES", 3)
        bounded = reading(content)
        assert bounded.lines == bounded.record_lines + bounded.furniture
        assert reading(content, block=block, window=window) == bounded
    assert reading(content, block=block, window=window) == whole


# --------------------------------------------------------------------------- quotes


@pytest.mark.parametrize(
    ("row", "cells"),
    [
        ('t,"a\nb",c,d', ("t", "a\nb", "c", "d")),
        ('"t\nu",a,b,c', ("t\nu", "a", "b", "c")),
        ('t,"he said ""no\nyes""",b,c', ("t", 'he said "no\nyes"', "b", "c")),
        ('t,"a\n\n,x\nb","c\nd",e', ("t", "a\n\n,x\nb", "c\nd", "e")),
        ('t,5" pipe,6" rod,c', ("t", '5" pipe', '6" rod', "c")),
        ('t,5" pipe,b,c', ("t", '5" pipe', "b", "c")),
        ('t,5" x 6" board,"a\nb",c', ("t", '5" x 6" board', "a\nb", "c")),
        ('t,5" pipe,"a\nb",c', ("t", '5" pipe', "a\nb", "c")),
        ('t,"a"b,c,d', ("t", "ab", "c", "d")),
        ('t,"b"c"d",e,f', ("t", 'bc"d"', "e", "f")),
    ],
)
@pytest.mark.parametrize("neighbour", ["", 't,5" inch,b,c\n', 't,"q",b,c\n'])
def test_quotes_are_read_as_csv_reads_them_whatever_stands_beside(row, cells, neighbour) -> None:
    found = reading(f"{HEADER}\n{neighbour}{row}\n{neighbour}")
    number = 2 + len(neighbour.splitlines())
    assert found.records[number] == cells == tuple(next(csv.reader(io.StringIO(row))))
    assert found.raw[number] == row
    assert len(found.records) == 1 + 2 * len(neighbour.splitlines())
    assert not found.rejected


def test_a_quote_that_never_closes_costs_its_own_line_only() -> None:
    rows = [f"t,a{i},b,c" for i in range(200)]
    found = reading("\n".join([HEADER, *rows[:100], 't,"open,b,c', *rows[100:]]))
    assert found.rejected == {102: ("unclosed_quote", 't,"open,b,c')}
    assert len(found.records) == 200


def test_a_quote_that_is_never_closed_does_not_swallow_the_quoted_rows_below() -> None:
    found = reading(
        "\n".join(
            [
                HEADER,
                't,"open,b,c',
                't,"a","b","c"',
                "t,a,b,c",
                't,"open too,b,c',
                't,"a","b","c"',
                "",
            ]
        )
    )
    assert [rule for rule, _ in found.rejected.values()] == ["unclosed_quote", "unclosed_quote"]
    assert list(found.records) == [3, 4, 6]


def test_a_rejected_record_of_several_lines_goes_to_quarantine_whole() -> None:
    found = reading(f'{HEADER}\nt,"a\nb",c,d,e\nt,a,b,c\n')
    assert found.rejected == {2: ("too_many_fields", 't,"a\nb",c,d,e')}
    assert list(found.records) == [4]


def test_quotes_in_the_preamble_hide_neither_the_header_nor_the_rows() -> None:
    found = reading(f'Report of the 12" line,"unfinished\n"Two\nlines",x\n{HEADER}\nt,a,b,c\n')
    assert found.furniture == 4
    assert found.records == {5: ("t", "a", "b", "c")}


def test_ten_thousand_quotes_that_never_close_are_told_one_by_one() -> None:
    found = reading("\n".join([HEADER, *['t,"open,b,c'] * 10_000, ""]))
    assert len(found.rejected) == 10_000


# ------------------------- ragged rows and the end of the file


def test_a_last_line_that_was_cut_off_is_rejected_and_not_read_as_a_short_record() -> None:
    assert reading(f"{HEADER}\nt,a,b,c\nt,a,b").rejected == {3: ("cut_off", "t,a,b")}


def test_a_last_line_without_line_end_is_a_record_when_it_is_whole() -> None:
    assert list(reading(f"{HEADER}\nt,a,b,c\nt,a,b,c").records) == [2, 3]


def test_where_rows_may_be_short_the_last_may_be_too_but_not_end_inside_what_a_record_needs() -> (
    None
):
    layout = Layout("short", "att", "calls", "this test", "delimited", (CALLS,), short_rows=True)
    assert list(reading(f"{HEADER}\nt,a\nt,a,b,c\nt,a,b", layout).records) == [2, 3, 4]
    assert reading(f"{HEADER}\nt,a\nt,a,b,c\nt,a", layout).rejected == {4: ("cut_off", "t,a")}


def test_a_record_without_the_fields_it_needs_is_rejected() -> None:
    table = Table(
        "calls",
        {"started_at": (Field(("Time",)),), "to_number": (Field(("To",)),)},
        header=("Time", "From"),
    )
    found = reading(
        f"{HEADER}\nt,a,b\nt,a\n",
        Layout("plain", "att", "calls", "this test", "delimited", (table,)),
    )
    assert list(found.records) == [2]
    assert found.rejected == {3: ("cut_off", "t,a")}


def test_a_total_with_as_many_delimiters_as_a_record_is_furniture() -> None:
    layout = Layout(
        "plain", "att", "calls", "this test", "delimited", (SUMMED,), furniture=("^Total,",)
    )
    found = reading("Item,Time,From,To\n1,t,a,b\nTotal,,,12\n", layout)
    assert (list(found.records), found.furniture) == ([2], 2)


PADDED = Layout(
    "padded", "att", "blocks padded to the table's width", "this test", "delimited",
    (
        Table(
            "calls", {"started_at": (Field(("Day", "Time"), formats=("%d/%m/%Y %H:%M",)),)},
            header=("Day", "Time", "Number"), title="(?i)voice calls$|VOICE CALLS",
        ),
        Table(
            "texts", {"started_at": (Field(("Day", "Time"), formats=("%d/%m/%Y %H:%M",)),)},
            header=("Day", "Time", "Number"), title="TEXTS",
        ),
    ),
    context={"line": (r"Line: *,? *\(?(\d{3})\)? ?(\d{3}-\d{4})",)},
)  # fmt: skip


@pytest.mark.parametrize("padding", [",", "", ',""'])
@pytest.mark.parametrize(
    "label",
    [
        "Line: (212) 555-0102",
        "Line:,(212) 555-0102",
        ",Line: (212) 555-0102",
        ",,Line: 212 555-0102",
    ],
)
@pytest.mark.parametrize("remark", ["Line: 646 555-0199", ""])
def test_a_line_between_records_is_heard_though_it_is_as_wide_as_they_are(
    label: str, padding: str, remark: str
) -> None:
    def filled(text: str) -> str:
        return text + padding * (3 - text.count(","))

    lines = [
        "Line: (212) 555-0101", "VOICE CALLS", "Day,Time,Number,Remark",
        f"01/02/2024,10:15,7185550150,{remark}", f"02/02/2024,10:15,7185550151,{remark}",
        filled(label), filled("TEXTS"), "Day,Time,Number,Remark",
        f"01/02/2024,11:15,7185550152,{remark}", f"02/02/2024,11:15,7185550153,{remark}",
    ]  # fmt: skip
    got = reading("\n".join([*lines, ""]), PADDED)
    assert got.rejected == {}
    assert got.tables == {4: "calls", 5: "calls", 9: "texts", 10: "texts"}
    assert {number: context["line"] for number, context in got.context.items()} == {
        4: "212555-0101", 5: "212555-0101", 9: "212555-0102", 10: "212555-0102",
    }  # fmt: skip


@pytest.mark.parametrize("container", ["delimited", "fixed"])
def test_a_value_is_picked_up_from_the_line_below_its_title(container: Any) -> None:
    record = Table("calls", {}, slices={"all": (1, 30)}, record=r"^\d\d:\d\d,")
    layout = replace(
        LAYOUT,
        container=container,
        context={"period": (r"Bill date\D*\n(?:[^,\n]*,)?(\d[\d/]+)",)},
        tables=(record if container == "fixed" else CALLS,),
    )
    lines = ["Account,Bill date", "99,01/19/2024", HEADER, "10:15,1,2,", "Bill date", "02/19/2024"]
    got = reading("\n".join([*lines, "10:16,1,2,", "Bill date", "10:17,1,2,", ""]), layout)
    assert {number: context["period"] for number, context in got.context.items()} == {
        4: "01/19/2024", 7: "02/19/2024", 9: "02/19/2024",
    }  # fmt: skip


def test_a_record_that_begins_like_furniture_is_a_record_as_it_has_a_time() -> None:
    layout = Layout(
        "plain", "att", "calls", "this test", "delimited", (CALLS,), furniture=(r"^\s+\S",)
    )
    found = reading(f"  Report\n{HEADER}\n  10:15,a,b,c\n  page 2\n  total,,,12\n", layout)
    assert (list(found.records), found.furniture) == ([3], 4)


def test_what_stands_beyond_the_last_column_belongs_to_it_where_the_layout_says_so() -> None:
    layout = Layout(
        "overflow", "att", "calls", "this test", "delimited", (CALLS,), quote=None, overflow=True
    )
    found = reading(f'{HEADER}\nt,a,b,[1:2,3:4]\nt,a,b,[]\nt,a,"b,c"\nt,a,b,,\n', layout)
    assert found.records == {
        2: ("t", "a", "b", "[1:2,3:4]"),
        3: ("t", "a", "b", "[]"),
        4: ("t", "a", '"b', 'c"'),
        5: ("t", "a", "b", ","),
    }


def test_what_overflows_a_row_with_quotes_belongs_to_its_last_column_too() -> None:
    layout = Layout(
        "overflow", "att", "calls", "this test", "delimited", (CALLS,), quote='"', overflow=True
    )
    found = reading(f'{HEADER}\nt,"a,1",b,[1:2,3:4]\nt,5" x 6",b,c,d,e\nt,"a",b\n', layout)
    assert found.records == {
        2: ("t", "a,1", "b", "[1:2,3:4]"),
        3: ("t", '5" x 6"', "b", "c,d,e"),
        4: ("t", "a", "b", ""),
    }


# --------------------------------------------------------------------------- sections

VOICE = Table(
    "voice", {"started_at": (Field(("Time",)),)}, header=("Time", "From"), title="^Voice Usage For"
)
SMS = Table(
    "sms", {"started_at": (Field(("Sent",)),)}, header=("Sent", "To"), title="^SMS Usage For"
)
SECTIONS = Layout(
    "sections",
    "att",
    "two tables",
    "this test",
    "delimited",
    (VOICE, SMS),
    context={"subscriber": (r"Usage For: (\d{3})-(\d{4})",)},
)


@st.composite
def sections(draw: st.DrawFn) -> tuple[str, str, int, int]:
    return (
        draw(st.sampled_from(["voice", "sms"])),
        f"01{draw(st.integers(0, 99)):02}",
        draw(st.integers(0, 4)),
        draw(st.integers(0, 2)),
    )


@property_test
@given(st.lists(sections(), max_size=8), st.integers(8, 120), st.integers(1, 9))
def test_each_section_has_its_own_header_and_subscriber(parts, block, window) -> None:
    texts, expected = ["Report"], {}
    for kind, line, rows, blanks in parts:
        title, header = ("Voice", "Time,From,To") if kind == "voice" else ("SMS", "Sent,To,Cell")
        texts += [f"{title} Usage For: 555-{line}", *[""] * blanks, header]
        for i in range(rows):
            texts.append(f"t,{i},c")
            expected[len(texts)] = (kind, {"subscriber": f"555{line}"})
    content = "\n".join(texts) + "\n"
    found = reading(content, SECTIONS, block, window)
    assert {
        number: (found.tables[number], found.context[number]) for number in found.records
    } == expected
    assert not found.rejected
    assert found.furniture == len(texts) - len(expected)


@pytest.mark.parametrize("block", [8, 1000])
def test_types_below_a_header_are_furniture_and_nowhere_else(block: int) -> None:
    types = "TIMESTAMP,VARCHAR(50),VARCHAR(50),INTEGER"
    found = reading(f"Report\n{HEADER}\n{types}\nt,a,b,c\n{types}\n", block=block)
    assert (list(found.records), found.furniture) == ([4, 5], 3)


def test_a_section_s_title_is_furniture_also_where_it_tells_nothing() -> None:
    layout = Layout("sections", "att", "two tables", "this test", "delimited", (VOICE, SMS))
    title, header = "Voice Usage For: everybody, everywhere, always", "Time,From,To"
    found = reading("\n".join([title, header, "t,a,b", title, "t,c,d", ""]), layout)
    assert (list(found.records), found.furniture, found.rejected) == ([3, 5], 3, {})


@pytest.mark.parametrize("block", [8, 40, 100])
def test_what_a_line_told_holds_for_the_records_below_it_beyond_the_end_of_a_block(
    block: int,
) -> None:
    rows = [f"t,{i},c" for i in range(40)]
    content = "\n".join(["Voice Usage For: 555-0101", "Time,From,To", *rows, ""])
    found = reading(content, SECTIONS, block)
    assert found.pieces > 2
    assert set(found.tables.values()) == {"voice"} and len(found.tables) == 40
    assert {context["subscriber"] for context in found.context.values()} == {"5550101"}
    assert reading(content, SECTIONS).pieces <= 2


# --------------------------------------------------------------------------- fixed width

FIXED = Layout(
    "fixed",
    "att",
    "calls",
    "this test",
    "fixed",
    (
        Table(
            "calls",
            {"started_at": (Field(("time",)),)},
            record="^CDR",
            slices={"time": (5, 8), "to": (10, 13)},
        ),
    ),
    furniture=("^PAGE",),
    context={"subscriber": (r"^HDR (\d+)",)},
    controls=(Control("^TRL", (5, 8), "records"),),
)


@property_test
@given(
    st.lists(
        st.sampled_from(
            [
                "CDR 0101 abcd",
                "CDR 01é1 ab",
                "PAGE 1",
                "",
                "junk",
                "HDR 5550101",
                "HDR 5550102",
                "TRL 0002",
            ]
        ),
        max_size=20,
    ),
    st.integers(8, 80),
    st.sampled_from(["\n", "\r\n", "\r"]),
)
def test_fixed_width_lines_are_cut_by_character_and_all_accounted_for(texts, block, end) -> None:
    found = reading("".join(text + end for text in texts), FIXED, block)
    numbered = list(enumerate(texts, 1))
    assert found.records == {n: (t[4:8], t[9:13]) for n, t in numbered if t.startswith("CDR")}
    assert found.rejected == {n: ("unrecognised_line", t) for n, t in numbered if t == "junk"}
    assert [text for _, text in found.stated] == [
        "0002" for text in texts if text.startswith("TRL")
    ]
    assert found.lines == len(texts) == found.record_lines + found.furniture
    heads = {n: t[4:] for n, t in numbered if t.startswith("HDR")}
    for number in found.records:
        assert found.context[number]["subscriber"] == next(
            (heads[n] for n in sorted(heads, reverse=True) if n < number), None
        )


@pytest.mark.parametrize("block", [8, 1000])
def test_a_fixed_width_record_that_the_end_of_the_file_cuts_off_is_rejected(block) -> None:
    found = reading("CDR 0101 abcd\nCDR 0102 abcd\nCDR 0103 ab", FIXED, block)
    assert list(found.records) == [1, 2]
    assert found.rejected == {3: ("cut_off", "CDR 0103 ab")}
    assert list(reading("CDR 0101 abcd\nCDR 0102 ab\nCDR 0103 ab", FIXED, block).records) == [
        1,
        2,
        3,
    ]
