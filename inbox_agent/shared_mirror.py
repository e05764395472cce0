"""The mirror as the threads of one agent share it: a connection each, one writer at a time."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlite_utils import Database

from inbox_agent.mirror import Mirror


class SharedMirror(Mirror):
    """A connection of one thread's own.

    A writer waits for its `turn` here and not in SQLite, which gives up after some seconds, and
    at once where a transaction that began with a look goes on to write.
    """

    def __init__(self, path: Path, turn: threading.RLock) -> None:
        """Open the database. Raises StoreError when it can't be used."""
        self._turn = turn
        with turn:
            super().__init__(path)

    @contextmanager
    def _writing(self) -> Iterator[Database]:
        with self._turn, super()._writing() as db:
            yield db
