"""A partner's rhythm: contact days, the gaps between them, and when a silence is too long."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from inbox_agent.addresses import Side
from inbox_agent.business_clock import BusinessClock, Terms
from inbox_agent.letters import Letter, row_key
from inbox_agent.standards import Span, Standards

#: Gaps that ended longer ago than this say nothing of the rhythm of today.
RHYTHM_REACH = timedelta(days=365)
FEWEST_GAPS = 8
_NOTABLE_TIMES = 2
#: Of steady partners, bursty ones too, fewer than one in twenty is silent for so many times its
#: longest gap in a quarter; for one and a half times it is up to one in twelve
#: (docs/simulations.md).
_ACT_TIMES = 2
#: Somebody heard from daily may be away for a working week.
_SHORTEST_ACT_WORKING_DAYS = 5


@dataclass(frozen=True, slots=True)
class Gap:
    """A silence: the time between two neighbouring days on which anybody of either side wrote.

    What breaks a silence is a letter that a person wrote, or an invitation to a meeting or an
    answer to one (no cancellation); automatic mail does not. Good for seeing a partnership cool
    before anybody says so. Who wrote last, and who broke it, stand beside it. The present silence
    is one, too; its end is empty until somebody writes.
    """

    key: str
    began_at: datetime
    ended_at: datetime | None
    gap_seconds: int | None
    gap_working_days: int | None
    last_from: Side
    broken_by: Side | None

    @property
    def is_open(self) -> bool:
        """Whether nobody has written since."""
        return self.ended_at is None


@dataclass(frozen=True, slots=True)
class Rhythm:
    """A partner's gaps, what is usual, and when the open silence is to be looked at.

    `lengths` are the working days of the gaps that ended in the 12 months before `as_of`,
    ascending; `gaps` are all, oldest first, the open one last. `longest_before_working_days` is the
    longest of the 12 months before the last contact, which the open silence is held against; None
    where those are fewer than 8 gaps. `heard_at` are the instants of their contacts.
    """

    gaps: tuple[Gap, ...]
    lengths: tuple[int, ...]
    usual_gap_working_days: int | None
    longest_gap_working_days: int | None
    longest_before_working_days: int | None
    last_contact_at: datetime | None
    last_from: Side | None
    watch_at: datetime | None
    act_at: datetime | None
    heard_at: tuple[datetime, ...] = ()

    def chance(self, gap_working_days: int) -> float:
        """How likely it is that a silence becomes as long as this one, going by the past 12 months.

        The smaller, the odder. Of n silences that ended in the last 12 months, k were at least as
        long: (k+1)/(n+2), so that it is never 0, and 0.5 where nothing is known. With 38 silences,
        none as long, it is 1 in 40.
        """
        as_long = sum(length >= gap_working_days for length in self.lengths)
        return (as_long + 1) / (len(self.lengths) + 2)

    def times_usual(self, gap_working_days: int) -> float | None:
        """How many times as long as usual a silence is, in working days.

        12 working days where 4 are usual are 3 times. Empty where the usual one is unknown or is 0
        working days (where contact is mostly on days off).
        """
        usual = self.usual_gap_working_days
        return gap_working_days / usual if usual else None


def rhythm_of(partner: str, letters: Sequence[Letter], terms: Terms, as_of: datetime) -> Rhythm:
    """The rhythm of a partner's contacts by our calendar, as it is known at `as_of`."""
    clock = terms.clocks.us
    contacts = [letter for letter in letters if letter.is_contact]
    gaps = _gaps(partner, contacts, clock)
    lengths = _lengths(gaps, as_of)
    last = contacts[-1] if contacts else None
    longest_before = longest_of(_lengths(gaps, last.instant)) if last else None
    watch_at, act_at = limits(last, longest_before, terms.standards, clock)
    return Rhythm(
        gaps=gaps,
        lengths=lengths,
        usual_gap_working_days=usual_gap(lengths),
        longest_gap_working_days=longest_gap(lengths),
        longest_before_working_days=longest_before,
        last_contact_at=last.at if last else None,
        last_from=last.side if last else None,
        watch_at=watch_at,
        act_at=act_at,
        heard_at=tuple(letter.instant for letter in contacts if letter.side == "them"),
    )


def _lengths(gaps: Sequence[Gap], at: datetime) -> tuple[int, ...]:
    """The working days of the gaps that ended in the 12 months before an instant, ascending."""
    since = at - RHYTHM_REACH
    return tuple(
        sorted(
            gap.gap_working_days
            for gap in gaps
            if gap.ended_at and gap.ended_at > since
            if gap.gap_working_days is not None
        )
    )


def usual_gap(ascending: Sequence[int]) -> int | None:
    """How long it is usually quiet between the two sides, in working days of ours.

    The median of the silences that ended in the last 12 months: at least half of them were no
    longer than this. It is always a length that occurred: of silences of 1, 2, 3 and 9 working days
    it is 2. A meeting that is invited to counts as contact. Empty while none has ended.
    """
    return nearest_rank_median(ascending)


def longest_gap(ascending: Sequence[int]) -> int | None:
    """The longest silence that ended in the last 12 months, in working days of ours.

    The present silence is not among them. What it is held against (see watch_at) is the longest one
    of the 12 months before it began, which may be another one. Empty while none has ended.
    """
    return ascending[-1] if ascending else None


