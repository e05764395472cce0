"""What the alarms of silence were worth: each one the rhythm raised, and what came after it."""

from __future__ import annotations

from bisect import bisect_right
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from inbox_agent.addresses import Side
from inbox_agent.business_clock import BusinessClock, Terms
from inbox_agent.letters import row_key
from inbox_agent.silence_gaps import (
    FEWEST_GAPS,
    RHYTHM_REACH,
    Gap,
    Rhythm,
    act_limit,
    first_day_too_many,
)

AlarmLevel = Literal["watch", "act"]

#: Who writes again within so long has come back.
COME_BACK = timedelta(days=30)
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class PastAlarm:
    """An alarm of silence that the partner's own rhythm raised, or would have, and what came of it.

    Good for judging how far alarms are to be believed. Raised at the midnight at which the silence
    passed watch_at or act_at by rhythm, going by what was known then; your own contact standards
    are left aside. Beside it: who ended the silence, and when; whole days from the alarm until
    then; whether they wrote within 30 days of the alarm, whoever ended the silence (empty while
    those have not passed and they have not written); and, of a watch, the days of warning: how long
    there was to do something before it became, or would have become, one to act on.
    """

    key: str
    level: AlarmLevel
    gap: str
    began_at: datetime
    raised_at: datetime
    ended_at: datetime | None
    broken_by: Side | None
    they_wrote_at: datetime | None
    came_back: bool | None
    days_until_contact: int | None
    warning_days: int | None


@dataclass(frozen=True, slots=True)
class AlarmCounts:
    """How many silences of the last 12 months raised an alarm, and after how many they came back.

    A silence is counted once, by its watch. They came back when they wrote within 30 days of it: 5
    alarms of which 5 came back say that such a silence means little here.
    """

    alarms: int
    came_back: int


def alarm_counts(alarms: Sequence[PastAlarm], today: datetime) -> AlarmCounts:
    """Of the alarms raised in the 12 months before a midnight."""
    of_year = [x for x in alarms if x.level == "watch" and x.raised_at > today - RHYTHM_REACH]
    return AlarmCounts(len(of_year), sum(x.came_back is True for x in of_year))


def alarm_record(rhythm: Rhythm, terms: Terms, as_of: datetime) -> tuple[PastAlarm, ...]:
    """All alarms by rhythm up to the last midnight before `as_of`, oldest first.

    They are those which polls at each midnight would have raised, as what a silence is held
    against is settled when it begins.
    """
    now = _Now(terms.clocks.us, terms.clocks.us.day_start(as_of))
    return tuple(
        alarm
        for gap, longest in _held_against(rhythm.gaps)
        for alarm in _alarms_of(gap, longest, rhythm.heard_at, now)
    )


@dataclass(frozen=True, slots=True)
class _Now:
    clock: BusinessClock
    last_midnight: datetime

    def days(self, start: datetime, end: datetime) -> int:
        """From one local midnight to another, also where the clocks were changed between."""
        return (self.clock.local_date(end) - self.clock.local_date(start)).days


def _held_against(gaps: Sequence[Gap]) -> Iterator[tuple[Gap, int]]:
    """Each gap with the longest one of the 12 months before it, where these were 8.

    A window slides over the gaps: `falling` holds the longest first, then those that will be it
    when the ones before them have left.
    """
    falling: deque[Gap] = deque()
    first = 0
    for place, gap in enumerate(gaps):
        since = gap.began_at - RHYTHM_REACH
        while first < place and _ended_at(gaps[first]) <= since:
            if falling and falling[0] is gaps[first]:
                falling.popleft()
            first += 1
        if place - first >= FEWEST_GAPS:
            yield gap, _length(falling[0])
        length = _length(gap)
        while falling and _length(falling[-1]) <= length:
            falling.pop()
        falling.append(gap)


def _length(gap: Gap) -> int:
    return gap.gap_working_days or 0


def _ended_at(gap: Gap) -> datetime:
    return gap.ended_at or gap.began_at


def _alarms_of(
    gap: Gap, longest: int, heard_at: Sequence[datetime], now: _Now
) -> Iterator[PastAlarm]:
    if gap.ended_at and _length(gap) <= longest:
        return
    watched_at = first_day_too_many(gap.began_at, longest, now.clock)
    acted_at = first_day_too_many(gap.began_at, act_limit(longest), now.clock)
    levels: tuple[tuple[AlarmLevel, datetime], ...] = (("watch", watched_at), ("act", acted_at))
    for level, raised_at in levels:
        if raised_at > now.last_midnight or (gap.ended_at and gap.ended_at <= raised_at):
            return
        wrote_at = next(iter(heard_at[bisect_right(heard_at, raised_at) :][:1]), None)
        yield PastAlarm(
            key=row_key(gap.key, level),
            level=level,
            gap=gap.key,
            began_at=gap.began_at,
            raised_at=raised_at,
            ended_at=gap.ended_at,
            broken_by=gap.broken_by,
            they_wrote_at=wrote_at,
            came_back=_came_back(raised_at, wrote_at, now.last_midnight),
            days_until_contact=(gap.ended_at - raised_at) // _DAY if gap.ended_at else None,
            warning_days=now.days(watched_at, acted_at) if level == "watch" else None,
        )


def _came_back(raised_at: datetime, wrote_at: datetime | None, today: datetime) -> bool | None:
    if wrote_at is not None and wrote_at <= raised_at + COME_BACK:
        return True
    return False if today >= raised_at + COME_BACK else None
