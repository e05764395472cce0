"""Datasette as `inbox-agent serve` starts it, locked, and a browser that has signed in."""

from __future__ import annotations

import http
import http.client
import json
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from benchmarks.large_database import Size, make
from benchmarks.watched import used_seconds
from inbox_agent import serve
from inbox_agent.catalogue import metadata_path
from inbox_agent.config import load_config
from inbox_agent.serve_locks import entrance
from inbox_agent.users import USERS_NAME, User, add_user, hashed

_TOP = Path(__file__).parents[1]
_NAME, _PASSWORD = "ana", "seven slow grey herons"
_FORM = {"content-type": "application/x-www-form-urlencoded"}


@dataclass(frozen=True, slots=True)
class Prepared:
    """A data folder with a large database in it, and the copy that it is published from."""

    config: Path
    database: Path
    source: Path
    size: Size
    quarter: str


def prepared(folder: Path, size: Size) -> Prepared:
    """The demo, one quarter of it frozen, and many times over as the published database."""
    config = folder / "demo" / "config" / "inbox-agent.toml"
    database, source = folder / "demo" / "data" / "partners.db", folder / "source.db"
    _run("demo", "--no-serve", "--dir", str(folder / "demo"))
    with closing(sqlite3.connect(database)) as db:
        quarter = _last_quarter(db.execute("select as_of from about").fetchone()[0])
    _run("-c", str(config), "review", quarter)
    size = make(database, source, size)
    for end in ("", "-wal", "-shm"):
        database.with_name(database.name + end).unlink(missing_ok=True)
    with closing(sqlite3.connect(source)) as db:
        db.execute("vacuum into ?", (str(database),))
    with closing(sqlite3.connect(database)) as db:
        db.execute("pragma journal_mode = wal")
    return Prepared(config, database, source, size, quarter)


def _run(*arguments: str) -> None:
    command = [sys.executable, "-m", "inbox_agent", *arguments]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd=_TOP)  # noqa: S603


def _last_quarter(as_of: str) -> str:
    """The quarter before that of an instant: the last one that is over."""
    quarters = int(as_of[:4]) * 4 + (int(as_of[5:7]) - 1) // 3 - 1
    return f"{quarters // 4}-Q{quarters % 4 + 1}"


@dataclass(frozen=True, slots=True)
class Browser:
    """Somebody who has signed in; every page is asked for by a connection of its own."""

    port: int
    server: int
    cookie: str = ""

    def ask(self, path: str) -> tuple[float, int, int]:
        """Seconds to the last octet, status and octets."""
        began = time.perf_counter()
        status, body = self._answer(path)
        return time.perf_counter() - began, status, len(body)

    def rows(self, path: str) -> list[Any]:
        """The rows of a table, by an address that asks for them as an array. Raises OSError."""
        status, body = self._answer(path)
        if status != http.HTTPStatus.OK:
            raise OSError(f"{path}: {status}")
        found: list[Any] = json.loads(body)
        return found

    def _answer(self, path: str) -> tuple[int, bytes]:
        with closing(self._connection()) as connection:
            cookie = "" if path.startswith("/-/login") else self.cookie
            connection.request("GET", path, headers={"cookie": cookie})
            response = connection.getresponse()
            return response.status, response.read()

    def cpu_seconds(self) -> float:
        """What Datasette and the process that draws for it have used of a processor so far."""
        return used_seconds(self.server)

    def signed_in(self) -> Browser:
        """The same with the cookie of a session."""
        with closing(self._connection()) as connection:
            form = urlencode({"username": _NAME, "password": _PASSWORD})
            connection.request("POST", "/-/login", form, _FORM)
            cookie = connection.getresponse().headers["set-cookie"]
        return Browser(self.port, self.server, cookie.partition(";")[0])

    def _connection(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection(serve.DEFAULT_HOST, self.port, timeout=60)


@contextmanager
def served(config: Path, database: Path) -> Iterator[Browser]:
    """Datasette until the block is left."""
    add_user(database.parent / USERS_NAME, User(_NAME, hashed(_PASSWORD)))
    port = serve.free_port(serve.DEFAULT_HOST, 8_600)
    way_in = entrance(load_config(config), metadata_path(), serve.DEFAULT_HOST)
    child = serve.start(database, way_in, port)
    try:
        yield Browser(port, child.pid).signed_in()
    finally:
        child.terminate()
        child.wait()


@contextmanager
def publishing(made: Prepared, every: float) -> Iterator[list[str]]:
    """A writer beside it that begins every so many seconds; 0 is without a pause.

    Gives what is known of it once the block was left: a number of seconds for each generation.
    """
    said: list[str] = []
    command = [sys.executable, "-m", "benchmarks.publisher", str(made.database), str(made.source)]
    child = subprocess.Popen(  # noqa: S603
        [*command, str(every)], cwd=_TOP, stdout=subprocess.PIPE, text=True
    )
    try:
        time.sleep(1)
        yield said
    finally:
        child.terminate()
        with suppress(subprocess.TimeoutExpired):
            said += child.communicate(timeout=30)[0].split()
