"""The page of one partner: what it says, what it leaves out, and what it asks the database."""

from __future__ import annotations

import asyncio
import re
import shutil
import sqlite3
from contextlib import closing
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from browser_shots import CHROMIUM, SIZES, running_browser, running_datasette
from datasette.app import Datasette
from sample_database import make_database
from test_datasette import IS_1X, Site, setting_values, site_of

from inbox_agent import catalogue
from inbox_agent.datasette_plugin.partner import words as partner_words
from inbox_agent.datasette_plugin.partner.answers import Side, before_words, headline, why_empty
from inbox_agent.datasette_plugin.partner.head import days_words, domains_of
from inbox_agent.datasette_plugin.partner.links import first_sentence
from inbox_agent.datasette_plugin.partner.people import came_of_it, carried_words
from inbox_agent.datasette_plugin.partner.periods import quarter_before, quarter_window, window_of
from inbox_agent.datasette_plugin.partner.silences import alarm_words, open_words
from inbox_agent.datasette_plugin.partner.standards import (
    actual_words,
    room_words,
    standards_of,
    suggested_words,
)
from inbox_agent.datasette_plugin.partner.street import openers_words, reminded_words, weeks_words
from inbox_agent.datasette_plugin.partner.waits import NextDue, Waits, next_due
from inbox_agent.words import duration

AS_OF = "2026-11-23T09:00:00Z"  # a Monday, 10:00 in Berlin
GLOBEX, DARK, MUTE = "globex.example", "dark.example", "mute.example"
CEO, IDN = "ceo/of+one@gmail.com", "bücher.example"
HIDDEN = "person 3f2a (gmail.com)"
HOSTILE = '<script>alert(1)</script> https://evil.example/ "\u202egnp.exe'

FIGURES = {
    "asks": 20, "answered": 19, "open": 0, "lapsed": 1, "response_rate": 0.95,
    "rate_so_far": 0.95, "followed_seconds": 2_592_000, "p50_seconds": 7_200, "p50_reached": 1,
    "p90_seconds": 86_400, "p50_business_seconds": 3_600, "p90_business_seconds": 20_000,
    "answered_p50_seconds": 7_000, "met_standard_share": 0.9,
}  # fmt: skip
FEW = {"asks": 4, "answered": 3, "open": 1, "lapsed": 0}
NONE = {"asks": 0, "answered": 0, "open": 0, "lapsed": 0}


def figures(prefix: str, found: dict[str, Any]) -> dict[str, Any]:
    return {prefix + name: value for name, value in found.items()}


def partner(key: str, **more: Any) -> dict[str, Any]:
    return {"partner": key, "domains": key, "as_of": AS_OF, "messages_in": 5, "messages_out": 4,
            "conversations": 2, "first_contact_at": "2025-02-03T10:00:00Z", **more}  # fmt: skip


def standing(key: str, ours: dict[str, Any], theirs: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"partner": key, "as_of": AS_OF, "state": "ok", "because": "Everything as usual.",
            "last_contact_at": "2026-11-17T10:00:00Z", "last_from": "us", "sent_coverage": 1.0,
            "sent_coverage_high": 1.0, **figures("ours_", ours), **figures("theirs_", theirs),
            **more}  # fmt: skip


def ask(response: str, key: str, responder: str, asked_at: str, **more: Any) -> dict[str, Any]:
    return {"response": response, "partner": key, "conversation": f"c-{key}", "episode": 1,
            "responder": responder, "asked_at": asked_at, "asked_by": "bo@globex.example",
            "outcome": "open", "needs_reply": "yes", "nudges": 0, **more}  # fmt: skip


