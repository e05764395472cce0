"""The charts of a partner: what they are called, which have something to show, what is in them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta

from inbox_agent.catalogue import OF_A_PARTNER
from inbox_agent.datasette_plugin.charts import (
    letters,
    response_times,
    rhythm,
    survival,
    timeline,
    waits,
    year,
)
from inbox_agent.datasette_plugin.charts.asks import followed
from inbox_agent.datasette_plugin.charts.model import Chart
from inbox_agent.datasette_plugin.charts.months import side_times
from inbox_agent.datasette_plugin.charts.time import (
    as_of,
    first_monday,
    last_midnight,
    midnight,
    text,
)
from inbox_agent.datasette_plugin.charts.words import months_before
from inbox_agent.datasette_plugin.enough import ENOUGH_HELD, FEWEST_ASKS
from inbox_agent.datasette_plugin.page import Page
from inbox_agent.datasette_plugin.reading import Row


@dataclass(frozen=True, slots=True)
class Kind:
    """One sort of chart: its title, what its page says first, and how it is read."""

    title: str
    lead: str
    read: Callable[[Page, Row], Awaitable[Chart]]


async def charts_of(page: Page, partner: str) -> tuple[str, ...]:
    """The names of the charts that have something to show, in one look-up.

    A page asks this before it shows the picture of a chart (`chart_macros.html`).
    """
    row = await page.reader.row("SELECT * FROM partners WHERE partner = :partner", partner=partner)
    if row is None:
        return ()
    now, today = as_of(page, row), last_midnight(page, row)
    found = await page.reader.row(
        _ENOUGH,
        partner=partner,
        month=months_before(f"{today:%Y-%m}", waits.MONTHS - 1),
        monday=text(midnight(page, first_monday(page, row))),
        year=text(midnight(page, today.date() - timedelta(days=365))),
        midnight=text(today),
        now=text(now),
    )
    return tuple(name for name in CHARTS if found and found[name])


#: What each chart needs, stopping to count where it is enough.
_ENOUGH = f"""
SELECT
  EXISTS (SELECT 1 FROM response_times_by_period
    WHERE partner = :partner AND responder IN ('us', 'them') AND period_kind = 'month'
      AND period >= :month AND asks > 0) AS response_times,
  EXISTS (SELECT 1 FROM partner_standing
    WHERE partner = :partner AND (theirs_asks >= {FEWEST_ASKS} OR ours_asks >= {FEWEST_ASKS}
      AND coalesce(sent_coverage_high, 1) >= {ENOUGH_HELD})) AS survival,
  (SELECT count(*) FROM (SELECT 1 FROM messages WHERE partner = :partner AND {OF_A_PARTNER}
      AND counts = 1 AND side IN ('us', 'them') AND at >= :monday AND at < :now
      LIMIT {year.FEWEST_LETTERS}))
    = {year.FEWEST_LETTERS} AS timeline,
  (SELECT count(*) FROM (SELECT 1 FROM messages WHERE partner = :partner AND {OF_A_PARTNER}
      AND counts = 1 AND side = 'them' AND at >= :year AND at < :midnight
      LIMIT {rhythm.FEWEST_LETTERS}))
    = {rhythm.FEWEST_LETTERS} AS rhythm
"""  # noqa: S608 - numbers of ours


async def _response_times(page: Page, partner: Row) -> Chart:
    return response_times.chart(await side_times(page, partner), partner["partner"])


async def _survival(page: Page, partner: Row) -> Chart:
    sides, period = await followed(page, partner)
    return survival.chart(sides, partner["partner"], period)


async def _timeline(page: Page, partner: Row) -> Chart:
    return timeline.chart(await letters.year(page, partner), partner["partner"])


async def _rhythm(page: Page, partner: Row) -> Chart:
    found, period = await letters.rhythm(page, partner)
    return rhythm.chart(found, partner["partner"], period)


#: By the name in their address.
CHARTS: Mapping[str, Kind] = {
    "response_times": Kind(
        "Response times by month",
        "How long each side takes to answer, month by month.",
        _response_times,
    ),
    "survival": Kind(
        "Answered by time since asking",
        "How many of all asks are answered within an hour, a day, a week: open and given-up ones "
        "included, so that ignoring somebody never makes the curve look better.",
        _survival,
    ),
    "timeline": Kind(
        "The year at a glance",
        "Who wrote how much, when nobody did, what was raised about it, and who came and went.",
        _timeline,
    ),
    "rhythm": Kind(
        "Hours of writing",
        "At which hours of the week they write, by their clock, and when our letters reach them.",
        _rhythm,
    ),
}
