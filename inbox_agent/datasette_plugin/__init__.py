"""What `partners.db` looks like in Datasette: its cells, its downloads, its front door.

Reads `partners.db` alone, through Datasette; knows nothing of mailboxes. Written for Datasette
0.65 and 1.0a.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlencode

import rich
from datasette import hookimpl
from markupsafe import Markup

from inbox_agent.catalogue import DATABASE, TABLES, VIEWS, Column, column_of
from inbox_agent.datasette_plugin import downloads, snapshots
from inbox_agent.datasette_plugin.cells import Cells, letters_link, partner_link
from inbox_agent.datasette_plugin.charts.links import chart_path
from inbox_agent.datasette_plugin.entrance import doors, security_headers, sign_in
from inbox_agent.datasette_plugin.entrance.locks import ACTOR
from inbox_agent.datasette_plugin.page import style_sheet
from inbox_agent.datasette_plugin.reading import Reader
from inbox_agent.datasette_plugin.routes import ROUTES
from inbox_agent.datasette_plugin.snapshots import once
from inbox_agent.datasette_plugin.why.links import why_path
from inbox_agent.datasette_plugin.workbook_downloads import workbook_path

if TYPE_CHECKING:
    from datasette.app import Datasette

# Of a page's arguments, those that say which rows and columns; paging and facets are left out.
_KEPT = ("_search", "_sort", "_sort_desc", "_col", "_nocol")


@hookimpl  # type: ignore[untyped-decorator]
def startup(datasette: Datasette) -> None:
    """No log of who opened which page: its address holds addresses of people, once one filters.

    Of every page that fails Datasette prints the traceback by rich, with the local variables.
    """
    if DATABASE in datasette.databases:
        console = rich.get_console()
        console.quiet = True
        # it is made all the same, also of a page not found, which took half a second each time
        console.print_exception = _print_nothing  # type: ignore[method-assign]
        logging.getLogger("uvicorn.access").addFilter(lambda _record: False)
        snapshots.read_in_snapshots(datasette)


def _print_nothing(**_how: object) -> None:
    """In the place of a traceback."""


@hookimpl  # type: ignore[untyped-decorator]
def render_cell(  # noqa: PLR0913, PLR0917 - Datasette's own names
    value: object, column: str, table: str | None, database: str, datasette: Datasette, row: Any
) -> Any:
    """Durations as people say them, states as a word, and no links out of letters."""
    known = column_of(table or "", column) if database == DATABASE else None
    if known is None:
        return None
    if (table, column) == ("partners", "name") and isinstance(value, str):
        return partner_link(datasette, row["partner"], value)
    found = Cells(datasette, int(datasette.setting("truncate_cells_html")))
    if known.unit == "UTC instant" and isinstance(value, str):
        return partial(_in_the_teams_zone, found, value, known)
    shown = found.show(value, known)
    if column == "conversation" and value and table != "messages" and "partner" in row.keys():  # noqa: SIM118
        letters = letters_link(datasette, _key(row["partner"]), _key(value))
        return Markup("{} {}").format(shown, letters)
    return shown


async def _in_the_teams_zone(found: Cells, value: str, known: Column) -> Markup | None:
    """Datasette waits for it; the zone is read once for all cells of a page."""
    return replace(found, zone=await once("zone", Reader(found.datasette).zone)).show(value, known)


def _key(value: Any) -> str:
    """A value of Datasette's rows, which is a record where it is a link."""
    return str(value["value"] if isinstance(value, dict) else value)


@hookimpl  # type: ignore[untyped-decorator]
def prepare_jinja2_environment(env: Any, datasette: Datasette) -> None:
    """What the macros of our pages may call: they see none of a page's own words."""
    env.globals["style_sheet"] = partial(style_sheet, datasette)
    env.globals["why_path"] = partial(why_path, datasette)
    env.globals["chart_path"] = partial(chart_path, datasette)


@hookimpl  # type: ignore[untyped-decorator]
def extra_css_urls(datasette: Datasette) -> list[str]:
    """Our style sheets for Datasette's own pages."""
    return [style_sheet(datasette, name) for name in ("tokens", "inbox_agent")]


@hookimpl(tryfirst=True)  # type: ignore[untyped-decorator]
def register_routes(datasette: Datasette) -> Sequence[tuple[str, Any]]:
    """The addresses of our own pages; `/` is ours instead of Datasette's list of databases."""
    return (*sign_in.routes(datasette), *ROUTES)


@hookimpl(tryfirst=True)  # type: ignore[untyped-decorator]
def actor_from_request(request: Any) -> dict[str, Any] | None:
    """Who the lock found somebody to be, before a cookie is asked."""
    found: dict[str, Any] | None = request.scope.get(ACTOR)
    return found


@hookimpl  # type: ignore[untyped-decorator]
def table_actions(
    datasette: Datasette, database: str, table: str, request: Any
) -> list[dict[str, str]]:
    """Links to the whole table as CSV, as filtered, sorted and cut on the page, and as Excel."""
    if database != DATABASE:
        return []
    given = parse_qsl(request.query_string) if request else []
    kept = [(key, value) for key, value in given if not key.startswith("_") or key in _KEPT]
    query = urlencode([*kept, ("_stream", "on"), ("_size", "max"), ("_dl", "1")])
    href = f"{datasette.urls.table(database, table, format='csv')}?{query}"
    found = [{"href": href, "label": "Download everything as CSV"}]
    workbook = workbook_path(datasette, table, given)
    return (
        [*found, {"href": workbook, "label": "Download everything as Excel"}] if workbook else found
    )


@hookimpl  # type: ignore[untyped-decorator]
def extra_template_vars(database: str | None, view_name: str) -> dict[str, Any]:
    """The tables and views in the order people should meet them, for the database page."""
    if database != DATABASE or view_name != "database":
        return {}
    return {"catalogue_views": VIEWS, "catalogue_tables": TABLES}


@hookimpl  # type: ignore[untyped-decorator]
def asgi_wrapper(datasette: Datasette) -> Any:
    """The lock, where there is one; one generation; CSV that is safe, whole and named; headers."""

    def wrapped(app: Any) -> Any:
        app = snapshots.wrap(downloads.wrap(app, datasette), datasette)
        return security_headers.wrap(doors.wrap(app, datasette))

    return wrapped