def of_globex() -> dict[str, list[dict[str, Any]]]:
    month = {"before_from_at": "2026-05-04T22:00:00Z", "after_from_at": "2026-08-02T22:00:00Z",
             "until_at": "2026-10-31T23:00:00Z", "letters_before": 30,
             "letters_after": 31}  # fmt: skip
    evidence = '{"table": "messages", "where": {"side": "them"}, "instant": "at"}'
    return {
        "response_times": [
            ask("late", GLOBEX, "us", "2026-11-16T10:00:00Z", due_at="2026-11-18T10:00:00Z",
                nudges=2),
            ask("soon", GLOBEX, "us", "2026-11-22T10:00:00Z", due_at="2026-11-24T08:30:00Z"),
            ask("theirs", GLOBEX, "them", "2026-11-20T10:00:00Z", asked_by="us"),
        ],
        "silence_gaps": [
            {"gap": "open", "partner": GLOBEX, "is_open": 1, "began_at": "2026-11-17T10:00:00Z",
             "last_from": "us", "usual_gap_working_days": 2},
            {"gap": "old", "partner": GLOBEX, "is_open": 0, "began_at": "2026-09-01T10:00:00Z",
             "ended_at": "2026-09-21T08:00:00Z", "gap_working_days": 14, "times_usual": 7.0,
             "last_from": "us", "broken_by": "them"},
        ],
        "messages": [
            {"partner": GLOBEX, "message": "m1", "conversation": f"c-{GLOBEX}", "counts": 1,
             "at": "2026-09-21T08:00:00Z", "side": "them", "kind": "human",
             "subject": "Back again"},
        ],
        "standards": [
            {"partner": GLOBEX, "standard": "we_answer_within", "target": "1 business day, 9 of 10",
             "actual": 0.8, "unit": "share", "state": "broken", "misses_left": -2, "asks": 20,
             "share": 0.9, "misses": 4},
            {"partner": GLOBEX, "standard": "min_contacts", "target": "2 people", "actual": 3.0,
             "unit": "people", "state": "met", "misses_left": 1,
             "breaks_at": "2026-12-09T23:00:00Z"},
        ],
        "drift": [
            {"partner": GLOBEX, "measure": "to_us", "before": 0.9, "after": 0.5, "unit": "share",
             "direction": "down", "p": 0.0004, "p_adjusted": 0.0008, "is_shown": 1,
             "evidence": evidence, **month},
            {"partner": GLOBEX, "measure": "letter_size", "before": 820.0, "after": 3_550.0,
             "unit": "octets", "direction": "up", "p": 0.2, "p_adjusted": 0.4, "is_shown": 0,
             "evidence": evidence, **month},
        ],
        "contacts": [
            {"partner": GLOBEX, "address": "bo@globex.example", "name": "Bo", "side": "them",
             "messages": 9, "state": "gone", "gone_at": "2026-11-02T10:00:00Z",
             "successor": "eve@globex.example", "share_12_months": 0.64,
             "first_seen_at": AS_OF, "last_seen_at": AS_OF},
            {"partner": GLOBEX, "address": "ada@acme.example", "side": "us", "messages": 30},
            {"partner": GLOBEX, "address": "cc@globex.example", "side": "them", "messages": 0},
        ],
        "absences": [{"partner": GLOBEX, "address": "eve@globex.example",
                      "began_at": "2026-11-19T10:00:00Z", "is_open": 1}],
        "introductions": [
            {"partner": GLOBEX, "newcomer": "kim@hooli.example", "received": 1,
             "introduced_by": "bo@globex.example", "introduced_at": "2026-07-14T10:00:00Z",
             "answered_at": "2026-07-15T10:00:00Z", "alive_after_90_days": 0},
        ],
        "alerts": [
            {"alert": "a1", "partner": GLOBEX, "kind": "our_answer_overdue", "level": "act",
             "because": "An answer is late.", "raised_at": AS_OF, "act_raised_at": AS_OF},
            {"alert": "a2", "partner": GLOBEX, "kind": "person_gone", "level": "watch",
             "because": "Bo is gone.", "raised_at": "2026-11-02T11:00:00Z"},
            {"alert": "a3", "partner": GLOBEX, "kind": "silence", "level": "watch",
             "because": "Quiet in September.", "raised_at": "2026-09-10T11:00:00Z",
             "cleared_at": "2026-09-21T11:00:00Z"},
        ],
        "alarm_record": [
            {"partner": GLOBEX, "alarm": f"r{n}", "level": "watch", "raised_at": AS_OF,
             "came_back_within_30_days": came} for n, came in enumerate((1, 0, None))
        ],
        "response_times_by_period": [
            {"partner": GLOBEX, "responder": "us", "period": "2026-Q2", "period_kind": "quarter",
             **FIGURES, "asks": 12, "p50_seconds": 21_600, "met_standard_share": 0.7},
            {"partner": GLOBEX, "responder": "them", "period": "2026-Q2",
             "period_kind": "quarter", **FEW, "asks": 3},
            {"partner": GLOBEX, "responder": "us", "period": "2026-Q3", "period_kind": "quarter",
             **FIGURES, "p50_seconds": 4_444},
        ],
        "reviews": [
            {"quarter": quarter, "partner": key, "measure": "asks", "value": 1}
            for quarter, key in (("2026-Q3", GLOBEX), ("2026-Q2", GLOBEX), ("2026-Q1", DARK))
        ],
    }  # fmt: skip


