"""Charts of a partner: what they show, what they leave out, and that they say the same in words."""

from __future__ import annotations

import asyncio
import json
import random
import re
import sys
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

import pytest
from browser_shots import CHROMIUM, running_browser, running_datasette
from datasette.app import Datasette
from datasette.utils.asgi import Request
from sample_database import make_database
from test_datasette import IS_1X, Site, setting_values, site_of

from inbox_agent import catalogue, drawing, survival
from inbox_agent.datasette_plugin.charts import look as chart_look
from inbox_agent.datasette_plugin.charts import pictures as chart_pictures
from inbox_agent.datasette_plugin.charts import survival as chart_survival
from inbox_agent.datasette_plugin.charts import weeks as chart_weeks
from inbox_agent.datasette_plugin.charts.by_name import CHARTS, charts_of
from inbox_agent.datasette_plugin.charts.curves import (
    share_answered,
    share_at,
    thinned,
    time_to_share,
)
from inbox_agent.datasette_plugin.charts.look import Look
from inbox_agent.datasette_plugin.charts.model import Chart
from inbox_agent.datasette_plugin.charts.months import side_times
from inbox_agent.datasette_plugin.charts.response_times import spec as response_times_spec
from inbox_agent.datasette_plugin.charts.rhythm import WorkingTime
from inbox_agent.datasette_plugin.charts.survival import Followed
from inbox_agent.datasette_plugin.charts.timeline import spec as timeline_spec
from inbox_agent.datasette_plugin.charts.waits import Month, SideTimes
from inbox_agent.datasette_plugin.charts.words import Promise, months_before, spoken
from inbox_agent.datasette_plugin.charts.year import Face, Year
from inbox_agent.datasette_plugin.page import Page

AS_OF = "2026-11-22T10:00:00Z"  # a Sunday, 11:00 in Berlin
GLOBEX, DARK, EMPTY, SILENT = "globex.example", "dark.example", "empty.example", "silent.example"
ODD = '"><script>alert(1)</script>/é@x.example'
HOSTILE = "<script>alert(1)</script> https://evil.example/ {{7*7}}"
HOUR, DAY = 3_600, 86_400

LOOKS = (
    Look(),
    Look("dark"),
    Look("light", "narrow"),
    Look("dark", "narrow"),
    Look(title="A title"),
)


def partner(key: str, **more: Any) -> dict[str, Any]:
    return {"partner": key, "name": None, "as_of": AS_OF, **more}


def month(key: str, responder: str, period: str, asks: int, **more: Any) -> dict[str, Any]:
    return {"partner": key, "responder": responder, "period": period, "period_kind": "month",
            "asks": asks, **more}  # fmt: skip


def ask(number: int, responder: str, asked_at: str, seconds: int | None, **more: Any) -> Any:
    return {"response": f"{GLOBEX}-{responder}-{number}", "partner": GLOBEX, "needs_reply": "yes",
            "responder": responder, "asked_at": asked_at, "response_seconds": seconds,
            "outcome": "answered" if seconds is not None else "open", **more}  # fmt: skip


def letters(count: int, side: str, at: str, key: str = GLOBEX, counts: int = 1) -> list[Any]:
    return [{"partner": key, "message": f"{side}-{at}-{counts}-{n}", "at": at, "side": side,
             "counts": counts, "kind": "human" if counts else "auto_reply"}
            for n in range(count)]  # fmt: skip


