"""Drafts: a layout for a file that none knows is sound but for what is left open, and reads the
file once that is filled in.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from pipeline_perf.ingest.container.content import Content
from pipeline_perf.ingest.container.source import Source
from pipeline_perf.ingest.errors import LayoutError, NeedsMapping, UnreadableFile
from pipeline_perf.ingest.layout.load import built_in, load
from pipeline_perf.ingest.layout.model import Field, Layout, Table
from pipeline_perf.ingest.mapping.draft import draft
from pipeline_perf.ingest.probe.fixed_width import likely_records
from pipeline_perf.ingest.probe.probe import probe
from pipeline_perf.ingest.recognise.signatures import recognise
from pipeline_perf.ingest.trial import Trial, attempt
from pipeline_perf_tests.command import NUMBER

#: Odd titles, semicolons, a preamble, a total.
ODD = """\
Usage report;;;;;;
;;;;;;
Fecha;Hora;Nº origen;Nº destino;Segundos;Tipo;Sentido
03.02.2024;10:15:00;+12125550101;+12125550102;65;VOZ;SAL
03.02.2024;11:20:10;+12125550103;+12125550101;0;VOZ;ENT
14.02.2024;12:00:01;+12125550101;+12125550104;;SMS;SAL
21.02.2024;23:59:59;+12125550101;+12125550105;3600;VOZ;FWD
22.02.2024;08:00:00;+12125550101;+12125550102;12;VOZ;SAL
Total;;;;3677;;
"""

FIXED = """\
REPORT OF CALLS           PAGE 1
DATE     TIME   CALLING         CALLED          DUR   W
-------- ------ --------------- --------------- ----- -
20240203 101500 2125550101      2125550102      00065 O
20240203 112010 2125550103      2125550101      00000 I
20240214 120001 2125550101      2125550104      00012 O
20240221 235959 2125550101      2125550105      03600 O
REPORT OF CALLS           PAGE 2
20240222 010000 2125550101      2125550105      00060 O
TOTAL 5
"""

HEADLESS = """\
2125550101;2125550102;2024-02-03 10:15:00;65;ANSWERED
2125550101;2125550103;2024-02-03 11:15:00;0;NO ANSWER
2125550106;2125550101;2024-02-04 12:15:00;25;ANSWERED
"""

SECTIONS = """\
Account statement
Phone line: 212-555-0101

VOICE CALLS
Date,Time,Other party,Way,Duration
02/03/2024,10:15 AM,212-555-0102,Out,1:05
02/13/2024,11:20 AM,212-555-0103,In,0:00
02/21/2024,11:59 PM,212-555-0105,Out,60:00
Subtotal,,,,61:05

