"""The pages in a real browser: wide and narrow, light and dark, and alone with this host."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from browser_shots import CHROMIUM, PAGES, SIZES, running_browser, running_datasette, sample
from playwright.sync_api import Browser, Page, sync_playwright

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed (Debian: chromium)"),
]


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with running_datasette(sample(tmp_path_factory.mktemp("site") / "partners.db")) as found:
        yield found


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright, running_browser(playwright) as found:
        yield found


def opened(browser: Browser, size: str, scheme: Any = "light") -> Page:
    width, height = SIZES[size]
    return browser.new_page(viewport={"width": width, "height": height}, color_scheme=scheme)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_never_wider_than_the_screen(
    name: str, size: str, browser: Browser, address: str
) -> None:
    page = opened(browser, size)
    page.goto(address + PAGES[name])
    assert page.evaluate("document.documentElement.scrollWidth") <= SIZES[size][0]
    page.close()


@pytest.mark.parametrize("name", PAGES)
def test_a_page_asks_nobody_but_this_host_and_makes_no_error(
    name: str, browser: Browser, address: str
) -> None:
    page = opened(browser, "wide")
    asked: list[str] = []
    errors: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("pageerror", lambda error: errors.append(str(error)))
    response = page.goto(address + PAGES[name])
    assert response
    assert response.status == 200
    assert {url.split("/")[2] for url in asked} == {address.removeprefix("http://")}
    assert errors == []
    page.close()


_CONTRASTS = """
() => {
  const light = c => { c /= 255; return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4 };
  const parts = text => text.match(/[\\d.]+/g).map(Number);
  const luminance = ([r, g, b]) => 0.2126 * light(r) + 0.7152 * light(g) + 0.0722 * light(b);
  const behind = element => {
    for (let at = element; at; at = at.parentElement) {
      const colour = parts(getComputedStyle(at).backgroundColor);
      if (colour.length === 3 || colour[3] === 1) return colour;
    }
    return [255, 255, 255];
  };
  const found = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (!walker.currentNode.textContent.trim() || !element.checkVisibility()) continue;
    if (element.closest("script, style, option")) continue;
    const [a, b] = [parts(getComputedStyle(element).color), behind(element)].map(luminance);
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < 4.5) found.push([ratio.toFixed(2), element.outerHTML.slice(0, 90)]);
  }
  return found;
}
"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", PAGES)
def test_text_can_be_read_on_what_is_behind_it(
    name: str, scheme: str, browser: Browser, address: str
) -> None:
    """WCAG 2.2, 1.4.3: a contrast of at least 4.5."""
    page = opened(browser, "wide", scheme)
    page.goto(address + PAGES[name])
    assert page.evaluate(_CONTRASTS) == []
    page.close()


def test_the_table_comes_before_the_meaning_of_its_columns(browser: Browser, address: str) -> None:
    page = opened(browser, "wide")
    page.goto(address + PAGES["health"])
    table = page.locator("table.rows-and-columns").bounding_box()
    meanings = page.locator("dl.column-descriptions").bounding_box()
    assert table
    assert meanings
    assert table["y"] < meanings["y"]
    page.close()


def test_numbers_stand_at_the_right(browser: Browser, address: str) -> None:
    page = opened(browser, "wide")
    page.goto(address + PAGES["silent"])
    cell = page.locator("td.col-silent_seconds").first
    assert cell.evaluate("cell => getComputedStyle(cell).textAlign") == "right"
    page.close()


def test_the_whole_table_is_one_click_in_the_menu(browser: Browser, address: str) -> None:
    page = opened(browser, "narrow")
    page.goto(address + PAGES["asks"])
    page.locator("details.actions-menu-links summary").click()
    with page.expect_download() as download:
        page.get_by_text("Download everything as CSV").click()
    assert download.value.suggested_filename == "response_times-generation-42.csv"
    path: Path = download.value.path()
    assert len(path.read_text("utf-8-sig").splitlines()) == 1 + 60
    page.close()
