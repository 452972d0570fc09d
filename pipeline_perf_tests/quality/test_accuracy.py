"""A perfect reading scores 1.0 everywhere, and each planted error lowers exactly the figure that
is about it.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from pipeline_perf.events import COLUMNS
from pipeline_perf.quality.accuracy import Accuracy, score, score_tables
from pipeline_perf.synth.dataset import Dataset, DatasetSpec, generate

KEY = ["source_file_id", "record_no"]
# A line west of 90° W: only there can swapped coordinates be told, and every kind of defect occurs.
SEED = 6


@dataclass
class Reading:
    """A lake's three tables as a perfect reader would have filled them; tests spoil it."""

    dataset: Dataset
    events: pl.DataFrame
    quarantine: pl.DataFrame
    reports: pl.DataFrame

    def scan_events(self, distinct: bool = False) -> pl.LazyFrame:
        return self.events.lazy()

    def scan_quarantine(self) -> pl.LazyFrame:
        return self.quarantine.lazy()

    def files(self) -> pl.DataFrame:
        return self.reports

    def score(self) -> Accuracy:
        return score(self, self.dataset)

    def undamaged(self) -> pl.DataFrame:
        """Keys of events without a defect and without a twin, in file order."""
        defects = pl.read_parquet(self.dataset.defects).select("file", "record_no")
        pairs = pl.read_parquet(self.dataset.duplicates)
        twins = pl.concat(
            [
                pairs.select("file", "record_no"),
                pairs.select(
                    pl.col("of_file").alias("file"), pl.col("of_record_no").alias("record_no")
                ),
            ]
        )
        truth = pl.read_parquet(self.dataset.events).filter(fate="event")
        return truth.join(
            pl.concat([defects, twins]), on=["file", "record_no"], how="anti", maintain_order="left"
        ).select(KEY)

    def change(self, keys: pl.DataFrame, **values: pl.Expr) -> None:
        """Give the events named by `keys` other values."""
        hit = self.events.join(
            keys.with_columns(hit=True), on=KEY, how="left", maintain_order="left"
        )["hit"].fill_null(False)
        self.events = self.events.with_columns(
            pl.when(hit).then(value).otherwise(pl.col(name)).alias(name)
            for name, value in values.items()
        )

    def quarantined(self, keys: pl.DataFrame) -> None:
        """Move events to quarantine, and report it so."""
        self.events = self.events.join(keys, on=KEY, how="anti", maintain_order="left")
        self.quarantine = pl.concat([self.quarantine, keys])
        self.reports = self.reports.with_columns(
            pl.col("events") - keys.height, pl.col("quarantined") + keys.height
        )


def perfect(dataset: Dataset) -> Reading:
    truth = (
        pl.read_parquet(dataset.events)
        .with_row_index("nth")
        .with_columns(event_id=pl.col("nth").cast(pl.Int64) * 7 - 1_000)
    )
    pairs = (
        pl.read_parquet(dataset.duplicates)
        .filter(pl.col("kind") != "leg")
        .unique(["file", "record_no"], keep="first", maintain_order=True)
    )
    firsts = truth.select(of_file="file", of_record_no="record_no", first="event_id")
    marks = pairs.join(firsts, on=["of_file", "of_record_no"]).select("file", "record_no", "first")
    truth = truth.join(
        marks, on=["file", "record_no"], how="left", maintain_order="left"
    ).with_columns(duplicate_of="first")
    reports = pl.DataFrame(
        [
            {
                **{
                    k: f[k]
                    for k in (
                        "source_file_id",
                        "carrier",
                        "layout",
                        "records",
                        "quarantined",
                        "furniture",
                        "lines",
                    )
                },
                "events": f["records"] - f["quarantined"],
            }
            for f in dataset.facts["files"]
        ]
    )
    return Reading(
        dataset,
        truth.filter(fate="event").select(list(COLUMNS)),
        truth.filter(fate="quarantined").select(KEY),
        reports,
    )


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("datasets")


@pytest.fixture
def reading(root: Path) -> Reading:
    return perfect(
        generate(
            DatasetSpec("att", "csv", 3_000, seed=SEED, defect_rate=0.06, duplicate_rate=0.02), root
        )
    )


SHARES = ("classification", "validation_coverage", "false_alarms", "correction", "field_accuracy")


def figures(accuracy: Accuracy) -> dict[str, Any]:
    """All figures that an error can move, flat."""
    flat = {name: getattr(accuracy, name) for name in (*SHARES, "conservation")}
    return flat | {
        f.name: getattr(accuracy.duplicates, f.name)
        for f in fields(accuracy.duplicates)
        if f.name not in ("pairs", "marked")
    }


