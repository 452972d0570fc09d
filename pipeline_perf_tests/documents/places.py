"""Where a reader of the documents sits down to type: a new folder and a new home, with what the
page takes to be there. The programs are real, and nothing outside the folder is changed.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
import sysconfig
import threading
from dataclasses import dataclass
from pathlib import Path

import requests
from urllib3.util.retry import Retry

from pipeline_perf_tests.bench.repositories import Repository, repository
from pipeline_perf_tests.command import ENVIRONMENT

PROJECT = Path(__file__).parents[2]

#: Whoever waits longer has met a defect: the longest command takes two minutes on a busy machine.
PATIENCE_S = 600

#: For what was told to stop.
STOPPING_S = 30

#: How Dagster says where its pages are: at another port where 3000 is taken.
SERVING = re.compile(r"(?<=Serving dagster-webserver on )http://\S+")

#: What a new environment has of its own, and does not take from the one that runs the tests.
OWN = ("python", "pip", "activate", "Activate", "pipeline-perf")

PROGRAM = """\
#!{python}
import sys

from pipeline_perf.cli import main

sys.exit(main())
"""


@dataclass(frozen=True)
class Ended:
    """How a command ended, and the lines that it printed: results first, then messages."""

    code: int
    printed: list[str]

    def __str__(self) -> str:
        return "\n".join([f"exit code {self.code}", *self.printed])


@dataclass(frozen=True)
class Place:
    folder: Path
    home: Path

    def environment(self, command: str) -> dict[str, str]:
        """The reader's environment variables. Who types `.venv/bin/` does not have it on the path,
        and the program names itself as it was typed.
        """
        kept = {k: v for k, v in ENVIRONMENT.items() if k not in {"PYTHONPATH", "DAGSTER_HOME"}}
        outside = [
            folder
            for folder in os.environ.get("PATH", os.defpath).split(os.pathsep)
            if folder != str(Path(sys.executable).parent)
        ]
        own = [] if ".venv/bin/" in command else [str(self.folder / ".venv/bin")]
        return kept | {
            "HOME": str(self.home),
            "PATH": os.pathsep.join([*own, *outside]),
            "BROWSER": "chromium --headless --no-sandbox --disable-gpu --dump-dom %s",
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_CONFIG_NOSYSTEM": "1",
        }

    def start(self, command: str) -> subprocess.Popen[str]:
        """Type a command; it and all that it starts are one group of processes."""
        return subprocess.Popen(
            ["bash", "-c", command],
            cwd=self.folder,
            env=self.environment(command),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def run(self, command: str) -> Ended:
        """Type a command and wait for its end."""
        process = self.start(command)
        try:
            results, messages = process.communicate(timeout=PATIENCE_S)
        except BaseException:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            raise
        return Ended(process.returncode, [*results.splitlines(), *messages.splitlines()])

    def prepare(self, command: str) -> None:
        """Do what the page takes to be done."""
        ended = self.run(command)
        assert ended.code == 0, f"{command}: {ended}"

    def serve(self, command: str) -> Ended:
        """Start what does not end by itself, visit the page that it names, and stop it as ^C does.

        The exit code is 0 where the page answered.
        """
        process = self.start(f"exec 2>&1; {command}")
        impatient = _killed_after(PATIENCE_S, process.pid)
        printed: list[str] = []
        answered = False
        try:
            assert process.stdout is not None
            for line in process.stdout:
                printed.append(line.rstrip("\n"))
                if not answered and (address := SERVING.search(line)):
                    answered = _answers(address[0])
                    os.killpg(process.pid, signal.SIGINT)
                    # Dagster's services may miss it, and then wait for one another
                    impatient.cancel()
                    impatient = _killed_after(STOPPING_S, process.pid)
            process.wait()
        finally:
            impatient.cancel()
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
        return Ended(0 if answered else 1, printed)


def _killed_after(seconds: float, group: int) -> threading.Timer:
    timer = threading.Timer(seconds, os.killpg, (group, signal.SIGKILL))
    timer.start()
    return timer


def _answers(address: str) -> bool:
    with requests.Session() as session:
        tries = Retry(connect=10, backoff_factor=0.2)
        session.mount("http://", requests.adapters.HTTPAdapter(max_retries=tries))
        return session.get(address, timeout=60).ok


def empty(root: Path) -> Place:
    """A folder with nothing in it but an environment that has the project installed."""
    place = Place(root / "work", root / "home")
    place.folder.mkdir(parents=True)
    place.home.mkdir()
    _environment(place.folder, PROJECT)
    return place


def clone(root: Path, *, installed: bool = True) -> Place:
    """A clone of the project as it is now, of two commits, with a change that is not committed."""
    place = Place(root / "pipeline_perf", root / "home")
    place.home.mkdir(parents=True)
    listed = ("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard")
    names = subprocess.run(listed, cwd=PROJECT, check=True, capture_output=True, text=True).stdout
    for name in filter(None, names.split("\0")):
        if (PROJECT / name).is_file():
            (place.folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(PROJECT / name, place.folder / name)
    made = repository(place.folder, {})
    _change(made, "pipeline_perf/__main__.py")
    made.commit({}, "second")
    _change(made, "pipeline_perf/__main__.py")
    if installed:
        _environment(place.folder, place.folder)
        (place.folder / ".venv/installed").touch()  # `make setup` has nothing left to do
    return place


def example(root: Path) -> Place:
    """The repository of the example, of two commits; it is not yet installed."""
    place = Place(root / "wordcount", root / "home")
    place.home.mkdir(parents=True)
    shutil.copytree(
        PROJECT / "examples/wordcount",
        place.folder,
        ignore=shutil.ignore_patterns("*.egg-info", "__pycache__", "build"),
    )
    ignored = ".venv/\n__pycache__/\n*.egg-info/\nbuild/\ndata/\n"
    made = repository(place.folder, {".gitignore": ignored})
    _change(made, "wordcount.py")
    made.commit({}, "second")
    _environment(place.folder, PROJECT)
    return place


def _change(made: Repository, name: str) -> None:
    """A line that changes nothing but the tree."""
    text = (made.root / name).read_text(encoding="utf-8")
    made.write({name: f"{text}# and no more\n"})


def _environment(folder: Path, project: Path) -> None:
    """An environment of the folder's own, with a project and the packages of the one that runs
    the tests: they are not installed anew, which would take a minute and a gigabyte.
    """
    environment = folder / ".venv"
    subprocess.run([sys.executable, "-m", "venv", environment], check=True)
    paths = sysconfig.get_paths(vars={"base": str(environment), "platbase": str(environment)})
    (Path(paths["purelib"]) / "packages.pth").write_text(
        f"{project}\n{sysconfig.get_path('purelib')}\n", encoding="utf-8"
    )
    python = str(environment / "bin/python")
    for program in Path(sys.executable).parent.iterdir():
        if not program.name.startswith(OWN):
            _take_over(program, environment / "bin" / program.name, python)
    program = environment / "bin/pipeline-perf"
    program.write_text(PROGRAM.format(python=python), encoding="utf-8")
    program.chmod(0o755)


def _take_over(program: Path, target: Path, python: str) -> None:
    """A program of another environment; if it is Python's, with the new one's interpreter."""
    begins, line_end, rest = program.read_bytes().partition(b"\n")
    if begins.startswith(b"#!") and b"python" in begins:
        target.write_bytes(f"#!{python}".encode() + line_end + rest)
        target.chmod(0o755)
    else:
        target.symlink_to(program)
