"""Why a partnership stands as it does: what is to look at now, with what proves it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from datasette.utils import tilde_encode

from inbox_agent.catalogue import DATABASE
from inbox_agent.datasette_plugin.why.behind import Behind, Explained
from inbox_agent.datasette_plugin.why.links import why_path
from inbox_agent.datasette_plugin.why.lists import Wanted

_PROOFS = {
    "response_times": "the ask",
    "silence_gaps": "the silence",
    "standards": "the standard",
    "contacts": "the people",
}
_MOST_PROOFS = 5


async def of_state(behind: Behind) -> Explained:
    """The alerts that hold now."""
    standing = behind.figures.standing
    said = [str(standing.get("because") or "")]
    if behind.figure.name == "urgency":
        said.append("0 is looked at first: to act on, then to watch, then in order, then unknown.")
    wanted = Wanted(
        "rows",
        "alerts",
        "What asks for somebody now",
        behind.cut("alerts", cleared_at__isnull=1),
        "level, since_at, alert",
    )
    made_of = await behind.listed(wanted)
    shown = [
        replace(each, rows=[{**row, "proofs": list(_proofs(behind, row))} for row in each.rows])
        for each in made_of
    ]
    if standing.get("cause") is None:
        said.append("Nothing asks for anybody now, so no single letter stands behind it.")
    return Explained(said=[each for each in said if each], made_of=shown)


def _proofs(behind: Behind, alert: Mapping[str, Any]) -> Iterator[Mapping[str, str]]:
    evidence = json.loads(alert["evidence"] or "{}")
    table, site = evidence.get("table", ""), behind.page.datasette
    for key in evidence.get("rows", [])[:_MOST_PROOFS]:
        if table == "standards":
            yield {"words": _PROOFS[table], "href": why_path(site, behind.partner, key)}
        else:
            href = site.urls.row(DATABASE, table, tilde_encode(key))
            yield {"words": _PROOFS.get(table, table), "href": str(href)}
    if table and not evidence.get("rows"):
        words = _PROOFS.get(table, table)
        yield {"words": words, "href": behind.cut(table).page(site)}
