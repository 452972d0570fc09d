"""`pipeline-perf bench …`: the lab from the command line. Arguments in, text out; what is measured and judged, the lab says.

The lab's modules are imported where they are used: none of them is needed for the others' start.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from rich.table import Table

    from pipeline_perf.bench.baseline import Baselines
    from pipeline_perf.bench.enough import Enough
    from pipeline_perf.bench.levels import Levels
    from pipeline_perf.bench.measure import Pairs, Sample
    from pipeline_perf.bench.measurement import Measurement
    from pipeline_perf.bench.registry import Offer, Registry
    from pipeline_perf.bench.regression import Explanation, Plan, Regression
    from pipeline_perf.bench.results import ResultStore, Run
    from pipeline_perf.bench.revision import Tree
    from pipeline_perf.bench.series import Series
    from pipeline_perf.bench.workload import Workload

#: Exit codes; 2, for usage, is click's own.
FAILED, UNRESOLVED = 1, 3


@dataclass(frozen=True)
class Lab:
    """Where everything lies."""

    data: Path
    scenarios: Path | None

    @property
    def machine(self) -> str:
        """The fingerprint that histories are kept apart by."""
        from pipeline_perf.bench.environment import record

        return record().machine

    @property
    def levels(self) -> Levels:
        """What has been acknowledged on this machine."""
        from pipeline_perf.bench.levels import Levels

        return Levels(self.store.root, self.machine)

    @property
    def baselines(self) -> Baselines:
        from pipeline_perf.bench.baseline import Baselines

        return Baselines(self.store)

    @property
    def store(self) -> ResultStore:
        from pipeline_perf.bench.results import ResultStore

        return ResultStore(self.data / "results")

    @property
    def lock(self) -> Path:
        """The lock that ingestions in earnest and the jobs' measurements take, too."""
        return self.data / "results" / "machine.lock"

    def registry(self) -> Registry:
        """Every workload on offer; what is wrong with a plug-in is said at once."""
        from pipeline_perf import scenarios, workloads
        from pipeline_perf.bench.registry import collect

        found = collect(workloads.offers(scenarios.load(self.scenarios or scenarios.DEFAULT_PATH), self.data / "datasets"))
        for problem in found.problems:
            click.echo(f"Warning: {problem}", err=True)
        return found

    def run(self) -> Run:
        """A new run, now and here."""
        from pipeline_perf.bench.environment import record
        from pipeline_perf.bench.results import new_run
        from pipeline_perf.workloads import PACKAGES

        found = new_run(record(PACKAGES, Path.cwd()))
        if found.environment.busy:
            click.echo(f"Warning: the machine is busy (load {found.environment.load_1m:.1f}): times will be too long", err=True)
        return found


class _Commands(click.Group):
    """Commands whose known errors end in one line."""

    def invoke(self, context: click.Context) -> Any:
        from pipeline_perf.bench.baseline import BaselineError
        from pipeline_perf.bench.levels import LevelError
        from pipeline_perf.bench.lock import MeasurementBusy
        from pipeline_perf.bench.processes import ProcError
        from pipeline_perf.bench.profile import ProfileError
        from pipeline_perf.bench.results import ResultsError
        from pipeline_perf.bench.revision import RevisionError
        from pipeline_perf.bench.workload import WorkloadError
        from pipeline_perf.scenarios import ScenarioError

        known = (
            BaselineError,
            LevelError,
            MeasurementBusy,
            ProcError,
            ProfileError,
            ResultsError,
            RevisionError,
            ScenarioError,
            WorkloadError,
        )
        try:
            return super().invoke(context)
        except known as error:
            raise click.ClickException(str(error)) from error


@click.group(cls=_Commands)
@click.option(
    "--data",
    type=click.Path(path_type=Path, file_okay=False),
    default="data",
    show_default=True,
    envvar="PIPELINE_PERF_DATA",
    help="Folder that holds results/, reports/ and datasets/.",
)
@click.option("--scenarios", type=click.Path(path_type=Path), envvar="PIPELINE_PERF_SCENARIOS", help="Your own scenarios file.")
@click.pass_context
def bench(context: click.Context, data: Path, scenarios: Path | None) -> None:
    """Measure workloads, compare revisions, follow histories."""
    context.obj = Lab(data, scenarios)


