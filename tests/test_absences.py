"""Who of theirs was away, and what that takes out of their working time; reckoned by hand.

Both sides work from 9:00 to 17:00 UTC, Monday to Friday. 3 March 2025 is a Monday.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
from hypothesis import Phase, assume, example, given, settings
from hypothesis import strategies as st
from mailboxes import OUR_LIST, PARTNER, ROSTER, WEEK, ClockArgs, message
from round_trip import OPEN, clock_of, rows_of

from inbox_agent.absence_rows import absences as rows_of_absences
from inbox_agent.absences import Absence, ClockAround, Spans, absences_of, away_at
from inbox_agent.business_clock import Clocks, Terms
from inbox_agent.letters import letters_of
from inbox_agent.measure import PartnerRecord, measure
from inbox_agent.messages import Message
from inbox_agent.response_times import Ask
from inbox_agent.standards import Cuts, Span, Standards

OFFICE: ClockArgs = {
    "timezone": "UTC",
    "days": WEEK,
    "hours": ((time(9), time(17)),),
    "holiday_dates": frozenset[date](),
}
CLOCK = clock_of(OFFICE)
HOUR, DAY, SECOND = timedelta(hours=1), timedelta(days=1), timedelta(seconds=1)
BOB, CARL, DORA = "bob@globex.com", "carl@globex.com", "dora@berlin.globex.de"
US = ("ana@acme.com",)
AS_OF = datetime(2025, 6, 2, 12, tzinfo=UTC)
AWAY_NOTE = (("auto-submitted", "auto-replied"),)


def march(day: int, hour: int = 0, minute: int = 0) -> datetime:
    """An instant of March 2025; the 32nd is 1 April."""
    return datetime(2025, 3, 1, hour, minute, tzinfo=UTC) + (day - 1) * DAY


def ours(at: datetime, *to: str, **more: Any) -> Message:
    """A letter of ours; those of theirs answer it where nothing else is said."""
    return message(f"ours {at}", at, author="ana@acme.com", to=to or (BOB,), **more)


def theirs(at: datetime, author: str = BOB, **more: Any) -> Message:
    fields = {"subject": "Re: Quote for March", **more}
    return message(f"theirs {author} {at}", at, author=author, to=US, **fields)


def note(at: datetime, author: str = BOB, **more: Any) -> Message:
    fields = {"subject": "Automatic reply: Quote for March", "marks": AWAY_NOTE, **more}
    return message(f"note {author} {at}", at, author=author, to=US, **fields)


def found(*copies: Message, as_of: datetime = AS_OF) -> list[tuple[str, datetime, datetime | None]]:
    """Whose absences there are, from when to when."""
    letters = letters_of(ROSTER.partner(PARTNER), copies, ROSTER, as_of)
    return [(x.address, x.began_at, x.ended_at) for x in absences_of(letters, as_of)]


def record(
    *copies: Message, within: str | None = "4 business hours", as_of: datetime = AS_OF
) -> PartnerRecord:
    standards = Standards(they_answer_within=Span.parse(within) if within else None)
    terms = Terms(standards, Clocks(CLOCK, CLOCK), Cuts())
    return measure(ROSTER.partner(PARTNER), copies, ROSTER, terms, as_of)


def ask(*copies: Message, **more: Any) -> Ask:
    """The first ask that they are to answer."""
    return next(x for x in record(*copies, **more).asks if x.responder == "them")


# -- from when to when ----------------------------------------------------------------------


def test_an_absence_runs_from_the_note_to_the_next_letter_of_that_person() -> None:
    copies = [ours(march(3, 10)), note(march(3, 12)), theirs(march(10, 11))]
    assert found(*copies) == [(BOB, march(3, 12), march(10, 11))]


def test_a_letter_in_another_conversation_ends_it_and_one_by_somebody_else_does_not() -> None:
    carl, elsewhere = theirs(march(4, 9), CARL), theirs(march(6, 9), subject="Samples")
    copies = [ours(march(3, 10)), note(march(3, 12)), carl, elsewhere]
    assert found(*copies) == [(BOB, march(3, 12), march(6, 9))]


def test_without_a_letter_it_ends_thirty_days_after_the_last_note() -> None:
    first, last = march(3, 12), march(20, 8)
    assert found(note(first), note(last)) == [(BOB, first, last + 30 * DAY)]


def test_a_note_more_than_thirty_days_after_the_last_begins_another_absence() -> None:
    begin = march(3, 12)
    at, later = begin + 30 * DAY, begin + 30 * DAY + SECOND
    assert found(note(begin), note(at)) == [(BOB, begin, at + 30 * DAY)]
    assert found(note(begin), note(later)) == [
        (BOB, begin, at),
        (BOB, later, later + 30 * DAY),
    ]


def test_a_letter_thirty_days_after_the_note_ends_it_and_a_later_one_comes_too_late() -> None:
    begin = march(3, 12)
    end = begin + 30 * DAY
    assert found(note(begin), theirs(end)) == [(BOB, begin, end)]
    assert found(note(begin), theirs(end + DAY)) == [(BOB, begin, end)]


def test_it_is_open_until_thirty_days_are_over() -> None:
    begin = march(3, 12)
    end = begin + 30 * DAY
    assert found(note(begin), as_of=end - SECOND) == [(BOB, begin, None)]
    assert found(note(begin), as_of=end) == [(BOB, begin, end)]


def test_what_comes_after_as_of_is_not_known() -> None:
    copies = [note(march(3, 12)), theirs(march(10, 11))]
    assert found(*copies, as_of=march(10, 10)) == [(BOB, march(3, 12), None)]


def test_who_is_back_may_be_away_again() -> None:
    copies = [note(march(3)), theirs(march(7)), note(march(12)), theirs(march(20))]
    assert found(*copies) == [(BOB, march(3), march(7)), (BOB, march(12), march(20))]


def test_each_person_has_absences_of_their_own() -> None:
    copies = [note(march(3)), note(march(4), CARL), theirs(march(6)), theirs(march(9), CARL)]
    assert found(*copies) == [(BOB, march(3), march(6)), (CARL, march(4), march(9))]


def test_a_letter_at_the_instant_of_the_note_came_before_it() -> None:
    for minute in range(8):  # whichever key comes first
        at = march(3, 12, minute)
        assert found(theirs(at), note(at), theirs(march(9))) == [(BOB, at, march(9))]


def test_a_note_at_the_instant_of_the_letter_that_ends_it_begins_nothing() -> None:
    for minute in range(8):
        at = march(9, 0, minute)
        assert found(note(march(3)), note(at), theirs(at)) == [(BOB, march(3), at)]


# -- what tells of no absence ---------------------------------------------------------------


@pytest.mark.parametrize(
    "subject",
    [
        "Automatic reply: We have received your message",
        "Thank you for contacting Globex",
        "Eingangsbestätigung",
        "Re: Quote for March [#10421]",
    ],
)
def test_an_acknowledgement_tells_of_no_absence(subject: str) -> None:
    assert found(ours(march(3, 10)), note(march(3, 12), subject=subject)) == []


def test_words_and_numbers_that_our_own_letter_has_make_no_acknowledgement() -> None:
    subject = "Invoice received [#10421]"
    asked = ours(march(3, 10), subject=subject)
    away = note(march(3, 12), subject=f"Automatic reply: {subject}")
    assert found(asked, away) == []
    away = replace(away, in_reply_to=asked.message_id)
    assert found(asked, away) == [(BOB, march(3, 12), march(33, 12))]


def test_other_automatic_letters_and_our_own_tell_of_no_absence() -> None:
    at = march(3, 12)
    letters = [
        theirs(at, marks=(("auto-submitted", "auto-generated"),)),
        theirs(at + HOUR, marks=(("precedence", "list"), ("list-id", "<x.globex.com>"))),
        # P15: came at once, and acknowledges
        ours(march(5, 10)),
        theirs(march(5, 10, 1), subject="Request received", in_reply_to=f"ours {march(5, 10)}"),
        message("own", at, author="ana@acme.com", to=(BOB,), subject="Out of office: x"),
    ]
    kinds = letters_of(ROSTER.partner(PARTNER), letters, ROSTER, AS_OF)
    assert [x.rule for x in kinds] == ["P10", "P7", "P11", "P16", "P15"]
    assert found(*letters) == []


def test_who_writes_within_a_day_was_there() -> None:
    begin = march(3, 12)
    assert found(note(begin), theirs(begin + DAY - SECOND)) == []
    assert found(note(begin), theirs(begin + DAY)) == [(BOB, begin, begin + DAY)]


def episodes(*days: float) -> list[Message]:
    """Notes 5 days after each other, each followed by a letter after so many days."""
    notes = [march(3, 12) + 5 * n * DAY for n in range(len(days))]
    letters = [theirs(at + length * DAY) for at, length in zip(notes, days, strict=True)]
    return [*map(note, notes), *letters]


def test_notes_that_are_mostly_followed_within_a_day_are_a_machines() -> None:
    """Three of five, then three of six, and two of three."""
    assert found(*episodes(0.1, 0.1, 0.1, 2, 2)) == []
    assert len(found(*episodes(0.1, 0.1, 0.1, 2, 2, 2))) == 3
    assert len(found(*episodes(0.1, 0.1, 2))) == 1


def test_a_machine_is_known_by_its_address() -> None:
    assert found(*episodes(0.1, 0.1, 0.1), note(march(4), CARL), theirs(march(9), CARL)) == [
        (CARL, march(4), march(9))
    ]


# -- what it takes out ----------------------------------------------------------------------


def test_working_time_runs_on_only_while_somebody_who_was_asked_is_there() -> None:
    """Monday 10:00 to Monday 11:00 are 7 + 32 + 2 working hours; away from Monday 12:00 on."""
    asked = ask(ours(march(3, 10)), note(march(3, 12)), theirs(march(10, 11)))
    assert asked.outcome == "answered"
    assert asked.business_seconds == 2 * 3600
    assert asked.absent_seconds == (5 + 32 + 2) * 3600
    assert asked.response_seconds == (7 * 24 + 1) * 3600


def test_an_absence_over_a_weekend_takes_out_its_working_hours() -> None:
    """Friday 12:00 to Monday 12:00; Carl answers on Monday at 15:00: 2 + 3 hours."""
    copies = [ours(march(7, 10)), note(march(7, 12)), theirs(march(10, 12), subject="Samples")]
    answer = theirs(march(10, 15), CARL, in_reply_to=copies[0].message_id)
    asked = ask(*copies, answer)
    assert asked.absent_seconds == (5 + 3) * 3600
    assert asked.business_seconds == (2 + 3) * 3600


def test_an_absence_that_began_before_the_ask_counts_from_the_ask_on() -> None:
    """Away since Monday; asked on Wednesday at 10:00, answered on Thursday at 10:00."""
    asked = ask(note(march(3, 12)), ours(march(5, 10)), theirs(march(6, 10)))
    assert asked.away == ((march(5, 10), march(6, 10)),)
    assert (asked.business_seconds, asked.absent_seconds) == (0, 8 * 3600)


def test_while_one_of_two_who_were_asked_is_there_nothing_is_taken_out() -> None:
    copies = [note(march(3, 12)), theirs(march(10, 11))]
    asked = ask(ours(march(3, 10), BOB, CARL), *copies)
    assert (asked.business_seconds, asked.absent_seconds) == (41 * 3600, 0)


def test_of_two_who_were_asked_the_time_is_taken_out_in_which_both_are_away() -> None:
    """Bob from Monday 12:00 to Thursday 12:00, Carl from Tuesday 12:00 on, who never writes."""
    bob, carl = [note(march(3, 12)), theirs(march(6, 12))], note(march(4, 12), CARL)
    asked = ask(ours(march(3, 10), BOB, CARL), *bob, carl)
    assert asked.away == ((march(4, 12), march(6, 12)),)
    assert asked.absent_seconds == (5 + 8 + 3) * 3600
    assert asked.business_seconds == (7 + 16 + 3 - 16) * 3600


def test_whom_the_letter_is_to_was_asked_and_not_who_got_a_copy() -> None:
    away = [note(march(3, 12)), theirs(march(10, 11))]
    assert ask(ours(march(3, 10), BOB, cc=(CARL,)), *away).absent_seconds == 39 * 3600
    assert ask(ours(march(3, 10), CARL, cc=(BOB,)), *away).absent_seconds == 0


def test_where_none_of_theirs_is_in_to_all_who_got_it_were_asked() -> None:
    away = [note(march(3, 12)), theirs(march(10, 11))]
    nobody = message("blind", march(3, 10), author="ana@acme.com", bcc=(BOB,))
    assert ask(nobody, *away).absent_seconds == 39 * 3600
    two = message("blind", march(3, 10), author="ana@acme.com", bcc=(BOB, CARL))
    assert ask(two, *away).absent_seconds == 0


def test_an_answer_through_our_list_asks_nobody_who_could_be_away() -> None:
    question = theirs(march(3, 10), subject="Quote")
    answer = message(
        *("answer", march(3, 11)),
        author="ana@acme.com",
        to=(OUR_LIST,),
        in_reply_to=question.message_id,
    )
    letters = letters_of(ROSTER.partner(PARTNER), [question, answer], ROSTER, AS_OF)
    absence = Absence(BOB, march(3, 9), None, march(33))
    assert [away_at(letter, [absence]) for letter in letters if letter.side == "us"] == [()]


def test_their_absence_is_no_excuse_of_ours() -> None:
    asked = [
        theirs(march(3, 10), CARL, cc=(BOB,), subject="Quote"),
        note(march(3, 12)),
        ours(march(4, 10), CARL, subject="Re: Quote"),
    ]
    mine = next(x for x in record(*asked).asks if x.responder == "us")
    assert (mine.business_seconds, mine.absent_seconds, mine.away) == (8 * 3600, 0, ())


def test_without_an_answer_the_time_away_is_told_up_to_the_last_midnight() -> None:
    """Wednesday 15:00: 5 hours of Monday and 8 of Tuesday; 2 hours passed before the note."""
    asked = ask(ours(march(3, 10)), note(march(3, 12)), as_of=march(5, 15))
    assert asked.absent_seconds == (5 + 8) * 3600
    assert asked.business_age_seconds == 2 * 3600


def test_absences_after_the_give_up_time_are_not_told_of_an_ask() -> None:
    """Lapsed on 2 April at 10:00; away on 31 March and 1 April, and again in May."""
    first = [note(march(31, 9)), theirs(march(32, 17), subject="Samples")]
    again = [note(march(65, 9)), theirs(march(70, 9), subject="Samples")]
    asked = ask(ours(march(3, 10)), *first, *again)
    assert (asked.outcome, asked.absent_seconds) == ("lapsed", 16 * 3600)


# -- due times ------------------------------------------------------------------------------

#: Asked on Monday at 10:00, away from 12:00 to Wednesday at 12:00.
AWAY = (note(march(3, 12)), theirs(march(5, 12), subject="Samples"))


@pytest.mark.parametrize(
    ("within", "due_at"),
    [
        # 2 hours until the note, 2 after Wednesday 12:00
        ("4 business hours", march(5, 14)),
        # over at the very instant of the note
        ("2 business hours", march(3, 12)),
        # 2 hours until the note, 8 after: 5 on Wednesday, 3 on Thursday
        ("10 business hours", march(6, 12)),
        # Tuesday is not counted; Wednesday 10:00 lies in the absence
        ("1 business day", march(5, 12)),
        ("2 business days", march(6, 10)),
        # 2 hours until the note, 22 after it
        ("1 day", march(6, 10)),
        ("30 minutes", march(3, 10, 30)),
    ],
)
def test_nothing_falls_due_while_all_who_were_asked_are_away(within: str, due_at: datetime) -> None:
    assert ask(ours(march(3, 10)), *AWAY, within=within).due_at == due_at


@pytest.mark.parametrize(
    ("within", "due_at"),
    [
        # counted from Wednesday 12:00, the first opening after the absence
        ("4 business hours", march(5, 16)),
        ("1 business day", march(6, 12)),
        ("1 day", march(6, 12)),
    ],
)
def test_what_is_asked_in_an_absence_counts_from_its_end(within: str, due_at: datetime) -> None:
    assert ask(ours(march(4, 10)), *AWAY, within=within).due_at == due_at


def test_an_absence_that_ends_in_the_evening_moves_the_due_time_to_the_next_morning() -> None:
    """Asked on Monday at 16:00; away from Tuesday 12:00 to 20:00 on Wednesday."""
    away = (note(march(4, 12)), theirs(march(5, 20), subject="Samples"))
    asked = ask(ours(march(3, 16)), *away, within="1 business day")
    assert asked.due_at == march(6, 9)


def test_an_absence_after_the_due_time_moves_nothing() -> None:
    asked = ask(ours(march(3, 10)), note(march(4, 12)), within="4 business hours")
    assert asked.due_at == march(3, 14)


def test_in_an_open_absence_an_answer_is_due_after_its_latest_end() -> None:
    """Wednesday 2 April at 12:00 are 30 days over; 2 hours are left."""
    asked = ask(ours(march(3, 10)), note(march(3, 12)), as_of=march(10, 12))
    assert asked.due_at == march(33, 14)
    assert asked.met_standard is None


def test_who_answers_in_time_after_an_absence_has_met_the_standard() -> None:
    asked = ours(march(3, 10))
    for at, is_met in ((march(5, 14), True), (march(5, 14, 1), False)):
        answer = theirs(at, CARL, in_reply_to=asked.message_id)
        assert ask(asked, *AWAY, answer).met_standard is is_met


# -- what is published ----------------------------------------------------------------------


def test_the_end_of_an_open_absence_is_a_change_that_needs_no_mail() -> None:
    until = march(33, 12)
    copies = [ours(march(3, 10)), note(march(3, 12))]
    before = record(*copies, within=None, as_of=until - 90 * 60 * SECOND)
    assert before.next_change_at == until
    assert [row["is_open"] for row in rows_of(before)["absences"]] == [1]
    after = record(*copies, within=None, as_of=until)
    assert [row["is_open"] for row in rows_of(after)["absences"]] == [0]


def test_a_wait_reaches_a_slower_answer_later_when_an_absence_lies_in_it() -> None:
    """Carl took 4 working hours; Bob's wait of 2 + 0.5 gets there on Wednesday at 14:00."""
    carl = [ours(march(3, 10), CARL), theirs(march(3, 14), CARL)]
    bob = [ours(march(10, 10), subject="Samples"), note(march(10, 12))]
    back = theirs(march(12, 12), subject="Contract")
    made = record(*carl, *bob, back, within=None, as_of=march(12, 12, 30))
    assert made.next_change_at == march(12, 14)


