"""From a figure to its letters: what a page says is behind it is what measuring found."""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from html import unescape
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from mailboxes import PARTNER, ROSTER, Mailbox, globex_box, message
from round_trip import OPEN, clock_of, generation_of, measured, rows_of, terms_of
from sample_database import make_database
from test_datasette import Site, site_of

from inbox_agent.catalogue import column_of
from inbox_agent.catalogue.partner_tables import PARTNER_STANDING
from inbox_agent.datasette_plugin.why.cuts import Cut
from inbox_agent.datasette_plugin.why.figures import Figures
from inbox_agent.datasette_plugin.why.links import why_path
from inbox_agent.datasette_plugin.why.names import title_of
from inbox_agent.datasette_plugin.why.windows import Calendar
from inbox_agent.datasette_plugin.why.words import Sums, ordinal, sentences
from inbox_agent.explaining import Case, left_out, silences_of, values_of, waits_of
from inbox_agent.figure_names import (
    WHY_NOT_COUNTED,
    change_said,
    definition_name,
    is_of_rhythm,
    sides_of,
)
from inbox_agent.measure import measure
from inbox_agent.messages import Message
from inbox_agent.published import publish
from inbox_agent.published_rows import text_of
from inbox_agent.sent_coverage import Proof
from inbox_agent.standards import Span

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
#: Noon of a Friday: the window begins on the 1st of March, in Berlin at 23:00 UTC the day before.
AS_OF = datetime(2025, 5, 30, 12, 0, tzinfo=UTC)
MONDAY = datetime(2025, 3, 3, 9, 0, tzinfo=UTC)
BOB, ANA = "bob@globex.com", "ana@acme.com"


def asked(name: str, at: datetime, **more: Any) -> Message:
    """Bob asks Ana something new."""
    fields = {"to": (ANA,), "subject": f"Question {name}?"}
    return message(f"{name}@mail.example", at, author=BOB, **fields | more)


def answered(name: str, at: datetime, **more: Any) -> Message:
    """Ana answers it."""
    cited = f"{name}@mail.example"
    # so little more than it answers that it needs no reply itself
    fields = {
        "to": (BOB,), "subject": f"Re: Question {name}", "in_reply_to": cited, "size_octets": 6_100,
    }  # fmt: skip
    return message(f"re-{name}@ours.example", at, author=ANA, **fields | more)


def exchange(name: str, at: datetime, took: timedelta) -> list[Message]:
    return [asked(name, at), answered(name, at + took)]


def letters() -> list[Message]:
    """Bob asks on seven Mondays and is answered after 1, 2, … 7 hours, once never, and now; one
    ask was settled, one answered before it was put, one is from before the window and one of today.
    Ana asks twice: once it bounces, once an absence note is all there is."""
    found = [x for n in range(7) for x in exchange(f"q{n}", MONDAY + 7 * n * DAY, (n + 1) * HOUR)]
    found += exchange("early", datetime(2025, 2, 10, 9, tzinfo=UTC), HOUR)
    found += [
        asked("never", MONDAY + 2 * DAY),
        asked("open", datetime(2025, 5, 28, 8, tzinfo=UTC)),
        asked("today", datetime(2025, 5, 30, 8, tzinfo=UTC)),
        asked("settled", MONDAY + 9 * DAY, is_settled=True),
    ]
    odd = MONDAY + 16 * DAY
    found += [asked("odd", odd), answered("odd", odd - HOUR)]
    gone, away = MONDAY + 23 * DAY, MONDAY + 30 * DAY
    ours = {"in_reply_to": None, "subject": "Terms?"}
    found += [answered("gone", gone, **ours), answered("away", away, **ours)]
    report = (("content-type", "multipart/report; report-type=delivery-status"),)
    found.append(
        message(
            "bounce@relay.example", gone + HOUR, author="mailer-daemon@relay.example", to=(ANA,),
            subject="Undelivered", in_reply_to="re-gone@ours.example",
            marks=(*report, ("x-failed-recipients", BOB)),
        )
    )  # fmt: skip
    note = (("auto-submitted", "auto-replied"),)
    found.append(
        asked("note", away + HOUR, in_reply_to="re-away@ours.example", marks=note, subject="Away")
    )
    return found


@pytest.fixture(scope="module")
def box() -> Mailbox:
    standards = replace(
        globex_box([], AS_OF).standards,
        we_answer_within=Span.parse("4 hours"),
        contact_every=Span.parse("10 days"),
    )
    return replace(globex_box(letters(), AS_OF), standards=standards)


