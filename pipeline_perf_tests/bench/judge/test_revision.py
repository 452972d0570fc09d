import os
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline_perf.bench.judge import revision
from pipeline_perf.bench.judge.revision import (
    RevisionError,
    Tree,
    base_of,
    departed_from,
    dependencies,
    differences,
    environment,
    trees,
)
from pipeline_perf.bench.measure.measure import run_once
from pipeline_perf.bench.measure.workload import Correctness, Output, Workload
from pipeline_perf_tests.bench.repositories import Repository, repository

FILES = {
    "setup.py": (
        "from setuptools import setup\nsetup(name='words', version='1', py_modules=['words'])\n"
    ),
    "words.py": "print('first')\n",
    "gone.txt": "to be deleted\n",
    ".gitignore": "ignored.txt\n__pycache__/\n",
}


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache"


@pytest.fixture
def repo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repository:
    """A repository of one commit, and the current directory in it."""
    made = repository(tmp_path / "repo", FILES)
    monkeypatch.chdir(made.root)
    return made


def printed(workload: Workload, lock: Path) -> str:
    """What a workload prints; it must not fail."""
    said: list[str] = []

    def remember(output: Output) -> Correctness:
        said.append(output.stdout.strip())
        return Correctness(True)

    sample = run_once(Workload(**{**vars(workload), "check": remember}), lock=lock)
    assert sample.reason == ""
    return said[0]


RUN_WORDS = Workload("words.run", command=("{python}", "-m", "words"))


def test_each_side_runs_its_own_code(repo: Repository, cache: Path, lock: Path) -> None:
    first = repo.git("rev-parse", "HEAD")
    repo.commit({"words.py": "print('second')\n"})
    repo.write({"words.py": "print('uncommitted')\n"})
    with trees(first, cache=cache) as (subject, base):
        assert printed(subject.placed(RUN_WORDS), lock) == "uncommitted"
        assert printed(base.placed(RUN_WORDS), lock) == "first"
        assert (subject.label, base.label) == ("the working tree", first)
        assert base.commit == first


def test_a_function_of_the_tree_is_called_and_no_installed_copy_of_it(
    repo: Repository, cache: Path, lock: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository(tmp_path / "installed", {"words.py": "def said(): return {'value': 3}\n"})
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "installed"))
    repo.commit({"words.py": "def said(): return {'value': 1}\n"})
    repo.write({"words.py": "def said(): return {'value': 2}\n"})
    workload = Workload("words.said", target="words:said")
    with trees("HEAD", cache=cache) as sides:
        assert [run_once(side.placed(workload), lock=lock).values["value"] for side in sides] == [
            2,
            1,
        ]


def test_the_working_tree_is_taken_with_new_changed_and_deleted_files_and_without_ignored_ones(
    repo: Repository, cache: Path
) -> None:
    repo.write({"new/file.txt": "new", "words.py": "changed", "ignored.txt": "ignored"})
    (repo.root / "gone.txt").unlink()
    with trees("HEAD", cache=cache) as (subject, base):
        assert (subject.root / "new" / "file.txt").read_text(encoding="utf-8") == "new"
        assert (subject.root / "words.py").read_text(encoding="utf-8") == "changed"
        assert (
            not (subject.root / "gone.txt").exists() and not (subject.root / "ignored.txt").exists()
        )
        assert (base.root / "gone.txt").exists() and not (base.root / "new").exists()


def test_a_file_that_became_a_folder_and_a_folder_that_became_a_file_are_taken(
    repo: Repository, cache: Path
) -> None:
    repo.commit({"folder/inside.txt": "x"})
    (repo.root / "gone.txt").unlink()
    (repo.root / "folder" / "inside.txt").unlink()
    (repo.root / "folder").rmdir()
    repo.write({"gone.txt/inside.txt": "y", "folder": "z"})
    with trees("HEAD", cache=cache) as (subject, _):
        assert (subject.root / "gone.txt" / "inside.txt").read_text(encoding="utf-8") == "y"
        assert (subject.root / "folder").read_text(encoding="utf-8") == "z"


