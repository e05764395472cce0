"""One partner at a time out of the sorted mail: its copies, its proofs, its record."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from inbox_agent.addresses import Roster
from inbox_agent.config import Config
from inbox_agent.epoch import instant, seconds
from inbox_agent.instants import choose_at
from inbox_agent.letters import Letter
from inbox_agent.measuring import Held
from inbox_agent.messages import Message
from inbox_agent.mirror_news import Reader
from inbox_agent.partner_mail import PartnerMail
from inbox_agent.sent_coverage import proofs_of
from inbox_agent.sorted_mail import SortedMail, digest_of
from inbox_agent.sorting import Instants


@dataclass(frozen=True, slots=True)
class Ids:
    """What all the mail knows of the letters that are cited, as far as mailboxes are known."""

    store: SortedMail
    _first_at: dict[str, datetime] = field(default_factory=dict)
    _letters_of: dict[str, int] = field(default_factory=dict)

    def is_ours(self, message_id: str) -> bool:
        """Whether a letter of ours has it."""
        return self._is_held(message_id, ours=1)

    def is_others(self, message_id: str) -> bool:
        """Whether a letter of somebody else has it."""
        return self._is_held(message_id, ours=0)

    def _is_held(self, message_id: str, *, ours: int) -> bool:
        sql = (
            "select 1 from copies left join waiting on copy = id"
            " where message = ? and ours = ? and copy is null limit 1"
        )
        return bool(self.store.run(sql, (digest_of(message_id), ours)))

    def letters_of_host(self, host: str) -> int:
        """How many letters of ours have an id of that host."""
        if host not in self._letters_of:
            found = self.store.run("select letters from hosts where host = ?", (host,))
            self._letters_of[host] = int(found[0][0]) if found else 0
        return self._letters_of[host]

    def first_at(self, mailbox: str) -> datetime:
        """When the first letter held of a mailbox came."""
        if not self._first_at:
            found = self.store.fact("first_at")
            self._first_at.update({name: instant(at) for name, at in found.items()})
        return self._first_at[mailbox]


@dataclass(frozen=True, slots=True)
class Desk:
    """What partners are measured with, each by itself."""

    config: Config
    roster: Roster
    store: SortedMail
    reader: Reader
    instants: Instants

    def held(self, key: str) -> Held:
        """All there is of one partner."""
        messages = list(self.reader.load(self.store.members(key)).values())
        as_of, default = self.instants.as_of, self.instants.default
        ids = Ids(self.store)
        proofs = proofs_of(key, messages, self.roster, as_of, default, ids)
        return Held(self.config, self.roster, {key: messages}, {key: proofs})

    def mail(self, key: str, held: Held) -> PartnerMail:
        """The mail of one partner; its copies are held no more once letters are made of them."""
        return held.mail(key, self.instants.as_of, self.instants.default, lets_go=True)

    def known_copies(self, key: str, until: datetime) -> list[int]:
        """The copies of one partner that came up to an instant, or at an unknown one."""
        sql = (
            "select copy from members join copies on id = copy"
            " where party = ? and (at is null or at <= ?)"
        )
        return [copy for (copy,) in self.store.run(sql, (self.store.party(key), seconds(until)))]

    def known_until(self, key: str, held: Held) -> datetime:
        """As of when the record of one partner will be."""
        return held.until(key, self.instants.as_of, self.instants.default)

    def letters(self, key: str) -> tuple[Letter, ...]:
        """The letters of anybody, partner or not."""
        messages = list(self.reader.load(self.store.members(key)).values())
        held = Held(self.config, self.roster, {key: messages}, {})
        return held.letters(key, self.instants.as_of, self.instants.default)

    def until(self, key: str, mailboxes: str) -> datetime:
        """As of when somebody is known who was seen in some mailboxes, one a line."""
        named = mailboxes.split("\n") if mailboxes else []
        until = min(map(self.instants.of, named), default=self.instants.default)
        return min(until, self._end(key) or until)

    def _end(self, key: str) -> datetime | None:
        return self.roster.partner(key).until if self.roster.has_mergers else None

    def may_be_two_way(self, key: str) -> bool:
        """Whether copies of both sides are held: with less nobody becomes a partner by itself."""
        sql = "select 1 from members join copies on id = copy where party = ? and ours = ? limit 1"
        party = self.store.party(key)
        return all(self.store.run(sql, (party, ours)) for ours in (0, 1))

    def next_arrival(self, messages: Sequence[Message], until: datetime) -> int | None:
        """When the first of those copies is due that are later than what is known."""
        instants = (choose_at(message, self.roster.received_by)[0] for message in messages)
        return min((seconds(at) for at in instants if at and at > until), default=None)
