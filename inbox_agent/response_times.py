"""Asks and what came of them: who answered whom, how fast, and what still waits."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from inbox_agent.absences import Absence, ClockAround, Spans
from inbox_agent.addresses import Side
from inbox_agent.answered_elsewhere import Elsewhere
from inbox_agent.blind_spot import Unseen, parts_of
from inbox_agent.bounces import bounced_letters
from inbox_agent.business_clock import Terms
from inbox_agent.conversations import Conversation
from inbox_agent.figure_names import WhyNotCounted
from inbox_agent.letters import Letter, row_key
from inbox_agent.needs_reply import NeedsReply, Past
from inbox_agent.outcomes import (
    Candidate,
    Outcome,
    Rules,
    asking_letter,
    late_reply,
    met_standard,
    nudges_of,
    outcome_of,
    response_seconds,
)

Basis = Literal["seen", "inferred"]

_CLOCK_SLACK = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Ask:
    """One ask and its outcome; durations are None unless it is answered with sane clocks.

    `age_seconds` and `business_age_seconds` are how long it has been followed at `as_of`, by
    the calendar and in the working time of the side that answers. `waits_until` is when an ask
    without a reply leaves the waiting list. `inferred_at`: no answer is held, but by then there
    was one, since they answered it. `away` is when all whom we asked were absent at the same time,
    which is in none of the working times and in no due time; `absent_seconds` is what was taken
    out of its working time, without an answer up to the last midnight or the give-up time,
    whichever is earlier. `likelihood` and `reasons`
    tell why it says that it needs a reply, or not.
    """

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
    inferred_at: datetime | None = None
    away: Spans = ()
    absent_seconds: int = 0
    likelihood: float = 1.0
    reasons: tuple[str, ...] = ()
    answered_elsewhere_at: datetime | None = None

    @property
    def key(self) -> str:
        """The key of its row, which is made once, where that is: it takes as much as a letter's."""
        return row_key(self.conversation, self.letter.key)

    @property
    def answered_at(self) -> datetime | None:
        """When the answer came, in time or late; an upper bound where the answer is inferred."""
        return self.reply.instant if self.reply else self.inferred_at

    @property
    def has_reply(self) -> bool:
        """Whether the answer is held, and not inferred."""
        return self.reply is not None

    @property
    def basis(self) -> Basis:
        """How an answer is known: seen in the mailbox, or inferred from what they wrote.

        When a partner answers a letter of ours that is not in the mailbox, we must have written it
        before then, and so had answered what they asked earlier. The time it took is at most the
        time until that letter of theirs.
        """
        return "inferred" if self.inferred_at else "seen"

    @property
    def asked_at(self) -> datetime:
        """When the clock began to run."""
        return self.letter.instant

    @property
    def is_in_figures(self) -> bool:
        """Whether percentiles and rates are made of it: needs a reply, received, sane clocks."""
        is_wanted = self.needs_reply == "yes" and self.outcome != "void"
        return is_wanted and not self.is_clock_conflict

    @property
    def why_not(self) -> WhyNotCounted | None:
        """Why it is in no figure; None where it counts."""
        if self.needs_reply != "yes":
            return "settled" if self.needs_reply == "no" else "needs_no_reply"
        if self.outcome == "void":
            return "void"
        return "clocks_clash" if self.is_clock_conflict else None

    def is_waiting(self, as_of: datetime) -> bool:
        """Whether somebody still waits for an answer, and who is to write next.

        An ask waits while it has no answer and needs one, until the give-up time after the last
        letter of its turn, reminders included; also one that has lapsed by then, as people remind.
        It no longer waits when who was asked has since written to who asked in another
        conversation, or when it never arrived. Of several in one conversation the latest one is
        shown.
        """
        return self.is_unanswered and as_of < self.waits_until

    @property
    def is_unanswered(self) -> bool:
        """Whether it needs an answer and has none, waiting still or given up on."""
        return (
            self.answered_at is None
            and self.answered_elsewhere_at is None
            and self.outcome in ("open", "lapsed")
            and self.needs_reply == "yes"
        )


