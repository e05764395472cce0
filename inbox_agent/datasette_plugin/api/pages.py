"""The figures for programs: `/-/api/….json`, described with examples in `docs/api.md`.

Each answer says which publication it is of. Names, units and meanings are those of the tables.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlencode

from datasette.utils.asgi import Response

from inbox_agent.datasette_plugin.api.rows import (
    ALERTS,
    ONE_PARTNER,
    PARTNERS,
    WAITING,
    Listing,
)
from inbox_agent.datasette_plugin.feeds.access import Refused, must_read_api, one_of
from inbox_agent.datasette_plugin.page import Page, answer
from inbox_agent.datasette_plugin.reading import Row

if TYPE_CHECKING:
    from datasette.app import Datasette

#: The shape of the answers; what is added to them does not change it.
SHAPE = 1
ROWS, MOST_ROWS = 100, 1000

_Body = Callable[[Page], Awaitable[Mapping[str, Any]]]


async def partners_json(datasette: Datasette, request: Any) -> Response:
    """How every partnership is doing, in the order of the partners' keys."""
    return await _answer(datasette, request, lambda page: _listed(page, PARTNERS))


async def waiting_json(datasette: Datasette, request: Any) -> Response:
    """What waits for an answer, on either side, the oldest first."""
    return await _answer(datasette, request, lambda page: _listed(page, WAITING))


async def alerts_json(datasette: Datasette, request: Any) -> Response:
    """Everything that was ever a reason to look, the latest first."""
    return await _answer(datasette, request, lambda page: _listed(page, ALERTS))


async def partner_json(datasette: Datasette, request: Any) -> Response:
    """All about one partner: its row, its figures, standards, what waits, what is raised."""
    return await _answer(datasette, request, _one_partner)


async def _answer(datasette: Datasette, request: Any, body: _Body) -> Response:
    try:
        await must_read_api(datasette, request)
        page = await Page.unchecked(datasette, request)
        if page.about is None:
            raise Refused(503, "nothing has been published yet")
        said = {**_head(page.about), **await body(page)}
        return answer(_text(said), "application/json; charset=utf-8")
    except Refused as refused:
        return _refusal(refused)


def _refusal(refused: Refused) -> Response:
    body = _text({"error": str(refused).removeprefix(f"{refused.status}: ")})
    headers = {"cache-control": "no-store", "x-content-type-options": "nosniff"}
    kind = "application/json; charset=utf-8"
    return Response(body, status=refused.status, headers=headers, content_type=kind)


def _text(said: Mapping[str, Any]) -> str:
    return json.dumps(said, ensure_ascii=False, indent=2) + "\n"


def _head(about: Row) -> Mapping[str, Any]:
    named = ("as_of", "generation", "published_at", "timezone")
    return {"shape": SHAPE, **{name: about[name] for name in named}}


async def _listed(page: Page, listing: Listing) -> Mapping[str, Any]:
    """One page of a list; `next` is the address of the one after it."""
    size = _size(page.request)
    given = {name: one_of(page.request, name, words) for name, words in listing.choices.items()}
    given |= {"owner": page.request.args.get("owner") or None}
    after = page.request.args.get("after") or None
    if after is not None and not await page.reader.rows(listing.place, after=after):
        raise Refused(400, "after names no row of this generation; begin with the first page")
    found = await page.reader.rows(listing.sql, after=after, most=size + 1, **given)
    rows = found[:size]
    more = {name: said for name, said in given.items() if said}
    following = None
    if len(found) > size:
        query = urlencode({**more, "size": size, "after": rows[-1][listing.key]})
        following = str(page.datasette.urls.path(f"{listing.path}?{query}"))
    return {"rows": [listing.shown(row) for row in rows], "next": following}


def _size(request: Any) -> int:
    given = request.args.get("size") or str(ROWS)
    if not (given.isascii() and given.isdigit() and len(given) < 6 and int(given) >= 1):
        raise Refused(400, f"size may be 1 to {MOST_ROWS}")
    return min(int(given), MOST_ROWS)


async def _one_partner(page: Page) -> Mapping[str, Any]:
    key = unquote(page.request.url_vars["partner"])
    parts = {}
    for name, part in ONE_PARTNER.items():
        rows = [part.shown(row) for row in await page.reader.rows(part.sql, partner=key)]
        parts[name] = rows if part.is_many else next(iter(rows), None)
    if parts["partner"] is None:
        raise Refused(404, "there is no such partner here")
    return parts
