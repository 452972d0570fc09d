"""Files appear whole or not at all, whoever is killed and whatever fails meanwhile."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline_perf.atomic_files import whole_file, write_text

OLD = "what was there before\n"

#: Replaces a file with 8 MiB, of which the first half is handed over before it waits for ever.
HALF_A_FILE = """
import sys
from pathlib import Path
from pipeline_perf.atomic_files import whole_file

with whole_file(Path(sys.argv[1])) as file:
    file.write(b"x" * 2**22)
    file.flush()
    print("half", flush=True)
    sys.stdin.read()
    file.write(b"x" * 2**22)
"""

#: Replaces a file again and again, in turns with a million a and a million b.
FOR_EVER = """
import itertools
import sys
from pathlib import Path
from pipeline_perf.atomic_files import write_text

for nth, letter in enumerate(itertools.cycle("ab")):
    write_text(Path(sys.argv[1]), letter * 1_000_000)
    if nth == 1:
        print("begun", flush=True)
"""

#: Replaces a file with 8 MiB where no file may have more than 1 MiB, as on a disk that is full.
FULL_DISK = """
import resource
import sys
from pathlib import Path
from pipeline_perf.atomic_files import write_text

resource.setrlimit(resource.RLIMIT_FSIZE, (2**20, 2**20))
write_text(Path(sys.argv[1]), "x" * 2**23)
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "kept" / "report.json"
    path.parent.mkdir()
    path.write_text(OLD)
    return path


def started(script: str, path: Path) -> subprocess.Popen[str]:
    """A process that writes, once it has said that it does."""
    process = subprocess.Popen(
        [sys.executable, "-c", script, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout
    assert process.stdout.readline()
    return process


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture(params=[(0o022, 0o644), (0o077, 0o600)], ids=["all", "owner"])
def mode(request: pytest.FixtureRequest) -> Iterator[int]:
    """What a new file's mode is under the mask of the process."""
    mask, made = request.param
    before = os.umask(mask)
    yield made
    os.umask(before)


def test_a_file_is_replaced_at_once_and_read_by_whom_the_mask_allows(path: Path, mode: int) -> None:
    with whole_file(path) as file:
        file.write(b"\x00new")
        file.flush()
        assert path.read_text() == OLD
    assert path.read_bytes() == b"\x00new"
    assert path.stat().st_mode & 0o777 == mode
    assert names(path.parent) == ["report.json"]


def test_text_is_written_in_utf_8_and_its_folder_made(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b" / "straße.txt"
    write_text(path, "Grüße\n")
    assert path.read_bytes() == "Grüße\n".encode()


@pytest.mark.parametrize("new", [False, True])
def test_the_bytes_are_on_the_disk_before_the_name_is_theirs(
    new: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "figures.parquet"
    synced: list[tuple[int, bool]] = []
    to_disk = os.fsync

    def fsync(descriptor: int) -> None:
        synced.append((os.fstat(descriptor).st_size, path.exists()))
        to_disk(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)
    with whole_file(path, new=new) as file:
        file.write(b"figures")
    assert synced == [(7, False)]
    assert path.read_bytes() == b"figures"


def test_what_must_be_new_replaces_nothing(path: Path) -> None:
    with pytest.raises(FileExistsError), whole_file(path, new=True) as file:
        file.write(b"other")
    assert path.read_text() == OLD
    assert names(path.parent) == ["report.json"]


@pytest.mark.parametrize("new", [False, True])
@pytest.mark.parametrize("fault", [ValueError, KeyboardInterrupt])
def test_a_writer_that_fails_leaves_the_old_file_and_nothing_else(
    fault: type[BaseException], new: bool, path: Path
) -> None:
    with pytest.raises(fault), whole_file(path, new=new) as file:
        file.write(b"half of")
        raise fault
    assert path.read_text() == OLD
    assert names(path.parent) == ["report.json"]


def test_a_folder_in_the_place_of_the_file_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    path.mkdir()
    with pytest.raises(IsADirectoryError):
        write_text(path, "new")
    assert names(tmp_path) == ["report.json"]


def test_a_full_disk_leaves_the_old_file_and_nothing_else(path: Path) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", FULL_DISK, str(path)], capture_output=True, text=True, check=False
    )
    assert ended.returncode == 1
    assert "OSError: [Errno 27] File too large" in ended.stderr
    assert path.read_text() == OLD
    assert names(path.parent) == ["report.json"]


def test_a_writer_that_is_killed_leaves_the_old_file_whole(path: Path) -> None:
    with started(HALF_A_FILE, path) as process:
        process.kill()
    assert process.returncode == -9
    assert path.read_text() == OLD
    # what it had written is hidden, and no file of its kind
    assert list(path.parent.glob("[!.]*")) == list(path.parent.glob("*.json")) == [path]


def test_who_reads_while_it_is_replaced_sees_whole_files_only_also_after_a_kill(
    path: Path,
) -> None:
    whole = {letter * 1_000_000 for letter in "ab"}
    with started(FOR_EVER, path) as process:
        seen = {path.read_text() for _ in range(200)}
        process.kill()
    assert seen <= whole
    assert path.read_text() in whole