def moved(reading: Reading) -> dict[str, Any]:
    """The figures that differ from a perfect reading's."""
    best = figures(perfect(reading.dataset).score())
    return {name: value for name, value in figures(reading.score()).items() if value != best[name]}


@pytest.mark.parametrize(
    ("carrier", "format", "second"),
    [
        ("att", "csv", "bill"),
        ("verizon", "csv", "overlap"),
        ("tmobile", "csv", "none"),
        ("sprint", "csv", "overlap"),
        ("sprint", "pdf", "none"),
    ],
)
def test_a_perfect_reading_scores_one_everywhere(
    root: Path, carrier: Any, format: Any, second: Any
) -> None:
    accuracy = perfect(
        generate(DatasetSpec(carrier, format, 1_500, second=second, defect_rate=0.03), root)
    ).score()
    assert (
        accuracy.classification,
        accuracy.validation_coverage,
        accuracy.correction,
        accuracy.field_accuracy,
    ) == (1.0, 1.0, 1.0, 1.0)
    assert accuracy.false_alarms == 0.0
    assert accuracy.conservation, accuracy.breaks
    assert (accuracy.duplicates.precision, accuracy.duplicates.recall, accuracy.duplicates.f1) == (
        1.0,
        1.0,
        1.0,
    )
    assert accuracy.duplicates.lost_per_million == accuracy.duplicates.doubled_per_million == 0.0
    assert {"started_at", "duration_s", "from_number", "to_number", "event_type"} <= set(
        accuracy.fields
    )
    assert set(accuracy.by_kind.values()) == {1.0}


def test_an_empty_lake_scores_nothing_and_says_so(reading: Reading) -> None:
    reading.events, reading.quarantine, reading.reports = (
        reading.events.clear(),
        reading.quarantine.clear(),
        reading.reports.clear(),
    )
    accuracy = reading.score()
    assert (
        accuracy.classification,
        accuracy.validation_coverage,
        accuracy.correction,
        accuracy.field_accuracy,
    ) == (0.0, 0.0, 0.0, 0.0)
    assert (accuracy.duplicates.precision, accuracy.duplicates.recall, accuracy.duplicates.f1) == (
        None,
        0.0,
        0.0,
    )
    assert accuracy.breaks == (
        "3000 records are neither event nor quarantined",
        "att_mobility_1.txt is not among the lake's files",
    )


def test_what_cannot_be_measured_is_none_and_not_perfect(root: Path) -> None:
    accuracy = perfect(
        generate(DatasetSpec("att", "csv", 300, defect_rate=0.0, duplicate_rate=0.0), root)
    ).score()
    assert accuracy.validation_coverage is accuracy.correction is None
    assert (
        accuracy.duplicates.precision
        is accuracy.duplicates.recall
        is accuracy.duplicates.f1
        is None
    )


def test_a_wrong_layout_lowers_the_classification_only(reading: Reading) -> None:
    reading.reports = reading.reports.with_columns(layout=pl.lit("verizon_le"))
    assert moved(reading) == {"classification": 0.0}


@pytest.mark.parametrize(
    ("column", "wrong"),
    [
        ("started_at", pl.col("started_at") + timedelta(hours=1)),
        ("duration_s", pl.col("duration_s").fill_null(0) + 1.0),
        ("to_number", pl.lit("+12125550100")),
        ("from_number", pl.lit(None, pl.String)),
        ("latitude", pl.lit(1.5)),
        ("imsi", pl.lit("310410000000000")),
        ("event_type", pl.lit("mms")),
    ],
)
def test_a_wrong_value_lowers_the_accuracy_of_its_field_only(
    reading: Reading, column: str, wrong: pl.Expr
) -> None:
    keys = reading.undamaged()
    calls = reading.events.filter(
        pl.col("event_type") == "call", pl.col("latitude").is_not_null()
    ).select(KEY)
    reading.change(keys.join(calls, on=KEY).head(10), **{column: wrong})
    accuracy = reading.score()
    count = (
        pl.read_parquet(reading.dataset.events).filter(fate="event").height
        - pl.read_parquet(reading.dataset.defects).filter(pl.col("fate") != "reject").height
    )
    assert accuracy.fields[column] == pytest.approx(1 - 10 / count)
    assert {name for name, share in accuracy.fields.items() if share < 1} == {column}
    assert set(moved(reading)) == {"field_accuracy"}


