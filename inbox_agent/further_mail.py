"""A partner's mail with letters that came since it was measured: only what they touch is threaded.

It is what all letters together would give; `MustBeWholeError` where that is not sure.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from inbox_agent.addresses import Partner, Roster
from inbox_agent.blind_spot import witnesses_of
from inbox_agent.business_clock import Terms
from inbox_agent.conversations import Conversation, conversations_of
from inbox_agent.earlier_mail import SLACK, Earlier, their_hosts
from inbox_agent.learned_clock import their_calendar
from inbox_agent.letters import Letter, letters_of
from inbox_agent.messages import Message
from inbox_agent.partner_mail import Ground, PartnerMail
from inbox_agent.sent_coverage import Proof

#: A letter may join one by a weak subject for a week, and by others for `reopen_after`.
_HINTS_HOLD = timedelta(days=8)


class MustBeWholeError(Exception):
    """What came may change more than is looked at: all letters are to be measured."""


@dataclass(frozen=True, slots=True)
class Frame:
    """Whose mail it is, and by what it is measured as of when; `said` are the config's terms."""

    partner: Partner
    roster: Roster
    said: Terms
    as_of: datetime


@dataclass(frozen=True, slots=True)
class Further:
    """A partner's mail with what came.

    `made` are the conversations with new letters, `gone` by their keys those that they came out of;
    `looked_at` are all whose asks were found anew.
    """

    mail: PartnerMail
    made: tuple[Conversation, ...]
    gone: Mapping[str, Conversation]
    looked_at: tuple[Conversation, ...]


def further_mail(
    earlier: Earlier, frame: Frame, messages: Sequence[Message], proofs: Sequence[Proof]
) -> Further:
    """The mail with the letters among `messages` that are new, up to `as_of`.

    Beside these there are the copies that it takes to tell what they are. `proofs` are those that
    came with them. Raises MustBeWholeError.
    """
    held = earlier.letters()
    fresh = _fresh(earlier, frame, messages, held)
    letters = tuple(sorted((*held, *fresh), key=lambda letter: letter.order))
    calendar = their_calendar(letters, frame.said.clocks, frame.as_of)
    every = [*earlier.all_proofs(), *proofs]
    ground = Ground(frame.partner, frame.roster, frame.said, frame.as_of, every, letters, calendar)
    if calendar.clock != earlier.clock or ground.absences != earlier.absences:
        raise MustBeWholeError("their clock, or who is away")
    if witnesses_of(held, proofs):
        raise MustBeWholeError("a letter that was there proves something")
    made, gone = _made(earlier, frame, fresh)
    looked_at = (*made, *(c for c in earlier.live if c.key not in gone))
    mail = _mail(earlier, ground, made, gone, looked_at)
    if mail.coverage.year.is_too_low != earlier.is_blind:
        raise MustBeWholeError("whether enough of what we sent is held")
    return Further(mail, made, gone, looked_at)


def _mail(
    earlier: Earlier,
    ground: Ground,
    made: Sequence[Conversation],
    gone: Collection[str],
    looked_at: Sequence[Conversation],
) -> PartnerMail:
    others = (c for c in earlier.conversations() if c.key not in gone)
    conversations = tuple(sorted((*others, *made), key=lambda c: c.letters[0].order))
    settled = (
        ask
        for part in earlier.settled.values()
        for ask in part.asks
        if ask.conversation not in gone
    )
    found = ground.asks(conversations, looked_at)
    asks = tuple(sorted((*settled, *found), key=lambda ask: ask.letter.order))
    return ground.mail(conversations, asks)


# -- new letters ----------------------------------------------------------------------------


def _fresh(
    earlier: Earlier, frame: Frame, messages: Sequence[Message], held: Iterable[Letter]
) -> list[Letter]:
    """The letters that came, after all others. Raises MustBeWholeError where that is not so."""
    found = letters_of(frame.partner, messages, frame.roster, frame.as_of)
    known = {letter.key for letter in held}
    fresh = [letter for letter in found if letter.key not in known]
    last = max((letter.order for letter in held), default=None)
    for letter in fresh:
        is_next = letter.at and letter.at > earlier.as_of - SLACK
        if not is_next or (last and letter.order <= last):
            raise MustBeWholeError("a letter from before others")
        if letter.is_final_bounce or "message_id_shared" in letter.flags:
            raise MustBeWholeError("a delivery report, or an id of several letters")
        if letter.side == "us" and _owner(letter, frame) == frame.partner.key:
            raise MustBeWholeError("a letter of theirs in our Sent folder")
    if not their_hosts(frame.partner.key, fresh, frame.roster) <= earlier.hosts:
        raise MustBeWholeError("a new host of theirs")
    return fresh


