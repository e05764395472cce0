"""What a clock keeps of each year, and on which days the clocks are changed somewhere."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from itertools import compress, pairwise
from zoneinfo import ZoneInfo

_DAY = timedelta(days=1)
_MIDNIGHT = time(0, 0)


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
