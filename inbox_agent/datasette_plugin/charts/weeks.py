"""Counts letters by hour, weekday and week of a zone, in SQL: partners may have 100,000 of them.

SQLite knows no zones. The instants at which a zone changes its clock are few, so they go along
with the query.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from inbox_agent.catalogue import OF_A_PARTNER
from inbox_agent.datasette_plugin.charts.time import text
from inbox_agent.datasette_plugin.page import Page
from inbox_agent.datasette_plugin.reading import Row

_DAY = 86_400
_LETTERS = f"""
SELECT side, count(*) AS letters, {{local}} AS local
FROM (
  SELECT side, {{seconds}} AS s
  FROM messages
  WHERE partner = :partner AND {OF_A_PARTNER} AND counts = 1 AND side IN ('us', 'them')
    AND at >= :first AND at < :last
  LIMIT -1  -- all of them; without it SQLite would reckon the seconds once for each use of s
)
GROUP BY side, local
"""  # noqa: S608 - our own words


@dataclass(frozen=True, slots=True)
class Offset:
    """A zone's distance from UTC in seconds, until an instant."""

    until: datetime
    seconds: int


def offsets(zone: ZoneInfo, first: datetime, last: datetime) -> tuple[Offset, ...]:
    """The distances from UTC between two instants, each with its end."""
    found: list[Offset] = []
    at, present = first, _offset(zone, first)
    while at < last:
        later = min(at + timedelta(days=1), last)
        changed = _offset(zone, later)
        if changed != present:
            found.append(Offset(_change(zone, at, later), present))
            present = changed
        at = later
    return (*found, Offset(last, present))


def _offset(zone: ZoneInfo, at: datetime) -> int:
    distance = at.astimezone(zone).utcoffset()
    return int(distance.total_seconds()) if distance else 0


def _change(zone: ZoneInfo, low: datetime, high: datetime) -> datetime:
    """The instant between two at which the clock is changed, to the minute."""
    before = _offset(zone, low)
    while high - low > timedelta(minutes=1):
        middle = low + (high - low) / 2
        low, high = (middle, high) if _offset(zone, middle) == before else (low, middle)
    return high.replace(second=0, microsecond=0)


@dataclass(frozen=True, slots=True)
class LocalLetters:
    """Asks for the letters of one partner between two instants, by the clock of a zone."""

    page: Page
    partner: str
    zone: ZoneInfo
    first: datetime
    last: datetime

    async def by_hour(self) -> dict[str, dict[tuple[int, int], int]]:
        """Letters by side, weekday (0 is Monday) and hour."""
        # 1 January 1970 was a Thursday
        rows = await self._rows("(s / 86400 + 3) % 7 * 24 + s / 3600 % 24")
        found: dict[str, dict[tuple[int, int], int]] = {"us": {}, "them": {}}
        for row in rows:
            found[row["side"]][divmod(row["local"], 24)] = row["letters"]
        return found

    async def by_week(self, monday: date) -> dict[str, dict[int, int]]:
        """Letters by side and week, from the one that begins on a Monday."""
        begins = (monday - date(1970, 1, 1)).days * _DAY
        rows = await self._rows(f"(s - {begins}) / {7 * _DAY}")
        found: dict[str, dict[int, int]] = {"us": {}, "them": {}}
        for row in rows:
            found[row["side"]][row["local"]] = row["letters"]
        return found

    async def _rows(self, local: str) -> Sequence[Row]:
        """Letters by side and by what is made of `s`, the seconds the zone's clock shows."""
        spans = offsets(self.zone, self.first, self.last)
        cases = " ".join(f"WHEN at < :until{n} THEN {span.seconds}" for n, span in enumerate(spans))
        seconds = f"CAST(strftime('%s', at) AS INTEGER) + CASE {cases} END"
        return await self.page.reader.rows(
            _LETTERS.format(local=local, seconds=seconds),
            partner=self.partner,
            first=text(self.first),
            last=text(self.last),
            **{f"until{n}": text(span.until) for n, span in enumerate(spans)},
        )
