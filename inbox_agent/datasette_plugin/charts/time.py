"""The moments a partner's charts begin and end with, by the clock of the team's zone."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

from inbox_agent.datasette_plugin.local_times import instant
from inbox_agent.datasette_plugin.page import Page
from inbox_agent.datasette_plugin.reading import Row


def text(at: datetime) -> str:
    """An instant as it is published."""
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def as_of(page: Page, partner: Row) -> datetime:
    """The moment a partner's figures are for."""
    return instant(partner["as_of"]) if partner["as_of"] else page.times.as_of


def midnight(page: Page, day: date) -> datetime:
    """When a day begins in the team's zone."""
    return datetime.combine(day, time(), tzinfo=page.times.zone)


def last_midnight(page: Page, partner: Row) -> datetime:
    """The last one before the partner's `as_of`."""
    return midnight(page, as_of(page, partner).astimezone(page.times.zone).date())


def first_monday(page: Page, partner: Row) -> date:
    """The Monday of the first of the 53 weeks that end with the present one."""
    today = last_midnight(page, partner).date()
    return today - timedelta(days=today.weekday() + 52 * 7)


def window(page: Page, partner: Row) -> tuple[datetime, datetime]:
    """The days that figures of "now" are made of, up to the last local midnight."""
    last = last_midnight(page, partner)
    days = int((page.about or {})["window_seconds"] or 0) // 86_400
    return midnight(page, last.date() - timedelta(days=days)), last