def rows() -> dict[str, list[dict[str, Any]]]:
    found = of_globex()
    found["about"] = [{"generation": 7, "as_of": AS_OF, "published_at": AS_OF,
                       "timezone": "Europe/Berlin", "window_seconds": 90 * 86_400,
                       "give_up_after_seconds": 30 * 86_400}]  # fmt: skip
    found["partners"] = [
        partner(GLOBEX, name="Globex", owner="ana@acme.example", tier="gold", contacts=2,
                domains=f"globex.com, {GLOBEX}", their_hours="09:00-17:00", their_days="mon, tue",
                their_timezone="Europe/Paris", their_hours_from="learned",
                their_timezone_from="learned"),
        partner(DARK), partner(MUTE), partner(CEO), partner(IDN), partner(HIDDEN),
    ]  # fmt: skip
    unseen = {**NONE, "asks": 9, "answered": 4, "lapsed": 5}
    never = {**FIGURES, "asks": 8, "answered": 0, "lapsed": 8, "response_rate": 0.0,
             "p50_seconds": None, "p50_reached": 0, "p90_seconds": None,
             "p50_business_seconds": None, "answered_p50_seconds": None,
             "met_standard_share": 0.0}  # fmt: skip
    found["partner_standing"] = [
        standing(GLOBEX, FIGURES, {**FIGURES, "asks": 10}, state="act", cause="our_answer_overdue",
                 because="They wait for our answer, due on 18 Nov 2026.", ours_arrow="faster",
                 cause_since_at="2026-11-18T10:00:00Z", watch_at="2026-12-03T23:00:00Z",
                 act_at="2026-12-20T23:00:00Z", usual_gap_working_days=2,
                 longest_gap_working_days=14, fairness=0.693147, fairness_low=0.2,
                 fairness_high=1.1, fairness_basis="all", opened_by_us=0.25, opened_by_them=0.75,
                 nudges_by_us=1, nudges_by_them=2, their_people=3, their_people_80=1,
                 our_people=2, our_people_80=2),
        standing(DARK, unseen, NONE, state="unknown", sent_coverage=0.5, sent_coverage_high=0.7),
        standing(MUTE, NONE, never), standing(CEO, FEW, NONE),
        standing(IDN, NONE, NONE, sent_coverage=None, sent_coverage_high=None),
        standing(HIDDEN, NONE, NONE),
    ]  # fmt: skip
    found["conversations"] = [
        {"conversation": f"c-{key}", "partner": key, "subject": subject, "opened_by": "them",
         "started_at": "2026-09-21T08:00:00Z", "last_at": AS_OF, "messages": 3, "turns": 2}
        for key, subject in ((GLOBEX, HOSTILE), (HIDDEN, None), (CEO, ""))
    ]  # fmt: skip
    found["response_times"] += [
        ask(f"ceo{n}", CEO, "us", at, asked_by=CEO, outcome=outcome, response_seconds=seconds,
            answered_at=AS_OF if seconds else None)
        for n, (at, outcome, seconds) in enumerate((
            ("2026-08-24T21:59:59Z", "answered", 60),  # the day before the window
            ("2026-08-24T22:00:00Z", "answered", 9_000),
            ("2026-09-10T10:00:00Z", "lapsed", None),
            ("2026-09-11T10:00:00Z", "answered", None),  # the clocks disagree: in no figure
            ("2026-11-22T22:59:59Z", "open", None),
            ("2026-11-22T23:00:00Z", "open", None),  # today
        ))
    ]  # fmt: skip
    found["response_times"] += [ask("hid", HIDDEN, "us", "2026-11-20T10:00:00Z",
                                    asked_by="person 77aa")]  # fmt: skip
    # The window begins with 25 Aug in Berlin; what was asked up to 24 Oct, 09:00 UTC, is given up.
    found["response_times"] += [
        ask(f"mute-{name}", MUTE, "them", at, asked_by="us", outcome="lapsed", **more)
        | {"conversation": f"c-{GLOBEX}"}
        for name, at, more in (
            ("before", "2026-08-24T21:59:59Z", {}),
            ("first", "2026-08-24T22:00:00Z", {}),
            ("late", "2026-09-01T09:00:00Z", {"answered_at": AS_OF}),
            ("elsewhere", "2026-09-02T09:00:00Z", {"answered_elsewhere_at": AS_OF}),
            ("thanks", "2026-09-03T09:00:00Z", {"needs_reply": "unlikely"}),
            ("last", "2026-10-24T09:00:00Z", {}),
            ("reminded", "2026-10-20T09:00:00Z", {"last_nudge_at": "2026-11-20T09:00:00Z",
                                                  "nudges": 1}),
        )
    ]  # fmt: skip
    found["contacts"] += [{"partner": HIDDEN, "address": "person 77aa", "side": "them",
                           "messages": 2, "state": "active"}]  # fmt: skip
    found["sent_coverage"] = [
        {"partner": DARK, "month": "2026-10", "known": 20, "held": 10, "share": 0.5,
         "share_high": 0.7},
        {"partner": DARK, "month": "2026-09", "known": 2, "held": 1},
    ]  # fmt: skip
    found["definitions"] = [{"name": "standards", "definition": "What is promised. And more."}]
    found["working_days"] = [
        {"day": f"2026-11-{day:02d}", "begins_at": f"2026-11-{day - 1:02d}T23:00:00Z",
         "ends_at": f"2026-11-{day:02d}T23:00:00Z", "working_days": count}
        for day, count in ((17, 12), (18, 13), (19, 14), (20, 15), (21, 15), (22, 15), (23, 16))
    ]  # fmt: skip
    return found


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_database(tmp_path_factory.mktemp("partner") / "partners.db", rows())


@pytest.fixture(scope="module")
def site(database: Path, loop: asyncio.AbstractEventLoop) -> Site:
    return site_of(database, loop)


def address(key: str) -> str:
    return f"/-/partner/{quote(key, safe='@')}"


@pytest.fixture(scope="module")
def pages(site: Site) -> dict[str, str]:
    """The page of every partner, fetched once."""
    found = {}
    for key in (GLOBEX, DARK, MUTE, CEO, IDN, HIDDEN):
        response = site.get(address(key))
        assert response.status_code == 200, response.text
        found[key] = response.text
    return found


