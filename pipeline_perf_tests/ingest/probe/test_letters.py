"""What speaks for an encoding: marks, zeros, cut characters, and letters that make words."""

from __future__ import annotations

import codecs

import pytest

from pipeline_perf.ingest.probe import alphabets
from pipeline_perf.ingest.probe.encoding import (
    SURE_SCORE,
    _commonness,
    _fit,
    _is_binary,
    _letter,
    _likeliest,
    _of_one_language,
    _plausibility,
    _whole_utf8,
    _wide,
    detect,
)

LINE = "2125550101;65;2023-07-01 10:05:00\n"


# --------------------------------------------------------------------------- marks and zeros


@pytest.mark.parametrize(
    ("mark", "codec", "within"),
    [
        (codecs.BOM_UTF8, "utf-8-sig", "utf-8"),
        (codecs.BOM_UTF16_LE, "utf-16", "utf-16-le"),
        (codecs.BOM_UTF16_BE, "utf-16", "utf-16-be"),
        (codecs.BOM_UTF32_LE, "utf-32", "utf-32-le"),
        (codecs.BOM_UTF32_BE, "utf-32", "utf-32-be"),
    ],
)
def test_a_mark_proves_the_encoding(mark: bytes, codec: str, within: str) -> None:
    text = "Zürich;65\n" * 9
    found = detect([mark + text.encode(within), text.encode(within)])
    assert found is not None
    assert (found.codec, found.confidence, found.mixed) == (codec, 1.0, False)
    assert found.decode(mark + text.encode(within)) == text


def test_below_a_mark_of_utf_8_damage_is_told() -> None:
    head, damaged = codecs.BOM_UTF8 + b"a;b\n", "Zürich\n".encode("cp1252")
    found = detect([head, b"a;b\n", damaged])
    assert found is not None and found.mixed
    assert found.decode(damaged) == "Zürich\n"


def test_how_sure_an_encoding_is() -> None:
    told = [
        detect([data])
        for data in (
            LINE.encode(),
            LINE.encode("utf-16-le"),
            LINE.encode("utf-32-be"),
            (LINE + "Zürich\n").encode() + "Genève\n".encode("cp1252"),
            "Genève\nOrléans\n".encode("cp1252"),
        )
    ]
    assert [found and (found.codec, found.confidence) for found in told] == [
        ("utf-8", 1.0), ("utf-16-le", 0.95), ("utf-32-be", 0.95), ("utf-8", 0.8), ("cp1252", 0.9)
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("data", "codec"),
    [
        (LINE.encode("utf-16-le"), "utf-16-le"),
        (LINE.encode("utf-16-be"), "utf-16-be"),
        (LINE.encode("utf-16-be")[:-1], "utf-16-be"),
        (LINE.encode("utf-32-le"), "utf-32-le"),
        (("東京" * 7 + "abcdef").encode("utf-16-le"), "utf-16-le"),  # three tenths of it are zeros
        (("東京" * 8 + "abcdef").encode("utf-16-le"), None),
        (("ab" * 95 + "\0" * 10).encode("utf-16-le"), "utf-16-le"),  # one of twenty is none
        (("ab" * 95 + "\0" * 11).encode("utf-16-le"), None),
        (("ab" * 49 + "\ue000" * 2).encode("utf-16-le"), "utf-16-le"),
        (("ab" * 48 + "\ue000" * 3).encode("utf-16-le"), None),  # letters of no script
        (("ab\t\r\n\f\v\x1a" * 9).encode("utf-16-le"), "utf-16-le"),
        (LINE.encode("utf-16-le") + b"\x00\xd8", "utf-16-le"),  # cut within a character
        (b"a\0" * 9 + b"\x00\xd8" + b"a\0" * 9, None),
        (LINE.encode(), None),
        (b"1\0", "utf-16-le"),
        (b"", None),
    ],
)
def test_wide_characters_are_known_by_the_place_of_their_zeros(
    data: bytes, codec: str | None
) -> None:
    assert _wide(data) == codec


