"""Which days a figure is made of: the window, a period, or the 12 months before."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from inbox_agent.datasette_plugin.local_times import instant

_PERIOD = re.compile(r"([0-9]{4})-(?:W([0-9]{2})|Q([1-4])|([0-9]{2}))")
_YEAR = timedelta(days=365)
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Days:
    """The days of a zone from one local midnight to another, as published instants."""

    begins_at: str
    ends_at: str
    first: date
    last: date

    @property
    def words(self) -> str:
        """``24 Aug to 21 Nov 2026``."""
        if self.first == self.last:
            return _day(self.last)
        same = self.first.year == self.last.year
        first = f"{self.first.day} {self.first:%b}" if same else _day(self.first)
        return f"{first} to {_day(self.last)}"


@dataclass(frozen=True, slots=True)
class Calendar:
    """The team's zone, the partner's `as_of`, and how long the window is."""

    zone: ZoneInfo
    as_of: datetime
    window_days: int

    @property
    def today(self) -> date:
        """The day of `as_of`, which is in no figure yet."""
        return self.as_of.astimezone(self.zone).date()

    @property
    def window(self) -> Days:
        """What figures of now are made of, up to the last midnight."""
        return self._days(self.today - timedelta(days=self.window_days), self.today)

    @property
    def months_12(self) -> Days:
        """The 365 days up to the last midnight."""
        midnight = instant(self.midnight(self.today))
        begins = midnight - _YEAR
        first = begins.astimezone(self.zone).date()
        return Days(text(begins), text(midnight), first, self.today - _DAY)

    def year_before(self, at: str) -> str:
        """365 days before an instant."""
        return text(instant(at) - _YEAR)

    def midnight(self, day: date) -> str:
        """The instant at which a day of the zone begins."""
        return text(datetime.combine(day, time(), self.zone))

    def period(self, name: str) -> Days | None:
        """A week, month or quarter by its published name; None for anything else."""
        found = _PERIOD.fullmatch(name)
        if not found:
            return None
        year = int(found[1])
        try:
            if found[2]:
                monday = date.fromisocalendar(year, int(found[2]), 1)
                return self._days(monday, monday + timedelta(days=7))
            month = 3 * int(found[3]) - 2 if found[3] else int(found[4])
            return self._days(date(year, month, 1), _month(year, month + (3 if found[3] else 1)))
        except (ValueError, OverflowError):
            return None

    def between(self, begins_at: str, ends_at: str) -> Days:
        """The days between two midnights of the zone."""
        first, after = (instant(at).astimezone(self.zone).date() for at in (begins_at, ends_at))
        return Days(begins_at, ends_at, first, after - _DAY)

    def complete_months(self) -> tuple[str, str]:
        """The first and the last of the 12 months before the present one, as periods."""
        year, month = self.today.year, self.today.month
        before = _month(year, month) - _DAY
        return f"{year - 1}-{month:02d}", f"{before.year}-{before.month:02d}"

    def _days(self, first: date, after: date) -> Days:
        return Days(self.midnight(first), self.midnight(after), first, after - _DAY)


def _month(year: int, month: int) -> date:
    return date(year + (month - 1) // 12, (month - 1) % 12 + 1, 1)


def _day(day: date) -> str:
    return f"{day.day} {day:%b} {day.year}"


def text(at: datetime) -> str:
    """An instant as it is published."""
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
