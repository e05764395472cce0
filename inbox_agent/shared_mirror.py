"""The mirror as the threads of one agent share it: a connection each, one writer at a time."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlite_utils import Database

from inbox_agent.mirror import Mirror


class Turn:
    """Whose turn it is to write, for the threads of one agent.

    It knows which file was found to be sound: one look for damage a process, not one a pass.
    """

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._sound: tuple[int, int] | None = None

    def __enter__(self) -> None:
        self._lock.acquire()

    def __exit__(self, *_: object) -> None:
        self._lock.release()

    def knows(self, path: Path) -> bool:
        """Whether that very file was sound; another one of its name has to be looked at."""
        return self._sound is not None and self._sound == _file(path)

    def found_sound(self, path: Path) -> None:
        """Remember it."""
        self._sound = _file(path)


def _file(path: Path) -> tuple[int, int] | None:
    try:
        about = path.stat()
    except OSError:
        return None
    return about.st_dev, about.st_ino


class SharedMirror(Mirror):
    """A connection of one thread's own.

    A writer waits for its `turn` here and not in SQLite, which gives up after some seconds, and
    at once where a transaction that began with a look goes on to write.
    """

    def __init__(self, path: Path, turn: Turn) -> None:
        """Open the database. Raises StoreError when it can't be used."""
        self._turn = turn
        with turn:
            super().__init__(path, is_sound=turn.knows(path))
            turn.found_sound(path)

    @contextmanager
    def _writing(self) -> Iterator[Database]:
        with self._turn, super()._writing() as db:
            yield db
