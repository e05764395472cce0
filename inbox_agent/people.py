"""The people of one partnership: who they are, who is new or has gone, how few carry it.

Whatever hangs on the calendar is reckoned at the last midnight of our zone, so that nothing here
changes during a day without new mail.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import Literal

from inbox_agent.addresses import Address, Roster, Side
from inbox_agent.business_clock import BusinessClock
from inbox_agent.letters import Letter
from inbox_agent.silence_gaps import RHYTHM_REACH, nearest_rank_median

PersonState = Literal["new", "active", "quiet", "gone"]

_NEW_FOR = timedelta(days=30)
_FEWEST_DAYS = 5
_QUIET_TIMES = 8
_QUIET_AFTER = timedelta(days=42)


@dataclass(frozen=True, slots=True)
class Person:
    """One address, the letters it wrote and those it stands in as a recipient, oldest first."""

    address: Address
    side: Side
    wrote: tuple[Letter, ...]
    received: tuple[Letter, ...]

    @property
    def first_at(self) -> datetime | None:
        """Its first letter."""
        return self.wrote[0].at if self.wrote else None

    @property
    def last_at(self) -> datetime | None:
        """Its latest letter."""
        return self.wrote[-1].at if self.wrote else None


def people_of(partner: str, letters: Iterable[Letter], roster: Roster) -> Mapping[str, Person]:
    """The people of both sides by address, of letters that count, given oldest first."""
    wrote: dict[str, list[Letter]] = defaultdict(list)
    received: dict[str, list[Letter]] = defaultdict(list)
    faces: dict[str, tuple[Address, Side]] = {}
    sides: dict[str, Side | None] = {}
    for letter in letters:
        for address, is_author in named_in(letter):
            key = address.key
            if key not in sides or roster.has_mergers:
                sides[key] = _side(address, partner, roster, letter.at)
            side = sides[key]
            if side is None:
                continue
            (wrote if is_author else received)[key].append(letter)
            known = faces.get(key)
            if known is None or (address.name and (is_author or not known[0].name)):
                faces[key] = (address, side)
    return {
        key: Person(*faces[key], tuple(wrote.get(key, ())), tuple(received.get(key, ())))
        for key in sorted(faces)
    }


def named_in(letter: Letter) -> Iterator[tuple[Address, bool]]:
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


# -- state ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Today:
    """The day of `as_of` in our zone; `at` is the midnight that began it."""

    clock: BusinessClock
    at: datetime

    @classmethod
    def of(cls, clock: BusinessClock, as_of: datetime) -> Today:
        """The day that an instant lies in."""
        return cls(clock, clock.day_start(as_of))

    def usual_gap(self, wrote: Sequence[Letter], *, is_own_year: bool = False) -> int | None:
        """The median gap, in our working days, between the days on which one person wrote.

        Of the gaps that ended in the 12 months before today, or before the person's last letter.
        """
        if not wrote:
            return None
        local = self.clock.local_date
        since = local(wrote[-1].instant if is_own_year else self.at) - RHYTHM_REACH
        days: set[date] = set()
        for letter in reversed(wrote):
            day = local(letter.instant)
            days.add(day)
            if day <= since:  # the first gap begins with it
                break
        gaps = [self.clock.working_days(a, b) for a, b in pairwise(sorted(days)) if b > since]
        return nearest_rank_median(sorted(gaps))


def state_of_person(
    person: Person, gone_at: datetime | None, record_began_at: datetime | None, today: Today
) -> PersonState | None:
    """How it is with one person of theirs: gone, quiet, new or active.

    `gone`: letters to the address fail for good (see gone_at), also where it never wrote. `quiet`:
    wrote on at least 5 days, and has been silent for at least 42 days and for more than 8 times the
    own usual gap in working days (the median of the 12 months before the last letter): who wrote
    weekly, after 8 weeks. `new`: the first letter is less than 30 days old, and the partner's
    record is older than that. `active`: anybody else who wrote. Empty for those only written to,
    and for our own people, who are not judged. Reckoned at the last midnight of our zone; who
    writes again is active again.
    """
    if person.side == "us":
        return None
    if gone_at is not None:
        return "gone"
    if person.first_at is None:
        return None
    if _is_quiet(person, today):
        return "quiet"
    since = today.at - _NEW_FOR
    is_known = record_began_at is not None and record_began_at <= since
    return "new" if is_known and person.first_at > since else "active"


def _is_quiet(person: Person, today: Today) -> bool:
    if person.last_at is None or person.last_at > today.at - _QUIET_AFTER:
        return False
    local = today.clock.local_date
    if len({local(letter.instant) for letter in person.wrote}) < _FEWEST_DAYS:
        return False
    usual = today.usual_gap(person.wrote, is_own_year=True)
    silent = today.clock.working_days(local(person.last_at), local(today.at))
    return usual is not None and silent > _QUIET_TIMES * usual


def gone_at(
    address: str, reports: Mapping[str, Sequence[datetime]], heard_at: Mapping[str, datetime]
) -> datetime | None:
    """Since when letters to somebody come back for good: the first report after their last letter.

    A delivery report names the address as failed, or is about a letter of ours that had no other
    recipient at the partner. One whose code says that the letter was refused and not the address
    (too large, forbidden, for a full mailbox, given up after days; RFC 3463 §3) does not count. A
    letter or an answer to an invitation that comes from there afterwards takes it back.
    """
    last = heard_at.get(address)
    later = (at for at in reports.get(address, ()) if last is None or at > last)
    return min(later, default=None)


# -- introduced by --------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Introducer:
    """Who brought a person in: one of theirs by address, or one of us."""

    address: str | None
    side: Side


def introducer(person: Person) -> Introducer | None:
    """Who brought a person of theirs into the mail.

    The author of the first letter of the partner's record that the person stands in, as a
    recipient in To or Cc, with letters of the person's own only later. Empty for those who came
    by themselves, and for those who were only written to.
    """
    if person.side == "us" or not person.wrote or not person.received:
        return None
    first, key = person.received[0], person.address.key
    if first.order >= person.wrote[0].order or key not in {a.key for a in (*first.to, *first.cc)}:
        return None
    author = first.author.key if first.author else None
    return Introducer(author, first.side) if author or first.side == "us" else None


# -- how many carry it ----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Concentration:
    """How few people carry the mail: the least number who wrote 80 % of a side's letters.

    Good for seeing that a partnership hangs on one person. Of 20 letters by five people, 12, 5, 1,
    1 and 1, it is two, who wrote 17. Letters of the window that count, by the author's address: a
    shared address is one person. their_people and our_people are all who wrote; their_people_80 and
    our_people_80 are empty where a side wrote nothing.
    """

    theirs: int | None
    ours: int | None
    their_people: int
    our_people: int


def concentration_of(letters: Iterable[Letter], ends: tuple[datetime, datetime]) -> Concentration:
    """How few people carry the mail of the window between `ends`, on both sides."""
    wrote: dict[Side, Counter[str]] = {"us": Counter(), "them": Counter()}
    for letter in letters:
        if letter.counts and letter.author and ends[0] <= letter.instant < ends[1]:
            wrote[letter.side][letter.author.key] += 1
    return Concentration(
        theirs=_least_for_most(wrote["them"]),
        ours=_least_for_most(wrote["us"]),
        their_people=len(wrote["them"]),
        our_people=len(wrote["us"]),
    )


def _least_for_most(wrote: Counter[str]) -> int | None:
    total, reached = wrote.total(), 0
    for people, (_, letters) in enumerate(wrote.most_common(), start=1):
        reached += letters
        if 5 * reached >= 4 * total:
            return people
    return None
