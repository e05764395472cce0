"""The rows of the tables about people: who they are, and who introduced whom.

What the columns mean is said in `inbox_agent.catalogue`; here they are only filled.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Protocol

from inbox_agent.addresses import Partner
from inbox_agent.contacts import Contact
from inbox_agent.introductions import Introductions
from inbox_agent.measure import PartnerRecord
from inbox_agent.privacy import Privacy
from inbox_agent.published_rows import Row, flag, text_of


def contacts(record: PartnerRecord, privacy: Privacy) -> Iterator[Row]:
    """One row per person; ours only where the team publishes them."""
    for contact in record.contacts:
        is_ours = contact.side == "us"
        if is_ours and not privacy.our_people:
            continue
        yield {
            "partner": privacy.partner(record.partner.key),
            "address": contact.address if is_ours else privacy.person(contact.address),
            "name": privacy.name(contact.side, contact.name),
            "side": contact.side,
            "first_seen_at": text_of(contact.first_seen_at),
            "last_seen_at": text_of(contact.last_seen_at),
            "messages": contact.messages,
            "addressed": contact.addressed,
            "last_addressed_at": text_of(contact.last_addressed_at),
            "usual_gap_working_days": contact.usual_gap_working_days,
            "state": contact.state,
            "gone_at": text_of(contact.gone_at),
            "successor": privacy.person(contact.successor) if contact.successor else None,
            "introduced_by": _introduced_by(contact, privacy),
            "share_12_months": contact.share_12_months,
        }


def _introduced_by(contact: Contact, privacy: Privacy) -> str | None:
    by = contact.introduced_by
    if by is None:
        return None
    if by.side == "us":
        return _one_of_us(by.address, privacy)
    return privacy.person(by.address) if by.address else None


def _one_of_us(address: str | None, privacy: Privacy) -> str:
    return address if address and privacy.our_people else "us"


class Introduced(Protocol):
    """A partner's record, or what is kept of it."""

    @property
    def partner(self) -> Partner:
        """Whose it is."""

    @property
    def introductions(self) -> Introductions:
        """Who introduced whom."""


def introductions(record: Introduced, privacy: Privacy) -> Iterator[Row]:
    """One row per newcomer whom the partner introduced to us, or we to it."""
    for row in record.introductions.rows:
        by = row.introduced_by
        yield {
            "partner": privacy.partner(record.partner.key),
            "newcomer": privacy.person(row.newcomer),
            "introduced_by": (
                (privacy.person(by) if by else None) if row.received else _one_of_us(by, privacy)
            ),
            "introduced_at": text_of(row.introduced_at),
            "received": flag(row.received),
            "answered_at": text_of(row.answered_at),
            "alive_after_90_days": flag(row.alive_after_90_days),
        }


def people_columns(record: PartnerRecord) -> dict[str, Any]:
    """What `partner_standing` says of people: counts, and nobody by name."""
    carried = record.concentration
    return {
        "their_people": carried.their_people,
        "their_people_80": carried.theirs,
        "our_people": carried.our_people,
        "our_people_80": carried.ours,
        **introduced_columns(record.introductions),
    }


def introduced_columns(introduced: Introductions) -> dict[str, Any]:
    """What `partner_standing` says of introductions."""
    return {
        "introductions_received": introduced.received,
        "introductions_given": introduced.given,
    }