# --------------------------------------------------------------------------- list, run


@bench.command("list")
@click.pass_obj
def list_(lab: Lab) -> None:
    """Every workload that can be measured; * marks those that `run` measures when none is named."""
    rows = _table("", "Workload", "Offered by", "What it does")
    for offer in lab.registry().offers:
        rows.add_row("*" if offer.usual else "", offer.name, offer.origin, offer.says)
    _print(rows)


@bench.command()
@click.argument("scenario", nargs=-1)
@click.option("--repetitions", type=click.IntRange(1), help="Exactly so many; default: as many as the spread demands.")
@click.option(
    "--budget", type=click.FloatRange(0, min_open=True), metavar="SECONDS", help="Longest measuring of one workload; default 120."
)
@click.pass_obj
def run(lab: Lab, scenario: tuple[str, ...], repetitions: int | None, budget: float | None) -> None:
    """Measure workloads, each repetition in a fresh process, and store the figures.

    Each runs in turns with its reference, or with a pinned computation that nightly histories are followed against.
    Exit code 1: a repetition failed.
    """
    from pipeline_perf.bench.measure import measure
    from pipeline_perf.bench.measurement import of_samples, units_per_mib
    from pipeline_perf.bench.series import REFERENCE
    from pipeline_perf.workloads import IDLE, IDLE_REPETITIONS

    chosen = lab.registry().chosen(scenario)
    built = [(offer, offer.build(), offer.reference() if offer.reference else REFERENCE) for offer in chosen]
    kept, failed = lab.run(), False
    idle = measure(IDLE, IDLE_REPETITIONS, 0, lock=lab.lock)
    for offer, workload, reference in built:
        pairs, series = _measured(workload, reference, repetitions, budget, lab.lock)
        figures = [*of_samples(pairs.samples), *units_per_mib(pairs.a, idle), *_ratio(offer, pairs)]
        if reference is not REFERENCE:
            figures += of_samples(measure(REFERENCE, len(pairs.a) or 1, 0, lock=lab.lock))
        lab.store.write(kept, figures, {workload.name: json.dumps(dict(workload.params), default=str)}, _part(workload.name))
        _print_measured(workload, pairs.a, series)
        failed = failed or not all(sample.ok for sample in pairs.samples)
    click.echo(f"Run {kept.id} is stored in {lab.store.root}; pipeline-perf report judges it.")
    sys.exit(FAILED if failed else 0)


def _measured(
    workload: Workload, reference: Workload, repetitions: int | None, budget: float | None, lock: Path
) -> tuple[Pairs, Enough | None]:
    """A workload in turns with its reference, those of warming up left out; None where nothing succeeded."""
    from pipeline_perf.bench import enough
    from pipeline_perf.bench.measure import Pairs, measure_pair

    more = enough.until_enough(budget_s=budget or enough.RUN_BUDGET_S)
    pairs = measure_pair(workload, reference, repetitions or 1, lock=lock, more=None if repetitions else lambda pairs: more(pairs.a))
    values = enough.values_of(pairs.a, enough.judged(pairs.a))
    if not values:
        return pairs, None
    series = enough.enough(values)
    return Pairs(pairs.a[series.warmup :], pairs.b[series.warmup :]), series


def _ratio(offer: Offer, pairs: Pairs) -> list[Measurement]:
    from pipeline_perf.bench.compare import compare
    from pipeline_perf.bench.measurement import of_comparison

    values = pairs.values("seconds")
    return [of_comparison(offer.name, offer.ratio, compare(*values))] if offer.ratio and values[0] else []


def _part(workload: str) -> str:
    """The name of a workload as the name of a part of a run."""
    return "".join(letter if letter.isalnum() or letter in "_-" else "_" for letter in workload)