def test_tenths_of_a_second_may_be_rounded(root: Path) -> None:
    reading = perfect(generate(DatasetSpec("emi", "fixed", 400), root))
    reading.events = reading.events.with_columns(pl.col("duration_s").round())
    assert not moved(reading)


def test_a_clean_record_in_quarantine_is_a_false_alarm_and_a_lost_value(reading: Reading) -> None:
    reading.quarantined(reading.undamaged().head(5))
    accuracy = reading.score()
    undamaged = 3_000 - pl.read_parquet(reading.dataset.defects).height
    assert accuracy.false_alarms == pytest.approx(5 / undamaged)
    assert set(moved(reading)) == {"false_alarms", "field_accuracy"}


def test_a_flag_that_the_record_does_not_deserve_is_a_false_alarm(reading: Reading) -> None:
    keys = (
        reading.undamaged()
        .join(reading.events.filter(pl.col("imei").is_not_null()).select(KEY), on=KEY)
        .head(4)
    )
    reading.change(keys, imei=pl.lit("35"))
    assert set(moved(reading)) == {"false_alarms", "field_accuracy"}


@pytest.mark.parametrize("kind", ["started_impossible", "duration_negative", "line_garbage"])
def test_a_bad_record_let_through_lowers_the_coverage_of_its_kind(
    reading: Reading, kind: str
) -> None:
    defects = pl.read_parquet(reading.dataset.defects).filter(kind=kind)
    missed = reading.quarantine.join(defects.select("record_no").head(1), on="record_no")
    row = reading.events.head(1).with_columns(
        record_no=missed["record_no"], event_id=pl.lit(99, pl.Int64)
    )
    reading.quarantine = reading.quarantine.join(missed, on=KEY, how="anti")
    reading.events = pl.concat([reading.events, row])
    reading.reports = reading.reports.with_columns(pl.col("events") + 1, pl.col("quarantined") - 1)
    assert reading.score().by_kind[kind] == pytest.approx(1 - 1 / defects.height)
    assert set(moved(reading)) == {"validation_coverage"}


def test_a_flag_that_is_not_raised_lowers_the_coverage(reading: Reading) -> None:
    defects = (
        pl.read_parquet(reading.dataset.defects)
        .filter(kind="imei_length")
        .select("record_no")
        .head(1)
    )
    reading.change(
        reading.events.join(defects, on="record_no").select(KEY), imei=pl.lit("351234001234567")
    )
    assert set(moved(reading)) == {"validation_coverage"}


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        ("coordinates_swapped", {"latitude": pl.col("longitude"), "longitude": pl.col("latitude")}),
        ("number_notation", {"to_number": pl.concat_str(pl.lit("sip:"), "to_number")}),
        ("padded_duration", {"duration_s": pl.lit(None, pl.Float64)}),
    ],
)
def test_a_correctable_defect_left_as_it_is_lowers_the_correction_only(
    reading: Reading, kind: str, values: dict[str, pl.Expr]
) -> None:
    defects = pl.read_parquet(reading.dataset.defects).filter(kind=kind)
    reading.change(
        reading.events.join(defects.select("record_no"), on="record_no").select(KEY), **values
    )
    assert reading.score().by_kind[kind] == 0.0
    assert set(moved(reading)) == {"correction"}


def test_a_genuine_call_marked_as_duplicate_is_lost(reading: Reading) -> None:
    keys = reading.undamaged().head(3)
    reading.change(keys, duplicate_of=reading.events["event_id"][100])
    assert moved(reading) == {
        "precision": pytest.approx(60 / 63),
        "f1": pytest.approx(120 / 123),
        "lost_per_million": pytest.approx(1_000),
    }


def test_a_repeat_that_is_not_marked_counts_double(reading: Reading) -> None:
    marked = reading.events.filter(pl.col("duplicate_of").is_not_null()).select(KEY).head(6)
    reading.change(marked, duplicate_of=pl.lit(None, pl.Int64))
    assert moved(reading) == {
        "recall": pytest.approx(0.9),
        "f1": pytest.approx(108 / 114),
        "doubled_per_million": pytest.approx(2_000),
    }


def test_a_repeat_laid_at_the_wrong_calls_door_is_a_wrong_pair_but_nothing_is_lost(
    reading: Reading,
) -> None:
    marked = reading.events.filter(pl.col("duplicate_of").is_not_null()).select(KEY).head(6)
    reading.change(marked, duplicate_of=reading.events["event_id"][100])
    assert set(moved(reading)) == {"precision", "recall", "f1"}


