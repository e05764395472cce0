"""A partner's rhythm: contact days, the gaps between them, and when a silence is too long."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby, pairwise

from inbox_agent.addresses import Side
from inbox_agent.business_clock import BusinessClock, Terms
from inbox_agent.letters import Letter, row_key
from inbox_agent.standards import Span, Standards

#: Gaps that ended longer ago than this say nothing of the rhythm of today.
RHYTHM_REACH = timedelta(days=365)
_FEWEST_GAPS = 8
_NOTABLE_TIMES = 2


@dataclass(frozen=True, slots=True)
class Gap:
    """A silence between two neighbouring contact days; what it ends with is None while open.

    `gap_working_days` are those of our calendar after the earlier day, up to and with the later
    one, so that Friday to Monday is 1.
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
    ascending; `gaps` are all, oldest first, the open one last.
    """

    gaps: tuple[Gap, ...]
    lengths: tuple[int, ...]
    usual_gap_working_days: int | None
    longest_gap_working_days: int | None
    last_contact_at: datetime | None
    last_from: Side | None
    watch_at: datetime | None
    act_at: datetime | None

    def chance(self, gap_working_days: int) -> float:
        """How likely a gap at least so long is, going by the past 12 months: (k+1)/(n+2)."""
        as_long = sum(length >= gap_working_days for length in self.lengths)
        return (as_long + 1) / (len(self.lengths) + 2)

    def times_usual(self, gap_working_days: int) -> float | None:
        """How many times the usual gap; None while there is none, or it is 0 working days."""
        usual = self.usual_gap_working_days
        return gap_working_days / usual if usual else None


def rhythm_of(partner: str, letters: Sequence[Letter], terms: Terms, as_of: datetime) -> Rhythm:
    """The rhythm of a partner's contacts by our calendar, as it is known at `as_of`."""
    clock = terms.clocks.us
    contacts = [letter for letter in letters if letter.is_contact]
    gaps = _gaps(partner, contacts, clock)
    lengths = tuple(
        sorted(
            gap.gap_working_days
            for gap in gaps
            if gap.ended_at and gap.ended_at > as_of - RHYTHM_REACH
            if gap.gap_working_days is not None
        )
    )
    last = contacts[-1] if contacts else None
    longest = lengths[-1] if lengths else None
    by_rhythm = longest if len(lengths) >= _FEWEST_GAPS else None
    watch_at, act_at = limits(last, by_rhythm, terms.standards, clock)
    return Rhythm(
        gaps=gaps,
        lengths=lengths,
        usual_gap_working_days=nearest_rank_median(lengths),
        longest_gap_working_days=longest,
        last_contact_at=last.at if last else None,
        last_from=last.side if last else None,
        watch_at=watch_at,
        act_at=act_at,
    )


def nearest_rank_median(ascending: Sequence[int]) -> int | None:
    """The smallest value with at least half of them at or below; never interpolated."""
    return ascending[(len(ascending) - 1) // 2] if ascending else None


def notable_gaps(rhythm: Rhythm, terms: Terms) -> tuple[Gap, ...]:
    """The gaps worth a row: longer than twice the usual or `contact_every`; the open one always."""
    usual, every = rhythm.usual_gap_working_days, terms.standards.contact_every

    def is_notable(gap: Gap) -> bool:
        if gap.is_open:
            return True
        days = gap.gap_working_days or 0
        if usual is not None and days > _NOTABLE_TIMES * usual:
            return True
        return every is not None and _exceeds(gap, every, terms.clocks.us)

    return tuple(gap for gap in rhythm.gaps if is_notable(gap))


def _exceeds(gap: Gap, span: Span, clock: BusinessClock) -> bool:
    if span.unit == "working_days":
        return (gap.gap_working_days or 0) > span.amount
    if span.unit == "working_seconds":
        ended_at = gap.ended_at or gap.began_at
        return clock.working_seconds(gap.began_at, ended_at) > span.amount
    return (gap.gap_seconds or 0) > span.amount


def _gaps(partner: str, contacts: Sequence[Letter], clock: BusinessClock) -> tuple[Gap, ...]:
    days = [
        (day, tuple(run))
        for day, run in groupby(contacts, key=lambda letter: clock.local_date(letter.instant))
    ]
    closed = [
        _closed_gap(partner, before[-1], after[0], clock.working_days(earlier, later))
        for (earlier, before), (later, after) in pairwise(days)
    ]
    if not days:
        return ()
    last = days[-1][1][-1]
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


def _closed_gap(partner: str, last: Letter, first: Letter, working_days: int) -> Gap:
    return Gap(
        key=row_key(partner, last.instant),
        began_at=last.instant,
        ended_at=first.instant,
        gap_seconds=int((first.instant - last.instant).total_seconds()),
        gap_working_days=working_days,
        last_from=last.side,
        broken_by=first.side,
    )


def limits(
    last: Letter | None, longest: int | None, standards: Standards, clock: BusinessClock
) -> tuple[datetime | None, datetime | None]:
    """When the open silence is too long: `watch_at` and `act_at`, by rhythm or by standard.

    By rhythm `watch_at` is the instant at which it passes the longest gap of the 12 months, and
    `act_at` one and a half times that: the local midnight that begins the first working day too
    many; this needs 8 gaps. By standard they are `contact_every` and `contact_at_least_every`
    after the last contact. Whichever comes first.
    """
    if last is None:
        return (None, None)

    def first(working_days: int | None, span: Span | None) -> datetime | None:
        instants = []
        if working_days is not None:
            instants.append(_too_many(last, working_days, clock))
        if span is not None and span.unit == "working_days":
            instants.append(_too_many(last, span.amount, clock))
        elif span is not None:
            instants.append(clock.deadline(last.instant, span))
        return min(instants, default=None)

    half_more = None if longest is None else longest * 3 // 2
    return (
        first(longest, standards.contact_every),
        first(half_more, standards.contact_at_least_every),
    )


def _too_many(last: Letter, working_days: int, clock: BusinessClock) -> datetime:
    """The local midnight that begins the first working day too many."""
    day = clock.working_day_after(clock.local_date(last.instant), working_days + 1)
    return clock.midnight(day)
