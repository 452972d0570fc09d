"""JSON and XML: elements as they are written, none lost whatever is damaged, and memory that a
file cannot dictate.
"""

from __future__ import annotations

import io
import json
import random
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline_perf.ingest.container import containers
from pipeline_perf.ingest.container.content import Content
from pipeline_perf.ingest.container.element import STEP
from pipeline_perf.ingest.container.json_elements import elements as json_elements
from pipeline_perf.ingest.container.source import Source
from pipeline_perf.ingest.container.xml_elements import elements as xml_elements
from pipeline_perf.ingest.errors import UnreadableFile
from pipeline_perf.ingest.layout.load import built_in
from pipeline_perf.ingest.layout.match import Match
from pipeline_perf.ingest.pipeline import ingest_file
from pipeline_perf.ingest.read import elements
from pipeline_perf.ingest.read.elements import Element
from pipeline_perf.ingest.recognise.evidence import look
from pipeline_perf.ingest.recognise.signatures import fits
from pipeline_perf.lake.delta import Lake

GOLDEN = Path(__file__).parents[1] / "golden" / "containers"


def of_json(text: str, records: str = "", step: int = STEP) -> list[Element]:
    return list(json_elements(io.BytesIO(text.encode()), "a.json", "utf-8", records, step))


def of_xml(text: str, records: str = "", step: int = STEP) -> list[Element]:
    return list(xml_elements(io.BytesIO(text.encode()), "a.xml", "utf-8", records, step))


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text("abc", min_size=1, max_size=2), inner, max_size=3)
    ),
    max_leaves=6,
)
OBJECTS = st.lists(
    st.dictionaries(st.text("abcd", min_size=1, max_size=2), VALUES, max_size=4), max_size=6
)


@settings(deadline=None)
@given(OBJECTS, st.sampled_from(["lines", "array", "pretty", "wrapped"]), st.integers(1, 60))
def test_every_object_is_an_element_in_its_own_words_however_it_is_laid_out(
    objects: list[dict[str, object]], form: str, step: int
) -> None:
    text = {
        "lines": "\n".join(json.dumps(o) for o in objects),
        "array": json.dumps(objects),
        "pretty": json.dumps(objects, indent=2),
        "wrapped": json.dumps({"page": 0, "calls": objects, "next": None}),
    }[form]
    found = of_json(text, "calls" if form == "wrapped" else "", step)
    assert [json.loads(element.raw) for element in found] == objects
    assert not [element for element in found if element.trouble]


def test_numbers_stay_as_they_are_written() -> None:
    [element] = of_json(
        '{"id": 12345678901234567890123, "price": 1.50, "far": 1E400, "yes": true, "none": null,'
        ' "deep": {"list": [1, {"x": 2}]}}'
    )
    assert element.values == {
        "id": "12345678901234567890123", "price": "1.50", "far": "1E400", "yes": "true", "none": "",
        "deep.list.0": "1", "deep.list.1.x": "2",
    }  # fmt: skip


@pytest.mark.parametrize("step", [7, 1 << 18])
def test_documents_put_together_in_one_file_are_read_one_after_the_other(step: int) -> None:
    one = '<?xml version="1.0"?>\n<cdr id="{}"><uuid>{}</uuid></cdr>\n'
    found = of_xml("".join(one.format(i, i) for i in range(5)), "cdr", step)
    assert [element.values for element in found] == [
        {"id": str(i), "uuid": str(i)} for i in range(5)
    ]
    broken = of_xml(one.format(0, 0) + "<cdr <cdr <cdr" + one.format(1, 1), "cdr", step)
    assert [element.values.get("id") for element in broken if not element.trouble] == ["0", "1"]
    assert "".join(element.raw for element in broken if element.trouble).count("<cdr") == 3


@settings(deadline=None)
@given(st.integers(2, 12), st.data())
def test_no_object_is_lost_beside_a_damaged_one(count: int, data: st.DataObject) -> None:
    lines = [json.dumps({"sid": i, "to": "+12125550100"}) for i in range(count)]
    hurt = data.draw(st.integers(0, count - 1))
    lines[hurt] = data.draw(
        st.sampled_from(
            ['{"sid": oops}', '{"sid" 1}', "plain text", '{"sid": 1,, "to": 2}', '{"sid": "\\x"}']
        )
    )
    for text in ("\n".join(lines), "[" + ",\n".join(lines) + "]"):
        found = of_json(text)
        assert [json.loads(e.raw)["sid"] for e in found if not e.trouble] == [
            i for i in range(count) if i != hurt
        ]
        assert "".join(e.raw for e in found if e.trouble).strip("[], \n") == lines[hurt]


