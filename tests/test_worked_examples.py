"""The worked examples that other products publish come out here as they do there.

Each example is letters in, `measure` over them, and the figure that the page of that product
states. Where no page with the result was found, the test says what is reconstructed, and where
the product named decides otherwise on purpose, what is different.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import pytest
from mailboxes import ROSTER, WEEK, message

from inbox_agent.business_clock import BusinessClock, Clocks, Terms
from inbox_agent.measure import PartnerRecord, measure
from inbox_agent.messages import Message
from inbox_agent.response_times import Ask
from inbox_agent.standards import DAY_SECONDS, Cuts, Standards
from inbox_agent.survival import figures

PACIFIC = "America/Los_Angeles"
NINE_TO_FIVE = (time(9), time(17))
#: Weeks with no holiday anywhere and no change of clocks.
MON, TUE, WED, THU, FRI = (datetime(2025, 6, day) for day in (2, 3, 4, 5, 6))  # noqa: DTZ001
NEXT_MON = datetime(2025, 6, 9)  # noqa: DTZ001
AS_OF = datetime(2025, 7, 31, 12, tzinfo=UTC)
MINUTE, HOUR = 60, 3600


def at(day: datetime, clock: str, zone: str = PACIFIC) -> datetime:
    """What a clock on the wall shows on a day, as an instant."""
    hour, _, minute = clock.partition(":")
    return day.replace(hour=int(hour), minute=int(minute), tzinfo=ZoneInfo(zone)).astimezone(UTC)


def thread(*letters: tuple[str, datetime], **more: object) -> list[Message]:
    """A thread: each letter by the partner ("them") or by us, answering the one before it."""
    copies: list[Message] = []
    for n, (side, when) in enumerate(letters):
        author, to = ("ana@acme.com", "bob@globex.com")[:: 1 if side == "us" else -1]
        cited = [copy.message_id for copy in copies]
        copies.append(
            message(
                f"{n}@mail.example",
                when,
                author=author,
                to=(to,),
                in_reply_to=cited[-1] if cited else None,
                references=tuple(cited),
                subject="Re: Quote for March" if cited else "Quote for March",
                **more,
            )
        )
    return copies


def taking_up_their_own(copies: Sequence[Message], number: int) -> list[Message]:
    """The thread with one letter citing its first one only."""
    first = copies[0].message_id
    found = replace(copies[number], in_reply_to=first, references=(first,))
    return [*copies[:number], found, *copies[number + 1 :]]


@lru_cache
def working(zone: str, hours: tuple[time, time]) -> BusinessClock:
    """Monday to Friday; one clock for all tests, as its sums begin long ago."""
    return BusinessClock.make(zone, WEEK, (hours,), None, ())


def measured(
    copies: Sequence[Message],
    *,
    zone: str = PACIFIC,
    hours: tuple[time, time] = NINE_TO_FIVE,
    reopen_after_days: int = 30,
) -> PartnerRecord:
    """The record of the partner, both sides working these hours from Monday to Friday."""
    clock = working(zone, hours)
    cuts = Cuts(reopen_after_seconds=reopen_after_days * DAY_SECONDS)
    terms = Terms(Standards(), Clocks(clock, clock), cuts)
    return measure(ROSTER.partner("globex.com"), copies, ROSTER, terms, AS_OF)


def ours(record: PartnerRecord) -> list[Ask]:
    """What the partner asked us, in the order of asking."""
    return [ask for ask in record.asks if ask.responder == "us"]


def worked(record: PartnerRecord) -> list[int | None]:
    """Our response times in working time."""
    return [ask.business_seconds for ask in ours(record)]


# -- working hours --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "answered", "working", "actual"),
    [
        pytest.param("7:00", "8:05", 5 * MINUTE, 65 * MINUTE, id="asked before opening"),
        pytest.param("16:00", "18:27", 60 * MINUTE, 147 * MINUTE, id="answered after closing"),
        pytest.param("18:00", "18:27", 0, 27 * MINUTE, id="both after closing"),
    ],
)
def test_emailanalytics_three_cases_of_working_hours(
    asked: str, answered: str, working: int, actual: int
) -> None:
    """https://emailanalytics.com/knowledge-base/how-does-emailanalytics-calculate-average-response-time/

    Work hours there are 8 to 17: 7:00 to 8:05 is 5 minutes, 16:00 to 18:27 is 60, 18:00 to 18:27
    is 27 minutes of "actual" time. That page leaves the last one out of the working figure; here
    it is 0 and stays in, so that evenings are no way to lose asks. The third answer's time, and
    the calendar times of the first two, are by subtraction.
    """
    record = measured(
        thread(("them", at(MON, asked)), ("us", at(MON, answered))), hours=(time(8), time(17))
    )
    (ask,) = ours(record)
    assert (ask.business_seconds, ask.response_seconds) == (working, actual)
    assert figures([ask], Cuts()).answered == 1


@pytest.mark.parametrize(
    ("asked", "answered", "working"),
    [("16:30", "10:30", 2 * HOUR), ("20:00", "9:15", 15 * MINUTE)],
)
def test_email_meter_takes_the_night_out(asked: str, answered: str, working: int) -> None:
    """https://docs.enterprise.emailmeter.com/workspace-setup/business-hours

    9 to 17; the reply comes the next day: 16:30 to 10:30 is 2 hours, 20:00 to 9:15 is 15 minutes.
    """
    record = measured(thread(("them", at(TUE, asked)), ("us", at(WED, answered))))
    assert worked(record) == [working]


def test_timetoreply_starts_the_clock_at_opening() -> None:
    """https://help.timetoreply.com/en/articles/1678802-business-hours-and-changing-your-business-hours

    9 to 17, a Monday: 8:30 to 9:15 is 15 minutes, not 45.
    """
    record = measured(thread(("them", at(MON, "8:30")), ("us", at(MON, "9:15"))))
    assert worked(record) == [15 * MINUTE]
    assert [ask.response_seconds for ask in ours(record)] == [45 * MINUTE]


def test_longstreet_takes_the_weekend_out() -> None:
    """https://dashboard.longstreetpm.com/methodology, section 1

    9 to 17 Pacific time: Friday 16:00 to Monday 10:00 is 1 h on Friday and 1 h on Monday.
    """
    record = measured(thread(("them", at(FRI, "16:00")), ("us", at(NEXT_MON, "10:00"))))
    assert worked(record) == [2 * HOUR]


def test_longstreet_stops_the_clock_on_friday_evening() -> None:
    """https://dashboard.longstreetpm.com/methodology, section 1

    What arrives on Friday at 16:30 has 30 minutes of that day; the answer at the opening of
    Monday is ours.
    """
    record = measured(thread(("them", at(FRI, "16:30")), ("us", at(NEXT_MON, "9:00"))))
    assert worked(record) == [30 * MINUTE]


def test_longstreet_records_each_reply_of_a_thread() -> None:
    """https://dashboard.longstreetpm.com/methodology, section 2

    Monday 9:00 to 10:00 is 1 h; the owner's next letter, Monday 14:00, to Tuesday 9:00 is 3 h.
    """
    letters = [("them", at(MON, "9:00")), ("us", at(MON, "10:00"))]
    letters += [("them", at(MON, "14:00")), ("us", at(TUE, "9:00"))]
    record = measured(thread(*letters))
    assert worked(record) == [HOUR, 3 * HOUR]


# -- several letters before an answer -------------------------------------------------------------


def test_sendsquared_measures_a_block_of_letters_from_its_first() -> None:
    """https://docs.sendsquared.com/docs/reports/email-response-duration

    1:00, 1:10, 1:15, answered at 1:20: 20 minutes; then 1:21, answered at 1:22: 1 minute; a
    second letter of the agent at 1:25 answers nothing.
    """
    guests = [("them", at(MON, clock)) for clock in ("13:00", "13:10", "13:15")]
    letters = [*guests, ("us", at(MON, "13:20")), ("them", at(MON, "13:21"))]
    letters += [("us", at(MON, "13:22")), ("us", at(MON, "13:25"))]
    record = measured(thread(*letters))
    assert [ask.response_seconds for ask in ours(record)] == [20 * MINUTE, MINUTE]
    assert worked(record) == [20 * MINUTE, MINUTE]
    assert [ask.nudges for ask in ours(record)] == [2, 0]


# -- Front ----------------------------------------------------------------------------------------


def test_front_counts_a_letter_after_the_inactivity_time_as_a_new_segment() -> None:
    """https://help.front.com/t/x2hz4vd, the example under "Purpose"

    Inactivity time 2 days; a chat on Monday, resolved by the first reply; the customer's next one
    on Friday is part of a new segment and measured by itself. The hours are made up. A chat cites
    nothing; the letter here that takes up the old thread cites its writer's own first one.
    """
    letters = [("them", at(MON, "10:00")), ("us", at(MON, "10:30"))]
    letters += [("them", at(FRI, "11:00")), ("us", at(FRI, "12:00"))]
    record = measured(taking_up_their_own(thread(*letters), 2), reopen_after_days=2)
    (conversation,) = record.conversations
    assert len(conversation.episodes) == 2
    assert [(ask.is_first, ask.response_seconds) for ask in ours(record)] == [
        (True, 30 * MINUTE),
        (True, HOUR),
    ]


def test_unlike_front_a_letter_that_cites_our_last_one_is_its_answer_however_late() -> None:
    """https://help.front.com/t/x2hz4vd, where a new segment always begins with a first letter

    Here the letter of a new episode that cites our last one answers it, and asks no first time.
    """
    letters = [("them", at(MON, "10:00")), ("us", at(MON, "10:30"))]
    letters += [("them", at(FRI, "11:00")), ("us", at(FRI, "12:00"))]
    record = measured(thread(*letters), reopen_after_days=2)
    (conversation,) = record.conversations
    assert len(conversation.episodes) == 2
    assert [(ask.is_first, ask.response_seconds) for ask in ours(record)] == [
        (True, 30 * MINUTE),
        (False, HOUR),
    ]


def test_front_goes_on_with_a_segment_within_the_inactivity_time() -> None:
    """https://help.front.com/t/x2hz4vd, the same rule from its other side; figures made up."""
    letters = [("them", at(MON, "10:00")), ("us", at(MON, "10:30"))]
    letters += [("them", at(WED, "10:00")), ("us", at(WED, "11:00"))]
    record = measured(thread(*letters), reopen_after_days=2)
    (conversation,) = record.conversations
    assert len(conversation.episodes) == 1
    assert [ask.is_first for ask in ours(record)] == [True, False]


