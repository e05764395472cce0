"""What `partners.db` looks like in Datasette: its cells, its downloads, its front door.

Reads `partners.db` alone, through Datasette; knows nothing of mailboxes. Written for Datasette
0.65 and 1.0a.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlencode

import rich
from datasette import hookimpl

from inbox_agent import __version__
from inbox_agent.catalogue import DATABASE, TABLES, VIEWS, column_of
from inbox_agent.datasette_plugin import downloads
from inbox_agent.datasette_plugin.cells import Cells

if TYPE_CHECKING:
    from datasette.app import Datasette
    from markupsafe import Markup

# Of a page's arguments, those that say which rows and columns; paging and facets are left out.
_KEPT = ("_search", "_sort", "_sort_desc", "_col", "_nocol")


@hookimpl  # type: ignore[untyped-decorator]
def startup(datasette: Datasette) -> None:
    """No log of who opened which page: its address holds addresses of people, once one filters.

    Of every page that fails Datasette prints the traceback by rich, with the local variables.
    """
    if DATABASE in datasette.databases:
        rich.get_console().quiet = True
        logging.getLogger("uvicorn.access").addFilter(lambda _record: False)


@hookimpl  # type: ignore[untyped-decorator]
def render_cell(
    value: object, column: str, table: str | None, database: str, datasette: Datasette
) -> Markup | None:
    """Durations as people say them, states as a word, and no links out of letters."""
    known = column_of(table or "", column) if database == DATABASE else None
    if known is None:
        return None
    return Cells(datasette, int(datasette.setting("truncate_cells_html"))).show(value, known)


@hookimpl  # type: ignore[untyped-decorator]
def extra_css_urls(datasette: Datasette) -> list[str]:
    """Our one style sheet; the version makes browsers fetch it anew."""
    path = datasette.urls.static_plugins("inbox_agent", "inbox_agent.css")
    return [f"{path}?{__version__}"]


@hookimpl  # type: ignore[untyped-decorator]
def table_actions(
    datasette: Datasette, database: str, table: str, request: Any
) -> list[dict[str, str]]:
    """One link to the whole table, as filtered, sorted and cut on the page."""
    if database != DATABASE:
        return []
    given = parse_qsl(request.query_string) if request else []
    kept = [(key, value) for key, value in given if not key.startswith("_") or key in _KEPT]
    query = urlencode([*kept, ("_stream", "on"), ("_size", "max"), ("_dl", "1")])
    href = f"{datasette.urls.table(database, table, format='csv')}?{query}"
    return [{"href": href, "label": "Download everything as CSV"}]


@hookimpl  # type: ignore[untyped-decorator]
def extra_template_vars(database: str | None, view_name: str) -> dict[str, Any]:
    """The tables and views in the order people should meet them, for the database page."""
    if database != DATABASE or view_name != "database":
        return {}
    return {"catalogue_views": VIEWS, "catalogue_tables": TABLES}


@hookimpl  # type: ignore[untyped-decorator]
def asgi_wrapper(datasette: Datasette) -> Any:
    """CSV that is safe, whole and named."""
    return lambda app: downloads.wrap(app, datasette)