def test_thousands_of_documents_and_of_faults_in_one_file_are_gone_through_one_by_one() -> None:
    """Also where the last of them are found only at the file's end."""
    whole, broken = b"<?xml version='1.0'?><r><a>1</a></r>", b"<r><a>1</b></r>"
    found = list(
        xml_elements(io.BytesIO((whole + broken) * 3_000 + broken + whole), "many", "utf-8", "r")
    )
    assert [element.values.get("a") for element in found if element.trouble is None] == [
        "1"
    ] * 3_001
    assert [element.trouble[0] for element in found if element.trouble] == ["malformed_xml"] * 3_001


@pytest.mark.parametrize("step", [7, 1 << 18])
def test_pages_put_together_in_one_file_are_read_one_after_the_other(step: int) -> None:
    page = '{{"page": {0}, "calls": [{{"sid": "{0}"}}, {{"sid": "{0}b"}}], "end": {{}}}}\n'.replace(
        "{{}}", "null"
    )
    pages = "".join(page.format(i) for i in range(3))
    found = of_json(pages, "calls", step)
    assert [(e.values["sid"], e.trouble) for e in found] == [
        (f"{i}{x}", None) for i in range(3) for x in ("", "b")
    ]
    found = of_json('[{"sid": 1}]\n[{"sid": 2}][\n{"sid": 3}]\n\n', step=step)
    assert [(e.values["sid"], e.trouble) for e in found] == [("1", None), ("2", None), ("3", None)]
    found = of_json(
        '{"calls": [{"sid": 1}], "texts": [{"sid": 2}]} {"calls": [{"sid": 3}]}', "calls", step
    )
    assert [(e.values.get("sid"), e.trouble and e.raw) for e in found] == [
        ("1", None),
        (None, ', "texts": [{"sid": 2}]} {'),
        ("3", None),
    ]


def test_what_the_end_of_the_file_cuts_off_and_what_stands_behind_an_array_is_told() -> None:
    assert [e.trouble and e.trouble[0] for e in of_json('[{"a": 1}, {"b": "x')] == [None, "cut_off"]
    assert [e.trouble and e.trouble[0] for e in of_json('[{"a": 1}]\n{"b": 2}')] == [
        None,
        "unrecognised_element",
    ]
    assert [e.trouble and e.trouble[0] for e in of_json("[1, {}]")] == [
        "unrecognised_element",
        None,
    ]


def test_xml_values_have_the_path_below_their_record() -> None:
    [element] = of_xml(
        "<?xml version='1.0'?><r v='1'><c id='7'><n> +12125550100 </n><x><y>1</y><y"
        " k='v'>2</y></x><e/></c></r>"
    )
    assert element.values == {
        "id": "7",
        "n": "+12125550100",
        "x.y": "1",
        "x.y.1": "2",
        "x.y.k": "v",
    }
    assert element.raw.startswith("<c id='7'>")
    assert element.raw.endswith("</c>")
    assert of_xml("<r><h>head</h><c><n>1</n></c><f/></r>", "r/c")[0].values == {"n": "1"}
    assert len(of_xml("<r><h>head</h><c><n>1</n></c><f/></r>", "r/c")) == 1


@settings(deadline=None)
@given(
    st.integers(1, 12),
    st.integers(0, 12),
    st.sampled_from(["", "<n>AT&T</n>", "<n>a < b</n>", "<n></m>", "<n>\x02</n>"]),
    st.integers(1, 50),
)
def test_no_element_is_lost_beside_a_damaged_one(
    count: int, hurt: int, damage: str, step: int
) -> None:
    records = [f"<c><n>{i}</n>{damage if i == hurt else ''}</c>" for i in range(count)]
    found = of_xml("<r>\n" + "\n".join(records) + "\n</r>", step=step)
    spoiled = hurt < count and bool(damage)
    assert [e.values["n"] for e in found if not e.trouble] == [
        str(i) for i in range(count) if not (spoiled and i == hurt)
    ]
    assert [e.raw for e in found if e.trouble] == (
        [records[hurt]]
        if spoiled and hurt < count - 1
        else [f"{records[hurt]}\n</r>"]
        if spoiled
        else []
    )


