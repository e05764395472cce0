"""Standards met, at risk and broken: cases worked by hand, and the promise of `breaks_at`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from mailboxes import BERLIN, PARTNER, ROSTER, Mailbox, mailboxes, message
from round_trip import clock_of, measured, rows_of, terms_of

from inbox_agent.instants import choose_at
from inbox_agent.kept_answers import AnswerStandard, KeptStandard, Step
from inbox_agent.kept_standards import kept_standards
from inbox_agent.measure import PartnerRecord, measure
from inbox_agent.messages import Message
from inbox_agent.sent_coverage import Proof
from inbox_agent.standards import Cuts, Span, Standards
from inbox_agent.suggested_standards import rounded_down

SECOND, MINUTE, DAY = timedelta(seconds=1), timedelta(minutes=1), timedelta(days=1)
FORTNIGHT = Cuts(window_days=14)


def local(text: str) -> datetime:
    """``05-05 10:00`` of 2025 on the wall in Berlin, our zone; 5 May is a Monday."""
    wall = datetime.fromisoformat(f"2025-{text}")
    return wall.replace(tzinfo=ZoneInfo("Europe/Berlin")).astimezone(UTC)


def theirs(at: datetime, author: str = "bob@globex.com", answers: str | None = None) -> Message:
    """A letter to Ana; a conversation of its own unless it answers one."""
    name = f"theirs-{at:%m%d%H%M%S}@mail.example"
    return message(
        name, at, author=author, to=("ana@acme.com",), subject="Quote?", in_reply_to=answers
    )


def ours(at: datetime, answers: str | None = None) -> Message:
    """A letter to Bob."""
    name = f"ours-{at:%m%d%H%M%S}@mail.example"
    to = ("bob@globex.com",)
    return message(name, at, author="ana@acme.com", to=to, subject="Quote?", in_reply_to=answers)


def asked(at: datetime, after: timedelta) -> list[Message]:
    """An ask of theirs and our answer to it."""
    ask = theirs(at)
    return [ask, ours(at + after, ask.message_id)]


def record(letters: Sequence[Message], as_of: datetime, **standards: Any) -> PartnerRecord:
    """What is known at an instant; spans are given as text."""
    said = {key: Span.parse(x) if isinstance(x, str) else x for key, x in standards.items()}
    terms = (Standards(**said), BERLIN, BERLIN, FORTNIGHT)
    return measured(Mailbox(tuple(letters), ROSTER, PARTNER, *terms, as_of))


def kept(letters: Sequence[Message], as_of: datetime, **standards: Any) -> KeptStandard:
    """The one standard that is set."""
    (found,) = record(letters, as_of, **standards).kept_standards
    return found


def in_short(found: KeptStandard) -> tuple[Any, ...]:
    return (found.state, found.misses_left, found.breaks_at)


# -- answers --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asks", "share", "allowed"),
    [
        *((9, 0.9, 0), (10, 0.9, 1), (19, 0.9, 1), (25, 0.9, 2), (30, 0.9, 3)),
        *((19, 0.95, 0), (20, 0.95, 1), (3, 0.5, 1), (100, 1.0, 0)),
    ],
)
def test_as_many_asks_may_be_missed_as_the_share_leaves_rounded_down(
    asks: int, share: float, allowed: int
) -> None:
    standard = AnswerStandard("us", Span.parse("1 business day"), share)
    assert standard.left(Step(local("05-05 00:00"), asks, 0)) == allowed
    assert standard.left(Step(local("05-05 00:00"), asks, allowed + 1)) == -1


@pytest.mark.parametrize(
    ("share", "target"),
    [
        (0.9, "1 business day, 9 of 10"),
        (0.95, "1 business day, 19 of 20"),
        (2 / 3, "1 business day, 2 of 3"),
        (1.0, "1 business day, all"),
    ],
)
def test_the_target_is_said_in_words(share: float, target: str) -> None:
    assert AnswerStandard("us", Span.parse("1 business day"), share).target == target


@pytest.mark.parametrize(
    ("text", "words"),
    [
        *(("90 minutes", "90 minutes"), ("120 minutes", "2 hours"), ("48 hours", "2 days")),
        *(("2 weeks", "14 days"), ("1 day", "1 day"), ("25 hours", "25 hours")),
        *(("4 business hours", "4 business hours"), ("1 business day", "1 business day")),
    ],
)
def test_a_span_is_said_in_the_largest_unit_that_leaves_nothing_over(text: str, words: str) -> None:
    assert Span.parse(text).words == words


DUE = local("05-06 10:00")


@pytest.mark.parametrize(
    ("as_of", "found", "asks", "actual"),
    [
        # asked on Monday at 10:00, so of the window from Tuesday's midnight on
        (local("05-05 15:00"), (None, None, DUE + SECOND), 0, None),
        (local("05-06 00:00"), ("at risk", 0, DUE + SECOND), 1, 1.0),
        (DUE, ("at risk", 0, DUE + SECOND), 1, 1.0),
        (DUE + SECOND, ("broken", -1, None), 1, 0.0),
    ],
)
def test_a_single_ask_that_waits_breaks_the_standard_when_it_is_overdue(
    as_of: datetime, found: tuple[Any, ...], asks: int, actual: float | None
) -> None:
    letters = [theirs(local("05-05 10:00"))]
    standard = kept(letters, as_of, we_answer_within="1 business day")
    assert in_short(standard) == found
    assert (standard.asks, standard.actual) == (asks, actual)
    keys = [ask.key for ask in record(letters, as_of, we_answer_within="1 business day").asks]
    assert standard.missed == (tuple(keys) if found[0] == "broken" else ())


def test_answers_in_time_that_leave_the_window_break_it_by_themselves() -> None:
    """Ten answered on Monday 5 May, one missed on Friday: 1 of 11 may be, so none is left. Monday's
    leave on the 20th, a fortnight and a day later, and 1 of 1 is too many."""
    monday, friday = local("05-05 10:00"), local("05-09 10:00")
    letters = [each for n in range(10) for each in asked(monday + n * MINUTE, timedelta(hours=1))]
    letters += asked(friday, 4 * DAY)
    breaks_at = local("05-20 00:00")
    for as_of, state in ((local("05-12 12:00"), "at risk"), (breaks_at - SECOND, "at risk")):
        found = kept(letters, as_of, we_answer_within="1 business day")
        assert in_short(found) == (state, 0, breaks_at)
        assert (found.asks, found.misses) == (11, 1)
        assert found.actual == pytest.approx(10 / 11)
    assert in_short(kept(letters, breaks_at, we_answer_within="1 business day")) == (
        *("broken", -1, None),
    )


def test_what_breaks_in_more_than_seven_days_is_no_risk_yet() -> None:
    """As before with nine answered of Monday and share 0.8: of 10 asks 2 may be missed, 1 is left;
    alone the missed one breaks it on the 20th, which on the 12th is 8 days away."""
    letters = [
        each
        for n in range(9)
        for each in asked(local("05-05 10:00") + n * MINUTE, timedelta(hours=1))
    ]
    letters += asked(local("05-08 10:00"), 2 * DAY)
    standards = {"we_answer_within": "1 business day", "we_answer_share": 0.8}
    breaks_at = local("05-20 00:00")
    assert in_short(kept(letters, local("05-12 23:59"), **standards)) == ("met", 1, breaks_at)
    assert in_short(kept(letters, local("05-13 00:00"), **standards)) == ("at risk", 1, breaks_at)


def test_what_is_at_risk_is_said_for_whole_days() -> None:
    """Asked on Monday the 5th at 10:00, due 8 days later: on the 6th at noon that is less than 7
    days ahead, but more than 7 from that day's midnight."""
    letters, due = [theirs(local("05-05 10:00"))], local("05-13 10:00")
    for as_of, state in ((local("05-06 12:00"), "met"), (local("05-07 00:00"), "at risk")):
        found = kept(letters, as_of, we_answer_within="8 days")
        assert in_short(found) == (state, 0, due + SECOND)