def words(html: str) -> str:
    """What is read of a page or a part of it: no tags, no hidden words, one blank between words."""
    html = re.sub(r'<span class="hidden-words">.*?</span>', "", html, flags=re.DOTALL)
    text = " ".join(re.sub(r"<[^>]*>", " ", html).split())
    return re.sub(r" ([,.:)])", r"\1", text).replace("( ", "(")


def part(html: str, name: str) -> str:
    found = re.search(rf'<section id="{name}".*?</section>', html, flags=re.DOTALL)
    assert found, name
    return found[0]


def row_of(html: str, start: str) -> str:
    found = [words(row) for row in re.findall(r"<tr\b.*?</tr>", html, flags=re.DOTALL)]
    return next(row for row in found if row.startswith(start))


# -- what it says -----------------------------------------------------------------------------


def test_the_head_says_the_state_why_since_when_and_what_falls_due_next(
    pages: dict[str, str],
) -> None:
    head = words(pages[GLOBEX].partition('<nav class="contents"')[0])
    assert "act since Wed 18 Nov They wait for our answer, due on 18 Nov 2026." in head
    assert "watch Bo is gone." in head  # the other reasons, but for late answers: they come below
    assert "An answer is late." not in head
    # 08:30 UTC; before the silence (4 Dec) and the standard (10 Dec), after the overdue one.
    assert "Next: Tue 24 Nov, 09:30: our answer falls due" in head
    assert "globex.example, globex.com" in head
    assert "Mon, Tue 09:00-17:00 (Europe/Paris), learned from their letters." in head


def test_what_waits_is_told_for_both_sides_with_its_conversation_and_its_reason(
    pages: dict[str, str],
) -> None:
    waits = part(pages[GLOBEX], "waits")
    assert "Waiting for us 2, 1 overdue" in words(waits)
    assert "asked Mon 16 Nov, 11:00 by bo@globex.example, 2 reminders" in words(waits)
    assert "overdue, was due Wed 18 Nov, 11:00" in words(waits)
    assert "Waiting for them 1" in words(waits)
    assert "asked Fri 20 Nov, 11:00 by one of us no due time" in words(waits)
    assert waits.count('href="/partners/conversations/c-globex~2Eexample"') == 3
    assert 'href="/partners/response_times/late"' in waits


def test_a_wait_that_was_given_up_is_told_as_one(pages: dict[str, str]) -> None:
    waits = part(pages[MUTE], "waits")
    assert "1 reminder, given up on after 30 days in the figures" in words(waits)
    past = words(waits.rpartition("Given up on")[2])
    assert past.startswith("after 30 days without an answer of theirs:")
    assert re.findall(r"asked (\w+ \d+ \w+)", past) == ["Sat 24 Oct", "Tue 25 Aug"]
    assert "Given up on" not in part(pages[GLOBEX], "waits")


def test_a_partner_silent_for_longer_than_the_window_shows_what_it_never_answered(
    database: Path, tmp_path: Path, loop: asyncio.AbstractEventLoop
) -> None:
    silent = shutil.copy(database, tmp_path / "partners.db")
    with closing(sqlite3.connect(silent)) as db, db:
        db.execute(
            "UPDATE partner_standing SET last_contact_at = '2026-08-24T21:59:59Z'"
            " WHERE partner = ?",
            [MUTE],
        )
    waits = words(part(site_of(silent, loop).get(address(MUTE)).text, "waits"))
    assert "Given up on after 30 days" in waits
    assert waits.count("Mon 24 Aug, 23:59") == 1


def test_the_two_periods_are_named_and_share_no_ask(pages: dict[str, str]) -> None:
    answers = words(part(pages[GLOBEX], "answers"))
    said = "The last 90 days (25 Aug to 22 Nov 2026) beside 2026-Q2 (1 Apr to 30 Jun 2026)"
    assert said in answers  # not 2026-Q3, which reaches into the 90 days


def test_a_figure_stands_beside_the_one_before_with_the_difference_in_words(
    pages: dict[str, str],
) -> None:
    answers = part(pages[GLOBEX], "answers")
    assert row_of(answers, "Half answered") == (
        "Half answered within 2h 6h faster by 4h, 3.0 times as fast"
    )
    assert row_of(answers, "In time") == "In time by the standard 90% 70% up 20 points"
    assert row_of(answers, "Asks") == "Asks 20 12 8 more"
    assert 'class="better"' in answers  # the test found it, too (ours_arrow)
    assert "/-/why/globex.example/ours_p50_seconds" in answers


def test_with_fewer_than_five_asks_before_nothing_is_compared(pages: dict[str, str]) -> None:
    theirs = part(pages[GLOBEX], "answers").partition("They answer us")[2]
    assert "Only 3 asks in 2026-Q2: too few to compare with." in words(theirs)
    assert row_of(theirs, "Half answered") == "Half answered within 2h"


def test_with_fewer_than_five_asks_each_wait_of_the_window_is_shown(pages: dict[str, str]) -> None:
    ours = words(part(pages[CEO], "answers").partition("They answer us")[0])
    assert "They asked us only 4 times: too few for figures, so here is each." in ours
    assert f"Tue 25 Aug, 00:00 by {CEO}: answered within 2h 30m" in ours
    assert "Thu 10 Sep, 12:00" in ours
    assert "never answered" in ours
    assert "Sun 22 Nov, 23:59" in ours
    assert "still open" in ours
    assert ours.count(f"by {CEO}") == 3  # not the one before, the one of today, the clash


