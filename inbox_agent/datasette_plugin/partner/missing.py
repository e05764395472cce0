"""The page in the place of one about a partner who is not there."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import wraps
from typing import TYPE_CHECKING, Any

from inbox_agent.datasette_plugin.page import NoSuchPartner, Page

if TYPE_CHECKING:
    from datasette.app import Datasette
    from datasette.utils.asgi import Response

    View = Callable[[Datasette, Any], Awaitable[Response]]

# A partner by another of its names, or by a part of one.
_ALIKE = """
SELECT partner, name FROM partners
WHERE instr(lower(domains), lower(:name)) OR instr(lower(coalesce(name, '')), lower(:name))
ORDER BY partner LIMIT 5
"""


def of_a_partner(view: View) -> View:
    """The view of a page; where it finds no such partner, a page with those of a like name."""

    @wraps(view)
    async def shown(datasette: Datasette, request: Any) -> Response:
        try:
            return await view(datasette, request)
        except NoSuchPartner as exc:
            return await _missing(exc.page, exc.name)

    return shown


async def _missing(page: Page, name: str) -> Response:
    alike = await page.reader.rows(_ALIKE, name=name) if page.about and name.strip() else []
    title = "No such partner" if page.about else "Nothing is published yet"
    return await page.shown("partner_missing.html", title=title, status=404, name=name, alike=alike)
