"""Cases worked by hand, so that the oracle may judge the measures; the product has to agree.

Unless a case says otherwise everybody works Monday to Friday, 9:00 to 17:00 UTC, give-up and
reopening are 30 days, and 5 February 2024 is the Monday things begin on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from fractions import Fraction
from random import Random
from typing import Any

import agreement
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mailboxes import (
    BERLIN,
    OUR_LIST,
    OUR_MX,
    ROSTER,
    WEEK,
    ClockArgs,
    Mailbox,
    addresses,
    mailboxes,
    merged,
    message,
)
from oracle import OracleClock, OracleRecord, Row, import_blocks, kaplan_meier, oracle

from inbox_agent.addresses import Roster
from inbox_agent.delivery_reports import Delivery, Report
from inbox_agent.messages import Message
from inbox_agent.standards import Cuts, Span, Standards

NINE_TO_FIVE = OracleClock("UTC", WEEK, ((time(9), time(17)),), frozenset())
IN_BERLIN = OracleClock("Europe/Berlin", WEEK, ((time(9), time(17)),), frozenset())
HOUR, DAY = 3600, 86_400
NO_STANDARDS, DEFAULT_CUTS = Standards(), Cuts()
ANA, BEN, BOB, CARL, EVE = (
    *("ana@acme.com", "ben@acme.com", "bob@globex.com", "carl@globex.com", "eve@initech.com"),
)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def feb(text: str) -> datetime:
    return at(f"2024-02-{text}")


def letter(name: str, when: datetime | None, answers: Sequence[str] = (), **more: Any) -> Message:
    """A letter that answers the last of a chain of letters."""
    links = {"references": tuple(answers), "in_reply_to": answers[-1] if answers else None}
    return message(name, when, **{**links, **more})


def theirs(name: str, when: datetime | None, answers: Sequence[str] = (), **more: Any) -> Message:
    to = {} if {"to", "cc"} & more.keys() else {"to": (ANA,)}
    return letter(name, when, answers, **{"author": BOB, **to, **more})


def ours(name: str, when: datetime | None, answers: Sequence[str] = (), **more: Any) -> Message:
    to = {} if {"to", "cc", "bcc"} & more.keys() else {"to": (BOB,)}
    return letter(name, when, answers, **{"author": ANA, **to, **more})


def measured(
    *copies: Message,
    as_of: datetime,
    standards: Standards = NO_STANDARDS,
    clock: OracleClock = NINE_TO_FIVE,
    cuts: Cuts = DEFAULT_CUTS,
    roster: Roster = ROSTER,
) -> OracleRecord:
    """The oracle's record, with which the product's has to agree in every row."""
    hours: ClockArgs = {
        "timezone": clock.timezone,
        "days": clock.days,
        "hours": clock.hours,
        "holiday_dates": clock.holiday_dates,
    }
    box = Mailbox(copies, roster, "globex.com", standards, hours, hours, cuts, as_of)
    record = agreement.reckoned(box)
    assert agreement.product_view(agreement.measured(box), box) == agreement.oracle_view(record)
    return record


def the_ask(record: OracleRecord, name: str) -> Row:
    (row,) = [r for r in record.response_times if name in r["asked_id"]]
    return row


def asked(record: OracleRecord) -> set[str]:
    return {i for r in record.response_times for i in r["asked_id"]}


# --- business time -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("start", "end", "seconds"),
    [
        # Email Meter's own examples: 16:30 to 17:00, and 9:00 to 10:30
        pytest.param("05 16:30", "06 10:30", 2 * HOUR, id="over one evening"),
        pytest.param("05 20:00", "06 09:15", 900, id="asked in the evening"),
        # Friday 16:00 to 17:00, and Monday 9:00 to 10:00
        pytest.param("09 16:00", "12 10:00", 2 * HOUR, id="over the weekend"),
        pytest.param("10 10:00", "11 22:00", 0, id="asked and answered at the weekend"),
        pytest.param("05 17:00", "06 09:00", 0, id="from closing to opening"),
        pytest.param("06 10:00", "06 09:00", 0, id="backwards"),
    ],
)
def test_working_seconds_are_those_between_opening_and_closing(
    start: str, end: str, seconds: int
) -> None:
    assert NINE_TO_FIVE.working_seconds(feb(start), feb(end)) == seconds


def test_the_lunch_break_is_no_working_time() -> None:
    # 12:00 to 14:00 in Berlin (an hour ahead in winter), lunch from 12:30 to 13:30
    assert OracleClock(**BERLIN).working_seconds(feb("05 11:00"), feb("05 13:00")) == HOUR


def test_working_time_keeps_local_hours_over_both_clock_changes() -> None:
    # Friday 16:00 summer time is 14:00 UTC; Monday 10:00 winter time is 09:00 UTC: 1 h and 1 h
    assert IN_BERLIN.working_seconds(at("2023-10-27 14:00"), at("2023-10-30 09:00")) == 2 * HOUR
    # a night desk, 0:00 to 6:00: the night of 31 March has an hour less, 27 October one more
    night = OracleClock("Europe/Berlin", ("sun",), ((time(0), time(6)),), frozenset())
    assert night.working_seconds(at("2024-03-30 00:00"), at("2024-04-01 00:00")) == 5 * HOUR
    assert night.working_seconds(at("2024-10-26 00:00"), at("2024-10-28 00:00")) == 7 * HOUR


def test_working_days_are_counted_after_the_earlier_day_up_to_and_with_the_later() -> None:
    clock = OracleClock(**BERLIN)  # closed on 24, 25 and 26 December
    assert clock.working_days(date(2024, 2, 9), date(2024, 2, 12)) == 1  # Friday to Monday
    assert clock.working_days(date(2024, 2, 10), date(2024, 2, 11)) == 0  # Saturday to Sunday
    assert clock.working_days(date(2024, 12, 20), date(2024, 12, 27)) == 2  # Mon 23, Fri 27


@pytest.mark.parametrize(
    ("start", "span", "due"),
    [
        pytest.param("09 15:00", "4 business hours", "12 11:00", id="2 h on Friday, 2 h on Monday"),
        pytest.param("05 13:00", "4 business hours", "05 17:00", id="passed at closing, not later"),
        pytest.param("05 17:00", "4 business hours", "06 13:00", id="closing time is outside"),
        pytest.param("05 10:15", "1 business day", "06 10:15", id="same time next day"),
        pytest.param("09 10:15", "1 business day", "12 10:15", id="Friday to Monday"),
        # from Monday 9:00, the next opening, a day later
        pytest.param("09 17:00", "1 business day", "13 09:00", id="asked at closing time"),
        pytest.param("10 12:00", "1 business day", "13 09:00", id="asked on Saturday"),
        pytest.param("09 10:00", "3 days", "12 10:00", id="by the calendar"),
    ],
)
def test_a_deadline_runs_in_the_units_of_the_standard(start: str, span: str, due: str) -> None:
    assert NINE_TO_FIVE.deadline(feb(start), Span.parse(span)) == feb(due)


def test_a_deadline_in_business_days_keeps_the_local_time() -> None:
    # Friday 10:00 in Berlin is 08:00 UTC in summer, Monday 10:00 is 09:00 UTC in winter
    day = Span.parse("1 business day")
    assert IN_BERLIN.deadline(at("2023-10-27 08:00"), day) == at("2023-10-30 09:00")
    # asked at lunch, 12:45: counts from 13:30
    assert OracleClock(**BERLIN).deadline(feb("05 11:45"), day) == feb("06 12:30")


# --- survival ------------------------------------------------------------------------------------


def test_kaplan_meier_takes_the_censored_out_of_those_still_followed() -> None:
    # at 10: 1 of 4 answered, S = 3/4; 20 leaves unanswered; at 30: 1 of 2, S = 3/4 x 1/2 = 3/8
    assert kaplan_meier([10, 30], [20, 40]) == {10: Fraction(1, 4), 30: Fraction(5, 8)}
    # one who is lost at the very time of an answer was still followed then
    assert kaplan_meier([10], [10]) == {10: Fraction(1, 2)}
    assert kaplan_meier([10, 10], []) == {10: Fraction(1)}


def pair(name: str, day: int, hours: int | None) -> list[Message]:
    """Their ask at 9:00 of a day of February, and our answer some hours later."""
    start = feb(f"{day:02d} 09:00")
    ask = theirs(name, start, subject=f"Order {name}")
    if hours is None:
        return [ask]
    return [ask, ours(f"{name}-a", start + timedelta(hours=hours), [name], subject=f"Re: {name}")]


def test_open_asks_are_censored_at_their_age_on_both_clocks() -> None:
    # answered after 1 h, 2 h, 3 h; one open for 1.5 h (it leaves between), one since Monday 9:00
    pairs = [("a", 5, 1), ("b", 6, 2), ("c", 7, 3), ("d", 5, None), ("e", 8, None)]
    copies = [m for p in pairs for m in pair(*p)]
    record = measured(*copies, as_of=feb("08 10:30"))
    figures = record.figures("us", feb("01 00:00"), feb("09 00:00"))
    # S(1 h) = 4/5; S(2 h) = 4/5 x 2/3 = 8/15; S(3 h) = 8/15 x 1/2 = 4/15
    assert figures["rate_so_far"] == pytest.approx(11 / 15)
    assert figures["p50_seconds"] == 3 * HOUR  # F(2 h) = 7/15 is less than half
    assert figures["p50_reached"] == 1
    assert figures["p90_seconds"] is None
    assert figures["answered_p50_seconds"] == 2 * HOUR  # half of 11/15 is less than 7/15
    assert figures["followed_seconds"] == 3 * DAY + 5400
    assert figures["response_rate"] is None  # nobody was followed for 30 days
    # all within working hours; d has been open for 8 + 8 + 8 + 1.5 working hours
    assert figures["p50_business_seconds"] == 3 * HOUR
    assert figures["naive_p50_seconds"] == figures["naive_mean_seconds"] == 2 * HOUR
    assert [figures[k] for k in ("asks", "answered", "open", "lapsed")] == [5, 3, 2, 0]


def test_lapsed_asks_are_censored_where_we_gave_up() -> None:
    pairs = [("a", 5, 1), ("b", 6, 2), ("c", 7, None), ("d", 8, None), ("e", 9, None)]
    copies = [m for p in pairs for m in pair(*p)]
    figures = measured(*copies, as_of=at("2024-03-20 12:00")).window_figures["us"]
    assert [figures[k] for k in ("asks", "answered", "open", "lapsed")] == [5, 2, 0, 3]
    assert figures["response_rate"] == pytest.approx(0.4)  # F(2 h) = 2/5, and so it stays
    assert (figures["p50_seconds"], figures["p50_reached"]) == (None, 0)
    assert figures["followed_seconds"] == 30 * DAY
    assert figures["p50_business_seconds"] is None
    assert figures["answered_p50_seconds"] == HOUR  # 1/5 is half of 2/5


def test_fewer_than_five_asks_give_counts_only() -> None:
    record = measured(*pair("a", 5, 1), *pair("b", 6, None), as_of=feb("08 12:00"))
    figures = record.window_figures["us"]
    counted = {
        "asks": 2,
        "answered": 1,
        "open": 1,
        "lapsed": 0,
        "followed_seconds": 3 * DAY + 10800,
    }
    assert {k: v for k, v in figures.items() if v is not None} == counted
    assert record.window_figures["them"]["asks"] == 0


@pytest.mark.parametrize(
    ("asked_at", "asks"), [("04 22:59:59", 0), ("04 23:00", 1), ("07 22:59:59", 1), ("07 23:00", 0)]
)
def test_the_window_runs_from_one_local_midnight_to_the_last(asked_at: str, asks: int) -> None:
    # as of 8 February in Berlin, 3 days: from 4 February 23:00 UTC to 7 February 23:00 UTC
    ask, as_of = theirs("a", feb(asked_at)), feb("08 12:00")
    record = measured(ask, as_of=as_of, clock=IN_BERLIN, cuts=Cuts(window_days=3))
    assert record.window_figures["us"]["asks"] == asks


def test_periods_are_those_of_the_team_s_zone() -> None:
    instants = ["04 22:59:59", "04 23:00", "29 23:00"]
    copies = [theirs(f"a{n}", feb(t), subject=f"Order {n}") for n, t in enumerate(instants)]
    periods = measured(*copies, as_of=at("2024-03-02 12:00"), clock=IN_BERLIN).periods
    # in Berlin: Sunday 4 February (week 5), Monday 5 February (week 6), Friday 1 March (week 9)
    assert {period: figures["asks"] for (_, period), figures in periods.items()} == {
        "2024-W05": 1,
        "2024-W06": 1,
        "2024-W09": 1,
        "2024-02": 2,
        "2024-03": 1,
        "2024-Q1": 3,
    }


# --- turns, asks, replies ------------------------------------------------------------------------


def test_the_clock_runs_from_the_ask_and_a_reminder_is_a_nudge() -> None:
    record = measured(
        theirs("a", feb("05 10:00")),
        theirs("b", feb("06 10:00"), ["a"]),
        theirs("c", feb("06 15:00"), ["a", "b"], to=(CARL,), cc=(ANA,)),
        ours("d", feb("06 16:00"), ["a", "b"]),
        as_of=feb("07 10:00"),
    )
    row = the_ask(record, "a")
    assert row["response_seconds"] == 30 * HOUR
    assert row["business_seconds"] == 14 * HOUR  # 7 on Monday, 7 on Tuesday
    assert (row["nudges"], row["is_first"], row["answered_id"]) == (2, 1, {"d"})
    assert (row["first_nudge_at"], row["last_nudge_at"]) == (feb("06 10:00"), feb("06 15:00"))
    # our answer is addressed to them, so it asks them in turn
    assert asked(record) == {"a", "d"}
    assert the_ask(record, "d")["is_first"] == 0


def test_a_forward_neither_answers_nor_ends_a_turn() -> None:
    record = measured(
        theirs("a", feb("05 10:00")),
        ours("f", feb("05 11:00"), ["a"], subject="Fwd: Quote for March", to=(BEN,), cc=(BOB,)),
        theirs("b", feb("05 12:00"), ["a"]),
        ours("d", feb("05 13:00"), ["a"]),
        as_of=feb("06 10:00"),
    )
    row = the_ask(record, "a")
    assert (row["response_seconds"], row["nudges"], row["answered_id"]) == (3 * HOUR, 1, {"d"})
    assert record.conversations[0]["turns"] == 2
    assert record.conversations[0]["messages"] == 4


def test_a_forward_that_opens_asks() -> None:
    record = measured(
        theirs("a", feb("05 10:00"), subject="Fwd: Quote for March"), as_of=feb("06 10:00")
    )
    assert asked(record) == {"a"}


def test_an_answer_after_exactly_thirty_days_is_in_time() -> None:
    ask = theirs("a", feb("05 10:00"))
    answer = ours("b", feb("05 10:00") + timedelta(days=30), ["a"])
    record = measured(ask, answer, as_of=at("2024-04-01 10:00"))
    assert the_ask(record, "a")["outcome"] == "answered"
    assert the_ask(record, "a")["response_seconds"] == 30 * DAY
    assert record.conversations[0]["episodes"] == 1


def test_a_late_reply_leaves_the_ask_lapsed() -> None:
    # a nudge on day 20 keeps the episode going; the answer comes on day 31
    record = measured(
        theirs("a", feb("05 10:00")),
        theirs("b", feb("25 10:00"), ["a"]),
        ours("d", at("2024-03-07 10:00"), ["a"]),
        as_of=at("2024-03-08 10:00"),
    )
    row = the_ask(record, "a")
    assert (row["outcome"], row["answered_at"]) == ("lapsed", at("2024-03-07 10:00"))
    assert (row["response_seconds"], row["business_seconds"]) == (None, None)
    assert record.conversations[0]["waiting_on"] == "them"  # they wait no more, now we do


def test_a_late_reply_that_opens_a_new_episode_is_no_first_ask() -> None:
    record = measured(
        theirs("a", feb("05 10:00")),
        ours("d", at("2024-03-20 10:00"), ["a"]),
        as_of=at("2024-03-21 10:00"),
    )
    assert record.conversations[0]["episodes"] == 2
    assert (the_ask(record, "a")["outcome"], the_ask(record, "a")["answered_id"]) == (
        "lapsed",
        {"d"},
    )
    assert the_ask(record, "d")["is_first"] == 0


def test_a_new_episode_that_cites_another_letter_answers_nothing() -> None:
    # our letter of March cites only our own first one, not the turn that waits
    record = measured(
        ours("o", feb("05 09:00")),
        theirs("a", feb("05 10:00"), ["o"]),
        ours("d", at("2024-03-20 10:00"), ["o"]),
        as_of=at("2024-03-21 10:00"),
    )
    row = the_ask(record, "a")
    assert (row["outcome"], row["answered_at"]) == ("lapsed", None)
    assert the_ask(record, "d")["is_first"] == 1


@pytest.mark.parametrize(
    "opening",
    [
        pytest.param(theirs("d", at("2024-03-20 10:00"), ["a"]), id="the asker again"),
        pytest.param(ours("d", at("2024-03-20 10:00"), ["a"], subject="Fwd: x"), id="a forward"),
    ],
)
def test_a_new_episode_opened_by_the_asker_or_a_forward_answers_nothing(opening: Message) -> None:
    record = measured(theirs("a", feb("05 10:00")), opening, as_of=at("2024-03-21 10:00"))
    assert the_ask(record, "a")["answered_at"] is None
    assert the_ask(record, "d")["is_first"] == 1


@pytest.mark.parametrize(
    ("recipients", "is_ask"),
    [
        pytest.param({"to": (ANA,)}, True, id="To"),
        pytest.param({"to": (CARL,), "cc": (ANA,)}, False, id="Cc only"),
        pytest.param({"cc": (ANA,)}, True, id="Cc with an empty To"),
        pytest.param({"to": (CARL,)}, True, id="blind copy"),
        pytest.param({"to": (OUR_LIST,)}, True, id="our list"),
        pytest.param({"to": (CARL,), "cc": (OUR_LIST,)}, False, id="our list in Cc"),
    ],
)
def test_they_ask_us_when_we_are_meant(recipients: dict[str, Any], is_ask: bool) -> None:
    record = measured(theirs("a", feb("05 10:00"), **recipients), as_of=feb("06 10:00"))
    assert asked(record) == ({"a"} if is_ask else set())
    assert record.conversations[0]["messages"] == 1


@pytest.mark.parametrize(
    ("recipients", "is_ask"),
    [
        pytest.param({"to": (BOB, EVE)}, True, id="To"),
        pytest.param({"to": (BEN,), "cc": (BOB,)}, True, id="the only outsiders"),
        pytest.param({"bcc": (BOB,)}, True, id="Bcc alone"),
        pytest.param({"to": (EVE,), "cc": (BOB,)}, False, id="another outsider is meant"),
        pytest.param({"to": (BEN,), "cc": (BOB, EVE)}, False, id="not the only outsiders"),
        pytest.param({"to": (OUR_LIST,), "cc": (BOB,)}, False, id="our own list is meant"),
    ],
)
def test_we_ask_them_when_they_are_meant(recipients: dict[str, Any], is_ask: bool) -> None:
    record = measured(ours("a", feb("05 10:00"), **recipients), as_of=feb("06 10:00"))
    assert asked(record) == ({"a"} if is_ask else set())
    assert record.conversations[0]["messages"] == 1


def test_a_letter_to_our_list_answers_them_and_asks_nobody() -> None:
    record = measured(
        theirs("a", feb("05 10:00"), to=(OUR_LIST,)),
        ours("d", feb("05 11:00"), ["a"], to=(OUR_LIST,)),
        ours("x", feb("05 11:30"), to=(OUR_LIST,)),  # answers nobody: not of this partner
        as_of=feb("06 10:00"),
    )
    assert the_ask(record, "a")["response_seconds"] == HOUR
    assert asked(record) == {"a"}
    assert record.partition == {frozenset({"a", "d"})}


@pytest.mark.parametrize(
    ("answered", "seconds", "is_conflict"),
    [("09:53:59", None, True), ("09:55:00", 0, False), ("09:59:00", 0, False)],
)
def test_a_reply_dated_before_its_ask_is_a_conflict_beyond_five_minutes(
    answered: str, seconds: int | None, is_conflict: bool
) -> None:
    record = measured(
        theirs("a", feb("05 10:00")), ours("d", feb(f"05 {answered}"), ["a"]), as_of=feb("06 10:00")
    )
    row = the_ask(record, "a")
    assert (row["outcome"], row["is_conflict"]) == ("answered", is_conflict)
    assert row["response_seconds"] == row["business_seconds"] == seconds
    assert record.window_figures["us"]["asks"] == (0 if is_conflict else 1)


def test_automatic_letters_are_neither_ask_nor_answer() -> None:
    invitation = (("content-type", "text/calendar; method=REQUEST"),)
    record = measured(
        theirs("a", feb("05 10:00")),
        ours("r", feb("05 10:01"), ["a"], marks=(("auto-submitted", "auto-replied"),)),
        ours("i", feb("06 10:00"), ["a"], marks=invitation),
        theirs("n", feb("07 10:00"), marks=(("list-unsubscribe", "<https://news.example>"),)),
        as_of=feb("08 10:00"),
    )
    assert (asked(record), the_ask(record, "a")["outcome"]) == ({"a"}, "open")
    # the invitation broke the silence, the newsletter did not
    assert record.standing["last_contact_at"] == feb("06 10:00")
    assert record.standing["last_from"] == "us"


@pytest.mark.parametrize(
    ("detail", "breaks"),
    [("; method=REQUEST", 1), ("", 1), ("; method=CANCEL", 0), ("; method=PUBLISH", 0)],
)
def test_a_calendar_letter_breaks_a_silence_unless_it_cancels_or_publishes(
    detail: str, breaks: int
) -> None:
    marks = (("content-type", f"text/calendar{detail}"),)
    record = measured(
        ours("a", feb("05 10:00")), theirs("c", feb("08 10:00"), marks=marks), as_of=feb("09 10:00")
    )
    assert record.standing["last_contact_at"] == feb("08 10:00" if breaks else "05 10:00")


# --- bounces -------------------------------------------------------------------------------------


def bounce(when: datetime, names: Sequence[str] = (), failed: str = "", **more: Any) -> Message:
    report = ("content-type", "multipart/report; report-type=delivery-status")
    marks = (report, ("x-failed-recipients", failed)) if failed else (report,)
    told = {"author": "mailer-daemon@relay.example", "to": (ANA,), "marks": marks}
    return letter(f"bounce-{when}", when, names, **{"subject": "Undelivered", **told, **more})


def test_an_ask_that_bounced_is_void_and_in_no_figure() -> None:
    copies = [ours("a", feb("05 10:00")), bounce(feb("05 10:02"), ["a"])]
    record = measured(*copies, as_of=at("2024-04-08 10:00"))
    assert the_ask(record, "a")["outcome"] == "void"
    assert record.window_figures["them"]["asks"] == 0
    assert record.conversations[0]["waiting_on"] is None
    late = measured(*copies, theirs("b", feb("06 10:00"), ["a"]), as_of=feb("08 10:00"))
    assert the_ask(late, "a")["outcome"] == "answered"  # an answer wins over a bounce


def test_the_ask_is_the_first_letter_that_was_received() -> None:
    record = measured(
        ours("a", feb("05 10:00")),
        bounce(feb("05 10:02"), ["a"]),
        ours("b", feb("05 11:00"), ["a"], to=(CARL,)),
        as_of=feb("06 10:00"),
    )
    assert asked(record) == {"b"}
    assert the_ask(record, "b")["nudges"] == 0


def test_a_letter_is_received_when_one_of_two_recipients_is_left() -> None:
    record = measured(
        ours("a", feb("05 10:00"), to=(BOB, CARL)),
        bounce(feb("05 10:02"), ["a"], failed=BOB),
        as_of=feb("06 10:00"),
    )
    assert the_ask(record, "a")["outcome"] == "open"


@pytest.mark.parametrize(
    ("reported", "outcome"), [("08 10:00:00", "void"), ("08 10:00:01", "open")]
)
def test_a_report_that_names_no_letter_is_about_the_last_three_days(
    reported: str, outcome: str
) -> None:
    record = measured(
        ours("a", feb("05 10:00")), bounce(feb(reported), failed=BOB), as_of=feb("09 10:00")
    )
    assert the_ask(record, "a")["outcome"] == outcome


@pytest.mark.parametrize("names", [["a"], []], ids=["names the letter", "names one of them"])
def test_a_report_that_leaves_two_recipients_open_is_about_neither(names: list[str]) -> None:
    report = bounce(feb("05 10:02"), names, failed="" if names else BOB)
    record = measured(ours("a", feb("05 10:00"), to=(BOB, CARL)), report, as_of=feb("06 10:00"))
    assert the_ask(record, "a")["outcome"] == "open"
    # another report says that Carl's address failed: of Bob's still nothing is known
    other = bounce(feb("05 10:03"), ["a"], failed=CARL)
    record = measured(
        ours("a", feb("05 10:00"), to=(BOB, CARL)), report, other, as_of=feb("06 10:00")
    )
    assert the_ask(record, "a")["outcome"] == "open"


def reported(*fates: tuple[str, str], names: str | None = "a", **more: Any) -> Message:
    """A delivery report of the letter a at 10:02, which its own header does not name."""
    report = Report(tuple(Delivery(who, action) for who, action in fates), names)
    return bounce(feb("05 10:02"), report=report, **more)


@pytest.mark.parametrize(
    ("report", "outcome"),
    [
        pytest.param(reported((BOB, "failed"), (CARL, "failed")), "void", id="both failed"),
        pytest.param(reported((BOB, "failed"), (CARL, "")), "void", id="no action is failed"),
        pytest.param(reported((BOB, "failed"), (CARL, "delayed")), "open", id="one is delayed"),
        pytest.param(reported((BOB, "failed"), (CARL, "delivered")), "open", id="one arrived"),
        pytest.param(reported((BOB, "failed")), "open", id="one failed"),
        pytest.param(reported((BOB, "failed"), failed=CARL), "void", id="the other in the header"),
        pytest.param(reported((BOB, "delayed"), (CARL, "relayed")), "open", id="not final"),
        pytest.param(
            reported((BOB, "delayed"), (CARL, "expanded"), failed=f"{BOB}, {CARL}"),
            "open",
            id="not final, whatever the header says",
        ),
        pytest.param(
            reported((BOB, "failed"), (CARL, "failed"), names="ghost"), "open", id="another letter"
        ),
        pytest.param(
            reported((BOB, "failed"), (CARL, "failed"), names=None), "open", id="names no letter"
        ),
        pytest.param(reported(), "open", id="says nothing of two recipients"),
        pytest.param(
            reported((BOB, "failed"), (CARL, "failed"), subject="Delayed mail"),
            "void",
            id="final, whatever the subject says",
        ),
    ],
)
def test_a_delivery_report_says_whom_a_letter_did_not_reach(report: Message, outcome: str) -> None:
    ask = ours("a", feb("05 10:00"), to=(BOB, CARL))
    assert the_ask(measured(ask, report, as_of=feb("06 10:00")), "a")["outcome"] == outcome


@pytest.mark.parametrize(
    ("report", "outcome"),
    [
        pytest.param(reported(), "void", id="the letter alone, which has one recipient"),
        pytest.param(reported((BOB, "failed"), names=None), "void", id="the recipient alone"),
        pytest.param(reported((BOB, "failed"), names="ghost"), "void", id="a letter not held"),
        pytest.param(reported((CARL, "failed"), names=None), "open", id="another recipient alone"),
        pytest.param(reported((BOB, "delayed"), names=None), "open", id="delayed"),
    ],
)
def test_a_delivery_report_of_a_letter_to_one(report: Message, outcome: str) -> None:
    record = measured(ours("a", feb("05 10:00")), report, as_of=feb("06 10:00"))
    assert the_ask(record, "a")["outcome"] == outcome


def test_a_delivery_report_is_about_the_letter_it_returns_not_about_all_it_cites() -> None:
    # the report has the References of the letter that it returns
    copies = [ours("a", feb("05 10:00")), ours("b", feb("05 10:01"), ["a"])]
    returned = reported((BOB, "failed"), names="b")
    returned = replace(returned, references=("a", "b"))
    record = measured(*copies, returned, as_of=feb("06 10:00"))
    assert asked(record) == {"a"}
    assert the_ask(record, "a")["outcome"] == "open"
    # what it returns is not held: it is about both letters that it cites
    unheld = replace(returned, report=Report((Delivery(BOB, "failed"),), "ghost"))
    record = measured(*copies, unheld, as_of=feb("06 10:00"))
    assert the_ask(record, "a")["outcome"] == "void"


def test_a_delivery_report_belongs_to_the_partner_whose_letter_or_address_it_names() -> None:
    elsewhere = ours("x", feb("05 10:01"), to=(EVE,), subject="Another matter")
    copies = [ours("a", feb("05 10:00")), elsewhere]
    for report, held in (
        (reported(), True),
        (reported((BOB, "failed"), names=None), True),
        (reported((BOB, "delayed"), names=None), True),
        (reported((EVE, "failed"), names="x"), False),
    ):
        record = measured(*copies, report, as_of=feb("06 10:00"))
        assert len(record.letters) == (2 if held else 1)


def test_a_delay_is_no_bounce() -> None:
    delay = bounce(feb("05 12:00"), ["a"], subject="Delayed mail")
    record = measured(ours("a", feb("05 10:00")), delay, as_of=feb("06 10:00"))
    assert the_ask(record, "a")["outcome"] == "open"


@pytest.mark.parametrize(
    ("seconds", "subject", "is_human"),
    [
        pytest.param(120, "Case 10421: Quote for March", False, id="at once, with a new number"),
        pytest.param(121, "Case 10421: Quote for March", True, id="a second too late for a desk"),
        pytest.param(-300, "Case 10421: Quote for March", False, id="5 minutes before"),
        pytest.param(-301, "Case 10421: Quote for March", True, id="before our letter"),
        pytest.param(120, "Re: [#20777] Quote for March", True, id="the number is ours"),
        pytest.param(120, "Re: Quote for March", True, id="no number"),
    ],
)
def test_a_ticket_number_within_two_minutes_is_a_help_desk_s_receipt(
    seconds: int, subject: str, is_human: bool
) -> None:
    ask = ours("a", feb("05 10:00"), subject="[#20777] Quote for March")
    when = feb("05 10:00") + timedelta(seconds=seconds)
    record = measured(ask, theirs("b", when, ["a"], subject=subject), as_of=feb("06 10:00"))
    assert the_ask(record, "a")["outcome"] == ("answered" if is_human else "open")


def test_an_id_on_two_letters_of_ours_names_the_first_when_a_receipt_is_told() -> None:
    # 330 s after the first letter of that id, 30 s after the second: nobody answered at once
    first = ours("a", feb("05 10:00"), subject="Quote for March")
    second = ours("a", feb("05 10:05"), author=BEN, subject="Samples")
    reply = theirs("b", feb("05 10:05:30"), ["a"], subject="Case 10421: Quote for March")
    record = measured(first, second, reply, as_of=feb("06 10:00"))
    assert [x["kind"] for x in record.letters if x["ids"] == {"b"}] == ["human"]


# --- partners that merge, lists that take From ---------------------------------------------------


def test_a_domain_is_the_partner_s_from_the_day_it_came_to_it() -> None:
    # initech.com comes to Globex on 7 February; before, Eve's letters are another partner's
    roster = merged("initech.com", feb("07 00:00"))
    copies = [
        theirs("a", feb("06 23:59:59"), author=EVE, subject="Before"),
        theirs("b", feb("07 00:00"), author=EVE, subject="After"),
        # To Eve and to Bob, who asks nobody but Bob before and both after
        ours("c", feb("06 10:00"), to=(BEN,), cc=(BOB, EVE), subject="To two, before"),
        ours("d", feb("07 10:00"), to=(BEN,), cc=(BOB, EVE), subject="To two, after"),
    ]
    record = measured(*copies, as_of=feb("08 10:00"), roster=roster)
    assert {i for x in record.letters for i in x["ids"]} == {"b", "c", "d"}
    # before, they were not the only outsiders; after, the only ones are theirs
    assert asked(record) == {"b", "d"}


def test_a_letter_through_our_list_is_its_author_s() -> None:
    by_list: dict[str, Any] = {"author": OUR_LIST, "folder": "INBOX", "is_sent_copy": False}
    through = theirs("a", feb("05 10:00"), originals=addresses(BOB), **by_list)
    direct = theirs("a", feb("05 10:00:02"), received_at=feb("05 10:01"))
    record = measured(through, direct, ours("d", feb("05 11:00"), ["a"]), as_of=feb("06 10:00"))
    assert len(record.letters) == 2
    assert the_ask(record, "a")["response_seconds"] == HOUR


# --- needs_reply, standards, waiting -------------------------------------------------------------


@pytest.mark.parametrize(
    ("more", "said"),
    [
        pytest.param({"size_octets": 7_000}, "unlikely", id="1,000 octets more"),
        pytest.param({"size_octets": 7_001}, "yes", id="more than that"),
        pytest.param({"size_octets": 5_000}, "unlikely", id="1,000 octets less"),
        pytest.param({"size_octets": 4_999}, "yes", id="too few to hold what it answers"),
        pytest.param({"size_octets": 2_499}, "unlikely", id="hardly more than a header"),
        pytest.param({"size_octets": None}, "yes", id="size unknown"),
        pytest.param({"subject": "Re: Samples?"}, "yes", id="a question in the subject"),
        pytest.param({"marks": (("content-type", "multipart/mixed; b=c"),)}, "yes", id="attached"),
        pytest.param({"is_settled": True}, "no", id="settled by a person"),
    ],
)
def test_a_second_ask_that_adds_little_needs_no_reply(more: dict[str, Any], said: str) -> None:
    # the letter it answers has 6,000 octets
    record = measured(
        theirs("a", feb("05 10:00")),
        ours("d", feb("05 11:00"), ["a"], **more),
        as_of=feb("06 10:00"),
    )
    assert the_ask(record, "a")["needs_reply"] == "yes"  # the first always does
    assert the_ask(record, "d")["needs_reply"] == said


def test_a_nudge_settled_by_a_person_settles_the_ask() -> None:
    settled = theirs("b", feb("05 11:00"), ["a"], is_settled=True)
    record = measured(theirs("a", feb("05 10:00")), settled, as_of=feb("06 10:00"))
    assert the_ask(record, "a")["needs_reply"] == "no"
    assert record.conversations[0]["waiting_on"] is None


def test_a_standard_is_met_at_its_deadline_and_unknown_before() -> None:
    one_day = Standards(we_answer_within=Span.parse("1 business day"))
    ask, answer = theirs("a", feb("09 10:00")), ours("d", feb("12 10:00"), ["a"])
    row = the_ask(measured(ask, answer, as_of=feb("13 10:00"), standards=one_day), "a")
    assert (row["due_at"], row["met_standard"]) == (feb("12 10:00"), 1)
    for as_of, met in (("12 10:00", None), ("12 10:00:01", 0)):
        row = the_ask(measured(ask, as_of=feb(as_of), standards=one_day), "a")
        assert (row["outcome"], row["met_standard"]) == ("open", met)


@pytest.mark.parametrize(
    ("as_of", "outcome", "waiting_on"),
    [
        ("2024-03-06 09:59:59", "open", "us"),  # the 30th day from 5 February
        ("2024-03-06 10:00:00", "lapsed", "us"),
        ("2024-03-26 09:59:59", "lapsed", "us"),  # 30 days after the nudge of 25 February
        ("2024-03-26 10:00:00", "lapsed", None),
    ],
)
def test_they_wait_until_thirty_days_after_their_last_nudge(
    as_of: str, outcome: str, waiting_on: str | None
) -> None:
    record = measured(
        theirs("a", feb("05 10:00")), theirs("b", feb("25 10:00"), ["a"]), as_of=at(as_of)
    )
    assert the_ask(record, "a")["outcome"] == outcome
    (row,) = record.conversations
    assert row["waiting_on"] == waiting_on
    assert row["waiting_since_at"] == (feb("05 10:00") if waiting_on else None)


def test_of_two_that_wait_in_a_conversation_the_latest_asked_is_shown() -> None:
    # ours of 15 February was never answered; theirs of 11 April opens a new episode, citing neither
    copies = [
        ours("o", feb("15 10:00")),
        ours("p", at("2024-03-10 10:00"), ["o"]),
        theirs("a", at("2024-04-11 10:00"), ["ghost"]),
        ours("q", at("2024-04-11 11:00"), ["a", "ghost"], subject="Re: Samples?"),
        letter("link", None, ["o", "ghost"], author=BOB, to=(ANA,)),
    ]
    # until 9 April 10:00 o waits by its nudge; as of 11 April 12:00 only q does: a is answered
    (row,) = measured(*copies, as_of=at("2024-04-11 12:00")).conversations
    assert (row["waiting_on"], row["waiting_since_at"]) == ("them", at("2024-04-11 11:00"))
    assert (row["episodes"], row["turns"]) == (2, 3)
    cuts = Cuts(give_up_after_seconds=60 * DAY)  # now o waits until 9 May, and q is the later
    (row,) = measured(*copies, as_of=at("2024-04-11 12:00"), cuts=cuts).conversations
    assert (row["waiting_on"], row["waiting_since_at"]) == ("them", at("2024-04-11 11:00"))
    (row,) = measured(*copies[:3], copies[4], as_of=at("2024-04-11 12:00"), cuts=cuts).conversations
    assert (row["waiting_on"], row["waiting_since_at"]) == ("us", at("2024-04-11 10:00"))


# --- silence -------------------------------------------------------------------------------------


def contacts(*days: str) -> list[Message]:
    """A letter of theirs at noon of each of these days of 2024, each a conversation of its own."""
    return [theirs(f"c{d}", at(f"2024-{d} 12:00"), subject=f"Order {d}") for d in days]


RHYTHM = contacts(*(f"02-{day:02d}" for day in (5, 6, 7, 8, 9, 12, 13, 14, 16)))


def test_a_gap_over_a_weekend_is_one_working_day() -> None:
    record = measured(*contacts("02-09", "02-12"), as_of=feb("13 10:00"))
    assert record.standing["usual_gap_working_days"] == 1
    assert record.standing["longest_gap_working_days"] == 1
    assert [g["is_open"] for g in record.silence_gaps] == [1]  # 1 is not longer than twice 1


def test_watch_and_act_begin_at_the_midnight_of_the_first_working_day_too_many() -> None:
    # 8 gaps: seven of 1 working day and one of 2, the last contact on Friday 16 February;
    # watch: 3 working days after is Wednesday 21; act: more than a working week, as twice 2 is
    # less than 5, is the sixth after, Monday 26;
    # midnight in Berlin is 23:00 UTC of the day before
    standing = measured(*RHYTHM, as_of=feb("17 10:00"), clock=IN_BERLIN).standing
    assert standing["usual_gap_working_days"] == 1
    assert standing["longest_gap_working_days"] == 2
    assert (standing["watch_at"], standing["act_at"]) == (feb("20 23:00"), feb("25 23:00"))
    # a gap less is no rhythm
    standing = measured(*RHYTHM[1:], as_of=feb("17 10:00"), clock=IN_BERLIN).standing
    assert (standing["watch_at"], standing["act_at"]) == (None, None)


def test_contact_standards_raise_the_alarm_when_they_come_first() -> None:
    # 2 calendar days from Friday noon; more than 2 working days is the third, Wednesday 21
    standards = Standards(
        contact_every=Span.parse("2 days"), contact_at_least_every=Span.parse("2 business days")
    )
    standing = measured(*RHYTHM, as_of=feb("17 10:00"), standards=standards).standing
    assert (standing["watch_at"], standing["act_at"]) == (feb("18 12:00"), feb("21 00:00"))


def test_a_long_gap_is_published_with_its_chance() -> None:
    # the 9th gap runs from Friday 16 to Wednesday 21: 3 working days, more than twice 1
    record = measured(*RHYTHM, *contacts("02-21"), as_of=feb("22 10:00"))
    gap, still_open = record.silence_gaps
    assert (gap["began_at"], gap["ended_at"]) == (feb("16 12:00"), feb("21 12:00"))
    assert (gap["gap_working_days"], gap["gap_seconds"]) == (3, 5 * DAY)
    assert (gap["times_usual"], gap["chance"]) == (3.0, pytest.approx(2 / 11))  # 1 of 9 so long
    assert (still_open["began_at"], still_open["ended_at"]) == (feb("21 12:00"), None)


def test_gaps_older_than_twelve_months_make_no_usual_gap() -> None:
    # the gap of Monday to Tuesday ended 365 days before the first instant, later the second
    old = contacts("02-05", "02-06")
    standing = [
        measured(*old, as_of=at(text)).standing["usual_gap_working_days"]
        for text in ("2025-02-05 11:59:59", "2025-02-05 12:00:00")
    ]
    assert standing == [1, None]


# --- letters and their copies --------------------------------------------------------------------


def test_the_same_letter_in_two_places_is_one_letter() -> None:
    when = feb("05 10:00")
    sent = ours("a", when, bcc=(EVE,), to=(BOB,))
    in_inbox: dict[str, Any] = {
        "folder": "INBOX",
        "is_sent_copy": False,
        "received_at": feb("05 10:09"),
    }
    two_seconds = ours("a", when + timedelta(seconds=2), **in_inbox)
    through_list = ours("other", when, **in_inbox)
    record = measured(sent, through_list, two_seconds, as_of=feb("06 10:00"))
    (one,) = record.letters
    assert (one["ids"], one["at"], one["at_source"]) == ({"a", "other"}, when, "date")


def test_a_letter_one_of_whose_copies_a_person_wrote_is_human() -> None:
    marked = (("list-unsubscribe", "<https://list.example>"),)
    first = theirs("a", feb("05 10:00"), marks=marked)
    plain = theirs("a", feb("05 10:00"), received_at=feb("05 10:05"), folder="Archive")
    (one,) = measured(first, plain, as_of=feb("06 10:00")).letters
    assert (one["kind"], one["at"]) == ("human", feb("05 10:00"))


def test_different_letters_under_one_message_id_are_different() -> None:
    first, later = theirs("a", feb("05 10:00")), theirs("a", feb("05 10:00:03"))
    other_author = theirs("a", feb("05 10:00"), author=CARL)
    record = measured(first, later, other_author, as_of=feb("06 10:00"))
    assert len(record.letters) == 3
    # what answers the id answers the first of them alone
    assert len(record.conversations) == 3


def test_the_instant_is_chosen_from_received_internaldate_and_date() -> None:
    noon, later, last = feb("05 12:00"), feb("05 12:16"), feb("05 12:17")
    past = feb("05 12:01")  # no two at one instant
    lines = (("mx.globex.com", feb("05 11:00")), (OUR_MX, feb("05 11:30")))
    cases = {
        "near": (ours("near", noon, received_at=feb("05 12:15")), (noon, "date")),
        "far": (ours("far", noon, received_at=later), (later, "internaldate")),
        "line": (theirs("line", noon, received=lines), (feb("05 11:30"), "received")),
        "in": (theirs("in", noon, received_at=last), (last, "internaldate")),
        "2126": (theirs("2126", past, received_at=at("2126-02-05 12:00")), (past, "date")),
        "none": (theirs("none", at("1970-01-01 00:00")), (None, "none")),
    }
    copies = [replace(copy, subject=f"Order {name}") for name, (copy, _) in cases.items()]
    record = measured(*copies, as_of=feb("06 10:00"))
    found = {next(iter(x["ids"])): (x["at"], x["at_source"]) for x in record.letters}
    assert found == {name: expected for name, (_, expected) in cases.items()}
    assert sum(x["counts"] for x in record.letters) == 5  # without an instant it never counts


ELSEWHERE = (("mx.globex.com", feb("05 12:03")), ("relay.globex.com", feb("05 12:02")))
MOVED: dict[str, Any] = {"received_at": feb("20 08:00"), "is_import": True}


@pytest.mark.parametrize(
    ("copy", "chosen", "source"),
    [
        pytest.param(
            theirs("a", feb("05 12:00"), received=ELSEWHERE, received_at=None),
            feb("05 12:03"),
            "received",
            id="the topmost line of another host before Date",
        ),
        pytest.param(
            theirs("a", feb("05 12:00"), received=ELSEWHERE, received_at=feb("05 12:04")),
            feb("05 12:04"),
            "internaldate",
            id="INTERNALDATE before a line of another host",
        ),
        pytest.param(
            theirs("a", feb("05 12:00"), received=ELSEWHERE, **MOVED),
            feb("05 12:03"),
            "received",
            id="moved: the line instead",
        ),
        pytest.param(
            theirs("a", feb("05 12:00"), received=((OUR_MX, feb("05 12:05")), *ELSEWHERE), **MOVED),
            feb("05 12:05"),
            "received",
            id="moved: our own line first",
        ),
        pytest.param(
            theirs("a", feb("05 12:00"), **MOVED),
            feb("05 12:00"),
            "date",
            id="moved: Date where there is no line",
        ),
        pytest.param(
            theirs("a", at("1970-01-01 00:00"), **MOVED), None, "none", id="moved: nothing is left"
        ),
        # were INTERNALDATE usable, it would be the instant: it is more than 15 minutes off
        pytest.param(
            ours("a", feb("05 12:00"), **MOVED), feb("05 12:00"), "date", id="moved: ours in Sent"
        ),
        pytest.param(
            ours("a", None, received=ELSEWHERE, **MOVED),
            None,
            "none",
            id="moved: ours in Sent has no Received lines that say when it was sent",
        ),
    ],
)
def test_the_instant_of_a_letter_that_came_otherwise(
    copy: Message, chosen: datetime | None, source: str
) -> None:
    (row,) = measured(copy, as_of=feb("21 10:00")).letters
    assert (row["at"], row["at_source"]) == (chosen, source)


def moved(dates: Sequence[datetime | None], *instants: datetime, **more: Any) -> list[Message]:
    """Copies with these Dates; they came at these instants, the rest of them at the last."""
    came = [*instants, *[instants[-1]] * len(dates)]
    return [
        theirs(f"m{n}", date, **{"received_at": came[n], **more}) for n, date in enumerate(dates)
    ]


EIGHT = feb("20 08:00")
FIFTY_DAYS = [at("2023-12-01 10:00") + timedelta(days=n) for n in range(50)]


@pytest.mark.parametrize(
    ("copies", "is_block"),
    [
        pytest.param(moved(FIFTY_DAYS, EIGHT), True, id="50 days within an instant"),
        pytest.param(moved(FIFTY_DAYS[1:], EIGHT), False, id="49 are too few"),
        pytest.param(
            moved(FIFTY_DAYS, EIGHT, feb("20 08:10")), True, id="10 minutes from first to last"
        ),
        pytest.param(
            moved(FIFTY_DAYS, EIGHT, feb("20 08:10:01")), False, id="a second more, and 49 are left"
        ),
        # nearest rank: of 50 the 10th hundredth is the 5th, the 90th hundredth the 45th
        pytest.param(
            moved([FIFTY_DAYS[0]] * 5 + [FIFTY_DAYS[9]] * 45, EIGHT), True, id="the 5th is old"
        ),
        pytest.param(
            moved([FIFTY_DAYS[0]] * 4 + [FIFTY_DAYS[9]] * 41 + [FIFTY_DAYS[20]] * 5, EIGHT),
            False,
            id="the 5th to the 45th are of one day",
        ),
        pytest.param(
            moved([FIFTY_DAYS[0]] * 25 + [FIFTY_DAYS[1]] * 25, EIGHT), False, id="just a day"
        ),
        pytest.param(
            moved([FIFTY_DAYS[0]] * 25 + [FIFTY_DAYS[1] + timedelta(seconds=1)] * 25, EIGHT),
            True,
            id="more than a day",
        ),
        pytest.param(
            moved([None, *FIFTY_DAYS[1:]], EIGHT), False, id="one without a Date does not count"
        ),
        pytest.param(
            moved([at("1994-12-31 23:59:59"), *FIFTY_DAYS[1:]], EIGHT),
            False,
            id="nor one with an absurd Date",
        ),
        pytest.param(
            [*moved(FIFTY_DAYS[:25], EIGHT), *moved(FIFTY_DAYS[25:], EIGHT, folder="Archive")],
            False,
            id="two folders of 25",
        ),
        pytest.param(
            [*moved(FIFTY_DAYS[:25], EIGHT), *moved(FIFTY_DAYS[25:], EIGHT, mailbox="sales")],
            False,
            id="two mailboxes of 25",
        ),
    ],
)
def test_a_block_is_fifty_letters_of_days_that_came_within_ten_minutes(
    copies: list[Message], is_block: bool
) -> None:
    assert import_blocks(copies) == [is_block] * len(copies)


def test_a_block_is_found_window_by_window() -> None:
    # the letter of 8:00 is within 10 minutes of the 49 of 8:07:30, and so is that of 8:15: each has
    # a window of 50, though the two are in none together
    copies = moved([*FIFTY_DAYS, FIFTY_DAYS[3]], EIGHT, feb("20 08:07:30"))
    copies[-1] = replace(copies[-1], received_at=feb("20 08:15"))
    assert import_blocks(copies) == [True] * 51
    assert import_blocks(copies[1:-1]) == [False] * 49


def test_what_has_no_date_was_moved_with_those_it_came_between() -> None:
    copies = moved(FIFTY_DAYS, EIGHT, feb("20 08:05"))
    between = theirs("between", None, received_at=feb("20 08:04"))
    after = theirs("after", None, received_at=feb("20 08:06"))
    assert import_blocks([between, after, *copies]) == [True, False, *[True] * 50]


def test_mail_that_goes_on_coming_is_in_no_block() -> None:
    # 1,000 letters of that very minute come five minutes after the 50 that were moved: a window
    # of both is of one day from the 105th to the 945th letter, but that of 8:00 alone is a block
    fresh = [feb("20 08:05") - timedelta(seconds=30)] * 1000
    copies = [*moved(FIFTY_DAYS, EIGHT), *moved(fresh, feb("20 08:05"))]
    assert import_blocks(copies) == [True] * 50 + [False] * 1000


def test_letters_after_as_of_are_as_if_not_there() -> None:
    copies = [theirs("a", feb("05 10:00")), ours("d", feb("05 12:00"), ["a"])]
    assert the_ask(measured(*copies, as_of=feb("05 11:59:59")), "a")["outcome"] == "open"
    assert the_ask(measured(*copies, as_of=feb("05 12:00")), "a")["outcome"] == "answered"


# --- conversations -------------------------------------------------------------------------------


def test_letters_are_joined_by_ids_even_of_letters_we_do_not_hold() -> None:
    record = measured(
        theirs("a", feb("05 10:00"), ["ghost"]),
        ours("b", feb("05 11:00"), ["ghost"]),
        theirs("c", feb("05 12:00")),
        as_of=feb("06 10:00"),
    )
    assert record.partition == {frozenset({"a", "b"}), frozenset({"c"})}


@pytest.mark.parametrize(
    ("more", "joins"),
    [
        pytest.param({}, True, id="reply prefix, same subject, same person"),
        pytest.param({"subject": "Quote for March"}, False, id="no reply prefix"),
        pytest.param({"subject": "Re: Quote for May"}, False, id="another subject"),
        pytest.param({"to": (CARL,)}, False, id="another person"),
        pytest.param({"sent_at": at("2024-03-07 10:00")}, False, id="more than 30 days later"),
        pytest.param({"references": ("ghost",)}, False, id="cites another letter"),
    ],
)
def test_the_subject_joins_as_the_last_resort(more: dict[str, Any], joins: bool) -> None:
    when = more.get("sent_at", feb("05 11:00"))
    fields = {"subject": "Re: Quote for March", "received_at": when, **more}
    record = measured(
        theirs("a", feb("05 10:00")), ours("d", when, **fields), as_of=at("2024-03-08 10:00")
    )
    together = {frozenset({"a", "d"})}
    assert record.partition == (together if joins else {frozenset({"a"}), frozenset({"d"})})


@pytest.mark.parametrize(
    ("more", "joins"),
    [
        pytest.param({"subject": "Re: Meeting"}, True, id="it answers the letter directly"),
        pytest.param({"subject": "Fwd: Meeting"}, False, id="a forward prefix"),
        pytest.param({"subject": "Meeting"}, False, id="no prefix"),
        # written to Carl, who did not write the first; that it has Bob's address in common with
        # his own letter is nothing
        pytest.param({"subject": "Re: Meeting", "to": (CARL,)}, False, id="to somebody else"),
        pytest.param({"subject": "Re: Meeting", "cc": (BOB,)}, True, id="a copy is an answer"),
        pytest.param({"subject": "Re: Meeting", "sent_at": feb("12 10:00")}, True, id="7 days"),
        pytest.param({"subject": "Re: Meeting", "sent_at": feb("12 10:00:01")}, False, id="more"),
    ],
)
def test_a_generic_subject_joins_direct_answers_within_a_week(
    more: dict[str, Any], joins: bool
) -> None:
    when = more.get("sent_at", feb("05 11:00"))
    ask = theirs("a", feb("05 10:00"), subject="Meeting")
    answer = ours("d", when, **{"received_at": when, **more})
    assert partition(ask, answer) == groups(*(("ad",) if joins else ("a", "d")))


def test_a_short_subject_and_none_at_all_are_as_weak_as_a_generic_one() -> None:
    for subject in ("Stock", ""):
        copies = [
            theirs("a", feb("05 10:00"), subject=subject),
            theirs("b", feb("05 10:30"), subject=f"Re: {subject}", to=(CARL,)),
            ours("d", feb("05 11:00"), subject=f"Re: {subject}"),
        ]
        # b is nobody's answer; d answers b, the latest of Bob's
        assert partition(*copies) == groups("a", "bd")


def test_a_subject_joins_what_it_answers_before_what_merely_shares_an_address() -> None:
    # d goes to Bob with a copy to Carl. Carl wrote c later than Bob a, in a thread that d may join;
    # e, later still, was written by Dora to Bob: it shares an address, and d goes not to her
    dora = "dora@berlin.globex.de"
    copies = [
        theirs("a", feb("05 10:00")),
        theirs("c", feb("05 11:00"), ["x"], author=CARL),
        theirs("e", feb("05 12:00"), ["y"], author=dora, to=(BOB,)),
        ours("d", feb("05 13:00"), subject="Re: Quote for March", to=(BOB,), cc=(CARL,)),
    ]
    assert partition(*copies) == groups("a", "cd", "e")
    # without a and c the address will do
    assert partition(*copies[2:]) == groups("de")


def test_what_we_wrote_is_answered_by_whom_we_wrote_to() -> None:
    # of two letters of ours with one subject the earlier went to Bob, the later to Carl; Bob
    # answers the one he had
    copies = [
        ours("a", feb("05 10:00"), subject="Hi", to=(BOB,)),
        ours("b", feb("05 10:30"), subject="Hi", to=(CARL,)),
        theirs("d", feb("05 11:00"), subject="Re: Hi"),
    ]
    assert partition(*copies) == groups("ad", "b")


def test_letters_between_two_of_one_side_answer_each_other() -> None:
    # Carl answers Bob, who wrote to him with a copy to us; Bob writing to himself answers nobody
    first = theirs("a", feb("05 10:00"), subject="Hi", to=(CARL,), cc=(ANA,))
    back = theirs("d", feb("05 11:00"), subject="Re: Hi", author=CARL, to=(BOB,), cc=(ANA,))
    assert partition(first, back) == groups("ad")
    assert partition(first, replace(back, to=addresses(EVE))) == groups("a", "d")
    alone = replace(first, to=addresses(BOB))
    assert partition(alone, replace(back, from_=addresses(BOB)[0])) == groups("a", "d")


def test_a_child_sorts_after_its_parent_whatever_their_clocks_say() -> None:
    # b answers a, though dated a day before: the conversation is opened by them
    record = measured(
        theirs("a", feb("06 10:00")), ours("b", feb("05 10:00"), ["a"]), as_of=feb("07 10:00")
    )
    (row,) = record.conversations
    assert (row["opened_by"], row["started_at"], row["turns"]) == ("them", feb("05 10:00"), 2)


def test_a_loop_of_citations_is_cut_at_its_oldest_letter() -> None:
    first = theirs("a", feb("05 10:00"), in_reply_to="b", references=())
    record = measured(first, ours("b", feb("05 11:00"), ["a"]), as_of=feb("07 10:00"))
    (row,) = record.conversations
    assert (row["opened_by"], row["turns"]) == ("them", 2)


DELIVERY = "Delivery dates"


def split_mail(**more: Any) -> list[Message]:
    """A question, its answer, and a letter that cites both and may be about something else."""
    new: dict[str, Any] = {"in_reply_to": None, "subject": DELIVERY, **more}
    return [
        theirs("a", feb("05 10:00")),
        ours("b", feb("05 11:00"), ["a"], subject="Re: Quote for March"),
        theirs("c", feb("06 10:00"), ["a", "b"], **new),
    ]


def partition(
    *copies: Message, as_of: str = "2024-03-20 10:00", **more: Any
) -> set[frozenset[str]]:
    return measured(*copies, as_of=at(as_of), **more).partition


def groups(*names: str) -> set[frozenset[str]]:
    """``groups("ab", "c")``: a and b are together, c is alone."""
    return {frozenset(name) for name in names}


@pytest.mark.parametrize(
    ("more", "begins_anew"),
    [
        pytest.param({}, True, id="another subject, References alone"),
        pytest.param({"subject": f"Re: {DELIVERY}"}, False, id="a reply by its prefix"),
        pytest.param({"subject": f"Fwd: {DELIVERY}"}, False, id="a forward by its prefix"),
        pytest.param({"subject": "Quote for March and April"}, False, id="something added"),
        pytest.param({"subject": "March"}, False, id="something left out"),
        pytest.param({"references": ("a", "b", "ghost")}, True, id="the last is not held"),
        pytest.param({"references": ("a", "b", "c")}, True, id="the last is itself"),
        pytest.param({"in_reply_to": "b"}, False, id="In-Reply-To"),
        pytest.param({"in_reply_to": "ghost"}, False, id="In-Reply-To of one not held"),
        pytest.param({"subject": ""}, False, id="no subject at all"),
        pytest.param({"subject": "Fwd: Quote for March"}, False, id="the same base subject"),
        pytest.param({"author": ANA, "to": (BOB,)}, False, id="a letter of one's own: a series"),
        pytest.param({"subject": "[team] Quote for march"}, False, id="the same but for a blob"),
    ],
)
def test_references_alone_and_another_subject_begin_a_conversation(
    more: dict[str, Any], begins_anew: bool
) -> None:
    assert partition(*split_mail(**more)) == groups(*(("ab", "c") if begins_anew else ("abc",)))


def test_a_letter_whose_ids_are_all_unheld_begins_nothing() -> None:
    # it cites the same ghost as the answer to it, and stays with it
    c = theirs("c", feb("06 10:00"), ["ghost"], in_reply_to=None, subject=DELIVERY)
    assert partition(ours("b", feb("05 11:00"), ["ghost"]), c) == groups("bc")


def test_a_letter_without_subject_is_no_subject_to_leave() -> None:
    # the last held letter has none, so nobody knows whether c is about something else; that the
    # one before it was about the quote is not looked at
    a, b, c = split_mail()
    assert partition(a, replace(b, subject="Re: "), c) == groups("abc")


def test_answers_to_a_letter_that_began_anew_stay_with_it() -> None:
    # each cites both sides of the cut; what stands before c in their References does not link.
    # e has In-Reply-To, f has not but is about the same; d answers b and never saw c
    copies = [
        *split_mail(),
        ours("d", feb("06 11:00"), ["a", "b"]),
        ours("e", feb("06 12:00"), ["a", "b", "c"], subject=f"Re: {DELIVERY}"),
        theirs("f", feb("06 13:00"), ["a", "b", "c", "e"], in_reply_to=None, subject=DELIVERY),
    ]
    record = measured(*copies, as_of=feb("07 10:00"))
    assert record.partition == groups("abd", "cef")
    # both conversations are opened by them; b answers a, e answers c, f answers nobody's ask yet
    assert {row["opened_by"] for row in record.conversations} == {"them"}
    assert the_ask(record, "a")["answered_id"] == {"b"}
    assert the_ask(record, "c")["answered_id"] == {"e"}
    assert the_ask(record, "c")["response_seconds"] == 2 * HOUR
    assert the_ask(record, "c")["is_first"] == 1


def test_an_id_that_nobody_holds_does_not_link_over_the_cut() -> None:
    # "ghost" stands before c in e's References, and is all that x cites
    new: dict[str, Any] = {"in_reply_to": None, "subject": DELIVERY}
    copies = [
        theirs("a", feb("05 10:00"), ["ghost"]),
        theirs("x", feb("05 10:30"), ["ghost"]),
        theirs("c", feb("06 10:00"), ["ghost", "a"], author=CARL, **new),
        ours("e", feb("06 12:00"), ["ghost", "a", "c"], subject=f"Re: {DELIVERY}"),
    ]
    assert partition(*copies) == groups("ax", "ce")


def test_of_two_cuts_in_a_row_the_last_counts() -> None:
    # d leaves c's subject as c left a's; e answers d
    copies = [
        *split_mail(),
        ours("d", feb("07 10:00"), ["a", "b", "c"], in_reply_to=None, subject="Samples?"),
        theirs("e", feb("07 12:00"), ["a", "b", "c", "d"], subject="Re: Samples?"),
    ]
    assert partition(*copies) == groups("ab", "c", "de")


def test_a_letter_that_began_anew_has_no_parent_even_where_both_sides_meet() -> None:
    # z cites c and, after it, a: that id links, and all are one conversation. By its clock c is
    # older than a, which it cites; as it is nobody's child it opens the conversation
    copies = [
        theirs("c", feb("05 10:00"), ["a"], in_reply_to=None, subject=DELIVERY),
        ours("a", feb("05 11:00")),
        theirs("z", feb("05 12:00"), ["c", "a"], in_reply_to="a"),
    ]
    record = measured(*copies, as_of=feb("07 10:00"))
    assert record.partition == groups("acz")
    (row,) = record.conversations
    assert (row["opened_by"], row["turns"]) == ("them", 3)


ONE, OTHER = "a1" * 22, "b2" * 22


@pytest.mark.parametrize(
    ("more", "joins"),
    [
        pytest.param({}, True, id="40 days later, other people, no reply prefix"),
        pytest.param({"subject": "Re: Quote for March"}, True, id="with a prefix too"),
        pytest.param({"subject": "Quote for May"}, False, id="another subject"),
        pytest.param({"thread_index": OTHER}, False, id="another conversation of Outlook's"),
        pytest.param({"thread_index": None}, False, id="not Outlook"),
        pytest.param({"references": ("ghost",)}, False, id="it cites another letter"),
        pytest.param({"in_reply_to": "ghost"}, False, id="it answers another letter"),
    ],
)
def test_outlooks_conversation_joins_what_cites_nothing(more: dict[str, Any], joins: bool) -> None:
    fields = {"thread_index": ONE, "subject": "Quote for March", "to": (CARL,), **more}
    copies = [
        theirs("a", feb("05 10:00"), thread_index=ONE),
        ours("d", at("2024-03-16 10:00"), **fields),
    ]
    assert partition(*copies) == groups(*(("ad",) if joins else ("a", "d")))


def test_outlooks_conversation_joins_the_latest_of_those_before() -> None:
    # a and b have nothing to do with each other: b cites a letter that is not held
    copies = [
        theirs("a", feb("05 10:00"), thread_index=ONE),
        theirs("b", feb("06 10:00"), ["ghost"], thread_index=ONE),
        ours("d", feb("07 10:00"), thread_index=ONE, subject="Re: Quote for March"),
        theirs("e", feb("08 10:00"), ["ghost"], thread_index=ONE),
    ]
    assert partition(*copies) == groups("a", "bde")


TICKET = "[#10421]"


@pytest.mark.parametrize(
    ("more", "joins"),
    [
        pytest.param({}, True, id="other subject, other people, no prefix"),
        pytest.param({"subject": "Case 10421"}, True, id="written otherwise"),
        pytest.param({"subject": f"[#20777] {TICKET}"}, True, id="one of two numbers"),
        pytest.param({"subject": "[#20777] Quote for March"}, False, id="another ticket"),
        pytest.param({"subject": "Quote for March"}, False, id="no ticket, no prefix"),
        pytest.param({"references": ("ghost",)}, True, id="what it cites is not held"),
        pytest.param({"in_reply_to": "ghost"}, True, id="what it answers is not held"),
        pytest.param({"references": ("d",)}, True, id="it cites itself"),
        pytest.param({"references": ("x",)}, False, id="what it cites is held"),
        pytest.param({"in_reply_to": "x"}, False, id="what it answers is held"),
        pytest.param({"references": ("ghost",), "in_reply_to": "x"}, False, id="one of two held"),
    ],
)
def test_a_ticket_number_joins_what_cites_nothing_held(more: dict[str, Any], joins: bool) -> None:
    copies = [
        theirs("x", feb("05 09:00"), subject=""),
        theirs("a", feb("05 10:00"), subject=f"{TICKET} Quote for March"),
        ours("d", feb("06 10:00"), **{"subject": f"Delivery {TICKET}", "to": (CARL,), **more}),
    ]
    together = {frozenset("ad")} & partition(*copies)
    assert bool(together) is joins


@pytest.mark.parametrize(("when", "joins"), [("06 10:00:00", True), ("06 10:00:01", False)])
def test_a_ticket_number_joins_within_thirty_days(when: str, joins: bool) -> None:
    # from 5 February 10:00 to 6 March 10:00 are 30 days, the 29th of February among them
    copies = [
        theirs("a", feb("05 10:00"), subject=f"{TICKET} Quote"),
        ours("d", at(f"2024-03-{when}"), subject=f"{TICKET} Quote"),
    ]
    assert partition(*copies) == groups(*(("ad",) if joins else ("a", "d")))


def test_tickets_are_joined_from_letter_to_letter() -> None:
    # a and d are more than 30 days apart; b is between
    copies = [
        theirs("a", feb("05 10:00"), subject=f"{TICKET} Quote"),
        theirs("b", feb("25 10:00"), subject=f"{TICKET} [#20777] Quote"),
        ours("d", at("2024-03-16 10:00"), subject="[#20777] Quote"),
    ]
    assert partition(*copies) == groups("abd")


def test_a_letter_joined_by_its_ticket_brings_along_those_that_cite_the_same() -> None:
    copies = [
        theirs("a", feb("05 10:00"), subject=f"{TICKET} Quote"),
        theirs("b", feb("06 10:00"), ["ghost"], subject="Something else"),
        ours("d", feb("07 10:00"), ["ghost"], subject=f"Re: {TICKET} Quote"),
    ]
    assert partition(*copies) == groups("abd")


def test_outlooks_conversation_comes_before_ticket_and_ticket_before_subject() -> None:
    # d could be joined by Thread-Index to i, by its ticket to t, by its subject to s, the latest
    before = [
        theirs("i", at("2024-01-01 10:00"), thread_index=ONE),
        theirs("t", feb("06 10:00"), subject=f"{TICKET} Delivery"),
        theirs("s", feb("07 10:00")),
    ]
    d = ours("d", feb("08 10:00"), subject=f"Re: {TICKET} Quote for March", thread_index=ONE)
    assert partition(*before, d) == groups("id", "t", "s")
    d = replace(d, thread_index=None)
    assert partition(*before, d) == groups("i", "td", "s")
    d = replace(d, subject="Re: [team] Quote for March")
    assert partition(*before, d) == groups("i", "t", "sd")


# --- any mailbox ---------------------------------------------------------------------------------


def reckoned(box: Mailbox, copies: Sequence[Message]) -> OracleRecord:
    clocks = OracleClock(**box.us), OracleClock(**box.them)
    return oracle(box.partner_key, copies, box.roster, box.standards, *clocks, box.cuts, box.as_of)


@settings(deadline=None, max_examples=60)
@given(mailboxes(), st.integers(0, 1000))
def test_the_order_of_the_copies_changes_nothing(box: Mailbox, seed: int) -> None:
    shuffled = list(box.copies)
    Random(seed).shuffle(shuffled)  # noqa: S311
    one, other = reckoned(box, box.copies), reckoned(box, shuffled)
    assert one.response_times == other.response_times
    assert one.silence_gaps == other.silence_gaps
    assert one.standing == other.standing
    assert one.partition == other.partition
    assert (one.periods, one.window_figures) == (other.periods, other.window_figures)


def test_addresses_refuses_what_is_none() -> None:
    with pytest.raises(AssertionError):
        addresses("undisclosed")