def _print_measured(workload: Workload, samples: Sequence[Sample], series: Enough | None) -> None:
    from statistics import median

    from pipeline_perf.bench.enough import judged, values_of
    from pipeline_perf.report.figures import figure

    for sample in samples:
        if not sample.ok:
            click.echo(f"{workload.name}: repetition {sample.repetition + 1} failed: {sample.reason}", err=True)
    if series is None:
        return
    shown = [("wall", "seconds", "s"), ("CPU", "cpu_seconds", "s"), ("peak memory", "peak_memory", "B")]
    shown.append(("", f"{workload.unit}_per_s", f"{workload.unit}/s"))
    parts = [f"{label} {figure(median(values), unit)}".strip() for label, name, unit in shown if (values := values_of(samples, name))]
    spread = f" ± {series.spread:.1%}" if series.spread is not None else ""
    warm = f", {series.warmup} more for warming up" if series.warmup else ""
    enough = f"more runs needed: {series.more}" if series.more else "enough"
    what = "CPU time" if judged(samples) == "cpu_seconds" else "time"
    click.echo(f"{workload.name}: {', '.join(parts)}")
    click.echo(f"  {len(samples)} repetitions{warm}; median {what}{spread}: {enough}")


# --------------------------------------------------------------------------- compare


@bench.command()
@click.argument("revision", metavar="REV")
@click.option(
    "--scenario", multiple=True, help="Workload to compare; may be given again. Default: the usual ones that this repository holds."
)
@click.option("--pairs", type=click.IntRange(1), help="Exactly so many; default: as many as the spread demands within the budget.")
@click.option(
    "--budget", type=click.FloatRange(0, min_open=True), metavar="SECONDS", help="Longest measuring of one workload; default 300."
)
@click.option("--tolerance", type=click.FloatRange(0, 1, min_open=True), help="Changes within this share are none; default 0.02.")
@click.option("--metric", default="", help="The one metric that is judged; default: CPU time, or wall time of what mostly waits.")
@click.option("--attribute/--no-attribute", default=True, show_default=True, help="Profile both sides where something has changed.")
@click.pass_obj
def compare(
    lab: Lab,
    revision: str,
    scenario: tuple[str, ...],
    pairs: int | None,
    budget: float | None,
    tolerance: float | None,
    metric: str,
    attribute: bool,
) -> None:
    """Compare the working tree, uncommitted changes included, with a revision or a saved baseline.

    Each side runs in its own environment, in turns A B B A, so that the machine's moods meet both alike.
    Exit code 0: unchanged or faster; 1: slower, or a side failed; 3: unresolved.
    """
    from pipeline_perf.bench import enough, regression
    from pipeline_perf.bench.compare import TOLERANCE
    from pipeline_perf.bench.revision import trees

    chosen, plan = (
        lab.registry().chosen(scenario),
        regression.Plan(pairs, budget or enough.COMPARE_BUDGET_S, tolerance or TOLERANCE, metric),
    )
    kept, verdicts = lab.run(), set[str]()
    with trees(_revision(lab, revision)) as (subject, base):
        click.echo(f"{subject.label} (on {subject.commit[:12]}) against {base.label} ({base.commit[:12]})")
        click.echo(
            f"environment: {subject.installed}" if subject.python == base.python else f"environments: {subject.python}, {base.python}"
        )
        for offer in chosen if scenario else _held(chosen, subject, base):
            workload = offer.build()
            a, b = subject.placed(workload), base.placed(workload)
            found = regression.measured(a, b, plan, lock=lab.lock)
            _print_comparison(found, plan)
            _record_comparison(lab, kept, found, base)
            verdicts.add(found.verdict)
            if attribute and found.verdict in ("slower", "faster"):
                _print_explanation(lab, kept, found, regression.explained(found, a, b, lock=lab.lock))
    sys.exit(FAILED if verdicts & {"slower", "failed"} else UNRESOLVED if "unresolved" in verdicts else 0)


def _revision(lab: Lab, name: str) -> str:
    """A revision by its name, or that of the baseline of this name."""
    from pipeline_perf.bench.baseline import BaselineError

    saved = {one.name: one for one in lab.baselines.all()}
    if name not in saved:
        return name
    if not saved[name].revision or saved[name].dirty:
        raise BaselineError(f"the baseline {name!r} was measured on a tree that no commit holds; compare with a revision")
    return saved[name].revision


