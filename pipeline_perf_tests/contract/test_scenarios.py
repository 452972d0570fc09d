from pathlib import Path

import pytest

from pipeline_perf.bench.judge import targets
from pipeline_perf.contract import TARGETS
from pipeline_perf.contract.scenarios import COPIES, Measure, ScenarioError, load

GOOD = """ci:
  small:
    says: a small file
    data: [{carrier: att, format: csv, rows: 1_000, defect_rate: 0.05}]
    measure: {repetitions: 3, reference: copy, followed: true}
weekly:
  large:
    says: a large file
    data:
      - {carrier: sprint, format: fixed, rows: 5_000}
      - {carrier: sprint, format: fixed, rows: 5_000, seed: 2}
    family: scenario
    score: false
    measure: {repetitions: 1, warmup: 0, reference: small}
"""


def of(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "scenarios.yaml"
    path.write_text(text)
    return path


def test_scenarios_are_read_in_their_order(tmp_path: Path) -> None:
    small, large = load(of(tmp_path, GOOD))
    assert (small.name, small.tier, small.workload, small.records, small.score) == (
        "small",
        "ci",
        "ingest.small",
        1_000,
        True,
    )
    assert (small.data[0].carrier, small.data[0].defect_rate) == ("att", 0.05)
    assert small.measure == Measure(3, 1, "copy", compared=False, followed=True)
    assert (large.tier, large.workload, large.records, large.score) == (
        "weekly",
        "scenario.large",
        10_000,
        False,
    )
    assert [spec.seed for spec in large.data] == [1, 2]


@pytest.mark.parametrize(
    ("reference", "ratio"),
    [
        ("", ""),
        ("copy", "ratio_to_copy"),
        ("lines", "ratio_to_copy"),
        ("csv_1m", "ratio_to_1m"),
        ("small", "ratio_to_small"),
    ],
)
def test_the_ratio_is_named_after_the_reference(reference: str, ratio: str) -> None:
    assert Measure(1, reference=reference).ratio == ratio


@pytest.mark.parametrize(
    ("old", "new", "line", "told"),
    [
        ("ci:", "hourly:", 1, "tier is 'hourly'; choose one of ci, nightly, weekly"),
        ("  large:", "  large-one:", 7, "is no name"),
        ("  large:", "  small:", 7, "'small' is given twice, first on line 2"),
        ("    says: a small file\n", "", 3, "the scenario lacks says; add `says:`"),
        ("says: a small file", "sais: x", 3, "unknown key 'sais'; write 'says'"),
        ("rows: 1_000", "rows: many", 4, "rows is 'many'; write a whole number"),
        ("rows: 1_000", "rows: 0", 4, "rows must be at least 1"),
        ("followed: true", "followed: often", 5, "followed is 'often'; write true or false"),
        ("defect_rate: 0.05", "defect_rate: high", 4, "defect_rate is 'high'; write a number"),
        ("carrier: att", "carrier: acme", 4, "nothing generates acme csv"),
        ("carrier: att, ", "", 4, "the dataset spec lacks carrier; add `carrier:`"),
        (
            "[{carrier: att, format: csv, rows: 1_000, defect_rate: 0.05}]",
            "att",
            4,
            "data is 'att'; write a mapping with keys such as carrier, format, rows",
        ),
        (
            "[{carrier: att, format: csv, rows: 1_000, defect_rate: 0.05}]",
            "[]",
            4,
            "there is no data set; write a list such as",
        ),
        (", seed: 2", ", second: first", 11, "second is 'first'; choose one of none, overlap"),
        (", seed: 2", "", 11, "the same data set stands here twice"),
        ("repetitions: 3", "repetitions: 0", 5, "repetitions must be at least 1"),
        (
            "family: scenario",
            "family: other",
            12,
            "family is 'other'; choose one of ingest, scenario",
        ),
        ("score: false", "score: maybe", 13, "write true or false"),
        ("reference: small", "reference: smaller", 14, "there is no reference 'smaller'"),
        ("reference: small", "reference: smal", 14, "'smal' (did you mean small?); use"),
        ("reference: small", "reference: large", 14, "there is no reference 'large'"),
        ("reference: small", "reference: lines", 14, "a copy is made of one file"),
        ("ci:", "ci: [", 3, "not readable as YAML"),
        ("says: a small file", "says: [a]", 3, "write a single value"),
    ],
)
def test_an_error_names_file_line_and_remedy(
    tmp_path: Path, old: str, new: str, line: int, told: str
) -> None:
    assert old in GOOD
    path = of(tmp_path, GOOD.replace(old, new, 1))
    with pytest.raises(ScenarioError) as caught:
        load(path)
    assert told in str(caught.value)
    assert str(caught.value).startswith(f"{path}, line {line}: "), str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match=r"none\.yaml: cannot be read"):
        load(tmp_path / "none.yaml")


def test_an_empty_file_is_told_what_belongs_there(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match="write tiers"):
        load(of(tmp_path, ""))


def test_the_shipped_scenarios_carry_what_the_targets_ask_of_ingestion() -> None:
    shipped = {one.name: one for one in load()}
    for target in targets.load(TARGETS):
        family, _, metric = target.metric.partition(".")
        measured = [shipped[scope] for scope in target.scope if scope in shipped]
        assert all(
            one.measure and one.family == family
            for one in measured
            if family in ("ingest", "scenario")
        ), target.id
        if metric.startswith("ratio_to_"):
            assert all(one.measure and one.measure.ratio == metric for one in measured), target.id


def test_the_shipped_production_scenarios_have_the_sizes_of_the_contract() -> None:
    sizes = {one.name: one.records for one in load() if one.family == "scenario"}
    assert sizes == {
        "att_monthly_bill": 2_500,
        "verizon_usage_export": 50_000,
        "tmobile_detailed_billing": 75_000,
        "sprint_legacy": 50_000,
        "mixed_format_batch": 100_000,
    }


def test_references_of_shipped_scenarios_are_copies_or_scenarios_of_the_same_kind() -> None:
    shipped = {one.name: one for one in load()}
    for one in shipped.values():
        if one.measure and one.measure.reference not in ("", *COPIES):
            assert shipped[one.measure.reference].data[0].format == one.data[0].format