def test_front_measures_first_and_later_replies_of_a_segment() -> None:
    """https://help.frontapp.com/t/60hlzgg, "Analytics metrics in action", case 1

    9:00 in, 9:10 reply, 9:20 in, 9:35 reply and archive, seven days later another question. The
    events are that page's; its table of results is an image that was not found, so 10 minutes
    (first reply) and 15 minutes are by its definition of reply time. 5 days is Front's own
    inactivity time.
    """
    letters = [("them", at(MON, "9:00")), ("us", at(MON, "9:10"))]
    letters += [("them", at(MON, "9:20")), ("us", at(MON, "9:35"))]
    letters += [("them", at(MON, "9:35") + timedelta(days=7))]
    record = measured(taking_up_their_own(thread(*letters), 4), reopen_after_days=5)
    first, second, third = ours(record)
    assert [(ask.is_first, ask.response_seconds) for ask in (first, second)] == [
        (True, 10 * MINUTE),
        (False, 15 * MINUTE),
    ]
    assert third.is_first
    assert third.episode != second.episode


def test_front_starts_the_clock_at_the_opening_of_the_first_shift() -> None:
    """https://help.frontapp.com/t/60hlzgg, "Analytics metrics in action", case 2

    Business hours 9 to 17 Pacific time; a letter of 4:30 is answered at 10:00. The events are
    that page's, the result (1 h) is by its words "takes business hours into account".
    """
    record = measured(thread(("them", at(THU, "4:30")), ("us", at(THU, "10:00"))))
    assert worked(record) == [HOUR]