def _held(offers: Iterable[Offer], subject: Tree, base: Tree) -> list[Offer]:
    """The workloads whose code both trees hold. Raises WorkloadError where there is none."""
    from pipeline_perf.bench.workload import WorkloadError

    found = [offer for offer in offers if offer.module and subject.holds(offer.module) and base.holds(offer.module)]
    if not found:
        raise WorkloadError(f"no workload runs code of {subject.repository}; name one with --scenario, `bench list` shows every one")
    return found


_NAMES = {"cpu_seconds": "CPU time", "seconds": "wall time", "peak_memory": "peak memory"}


def _print_comparison(found: Regression, plan: Plan) -> None:
    click.echo()
    for failure in found.failures:
        click.echo(f"{found.workload}: {failure}", err=True)
    rows = _table("", "Metric", "Change", "99 % interval", "Pairs", "Could have seen", "Verdict")
    for name, one in found.comparisons.items():
        more = f"; {one.more_pairs} more pairs" if one.verdict == "unresolved" and name == found.metric else ""
        rows.add_row(
            "*" if name == found.metric else "",
            _NAMES.get(name, name),
            f"{one.ratio - 1:+.1%}",
            f"{one.low - 1:+.1%} to {one.high - 1:+.1%}",
            str(one.pairs),
            f"{one.smallest_effect:.1%}",
            one.verdict + more,
        )
    for counter in found.counters:
        change = f"{counter.a / counter.b - 1:+.2%}" if counter.b else "new"
        rows.add_row("", counter.name, change, "exact", str(len(found.pairs.a)), "0.1%", "changed" if counter.changed else "unchanged")
    if found.comparisons:
        _print(rows)
    click.echo(f"{found.workload}: {found.verdict.upper()}{_because(found, plan)}")
    for name, one in found.comparisons.items():
        if name != found.metric and one.direction == "more":
            click.echo(f"  {_NAMES.get(name, name)} rose as well, and is not judged here: --metric {name} judges it")


def _because(found: Regression, plan: Plan) -> str:
    """Why the verdict is what it is, in half a sentence."""
    one = found.judged
    if one is None or found.verdict == "failed":
        return ""
    if one.verdict == "changed":
        return f": {_NAMES.get(found.metric, found.metric)} {one.ratio - 1:+.1%} ({one.low - 1:+.1%} to {one.high - 1:+.1%})"
    if found.verdict == "slower":
        return f": {', '.join(counter.name for counter in found.moved)} grew, in every repetition alike"
    if found.verdict == "unresolved":
        return f": {one.why}; about {one.more_pairs} more pairs would tell (--pairs {one.pairs + one.more_pairs})"
    return f": within ± {plan.tolerance:.1%}"


def _record_comparison(lab: Lab, kept: Run, found: Regression, base: Tree) -> None:
    """Comparisons are kept apart from the nights: an experiment of the afternoon is no night's value."""
    from pipeline_perf.bench.measurement import of_samples
    from pipeline_perf.bench.results import ResultStore

    params = {found.workload: json.dumps({"against": base.commit})}
    store = ResultStore(lab.store.root / "comparisons")
    store.write(kept, [*found.measurements(), *of_samples(found.pairs.samples)], params, _part(found.workload))


def _print_explanation(lab: Lab, kept: Run, found: Regression, said: Explanation) -> None:
    from pipeline_perf.report.figures import figure

    for change in said.memory[:5]:
        click.echo(f"  {figure(change.growth, 'B')} {'more' if change.growth > 0 else ''} held by {change.frame}")
    if not said.memory:
        click.echo(f"  {said.attribution.why}")
    if said.stage:
        click.echo(f"  stage: {said.stage}")
    if said.page:
        page = lab.data / "reports" / "comparisons" / f"{kept.id}-{_part(found.workload)}.html"
        page.parent.mkdir(parents=True, exist_ok=True)
        page.write_text(said.page, encoding="utf-8")
        click.echo(f"  flame graph of the difference: {page}")