@pytest.fixture(scope="module")
def case(box: Mailbox) -> Case:
    return Case(measured(box), clock_of(box.us), box.cuts, OPEN)


@pytest.fixture(scope="module")
def site(box: Mailbox, case: Case, loop: asyncio.AbstractEventLoop, tmp_path_factory: Any) -> Site:
    path = tmp_path_factory.mktemp("why") / "partners.db"
    publish(path, generation_of([case.record], box))
    return site_of(path, loop)


def page(site: Site, figure: str, more: str = "") -> str:
    response = site.get(f"/-/why/{PARTNER}/{figure}{more}")
    assert response.status_code == 200, response.text
    return str(response.text)


def parts(text: str) -> tuple[str, str]:
    """What the figure is made of, and what is left out."""
    _, made_of = text.split("<h2>What it is made of</h2>")
    kept, _, left = made_of.partition("<h2>What is left out, and why</h2>")
    return kept, left


def asks_in(text: str) -> list[str]:
    return re.findall(r'href="/partners/response_times/([0-9a-f]+)"', text)


def said_in(text: str) -> str:
    """The sentences about how it came to this, in one line."""
    found = re.search(r'<ul class="said">(.*?)</ul>', text, re.DOTALL)
    return unescape(re.sub(r"<[^>]+>", " ", found[1])) if found else ""


LINE = re.compile(r'<td class="number">([0-9,]+) (\w+)</td>\s*<td>(.*?)</td>')


def lines_in(text: str) -> Counter[str]:
    """What is left out, by rule."""
    _, left = parts(text)
    return Counter(
        {unescape(why): int(count.replace(",", "")) for count, _, why in LINE.findall(left)}
    )


def lines_of(case: Case, figure: str) -> Counter[str]:
    """The same as the command line says it; the reasons of each ask stand in its own row there."""
    found: Counter[str] = Counter()
    for each in left_out(case, sides_of(figure)):
        rule = next((r for r in WHY_NOT_COUNTED.values() if each.why.startswith(r)), each.why)
        found[rule] += each.count
    return found


# -- the same as the command line finds -------------------------------------------------------

BASES = (
    *("asks", "p50_business_seconds", "response_rate", "rate_so_far", "followed_seconds"),
    *("p50_seconds", "p50_reached", "p90_seconds", "p90_business_seconds", "answered_p50_seconds"),
)
OF_ASKS = [
    pytest.param(f"{side}_{base}", marks=[pytest.mark.pages] if number > 1 else [])
    for side in ("ours", "theirs")
    for number, base in enumerate(BASES)
]


@pytest.mark.parametrize("figure", OF_ASKS)
def test_the_waits_of_a_page_are_those_that_were_measured(
    figure: str, site: Site, case: Case
) -> None:
    (side,) = sides_of(figure)
    waits = waits_of(case, side)
    text = page(site, figure)
    made_of, left = parts(text)
    assert sorted(asks_in(made_of)) == sorted(w.key for w in waits if w.why_not is None)
    assert sorted(asks_in(left)) == sorted(w.key for w in waits if w.why_not is not None)
    assert lines_in(text) == lines_of(case, figure)


def test_the_mailbox_holds_every_way_to_be_left_out(case: Case) -> None:
    why = {wait.why_not for side in ("us", "them") for wait in waits_of(case, side)}  # type: ignore[arg-type]
    assert {rule for rule in WHY_NOT_COUNTED.values() if any(w and rule in w for w in why)} == set(
        WHY_NOT_COUNTED.values()
    )
    settled = next(w for w in waits_of(case, "us") if w.subject == "Question settled?")
    assert settled.why_not == "no reply needed: a person settled it"
    told = {line.why for line in left_out(case, ("us",))}
    assert "asked before the window" in told
    assert "asked since the last midnight, when the window ends" in told
    assert any(line.startswith("automatic_reply, by rule") for line in told)


