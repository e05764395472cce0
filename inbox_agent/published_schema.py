"""The form of the published database: its tables, views and index of words, and filling them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from inbox_agent.catalogue import TABLES, VIEWS, Column
from inbox_agent.measure import PartnerRecord
from inbox_agent.published_rows import Row

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
    columns = db.table(table).columns_dict
    names = ", ".join(f'"{name}"' for name in columns)
    marks = ", ".join("?" * len(columns))
    optional = {c.name for t in TABLES if t.name == table for c in t.columns}
    db.execute(f'delete from "{table}"')  # noqa: S608 - our own names
    db.conn.executemany(
        f'insert into "{table}" ({names}) values ({marks})',  # noqa: S608
        ([row[c] if c in optional else row.get(c) for c in columns] for row in found),
    )