# --------------------------------------------------------------------------- baselines


@bench.group()
def baseline() -> None:
    """Runs under a name of their own, to come back to."""


@baseline.command("save")
@click.argument("name")
@click.option("--run", "run_id", metavar="ID", help="The run to keep; default: the newest.")
@click.pass_obj
def baseline_save(lab: Lab, name: str, run_id: str | None) -> None:
    """Give a run a name; one that has it already loses it."""
    saved = lab.baselines.save(name, run_id or _newest(lab))
    click.echo(f"{saved.name}: run {saved.run}, revision {saved.revision[:12] or 'unknown'}{'+' if saved.dirty else ''}")


@baseline.command("list")
@click.pass_obj
def baseline_list(lab: Lab) -> None:
    """Every baseline."""
    rows = _table("Baseline", "Run", "Revision", "Machine", "Saved")
    for one in lab.baselines.all():
        rows.add_row(one.name, one.run, f"{one.revision[:12]}{'+' if one.dirty else ''}", one.machine, one.saved)
    _print(rows)


@baseline.command("show")
@click.argument("name")
@click.pass_obj
def baseline_show(lab: Lab, name: str) -> None:
    """The figures of a baseline beside those of the newest run. No verdict: `bench compare NAME` gives one."""
    from pipeline_perf.report.figures import figure

    saved, newest = lab.baselines.get(name), _newest(lab)
    then, now = (_medians(lab.store, run_id) for run_id in (saved.run, newest))
    rows = _table("Workload", "Figure", name, "Now", "Change")
    for (workload, metric), (value, unit) in then.items():
        present = now.get((workload, metric), (None, unit))[0]
        change = f"{present / value - 1:+.1%}" if present is not None and value else ""
        rows.add_row(workload, metric, figure(value, unit), figure(present, unit), change)
    _print(rows)
    click.echo(f"{name} is run {saved.run}, now is {newest}. Measured at different times, they prove nothing: bench compare {name}")
    if lab.store.run(newest).environment.machine != saved.machine:
        click.echo("They were measured on different machines: the change says nothing about the code.")


def _medians(store: ResultStore, run_id: str) -> dict[tuple[str, str], tuple[float, str]]:
    """Workload and figure → median over the repetitions, and unit."""
    from statistics import median

    groups: dict[tuple[str, str], list[Measurement]] = {}
    for one in store.measurements(run_id):
        groups.setdefault((one.workload, one.metric.partition(".")[2]), []).append(one)
    return {key: (median(one.value for one in group), group[0].unit) for key, group in groups.items()}


def _newest(lab: Lab) -> str:
    from pipeline_perf.bench.results import ResultsError

    newest = lab.store.latest_run()
    if newest is None:
        raise ResultsError(f"{lab.store.root}: nothing has been measured yet; pipeline-perf bench run measures")
    return newest


# --------------------------------------------------------------------------- histories


@bench.command()
@click.argument("metric")
@click.option("--scenario", multiple=True, help="Only of this one; may be given again.")
@click.option("--nights", type=click.IntRange(2), default=60, show_default=True, help="How far back.")
@click.pass_obj
def history(lab: Lab, metric: str, scenario: tuple[str, ...], nights: int) -> None:
    """A METRIC ("seconds", "ingest.cpu_seconds") over the nights, and where its level changed.

    Times and rates are followed as ratios to the pinned computation of the same run: what slows the whole
    machine down is in both.
    """
    from pipeline_perf.bench.series import nightly
    from pipeline_perf.bench.watch import watch

    machine = lab.machine
    name, workloads = _followed(lab, metric, scenario)
    series = [nightly(lab.store, workload, name, machine, last=nights) for workload in workloads]
    for one in series:
        _print_series(one)
    for alert in watch(series, lab.levels.acknowledged()):
        for found in alert.findings:
            words = f"{found.since}  {found.metric}  {found.kind} {found.ratio - 1:+.1%}  {found.status}"
            click.echo(f"{words}  after {found.good or 'the beginning'}, by {found.bad or 'now'}")


