"""What paired comparisons found, read back from the results: verdicts, counters, gain, and where.

Measuring and judging are the lab's business, how it looks is the renderers'. The flame graph that
was drawn when something had changed lies among the pages, one file for each workload of a run.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pipeline_perf.bench.explain.bottleneck import (
    NEEDED,
    Limits,
    Machine,
    OptimisationReport,
    optimisation,
)
from pipeline_perf.bench.explain.flamegraph import Facts, facts, page_of
from pipeline_perf.bench.judge.counters import Counter, counters
from pipeline_perf.bench.judge.regression import METRICS
from pipeline_perf.bench.measure.environment import Environment
from pipeline_perf.bench.measure.results import ResultStore, Run
from pipeline_perf.bench.statistics.compare import TOLERANCE, Comparison, compare
from pipeline_perf.privacy import masked

if TYPE_CHECKING:
    import polars as pl

#: The family of the metrics under which a comparison's own figures are stored.
FAMILY = "regression"

Verdict = Literal["slower", "faster", "unchanged", "unresolved", "failed"]

#: The loudest first.
VERDICTS: tuple[Verdict, ...] = ("failed", "slower", "unresolved", "faster", "unchanged")


@dataclass(frozen=True)
class Compared:
    """One workload on two trees: the subject, measured in `run`, and the revision `against`.

    `metric` is the one that was judged, `comparisons` hold it and those beside it. `outcome` has
    every figure of both sides, None where a side failed. `facts` is what profiling both sides said,
    and `page` the name of the flame graph's file with its HTML in `graph`; None and '' where
    nothing was profiled.
    """

    run: Run
    workload: str
    against: str
    verdict: Verdict
    metric: str
    comparisons: Mapping[str, Comparison]
    counters: tuple[Counter, ...]
    outcome: OptimisationReport | None
    failures: tuple[str, ...] = ()
    facts: Facts | None = None
    page: str = ""
    graph: str = field(default="", repr=False)

    @property
    def judged(self) -> Comparison | None:
        """The comparison of the judged metric, None where a side failed."""
        return self.comparisons.get(self.metric)

    @property
    def moved(self) -> list[Counter]:
        """The deterministic counters that changed."""
        return [counter for counter in self.counters if counter.changed]


@dataclass(frozen=True)
class _Sides:
    """The figures of both sides by pair; pairs in which a side failed are left out."""

    a: Mapping[str, Sequence[float]]
    b: Mapping[str, Sequence[float]]

    def values(self, metric: str) -> tuple[list[float], list[float]]:
        return list(self.a.get(metric, ())), list(self.b.get(metric, ()))


def of_run(store: ResultStore, run: str, pages: Path) -> list[Compared]:
    """The comparisons of the run with the id `run`, the loudest verdict first.

    `store` holds comparisons, `pages` is the folder of their flame graphs. Raises ResultsError
    where there is no such run.
    """
    rows = store.rows(run)
    stored_run = store.run(run)
    ratios = rows.filter(rows["workload"].str.starts_with(f"{FAMILY}."))
    workloads = dict.fromkeys(name.partition(".")[2] for name in ratios["workload"])
    return _loudest_first(
        compared
        for workload in workloads
        for compared in _compared(stored_run, workload, rows, ratios, pages)
    )


def of_tree(store: ResultStore, run: Run, pages: Path) -> list[Compared]:
    """Every comparison of the tree that `run` was measured on, the newest of each workload.

    Of a tree that no commit holds, only what was compared in the run itself: another may have been
    another tree. `store` and `pages` as for `of_run`, and so the order and the errors.
    """
    newest: dict[tuple[str, str], Compared] = {}
    for other in store.run_ids():
        if other == run.id or _same_tree(store.run(other).environment, run.environment):
            newest |= {
                (compared.workload, compared.against): compared
                for compared in of_run(store, other, pages)
            }
    return _loudest_first(newest.values())


def _same_tree(other: Environment, environment: Environment) -> bool:
    """Whether both are the same commit on the same machine, without local changes."""
    return (
        environment.revision != ""
        and (other.machine, other.revision) == (environment.machine, environment.revision)
        and not (other.dirty or environment.dirty)
    )


def _loudest_first(comparisons: Iterable[Compared]) -> list[Compared]:
    return sorted(comparisons, key=lambda compared: VERDICTS.index(compared.verdict))


def _compared(
    run: Run, workload: str, rows: pl.DataFrame, ratios: pl.DataFrame, pages: Path
) -> Iterator[Compared]:
    import polars as pl

    repetitions = rows.filter((pl.col("workload") == workload) & (pl.col("side") != ""))
    if repetitions["side"].n_unique() < 2:
        return
    figures = ratios.filter(pl.col("workload") == f"{FAMILY}.{workload}")
    # The judged metric was stored before those beside it.
    metric = next(
        (name.removesuffix("_ratio") for name in figures["metric"] if name.endswith("_ratio")), ""
    )
    slowdowns = figures.filter(pl.col("metric") == "slowdowns")["value"].to_list()
    slower = bool(slowdowns and slowdowns[0])
    failures = tuple(_failures(repetitions))
    sides = _sides(repetitions)
    names = (metric, *METRICS) if metric else ()
    tolerance = next(iter(figures.filter(pl.col("metric") == "tolerance")["value"]), TOLERANCE)
    comparisons = {
        name: compare(*sides.values(name), tolerance)
        for name in dict.fromkeys(names)
        if sides.values(name)[0]
    }
    outcome, graph, path = None, "", page_of(pages, run.id, workload)
    if comparisons and sides.a.keys() >= NEEDED and sides.b.keys() >= NEEDED:
        units = dict(zip(repetitions["metric"], repetitions["unit"], strict=True))
        environment = run.environment
        machine = Machine(environment.cores, environment.memory_bytes, environment.load_1m)
        graph = path.read_text(encoding="utf-8") if path.is_file() else ""
        outcome = optimisation(workload, sides.a, sides.b, units, machine, Limits())
        outcome = _expected(outcome, facts(graph))
    failed = bool(failures) or not comparisons
    yield Compared(
        run,
        workload,
        against=json.loads(repetitions["params"][0]).get("against", ""),
        verdict=_verdict(comparisons.get(metric), failed, slower),
        metric=metric,
        comparisons=comparisons,
        counters=tuple(counters(sides)) if comparisons else (),
        outcome=outcome,
        failures=failures,
        facts=facts(graph),
        page=path.name if graph else "",
        graph=graph,
    )


def _failures(repetitions: pl.DataFrame) -> Iterator[str]:
    """Why repetitions failed, one sentence each."""
    metric, value = repetitions["metric"], repetitions["value"]
    for row in repetitions.filter((metric == "failed") & (value > 0)).iter_rows(named=True):
        side = "subject" if row["side"] == "a" else "base"
        yield f"{side}, repetition {row['repetition'] + 1}: {masked(row['reason'])}"


def _expected(outcome: OptimisationReport, profiled: Facts | None) -> OptimisationReport:
    """With the advice that was followed: that on the stage whose function saved most."""
    named = profiled.named if profiled else ()
    saved = named[0] if named and named[0].growth < 0 else None
    followed = (
        advice
        for advice in outcome.before.recommendations
        if saved and advice.subject == f"stage {saved.stage}"
    )
    return replace(outcome, expected=next(followed, None))


def _sides(rows: pl.DataFrame) -> _Sides:
    """The figures that both sides have, by the pairs that have them; one that failed has none."""
    values: dict[str, dict[str, dict[int, float]]] = {"a": {}, "b": {}}
    for row in rows.filter(rows["metric"] != "failed").iter_rows(named=True):
        values[row["side"]].setdefault(row["metric"], {})[row["repetition"]] = row["value"]
    a, b = values["a"], values["b"]
    shared = {name: sorted(a[name].keys() & b[name].keys()) for name in a if name in b}
    kept = {name: turns for name, turns in shared.items() if turns}

    def by_turn(side: Mapping[str, Mapping[int, float]]) -> dict[str, list[float]]:
        return {name: [side[name][turn] for turn in turns] for name, turns in kept.items()}

    return _Sides(by_turn(a), by_turn(b))


def _verdict(judged: Comparison | None, failed: bool, slower: bool) -> Verdict:
    if failed or judged is None:
        return "failed"
    if slower:
        return "slower"
    if judged.verdict == "changed":
        return "slower" if judged.direction == "more" else "faster"
    return judged.verdict
