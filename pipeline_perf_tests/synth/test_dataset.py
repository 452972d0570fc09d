"""Properties of generated files that hold for every layout, checked on the bytes with plain
Python.
"""

from __future__ import annotations

import hashlib
import math
import os
import re
import subprocess
import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline_perf.events import COLUMNS
from pipeline_perf.synth.dataset import LAYOUTS, Dataset, DatasetSpec, generate

from .reading import FURNITURE, READ, last4, physical_lines

Make = Callable[..., Dataset]

#: The formats that a second reader knows, in plain Python; the others' second opinion is the
#: product's own reading of them.
TEXT = sorted(
    pair
    for pair, layout in LAYOUTS.items()
    if layout.id in READ and pair[1] in ("csv", "bill_csv", "fixed")
)
PRINTED = sorted(pair for pair in LAYOUTS if pair[1] == "pdf")

#: What a damaged line shows, in any of the layouts.
SHOWS = {
    "started_impossible": r"13/45|1345",
    "duration_negative": r"(?:^|[^\d-])-\d|\d{6}-\d{6}\b",
    "duration_no_number": r"#ERR",
    "line_garbage": r"^[?~<^][#~!@%>^]+[0-9a-f]{5}[#~!@%<>?^]+$",
    "number_notation": (
        r"\(\d{3}\) 555-01\d\d|\d{3}\.555\.01\d\d|\+1-\d{3}-555-01\d\d|sip:\+1\d{10}@"
    ),
    "padded_number": r"(?:^|[,\t])  \+?[\d-]+ (?:[,\t]|$)",
    "padded_time": r"[,\t]?  \d+/\d+/\d+[ \d:]* [,\t]",
    "padded_duration": r"[,\t]  [\d:]+ [,\t]",
    "coordinates_swapped": r"-1\d\d\.\d+",
    "imei_length": r"(?:^|[,\t])35\d{9}(?:[,\t]|$)",
    "imsi_length": r"(?:^|[,\t])310(?:410|260)\d{4}(?:[,\t]|$)",
}


def truth_of(dataset: Dataset) -> pl.DataFrame:
    return pl.read_parquet(dataset.events)