def rows() -> dict[str, list[Any]]:
    return {
        "about": [{"generation": 7, "as_of": AS_OF, "published_at": AS_OF, "version": "0.1.0",
                   "timezone": "Europe/Berlin", "window_seconds": 90 * DAY,
                   "give_up_after_seconds": 30 * DAY, "config_digest": "c0ffee"}],
        "partners": [
            partner(GLOBEX, name="Globex", their_timezone="America/New_York",
                    their_timezone_from="learned", their_days="mon, tue, wed, thu, fri",
                    their_hours="09:00-17:00", their_hours_from="learned"),
            partner(DARK), partner(EMPTY), partner(SILENT), partner(ODD, name=HOSTILE),
        ],
        "partner_standing": [
            {"partner": GLOBEX, "ours_asks": 6, "theirs_asks": 2},
            {"partner": DARK, "ours_asks": 9, "theirs_asks": 0, "sent_coverage_high": 0.5},
        ],
        "response_times_by_period": [
            month(GLOBEX, "us", "2026-07", 5, p50_seconds=5 * HOUR, p50_reached=1),
            month(GLOBEX, "us", "2026-09", 6, p50_seconds=2 * HOUR, p50_reached=1,
                  p90_seconds=25 * HOUR),
            month(GLOBEX, "us", "2026-10", 8, p50_reached=0),
            month(GLOBEX, "us", "2026-11", 3),
            month(GLOBEX, "them", "2026-10", 2),
            month(DARK, "us", "2026-10", 9),
        ],
        "response_times": [
            # half past midnight of 1 November in Berlin
            ask(1, "us", "2026-10-31T23:30:00Z", HOUR),
            ask(2, "us", "2026-11-16T11:00:00Z", 2 * HOUR),
            ask(3, "us", "2026-11-20T10:00:00Z", None),  # two days old
            ask(4, "us", "2026-09-07T08:00:00Z", HOUR),
            ask(5, "us", "2026-09-08T08:00:00Z", 4 * HOUR),
            ask(6, "us", "2026-09-09T08:00:00Z", DAY),
            # none of these is in a figure
            ask(7, "us", "2026-11-17T08:00:00Z", 60, needs_reply="unlikely"),
            ask(8, "us", "2026-11-18T08:00:00Z", None, outcome="void"),
            ask(9, "us", "2026-11-19T08:00:00Z", None, outcome="answered"),  # clocks disagree
            ask(10, "us", "2026-08-23T20:00:00Z", 60),  # two hours before the window begins
            ask(1, "them", "2026-10-05T08:00:00Z", None, outcome="lapsed"),
            ask(2, "them", "2026-10-12T08:00:00Z", 3 * DAY),
        ],
        "standards": [
            {"partner": GLOBEX, "standard": "we_answer_within", "target": "1 day, 9 of 10"},
            {"partner": GLOBEX, "standard": "they_answer_within",
             "target": "2 business days, 9 of 10"},
        ],
        "messages": [
            *letters(12, "them", "2026-03-06T14:30:00Z"),  # Friday, 9:30 in New York
            *letters(11, "them", "2026-03-09T13:30:00Z"),  # Monday, 9:30 again: summer time
            *letters(3, "us", "2026-11-15T23:30:00Z"),  # already Monday in Berlin
            *letters(30, "them", "2026-11-15T12:00:00Z", counts=0),
            *letters(40, "them", "2025-11-01T12:00:00Z"),  # more than a year ago
            *letters(25, "them", "2025-05-04T08:00:00Z", DARK),
            *letters(5, "them", "2026-05-04T08:00:00Z", SILENT),
            *letters(25, "them", "2026-05-04T08:00:00Z", ODD),
        ],
        "silence_gaps": [
            {"gap": "g1", "partner": GLOBEX, "began_at": "2026-03-09T13:30:00Z",
             "ended_at": "2026-11-13T08:00:00Z", "gap_working_days": 170, "is_open": 0,
             "usual_gap_working_days": 1, "broken_by": "us"},
            # no working days are published for it: not known to be over twice the usual
            {"gap": "g2", "partner": GLOBEX, "began_at": "2026-11-20T10:00:00Z", "is_open": 1,
             "usual_gap_working_days": 1},
            {"gap": "g3", "partner": SILENT, "began_at": "2026-11-02T10:00:00Z", "is_open": 1,
             "usual_gap_working_days": 3},
        ],
        "working_days": [
            {"day": "2026-11-02", "begins_at": "2026-11-01T23:00:00Z", "working_days": 100,
             "ends_at": "2026-11-02T23:00:00Z", "is_working": 1},
            {"day": "2026-11-22", "begins_at": "2026-11-21T23:00:00Z", "working_days": 114,
             "ends_at": "2026-11-22T23:00:00Z", "is_working": 0},
        ],
        "contacts": [
            {"partner": GLOBEX, "address": "x@globex.example", "name": HOSTILE, "side": "them",
             "first_seen_at": "2024-01-01T08:00:00Z", "last_seen_at": "2026-03-09T13:30:00Z",
             "messages": 20, "state": "quiet"},
            {"partner": GLOBEX, "address": "old@globex.example", "side": "them", "messages": 9,
             "first_seen_at": "2023-01-01T08:00:00Z", "last_seen_at": "2024-01-01T08:00:00Z"},
        ],
        "alerts": [
            {"alert": "a1", "partner": GLOBEX, "kind": "standard_broken", "level": "watch",
             "because": "We answer too late too often: 4 of 6 asks.",
             "since_at": "2026-10-01T08:00:00Z"},
        ],
    }  # fmt: skip


