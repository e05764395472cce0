"""The page people open first, at `/`: whom to write to, and why; the most urgent partner first."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from datasette.database import QueryInterrupted
from datasette.views.index import IndexView

from inbox_agent.catalogue import DATABASE, VIEWS
from inbox_agent.datasette_plugin.freshness import READINGS, Freshness
from inbox_agent.datasette_plugin.front.choice import (
    PAGE_SIZE,
    STATES,
    Choice,
    datasette_filters,
)
from inbox_agent.datasette_plugin.front.rows import (
    NEWS_FILTERS,
    Card,
    cards_of,
    news_of,
    partner_filter,
    tally_of,
)
from inbox_agent.datasette_plugin.front.sparklines import silence_bar, sparkline
from inbox_agent.datasette_plugin.local_times import LocalTimes
from inbox_agent.datasette_plugin.page import Page
from inbox_agent.datasette_plugin.reading import Reader
from inbox_agent.words import counted, spoken_span

if TYPE_CHECKING:
    from datasette.app import Datasette
    from datasette.utils.asgi import Response

#: What a state means for whoever reads the list.
STATE_WORDS = {"act": "to act on", "watch": "to watch", "ok": "fine", "unknown": "unknown"}
_TITLE = "Partners"
_EVERYTHING = ("_stream", "on"), ("_size", "max"), ("_dl", "1")


async def front_page(datasette: Datasette, request: Any) -> Response:
    """Our page, or Datasette's own list where it serves other databases only."""
    if DATABASE not in datasette.databases:
        return await IndexView(datasette).get(request)
    try:
        page = await Page.of(datasette, request)
        if page.about is None:
            return await _without_rows(page, "nothing")
        return await _front(page)
    except QueryInterrupted:
        return await _without_rows(_bare(datasette, request), "interrupted", status=503)
    except sqlite3.OperationalError as exc:
        if not str(exc).startswith("no such"):
            raise
        return await _without_rows(_bare(datasette, request), "another_version", status=503)


def _bare(datasette: Datasette, request: Any) -> Page:
    """A page that reads nothing, for somebody whose permission was looked at already."""
    times = LocalTimes(ZoneInfo("UTC"), datetime.now(UTC))
    return Page(datasette, request, Reader(datasette), None, times)


async def _without_rows(page: Page, why: str, status: int = 200) -> Response:
    return await page.shown("front_message.html", title=_TITLE, status=status, why=why)


async def _front(page: Page) -> Response:
    as_of, now = (page.about or {})["as_of"], datetime.now(UTC)
    choice = Choice.of(page.request.args)
    tally = await tally_of(page.reader, choice)
    pages = max(1, -(-tally.shown // PAGE_SIZE))
    choice = replace(choice, page=min(choice.page, pages))
    cards = await cards_of(page.reader, choice, page.times.local_date(as_of))
    return await page.shown(
        "front.html",
        title=headline(tally.states) if tally.rows else _TITLE,
        **_HELPERS,
        choice=choice,
        tally=tally,
        groups=_groups(cards),
        pages=pages,
        places=range((choice.page - 1) * PAGE_SIZE + 1, tally.shown + 1)[:PAGE_SIZE],
        fresh=await _freshness(page, now),
        today=LocalTimes(page.times.zone, now),
        news=await news_of(page.reader, choice, as_of),
        only=await partner_filter(page.reader, choice),
        downloads=_downloads(page.datasette, choice),
    )


def headline(states: Any) -> str:
    """``3 to act on, 5 to watch, 4 fine``; of the last two, what nobody is in is left out."""
    shown = [s for s in STATES if states[s] or s in ("act", "watch")]
    return ", ".join(f"{states[state]:,} {STATE_WORDS[state]}" for state in shown)


def _groups(cards: list[Card]) -> list[tuple[str, list[Card]]]:
    """The cards under headings of their states; the order keeps those of one state together."""
    groups: dict[str, list[Card]] = {}
    for card in cards:
        groups.setdefault(card.row["state"] or "unknown", []).append(card)
    return list(groups.items())


async def _freshness(page: Page, now: datetime) -> Freshness:
    return Freshness.of_rows(page.about or {}, await page.reader.rows(READINGS), now)


def _downloads(datasette: Datasette, choice: Choice) -> list[tuple[str, str]]:
    """Each view as CSV, as far as it can be filtered like the page."""
    found = []
    for view in VIEWS:
        filters = datasette_filters(choice, {column.name for column in view.columns})
        query = urlencode([*filters.items(), *_EVERYTHING])
        href = f"{datasette.urls.table(DATABASE, view.name, format='csv')}?{query}"
        found.append((view.title, href))
    return found


_HELPERS: dict[str, Any] = {
    "state_words": STATE_WORDS,
    "news_filters": NEWS_FILTERS,
    "headline": headline,
    "sparkline": sparkline,
    "silence_bar": silence_bar,
    "counted": counted,
    "spoken_span": spoken_span,
}