def test_front_measures_our_answer_in_a_thread_that_we_opened() -> None:
    """https://help.frontapp.com/t/35h6g74/analytics-resolution-examples, example 2

    1 outbound, 2 the customer's reply, 3 our answer: the time is from 2 to 3. The hours are made
    up. From 1 to 2 is their time, which Front does not measure.
    """
    letters = [("us", at(MON, "9:00")), ("them", at(MON, "11:00")), ("us", at(MON, "11:45"))]
    record = measured(thread(*letters))
    assert [ask.response_seconds for ask in ours(record)] == [45 * MINUTE]
    theirs = [ask.response_seconds for ask in record.asks if ask.responder == "them"]
    assert theirs == [2 * HOUR, None]


def test_front_leaves_the_closing_thank_you_out() -> None:
    """https://help.frontapp.com/t/35h6g74/analytics-resolution-examples, example 3

    1 inbound, 2 reply, 3 a "Thank you" that is archived without an answer: the time is from 1 to
    2, and the thanks make nothing worse. The hours and sizes are made up.
    """
    letters = thread(("them", at(MON, "9:00")), ("us", at(MON, "10:00")))
    thanks = message(
        "thanks@mail.example",
        at(MON, "10:05"),
        to=("ana@acme.com",),
        in_reply_to="1@mail.example",
        references=("0@mail.example", "1@mail.example"),
        subject="Re: Quote for March",
        size_octets=2_100,
    )
    record = measured([*letters, thanks])
    asked = ours(record)
    assert [ask.needs_reply for ask in asked] == ["yes", "unlikely"]
    found = figures(asked, Cuts())
    assert (found.asks, found.answered, found.lapsed) == (1, 1, 0)
    assert not any(ask.is_waiting(at(TUE, "9:00")) for ask in asked)


def test_front_counts_no_automatic_reply() -> None:
    """https://help.front.com/en/articles/2308, "Auto-replies do not count as a reply"."""
    asked, _, answered = thread(
        ("them", at(MON, "9:00")), ("us", at(MON, "9:01")), ("us", at(MON, "9:10"))
    )
    automatic = message(
        "auto@mail.example",
        at(MON, "9:01"),
        author="ana@acme.com",
        to=("bob@globex.com",),
        in_reply_to="0@mail.example",
        references=("0@mail.example",),
        subject="Automatic reply: Quote for March",
        marks=(("auto-submitted", "auto-replied"),),
    )
    record = measured([asked, automatic, answered])
    assert [ask.response_seconds for ask in ours(record)] == [10 * MINUTE]
