"""Durations, months and shares as the text of a chart says them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

_MONTHS = (
    *("January", "February", "March", "April", "May", "June", "July"),
    *("August", "September", "October", "November", "December"),
)
_SPAN = re.compile(r"(\d{1,4}) (business )?(minute|hour|day)s?(?:, .*)?")
_UNITS = {"minute": 60, "hour": 3_600, "day": 86_400}


def spoken(seconds: float) -> str:
    """``1 min``, ``45 min``, ``5 h``, ``2.5 days``, ``12 days``: short, to two figures."""
    if seconds < 90 * 60:
        return f"{max(1, round(seconds / 60))} min"
    if seconds < 36 * 3_600:
        return f"{round(seconds / 3_600)} h"
    days = round(seconds / 86_400, 1 if seconds < 9.95 * 86_400 else 0)
    return f"{days:g} day" if days == 1 else f"{days:g} days"


def month_name(month: str) -> str:
    """``November 2026`` of ``2026-11``."""
    return f"{_MONTHS[int(month[5:]) - 1]} {month[:4]}"


def short_month(month: str) -> str:
    """``Nov 2026`` of ``2026-11``."""
    return f"{_MONTHS[int(month[5:]) - 1][:3]} {month[:4]}"


def months_before(month: str, count: int) -> str:
    """The month so many months earlier."""
    index = int(month[:4]) * 12 + int(month[5:]) - 1 - count
    return f"{index // 12:04d}-{index % 12 + 1:02d}"


def short_date(day: date) -> str:
    """``3 Nov 2026``."""
    return f"{day.day} {day:%b %Y}"


def times(count: int, thing: str) -> str:
    """``1 ask``, ``2 asks``, ``1,234 asks``."""
    return f"{count:,} {thing}" if count == 1 else f"{count:,} {thing}s"


def asked(count: int) -> str:
    """``not asked anything``, ``asked once``, ``asked 3 times``."""
    if count == 0:
        return "not asked anything"
    return "asked once" if count == 1 else f"asked {count:,} times"


@dataclass(frozen=True, slots=True)
class Promise:
    """A standard as a time by the calendar.

    One in business hours or days is never over before the same time by the calendar: a question
    of Friday noon, to be answered within 1 business day, is due on Monday noon. So it can be drawn
    as the earliest that it may fall due (`is_earliest`).
    """

    words: str
    seconds: int
    is_earliest: bool

    @classmethod
    def of(cls, target: str | None) -> Promise | None:
        """Of the published target, like ``1 business day, 9 of 10``; None where it is no time."""
        match = _SPAN.fullmatch(target or "")
        if match is None or target is None:
            return None
        seconds = int(match[1]) * _UNITS[match[3]]
        return cls(target.partition(",")[0], seconds, is_earliest=bool(match[2]))