def test_an_absence_is_a_row_without_the_address_where_people_are_not_shown() -> None:
    made = record(note(march(3, 12)), as_of=march(5))
    plain = {
        "partner": PARTNER,
        "address": BOB,
        "began_at": "2025-03-03T12:00:00Z",
        "ended_at": None,
        "is_open": 1,
    }
    assert list(rows_of_absences(made, OPEN)) == [plain]
    (hidden,) = rows_of_absences(made, replace(OPEN, people="initials"))
    assert BOB not in hidden["address"]
    assert hidden["address"].startswith("B. ")


def test_response_times_say_how_much_was_taken_out() -> None:
    made = record(ours(march(3, 10)), note(march(3, 12)), theirs(march(10, 11)))
    rows = {row["responder"]: row["absent_seconds"] for row in rows_of(made)["response_times"]}
    assert rows == {"them": 39 * 3600, "us": 0}


# -- laws -----------------------------------------------------------------------------------

START = march(3, 9)


@st.composite
def mail(draw: st.DrawFn) -> list[Message]:
    """Up to a dozen letters, notes among them, some days apart."""
    at, copies = START, list[Message]()
    for _ in range(draw(st.integers(2, 12))):
        at += draw(st.sampled_from((1, 3, 25, 70, 200, 600))) * HOUR + SECOND
        kind = draw(st.sampled_from(("ask", "note", "letter", "note")))
        who = draw(st.sampled_from((BOB, BOB, CARL)))
        subject = draw(st.sampled_from(("Quote for March", "Samples")))
        if kind == "ask":
            to = draw(st.sampled_from(((BOB,), (BOB,), (CARL,), (BOB, CARL))))
            copies.append(ours(at, *to, subject=subject))
        elif kind == "note":
            copies.append(note(at, who))
        else:
            copies.append(theirs(at, who, subject=f"Re: {subject}"))
    return copies


