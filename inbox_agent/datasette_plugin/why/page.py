"""Behind a figure: `/-/why/<partner>/<figure>`, and all figures of a partner.

From a number to what it means, how it came about, the letters it is made of, and those left out
with the rule that did it.
"""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from datasette.utils import tilde_encode

from inbox_agent.datasette_plugin.local_times import instant
from inbox_agent.datasette_plugin.page import Page
from inbox_agent.datasette_plugin.reading import Row
from inbox_agent.datasette_plugin.why.behind import Behind
from inbox_agent.datasette_plugin.why.families import days_of, explained
from inbox_agent.datasette_plugin.why.figures import Figure, Figures, definition_of
from inbox_agent.datasette_plugin.why.links import why_path
from inbox_agent.datasette_plugin.why.lists import Lists
from inbox_agent.datasette_plugin.why.names import OF_A_STANDARD, SIDES, STANDARDS
from inbox_agent.datasette_plugin.why.values import shown_value
from inbox_agent.datasette_plugin.why.windows import Calendar, Days

if TYPE_CHECKING:
    from datasette.app import Datasette
    from datasette.utils.asgi import Response

_DAY = 86_400


async def why_page(datasette: Datasette, request: Any) -> Response:
    """What is behind one figure of a partner."""
    page = await Page.of(datasette, request)
    partner = await page.partner(unquote(request.url_vars["partner"]))
    name, period = unquote(request.url_vars["figure"]), request.args.get("period") or ""
    figures = await Figures.of(page, partner["partner"])
    calendar = _calendar(page, partner)
    found = await _figure(page, partner["partner"], figures, name, period)
    days = calendar.period(period) if period else calendar.window
    if found is None or days is None:
        return await _unknown(page, partner, figures, name, period)
    behind = _behind(page, partner, figures, found, calendar, days, period)
    return await page.shown(
        "why.html",
        title=f"{found.title}: {partner['name'] or partner['partner']}",
        partner=partner,
        figure=found,
        behind=behind,
        days=days_of(behind),
        explained=await explained(behind),
        definition=await definition_of(page, found.name),
        shown_value=shown_value,
        tilde=tilde_encode,
    )


async def figures_page(datasette: Datasette, request: Any) -> Response:
    """All figures of a partner, each with the way to what is behind it."""
    page = await Page.of(datasette, request)
    partner = await page.partner(unquote(request.url_vars["partner"]))
    return await _listed(page, partner, await Figures.of(page, partner["partner"]))


def _calendar(page: Page, partner: Row) -> Calendar:
    about = page.about or {}
    window_days = (about.get("window_seconds") or 90 * _DAY) // _DAY
    as_of = instant(partner["as_of"]) if partner["as_of"] else page.times.as_of
    return Calendar(page.times.zone, as_of, window_days)


async def _figure(
    page: Page, partner: str, figures: Figures, name: str, period: str
) -> Figure | None:
    """The figure of that name; in a period only what is told of asks."""
    found = figures.named(name)
    if not period or found is None:
        return found
    side = next((side for side in SIDES if name.startswith(side)), None)
    base = name.removeprefix(side or "")
    row = await page.reader.row(
        "SELECT * FROM response_times_by_period WHERE partner = :partner AND period = :period"
        " AND responder = :responder",
        partner=partner,
        period=period,
        responder="us" if side == "ours_" else "them",
    )
    if side is None or row is None or base not in row:
        return None
    return Figure(name, row[base], found.unit)


def _behind(  # noqa: PLR0913, PLR0917 - all that a page of a figure is made of
    page: Page,
    partner: Row,
    figures: Figures,
    figure: Figure,
    calendar: Calendar,
    days: Days,
    period: str,
) -> Behind:
    key = partner["partner"]
    at = {name: page.request.args.get(name) for name in page.request.args}
    return Behind(
        page=page,
        partner=key,
        figures=figures,
        figure=figure,
        calendar=calendar,
        days=days,
        lists=Lists(page.datasette, page.reader, why_path(page.datasette, key, figure.name), at),
        period=period,
        give_up_seconds=(page.about or {}).get("give_up_after_seconds") or 0,
    )


async def _unknown(page: Page, partner: Row, figures: Figures, name: str, period: str) -> Response:
    near = get_close_matches(name, figures.all_names(), n=3)
    words = f"{name} in {period}" if period and figures.named(name) else name
    return await _listed(page, partner, figures, status=404, unknown=words, near=near)


async def _listed(
    page: Page, partner: Row, figures: Figures, status: int = 200, **more: Any
) -> Response:
    calendar = _calendar(page, partner)
    who = partner["name"] or partner["partner"]
    return await page.shown(
        "why_figures.html",
        title=f"No such figure: {who}" if status == 404 else f"All figures: {who}",
        status=status,
        partner=partner,
        figures=figures,
        days=calendar.window,
        standards=STANDARDS,
        parts=OF_A_STANDARD,
        shown_value=shown_value,
        **more,
    )