def rules_of(  # noqa: PLR0913, PLR0917 - all that an ask is judged by
    conversations: Sequence[Conversation],
    terms: Terms,
    as_of: datetime,
    unseen: Unseen,
    absences: Sequence[Absence],
    some: Sequence[Conversation] | None = None,
) -> Rules:
    """What asks are judged by, those in all `conversations` with a partner, or in some of them."""
    letters = [letter for c in some or () for letter in c.letters]
    among = None if some is None else {letter.key for letter in letters}
    away: dict[str, list[Absence]] = defaultdict(list)
    for absence in absences:
        away[absence.address].append(absence)
    return Rules(
        terms=terms,
        as_of=as_of,
        bounced=bounced_letters(conversations),
        unseen=unseen,
        absences=away,
        past=Past.of(conversations, terms.cuts, among),
        elsewhere=Elsewhere.of(conversations, min((x.instant for x in letters), default=None)),
        give_up_after=timedelta(seconds=terms.cuts.give_up_after_seconds),
        readings={"us": terms.clocks.us.reading(as_of), "them": terms.clocks.them.reading(as_of)},
    )


def asks_in(conversations: Iterable[Conversation], rules: Rules) -> tuple[Ask, ...]:
    """The asks in some conversations, by the instant of asking."""
    asks = [ask for c in conversations for ask in _asks_of_conversation(c, rules)]
    return tuple(sorted(asks, key=lambda ask: ask.letter.order))


def _asks_of_conversation(conversation: Conversation, rules: Rules) -> Iterator[Ask]:
    opens_late = False
    for episode, after in zip(
        conversation.episodes, (*conversation.episodes[1:], None), strict=False
    ):
        late = late_reply(episode.turns[-1], after)
        asked = False
        last = None
        for part in parts_of(episode.turns, late, rules.unseen):
            is_late = opens_late and part.turn.letters[0] is episode.turns[0].letters[0]
            candidate = Candidate(
                conversation,
                episode,
                part.turn,
                part.reply,
                may_be_first=not asked and not is_late,
                inferred_at=part.inferred_at,
            )
            last = _ask(candidate, rules)
            if last is not None:
                asked = True
                yield last
        opens_late = late is not None and last is not None


def _ask(candidate: Candidate, rules: Rules) -> Ask | None:
    turn, answered_at = candidate.turn, candidate.answered_at
    letter = asking_letter(turn, rules.bounced)
    if letter is None:
        return None
    responder: Side = "us" if turn.side == "them" else "them"
    asked_at, standard = letter.instant, rules.standard(responder)
    away = rules.away(letter) if responder == "them" else ()
    clock = ClockAround(rules.clock(responder), away)
    began, lost = clock.clock.reading(asked_at), clock.seconds_away
    nudges = nudges_of(turn, letter)
    outcome = outcome_of(letter, answered_at, rules)
    conflict = answered_at is not None and answered_at < asked_at - _CLOCK_SLACK
    due_at = clock.deadline(asked_at, standard) if standard else None
    timed_at = answered_at if outcome == "answered" and not conflict else None
    judgement = rules.past.judged(letter, is_settled=any(x.is_settled for x in turn.letters))
    waits_until = turn.letters[-1].instant + rules.give_up_after
    worked = max(0, clock.clock.reading(timed_at) - began) if timed_at else 0
    return Ask(
        conversation=candidate.conversation.key,
        episode=candidate.episode.key,
        responder=responder,
        is_first=candidate.may_be_first,
        letter=letter,
        reply=candidate.reply,
        outcome=outcome,
        response_seconds=response_seconds(letter, timed_at),
        business_seconds=worked - lost(asked_at, timed_at) if timed_at else None,
        nudges=len(nudges),
        first_nudge_at=nudges[0].at if nudges else None,
        last_nudge_at=nudges[-1].at if nudges else None,
        due_at=due_at,
        met_standard=None if conflict else met_standard(outcome, candidate, due_at, rules.as_of),
        needs_reply=judgement.verdict,
        age_seconds=int((rules.as_of - asked_at).total_seconds()),
        business_age_seconds=max(0, rules.readings[responder] - began)
        - lost(asked_at, rules.as_of),
        waits_until=waits_until,
        is_clock_conflict=conflict,
        inferred_at=candidate.inferred_at,
        away=away,
        absent_seconds=lost(asked_at, answered_at or rules.told_until(letter)) if away else 0,
        likelihood=judgement.likelihood,
        reasons=judgement.reasons,
        answered_elsewhere_at=rules.elsewhere.answered_at(
            letter, candidate.conversation.key, min(answered_at or waits_until, waits_until)
        ),
    )
