"""A calendar is made once for each publication, and never shown after the next one."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from feeds_sample import database, site
from test_datasette import Site

from inbox_agent.datasette_plugin.feeds.kept import KeptAnswers


@pytest.fixture
def found(tmp_path: Path) -> Iterator[Site]:
    loop = asyncio.new_event_loop()
    yield site(database(tmp_path / "partners.db"), loop)
    loop.close()


def change(site: Site, sql: str) -> None:
    with closing(sqlite3.connect(site.path)) as db, db:
        db.execute(sql)


def test_a_calendar_is_made_once_for_each_publication(found: Site) -> None:
    first = found.get("/-/due.ics").content
    assert b"BEGIN:VEVENT" in first
    # no publication: a trace in the rows that would be read
    change(found, "delete from response_times")
    assert found.get("/-/due.ics").content == first
    change(found, "update about set generation = generation + 1")
    assert found.get("/-/due.ics").content != first


def test_a_calendar_of_others_kinds_or_of_another_address_is_another(found: Site) -> None:
    all_of_it = found.get("/-/due.ics").content
    assert found.get("/-/due.ics?kinds=standards").content != all_of_it
    assert found.get("/-/due.ics?owner=nobody").content != all_of_it
    elsewhere = found.get("/-/due.ics", headers={"host": "pages.acme.com"}).content
    assert b"pages.acme.com" in elsewhere
    assert b"pages.acme.com" not in all_of_it


def test_the_longest_unused_answer_leaves_first() -> None:
    kept = KeptAnswers(most=2)
    kept.keep(("a",), b"1")
    kept.keep(("b",), b"2")
    assert kept.get(("a",)) == b"1"
    kept.keep(("c",), b"3")
    assert [kept.get((name,)) for name in "abc"] == [b"1", None, b"3"]
