"""Feeds say what the tables say, keep their names, and open for those alone who may look."""

from __future__ import annotations

import asyncio
import html
import re
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET
from zoneinfo import ZoneInfo

import pytest
from browser_shots import CHROMIUM, SIZES, running_browser, running_datasette
from feeds_sample import ANA, AS_OF, ROWS, cookie, database, site
from icalendar import Calendar
from test_datasette import Site

from inbox_agent.datasette_plugin.entrance.locks import USERS_FILE
from inbox_agent.datasette_plugin.feeds.due_calendar import Due, calendar
from inbox_agent.datasette_plugin.feeds.tokens import token_of
from inbox_agent.plain_words import defused, one_line
from inbox_agent.users import User, add_user, change_password, remove_user

ATOM = "{http://www.w3.org/2005/Atom}"
PASSWORDS = "datasette-auth-passwords"
LOCKED = {"allow": {"id": "*"}}


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory, loop: asyncio.AbstractEventLoop) -> Site:
    return site(database(tmp_path_factory.mktemp("feeds") / "partners.db"), loop)


@pytest.fixture(scope="module")
def locked(found: Site, loop: asyncio.AbstractEventLoop) -> Site:
    return site(found.path, loop, **LOCKED)


def entries(text: str) -> list[dict[str, str]]:
    root = ET.fromstring(text)  # noqa: S314 - our own
    return [
        {part.tag.removeprefix(ATOM): part.text or part.get("href", "") for part in entry}
        for entry in root.findall(f"{ATOM}entry")
    ]


def events(body: bytes) -> dict[str, Any]:
    """By summary."""
    return {str(event["summary"]): event for event in Calendar.from_ical(body).walk("VEVENT")}


# -- alerts ---------------------------------------------------------------------------------


def test_the_feed_has_every_alert_the_latest_change_first(found: Site) -> None:
    response = found.get("/-/alerts.atom")
    assert response.headers["content-type"].startswith("application/atom+xml")
    first, second = entries(response.text)
    assert first["title"] == "Act: Globex: They wait for our answer."
    assert (first["published"], first["updated"]) == (AS_OF, AS_OF)
    assert first["link"] == "http://localhost/-/partner/globex.example"
    assert second["title"].startswith("Over: initech.example: Ask ")
    assert second["published"] == "2026-11-02T09:00:00Z"
    assert second["updated"] == "2026-11-20T09:00:00Z"


def test_the_feed_itself_has_what_rfc_4287_asks_for(found: Site) -> None:
    root = ET.fromstring(found.get("/-/alerts.atom").text)  # noqa: S314
    parts = {part.tag.removeprefix(ATOM) for part in root}
    assert parts >= {"id", "title", "updated", "author", "link", "entry"}
    links = {each.get("rel"): each.get("href") for each in root.findall(f"{ATOM}link")}
    assert links == {"self": "http://localhost/-/alerts.atom", "alternate": "http://localhost/"}
    ids = [each.text for each in root.iter(f"{ATOM}id")]
    assert len(set(ids)) == len(ids) == 3
    assert all(re.fullmatch(r"urn:uuid:[0-9a-f-]{36}", text or "") for text in ids)


def test_an_entry_keeps_its_name_and_one_that_becomes_graver_is_another(
    found: Site, loop: asyncio.AbstractEventLoop, tmp_path: Path
) -> None:
    now = {each["title"][:4]: each["id"] for each in entries(found.get("/-/alerts.atom").text)}
    graver, over = (dict(row) for row in ROWS["alerts"])
    before = database(
        tmp_path / "partners.db",
        alerts=[{**graver, "level": "watch", "act_raised_at": None}, {**over, "cleared_at": None}],
    )
    earlier = entries(site(before, loop).get("/-/alerts.atom").text)
    by_partner = {each["title"].split(": ")[1]: each["id"] for each in earlier}
    assert by_partner["initech.example"] == now["Over"]
    assert by_partner["Globex"] != now["Act:"]


def test_what_a_sender_wrote_is_text_on_one_line(found: Site) -> None:
    text = found.get("/-/alerts.atom").text
    assert "<b>" not in text
    assert not re.search("[\x07\u202e]", text)
    over = entries(text)[1]
    assert over["content"] == (
        'Ask <b>"now"</b> & go, to; https://evil.example @channel Over since 2026-11-20T09:00:00Z.'
    )


