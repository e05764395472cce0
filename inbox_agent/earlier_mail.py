"""What is kept of a partner's mail, so that what comes next is measured without all of it.

Most conversations are settled: no time that goes by changes what came of their asks, only a letter
that comes to them. They are kept with their asks; the asks of the others are found each time.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import chain

from inbox_agent.absences import Absence
from inbox_agent.addresses import Roster
from inbox_agent.business_clock import BusinessClock
from inbox_agent.conversations import Conversation
from inbox_agent.letters import Letter
from inbox_agent.partner_mail import PartnerMail
from inbox_agent.response_times import Ask
from inbox_agent.sent_coverage import Proof, host_of
from inbox_agent.standards import Cuts

#: The clocks of mailboxes may be so far apart: what was settled for less is not taken for settled.
SLACK = timedelta(days=2)
#: So many conversations are kept together.
_TOGETHER = 1_000
#: So many that have settled go from those that are looked at each time.
_WORTH_MOVING = 250


@dataclass(frozen=True, slots=True)
class Settled:
    """Some settled conversations with their asks; beside them proofs and copies of that time."""

    conversations: tuple[Conversation, ...]
    asks: tuple[Ask, ...]
    proofs: tuple[Proof, ...] = ()
    copies: tuple[int, ...] = ()

    def without(self, keys: Collection[str]) -> Settled:
        """The same less some conversations."""
        return replace(
            self,
            conversations=tuple(c for c in self.conversations if c.key not in keys),
            asks=tuple(ask for ask in self.asks if ask.conversation not in keys),
        )


@dataclass(frozen=True, slots=True)
class Earlier:
    """A partner's mail as it was known at `as_of`, in numbered parts of what is settled, and live.

    `clock` is theirs; `is_blind`: too little of what we sent is held; `hosts` are those of the
    Message-IDs that they wrote. `proofs` and `copies`, the ids of the rows it was read from, are
    those that stand in no part.
    """

    as_of: datetime
    settled: Mapping[int, Settled]
    live: tuple[Conversation, ...]
    absences: tuple[Absence, ...]
    clock: BusinessClock
    is_blind: bool
    hosts: frozenset[str]
    proofs: tuple[Proof, ...]
    copies: tuple[int, ...]

    def conversations(self) -> Iterator[Conversation]:
        """All, in no order."""
        settled = (part.conversations for part in self.settled.values())
        return chain(chain.from_iterable(settled), self.live)

    def letters(self) -> list[Letter]:
        """All, in no order."""
        return [letter for c in self.conversations() for letter in c.letters]

    def all_proofs(self) -> list[Proof]:
        """All that were known."""
        return [*chain.from_iterable(x.proofs for x in self.settled.values()), *self.proofs]

    def all_copies(self) -> set[int]:
        """All that the letters were read from."""
        return {*chain.from_iterable(x.copies for x in self.settled.values()), *self.copies}


def is_settled(
    conversation: Conversation, asks: Iterable[Ask], as_of: datetime, cuts: Cuts
) -> bool:
    """Whether nothing but a letter that comes to it changes what came of its asks.

    They were given up, as that follows the last letter; and no letter may come to it by its subject
    or a ticket number. What was promised may be longer than that.
    """
    at = as_of - SLACK
    span = timedelta(seconds=max(cuts.give_up_after_seconds, cuts.reopen_after_seconds))
    if max(letter.instant for letter in conversation.letters) + span > at:
        return False
    return all(ask.due_at is None or ask.due_at <= at for ask in asks)


def can_be_kept(mail: PartnerMail) -> bool:
    """Whether what comes next can be told from it: each letter has an instant, and no other's id.

    Nor did they write what lies in our Sent folders.
    """
    key, owner = mail.partner.key, mail.roster.partner_of
    return all(
        letter.at is not None
        and "message_id_shared" not in letter.flags
        and not (letter.side == "us" and letter.author and owner(letter.author) == key)
        for letter in mail.letters
    )


def earlier_of(mail: PartnerMail, proofs: Sequence[Proof], copies: Collection[int]) -> Earlier:
    """What is kept of all mail that was measured; `copies` are those known at its `as_of`."""
    asks = asks_by_conversation(mail.asks)
    settled, live = _parted(mail.conversations, asks, mail)
    parts = [settled[n : n + _TOGETHER] for n in range(0, len(settled), _TOGETHER)]
    return Earlier(
        as_of=mail.as_of,
        settled={n: _settled(part, asks) for n, part in enumerate(parts, start=1)},
        live=live,
        absences=mail.absences,
        clock=replace(mail.calendar.clock),  # without what it worked out
        is_blind=mail.coverage.year.is_too_low,
        hosts=their_hosts(mail.partner.key, mail.letters, mail.roster),
        proofs=tuple(proof for proof in proofs if proof.answered_at <= mail.as_of),
        copies=tuple(copies),
    )


def moved_on(
    earlier: Earlier,
    mail: PartnerMail,
    touched: Collection[str],
    proofs: Sequence[Proof],
    copies: Collection[int],
) -> Earlier:
    """What is kept once further letters were measured, which `touched` conversations.

    `proofs` and `copies` are all that are new; the parts that stay are the same objects.
    """
    changed = {
        number: part.without(touched)
        for number, part in earlier.settled.items()
        if any(c.key in touched for c in part.conversations)
    }
    parts = {**earlier.settled, **changed}
    kept = {c.key for part in parts.values() for c in part.conversations}
    asks = asks_by_conversation(ask for ask in mail.asks if ask.conversation not in kept)
    rest = [c for c in mail.conversations if c.key not in kept]
    settled, live = _parted(rest, asks, mail)
    known = tuple(proof for proof in proofs if proof.answered_at <= mail.as_of)
    later = replace(
        earlier,
        as_of=mail.as_of,
        settled=parts,
        live=tuple(rest),
        proofs=(*earlier.proofs, *known),
        copies=(*earlier.copies, *copies),
    )
    if len(settled) < _WORTH_MOVING:
        return later
    part = replace(_settled(settled, asks), proofs=later.proofs, copies=later.copies)
    number = max(parts, default=0) + 1
    return replace(later, settled={**parts, number: part}, live=live, proofs=(), copies=())


def asks_by_conversation(asks: Iterable[Ask]) -> Mapping[str, list[Ask]]:
    """Asks by the key of their conversation."""
    found: dict[str, list[Ask]] = defaultdict(list)
    for ask in asks:
        found[ask.conversation].append(ask)
    return found


def their_hosts(partner: str, letters: Iterable[Letter], roster: Roster) -> frozenset[str]:
    """The hosts of the Message-IDs of what the partner wrote."""
    found = {
        host_of(name)
        for letter in letters
        if letter.side == "them" and letter.author
        if roster.partner_of(letter.author, letter.at) == partner
        for name in letter.message_ids
    }
    return frozenset(host for host in found if host)


def _parted(
    conversations: Iterable[Conversation], asks: Mapping[str, Sequence[Ask]], mail: PartnerMail
) -> tuple[list[Conversation], tuple[Conversation, ...]]:
    """Those that are settled, and those that are not."""
    settled, live = list[Conversation](), list[Conversation]()
    for each in conversations:
        done = is_settled(each, asks.get(each.key, ()), mail.as_of, mail.terms.cuts)
        (settled if done else live).append(each)
    return settled, tuple(live)


def _settled(part: Sequence[Conversation], asks: Mapping[str, Sequence[Ask]]) -> Settled:
    return Settled(tuple(part), tuple(ask for c in part for ask in asks.get(c.key, ())))
