"""What paired comparisons found, read back from the results: verdicts, counters, what was gained
or lost, and where.

Measuring and judging are the lab's business, how it looks is the renderers'. The flame graph that
was drawn when something had changed lies among the pages, one file for each workload of a run.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
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
from pipeline_perf.bench.measure.results import ResultStore, Run
from pipeline_perf.bench.statistics.compare import TOLERANCE, Comparison, compare

if TYPE_CHECKING:
    import polars as pl

FAMILY = "regression"

Verdict = Literal["slower", "faster", "unchanged", "unresolved", "failed"]

#: The loudest first.
VERDICTS: tuple[Verdict, ...] = ("failed", "slower", "unresolved", "faster", "unchanged")


@dataclass(frozen=True)
class Compared:
    """One workload on two trees: the subject, which `run` was measured on, and the revision
    `against`.

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
    """The comparisons of a run, the loudest verdict first.

    Raises ResultsError where there is no such run.
    """
    rows = store.rows(run)
    found = store.run(run)
    ratios = rows.filter(rows["workload"].str.starts_with(f"{FAMILY}."))
    names = list(dict.fromkeys(name.partition(".")[2] for name in ratios["workload"]))
    compared = [one for name in names for one in _compared(found, name, rows, ratios, pages)]
    return sorted(compared, key=lambda one: VERDICTS.index(one.verdict))


def of_tree(store: ResultStore, run: Run, pages: Path) -> list[Compared]:
    """What was compared in a run, and every comparison of the tree that it was measured on, the
    newest of each workload.

    Of a tree that no commit holds, only what was compared in the run itself: another may have been
    another tree.
    """
    newest: dict[tuple[str, str], Compared] = {}
    for other in store.run_ids():
        measured, environment = store.run(other).environment, run.environment
        same = (measured.machine, measured.revision) == (
            environment.machine,
            environment.revision,
        ) and environment.revision
        if other == run.id or (same and not measured.dirty and not environment.dirty):
            newest |= {(one.workload, one.against): one for one in of_run(store, other, pages)}
    return sorted(newest.values(), key=lambda one: VERDICTS.index(one.verdict))


def _compared(
    run: Run, workload: str, rows: pl.DataFrame, ratios: pl.DataFrame, pages: Path
) -> Iterator[Compared]:
    import polars as pl

    mine = rows.filter((pl.col("workload") == workload) & (pl.col("side") != ""))
    if mine["side"].n_unique() < 2:
        return
    figures = ratios.filter(pl.col("workload") == f"{FAMILY}.{workload}")
    # The judged metric was stored before those beside it.
    metric = next(
        (name.removesuffix("_ratio") for name in figures["metric"] if name.endswith("_ratio")), ""
    )
    slowdowns = figures.filter(pl.col("metric") == "slowdowns")["value"].to_list()
    failures = tuple(
        f"{'subject' if row['side'] == 'a' else 'base'}, repetition {row['repetition'] + 1}:"
        f" {row['reason']}"
        for row in mine.filter((pl.col("metric") == "failed") & (pl.col("value") > 0)).iter_rows(
            named=True
        )
    )
    sides = _sides(mine)
    names = (metric, *METRICS) if metric else ()
    tolerance = next(iter(figures.filter(pl.col("metric") == "tolerance")["value"]), TOLERANCE)
    found = {
        name: compare(*sides.values(name), tolerance)
        for name in dict.fromkeys(names)
        if sides.values(name)[0]
    }
    exact = tuple(counters(sides)) if found else ()
    environment = run.environment
    outcome, graph, path = None, "", page_of(pages, run.id, workload)
    if found and sides.a.keys() >= NEEDED and sides.b.keys() >= NEEDED:
        units = dict(zip(mine["metric"], mine["unit"], strict=True))
        machine = Machine(environment.cores, environment.memory_bytes, environment.load_1m)
        graph = path.read_text(encoding="utf-8") if path.is_file() else ""
        outcome = _expected(
            optimisation(workload, sides.a, sides.b, units, machine, Limits()), facts(graph)
        )
    yield Compared(
        run,
        workload,
        json.loads(mine["params"][0]).get("against", ""),
        _verdict(found.get(metric), bool(failures) or not found, bool(slowdowns and slowdowns[0])),
        metric,
        found,
        exact,
        outcome,
        failures,
        facts(graph),
        path.name if graph else "",
        graph,
    )


def _expected(outcome: OptimisationReport, said: Facts | None) -> OptimisationReport:
    """With the recommendation of the diagnosis before that was followed: that on the stage whose
    function saved most.
    """
    saved = said.named[0] if said and said.named and said.named[0].growth < 0 else None
    advice = (
        one
        for one in outcome.before.recommendations
        if saved and one.subject == f"stage {saved.stage}"
    )
    return replace(outcome, expected=next(advice, None))


def _sides(rows: pl.DataFrame) -> _Sides:
    """The figures that both sides have, by the pairs that have them; one that failed has none."""
    values: dict[str, dict[str, dict[int, float]]] = {"a": {}, "b": {}}
    for row in rows.filter(rows["metric"] != "failed").iter_rows(named=True):
        values[row["side"]].setdefault(row["metric"], {})[row["repetition"]] = row["value"]
    a, b = values["a"], values["b"]
    shared = {name: sorted(a[name].keys() & b[name].keys()) for name in a if name in b}
    kept = {name: turns for name, turns in shared.items() if turns}
    return _Sides(
        *(
            {name: [side[name][turn] for turn in turns] for name, turns in kept.items()}
            for side in (a, b)
        )
    )


def _verdict(judged: Comparison | None, failed: bool, slower: bool) -> Verdict:
    if failed or judged is None:
        return "failed"
    if slower:
        return "slower"
    if judged.verdict == "changed":
        return "slower" if judged.direction == "more" else "faster"
    return judged.verdict
