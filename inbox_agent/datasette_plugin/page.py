"""What all pages of ours share: who may see them, the moment they show, the frame, the headers.

No page of ours holds a script; the policy sent along forbids them all, so that nothing in a
letter could ever become one.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from datasette.database import QueryInterrupted
from datasette.utils.asgi import NotFound, Response
from markupsafe import Markup

from inbox_agent import __version__, words
from inbox_agent.datasette_plugin import cells
from inbox_agent.datasette_plugin.access import must_view
from inbox_agent.datasette_plugin.freshness import READINGS, Freshness
from inbox_agent.datasette_plugin.links import partner_path
from inbox_agent.datasette_plugin.local_times import LocalTimes, instant
from inbox_agent.datasette_plugin.reading import Reader, Row

if TYPE_CHECKING:
    from datasette.app import Datasette

__all__ = ["HEADERS", "POLICY", "Page", "answer", "partner_path", "style_sheet"]

#: Everything from here, no script, no plugin, no frame around it (CSP Level 3).
POLICY = (
    "default-src 'none'; img-src 'self'; style-src 'self'; font-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cache-control": "private, no-cache",
}


def style_sheet(datasette: Datasette, name: str) -> str:
    """The address of one of our style sheets; the version makes browsers fetch it anew."""
    path = datasette.urls.static_plugins("inbox_agent", f"{name}.css")
    return f"{path}?{__version__}"


@dataclass(frozen=True, slots=True)
class Page:
    """One request for one of our pages, by somebody who may see it.

    `about` is the row of that name: None before anything was published. `times` shows instants in
    the team's zone.
    """

    datasette: Datasette
    request: Any
    reader: Reader
    about: Row | None
    times: LocalTimes

    @classmethod
    async def of(cls, datasette: Datasette, request: Any) -> Page:
        """Raises Forbidden for whoever may not see it."""
        await must_view(datasette, request)
        return await cls.unchecked(datasette, request)

    @classmethod
    async def unchecked(cls, datasette: Datasette, request: Any) -> Page:
        """The same for a request that was let in another way: by the token of a feed."""
        reader = Reader(datasette)
        about = await reader.about()
        zone = ZoneInfo((about or {}).get("timezone") or "UTC")
        as_of = (about or {}).get("as_of")
        return cls(
            datasette,
            request,
            reader,
            about,
            LocalTimes(zone, instant(as_of) if as_of else datetime.now(UTC)),
        )

    @property
    def generation(self) -> int:
        """Which publication is read; 0 before the first."""
        return int((self.about or {}).get("generation") or 0)

    async def partner(self, name: str) -> Row:
        """The row of `partners`; raises NoSuchPartner."""
        row = None
        if self.about:
            row = await self.reader.row("select * from partners where partner = :name", name=name)
        if row is None:
            raise NoSuchPartner(self, name)
        return row

    async def _freshness(self) -> Freshness | None:
        """What every page has to say of its figures' age; None where nothing can be said."""
        if self.about is None:
            return None
        try:
            rows = await self.reader.rows(READINGS)
        except (sqlite3.OperationalError, QueryInterrupted):  # tables of another version
            return None
        return Freshness.of_rows(self.about, rows, datetime.now(UTC))

    async def shown(
        self, template: str, *, title: str, status: int = 200, **context: Any
    ) -> Response:
        """The page made of a template in `templates/inbox_agent/`, which extends `layout.html`."""
        fresh = {} if "fresh" in context else {"fresh": await self._freshness()}
        context = {
            **_FORMATS,
            **fresh,
            "title": title,
            "about": self.about,
            "times": self.times,
            "style_sheet": lambda name: style_sheet(self.datasette, name),
            "partner_path": lambda name, page="partner": partner_path(self.datasette, name, page),
            **context,
        }
        html = await self.datasette.render_template(
            f"inbox_agent/{template}", context, request=self.request
        )
        return Response.html(html, status=status, headers=HEADERS)


class NoSuchPartner(NotFound):  # type: ignore[misc]
    """An address of somebody who is no partner here: 404, on a page with those of a like name."""

    def __init__(self, page: Page, name: str) -> None:
        super().__init__("There is no such partner here.")
        self.page, self.name = page, name


def answer(body: str | bytes, content_type: str, headers: Mapping[str, str] = {}) -> Response:
    """Anything else than a page (a picture, a feed), with the same policy."""
    return Response(body, headers={**HEADERS, **headers}, content_type=content_type)


def duration(seconds: float | None) -> Markup:
    """Seconds by the calendar as people say them, the exact ones behind it; a dash for None."""
    return _figure(seconds, cells.duration, "seconds")


def working_duration(seconds: float | None) -> Markup:
    """Working seconds as people say them, the exact ones behind it; a dash for None."""
    return _figure(seconds, cells.working_duration, "seconds of working time")


def within(seconds: float | None) -> Markup:
    """A time that something took at most; ``a minute`` below one."""
    return _figure(seconds, words.within, "seconds")


def within_work(seconds: float | None) -> Markup:
    """The same in working time."""
    said = partial(words.within, said=words.working_duration)
    return _figure(seconds, said, "seconds of working time")


def percent(share: float | None) -> Markup:
    """A share as a percentage; a dash for None."""
    if share is None:
        return cells.UNKNOWN
    return Markup('<span class="figure">{}</span>').format(cells.percent(share))


def _figure(seconds: float | None, said: Any, unit: str) -> Markup:
    if seconds is None:
        return cells.UNKNOWN
    return Markup('<span class="figure" title="{} {}">{}</span>').format(
        int(seconds), unit, said(int(seconds))
    )


_FORMATS = {
    "duration": duration,
    "working_duration": working_duration,
    "within": within,
    "within_work": within_work,
    "percent": percent,
    "spoken_span": words.spoken_span,
}
