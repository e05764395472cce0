"""What came of an ask: whom a turn asks, which letter answers it, and whether in time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import chain
from typing import Literal

from inbox_agent.absences import Absence, Spans, away_at
from inbox_agent.addresses import Side
from inbox_agent.answered_elsewhere import Elsewhere
from inbox_agent.blind_spot import Unseen
from inbox_agent.business_clock import BusinessClock, Terms
from inbox_agent.conversations import Conversation, Episode, Turn
from inbox_agent.letters import Letter
from inbox_agent.needs_reply import Past
from inbox_agent.standards import Span

Outcome = Literal["answered", "open", "lapsed", "void"]


@dataclass(frozen=True, slots=True)
class Rules:
    """What asks are judged by: the partnership's terms, the instant, and what bounced."""

    terms: Terms
    as_of: datetime
    bounced: frozenset[str]
    unseen: Unseen
    absences: Mapping[str, Sequence[Absence]]
    past: Past
    elsewhere: Elsewhere
    #: How long an answer may take before the ask has lapsed.
    give_up_after: timedelta
    #: What both clocks read at `as_of`.
    readings: Mapping[Side, int]

    def away(self, letter: Letter) -> Spans:
        """When everybody whom a letter of ours asks was absent."""
        if not self.absences:
            return ()
        found = (self.absences.get(address, ()) for address in letter.their_recipients)
        return away_at(letter, chain.from_iterable(found))

    def told_until(self, letter: Letter) -> datetime:
        """Up to when absences are told without an answer: last midnight, or the give-up time."""
        midnight = self.terms.clocks.us.day_start(self.as_of)
        return min(midnight, letter.instant + self.give_up_after)

    def clock(self, side: Side) -> BusinessClock:
        """The working time of the side that answers."""
        return self.terms.clocks.us if side == "us" else self.terms.clocks.them

    def standard(self, side: Side) -> Span | None:
        """Within what span that side is to answer; None where nobody has set one."""
        standards = self.terms.standards
        return standards.we_answer_within if side == "us" else standards.they_answer_within


@dataclass(frozen=True, slots=True)
class Candidate:
    """A turn with its place: what follows it, and whether its ask opens the episode.

    `inferred_at`: no answer is held, but we had given one by then.
    """

    conversation: Conversation
    episode: Episode
    turn: Turn
    reply: Letter | None
    may_be_first: bool
    inferred_at: datetime | None = None

    @property
    def answered_at(self) -> datetime | None:
        """When the answer came, or by when it had come."""
        return self.reply.instant if self.reply else self.inferred_at


def late_reply(last_turn: Turn, after: Episode | None) -> Letter | None:
    """A reply after so long a pause that the conversation had begun anew.

    The letter that opens an episode answers the last turn of the episode before when it is by the
    other side, is no forward, and names a letter of that turn as what it answers (In-Reply-To or
    References). The old ask shows it as its reply; past the give-up time it stays lapsed all the
    same.
    """
    if after is None:
        return None
    opening = after.letters[0]
    if opening.side == last_turn.side or opening.threading_subject.is_forward:
        return None
    cited = {letter.key for letter in after.cites}
    return opening if cited & {letter.key for letter in last_turn.letters} else None


def asking_letter(turn: Turn, bounced: frozenset[str]) -> Letter | None:
    """The first letter of a turn that is addressed to the other side; from it on an answer is due.

    They ask us when one of our addresses is in To, or when none of ours is in To or Cc at all; ours
    in Cc only, with somebody else in To, is no ask. We ask them when they are in To, or are the
    only outsiders. So of three letters in a row that nobody answered one is the ask, and its clock
    runs on. A letter that bounced for every recipient was never received and is passed over, unless
    all of them did.
    """
    lost = None
    for letter in turn.letters:
        if letter.is_addressed:
            if letter.key not in bounced:
                return letter
            lost = lost or letter
    return lost


def nudges_of(turn: Turn, ask: Letter) -> tuple[Letter, ...]:
    """The reminders of an ask: what the side that asked writes after it, while nobody answers.

    All letters of the turn after the ask that a person wrote, whether they remind or add something;
    three letters in a row are one ask with two reminders. They don't restart the clock. Good for
    seeing who runs after whom: nudges_by_us and nudges_by_them add up those that each side sent
    while it waited.
    """
    return turn.letters[turn.letters.index(ask) + 1 :]


def outcome_of(letter: Letter, answered_at: datetime | None, rules: Rules) -> Outcome:
    """What came of an ask: answered, open, lapsed or void.

    answered: a reply came within the give-up time; open: none yet, and the ask is younger than
    that; lapsed: none within it, though a later reply may be shown; void: every asking letter of
    the turn bounced for every recipient of the other side, and nobody answered. The give-up time is
    30 days, unless your config says otherwise (`give_up_after`).
    """
    if answered_at is not None:
        in_time = answered_at - letter.instant <= rules.give_up_after
        return "answered" if in_time else "lapsed"
    if letter.key in rules.bounced:
        return "void"
    return "open" if rules.as_of - letter.instant < rules.give_up_after else "lapsed"


def response_seconds(letter: Letter, at: datetime | None) -> int | None:
    """How long the answer took: from the ask to the first letter of the other side's next turn.

    They write at 1:00, remind at 1:10 and 1:15, we answer at 1:20: 20 minutes. The clock runs from
    the ask, so that a reminder never makes anybody look faster, and whoever of the other side
    writes first answers. Where a thread branches, a reply to any letter of the turn will do. Empty
    without an answer, for one that came after the give-up time, and where the answer is dated more
    than 5 minutes before its ask, as their clocks clash; up to that it is 0.
    """
    return max(0, int((at - letter.instant).total_seconds())) if at else None


def met_standard(
    outcome: Outcome, candidate: Candidate, due_at: datetime | None, as_of: datetime
) -> bool | None:
    """Whether the answer came by the due time: 1 yes, 0 no.

    Empty while it is neither answered nor overdue, without a standard, when the ask never arrived,
    and when clocks clash. An answer that is inferred is held against it by the latest instant at
    which it can have come.
    """
    if due_at is None or outcome == "void":
        return None
    if candidate.reply is not None:
        return candidate.reply.instant <= due_at
    if candidate.inferred_at is not None:
        return candidate.inferred_at <= due_at
    return False if as_of > due_at else None