@pytest.mark.parametrize(
    ("data", "binary"),
    [
        (b"1\0" * 3 + b"1" * 4, False),  # three tenths are zeros
        (b"1\0" * 4 + b"1" * 4, True),
        (b"\0" * 16 + b"1", False),  # what a write left that was cut off
        (b"\0" * 15 + b"1", True),
        (b"\0" * 99, True),
        *((bytes([sign]) * 9, False) for sign in (1, 9, 10, 11, 12, 13, *range(26, 32))),
        *((bytes([sign]) * 9 + b"1" * 9, True) for sign in (2, 3, 8, 14, 15, 25, 127)),
        (b"\x02", False),  # one is none
        (b"\x02\x03", True),
        (b"\x02" * 10 + b"1" * 90, False),
        (b"\x02" * 11 + b"1" * 89, True),
    ],
)
def test_text_has_few_zeros_and_control_characters(data: bytes, binary: bool) -> None:
    assert _is_binary(data, utf8=True) == binary


def test_what_is_no_utf_8_may_have_fewer_control_characters() -> None:
    assert not _is_binary(b"\x02\x03" + b"1" * 98, utf8=False)
    assert _is_binary(b"\x02\x03\x04" + b"1" * 97, utf8=False)


@pytest.mark.parametrize("char", ["é", "€", "😀"])
def test_of_a_sample_the_whole_characters_are_taken(char: str) -> None:
    data = char.encode()
    assert _whole_utf8(b"1" + data) == b"1" + data
    for cut in range(1, len(data)):
        assert _whole_utf8(b"1" + data[:cut]) == b"1"
        assert _whole_utf8(data[cut:] + b"1") == b"1"
        assert _whole_utf8(data[:cut]) == b""
    assert _whole_utf8(b"\x80" * 4 + b"1") == b"\x801"
    assert _whole_utf8(b"") == b""


# --------------------------------------------------------------------------- letters


@pytest.mark.parametrize(
    ("letters", "weight"),
    [
        ("éèàçêôîâûùëïœüæÿ", 0.812), ("üäöß", 0.850), ("óíáéñúü", 0.829), ("ãçáéíóõêâúàôü", 0.815),
        ("àèòùìé", 0.808), ("äöåéü", 0.815), ("øåæéóô", 0.808), ("àóéèíçòúïü", 0.795),
        ("éëïöüèêá", 0.784), ("áíðóéþöæúý", 0.656), ("łóąężśćńź", 0.798),
        ("íáéěřčžýšůúňťďó", 0.789), ("áíéčžšýúľťňäôóďĺŕ", 0.771), ("áéöóőíüúű", 0.798),
        ("ăîâșțşţ", 0.771), ("čšžćđ", 0.781), ("ışüğöç", 0.808), ("ėšųžūįčąę", 0.765),
        ("āīēšūņļķžčģ", 0.761), ("äȭüöšž", 0.767),
        ("é", 1.0), ("ÿ", 0.625), ("ñ", 0.771), ("ð", 0.736), ("þ", 0.64), ("ж", 0.564),
        ("о", 1.0), ("ё", 0.418), ("α", 1.0), ("ΰ", 0.417), ("љ", -0.5), ("ﬁ", 0.15),
        ("őű", 0.711), ("őł", 0.560),
    ],
)  # fmt: skip
def test_a_letter_weighs_by_how_common_it_is_in_one_language(letters: str, weight: float) -> None:
    assert _of_one_language(letters) / len(letters) == pytest.approx(weight, abs=6e-4)


def test_capitals_are_letters_too_and_a_tilde_on_an_o_is_portuguese_before_an_e_only() -> None:
    assert [_letter(*pair) for pair in ("Éa", "İa", "õe", "ÕE", "õa", "Õn")] == [
        "é", "ı", "õ", "õ", "ȭ", "ȭ"
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("around", "fit"),
    [
        ("Malmö", None),  # ends a word; whatever its language
        ("  öl ", None),
        ("1 é 2", 0.0),  # by itself
        ("aaÉaa", -0.5),  # a capital within a word
        ("AAéAA", -0.5),
        ("AAéaA", None),
        (" AéA ", -0.5),
        ("  ÉA ", None),
        ("aéàèa", -0.5),  # a run of accents
        ("aaàèa", None),
        ("aaжaa", -0.5),  # a letter of another script in a Western word
        ("  жa ", -0.5),
        ("  жж ", None),
        ("aa\x81aa", -1.0),
        ("aa\ufffdaa", -1.0),
        (" d’Az", 1.0),
        ("er’s ", 1.0),
        ("er’st", 0.3),
        ("er’t ", 0.3),
        ("a ’ b", 0.5),
        ("  “pa", 1.0),
        ("a “ b", 0.5),
        ("aa“aa", -0.5),
        ("id” –", 1.0),
        ("ks… 1", 1.0),
        ("1 ” 2", 0.5),
        ("aa”aa", -0.5),
        ("5 £ 5", 0.5),
        ("aa£ 5", 0.5),
        ("aa£aa", -0.5),
        ("1 ± 2", -0.2),
        ("aa± 2", -0.5),
        ("1 ±aa", -0.5),
    ],
)
def test_a_sign_fits_between_its_neighbours_or_not(around: str, fit: float | None) -> None:
    assert _fit(around) == fit


