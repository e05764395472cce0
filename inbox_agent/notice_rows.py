"""What people can be told: rows of the published tables, which hold no more than may be seen."""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from inbox_agent.business_clock import BusinessClock
from inbox_agent.notice_texts import News, Wait
from inbox_agent.sqlite_files import published_snapshot
from inbox_agent.words import spoken_date

_PARTNERS = """
select p.partner, p.name, p.owner, p.as_of, s.state, s.because
from partner_standing s join partners p on p.partner = s.partner
order by s.urgency, coalesce(s.cause_since_at, s.last_contact_at), s.partner
"""
_WAITS = "select partner, subject, asked_at, due_at from waiting_on_us"
_ALERTS = """
select alert, partner, level, because, coalesce(act_raised_at, raised_at) as raised_at
from alerts where cleared_at is null order by raised_at, alert
"""


@dataclass(frozen=True, slots=True)
class OpenAlert:
    """An alert that is not over. `key` names it and when it got its level."""

    alert: str
    partner: str
    level: str
    because: str
    raised_at: str

    @property
    def key(self) -> str:
        """The cause, once for each time it becomes something to act on."""
        return f"{self.alert} {self.raised_at}"


@dataclass(frozen=True, slots=True)
class PublishedNews:
    """One generation, as far as people are told of it; partners the most urgent first.

    `states` and `read_at` are by partner: its state, and up to when its mailboxes are read.
    """

    partners: Sequence[News]
    states: Mapping[str, str]
    read_at: Mapping[str, datetime]
    alerts: Sequence[OpenAlert]


def published_news(path: Path, clock: BusinessClock) -> PublishedNews | None:
    """What is published; None before the first time. Raises StoreError."""
    if not path.exists():
        return None
    with published_snapshot(path) as connection:
        connection.row_factory = sqlite3.Row
        with suppress(sqlite3.OperationalError):  # a file without tables yet
            return _read(connection, clock)
    return None


def _read(connection: sqlite3.Connection, clock: BusinessClock) -> PublishedNews | None:
    if connection.execute("select 1 from about").fetchone() is None:
        return None
    waits = _waits(connection, clock)
    rows = connection.execute(_PARTNERS).fetchall()
    return PublishedNews(
        partners=[
            News(
                partner=row["partner"],
                name=row["name"] or row["partner"],
                owner=row["owner"],
                because=row["because"] or "",
                waits=tuple(waits[row["partner"]]),
            )
            for row in rows
        ],
        states={row["partner"]: row["state"] for row in rows},
        read_at={row["partner"]: datetime.fromisoformat(row["as_of"]) for row in rows},
        alerts=[OpenAlert(**row) for row in connection.execute(_ALERTS)],
    )


def _waits(connection: sqlite3.Connection, clock: BusinessClock) -> Mapping[str, list[Wait]]:
    def day(text: str) -> str:
        return spoken_date(clock.local_date(datetime.fromisoformat(text)))

    found = defaultdict[str, list[Wait]](list)
    for row in connection.execute(_WAITS):
        due_on = day(row["due_at"]) if row["due_at"] else None
        found[row["partner"]].append(Wait(row["subject"], day(row["asked_at"]), due_on))
    return found