TEXT MESSAGES
Date,Time,Other party,Way
02/14/2024,12:00 PM,212-555-0104,Out
02/15/2024,12:01 PM,212-555-0104,In
Subtotal,,,2
"""


def drafted(text: str, folder: Path, name: str = "file.txt") -> tuple[Content, str]:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    content = Content(Source(path))
    return content, draft(probe(content), examples=True)


def loaded(text: str, folder: Path) -> Layout:
    path = folder / "mine.yaml"
    path.write_text(text, encoding="utf-8")
    return load(path)


def completed(text: str, **fields: str) -> str:
    """A draft with its open fields filled in."""
    for field, value in fields.items():
        text = re.sub(rf"(?m)^( *){field}: .*\?\?\?.*$", rf"\g<1>{field}: {value}", text)
    return text


def account(trial: Trial) -> tuple[int, int, int, int]:
    return trial.lines, trial.furniture, trial.events, trial.quarantined


def share(trial: Trial, field: str) -> tuple[int, str]:
    return next((filled.events, filled.example) for filled in trial.filled if filled.field == field)


def test_unknown_titles_are_told_by_their_values_and_what_stays_open_is_named_by_the_check(
    tmp_path: Path,
) -> None:
    source, text = drafted(ODD, tmp_path)
    with pytest.raises(
        LayoutError,
        match=(
            r"direction: '\?\?\?' is none of its values; choose one of outbound, inbound, forwarded"
        ),
    ):
        loaded(text, tmp_path)
    layout = loaded(text.replace("'FWD': '???'", "'FWD': forwarded"), tmp_path)
    (table,) = layout.tables
    assert table.fields["started_at"] == (Field(("Fecha", "Hora"), formats=("%d.%m.%Y %H:%M:%S",)),)
    assert table.fields["duration_s"] == (Field(("Segundos",), form="seconds"),)
    trial = attempt(source, layout)
    assert account(trial) == (9, 4, 5, 0)
    assert share(trial, "event_type") == (5, "4 call, 1 sms")
    assert share(trial, "direction") == (5, "3 outbound, 1 forwarded, 1 inbound")
    assert share(trial, "duration_s") == (4, "65.0")


def test_fixed_columns_are_cut_where_every_record_has_a_blank(tmp_path: Path) -> None:
    source, text = drafted(FIXED, tmp_path)
    layout = loaded(text, tmp_path)
    (table,) = layout.tables
    assert list(table.slices.values()) == [(1, 8), (10, 15), (17, 26), (33, 42), (49, 53), (55, 55)]
    assert table.record == r"^\d{8} \d{6} "
    trial = attempt(source, layout)
    assert layout.furniture == (r"^\s*REPORT\b", r"^\s*DATE\b", r"^\s*\-", r"^\s*TOTAL\b")
    assert account(trial) == (10, 5, 5, 0)
    assert share(trial, "direction") == (5, "4 outbound, 1 inbound")
    assert share(trial, "started_at") == (5, "2024-02-03 10:15:00+00:00")


FRAMED = """\
HDR20240203ROUTE 7
{}TRL00000005
"""
RECORDS = [
    "20240203101500 2125550101 2125550102 00065", "20240203112010 2125550103 2125550101 00000",
    "20240214120001 2125550101 2125550104 00012", "20240221235959 2125550101 2125550105 03600",
    "20240222010000 2125550101 2125550105 00060", "20240222020000 2125550101 2125550105 00060",
]  # fmt: skip


@pytest.mark.parametrize(
    ("codes", "mark"),
    [(["CDR"], " "), (["INC", "OUT"], " "), (["CDR"], ""), (["INC", "OUT"], ""), ([""], "")],
)
def test_records_of_fixed_width_that_no_layout_knows_need_a_mapping_and_are_told_their_columns(
    codes: list[str], mark: str, tmp_path: Path
) -> None:
    body = "".join(
        f"{codes[i % len(codes)]}{line.replace(' ', mark)}\n" for i, line in enumerate(RECORDS)
    )
    (tmp_path / "file.txt").write_text(FRAMED.format(body), encoding="utf-8")
    evidence = probe(Content(Source(tmp_path / "file.txt")))
    behind = len(codes[0])
    first = f"1-{behind}, {behind + 1}-{behind + 14}" if behind else "1-14"
    with pytest.raises(NeedsMapping, match=f"columns seem to stand at {first}"):
        recognise(evidence, built_in().values())
    assert f"[{behind + 1}, {behind + 14}]" in draft(evidence)


@pytest.mark.parametrize(
    "text",
    [
        "Dear all,\nplease find the calls of 2024 below.\nThey are many.\nYours, the carrier\n",
        "2024-01-15 10:00:00 started\n2024-01-15 10:00:01 listening on port 5060 of all\n"
        "2024-01-15 10:00:02 stopped by its user, who was not amused\n",
        "1\n2\n3\n4\n",
    ],
)
def test_prose_and_logs_are_no_records_of_fixed_width(text: str, tmp_path: Path) -> None:
    (tmp_path / "file.txt").write_text(text, encoding="utf-8")
    evidence = probe(Content(Source(tmp_path / "file.txt")))
    if len(evidence.columns) < 2:
        with pytest.raises(UnreadableFile):
            recognise(evidence, built_in().values())


@pytest.mark.parametrize(
    ("codes", "record"),
    [(["CDR"], r"^CDR\d{14} \d{10} "), (["INC", "OUT"], r"^[IO][NU][CT]\d{14} \d{10} ")],
)
def test_header_and_trailer_records_are_told_by_their_first_letters(
    codes: list[str], record: str, tmp_path: Path
) -> None:
    body = "".join(f"{codes[i % len(codes)]}{line}\n" for i, line in enumerate(RECORDS))
    source, text = drafted(FRAMED.format(body), tmp_path)
    assert "from_number: '???'   # one of 'column_3', 'column_4'" in text
    layout = loaded(completed(text, from_number="column_3", to_number="column_4"), tmp_path)
    assert list(layout.tables[0].slices.values())[:2] == [
        (1, 3),
        (4, 17),
    ], "the time touches the code"
    assert layout.tables[0].record == record
    assert layout.furniture == (r"^\s*HDR", r"^\s*TRL")
    assert account(attempt(source, layout)) == (8, 2, 6, 0)


def test_a_last_record_that_is_longer_than_the_others_is_still_a_record() -> None:
    records = [f"CDR 2024020{day} 101500 2125550101 65" for day in range(1, 6)]
    long = "CDR 20240206 101500 2125550101 65 forwarded to 2125550102 at no charge"
    lines = [*records, long]
    assert likely_records(lines, lines) == lines
    ends = ["HDR 20240201", *records, "TRL 00005 00325"]
    assert likely_records(ends, ends) == records
    assert likely_records([], []) == []


def test_the_ruler_of_positions_has_a_line_of_tens_and_one_of_units(tmp_path: Path) -> None:
    lines = drafted(FIXED, tmp_path)[1].splitlines()
    tens = next(i for i, line in enumerate(lines) if line.endswith(" 4         5"))
    assert lines[tens : tens + 2] == [
        "    # " + "         1         2         3         4         5",
        "    # " + "1234567890" * 5 + "12345",
    ]


def test_records_without_a_header_line_are_known_by_their_time(tmp_path: Path) -> None:
    source, text = drafted(HEADLESS, tmp_path)
    layout = loaded(completed(text, from_number="column_1", to_number="column_2"), tmp_path)
    assert layout.tables[0].columns == ("column_1", "column_2", "column_3", "column_4", "column_5")
    assert layout.tables[0].record == r'^(?:[^;]*;){2}"?\d{4}\-\d{2}\-\d{2} \d{2}:\d{2}:\d{2}'
    assert account(attempt(source, layout)) == (3, 0, 3, 0)


def test_every_section_becomes_a_table(tmp_path: Path) -> None:
    source, text = drafted(SECTIONS, tmp_path)
    layout = loaded(text, tmp_path)
    assert [(table.title, len(table.header)) for table in layout.tables] == [
        ("^VOICE CALLS", 5),
        ("^TEXT MESSAGES", 4),
    ]
    trial = attempt(source, layout)
    assert account(trial) == (15, 10, 5, 0)
    assert share(trial, "event_type") == (5, "3 call, 2 sms")


#: Titles and codes of several languages → fields: from, to, started_at, duration, direction,
#: charge.
TONGUES = {
    "French": (
        "Date appel;Heure appel;N° appelant;N° appelé;Durée;Sens;Coût",
        (
            "15/01/2024;08h15;+12125550101;+12125550102;00:01:05;Sortant;0,15",
            "16/01/2024;19h05;+12125550103;+12125550101;00:00:10;Entrant;1,20",
        ),
        ("N° appelant", "N° appelé", ("Date appel", "Heure appel"), "Durée", "Sens", "Coût"),
    ),
    "German": (
        "Rufnummer des Anrufers;Angerufene Nummer;Dauer;Uhrzeit;Datum;Richtung;Betrag",
        (
            "+12125550101;+12125550102;00:01:05;08:15;15.01.2024;abgehend;0,15",
            "+12125550103;+12125550101;00:00:10;19:05;16.01.2024;ankommend;1,20",
        ),
        (
            "Rufnummer des Anrufers",
            "Angerufene Nummer",
            ("Datum", "Uhrzeit"),
            "Dauer",
            "Richtung",
            "Betrag",
        ),
    ),
    "Italian": (
        "Numero chiamato;Numero chiamante;Data;Ora;Durata (sec);Direzione;Importo",
        (
            "+12125550102;+12125550101;15/01/2024;08.15.00;65;in uscita;0,15",
            "+12125550101;+12125550103;16/01/2024;19.05.00;10;in entrata;1,20",
        ),
        (
            "Numero chiamante",
            "Numero chiamato",
            ("Data", "Ora"),
            "Durata (sec)",
            "Direzione",
            "Importo",
        ),
    ),
    "Portuguese": (
        "Data;Hora;Número chamado;Número chamador;Duração em segundos;Sentido;Preço",
        (
            "2024-01-15;08:15;+12125550102;+12125550101;65;Saída;0,15",
            "2024-01-16;19:05;+12125550101;+12125550103;10;Entrada;1,20",
        ),
        (
            "Número chamador",
            "Número chamado",
            ("Data", "Hora"),
            "Duração em segundos",
            "Sentido",
            "Preço",
        ),
    ),
    "dates alone before the numbers": (
        "Called on;Called at;Caller;Other",
        ("15/01/2024;08:15;2125550101;2125550102", "16/01/2024;19:05;2125550103;2125550101"),
        ("Caller", "Other", ("Called on", "Called at"), None, None, None),
    ),
}


@pytest.mark.parametrize("tongue", TONGUES)
def test_values_decide_before_the_words_of_six_languages_do(tongue: str, tmp_path: Path) -> None:
    titles, rows, expected = TONGUES[tongue]
    source, text = drafted("\n".join([titles, *rows, ""]), tmp_path)
    layout = loaded(text, tmp_path)
    caller, called, started, duration, direction, charge = expected
    fields = {name: alternatives[0] for name, alternatives in layout.tables[0].fields.items()}
    assert (fields.pop("from_number").column, fields.pop("to_number").column) == (
        (caller,),
        (called,),
    )
    assert fields.pop("started_at").column == started
    assert [
        fields[name].column[0] if name in fields else None
        for name in ("duration_s", "direction", "charge")
    ] == [
        duration,
        direction,
        charge,
    ]
    trial = attempt(source, layout)
    assert account(trial) == (3, 1, 2, 0)
    assert share(trial, "started_at") == (2, "2024-01-15 08:15:00+00:00")
    if direction:
        assert share(trial, "duration_s") == (2, "65.0")
        assert share(trial, "direction") == (2, "1 inbound, 1 outbound")
        assert share(trial, "charge") == (2, "0.150000")


PREAMBLE = """\
Report of calls 2024-01-20
{}
All times are US Eastern
{}
VOICE
Date,Time,Other party,Seconds
01/15/2024,08:15,212-555-0102,65
01/16/2024,09:15,212-555-0103,0

