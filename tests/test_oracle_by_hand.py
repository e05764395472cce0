"""The oracle against cases worked by hand, so that it may judge the measures.

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

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mailboxes import BERLIN, OUR_LIST, OUR_MX, ROSTER, WEEK, Mailbox, addresses, mailboxes, message
from oracle import OracleClock, OracleRecord, Row, kaplan_meier, oracle

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
) -> OracleRecord:
    return oracle("globex.com", copies, ROSTER, standards, clock, clock, cuts, as_of)


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
    assert record.conversations[0]["waiting_on"] is None  # answered at last, they wait no more


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


def test_a_delay_is_no_bounce() -> None:
    delay = bounce(feb("05 12:00"), ["a"], subject="Delayed mail")
    record = measured(ours("a", feb("05 10:00")), delay, as_of=feb("06 10:00"))
    assert the_ask(record, "a")["outcome"] == "open"


# --- needs_reply, standards, waiting -------------------------------------------------------------


@pytest.mark.parametrize(
    ("more", "said"),
    [
        pytest.param({"size_octets": 7_500}, "unlikely", id="1,500 octets more"),
        pytest.param({"size_octets": 7_501}, "yes", id="more than that"),
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


@pytest.mark.parametrize(("size", "said"), [(2_499, "unlikely"), (2_500, "yes")])
def test_a_letter_under_2500_octets_adds_little_whatever_it_answers(size: int, said: str) -> None:
    first = theirs("a", feb("05 10:00"), size_octets=900)
    second = ours("d", feb("05 11:00"), ["a"], size_octets=size)
    assert the_ask(measured(first, second, as_of=feb("06 10:00")), "d")["needs_reply"] == said


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
    # watch: 3 working days after is Wednesday 21; act: more than 1.5 x 2 = 3 is Thursday 22;
    # midnight in Berlin is 23:00 UTC of the day before
    standing = measured(*RHYTHM, as_of=feb("17 10:00"), clock=IN_BERLIN).standing
    assert standing["usual_gap_working_days"] == 1
    assert standing["longest_gap_working_days"] == 2
    assert (standing["watch_at"], standing["act_at"]) == (feb("20 23:00"), feb("21 23:00"))
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
    noon, later = feb("05 12:00"), feb("05 12:16")
    lines = (("mx.globex.com", feb("05 11:00")), (OUR_MX, feb("05 11:30")))
    cases = {
        "near": (ours("near", noon, received_at=feb("05 12:15")), (noon, "date")),
        "far": (ours("far", noon, received_at=later), (later, "internaldate")),
        "line": (theirs("line", noon, received=lines), (feb("05 11:30"), "received")),
        "in": (theirs("in", noon, received_at=later), (later, "internaldate")),
        "2126": (theirs("2126", noon, received_at=at("2126-02-05 12:00")), (noon, "date")),
        "none": (theirs("none", at("1970-01-01 00:00")), (None, "none")),
    }
    copies = [replace(copy, subject=f"Order {name}") for name, (copy, _) in cases.items()]
    record = measured(*copies, as_of=feb("06 10:00"))
    found = {next(iter(x["ids"])): (x["at"], x["at_source"]) for x in record.letters}
    assert found == {name: expected for name, (_, expected) in cases.items()}
    assert sum(x["counts"] for x in record.letters) == 5  # without an instant it never counts


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


def test_a_generic_subject_joins_nothing() -> None:
    copies = [
        theirs("a", feb("05 10:00"), subject="Meeting"),
        ours("d", feb("05 11:00"), subject="Re: Meeting"),
    ]
    assert len(measured(*copies, as_of=feb("06 10:00")).partition) == 2


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