WITHIN = st.sampled_from(
    ("4 business hours", "60 business hours", "1 business day", "10 business days", "2 days")
)
laws = settings(max_examples=60, deadline=None, phases=(Phase.explicit, Phase.generate))


def asks_to_them(copies: Sequence[Message], within: str, as_of: datetime) -> dict[str, Ask]:
    asks = record(*copies, within=within, as_of=as_of).asks
    return {x.letter.key: x for x in asks if x.responder == "them"}


@given(mail(), WITHIN, st.integers(0, 900))
@laws
def test_with_absences_no_wait_is_longer_and_nothing_is_due_earlier_or_within_one(
    copies: list[Message], within: str, hours: int
) -> None:
    """The same letters without the notes are those of people who are never away."""
    as_of = START + hours * HOUR
    plain = asks_to_them([c for c in copies if not c.marks], within, as_of)
    for key, asked in asks_to_them(copies, within, as_of).items():
        without = plain[key]
        assert asked.response_seconds == without.response_seconds
        assert asked.business_age_seconds <= without.business_age_seconds
        if asked.business_seconds is not None and without.business_seconds is not None:
            assert asked.business_seconds + asked.absent_seconds == without.business_seconds
        assert asked.due_at is not None
        assert without.due_at is not None
        assert asked.due_at >= without.due_at
        assert not any(begin < asked.due_at < end for begin, end in asked.away)


