"""How right a reading is, measured against the truth of a generated dataset.

Joins what the lake holds with what was written, by file and record. Nothing here reads carrier
files or runs an ingestion: the lake's frames come in as arguments. A figure with nothing to measure
is None, never 1.0.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol

import polars as pl

from pipeline_perf.events import COLUMNS, RULES, violations
from pipeline_perf.quality.duplicates import RECORD, DuplicateScore, score_duplicates
from pipeline_perf.synth.dataset import Dataset

#: Names of the lake's own making, and what a file never says: no truth to compare with.
NOT_COMPARED = frozenset(
    {"event_id", "source_file_id", "record_no", "tenant", "leg_no", "occurrence", "duplicate_of"}
)
COMPARED = tuple(name for name in COLUMNS if name not in NOT_COMPARED)
#: Where the truth leaves these open a reader may say what it likes: the source does not decide it.
OPEN_WHERE_UNTOLD = frozenset({"direction", "answered", "zone_assumed", "duration_resolution_s"})
#: What must be right for a corrected record to count as set right.
CORE = (
    "event_type",
    "direction",
    "started_at",
    "duration_s",
    "from_number",
    "to_number",
    "latitude",
    "longitude",
)

#: Half a second either way: tenths may be kept or rounded. A whole second is an error.
DURATION_TOLERANCE_S = 0.5
#: A tenth of a metre, well under what any cell's position is worth.
DEGREE_TOLERANCE = 1e-6
#: Half a thousandth of the currency's unit: no bill counts so finely.
CHARGE_TOLERANCE = 0.000_5


class Lake(Protocol):
    """What is asked of a lake: its events, its quarantine, its files."""

    def scan_events(self, *, distinct: bool = False) -> pl.LazyFrame:
        """All events, every column of the event table."""
        ...

    def scan_quarantine(self) -> pl.LazyFrame:
        """All rejected records: at least source_file_id, record_no."""
        ...

    def files(self) -> pl.DataFrame:
        """One row per ingested file, with its own account of it.

        At least source_file_id, carrier, layout, records, events, quarantined, furniture, lines.
        """
        ...


@dataclass(frozen=True)
class Accuracy:
    """The figures of one dataset; shares from 0 to 1, None where there was nothing to measure.

    `classification`: files whose carrier and layout are right. `validation_coverage`: injected
    rejectable and flaggable defects that were caught. `false_alarms`: undamaged records quarantined
    or flagged. `correction`: correctable defects set right. `fields`: per event column, right
    values among undamaged records whose file tells that column; `field_accuracy` their mean,
    weighted by values. `by_kind`: caught or corrected, per kind of defect. `conservation`: every
    record of every file is exactly one event or one quarantined record, and every line is accounted
    for; `breaks` says where not.
    """

    files: int
    records: int
    classification: float
    duplicates: DuplicateScore
    validation_coverage: float | None
    false_alarms: float | None
    correction: float | None
    field_accuracy: float | None
    fields: dict[str, float]
    by_kind: dict[str, float]
    conservation: bool
    breaks: tuple[str, ...]


def score(lake: Lake, dataset: Dataset) -> Accuracy:
    """Measure what `lake` holds of the dataset's files; other files in it do not matter."""
    ids = [file["source_file_id"] for file in dataset.facts["files"]]
    ours = pl.col("source_file_id").is_in(ids)
    return score_tables(
        events=lake.scan_events().filter(ours).collect(),
        quarantine=lake.scan_quarantine().filter(ours).select(RECORD).collect(),
        files=lake.files().filter(ours),
        truth=pl.read_parquet(dataset.events),
        duplicates=pl.read_parquet(dataset.duplicates),
        defects=pl.read_parquet(dataset.defects),
        facts=dataset.facts["files"],
    )


