"""The assets datasets/<scenario>: generated carrier files with their truth.

What stands in the files is the generator's business.
"""

import hashlib

import dagster as dg

from pipeline_perf.contract.scenarios import Scenario
from pipeline_perf.defs.folders import Folders
from pipeline_perf.defs.metadata import counted, table
from pipeline_perf.synth.dataset import Dataset, generate

GROUP = "datasets"

#: More kinds than this Dagster refuses.
MOST_KINDS = 10


def key(scenario: str) -> dg.AssetKey:
    """The asset of a scenario's files."""
    return dg.AssetKey([GROUP, scenario])


def load(scenario: Scenario, folders: Folders) -> list[Dataset]:
    """The data sets of a scenario, generated where they are not there yet.

    Their paths are absolute: a workload on them may run in any folder.
    """
    return [generate(spec, folders.datasets.resolve()) for spec in scenario.data]


def asset_of(scenario: Scenario) -> dg.AssetsDefinition:
    """The asset that generates a scenario's files."""
    formats = {spec.format.removeprefix("bill_") for spec in scenario.data}

    @dg.asset(
        key=key(scenario.name),
        kinds={"file", *(formats if len(formats) < MOST_KINDS else ())},
        description=f"Generated files with their truth. {scenario.says}.",
    )
    def generated(folders: Folders) -> dg.MaterializeResult[None]:
        datasets = load(scenario, folders)
        keys = "".join(dataset.spec.key for dataset in datasets)
        files = [(dataset, path) for dataset in datasets for path in dataset.files]
        counts = ("records", "furniture", "lines", "quarantined")
        per_file = [
            {"file": f"{dataset.directory.name}/{path.name}", "layout": dataset.facts["layout"]}
            for dataset, path in files
        ]
        return dg.MaterializeResult(
            data_version=dg.DataVersion(hashlib.sha256(keys.encode()).hexdigest()[:16]),
            metadata={
                **counted([dataset.facts for dataset in datasets], *counts),
                "files": len(files),
                "bytes": sum(path.stat().st_size for _, path in files),
                "folder": dg.MetadataValue.path(str(datasets[0].directory.parent)),
                "per_file": table(per_file),
            },
        )

    return generated
