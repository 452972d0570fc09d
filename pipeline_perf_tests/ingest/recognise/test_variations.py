"""The same records in another print: other order, titles, delimiter, encoding or packing give
the same events.
"""

from __future__ import annotations

import csv
import functools
import gzip
import io
import json
import random
import re
import tempfile
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from pipeline_perf.ingest.bookkeeping import FileReport
from pipeline_perf.ingest.pipeline import Options, ingest_file
from pipeline_perf.lake.delta import Lake

GOLDEN = Path(__file__).parents[1] / "golden"
OPTIONS: dict[str, dict[str, Any]] = {
    e["file"]: e["options"]
    for e in (json.loads(path.read_text()) for path in sorted(GOLDEN.glob("*.expected.json")))
}
ATT = "att_le_mobility_joined.txt"
#: Files that are one table below one header.
TABLES = {
    "att_bill_csv.csv": ",",
    "sprint_le_9135550101.csv": ",",
    "sprint_le_older_913-555-0101.csv": ",",
    "tmobile_le.txt": "\t",
    "verizon_le.csv": ",",
}

Reading = tuple[list[dict[str, Any]], list[str]]


def ingested(
    name: str, data: bytes, folder: Path, options: dict[str, Any]
) -> tuple[FileReport, Lake]:
    path = folder / name
    path.write_bytes(data)
    lake = Lake(folder / "lake")
    return ingest_file(path, lake, Options(**options)), lake


def reading(name: str, data: bytes, folder: Path, options: dict[str, Any]) -> Reading:
    """The events, without what says in which file and line they stood, and the rules of the
    records in quarantine.
    """
    report, lake = ingested(name, data, folder, options)
    assert report.status == "ingested", report.reason
    assert report.records == report.events + report.quarantined
    assert report.lines == report.furniture + report.records
    events = lake.scan_events().sort("record_no").collect().to_dicts()
    place = {event["event_id"]: i for i, event in enumerate(events)}
    place_of_leg = {f"{event_id & (2**64 - 1):016x}": i for event_id, i in place.items()}
    for event in events:
        event["call_id"] = place_of_leg.get(event["call_id"], event["call_id"])
        event["duplicate_of"] = place.get(event["duplicate_of"])
        for derived in ("event_id", "source_file_id", "record_no"):
            del event[derived]
    return events, lake.scan_quarantine().sort("record_no").collect()["rule"].to_list()


@functools.cache
def as_shipped(name: str) -> Reading:
    with tempfile.TemporaryDirectory() as folder:
        return reading(name, (GOLDEN / name).read_bytes(), Path(folder), OPTIONS[name])


# --------------------------------------------------------------------------- bytes

LINE_END = re.compile(r"\r\n|\r|\n")


def _text(name: str) -> str:
    return (GOLDEN / name).read_bytes().decode()


BYTES: dict[str, Callable[[str], bytes]] = {
    "LF": lambda text: LINE_END.sub("\n", text).encode(),
    "CRLF": lambda text: LINE_END.sub("\r\n", text).encode(),
    "CR": lambda text: LINE_END.sub("\r", text).encode(),
    "UTF-8 with BOM": lambda text: b"\xef\xbb\xbf" + text.encode(),
    "UTF-16 LE with BOM": lambda text: b"\xff\xfe" + text.encode("utf-16-le"),
    "UTF-16 BE with BOM": lambda text: b"\xfe\xff" + text.encode("utf-16-be"),
}


@pytest.mark.parametrize("variation", BYTES)
@pytest.mark.parametrize("name", OPTIONS)
def test_line_ends_and_encodings_change_no_event(name: str, variation: str, tmp_path: Path) -> None:
    assert reading(name, BYTES[variation](_text(name)), tmp_path, OPTIONS[name]) == as_shipped(name)


@pytest.mark.parametrize("name", OPTIONS)
def test_packing_changes_no_event(name: str, tmp_path: Path) -> None:
    data = (GOLDEN / name).read_bytes()
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, data)
    for container, contents in (
        (f"{name}.gz", gzip.compress(data)),
        ("upload.zip", packed.getvalue()),
    ):
        (tmp_path / container).mkdir()
        assert reading(container, contents, tmp_path / container, OPTIONS[name]) == as_shipped(name)


# --------------------------------------------------------------------------- tables


@dataclass(frozen=True)
class Table:
    """The regular rows of a golden file: those with as many cells as the header, or fewer."""

    titles: list[str]
    rows: list[list[str]]

    def written(self, delimiter: str) -> bytes:
        out = io.StringIO()
        csv.writer(out, delimiter=delimiter, lineterminator="\n").writerows(
            [self.titles, *self.rows]
        )
        return out.getvalue().encode()

    def rearranged(self, order: list[int]) -> Table:
        return Table(
            [self.titles[i] for i in order], [[row[i] for i in order] for row in self.rows]
        )

    def without(self, title: str) -> Table:
        return self.rearranged([i for i, t in enumerate(self.titles) if t != title])


