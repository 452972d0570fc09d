"""The page as a reader gets it: in a real browser, with no network."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pipeline_perf.bench.explain.attribution import attribute
from pipeline_perf.bench.explain.flamegraph import facts, flame_graph, plain_flame_graph
from pipeline_perf.bench.explain.profile import Frame, Profile

CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)

in_browser = pytest.mark.skipif(
    CHROMIUM is None,
    reason="no Chromium on this machine: install the package chromium to look at the page",
)

MAIN, READ, PARSE, CHECK, GONE = (
    Frame("shop.run", "main", "shop/run.py"),
    Frame("shop.read", "Reader.rows", "shop/read.py"),
    Frame("shop.parse", "parse", "shop/parse.py"),
    Frame("shop.check", "check<script>alert('x')</script>", "shop/a&b.py"),
    Frame("shop.old", "gone", "shop/old.py"),
)


def profile(read: int, parse: int, gone: int) -> Profile:
    stacks = {
        (MAIN, READ): read,
        (MAIN, READ, PARSE): parse,
        (MAIN, CHECK): 2_000,
        (MAIN, GONE): gone,
    }
    return Profile({stack: count for stack, count in stacks.items() if count}, "samples", 30)


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    subject, base = [profile(1_000, 1_600, 0)], [profile(1_000, 1_000, 400)]
    found = attribute(subject, base, {"shop.parse": "parsing", "shop.*": "other"})
    assert [str(one.frame) for one in found.named] == ["shop.parse:parse", "shop.old:gone"]
    path = tmp_path_factory.mktemp("flame") / "flame.html"
    path.write_text(flame_graph(subject, base, found, "Reading <orders>: a & b"), encoding="utf-8")
    return path


def test_names_from_the_program_are_text_and_never_markup(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert "<script>alert" not in text and "check&lt;script&gt;" in text
    assert "<h1>Reading &lt;orders&gt;: a &amp; b</h1>" in text
    assert not re.search(r'(?:src|href)="(?!data:,")|url\(|@import|https?://', text)


def test_the_page_carries_what_it_says_as_data(page: Path) -> None:
    found = facts(page.read_text(encoding="utf-8"))
    assert found is not None and found.verdict == "named" and found.unit == "samples"
    assert [(one.name, one.stage) for one in found.named] == [
        ("shop.parse:parse", "parsing"),
        ("shop.old:gone", "other"),
    ]
    assert found.named[0].growth > 0 > found.named[1].growth
    assert facts("<html></html>") is None


def test_two_units_or_an_empty_side_cannot_be_drawn() -> None:
    held = Profile({(MAIN,): 5}, "bytes", 1)
    with pytest.raises(ValueError, match="one unit"):
        flame_graph([held], [Profile({(MAIN,): 5}, "samples", 1)], None, "mixed")
    with pytest.raises(ValueError, match="one unit"):
        flame_graph([held], [Profile({}, "bytes", 1)], None, "empty")


def test_memory_is_drawn_as_it_is(tmp_path: Path) -> None:
    sides = [Profile({(MAIN, READ): size}, "bytes", 1) for size in (3_000_000, 1_000_000)]
    text = flame_graph(sides[:1], sides[1:], None, "Memory")
    assert (
        "1\u202f000\u202f000 before, 3\u202f000\u202f000 after (+200.0" in text
        and "samples" not in text
    )


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    sync_api = pytest.importorskip("playwright.sync_api")
    with sync_api.sync_playwright() as playwright:
        arguments = [
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-background-networking",
        ]
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=arguments)
        yield chromium
        chromium.close()


@in_browser
def test_the_page_opens_without_network_errors_or_requests(page: Path, browser: Any) -> None:
    tab = browser.new_context(offline=True).new_page()
    requests: list[str] = []
    complaints: list[str] = []
    tab.on("request", lambda request: requests.append(request.url))
    tab.on("console", lambda message: complaints.append(message.text))
    tab.on("pageerror", lambda error: complaints.append(str(error)))
    tab.goto(page.as_uri())
    assert [url for url in requests if not url.startswith("data:")] == [page.as_uri()]

    assert "parse in the stage parsing adds 13.6" in tab.locator(".why").inner_text()
    assert "shop.parse:parse" in tab.locator("tbody tr").first.inner_text()
    parse, read, gone = (
        tab.locator(f".f[data-name^='{name}']")
        for name in ("shop.parse:parse", "shop.read:Reader.rows", "shop.old:gone")
    )
    red, grey = (
        locator.evaluate("box => getComputedStyle(box).backgroundColor")
        for locator in (parse, read)
    )
    assert is_red(red) and not is_red(grey)
    assert "itself: 22.7" in parse.get_attribute(
        "title"
    ) and "stage parsing" in parse.get_attribute("title")

    # What is gone has no width after, and is blue before.
    assert gone.bounding_box()["width"] < 2
    tab.get_by_text("Before", exact=True).click()
    assert gone.bounding_box()["width"] > 50
    assert is_blue(gone.evaluate("box => getComputedStyle(box).backgroundColor"))
    # With what they call, callers of what grew are red as well.
    tab.get_by_text("With what it calls").click()
    assert is_red(read.evaluate("box => getComputedStyle(box).backgroundColor"))
    assert complaints == []


@in_browser
def test_search_and_zoom(page: Path, browser: Any) -> None:
    tab = browser.new_context(offline=True).new_page()
    tab.goto(page.as_uri())
    tab.locator("#search").fill("PARSING")
    assert tab.locator("#hits").inner_text().startswith("1 box, 34.8")  # 1 600 of 4 600
    assert tab.locator(".f.hit").count() == 1
    tab.locator("#search").fill("no such function")
    assert tab.locator("#hits").inner_text() == "nothing found"

    parse, whole = (
        tab.locator(".f[data-name^='shop.parse:parse']"),
        tab.locator("#flame").bounding_box()["width"],
    )
    assert parse.bounding_box()["width"] < 0.5 * whole
    parse.click()
    assert parse.bounding_box()["width"] == pytest.approx(whole, abs=2)
    tab.locator("#reset").click()
    assert parse.bounding_box()["width"] < 0.5 * whole


@in_browser
def test_the_page_fits_a_phone(page: Path, browser: Any) -> None:
    tab = browser.new_page(viewport={"width": 390, "height": 844})
    tab.goto(page.as_uri())
    assert tab.evaluate("document.documentElement.scrollWidth") <= 390


def channels(colour: str) -> list[int]:
    return [int(part) for part in colour[colour.index("(") + 1 : -1].split(",")[:3]]


def is_red(colour: str) -> bool:
    red, _, blue = channels(colour)
    return red > blue + 20


def is_blue(colour: str) -> bool:
    red, _, blue = channels(colour)
    return blue > red + 20


def test_one_profile_has_one_side_its_stages_as_colours_and_an_import_as_one_box() -> None:
    library = Frame("json.decoder", "scan", "json/decoder.py")
    machinery = Frame("importlib._bootstrap", "_find_and_load", "<frozen importlib._bootstrap>")
    taken = Profile(
        {
            (MAIN, READ, library): 500,
            (MAIN, PARSE): 300,
            (MAIN, machinery, machinery, Frame("heavy", "<module>"), machinery, library): 200,
        },
        "samples",
        5,
    )
    page = plain_flame_graph(taken, "Reading", {"shop.read": "reading", "shop.parse": "parsing"})
    assert "before" not in page.partition("</style>")[2].partition("<script>\n")[0]
    assert "1\u202f000 samples of one run" in page and "_find_and_load" not in page
    tones = {
        name: tone for tone, name in re.findall(r'class="f o-(\w\d).*?data-name="(\S*?)[ "]', page)
    }
    assert tones["json.decoder:scan"] == tones["shop.read:Reader.rows"] == "s0"
    assert tones["shop.parse:parse"] == "s1" and tones["import:heavy"] == "s2"
    assert tones["shop.run:main"] == "n0"
    assert "reading 50.0" in page and "import 20.0" in page
    with pytest.raises(ValueError, match="something in it"):
        plain_flame_graph(Profile({}, "samples", 1), "empty", {})