@given(mail(), WITHIN, st.integers(0, 900), st.data())
@laws
def test_neither_order_nor_later_letters_nor_those_of_others_change_an_absence(
    copies: list[Message], within: str, hours: int, data: st.DataObject
) -> None:
    as_of = START + hours * HOUR
    known = [copy for copy in copies if copy.sent_at and copy.sent_at <= as_of]
    made = record(*known, within=within, as_of=as_of)
    others = [note(START, "eve@initech.com"), theirs(START + DAY, "eve@initech.com")]
    again = record(*data.draw(st.permutations([*copies, *others])), within=within, as_of=as_of)
    assert (again.absences, again.asks) == (made.absences, made.asks)


@given(mail(), WITHIN, st.integers(0, 1500), st.integers(0, 100))
@laws
def test_nothing_changes_before_next_change_at(
    copies: list[Message], within: str, hours: int, share: int
) -> None:
    as_of = START + hours * HOUR
    known = [copy for copy in copies if copy.sent_at and copy.sent_at <= as_of]
    made = record(*known, within=within, as_of=as_of)
    seconds = (made.next_change_at - as_of) // SECOND - 1
    assume(seconds >= 1)
    later = record(*known, within=within, as_of=as_of + max(1, seconds * share // 100) * SECOND)
    for name in ("absences", "response_times", "silence_gaps"):
        assert rows_of(later)[name] == rows_of(made)[name], name


def hours_of_work(away: Spans, start: datetime) -> list[datetime]:
    """Where every hour of ten weeks begins in which somebody is at work, one after the other."""
    return [
        at
        for at in (start + n * HOUR for n in range(70 * 24))
        if at.weekday() < 5
        and 9 <= at.hour < 17
        and not any(begin <= at < end for begin, end in away)
    ]


@st.composite
def stretches(draw: st.DrawFn) -> Spans:
    at, spans = START, list[tuple[datetime, datetime]]()
    for _ in range(draw(st.integers(1, 3))):
        begin = at + draw(st.integers(0, 60)) * HOUR
        at = begin + draw(st.integers(1, 90)) * HOUR
        spans.append((begin, at))
        at += HOUR
    return tuple(spans)


@given(stretches(), st.integers(1, 40))
@example(((march(3, 9), march(5, 9)),), 8)
@laws
def test_hours_of_work_around_absences_are_those_counted_one_by_one(
    away: Spans, hours: int
) -> None:
    clock = ClockAround(CLOCK, away)
    due = clock.deadline(START, Span(hours * 3600, "working_seconds"))
    assert due == hours_of_work(away, START)[hours - 1] + HOUR
    assert clock.working_seconds(START, due) == hours * 3600


def test_an_absence_knows_whether_it_is_open() -> None:
    assert Absence(BOB, march(3), None, march(33)).is_open
    assert not Absence(BOB, march(3), march(9), march(9)).is_open
