"""Lines: whatever the encoding, the line ends and the size of the blocks, the same lines come
out.
"""

import io
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline_perf.ingest.container import lines
from pipeline_perf.ingest.errors import UnreadableFile

property_test = settings(max_examples=80, deadline=None)

ENDS = ("\n", "\r\n", "\r")
TEXT = st.text(
    st.one_of(
        st.sampled_from("a7,\"'\x00\x0b\x0c\x85\u2028é€日\U0001f4de"),
        st.characters(exclude_categories=("Cs",)),
    ),
    max_size=12,
)
LINE = TEXT.map(lambda text: re.sub(r"[\r\n]", "", text))
ENDED_LINES = st.lists(st.tuples(LINE, st.sampled_from(ENDS)), max_size=12)


def read_lines(data: bytes, encoding: str, block: int, max_line: int = 10_000) -> list[str]:
    """The lines that the blocks hold; the blocks themselves must be whole lines of UTF-8."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lines, "BLOCK", block)
        patch.setattr(lines, "MAX_LINE", max_line)
        found = list(lines.blocks(io.BytesIO(data), encoding, "some.csv"))
    assert all(block.endswith(b"\n") for block in found[:-1])
    text = b"".join(found).decode().replace("\r\n", "\n")
    assert "\r" not in text
    return text.removesuffix("\n").split("\n") if text else []


def expected_lines(text: str) -> list[str]:
    text = text.removeprefix("\ufeff")
    if not text:
        return []
    return (
        re.sub(r"(?:\r\n|\r|\n)\Z", "", text).replace("\r\n", "\n").replace("\r", "\n").split("\n")
    )


@property_test
@given(
    ENDED_LINES,
    LINE,
    st.integers(4, 40),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"]),
)
def test_mixed_line_ends_give_the_same_lines_in_every_encoding_and_at_every_block_size(
    ended, last, block, encoding
) -> None:
    text = "".join(line + end for line, end in ended) + last
    assert read_lines(text.encode(encoding), encoding, block) == expected_lines(text)


@property_test
@given(
    st.lists(st.tuples(st.text("a7é,", max_size=9), st.sampled_from(ENDS)), max_size=12),
    st.integers(4, 40),
)
@pytest.mark.parametrize("encoding", ["windows-1252", "latin-1", "cp437", "utf-16"])
def test_a_stated_one_byte_encoding_is_decoded(encoding, ended, block) -> None:
    text = "".join(line + end for line, end in ended)
    assert read_lines(text.encode(encoding), encoding, block) == expected_lines(text)


@property_test
@given(
    st.lists(
        st.one_of(
            st.text("aé€日,\n", max_size=6),
            st.binary(min_size=1, max_size=1).filter(lambda b: b[0] >= 0x80),
        ),
        max_size=20,
    ),
    st.integers(4, 40),
)
def test_stray_windows_1252_bytes_in_utf_8_are_read_one_by_one(parts, block) -> None:
    # A stray byte is followed by ASCII, so that it cannot be taken for the beginning of a UTF-8
    # character.
    data = b"".join(part + b"." if isinstance(part, bytes) else part.encode() for part in parts)
    text = "".join(
        part.decode("windows-1252", errors="replace") + "." if isinstance(part, bytes) else part
        for part in parts
    )
    assert read_lines(data, "utf-8", block) == expected_lines(text)


@pytest.mark.parametrize("block", [4, 5, 6, 7])
def test_a_line_end_of_two_characters_that_a_block_cuts_in_half_ends_one_line(block) -> None:
    assert read_lines(b"abc\r\ndef\r\n\r\nghi\r", "utf-8", block) == ["abc", "def", "", "ghi"]


def test_bare_carriage_returns_end_lines_also_where_they_are_the_last_byte() -> None:
    assert read_lines(b"a\rb\r", "utf-8", 4) == ["a", "b"]


def test_a_byte_order_mark_is_no_part_of_the_first_line() -> None:
    assert read_lines("\ufeffItem,Date\n".encode(), "utf-8", 4) == ["Item,Date"]
    assert read_lines("\ufeffItem,Date\n".encode("utf-16-le"), "utf-16-le", 4) == ["Item,Date"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le"])
@pytest.mark.parametrize("block", [4, 9, 1000])
def test_byte_order_marks_of_files_that_were_put_together_are_no_part_of_their_lines(
    encoding: str, block: int
) -> None:
    text = "\ufeffItem,Date\n1,\ufeff2\r\n\ufeffItem,Date\r\n\ufeff3,4"
    assert read_lines(text.encode(encoding), encoding, block) == [
        "Item,Date",
        "1,\ufeff2",
        "Item,Date",
        "3,4",
    ]


def test_an_empty_stream_has_no_lines() -> None:
    assert read_lines(b"", "utf-8", 4) == []


@property_test
@given(st.lists(st.integers(0, 12), min_size=1, max_size=8), st.integers(4, 60), st.booleans())
def test_a_line_is_refused_exactly_when_it_is_longer_than_allowed_wherever_the_blocks_are_cut(
    lengths, block, ended
) -> None:
    data = b"\n".join(b"x" * length for length in lengths) + (b"\n" if ended else b"")
    if max(lengths) > 8:
        with pytest.raises(UnreadableFile, match=r"some\.csv: a line is longer than"):
            read_lines(data, "utf-8", block, max_line=8)
    else:
        read_lines(data, "utf-8", block, max_line=8)


def test_a_file_without_line_ends_is_refused_before_it_fills_the_memory() -> None:
    class Endless(io.RawIOBase):
        given = 0

        def read(self, size=-1):
            self.given += size
            return b"x" * size

    stream = Endless()
    with pytest.raises(UnreadableFile):
        list(lines.blocks(stream, "utf-8", "endless.csv"))
    assert stream.given <= lines.MAX_LINE + 2 * lines.BLOCK
