"""The front page: whom to write to, and why; what it says when there is nothing, or too little."""

from __future__ import annotations

import asyncio
import html
import re
import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from browser_shots import CHROMIUM, running_browser, running_datasette
from datasette.app import Datasette
from mailboxes import BERLIN, PARTNER, ROSTER, Mailbox
from round_trip import generation_of
from sample_database import make_database
from test_datasette import IS_1X, Site, setting_values, site_of

from inbox_agent import sent_coverage, survival
from inbox_agent.config import load_config
from inbox_agent.datasette_plugin import enough
from inbox_agent.datasette_plugin.freshness import Freshness
from inbox_agent.datasette_plugin.front import rows as front_rows
from inbox_agent.datasette_plugin.front.choice import Choice, datasette_filters
from inbox_agent.datasette_plugin.front.rows import DETAILS, PARTNERS, months_until
from inbox_agent.datasette_plugin.front.sparklines import Month, silence_bar, sparkline
from inbox_agent.published import publish
from inbox_agent.standards import Cuts, Standards

Rows = dict[str, list[dict[str, Any]]]

# A Monday, 10:00 in Berlin.
AS_OF = "2026-11-23T09:00:00Z"
ABOUT = {
    "generation": 42,
    "as_of": AS_OF,
    "published_at": AS_OF,
    "timezone": "Europe/Berlin",
    "give_up_after_seconds": 30 * 86_400,
    "window_seconds": 90 * 86_400,
    "messages": 1_234,
}


def standing(partner: str, state: str, urgency: int, **more: Any) -> dict[str, Any]:
    plain = {
        "partner": partner,
        "as_of": AS_OF,
        "state": state,
        "urgency": urgency,
        "because": f"Because of {partner}.",
        "last_contact_at": "2026-11-17T11:20:00Z",
        "last_from": "them",
        "ours_asks": 0,
        "theirs_asks": 0,
    }
    return plain | more


def ask(key: str, partner: str, asked_at: str, **more: Any) -> dict[str, Any]:
    plain = {"responder": "us", "outcome": "open", "needs_reply": "yes", "nudges": 0}
    return {"response": key, "partner": partner, "asked_at": asked_at} | plain | more


def day(number: int) -> dict[str, Any]:
    """A day of November 2026 in Berlin; the 1st is a Sunday."""
    worked = [d for d in range(1, number + 1) if d % 7 not in (0, 1)]
    return {
        "day": f"2026-11-{number:02d}",
        "begins_at": f"2026-11-{number - 1:02d}T23:00:00Z",
        "ends_at": f"2026-11-{number:02d}T23:00:00Z",
        "is_working": int(number in worked),
        "working_days": len(worked),
    }