def test_encodings_that_xml_states_are_read() -> None:
    text = '<?xml version="1.0" encoding="ISO-8859-1"?><r><c><n>Zürich</n></c></r>'
    [element] = xml_elements(io.BytesIO(text.encode("latin-1")), "a.xml", "latin-1", "")
    assert (element.values["n"], "Zürich" in element.raw) == ("Zürich", True)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-32"])
@pytest.mark.parametrize("stated", ["", ' encoding="UTF-8"', ' encoding="UTF-16"'])
def test_several_documents_in_wide_characters_are_read_whatever_encoding_they_state(
    encoding: str, stated: str
) -> None:
    text = (
        "".join(f"<?xml version='1.0'{stated}?>\n<cdr><n>Zürich {i}</n></cdr>\n" for i in range(3))
        + "<cdr <cdr><n>3</n></cdr>"
    )
    found = list(xml_elements(io.BytesIO(text.encode(encoding)), "a.xml", encoding, "cdr"))
    assert [e.values["n"] for e in found if not e.trouble] == [
        "Zürich 0",
        "Zürich 1",
        "Zürich 2",
        "3",
    ]
    assert [e.raw for e in found if e.trouble] == ["<cdr"]


@pytest.mark.parametrize("kind", ["json", "xml"])
@settings(max_examples=150, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_no_damage_raises_anything_but_the_named_error(kind: str, seed: int) -> None:
    rng = random.Random(seed)
    data = bytearray(
        (GOLDEN / {"json": "twilio_json.json", "xml": "broadworks_xml.xml"}[kind]).read_bytes()
    )
    for _ in range(rng.randint(1, 6)):
        at = rng.randrange(len(data))
        data[at : at + rng.randint(0, 3)] = rng.randbytes(rng.randint(0, 3))
    records = {"json": "calls", "xml": "broadWorksCDR/cdrData"}[kind]
    try:
        list(
            containers.CONTAINERS[kind]
            .load()
            .elements(io.BytesIO(bytes(data)), "a", "utf-8", records)
        )
    except UnreadableFile as error:
        assert str(error).startswith("a: ")


@pytest.mark.parametrize(
    "name",
    [
        "twilio_json.json",
        "freeswitch_json.json",
        "broadworks_xml.xml",
        "tmobile_le.xlsx",
        "verizon_volte.xlsx",
    ],
)
def test_a_file_is_of_its_own_layout_only(name: str) -> None:
    known = built_in().values()
    found = look(Content(Source(GOLDEN / name)), known)
    assert [fit.layout.id for fit in fits(found, known) if not fit.lacking] == [Path(name).stem]


def test_small_pieces_give_the_same_records_as_one(tmp_path: Path) -> None:
    layout = built_in()["twilio_json"]
    source = Content(Source(GOLDEN / "twilio_json.json"))
    pieces = list(elements.read(source, "json", "utf-8", Match(layout), 4))
    assert [piece.lines for piece in pieces] == [1] * 5 + [0]
    assert sum(piece.records for piece in pieces) == 5


def test_objects_that_no_layout_knows_are_asked_about_by_their_paths(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('[{"call": {"begin": "2024-01-01", "who": "+12125550100"}}]')
    report = ingest_file(tmp_path / "a.json", Lake(tmp_path / "lake"))
    assert report.status == "needs_mapping"
    assert "call.begin, call.who" in report.reason
    assert "container: json" in report.suggestion


def test_xml_read_by_another_parser_has_as_many_records() -> None:
    text = (GOLDEN / "broadworks_xml.xml").read_text()
    whole = (
        "".join(
            part + "</cdrData>" for part in text.replace("AT&T <b>", "").split("</cdrData>")[:4]
        )
        + "</broadWorksCDR>"
    )
    assert (
        len(of_xml(whole, "broadWorksCDR/cdrData"))
        == len(ET.fromstring(whole).findall("cdrData"))
        == 4
    )


@pytest.mark.parametrize("blank", ["\n", "\r\n", " \n", "\n,", " "])
def test_stretches_of_blanks_behind_a_broken_object_take_no_longer_than_others(blank: str) -> None:
    """The next object is sought from each place once: looking three times from each would take
    days here.
    """
    broken, sound = of_json(f'{{"a": !}}{blank * 50_000}\n{{"b": 1}}')
    assert broken.trouble is not None
    assert sound.values == {"b": "1"}