def test_a_missed_ask_that_has_left_the_window_counts_no_more() -> None:
    letters = [*asked(local("05-05 10:00"), 2 * DAY), *asked(local("05-09 10:00"), 5 * MINUTE)]
    before = kept(letters, local("05-19 23:59"), we_answer_within="1 business day")
    assert (before.state, before.asks, before.misses) == ("broken", 2, 1)
    after = kept(letters, local("05-20 00:00"), we_answer_within="1 business day")
    assert (after.state, after.asks, after.misses, after.missed) == ("met", 1, 0, ())


def test_their_answers_are_held_to_their_own_share() -> None:
    """Two asks of ours, one answered after an hour, one not within a business day: a half."""
    first, second = ours(local("05-05 10:00")), ours(local("05-05 11:00"))
    letters = [first, theirs(local("05-05 11:30"), answers=first.message_id), second]
    for share, found in ((0.5, ("met", 0)), (0.9, ("broken", -1))):
        standard = kept(
            letters, local("05-07 00:00"), they_answer_within="1 business day",
            they_answer_share=share,
        )  # fmt: skip
        assert in_short(standard)[:2] == found
        assert (standard.asks, standard.misses, standard.actual) == (2, 1, 0.5)


def test_where_our_answers_are_missing_nothing_is_said_of_them() -> None:
    as_of = local("05-07 00:00")
    found = record([theirs(local("05-05 10:00"))], as_of)
    box = Mailbox((), ROSTER, PARTNER, ANSWER, BERLIN, BERLIN, FORTNIGHT, as_of)
    said = kept_standards(
        found.asks, found.letters, found.rhythm, terms_of(box), as_of, is_blind=True
    )
    assert [(x.target, x.state, x.actual, x.breaks_at) for x in said] == [
        ("1 business day, 9 of 10", None, None, None)
    ]


