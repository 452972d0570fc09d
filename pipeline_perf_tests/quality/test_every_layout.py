"""Every built-in layout against generated files with their truth: what the generator wrote is
what the corridor reads.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline_perf.contract import scenarios
from pipeline_perf.ingest.layout.load import built_in
from pipeline_perf.ingest.pipeline import Options, ingest_file
from pipeline_perf.lake.delta import Lake
from pipeline_perf.quality.accuracy import score
from pipeline_perf.synth.dataset import LAYOUTS, DatasetSpec, generate


def test_the_generator_knows_every_layout_that_has_records() -> None:
    assert {layout.id for layout in LAYOUTS.values()} == {
        layout.id for layout in built_in().values() if not layout.no_records
    }


@pytest.mark.parametrize(
    ("carrier", "format"), sorted(pair for pair in LAYOUTS if pair[1] != "pdf")
)
def test_a_generated_file_is_read_without_a_flaw(carrier: str, format: str, tmp_path: Path) -> None:
    dataset = generate(
        DatasetSpec(carrier, format, 1_200, defect_rate=0.05, duplicate_rate=0.02), tmp_path
    )
    lake = Lake(tmp_path / "lake")
    options = Options(zone=dataset.facts["zone"], subscriber=dataset.facts["subscriber"])
    for path in dataset.files:
        report = ingest_file(path, lake, options)
        assert report.status == "ingested", report.reason
    accuracy = score(lake, dataset)
    assert accuracy.breaks == ()
    assert accuracy.classification == 1.0
    assert accuracy.false_alarms == 0.0
    assert set(accuracy.fields.values()) == {1.0}, accuracy.fields
    assert set(accuracy.by_kind.values()) == {1.0}, accuracy.by_kind
    assert accuracy.duplicates.f1 == 1.0


def test_the_nightly_scenario_has_every_format_but_print() -> None:
    (scenario,) = (one for one in scenarios.load() if one.name == "every_layout")
    assert {(spec.carrier, spec.format) for spec in scenario.data} == {
        pair for pair in LAYOUTS if pair[1] != "pdf"
    }