def test_owner_and_level_choose_and_another_word_is_refused(found: Site) -> None:
    assert len(entries(found.get(f"/-/alerts.atom?owner={ANA.upper()}").text)) == 1
    assert len(entries(found.get("/-/alerts.atom?level=act").text)) == 1
    assert entries(found.get("/-/alerts.atom?owner=nobody").text) == []
    refused = found.get("/-/alerts.atom?level=grave")
    assert (refused.status_code, refused.text) == (400, "400: level may be act, watch\n")


def test_who_asks_again_is_told_that_nothing_changed(found: Site) -> None:
    tag = found.get("/-/due.ics").headers["etag"]
    again = found.get("/-/due.ics", headers={"if-none-match": tag})
    assert (again.status_code, again.content) == (304, b"")
    other = found.get("/-/due.ics?owner=x", headers={"if-none-match": tag})
    assert other.status_code == 200


# -- what falls due -------------------------------------------------------------------------


def test_an_answer_is_due_at_its_instant_in_the_teams_zone(found: Site) -> None:
    body = found.get("/-/due.ics?kinds=our_answers").content
    (event,) = events(body).values()
    assert event["dtstart"].dt == datetime(2026, 11, 24, 9, 0, tzinfo=ZoneInfo("Europe/Berlin"))
    assert event["dtstamp"].dt == datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
    assert event["summary"] == (
        'Answer Globex: Ask <b>"now"</b> & go, to; https://evil.example @channel'
    )
    assert event["description"] == "Asked on 2026-11-20, reminded 1x since."
    assert event["url"] == "http://localhost/-/partner/globex.example"
    assert b"BEGIN:VTIMEZONE\r\nTZID:Europe/Berlin\r\n" in body


def test_silences_and_standards_are_whole_days_and_one_instant_is_said_once(found: Site) -> None:
    days = {
        name: each["dtstart"].dt for name, each in events(found.get("/-/due.ics").content).items()
    }
    assert days.pop("Globex: silent for too long from today, if nobody writes") == date(
        2026, 12, 10
    )
    assert days.pop("Globex: silent for far too long from today, if nobody writes") == date(
        2027, 1, 11
    )
    standard = "Globex: we answer too late too often from today, if nobody writes"
    assert days.pop(standard) == date(2026, 11, 24)
    assert sorted(days) == [
        'Answer Globex: Ask <b>"now"</b> & go, to; https://evil.example @channel',
        "Answer due from initech.example: Forecast",
    ]


def test_a_standard_alone_says_what_the_silence_would_have_said(found: Site) -> None:
    shown = events(found.get("/-/due.ics?kinds=standards").content)
    assert "Globex: too long without contact from today, if nobody writes" in shown


def test_a_standard_that_few_asks_fall_under_is_no_event(
    tmp_path: Path, loop: asyncio.AbstractEventLoop
) -> None:
    rows = [
        {"partner": partner, "standard": "they_answer_within", "target": "2 days",
         "unit": "share", "asks": asks, "breaks_at": "2026-11-25T08:00:00Z"}
        for partner, asks in (("globex.example", 4), ("initech.example", 5))
    ]  # fmt: skip
    made = database(tmp_path / "partners.db", standards=rows)
    body = site(made, loop).get("/-/due.ics?kinds=standards").content
    assert list(events(body)) == [
        "initech.example: they answer too late too often from today, if nobody writes"
    ]


def test_kinds_and_owner_choose_and_another_word_is_refused(found: Site) -> None:
    assert len(events(found.get("/-/due.ics?kinds=our_answers,their_answers").content)) == 2
    assert list(events(found.get("/-/due.ics?owner=BEN@acme.example").content)) == [
        "Answer due from initech.example: Forecast"
    ]
    refused = found.get("/-/due.ics?kinds=our_answers,others")
    assert refused.status_code == 400
    assert refused.text == (
        "400: kinds may be our_answers, their_answers, silences, standards, with commas between\n"
    )