ANSWER = Standards(we_answer_within=Span.parse("1 business day"))


# -- contact --------------------------------------------------------------------------------

MONDAY = local("05-05 10:00")


@pytest.mark.parametrize(
    ("as_of", "state", "actual"),
    [
        # a fifth of 14 days is 2 days and 19.2 hours: from the 16th at 14:48 on, so at midnight
        (local("05-16 23:59"), "met", 10.58),  # 10 days and 14 hours at the midnight before
        (local("05-17 00:00"), "at risk", 11.58),
        (local("05-19 09:59"), "at risk", 13.58),
        (local("05-19 10:00"), "broken", 14.0),
        (local("05-21 00:00"), "broken", 15.58),
    ],
)
def test_the_present_silence_breaks_a_standard_by_the_calendar(
    as_of: datetime, state: str, actual: float
) -> None:
    found = kept([ours(MONDAY)], as_of, contact_every="14 days")
    assert (found.state, found.actual, found.unit) == (state, actual, "days")
    assert found.breaks_at == (None if state == "broken" else local("05-19 10:00"))


def test_the_instant_at_which_a_silence_breaks_a_standard_is_a_change() -> None:
    """After eleven days with a letter each it is unusual long before it is too long."""
    letters = [ours(MONDAY - n * DAY) for n in range(11)]
    before = record(letters, MONDAY + 10 * DAY - MINUTE, contact_every="10 days")
    assert before.rhythm.watch_at is not None
    assert before.rhythm.watch_at < before.as_of
    assert before.next_change_at == MONDAY + 10 * DAY


def test_a_standard_in_business_days_breaks_at_the_midnight_after_them() -> None:
    """The sixth working day after Monday the 5th is Tuesday the 13th; a fifth of the time until
    then is 1 day, 12 hours and 24 minutes, so at risk from Monday's midnight on."""
    for as_of, state, actual in (
        (local("05-10 12:00"), "met", 4),
        (local("05-12 00:00"), "at risk", 5),
        (local("05-13 00:00"), "broken", 6),
    ):
        found = kept([ours(MONDAY)], as_of, contact_at_least_every="5 business days")
        assert (found.state, found.actual, found.unit) == (state, actual, "working days")
        assert found.target == "5 business days"
        assert found.breaks_at == (None if state == "broken" else local("05-13 00:00"))