@pytest.mark.parametrize(
    ("figure", "outcome"),
    [
        ("ours_answered", "answered"),
        ("ours_open", "open"),
        ("ours_lapsed", "lapsed"),
        ("ours_naive_p50_seconds", "answered"),
        ("ours_naive_mean_seconds", "answered"),
    ],
)
def test_a_figure_of_some_asks_shows_those_and_counts_the_others(
    figure: str, outcome: str, site: Site, case: Case
) -> None:
    counted = [wait for wait in waits_of(case, "us") if wait.why_not is None]
    here = [wait.key for wait in counted if wait.outcome == outcome]
    assert here
    text = page(site, figure)
    assert sorted(asks_in(parts(text)[0])) == sorted(here)
    others = lines_in(text) - lines_of(case, figure)
    assert sum(others.values()) == len(counted) - len(here)


@pytest.mark.parametrize("figure", ["ours_met_standard_share", "we_answer_within"])
def test_a_standard_is_told_by_its_misses_and_by_those_in_time(
    figure: str, site: Site, case: Case
) -> None:
    counted = [wait for wait in waits_of(case, "us") if wait.why_not is None]
    known = [wait.key for wait in counted if wait.met_standard is not None]
    made_of, _ = parts(page(site, figure))
    assert set(known) <= set(asks_in(made_of)) <= {wait.key for wait in counted}
    missed = sum(wait.met_standard is False for wait in counted)
    assert made_of.count("<b>missed</b>") == missed > 0


def test_fairness_shows_the_waits_of_both_sides(site: Site, case: Case) -> None:
    made_of, left = parts(page(site, "fairness"))
    waits = [*waits_of(case, "us"), *waits_of(case, "them")]
    assert sorted(asks_in(made_of)) == sorted(w.key for w in waits if w.why_not is None)
    assert sorted(asks_in(left)) == sorted(w.key for w in waits if w.why_not is not None)


@pytest.mark.parametrize("figure", ["usual_gap_working_days", "longest_gap_working_days"])
def test_the_gaps_of_a_page_are_those_that_were_measured(
    figure: str, site: Site, case: Case
) -> None:
    assert is_of_rhythm(figure)
    text = page(site, figure)
    shown = re.findall(r"at__gte=([^&]+)&amp;at__lte", text)
    found = sorted(unescape(at).replace("%3A", ":") for at in shown)
    assert found == sorted(str(text_of(gap.began_at)) for gap in silences_of(case))
    lengths = sorted(gap.working_days for gap in silences_of(case) if gap.ended_at)
    value = case.record.rhythm.usual_gap_working_days
    if figure.startswith("longest"):
        value = lengths[-1]
    (marked,) = re.findall(r'<tr role="row" class="mark">(.*?)</tr>', text, re.DOTALL)
    assert re.findall(r'data-word="working days">([0-9]+)[^<]*<span class="here"', marked) == [
        str(value)
    ]


def test_a_silence_that_was_too_long_is_marked(site: Site) -> None:
    # of more than ten days: from the 14th of April, when the last question was answered, to the
    # 28th of May, and from the 10th of February to the first of the window
    text = page(site, "contact_every_state")
    assert "2 silences of these too long" in text
    marked = re.findall(r'<tr role="row" class="mark">(.*?)</tr>', text, re.DOTALL)
    assert ["too long" in row for row in marked] == [True, True]
    assert "Mon 14 Apr, 18:00" in marked[0]
    assert "Wed 28 May, 10:00" in marked[0]
    assert "Mon 10 Feb, 11:00" in marked[1]


def test_a_letter_tells_whether_the_one_it_answers_is_held() -> None:
    letters = [
        asked("first", MONDAY),
        answered("first", MONDAY + HOUR),
        asked("held", MONDAY + DAY, in_reply_to="re-first@ours.example"),
        asked("again", MONDAY + 2 * DAY, in_reply_to="re-first@ours.example"),
        asked("lost", MONDAY + 3 * DAY, in_reply_to="lost@ours.example"),
    ]
    proofs = [
        Proof(PARTNER, "re-first@ours.example", MONDAY + DAY, is_held=True),
        Proof(PARTNER, "lost@ours.example", MONDAY + 3 * DAY, is_held=False),
    ]
    box = globex_box(letters, AS_OF)
    found = measure(ROSTER.partner(PARTNER), letters, ROSTER, terms_of(box), AS_OF, proofs)
    proves = {row["subject"]: row["proves"] for row in rows_of(found)["messages"]}
    assert {name: word for name, word in proves.items() if word} == {
        "Question held?": "held",
        "Question lost?": "missing",
    }