def test_words_of_one_language_are_plausible_and_signs_within_them_are_not() -> None:
    assert _plausibility(["Malmö", "1"]) == pytest.approx(0.97 * (1 - 0.4 / 5))
    assert _plausibility(["5 £"]) == 0.5
    assert _plausibility(["é", "é", "Orléans"]) == pytest.approx(1 / 3)
    assert _plausibility(["ab"]) == _plausibility([]) == 0.0


@pytest.mark.parametrize(
    ("text", "share"),
    [
        ("東京", 1.0),
        ("ヂ", 0.8),  # of the script, though no everyday one
        ("鬱", 0.3),
        ("。", 0.6),
        ("é", -0.5),
        ("a東", -0.3),
        ("東a", -0.3),
        ("1東2", 1.0),
        ("東é", 0.25),
        ("ab", 0.0),
        ("一\u4e00\u9fff龥", 0.65),
    ],
)
def test_everyday_characters_speak_for_a_script(text: str, share: float) -> None:
    told = _commonness(text, alphabets.JAPANESE, "KATAKANA HIRAGANA")
    assert told == pytest.approx(share)


def test_without_a_script_rare_signs_speak_against_it() -> None:
    assert _commonness("ヂ", alphabets.SIMPLIFIED, "") == -0.5


@pytest.mark.parametrize(
    ("text", "codec", "priors"),
    [
        ("Orléans", "cp1252", ()),
        ("Orléans", "mac-roman", ()),
        ("Москва", "koi8-r", ()),
        ("Αθήνα", "cp1253", ()),
        ("東京", "cp932", ()),
        ("서울", "euc_kr", ()),
        ("北京市", "gb18030", ()),
        ("Malmö", "cp1252", ("mac-roman",)),
        ("Malmö", "iso8859-15", ("iso-8859-15", "utf-8")),
    ],
)
def test_the_likeliest_reading_makes_words(text: str, codec: str, priors: tuple[str, ...]) -> None:
    best, score = _likeliest([b"5;" + text.encode(codec) + b";7"], priors)
    assert (best, score > SURE_SCORE) == (codec, True)


def test_a_reading_is_worth_what_its_words_are_less_what_it_is_rare_and_more_if_expected() -> None:
    word = "Orléans".encode("mac-roman")
    plain, expected = (_likeliest([word], priors)[1] for priors in ((), ("mac-roman",)))
    assert (plain, expected) == pytest.approx((0.96, 1.06))
    word = "東京".encode("cp932")
    plain, expected = (_likeliest([word], priors)[1] for priors in ((), ("cp932",)))
    assert (plain, expected) == pytest.approx((1.0, 1.1))


def test_cells_are_weighed_once_and_the_first_few_thousand_bytes_of_them() -> None:
    french, czech = "Orléans".encode("cp1250"), "Šumperk".encode("cp1250")
    noise = b"\x8a\x9a;" * 5000
    assert _likeliest([french, *[french] * 999], ())[1] == _likeliest([french], ())[1]
    assert _likeliest([french] * 499 + [czech], ()) == _likeliest([french, czech], ())
    assert _likeliest([french] * 500 + [czech], ()) == _likeliest([french], ())
    long = b"1" * 2047
    assert _likeliest([french, long + b"\xe9" + noise], ()) == _likeliest(
        [french, long + b"\xe9"], ()
    )