def test_where_too_little_of_our_mail_is_seen_our_figures_are_unknown_not_bad(
    pages: dict[str, str],
) -> None:
    answers = words(part(pages[DARK], "answers"))
    assert "They asked us 9 times; how fast we answered is unknown." in answers
    assert "Half answered" not in answers
    coverage = words(part(pages[DARK], "coverage"))
    assert "only 50% are in this mailbox" in coverage
    assert "2026-10 20 10 50% 2026-09 2 1 too few for a share" in coverage


def test_a_partner_who_never_answered_is_told_so(pages: dict[str, str]) -> None:
    theirs = part(pages[MUTE], "answers")
    assert "We asked them 8 times; none has been answered." in words(theirs)
    assert "They asked us nothing in this time." in words(theirs)
    assert row_of(theirs, "Half answered") == "Half answered within fewer than half were"
    assert row_of(theirs, "Answered at all") == "Answered at all 0%"
    assert row_of(theirs, "When they answer") == "When they answer, half within none was"


def test_a_silence_stands_beside_the_usual_and_what_broke_earlier_ones(
    pages: dict[str, str],
) -> None:
    silences = part(pages[GLOBEX], "silences")
    # From Tuesday the 17th to Monday the 23rd: Wed, Thu, Fri, Mon.
    assert "4 working days without contact; the last letter was ours. " in words(silences)
    assert "To watch from Fri 4 Dec" in words(silences)
    past = "it was 3 times to watch: they wrote within 30 days after 1 of them (1 not over yet)."
    assert past in words(silences)
    assert row_of(silences, "Tue 1 Sep") == "Tue 1 Sep Mon 21 Sep 14 7.0× us them: Back again"  # noqa: RUF001


def test_standards_people_and_changes_are_told_in_words(pages: dict[str, str]) -> None:
    standards = part(pages[GLOBEX], "standards")
    assert row_of(standards, "We answer within") == (
        "We answer within 1 business day, 9 of 10 4 of 20 missed so far broken 2 too many missed —"
    )
    people = words(part(pages[GLOBEX], "people"))
    assert "3 people of theirs wrote in the window, one of them at least 80 % of it." in people
    assert "Bo bo@globex.example gone letters come back since Mon 2 Nov 64%" in people
    assert "ada@acme.example" not in people  # ours are only counted
    assert "1 more address was only written to." in people
    assert "eve@globex.example: away since Thu 19 Nov" in people
    drift = part(pages[GLOBEX], "drift")
    assert row_of(drift, "Letters that put us in To") == (
        "Letters that put us in To 90% 50% ↘ down under 0.001 30 and 31 letters: before, after"
    )
    assert "no clear change (up)" in row_of(drift, "Size of their letters")
    assert "at__gte=2026-08-02T22%3A00%3A00Z&amp;at__lt=2026-10-31T23%3A00%3A00Z" in drift
    street = words(part(pages[GLOBEX], "street"))
    assert "They opened 75% of the conversations of the window, we 25%." in street
    assert "They take 2.0 times as long to answer as we do (1.2 to 3.0 times" in street
    introduced = words(part(pages[GLOBEX], "introductions"))
    assert (
        "kim@hooli.example, Tue 14 Jul, by bo@globex.example: answered Wed 15 Jul, and fell silent"
        in introduced
    )


def test_alerts_and_reviews_of_this_partner_alone_are_listed(pages: dict[str, str]) -> None:
    alerts = words(part(pages[GLOBEX], "alerts"))
    assert "watch Quiet in September. Thu 10 Sep — Mon 21 Sep" in alerts
    more = part(pages[GLOBEX], "more")
    assert re.findall(r"Review of (\S+?)<", more) == ["2026-Q3", "2026-Q2"]
    assert 'href="/-/review/2026-Q3/globex.example/for-partner"' in more
    assert 'href="/partners/contacts.csv?partner__exact=globex.example&amp;' in more


def test_a_definition_shows_its_first_sentence_and_is_a_link(pages: dict[str, str]) -> None:
    link = '<a class="term" href="/partners/definitions/standards" title="What is promised.">'
    assert link in part(pages[GLOBEX], "standards")


# -- odd partners -----------------------------------------------------------------------------


def test_a_partner_with_one_letter_has_a_page_without_empty_tables(pages: dict[str, str]) -> None:
    page = words(pages[IDN])
    assert "bücher.example" in page
    assert "Nothing of theirs waits for an answer of ours." in page
    assert "No standard is set for this partner." in page
    assert "There has been no contact yet." in page
    assert "Nobody of theirs has written yet." in page
    assert "There is too little mail in the two windows to compare them." in page
    assert "<table" not in pages[IDN]


def test_without_subjects_and_people_the_page_still_leads_to_everything(
    pages: dict[str, str],
) -> None:
    waits = part(pages[HIDDEN], "waits")
    assert "conversation (subjects are not shown)" in words(waits)
    assert "by person 77aa" in words(waits)
    assert "None" not in words(pages[HIDDEN].partition("<footer")[0])
    assert "person 77aa" in words(part(pages[HIDDEN], "people"))
    assert "(no subject)" in words(part(pages[CEO], "conversations"))