def test_every_figure_of_the_command_line_has_a_page_with_a_title(case: Case, site: Site) -> None:
    names = list(values_of(case))
    assert [name for name in names if title_of(name) == name] == []
    text = site.get(f"/-/why/{PARTNER}").text
    linked = set(re.findall(rf'href="/-/why/{PARTNER}/(\w+)"', text))
    wanted = {name for name in names if not re.fullmatch(r"drift_\w+_p", name)}
    assert wanted - linked == set()


# -- how it came to this ----------------------------------------------------------------------


def test_the_middle_wait_is_marked_and_its_place_is_told(site: Site) -> None:
    # answered after 1 to 7 hours, never, and not yet: half of 9 are 4.5, so it is the fifth
    text = page(site, "ours_p50_seconds")
    assert "They asked us 9 times that count: 7 answered, 1 still open, 1 given up on." in text
    assert "5 of the 9 were answered within 5h." in text
    assert "Half of 9 are 4.5: the 5th is the one that reaches it." in text
    (marked,) = re.findall(r'<tr role="row" class="mark">(.*?)</tr>', text, re.DOTALL)
    assert "Question q4?" in marked
    assert "the figure" in marked
    assert "1 Mar to 29 May 2025" in text


def test_a_mean_is_told_by_its_sum(site: Site) -> None:
    # 1 + 2 + … + 7 hours
    assert "1d 4h in all over 7 answers." in said_in(page(site, "ours_naive_mean_seconds"))


def test_an_empty_figure_says_why(site: Site) -> None:
    # 7 of 9 are fewer than nine of ten
    text = page(site, "ours_p90_seconds")
    assert "Fewer than nine of ten were answered, as far as they have been followed." in text
    # Ana's terms, and her answer dated before what it answers; all others thank or bounced
    few = said_in(page(site, "theirs_p50_seconds"))
    assert "With fewer than 5 asks (only 2) no such figure is told; here is each of them." in few


def test_a_figure_without_letters_says_so(site: Site) -> None:
    text = page(site, "next_change_at")
    assert "No rows of letters stand behind this figure." in text
    assert "What is left out" not in text


def test_the_definition_is_that_of_the_command_line(site: Site) -> None:
    text = page(site, "ours_p50_seconds")
    assert (
        "The time within which half (p50) or nine of ten (p90) of all asks were answered." in text
    )
    assert "After Kaplan and Meier 1958" in text


def test_a_period_has_its_own_asks(site: Site) -> None:
    # March has Mondays on the 3rd, 10th, 17th, 24th and 31st, and one that was never answered
    text = page(site, "ours_answered", "?period=2025-03")
    assert "2025-03: 1 Mar to 31 Mar 2025, as known" in text
    assert len(asks_in(parts(text)[0])) == 5
    assert site.get(f"/-/why/{PARTNER}/ours_answered?period=1999-03").status_code == 404
    assert site.get(f"/-/why/{PARTNER}/fairness?period=2025-03").status_code == 404


# -- downloads, pages, words out of letters -----------------------------------------------------


@pytest.mark.parametrize(
    "figure", ["ours_p50_seconds", pytest.param("opened_by_us", marks=pytest.mark.pages)]
)
def test_a_download_has_as_many_rows_as_the_page_says(figure: str, site: Site) -> None:
    text = page(site, figure)
    links = re.findall(r'href="([^"]+\.csv[^"]*)">CSV, ([0-9]+) rows', text)
    lines = re.findall(
        r'<td class="number">([0-9]+) \w+</td>.*?href="([^"]+\.csv[^"]*)"',
        parts(text)[1],
        re.DOTALL,
    )
    counts = [(href, count) for href, count in links] + [(href, count) for count, href in lines]
    assert len(counts) > 3
    for href, count in counts:
        assert len(site.csv(unescape(href))) - 1 == int(count), href


#: Answers after 4, 8, 12 and 16 hours; at 9:00 on the 23rd one is open for 11 hours, one for 24.
THEIRS = [(f"2026-11-{n:02d}T08:00:00Z", n * 4 * 3600) for n in range(1, 5)]
THEIRS += [("2026-11-22T22:00:00Z", None), ("2026-11-22T09:00:00Z", None)]


