"""The workloads that can be measured by name: those a program offers itself, and those of
installed packages.

A package joins by the entry point group `pipeline_perf.workloads`; an entry point names a callable
without arguments that returns Workloads. Nothing here measures, and no workload is known here by
name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from fnmatch import fnmatchcase
from importlib.metadata import EntryPoint, entry_points

from pipeline_perf.bench.measure.workload import Workload, WorkloadError
from pipeline_perf.numbers import number
from pipeline_perf.spelling import meant

GROUP = "pipeline_perf.workloads"


@dataclass(frozen=True)
class Offer:
    """A workload by name, built when it is wanted: what it works on may have to be generated first.

    `origin` is the package that offers it, `says` one line about it. `reference` builds what it is
    measured interleaved with, and `ratio` is the name of the figure that results ("ratio_to_copy").
    `module` is the top-level module that it runs ('': not known). `usual`: whether it is measured
    when nothing is named.
    """

    name: str
    origin: str
    says: str
    build: Callable[[], Workload]
    reference: Callable[[], Workload] | None = None
    ratio: str = ""
    module: str = ""
    usual: bool = True

    @property
    def scope(self) -> str:
        """What stands behind the first dot of the name."""
        return self.name.partition(".")[2]


@dataclass(frozen=True)
class Registry:
    """Every workload on offer, and one sentence for each plug-in that could not be used."""

    offers: tuple[Offer, ...]
    problems: tuple[str, ...] = ()

    def chosen(self, names: Iterable[str]) -> list[Offer]:
        """The workloads with one of the names, each once: a full name, a scope ("csv_1k"), or a
        pattern ("ingest.*").

        Without names, the usual ones.
        Raises WorkloadError for a name that nothing has.
        """
        wanted = list(names)
        picked: dict[str, Offer] = {}
        for name in wanted:
            matching = [
                offer
                for offer in self.offers
                if fnmatchcase(offer.name, name) or fnmatchcase(offer.scope, name)
            ]
            if not matching:
                known = [
                    label for offer in self.offers for label in (offer.name, offer.scope) if label
                ]
                raise WorkloadError(
                    f"there is no workload {name!r}{meant(name, known)}",
                    "; ".join(["`bench list` shows every one", *self.problems]),
                )
            picked |= {offer.name: offer for offer in matching}
        return list(picked.values()) if wanted else [offer for offer in self.offers if offer.usual]


def collect(own: Iterable[Offer] = (), plugins: Iterable[EntryPoint] | None = None) -> Registry:
    """The offers of the program, its `own`, then those of the installed packages (or of `plugins`).

    A plug-in that is broken becomes a problem of the registry, and stops no other.
    """
    offers = {offer.name: offer for offer in own}
    problems = []
    for plugin in entry_points(group=GROUP) if plugins is None else plugins:
        offered, problem = _offered(plugin)
        taken = [offer.name for offer in offered if offer.name in offers]
        if taken:
            problem = (
                f"{_package(plugin)}: the workload name {taken[0]!r} is taken by"
                f" {offers[taken[0]].origin}; give yours another name"
            )
        if problem:
            problems.append(problem)
        offers |= {offer.name: offer for offer in offered if offer.name not in offers}
    return Registry(tuple(offers.values()), tuple(problems))


def _package(plugin: EntryPoint) -> str:
    return plugin.dist.name if plugin.dist else plugin.value.partition(":")[0]


def _offered(plugin: EntryPoint) -> tuple[list[Offer], str]:
    """What a plug-in offers, and what is wrong with it ('' for nothing)."""
    # Foreign code may raise anything, or exit: as a future, whatever it does is a value.
    with ThreadPoolExecutor(1) as pool:
        future = pool.submit(lambda: list(plugin.load()()))
        error = future.exception()
    place = f"{_package(plugin)}: the entry point `{plugin.name} = {plugin.value}` of {GROUP}"
    if isinstance(error, ImportError | AttributeError) and not isinstance(
        error, ModuleNotFoundError
    ):
        return (
            [],
            (
                f"{place} names nothing that can be imported ({error}); correct it in the package's"
                " setup, and install it again"
            ),
        )
    if isinstance(error, ModuleNotFoundError):
        return (
            [],
            (
                f"{place} needs a module that is not there ({error}); install what is missing, or"
                " remove the package"
            ),
        )
    if error is not None:
        remedy = (
            "it must name a callable without arguments that returns Workloads; mend or remove the"
            " package"
        )
        return [], f"{place} fails ({type(error).__name__}: {error}); {remedy}"
    returned: Sequence[object] = future.result()
    wrong = next((item for item in returned if not isinstance(item, Workload)), None)
    if wrong is not None:
        return (
            [],
            (
                f"{place} returns {type(wrong).__name__} where Workload belongs; return a list of"
                " pipeline_perf.bench.Workload"
            ),
        )
    return [
        _offer(workload, _package(plugin))
        for workload in returned
        if isinstance(workload, Workload)
    ], ""


def _offer(workload: Workload, package: str) -> Offer:
    amount = f"{number(round(workload.units))} {workload.unit}"
    return Offer(
        workload.name,
        package,
        f"{workload.target or ' '.join(workload.command)}, {amount}",
        lambda: workload,
        module=workload.module,
    )