def score_tables(
    *,
    events: pl.DataFrame,
    quarantine: pl.DataFrame,
    files: pl.DataFrame,
    truth: pl.DataFrame,
    duplicates: pl.DataFrame,
    defects: pl.DataFrame,
    facts: list[dict[str, Any]],
) -> Accuracy:
    """The same over plain tables: three of the lake, three of the truth, and each file's facts.

    `events`, `quarantine` and `files` have at least the columns that `Lake` asks for. `truth`,
    `duplicates`, `defects` and `facts` are as a dataset keeps them: `facts` has an entry per file,
    with name, source_file_id, carrier, layout, records and lines. A record of `quarantine` without
    an entry in `truth` counts against conservation only.
    """
    id_of = {fact["name"]: fact["source_file_id"] for fact in facts}
    defects = defects.with_columns(
        source_file_id=pl.col("file").replace_strict(id_of, return_dtype=pl.String)
    )
    breaks = _conservation(events, quarantine, files, truth, facts)
    # A record that was read twice counts against conservation, and once in everything else.
    events = events.unique(RECORD, keep="first", maintain_order=True)
    read = _side_by_side(events, truth, defects)
    held = quarantine.unique(RECORD).with_columns(quarantined=pl.lit(True))
    suffered = (
        defects.join(read, on=RECORD, how="left")
        .join(held, on=RECORD, how="left")
        .with_columns(pl.col("quarantined").fill_null(False))
    )
    outcome = suffered.select("kind", "fate", caught=_caught())
    undamaged = read.filter((pl.col("fate_meant") == "event") & ~pl.col("damaged"))
    fields, field_accuracy = _fields(undamaged)
    return Accuracy(
        files=len(facts),
        records=truth.height,
        classification=_classification(files, facts),
        duplicates=score_duplicates(events, duplicates, id_of, truth.height),
        validation_coverage=_share(outcome.filter(pl.col("fate") != "correct")["caught"]),
        false_alarms=_share(_false_alarms(undamaged, held)),
        correction=_share(outcome.filter(pl.col("fate") == "correct")["caught"]),
        field_accuracy=field_accuracy,
        fields=fields,
        by_kind={
            kind: share
            for (kind,), rows in outcome.group_by("kind")
            if (share := _share(rows["caught"])) is not None
        },
        conservation=not breaks,
        breaks=tuple(breaks),
    )


def _share(hits: pl.Series) -> float | None:
    return float(hits.sum()) / len(hits) if len(hits) else None


def _classification(files: pl.DataFrame, facts: list[dict[str, Any]]) -> float:
    recognised = {
        row["source_file_id"]: (row["carrier"], row["layout"])
        for row in files.iter_rows(named=True)
    }
    right = [
        recognised.get(fact["source_file_id"]) == (fact["carrier"], fact["layout"])
        for fact in facts
    ]
    return sum(right) / len(right)


def _side_by_side(events: pl.DataFrame, truth: pl.DataFrame, defects: pl.DataFrame) -> pl.DataFrame:
    """One row per record: what was read beside what was written.

    The event's columns, the truth's as `*_meant`, `present` (it is an event), `damaged`, and as
    `*_told` whether its file tells that column at all.
    """
    meant = {name: f"{name}_meant" for name in (*COMPARED, "fate")}
    told_by_file = truth.group_by("source_file_id").agg(
        (pl.col(c).is_not_null() & (pl.col("fate") == "event")).any().alias(f"{c}_told")
        for c in COMPARED
    )
    damaged = defects.select(RECORD).unique().with_columns(damaged=pl.lit(True))
    present = events.select(*RECORD, *COMPARED).with_columns(present=pl.lit(True))
    return (
        truth.rename(meant)
        .select(*RECORD, *meant.values())
        .join(present, on=RECORD, how="left")
        .join(damaged, on=RECORD, how="left")
        .join(told_by_file, on="source_file_id", how="left")
        .with_columns(pl.col("present", "damaged").fill_null(False))
    )


def _right(name: str) -> pl.Expr:
    """Whether the event's value is the truth's; where there is no event, every value is wrong."""
    value, meant = pl.col(name), pl.col(f"{name}_meant")
    tolerance = {
        "duration_s": DURATION_TOLERANCE_S,
        "latitude": DEGREE_TOLERANCE,
        "longitude": DEGREE_TOLERANCE,
        "charge": CHARGE_TOLERANCE,
    }
    same = value.eq_missing(meant)
    if name in tolerance:
        near = (value.cast(pl.Float64) - meant.cast(pl.Float64)).abs() <= tolerance[name]
        same = same | near.fill_null(False)
    return pl.col("present") & same


