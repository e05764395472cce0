"""How a partnership stands, why, and when that changes: cases worked by hand."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from mailboxes import BERLIN, PARTNER, ROSTER, Mailbox, message
from round_trip import clock_of, measured, rows_of

from inbox_agent.measure import PartnerRecord
from inbox_agent.messages import Message
from inbox_agent.standards import Cuts, Span, Standards
from inbox_agent.standing import window

SECOND, DAY = timedelta(seconds=1), timedelta(days=1)


def local(text: str) -> datetime:
    """``2025-05-05 10:00`` on the wall in Berlin, our zone; 5 May 2025 is a Monday."""
    wall = datetime.fromisoformat(text)
    return wall.replace(tzinfo=ZoneInfo("Europe/Berlin")).astimezone(UTC)


def theirs(at: datetime, answers: str | None = None, **more: Any) -> Message:
    """A letter of Bob's to Ana; a conversation of its own unless it answers one."""
    fields: dict[str, Any] = {"author": "bob@globex.com", "to": ("ana@acme.com",)}
    name = f"theirs-{at:%Y%m%d%H%M%S}@mail.example"
    return message(name, at, **fields | {"in_reply_to": answers, "subject": "Quote?"} | more)


def ours(at: datetime, answers: str | None = None, **more: Any) -> Message:
    """A letter of Ana's to Bob."""
    fields: dict[str, Any] = {"author": "ana@acme.com", "to": ("bob@globex.com",)}
    name = f"ours-{at:%Y%m%d%H%M%S}@mail.example"
    return message(name, at, **fields | {"in_reply_to": answers, "subject": "Quote?"} | more)


def record(
    letters: Sequence[Message], as_of: datetime, cuts: Cuts | None = None, /, **standards: str
) -> PartnerRecord:
    """What is known at an instant, held to standards like ``"1 business day"``."""
    spans = {name: Span.parse(text) for name, text in standards.items()}
    box = Mailbox(
        copies=tuple(letters),
        roster=ROSTER,
        partner_key=PARTNER,
        standards=Standards(**spans),
        us=BERLIN,
        them=BERLIN,
        cuts=cuts or Cuts(),
        as_of=as_of,
    )
    return measured(box)


def stands(found: PartnerRecord) -> tuple[str, str]:
    return (found.standing.state, found.standing.because)


MONDAY = local("2025-05-05 10:00")
ANSWER = {"we_answer_within": "1 business day"}  # due on Tuesday at 10:00
CONTACT = {"contact_every": "14 days", "contact_at_least_every": "42 days"}


# -- the state and its reason ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("as_of", "state", "because"),
    [
        pytest.param(
            MONDAY,
            "unknown",
            "The last letter was theirs, today (5 May 2025); "
            "too little mail yet to know the usual rhythm.",
            id="just asked: a whole day is left",
        ),
        pytest.param(
            MONDAY + SECOND,
            "watch",
            "They wrote today (5 May 2025); our answer is due on 6 May 2025.",
            id="less than a day is left",
        ),
        pytest.param(
            local("2025-05-06 10:00"),
            "watch",
            "They wrote yesterday (5 May 2025); our answer is due today at 10:00.",
            id="at the very deadline",
        ),
        pytest.param(
            local("2025-05-06 10:00") + SECOND,
            "act",
            "They wrote yesterday (5 May 2025) and wait for our answer, due today at 10:00.",
            id="past it",
        ),
        pytest.param(
            MONDAY + 30 * DAY - SECOND,
            "act",
            "They wrote 4 weeks ago (5 May 2025) and wait for our answer, due on 6 May 2025.",
            id="the last second of waiting",
        ),
        pytest.param(
            MONDAY + 30 * DAY,
            "unknown",
            "The last letter was theirs, 4 weeks ago (5 May 2025); "
            "too little mail yet to know the usual rhythm.",
            id="given up",
        ),
    ],
)
def test_an_answer_of_ours_falls_due(as_of: datetime, state: str, because: str) -> None:
    assert stands(record([theirs(MONDAY)], as_of, **ANSWER)) == (state, because)


