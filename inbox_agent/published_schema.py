"""The form of the published database: its tables, views and index of words, and filling them."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing, suppress
from functools import cache
from hashlib import sha256
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from inbox_agent.catalogue import TABLES, VIEWS, Column, create_statements
from inbox_agent.measure import PartnerRecord
from inbox_agent.published_rows import Row
from inbox_agent.sqlite_files import connect, keeping_wal

if TYPE_CHECKING:
    from sqlite_utils import Database


def field_columns(records: Iterable[PartnerRecord]) -> tuple[Column, ...]:
    """The team's own facts of partners, as columns of `partners`."""
    found: dict[str, Any] = {}
    for record in records:
        for name, value in record.partner.fields:
            found[name] = found.get(name, value) if value is None else value
    types = {int: "INTEGER", float: "REAL"}
    return tuple(
        Column(name, types.get(type(found[name]), "TEXT"), None, "A fact kept in partners.toml.")  # type: ignore[arg-type]
        for name in sorted(found)
    )


#: A smaller database is not worth packing.
_MUCH_OCTETS = 4_000_000


@cache
def form_version() -> str:
    """What tells this form of the tables from that of another version, fields of a team aside."""
    statements = [*create_statements(), *(t.search_statement() for t in TABLES if t.searched)]
    return sha256("\n".join(statements).encode()).hexdigest()


def make_schema(db: Database, fields: tuple[Column, ...], *, has_subjects: bool) -> None:
    """Bring tables and views to the catalogue's form; what has another form is made anew.

    Without subjects there is no full-text search, and Datasette shows no field for it.
    """
    wanted = [
        statement
        for table in TABLES
        for statement in table.create_statements(fields if table.name == "partners" else ())
    ]
    wanted += [statement for view in VIEWS for statement in view.create_statements()]
    wanted += [table.search_statement() for table in TABLES if table.searched and has_subjects]
    held = [row[0] for row in db.execute(SCHEMA).fetchall()]
    if sorted(held) == sorted(wanted):
        return
    for kind, name in db.execute(_NAMES).fetchall():
        db.execute(f'drop {kind} "{name}"')
    for statement in wanted:
        db.execute(statement)


# The tables in which FTS5 keeps an index come and go with it.
_OURS = "name not like 'sqlite_%' and name not like '%\\_fts\\_%' escape '\\'"
SCHEMA = f"select sql from sqlite_master where sql is not null and {_OURS}"  # noqa: S608
_NAMES = (
    f"select type, name from sqlite_master where type in ('view', 'table') and {_OURS}"  # noqa: S608
    " order by type desc, name desc"  # an index of words goes before the table it is of
)


def index_words(db: Database) -> None:
    """Make the index of words anew."""
    for table in (table for table in TABLES if table.searched):
        name = table.search_table
        db.execute(f'insert into "{name}" ("{name}") values (\'rebuild\')')  # noqa: S608


def fill(db: Database, table: str, found: Iterable[Row]) -> None:
    """Replace the rows of a table."""
    columns = tuple(db.table(table).columns_dict)
    names = ", ".join(f'"{name}"' for name in columns)
    marks = ", ".join("?" * len(columns))
    db.execute(f'delete from "{table}"')  # noqa: S608 - our own names
    db.conn.executemany(
        f'insert into "{table}" ({names}) values ({marks})',  # noqa: S608
        map(values_of(table, columns), found),
    )


def values_of(table: str, columns: Sequence[str]) -> Callable[[Row], tuple[Any, ...]]:
    """What takes the values of a table's columns, in their order, out of a row.

    Raises KeyError for a row without a column of the catalogue; a field of the team's own may be
    missing, and is NULL then.
    """
    ours = {c.name for t in TABLES if t.name == table for c in t.columns}
    if ours.issuperset(columns):
        return itemgetter(*columns)
    return lambda row: tuple([row[c] if c in ours else row.get(c) for c in columns])


def pack(path: Path) -> None:
    """Write a database that was filled anew once more, its pages full: it is an eighth smaller.

    Rows come in another order than that of their keys, and leave a fifth of each page empty; so
    do those that come later. Readers go on meanwhile. Without room for it, or beside another
    writer, the database stays as large as it is.
    """
    if path.stat().st_size < _MUCH_OCTETS:
        return
    with closing(connect(path)) as db, keeping_wal(path):
        with suppress(sqlite3.OperationalError):
            db.execute("pragma busy_timeout = 0")
            db.execute("vacuum")
            db.execute("pragma wal_checkpoint(truncate)")
        db.close()
