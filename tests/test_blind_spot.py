"""Answers of ours that nobody holds, and what is still said of us then; worked by hand."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from mailboxes import BERLIN, PARTNER, ROSTER, message
from round_trip import OPEN, clock_of, rows_of

from inbox_agent import standing_rows
from inbox_agent.business_clock import Clocks, Terms
from inbox_agent.measure import PartnerRecord, measure
from inbox_agent.messages import Message
from inbox_agent.sent_coverage import Proof
from inbox_agent.standards import Cuts, Span, Standards

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
MONDAY = datetime(2025, 5, 5, 8, tzinfo=UTC)  # 10:00 in Berlin
CLOCK = clock_of(BERLIN)


def theirs(name: str, at: datetime, **more: Any) -> Message:
    """A letter of Bob's to Ana about the one thing."""
    fields: dict[str, Any] = {"to": ("ana@acme.com",), "subject": "Quote for March?"}
    return message(name, at, **fields | more)


def unseen(name: str, answered_at: datetime) -> Proof:
    return Proof(PARTNER, name, answered_at, is_held=False)


def record(
    letters: Sequence[Message], proofs: Sequence[Proof], as_of: datetime, **standards: str
) -> PartnerRecord:
    spans: dict[str, Any] = {name: Span.parse(text) for name, text in standards.items()}
    terms = Terms(Standards(**spans), Clocks(CLOCK, CLOCK), Cuts())
    return measure(ROSTER.partner(PARTNER), letters, ROSTER, terms, as_of, proofs)


ASKED = theirs("ask", MONDAY)
AGAIN = theirs("again", MONDAY + 26 * HOUR, in_reply_to="ours", references=("ask", "ours"))
LETTERS = [ASKED, AGAIN]
PROOF = unseen("ours", MONDAY + 26 * HOUR)


def asks(found: PartnerRecord) -> list[tuple[Any, ...]]:
    return [(a.asked_at, a.answered_at, a.basis, a.outcome, a.nudges) for a in found.asks]


def test_their_answer_to_a_letter_nobody_holds_answers_what_came_before_it() -> None:
    """Bob asks on Monday at 10:00; on Tuesday at 12:00 he answers a letter of ours that is not
    there: by then Monday's ask was answered, after 26 hours at most; without the lunch hour six
    and a half of them were worked on Monday, three on Tuesday."""
    (first, second) = record(LETTERS, [PROOF], MONDAY + 2 * DAY).asks
    assert (first.outcome, first.basis, first.reply) == ("answered", "inferred", None)
    assert first.answered_at == MONDAY + 26 * HOUR
    assert (first.response_seconds, first.business_seconds) == (26 * 3600, 9.5 * 3600)
    assert (second.asked_at, second.outcome, second.basis) == (
        MONDAY + 26 * HOUR,
        "open",
        "seen",
    )
    assert (first.is_first, second.is_first) == (True, False)


def test_without_the_proof_it_is_a_nudge() -> None:
    assert asks(record(LETTERS, [], MONDAY + 2 * DAY)) == [(MONDAY, None, "seen", "open", 1)]


def test_a_letter_that_is_held_proves_nothing_unseen() -> None:
    held = Proof(PARTNER, "ours", MONDAY + 26 * HOUR, is_held=True)
    assert len(record(LETTERS, [held], MONDAY + 2 * DAY).asks) == 1


def test_a_proof_later_than_as_of_is_not_yet_there() -> None:
    assert asks(record(LETTERS, [PROOF], MONDAY + HOUR)) == [(MONDAY, None, "seen", "open", 0)]


def test_the_second_letter_that_answers_the_same_one_proves_nothing_more() -> None:
    third = theirs("third", MONDAY + 50 * HOUR, in_reply_to="ours", references=("ask", "ours"))
    found = record([*LETTERS, third], [PROOF], MONDAY + 3 * DAY)
    assert asks(found) == [
        (MONDAY, MONDAY + 26 * HOUR, "inferred", "answered", 0),
        (MONDAY + 26 * HOUR, None, "seen", "open", 1),
    ]


def test_an_unseen_letter_that_followed_something_else_answers_nothing_here() -> None:
    """Its references name what we had answered, and that is not this ask."""
    other = theirs("again", MONDAY + 26 * HOUR, references=("elsewhere", "ours"))
    joined = theirs("third", MONDAY + 27 * HOUR, references=("ask", "again"))
    found = record([ASKED, other, joined], [PROOF], MONDAY + 2 * DAY)
    assert all(ask.basis == "seen" for ask in found.asks)


def test_a_letter_that_names_only_what_nobody_holds_does_not_say_what_that_answered() -> None:
    """Ours may have been written before they asked."""
    bare = theirs("again", MONDAY + 26 * HOUR, in_reply_to="ours", subject="Re: Quote for March?")
    found = record([ASKED, bare], [PROOF], MONDAY + 2 * DAY)
    assert all(ask.basis == "seen" for ask in found.asks)


