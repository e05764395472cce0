"""Lists on the page of a figure: so many rows at a time, and where they all are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from inbox_agent.datasette_plugin.reading import Reader, Row
from inbox_agent.datasette_plugin.why.cuts import Cut

if TYPE_CHECKING:
    from datasette.app import Datasette

#: So many rows of a list are on a page.
ROWS = 100


@dataclass(frozen=True, slots=True)
class Listing:
    """Rows shown together: `kind` names how one is shown, `name` the list in the address.

    `marked` is the column and the value of the rows that the figure is, `place` the number of the
    one that it is where only its place tells, `word` what is said of it; `offset` rows stand on
    the pages before.
    """

    name: str
    kind: str
    title: str
    rows: Sequence[Row]
    total: int
    note: str = ""
    offset: int = 0
    table: str | None = None
    csv: str | None = None
    earlier: str | None = None
    later: str | None = None
    marked: tuple[str, Any] | None = None
    counted_by: str = ""
    place: int | None = None
    word: str = "the figure"

    def is_marked(self, row: Row, number: int = 0) -> bool:
        """Whether the figure is this row's, the `number`th of those on the page."""
        if self.marked is None:
            return self.place is not None and self.offset + number == self.place
        column, value = self.marked
        return bool(value is not None and row[column] == value)


@dataclass(frozen=True, slots=True)
class Wanted:
    """A list as a part of the page asks for it; `order` ends in a key, so that pages agree."""

    name: str
    kind: str
    title: str
    cut: Cut
    order: str
    note: str = ""
    marked: tuple[str, Any] | None = None
    counted_by: str = ""
    sort: Mapping[str, str] | None = None
    place: int | None = None
    word: str = "the figure"


# Which rows is asked of an index that holds all conditions; then these rows alone are read. Of a
# wait it says, too, what it was about.
_BY_KEY = {
    "response_times": """
SELECT r.*, c.subject FROM (SELECT response AS key {0}) JOIN response_times r ON r.response = key
LEFT JOIN conversations c ON c.conversation = r.conversation ORDER BY {1}""",
    "conversations": """
SELECT c.* FROM (SELECT conversation AS key {0}) JOIN conversations c ON c.conversation = key
ORDER BY {1}""",
}


@dataclass(frozen=True, slots=True)
class Lists:
    """Reads the lists of one page; `at` says which page of each the address asks for."""

    datasette: Datasette
    reader: Reader
    path: str
    at: Mapping[str, str]

    async def of(self, wanted: Wanted) -> Listing:
        """The rows of the page that is asked for, and where the others are."""
        total = await self.count(wanted.cut)
        offset = self._offset(wanted.name, total)
        source, arguments = wanted.cut.sql
        order = f"ORDER BY {wanted.order} LIMIT {ROWS} OFFSET {offset}"
        by_key = _BY_KEY.get(wanted.cut.table, "SELECT * {0}")
        sql = by_key.format(f"{source} {order}", wanted.order)
        rows = await self.reader.rows(sql, **arguments) if total else []
        return Listing(
            name=wanted.name,
            kind=wanted.kind,
            title=wanted.title,
            rows=rows,
            total=total,
            note=wanted.note,
            offset=offset,
            table=wanted.cut.page(self.datasette, **(wanted.sort or {})),
            csv=wanted.cut.csv(self.datasette),
            earlier=self.page_of(wanted.name, offset - ROWS) if offset else None,
            later=self.page_of(wanted.name, offset + ROWS) if offset + ROWS < total else None,
            marked=wanted.marked,
            counted_by=wanted.counted_by,
            place=wanted.place,
            word=wanted.word,
        )

    async def count(self, cut: Cut) -> int:
        """How many rows there are."""
        source, arguments = cut.sql
        row = await self.reader.row(f"SELECT count(*) AS n {source}", **arguments)
        return int(row["n"]) if row else 0

    def page_of(self, name: str, offset: int) -> str:
        """The address of the page of a list with its row of that number, from 0."""
        kept = {key: value for key, value in self.at.items() if key != name}
        page = max(0, offset) // ROWS + 1
        query = urlencode({**kept, **({name: str(page)} if page > 1 else {})})
        return f"{self.path}{'?' + query if query else ''}#{name}"

    def _offset(self, name: str, total: int) -> int:
        given = self.at.get(name, "")
        page = int(given) if given.isascii() and given.isdigit() and len(given) < 8 else 1
        last = max(0, total - 1) // ROWS
        return ROWS * min(max(page - 1, 0), last)