def team() -> Rows:
    """Globex waits for us since long, Initech is quiet, two are fine, one can't be told."""
    name_owner = {
        "globex.com": ("Globex", "ana@acme.example", "gold"),
        "initech.example": ("Initech", "ben@acme.example", "silver"),
        "umbrella.example": ("Ölhändler <i>GmbH</i>", None, None),
        "hooli_x.example": (None, "ana@acme.example", "gold"),
        "a&b@mail.example": (None, "", None),
    }
    return {
        "about": [ABOUT],
        "partners": [
            {"partner": p, "name": n, "owner": o, "tier": t, "domains": p, "as_of": AS_OF}
            for p, (n, o, t) in name_owner.items()
        ],
        "partner_standing": [
            standing("a&b@mail.example", "unknown", 19, last_contact_at=None,
                     sent_coverage=0.55, sent_coverage_high=0.7, ours_asks=9),
            standing("hooli_x.example", "ok", 18, last_contact_at="2026-11-12T08:00:00Z",
                     ours_asks=8, ours_p50_reached=0, theirs_asks=1),
            standing("umbrella.example", "ok", 18),
            standing("initech.example", "watch", 10, cause_since_at="2026-11-20T23:00:00Z",
                     watch_at="2026-11-20T23:00:00Z", act_at="2026-11-29T23:00:00Z",
                     last_from="us", usual_gap_working_days=1, longest_gap_working_days=3),
            standing("globex.com", "act", 0, cause_since_at="2026-11-04T09:00:00Z",
                     ours_asks=12, ours_p50_seconds=15_300, ours_p50_reached=1,
                     ours_arrow="slower", theirs_asks=3, theirs_arrow="steady",
                     usual_gap_working_days=2, longest_gap_working_days=9,
                     watch_at="2026-12-01T23:00:00Z", act_at="2026-12-16T23:00:00Z"),
        ],
        "conversations": [
            {"conversation": "c1", "partner": "globex.com", "subject": "<b>https://evil.example"},
        ],
        "response_times": [
            ask("r1", "globex.com", "2026-11-16T09:00:00Z", conversation="c2"),
            ask("r2", "globex.com", "2026-11-02T22:00:00Z", conversation="c1", nudges=2,
                due_at="2026-11-04T23:30:00Z"),
            ask("r3", "globex.com", "2026-11-01T09:00:00Z", answered_at="2026-11-02T09:00:00Z"),
            ask("r4", "initech.example", "2026-11-20T09:00:00Z", responder="them",
                due_at="2026-11-23T13:00:00Z"),
        ],
        "response_times_by_period": [
            {"partner": "globex.com", "responder": "us", "period": period, "p50_seconds": p50,
             "period_kind": "month", "p50_reached": 1}
            for period, p50 in (("2026-08", 7_200), ("2026-09", 14_400), ("2026-11", 15_300))
        ],
        "silence_gaps": [
            {"gap": f"g{n}", "partner": partner, "is_open": 1, "began_at": "2026-11-17T11:20:00Z"}
            for n, partner in enumerate(("globex.com", "initech.example"))
        ],
        "working_days": [day(number) for number in range(2, 29)],
        "alerts": [
            {"alert": "a1", "partner": "globex.com", "kind": "our_answer_overdue", "level": "act",
             "raised_at": "2026-11-22T09:00:01Z"},
            {"alert": "a2", "partner": "initech.example", "kind": "silence", "level": "act",
             "raised_at": "2026-11-10T09:00:00Z", "act_raised_at": "2026-11-22T23:00:00Z"},
            {"alert": "a3", "partner": "hooli_x.example", "kind": "person_gone", "level": "watch",
             "raised_at": "2026-11-10T09:00:00Z", "cleared_at": "2026-11-23T08:00:00Z"},
            {"alert": "a4", "partner": "umbrella.example", "kind": "silence", "level": "watch",
             "raised_at": "2026-11-22T09:00:00Z"},
        ],
    }  # fmt: skip


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, loop: asyncio.AbstractEventLoop) -> Site:
    return site_of(make_database(tmp_path_factory.mktemp("s") / "partners.db", team()), loop)


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory, loop: asyncio.AbstractEventLoop) -> Site:
    """A site whose rows each test puts in anew: a start of Datasette takes long."""
    return site_of(make_database(tmp_path_factory.mktemp("o") / "partners.db", {}), loop)


def shown(site: Site, path: str = "/", **changes: list[dict[str, Any]]) -> str:
    """The page with the team's rows, some tables changed."""
    with closing(sqlite3.connect(site.path)) as db, db:
        for table, rows in (team() | {"polls": []} | changes).items():
            db.execute(f"delete from {table}")  # noqa: S608
            for row in rows:
                marks = ", ".join(f":{name}" for name in row)
                db.execute(f"insert into {table} ({', '.join(row)}) values ({marks})", row)  # noqa: S608
    response = site.get(path)
    assert response.status_code == 200
    return str(response.text)


def words(text: str) -> str:
    """What people read: without tags, white space as one space."""
    body = re.sub(r"<title>.*?</title>|<head>.*?</head>", " ", text, flags=re.DOTALL)
    return " ".join(html.unescape(re.sub(r"<[^>]+>", "", body)).split())


def cards(text: str) -> dict[str, str]:
    """The markup of each partner's card by the address of its page, in the order of the page."""
    found = re.findall(r'<li class="partner">.*?\n</li>', text, flags=re.DOTALL)
    return {re.search(r'href="/-/partner/([^"]+)"', card)[1]: card for card in found}  # type: ignore[index]


