"""Encodings of files that are digits for the most part."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline_perf.ingest.probe.encoding import detect
from pipeline_perf_tests.ingest.probe.encoded_files import ENCODINGS, encoded_file

WESTERN = (
    "José Núñez",
    "Zürich",
    "São Paulo",
    "Genève",
    "Malmö",
    "Señor Peña",
    "Groß-Gerau",
    "Numéro appelé",
    "BRÜSSEL",
)


def records(places: tuple[str, ...], lines: int = 60) -> str:
    """Records, one in ten of which has a letter beyond ASCII."""
    where = [places[i // 10 % len(places)] if i % 10 == 0 else "NEW YORK" for i in range(lines)]
    return "".join(
        f"2023-07-{i % 28 + 1:02d} 10:05:00;2125550{100 + i % 100};{place};{7 * i}\n"
        for i, place in enumerate(where)
    )


@pytest.mark.parametrize("codec", ["utf-8", "cp1252", "mac-roman", "cp850"])
@pytest.mark.parametrize("priors", [(), ("utf-8", "windows-1252")])
def test_western_encodings_are_told_apart_by_the_letters_they_make(
    codec: str, priors: tuple[str, ...]
) -> None:
    text = records(WESTERN, 100)
    found = detect([text.encode(codec)], priors)
    assert found is not None
    assert (found.decode(text.encode(codec)), found.mixed) == (text, False)


def test_latin_1_reads_the_same_as_windows_1252() -> None:
    text = records(WESTERN)
    found = detect([text.encode("latin-1")])
    assert found is not None
    assert found.decode(text.encode("latin-1")) == text


def test_bytes_that_windows_1252_lacks_are_latin_1_or_older() -> None:
    found = detect([b"Zone\x81\x8d;2125550100\nZ\xfcrich;2125550101\n" * 5])
    assert found is not None
    assert found.codec != "cp1252"


@pytest.mark.parametrize(
    "text", ["Bill for £5, “paid” – thanks…\n", "Caller’s name\n", "5 °C\n", "Ä\n"]
)
def test_a_single_sign_is_windows_1252(text: str) -> None:
    for priors in ((), ("windows-1252",)):
        found = detect([("From,To\n2125550100,2125550101\n" + text).encode("cp1252")], priors)
        assert found is not None
        assert found.codec == "cp1252"


@pytest.mark.parametrize(
    ("codec", "places"),
    [
        ("cp1251", ("Москва", "Исходящий", "Санкт-Петербург")),
        ("koi8-r", ("Москва", "Исходящий", "Санкт-Петербург")),
        ("cp866", ("Москва", "Исходящий", "Санкт-Петербург")),
        ("cp1253", ("Αθήνα", "Εξερχόμενη", "Διάρκεια")),
        ("shift_jis", ("東京", "電話番号", "通話時間")),
        ("gb18030", ("北京市", "电话号码", "通话时长")),
        ("big5", ("臺北市", "通話時間", "發話")),
    ],
)
def test_other_scripts_go_to_the_detector(codec: str, places: tuple[str, ...]) -> None:
    text = records(places, 300)
    found = detect([text.encode(codec)], ("utf-8", "windows-1252"))
    assert found is not None
    assert found.decode(text.encode(codec)) == text


def test_an_expected_encoding_is_taken_where_it_reads_as_well() -> None:
    data = "Prix;5 €\nÉté;12\n".encode("iso8859-15")
    found = detect([data * 20], ("iso-8859-15",))
    assert found is not None
    assert found.codec == "iso8859-15"


def test_lines_of_two_encodings_are_mixed() -> None:
    data = "Zürich;2125550100\n".encode() * 3 + "Genève;2125550101 €5\n".encode("cp1252") * 9
    found = detect([data])
    assert found is not None
    assert (found.codec, found.mixed) == ("utf-8", True)
    assert found.decode(data) == "Zürich;2125550100\n" * 3 + "Genève;2125550101 €5\n" * 9


def test_an_invalid_byte_far_from_the_head_counts() -> None:
    plain = records(("NEW YORK",))
    found = detect([plain.encode(), "Zürich\n".encode("cp1252"), plain.encode()])
    assert found is not None
    assert found.codec == "cp1252"


@pytest.mark.parametrize("cut", range(1, 4))
def test_a_character_cut_at_the_edge_of_a_sample_is_no_damage(cut: int) -> None:
    char = "😀".encode()
    found = detect([b"a;b\n" + char[:cut], char[cut:] + b"\n1;2\n" + char[:cut]])
    assert found is not None
    assert (found.codec, found.mixed) == ("utf-8", False)
    assert found.decode(char[cut:] + b"1;2") == "1;2"


def test_zero_padding_is_no_utf_16() -> None:
    found = detect([b"2125550100;65\x00\x00\x00\n" * 50])
    assert found is not None
    assert found.codec == "utf-8"


@given(
    st.text(
        alphabet=st.characters(
            min_codepoint=0x20, max_codepoint=0x2FFF, exclude_categories=["Cc", "Cs", "Cn"]
        ),
        min_size=1,
    )
)
def test_utf_8_is_never_taken_for_anything_else(text: str) -> None:
    found = detect([text.encode()])
    assert found is not None
    assert found.codec in ("utf-8", "utf-8-sig")
    assert not found.mixed


def test_records_with_few_names_are_read_right_in_nine_of_ten_encodings_and_files() -> None:
    right: dict[str, list[bool]] = {}
    for codec, words in ENCODINGS:
        for seed in range(6):
            made = encoded_file(codec, words, random.Random(f"{codec} {words[0]} {seed}"))
            found = detect([made.data])
            right.setdefault(codec, []).append(
                found is not None and found.decode(made.data) == made.text
            )
    files = [answer for answers in right.values() for answer in answers]
    assert len(right) >= 30
    assert sum(files) >= 0.95 * len(files)
    assert sum(sum(answers) >= 0.9 * len(answers) for answers in right.values()) >= 0.9 * len(right)


@pytest.mark.parametrize("codec", ["utf-32-le", "utf-32-be"])
def test_utf_32_without_a_mark_is_told_from_utf_16_and_from_zeros(codec: str) -> None:
    found = detect([records(WESTERN).encode(codec)])
    assert found is not None
    assert (found.codec, found.decode(records(WESTERN).encode(codec))) == (codec, records(WESTERN))
    for cut in (1, 2, 3):  # a sample may end within a character
        cut_off = detect([records(WESTERN).encode(codec)[:-cut]])
        assert cut_off is not None and cut_off.codec == codec
    assert detect([b"\0" * 3000]) is None


def test_the_same_few_bytes_are_another_letter_in_another_language() -> None:
    for codec, places in (
        ("cp1252", ("Orléans", "Besançon")),
        ("cp1254", ("Eskişehir", "Diyarbakır")),
        ("cp1250", ("Győr", "Székesfehérvár")),
    ):
        text = records(places)
        found = detect([text.encode(codec)])
        assert found is not None
        assert (found.codec, found.decode(text.encode(codec))) == (codec, text)
