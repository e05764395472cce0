"""What a published column, table and view is, and how it is written as SQL."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

#: NUMERIC holds whole numbers and others as they are.
Type = Literal["TEXT", "INTEGER", "REAL", "NUMERIC"]
Unit = Literal[
    "UTC instant",
    "local date",
    "seconds",
    "working seconds",
    "working days",
    "count",
    "share",
    "flag",
    "state",
    "times",
    "log ratio",
]

#: How a unit is said at the end of a column's description.
UNIT_WORDS: dict[Unit, str] = {
    "UTC instant": "UTC, like 2026-11-21T14:05:00Z.",
    "local date": "A day in the team's time zone, like 2026-11-21.",
    "seconds": "In seconds, by the calendar.",
    "working seconds": "In seconds of working time.",
    "working days": "In working days of ours.",
    "count": "A count.",
    "share": "A share from 0 to 1.",
    "flag": "1 for yes, 0 for no.",
    "state": "ok, watch, act or unknown.",
    "times": "A multiple.",
    "log ratio": "Natural logarithm of a ratio; 0 is even.",
}


@dataclass(frozen=True, slots=True)
class Column:
    """One column people see: its meaning, its unit, and when it is NULL.

    `references` names the table whose key of the same name the value is: Datasette shows such a
    value as a link, and on the row's own page what points at it.
    """

    name: str
    type: Type
    unit: Unit | None
    description: str
    references: str | None = None

    @property
    def text(self) -> str:
        """The description with its unit, as Datasette shows it."""
        return f"{self.description} {UNIT_WORDS[self.unit]}" if self.unit else self.description

    def sql(self) -> str:
        """The column in a CREATE TABLE statement."""
        linked = f' REFERENCES "{self.references}" ("{self.name}")' if self.references else ""
        return f'"{self.name}" {self.type}{linked}'


@dataclass(frozen=True, slots=True)
class Index:
    """An index by key or unique column; see `Table` for why there are no others."""

    name: str
    column: str
    where: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """One published table. `source` says by which text or method its figures are made.

    Every table is WITHOUT ROWID and has no index a query could be *ordered* by but its key.
    Datasette breaks ties by key from the second page on, not on the first: where rows with
    equal values come in any other order than the key's, its pages and CSV downloads leave
    rows out and give others twice. Scanned by key, equal rows stay in the order of the key.

    The leading columns of a key of several can't be sorted by, for the same reason: SQLite
    would read the key backwards. Unsorted, a table is in the order of its key anyway.
    """

    name: str
    title: str
    description: str
    source: str
    columns: tuple[Column, ...]
    primary_key: tuple[str, ...]
    facets: tuple[str, ...] = ()
    sort: str | None = None
    sort_desc: str | None = None
    label_column: str | None = None
    size: int | None = None
    hidden: bool = False
    indexes: tuple[Index, ...] = ()

    @property
    def sortable_columns(self) -> tuple[str, ...]:
        """The columns a page may be sorted by: all but the leading ones of the key."""
        return tuple(c.name for c in self.columns if c.name not in self.primary_key[:-1])

    def create_statements(self, more: Iterable[Column] = ()) -> tuple[str, ...]:
        """CREATE TABLE and CREATE INDEX, with `more` columns after those of the contract."""
        parts = [column.sql() for column in (*self.columns, *more)]
        parts.append("PRIMARY KEY ({})".format(", ".join(f'"{k}"' for k in self.primary_key)))
        body = ",\n  ".join(parts)
        table = f'CREATE TABLE "{self.name}" (\n  {body}\n) WITHOUT ROWID'
        return (table, *(self._index(index) for index in self.indexes))

    def _index(self, index: Index) -> str:
        where = f" WHERE {index.where}" if index.where else ""
        return f'CREATE INDEX "{index.name}" ON "{self.name}" ("{index.column}"){where}'


@dataclass(frozen=True, slots=True)
class View:
    """One published view: what depends on the moment, reckoned at the partner's `as_of`.

    `sql` ends with a total order, because Datasette pages through views by offset.
    """

    name: str
    title: str
    description: str
    source: str
    sql: str
    columns: tuple[Column, ...]
    facets: tuple[str, ...] = ()
    sort: str | None = None
    sort_desc: str | None = None
    size: int | None = None
    hidden: bool = False

    def create_statements(self) -> tuple[str, ...]:
        """CREATE VIEW."""
        return (f'CREATE VIEW "{self.name}" AS\n{self.sql.strip()}',)
