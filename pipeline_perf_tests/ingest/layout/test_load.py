"""Layouts: those shipped load, every mistake is named with file, line and remedy, and a user's
own come first.
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import polars as pl
import pytest

from pipeline_perf.ingest.errors import LayoutError
from pipeline_perf.ingest.layout.load import BUILT_IN, available, built_in, load, load_folder
from pipeline_perf.ingest.layout.model import Field, title_key
from pipeline_perf.ingest.layout.patterns import explodes
from pipeline_perf.ingest.pipeline import Options, ingest_file
from pipeline_perf.lake.delta import Lake

SHIPPED = {
    "aapt", "freeswitch_asterisk", "freeswitch_opencdrrate", "freeswitch_sql", "telstra_linx",
    "twilio_csv", "vocus",
    "3cx", "airtel_le", "ani_networks", "asterisk", "att_bill_csv", "att_bill_pdf",
    "att_le_mobility", "avaya_cm", "avaya_ipo",
    "bandicoot", "cdrstats", "cider", "cisco_cmr", "cisco_cucm", "didww", "earthlink", "emi",
    "freeswitch", "fritzbox", "legacy_fixed",
    "kamailio_flatstore", "kamailio_flatstore_3_1", "metropcs_le", "mitel", "notional_le",
    "opensips_flatstore", "panasonic", "qwest_daily", "sprint_bill_pdf",
    "sprint_le", "tmobile_bill_pdf", "tmobile_csv", "tmobile_le", "verizon_bill_pdf", "verizon_le",
    "windstream",
    "broadworks_xml", "freeswitch_json", "freeswitch_xml", "google_voice_takeout",
    "twilio_json", "verizon_volte",  # workbooks, JSON, XML, HTML
}  # fmt: skip

SOUND = """\
id: house_pbx
carrier: house
title: Our own exchange
source: the exchange's handbook, page 7
container: delimited
delimiter: ';'
zone: Europe/Berlin
region: DE
tables:
  - name: calls
    header: [Start, Seconds, Caller, Called]
    fields:
      event_type: {value: call}
      started_at: {column: Start, formats: ['%d.%m.%Y %H:%M']}
      duration_s: {column: Seconds, form: seconds}
      from_number: Caller
      to_number: {column: Called, strip: '^0#'}
      direction: {column: Way, match: {'(?i)^out': outbound}, default: unknown}
