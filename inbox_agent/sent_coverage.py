"""How much of what we sent is in the mailbox at all.

Whoever answers from another account, or through a server that keeps no copy, leaves no letter in
Sent, and our response times look worse than they are. What partners answered tells of it: their
letter names ours, whether we hold ours or not.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from types import MappingProxyType
from typing import Protocol

from inbox_agent.addresses import Roster
from inbox_agent.domain_names import registrable_domain
from inbox_agent.mail_hosts import names_above
from inbox_agent.messages import Message
from inbox_agent.seen_copies import seen

#: With fewer letters of ours that are known to exist, no share is said.
FEWEST_LETTERS = 10
#: Below this share our own response times are not to be believed.
ENOUGH = 0.9
#: So long after the first letter held an answer may be to something from before it.
LEFT_EDGE = timedelta(days=30)
#: So many letters of ours make the host of their Message-IDs one of ours.
FEWEST_OF_A_HOST = 3
_CONFIDENCE = 0.95
_ALWAYS: Mapping[str, datetime] = MappingProxyType({})
_LATEST = datetime.max.replace(tzinfo=UTC)
# Every machine may call itself so.
_NOBODYS_HOSTS = frozenset({"localhost", "localdomain", "localhost.localdomain", "localhost.local"})
_EXCHANGE_ONLINE = ".prod.outlook.com"


@dataclass(frozen=True, slots=True)
class Proof:
    """A letter of ours that must exist, since a partner answered it at `answered_at` (first)."""

    partner: str
    message_id: str
    answered_at: datetime
    is_held: bool


@dataclass(frozen=True, slots=True)
class Coverage:
    """So many letters of ours are known to exist, and so many of them are held."""

    known: int
    held: int

    @property
    def share(self) -> float | None:
        """The share that is held, 0 to 1; None of fewer than `FEWEST_LETTERS` letters."""
        return self.held / self.known if self.known >= FEWEST_LETTERS else None

    @property
    def interval(self) -> tuple[float, float] | None:
        """The 95 % interval of the share after Clopper and Pearson (Biometrika 26, 1934, 404).

        It is the exact one: at least 95 of 100 such intervals hold the true share, however few
        the letters are. None where `share` is.
        """
        return None if self.share is None else _clopper_pearson(self.known, self.held)

    @property
    def is_too_low(self) -> bool:
        """Whether our own response times are unknown: even the upper end is below `ENOUGH`."""
        return self.interval is not None and self.interval[1] < ENOUGH


@lru_cache(maxsize=1024)  # of one partner it is asked for each month and figure
def _clopper_pearson(known: int, held: int) -> tuple[float, float]:
    from scipy.special import betaincinv  # noqa: PLC0415 - few commands need it

    tail, lost = (1 - _CONFIDENCE) / 2, known - held
    low = float(betaincinv(held, lost + 1, tail)) if held else 0.0
    high = float(betaincinv(held + 1, lost, 1 - tail)) if lost else 1.0
    return low, high


def coverage(proofs: Iterable[Proof]) -> Coverage:
    """The coverage that proofs tell of: of one partner, one month, or all of them."""
    is_held = {proof.message_id: proof.is_held for proof in proofs}
    return Coverage(known=len(is_held), held=sum(is_held.values()))


def sent_proofs(
    messages: Iterable[Message],
    roster: Roster,
    as_of: Mapping[str, datetime] = _ALWAYS,
    default: datetime = _LATEST,
) -> list[Proof]:
    """What proves that a letter of ours exists: a partner's letter that answers it, held or not.

    An answer names the letter that it answers (In-Reply-To, else the last of References), has none
    but us and our lists in To, and came at least 30 days after the first letter held of its
    mailbox, as it may else be to something from before. What it names is ours when the host in that
    Message-ID is: a domain of the team, or one of at least 3 letters of ours; and no letter of that
    partner has it, nor is it held from somebody else. Hosts are compared by organisation, in
    Exchange Online by region. Each counts once for a partner, by its first answer. Copies later
    than what their mailbox is known up to are as if not there.
    """
    # a mailbox is known up to its `as_of`, one that has none up to `default`
    gone_by = _Seen(roster, as_of, default)
    for message in messages:
        gone_by.add(message)
    return _proofs(gone_by)


class KnownIds(Protocol):
    """What all the mail knows of the letters that a partner's answers name."""

    def is_ours(self, message_id: str) -> bool:
        """Whether a letter of ours has it."""

    def is_others(self, message_id: str) -> bool:
        """Whether a letter of somebody else has it."""

    def letters_of_host(self, host: str) -> int:
        """How many letters of ours have an id of that host; all from `FEWEST_OF_A_HOST` on."""

    def first_at(self, mailbox: str) -> datetime:
        """When the first letter held of a mailbox came."""


