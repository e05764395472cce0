"""One request, one generation: what a page shows or a download holds was published together.

Datasette reads each query of a request, and each page of a streamed download, by itself; when the
agent publishes in between, one answer would be made of two generations. Here the queries of one
request are read in one transaction, which in a WAL database sees what was there when it began, for
as long as it lasts, and holds up no writer.

Each such request holds three open files until it has read all it wants, a download until its
reader took most of it. So there are places for so many and no more; who finds none waits a little,
then is asked to come back. Downloads have places of their own: slow ones keep nobody from a page.
"""

from __future__ import annotations

import asyncio
import re
import sqlite3
from collections.abc import Awaitable, Callable
from contextlib import suppress
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from inbox_agent.catalogue import DATABASE

if TYPE_CHECKING:
    from datasette.app import Datasette
    from datasette.database import Database

#: So many connections wait for the next request; more are closed.
IDLE_CONNECTIONS = 8

#: So many requests read at the same time, and so many downloads beside them.
MOST_PAGES, MOST_DOWNLOADS = 48, 16
#: So long one waits for a place, and so long one is asked to stay away then.
PLACE_SECONDS, RETRY_SECONDS = 5.0, 10
#: Signing in has a limit of its own.
_READS_NOTHING = re.compile(r"/-/(?:static(?:-plugins)?/|login$)")
_BUSY = b"503: more is being read here at the moment than can be; try again in a few seconds\n"

#: A download whose reader takes nothing for so long is broken off.
STALLED_SECONDS = 120.0

_SNAPSHOT: ContextVar[_Snapshot | None] = ContextVar("inbox_agent_snapshot", default=None)


class Snapshots:
    """Connections to the published database, each of them for one request at a time."""

    def __init__(self, datasette: Datasette, database: Database) -> None:
        self._datasette, self._database = datasette, database
        self._idle: list[sqlite3.Connection] = []
        self.pages = asyncio.Semaphore(MOST_PAGES)
        self.downloads = asyncio.Semaphore(MOST_DOWNLOADS)

    def opened(self) -> sqlite3.Connection:
        """A connection within a read transaction; made where none is idle."""
        connection = self._idle.pop() if self._idle else self._made()
        try:
            connection.execute("begin")
        except sqlite3.Error:
            self._closed(connection)
            raise
        return connection

    def _made(self) -> sqlite3.Connection:
        connection: sqlite3.Connection = self._database.connect()
        self._datasette._prepare_connection(connection, self._database.name)
        return connection

    def given_back(self, connection: sqlite3.Connection) -> None:
        """End its transaction; whatever goes wrong with it ends the connection, too."""
        with suppress(sqlite3.Error):
            connection.rollback()
            if len(self._idle) < IDLE_CONNECTIONS:
                self._idle.append(connection)
                return
        self._closed(connection)

    def _closed(self, connection: sqlite3.Connection) -> None:
        connection.close()
        # Datasette keeps a list of all it ever made
        for name in ("_all_file_connections", "_all_connections"):
            made = getattr(self._database, name, None)
            if isinstance(made, list) and connection in made:
                made.remove(connection)


class _Snapshot:
    """What one request reads, whatever tasks ask for it; opened by the first query."""

    def __init__(self, snapshots: Snapshots, places: asyncio.Semaphore) -> None:
        self._snapshots, self._places = snapshots, places
        self._lock = asyncio.Lock()
        self._connection: sqlite3.Connection | None = None
        self.has_ended = True
        self.kept: dict[str, Any] = {}

    async def begin(self) -> bool:
        """Wait for a place to read from; whether there was one."""
        try:
            await asyncio.wait_for(self._places.acquire(), PLACE_SECONDS)
        except TimeoutError:
            return False
        self.has_ended = False
        return True

    async def run(self, read: Callable[[sqlite3.Connection], Any], executor: Any) -> Any:
        """One query, in one of Datasette's threads; queries of a request wait for each other."""

        def in_thread() -> Any:
            if self._connection is None:
                self._connection = self._snapshots.opened()
            return read(self._connection)

        async with self._lock:
            reading = asyncio.get_running_loop().run_in_executor(executor, in_thread)
            try:
                return await asyncio.shield(reading)
            except asyncio.CancelledError:
                await asyncio.wait([reading])  # nobody else may use the connection meanwhile
                raise

    async def end(self) -> None:
        """Let go of it, after a query that may still be running."""
        async with self._lock:
            had_ended, self.has_ended = self.has_ended, True
            connection, self._connection = self._connection, None
        if connection is not None:
            self._snapshots.given_back(connection)
        if not had_ended:
            self._places.release()


async def once(name: str, read: Callable[[], Awaitable[Any]]) -> Any:
    """What is read by this name, read a single time while one request is answered."""
    snapshot = _SNAPSHOT.get()
    if snapshot is None:
        return await read()
    if name not in snapshot.kept:
        snapshot.kept[name] = await read()
    return snapshot.kept[name]


def read_in_snapshots(datasette: Datasette) -> None:
    """Have Datasette's reads of the published database go through the snapshot of their request.

    Without threads (a setting of Datasette's) each query stays by itself.
    """
    database = datasette.databases.get(DATABASE)
    if database is None or datasette.executor is None:
        return
    database.inbox_agent_snapshots = Snapshots(datasette, database)
    # Datasette 1.0 has every read go through `_execute_fn`, 0.65 through `execute_fn`
    name = "_execute_fn" if hasattr(database, "_execute_fn") else "execute_fn"
    by_itself = getattr(database, name)

    async def execute_fn(read: Callable[[sqlite3.Connection], Any]) -> Any:
        snapshot = _SNAPSHOT.get()
        if snapshot is None or snapshot.has_ended:
            return await by_itself(read)
        return await snapshot.run(read, datasette.executor)

    setattr(database, name, execute_fn)


def wrap(app: Any, datasette: Datasette) -> Any:
    """The application, each of its requests within a snapshot of its own."""

    async def wrapped(scope: Any, receive: Any, send: Any) -> None:
        database = datasette.databases.get(DATABASE)
        snapshots = getattr(database, "inbox_agent_snapshots", None)
        if scope["type"] != "http" or snapshots is None or _READS_NOTHING.search(scope["path"]):
            await app(scope, receive, send)
            return
        is_download = scope["path"].endswith(".csv")
        snapshot = _Snapshot(snapshots, snapshots.downloads if is_download else snapshots.pages)
        if not await snapshot.begin():
            await _say_busy(send)
            return
        token = _SNAPSHOT.set(snapshot)
        try:
            await app(scope, receive, _letting_go(snapshot, send))
        finally:
            _SNAPSHOT.reset(token)
            await snapshot.end()

    return wrapped


def _letting_go(snapshot: _Snapshot, send: Any) -> Any:
    """A reader that stalls must not hold on to what is not read any more."""

    async def let_go(message: Any) -> None:
        if message["type"] == "http.response.body" and not message.get("more_body"):
            await snapshot.end()
        await asyncio.wait_for(send(message), STALLED_SECONDS)

    return let_go


async def _say_busy(send: Any) -> None:
    headers = [
        (b"content-type", b"text/plain; charset=utf-8"),
        (b"content-length", b"%d" % len(_BUSY)),
        (b"retry-after", b"%d" % RETRY_SECONDS),
        (b"cache-control", b"private, no-store"),
    ]
    await send({"type": "http.response.start", "status": 503, "headers": headers})
    await send({"type": "http.response.body", "body": _BUSY})