GLOBEX, INITECH, UMBRELLA = "globex.com", "initech.example", "umbrella.example"
HOOLI, UNSEEN = "hooli_x.example", "a%26b@mail.example"


# -- whom to write to, and why ----------------------------------------------------------------


def test_partners_stand_in_the_order_of_partner_health(site: Site) -> None:
    shown = list(cards(site.get("/").text))
    assert shown == [GLOBEX, INITECH, HOOLI, UMBRELLA, UNSEEN]
    health = [row[0] for row in site.csv("/partners/partner_health.csv")[1:]]
    assert [name.replace("%26", "&") for name in shown] == health


def test_the_headline_counts_the_states_in_words(site: Site) -> None:
    text = site.get("/").text
    assert "<h1>1 to act on, 1 to watch, 2 fine, 1 unknown</h1>" in text
    headings = re.findall(r"<h2[^>]*><span class=\"state state-(\w+)\">([^<]+)", text)
    assert headings == [
        ("act", "To act on"),
        ("watch", "To watch"),
        ("ok", "Fine"),
        ("unknown", "Unknown"),
    ]
    assert '<span class="state state-act">act</span>' in cards(text)[GLOBEX]


def test_a_partner_says_why_and_who_waits_since_when(site: Site) -> None:
    found = cards(site.get("/").text)
    globex, initech = words(found[GLOBEX]), words(found[INITECH])
    assert "Because of globex.com." in globex
    # 22:00 UTC is the 2nd in Berlin, still; 23:30 UTC is the next day there
    assert (
        "2 wait for us, the oldest since Mon 2 Nov: <b>https://evil.example; "
        "was due Thu 5 Nov; 2 reminders" in globex
    )
    assert "wait for them" not in globex
    assert "1 waits for them, since Fri 20 Nov; due Mon 23 Nov, 14:00" in initech
    assert "wait" not in words(found[UMBRELLA])


def test_words_out_of_letters_are_no_markup_and_no_link(site: Site) -> None:
    text = site.get("/").text
    assert '<bdi class="subject">&lt;b&gt;https://evil.example</bdi>' in text
    assert 'href="https://evil' not in text
    assert "<bdi>Ölhändler &lt;i&gt;GmbH&lt;/i&gt;</bdi>" in text


def test_a_silence_is_told_by_the_partners_own_rhythm(site: Site) -> None:
    found = cards(site.get("/").text)
    globex, initech = words(found[GLOBEX]), words(found[INITECH])
    # from Tuesday the 17th: Wednesday, Thursday, Friday and this Monday
    assert "Quiet for 4 working days since Tue 17 Nov, they wrote last" in globex
    assert "usually 2" in globex
    assert "watch from Wed 2 Dec act from Thu 17 Dec" in globex
    assert "long since Sat 21 Nov act from Mon 30 Nov" in initech
    assert "we wrote last" in initech
    assert 'class="silence-bar passed-watch"' in found[INITECH]
    assert "No contact yet" in words(found[UNSEEN])


def test_response_times_few_asks_and_trends_are_in_words(site: Site) -> None:
    found = cards(site.get("/").text)
    globex = words(found[GLOBEX])
    assert re.search(r"We answer in 4h 15m.*?↗ slower", globex)
    assert re.search(r"They answer only 3 asks(?!.*?→)", globex)
    assert "We answer fewer than half" in words(found[HOOLI])
    assert "They answer only 1 ask:" in words(found[HOOLI])
    assert "We answer no asks" in words(found[UMBRELLA])
    assert found[GLOBEX].count("<svg") == 2  # our months, and the silence; they had no months


def test_each_figure_and_each_partner_is_one_click_away(site: Site) -> None:
    found = cards(site.get("/").text)
    for figure in ("ours_p50_seconds", "theirs_asks", "usual_gap_working_days"):
        assert f'href="/-/why/globex.com/{figure}"' in found[GLOBEX]
    assert 'href="/-/partner/globex.com"' in found[GLOBEX]
    assert 'href="/partners/waiting_on_us?partner=globex.com"' in found[GLOBEX]
    assert len(site.csv("/partners/waiting_on_us.csv?partner=globex.com")) == 1 + 2


