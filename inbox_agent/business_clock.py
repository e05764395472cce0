"""Working time as a monotone reading: a working duration is one subtraction.

A clock reads like a meter that runs only in working hours. `reading` tells how many working
seconds have passed since a fixed day, so the working time between two instants is the
difference of two readings. Hours are wall-clock hours of the zone; their ends are turned into
UTC before they are subtracted, so a night with a DST change has the length it really had.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property, lru_cache
from typing import Protocol
from zoneinfo import ZoneInfo

import holidays as _holidays

from inbox_agent.standards import Cuts, Span, Standards

DAY_NAMES = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_MIDNIGHT = time(0, 0)
_EPOCH = date(1990, 1, 1)


class _Dates(Protocol):
    def __contains__(self, day: date, /) -> bool: ...


@lru_cache(maxsize=256)
def holiday_calendar(code: str) -> _Dates:
    """The public holidays of a country or a country's part, like ``DE`` or ``DE-BY``.

    One for all clocks, as it works out each year when first asked. Raises NotImplementedError
    where the library has no such calendar.
    """
    country, _, part = code.partition("-")
    return _holidays.country_holidays(country, subdiv=part or None)


@dataclass(frozen=True)
class BusinessClock:
    """The working time of one side: zone, weekdays (0 is Monday), hours, days it is closed."""

    zone: ZoneInfo
    weekdays: frozenset[int]
    hours: tuple[tuple[time, time], ...]
    holidays: str | None = None
    closed: frozenset[date] = frozenset()
    _sums: list[tuple[int, int]] = field(
        default_factory=lambda: [(0, 0)], init=False, repr=False, compare=False
    )

    @classmethod
    def make(
        cls,
        timezone: str,
        days: Iterable[str],
        hours: Iterable[tuple[time, time]],
        holidays: str | None,
        closed: Iterable[date],
    ) -> BusinessClock:
        """A clock from config values; hours that end at 24:00 are given as ending at 00:00."""
        weekdays = frozenset(DAY_NAMES.index(day) for day in days)
        return cls(ZoneInfo(timezone), weekdays, tuple(sorted(hours)), holidays, frozenset(closed))

    @cached_property
    def _holiday_dates(self) -> _Dates:
        return holiday_calendar(self.holidays) if self.holidays else frozenset[date]()

    # -- days -----------------------------------------------------------------------------

    def local_date(self, at: datetime) -> date:
        """The day in this clock's zone that an instant lies in."""
        return at.astimezone(self.zone).date()

    def midnight(self, day: date) -> datetime:
        """The instant (UTC) at which a day of this clock's zone begins."""
        return self._instant(day, _MIDNIGHT)

    def day_start(self, at: datetime) -> datetime:
        """The last local midnight at or before an instant."""
        return self.midnight(self.local_date(at))

    def month_start(self, at: datetime) -> datetime:
        """The local midnight that begins the month of an instant."""
        return self.midnight(self.local_date(at).replace(day=1))

    def is_working_day(self, day: date) -> bool:
        """Whether anything is open on that day."""
        return (
            day.weekday() in self.weekdays
            and day not in self.closed
            and day not in self._holiday_dates
        )

    def working_days(self, after: date, upto: date) -> int:
        """How many working days lie after one day, up to and with another (negative: 0)."""
        return max(0, self._sum_before(upto + _DAY)[0] - self._sum_before(after + _DAY)[0])

    def working_day_after(self, day: date, count: int) -> date:
        """The count-th working day after a day."""
        while count:
            day += _DAY
            count -= self.is_working_day(day)
        return day

    # -- seconds --------------------------------------------------------------------------

    def reading(self, at: datetime) -> int:
        """Working seconds from 1990 to an instant, whole ones; never falls as time goes on."""
        day = self.local_date(at)
        spans = (min(at, end) - start for start, end in self.open_hours(day))
        return self._sum_before(day)[1] + int(sum(max(0.0, span.total_seconds()) for span in spans))

    def working_seconds(self, start: datetime, end: datetime) -> int:
        """The working time from one instant to another, by the hours of the side that answers.

        With hours from 9:00 to 17:00, Monday to Friday: asked on Friday at 16:00 and answered on
        Monday at 10:00 takes two hours; asked at 20:00 and answered at 9:15 the next morning, 15
        minutes. Nights, weekends, holidays, closed days and breaks are no time: what is asked
        outside hours and answered before the next opening takes 0. When the clocks are changed in a
        night, hours have the length they really had. Of an answer it is empty where
        response_seconds is.
        """
        return max(0, self.reading(end) - self.reading(start))

    def deadline(self, start: datetime, span: Span) -> datetime:
        """The instant by which an answer is due, by the standard of the side that answers.

        Business hours run in working time only: 4 of them from Friday at 15:00 end on Monday at
        11:00. Business days are the same local time so many working days later: 1 from Friday at
        15:00 is Monday at 15:00; asked outside hours (the very closing time is outside) they run
        from the next opening, and they never end later than that day's closing. Other spans are by
        the calendar. Empty without a standard.
        """
        if span.unit == "working_seconds":
            return self._after_working_seconds(start, span.amount)
        if span.unit == "working_days":
            return self._after_working_days(start, span.amount)
        return start + timedelta(seconds=span.amount)

    def _after_working_seconds(self, start: datetime, seconds: int) -> datetime:
        day, left = self.local_date(start), float(seconds)
        while True:
            for opening, closing in self.open_hours(day):
                begin = max(opening, start)
                length = (closing - begin).total_seconds()
                if length >= left:
                    return begin + timedelta(seconds=left)
                left -= max(0.0, length)
            day += _DAY

    def _after_working_days(self, start: datetime, count: int) -> datetime:
        begin = self.next_open(start)
        return self.same_time(begin, self.working_day_after(self.local_date(begin), count))

    def same_time(self, at: datetime, day: date) -> datetime:
        """The same local time on another working day, but no later than that day's closing."""
        wall = at.astimezone(self.zone).time()
        return min(self._instant(day, wall), self.open_hours(day)[-1][1])

    def next_open(self, at: datetime) -> datetime:
        """The instant itself within working hours, else the next opening; closing is outside."""
        day = self.local_date(at)
        while True:
            for opening, closing in self.open_hours(day):
                if at < closing:
                    return max(at, opening)
            day += _DAY

    def open_hours(self, day: date) -> tuple[tuple[datetime, datetime], ...]:
        """The spans of a day in which somebody is there, as instants (UTC)."""
        if not self.is_working_day(day):
            return ()
        return tuple(
            (
                self._instant(day, opening),
                self._instant(day + _DAY if closing == _MIDNIGHT else day, closing),
            )
            for opening, closing in self.hours
        )

    def _instant(self, day: date, wall: time) -> datetime:
        return datetime.combine(day, wall, self.zone).astimezone(UTC)

    def _sum_before(self, day: date) -> tuple[int, int]:
        """(working days, working seconds) from 1990 to the beginning of a day."""
        index = max(0, (day - _EPOCH).days)
        days, seconds = self._sums[-1]
        for each in range(len(self._sums) - 1, index):
            day = _EPOCH + each * _DAY
            if self.is_working_day(day):
                days += 1
                seconds += self._seconds_on(day)
            self._sums.append((days, seconds))
        return self._sums[index]

    def _seconds_on(self, day: date) -> int:
        """The working seconds of a working day; only where the clock is changed they differ."""
        if self._offset(day) == self._offset(day + _DAY):
            return self._usual_seconds
        return sum(int((end - start).total_seconds()) for start, end in self.open_hours(day))

    @cached_property
    def _usual_seconds(self) -> int:
        day = datetime.combine(_EPOCH, _MIDNIGHT)
        ends = (
            (datetime.combine(_EPOCH, opening), datetime.combine(_EPOCH, closing))
            for opening, closing in self.hours
        )
        spans = (end - start if end > day else end + _DAY - start for start, end in ends)
        return int(sum(span.total_seconds() for span in spans))

    def _offset(self, day: date) -> timedelta | None:
        return datetime.combine(day, _MIDNIGHT, self.zone).utcoffset()


_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Clocks:
    """The two calendars of a partnership: ours, and theirs (ours where nothing is known).

    `learns_zone` and `learns_hours`: theirs may be learned from their letters, as nobody has said
    which they are (`learned_clock.their_calendar`). `said`: the keys that the partner's entry has.
    """

    us: BusinessClock
    them: BusinessClock
    learns_zone: bool = False
    learns_hours: bool = False
    said: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Terms:
    """What a partnership is reckoned by: its standards, its two calendars, the team's cuts."""

    standards: Standards
    clocks: Clocks
    cuts: Cuts