@pytest.fixture(scope="module")
def site(
    tmp_path_factory: pytest.TempPathFactory, loop: asyncio.AbstractEventLoop
) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("charts")
    yield site_of(make_database(folder / "partners.db", rows()), loop)
    chart_pictures.PICTURES.close()


async def page_of(datasette: Datasette) -> Page:
    request = Request.fake("/")
    request.scope["actor"] = None
    return await Page.of(datasette, request)


def chart_of(site: Site, name: str, key: str = GLOBEX) -> Chart:
    async def read() -> Chart:
        page = await page_of(site.datasette)
        return await CHARTS[name].read(page, await page.partner(key))

    return site.loop.run_until_complete(read())


def path(name: str, key: str = GLOBEX) -> str:
    return f"/-/chart/{quote(key, safe='@')}/{name}"


def strings(part: Any) -> Iterator[str]:
    """Every text in a spec."""
    if isinstance(part, dict):
        for value in part.values():
            yield from strings(value)
    elif isinstance(part, list):
        for value in part:
            yield from strings(value)
    elif isinstance(part, str):
        yield part


def keys(part: Any) -> Iterator[str]:
    if isinstance(part, dict):
        yield from part
    for value in part.values() if isinstance(part, dict) else part:
        if isinstance(value, dict | list):
            yield from keys(value)


# -- the share answered ---------------------------------------------------------------------------


def test_the_share_answered_counts_the_unanswered_as_long_as_they_were_followed() -> None:
    # Four asks: at 60 s one of four is answered; one is followed no longer than 90 s; at 120 s one
    # of the remaining two is.
    steps = share_answered({60: 1, 120: 1}, {90: 1, 200: 1})
    assert [(t, round(share, 9)) for t, share in steps] == [(60, 0.25), (120, 0.625)]
    assert [share_at(steps, at) for at in (59, 60, 119)] == [0, 0.25, 0.25]
    assert (time_to_share(steps, 0.5), time_to_share(steps, 0.9)) == (120, None)


def test_the_share_answered_is_that_of_the_published_figures() -> None:
    drawn = random.Random(5)  # noqa: S311
    for _ in range(20):
        events = [drawn.randint(1, 40) for _ in range(drawn.randint(1, 60))]
        others = [drawn.randint(1, 40) for _ in range(drawn.randint(0, 30))]
        expected = survival.curve_of(events, others)
        steps = share_answered(Counter(events), Counter(others))
        for at in range(42):
            assert share_at(steps, at) == pytest.approx(expected.share(at))
        assert time_to_share(steps, 0.5) == expected.smallest(0.5)


def test_a_curve_of_many_steps_is_thinned_but_keeps_its_ends() -> None:
    steps = tuple((n, n / 5_000) for n in range(1, 5_001))
    few = thinned(steps)
    assert len(few) <= 301
    assert (few[0], few[-1]) == (steps[0], steps[-1])
    assert set(few) <= set(steps)


# -- words ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "1 min"), (2_700, "45 min"), (5 * HOUR, "5 h"), (35 * HOUR, "35 h"),
     (36 * HOUR, "1.5 days"), (DAY * 2, "2 days"), (12 * DAY, "12 days")],
)  # fmt: skip
def test_a_duration_is_said_in_one_unit(seconds: int, words: str) -> None:
    assert spoken(seconds) == words


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("1 business day, 9 of 10", Promise("1 business day", DAY, is_earliest=True)),
        ("4 business hours, 9 of 10", Promise("4 business hours", 4 * HOUR, is_earliest=True)),
        ("2 days, 9 of 10", Promise("2 days", 2 * DAY, is_earliest=False)),
        ("as soon as possible", None),
        (None, None),
    ],
)
def test_a_standard_is_drawn_at_the_earliest_it_may_fall_due(
    target: str | None, expected: Promise | None
) -> None:
    assert Promise.of(target) == expected


def test_months_are_counted_back_over_the_year() -> None:
    assert months_before("2026-02", 3) == "2025-11"
    assert months_before("2026-12", -1) == "2027-01"


def test_working_time_is_read_from_what_is_published() -> None:
    found = WorkingTime.of("mon, fri", "09:00-12:30, 13:30-18:00", "ours")
    assert found is not None
    assert (found.days, found.hours) == ((0, 4), ((9, 12.5), (13.5, 18)))
    assert not found.is_theirs
    assert [found.covers(*at) for at in ((0, 9), (0, 12), (4, 17), (4, 18), (1, 9))] == [
        True, False, True, False, False
    ]  # fmt: skip
    assert WorkingTime.of(None, None, None) is None


