"""Which layout a file is of, how near it comes to others, and what its name tells."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from pipeline_perf.ingest.container.content import Content
from pipeline_perf.ingest.container.source import Source
from pipeline_perf.ingest.errors import NeedsMapping, UnreadableFile
from pipeline_perf.ingest.layout.load import built_in
from pipeline_perf.ingest.layout.match import Match
from pipeline_perf.ingest.layout.model import Field, Layout, Table
from pipeline_perf.ingest.probe.probe import Probe, probe
from pipeline_perf.ingest.recognise.signatures import _told, carrier_of, fits, recognise

TITLES = ("Begin", "Caller", "Called", "Seconds")
CALLS = Table("calls", {"started_at": (Field(("Begin",)),)}, header=TITLES)
LAYOUT = Layout("house", "att", "calls", "this test", "delimited", (CALLS,))
BARE = replace(
    LAYOUT,
    id="bare",
    tables=(Table("calls", CALLS.fields, columns=TITLES, record=r"^2024"),),
    furniture=("^##",),
)
ROWS = [f"2024-02-0{i} 10:15:00,2125550101,2125550102,{i}" for i in range(1, 10)]


def probed(lines: Sequence[str], folder: Path, name: str = "calls.csv") -> Probe:
    (folder / name).write_text("\n".join([*lines, ""]))
    return probe(Content(Source(folder / name)))


@pytest.mark.parametrize(
    ("pattern", "name", "told"),
    [
        (r"\d{4}", "2023_2024", ["2023", "2024"]),
        (r"(?:^|_)(\d{4})(?:_|$)", "2023_2024", ["2023", "2024"]),  # the stroke is of both
        (r"_(\d)_", "_1_2_3_", ["1", "2", "3"]),
        (r"\d", "123", ["1", "2", "3"]),
        (r"x*", "ab", ["", "", ""]),
        (r"\d", "ab", []),
    ],
)
def test_all_that_a_pattern_finds_in_a_name_is_told(
    pattern: str, name: str, told: list[str]
) -> None:
    assert list(_told(pattern, name)) == told


@pytest.mark.parametrize(
    ("name", "context"),
    [
        ("bill_2024.csv", {"period": "2024"}),
        ("bill_2024_2024.csv", {"period": "2024"}),
        ("bill_2023_2024.csv", {"period": "2023 or 2024"}),
        ("line5_bill.csv", {"line": "5"}),
        ("line5_line6.csv", {}),  # one of two is not known
        ("bill.csv", {}),
    ],
)
def test_a_name_tells_a_value_once(name: str, context: dict[str, str], tmp_path: Path) -> None:
    named = replace(LAYOUT, file_name={"period": r"20\d\d", "line": r"line(\d)"})
    match = recognise(probed([",".join(TITLES), *ROWS], tmp_path, name), [named])
    assert match.context == context


# --------------------------------------------------------------------------- records without titles


@pytest.mark.parametrize(
    ("records", "others", "nearness"),
    [(8, 2, 1.0), (7, 3, 1.0), (5, 5, 1.0), (4, 6, 0.4), (0, 9, 0.0)],
)
def test_half_of_the_lines_are_records_or_it_is_no_file_of_the_layout(
    records: int, others: int, nearness: float, tmp_path: Path
) -> None:
    lines = [*(ROWS * 2)[:records], *["x,y,z,1"] * others, "## of July", "", "##"]
    (fit,) = fits(probed(lines, tmp_path), [BARE])
    assert fit.nearness == pytest.approx(nearness)
    assert bool(fit.lacking) == (nearness < 1)
    if nearness == 0.4:
        assert fit.lacking == "only 40% of the first lines look like its records"


def test_a_layout_of_four_fifths_of_the_lines_is_before_one_of_half_of_them(tmp_path: Path) -> None:
    other = replace(BARE, id="other", tables=(replace(BARE.tables[0], record="^x"),))
    for records, others, ids in ((8, 2, {"bare"}), (5, 5, {"bare", "other"})):
        lines = [*ROWS[:records], *["x,y,z,1"] * others]
        found = fits(probed(lines, tmp_path), [other, BARE])
        assert {fit.layout.id for fit in found if not fit.lacking} == ids


@pytest.mark.parametrize(("lines", "fitting"), [(1, True), (8, True), (9, False)])
def test_a_short_file_of_nothing_but_furniture_is_one_of_a_signed_layout(
    lines: int, fitting: bool, tmp_path: Path
) -> None:
    fixed = replace(BARE, container="fixed")
    signed = replace(fixed, signature=("^##",))
    found = probed(["## a,b"] * lines, tmp_path)
    assert bool(fits(found, [signed])[0].lacking) != fitting
    assert fits(found, [fixed])[0].lacking


def test_a_line_of_types_is_no_record_that_the_layout_does_not_know(tmp_path: Path) -> None:
    types = "datetime,varchar(20),varchar(20),int"
    (fit,) = fits(probed([types, ROWS[0], ROWS[1], "x,y,z,1"], tmp_path), [BARE])
    assert not fit.lacking
    (fit,) = fits(probed([types, ROWS[0], "x,y,z,1", "x,y,z,1"], tmp_path), [BARE])
    assert fit.nearness == pytest.approx(1 / 3)


def test_most_records_tell_the_width_and_of_as_many_the_wider_ones(tmp_path: Path) -> None:
    narrow, wide = ROWS[:3], [f"{row},x" for row in ROWS[3:6]]
    for lines, width in ((narrow + wide, 5), (narrow + wide[:2], 4)):
        match = recognise(probed(lines, tmp_path), [BARE])
        assert (match.width, match.widths) == (width, (width,))


# --------------------------------------------------------------------------- what is lacking


@pytest.mark.parametrize(
    ("change", "lacking", "nearness"),
    [
        ({}, "", 1.0),
        ({"container": "pdf"}, "the file is no PDF", 0.0),
        ({"container": "json"}, "the file is lines of text", 0.0),
        ({"signature": ("^Begin",)}, "", 1.0),
        ({"signature": ("^Begin", "^End")}, "its signature ^End is not in the file's head", 0.0),
        (
            {"tables": (replace(CALLS, header=(*TITLES, "Cost")),)},
            "the header lacks 'Cost'",
            0.8,
        ),
        (
            {"tables": (replace(CALLS, header=("Cost", "Tax")),)},
            "no line looks like one of its headers",
            0.0,
        ),
        (
            {"tables": (replace(CALLS, absent=("Called", "Tax")),)},
            "the header also has 'Called'",
            1.0,
        ),
        (
            {"tables": (replace(CALLS, header=(*TITLES, "Cost", "Tax")), replace(
                CALLS, header=(*TITLES, "Fee")))},
            "the header lacks 'Fee'",
            0.8,
        ),
    ],
)  # fmt: skip
def test_of_a_layout_that_does_not_fit_it_is_said_what_is_lacking(
    change: dict[str, object], lacking: str, nearness: float, tmp_path: Path
) -> None:
    layout = replace(LAYOUT, **change)  # type: ignore[arg-type]  # of the fields' own types
    (fit,) = fits(probed([",".join(TITLES), *ROWS], tmp_path), [layout])
    assert (fit.lacking, fit.nearness) == (lacking, pytest.approx(nearness))


def test_the_layouts_are_ranked_by_how_near_the_file_comes_and_then_by_name(tmp_path: Path) -> None:
    near = replace(LAYOUT, id="near", tables=(replace(CALLS, header=(*TITLES, "Cost")),))
    far = replace(LAYOUT, id="far", tables=(replace(CALLS, header=("Cost", "Begin")),))
    found = fits(
        probed([",".join(TITLES), *ROWS], tmp_path),
        [far, replace(near, id="nearby"), near, replace(LAYOUT, id="z")],
    )
    assert [fit.layout.id for fit in found] == ["z", "near", "nearby", "far"]


@pytest.mark.parametrize(("more", "named"), [(2, True), (3, False)])
def test_a_layout_is_named_that_has_two_thirds_of_its_titles_in_the_file(
    more: int, named: bool, tmp_path: Path
) -> None:
    """Four of six are enough, four of seven are not."""
    wanted = (*TITLES, *("Cost", "Tax", "Fee")[:more])
    layout = replace(LAYOUT, tables=(replace(CALLS, header=wanted),))
    with pytest.raises(NeedsMapping) as error:
        recognise(probed([",".join(TITLES), *ROWS], tmp_path), [layout])
    assert ("nearly those of layout house" in str(error.value)) == named


@pytest.mark.parametrize(("columns", "more"), [(12, False), (13, True)])
def test_of_an_unknown_file_twelve_columns_are_named(
    columns: int, more: bool, tmp_path: Path
) -> None:
    titles = [f"Title{chr(65 + i)}" for i in range(columns)]
    rows = [",".join(str(10 * j + i) for i in range(columns)) for j in range(9)]
    with pytest.raises(NeedsMapping) as error:
        recognise(probed([",".join(titles), *rows], tmp_path), [LAYOUT])
    assert "TitleL" in str(error.value) and "TitleM" not in str(error.value)
    assert (", …" in str(error.value)) == more


def test_a_layout_of_ones_own_is_before_a_shipped_one_and_then_the_one_that_knows_more(
    tmp_path: Path,
) -> None:
    found = probed([",".join(TITLES), *ROWS], tmp_path)
    poor = replace(LAYOUT, id="poor", tables=(replace(CALLS, header=TITLES[:2]),))
    assert recognise(found, [poor, LAYOUT]).layout.id == "house"
    assert recognise(found, [LAYOUT, poor]).layout.id == "house"
    name = next(iter(built_in()))
    assert recognise(found, [replace(LAYOUT, id=name), poor]).layout.id == name
    refused = replace(LAYOUT, no_records="it lists prices")
    with pytest.raises(UnreadableFile, match="calls: it lists prices"):
        recognise(found, [refused])


def test_the_head_tells_the_carrier_where_the_layout_says_so(tmp_path: Path) -> None:
    found = probed(["Of: ACME", ",".join(TITLES), *ROWS], tmp_path)
    told = replace(LAYOUT, carrier="@of", context={"of": ("^By: (.*)", "^Of: (.*)")})
    assert carrier_of(Match(told), found) == "acme"
    assert carrier_of(Match(replace(told, carrier="@by")), found) == "unknown"
    assert carrier_of(Match(LAYOUT), found) == "att"
