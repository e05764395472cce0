"""The two periods whose response times stand side by side, and their names."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta

_QUARTER = re.compile(r"([0-9]{4})-Q([1-4])")
_DAY_SECONDS = 86_400


@dataclass(frozen=True, slots=True)
class Window:
    """The days that figures of now are made of: from `begin` up to the day before `end`."""

    begin: date
    end: date

    @property
    def days(self) -> int:
        """How many days it has."""
        return (self.end - self.begin).days

    @property
    def words(self) -> str:
        """``24 Aug to 21 Nov 2026``."""
        return span_words(self.begin, self.end - timedelta(days=1))


def window_of(today: date, window_seconds: int) -> Window:
    """The window up to the midnight that begins a day of the team's zone."""
    return Window(today - timedelta(days=window_seconds // _DAY_SECONDS), today)


def quarter_window(quarter: str) -> Window | None:
    """The days of ``2026-Q2``; None for what is no quarter."""
    found = _QUARTER.fullmatch(quarter)
    if not found:
        return None
    year, number = int(found[1]), int(found[2])
    begin = date(year, 3 * number - 2, 1)
    end = date(year + number // 4, 3 * number % 12 + 1, 1)
    return Window(begin, end)


def quarter_before(day: date) -> str:
    """The last quarter that was over when a day began: no ask lies in it and in what begins then.

    Of 24 Aug 2026 that is 2026-Q2, of 1 Jul 2026 too.
    """
    year, number = day.year, (day.month - 1) // 3
    return f"{year}-Q{number}" if number else f"{year - 1}-Q4"


def span_words(first: date, last: date) -> str:
    """Two days with what they share said once: ``1 Apr to 30 Jun 2026``."""
    year = "" if first.year == last.year else f" {first.year}"
    return f"{first.day} {first:%b}{year} to {last.day} {last:%b} {last.year}"