# -- response times -------------------------------------------------------------------------------


def test_months_with_fewer_than_five_asks_show_the_single_waits(site: Site) -> None:
    async def read() -> Any:
        page = await page_of(site.datasette)
        return await side_times(page, await page.partner(GLOBEX))

    ours, theirs = site.loop.run_until_complete(read())
    assert [m.month for m in ours.months] == [f"2026-{n:02d}" for n in range(6, 12)]
    # 1 November 00:30, 16 November 12:00 and 20 November 11:00 of 30 days, by the clock of Berlin
    assert [(round(w.at, 3), w.seconds, w.is_answered) for w in ours.waits] == [
        (5.0, HOUR, True), (5.517, 2 * HOUR, True), (5.649, 2 * DAY, False)
    ]  # fmt: skip
    assert [(w.seconds, w.is_answered) for w in theirs.waits] == [
        (30 * DAY, False), (3 * DAY, True)
    ]  # fmt: skip


def test_response_times_are_told_in_words(site: Site) -> None:
    assert chart_of(site, "response_times").sentences == (
        (
            "We answered fewer than half of all asks of October 2026 (8 asks); in September 2026 "
            "within 2 h."
        ),
        (
            "Of 3 single waits, in months with fewer than 5 asks, the longest is 2 days, without "
            "an answer."
        ),
        "They were asked 2 times in 6 months.",
        (
            "Of 2 single waits, in months with fewer than 5 asks, the longest is 30 days, without "
            "an answer."
        ),
    )


def test_the_table_of_months_has_what_the_picture_has(site: Site) -> None:
    (table,) = chart_of(site, "response_times").tables
    assert table.rows[0] == ("November 2026", "3", "60 min, 2 h, 2 days (no answer)", "—",
                             "0", "—", "—")  # fmt: skip
    assert table.rows[1][:4] == ("October 2026", "8", "fewer than half", "—")
    assert table.rows[2][:4] == ("September 2026", "6", "2 h", "25 h")


def test_a_month_without_a_figure_is_a_gap_in_the_line(site: Site) -> None:
    spec = chart_of(site, "response_times").draw(Look())
    lines = [part for part in spec["hconcat"][0]["layer"] if part["mark"].get("type") == "line"]
    (line,) = lines
    july, september = line["data"]["values"]
    assert (july["at"], september["at"]) == (1.5, 3.5)
    assert july["run"] != september["run"]


def test_a_month_where_fewer_than_half_were_answered_is_marked_at_the_top(site: Site) -> None:
    spec = chart_of(site, "response_times").draw(Look())
    marks = [part for part in spec["hconcat"][0]["layer"] if part["mark"].get("size") == 90]
    assert [part["data"]["values"] for part in marks] == [[{"at": 4.5}]]


def test_the_sides_differ_without_colour_too() -> None:
    ours, theirs = (
        SideTimes(
            side, (Month("2026-10", 9, p50=HOUR), Month("2026-11", 9, p50=HOUR)), (), (), None
        )
        for side in ("us", "them")
    )
    looks = []
    for plot in response_times_spec((ours, theirs), Look())["hconcat"]:
        marks = [part["mark"] for part in plot["layer"]]
        looks.append(([m.get("strokeDash") for m in marks if m["type"] == "line"],
                      [m["shape"] for m in marks if m["type"] == "point"]))  # fmt: skip
    assert looks == [([None], ["circle"]), ([[6, 3]], ["diamond"])]


def test_our_answers_are_unknown_where_too_little_of_what_we_sent_is_held(site: Site) -> None:
    chart = chart_of(site, "response_times", DARK)
    assert chart.sentences[0] == (
        "How long we take is unknown: too little of what we sent is in the mailboxes (9 asks)."
    )
    assert "We answer them: unknown" in set(strings(chart.draw(Look())))
    assert "survival" not in site.loop.run_until_complete(_charts_of(site, DARK))


# -- survival -------------------------------------------------------------------------------------


