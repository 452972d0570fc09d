"""Contents: the same bytes for everybody who asks, however they come and whoever asked before."""

from __future__ import annotations

import gzip
import hashlib
import io
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline_perf.ingest.container import content as room
from pipeline_perf.ingest.container.content import Content
from pipeline_perf.ingest.container.source import GZIP, ZIP, Source


def plain(data: bytes) -> bool:
    """Whether bytes are not taken for compressed ones by their beginning."""
    return not data.startswith((GZIP, *ZIP))


#: What somebody does with a content: identify it, or open it and read in some steps from a place.
LOOKS = st.one_of(
    st.just("identify"), st.tuples(st.integers(0, 300), st.lists(st.integers(0, 120), max_size=4))
)


@settings(max_examples=200, deadline=None)
@given(
    st.binary(max_size=400).filter(plain),
    st.booleans(),
    st.integers(1, 500),
    st.lists(LOOKS, max_size=6),
)
def test_whoever_looks_sees_the_bytes_of_the_file(data, packed, hold, looks) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "calls.csv"
        path.write_bytes(gzip.compress(data) if packed else data)
        with Content(Source(path), hold=hold) as content:
            for look in looks:
                if look == "identify":
                    assert content.identify() == hashlib.sha256(data).hexdigest()[:16]
                    continue
                at, steps = look
                expected = io.BytesIO(data)
                with content.open() as stream:
                    if stream.seekable():
                        assert stream.seek(at) == expected.seek(at)
                    elif content.packed and hold <= len(data):
                        continue  # in passing, the bytes can be had once
                    for step in steps:
                        assert stream.read(step) == expected.read(step)
            if content.seekable or content.hold():
                assert content.open().read() == data
                assert content.end() == len(data)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.binary(max_size=9), max_size=8), st.integers(0, 80), st.integers(1, 40))
def test_bytes_held_in_parts_are_those_of_the_whole(parts, at, count) -> None:
    held, data = room._Held(), b"".join(parts)
    for part in parts:
        held.append(part)
    buffer = bytearray(count)
    filled = held.copy_into(memoryview(buffer), at)
    assert bytes(buffer[:filled]) == data[at : at + count]
    held.cut(at)
    assert len(held) == min(at, len(data))


@pytest.mark.parametrize("place", [2**31, 2**62, 2**63, 2**64])
def test_there_is_nothing_at_a_place_that_no_file_system_has(place: int, tmp_path: Path) -> None:
    (tmp_path / "calls.csv").write_bytes(b"Date,Number\n")
    with Content(Source(tmp_path / "calls.csv")) as content:
        stream = content.open()
        stream.read(4)
        stream.raw.seek(place)
        assert stream.raw.read(8) == b""