@pytest.mark.parametrize("name", ["nobody.example", "GLOBEX.com", "a/b", "%"])
def test_an_unknown_partner_is_a_page_of_ours_with_status_404(name: str, site: Site) -> None:
    response = site.get(address(name) if name != "%" else "/-/partner/%25")
    assert response.status_code == 404
    assert "There is no partner called" in response.text
    assert (address(GLOBEX) in response.text) is (name == "GLOBEX.com")  # another of its domains


def test_before_anything_is_published_the_page_says_so(
    tmp_path: Path, loop: asyncio.AbstractEventLoop
) -> None:
    empty = site_of(make_database(tmp_path / "partners.db", {}), loop)
    response = empty.get("/-/partner/globex.example")
    assert response.status_code == 404
    assert "Nothing is published yet" in response.text


# -- safe, closed, quick ----------------------------------------------------------------------


def test_words_of_letters_are_escaped_kept_apart_and_never_links(pages: dict[str, str]) -> None:
    page = pages[GLOBEX]
    assert "<script" not in page
    assert " style=" not in page
    told = "&lt;script&gt;alert(1)&lt;/script&gt; https://evil.example/"
    # what falls due next, three asks that wait, one conversation
    assert page.count(told) == page.count(f"<bdi>{told}") == 5
    assert not re.search(r'(href|src)="[^"]*evil', page)


def test_whoever_may_not_see_the_database_does_not_see_the_page(
    database: Path, loop: asyncio.AbstractEventLoop
) -> None:
    metadata = {**catalogue.datasette_metadata(), "allow": {"id": "ana"}}
    more = {"config": metadata} if IS_1X else {}
    closed = Datasette([str(database)], metadata=metadata, **more)
    for key in (GLOBEX, "nobody.example"):
        response = loop.run_until_complete(closed.client.get(address(key)))
        assert response.status_code == 403
        assert "Globex" not in response.text


#: Tables that grow with the mail: none of them is read from end to end for one partner.
LARGE = (
    *("response_times", "messages", "conversations", "silence_gaps", "alerts", "contacts"),
    *("reviews", "response_times_by_period", "drift", "standards", "absences", "r", "c"),
)


def test_no_query_of_the_page_reads_a_whole_table(
    database: Path, loop: asyncio.AbstractEventLoop
) -> None:
    settings = {**setting_values(), "num_sql_threads": 1}
    metadata = catalogue.datasette_metadata()
    more = {"config": metadata} if IS_1X else {}
    traced = Datasette([str(database)], metadata=metadata, settings=settings, **more)
    asked: list[str] = []

    async def look() -> int:
        await traced.invoke_startup()
        await traced.client.get("/-/partner/nobody.example")  # opens the connection
        (connection,) = traced.get_database("partners").inbox_agent_snapshots._idle
        connection.set_trace_callback(asked.append)
        return int((await traced.client.get(address(GLOBEX))).status_code)

    assert loop.run_until_complete(look()) == 200
    db = sqlite3.connect(database)
    selects = {sql for sql in asked if sql.lstrip().lower().startswith(("select", "with"))}
    assert len(selects) > 15
    for sql in selects:
        arguments = dict.fromkeys(re.findall(r":([a-z_0-9]+)", re.sub(r"'[^']*'", "", sql)), "x")
        for *_, step in db.execute(f"EXPLAIN QUERY PLAN {sql}", arguments):
            assert not re.match(rf"SCAN ({'|'.join(LARGE)})( |$)", step), (step, sql)
    db.close()


# -- words, alone -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("now", "before", "said", "tone"),
    [
        (7_200, 7_200, "about the same", ""),
        (8_900, 7_200, "about the same", ""),  # 8,960 / 7,260 is 1.23
        (9_100, 7_200, "slower by 31m", "worse"),  # 9,160 / 7,260 is 1.26
        (3_600, 7_140, "faster by 59m", "better"),  # 3,660 / 7,200 is 0.51
        (1_740, 7_140, "faster by 1h 30m, 4.0 times as fast", "better"),  # 1,800 / 7,200
        (86_340, 1_740, "slower by 23h 30m, 48 times as long", "worse"),  # 86,400 / 1,800
        (20, 5, "about the same", ""),  # seconds are no difference: 80 / 65 is 1.23
    ],
)
def test_two_times_differ_in_words(now: int, before: int, said: str, tone: str) -> None:
    found = partner_words.times_differ(now, before, duration)
    assert found == partner_words.Difference(said, tone)


def test_two_shares_differ_from_ten_points_on_and_a_missing_one_from_none() -> None:
    assert partner_words.shares_differ(0.8, 0.9) == partner_words.Difference("down 10 points")
    assert partner_words.shares_differ(0.85, 0.9) == partner_words.Difference("about the same")
    assert partner_words.shares_differ(None, 0.9) is None
    assert partner_words.times_differ(3, None, duration) is None


