"""The assets datasets/<scenario>: generated carrier files with their truth.

What stands in the files is the generator's business.
"""

import hashlib

import dagster as dg

from pipeline_perf.contract.scenarios import Scenario
from pipeline_perf.defs.folders import Folders
from pipeline_perf.defs.metadata import table
from pipeline_perf.synth.dataset import Dataset, generate

GROUP = "datasets"

#: More kinds than this Dagster refuses.
MOST_KINDS = 10


def key(scenario: str) -> dg.AssetKey:
    return dg.AssetKey([GROUP, scenario])


def load(scenario: Scenario, folders: Folders) -> list[Dataset]:
    """The data sets of a scenario, generated where they are not there yet; a workload on them
    may run in any folder.
    """
    return [generate(spec, folders.datasets.resolve()) for spec in scenario.data]


def asset_of(scenario: Scenario) -> dg.AssetsDefinition:
    """The asset that generates a scenario's files."""
    formats = {spec.format.removeprefix("bill_") for spec in scenario.data}

    @dg.asset(
        key=key(scenario.name),
        group_name=GROUP,
        kinds={"file", *(formats if len(formats) < MOST_KINDS else ())},
        description=f"Generated files with their truth. {scenario.says}.",
    )
    def dataset(folders: Folders) -> dg.MaterializeResult[None]:
        found = load(scenario, folders)
        files = [path for one in found for path in one.files]
        sums = {
            name: sum(one.facts[name] for one in found)
            for name in ("records", "furniture", "lines", "quarantined")
        }
        return dg.MaterializeResult(
            data_version=dg.DataVersion(
                hashlib.sha256("".join(one.spec.key for one in found).encode()).hexdigest()[:16]
            ),
            metadata={
                **sums,
                "bytes": sum(path.stat().st_size for path in files),
                "folder": dg.MetadataValue.path(str(found[0].directory.parent)),
                "per_file": table(
                    [
                        {
                            "file": one.directory.name + "/" + path.name,
                            "layout": one.facts["layout"],
                        }
                        for one in found
                        for path in one.files
                    ]
                ),
            },
        )

    return dataset
