"""The mirror for those who only look: nothing is written, an agent at work is not in the way."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlite_utils import Database

from inbox_agent.errors import ConfigError
from inbox_agent.mirror import Mirror
from inbox_agent.mirror_schema import migrations
from inbox_agent.sqlite_files import published_snapshot


class ReadOnlyMirror(Mirror):
    """The mirror as it is at one instant, by a connection that can't change anything."""

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        """Look through an open connection."""
        self.path = path
        self._db = Database(connection, execute_plugins=False)

    def is_older(self) -> bool:
        """Whether its schema is of an older version."""
        return bool(migrations.pending(self._db))

    def pseudonym_key(self) -> bytes:
        """The secret that pseudonyms are made with; empty while nothing was published."""
        return bytes.fromhex(self._fact("pseudonym_key") or "")


@contextmanager
def looking_at(path: Path) -> Iterator[ReadOnlyMirror]:
    """The mirror, to be read only.

    Raises StoreError where there is none or it can't be read, ConfigError where another version
    wrote it.
    """
    with published_snapshot(path) as connection:
        mirror = ReadOnlyMirror(path, connection)
        if mirror.is_older() or mirror.has_old_rows():
            raise ConfigError(
                f"{path}: was written by an older version; "
                "`inbox-agent rebuild` first reads it anew"
            )
        yield mirror
