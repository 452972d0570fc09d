"""Two states of one repository side by side: the working tree and a revision, each checked out,
each with its environment.

Nothing here measures. Both sides are copies, in folders whose names are equally long: files may be
edited while they are measured, and neither side has an older cache, a longer path or a warmer
folder than the other.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from pipeline_perf.bench.errors import LabError
from pipeline_perf.bench.measure.workload import PYTHON, Workload

#: What decides which packages are installed; of pyproject.toml only the tables that do.
DEPENDENCY_FILES = (
    "setup.py",
    "setup.cfg",
    "constraints.txt",
    "requirements.txt",
    "pyproject.toml",
)
DEPENDENCY_TABLES = ("build-system", "project", "dependency-groups")

#: A hook sets these for the repository it runs in; every command here names its own.
_OF_HOOKS = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX", "GIT_OBJECT_DIRECTORY")


class RevisionError(LabError):
    """Two states of the code cannot be set beside each other."""

    code = "revision"


@dataclass(frozen=True)
class Tree:
    """A state of the code, checked out at `root`, to be run by `python`.

    `label` is what people call it.

    `project` is the folder below `root` that holds the package, `.` for the top; `repository` is
    where it comes from. `installed`: how its environment came about.
    """

    label: str
    commit: str
    root: Path
    repository: Path
    project: Path
    python: Path
    installed: str

    def placed(self, workload: Workload) -> Workload:
        """The workload as it runs on this tree: by its Python, in its directory, with its
        modules found first.

        Raises RevisionError where the tree does not hold the module that the workload runs: what
        would run then is some installed copy, the same one on both sides.
        """
        command = tuple(PYTHON if word == sys.executable else word for word in workload.command)
        workload = replace(workload, command=command)
        if not self.holds(workload.module):
            raise RevisionError(
                f"{workload.name} runs the module {workload.module}, which {self.label} of"
                f" {self.repository} does not hold",
                "run the comparison in the repository of that module, or name a revision that has"
                " it",
            )
        inherited = [
            str(self._mapped(Path(entry)))
            for entry in os.environ.get("PYTHONPATH", "").split(os.pathsep)
            if entry
        ]
        environment = {
            # First, and so before an installed or editable copy of the same package.
            "PYTHONPATH": os.pathsep.join([*map(str, self._sources()), *inherited]),
            "PATH": os.pathsep.join([str(self.python.parent), os.environ.get("PATH", os.defpath)]),
            # The warm-up compiles both trees' modules; forbidden to, every repetition would, and of
            # one side only.
            "PYTHONDONTWRITEBYTECODE": "",
            **workload.environment,
        }
        directory = self._mapped(Path.cwd())
        return replace(
            workload, python=str(self.python), directory=str(directory), environment=environment
        )

    def holds(self, module: str) -> bool:
        """Whether a top-level module lies in this tree; of a command that names none (''),
        nothing else is known.
        """
        return not module or any(
            (place / module).is_dir() or (place / f"{module}.py").is_file()
            for place in self._sources()
        )

    def _sources(self) -> list[Path]:
        """The folders that modules are imported from: the project and the top, each with its
        `src`.
        """
        folders = dict.fromkeys((self.root / self.project, self.root))
        return [place for folder in folders for place in (folder, folder / "src") if place.is_dir()]

    def _mapped(self, path: Path) -> Path:
        """A folder of the repository as the same folder of this tree; any other, and one that
        the tree does not hold, as it is.
        """
        resolved = path.resolve()
        if resolved.is_relative_to(self.repository):
            here = self.root / resolved.relative_to(self.repository)
            if here.is_dir():
                return here
        return path


def default_cache() -> Path:
    """Where trees and environments are kept: PIPELINE_PERF_CACHE, or pipeline_perf in the user's
    cache folder.
    """
    chosen = os.environ.get("PIPELINE_PERF_CACHE")
    return (
        Path(chosen)
        if chosen
        else Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache", "pipeline_perf")
    )


@contextmanager
def trees(
    revision: str, directory: Path | None = None, cache: Path | None = None
) -> Iterator[tuple[Tree, Tree]]:
    """The working tree that holds `directory` (the current one), uncommitted and new files
    included, and one of its revisions.

    Both are checked out below `cache` for the block and removed after it. Where the files that
    decide what is installed are the same on both sides, both run with the current interpreter. That
    is sound: what is installed was set up from these very files, is one and the same for both, and
    the package itself is found in the tree before any installed copy of it. Where they differ, each
    side gets an environment built from its own files, kept for the next time under their hash.

    Raises RevisionError, with the remedy, for a directory in no repository, an unknown revision,
    changes within a submodule, and an environment that cannot be built.
    """
    start = (directory or Path.cwd()).resolve()
    repository = Path(_git(start, "rev-parse", "--show-toplevel")).resolve()
    head = _commit(repository, "HEAD")
    commit = _commit(repository, revision)
    _refuse_changed_submodules(repository)
    project = _project(start, repository)
    root = (cache or default_cache()).resolve()
    with _folder(root / "trees", repository) as folder:
        for name, at in (("a", head), ("b", commit)):
            _git(
                repository,
                "-c",
                f"core.hooksPath={os.devnull}",
                "worktree",
                "add",
                "--quiet",
                "--detach",
                str(folder / name),
                at,
            )
            if (folder / name / ".gitmodules").exists():
                _git(folder / name, "submodule", "--quiet", "update", "--init", "--recursive")
        changed = _overlay(repository, folder / "a")
        sides = (("the working tree" if changed else "HEAD", head), (revision, commit))
        places = [folder / name / project for name in "ab"]
        same = dependencies(places[0]) == dependencies(places[1])
        checked_out = []
        for (label, at), name, place in zip(sides, "ab", places, strict=True):
            python = Path(sys.executable) if same else environment(place, root / "environments")
            how = (
                "the current interpreter, for both sides ask for the same packages"
                if same
                else f"built from its own files: {python}"
            )
            checked_out.append(Tree(label, at, folder / name, repository, project, python, how))
        yield checked_out[0], checked_out[1]


def departed_from(directory: Path) -> str:
    """The commit at which the working tree left the default branch, as a hash; '' where there is
    no such branch.

    The default branch is the remote's where there is a remote, else `main` or `master`. On that
    branch itself, this is its newest commit: what differs from it is what nobody has committed yet.
    Raises RevisionError for a directory in no repository.
    """
    repository = Path(_git(directory, "rev-parse", "--show-toplevel"))
    for branch in (
        "refs/remotes/origin/HEAD",
        "refs/remotes/origin/main",
        "refs/remotes/origin/master",
        "refs/heads/main",
        "refs/heads/master",
    ):
        if _git(repository, "for-each-ref", "--format=%(objectname)", branch):
            try:
                return _git(repository, "merge-base", "HEAD", branch)
            except RevisionError:
                # of a shallow clone, or of two histories: they have no commit in common
                return ""
    return ""


def differences(revision: str, module: str, directory: Path) -> list[str]:
    """The files in which the working tree that holds `directory` differs from a revision.

    Only those of a top-level `module`, or that decide what is installed. Raises RevisionError like
    `trees`.
    """
    start = directory.resolve()
    repository = Path(_git(start, "rev-parse", "--show-toplevel")).resolve()
    project, commit = _project(start, repository), _commit(repository, revision)
    named = [
        place / name for place in (project, project / "src") for name in (module, f"{module}.py")
    ]
    wanted = [f":(top){path}" for path in (*named, *(project / name for name in DEPENDENCY_FILES))]
    tracked = _git(repository, "diff", "--name-only", "-z", "--no-renames", commit, "--", *wanted)
    new = _git(repository, "ls-files", "-z", "--others", "--exclude-standard", "--", *wanted)
    return sorted({name for name in f"{tracked}\0{new}".split("\0") if name})


def base_of(
    revision: str, module: str, directory: Path, remedy: str = "name a revision"
) -> tuple[str, str]:
    """The revision to compare a working tree with, and why not to ('': it is to be compared).

    `revision` '' stands for the commit at which the tree that holds `directory` left the default
    branch; where there is no such branch, `remedy` says what else to do. Nothing is to be compared
    where the code of the top-level `module` is the same. Raises RevisionError for a revision that
    is not there.
    """
    if not revision:
        try:
            revision = departed_from(directory)
        except RevisionError as error:
            return "", str(error)
    if not revision:
        return "", f"there is no default branch; {remedy}"
    if differences(revision, module, directory):
        return revision, ""
    return revision, f"the code is that of {revision[:12]}, file by file"


# Git ------------------------------------------------------------------------------------


def _git(directory: Path, *arguments: str) -> str:
    """What git prints. Raises RevisionError with git's own words."""
    surroundings = {name: value for name, value in os.environ.items() if name not in _OF_HOOKS}
    try:
        done = subprocess.run(
            ["git", "-C", str(directory), *arguments],
            capture_output=True,
            encoding="utf-8",
            errors="surrogateescape",
            check=False,
            env={**surroundings, "LC_ALL": "C"},
        )
    except OSError as error:
        raise RevisionError(
            f"git could not be started ({error.strerror}), and comparing with a revision takes it",
            "install git",
        ) from None
    if done.returncode:
        words = done.stderr.strip().splitlines() or ["it gave no reason"]
        if "not a git repository" in done.stderr:
            raise RevisionError(
                f"{directory} is in no git repository",
                "change into the one whose revisions you want to compare",
            )
        raise RevisionError(f"git {' '.join(arguments[:4])} in {directory} failed: {words[-1]}")
    return done.stdout.rstrip("\n")


