"""XML: records with their bytes, and a bound to what one of them may hold."""

from __future__ import annotations

import io

import pytest

from pipeline_perf.ingest.container import xml_elements
from pipeline_perf.ingest.container.element import Element
from pipeline_perf.ingest.errors import UnreadableFile


def of_xml(text: str, records: str = "", step: int = 50) -> list[Element]:
    return list(xml_elements.elements(io.BytesIO(text.encode()), "a.xml", "utf-8", records, step))


@pytest.mark.parametrize("step", [1, 7, 1000])
def test_values_are_named_by_path_and_each_record_has_its_own_bytes(step: int) -> None:
    text = '<r><c id="7"><a x="1">é</a><a> 2 </a><b><d>3</d></b></c>\n<c/><c>4</c></r>'
    assert of_xml(text, step=step) == [
        Element(
            '<c id="7"><a x="1">é</a><a> 2 </a><b><d>3</d></b></c>',
            {"id": "7", "a.x": "1", "a": "é", "a.1": "2", "b.d": "3"},
        ),
        Element("<c/>", {}),
        Element("<c>4</c>", {"": "4"}),
    ]


@pytest.mark.parametrize("step", [1, 9, 1000])
@pytest.mark.parametrize(
    "raw",
    [
        "<c/>",
        "<c />",
        "<c></c >",
        '<c a="1"/>',
        '<c a="x/>" b=\'y>"\'\n/>',
        "<c><a/></c>",
        "<c>x/></c>",
        "<c><c/></c>",
    ],
)
def test_a_record_may_be_one_tag_whatever_stands_behind_it(raw: str, step: int) -> None:
    for behind in ("", "\n", "<c>2</c>", "<c/>", "<!-- > -->"):
        text = f"<r><s><c>1</c>{raw}{behind}</s></r>"
        assert [one.raw for one in of_xml(text, "r/s/c", step)][1] == raw


def test_records_are_those_at_their_path() -> None:
    text = "<r><h><c>0</c></h><s><c>1</c><d/></s><c>2</c><s><c>3</c></s></r>"
    assert [one.values for one in of_xml(text, "r/s/c")] == [{"": "1"}, {"": "3"}]


def test_a_record_that_the_file_ends_in_and_one_that_is_no_xml_are_told() -> None:
    told = of_xml("<r><c>1</c><c>2<c/><c>3</c>")
    assert [one.trouble and one.trouble[0] for one in told] == [None, "cut_off"]
    assert told[1].raw == "<c>2<c/><c>3</c>"
    told = of_xml("<r><c>1</c><c>2</x></c><c>3</c></r>", "r/c")
    assert [(one.raw, one.trouble and one.trouble[0]) for one in told] == [
        ("<c>1</c>", None),
        ("<c>2</x></c>", "malformed_xml"),
        ("<c>3</c>", None),
    ]


@pytest.mark.parametrize(("length", "read"), [(1000, True), (1100, True), (1151, False)])
def test_an_element_is_held_up_to_its_bound_and_not_beyond(
    length: int, read: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(xml_elements, "MAX_ELEMENT", 1000)
    monkeypatch.setattr(xml_elements, "STEP", 100)
    record = f"<c>{'x' * (length - 7)}</c>"
    text = f"<r>{'<c>1</c>' * 300}{record}{'<c>1</c>' * 300}</r>"
    if read:
        assert [one.raw for one in of_xml(text)][300] == record
    else:
        with pytest.raises(UnreadableFile, match="an element longer than"):
            of_xml(text, step=1)
