"""The assets regression/<scenario>: the working tree's ingestion against that of a revision, in
turns, with verdict and cause.

Measuring, judging and naming the cause are the lab's business; here it is said what is compared,
and when.
"""

import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import dagster as dg
from pydantic import Field

from pipeline_perf.bench import sessions
from pipeline_perf.bench.explain.attribution import WITHIN_S
from pipeline_perf.bench.judge import enough
from pipeline_perf.bench.judge.regression import Explanation, Plan, Regression
from pipeline_perf.bench.judge.revision import RevisionError, Tree, base_of, trees
from pipeline_perf.bench.measure.results import Run
from pipeline_perf.bench.statistics.compare import TOLERANCE
from pipeline_perf.contract import scenarios as package
from pipeline_perf.contract.scenarios import Scenario
from pipeline_perf.contract.workloads import ingestion
from pipeline_perf.defs import metadata, recording
from pipeline_perf.defs.folders import Folders
from pipeline_perf.defs.ingestion import datasets
from pipeline_perf.privacy import masked
from pipeline_perf.spelling import meant

GROUP = "regression"

#: The step's name in a run configuration.
STEP = "comparison"

#: The metric that the contract's gate judges.
METRICS = frozenset({"regression.slowdowns"})

NOT_SLOWER = "the_code_is_not_slower"

#: Where the project lies whose revisions are compared: that of these very definitions, whatever the
#: current folder.
PROJECT = Path(package.__file__).parents[1]

#: The package whose files decide whether there is anything to compare.
PACKAGE = package.__name__.partition(".")[0]

#: What to do where there is no default branch.
REMEDY = "name a revision in the run's configuration, or in PIPELINE_PERF_AGAINST"


def key(scenario: str) -> dg.AssetKey:
    return dg.AssetKey([GROUP, scenario])


class Compared(dg.Config):
    """What is compared with what, and for how long."""

    revision: str = Field(
        "",
        description=(
            "A commit, branch or tag to compare the working tree with. Empty: the commit at which"
            " it left the default branch."
        ),
    )
    scenarios: list[str] = Field(
        [],
        description=(
            "Names of measured scenarios. Empty: those that the scenarios file marks `compared` (of"
            " the chosen assets)."
        ),
    )
    budget_s: float = Field(
        enough.COMPARE_BUDGET_S,
        gt=0,
        description=(
            "Longest measuring of one scenario, in seconds. In 300 s a slow-down of 5 % is found,"
            " in 120 s one of 10 %."
        ),
    )
    pairs: int | None = Field(
        None,
        ge=1,
        description=(
            "Exactly so many pairs; left out: as many as the spread of the first 16 demands."
        ),
    )
    tolerance: float = Field(
        TOLERANCE, gt=0, lt=1, description="Changes within this share are none."
    )
    attribute: bool = Field(
        True,
        description=(
            "Profile both sides of a change, name the function and the stage, and draw the"
            " difference."
        ),
    )


def configured(**fields: Any) -> dict[str, Any]:
    """The run configuration with these fields of `Compared`."""
    return {"ops": {STEP: {"config": fields}}}


def assets_of(measured: Sequence[Scenario], usual: str = "") -> dg.AssetsDefinition:
    """The assets of every scenario that is measured, as one step: both trees are checked out
    once for all of them.

    `usual` is the revision where a run names none.
    """
    by_key = {key(scenario.name): scenario for scenario in measured}

    @dg.multi_asset(
        name=STEP,
        specs=[
            dg.AssetSpec(
                asset,
                deps=[datasets.key(scenario.name)],
                kinds={"python", "git"},
                skippable=True,
                description=(
                    "The working tree against a revision, in pairs: ratio, verdict, cause of a"
                    f" change. {scenario.says}."
                ),
            )
            for asset, scenario in by_key.items()
        ],
        check_specs=[
            dg.AssetCheckSpec(
                NOT_SLOWER,
                asset=asset,
                description=(
                    "The working tree is not slower than the revision, and its deterministic"
                    " counters are not above it by 0.1 %. A warning: nothing could be told, and so"
                    " many more pairs would."
                ),
            )
            for asset in by_key
        ],
        can_subset=True,
    )
    def comparison(
        context: dg.AssetExecutionContext, config: Compared, folders: Folders
    ) -> Iterator[Any]:
        chosen = _chosen(
            [by_key[asset] for asset in by_key if asset in context.selected_asset_keys],
            config.scenarios,
        )
        plan = Plan(config.pairs, config.budget_s, config.tolerance)
        try:
            revision, why = base_of(config.revision or usual, PACKAGE, PROJECT, REMEDY)
            if why:
                context.log.info(f"not compared: {why}")
                yield from (not_compared(scenario, f"not compared: {why}") for scenario in chosen)
                return
            session = recording.session(context, folders)
            with trees(revision, PROJECT) as sides:
                for scenario in chosen:
                    compared = session.compare(
                        ingestion(scenario, datasets.load(scenario, folders)),
                        sides,
                        plan,
                        explain_s=min(WITHIN_S, config.budget_s) if config.attribute else 0,
                        judged_by_targets=True,
                    )
                    yield _result(scenario, compared, sides, session.run, plan.tolerance)
        except RevisionError as error:
            raise dg.Failure(str(error), allow_retries=False) from error

    return comparison


