"""Faces: who on either side wrote or was written to, and how regularly."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

from inbox_agent.addresses import Address, Roster, Side
from inbox_agent.business_clock import BusinessClock
from inbox_agent.letters import Letter
from inbox_agent.silence_gaps import RHYTHM_REACH, nearest_rank_median


@dataclass(frozen=True, slots=True)
class Contact:
    """One address in one partner's record; `first_seen_at` and `last_seen_at` as author."""

    address: str
    name: str
    side: Side
    first_seen_at: datetime | None
    last_seen_at: datetime | None
    messages: int
    addressed: int
    usual_gap_working_days: int | None


def contacts_of(
    partner: str,
    letters: Sequence[Letter],
    roster: Roster,
    clock: BusinessClock,
    as_of: datetime,
) -> tuple[Contact, ...]:
    """The people of both sides, by address; only letters that count are counted."""
    wrote: dict[str, list[Letter]] = {}
    addressed: dict[str, int] = {}
    faces: dict[str, tuple[Address, Side]] = {}
    for letter in letters:
        if not letter.counts:
            continue
        for address, is_author in _people(letter):
            side = _side(address, partner, roster, letter.at)
            if side is None:
                continue
            key = address.key
            known = faces.get(key)
            if known is None or (address.name and (is_author or not known[0].name)):
                faces[key] = (address, side)
            if is_author:
                wrote.setdefault(key, []).append(letter)
            else:
                addressed[key] = addressed.get(key, 0) + 1
    return tuple(
        Contact(
            address=key,
            name=faces[key][0].name,
            side=faces[key][1],
            first_seen_at=written[0].at if written else None,
            last_seen_at=written[-1].at if written else None,
            messages=len(written),
            addressed=addressed.get(key, 0),
            usual_gap_working_days=_usual_gap(written, clock, as_of),
        )
        for key in sorted(faces)
        for written in (wrote.get(key, []),)
    )


def _people(letter: Letter) -> Iterator[tuple[Address, bool]]:
    """Each address of a letter once as author and once as recipient."""
    if letter.author is not None:
        yield letter.author, True
    recipients = {a.key: a for a in (*letter.to, *letter.cc, *letter.bcc)}
    for address in recipients.values():
        yield address, False


def _side(address: Address, partner: str, roster: Roster, at: datetime | None) -> Side | None:
    if roster.is_us(address):
        return "us"
    return "them" if roster.partner_of(address, at) == partner else None


def _usual_gap(wrote: Sequence[Letter], clock: BusinessClock, as_of: datetime) -> int | None:
    """The median gap, in our working days, between the days on which one person wrote."""
    days = sorted({clock.local_date(letter.instant) for letter in wrote})
    since = clock.local_date(as_of) - RHYTHM_REACH
    gaps = [clock.working_days(a, b) for a, b in pairwise(days) if b > since]
    return nearest_rank_median(sorted(gaps))
