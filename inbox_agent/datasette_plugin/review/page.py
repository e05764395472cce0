"""Quarters looked back upon: which are frozen, one of them, one partner in it, and for the partner.

What is frozen is shown as it was frozen; what is of today says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlencode
from zoneinfo import ZoneInfo

from datasette.utils.asgi import NotFound

from inbox_agent.catalogue import DATABASE
from inbox_agent.datasette_plugin.page import Page
from inbox_agent.datasette_plugin.reading import Row
from inbox_agent.datasette_plugin.review import rows, shown
from inbox_agent.review_sheets import (
    HOW_IT_IS_COUNTED,
    TEAM,
    For,
    Sheet,
    answer,
    days_of,
    first_days_of,
    quarter_before,
    sheets,
)

if TYPE_CHECKING:
    from datasette.app import Datasette
    from datasette.utils.asgi import Response

#: So many partners are on one page of a quarter; so many quarters not frozen are named.
PARTNERS_OF_A_PAGE = 150
_NAMED = 8


@dataclass(frozen=True, slots=True)
class Asked:
    """The quarter a page is about, with the team's frozen rows: none when it is not frozen."""

    page: Page
    quarter: str
    team: Sequence[Row]

    @classmethod
    async def of(cls, datasette: Datasette, request: Any) -> Asked:
        """Raises Forbidden, and NotFound for what is no quarter."""
        page = await Page.of(datasette, request)
        quarter = rows.quarter_asked_for(request)
        found = await rows.rows_of(page.reader, quarter, TEAM) if page.about else ()
        return cls(page, quarter, found)

    @property
    def before(self) -> str:
        """The quarter before."""
        return quarter_before(self.quarter)

    @property
    def frozen(self) -> Row:
        """When and with what it was frozen."""
        return self.team[0]

    async def sheet(self, partner: str) -> Sheet | None:
        """The sheet of a partner; None where it has none in this quarter."""
        found = await rows.rows_of(self.page.reader, self.quarter, partner)
        return sheets([*self.team, *found]).get(partner)

    async def sheet_before(self, partner: str) -> Sheet | None:
        """The sheet of a partner in the quarter before; None where that is not frozen."""
        found = await rows.rows_of(self.page.reader, self.before, partner)
        return sheets(found).get(partner)

    async def answer(self, template: str, title: str, **more: Any) -> Response:
        """A page about this quarter."""
        said: dict[str, Any] = {
            "quarter": self.quarter,
            "before": self.before,
            "days": days_of(self.quarter),
            "frozen": self.frozen,
            "is_of_other_settings": not _is_of_today(self.frozen, self.page.about),
        }
        return await self.page.shown(template, title=title, **said, **more)

    async def missing(self) -> Response:
        """That it is not frozen, and what to do; status 404."""
        over = (
            await rows.quarters_over(self.page.reader, self.page.times) if self.page.about else []
        )
        return await self.page.shown(
            "review_missing.html",
            title=f"Review {self.quarter}",
            status=404,
            quarter=self.quarter,
            days=days_of(self.quarter),
            is_over=self.quarter in over,
        )


def _is_of_today(frozen: Row, about: Row | None) -> bool:
    names = ("version", "config_digest")
    return about is not None and all(frozen[name] == about[name] for name in names)


# -- the pages ------------------------------------------------------------------------------


async def reviews_page(datasette: Datasette, request: Any) -> Response:
    """Which quarters are frozen, and how to freeze those that are over."""
    page = await Page.of(datasette, request)
    frozen = await rows.frozen_quarters(page.reader) if page.about else []
    over = await rows.quarters_over(page.reader, page.times) if page.about else []
    known = {row["quarter"] for row in frozen}
    missing = [quarter for quarter in over if quarter not in known]
    return await page.shown(
        "reviews.html",
        title="Reviews",
        frozen=[{**row, "is_of_today": _is_of_today(row, page.about)} for row in frozen],
        missing=missing[:_NAMED],
        earlier=len(missing[_NAMED:]),
        days_of=days_of,
    )


async def quarter_page(datasette: Datasette, request: Any) -> Response:
    """One quarter: the team beside the quarter before, every partner, owners and tiers."""
    asked = await Asked.of(datasette, request)
    if not asked.team:
        return await asked.missing()
    notes = shown.Notes(await rows.definitions(asked.page.reader))
    sheet = sheets(asked.team)[TEAM]
    before = await asked.sheet_before(TEAM)
    found = await rows.scopes_of(asked.page.reader, asked.quarter, asked.before)
    return await asked.answer(
        "review.html",
        f"Review {asked.quarter}",
        parts=shown.parts(sheet, before, asked.before, "us", notes),
        notes=notes,
        has_before=before is not None,
        rows=await rows.count_of(asked.page.reader, asked.quarter),
        csv=_csv(datasette, quarter=asked.quarter),
        scopes=shown.scopes(found, asked.quarter),
        in_period=shown.in_period,
        **await _table(asked, request.args),
    )