def many(tmp_path: Path, count: int, **standing: Any) -> Path:
    """So many asks of one partner, answered after 1, 2, … minutes; every tenth is not."""
    at = datetime(2026, 11, 1, 9, tzinfo=UTC)
    asks = [
        {
            "response": f"{n:04x}", "partner": "a&b.com", "conversation": "c1", "responder": "us",
            "asked_at": text_of(at + n * timedelta(seconds=1)), "asked_by": "<i>@a&b.com",
            "answered_at": None if n % 10 == 0 else text_of(at + n * timedelta(seconds=61)),
            "outcome": "lapsed" if n % 10 == 0 else "answered", "basis": "seen",
            "response_seconds": None if n % 10 == 0 else 60 * n, "business_seconds": 0, "nudges": 0,
            "needs_reply": "yes", "counts": 1, "absent_seconds": 0,
        }
        for n in range(1, count + 1)
    ]  # fmt: skip
    asks += [{**asks[0], "response": f"f{n}", "responder": "them", "asked_at": at,
              "response_seconds": seconds, "outcome": "answered" if seconds else "open"}
             for n, (at, seconds) in enumerate(THEIRS)]  # fmt: skip
    rows = {
        "about": [{"generation": 1, "as_of": "2026-11-23T09:00:00Z", "timezone": "Europe/Berlin",
                   "window_seconds": 90 * 86_400, "give_up_after_seconds": 30 * 86_400}],
        "partners": [{"partner": "a&b.com", "name": "<b>A</b>", "as_of": "2026-11-23T09:00:00Z"},
                     {"partner": "lost.example", "as_of": "2026-11-23T09:00:00Z"},
                     {"partner": "dark.example", "as_of": "2026-11-23T09:00:00Z"}],
        "partner_standing": [
            {"partner": "a&b.com", "as_of": "2026-11-23T09:00:00Z", **standing},
            {"partner": "lost.example", "sent_coverage": 0.5, "sent_coverage_high": 0.8},
            {"partner": "dark.example", "sent_coverage": 0.0, "sent_coverage_high": 0.0},
        ],
        "drift": [{"partner": "a&b.com", "measure": "our_response_time", "direction": "slower",
                   "before": 3600.0, "after": 7200.0, "unit": "working seconds", "is_shown": 0,
                   "p": 0.4, "p_adjusted": 0.6, "letters_before": 9, "letters_after": 9,
                   "before_from_at": "2026-05-04T22:00:00Z",
                   "after_from_at": "2026-08-02T22:00:00Z", "until_at": "2026-10-31T23:00:00Z",
                   "evidence": '{"table": "response_times", "instant": "asked_at",'
                               ' "where": {"responder": "us"}}'}],
        "standards": [{"partner": "lost.example", "standard": "they_answer_within",
                       "target": "1 day, all", "unit": "share", "share": 1.0, "actual": 0.5,
                       "state": "broken", "asks": 2, "misses": 1, "misses_left": -1}],
        "conversations": [{"conversation": "c1", "partner": "a&b.com", "messages": 2,
                           "subject": "<script>alert(1)</script> https://evil.example/"}],
        "response_times": asks,
    }  # fmt: skip
    return make_database(tmp_path / "partners.db", rows)


@pytest.fixture(scope="module")
def long(loop: asyncio.AbstractEventLoop, tmp_path_factory: Any) -> Site:
    """Of 450 asks 405 are answered; half are 225: the 225th answer is that of the 249th ask."""
    folder = tmp_path_factory.mktemp("long")
    standing = {"ours_p50_seconds": 249 * 60, "theirs_p50_seconds": 12 * 3600,
                "ours_arrow": "steady"}  # fmt: skip
    return site_of(many(folder, 450, **standing), loop)


def test_a_long_list_is_shown_page_by_page(long: Site) -> None:
    path = "/-/why/a%26b.com/ours_p50_seconds"
    pages = [long.get(f"{path}{more}").text for more in ("", "?us=2", "?us=3")]
    first = pages[0]
    assert [len(asks_in(parts(text)[0])) for text in pages] == [100, 100, 100]
    assert len({key for text in pages for key in asks_in(parts(text)[0])}) == 300
    assert [text.count('class="mark"') for text in pages] == [0, 0, 1]
    assert "the 225th is the one that reaches it." in first
    assert "It stands on page 3 of the list." in first
    assert f'<a rel="next" href="{path}?us=2#us">More rows</a>' in first
    assert "CSV, 450 rows" in first


def test_an_open_ask_that_is_younger_than_the_figure_is_told(long: Site) -> None:
    said = said_in(long.get("/-/why/a%26b.com/theirs_p50_seconds").text)
    # the one of 11 hours ago; the other has waited for longer than 12
    assert "1 open ask has waited less than that" in said
    assert "3 of the 6 were answered within 12h." in said
    assert "the one that reaches it" not in said


