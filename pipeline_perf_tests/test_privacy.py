"""Masking, judged by a finder of telephone numbers that is not ours: libphonenumber's, over its own
examples of every region, written in every way.
"""

from __future__ import annotations

import re

import phonenumbers
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from phonenumbers import Leniency, PhoneNumber, PhoneNumberFormat, PhoneNumberMatcher

from pipeline_perf.privacy import DOTS, masked, masked_column, masked_in_place, numbers, shown

#: With fewer digits it is a short code, and no rule's business.
FEWEST = 7

#: Regions whose numbers are tried in every place of a text; those of all others stand alone.
REGIONS = (
    "AR", "AT", "AU", "BR", "CN", "DE", "DK", "ES", "FR", "GB", "IN", "IT", "MX", "NL", "PL", "RU",
    "SE", "TR", "US", "ZA",
)  # fmt: skip

#: What people write for the blanks and dashes of a form.
MARKS = (" ", "  ", "-", ".", "", "/", "_", " - ", "\u00a0", "\u202f", "\u2011", "\u2013")

#: Where a number may stand; none has digits of its own.
PLACES = (
    "id{}x",
    "the call from {} is unreadable",
    "sprint_{}.csv",
    "calls.zip!File{}.pdf",
    "data/inbox/{}/bill.pdf",
    "a;{};voice",
    "({})",
    "'{}'",
    "sip:{}@home",
)

MOMENTS = (
    "2024-01-15",
    "2024/01/15",
    "15.01.2024",
    "1/15/2024",
    "20240115",
    "01/15/24",
    "2024-01-15 10:11:12",
    "2024-01-15T10:11:12.123456+01:00",
    "2024-01-15-10.11.12.123456",
    "2024-01-15T10_11_12Z",
    "20240115101112",
    "20240115 101112",
    "20240115T101112Z",
    "01/15/24 10:11 PM",
    "Mon, 15 Jan 2024 10:11:12 +0000",
    "10:11",
    "0:16:51",
    "123:45:10",
)


def examples() -> dict[str, PhoneNumber]:
    """The numbers that libphonenumber gives as examples, of every region and kind, by their E.164
    form.
    """
    found = {}
    for region in sorted(phonenumbers.SUPPORTED_REGIONS):
        for kind in phonenumbers.PhoneNumberType.values():
            number = phonenumbers.example_number_for_type(region, kind)
            if number is not None and len(str(number.national_number)) >= FEWEST:
                found[phonenumbers.format_number(number, PhoneNumberFormat.E164)] = number
    return found


WORLD = tuple(examples().values())
CHOSEN = tuple(one for one in WORLD if phonenumbers.region_code_for_number(one) in REGIONS)


def notations(number: PhoneNumber) -> list[str]:
    """A number in every form of libphonenumber's and some more, each with every mark in the place
    of its blanks and dashes.
    """
    abroad = phonenumbers.format_number(number, PhoneNumberFormat.INTERNATIONAL).removeprefix("+")
    code, _, rest = abroad.partition(" ")
    forms = (
        phonenumbers.format_number(number, PhoneNumberFormat.E164),
        phonenumbers.format_number(number, PhoneNumberFormat.NATIONAL),
        phonenumbers.format_number(number, PhoneNumberFormat.RFC3966),
        f"+{abroad}",
        f"00{abroad}",
        f"011 {abroad}",
        abroad,
        f"(+{code}) {rest}",
        f"+{code} (0){rest}",
        f"+{code}({rest})",
    )
    return list(
        dict.fromkeys(re.sub("[ -]+", mark, form) for form in forms for mark in ("-", *MARKS))
    )


def digits(text: str) -> str:
    return re.sub(r"\D", "", text)


def hides(text: str, number: PhoneNumber) -> bool:
    """Whether a text tells no more of a number than its country, or one digit, and the last four
    digits.
    """
    known = rf"(?:(?:0|00|011)?{number.country_code}|\d?){str(number.national_number)[-4:]}"
    return re.fullmatch(known, digits(text)) is not None


def finds(text: str, number: PhoneNumber) -> str:
    """All that libphonenumber takes for a number in a text of the number's region."""
    region = phonenumbers.region_code_for_number(number)
    return " ".join(one.raw_string for one in PhoneNumberMatcher(text, region, Leniency.POSSIBLE))


def test_every_number_of_the_world_is_masked_in_every_notation() -> None:
    written = [(text, number) for number in WORLD for text in notations(number)]
    assert len(written) > 50_000
    assert [text for text, number in written if not hides(masked(text), number)] == []


@pytest.mark.parametrize("place", PLACES)
def test_a_finder_of_numbers_finds_none_wherever_they_stand(place: str) -> None:
    written = [(place.format(text), number) for number in CHOSEN for text in notations(number)]
    found = [(text, number) for text, number in written[::7] if finds(text, number)]
    assert place == "id{}x" or len(found) > len(written) / 7 / 2  # it has something to find
    assert [text for text, number in written if not hides(masked(text), number)] == []
    left = [(finds(masked(text), number), number) for text, number in found]
    assert [text for text, number in left if text and not hides(text, number)] == []