def _commit(repository: Path, revision: str) -> str:
    try:
        return _git(
            repository,
            "rev-parse",
            "--verify",
            "--quiet",
            "--end-of-options",
            f"{revision}^{{commit}}",
        )
    except RevisionError:
        shallow = _git(repository, "rev-parse", "--is-shallow-repository") == "true"
        remedy = (
            "the clone is shallow: `git fetch --unshallow`"
            if shallow
            else "name a commit, branch or tag that `git log` knows"
        )
        raise RevisionError(
            f"there is no revision {revision!r}", remedy, file=str(repository)
        ) from None


def _refuse_changed_submodules(repository: Path) -> None:
    """A submodule's own changes are in no commit and in no copy of ours."""
    for line in _git(repository, "status", "--porcelain=v2", "--untracked-files=no").splitlines():
        fields = line.split(" ")
        if fields[0] in "12" and fields[2].startswith("S") and fields[2] != "S...":
            name = fields[-1]
            raise RevisionError(
                f"the submodule {name} has changes of its own",
                "commit them and the new pointer, or undo them",
                file=str(repository),
            )


def _overlay(repository: Path, tree: Path) -> int:
    """Bring the working tree's changes, new files included and ignored ones not, into a checkout
    of HEAD; returns how many.
    """
    listed = (
        _git(repository, "ls-files", "-z", "--others", "--exclude-standard")
        + "\0"
        + _git(repository, "diff", "--name-only", "-z", "--no-renames", "HEAD")
    )
    changed = {name for name in listed.split("\0") if name}
    present = {
        name
        for name in changed
        if (repository / name).is_symlink() or (repository / name).is_file()
    }
    for name in changed:  # all away first: what was a file may have become a folder
        if (tree / name).is_symlink() or (tree / name).is_file():
            (tree / name).unlink()
    for name in present:
        if (tree / name).is_dir():
            shutil.rmtree(tree / name)
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(repository / name, tree / name, follow_symlinks=False)
    return len(changed)


