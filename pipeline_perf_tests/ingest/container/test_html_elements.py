"""HTML: records as the page has them, whatever its tags lack, none lost, and memory that a file
cannot dictate.
"""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline_perf.ingest.container.element import STEP, Element
from pipeline_perf.ingest.container.html_elements import elements as html_elements
from pipeline_perf.ingest.errors import UnreadableFile
from pipeline_perf.ingest.pipeline import Options, ingest_file, ingest_path
from pipeline_perf.lake.delta import Lake


def of_html(text: str, records: str = "call|note", step: int = STEP) -> list[Element]:
    return list(html_elements(io.BytesIO(text.encode()), "a.html", "utf-8", records, step))


def test_values_are_named_by_class_or_tag_with_attributes_behind_and_joined_where_they_repeat() -> (
    None
):
    (element,) = of_html(
        '<html><p class="call x" id="7"><a class="tel main" href="tel:+1&amp;2" style="x">A'
        ' &lt;b&gt;&#8239;c</a><i><a rel="tag">1</a>, <a rel="tag">2</a></i><img'
        ' src="x.png"><br/>end</p></html>'
    )
    assert element.values == {
        "file name": "a.html",
        "tel.href": "tel:+1&2", "tel": "A <b> c", "i.a.rel": "tag tag", "i.a": "1 2", "i": ",",
        "img.src": "x.png", "text": "end",
    }  # fmt: skip
    assert element.raw.startswith(
        '<p class="call x" id="7"><a class="tel main"'
    ) and element.raw.endswith("<br/>end</p>")


TEXT = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=8)


@settings(deadline=None)
@given(st.lists(st.tuples(st.sampled_from(["call", "note"]), TEXT), max_size=8), st.integers(1, 40))
def test_every_record_is_found_wherever_the_file_is_cut(
    records: list[tuple[str, str]], step: int
) -> None:
    escaped = [(kind, text.replace("&", "&amp;").replace("<", "&lt;")) for kind, text in records]
    page = (
        "<html><body>"
        + "\n<hr>".join(f'<div class="{kind}"><q>{text}</q></div>' for kind, text in escaped)
        + "</body>"
    )
    found = of_html(page, step=step)
    assert [element.values.get("q", "") for element in found] == [
        " ".join(text.split()) for _, text in records
    ]
    assert [element.raw for element in found] == [
        f'<div class="{kind}"><q>{text}</q></div>' for kind, text in escaped
    ]


def test_tags_that_are_not_closed_or_closed_twice_cost_no_record() -> None:
    found = of_html(
        '<div class="note"><q>1<b>x<div class="note"></i><q>2</q></q></div></div><div'
        ' class="note"><q>3</q></div>'
    )
    assert [element.values["q"] for element in found] == ["1", "2", "3"]
    assert not [element for element in found if element.trouble]


def test_a_record_that_the_file_s_end_cuts_off_is_told() -> None:
    one, two = of_html('<div class="note">1</div><div class="note"><q>2</q>')
    assert (one.trouble, two.trouble) == (None, ("cut_off", "the file ends inside this record"))
    assert two.raw == '<div class="note"><q>2</q>'


@pytest.mark.parametrize(
    ("page", "said"),
    [
        ("<a" + " x" * 2**20, "a tag or text longer than 1 MiB"),
        ("<!--" * 2**19, "a tag or text longer than 1 MiB"),
        ('<div class="note">' + "x" * 9 * 2**20, "a record longer than 8 MiB"),
        ('<div class="note">' + "<b>" * 200, "nested more than 100 levels deep"),
        ('<div class="note">' + "<b>v</b>" * 5000, "a record of more than 4096 values"),
        ("<![foo[", "a declaration that cannot be read"),
        ("<!--" * 9 + "<![foo[", "a declaration that cannot be read"),
    ],
)
def test_what_is_made_to_do_harm_is_refused(page: str, said: str) -> None:
    with pytest.raises(UnreadableFile, match=said):
        of_html(page)