@pytest.mark.parametrize("moment", MOMENTS)
def test_dates_and_times_stay_and_hide_no_number_beside_them(moment: str) -> None:
    assert masked(moment) == moment
    for number in CHOSEN:
        for written in notations(number):
            for text in (f"{written};{moment}", f"{moment},{written}", f"{moment}\t{written}"):
                told = masked(text)
                assert moment in told, text
                assert hides(told.replace(moment, "", 1), number), text


@pytest.mark.parametrize("moment", [*MOMENTS[:5], *MOMENTS[6:11], "10:11", "0:16:51"])
def test_a_blank_keeps_a_full_date_or_a_time_apart_from_a_number(moment: str) -> None:
    for number in CHOSEN:
        for written in notations(number):
            for text in (f"{written} {moment}", f"{moment} {written}", f"{written}_{moment}"):
                told = masked(text)
                assert moment in told, text
                assert hides(told.replace(moment, "", 1), number), text


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("+12125550143", "+1•••••••0143"),
        ("2125550143", "•••••••0143"),
        ("(212) 555-0143: unknown", "•••••••0143: unknown"),
        ("5550143", "•••••••0143"),
        ("020 7946 0143", "•••••••0143"),
        ("44-20-7946-0143", "•••••••0143"),
        ("id2125550143x", "id•••••••0143x"),
        ("12065550143,0:16:51,01/02/23 06:14:35", "•••••••0143,0:16:51,01/02/23 06:14:35"),
        ("212.555.0143 or +44 (0)20 7946 0144", "•••••••0143 or +4•••••••0144"),
        ("sprint_2125550143_1.csv", "sprint_•••••••0143_1.csv"),
        ("imei 490154203237518, imsi 310150123456789", "imei •••••••7518, imsi •••••••6789"),
        ("52.52000, 13.40495", "•••••••2000, •••••••0495"),
        ("2\x001\x002\x005\x005\x005\x000\x001\x004\x003", "•••••••0143"),
        ("٢١٢٥٥٥٠١٤٣", "•••••••٠١٤٣"),
        ("••2125550143", "•••••••••0143"),
    ],
)
def test_four_digits_of_a_number_stay(written: str, told: str) -> None:
    assert masked(written) == told


@pytest.mark.parametrize(
    "text",
    [
        "Restricted",
        "*86",
        "611, 729725 and 0.30",
        "12345 records, 1,234,567 bytes",
        "5 calls 0.10 12.50 100.00",
        "item 123456",
        "file 5e1bda3a70cff614",
        "8d969eef6ecad3c29a3a629280e686cf0c3f5d5a86aff3ca12020c923adc6c92",
        "run 123e4567-e89b-12d3-a456-426614174000",
    ],
)
def test_what_is_no_number_stays(text: str) -> None:
    assert masked(text) == text


def test_a_number_is_told_from_the_columns_beside_it() -> None:
    assert masked("65 2125550143 9") == "65 •••••••0143 9"
    assert masked("1 212-555-0143 65") == "•••••••0143 65"
    assert (
        masked("Jan 15 10:15A 212-555-0143 NEW YORK NY 5 0.10 0.50")
        == "Jan 15 10:15A •••••••0143 NEW YORK NY 5 0.10 0.50"
    )


#: Parts that numbers, dates and masks are made of, so that they meet in every way.
PARTS = st.lists(
    st.sampled_from(
        (
            *"+()-./ _•:,0125af\n",
            "00",
            "020",
            "555",
            "0143",
            "2125550143",
            "101112",
            "2024-01-15",
            "01/02/23",
            "10:11",
            "12.50",
            "20240115",
            "deadbeef1a2b3c4d",
            DOTS,
            " - ",
        ),
    ),
    max_size=12,
).map("".join)


@settings(max_examples=500, deadline=None)
@given(PARTS | st.text())
def test_masking_twice_is_masking_once(text: str) -> None:
    assert masked(masked(text)) == masked(text)


@settings(max_examples=100, deadline=None)
@given(st.lists(PARTS | st.text() | st.none(), max_size=8))
def test_a_column_is_masked_as_its_texts_are(texts: list[str | None]) -> None:
    frame = pl.DataFrame({"text": texts}, schema={"text": pl.String})
    told = frame.select(masked_column("text"))["text"].to_list()
    assert told == [None if text is None else masked(text) for text in texts]


@settings(max_examples=200, deadline=None)
@given(PARTS)
def test_masking_in_place_hides_the_same_and_moves_nothing(text: str) -> None:
    told = masked_in_place(text)
    assert len(told) == len(text)
    assert {one for one, other in zip(told, text, strict=True) if one != other} <= {"•"}
    for start, end in numbers(text):
        assert len(digits(told[start:end])) == 4


@pytest.mark.parametrize(
    "part", ["1", "1 ", "a1", "1.1-", "(", "+", "-", "12:12:", "12.50 ", "00 ", "2125550143-12 "]
)
def test_a_text_of_any_length_is_masked_in_one_pass(part: str) -> None:
    """If every sign were compared with all behind it, this would not end before the time-out."""
    assert len(masked(part * 200_000)) <= len(part) * 200_000


def test_control_characters_become_their_pictures() -> None:
    assert shown("a\x1b[31m\tb\x7f\x85") == "a␛[31m␉b␡\ufffd"
