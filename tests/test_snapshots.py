"""One request is answered out of one generation, whatever is published meanwhile."""

from __future__ import annotations

import asyncio
import csv
import io
import sqlite3
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest
from sample_database import make_database, many_rows
from test_datasette import Site, site_of

from inbox_agent.datasette_plugin import snapshots
from inbox_agent.datasette_plugin.downloads import DownloadCutShort
from inbox_agent.datasette_plugin.snapshots import IDLE_CONNECTIONS

ROWS = 900


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    loop = asyncio.new_event_loop()
    yield site_of(make_database(tmp_path / "partners.db", many_rows(ROWS)), loop)
    loop.close()


def publish(path: Path, generation: int) -> None:
    """Another generation: a third of the rows, all of another kind."""
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("delete from messages where substr(message, 8, 1) not in ('1', '4', '7')")
        db.execute("update messages set kind = ?", (f"of generation {generation}",))
        db.execute("update about set generation = ?", (generation,))


def downloaded(site: Site, path: str, generation: int) -> tuple[bytes, bytes]:
    """A download's header of its name and its body; published is when its first octets leave."""
    head: dict[bytes, bytes] = {}
    pieces: list[bytes] = []

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start":
            head.update(message["headers"])
            return
        if message.get("body") and not pieces:
            publish(site.path, generation)
        pieces.append(message.get("body", b""))

    async def receive() -> Any:
        return {"type": "http.request", "body": b"", "more_body": False}

    bare, _, query = path.partition("?")
    scope = {
        "type": "http", "http_version": "1.1", "method": "GET", "scheme": "http", "headers": [],
        "path": bare, "raw_path": bare.encode(), "query_string": query.encode(),
        "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 2),
    }  # fmt: skip
    site.loop.run_until_complete(site.datasette.app()(scope, receive, send))
    name = {key.lower(): value for key, value in head.items()}[b"content-disposition"]
    return name, b"".join(pieces)


def test_a_download_is_of_the_generation_in_its_name_though_another_is_published(
    site: Site,
) -> None:
    name, body = downloaded(site, "/partners/messages.csv?_stream=on&_size=100&_dl=1", 43)
    assert b"generation-42" in name
    rows = list(csv.DictReader(io.StringIO(body.decode("utf-8-sig"), newline="")))
    assert len(rows) == ROWS
    assert "of generation 43" not in {row["kind"] for row in rows}

    name, body = downloaded(site, "/partners/messages.csv?_stream=on&_size=100&_dl=1", 44)
    assert b"generation-43" in name
    rows = list(csv.DictReader(io.StringIO(body.decode("utf-8-sig"), newline="")))
    assert 0 < len(rows) < ROWS
    assert {row["kind"] for row in rows} == {"of generation 43"}


def test_the_next_request_sees_what_was_published(site: Site) -> None:
    assert site.get("/partners/about.json?_shape=array").json()[0]["generation"] == 42
    publish(site.path, 43)
    assert site.get("/partners/about.json?_shape=array").json()[0]["generation"] == 43


def test_a_reader_that_stalls_at_the_end_holds_nothing(site: Site) -> None:
    busy: list[int] = []

    async def send(message: Any) -> None:
        if message["type"] == "http.response.body" and not message.get("more_body"):
            with closing(sqlite3.connect(site.path)) as db:
                db.execute("update about set generation = generation + 1")
                db.commit()
                busy.append(db.execute("pragma wal_checkpoint(truncate)").fetchone()[0])

    scope = {
        "type": "http", "http_version": "1.1", "method": "GET", "scheme": "http", "headers": [],
        "path": "/partners/messages", "raw_path": b"/partners/messages", "query_string": b"",
        "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 2),
    }  # fmt: skip
    site.loop.run_until_complete(site.datasette.app()(scope, None, send))
    assert busy == [0]


def test_a_reader_that_stalls_in_the_middle_is_given_up(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(snapshots, "STALLED_SECONDS", 0.05)

    async def send(message: Any) -> None:
        if message.get("more_body"):
            await asyncio.Event().wait()

    scope = {
        "type": "http", "http_version": "1.1", "method": "GET", "scheme": "http", "headers": [],
        "path": "/partners/messages.csv", "raw_path": b"/partners/messages.csv",
        "query_string": b"", "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 2),
    }  # fmt: skip
    with suppress(TimeoutError, DownloadCutShort):
        site.loop.run_until_complete(site.datasette.app()(scope, None, send))
    idle = site.datasette.databases["partners"].inbox_agent_snapshots._idle
    assert [connection.in_transaction for connection in idle] == [False]


def test_nothing_is_left_open_that_would_keep_old_rows(site: Site) -> None:
    async def many() -> None:
        paths = ["/partners/messages.json", "/partners/nothing", "/partners/about"] * 10
        await asyncio.gather(*(site.datasette.client.get(path) for path in paths))

    site.loop.run_until_complete(many())
    held = site.datasette.databases["partners"].inbox_agent_snapshots
    assert 0 < len(held._idle) <= IDLE_CONNECTIONS
    assert not any(connection.in_transaction for connection in held._idle)
    with closing(sqlite3.connect(site.path)) as db:
        busy, _, _ = db.execute("pragma wal_checkpoint(truncate)").fetchone()
    assert busy == 0
