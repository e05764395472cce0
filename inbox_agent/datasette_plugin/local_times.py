"""Instants as people of the team say them: in their zone, with the UTC instant behind it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from markupsafe import Markup


def instant(text: str) -> datetime:
    """A published instant, like ``2026-11-21T14:05:00Z``."""
    return datetime.fromisoformat(text)


@dataclass(frozen=True, slots=True)
class LocalTimes:
    """Shows instants in one zone, as of one moment: what is of another year says so."""

    zone: ZoneInfo
    as_of: datetime

    def day(self, text: str | None) -> Markup:
        """``Fri 20 Nov``, with the year unless it is that of `as_of`; empty for None."""
        return self._shown(text, self._day(text) if text else "")

    def moment(self, text: str | None) -> Markup:
        """``Fri 20 Nov, 09:05``; empty for None."""
        if not text:
            return Markup("")
        return self._shown(text, f"{self._day(text)}, {self._local(text):%H:%M}")

    def local_date(self, text: str) -> date:
        """The day of the zone an instant lies in."""
        return self._local(text).date()

    def _local(self, text: str) -> datetime:
        return instant(text).astimezone(self.zone)

    def _day(self, text: str) -> str:
        local, now = self._local(text), self.as_of.astimezone(self.zone)
        year = "" if local.year == now.year else f" {local.year}"
        return f"{local:%a} {local.day} {local:%b}{year}"

    def _shown(self, text: str | None, words: str) -> Markup:
        if not text:
            return Markup("")
        title = f"{instant(text).astimezone(UTC):%Y-%m-%d %H:%M} UTC"
        return Markup('<time datetime="{}" title="{}">{}</time>').format(text, title, words)