def test_the_curve_is_made_of_the_asks_of_the_window(site: Site) -> None:
    # Of six: two within 1 h (a third), one of four left within 2 h (half), one of three within 4 h
    # (two thirds), one of two within a day (five sixths); one is two days old and open.
    chart = chart_of(site, "survival")
    assert chart.period == "24 Aug 2026 to 21 Nov 2026"
    assert chart.sentences == (
        "Of 6 asks, 1 open, we answered half within 2 h; 83% within 30 days.",
        "They were asked 2 times: too few for a curve.",
    )
    shown = {row[0]: row[1:] for row in chart.tables[0].rows}
    assert shown["1 h"] == ("33%", "—")
    assert shown["4 h"] == ("67%", "—")
    assert shown["Time until half were answered"] == ("2 h", "—")
    assert shown["still open"] == ("1", "0")
    assert shown["given up"] == ("0", "1")


def test_asks_given_up_keep_the_curve_from_reaching_all() -> None:
    side = Followed("them", {2 * HOUR: 5, DAY: 1}, {}, 4, 30 * DAY, 30 * DAY)
    assert list(chart_survival.sentences(side)) == [
        "Of 10 asks, 4 given up, they answered half within 2 h; 60% within 30 days."
    ]


def test_the_side_with_few_asks_shows_its_single_waits_along_the_foot(site: Site) -> None:
    spec = chart_of(site, "survival").draw(Look())
    foot = [part for part in spec["layer"] if part["mark"].get("y") == 260 - 26]
    assert [[value["seconds"] for value in part["data"]["values"]] for part in foot] == [
        [3 * DAY], [30 * DAY]
    ]  # fmt: skip
    assert [part["mark"]["filled"] for part in foot] == [True, False]


# -- letters --------------------------------------------------------------------------------------


def test_hours_are_those_of_the_partners_clock_in_summer_and_winter(site: Site) -> None:
    chart = chart_of(site, "rhythm")
    assert chart.sentences == (
        (
            "They write most on Fridays; the busiest hour is Friday 09:00 with 12 of 23 letters "
            "(America/New_York)."
        ),
        "100% of their letters are written within their working hours (09:00-17:00).",
        (
            "We write most on Sundays; the busiest hour is Sunday 18:00 with 3 of 3 letters "
            "(America/New_York)."
        ),
        "0% of our letters are written within their working hours (09:00-17:00).",
    )
    monday = chart.tables[0].rows[0]
    assert monday[1 + 9] == "11"


def test_a_clock_that_changes_is_known_to_the_minute() -> None:
    found = chart_weeks.offsets(
        ZoneInfo("Europe/Berlin"),
        datetime(2026, 3, 1, tzinfo=UTC),
        datetime(2026, 11, 1, 12, 30, tzinfo=UTC),
    )
    assert [(span.until, span.seconds) for span in found] == [
        (datetime(2026, 3, 29, 1, tzinfo=UTC), HOUR),
        (datetime(2026, 10, 25, 1, tzinfo=UTC), 2 * HOUR),
        (datetime(2026, 11, 1, 12, 30, tzinfo=UTC), HOUR),
    ]


def test_weeks_begin_on_the_teams_monday(site: Site) -> None:
    chart = chart_of(site, "timeline")
    weeks = {row[0]: row[1:] for row in chart.tables[0].rows}
    assert chart.period == "17 Nov 2025 to 22 Nov 2026"
    assert weeks["16 Nov 2026"] == ("0", "3")  # 15 November, half past midnight in Berlin
    assert weeks["2 Mar 2026"] == ("12", "0")
    assert weeks["9 Mar 2026"] == ("11", "0")
    assert sum(int(a) + int(b) for a, b in weeks.values()) == 26


def test_the_year_is_told_in_words_and_hostile_names_stay_text(site: Site) -> None:
    assert chart_of(site, "timeline").sentences == (
        "From 17 Nov 2025 to 22 Nov 2026 they wrote 23 letters and we 3.",
        (
            "1 silence lasted more than twice as long as usual, the longest 170 working days, then "
            "we wrote (usual: 1). It began on 9 Mar 2026."
        ),
        "1 person of theirs wrote; <script>alert(1)</script> https://evil.… is quiet.",
        "1 alert falls into this time.",
    )


def test_a_silence_that_lasts_is_shown_once_it_is_twice_the_usual(site: Site) -> None:
    chart = chart_of(site, "timeline", SILENT)
    assert chart.tables[1].rows == (("2 Nov 2026", "still silent", "14", "3", ""),)
    assert "14 working days so far" in set(strings(chart.draw(Look())))


# -- which are shown ------------------------------------------------------------------------------


async def _charts_of(site: Site, key: str) -> tuple[str, ...]:
    return await charts_of(await page_of(site.datasette), key)


