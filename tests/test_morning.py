"""A partner manager's morning in a real browser, at pages served locked as they are for real.

The same walk on the demo's letters and, where it is at hand, on real mail.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote, unquote, urlsplit

import pytest
from accuracy import corpus
from browser_shots import CHROMIUM, running_browser
from morning_team import (
    NAME,
    OWNER,
    Desk,
    Team,
    as_csv,
    demo_team,
    different_csv_cells,
    different_sheet_cells,
    discreet,
    follow,
    real_team,
    rows_of_csv,
    seated,
    sign_in,
    signed_in,
)
from playwright.sync_api import Browser, sync_playwright
from pypdf import PdfReader

MAIL = corpus.corpora()
pytestmark = [
    pytest.mark.pages,
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed (Debian: chromium)"),
]
needs_mail = pytest.mark.skipif(
    MAIL is None, reason="INBOX_AGENT_CORPORA names no folder of real mail"
)
REAL = pytest.param("real", marks=[pytest.mark.corpora, needs_mail])
on_the_demo = pytest.mark.parametrize("team", ["demo"], indirect=True)

#: The most urgent partner who waits for us, as the published view has them.
_FIRST_WAITING = "select partner from partner_health where waiting_on_us > 0 limit 1"
_LETTERS = "select count(*) from messages where partner = ? and conversation = ?"
_IS_WIDER = "document.documentElement.scrollWidth > innerWidth"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright, running_browser(playwright) as found:
        yield found


@pytest.fixture(scope="module", params=["demo", REAL])
def team(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Team]:
    top = tmp_path_factory.mktemp("team") / request.param
    with ExitStack() as stack:
        if request.param == "demo":
            yield stack.enter_context(demo_team(top))
        else:
            assert MAIL
            yield stack.enter_context(real_team(top, MAIL))


@pytest.fixture(scope="module")
def cookies(team: Team, browser: Browser) -> Any:
    return signed_in(team, browser)


@pytest.fixture
def desk(team: Team, browser: Browser, cookies: Any) -> Iterator[Desk]:
    with seated(team, browser, cookies) as found:
        yield found


def partner_of(url: str) -> str:
    """Whose page this is."""
    return unquote(urlsplit(url).path.split("/")[3])


def given(url: str, name: str) -> str:
    """An argument of an address."""
    (found,) = parse_qs(urlsplit(url).query)[name]
    return found


def one_of_all(team: Team) -> dict[str, str]:
    """A page of every kind of ours, by its name."""
    (partner,) = team.rows(_FIRST_WAITING)
    name = quote(partner, safe="")
    return {
        "front": "/",
        "one owner's": f"/?owner={quote(OWNER)}",
        "partner": f"/-/partner/{name}",
        "figures": f"/-/why/{name}",
        "why": f"/-/why/{name}/ours_p50_seconds",
        "why of the state": f"/-/why/{name}/state",
        "chart": f"/-/chart/{name}/response_times",
        "reviews": "/-/reviews",
        "review": f"/-/review/{team.quarter}",
        "partner's review": f"/-/review/{team.quarter}/{name}",
        "for the partner": f"/-/review/{team.quarter}/{name}/for-partner",
        "feeds": "/-/feeds",
    }


# --- in and out


@on_the_demo
def test_who_is_unknown_signs_in_and_lands_where_they_wanted_to_go(
    team: Team, browser: Browser
) -> None:
    wanted = f"{team.address}/partners/waiting_on_us?_sort=asked_at"
    with seated(team, browser, None) as desk:
        page = desk.page
        page.goto(wanted)
        assert urlsplit(page.url).path == "/-/login"
        shown = page.content()
        assert [name for name in team.rows("select partner from partners") if name in shown] == []
        sign_in(page, "not the password")
        assert "do not go together" in desk.texts(".banner.loud")[0]
        sign_in(page)
        assert page.url == wanted
        assert desk.count("table.rows-and-columns tbody tr") == team.count(
            "select count(*) from waiting_on_us"
        )


@on_the_demo
def test_who_signs_out_has_to_sign_in_again(team: Team, browser: Browser) -> None:
    with seated(team, browser, signed_in(team, browser)) as desk:
        desk.open("/")
        assert desk.texts("header .who span") == [NAME]
        follow(desk.page, desk.page.get_by_role("button", name="Sign out"))
        assert desk.open("/partners/messages.csv?_dl=1") == 403
        for path in ("/-/reviews", "/"):
            desk.open(path)
            assert urlsplit(desk.page.url).path == "/-/login"
            assert desk.count("li.partner, table") == 0


# --- the morning


@discreet
def test_the_first_page_has_every_partner_the_most_urgent_first(team: Team, desk: Desk) -> None:
    assert desk.open("/") == 200
    wanted = team.rows("select partner from partner_health")
    shown = []
    while True:
        links = desk.page.locator("li.partner h3 a").all()
        shown += [partner_of(link.get_attribute("href") or "") for link in links]
        if not desk.count("nav.pages a[rel=next]"):
            break
        desk.click("nav.pages a[rel=next]")
    out_of_place = sum(a != b for a, b in zip(shown, wanted, strict=True))
    assert out_of_place == 0
    if team.is_real:
        assert len(shown) >= 97


@discreet
def test_the_most_urgent_partner_leads_to_the_letter_that_waits(team: Team, desk: Desk) -> None:
    (partner,) = team.rows(_FIRST_WAITING)
    desk.open("/")
    desk.click("li.partner:has(.wait a[href*='waiting_on_us']) h3 a")
    assert partner_of(desk.page.url) == partner
    waiting = "select conversation, asked_at from waiting_on_us where partner = ? order by asked_at"
    (conversation, asked_at), *_ = team.rows(waiting, partner)
    asks = team.rows("select response from waiting_on_us where partner = ?", partner)
    assert desk.count("h3:has-text('Waiting for us') + ol > li") == min(len(asks), 10)

    desk.click("#waits ol.waits li .what a")
    assert urlsplit(desk.page.url).path == f"/partners/conversations/{conversation}"
    desk.click("a[href*='/partners/messages?']")
    letters = team.count("select count(*) from messages where conversation = ?", conversation)
    assert desk.count("table.rows-and-columns tbody tr") == letters
    desk.page.go_back()
    desk.page.go_back()

    desk.click("#waits ol.waits li a.reason")
    shown = desk.page.locator("td.col-asked_at time").get_attribute("datetime")
    assert shown == asked_at
    desk.page.go_back()
    desk.click(".state-line a.why")
    assert urlsplit(desk.page.url).path.endswith("/state")
    open_now = team.count(
        "select count(*) from alerts where partner = ? and cleared_at is null", partner
    )
    assert desk.count("table.rows tbody tr") == open_now


@discreet
def test_a_figure_leads_to_its_asks_and_an_ask_to_its_letters(team: Team, desk: Desk) -> None:
    known = "select partner from partner_health where ours_p50_seconds is not null limit 1"
    (partner,) = team.rows(known)
    name = quote(partner, safe="")
    desk.open(f"/?q={name}")
    link = f"li.partner .speeds a.why[href*='{name}/ours_p50_seconds']"
    shown = desk.page.locator(link).evaluate("link => link.firstChild.textContent.trim()")
    desk.click(link)
    assert desk.texts("p.answer strong") == [shown]
    asks = team.count("select ours_asks from partner_standing where partner = ?", partner)
    assert int(desk.texts("section.list h3 span")[0].replace(",", "")) == asks
    assert desk.count("section.list >> nth=0 >> tbody tr") == min(asks, 50)

    _, octets = desk.downloaded("section.list .links a:has-text('CSV')")
    columns, rows = of_table(team, "response_times")
    behind = rows_of_csv(octets, columns)
    assert len(behind) == asks
    unknown = len(behind - {as_csv(row) for row in rows})
    assert unknown == 0

    desk.click("table.rows td .more a:text-is('letters')")
    conversation = given(desk.page.url, "conversation__exact")
    assert given(desk.page.url, "partner__exact") == partner
    letters = team.count(_LETTERS, partner, conversation)
    assert desk.count("table.rows-and-columns tbody tr") == letters
    desk.click("table.rows-and-columns tbody td.type-pk a")
    assert desk.count("table.rows-and-columns tbody tr") == 1
    at = desk.page.locator("td.col-at time").get_attribute("datetime")
    first = "select at from messages where partner = ? and conversation = ? order by at limit 1"
    is_the_first = [at] == team.rows(first, partner, conversation)
    assert is_the_first


@on_the_demo
def test_an_owner_sees_their_own_partners(team: Team, desk: Desk) -> None:
    desk.open("/")
    follow(desk.page, desk.page.get_by_role("link", name=re.compile(f"^{re.escape(OWNER)}")))
    mine = team.rows("select partner from partner_health where owner = ?", OWNER)
    links = desk.page.locator("li.partner h3 a").all()
    assert [partner_of(link.get_attribute("href") or "") for link in links] == mine
    assert desk.texts(".facets a[aria-current] bdi")[0] == OWNER
    desk.click("a:text-is('Show all')")
    assert desk.count("li.partner") == team.count("select count(*) from partners")


@discreet
def test_a_partner_is_found_by_a_part_of_its_name(team: Team, desk: Desk) -> None:
    (partner,) = team.rows("select partner from partners order by messages_in desc limit 1")
    part = partner[1:-3]
    desk.open("/")
    desk.page.get_by_label("Find a partner").fill(part)
    desk.page.keyboard.press("Enter")
    desk.page.wait_for_url("**/?q=*")
    hits = "select count(*) from partners where instr(lower(partner || ' ' || coalesce(name, '')"
    found = team.count(f"{hits} || ' ' || coalesce(domains, '')), ?) > 0", part)
    assert found >= 1
    assert desk.count("li.partner") == min(found, 50)


# --- to take along


def of_table(team: Team, table: str) -> tuple[list[str], list[Any]]:
    """The columns of a table or view, and its rows."""
    columns = team.rows("select name from pragma_table_info(?) order by cid", table)
    return columns, team.rows(f"select * from {table}")  # noqa: S608


@discreet
def test_the_views_of_the_front_page_come_as_csv(team: Team, desk: Desk) -> None:
    for number, view in enumerate(
        ("partner_health", "waiting_on_us", "waiting_on_them", "silent_now")
    ):
        desk.open("/")
        name, octets = desk.downloaded(f".below .links a >> nth={number}")
        generation = team.count("select max(generation) from about")
        assert name == f"{view}-generation-{generation}.csv"
        wrong = different_csv_cells(octets, *of_table(team, view))
        assert wrong == 0


@pytest.mark.parametrize("table", ["response_times", "messages"])
@discreet
def test_a_whole_table_comes_as_csv_and_as_a_workbook(team: Team, desk: Desk, table: str) -> None:
    columns, rows = of_table(team, table)
    assert len(rows) >= 700
    for words in ("CSV", "Excel"):
        desk.open(f"/partners/{table}")
        desk.page.locator("details.actions-menu-links summary").click()
        name, octets = desk.downloaded(f"text=Download everything as {words}")
        assert name.startswith(f"{table}-generation-")
        wrong = (
            different_csv_cells(octets, columns, rows)
            if words == "CSV"
            else different_sheet_cells(octets, table, rows)
        )
        assert wrong == 0


@discreet
def test_a_review_is_printed_on_a4_with_every_partner_of_its_page(
    team: Team, desk: Desk, tmp_path: Path
) -> None:
    desk.open("/-/reviews")
    desk.click("table.review tbody th a")
    assert urlsplit(desk.page.url).path == f"/-/review/{team.quarter}"
    names = desk.texts("table.partners tbody th a")
    reviewed = team.count(
        "select count(distinct partner) from reviews where quarter = ? and partner <> 'team'",
        team.quarter,
    )
    assert len(names) == reviewed
    desk.page.pdf(path=tmp_path / "review.pdf", prefer_css_page_size=True)
    pages = PdfReader(tmp_path / "review.pdf").pages
    texts = [unicodedata.normalize("NFKC", page.extract_text()) for page in pages]
    sizes = {tuple(round(float(side) / 72 * 25.4) for side in page.mediabox[2:]) for page in pages}
    assert sizes == {(210, 297)}
    unnamed = sum(team.quarter not in text for text in texts)
    assert unnamed == 0
    printed = "".join("".join(texts).split())
    lost = sum("".join(name.split()) not in printed for name in names)
    assert lost == 0


# --- on every screen


@discreet
def test_every_page_fits_a_phone_asks_nobody_else_and_runs_no_script(
    team: Team, browser: Browser, cookies: Any
) -> None:
    with seated(team, browser, cookies, width=360) as desk:
        for name, path in one_of_all(team).items():
            assert desk.open(path) == 200, name
            colours = set()
            for scheme in ("light", "dark"):
                desk.page.emulate_media(color_scheme=scheme)
                assert not desk.page.evaluate(_IS_WIDER), (name, scheme)
                colours.add(desk.page.evaluate("getComputedStyle(document.body).backgroundColor"))
            assert len(colours) == 2, name
            assert desk.page.evaluate("document.scripts.length") == 0, name
        for path in ("/partners", "/partners/partner_health", "/partners/response_times"):
            assert desk.open(path) == 200
            assert not desk.page.evaluate(_IS_WIDER), path
        assert desk.strangers == 0
        assert len(desk.said) == 0


@on_the_demo
def test_a_phone_shows_who_is_not_known_and_what_is_not_there_as_well(
    team: Team, browser: Browser, cookies: Any
) -> None:
    there = {"/-/login": None, "/-/partner/nobody.example": cookies, "/-/review/1999-Q1": cookies}
    for path, kept in there.items():
        with seated(team, browser, kept, width=360, color_scheme="dark") as desk:
            assert desk.open(path) == (404 if kept else 200), path
            assert not desk.page.evaluate(_IS_WIDER), path
            assert desk.page.evaluate("document.scripts.length") == 0, path
            assert len(desk.texts("h1")) == 1, path
            assert desk.strangers == 0


_RINGLESS = """
() => [...document.querySelectorAll('a[href], button, input, summary, [tabindex="0"]')]
  .filter(each => each.type !== 'hidden' && each.checkVisibility())
  .filter(each => {
    each.focus();
    const style = getComputedStyle(each);
    return document.activeElement !== each || !each.matches(':focus-visible')
      || style.outlineStyle === 'none' || parseFloat(style.outlineWidth) < 2;
  }).map(each => each.outerHTML.slice(0, 90))
"""


@on_the_demo
def test_the_keyboard_reaches_the_content_first_and_every_link_shows_where_it_is(
    team: Team, desk: Desk
) -> None:
    for name, path in one_of_all(team).items():
        desk.open(path)
        desk.page.keyboard.press("Tab")
        assert desk.page.evaluate("document.activeElement.className") == "skip", name
        box = desk.page.locator("a.skip").bounding_box()
        assert box
        assert box["x"] >= 0, name
        assert desk.page.evaluate(_RINGLESS) == [], name


@on_the_demo
def test_the_tab_key_goes_through_the_links_in_their_order(team: Team, desk: Desk) -> None:
    desk.open("/")
    hrefs = desk.page.locator("a[href]").evaluate_all("all => all.map(each => each.href)")
    passed: list[str] = []
    for _ in range(len(hrefs) + 10):
        desk.page.keyboard.press("Tab")
        href = desk.page.evaluate("document.activeElement.href || ''")
        passed += [href] if href else []
        if len(passed) == len(hrefs):
            break
    assert passed == hrefs
    desk.open("/")
    desk.page.keyboard.press("Tab")
    desk.page.keyboard.press("Enter")
    desk.page.wait_for_url("**/#main")