"""


def written(folder: Path, text: str, name: str = "house.yaml") -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_text(text)
    return path


def changed(old: str, new: str) -> str:
    assert SOUND.count(old) == 1
    return SOUND.replace(old, new)


# --------------------------------------------------------------------------- sound ones


def test_the_shipped_layouts_load_and_no_other() -> None:
    assert set(load_folder(BUILT_IN)) == SHIPPED


@pytest.mark.parametrize("name", sorted(SHIPPED))
def test_the_patterns_of_a_shipped_layout_are_sound(name: str, tmp_path: Path) -> None:
    """They are looked at in any folder but their own."""
    assert load(Path(shutil.copy(BUILT_IN / f"{name}.yaml", tmp_path))) == built_in()[name]


@pytest.mark.parametrize("name", sorted(SHIPPED))
def test_a_shipped_layout_is_the_file_of_its_name_and_says_where_it_is_documented(
    name: str,
) -> None:
    layout = load(BUILT_IN / f"{name}.yaml")
    assert layout.id == name
    assert len(layout.source) > 20
    assert {table.name for table in layout.tables}
    for table in () if layout.no_records else layout.tables:
        assert {"event_type", "started_at"} <= set(table.fields)
        assert {"from_number", "counterpart", "subscriber_number"} & set(table.fields)


@pytest.mark.parametrize("name", sorted(SHIPPED))
def test_the_columns_that_a_shipped_layout_reads_by_position_are_columns_it_has(name: str) -> None:
    for table in built_in()[name].tables:
        if not table.slices:
            continue
        have = {title_key(title) for title in table.slices}
        used = {
            title_key(column)
            for alternatives in table.fields.values()
            for field in alternatives
            for column in field.column
        }
        assert used <= have
        assert all(1 <= first <= last for first, last in table.slices.values())


def test_a_sound_layout_is_read_as_it_is_written(tmp_path: Path) -> None:
    layout = load(written(tmp_path, SOUND))
    assert (layout.id, layout.zone, layout.delimiter, layout.region, layout.currency) == (
        "house_pbx",
        "Europe/Berlin",
        ";",
        "DE",
        None,
    )
    (table,) = layout.tables
    assert table.header == ("Start", "Seconds", "Caller", "Called")
    assert table.fields["from_number"] == (Field(column=("Caller",)),)
    assert table.fields["started_at"] == (Field(column=("Start",), formats=("%d.%m.%Y %H:%M",)),)
    assert table.fields["direction"][0].match == {"(?i)^out": "outbound"}


# --------------------------------------------------------------------------- mistakes

PAIRS = "    pairs: {same: [Id], opens: {Way: a}, closes: {Way: b}, takes: [Start]}\n"

HEADLESS = changed("header: [", "record: ';'\n    columns: [")

#: What is wrong → the text, the line that the message must name, and what it must say.
MISTAKES: dict[str, tuple[str, int, str]] = {
    "unknown key": (
        changed("zone:", "zones:"),
        7,
        r"unknown key 'zones'; write 'zone' \(UTC, an IANA name.*known here: .*\bzone\b",
    ),
    "unknown key of a table": (
        changed("    header:", "    headers:"),
        11,
        r"tables: unknown key 'headers'; write 'header' .*known here: .*\bheader\b",
    ),
    "unknown key of a field": (
        changed("form: seconds", "forms: seconds"),
        15,
        r"duration_s: unknown key 'forms'; write 'form' .*known here: .*\bform\b",
    ),
    "missing key": (
        changed("carrier: house\n", ""),
        1,
        r"the layout lacks carrier; add `carrier:` \(of the events",
    ),
    "several missing keys": (
        changed("carrier: house\ntitle: Our own exchange\n", ""),
        1,
        "lacks carrier, title",
    ),
    "table without fields": (
        SOUND[: SOUND.index("    fields:")],
        10,
        "tables: the table lacks fields",
    ),
    "no time": (
        changed("      started_at: {column: Start, formats: ['%d.%m.%Y %H:%M']}\n", ""),
        12,
        "lacks started_at: an event needs",
    ),
    "no header": (
        changed("    header: [Start, Seconds, Caller, Called]\n", ""),
        10,
        "give header .* columns .* or slices",
    ),
    "key given twice": (
        changed("zone: Europe/Berlin", "zone: UTC\nzone: Europe/Berlin"),
        8,
        "'zone' is given twice, first on line 7; keep one",
    ),
    "list where a text belongs": (
        changed("carrier: house", "carrier: [house, mouse]"),
        2,
        "carrier is a list; write a single value",
    ),
    "text where a mapping belongs": (
        SOUND[: SOUND.index("      event_type")].rstrip() + " call\n",
        12,
        r"fields is 'call'; write a mapping \(event field → where it comes from",
    ),
    "text where a list of tables belongs": (
        SOUND[: SOUND.index("tables:")] + "tables: calls\n",
        9,
        "tables is 'calls'; write a mapping with keys such as name, fields",
    ),
    "word where true or false belongs": (
        SOUND + "overflow: perhaps\n",
        19,
        "overflow is 'perhaps'; write true or false",
    ),
    "word where a number belongs": (
        changed("form: seconds", "scale: many"),
        15,
        r"scale is 'many'; write a number \(factor to seconds",
    ),
    "word that is not among those offered": (
        changed("form: seconds", "form: hours"),
        15,
        "is 'hours'; choose one of seconds, minutes",
    ),
    "unknown container": (
        changed("container: delimited", "container: csv"),
        5,
        "container is 'csv'; choose one of delimited, fixed",
    ),
    "slice of one position": (
        changed("    header:", "    slices: {Start: [1]}\n    header:"),
        11,
        "slices.Start is a list; write a list of 2 values",
    ),
    "expression that does not close": (
        changed("'^0#'", "'^(0#'"),
        17,
        r"strip: '\^\(0#' is no regular expression",
    ),
    "expression with look-ahead": (
        changed("'^0#'", "'^0(?=#)'"),
        17,
        r"'\^0\(\?=#\)' is no regular expression.*look-around",
    ),
    "expression of a match": (
        changed("'(?i)^out'", "'(?i)^[out'"),
        18,
        "match: .* is no regular expression",
    ),
    "expression of the signature": (
        SOUND + "signature: ['a(?!b)']\n",
        19,
        r"signature: 'a\(\?!b\)' is no regular expression",
    ),
    "unknown event field": (
        changed("      from_number:", "      caller:"),
        16,
        r"'caller' is no event field; known: .*\bfrom_number\b",
    ),
    "field that the corridor fills": (
        changed("      from_number:", "      event_id:"),
        16,
        "'event_id' is no event field",
    ),
    "field from nowhere": (
        changed("{value: call}", "{missing: ['-']}"),
        13,
        "say where the value comes from: column, value",
    ),
    "unknown zone": (
        changed("Europe/Berlin", "Europe/Bärlin"),
        7,
        "'Europe/Bärlin' is neither local, UTC nor an IANA name",
    ),
    "unknown zone of a field": (
        changed("{column: Start,", "{column: Start, zone: MEZ-1,"),
        14,
        "zone 'MEZ-1' is neither",
    ),
    "delimiter of two characters": (
        changed("';'", "';;'"),
        6,
        "delimiter must be one character, not ';;'",
    ),
    "unknown encoding": (SOUND + "encodings: [latin-99]\n", 19, "'latin-99' is no encoding"),
    "fixed width without positions": (
        changed("container: delimited", "container: fixed"),
        10,
        "needs slices and record",
    ),
    "PDF without a grid": (changed("container: delimited", "container: pdf"), 5, "needs grid"),
    "region for a zone": (changed("Europe/Berlin", "Europe"), 7, "zone 'Europe' is neither"),
    "list as a key": (SOUND + "[a, b]: c\n", 19, "a key must be a word"),
    "list as a key of fields": (
        changed("event_type: {value: call}", "? [a]\n      : call"),
        13,
        "a key must be a word",
    ),
    "field given twice": (
        changed("to_number:", "from_number:"),
        17,
        "'from_number' is given twice, first on line 16; keep one",
    ),
    "no value": (changed("carrier: house", "carrier:"), 2, "carrier is empty"),
    "no column": (changed("from_number: Caller", "from_number:"), 16, "from_number is empty"),
    "no tables": (SOUND[: SOUND.index("tables:")] + "tables: []\n", 9, "tables is empty"),
    "positions the wrong way round": (
        changed("    header:", "    slices: {Start: [8, 1]}\n    header:"),
        11,
        "slices.Start is 8 to 1",
    ),
    "positions from nought": (
        changed("    header:", "    slices: {Start: [0, 8]}\n    header:"),
        11,
        "counted from 1",
    ),
    "pick without a group": (changed("strip: '^0#'", "pick: '^0#'"), 17, "has no group"),
    "too many repetitions": (changed("'^0#'", "'0{99999999999}'"), 17, "is no regular expression"),
    "constant that is no value": (
        changed("{value: call}", "{value: nonsense}"),
        13,
        "'nonsense' is none of its values; .* call, sms",
    ),
    "mapped to no value": (
        changed("match: {'(?i)^out': outbound}", "map: {x: sideways}"),
        18,
        "'sideways' .* outbound, inbound",
    ),
    "matched to no value": (
        changed("': outbound}", "': outwards}"),
        18,
        "direction: 'outwards' is none of its values",
    ),
    "default that is no value": (
        changed("default: unknown", "default: none"),
        18,
        "direction: 'none' is none of its values",
    ),
    "answered by yes and no": (
        SOUND + "      answered: {column: Way, map: {up: 'yes'}}\n",
        19,
        "'yes' .*.* true, false",
    ),
    "constant that is no number": (
        changed("form: seconds", "form: seconds, default: none"),
        15,
        "duration_s: 'none' is no number",
    ),
    "override to no value": (
        SOUND + "    overrides: [{when: {Way: x}, set: {event_type: {value: fax}}}]\n",
        19,
        "'fax' is none",
    ),
    "end without a duration": (
        changed("%H:%M']}", "%H:%M'], tells: end}").replace(
            "      duration_s: {column: Seconds, form: seconds}\n", ""
        ),
        14,
        "lacks the duration_s",
    ),
    "pairs by a column that is not there": (
        HEADLESS.replace("[Start", "[Way, Start") + PAIRS,
        20,
        "the table has no column 'Id'",
    ),
    "pairs either way of others than the same": (
        SOUND + PAIRS.replace("same: [Id]", "same: [Caller], either_way: [Way, Caller]"),
        19,
        "either_way names two",
    ),
    "pairs of elements": (
        changed("container: delimited", "container: json") + PAIRS,
        19,
        "among lines of text only",
    ),
    "directive that is none": (
        changed("%d.%m.%Y %H:%M", "%d.%m.%Q %H:%M"),
        14,
        r"no time can be read by '.*%Q.*write for example",
    ),
    "twelve hours without half": (
        changed("%H:%M", "%I:%M"),
        14,
        "specify both 12-hour directive and meridiem",
    ),
    "offset in the midst of a form": (
        changed("%H:%M", "%z %H:%M"),
        14,
        "or %z does not stand at the end",
    ),
    "year from a period that nothing tells": (
        changed(
            "formats: ['%d.%m.%Y %H:%M']}", "formats: ['%d.%m. %H:%M'],\n        year: period}"
        ),
        15,
        "started_at: the layout has no period to take the year from;"
        " say under context or file_name",
    ),
    "period for forms that say the year": (
        changed("formats: ['", "year: period, formats: ['") + "file_name: {period: '20\\d{4}'}\n",
        14,
        "all of its formats say the year",
    ),
    "record's zone that is none": (
        SOUND + "      zone: {column: Zone, map: {Berlin: MEZ}}\n",
        19,
        "zone 'MEZ' is neither UTC nor",
    ),
    "form without a year": (
        changed("%d.%m.%Y", "%d.%m."),
        14,
        "has no year; join the columns .*year: period",
    ),
    "form without a date": (
        changed("%d.%m.%Y ", ""),
        14,
        "has no year, month, day; join the columns",
    ),
    "time without a form": (
        changed("{column: Start, formats: ['%d.%m.%Y %H:%M']}", "Start"),
        14,
        "say how the time is written: formats",
    ),
    "overlapping alternatives": (
        changed("'^0#'", "'^(?:0|01)*#'"),
        17,
        r"repeats without bound .*such as \[ab\]",
    ),
    "repeated repetition": (changed("'^0#'", "'^(0+)+#'"), 17, "repeats without bound"),
    "context that nothing picks up": (
        SOUND + "      subscriber_number: {context: line}\n",
        19,
        "no context 'line'; say under context",
    ),
    "carrier that nothing picks up": (
        changed("carrier: house", "carrier: '@house'"),
        2,
        "carrier is the context value 'house'",
    ),
    "no record where there is no header": (
        changed("header: [", "columns: [Way, "),
        11,
        "without header line needs record",
    ),
    "column that is not there": (
        HEADLESS,
        19,
        "no column 'Way'; its columns are Start, Seconds, Caller",
    ),
    "condition on a column that is not there": (
        HEADLESS.replace("[Start", "[Way, Start") + "    repeats: {when: {Wey: x}, within_s: 1}\n",
        20,
        "no column 'Wey'",
    ),
    "title that must and must not be there": (
        changed("    fields:", "    absent: [start]\n    fields:"),
        12,
        "can have it and lack it",
    ),
    "table out of reach": (
        SOUND + SOUND[SOUND.index("  - name") :].replace("calls", "again"),
        19,
        "again is never reached: calls above",
    ),
    "second table without header": (
        HEADLESS.replace("[Start", "[Way, Start")
        + HEADLESS[HEADLESS.index("  - name") :].replace("[Start", "[Way, Also, Start"),
        20,
        "never reached.* tell them apart by header",
    ),
    "time left open": (
        changed("column: Start", "column: '???'"),
        14,
        r"started_at: column is still '\?{3}': write what the file",
    ),
    "party left open": (
        changed("from_number: Caller", "from_number: '???'"),
        16,
        r"from_number: column is still '\?{3}'.* or leave",
    ),
    "one of two columns left open": (
        changed("column: Start", "column: [Start, '???']"),
        14,
        "started_at: column is still",
    ),
    "title left open": (changed("Seconds, Caller", "'???', Caller"), 11, "header is still"),
    "record left open": (
        HEADLESS.replace("record: ';'", "record: '???'").replace("[Start", "[Way, Start"),
        11,
        "record is still",
    ),
    "direction left open": (
        changed("'(?i)^out': outbound", "'(?i)^out': '???'"),
        18,
        r"direction: '\?{3}' is none of its values; choose",
    ),
    "a list of layouts": (
        f"- {SOUND.splitlines()[0]}\n",
        1,
        "the layout is a list; write a mapping with keys such as id",
    ),
    "a mere word": ("hello\n", 1, "the layout is 'hello'; write a mapping"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_named_with_file_line_and_remedy(mistake: str, tmp_path: Path) -> None:
    text, line, says = MISTAKES[mistake]
    path = written(tmp_path, text)
    with pytest.raises(LayoutError) as caught:
        load(path)
    message = str(caught.value)
    assert message.startswith(f"{path}, line {line}: ")
    assert re.search(says, message)
    assert "\n" not in message


def test_offsets_mixed_years_and_zones_by_record_are_sound(tmp_path: Path) -> None:
    text = changed(
        "['%d.%m.%Y %H:%M']",
        "['%d.%m.%Y %H:%M:%S%z', '%d.%m. %H:%M %z', '%d.%m.%Y %H:%M %z'], year: period",
    )
    text += "      zone: {context: clock, map: {Berlin: Europe/Berlin}, default: UTC}\n"
    text += "context: {clock: ['^Times of (\\w+)']}\nfile_name: {period: '20\\d{4}'}\n"
    assert load(written(tmp_path, text)).tables[0].fields["zone"][0].default == "UTC"


def test_what_a_file_writes_for_an_unknown_number_is_not_left_open(tmp_path: Path) -> None:
    text = changed("strip: '^0#'", "missing: ['???']").replace(
        "match: {'(?i)^out': outbound}", "map: {'???': inbound}"
    )
    assert load(written(tmp_path, text)).tables[0].fields["to_number"][0].missing == ("???",)


def test_all_slips_are_told_in_the_order_of_their_lines(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        SOUND.replace("zone:", "zones:")
        .replace("seconds", "hours")
        .replace("column: Called", "columns: Called"),
    )
    with pytest.raises(LayoutError) as caught:
        load(path)
    assert [slip.partition(": ")[0] for slip in caught.value.slips] == [
        f"{path}, line {n}" for n in (7, 15, 17)
    ]
    assert "and 2 more" in str(caught.value)
    path.write_text(
        SOUND.replace("Europe/Berlin", "Berlin")
        .replace("value: call", "value: talk")
        .replace("%Y", "%Q")
    )
    with pytest.raises(LayoutError) as caught:
        load(path)
    assert [slip.partition(": ")[0] for slip in caught.value.slips] == [
        f"{path}, line {n}" for n in (7, 13, 14)
    ]


@pytest.mark.parametrize(
    "pattern",
    [
        "(a+)+",
        "(?:a|b)*",
        "(a|ab)*c",
        "(?:a{1,2})*",
        "(?:a?b?){3,}",
        "((a)|b)+",
        r"(?P<x>\w+\s?)*",
        "(?i:a*){2,99}",
        "(?:[)]|x)*",
    ],
)
def test_a_pattern_that_can_take_for_ever_is_known(pattern: str) -> None:
    assert explodes(pattern)


@pytest.mark.parametrize(
    "pattern",
    [
        "(ab)+",
        "[a|b]*",
        r"(?:[^,]*,){12}",
        r"(?:\d{1,3}\.){3}",
        "(?i)a+b+",
        r"\(a+\)+",
        r"[(]a+[)]+",
        "(?:a|b)?c+",
        "[]|(]*",
    ],
)
def test_a_pattern_that_cannot_is_left_alone(pattern: str) -> None:
    assert not explodes(pattern)


@pytest.mark.parametrize("text", ["", "\n\n", "# a layout, one day\n"])
def test_an_empty_file_is_told_what_a_layout_needs(text: str, tmp_path: Path) -> None:
    path = written(tmp_path, text)
    with pytest.raises(
        LayoutError,
        match=r"empty; write at least id, carrier, title, source, container, tables",
    ) as caught:
        load(path)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (changed("zone: Europe/Berlin", "zone: [Europe/Berlin"), 8),
        (changed("    header:", "\theader:"), 11),
        (changed("{value: call}", "{value: call"), 14),
        (changed("carrier: house", "carrier: @house"), 2),
        (changed("region: DE", "region: *germany"), 8),
        (SOUND + "---\nid: another\n", 19),
    ],
    ids=[
        "open bracket",
        "tab",
        "open brace",
        "reserved character",
        "unknown alias",
        "two documents",
    ],
)
def test_what_is_no_yaml_is_named_with_file_and_line(text: str, line: int, tmp_path: Path) -> None:
    path = written(tmp_path, text)
    with pytest.raises(LayoutError, match="not readable as YAML") as caught:
        load(path)
    assert str(caught.value).startswith(str(path))
    assert f"line {line}" in str(caught.value)


def test_bytes_that_are_no_text_are_no_layout(tmp_path: Path) -> None:
    path = tmp_path / "house.yaml"
    path.write_bytes(b"\xff\xfe\x00\x01")
    with pytest.raises(LayoutError, match="not readable as YAML"):
        load(path)


def test_a_file_that_is_not_there_is_no_layout(tmp_path: Path) -> None:
    with pytest.raises(LayoutError, match="nowhere"):
        load(tmp_path / "nowhere.yaml")


def test_two_files_of_a_folder_may_not_have_the_same_id(tmp_path: Path) -> None:
    written(tmp_path, SOUND, "a.yaml")
    second = written(tmp_path, SOUND, "b.yml")
    with pytest.raises(
        LayoutError,
        match="'house_pbx' is already taken by another file of this folder; choose another",
    ) as caught:
        load_folder(tmp_path)
    assert str(caught.value).startswith(str(second))


# --------------------------------------------------------------------------- a user's own

CALLS = """\
Network Element Name,Mobile Directory Number,Dialed Digit Number,Call Direction,Seizure Dt Tm\
,Seizure Duration,First Serving Cell Site,First Serving Cell Face,Last Serving Cell Site\
,Last Serving Cell Face,Calling Party Number
Oakland_1,5105550144,5105550144,6,3/13/2011 15:59,58,335,2,335,2,4155550152
"""

OWN = """\
id: {id}
carrier: {carrier}
title: Verizon's report as our office reads it
source: our office
container: delimited
zone: America/Los_Angeles
region: US
tables:
  - name: calls
    header: [Mobile Directory Number, Seizure Dt Tm]
    fields:
      event_type: {{value: call}}
      started_at: {{column: Seizure Dt Tm, formats: ['%m/%d/%Y %H:%M']}}
      from_number: Mobile Directory Number