TEXT
Date,Time,Other party
01/15/2024,08:15,212-555-0104
01/16/2024,09:15,212-555-0103
"""


@pytest.mark.parametrize(
    "line",
    [
        "Target Number: (212) 555-0101",
        "Target Number:,(212) 555-0101",
        "Case 7 Number = +12125550101",
        "The\tNumber: 2125550101",
        '"Number": 212.555.0101',
    ],
)
def test_a_preamble_tells_whose_line_it_is_and_speaks_of_the_zone(
    line: str, tmp_path: Path
) -> None:
    source, text = drafted(PREAMBLE.format(line, ""), tmp_path)
    assert (
        "# line 3 of the file speaks of a time zone: All times are US Eastern; write it as UTC or a"
        " name" in text
    )
    assert "All times" not in draft(probe(source))
    text = completed(text, zone="America/New_York", direction="{value: outbound}")
    layout = loaded(text, tmp_path)
    for table in layout.tables:
        assert table.fields["subscriber_number"] == (Field(context="subscriber"),)
    trial = attempt(source, layout)
    assert account(trial) == (13, 9, 4, 0)
    assert share(trial, "subscriber_number") == (4, "+12125550101")


@pytest.mark.parametrize(
    "lines",
    [
        "Numbers 212-555-0101 and 212-555-0102",
        "Target: 212-555-0101\nMobile: 212-555-0102",
        "2125550101",
    ],
)
def test_a_preamble_without_one_sure_number_tells_no_subscriber(lines: str, tmp_path: Path) -> None:
    assert "context" not in drafted(PREAMBLE.format(lines, ""), tmp_path)[1]


def test_a_name_before_a_number_is_shown_only_with_examples(tmp_path: Path) -> None:
    source, text = drafted(PREAMBLE.format("Jane Roe: 212-555-0101", ""), tmp_path)
    assert "subscriber: ['Jane Roe" in text
    assert "Jane" not in draft(probe(source))


def test_a_preamble_above_fixed_columns_tells_the_subscriber_too(tmp_path: Path) -> None:
    source, text = drafted("Target number: 212-555-0101\n" + FIXED, tmp_path)
    assert share(attempt(source, loaded(text, tmp_path)), "subscriber_number") == (
        5,
        "+12125550101",
    )


def test_day_and_month_that_can_be_either_are_both_given(tmp_path: Path) -> None:
    _, text = drafted(
        "when,who\n03/02/2024 10:00,2125550101\n04/02/2024 10:00,2125550102\n", tmp_path
    )
    assert "formats: ['%m/%d/%Y %H:%M', '%d/%m/%Y %H:%M']" in text


@pytest.mark.parametrize(
    ("value", "form"),
    [
        ("2024-02-03T10:15:00Z", "%Y-%m-%dT%H:%M:%S%z"),
        ("2024-02-03 10:15:00 +0100", "%Y-%m-%d %H:%M:%S %z"),
        ("20240203101500", "%Y%m%d%H%M%S"), ("1706955300", "epoch"),
        ("1706955300123", "epoch_ms"), ("Feb 13, 2024 1:05 PM", "%b %d, %Y %I:%M %p"),
        ("13-Feb-24 13:05:10", "%d-%b-%y %H:%M:%S"),
    ],
)  # fmt: skip
def test_a_time_is_known_by_its_form(value: str, form: str, tmp_path: Path) -> None:
    source, text = drafted(
        f"a\tb\tc\n{value}\t2125550101\t2125550102\n{value}\t2125550103\t2125550104\n", tmp_path
    )
    layout = loaded(completed(text, from_number="b", to_number="c"), tmp_path)
    assert layout.delimiter == "\t"
    assert layout.tables[0].fields["started_at"] == (Field(("a",), formats=(form,)),)
    assert attempt(source, layout).events == 2


def test_json_and_its_names_are_drafted_too(tmp_path: Path) -> None:
    lines = (
        '{"start": "2024-02-03 10:15:00", "leg": {"from": "2125550101", "to": "2125550102"},'
        ' "billsec": 7}\n' * 3
    )
    source, text = drafted(lines, tmp_path, "calls.json")
    layout = loaded(text, tmp_path)
    assert layout.container == "json"
    assert layout.tables[0].fields["from_number"] == (Field(("leg.from",)),)
    assert share(attempt(source, layout), "duration_s") == (3, "7.0")


def test_of_a_page_the_classes_of_its_records_are_asked_for(tmp_path: Path) -> None:
    (tmp_path / "a.html").write_text('<html><body><p class="call">+12125550101</p></body></html>')
    lines = draft(probe(Content(Source(tmp_path / "a.html")))).splitlines()
    assert "container: html" in lines
    assert [line.partition("  ")[0] for line in lines if line.startswith("records:")] == [
        "records: '???'"
    ]
    assert "    header: ['???']" in lines


def test_a_draft_shows_numbers_masked_and_values_only_where_they_are_asked_for(
    tmp_path: Path,
) -> None:
    for text in (ODD, FIXED, SECTIONS):
        source, shown = drafted(text, tmp_path)
        assert not NUMBER.search(shown)
        assert "0102" in shown
        assert "0102" not in draft(probe(source))


def test_titles_with_quotes_and_control_characters_stay_titles(tmp_path: Path) -> None:
    source, text = drafted(
        "it's\tw\x07o\tc\n2024-02-03 10:15\t2125550101\tx\n2024-02-04 10:15\t2125550101\ty\n",
        tmp_path,
    )
    layout: Layout = loaded(completed(text, direction="{value: outbound}"), tmp_path)
    table: Table = layout.tables[0]
    assert table.header == ("it's", "w\x07o", "c")
    assert attempt(source, layout).events == 2