@pytest.mark.pages
def test_an_odd_page_number_is_some_page(long: Site) -> None:
    for odd in ("99999", "-1", "x", "%C2%B2"):
        assert long.get(f"/-/why/a%26b.com/ours_lapsed?us={odd}").status_code == 200


def test_words_out_of_letters_are_only_words(long: Site) -> None:
    text = long.get("/-/why/a%26b.com/ours_lapsed").text
    assert "<script" not in text
    assert "<bdi>&lt;script&gt;alert(1)&lt;/script&gt; https://evil.example/</bdi>" in text
    assert 'href="https://evil' not in text
    assert "<i>" not in text
    assert "<b>A" not in text
    assert "style=" not in text


def test_where_too_little_of_ours_is_held_it_is_unknown_and_not_bad(long: Site) -> None:
    few = Sums(
        asks=6, answered=1, open=2, lapsed=3, known=0, met=0, inferred=1, total_seconds=60,
        reached=0, younger=0, is_unknown=True, give_up_seconds=30 * 86_400,
    )  # fmt: skip
    said = list(sentences("p50_seconds", None, few, "us"))
    assert [line.startswith("How fast we answer is unknown, not bad") for line in said] == [
        False, True, False,
    ]  # fmt: skip
    assert said[2].startswith("1 answer of ours not in the mailbox")
    unseen = long.get("/-/why/dark.example/ours_p50_seconds").text  # none at all is held
    assert "How fast we answer is unknown, not bad" in said_in(unseen)
    unseen = long.get("/-/why/lost.example/ours_p50_seconds").text
    assert "How fast we answer is unknown, not bad" in said_in(unseen)
    assert "unknown, not bad" not in long.get("/-/why/lost.example/theirs_p50_seconds").text


def test_half_answered_below_a_minute_is_told_as_within_one() -> None:
    sums = Sums(
        asks=6, answered=6, open=0, lapsed=0, known=0, met=0, inferred=0, total_seconds=60,
        reached=3, younger=0, is_unknown=False, give_up_seconds=30 * 86_400,
    )  # fmt: skip
    for name, said in (("p50_seconds", "a minute"), ("p50_business_seconds", "a minute of work")):
        assert f"3 of the 6 were answered within {said}." in sentences(name, 0, sums, "us")


def test_an_arrow_and_the_drift_behind_it_say_the_same(long: Site) -> None:
    shown = [
        re.search(r'<p class="answer"><strong>(.*?)</strong>', long.get(path).text, re.DOTALL)
        for path in (
            f"/-/why/a%26b.com/{name}" for name in ("ours_arrow", "drift_our_response_time")
        )
    ]
    assert [re.sub("<[^>]*>", "", found[1]) for found in shown if found] == [
        "no clear change",
        "no clear change (slower)",
    ]


def test_a_standard_that_few_asks_fall_under_is_not_called_broken(long: Site) -> None:
    for name in ("they_answer_within", "they_answer_within_state"):
        text = long.get(f"/-/why/lost.example/{name}").text
        assert "too few asks to say" in text.partition('<ul class="said">')[0]
        assert "Fewer than 5 asks are too few to say whether it is kept." in said_in(text)
        assert "It is broken" not in said_in(text)


def test_an_unknown_figure_is_refused_with_those_there_are(site: Site) -> None:
    response = site.get(f"/-/why/{PARTNER}/our_p50_seconds")
    assert response.status_code == 404
    assert f'href="/-/why/{PARTNER}/ours_p50_seconds">ours_p50_seconds</a>' in response.text
    assert f'href="/-/why/{PARTNER}/fairness"' in response.text
    odd = site.get(f"/-/why/{PARTNER}/%3Cscript%3E")
    assert odd.status_code == 404
    assert "<script>" not in odd.text


def test_the_macro_makes_a_number_the_way_to_its_letters(site: Site) -> None:
    source = (
        '{% from "inbox_agent/why_macros.html" import why %}'
        '{{ why("a&b.com", "ours_asks", 7, "asks", "2026-Q4") }}'
    )
    html = site.loop.run_until_complete(_rendered(site, source))
    assert 'href="/-/why/a%26b.com/ours_asks?period=2026-Q4"' in html
    assert '>7<span class="hidden-words"> asks: the letters behind it</span></a>' in html
    assert why_path(site.datasette, "a/b", "x/y?") == "/-/why/a%2Fb/x%2Fy%3F"