def longest_of(ascending: Sequence[int]) -> int | None:
    """The longest gap, where there are enough of them to speak of a rhythm: 8."""
    return ascending[-1] if len(ascending) >= FEWEST_GAPS else None


def nearest_rank_median(ascending: Sequence[int]) -> int | None:
    """The smallest value with at least half of them at or below; never interpolated."""
    return ascending[(len(ascending) - 1) // 2] if ascending else None


def notable_gaps(rhythm: Rhythm, terms: Terms) -> tuple[Gap, ...]:
    """The silences worth a row: those longer than twice the usual, or than your standard allows.

    The standard is contact_every, in days of its own kind. The present silence is always listed,
    however short. Of those that have ended all times are looked at, not only the window.
    """
    usual, every = rhythm.usual_gap_working_days, terms.standards.contact_every

    def is_notable(gap: Gap) -> bool:
        if gap.is_open:
            return True
        days = gap.gap_working_days or 0
        if usual is not None and days > _NOTABLE_TIMES * usual:
            return True
        return every is not None and exceeds(gap, every, terms.clocks.us)

    return tuple(gap for gap in rhythm.gaps if is_notable(gap))


def exceeds(gap: Gap, span: Span, clock: BusinessClock) -> bool:
    """Whether a gap that has ended was longer than a span, in days of the span's own kind."""
    if span.unit == "working_days":
        return (gap.gap_working_days or 0) > span.amount
    if span.unit == "working_seconds":
        ended_at = gap.ended_at or gap.began_at
        return clock.working_seconds(gap.began_at, ended_at) > span.amount
    return (gap.gap_seconds or 0) > span.amount


def _gaps(partner: str, contacts: Sequence[Letter], clock: BusinessClock) -> tuple[Gap, ...]:
    if not contacts:
        return ()
    days = [clock.local_date(letter.instant) for letter in contacts]
    closed = [
        _closed_gap(partner, before, after, clock)
        for (before, after), (day, next_day) in zip(pairwise(contacts), pairwise(days), strict=True)
        if day != next_day
    ]
    last = contacts[-1]
    open_gap = Gap(
        key=row_key(partner, last.instant),
        began_at=last.instant,
        ended_at=None,
        gap_seconds=None,
        gap_working_days=None,
        last_from=last.side,
        broken_by=None,
    )
    return (*closed, open_gap)


def gap_length(began_at: datetime, ended_at: datetime, clock: BusinessClock) -> tuple[int, int]:
    """How long a silence lasted: in seconds by the calendar, and in our working days.

    From the last contact before it to the first one after. Working days are those after the earlier
    day, up to and with the later one, so that Friday to Monday is 1, as is Monday to Tuesday;
    holidays and closed days of our calendar are left out. Empty while it lasts: silent_now shows
    how long it is today.
    """
    working_days = clock.working_days(clock.local_date(began_at), clock.local_date(ended_at))
    return int((ended_at - began_at).total_seconds()), working_days


def _closed_gap(partner: str, last: Letter, first: Letter, clock: BusinessClock) -> Gap:
    gap_seconds, working_days = gap_length(last.instant, first.instant, clock)
    return Gap(
        key=row_key(partner, last.instant),
        began_at=last.instant,
        ended_at=first.instant,
        gap_seconds=gap_seconds,
        gap_working_days=working_days,
        last_from=last.side,
        broken_by=first.side,
    )


def limits(
    last: Letter | None, longest: int | None, standards: Standards, clock: BusinessClock
) -> tuple[datetime | None, datetime | None]:
    """When the present silence becomes too long: to be looked at, and to be acted on.

    Good for knowing beforehand until when there is no need to worry. By rhythm, which takes 8
    silences: to be looked at from the midnight at which it passes the longest one of the 12 months
    before it began; to be acted on once it passes twice that, and a working week. With a longest
    one of 6 working days and a last contact on a Monday, that is Wednesday of the next week, and
    Thursday of the week after. By standard: contact_every and contact_at_least_every after the last
    contact. The earlier one holds, and stays until somebody writes. Empty with neither.
    """
    if last is None:
        return (None, None)

    def first(working_days: int | None, span: Span | None) -> datetime | None:
        instants = []
        if working_days is not None:
            instants.append(first_day_too_many(last.instant, working_days, clock))
        if span is not None:
            instants.append(too_long_at(last.instant, span, clock))
        return min(instants, default=None)

    return (
        first(longest, standards.contact_every),
        first(None if longest is None else act_limit(longest), standards.contact_at_least_every),
    )


def too_long_at(last_contact_at: datetime, span: Span, clock: BusinessClock) -> datetime:
    """When a silence passes a standard: of business days the midnight after the last one."""
    if span.unit == "working_days":
        return first_day_too_many(last_contact_at, span.amount, clock)
    return clock.deadline(last_contact_at, span)


def act_limit(longest: int) -> int:
    """How many working days of silence are far too many, by the longest gap known."""
    return max(_ACT_TIMES * longest, _SHORTEST_ACT_WORKING_DAYS)


def first_day_too_many(last_contact_at: datetime, limit: int, clock: BusinessClock) -> datetime:
    """The local midnight that begins the first working day beyond so many after a contact."""
    return clock.midnight(clock.working_day_after(clock.local_date(last_contact_at), limit + 1))