def tree(directory: Path) -> dict[str, str]:
    return {
        str(path.relative_to(directory)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(directory.rglob("*"))
        if path.is_file()
    }


@pytest.mark.parametrize(("carrier", "format"), TEXT)
def test_every_line_is_a_record_of_the_truth_or_furniture(
    dataset: Make, carrier: str, format: str
) -> None:
    made = dataset(carrier, format, 3_000, second="overlap", defect_rate=0.03)
    truth = truth_of(made)
    for file, facts in zip(made.files, made.facts["files"], strict=True):
        lines = physical_lines(file)
        furniture = {
            n
            for n, line in enumerate(lines, start=1)
            if re.search(FURNITURE[facts["layout"]], line)
        }
        records = set(range(1, len(lines) + 1)) - furniture
        of_file = truth.filter(file=file.name)
        assert set(of_file["record_no"]) == records
        assert of_file.height == len(records) == facts["records"]
        assert len(furniture) == facts["furniture"]
        assert len(lines) == facts["lines"]
        assert (
            of_file["source_file_id"].unique().to_list()
            == [hashlib.sha256(file.read_bytes()).hexdigest()[:16]]
            == [facts["source_file_id"]]
        )


@settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(pair=st.sampled_from(TEXT), seed=st.integers(0, 10_000), rows=st.integers(1, 700))
def test_the_truth_says_what_the_line_says(
    dataset: Make, pair: tuple[str, str], seed: int, rows: int
) -> None:
    made = dataset(*pair, rows, seed=seed, defect_rate=0.0, duplicate_rate=0.02)
    truth = truth_of(made)
    assert truth.height == rows
    lines = physical_lines(made.files[0])
    for row in truth.iter_rows(named=True):
        start, seconds, caller, called = READ[row["layout"]](
            lines[row["record_no"] - 1], made.facts["subscriber"] or ""
        )
        assert start == row["started_at_local"]
        assert seconds == row["duration_s"]
        assert caller == last4(row["from_number"] or "")
        assert called == (last4(row["to_number"] or "") if row["to_number"] != "*86" else "")


@pytest.mark.parametrize(("carrier", "format"), TEXT)
def test_every_defect_of_the_truth_stands_in_its_line(
    dataset: Make, carrier: str, format: str
) -> None:
    made = dataset(carrier, format, 3_000, second="overlap", defect_rate=0.03)
    lines = {file.name: physical_lines(file) for file in made.files}
    usual = {name: max(map(len, of_file)) for name, of_file in lines.items()}
    defects = pl.read_parquet(made.defects)
    for row in defects.iter_rows(named=True):
        line = lines[row["file"]][row["record_no"] - 1]
        if row["kind"] == "line_cut":
            assert len(line) < usual[row["file"]] / 2
        elif row["kind"] == "started_blank":
            assert not re.search(r"\d+/\d+/\d+|\b20\d{6}\b|^010101\d{6}", line)
        else:
            assert re.search(SHOWS[row["kind"]], line), (row, line)
    assert set(defects["fate"]) <= {"reject", "correct", "flag"}
    rejected = defects.filter(fate="reject").select("file", "record_no").sort("file", "record_no")
    assert rejected.equals(
        truth_of(made)
        .filter(fate="quarantined")
        .select("file", "record_no")
        .sort("file", "record_no")
    )
    assert made.facts["quarantined"] == rejected.height


@pytest.mark.parametrize(("carrier", "format"), [("att", "csv"), ("tmobile", "csv")])
def test_every_kind_of_defect_occurs_where_the_format_can_carry_it(
    dataset: Make, carrier: str, format: str
) -> None:
    # seed 6: a line west of 90° W, where alone swapped coordinates can be told
    kinds = set(
        pl.read_parquet(
            dataset(carrier, format, 3_000, seed=6, second="overlap", defect_rate=0.06).defects
        )["kind"]
    )
    assert kinds == set(SHOWS) | {"started_blank", "line_cut"}


@pytest.mark.parametrize(("carrier", "format"), TEXT)
def test_a_run_sent_again_is_repeated_byte_for_byte_and_is_no_chance(
    dataset: Make, carrier: str, format: str
) -> None:
    made = dataset(carrier, format, 3_000, duplicate_rate=0.05)
    lines = physical_lines(made.files[0])
    resent = pl.read_parquet(made.duplicates).filter(kind="resent").sort("record_no")
    assert resent.height == 150
    assert all(
        lines[a - 1] == lines[b - 1]
        for a, b in resent.select("record_no", "of_record_no").iter_rows()
    )
    assert (resent["record_no"] > resent["of_record_no"]).all()
    follows = (resent["of_record_no"].diff() != 1).fill_null(True).cum_sum().alias("run")
    starts = truth_of(made).select("record_no", "started_at")
    # page breaks may stand in a run, so that what follows in the file need not follow in line
    # numbers
    runs = (
        resent.with_columns(follows)
        .join(starts, on="record_no")
        .group_by("run")
        .agg(pl.len(), pl.col("started_at").n_unique().alias("times"))
    )
    if carrier != "att" or format != "csv":
        assert runs["len"].min() >= 20  # type: ignore[operator]
        assert runs["times"].min() >= 5  # type: ignore[operator]


@pytest.mark.parametrize(
    ("carrier", "format"), sorted(pair for pair, layout in LAYOUTS.items() if not layout.ends)
)
def test_defects_and_repeats_come_at_the_stated_rates(
    dataset: Make, carrier: str, format: str
) -> None:
    made = dataset(carrier, format, 2_000, defect_rate=0.02, duplicate_rate=0.03)
    assert truth_of(made).height == 2_000
    assert pl.read_parquet(made.defects).height == 40
    assert pl.read_parquet(made.duplicates).filter(kind="resent").height == 60


@pytest.mark.parametrize(("carrier", "format"), sorted(LAYOUTS))
def test_the_truth_has_the_event_table_and_only_fictitious_numbers(
    dataset: Make, carrier: str, format: str
) -> None:
    truth = truth_of(dataset(carrier, format, 2_000, defect_rate=0.02, duplicate_rate=0.03))
    assert dict(truth.schema) == {"file": pl.String(), **COLUMNS, "fate": pl.String()}
    numbers = (
        pl.concat([truth["from_number"], truth["to_number"], truth["subscriber_number"]])
        .drop_nulls()
        .unique()
    )
    fictitious = r"^\+1[2-9]\d\d55501\d\d$|^\+4420755501\d\d$"
    if carrier in ("avaya", "3cx", "mitel", "panasonic"):  # written digits, and extensions
        fictitious += r"|^1?[2-9]\d\d55501\d\d$|^0114420755501\d\d$|^1[2-9]\d\d$|^101$|^7411$|^T3$"
    words = {
        "611",
        "411",
        "*86",
        "729725",
        "32665",
        "40404",
        "88022",
        "Restricted",
        "Unavailable",
        "BLOCKED",
    }
    service = (
        {"+18056377249", "+18056377243"} if carrier == "tmobile" and format == "csv" else set()
    )
    assert set(numbers.filter(~numbers.str.contains(fictitious))) <= words | service


@pytest.mark.slow
def test_the_same_specification_gives_the_same_bytes_in_another_process(tmp_path: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from pipeline_perf.synth.dataset import *\nfor c, f,"
        " s in [('att','csv','bill'), ('sprint','csv','overlap'), ('verizon','pdf','none')]:\n   "
        " generate(DatasetSpec(c, f, 1500, seed=5, second=s), Path(sys.argv[1]))"
    )
    trees = []
    for hash_seed in ("1", "2"):
        root = tmp_path / hash_seed
        environment = {**os.environ, "PYTHONHASHSEED": hash_seed, "POLARS_MAX_THREADS": hash_seed}
        subprocess.run(
            [sys.executable, "-c", program, str(root)],
            check=True,
            env=environment,
            cwd=Path(__file__).parents[2],
        )
        trees.append(tree(root))
    assert trees[0] == trees[1]
    assert sum(name.endswith(("txt", "csv", "pdf")) for name in trees[0]) == 5


def test_a_dataset_is_found_again_and_another_seed_is_another_one(tmp_path: Path) -> None:
    first = generate(DatasetSpec("verizon", "csv", 300), tmp_path)
    written = first.files[0].stat().st_mtime_ns
    assert generate(DatasetSpec("verizon", "csv", 300), tmp_path) == first
    assert first.files[0].stat().st_mtime_ns == written
    other = generate(DatasetSpec("verizon", "csv", 300, seed=2), tmp_path)
    assert other.files[0].read_bytes() != first.files[0].read_bytes()
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted(
        [first.directory.name, other.directory.name]
    )


def test_an_overlap_sends_the_same_records_again(dataset: Make) -> None:
    made = dataset("att", "csv", 3_000, second="overlap", second_share=0.25)
    pairs = pl.read_parquet(made.duplicates).filter(kind="exact")
    lines = {file.name: physical_lines(file) for file in made.files}
    assert pairs.height == round((3_000 - 30) * 0.25)
    for row in pairs.iter_rows(named=True):
        again, first = (
            lines[row["file"]][row["record_no"] - 1],
            lines[row["of_file"]][row["of_record_no"] - 1],
        )
        assert again.split(",", 1)[1] == first.split(",", 1)[1]  # but for the row's number


def test_a_bill_tells_the_answered_calls_of_the_report_in_local_whole_minutes(
    dataset: Make,
) -> None:
    made = dataset("att", "csv", 3_000, second="bill")
    truth = truth_of(made)
    pairs = pl.read_parquet(made.duplicates).filter(kind="near")
    columns = [
        "file",
        "record_no",
        "started_at",
        "duration_s",
        "from_number",
        "to_number",
        "direction",
    ]
    both = pairs.join(truth.select(columns), on=["file", "record_no"]).join(
        truth.select(columns),
        left_on=["of_file", "of_record_no"],
        right_on=["file", "record_no"],
        suffix="_report",
    )
    assert both.height == pairs.height > 500
    for row in both.iter_rows(named=True):
        assert row["started_at"] == row["started_at_report"].replace(second=0)
        assert row["duration_s"] == max(math.ceil(row["duration_s_report"] / 60), 1) * 60
        assert (row["from_number"], row["to_number"], row["direction"]) == (
            row["from_number_report"],
            row["to_number_report"],
            row["direction_report"],
        )
    assert made.facts["files"][1]["subscriber"] == truth["subscriber_number"][0]


def test_people_call_by_day_and_mostly_the_same_few(dataset: Make) -> None:
    truth = truth_of(dataset("verizon", "csv", 20_000))
    by_hour = truth["started_at_local"].dt.hour()
    assert by_hour.is_between(9, 17).mean() > 3 * by_hour.is_between(0, 6).mean()
    out = truth.filter(pl.col("direction") == "outbound")["to_number"].value_counts(sort=True)[
        "count"
    ]
    assert out.head(10).sum() > 0.5 * out.sum()


def test_quick_redials_give_a_bill_its_one_to_two_per_cent_of_identical_rows(dataset: Make) -> None:
    made = dataset("att", "bill_csv", 20_000, defect_rate=0.0, duplicate_rate=0.0)
    rows = [line.split(",", 1)[1] for line in physical_lines(made.files[0])[1:]]
    identical = (len(rows) - len(set(rows))) / len(rows)
    assert 0.005 < identical < 0.03


def test_no_local_time_falls_into_an_hour_that_the_clock_skips_or_repeats(dataset: Make) -> None:
    truth = truth_of(dataset("verizon", "csv", 24_000))
    local = truth.filter(
        pl.col("started_at_local").dt.date().is_in([date(2023, 3, 12), date(2023, 11, 5)])
    )["started_at_local"]
    assert len(local) > 20
    assert not local.dt.hour().is_between(1, 2).any()


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        (
            {"carrier": "emi", "format": "csv"},
            "emi csv; choose one of: emi fixed$",
        ),
        ({"carrier": "verzion", "format": "csv"}, r"verzion csv \(did you mean verizon\?\)"),
        ({"carrier": "verizon", "format": "cvs"}, r"verizon cvs \(did you mean csv\?\); .*volte"),
        ({"rows": 0}, "rows must be at least 1"),
        ({"defect_rate": 0.9}, "defect_rate is a share"),
        ({"duplicate_rate": 0.3}, "duplicate_rate is a share"),
        ({"carrier": "verizon", "second": "bill"}, "carrier att, format csv only"),
        ({"format": "pdf", "second": "overlap"}, "text formats only"),
    ],
)
def test_a_specification_that_cannot_be_made_says_why(
    fields: dict[str, object], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        DatasetSpec(**{"carrier": "att", "format": "csv", "rows": 10, **fields})
