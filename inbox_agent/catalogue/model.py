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
    "UTC instant": "UTC, like 2026-11-21T14:05:00Z; on pages in the team's zone.",
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


#: What a query says to look up rows by partner in a `PartnerIndex`.
OF_A_PARTNER = "partner || '' IS NOT NULL"
#: What the waiting views say instead, so that SQLite has no other index to take for them.
WAITING_OF_A_PARTNER = "partner || 'waiting' IS NOT NULL"
#: What is said of letters that count in nothing: few, and not to be looked for among all.
LEFT_OUT_OF_A_PARTNER = "partner || 'left out' IS NOT NULL"


@dataclass(frozen=True, slots=True)
class Index:
    """An index by key or unique column; see `Table` for why there are no others."""

    name: str
    column: str
    where: str = ""

    def sql(self, table: str) -> str:
        """CREATE INDEX."""
        where = f" WHERE {self.where}" if self.where else ""
        return f'CREATE INDEX "{self.name}" ON "{table}" ("{self.column}"){where}'


@dataclass(frozen=True, slots=True)
class PartnerIndex:
    """The rows of one partner in the order of a column, for queries that say `OF_A_PARTNER`.

    SQLite takes a partial index only for a query that holds its condition. This one is true of
    every row, and Datasette's own queries never say it: theirs stay in the order of the key.
    `also` are columns held beside it, so that rows can be counted by them from the index alone.
    `said` is the condition, where it is another one.
    """

    name: str
    column: str
    where: str = ""
    also: tuple[str, ...] = ()
    said: str = OF_A_PARTNER

    def sql(self, table: str) -> str:
        """CREATE INDEX."""
        where = " AND ".join(filter(None, [self.said, self.where]))
        columns = ", ".join(f'"{name}"' for name in ("partner", self.column, *self.also))
        return f'CREATE INDEX "{self.name}" ON "{table}" ({columns}) WHERE {where}'


SEARCH_ROW = Column(
    "search_row", "INTEGER", None, "The row's number in the full-text search; of no other use."
)


@dataclass(frozen=True, slots=True)
class Table:
    """One published table. `source` says by which text or method its figures are made.

    Every table is WITHOUT ROWID and has no index a query of Datasette's could be *ordered* by
    but its key.
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
    indexes: tuple[Index | PartnerIndex, ...] = ()
    searched: tuple[str, ...] = ()

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
        return (table, *(index.sql(self.name) for index in self.indexes))

    @property
    def search_table(self) -> str:
        """What the full-text index of the `searched` columns is called."""
        return f"{self.name}_fts"

    def search_statement(self) -> str:
        """CREATE VIRTUAL TABLE: an index of words, accents aside, without a copy of the text.

        SQLite's full-text index (FTS5) numbers rows, and these tables have no numbers: its row
        is the column `SEARCH_ROW`, which Datasette is told of as `fts_pk`. Without beginnings of
        words (prefix) and lengths of texts (columnsize) it is a third as large: nothing is ranked,
        and what begins so is found by going through the words from there on.
        """
        columns = ", ".join(f'"{name}"' for name in self.searched)
        return (
            f'CREATE VIRTUAL TABLE "{self.search_table}" USING fts5({columns}, '
            f'content="{self.name}", content_rowid="{SEARCH_ROW.name}", '
            'tokenize="unicode61 remove_diacritics 2", columnsize=0)'
        )


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
