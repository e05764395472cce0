"""Writing only what changed into the generation that is there, in one transaction, as a new one.

Rows are held against those that are there, and only those that differ are written: readers find
their pages where they were, and the WAL stays small.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from hashlib import sha256
from operator import itemgetter
from pathlib import Path
from typing import Any

from inbox_agent.catalogue import TABLES
from inbox_agent.catalogue.model import OF_A_PARTNER, SEARCH_ROW, Table
from inbox_agent.published_rows import Row
from inbox_agent.published_schema import SCHEMA, values_of
from inbox_agent.sqlite_files import connect, keeping_wal

_TABLES: Mapping[str, Table] = {table.name: table for table in TABLES}

Stored = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Renewed:
    """The rows of a table that went, or were others before, and those that came instead."""

    gone: Sequence[Stored] = ()
    new: Sequence[Stored] = ()


@dataclass(frozen=True, slots=True)
class Only:
    """Some rows of a partner: those with one of these values in a column."""

    column: str
    values: frozenset[str]


@dataclass(frozen=True, slots=True)
class Parts:
    """The published database within a transaction."""

    db: sqlite3.Connection
    has_subjects: bool
    _columns: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def generation(self) -> int | None:
        """The number of the generation that is there."""
        found = self.db.execute("select generation from about").fetchall()
        return int(found[0][0]) if found else None

    def form(self) -> str:
        """What tells one form of the tables from another."""
        held = sorted(str(row[0]) for row in self.db.execute(SCHEMA).fetchall())
        return sha256("\n".join(held).encode()).hexdigest()

    def renew(
        self,
        table: str,
        found: Iterable[Row],
        partner: str | None = None,
        among: Callable[[Stored], bool] | None = None,
    ) -> Renewed:
        """Make the rows of a table, or of one partner, or some `among` them, those given."""
        values = map(values_of(table, self.columns(table)), found)
        return self.renew_values(table, values, partner, among)

    def renew_values(
        self,
        table: str,
        found: Iterable[tuple[Any, ...]],
        partner: str | None = None,
        among: Callable[[Stored], bool] | None = None,
        only: Only | None = None,
    ) -> Renewed:
        """As `renew`, of rows that are values in the order of the columns.

        Where `only` some of a partner's are meant, the others are not even read.
        """
        columns = self.columns(table)
        places = [columns.index(name) for name in _TABLES[table].primary_key]
        key = itemgetter(*places)
        held = {key(row): row for row in self._held(table, partner, only)}
        if among:
            held = {k: row for k, row in held.items() if among(_named(columns, row))}
        changed = []
        for values in found:
            before = held.pop(key(values), None)
            if before != values:
                changed.append((before, values))
        gone = [*held.values(), *(before for before, _ in changed if before)]
        self._write(table, [[row[n] for n in places] for row in gone], [new for _, new in changed])
        made = Renewed(
            [_named(columns, row) for row in gone], [_named(columns, new) for _, new in changed]
        )
        self._index(table, made)
        return made

    def _write(
        self, table: str, gone: Iterable[Sequence[Any]], new: Iterable[Sequence[Any]]
    ) -> None:
        where = " and ".join(f'"{name}" = ?' for name in _TABLES[table].primary_key)
        self.db.executemany(f'delete from "{table}" where {where}', gone)  # noqa: S608 - our own
        marks = ", ".join("?" * len(self.columns(table)))
        self.db.executemany(f'insert into "{table}" values ({marks})', new)  # noqa: S608

    def columns(self, table: str) -> tuple[str, ...]:
        """The names of a table's columns, in order."""
        if table not in self._columns:
            rows = self.db.execute("select name from pragma_table_info(?)", (table,))
            self._columns[table] = tuple(name for (name,) in rows)
        return self._columns[table]

    def _held(
        self, table: str, partner: str | None, only: Only | None
    ) -> Iterator[tuple[Any, ...]]:
        sql = f'select * from "{table}"'  # noqa: S608
        if partner is None:
            return self.db.execute(sql)
        if only is None:
            return self.db.execute(f"{sql} where partner = ? and {OF_A_PARTNER}", (partner,))
        named = f"{only.column} in (select value from json_each(?))"  # noqa: S608 - our own names
        some = f"{sql} where {named} and partner = ?"
        return self.db.execute(some, (json.dumps(sorted(only.values)), partner))

    def _index(self, table: str, made: Renewed) -> None:
        """Have the index of words follow; it has to be told what it held."""
        searched = _TABLES[table].searched
        if not searched or not self.has_subjects:
            return
        index, names = _TABLES[table].search_table, ", ".join(searched)
        marks, number = ", ".join("?" * len(searched)), SEARCH_ROW.name

        def values(rows: Iterable[Stored]) -> Iterator[tuple[Any, ...]]:
            return ((row[number], *(row[name] for name in searched)) for row in rows)

        before, after = set(values(made.gone)), set(values(made.new))
        self.db.executemany(
            f"insert into {index} ({index}, rowid, {names}) values ('delete', ?, {marks})",  # noqa: S608
            sorted(before - after, key=repr),
        )
        self.db.executemany(
            f"insert into {index} (rowid, {names}) values (?, {marks})",  # noqa: S608
            sorted(after - before, key=repr),
        )

    def update(self, sql: str, rows: Iterable[Sequence[object]]) -> None:
        """One statement for many rows."""
        self.db.executemany(sql, rows)

    def rows(self, sql: str, values: Sequence[object] = ()) -> Iterator[Stored]:
        """What a query gives."""
        cursor = self.db.execute(sql, values)
        names = [column[0] for column in cursor.description]
        return (dict(zip(names, row, strict=True)) for row in cursor)


def _named(columns: Sequence[str], values: Sequence[Any]) -> Stored:
    return dict(zip(columns, values, strict=True))


@contextmanager
def changing(path: Path, *, has_subjects: bool) -> Iterator[Parts]:
    """The database to be changed: all that is written within, or nothing."""
    db = connect(path)
    with closing(db), keeping_wal(path):
        db.execute("begin immediate")
        try:
            yield Parts(db, has_subjects)
            db.execute("commit")
        except BaseException:
            with suppress(sqlite3.Error):
                db.rollback()
            raise
        db.execute("pragma busy_timeout = 0")
        db.execute("pragma wal_checkpoint(truncate)")
        db.close()
