"""Telephone numbers: every notation of a number gives one E.164 number; what is no number stays
as written.
"""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline_perf.ingest.normalise.phone_numbers import as_text, normalise

property_test = settings(max_examples=100, deadline=None)


def normalised(text: str | None, region: str = "US") -> str | None:
    return normalise(pl.Series([text], dtype=pl.String), region)[0]


@pytest.mark.parametrize(
    "notation",
    [
        "2125550101", "12125550101", "+12125550101", "(212) 555-0101", "(212)555-0101",
        "212-555-0101", "212.555.0101", "212 555 0101",
        "1 (212) 555-0101", "1-212-555-0101", "+1 212 555 0101", "212\u2011555\u20110101",
        "2125550101\u00a0", "01112125550101",
        "0012125550101", "012125550101", "sip:+12125550101@ims.example;user=phone",
        "sips:2125550101@ims.example", "tel:+1-212-555-0101",
        "TEL:2125550101",
    ],
)  # fmt: skip
def test_every_notation_of_a_north_american_number_gives_the_same_number(notation) -> None:
    assert normalised(notation) == "+12125550101"


@pytest.mark.parametrize("prefix", ["", "0", "00", "1", "011", "+"])
@pytest.mark.parametrize("number", ["442075550100", "34915550101", "639175550167"])
def test_an_international_number_is_known_without_its_prefix_or_with_a_wrong_one(
    prefix, number
) -> None:
    assert normalised(prefix + number) == "+" + number


@pytest.mark.parametrize(
    "text",
    [
        "611", "*86", "*67", "#31#", "729725", "32665", "555-0101", "5550101", "1001", "T3", "ATT1",
        "X9999", "VMAIL CL", "INCOMING CL",
        "Restricted", "Unavailable", "BLOCKED", "Unknown", "mobile", "airtelgprs", "-1", "0", "",
        " ", "+", "12125550101A", "212555O101",
        "2125550101 x12", "2125550101 ext. 12", "2125550101,,12", "2125550101;ext=12",
        "tel:+12125550101;ext=12", "2125550101#5",
        "20260101", "20260101120000", "12345678901234567890", "0125550101", "2120550101",
        "5550112B6C784C3", "a@2125550101",
        "Smith; 2125550101",
    ],
)  # fmt: skip
def test_what_is_no_whole_number_stays_as_it_was_written(text) -> None:
    assert normalised(text) == text


def test_nothing_stays_nothing() -> None:
    assert normalised(None) is None
    assert normalise(pl.Series([], dtype=pl.String), "US").to_list() == []


@pytest.mark.parametrize(
    "text",
    ["2125550101", "12125550101", "02079460123", "0012345678", "0099999999999", "1001", "(0)1001"],
)
def test_where_the_notation_is_not_known_national_numbers_stay_as_they_are(text) -> None:
    assert normalised(text, "ZZ") == text


@pytest.mark.parametrize("region", ["US", "GB", "DE", "AU", "ZZ"])
@pytest.mark.parametrize(
    "text",
    [
        "+44 20 7946 0123", "00442079460123", "0044 20 7946 0123", "0044 (0)20 7946 0123",
        "+44 (0) 20 7946 0123", "(+44) 20 7946 0123", "(+44) (0)20 7946 0123", "(0044)2079460123",
        "(00)44 20 7946 0123", "+0044 20 7946 0123", "+44-(0)20-7946-0123",
    ],
)  # fmt: skip
def test_what_leads_abroad_is_one_number_in_every_notation_and_region(text, region) -> None:
    assert normalised(text, region) == "+442079460123"


def test_a_zero_in_brackets_leads_abroad_where_no_region_makes_it_an_area_codes() -> None:
    assert normalised("(0)44 20 7946 0123", "ZZ") == "+442079460123"
    assert normalised("(0)30 23125 123", "DE") == "+493023125123"


@pytest.mark.parametrize(
    ("text", "digits"),
    [
        ("2125550101.0", "2125550101"), ("+442079460123.0", "+442079460123"), ("911.0", "911"),
        ("2125550101,0", "2125550101"), ("2125550101.00", "2125550101"),
        ("1.2125550101E10", "12125550101"), ("1.2125550101E+10", "12125550101"),
        ("2.125550101E9", "2125550101"), ("2.12555014E9", "2125550140"), ("9E0", "9"),
        ("212.555.0100", "212.555.0100"), ("01.23.45.00", "01.23.45.00"), (None, None),
        ("T3", "T3"), ("1.5", "1.5"),
    ],
)  # fmt: skip
def test_digits_of_which_a_program_made_an_amount_are_the_digits(text, digits) -> None:
    column, lost = as_text(pl.Series([text], dtype=pl.String))
    assert (column[0], lost[0]) == (digits, False)


@pytest.mark.parametrize(
    "text", ["2.13E+09", "1.21255501E+10", "2.1E9", "2,12555E+09", "1.21255501019E10", "4E+11"]
)
def test_digits_that_a_program_rounded_are_lost(text) -> None:
    assert as_text(pl.Series(["1001", text]))[1].to_list() == [False, True]


@pytest.mark.parametrize(
    ("text", "region", "number"),
    [
        ("020 7555 0100", "GB", "+442075550100"),
        ("00442075550100", "GB", "+442075550100"),
        ("+44 (0)20 7555 0100", "GB", "+442075550100"),
        ("+44 (0) 20 7555 0100", "ZZ", "+442075550100"),
        ("030/5550101", "DE", "+49305550101"),
    ],
)
def test_other_countries_write_numbers_in_their_own_way(text, region, number) -> None:
    assert normalised(text, region) == number


NUMBERS = st.one_of(
    st.from_regex(r"[2-9]\d{2}55501\d{2}", fullmatch=True),
    st.from_regex(r"\+?1? ?\([2-9]\d{2}\) 555-01\d{2}", fullmatch=True),
    st.from_regex(r"(0|00|1|011)?4420755501\d{2}", fullmatch=True),
    st.text(max_size=14),
)


@property_test
@given(st.lists(st.none() | NUMBERS, max_size=20), st.sampled_from(["US", "CA", "GB", "ZZ"]))
def test_each_value_is_judged_by_itself_and_a_second_time_changes_nothing(texts, region) -> None:
    column = pl.Series(texts, dtype=pl.String)
    found = normalise(column, region)
    assert found.to_list() == [normalised(text, region) for text in texts]
    assert normalise(found, region).to_list() == found.to_list()


@property_test
@given(st.text(max_size=16), st.sampled_from(["US", "GB", "ZZ"]))
def test_the_result_is_a_number_or_the_text_itself(text, region) -> None:
    found = normalised(text, region)
    assert found == text or (
        found.startswith("+")
        and found[1:].isascii()
        and found[1:].isdigit()
        and 7 <= len(found) - 1 <= 15
    )
