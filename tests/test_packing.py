"""A generation that was made of everything leaves no room between its rows."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

import pytest
from mailboxes import message
from round_trip import tables_in
from sample_database import make_database, many_rows
from test_news_generation import Place

from inbox_agent.published_schema import pack
from inbox_agent.whole_in_parts import publish_in_parts

_LARGE = 8_000_000
_SUBJECT = "What is left on a page is no room for another one " * 5


def _made_large(path: Path) -> None:
    """What another version left."""
    path.parent.mkdir(exist_ok=True)
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("create table of_another_version (a)")
        db.execute("insert into of_another_version values (zeroblob(?))", (_LARGE,))


@pytest.fixture(name="filled")
def _filled(tmp_path: Path) -> Path:
    """Rows as they come: in another order than that of their keys."""
    keys = (sha256(f"{number}".encode()).hexdigest()[:20] for number in range(12_000))
    rows = [{"partner": "globex.com", "message": key, "subject": _SUBJECT} for key in keys]
    return make_database(tmp_path / "partners.db", {"messages": rows})


def test_a_packed_database_holds_the_same_and_is_a_tenth_smaller(filled: Path) -> None:
    before, octets = tables_in(filled), filled.stat().st_size
    with closing(sqlite3.connect(filled, isolation_level=None)) as reader:
        reader.execute("begin")
        (count,) = reader.execute("select count(*) from messages").fetchone()
        pack(filled)  # who reads goes on
        assert reader.execute("select count(*) from messages").fetchone() == (count,)
    pack(filled)  # and with nobody there nothing is left in the WAL
    assert tables_in(filled) == before
    assert filled.stat().st_size < octets * 9 / 10


def test_beside_another_writer_a_database_stays_as_it_is(filled: Path) -> None:
    before = filled.read_bytes()
    with closing(sqlite3.connect(filled, isolation_level=None)) as writer:
        writer.execute("begin immediate")
        pack(filled)
        writer.execute("rollback")
    assert filled.read_bytes() == before


def test_a_small_database_is_not_worth_packing(tmp_path: Path) -> None:
    path = make_database(tmp_path / "partners.db", many_rows(20))
    before = path.read_bytes()
    pack(path)
    assert path.read_bytes() == before


@pytest.mark.parametrize("in_parts", [False, True])
def test_a_generation_of_everything_is_packed(tmp_path: Path, *, in_parts: bool) -> None:
    place, at = Place(tmp_path / "place"), datetime(2024, 5, 6, 9, tzinfo=UTC)
    place.now = at + timedelta(days=1)
    asked = message("1@mail.example", at, author="kim@globex.com", to=("ana@acme.com",))
    place.read([asked], {"partners": place.now, "second": place.now})
    with place.job() as job:
        path = job.path
        _made_large(path)
        if in_parts:
            publish_in_parts(job, 0, keeps=True)
    if not in_parts:
        place.agent.rebuild()
    assert len(tables_in(path)["about"]) == 1
    assert path.stat().st_size < _LARGE / 2