def _chosen(offered: Sequence[Scenario], names: Sequence[str]) -> list[Scenario]:
    """The scenarios by name, or those that are compared at every change.

    Raises Failure for a name that nothing has.
    """
    known = {scenario.name: scenario for scenario in offered}
    if unknown := sorted(set(names) - known.keys()):
        raise dg.Failure(
            f"{', '.join(name + meant(name, known) for name in unknown)}: no such scenario is"
            f" measured; there are {', '.join(known)}",
            allow_retries=False,
        )
    return [known[name] for name in names] or [
        scenario for scenario in offered if scenario.measure and scenario.measure.compared
    ]


def not_compared(scenario: Scenario, why: str) -> dg.MaterializeResult:
    # Dagster knows the bare class only
    """The asset where nothing was measured: no figure, and so nothing for the contract's gate to
    judge.
    """
    check = dg.AssetCheckResult(
        asset_key=key(scenario.name),
        check_name=NOT_SLOWER,
        passed=True,
        description=why,
        metadata={"pairs": 0},
    )
    return dg.MaterializeResult(
        asset_key=key(scenario.name), metadata={"verdict": why, "pairs": 0}, check_results=[check]
    )


def _result(
    scenario: Scenario,
    compared: sessions.Compared,
    sides: tuple[Tree, Tree],
    run: Run,
    tolerance: float,
) -> dg.MaterializeResult:
    subject, base = sides
    named = "" if base.commit.startswith(base.label) else f"{base.label}, "
    sides_told = {
        "subject": f"{subject.label} (on {subject.commit[:12]})",
        "against": f"{named}{base.commit[:12]}",
    }
    return dg.MaterializeResult(
        asset_key=key(scenario.name),
        metadata={
            **shown(compared.regression, tolerance),
            **cause(compared.explanation, compared.page),
            **sides_told,
            **recording.named(run),
        },
        check_results=[check(scenario, compared.regression, compared.explanation)],
    )


# What is said ---------------------------------------------------------------------------


def sentence(regression: Regression) -> str:
    """The verdict with its figures; why a side failed may tell a number of its input."""
    return masked(regression.sentence)


def check(
    scenario: Scenario, regression: Regression, explanation: Explanation | None
) -> dg.AssetCheckResult:
    """Slower or failed is an error, unresolved a warning with the number of pairs that it would
    take.
    """
    open_ = regression.verdict == "unresolved"
    named = explanation.attribution.why if explanation and regression.verdict == "slower" else ""
    more = regression.judged.more_pairs if regression.judged else 0
    return dg.AssetCheckResult(
        asset_key=key(scenario.name),
        check_name=NOT_SLOWER,
        passed=regression.verdict in ("faster", "unchanged"),
        severity=dg.AssetCheckSeverity.WARN if open_ else dg.AssetCheckSeverity.ERROR,
        description="; ".join(filter(None, (sentence(regression), named))),
        metadata={
            **_ratio(regression),
            "verdict": regression.verdict,
            **({"more_pairs": more} if open_ else {}),
        },
    )


def _ratio(regression: Regression) -> dict[str, Any]:
    judged = regression.judged
    if judged is None:
        return {}
    figures = {
        "ratio": judged.ratio,
        "ratio_low": judged.low,
        "ratio_high": judged.high,
        "smallest_effect_share": judged.smallest_effect,
    }
    return {
        **{
            name: metadata.legible(value) for name, value in figures.items() if math.isfinite(value)
        },
        "pairs": judged.pairs,
    }


def shown(regression: Regression, tolerance: float) -> dict[str, Any]:
    """The judged ratio as numbers that plot, and every metric and counter as a row."""
    rows = [
        {
            "metric": name,
            "judged": name == regression.metric,
            "change": f"{comparison.ratio - 1:+.2%}",
            "interval_99": f"{comparison.low - 1:+.2%} to {comparison.high - 1:+.2%}",
            "could_have_seen": f"{comparison.smallest_effect:.2%}",
            "verdict": comparison.verdict,
        }
        for name, comparison in regression.comparisons.items()
    ]
    for counter in regression.counters:
        change = f"{counter.a / counter.b - 1:+.3%}" if counter.b else "new"
        exact = {
            "interval_99": "exact",
            "could_have_seen": "0.1%",
            "verdict": "changed" if counter.changed else "unchanged",
        }
        rows.append({"metric": counter.name, "judged": True, "change": change, **exact})
    return {
        "verdict": sentence(regression),
        **_ratio(regression),
        "judged": regression.metric,
        "tolerance_share": tolerance,
        "comparisons": metadata.table(rows),
    }


def cause(explanation: Explanation | None, page: Path | None) -> dict[str, Any]:
    """Where a change comes from: the function and the stage named first, and the flame graph of
    the difference.
    """
    if explanation is None:
        return {}
    if explanation.memory:
        function, why = (
            str(explanation.memory[0].frame),
            f"{explanation.memory[0].growth:+d} B held at the peak",
        )
    else:
        function, why = (
            (str(explanation.attribution.named[0].frame) if explanation.attribution.named else ""),
            explanation.attribution.why,
        )
    facts: dict[str, Any] = {
        "function": function or "none stands out",
        "stage": explanation.stage or "none",
        "cause": why,
    }
    if page:
        facts |= {
            "flame_graph": dg.MetadataValue.path(str(page)),
            "flame_graph_page": dg.MetadataValue.url(page.as_uri()),
        }
    return facts
