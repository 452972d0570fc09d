"""Records that stand where none are expected end in quarantine, never among the furniture."""

from pathlib import Path

import pytest

from pipeline_perf.ingest.bookkeeping import FileReport
from pipeline_perf.ingest.pipeline import ingest_file
from pipeline_perf.lake.delta import Lake

GOLDEN = Path(__file__).parent / "golden"
SAMPLES = Path(__file__).parents[2] / "data" / "samples"
REPORT = (SAMPLES / "att_mobility_1.txt").read_text(encoding="utf-8")
BILL = (SAMPLES / "att_bill_1.csv").read_text(encoding="utf-8")


def read(text: str, tmp_path: Path, name: str) -> tuple[FileReport, Lake]:
    tmp_path.mkdir(exist_ok=True)
    path, lake = tmp_path / name, Lake(tmp_path / f"lake {name}")
    path.write_text(text, encoding="utf-8", newline="")
    return ingest_file(path, lake), lake


def test_a_slip_in_the_first_header_puts_its_records_into_quarantine(tmp_path: Path) -> None:
    sound, _ = read(REPORT, tmp_path, "sound.txt")
    slip, lake = read(
        REPORT.replace("OriginatingNumber,Term", "OriginatingNumbr,Term", 1), tmp_path, "slip.txt"
    )
    assert (slip.status, slip.records, slip.lines) == ("ingested", sound.records, sound.lines)
    assert slip.events < sound.events
    rules = lake.scan_quarantine().collect()["rule"].to_list()
    assert rules.count("before_header") >= sound.by_type["call"]


def test_records_above_the_header_are_quarantined(tmp_path: Path) -> None:
    header, *rows = BILL.splitlines(keepends=True)
    report, _ = read("".join([*rows[:39], header, *rows[39:]]), tmp_path, "bill.csv")
    assert (report.records, report.furniture) == (60, 1)
    assert report.rules["before_header"] >= 38


@pytest.mark.parametrize("tail", ["", ","])
def test_indented_records_are_records(tail: str, tmp_path: Path) -> None:
    sound, _ = read(REPORT, tmp_path, "sound.txt")
    lines = [f" {line}{tail}" if line[:1].isdigit() else line for line in REPORT.splitlines()]
    indented, _ = read("\n".join(lines), tmp_path, "indented.txt")
    assert (indented.records, indented.events, indented.furniture) == (
        sound.records,
        sound.events,
        sound.furniture,
    )


def test_an_indented_record_that_was_cut_is_quarantined(tmp_path: Path) -> None:
    sound, _ = read(REPORT, tmp_path, "sound.txt")
    lines = REPORT.splitlines()
    at = next(i for i, line in enumerate(lines) if line.startswith("5,"))
    lines[at] = f" {lines[at][:40]}"
    cut, lake = read("\n".join(lines), tmp_path, "cut.txt")
    assert (cut.records, cut.events) == (sound.records, sound.events - 1)
    assert "cut_off" in lake.scan_quarantine().collect()["rule"].to_list()


def test_a_preamble_stays_furniture(tmp_path: Path) -> None:
    sound, _ = read(REPORT, tmp_path, "sound.txt")
    assert "before_header" not in sound.rules


@pytest.mark.parametrize(
    "foreign", ["panasonic.txt", "mitel_20260214.txt", "kamailio_flatstore.log", "aapt.txt"]
)
def test_records_of_another_file_behind_are_told(foreign: str, tmp_path: Path) -> None:
    for host in ("notional_le.csv", "tmobile_csv.csv"):
        text = (GOLDEN / host).read_text().rstrip("\n") + "\n"
        alone, _ = read(text, tmp_path / "alone", host)
        behind, _ = read(text + "".join(records_of(foreign)), tmp_path / "behind", host)
        assert (behind.events, behind.furniture) == (alone.events, alone.furniture)


@pytest.mark.parametrize(
    "foreign", ["panasonic.txt", "mitel_20260214.txt", "kamailio_flatstore.log"]
)
def test_records_of_another_file_above_the_header_are_told(foreign: str, tmp_path: Path) -> None:
    report, _ = read(
        "".join(records_of(foreign)[:4]) + (GOLDEN / "notional_le.csv").read_text(),
        tmp_path,
        "notional_le.csv",
    )
    assert report.rules["before_header"] == 4


def records_of(name: str) -> list[str]:
    lines = (GOLDEN / name).read_text().splitlines()
    return [f"{line}\n" for line in lines if any(sign.isdigit() for sign in line[:120])]