def test_where_we_do_not_see_what_we_send_our_speed_is_unknown(site: Site) -> None:
    text = site.get("/").text
    assert "How fast we answer 1 partner is unknown" in words(text)
    card = words(cards(text)[UNSEEN])
    assert "We answer unknown" in card
    assert re.search(r"Only 55%.*? of our letters that they answered are here", card)
    assert "are here" not in words(cards(text)[GLOBEX])


# -- filters ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("owner=ana@acme.example", [GLOBEX, HOOLI]),
        ("owner=nobody", [UMBRELLA, UNSEEN]),
        ("tier=gold&state=ok", [HOOLI]),
        ("tier=none", [UMBRELLA, UNSEEN]),
        ("state=watch", [INITECH]),
        ("state=nonsense", [GLOBEX, INITECH, HOOLI, UMBRELLA, UNSEEN]),
        ("q=GLOB", [GLOBEX]),
        ("q=ölhändler", [UMBRELLA]),
        ("q=_x", [HOOLI]),
        ("q=%25", []),
        ("q=example&owner=ana@acme.example", [HOOLI]),
        ("q=' or 1=1 --", []),
        ("page=7", [GLOBEX, INITECH, HOOLI, UMBRELLA, UNSEEN]),
        ("page=-1", [GLOBEX, INITECH, HOOLI, UMBRELLA, UNSEEN]),
    ],
)
def test_filters_leave_in_what_they_say(site: Site, query: str, shown: list[str]) -> None:
    response = site.get(f"/?{query}")
    assert response.status_code == 200
    assert list(cards(response.text)) == shown


def test_a_filter_changes_the_headline_and_the_other_filters_counts(site: Site) -> None:
    text = site.get("/?owner=ana@acme.example").text
    assert "<h1>1 to act on, 0 to watch, 1 fine</h1>" in text
    assert "ben@acme.example 1" in words(text)
    assert "nobody 2" in words(text)
    assert "gold 2" in words(text)
    assert "silver 0" in words(text)
    assert '<input type="hidden" name="owner" value="ana@acme.example">' in text
    assert 'href="/?owner=ana%40acme.example&amp;state=act"' in text


def test_downloads_go_by_the_filters_that_the_views_have(site: Site) -> None:
    text = site.get("/?owner=nobody&state=ok").text
    links = re.findall(r'href="(/partners/\w+\.csv\?[^"]+)"', text)
    health, on_us, _, _ = [html.unescape(link) for link in links]
    assert [row[0] for row in site.csv(health)[1:]] == [UMBRELLA]
    assert on_us.startswith("/partners/waiting_on_us.csv?owner__isblank=1&")
    assert datasette_filters(Choice(tier="gold", owner="x"), {"owner"}) == {"owner__exact": "x"}


def test_a_thousand_partners_come_in_pages_each_once(other: Site) -> None:
    keys = [f"p{n:03d}.example" for n in range(120)]
    first = shown(
        other,
        partners=[{"partner": key, "as_of": AS_OF} for key in keys],
        partner_standing=[standing(key, "ok", 18) for key in keys],
    )
    pages = [first, other.get("/?page=2").text, other.get("/?page=3").text]
    assert [partner for page in pages for partner in cards(page)] == keys
    assert "51 to 100 of 120" in words(pages[1])
    assert 'rel="prev" href="/"' in pages[1]
    assert 'href="/?state=ok"' in pages[1]  # another choice begins at its first page
    assert 'rel="next" href="/?page=3"' in pages[1]
    assert list(cards(other.get("/?page=99").text)) == keys[100:]
    assert 'rel="next"' not in pages[2]


def test_the_asks_of_a_page_are_found_by_index(site: Site) -> None:
    """No page may read a million rows."""
    with closing(sqlite3.connect(site.path)) as db:
        for sql in DETAILS:
            plan = db.execute(f"explain query plan {sql}", dict.fromkeys(PARTNERS)).fetchall()
            tables = " ".join(row[3] for row in plan)
            assert "waiting" not in sql or "INDEX unanswered_asks_of_partner (partner=?)" in tables
            assert not re.search(r"SCAN (r|response_times|messages|c|g)\b(?! USING INDEX)", tables)


# -- since yesterday --------------------------------------------------------------------------