#: What the table of partners says of a line, called in its template.
_SAID = {
    "answer": answer,
    "answered": shown.answered,
    "state_of": shown.state_of,
    "states_said": shown.states_said,
}


async def _table(asked: Asked, args: Any) -> dict[str, Any]:
    """The table of partners: of one owner or tier, or of all, page by page."""
    chosen = {name: args.get(name) for name in ("owner", "tier") if args.get(name)}
    found = await rows.partners_of(asked.page.reader, asked.quarter)
    wanted = [row for row in found if all(row[name] == said for name, said in chosen.items())]
    number = int(args.get("page")) if (args.get("page") or "").isdecimal() else 1
    start = (number - 1) * PARTNERS_OF_A_PAGE
    here = shown.by_urgency(wanted)[start : start + PARTNERS_OF_A_PAGE]
    lines = await rows.lines_of(asked.page.reader, asked.quarter, [row["partner"] for row in here])
    known = sheets([*asked.team, *lines])
    nothing = Sheet({}, known[TEAM].zone)
    return {
        "partners": [(row, known.get(row["partner"], nothing)) for row in here],
        "count": len(wanted),
        "first": start + 1,
        "chosen": chosen,
        "pages": [
            (n, f"?{urlencode({**chosen, 'page': n})}")
            for n in range(1, -(-len(wanted) // PARTNERS_OF_A_PAGE) + 1)
        ],
        "number": number,
        **_SAID,
    }


async def partner_review_page(datasette: Datasette, request: Any) -> Response:
    """One partner's quarter, beside the one before, on paper of A4."""
    return await _of_partner(await Asked.of(datasette, request), "us")


async def for_partner_page(datasette: Datasette, request: Any) -> Response:
    """The same quarter as the partner may see it; nobody is named, not even the partner."""
    return await _of_partner(await Asked.of(datasette, request), "them")


async def _of_partner(asked: Asked, reader: For) -> Response:
    """The sheet of one partner for either reader; raises NotFound where it has none."""
    if not asked.team:
        return await asked.missing()
    partner = unquote(asked.page.request.url_vars["partner"])
    sheet = await asked.sheet(partner) if partner != TEAM else None
    if sheet is None:
        raise NotFound(f"The review of {asked.quarter} has no such partner.")
    before = await asked.sheet_before(partner)
    notes = shown.Notes(await rows.definitions(asked.page.reader) if reader == "us" else {})
    said = {
        "partner": partner,
        "parts": shown.parts(sheet, before, asked.before, reader, notes),
        "has_before": before is not None,
    }
    if reader == "them":
        title = f"How we worked together, {asked.quarter}"
        return await asked.answer("review_for_partner.html", title, **said, how=HOW_IT_IS_COUNTED)
    name = sheet.words("name")
    title = f"Review {asked.quarter}: {name or partner}"
    return await asked.answer(
        "review_partner.html", title, **said, **_ours(asked, partner, sheet), name=name, notes=notes
    )


def _ours(asked: Asked, partner: str, sheet: Sheet) -> dict[str, Any]:
    """What leads from a partner's sheet to the rows behind it; not for the partner."""
    site = asked.page.datasette
    return {
        "rows": len(sheet.rows),
        "csv": _csv(site, quarter=asked.quarter, partner=partner),
        "asks": _asks(site, asked.quarter, partner, sheet.zone),
    }


# -- links ----------------------------------------------------------------------------------


def _csv(datasette: Datasette, **filters: str) -> str:
    """The address of the frozen rows as CSV."""
    query = urlencode({**filters, "_stream": "on", "_size": "max", "_dl": "1"})
    return f"{datasette.urls.table(DATABASE, 'reviews', format='csv')}?{query}"


def _asks(datasette: Datasette, quarter: str, partner: str, zone: ZoneInfo) -> dict[str, str]:
    """The addresses of the asks behind the figures, as they are known today, by who answers."""
    days = (datetime(d.year, d.month, d.day, tzinfo=zone) for d in first_days_of(quarter))
    begins, ends = (f"{day.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}" for day in days)
    table = datasette.urls.table(DATABASE, "response_times")
    return {
        responder: f"{table}?"
        + urlencode(
            {
                "partner": partner,
                "responder": responder,
                "asked_at__gte": begins,
                "asked_at__lt": ends,
                "_sort": "asked_at",
            }
        )
        for responder in ("us", "them")
    }
