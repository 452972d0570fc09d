"""Each part of a number format at its limits, and the styles by which cells name theirs."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline_perf.ingest.container import number_formats
from pipeline_perf_tests.ingest.container.test_workbook import lines
from pipeline_perf_tests.ingest.container.workbook_files import MAIN, sheet, workbook, written

#: 2 March 2009, a Monday, 15:04:05.25; and 9:04 in the morning, midnight, and noon.
AFTERNOON, MORNING, MIDNIGHT, NOON = "39874.62783854167", "39874.37777777778", "39874", "39874.5"


@pytest.mark.parametrize(
    ("form", "stored", "seen"),
    [
        ("y", AFTERNOON, "09"),
        ("yy", AFTERNOON, "09"),
        ("yyy", AFTERNOON, "2009"),
        ("yyyy", AFTERNOON, "2009"),
        ("m/d", AFTERNOON, "3/2"),
        ("mm/dd", AFTERNOON, "03/02"),
        ("mmm", AFTERNOON, "Mar"),
        ("mmmm", AFTERNOON, "March"),
        ("mmmmm d", AFTERNOON, "Mar 2"),
        ("ddd", AFTERNOON, "Mon"),
        ("dddd", AFTERNOON, "Monday"),
        ("h:m:s", MORNING, "9:4:0"),
        ("hh:mm:ss", AFTERNOON, "15:04:05"),
        ("hhh", MORNING, "09"),
        ("h AM/PM", MIDNIGHT, "12 AM"),
        ("h AM/PM", NOON, "12 PM"),
        ("h AM/PM", MORNING, "9 AM"),
        ("h A/P", AFTERNOON, "3 P"),
        ("h a/p", MORNING, "9 A"),
        ("s.0", AFTERNOON, "5.3"),
        ("s.00", AFTERNOON, "5.25"),
        ("ss.000", AFTERNOON, "05.250"),
        ("ss.0000", AFTERNOON, "05.2500"),
        # m: minutes behind hours or before seconds, months elsewhere; seconds are not hidden
        ("h m d", AFTERNOON, "15 4:05 2"),
        ("m:ss", AFTERNOON, "4:05"),
        ("d m h", AFTERNOON, "2 3 15"),
        ("h AM/PM m", AFTERNOON, "3 PM 4:05"),
        ("h mmm", AFTERNOON, "15 Mar"),
        ("[h]:mm", "1.25", "30:00"),
        ("[hh]:mm", "0.25", "06:00"),
        ("[m]", "0.25", "360"),
        ("[s]", "0.25", "21600"),
        ("[ss]", "0.00001", "01"),
        ('"at" h\\h', NOON, "at 12h"),
        ("yyyy", "1e9", "1e9"),
        ("yyyy", "nan", "nan"),
        # numbers
        ("0", "-1.5", "-2"),
        ("000", "-7", "-007"),
        ("000", "1234", "1234"),
        ("0.0##", "1.5", "1.5"),
        ("0.0##", "1.2345", "1.234"),
        ("0.0##", "2", "2.0"),
        ("#.##", "2", "2"),
        ("0.00", "x", "x"),
        ("0", "999999999999999", "999999999999999"),
        ("0", "1E15", "1E+15"),
        ("0%", "0.5", "0.5"),
        ("General", "999999999999999", "999999999999999"),
        ("General", "1000000000000000", "1E+15"),
        ("General", "-999999999999999.0", "-999999999999999"),
        ("General", "1e15", "1E+15"),
        ("General", "1.50", "1.5"),
        ("General", "x", "x"),
        ("", "1.50", "1.5"),
    ],
)
def test_each_part_of_a_format_is_shown(form: str, stored: str, seen: str) -> None:
    assert number_formats.shown(form)(stored) == seen


def test_cells_are_shown_in_the_format_that_their_style_names(tmp_path: Path) -> None:
    day = 39874.5
    cells = [(day, "yyyy-mm-dd"), (day, "h:mm"), (0.5, "0.00"), (7, "000"), (day, "General"), 5]
    written(tmp_path / "a.xlsx", {"one": [cells]})
    assert lines(tmp_path / "a.xlsx") == ["2009-03-02\t12:00\t0.50\t007\t39874.5\t5"]


def test_styles_of_the_cells_alone_count_and_a_format_of_no_name_is_general(
    tmp_path: Path,
) -> None:
    styles = (
        f'<styleSheet xmlns="{MAIN}"><numFmts><numFmt numFmtId="164" formatCode="yyyy"/>'
        '<numFmt numFmtId="9" formatCode="0000"/><numFmt numFmtId="165"/></numFmts>'
        '<fonts><font/></fonts><cellStyleXfs><xf numFmtId="22"/></cellStyleXfs>'
        '<cellXfs><xf/><xf numFmtId="164"/><xf numFmtId="14"/><xf numFmtId="9"/>'
        '<xf numFmtId="165"/><xf numFmtId="999"/></cellXfs>'
        '<cellStyles><cellStyle xfId="0"/></cellStyles>'
        '<dxfs><dxf><xf numFmtId="22"/></dxf></dxfs></styleSheet>'
    )
    cells = "".join(f'<c s="{style}"><v>40.0</v></c>' for style in range(6))
    rows = sheet([f"<row>{cells}<c><v>40.0</v></c></row>".encode()])
    workbook(tmp_path / "a.xlsx", {"one": rows}, styles=styles.encode())
    assert lines(tmp_path / "a.xlsx") == ["40\t1900\t2/8/1900\t0040\t40\t40\t40"]
