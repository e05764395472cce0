"""When the people of the sample mailbox write: instants inside their own working hours."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from random import Random

OPENS_HOUR, CLOSES_HOUR = 9, 18
#: (month, day) on which nobody in the sample works.
CLOSED_DAYS = {(12, 24), (12, 25), (12, 26), (12, 31), (1, 1)}


def after_working_hours(at: datetime, hours: float, zone: str) -> datetime:
    """The second at which `hours` of working time in `zone` have passed since `at`, in UTC.

    INTERNALDATE and Date know no fractions of a second (RFC 3501 §9, RFC 5322 §3.3).
    """
    local = at.astimezone(ZoneInfo(zone))
    left = timedelta(hours=hours)
    while True:
        opening = local.replace(hour=OPENS_HOUR, minute=0, second=0, microsecond=0)
        closing = opening.replace(hour=CLOSES_HOUR)
        if _is_working_day(local) and local < closing:
            begin = max(local, opening)
            if begin + left <= closing:
                return (begin + left).astimezone(UTC).replace(microsecond=0)
            left -= closing - begin
        local = opening + timedelta(days=1)


def writing_instant(at: datetime, hours: float, zone: str, rng: Random) -> datetime:
    """As `after_working_hours`, some minutes later; one letter in twenty waits for the evening."""
    instant = after_working_hours(at, hours + rng.uniform(0.02, 0.4), zone)
    if rng.random() < 0.05:
        local = instant.astimezone(ZoneInfo(zone))
        evening = local.replace(hour=rng.choice((19, 20, 21)), minute=rng.randrange(60))
        return evening.astimezone(UTC)
    return instant


def last_working_instant(at: datetime, zone: str) -> datetime:
    """`at` if it lies in working hours of `zone`; else an instant near the end of those before."""
    local = at.astimezone(ZoneInfo(zone))
    while not (_is_working_day(local) and OPENS_HOUR <= local.hour < CLOSES_HOUR):
        local -= timedelta(minutes=20)
    return local.astimezone(UTC).replace(microsecond=0)


def _is_working_day(local: datetime) -> bool:
    return local.weekday() < 5 and (local.month, local.day) not in CLOSED_DAYS
