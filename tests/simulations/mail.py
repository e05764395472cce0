"""Letters of simulated partnerships, as the copies that a poll reads."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, time, timedelta
from functools import cache

from mailboxes import WEEK, addresses, message

from inbox_agent.addresses import Address, Roster
from inbox_agent.business_clock import BusinessClock, Clocks, Terms
from inbox_agent.messages import Message
from inbox_agent.standards import Cuts, Standards

#: A Thursday; every letter is from before it. The month began the night before.
AS_OF = datetime(2025, 10, 2, 12, tzinfo=UTC)
MONTH_START = datetime(2025, 10, 1, tzinfo=UTC)
ROSTER = Roster(team_domains=frozenset({"acme.com"}))
OURS = BusinessClock.make("UTC", WEEK, ((time(9), time(17)),), None, ())
TERMS = Terms(Standards(), Clocks(OURS, OURS), Cuts())
TEAM = ("ana@acme.com", "ben@acme.com")

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)


def seeded(*parts: object) -> random.Random:
    """A source of chance that is the same for the same words, in every process."""
    return random.Random(repr(parts))  # noqa: S311 - to be repeated, not to be secret


@cache
def _ours() -> Message:
    """A letter in Sent, whose fields the others change."""
    return message("ours", AS_OF, author=TEAM[0])


@cache
def _theirs() -> Message:
    """A letter in INBOX, likewise."""
    return message("theirs", AS_OF)


@cache
def _address(name: str) -> Address:
    return addresses(name)[0]


@dataclass
class Thread:
    """One conversation while it is written: each letter answers the one before it."""

    subject: str
    name: str
    letters: list[Message] = field(default_factory=list)

    def write(
        self,
        at: datetime,
        author: str,
        *to: str,
        cc: tuple[str, ...] = (),
        size_octets: int | None = None,
    ) -> Message:
        """The next letter; it quotes the last one and says 3,000 octets more, unless told."""
        last = self.letters[-1] if self.letters else None
        quoted = (last.size_octets or 0) if last else 2_500
        at = at.replace(microsecond=0)
        name = f"{self.name}-{len(self.letters)}@{author.partition('@')[2]}"
        letter = replace(
            _ours() if author in TEAM else _theirs(),
            digest=name,
            message_id=name,
            in_reply_to=last.message_id if last else None,
            references=tuple(each.message_id for each in self.letters),
            from_=_address(author),
            to=tuple(map(_address, to)),
            cc=tuple(map(_address, cc)),
            subject=f"Re: {self.subject}" if last else self.subject,
            sent_at=at,
            received_at=at,
            size_octets=size_octets or quoted + 3_000,
        )
        self.letters.append(letter)
        return letter


# -- when people write ----------------------------------------------------------------------------

_OPENS, _CLOSES = time(9), time(17)
_WORKDAY = timedelta(hours=8)


def working_instant(at: datetime, chance: random.Random) -> datetime:
    """Some instant in working hours on that day, or on the next working day."""
    while at.weekday() > 4:
        at += DAY
    opens = datetime.combine(at.date(), _OPENS, UTC)
    return opens + timedelta(seconds=chance.randrange(int(_WORKDAY.total_seconds())))


def after_working(at: datetime, length: timedelta) -> datetime:
    """The instant at which so much working time has passed."""
    while True:
        opens = datetime.combine(at.date(), _OPENS, UTC)
        closes = datetime.combine(at.date(), _CLOSES, UTC)
        if at.weekday() < 5 and at < closes:
            begins = max(at, opens)
            if begins + length <= closes:
                return begins + length
            length -= closes - begins
        at = opens + DAY


def lognormal(median: timedelta, sigma: float, chance: random.Random) -> timedelta:
    """A length of time with a heavy tail."""
    return median * chance.lognormvariate(0, sigma)


def memoryless(begin: datetime, end: datetime, mean: timedelta, chance: random.Random) -> Starts:
    """Any moment is as likely as any other."""
    at = begin
    while (at := at + mean * chance.expovariate(1)) < end:
        yield at


def weekly(begin: datetime, end: datetime, mean: timedelta, chance: random.Random) -> Starts:
    """At a steady pace, give or take a fifth; now and then one is skipped."""
    at = begin
    while (at := at + mean * chance.uniform(0.8, 1.2)) < end:
        if chance.random() < 0.95:
            yield at


def bursty(begin: datetime, end: datetime, mean: timedelta, chance: random.Random) -> Starts:
    """Three to five within some days, then a pause."""
    at = begin
    while True:
        count = chance.randint(3, 5)
        within = [mean * 0.3 * chance.expovariate(1) for _ in range(count)]
        for pause in within:
            at += pause
            if at >= end:
                return
            yield at
        at += max(mean * count * chance.uniform(0.8, 1.2) - sum(within, timedelta()), mean / 4)


Starts = Iterator[datetime]
RHYTHMS = {"memoryless": memoryless, "weekly": weekly, "bursty": bursty}
