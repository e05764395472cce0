"""Where the page of a figure is."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode

from inbox_agent.datasette_plugin.links import partner_path

if TYPE_CHECKING:
    from datasette.app import Datasette


def why_path(datasette: Datasette, partner: str, figure: str = "", period: str = "") -> str:
    """The address of what is behind a figure; without one, of all figures of the partner.

    `period` is a week, month or quarter by its name in response_times_by_period; without one it is
    the figure of the window.
    """
    below = f"/{quote(figure, safe='')}" if figure else ""
    query = "?" + urlencode({"period": period}) if period else ""
    return partner_path(datasette, partner, "why") + below + query
