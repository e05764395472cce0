"""Rows of `partners.db` for a page, as Datasette reads them: off the event loop, with a time limit.

A page asks for what it shows and no more: whatever `max_returned_rows` cuts off is a mistake here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from inbox_agent.catalogue import DATABASE

if TYPE_CHECKING:
    from datasette.app import Datasette

#: A row by column name.
Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Reader:
    """Asks the one published database."""

    datasette: Datasette

    async def rows(self, sql: str, **arguments: Any) -> Sequence[Row]:
        """All rows of a query; `:name` in it stands for an argument."""
        found = await self.datasette.get_database(DATABASE).execute(sql, arguments)
        if found.truncated:
            raise ValueError(f"more rows than a page can take: {sql}")
        return [dict(zip(found.columns, row, strict=True)) for row in found.rows]

    async def row(self, sql: str, **arguments: Any) -> Row | None:
        """The first row, or None."""
        return next(iter(await self.rows(sql, **arguments)), None)

    async def has(self, table: str) -> bool:
        """Whether there is such a table or view: none is there before the first publication."""
        sql = "select 1 as one from sqlite_master where name = :table"
        return bool(await self.rows(sql, table=table))

    async def about(self) -> Row | None:
        """The row of `about`; None before anything was published."""
        if DATABASE not in self.datasette.databases or not await self.has("about"):
            return None
        return await self.row("select * from about order by generation desc limit 1")

    async def zone(self) -> ZoneInfo:
        """The team's zone, in which pages show instants; UTC before anything was published."""
        return ZoneInfo((await self.about() or {}).get("timezone") or "UTC")