async def _rendered(site: Site, source: str) -> str:
    get = getattr(site.datasette, "get_jinja_environment", None)
    environment = get() if get else site.datasette.jinja_env
    return str(await environment.from_string(source).render_async())


# -- parts --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "first", "last", "begins_at"),
    [
        ("2026-Q4", date(2026, 10, 1), date(2026, 12, 31), "2026-09-30T22:00:00Z"),
        ("2026-12", date(2026, 12, 1), date(2026, 12, 31), "2026-11-30T23:00:00Z"),
        # the first week of 2026 begins in 2025
        ("2026-W01", date(2025, 12, 29), date(2026, 1, 4), "2025-12-28T23:00:00Z"),
    ],
)
def test_a_period_is_days_of_the_zone(name: str, first: date, last: date, begins_at: str) -> None:
    days = Calendar(ZoneInfo("Europe/Berlin"), AS_OF, 90).period(name)
    assert days is not None
    assert (days.first, days.last, days.begins_at) == (first, last, begins_at)


@pytest.mark.parametrize("name", ["", "2026", "2026-13", "2026-W54", "0000-01", "2026-Q5", "x"])
def test_what_is_no_period_is_none(name: str) -> None:
    assert Calendar(ZoneInfo("Europe/Berlin"), AS_OF, 90).period(name) is None


def test_a_cut_says_the_same_to_sqlite_and_to_datasette(site: Site) -> None:
    cut = Cut("messages", PARTNER).and_(side="us", counts=1, parent__isnull=1)
    sql, arguments = cut.sql
    assert sql.endswith('"side" = :v0 AND "counts" = :v1 AND "parent" IS NULL')
    assert arguments == {"partner": PARTNER, "v0": "us", "v1": 1}
    address = cut.page(site.datasette)
    assert address.endswith(
        "partner__exact=globex.com&side__exact=us&counts__exact=1&parent__isnull=1"
    )


@pytest.mark.parametrize(
    ("number", "words"), [(1, "1st"), (2, "2nd"), (11, "11th"), (23, "23rd"), (112, "112th")]
)
def test_places_are_said_as_people_say_them(number: int, words: str) -> None:
    assert ordinal(number) == words


@pytest.mark.parametrize(
    ("figure", "name"),
    [
        ("ours_p50_seconds", "p50_seconds"),
        ("we_answer_within_misses_left", "we_answer_within"),
        ("drift_their_response_time_p", "drift of response times"),
        ("drift_to_us", "drift of to_us"),
        ("cause", None),
    ],
)
def test_a_figure_is_defined_where_its_measure_is(figure: str, name: str | None) -> None:
    known = {
        "p50_seconds",
        "we_answer_within",
        "drift of response times",
        "drift of to_us",
        "drift",
    }
    assert definition_name(figure, known) == name


@pytest.mark.parametrize(
    ("direction", "is_shown", "said"),
    [
        ("slower", True, "slower"),
        ("slower", False, "no clear change (slower)"),
        ("steady", True, "no clear change"),  # of an arrow
        (None, False, "no clear change"),
    ],
)
def test_a_change_that_may_be_chance_is_no_clear_one(
    direction: str | None, is_shown: bool, said: str
) -> None:
    assert change_said(direction, is_shown=is_shown) == said


@pytest.mark.parametrize(
    ("figure", "sides"),
    [
        ("ours_asks", ("us",)),
        ("they_answer_within_actual", ("them",)),
        ("we_answer_within_actual", ("us",)),
        ("drift_their_response_time", ("them",)),
        ("nudges_by_us", ("them",)),  # we remind those who are to answer
        ("nudged_by_them_after_p50_seconds", ("us",)),
        ("fairness_low", ("us", "them")),
        ("state", ()),
    ],
)
def test_a_name_tells_whose_answers_a_figure_is_made_of(
    figure: str, sides: tuple[str, ...]
) -> None:
    assert sides_of(figure) == sides


def test_every_column_of_the_standing_is_called_something() -> None:
    figures = Figures({}, {}, {})
    for name in figures.all_names():
        assert column_of("partner_standing", name)
        assert title_of(name) != name
    columns = {*figures.all_names(), "partner", "as_of"}
    assert {column.name for column in PARTNER_STANDING.columns} == columns
