"""The page as a reader gets it: in a real browser, with no network."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pipeline_perf.bench.results import ResultStore
from pipeline_perf.bench.targets import load
from pipeline_perf.report.content import assemble
from pipeline_perf.report.document import write

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine: install the package chromium to look at the page")


@pytest.fixture
def browser() -> Iterator[Any]:
    sync_api = pytest.importorskip("playwright.sync_api")
    with sync_api.sync_playwright() as playwright:
        arguments = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=arguments)
        yield chromium
        chromium.close()


def test_the_page_opens_without_network_errors_or_requests(nights: ResultStore, tmp_path: Path, browser: Any) -> None:
    path = write(assemble(nights, load()), tmp_path / "report").html
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
    assert page.locator(".readiness .headline").inner_text() == "1 target missed: ingest.pdf_200_pages"
    missed = page.locator("tr", has=page.locator(".status.fail"))
    assert missed.count() == 1 and "within ten minutes" in missed.inner_text()
    assert page.locator("figure svg[role=img]").count() == 6
    assert page.locator("figure .dot").count() == 6 * 12
    assert page.locator(".bar").count() == 3

    silent = page.locator("details tbody code", has_text="api.p95")
    assert not silent.is_visible()
    page.locator("summary").click()
    assert silent.is_visible()
    # Dark colours are really used: the paper is darker than the ink.
    paper, ink = (page.evaluate(f"getComputedStyle(document.body).{name}") for name in ("backgroundColor", "color"))
    assert brightness(paper) < 60 and brightness(ink) > 180


def test_the_page_fits_a_phone(nights: ResultStore, tmp_path: Path, browser: Any) -> None:
    path = write(assemble(nights, load()), tmp_path / "report").html
    page = browser.new_page(viewport={"width": 390, "height": 844})
    page.goto(path.as_uri())
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def brightness(colour: str) -> float:
    red, green, blue = (int(part) for part in colour[colour.index("(") + 1 : -1].split(",")[:3])
    return (red + green + blue) / 3
