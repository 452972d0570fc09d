"""Sources: what is opened, what is refused and how it is said, and that bombs end in a bounded
read.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import tempfile
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline_perf.ingest.container.content import Content, contents
from pipeline_perf.ingest.container.source import EXPANDED_BYTES, Source, expansion_limit
from pipeline_perf.ingest.errors import UnreadableFile

RECORDS = b"From,To,Seconds\n2125550100,2125550101,65\n" * 100
MIB = 1 << 20


def archive(path: Path, members: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", method) as zipped:
        for name, data in members.items():
            zipped.writestr(name, data)
    return path


def sources(path: Path, may_expand_to: int = EXPANDED_BYTES) -> list[Source]:
    """What there is to read at a path, each closed again."""
    found = []
    for content in contents(path, may_expand_to):
        with content:
            found.append(content.source)
    return found


def read(source: Source) -> bytes:
    with source.open() as stream:
        return stream.read()


def test_a_plain_file_is_one_source_that_can_be_sought_in(tmp_path: Path) -> None:
    path = tmp_path / "calls.csv"
    path.write_bytes(RECORDS)
    [source] = sources(path)
    assert (source.name, source.size, read(source)) == ("calls.csv", len(RECORDS), RECORDS)
    with source.open() as stream:
        assert stream.seekable()


@pytest.mark.parametrize("name", ["calls.csv.gz", "calls.csv"])
def test_gzip_is_seen_through_whatever_the_file_is_called(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(gzip.compress(RECORDS))
    [source] = sources(path)
    assert read(source) == RECORDS
    assert source.size == path.stat().st_size < len(RECORDS)


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2])
def test_each_file_of_an_archive_is_a_source(tmp_path: Path, method: int) -> None:
    path = archive(
        tmp_path / "month.txt",
        {
            "a.csv": RECORDS,
            "sub/b.csv": b"x,y\n",
            "sub/": b"",
            "__MACOSX/._a.csv": b"junk",
            "sub/.DS_Store": b"junk",
            "c.csv": gzip.compress(RECORDS),
        },
        method,
    )
    found = sources(path)
    assert [source.name for source in found] == [
        "month.txt!a.csv",
        "month.txt!sub/b.csv",
        "month.txt!c.csv",
    ]
    assert [read(source) for source in found] == [RECORDS, b"x,y\n", RECORDS]
    assert all(
        source.size is not None and source.size < len(RECORDS)
        for source in found
        if method != zipfile.ZIP_STORED
    )


def test_reading_an_archive_writes_nothing(tmp_path: Path) -> None:
    path = archive(tmp_path / "a.zip", {"a.csv": RECORDS})
    before = sorted(tmp_path.rglob("*"))
    read(sources(path)[0])
    assert sorted(tmp_path.rglob("*")) == before


def test_a_workbook_is_one_source_of_its_own_bytes(tmp_path: Path) -> None:
    path = archive(
        tmp_path / "calls.xlsx",
        {"[Content_Types].xml": b"<Types/>", "xl/workbook.xml": b"<workbook/>"},
    )
    assert sources(path) == [Source(path)]
    assert read(Source(path)) == path.read_bytes()


def test_the_id_is_that_of_the_bytes_however_they_are_packed(tmp_path: Path) -> None:
    plain, packed = tmp_path / "a.csv", tmp_path / "a.csv.gz"
    plain.write_bytes(RECORDS)
    packed.write_bytes(gzip.compress(RECORDS))
    zipped = archive(tmp_path / "a.zip", {"other.csv": RECORDS})
    expected = hashlib.sha256(RECORDS).hexdigest()[:16]
    assert {
        Content(source).identify() for path in (plain, packed, zipped) for source in sources(path)
    } == {expected}


def test_what_is_no_regular_file_is_refused_without_opening_it(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")  # opening it would block for ever
    for path, reason in (
        (tmp_path / "gone.csv", "not found"),
        (tmp_path, "a folder"),
        (tmp_path / "pipe", "pipe or device"),
        (Path("/dev/null"), "pipe or device"),
        (tmp_path / ("x" * 300), "cannot be read"),
        (tmp_path / "a\0b", "cannot be read"),
    ):
        with pytest.raises(UnreadableFile, match=reason):
            sources(path)
    with pytest.raises(UnreadableFile, match="pipe or device"):
        Source(tmp_path / "pipe").open()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(RECORDS)
    path.chmod(0)
    with pytest.raises(UnreadableFile, match="permission denied"):
        sources(path)


def test_permission_denied_is_said_as_such(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(RECORDS)

    def denied(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", denied)
    with pytest.raises(UnreadableFile, match=r"a\.csv: permission denied"):
        sources(path)


def encrypted(data: bytes) -> bytes:
    """Set the flag of encryption in the local and the central header."""
    changed = bytearray(data)
    changed[6] |= 1
    changed[changed.index(b"PK\x01\x02") + 8] |= 1
    return bytes(changed)


def test_archives_that_cannot_or_should_not_be_read_are_refused(tmp_path: Path) -> None:
    good = archive(tmp_path / "good.zip", {"a.csv": RECORDS}).read_bytes()
    twice = tmp_path / "twice.zip"
    with zipfile.ZipFile(twice, "w") as zipped, pytest.warns(UserWarning, match="Duplicate"):
        zipped.writestr("a.csv", b"1")
        zipped.writestr("a.csv", b"2")
    cases = {
        "cut": (good[: len(good) // 2], "damaged"),
        "empty": (archive(tmp_path / "e.zip", {}).read_bytes(), "without files"),
        "folders": (
            archive(tmp_path / "f.zip", {"sub/": b"", ".hidden": b"x"}).read_bytes(),
            "without files",
        ),
        "encrypted": (encrypted(good), r"encrypted\.zip!a\.csv: encrypted"),
        "lzma": (
            archive(tmp_path / "l.zip", {"a.csv": RECORDS}, zipfile.ZIP_LZMA).read_bytes(),
            "method 14",
        ),
        "climbing": (
            archive(tmp_path / "c.zip", {"../../etc/a.csv": RECORDS}).read_bytes(),
            "leaves the archive",
        ),
        "rooted": (
            archive(tmp_path / "r.zip", {"/etc/a.csv": RECORDS}).read_bytes(),
            "leaves the archive",
        ),
        "twice": (twice.read_bytes(), "several files of one name"),
    }
    for name, (data, reason) in cases.items():
        path = tmp_path / f"{name}.zip"
        path.write_bytes(data)
        with pytest.raises(UnreadableFile, match=reason):
            sources(path)


def test_damage_that_shows_on_reading_only_is_named_then(tmp_path: Path) -> None:
    noise = os.urandom(200_000)
    path = tmp_path / "a.csv.gz"
    path.write_bytes(gzip.compress(noise)[:-5000])
    with pytest.raises(UnreadableFile, match=r"a\.csv\.gz: damaged"):
        read(Source(path))
    zipped = bytearray(archive(tmp_path / "b.zip", {"b.csv": RECORDS}).read_bytes())
    zipped[60] ^= 0xFF
    (tmp_path / "b.zip").write_bytes(zipped)
    [source] = sources(tmp_path / "b.zip")
    with pytest.raises(UnreadableFile, match=r"b\.zip!b\.csv: damaged"):
        read(source)


def test_a_member_that_is_gone_is_named(tmp_path: Path) -> None:
    path = archive(tmp_path / "a.zip", {"a.csv": RECORDS})
    with pytest.raises(UnreadableFile, match="no such member"):
        Source(path, "b.csv").open()
    assert Source(path, "b.csv").size is None
    assert Source(tmp_path / "gone.csv").size is None


def test_the_limit_grows_with_the_stored_size_from_a_floor() -> None:
    assert expansion_limit(1) == 1 << 30
    assert expansion_limit(1 << 30) == 100 << 30


def test_a_gzip_bomb_ends_after_the_limit_and_not_after_the_bomb(tmp_path: Path) -> None:
    member = gzip.compress(bytes(1 << 22))
    path = tmp_path / "bomb.gz"
    path.write_bytes(member * 10)
    got = 0
    with (
        Source(path, may_expand_to=MIB).open() as stream,
        pytest.raises(UnreadableFile, match="expands to more than"),
    ):
        while block := stream.read(1 << 16):
            got += len(block)
    limit = expansion_limit(path.stat().st_size, MIB)
    assert limit - (1 << 17) < got <= limit < 40 << 20
    with pytest.raises(UnreadableFile, match="expands to more than"):
        Content(Source(path, may_expand_to=MIB)).identify()


def test_a_zip_bomb_is_refused_by_its_directory(tmp_path: Path) -> None:
    path = archive(tmp_path / "bomb.zip", {f"{i}.csv": bytes(1 << 19) for i in range(3)})
    with pytest.raises(UnreadableFile, match=r"expands to more than 1 MiB.*--expanded-mib"):
        sources(path, MIB)
    assert len(sources(path, 2 * MIB)) == 3


def test_a_gzip_bomb_inside_a_zip_is_found_on_reading(tmp_path: Path) -> None:
    path = archive(tmp_path / "a.zip", {"a.csv": gzip.compress(bytes(1 << 22))}, zipfile.ZIP_STORED)
    [source] = sources(path, MIB)
    with pytest.raises(UnreadableFile, match="expands to more than"):
        read(source)


def test_a_zip_that_understates_its_sizes_gives_no_more_than_it_states(tmp_path: Path) -> None:
    path = archive(tmp_path / "a.zip", {"a.csv": bytes(1 << 20)})
    data = bytearray(path.read_bytes())
    at = data.index(b"PK\x01\x02") + 24
    data[at : at + 4] = (1000).to_bytes(4, "little")
    path.write_bytes(data)
    with pytest.raises(UnreadableFile, match="damaged"):
        read(sources(path)[0])


@given(
    st.sampled_from([b"PK\x03\x04", b"PK\x05\x06", b"\x1f\x8b\x08", b""]), st.binary(max_size=300)
)
def test_no_bytes_raise_anything_but_the_named_error(magic: bytes, rest: bytes) -> None:
    with tempfile.NamedTemporaryFile() as file:
        file.write(magic + rest)
        file.flush()
        try:
            for source in sources(Path(file.name)):
                read(source)
        except UnreadableFile as error:
            assert Path(file.name).name in str(error)
        else:
            assert not magic.startswith(b"PK\x05")


def test_closing_the_stream_closes_everything_below(tmp_path: Path) -> None:
    path = archive(tmp_path / "a.zip", {"a.csv": gzip.compress(RECORDS)})
    fds = len(list(Path("/proc/self/fd").iterdir()))
    stream = Source(path, "a.csv").open()
    assert isinstance(stream, io.BufferedReader)
    assert len(list(Path("/proc/self/fd").iterdir())) > fds
    stream.close()
    assert len(list(Path("/proc/self/fd").iterdir())) == fds
