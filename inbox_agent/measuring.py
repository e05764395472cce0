"""Every partner of a config measured: who there is, and as of when each is known."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from inbox_agent.business_clock import Terms
from inbox_agent.config import Config
from inbox_agent.copies import by_partner
from inbox_agent.measure import PartnerRecord, measure
from inbox_agent.messages import Message


def moved_on(known: Mapping[str, datetime], polled: Collection[str]) -> dict[str, datetime]:
    """A mailbox that is not polled holds up nobody: it is the past of those that are."""
    until = [at for mailbox, at in known.items() if mailbox in polled]
    return {
        mailbox: at if mailbox in polled else max(at, min(until, default=at))
        for mailbox, at in known.items()
    }


def measure_all(
    config: Config, held: Sequence[Message], as_of: Mapping[str, datetime], default: datetime
) -> tuple[list[PartnerRecord], int]:
    """The record of every partner, by key, and how many copies are in none of them.

    A partner is measured as of the earliest of the mailboxes it was seen in, and no later than
    all it had went to others. One found by itself is a partner when both sides have written.
    """
    roster, cuts = config.roster(), config.cuts()
    found = by_partner(held, roster)
    listed = {partner.key for partner in roster.partners}
    records, in_a_record = [], set[int]()
    for key in sorted(listed | set(found)):
        partner, messages = roster.partner(key), found.get(key, [])
        until = min((as_of.get(message.mailbox, default) for message in messages), default=default)
        record = measure(
            partner,
            messages,
            roster,
            Terms(config.standards(partner), config.clocks(partner), cuts),
            min(until, partner.until or until),
        )
        if record.is_two_way or key in listed:
            records.append(record)
            in_a_record.update(map(id, messages))
    return records, len(held) - len(in_a_record)