def test_a_silence_that_was_too_long_breaks_it_until_it_has_left_the_window() -> None:
    """It ended on 5 May; the window of 14 days begins after that from the 20th on."""
    days = (local("04-01 10:00"), MONDAY, local("05-12 10:00"), local("05-19 10:00"))
    letters = [ours(day) for day in days]
    found = kept(letters, local("05-19 23:59"), contact_every="14 days")
    gaps = [row["gap"] for row in rows_of(record(letters, local("05-19 23:59")))["silence_gaps"]]
    assert (found.state, found.actual, found.breaks_at) == ("broken", 34.0, None)
    assert (found.misses, found.missed) == (1, tuple(gaps[:1]))
    found = kept(letters, local("05-20 00:00"), contact_every="14 days")
    assert (found.state, found.actual) == ("met", 7.0)
    assert found.breaks_at == local("06-02 10:00")


def test_without_a_contact_there_is_nothing_to_judge_by() -> None:
    standards = {"contact_every": "14 days", "min_contacts": 2}
    found = record([], MONDAY, **standards).kept_standards
    assert [(x.standard, x.target, x.state, x.actual) for x in found] == [
        ("contact_every", "14 days", None, None),
        ("min_contacts", "2 people", None, None),
    ]


# -- people ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("as_of", "actual", "found"),
    [
        # Carol's letter of the 7th is of the window from the 8th on, Bob's of the 5th to the 19th
        (local("05-07 23:59"), 1, ("broken", -1, None)),
        (local("05-12 23:59"), 2, ("met", 0, local("05-20 00:00"))),
        (local("05-13 00:00"), 2, ("at risk", 0, local("05-20 00:00"))),
        (local("05-20 00:00"), 1, ("broken", -1, None)),
    ],
)
def test_enough_people_of_theirs_are_to_have_written_in_the_window(
    as_of: datetime, actual: int, found: tuple[Any, ...]
) -> None:
    letters = [
        *(theirs(local("05-02 10:00")), theirs(MONDAY)),
        *(theirs(local("05-07 10:00"), "carol@globex.com"), ours(local("05-08 10:00"))),
    ]
    standard = kept(letters, as_of, min_contacts=2)
    assert (standard.actual, standard.unit) == (actual, "people")
    assert in_short(standard) == found


# -- what is suggested ----------------------------------------------------------------------


def reminded(hours: Sequence[float | None]) -> list[Message]:
    """An ask a week, on Mondays at 9:00, reminded of on the same day; answered on Wednesday."""
    letters = []
    for n, after in enumerate(hours):
        at = local("01-06 09:00") + n * 7 * DAY
        at = at.astimezone(ZoneInfo("Europe/Berlin")).replace(hour=9).astimezone(UTC)
        ask = theirs(at)
        letters.append(ask)
        if after is not None:
            letters.append(theirs(at + after * timedelta(hours=1), answers=ask.message_id))
        letters.append(ours(at + 2 * DAY, letters[-1].message_id))
    return letters


@pytest.mark.parametrize(
    ("hours", "suggested"),
    [
        # the earliest of 10 is one in ten: after 3 hours
        ([3, 6, 6, 6, 6, *[None] * 5], "2 business hours"),
        # of 11 it is not; with the next one, at 15:00, it is: 3.5 hours before lunch, 1.5 after
        ([3, 6, 6, 6, 6, *[None] * 6], "4 business hours"),
        # four reminders are too few
        ([3, 6, 6, 6, *[None] * 6], None),
        # the next working day at 12:00: 7.5 hours and 3
        ([27, 27, 27, 27, 27], "1 business day"),
        # after half an hour: no span people write is so short
        ([0.5, 6, 6, 6, 6], None),
    ],
)
def test_what_is_suggested_is_when_one_in_ten_of_their_asks_was_reminded_of(
    hours: Sequence[float | None], suggested: str | None
) -> None:
    found = record(reminded(hours), local("06-01 00:00")).kept_standards
    assert [(each.standard, each.target, each.state, each.suggested) for each in found] == (
        [("we_answer_within", None, None, suggested)] if suggested else []
    )
    rows = rows_of(record(reminded(hours), local("06-01 00:00"), we_answer_within="4 hours"))
    assert [row["suggested"] for row in rows["standards"]] == [suggested]