def _followed(lab: Lab, metric: str, scenarios: Sequence[str]) -> tuple[str, list[str]]:
    """The name of a metric without its family, and the workloads that have it. Raises ResultsError where none has."""
    from fnmatch import fnmatchcase

    from pipeline_perf.bench.results import ResultsError

    measured: dict[str, set[str]] = {}
    for run in lab.store.all_measurements(machine=lab.machine).values():
        for one in run:
            measured.setdefault(one.metric, set()).add(one.workload)
    matching = {full: names for full, names in measured.items() if metric in (full, full.partition(".")[2])}
    wanted = sorted(
        {
            workload
            for names in matching.values()
            for workload in names
            if not scenarios or any(fnmatchcase(workload, s) or fnmatchcase(workload.partition(".")[2], s) for s in scenarios)
        }
    )
    if not wanted:
        known = ", ".join(sorted({full.partition(".")[2] for full in measured})) or "none: nothing was measured on this machine"
        raise ResultsError(f"{lab.store.root}: no figure {metric!r}{' of ' + ', '.join(scenarios) if scenarios else ''}; there are {known}")
    return metric if metric in {full.partition(".")[2] for full in matching} else metric.partition(".")[2], wanted


#: Eight heights of a character, from low to high; a gap is a dot.
_BARS = "▁▂▃▄▅▆▇█"


def sparkline(values: Sequence[float | None]) -> str:
    """The values as heights between the least and the most of them; a dot where there is none."""
    known = [value for value in values if value is not None]
    if not known:
        return "·" * len(values)
    least, span = min(known), max(known) - min(known)
    return "".join(
        "·" if value is None else _BARS[round((value - least) / span * (len(_BARS) - 1)) if span else len(_BARS) // 2] for value in values
    )


def _print_series(series: Series) -> None:
    from statistics import median

    from pipeline_perf.report.figures import figure

    known = [night.value for night in series.nights if night.value is not None]
    dates = f"{series.nights[0].date} … {series.nights[-1].date}" if series.nights else "never measured"
    unit = f" {series.unit}" if series.unit else " (ratio to the pinned computation)"
    click.echo(f"{series.name}{'' if series.unit else unit}")
    click.echo(f"  {sparkline([night.value for night in series.nights])}  {dates}")
    if known:
        figures = ", ".join(f"{label} {figure(value, series.unit)}" for label, value in zip(
            ("median", "least", "most", "last"), (median(known), min(known), max(known), known[-1]), strict=True))  # fmt: skip
        click.echo(f"  {figures}")
    for reason in dict.fromkeys(night.reason for night in series.gaps):
        click.echo(f"  · {sum(night.reason == reason for night in series.gaps)} nights without a value: {reason}")


@bench.command()
@click.argument("metric")
@click.option("--scenario", multiple=True, help="Only of this one; may be given again.")
@click.option("--by", required=True, help="Who takes the new level.")
@click.option("--note", required=True, help="Why.")
@click.pass_obj
def ack(lab: Lab, metric: str, scenario: tuple[str, ...], by: str, note: str) -> None:
    """Take the new level of a METRIC: its open alert is settled. Exit code 1: no alert is open."""
    from pipeline_perf.bench.series import nightly
    from pipeline_perf.bench.watch import watch

    name, workloads = _followed(lab, metric, scenario)
    series = [nightly(lab.store, workload, name, lab.machine) for workload in workloads]
    alerts = watch(series, lab.levels.acknowledged())
    found = [one for alert in alerts for one in alert.findings if one.status == "open"]
    if not found:
        raise click.ClickException(f"no alert on {metric} is open; pipeline-perf bench history {metric} shows its levels")
    for one in found:
        lab.levels.acknowledge(one.metric, one.since, by, note)
        click.echo(f"{one.metric}: {one.ratio - 1:+.1%} since {one.since} is taken by {by}")


# --------------------------------------------------------------------------- printing


def _table(*columns: str) -> Table:
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="dim")
    for column in columns:
        table.add_column(column, overflow="fold")
    return table


def _print(table: Table) -> None:
    from rich.console import Console

    Console(highlight=False, markup=False, width=None if sys.stdout.isatty() else 140).print(table)
