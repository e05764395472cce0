"""What a clock keeps of each year, and on which days the clocks are changed somewhere."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from itertools import accumulate, compress, pairwise
from typing import Protocol
from zoneinfo import ZoneInfo

_DAY = timedelta(days=1)
_MIDNIGHT = time(0, 0)


class _Dates(Protocol):
    def __contains__(self, day: date, /) -> bool: ...


@lru_cache(maxsize=256)
def holiday_calendar(code: str) -> _Dates:
    """The public holidays of a country or a country's part, like ``DE`` or ``DE-BY``.

    One for all clocks, as it works out each year when first asked. Raises NotImplementedError
    where the library has no such calendar.
    """
    import holidays as _holidays  # noqa: PLC0415 - it has the calendars of all countries

    country, _, part = code.partition("-")
    return _holidays.country_holidays(country, subdiv=part or None)


@lru_cache(maxsize=4096)  # one for all clocks with the same days
def worked_before(
    weekdays: frozenset[int], holidays: str | None, closed: frozenset[date], year: int
) -> tuple[int, ...]:
    """How many working days lie before each day of a year, and in all."""
    off = holiday_calendar(holidays) if holidays else frozenset[date]()
    days = map(date.fromordinal, ordinals(year))
    is_worked = (d.weekday() in weekdays and d not in closed and d not in off for d in days)
    return tuple(accumulate(is_worked, initial=0))


@dataclass(frozen=True, slots=True)
class Year:
    """A year of a clock: what had been worked since 1990 when it began, and on which days of it.

    `first` is the ordinal of its first day; `worked` how many working days lie before each of its
    days, and in all; `odd` are working days on which the clock is changed, each by its place in the
    year with how many seconds more than usual it has.
    """

    first: int
    worked: tuple[int, ...]
    days: int
    seconds: int
    odd: tuple[tuple[int, int], ...]


@lru_cache(maxsize=4096)
def clock_changes(zone: str, year: int) -> tuple[date, ...]:
    """The days of a year that are longer or shorter than 24 hours."""
    place, days = ZoneInfo(zone), [date.fromordinal(each) for each in ordinals(year)]
    days.append(days[-1] + _DAY if year < date.max.year else days[-1])
    offsets = [datetime.combine(day, _MIDNIGHT, place).utcoffset() for day in days]
    changes = (one != other for one, other in pairwise(offsets))
    return tuple(compress(days, changes))


def ordinals(year: int) -> range:
    """The ordinals of the days of a year."""
    return range(date(year, 1, 1).toordinal(), date(year, 12, 31).toordinal() + 1)