@functools.cache
def table(name: str) -> Table:
    lines = [line for line in LINE_END.split(_text(name)) if line.strip(",\t")]
    titles, *rows = csv.reader(lines, delimiter=TABLES[name])
    fitting = [row + [""] * (len(titles) - len(row)) for row in rows if len(row) <= len(titles)]
    if name.startswith("verizon"):
        # here a row with fewer cells is a damaged one
        fitting = [row for row in rows if len(row) == len(titles)]
    return Table(titles, fitting)


@functools.cache
def regular(name: str) -> Reading:
    """What the regular rows give in the usual print; damaged ones excepted, that is what the
    file as shipped gives.
    """
    with tempfile.TemporaryDirectory() as folder:
        found = reading(name, table(name).written(TABLES[name]), Path(folder), OPTIONS[name])
    events, rules = as_shipped(name)
    assert found == (events, [rule for rule in rules if rule not in ("cut_off", "too_many_fields")])
    return found


def shuffled(original: Table) -> Table:
    order = list(range(len(original.titles)))
    random.Random(4).shuffle(order)
    return original.rearranged(order)


def retitled(how: Callable[[str], str]) -> Callable[[Table], Table]:
    return lambda original: replace(original, titles=[how(title) for title in original.titles])


def with_a_column(at: int) -> Callable[[Table], Table]:
    def extended(original: Table) -> Table:
        titles = [*original.titles[:at], "Remarks (internal)", *original.titles[at:]]
        return Table(
            titles, [[*row[:at], f"see {i}", *row[at:]] for i, row in enumerate(original.rows)]
        )

    return extended


PRINTS: dict[str, Callable[[Table], Table]] = {
    "columns reversed": lambda t: t.rearranged(list(range(len(t.titles)))[::-1]),
    "columns shuffled": shuffled,
    "titles in capitals": retitled(str.upper),
    "titles in small letters": retitled(str.lower),
    "titles without blanks": retitled(lambda title: title.replace(" ", "").replace("_", "")),
    "titles with underscores": retitled(lambda title: re.sub(r"\W+", "_", title).strip("_")),
    "titles with blanks for underscores, and padded": retitled(
        lambda title: f"  {title.replace('_', ' ')} "
    ),
    "a strange column first": with_a_column(0),
    "a strange column in the midst": with_a_column(3),
}


@pytest.mark.parametrize("variation", PRINTS)
@pytest.mark.parametrize("name", TABLES)
def test_order_and_spelling_of_columns_change_no_event(
    name: str, variation: str, tmp_path: Path
) -> None:
    data = PRINTS[variation](table(name)).written(TABLES[name])
    assert reading(name, data, tmp_path, OPTIONS[name]) == regular(name)


@pytest.mark.parametrize(
    "delimiter", [",", "\t", ";", "|"], ids=["comma", "tab", "semicolon", "bar"]
)
@pytest.mark.parametrize("name", TABLES)
def test_another_delimiter_changes_no_event(name: str, delimiter: str, tmp_path: Path) -> None:
    assert reading(name, table(name).written(delimiter), tmp_path, OPTIONS[name]) == regular(name)


@pytest.mark.parametrize(
    ("name", "title", "lost"),
    [
        ("att_bill_csv.csv", "Item", ()),
        ("att_bill_csv.csv", "Day", ()),
        ("att_bill_csv.csv", "Feature", ()),
        ("att_bill_csv.csv", "Total Charge", ("charge",)),
        ("sprint_le_9135550101.csv", "DIALED_DIGITS", ()),
        ("sprint_le_9135550101.csv", "1ST CELL", ("cell_first",)),
        ("sprint_le_older_913-555-0101.csv", "Repoll", ()),
        ("tmobile_le.txt", "Switch Name", ()),
        ("tmobile_le.txt", "IMEI", ("imei",)),
        ("tmobile_le.txt", "1st Tower LAT", ("latitude",)),
        ("verizon_le.csv", "Network Element Name", ()),
        ("verizon_le.csv", "Last Serving Cell Site", ("cell_last",)),
    ],
)
def test_without_an_optional_column_only_its_own_fields_are_lost(
    name: str, title: str, lost: tuple[str, ...], tmp_path: Path
) -> None:
    events, rules = regular(name)
    wanted = [event | dict.fromkeys(lost) for event in events]
    assert reading(
        name, table(name).without(title).written(TABLES[name]), tmp_path, OPTIONS[name]
    ) == (wanted, rules)


