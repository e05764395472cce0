"""Working time as a monotone reading: a working duration is one subtraction.

A clock reads like a meter that runs only in working hours. `reading` tells how many working
seconds have passed since a fixed day, so the working time between two instants is the
difference of two readings. Hours are wall-clock hours of the zone; their ends are turned into
UTC before they are subtracted, so a night with a DST change has the length it really had.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from zoneinfo import ZoneInfo

from inbox_agent.standards import Cuts, Span, Standards
from inbox_agent.working_years import Year, clock_changes, worked_before

DAY_NAMES = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_MIDNIGHT = time(0, 0)
_EPOCH = date(1990, 1, 1)
_DAY = timedelta(days=1)

#: Spans of time as instants (UTC).
Hours = tuple[tuple[datetime, datetime], ...]
#: A local midnight, the day that ends with it, and the one that begins.
_Night = tuple[datetime, date, date]
#: The working seconds from 1990 to the beginning of a day, and its open hours.
_Day = tuple[int, Hours]


@dataclass(frozen=True)
class BusinessClock:
    """The working time of one side: zone, weekdays (0 is Monday), hours, days it is closed."""

    zone: ZoneInfo
    weekdays: frozenset[int]
    hours: tuple[tuple[time, time], ...]
    holidays: str | None = None
    closed: frozenset[date] = frozenset()
    # What was worked out before, as the same days are asked for again and again.
    _years: dict[int, Year] = field(default_factory=dict, init=False, repr=False, compare=False)
    _days: dict[date, _Day] = field(default_factory=dict, init=False, repr=False, compare=False)
    _from: dict[date, datetime] = field(default_factory=dict, init=False, repr=False, compare=False)
    _nights: dict[date, _Night] = field(default_factory=dict, init=False, repr=False, compare=False)

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

    # -- days -----------------------------------------------------------------------------

    def local_date(self, at: datetime) -> date:
        """The day in this clock's zone that an instant lies in."""
        if at.tzinfo is UTC:
            day = at.date()
            known = self._nights.get(day) or self._night_in(day)
            if known:
                midnight, before, after = known
                return before if at < midnight else after
        return at.astimezone(self.zone).date()

    def _night_in(self, day: date) -> _Night | None:
        """The local midnight in a day of UTC, and the days that it parts.

        None of a day in which the clocks are changed, as a night may then begin twice.
        """
        if not date.min < day < date.max:
            return None
        begins, ends = (
            datetime.combine(each, _MIDNIGHT, UTC).astimezone(self.zone)
            for each in (day, day + _DAY)
        )
        if begins.utcoffset() != ends.utcoffset():
            return None
        found = self._nights[day] = self.midnight(ends.date()), begins.date(), ends.date()
        return found

    def midnight(self, day: date) -> datetime:
        """The instant (UTC) at which a day of this clock's zone begins."""
        known = self._from.get(day)
        if known is None:
            known = self._from[day] = self._instant(day, _MIDNIGHT)
        return known

    def day_start(self, at: datetime) -> datetime:
        """The last local midnight at or before an instant."""
        return self.midnight(self.local_date(at))

    def month_start(self, at: datetime) -> datetime:
        """The local midnight that begins the month of an instant."""
        return self.midnight(self.local_date(at).replace(day=1))

    def is_working_day(self, day: date) -> bool:
        """Whether anything is open on that day."""
        year = self._year(day.year)
        place = day.toordinal() - year.first
        return year.worked[place] < year.worked[place + 1]

    def working_days(self, after: date, upto: date) -> int:
        """How many working days lie after one day, up to and with another (negative: 0)."""
        return max(0, self._working_days_up_to(upto) - self._working_days_up_to(after))

    def _working_days_up_to(self, day: date) -> int:
        """How many working days there were from 1990 up to and with a day."""
        if day < _EPOCH:
            return 0
        year = self._years.get(day.year) or self._year(day.year)
        return year.days + year.worked[day.toordinal() - year.first + 1]

    def working_day_after(self, day: date, count: int) -> date:
        """The count-th working day after a day."""
        year = self._year(day.year)
        done = year.worked[day.toordinal() - year.first + 1] if count else 0
        while count:
            left = year.worked[-1] - done
            if count <= left:
                place = bisect_left(year.worked, done + count)
                return date.fromordinal(year.first + place - 1)
            count, done, year = count - left, 0, self._year(day.year + 1)
            day = day.replace(year=day.year + 1, month=1, day=1)
        return day

    # -- seconds --------------------------------------------------------------------------

    def reading(self, at: datetime) -> int:
        """Working seconds from 1990 to an instant, whole ones; never falls as time goes on."""
        day = self.local_date(at)
        before, hours = self._days.get(day) or self._day(day)
        worked = 0.0
        for start, end in hours:
            if start < at:
                worked += ((at if at < end else end) - start).total_seconds()
        return before + int(worked)

    def _day(self, day: date) -> _Day:
        hours = self._hours_on(day) if self.is_working_day(day) else ()
        found = self._days[day] = self._seconds_before(day), hours
        return found

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

    def open_hours(self, day: date) -> Hours:
        """The spans of a day in which somebody is there, as instants (UTC)."""
        return (self._days.get(day) or self._day(day))[1]

    def _hours_on(self, day: date) -> Hours:
        return tuple(
            (
                self._instant(day, opening),
                self._instant(day + _DAY if closing == _MIDNIGHT else day, closing),
            )
            for opening, closing in self.hours
        )

    def _instant(self, day: date, wall: time) -> datetime:
        return datetime.combine(day, wall, self.zone).astimezone(UTC)

    def _seconds_before(self, day: date) -> int:
        """The working seconds from 1990 to the beginning of a day."""
        if day < _EPOCH:
            return 0
        year = self._year(day.year)
        place = day.toordinal() - year.first
        seconds = year.seconds + year.worked[place] * self._usual_seconds
        return seconds + sum(more for odd, more in year.odd if odd < place)

    def _year(self, number: int) -> Year:
        known = self._years.get(number)
        if known is not None:
            return known
        days = seconds = 0
        for each in range(min(number, _EPOCH.year), number + 1):
            if each not in self._years:
                self._years[each] = self._made_year(each, days, seconds)
            year = self._years[each]
            if each >= _EPOCH.year:
                days += year.worked[-1]
                seconds += year.worked[-1] * self._usual_seconds + sum(m for _, m in year.odd)
        return self._years[number]

    def _made_year(self, number: int, days: int, seconds: int) -> Year:
        worked = worked_before(self.weekdays, self.holidays, self.closed, number)
        first = date(number, 1, 1).toordinal()
        return Year(
            first=first,
            worked=worked,
            days=days,
            seconds=seconds,
            odd=tuple(
                (place, self._seconds_on(day) - self._usual_seconds)
                for day in clock_changes(self.zone.key, number)
                if worked[place := day.toordinal() - first] < worked[place + 1]
            ),
        )

    def _seconds_on(self, day: date) -> int:
        """The working seconds of a working day on which the clock is changed."""
        return sum(int((end - start).total_seconds()) for start, end in self._hours_on(day))

    @cached_property
    def _usual_seconds(self) -> int:
        day = datetime.combine(_EPOCH, _MIDNIGHT)
        ends = (
            (datetime.combine(_EPOCH, opening), datetime.combine(_EPOCH, closing))
            for opening, closing in self.hours
        )
        spans = (end - start if end > day else end + _DAY - start for start, end in ends)
        return int(sum(span.total_seconds() for span in spans))


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
