"""Reads what the charts of letters are made of: the rhythm and the year at a glance.

Both end with the partner's `as_of`: the rhythm at the midnight before it, so that it has whole
days only, the year with its last letter.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from inbox_agent.catalogue import OF_A_PARTNER
from inbox_agent.datasette_plugin.charts.rhythm import Rhythm, WorkingTime
from inbox_agent.datasette_plugin.charts.time import (
    as_of,
    first_monday,
    last_midnight,
    midnight,
    text,
)
from inbox_agent.datasette_plugin.charts.weeks import LocalLetters
from inbox_agent.datasette_plugin.charts.words import short_date
from inbox_agent.datasette_plugin.charts.year import Alert, Face, Silence, Year
from inbox_agent.datasette_plugin.local_times import instant
from inbox_agent.datasette_plugin.page import Page
from inbox_agent.datasette_plugin.reading import Row

_YEAR = timedelta(days=365)
_GAPS = f"""
SELECT g.began_at, g.ended_at, g.gap_working_days, g.usual_gap_working_days, g.broken_by, g.is_open
FROM silence_gaps g
WHERE g.partner = :partner AND g.{OF_A_PARTNER} AND (g.is_open = 1 OR g.ended_at >= :first)
ORDER BY g.began_at
"""  # noqa: S608 - a constant of ours
_NOW = "SELECT gap_working_days, times_usual FROM silent_now WHERE partner = :partner"
_ALERTS = f"""
SELECT kind, level, because, since_at, cleared_at
FROM alerts
WHERE partner = :partner AND {OF_A_PARTNER} AND coalesce(cleared_at, :last) >= :first
ORDER BY since_at, alert
"""  # noqa: S608 - a constant of ours
_FACES = """
SELECT coalesce(name, address) AS name, first_seen_at, last_seen_at, messages, state
FROM contacts
WHERE partner = :partner AND side = 'them' AND last_seen_at >= :first
ORDER BY messages DESC, address
"""
_MOST_FACES = 8
_MOST_ALERTS = 6
_LONGEST_NAME = 40


async def rhythm(page: Page, partner: Row) -> tuple[Rhythm, str]:
    """The letters of the 12 months up to the partner's last midnight, and that time in words."""
    zone, is_theirs = _zone(page, partner)
    last = last_midnight(page, partner)
    first = midnight(page, last.date() - _YEAR)
    counts = await LocalLetters(page, partner["partner"], zone, first, last).by_hour()
    found = Rhythm(
        theirs=counts["them"],
        ours=counts["us"],
        zone=str(zone),
        is_their_zone=is_theirs,
        working=WorkingTime.of(
            partner["their_days"], partner["their_hours"], partner["their_hours_from"]
        ),
    )
    ends = first.date(), last.date() - timedelta(days=1)
    return found, " to ".join(map(short_date, ends))


def _zone(page: Page, partner: Row) -> tuple[ZoneInfo, bool]:
    """The partner's zone, and whether it is known; else ours."""
    try:
        zone = ZoneInfo(partner["their_timezone"] or "")
    except (ZoneInfoNotFoundError, ValueError, OSError):  # none, or one unknown to this machine
        return page.times.zone, False
    return zone, partner["their_timezone_from"] in ("learned", "configured")


async def year(page: Page, partner: Row) -> Year:
    """The weeks up to that of the partner's `as_of`, 53 of them, from a Monday on."""
    now, monday = as_of(page, partner), first_monday(page, partner)
    place = _Place(monday, page.times.zone, now)
    first = midnight(page, monday)
    key, ends = partner["partner"], {"first": text(first), "last": text(now)}
    weeks = await LocalLetters(page, key, page.times.zone, first, now).by_week(monday)
    gaps = await page.reader.rows(_GAPS, partner=key, first=ends["first"])
    silent = await page.reader.row(_NOW, partner=key)
    alerts = await page.reader.rows(_ALERTS, partner=key, **ends)
    faces = await page.reader.rows(_FACES, partner=key, first=ends["first"])
    shown = [place.face(row) for row in faces[:_MOST_FACES]]
    return Year(
        first=monday,
        days=(last_midnight(page, partner).date() - monday).days + 1,
        theirs=weeks["them"],
        ours=weeks["us"],
        silences=tuple(filter(None, (place.silence(row, silent) for row in gaps))),
        alerts=tuple(place.alert(row) for row in alerts[-_MOST_ALERTS:]),
        faces=tuple(sorted(shown, key=lambda face: (face.begins, face.name))),
        more_faces=len(faces) - len(shown),
    )


@dataclass(frozen=True, slots=True)
class _Place:
    """Where instants lie in a year: days since its first, by the team's clock."""

    first: date
    zone: ZoneInfo
    as_of: datetime

    def of(self, published: str | None) -> float:
        at = (instant(published) if published else self.as_of).astimezone(self.zone)
        return (at.date() - self.first).days + at.hour / 24

    def silence(self, row: Row, now: Row | None) -> Silence | None:
        days, is_open = row["gap_working_days"], bool(row["is_open"])
        if is_open:  # the open one is published from its first day on
            if now is None or (now["times_usual"] or 0) <= 2:
                return None
            days = now["gap_working_days"]
        return Silence(
            begins=self.of(row["began_at"]),
            ends=self.of(row["ended_at"]),
            working_days=days,
            usual=row["usual_gap_working_days"],
            broken_by=row["broken_by"],
            is_open=is_open,
        )

    def alert(self, row: Row) -> Alert:
        return Alert(
            begins=self.of(row["since_at"]),
            ends=self.of(row["cleared_at"]),
            kind=row["kind"] or "",
            level=row["level"] or "",
            because=row["because"] or "",
            is_cleared=row["cleared_at"] is not None,
        )

    def face(self, row: Row) -> Face:
        name = " ".join(str(row["name"]).split())
        short = name if len(name) <= _LONGEST_NAME else name[: _LONGEST_NAME - 1] + "…"
        return Face(
            name=short,
            begins=self.of(row["first_seen_at"]),
            ends=self.of(row["last_seen_at"]),
            letters=row["messages"] or 0,
            state=row["state"],
        )