def test_without_the_column_of_the_destination_the_called_number_stands_in_for_it(
    tmp_path: Path,
) -> None:
    events, rules = regular("tmobile_le.txt")
    sent_on = [event for event in events if event["direction"] == "forwarded"]
    assert len(sent_on) == 2
    wanted = [
        (
            {**event, "to_number": event["subscriber_number"], "event_type": "call"}
            if event in sent_on
            else event
        )
        for event in events
    ]
    data = table("tmobile_le.txt").without("Destination Number").written("\t")
    assert reading("tmobile_le.txt", data, tmp_path, {}) == (wanted, rules)


def test_without_the_column_that_an_exception_takes_a_field_from_the_usual_one_is_taken(
    tmp_path: Path,
) -> None:
    data = table("tmobile_le.txt").without("Called Number").written("\t")
    events, rules = reading("tmobile_le.txt", data, tmp_path, {"subscriber": "+12065550121"})
    assert [event["direction"] for event in events] == [
        event["direction"] for event in regular("tmobile_le.txt")[0]
    ]
    assert {event["subscriber_number"] for event in events} == {"+12065550121"}
    assert rules == regular("tmobile_le.txt")[1]


@pytest.mark.parametrize(
    ("name", "title"),
    [
        *(("att_bill_csv.csv", title) for title in ("Date", "Time", "Number Called", "Min")),
        *(
            ("sprint_le_9135550101.csv", title)
            for title in ("CALLING_NBR", "CALLED_NBR", "START_DATE", "DURATION (SEC)")
        ),
        *(
            ("tmobile_le.txt", title)
            for title in ("Date", "Time", "Duration", "Call Type", "Direction", "Calling Number")
        ),
        *(
            ("verizon_le.csv", title)
            for title in (
                "Mobile Directory Number",
                "Call Direction",
                "Seizure Dt Tm",
                "Seizure Duration",
            )
        ),
    ],
)
def test_a_file_without_an_essential_column_is_refused_by_that_column_s_name(
    name: str, title: str, tmp_path: Path
) -> None:
    report, lake = ingested(
        name, table(name).without(title).written(TABLES[name]), tmp_path, OPTIONS[name]
    )
    assert report.status in ("needs_mapping", "rejected")
    assert f"'{title}'" in report.reason
    assert report.events == 0
    assert lake.scan_events().collect().height == 0


# ------------------------- AT&T's report: several tables, bare commas in the last column

Rows = Callable[[list[str], list[str]], tuple[list[str], list[str]]]


def att(change: Rows, *, delimiter: str = ",") -> bytes:
    """The golden report with header and rows of each section changed: `change` takes and gives
    titles and cells.

    The last cell keeps its bare commas.
    """
    lines, titles = [], []
    for line in LINE_END.split(_text(ATT)):
        if line.startswith("Item,"):
            titles = line.split(",")
            lines.append(delimiter.join(change(titles, titles)[0]))
        elif re.match(r"\d+,", line):
            lines.append(delimiter.join(change(titles, line.split(",", len(titles) - 1))[1]))
        else:
            lines.append(line)
    return "\n".join(lines).encode()


def split_time(titles: list[str], cells: list[str]) -> tuple[list[str], list[str]]:
    at = titles.index("ConnDateTime(UTC)")
    return (
        [*titles[:at], "Conn. Date", "Conn. Time (UTC)", *titles[at + 1 :]],
        [
            *cells[:at],
            *(cells[at].split(" ") if cells is not titles else ["", ""]),
            *cells[at + 1 :],
        ],
    )


def spaced(titles: list[str], cells: list[str]) -> tuple[list[str], list[str]]:
    return [re.sub(r"(?<=[a-z])(?=[A-Z])", " ", title) for title in titles], cells


def reversed_but_last(titles: list[str], cells: list[str]) -> tuple[list[str], list[str]]:
    """The last column must stay where it is, and Item, by which rows are known to this test,
    first.
    """
    return [titles[0], *titles[-2:0:-1], titles[-1]], [cells[0], *cells[-2:0:-1], cells[-1]]


def strange_column(titles: list[str], cells: list[str]) -> tuple[list[str], list[str]]:
    return [*titles[:5], "Switch Remark", *titles[5:]], [*cells[:5], "x", *cells[5:]]


def quoted_cells(titles: list[str], cells: list[str]) -> tuple[list[str], list[str]]:
    """As a spreadsheet saves the report again: what holds a comma stands in quotes."""
    return titles, [f'"{cell}"' if "," in cell else cell for cell in cells]


def without(*dropped: str) -> Rows:
    def cut(titles: list[str], cells: list[str]) -> tuple[list[str], list[str]]:
        kept = [i for i, title in enumerate(titles) if title not in dropped]
        return [titles[i] for i in kept], [cells[i] for i in kept]

    return cut


