"""Why a partnership needs somebody: standards and people; cases worked by hand."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from mailboxes import BERLIN, PARTNER, ROSTER, message
from round_trip import clock_of, rows_of

from inbox_agent.alert_log import AlertLog, moved_on
from inbox_agent.business_clock import Clocks, Terms
from inbox_agent.causes import Cause
from inbox_agent.delivery_reports import Delivery, Report
from inbox_agent.measure import PartnerRecord, measure
from inbox_agent.messages import Message
from inbox_agent.privacy import Privacy
from inbox_agent.standards import Cuts, Span, Standards

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
MONDAY = datetime(2025, 5, 5, 8, tzinfo=UTC)  # 10:00 in Berlin
CLOCK = clock_of(BERLIN)


def record(letters: Sequence[Message], as_of: datetime, **standards: Any) -> PartnerRecord:
    terms = Terms(Standards(**standards), Clocks(CLOCK, CLOCK), Cuts())
    return measure(ROSTER.partner(PARTNER), letters, ROSTER, terms, as_of)


def causes(found: PartnerRecord, *kinds: str) -> list[Cause]:
    return [cause for cause in found.causes if cause.kind in kinds]


def pair(number: int, at: datetime, took: timedelta) -> list[Message]:
    """An ask of theirs and our answer."""
    subject = f"Question {number}?"
    return [
        message(f"ask{number}", at, to=("ana@acme.com",), subject=subject),
        message(
            f"answer{number}",
            at + took,
            author="ana@acme.com",
            to=("bob@globex.com",),
            in_reply_to=f"ask{number}",
            subject=subject,
        ),
    ]


def daily(late: int, count: int) -> list[Message]:
    """One ask a day, the first `late` answered after two days, the others after an hour."""
    took = [2 * DAY] * late + [HOUR] * (count - late)
    return [x for n, each in enumerate(took) for x in pair(n, MONDAY + n * DAY, each)]


WITHIN = Span.parse("1 day")


# -- waits --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("unanswered", "usual"),
    [
        (2, "; we usually answer in 1 hour."),  # 4 of 7 with the one that waits: in an hour
        (6, "; we answer fewer than half."),  # 4 of 11, however fast those were
    ],
)
def test_what_is_usual_is_of_all_asks_not_of_those_that_were_answered(
    unanswered: int, usual: str
) -> None:
    asks = daily(0, 4)
    for n in range(4, 5 + unanswered):
        asks += pair(n, MONDAY + n * DAY, HOUR)[:1]
    found = record(asks, MONDAY + (6 + unanswered) * DAY, we_answer_within=WITHIN)
    (cause,) = causes(found, "our_answer_overdue")[:1]
    assert cause.because.endswith(usual)


# -- standards ----------------------------------------------------------------------------------


def test_a_standard_breaks_with_the_miss_that_is_one_too_many() -> None:
    """Nine of ten within a day: of ten asks one may be late. Two were from 7 May on; but only ten
    asks say so, and the tenth, of 14 May, entered the window with the midnight after it."""
    found = record(daily(2, 10), MONDAY + 10 * DAY, we_answer_within=WITHIN)
    (cause,) = causes(found, "standard_broken")
    assert cause.level == "watch"
    assert cause.because == (
        "We answer too late too often: 2 of 10 asks missed the standard (1 day, 9 of 10)."
    )
    assert cause.since_at == datetime(2025, 5, 14, 22, tzinfo=UTC)  # 0:00 of the 15th in Berlin
    assert json.loads(cause.evidence) == {"table": "standards", "rows": ["we_answer_within"]}
    assert (found.standing.state, found.standing.because) == ("watch", cause.because)


def test_it_is_one_cause_for_as_long_as_it_lasts() -> None:
    early = record(daily(2, 10), MONDAY + 11 * DAY, we_answer_within=WITHIN)
    late = record(daily(2, 10), MONDAY + 30 * DAY, we_answer_within=WITHIN)
    (before,), (after,) = (causes(x, "standard_broken") for x in (early, late))
    assert before.key == after.key


def test_of_fewer_than_ten_asks_a_standard_is_no_cause() -> None:
    nine = record(daily(4, 9), MONDAY + 12 * DAY, we_answer_within=WITHIN)
    ten = record(daily(4, 10), MONDAY + 12 * DAY, we_answer_within=WITHIN)
    assert [bool(causes(x, "standard_broken")) for x in (nine, ten)] == [False, True]


def test_none_may_be_missed_any_more_is_a_risk() -> None:
    found = record(daily(1, 10), MONDAY + 12 * DAY, we_answer_within=WITHIN)
    (cause,) = causes(found, "standard_at_risk")
    assert cause.because.startswith("We may soon have answered late too often: 1 of 10 asks")
    assert cause.since_at == datetime(2025, 5, 14, 22, tzinfo=UTC)  # from the tenth ask on


def test_it_broke_with_the_miss_where_ten_asks_were_there_before() -> None:
    """Ten asks answered in an hour, then two after two days: the first of them, of 15 May, may be
    late; the second, of 16 May at 10:00, was due a day later, and of 12 asks one may be missed."""
    took = [HOUR] * 10 + [2 * DAY] * 2
    letters = [x for n, each in enumerate(took) for x in pair(n, MONDAY + n * DAY, each)]
    found = record(letters, MONDAY + 20 * DAY, we_answer_within=WITHIN)
    (cause,) = causes(found, "standard_broken")
    assert cause.since_at == MONDAY + 12 * DAY + timedelta(seconds=1)


def test_too_few_people_of_theirs() -> None:
    """Bob alone wrote, and two people should."""
    found = record(daily(0, 5), MONDAY + 12 * DAY, min_contacts=2)
    (cause,) = causes(found, "standard_broken")
    assert cause.because == "Too few people of theirs write to us: 1, where 2 people should."


def we_ask(number: int, at: datetime, took: timedelta | None) -> list[Message]:
    """An ask of ours and their answer, from New York."""
    subject, name = f"Question {number}?", f"our-ask{number}"
    found = [message(name, at, author="ana@acme.com", to=("bob@globex.com",), subject=subject)]
    if took is not None:
        answer = message(
            f"their-answer{number}",
            at + took,
            to=("ana@acme.com",),
            in_reply_to=name,
            subject=subject,
            date_offset_minutes=-240,
        )
        found.append(answer)
    return found


def alerts_around_june(letters: Sequence[Message], within: str) -> tuple[list[str], list[Cause]]:
    """The alerts that two generations raise, and the causes: of 31 May, and of 2 June, from when
    on their answers are reckoned by the clock of New York."""
    clocks = Clocks(CLOCK, CLOCK, learns_zone=True)
    terms = Terms(Standards(they_answer_within=Span.parse(within)), clocks, Cuts())
    days = (datetime(2025, 5, 31, 12, tzinfo=UTC), datetime(2025, 6, 2, 4, tzinfo=UTC))
    found = [measure(ROSTER.partner(PARTNER), letters, ROSTER, terms, day) for day in days]
    zones = [each.calendar.clock.zone.key for each in found]
    assert zones == ["Europe/Berlin", "America/New_York"]
    log = AlertLog()
    for each in found:
        log = moved_on(log, [each], each.as_of)
    kinds = ("standard_broken", "standard_at_risk")
    raised = sorted(each.kind for each in log.alerts.values() if each.kind in kinds)
    return raised, [cause for each in found for cause in causes(each, *kinds)]


def test_a_zone_that_is_learned_when_the_month_begins_raises_no_second_alert() -> None:
    """The first ask was due on Tuesday the 6th at 10:00 in Berlin, or at 9:00 in New York."""
    took = [2 * DAY] * 2 + [HOUR] * 10
    letters = [x for n, each in enumerate(took) for x in we_ask(n, MONDAY + n * DAY, each)]
    raised, found = alerts_around_june(letters, "1 business day")
    assert raised == ["standard_broken"]
    assert [f"{cause.since_at:%d %H:%M}" for cause in found] == ["14 22:00"] * 2  # the tenth ask


def test_nor_does_it_where_a_standard_is_at_risk() -> None:
    """One was missed; or none was, and two that wait fall due on the 4th of June."""
    took: list[timedelta | None] = [2 * DAY] + [HOUR] * 11
    letters = [x for n, each in enumerate(took) for x in we_ask(n, MONDAY + n * DAY, each)]
    raised, found = alerts_around_june(letters, "1 business day")
    assert (raised, len(found)) == (["standard_at_risk"], 2)
    friday = MONDAY + 25 * DAY
    letters = [x for n in range(12) for x in we_ask(n, MONDAY + n * DAY, HOUR)]
    letters += [*we_ask(20, friday, None), *we_ask(21, friday + HOUR, None)]
    raised, found = alerts_around_june(letters, "3 business days")
    assert (raised, len(found)) == (["standard_at_risk"], 2)
    assert found[0].key == found[1].key == "they_answer_within 3 business days, 9 of 10 2025-Q2"


def test_people_count_from_the_next_midnight_on_and_make_no_second_cause() -> None:
    """Bob wrote in May and comes back in October; one person should write."""
    letters = letters_by("bob@globex.com", (0,))
    back = MONDAY + 150 * DAY
    before, same_day, after = (
        causes(record(mail, at, min_contacts=1), "standard_broken")
        for mail, at in (
            (letters, back - HOUR),
            ([*letters, *letters_by("bob@globex.com", (150,))], back + HOUR),
            ([*letters, *letters_by("bob@globex.com", (150,))], back + DAY),
        )
    )
    assert [each.key for each in before] == [each.key for each in same_day]
    assert after == []


def test_a_first_letter_breaks_nothing() -> None:
    found = record(letters_by("bob@globex.com", (0,)), MONDAY + HOUR, min_contacts=2)
    assert causes(found, "standard_broken", "standard_at_risk") == []


def test_a_standard_that_stays_broken_is_one_cause_for_years() -> None:
    """An ask a day, every fourth answered late: missed asks leave the window, others come."""
    letters = [x for n in range(200) for x in pair(n, MONDAY + n * DAY, _late(n % 4 == 0))]
    keys = []
    for day in range(15, 195, 15):
        then = MONDAY + day * DAY
        held = [x for x in letters if x.sent_at and x.sent_at <= then]
        keys += [x.key for x in causes(record(held, then, we_answer_within=WITHIN), BROKEN)]
    assert (len(keys), len(set(keys))) == (12, 1)


BROKEN = "standard_broken"


def _late(is_late: bool) -> timedelta:
    return 2 * DAY if is_late else HOUR


def test_two_late_answers_are_one_cause_whatever_comes_between() -> None:
    """With the 20th ask two may be missed, and one again when earlier asks have left."""
    letters = [
        x
        for n in range(30)
        for x in pair(n, MONDAY + 4 * n * DAY, 2 * DAY if n in (3, 5) else HOUR)
    ]
    keys = {
        cause.key
        for day in range(60, 110, 3)
        for cause in causes(
            record(
                [x for x in letters if x.sent_at and x.sent_at <= MONDAY + day * DAY],
                MONDAY + day * DAY,
                we_answer_within=WITHIN,
            ),
            "standard_broken",
        )
    }
    assert len(keys) == 1


def test_an_ask_stays_one_cause_when_its_conversation_is_joined_to_another() -> None:
    mail = [
        *pair(0, MONDAY - 5 * DAY, HOUR),
        message("q", MONDAY, to=("ana@acme.com",), subject="Prices?"),
    ]
    joins = message(
        "joins",
        MONDAY + 3 * DAY,
        author="eve@globex.com",
        to=("ana@acme.com",),
        subject="Re: Prices?",
        references=("ask0", "answer0", "q"),
    )
    before = record(mail, MONDAY + 2 * DAY, we_answer_within=WITHIN)
    after = record([*mail, joins], MONDAY + 4 * DAY, we_answer_within=WITHIN)
    assert len({ask.conversation for ask in before.asks}) == 2
    assert len({ask.conversation for ask in after.asks}) == 1
    (key,), (again,) = ([c.key for c in causes(x, "our_answer_overdue")] for x in (before, after))
    assert key == again


# -- people -------------------------------------------------------------------------------------


def letters_by(author: str, days: Sequence[int]) -> list[Message]:
    return [
        message(
            f"{author}{n}", MONDAY + n * DAY, author=author, to=("ana@acme.com",), is_settled=True
        )
        for n in days
    ]


def bounced(address: str, at: datetime) -> list[Message]:
    ours = message("ours", at - HOUR, author="ana@acme.com", to=(address,), is_settled=True)
    report = Report((Delivery(address, "failed", "5.1.1"),), "ours")
    fields: dict[str, Any] = {
        "author": "mailer-daemon@globex.com",
        "to": ("ana@acme.com",),
        "marks": (("content-type", "multipart/report; report-type=delivery-status"),),
        "report": report,
        "subject": "Undelivered Mail Returned to Sender",
    }
    return [ours, message("report", at, **fields)]


WEEKLY = tuple(range(0, 70, 7))


def test_who_wrote_a_fifth_of_their_letters_and_is_gone_is_a_cause() -> None:
    letters = [
        *letters_by("bob@globex.com", WEEKLY),
        *letters_by("eve@globex.com", WEEKLY),
        *bounced("bob@globex.com", MONDAY + 71 * DAY),
    ]
    found = record(letters, MONDAY + 75 * DAY)
    (cause,) = causes(found, "person_gone")
    assert (cause.people, cause.since_at) == (("bob@globex.com",), MONDAY + 71 * DAY)
    assert cause.because == (
        "Letters to {0} come back since 15 Jul 2025; that is who wrote 50% of their letters."
    )


def test_who_wrote_little_is_none() -> None:
    letters = [
        *letters_by("bob@globex.com", (0, 1)),
        *letters_by("eve@globex.com", WEEKLY),
        *bounced("bob@globex.com", MONDAY + 71 * DAY),
    ]
    assert causes(record(letters, MONDAY + 75 * DAY), "person_gone", "person_quiet") == []


def test_who_is_quiet_is_one_with_the_successor() -> None:
    """Bob wrote daily for ten days, Eve from the eighth on in the same conversations."""
    bob = letters_by("bob@globex.com", range(10))
    eve = [
        message(
            f"eve{n}",
            MONDAY + n * DAY,
            author="eve@globex.com",
            to=("ana@acme.com",),
            cc=("bob@globex.com",) if n < 12 else (),
            in_reply_to="bob@globex.com9",
            is_settled=True,
        )
        for n in range(10, 75, 3)
    ]
    found = record([*bob, *eve], MONDAY + 76 * DAY)
    (cause,) = causes(found, "person_quiet")
    assert cause.people == ("bob@globex.com", "eve@globex.com")
    assert "{0} last wrote" in cause.because
    assert cause.because.endswith("{1} may have taken over.")


@pytest.mark.parametrize(("people", "shown"), [("full", True), ("initials", False)])
def test_a_reason_names_people_only_as_they_may_be_shown(people: Any, *, shown: bool) -> None:
    letters = [
        *letters_by("bob@globex.com", WEEKLY),
        *bounced("bob@globex.com", MONDAY + 71 * DAY),
    ]
    found = record(letters, MONDAY + 72 * DAY)
    assert causes(found, "person_gone")
    privacy = Privacy(people, our_people=False, subjects=True, key=b"secret")
    (row,) = rows_of(found, privacy)["partner_standing"]
    assert ("bob@globex.com" in row["because"]) is shown
    assert "{0}" not in row["because"]