def test_several_answers_overdue_are_counted() -> None:
    letters = [theirs(MONDAY), theirs(MONDAY + DAY, subject="Samples?")]
    assert stands(record(letters, local("2025-05-09 12:00"), **ANSWER)) == (
        "act",
        (
            "They wrote 4 days ago (5 May 2025) and wait for our answer, due on 6 May 2025."
            " 1 more of theirs waits, too."
        ),
    )


def test_an_answer_ends_it() -> None:
    asked = theirs(MONDAY)
    settled = ours(MONDAY + 2 * DAY, asked.message_id, is_settled=True)
    assert stands(record([asked, settled], local("2025-05-09 12:00"), **ANSWER))[0] == "unknown"


def test_what_a_person_settled_is_not_overdue() -> None:
    asked = theirs(MONDAY, is_settled=True)
    assert stands(record([asked], local("2025-05-09 12:00"), **ANSWER))[0] == "unknown"


def test_a_nudge_keeps_an_old_ask_waiting() -> None:
    asked = theirs(MONDAY)
    nudge = theirs(MONDAY + 20 * DAY, asked.message_id)
    until = MONDAY + 50 * DAY
    assert stands(record([asked, nudge], until - SECOND, **ANSWER))[0] == "act"
    assert stands(record([asked, nudge], until, **ANSWER))[0] == "unknown"


def test_an_answer_of_theirs_overdue_is_to_be_watched() -> None:
    due = local("2025-05-07 10:00")
    standards = {"they_answer_within": "2 business days"}
    assert stands(record([ours(MONDAY)], due, **standards))[0] == "unknown"
    assert stands(record([ours(MONDAY)], due + SECOND, **standards)) == (
        "watch",
        "We wrote 2 days ago (5 May 2025) and wait for their answer, due today at 10:00.",
    )


LAST = "he last letter was ours"
LONGER = "Silent for longer than your standard allows"


@pytest.mark.parametrize(
    ("after", "state", "because"),
    [
        (
            14 * DAY - SECOND,
            "ok",
            f"T{LAST}, 14 days ago (5 May 2025); silent for too long from 19 May 2025 on.",
        ),
        (14 * DAY, "watch", f"{LONGER}: t{LAST}, 14 days ago (5 May 2025)."),
        (42 * DAY - SECOND, "watch", f"{LONGER}: t{LAST}, 6 weeks ago (5 May 2025)."),
        (42 * DAY, "act", f"{LONGER}: t{LAST}, 6 weeks ago (5 May 2025)."),
    ],
)
def test_a_silence_passes_its_lines(after: timedelta, state: str, because: str) -> None:
    letters = [ours(MONDAY, is_settled=True)]
    assert stands(record(letters, MONDAY + after, **CONTACT)) == (state, because)


SETTLED = {"is_settled": True, "subject": "For your files"}


@pytest.mark.parametrize(
    ("letters", "said"),
    [
        pytest.param(
            [ours(MONDAY)], f"t{LAST}, 6 weeks ago (5 May 2025), and they have not answered it.",
            id="our ask was the last letter",
        ),
        pytest.param(
            [theirs(MONDAY)],
            "the last letter was theirs, 6 weeks ago (5 May 2025), and we have not answered it.",
            id="so was theirs",
        ),
        pytest.param(
            [ours(MONDAY), ours(MONDAY + DAY, **SETTLED)],
            f"t{LAST}, 6 weeks ago (6 May 2025); our ask of 5 May 2025 is unanswered.",
            id="we wrote once more, of something else",
        ),
        pytest.param(
            [
                ours(MONDAY),
                theirs(MONDAY + SECOND, to=("ben@acme.com",), **SETTLED),
                ours(MONDAY + DAY, **SETTLED),
            ],
            f"t{LAST}, 6 weeks ago (6 May 2025).",
            id="they wrote since, of something else and to somebody else",
        ),
        pytest.param(
            [ours(MONDAY, **SETTLED)], f"t{LAST}, 6 weeks ago (5 May 2025).",
            id="nothing was asked",
        ),
    ],
)  # fmt: skip
def test_a_silence_that_began_with_an_unanswered_ask_says_so(
    letters: list[Message], said: str
) -> None:
    found = record(letters, MONDAY + 43 * DAY, **CONTACT)
    assert stands(found) == ("act", f"{LONGER}: {said}")