def _owner(letter: Letter, frame: Frame) -> str | None:
    return frame.roster.partner_of(letter.author, letter.at) if letter.author else None


# -- the conversations they come to ---------------------------------------------------------


def _made(
    earlier: Earlier, frame: Frame, fresh: Sequence[Letter]
) -> tuple[tuple[Conversation, ...], Mapping[str, Conversation]]:
    """The conversations with new letters, and by their keys those they came out of."""
    if not fresh:
        return (), {}
    near = _near(earlier, frame, fresh)
    if any("message_id_shared" in x.flags for c in near for x in c.letters):
        raise MustBeWholeError("an id of several letters")
    letters = [*fresh, *(letter for c in near for letter in c.letters)]
    new = {letter.key for letter in fresh}
    found = conversations_of(frame.partner.key, letters, frame.said.cuts)
    made = tuple(c for c in found if not new.isdisjoint(_keys(c)))
    home = {letter.key: c for c in near for letter in c.letters}
    gone: dict[str, Conversation] = {}
    for conversation in made:
        here = _keys(conversation)
        before = {home[key].key: home[key] for key in here - new}
        if any(not _keys(c) <= here for c in before.values()):
            raise MustBeWholeError("a conversation falls apart")
        gone |= before
    return made, gone


def _keys(conversation: Conversation) -> set[str]:
    return {letter.key for letter in conversation.letters}


def _near(earlier: Earlier, frame: Frame, fresh: Sequence[Letter]) -> list[Conversation]:
    """Those to which a new letter may come, and what it takes to thread them."""
    signs = _Signs.of(fresh, frame)
    every = {c.key: c for c in earlier.conversations()}
    near = {key for key, c in every.items() if any(map(signs.may_join, c.letters))}
    beside = _beside(every.values())
    news = near
    while news:
        news = {other for key in news for other in beside.get(key, ())} - near
        near |= news
    return [every[key] for key in near]


@dataclass(frozen=True, slots=True)
class _Signs:
    """By what a letter may be of one conversation with a new one: ids, Thread-Index, or time."""

    ids: frozenset[str]
    named: frozenset[str]
    indexes: frozenset[str]
    since: datetime

    @classmethod
    def of(cls, fresh: Sequence[Letter], frame: Frame) -> _Signs:
        ids = frozenset(name for letter in fresh for name in letter.message_ids)
        cited = {name for x in fresh for name in (*x.references, x.in_reply_to) if name}
        reach = max(_HINTS_HOLD, timedelta(seconds=frame.said.cuts.reopen_after_seconds))
        return cls(
            ids=ids,
            named=ids | cited,
            indexes=frozenset(x.thread_index for x in fresh if x.thread_index),
            since=min(letter.instant for letter in fresh) - reach,
        )

    def may_join(self, letter: Letter) -> bool:
        """Whether a letter that was there may be of one conversation with a new one."""
        is_cited = not self.named.isdisjoint(letter.message_ids)
        cites = letter.in_reply_to in self.named or not self.named.isdisjoint(letter.references)
        if is_cited or cites:
            self._must_come_later(letter)
            return True
        return letter.instant >= self.since or letter.thread_index in self.indexes

    def _must_come_later(self, letter: Letter) -> None:
        cited = {*letter.references, letter.in_reply_to, *letter.message_ids}
        if not self.ids.isdisjoint(cited):
            raise MustBeWholeError("a letter that others cite, or with an id of another")


def _beside(conversations: Iterable[Conversation]) -> Mapping[str, Collection[str]]:
    """Conversations whose letters cite one another: what was cited tells how both are threaded."""
    every = list(conversations)
    crossing = [pair for conversation in every for pair in _crossing(conversation)]
    if not crossing:
        return {}
    home = {letter.key: c.key for c in every for letter in c.letters}
    beside: dict[str, set[str]] = defaultdict(set)
    for key, cited in crossing:
        beside[key].add(home[cited])
        beside[home[cited]].add(key)
    return beside


def _crossing(conversation: Conversation) -> Iterator[tuple[str, str]]:
    """Its key with that of each letter cited there that is of another."""
    if any(conversation.cites):
        here = _keys(conversation)
        for found in conversation.cites:
            yield from ((conversation.key, each.key) for each in found if each.key not in here)
