"""What times of a form look like, and what is said of the names of zones."""

from __future__ import annotations

import pytest

from pipeline_perf.ingest.layout.forms import is_zone, resolution, shape, zone_note, zone_slip


@pytest.mark.parametrize(
    ("form", "text", "seen"),
    [
        ("epoch", "1706955300", True),
        ("epoch", "x1706955300.5", True),
        ("epoch", "170695530", False),
        ("epoch", "17069553000", False),
        ("epoch_ms", "1706955300123", True),
        ("epoch_ms", "170695530012", False),
        ("epoch_ms", "17069553001234", False),
        ("epoch_ms", "1706955300", False),
        ("%Y-%m-%d", "on 2024-2-3 at", True),
        ("%Y-%m-%d", "2024-02-031", False),
        ("%Y-%m-%d", "12024-02-03", False),
        ("%Y-%m-%d", "24-02-03", False),
        ("%Y%m%d", "2024023", False),
        ("%H:%M", "1:05", True),
        ("%T", "1:05", False),
        ("%F %T", "2024-02-03   1:05:09", True),
        ("%F %R", "2024-02-03 1:05", True),
        ("%d %b %Y", "3 Sept. 2024", True),
        ("%d %b %Y", "3 09 2024", False),
        ("%I:%M %p", "9:15PM", True),
        ("%m/%d/%Y %I:%M%p", "3/6/2024 6:45AM", True),
        ("%d%b%Y", "3Feb2024", True),
        ("%H%M", "915", False),
        ("%H:%M:%S.%f", "9:15:01.123456", True),
        ("%H.%M", "9x15", False),
        ("%Y/%j", "2024/061", True),
        ("%Y/%j", "2024/61", False),
        ("%H:%M%z", "9:15 +05:30", True),
        ("%H:%M%z", "9:15Z", True),
        ("%H:%M%z", "9:15 +15:30", False),
    ],
)
def test_a_form_is_seen_where_all_of_its_digits_stand(form: str, text: str, seen: bool) -> None:
    assert bool(shape(form).search(text)) == seen


@pytest.mark.parametrize(
    ("form", "seconds"),
    [("%H:%M:%S", 1), ("%T", 1), ("%X", 1), ("%s", 1), ("epoch_ms", 1), ("%H:%M", 60), ("%R", 60)],
)
def test_a_form_without_seconds_tells_minutes(form: str, seconds: int) -> None:
    assert resolution(form) == seconds


@pytest.mark.parametrize(
    ("zone", "place", "fixed"),
    [
        ("EST", "America/New_York", "Etc/GMT+5"),
        (" pdt ", "America/Los_Angeles", "Etc/GMT+7"),
        ("Etc/Greenwich", "Europe/London", "UTC"),
        ("GMT+0", "Europe/London", "UTC"),
        ("CEST", "Europe/Paris", "Etc/GMT-2"),
    ],
)
def test_an_abbreviation_is_asked_about_with_its_place_and_its_offset(
    zone: str, place: str, fixed: str
) -> None:
    assert place in zone_slip(zone)
    assert zone_slip(zone).endswith(f", or {fixed} where the clock is never changed")


def test_other_names_are_zones_or_none() -> None:
    assert zone_slip("IST").endswith("Asia/Kolkata or Europe/Dublin")
    assert zone_slip("Mars/Olympus").startswith("'Mars/Olympus' is no IANA zone")
    assert zone_slip("UTC") == zone_slip("Etc/GMT+5") == ""
    assert is_zone("UTC") and not is_zone("") and not is_zone("Mars/Olympus")


@pytest.mark.parametrize(
    ("zone", "says"),
    [
        ("Etc/GMT+5", "Etc/GMT+5 is 5 h behind UTC"),
        ("Etc/GMT-10", "Etc/GMT-10 is 10 h ahead of UTC"),
        ("Etc/GMT+0", ""),
        ("Etc/GMT", ""),
        ("UTC", ""),
        ("Europe/Paris", ""),
    ],
)
def test_of_a_fixed_offset_it_is_said_which_way_it_goes(zone: str, says: str) -> None:
    assert zone_note(zone).startswith(says) and bool(zone_note(zone)) == bool(says)