def test_a_reminder_that_is_not_answered_belongs_to_its_ask() -> None:
    asked = theirs(MONDAY)
    found = record(
        [asked, theirs(MONDAY + 20 * DAY, asked.message_id)], MONDAY + 63 * DAY, **CONTACT
    )
    assert stands(found)[1].endswith("(25 May 2025); their ask of 5 May 2025 is unanswered.")


def test_a_single_line_for_silence_is_enough_to_be_in_order() -> None:
    letters = [ours(MONDAY, is_settled=True)]
    assert stands(record(letters, MONDAY + DAY, contact_at_least_every="42 days")) == (
        "ok",
        f"T{LAST}, yesterday (5 May 2025); silent for too long from 16 Jun 2025 on.",
    )


def test_an_overdue_answer_goes_before_a_silence() -> None:
    found = record([theirs(MONDAY)], MONDAY + 20 * DAY, **ANSWER, **CONTACT)
    assert stands(found)[0] == "act"
    assert "wait for our answer" in stands(found)[1]


def test_a_silence_to_act_on_goes_before_an_answer_that_falls_due() -> None:
    letters = [ours(MONDAY, is_settled=True)]
    standards = {"contact_at_least_every": "1 day", **ANSWER}
    asked = theirs(MONDAY + 3 * DAY, received_at=None, sent_at=None)  # no instant: no contact
    found = record([*letters, asked], MONDAY + 3 * DAY, **standards)
    assert stands(found)[0] == "act"
    assert stands(found)[1].startswith(LONGER)


def test_without_a_letter_nothing_is_known() -> None:
    because = "No contact yet; too little mail yet to know the usual rhythm."
    assert stands(record([], MONDAY, **ANSWER, **CONTACT)) == ("unknown", because)


def test_a_reason_has_dates_of_the_teams_zone() -> None:
    late = datetime(2025, 5, 5, 22, 30, tzinfo=UTC)  # half past midnight in Berlin
    found = record([ours(late, is_settled=True)], late + DAY, **CONTACT)
    assert stands(found)[1].startswith("The last letter was ours, yesterday (6 May 2025);")


def _mondays(count: int) -> list[Message]:
    return [theirs(MONDAY + n * 7 * DAY, is_settled=True) for n in range(count)]


def test_eight_gaps_make_a_rhythm() -> None:
    """Nine Mondays: each gap has 5 working days. The sixth after Monday 30 June is a Tuesday,
    the eleventh, one more than twice 5, a Tuesday too."""
    found = record(_mondays(9), MONDAY + 57 * DAY)
    assert found.rhythm.last_contact_at == local("2025-06-30 10:00")
    assert found.rhythm.usual_gap_working_days == 5
    assert found.rhythm.watch_at == local("2025-07-08 00:00")
    assert found.rhythm.act_at == local("2025-07-15 00:00")
    assert stands(found)[0] == "ok"
    assert stands(record(_mondays(9), local("2025-07-08 00:00"))) == (
        "watch",
        (
            "Silent for longer than usual: the last letter was theirs, 8 days ago (30 Jun 2025);"
            " usually it takes 5 working days to the next, in the 12 months before never more"
            " than 5."
        ),
    )
    assert stands(record(_mondays(9), local("2025-07-15 00:00")))[0] == "act"
    assert stands(record(_mondays(8), local("2025-07-15 00:00")))[0] == "unknown"


# -- the window -----------------------------------------------------------------------------

FORTNIGHT = Cuts(window_days=14)


