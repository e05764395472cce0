"""Everything two databases hold, without what may differ between a run and its repetition."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from installations import query, read_only, tables

#: Tables that tell of the reading itself: an interrupted reading has another story.
HISTORY = ("polls", "folders", "_sqlite_migrations")
#: Columns that say when or for how many times we did something, by table. The clock of all runs
#: stands still, so that no other column needs to be here. The `id` of `headers` is the order in
#: which letters came to us, and nothing is made of it.
CLOCKS = {"about": ("generation",), "headers": ("id",)}
#: Rows of `facts` that are counted up, or drawn by lot once.
FACTS = ("generation", "pseudonym_key")

Rows = tuple[str, ...]
Dump = dict[str, Rows]


def dump(data: Path) -> Dump:
    """Each table of both databases: its rows as text, in order."""
    found: Dump = {}
    for name in ("mirror.db", "partners.db"):
        if (data / name).exists():
            found |= {f"{name} {table}": rows for table, rows in _tables(data / name).items()}
    return found


def _tables(database: Path) -> Dump:
    named = """select name from sqlite_master where type = 'table' and name not like 'sqlite_%'
        and instr(name, '_fts_') = 0"""
    with closing(read_only(database)) as connection:
        connection.row_factory = sqlite3.Row
        connection.execute("begin")
        names = [row["name"] for row in connection.execute(named)]
        indexed = {f"{name} words": _words(connection, name) for name in names if "_fts" in name}
        return indexed | {
            name: tuple(
                sorted(
                    repr(_kept(name, row))
                    for row in connection.execute(f'select * from "{name}"')  # noqa: S608
                    if name != "facts" or row["name"] not in FACTS
                )
            )
            for name in names
            if name not in HISTORY
        }


def _words(connection: sqlite3.Connection, index: str) -> Rows:
    """Each word of a full-text index, and where it stands; not how SQLite laid the index out."""
    connection.execute(
        f"create virtual table temp.words_{index} using fts5vocab ('main', '{index}', 'instance')"
    )
    return tuple(sorted(map(repr, map(tuple, connection.execute(f"select * from words_{index}")))))  # noqa: S608


def story(data: Path) -> list[object]:
    """All that a next run could depend on: both databases, with what they tell of the reading."""
    mirror = (
        tables(data / "mirror.db", "_sqlite_migrations") if (data / "mirror.db").exists() else {}
    )
    polls = [row[:-1] for row in mirror.pop("polls", [])]  # without the seconds it took
    return [dump(data), polls, [mirror.get("folders"), mirror.get("unfetched")]]


def _kept(table: str, row: sqlite3.Row) -> dict[str, Any]:
    return {key: row[key] for key in row.keys() if key not in CLOCKS.get(table, ())}  # noqa: SIM118


def difference(expected: Dump, found: Dump) -> list[str]:
    """The tables that are not the same, and by how many rows; no content."""
    return [
        f"{table}: {_lost(expected, found, table)} rows missing,"
        f" {_lost(found, expected, table)} too many"
        for table in sorted(expected.keys() | found.keys())
        if expected.get(table) != found.get(table)
    ]


def _lost(one: Dump, other: Dump, table: str) -> int:
    rest = list(other.get(table, ()))
    lost = 0
    for row in one.get(table, ()):
        if row in rest:
            rest.remove(row)
        else:
            lost += 1
    return lost


def wrong_letters(before: Dump, after: Dump, end: Dump) -> list[str]:
    """What is wrong with the mirror right after a fault, when nothing has been mended yet.

    A letter held before must be held still, and whatever is held must be held in the end. Whether
    it carries the mark or is still on the server is learned after it is held, step by step.
    """
    first, held, last = (_letters(dump) for dump in (before, after, end))
    troubles = {
        "letters lost": first & last - held,
        "letters that never were": held - last - first,
    }
    return [f"{what}: {len(rows)}" for what, rows in troubles.items() if rows]


_LEARNED_LATER = re.compile(r"'(?:is_marked|missed_at|gone_at)': (?:None|\d+)")


def _letters(dump: Dump) -> set[str]:
    """The letters held, without what is learned of them afterwards."""
    return {_LEARNED_LATER.sub("", row) for row in dump.get("mirror.db headers", ())}


def unsound(data: Path) -> list[str]:
    """Databases in which SQLite itself finds a fault."""
    found = [data / name for name in ("mirror.db", "partners.db") if (data / name).exists()]
    return [path.name for path in found if query(path, "pragma integrity_check") != ["ok"]]
