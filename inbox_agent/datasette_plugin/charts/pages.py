"""The page of a chart, and the chart itself as SVG, PNG and spec."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlencode

from datasette.utils.asgi import NotFound, Response

from inbox_agent import __version__
from inbox_agent.catalogue import DATABASE
from inbox_agent.datasette_plugin.charts.by_name import CHARTS, Kind, charts_of
from inbox_agent.datasette_plugin.charts.look import Look, said
from inbox_agent.datasette_plugin.charts.model import Chart, Source, Spec
from inbox_agent.datasette_plugin.charts.pictures import PICTURES, Form, NotDrawn
from inbox_agent.datasette_plugin.page import HEADERS, Page, answer
from inbox_agent.datasette_plugin.reading import Row

if TYPE_CHECKING:
    from datasette.app import Datasette

# What editors of such specs go by; nothing is fetched from there.
_SCHEMA = "https://vega.github.io/schema/vega-lite/v6.json"
_TYPES = {"svg": "image/svg+xml", "png": "image/png", "json": "application/json"}


@dataclass(frozen=True, slots=True)
class _Asked:
    """One request for a chart of a partner that exists."""

    page: Page
    partner: Row
    name: str
    kind: Kind

    @classmethod
    async def of(cls, datasette: Datasette, request: Any) -> _Asked:
        """Raises Forbidden, or NotFound for an unknown partner or chart."""
        page = await Page.of(datasette, request)
        partner = await page.partner(unquote(request.url_vars["partner"]))
        name = request.url_vars["name"]
        if name not in CHARTS:
            raise NotFound(f"There is no such chart; there are {', '.join(CHARTS)}.")
        return cls(page, partner, name, CHARTS[name])

    @property
    def who(self) -> str:
        """What the partner is called."""
        return str(self.partner["name"] or self.partner["partner"])

    async def chart(self) -> Chart:
        """The chart, read anew."""
        return await self.kind.read(self.page, self.partner)

    def look(self, form: str) -> Look:
        """How it is asked for; what leaves our pages is light, wide, and says what it is."""
        given = self.page.request.args
        if form != "svg":
            return Look(title=f"{self.kind.title}: {self.who}")
        theme = "dark" if given.get("theme") == "dark" else "light"
        return Look(theme, "narrow" if given.get("size") == "narrow" else "wide")

    def key(self, form: str) -> tuple[object, ...]:
        """What the picture depends on: the publication, and how it is asked for."""
        about, look = self.page.about or {}, self.look(form)
        database = self.page.datasette.get_database(DATABASE)
        publication = database.path, self.page.generation, about.get("published_at")
        return (__version__, *publication, self.partner["partner"], self.name, form,
                look.theme, look.size)  # fmt: skip


async def chart_page(datasette: Datasette, request: Any) -> Response:
    """The picture, what it shows in words, the numbers in a table, and where they are from."""
    asked = await _Asked.of(datasette, request)
    chart = await asked.chart()
    key = asked.partner["partner"]
    return await asked.page.shown(
        "chart.html",
        title=f"{asked.kind.title}: {asked.who}",
        partner=asked.partner,
        who=asked.who,
        name=asked.name,
        kind=asked.kind,
        chart=chart,
        others={name: CHARTS[name].title for name in await charts_of(asked.page, key)},
        sources=[*_links(datasette, chart)],
    )


def _links(datasette: Datasette, chart: Chart) -> Iterator[tuple[Source, str, str]]:
    """Each table behind it, filtered as the chart is: as a page and as CSV."""
    for source in chart.sources:
        query = urlencode({f"{column}__exact": value for column, value in source.where.items()})
        table = datasette.urls.table(DATABASE, source.table)
        csv = datasette.urls.table(DATABASE, source.table, format="csv")
        yield source, f"{table}?{query}", f"{csv}?{query}&_stream=on&_size=max&_dl=1"


async def chart_file(datasette: Datasette, request: Any) -> Response:
    """The chart as a picture or as its spec; a browser that has it is told so in a few octets."""
    asked = await _Asked.of(datasette, request)
    form = request.url_vars["form"]
    key = asked.key(form)
    tag = f'"{hashlib.sha256(repr(key).encode()).hexdigest()[:24]}"'
    headers = {"etag": tag, "content-disposition": f'inline; filename="{_file(asked, form)}"'}
    if tag in re.split(r"\s*,\s*", request.headers.get("if-none-match", "").replace("W/", "")):
        return Response("", status=304, headers={**HEADERS, **headers}, content_type=_TYPES[form])
    if form == "json":
        spec = {"$schema": _SCHEMA, **_spec(await asked.chart(), asked.look(form))}
        return answer(json.dumps(spec, indent=1, ensure_ascii=False), _TYPES[form], headers)
    try:
        return answer(await _picture(asked, key, form), _TYPES[form], headers)
    except NotDrawn:
        words = "This chart could not be drawn; its page has the numbers."
        return Response(words, status=500, headers=HEADERS, content_type="text/plain")


async def _picture(asked: _Asked, key: tuple[object, ...], form: Form) -> bytes:
    kept = PICTURES.get(key)
    if kept is not None:
        return kept
    chart = await asked.chart()
    return await PICTURES.of(key, lambda: _spec(chart, asked.look(form)), form)


def _spec(chart: Chart, look: Look) -> Spec:
    if look.title:
        look = Look(look.theme, look.size, f"{look.title}, {chart.period}")
    return said(look, chart.too_little) if chart.too_little else chart.draw(look)


def _file(asked: _Asked, form: str) -> str:
    """``survival-globex.com-generation-42.png``: plain letters, whatever the partner is called."""
    who = re.sub(r"[^A-Za-z0-9.-]+", "-", str(asked.partner["partner"]))[:80]
    return f"{asked.name}-{who}-generation-{asked.page.generation}.{form}"
