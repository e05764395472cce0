"""Times and shares in words a manager reads: dates, how long (ago), how many, by which clock."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

#: Where the instant of a copy may come from.
AT_SOURCES = ("received", "internaldate", "date", "none")

_STEPS: tuple[tuple[int, int, str], ...] = (
    # from so many seconds on, counted in these, by this name
    (365 * 86_400 * 2, 365 * 86_400, "year"),
    (84 * 86_400, 365 * 86_400 // 12, "month"),
    (21 * 86_400, 7 * 86_400, "week"),
    (86_400, 86_400, "day"),
    (3_600, 3_600, "hour"),
    (0, 60, "minute"),
)


def spoken_date(day: date) -> str:
    """``5 May 2026``."""
    return f"{day:%-d %b %Y}"


def spoken_span(seconds: float) -> str:
    """``40 minutes``, ``1 day``, ``3 weeks``: to the nearest whole unit, at least 1 minute."""
    # what rounds up to the next larger unit is told in that one
    _, unit, name = next(s for s in _STEPS if max(seconds, _rounded(seconds)) >= s[0])
    count = max(1, round(seconds / unit))
    return f"{count} {name}" if count == 1 else f"{count} {name}s"


def _rounded(seconds: float) -> float:
    unit = next(step[1] for step in _STEPS if seconds >= step[0])
    return round(seconds / unit) * unit


def spoken_age(earlier: date, later: date) -> str:
    """How long ago a day is, seen from another: ``today``, ``yesterday``, ``9 days ago``."""
    days = (later - earlier).days
    if days <= 0:
        return "today"
    if days == 1:
        return "yesterday"
    return f"{spoken_span(timedelta(days=days).total_seconds())} ago"


def whole_days(seconds: int) -> str:
    """``30 days``; what is no whole number of days as a duration."""
    days, rest = divmod(seconds, 86_400)
    return duration(seconds) if rest else counted(days, "day")


def counted(count: int, thing: str) -> str:
    """``1 letter``, ``2 letters``."""
    return f"{count} {thing}" if count == 1 else f"{count} {thing}s"


def duration(seconds: int) -> str:
    """Seconds by the calendar in the two largest units: ``2d 4h``, ``45m``, ``12s``."""
    minutes, hours = abs(seconds) // 60, abs(seconds) // 3600
    if minutes < 60:
        return _signed(seconds, [(minutes, "m")] if minutes else [(abs(seconds), "s")])
    if hours < 24:
        return _signed(seconds, [(hours, "h"), (minutes % 60, "m")])
    return _signed(seconds, [(hours // 24, "d"), (hours % 24, "h")])


def working_duration(seconds: int) -> str:
    """Working seconds in hours and minutes: ``6h 30m``, ``26h``; a working day has no length."""
    minutes, hours = abs(seconds) // 60, abs(seconds) // 3600
    if not minutes:
        return _signed(seconds, [(abs(seconds), "s")])
    return _signed(seconds, [(hours, "h"), (minutes % 60, "m")])


def within(seconds: int, said: Callable[[int], str] = duration) -> str:
    """A time that something took at most: ``2d 4h``; below a minute ``a minute``."""
    return "a minute" if 0 <= seconds < 60 else said(seconds)


def percent(share: float) -> str:
    """``67%``; near none and near all with a decimal, where whole ones would hide something.

    0% and 100% are none and all, and nothing else: ``under 0.1%``, ``over 99.9%``.
    """
    if 0 < share < 0.0005:
        return "under 0.1%"
    if 0.9995 <= share < 1:
        return "over 99.9%"
    is_near_an_end = 0 < share < 0.1 or 0.9 < share < 1
    return (f"{share:.1%}" if is_near_an_end else f"{share:.0%}").replace(".0%", "%")


def _signed(seconds: int, parts: list[tuple[int, str]]) -> str:
    shown = " ".join(f"{count}{unit}" for count, unit in parts if count) or f"0{parts[-1][1]}"
    return f"-{shown}" if seconds < 0 else shown
