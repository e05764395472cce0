"""Publishes without a pause: all tables are emptied and filled again, a transaction a generation.

    python -m benchmarks.publisher PARTNERS_DB COPY_OF_IT

It is what `published.publish` does to the database, without the measuring before it; so the pages
have a writer beside them all the time. A line is printed for each generation.
"""

from __future__ import annotations

import sqlite3
import sys
import time
from contextlib import closing

from inbox_agent.catalogue import TABLES


def main(database: str, source: str) -> None:
    """Never ends by itself."""
    with closing(sqlite3.connect(database, timeout=30, isolation_level=None)) as db:
        db.execute("attach ? as source", (source,))
        while True:
            began = time.monotonic()
            db.execute("begin immediate")
            for table in TABLES:
                db.execute(f'delete from main."{table.name}"')  # noqa: S608 - our own names
                db.execute(
                    f'insert into main."{table.name}" select * from source."{table.name}"'  # noqa: S608
                )
            db.execute("insert into conversations_fts (conversations_fts) values ('rebuild')")
            db.execute("update about set generation = generation + 1")
            db.execute("commit")
            db.execute("pragma wal_checkpoint(truncate)")
            print(f"{time.monotonic() - began:.1f}", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:3])