def test_what_the_last_day_brought_is_one_line(site: Site, other: Site) -> None:
    line = (
        "1 new: Globex (our answer overdue); 1 graver: Initech (silence); "
        "1 over: hooli_x.example (person gone)."
    )
    text = words(site.get("/").text)
    assert re.search(
        rf"In the day before that, since Sun 22 Nov.*?, 10:00: {re.escape(line)}", text
    )
    assert "1 over" not in words(site.get("/?owner=ben@acme.example").text)
    # as of a day that is not over yet, whenever this runs
    fresh = ABOUT | {"as_of": "2999-11-23T09:00:00Z", "poll_every_seconds": 300}
    assert "Since yesterday, Fri 22 Nov 2999, 10:00: nothing new" in words(
        shown(other, about=[fresh])
    )


def test_its_links_show_the_very_alerts(site: Site) -> None:
    links = re.findall(r'href="/partners/alerts\?([^"]+)"', site.get("/").text)
    found = [site.csv(f"/partners/alerts.csv?{html.unescape(link)}")[1][0] for link in links]
    assert found == ["a1", "a2", "a3"]


def test_with_an_owner_its_links_keep_to_the_partners_of_that_owner(
    other: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    alerts = [
        {"alert": f"of {partner}", "partner": partner, "kind": "silence", "level": "watch",
         "raised_at": "2026-11-23T08:00:00Z"}
        for partner in (GLOBEX, "initech.example", "hooli_x.example", "umbrella.example")
    ]  # fmt: skip
    shown(other, alerts=alerts)

    def linked(path: str) -> list[str]:
        links = re.findall(r'href="/partners/alerts\?([^"]+)"', other.get(path).text)
        return sorted(
            row[0].removeprefix("of ")
            for link in links[:1]
            for row in other.csv(f"/partners/alerts.csv?{html.unescape(link)}")[1:]
        )

    assert len(linked("/")) == 4
    assert linked("/?owner=ana@acme.example") == [GLOBEX, "hooli_x.example"]
    assert linked("/?owner=ben@acme.example&state=ok") == ["initech.example"]
    assert linked("/?owner=nobody") == ["umbrella.example"]
    monkeypatch.setattr(front_rows, "_MOST_LINKED", 0)
    many = other.get("/?owner=ben@acme.example").text
    assert "partner__in" not in many
    assert "The links show those of all partners." in many


def test_the_link_to_partners_whose_answers_are_not_seen_keeps_to_the_owner(other: Site) -> None:
    owners = {"a.example": "ana@acme.example", "b.example": "ben@acme.example"}
    shown(
        other,
        partners=[{"partner": name, "owner": owner} for name, owner in owners.items()],
        partner_standing=[
            standing(name, "ok", n, sent_coverage=0.2, sent_coverage_high=0.5)
            for n, name in enumerate(owners)
        ],
    )
    text = other.get("/?owner=ben@acme.example").text
    (link,) = re.findall(r'href="/partners/partner_standing\?([^"]+)"', text)
    found = other.csv(f"/partners/partner_standing.csv?{html.unescape(link)}")
    assert [row[0] for row in found[1:]] == ["b.example"]


def test_many_alerts_are_counted_and_three_are_named(other: Site) -> None:
    alerts = [
        {"alert": f"a{n}", "partner": GLOBEX, "kind": "silence", "level": "watch",
         "raised_at": "2026-11-23T08:00:00Z"}
        for n in range(5)
    ]  # fmt: skip
    text = words(shown(other, alerts=alerts))
    assert "5 new: Globex (silence), Globex (silence), Globex (silence) and 2 more." in text


def test_a_quiet_day_and_the_very_first_reading_are_told_apart(other: Site) -> None:
    assert "nothing new, and nothing is over" in words(shown(other, alerts=[]))
    polls = [poll(1, "m", "2026-11-22T09:00:01Z")]
    assert "since Sun 22 Nov" not in words(shown(other, polls=polls))
    polls = [poll(1, "m", "2026-11-22T09:00:00Z"), *polls[1:]]
    assert "since Sun 22 Nov" in words(shown(other, polls=polls))


# -- how fresh it is --------------------------------------------------------------------------


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def poll(number: int, mailbox: str, started_at: str, error: str | None = None) -> dict[str, Any]:
    return {
        "poll": f"{number:08d}",
        "mailbox": mailbox,
        "started_at": started_at,
        "ok": int(error is None),
        "error": error,
    }


@pytest.mark.parametrize(
    ("every", "now", "is_stale"),
    [
        (300, "2026-11-23T10:00:00Z", False),
        (300, "2026-11-23T10:00:01Z", True),
        (7_200, "2026-11-23T15:00:00Z", False),
        (7_200, "2026-11-23T15:00:01Z", True),
        (None, "2036-11-23T15:00:00Z", False),
        (300, "2026-11-23T08:00:00Z", False),  # the clock of whoever reads goes wrong
    ],
)
def test_figures_are_stale_after_three_polls_and_an_hour(
    every: int | None, now: str, is_stale: bool
) -> None:
    about = ABOUT | {"poll_every_seconds": every}
    assert Freshness.of(about, [], [], at(now)).is_stale is is_stale


def test_a_mailbox_that_fails_is_named_with_its_folders_and_its_last_complete_poll() -> None:
    polls = [
        poll(9, "sales", "2026-11-23T08:58:00Z", "do this"),
        poll(8, "team", "2026-11-23T08:57:00Z"),
        poll(7, "sales", "2026-11-23T08:00:00Z"),
        poll(6, "team", "2026-11-23T07:00:00Z", "over now"),
    ]
    folders = [
        {"mailbox": "sales", "folder": "Old", "state": "missing", "last_complete_at": None},
        {"mailbox": "sales", "folder": "INBOX", "state": "ok", "last_complete_at": AS_OF},
        {"mailbox": "team", "folder": "New", "state": "reading", "last_complete_at": None},
        {"mailbox": "team", "folder": "Sent", "state": "reading", "last_complete_at": AS_OF},
    ]
    found = Freshness.of(ABOUT | {"poll_every_seconds": 300}, polls, folders, at(AS_OF))
    (trouble,) = found.troubles
    assert (trouble.mailbox, trouble.error) == ("sales", "do this")
    assert trouble.folders == ("Old",)
    assert trouble.complete_at == "2026-11-23T08:00:00Z"
    assert found.reading == 1


def test_a_mailbox_read_no_more_and_an_import_are_no_trouble() -> None:
    polls = [
        poll(9, "team", "2026-11-23T08:58:00Z"),
        poll(8, "import", "2026-11-23T08:50:00Z", "no mail"),
        poll(7, "given up", "2026-11-23T05:57:59Z", "login refused"),
    ]
    folders = [
        {"mailbox": "import", "folder": "2021", "state": "imported", "last_complete_at": None}
    ]
    about = ABOUT | {"poll_every_seconds": 300}
    assert Freshness.of(about, polls, folders, at(AS_OF)).troubles == ()
    polls.append(dict.fromkeys(polls[0]))  # of which nothing is known
    polls[2] = poll(7, "given up", "2026-11-23T05:58:00Z", "login refused")
    assert len(Freshness.of(about, polls, folders, at(AS_OF)).troubles) == 1


def test_old_figures_are_shouted_out_and_imports_are_not(other: Site) -> None:
    old = ABOUT | {"as_of": "2001-02-03T09:00:00Z"}
    polls = [poll(1, "<i>team", "2001-02-03T09:00:00Z", "check the <b>password")]
    text = shown(other, about=[old | {"poll_every_seconds": 300}], polls=polls)
    assert 'class="banner loud" role="alert"' in text
    assert "Old figures: the mailbox was last read to its end" in words(text)
    assert "Sat 3 Feb 2001, 10:00" in words(text)
    assert "<bdi>check the &lt;b&gt;password</bdi>" in text
    text = shown(other, about=[old])
    assert "banner loud" not in text
    assert "Imported mail, as of Sat 3 Feb 2001, 10:00" in words(text)


def test_how_often_mailboxes_are_read_is_published(tmp_path: Path) -> None:
    box = Mailbox((), ROSTER, PARTNER, Standards(), BERLIN, BERLIN, Cuts(), at(AS_OF))
    generation = generation_of([], box)
    found = []
    for every in (None, 300):
        path = tmp_path / "partners.db"
        publish(path, replace(generation, poll_every_seconds=every))
        with closing(sqlite3.connect(path)) as db:
            found += db.execute("select poll_every_seconds from about").fetchall()
    assert found == [(None,), (300,)]


def test_where_no_mailbox_is_set_nothing_is_polled(tmp_path: Path) -> None:
    path = tmp_path / "inbox-agent.toml"
    path.write_text('[team]\ndomains = ["acme.example"]\n[poll]\nevery = "7 minutes"\n')
    assert load_config(path).poll_every_seconds is None
    with path.open("a") as file:
        file.write('[[mailboxes]]\nname = "m"\nhost = "h.example"\nuser = "u"\n')
        file.write('password = { env = "P" }\n')
    assert load_config(path).poll_every_seconds == 420


# -- nothing to show --------------------------------------------------------------------------


def test_before_the_first_publication_it_says_what_to_do(
    other: Site, tmp_path: Path, loop: Any
) -> None:
    sqlite3.connect(tmp_path / "partners.db").close()
    (tmp_path / "partners.db").touch()
    for text in (
        site_of(tmp_path / "partners.db", loop).get("/").text,
        shown(other, about=[]),
    ):
        assert "Nothing has been published yet" in text
        assert "inbox-agent poll" in text


def test_no_partners_nothing_found_and_nothing_to_do_each_say_so(other: Site) -> None:
    assert "<h1>No partners yet</h1>" in shown(other, partners=[], partner_standing=[])
    fine = [standing("umbrella.example", "ok", 18)]
    text = words(shown(other, partner_standing=fine))
    assert "Nothing to do: no partner here gives a reason to act or to watch." in text
    text = words(shown(other, "/?q=nowhere&state=act", partner_standing=fine))
    assert "No partner fits “nowhere” and the chosen filters. Show all" in text
    assert "Nothing to do" not in text


def test_what_can_not_be_shown_is_a_plain_page(tmp_path: Path, loop: Any) -> None:
    """A column that an older version did not have; then a query that never ends."""
    path = make_database(tmp_path / "partners.db", {"about": [ABOUT]})
    settings = setting_values() | {"sql_time_limit_ms": 20}
    datasette = Datasette([str(path)], settings=settings)
    loop.run_until_complete(datasette.invoke_startup())
    endless = """create view about as
        with recursive n(i) as (select 1 union all select i + 1 from n)
        select i as generation from n
    """
    for change, said in (
        ("alter table folders drop column last_complete_at", "inbox-agent rebuild"),
        (f"drop table about; {endless}", "This page took too long"),
    ):
        with closing(sqlite3.connect(path)) as db:
            db.executescript(change)
        response = Site(path, datasette, loop).get("/")
        assert response.status_code == 503
        assert said in response.text


def test_whoever_may_not_see_the_database_sees_nothing(site: Site, loop: Any) -> None:
    locked: dict[str, Any] = {"allow": {"id": "ana"}}
    more = {"config": locked} if IS_1X else {}
    datasette = Datasette([str(site.path)], metadata=locked, **more)
    response = Site(site.path, datasette, loop).get("/")
    assert response.status_code == 403
    assert "globex" not in response.text.lower()


def test_other_databases_keep_datasettes_own_front_page(tmp_path: Path, loop: Any) -> None:
    path = tmp_path / "other.db"
    with closing(sqlite3.connect(path)) as db:
        db.execute("create table t (a)")
    text = site_of(path, loop).get("/").text
    assert 'href="/other"' in text
    assert "to act on" not in text


# -- the small pictures -----------------------------------------------------------------------


def test_a_gap_in_the_data_is_a_gap_in_the_line() -> None:
    months = [
        Month("Jan", 100),
        Month("Feb", 50),
        Month("Mar"),
        Month("Apr", 25),
        Month("May"),
        Month("Jun", None, is_reached=False),
    ]
    drawn = str(sparkline(months, "ours"))
    # 132 wide, 4 at each side, five steps of 24.8; 28 high, 0 at 24, the highest at 4
    assert 'class="spark-line" d="M4 4L28.8 14"' in drawn
    assert re.findall(r'<circle cx="([\d.]+)" cy="([\d.]+)"', drawn) == [("78.4", "19")]
    assert 'class="spark-miss" d="M125.5 1.5l5 5m0-5l-5 5"' in drawn
    assert (
        "<title>Half answered within: Jan 1m, Feb 50s, Apr 25s. Fewer than half answered: Jun. "
        "Other months: fewer than 5 asks.</title>" in drawn
    )


def test_the_last_month_with_a_figure_has_a_dot() -> None:
    drawn = str(sparkline([Month("Jan", 100), Month("Feb", 50), Month("Mar")], "ours"))
    assert re.findall(r'<circle cx="([\d.]+)" cy="([\d.]+)"', drawn) == [("66", "14")]


def test_without_a_figure_there_is_no_line() -> None:
    assert sparkline([Month("Jan"), Month("Feb")], "ours") == ""


def test_the_last_twelve_months_end_with_this_one() -> None:
    found = months_until(date(2026, 1, 31))
    assert (len(found), found[0], found[-1]) == (12, date(2025, 2, 1), date(2026, 1, 1))


def test_a_silence_is_drawn_beside_the_usual_and_the_longest() -> None:
    # the longest of 8 stands at 8 of 10, so 10 days are 200 wide
    drawn = str(silence_bar(5, 2, 8, "watch"))
    assert '<rect class="now" y="4" width="100.0"' in drawn
    assert '<path class="usual" d="M40.0 2V12"/><path class="longest" d="M160.0 0V14"/>' in drawn
    assert 'width="200.0"' in str(silence_bar(16, 2, 8, "act"))
    assert silence_bar(5, None, None, "") == ""


# -- in a browser -----------------------------------------------------------------------------


@pytest.mark.pages
def test_every_link_leads_somewhere(site: Site) -> None:
    text = "".join(site.get(path).text for path in ("/", "/?owner=nobody&state=ok&q=e"))
    links = {html.unescape(href) for href in re.findall(r'href="(/[^"#]*)"', text)}
    assert len(links) > 40
    answers = {href: site.get(href).status_code for href in sorted(links)}
    assert {href: status for href, status in answers.items() if status != 200} == {}


@pytest.mark.pages
@pytest.mark.browser
@pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed (Debian: chromium)")
def test_it_fits_every_screen_asks_nobody_else_and_everybody_can_use_it(tmp_path: Path) -> None:
    from axe_playwright_python.sync_playwright import Axe  # noqa: PLC0415 - only with Chromium
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 - only with Chromium

    trouble = poll(1, "team", "2001-02-03T09:00:00Z", "x" * 300)
    stale = [ABOUT | {"as_of": "2001-02-03T09:00:00Z", "poll_every_seconds": 300}]
    database = make_database(
        tmp_path / "partners.db", team() | {"about": stale, "polls": [trouble]}
    )
    asked: list[str] = []
    said: list[str] = []
    with (
        running_datasette(database) as address,
        sync_playwright() as playwright,
        running_browser(playwright) as browser,
    ):
        for width, scheme in ((360, "dark"), (1280, "light"), (2560, "dark")):
            view: Any = {"viewport": {"width": width, "height": 900}, "color_scheme": scheme}
            page = browser.new_page(**view)
            page.on("request", lambda request: asked.append(request.url))
            page.on("console", lambda message: said.append(message.text))
            page.goto(address)
            assert page.evaluate("document.documentElement.scrollWidth") <= width
            found = Axe().run(page).response["violations"]
            assert [(one["id"], one["nodes"][0]["html"]) for one in found] == []
            page.get_by_label("Find a partner").fill("initech")
            page.keyboard.press("Enter")
            page.wait_for_url("**/?q=initech")
            assert page.locator("li.partner").count() == 1
            page.close()
    assert {url.split("/")[2] for url in asked} == {address.removeprefix("http://")}
    assert said == []


def test_pages_tell_a_figure_from_when_on_it_is_made() -> None:
    assert (enough.FEWEST_ASKS, enough.ENOUGH_HELD) == (survival.FEWEST_ASKS, sent_coverage.ENOUGH)