def test_the_window_ends_at_the_last_local_midnight() -> None:
    ends = window(FORTNIGHT, clock_of(BERLIN), local("2025-05-22 15:00"))
    assert ends == (local("2025-05-08 00:00"), local("2025-05-22 00:00"))
    # 23:59 in Berlin on 29 March, a day before clocks change: 14 days are no 14 times 24 hours
    ends = window(FORTNIGHT, clock_of(BERLIN), local("2025-04-05 23:59"))
    assert ends == (local("2025-03-22 00:00"), local("2025-04-05 00:00"))
    assert ends[1] - ends[0] == 14 * DAY - timedelta(hours=1)


@pytest.mark.parametrize(
    ("asked", "asks"),
    [
        (local("2025-05-08 00:00") - SECOND, 0),
        (local("2025-05-08 00:00"), 1),
        (local("2025-05-22 00:00") - SECOND, 1),
        (local("2025-05-22 00:00"), 0),
    ],
)
def test_an_ask_is_of_the_window_by_the_time_of_asking(asked: datetime, asks: int) -> None:
    found = record([theirs(asked), ours(asked + SECOND)], local("2025-05-22 15:00"), FORTNIGHT)
    assert found.standing.ours.asks == asks
    assert found.standing.theirs.asks in (0, 1)


def test_who_opened_conversations_and_who_had_to_remind() -> None:
    """Of the window alone: two opened by them, one by us; they reminded twice, we once."""
    first, second = theirs(MONDAY), theirs(MONDAY + 2 * DAY, subject="Samples?")
    third = ours(MONDAY + DAY, subject="Prices?")
    letters = [
        *(first, second, third),
        theirs(MONDAY + 3 * DAY, first.message_id),
        theirs(MONDAY + 4 * DAY, first.message_id),
        ours(MONDAY + 5 * DAY, third.message_id),
        ours(MONDAY - 300 * DAY, subject="Long ago?"),
    ]
    street = record(letters, MONDAY + 10 * DAY).street
    assert street.opened_by_them == pytest.approx(2 / 3)
    assert street.opened_by_us == pytest.approx(1 / 3)
    assert (street.nudges_by_them, street.nudges_by_us) == (2, 1)


def test_without_a_conversation_in_the_window_nobody_opened_one() -> None:
    street = record([theirs(MONDAY)], MONDAY + 100 * DAY).street
    assert (street.opened_by_us, street.opened_by_them) == (None, None)


# -- when that changes ----------------------------------------------------------------------

NUDGED = [theirs(MONDAY), theirs(MONDAY + 20 * DAY, "theirs-20250505080000@mail.example")]
DUE = local("2025-05-06 10:00")


@pytest.mark.parametrize(
    ("letters", "as_of", "standards", "changes_at"),
    [
        pytest.param([], MONDAY, {}, local("2025-05-06 00:00"), id="at midnight at the latest"),
        pytest.param(
            [], local("2025-03-30 00:30"), {}, local("2025-03-31 00:00"), id="a day of 23 hours"
        ),
        pytest.param(
            [], local("2025-05-06 00:00"), {}, local("2025-05-07 00:00"), id="from midnight on"
        ),
        pytest.param([theirs(MONDAY)], MONDAY, ANSWER, MONDAY + SECOND, id="a day is left"),
        pytest.param(
            [theirs(MONDAY)], DUE - 10 * 3600 * SECOND, ANSWER, DUE + SECOND, id="falls due"
        ),
        pytest.param(
            [theirs(MONDAY)],
            local("2025-06-04 00:00"),
            {},
            local("2025-06-04 10:00"),
            id="lapses, and leaves the waiting list",
        ),
        pytest.param(NUDGED, local("2025-06-04 00:00"), {}, local("2025-06-04 10:00"), id="lapses"),
        pytest.param(
            NUDGED,
            local("2025-06-24 00:00"),
            {},
            local("2025-06-24 10:00"),
            id="leaves the waiting list",
        ),
        pytest.param(
            [ours(MONDAY, is_settled=True)],
            MONDAY + 14 * DAY - SECOND,
            CONTACT,
            MONDAY + 14 * DAY,
            id="a silence turns amber",
        ),
        pytest.param(
            [ours(MONDAY, is_settled=True)],
            MONDAY + 42 * DAY - SECOND,
            CONTACT,
            MONDAY + 42 * DAY,
            id="a silence turns red",
        ),
        pytest.param(
            [theirs(MONDAY - 7 * DAY, is_settled=True), theirs(MONDAY, is_settled=True)],
            MONDAY + 365 * DAY - SECOND,
            {},
            MONDAY + 365 * DAY,
            id="a gap leaves the 12 months",
        ),
    ],
)
def test_next_change_at(
    letters: list[Message], as_of: datetime, standards: dict[str, str], changes_at: datetime
) -> None:
    found = record(letters, as_of, **standards)
    assert found.next_change_at == changes_at
    if as_of < changes_at - SECOND:
        just_before = record(letters, changes_at - SECOND, **standards)
        assert just_before.next_change_at == changes_at
        assert stands(just_before) == stands(found)


