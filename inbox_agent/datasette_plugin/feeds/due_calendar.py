"""The calendar of what falls due (RFC 5545); every entry is free time, as nobody is busy by it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import uuid5
from zoneinfo import ZoneInfo

from inbox_agent.datasette_plugin.feeds.atom import OURS
from inbox_agent.datasette_plugin.feeds.vtimezone import vtimezone
from inbox_agent.plain_words import one_line

CONTENT_TYPE = "text/calendar; charset=utf-8"
#: How long an answer that is due at an instant is shown.
LENGTH = timedelta(minutes=30)
#: How often programs may ask; figures change with every poll.
_REFRESH = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Due:
    """One thing that falls due: at an instant of the team's zone, or on a whole day.

    `key` names it for ever within its kind.
    """

    kind: str
    key: str
    at: datetime | date
    summary: str
    text: str
    link: str


def calendar(name: str, made_at: datetime, dues: Iterable[Due]) -> bytes:
    """The calendar; `made_at` is the moment the figures are for, which DTSTAMP says (§3.8.7.2)."""
    from icalendar import Calendar  # noqa: PLC0415 - slow to import, and only wanted here

    found = Calendar()
    found.add("prodid", "-//inbox_agent//due//EN")
    found.add("version", "2.0")
    found.add("method", "PUBLISH")
    name = one_line(name)
    found.add("name", name)  # RFC 7986 §5.1, and what programs knew before it
    found.add("x-wr-calname", name)
    found.add("refresh-interval", _REFRESH, parameters={"VALUE": "DURATION"})
    for due in dues:
        found.add_component(_event(due, made_at))
    for name in sorted(found.get_missing_tzids()):
        zone = vtimezone(ZoneInfo(name), made_at.year - 1, made_at.year + 2)
        found.subcomponents.insert(0, zone)  # before what names it
    return bytes(found.to_ical())


def _event(due: Due, made_at: datetime) -> Any:
    from icalendar import Event  # noqa: PLC0415

    event = Event()
    event.add("uid", f"{uuid5(OURS, f'{due.kind} {due.key}')}@inbox-agent")
    event.add("dtstamp", made_at)
    event.add("dtstart", due.at)
    if isinstance(due.at, datetime):
        event.add("duration", LENGTH)
    event.add("summary", one_line(due.summary))
    event.add("description", one_line(due.text))
    event.add("url", due.link)
    event.add("categories", [due.kind])
    event.add("transp", "TRANSPARENT")
    event.add("class", "CONFIDENTIAL")
    return event
