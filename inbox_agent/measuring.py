"""Every partner of a config measured: who there is, and as of when each is known."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from inbox_agent.addresses import Roster
from inbox_agent.config import Config
from inbox_agent.copies import by_partner
from inbox_agent.introductions import (
    NO_INTRODUCTIONS,
    introductions,
    likely,
)
from inbox_agent.letters import Letter, letters_of
from inbox_agent.measure import PartnerRecord, record_of
from inbox_agent.messages import Message
from inbox_agent.newcomers import Exchanges, Hints, Sightings
from inbox_agent.partner_mail import PartnerMail, mail_of
from inbox_agent.sent_coverage import Proof, sent_proofs


def moved_on(known: Mapping[str, datetime], polled: Collection[str]) -> dict[str, datetime]:
    """A mailbox that is not polled holds up nobody: it is the past of those that are."""
    until = [at for mailbox, at in known.items() if mailbox in polled]
    return {
        mailbox: at if mailbox in polled else max(at, min(until, default=at))
        for mailbox, at in known.items()
    }


@dataclass(frozen=True, slots=True)
class Held:
    """The copies held, by the partner whose record they are in, and what each answer proves."""

    config: Config
    roster: Roster
    messages: Mapping[str, list[Message]]
    proofs: Mapping[str, Sequence[Proof]]

    @classmethod
    def of(
        cls,
        config: Config,
        held: Sequence[Message],
        as_of: Mapping[str, datetime],
        default: datetime,
    ) -> Held:
        """The copies sorted into records by a config's roster; what later ones prove is left out.

        `as_of` says up to when each mailbox is known, `default` of those that it does not name.
        """
        roster = config.roster()
        proofs: dict[str, list[Proof]] = defaultdict(list)
        for proof in sent_proofs(held, roster, as_of, default):
            proofs[proof.partner].append(proof)
        return cls(config, roster, by_partner(held, roster), proofs)

    def until(self, key: str, as_of: Mapping[str, datetime], default: datetime) -> datetime:
        """As of when one partner is measured: the earliest of the mailboxes it was seen in.

        And no later than all it had went to others.
        """
        messages, end = self.messages.get(key, []), self.roster.partner(key).until
        until = min((as_of.get(message.mailbox, default) for message in messages), default=default)
        return min(until, end or until)

    def letters(
        self, key: str, as_of: Mapping[str, datetime], default: datetime
    ) -> tuple[Letter, ...]:
        """The letters of anybody, partner or not."""
        until = self.until(key, as_of, default)
        return letters_of(self.roster.partner(key), self.messages.get(key, ()), self.roster, until)

    def record(self, key: str, as_of: Mapping[str, datetime], default: datetime) -> PartnerRecord:
        """The record of one partner."""
        return record_of(self.mail(key, as_of, default))

    def mail(
        self,
        key: str,
        as_of: Mapping[str, datetime],
        default: datetime,
        *,
        lets_go: bool = False,
    ) -> PartnerMail:
        """The mail of one partner; where this `lets_go`, its copies are held no more."""
        partner = self.roster.partner(key)
        copies, until = self.messages.get(key, []), self.until(key, as_of, default)
        return mail_of(
            partner,
            _let_go(copies) if lets_go else copies,
            self.roster,
            self.config.terms(partner),
            until,
            self.proofs.get(key, ()),
        )


def _let_go(copies: list[Message]) -> Iterator[Message]:
    """The copies, none of which stays."""
    copies.reverse()
    while copies:
        yield copies.pop()


@dataclass(frozen=True, slots=True)
class Measuring:
    """All records, by key; how many copies are in none; and what they were made of."""

    records: Sequence[PartnerRecord]
    without_partner: int
    held: Held


def measure_all(
    config: Config, held: Sequence[Message], as_of: Mapping[str, datetime], default: datetime
) -> tuple[list[PartnerRecord], int]:
    """The record of every partner, by key, and how many copies are in none of them.

    One found by itself is a partner when both sides have written.
    """
    found = measured(config, held, as_of, default)
    return list(found.records), found.without_partner


def measured(
    config: Config, held: Sequence[Message], as_of: Mapping[str, datetime], default: datetime
) -> Measuring:
    """What `measure_all` gives, with what it sorted."""
    sorted_out = Held.of(config, held, as_of, default)
    listed = {partner.key for partner in sorted_out.roster.partners}
    records, in_a_record = [], set[int]()
    for key in sorted(listed | set(sorted_out.messages)):
        record = sorted_out.record(key, as_of, default)
        if record.is_two_way or key in listed:
            records.append(record)
            in_a_record.update(map(id, sorted_out.messages.get(key, ())))
    found = _with_introductions(sorted_out, held, records, as_of, default)
    return Measuring(found, len(held) - len(in_a_record), sorted_out)


def _with_introductions(
    sorted_out: Held,
    held: Sequence[Message],
    records: Sequence[PartnerRecord],
    as_of: Mapping[str, datetime],
    default: datetime,
) -> list[PartnerRecord]:
    """The records with who introduced whom: the one thing that no partner's letters tell alone."""
    clock, roster = sorted_out.config.our_clock(), sorted_out.roster
    hints = [Hints(r.partner.key, r.hints, r.as_of, clock.day_start(r.as_of)) for r in records]
    found = likely(hints, Sightings.among(held, roster, hints))
    wanted = {key for each in found for key in (each.hints.partner, each.hint.organisation)}
    letters = {record.partner.key: record.letters for record in records}
    exchanges = {
        key: Exchanges.of(key, letters.get(key) or sorted_out.letters(key, as_of, default), roster)
        for key in sorted(wanted)
    }
    made = introductions(found, exchanges)
    return [replace(r, introductions=made.get(r.partner.key, NO_INTRODUCTIONS)) for r in records]


def of_whole_mailboxes(
    config: Config,
    held: Sequence[Message],
    records: Sequence[PartnerRecord],
    whole: Collection[str],
) -> Sequence[PartnerRecord]:
    """The records that are of those mailboxes alone: `whole` were read to their end at least once.

    In the others what looks like an answer that is missing may only not have been read yet.
    """
    if not whole or all(message.mailbox in whole for message in held):
        return records if whole else ()
    seen = by_partner(held, config.roster())
    return [
        record
        for record in records
        if all(message.mailbox in whole for message in seen.get(record.partner.key, ()))
    ]