def test_a_gap_leaves_the_rhythm_at_that_very_instant() -> None:
    letters = [theirs(MONDAY - 7 * DAY, is_settled=True), theirs(MONDAY, is_settled=True)]
    at = MONDAY + 365 * DAY
    # Tuesday, Wednesday, Friday and Monday: Thursday was the first of May
    assert record(letters, at - SECOND).rhythm.usual_gap_working_days == 4
    assert record(letters, at).rhythm.usual_gap_working_days is None


def test_a_rate_that_appears_by_itself_is_announced() -> None:
    """Five asks of one day, all answered: the first has been followed for 30 days at 10:00."""
    asked = [theirs(MONDAY + n * 60 * SECOND, subject=f"Number {n}?") for n in range(5)]
    answered = [
        ours(MONDAY + (n + 60) * 60 * SECOND, asked[n].message_id, is_settled=True)
        for n in range(5)
    ]
    letters = [*asked, *answered]
    as_of, appears_at = MONDAY + 30 * DAY - 3600 * SECOND, MONDAY + 30 * DAY
    found = record(letters, as_of)
    assert found.standing.ours.response_rate is None
    assert record(letters, appears_at).standing.ours.response_rate == 1.0
    assert found.next_change_at <= appears_at


def test_a_persons_gap_that_leaves_the_12_months_is_announced() -> None:
    """365 days before 30 March 2024 it was summer time already, so that day ended an hour
    earlier: Bob's gap up to Saturday, 1 April 2023 is left out an hour before midnight."""
    letters = [
        theirs(local("2023-03-27 10:00"), is_settled=True),
        theirs(local("2023-04-01 10:00"), is_settled=True),
    ]
    as_of = local("2024-03-30 22:00")
    before, after = record(letters, as_of), record(letters, as_of + 90 * 60 * SECOND)
    assert before.next_change_at == local("2024-03-31 00:00")
    assert rows_of(before)["contacts"] == rows_of(after)["contacts"]


def test_an_open_ask_that_has_waited_as_long_as_an_answer_took_is_announced() -> None:
    """Two answers took 1 h and two 20 h. An open ask of Tuesday 20:00 has waited 20 h on
    Wednesday at 16:00. Before, both of those followed at 20 h were answered: F = 1. From then
    on it is 2 of 3: F = 1 - 3/5 · 1/3 = 4/5, and nine of ten is not reached any more.
    In working time it is later: 6 h 27 min of it have passed at 16:27.
    """
    hours = 3600 * SECOND
    asked = [theirs(MONDAY + n * 60 * SECOND, subject=f"Number {n}?") for n in range(4)]
    answered = [
        ours(MONDAY + n * 60 * SECOND + took * hours, asked[n].message_id, is_settled=True)
        for n, took in enumerate((1, 1, 20, 20))
    ]
    letters = [*asked, *answered, theirs(local("2025-05-06 20:00"), subject="Number 4?")]
    crossing = local("2025-05-07 16:00")
    before = record(letters, crossing - 6 * hours)
    assert before.standing.ours.p90_seconds == 20 * 3600
    assert before.next_change_at == crossing
    assert record(letters, crossing - SECOND).standing.ours.p90_seconds == 20 * 3600
    assert record(letters, crossing).standing.ours.p90_seconds is None
    assert record(letters, crossing).next_change_at == local("2025-05-07 16:27")