@pytest.mark.parametrize(
    ("ends", "said"),
    [
        ((0.693147, 0.182322, 1.609438), "They take 2.0 times as long to answer as we do (1.2 to"),
        ((-0.693147, -1.609438, -0.182322), "We take 2.0 times as long to answer as they do (1.2"),
        ((0.693147, -0.693147, 3.0), "The two may be alike: the mail fits their taking anything f"),
        ((0.0, 0.0, 0.0), "The two may be alike"),
    ],
)
def test_fairness_names_the_slower_side_only_where_its_interval_does(
    ends: tuple[float, float, float], said: str
) -> None:
    assert partner_words.fairness_words(*ends).startswith(said)


@pytest.mark.parametrize(
    ("day", "quarter"),
    [
        (date(2026, 8, 24), "2026-Q2"),
        (date(2026, 7, 1), "2026-Q2"),
        (date(2026, 6, 30), "2026-Q1"),
        (date(2026, 1, 1), "2025-Q4"),
    ],
)
def test_the_quarter_before_a_day_was_over_when_it_began(day: date, quarter: str) -> None:
    assert quarter_before(day) == quarter
    window = quarter_window(quarter)
    assert window
    assert window.end <= day


def test_a_quarter_of_the_year_s_end_and_a_window_over_new_year() -> None:
    fourth = quarter_window("2025-Q4")
    assert fourth
    assert (fourth.begin, fourth.end) == (date(2025, 10, 1), date(2026, 1, 1))
    assert window_of(date(2026, 1, 10), 20 * 86_400).words == "21 Dec 2025 to 9 Jan 2026"
    assert quarter_window("2026-W07") is None


def waits(side: str, next_due_at: str | None) -> Waits:
    return Waits(f"waiting_on_{side}", (), 0, 0, next_due_at)


def test_what_falls_due_next_is_the_first_after_the_figures_moment() -> None:
    now = {"as_of": AS_OF, "watch_at": "2026-11-20T00:00:00Z", "act_at": "2026-12-01T00:00:00Z"}
    standards = [
        {"standard": "contact_every", "unit": "days", "breaks_at": "2026-11-30T00:00:00Z",
         "state": "met"},
        {"standard": "they_answer_within", "unit": "share", "breaks_at": "2026-11-24T00:00:00Z",
         "asks": 4, "state": "met"},  # too few to say
    ]  # fmt: skip
    page: Any = None  # only asked where there is no standing
    both = (waits("us", None), waits("them", "2026-11-29T00:00:00Z"))
    found = next_due(page, now, both, standards)
    assert found == NextDue("2026-11-29T00:00:00Z", "their answer falls due", is_ask=True)
    found = next_due(page, now, (waits("us", None),), standards)
    assert found
    assert found.what.startswith("the time allowed without contact")
    found = next_due(page, now, (), ())
    assert found
    assert found.what == "the silence becomes one to act on"  # to watch is over
    assert next_due(page, {"as_of": AS_OF}, (), ()) is None


@pytest.mark.parametrize(
    ("side", "now", "said"),
    [
        ("us", {**FIGURES, "asks": 1}, "They asked us once: too few for figures, so here is each."),
        ("us", FIGURES, "They asked us 20 times; we answered half within 2h."),
        (
            "them",
            {**FIGURES, "p50_seconds": None},
            "We asked them 20 times; fewer than half were a",
        ),
    ],
)
def test_the_headline_says_the_first_thing_to_know(
    side: Side, now: dict[str, Any], said: str
) -> None:
    assert headline(side, now, is_unknown=False).startswith(said)


def test_an_empty_figure_says_why() -> None:
    young = {**FIGURES, "response_rate": None}
    assert why_empty("response_rate", young) == "not followed to the end yet"
    assert why_empty("p50_seconds", {**FEW, "p50_seconds": None}) == "too few asks"
    assert why_empty("p50_seconds", FIGURES) == ""


def test_small_words() -> None:
    assert days_words("mon, tue, wed, thu, fri") == "Mon to Fri"
    assert days_words("mon, wed, fri") == "Mon, Wed, Fri"
    assert days_words("sat, sun") == "Sat, Sun"
    assert domains_of({"partner": "b.example", "domains": "a.example, b.example"})[0] == "b.example"
    assert domains_of({"partner": HIDDEN, "domains": HIDDEN}) == [HIDDEN]
    assert first_sentence("One\nthing. Two.") == "One thing."
    assert first_sentence("No stop") == "No stop"
    assert partner_words.p_words(0.0004) == "under 0.001"
    assert partner_words.p_words(0.004) == "0.004"
    assert partner_words.octets(3_550) == "3.5 kB" or partner_words.octets(3_560) == "3.6 kB"
    assert openers_words(0.5, 0.5) == "Each side opened half of the conversations of the window."
    assert openers_words(0.0, 1.0) == "They opened every conversation of the window, we none."
    assert openers_words(None, None) == "No conversation began in the window."
    assert [reminded_words(n) for n in (None, 0, 59, 60)] == [
        *("", "half within a minute", "half within a minute", "half after 1m")
    ]
    assert before_words(None, "2026-Q2") == (
        "Nothing was asked in 2026-Q2, so there is nothing to compare with."
    )
    assert before_words({"asks": 1}, "2026-Q2") == "Only 1 ask in 2026-Q2: too few to compare with."
    assert before_words({"asks": 5}, "2026-Q2") == ""