@contextmanager
def _folder(parent: Path, repository: Path) -> Iterator[Path]:
    """A new folder for two worktrees; with it go those that a killed process has left behind."""
    parent.mkdir(parents=True, exist_ok=True)
    for left in parent.iterdir():
        if not Path("/proc", left.name.partition("-")[0]).exists():
            shutil.rmtree(left, ignore_errors=True)
    folder = Path(tempfile.mkdtemp(dir=parent, prefix=f"{os.getpid()}-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        _git(repository, "worktree", "prune")


# Environments ---------------------------------------------------------------------------


def _project(start: Path, repository: Path) -> Path:
    """The folder, relative to the repository, with the package that `start` belongs to: the
    nearest one with a setup; else the top.
    """
    for folder in (start, *start.parents):
        if not folder.is_relative_to(repository):
            break
        if (folder / "setup.py").is_file() or (folder / "pyproject.toml").is_file():
            return folder.relative_to(repository)
    return Path()


def dependencies(project: Path) -> str:
    """The hash of what decides which packages a project's environment holds."""
    digest = hashlib.sha256(f"{sys.implementation.cache_tag}\0".encode())
    for name in DEPENDENCY_FILES:
        path = project / name
        if path.is_file():
            digest.update(f"{name}\0".encode())
            digest.update(_tables(path) if name == "pyproject.toml" else path.read_bytes())
    return digest.hexdigest()[:16]


def _tables(path: Path) -> bytes:
    text = path.read_text(encoding="utf-8")
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return text.encode()  # the installer will say what is wrong with it
    return repr([document.get(name) for name in DEPENDENCY_TABLES]).encode()


def environment(project: Path, cache: Path) -> Path:
    """The Python of an environment for a project, below `cache`, by uv.

    Built once per set of dependency files. It holds the project too, for its metadata and its
    commands; its modules are found in the tree that is measured. Raises RevisionError where it
    cannot be built.
    """
    folder = cache / dependencies(project)
    python, built = folder / "bin" / "python", folder / "built"
    cache.mkdir(parents=True, exist_ok=True)
    with folder.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # two comparisons may want the same one
        if built.exists():
            return python
        shutil.rmtree(folder, ignore_errors=True)
        uv = _uv()
        _install([uv, "venv", "--quiet", "--python", sys.executable, str(folder)], project)
        constraints = (
            ["--constraints", "constraints.txt"] if (project / "constraints.txt").is_file() else []
        )
        wanted = (
            [".[all]"]  # its own extras, where it has a list of them all
            if any((project / name).is_file() for name in ("setup.py", "pyproject.toml"))
            else []
        )
        wanted += (
            ["--requirements", "requirements.txt"]
            if (project / "requirements.txt").is_file()
            else []
        )
        if wanted:
            _install(
                [
                    uv,
                    "pip",
                    "install",
                    "--quiet",
                    "--compile-bytecode",
                    "--python",
                    str(python),
                    *constraints,
                    *wanted,
                ],
                project,
            )
        built.touch()
    return python


def _uv() -> str:
    beside = Path(sys.executable).parent
    program = shutil.which("uv", path=f"{beside}{os.pathsep}{os.environ.get('PATH', os.defpath)}")
    if not program:
        raise RevisionError(
            "the two sides ask for different packages, and building their environments takes uv",
            "pip install uv",
        )
    return program


def _install(command: list[str], project: Path) -> None:
    done = subprocess.run(command, cwd=project, capture_output=True, text=True, check=False)
    if done.returncode:
        words = " | ".join(done.stderr.strip().splitlines()[-3:])
        raise RevisionError(
            f"the environment of {project} could not be built: {words}",
            f"see whether `{' '.join(command[:3])}` works there by hand",
        )
