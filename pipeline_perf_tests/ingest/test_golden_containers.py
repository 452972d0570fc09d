"""Golden workbooks, JSON and XML: every event field as a person reads it, every row and element
accounted for.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import fastexcel
import pytest

from pipeline_perf import events
from pipeline_perf.lake.delta import Lake

from .golden.containers import workbooks
from .test_golden import DERIVED, ingested, stored, written_out

GOLDEN = Path(__file__).parent / "golden" / "containers"
EXPECTED = {
    e["file"]: e
    for e in (json.loads(p.read_text()) for p in sorted(GOLDEN.glob("*.expected.json")))
}


@pytest.mark.parametrize("name", EXPECTED)
def test_every_field_of_every_event_is_as_a_person_reads_it(name: str, tmp_path: Path) -> None:
    expected = EXPECTED[name]
    lake = Lake(tmp_path / "lake")
    report = ingested(GOLDEN / name, lake, **expected["options"])
    found = stored(lake)
    wanted = written_out(expected, {event["record_no"]: event["event_id"] for event in found})
    for event, want in zip(found, wanted, strict=False):
        assert {k: v for k, v in event.items() if k not in DERIVED} == {
            k: v for k, v in want.items() if k not in DERIVED
        }
    assert len(found) == len(wanted)
    quarantine = lake.scan_quarantine().sort("record_no").collect()
    assert quarantine.select("record_no", "rule").to_dicts() == expected["quarantine"]
    for key, value in expected["report"].items():
        assert getattr(report, key) == (
            dict.fromkeys(events.EVENT_TYPES, 0) | value if key == "by_type" else value
        ), key
    assert (
        report.lines
        == report.furniture + report.records
        == COUNTS[Path(name).suffix](GOLDEN / name)
    )


def _rows(path: Path) -> int:
    """The rows of all sheets, as another library counts them."""
    book = fastexcel.read_excel(path)
    return sum(book.load_sheet(name, header_row=None).height for name in book.sheet_names)


def _starts(mark: str) -> Callable[[Path], int]:
    """The records of a text, damaged ones too, by what each begins with."""
    return lambda path: len(re.findall(mark, path.read_text()))


COUNTS: dict[str, Callable[[Path], int]] = {
    ".xlsx": _rows,
    ".json": _starts(r'\{"(?:sid|core-uuid)"'),
    ".xml": _starts("<cdrData>|<cdr "),
    ".html": _starts('<div class="(?:message|haudio)"'),
}


@pytest.mark.parametrize("build", [workbooks.tmobile_le, workbooks.verizon_volte])
def test_the_golden_workbooks_are_what_their_script_writes(
    build: Callable[[], dict[str, list[list[workbooks.Cell]]]], tmp_path: Path
) -> None:
    workbooks.written(tmp_path / "anew.xlsx", build())
    assert (tmp_path / "anew.xlsx").read_bytes() == (GOLDEN / f"{build.__name__}.xlsx").read_bytes()