def proofs_of(  # noqa: PLR0913, PLR0917 - as for all of them
    partner: str,
    messages: Iterable[Message],
    roster: Roster,
    as_of: Mapping[str, datetime],
    default: datetime,
    known: KnownIds,
    hosts: Iterable[str] = (),
) -> list[Proof]:
    """What `sent_proofs` finds of one partner, whose copies these are: all that name it.

    Or those that came last, where their ids are of the `hosts` of those before them.
    """
    gone_by = _Seen(roster, as_of, default, hosts_of_partners={partner: set(hosts)})
    for message in messages:
        gone_by.add(message)
    gone_by.answers = [answer for answer in gone_by.answers if answer.partner == partner]
    for answer in gone_by.answers:
        gone_by.learn(answer, known)
    return _proofs(gone_by)


def _proofs(gone_by: _Seen) -> list[Proof]:
    found: dict[tuple[str, str], Proof] = {}
    for answer in sorted(gone_by.answers, key=lambda one: (one.at, one.partner, one.parent)):
        if gone_by.is_after_left_edge(answer) and gone_by.is_to_ours(answer):
            held = answer.parent in gone_by.our_ids
            proof = Proof(answer.partner, answer.parent, answer.at, held)
            found.setdefault((answer.partner, answer.parent), proof)
    return list(found.values())


def host_of(message_id: str) -> str | None:
    """Whose id it is: the organisation of its host; None where that can't be told."""
    return _organisation_of(_full_host(message_id))


@lru_cache(maxsize=65_536)  # the same few hosts make most identifiers
def _organisation_of(host: str) -> str | None:
    if not host or host.startswith("[") or host in _NOBODYS_HOSTS or _is_number(host):
        return None
    if host.endswith(_EXCHANGE_ONLINE):
        return ".".join(host.split(".")[-4:])
    return registrable_domain(host) or ".".join(host.split(".")[-2:])


def _is_number(host: str) -> bool:
    """Whether it is an IPv4 address: no name ends with a label of digits (RFC 3696 §2)."""
    return host.rpartition(".")[2].isdigit()


def _full_host(message_id: str) -> str:
    _, at, host = message_id.lower().rpartition("@")
    return host.strip(".") if at else ""


@dataclass(frozen=True, slots=True)
class _Answer:
    mailbox: str
    partner: str
    parent: str
    at: datetime


@dataclass(slots=True)
class _Seen:
    """What is kept of the letters that went by."""

    roster: Roster
    as_of: Mapping[str, datetime]
    default: datetime
    our_ids: set[str] = field(default_factory=set)
    other_ids: set[str] = field(default_factory=set)
    our_hosts: Counter[str] = field(default_factory=Counter)
    hosts_of_partners: dict[str, set[str]] = field(default_factory=dict)
    first_at: dict[str, datetime] = field(default_factory=dict)
    answers: list[_Answer] = field(default_factory=list)

    def add(self, message: Message) -> None:
        copy = seen(message, self.roster)
        at, author = copy.at, copy.author
        if at is not None:
            if at > self.as_of.get(message.mailbox, self.default):
                return
            first_at = self.first_at.get(message.mailbox)
            if first_at is None or at < first_at:
                self.first_at[message.mailbox] = at
        host = host_of(message.message_id)
        if copy.is_ours:
            if host and message.message_id not in self.our_ids:
                self.our_hosts[host] += 1
            self.our_ids.add(message.message_id)
            return
        self.other_ids.add(message.message_id)
        partner = self.roster.partner_of(author, at) if author else None
        if partner is None:
            return
        if host:
            self.hosts_of_partners.setdefault(partner, set()).add(host)
        parent = message.in_reply_to or (message.references or (None,))[-1]
        if parent and at is not None and self._is_to_us_alone(message):
            self.answers.append(_Answer(message.mailbox, partner, parent, at))

    def learn(self, answer: _Answer, known: KnownIds) -> None:
        """Take in what all the mail knows of an answer, as far as it matters."""
        self.first_at[answer.mailbox] = known.first_at(answer.mailbox)
        host = host_of(answer.parent)
        if host:
            self.our_hosts[host] = known.letters_of_host(host)
        if answer.parent not in self.our_ids:
            if known.is_ours(answer.parent):
                self.our_ids.add(answer.parent)
            elif known.is_others(answer.parent):
                self.other_ids.add(answer.parent)

    def _is_to_us_alone(self, message: Message) -> bool:
        ours = [self.roster.is_us(one) or self.roster.is_our_list(one) for one in message.to]
        return bool(ours) and all(ours)

    def is_after_left_edge(self, answer: _Answer) -> bool:
        return answer.at >= self.first_at[answer.mailbox] + LEFT_EDGE

    def is_to_ours(self, answer: _Answer) -> bool:
        host = host_of(answer.parent)
        if host is None or host in self.hosts_of_partners.get(answer.partner, ()):
            return False
        if answer.parent in self.other_ids and answer.parent not in self.our_ids:
            return False
        above = names_above(_full_host(answer.parent))
        is_of_team = not self.roster.team_domains.isdisjoint(above)
        return is_of_team or self.our_hosts[host] >= FEWEST_OF_A_HOST
