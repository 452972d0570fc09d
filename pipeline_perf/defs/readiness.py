"""The asset report/readiness: the verdict on every target, as HTML, JSON and Markdown.

What a report says and how it looks is the report package's business.
"""

from collections.abc import Sequence
from pathlib import Path

import dagster as dg

from pipeline_perf.bench.judge.targets import Target
from pipeline_perf.defs import recording
from pipeline_perf.defs.checks import counted
from pipeline_perf.defs.folders import Folders
from pipeline_perf.report.content import assemble
from pipeline_perf.report.document import write
from pipeline_perf.report.figures import TITLES
from pipeline_perf.report.markdown import markdown

GROUP = "report"

KEY = dg.AssetKey([GROUP, "readiness"])


def asset_of(
    deps: Sequence[dg.AssetKey], contract: Sequence[Target], scenarios_file: Path
) -> dg.AssetsDefinition:
    """The asset that reports on a run, or on the newest one when it is materialised alone.

    `deps` are the assets whose figures it reports, `contract` the targets that judge them.
    """

    @dg.asset(key=KEY, deps=list(deps), kinds={"html", "markdown"})
    def readiness(
        context: dg.AssetExecutionContext, folders: Folders
    ) -> dg.MaterializeResult[None]:
        """The verdict on every target: met, missed, open, recorded, or not measured."""
        store = folders.results
        this_run = recording.lab_run(context).id
        run = this_run if this_run in store.run_ids() else None
        report = assemble(store, contract, run, scenarios_file=scenarios_file)
        written = write(report, folders.reports)
        return dg.MaterializeResult(
            metadata={
                "verdict": TITLES[report.readiness.state],
                "reason": report.readiness.headline,
                **{
                    counted(status): int(count) for status, count in report.readiness.counts.items()
                },
                recording.RUN: report.run.id,
                "report": dg.MetadataValue.md(_unfolded(markdown(report))),
                "html": dg.MetadataValue.path(str(written.html.resolve())),
                "json": dg.MetadataValue.path(str(written.json.resolve())),
            }
        )

    return readiness


def _unfolded(text: str) -> str:
    """The Markdown without foldings: Dagster's page shows what is in them, but not their titles."""
    bold = text.replace("<details><summary>", "**").replace("</summary>", "**")
    return bold.replace("</details>", "")
