"""Where the charts of a partner are: their pages, and their pictures below the same address."""

from __future__ import annotations

from typing import TYPE_CHECKING

from inbox_agent.datasette_plugin.page import partner_path

if TYPE_CHECKING:
    from datasette.app import Datasette


def chart_path(datasette: Datasette, partner: str, name: str) -> str:
    """The page of a chart; with `.svg`, `.png` or `.json` behind it, the chart itself."""
    return f"{partner_path(datasette, partner, 'chart')}/{name}"