"""


def test_a_user_s_layouts_come_first_and_replace_shipped_ones_of_the_same_id(
    tmp_path: Path,
) -> None:
    written(tmp_path, OWN.format(id="verizon_le", carrier="ours"), "mine.yaml")
    written(tmp_path, SOUND)
    known = available(tmp_path)
    assert list(known)[:2] == ["house_pbx", "verizon_le"]
    assert known["verizon_le"].carrier == "ours"
    assert set(known) == SHIPPED | {"house_pbx"}
    assert built_in()["verizon_le"].carrier == "verizon"


def test_without_a_folder_of_one_s_own_the_shipped_layouts_are_all(tmp_path: Path) -> None:
    assert set(available()) == set(available(tmp_path / "nowhere")) == SHIPPED


@pytest.mark.parametrize("name", ["verizon_le", "office_verizon", "a_verizon"])
def test_a_file_that_a_user_s_layout_fits_is_read_by_it_even_if_a_shipped_one_knows_more_columns(
    name: str, tmp_path: Path
) -> None:
    written(tmp_path / "own", OWN.format(id=name, carrier="ours"))
    path = tmp_path / "calls.csv"
    path.write_text(CALLS)
    lake = Lake(tmp_path / "lake")
    report = ingest_file(path, lake, Options(layouts=tmp_path / "own"))
    assert (report.status, report.carrier, report.layout) == ("ingested", "ours", name)
    (event,) = lake.scan_events().collect().to_dicts()
    assert event["from_number"] == "+15105550144"
    assert (event["zone"], event["zone_assumed"], event["started_at"].isoformat()) == (
        "America/Los_Angeles",
        False,
        "2011-03-13T22:59:00+00:00",
    )


def test_a_user_s_layout_takes_the_zone_from_a_line_of_the_file(tmp_path: Path) -> None:
    own = OWN.format(id="office", carrier="ours").replace("America/Los_Angeles", "local")
    own += (
        "      zone: {context: clock, match: {'(?i)^(?:eastern|e[sd]?t$)': America/New_York,"
        " '(?i)^pacific': America/Los_Angeles}}\n"
    )
    own += "context: {clock: ['(?i)^all times (\\w+)', '(?i)^time zone: (\\w+)']}\n"
    written(tmp_path / "own", own)
    lake = Lake(tmp_path / "lake")
    lines = {
        "All times Eastern": (19, "America/New_York", False),
        "Time zone: EST": (19, "America/New_York", False),
        "All times Pacific": (22, "America/Los_Angeles", False),
        "All times Martian": (15, "UTC", True),
        "No word of it": (15, "UTC", True),
    }
    for line, said in lines.items():
        path = tmp_path / "calls.csv"
        path.write_text(f"{line}\n\n{CALLS}")
        report = ingest_file(path, lake, Options(layouts=tmp_path / "own"))
        event = (
            lake.scan_events()
            .filter(pl.col("source_file_id") == report.source_file_id)
            .collect()
            .row(0, named=True)
        )
        assert (event["started_at"].hour, event["zone"], event["zone_assumed"]) == said, line
        assert report.zone_assumed is said[2]


def test_a_user_s_layout_leaves_other_files_to_the_shipped_ones(tmp_path: Path) -> None:
    written(tmp_path / "own", SOUND)
    path = tmp_path / "calls.csv"
    path.write_text(CALLS)
    report = ingest_file(path, Lake(tmp_path / "lake"), Options(layouts=tmp_path / "own"))
    assert (report.status, report.carrier, report.layout) == ("ingested", "verizon", "verizon_le")


def test_a_mistake_in_a_user_s_layout_stops_the_file_with_the_reason_and_no_traceback(
    tmp_path: Path,
) -> None:
    own = written(tmp_path / "own", changed("form: seconds", "form: hours"))
    path = tmp_path / "calls.csv"
    path.write_text(CALLS)
    report = ingest_file(path, Lake(tmp_path / "lake"), Options(layouts=tmp_path / "own"))
    assert report.status == "rejected"
    assert report.reason.startswith(f"{own}, line 15: ")
