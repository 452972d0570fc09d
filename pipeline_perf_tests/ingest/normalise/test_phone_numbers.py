"""Telephone numbers: every notation of a number gives one E.164 number; what is no number stays
as written.
"""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline_perf.ingest.normalise.phone_numbers import normalise

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
    "text", ["2125550101", "12125550101", "02075550100", "00442075550100", "1001"]
)
def test_where_the_notation_is_not_known_only_a_plus_makes_a_number(text) -> None:
    assert normalised(text, "ZZ") == text
    assert normalised("+44 20 7555 0100", "ZZ") == "+442075550100"


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