def _counts(name: str) -> pl.Expr:
    """Whether there is a truth to compare with."""
    told_by_file = pl.col(f"{name}_told")
    if name in OPEN_WHERE_UNTOLD:
        return told_by_file & pl.col(f"{name}_meant").is_not_null()
    return told_by_file


def _fields(undamaged: pl.DataFrame) -> tuple[dict[str, float], float | None]:
    """The share of right values per column, and over all values."""
    sums = undamaged.select(
        *(_counts(name).sum().alias(f"{name}/of") for name in COMPARED),
        *((_right(name) & _counts(name)).sum().alias(f"{name}/right") for name in COMPARED),
    ).row(0, named=True)
    compared = [name for name in COMPARED if sums[f"{name}/of"]]
    fields = {name: sums[f"{name}/right"] / sums[f"{name}/of"] for name in compared}
    values = sum(sums[f"{name}/of"] for name in compared)
    return fields, sum(sums[f"{name}/right"] for name in compared) / values if values else None


def _caught() -> pl.Expr:
    """Whether a reader did with a damaged record what its fate asks for.

    Rejected: in quarantine and no event. Flagged: the event breaks the named rule. Corrected: the
    core is right.
    """
    flags = [rule for rule in RULES if rule.action == "flag"]
    broken = pl.lit(False)
    for rule, expression in zip(flags, violations(tuple(flags)), strict=True):
        broken = pl.when(pl.col("rule") == rule.name).then(expression).otherwise(broken)
    corrected = pl.all_horizontal(_right(name) | ~_counts(name).fill_null(False) for name in CORE)
    return (
        pl.when(pl.col("fate") == "reject").then(pl.col("quarantined") & ~pl.col("present"))
        .when(pl.col("fate") == "flag").then(pl.col("present") & broken)
        .otherwise(pl.col("present") & corrected)
    )  # fmt: skip


def _false_alarms(undamaged: pl.DataFrame, held: pl.DataFrame) -> pl.Series:
    """Quarantined, or flagged by a rule that the record as it was written does not break."""
    flags = violations(tuple(rule for rule in RULES if rule.action == "flag"))
    meant = undamaged.select(pl.col(f"{name}_meant").alias(name) for name in COMPARED)
    as_written = meant.select(flags)
    beside_held = undamaged.join(held, on=RECORD, how="left", maintain_order="left")
    alarm = beside_held["quarantined"].fill_null(False)
    for flagged in undamaged.select(flags):
        alarm = alarm | (flagged & ~as_written[flagged.name])
    return alarm


def _conservation(
    events: pl.DataFrame,
    quarantine: pl.DataFrame,
    files: pl.DataFrame,
    truth: pl.DataFrame,
    facts: list[dict[str, Any]],
) -> list[str]:
    """What does not add up, one sentence each."""
    breaks: list[str] = []
    seen = pl.concat([events.select(RECORD), quarantine.select(RECORD)])
    doubled = seen.height - seen.unique().height
    if doubled:
        breaks.append(f"{doubled} records are told more than once")
    lost = truth.join(seen, on=RECORD, how="anti").height
    if lost:
        breaks.append(f"{lost} records are neither event nor quarantined")
    invented = seen.unique().join(truth, on=RECORD, how="anti").height
    if invented:
        breaks.append(f"{invented} events or quarantined records are no records of their file")
    reports = {row["source_file_id"]: row for row in files.iter_rows(named=True)}
    for fact in facts:
        breaks += _breaks_of_file(fact, reports.get(fact["source_file_id"]))
    return breaks


def _breaks_of_file(fact: dict[str, Any], report: dict[str, Any] | None) -> Iterator[str]:
    """The same of one file: `fact` is what was written, `report` what its ingestion says of it."""
    name, written, lines = fact["name"], fact["records"], fact["lines"]
    if report is None:
        yield f"{name} is not among the lake's files"
        return
    records, furniture = report["records"], report["furniture"]
    events, quarantined = report["events"], report["quarantined"]
    if records != events + quarantined:
        yield f"{name}: {records} records are not {events} events and {quarantined} quarantined"
    if records != written:
        yield f"{name}: {records} records reported, {written} written"
    printed = fact["layout"].endswith("_pdf")
    if not printed and records + furniture != lines:
        yield (
            f"{name}: {records} records and {furniture} lines of furniture are not {lines} lines"
        )
