"""A time zone as a calendar has to spell it out (RFC 5545 §3.6.5): each change of its clocks.

An onset is told by the clock it ends, as `TZOFFSETFROM` says: at 02:00 in Berlin, when it becomes
03:00. icalendar's own VTIMEZONE says 03:00 there, so that programs change an hour late.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

_STEP = timedelta(days=1)


def vtimezone(zone: ZoneInfo, first_year: int, last_year: int) -> Any:
    """The zone from the beginning of one year to the end of another, one entry a change."""
    from icalendar import Timezone  # noqa: PLC0415 - slow to import, and only wanted here

    begins = datetime(first_year, 1, 1, tzinfo=UTC)
    found = Timezone()
    found.add("tzid", zone.key)
    found.add_component(_onset(begins.astimezone(zone), _offset(zone, begins)))
    for change in changes(zone, begins, datetime(last_year + 1, 1, 1, tzinfo=UTC)):
        before = _offset(zone, change - timedelta(seconds=1))
        found.add_component(_onset(change.astimezone(zone), before))
    return found


def changes(zone: ZoneInfo, begins: datetime, ends: datetime) -> Iterator[datetime]:
    """The instants at which the zone's clocks are set, or its name changes."""
    while begins < ends:
        later = begins + _STEP
        if _clock(zone, begins) != _clock(zone, later):
            yield _change(zone, begins, later)
        begins = later


def _change(zone: ZoneInfo, before: datetime, after: datetime) -> datetime:
    """The first second of the new clock between two instants of different clocks."""
    old, length = _clock(zone, before), int((after - before).total_seconds())
    low, high = 0, length
    while high - low > 1:
        middle = (low + high) // 2
        is_old = _clock(zone, before + timedelta(seconds=middle)) == old
        low, high = (middle, high) if is_old else (low, middle)
    return before + timedelta(seconds=high)


def _clock(zone: ZoneInfo, at: datetime) -> tuple[timedelta | None, str | None]:
    local = at.astimezone(zone)
    return local.utcoffset(), local.tzname()


def _offset(zone: ZoneInfo, at: datetime) -> timedelta:
    return at.astimezone(zone).utcoffset() or timedelta(0)


def _onset(local: datetime, before: timedelta) -> Any:
    from icalendar import TimezoneDaylight, TimezoneStandard  # noqa: PLC0415

    found = TimezoneDaylight() if local.dst() else TimezoneStandard()
    found.add("dtstart", (local.astimezone(UTC) + before).replace(tzinfo=None))
    found.add("tzoffsetfrom", before)
    found.add("tzoffsetto", local.utcoffset())
    found.add("tzname", local.tzname())
    return found
