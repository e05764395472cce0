"""Faces: who on either side wrote or was written to, how regularly, and what became of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter

from inbox_agent.addresses import Roster, Side
from inbox_agent.bounces import failed_addresses
from inbox_agent.business_clock import BusinessClock
from inbox_agent.conversations import Conversation
from inbox_agent.letters import Letter
from inbox_agent.people import (
    Introducer,
    Person,
    PersonState,
    Today,
    gone_at,
    introducer,
    people_of,
    state_of_person,
)
from inbox_agent.silence_gaps import RHYTHM_REACH
from inbox_agent.successors import successors


@dataclass(frozen=True, slots=True)
class Contact:
    """One address in one partner's record; `first_seen_at` and `last_seen_at` as author.

    `state`, `gone_at`, `successor`, `introduced_by` and `share_12_months` are of their people
    only. `successor` is an address.
    """

    address: str
    name: str
    side: Side
    first_seen_at: datetime | None
    last_seen_at: datetime | None
    messages: int
    addressed: int
    last_addressed_at: datetime | None
    usual_gap_working_days: int | None
    state: PersonState | None
    gone_at: datetime | None
    successor: str | None
    introduced_by: Introducer | None
    share_12_months: float | None


def contacts_of(
    partner: str,
    conversations: Sequence[Conversation],
    roster: Roster,
    clock: BusinessClock,
    as_of: datetime,
) -> tuple[Contact, ...]:
    """The people of both sides, by address, who wrote or received a letter that counts.

    An address that several people use is one person, and somebody with two addresses is two. Our
    own people are only counted: they have no state, share or successor.
    """
    letters = sorted((x for c in conversations for x in c.counting), key=attrgetter("order"))
    people = people_of(partner, letters, roster)
    today = Today.of(clock, as_of)
    left = _left(people, conversations)
    began_at = letters[0].at if letters else None
    states = {
        key: state_of_person(person, left.get(key), began_at, today)
        for key, person in people.items()
    }
    lost = {key for key, state in states.items() if state in ("quiet", "gone")}
    after = successors(people, lost, conversations)
    shares = shares_12_months(people, letters, today)
    return tuple(
        Contact(
            address=key,
            name=person.address.name,
            side=person.side,
            first_seen_at=person.first_at,
            last_seen_at=person.last_at,
            messages=len(person.wrote),
            addressed=len(person.received),
            last_addressed_at=person.received[-1].at if person.received else None,
            usual_gap_working_days=today.usual_gap(person.wrote),
            state=states[key],
            gone_at=left.get(key),
            successor=after.get(key),
            introduced_by=introducer(person),
            share_12_months=shares.get(key),
        )
        for key, person in people.items()
    )


def _left(
    people: Mapping[str, Person], conversations: Sequence[Conversation]
) -> Mapping[str, datetime]:
    """When each of those who are gone was found to be."""
    reports: dict[str, list[datetime]] = defaultdict(list)
    for report, address in failed_addresses(conversations):
        if report.at and address in people and people[address].side == "them":
            reports[address].append(report.at)
    if not reports:
        return {}
    heard_at = {
        x.author.key: x.instant
        for x in sorted((x for c in conversations for x in c.letters), key=lambda x: x.order)
        if x.is_contact and x.author
    }
    found = {address: gone_at(address, reports, heard_at) for address in reports}
    return {address: at for address, at in found.items() if at}


def shares_12_months(
    people: Mapping[str, Person], letters: Sequence[Letter], today: Today
) -> Mapping[str, float]:
    """The share of the partner's letters of the last 12 months that each person of theirs wrote.

    Good for seeing who carries a partnership: at 0.6 one person wrote six of ten letters. Letters
    that count, up to the last midnight of our zone. Of those of theirs who ever wrote; empty for
    everybody where none of them did in the 12 months.
    """
    since = today.at - RHYTHM_REACH
    recent = {x.key for x in letters if x.side == "them" and since <= x.instant < today.at}
    if not recent:
        return {}
    return {
        key: sum(x.key in recent for x in person.wrote) / len(recent)
        for key, person in people.items()
        if person.side == "them" and person.wrote
    }