def onsets(body: bytes) -> list[tuple[datetime, timedelta]]:
    """When each clock of a VTIMEZONE begins, and how far it is from UTC (RFC 5545 §3.6.5).

    An onset is local time by the clock before it, that is, by TZOFFSETFROM.
    """
    (zone,) = Calendar.from_ical(body).walk("VTIMEZONE")
    found = []
    for clock in zone.subcomponents:
        begins = clock["dtstart"].dt.replace(tzinfo=UTC) - clock["tzoffsetfrom"].td
        found.append((begins, clock["tzoffsetto"].td))
    return sorted(found)


@pytest.mark.parametrize(
    ("name", "clocks"),
    [
        ("Europe/Berlin", 9),
        ("America/New_York", 9),
        ("Australia/Sydney", 9),
        ("Australia/Lord_Howe", 9),  # half an hour
        ("Europe/Dublin", 9),  # its winter is the time out of the ordinary
        ("Asia/Kolkata", 1),
    ],
)
def test_the_calendar_tells_the_zone_as_it_is(name: str, clocks: int) -> None:
    zone = ZoneInfo(name)
    made_at = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
    due = Due("our_answers", "k", made_at.astimezone(zone), "s", "t", "http://localhost/")
    known = onsets(calendar("Due", made_at, [due]))
    assert len(known) == clocks  # one to begin with, two a year
    near = [at + timedelta(minutes=each) for at, _ in known for each in range(-120, 130, 10)]
    weeks = [datetime(2025, 1, 2, tzinfo=UTC) + timedelta(days=7 * n) for n in range(208)]
    for instant in [each for each in near if each >= known[0][0]] + weeks:
        told = max(begins for begins, _ in known if begins <= instant)
        assert dict(known)[told] == instant.astimezone(zone).utcoffset(), instant


def test_clocks_go_forward_at_two_in_berlin() -> None:
    """As in the examples of RFC 5545 §3.6.5: the onset by the clock that ends with it."""
    made_at = datetime(2026, 11, 22, 9, 0, tzinfo=ZoneInfo("Europe/Berlin"))
    body = calendar("Due", made_at, [Due("silences", "k", made_at, "s", "t", "http://localhost/")])
    spring = (
        b"BEGIN:DAYLIGHT\r\nDTSTART:20270328T020000\r\nTZNAME:CEST\r\n"
        b"TZOFFSETFROM:+0100\r\nTZOFFSETTO:+0200\r\nEND:DAYLIGHT\r\n"
    )
    autumn = (
        b"BEGIN:STANDARD\r\nDTSTART:20271031T030000\r\nTZNAME:CET\r\n"
        b"TZOFFSETFROM:+0200\r\nTZOFFSETTO:+0100\r\nEND:STANDARD\r\n"
    )
    assert spring in body
    assert autumn in body


def test_lines_end_as_rfc_5545_says_are_folded_and_escaped(found: Site) -> None:
    body = found.get("/-/due.ics").content
    lines = body.split(b"\r\n")
    assert b"\n" not in b"".join(lines)
    assert max(map(len, lines)) <= 75
    whole = body.replace(b"\r\n ", b"")
    assert b"SUMMARY:Answer Globex: Ask <b>" in whole
    assert rb"& go\, to\; https://evil.example" in whole


def test_events_keep_their_names_from_one_generation_to_the_next(
    found: Site, loop: asyncio.AbstractEventLoop, tmp_path: Path
) -> None:
    about = [{**ROWS["about"][0], "as_of": "2026-11-23T10:00:00Z", "generation": 43}]
    later = site(database(tmp_path / "partners.db", about=about), loop)

    def names(each: Site) -> set[str]:
        return {str(event["uid"]) for event in events(each.get("/-/due.ics").content).values()}

    assert names(found) == names(later)
    assert len(names(found)) == 5


# -- who may --------------------------------------------------------------------------------


def addresses(place: Site, actor: dict[str, str]) -> list[str]:
    text = place.get("/-/feeds", **cookie(place, actor)).text
    links = re.findall(r'href="http://localhost(/-/[^"]*)"', text)
    return [html.unescape(link) for link in links]