@pytest.mark.parametrize(
    ("key", "expected"),
    [(GLOBEX, tuple(CHARTS)), (DARK, ("response_times",)), (EMPTY, ()), (SILENT, ("timeline",)),
     (ODD, ("timeline", "rhythm")), ("nobody.example", ())],
)  # fmt: skip
def test_only_charts_with_something_to_show_are_named(
    site: Site, key: str, expected: tuple[str, ...]
) -> None:
    assert site.loop.run_until_complete(_charts_of(site, key)) == expected


@pytest.mark.parametrize("key", [GLOBEX, DARK, EMPTY, SILENT, ODD])
def test_what_is_named_is_what_can_be_drawn(site: Site, key: str) -> None:
    named = site.loop.run_until_complete(_charts_of(site, key))
    drawn = tuple(name for name in CHARTS if not chart_of(site, name, key).too_little)
    assert named == drawn


def test_a_chart_with_too_little_says_so_on_its_page(site: Site) -> None:
    response = site.get(path("rhythm", EMPTY))
    assert response.status_code == 200
    assert "Too few letters of theirs to show a rhythm: 0 in 12 months" in response.text
    assert ".svg" not in response.text


# -- pictures and pages ---------------------------------------------------------------------------


@pytest.mark.parametrize("name", CHARTS)
def test_a_spec_names_nothing_to_fetch(site: Site, name: str) -> None:
    for look in LOOKS:
        spec = chart_of(site, name).draw(look)
        assert not {"url", "href", "urls"} & set(keys(spec))
        found = [text for text in strings(spec) if "://" in text]
        # but for the name of a person, which is a text to show
        assert all(text.startswith("<script>alert(1)</script> https://evil.…") for text in found)


