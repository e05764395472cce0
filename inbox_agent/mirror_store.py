"""The file of the mirror: opened, read, and written in whole transactions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, Self

from inbox_agent.mirror_schema import migrations
from inbox_agent.sqlite_files import migrated, private_directory, store_errors, transaction
from inbox_agent.table_library import Database


class Store:
    """The private database, open. One writer at a time."""

    def __init__(self, path: Path, *, is_sound: bool = False) -> None:
        """Open or make the database. Raises StoreError when it can't be used.

        `is_sound`: this process has looked for damage before.
        """
        self.path = path
        private_directory(path.parent)
        with store_errors(path):
            self._db = migrated(path, migrations, is_sound=is_sound)

    def close(self) -> None:
        """Close the database."""
        self._db.conn.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextmanager
    def _writing(self) -> Iterator[Database]:
        with store_errors(self.path), transaction(self._db):
            yield self._db

    def _rows(self, sql: str, values: Sequence[object] = ()) -> Iterator[dict[str, Any]]:
        with store_errors(self.path):
            yield from self._db.query(sql, list(values))

    def writing(self) -> AbstractContextManager[Database]:
        """One transaction: all that is written within, or nothing. Raises StoreError."""
        return self._writing()

    def rows(self, sql: str, values: Sequence[object] = ()) -> list[dict[str, Any]]:
        """What a query gives, all at once. Raises StoreError."""
        return list(self._rows(sql, values))
