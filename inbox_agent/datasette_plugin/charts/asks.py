"""Reads what the chart of answers by time since asking is made of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from inbox_agent.catalogue import DATABASE, OF_A_PARTNER
from inbox_agent.datasette_plugin.charts.model import Side
from inbox_agent.datasette_plugin.charts.months import IN_FIGURES, SIDES, ours_are_known
from inbox_agent.datasette_plugin.charts.survival import Followed
from inbox_agent.datasette_plugin.charts.time import as_of, text, window
from inbox_agent.datasette_plugin.charts.words import short_date
from inbox_agent.datasette_plugin.local_times import instant
from inbox_agent.datasette_plugin.page import Page
from inbox_agent.datasette_plugin.reading import Row

_ASKS = f"""
SELECT responder, outcome,
  CASE outcome WHEN 'answered' THEN response_seconds
    WHEN 'open' THEN CAST(strftime('%s', :as_of) AS INTEGER)
      - CAST(strftime('%s', asked_at) AS INTEGER) END AS seconds,
  count(*) AS asks, min(asked_at) AS earliest
FROM response_times
WHERE partner = :partner AND {OF_A_PARTNER} AND asked_at >= :first AND asked_at < :last
  AND {IN_FIGURES}
GROUP BY responder, outcome, seconds
"""  # noqa: S608 - constants of ours


async def followed(page: Page, partner: Row) -> tuple[tuple[Followed, ...], str]:
    """Both sides' asks of the window of now, and the window in words."""
    key, now = partner["partner"], as_of(page, partner)
    first, last = window(page, partner)
    ends = {"as_of": text(now), "first": text(first), "last": text(last)}
    rows = await _all(page, _ASKS, {"partner": key, **ends})
    give_up = int((page.about or {})["give_up_after_seconds"])
    ours, theirs = (
        _side(side, [row for row in rows if row["responder"] == side], now, give_up)
        for side in SIDES
    )
    sides = replace(ours, is_known=await ours_are_known(page, key)), theirs
    days = first.date(), last.date() - timedelta(days=1)
    return sides, " to ".join(map(short_date, days))


async def _all(page: Page, sql: str, arguments: dict[str, Any]) -> list[Row]:
    """Every row: a busy partner has more different times than a page may ask for rows."""

    def rows(connection: Any) -> list[Row]:
        found = connection.execute(sql, arguments)
        names = [column[0] for column in found.description]
        return [dict(zip(names, row, strict=True)) for row in found]

    known: list[Row] = await page.datasette.get_database(DATABASE).execute_fn(rows)
    return known


def _side(side: Side, rows: Sequence[Row], now: datetime, give_up: int) -> Followed:
    earliest = min((instant(row["earliest"]) for row in rows), default=now)
    return Followed(
        side=side,
        answered={row["seconds"]: row["asks"] for row in rows if row["outcome"] == "answered"},
        open_={row["seconds"]: row["asks"] for row in rows if row["outcome"] == "open"},
        lapsed=sum(row["asks"] for row in rows if row["outcome"] == "lapsed"),
        give_up=give_up,
        end=min(give_up, int((now - earliest).total_seconds())),
    )
