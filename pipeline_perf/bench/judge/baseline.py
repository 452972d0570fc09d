"""Baselines: runs of the results store under a name of their own, one small JSON file each.

A baseline is a pointer; the figures stay where they are. Whether something became slower than it is
told by measuring its revision again, in turns with the present one: figures of two days differ by
more than code does.
"""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass
from datetime import UTC, datetime

from pipeline_perf.atomic_files import write_text
from pipeline_perf.bench.errors import LabError
from pipeline_perf.bench.measure.results import ResultStore
from pipeline_perf.spelling import meant

_NAME = re.compile(r"\w([\w.-]*\w)?")


class BaselineError(LabError):
    """A baseline cannot be saved, or is not there."""

    code = "baseline"


@dataclass(frozen=True)
class Baseline:
    """A run under a name, on the machine and of the revision that it was measured on.

    `saved` is ISO 8601 in UTC.
    """

    name: str
    run: str
    machine: str
    revision: str
    dirty: bool
    saved: str


class Baselines:
    """The baselines kept beside a results store."""

    def __init__(self, store: ResultStore) -> None:
        self._store = store
        self._root = store.root / "baselines"

    def save(self, name: str, run: str, now: datetime | None = None) -> Baseline:
        """Give a run a name, saved `now`; one that has the name already loses it.

        Raises ResultsError when the run is not there, BaselineError for a name that no file can
        have.
        """
        if not _NAME.fullmatch(name):
            raise BaselineError(
                f"{name!r} is no name for a baseline",
                "use letters, digits, _, - and dots, as in release-1.2",
            )
        environment = self._store.run(run).environment
        moment = (now or datetime.now(UTC)).astimezone(UTC)
        baseline = Baseline(
            name,
            run,
            environment.machine,
            environment.revision,
            environment.dirty,
            f"{moment:%Y-%m-%dT%H:%M:%SZ}",
        )
        write_text(self._root / f"{name}.json", json.dumps(asdict(baseline), indent=1))
        return baseline

    def all(self) -> list[Baseline]:
        """Every baseline, by name."""
        return [self.get(path.stem) for path in sorted(self._root.glob("[!.]*.json"))]

    def revision(self, name: str) -> str:
        """The revision that the baseline of this name was measured on; the name itself, as that of
        a revision, where there is no such baseline.

        Raises BaselineError where it was measured on a tree that no commit holds.
        """
        saved = {baseline.name: baseline for baseline in self.all()}
        if name not in saved:
            return name
        if not saved[name].revision or saved[name].dirty:
            raise BaselineError(
                f"the baseline {name!r} was measured on a tree that no commit holds",
                "compare with a revision",
            )
        return saved[name].revision

    def get(self, name: str) -> Baseline:
        """The baseline of this name.

        Raises BaselineError when there is none, or its file is damaged.
        """
        path = self._root / f"{name}.json"
        try:
            return Baseline(**json.loads(path.read_text(encoding="utf-8")))
        except FileNotFoundError:
            known = sorted(other.stem for other in self._root.glob("[!.]*.json"))
            raise BaselineError(
                f"there is no baseline {name!r}{meant(name, known)}",
                f"saved are {', '.join(known) or 'none at all'}",
            ) from None
        except (ValueError, TypeError) as error:
            raise BaselineError(
                f"this baseline is damaged ({error})",
                "save it again, or delete the file",
                file=str(path),
            ) from None
