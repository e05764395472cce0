"""Publishes again and again: every table is emptied and filled, a transaction a generation.

    python -m benchmarks.publisher PARTNERS_DB COPY_OF_IT [EVERY_SECONDS]

It does to the database what `published.publish` does, by the same functions and in the same steps,
with rows that are read from a copy in place of rows that are measured; so the pages have a writer
beside them. The agent begins once a minute at most (`poll_every`); by itself this begins again at
once, which is harsher. A line is printed for each generation.
"""

from __future__ import annotations

import sqlite3
import sys
import time
from contextlib import closing
from itertools import count
from pathlib import Path

from sqlite_utils import Database

from inbox_agent.catalogue import TABLES
from inbox_agent.sqlite_files import connect, keeping_wal, transaction


def main(database: str, source: str, every: str = "0") -> None:
    """Never ends by itself."""
    with closing(sqlite3.connect(source)) as copy:
        (first,) = copy.execute("select max(generation) from about").fetchone()
        for number in count(first + 1):
            began = time.monotonic()
            publish(Path(database), copy, number)
            took = time.monotonic() - began
            print(f"{took:.1f}", flush=True)
            time.sleep(max(0.0, float(every) - took))


def publish(path: Path, copy: sqlite3.Connection, number: int) -> None:
    """One generation, as `published.publish` writes it."""
    db = Database(connect(path), execute_plugins=False)
    with closing(db.conn), keeping_wal(path):
        with transaction(db):
            for table in TABLES:
                rows = copy.execute(f'select * from "{table.name}"')  # noqa: S608 - our own names
                marks = ", ".join("?" * len(rows.description))
                db.execute(f'delete from "{table.name}"')  # noqa: S608
                db.conn.executemany(f'insert into "{table.name}" values ({marks})', rows)  # noqa: S608
            db.execute("insert into conversations_fts (conversations_fts) values ('rebuild')")
            db.execute("update about set generation = ?", (number,))
        db.execute("pragma busy_timeout = 0")
        db.execute("pragma wal_checkpoint(truncate)")


if __name__ == "__main__":
    main(*sys.argv[1:4])