def unchanged(titles: list[str], cells: list[str]) -> tuple[list[str], list[str]]:
    return titles, cells


ATT_PRINTS: dict[str, bytes] = {
    "date and time apart": att(split_time),
    "titles with blanks": att(spaced),
    "date and time apart, titles with blanks": att(lambda t, c: spaced(*split_time(t, c))),
    "columns in another order": att(reversed_but_last),
    "a strange column": att(strange_column),
    "without Seizure Time, Feature of a phone and dialled number": att(
        without("SeizureTime", "MAKE", "MODEL", "DIALED")
    ),
    "cells in quotes": att(quoted_cells),
    "by tabs": att(unchanged, delimiter="\t"),
    "without the preamble": b"\n".join(att(unchanged).split(b"\n")[9:]),
    "without the preamble, date and time apart": b"\n".join(att(split_time).split(b"\n")[9:]),
    "with a longer preamble": (
        b"      STIR/SHAKEN\n\n"
        + b"      see the key, page 4, for columns, codes and units\n" * 40
        + att(unchanged)
    ),
}


@pytest.mark.parametrize("variation", ATT_PRINTS)
def test_every_print_of_the_att_report_gives_the_same_events(
    variation: str, tmp_path: Path
) -> None:
    assert reading(ATT, ATT_PRINTS[variation], tmp_path, {}) == as_shipped(ATT)


@pytest.mark.parametrize("title", ["ConnDateTime(UTC)", "OriginatingNumber"])
def test_an_att_report_without_an_essential_column_is_refused_by_that_column_s_name(
    title: str, tmp_path: Path
) -> None:
    report, lake = ingested(ATT, att(without(title)), tmp_path, {})
    assert report.status in ("needs_mapping", "rejected")
    assert re.sub(r"[\W_]", "", title).casefold() in re.sub(r"[\W_]", "", report.reason).casefold()
    assert lake.scan_events().collect().height == 0


TYPED = "cisco_cucm_untitled.csv"
TYPES = (GOLDEN / "cisco_cucm.csv").read_text().splitlines()[1]


@pytest.mark.parametrize("records", [1, 2, 3])
def test_a_few_records_under_a_line_of_types_are_records(records: int, tmp_path: Path) -> None:
    rows = (GOLDEN / TYPED).read_text().splitlines()[:records]
    events, quarantined = reading(
        TYPED, "\n".join([TYPES, *rows, ""]).encode(), tmp_path, OPTIONS[TYPED]
    )
    assert (len(events), quarantined) == (records, [])


@pytest.mark.parametrize(("strange", "status"), [(2, "ingested"), (4, "needs_mapping")])
def test_of_two_releases_in_one_file_the_one_that_is_known_is_read_if_it_has_half_of_the_records(
    strange: int, status: str, tmp_path: Path
) -> None:
    rows = (GOLDEN / "avaya_ipo.csv").read_text().splitlines()[:3]
    other = ["A,2026-07-14T09:30:02,2025550101,1205,83,IN"] * strange
    data = "\n".join([*rows, *other, ""]).encode()
    report, _ = ingested("avaya_ipo.csv", data, tmp_path, OPTIONS["avaya_ipo.csv"])
    assert report.status == status
    if status == "ingested":
        assert (report.events, report.quarantined) == (3, strange)


def test_a_broadworks_file_begins_with_a_record_of_the_log_and_some_calls_have_no_direction(
    tmp_path: Path,
) -> None:
    mark = (
        "<cdrData><headerModule><recordId><date>20160419210000.104</date></recordId>"
        "<type>Start</type></headerModule></cdrData>"
    )
    call = (
        "<cdrData><headerModule><type>Normal</type></headerModule><basicModule>"
        "<userNumber>+12125550101</userNumber><callingNumber>+12125550102</callingNumber>"
        "<calledNumber>+12125550101</calledNumber><startTime>20160419210005.247</startTime>"
        "<answerIndicator>Yes</answerIndicator><answerTime>20160419210006.813</answerTime>"
        "<releaseTime>20160419210020.296</releaseTime></basicModule></cdrData>"
    )
    data = (
        '<?xml version="1.0" encoding="ISO-8859-1"?>\n<!DOCTYPE broadWorksCDR>\n'
        f'<broadWorksCDR version="19.0">{mark}{call}</broadWorksCDR>'
    )
    (event,), quarantined = reading("calls.xml", data.encode(), tmp_path, {})
    assert (event["layout"], event["event_type"]) == ("broadworks_xml", "call")
    assert (event["direction"], event["from_number"]) == ("inbound", "+12125550102")
    assert quarantined == ["unrecognised_element"]