def test_without_a_lock_the_addresses_hold_no_name(found: Site) -> None:
    text = found.get("/-/feeds").text
    assert "http://localhost/-/alerts.atom" in text
    assert "token=" not in text
    assert "Bearer" not in text


def test_behind_a_lock_nobody_reads_a_feed_without_a_name(locked: Site) -> None:
    for path in ("/-/alerts.atom", "/-/due.ics", "/-/alerts.atom?token=", "/-/alerts.atom?token=x"):
        response = locked.get(path)
        assert response.status_code == 403
        assert "Globex" not in response.text
    assert locked.get("/-/feeds").status_code == 403


def test_the_addresses_of_somebody_signed_in_open_the_feeds_and_nothing_else(locked: Site) -> None:
    given = addresses(locked, {"id": "ana"})
    feeds = [path for path in given if path.startswith(("/-/alerts.atom", "/-/due.ics"))]
    assert len(feeds) == 8  # two of each, and two of each owner
    assert all(locked.get(path).status_code == 200 for path in feeds)
    token = feeds[0].partition("token=")[2]
    for path in ("/", "/-/feeds", "/partners", "/-/partner/globex.example"):
        assert locked.get(f"{path}?token={token}").status_code == 403
    api = locked.get("/-/api/partners.json", headers={"authorization": f"Bearer {token}"})
    assert api.status_code == 403
    signed = {"cookies": {"ds_actor": token}}
    assert locked.get("/partners", **signed).status_code == 403


def test_a_cookie_is_no_token_and_a_changed_token_is_none(locked: Site) -> None:
    stolen = cookie(locked, {"id": "ana"})["cookies"]["ds_actor"]
    assert locked.get(f"/-/alerts.atom?token={stolen}").status_code == 403
    good = addresses(locked, {"id": "ana"})[0]
    assert locked.get(good).status_code == 200
    assert locked.get(good[:-1] + ("A" if good[-1] != "A" else "B")).status_code == 403


def test_a_token_decides_alone_also_beside_a_good_cookie(locked: Site) -> None:
    ana = cookie(locked, {"id": "ana"})
    assert locked.get("/-/due.ics", **ana).status_code == 200
    assert locked.get("/-/due.ics?token=x", **ana).status_code == 403
    refused = locked.get("/-/alerts.atom?token=x").text
    assert refused == (
        "403: this token is not valid, or no longer; take a new address from /-/feeds\n"
    )


def test_a_token_of_somebody_who_may_look_no_longer_opens_nothing(
    locked: Site, loop: asyncio.AbstractEventLoop
) -> None:
    good = addresses(locked, {"id": "ana"})[0]
    without_ana = site(locked.path, loop, allow={"id": "ben"})
    assert without_ana.get(good).status_code == 403


def test_another_password_ends_the_addresses_made_with_the_one_before(
    locked: Site, loop: asyncio.AbstractEventLoop
) -> None:
    def with_password(kept: str) -> Site:
        plugins = {PASSWORDS: {"ana_password_hash": kept}}
        return site(locked.path, loop, plugins=plugins, **LOCKED)

    good = addresses(with_password("one"), {"id": "ana"})[0]
    assert with_password("one").get(good).status_code == 200
    assert with_password("two").get(good).status_code == 403
    assert locked.get(good).status_code == 403


