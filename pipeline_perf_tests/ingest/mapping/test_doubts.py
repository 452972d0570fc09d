"""Drafts in doubt: what titles and values do not tell is left open, and what they tell is not
overruled by what is usual.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from pipeline_perf.ingest.errors import LayoutError
from pipeline_perf.ingest.trial import attempt
from pipeline_perf_tests.ingest.mapping.test_draft import drafted, loaded, share

ONE, OTHER, THIRD = "+12125550101", "+12125550102", "+12125550103"


def lines(titles: str, *rows: str) -> str:
    return "\n".join([titles, *rows, ""])


def said(text: str, key: str) -> str:
    """What a draft says of a field or a key of the layout; empty where it says nothing."""
    line = re.search(rf"(?m)^ *{key}: (.*?)(?: {{2,}}#.*)?$", text)
    return line[1].strip() if line else ""


@pytest.mark.parametrize(
    ("title", "codes", "way"),
    [
        ("Zone", ("Inland", "Ausland"), "{value: '???'}"),
        ("Ámbito", ("Interprovincial", "Internacional"), "{value: '???'}"),
        ("Net", ("On-net", "Off-net"), "{value: '???'}"),
        ("Status", ("Terminated", "Terminated"), "{value: '???'}"),
        ("Kind", ("I", "O"), "{column: 'Kind', map: {'I': inbound, 'O': outbound}}"),
        ("Tariff", ("I", "A"), "{value: '???'}"),
        ("Direction", ("1", "0"), "{column: 'Direction', map: {'1': '???', '0': '???'}}"),
        (
            "Richtung", ("Inland", "gehend"),
            "{column: 'Richtung', map: {'Inland': '???', 'gehend': outbound}}",
        ),
        (
            "Type", ("Incoming call", "Call Out"),
            "{column: 'Type', map: {'Incoming call': inbound, 'Call Out': outbound}}",
        ),
        (
            "Type", ("Missed", "Outgoing"),
            "{column: 'Type', map: {'Missed': inbound, 'Outgoing': outbound}}",
        ),
    ],
)  # fmt: skip
def test_a_direction_is_told_by_whole_words_or_asked_for(
    title: str, codes: tuple[str, str], way: str, tmp_path: Path
) -> None:
    text = lines(
        f"Start;Number;{title};Seconds",
        f"2024-01-15 10:00:00;{OTHER};{codes[0]};10",
        f"2024-01-16 10:00:00;{THIRD};{codes[1]};20",
    )
    _, draft = drafted(text, tmp_path)
    assert said(draft, "direction") == way
    if "?" in way:
        with pytest.raises(LayoutError, match=r"direction: '\?\?\?' is none of its values"):
            loaded(draft, tmp_path)


@pytest.mark.parametrize(
    ("own", "other"),
    [
        ("My Number", "Other Party"), ("Eigene Rufnummer", "Rufnummer"), ("Mi número", "Número"),
        ("Local", "Remote"), ("Line", "Phone"), ("Extension", "Telephone"),
    ],
)  # fmt: skip
def test_one_s_own_number_is_not_the_other_party_s(own: str, other: str, tmp_path: Path) -> None:
    for first, second in ((own, other), (other, own)):
        rows = [(ONE, OTHER), (ONE, THIRD), (ONE, "+12125550141")]
        text = lines(
            f"Start,Direction,{first},{second},Duration",
            *(
                f"2024-02-05 09:{i}0:00,{('Outgoing', 'Incoming')[i % 2]},"
                f"{','.join(row if first == own else row[::-1])},60"
                for i, row in enumerate(rows)
            ),
        )
        source, draft = drafted(text, tmp_path)
        assert said(draft, "subscriber_number") == f"'{own}'"
        assert said(draft, "counterpart") == f"'{other}'"
        assert share(attempt(source, loaded(draft, tmp_path)), "from_number") == (3, ONE)


@pytest.mark.parametrize(
    "identity",
    ["callid", "Call-ID", "RecordNumber", "Account No", "IMSI", "Kundennummer", "Sequence", "Nr"],
)
def test_what_has_as_many_digits_as_a_number_is_not_always_one(
    identity: str, tmp_path: Path
) -> None:
    text = lines(
        f"{identity},startTime,caller,callee,duration",
        f"20240615001,2024-06-15 10:00:00,{ONE},{OTHER},61",
        f"20240615002,2024-06-15 10:10:00,{ONE},{THIRD},62",
        f"20240615003,2024-06-15 10:20:00,{THIRD},{ONE},63",
    )
    _, draft = drafted(text, tmp_path)
    assert (said(draft, "from_number"), said(draft, "to_number")) == ("'caller'", "'callee'")


def test_whose_two_numbers_are_that_no_title_tells_is_asked(tmp_path: Path) -> None:
    rows = [f"2024061500{i};2125550101;2125550102;2024-02-03 10:15:00;65" for i in range(4)]
    _, draft = drafted("\n".join([*rows, ""]), tmp_path)
    assert "from_number: '???'   # one of 'column_2', 'column_3'" in draft
    with pytest.raises(LayoutError, match=r"from_number: column is still '\?\?\?'"):
        loaded(draft, tmp_path)


@pytest.mark.parametrize(
    ("title", "values", "form"),
    [
        ("duration_ms", ("61000", "0"), "form: seconds, scale: 0.001"),
        ("talkTimeMs", ("61000", "5230"), "form: seconds, scale: 0.001"),
        ("Call length (milliseconds)", ("61000", "5230"), "form: seconds, scale: 0.001"),
        ("Minutes Used", ("2", "5"), "form: minutes, resolution: 60"),
        ("Duration (min)", ("2.5", "5.75"), "form: minutes"),
        ("Duration (min)", ("2.05", "5.59"), "form: '???'"),
        ("Duration (min.sec)", ("2.05", "5.59"), "form: '???'"),
        ("Duration (hours)", ("0.5", "1.25"), "form: seconds, scale: 3600"),
        ("Duration (1/10 s)", ("610", "55"), "form: tenths"),
        ("Duration (hh:mm)", ("0:05", "1:59"), "form: hour_clock"),
        ("Dauer (Min:Sek)", ("1:01", "75:02:00"), "form: minute_clock"),
        ("Duration (h:min:sec)", ("0:01:01", "1:15:02"), "form: clock"),
        ("Gesprächsdauer in Sek.", ("61", "5"), "form: seconds"),
        ("Duration", ("61", "5"), "form: seconds"),
        ("Duration", ("61000", "5000"), "form: '???'"),
        ("Duration", ("1.5", "0.25"), "form: '???'"),
        ("Duration", ("1h 2m 3s", "5s"), "form: words"),
        ("Duration", ("PT1M5S", "PT5S"), "form: iso"),
    ],
)
def test_the_unit_of_a_duration_is_the_title_s_or_asked_for(
    title: str, values: tuple[str, str], form: str, tmp_path: Path
) -> None:
    text = lines(
        f"start,from,to,ring (sec),{title}",
        f"2024-01-15 10:00:00,{ONE},{OTHER},7,{values[0]}",
        f"2024-01-15 11:00:00,{ONE},{THIRD},9,{values[1]}",
    )
    _, draft = drafted(text, tmp_path)
    assert said(draft, "duration_s") == f"{{column: '{title}', {form}}}"
    if "?" in form:
        with pytest.raises(LayoutError, match=r"form is '\?\?\?'; choose one of seconds"):
            loaded(draft, tmp_path)


@pytest.mark.parametrize(
    ("day", "numbers", "region"),
    [
        ("25.01.2024", ("030 23125 142", "0221 4710 142"), "ZZ"),
        ("25/01/2024", ("020 7946 0101", "07700 900102"), "ZZ"),
        ("25/01/2024", ("0491570156", "0255500101"), "ZZ"),
        ("2024-01-25", ("2125550101", "7185550102"), "ZZ"),
        ("2024-01-25", ("(212) 555-0101", "718-555-0102"), "US"),
        ("2024-01-25", ("12125550101", "17185550102"), "US"),
        ("01/25/2024", ("2125550101", "7185550102"), "US"),
        ("01/25/2024", ("2125550101", "02079460101"), "ZZ"),
        ("01/25/2024", ("+12125550101", "+442079460101"), "ZZ"),
    ],
)
def test_the_region_is_the_united_states_where_the_notation_is_theirs(
    day: str, numbers: tuple[str, str], region: str, tmp_path: Path
) -> None:
    rows = (f"{day};10:0{i}:00;{number};00:01:01" for i, number in enumerate(numbers))
    source, draft = drafted(lines("Day;Time;Called;Duration", *rows), tmp_path)
    assert said(draft, "region") == region
    trial = attempt(source, loaded(draft, tmp_path))
    national = numbers[0].startswith("0")
    assert not national or not share(trial, "to_number")[1].startswith("+")


@pytest.mark.parametrize(
    ("titles", "started"),
    [
        (("End Time (UTC)", "Start Time (UTC)"), ("'Start Time (UTC)'", "UTC")),
        (("call_end_utc", "call_start_utc"), ("'call_start_utc'", "UTC")),
        (("connectTimeGMT", "setupTimeGMT"), ("'setupTimeGMT'", "UTC")),
        (("Start (local)", "Start (UTC)"), ("'Start (UTC)'", "UTC")),
        (("Answered", "Start (UTC+2)"), ("'Start (UTC+2)'", "Etc/GMT-2")),
        (("Stop", "Time (Europe/Madrid)"), ("'Time (Europe/Madrid)'", "Europe/Madrid")),
        (("Stop", "Start (EST)"), ("'Start (EST)'", "???")),
        (("Stop", "Start (UTC+05:30)"), ("'Start (UTC+05:30)'", "???")),
        (("Ende", "Beginn"), ("'Beginn'", "")),
    ],
)
def test_a_title_tells_which_time_is_the_beginning_and_by_which_clock(
    titles: tuple[str, str], started: tuple[str, str], tmp_path: Path
) -> None:
    text = lines(
        f"{','.join(titles)},From,To,Sec",
        f"2024-01-15 10:00:20,2024-01-15 10:00:00,{ONE},{OTHER},20",
        f"2024-01-15 11:00:20,2024-01-15 11:00:00,{ONE},{THIRD},20",
    )
    _, draft = drafted(text, tmp_path)
    column, zone = started
    stated = f", zone: '{zone}'" if zone else ""
    assert said(draft, "started_at") == (
        f"{{column: {column}, formats: ['%Y-%m-%d %H:%M:%S']{stated}}}"
    )
    if zone == "???":
        with pytest.raises(LayoutError, match=r"started_at: zone is still '\?\?\?'"):
            loaded(draft, tmp_path)


@pytest.mark.parametrize(
    ("above", "zone"),
    [
        ("All times in UTC", "UTC"), ("Times: GMT/BST", "'???'"), ("Eastern time", "'???'"),
        ("Exported 2024-02-01 10:00 UTC", "local"), ("Exported 10:00 UTC\nTimes: UTC", "UTC"),
    ],
)  # fmt: skip
def test_a_line_above_the_table_tells_the_zone_unless_it_tells_a_time_of_its_own(
    above: str, zone: str, tmp_path: Path
) -> None:
    text = lines("Start,From,To", *[f"2024-01-15 10:00:20,{ONE},{OTHER}"] * 3)
    _, draft = drafted(f"{above}\n{text}", tmp_path)
    assert said(draft, "zone") == zone


def test_a_line_that_a_spreadsheet_padded_tells_whose_records_follow(tmp_path: Path) -> None:
    block = lines("Call Date,Call Time,Called Number,Duration (sec),Amount").strip()
    text = "Statement,,,,\n" + "".join(
        f"Wireless Number: 646-555-011{line},,,,\n{block}\n"
        + "".join(f"03/1{i}/2024,10:00:0{i},718-555-016{i},1{i},0.10\n" for i in range(3, 6))
        for line in range(2)
    )
    source, draft = drafted(text, tmp_path)
    trial = attempt(source, loaded(draft, tmp_path))
    assert (trial.events, trial.quarantined, trial.furniture) == (6, 0, 5)
    assert share(trial, "duration_s") == (6, "13.0")
    assert share(trial, "subscriber_number") == (6, "+16465550110")