def test_nothing_is_suggested_for_answers_of_ours_that_nobody_can_see() -> None:
    """They answered twenty letters of ours of which none is held: reminders are none, then."""
    letters, as_of = reminded([3, 6, 6, 6, 6]), local("06-01 00:00")
    unheld = [Proof(PARTNER, f"{n}@acme.com", as_of - n * DAY, is_held=False) for n in range(1, 21)]
    for proofs, suggested in (((), ["2 business hours"]), (unheld, [])):
        found = measure(
            ROSTER.partner(PARTNER),
            letters,
            ROSTER,
            terms_of(Mailbox((), ROSTER, PARTNER, Standards(), BERLIN, BERLIN, Cuts(), as_of)),
            as_of,
            proofs,
        )
        assert [each.suggested for each in found.kept_standards] == suggested


@pytest.mark.parametrize(
    ("hours", "words"),
    [
        *((0.9, None), (1, "1 business hour"), (7.4, "4 business hours")),
        *((7.5, "1 business day"), (37.4, "3 business days"), (1000, "20 business days")),
    ],
)
def test_a_span_is_rounded_down_to_one_that_people_write(hours: float, words: str | None) -> None:
    span = rounded_down(int(hours * 3600), clock_of(BERLIN), MONDAY)
    assert (span and span.words) == words


# -- the rows -------------------------------------------------------------------------------


def test_standards_are_published_in_the_order_of_their_keys() -> None:
    found = record(
        [theirs(MONDAY)],
        local("05-06 12:00"),
        we_answer_within="1 business day",
        they_answer_within="2 days",
        contact_every="2 weeks",
        contact_at_least_every="42 days",
        min_contacts=1,
    )
    rows = rows_of(found)["standards"]
    assert [(row["standard"], row["target"], row["unit"], row["state"]) for row in rows] == [
        ("we_answer_within", "1 business day, 9 of 10", "share", "broken"),
        ("they_answer_within", "2 days, 9 of 10", "share", None),
        ("contact_every", "14 days", "days", "met"),
        ("contact_at_least_every", "42 days", "days", "met"),
        ("min_contacts", "1 person", "people", "met"),
    ]
    assert [row["breaks_at"] for row in rows] == [
        *(None, None, "2025-05-19T08:00:00Z", "2025-06-16T08:00:00Z", "2025-05-19T22:00:00Z"),
    ]


# -- the promise ----------------------------------------------------------------------------


def _known(box: Mailbox) -> Mailbox:
    """The mailbox without what came later: nobody writes from now on."""
    at = [(copy, choose_at(copy, box.roster.received_by)[0]) for copy in box.copies]
    return replace(box, copies=tuple(copy for copy, t in at if t is None or t <= box.as_of))


def _asked_lately(box: Mailbox, place: int) -> Mailbox:
    """The mailbox as it was the night after one of its asks, held to answers on both sides."""
    within = Span.parse("2 business days")
    said = replace(
        box.standards,
        we_answer_within=box.standards.we_answer_within or within,
        they_answer_within=box.standards.they_answer_within or within,
    )
    box = replace(box, standards=said)
    asks = measured(box).asks
    night = asks[place % len(asks)].asked_at + timedelta(hours=14) if asks else box.as_of
    return _known(replace(box, as_of=min(night, box.as_of)))


@pytest.mark.simulation
@given(mailboxes(), st.integers(0, 40))
@settings(
    max_examples=60,
    deadline=None,
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
    suppress_health_check=list(HealthCheck),
)
def test_if_nobody_writes_a_standard_breaks_at_its_instant_and_not_before(
    box: Mailbox, place: int
) -> None:
    box = _asked_lately(box, place)
    for now in measured(box).kept_standards:
        if now.breaks_at is None:
            continue
        for at, is_broken in ((now.breaks_at - SECOND, False), (now.breaks_at, True)):
            later = {x.standard: x for x in measured(replace(box, as_of=at)).kept_standards}
            assert (later[now.standard].state == "broken") == is_broken, (now, later[now.standard])