def test_a_user_who_is_taken_away_reads_feeds_and_figures_no_longer(
    found: Site,
    loop: asyncio.AbstractEventLoop,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    users = tmp_path / "users.json"
    add_user(users, User("ana", "pbkdf2_sha256$1$salt$hash", ANA))
    monkeypatch.setenv(USERS_FILE, str(users))
    place = site(found.path, loop, **LOCKED)
    ana = {"id": "ana", "owner": ANA}
    feed = f"/-/alerts.atom?token={token_of(place.datasette, ana, 'feeds')}"
    line = {"authorization": f"Bearer {token_of(place.datasette, ana, 'api')}"}
    assert place.get(feed).status_code == 200
    assert place.get("/-/api/partners.json", headers=line).status_code == 200
    assert place.get("/-/alerts.atom").status_code == 403
    change_password(users, "ana", "pbkdf2_sha256$1$salt$other")
    assert place.get(feed).status_code == 403
    again = f"/-/alerts.atom?token={token_of(place.datasette, ana, 'feeds')}"
    assert place.get(again).status_code == 200
    remove_user(users, "ana")
    assert place.get(again).status_code == 403
    assert place.get("/-/api/partners.json", headers=line).status_code == 403


def test_an_owner_finds_the_feeds_of_the_partners_of_that_owner_first(locked: Site) -> None:
    first = addresses(locked, {"id": "ana", "owner": ANA})[0]
    assert first.startswith("/-/alerts.atom?owner=ana%40acme.example&level=act&token=")
    assert len(entries(locked.get(first).text)) == 1


def test_before_anything_is_published_there_is_no_feed(
    loop: asyncio.AbstractEventLoop, tmp_path: Path
) -> None:
    (tmp_path / "partners.db").touch()
    empty = site(tmp_path / "partners.db", loop)
    assert empty.get("/-/alerts.atom").status_code == 503
    assert empty.get("/-/feeds").status_code == 200


# -- words ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("one\r\ntwo\tthree", "one two three"),
        ("\u202egnp.exe\u202c \u2066x\u2069", "gnp.exe x"),
        ("\x00\x1b[31mred\x7f", "[31mred"),
        ("Grüße 見積", "Grüße 見積"),
    ],
)
def test_words_come_on_one_line_without_what_is_not_seen(text: str, shown: str) -> None:
    assert one_line(text) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (
            "<!here> <@U123> <https://x.example|y>",
            "\u2039!here\u203a \u2039@\u2060U123\u203a \u2039https:\u2060//x\u2060.example|y\u203a",
        ),
        ("@channel and @ann", "@\u2060channel and @\u2060ann"),
        ("ann@globex.example", "ann@globex.example"),
        ("x@everyone x@here, ann@x@all", "x@\u2060everyone x@\u2060here, ann@\u2060x@\u2060all"),
        ("x@everyone.example", "x@\u2060everyone\u2060.example"),
        ("(ann@globex.example), “bo@a.example”.", "(ann@globex.example), “bo@a.example”."),
        ("see www.evil.example", "see www\u2060.evil\u2060.example"),
        ("evil.example/login", "evil\u2060.example/login"),
        ("mailto:ann@globex.example", "mailto:\u2060ann@\u2060globex\u2060.example"),
        ("12.5 % until 3.11.", "12.5 % until 3.11."),
        (
            "[click](http://x) [a][b] [c]: d",
            "[click]\u2060(http:\u2060//x) [a]\u2060[b] [c]\u2060: d",
        ),
        ("at 10:30", "at 10:30"),
    ],
)
def test_chat_programs_neither_link_nor_call_anybody(text: str, shown: str) -> None:
    assert defused(text) == shown


# -- the page -------------------------------------------------------------------------------


@pytest.mark.pages
@pytest.mark.browser
@pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed (Debian: chromium)")
def test_the_page_of_feeds_fits_every_screen_in_both_colour_schemes_and_is_accessible(
    found: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    from axe_playwright_python.sync_playwright import Axe  # noqa: PLC0415 - only with Chromium
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 - only with Chromium

    monkeypatch.setenv("DATASETTE_SECRET", "kept")
    name = cookie(found, {"id": "ana", "owner": ANA})["cookies"]["ds_actor"]
    with (
        running_datasette(found.path) as address,
        sync_playwright() as playwright,
        running_browser(playwright) as browser,
    ):
        for size, scheme in (("wide", "light"), ("narrow", "dark")):
            width, height = SIZES[size]
            view: Any = {"viewport": {"width": width, "height": height}, "color_scheme": scheme}
            context = browser.new_context(**view)
            context.add_cookies([{"name": "ds_actor", "value": name, "url": address}])
            page = context.new_page()
            page.goto(f"{address}/-/feeds")
            assert page.get_by_role("heading", level=1).inner_text() == "Feeds"
            assert "Of your own partners" in page.inner_text("main")
            assert page.evaluate("document.documentElement.scrollWidth") <= width
            violations = Axe().run(page).response["violations"]
            told = [
                (one["id"], [node["html"][:120] for node in one["nodes"]]) for one in violations
            ]
            assert told == []
            context.close()