def test_words_of_sections_at_their_edges() -> None:
    silent = {"gap_working_days": 9, "last_from": "them", "usual_gap_working_days": 3,
              "gaps": 71, "as_long": 1}  # fmt: skip
    begins = "9 working days without contact; the last letter was theirs."
    before = "of the 71 silences before, in 12 months,"
    assert open_words(silent) == f"{begins} Usual is 3. 1 {before} was as long."
    none, four = ({**silent, "as_long": number} for number in (0, 4))
    assert open_words(none) == f"{begins} Usual is 3. None {before} was as long."
    assert open_words(four) == f"{begins} Usual is 3. 4 {before} were as long."
    assert open_words({**silent, "gaps": 7}) == begins  # too few to make a rhythm
    assert open_words({**silent, "usual_gap_working_days": None}).endswith("is not known yet.")
    assert open_words({**silent, "gap_working_days": None}).endswith("is unknown.")
    assert alarm_words({}) == ""
    assert room_words({"misses_left": 0, "unit": "share"}) == "none more may be missed"
    assert room_words({"misses_left": -1, "unit": "people"}) == "1 too few"
    assert actual_words({"actual": 31.8, "unit": "days"}) == "longest silence 31.8 days"
    assert came_of_it({"alive_after_90_days": None}).startswith("; it is too early")
    nobody = {"their_people": 0, "their_people_80": None, "our_people": 1, "our_people_80": 1}
    assert carried_words(nobody) == (
        "Nobody of theirs wrote in the window. One person of ours wrote in the window."
    )
    weeks = {"two_way_weeks": 3, "longest_two_way_weeks": 4, "two_way_weeks_share": 0.5}
    rest = "; the longest run of the last 12 months is 4 weeks. Both wrote in 50% of all weeks."
    assert weeks_words(weeks) == f"Both sides wrote in 3 weeks in a row up to now{rest}"
    one, none = ({**weeks, "two_way_weeks": number} for number in (1, 0))
    assert weeks_words(one) == f"Both sides wrote in the latest week alone{rest}"
    assert weeks_words(none) == f"Not both wrote last week{rest}"


@pytest.mark.parametrize(
    ("asks", "said"),
    [
        (5, ("broken", "act", "2 too many missed", "2026-12-01T00:00:00Z")),
        (4, ("too few asks to say", "unknown", "", None)),
    ],
)
def test_a_standard_of_few_asks_has_no_verdict(asks: int, said: tuple[Any, ...]) -> None:
    row = {"standard": "we_answer_within", "target": "1 business day, 9 of 10", "unit": "share",
           "actual": 0.5, "asks": asks, "misses": 2, "misses_left": -2, "state": "broken",
           "breaks_at": "2026-12-01T00:00:00Z", "suggested": None}  # fmt: skip
    (found,) = standards_of([row])
    assert (found.state, found.tone, found.room, found.breaks_at) == said


@pytest.mark.parametrize(
    ("target", "suggested", "said"),
    [
        ("1 business day, 9 of 10", "1 business day", "as it is"),
        ("1 business day, 9 of 10", "1 business hour", "1 business hour"),
        ("2 days, all", None, ""),
        (None, "1 business day", "1 business day"),
    ],
)
def test_a_suggestion_of_what_is_so_already_says_so(
    target: str | None, suggested: str | None, said: str
) -> None:
    assert suggested_words({"target": target, "suggested": suggested}) == said


# -- in a browser -----------------------------------------------------------------------------


@pytest.mark.pages
def test_every_link_of_the_page_leads_somewhere(site: Site, pages: dict[str, str]) -> None:
    found = {
        href.replace("&amp;", "&")
        for html in pages.values()
        for href in re.findall(r'href="(/[^"#]+)"', html)
        if not href.startswith("/-/static")
    }
    # of a quarter without letters behind it the review page has nothing to show
    links = {href for href in found if not href.startswith("/-/review/")}
    assert len(links) > 60
    answers = {href: site.get(href).status_code for href in sorted(links)}
    assert {href: status for href, status in answers.items() if status != 200} == {}


@pytest.mark.pages
@pytest.mark.browser
@pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed (Debian: chromium)")
def test_the_page_fits_every_screen_in_both_colour_schemes_and_is_accessible(
    database: Path,
) -> None:
    from axe_playwright_python.sync_playwright import Axe  # noqa: PLC0415 - only with Chromium
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 - only with Chromium

    with (
        running_datasette(database) as site,
        sync_playwright() as playwright,
        running_browser(playwright) as browser,
    ):
        for size, scheme in (("wide", "light"), ("narrow", "dark")):
            width, height = SIZES[size]
            view: Any = {"viewport": {"width": width, "height": height}, "color_scheme": scheme}
            page = browser.new_page(**view)
            for key in (GLOBEX, DARK):
                page.goto(site + address(key))
                assert page.evaluate("document.documentElement.scrollWidth") <= width, key
                found = Axe().run(page).response["violations"]
                told = [(one["id"], [node["html"][:120] for node in one["nodes"]]) for one in found]
                assert told == [], (key, scheme)
            page.close()