def test_neither_the_repository_nor_its_index_is_changed(repo: Repository, cache: Path) -> None:
    repo.write({"words.py": "print('changed')\n", "new.txt": "new"})
    before = repo.git("status", "--porcelain"), repo.git("stash", "list"), repo.git("for-each-ref")
    with trees("HEAD", cache=cache):
        pass
    assert (
        repo.git("status", "--porcelain"),
        repo.git("stash", "list"),
        repo.git("for-each-ref"),
    ) == before


def test_nothing_is_left_behind_whatever_happens(repo: Repository, cache: Path) -> None:
    with pytest.raises(KeyboardInterrupt), trees("HEAD", cache=cache):
        raise KeyboardInterrupt
    assert list((cache / "trees").iterdir()) == []
    assert len(repo.git("worktree", "list").splitlines()) == 1


def test_what_a_killed_process_left_is_cleared_away(repo: Repository, cache: Path) -> None:
    dead = subprocess.Popen([sys.executable, "-c", "pass"])
    dead.wait()
    left = cache / "trees" / f"{dead.pid}-left"
    left.mkdir(parents=True)
    repo.git("worktree", "add", "--quiet", "--detach", str(left / "a"), "HEAD")
    with trees("HEAD", cache=cache):
        assert not left.exists()
    assert len(repo.git("worktree", "list").splitlines()) == 1


def test_both_sides_stand_in_folders_of_equally_long_names(repo: Repository, cache: Path) -> None:
    with trees("HEAD", cache=cache) as (subject, base):
        assert len(str(subject.root)) == len(str(base.root))
        assert len(str(subject.placed(RUN_WORDS).environment)) == len(
            str(base.placed(RUN_WORDS).environment)
        )


def test_the_current_interpreter_serves_both_sides_where_they_ask_for_the_same_packages(
    repo: Repository, cache: Path
) -> None:
    repo.write({"words.py": "print('changed')\n"})
    with trees("HEAD", cache=cache) as (subject, base):
        assert subject.python == base.python == Path(sys.executable)
    assert not (cache / "environments").exists()


def test_other_dependencies_ask_for_another_environment_and_the_tools_settings_do_not(
    tmp_path: Path,
) -> None:
    project = repository(
        tmp_path / "project",
        {"pyproject.toml": "[project]\nname = 'x'\n[tool.ruff]\nline-length = 100\n"},
    )
    first = dependencies(project.root)
    project.write({"pyproject.toml": "[project]\nname = 'x'\n[tool.ruff]\nline-length = 140\n"})
    assert dependencies(project.root) == first
    project.write({"pyproject.toml": "[project]\nname = 'x'\ndependencies = ['numpy']\n"})
    second = dependencies(project.root)
    assert second != first
    project.write({"constraints.txt": "numpy==2.4.6\n"})
    assert dependencies(project.root) not in (first, second)


def test_an_environment_is_built_from_the_revisions_own_files_once(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without packages to install, so that nothing is fetched: the environment is a real one all
    the same.
    """
    project = repository(
        tmp_path / "project", {"constraints.txt": "numpy==2.4.6\n", "words.py": ""}
    )
    monkeypatch.chdir(project.root)
    project.write({"constraints.txt": "numpy==2.4.7\n"})
    with trees("HEAD", cache=cache) as (subject, base):
        assert subject.python != base.python
        pythons = [subject.python, base.python]
        said = [
            subprocess.run(
                [str(one), "-c", "import sys; print(sys.prefix)"],
                capture_output=True,
                text=True,
                check=True,
            )
            for one in pythons
        ]
        assert [one.stdout.strip() for one in said] == [str(one.parent.parent) for one in pythons]
    built = [(one.parent.parent / "built").stat().st_mtime_ns for one in pythons]
    with trees("HEAD", cache=cache) as (subject, base):
        assert [subject.python, base.python] == pythons
    assert [(one.parent.parent / "built").stat().st_mtime_ns for one in pythons] == built


#: A project that builds itself, so that nothing is fetched: its wheel has no module, and asks for
#: the wheel `more` as one of all its extras.
BUILDS_ITSELF = {
    "pyproject.toml": """\
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]
""",
    "backend.py": """\
