"""Where our pages about a partner lie."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

if TYPE_CHECKING:
    from datasette.app import Datasette


def partner_path(datasette: Datasette, partner: str, page: str = "partner") -> str:
    """The address of a partner's page; `page` may be another of ours about a partner."""
    return str(datasette.urls.path(f"/-/{page}/{quote(partner, safe='@')}"))