def test_an_answer_that_is_inferred_late_lapsed() -> None:
    """Up to 29 days lie between two letters of the episode, 40 between ask and proof."""
    nudge = theirs("nudge", MONDAY + 20 * DAY, in_reply_to="ask")
    late = theirs("late", MONDAY + 40 * DAY, in_reply_to="ours", references=("ask", "ours"))
    found = record([ASKED, nudge, late], [unseen("ours", MONDAY + 40 * DAY)], MONDAY + 41 * DAY)
    assert (found.asks[0].outcome, found.asks[0].response_seconds) == ("lapsed", None)
    assert found.asks[0].answered_at == MONDAY + 40 * DAY


@pytest.mark.parametrize(
    ("within", "met"), [("2 business days", True), ("1 business day", False)], ids=["by", "past"]
)
def test_an_inferred_answer_is_held_against_a_standard_by_its_latest_instant(
    within: str, *, met: bool
) -> None:
    """Else hiding a late answer would make us look better."""
    found = record(LETTERS, [PROOF], MONDAY + 10 * DAY, we_answer_within=within)
    assert found.asks[0].met_standard is met


def test_what_is_published_of_it() -> None:
    first = rows_of(record(LETTERS, [PROOF], MONDAY + 2 * DAY))["response_times"][0]
    assert (first["basis"], first["answered_at"], first["answered_by"]) == (
        "inferred",
        "2025-05-06T10:00:00Z",
        None,
    )


# -- how much of what we sent is held ------------------------------------------------------------


def proofs(held: int, lost: int, at: datetime) -> list[Proof]:
    return [Proof(PARTNER, f"{at:%m%d}-{n}", at, is_held=n < held) for n in range(held + lost)]


def test_coverage_is_of_the_twelve_months_before_the_last_midnight() -> None:
    today = MONDAY - 10 * HOUR
    known = [
        *proofs(11, 1, today - timedelta(seconds=1)),
        *proofs(10, 10, today - 365 * DAY - timedelta(seconds=1)),
        *proofs(0, 5, today),
    ]
    found = record([], known, MONDAY).coverage
    assert (found.year.known, found.year.held) == (12, 11)
    assert [(m, c.known, c.held) for m, c in found.months] == [
        ("2024-05", 20, 10),
        ("2025-05", 12, 11),
    ]


def asked_and_answered(count: int) -> list[Message]:
    """Asks on as many days, each answered by us after an hour, and one that waits."""
    pairs = []
    for n in range(count):
        at = MONDAY + n * DAY
        pairs.append(theirs(f"a{n}", at, subject=f"Question {n}?"))
        answer = {"author": "ana@acme.com", "to": ("bob@globex.com",), "subject": f"Question {n}?"}
        pairs.append(message(f"r{n}", at + HOUR, in_reply_to=f"a{n}", **answer))  # type: ignore[arg-type]
    return [*pairs, theirs("waits", MONDAY + 8 * DAY, subject="And this?")]


@pytest.mark.parametrize("lost", [0, 12], ids=["all is held", "half is lost"])
def test_below_nine_tenths_our_own_times_are_unknown_and_nothing_of_ours_is_overdue(
    lost: int,
) -> None:
    """Of 24 letters of ours 12 are held: the upper end of the interval is 0.71."""
    known = proofs(12, lost, MONDAY - DAY)
    letters, as_of = asked_and_answered(6), MONDAY + 14 * DAY
    found = record(letters, known, as_of, we_answer_within="1 day")
    ours, is_known = found.standing.ours, lost == 0
    assert (ours.asks, ours.answered) == (7, 6)
    assert ours.p50_seconds == (3600 if is_known else None)
    assert (ours.met_standard_share is None) is not is_known
    assert found.standing.state == ("act" if is_known else "unknown")
    months = [f for side, period, f in found.periods if side == "us" and period.kind == "month"]
    assert [f.p50_seconds for f in months] == [3600 if is_known else None]
    if not is_known:
        assert "only 50% are in the mailbox" in found.standing.because


def test_theirs_stay_known() -> None:
    letters = [
        each
        for n in range(5)
        for at in (MONDAY + n * DAY,)
        for each in (
            message(f"o{n}", at, author="ana@acme.com", to=("bob@globex.com",), subject=f"Q{n}?"),
            theirs(f"t{n}", at + HOUR, in_reply_to=f"o{n}", subject=f"Q{n}?"),
        )
    ]
    found = record(letters, proofs(0, 20, MONDAY - DAY), MONDAY + 14 * DAY)
    assert found.standing.theirs.p50_seconds == 3600


def test_coverage_is_published_by_partner_and_month() -> None:
    found = record([], proofs(12, 12, MONDAY - DAY), MONDAY)
    (row,) = standing_rows.sent_coverage(found, OPEN)
    assert (row["partner"], row["month"], row["known"], row["held"]) == (
        PARTNER,
        "2025-05",
        24,
        12,
    )
    standing = rows_of(found)["partner_standing"][0]
    assert standing["sent_coverage"] == 0.5
    assert standing["sent_coverage_high"] == pytest.approx(0.709, abs=0.001)
