"""Asks and what came of them: who answered whom, how fast, and what still waits."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from inbox_agent.addresses import Side
from inbox_agent.bounces import bounced_letters
from inbox_agent.business_clock import BusinessClock, Terms
from inbox_agent.conversations import Conversation, Episode, Turn
from inbox_agent.letters import Letter, row_key
from inbox_agent.standards import Span

Outcome = Literal["answered", "open", "lapsed", "void"]
NeedsReply = Literal["yes", "unlikely", "no"]

_CLOCK_SLACK = timedelta(minutes=5)
_SHORT_OCTETS = 2500
_LITTLE_MORE_OCTETS = 1500
_QUESTION_MARKS = "?？؟"  # noqa: RUF001 - the full-width and the Arabic one are meant


@dataclass(frozen=True, slots=True)
class Ask:
    """One ask and its outcome; durations are None unless it is answered with sane clocks.

    `age_seconds` and `business_age_seconds` are how long it has been followed at `as_of`, by
    the calendar and in the working time of the side that answers. `waits_until` is when an ask
    without a reply leaves the waiting list.
    """

    key: str
    conversation: str
    episode: str
    responder: Side
    is_first: bool
    letter: Letter
    reply: Letter | None
    outcome: Outcome
    response_seconds: int | None
    business_seconds: int | None
    nudges: int
    first_nudge_at: datetime | None
    last_nudge_at: datetime | None
    due_at: datetime | None
    met_standard: bool | None
    needs_reply: NeedsReply
    age_seconds: int
    business_age_seconds: int
    waits_until: datetime
    is_clock_conflict: bool

    @property
    def asked_at(self) -> datetime:
        """When the clock began to run."""
        return self.letter.instant

    @property
    def is_in_figures(self) -> bool:
        """Whether percentiles and rates are made of it: needs a reply, received, sane clocks."""
        return self.needs_reply == "yes" and self.outcome != "void" and not self.is_clock_conflict

    def is_waiting(self, as_of: datetime) -> bool:
        """Whether somebody waits for an answer: until `give_up_after` after the last letter."""
        return (
            self.reply is None
            and self.outcome in ("open", "lapsed")
            and self.needs_reply == "yes"
            and as_of < self.waits_until
        )


@dataclass(frozen=True, slots=True)
class Rules:
    """What asks are judged by: the partnership's terms, the instant, and what bounced."""

    terms: Terms
    as_of: datetime
    bounced: frozenset[str]

    @property
    def give_up_after(self) -> timedelta:
        """How long an answer may take before the ask has lapsed."""
        return timedelta(seconds=self.terms.cuts.give_up_after_seconds)

    def clock(self, side: Side) -> BusinessClock:
        """The working time of the side that answers."""
        return self.terms.clocks.us if side == "us" else self.terms.clocks.them

    def standard(self, side: Side) -> Span | None:
        """Within what span that side is to answer; None where nobody has set one."""
        standards = self.terms.standards
        return standards.we_answer_within if side == "us" else standards.they_answer_within


@dataclass(frozen=True, slots=True)
class Candidate:
    """A turn with its place: what follows it, and whether its ask opens the episode."""

    conversation: Conversation
    episode: Episode
    turn: Turn
    reply: Letter | None
    may_be_first: bool


def asks_of(
    conversations: Sequence[Conversation], terms: Terms, as_of: datetime
) -> tuple[Ask, ...]:
    """All asks of a partner, both directions, by the instant of asking."""
    rules = Rules(terms, as_of, bounced_letters(conversations))
    asks = [ask for c in conversations for ask in _asks_of_conversation(c, rules)]
    return tuple(sorted(asks, key=lambda ask: ask.letter.order))


def _asks_of_conversation(conversation: Conversation, rules: Rules) -> Iterator[Ask]:
    opens_late = False
    for episode, after in zip(
        conversation.episodes, (*conversation.episodes[1:], None), strict=False
    ):
        late = late_reply(conversation, episode.turns[-1], after)
        replies = [turn.letters[0] for turn in episode.turns[1:]]
        asked = False
        last = None
        for turn, reply in zip(episode.turns, (*replies, late), strict=True):
            may_be_first = not asked and not (opens_late and turn is episode.turns[0])
            last = _ask(Candidate(conversation, episode, turn, reply, may_be_first), rules)
            if last is not None:
                asked = True
                yield last
        opens_late = late is not None and last is not None


def late_reply(conversation: Conversation, last_turn: Turn, after: Episode | None) -> Letter | None:
    """The letter that opens the next episode, when it answers the last turn of this one.

    It does when it is by the other side, no forward, and cites a letter of that turn.
    """
    opening = after.letters[0] if after else None
    if opening is None or opening.side == last_turn.side or opening.threading_subject.is_forward:
        return None
    cited = {letter.key for letter in conversation.cites[opening.key]}
    return opening if cited & {letter.key for letter in last_turn.letters} else None


