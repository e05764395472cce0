"""A published database whose every table and view has as many rows as its generation says.

    python tests/numbered_rows.py PARTNERS_DB

publishes one generation after another into it, each with other numbers of rows, until it is ended.
"""

from __future__ import annotations

import sqlite3
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from inbox_agent.catalogue import TABLES, Table, create_statements

#: In every table and view; of what comes and goes there is less.
ROWS = 100_000
_AS_OF, _ASKED_AT = "2026-11-21T14:05:00Z", "2026-11-20T08:00:00Z"
#: What the views look for, so that each of them has a row for every number.
_MORE = {
    "partners": {"as_of": f"'{_AS_OF}'"},
    "response_times": {
        "partner": "printf('key-%07d', n)",
        "responder": "side",
        "asked_at": f"'{_ASKED_AT}'",
        "outcome": "'open'",
        "needs_reply": "'yes'",
    },
    "silence_gaps": {
        "partner": "printf('key-%07d', n)",
        "began_at": f"'{_ASKED_AT}'",
        "is_open": "1",
    },
    "about": {"as_of": f"'{_AS_OF}'", "give_up_after_seconds": "30 * 86400"},
}
#: An ask of each side, so that each of them waits for as many answers.
_SIDES = {"response_times": "(select 'us' as side union all select 'them')"}


def rows_of(generation: int) -> int:
    """How many rows each table and view has in a generation."""
    return ROWS + 100 * (generation % 7)


def rows_in(relation: str, generation: int) -> int:
    """The same of a table or view by name: asks are of two sides, and `about` has its own row."""
    rows = rows_of(generation)
    return {"response_times": 2 * rows, "about": rows + 1}.get(relation, rows)


def make(path: Path, generation: int = 1) -> Path:
    """The database, with the rows of a generation."""
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("pragma journal_mode = wal")
        db.execute("pragma synchronous = off")
        db.execute("begin")
        for statement in create_statements():
            db.execute(statement)
        for table in TABLES:
            _insert(db, table, 0, rows_of(generation))
        _tell(db, generation)
        db.execute("commit")
    return path


def publish(db: sqlite3.Connection, generation: int) -> None:
    """The next generation, in one transaction as every one is."""
    db.execute("begin immediate")
    for table in TABLES:
        first, is_number = table.primary_key[0], table.name == "about"
        where = f"{first} <= -{ROWS}" if is_number else f"{_counted(table)} >= 'key-{ROWS:07d}'"
        db.execute(f'delete from "{table.name}" where {where}')  # noqa: S608 - our own names
        _insert(db, table, ROWS, rows_of(generation))
    _tell(db, generation)
    db.execute("commit")


def _tell(db: sqlite3.Connection, generation: int) -> None:
    db.execute("delete from about where generation > 0")
    said = (generation, _AS_OF, 30 * 86_400)
    db.execute(
        "insert into about (generation, as_of, give_up_after_seconds) values (?, ?, ?)", said
    )


def _insert(db: sqlite3.Connection, table: Table, first: int, end: int) -> None:
    columns = {**dict(_keys(table)), **_MORE.get(table.name, {})}
    sides = f", {_SIDES[table.name]}" if table.name in _SIDES else ""
    db.execute(
        "with recursive numbers (n) as"  # noqa: S608 - our own names
        " (select ? where ? < ? union all select n + 1 from numbers where n + 1 < ?)"
        f' insert into "{table.name}" ({", ".join(columns)})'
        f" select {', '.join(columns.values())} from numbers{sides}",
        (first, first, end, end),
    )


def _counted(table: Table) -> str:
    """The column of the key that goes by the number; the others are all alike."""
    return "partner" if "partner" in table.primary_key else table.primary_key[-1]


def _keys(table: Table) -> Iterator[tuple[str, str]]:
    for name in table.primary_key:
        if table.name == "about":
            yield name, "-n"
        elif name != _counted(table):
            yield name, "1"
        else:
            yield name, "printf('key-%07d', n)" + (" || side" if table.name in _SIDES else "")


def main(path: str) -> None:
    """Publishes for ever."""
    with closing(sqlite3.connect(path, timeout=30, isolation_level=None)) as db:
        db.execute("pragma synchronous = normal")
        (generation,) = db.execute("select max(generation) from about").fetchone()
        while True:
            generation += 1
            publish(db, generation)
            print(generation, flush=True)
            time.sleep(0.1)


if __name__ == "__main__":
    main(sys.argv[1])
