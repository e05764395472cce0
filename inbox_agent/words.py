"""Times in words a manager reads: dates, how long ago, how long."""

from __future__ import annotations

from datetime import date, timedelta

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


def counted(count: int, thing: str) -> str:
    """``1 letter``, ``2 letters``."""
    return f"{count} {thing}" if count == 1 else f"{count} {thing}s"
