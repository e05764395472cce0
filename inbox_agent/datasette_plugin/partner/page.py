"""One partner on one page: what to do, how it stands, why, and what was before."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from markupsafe import Markup

from inbox_agent.datasette_plugin.charts.by_name import CHARTS, charts_of
from inbox_agent.datasette_plugin.page import Page
from inbox_agent.datasette_plugin.partner.answers import answers_of, periods_of
from inbox_agent.datasette_plugin.partner.head import head_of
from inbox_agent.datasette_plugin.partner.history import alerts_of, conversations_of, coverage_of
from inbox_agent.datasette_plugin.partner.links import TABLES, Links, quarters_of, terms_of
from inbox_agent.datasette_plugin.partner.people import came_of_it, introductions_of, people_of
from inbox_agent.datasette_plugin.partner.silences import silences_of
from inbox_agent.datasette_plugin.partner.standards import standard_rows, standards_of
from inbox_agent.datasette_plugin.partner.street import drifts_of, reminded_words, street_of
from inbox_agent.datasette_plugin.partner.waits import given_up_by, next_due, waits_on
from inbox_agent.datasette_plugin.reading import Row
from inbox_agent.words import counted

if TYPE_CHECKING:
    from datasette.app import Datasette
    from datasette.utils.asgi import Response

_STANDING = "SELECT * FROM partner_standing WHERE partner = :partner"


async def partner_page(datasette: Datasette, request: Any) -> Response:
    """The page of one partner."""
    page = await Page.of(datasette, request)
    partner = await page.partner(unquote(request.url_vars["partner"]))
    standing = await page.reader.row(_STANDING, partner=partner["partner"])
    context = await _context(page, partner, standing)
    return await page.shown("partner.html", title=context["head"].name, **context)


async def _context(page: Page, partner: Row, standing: Row | None) -> dict[str, Any]:
    key, reader = partner["partner"], page.reader
    rows = await standard_rows(reader, key)
    waits = (await waits_on(reader, key, "us"), await waits_on(reader, key, "them"))
    links = Links(page.datasette, key)
    return {
        "partner": partner,
        "key": key,
        "standing": standing,
        "head": await head_of(reader, partner, standing),
        "waits": waits,
        "due": next_due(page, standing, waits, rows),
        "standards": standards_of(rows),
        "silences": await silences_of(reader, partner),
        "introductions": await introductions_of(reader, key),
        "conversations": await conversations_of(reader, key),
        "alerts": await alerts_of(reader, key),
        "quarters": await quarters_of(reader, key),
        "drifts": await drifts_of(reader, links),
        "charts": await charts_of(page, key),
        "chart_kinds": CHARTS,
        "links": links,
        "tables": TABLES,
        "term": await terms_of(reader),
        **_WORDS,
        **(await _of_standing(page, standing) if standing else {}),
    }


async def _of_standing(page: Page, standing: Row) -> dict[str, Any]:
    periods = periods_of(page, standing["as_of"])
    return {
        "periods": periods,
        "answers": await answers_of(page, standing, periods),
        "given_up": [
            await given_up_by(page, standing, side, periods.window) for side in ("us", "them")
        ],
        "people": await people_of(page.reader, standing),
        "street": street_of(standing),
        "coverage": await coverage_of(page.reader, standing),
    }


def state_word(state: str) -> Markup:
    """A state as a word with its dot."""
    tone = state if state in ("ok", "watch", "act") else "unknown"
    return Markup('<span class="state state-{}">{}</span>').format(tone, state)


def working_days(count: int) -> str:
    """``1 working day``, ``6 working days``."""
    return counted(count, "working day")


def times_said(count: int | None) -> str:
    """``once``, ``4 times``; of an unknown number a dash."""
    return "—" if count is None else "once" if count == 1 else f"{count} times"


_WORDS = {
    "came_of_it": came_of_it,
    "reminded_words": reminded_words,
    "state_word": state_word,
    "working_days": working_days,
    "times_said": times_said,
}
