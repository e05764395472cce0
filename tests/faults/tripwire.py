"""Kills this process at its n-th step. A step is a statement to SQLite or a read from the network.

Nothing of the product knows of it: the wire is laid under `sqlite3` and `socket`. The kill is
SIGKILL, after which nothing of ours runs any more, no handler, no `finally`.
"""

from __future__ import annotations

import os
import signal
import socket
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass
class Tripwire:
    """Counts moments: before and after each step, and amid one that writes many rows.

    At moment number `deadly` (from 1) the process dies; 0 is never. What the moment was is left
    in the file `trace`, and without a death how many there were.
    """

    trace: Path
    deadly: int = 0
    count: int = 0

    def moment(self, what: str) -> None:
        """One more moment has come."""
        self.count += 1
        if self.count == self.deadly:
            self.trace.write_text(what)
            os.kill(os.getpid(), signal.SIGKILL)

    def lay(self) -> None:
        """From now on everything in this process goes over the wire."""
        _under_sqlite(self)
        for name in ("recv", "recv_into"):
            _under_socket(self, name)


def _under_sqlite(wire: Tripwire) -> None:
    class Cursor(sqlite3.Cursor):
        def execute(self, sql: str, *args: Any) -> sqlite3.Cursor:
            return self._step(sql, super().execute, sql, *args)

        def executescript(self, sql: str) -> sqlite3.Cursor:
            return self._step(sql, super().executescript, sql)

        def executemany(self, sql: str, rows: Iterable[Any]) -> sqlite3.Cursor:
            return self._step(sql, super().executemany, sql, self._amid(sql, rows))

        def _step(self, sql: str, run: Callable[..., sqlite3.Cursor], *args: Any) -> sqlite3.Cursor:
            said = " ".join(sql.split())[:60]
            wire.moment(f"before: {said}")
            found = run(*args)
            wire.moment(f"after: {said}")
            return found

        def _amid(self, sql: str, rows: Iterable[Any]) -> Iterator[Any]:
            for number, row in enumerate(rows):
                if number == 1:  # the first row is written, the second is not
                    wire.moment(f"amid: {sql[:60]}")
                yield row

    class Connection(sqlite3.Connection):
        def cursor(self, *_: Any) -> sqlite3.Cursor:
            return super().cursor(Cursor)

        def execute(self, sql: str, *args: Any) -> sqlite3.Cursor:
            return self.cursor().execute(sql, *args)

        def executescript(self, sql: str) -> sqlite3.Cursor:
            return self.cursor().executescript(sql)

        def executemany(self, sql: str, rows: Iterable[Any]) -> sqlite3.Cursor:
            return self.cursor().executemany(sql, rows)

    connect = sqlite3.connect
    sqlite3.connect = lambda *args, **named: connect(  # type: ignore[assignment]
        *args, **({"factory": Connection} | named)
    )


def _under_socket(wire: Tripwire, name: str) -> None:
    read = getattr(socket.socket, name)

    def counted(self: socket.socket, *args: Any) -> Any:
        wire.moment(f"before: {name}")
        found = read(self, *args)
        wire.moment(f"after: {name}")
        return found

    setattr(socket.socket, name, counted)
