"""The feeds: `/-/alerts.atom`, `/-/due.ics`, and the page `/-/feeds` that gives the addresses."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from datasette.utils.asgi import Response

from inbox_agent.catalogue import DATABASE
from inbox_agent.datasette_plugin.feeds import atom, due_calendar
from inbox_agent.datasette_plugin.feeds.access import Refused, must_read_feeds, one_of
from inbox_agent.datasette_plugin.feeds.kept import KeptAnswers
from inbox_agent.datasette_plugin.feeds.rows import KINDS, LinkOf, alert_entries, dues
from inbox_agent.datasette_plugin.feeds.tokens import token_of
from inbox_agent.datasette_plugin.local_times import instant
from inbox_agent.datasette_plugin.page import Page, answer, partner_path
from inbox_agent.datasette_plugin.reading import Row

if TYPE_CHECKING:
    from datasette.app import Datasette

ALERTS_PATH = "/-/alerts.atom"

#: Programs ask every hour, many of them for the same calendar; it has half a megabyte at most.
_CALENDARS = KeptAnswers(most=16)

_Body = Callable[[Page, Row, str | None], Awaitable[bytes]]


async def alerts_feed(datasette: Datasette, request: Any) -> Response:
    """What was raised, became graver or is over: the latest first."""
    return await _feed(datasette, request, _alerts, atom.CONTENT_TYPE)


async def due_feed(datasette: Datasette, request: Any) -> Response:
    """What falls due in the next twelve months."""
    return await _feed(datasette, request, _due, due_calendar.CONTENT_TYPE)


async def _feed(datasette: Datasette, request: Any, body: _Body, content_type: str) -> Response:
    try:
        await must_read_feeds(datasette, request)
        page = await Page.unchecked(datasette, request)
        if page.about is None:
            raise Refused(503, "503: nothing has been published yet")
        tag = _tag(page.about, request.url)
        if request.headers.get("if-none-match") == tag:
            return Response("", status=304, headers={"etag": tag})
        owner = request.args.get("owner") or None
        return answer(await body(page, page.about, owner), content_type, {"etag": tag})
    except Refused as refused:
        return refused.response()


def _tag(about: Row, url: str) -> str:
    """The same for the same answer (RFC 9110 §8.8.3): readers ask again and again."""
    text = f"{about['generation']} {about['published_at']} {about['version']} {url}"
    return f'"{hashlib.sha256(text.encode()).hexdigest()[:20]}"'


async def _alerts(page: Page, about: Row, owner: str | None) -> bytes:
    level = one_of(page.request, "level", ("act", "watch"))
    entries = await alert_entries(page.reader, owner, level, _links(page))
    whose = f" of {owner}" if owner else ""
    query = urlencode({key: said for key, said in (("owner", owner), ("level", level)) if said})
    path = ALERTS_PATH + (f"?{query}" if query else "")
    feed = atom.Feed(
        key=f"alerts {owner or ''} {level or ''}",
        title=f"Partner alerts{whose}",
        subtitle=f"As of {about['as_of']}",
        updated_at=max((each.updated_at for each in entries), default=about["as_of"]),
        self_link=_absolute(page, path),
        link=_absolute(page, "/"),
        entries=entries,
    )
    return atom.atom(feed)


async def _due(page: Page, about: Row, owner: str | None) -> bytes:
    kinds = _kinds(page.request)
    publication = page.generation, about["published_at"], about["version"]
    path = page.datasette.get_database(DATABASE).path
    key = (path, *publication, _absolute(page, "/"), owner, *kinds)
    kept = _CALENDARS.get(key)
    if kept is not None:
        return kept
    found = await dues(page.reader, owner, kinds, page.times, _links(page))
    name = f"Due with partners of {owner}" if owner else "Due with partners"
    # a thousand entries take a third of a second, and nobody's page waits for them
    made = await asyncio.to_thread(due_calendar.calendar, name, instant(about["as_of"]), found)
    return _CALENDARS.keep(key, made)


def _kinds(request: Any) -> Sequence[str]:
    given = [each for each in (request.args.get("kinds") or "").split(",") if each]
    unknown = [each for each in given if each not in KINDS]
    if unknown:
        raise Refused(400, f"400: kinds may be {', '.join(KINDS)}, with commas between")
    return given or KINDS


def _absolute(page: Page, path: str) -> str:
    """The whole address, as a program needs it that has no page around what it shows."""
    local = page.datasette.urls.path(path)
    return str(page.datasette.absolute_url(page.request, local))


def _links(page: Page) -> LinkOf:
    def link(partner: str) -> str:
        path = partner_path(page.datasette, partner)
        return str(page.datasette.absolute_url(page.request, path))

    return link


def _own(actor: Any, owners: Sequence[str]) -> str | None:
    """The owner that somebody who is signed in is, as `partners.toml` writes it."""
    names = {str((actor or {}).get(key, "")).casefold() for key in ("owner", "id")}
    return next((owner for owner in owners if owner.casefold() in names), None)


async def feeds_page(datasette: Datasette, request: Any) -> Response:
    """The addresses for feed readers, calendars and programs, made for who looks at the page."""
    page = await Page.of(datasette, request)
    owners: list[str] = []
    if page.about:
        sql = "select distinct owner from partners where owner is not null order by owner"
        owners = [row["owner"] for row in await page.reader.rows(sql)]
    token = token_of(datasette, request.actor, "feeds") if request.actor else None

    def address(path: str, **more: str) -> str:
        query = urlencode({**more, **({"token": token} if token else {})})
        return _absolute(page, path + (f"?{query}" if query else ""))

    return await page.shown(
        "feeds.html",
        title="Feeds",
        owners=owners,
        own=_own(request.actor, owners),
        kinds=KINDS,
        address=address,
        is_personal=token is not None,
        api_address=_absolute(page, "/-/api/partners.json"),
        api_token=token_of(datasette, request.actor, "api") if request.actor else None,
    )