import pathlib, zipfile

def build_wheel(directory, config_settings=None, metadata_directory=None):
    more = wheel(pathlib.Path("wheels"), "more")
    return wheel(
        pathlib.Path(directory),
        "words",
        "Provides-Extra: all\\n"
        f"Requires-Dist: more @ {more.resolve().as_uri()} ; extra == 'all'\\n",
    ).name

def wheel(folder, name, further=""):
    folder.mkdir(exist_ok=True)
    path = folder / f"{name}-1-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as file:
        for member, text in {
            "METADATA": f"Metadata-Version: 2.1\\nName: {name}\\nVersion: 1\\n{further}",
            "WHEEL": "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n",
            "RECORD": "",
        }.items():
            file.writestr(f"{name}-1.dist-info/{member}", text)
    return path
""",
}


def test_an_environment_has_all_the_extras_that_the_project_offers(
    tmp_path: Path, cache: Path
) -> None:
    project = repository(tmp_path / "project", BUILDS_ITSELF)
    python = environment(project.root, cache)
    site = next(python.parents[1].glob("lib/python*/site-packages"))
    assert {path.name for path in site.glob("*.dist-info")} == {
        "more-1.dist-info",
        "words-1.dist-info",
    }


def test_an_environment_that_cannot_be_built_says_why_and_is_tried_again(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = repository(
        tmp_path / "project", {"requirements.txt": "no-such-package @ file:///nowhere/at/all.whl\n"}
    )
    monkeypatch.chdir(project.root)
    project.write({"requirements.txt": ""})
    for _ in range(2):
        with pytest.raises(RevisionError, match="could not be built"), trees("HEAD", cache=cache):
            pass


def test_without_uv_it_says_how_to_get_it(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = repository(tmp_path / "project", {"requirements.txt": "one\n"})
    monkeypatch.chdir(project.root)
    project.write({"requirements.txt": "two\n"})
    monkeypatch.setattr(revision.shutil, "which", lambda *_, **__: None)
    with pytest.raises(RevisionError, match="pip install uv"), trees("HEAD", cache=cache):
        pass


def test_a_project_below_the_top_of_its_repository_is_found(
    tmp_path: Path, cache: Path, lock: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = {f"packages/words/{name}": text for name, text in FILES.items()} | {
        "packages/words/src/words.py": "print('in src')\n"
    }
    del files["packages/words/words.py"]
    made = repository(tmp_path / "repo", files)
    monkeypatch.chdir(made.root / "packages" / "words")
    with trees("HEAD", cache=cache) as (subject, _):
        assert subject.project == Path("packages/words")
        assert printed(subject.placed(RUN_WORDS), lock) == "in src"
        assert subject.placed(RUN_WORDS).directory == str(subject.root / "packages" / "words")


def test_a_workload_of_another_repository_is_refused_and_not_measured_against_itself(
    repo: Repository, cache: Path
) -> None:
    with (
        trees("HEAD", cache=cache) as (subject, _),
        pytest.raises(RevisionError, match="runs the module pipeline_perf, which"),
    ):
        subject.placed(Workload("ingest.small", command=("{python}", "-m", "pipeline_perf")))


def test_a_python_named_by_its_path_is_the_trees(repo: Repository) -> None:
    python = Path("/some/other/python")
    tree = Tree("label", "commit", repo.root, repo.root, Path(), python, "")
    placed = tree.placed(Workload("words.run", command=(sys.executable, "-m", "words")))
    assert placed.command == ("{python}", "-m", "words") and placed.python == str(python)


def test_an_unknown_revision_is_named_with_the_remedy(repo: Repository, cache: Path) -> None:
    with (
        pytest.raises(RevisionError, match=r"there is no revision 'v9'; name a commit"),
        trees("v9", cache=cache),
    ):
        pass
    with (
        pytest.raises(RevisionError, match="there is no revision '--help'"),
        trees("--help", cache=cache),
    ):
        pass


def test_outside_a_repository_it_says_so(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    with (
        pytest.raises(RevisionError, match="is in no git repository"),
        trees("HEAD", tmp_path, cache),
    ):
        pass


def test_without_git_it_says_so(
    repo: Repository, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", os.devnull)
    with pytest.raises(RevisionError, match="install git"), trees("HEAD", cache=cache):
        pass


def test_changes_within_a_submodule_are_refused(
    repo: Repository, cache: Path, tmp_path: Path
) -> None:
    inner = repository(tmp_path / "inner", {"file.txt": "x"})
    repo.git("submodule", "--quiet", "add", str(inner.root), "inner")
    repo.commit({})
    (repo.root / "inner" / "file.txt").write_text("changed", encoding="utf-8")
    with (
        pytest.raises(RevisionError, match="the submodule inner has changes of its own"),
        trees("HEAD", cache=cache),
    ):
        pass


# What a tree departs from ---------------------------------------------------------------


def test_a_branch_departs_from_where_it_left_the_default_branch(
    repo: Repository, tmp_path: Path
) -> None:
    first = repo.git("rev-parse", "HEAD")
    assert departed_from(repo.root) == first, "on the default branch, from its newest commit"
    repo.git("checkout", "--quiet", "-b", "change")
    repo.commit({"words.py": "print('change')\n"})
    assert departed_from(repo.root) == first
    repo.git("branch", "--force", "main", "HEAD")
    repo.git("update-ref", "refs/remotes/origin/main", first)
    assert departed_from(repo.root) == first, (
        "the remote's branch is what a change will be merged into"
    )


def test_without_a_default_branch_nothing_is_departed_from(
    repo: Repository, tmp_path: Path
) -> None:
    repo.git("branch", "--move", "trunk")
    assert departed_from(repo.root) == ""
    with pytest.raises(RevisionError, match="in no git repository"):
        departed_from(tmp_path)


def test_the_base_is_where_a_tree_left_the_default_branch_unless_nothing_differs(
    repo: Repository, tmp_path: Path
) -> None:
    head = repo.git("rev-parse", "HEAD")
    same = f"the code is that of {head[:12]}, file by file"
    assert base_of("", "words", repo.root) == (head, same)
    repo.write({"words.py": "print('second')\n"})
    assert base_of("", "words", repo.root) == (head, "")
    assert base_of("HEAD", "words", repo.root) == ("HEAD", "")
    with pytest.raises(RevisionError, match="there is no revision 'v9'"):
        base_of("v9", "words", repo.root)
    repo.git("branch", "--move", "trunk")
    nowhere = base_of("", "words", repo.root, "name one")
    assert nowhere == ("", "there is no default branch; name one")
    assert "is in no git repository" in base_of("", "words", tmp_path)[1]


def test_only_what_runs_and_what_is_installed_makes_a_difference(repo: Repository) -> None:
    repo.write({"notes.md": "a note", "gone.txt": "changed"})
    assert differences("HEAD", "words", repo.root) == []
    repo.write({"words.py": "print('second')\n"})
    assert differences("HEAD", "words", repo.root) == ["words.py"]
    repo.write({"words/new.py": "", "constraints.txt": ""})
    assert differences("HEAD", "words", repo.root) == [
        "constraints.txt",
        "words.py",
        "words/new.py",
    ]
    repo.git("checkout", "--quiet", "words.py")
    (repo.root / "words.py").unlink()
    assert "words.py" in differences("HEAD", "words", repo.root)