def test_a_picture_holds_names_as_text_and_no_address(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(sys.modules, "vl_convert", raising=False)
    response = site.get(path("timeline") + ".svg")
    # Drawing holds Python's one lock: in the process of the pages everybody would wait for it.
    assert "vl_convert" not in sys.modules
    assert response.status_code == 200
    assert response.headers["content-type"] == "image/svg+xml"
    assert "script" not in response.headers["content-security-policy"]
    svg = response.text
    assert svg.startswith("<svg")
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in svg
    assert "<script" not in svg
    assert not re.search(r"\s(on\w+|style|href|xlink:href)=", svg)
    addresses = set(re.findall(r"https?://[^\s\"'<]+", svg))
    assert addresses == {"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink",
                         "https://evil.…,"}  # fmt: skip


@pytest.mark.pages
def test_what_draws_fetches_nothing_and_is_started_again_when_it_has_left() -> None:
    drawer = chart_pictures.Drawer()
    point = {"data": {"values": [{}]}, "mark": "point"}
    with pytest.raises(chart_pictures.NotDrawn, match="not allowed"):
        drawer.drawn({**point, "data": {"url": "http://127.0.0.1:9/x.json"}}, "svg")
    first = drawer._process
    assert first is not None
    first.terminate()
    first.wait()
    assert drawer.drawn(point, "svg").startswith(b"<svg")
    assert drawer._process is not first
    drawer.stop()


def test_a_chart_that_cannot_be_drawn_is_an_error_of_one_line(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: Any) -> bytes:
        raise chart_pictures.NotDrawn("of globex.example")

    monkeypatch.setattr(chart_pictures.Drawer, "drawn", fails)
    response = site.get(path("survival") + ".png")
    assert (response.status_code, response.text) == (
        500, "This chart could not be drawn; its page has the numbers."
    )  # fmt: skip


def test_a_browser_that_has_the_picture_is_told_so(site: Site) -> None:
    first = site.get(path("timeline") + ".svg")
    again = site.get(path("timeline") + ".svg", headers={"if-none-match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["content-security-policy"] == first.headers["content-security-policy"]
    for other in (".svg?theme=dark", ".svg?size=narrow", ".json"):
        headers = {"if-none-match": first.headers["etag"]}
        assert site.get(path("timeline") + other, headers=headers).status_code == 200


def test_the_spec_is_given_with_its_title(site: Site) -> None:
    response = site.get(path("survival") + ".json")
    spec = json.loads(response.text)
    assert spec["title"]["text"] == (
        "Answered by time since asking: Globex, 24 Aug 2026 to 21 Nov 2026"
    )
    assert response.headers["content-disposition"] == (
        'inline; filename="survival-globex.example-generation-7.json"'
    )


def test_pictures_asked_for_longest_ago_leave_first() -> None:
    pictures = chart_pictures.Pictures(most=25)
    for name in ("a", "b", "c"):
        assert pictures.showing((name,), f"digest of {name}") is None
    for name in ("a", "b"):
        pictures.keep(f"digest of {name}", b"x" * 10)
    assert pictures.get(("a",)) is not None
    pictures.keep("digest of c", b"x" * 10)
    assert [pictures.get((name,)) is not None for name in ("a", "b", "c")] == [True, False, True]
    assert pictures.octets == 20


@pytest.mark.pages
def test_a_picture_that_shows_the_same_is_not_drawn_again_for_the_next_publication() -> None:
    pictures, loop = chart_pictures.Pictures(), asyncio.new_event_loop()

    def drawn(publication: int, text: str) -> bytes:
        spec = {"data": {"values": [{}]}, "mark": {"type": "text", "text": text}}
        key = publication, "survival"
        return loop.run_until_complete(pictures.of(key, lambda: spec, "svg"))

    try:
        first = drawn(1, "half within a day")
        assert drawn(2, "half within a day") is first  # the very octets
        assert drawn(3, "half within two days") != first
    finally:
        pictures.close()
        loop.close()


def test_the_page_has_the_picture_its_words_its_numbers_and_their_source(site: Site) -> None:
    text = site.get(path("response_times")).text
    assert 'srcset="/-/chart/globex.example/response_times.svg?theme=dark"' in text
    assert "We answered fewer than half of all asks of October 2026" in text
    assert "<caption>Response times by month" in text
    links = re.findall(r'href="(/partners/[a-z_]+\.csv\?[^"]+)"', text)
    assert len(links) == 2
    found = site.csv(links[0].replace("&amp;", "&"))
    assert {row[0] for row in found[1:]} == {GLOBEX}


def test_hostile_names_are_text_in_the_page_and_harmless_in_its_addresses(site: Site) -> None:
    response = site.get(path("rhythm", ODD))
    assert response.status_code == 200
    assert "<script" not in response.text
    addresses = re.findall(r'(?:src|srcset|href)="([^"]*/-/chart/[^"]*)"', response.text)
    assert addresses
    assert all(re.fullmatch(r"[A-Za-z0-9/%@._?=&;~-]+", found) for found in addresses)
    spec = site.get(path("rhythm", ODD) + ".json")
    assert re.fullmatch(r'inline; filename="[A-Za-z0-9.-]+"', spec.headers["content-disposition"])


@pytest.mark.parametrize("place", ["", ".svg", ".png", ".json"])
def test_unknown_partners_and_charts_are_not_found(site: Site, place: str) -> None:
    assert site.get(path("survival", "nobody.example") + place).status_code == 404
    assert site.get(path("nothing") + place).status_code == 404


@pytest.mark.parametrize("place", ["", ".svg", ".png", ".json"])
def test_charts_are_closed_to_whoever_may_not_see_the_database(site: Site, place: str) -> None:
    metadata = catalogue.datasette_metadata() | {"allow": {"id": "*"}}
    more = {"config": metadata} if IS_1X else {}
    locked = Datasette([str(site.path)], metadata=metadata, settings=setting_values(), **more)

    async def get() -> Any:
        await locked.invoke_startup()
        return await locked.client.get(path("survival") + place)

    assert site.loop.run_until_complete(get()).status_code == 403


def test_the_colours_are_those_of_the_pages() -> None:
    css = (Path(chart_look.__file__).parents[1] / "static" / "tokens.css").read_text("utf-8")
    light, dark = css.split("@media (prefers-color-scheme: dark)", 1)
    for part, colours in ((light, chart_look.LIGHT), (dark, chart_look.DARK)):
        shown = dict(re.findall(r"--([a-z]+): (#[0-9a-f]{6});", part.partition(".figure")[0]))
        assert {name: shown[name] for name in colours} == colours


# -- in full --------------------------------------------------------------------------------------


@pytest.mark.pages
@pytest.mark.parametrize("name", CHARTS)
def test_every_chart_is_drawn_in_every_look(site: Site, name: str) -> None:
    chart = chart_of(site, name)
    for look in LOOKS:
        svg = drawing.drawn(chart.draw(look), "svg").decode()
        width = float(re.search(r'width="([0-9.]+)"', svg)[1])  # type: ignore[index]
        assert width <= look.width + 24
    assert drawing.drawn(chart.draw(LOOKS[-1]), "png").startswith(b"\x89PNG")


@pytest.mark.pages
@pytest.mark.parametrize("key", [DARK, EMPTY, SILENT, ODD])
def test_a_chart_with_little_or_nothing_is_a_picture_too(site: Site, key: str) -> None:
    for name in CHARTS:
        response = site.get(path(name, key) + ".svg?size=narrow")
        assert response.status_code == 200
        assert response.text.startswith("<svg")


@pytest.mark.pages
@pytest.mark.browser
@pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed (Debian: chromium)")
def test_a_browser_shows_the_picture_for_its_width_and_scheme(site: Site) -> None:
    from playwright.sync_api import sync_playwright  # noqa: PLC0415

    with (
        running_datasette(site.path) as address,
        sync_playwright() as playwright,
        running_browser(playwright) as browser,
    ):
        for width, scheme, names, more in (
            (1280, "light", CHARTS, ""),
            (1280, "dark", ("rhythm",), "?theme=dark"),
            (360, "light", ("timeline",), "?size=narrow"),
            (360, "dark", ("survival",), "?size=narrow&theme=dark"),
        ):
            page = browser.new_page(
                viewport={"width": width, "height": 900},
                color_scheme=scheme,  # type: ignore[arg-type]
            )
            for name in names:
                page.goto(address + path(name))
                picture = page.locator("img.chart")
                assert picture.evaluate("node => node.decode().then(() => node.naturalWidth)") > 0
                source = f"{address}{path(name)}.svg{more}"
                assert picture.evaluate("node => node.currentSrc") == source
                assert page.evaluate("document.documentElement.scrollWidth") <= width
            page.close()


# -- words that keep out of each other's way ------------------------------------------------


def texts(part: Any) -> Iterator[dict[str, Any]]:
    """Every text mark of a spec, with its values."""
    if isinstance(part, dict):
        if isinstance(part.get("mark"), dict) and part["mark"].get("type") == "text":
            yield part
        for each in part.values():
            yield from texts(each)
    elif isinstance(part, list):
        for each in part:
            yield from texts(each)


@pytest.mark.parametrize("size", ["wide", "narrow"])
def test_the_words_of_a_standard_stand_where_no_figure_is(size: Any) -> None:
    months = tuple(Month(f"2026-{n:02d}", 12, DAY, 2 * DAY) for n in range(1, 13))
    promise = Promise("1 business day", DAY, is_earliest=True)
    sides = [SideTimes(side, months, (), (), promise) for side in ("us", "them")]
    spec = response_times_spec(sides, Look(size=size))
    found = [text["mark"] for text in texts(spec) if "standard" in str(text["mark"].get("text"))]
    assert len(found) == 2
    assert {mark["y"] for mark in found} == {-28}  # the marks of a month are from -16 on
    heads = [text["mark"] for text in texts(spec) if text["mark"].get("fontSize") == 14]
    assert {head["y"] for head in heads} == {-28 if size == "wide" else -46}


def test_words_of_very_quick_answers_are_not_written_over_the_axis() -> None:
    sides = [Followed(side, {60: 30}, {}, 0, 30 * DAY, 30 * DAY) for side in ("us", "them")]
    marks = [text["mark"] for text in texts(chart_survival.spec(sides, Look()))]
    assert [mark["align"] for mark in marks if mark.get("text") == "1 min"] != []
    assert {mark["align"] for mark in marks if mark.get("text") == "1 min"} == {"left"}
    later = [Followed(side, {60: 1, DAY: 30}, {}, 0, 30 * DAY, 30 * DAY) for side in ("us", "them")]
    marks = [text["mark"] for text in texts(chart_survival.spec(later, Look()))]
    assert {mark["align"] for mark in marks if mark.get("text") == "24 h"} == {"left", "right"}


def test_headings_of_a_narrow_year_fit_its_width() -> None:
    faces = tuple(Face(f"Somebody {n}", 100.0, 300.0, 40, None) for n in range(8))
    weeks = dict.fromkeys(range(53), 900)
    year = Year(date(2025, 11, 17), 371, weeks, weeks, (), (), faces, more_faces=1_200)
    look = Look(size="narrow")
    said = [text["mark"] for text in texts(timeline_spec(year, look)) if text["mark"].get("text")]
    headings = [mark["text"] for mark in said if mark.get("fontWeight") == 600]
    people = next(words for words in headings if words.startswith("Their people"))
    above = [words for words in headings if "wrote" in words and words != people]
    assert "1200 more" in people
    assert len(people) * 6.5 < look.width - 60
    assert sum(len(words) * 7.2 for words in above) < look.width - 60
