"""The assets classification/<scenario> and duplicates/<scenario>: what was read, and the truth.

Both are judged in one pass. What counts as right is the quality package's business.
"""

from collections.abc import Collection, Iterator, Sequence
from typing import Any

import dagster as dg

from pipeline_perf.bench.measure.measurement import Measurement
from pipeline_perf.contract.scenarios import Scenario
from pipeline_perf.defs import metadata, recording
from pipeline_perf.defs.folders import Folders
from pipeline_perf.defs.ingestion import datasets, parsed
from pipeline_perf.lake.delta import Lake
from pipeline_perf.privacy import masked
from pipeline_perf.quality.accuracy import Accuracy, score

CLASSIFICATION, DUPLICATES = "classification", "duplicates"

PER_MILLION = "per million"

#: Metric of the contract → where the score holds it. Which asset shows it is told by the name.
_CLASSIFICATION = {
    "accuracy.classification": "classification",
    "accuracy.validation_coverage": "validation_coverage",
    "accuracy.validation_coverage.false_alarms": "false_alarms",
    "accuracy.correction": "correction",
    "accuracy.fields": "field_accuracy",
}
_DUPLICATES = {
    "accuracy.duplicates": "f1",
    "accuracy.duplicates.precision": "precision",
    "accuracy.duplicates.recall": "recall",
    "accuracy.duplicates.lost": "lost_per_million",
    "accuracy.duplicates.doubled": "doubled_per_million",
}

CLASSIFICATION_METRICS = frozenset(_CLASSIFICATION)
DUPLICATES_METRICS = frozenset(_DUPLICATES)
METRICS = CLASSIFICATION_METRICS | DUPLICATES_METRICS


def classification_key(scenario: str) -> dg.AssetKey:
    """The asset that tells how right a scenario's files were read."""
    return dg.AssetKey([CLASSIFICATION, scenario])


def duplicates_key(scenario: str) -> dg.AssetKey:
    """The asset that tells how right a scenario's duplicates were marked."""
    return dg.AssetKey([DUPLICATES, scenario])


def asset_of(scenario: Scenario) -> dg.AssetsDefinition:
    """The two assets that score what was read of a scenario's files."""
    classification, duplicates = classification_key(scenario.name), duplicates_key(scenario.name)
    deps = [parsed.key(scenario.name), datasets.key(scenario.name)]

    @dg.multi_asset(
        name=f"accuracy_{scenario.name}",
        specs=[
            dg.AssetSpec(
                classification,
                deps=deps,
                kinds={"polars"},
                description=(
                    "Files recognised, fields right, defects caught and corrected, against the"
                    f" truth. {scenario.says}."
                ),
            ),
            dg.AssetSpec(
                duplicates,
                deps=deps,
                kinds={"polars"},
                description=(
                    "Duplicates found, calls lost and calls still told twice, against the truth."
                    f" {scenario.says}."
                ),
            ),
        ],
    )
    def accuracy(
        context: dg.AssetExecutionContext, folders: Folders
    ) -> Iterator[dg.MaterializeResult[None]]:
        lake = Lake(folders.lake_of(scenario.name))
        scores = [score(lake, dataset) for dataset in datasets.load(scenario, folders)]
        figures = measured(scenario.name, scores)
        run = recording.record(context, folders.results, figures)
        yield dg.MaterializeResult(
            asset_key=classification, metadata={**_classified(figures, scores), **run}
        )
        yield dg.MaterializeResult(
            asset_key=duplicates, metadata={**_compared(figures, scores), **run}
        )

    return accuracy


def measured(scenario: str, scores: Sequence[Accuracy]) -> list[Measurement]:
    """The scores as figures of the contract, of each data set as of a repetition.

    What had nothing to measure is left out.
    """
    figures = []
    for number, scored in enumerate(scores):
        for source, metrics in ((scored, _CLASSIFICATION), (scored.duplicates, _DUPLICATES)):
            for metric, field in metrics.items():
                value = getattr(source, field)
                if value is not None:
                    unit = PER_MILLION if field.endswith("per_million") else ""
                    figures.append(
                        Measurement(metric, scenario, float(value), unit, repetition=number)
                    )
    return figures


def _classified(figures: Sequence[Measurement], scores: Sequence[Accuracy]) -> dict[str, Any]:
    worst: dict[str, float] = {}
    kinds: dict[str, float] = {}
    for scored in scores:
        for name, value in scored.fields.items():
            worst[name] = min(worst.get(name, 1.0), value)
        for name, value in scored.by_kind.items():
            kinds[name] = min(kinds.get(name, 1.0), value)
    return {
        **_of_these(figures, _CLASSIFICATION),
        "records": sum(scored.records for scored in scores),
        "fields": metadata.table(
            [
                {"field": name, "right_share": round(value, 6)}
                for name, value in sorted(worst.items(), key=lambda item: item[1])
            ]
        ),
        "defects": metadata.table(
            [
                {"defect": name, "caught_share": round(value, 4)}
                for name, value in sorted(kinds.items(), key=lambda item: item[1])
            ]
        ),
        "lost": metadata.table(
            [{"what": masked(sentence)} for one in scores for sentence in one.breaks]
        ),
    }


def _compared(figures: Sequence[Measurement], scores: Sequence[Accuracy]) -> dict[str, Any]:
    return {
        **_of_these(figures, _DUPLICATES),
        "pairs": sum(scored.duplicates.pairs for scored in scores),
        "marked_records": sum(scored.duplicates.marked for scored in scores),
    }


def _of_these(figures: Sequence[Measurement], metrics: Collection[str]) -> dict[str, float]:
    """Those of the figures that are of these metrics, as they are shown."""
    return metadata.figures(figure for figure in figures if figure.metric in metrics)
