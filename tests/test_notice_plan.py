"""What is due to whom and when: once for each cause, one digest a morning, nothing told twice."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest

from inbox_agent import notice_texts
from inbox_agent.business_clock import BusinessClock
from inbox_agent.config import PasswordSettings, Recipient
from inbox_agent.notice_log import MOST_INTERRUPTED, Notice
from inbox_agent.notice_plan import Moment, Plan, Told, plan
from inbox_agent.notice_rows import OpenAlert, PublishedNews
from inbox_agent.notice_texts import Frame, News, Wait

ANA, BEN = "ana@acme.example", "ben@acme.example"
WEEK = ("mon", "tue", "wed", "thu", "fri")
#: 2026-11-23 is a Monday; Berlin is an hour ahead of UTC. The 25th is closed.
CLOCK = BusinessClock.make(
    "Europe/Berlin", WEEK, [(time(9), time(17))], None, [date(2026, 11, 25), date(2026, 11, 30)]
)
GLOBEX = News("globex.example", "Globex", ANA, "They wait for our answer.")
INITECH = News("initech.example", "Initech", BEN, "Quiet for long.")
NOBODYS = News("hooli.example", "Hooli", None, "Quiet for very long.")
URLS = PasswordSettings(env="URLS")


def at(day: int, hour: int = 8, minute: int = 0, month: int = 11) -> datetime:
    """An instant by the wall clock of Berlin in winter."""
    return datetime(2026, month, day, hour, minute, tzinfo=UTC) - timedelta(hours=1)


def told(owner: str | None = ANA, **more: Any) -> Told:
    to = Recipient(owner=owner, everybody=owner is None, urls=URLS, **more)
    return Told(to, 1, "https://pages.example")


def moment(now: datetime, **more: Any) -> Moment:
    return Moment(now, CLOCK, more.pop("digest_at", time(8)), **more)


FRIDAY = at(20)


def alert(news: News, level: str = "act", raised_at: str = "2026-11-20T09:00:00Z") -> OpenAlert:
    return OpenAlert(f"key-{news.partner}", news.partner, level, news.because, raised_at)


def published(*alerts: OpenAlert, read_at: datetime = FRIDAY, **states: str) -> PublishedNews:
    """Three partners; those with an act alert are to be acted on, unless said otherwise."""
    partners = [GLOBEX, INITECH, NOBODYS]
    act = {each.partner for each in alerts if each.level == "act"}
    watch = {each.partner for each in alerts} - act
    state = {
        each.partner: "act" if each.partner in act else "watch" if each.partner in watch else "ok"
        for each in partners
    }
    state |= {f"{name}.example": word for name, word in states.items()}
    return PublishedNews(partners, state, {each.partner: read_at for each in partners}, alerts)


def written(before: Told, found: Plan, now: datetime, error: str | None = None) -> Told:
    """What is written down once all messages went, or failed."""
    rows = {(each.kind, each.key): each for each in before.before}
    rows |= {(each.kind, each.key): each for each in found.settled}
    for message in found.messages:
        for each in message.notices:
            rows[each.kind, each.key] = each.tried(now).ended(now, error)
    return replace(before, before=list(rows.values()))


def begun(who: Told | None = None, *alerts: OpenAlert) -> Told:
    """An address that was looked at on Friday evening, with these alerts open."""
    who, now = who or told(digest=False), at(20, 18)
    return written(who, plan(who, published(*alerts), moment(now)), now)


def titles(found: Plan) -> list[str]:
    return [message.text.title for message in found.messages]


# -- alerts ---------------------------------------------------------------------------------


def test_what_was_open_when_an_address_is_first_looked_at_is_no_news() -> None:
    found = plan(told(digest=False), published(alert(GLOBEX)), moment(at(23)))
    assert titles(found) == []
    assert {(each.kind, each.state) for each in found.settled} == {
        ("began", "known"), ("alert", "known")
    }  # fmt: skip
    assert titles(plan(begun(None, alert(GLOBEX)), published(alert(GLOBEX)), moment(at(23)))) == []


def test_what_becomes_something_to_act_on_is_told_at_once_and_once() -> None:
    who, now = begun(), at(23, 11)
    found = plan(who, published(alert(GLOBEX)), moment(now))
    assert titles(found) == ["Globex needs you now"]
    who = written(who, found, now)
    assert titles(plan(who, published(alert(GLOBEX)), moment(at(23, 12)))) == []
    # over, and open again: the log knows it by the same key and moment
    who = written(who, plan(who, published(), moment(at(24))), at(24))
    assert titles(plan(who, published(alert(GLOBEX)), moment(at(25)))) == []


def test_what_was_to_be_watched_is_told_when_it_becomes_graver() -> None:
    watched = alert(GLOBEX, "watch")
    who = begun(None, watched)
    assert titles(plan(who, published(watched), moment(at(23)))) == []
    graver = replace(watched, level="act", raised_at="2026-11-23T09:00:00Z")
    assert titles(plan(who, published(graver), moment(at(23, 11)))) == ["Globex needs you now"]


def test_an_owner_is_told_of_own_partners_and_everybody_of_all() -> None:
    raised = published(alert(GLOBEX), alert(INITECH), alert(NOBODYS))
    assert titles(plan(begun(told(ANA.upper(), digest=False)), raised, moment(at(23)))) == [
        "Globex needs you now"
    ]
    assert (
        titles(plan(begun(told("carl@acme.example", digest=False)), raised, moment(at(23)))) == []
    )
    everybody = plan(begun(told(None, digest=False)), raised, moment(at(23)))
    assert titles(everybody) == ["3 partners need somebody now"]
    assert "Globex (ana@acme.example)" in everybody.messages[0].text.plain


def test_who_wants_no_alerts_gets_none() -> None:
    found = plan(
        begun(told(alerts=False)), published(alert(GLOBEX)), moment(at(23, 11), digest_at=time(18))
    )
    assert titles(found) == []


def test_an_alert_that_is_over_before_it_could_be_sent_is_not_sent_late() -> None:
    who, now = begun(), at(23)
    who = written(who, plan(who, published(alert(GLOBEX)), moment(now)), now, "refused")
    (notice,) = plan(who, published(), moment(at(23, 12))).settled
    assert (notice.kind, notice.state, notice.error) == ("alert", "dropped", "refused")


def test_what_failed_is_tried_again_after_a_wait_together_with_what_is_new() -> None:
    who, now = begun(told(None, digest=False)), at(23)
    who = written(who, plan(who, published(alert(GLOBEX)), moment(now)), now, "refused")
    both = published(alert(GLOBEX), alert(INITECH))
    assert titles(plan(who, both, moment(now + timedelta(seconds=59)))) == [
        "Initech needs somebody now"
    ]
    assert titles(plan(who, both, moment(now + timedelta(seconds=60)))) == [
        "2 partners need somebody now"
    ]


def test_waits_double_from_a_minute_to_an_hour() -> None:
    notice, waits = Notice("ana", 1, "alert", "k"), []
    for _ in range(8):
        notice = notice.tried(at(21)).ended(at(21), "refused")
        assert notice.next_try_at
        waits.append((notice.next_try_at - at(21)).total_seconds() / 60)
    assert waits == [1, 2, 4, 8, 16, 32, 60, 60]


def test_a_clock_that_was_wrong_for_a_while_does_not_hold_a_message_back() -> None:
    notice = Notice("ana", 1, "alert", "k").tried(at(21) + timedelta(days=300))
    assert notice.is_ready(at(21))


def test_a_message_that_we_were_stopped_over_again_and_again_is_given_up() -> None:
    who, now = begun(), at(23)
    key = f"{alert(GLOBEX).alert} {alert(GLOBEX).raised_at}"
    stopped = Notice(ANA, 1, "alert", key)
    for _ in range(MOST_INTERRUPTED):
        assert titles(
            plan(replace(who, before=[*who.before, stopped]), published(alert(GLOBEX)), moment(now))
        ) == ["Globex needs you now"]
        stopped = stopped.tried(now)
        now += timedelta(hours=2)
    found = plan(replace(who, before=[*who.before, stopped]), published(alert(GLOBEX)), moment(now))
    assert titles(found) == []
    assert [each.state for each in found.settled] == ["dropped"]


def test_nobody_is_called_in_the_night_nor_on_days_nobody_works() -> None:
    who, raised = begun(), published(alert(GLOBEX))
    # Friday evening, Saturday, the night to Monday; then the digest's hour, as it is before 9
    for now in (at(20, 19), at(21, 11), at(23, 0, 5), at(23, 7, 59)):
        found = plan(who, raised, moment(now))
        assert titles(found) == []
        assert found.settled == ()
    assert titles(plan(who, raised, moment(at(23)))) == ["Globex needs you now"]
    assert titles(plan(who, raised, moment(at(23, 16, 59)))) == ["Globex needs you now"]
    assert titles(plan(who, raised, moment(at(23, 17)))) == []
    # a team whose digest comes late reads from its opening on
    assert titles(plan(who, raised, moment(at(23, 9), digest_at=time(11)))) == [
        "Globex needs you now"
    ]


def test_an_alert_that_is_over_by_the_morning_is_told_to_nobody() -> None:
    who, night = begun(), at(23, 0, 5)
    who = written(who, plan(who, published(alert(GLOBEX)), moment(night)), night)
    assert titles(plan(who, published(), moment(at(23)))) == []


# -- digests --------------------------------------------------------------------------------


def test_the_digest_comes_when_its_hour_has_come_on_a_working_day_and_once() -> None:
    who, raised = begun(None, alert(GLOBEX)), published(alert(GLOBEX), read_at=at(23, 7))
    who = replace(who, recipient=told().recipient)
    for early in (at(22, 12), at(23, 7, 59)):  # Sunday, Monday before eight
        assert titles(plan(who, raised, moment(early))) == []
    found = plan(who, raised, moment(at(23, 8)))
    assert titles(found) == ["1 partner needs you today"]
    who = written(who, found, at(23, 8))
    assert titles(plan(who, raised, moment(at(23, 18)))) == []


def test_a_digest_that_nobody_sent_at_its_hour_comes_later_that_day() -> None:
    raised = published(alert(GLOBEX), read_at=at(23, 7))
    assert titles(plan(begun(told(), alert(GLOBEX)), raised, moment(at(23, 17)))) == [
        "1 partner needs you today"
    ]


def test_no_digest_comes_on_a_day_nobody_works_unless_somebody_asks_for_it() -> None:
    raised = published(alert(GLOBEX), read_at=at(25, 7))
    who = begun(told(), alert(GLOBEX))
    assert titles(plan(who, raised, moment(at(25, 9)))) == []
    assert len(titles(plan(who, raised, moment(at(25, 5), at_any_hour=True)))) == 1


def test_on_the_morning_without_half_past_two_the_digest_comes_at_three() -> None:
    every_day = BusinessClock.make(
        "Europe/Berlin", (*WEEK, "sat", "sun"), [(time(0), time(23))], None, []
    )
    spring = datetime(2026, 3, 29, 0, 59, tzinfo=UTC)  # 01:59; a minute later it is 03:00
    assert not Moment(spring, every_day, time(2, 30)).is_digest_time
    assert Moment(spring + timedelta(minutes=1), every_day, time(2, 30)).is_digest_time


def test_a_day_with_nothing_new_has_no_digest_not_even_when_something_comes_later() -> None:
    who = begun(told(), alert(GLOBEX, "watch"))
    monday = published(alert(GLOBEX, "watch"), read_at=at(23, 7))
    who = written(who, plan(who, monday, moment(at(23))), at(23))
    tuesday = published(alert(GLOBEX, "watch"), read_at=at(24, 7))
    found = plan(who, tuesday, moment(at(24)))
    assert titles(found) == []
    assert [each.state for each in found.settled] == ["nothing"]
    who = written(replace(who, recipient=told(alerts=False).recipient), found, at(24))
    raised = published(alert(GLOBEX), read_at=at(24, 11))
    assert titles(plan(who, raised, moment(at(24, 12)))) == []


def test_what_is_new_to_watch_is_in_the_next_digest_and_then_on_the_first_day_of_a_week() -> None:
    who = begun(told())
    who = written(who, plan(who, published(read_at=at(23, 7)), moment(at(23))), at(23))
    new = published(alert(GLOBEX, "watch"), read_at=at(24, 7))
    found = plan(who, new, moment(at(24)))
    assert titles(found) == ["Nothing urgent; 1 partner to keep an eye on"]
    who = written(who, found, at(24))
    later = published(alert(GLOBEX, "watch"), read_at=at(26, 7))
    assert titles(plan(who, later, moment(at(26)))) == []
    # Monday the 30th is closed, so that the week begins on Tuesday
    assert titles(plan(who, later, moment(at(30)))) == []
    next_week = published(alert(GLOBEX, "watch"), read_at=at(1, 7, month=12))
    assert titles(plan(who, next_week, moment(at(1, month=12)))) == [
        "Nothing urgent; 1 partner to keep an eye on"
    ]


def test_a_week_in_which_all_is_quiet_begins_with_a_sign_of_life() -> None:
    quiet = published(read_at=at(23, 7))
    assert titles(plan(begun(told()), quiet, moment(at(23)))) == ["All quiet with your 1 partner"]
    everybody = plan(begun(told(None)), quiet, moment(at(23)))
    assert titles(everybody) == ["All quiet with 3 partners"]
    nobodys = plan(begun(told("carl@acme.example")), quiet, moment(at(23)))
    assert titles(nobodys) == []


def test_what_nobody_could_read_anew_is_not_told_again_but_that_is() -> None:
    who, friday = begun(told(), alert(GLOBEX)), published(alert(GLOBEX), read_at=at(23, 7))
    who = written(who, plan(who, friday, moment(at(23))), at(23))
    found = plan(who, friday, moment(at(24)))
    assert titles(found) == [
        "No news from the mailbox since Mon 23 Nov 2026, 07:00 (Europe/Berlin)"
    ]
    who = written(who, found, at(24))
    for day in (26, 27):
        found = plan(who, friday, moment(at(day)))
        assert titles(found) == []
        who = written(who, found, at(day))
    again = published(alert(GLOBEX), read_at=at(27, 9))
    assert titles(plan(who, again, moment(at(1, month=12)))) == ["1 partner needs you today"]


def test_one_mailbox_that_fails_holds_no_digest_up_and_is_said() -> None:
    raised = published(alert(GLOBEX), read_at=at(23, 7))
    raised = replace(raised, read_at={**raised.read_at, "hooli.example": at(20)})
    (message,) = plan(begun(told(None)), raised, moment(at(23))).messages[1:]
    assert (
        "As of Mon 23 Nov 2026, 07:00 (Europe/Berlin). Some figures are older: a mailbox could not "
        "be read since Fri 20 Nov 2026, 08:00 (Europe/Berlin)."
    ) in message.text.plain


def test_a_digest_that_failed_is_tried_again_that_day_and_not_the_next() -> None:
    who, raised = begun(told(), alert(GLOBEX)), published(alert(GLOBEX), read_at=at(23, 7))
    who = written(who, plan(who, raised, moment(at(23))), at(23), "refused")
    assert titles(plan(who, raised, moment(at(23, 8, 1)))) == ["1 partner needs you today"]
    tuesday = published(alert(GLOBEX), read_at=at(24, 7))
    found = plan(who, tuesday, moment(at(24)))
    assert titles(found) == ["1 partner needs you today"]
    assert [(each.key, each.state) for each in found.settled] == [("2026-11-23", "dropped")]


# -- words ----------------------------------------------------------------------------------

FRAME = Frame("Mon 23 Nov 2026, 08:00", is_owner=True, partners=9, pages="https://pages.example")
EVIL = 'Re: <!here> **@all** [click](https://evil.example) <img src=x> & "so"'


def test_a_digest_says_why_and_what_waits_in_three_forms() -> None:
    waits = tuple(Wait(f"Question {n}", f"{n} Nov 2026", None) for n in range(1, 6))
    text = notice_texts.digest([replace(GLOBEX, waits=waits)], [INITECH], FRAME)
    assert text.plain == (
        "As of Mon 23 Nov 2026, 08:00.\n\n"
        "Globex\nhttps://pages.example/-/partner/globex.example\n\n"
        "They wait for our answer.\n\n"
        "- “Question 1”, asked on 1 Nov 2026\n"
        "- “Question 2”, asked on 2 Nov 2026\n"
        "- “Question 3”, asked on 3 Nov 2026\n"
        "- and 2 more\n\n"
        "To keep an eye on\n\n"
        "- Initech: Quiet for long."
    )
    assert "**[Globex](https://pages.example/-/partner/globex.example)**" in text.markdown
    assert (
        '<p><strong><a href="https://pages.example/-/partner/globex.example">Globex</a>'
        "</strong></p>"
    ) in text.html


def test_without_the_address_of_the_pages_there_are_no_links() -> None:
    text = notice_texts.digest([GLOBEX], [INITECH], replace(FRAME, pages=None))
    assert not any(
        "http" in each or "](" in each for each in (text.plain, text.markdown, text.html)
    )


def test_a_senders_words_are_no_markup_call_nobody_and_lead_nowhere() -> None:
    evil = News("a/b?c#d", EVIL, ANA, EVIL, (Wait(EVIL, "1 Nov 2026", None),))
    for text in (notice_texts.digest([evil], [evil], FRAME), notice_texts.alert([evil], FRAME)):
        for form in (text.title, text.plain, text.markdown, text.html):
            assert "<!here>" not in form
            assert "<img" not in form
            assert "@all" not in form
            assert "https://evil" not in form
            assert "](https:" not in form.replace("](https://pages.example/", "")
        assert r"\*\*@" in text.markdown
        assert "**@" not in text.markdown.replace(r"\*\*@", "")
        assert "&amp; &quot;so&quot;" in text.html
        assert "https://pages.example/-/partner/a%2Fb%3Fc%23d" in text.html


def test_a_title_is_one_line_and_a_long_list_is_cut() -> None:
    many = [replace(GLOBEX, partner=f"p{n}.example", name=f"P{n}\r\nBcc: x") for n in range(25)]
    text = notice_texts.digest(many, [], FRAME)
    assert text.title == "25 partners need you today"
    assert "P19" in text.plain
    assert "P20" not in text.plain
    assert text.plain.endswith("… and 5 more.\nhttps://pages.example")
    assert notice_texts.alert(many[:1], FRAME).title == "P0 Bcc: x needs you now"


@pytest.mark.parametrize("form", ["plain", "markdown", "html"])
def test_the_message_of_an_outage_names_no_partner(form: str) -> None:
    text = notice_texts.stale(FRAME)
    assert text.title == "No news from the mailbox since Mon 23 Nov 2026, 08:00"
    assert "nothing new to say" in getattr(text, form)