def _ask(candidate: Candidate, rules: Rules) -> Ask | None:
    turn, reply = candidate.turn, candidate.reply
    letter = asking_letter(turn, rules.bounced)
    if letter is None:
        return None
    responder: Side = "us" if turn.side == "them" else "them"
    clock, standard = rules.clock(responder), rules.standard(responder)
    nudges = turn.letters[turn.letters.index(letter) + 1 :]
    outcome = outcome_of(letter, reply, rules)
    conflict = reply is not None and reply.instant < letter.instant - _CLOCK_SLACK
    due_at = clock.deadline(letter.instant, standard) if standard else None
    is_timed = outcome == "answered" and reply is not None and not conflict
    return Ask(
        key=row_key(candidate.conversation.key, letter.key),
        conversation=candidate.conversation.key,
        episode=candidate.episode.key,
        responder=responder,
        is_first=candidate.may_be_first,
        letter=letter,
        reply=reply,
        outcome=outcome,
        response_seconds=_seconds(letter, reply) if is_timed else None,
        business_seconds=(
            clock.working_seconds(letter.instant, reply.instant) if is_timed and reply else None
        ),
        nudges=len(nudges),
        first_nudge_at=nudges[0].at if nudges else None,
        last_nudge_at=nudges[-1].at if nudges else None,
        due_at=due_at,
        met_standard=None if conflict else met_standard(outcome, reply, due_at, rules.as_of),
        needs_reply=needs_reply(candidate, letter),
        age_seconds=int((rules.as_of - letter.instant).total_seconds()),
        business_age_seconds=clock.working_seconds(letter.instant, rules.as_of),
        waits_until=turn.letters[-1].instant + rules.give_up_after,
        is_clock_conflict=conflict,
    )


def asking_letter(turn: Turn, bounced: frozenset[str]) -> Letter | None:
    """The ask of a turn: the first of its letters that is addressed to the other side.

    A letter that bounced for every recipient was never received and is passed over, unless all
    of them did. They ask us when one of our addresses is in To, or when none of ours is in To or
    Cc at all; ours in Cc only, with somebody else in To, is no ask. We ask them when they are in
    To, or are the only outsiders. The letters of the turn after the ask are its nudges.
    """
    asking = [letter for letter in turn.letters if letter.is_addressed]
    received = (letter for letter in asking if letter.key not in bounced)
    return next(received, asking[0] if asking else None)


def outcome_of(letter: Letter, reply: Letter | None, rules: Rules) -> Outcome:
    """What came of an ask: answered, open, lapsed or void.

    `answered`: a reply came within the give-up time; `open`: none yet, and the ask is younger
    than that; `lapsed`: none within it, though a later one may be shown; `void`: every asking
    letter of the turn bounced for every recipient of the other side, and nobody answered.
    """
    if reply is not None:
        in_time = reply.instant - letter.instant <= rules.give_up_after
        return "answered" if in_time else "lapsed"
    if letter.key in rules.bounced:
        return "void"
    return "open" if rules.as_of - letter.instant < rules.give_up_after else "lapsed"


def _seconds(letter: Letter, reply: Letter | None) -> int | None:
    return max(0, int((reply.instant - letter.instant).total_seconds())) if reply else None


def met_standard(
    outcome: Outcome, reply: Letter | None, due_at: datetime | None, as_of: datetime
) -> bool | None:
    """Whether the answer came by the due time: 1 yes, 0 no, NULL while it is not yet due.

    Business hours count working time of the side that answers; business days are the same local
    time that many working days later, from the next opening when asked outside hours; other
    days are by the calendar. NULL without a standard, when void, or when clocks clash.
    """
    if due_at is None or outcome == "void":
        return None
    if reply is not None:
        return reply.instant <= due_at
    return False if as_of > due_at else None


def needs_reply(candidate: Candidate, letter: Letter) -> NeedsReply:
    """Whether an ask wants an answer, from what was known when it came: yes, unlikely or no.

    `no`: a person settled it, by a keyword or folder in their own mail program. `unlikely`: it
    is not the first ask of its episode, has no question mark in the subject and no attachment,
    and adds little: under 2,500 octets in all, or at most 1,500 over the letter it answers.
    Only asks that say `yes` enter the figures and the waiting lists.
    """
    if any(each.is_settled for each in candidate.turn.letters):
        return "no"
    if candidate.may_be_first or letter.has_attachment:
        return "yes"
    if any(mark in letter.subject for mark in _QUESTION_MARKS):
        return "yes"
    answers = candidate.conversation.answers(letter)
    return "unlikely" if _adds_little(letter, answers) else "yes"


def _adds_little(letter: Letter, answers: Letter | None) -> bool:
    if letter.size_octets is None:
        return False
    if letter.size_octets < _SHORT_OCTETS:
        return True
    if answers is None or answers.size_octets is None:
        return False
    return letter.size_octets - answers.size_octets <= _LITTLE_MORE_OCTETS
