"""The page as a reader gets it: in a real browser, with no network."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pipeline_perf.bench.judge.targets import load
from pipeline_perf.bench.measure.results import ResultStore
from pipeline_perf.contract import TARGETS
from pipeline_perf.report.comparisons import of_run
from pipeline_perf.report.content import assemble
from pipeline_perf.report.document import write, write_optimisation
from pipeline_perf_tests.report.conftest import NIGHTS, keep, sides

CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        CHROMIUM is None,
        reason="no Chromium on this machine: install the package chromium to look at the page",
    ),
]


@pytest.fixture
def browser() -> Iterator[Any]:
    sync_api = pytest.importorskip("playwright.sync_api")
    with sync_api.sync_playwright() as playwright:
        arguments = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=arguments)
        yield chromium
        chromium.close()


def test_the_page_opens_without_network_errors_or_requests(
    nights: ResultStore, tmp_path: Path, browser: Any
) -> None:
    path = write(assemble(nights, load(TARGETS)), tmp_path / "report").html
    context = browser.new_context(offline=True, color_scheme="dark")
    page = context.new_page()
    requests: list[str] = []
    complaints: list[str] = []
    page.on("request", lambda request: requests.append(request.url))
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(path.as_uri())

    assert [url for url in requests if not url.startswith("data:")] == [path.as_uri()]
    assert complaints == []
    assert page.title().startswith("No-go")
    assert (
        page.locator(".readiness .headline").inner_text() == "1 target missed: ingest.pdf_200_pages"
    )
    missed = page.locator("tr", has=page.locator(".status.fail"))
    assert missed.count() == 1 and "within ten minutes" in missed.inner_text()
    assert page.locator("figure svg[role=img]").count() == 6
    assert page.locator("figure .dot").count() == 6 * NIGHTS
    assert page.locator(".bar").count() == 3

    silent = page.locator("details tbody code", has_text="api.p95")
    assert not silent.is_visible()
    page.locator("summary", has_text="targets are planned").click()
    assert silent.is_visible()
    # Dark colours are really used: the paper is darker than the ink.
    paper, ink = (
        page.evaluate(f"getComputedStyle(document.body).{name}")
        for name in ("backgroundColor", "color")
    )
    assert brightness(paper) < 60 and brightness(ink) > 180


@pytest.fixture
def compared(nights: ResultStore) -> ResultStore:
    """The nights, and in the last of them a comparison that became slower, with its flame graph."""
    keep(nights.root, nights.run(nights.run_ids()[-1]), sides(1.2))
    return nights


#: What no part of a page may do, at any width: be wider than the page, or than the box that it
#: stands in.
CUT = """() => [...document.querySelectorAll('main *')].filter(
    e => e.scrollWidth > e.clientWidth + 1 && e.clientWidth > 0
    && getComputedStyle(e).display !== 'inline' && e.tagName !== 'IFRAME' && !e.closest('svg')
).map(e => e.outerHTML.slice(0, 120))"""


@pytest.mark.parametrize("width", [1100, 400])
@pytest.mark.parametrize("form", ["report.html", "summary.html", "optimisation.html"])
def test_nothing_is_cut_off(
    compared: ResultStore, tmp_path: Path, browser: Any, form: str, width: int
) -> None:
    write(assemble(compared, load(TARGETS)), tmp_path / "reports")
    comparisons = ResultStore(compared.root / "comparisons")
    write_optimisation(
        of_run(comparisons, comparisons.run_ids()[0], tmp_path / "reports" / "comparisons"),
        tmp_path / "reports",
    )
    page = browser.new_page(viewport={"width": width, "height": 900})
    page.goto((tmp_path / "reports" / form).as_uri())
    page.evaluate(
        "document.querySelectorAll('details:not(.graph)').forEach(one => one.open = true)"
    )
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.evaluate(CUT) == []


def test_a_slower_tree_is_shown_with_its_function_and_flame_graph(
    compared: ResultStore, tmp_path: Path, browser: Any
) -> None:
    path = write(assemble(compared, load(TARGETS)), tmp_path / "reports").html
    page = browser.new_context(offline=True).new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(path.as_uri())
    section = page.locator(".comparison")
    assert section.count() == 1 and "Slower" in section.locator(".status").inner_text()
    assert "rows<b> in the stage read adds 20" in section.locator(".named").inner_text()
    section.locator("summary", has_text="Flame graph").click()
    section.locator("iframe").scroll_into_view_if_needed()
    graph = page.frame_locator(".comparison iframe")
    graph.locator(".f.first").wait_for()
    assert graph.locator(".f.first").inner_text().startswith("rows<b>")
    graph.locator(".f.first").click()  # its own script runs: a click zooms in
    assert graph.locator("button", has_text="Zoom out").is_enabled()
    assert complaints == []


def test_bottlenecks_and_error_rates_are_shown_and_what_nobody_measured_says_so(
    nights: ResultStore, tmp_path: Path, browser: Any
) -> None:
    page = browser.new_page()
    page.goto(write(assemble(nights, load(TARGETS)), tmp_path / "reports").html.as_uri())
    million = page.locator(".finding", has_text="ingest.csv_1m")
    assert (
        "Processor bound" in million.inner_text()
        and "Spread the work over the cores" in million.inner_text()
    )
    assert "times as fast" in million.inner_text()
    rates = page.locator("h2", has_text="How often the lab itself is wrong").locator(
        "xpath=following-sibling::details[1]"
    )
    assert rates.locator(".status.not_measured").count() == rates.locator("tbody tr").count() > 0
    against = page.locator("h2", has_text="Against other revisions").locator(
        "xpath=following-sibling::p[1]"
    )
    assert against.inner_text().startswith("Not measured")


def test_a_new_level_is_drawn(stepped: ResultStore, tmp_path: Path, browser: Any) -> None:
    page = browser.new_page()
    page.goto(write(assemble(stepped, load(TARGETS)), tmp_path / "reports").html.as_uri())
    assert page.locator("figure line.change.worse").count() == 1
    assert (page.locator("figure text.change-name").text_content() or "").startswith("time +10")
    assert (
        page.locator("tr", has_text="CPU time against").locator(".status.fail").inner_text()
        == "Worse"
    )


def test_the_summary_leads_to_the_details(
    nights: ResultStore, tmp_path: Path, browser: Any
) -> None:
    page = browser.new_page()
    page.goto(
        (write(assemble(nights, load(TARGETS)), tmp_path / "reports").summary or tmp_path).as_uri()
    )
    assert page.locator("h2", has_text="Environment").count() == 0
    page.locator("a", has_text="the detailed report").click()
    assert page.locator("h2", has_text="Environment").count() == 1


def brightness(colour: str) -> float:
    red, green, blue = (int(part) for part in colour[colour.index("(") + 1 : -1].split(",")[:3])
    return (red + green + blue) / 3
