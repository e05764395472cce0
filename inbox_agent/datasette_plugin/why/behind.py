"""What stands behind a figure, as its page shows it, and from what the parts are read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from inbox_agent.datasette_plugin.page import Page
from inbox_agent.datasette_plugin.reading import Row
from inbox_agent.datasette_plugin.why.cuts import Cut
from inbox_agent.datasette_plugin.why.figures import Figure, Figures
from inbox_agent.datasette_plugin.why.lists import Listing, Lists, Wanted
from inbox_agent.datasette_plugin.why.windows import Calendar, Days


@dataclass(frozen=True, slots=True)
class LeftOut:
    """So many rows a figure is not made of, by which rule, and where they are."""

    count: int
    things: str
    words: str
    table: str
    csv: str


@dataclass(frozen=True, slots=True)
class Explained:
    """How a figure came about: in words, the rows it is made of, and those it is not."""

    said: Sequence[str] = ()
    made_of: Sequence[Listing] = ()
    left_out: Sequence[LeftOut] = ()
    others: Sequence[Listing] = ()


@dataclass(frozen=True, slots=True)
class Behind:
    """One figure asked about: `days` is what it is made of, `period` its name if it is one."""

    page: Page
    partner: str
    figures: Figures
    figure: Figure
    calendar: Calendar
    days: Days
    lists: Lists
    period: str = ""
    give_up_seconds: int = field(default=0)

    def cut(self, table: str, **where: Any) -> Cut:
        """Rows of the partner in a published table."""
        return Cut(table, self.partner).and_(**where)

    async def one(self, columns: str, cut: Cut, **more: Any) -> Row:
        """One row of sums over the rows of a cut."""
        source, arguments = cut.sql
        sql = f"SELECT {columns} {source}"
        return (await self.page.reader.rows(sql, **arguments, **more))[0]

    async def grouped(self, columns: str, cut: Cut, by: str) -> Sequence[Row]:
        """The rows of a cut counted by some columns of theirs."""
        source, arguments = cut.sql
        sql = f"SELECT {columns}, count(*) AS n {source} GROUP BY {by} ORDER BY {by}"
        return await self.page.reader.rows(sql, **arguments)

    async def listed(self, *wanted: Wanted | None) -> list[Listing]:
        """The lists that have rows, and those that a figure is made of though they have none."""
        found = [await self.lists.of(each) for each in wanted if each]
        return [each for each in found if each.total or each.name in ("us", "them", "rows")]

    async def left_out(self, cut: Cut, things: str, words: str) -> LeftOut | None:
        """A line for what a cut leaves out; None where that is nothing."""
        count = await self.lists.count(cut)
        return self.line(count, cut, things, words) if count else None

    def line(self, count: int, cut: Cut, things: str, words: str) -> LeftOut:
        """A line for rows that are counted already."""
        site = self.page.datasette
        return LeftOut(count, things, words, cut.page(site), cut.csv(site))