def test_a_record_of_as_many_values_as_are_allowed_is_read() -> None:
    values = "<b>v</b>" * 4096
    elements = of_html(f'<div class="note">{values}</div>' * 2)
    assert [element.values["b"].count("v") for element in elements] == [4096, 4096]
    with pytest.raises(UnreadableFile, match="more than 4096 values"):
        of_html(f'<div class="note">{values}<b>v</b></div>')


CALL = (
    '<html><body><div class="haudio"><div class="contributor vcard"><a class="tel"'
    ' href="tel:+1212555010{n}"></a></div><abbr class="published"'
    ' title="2026-02-04T08:00:0{n}.000Z">x</abbr><div class="tags"><a rel="tag"'
    ' href="http://www.google.com/voice#missed">Missed</a></div></div></body></html>'
)


def test_the_pages_of_an_export_are_one_file_and_their_copies_duplicates(tmp_path: Path) -> None:
    folder = "Takeout/Voice/Calls/"
    text = (
        '<html><div class="message"><abbr class="dt"'
        ' title="2026-02-04T13:14:00.000-05:00">x</abbr><cite class="sender vcard"><a class="tel"'
        ' href="tel:+12125550101"><span class="fn">Me</span></a></cite></div></html>'
    )
    with zipfile.ZipFile(tmp_path / "export.zip", "w") as archive:
        archive.writestr(
            "Takeout/archive_browser.html", "<!DOCTYPE html><html><body>Your archive</body></html>"
        )
        for n in range(1, 5):
            archive.writestr(
                f"{folder}Ann - Missed - 2026-02-04T08_00_0{n}Z.html", CALL.format(n=n)
            )
        archive.writestr(f"{folder}Ann - Missed - cut.html", CALL.format(n=5)[:150])
        archive.writestr(f"{folder}Ann -- B - Text - 2026-02-04T18_14_00Z.html", text)
        archive.writestr(f"{folder}Ann - Missed - 2026-02-04T08_00_01Z (1).html", CALL.format(n=1))
        archive.writestr(f"{folder}Ann -- B - Text - 2026-02-04T18_14_00Z(1).html", text)
    lake = Lake(tmp_path / "lake")
    browser, calls, copies = ingest_path(
        tmp_path / "export.zip", lake, Options(subscriber="+12125550109")
    )
    assert (browser.status, browser.file.rpartition("!")[2]) == (
        "rejected",
        "Takeout/archive_browser.html",
    )
    assert (calls.file.rpartition("!")[2], calls.events, calls.quarantined, calls.rules) == (
        f"{folder}*.html",
        5,
        1,
        {"cut_off": 1},
    )
    assert (copies.events, copies.duplicates) == (2, 2)
    events = lake.scan_events(distinct=True).sort("record_no").collect()
    assert events["from_number"].to_list() == [
        *(f"+1212555010{n}" for n in range(1, 5)),
        "+12125550101",
    ]
    assert events["to_number"].to_list() == [*["+12125550109"] * 4, "Ann -- B"]


def test_a_page_without_records_is_refused_with_what_it_is(tmp_path: Path) -> None:
    (tmp_path / "Bills.html").write_text(
        "<!DOCTYPE html><html><body><table><tr><td>1</td></tr></table></body></html>"
    )
    report = ingest_file(tmp_path / "Bills.html", Lake(tmp_path / "lake"))
    assert (report.status, report.reason.partition(":")[2][:5]) == ("rejected", " HTML")


def test_the_copy_that_a_merged_export_holds_adds_nothing(tmp_path: Path) -> None:
    lake = Lake(tmp_path / "lake")
    for name, page in (
        ("a.html", CALL.format(n=1)),
        ("a (1).html", CALL.format(n=1)),
        ("b.html", CALL.format(n=2)),
    ):
        (tmp_path / name).write_text(page)
        (report,) = ingest_path(tmp_path / name, lake)
        assert report.status == ("already_ingested" if "(1)" in name else "ingested")
    assert lake.scan_events().collect().height == 2