def test_it_does_not_matter_which_of_two_tellings_is_marked(reading: Reading) -> None:
    first, mark = (
        reading.events.filter(pl.col("duplicate_of").is_not_null())
        .select("event_id", "duplicate_of")
        .row(0)
    )
    turned = (
        pl.when(pl.col("event_id") == first)
        .then(None)
        .when(pl.col("event_id") == mark)
        .then(first)
        .otherwise(pl.col("duplicate_of"))
    )
    reading.events = reading.events.with_columns(duplicate_of=turned)
    assert not moved(reading)


def test_redials_told_alike_by_a_bill_may_be_matched_in_any_order_but_not_once_too_often(
    root: Path,
) -> None:
    reading = perfect(generate(DatasetSpec("att", "csv", 3_000, second="bill"), root))
    pairs = pl.read_parquet(reading.dataset.duplicates).filter(kind="near")
    alike = pairs.filter(pl.len().over("group") == 2).sort("group").head(2)
    ids = {f["name"]: f["source_file_id"] for f in reading.dataset.facts["files"]}
    bill = alike.select(
        pl.col("file").replace_strict(ids, return_dtype=pl.String).alias("source_file_id"),
        "record_no",
    )
    report = alike.select(
        pl.col("of_file").replace_strict(ids, return_dtype=pl.String).alias("source_file_id"),
        pl.col("of_record_no").alias("record_no"),
    )
    of = reading.events.join(report, on=KEY, maintain_order="left")["event_id"].to_list()
    for nth in (0, 1):
        reading.change(bill[nth : nth + 1], duplicate_of=pl.lit(of[1 - nth]))
    assert not moved(reading)
    reading.change(report[:1], duplicate_of=pl.lit(of[1]))
    assert set(moved(reading)) == {"precision", "f1", "lost_per_million"}


def test_a_routed_leg_may_be_marked_or_not(root: Path) -> None:
    reading = perfect(generate(DatasetSpec("sprint", "csv", 1_500, second="overlap"), root))
    legs = pl.read_parquet(reading.dataset.duplicates).filter(
        kind="leg", file=reading.dataset.files[0].name
    )
    source = reading.dataset.facts["files"][0]["source_file_id"]
    firsts = reading.events.filter(source_file_id=source).select(
        pl.col("record_no").alias("of_record_no"), pl.col("event_id").alias("first")
    )
    marks = legs.join(firsts, on="of_record_no").select(
        pl.lit(source).alias("source_file_id"), "record_no", "first"
    )
    marked = reading.events.join(marks, on=KEY, how="left", maintain_order="left")
    assert marks.height > 20
    reading.events = marked.with_columns(
        pl.coalesce("duplicate_of", "first").alias("duplicate_of")
    ).drop("first")
    assert not moved(reading)


def test_a_lost_record_breaks_conservation(reading: Reading) -> None:
    reading.events = reading.events.join(
        reading.undamaged().head(1), on=KEY, how="anti", maintain_order="left"
    )
    accuracy = reading.score()
    assert not accuracy.conservation
    assert accuracy.breaks == ("1 records are neither event nor quarantined",)
    assert set(moved(reading)) == {"conservation", "field_accuracy"}


def test_a_record_told_twice_breaks_conservation(reading: Reading) -> None:
    reading.events = pl.concat([reading.events, reading.events.head(1)])
    assert reading.score().breaks == ("1 records are told more than once",)
    assert moved(reading) == {"conservation": False}


def test_a_line_that_nobody_accounts_for_breaks_conservation(reading: Reading) -> None:
    reading.reports = reading.reports.with_columns(pl.col("furniture") - 1)
    assert "lines of furniture are not" in reading.score().breaks[0]
    assert moved(reading) == {"conservation": False}


def test_other_files_in_the_lake_do_not_matter(reading: Reading) -> None:
    best = reading.score()
    other = reading.events.with_columns(
        source_file_id=pl.lit("f" * 16), event_id=pl.col("event_id") + 10**9
    )
    reading.events = pl.concat([other, reading.events])
    assert reading.score() == best


def test_tables_without_a_lake_score_the_same(reading: Reading) -> None:
    made = reading.dataset
    accuracy = score_tables(
        events=reading.events,
        quarantine=reading.quarantine,
        files=reading.reports,
        truth=pl.read_parquet(made.events),
        duplicates=pl.read_parquet(made.duplicates),
        defects=pl.read_parquet(made.defects),
        facts=made.facts["files"],
    )
    assert accuracy == reading.score()
