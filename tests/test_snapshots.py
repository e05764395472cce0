"""One request is answered out of one generation, whatever is published meanwhile."""

from __future__ import annotations

import asyncio
import csv
import io
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest
from sample_database import make_database, many_rows
from test_datasette import Site, site_of

from inbox_agent.datasette_plugin import snapshots, workbook_downloads
from inbox_agent.datasette_plugin.downloads import DownloadCutShort
from inbox_agent.datasette_plugin.snapshots import IDLE_CONNECTIONS
from inbox_agent.datasette_plugin.workbook_downloads import MOST_UNDER_WAY
from inbox_agent.workbooks import write_workbook

ROWS = 900


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    loop = asyncio.new_event_loop()
    yield site_of(make_database(tmp_path / "partners.db", many_rows(ROWS)), loop)
    loop.close()


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """One for the tests that leave it as it was."""
    loop = asyncio.new_event_loop()
    yield site_of(make_database(tmp_path_factory.mktemp("s") / "partners.db", many_rows(9)), loop)
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


def test_slow_downloads_take_their_own_places_and_no_more(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two downloads stall; the third is asked to come back, a page is not."""
    monkeypatch.setattr(snapshots, "PLACE_SECONDS", 0.05)
    held = site.datasette.databases["partners"].inbox_agent_snapshots
    held.downloads = asyncio.Semaphore(2)
    address = "/partners/messages.csv?_stream=on&_size=100"

    async def scene() -> list[Any]:
        go_on, stalled = asyncio.Event(), [asyncio.Event(), asyncio.Event()]

        async def slow(has_stalled: asyncio.Event) -> None:
            async def send(message: Any) -> None:
                if message.get("more_body") and not go_on.is_set():
                    has_stalled.set()
                    await go_on.wait()

            scope = {
                "type": "http", "http_version": "1.1", "method": "GET", "scheme": "http",
                "headers": [], "path": "/partners/messages.csv",
                "raw_path": b"/partners/messages.csv", "query_string": b"_stream=on&_size=100",
                "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 2),
            }  # fmt: skip
            await site.datasette.app()(scope, None, send)

        slow_ones = [asyncio.create_task(slow(each)) for each in stalled]
        await asyncio.gather(*(each.wait() for each in stalled))
        client = site.datasette.client
        found = [await client.get(address), await client.get("/partners/messages")]
        go_on.set()
        await asyncio.gather(*slow_ones)
        return [*found, await client.get(address)]

    refused, page, later = site.loop.run_until_complete(scene())
    assert (refused.status_code, page.status_code, later.status_code) == (503, 200, 200)
    assert refused.headers["retry-after"] == "10"
    assert refused.text.startswith("503: more is being read here")
    assert len(list(csv.DictReader(io.StringIO(later.text, newline="")))) == ROWS


def test_more_pages_than_there_are_places_wait_or_are_told(
    small: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = small.datasette.databases["partners"].inbox_agent_snapshots
    monkeypatch.setattr(held, "pages", asyncio.Semaphore(1))

    async def many() -> list[int]:
        paths = ["/partners/messages", "/partners/messages.json", "/-/partner/globex.com"]
        answers = await asyncio.gather(*(small.datasette.client.get(path) for path in paths * 3))
        return [answer.status_code for answer in answers]

    assert 503 not in small.loop.run_until_complete(many())
    monkeypatch.setattr(snapshots, "PLACE_SECONDS", 0.05)
    monkeypatch.setattr(held, "pages", asyncio.Semaphore(0))
    assert set(small.loop.run_until_complete(many())) == {503}
    assert small.get("/-/static/app.css").status_code == 200


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


# -- workbooks


def test_of_many_workbooks_at_once_few_are_made_and_the_others_told_to_come_back(
    small: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One writer: who is behind three others is told at once, and nobody is for ever."""
    may_go_on = threading.Event()

    def slowly(*_what: Any) -> Any:
        may_go_on.wait(10)
        return write_workbook(*_what)

    monkeypatch.setattr(workbook_downloads, "write_workbook", slowly)

    async def scene() -> list[list[int]]:
        address = "/-/xlsx/about.xlsx"
        asked = [asyncio.create_task(small.datasette.client.get(address)) for _ in range(6)]
        early, _ = await asyncio.wait(asked, return_when=asyncio.FIRST_COMPLETED)
        assert {
            (one.result().status_code, one.result().headers["retry-after"]) for one in early
        } == {(503, "30")}
        may_go_on.set()
        later = [await small.datasette.client.get("/-/xlsx/nothing.xlsx")]
        answers = await asyncio.gather(*asked)
        later += [await small.datasette.client.get(address) for _ in range(5)]
        return [[each.status_code for each in found] for found in (answers, later)]

    answers, later = small.loop.run_until_complete(scene())
    assert sorted(answers) == [200] * 4 + [503] * 2
    assert later == [404] + [200] * 5


def test_a_workbook_that_fails_leaves_its_place_to_the_next(small: Site) -> None:
    for _ in range(MOST_UNDER_WAY + 1):
        assert small.get("/-/xlsx/about.xlsx?nothing=1").status_code == 400
        with closing(sqlite3.connect(small.path)) as db, db:
            db.execute("alter table about rename to was_about")
        assert small.get("/-/xlsx/polls.xlsx").status_code != 503
        with closing(sqlite3.connect(small.path)) as db, db:
            db.execute("alter table was_about rename to about")
    assert small.get("/-/xlsx/about.xlsx").status_code == 200
